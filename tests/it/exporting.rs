//! EXPORT DATA: the bytes that a host gets, and in which pieces.

use predictql::{Engine, ExportPiece, Limits, Params, Resource, Step, TableFormat, table};

use crate::host::{self, engine, finish, run};

/// The files that a statement writes, by their names.
fn files(engine: &Engine, sql: &str) -> Vec<(String, Vec<u8>)> {
    let mut files: Vec<(String, Vec<u8>)> = Vec::new();
    let mut is_open = false;
    for ExportPiece { uri, first, last, bytes, .. } in run(engine, sql).unwrap().exported {
        assert_eq!(first, !is_open, "{uri}");
        is_open = !last;
        if first {
            files.push((uri.clone(), Vec::new()));
        }
        let (name, content) = files.last_mut().unwrap();
        assert_eq!(*name, uri);
        content.extend_from_slice(&bytes);
    }
    assert!(!is_open);
    files
}

fn text(engine: &Engine, sql: &str) -> String {
    let [(_, bytes)] = files(engine, sql).try_into().unwrap();
    String::from_utf8(bytes).unwrap()
}

/// What Python's `csv` reads back as it was, and takes empty and NULL apart.
const ROWS: &str = "SELECT 'a,b' AS t, 1.5 AS f, DATE '2026-11-29' AS d, CAST(NULL AS STRING) AS n, b'xyz' AS b, NUMERIC '0.10' AS m
    UNION ALL SELECT 'say \"hi\"\\n', -0.25, NULL, '', b'', NULL";

#[test]
fn csv_tells_null_from_an_empty_text_and_quotes_what_it_must() {
    let sql = format!("EXPORT DATA OPTIONS (uri = 'rows.csv', format = 'CSV', header = TRUE) AS {ROWS}");
    let wanted = "t,f,d,n,b,m\n\"a,b\",1.5,2026-11-29,,eHl6,0.1\n\"say \"\"hi\"\"\n\",-0.25,,\"\",\"\",\n";
    assert_eq!(text(&engine(), &sql), wanted);
    let sql = "EXPORT DATA OPTIONS (uri = 'rows.csv', format = 'csv', field_delimiter = 'tab') AS SELECT 'a,b' AS x, 'c\\td' AS y";
    assert_eq!(text(&engine(), sql), "a,b\t\"c\td\"\n");
}

#[test]
fn json_is_a_line_for_each_row() {
    let sql = "EXPORT DATA OPTIONS (uri = 'rows.jsonl', format = 'JSON') AS
        SELECT 1 AS a, [1.5, 2.5] AS list, STRUCT('x' AS s, NULL AS n) AS deep, 9007199254740993 AS big";
    // BigQuery's TO_JSON_STRING writes whole numbers beyond 2^53 as texts.
    let wanted = r#"{"a":1,"list":[1.5,2.5],"deep":{"s":"x","n":null},"big":"9007199254740993"}"#;
    assert_eq!(text(&engine(), sql), format!("{wanted}\n"));
}

#[test]
fn an_arrow_stream_is_read_again_with_the_same_rows() {
    let engine = engine();
    let sql = "EXPORT DATA OPTIONS (uri = 'iris.arrow', format = 'ARROW') AS SELECT * FROM iris";
    let [(_, bytes)] = files(&engine, sql).try_into().unwrap();
    engine.register_arrow("again", &bytes).unwrap();
    let differing = "SELECT COUNT(*) AS n FROM (SELECT * FROM iris EXCEPT DISTINCT SELECT * FROM again)";
    assert_eq!(run(&engine, differing).unwrap().ints("n"), [0]);
    assert_eq!(run(&engine, "SELECT COUNT(*) AS n FROM again").unwrap().ints("n"), [150]);
}

#[test]
fn a_query_without_rows_makes_a_file_with_a_header() {
    let sql = "EXPORT DATA OPTIONS (uri = 'none.csv', format = 'CSV', header = TRUE) AS SELECT species FROM iris WHERE FALSE";
    assert_eq!(text(&engine(), sql), "species\n");
    let sql = "EXPORT DATA OPTIONS (uri = 'none.parquet', format = 'PARQUET') AS SELECT species FROM iris WHERE FALSE";
    let [(name, stream)] = files(&engine(), sql).try_into().unwrap();
    let read = table::read_arrow(&stream, &Limits::default()).unwrap();
    assert_eq!((name.as_str(), read.rows(), read.schema.fields.len()), ("none.parquet", 0, 1));
}

