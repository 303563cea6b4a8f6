//! Single values, and conversions between them and columns.

use std::fmt;
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{
    Date32Type, Decimal128Type, Decimal256Type, Float64Type, Int64Type, TimestampMicrosecondType,
};
use arrow_array::{
    Array, ArrayRef, BinaryArray, BooleanArray, ListArray, PrimitiveArray, StringArray, StructArray,
};
use arrow_buffer::{NullBuffer, OffsetBuffer, i256};

use super::calendar_text::{date_text, datetime_text, timestamp_text};
use super::decimal;
use super::float_text::float_text;
use super::tensor::{TensorBuilder, TensorColumn};
use super::types::{DataType, StructField};
use crate::diag::{Error, Invariant, Result, ensure};

/// One value.
#[derive(Debug, Clone, PartialEq)]
pub enum Scalar {
    /// NULL of any type.
    Null,
    /// INT64.
    Int64(i64),
    /// FLOAT64.
    Float64(f64),
    /// NUMERIC: a number of 10^-9.
    Numeric(i128),
    /// BIGNUMERIC: a number of 10^-38.
    BigNumeric(i256),
    /// BOOL.
    Bool(bool),
    /// STRING; TIME and JSON as they are stored.
    String(String),
    /// BYTES.
    Bytes(Vec<u8>),
    /// DATE: days since 1970-01-01.
    Date(i32),
    /// TIMESTAMP: microseconds since 1970-01-01 UTC.
    Timestamp(i64),
    /// DATETIME: microseconds since 1970-01-01 00:00:00.
    Datetime(i64),
    /// ARRAY: the element type and the elements.
    Array(DataType, Vec<Scalar>),
    /// ARRAY of many elements: the element type and the elements as a column, as a tensor's numbers come from a host.
    Column(DataType, ArrayRef),
    /// STRUCT: the fields and their values.
    Struct(Vec<StructField>, Vec<Scalar>),
}

impl Scalar {
    /// The value's type; `None` for NULL, which has any.
    pub fn data_type(&self) -> Option<DataType> {
        Some(match self {
            Self::Null => return None,
            Self::Int64(_) => DataType::Int64,
            Self::Float64(_) => DataType::Float64,
            Self::Numeric(_) => DataType::Numeric,
            Self::BigNumeric(_) => DataType::BigNumeric,
            Self::Bool(_) => DataType::Bool,
            Self::String(_) => DataType::String,
            Self::Bytes(_) => DataType::Bytes,
            Self::Date(_) => DataType::Date,
            Self::Timestamp(_) => DataType::Timestamp,
            Self::Datetime(_) => DataType::Datetime,
            Self::Array(element, _) | Self::Column(element, _) => DataType::array(element.clone()),
            Self::Struct(fields, _) => DataType::Struct(fields.clone()),
        })
    }

    /// The value with every element on its own, for who looks at them one by one.
    ///
    /// # Errors
    /// `internal` where a column has not the layout of its type.
    pub(crate) fn spread(self) -> Result<Self> {
        Ok(match self {
            Self::Column(element, items) => {
                let items = scalars(&items, &element)?;
                Self::Array(element, items)
            }
            Self::Struct(fields, values) => {
                Self::Struct(fields, values.into_iter().map(Self::spread).collect::<Result<_>>()?)
            }
            value => value,
        })
    }
}

/// A NUMERIC or BIGNUMERIC as text; empty for other values.
pub(crate) fn decimal_text(value: &Scalar) -> String {
    match value {
        Scalar::Numeric(units) => decimal::text(i256::from_i128(*units), decimal::NUMERIC_SCALE),
        Scalar::BigNumeric(units) => decimal::text(*units, decimal::BIGNUMERIC_SCALE),
        _ => String::new(),
    }
}

