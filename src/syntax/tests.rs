//! What parses, what does not, and what the errors say.

use super::ast::{Expr, ExprKind, QueryBody, SelectItem, StatementKind};
use super::parse;
use crate::diag::Diagnostic;
use crate::limits::Limits;

fn accepted(text: &str) -> Vec<super::ast::Statement> {
    let parsed = parse(text, &Limits::default(), None);
    assert_eq!(parsed.diagnostics, [], "{text}");
    parsed.statements
}

/// The first finding and the text at its place.
fn refused(text: &str) -> (Diagnostic, &str) {
    let parsed = parse(text, &Limits::default(), None);
    let first = parsed.diagnostics.into_iter().next().unwrap_or_else(|| panic!("accepted: {text}"));
    let place = first.span.map(|span| span.of(text)).unwrap_or_default();
    (first, place)
}

/// Parenthesises what an expression groups.
fn grouping(text: &str) -> String {
    fn show(expr: &Expr) -> String {
        match &expr.kind {
            ExprKind::Operator { sign, args } => {
                let args: Vec<_> = args.iter().map(show).collect();
                format!("({})", args.join(&format!(" {sign} ")) + if args.len() == 1 { sign } else { "" })
            }
            ExprKind::Literal(value) => value.to_string(),
            ExprKind::Name(name) => name.text.clone(),
            other => format!("{other:?}"),
        }
    }
    let statement = accepted(&format!("SELECT {text}")).pop().map(|it| it.kind);
    let Some(StatementKind::Query(query)) = statement else { panic!("{statement:?}") };
    let QueryBody::Select(select) = query.body else { panic!("{query:?}") };
    match select.items.into_iter().next() {
        Some(SelectItem::Expr { expr, .. }) => show(&expr),
        other => panic!("{other:?}"),
    }
}

#[test]
fn operators_bind_as_in_googlesql() {
    assert_eq!(grouping("1 + 2 * 3 - 4"), "((1 + (2 * 3)) - 4)");
    assert_eq!(grouping("NOT a = 1 OR b AND c"), "(((a = 1)NOT) OR (b AND c))");
    assert_eq!(grouping("a + 1 IS NOT NULL AND b"), "(((a + 1)IS NOT NULL) AND b)");
    assert_eq!(grouping("-a * b"), "((a-x) * b)");
    assert_eq!(grouping("- 9223372036854775808"), "-9223372036854775808");
    assert_eq!(grouping("a || b = c"), "((a || b) = c)");
}

