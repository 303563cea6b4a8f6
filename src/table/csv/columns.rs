//! Builders of columns from the text of fields.

use std::sync::Arc;

use arrow_array::builder::{
    BooleanBuilder, Date32Builder, Float64Builder, Int64Builder, StringBuilder, TimestampMicrosecondBuilder,
};
use arrow_array::{Array, ArrayRef};

use super::options::invalid;
use super::records::Field;
use super::values::{self, Values};
use crate::data::DataType;
use crate::diag::Result;

/// The values of one column in one batch.
pub(super) enum Column {
    Bool(BooleanBuilder),
    Int64(Int64Builder),
    Float64(Float64Builder),
    Date(Date32Builder),
    Timestamp(TimestampMicrosecondBuilder),
    String(StringBuilder),
}

impl Column {
    /// A column for `rows` values.
    ///
    /// # Errors
    /// `invalid-option` for a type that CSV does not hold.
    pub(super) fn new(data_type: &DataType, rows: usize) -> Result<Self> {
        Ok(match data_type {
            DataType::Bool => Self::Bool(BooleanBuilder::with_capacity(rows)),
            DataType::Int64 => Self::Int64(Int64Builder::with_capacity(rows)),
            DataType::Float64 => Self::Float64(Float64Builder::with_capacity(rows)),
            DataType::Date => Self::Date(Date32Builder::with_capacity(rows)),
            DataType::Timestamp => Self::Timestamp(TimestampMicrosecondBuilder::with_capacity(rows)),
            DataType::String => Self::String(StringBuilder::with_capacity(rows, 0)),
            other => {
                return Err(invalid(format!(
                    "expected BOOL, INT64, FLOAT64, DATE, TIMESTAMP or STRING, found {other}"
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
        let text = field.text.trim_ascii();
        match self {
            Self::Bool(column) => values::bool(text).map(|value| column.append_value(value)),
            Self::Int64(column) => values::int(text).map(|value| column.append_value(value)),
            Self::Float64(column) => values::float(text, comma).map(|value| column.append_value(value)),
            Self::Date(column) => values.date(text).map(|value| column.append_value(value)),
            Self::Timestamp(column) => values.timestamp(text).map(|value| column.append_value(value)),
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
            Self::Timestamp(column) => column.append_null(),
            Self::String(column) => column.append_null(),
        }
    }

    pub(super) fn finish(self) -> ArrayRef {
        match self {
            Self::Bool(mut column) => Arc::new(column.finish()),
            Self::Int64(mut column) => Arc::new(column.finish()),
            Self::Float64(mut column) => Arc::new(column.finish()),
            Self::Date(mut column) => Arc::new(column.finish()),
            Self::Timestamp(mut column) => Arc::new(column.finish().with_timezone("UTC")),
            Self::String(mut column) => {
                let mut column = column.finish();
                column.shrink_to_fit();
                Arc::new(column)
            }
        }
    }
}
