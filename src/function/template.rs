//! Functions that SQL can say in SQL: calls of them are bound as the expression that stands here.

/// A function that is an expression of its parameters.
#[derive(Debug)]
pub(crate) struct Template {
    pub(crate) name: &'static str,
    /// How it is called, for the reference.
    pub(crate) form: &'static str,
    pub(crate) doc: &'static str,
    /// Whether it is computed over the rows of a group.
    pub(crate) aggregate: bool,
    /// The names of its parameters in `body`. `n` and `part` are those of an INTERVAL.
    pub(crate) params: &'static [&'static str],
    pub(crate) body: &'static str,
}

/// The function with this name, in any case, for this number of arguments.
pub(crate) fn template(name: &str, args: usize) -> Option<&'static Template> {
    let mut named = TEMPLATES.iter().filter(|template| template.name.eq_ignore_ascii_case(name));
    let arity = |template: &Template| template.params.len() - usize::from(template.params.contains(&"part"));
    let first = named.clone().next();
    named.find(|template| arity(template) == args).or(first)
}

pub(super) const fn scalar(
    name: &'static str,
    form: &'static str,
    doc: &'static str,
    params: &'static [&'static str],
    body: &'static str,
) -> Template {
    Template { name, form, doc, aggregate: false, params, body }
}

const fn aggregate(
    name: &'static str,
    form: &'static str,
    doc: &'static str,
    params: &'static [&'static str],
    body: &'static str,
) -> Template {
    Template { name, form, doc, aggregate: true, params, body }
}

/// The elements of a JSON array as values of a type.
macro_rules! json_array {
    ($type:literal, $values:literal) => {
        scalar(
            concat!($type, "_ARRAY"),
            concat!($type, "_ARRAY(JSON) → ARRAY<", $type, ">"),
            concat!("The ", $values, " of a JSON array; an error for anything else."),
            &["j"],
            concat!(
                "IF(j IS NULL, NULL, IF(JSON_TYPE(j) = 'array', ARRAY(SELECT ",
                $type,
                "(e) FROM UNNEST(JSON_QUERY_ARRAY(j)) AS e WITH OFFSET AS i ORDER BY i), ERROR('the JSON value is no array')))"
            ),
        )
    };
}

/// The same with NULL in place of errors.
macro_rules! lax_json_array {
    ($type:literal, $values:literal) => {
        scalar(
            concat!("LAX_", $type, "_ARRAY"),
            concat!("LAX_", $type, "_ARRAY(JSON) → ARRAY<", $type, ">"),
            concat!(
                "The elements of a JSON array as ",
                $values,
                ", NULL for those that cannot be; NULL for anything but an array."
            ),
            &["j"],
            concat!(
                "IF(j IS NULL OR JSON_TYPE(j) <> 'array', NULL, ARRAY(SELECT LAX_",
                $type,
                "(e) FROM UNNEST(JSON_QUERY_ARRAY(j)) AS e WITH OFFSET AS i ORDER BY i))"
            ),
        )
    };
}

