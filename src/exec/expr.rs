//! Expressions over the columns of a batch, whole columns at a time.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::{Array, ArrayRef, ListArray, StructArray, UInt64Array, new_null_array};
use arrow_buffer::{NullBuffer, OffsetBuffer};

use super::Context;
use crate::data::{Batch, DataType, Operand, array_of, cast};
use crate::diag::{Code, Error, Result};
use crate::function::Call;
use crate::plan::{Expr, ExprKind};

/// A column of as many values as `batch` has rows.
pub(super) fn evaluate(expr: &Expr, batch: &Batch, ctx: &mut Context) -> Result<ArrayRef> {
    operand(expr, batch, ctx)?.into_column(batch.rows())
}

fn operand(expr: &Expr, batch: &Batch, ctx: &mut Context) -> Result<Operand> {
    match &expr.kind {
        ExprKind::Column(at) => batch.column(*at).cloned().map(Operand::column),
        ExprKind::Literal(value) => {
            array_of(std::slice::from_ref(value), &expr.data_type).map(Operand::constant)
        }
        ExprKind::Call { function, kernel, args, .. } => {
            let types: Vec<_> = args.iter().map(|arg| arg.data_type.clone()).collect();
            let args = operands(args, batch, ctx)?;
            let mark = ctx.watch.start();
            let result = shared(&args, batch.rows(), |rows| {
                let (types, returns, env) = (&types, &expr.data_type, &ctx.env);
                kernel(&Call { args: &args, types, returns, rows, env })
            });
            ctx.watch.stop(mark, function.stage.unwrap_or(crate::control::Stage::Project));
            result.map_err(|error| error.or_at(expr.span))
        }
        ExprKind::Cast { value, mode } => {
            let argument = operand(value, batch, ctx)?;
            let array = cast(argument.array(), &value.data_type, &expr.data_type, *mode)
                .map_err(|error| if argument.is_constant() { of_no_row(error) } else { error })
                .map_err(|error| error.or_at(expr.span))?;
            Ok(like(&argument, array))
        }
        ExprKind::Field { value, at } => {
            let argument = operand(value, batch, ctx)?;
            let array = field(argument.array(), *at, &expr.data_type)?;
            Ok(like(&argument, array))
        }
        ExprKind::Element { array, index, base, safe } => {
            let args = [operand(array, batch, ctx)?, operand(index, batch, ctx)?];
            let [array, index] = &args;
            shared(&args, batch.rows(), |rows| element(array, index, *base, *safe, rows))
                .map_err(|error| error.or_at(expr.span))
        }
        ExprKind::Array(items) => {
            let args = operands(items, batch, ctx)?;
            shared(&args, batch.rows(), |rows| array(&args, rows, &expr.data_type))
        }
        ExprKind::Struct(items) => {
            let args = operands(items, batch, ctx)?;
            shared(&args, batch.rows(), |rows| structure(&args, rows, &expr.data_type))
        }
        _ => Err(Error::new(Code::Internal, "this expression does not run")),
    }
}

pub(super) fn operands(exprs: &[Expr], batch: &Batch, ctx: &mut Context) -> Result<Vec<Operand>> {
    exprs.iter().map(|it| operand(it, batch, ctx)).collect()
}

/// Computes once where all arguments are constants, else for every row.
fn shared(args: &[Operand], rows: usize, compute: impl FnOnce(usize) -> Result<ArrayRef>) -> Result<Operand> {
    if args.iter().all(Operand::is_constant) {
        compute(1).map(Operand::constant).map_err(of_no_row)
    } else {
        compute(rows).map(Operand::column)
    }
}

/// A constant is not the fault of a row.
fn of_no_row(mut error: Error) -> Error {
    error.take_row();
    error
}

/// `array`, constant where `argument` is.
fn like(argument: &Operand, array: ArrayRef) -> Operand {
    if argument.is_constant() { Operand::constant(array) } else { Operand::column(array) }
}

/// Field `at` of a struct or tensor; NULL where the whole is NULL.
fn field(array: &ArrayRef, at: usize, data_type: &DataType) -> Result<ArrayRef> {
    let missing = || Error::new(Code::Internal, "a field is missing");
    let parts = array.as_struct_opt().ok_or_else(missing)?;
    let part = parts.columns().get(at).ok_or_else(missing)?;
    let nulls = NullBuffer::union(parts.nulls(), part.nulls());
    let data = part.to_data().into_builder().nulls(nulls).build().map_err(|_| missing())?;
    let part = arrow_array::make_array(data);
    if *part.data_type() == data_type.storage() { Ok(part) } else { widened(&part, data_type) }
}

