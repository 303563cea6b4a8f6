//! The engine inside a browser's worker, where it lives: SIMD kernels, 32-bit sizes, no clock of its own.
#![cfg(target_family = "wasm")]
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    unreachable_pub,
    reason = "a test that panics has failed, and this is no library"
)]

#[path = "conformance/tensor.rs"]
mod tensor;

use arrow_array::cast::AsArray;
use arrow_array::types::{Float64Type, Int64Type};
use messages::ModelProto;
use predictql::model::TensorModel;
use predictql::table::CsvOptions;
use predictql::{Dialect, Engine, Limits, Params, Session, Step, data::Batch};
use prost::Message;
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};

wasm_bindgen_test_configure!(run_in_dedicated_worker);

const IRIS: &[u8] = include_bytes!("fixtures/tables/iris.csv");
const FOREST: &[u8] = include_bytes!("fixtures/models/iris_rf.onnx");
const ANSWERS: &str = include_str!("fixtures/expected/iris_rf.json");

fn rows(engine: &Engine, sql: &str) -> Vec<Batch> {
    run(&engine.session(), sql)
}

fn run(session: &Session, sql: &str) -> Vec<Batch> {
    let mut query = session.script(sql, Params::default()).unwrap().next().unwrap().unwrap();
    let mut batches = Vec::new();
    loop {
        match query.step().unwrap() {
            Step::Batch(batch) => batches.push(batch),
            Step::Progress(_) => {}
            Step::Need(requests) => panic!("nothing lies outside: {requests:?}"),
            Step::Done(_) => return batches,
        }
    }
}

#[wasm_bindgen_test]
fn iris_is_predicted_as_by_onnxruntime() {
    let engine = Engine::new(Limits::default(), || 0.0);
    engine.register_csv("iris", IRIS, &CsvOptions::default()).unwrap();
    engine.register_model("forest", FOREST).unwrap();
    let batches = rows(&engine, "SELECT label, probabilities FROM ML.PREDICT(MODEL forest, TABLE iris)");
    let answers: serde_json::Value = serde_json::from_str(ANSWERS).unwrap();
    let numbers = |name: &str| answers["onnxruntime"][name]["data"].as_array().unwrap().clone();
    let labels: Vec<i64> = batches
        .iter()
        .flat_map(|batch| batch.columns().first().unwrap().as_primitive::<Int64Type>().values().to_vec())
        .collect();
    assert_eq!(labels, numbers("label").iter().map(|it| it.as_i64().unwrap()).collect::<Vec<_>>());
    let probabilities: Vec<f64> = batches
        .iter()
        .flat_map(|batch| {
            let lists = batch.columns().get(1).unwrap().as_list::<i32>().clone();
            lists.values().as_primitive::<Float64Type>().values().to_vec()
        })
        .collect();
    let wanted = numbers("probabilities");
    assert_eq!(probabilities.len(), wanted.len());
    for (found, wanted) in probabilities.iter().zip(&wanted) {
        assert!((found - wanted.as_f64().unwrap()).abs() < 1e-5, "{found} instead of {wanted}");
    }
}

/// The means of petal length are those of Fisher's table: 4.260 and 5.552.
#[wasm_bindgen_test]
fn texts_are_searched_and_rows_grouped() {
    let engine = Engine::default();
    engine.register_csv("iris", IRIS, &CsvOptions::default()).unwrap();
    let sql = "SELECT UPPER(species) AS name, ROUND(AVG(petal_length), 3) AS mean, COUNT(*) AS n
               FROM iris WHERE REGEXP_CONTAINS(species, '^v') GROUP BY species ORDER BY mean DESC";
    let batch = rows(&engine, sql).remove(0);
    let names: Vec<_> = batch.columns()[0].as_string::<i32>().iter().flatten().collect();
    assert_eq!(names, ["VIRGINICA", "VERSICOLOR"]);
    assert_eq!(batch.columns()[1].as_primitive::<Float64Type>().values(), &[5.552, 4.26]);
    assert_eq!(batch.columns()[2].as_primitive::<Int64Type>().values(), &[50, 50]);
}

#[wasm_bindgen_test]
fn t_sql_runs_where_it_is_asked_for() {
    let session = Engine::default().session().with_dialect(Dialect::TSql);
    let batch =
        run(&session, "SELECT TOP (1) [x] + CONVERT(int, '41') AS [sum] FROM (SELECT 1 AS x) AS t").remove(0);
    assert_eq!(batch.columns()[0].as_primitive::<Int64Type>().value(0), 42);
}