pub(crate) const TEMPLATES: &[Template] = &[
    scalar("PI", "PI() → FLOAT64", "The number π.", &[], "ACOS(-1)"),
    scalar("COT", "COT(FLOAT64) → FLOAT64", "The cotangent.", &["x"], "1 / TAN(x)"),
    scalar("COTH", "COTH(FLOAT64) → FLOAT64", "The hyperbolic cotangent.", &["x"], "1 / TANH(x)"),
    scalar("CSC", "CSC(FLOAT64) → FLOAT64", "The cosecant.", &["x"], "1 / SIN(x)"),
    scalar("CSCH", "CSCH(FLOAT64) → FLOAT64", "The hyperbolic cosecant.", &["x"], "1 / SINH(x)"),
    scalar("SEC", "SEC(FLOAT64) → FLOAT64", "The secant.", &["x"], "1 / COS(x)"),
    scalar("SECH", "SECH(FLOAT64) → FLOAT64", "The hyperbolic secant.", &["x"], "1 / COSH(x)"),
    scalar(
        "CBRT",
        "CBRT(FLOAT64) → FLOAT64",
        "The cube root.",
        &["x"],
        // Newton's step makes cubes of whole numbers exact.
        "IF(x = 0 OR IS_INF(x) OR IS_NAN(x), CAST(x AS FLOAT64), \
         (2 * SIGN(x) * POW(ABS(x), 1 / 3) + x / POW(POW(ABS(x), 1 / 3), 2)) / 3)",
    ),
    scalar(
        "RANGE_BUCKET",
        "RANGE_BUCKET(T, ARRAY<T>) → INT64",
        "How many of the ascending bounds the value has reached.",
        &["x", "bounds"],
        "IF(x IS NULL OR bounds IS NULL OR x <> x, NULL, (SELECT COUNT(*) FROM UNNEST(bounds) AS b WHERE b <= x))",
    ),
    scalar(
        "ML.TOP_K",
        "ML.TOP_K(ARRAY<FLOAT64>, INT64, ARRAY<T>) → ARRAY<STRUCT<label T, prob FLOAT64>>",
        "The labels of the largest numbers, the largest first. Ours, not BigQuery's.",
        &["x", "k", "labels"],
        "IF(x IS NULL OR k IS NULL OR labels IS NULL, NULL, IF(ARRAY_LENGTH(x) <> ARRAY_LENGTH(labels), \
         ERROR(FORMAT('%d numbers have %d labels', ARRAY_LENGTH(x), ARRAY_LENGTH(labels))), \
         ARRAY(SELECT AS STRUCT labels[OFFSET(i)] AS label, p AS prob FROM UNNEST(x) AS p WITH OFFSET AS i \
         QUALIFY ROW_NUMBER() OVER (ORDER BY p DESC, i) <= k ORDER BY p DESC, i)))",
    ),
    scalar(
        "CONTAINS_SUBSTR",
        "CONTAINS_SUBSTR(value, STRING) → BOOL",
        "Whether the value's text holds another one, upper and lower case aside.",
        &["x", "part_of_it"],
        "STRPOS(LOWER(CAST(x AS STRING)), LOWER(part_of_it)) > 0",
    ),
    scalar(
        "TRANSLATE",
        "TRANSLATE(STRING, STRING, STRING) → STRING",
        "The text with each character of the second one replaced by that at its place in the third, or removed.",
        &["s", "old", "fresh"],
        "IF(s IS NULL OR old IS NULL OR fresh IS NULL, NULL, IFNULL((SELECT STRING_AGG(IF(STRPOS(old, c) = 0, c, \
         SUBSTR(fresh, STRPOS(old, c), 1)), '' ORDER BY i) FROM UNNEST(SPLIT(s, '')) AS c WITH OFFSET AS i), ''))",
    ),
    scalar(
        "SOUNDEX",
        "SOUNDEX(STRING) → STRING",
        "The Soundex code of a word: its first letter and three digits of its sound.",
        &["s"],
        "SOUNDEX_OF_LETTERS(REGEXP_REPLACE(UPPER(s), '[^A-Z]', ''))",
    ),
    // Neighbours of one sound count once, H and W between them aside; vowels keep them apart.
    scalar(
        "SOUNDEX_OF_LETTERS",
        "",
        "",
        &["s"],
        "IF(s = '', '', SUBSTR(CONCAT(LEFT(s, 1), REPLACE(SUBSTR(REGEXP_REPLACE(TRANSLATE(CONCAT(LEFT(s, 1), \
         REGEXP_REPLACE(SUBSTR(s, 2), '[HW]', '')), 'ABCDEFGHIJKLMNOPQRSTUVWXYZ', '01230120022455012623010202'), \
         '(1)1*|(2)2*|(3)3*|(4)4*|(5)5*|(6)6*', r'\\1\\2\\3\\4\\5\\6'), 2), '0', ''), '000'), 1, 4))",
    ),
    scalar(
        "TO_CODE_POINTS",
        "TO_CODE_POINTS(STRING or BYTES) → ARRAY<INT64>",
        "The code points of the text's characters, or the numbers of the bytes.",
        &["s"],
        "IF(s IS NULL, NULL, ARRAY(SELECT UNICODE(c) FROM UNNEST(SPLIT(BYTES_AS_TEXT(s), '')) AS c WITH OFFSET AS i WHERE c <> '' ORDER BY i))",
    ),
    scalar(
        "CODE_POINTS_TO_STRING",
        "CODE_POINTS_TO_STRING(ARRAY<INT64>) → STRING",
        "The text of these code points; NULL where one of them is NULL.",
        &["a"],
        "IF(a IS NULL OR EXISTS (SELECT 1 FROM UNNEST(a) AS c WHERE CHR(c) IS NULL), NULL, \
         IFNULL((SELECT STRING_AGG(CHR(c), '' ORDER BY i) FROM UNNEST(a) AS c WITH OFFSET AS i), ''))",
    ),
    scalar(
        "ARRAY_FIRST",
        "ARRAY_FIRST(ARRAY<T>) → T",
        "The first element; an error where there is none.",
        &["a"],
        "a[OFFSET(0)]",
    ),
    scalar(
        "ARRAY_LAST",
        "ARRAY_LAST(ARRAY<T>) → T",
        "The last element; an error where there is none.",
        &["a"],
        "a[ORDINAL(ARRAY_LENGTH(a))]",
    ),
    scalar(
        "ARRAY_SLICE",
        "ARRAY_SLICE(ARRAY<T>, INT64, INT64) → ARRAY<T>",
        "The elements from one position to another, from 0 and both included; negative positions count from the end.",
        &["a", "low", "high"],
        "IF(a IS NULL OR low IS NULL OR high IS NULL, NULL, ARRAY(SELECT e FROM UNNEST(a) AS e WITH OFFSET AS i WHERE i \
         BETWEEN IF(low < 0, low + ARRAY_LENGTH(a), low) AND IF(high < 0, high + ARRAY_LENGTH(a), high) ORDER BY i))",
    ),
    scalar(
        "ARRAY_SUM",
        "ARRAY_SUM(ARRAY<T>) → T",
        "The sum of the elements that are not NULL.",
        &["a"],
        "(SELECT SUM(e) FROM UNNEST(a) AS e)",
    ),
    scalar(
        "ARRAY_AVG",
        "ARRAY_AVG(ARRAY<T>) → FLOAT64",
        "The average of the elements that are not NULL.",
        &["a"],
        "(SELECT AVG(e) FROM UNNEST(a) AS e)",
    ),
    scalar(
        "ARRAY_MIN",
        "ARRAY_MIN(ARRAY<T>) → T",
        "The smallest element that is not NULL.",
        &["a"],
        "(SELECT MIN(e) FROM UNNEST(a) AS e)",
    ),
    scalar(
        "ARRAY_MAX",
        "ARRAY_MAX(ARRAY<T>) → T",
        "The largest element that is not NULL.",
        &["a"],
        "(SELECT MAX(e) FROM UNNEST(a) AS e)",
    ),
    scalar(
        "ARRAY_INCLUDES",
        "ARRAY_INCLUDES(ARRAY<T>, T) → BOOL",
        "Whether the array has this element.",
        &["a", "x"],
        "IF(a IS NULL OR x IS NULL, NULL, EXISTS (SELECT 1 FROM UNNEST(a) AS e WHERE e = x))",
    ),
    scalar(
        "ARRAY_INCLUDES_ANY",
        "ARRAY_INCLUDES_ANY(ARRAY<T>, ARRAY<T>) → BOOL",
        "Whether the array has one of the other's elements.",
        &["a", "b"],
        "IF(a IS NULL OR b IS NULL, NULL, EXISTS (SELECT 1 FROM UNNEST(a) AS e WHERE e IN UNNEST(b)))",
    ),
    scalar(
        "ARRAY_INCLUDES_ALL",
        "ARRAY_INCLUDES_ALL(ARRAY<T>, ARRAY<T>) → BOOL",
        "Whether the array has all of the other's elements.",
        &["a", "b"],
        "IF(a IS NULL OR b IS NULL, NULL, NOT EXISTS (SELECT 1 FROM UNNEST(b) AS e WHERE NOT EXISTS \
         (SELECT 1 FROM UNNEST(a) AS f WHERE f = e)))",
    ),
    scalar(
        "ARRAY_IS_DISTINCT",
        "ARRAY_IS_DISTINCT(ARRAY<T>) → BOOL",
        "Whether no element comes twice; NULLs are equal.",
        &["a"],
        "IF(a IS NULL, NULL, NOT EXISTS (SELECT 1 FROM UNNEST(a) AS e GROUP BY e HAVING COUNT(*) > 1))",
    ),
    scalar(
        "GENERATE_TIMESTAMP_ARRAY",
        "GENERATE_TIMESTAMP_ARRAY(TIMESTAMP, TIMESTAMP, INTERVAL) → ARRAY<TIMESTAMP>",
        "The times from the first to the last, a step apart.",
        &["first", "last", "n", "part"],
        "IF(first IS NULL OR last IS NULL OR n IS NULL, NULL, ARRAY(SELECT TIMESTAMP_ADD(first, INTERVAL i part) FROM UNNEST(GENERATE_ARRAY(0, \
         TIMESTAMP_DIFF(last, first, part), n)) AS i ORDER BY i * SIGN(n)))",
    ),
    scalar(
        "CURRENT_TIME",
        "CURRENT_TIME([STRING]) → TIME",
        "The time of day when the statement started, in UTC or in the given time zone.",
        &[],
        "TIME(CURRENT_DATETIME())",
    ),
    scalar("CURRENT_TIME", "", "", &["zone"], "TIME(CURRENT_DATETIME(zone))"),
    scalar(
        "TIME_ADD",
        "TIME_ADD(TIME, INTERVAL) → TIME",
        "The time an interval of hours or less later; after midnight the next day's.",
        &["t", "n", "part"],
        "TIME(TIMESTAMP_ADD(TIMESTAMP(DATETIME('2000-01-01', TIME(t))), INTERVAL n part))",
    ),
    scalar(
        "TIME_SUB",
        "TIME_SUB(TIME, INTERVAL) → TIME",
        "The time an interval of hours or less earlier; before midnight the day's before.",
        &["t", "n", "part"],
        "TIME(TIMESTAMP_SUB(TIMESTAMP(DATETIME('2000-01-01', TIME(t))), INTERVAL n part))",
    ),
    scalar(
        "TIME_DIFF",
        "TIME_DIFF(TIME, TIME, date part) → INT64",
        "The number of whole parts, such as minutes, from the second time to the first.",
        &["a", "b", "part"],
        "TIMESTAMP_DIFF(TIMESTAMP(DATETIME('2000-01-01', TIME(a))), TIMESTAMP(DATETIME('2000-01-01', TIME(b))), part)",
    ),
    scalar(
        "TIME_TRUNC",
        "TIME_TRUNC(TIME, date part) → TIME",
        "The time truncated to the start of a part, such as its hour.",
        &["t", "part"],
        "TIME(DATETIME_TRUNC(DATETIME('2000-01-01', TIME(t)), part))",
    ),
    scalar(
        "FORMAT_TIME",
        "FORMAT_TIME(STRING, TIME) → STRING",
        "Formats a time, with a format such as '%H:%M'.",
        &["f", "t"],
        "IF(REGEXP_CONTAINS(f, '%E?[^HIMSTRXPpkl%nt:fE0-9*]'), ERROR('FORMAT_TIME has no elements of dates'), \
         FORMAT_DATETIME(f, DATETIME('2000-01-01', TIME(t))))",
    ),
    scalar(
        "PARSE_TIME",
        "PARSE_TIME(STRING, STRING) → TIME",
        "Parses a time, with a format such as '%H:%M'.",
        &["f", "s"],
        "IF(REGEXP_CONTAINS(f, '%E?[^HIMSTRXPpkl%nt:fE0-9*]'), ERROR('PARSE_TIME has no elements of dates'), \
         TIME(PARSE_DATETIME(f, s)))",
    ),
    scalar(
        "GENERATE_UUID",
        "GENERATE_UUID() → STRING",
        "A random UUID of version 4, another one in each row.",
        &[],
        "FORMAT('%08x-%04x-4%03x-%04x-%012x', CAST(FLOOR(RAND() * 4294967296) AS INT64), \
         CAST(FLOOR(RAND() * 65536) AS INT64), CAST(FLOOR(RAND() * 4096) AS INT64), \
         32768 + CAST(FLOOR(RAND() * 16384) AS INT64), CAST(FLOOR(RAND() * 281474976710656) AS INT64))",
    ),
    json_array!("BOOL", "truths"),
    json_array!("INT64", "whole numbers"),
    json_array!("FLOAT64", "numbers"),
    json_array!("STRING", "texts"),
    lax_json_array!("BOOL", "truths"),
    lax_json_array!("INT64", "whole numbers"),
    lax_json_array!("FLOAT64", "numbers"),
    lax_json_array!("STRING", "texts"),
    scalar(
        "NET.HOST",
        "NET.HOST(STRING) → STRING",
        "The host of a URL; NULL where there is none.",
        &["url"],
        r"REGEXP_EXTRACT(TRIM(url), r'^(?:(?:[A-Za-z][A-Za-z0-9+.-]*:)?//(?:[^/?#@]*@)?)?(\[[^\]]*\]|[^/?#:@]+)')",
    ),
    scalar("ZEROIFNULL", "ZEROIFNULL(number) → number", "The number; 0 for NULL.", &["x"], "IFNULL(x, 0)"),
    scalar("NULLIFZERO", "NULLIFZERO(number) → number", "The number; NULL for 0.", &["x"], "NULLIF(x, 0)"),
    scalar(
        "CODE_POINTS_TO_BYTES",
        "CODE_POINTS_TO_BYTES(ARRAY<INT64>) → BYTES",
        "The bytes of these numbers from 0 to 255; NULL where one of them is NULL.",
        &["a"],
        "CASE WHEN a IS NULL OR EXISTS (SELECT 1 FROM UNNEST(a) AS c WHERE c IS NULL) THEN NULL \
         WHEN EXISTS (SELECT 1 FROM UNNEST(a) AS c WHERE c NOT BETWEEN 0 AND 255) THEN ERROR('a byte is a number from 0 to 255') \
         ELSE FROM_HEX(IFNULL((SELECT STRING_AGG(FORMAT('%02x', c), '' ORDER BY i) FROM UNNEST(a) AS c WITH OFFSET AS i), '')) END",
    ),
    scalar(
        "DATE_BUCKET",
        "DATE_BUCKET(DATE, INTERVAL) → DATE",
        "The first day of the bucket of the interval's width that holds the date; buckets are counted from 1950-01-01.",
        &["d", "n", "part"],
        "DATE_ADD(DATE '1950-01-01', INTERVAL n * DIV(DATE_DIFF(d, DATE '1950-01-01', part) \
         - MOD(n + MOD(DATE_DIFF(d, DATE '1950-01-01', part), n), n), n) part)",
    ),
    scalar(
        "TIMESTAMP_BUCKET",
        "TIMESTAMP_BUCKET(TIMESTAMP, INTERVAL) → TIMESTAMP",
        "The start of the bucket of the interval's width that holds the time; buckets are counted from 1950-01-01 UTC.",
        &["t", "n", "part"],
        "TIMESTAMP_SUB(t, INTERVAL BUCKET_REST(TIMESTAMP_DIFF(t, TIMESTAMP '1950-01-01', MICROSECOND), \
         TIMESTAMP_DIFF(TIMESTAMP_ADD(TIMESTAMP '1950-01-01', INTERVAL n part), TIMESTAMP '1950-01-01', MICROSECOND)) MICROSECOND)",
    ),
    scalar(
        "DATETIME_BUCKET",
        "DATETIME_BUCKET(DATETIME, INTERVAL) → DATETIME",
        "The start of the bucket of days or less that holds the time; buckets are counted from 1950-01-01.",
        &["t", "n", "part"],
        "DATETIME_SUB(t, INTERVAL BUCKET_REST(TIMESTAMP_DIFF(TIMESTAMP(t), TIMESTAMP '1950-01-01', MICROSECOND), \
         TIMESTAMP_DIFF(TIMESTAMP_ADD(TIMESTAMP '1950-01-01', INTERVAL n part), TIMESTAMP '1950-01-01', MICROSECOND)) MICROSECOND)",
    ),
    // What SAFE. makes of ERROR.
    scalar("NULL_FOR_ERROR", "", "", &["message"], "NULL"),
    scalar("BUCKET_REST", "", "", &["x", "width"], "MOD(width + MOD(x, width), width)"),
    // What the functions of T-SQL are made of: an object or an array, or NULL.
    scalar("TSQL_CONTAINER", "", "", &["j"], r"IF(REGEXP_CONTAINS(j, r'^[{\[]'), j, NULL)"),
    // A text in the order of a style, as CASTs read it.
    scalar(
        "TSQL_DATE",
        "",
        "",
        &["x", "style"],
        r"CASE WHEN style IN (101, 110) THEN REGEXP_REPLACE(CAST(x AS STRING), r'^ *(\d{1,2})[-/.](\d{1,2})[-/.](\d{4})', r'\3-\1-\2')
          WHEN style IN (103, 104, 105) THEN REGEXP_REPLACE(CAST(x AS STRING), r'^ *(\d{1,2})[-/.](\d{1,2})[-/.](\d{4})', r'\3-\2-\1')
          WHEN style IN (102, 111) THEN REGEXP_REPLACE(CAST(x AS STRING), r'^ *(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})', r'\1-\2-\3')
          WHEN style IN (20, 21, 23, 112, 120, 121, 126) THEN REGEXP_REPLACE(CAST(x AS STRING), r'^ *(\d{4})(\d\d)(\d\d)', r'\1-\2-\3')
          ELSE ERROR(FORMAT('style %d of CONVERT reads no dates here: there are 23, 101 to 105, 110 to 112, 120, 121 and 126', style)) END",
    ),
    // The rows of OPENJSON. The numbers of types are those of Microsoft's page.
    scalar(
        "TSQL_OPENJSON",
        "",
        "",
        &["s", "path"],
        "IF(JSON_QUERY_ARRAY(s, path) IS NULL, ARRAY(SELECT AS STRUCT TRIM(k, '\"') AS key, \
         TSQL_JSON_VALUE(JSON_QUERY(s, CONCAT(path, '.', k))) AS value, \
         TSQL_JSON_TYPE(JSON_QUERY(PARSE_JSON(JSON_QUERY(s, '$')), CONCAT(path, '.', k))) AS type \
         FROM UNNEST(JSON_KEYS(PARSE_JSON(JSON_QUERY(s, path)), 1)) AS k WITH OFFSET AS i ORDER BY i), \
         ARRAY(SELECT AS STRUCT CAST(i AS STRING) AS key, TSQL_JSON_VALUE(e) AS value, TSQL_JSON_TYPE(PARSE_JSON(IFNULL(e, 'null'))) AS type \
         FROM UNNEST(JSON_QUERY_ARRAY(s, path)) AS e WITH OFFSET AS i ORDER BY i))",
    ),
    scalar("TSQL_JSON_VALUE", "", "", &["e"], "IFNULL(JSON_VALUE(e, '$'), JSON_QUERY(e, '$'))"),
    scalar(
        "TSQL_JSON_TYPE",
        "",
        "",
        &["j"],
        "CASE JSON_TYPE(j) WHEN 'string' THEN 1 WHEN 'number' THEN 2 WHEN 'boolean' THEN 3 WHEN 'array' THEN 4 WHEN 'object' THEN 5 ELSE 0 END",
    ),
    // The documents of OPENJSON … WITH: the elements of an array, or an object.
    scalar(
        "TSQL_JSON_ROWS",
        "",
        "",
        &["s", "path"],
        "IFNULL(JSON_QUERY_ARRAY(s, path), IF(JSON_QUERY(s, path) IS NULL, NULL, [JSON_QUERY(s, path)]))",
    ),
    aggregate(
        "MAX_BY",
        "MAX_BY(T, value) → T",
        "The value of the row where another value is the largest.",
        &["x", "y"],
        "ANY_VALUE(x HAVING MAX y)",
    ),
    aggregate(
        "MIN_BY",
        "MIN_BY(T, value) → T",
        "The value of the row where another value is the smallest.",
        &["x", "y"],
        "ANY_VALUE(x HAVING MIN y)",
    ),
    aggregate(
        "APPROX_TOP_COUNT",
        "APPROX_TOP_COUNT(T, INT64) → ARRAY<STRUCT<value T, count INT64>>",
        "The commonest values and how often they come; here they are exact.",
        &["x", "k"],
        "TOP_COUNT_OF_ARRAY(ARRAY_AGG(x), k)",
    ),
    scalar(
        "TOP_COUNT_OF_ARRAY",
        "",
        "",
        &["a", "k"],
        "ARRAY(SELECT STRUCT(e AS value, COUNT(*) AS count) FROM UNNEST(a) AS e GROUP BY e QUALIFY ROW_NUMBER() OVER (ORDER BY COUNT(*) DESC) <= k ORDER BY COUNT(*) DESC)",
    ),
    aggregate(
        "APPROX_TOP_SUM",
        "APPROX_TOP_SUM(T, number, INT64) → ARRAY<STRUCT<value T, sum>>",
        "The values with the largest sums of another value; here they are exact.",
        &["x", "weight", "k"],
        "TOP_SUM_OF_ARRAY(ARRAY_AGG(STRUCT(x AS v, weight AS w)), k)",
    ),
    scalar(
        "TOP_SUM_OF_ARRAY",
        "",
        "",
        &["a", "k"],
        "ARRAY(SELECT STRUCT(v AS value, SUM(w) AS sum) FROM UNNEST(a) GROUP BY v QUALIFY ROW_NUMBER() OVER (ORDER BY SUM(w) DESC) <= k ORDER BY SUM(w) DESC)",
    ),
    // Behind the statistics everything may be left out, from the end.
    scalar(
        "ML.TFDV_VALIDATE",
        "ML.TFDV_VALIDATE(JSON, JSON [, 'SKEW' | 'DRIFT' [, FLOAT64 [, STRING [, FLOAT64 [, STRING [, ARRAY<STRUCT<STRING, FLOAT64>>]]]]]]) → JSON",
        "How far one table's statistics are from another's, both of ML.TFDV_DESCRIBE: the thresholds and metrics of texts, then of numbers, then thresholds of columns.",
        &["base", "study"],
        "ML.TFDV_VALIDATE(base, study, 'SKEW', 0.3, 'L_INFTY', 0.3, 'JENSEN_SHANNON_DIVERGENCE', [('', 0.0)])",
    ),
    scalar(
        "ML.TFDV_VALIDATE",
        "",
        "",
        &["base", "study", "kind"],
        "ML.TFDV_VALIDATE(base, study, kind, 0.3, 'L_INFTY', 0.3, 'JENSEN_SHANNON_DIVERGENCE', [('', 0.0)])",
    ),
    scalar(
        "ML.TFDV_VALIDATE",
        "",
        "",
        &["base", "study", "kind", "text_threshold"],
        "ML.TFDV_VALIDATE(base, study, kind, text_threshold, 'L_INFTY', 0.3, 'JENSEN_SHANNON_DIVERGENCE', [('', 0.0)])",
    ),
    scalar(
        "ML.TFDV_VALIDATE",
        "",
        "",
        &["base", "study", "kind", "text_threshold", "text_metric"],
        "ML.TFDV_VALIDATE(base, study, kind, text_threshold, text_metric, 0.3, 'JENSEN_SHANNON_DIVERGENCE', [('', 0.0)])",
    ),
    scalar(
        "ML.TFDV_VALIDATE",
        "",
        "",
        &["base", "study", "kind", "text_threshold", "text_metric", "number_threshold"],
        "ML.TFDV_VALIDATE(base, study, kind, text_threshold, text_metric, number_threshold, 'JENSEN_SHANNON_DIVERGENCE', [('', 0.0)])",
    ),
    scalar(
        "ML.TFDV_VALIDATE",
        "",
        "",
        &["base", "study", "kind", "text_threshold", "text_metric", "number_threshold", "number_metric"],
        "ML.TFDV_VALIDATE(base, study, kind, text_threshold, text_metric, number_threshold, number_metric, [('', 0.0)])",
    ),
    scalar(
        "ML.TFDV_VALIDATE",
        "",
        "",
        &[
            "base",
            "study",
            "kind",
            "text_threshold",
            "text_metric",
            "number_threshold",
            "number_metric",
            "own",
        ],
        include_str!("template/tfdv_validate.sql"),
    ),
    // The masses of the buckets of a feature, those of NaN and of labels among them.
    scalar("TFDV_MASSES", "", "", &["side", "feature"], include_str!("template/tfdv_masses.sql")),
    // Their divergence and their largest difference, and whether both sides have some.
    scalar("TFDV_DISTANCE", "", "", &["masses"], include_str!("template/tfdv_distance.sql")),
];
