//! What models on tables take natively, without a browser: `cargo bench --bench tables -- target/bench`.
//!
//! The folder holds the models that `cargo xtask bench` trains, and the rows that they are asked about.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a program that stops at the first surprise, and this is no library"
)]

use std::path::PathBuf;
use std::sync::{Arc, OnceLock};
use std::time::Instant;
use std::{env, fs};

use arrow_array::{ArrayRef, Float32Array, RecordBatch};
use arrow_ipc::writer::StreamWriter;
use predictql::control::Stage;
use predictql::{Engine, Limits, Step, Summary};

const FEATURES: usize = 20;

fn main() {
    let folder = PathBuf::from(env::args().nth(1).expect("usage: tables <folder of models and rows>"));
    let engine = Engine::new(Limits::default(), milliseconds);
    let rows = |name: &str| -> Vec<f32> {
        let rows = fs::read(folder.join(name)).expect("the rows can be read");
        rows.as_chunks().0.iter().copied().map(f32::from_le_bytes).collect()
    };
    let (plain, kinds) = (rows("rows.f32"), rows("kinds.f32"));
    println!("milliseconds, median of the query and of the model in it");
    for model in ["forest", "boosting", "thousand", "kinds", "logistic", "linear", "svm", "knn", "mlp"] {
        let rows = if model == "kinds" { &kinds } else { &plain };
        let output = if model == "linear" { "variable" } else { "label" };
        let bytes = fs::read(folder.join(format!("{model}.onnx"))).expect("the model can be read");
        engine.register_model(model, &bytes).expect("the model loads");
        for count in [1, 100, 10_000] {
            engine.register_arrow("asked", &table(rows, count)).expect("the table is read");
            let names: Vec<String> = (0..FEATURES).map(|at| format!("x{at}")).collect();
            let sql = format!(
                "SELECT {output} FROM ML.PREDICT(MODEL {model}, (SELECT [{}] AS features FROM asked))",
                names.join(", ")
            );
            let rounds = if count > 1_000 { 15 } else { 200 };
            let mut times: Vec<(f64, f64)> = (0..rounds).map(|_| run(&engine, &sql)).collect();
            let mut median = |of: fn(&(f64, f64)) -> f64| {
                times.sort_by(|left, right| of(left).total_cmp(&of(right)));
                of(&times[times.len() / 2])
            };
            println!("{model:10} {count:6} rows {:9.3} {:9.3}", median(|it| it.0), median(|it| it.1));
        }
    }
}

fn milliseconds() -> f64 {
    static START: OnceLock<Instant> = OnceLock::new();
    START.get_or_init(Instant::now).elapsed().as_secs_f64() * 1e3
}

/// The first `count` of `rows`, a column for each feature.
fn table(rows: &[f32], count: usize) -> Vec<u8> {
    let columns = (0..FEATURES).map(|at| {
        let values = rows.iter().skip(at).step_by(FEATURES).take(count).copied();
        (format!("x{at}"), Arc::new(Float32Array::from_iter_values(values)) as ArrayRef)
    });
    let batch = RecordBatch::try_from_iter(columns).expect("the columns have one length");
    let mut writer = StreamWriter::try_new(Vec::new(), &batch.schema()).expect("the schema is written");
    writer.write(&batch).expect("the rows are written");
    writer.into_inner().expect("the stream ends")
}

/// Milliseconds of the query, and of the model in it.
fn run(engine: &Engine, sql: &str) -> (f64, f64) {
    let start = milliseconds();
    let mut script = engine.session().script(sql, Default::default()).expect("the text is read");
    let mut query = script.next().expect("there is a query").expect("the query binds");
    let Summary { timings, .. } = loop {
        match query.step().expect("the query runs") {
            Step::Done(summary) => break summary,
            Step::Batch(_) | Step::Progress(_) => {}
            Step::Need(requests) => unreachable!("nothing lies outside: {requests:?}"),
        }
    };
    (milliseconds() - start, timings.get(Stage::Infer).as_secs_f64() * 1e3)
}