/// The value as a SQL literal, for messages and EXPLAIN.
impl fmt::Display for Scalar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let list = |f: &mut fmt::Formatter<'_>, values: &[Scalar]| {
            values
                .iter()
                .enumerate()
                .try_for_each(|(index, value)| write!(f, "{}{value}", if index == 0 { "" } else { ", " }))
        };
        match self {
            Self::Null => f.write_str("NULL"),
            Self::Int64(value) => write!(f, "{value}"),
            Self::Float64(value) => f.write_str(&float_text(*value)),
            Self::Numeric(_) => write!(f, "NUMERIC \"{}\"", decimal_text(self)),
            Self::BigNumeric(_) => write!(f, "BIGNUMERIC \"{}\"", decimal_text(self)),
            Self::Bool(value) => f.write_str(if *value { "TRUE" } else { "FALSE" }),
            Self::String(value) => write!(f, "{value:?}"),
            Self::Bytes(value) => write!(f, "b\"{}\"", value.escape_ascii()),
            Self::Date(value) => write!(f, "DATE \"{}\"", date_text(*value)),
            Self::Timestamp(value) => write!(f, "TIMESTAMP \"{}\"", timestamp_text(*value)),
            Self::Datetime(value) => write!(f, "DATETIME \"{}\"", datetime_text(*value)),
            Self::Array(_, values) => {
                f.write_str("[")?;
                list(f, values)?;
                f.write_str("]")
            }
            // Nobody reads so many.
            Self::Column(element, items) => write!(f, "[{} values of type {element}]", items.len()),
            Self::Struct(_, values) => {
                f.write_str("(")?;
                list(f, values)?;
                f.write_str(")")
            }
        }
    }
}

/// A column of `data_type` that holds `values`.
///
/// # Errors
/// `internal` where a value has another type.
pub(crate) fn array_of(values: &[Scalar], data_type: &DataType) -> Result<ArrayRef> {
    let mismatch =
        |value: &Scalar| Error::internal(format!("expected a value of type {data_type}, found {value}"));
    macro_rules! collect {
        ($array:ty, $variant:ident, $get:expr) => {{
            let get = $get;
            let values = values
                .iter()
                .map(|value| match value {
                    Scalar::Null => Ok(None),
                    Scalar::$variant(value) => Ok(Some(get(value))),
                    other => Err(mismatch(other)),
                })
                .collect::<Result<Vec<_>>>()?;
            <$array>::from_iter(values)
        }};
    }
    macro_rules! numbers {
        ($type:ty, $variant:ident) => {{
            let number = |value: &Scalar| match value {
                Scalar::Null => Ok(Default::default()),
                Scalar::$variant(value) => Ok(*value),
                other => Err(mismatch(other)),
            };
            let numbers = values.iter().map(number).collect::<Result<Vec<_>>>()?;
            PrimitiveArray::<$type>::new(numbers.into(), validity(values))
        }};
    }
    Ok(match data_type {
        DataType::Int64 => Arc::new(numbers!(Int64Type, Int64)),
        DataType::Float64 => Arc::new(numbers!(Float64Type, Float64)),
        DataType::Numeric => Arc::new(numbers!(Decimal128Type, Numeric).with_data_type(data_type.storage())),
        DataType::BigNumeric => {
            Arc::new(numbers!(Decimal256Type, BigNumeric).with_data_type(data_type.storage()))
        }
        DataType::Bool => Arc::new(collect!(BooleanArray, Bool, |value: &bool| *value)),
        DataType::String | DataType::Time | DataType::Json | DataType::Interval => {
            Arc::new(collect!(StringArray, String, String::clone))
        }
        DataType::Bytes => Arc::new(collect!(BinaryArray, Bytes, Vec::<u8>::clone)),
        DataType::Date => Arc::new(numbers!(Date32Type, Date)),
        DataType::Timestamp => Arc::new(numbers!(TimestampMicrosecondType, Timestamp).with_timezone("UTC")),
        DataType::Datetime => Arc::new(numbers!(TimestampMicrosecondType, Datetime)),
        DataType::Array(element) => list_array(values, element, mismatch)?,
        DataType::Struct(fields) => struct_array(values, fields, data_type, mismatch)?,
        DataType::IntegerPicture => struct_array(values, &data_type.fields(), data_type, mismatch)?,
        DataType::Tensor | DataType::Picture => tensor_array(values, data_type, mismatch)?,
    })
}

