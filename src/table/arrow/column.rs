//! The values of a batch, brought from whatever layout they come in to the one of their SQL type.

use arrow_array::cast::AsArray;
use arrow_array::{Array, ArrayRef, UInt64Array};
use arrow_buffer::{BooleanBuffer, Buffer, NullBuffer, OffsetBuffer};
use arrow_schema::{DataType as Arrow, FieldRef, Fields};

use super::flatbuffer::Table;
use super::numbers::{Fixed, aligned};
use super::source::Source;
use super::{damaged, invalid, too_large};
use crate::data::{
    DataType, StructField, TensorColumn, Values, column, concat, null_column, row_index, span, take, values,
};
use crate::diag::{Error, Result};

/// The values of the dictionaries that were read, by number and the type that they were read as.
#[derive(Default)]
pub(super) struct Dictionaries(Vec<(i64, DataType, ArrayRef)>);

impl Dictionaries {
    /// Adds values, behind those that the dictionary has if `is_more`.
    pub(super) fn add(
        &mut self,
        number: i64,
        data_type: &DataType,
        values: ArrayRef,
        is_more: bool,
    ) -> Result<()> {
        let known = self.0.iter_mut().find(|(known, of, _)| *known == number && of == data_type);
        match known {
            Some((.., known)) => *known = if is_more { concat(&[known.clone(), values])? } else { values },
            None => self.0.push((number, data_type.clone(), values)),
        }
        Ok(())
    }

    fn find(&self, number: i64, data_type: &DataType) -> Option<&ArrayRef> {
        self.0.iter().find(|(known, of, _)| *known == number && of == data_type).map(|(.., values)| values)
    }
}

/// The columns of a batch, which have to be read in order.
pub(super) struct Columns<'a> {
    pub(super) rows: usize,
    body: &'a Buffer,
    /// Rows and NULLs of each column and its parts.
    nodes: std::slice::Iter<'a, [u8; 16]>,
    /// Where each buffer begins in the body, and how many bytes it has.
    buffers: std::slice::Iter<'a, [u8; 16]>,
    /// How many buffers each column of views has.
    views: std::slice::Iter<'a, [u8; 8]>,
    /// The dictionaries of columns and parts, in order.
    numbers: std::slice::Iter<'a, i64>,
    dictionaries: &'a Dictionaries,
    most_rows: usize,
}

impl<'a> Columns<'a> {
    /// `most_rows` is for columns whose rows take no bytes.
    ///
    /// # Errors
    /// `invalid-arrow` for damage and for compressed values, as of all that is read here.
    pub(super) fn new(
        batch: Table<'a>,
        body: &'a Buffer,
        numbers: &'a [i64],
        dictionaries: &'a Dictionaries,
        most_rows: usize,
    ) -> Result<Self> {
        // Fields of a batch: rows, nodes, buffers, compression, the numbers of buffers of views.
        if batch.table(3)?.is_some() {
            return Err(invalid("expected uncompressed values, found a compressed batch")
                .hint("write it without compression: `compression=\"uncompressed\"` in pyarrow and Polars"));
        }
        Ok(Self {
            rows: count(batch.i64(0)?, most_rows)?,
            body,
            nodes: batch.values(1)?.iter(),
            buffers: batch.values(2)?.iter(),
            views: batch.values(4)?.iter(),
            numbers: numbers.iter(),
            dictionaries,
            most_rows,
        })
    }

