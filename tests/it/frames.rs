//! Window frames beside a look at every row of every frame, over rows with NULL, NaN, infinities and equal keys.

use std::fmt::Write as _;
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{Float64Type, Int64Type};
use arrow_array::{ArrayRef, Float64Array, Int64Array, RecordBatch};
use predictql::{Engine, Params};

use crate::host::{Outcome, run, run_in};

#[derive(Clone, Copy)]
struct Row {
    part: Option<i64>,
    key: Option<i64>,
    float: Option<f64>,
    int: Option<i64>,
}

/// Numbers below `end`: the same ones every time.
struct Chance(u64);

impl Chance {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % end
    }

    fn int(&mut self, end: u64) -> i64 {
        self.below(end).cast_signed()
    }

    /// Quarters, whose sums have no rounding, and now and then something else.
    fn float(&mut self) -> Option<f64> {
        match self.below(24) {
            0..3 => None,
            3 => Some(f64::NAN),
            4 => Some(f64::INFINITY),
            5 => Some(f64::NEG_INFINITY),
            6 => Some(-0.0),
            #[expect(clippy::cast_precision_loss, reason = "it is small")]
            _ => Some((self.int(4_000) - 2_000) as f64 / 4.0),
        }
    }

    fn row(&mut self) -> Row {
        let some = |null: bool, value| if null { None } else { Some(value) };
        Row {
            part: some(self.below(8) == 0, self.int(3)),
            key: some(self.below(6) == 0, self.int(9) - 4),
            float: self.float(),
            int: some(self.below(6) == 0, self.int(200) - 100),
        }
    }

    /// A bound of a frame, `None` where it is the partition's.
    fn bound(&mut self) -> Option<i64> {
        if self.below(4) == 0 { None } else { Some(self.int(7) - 3) }
    }
}

/// A frame from `start` to `end`, which count rows, or in the key's values.
#[derive(Clone, Copy, Debug)]
struct Frame {
    range: bool,
    descending: bool,
    start: Option<i64>,
    end: Option<i64>,
}

impl Frame {
    fn sql(&self) -> String {
        let bound = |bound: Option<i64>, unbounded| match bound {
            None => format!("UNBOUNDED {unbounded}"),
            Some(0) => "CURRENT ROW".into(),
            Some(by) if by < 0 => format!("{} PRECEDING", -by),
            Some(by) => format!("{by} FOLLOWING"),
        };
        let unit = if self.range { "RANGE" } else { "ROWS" };
        let direction = if self.descending { "DESC" } else { "ASC" };
        let then = if self.range { "" } else { ", id" };
        format!(
            "PARTITION BY part ORDER BY key {direction}{then} {unit} BETWEEN {} AND {}",
            bound(self.start, "PRECEDING"),
            bound(self.end, "FOLLOWING")
        )
    }

    /// The rows of the frame of `row`, in order.
    fn rows(&self, rows: &[Row], row: usize) -> Vec<usize> {
        let sign = if self.descending { -1 } else { 1 };
        let key = |row: usize| rows[row].key.map(|key| sign * key);
        let mut partition: Vec<_> = (0..rows.len()).filter(|it| rows[*it].part == rows[row].part).collect();
        // NULL comes first, and last where the order descends.
        partition.sort_by_key(|it| (key(*it).is_some() != self.descending, key(*it), *it));
        let own = partition.iter().position(|it| *it == row).unwrap();
        let sees = |place: usize, other: usize| {
            let by = place.cast_signed() as i64 - own.cast_signed() as i64;
            let (is_from, is_until) = match (self.range, key(row), key(other)) {
                (false, _, _) => {
                    (self.start.is_none_or(|start| by >= start), self.end.is_none_or(|end| by <= end))
                }
                (true, Some(own), Some(other)) => {
                    let by = other - own;
                    (self.start.is_none_or(|start| by >= start), self.end.is_none_or(|end| by <= end))
                }
                // NULL counts to its peers, and no other value counts to it: only open ends pass it.
                (true, None, None) => (true, true),
                (true, _, _) => (by > 0 || self.start.is_none(), by < 0 || self.end.is_none()),
            };
            is_from && is_until
        };
        let seen = partition.iter().enumerate().filter(|(place, other)| sees(*place, **other));
        seen.map(|(_, other)| *other).collect()
    }
}

fn register(engine: &Engine, rows: &[Row]) {
    let ints =
        |of: fn(&Row) -> Option<i64>| -> ArrayRef { Arc::new(rows.iter().map(of).collect::<Int64Array>()) };
    let floats: ArrayRef = Arc::new(rows.iter().map(|row| row.float).collect::<Float64Array>());
    let ids: ArrayRef = Arc::new((0..).take(rows.len()).collect::<Int64Array>());
    let columns = [
        ("id", ids),
        ("part", ints(|row| row.part)),
        ("key", ints(|row| row.key)),
        ("float", floats),
        ("int", ints(|row| row.int)),
    ];
    let batch = RecordBatch::try_from_iter(columns).unwrap();
    let mut writer = arrow_ipc::writer::StreamWriter::try_new(Vec::new(), &batch.schema()).unwrap();
    writer.write(&batch).unwrap();
    engine.register_arrow("t", &writer.into_inner().unwrap()).unwrap();
}

