//! Window functions that take the value of one of the rows that a row sees.

use std::ops::Range;

use arrow_array::{Array, ArrayRef, UInt64Array};
use arrow_buffer::NullBuffer;

use super::frame::Ordered;
use crate::data::{Operand, concat, row_index, take};
use crate::diag::{Code, Error, Invariant, Result};
use crate::function::Navigation;
use crate::plan::Frame;

/// The values of one call for all rows, in the order of the input.
pub(super) struct Call {
    pub(super) navigation: Navigation,
    pub(super) args: Vec<ArrayRef>,
    pub(super) ignore_nulls: bool,
}

impl Call {
    /// The result for each row of the input; some functions see the rows of a frame.
    pub(super) fn results(&self, ordered: &Ordered, frame: &Frame) -> Result<ArrayRef> {
        match self.navigation {
            Navigation::Lag | Navigation::Lead => self.neighbours(ordered),
            Navigation::FirstValue | Navigation::LastValue | Navigation::NthValue => {
                self.of_frames(ordered, &ordered.frames(frame)?)
            }
            Navigation::PercentileCont | Navigation::PercentileDisc | Navigation::Ntile => {
                Err(Error::internal("another function takes no value of a row"))
            }
        }
    }

    fn value(&self) -> Result<&ArrayRef> {
        self.args.first().invariant("a window function has a value to take")
    }

    /// The argument at `position` as an INT64 of each row.
    fn number(&self, position: usize) -> Result<Option<Operand>> {
        Ok(self.args.get(position).cloned().map(Operand::column))
    }

    /// LAG and LEAD: the row so many rows before or behind, else the default.
    fn neighbours(&self, ordered: &Ordered) -> Result<ArrayRef> {
        let value = self.value()?;
        let rows = value.len();
        let offsets = self.number(1)?;
        let offsets = offsets.as_ref().map(Operand::ints).transpose()?;
        let has_default = self.args.get(2).is_some();
        let first = offsets.as_ref().map_or(Some(1), |offsets| offsets.get(0));
        let is_one = offsets.as_ref().is_none_or(|offsets| (0..rows).all(|row| offsets.get(row) == first));
        if let (Some(by), true) = (first.and_then(|by| usize::try_from(by).ok()), is_one && !has_default) {
            return self.at_distance(ordered, by);
        }
        let mut picked = Picked::of(rows);
        for partition in &ordered.partitions {
            for position in partition.clone() {
                let row = row_at(ordered, position)?;
                let by = offsets.as_ref().map_or(Some(1), |offsets| offsets.get(row));
                let by = match by {
                    None => return Err(negative("NULL")),
                    Some(by) if by < 0 => return Err(negative(&by.to_string())),
                    Some(by) => usize::try_from(by).unwrap_or(usize::MAX),
                };
                let target = match self.navigation {
                    Navigation::Lag => position.checked_sub(by),
                    _ => position.checked_add(by),
                };
                match target.filter(|target| partition.contains(target)) {
                    Some(target) => picked.set(row, row_at(ordered, target)?)?,
                    None if has_default => picked.set(row, rows + row)?,
                    None => {}
                }
            }
        }
        let values = match self.args.get(2) {
            Some(default) => concat(&[value.clone(), default.clone()])?,
            None => value.clone(),
        };
        take(&values, &picked.finish())
    }

    /// LAG and LEAD without a default, where all rows look as far.
    fn at_distance(&self, ordered: &Ordered, by: usize) -> Result<ArrayRef> {
        let mut picked = Picked::of(ordered.sorted.len());
        for partition in &ordered.partitions {
            let rows = ordered.sorted.get(partition.clone()).invariant("the rows of a partition")?;
            for (before, behind) in rows.iter().zip(rows.iter().skip(by)) {
                let (before, behind) = (row_index(*before), row_index(*behind));
                match self.navigation {
                    Navigation::Lag => picked.set(behind, before)?,
                    _ => picked.set(before, behind)?,
                }
            }
        }
        take(self.value()?, &picked.finish())
    }

    /// FIRST_VALUE, LAST_VALUE and NTH_VALUE.
    fn of_frames(&self, ordered: &Ordered, frames: &[Range<usize>]) -> Result<ArrayRef> {
        let value = self.value()?;
        let numbers = self.number(1)?;
        let numbers = numbers.as_ref().map(Operand::ints).transpose()?;
        // The positions that count, and how many of them stand before each position; none are kept where all count.
        let ignores = self.ignore_nulls && value.null_count() > 0;
        let (mut counting, mut before) = (Vec::new(), Vec::new());
        for (position, row) in ordered.sorted.iter().enumerate().filter(|_| ignores) {
            before.push(counting.len());
            if value.is_valid(row_index(*row)) {
                counting.push(position);
            }
        }
        before.push(counting.len());
        let before = |position: usize| match ignores {
            true => before.get(position).copied().invariant("a position of a frame"),
            false => Ok(position),
        };
        let mut picked = Picked::of(value.len());
        for (frame, row) in frames.iter().zip(&ordered.sorted) {
            let row = row_index(*row);
            let (first, end) = (before(frame.start)?, before(frame.end)?);
            let index = match (self.navigation, &numbers) {
                (Navigation::LastValue, _) => end.checked_sub(1),
                (_, None) => Some(first),
                (_, Some(numbers)) => {
                    let number = usize::try_from(numbers.at(row)).ok().filter(|number| *number > 0);
                    let number = number.ok_or_else(|| not_counting(numbers.at(row)))?;
                    first.checked_add(number - 1)
                }
            };
            let Some(index) = index.filter(|index| (first..end).contains(index)) else { continue };
            let position = match ignores {
                true => *counting.get(index).invariant("a position that counts")?,
                false => index,
            };
            picked.set(row, row_at(ordered, position)?)?;
        }
        take(value, &picked.finish())
    }
}

/// For each row of the input the row whose value it takes, if there is one.
struct Picked {
    rows: Vec<u64>,
    valid: Vec<bool>,
}

impl Picked {
    fn of(rows: usize) -> Self {
        Self { rows: vec![0; rows], valid: vec![false; rows] }
    }

    fn set(&mut self, row: usize, target: usize) -> Result<()> {
        *self.rows.get_mut(row).invariant("a row of the window")? = target as u64;
        *self.valid.get_mut(row).invariant("a row of the window")? = true;
        Ok(())
    }

    fn finish(self) -> UInt64Array {
        let all = self.valid.iter().all(|valid| *valid);
        UInt64Array::new(self.rows.into(), (!all).then(|| NullBuffer::from(self.valid)))
    }
}

fn row_at(ordered: &Ordered, position: usize) -> Result<usize> {
    ordered.sorted.get(position).map(|row| row_index(*row)).invariant("a position of the window")
}

#[cold]
fn negative(found: &str) -> Error {
    Error::new(Code::OutOfRange, format!("LAG and LEAD count rows from 0 on, found {found}"))
        .hint("use LEAD in place of LAG with a negative number, and the other way round")
}

#[cold]
fn not_counting(found: i64) -> Error {
    Error::new(Code::OutOfRange, format!("NTH_VALUE counts from 1 on, found {found}"))
}
