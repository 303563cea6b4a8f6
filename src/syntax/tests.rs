//! What parses, into which tree, what does not, and what the errors say.

#[cfg(not(target_family = "wasm"))]
mod oracle;
mod random;
mod shapes;
mod statements;

use random::Random;

use super::ast::Statement;
use super::{Dialect, Parsed, parse};
use crate::diag::Diagnostic;
use crate::limits::Limits;

const DOCUMENTATION: &str = include_str!("tests/documentation.txt");
const ACCEPTED: &str = include_str!("tests/accepted.txt");
const TSQL: &str = include_str!("tests/tsql.txt");
const REFUSED: &str = include_str!("tests/refused.txt");
const REFUSED_TSQL: &str = include_str!("tests/refused_tsql.txt");

fn parsed(text: &str, dialect: Option<Dialect>) -> Parsed {
    parse(text, &Limits::default(), dialect)
}

fn accepted(text: &str, dialect: Option<Dialect>) -> Vec<Statement> {
    let parsed = parsed(text, dialect);
    assert_eq!(parsed.diagnostics, [], "{text}");
    parsed.statements
}

/// The first finding.
fn refused(text: &str, dialect: Option<Dialect>) -> Diagnostic {
    let first = parsed(text, dialect).diagnostics.into_iter().next();
    first.unwrap_or_else(|| panic!("accepted: {text}"))
}

/// The paragraphs of a file of cases.
fn cases(file: &str) -> Vec<String> {
    let lines = file.lines().map(|line| if line.starts_with("## ") { "" } else { line });
    let text = lines.collect::<Vec<_>>().join("\n");
    let cases: Vec<_> =
        text.split("\n\n").map(str::trim).filter(|it| !it.is_empty()).map(str::to_owned).collect();
    assert!(cases.len() > 10);
    cases
}

#[test]
fn the_documentation_parses() {
    for case in cases(DOCUMENTATION) {
        let dialect = case.starts_with("create table models").then_some(Dialect::TSql);
        let parsed = parsed(&case, dialect);
        assert_eq!(parsed.diagnostics, [], "{case}");
        assert!(!parsed.statements.is_empty(), "{case}");
        let tsql = case.to_uppercase().replace(' ', "").contains("FROMPREDICT(MODEL=");
        assert_eq!(parsed.dialect == Dialect::TSql, tsql, "{case}");
    }
}

#[test]
fn the_dialect_parses() {
    for case in cases(ACCEPTED) {
        assert!(!accepted(&case, Some(Dialect::BigQuery)).is_empty(), "{case}");
    }
    for case in cases(TSQL) {
        assert!(!accepted(&case, Some(Dialect::TSql)).is_empty(), "{case}");
    }
}

/// The first error of `text` as the files of refused cases have it.
fn report(text: &str, dialect: Dialect) -> String {
    let found = refused(text, Some(dialect));
    let place = found.span.map(|span| span.of(text)).unwrap_or_default();
    let mut report = format!("{text}\n=> [{}] at `{place}`: {}", found.code, found.message);
    if let Some(hint) = &found.hint {
        report += &format!("\n=> hint: {hint}");
    }
    if let Some(fix) = &found.fix {
        let fixed = [&text[..fix.span.start], &fix.insert, &text[fix.span.end..]].concat();
        report += &format!("\n=> fixed: {fixed}");
    }
    report
}

fn check_refused(file: &str, dialect: Dialect) {
    let different: Vec<_> = cases(file)
        .into_iter()
        .filter_map(|case| {
            let text = case.split("\n=> ").next().unwrap_or_default();
            let found = report(text, dialect);
            (found != case).then_some(found)
        })
        .collect();
    assert!(different.is_empty(), "these are refused in other words now:\n\n{}", different.join("\n\n"));
}

#[test]
fn errors_name_place_and_remedy() {
    check_refused(REFUSED, Dialect::BigQuery);
    check_refused(REFUSED_TSQL, Dialect::TSql);
}

/// What is offered as a fix leads to SQL that parses, or to the next error; never back to the same one.
#[test]
fn fixes_fix() {
    for (file, dialect) in [(REFUSED, Dialect::BigQuery), (REFUSED_TSQL, Dialect::TSql)] {
        for case in cases(file) {
            let text = case.split("\n=> ").next().unwrap_or_default();
            let Some((_, fixed)) = case.split_once("\n=> fixed: ") else { continue };
            let again = parsed(fixed, Some(dialect)).diagnostics;
            let first = refused(text, Some(dialect));
            assert!(again.iter().all(|it| it.message != first.message), "{fixed}: {again:?}");
        }
    }
}

