//! Statements that are run again, on another engine, at the moments at which they ran: they give what they gave.

use predictql::control::Moment;
use predictql::diag::Error;
use predictql::model::ModelOptions;
use predictql::{Engine, Params, Registration};

use crate::host::{Outcome, engine, finish, read, run};

/// 2023-11-14 22:13:20.123456 UTC, by GNU date.
const THEN: f64 = 1_700_000_000_123.456;

/// Runs a script as a host that keeps moments does: the n-th statement at the n-th one. Answers what each has given.
fn run_at(engine: &Engine, sql: &str, logs: &[Option<Vec<u8>>]) -> Result<Vec<Outcome>, Error> {
    let mut script = engine.session().without_log(!logs.is_empty()).script(sql, Params::default())?;
    let mut outcomes = Vec::new();
    for n in 0_u32.. {
        let log = logs.get(n as usize).and_then(Option::as_deref);
        script.at(Moment::new(THEN + f64::from(n), 0.25 / f64::from(n + 1)), log)?;
        let Some(query) = script.next() else { break };
        outcomes.push(finish(query?)?);
    }
    Ok(outcomes)
}

/// What a host keeps of statements, to run them again.
fn logs(outcomes: Vec<Outcome>) -> Vec<Option<Vec<u8>>> {
    outcomes.into_iter().map(|outcome| outcome.summary.log).collect()
}

fn rows(engine: &Engine, sql: &str) -> Vec<Vec<String>> {
    run(engine, sql).unwrap().text_rows()
}

/// Runs it on one engine and again on a second one, and compares what a query says of both. Answers that.
fn same(sql: &str, question: &str) -> Vec<Vec<String>> {
    let (first, second) = (engine(), engine());
    let model = read("models/iris_rf.onnx");
    for engine in [&first, &second] {
        engine.register_model("m", &model).unwrap();
    }
    run(&first, "SELECT 4711 AS x; SELECT 1 / 0 AS x").unwrap_err();
    let kept = logs(run_at(&first, sql, &[]).unwrap());
    let before = rows(&first, question);
    run_at(&second, sql, &kept).unwrap();
    assert_eq!(rows(&second, question), before, "{sql}");
    assert!(!before.is_empty(), "{sql}");
    before
}

#[test]
fn times_are_those_of_the_moment() {
    let sql = "CREATE TABLE t AS SELECT CURRENT_TIMESTAMP() AS t0, CURRENT_DATE() AS day, CURRENT_DATETIME('UTC') AS local";
    let found = same(
        sql,
        "SELECT CAST(UNIX_MICROS(t0) AS STRING) AS a, CAST(day AS STRING) AS day, CAST(local AS STRING) AS b FROM t",
    );
    assert_eq!(found, [["1700000000123456", "2023-11-14", "2023-11-14 22:13:20.123456"]]);
}

#[test]
fn chance_is_that_of_the_moment() {
    for sql in [
        "CREATE TABLE t AS SELECT RAND() AS r, GENERATE_UUID() AS u FROM UNNEST(GENERATE_ARRAY(1, 3))",
        "CREATE TABLE t AS SELECT * FROM iris TABLESAMPLE SYSTEM (10 PERCENT)",
        "CREATE TABLE t AS SELECT * FROM UNNEST(GENERATE_ARRAY(1, 1000)) AS x WHERE RAND() < 0.01",
        "DECLARE x FLOAT64 DEFAULT RAND(); CREATE TABLE t AS SELECT x AS x, RAND() AS y",
        "CREATE PROCEDURE p() BEGIN DECLARE z FLOAT64; SET z = RAND(); CREATE TABLE t AS SELECT z AS z; END; CALL p()",
        "EXECUTE IMMEDIATE 'CREATE TABLE t AS SELECT RAND() AS r'",
        "CREATE TABLE t (id INT64, r FLOAT64 DEFAULT (RAND())); INSERT INTO t (id) VALUES (1), (2); UPDATE t SET id = CAST(100 * RAND() AS INT64) WHERE TRUE",
    ] {
        same(sql, "SELECT * FROM t");
    }
    // Two statements of one time have luck of their own.
    let engine = engine();
    let one = |seed| {
        let mut script = engine.session().script("SELECT RAND() AS r", Params::default()).unwrap();
        script.at(Moment::new(THEN, seed), None).unwrap();
        finish(script.next().unwrap().unwrap()).unwrap().floats("r")
    };
    assert_ne!(one(0.1), one(0.2));
    assert_eq!(one(0.1), one(0.1));
    assert_ne!(
        run(&engine, "SELECT RAND() AS r").unwrap().floats("r"),
        run(&engine, "SELECT RAND() AS r").unwrap().floats("r")
    );
}

#[test]
fn the_id_of_the_job_before_is_the_same() {
    let sql = "CREATE TABLE runs (job_id STRING, n INT64);
         SELECT 1 AS x;
         INSERT INTO runs SELECT @@last_job_id, @@row_count;
         BEGIN SELECT missing FROM iris; EXCEPTION WHEN ERROR THEN INSERT INTO runs SELECT @@last_job_id, 2; END";
    let found = same(sql, "SELECT job_id, n FROM runs");
    assert_eq!(found.len(), 2);
    assert!(found.iter().all(|row| row[0].starts_with("job_17000000001")), "{found:?}");
    // And it is the one of the log.
    let engine = engine();
    run_at(&engine, sql, &[]).unwrap();
    let joined = "SELECT COUNT(*) AS n FROM runs JOIN INFORMATION_SCHEMA.JOBS USING (job_id)";
    assert_eq!(run(&engine, joined).unwrap().ints("n"), [2]);
}

