//! Columns of [`DataType::Tensor`] and [`DataType::Picture`]: a shape and row-major 32-bit floats for each row, stored flat.

use std::ops::Range;
use std::sync::Arc;

use arrow_array::builder::{Int64Builder, ListBuilder, PrimitiveBuilder};
use arrow_array::cast::AsArray;
use arrow_array::types::{Float32Type, Float64Type, Int64Type};
use arrow_array::{Array, ArrayRef, Float32Array, Int64Array, ListArray, StructArray};
use arrow_buffer::{NullBuffer, NullBufferBuilder};

use super::DataType;
use crate::diag::{Code, Error, Result};

/// Reads a tensor column row by row.
pub(crate) struct TensorColumn<'a> {
    nulls: Option<&'a NullBuffer>,
    shapes: &'a ListArray,
    shape_values: &'a Int64Array,
    data: &'a ListArray,
    data_values: &'a Float32Array,
}

/// Builds a tensor column row by row.
pub(crate) struct TensorBuilder {
    shapes: ListBuilder<Int64Builder>,
    data: ListBuilder<PrimitiveBuilder<Float32Type>>,
    nulls: NullBufferBuilder,
    data_type: DataType,
}

impl<'a> TensorColumn<'a> {
    /// # Errors
    /// `internal` where the array does not have the layout of a tensor column.
    pub(crate) fn new(array: &'a ArrayRef) -> Result<Self> {
        let layout = || Error::internal("expected a tensor column");
        let parts = array.as_struct_opt().ok_or_else(layout)?;
        let [shapes, data] = parts.columns() else { return Err(layout()) };
        let shapes = shapes.as_list_opt::<i32>().ok_or_else(layout)?;
        let data = data.as_list_opt::<i32>().ok_or_else(layout)?;
        Ok(Self {
            nulls: parts.nulls(),
            shapes,
            shape_values: shapes.values().as_primitive_opt::<Int64Type>().ok_or_else(layout)?,
            data,
            data_values: data.values().as_primitive_opt::<Float32Type>().ok_or_else(layout)?,
        })
    }

    pub(crate) fn len(&self) -> usize {
        self.data.len()
    }

    /// Shape and row-major values of `row`, which is less than [`TensorColumn::len`]; `None` for NULL.
    #[expect(clippy::indexing_slicing, reason = "arrow keeps offsets ascending and within the values")]
    pub(crate) fn get(&self, row: usize) -> Option<(&'a [i64], &'a [f32])> {
        if self.nulls.is_some_and(|nulls| nulls.is_null(row)) {
            return None;
        }
        let shape = &self.shape_values.values()[element_range(self.shapes, row)];
        let data = &self.data_values.values()[element_range(self.data, row)];
        Some((shape, data))
    }
}

/// Where the elements of `row` are among the values of `list`.
#[expect(
    clippy::cast_sign_loss,
    clippy::indexing_slicing,
    reason = "arrow has one offset more than rows, and no negative one"
)]
pub(crate) fn element_range(list: &ListArray, row: usize) -> Range<usize> {
    let offsets = list.value_offsets();
    offsets[row] as usize..offsets[row + 1] as usize
}

/// Converts structs of a shape and `ARRAY<FLOAT64>` values to tensors. Where either is NULL the tensor is NULL.
///
/// # Errors
/// `invalid-value` where an element is NULL.
pub(super) fn tensors(structs: &StructArray) -> Result<ArrayRef> {
    let layout = || Error::internal("a tensor column cannot be built");
    let [shapes, values] = structs.columns() else { return Err(layout()) };
    let (sizes, list) = (shapes.as_list_opt::<i32>(), values.as_list_opt::<i32>());
    let (sizes, list) = (sizes.ok_or_else(layout)?, list.ok_or_else(layout)?);
    if list.values().null_count() + sizes.values().null_count() > 0 {
        return Err(Error::new(Code::InvalidValue, "an element of a tensor is NULL"));
    }
    let floats = list.values().as_primitive_opt::<Float64Type>().ok_or_else(layout)?;
    #[expect(clippy::cast_possible_truncation, reason = "tensors hold 32-bit floats")]
    let floats = floats.unary::<_, Float32Type>(|value| value as f32);
    let arrow_schema::DataType::Struct(fields) = DataType::Tensor.storage() else { return Err(layout()) };
    let field = Arc::new(arrow_schema::Field::new_list_field(floats.data_type().clone(), true));
    let nulls = NullBuffer::union(structs.nulls(), shapes.nulls());
    let nulls = NullBuffer::union(nulls.as_ref(), values.nulls());
    ListArray::try_new(field, list.offsets().clone(), Arc::new(floats), list.nulls().cloned())
        .and_then(|data| StructArray::try_new(fields, vec![shapes.clone(), Arc::new(data)], nulls))
        .map(|array| Arc::new(array) as ArrayRef)
        .map_err(|error| layout().detail(error))
}

