//! A host over the repository's fixtures, and what statements gave as text.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use predictql::data::Batch;
use predictql::{Engine, Params};
use predictql_host::{Error, Host, Stores};

pub(crate) fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures")
}

/// A host whose paths are those of the fixtures.
pub(crate) fn host() -> Host {
    Host::new(Stores::within(fixtures()))
}

/// What a number of another program was expected to be.
pub(crate) fn expected(name: &str) -> serde_json::Value {
    let text = std::fs::read_to_string(fixtures().join("expected").join(name)).unwrap();
    serde_json::from_str(&text).unwrap()
}

/// The rows of a script's last statement as JSON, a text for each.
pub(crate) fn rows(host: &Host, engine: &Engine, sql: &str) -> Result<Vec<String>, Error> {
    let mut rows = Vec::new();
    for query in engine.session().script(sql, Params::default())? {
        rows.clear();
        host.run(&mut query?, &mut (), &mut |batch| {
            rows.extend(texts(&batch));
            ControlFlow::Continue(())
        })?;
    }
    Ok(rows)
}

/// As [`rows`], of an engine without tables.
pub(crate) fn run(host: &Host, sql: &str) -> Result<Vec<String>, Error> {
    rows(host, &host.engine(), sql)
}

/// The words of a failure.
pub(crate) fn failure(host: &Host, sql: &str) -> String {
    run(host, sql).expect_err(sql).to_string()
}

/// The first column, which is of texts: statements say `TO_JSON_STRING(…)` where it would not be.
pub(crate) fn texts(batch: &Batch) -> Vec<String> {
    let column = &batch.columns()[0];
    let column = column.as_any().downcast_ref::<arrow_array::StringArray>().expect("a column of texts");
    column.iter().map(|it| it.unwrap_or("NULL").to_owned()).collect()
}
