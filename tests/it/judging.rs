//! Functions that judge models: numbers of scikit-learn, SciPy, Clarify and SHAP over the same rows and models.

use crate::host::{engine, json, run};

/// The models of `tests/fixtures/makers/judging.py`, and its rows.
const SETUP: &str = "
    CREATE EXTERNAL TABLE people OPTIONS (format = 'CSV', uris = ['tables/people.csv']);
    CREATE EXTERNAL TABLE later OPTIONS (format = 'CSV', uris = ['tables/people_later.csv']);
    CREATE MODEL judge_yes OPTIONS (model_path = 'models/judge_yes.onnx',
      input_columns = ['age', 'income', 'hours'], input_label_cols = ['yes_no']);
    CREATE MODEL judge_kind OPTIONS (model_path = 'models/judge_kind.onnx',
      input_columns = ['age', 'income', 'hours'], input_label_cols = ['kind']);
    CREATE MODEL judge_spend OPTIONS (model_path = 'models/judge_spend.onnx',
      input_columns = ['age', 'income', 'hours'], input_label_cols = ['spend']);
    CREATE EXTERNAL TABLE sums OPTIONS (format = 'CSV', uris = ['tables/sums.csv']);
    CREATE MODEL forest_two OPTIONS (model_path = 'models/forest_two.onnx',
      input_columns = ['c0', 'c1', 'c2', 'c3', 'c4', 'c5', 'c6', 'c7', 'c8', 'c9', 'c10', 'c11']);
    CREATE MODEL forest_three OPTIONS (model_path = 'models/forest_three.onnx',
      input_columns = ['c0', 'c1', 'c2', 'c3', 'c4', 'c5', 'c6', 'c7', 'c8', 'c9', 'c10', 'c11']);
    CREATE MODEL forest_value OPTIONS (model_path = 'models/forest_value.onnx',
      input_columns = ['c0', 'c1', 'c2', 'c3', 'c4', 'c5', 'c6', 'c7', 'c8', 'c9', 'c10', 'c11']);
    CREATE MODEL linear_value OPTIONS (model_path = 'models/linear_value.onnx',
      input_columns = ['c0', 'c1', 'c2', 'c3', 'c4', 'c5', 'c6', 'c7', 'c8', 'c9', 'c10', 'c11']);
    CREATE MODEL xgb_logistic OPTIONS (model_path = 'models/xgb_logistic.json');
    CREATE MODEL xgb_softprob OPTIONS (model_path = 'models/xgb_softprob.ubj', task = 'classification');
    CREATE MODEL xgb_squared OPTIONS (model_path = 'models/xgb_squared.ubj');
    CREATE EXTERNAL TABLE boosters OPTIONS (format = 'CSV', uris = ['tables/boosters.csv']);
    CREATE MODEL xgb_words OPTIONS (model_path = 'models/xgb_words.json');
    CREATE MODEL lgb_regression OPTIONS (model_path = 'models/lgb_regression.txt');
    CREATE MODEL lgb_multiclass OPTIONS (model_path = 'models/lgb_multiclass.txt', task = 'classification');
    CREATE MODEL occluded OPTIONS (model_path = 'models/occluded.onnx', labels = ['left', 'middle', 'right']);
    CREATE MODEL occluded_named OPTIONS (model_path = 'models/occluded_named.onnx');
    CREATE EXTERNAL TABLE photo OPTIONS (object_metadata = 'SIMPLE', uris = ['images/photo.png']);
";

#[test]
fn numbers_are_those_of_the_libraries() {
    let engine = engine();
    run(&engine, SETUP).unwrap();
    let expected = json("expected/judging.json");
    let mut failures = Vec::new();
    for case in expected["cases"].as_array().unwrap() {
        let sql = case["sql"].as_str().unwrap();
        let rows = case["rows"].as_array().unwrap();
        let tolerance = case["tolerance"].as_f64().unwrap_or(1e-12);
        match run(&engine, sql) {
            Ok(outcome) => {
                let found = outcome.text_rows();
                let same = found.len() == rows.len()
                    && found.iter().zip(rows).all(|(found, wanted)| is_row(found, wanted, tolerance));
                if !same {
                    let wanted: Vec<_> = rows.iter().map(ToString::to_string).collect();
                    failures.push(format!("{sql}\n{found:?}\ninstead of\n{}", wanted.join("\n")));
                }
            }
            Err(error) => failures.push(format!("{sql}\n{error} {:?}", error.first().detail)),
        }
    }
    assert!(failures.is_empty(), "{}\n\n{} cases failed", failures.join("\n\n"), failures.len());
}