/// Converts pictures of whole numbers to columns of [`DataType::IntegerPicture`].
///
/// # Errors
/// `internal` where the array does not have the layout of a tensor column.
pub(crate) fn integer_pictures(tensors: &ArrayRef) -> Result<ArrayRef> {
    let layout = || Error::internal("expected a tensor column");
    let parts = tensors.as_struct_opt().ok_or_else(layout)?;
    let [shapes, values] = parts.columns() else { return Err(layout()) };
    let list = values.as_list_opt::<i32>().ok_or_else(layout)?;
    let floats = list.values().as_primitive_opt::<Float32Type>().ok_or_else(layout)?;
    #[expect(clippy::cast_possible_truncation, reason = "pictures have whole numbers from 0 to 255")]
    let ints = floats.unary::<_, Int64Type>(|value| value as i64);
    let arrow_schema::DataType::Struct(fields) = DataType::IntegerPicture.storage() else {
        return Err(layout());
    };
    let field = Arc::new(arrow_schema::Field::new_list_field(ints.data_type().clone(), true));
    ListArray::try_new(field, list.offsets().clone(), Arc::new(ints), list.nulls().cloned())
        .and_then(|ints| {
            StructArray::try_new(fields, vec![shapes.clone(), Arc::new(ints)], parts.nulls().cloned())
        })
        .map(|array| Arc::new(array) as ArrayRef)
        .map_err(|error| layout().detail(error))
}

/// The same tensors in the layout of `to`: those that are pictures and those that are not differ in a mark only.
pub(super) fn marked(tensors: &ArrayRef, to: &DataType) -> Result<ArrayRef> {
    let layout = || Error::internal("a tensor column cannot be built");
    let parts = tensors.as_struct_opt().ok_or_else(layout)?;
    let arrow_schema::DataType::Struct(fields) = to.storage() else { return Err(layout()) };
    StructArray::try_new(fields, parts.columns().to_vec(), parts.nulls().cloned())
        .map(|array| Arc::new(array) as ArrayRef)
        .map_err(|error| layout().detail(error))
}

impl TensorBuilder {
    /// A builder for `rows` tensors of about `values` values together; `data_type` is that of tensors or of pictures.
    pub(crate) fn with_capacity(data_type: DataType, rows: usize, values: usize) -> Self {
        Self {
            data_type,
            shapes: ListBuilder::with_capacity(Int64Builder::with_capacity(rows * 4), rows),
            data: ListBuilder::with_capacity(PrimitiveBuilder::with_capacity(values), rows),
            nulls: NullBufferBuilder::new(rows),
        }
    }

    pub(crate) fn append(&mut self, shape: &[i64], data: &[f32]) {
        self.shapes.values().append_slice(shape);
        self.shapes.append(true);
        self.data.values().append_slice(data);
        self.data.append(true);
        self.nulls.append_non_null();
    }

    pub(crate) fn append_null(&mut self) {
        self.shapes.append(false);
        self.data.append(false);
        self.nulls.append_null();
    }

    /// # Errors
    /// `internal` where the parts do not fit together.
    pub(crate) fn finish(mut self) -> Result<ArrayRef> {
        let arrow_schema::DataType::Struct(fields) = self.data_type.storage() else {
            return Err(Error::internal("the layout of a tensor is a struct"));
        };
        let columns: Vec<ArrayRef> = vec![Arc::new(self.shapes.finish()), Arc::new(self.data.finish())];
        StructArray::try_new(fields, columns, self.nulls.finish())
            .map(|array| Arc::new(array) as ArrayRef)
            .map_err(|error| Error::internal("a tensor column cannot be built").detail(error))
    }
}