fn floats(outcome: &Outcome, name: &str) -> Vec<Option<f64>> {
    outcome.column(name).iter().flat_map(|it| it.as_primitive::<Float64Type>().iter()).collect()
}

fn ints(outcome: &Outcome, name: &str) -> Vec<Option<i64>> {
    outcome.column(name).iter().flat_map(|it| it.as_primitive::<Int64Type>().iter()).collect()
}

fn is_near(found: Option<f64>, wanted: Option<f64>, within: f64) -> bool {
    match (found, wanted) {
        (Some(found), Some(wanted)) if found.is_nan() || wanted.is_nan() => found.is_nan() && wanted.is_nan(),
        (Some(found), Some(wanted)) => found == wanted || (found - wanted).abs() <= within,
        (found, wanted) => found == wanted,
    }
}

/// The least or greatest; NaN wins.
fn best(values: &[f64], better: fn(f64, f64) -> f64) -> Option<f64> {
    let nan = values.iter().copied().find(|value| value.is_nan());
    nan.or_else(|| values.iter().copied().reduce(better))
}

#[test]
fn every_frame_has_the_values_of_its_rows() {
    let mut chance = Chance(7);
    for round in 0..60 {
        let rows: Vec<_> = (0..chance.below(60)).map(|_| chance.row()).collect();
        let engine = Engine::default();
        register(&engine, &rows);
        let frame = loop {
            let [start, end] = [chance.bound(), chance.bound()];
            // A frame that begins behind its row does not end before it.
            if start.zip(end).is_none_or(|(start, end)| start <= end) {
                let [range, descending] = [chance.below(2) == 0, chance.below(2) == 0];
                break Frame { range, descending, start, end };
            }
        };
        let mut sql = "SELECT id".to_owned();
        for (name, call) in [
            ("sum", "SUM(float)"),
            ("average", "AVG(float)"),
            ("least", "MIN(float)"),
            ("greatest", "MAX(float)"),
            ("deviation", "STDDEV_POP(float)"),
            ("ints", "SUM(int)"),
            ("decimals", "CAST(SUM(CAST(int AS NUMERIC)) AS INT64)"),
            ("least_int", "MIN(int)"),
            ("greatest_int", "MAX(int)"),
            ("texts", "CAST(MIN(CAST(int + 500 AS STRING)) AS INT64)"),
            ("counted", "COUNT(int)"),
            ("rows", "COUNT(*)"),
            ("positive", "COUNTIF(int > 0)"),
            ("first", "FIRST_VALUE(id)"),
            ("last", "LAST_VALUE(id)"),
            ("last_int", "LAST_VALUE(int IGNORE NULLS)"),
        ] {
            let call = match call.strip_prefix("CAST(").and_then(|call| call.strip_suffix(" AS INT64)")) {
                Some(inner) => format!("CAST({inner} OVER w AS INT64)"),
                None => format!("{call} OVER w"),
            };
            write!(sql, ", {call} AS {name}_").unwrap();
        }
        write!(sql, " FROM t WINDOW w AS ({}) ORDER BY id", frame.sql()).unwrap();
        let session = engine.session().with_batch_rows(7);
        let outcome =
            run_in(&session, &sql, Params::default()).unwrap_or_else(|error| panic!("{sql}: {error}"));
        for row in 0..rows.len() {
            let seen = frame.rows(&rows, row);
            let values: Vec<_> = seen.iter().filter_map(|row| rows[*row].float).collect();
            let whole: Vec<_> = seen.iter().filter_map(|row| rows[*row].int).collect();
            let some = |value: f64| (!values.is_empty()).then_some(value);
            #[expect(clippy::cast_precision_loss, reason = "they are few")]
            let count = values.len() as f64;
            let sum: f64 = values.iter().sum();
            let mean = sum / count;
            let deviation = (values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / count).sqrt();
            for (name, wanted, within) in [
                ("sum_", some(sum), 0.0),
                ("average_", some(mean), 0.0),
                ("least_", best(&values, f64::min), 0.0),
                ("greatest_", best(&values, f64::max), 0.0),
                ("deviation_", some(deviation), 1e-9),
            ] {
                let found = floats(&outcome, name)[row];
                assert!(
                    is_near(found, wanted, within),
                    "{round}: {name} of {row}: {found:?}, {wanted:?}\n{sql}"
                );
            }
            let count = |count: usize| Some(count.cast_signed() as i64);
            let sum = (!whole.is_empty()).then(|| whole.iter().sum());
            let id = |row: Option<&usize>| row.map(|row| row.cast_signed() as i64);
            for (name, wanted) in [
                ("ints_", sum),
                ("decimals_", sum),
                ("least_int_", whole.iter().min().copied()),
                ("greatest_int_", whole.iter().max().copied()),
                ("texts_", whole.iter().map(|it| it + 500).min()),
                ("counted_", count(whole.len())),
                ("rows_", count(seen.len())),
                ("positive_", count(whole.iter().filter(|it| **it > 0).count())),
                ("last_int_", whole.last().copied()),
            ] {
                let found = ints(&outcome, name)[row];
                assert_eq!(found, wanted, "{round}: {name} of {row}\n{sql}");
            }
            // Which of equal rows is the first is not told.
            if !frame.range {
                for (name, wanted) in [("first_", id(seen.first())), ("last_", id(seen.last()))] {
                    assert_eq!(ints(&outcome, name)[row], wanted, "{round}: {name} of {row}\n{sql}");
                }
            }
        }
    }
}

