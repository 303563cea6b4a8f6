//! PERCENTILE_CONT and PERCENTILE_DISC over the values of each partition, some rows at a time.

use std::sync::Arc;

use arrow_array::{Array as _, ArrayRef, Float64Array, UInt64Array};
use arrow_buffer::i256;

use super::frame::float;
use crate::data::{DataType, Operand, ROWS_AT_ONCE, SortKey, Sorting, decimal, row_index, rows_by_key, take};
use crate::diag::{Code, Error, Invariant, Result};

pub(super) struct Percentiles {
    value: ArrayRef,
    fractions: Operand,
    /// Whether values between two of the partition count, as for PERCENTILE_CONT.
    is_continuous: bool,
    ignore_nulls: bool,
    data_type: DataType,
    sorting: Sorting,
    /// The rows in the order of their values so far, NULLs first.
    sorted: Vec<u64>,
    /// Where each partition starts in that order, once it is by partitions; how many of them are done.
    starts: Vec<usize>,
    done: usize,
    /// For each row the two rows that it lies between, and how much of the second one counts.
    low: Vec<Option<u64>>,
    high: Vec<Option<u64>>,
    weights: Vec<f64>,
}

impl Percentiles {
    /// Of the columns `args`, a value and a fraction for each row.
    pub(super) fn new(
        args: &[ArrayRef],
        is_continuous: bool,
        ignore_nulls: bool,
        data_type: DataType,
    ) -> Result<Self> {
        let [value, fractions] = args else { return Err(Error::internal("a percentile has a fraction")) };
        let key = SortKey {
            column: value.clone(),
            data_type: data_type.clone(),
            descending: false,
            nulls_first: true,
        };
        let rows = value.len();
        Ok(Self {
            value: value.clone(),
            fractions: Operand::column(fractions.clone()),
            is_continuous,
            ignore_nulls,
            data_type,
            sorting: Sorting::new(vec![key], rows, rows),
            sorted: Vec::with_capacity(rows),
            starts: Vec::new(),
            done: 0,
            low: vec![None; rows],
            high: vec![None; rows],
            weights: vec![0.0; rows],
        })
    }

    /// Does a piece of work; `of_rows` are the numbers of the rows' partitions, below `count`. The values of all rows, once
    /// they are there.
    pub(super) fn step(&mut self, of_rows: &[u32], count: usize) -> Result<Option<ArrayRef>> {
        if self.starts.is_empty() {
            match self.sorting.step(ROWS_AT_ONCE)? {
                Some(rows) if rows.is_empty() => self.part(of_rows, count)?,
                Some(rows) => self.sorted.extend(rows.values()),
                None => {}
            }
            return Ok(None);
        }
        let mut rows = 0;
        while rows < ROWS_AT_ONCE {
            let bounds = self.starts.get(self.done).zip(self.starts.get(self.done + 1));
            let Some((start, end)) = bounds else { return self.values().map(Some) };
            let (start, end) = (*start, *end);
            self.of_partition(start, end)?;
            self.done += 1;
            rows += end - start;
        }
        Ok(None)
    }

    /// The rows by partitions, in which their order stays.
    fn part(&mut self, of_rows: &[u32], count: usize) -> Result<()> {
        if count <= 1 {
            self.starts = vec![0, self.sorted.len()];
            return Ok(());
        }
        let partition = |row: &u64| of_rows.get(row_index(*row)).map(|partition| (*row, *partition));
        let (starts, rows) = rows_by_key(self.sorted.iter().filter_map(partition), count);
        (self.starts, self.sorted) = (starts, rows);
        Ok(())
    }

    /// Where the percentiles of the partition from `start` to `end` lie.
    fn of_partition(&mut self, start: usize, end: usize) -> Result<()> {
        let all = self.sorted.get(start..end).invariant("the rows of a partition")?;
        // NULLs are the first rows.
        let nulls = if self.ignore_nulls {
            all.partition_point(|row| self.value.is_null(row_index(*row)))
        } else {
            0
        };
        let rows = all.get(nulls..).invariant("the rows of a partition")?;
        let fractions = self.fractions.floats()?;
        for row in all {
            let row = row_index(*row);
            let fraction = fractions.get(row).filter(|fraction| (0.0..=1.0).contains(fraction));
            let Some(fraction) = fraction else {
                return Err(Error::new(Code::OutOfRange, "a percentile is a fraction from 0 to 1"));
            };
            let Some(last) = rows.len().checked_sub(1) else { continue };
            let place = if self.is_continuous {
                fraction * float(last)
            } else {
                ((fraction * float(rows.len())).ceil() - 1.0).max(0.0)
            };
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "from 0 to `last`")]
            let floor = place.floor() as usize;
            let at = |index: usize| rows.get(index.min(last)).copied();
            let slots = (self.low.get_mut(row), self.high.get_mut(row), self.weights.get_mut(row));
            let (Some(low), Some(high), Some(weight)) = slots else {
                return Err(Error::internal("a row of the window"));
            };
            (*low, *high, *weight) = (at(floor), at(floor + 1), place - place.floor());
        }
        Ok(())
    }

    fn values(&mut self) -> Result<ArrayRef> {
        let taken = |rows: &mut Vec<_>| take(&self.value, &UInt64Array::from(std::mem::take(rows)));
        let low = taken(&mut self.low)?;
        if !self.is_continuous {
            return Ok(low);
        }
        let high = taken(&mut self.high)?;
        match self.data_type.decimal_scale() {
            Some(scale) => interpolated_exactly(low, high, &self.weights, scale),
            None => interpolated(low, high, &self.weights),
        }
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
