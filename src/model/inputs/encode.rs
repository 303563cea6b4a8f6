//! Columns to input tensors, a buffer at a time.

use std::borrow::Cow;
use std::ops::Range;

use anyhow::ensure;
use arrow_array::cast::AsArray;
use arrow_array::types::{Float64Type, Int64Type};
use arrow_array::{Array, ArrayRef, ListArray};
use arrow_schema::DataType as Arrow;

use super::binding::InputBinding;
use super::nulls::RowNumbers;
use super::picture::{Fit, Misfit, Picture};
use crate::data::{DataType, TensorColumn, is_same};
use crate::diag::{Code, Error, Invariant, Result, ensure as ensure_invariant};
use crate::model::graph_port::GraphPort;
use crate::model::shapes::{fits, volume};
use crate::onnx::{Dim, failure};
use crate::tensor::{Element, ElementType, Tensor};

/// Columns without NULLs that are bound to an input of the graph, checked row by row.
pub(in crate::model) struct InputEncoder<'a> {
    port: &'a GraphPort,
    picture: Option<&'a Picture>,
    values: Values<'a>,
    numbers: &'a RowNumbers,
}

enum Values<'a> {
    /// No operator reads the input: it is zeros.
    Unread,
    Scalar(&'a ArrayRef),
    /// Several columns, one value of each making up a row.
    Packed(Vec<&'a ArrayRef>),
    Lists(&'a ListArray),
    /// Tensors, and whether an image function made them.
    Tensors(TensorColumn<'a>, bool),
    /// Lists with the dimensions of each.
    Shaped {
        dimensions: &'a ListArray,
        lists: &'a ListArray,
    },
}

/// Where a column's values go in a tensor: from an offset on, `stride` elements apart.
#[derive(Clone, Copy)]
struct Strided {
    offset: usize,
    stride: usize,
}

impl<'a> InputEncoder<'a> {
    /// Binds `columns`, of `rows` rows each, to an input: one, or those that are packed into it.
    pub(super) fn new(
        binding: &'a InputBinding,
        columns: &'a [Option<ArrayRef>],
        numbers: &'a RowNumbers,
        rows: usize,
    ) -> Result<Self> {
        let same_length = columns.iter().flatten().all(|column| column.len() == rows);
        ensure_invariant(same_length, "the columns of a model input have as many rows as are predicted")?;
        let given: Option<Vec<&ArrayRef>> = columns.iter().map(Option::as_ref).collect();
        let values = match given {
            None => Values::Unread,
            Some(columns) => match columns.as_slice() {
                [column] if !binding.packed => Values::of(column, &binding.port)?,
                _ => Values::Packed(columns),
            },
        };
        Ok(Self { port: &binding.port, picture: binding.picture.as_ref(), values, numbers })
    }

    /// The dimensions of the value in `row`, checked against the model's.
    pub(in crate::model) fn row_shape(&self, row: usize) -> Result<Vec<usize>> {
        let dims = self.port.row_shape();
        match &self.values {
            Values::Scalar(_) => Ok(vec![1; dims.len()]),
            // Nothing is read along the free dimensions either: one element is enough.
            Values::Unread => Ok(dims.iter().map(|dim| dim.fixed().unwrap_or(1)).collect()),
            Values::Lists(lists) => self.flat_shape(row, list_range(lists, row..row + 1).len()),
            Values::Shaped { dimensions, lists } => {
                let given = dimensions.value(row);
                let given =
                    given.as_primitive_opt::<Int64Type>().invariant("dimensions of a tensor")?.values();
                let values = list_range(lists, row..row + 1).len();
                let fitting = self.one_row(given, values).filter(|shape| fits(shape, dims));
                fitting.ok_or_else(|| self.wrong_shape(row, given, false))
            }
            Values::Packed(columns) => self.flat_shape(row, columns.len()),
            Values::Tensors(column, is_picture) => {
                self.tensor_row(column, *is_picture, row).map(|tensor| tensor.fit.shape)
            }
        }
    }

    /// The end of the leading `rows` that have the same shape as the first. A row of a wrong shape ends them too, and is
    /// refused when its turn comes.
    pub(in crate::model) fn end_of_same_shape(&self, rows: Range<usize>) -> Result<usize> {
        let mut others = rows.start + 1..rows.end;
        if self.port.row_axis().is_none() {
            for row in others {
                if !self.is_same_value(rows.start, row)? {
                    return Ok(row);
                }
            }
            return Ok(rows.end);
        }
        let other = match &self.values {
            Values::Unread | Values::Scalar(_) | Values::Packed(_) => None,
            Values::Lists(lists) => {
                let length = |row| list_range(lists, row..row + 1).len();
                let first = length(rows.start);
                others.find(|row| length(*row) != first)
            }
            Values::Tensors(..) | Values::Shaped { .. } => {
                let first = self.row_shape(rows.start).ok();
                others.find(|row| self.row_shape(*row).ok() != first)
            }
        };
        Ok(other.unwrap_or(rows.end))
    }

    /// Whether two rows hold the same value.
    fn is_same_value(&self, first: usize, second: usize) -> Result<bool> {
        let rows = |column: &ArrayRef| [first, second].map(|row| column.slice(row, 1));
        let lists = |lists: &ListArray| [first, second].map(|row| lists.value(row));
        let pairs = match &self.values {
            Values::Unread => Vec::new(),
            Values::Scalar(column) => vec![rows(column)],
            Values::Packed(columns) => columns.iter().copied().map(rows).collect(),
            Values::Lists(values) => vec![lists(values)],
            Values::Shaped { dimensions, lists: values } => vec![lists(dimensions), lists(values)],
            Values::Tensors(column, _) => return Ok(column.get(first) == column.get(second)),
        };
        for [first, second] in &pairs {
            if !is_same(first, second)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// A list is flat: its length is checked, and makes up for at most one free dimension.
    fn flat_shape(&self, row: usize, found: usize) -> Result<Vec<usize>> {
        let fixed = self.port.fixed_width();
        let free = match self.port.free_dims() {
            0 if found == fixed => 1,
            1 if fixed == 0 && found == 0 => 0,
            1 if fixed > 0 && found.is_multiple_of(fixed) => found / fixed,
            _ => return Err(self.wrong_length(row, found, fixed)),
        };
        Ok(self.port.row_shape().iter().map(|dim| dim.fixed().unwrap_or(free)).collect())
    }

    /// The shape of a value with these dimensions and so many elements; `None` where they do not agree. The axis of the
    /// rows may be among the dimensions, with this one row.
    fn one_row(&self, dimensions: &[i64], values: usize) -> Option<Vec<usize>> {
        let lengths: Option<Vec<usize>> =
            dimensions.iter().map(|length| usize::try_from(*length).ok()).collect();
        let mut shape = lengths.filter(|lengths| volume(lengths.iter().copied()) == Some(values))?;
        if let Some(axis) = self.port.row_axis()
            && shape.len() == self.port.row_shape().len() + 1
            && shape.get(axis) == Some(&1)
        {
            shape.remove(axis);
        }
        Some(shape)
    }

    /// The tensor in `row`, and its shape as the model takes it.
    fn tensor_row(&self, column: &TensorColumn<'a>, is_picture: bool, row: usize) -> Result<TensorRow<'a>> {
        let (given_shape, values) = column.get(row).invariant("a row without NULL of a tensor column")?;
        let given = self.one_row(given_shape, values.len());
        let given = given.ok_or_else(|| self.wrong_shape(row, given_shape, is_picture))?;
        let dims = self.port.row_shape();
        let Some(picture) = self.picture else {
            if !fits(&given, dims) {
                return Err(self.wrong_shape(row, given_shape, is_picture));
            }
            return Ok(TensorRow { fit: Fit::unchanged(given), values });
        };
        let fit = picture.fit(&given, dims, is_picture).map_err(|misfit| match misfit {
            Misfit::Shape => self.wrong_shape(row, given_shape, is_picture),
            Misfit::Ambiguous => self.ambiguous_layout(row, given_shape),
        })?;
        if let Some((channels, numbers)) = picture.mismatched_channels(&fit.shape) {
            let what = format!("has {channels} channels, `image_mean` or `image_std` has {numbers} numbers");
            return Err(self.error(Code::InputTypeMismatch, row, &what));
        }
        Ok(TensorRow { fit, values })
    }

    /// The tensor of `rows`, which all have the shape `row`, with zeros behind them up to `tensor_rows`. Of a parameter
    /// it holds the value that they share.
    pub(in crate::model) fn tensor(
        &self,
        rows: Range<usize>,
        tensor_rows: usize,
        row: &[usize],
    ) -> Result<Tensor> {
        let rows = if self.port.row_axis().is_none() { rows.start..rows.start + 1 } else { rows };
        let tensor = self.rows_first(rows, &self.port.rows_first_shape(tensor_rows, row))?;
        match self.port.row_axis() {
            None | Some(0) => Ok(tensor),
            Some(axis) => tensor.move_axis(0, axis).map_err(failure::run),
        }
    }

    fn rows_first(&self, rows: Range<usize>, shape: &[usize]) -> Result<Tensor> {
        let mut tensor = self.blank(shape)?;
        let row_of = |index: usize| rows.start + index;
        match &self.values {
            Values::Unread => {}
            Values::Scalar(column) => {
                self.fill(&mut tensor, Strided::DENSE, column, rows.clone(), row_of)?;
            }
            Values::Packed(columns) => {
                for (offset, column) in columns.iter().enumerate() {
                    let target = Strided { offset, stride: columns.len() };
                    self.fill(&mut tensor, target, column, rows.clone(), row_of)?;
                }
            }
            Values::Lists(lists) | Values::Shaped { lists, .. } => {
                let elements = list_range(lists, rows.clone());
                // Lists without elements have no element whose row could be asked for.
                let width = (elements.len() / rows.len().max(1)).max(1);
                let row_of = |index: usize| row_of(index / width);
                self.fill(&mut tensor, Strided::DENSE, lists.values(), elements, row_of)?;
            }
            Values::Tensors(column, is_picture) => {
                self.fill_tensors(&mut tensor, column, *is_picture, rows)?;
            }
        }
        Ok(tensor)
    }

    /// A tensor of zeros, or of empty strings.
    fn blank(&self, shape: &[usize]) -> Result<Tensor> {
        Tensor::zeros(self.port.element, shape).map_err(|_| {
            let message =
                format!("model input `{}` of shape {shape:?} is larger than memory", self.port.name);
            Error::new(Code::LimitExceeded, message)
        })
    }

    fn fill_tensors(
        &self,
        tensor: &mut Tensor,
        column: &TensorColumn<'a>,
        is_picture: bool,
        rows: Range<usize>,
    ) -> Result<()> {
        let mut target = Strided::DENSE;
        for row in rows {
            let TensorRow { fit, values } = self.tensor_row(column, is_picture, row)?;
            if let (Some(picture), ElementType::F32) = (self.picture, self.port.element) {
                let elements = tensor.elements_mut().map_err(failure::run)?;
                let place = elements.get_mut(target.offset..target.offset + values.len());
                picture.arrange(&fit, values, place.invariant("room for a picture")?)?;
                target.offset += values.len();
                continue;
            }
            let values = match self.picture {
                Some(picture) => picture.arranged(&fit, values)?.into(),
                None => Cow::from(values),
            };
            match self.port.element {
                ElementType::F32 => write(tensor, target, values.iter().copied()).map_err(failure::run),
                ElementType::F64 => {
                    write(tensor, target, values.iter().copied().map(f64::from)).map_err(failure::run)
                }
                #[expect(
                    clippy::cast_possible_truncation,
                    clippy::cast_sign_loss,
                    reason = "values that are changed by it are refused"
                )]
                ElementType::U8 => self.write_whole(tensor, target, &values, row, |value| value as u8),
                #[expect(
                    clippy::cast_possible_truncation,
                    reason = "values that are changed by it are refused"
                )]
                _ => self.write_whole(tensor, target, &values, row, |value| value as i8),
            }?;
            target.offset += values.len();
        }
        Ok(())
    }

    /// Copies values that must be whole numbers, as the pictures of `ML.CONVERT_IMAGE_TYPE` are.
    fn write_whole<T: Element + Into<f32>>(
        &self,
        tensor: &mut Tensor,
        target: Strided,
        values: &[f32],
        row: usize,
        convert: impl Fn(f32) -> T,
    ) -> Result<()> {
        if let Some(value) = values.iter().find(|value| convert(**value).into() != **value) {
            let what = format!("holds {value}, which {} cannot", self.element());
            return Err(self
                .error(Code::OutOfRange, row, &what)
                .hint("pictures become whole numbers by `ML.CONVERT_IMAGE_TYPE(…)`"));
        }
        write(tensor, target, values.iter().map(|value| convert(*value))).map_err(failure::run)
    }

    /// Copies `range` of `values` to `target`, as the tensor's element type. `row_of` gives the row of a value in the
    /// range, for errors.
    #[expect(clippy::indexing_slicing, reason = "the range is one of rows, or of elements that lists cover")]
    #[expect(clippy::cast_possible_truncation, reason = "a model of 32-bit floats computes with these")]
    fn fill(
        &self,
        tensor: &mut Tensor,
        target: Strided,
        values: &ArrayRef,
        range: Range<usize>,
        row_of: impl Fn(usize) -> usize,
    ) -> Result<()> {
        match values.data_type() {
            Arrow::Float64 => {
                let values = &values.as_primitive::<Float64Type>().values()[range];
                match self.port.element {
                    ElementType::F32 => write(tensor, target, values.iter().map(|value| *value as f32)),
                    _ => write(tensor, target, values.iter().copied()),
                }
                .map_err(failure::run)
            }
            Arrow::Int64 => {
                let values = &values.as_primitive::<Int64Type>().values()[range];
                match self.port.element {
                    ElementType::I64 => write(tensor, target, values.iter().copied()).map_err(failure::run),
                    ElementType::I32 => self.write_narrow::<i32>(tensor, target, values, row_of),
                    ElementType::I16 => self.write_narrow::<i16>(tensor, target, values, row_of),
                    ElementType::I8 => self.write_narrow::<i8>(tensor, target, values, row_of),
                    ElementType::U64 => self.write_narrow::<u64>(tensor, target, values, row_of),
                    ElementType::U32 => self.write_narrow::<u32>(tensor, target, values, row_of),
                    ElementType::U16 => self.write_narrow::<u16>(tensor, target, values, row_of),
                    _ => self.write_narrow::<u8>(tensor, target, values, row_of),
                }
            }
            Arrow::Boolean => {
                let values = values.as_boolean().values().slice(range.start, range.len());
                write(tensor, target, values.iter()).map_err(failure::run)
            }
            _ => {
                let values = values.as_string::<i32>();
                write(tensor, target, range.map(|index| values.value(index).to_owned())).map_err(failure::run)
            }
        }
    }

    fn write_narrow<T: Element + TryFrom<i64>>(
        &self,
        tensor: &mut Tensor,
        target: Strided,
        values: &[i64],
        row_of: impl Fn(usize) -> usize,
    ) -> Result<()> {
        let mut narrow = Vec::with_capacity(values.len());
        for (index, value) in values.iter().enumerate() {
            narrow.push(T::try_from(*value).map_err(|_| {
                let what = format!("is {value}, which {} cannot hold", self.element());
                self.error(Code::OutOfRange, row_of(index), &what)
            })?);
        }
        write(tensor, target, narrow.into_iter()).map_err(failure::run)
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
        let row = self.numbers.of(row);
        Error::new(code, format!("row {row}: model input `{}` {what}", self.port.name))
    }

    fn wrong_length(&self, row: usize, found: usize, fixed: usize) -> Error {
        let elements = if found == 1 { "element" } else { "elements" };
        let expected =
            if self.port.free_dims() == 0 { fixed.to_string() } else { format!("a multiple of {fixed}") };
        self.error(Code::InputTypeMismatch, row, &format!("has {found} {elements}, expected {expected}"))
    }

    #[cold]
    fn ambiguous_layout(&self, row: usize, found: &[i64]) -> Error {
        let what = format!("is a picture of shape {found:?}, which fits with its channels first and last");
        self.error(Code::InputTypeMismatch, row, &what).hint(
            "say where the model has them: image_layout = 'NHWC' or image_layout = 'NCHW' in its OPTIONS",
        )
    }

    #[cold]
    fn wrong_shape(&self, row: usize, found: &[i64], is_picture: bool) -> Error {
        let dims = match self.picture {
            Some(picture) if is_picture || picture.layout_is_given() => {
                picture.shape_in_sql(self.port.row_shape())
            }
            _ => self.port.row_shape().to_vec(),
        };
        let expected: Vec<_> = dims.iter().map(Dim::to_string).collect();
        let what = format!("has shape {found:?}, expected [{}]", expected.join(", "));
        let error = self.error(Code::InputTypeMismatch, row, &what);
        let lengths: Option<Vec<usize>> = found.iter().map(|length| usize::try_from(*length).ok()).collect();
        match (lengths.as_deref(), dims.as_slice()) {
            (Some([_, _, channels]), [Dim::Fixed(height), Dim::Fixed(width), depth])
                if depth.fixed().is_none_or(|depth| depth == *channels) =>
            {
                error.hint(format!(
                    "resize it: `ML.RESIZE_IMAGE(…, {height}, {width}, FALSE) AS {}`",
                    self.port.name
                ))
            }
            // The model's shape did not tell where it has a picture's channels.
            (Some([height, width, depth]), _) if fits(&[*depth, *height, *width], &dims) => error.hint(
                "if the model has the channels of pictures first, say so: image_layout = 'NCHW' in its OPTIONS",
            ),
            _ => error,
        }
    }
}

/// One row of a tensor column.
struct TensorRow<'a> {
    fit: Fit,
    values: &'a [f32],
}

impl<'a> Values<'a> {
    /// The values of a column that is a whole input.
    fn of(column: &'a ArrayRef, port: &GraphPort) -> Result<Self> {
        if let Some(lists) = column.as_list_opt::<i32>() {
            return Ok(Self::Lists(lists));
        }
        let Some(parts) = column.as_struct_opt() else { return Ok(Self::Scalar(column)) };
        let is_of = |data_type: &DataType| *column.data_type() == data_type.storage();
        if port.data_type == DataType::Tensor && !is_of(&DataType::tensor_of(DataType::Float64)) {
            return Ok(Self::Tensors(TensorColumn::new(column)?, is_of(&DataType::Picture)));
        }
        let what = "the dimensions and values of a tensor";
        let [dimensions, lists] = parts.columns() else { return Err(Error::internal(what)) };
        Ok(Self::Shaped {
            dimensions: dimensions.as_list_opt().invariant(what)?,
            lists: lists.as_list_opt().invariant(what)?,
        })
    }
}

impl Strided {
    /// One after the other from the first element on.
    const DENSE: Self = Self { offset: 0, stride: 1 };
}

/// The range of elements that `rows` of `lists` cover.
#[expect(
    clippy::indexing_slicing,
    clippy::cast_sign_loss,
    reason = "rows are within the column, which has one offset more; Arrow checks that offsets are not negative"
)]
fn list_range(lists: &ListArray, rows: Range<usize>) -> Range<usize> {
    let offsets = lists.value_offsets();
    offsets[rows.start] as usize..offsets[rows.end] as usize
}

/// Writes `values` into `tensor` at `target`, which must have room for all of them.
fn write<T: Element>(
    tensor: &mut Tensor,
    target: Strided,
    values: impl ExactSizeIterator<Item = T>,
) -> anyhow::Result<()> {
    let elements = tensor.elements_mut::<T>()?.get_mut(target.offset..);
    let room = elements.as_ref().map_or(0, |elements| elements.len().div_ceil(target.stride));
    ensure!(values.len() <= room, "{} values for {room} elements of a tensor", values.len());
    let Some(elements) = elements else { return Ok(()) };
    match target.stride {
        1 => elements.iter_mut().zip(values).for_each(|(element, value)| *element = value),
        stride => {
            elements.iter_mut().step_by(stride).zip(values).for_each(|(element, value)| *element = value);
        }
    }
    Ok(())
}
