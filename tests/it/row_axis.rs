//! Which axis of a model's inputs counts rows: the model tells, or the option `batch_axis` does. What models that need no
//! option predict is in `agreement`.

use predictql::Engine;
use predictql::data::{DataType, Scalar, StructField};
use predictql::model::{Model, ModelOptions};
use predictql::{Limits, Params};

use crate::agreement;
use crate::host::{fixtures, json, read, run_in};

fn batch_axis(value: Scalar) -> ModelOptions {
    let mut options = ModelOptions::default();
    options.set("batch_axis", &value).unwrap();
    options
}

fn for_input(name: &str, axis: i64) -> ModelOptions {
    let field = StructField { name: name.into(), data_type: DataType::Int64 };
    batch_axis(Scalar::Struct(vec![field], vec![Scalar::Int64(axis)]))
}

fn load(model: &str, options: &ModelOptions) -> Result<Model, String> {
    let bytes = read(&format!("models/{model}.onnx"));
    Model::load_with(&bytes, options, &Limits::default()).map_err(|error| error.to_string())
}

fn numbers(value: &serde_json::Value) -> Vec<f64> {
    value["data"].as_array().unwrap().iter().map(|number| number.as_f64().unwrap()).collect()
}

/// Predicts with `model`, in batches of several sizes, and compares `y` with onnxruntime's numbers.
fn compare(engine: &Engine, rows: &str, wanted: &[f64]) {
    for batch_rows in [8192, 8192, 2, 1] {
        let session = engine.session().with_batch_rows(batch_rows);
        let sql = format!("SELECT y FROM ML.PREDICT(MODEL m, (SELECT * FROM {rows})) ORDER BY row");
        let outcome = run_in(&session, &sql, Params::default()).unwrap();
        let found = match &outcome.schema.as_ref().unwrap().fields[0].data_type {
            DataType::Float64 => outcome.floats("y"),
            _ => outcome.float_lists("y").concat(),
        };
        assert_eq!(found.len(), wanted.len());
        for (found, wanted) in found.iter().zip(wanted) {
            assert!((found - wanted).abs() <= 1e-5, "{found} instead of {wanted}, {batch_rows} rows a batch");
        }
    }
}

#[test]
fn the_option_says_it_where_the_model_does_not() {
    let error = load("unclear_rows", &ModelOptions::default()).unwrap_err();
    assert!(error.contains("batch_axis = STRUCT(1 AS `x`)"), "{error}");
    let model = fixtures().join("models/unclear_rows.onnx");
    for options in [batch_axis(Scalar::Int64(1)), for_input("X", 1)] {
        agreement::check(&model, &json("expected/unclear_rows.json"), &options).unwrap();
    }
    let error = load("unclear_rows", &batch_axis(Scalar::Int64(3))).unwrap_err();
    assert!(error.starts_with("[invalid-option]") && error.contains("which has 3 dimensions"), "{error}");
}

#[test]
fn vectors_are_the_features_of_one_row_unless_the_option_counts_them() {
    let model = load("vectors", &ModelOptions::default()).unwrap();
    assert_eq!(model.signature().inputs[0].data_type.to_string(), "ARRAY<FLOAT64>");
    let engine = Engine::default();
    engine
        .register_model_with("m", &read("models/vectors.onnx"), &[], &batch_axis(Scalar::Int64(0)))
        .unwrap();
    let expected = json("expected/vectors.json");
    let (a, b) = (numbers(&expected["inputs"]["a"]), numbers(&expected["inputs"]["b"]));
    let row = |row: usize| format!("STRUCT({row} AS row, {} AS a, {} AS b)", a[row], b[row]);
    let rows = format!("UNNEST([{}, {}, {}])", row(0), row(1), row(2));
    compare(&engine, &rows, &numbers(&expected["onnxruntime"]["y"]));
}

