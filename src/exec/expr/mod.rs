//! Expressions over the columns of a batch, whole columns at a time.

mod joined;
mod kept;
mod lazy;
mod nested;

use arrow_array::{ArrayRef, UInt64Array};

use super::subplans::SubplanResult;
pub(super) use kept::Kept;

use super::{Context, correlated};
use crate::control::Stage;
use crate::data::{Batch, DataType, Operand, Scalar, array_of, cast, concat, null_column, numbers_at};
use crate::diag::{Error, Invariant, Kind, Result, ensure};
use crate::function::BatchCall;
use crate::plan::{Expr, ExprKind};
use crate::syntax::SqlOperator;

/// A column of as many values as `batch` has rows.
pub(super) fn evaluate(expr: &Expr, batch: &Batch, ctx: &mut Context) -> Result<ArrayRef> {
    operand(expr, Rows::all(batch), ctx)?.into_column(batch.rows())
}

/// One operand for each expression.
pub(super) fn arguments(exprs: &[Expr], batch: &Batch, ctx: &mut Context) -> Result<Vec<Operand>> {
    operands(exprs, Rows::all(batch), ctx)
}

/// One column for each expression.
pub(super) fn columns<'a>(
    exprs: impl IntoIterator<Item = &'a Expr>,
    batch: &Batch,
    ctx: &mut Context,
) -> Result<Vec<ArrayRef>> {
    exprs.into_iter().map(|expr| evaluate(expr, batch, ctx)).collect()
}

/// All rows of a batch, or those that a condition picked. Columns are picked when they are read.
#[derive(Clone, Copy)]
struct Rows<'a> {
    batch: &'a Batch,
    picked: Option<&'a UInt64Array>,
}

impl<'a> Rows<'a> {
    fn all(batch: &'a Batch) -> Self {
        Self { batch, picked: None }
    }

    fn count(&self) -> usize {
        self.picked.map_or(self.batch.rows(), |picked| picked.values().len())
    }

    /// The rows at `indices` of these.
    fn pick(&self, indices: &UInt64Array) -> Result<UInt64Array> {
        match self.picked {
            None => Ok(indices.clone()),
            Some(picked) => numbers_at(picked, indices),
        }
    }

    /// `error` of row `row` of these, which it names as one of the batch.
    fn named(&self, mut error: Error, row: usize) -> Error {
        error.take_row();
        let picked = self.picked.and_then(|picked| picked.values().get(row).copied());
        let picked = picked.and_then(|row| usize::try_from(row).ok());
        error.in_row(picked.unwrap_or(row))
    }

    fn column(&self, index: usize) -> Result<Operand> {
        let (column, rows) = self.unpicked(index)?;
        match rows {
            None => Ok(Operand::column(column)),
            Some(rows) => Operand::column(column).take(&rows),
        }
    }

    /// The values that a column is made of, and which of them the rows have where it is not those themselves.
    fn unpicked(&self, index: usize) -> Result<(ArrayRef, Option<UInt64Array>)> {
        let (column, rows) = self.batch.unpicked(index)?;
        let rows = match (rows, self.picked) {
            (Some(rows), Some(picked)) => Some(numbers_at(rows, picked)?),
            (rows, picked) => rows.or(picked).cloned(),
        };
        Ok((column.clone(), rows))
    }

    /// As [`unpicked`](Self::unpicked), of a column or a field of one.
    fn place(&self, expr: &Expr) -> Result<Option<(ArrayRef, Option<UInt64Array>)>> {
        match &expr.kind {
            ExprKind::Column(index) => self.unpicked(*index).map(Some),
            ExprKind::Field { value, index } => {
                let place = self.place(value)?;
                place.map(|(values, rows)| Ok((nested::stored(&values, *index)?, rows))).transpose()
            }
            _ => Ok(None),
        }
    }
}

/// The columns that `exprs` read elements of, and nothing else.
pub(super) fn only_indexed(exprs: &[Expr]) -> Vec<usize> {
    let (mut indexed, mut read) = (Vec::new(), Vec::new());
    exprs.iter().for_each(|expr| note_reads(expr, &mut indexed, &mut read));
    indexed.retain(|column| !read.contains(column));
    indexed
}