#[test]
fn versions_and_aliases_have_the_times_of_their_moments() {
    let created = "SELECT CAST(UNIX_MILLIS(created) AS STRING) AS c FROM INFORMATION_SCHEMA.MODEL_VERSIONS ORDER BY version";
    let moved = "SELECT alias, CAST(UNIX_MILLIS(moved) AS STRING) AS m FROM INFORMATION_SCHEMA.MODEL_ALIASES ORDER BY moved";
    let sql = "CREATE OR REPLACE MODEL m OPTIONS (model_path = 'models/iris_rf.onnx');
        ALTER MODEL m ADD VERSION OPTIONS (model_path = 'models/iris_rf.onnx');
        ALTER MODEL m VERSION 3 SET ALIAS = champion; ALTER MODEL m VERSION 2 SET ALIAS = champion; ALTER MODEL m ROLLBACK ALIAS champion";
    assert_eq!(same(sql, created), [["1700000000123"], ["1700000000124"]]);
    assert_eq!(same(sql, moved).len(), 3);
    assert_eq!(same(sql, moved)[0], ["champion", "1700000000125"]);

    let engine = engine();
    let options = ModelOptions::default();
    let registration = Registration { created: Some(THEN), ..Registration::default() };
    engine.register_version("m", &read("models/iris_rf.onnx"), &[], &options, registration).unwrap();
    engine.set_model_alias_at("m", "a", 1, THEN + 7.0).unwrap();
    assert_eq!(rows(&engine, created), [["1700000000123"]]);
    assert_eq!(rows(&engine, moved), [["a", "1700000000130"]]);
}

#[test]
fn what_was_read_of_the_log_is_read_again() {
    for sql in [
        "CREATE TABLE c AS SELECT 1 / COUNT(*) AS c FROM INFORMATION_SCHEMA.JOBS WHERE query LIKE 'SELECT 4711%'",
        "CREATE VIEW v AS SELECT * FROM INFORMATION_SCHEMA.JOBS; CREATE TABLE c AS SELECT job_id, query, error_result, start_time FROM v",
        "CREATE TABLE c (n INT64); INSERT INTO c SELECT COUNT(*) FROM INFORMATION_SCHEMA.JOBS; DELETE FROM c WHERE n < (SELECT COUNT(*) FROM INFORMATION_SCHEMA.JOBS) - 1",
        "DECLARE id STRING DEFAULT (SELECT MAX(job_id) FROM INFORMATION_SCHEMA.JOBS); CREATE TABLE c AS SELECT id AS id",
        "IF (SELECT COUNT(*) FROM INFORMATION_SCHEMA.JOBS) > 1 THEN CREATE TABLE c AS SELECT 'many' AS n; ELSE CREATE TABLE c AS SELECT 'few' AS n; END IF",
        "EXECUTE IMMEDIATE 'CREATE TABLE c AS SELECT query FROM INFORMATION_SCHEMA.JOBS_BY_USER'",
    ] {
        same(sql, "SELECT * FROM c");
    }
    let engine = engine();
    run(&engine, "SELECT 4711 AS x").unwrap();
    let kept = |sql: &str| run(&engine, sql).unwrap().summary.log;
    assert_eq!(kept("SELECT * FROM INFORMATION_SCHEMA.JOBS"), None, "rows change nothing");
    assert_eq!(kept("CREATE TABLE d AS SELECT 1 AS x"), None, "it was not read");
    assert!(kept("CREATE TABLE e AS SELECT query FROM INFORMATION_SCHEMA.JOBS").is_some());
    let mut script = engine.session().script("SELECT 1 AS x", Params::default()).unwrap();
    let error = script.at(Moment::new(THEN, 0.0), Some(b"no log")).unwrap_err();
    assert_eq!(error.code().as_str(), "invalid-arrow");
}

#[test]
fn a_prepared_statement_runs_at_its_moment_and_over_the_log_of_now() {
    let engine = engine();
    let prepare =
        |sql: &str| engine.session().script(sql, Params::default()).unwrap().prepare().unwrap().unwrap();
    let insert =
        prepare("CREATE OR REPLACE TABLE t AS SELECT RAND() AS r, UNIX_MICROS(CURRENT_TIMESTAMP()) AS t0");
    let ran = || {
        finish(insert.query_at(Moment::new(THEN, 0.5), Params::default(), None, false).unwrap()).unwrap();
        rows(&engine, "SELECT r, CAST(t0 AS STRING) AS t0 FROM t")
    };
    let first = ran();
    assert_eq!(first, ran());
    assert_eq!(first[0][1], "1700000000123456");

    let count = prepare("SELECT COUNT(*) AS n FROM INFORMATION_SCHEMA.JOBS WHERE query LIKE 'SELECT 4711%'");
    let ask = || finish(count.query(Params::default(), None, false).unwrap()).unwrap().ints("n");
    assert_eq!(ask(), [0]);
    run(&engine, "SELECT 4711 AS x").unwrap();
    assert_eq!(ask(), [1]);
}