/// A tensor's 32-bit floats as FLOAT64.
fn widened(array: &ArrayRef, data_type: &DataType) -> Result<ArrayRef> {
    let missing = || Error::new(Code::Internal, format!("a field is not of type {data_type}"));
    let list = array.as_list_opt::<i32>().ok_or_else(missing)?;
    let floats = list.values().as_primitive_opt::<arrow_array::types::Float32Type>().ok_or_else(missing)?;
    let floats = floats.unary::<_, arrow_array::types::Float64Type>(f64::from);
    let field = Arc::new(arrow_schema::Field::new_list_field(floats.data_type().clone(), true));
    ListArray::try_new(field, list.offsets().clone(), Arc::new(floats), list.nulls().cloned())
        .map(|list| Arc::new(list) as ArrayRef)
        .map_err(|error| missing().detail(error))
}

fn element(array: &Operand, index: &Operand, base: i64, safe: bool, rows: usize) -> Result<ArrayRef> {
    let list =
        array.array().as_list_opt::<i32>().ok_or_else(|| Error::new(Code::Internal, "expected an array"))?;
    let indices = index.ints()?;
    let places = (0..rows)
        .map(|row| {
            let at = array.index(row);
            let (Some(index), false) = (indices.get(row), array.is_null(row)) else { return Ok(None) };
            let (start, length) = (i64::from(start_of(list, at)), i64::from(list.value_length(at)));
            let place = index.checked_sub(base).filter(|it| (0..length).contains(it));
            match place.and_then(|it| u64::try_from(start + it).ok()) {
                Some(place) => Ok(Some(place)),
                None if safe => Ok(None),
                None => Err(Error::new(
                    Code::IndexOutOfRange,
                    format!("index {index} is out of an array of {length} elements"),
                )
                .in_row(row)
                .hint("SAFE_OFFSET and SAFE_ORDINAL give NULL where there is no element")),
            }
        })
        .collect::<Result<UInt64Array>>()?;
    if list.values().is_empty() {
        return Ok(new_null_array(list.values().data_type(), rows));
    }
    arrow_select::take::take(list.values(), &places, None)
        .map_err(|error| Error::new(Code::Internal, "elements cannot be taken").detail(error))
}

fn start_of(list: &ListArray, at: usize) -> i32 {
    list.value_offsets().get(at).copied().unwrap_or_default()
}

/// One array a row, of the row's values of `items`.
fn array(items: &[Operand], rows: usize, data_type: &DataType) -> Result<ArrayRef> {
    let failed = |error| Error::new(Code::LimitExceeded, "an array is too large").detail(error);
    let arrays: Vec<&dyn Array> = items.iter().map(|item| item.array().as_ref()).collect();
    let DataType::Array(element) = data_type else {
        return Err(Error::new(Code::Internal, "an array has the type of an array"));
    };
    let values = if arrays.is_empty() {
        arrow_array::new_empty_array(&element.storage())
    } else {
        // Behind one another, then picked row by row: a third kernel (`interleave`) would be much of the download.
        let starts: Vec<_> = items
            .iter()
            .scan(0, |start, item| Some(std::mem::replace(start, *start + item.array().len())))
            .collect();
        let place =
            |row| items.iter().zip(&starts).map(move |(item, start)| (start + item.index(row)) as u64);
        let places: UInt64Array = (0..rows).flat_map(place).collect();
        let all = arrow_select::concat::concat(&arrays).map_err(failed)?;
        arrow_select::take::take(&all, &places, None).map_err(failed)?
    };
    let field = Arc::new(arrow_schema::Field::new_list_field(element.storage(), true));
    let offsets = OffsetBuffer::from_repeated_length(items.len(), rows);
    ListArray::try_new(field, offsets, values, None).map(|it| Arc::new(it) as ArrayRef).map_err(failed)
}

fn structure(items: &[Operand], rows: usize, data_type: &DataType) -> Result<ArrayRef> {
    let arrow_schema::DataType::Struct(fields) = data_type.storage() else {
        return Err(Error::new(Code::Internal, "a struct has the type of a struct"));
    };
    let columns = items.iter().map(|item| item.clone().into_column(rows)).collect::<Result<_>>()?;
    StructArray::try_new_with_length(fields, columns, None, rows)
        .map(|array| Arc::new(array) as ArrayRef)
        .map_err(|error| Error::new(Code::Internal, "a struct cannot be built").detail(error))
}