/// What stands in for features that a coalition lacks is said where nobody has said it.
#[test]
fn a_background_that_nobody_named_is_a_warning() {
    let engine = engine();
    run(&engine, SETUP).unwrap();
    let warnings = |sql: &str| {
        let outcome = run(&engine, sql).unwrap();
        let messages = outcome.summary.warnings.iter().map(|warning| warning.message.clone());
        messages.collect::<Vec<_>>()
    };
    let rows = "(SELECT * FROM people WHERE id < 3)";
    let first = ["attributions are held against the first different rows of the call, at most 100"];
    assert_eq!(warnings(&format!("SELECT * FROM ML.EXPLAIN_PREDICT(MODEL judge_yes, {rows})")), first);
    assert_eq!(warnings(&format!("SELECT * FROM ML.GLOBAL_EXPLAIN(MODEL judge_spend, {rows})")), first);
    let named =
        format!("SELECT * FROM ML.EXPLAIN_PREDICT(MODEL judge_yes, {rows}, baseline => TABLE people)");
    assert!(warnings(&named).is_empty());
    run(&engine, "ALTER MODEL judge_yes SET BASELINE FROM people").unwrap();
    assert!(warnings(&format!("SELECT * FROM ML.EXPLAIN_PREDICT(MODEL judge_yes, {rows})")).is_empty());
}

pub fn is_row(found: &[String], wanted: &serde_json::Value, tolerance: f64) -> bool {
    let wanted = wanted.as_array().unwrap();
    found.len() == wanted.len()
        && found.iter().zip(wanted).all(|(found, wanted)| is_value(found, wanted, tolerance))
}

/// Numbers agree where their difference is small beside them, or beside 1 where they are near 0.
fn is_value(found: &str, wanted: &serde_json::Value, tolerance: f64) -> bool {
    match wanted {
        serde_json::Value::Null => found == "NULL",
        serde_json::Value::String(text) => found == text,
        serde_json::Value::Bool(truth) => found == truth.to_string(),
        wanted => {
            let (Ok(found), wanted) = (found.parse::<f64>(), wanted.as_f64().unwrap()) else { return false };
            (found - wanted).abs() <= tolerance * wanted.abs().max(1e-3)
        }
    }
}

#[test]
fn statistics_are_those_of_tensorflow_data_validation() {
    let engine = engine();
    let outcome = run(
        &engine,
        "CREATE EXTERNAL TABLE penguins OPTIONS (format = 'CSV', uris = ['tables/penguins.csv']);
         SELECT dataset_feature_statistics_list AS j FROM ML.TFDV_DESCRIBE((SELECT bill_length_mm, year, sex FROM penguins),
           STRUCT(7 AS num_histogram_buckets, 5 AS num_quantiles_histogram_buckets))",
    )
    .unwrap();
    assert_eq!(outcome.names(), ["j"]);
    let found: serde_json::Value = serde_json::from_str(&outcome.text_rows()[0][0]).unwrap();
    agrees(&found, &json("expected/tfdv.json"), "");
}

/// Whether a document holds all that is wanted.
fn agrees(found: &serde_json::Value, wanted: &serde_json::Value, path: &str) {
    match wanted {
        serde_json::Value::Object(fields) => {
            fields.iter().for_each(|(name, wanted)| agrees(&found[name], wanted, &format!("{path}.{name}")));
        }
        serde_json::Value::Array(items) => {
            assert_eq!(found.as_array().unwrap().len(), items.len(), "{path}");
            for (at, wanted) in items.iter().enumerate() {
                agrees(&found[at], wanted, &format!("{path}[{at}]"));
            }
        }
        serde_json::Value::Number(wanted) => {
            let (found, wanted) = (found.as_f64().unwrap(), wanted.as_f64().unwrap());
            assert!((found - wanted).abs() <= 1e-12 * wanted.abs(), "{path}: {found} instead of {wanted}");
        }
        other => assert_eq!(found, other, "{path}"),
    }
}
