//! Rows that fail and the others that go on, where a host asks for that.

use arrow_array::cast::AsArray;
use predictql::Params;

use crate::host::{Outcome, engine, read, run_in};

/// What was told of rows that failed.
fn told(outcome: &Outcome) -> Vec<&str> {
    let warnings = outcome.summary.warnings.iter();
    warnings.filter(|it| it.code.as_str() == "failed-row").map(|it| it.message.as_str()).collect()
}

#[test]
fn a_row_that_the_model_fails_on_has_null_for_its_prediction() {
    let engine = engine();
    engine.register_model("m", &read("models/iris_rf.onnx")).unwrap();
    // The first flower of each species, as scikit-learn predicts it; between them two that lack a value.
    let flowers = [Some("5.1"), None, Some("7.0"), None, Some("6.3")].map(|length| length.unwrap_or("NULL"));
    let rest = ["3.5, 1.4, 0.2", "3.5, 1.4, 0.2", "3.2, 4.7, 1.4", "3.2, 4.7, 1.4", "3.3, 6.0, 2.5"];
    let rows: Vec<_> = (1..).zip(flowers.iter().zip(rest)).collect();
    let rows: Vec<_> = rows.iter().map(|(n, (length, rest))| format!("({n}, {length}, {rest})")).collect();
    let sql = format!(
        "SELECT n, IFNULL(label, -1) AS label FROM ML.PREDICT(MODEL m, (
           SELECT r.* FROM UNNEST([STRUCT<n INT64, sepal_length FLOAT64, sepal_width FLOAT64, petal_length FLOAT64,
           petal_width FLOAT64> {}]) AS r)) ORDER BY n",
        rows.join(", ")
    );
    for rows in [1, 2, 100] {
        let session = engine.session().with_batch_rows(rows);
        let failed = run_in(&session, &sql, Params::default()).unwrap_err();
        assert_eq!(failed.code().as_str(), "null-input", "{rows}");
        let session = session.with_failed_rows_as_null(true);
        let outcome = run_in(&session, &sql, Params::default()).unwrap();
        assert_eq!(outcome.ints("label"), [0, -1, 1, -1, 2], "{rows}");
        let told = told(&outcome);
        assert_eq!(told.len(), 2, "{told:?}");
        assert!(told[0].starts_with("row 2: ") && told[0].contains("`sepal_length`"), "{told:?}");
        assert!(told[1].starts_with("row 4: "), "{told:?}");
    }
}

#[test]
fn a_picture_that_is_none_is_named_and_gives_null_through_the_whole_chain() {
    let engine = engine();
    let sql = "CREATE EXTERNAL TABLE photos OPTIONS (object_metadata = 'SIMPLE',
                 uris = ['images/gray.png', 'models/iris_rf.onnx', 'images/baseline.jpg']);
               SELECT uri, ML.RESIZE_IMAGE(ML.DECODE_IMAGE(data), 4, 4, FALSE) IS NULL AS failed
               FROM photos WHERE size > 0 ORDER BY uri";
    let session = engine.session();
    assert!(run_in(&session, sql, Params::default()).is_err());
    let again = sql.replace("CREATE EXTERNAL TABLE", "CREATE OR REPLACE EXTERNAL TABLE");
    for rows in [1, 3] {
        let session = session.clone().with_batch_rows(rows).with_failed_rows_as_null(true);
        let outcome = run_in(&session, &again, Params::default()).unwrap();
        assert_eq!(outcome.texts("uri"), ["images/baseline.jpg", "images/gray.png", "models/iris_rf.onnx"]);
        let failed: Vec<_> =
            outcome.column("failed").iter().flat_map(|it| it.as_boolean().iter().flatten()).collect();
        assert_eq!(failed, [false, false, true]);
        let told = told(&outcome);
        assert_eq!(told.len(), 1, "{told:?}");
        assert!(told[0].starts_with("`models/iris_rf.onnx`: "), "{told:?}");
    }
}

#[test]
fn many_rows_that_fail_are_counted() {
    let engine = engine();
    let session = engine.session().with_failed_rows_as_null(true);
    engine.register_model("m", &read("models/iris_rf.onnx")).unwrap();
    let sql = "SELECT COUNT(*) AS n, COUNT(label) AS predicted FROM ML.PREDICT(MODEL m, (SELECT
                 IF(MOD(n, 2) = 0, NULL, 5.0) AS sepal_length, 3.5 AS sepal_width, 1.4 AS petal_length,
                 0.2 AS petal_width FROM UNNEST(GENERATE_ARRAY(1, 100)) AS n))";
    let outcome = run_in(&session, sql, Params::default()).unwrap();
    assert_eq!((outcome.ints("n"), outcome.ints("predicted")), (vec![100], vec![50]));
    let told = told(&outcome);
    assert_eq!(told.len(), 21);
    assert_eq!(told[20], "30 more rows failed: 50 in all");
}
