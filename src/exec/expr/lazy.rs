//! Expressions that leave parts of themselves uncomputed: CASE and COALESCE.

use arrow_array::UInt64Array;

use super::{Rows, operand};
use crate::data::{DataType, Operand, concat, take};
use crate::diag::Result;
use crate::exec::Context;
use crate::plan::Expr;

/// Conditions are asked of the rows for which those before were not TRUE, values computed for their own rows alone.
pub(super) fn case(
    branches: &[(Expr, Expr)],
    otherwise: &Expr,
    rows: Rows<'_>,
    ctx: &mut Context,
) -> Result<Operand> {
    let mut result = Patchwork::new(&otherwise.data_type, rows.count());
    let mut left: Vec<usize> = (0..rows.count()).collect();
    for (condition, value) in branches {
        if left.is_empty() {
            break;
        }
        let tests = at(condition, rows, &left, ctx)?;
        let tests = tests.bools()?;
        let mut test = 0..;
        let is_met = |_: &usize| test.next().and_then(|at| tests.get(at)) == Some(true);
        let (met, rest): (Vec<_>, Vec<_>) = left.into_iter().partition(is_met);
        result.put(&met, rows, value, ctx)?;
        left = rest;
    }
    result.put(&left, rows, otherwise, ctx)?;
    result.finish()
}

/// Values are computed for the rows for which those before were NULL.
pub(super) fn coalesce(
    items: &[Expr],
    data_type: &DataType,
    rows: Rows<'_>,
    ctx: &mut Context,
) -> Result<Operand> {
    let mut result = Patchwork::new(data_type, rows.count());
    let mut left: Vec<usize> = (0..rows.count()).collect();
    for item in items {
        if left.is_empty() {
            break;
        }
        let values = result.put(&left, rows, item, ctx)?;
        let mut value = 0..;
        left.retain(|_| value.next().is_some_and(|at| values.is_null(at)));
    }
    result.finish()
}

/// The values of `expr` for the rows at `places` among `rows`.
fn at(expr: &Expr, rows: Rows<'_>, places: &[usize], ctx: &mut Context) -> Result<Operand> {
    if places.len() == rows.count() {
        return operand(expr, rows, ctx);
    }
    let picked = places.iter().map(|place| rows.number(*place)).collect::<UInt64Array>();
    operand(expr, Rows { picked: Some(&picked), ..rows }, ctx).map_err(|mut error| {
        match error.take_row().and_then(|row| places.get(row)) {
            Some(place) => error.in_row(*place),
            None => error,
        }
    })
}

/// Values that are computed for some rows at a time. Rows without one are NULL.
struct Patchwork<'a> {
    data_type: &'a DataType,
    patches: Vec<Operand>,
    /// How many values the patches hold, and which of them each row has.
    length: u64,
    places: Vec<Option<u64>>,
}

impl<'a> Patchwork<'a> {
    fn new(data_type: &'a DataType, rows: usize) -> Self {
        Self { data_type, patches: Vec::new(), length: 0, places: vec![None; rows] }
    }

    /// Computes `expr` for the rows at `places`, and gives back what it was.
    fn put(&mut self, places: &[usize], rows: Rows<'_>, expr: &Expr, ctx: &mut Context) -> Result<Operand> {
        if places.is_empty() {
            return Ok(Operand::constant(arrow_array::new_empty_array(&self.data_type.storage())));
        }
        let values = at(expr, rows, places, ctx)?;
        if places.len() == self.places.len() {
            // Nothing of what was there shows.
            self.patches.clear();
            self.length = 0;
        }
        for (row, place) in places.iter().enumerate() {
            if let Some(of_row) = self.places.get_mut(*place) {
                *of_row = Some(self.length + values.index(row) as u64);
            }
        }
        self.length += values.array().len() as u64;
        self.patches.push(values.clone());
        Ok(values)
    }

    fn finish(self) -> Result<Operand> {
        match self.patches.as_slice() {
            // One patch that came with all rows is the whole.
            [only] if self.places.iter().all(Option::is_some) => return Ok(only.clone()),
            [] => return Ok(Operand::constant(arrow_array::new_null_array(&self.data_type.storage(), 1))),
            _ => {}
        }
        let patches: Vec<_> = self.patches.iter().map(|it| it.array().clone()).collect();
        take(&concat(&patches)?, &UInt64Array::from(self.places)).map(Operand::column)
    }
}
