//! Columns taken apart and put together again, whatever their type.
//!
//! Arrow does this by its `ArrayData`, with code for each of some forty layouts; those of
//! [`DataType::storage`](super::DataType::storage) are of five kinds.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{
    ArrowPrimitiveType, Date32Type, Decimal128Type, Decimal256Type, Float32Type, Float64Type, Int64Type,
    TimestampMicrosecondType,
};
use arrow_array::{
    Array, ArrayRef, BinaryArray, BooleanArray, ListArray, PrimitiveArray, StringArray, StructArray,
};
use arrow_buffer::{BooleanBuffer, Buffer, MutableBuffer, NullBuffer, OffsetBuffer, ScalarBuffer};
use arrow_schema::{ArrowError, DataType as Arrow};

use crate::diag::{Error, Result, ensure};

/// The values of a column without its NULLs. Values below a NULL are arbitrary.
pub(crate) enum Values {
    /// Of as many bytes as [`width`] says.
    Fixed(Buffer),
    Bits(BooleanBuffer),
    /// Texts or bytes: where they begin and end.
    Blobs(OffsetBuffer<i32>, Buffer),
    List(OffsetBuffer<i32>, ArrayRef),
    Struct(Vec<ArrayRef>),
}

/// Calls a function with the type of the values of a fixed width that a layout has.
macro_rules! with_fixed {
    ($layout:expr, $call:ident($($argument:expr),*)) => {
        match $layout {
            Arrow::Int64 => $call::<Int64Type>($($argument),*),
            Arrow::Float64 => $call::<Float64Type>($($argument),*),
            Arrow::Float32 => $call::<Float32Type>($($argument),*),
            Arrow::Date32 => $call::<Date32Type>($($argument),*),
            Arrow::Timestamp(..) => $call::<TimestampMicrosecondType>($($argument),*),
            Arrow::Decimal128(..) => $call::<Decimal128Type>($($argument),*),
            Arrow::Decimal256(..) => $call::<Decimal256Type>($($argument),*),
            other => Err(unknown(other)),
        }
    };
}

/// The bytes of one value of a layout of fixed width.
///
/// # Errors
/// `internal` for other layouts.
pub(crate) fn width(layout: &Arrow) -> Result<usize> {
    fn of<T: ArrowPrimitiveType>() -> Result<usize> {
        Ok(size_of::<T::Native>())
    }
    with_fixed!(layout, of())
}

/// The values of a column; a slice has those of its own rows only.
///
/// # Errors
/// `internal` for a layout that no type has.
pub(crate) fn values(array: &ArrayRef) -> Result<Values> {
    fn fixed<T: ArrowPrimitiveType>(array: &ArrayRef) -> Result<Values> {
        let array = array.as_primitive_opt::<T>().ok_or_else(|| unknown(array.data_type()))?;
        Ok(Values::Fixed(array.values().inner().clone()))
    }
    Ok(match array.data_type() {
        Arrow::Boolean => Values::Bits(array.as_boolean().values().clone()),
        Arrow::Utf8 => {
            let texts = array.as_string::<i32>();
            Values::Blobs(texts.offsets().clone(), texts.values().clone())
        }
        Arrow::Binary => {
            let blobs = array.as_binary::<i32>();
            Values::Blobs(blobs.offsets().clone(), blobs.values().clone())
        }
        Arrow::List(_) => {
            let lists = array.as_list::<i32>();
            Values::List(lists.offsets().clone(), lists.values().clone())
        }
        Arrow::Struct(_) => Values::Struct(array.as_struct().columns().to_vec()),
        layout => return with_fixed!(layout, fixed(array)),
    })
}

