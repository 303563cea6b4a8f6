//! Queries on several threads: the rows, the order, the errors are those of one.

use std::ops::ControlFlow;
use std::sync::Arc;

use predictql::{Engine, Params, Query};
use predictql_host::{Error, Host, Watch, run_parallel};

use crate::support::{host, rows, run, texts};

/// A table of many batches, and a forest.
const TABLES: &str = "
    CREATE MODEL forest OPTIONS (model_path = 'models/iris_rf.onnx');
    CREATE TABLE numbers AS SELECT n FROM UNNEST(GENERATE_ARRAY(1, 120000)) AS n;
    CREATE TABLE flowers AS SELECT n, 4 + MOD(n, 40) / 10 AS sepal_length, 2 + MOD(n, 25) / 10 AS sepal_width,
        1 + MOD(n, 59) / 10 AS petal_length, MOD(n, 25) / 10 AS petal_width FROM numbers";

/// Queries over it, of every way in which parts meet.
const QUERIES: [&str; 9] = [
    "SELECT TO_JSON_STRING(STRUCT(n, label)) FROM ML.PREDICT(MODEL forest, TABLE flowers) WHERE MOD(n, 7) = 0",
    "SELECT TO_JSON_STRING(STRUCT(label, COUNT(*), MIN(n), SUM(n))) FROM ML.PREDICT(MODEL forest, TABLE flowers) GROUP BY label",
    "SELECT TO_JSON_STRING(STRUCT(AVG(petal_length * petal_width), STDDEV(n / 7), COUNT(DISTINCT petal_length))) FROM flowers",
    "SELECT TO_JSON_STRING(STRUCT(petal_length, AVG(1 / n))) FROM flowers GROUP BY petal_length ORDER BY petal_length DESC",
    "SELECT TO_JSON_STRING(STRUCT(n, petal_length)) FROM flowers ORDER BY petal_length LIMIT 20",
    "SELECT TO_JSON_STRING(STRUCT(a.n, b.n)) FROM flowers AS a JOIN (SELECT n FROM numbers WHERE n < 9) AS b ON a.n = b.n * 1000",
    "SELECT TO_JSON_STRING(STRUCT(n, SUM(petal_width) OVER (PARTITION BY petal_length ORDER BY n))) FROM flowers WHERE n > 119000",
    "SELECT TO_JSON_STRING(n) FROM flowers WHERE petal_length > 3 LIMIT 5",
    "SELECT DISTINCT TO_JSON_STRING(petal_width) FROM (SELECT * FROM flowers UNION ALL SELECT * FROM flowers)",
];

fn engine(host: &Host) -> Engine {
    let engine = host.engine();
    rows(host, &engine, TABLES).unwrap();
    engine
}

fn query(engine: &Engine, sql: &str) -> Query {
    engine.session().script(sql, Params::default()).unwrap().next().unwrap().unwrap()
}

fn parallel(host: &Host, engine: &Engine, sql: &str, threads: usize) -> Result<Vec<String>, Error> {
    let mut rows = Vec::new();
    run_parallel(&mut query(engine, sql), host, threads, &Arc::default(), &mut |_, batch| {
        rows.extend(texts(&batch));
        ControlFlow::Continue(())
    })?;
    Ok(rows)
}

#[test]
fn the_rows_are_those_of_one_thread_in_its_order() {
    let host = host();
    let engine = engine(&host);
    for sql in QUERIES {
        let expected = rows(&host, &engine, sql).unwrap();
        assert!(!expected.is_empty());
        for threads in [1, 2, 5] {
            assert_eq!(parallel(&host, &engine, sql, threads).unwrap(), expected, "{threads} threads: {sql}");
        }
    }
}

#[test]
fn an_error_names_the_row_that_one_thread_names() {
    let host = host();
    let engine = engine(&host);
    let sql = "SELECT TO_JSON_STRING(1 / (n - 77777)) FROM numbers";
    let error = parallel(&host, &engine, sql, 3).unwrap_err().to_string();
    assert_eq!(error, rows(&host, &engine, sql).unwrap_err().to_string());
    assert!(error.contains("row 77777"), "{error}");
    let before = format!("{sql} LIMIT 50000");
    assert_eq!(parallel(&host, &engine, &before, 3).unwrap().len(), 50_000);
}

#[test]
fn rows_that_were_given_before_an_error_are_not_given_twice() {
    let host = host();
    let engine = engine(&host);
    let mut given = Vec::new();
    let sql = "SELECT TO_JSON_STRING(IF(n = 100000, 1 / (n - 100000), n)) FROM numbers";
    let result = run_parallel(&mut query(&engine, sql), &host, 2, &Arc::default(), &mut |_, batch| {
        given.extend(texts(&batch));
        ControlFlow::Continue(())
    });
    assert!(result.unwrap_err().to_string().contains("row 100000"));
    let expected: Vec<_> = (1..=given.len()).map(|n| n.to_string()).collect();
    assert!(given == expected, "rows are missing or there twice among {}", given.len());
}

