//! Models predict the same with any number of threads.

use std::thread;

use arrow_array::ArrayRef;
use predictql::Engine;

use crate::host;

/// Models with work enough to share, the list that each takes, how long it is, and rows.
const MODELS: [(&str, &str, usize, usize); 3] = [
    ("threads_picture", "colour", 3, 3),
    ("threads_rows", "features", 16, 5_000),
    ("forest_100_trees", "features", 20, 3_000),
];

/// All columns of the predictions.
fn predicted((model, input, width, rows): (&str, &str, usize, usize)) -> Vec<ArrayRef> {
    let engine = Engine::default();
    let bytes = host::read(&format!("models/{model}.onnx"));
    engine.register_model("m", &bytes).unwrap();
    let numbers: Vec<String> = (1..=width).map(|nth| format!("SIN(n * {nth})")).collect();
    let sql = format!(
        "SELECT * FROM ML.PREDICT(MODEL m, (SELECT [{}] AS {input} FROM UNNEST(GENERATE_ARRAY(1, {rows})) AS n))",
        numbers.join(", ")
    );
    let outcome = host::run(&engine, &sql).unwrap();
    assert_eq!(outcome.rows(), rows);
    outcome.batches.iter().flat_map(|batch| batch.columns().to_vec()).collect()
}

#[test]
fn predictions_have_the_same_bits_with_any_number_of_threads() {
    let alone = MODELS.map(predicted);
    for threads in 2..=4 {
        thread::spawn(|| crew::help());
        while crew::threads() < threads {
            thread::yield_now();
        }
        for (model, alone) in MODELS.into_iter().zip(&alone) {
            assert!(predicted(model) == *alone, "{} on {threads} threads", model.0);
        }
    }
}
