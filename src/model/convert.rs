//! Columns to tensors and back, a buffer at a time.

use std::ops::Range;
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{Float64Type, Int64Type};
use arrow_array::{Array, ArrayRef, BooleanArray, Float64Array, Int64Array, ListArray, StringArray};
use arrow_buffer::{OffsetBuffer, ScalarBuffer};
use arrow_schema::DataType as Arrow;
use tract_onnx::prelude::{Datum, DatumType, TVec, Tensor, TractResult, tensor1, tvec};

use super::inputs::{Feed, RowNumbers};
use super::picture::Picture;
use super::signature::Slot;
use crate::data::{DataType, TensorBuilder, TensorColumn};
use crate::diag::{Code, Error, Result};
use crate::onnx::{Dim, failure};

/// Columns without NULLs that are bound to an input of the graph, checked row by row.
pub(super) struct Input<'a> {
    slot: &'a Slot,
    picture: Option<&'a Picture>,
    values: Values<'a>,
    numbers: &'a RowNumbers,
}

enum Values<'a> {
    /// Nobody reads the input: it is zeros.
    Unread,
    Scalar(&'a ArrayRef),
    /// Several columns, one value of each making up a row.
    Packed(&'a [Option<ArrayRef>]),
    Lists(&'a ListArray),
    Tensors(TensorColumn<'a>),
}

/// Where values stand in a tensor: from a place on, so many places apart.
#[derive(Clone, Copy)]
struct Place {
    first: usize,
    stride: usize,
}

impl<'a> Input<'a> {
    /// Binds `columns` to `feed`: one, or those that are packed into it.
    pub(super) fn new(
        feed: &'a Feed,
        columns: &'a [Option<ArrayRef>],
        numbers: &'a RowNumbers,
    ) -> Result<Self> {
        let values = match columns {
            _ if columns.iter().any(Option::is_none) => Values::Unread,
            [Some(column)] if !feed.packed => match &feed.slot.data_type {
                DataType::Tensor => Values::Tensors(TensorColumn::new(column)?),
                DataType::Array(_) => Values::Lists(column.as_list()),
                _ => Values::Scalar(column),
            },
            packed => Values::Packed(packed),
        };
        Ok(Self { slot: &feed.slot, picture: feed.picture.as_ref(), values, numbers })
    }

    /// The dimensions of the value in `row`, checked against the model's.
    pub(super) fn row_shape(&self, row: usize) -> Result<TVec<usize>> {
        let dims = self.slot.row_shape();
        Ok(match &self.values {
            Values::Scalar(_) => tvec![1; dims.len()],
            Values::Unread => dims.iter().map(|dim| dim.fixed().unwrap_or(1)).collect(),
            Values::Lists(lists) => self.flat_shape(row, list_range(lists, row..row + 1).len())?,
            Values::Packed(columns) => self.flat_shape(row, columns.len())?,
            Values::Tensors(column) => {
                let (shape, data) = column.get(row).unwrap_or_default();
                let shape: TVec<usize> =
                    shape.iter().map(|&n| usize::try_from(n).unwrap_or(usize::MAX)).collect();
                let wanted = match self.picture {
                    Some(picture) => picture.shape(&shape, dims),
                    None => Some(shape.clone()),
                };
                match wanted {
                    Some(wanted) if fits(&wanted, dims) && volume(&shape) == Some(data.len()) => wanted,
                    _ => return Err(self.wrong_shape(row, &shape)),
                }
            }
        })
    }

    /// The end of the first of `rows` that have one shape.
    pub(super) fn alike(&self, rows: Range<usize>) -> usize {
        let mut others = rows.start + 1..rows.end;
        let other = match &self.values {
            Values::Unread | Values::Scalar(_) | Values::Packed(_) => None,
            Values::Lists(lists) => {
                let length = |row| list_range(lists, row..row + 1).len();
                let first = length(rows.start);
                others.find(|row| length(*row) != first)
            }
            Values::Tensors(_) => {
                let first = self.row_shape(rows.start).ok();
                others.find(|row| self.row_shape(*row).ok() != first)
            }
        };
        other.unwrap_or(rows.end)
    }

    /// A list is flat: its length is checked, and makes up for at most one free dimension.
    fn flat_shape(&self, row: usize, found: usize) -> Result<TVec<usize>> {
        let dims = self.slot.row_shape();
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
        let mut tensor = blank(self.slot.element, shape).map_err(failure::run)?;
        let row = |at: usize| rows.start + at;
        match &self.values {
            Values::Unread => {}
            Values::Scalar(column) => self.fill(&mut tensor, Place::FRONT, column, rows.clone(), row)?,
            Values::Packed(columns) => {
                for (first, column) in columns.iter().flatten().enumerate() {
                    let place = Place { first, stride: columns.len() };
                    self.fill(&mut tensor, place, column, rows.clone(), row)?;
                }
            }
            Values::Lists(lists) => {
                let range = list_range(lists, rows.clone());
                let width = range.len().checked_div(rows.len()).unwrap_or_default();
                let row = |at: usize| row(at.checked_div(width).unwrap_or_default());
                self.fill(&mut tensor, Place::FRONT, lists.values(), range, row)?;
            }
            Values::Tensors(column) => self.fill_tensors(&mut tensor, column, rows)?,
        }
        Ok(tensor)
    }

    fn fill_tensors(&self, tensor: &mut Tensor, column: &TensorColumn<'_>, rows: Range<usize>) -> Result<()> {
        let mut place = Place::FRONT;
        for (row, (shape, data)) in rows.filter_map(|row| Some((row, column.get(row)?))) {
            let data = match self.picture {
                Some(picture) => picture.arranged(shape, data, self.slot.row_shape()),
                None => data.into(),
            };
            let values = data.iter().copied();
            match self.slot.element {
                DatumType::F32 => pour(tensor, place, values).map_err(failure::run),
                DatumType::F64 => pour(tensor, place, values.map(f64::from)).map_err(failure::run),
                DatumType::U8 => self.whole(tensor, place, &data, row, |value| value as u8),
                _ => self.whole(tensor, place, &data, row, |value| value as i8),
            }?;
            place.first += data.len();
        }
        Ok(())
    }

    /// Copies values that must be whole numbers, as the pictures of `ML.CONVERT_IMAGE_TYPE` are.
    fn whole<T: Datum + Into<f32>>(
        &self,
        tensor: &mut Tensor,
        place: Place,
        values: &[f32],
        row: usize,
        convert: impl Fn(f32) -> T,
    ) -> Result<()> {
        if let Some(value) = values.iter().find(|value| convert(**value).into() != **value) {
            let error =
                self.error(Code::OutOfRange, row, &format!("holds {value}, which {} cannot", self.element()));
            return Err(error.hint("pictures become whole numbers by `ML.CONVERT_IMAGE_TYPE(…)`"));
        }
        pour(tensor, place, values.iter().map(|value| convert(*value))).map_err(failure::run)
    }

    /// Copies `range` of `values` to `place`, as the tensor's element type.
    fn fill(
        &self,
        tensor: &mut Tensor,
        place: Place,
        values: &ArrayRef,
        range: Range<usize>,
        row: impl Fn(usize) -> usize,
    ) -> Result<()> {
        match values.data_type() {
            Arrow::Float64 => {
                let values = values.as_primitive::<Float64Type>().values();
                let values = values.get(range).unwrap_or_default();
                match self.slot.element {
                    DatumType::F32 => pour(tensor, place, values.iter().map(|v| *v as f32)),
                    _ => pour(tensor, place, values.iter().copied()),
                }
                .map_err(failure::run)
            }
            Arrow::Int64 => {
                let values = values.as_primitive::<Int64Type>().values();
                let values = values.get(range).unwrap_or_default();
                match self.slot.element {
                    DatumType::I64 => pour(tensor, place, values.iter().copied()).map_err(failure::run),
                    DatumType::I32 => self.narrow::<i32>(tensor, place, values, row),
                    DatumType::I16 => self.narrow::<i16>(tensor, place, values, row),
                    DatumType::I8 => self.narrow::<i8>(tensor, place, values, row),
                    DatumType::U64 => self.narrow::<u64>(tensor, place, values, row),
                    DatumType::U32 => self.narrow::<u32>(tensor, place, values, row),
                    DatumType::U16 => self.narrow::<u16>(tensor, place, values, row),
                    _ => self.narrow::<u8>(tensor, place, values, row),
                }
            }
            Arrow::Boolean => {
                pour(tensor, place, values.as_boolean().values().slice(range.start, range.len()).iter())
                    .map_err(failure::run)
            }
            _ => {
                let values = values.as_string::<i32>();
                pour(tensor, place, range.map(|at| values.value(at).to_owned())).map_err(failure::run)
            }
        }
    }

    fn narrow<T: Datum + TryFrom<i64>>(
        &self,
        tensor: &mut Tensor,
        place: Place,
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
        pour(tensor, place, values.iter().filter_map(|value| T::try_from(*value).ok())).map_err(failure::run)
    }

    /// The element type as ONNX writes it.
    fn element(&self) -> String {
        let name = format!("{:?}", self.slot.element).to_lowercase();
        match name.split_at_checked(1) {
            Some(("i", bits)) => format!("int{bits}"),
            Some(("u", bits)) => format!("uint{bits}"),
            _ => name,
        }
    }

    fn error(&self, code: Code, row: usize, what: &str) -> Error {
        let row = self.numbers.of(row);
        Error::new(code, format!("row {row}: model input `{}` {what}", self.slot.name))
    }

    fn wrong_length(&self, row: usize, found: usize, fixed: usize) -> Error {
        let elements = if found == 1 { "element" } else { "elements" };
        let expected = match self.slot.row_shape().iter().all(|dim| dim.fixed().is_some()) {
            true => fixed.to_string(),
            false => format!("a multiple of {fixed}"),
        };
        self.error(Code::InputTypeMismatch, row, &format!("has {found} {elements}, expected {expected}"))
    }

    fn wrong_shape(&self, row: usize, found: &[usize]) -> Error {
        let dims = match self.picture {
            Some(picture) => picture.as_given(self.slot.row_shape()),
            None => self.slot.row_shape().to_vec(),
        };
        let list = |dims: &mut dyn Iterator<Item = String>| dims.collect::<Vec<_>>().join(", ");
        let expected = list(&mut dims.iter().map(ToString::to_string));
        let shape = list(&mut found.iter().map(ToString::to_string));
        let error =
            self.error(Code::InputTypeMismatch, row, &format!("has shape [{shape}], expected [{expected}]"));
        match (found, dims.as_slice()) {
            ([_, _, c], [Dim::Fixed(height), Dim::Fixed(width), depth])
                if depth.fixed().is_none_or(|it| it == *c) =>
            {
                error.hint(format!(
                    "resize it: `ML.RESIZE_IMAGE(…, {height}, {width}, FALSE) AS {}`",
                    self.slot.name
                ))
            }
            // The model's shape did not tell where it has a picture's channels.
            ([height, width, depth], _) if fits(&[*depth, *height, *width], &dims) => error.hint(
                "if the model has the channels of pictures first, say so: image_layout = 'NCHW' in its OPTIONS",
            ),
            _ => error,
        }
    }
}

impl Place {
    const FRONT: Self = Self { first: 0, stride: 1 };
}

/// Whether a row of the model's dimensions can have this shape.
pub(super) fn fits(shape: &[usize], dims: &[Dim]) -> bool {
    shape.len() == dims.len()
        && dims.iter().zip(shape).all(|(dim, length)| dim.fixed().is_none_or(|fixed| fixed == *length))
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

/// Writes `values` into `tensor` at `place`.
fn pour<T: Datum>(tensor: &mut Tensor, place: Place, values: impl Iterator<Item = T>) -> TractResult<()> {
    let mut view = tensor.try_as_plain_ram_mut()?;
    let slots = view.as_slice_mut::<T>()?.get_mut(place.first..).unwrap_or_default();
    match place.stride {
        1 => slots.iter_mut().zip(values).for_each(|(slot, value)| *slot = value),
        stride => slots.iter_mut().step_by(stride).zip(values).for_each(|(slot, value)| *slot = value),
    }
    Ok(())
}

/// A column that grows by the outputs of one run after the other.
pub(super) struct Output<'a> {
    slot: &'a Slot,
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
    pub(super) fn new(slot: &'a Slot, rows: usize) -> Self {
        let scalar = match &slot.data_type {
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
            slot,
            values,
            ends: Vec::with_capacity(rows + 1),
            tensors: TensorBuilder::with_capacity(rows, 0),
        }
    }

    /// Adds the first `rows` of the `batch` rows in `tensor`.
    pub(super) fn append(&mut self, tensor: &Tensor, rows: usize, batch: usize) -> Result<()> {
        let scalar = !matches!(self.slot.data_type, DataType::Array(_) | DataType::Tensor);
        // With one row a model may leave its dimension out, or give more than one value to it.
        let row_shape = match tensor.shape() {
            [1, all] if scalar && *all == batch => &[],
            [first, row @ ..] if *first == batch => row,
            whole if batch == 1 => whole,
            other => return Err(self.misshapen(other, batch)),
        };
        let width: usize = row_shape.iter().product();
        if scalar && width != 1 {
            return Err(self.misshapen(tensor.shape(), batch));
        }
        if self.slot.data_type == DataType::Tensor {
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
                        format!("model output `{}` is {value}, which INT64 cannot hold", self.slot.name),
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
        if self.slot.data_type == DataType::Tensor {
            return self.tensors.finish();
        }
        let values: ArrayRef = match self.values {
            Leaf::Floats(values) => Arc::new(Float64Array::from(values)),
            Leaf::Ints(values) => Arc::new(Int64Array::from(values)),
            Leaf::Bools(values) => Arc::new(BooleanArray::from(values)),
            Leaf::Strings(values) => Arc::new(StringArray::from(values)),
        };
        let Arrow::List(field) = self.slot.data_type.storage() else {
            return Ok(values);
        };
        let offsets: Vec<i32> = std::iter::once(0).chain(self.ends).collect();
        ListArray::try_new(field, OffsetBuffer::new(ScalarBuffer::from(offsets)), values, None)
            .map(|lists| Arc::new(lists) as ArrayRef)
            .map_err(|error| Error::new(Code::Internal, "model outputs do not fit together").detail(error))
    }

    fn misshapen(&self, shape: &[usize], rows: usize) -> Error {
        let (name, data_type) = (&self.slot.name, &self.slot.data_type);
        let rows = if rows == 1 { "one row".into() } else { format!("{rows} rows") };
        let message = format!("model output `{name}` has shape {shape:?} for {rows} of {data_type}");
        Error::new(Code::ModelFailed, message)
            .hint("export the model with a first dimension that counts rows in every input and output")
    }

    fn too_long(&self) -> Error {
        Error::new(
            Code::LimitExceeded,
            format!("model output `{}` holds more than 2^31 values", self.slot.name),
        )
        .hint("predict fewer rows at once")
    }
}

fn slice<T: Datum>(tensor: &Tensor) -> Result<&[T]> {
    tensor.try_as_plain_ram().and_then(|view| view.as_slice::<T>()).map_err(failure::run)
}
