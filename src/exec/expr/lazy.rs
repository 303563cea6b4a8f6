//! Expressions that compute only the parts they need: CASE, COALESCE, AND and OR.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::{Array, BooleanArray, UInt64Array};

use super::{Rows, is_forgiven, operand};
use crate::data::{DataType, Operand, chosen, concat, null_column, numbers_at, parted, row_index, take};
use crate::diag::{Invariant, Result};
use crate::exec::Context;
use crate::plan::{Expr, ExprKind};

/// A condition is computed for the rows for which none before was TRUE, and a value for the rows whose branch it is.
pub(super) fn case(
    branches: &[(Expr, Expr)],
    otherwise: &Expr,
    rows: Rows<'_>,
    ctx: &mut Context,
) -> Result<Operand> {
    if let [(condition, value)] = branches
        && is_there(value)
        && is_there(otherwise)
        && matches!(otherwise.data_type, DataType::Int64 | DataType::Float64)
    {
        let condition = operand(condition, rows, ctx)?;
        let (value, otherwise) = (operand(value, rows, ctx)?, operand(otherwise, rows, ctx)?);
        if condition.is_constant() {
            return Ok(if condition.bools()?.get(0) == Some(true) { value } else { otherwise });
        }
        let condition = condition.array().as_boolean_opt().invariant("a condition is BOOL")?;
        return chosen(condition, &value, &otherwise).map(Operand::column);
    }
    let mut result = PartialResults::new(&otherwise.data_type, rows.count());
    let mut remaining = Indices::of_all(rows);
    for (condition, value) in branches {
        let Some(asked) = remaining else { break };
        let condition = compute_for(condition, rows, &asked, ctx)?;
        let (met, rest) = asked.split(&condition)?;
        if let Some(met) = met {
            result.compute(&met, rows, value, ctx)?;
        }
        remaining = rest;
    }
    if let Some(rest) = remaining {
        result.compute(&rest, rows, otherwise, ctx)?;
    }
    result.finish()
}

/// Whether the values of `expr` need no computation, so that none is spared where they are not asked for.
fn is_there(expr: &Expr) -> bool {
    matches!(expr.kind, ExprKind::Column(_) | ExprKind::Literal(_) | ExprKind::Parameter(_))
}

/// An item is computed for the rows for which all before were NULL.
pub(super) fn coalesce(
    items: &[Expr],
    data_type: &DataType,
    rows: Rows<'_>,
    ctx: &mut Context,
) -> Result<Operand> {
    let mut result = PartialResults::new(data_type, rows.count());
    let mut remaining = Indices::of_all(rows);
    for item in items {
        let Some(asked) = remaining else { break };
        let values = compute_for(item, rows, &asked, ctx)?;
        result.add(&asked, &values);
        remaining = asked.nulls_of(&values)?;
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
    let mut open = Indices::of_all(rows);
    for arg in args {
        let Some(asked) = open else { break };
        let operand = compute_for(arg, rows, &asked, ctx)?;
        let operand = operand.bools()?;
        let mut still_open = Vec::new();
        for index in 0..asked.count(rows) {
            let row = asked.row(index)?;
            let value = values.get_mut(row).invariant("a row of a condition")?;
            match operand.get(index) {
                Some(value_of_arg) if value_of_arg == decides => *value = Some(decides),
                Some(_) => still_open.push(row as u64),
                None => {
                    *value = None;
                    still_open.push(row as u64);
                }
            }
        }
        open = Indices::these(still_open.into());
    }
    Ok(Operand::column(Arc::new(BooleanArray::from(values))))
}

/// Some of the rows that an expression is asked for, at least one.
enum Indices {
    All,
    These(UInt64Array),
}

impl Indices {
    /// All rows; `None` where there are none.
    fn of_all(rows: Rows<'_>) -> Option<Self> {
        (rows.count() > 0).then_some(Self::All)
    }

    fn these(indices: UInt64Array) -> Option<Self> {
        (!indices.is_empty()).then_some(Self::These(indices))
    }

    fn count(&self, rows: Rows<'_>) -> usize {
        match self {
            Self::All => rows.count(),
            Self::These(indices) => indices.len(),
        }
    }

    /// The row in the place `index` of these.
    fn row(&self, index: usize) -> Result<usize> {
        match self {
            Self::All => Ok(index),
            Self::These(indices) => {
                indices.values().get(index).map(|row| row_index(*row)).invariant("a row that is asked for")
            }
        }
    }

    /// Those of these in the places `places`.
    fn at(&self, places: UInt64Array) -> Result<Option<Self>> {
        Ok(Self::these(match self {
            Self::All => places,
            Self::These(indices) => numbers_at(indices, &places)?,
        }))
    }

    /// Those for which `condition` is TRUE, and the others.
    fn split(self, condition: &Operand) -> Result<(Option<Self>, Option<Self>)> {
        if condition.is_constant() {
            let is_met = condition.bools()?.get(0) == Some(true);
            return Ok(if is_met { (Some(self), None) } else { (None, Some(self)) });
        }
        let condition = condition.array().as_boolean_opt().invariant("a condition is BOOL")?;
        let (met, rest) = parted(condition);
        Ok(match (met.is_empty(), rest.is_empty()) {
            (_, true) => (Some(self), None),
            (true, _) => (None, Some(self)),
            _ => (self.at(met)?, self.at(rest)?),
        })
    }

    /// Those for which `values` are NULL.
    fn nulls_of(self, values: &Operand) -> Result<Option<Self>> {
        if values.is_constant() {
            return Ok(values.is_null(0).then_some(self));
        }
        match values.array().nulls() {
            Some(nulls) => self.at(parted(&BooleanArray::new(nulls.inner().clone(), None)).1),
            None => Ok(None),
        }
    }
}

/// The values of `expr` for those of `rows` at `indices`.
fn compute_for(expr: &Expr, rows: Rows<'_>, indices: &Indices, ctx: &mut Context) -> Result<Operand> {
    let Indices::These(indices) = indices else { return operand(expr, rows, ctx) };
    let picked = rows.pick(indices)?;
    operand(expr, Rows { picked: Some(&picked), ..rows }, ctx).map_err(|mut error| {
        match error.take_row().and_then(|row| indices.values().get(row)) {
            Some(index) => error.in_row(row_index(*index)),
            None => error,
        }
    })
}

/// Values that are computed for some rows at a time, in the end for all.
struct PartialResults<'a> {
    data_type: &'a DataType,
    parts: Vec<Operand>,
    /// How many values the parts hold together, and the position of each row's value among them.
    length: u64,
    positions: Vec<u64>,
}

