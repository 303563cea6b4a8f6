//! What a fragment's rows are known by outside of it: their order, and the part that reads them.

use std::sync::Arc;

use arrow_array::{ArrayRef, Int64Array};

use super::{Context, Input, Operator, Poll};
use crate::data::key_hashes;
use crate::diag::{Invariant, Result};
use crate::limits::PART_ROWS;

pub(super) struct Marked {
    input: Input,
    /// The number of the first row, where rows are numbered.
    next: Option<i64>,
    /// The columns that have to be alike for rows to meet.
    keys: Vec<usize>,
    /// How many of the input's columns are handed on.
    keep: usize,
}

impl Marked {
    pub(super) fn new(input: Input, part: Option<usize>, keys: Vec<usize>, keep: usize) -> Self {
        let first = |part: usize| i64::try_from(part).unwrap_or(i64::MAX).saturating_mul(PART_ROWS);
        Self { input, next: part.map(first), keys, keep }
    }

    fn numbers(&mut self, rows: usize) -> Result<Option<ArrayRef>> {
        let Some(next) = self.next else { return Ok(None) };
        let end = i64::try_from(rows).ok().and_then(|rows| next.checked_add(rows));
        let end = end.invariant("a part has more rows than there are numbers")?;
        self.next = Some(end);
        Ok(Some(Arc::new(Int64Array::from_iter_values(next..end))))
    }
}

impl Operator for Marked {
    fn poll(&mut self, ctx: &mut Context) -> Result<Poll> {
        let batch = match self.input.poll(ctx)? {
            Poll::Batch(batch) => batch,
            other => return Ok(other),
        };
        let rows = batch.rows();
        let numbers = self.numbers(rows)?;
        let hashes = if self.keys.is_empty() {
            None
        } else {
            let keys = self.keys.iter().map(|key| batch.column(*key).cloned()).collect::<Result<Vec<_>>>()?;
            let hashes = key_hashes(&keys, rows)?;
            Some(Arc::new(Int64Array::from_iter_values(hashes)) as ArrayRef)
        };
        let kept: Vec<_> = (0..self.keep).collect();
        batch.select(&kept)?.with(numbers.into_iter().chain(hashes)).map(Poll::Batch)
    }

    fn origin(&self, row: usize) -> Option<String> {
        self.input.origin(row)
    }
}
