//! The SQL type of each Arrow type.

use arrow_schema::{DataType as Arrow, Field as ArrowField};

use super::frame::invalid;
use crate::data::{DataType, StructField, is_picture};
use crate::diag::Result;

/// As many decimal digits come back out of FLOAT64 as they went in.
const DOUBLE_DIGITS: u8 = 15;

/// The SQL type of a column of the layout `arrow`.
///
/// # Errors
/// `invalid-arrow` where there is none.
pub(super) fn data_type(column: &str, arrow: &Arrow) -> Result<DataType> {
    let unsupported = |hint: &str| {
        invalid(format!("column `{column}` has the type {arrow}, which has no counterpart in SQL"))
            .hint(format!("{hint}, or leave the column out"))
    };
    Ok(match arrow {
        Arrow::Int8 | Arrow::Int16 | Arrow::Int32 | Arrow::Int64 => DataType::Int64,
        Arrow::UInt8 | Arrow::UInt16 | Arrow::UInt32 | Arrow::UInt64 => DataType::Int64,
        Arrow::Float16 | Arrow::Float32 | Arrow::Float64 => DataType::Float64,
        Arrow::Decimal32(digits, _)
        | Arrow::Decimal64(digits, _)
        | Arrow::Decimal128(digits, _)
        | Arrow::Decimal256(digits, _) => {
            if *digits <= DOUBLE_DIGITS {
                DataType::Float64
            } else {
                DataType::String
            }
        }
        Arrow::Boolean => DataType::Bool,
        Arrow::Utf8 | Arrow::LargeUtf8 | Arrow::Utf8View | Arrow::Null => DataType::String,
        Arrow::Time32(_) | Arrow::Time64(_) => DataType::String,
        Arrow::Binary | Arrow::LargeBinary | Arrow::BinaryView => DataType::Bytes,
        Arrow::FixedSizeBinary(0..) => DataType::Bytes,
        Arrow::Date32 | Arrow::Date64 => DataType::Date,
        Arrow::Timestamp(..) => DataType::Timestamp,
        Arrow::Dictionary(_, values) => match data_type(column, values)? {
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
        | Arrow::Map(item, _) => match data_type(column, item.data_type())? {
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
                    let data_type = data_type(column, field.data_type())?;
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
