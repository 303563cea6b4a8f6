//! UNNEST: one row for each element of an array.

use std::ops::Range;
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::{Array, ArrayRef, Int64Array, ListArray, UInt64Array};

use super::{Context, Input, Operator, Poll, expr, name_row};
use crate::data::{Batch, element_range};
use crate::diag::{Invariant, Result};
use crate::plan::Expr;

pub(super) struct Unnest {
    input: Input,
    array: Expr,
    keep: Vec<usize>,
    offset: bool,
    outer: bool,
    rows_before: usize,
    current: Option<Current>,
}

/// The latest batch and its arrays. The elements in front of number `element` of row `row` were returned.
struct Current {
    batch: Batch,
    arrays: ArrayRef,
    row: usize,
    element: usize,
}

impl Unnest {
    pub(super) fn new(input: Input, array: Expr, keep: Vec<usize>, offset: bool, outer: bool) -> Self {
        Self { input, array, keep, offset, outer, rows_before: 0, current: None }
    }

    /// The next rows of `current`, at most `most`.
    fn piece(&self, current: &mut Current, most: usize) -> Result<Batch> {
        let lists = current.arrays.as_list_opt::<i32>().invariant("expected an array")?;
        let mut rows: Vec<u64> = Vec::new();
        let mut elements: Vec<Option<u64>> = Vec::new();
        let mut offsets: Vec<Option<i64>> = Vec::new();
        while current.row < lists.len() && rows.len() < most {
            let range = elements_of(lists, current.row);
            let length = range.len();
            if length == 0 && self.outer {
                rows.push(current.row as u64);
                elements.push(None);
                offsets.push(None);
            }
            let end = length.min(current.element + most - rows.len());
            for element in current.element..end {
                rows.push(current.row as u64);
                elements.push(Some((range.start + element) as u64));
                offsets.push(Some((element as u64).cast_signed()));
            }
            if end < length {
                current.element = end;
            } else {
                current.row += 1;
                current.element = 0;
            }
        }
        let elements = Batch::new(lists.values().len(), vec![lists.values().clone()])?
            .take(&UInt64Array::from(elements))?;
        let offset = self.offset.then(|| Arc::new(Int64Array::from(offsets)) as ArrayRef);
        let kept = current.batch.select(&self.keep)?.take(&UInt64Array::from(rows))?;
        kept.with(elements.columns().iter().cloned().chain(offset))
    }
}

/// Where the elements of `row` are; a NULL has none.
fn elements_of(lists: &ListArray, row: usize) -> Range<usize> {
    if lists.is_valid(row) { element_range(lists, row) } else { 0..0 }
}

impl Operator for Unnest {
    fn poll(&mut self, ctx: &mut Context) -> Result<Poll> {
        let mut current = match self.current.take() {
            Some(current) => current,
            None => {
                let batch = match self.input.poll(ctx)? {
                    Poll::Batch(batch) => batch,
                    other => return Ok(other),
                };
                let arrays = expr::evaluate(&self.array, &batch, ctx)
                    .map_err(|error| name_row(error, &*self.input, self.rows_before))?;
                self.rows_before += batch.rows();
                Current { batch, arrays, row: 0, element: 0 }
            }
        };
        let piece = self.piece(&mut current, ctx.env.limits.batch_rows)?;
        if current.row < current.batch.rows() {
            self.current = Some(current);
        }
        Ok(if piece.rows() == 0 { Poll::Working } else { Poll::Batch(piece) })
    }
}
