//! Where rows come from: so that none is counted twice.
//!
//! A scheduler that has lost an executor runs parts again, and may give their readers the rows of both runs: Ballista does where a
//! part had ended before the executor was lost that held what its stage had read. So rows that travel say which run of which
//! part has made them, and where they stand in it, and who reads them refuses to read any twice. What parts have to tell beside their rows
//! stands in a row of its own, behind them.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::UInt64Type;
use arrow_array::{Array, ArrayRef, RecordBatch, StringArray, UInt64Array, new_null_array};
use arrow_schema::{DataType, Field, Schema, SchemaRef};
use datafusion::arrow::compute::{filter_record_batch, is_null};
use datafusion::error::{DataFusionError, Result};
use datafusion::execution::SendableRecordBatchStream;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use futures::StreamExt;

use crate::notes::Notes;

/// The columns behind those of the rows. A row with a note is none of the part's.
const COLUMNS: [(&str, DataType); 3] = [
    ("predictql_run", DataType::UInt64),
    ("predictql_row", DataType::UInt64),
    ("predictql_note", DataType::Utf8),
];

/// The bits of a run's number that tell it from other runs of its part.
const LUCK: u32 = 40;

/// The columns of rows that say where they come from.
pub(crate) fn marked(schema: &Schema) -> Schema {
    let marks = COLUMNS.map(|(name, data_type)| Arc::new(Field::new(name, data_type, true)));
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
        let note = StringArray::new_null(rows.num_rows());
        self.marked(rows.columns().iter().cloned(), note)
    }

    /// A note, as a row.
    pub(crate) fn note(&mut self, text: &str) -> Result<RecordBatch> {
        let schema = self.schema.clone();
        let kept = schema.fields().len().saturating_sub(COLUMNS.len());
        let nulls = schema.fields().iter().take(kept).map(|field| new_null_array(field.data_type(), 1));
        self.marked(nulls, StringArray::from(vec![text]))
    }

    fn marked(&mut self, columns: impl Iterator<Item = ArrayRef>, notes: StringArray) -> Result<RecordBatch> {
        let first = self.row;
        self.row += notes.len() as u64;
        let marks: [ArrayRef; 3] = [
            Arc::new(UInt64Array::from_value(self.number, notes.len())),
            Arc::new(UInt64Array::from_iter_values(first..self.row)),
            Arc::new(notes),
        ];
        Ok(RecordBatch::try_new(self.schema.clone(), columns.chain(marks).collect())?)
    }
}

/// The rows of a stream of marked ones, without their marks. What parts tell is added to `notes`.
pub(crate) fn once(rows: SendableRecordBatchStream, notes: Notes) -> SendableRecordBatchStream {
    let marked = rows.schema();
    let kept = marked.fields().len().saturating_sub(COLUMNS.len());
    let schema = Arc::new(Schema::new(marked.fields().iter().take(kept).cloned().collect::<Vec<_>>()));
    let mut seen = Seen::default();
    let rows = rows.map(move |batch| {
        let batch = batch?;
        let [runs, numbers] = [kept, kept + 1].map(|column| {
            let column = batch.columns().get(column).and_then(|it| it.as_primitive_opt::<UInt64Type>());
            column.ok_or_else(unmarked)
        });
        seen.check(runs?.values(), numbers?.values())?;
        let batch = noted(batch, kept + 2, &notes)?;
        Ok(batch.project(&(0..kept).collect::<Vec<_>>())?)
    });
    // Some have held notes alone.
    let rows = rows.filter(|batch| {
        let is_empty = batch.as_ref().is_ok_and(|batch| batch.num_rows() == 0);
        async move { !is_empty }
    });
    Box::pin(RecordBatchStreamAdapter::new(schema, rows))
}

/// The rows that are no notes; adds those that are.
fn noted(batch: RecordBatch, column: usize, notes: &Notes) -> Result<RecordBatch> {
    let found = batch.columns().get(column).and_then(|it| it.as_string_opt::<i32>()).ok_or_else(unmarked)?;
    if found.null_count() == found.len() {
        return Ok(batch);
    }
    found.iter().flatten().try_for_each(|text| notes.read(text))?;
    Ok(filter_record_batch(&batch, &is_null(found)?)?)
}

#[cold]
fn unmarked() -> DataFusionError {
    DataFusionError::Internal("rows do not say where they come from".into())
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