/// More rows than are computed at once.
#[test]
fn a_frame_goes_on_where_the_last_step_ended() {
    let sql = "SELECT COUNT(*) AS n, COUNTIF(s = 3 * n - 3 AND m = n - 2 AND a = n - 1 AND w = n * (n + 1) / 2) AS good FROM (
        SELECT n, SUM(n) OVER w AS s, MIN(n) OVER w AS m, AVG(n) OVER w AS a, SUM(n) OVER (ORDER BY n) AS w
        FROM UNNEST(GENERATE_ARRAY(1, 150000)) AS n WINDOW w AS (ORDER BY n ROWS BETWEEN 2 PRECEDING AND CURRENT ROW))
        WHERE n > 2";
    let outcome = run(&Engine::default(), sql).unwrap();
    assert_eq!((outcome.ints("n"), outcome.ints("good")), (vec![149_998], vec![149_998]));
}

/// Whether a sum fails is not changed by what other frames have: these never add two of the large numbers of one sign.
#[test]
fn only_frames_that_are_too_large_fail() {
    let rows = "UNNEST([1.5e308, -1.5e308, 1.5e308, -1.5e308, 1.0]) AS x WITH OFFSET AS place";
    let over =
        |frame: &str| format!("SELECT SUM(x) OVER (ORDER BY place ROWS BETWEEN {frame}) AS s FROM {rows}");
    let outcome = run(&Engine::default(), &over("1 PRECEDING AND CURRENT ROW")).unwrap();
    assert_eq!(floats(&outcome, "s"), [1.5e308, 0.0, 0.0, 0.0, -1.5e308].map(Some));
    let outcome = run(&Engine::default(), &over("3 PRECEDING AND CURRENT ROW")).unwrap();
    assert_eq!(floats(&outcome, "s"), [1.5e308, 0.0, 1.5e308, 0.0, 1.0 - 1.5e308].map(Some));
    let all = "SELECT SUM(x) OVER (ORDER BY place ROWS 1 PRECEDING) AS s FROM UNNEST([1e308, 1e308]) AS x WITH OFFSET AS place";
    assert_eq!(run(&Engine::default(), all).unwrap_err().code().as_str(), "out-of-range");
}

/// The first rows of each partition are those that a window over all rows numbers so.
#[test]
fn the_first_rows_of_partitions_are_those_of_the_whole_order() {
    let mut chance = Chance(3);
    for round in 0..40 {
        let rows: Vec<_> = (0..chance.below(120)).map(|_| chance.row()).collect();
        let engine = Engine::default();
        register(&engine, &rows);
        let session = engine.session().with_batch_rows(5);
        let all = |sql: &str| {
            let outcome =
                run_in(&session, sql, Params::default()).unwrap_or_else(|error| panic!("{sql}: {error}"));
            (ints(&outcome, "id"), ints(&outcome, "number"))
        };
        for function in ["ROW_NUMBER", "RANK"] {
            for order in
                ["float", "float DESC", "key DESC NULLS FIRST, int", "int NULLS LAST", "key, float, int DESC"]
            {
                let most = chance.below(4) + 1;
                let over = format!("{function}() OVER (PARTITION BY part ORDER BY {order})");
                let first = all(&format!(
                    "SELECT id, number FROM (SELECT id, {over} AS number FROM t) WHERE number <= {most} ORDER BY id"
                ));
                // Whatever else is asked of the window takes all rows.
                let whole = all(&format!(
                    "SELECT id, number FROM (SELECT id, {over} AS number, SUM(id) OVER (PARTITION BY part ORDER BY {order}) AS s
                    FROM t) WHERE number <= {most} AND s >= 0 ORDER BY id"
                ));
                assert_eq!(first, whole, "{round}: {over} <= {most}");
            }
        }
    }
}