/// Of a fixed length, or of a free one whose name is not that of the rows: `[k]` beside `[n, k]`.
#[test]
fn an_input_without_the_rows_is_a_parameter() {
    for name in ["parameter", "free_parameter"] {
        let engine = Engine::default();
        engine.register_model("m", &read(&format!("models/{name}.onnx"))).unwrap();
        let expected = json(&format!("expected/{name}.json"));
        let scale = numbers(&expected["inputs"]["scale"]);
        let x = numbers(&expected["inputs"]["x"]);
        let row = |(row, x): (usize, &[f64])| format!("STRUCT({row} AS row, {x:?} AS x, {scale:?} AS scale)");
        let rows: Vec<String> = x.chunks(3).enumerate().map(row).collect();
        compare(&engine, &format!("UNNEST([{}])", rows.join(", ")), &numbers(&expected["onnxruntime"]["y"]));
    }
}

#[test]
fn an_option_that_cannot_hold_is_refused() {
    // The rows are those of the free axis of `x`; no axis of `scale` can count them.
    let error = load("parameter", &for_input("scale", 0)).unwrap_err();
    assert!(error.starts_with("[invalid-option]") && error.contains("`scale`"), "{error}");
    let error = load("parameter", &for_input("scael", 0)).unwrap_err();
    assert!(error.starts_with("[invalid-option]") && error.contains("did you mean `scale`?"), "{error}");
}

#[test]
fn a_loaded_model_keeps_its_axis() {
    let model = load("batch_second", &ModelOptions::default()).unwrap();
    let error = model.with_options(&batch_axis(Scalar::Int64(0))).unwrap_err().to_string();
    assert!(error.starts_with("[invalid-option]") && error.contains("CREATE OR REPLACE MODEL"), "{error}");
    let same = load("batch_second", &batch_axis(Scalar::Int64(1))).unwrap();
    assert!(same.with_options(&batch_axis(Scalar::Int64(1))).is_ok());
}

/// Inputs with an initial value: with each of them given and not.
#[cfg(feature = "full")]
#[test]
fn what_the_file_has_a_value_for_may_be_given() {
    for name in ["optional", "optional_einsum"] {
        let model = load(name, &ModelOptions::default()).unwrap();
        let required: Vec<bool> = model.signature().inputs.iter().map(|port| port.required).collect();
        assert_eq!(required, [true, false, false, false, false], "{name}");
        let path = fixtures().join(format!("models/{name}.onnx"));
        for case in json(&format!("expected/{name}.json"))["cases"].as_array().unwrap() {
            agreement::check(&path, case, &ModelOptions::default()).unwrap_or_else(|what| {
                panic!("{name}, given {:?}: {what}", case["inputs"].as_object().unwrap().keys())
            });
        }
    }
}

/// The one direction in front of the rows is no dimension of a row.
#[cfg(feature = "full")]
#[test]
fn a_state_of_one_layer_is_a_list() {
    let model = load("state", &ModelOptions::default()).unwrap();
    assert_eq!(model.signature().outputs[0].data_type.to_string(), "ARRAY<FLOAT64>");
}

/// `last` of the scan, `mean` over the rows: nothing of them belongs to a row, the other outputs do.
#[test]
fn an_output_of_all_rows_together_is_refused_where_there_are_several() {
    let engine = Engine::default();
    engine.register_model("m", &read("models/whole_batch.onnx")).unwrap();
    let rows = |rows: &str| format!("(SELECT x FROM UNNEST([{rows}]))");
    let ask = |what: &str, given: &str| {
        run_in(
            &engine.session(),
            &format!("SELECT {what} FROM ML.PREDICT(MODEL m, {given})"),
            Params::default(),
        )
    };
    let (one, two) =
        (rows("STRUCT([1.0, 3.0] AS x)"), rows("STRUCT([1.0, 3.0] AS x), STRUCT([5.0, 7.0] AS x)"));
    assert_eq!(ask("doubled", &two).unwrap().float_lists("doubled"), [[2.0, 6.0], [10.0, 14.0]]);
    assert_eq!(ask("mean", &one).unwrap().floats("mean"), [2.0]);
    let error = ask("mean", &two).unwrap_err().to_string();
    assert!(
        error.starts_with("[model-failed]") && error.contains("leave `mean` out of the SELECT list"),
        "{error}"
    );
}