    /// The next column: values of `layout`, as values of the type that [`super::types::data_type`] gave for it.
    ///
    /// # Errors
    /// `invalid-arrow` also for a value that the type cannot hold; `limit-exceeded` where the values grow too large.
    pub(super) fn next(&mut self, layout: &Arrow, to: &DataType, source: &Source<'_>) -> Result<ArrayRef> {
        let [rows, null_count] = self.node()?;
        let storage = to.storage();
        if *layout != storage {
            source.claim(rows.saturating_mul(8))?;
        }
        if *layout == Arrow::Null {
            return null_column(&storage, rows);
        }
        let nulls = self.nulls(rows, null_count)?;
        let values = match layout {
            Arrow::Dictionary(keys, _) => return self.unpack(keys, to, rows, nulls, source),
            Arrow::Struct(fields) if to.is_tensor() => self.tensor_parts(fields, rows, source)?,
            Arrow::Struct(fields) => {
                let parts = to.fields();
                let parts = fields.iter().zip(&parts);
                let part = |(field, part): (&FieldRef, &StructField)| {
                    self.next(field.data_type(), &part.data_type, &source.inner())
                        .and_then(|part| of_rows(part, rows))
                };
                Values::Struct(parts.map(part).collect::<Result<_>>()?)
            }
            Arrow::List(item)
            | Arrow::LargeList(item)
            | Arrow::FixedSizeList(item, _)
            | Arrow::Map(item, _) => {
                let DataType::Array(element) = to else { return Err(misplaced()) };
                self.list(layout, rows, source, |columns| {
                    columns.next(item.data_type(), element, &source.inner())
                })?
            }
            Arrow::Utf8View | Arrow::BinaryView => self.views(rows, nulls.as_ref(), source)?,
            Arrow::Utf8
            | Arrow::Binary
            | Arrow::LargeUtf8
            | Arrow::LargeBinary
            | Arrow::FixedSizeBinary(_) => self.blobs(layout, rows, source)?,
            Arrow::Boolean => Values::Bits(BooleanBuffer::new(self.buffer_of(rows.div_ceil(8))?, 0, rows)),
            _ => {
                let width = layout.primitive_width().ok_or_else(misplaced)?;
                let bytes = &self.buffer_of(rows.checked_mul(width).ok_or_else(misplaced)?)?;
                Fixed { layout, bytes, nulls: nulls.as_ref(), source }.values(to)?
            }
        };
        let column = column(&storage, rows, values, nulls).map_err(misbuilt)?;
        if to.is_tensor() {
            check_tensors(&column, source)?;
        }
        Ok(column)
    }

    /// The values that the keys of a dictionary column stand for.
    fn unpack(
        &mut self,
        keys: &Arrow,
        to: &DataType,
        rows: usize,
        nulls: Option<NullBuffer>,
        source: &Source<'_>,
    ) -> Result<ArrayRef> {
        let number = self.numbers.next().ok_or_else(|| damaged("a dictionary"))?;
        let width = keys.primitive_width().ok_or_else(misplaced)?;
        let bytes = &self.buffer_of(rows.checked_mul(width).ok_or_else(misplaced)?)?;
        let keys = Fixed { layout: keys, bytes, nulls: nulls.as_ref(), source }.values(&DataType::Int64)?;
        let Values::Fixed(keys) = keys else { return Err(misplaced()) };
        let keys: &[i64] = keys.typed_data();
        let is_null = |row: usize| nulls.as_ref().is_some_and(|nulls| nulls.is_null(row));
        let Some(dictionary) = self.dictionaries.find(*number, to) else {
            return if (0..rows).all(is_null) {
                null_column(&to.storage(), rows)
            } else {
                Err(damaged("a dictionary"))
            };
        };
        let key = |(row, key): (usize, &i64)| match u64::try_from(*key) {
            _ if is_null(row) => Ok(None),
            Ok(key) if row_index(key) < dictionary.len() => Ok(Some(key)),
            _ => Err(damaged("the keys of a dictionary")),
        };
        let keys = keys.iter().enumerate().map(key).collect::<Result<UInt64Array>>()?;
        if let Values::Blobs(offsets, _) = values(dictionary)? {
            let lengths: Vec<usize> = offsets.lengths().collect();
            #[expect(clippy::indexing_slicing, reason = "keys are below the number of values")]
            let length = |key: u64| lengths[row_index(key)];
            source.claim(keys.iter().flatten().map(length).sum())?;
        }
        take(dictionary, &keys)
    }

    /// The dimensions and values of tensors, which stay 32-bit floats.
    fn tensor_parts(&mut self, fields: &Fields, rows: usize, source: &Source<'_>) -> Result<Values> {
        let [shape, data] = fields.as_ref() else { return Err(misplaced()) };
        let shape = self.next(shape.data_type(), &DataType::array(DataType::Int64), &source.inner())?;
        let [data_rows, null_count] = self.node()?;
        let nulls = self.nulls(data_rows, null_count)?;
        let list = self.list(data.data_type(), data_rows, source, |columns| {
            let [rows, null_count] = columns.node()?;
            let nulls = columns.nulls(rows, null_count)?;
            let bytes = columns.buffer_of(rows.checked_mul(size_of::<f32>()).ok_or_else(misplaced)?)?;
            column(&Arrow::Float32, rows, Values::Fixed(aligned(bytes)), nulls).map_err(misbuilt)
        })?;
        let Arrow::Struct(layout) = DataType::Tensor.storage() else { return Err(misplaced()) };
        let [_, layout] = layout.as_ref() else { return Err(misplaced()) };
        let data = column(layout.data_type(), data_rows, list, nulls).map_err(misbuilt)?;
        Ok(Values::Struct(vec![of_rows(shape, rows)?, of_rows(data, rows)?]))
    }

