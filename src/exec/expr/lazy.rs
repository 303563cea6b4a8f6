//! Expressions that compute only the parts they need: CASE, COALESCE, AND and OR.

use std::sync::Arc;

use arrow_array::{BooleanArray, UInt64Array};

use super::{Rows, is_forgiven, operand};
use crate::data::{DataType, Operand, concat, null_column, take};
use crate::diag::{Invariant, Result};
use crate::exec::Context;
use crate::plan::Expr;

/// A condition is computed for the rows for which none before was TRUE, and a value for the rows whose branch it is.
pub(super) fn case(
    branches: &[(Expr, Expr)],
    otherwise: &Expr,
    rows: Rows<'_>,
    ctx: &mut Context,
) -> Result<Operand> {
    let mut result = PartialResults::new(&otherwise.data_type, rows.count());
    let mut remaining: Vec<usize> = (0..rows.count()).collect();
    for (condition, value) in branches {
        if remaining.is_empty() {
            break;
        }
        let condition = compute_for(condition, rows, &remaining, ctx)?;
        let condition = condition.bools()?;
        let (mut met, mut rest) = (Vec::new(), Vec::new());
        for (index, row) in remaining.into_iter().enumerate() {
            let rows = if condition.get(index) == Some(true) { &mut met } else { &mut rest };
            rows.push(row);
        }
        result.add(&met, rows, value, ctx)?;
        remaining = rest;
    }
    result.add(&remaining, rows, otherwise, ctx)?;
    result.finish()
}

/// An item is computed for the rows for which all before were NULL.
pub(super) fn coalesce(
    items: &[Expr],
    data_type: &DataType,
    rows: Rows<'_>,
    ctx: &mut Context,
) -> Result<Operand> {
    let mut result = PartialResults::new(data_type, rows.count());
    let mut remaining: Vec<usize> = (0..rows.count()).collect();
    for item in items {
        let Some(values) = result.add(&remaining, rows, item, ctx)? else { break };
        let nulls = remaining.into_iter().enumerate().filter(|(index, _)| values.is_null(*index));
        remaining = nulls.map(|(_, row)| row).collect();
    }
    result.finish()
}

/// AND, which FALSE decides, or OR, which TRUE decides: `decides`. All operands are computed at once; where that fails, each
/// is computed for the rows that those before it have not decided.
pub(super) fn decided(
    args: &[Expr],
    decides: bool,
    rows: Rows<'_>,
    ctx: &mut Context,
    at_once: &dyn Fn(&mut Context) -> Result<Operand>,
) -> Result<Operand> {
    match at_once(ctx) {
        Err(error) if is_forgiven(&error) => {}
        result => return result,
    }
    let mut values = vec![Some(!decides); rows.count()];
    let mut open: Vec<usize> = (0..rows.count()).collect();
    for arg in args {
        if open.is_empty() {
            break;
        }
        let operand = compute_for(arg, rows, &open, ctx)?;
        let operand = operand.bools()?;
        let mut still_open = Vec::new();
        for (index, row) in open.into_iter().enumerate() {
            let value = values.get_mut(row).invariant("a row of a condition")?;
            match operand.get(index) {
                Some(value_of_arg) if value_of_arg == decides => *value = Some(decides),
                Some(_) => still_open.push(row),
                None => {
                    *value = None;
                    still_open.push(row);
                }
            }
        }
        open = still_open;
    }
    Ok(Operand::column(Arc::new(BooleanArray::from(values))))
}

/// The values of `expr` for those of `rows` at `indices`.
fn compute_for(expr: &Expr, rows: Rows<'_>, indices: &[usize], ctx: &mut Context) -> Result<Operand> {
    if indices.len() == rows.count() {
        return operand(expr, rows, ctx);
    }
    let picked = rows.pick(indices)?;
    operand(expr, Rows { picked: Some(&picked), ..rows }, ctx).map_err(|mut error| {
        match error.take_row().and_then(|row| indices.get(row)) {
            Some(index) => error.in_row(*index),
            None => error,
        }
    })
}

/// Values that are computed for some rows at a time. Rows without one are NULL.
struct PartialResults<'a> {
    data_type: &'a DataType,
    parts: Vec<Operand>,
    /// How many values the parts hold together, and the position of each row's value among them.
    length: u64,
    positions: Vec<Option<u64>>,
}

impl<'a> PartialResults<'a> {
    fn new(data_type: &'a DataType, rows: usize) -> Self {
        Self { data_type, parts: Vec::new(), length: 0, positions: vec![None; rows] }
    }

    /// Computes `expr` for those of `rows` at `indices`, and returns its values; `None` for no rows.
    #[expect(
        clippy::indexing_slicing,
        reason = "`indices` are below the number of rows, and each row has a position"
    )]
    fn add(
        &mut self,
        indices: &[usize],
        rows: Rows<'_>,
        expr: &Expr,
        ctx: &mut Context,
    ) -> Result<Option<Operand>> {
        if indices.is_empty() {
            return Ok(None);
        }
        let values = compute_for(expr, rows, indices, ctx)?;
        if indices.len() == self.positions.len() {
            // All earlier values are replaced.
            self.parts.clear();
            self.length = 0;
        }
        for (row, index) in indices.iter().enumerate() {
            self.positions[*index] = Some(self.length + values.index(row) as u64);
        }
        self.length += values.array().len() as u64;
        self.parts.push(values.clone());
        Ok(Some(values))
    }

    fn finish(self) -> Result<Operand> {
        match self.parts.as_slice() {
            // One part with a value for every row is the whole result.
            [only] if self.positions.iter().all(Option::is_some) => return Ok(only.clone()),
            [] => return null_column(&self.data_type.storage(), 1).map(Operand::constant),
            _ => {}
        }
        let parts: Vec<_> = self.parts.iter().map(|part| part.array().clone()).collect();
        take(&concat(&parts)?, &UInt64Array::from(self.positions)).map(Operand::column)
    }
}
