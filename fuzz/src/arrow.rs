//! Arrow IPC.

use predictql::Limits;
use predictql::table::{read_arrow, write_batch, write_schema};

use crate::{fixtures, host};

/// The fixtures, and streams of our own of every type.
pub(crate) fn seeds() -> Vec<Vec<u8>> {
    let mut seeds = fixtures("fixtures/tables", &["arrow", "arrows"]);
    let engine = host::engine();
    for (_, relation) in engine.tables() {
        let predictql::Relation::Table(table) = relation else { continue };
        let parts = write_schema(&table.schema).into_iter();
        let batches = table.batches.iter().flat_map(|batch| write_batch(&table.schema, batch));
        let stream: Vec<u8> = parts.chain(batches).flatten().collect();
        seeds.push(stream);
    }
    seeds
}

/// What is read can be written, and is read as it was.
pub(crate) fn run(input: &[u8]) {
    let table = match read_arrow(input, &Limits::default()) {
        Ok(table) => table,
        Err(error) => {
            assert!(error.code().as_str() != "internal", "{error}");
            return;
        }
    };
    let mut stream = write_schema(&table.schema).unwrap_or_else(|error| panic!("{error}"));
    for batch in &table.batches {
        stream.extend(write_batch(&table.schema, batch).unwrap_or_else(|error| panic!("{error}")));
    }
    let again = read_arrow(&stream, &Limits::default()).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(again.rows(), table.rows());
    for (ours, theirs) in table.batches.iter().zip(&again.batches) {
        let text = |columns: &[_]| format!("{columns:?}");
        assert_eq!(text(ours.columns()), text(theirs.columns()));
    }
}