/// Which values are not NULL; `None` where none is NULL.
fn validity(values: &[Scalar]) -> Option<NullBuffer> {
    let is_valid = |value: &Scalar| !matches!(value, Scalar::Null);
    (!values.iter().all(is_valid)).then(|| values.iter().map(is_valid).collect())
}

fn list_array(
    values: &[Scalar],
    element: &DataType,
    mismatch: impl Fn(&Scalar) -> Error,
) -> Result<ArrayRef> {
    if let [Scalar::Column(_, items)] = values {
        return list_column([items.len()], items.clone(), element, None);
    }
    let mut elements = Vec::new();
    let mut lengths = Vec::with_capacity(values.len());
    for value in values {
        match value {
            Scalar::Null => lengths.push(0),
            Scalar::Array(_, items) => {
                lengths.push(items.len());
                elements.extend_from_slice(items);
            }
            Scalar::Column(_, items) => {
                lengths.push(items.len());
                elements.extend(scalars(items, element)?);
            }
            other => return Err(mismatch(other)),
        }
    }
    list_column(lengths, array_of(&elements, element)?, element, validity(values))
}

/// A column of arrays of these lengths, with `elements` one after the other in them.
pub(crate) fn list_column(
    lengths: impl IntoIterator<Item = usize>,
    elements: ArrayRef,
    element: &DataType,
    nulls: Option<NullBuffer>,
) -> Result<ArrayRef> {
    let field = Arc::new(arrow_schema::Field::new_list_field(element.storage(), true));
    ListArray::try_new(field, OffsetBuffer::from_lengths(lengths), elements, nulls)
        .map(|array| Arc::new(array) as ArrayRef)
        .map_err(|error| Error::internal("an array cannot be built").detail(error))
}

fn struct_array(
    values: &[Scalar],
    fields: &[StructField],
    data_type: &DataType,
    mismatch: impl Fn(&Scalar) -> Error,
) -> Result<ArrayRef> {
    let arrow_schema::DataType::Struct(arrow_fields) = data_type.storage() else {
        return Err(Error::internal("the layout of a struct is a struct"));
    };
    let mut columns: Vec<Vec<Scalar>> = vec![Vec::with_capacity(values.len()); fields.len()];
    for value in values {
        match value {
            Scalar::Null => columns.iter_mut().for_each(|column| column.push(Scalar::Null)),
            Scalar::Struct(_, items) if items.len() == fields.len() => {
                columns.iter_mut().zip(items).for_each(|(column, item)| column.push(item.clone()));
            }
            other => return Err(mismatch(other)),
        }
    }
    let columns = columns
        .iter()
        .zip(fields)
        .map(|(column, field)| array_of(column, &field.data_type))
        .collect::<Result<Vec<_>>>()?;
    StructArray::try_new_with_length(arrow_fields, columns, validity(values), values.len())
        .map(|array| Arc::new(array) as ArrayRef)
        .map_err(|error| Error::internal("a struct cannot be built").detail(error))
}

fn tensor_array(
    values: &[Scalar],
    data_type: &DataType,
    mismatch: impl Fn(&Scalar) -> Error,
) -> Result<ArrayRef> {
    let mut builder = TensorBuilder::with_capacity(data_type.clone(), values.len(), 0);
    for value in values {
        match value {
            Scalar::Null => builder.append_null(),
            Scalar::Struct(_, parts) => match parts.as_slice() {
                [Scalar::Array(_, shape), Scalar::Array(_, data)] => {
                    let size =
                        |size: &Scalar| if let Scalar::Int64(size) = size { Some(*size) } else { None };
                    let float = |value: &Scalar| match value {
                        #[expect(clippy::cast_possible_truncation, reason = "tensors hold 32-bit floats")]
                        Scalar::Float64(value) => Some(*value as f32),
                        _ => None,
                    };
                    let shape: Option<Vec<i64>> = shape.iter().map(size).collect();
                    let data: Option<Vec<f32>> = data.iter().map(float).collect();
                    let (Some(shape), Some(data)) = (shape, data) else { return Err(mismatch(value)) };
                    builder.append(&shape, &data);
                }
                _ => return Err(mismatch(value)),
            },
            other => return Err(mismatch(other)),
        }
    }
    builder.finish()
}

