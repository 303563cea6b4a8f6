//! The loops that functions share: from the rows of a call to the column it gives.
//!
//! A function says what becomes of one row. Rows with a NULL argument are NULL and never seen by it; an error is given
//! the number of its row.

use std::borrow::Cow;
use std::sync::Arc;

use arrow_array::types::{ArrowPrimitiveType, Date32Type, Float64Type, Int64Type, TimestampMicrosecondType};
use arrow_array::{ArrayRef, BinaryArray, BooleanArray, ListArray, PrimitiveArray, StringArray};
use arrow_buffer::{BooleanBufferBuilder, NullBuffer, NullBufferBuilder, OffsetBuffer, i256};

use super::BatchCall;
use crate::data::{DataType, decimal};
use crate::diag::{Code, Error, Invariant, Result};
use crate::limits::COLUMN_BYTES;

/// What becomes of a row, `None` standing for NULL.
type Each<'f, T> = &'f dyn Fn(usize) -> Result<Option<T>>;

impl BatchCall<'_> {
    /// Which rows have a NULL argument; `None` where none has.
    pub(super) fn nulls(&self) -> Option<NullBuffer> {
        let nulls = self.args.iter().map(|arg| arg.nulls(self.rows));
        nulls.fold(None, |all, nulls| NullBuffer::union(all.as_ref(), nulls.as_ref()))
    }

    /// The same rows without their arguments, for functions that have a value for NULL too.
    pub(super) fn without_args(&self) -> BatchCall<'_> {
        BatchCall { args: &[], types: &[], returns: self.returns, rows: self.rows, env: self.env }
    }

    /// A column of INT64.
    pub(super) fn ints(&self, each: Each<'_, i64>) -> Result<ArrayRef> {
        Ok(Arc::new(self.primitives::<Int64Type>(each)?))
    }

    /// A column of FLOAT64.
    pub(super) fn floats(&self, each: Each<'_, f64>) -> Result<ArrayRef> {
        Ok(Arc::new(self.primitives::<Float64Type>(each)?))
    }

    /// A column of NUMERIC or BIGNUMERIC, whichever the call returns, from units.
    pub(super) fn decimals(&self, each: Each<'_, i256>) -> Result<ArrayRef> {
        let scale = self.returns.decimal_scale().invariant("a call returns NUMERIC or BIGNUMERIC")?;
        let given = self.nulls();
        let units = (0..self.rows).map(|row| value_of(given.as_ref(), row, each));
        Ok(decimal::column(units.collect::<Result<_>>()?, scale))
    }

    /// A column of DATE.
    pub(super) fn dates(&self, each: Each<'_, i32>) -> Result<ArrayRef> {
        Ok(Arc::new(self.primitives::<Date32Type>(each)?))
    }

    /// A column of TIMESTAMP or DATETIME, whichever the call returns.
    pub(super) fn timestamps(&self, each: Each<'_, i64>) -> Result<ArrayRef> {
        let micros = self.primitives::<TimestampMicrosecondType>(each)?;
        let zone = (*self.returns != DataType::Datetime).then_some("UTC");
        Ok(Arc::new(micros.with_timezone_opt(zone)))
    }

    /// A column of BOOL.
    pub(super) fn bools(&self, each: &dyn Fn(usize) -> Result<bool>) -> Result<ArrayRef> {
        let nulls = self.nulls();
        let mut values = BooleanBufferBuilder::new(self.rows);
        for row in 0..self.rows {
            let value = is_valid(nulls.as_ref(), row) && each(row).map_err(|error| error.in_row(row))?;
            values.append(value);
        }
        Ok(Arc::new(BooleanArray::new(values.finish(), nulls)))
    }

    /// A column of STRING.
    pub(super) fn strings<'b>(&self, each: Each<'_, Cow<'b, str>>) -> Result<ArrayRef> {
        let as_bytes = |string| match string {
            Cow::Borrowed(string) => Cow::Borrowed(str::as_bytes(string)),
            Cow::Owned(string) => Cow::Owned(string.into_bytes()),
        };
        self.variable(&|row| Ok(each(row)?.map(as_bytes)))?.into_strings()
    }

    /// A column of BYTES.
    pub(super) fn bytes<'b>(&self, each: Each<'_, Cow<'b, [u8]>>) -> Result<ArrayRef> {
        self.variable(each)?.into_binary()
    }

    /// A column of STRING or BYTES, whichever the call returns, from bytes.
    pub(super) fn strings_or_bytes<'b>(&self, each: Each<'_, Cow<'b, [u8]>>) -> Result<ArrayRef> {
        let column = self.variable(each)?;
        if *self.returns == DataType::Bytes { column.into_binary() } else { column.into_strings() }
    }

    /// A column of arrays: `each` puts the elements of a row behind those of earlier rows and says whether there is an
    /// array at all; `finish` makes a column of all elements.
    pub(super) fn arrays<T>(
        &self,
        each: &dyn Fn(usize, &mut Vec<T>) -> Result<()>,
        finish: &dyn Fn(Vec<T>) -> Result<ArrayRef>,
    ) -> Result<ArrayRef> {
        let nulls = self.nulls();
        let mut elements = Vec::new();
        let mut ends = Vec::with_capacity(self.rows + 1);
        ends.push(0);
        for row in 0..self.rows {
            if is_valid(nulls.as_ref(), row) {
                each(row, &mut elements).map_err(|error| error.in_row(row))?;
            }
            ends.push(end(elements.len())?);
        }
        let elements = finish(elements)?;
        let field = Arc::new(arrow_schema::Field::new_list_field(elements.data_type().clone(), true));
        ListArray::try_new(field, OffsetBuffer::new(ends.into()), elements, nulls)
            .map(|arrays| Arc::new(arrays) as ArrayRef)
            .map_err(broken)
    }

    fn primitives<T: ArrowPrimitiveType>(&self, each: Each<'_, T::Native>) -> Result<PrimitiveArray<T>> {
        let given = self.nulls();
        let mut values = Vec::with_capacity(self.rows);
        let mut nulls = NullBufferBuilder::new(self.rows);
        for row in 0..self.rows {
            let value = value_of(given.as_ref(), row, each)?;
            nulls.append(value.is_some());
            // The value at a NULL means nothing.
            values.push(value.unwrap_or_default());
        }
        Ok(PrimitiveArray::new(values.into(), nulls.finish()))
    }

    fn variable<'b>(&self, each: Each<'_, Cow<'b, [u8]>>) -> Result<VariableColumn> {
        let given = self.nulls();
        let mut bytes = Vec::new();
        let mut ends = Vec::with_capacity(self.rows + 1);
        ends.push(0);
        let mut nulls = NullBufferBuilder::new(self.rows);
        for row in 0..self.rows {
            let value = value_of(given.as_ref(), row, each)?;
            nulls.append(value.is_some());
            if let Some(value) = value {
                check_room(bytes.len() + value.len())?;
                bytes.extend_from_slice(&value);
            }
            ends.push(end(bytes.len())?);
        }
        Ok(VariableColumn { offsets: OffsetBuffer::new(ends.into()), bytes, nulls: nulls.finish() })
    }
}

