//! UNNEST: one row for each element of an array.

use std::sync::Arc;

use arrow_array::{Array, ArrayRef, Int64Array, UInt64Array};
use arrow_buffer::{NullBuffer, NullBufferBuilder};

use super::{Context, Input, Operator, Poll, expr, with_names};
use crate::data::{Batch, Operand, bytes, row_index, take, width};
use crate::diag::{Invariant, Result};
use crate::function::ArrayView;
use crate::limits::JOINED_BYTES;
use crate::plan::Expr;

pub(super) struct Unnest {
    input: Input,
    array: Expr,
    keep: Vec<usize>,
    offset: bool,
    outer: bool,
    rows_before: usize,
    /// Rows whose arrays were not computed yet.
    waiting: Option<Batch>,
    /// For how many rows arrays are computed at once: few where they are long, so that none waits in vain.
    rows_at_once: usize,
    current: Option<Current>,
}

/// Rows and their arrays. The elements in front of number `element` of row `row` were returned.
struct Current {
    batch: Batch,
    arrays: Operand,
    /// The length of the longest of the arrays.
    longest: usize,
    row: usize,
    element: usize,
}

/// Rows whose arrays are computed first, before it is known how long arrays are.
const FIRST_ROWS: usize = 64;

impl Unnest {
    pub(super) fn new(input: Input, array: Expr, keep: Vec<usize>, offset: bool, outer: bool) -> Self {
        let (rows_before, waiting, rows_at_once, current) = (0, None, FIRST_ROWS, None);
        Self { input, array, keep, offset, outer, rows_before, waiting, rows_at_once, current }
    }

    /// The next rows of `batch` and their arrays; what is left of it waits.
    fn next(&mut self, batch: Batch, ctx: &mut Context) -> Result<Current> {
        let rows = self.rows_at_once.min(batch.rows());
        let next = batch.slice(0, rows);
        self.waiting = (rows < batch.rows()).then(|| batch.slice(rows, batch.rows() - rows));
        let arrays = expr::arguments(std::slice::from_ref(&self.array), &next, ctx);
        let arrays = with_names(arrays, &*self.input, self.rows_before, &next, ctx)?;
        let arrays = arrays.into_iter().next().invariant("an operand of the expression")?;
        self.rows_before += rows;
        let most = ctx.env.limits.batch_rows;
        // Of the rows alone: a column of a table shows those of all others too.
        let lists = ArrayView::new(&arrays)?;
        let lengths = (0..rows).map(|row| lists.range(row).len());
        let (elements, longest) =
            lengths.fold((0, 0), |(all, longest), length| (all + length, usize::max(longest, length)));
        self.rows_at_once = match elements {
            _ if arrays.is_constant() => most,
            few if few <= most => rows.max(self.rows_at_once).saturating_mul(4),
            many if many <= most.saturating_mul(16) => self.rows_at_once,
            _ => (rows / 4).max(1),
        };
        Ok(Current { batch: next, arrays, longest, row: 0, element: 0 })
    }

    /// The next rows of `current`, at most `most`. Columns that `apart` numbers are not copied.
    fn piece(&self, current: &mut Current, most: usize, apart: &[usize]) -> Result<Batch> {
        let lists = ArrayView::new(&current.arrays)?;
        let kept = current.batch.select(&self.keep)?;
        let is_apart = |column: &usize| *column < kept.columns().len();
        let apart: Vec<usize> = apart.iter().copied().filter(is_apart).collect();
        // Long values of a row come again with each of its elements.
        let is_long = |(number, column): &(usize, &ArrayRef)| {
            !apart.contains(number) && width(column.data_type()).is_err()
        };
        let long: Vec<&ArrayRef> =
            kept.columns().iter().enumerate().filter(is_long).map(|(_, column)| column).collect();
        // No row is measured where all of them fit: by itself one takes a few bytes more than in its column.
        let all: usize = long.iter().map(|column| bytes(column)).sum();
        let is_measured = all.saturating_mul(4).saturating_mul(current.longest) > JOINED_BYTES;
        let mut room = JOINED_BYTES;
        let (mut rows, mut elements, mut offsets) = (Vec::new(), Vec::new(), Vec::new());
        // The places of rows that stay without an element.
        let mut missing = Vec::new();
        while current.row < current.batch.rows() && rows.len() < most {
            let range = lists.range(current.row);
            let length = range.len();
            if length == 0 && self.outer {
                missing.push(rows.len());
                rows.push(current.row as u64);
                elements.push(0);
                offsets.push(0);
            }
            let measured = long.iter().filter(|_| is_measured);
            let bytes: usize = measured.map(|column| bytes(&column.slice(current.row, 1))).sum();
            let fitting = (room / bytes.max(1)).max(usize::from(rows.is_empty()));
            let end = length.min(current.element + fitting.min(most - rows.len()));
            room = room.saturating_sub((end - current.element).saturating_mul(bytes));
            let within = current.element as u64..end as u64;
            rows.extend(within.clone().map(|_| current.row as u64));
            elements.extend(within.clone().map(|element| range.start as u64 + element));
            offsets.extend(within.map(u64::cast_signed));
            if end < length {
                // There are enough rows, or no room for more.
                current.element = end;
                break;
            }
            current.row += 1;
            current.element = 0;
        }
        let nulls = nulls_at(&missing, rows.len());
        let elements = match elements.as_slice() {
            // Those of neighbouring arrays stand there already.
            [first, .., last]
                if nulls.is_none() && last.checked_sub(*first) == Some(elements.len() as u64 - 1) =>
            {
                lists.values().slice(row_index(*first), elements.len())
            }
            _ => take(lists.values(), &UInt64Array::new(elements.into(), nulls.clone()))?,
        };
        let offset = self.offset.then(|| Arc::new(Int64Array::new(offsets.into(), nulls)) as ArrayRef);
        kept.take_apart(UInt64Array::from(rows), apart, [elements].into_iter().chain(offset))
    }
}

/// NULLs in these places of `rows`, which ascend; `None` for none.
fn nulls_at(places: &[usize], rows: usize) -> Option<NullBuffer> {
    let mut valid = NullBufferBuilder::new(rows);
    for place in places {
        valid.append_n_non_nulls(place - valid.len());
        valid.append_null();
    }
    valid.append_n_non_nulls(rows - valid.len());
    valid.finish()
}

impl Operator for Unnest {
    fn poll(&mut self, ctx: &mut Context) -> Result<Poll> {
        self.poll_apart(&[], ctx)
    }

    fn poll_apart(&mut self, apart: &[usize], ctx: &mut Context) -> Result<Poll> {
        let mut current = match (self.current.take(), self.waiting.take()) {
            (Some(current), waiting) => {
                self.waiting = waiting;
                current
            }
            (None, Some(batch)) => self.next(batch, ctx)?,
            (None, None) => match self.input.poll(ctx)? {
                Poll::Batch(batch) => self.next(batch, ctx)?,
                other => return Ok(other),
            },
        };
        let piece = self.piece(&mut current, ctx.env.limits.batch_rows, apart)?;
        if current.row < current.batch.rows() {
            self.current = Some(current);
        }
        Ok(if piece.rows() == 0 { Poll::Working } else { Poll::Batch(piece) })
    }
}
