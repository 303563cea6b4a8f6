//! Operands of functions and operators: a column, or one value that stands for every row.
//!
//! Views read an operand row by row and do not check rows: whoever computes an operand checks once, by
//! [`Operand::has_rows`], that it has a value for each of them.

use std::borrow::Cow;
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{
    ArrowPrimitiveType, Date32Type, Decimal128Type, Decimal256Type, Float64Type, Int64Type,
    TimestampMicrosecondType,
};
use arrow_array::{Array, ArrayRef, BooleanArray, StringArray, UInt64Array};
use arrow_buffer::{BooleanBuffer, NullBuffer, i256};
use predictql_kernels::compare::Blobs;
use predictql_kernels::operand::Operand as Kernel;

use super::{gather, layout};
use crate::diag::{Code, Error, Result, ensure};
use crate::limits::COLUMN_BYTES;

/// A column of as many values as there are rows, or a constant: a column of one value.
#[derive(Debug, Clone)]
pub(crate) struct Operand {
    array: ArrayRef,
    constant: bool,
}

impl Operand {
    pub(crate) fn column(array: ArrayRef) -> Self {
        Self { array, constant: false }
    }

    /// `array` holds the one value.
    pub(crate) fn constant(array: ArrayRef) -> Self {
        Self { array, constant: true }
    }

    /// `array`, which was computed of this operand: constant where this is.
    pub(crate) fn with(&self, array: ArrayRef) -> Self {
        Self { array, constant: self.constant }
    }

    pub(crate) fn is_constant(&self) -> bool {
        self.constant
    }

    /// The values: one for a constant, else one a row.
    pub(crate) fn array(&self) -> &ArrayRef {
        &self.array
    }

    /// Whether there is a value for each of `rows` rows: one value in all for a constant, else one for each.
    pub(crate) fn has_rows(&self, rows: usize) -> bool {
        self.array.len() == if self.constant { 1 } else { rows }
    }

    /// The index in [`Operand::array`] of the value of `row`.
    pub(crate) fn index(&self, row: usize) -> usize {
        if self.constant { 0 } else { row }
    }

    pub(crate) fn is_null(&self, row: usize) -> bool {
        self.array.is_null(self.index(row))
    }

    /// Rows `offset..offset + rows`, without a copy.
    pub(crate) fn slice(&self, offset: usize, rows: usize) -> Self {
        if self.constant { self.clone() } else { Self::column(self.array.slice(offset, rows)) }
    }

    /// The rows at `indices`, in that order.
    pub(crate) fn take(&self, indices: &UInt64Array) -> Result<Self> {
        if self.constant { Ok(self.clone()) } else { gather::take(&self.array, indices).map(Self::column) }
    }

    /// A column of `rows` values.
    ///
    /// # Errors
    /// `limit-exceeded` where a constant is so large that no memory holds it for all rows.
    pub(crate) fn into_column(self, rows: usize) -> Result<ArrayRef> {
        // The one value of a constant is the column of one row.
        if !self.constant || rows == 1 {
            return Ok(self.array);
        }
        if layout::bytes(&self.array).saturating_mul(rows) > COLUMN_BYTES {
            let message = format!("a value is so large that a column of {rows} of it exceeds memory");
            return Err(Error::new(Code::LimitExceeded, message)
                .hint("select it once, in a subquery of its own, or make it shorter"));
        }
        gather::take(&self.array, &UInt64Array::from_value(0, rows))
    }

