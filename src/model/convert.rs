//! Columns to tensors and back, a buffer at a time.

use std::ops::Range;
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{Float64Type, Int64Type};
use arrow_array::{Array, ArrayRef, BooleanArray, Float64Array, Int64Array, ListArray, StringArray};
use arrow_buffer::{OffsetBuffer, ScalarBuffer};
use arrow_schema::DataType as Arrow;
use tract_onnx::prelude::{Datum, DatumType, TVec, Tensor, TractResult, f16, tensor1, tvec};

use super::failure;
use super::signature::{Dim, Port};
use crate::data::{DataType, TensorBuilder, TensorColumn};
use crate::diag::{Code, Error, Result};

/// A column that is bound to an input, checked row by row.
pub(super) struct Input<'a> {
    port: &'a Port,
    values: Values<'a>,
    first_row: usize,
}

enum Values<'a> {
    /// Nobody reads the input: it is zeros.
    Unread,
    Scalars(&'a ArrayRef),
    Lists(&'a ListArray),
    Tensors(TensorColumn<'a>),
}

impl<'a> Input<'a> {
    /// Binds `column` to `port`; `first_row` is the place of its first row in the query, counted from 0.
    pub(super) fn new(port: &'a Port, column: Option<&'a ArrayRef>, first_row: usize) -> Result<Self> {
        let Some(column) = column else {
            return match port.required {
                true => Err(Error::new(Code::MissingInput, format!("the model needs input `{}`", port.name))),
                false => Ok(Self { port, values: Values::Unread, first_row }),
            };
        };
        if *column.data_type() != port.data_type.storage() {
            return Err(Error::new(Code::Internal, "a model input has not the layout of its type").detail(
                format!("`{}` is {} and came as {}", port.name, port.data_type, column.data_type()),
            ));
        }
        let values = match &port.data_type {
            DataType::Tensor => Values::Tensors(TensorColumn::new(column)?),
            DataType::Array(_) => Values::Lists(column.as_list()),
            _ => Values::Scalars(column),
        };
        let input = Self { port, values, first_row };
        match column.nulls().and_then(|nulls| (0..column.len()).find(|row| nulls.is_null(*row))) {
            Some(row) => Err(input.null(row, "is NULL")),
            None => Ok(input),
        }
    }

    /// The dimensions of the value in `row`, checked against the model's.
    pub(super) fn row_shape(&self, row: usize) -> Result<TVec<usize>> {
        let dims = self.port.row_shape();
        let shape: TVec<usize> = match &self.values {
            Values::Scalars(_) => tvec![1; dims.len()],
            Values::Unread => dims.iter().map(|dim| dim.fixed().unwrap_or(1)).collect(),
            Values::Lists(lists) => self.list_shape(row, lists)?,
            Values::Tensors(column) => {
                let (shape, data) = column.get(row).ok_or_else(|| self.null(row, "is NULL"))?;
                let shape: TVec<usize> =
                    shape.iter().map(|&n| usize::try_from(n).unwrap_or(usize::MAX)).collect();
                let fits = shape.len() == dims.len()
                    && dims.iter().zip(&shape).all(|(dim, n)| dim.fixed().is_none_or(|fixed| fixed == *n));
                if !fits || volume(&shape) != Some(data.len()) {
                    return Err(self.wrong_shape(row, &shape));
                }
                shape
            }
        };
        Ok(shape)
    }

    /// A list is flat: its length is checked, and makes up for at most one free dimension.
    fn list_shape(&self, row: usize, lists: &ListArray) -> Result<TVec<usize>> {
        let dims = self.port.row_shape();
        let found = list_range(lists, row..row + 1).len();
        let fixed = dims.iter().filter_map(|dim| dim.fixed()).product::<usize>();
        let free = dims.iter().filter(|dim| dim.fixed().is_none()).count();
        let rest = if free == 0 { 1 } else { found.checked_div(fixed).unwrap_or_default() };
        if free > 1 || fixed * rest != found {
            return Err(self.wrong_length(row, found, fixed));
        }
        Ok(dims.iter().map(|dim| dim.fixed().unwrap_or(rest)).collect())
    }

    /// The tensor of `rows`, which all have one shape, with zeros behind them up to `shape`.
    pub(super) fn tensor(&self, rows: Range<usize>, shape: &[usize]) -> Result<Tensor> {
        let mut tensor = blank(self.port.element, shape).map_err(failure::run)?;
        match &self.values {
            Values::Unread => {}
            Values::Scalars(column) => self.fill(&mut tensor, column, rows.clone(), |at| rows.start + at)?,
            Values::Lists(lists) => {
                let range = list_range(lists, rows.clone());
                let width = range.len().checked_div(rows.len()).unwrap_or_default();
                let row = |at: usize| rows.start + at.checked_div(width).unwrap_or_default();
                if lists.values().null_count() > 0
                    && let Some(at) = range.clone().position(|at| lists.values().is_null(at))
                {
                    return Err(self.null(row(at), "has an element that is NULL"));
                }
                self.fill(&mut tensor, lists.values(), range.clone(), row)?;
            }
            Values::Tensors(column) => self.fill_tensors(&mut tensor, column, rows)?,
        }
        Ok(tensor)
    }

    fn fill_tensors(&self, tensor: &mut Tensor, column: &TensorColumn<'_>, rows: Range<usize>) -> Result<()> {
        let mut at = 0;
        for (row, data) in rows.filter_map(|row| Some((row, column.get(row)?.1))) {
            let values = data.iter().copied();
            match self.port.element {
                DatumType::F32 => pour(tensor, at, values).map_err(failure::run),
                DatumType::F64 => pour(tensor, at, values.map(f64::from)).map_err(failure::run),
                DatumType::F16 => pour(tensor, at, values.map(f16::from_f32)).map_err(failure::run),
                DatumType::U8 => self.whole(tensor, at, data, row, |value| value as u8),
                _ => self.whole(tensor, at, data, row, |value| value as i8),
            }?;
            at += data.len();
        }
        Ok(())
    }

    /// Copies values that must be whole numbers, as the pictures of `ML.CONVERT_IMAGE_TYPE` are.
    fn whole<T: Datum + Into<f32>>(
        &self,
        tensor: &mut Tensor,
        at: usize,
        values: &[f32],
        row: usize,
        convert: impl Fn(f32) -> T,
    ) -> Result<()> {
        if let Some(value) = values.iter().find(|value| convert(**value).into() != **value) {
            let error =
                self.error(Code::OutOfRange, row, &format!("holds {value}, which {} cannot", self.element()));
            return Err(error.hint("pictures become whole numbers by `ML.CONVERT_IMAGE_TYPE(…)`"));
        }
        pour(tensor, at, values.iter().map(|value| convert(*value))).map_err(failure::run)
    }

    /// Copies `range` of `values` to the front of `tensor`, as the tensor's element type.
    fn fill(
        &self,
        tensor: &mut Tensor,
        values: &ArrayRef,
        range: Range<usize>,
        row: impl Fn(usize) -> usize,
    ) -> Result<()> {
        match values.data_type() {
            Arrow::Float64 => {
                let values = values.as_primitive::<Float64Type>().values();
                let values = values.get(range).unwrap_or_default();
                match self.port.element {
                    DatumType::F32 => pour(tensor, 0, values.iter().map(|v| *v as f32)),
                    DatumType::F64 => pour(tensor, 0, values.iter().copied()),
                    _ => pour(tensor, 0, values.iter().map(|v| f16::from_f64(*v))),
                }
                .map_err(failure::run)
            }
            Arrow::Int64 => {
                let values = values.as_primitive::<Int64Type>().values();
                let values = values.get(range).unwrap_or_default();
                match self.port.element {
                    DatumType::I64 => pour(tensor, 0, values.iter().copied()).map_err(failure::run),
                    DatumType::I32 => self.narrow::<i32>(tensor, values, row),
                    DatumType::I16 => self.narrow::<i16>(tensor, values, row),
                    DatumType::I8 => self.narrow::<i8>(tensor, values, row),
                    DatumType::U64 => self.narrow::<u64>(tensor, values, row),
                    DatumType::U32 => self.narrow::<u32>(tensor, values, row),
                    DatumType::U16 => self.narrow::<u16>(tensor, values, row),
                    _ => self.narrow::<u8>(tensor, values, row),
                }
            }
            Arrow::Boolean => {
                pour(tensor, 0, values.as_boolean().values().slice(range.start, range.len()).iter())
                    .map_err(failure::run)
            }
            _ => {
                let values = values.as_string::<i32>();
                pour(tensor, 0, range.map(|at| values.value(at).to_owned())).map_err(failure::run)
            }
        }
    }

    fn narrow<T: Datum + TryFrom<i64>>(
        &self,
        tensor: &mut Tensor,
        values: &[i64],
        row: impl Fn(usize) -> usize,
    ) -> Result<()> {
        if let Some((at, value)) = values.iter().enumerate().find(|(_, value)| T::try_from(**value).is_err())
        {
            return Err(self.error(
                Code::OutOfRange,
                row(at),
                &format!("is {value}, which {} cannot hold", self.element()),
            ));
        }
        pour(tensor, 0, values.iter().filter_map(|value| T::try_from(*value).ok())).map_err(failure::run)
    }

    /// The element type as ONNX writes it.
    fn element(&self) -> String {
        let name = format!("{:?}", self.port.element).to_lowercase();
        match name.split_at_checked(1) {
            Some(("i", bits)) => format!("int{bits}"),
            Some(("u", bits)) => format!("uint{bits}"),
            _ => name,
        }
    }

    fn error(&self, code: Code, row: usize, what: &str) -> Error {
        Error::new(code, format!("row {}: model input `{}` {what}", self.first_row + row + 1, self.port.name))
    }

    fn null(&self, row: usize, what: &str) -> Error {
        let name = &self.port.name;
        self.error(Code::NullInput, row, what).hint(format!(
            "filter the rows with `WHERE {name} IS NOT NULL` or fill them with `IFNULL({name}, …) AS {name}`"
        ))
    }

    fn wrong_length(&self, row: usize, found: usize, fixed: usize) -> Error {
        let elements = if found == 1 { "element" } else { "elements" };
        let expected = match self.port.row_shape().iter().all(|dim| dim.fixed().is_some()) {
            true => fixed.to_string(),
            false => format!("a multiple of {fixed}"),
        };
        self.error(Code::InputTypeMismatch, row, &format!("has {found} {elements}, expected {expected}"))
    }

    fn wrong_shape(&self, row: usize, found: &[usize]) -> Error {
        let dims = self.port.row_shape();
        let list = |dims: &mut dyn Iterator<Item = String>| dims.collect::<Vec<_>>().join(", ");
        let expected = list(&mut dims.iter().map(ToString::to_string));
        let shape = list(&mut found.iter().map(ToString::to_string));
        let error =
            self.error(Code::InputTypeMismatch, row, &format!("has shape [{shape}], expected [{expected}]"));
        let channels = |count: usize| matches!(count, 1 | 3 | 4);
        match (found, dims) {
            ([_, _, c], [Dim::Fixed(height), Dim::Fixed(width), depth]) if depth.fixed().is_none_or(|it| it == *c) => {
                error.hint(format!("resize it: `ML.RESIZE_IMAGE(…, {height}, {width}, FALSE) AS {}`", self.port.name))
            }
            ([_, _, c], [Dim::Fixed(depth), _, _]) if c == depth && channels(*c) => error.hint(
                "pictures have their channels last and the model wants them first: export it with the transposition inside",
            ),
            _ => error,
        }
    }
}

/// The stretch of child values that `rows` of `lists` cover.
fn list_range(lists: &ListArray, rows: Range<usize>) -> Range<usize> {
    let offset = |at: usize| lists.value_offsets().get(at).and_then(|at| usize::try_from(*at).ok());
    offset(rows.start).unwrap_or_default()..offset(rows.end).unwrap_or_default()
}

/// A tensor of zeros, or of empty strings.
fn blank(element: DatumType, shape: &[usize]) -> TractResult<Tensor> {
    match element {
        DatumType::String => tensor1(&vec![String::new(); shape.iter().product()]).into_shape(shape),
        element => Tensor::zero_dt(element, shape),
    }
}

fn volume(shape: &[usize]) -> Option<usize> {
    shape.iter().try_fold(1_usize, |all, n| all.checked_mul(*n))
}

/// Writes `values` into `tensor` from place `at` on.
fn pour<T: Datum>(tensor: &mut Tensor, at: usize, values: impl Iterator<Item = T>) -> TractResult<()> {
    let mut view = tensor.try_as_plain_ram_mut()?;
    let slots = view.as_slice_mut::<T>()?.get_mut(at..).unwrap_or_default();
    slots.iter_mut().zip(values).for_each(|(slot, value)| *slot = value);
    Ok(())
}

/// A column that grows by the outputs of one run after the other.
pub(super) struct Output<'a> {
    port: &'a Port,
    values: Leaf,
    /// Ends of the rows' elements, for arrays.
    ends: Vec<i32>,
    tensors: TensorBuilder,
}

/// The values themselves, without the rows' bounds.
enum Leaf {
    Floats(Vec<f64>),
    Ints(Vec<i64>),
    Bools(Vec<bool>),
    Strings(Vec<String>),
}

impl<'a> Output<'a> {
    pub(super) fn new(port: &'a Port, rows: usize) -> Self {
        let scalar = match &port.data_type {
            DataType::Array(element) => element,
            other => other,
        };
        let values = match scalar {
            DataType::Bool => Leaf::Bools(Vec::new()),
            DataType::String => Leaf::Strings(Vec::new()),
            DataType::Int64 => Leaf::Ints(Vec::new()),
            _ => Leaf::Floats(Vec::new()),
        };
        Self {
            port,
            values,
            ends: Vec::with_capacity(rows + 1),
            tensors: TensorBuilder::with_capacity(rows, 0),
        }
    }

    /// Adds the first `rows` of the `batch` rows in `tensor`.
    pub(super) fn append(&mut self, tensor: &Tensor, rows: usize, batch: usize) -> Result<()> {
        // With one row a model may leave its dimension out, or give more than one value to it.
        let row_shape = match tensor.shape() {
            [first, row @ ..] if *first == batch => row,
            whole if batch == 1 => whole,
            other => return Err(self.misshapen(other, batch)),
        };
        let width: usize = row_shape.iter().product();
        let scalar = !matches!(self.port.data_type, DataType::Array(_) | DataType::Tensor);
        if scalar && width != 1 {
            return Err(self.misshapen(tensor.shape(), batch));
        }
        if self.port.data_type == DataType::Tensor {
            return self.append_tensors(tensor, row_shape, rows);
        }
        let taken = rows * width;
        match &mut self.values {
            Leaf::Floats(values) => match tensor.datum_type() {
                DatumType::F32 => {
                    values.extend(slice::<f32>(tensor)?.iter().take(taken).map(|v| f64::from(*v)))
                }
                DatumType::F64 => {
                    values.extend_from_slice(slice::<f64>(tensor)?.get(..taken).unwrap_or_default())
                }
                _ => {
                    let tensor = tensor.cast_to::<f64>().map_err(failure::run)?;
                    values.extend_from_slice(slice::<f64>(&tensor)?.get(..taken).unwrap_or_default());
                }
            },
            Leaf::Ints(values) => {
                if tensor.datum_type() == DatumType::U64
                    && let Some(value) = slice::<u64>(tensor)?.iter().find(|v| i64::try_from(**v).is_err())
                {
                    return Err(Error::new(
                        Code::OutOfRange,
                        format!("model output `{}` is {value}, which INT64 cannot hold", self.port.name),
                    ));
                }
                // Shapes that a model computes with come as symbolic dimensions; the cast makes them numbers.
                let tensor = tensor.cast_to::<i64>().map_err(failure::run)?;
                values.extend_from_slice(slice::<i64>(&tensor)?.get(..taken).unwrap_or_default());
            }
            Leaf::Bools(values) => {
                values.extend_from_slice(slice::<bool>(tensor)?.get(..taken).unwrap_or_default());
            }
            Leaf::Strings(values) => {
                values.extend_from_slice(slice::<String>(tensor)?.get(..taken).unwrap_or_default());
            }
        }
        if !scalar {
            for _ in 0..rows {
                let end = self.ends.last().copied().unwrap_or_default();
                let end = i32::try_from(width).ok().and_then(|width| end.checked_add(width));
                self.ends.push(end.ok_or_else(|| self.too_long())?);
            }
        }
        Ok(())
    }

    fn append_tensors(&mut self, tensor: &Tensor, row_shape: &[usize], rows: usize) -> Result<()> {
        let shape: Vec<i64> = row_shape.iter().filter_map(|n| i64::try_from(*n).ok()).collect();
        let tensor = tensor.cast_to::<f32>().map_err(failure::run)?;
        let data = slice::<f32>(&tensor)?;
        match row_shape.iter().product() {
            0 => (0..rows).for_each(|_| self.tensors.append(&shape, &[])),
            width => data.chunks_exact(width).take(rows).for_each(|row| self.tensors.append(&shape, row)),
        }
        Ok(())
    }

    /// The column.
    pub(super) fn finish(self) -> Result<ArrayRef> {
        if self.port.data_type == DataType::Tensor {
            return self.tensors.finish();
        }
        let values: ArrayRef = match self.values {
            Leaf::Floats(values) => Arc::new(Float64Array::from(values)),
            Leaf::Ints(values) => Arc::new(Int64Array::from(values)),
            Leaf::Bools(values) => Arc::new(BooleanArray::from(values)),
            Leaf::Strings(values) => Arc::new(StringArray::from(values)),
        };
        let Arrow::List(field) = self.port.data_type.storage() else {
            return Ok(values);
        };
        let offsets: Vec<i32> = std::iter::once(0).chain(self.ends).collect();
        ListArray::try_new(field, OffsetBuffer::new(ScalarBuffer::from(offsets)), values, None)
            .map(|lists| Arc::new(lists) as ArrayRef)
            .map_err(|error| Error::new(Code::Internal, "model outputs do not fit together").detail(error))
    }

    fn misshapen(&self, shape: &[usize], rows: usize) -> Error {
        let (name, data_type) = (&self.port.name, &self.port.data_type);
        let rows = if rows == 1 { "one row".into() } else { format!("{rows} rows") };
        let message = format!("model output `{name}` has shape {shape:?} for {rows} of {data_type}");
        Error::new(Code::ModelFailed, message)
            .hint("export the model with a first dimension that counts rows in every input and output")
    }

    fn too_long(&self) -> Error {
        Error::new(
            Code::LimitExceeded,
            format!("model output `{}` holds more than 2^31 values", self.port.name),
        )
        .hint("predict fewer rows at once")
    }
}

fn slice<T: Datum>(tensor: &Tensor) -> Result<&[T]> {
    tensor.try_as_plain_ram().and_then(|view| view.as_slice::<T>()).map_err(failure::run)
}