    /// Lists of any layout, with the items that `read` reads.
    fn list(
        &mut self,
        layout: &Arrow,
        rows: usize,
        source: &Source<'_>,
        read: impl FnOnce(&mut Self) -> Result<ArrayRef>,
    ) -> Result<Values> {
        let (first, offsets) = self.offsets(layout, rows, source)?;
        let items = read(self)?;
        let (_, length) = span(&offsets);
        let end = first.checked_add(length).filter(|end| *end <= items.len()).ok_or_else(misplaced)?;
        Ok(Values::List(offsets, items.slice(first, end - first)))
    }

    /// Texts or bytes behind offsets, or of one length.
    fn blobs(&mut self, layout: &Arrow, rows: usize, source: &Source<'_>) -> Result<Values> {
        let (first, offsets) = self.offsets(layout, rows, source)?;
        let bytes = self.buffer()?;
        let (_, length) = span(&offsets);
        let end = first.checked_add(length).filter(|end| *end <= bytes.len()).ok_or_else(misplaced)?;
        Ok(Values::Blobs(offsets, bytes.slice_with_length(first, end - first)))
    }

    /// Texts or bytes that lie in views, or in one of the buffers that these name.
    fn views(&mut self, rows: usize, nulls: Option<&NullBuffer>, source: &Source<'_>) -> Result<Values> {
        let views = self.buffer_of(rows.checked_mul(16).ok_or_else(misplaced)?)?;
        let buffers = self.views.next().ok_or_else(misplaced)?;
        let buffers = count(i64::from_le_bytes(*buffers), self.buffers.len())?;
        let buffers = (0..buffers).map(|_| self.buffer()).collect::<Result<Vec<_>>>()?;
        let mut ends = vec![0];
        let mut bytes = Vec::new();
        for (row, view) in views.as_chunks::<16>().0.iter().enumerate() {
            if nulls.is_none_or(|nulls| nulls.is_valid(row)) {
                bytes.extend_from_slice(viewed(view, &buffers).ok_or_else(misplaced)?);
            }
            source.claim(bytes.len())?;
            ends.push(i32::try_from(bytes.len()).map_err(|_| too_large(source.bytes))?);
        }
        Ok(Values::Blobs(OffsetBuffer::new(ends.into()), Buffer::from_vec(bytes)))
    }

    /// Where the values of a list, text or bytes begin, and offsets from there on.
    fn offsets(
        &mut self,
        layout: &Arrow,
        rows: usize,
        source: &Source<'_>,
    ) -> Result<(usize, OffsetBuffer<i32>)> {
        let large = || too_large(source.bytes);
        if let Arrow::FixedSizeList(_, length) | Arrow::FixedSizeBinary(length) = layout {
            let length = usize::try_from(*length).map_err(|_| misplaced())?;
            length.checked_mul(rows).and_then(|total| i32::try_from(total).ok()).ok_or_else(large)?;
            return Ok((0, OffsetBuffer::from_repeated_length(length, rows)));
        }
        let is_large = matches!(layout, Arrow::LargeList(_) | Arrow::LargeUtf8 | Arrow::LargeBinary);
        let width = if is_large { size_of::<i64>() } else { size_of::<i32>() };
        if rows == 0 {
            self.buffer()?;
            return Ok((0, OffsetBuffer::new_empty()));
        }
        let bytes = self.buffer_of((rows + 1).checked_mul(width).ok_or_else(misplaced)?)?;
        let read = |bytes: &[u8]| match (bytes.first_chunk(), bytes.first_chunk()) {
            (Some(long), _) => i64::from_le_bytes(*long),
            (None, Some(short)) => i64::from(i32::from_le_bytes(*short)),
            (None, None) => -1,
        };
        let mut offsets = bytes.chunks_exact(width).map(read);
        let first = offsets.next().and_then(|first| usize::try_from(first).ok()).ok_or_else(misplaced)?;
        let mut ends = vec![0];
        let mut last = 0;
        for offset in offsets {
            let end = usize::try_from(offset).ok().and_then(|offset| offset.checked_sub(first));
            let end = end.filter(|end| *end >= last).ok_or_else(misplaced)?;
            ends.push(i32::try_from(end).map_err(|_| large())?);
            last = end;
        }
        Ok((first, OffsetBuffer::new(ends.into())))
    }