    pub(crate) fn ints(&self) -> Result<IntView<'_>> {
        self.primitive::<Int64Type>()
    }

    pub(crate) fn floats(&self) -> Result<FloatView<'_>> {
        self.primitive::<Float64Type>()
    }

    pub(crate) fn bools(&self) -> Result<BoolView<'_>> {
        let array = self.array.as_boolean_opt().ok_or_else(|| layout("BOOL", &self.array))?;
        Ok(BoolView { array, stride: usize::from(!self.constant) })
    }

    pub(crate) fn strings(&self) -> Result<StringView<'_>> {
        let array = self.array.as_string_opt().ok_or_else(|| layout("STRING", &self.array))?;
        Ok(StringView { array, stride: usize::from(!self.constant) })
    }

    pub(crate) fn dates(&self) -> Result<PrimitiveView<'_, Date32Type>> {
        self.primitive::<Date32Type>()
    }

    pub(crate) fn timestamps(&self) -> Result<PrimitiveView<'_, TimestampMicrosecondType>> {
        self.primitive::<TimestampMicrosecondType>()
    }

    /// The units of NUMERIC or BIGNUMERIC.
    pub(crate) fn decimals(&self) -> Result<DecimalView<'_>> {
        if self.array.as_primitive_opt::<Decimal128Type>().is_some() {
            return self.primitive().map(DecimalView::Numeric);
        }
        self.primitive().map(DecimalView::BigNumeric)
    }

    /// The bytes of STRING or BYTES.
    pub(crate) fn bytes(&self) -> Result<BytesView<'_>> {
        BytesView::new(&self.array, self.constant)
    }

    /// The values of `rows` rows in one slice; the values of NULLs are arbitrary.
    pub(crate) fn values<T: ArrowPrimitiveType>(&self, rows: usize) -> Result<Cow<'_, [T::Native]>> {
        let view = self.primitive::<T>()?;
        Ok(if self.constant { vec![view.at(0); rows].into() } else { view.values.into() })
    }

    /// The values as kernels read them; the values of NULLs are arbitrary.
    ///
    /// # Errors
    /// `internal` where there is not a value for each of `rows` rows.
    pub(crate) fn kernel<T: ArrowPrimitiveType>(&self, rows: usize) -> Result<Kernel<'_, T::Native>> {
        ensure(self.has_rows(rows), "an operand has a value for each row")?;
        let view = self.primitive::<T>()?;
        Ok(if self.constant { Kernel::Constant(view.at(0)) } else { Kernel::Column(view.values) })
    }

    /// Which of `rows` rows are NULL; `None` where none is.
    pub(crate) fn nulls(&self, rows: usize) -> Option<NullBuffer> {
        if self.constant {
            self.is_null(0).then(|| NullBuffer::new_null(rows))
        } else {
            self.array.nulls().cloned()
        }
    }

    /// Where a BOOL is TRUE, and where it is FALSE.
    pub(crate) fn sides(&self, rows: usize) -> Result<(BooleanBuffer, BooleanBuffer)> {
        let view = self.bools()?;
        if self.constant {
            let side = |wanted| {
                if view.get(0) == Some(wanted) {
                    BooleanBuffer::new_set(rows)
                } else {
                    BooleanBuffer::new_unset(rows)
                }
            };
            return Ok((side(true), side(false)));
        }
        let values = view.array.values();
        Ok(match view.array.nulls() {
            None => (values.clone(), !values),
            Some(nulls) => (values & nulls.inner(), &!values & nulls.inner()),
        })
    }

    fn primitive<T: ArrowPrimitiveType>(&self) -> Result<PrimitiveView<'_, T>> {
        let array = self.array.as_primitive_opt::<T>().ok_or_else(|| layout("number", &self.array))?;
        Ok(PrimitiveView {
            values: array.values(),
            nulls: array.nulls(),
            stride: usize::from(!self.constant),
        })
    }
}

fn layout(expected: &str, found: &Arc<dyn Array>) -> Error {
    Error::internal(format!("expected a {expected} column, found {}", found.data_type()))
}

/// Reads INT64 values by row.
pub(crate) type IntView<'a> = PrimitiveView<'a, Int64Type>;

/// Reads FLOAT64 values by row.
pub(crate) type FloatView<'a> = PrimitiveView<'a, Float64Type>;

/// Reads numbers by row; a stride of 0 repeats a constant.
pub(crate) struct PrimitiveView<'a, T: ArrowPrimitiveType> {
    values: &'a [T::Native],
    nulls: Option<&'a NullBuffer>,
    stride: usize,
}

