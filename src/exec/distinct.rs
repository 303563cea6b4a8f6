//! SELECT DISTINCT and UNION DISTINCT.

use arrow_array::UInt64Array;

use super::held::check_rows;
use super::{Context, Input, Operator, Poll};
use crate::data::Keys;
use crate::diag::Result;

/// The first of the rows that are alike.
pub(super) struct Distinct {
    input: Input,
    seen: Keys,
}

impl Distinct {
    pub(super) fn new(input: Input) -> Self {
        Self { input, seen: Keys::default() }
    }
}

impl Operator for Distinct {
    fn poll(&mut self, ctx: &mut Context) -> Result<Poll> {
        let batch = match self.input.poll(ctx)? {
            Poll::Batch(batch) => batch,
            other => return Ok(other),
        };
        let new = first_rows(&mut self.seen, batch.columns(), batch.rows())?.1;
        check_rows(self.seen.len(), &ctx.env.limits)?;
        Ok(if new.is_empty() { Poll::Working } else { Poll::Batch(batch.take(&UInt64Array::from(new))?) })
    }
}

/// The keys' numbers, and the rows that were the first of their key.
pub(super) fn first_rows(
    keys: &mut Keys,
    columns: &[arrow_array::ArrayRef],
    rows: usize,
) -> Result<(Vec<u32>, Vec<u64>)> {
    let mut next = keys.len();
    let numbers = keys.number(columns, rows)?;
    let mut new = Vec::new();
    for (row, number) in (0..).zip(&numbers) {
        // Keys are numbered as they come.
        if *number as usize == next {
            new.push(row);
            next += 1;
        }
    }
    Ok((numbers, new))
}
