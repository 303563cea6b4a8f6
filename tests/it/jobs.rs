//! The log of statements: what it holds, what it never holds, and how long it is.

use std::sync::atomic::{AtomicU32, Ordering};

use predictql::data::Scalar;
use predictql::table::CsvOptions;
use predictql::{Engine, Limits, Params, Step};

use crate::host::{self, engine, finish, read, run, run_with};

const PREDICT: &str = "SELECT label FROM ML.PREDICT(MODEL iris, TABLE iris)";

fn with_model() -> Engine {
    let engine = engine();
    engine.register_model("iris", &read("models/iris_rf.onnx")).unwrap();
    engine
}

/// A column of the log, as text.
fn log(engine: &Engine, columns: &str) -> Vec<Vec<String>> {
    run(engine, &format!("SELECT {columns} FROM INFORMATION_SCHEMA.JOBS")).unwrap().text_rows()
}

#[test]
fn values_of_parameters_and_rows_are_not_in_it() {
    let engine = engine();
    let secret = || Params::Positional(vec![Scalar::String("secret 41".into())]);
    run_with(&engine, "SELECT CONCAT(?, '!') AS x", secret()).unwrap();
    // The failure names the value, its place is the text's.
    let error = run_with(&engine, "SELECT CAST(? AS INT64) + 1 AS x", secret()).unwrap_err();
    assert!(error.to_string().contains("secret 41"), "{error}");
    run_with(&engine, "EXECUTE IMMEDIATE CONCAT('SELECT 1 AS x', ' -- ', ?)", secret()).unwrap();
    let all = run(&engine, "SELECT * FROM INFORMATION_SCHEMA.JOBS").unwrap().text_rows();
    assert_eq!(all.len(), 3);
    assert!(!format!("{all:?}").contains("secret"), "{all:?}");
    assert_eq!(log(&engine, "error_result")[1], ["(cast-failed, CAST(? AS INT64))".to_owned()]);
    assert_eq!(log(&engine, "query")[2], ["EXECUTE IMMEDIATE CONCAT('SELECT 1 AS x', ' -- ', ?)"]);
}

#[test]
fn the_next_statement_of_a_script_knows_the_id_of_the_one_before() {
    let engine = with_model();
    let sql = format!(
        "CREATE TABLE runs (job_id STRING, accuracy FLOAT64);
         SELECT @@last_job_id IS NULL AS x;
         {PREDICT};
         INSERT INTO runs VALUES (@@last_job_id, 0.96);
         SELECT job_id, statement_type, accuracy FROM runs JOIN INFORMATION_SCHEMA.JOBS USING (job_id)"
    );
    let joined = run(&engine, &sql).unwrap();
    assert_eq!(
        (joined.texts("statement_type"), joined.floats("accuracy")),
        (vec!["SELECT".into()], vec![0.96])
    );
    let ids = run(&engine, "SELECT COUNT(DISTINCT job_id) AS n FROM INFORMATION_SCHEMA.JOBS").unwrap();
    assert_eq!(ids.ints("n"), [5]);
    let first = run(&engine, "SELECT @@last_job_id IS NULL AS x").unwrap();
    assert_eq!(first.text_rows(), [["true"]]);
}

#[test]
fn times_are_the_hosts() {
    static NOW: AtomicU32 = AtomicU32::new(0);
    let engine = Engine::new(Limits::default(), || f64::from(NOW.load(Ordering::Relaxed)));
    engine.register_csv("t", b"x\n1\n", &CsvOptions::default()).unwrap();
    NOW.store(5_000, Ordering::Relaxed);
    let mut script = engine.session().script("SELECT x FROM t", Params::default()).unwrap();
    let mut query = script.next().unwrap().unwrap();
    while !matches!(query.step().unwrap(), Step::Done(_)) {
        NOW.fetch_add(250, Ordering::Relaxed);
    }
    let times = log(
        &engine,
        "job_id LIKE 'job_5000_%', UNIX_MILLIS(start_time), UNIX_MILLIS(end_time) > 5000, ARRAY_LENGTH(job_stages)",
    );
    assert_eq!(times, [["true", "5000", "true", "7"]]);
}

#[test]
fn a_statement_that_is_given_up_was_stopped() {
    let engine = with_model();
    let session = engine.session().with_batch_rows(10);
    let mut query = session.script(PREDICT, Params::default()).unwrap().next().unwrap().unwrap();
    while !matches!(query.step().unwrap(), Step::Batch(_)) {}
    assert_eq!(log(&engine, "job_id").len(), 0, "it has not ended");
    drop(query);
    let row = log(&engine, "error_result.reason, rows_in, rows_out, model_runs");
    assert_eq!(row[1], ["stopped", "10", "10", "1"]);
}