fn note_reads(expr: &Expr, indexed: &mut Vec<usize>, read: &mut Vec<usize>) {
    match &expr.kind {
        ExprKind::Column(column) => read.push(*column),
        ExprKind::Element { array, index, .. } => {
            let mut place = &**array;
            while let ExprKind::Field { value, .. } = &place.kind {
                place = value;
            }
            match place.kind {
                ExprKind::Column(column) => indexed.push(column),
                _ => note_reads(array, indexed, read),
            }
            note_reads(index, indexed, read);
        }
        _ => expr.children().into_iter().for_each(|child| note_reads(child, indexed, read)),
    }
}

/// The values of `expr`: one for each of `rows`, or a constant. All that reads them relies on that.
fn operand(expr: &Expr, rows: Rows<'_>, ctx: &mut Context) -> Result<Operand> {
    let values = compute(expr, rows, ctx)?;
    ensure(values.has_rows(rows.count()), "an expression has not as many values as there are rows")?;
    Ok(values)
}

fn compute(expr: &Expr, rows: Rows<'_>, ctx: &mut Context) -> Result<Operand> {
    match &expr.kind {
        ExprKind::Column(index) => rows.column(*index),
        ExprKind::Literal(value) => constant(value, &expr.data_type),
        ExprKind::Parameter(slot) => {
            let value =
                ctx.params.value(&slot.parameter).invariant("a parameter of the plan has no value")?;
            constant(value, &expr.data_type)
        }
        ExprKind::Call { function, args, .. } if function.operator == Some(SqlOperator::And) => {
            lazy::decided(args, false, rows, ctx, &|ctx| call(expr, rows, ctx))
        }
        ExprKind::Call { function, args, .. } if function.operator == Some(SqlOperator::Or) => {
            lazy::decided(args, true, rows, ctx, &|ctx| call(expr, rows, ctx))
        }
        ExprKind::Call { function, .. } if function.stage == Some(Stage::Preprocess) => {
            joined::compute(expr, rows, ctx)
        }
        ExprKind::Call { .. } | ExprKind::Fitted { .. } => call(expr, rows, ctx),
        ExprKind::Cast { value, mode } => {
            let argument = operand(value, rows, ctx)?;
            let array = cast(argument.array(), &value.data_type, &expr.data_type, *mode, &ctx.env.zones)
                .map_err(|error| if argument.is_constant() { without_row(error) } else { error })
                .map_err(|error| error.or_at(expr.span))?;
            Ok(argument.with(array))
        }
        ExprKind::Field { value, index } => {
            let argument = operand(value, rows, ctx)?;
            let array = nested::field(argument.array(), *index, &expr.data_type)?;
            Ok(argument.with(array))
        }
        ExprKind::Element { array, index, base, safe } => {
            // Whole arrays are not copied for one element.
            if let Some((values, picked)) = rows.place(array)? {
                let (lists, index) = (Operand::column(values), operand(index, rows, ctx)?);
                let found = nested::element(&lists, picked.as_ref(), &index, (*base, *safe), rows.count());
                let found = found.and_then(|found| nested::wide(found, &expr.data_type));
                return found.map(Operand::column).map_err(|error| error.or_at(expr.span));
            }
            let args = [operand(array, rows, ctx)?, operand(index, rows, ctx)?];
            let [array, index] = &args;
            once_if_constant(&args, rows.count(), |rows| {
                nested::element(array, None, index, (*base, *safe), rows)
            })
            .map_err(|error| error.or_at(expr.span))
        }
        ExprKind::Array(items) => {
            let args = operands(items, rows, ctx)?;
            once_if_constant(&args, rows.count(), |rows| nested::array(&args, rows, &expr.data_type))
        }
        ExprKind::Struct(items) => {
            let args = operands(items, rows, ctx)?;
            once_if_constant(&args, rows.count(), |rows| nested::structure(&args, rows, &expr.data_type))
        }
        ExprKind::Case { branches, otherwise } => lazy::case(branches, otherwise, rows, ctx),
        ExprKind::Correlated { query, outer } => {
            let values = operands(outer, rows, ctx)?;
            let values = values.into_iter().map(|value| value.into_column(rows.count()));
            let types = outer.iter().map(|value| &value.data_type);
            let values: Vec<_> = types.zip(values.collect::<Result<Vec<_>>>()?).collect();
            correlated::results(*query, &values, rows.count(), &expr.data_type, ctx).map(Operand::column)
        }
        ExprKind::Outer { .. } | ExprKind::Pending(_) => {
            Err(Error::internal("an aggregate or window function is not computed"))
        }
        ExprKind::Coalesce(items) => lazy::coalesce(items, &expr.data_type, rows, ctx),
        ExprKind::Subplan(number) => match ctx.subplans.get(*number) {
            Some(SubplanResult::Value(value)) => Ok(value.clone()),
            _ => Err(Error::internal("a subquery has not run")),
        },
    }
}

