//! Window functions that take the value of one of the rows that a row sees.

use std::ops::Range;
use std::sync::Arc;

use arrow_array::{Array, ArrayRef, Float64Array, UInt64Array};
use arrow_buffer::{NullBuffer, i256};

use super::frame::{Ordered, float};
use crate::data::{DataType, Operand, SortKey, concat, decimal, row_index, sort_indices, take};
use crate::diag::{Code, Error, Invariant, Result};
use crate::function::Navigation;
use crate::plan::Frame;

/// The values of one call for all rows, in the order of the input.
pub(super) struct Call<'a> {
    pub(super) navigation: Navigation,
    pub(super) args: Vec<ArrayRef>,
    pub(super) data_type: &'a DataType,
    pub(super) ignore_nulls: bool,
}

impl Call<'_> {
    /// The result for each row of the input; some functions see the rows of a frame.
    pub(super) fn results(&self, ordered: &Ordered, frame: &Frame) -> Result<ArrayRef> {
        match self.navigation {
            Navigation::Lag | Navigation::Lead => self.neighbours(ordered),
            Navigation::FirstValue | Navigation::LastValue | Navigation::NthValue => {
                self.of_frames(ordered, &ordered.frames(frame)?)
            }
            Navigation::PercentileCont | Navigation::PercentileDisc => self.percentiles(ordered),
            Navigation::Ntile => Err(Error::internal("NTILE takes no value of a row")),
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

    /// PERCENTILE_CONT and PERCENTILE_DISC over the values of each partition.
    fn percentiles(&self, ordered: &Ordered) -> Result<ArrayRef> {
        let value = self.value()?;
        let fractions = Operand::column(self.args.get(1).invariant("a percentile has a fraction")?.clone());
        let fractions = fractions.floats()?;
        let ranks = self.ranks(value)?;
        let (mut low, mut high) = (vec![None; value.len()], vec![None; value.len()]);
        let mut weights = vec![0.0; value.len()];
        for partition in &ordered.partitions {
            let rows = ordered.sorted.get(partition.clone()).invariant("the rows of a partition")?;
            let mut rows: Vec<_> = rows.iter().map(|row| row_index(*row)).collect();
            let all = rows.clone();
            if self.ignore_nulls {
                rows.retain(|row| value.is_valid(*row));
            }
            rows.sort_unstable_by_key(|row| ranks.get(*row).copied());
            for row in all {
                let fraction = fractions.get(row).filter(|fraction| (0.0..=1.0).contains(fraction));
                let Some(fraction) = fraction else {
                    return Err(Error::new(Code::OutOfRange, "a percentile is a fraction from 0 to 1"));
                };
                let Some(last) = rows.len().checked_sub(1) else { continue };
                let place = match self.navigation {
                    Navigation::PercentileCont => fraction * float(last),
                    _ => ((fraction * float(rows.len())).ceil() - 1.0).max(0.0),
                };
                #[expect(
                    clippy::cast_possible_truncation,
                    clippy::cast_sign_loss,
                    reason = "from 0 to `last`"
                )]
                let floor = place.floor() as usize;
                let at = |index: usize| rows.get(index.min(last)).map(|row| *row as u64);
                let slots = (low.get_mut(row), high.get_mut(row), weights.get_mut(row));
                let (Some(low), Some(high), Some(weight)) = slots else {
                    return Err(Error::internal("a row of the window"));
                };
                (*low, *high, *weight) = (at(floor), at(floor + 1), place - place.floor());
            }
        }
        let low = take(value, &UInt64Array::from(low))?;
        if self.navigation == Navigation::PercentileDisc {
            return Ok(low);
        }
        let high = take(value, &UInt64Array::from(high))?;
        match self.data_type.decimal_scale() {
            Some(scale) => interpolated_exactly(low, high, &weights, scale),
            None => interpolated(low, high, &weights),
        }
    }

    /// The rank of each row by value, NULLs first.
    fn ranks(&self, value: &ArrayRef) -> Result<Vec<usize>> {
        let key = SortKey {
            column: value.clone(),
            data_type: self.data_type.clone(),
            descending: false,
            nulls_first: true,
        };
        let mut ranks = vec![0; value.len()];
        for (rank, row) in sort_indices(value.len(), &[key])?.values().iter().enumerate() {
            *ranks.get_mut(row_index(*row)).invariant("a row of the window")? = rank;
        }
        Ok(ranks)
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

/// Values between `low` and `high`; of a NULL and a value the value.
fn interpolated(low: ArrayRef, high: ArrayRef, weights: &[f64]) -> Result<ArrayRef> {
    let (low, high) = (Operand::column(low), Operand::column(high));
    let (low, high) = (low.floats()?, high.floats()?);
    let values = weights.iter().enumerate().map(|(row, weight)| match (low.get(row), high.get(row)) {
        (low, _) if *weight == 0.0 => low,
        (Some(low), Some(high)) => Some(low * (1.0 - weight) + high * weight),
        (low, high) => low.or(high),
    });
    Ok(Arc::new(values.collect::<Float64Array>()))
}

/// The same of NUMERIC or BIGNUMERIC, with as many digits.
fn interpolated_exactly(low: ArrayRef, high: ArrayRef, weights: &[f64], scale: u8) -> Result<ArrayRef> {
    let (low, high) = (Operand::column(low), Operand::column(high));
    let (low, high) = (low.decimals()?, high.decimals()?);
    let between = |low: i256, high: i256, weight: f64| {
        let part = decimal::multiplied(high.checked_sub(low)?, decimal::from_float(weight, scale)?, scale)?;
        low.checked_add(part)
    };
    let values = weights.iter().enumerate().map(|(row, weight)| match (low.get(row), high.get(row)) {
        (low, _) if *weight == 0.0 => Ok(low),
        (Some(low), Some(high)) => between(low, high, *weight)
            .map(Some)
            .ok_or_else(|| Error::new(Code::OutOfRange, "a percentile is out of the range of its type")),
        (low, high) => Ok(low.or(high)),
    });
    Ok(decimal::column(values.collect::<Result<_>>()?, scale))
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
