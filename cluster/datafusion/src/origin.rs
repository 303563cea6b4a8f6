//! Where rows come from: so that none is counted twice.
//!
//! A scheduler that has lost an executor runs parts again, and may give their readers the rows of both runs: Ballista does where a
//! part had ended before the executor was lost that held what its stage had read. So rows that travel say which run of which
//! part has made them, and where they stand in it, and who reads them refuses to read any twice.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::UInt64Type;
use arrow_array::{ArrayRef, RecordBatch, UInt64Array};
use arrow_schema::{DataType, Field, Schema, SchemaRef};
use datafusion::error::{DataFusionError, Result};
use datafusion::execution::SendableRecordBatchStream;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use futures::StreamExt;

/// The columns behind those of the rows.
const COLUMNS: [&str; 2] = ["predictql_run", "predictql_row"];

/// The bits of a run's number that tell it from other runs of its part.
const LUCK: u32 = 40;

/// The columns of rows that say where they come from.
pub(crate) fn marked(schema: &Schema) -> Schema {
    let marks = COLUMNS.map(|name| Arc::new(Field::new(name, DataType::UInt64, false)));
    Schema::new(schema.fields().iter().cloned().chain(marks).collect::<Vec<_>>())
}

/// A run of a part.
pub(crate) struct Run {
    number: u64,
    /// Of the next row.
    row: u64,
    schema: SchemaRef,
}

impl Run {
    /// A run of part `part`, whose rows get this schema.
    pub(crate) fn new(part: usize, schema: SchemaRef) -> Self {
        // What the standard library hashes with is as good as chance.
        let luck = RandomState::new().hash_one(part) >> (u64::BITS - LUCK);
        Self { number: ((part as u64) << LUCK) | luck, row: 0, schema }
    }

    /// The rows that come next, marked.
    pub(crate) fn mark(&mut self, rows: &RecordBatch) -> Result<RecordBatch> {
        let first = self.row;
        self.row += rows.num_rows() as u64;
        let marks: [ArrayRef; 2] = [
            Arc::new(UInt64Array::from_value(self.number, rows.num_rows())),
            Arc::new(UInt64Array::from_iter_values(first..self.row)),
        ];
        let columns = rows.columns().iter().cloned().chain(marks).collect();
        Ok(RecordBatch::try_new(self.schema.clone(), columns)?)
    }
}

/// The rows of a stream of marked ones, without their marks.
pub(crate) fn once(rows: SendableRecordBatchStream) -> SendableRecordBatchStream {
    let marked = rows.schema();
    let kept = marked.fields().len().saturating_sub(COLUMNS.len());
    let schema = Arc::new(Schema::new(marked.fields().iter().take(kept).cloned().collect::<Vec<_>>()));
    let mut seen = Seen::default();
    let rows = rows.map(move |batch| {
        let batch = batch?;
        let [runs, numbers] = [kept, kept + 1].map(|column| {
            let column = batch.columns().get(column).and_then(|it| it.as_primitive_opt::<UInt64Type>());
            column.ok_or_else(|| DataFusionError::Internal("rows do not say where they come from".into()))
        });
        seen.check(runs?.values(), numbers?.values())?;
        Ok(batch.project(&(0..kept).collect::<Vec<_>>())?)
    });
    Box::pin(RecordBatchStreamAdapter::new(schema, rows))
}

/// What a reader has read.
#[derive(Debug, Default)]
struct Seen {
    /// The run that is being read, and its last row.
    current: Option<(u64, u64)>,
    /// Of each part the run that it is read from, and the last row before `current` came.
    parts: HashMap<u64, (u64, u64)>,
}

impl Seen {
    /// Rows of a run come in their order, whatever comes between them.
    fn check(&mut self, runs: &[u64], rows: &[u64]) -> Result<()> {
        for (&run, &row) in runs.iter().zip(rows) {
            match &mut self.current {
                Some((current, last)) if *current == run && *last < row => *last = row,
                _ => self.change(run, row)?,
            }
        }
        Ok(())
    }

    fn change(&mut self, run: u64, row: u64) -> Result<()> {
        if let Some((current, last)) = self.current.replace((run, row)) {
            self.parts.insert(current >> LUCK, (current, last));
        }
        match self.parts.entry(run >> LUCK) {
            Entry::Occupied(known) if known.get().0 != run || known.get().1 >= row => Err(twice(run >> LUCK)),
            Entry::Occupied(_) | Entry::Vacant(_) => Ok(()),
        }
    }
}

#[cold]
fn twice(part: u64) -> DataFusionError {
    DataFusionError::Execution(format!(
        "rows of part {part} have come twice, as they may where an executor was lost; hint: run the statement again"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn runs() -> [u64; 3] {
        [1 << LUCK | 5, 1 << LUCK | 6, 2 << LUCK | 5]
    }

    #[test]
    fn rows_of_parts_may_come_in_turns() {
        let [a, _, b] = runs();
        let mut seen = Seen::default();
        seen.check(&[a, a, b, a, b], &[0, 2, 0, 3, 9]).unwrap();
        seen.check(&[a, b, b], &[4, 10, 12]).unwrap();
    }

    #[test]
    fn rows_of_another_run_of_a_part_are_refused() {
        let [a, again, b] = runs();
        let mut seen = Seen::default();
        seen.check(&[a, b], &[0, 0]).unwrap();
        assert!(seen.check(&[again], &[1]).unwrap_err().to_string().contains("part 1"));
    }

    #[test]
    fn a_run_is_not_read_twice() {
        let [a, _, b] = runs();
        let mut seen = Seen::default();
        seen.check(&[a, a, b], &[0, 1, 0]).unwrap();
        assert!(seen.check(&[a], &[1]).is_err());
        let mut seen = Seen::default();
        assert!(seen.check(&[a, a], &[3, 3]).is_err());
    }

    #[test]
    fn runs_of_a_part_differ() {
        let schema = Arc::new(Schema::empty());
        let [one, other] = [Run::new(3, schema.clone()), Run::new(3, schema)];
        assert_ne!(one.number, other.number);
        assert_eq!(one.number >> LUCK, 3);
    }
}
