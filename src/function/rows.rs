//! The loops that functions share: from the rows of a call to a column.
//!
//! A function says what becomes of one row. Rows with a NULL argument are NULL and never seen by it; an error is given
//! the number of its row.

use std::borrow::Cow;
use std::sync::Arc;

use arrow_array::types::{ArrowPrimitiveType, Date32Type, Float64Type, Int64Type, TimestampMicrosecondType};
use arrow_array::{ArrayRef, BinaryArray, BooleanArray, ListArray, PrimitiveArray, StringArray};
use arrow_buffer::{BooleanBufferBuilder, NullBuffer, NullBufferBuilder, OffsetBuffer};

use super::BatchCall;
use crate::data::DataType;
use crate::diag::{Code, Error, Result};

/// What becomes of a row, `None` standing for NULL.
type Each<'f, T> = &'f dyn Fn(usize) -> Result<Option<T>>;

impl BatchCall<'_> {
    /// Which rows have a NULL argument; `None` where none has.
    pub(super) fn nulls(&self) -> Option<NullBuffer> {
        let nulls = self.args.iter().map(|it| it.nulls(self.rows));
        nulls.fold(None, |all, it| NullBuffer::union(all.as_ref(), it.as_ref()))
    }

    /// The same rows without their arguments, for functions that make something of NULL too.
    pub(super) fn bare(&self) -> BatchCall<'_> {
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

    /// A column of DATE.
    pub(super) fn dates(&self, each: Each<'_, i32>) -> Result<ArrayRef> {
        Ok(Arc::new(self.primitives::<Date32Type>(each)?))
    }

    /// A column of TIMESTAMP.
    pub(super) fn timestamps(&self, each: Each<'_, i64>) -> Result<ArrayRef> {
        Ok(Arc::new(self.primitives::<TimestampMicrosecondType>(each)?.with_timezone("UTC")))
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
    pub(super) fn texts<'b>(&self, each: Each<'_, Cow<'b, str>>) -> Result<ArrayRef> {
        let as_bytes = |text| match text {
            Cow::Borrowed(text) => Cow::Borrowed(str::as_bytes(text)),
            Cow::Owned(text) => Cow::Owned(text.into_bytes()),
        };
        let (offsets, bytes, nulls) = self.variable(&|row| Ok(each(row)?.map(as_bytes)))?;
        StringArray::try_new(offsets, bytes.into(), nulls).map(|it| Arc::new(it) as ArrayRef).map_err(broken)
    }

    /// A column of BYTES.
    pub(super) fn blobs<'b>(&self, each: Each<'_, Cow<'b, [u8]>>) -> Result<ArrayRef> {
        let (offsets, bytes, nulls) = self.variable(each)?;
        BinaryArray::try_new(offsets, bytes.into(), nulls).map(|it| Arc::new(it) as ArrayRef).map_err(broken)
    }

    /// A column of STRING or BYTES, whichever the call returns, from bytes.
    pub(super) fn texts_or_blobs<'b>(&self, each: Each<'_, Cow<'b, [u8]>>) -> Result<ArrayRef> {
        if *self.returns == DataType::Bytes {
            return self.blobs(each);
        }
        let (offsets, bytes, nulls) = self.variable(each)?;
        StringArray::try_new(offsets, bytes.into(), nulls).map(|it| Arc::new(it) as ArrayRef).map_err(broken)
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
            .map(|it| Arc::new(it) as ArrayRef)
            .map_err(broken)
    }

    fn primitives<T: ArrowPrimitiveType>(&self, each: Each<'_, T::Native>) -> Result<PrimitiveArray<T>> {
        let given = self.nulls();
        let mut values = Vec::with_capacity(self.rows);
        let mut nulls = NullBufferBuilder::new(self.rows);
        for row in 0..self.rows {
            let value = match is_valid(given.as_ref(), row) {
                true => each(row).map_err(|error| error.in_row(row))?,
                false => None,
            };
            nulls.append(value.is_some());
            values.push(value.unwrap_or_default());
        }
        Ok(PrimitiveArray::new(values.into(), nulls.finish()))
    }

    fn variable<'b>(
        &self,
        each: Each<'_, Cow<'b, [u8]>>,
    ) -> Result<(OffsetBuffer<i32>, Vec<u8>, Option<NullBuffer>)> {
        let given = self.nulls();
        let mut bytes = Vec::new();
        let mut ends = Vec::with_capacity(self.rows + 1);
        ends.push(0);
        let mut nulls = NullBufferBuilder::new(self.rows);
        for row in 0..self.rows {
            let value = match is_valid(given.as_ref(), row) {
                true => each(row).map_err(|error| error.in_row(row))?,
                false => None,
            };
            nulls.append(value.is_some());
            bytes.extend_from_slice(&value.unwrap_or_default());
            ends.push(end(bytes.len())?);
        }
        Ok((OffsetBuffer::new(ends.into()), bytes, nulls.finish()))
    }
}

fn is_valid(nulls: Option<&NullBuffer>, row: usize) -> bool {
    nulls.is_none_or(|nulls| nulls.is_valid(row))
}

fn end(length: usize) -> Result<i32> {
    i32::try_from(length).map_err(|_| {
        Error::new(Code::LimitExceeded, "a batch of texts, bytes or arrays holds more than 2 GiB")
            .hint("use fewer or shorter values")
    })
}

fn broken(error: arrow_schema::ArrowError) -> Error {
    Error::new(Code::Internal, "a column cannot be built").detail(error)
}