    /// Rows and NULLs of the next column or part.
    fn node(&mut self) -> Result<[usize; 2]> {
        let [rows, nulls] = pair(self.nodes.next())?;
        let rows = count(rows, self.most_rows)?;
        Ok([rows, count(nulls, rows)?])
    }

    /// Which of so many rows are there, by the next buffer.
    fn nulls(&mut self, rows: usize, null_count: usize) -> Result<Option<NullBuffer>> {
        if null_count == 0 {
            self.buffer()?;
            return Ok(None);
        }
        let bits = self.buffer_of(rows.div_ceil(8))?;
        Ok(Some(NullBuffer::new(BooleanBuffer::new(bits, 0, rows))))
    }

    /// The next buffer.
    fn buffer(&mut self) -> Result<Buffer> {
        let [start, length] = pair(self.buffers.next())?;
        let start = count(start, self.body.len())?;
        Ok(self.body.slice_with_length(start, count(length, self.body.len() - start)?))
    }

    /// The first bytes of the next buffer, which may be padded.
    fn buffer_of(&mut self, length: usize) -> Result<Buffer> {
        let buffer = self.buffer()?;
        if length > buffer.len() { Err(misplaced()) } else { Ok(buffer.slice_with_length(0, length)) }
    }
}

/// What a view shows: short values are in it, longer ones in a buffer that it names.
fn viewed<'a>(view: &'a [u8; 16], buffers: &'a [Buffer]) -> Option<&'a [u8]> {
    let number = |index: usize| {
        let word = view.as_chunks::<4>().0.get(index)?;
        usize::try_from(i32::from_le_bytes(*word)).ok()
    };
    let length = number(0)?;
    if length <= 12 {
        return view.get(4..4 + length);
    }
    let start = number(3)?;
    buffers.get(number(2)?)?.get(start..start.checked_add(length)?)
}

fn pair(words: Option<&[u8; 16]>) -> Result<[i64; 2]> {
    match words.map(|words| words.as_chunks::<8>().0) {
        Some([first, second]) => Ok([*first, *second].map(i64::from_le_bytes)),
        _ => Err(misplaced()),
    }
}

/// A number that is not negative, and at most `most`.
fn count(number: i64, most: usize) -> Result<usize> {
    usize::try_from(number).ok().filter(|number| *number <= most).ok_or_else(misplaced)
}

/// A part that has as many rows as the whole.
fn of_rows(part: ArrayRef, rows: usize) -> Result<ArrayRef> {
    if part.len() == rows { Ok(part) } else { Err(damaged("the number of a column's values")) }
}

/// # Errors
/// `invalid-arrow` for tensors that have other numbers of values than their dimensions say.
fn check_tensors(column: &ArrayRef, source: &Source<'_>) -> Result<()> {
    let has_nulls =
        |part: &ArrayRef| part.as_list_opt::<i32>().is_some_and(|list| list.values().null_count() > 0);
    if column.as_struct().columns().iter().any(has_nulls) {
        return Err(source.misfit(0, "expected tensors without NULL inside"));
    }
    let rows = TensorColumn::new(column)?;
    for row in 0..rows.len() {
        let Some((shape, data)) = rows.get(row) else { continue }; // NULL
        let size =
            shape.iter().try_fold(1, |size: usize, side| size.checked_mul(usize::try_from(*side).ok()?));
        if size != Some(data.len()) {
            let what = format!("a tensor of shape {shape:?} cannot have {} values", data.len());
            return Err(source.misfit(row, what));
        }
    }
    Ok(())
}

/// The error of a column that arrow refuses to build from values that were read.
fn misbuilt(error: Error) -> Error {
    damaged("a column's values").detail(error)
}

fn misplaced() -> Error {
    damaged("the place of a column's values")
}
