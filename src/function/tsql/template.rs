//! T-SQL's functions that GoogleSQL can say: calls of them are bound as the expression that stands here.

use super::super::function;
use super::super::template::{self, Template, scalar};

/// Functions of GoogleSQL's that are expressions, and that T-SQL has with the same meaning.
const SHARED: &[&str] =
    &["COT", "PI", "SOUNDEX", "TRANSLATE", "TSQL_DATE", "TSQL_JSON_ROWS", "TSQL_OPENJSON"];

/// The function with this name, in any case, for this number of arguments.
pub(crate) fn template(name: &str, args: usize) -> Option<&'static Template> {
    let is_named = |template: &&Template| template.name.eq_ignore_ascii_case(name);
    let own = TEMPLATES.iter().filter(is_named).find(|template| template.params.len() == args);
    // Other numbers of arguments may be those of a function that is code.
    let is_code = || super::function(name).or_else(|| function(name)).is_some();
    let wrong = || TEMPLATES.iter().find(is_named).filter(|_| !is_code());
    let shared = || SHARED.iter().find(|shared| shared.eq_ignore_ascii_case(name));
    own.or_else(wrong).or_else(|| shared().and_then(|shared| template::template(shared, args)))
}

/// The names of all of them.
pub(super) fn names() -> impl Iterator<Item = &'static str> {
    let listed = TEMPLATES.iter().filter(|template| !template.form.is_empty()).map(|template| template.name);
    listed.chain(SHARED.iter().copied().filter(|name| !name.starts_with("TSQL_")))
}

pub(crate) const TEMPLATES: &[Template] = &[
    scalar("ATN2", "ATN2(float, float)", "", &["y", "x"], "ATAN2(y, x)"),
    scalar("NEWID", "NEWID()", "", &[], "UPPER(GENERATE_UUID())"),
    scalar("QUOTENAME", "QUOTENAME(text)", "", &["s"], "CONCAT('[', REPLACE(s, ']', ']]'), ']')"),
    // Every other number than 0 cuts.
    scalar("ROUND", "", "", &["x", "digits", "cut"], "IF(cut = 0, ROUND(x, digits), TRUNC(x, digits))"),
    scalar("TRIM", "", "", &["s", "chars"], "TRIM(s, chars)"),
    // Of STRING_SPLIT.
    scalar(
        "TSQL_SPLIT",
        "",
        "",
        &["s", "mark"],
        "SPLIT(s, IF(CHAR_LENGTH(mark) = 1, mark, ERROR('STRING_SPLIT takes a separator of one character')))",
    ),
    scalar(
        "ISDATE",
        "ISDATE(text)",
        "",
        &["x"],
        "IF(SAFE_CAST(CAST(x AS STRING) AS DATETIME) IS NULL, 0, 1)",
    ),
    scalar(
        "ISNUMERIC",
        "ISNUMERIC(value)",
        "",
        &["x"],
        r"IF(REGEXP_CONTAINS(CAST(x AS STRING), r'^ *[-+$]? *(\d[\d,]*\.?\d*|\.\d+)([eE][-+]?\d+)? *$'), 1, 0)",
    ),
    scalar(
        "ISJSON",
        "ISJSON(text)",
        "",
        &["s"],
        "IF(s IS NULL, NULL, IF(TSQL_CONTAINER(JSON_QUERY(s, '$')) IS NULL, 0, 1))",
    ),
    // An object or an array; JSON_VALUE takes the rest.
    scalar("JSON_QUERY", "JSON_QUERY(text [, path])", "", &["s"], "TSQL_CONTAINER(JSON_QUERY(s, '$'))"),
    scalar("JSON_QUERY", "", "", &["s", "path"], "TSQL_CONTAINER(JSON_QUERY(s, path))"),
    scalar(
        "DATETIMEFROMPARTS",
        "DATETIMEFROMPARTS(year, month, day, hour, minute, second, millisecond)",
        "",
        &["y", "mo", "d", "h", "mi", "s", "ms"],
        "TIMESTAMP_ADD(TIMESTAMP(DATETIME(y, mo, d, h, mi, s)), INTERVAL ms MILLISECOND)",
    ),
];