#[test]
fn long_files_come_in_pieces_and_a_star_divides_them() {
    let mut limits = Limits::default();
    limits.export_bytes = 3 << 20;
    limits.batch_rows = 1000;
    let engine = Engine::new(limits, || 0.0);
    let sql = "EXPORT DATA OPTIONS (uri = 'part-*.csv', format = 'CSV', header = TRUE) AS
        SELECT n, REPEAT('x', 1000) AS filler FROM UNNEST(GENERATE_ARRAY(1, 6000)) AS n";
    let outcome = run(&engine, sql).unwrap();
    assert!(outcome.exported.iter().all(|piece| piece.bytes.len() < 3 << 20));
    assert_eq!(
        outcome.summary.message.as_deref(),
        Some("Successfully exported 6000 rows to part-*.csv in 2 files")
    );
    let files = files(&engine, sql);
    let names: Vec<_> = files.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["part-000000000000.csv", "part-000000000001.csv"]);
    let mut numbers = Vec::new();
    for (_, bytes) in &files {
        let text = std::str::from_utf8(bytes).unwrap();
        let mut lines = text.lines();
        assert_eq!(lines.next(), Some("n,filler"));
        numbers.extend(lines.map(|line| line.split_once(',').unwrap().0.parse::<i64>().unwrap()));
    }
    assert_eq!(numbers, (1..=6_000).collect::<Vec<_>>());
}

#[test]
fn the_next_piece_is_made_when_the_one_before_is_taken() {
    let engine = Engine::default();
    // 3 MB in batches of 1 MB each.
    let session = engine.session().with_batch_rows(1000);
    let sql =
        "EXPORT DATA OPTIONS (uri = 'long.csv', format = 'CSV', compression = 'GZIP', overwrite = TRUE) AS
        SELECT REPEAT('y', 1000) AS filler FROM UNNEST(GENERATE_ARRAY(1, 3000))";
    let mut query = session.script(sql, Params::default()).unwrap().next().unwrap().unwrap();
    let mut ids = Vec::new();
    loop {
        match query.step().unwrap() {
            Step::Need(requests) => {
                let [request] = requests.try_into().unwrap();
                let Resource::Export(piece) = request.resource else { panic!("an export") };
                assert!(piece.gzip && piece.overwrite && piece.format == TableFormat::Csv);
                // A host that steps before it has answered hears the same request again.
                if ids.last() != Some(&request.id) {
                    ids.push(request.id);
                    continue;
                }
                query.supply(request.id, Vec::new()).unwrap();
            }
            Step::Done(_) => break,
            _ => {}
        }
    }
    assert!(ids.len() >= 2, "{ids:?}");
}

#[test]
fn a_host_that_refuses_is_quoted_at_the_name_of_the_file() {
    let sql = "EXPORT DATA OPTIONS (uri = 'taken.csv', format = 'CSV') AS SELECT 1 AS x";
    let engine = Engine::default();
    let mut query = engine.session().script(sql, Params::default()).unwrap().next().unwrap().unwrap();
    let Step::Need(requests) = (loop {
        match query.step().unwrap() {
            Step::Progress(_) => {}
            step => break step,
        }
    }) else {
        panic!("a request")
    };
    query.refuse(requests[0].id, "`taken.csv` is there already").unwrap();
    let error = finish(query).unwrap_err();
    let span = error.first().span.unwrap();
    assert_eq!((error.code().as_str(), &sql[span.start..span.end]), ("resource-unavailable", "'taken.csv'"));
}

#[test]
fn what_is_exported_is_read_again_as_it_was() {
    let engine = engine();
    let sql = format!("EXPORT DATA OPTIONS (uri = 'a.csv', format = 'CSV', header = TRUE) AS {ROWS}");
    let options = table::CsvOptions::default();
    engine.register_csv("again", text(&engine, &sql).as_bytes(), &options).unwrap();
    let both = format!(
        "SELECT COUNT(*) AS n FROM ((SELECT t, f, d, n FROM ({ROWS})) EXCEPT DISTINCT (SELECT t, f, d, n FROM again))"
    );
    assert_eq!(host::run(&engine, &both).unwrap().ints("n"), [0]);
}
