//! A host that has a few files and not much patience, and a catalog to ask.

use std::cell::RefCell;

use predictql::data::{Batch, Schema};
use predictql::diag::{Error, Result};
use predictql::table::{CsvOptions, Hash, Object, write_batch, write_schema};
use predictql::{Engine, Limits, Params, Query, Resource, Session, Step};

use crate::fixture;

/// Steps of a script: behind them a host would cancel it.
const STEPS: usize = 400;

/// Rows that are kept to be compared.
const ROWS: usize = 20_000;

/// One of every type, with the values at their ends.
const TABLES: &str = r#"
CREATE TABLE t AS
SELECT 1 AS i, 1.5 AS f, 'a' AS s, b'a' AS b, TRUE AS o, DATE '2024-02-29' AS d, DATETIME '2024-02-29 12:00:00.5' AS dt,
  TIME '12:30:00' AS tm, TIMESTAMP '2024-02-29 23:59:59.999999+00' AS ts, NUMERIC '1.25' AS n, BIGNUMERIC '-1.5' AS bn,
  JSON '{"a": [1, null]}' AS j, [1, 2] AS a, STRUCT(1 AS x, 'y' AS y) AS r, [STRUCT(1 AS x, 2.5 AS y)] AS ar
UNION ALL SELECT -9223372036854775808, CAST('-inf' AS FLOAT64), '', b'', FALSE, DATE '0001-01-01', DATETIME '0001-01-01 00:00:00',
  TIME '00:00:00', TIMESTAMP '0001-01-01 00:00:00+00', NUMERIC '-99999999999999999999999999999.999999999', BIGNUMERIC '0', JSON 'null', [], STRUCT(0, ''), []
UNION ALL SELECT 9223372036854775807, CAST('nan' AS FLOAT64), 'é%_\\', b'\xff', NULL, DATE '9999-12-31', DATETIME '9999-12-31 23:59:59.999999',
  TIME '23:59:59.999999', TIMESTAMP '9999-12-31 23:59:59.999999+00', NUMERIC '99999999999999999999999999999.999999999', BIGNUMERIC '1e38', JSON '1e300', [9223372036854775807], STRUCT(NULL, NULL), [STRUCT(NULL, CAST('nan' AS FLOAT64)), (2, 0)]
UNION ALL SELECT NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL
UNION ALL SELECT 3, -0.0, 'abc', b'\x00', TRUE, DATE '1970-01-01', DATETIME '1970-01-01 00:00:00', TIME '01:02:03.004', TIMESTAMP '1970-01-01 00:00:00+00', 0, 7, JSON '"x"', [3, 1, 2], STRUCT(3, 'z'), [STRUCT(3, 3.0)];
CREATE TABLE u AS SELECT MOD(k * 7, 11) AS k, CAST(k AS FLOAT64) / 4 AS v, CONCAT('w', CAST(MOD(k, 3) AS STRING)) AS g FROM UNNEST(GENERATE_ARRAY(1, 40)) AS k;
"#;

/// What a script gave: the rows of its last statement as Arrow writes them, or an error.
pub(crate) struct Outcome {
    pub(crate) result: Result<()>,
    pub(crate) rows: Vec<(Schema, Vec<Batch>)>,
    /// Whether it was given up.
    pub(crate) is_whole: bool,
}

/// An engine with tables `iris`, `t`, `u`, pictures `photos` and models `m` and `line`.
pub(crate) fn engine() -> Engine {
    let mut limits = Limits::default();
    // As small as the statements are: what is refused at a gigabyte is refused at these too.
    limits.held_bytes = 64 << 20;
    limits.collected = 1 << 22;
    let engine = Engine::with_time_zones(
        limits,
        || 0.0,
        |name, from, _| (name == "Europe/Paris").then(|| vec![(from, 3600)]),
    );
    let set_up = || -> Result<()> {
        engine.register_csv("iris", &fixture("tables/iris.csv"), &CsvOptions::default())?;
        engine.register_objects("photos", objects())?;
        engine.register_model("m", &fixture("models/decision_tree.onnx"))?;
        engine.register_model("line", &fixture("models/linear_binary.onnx"))?;
        run(&engine.session(), TABLES).result
    };
    set_up().unwrap_or_else(|error| panic!("the catalog of the tests: {error}"));
    engine
}