#[test]
fn tables_and_files_are_made_of_rows_of_all_threads() {
    let host = host();
    let engine = engine(&host);
    let statement = |sql: &str, threads: usize, watch: &Arc<Watch>| {
        run_parallel(&mut query(&engine, sql), &host, threads, watch, &mut |_, _| panic!("it gives no rows"))
    };
    let labels = "SELECT n, label FROM ML.PREDICT(MODEL forest, TABLE flowers)";
    let mut exported = Vec::new();
    for threads in [1, 3] {
        let watch = Arc::new(Watch::default());
        let name = format!("memory://labels_{threads}.csv");
        let export =
            format!("EXPORT DATA OPTIONS (uri = '{name}', format = 'CSV', overwrite = TRUE) AS {labels}");
        let summary = statement(&export, threads, &watch).unwrap();
        assert_eq!(summary.counts.model_rows, 120_000);
        // Parts are told of where there are some.
        assert_eq!(watch.share(), (threads > 1).then_some(1.0));
        exported.push(host.stores().read(&name).unwrap());
        statement(&format!("CREATE OR REPLACE TABLE labels AS {labels}"), threads, &watch).unwrap();
        statement("INSERT INTO labels SELECT n, 7 FROM numbers WHERE MOD(n, 40000) = 0", threads, &watch)
            .unwrap();
        let rows = |sql: &str| rows(&host, &engine, sql).unwrap();
        let counted =
            "SELECT TO_JSON_STRING(STRUCT(label, COUNT(*), SUM(n))) FROM (%) GROUP BY label ORDER BY label";
        let expected = rows(&counted.replace(
            '%',
            &format!("{labels} UNION ALL SELECT n, 7 FROM UNNEST([40000, 80000, 120000]) AS n"),
        ));
        assert_eq!(rows(&counted.replace('%', "SELECT * FROM labels")), expected);
    }
    assert!(exported[0] == exported[1], "other files on other threads");
    let failing = "CREATE TABLE failed AS SELECT 1 / (n - 77777) AS x FROM numbers";
    let error = statement(failing, 3, &Arc::default()).unwrap_err().to_string();
    assert_eq!(error, statement(failing, 1, &Arc::default()).unwrap_err().to_string());
    let watch = Arc::new(Watch::default());
    watch.stop();
    let stopped =
        "EXPORT DATA OPTIONS (uri = 'memory://stopped.csv', format = 'CSV') AS SELECT n FROM numbers";
    statement(stopped, 3, &watch).unwrap();
    assert!(host.stores().read("memory://stopped.csv").is_err());
}

#[test]
fn who_takes_no_more_rows_stops_all_threads() {
    let host = host();
    let engine = engine(&host);
    let mut given = 0;
    let sql = "SELECT TO_JSON_STRING(n) FROM numbers";
    run_parallel(&mut query(&engine, sql), &host, 2, &Arc::default(), &mut |_, batch| {
        given += batch.rows();
        ControlFlow::Break(())
    })
    .unwrap();
    assert!(given > 0 && given <= 8_192, "{given}");
    let watch = Arc::new(Watch::default());
    watch.stop();
    let summary =
        run_parallel(&mut query(&engine, sql), &host, 2, &watch, &mut |_, _| panic!("no rows are wanted"));
    assert_eq!(summary.unwrap().counts.rows, 0);
}

#[test]
fn statements_around_a_query_know_of_its_rows() {
    let host = host();
    let sql = format!("{TABLES}; SELECT TO_JSON_STRING(n) FROM numbers WHERE n <= 30000");
    let engine = host.engine();
    let mut summary = None;
    for statement in engine.session().script(&sql, Params::default()).unwrap() {
        let done = run_parallel(&mut statement.unwrap(), &host, 2, &Arc::default(), &mut |_, _| {
            ControlFlow::Continue(())
        });
        summary = Some(done.unwrap());
    }
    assert_eq!(summary.unwrap().counts.rows, 30_000);
    let log = "SELECT TO_JSON_STRING(rows_out) FROM INFORMATION_SCHEMA.JOBS ORDER BY creation_time DESC";
    assert!(rows(&host, &engine, log).unwrap().contains(&"30000".to_owned()));
    assert_eq!(run(&host, "SELECT 'x'").unwrap(), ["x"]);
}

#[test]
fn rows_that_fail_are_told_as_on_one_thread() {
    let host = host();
    for number in 0..64 {
        host.stores().write(&format!("memory://pictures/{number:02}.png"), "no picture").unwrap();
    }
    let engine = host.engine();
    rows(
        &host,
        &engine,
        "CREATE EXTERNAL TABLE pictures OPTIONS (object_metadata = 'SIMPLE', uris = ['memory://pictures/*'])",
    )
    .unwrap();
    let told = |sql: &str, threads: usize| {
        let summary = run_parallel(&mut query(&engine, sql), &host, threads, &Arc::default(), &mut |_, _| {
            ControlFlow::Continue(())
        });
        let summary = summary.unwrap();
        assert_eq!(summary.counts.failed_rows, 64);
        summary.warnings.into_iter().map(|warning| warning.message).collect::<Vec<_>>()
    };
    for sql in [
        "SELECT uri FROM pictures WHERE SAFE.ML.DECODE_IMAGE(data) IS NULL",
        "CREATE OR REPLACE TABLE failed AS SELECT uri FROM pictures WHERE SAFE.ML.DECODE_IMAGE(data) IS NULL",
    ] {
        let words = told(sql, 1);
        assert_eq!(words.len(), 21);
        assert!(words[19].starts_with("`memory://pictures/19.png`: "), "{}", words[19]);
        assert_eq!(words[20], "44 more rows failed: 64 in all");
        assert_eq!(told(sql, 3), words, "{sql}");
    }
}

/// The number of a row in a part would be that of another row.
#[test]
fn rows_without_a_name_are_told_without_a_number_by_parts() {
    let host = host();
    let engine = engine(&host);
    let sql =
        "SELECT n FROM numbers WHERE SAFE.ML.DECODE_IMAGE(IF(n >= 119999, b'no picture', NULL)) IS NULL";
    let summary = run_parallel(&mut query(&engine, sql), &host, 3, &Arc::default(), &mut |_, _| {
        ControlFlow::Continue(())
    });
    let words: Vec<_> = summary.unwrap().warnings.into_iter().map(|warning| warning.message).collect();
    let word = "expected a JPEG, PNG, BMP, WebP or GIF, found text; the row has NULL for it";
    assert_eq!(words, [word, word]);
}