impl<'a> PartialResults<'a> {
    fn new(data_type: &'a DataType, rows: usize) -> Self {
        Self { data_type, parts: Vec::new(), length: 0, positions: vec![0; rows] }
    }

    /// Computes `expr` for those of `rows` at `indices`.
    fn compute(&mut self, indices: &Indices, rows: Rows<'_>, expr: &Expr, ctx: &mut Context) -> Result<()> {
        // Of a column, which is there, no values are picked now that are picked in the end.
        if let (Indices::These(indices), ExprKind::Column(_)) = (indices, &expr.kind) {
            let column = operand(expr, rows, ctx)?;
            self.set(indices.values().iter().map(|row| (*row, *row)));
            self.push(&column);
            return Ok(());
        }
        let values = compute_for(expr, rows, indices, ctx)?;
        self.add(indices, &values);
        Ok(())
    }

    /// Takes the values for the rows at `indices`.
    fn add(&mut self, indices: &Indices, values: &Operand) {
        match indices {
            Indices::All => {
                // All earlier values are replaced.
                self.parts.clear();
                self.length = 0;
                self.set((0..self.positions.len() as u64).map(|row| (row, row)));
            }
            Indices::These(indices) if values.is_constant() => {
                self.set(indices.values().iter().map(|row| (*row, 0)));
            }
            Indices::These(indices) => self.set(indices.values().iter().copied().zip(0..)),
        }
        self.push(values);
    }

    /// Says where in the next part the values of rows are.
    #[expect(clippy::indexing_slicing, reason = "each row has a position")]
    fn set(&mut self, rows: impl Iterator<Item = (u64, u64)>) {
        for (row, position) in rows {
            self.positions[row_index(row)] = self.length + position;
        }
    }

    fn push(&mut self, values: &Operand) {
        self.length += values.array().len() as u64;
        self.parts.push(values.clone());
    }

    fn finish(self) -> Result<Operand> {
        match self.parts.as_slice() {
            // One part has a value for every row.
            [only] => return Ok(only.clone()),
            [] => return null_column(&self.data_type.storage(), 1).map(Operand::constant),
            _ => {}
        }
        let parts: Vec<_> = self.parts.iter().map(|part| part.array().clone()).collect();
        take(&concat(&parts)?, &UInt64Array::from(self.positions)).map(Operand::column)
    }
}