impl<T: ArrowPrimitiveType> PrimitiveView<'_, T> {
    /// The value of `row`; `None` for NULL.
    pub(crate) fn get(&self, row: usize) -> Option<T::Native> {
        match self.nulls {
            Some(nulls) if nulls.is_null(row * self.stride) => None,
            _ => Some(self.at(row)),
        }
    }

    /// The value of a row that is not NULL.
    #[expect(clippy::indexing_slicing, reason = "`Operand::has_rows` was checked when the operand was made")]
    pub(crate) fn at(&self, row: usize) -> T::Native {
        self.values[row * self.stride]
    }
}

/// Reads the units of NUMERIC or BIGNUMERIC by row.
pub(crate) enum DecimalView<'a> {
    Numeric(PrimitiveView<'a, Decimal128Type>),
    BigNumeric(PrimitiveView<'a, Decimal256Type>),
}

impl DecimalView<'_> {
    /// The value of `row`; `None` for NULL.
    pub(crate) fn get(&self, row: usize) -> Option<i256> {
        match self {
            Self::Numeric(view) => view.get(row).map(i256::from_i128),
            Self::BigNumeric(view) => view.get(row),
        }
    }

    /// The value of a row that is not NULL.
    pub(crate) fn at(&self, row: usize) -> i256 {
        match self {
            Self::Numeric(view) => i256::from_i128(view.at(row)),
            Self::BigNumeric(view) => view.at(row),
        }
    }
}

/// Reads BOOL values by row.
pub(crate) struct BoolView<'a> {
    array: &'a BooleanArray,
    stride: usize,
}

impl BoolView<'_> {
    /// The value of `row`; `None` for NULL.
    pub(crate) fn get(&self, row: usize) -> Option<bool> {
        self.array.is_valid(row * self.stride).then(|| self.at(row))
    }

    /// The value of a row that is not NULL.
    pub(crate) fn at(&self, row: usize) -> bool {
        self.array.value(row * self.stride)
    }
}

/// Reads STRING values by row.
pub(crate) struct StringView<'a> {
    array: &'a StringArray,
    stride: usize,
}

impl<'a> StringView<'a> {
    /// The value of `row`; `None` for NULL.
    pub(crate) fn get(&self, row: usize) -> Option<&'a str> {
        self.array.is_valid(row * self.stride).then(|| self.at(row))
    }

    /// The value of a row that is not NULL.
    pub(crate) fn at(&self, row: usize) -> &'a str {
        self.array.value(row * self.stride)
    }
}

/// Reads STRING or BYTES as bytes by row.
pub(crate) struct BytesView<'a> {
    offsets: &'a [i32],
    bytes: &'a [u8],
    stride: usize,
}

impl<'a> BytesView<'a> {
    /// The values as kernels read them.
    pub(crate) fn kernel(&self) -> Blobs<'a> {
        Blobs { offsets: self.offsets, bytes: self.bytes, is_constant: self.stride == 0 }
    }

    pub(super) fn new(array: &'a ArrayRef, constant: bool) -> Result<Self> {
        let (offsets, bytes) = if let Some(strings) = array.as_string_opt::<i32>() {
            (strings.value_offsets(), strings.value_data())
        } else if let Some(binary) = array.as_binary_opt::<i32>() {
            (binary.value_offsets(), binary.value_data())
        } else {
            return Err(layout("STRING or BYTES", array));
        };
        Ok(Self { offsets, bytes, stride: usize::from(!constant) })
    }

    /// The value of a row that is not NULL.
    #[expect(
        clippy::cast_sign_loss,
        clippy::indexing_slicing,
        reason = "`Operand::has_rows` was checked; arrow keeps offsets ascending, from 0 to the end of the bytes"
    )]
    pub(crate) fn at(&self, row: usize) -> &'a [u8] {
        let index = row * self.stride;
        &self.bytes[self.offsets[index] as usize..self.offsets[index + 1] as usize]
    }
}
