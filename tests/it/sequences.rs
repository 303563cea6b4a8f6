//! Networks that read sequences: rows of any lengths, in any order, give onnxruntime's numbers, and no length needs a plan.

use predictql::{Engine, Params};
use serde_json::Value;

use crate::host::{json, read, run_in};

/// Predicts the rows in this order, so many at a time, and compares all numbers.
fn compare(engine: &Engine, rows: &[(usize, &Value)], batch_rows: usize) {
    let structs: Vec<String> = rows
        .iter()
        .enumerate()
        .map(|(place, (_, row))| {
            let mask = row.get("mask").map_or_else(String::new, |mask| format!(", {} AS mask", mask));
            format!("STRUCT({place} AS place, {} AS ids{mask})", row["ids"])
        })
        .collect();
    let session = engine.session().with_batch_rows(batch_rows);
    let sql = format!(
        "SELECT y.values AS y FROM ML.PREDICT(MODEL m, (SELECT * FROM UNNEST([{}]))) ORDER BY place",
        structs.join(", ")
    );
    let found = run_in(&session, &sql, Params::default()).unwrap().float_lists("y");
    assert_eq!(found.len(), rows.len());
    for (found, (nth, row)) in found.iter().zip(rows) {
        let expected = row["y"].as_array().unwrap();
        assert_eq!(found.len(), expected.len());
        for (found, expected) in found.iter().zip(expected) {
            let expected = expected.as_f64().unwrap();
            let is_close = (found - expected).abs() <= 2e-5 * expected.abs().max(1.0);
            assert!(is_close, "row {nth}: {found} instead of {expected}, {batch_rows} rows a batch");
        }
    }
}

#[test]
fn every_length_in_every_order_gives_the_same_numbers() {
    for name in ["sequences_encoder", "sequences_decoder"] {
        let (engine, bytes) = (Engine::default(), read(&format!("models/{name}.onnx")));
        engine.register_model("m", &bytes).unwrap();
        let expected = json(&format!("expected/{name}.json"));
        let rows: Vec<(usize, &Value)> = expected["rows"].as_array().unwrap().iter().enumerate().collect();
        let mut others = rows.clone();
        others.sort_by_key(|(_, row)| row["ids"].as_array().unwrap().len());
        for batch_rows in [8192, 2, 1, 8192] {
            compare(&engine, &rows, batch_rows);
            compare(&engine, &others, batch_rows);
        }
    }
}
