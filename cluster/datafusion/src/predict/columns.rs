//! Columns of DataFusion as those of the engine.

use arrow_array::ArrayRef;
use arrow_schema::{DataType as Arrow, FieldRef};
use datafusion::arrow::compute::{CastOptions, cast_with_options};
use datafusion::error::{DataFusionError, Result};
use predictql::data::{DataType, StructField};

/// The engine's type for columns of DataFusion's.
///
/// # Errors
/// For those that no model could take.
pub(super) fn type_of(arrow: &Arrow) -> Result<DataType> {
    Ok(match arrow {
        Arrow::Int8 | Arrow::Int16 | Arrow::Int32 | Arrow::Int64 => DataType::Int64,
        Arrow::UInt8 | Arrow::UInt16 | Arrow::UInt32 | Arrow::UInt64 => DataType::Int64,
        Arrow::Null | Arrow::Float16 | Arrow::Float32 | Arrow::Float64 => DataType::Float64,
        Arrow::Decimal32(..) | Arrow::Decimal64(..) | Arrow::Decimal128(..) => DataType::Numeric,
        Arrow::Decimal256(..) => DataType::BigNumeric,
        Arrow::Boolean => DataType::Bool,
        Arrow::Utf8 | Arrow::LargeUtf8 | Arrow::Utf8View => DataType::String,
        Arrow::Binary | Arrow::LargeBinary | Arrow::BinaryView | Arrow::FixedSizeBinary(_) => DataType::Bytes,
        Arrow::Date32 | Arrow::Date64 => DataType::Date,
        Arrow::Timestamp(_, Some(_)) => DataType::Timestamp,
        Arrow::Timestamp(_, None) => DataType::Datetime,
        Arrow::Dictionary(_, values) => type_of(values)?,
        Arrow::List(item) | Arrow::LargeList(item) | Arrow::FixedSizeList(item, _) => {
            DataType::array(type_of(item.data_type())?)
        }
        Arrow::Struct(fields) => DataType::Struct(fields.iter().map(field_of).collect::<Result<_>>()?),
        other => {
            let message =
                format!("`predict` takes no columns of {other}: cast it to a number, a text or a list");
            return Err(DataFusionError::Plan(message));
        }
    })
}

fn field_of(field: &FieldRef) -> Result<StructField> {
    Ok(StructField { name: field.name().clone(), data_type: type_of(field.data_type())? })
}

/// A column in the layout of a type.
///
/// # Errors
/// For values that the type does not have, such as an UInt64 beyond INT64.
pub(super) fn in_layout(column: &ArrayRef, data_type: &DataType) -> Result<ArrayRef> {
    let layout = data_type.storage();
    if *column.data_type() == layout {
        return Ok(column.clone());
    }
    // A value that is lost would be another prediction.
    let options = CastOptions { safe: false, ..CastOptions::default() };
    Ok(cast_with_options(column, &layout, &options)?)
}
