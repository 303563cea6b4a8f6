//! The types of the dialect and the Arrow layouts that store them.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use arrow_schema::{
    DECIMAL128_MAX_PRECISION, DECIMAL256_MAX_PRECISION, DataType as Arrow, Field as ArrowField, Fields,
    TimeUnit,
};

use super::decimal::{BIGNUMERIC_SCALE, NUMERIC_SCALE};

/// A GoogleSQL type.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum DataType {
    /// 64-bit integer.
    Int64,
    /// IEEE double.
    Float64,
    /// Exact decimal: 29 digits before the point, 9 behind it.
    Numeric,
    /// Exact decimal: 38 digits before the point and 38 behind it.
    BigNumeric,
    /// TRUE or FALSE.
    Bool,
    /// UTF-8 text.
    String,
    /// Bytes.
    Bytes,
    /// A day of the proleptic Gregorian calendar.
    Date,
    /// Microseconds since 1970-01-01 UTC.
    Timestamp,
    /// A date and a time of day without a time zone: microseconds as TIMESTAMP has them in UTC.
    Datetime,
    /// A time of day: stored as text that sorts as times do, `12:30:00` with 3 or 6 digits behind a point if there is a
    /// fraction.
    Time,
    /// A JSON document: stored as its text, without blanks, keys in order.
    Json,
    /// Months, days and microseconds, each counted for itself: stored as text, `0-0 1 0:0:0`.
    Interval,
    /// A list of values of one type, which is not itself an array.
    Array(Box<DataType>),
    /// Named or unnamed fields.
    Struct(Vec<StructField>),
    /// A tensor: reads as `STRUCT<dimensions ARRAY<INT64>, values ARRAY<FLOAT64>>`, row-major, and is stored flat in
    /// 32-bit floats.
    Tensor,
    /// A tensor that an image function made: height, width and channels, in this order. SQL writes and reads it as any
    /// other tensor; a model may get its channels first.
    Picture,
    /// The same of whole numbers: reads and is stored as `STRUCT<dimensions ARRAY<INT64>, values ARRAY<INT64>>`.
    IntegerPicture,
}

/// One field of a [`DataType::Struct`].
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct StructField {
    /// Empty where the field has no name.
    pub name: String,
    /// The field's type.
    pub data_type: DataType,
}

impl DataType {
    /// The type without parameters called `name` in any case: BigQuery's names and their aliases.
    pub fn named(name: &str) -> Option<Self> {
        Some(match name.to_ascii_uppercase().as_str() {
            "INT64" | "INT" | "INTEGER" | "BIGINT" | "SMALLINT" | "TINYINT" | "BYTEINT" => Self::Int64,
            "FLOAT64" => Self::Float64,
            "NUMERIC" | "DECIMAL" => Self::Numeric,
            "BIGNUMERIC" | "BIGDECIMAL" => Self::BigNumeric,
            "BOOL" | "BOOLEAN" => Self::Bool,
            "STRING" => Self::String,
            "BYTES" => Self::Bytes,
            "DATE" => Self::Date,
            "TIMESTAMP" => Self::Timestamp,
            "DATETIME" => Self::Datetime,
            "TIME" => Self::Time,
            "JSON" => Self::Json,
            "INTERVAL" => Self::Interval,
            _ => return None,
        })
    }

    /// The type without parameters called `name`, in any case, in T-SQL, or in GoogleSQL if T-SQL has no such name. REAL
    /// is read as FLOAT64, and DATETIME is in UTC.
    pub fn named_tsql(name: &str) -> Option<Self> {
        Some(match name.to_ascii_uppercase().as_str() {
            "REAL" | "FLOAT" => Self::Float64,
            "DEC" | "MONEY" | "SMALLMONEY" => Self::Numeric,
            "BIT" => Self::Bool,
            "CHAR" | "VARCHAR" | "TEXT" | "NCHAR" | "NVARCHAR" | "NTEXT" | "SYSNAME" => Self::String,
            "BINARY" | "VARBINARY" | "IMAGE" => Self::Bytes,
            "DATETIME" | "DATETIME2" | "SMALLDATETIME" | "DATETIMEOFFSET" => Self::Timestamp,
            _ => return Self::named(name),
        })
    }

    /// An array of `element`.
    pub fn array(element: DataType) -> Self {
        Self::Array(Box::new(element))
    }