#[test]
fn strings_have_googlesql_escapes() {
    let cases = [
        (r#"'it\'s'"#, r#""it's""#),
        (r#"r'\d+'"#, r#""\\d+""#),
        (
            r#""""a "b"
c""""#,
            "\"a \\\"b\\\"\\nc\"",
        ),
        (r"'\u00e9\x41\101'", "\"éAA\""),
        (r"b'\xff'", r#"b"\xff""#),
    ];
    for (text, value) in cases {
        assert_eq!(grouping(text), value);
    }
}

#[test]
fn scripts_have_several_statements_and_comments() {
    let text = "-- one\nSELECT 1; # two\n/* three */ SELECT 2;;";
    assert_eq!(accepted(text).len(), 2);
    assert_eq!(accepted("  ").len(), 0);
}

#[test]
fn errors_name_place_and_remedy() {
    let cases = [
        ("SELEC 1", "SELEC", "syntax-error", Some("did you mean SELECT?")),
        ("SELECT a FORM t WHERE a > 1", "FORM", "syntax-error", Some("did you mean FROM?")),
        ("SELECT 1 SELECT 2", "SELECT", "syntax-error", Some("put a `;` between two statements")),
        ("SELECT 'abc", "'abc", "unterminated-literal", Some("end it with '")),
        ("SELECT `a", "`a", "unterminated-literal", Some("end it with `")),
        ("SELECT (1 + 2", "(", "syntax-error", Some("the bracket opened here is not closed: add `)`")),
        ("SELECT 9223372036854775808", "9223372036854775808", "invalid-literal", None),
        ("SELECT FROM t", "FROM", "syntax-error", None),
        ("SELECT 1 AS select", "select", "syntax-error", None),
        ("SELECT ML.RESIZE_IMAGE(ML.DECODE_IMAGE(data) 480, 480, FALSE)", "480", "syntax-error", None),
        ("CREATE OR REPLACE MODEL IF NOT EXISTS m", "IF NOT EXISTS", "syntax-error", None),
        ("UPDATE t SET a = 1", "UPDATE", "unsupported-syntax", None),
        ("SELECT “a”", "“", "syntax-error", Some("use straight quotes: ' or \"")),
    ];
    for (text, place, code, hint) in cases {
        let (found, at) = refused(text);
        assert_eq!((at, found.code.as_str()), (place, code), "{text}: {}", found.message);
        if hint.is_some() {
            assert_eq!(found.hint.as_deref(), hint, "{text}");
        }
    }
    assert_eq!(refused("SELECT 1 +").0.message, "expected an expression, found the end of the text");
}

#[test]
fn one_broken_statement_does_not_hide_the_next() {
    let parsed = parse("SELECT FROM; SELECT 1; DROP x", &Limits::default(), None);
    assert_eq!((parsed.statements.len(), parsed.diagnostics.len()), (1, 2));
}

#[test]
fn deep_nesting_is_an_error() {
    for (open, close) in
        [("(", ")"), ("[", "]"), ("NOT ", ""), ("- ", ""), ("f(", ")"), ("1 + ", ""), ("", ".a"), ("", "[0]")]
    {
        let text = format!("SELECT {}x{}", open.repeat(100_000), close.repeat(100_000));
        assert_eq!(refused(&text).0.code.as_str(), "limit-exceeded", "{open}");
    }
}

/// The statements of BigQuery's pages on ONNX models and object tables, in all the spellings that occur there.
#[test]
fn the_documentation_parses() {
    let statements = [
        "CREATE OR REPLACE MODEL `bqml_tutorial.imported_onnx_model` OPTIONS (MODEL_TYPE='ONNX', \
         MODEL_PATH='gs://cloud-samples-data/bigquery/ml/onnx/pipeline_rf.onnx')",
        "CREATE MODEL IF NOT EXISTS mydataset.m OPTIONS(model_type = \"onnx\", model_path = \"gs://b/p/*\")",
        "SELECT * FROM ML.PREDICT(MODEL `bqml_tutorial.imported_onnx_model`, \
         (SELECT * FROM `bigquery-public-data.ml_datasets.iris`))",
        "SELECT * FROM ML.PREDICT (MODEL`m`, TABLE my-project.dataset.t)",
        "SELECT * FROM ML.PREDICT(MODEL m, SELECT a FROM t)",
        "SELECT * FROM ML.PREDICT(MODEL m, (SELECT a FROM t) STRUCT(0.5 AS threshold))",
        "SELECT * FROM ML.PREDICT(MODEL m, (SELECT a FROM t), STRUCT(TRUE AS keep_original_columns))",
        "SELECT label, predicted_label1, predicted_label AS predicted_label2 FROM ML.PREDICT(MODEL \
         `mydataset.mymodel2`, (SELECT * EXCEPT (predicted_label), predicted_label AS predicted_label1 FROM \
         ML.PREDICT(MODEL `mydataset.mymodel1`, TABLE `mydataset.mytable`)))",
        "CREATE EXTERNAL TABLE `bqml_tutorial.goldfish_image_table` WITH CONNECTION `us.bqml_tutorial` \
         OPTIONS(object_metadata = 'SIMPLE', uris = ['gs://bqml_images/goldfish.jpg'], \
         max_staleness = INTERVAL 1 DAY, metadata_cache_mode = 'AUTOMATIC');",
        "SELECT class_label FROM ML.PREDICT(MODEL bqml_tutorial.imported_onnx_model, \
         (SELECT ML.RESIZE_IMAGE(ML.DECODE_IMAGE(DATA), 224, 224, FALSE) AS input FROM \
         bqml_tutorial.goldfish_image_table))",
        "SELECT probabilities[OFFSET(0)] AS p, probabilities[SAFE_ORDINAL(2)], t.a.b FROM t ORDER BY p DESC \
         NULLS LAST LIMIT 10 OFFSET 5",
        "SELECT DATE '2024-01-31', CAST(x AS ARRAY<STRUCT<a INT64, STRING>>), ARRAY[1, 2], [], STRUCT(1 AS a)",
        "SELECT model, `table` FROM t model",
        "SELECT a, FROM t WHERE NOT (a > @low AND b != ?) OR c IS NULL",
        "DROP MODEL IF EXISTS `a.b-c`; DROP EXTERNAL TABLE t; DROP TABLE t",
    ];
    for statement in statements {
        accepted(statement);
    }
}
