//! Output tensors to columns, one run after the other.

use std::sync::Arc;

use arrow_array::builder::{Int64Builder, ListBuilder};
use arrow_array::{
    Array, ArrayRef, BooleanArray, Float64Array, Int64Array, ListArray, StringArray, StructArray,
};
use arrow_buffer::{OffsetBuffer, ScalarBuffer};
use arrow_schema::DataType as Arrow;

use crate::data::{DataType, TensorBuilder};
use crate::diag::{Code, Error, Invariant, Result, ensure};
use crate::model::graph_port::GraphPort;
use crate::onnx::failure;
use crate::tensor::{Element, ElementType, Tensor};

/// A column that grows by the output tensors of one run after the other.
pub(in crate::model) struct OutputDecoder<'a> {
    port: &'a GraphPort,
    values: Values,
    /// Where the rows of an array column end.
    ends: Vec<i32>,
    tensors: TensorBuilder,
    /// The dimensions of each row of 64-bit tensors.
    dimensions: ListBuilder<Int64Builder>,
}

/// The values themselves, without the rows' bounds.
enum Values {
    Floats(Vec<f64>),
    Ints(Vec<i64>),
    Bools(Vec<bool>),
    Strings(Vec<String>),
}

impl<'a> OutputDecoder<'a> {
    pub(in crate::model) fn new(port: &'a GraphPort, rows: usize) -> Self {
        let scalar = match &port.data_type {
            DataType::Array(element) => element,
            other => other,
        };
        let values = match scalar {
            DataType::Bool => Values::Bools(Vec::new()),
            DataType::String => Values::Strings(Vec::new()),
            DataType::Int64 => Values::Ints(Vec::new()),
            _ => Values::Floats(Vec::new()),
        };
        let ends = Vec::with_capacity(rows + 1);
        // Most outputs are no tensors: their builders hold nothing.
        let tensor_rows = if port.data_type == DataType::Tensor { rows } else { 0 };
        let tensors = TensorBuilder::with_capacity(DataType::Tensor, tensor_rows, 0);
        let dimensions = ListBuilder::with_capacity(Int64Builder::with_capacity(0), 0);
        Self { port, values, ends, tensors, dimensions }
    }

    /// Adds the first `rows` of the `tensor_rows` rows in `tensor`.
    pub(in crate::model) fn append(
        &mut self,
        tensor: &Tensor,
        rows: usize,
        tensor_rows: usize,
    ) -> Result<()> {
        ensure(rows <= tensor_rows, "a run has room for the rows that it predicts")?;
        let moved;
        let tensor = match self.port.row_axis() {
            Some(axis @ 1..) if axis < tensor.rank() => {
                moved = tensor.move_axis(axis, 0).map_err(failure::run)?;
                &moved
            }
            _ => tensor,
        };
        let is_scalar =
            !matches!(self.port.data_type, DataType::Array(_) | DataType::Tensor | DataType::Struct(_));
        // With one row a model may leave its dimension out, or give more than one value to it.
        let row_shape = match tensor.shape() {
            [1, all] if is_scalar && *all == tensor_rows => &[],
            [first, row @ ..] if *first == tensor_rows => row,
            whole if tensor_rows == 1 => whole,
            other => return Err(self.misshapen(other, tensor_rows)),
        };
        // Ones in front of the rows are no dimensions of a row.
        let ones = row_shape.len().saturating_sub(self.port.row_shape().len());
        let row_shape = match row_shape.split_at_checked(ones) {
            Some((ones, rest)) if self.port.row_axis() > Some(0) && ones.iter().all(|one| *one == 1) => rest,
            _ => row_shape,
        };
        let width: usize = row_shape.iter().product();
        if is_scalar && width != 1 {
            return Err(self.misshapen(tensor.shape(), tensor_rows));
        }
        if self.port.data_type == DataType::Tensor {
            return self.append_tensors(tensor, row_shape, rows);
        }
        let before = self.values.len();
        self.append_values(tensor, rows * width)?;
        if matches!(self.port.data_type, DataType::Struct(_)) {
            let shape = self.dimensions_of(row_shape)?;
            for _ in 0..rows {
                self.dimensions.values().append_slice(&shape);
                self.dimensions.append(true);
            }
        }
        if !is_scalar {
            for row in 1..=rows {
                let end = i32::try_from(before + row * width).map_err(|_| self.too_long())?;
                self.ends.push(end);
            }
        }
        Ok(())
    }