thread_local! {
    static KEPT: RefCell<Option<Engine>> = const { RefCell::new(None) };
}

/// The engine of statements that leave the catalog as it is; a new one for `text` if it may change it.
pub(crate) fn engine_for(text: &str) -> Engine {
    const CHANGES: [&str; 11] = [
        "CREATE", "DROP", "ALTER", "INSERT", "UPDATE", "DELETE", "MERGE", "TRUNCATE", "EXEC", "CALL", "INTO",
    ];
    let text = text.to_ascii_uppercase();
    if CHANGES.iter().any(|word| text.contains(word)) {
        return engine();
    }
    KEPT.with(|kept| kept.borrow_mut().get_or_insert_with(engine).clone())
}

fn objects() -> Vec<Object> {
    let object = |uri: &str| Object {
        uri: uri.into(),
        size: 100,
        content_type: "image/png".into(),
        updated_ms: 0,
        hash: Hash::OfBytes,
        is_live: false,
    };
    ["images/pixel.png", "images/palette.gif", "images/bad/truncated.png"].map(object).to_vec()
}

/// Runs a script as far as patience goes. Whatever it is, no error may be one of those that cannot be.
pub(crate) fn run(session: &Session, text: &str) -> Outcome {
    let mut outcome = Outcome { result: Ok(()), rows: Vec::new(), is_whole: true };
    outcome.result = go(session, text, &mut outcome);
    if let Err(error) = &outcome.result {
        check(error, text);
    }
    outcome
}

/// Panics for an error that says something of the engine, not of what it was given.
pub(crate) fn check(error: &Error, text: &str) {
    assert!(error.code().as_str() != "internal", "{error}\n{text}");
    for found in error.diagnostics() {
        let places = [found.span, found.fix.as_ref().map(|fix| fix.span)];
        for span in places.into_iter().flatten() {
            assert!(text.get(span.start..span.end).is_some(), "{found:?}\n{text}");
        }
    }
}

fn go(session: &Session, text: &str, outcome: &mut Outcome) -> Result<()> {
    let mut steps = 0;
    for query in session.script(text, Params::default())? {
        let mut query = query?;
        let mut batches = Vec::new();
        loop {
            steps += 1;
            if steps > STEPS || batches.iter().map(Batch::rows).sum::<usize>() > ROWS {
                outcome.is_whole = false;
                return Ok(());
            }
            match query.step()? {
                Step::Batch(batch) => batches.push(batch),
                Step::Progress(_) => {}
                Step::Need(requests) => {
                    for request in requests {
                        answer(&mut query, request.id, request.resource)?;
                    }
                }
                Step::Done(_) => break,
            }
        }
        if let Some(schema) = query.schema() {
            write_schema(schema)?;
            batches.iter().try_for_each(|batch| write_batch(schema, batch).map(drop))?;
            outcome.rows.push((schema.clone(), batches));
        }
    }
    Ok(())
}

fn answer(query: &mut Query, id: u64, resource: Resource) -> Result<()> {
    match resource {
        Resource::Model { .. } => query.supply(id, fixture("models/decision_tree.onnx")),
        Resource::Object { uri, .. } if uri.starts_with("images/") && !uri.contains("..") => {
            let known = objects().into_iter().any(|object| object.uri == uri);
            if known { query.supply(id, fixture(&uri)) } else { query.refuse(id, "not found") }
        }
        Resource::Table { .. } => query.supply(id, fixture("tables/iris.csv")),
        Resource::Objects { .. } => query.supply_objects(id, objects()),
        Resource::Export(_) => query.supply(id, Vec::new()),
        _ => query.refuse(id, "this host has no such thing"),
    }
}