#[test]
fn prepared_statements_are_in_it_with_the_version_that_ran() {
    let engine = with_model();
    let prepared = engine.session().script(PREDICT, Params::default()).unwrap().prepare().unwrap().unwrap();
    for _ in 0..2 {
        finish(prepared.query(Params::default(), None, false).unwrap()).unwrap();
    }
    engine.register_model("iris", &read("models/iris_rf.onnx")).unwrap();
    finish(prepared.query(Params::default(), None, false).unwrap()).unwrap();
    let rows = log(
        &engine,
        "query, referenced_models[OFFSET(0)].version, referenced_tables[OFFSET(0)].table_id, rows_out",
    );
    let expected = |version| [PREDICT, version, "iris", "150"].map(str::to_owned);
    assert_eq!(rows, [expected("1"), expected("1"), expected("2")]);
}

#[test]
fn what_a_procedure_does_has_the_text_of_its_call() {
    let engine = engine();
    let sql = "CREATE PROCEDURE p() BEGIN DECLARE n INT64 DEFAULT 1; SELECT n AS secret; END; CALL p()";
    run(&engine, sql).unwrap();
    let rows = log(&engine, "statement_type, query");
    assert_eq!(rows[1], ["SELECT", "CALL p()"]);
    assert_eq!(rows.len(), 2, "neither DECLARE nor CALL is a job");
}

#[test]
fn the_latest_thousand_are_kept_and_long_texts_are_cut() {
    let engine = engine();
    run(&engine, &format!("SELECT '{}' AS x", "é".repeat(10_000))).unwrap();
    assert_eq!(
        run(&engine, "SELECT BYTE_LENGTH(query) AS n FROM INFORMATION_SCHEMA.JOBS").unwrap().ints("n"),
        [16_384]
    );
    for number in 0..1_000 {
        run(&engine, &format!("SELECT {number} AS x")).unwrap();
    }
    let kept =
        run(&engine, "SELECT COUNT(*) AS n, MIN(query) AS first FROM INFORMATION_SCHEMA.JOBS").unwrap();
    assert_eq!((kept.ints("n"), kept.texts("first")), (vec![1_000], vec!["SELECT 0 AS x".into()]));
}

#[test]
fn what_engines_before_this_one_have_run_comes_first() {
    let first = with_model();
    run(&first, PREDICT).unwrap();
    run(&first, "SELECT 1 / 0 AS x").unwrap_err();
    let before = log(&first, "*");
    // What this very look at the log was is not in it yet.
    let (seen, rows) = first.jobs_since(0).unwrap();
    assert_eq!(seen, 3);

    let second = with_model();
    second.restore_jobs(&rows).unwrap();
    let replayed = second.session().without_log(true);
    host::run_in(&replayed, "CREATE TABLE made AS SELECT 1 AS x", Params::default()).unwrap();
    assert_eq!(log(&second, "*")[..2], before);
    let (seen, later) = second.jobs_since(0).unwrap();
    assert_eq!(seen, 1);
    // Only what came since, so that a host can write it behind what it has.
    run(&second, "SELECT 2 AS x").unwrap();
    let third = engine();
    third.restore_jobs(&rows).unwrap();
    third.restore_jobs(&later).unwrap();
    third.restore_jobs(&second.jobs_since(seen).unwrap().1).unwrap();
    let queries: Vec<_> = log(&third, "query").concat();
    assert_eq!((queries.len(), queries[0].as_str(), queries[4].as_str()), (5, PREDICT, "SELECT 2 AS x"));
    let error = third.restore_jobs(b"no stream").unwrap_err();
    assert_eq!(error.code().as_str(), "invalid-arrow");
}

#[test]
fn there_are_a_thousand_with_those_of_engines_before() {
    let first = engine();
    let many = "SELECT 1 AS x;".repeat(700);
    run(&first, &many).unwrap();
    let (_, rows) = first.jobs_since(0).unwrap();
    let second = engine();
    second.restore_jobs(&rows).unwrap();
    run(&second, &many).unwrap();
    let count = "SELECT COUNT(*) AS n FROM INFORMATION_SCHEMA.JOBS";
    assert_eq!(run(&second, count).unwrap().ints("n"), [1000]);
}