    /// Adds the first `count` values of `tensor`.
    fn append_values(&mut self, tensor: &Tensor, count: usize) -> Result<()> {
        match &mut self.values {
            Values::Floats(values) => match tensor.element() {
                ElementType::F32 => {
                    values.extend(first::<f32>(tensor, count)?.iter().copied().map(f64::from));
                }
                ElementType::F64 => values.extend_from_slice(first::<f64>(tensor, count)?),
                _ => {
                    let tensor = tensor.cast(ElementType::F64).map_err(failure::run)?;
                    values.extend_from_slice(first::<f64>(&tensor, count)?);
                }
            },
            Values::Ints(values) => {
                if tensor.element() == ElementType::U64
                    && let Some(value) =
                        first::<u64>(tensor, count)?.iter().find(|value| i64::try_from(**value).is_err())
                {
                    return Err(Error::new(
                        Code::OutOfRange,
                        format!("model output `{}` is {value}, which INT64 cannot hold", self.port.name),
                    ));
                }
                let tensor = tensor.cast(ElementType::I64).map_err(failure::run)?;
                values.extend_from_slice(first::<i64>(&tensor, count)?);
            }
            Values::Bools(values) => values.extend_from_slice(first::<bool>(tensor, count)?),
            Values::Strings(values) => values.extend_from_slice(first::<String>(tensor, count)?),
        }
        Ok(())
    }

    fn append_tensors(&mut self, tensor: &Tensor, row_shape: &[usize], rows: usize) -> Result<()> {
        let shape = self.dimensions_of(row_shape)?;
        let tensor = tensor.cast(ElementType::F32).map_err(failure::run)?;
        let width: usize = row_shape.iter().product();
        let mut values = first::<f32>(&tensor, rows * width)?;
        for _ in 0..rows {
            let (row, rest) = values.split_at_checked(width).invariant("the values of each row")?;
            self.tensors.append(&shape, row);
            values = rest;
        }
        Ok(())
    }

    fn dimensions_of(&self, row_shape: &[usize]) -> Result<Vec<i64>> {
        let shape: Option<_> = row_shape.iter().map(|length| i64::try_from(*length).ok()).collect();
        shape.ok_or_else(|| self.too_long())
    }

    /// The column, of `rows` rows.
    pub(in crate::model) fn finish(self, rows: usize) -> Result<ArrayRef> {
        let column = self.column()?;
        ensure(column.len() == rows, "a model output has a value for each row")?;
        Ok(column)
    }

    fn column(mut self) -> Result<ArrayRef> {
        if self.port.data_type == DataType::Tensor {
            return self.tensors.finish();
        }
        let values: ArrayRef = match self.values {
            Values::Floats(values) => Arc::new(Float64Array::from(values)),
            Values::Ints(values) => Arc::new(Int64Array::from(values)),
            Values::Bools(values) => Arc::new(BooleanArray::from(values)),
            Values::Strings(values) => Arc::new(StringArray::from(values)),
        };
        let broken = |error| Error::internal("model outputs do not fit together").detail(error);
        let (list, parts) = match self.port.data_type.storage() {
            Arrow::List(_) => (self.port.data_type.clone(), None),
            Arrow::Struct(fields) => (DataType::array(DataType::Float64), Some(fields)),
            _ => return Ok(values),
        };
        let Arrow::List(field) = list.storage() else { return Err(Error::internal("a list of values")) };
        let offsets: Vec<i32> = std::iter::once(0).chain(self.ends).collect();
        let lists = ListArray::try_new(field, OffsetBuffer::new(ScalarBuffer::from(offsets)), values, None);
        let lists: ArrayRef = Arc::new(lists.map_err(broken)?);
        let Some(parts) = parts else { return Ok(lists) };
        let dimensions = Arc::new(self.dimensions.finish());
        let tensors = StructArray::try_new(parts, vec![dimensions, lists], None).map_err(broken)?;
        Ok(Arc::new(tensors))
    }

    fn misshapen(&self, shape: &[usize], rows: usize) -> Error {
        let (name, data_type) = (&self.port.name, &self.port.data_type);
        let rows = if rows == 1 { "one row".into() } else { format!("{rows} rows") };
        let message = format!("model output `{name}` has shape {shape:?} for {rows} of {data_type}");
        Error::new(Code::ModelFailed, message)
            .hint("export the model with a first dimension that counts rows in every input and output")
    }

    fn too_long(&self) -> Error {
        let message = format!("model output `{}` holds more than 2^31 values", self.port.name);
        Error::new(Code::LimitExceeded, message).hint("predict fewer rows at once")
    }
}

impl Values {
    fn len(&self) -> usize {
        match self {
            Self::Floats(values) => values.len(),
            Self::Ints(values) => values.len(),
            Self::Bools(values) => values.len(),
            Self::Strings(values) => values.len(),
        }
    }
}

/// The first `count` values of `tensor`, which has at least as many.
fn first<T: Element>(tensor: &Tensor, count: usize) -> Result<&[T]> {
    let values = tensor.elements::<T>().map_err(failure::run)?;
    values.get(..count).invariant("the values that the shape of a model output promises")
}
