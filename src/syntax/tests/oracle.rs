//! The `sqlparser` crate as a second opinion: ordinary SQL is ordinary SQL.

use sqlparser::dialect::{BigQueryDialect, MsSqlDialect};

use super::parsed;
use super::random::Random;
use crate::syntax::Dialect;

const ORDINARY: &str = include_str!("ordinary.txt");
const ORDINARY_TSQL: &str = include_str!("ordinary_tsql.txt");

/// What one of both parsers refuses, with its words.
fn refusals(text: &str, dialect: Dialect) -> Option<String> {
    let theirs = match dialect {
        Dialect::BigQuery => sqlparser::parser::Parser::parse_sql(&BigQueryDialect, text),
        Dialect::TSql => sqlparser::parser::Parser::parse_sql(&MsSqlDialect {}, text),
    };
    let theirs = theirs.err().map(|error| format!("sqlparser: {error}"));
    let ours = parsed(text, Some(dialect)).diagnostics;
    let ours =
        ours.first().map(|it| format!("here: {} at {:?}", it.message, it.span.map(|span| span.of(text))));
    theirs.or(ours).map(|words| format!("{text}\n  {words}"))
}

fn check(refusals: Vec<String>) {
    let shown = refusals.iter().take(20).cloned().collect::<Vec<_>>().join("\n");
    assert!(refusals.is_empty(), "{} texts are refused, such as\n{shown}", refusals.len());
}

#[test]
fn both_accept_ordinary_sql() {
    let lines = |file: &'static str| file.lines().filter(|line| !line.is_empty() && !line.starts_with("##"));
    let ordinary = lines(ORDINARY).filter_map(|text| refusals(text, Dialect::BigQuery));
    let tsql = lines(ORDINARY_TSQL).filter_map(|text| refusals(text, Dialect::TSql));
    check(ordinary.chain(tsql).collect());
}

#[test]
fn both_accept_random_queries() {
    let queries = (0..3_000).map(|seed| Random::new(seed).query(3));
    check(queries.filter_map(|text| refusals(&text, Dialect::BigQuery)).collect());
}
