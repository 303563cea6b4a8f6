//! Builders of columns from the text of fields.

use std::sync::Arc;

use arrow_array::builder::{
    BooleanBuilder, Date32Builder, Float64Builder, Int64Builder, StringBuilder, TimestampMicrosecondBuilder,
};
use arrow_array::{Array, ArrayRef};
use arrow_buffer::i256;

use super::options::invalid;
use super::records::Field;
use super::values::{self, Values};
use crate::data::{Bounds, ColumnType, DataType, decimal, parse_datetime};
use crate::diag::Result;

/// The values of one column in one batch.
pub(super) enum Column {
    Bool(BooleanBuilder),
    Int64(Int64Builder),
    Float64(Float64Builder),
    Date(Date32Builder),
    Timestamp(TimestampMicrosecondBuilder),
    Datetime(TimestampMicrosecondBuilder),
    /// Units of this scale, within the bounds of the column.
    Decimal {
        units: Vec<Option<i256>>,
        scale: u8,
        bounds: Option<Bounds>,
    },
    String(StringBuilder),
}

impl Column {
    /// An empty column.
    ///
    /// # Errors
    /// `invalid-option` for a type that CSV does not hold.
    pub(super) fn new(ColumnType { data_type, bounds }: &ColumnType) -> Result<Self> {
        if let Some(scale) = data_type.decimal_scale() {
            return Ok(Self::Decimal { units: Vec::new(), scale, bounds: *bounds });
        }
        Ok(match data_type {
            DataType::Bool => Self::Bool(BooleanBuilder::new()),
            DataType::Int64 => Self::Int64(Int64Builder::new()),
            DataType::Float64 => Self::Float64(Float64Builder::new()),
            DataType::Date => Self::Date(Date32Builder::new()),
            DataType::Timestamp => Self::Timestamp(TimestampMicrosecondBuilder::new()),
            DataType::Datetime => Self::Datetime(TimestampMicrosecondBuilder::new()),
            DataType::String => Self::String(StringBuilder::new()),
            other => {
                return Err(invalid(format!(
                    "expected BOOL, INT64, NUMERIC, BIGNUMERIC, FLOAT64, DATE, TIMESTAMP, DATETIME or STRING, found {other}"
                )));
            }
        })
    }

    /// Appends a value, or NULL where there is none; answers whether the text is a value of the column's type.
    pub(super) fn append(&mut self, field: Option<Field<'_>>, values: &Values, comma: bool) -> bool {
        let Some(field) = field else {
            self.append_null();
            return true;
        };
        let text = field.trimmed;
        match self {
            Self::Bool(column) => values::bool(text).map(|value| column.append_value(value)),
            Self::Int64(column) => values::int(text).map(|value| column.append_value(value)),
            Self::Float64(column) => values::float(text, comma).map(|value| column.append_value(value)),
            Self::Date(column) => values.date(text).map(|value| column.append_value(value)),
            Self::Timestamp(column) => values.timestamp(text).map(|value| column.append_value(value)),
            Self::Datetime(column) => parse_datetime(text).map(|value| column.append_value(value)),
            Self::Decimal { units, scale, bounds } => {
                values::decimal(text, *scale, *bounds, comma).map(|value| units.push(Some(value)))
            }
            Self::String(column) => {
                column.append_value(field.text);
                Some(())
            }
        }
        .is_some()
    }

    fn append_null(&mut self) {
        match self {
            Self::Bool(column) => column.append_null(),
            Self::Int64(column) => column.append_null(),
            Self::Float64(column) => column.append_null(),
            Self::Date(column) => column.append_null(),
            Self::Timestamp(column) | Self::Datetime(column) => column.append_null(),
            Self::Decimal { units, .. } => units.push(None),
            Self::String(column) => column.append_null(),
        }
    }

    pub(super) fn finish(self) -> ArrayRef {
        match self {
            Self::Bool(mut column) => Arc::new(column.finish()),
            Self::Int64(mut column) => Arc::new(column.finish()),
            Self::Float64(mut column) => Arc::new(column.finish()),
            Self::Date(mut column) => Arc::new(column.finish()),
            Self::Datetime(mut column) => Arc::new(column.finish()),
            Self::Timestamp(mut column) => Arc::new(column.finish().with_timezone("UTC")),
            Self::Decimal { units, scale, .. } => decimal::column(units, scale),
            Self::String(mut column) => {
                let mut column = column.finish();
                column.shrink_to_fit();
                Arc::new(column)
            }
        }
    }
}
