//! Times plain SQL over 1,000,000 rows of 10 columns: `cargo bench --bench sql [-- words of a query]`.
//!
//! Prints milliseconds and rows for each query, the best of three runs.
#![allow(
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a program that stops at the first surprise, and this is no library"
)]

use std::sync::Arc;
use std::time::Instant;

use arrow_array::{ArrayRef, Float64Array, Int64Array, RecordBatch, StringArray};
use predictql::{Engine, Step};

const ROWS: i64 = 1_000_000;

const QUERIES: &[&str] = &[
    "SELECT i1 FROM t WHERE f1 > 0.9",
    "SELECT i1 + i2 AS a, f1 * f2 AS b FROM t WHERE f1 > 0.5",
    "SELECT COUNT(*) AS n, SUM(f1) AS s, MIN(s1) AS m FROM t",
    "SELECT g1, COUNT(*) AS n, AVG(f1 * f2) AS a FROM t WHERE f3 < 0.75 GROUP BY g1 ORDER BY a DESC LIMIT 100",
    "SELECT s2, g1, SUM(i2) AS s, MAX(f2) AS m FROM t WHERE f3 < 0.75 GROUP BY s2, g1 ORDER BY s DESC LIMIT 100",
    "SELECT s1, COUNT(*) AS n FROM t GROUP BY s1 ORDER BY n DESC, s1 LIMIT 100",
    "SELECT i1, COUNT(*) AS n, SUM(f1) AS s FROM t GROUP BY i1 ORDER BY i1 LIMIT 100",
    "SELECT * FROM t ORDER BY f1 LIMIT 100",
    "SELECT * FROM t ORDER BY s1, f2 DESC LIMIT 100",
    "SELECT * FROM t ORDER BY f1",
    "SELECT * FROM t ORDER BY s1",
    "SELECT DISTINCT g1, s2 FROM t",
    "SELECT a.i1, b.f2 FROM t AS a JOIN t AS b ON a.i1 = b.i1 WHERE b.f1 > 0.9",
    "SELECT i1 FROM t QUALIFY ROW_NUMBER() OVER (PARTITION BY g1 ORDER BY f1 DESC) = 1",
    "SELECT SUM(f1) OVER (ORDER BY i1) AS s FROM t",
    "SELECT CASE WHEN f1 > 0.9 THEN 'high' WHEN f1 > 0.5 THEN s2 ELSE 'low' END AS c, COUNT(*) AS n FROM t GROUP BY c",
];

fn main() {
    let wanted: Vec<_> = std::env::args().skip(1).filter(|it| it != "--bench").collect();
    let engine = Engine::default();
    engine.register_arrow("t", &rows()).expect("the rows are good");
    for sql in QUERIES.iter().filter(|sql| wanted.iter().all(|word| sql.contains(word))) {
        let (ms, rows) =
            (0..3).map(|_| run(&engine, sql)).min_by(|a, b| a.0.total_cmp(&b.0)).unwrap_or_default();
        writeln(&format!("{ms:8.1} ms {rows:9} rows  {sql}"));
    }
}

fn run(engine: &Engine, sql: &str) -> (f64, usize) {
    let start = Instant::now();
    let mut script = engine.session().script(sql, Default::default()).expect("the text is good");
    let mut query = script.next().expect("there is a statement").expect("it binds");
    let mut rows = 0;
    loop {
        match query.step().expect("it runs") {
            Step::Batch(batch) => rows += batch.rows(),
            Step::Done(_) => return (start.elapsed().as_secs_f64() * 1e3, rows),
            Step::Progress(_) | Step::Need(_) => {}
        }
    }
}

/// The rows as an Arrow IPC stream: unique, 1,000 and 100 different integers, five floats, texts of 50,000 and 20 kinds.
fn rows() -> Vec<u8> {
    // A linear congruential generator: the same rows every time.
    let mut state = 1_u64;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        state >> 33
    };
    let mut ints = |of: i64| -> ArrayRef {
        Arc::new((0..ROWS).map(|_| i64::try_from(next()).unwrap_or_default() % of).collect::<Int64Array>())
    };
    let numbers: Vec<_> = [ROWS, 1_000, 100].into_iter().map(&mut ints).collect();
    let kinds: Vec<_> = [50_000, 20].into_iter().map(&mut ints).collect();
    let floats: Vec<_> = (0..5).map(|_| ints(1 << 31)).collect();
    let text = |kind: &ArrayRef| -> ArrayRef {
        let kinds = kind.as_any().downcast_ref::<Int64Array>().expect("they are integers").values();
        Arc::new(kinds.iter().map(|kind| Some(format!("kind number {kind}"))).collect::<StringArray>())
    };
    let float = |value: &ArrayRef| -> ArrayRef {
        let values = value.as_any().downcast_ref::<Int64Array>().expect("they are integers").values();
        #[expect(clippy::cast_precision_loss, reason = "31 bits fit")]
        Arc::new(values.iter().map(|it| *it as f64 / 2f64.powi(31)).collect::<Float64Array>())
    };
    let names = ["i1", "i2", "g1", "s1", "s2", "f1", "f2", "f3", "f4", "f5"];
    let columns = numbers.into_iter().chain(kinds.iter().map(text)).chain(floats.iter().map(float));
    let batch = RecordBatch::try_from_iter(names.into_iter().zip(columns)).expect("the columns are as long");
    let mut writer = arrow_ipc::writer::StreamWriter::try_new(Vec::new(), &batch.schema())
        .expect("the columns have names");
    writer.write(&batch).expect("there is memory");
    writer.into_inner().expect("there is memory")
}

fn writeln(line: &str) {
    use std::io::Write as _;
    let _ = writeln!(std::io::stdout(), "{line}");
}
