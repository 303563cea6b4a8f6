//! States that a row hands to the next: onnxruntime's numbers, which was given the states of each step for the one behind it
//! (`tests/fixtures/makers/rows.py`).

use predictql::{Engine, Params};
use serde_json::Value;

use crate::host::{engine, finish, json, read, run, run_in};

const STATES: &str = "STRUCT('h' AS state_in, 'hn' AS state_out)";

fn load(name: &str) -> Engine {
    let engine = engine();
    engine.register_model("m", &read(&format!("models/{name}.onnx"))).unwrap();
    engine
}

fn vectors(list: &Value) -> Vec<Vec<f64>> {
    serde_json::from_value(list.clone()).unwrap()
}

/// The steps as rows, in any order, with `more` columns.
fn steps(expected: &Value, more: &str) -> String {
    let rows = (0..)
        .zip(vectors(&expected["x"]))
        .map(|(step, x): (i64, _)| format!("STRUCT({step} AS step, {x:?} AS x)"));
    let rows: Vec<String> = rows.collect();
    format!("SELECT *{more} FROM UNNEST([{}])", rows.into_iter().rev().collect::<Vec<_>>().join(", "))
}

fn assert_near(found: &[Vec<f64>], wanted: &[Vec<f64>]) {
    assert_eq!(found.len(), wanted.len());
    for (found, wanted) in found.iter().flatten().zip(wanted.iter().flatten()) {
        assert!((found - wanted).abs() <= 1e-6, "{found} instead of {wanted}");
    }
}

#[test]
fn a_row_hands_its_state_to_the_next() {
    let (engine, expected) = (load("handed"), json("expected/handed.json"));
    let sql =
        |rows: &str| format!("SELECT step, y FROM ML.PREDICT(MODEL m, ({rows} ORDER BY step), {STATES})");
    for rows in [1, 2, 1000] {
        let session = engine.session().with_batch_rows(rows);
        let found = run_in(&session, &sql(&steps(&expected, "")), Params::default()).unwrap();
        assert_eq!(found.ints("step"), [0, 1, 2, 3, 4]);
        assert_near(&found.float_lists("y"), &vectors(&expected["from_zeros"]));
    }
    // A column of the rows is the state before the first of them.
    let start: Vec<f64> = serde_json::from_value(expected["start"].clone()).unwrap();
    let with_start = steps(&expected, &format!(", {start:?} AS h"));
    let found = run(&engine, &sql(&with_start)).unwrap();
    assert_near(&found.float_lists("y"), &vectors(&expected["from_start"]));
    // Without the settings every row begins anew.
    let apart = format!(
        "SELECT y FROM ML.PREDICT(MODEL m, ({} ORDER BY step))",
        steps(&expected, &format!(", {start:?} AS h"))
    );
    let apart = run(&engine, &apart).unwrap().float_lists("y");
    assert_near(&apart[..1], &vectors(&expected["from_start"])[..1]);
    assert!((apart[1][0] - vectors(&expected["from_start"])[1][0]).abs() > 1e-3);
}

#[test]
fn a_statement_that_runs_again_begins_anew() {
    let (engine, expected) = (load("handed"), json("expected/handed.json"));
    let sql =
        format!("SELECT y FROM ML.PREDICT(MODEL m, ({} ORDER BY step), {STATES})", steps(&expected, ""));
    let prepared = engine.session().script(&sql, Params::default()).unwrap().prepare().unwrap().unwrap();
    for _ in 0..3 {
        let query = prepared.query(Params::default(), None, false).unwrap();
        let found = finish(query).unwrap();
        assert_near(&found.float_lists("y"), &vectors(&expected["from_zeros"]));
    }
}

/// What the row that fails would have handed on stays away.
#[test]
fn a_row_that_is_forgiven_changes_no_state() {
    let (engine, expected) = (load("handed"), json("expected/handed.json"));
    let rows = steps(&expected, "").replace("SELECT *", "SELECT step, IF(step = 2, NULL, x) AS x");
    let sql = format!("SELECT step, y FROM SAFE.ML.PREDICT(MODEL m, ({rows} ORDER BY step), {STATES})");
    let found = run(&engine, &sql).unwrap();
    let without = sql.replace(&rows, &(steps(&expected, "") + " WHERE step != 2"));
    let without = run(&engine, &without).unwrap();
    let kept: Vec<Vec<String>> = found.text_rows().into_iter().filter(|row| row[0] != "2").collect();
    assert_eq!(kept, without.text_rows());
    assert_eq!(found.text_rows()[2][1], "NULL");
    assert_near(&without.float_lists("y")[..2], &vectors(&expected["from_zeros"])[..2]);
}

/// Sums of all that came before: the state is one step longer in each row.
#[test]
fn a_state_may_grow() {
    let engine = load("handed_list");
    let rows = "SELECT step, x, STRUCT([1, 1] AS dimensions, [10.0] AS values) AS seen FROM UNNEST([1.0, 2.0, 3.5]) AS x WITH OFFSET AS step";
    let sql = format!(
        "SELECT `sum` FROM ML.PREDICT(MODEL m, ({rows} ORDER BY step), STRUCT('seen' AS state_in, 'seen_now' AS state_out))"
    );
    assert_eq!(run(&engine, &sql).unwrap().floats("sum"), [11.0, 13.0, 16.5]);
    let error =
        run(&engine, &sql.replace("STRUCT([1, 1] AS dimensions, [10.0] AS values) AS seen", "0 AS n"))
            .unwrap_err();
    assert_eq!(error.code().as_str(), "missing-input");
}

#[test]
fn states_that_there_are_not_are_refused() {
    let (engine, expected) = (load("handed"), json("expected/handed.json"));
    for (settings, words) in [
        ("'g' AS state_in, 'hn' AS state_out", "`state_in` names `g`, which is no input of the model"),
        ("'h' AS state_in, 'hm' AS state_out", "`state_out` names `hm`, which is no output of the model"),
        (
            "'h' AS state_in, 'y' AS state_out",
            "output `y` of F32 [1, 2] does not fit input `h` of F32 [2, 1, 2]",
        ),
        ("'h' AS state_in", "`state_in` names 1 inputs and `state_out` 0 outputs"),
        ("7 AS state_in, 'hn' AS state_out", "`state_in` takes a name or a list of names, found 7"),
    ] {
        let sql =
            format!("SELECT y FROM ML.PREDICT(MODEL m, ({}), STRUCT({settings}))", steps(&expected, ""));
        let error = run(&engine, &sql).unwrap_err();
        assert_eq!(error.code().as_str(), "invalid-option");
        assert!(error.to_string().contains(words), "{error}");
    }
}