    /// The Arrow layout of a column of this type.
    pub fn storage(&self) -> Arrow {
        match self {
            Self::Int64 => Arrow::Int64,
            Self::Float64 => Arrow::Float64,
            Self::Numeric => Arrow::Decimal128(DECIMAL128_MAX_PRECISION, NUMERIC_SCALE.cast_signed()),
            Self::BigNumeric => Arrow::Decimal256(DECIMAL256_MAX_PRECISION, BIGNUMERIC_SCALE.cast_signed()),
            Self::Bool => Arrow::Boolean,
            Self::String | Self::Time | Self::Json | Self::Interval => Arrow::Utf8,
            Self::Bytes => Arrow::Binary,
            Self::Date => Arrow::Date32,
            Self::Timestamp => Arrow::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
            Self::Datetime => Arrow::Timestamp(TimeUnit::Microsecond, None),
            Self::Array(element) => list_of(element.storage()),
            Self::Struct(fields) => Arrow::Struct(
                fields
                    .iter()
                    .enumerate()
                    .map(|(index, field)| {
                        let name = if field.name.is_empty() {
                            format!("_field_{}", index + 1)
                        } else {
                            field.name.clone()
                        };
                        Arc::new(ArrowField::new(name, field.data_type.storage(), true))
                    })
                    .collect(),
            ),
            Self::Tensor => tensor_layout(ArrowField::new(VALUES, list_of(Arrow::Float32), true)),
            Self::Picture | Self::IntegerPicture => {
                let element = if *self == Self::Picture { Arrow::Float32 } else { Arrow::Int64 };
                tensor_layout(marked(ArrowField::new(VALUES, list_of(element), true), PICTURE))
            }
        }
    }

    /// Whether it is stored as [`DataType::Tensor`] is.
    pub fn is_tensor(&self) -> bool {
        matches!(self, Self::Tensor | Self::Picture)
    }

    /// The type of the same values where it does not matter that they are a picture; `None` for other types.
    pub(crate) fn of_picture(&self) -> Option<Self> {
        match self {
            Self::Picture => Some(Self::Tensor),
            Self::IntegerPicture => Some(Self::integer_image()),
            _ => None,
        }
    }

    /// How many digits NUMERIC and BIGNUMERIC have behind the point; `None` for other types.
    pub(crate) fn decimal_scale(&self) -> Option<u8> {
        match self {
            Self::Numeric => Some(NUMERIC_SCALE),
            Self::BigNumeric => Some(BIGNUMERIC_SCALE),
            _ => None,
        }
    }

    /// INT64, FLOAT64, NUMERIC or BIGNUMERIC.
    pub fn is_numeric(&self) -> bool {
        matches!(self, Self::Int64 | Self::Float64 | Self::Numeric | Self::BigNumeric)
    }

    /// Whether values of this type can be compared for equality and order.
    pub fn is_orderable(&self) -> bool {
        !matches!(
            self,
            Self::Json
                | Self::Interval
                | Self::Array(_)
                | Self::Struct(_)
                | Self::Tensor
                | Self::Picture
                | Self::IntegerPicture
        )
    }

    /// Whether rows can be grouped by values of this type: those with an order, and arrays and structs of them.
    pub fn is_groupable(&self) -> bool {
        match self {
            Self::Array(element) => element.is_groupable(),
            Self::Struct(fields) => fields.iter().all(|field| field.data_type.is_groupable()),
            other => other.is_orderable(),
        }
    }

    /// Whether values of this type can be compared for equality: all but arrays and types that contain them.
    pub fn is_comparable(&self) -> bool {
        match self {
            Self::Json
            | Self::Interval
            | Self::Array(_)
            | Self::Tensor
            | Self::Picture
            | Self::IntegerPicture => false,
            Self::Struct(fields) => fields.iter().all(|field| field.data_type.is_comparable()),
            _ => true,
        }
    }

    /// The fields that `value.field` can reach.
    pub fn fields(&self) -> Vec<StructField> {
        match self {
            Self::Struct(fields) => fields.clone(),
            Self::Tensor | Self::Picture => tensor_fields(Self::Float64),
            Self::IntegerPicture => tensor_fields(Self::Int64),
            _ => Vec::new(),
        }
    }

    /// What a picture of whole numbers reads as.
    pub(crate) fn integer_image() -> Self {
        Self::tensor_of(Self::Int64)
    }

    /// A struct as [`DataType::Tensor`] reads, with values of type `element`.
    pub(crate) fn tensor_of(element: Self) -> Self {
        Self::Struct(tensor_fields(element))
    }