#[test]
fn scripts_have_several_statements_and_comments() {
    let text = "-- one\nSELECT 1; # two\n/* three */ SELECT 2;;";
    assert_eq!(accepted(text, None).len(), 2);
    assert_eq!(accepted("  ", None).len(), 0);
}

#[test]
fn one_broken_statement_does_not_hide_the_next() {
    let parsed = parsed("SELECT FROM; SELECT 1; DROP x", None);
    assert_eq!((parsed.statements.len(), parsed.diagnostics.len()), (1, 2));
}

#[test]
fn predict_tells_tsql_wherever_quotes_allow() {
    for (text, tsql) in [
        ("SELECT 1 FROM PREDICT(MODEL = @m, DATA = t) WITH (a int) AS p", true),
        ("select 'C:\\' from predict ( model=@m, data = t) with (a int) p", true),
        ("SELECT 'PREDICT(MODEL = @m)'", false),
        ("SELECT 1 # PREDICT(MODEL = @m)", false),
        ("SELECT 1 -- PREDICT(MODEL = @m)", false),
        ("SELECT * FROM ML.PREDICT(MODEL m, TABLE t)", false),
        ("SELECT 'a", false),
    ] {
        assert_eq!(parsed(text, None).dialect == Dialect::TSql, tsql, "{text}");
    }
}

#[test]
fn deep_nesting_is_an_error() {
    let nests = [
        ("(", ")"),
        ("[", "]"),
        ("NOT ", ""),
        ("- ", ""),
        ("f(", ")"),
        ("1 + ", ""),
        ("1 || (", ")"),
        ("", ".a"),
        ("", "[0]"),
        ("", " + 1"),
        ("", " * (1 + 1)"),
        ("CASE WHEN ", " THEN 1 END"),
        ("(SELECT ", ")"),
        ("EXISTS(SELECT 1 FROM (SELECT ", ") t)"),
        ("ARRAY<", ">"),
    ];
    for (open, close) in nests {
        let text = format!("SELECT {}x{}", open.repeat(10_000), close.repeat(10_000));
        let found = refused(&text, None);
        assert_eq!(found.code.as_str(), "limit-exceeded", "{open}: {found:?}");
    }
    for (open, close) in
        [("(", " JOIN t USING (a))"), ("", " JOIN t USING (a)"), ("(SELECT * FROM ", ")"), ("", ", t")]
    {
        let text = format!("SELECT 1 FROM {}t{}", open.repeat(10_000), close.repeat(10_000));
        assert_eq!(refused(&text, None).code.as_str(), "limit-exceeded", "{open}");
    }
}

/// Lists are wide, not deep.
#[test]
fn long_lists_are_fine() {
    let conditions = vec!["(a = 1 AND b + 1 < 2)"; 10_000].join(" OR ");
    accepted(&format!("SELECT 1 FROM t WHERE {conditions}"), None);
    accepted(&format!("SELECT a IN ({}) FROM t", vec!["1 + 1"; 10_000].join(", ")), None);
    accepted(&vec!["SELECT 1 + 1"; 5_000].join(" UNION ALL "), None);
    accepted(&format!("SELECT {}", vec!["a + 1 AS b"; 10_000].join(", ")), None);
    accepted(&format!("SELECT 1{}", " + 1".repeat(400)), None);
}

/// Whatever the text: no panic, an end, and places that lie in it.
fn survives(text: &str, dialect: Option<Dialect>) {
    let parsed = parsed(text, dialect);
    for found in &parsed.diagnostics {
        let places = [found.span, found.fix.as_ref().map(|fix| fix.span)];
        for span in places.into_iter().flatten() {
            assert!(
                span.start <= span.end && text.get(span.start..span.end).is_some(),
                "{text:?}: {found:?}"
            );
        }
    }
    for statement in &parsed.statements {
        assert!(!statement.span.of(text).is_empty(), "{text:?}: {statement:?}");
    }
}

#[test]
fn any_text_gets_an_answer() {
    let whole: Vec<_> = [DOCUMENTATION, ACCEPTED, TSQL].into_iter().flat_map(cases).collect();
    for seed in 0..4_000 {
        let mut random = Random::new(seed);
        let dialect = [None, Some(Dialect::BigQuery), Some(Dialect::TSql)][random.below(3)];
        survives(&random.soup(dialect.unwrap_or(Dialect::BigQuery)), dialect);
        let text = &whole[random.below(whole.len())];
        survives(&random.mutated(text), dialect);
        survives(text.chars().take(random.below(text.len())).collect::<String>().as_str(), dialect);
    }
}
