//! Comparisons over whole columns.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{ArrowPrimitiveType, Date32Type, Float64Type, Int64Type, TimestampMicrosecondType};
use arrow_array::{ArrayRef, BooleanArray};
use arrow_buffer::{BooleanBuffer, Buffer, NullBuffer};
use predictql_kernels::compare::{Compare, Test as Base, compare_blobs};
use predictql_kernels::operand::Operand as Kernel;

use super::super::BatchCall;
use super::logic::joined;
use crate::data::{DataType, Operand, StructField};
use crate::diag::{Error, Invariant, Result};

/// How two values are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::function) enum Test {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

pub(super) fn compare(call: &BatchCall<'_>, test: Test) -> Result<ArrayRef> {
    Ok(Arc::new(tested(call, 0, 1, test)?))
}

pub(super) fn between(call: &BatchCall<'_>) -> Result<ArrayRef> {
    let sides = [tested(call, 0, 1, Test::GreaterOrEqual)?, tested(call, 0, 2, Test::LessOrEqual)?];
    Ok(Arc::new(joined(&sides.map(|side| Operand::column(Arc::new(side))), call.rows, true)?))
}

pub(super) fn distinct(call: &BatchCall<'_>) -> Result<ArrayRef> {
    let data_type = call.arg_type(0)?;
    let same = indistinct(call.arg(0)?, call.arg(1)?, data_type, call.rows)?;
    Ok(Arc::new(BooleanArray::new(!&same, None)))
}

fn tested(call: &BatchCall<'_>, left: usize, right: usize, test: Test) -> Result<BooleanArray> {
    let (left, right) = (call.arg(left)?, call.arg(right)?);
    let (left, right) = match test {
        Test::Greater | Test::GreaterOrEqual => (right, left),
        _ => (left, right),
    };
    let result = match test {
        Test::Equal | Test::NotEqual => return equality(call, left, right, test),
        Test::Less | Test::Greater => values(left, right, call.arg_type(0)?, call.rows, Base::Less)?,
        Test::LessOrEqual | Test::GreaterOrEqual => {
            values(left, right, call.arg_type(0)?, call.rows, Base::LessOrEqual)?
        }
    };
    Ok(BooleanArray::new(result, either_null(left, right, call.rows)))
}

fn equality(call: &BatchCall<'_>, left: &Operand, right: &Operand, test: Test) -> Result<BooleanArray> {
    let same = equal(left, right, call.arg_type(0)?, call.rows)?;
    if test == Test::Equal {
        return Ok(same);
    }
    let (values, nulls) = same.into_parts();
    Ok(BooleanArray::new(!&values, nulls))
}

fn either_null(left: &Operand, right: &Operand, rows: usize) -> Option<NullBuffer> {
    NullBuffer::union(left.nulls(rows).as_ref(), right.nulls(rows).as_ref())
}

/// Whether two values of one comparable type are equal; of structs, whether all fields are.
pub(in crate::function) fn equal(
    left: &Operand,
    right: &Operand,
    data_type: &DataType,
    rows: usize,
) -> Result<BooleanArray> {
    let nulls = either_null(left, right, rows);
    let DataType::Struct(fields) = data_type else {
        return Ok(BooleanArray::new(values(left, right, data_type, rows, Base::Equal)?, nulls));
    };
    let same = each_field(left, right, fields, |left, right, data_type| {
        Ok(Operand::column(Arc::new(equal(left, right, data_type, rows)?)))
    })?;
    let (values, inner) = joined(&same, rows, true)?.into_parts();
    Ok(BooleanArray::new(values, NullBuffer::union(nulls.as_ref(), inner.as_ref())))
}