fn operands(exprs: &[Expr], rows: Rows<'_>, ctx: &mut Context) -> Result<Vec<Operand>> {
    exprs.iter().map(|expr| operand(expr, rows, ctx)).collect()
}

/// Calls a function.
fn call(expr: &Expr, rows: Rows<'_>, ctx: &mut Context) -> Result<Operand> {
    let (written, stage, volatile, safe) = match &expr.kind {
        ExprKind::Call { function, args, safe, .. } => (args, function.stage, function.is_volatile(), *safe),
        ExprKind::Fitted { args, .. } => (args, None, false, false),
        _ => return Err(Error::internal("expected a call")),
    };
    let types: Vec<_> = written.iter().map(|arg| arg.data_type.clone()).collect();
    let args = operands(written, rows, ctx)?;
    let is_kept = !volatile && kept::is_array_of_constants(&expr.data_type, &args);
    if is_kept && let Some(value) = kept::find(expr, &args, &ctx.kept)? {
        return Ok(value);
    }
    let mark = ctx.watch.start();
    let env = &ctx.env;
    let run = |args: &[Operand], rows| {
        let call = BatchCall { args, types: &types, returns: &expr.data_type, rows, env };
        match &expr.kind {
            ExprKind::Call { kernel, .. } => kernel(&call),
            ExprKind::Fitted { fitted, .. } => fitted.apply(&call),
            _ => Err(Error::internal("expected a call")),
        }
    };
    let result = if volatile {
        run(&args, rows.count()).map(Operand::column)
    } else {
        once_if_constant(&args, rows.count(), |rows| run(&args, rows))
    };
    let is_decoding = stage == Some(Stage::Decode);
    let safe = safe || is_decoding && env.forgives;
    let result = match result {
        Err(error) if safe && is_forgiven_of(stage, &error) => {
            let failed = |row, error: Error| {
                // Of other functions NULL is what was asked for; a picture is worth a word.
                if is_decoding {
                    env.forgiven.borrow_mut().add(rows.named(error, row));
                }
            };
            row_by_row(&args, rows.count(), &expr.data_type, stage, &run, &failed)
        }
        result => result,
    };
    ctx.watch.stop(mark, stage.unwrap_or(Stage::Project));
    if is_kept && let Ok(value) = &result {
        kept::keep(expr, args, value, &mut ctx.kept);
    }
    result.map_err(|error| error.or_at(expr.span))
}

/// Whether `SAFE.` turns this error into NULL: a value is at fault.
pub(super) fn is_forgiven(error: &Error) -> bool {
    matches!(error.kind(), Kind::Data | Kind::Model)
}

/// The same of a function of this stage: a picture is at fault for its size too.
fn is_forgiven_of(stage: Option<Stage>, error: &Error) -> bool {
    is_forgiven(error) || (stage == Some(Stage::Decode) && error.kind() == Kind::Limit)
}

/// NULL for the rows that fail.
fn row_by_row(
    args: &[Operand],
    rows: usize,
    data_type: &DataType,
    stage: Option<Stage>,
    run: &dyn Fn(&[Operand], usize) -> Result<ArrayRef>,
    failed: &dyn Fn(usize, Error),
) -> Result<Operand> {
    let value_of = |row| {
        let args: Vec<_> = args.iter().map(|arg| arg.slice(row, 1)).collect();
        match run(&args, 1) {
            Err(error) if is_forgiven_of(stage, &error) => {
                failed(row, error);
                null_column(&data_type.storage(), 1)
            }
            result => result,
        }
    };
    let values = (0..rows).map(value_of).collect::<Result<Vec<_>>>()?;
    concat(&values).map(Operand::column)
}

/// Computes one value if all arguments are constants, else one for every row.
fn once_if_constant(
    args: &[Operand],
    rows: usize,
    compute: impl FnOnce(usize) -> Result<ArrayRef>,
) -> Result<Operand> {
    if args.iter().all(Operand::is_constant) {
        compute(1).map(Operand::constant).map_err(without_row)
    } else {
        compute(rows).map(Operand::column)
    }
}

/// A constant is wrong in no particular row.
fn without_row(mut error: Error) -> Error {
    error.take_row();
    error
}

fn constant(value: &Scalar, data_type: &DataType) -> Result<Operand> {
    array_of(std::slice::from_ref(value), data_type).map(Operand::constant)
}
