//! External tables over files with rows: their options, what is told of them, and what the host is asked for.

use predictql::diag::Code;
use predictql::{Engine, Params, Resource, Step, TableFormat};

use crate::host::{Outcome, run};

fn one(outcome: &Outcome) -> Vec<String> {
    outcome.text_rows().into_iter().map(|row| row.join(" | ")).collect()
}

#[test]
fn options_have_the_names_of_bigquery() {
    let engine = Engine::default();
    let outcome = run(
        &engine,
        "CREATE EXTERNAL TABLE t (name STRING, moons FLOAT64, note STRING) OPTIONS (
           format = 'CSV', uris = ['tables/bad/ragged.csv'], skip_leading_rows = 1, field_delimiter = ',', quote = '\"',
           encoding = 'UTF-8', allow_jagged_rows = TRUE, ignore_unknown_values = TRUE, max_bad_records = 5,
           null_markers = ['', 'wet'], allow_quoted_newlines = TRUE, preserve_ascii_control_characters = FALSE)",
    )
    .unwrap();
    assert!(outcome.summary.warnings.is_empty());
    // The file's rows; Earth's lacks its last two fields, that of Mars has one too many.
    assert_eq!(
        one(&run(&engine, "SELECT name, moons, note FROM t ORDER BY name").unwrap()),
        [
            "Earth | 1 | NULL",
            "Mars | 2 | NULL",
            "Mercury | 0 | small, hot",
            "Venus | 0 | hot; cloudy | windy"
        ]
    );
}

#[test]
fn bad_rows_are_told() {
    let engine = Engine::default();
    let create = |options: &str| {
        run(
            &engine,
            &format!(
                "CREATE OR REPLACE EXTERNAL TABLE t OPTIONS (format = 'CSV', uris = ['tables/bad/ragged.csv'] {options})"
            ),
        )
    };
    let error = create("").unwrap_err();
    assert_eq!(error.first().message, "`tables/bad/ragged.csv`: line 4: expected 6 fields, found 4");
    let outcome = create(", max_bad_records = 2").unwrap();
    assert_eq!(outcome.summary.message.as_deref(), Some("Successfully created table named t with 2 rows"));
    let warnings: Vec<&str> = outcome.summary.warnings.iter().map(|it| it.message.as_str()).collect();
    assert_eq!(
        warnings,
        [
            "`tables/bad/ragged.csv`: rows left out: 2 (line 4: expected 6 fields, found 4; line 5: expected 6 fields, found 7)"
        ]
    );
}

#[test]
fn options_that_cannot_be_are_refused_at_their_place() {
    let engine = Engine::default();
    for (option, code) in [
        ("max_bad_records = -1", Code::InvalidOption),
        ("quote = 'ab'", Code::InvalidOption),
        ("date_format = '%d.%m.%Y'", Code::InvalidOption),
        ("nul_marker = ''", Code::UnknownOption),
    ] {
        let sql =
            format!("CREATE EXTERNAL TABLE t OPTIONS (format = 'CSV', uris = ['tables/iris.csv'], {option})");
        let error = run(&engine, &sql).unwrap_err();
        assert_eq!(error.code(), code, "{option}");
        assert!(error.first().span.is_some(), "{option}");
    }
    let sql = "CREATE EXTERNAL TABLE t OPTIONS (format = 'ARROW', uris = ['tables/types.arrow'], quote = '')";
    let error = run(&engine, sql).unwrap_err();
    assert_eq!(error.first().message, "option `quote` is for CSV, and the files are ARROW");
}

#[test]
fn the_host_is_asked_for_encodings_that_the_engine_does_not_know() {
    let engine = Engine::default();
    let sql = "CREATE EXTERNAL TABLE t OPTIONS (format = 'CSV', uris = ['t.csv'], encoding = 'ISO-8859-2');
               SELECT * FROM t";
    let script = engine.session().script(sql, Params::default()).unwrap();
    let mut rows = Vec::new();
    for query in script {
        let mut query = query.unwrap();
        loop {
            match query.step().unwrap() {
                Step::Need(requests) => {
                    let encoding = Some("ISO-8859-2".to_owned());
                    let others = Some(Vec::new());
                    let wanted =
                        Resource::Table { uri: "t.csv".into(), format: TableFormat::Csv, encoding, others };
                    assert_eq!(requests[0].resource, wanted);
                    query.supply(requests[0].id, "nazwa\nzłoty\n".into()).unwrap();
                }
                Step::Batch(batch) => rows.push(batch),
                Step::Progress(_) => {}
                Step::Done(_) => break,
            }
        }
    }
    let found = Outcome { batches: rows, ..Outcome::default() };
    assert_eq!(found.rows(), 1);
}
