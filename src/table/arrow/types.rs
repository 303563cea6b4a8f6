//! The SQL type of each Arrow type.

use arrow_schema::{DataType as Arrow, Field as ArrowField};

use super::invalid;
use crate::data::decimal::{BIGNUMERIC_SCALE, NUMERIC_SCALE};
use crate::data::{DataType, StructField, is_picture};
use crate::diag::Result;

/// As many decimal digits come back out of FLOAT64 as they went in.
const DOUBLE_DIGITS: u8 = 15;

/// What becomes of decimals.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Decimals {
    Exact,
    /// Those whose digits come back out of FLOAT64 are such.
    ShortAsFloats,
}

/// The SQL type of decimals of so many digits, and so many of them behind the point.
fn decimal_type(digits: u8, scale: i8, decimals: Decimals) -> DataType {
    let (digits_before, scale) = (i16::from(digits) - i16::from(scale), i16::from(scale));
    if decimals == Decimals::ShortAsFloats && digits <= DOUBLE_DIGITS {
        DataType::Float64
    } else if digits_before <= 29 && scale <= NUMERIC_SCALE.into() {
        DataType::Numeric
    } else if digits_before <= 38 && scale <= BIGNUMERIC_SCALE.into() {
        DataType::BigNumeric
    } else {
        DataType::String
    }
}

/// The SQL type of a column of the layout `arrow`.
///
/// # Errors
/// `invalid-arrow` where there is none.
pub(super) fn data_type(column: &str, arrow: &Arrow, decimals: Decimals) -> Result<DataType> {
    let unsupported = |hint: &str| {
        invalid(format!("column `{column}` has the type {arrow}, which has no counterpart in SQL"))
            .hint(format!("{hint}, or leave the column out"))
    };
    Ok(match arrow {
        Arrow::Int8 | Arrow::Int16 | Arrow::Int32 | Arrow::Int64 => DataType::Int64,
        Arrow::UInt8 | Arrow::UInt16 | Arrow::UInt32 | Arrow::UInt64 => DataType::Int64,
        Arrow::Float16 | Arrow::Float32 | Arrow::Float64 => DataType::Float64,
        // Results of our own come back as they are.
        own if *own == DataType::BigNumeric.storage() => DataType::BigNumeric,
        Arrow::Decimal32(digits, scale)
        | Arrow::Decimal64(digits, scale)
        | Arrow::Decimal128(digits, scale)
        | Arrow::Decimal256(digits, scale) => decimal_type(*digits, *scale, decimals),
        Arrow::Boolean => DataType::Bool,
        Arrow::Utf8 | Arrow::LargeUtf8 | Arrow::Utf8View | Arrow::Null => DataType::String,
        Arrow::Time32(_) | Arrow::Time64(_) => DataType::String,
        Arrow::Binary | Arrow::LargeBinary | Arrow::BinaryView => DataType::Bytes,
        Arrow::FixedSizeBinary(0..) => DataType::Bytes,
        Arrow::Date32 | Arrow::Date64 => DataType::Date,
        Arrow::Timestamp(..) => DataType::Timestamp,
        Arrow::Dictionary(_, values) => match data_type(column, values, decimals)? {
            DataType::Array(_)
            | DataType::Struct(_)
            | DataType::Tensor
            | DataType::Picture
            | DataType::IntegerPicture => {
                return Err(unsupported("write it without a dictionary"));
            }
            scalar => scalar,
        },
        Arrow::List(item)
        | Arrow::LargeList(item)
        | Arrow::FixedSizeList(item, 0..)
        | Arrow::Map(item, _) => match data_type(column, item.data_type(), decimals)? {
            DataType::Array(_) => return Err(unsupported("flatten the inner lists")),
            element => DataType::array(element),
        },
        Arrow::Struct(fields) if is_tensor(fields) => {
            // A result of our own says which tensors are pictures.
            if is_picture(fields) { DataType::Picture } else { DataType::Tensor }
        }
        Arrow::Struct(_) if *arrow == DataType::IntegerPicture.storage() => DataType::IntegerPicture,
        Arrow::Struct(fields) if !fields.is_empty() => DataType::Struct(
            fields
                .iter()
                .map(|field| {
                    let data_type = data_type(column, field.data_type(), decimals)?;
                    Ok(StructField { name: field.name().clone(), data_type })
                })
                .collect::<Result<_>>()?,
        ),
        _ => return Err(unsupported("convert it to numbers or text")),
    })
}

/// A struct of `dimensions` and flat `values` in 32-bit floats, also by their other names.
fn is_tensor(fields: &arrow_schema::Fields) -> bool {
    let item = |field: &ArrowField| match field.data_type() {
        Arrow::List(item) | Arrow::LargeList(item) | Arrow::FixedSizeList(item, 0..) => {
            Some(item.data_type().clone())
        }
        _ => None,
    };
    match fields.as_ref() {
        [shape, data] => {
            let names = (shape.name().as_str(), data.name().as_str());
            matches!(names, ("dimensions", "values") | ("shape", "data"))
                && item(shape).is_some_and(|item| item.is_integer())
                && item(data) == Some(Arrow::Float32)
        }
        _ => false,
    }
}