/// The buffers of STRING or BYTES.
struct VariableColumn {
    offsets: OffsetBuffer<i32>,
    bytes: Vec<u8>,
    nulls: Option<NullBuffer>,
}

impl VariableColumn {
    fn into_strings(self) -> Result<ArrayRef> {
        let strings = StringArray::try_new(self.offsets, self.bytes.into(), self.nulls).map_err(broken)?;
        Ok(Arc::new(strings))
    }

    fn into_binary(self) -> Result<ArrayRef> {
        let binary = BinaryArray::try_new(self.offsets, self.bytes.into(), self.nulls).map_err(broken)?;
        Ok(Arc::new(binary))
    }
}

fn is_valid(nulls: Option<&NullBuffer>, row: usize) -> bool {
    nulls.is_none_or(|nulls| nulls.is_valid(row))
}

/// What `each` makes of a row; NULL where an argument is NULL.
fn value_of<T>(nulls: Option<&NullBuffer>, row: usize, each: Each<'_, T>) -> Result<Option<T>> {
    if is_valid(nulls, row) { each(row).map_err(|error| error.in_row(row)) } else { Ok(None) }
}

fn end(length: usize) -> Result<i32> {
    i32::try_from(length).map_err(|_| {
        Error::new(Code::LimitExceeded, "a batch of strings, bytes or arrays holds more than 2 GiB")
            .hint("use fewer or shorter values")
    })
}

/// Refuses more bytes than the values of a batch of rows may have in all.
pub(super) fn check_room(bytes: usize) -> Result<()> {
    if bytes <= COLUMN_BYTES {
        return Ok(());
    }
    let message =
        format!("the strings or bytes of a batch of rows would have more than {} MiB", COLUMN_BYTES >> 20);
    Err(Error::new(Code::LimitExceeded, message)
        .hint("make fewer or shorter values, or smaller batches (`batchSize`)"))
}

fn broken(error: arrow_schema::ArrowError) -> Error {
    Error::internal("a column can be built").detail(error)
}