/// Every fifth value is missing, and goes its own way in the trees.
#[wasm_bindgen_test]
fn a_booster_is_predicted_as_by_xgboost() {
    predictql::start();
    let engine = Engine::default();
    engine
        .register_csv("asked", include_bytes!("fixtures/tables/boosters.csv"), &CsvOptions::default())
        .unwrap();
    engine.register_model("booster", include_bytes!("fixtures/models/xgb_logistic.json")).unwrap();
    let answers: serde_json::Value =
        serde_json::from_str(include_str!("fixtures/expected/boosters.json")).unwrap();
    let wanted = answers["xgb_logistic.json"].as_array().unwrap();
    let batches = rows(&engine, "SELECT * FROM ML.PREDICT(MODEL booster, TABLE asked)");
    let found: Vec<f64> = batches
        .iter()
        .flat_map(|batch| batch.columns()[0].as_primitive::<Float64Type>().values().to_vec())
        .collect();
    assert_eq!(found.len(), wanted.len());
    for (found, wanted) in found.iter().zip(wanted) {
        assert!((found - wanted.as_f64().unwrap()).abs() < 1e-5, "{found} instead of {wanted}");
    }
}

/// A browser's stack is smaller than a native one.
#[wasm_bindgen_test]
fn the_deepest_statements_run() {
    let engine = Engine::default();
    let sum = format!("SELECT {}1 AS total", "1 + ".repeat(500));
    let batch = rows(&engine, &sum).remove(0);
    assert_eq!(batch.columns().first().unwrap().as_primitive::<Int64Type>().value(0), 501);
    let nested = format!("SELECT {}1{} AS one", "(".repeat(98), ")".repeat(98));
    assert_eq!(rows(&engine, &nested).len(), 1);
}

#[wasm_bindgen_test]
fn pictures_are_resized() {
    let white = "STRUCT([1, 2, 3] AS shape, [1.0, 1.0, 1.0, 1.0, 1.0, 1.0] AS data)";
    let sql = format!(
        "SELECT p.shape[OFFSET(1)] AS width, p.data[OFFSET(11)] AS value
         FROM (SELECT ML.RESIZE_IMAGE({white}, 1, 4, FALSE) AS p)"
    );
    let batch = rows(&Engine::default(), &sql).remove(0);
    assert_eq!(batch.columns().first().unwrap().as_primitive::<Int64Type>().value(0), 4);
    assert_eq!(batch.columns().get(1).unwrap().as_primitive::<Float64Type>().value(0), 1.0);
}

/// One or two cases of each suite of `cargo xtask conformance`, and one of onnxruntime's own operators.
#[wasm_bindgen_test]
fn operators_give_the_expected_tensors() {
    predictql::start();
    /// Name, model, inputs and output.
    type Case = (&'static str, &'static [u8], &'static [&'static [u8]], &'static [u8]);
    macro_rules! case {
        ($name:literal $(, $input:literal)*) => {
            (
                $name,
                include_bytes!(concat!("fixtures/operators/", $name, "/model.onnx")),
                &[$(include_bytes!(concat!("fixtures/operators/", $name, "/", $input))),*],
                include_bytes!(concat!("fixtures/operators/", $name, "/output_0.pb")),
            )
        };
    }
    let cases: [Case; 7] = [
        case!("microsoft_qgemm", "input_0.pb"),
        case!("onnx_Conv2d", "input_0.pb"),
        case!("onnx_ai_onnx_ml_tree_ensemble_set_membership", "input_0.pb"),
        case!("onnx_operator_convtranspose", "input_0.pb"),
        case!("onnx_sce_mean", "input_0.pb", "input_1.pb"),
        case!("onnx_sequence_model2", "input_0.pb", "input_1.pb", "input_2.pb"),
        case!("onnx_light_squeezenet"),
    ];
    for (name, model, inputs, output) in cases {
        let mut inputs: Vec<Vec<u8>> = inputs.iter().map(|input| input.to_vec()).collect();
        if inputs.is_empty() {
            let graph = ModelProto::decode(model).unwrap().graph.unwrap();
            inputs = tensor::ramps(&graph);
        }
        let found = TensorModel::load(model, &inputs, &Limits::default()).and_then(|model| model.run());
        assert_eq!(tensor::difference(&found.unwrap(), &[output.to_vec()], false), None, "{name}");
    }
}
