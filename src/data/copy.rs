//! Runs of rows, copied out of columns of one layout into a new column.

use std::ops::Range;

use arrow_array::{Array, ArrayRef};
use arrow_buffer::{BooleanBufferBuilder, MutableBuffer, NullBuffer, NullBufferBuilder, OffsetBuffer};

use super::gather::too_large;
use super::layout::{self, Values};
use crate::diag::{Error, Invariant, Result};

/// Rows to copy, or NULLs to add.
pub(super) enum Run {
    /// These rows of the column with that number.
    Of(usize, Range<usize>),
    Nulls(usize),
}

impl Run {
    fn rows(&self) -> usize {
        match self {
            Self::Of(_, rows) => rows.len(),
            Self::Nulls(count) => *count,
        }
    }
}

/// The `runs` of `arrays`, which have one layout.
///
/// # Errors
/// `limit-exceeded` where they would be too large for one column.
pub(super) fn copied(arrays: &[&ArrayRef], runs: &[Run]) -> Result<ArrayRef> {
    let layout = arrays.first().invariant("there are columns to copy from")?.data_type();
    let rows = runs.iter().map(Run::rows).sum();
    let sources = arrays.iter().map(|array| layout::values(array)).collect::<Result<Vec<_>>>()?;
    let sources = Sources(&sources);
    let values = match sources.get(0)? {
        Values::Fixed(_) => sources.fixed(runs, rows, layout::width(layout)?)?,
        Values::Bits(_) => sources.bits(runs, rows)?,
        Values::Blobs(..) => sources.blobs(runs, rows)?,
        Values::List(..) => sources.lists(runs, rows)?,
        Values::Struct(columns) => sources.structs(runs, columns.len())?,
    };
    layout::column(layout, rows, values, nulls(arrays, runs, rows))
}

fn nulls(arrays: &[&ArrayRef], runs: &[Run], rows: usize) -> Option<NullBuffer> {
    let mut nulls = NullBufferBuilder::new(rows);
    for run in runs {
        match run {
            Run::Of(number, rows) => match arrays.get(*number).and_then(|array| array.nulls()) {
                Some(source) => nulls.append_buffer(&source.slice(rows.start, rows.len())),
                None => nulls.append_n_non_nulls(rows.len()),
            },
            Run::Nulls(count) => nulls.append_n_nulls(*count),
        }
    }
    nulls.finish()
}

struct Sources<'a>(&'a [Values]);

impl Sources<'_> {
    fn get(&self, number: usize) -> Result<&Values> {
        self.0.get(number).invariant("a run is of one of the columns")
    }

    fn fixed(&self, runs: &[Run], rows: usize, width: usize) -> Result<Values> {
        let mut copy = MutableBuffer::new(rows.checked_mul(width).ok_or_else(too_large)?);
        for run in runs {
            match run {
                Run::Of(number, rows) => {
                    let Values::Fixed(values) = self.get(*number)? else { return Err(unlike()) };
                    copy.extend_from_slice(part(values, rows.start * width..rows.end * width)?);
                }
                Run::Nulls(count) => copy.extend_zeros(count * width),
            }
        }
        Ok(Values::Fixed(copy.into()))
    }

    fn bits(&self, runs: &[Run], rows: usize) -> Result<Values> {
        let mut copy = BooleanBufferBuilder::new(rows);
        for run in runs {
            match run {
                Run::Of(number, rows) => {
                    let Values::Bits(bits) = self.get(*number)? else { return Err(unlike()) };
                    copy.append_buffer(&bits.slice(rows.start, rows.len()));
                }
                Run::Nulls(count) => copy.append_n(*count, false),
            }
        }
        Ok(Values::Bits(copy.finish()))
    }

    fn blobs(&self, runs: &[Run], rows: usize) -> Result<Values> {
        let mut ends = Ends::with_capacity(rows);
        let mut copy = MutableBuffer::new(0);
        for run in runs {
            match run {
                Run::Of(number, rows) => {
                    let Values::Blobs(offsets, bytes) = self.get(*number)? else { return Err(unlike()) };
                    copy.extend_from_slice(part(bytes, ends.add(offsets, rows)?)?);
                }
                Run::Nulls(count) => ends.add_empty(*count),
            }
        }
        Ok(Values::Blobs(ends.finish(), copy.into()))
    }

    fn lists(&self, runs: &[Run], rows: usize) -> Result<Values> {
        let mut ends = Ends::with_capacity(rows);
        let mut inner = Vec::new();
        for run in runs {
            match run {
                Run::Of(number, rows) => {
                    let Values::List(offsets, _) = self.get(*number)? else { return Err(unlike()) };
                    inner.push(Run::Of(*number, ends.add(offsets, rows)?));
                }
                Run::Nulls(count) => ends.add_empty(*count),
            }
        }
        let items = self.0.iter().map(|source| match source {
            Values::List(_, items) => Ok(items),
            _ => Err(unlike()),
        });
        Ok(Values::List(ends.finish(), copied(&items.collect::<Result<Vec<_>>>()?, &inner)?))
    }

    fn structs(&self, runs: &[Run], columns: usize) -> Result<Values> {
        let column = |index: usize| {
            let parts = self.0.iter().map(|source| match source {
                Values::Struct(columns) => columns.get(index).ok_or_else(unlike),
                _ => Err(unlike()),
            });
            copied(&parts.collect::<Result<Vec<_>>>()?, runs)
        };
        Ok(Values::Struct((0..columns).map(column).collect::<Result<_>>()?))
    }
}

/// The offsets of a column that grows.
struct Ends(Vec<i32>);

impl Ends {
    fn with_capacity(rows: usize) -> Self {
        let mut ends = Vec::with_capacity(rows + 1);
        ends.push(0);
        Self(ends)
    }

    fn last(&self) -> i32 {
        // There is one from the start on.
        self.0.last().map_or(0, |end| *end)
    }

    /// Adds `rows` of a column with these offsets. Answers what their values are.
    ///
    /// # Errors
    /// `limit-exceeded` for offsets of more than 31 bits.
    fn add(&mut self, offsets: &OffsetBuffer<i32>, rows: &Range<usize>) -> Result<Range<usize>> {
        let taken = offsets.get(rows.start..=rows.end).invariant("rows beyond the end of a column")?;
        let (Some(first), Some(last)) = (taken.first(), taken.last()) else { return Err(unlike()) };
        let end = self.last();
        end.checked_add(last - first).ok_or_else(too_large)?;
        self.0.extend(taken.iter().skip(1).map(|offset| end + (offset - first)));
        let place = |offset: &i32| usize::try_from(*offset).map_err(|_| unlike());
        Ok(place(first)?..place(last)?)
    }

    fn add_empty(&mut self, rows: usize) {
        self.0.extend(std::iter::repeat_n(self.last(), rows));
    }

    fn finish(self) -> OffsetBuffer<i32> {
        OffsetBuffer::new(self.0.into())
    }
}

fn part(bytes: &[u8], range: Range<usize>) -> Result<&[u8]> {
    bytes.get(range).invariant("rows beyond the end of a column")
}

fn unlike() -> Error {
    Error::internal("columns of several layouts")
}
