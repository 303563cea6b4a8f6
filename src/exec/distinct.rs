//! SELECT DISTINCT and UNION DISTINCT.

use arrow_array::UInt64Array;

use super::buffer::check_keys;
use super::{Context, Input, Operator, Poll};
use crate::data::KeyTable;
use crate::diag::Result;
use crate::function::Held;

/// The first of the rows that are equal.
pub(super) struct Distinct {
    input: Input,
    seen: KeyTable,
    held: Option<Held>,
}

impl Distinct {
    pub(super) fn new(input: Input) -> Self {
        Self { input, seen: KeyTable::default(), held: None }
    }
}

impl Operator for Distinct {
    fn poll(&mut self, ctx: &mut Context) -> Result<Poll> {
        let batch = match self.input.poll(ctx)? {
            Poll::Batch(batch) => batch,
            other => return Ok(other),
        };
        let (_, new_rows) = intern_rows(&mut self.seen, batch.columns(), batch.rows())?;
        check_keys(&self.seen, &mut self.held, "DISTINCT", ctx)?;
        if new_rows.is_empty() {
            return Ok(Poll::Working);
        }
        batch.take(&UInt64Array::from(new_rows)).map(Poll::Batch)
    }
}

/// The numbers of the rows' keys, and the rows that were the first with their key.
pub(super) fn intern_rows(
    keys: &mut KeyTable,
    columns: &[arrow_array::ArrayRef],
    rows: usize,
) -> Result<(Vec<u32>, Vec<u64>)> {
    let mut next = keys.len();
    let numbers = keys.intern(columns, rows)?;
    let mut new_rows = Vec::new();
    for (row, number) in (0..).zip(&numbers) {
        // New keys get ascending numbers.
        if *number as usize == next {
            new_rows.push(row);
            next += 1;
        }
    }
    Ok((numbers, new_rows))
}