/// Whether both are NULL, both NaN, or equal.
fn indistinct(left: &Operand, right: &Operand, data_type: &DataType, rows: usize) -> Result<BooleanBuffer> {
    let mut same = match data_type {
        DataType::Struct(fields) => {
            let same = each_field(left, right, fields, |left, right, data_type| {
                indistinct(left, right, data_type, rows)
            })?;
            same.iter().fold(BooleanBuffer::new_set(rows), |all, field| &all & field)
        }
        _ => values(left, right, data_type, rows, Base::Equal)?,
    };
    if *data_type == DataType::Float64 {
        let (a, b) = (left.floats()?, right.floats()?);
        let nan = BooleanBuffer::collect_bool(rows, |row| a.at(row).is_nan() && b.at(row).is_nan());
        same = &same | &nan;
    }
    let valid = |operand: &Operand| {
        operand.nulls(rows).map_or_else(|| BooleanBuffer::new_set(rows), NullBuffer::into_inner)
    };
    let (left, right) = (valid(left), valid(right));
    Ok(&(&same & &(&left & &right)) | &!&(&left | &right))
}

fn each_field<T>(
    left: &Operand,
    right: &Operand,
    fields: &[StructField],
    apply: impl Fn(&Operand, &Operand, &DataType) -> Result<T>,
) -> Result<Vec<T>> {
    let fields = fields.iter().enumerate();
    let apply = |(index, field): (usize, &StructField)| {
        apply(&field_of(left, index)?, &field_of(right, index)?, &field.data_type)
    };
    fields.map(apply).collect()
}

fn field_of(operand: &Operand, index: usize) -> Result<Operand> {
    let columns = operand.array().as_struct_opt().map(arrow_array::StructArray::columns);
    let column = columns.and_then(|columns| columns.get(index)).invariant("a field of a struct")?;
    Ok(operand.with(column.clone()))
}

/// The answers for values other than structs; what stands at a NULL means nothing.
fn values(
    left: &Operand,
    right: &Operand,
    data_type: &DataType,
    rows: usize,
    base: Base,
) -> Result<BooleanBuffer> {
    match data_type {
        DataType::Int64 => numbers::<Int64Type>(left, right, rows, base),
        DataType::Timestamp | DataType::Datetime => {
            numbers::<TimestampMicrosecondType>(left, right, rows, base)
        }
        DataType::Float64 => numbers::<Float64Type>(left, right, rows, base),
        DataType::Date => numbers::<Date32Type>(left, right, rows, base),
        DataType::Numeric | DataType::BigNumeric => {
            let (a, b) = (left.decimals()?, right.decimals()?);
            Ok(match base {
                Base::Equal => BooleanBuffer::collect_bool(rows, |row| a.at(row) == b.at(row)),
                Base::Less => BooleanBuffer::collect_bool(rows, |row| a.at(row) < b.at(row)),
                Base::LessOrEqual => BooleanBuffer::collect_bool(rows, |row| a.at(row) <= b.at(row)),
            })
        }
        DataType::Bool => {
            let (a, b) = (left.bools()?, right.bools()?);
            let a: Vec<_> = (0..rows).map(|row| i32::from(a.at(row))).collect();
            let b: Vec<_> = (0..rows).map(|row| i32::from(b.at(row))).collect();
            Ok(bits(i32::compare(base, Kernel::Column(&a), Kernel::Column(&b), rows), rows))
        }
        DataType::String | DataType::Time | DataType::Json | DataType::Interval | DataType::Bytes => {
            let (a, b) = (left.bytes()?, right.bytes()?);
            Ok(bits(compare_blobs(base, a.kernel(), b.kernel(), rows), rows))
        }
        DataType::Array(_)
        | DataType::Struct(_)
        | DataType::Tensor
        | DataType::Picture
        | DataType::IntegerPicture => {
            Err(Error::internal(format!("values of type {data_type} are not compared")))
        }
    }
}

fn numbers<T: ArrowPrimitiveType<Native: Compare>>(
    left: &Operand,
    right: &Operand,
    rows: usize,
    base: Base,
) -> Result<BooleanBuffer> {
    Ok(bits(T::Native::compare(base, left.kernel::<T>(rows)?, right.kernel::<T>(rows)?, rows), rows))
}

/// The bits of `rows` rows, in words of 64.
fn bits(words: Vec<u64>, rows: usize) -> BooleanBuffer {
    BooleanBuffer::new(Buffer::from_vec(words), 0, rows)
}