    /// The position of the field that `value.name` reaches, and its type. The parts of tensors and pictures are also
    /// reached as `shape` and `data`.
    pub(crate) fn field(&self, name: &str) -> Option<(usize, DataType)> {
        let fields = self.fields();
        let place = |name: &str| fields.iter().position(|field| field.name.eq_ignore_ascii_case(name));
        let alias = TENSOR_ALIASES.iter().find(|(alias, _)| alias.eq_ignore_ascii_case(name));
        let index = place(name).or_else(|| {
            let same = self.of_picture().unwrap_or_else(|| self.clone());
            let tensors = [Self::Tensor, Self::integer_image(), Self::tensor_of(Self::Float64)];
            let is_tensor = tensors.contains(&same);
            alias.filter(|_| is_tensor).and_then(|(_, name)| place(name))
        })?;
        fields.into_iter().nth(index).map(|field| (index, field.data_type))
    }
}

/// The names that BigQuery gives the parts of a decoded picture.
const DIMENSIONS: &str = "dimensions";
const VALUES: &str = "values";

/// Other names of these parts.
const TENSOR_ALIASES: &[(&str, &str)] = &[("shape", DIMENSIONS), ("data", VALUES)];

/// The parts of a tensor of `element`s.
fn tensor_fields(element: DataType) -> Vec<StructField> {
    [(DIMENSIONS, DataType::Int64), (VALUES, element)]
        .map(|(name, element)| StructField { name: name.into(), data_type: DataType::array(element) })
        .into()
}

/// The metadata that tells the layout of pictures from that of other tensors.
const PICTURE: (&str, &str) = (KIND, "picture");

/// The key of the metadata that tells a type from another one of the same layout.
const KIND: &str = "predictql";

/// What tells a column of this type from one of another type that has the same layout: DATETIME from TIMESTAMP as other
/// programs write it, TIME, JSON and INTERVAL from STRING.
pub(super) fn metadata(data_type: &DataType) -> Option<(&'static str, &'static str)> {
    Some(match data_type {
        DataType::Datetime => (KIND, "datetime"),
        DataType::Time => (KIND, "time"),
        DataType::Json => (KIND, "json"),
        DataType::Interval => (KIND, "interval"),
        _ => return None,
    })
}

/// Whether the metadata of a column say that it is of this type.
pub(crate) fn is_marked(column: &ArrowField, data_type: &DataType) -> bool {
    metadata(data_type)
        .is_some_and(|(key, kind)| column.metadata().get(key).is_some_and(|found| found == kind))
}

/// The column with a mark in its metadata.
pub(super) fn marked(column: ArrowField, (key, kind): (&str, &str)) -> ArrowField {
    column.with_metadata(HashMap::from([(key.to_owned(), kind.to_owned())]))
}

fn tensor_layout(values: ArrowField) -> Arrow {
    Arrow::Struct(Fields::from(vec![ArrowField::new(DIMENSIONS, list_of(Arrow::Int64), true), values]))
}

/// Whether the parts of a tensor say that it is a picture.
pub(crate) fn is_picture(parts: &Fields) -> bool {
    parts.iter().any(|part| part.metadata().get(PICTURE.0).is_some_and(|kind| kind == PICTURE.1))
}

/// The layout of a list whose elements have the layout `element`.
pub(super) fn list_of(element: Arrow) -> Arrow {
    Arrow::List(Arc::new(ArrowField::new_list_field(element, true)))
}

impl fmt::Display for DataType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Int64 => f.write_str("INT64"),
            Self::Float64 => f.write_str("FLOAT64"),
            Self::Numeric => f.write_str("NUMERIC"),
            Self::BigNumeric => f.write_str("BIGNUMERIC"),
            Self::Bool => f.write_str("BOOL"),
            Self::String => f.write_str("STRING"),
            Self::Bytes => f.write_str("BYTES"),
            Self::Date => f.write_str("DATE"),
            Self::Timestamp => f.write_str("TIMESTAMP"),
            Self::Datetime => f.write_str("DATETIME"),
            Self::Time => f.write_str("TIME"),
            Self::Json => f.write_str("JSON"),
            Self::Interval => f.write_str("INTERVAL"),
            Self::Array(element) => write!(f, "ARRAY<{element}>"),
            Self::Struct(fields) => {
                f.write_str("STRUCT<")?;
                for (index, field) in fields.iter().enumerate() {
                    let comma = if index == 0 { "" } else { ", " };
                    let space = if field.name.is_empty() { "" } else { " " };
                    write!(f, "{comma}{}{space}{}", field.name, field.data_type)?;
                }
                f.write_str(">")
            }
            Self::Tensor | Self::Picture => {
                write!(f, "STRUCT<{DIMENSIONS} ARRAY<INT64>, {VALUES} ARRAY<FLOAT64>>")
            }
            Self::IntegerPicture => write!(f, "{}", Self::integer_image()),
        }
    }
}