/// A column of `rows` of these values.
///
/// # Errors
/// `internal` where they do not fit together, or are no values of this layout; texts must be UTF-8.
pub(crate) fn column(
    layout: &Arrow,
    rows: usize,
    values: Values,
    nulls: Option<NullBuffer>,
) -> Result<ArrayRef> {
    fn fixed<T: ArrowPrimitiveType>(
        layout: &Arrow,
        values: Buffer,
        nulls: Option<NullBuffer>,
    ) -> Result<ArrayRef> {
        let is_aligned = values.as_ptr().align_offset(align_of::<T::Native>()) == 0;
        let is_whole = values.len().is_multiple_of(size_of::<T::Native>());
        ensure(is_aligned && is_whole, "the values of a column are not where they may be")?;
        let array = PrimitiveArray::<T>::try_new(ScalarBuffer::from(values), nulls).map_err(failed)?;
        Ok(Arc::new(array.with_data_type(layout.clone())))
    }
    let column: ArrayRef = match (layout, values) {
        (Arrow::Boolean, Values::Bits(bits)) => {
            ensure(nulls.as_ref().is_none_or(|nulls| nulls.len() == bits.len()), "NULLs of other rows")?;
            Arc::new(BooleanArray::new(bits, nulls))
        }
        (Arrow::Utf8, Values::Blobs(offsets, bytes)) => {
            Arc::new(StringArray::try_new(offsets, bytes, nulls).map_err(failed)?)
        }
        (Arrow::Binary, Values::Blobs(offsets, bytes)) => {
            Arc::new(BinaryArray::try_new(offsets, bytes, nulls).map_err(failed)?)
        }
        (Arrow::List(item), Values::List(offsets, items)) => {
            Arc::new(ListArray::try_new(item.clone(), offsets, items, nulls).map_err(failed)?)
        }
        (Arrow::Struct(fields), Values::Struct(columns)) => {
            Arc::new(StructArray::try_new_with_length(fields.clone(), columns, nulls, rows).map_err(failed)?)
        }
        (layout, Values::Fixed(values)) => with_fixed!(layout, fixed(layout, values, nulls))?,
        (layout, _) => return Err(unknown(layout)),
    };
    ensure(column.len() == rows, "a column has not as many values as rows")?;
    Ok(column)
}

/// The same values with other NULLs.
///
/// # Errors
/// `internal` for NULLs of another number of rows.
pub(crate) fn with_nulls(array: &ArrayRef, nulls: Option<NullBuffer>) -> Result<ArrayRef> {
    column(array.data_type(), array.len(), values(array)?, nulls)
}

/// A column of `rows` NULLs.
///
/// # Errors
/// `internal` for a layout that no type has.
pub(crate) fn null_column(layout: &Arrow, rows: usize) -> Result<ArrayRef> {
    let offsets = || OffsetBuffer::new_zeroed(rows);
    let values = match layout {
        Arrow::Boolean => Values::Bits(BooleanBuffer::new_unset(rows)),
        Arrow::Utf8 | Arrow::Binary => Values::Blobs(offsets(), Buffer::from_vec(Vec::<u8>::new())),
        Arrow::List(item) => Values::List(offsets(), null_column(item.data_type(), 0)?),
        Arrow::Struct(fields) => {
            let columns = fields.iter().map(|field| null_column(field.data_type(), rows));
            Values::Struct(columns.collect::<Result<_>>()?)
        }
        fixed => Values::Fixed(MutableBuffer::from_len_zeroed(rows * width(fixed)?).into()),
    };
    let nulls = (rows > 0).then(|| NullBuffer::new_null(rows));
    column(layout, rows, values, nulls)
}

/// A column without rows.
///
/// # Errors
/// As [`null_column`].
pub(crate) fn empty_column(layout: &Arrow) -> Result<ArrayRef> {
    null_column(layout, 0)
}

/// The memory that the values of `array` take, without those that a slice leaves out.
pub(crate) fn bytes(array: &ArrayRef) -> usize {
    let bits = |rows: usize| rows.div_ceil(8);
    let inside = |offsets: &OffsetBuffer<i32>| offsets.len() * size_of::<i32>();
    let own = match values(array) {
        Ok(Values::Fixed(values)) => values.len(),
        Ok(Values::Bits(values)) => bits(values.len()),
        Ok(Values::Blobs(offsets, _)) => inside(&offsets) + span(&offsets).1,
        Ok(Values::List(offsets, items)) => {
            let (first, length) = span(&offsets);
            inside(&offsets) + bytes(&items.slice(first, length))
        }
        Ok(Values::Struct(columns)) => columns.iter().map(bytes).sum(),
        // No type has another layout; whole buffers are at least what a slice of them takes.
        Err(_) => return array.get_buffer_memory_size(),
    };
    own + array.nulls().map_or(0, |nulls| bits(nulls.len()))
}

/// The first value that offsets lead to, and how many follow it.
#[expect(
    clippy::cast_sign_loss,
    clippy::indexing_slicing,
    reason = "arrow keeps offsets ascending, from 0 on, one more than there are values"
)]
pub(crate) fn span(offsets: &OffsetBuffer<i32>) -> (usize, usize) {
    let [first, last] = [offsets[0], offsets[offsets.len() - 1]].map(|offset| offset as usize);
    (first, last - first)
}

#[cold]
pub(super) fn failed(error: ArrowError) -> Error {
    Error::internal("columns do not fit together").detail(error)
}

#[cold]
fn unknown(layout: &Arrow) -> Error {
    Error::internal("a column of a layout that no type has").detail(layout)
}