/// The value in `row` of a column of `data_type`.
///
/// # Errors
/// `internal` where the array does not have the layout of `data_type` or is shorter.
pub(crate) fn scalar_at(array: &ArrayRef, data_type: &DataType, row: usize) -> Result<Scalar> {
    ensure(row < array.len(), "a row is beyond the end of its column")?;
    if array.is_null(row) {
        return Ok(Scalar::Null);
    }
    match data_type {
        DataType::Tensor | DataType::Picture => tensor_at(array, row),
        DataType::Array(element) => {
            let items = array.as_list_opt::<i32>().ok_or_else(|| layout(data_type))?.value(row);
            Ok(Scalar::Array((**element).clone(), scalars(&items, element)?))
        }
        DataType::Struct(_) | DataType::IntegerPicture => {
            let fields = data_type.fields();
            let columns = array.as_struct_opt().ok_or_else(|| layout(data_type))?.columns();
            ensure(columns.len() == fields.len(), "a struct column has other fields than its type")?;
            let values = columns
                .iter()
                .zip(&fields)
                .map(|(column, field)| scalar_at(column, &field.data_type, row))
                .collect::<Result<_>>()?;
            Ok(Scalar::Struct(fields, values))
        }
        _ => flat_at(array, data_type, row).ok_or_else(|| layout(data_type)),
    }
}

/// The value in `row`, not NULL, of a column of a type without parts; `None` for another layout.
fn flat_at(array: &ArrayRef, data_type: &DataType, row: usize) -> Option<Scalar> {
    Some(match data_type {
        DataType::Int64 => Scalar::Int64(array.as_primitive_opt::<Int64Type>()?.value(row)),
        DataType::Float64 => Scalar::Float64(array.as_primitive_opt::<Float64Type>()?.value(row)),
        DataType::Numeric => Scalar::Numeric(array.as_primitive_opt::<Decimal128Type>()?.value(row)),
        DataType::BigNumeric => Scalar::BigNumeric(array.as_primitive_opt::<Decimal256Type>()?.value(row)),
        DataType::Bool => Scalar::Bool(array.as_boolean_opt()?.value(row)),
        DataType::String | DataType::Time | DataType::Json | DataType::Interval => {
            Scalar::String(array.as_string_opt::<i32>()?.value(row).into())
        }
        DataType::Bytes => Scalar::Bytes(array.as_binary_opt::<i32>()?.value(row).into()),
        DataType::Date => Scalar::Date(array.as_primitive_opt::<Date32Type>()?.value(row)),
        DataType::Timestamp => {
            Scalar::Timestamp(array.as_primitive_opt::<TimestampMicrosecondType>()?.value(row))
        }
        DataType::Datetime => {
            Scalar::Datetime(array.as_primitive_opt::<TimestampMicrosecondType>()?.value(row))
        }
        DataType::Array(_)
        | DataType::Struct(_)
        | DataType::Tensor
        | DataType::Picture
        | DataType::IntegerPicture => return None,
    })
}

/// The tensor in `row`, not NULL, as the struct that it reads as.
fn tensor_at(array: &ArrayRef, row: usize) -> Result<Scalar> {
    let (shape, data) = TensorColumn::new(array)?.get(row).invariant("a tensor is NULL")?;
    let shape = shape.iter().map(|size| Scalar::Int64(*size)).collect();
    let data = data.iter().map(|value| Scalar::Float64(f64::from(*value))).collect();
    Ok(Scalar::Struct(
        DataType::Tensor.fields(),
        vec![Scalar::Array(DataType::Int64, shape), Scalar::Array(DataType::Float64, data)],
    ))
}

#[cold]
#[track_caller]
fn layout(expected: &DataType) -> Error {
    Error::internal(format!("expected a column of type {expected}"))
}

/// All values of a column.
pub(super) fn scalars(array: &ArrayRef, data_type: &DataType) -> Result<Vec<Scalar>> {
    (0..array.len()).map(|row| scalar_at(array, data_type, row)).collect()
}
