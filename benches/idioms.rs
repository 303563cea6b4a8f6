//! Times what people write around predictions, beside DuckDB: `cargo bench --bench idioms [-- words of a query]`, then
//! `python3 benches/idioms.py [words]` for DuckDB's times over the same rows with one thread.
//!
//! Prints the milliseconds of the best of three runs, those of its longest step, and the rows. On Linux they are of the
//! processor's time, so that other work beside it counts little.
#![allow(
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a program that stops at the first surprise, and this is no library"
)]

use std::fs;
use std::path::Path;
use std::sync::{Arc, OnceLock};
use std::time::Instant;

use arrow_array::builder::{Float64Builder, ListBuilder, StringBuilder, StructBuilder};
use arrow_array::{ArrayRef, Float64Array, Int64Array, RecordBatch, StringArray};
use arrow_schema::{DataType, Field};
use predictql::{Engine, Step};

const QUERIES: &str = include_str!("idioms.sql");

fn main() {
    let wanted: Vec<_> = std::env::args().skip(1).filter(|it| it != "--bench").collect();
    let engine = Engine::default();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/idioms");
    fs::create_dir_all(&folder).expect("a folder for the rows");
    for (name, batch) in
        [("t", rows(1_000_000)), ("a", arrays(100_000)), ("m0", pairs(0)), ("n", pairs(50_000))]
    {
        let mut writer =
            arrow_ipc::writer::StreamWriter::try_new(Vec::new(), &batch.schema()).expect("columns");
        writer.write(&batch).expect("there is memory");
        let bytes = writer.into_inner().expect("there is memory");
        engine.register_arrow(name, &bytes).expect("the rows are good");
        fs::write(folder.join(format!("{name}.arrow")), bytes).expect("the folder can be written");
    }
    let queries = QUERIES.lines().filter(|line| !line.starts_with("--"));
    let queries = queries.map(|line| line.split(" ## ").next().expect("a line has a beginning"));
    for sql in queries.filter(|sql| wanted.iter().all(|word| sql.contains(word))) {
        let run = || {
            if !sql.starts_with("SELECT") {
                run(&engine, "CREATE OR REPLACE TABLE m AS SELECT * FROM m0");
            }
            run(&engine, sql)
        };
        let (ms, longest, rows) =
            (0..3).map(|_| run()).min_by(|a, b| a.0.total_cmp(&b.0)).expect("there were runs");
        println!("{ms:8.1} ms {longest:8.1} ms {rows:8} rows  {sql}");
    }
}

fn run(engine: &Engine, sql: &str) -> (f64, f64, usize) {
    let start = milliseconds();
    let mut script = engine.session().script(sql, Default::default()).expect("the text is good");
    let mut query = script.next().expect("there is a statement").expect("it binds");
    let (mut rows, mut longest) = (0, 0_f64);
    loop {
        let begin = milliseconds();
        let step = query.step().expect("it runs");
        longest = longest.max(milliseconds() - begin);
        match step {
            Step::Batch(batch) => rows += batch.rows(),
            Step::Done(_) => return (milliseconds() - start, longest, rows),
            Step::Progress(_) | Step::Need(_) => {}
        }
    }
}

fn milliseconds() -> f64 {
    static START: OnceLock<Instant> = OnceLock::new();
    let of_processor = fs::read_to_string("/proc/thread-self/schedstat").ok();
    let nanoseconds = of_processor.and_then(|text| text.split(' ').next()?.parse::<f64>().ok());
    nanoseconds.map_or_else(|| START.get_or_init(Instant::now).elapsed().as_secs_f64() * 1e3, |it| it / 1e6)
}

/// Whole numbers below 2^31: the same ones every time.
fn numbers() -> impl Iterator<Item = i64> {
    let mut state = 1_u64;
    std::iter::repeat_with(move || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33).cast_signed()
    })
}

#[expect(clippy::cast_precision_loss, reason = "31 bits fit")]
fn floats(seed: usize) -> impl Iterator<Item = f64> {
    numbers().skip(seed).map(|it| it as f64 / 2f64.powi(31))
}

fn rows(rows: usize) -> RecordBatch {
    let ints = |seed, of: i64| -> ArrayRef {
        Arc::new(numbers().skip(seed).take(rows).map(|it| it % of).collect::<Int64Array>())
    };
    let texts = |seed, of: i64| -> ArrayRef {
        let texts = numbers().skip(seed).take(rows).map(|it| Some(format!("kind number {}", it % of)));
        Arc::new(texts.collect::<StringArray>())
    };
    let floats = |seed| -> ArrayRef { Arc::new(floats(seed).take(rows).collect::<Float64Array>()) };
    let all = 1_000_000;
    let columns = [
        ("i1", ints(1, all)),
        ("i2", ints(2, 1_000_000_007)),
        ("g1", ints(3, 1_000)),
        ("g2", ints(4, 100)),
        ("s1", texts(5, 50_000)),
        ("s2", texts(6, 20)),
        ("f1", floats(7)),
        ("f2", floats(8)),
        ("f3", floats(9)),
        ("f4", floats(10)),
    ];
    RecordBatch::try_from_iter(columns).expect("the columns are as long")
}

/// Arrays of 10 numbers, and of 10 labels with their probabilities.
fn arrays(rows: usize) -> RecordBatch {
    let mut numbers = ListBuilder::new(Float64Builder::new());
    let fields = vec![Field::new("label", DataType::Utf8, true), Field::new("prob", DataType::Float64, true)];
    let mut scores = ListBuilder::new(StructBuilder::from_fields(fields, 10 * rows));
    let mut values = floats(0);
    for _ in 0..rows {
        for label in 0..10 {
            let value = values.next().expect("they never end");
            numbers.values().append_value(value);
            let score = scores.values();
            score.field_builder::<StringBuilder>(0).expect("a label").append_value(format!("label {label}"));
            score.field_builder::<Float64Builder>(1).expect("a probability").append_value(value);
            score.append(true);
        }
        numbers.append(true);
        scores.append(true);
    }
    let ids: ArrayRef = Arc::new((0..).take(rows).collect::<Int64Array>());
    let columns: [(&str, ArrayRef); 3] =
        [("id", ids), ("arr", Arc::new(numbers.finish())), ("probs", Arc::new(scores.finish()))];
    RecordBatch::try_from_iter(columns).expect("the columns are as long")
}

/// 100,000 keys from `first` on, in some order, with values.
fn pairs(first: i64) -> RecordBatch {
    let keys: ArrayRef =
        Arc::new((0..100_000).map(|it| first + it * 7_919 % 100_000).collect::<Int64Array>());
    let values: ArrayRef = Arc::new(floats(3).take(100_000).collect::<Float64Array>());
    let texts = numbers().take(100_000).map(|it| Some(format!("text {}", it % 1_000)));
    let texts: ArrayRef = Arc::new(texts.collect::<StringArray>());
    RecordBatch::try_from_iter([("k", keys), ("v", values), ("s", texts)]).expect("as long")
}
