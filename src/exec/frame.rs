//! Window frames: which rows of its partition each row sees.

use std::cell::Cell;
use std::ops::{Add, Neg, Range};
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{Decimal128Type, Float64Type, Int64Type};
use arrow_array::{Array, ArrayRef, Float64Array, Int64Array};

use crate::data::{DataType, row_index};
use crate::diag::{Error, Invariant, Result};
use crate::plan::{Distance, Frame};

/// The rows of a window in its order.
pub(super) struct Ordered {
    /// The rows' numbers, partition by partition.
    pub(super) sorted: Vec<u64>,
    /// Where each partition lies in that order.
    pub(super) partitions: Vec<Range<usize>>,
    /// For each position where the rows that are equal to it in the order lie.
    pub(super) peers: Vec<Range<usize>>,
}

/// How many rows, as FLOAT64.
#[expect(clippy::cast_precision_loss, reason = "limits keep rows far below 2^53")]
pub(super) fn float(rows: usize) -> f64 {
    rows as f64
}

/// The only key of a window's order, for frames that count in its values.
pub(super) struct OrderKey {
    pub(super) column: ArrayRef,
    pub(super) data_type: DataType,
    pub(super) descending: bool,
}

impl Ordered {
    /// A number for each row of the input, from its position, its partition and its peers.
    pub(super) fn numbers(&self, number: impl Fn(usize, &Range<usize>, &Range<usize>) -> usize) -> ArrayRef {
        let number = |at, partition: &_, peers: &_| (number(at, partition, peers) as u64).cast_signed();
        Arc::new(Int64Array::from(self.by_row(number)))
    }

    /// A fraction for each row of the input, from its partition and its peers.
    pub(super) fn fractions(&self, fraction: impl Fn(&Range<usize>, &Range<usize>) -> f64) -> ArrayRef {
        Arc::new(Float64Array::from(self.by_row(|_, partition, peers| fraction(partition, peers))))
    }

    /// For each row of the input how many groups of peers come before it, and itself.
    pub(super) fn dense_ranks(&self) -> ArrayRef {
        let rank = Cell::new(0);
        self.numbers(|position, partition, peers| {
            if position == partition.start {
                rank.set(0);
            }
            if position == peers.start {
                rank.set(rank.get() + 1);
            }
            rank.get()
        })
    }

    /// A value for each row of the input, computed in the order of the window.
    #[expect(clippy::indexing_slicing, reason = "each row stands once in the order")]
    fn by_row<T: Clone + Default>(&self, value: impl Fn(usize, &Range<usize>, &Range<usize>) -> T) -> Vec<T> {
        let mut values = vec![T::default(); self.sorted.len()];
        for partition in &self.partitions {
            for position in partition.clone() {
                values[row_index(self.sorted[position])] = value(position, partition, &self.peers[position]);
            }
        }
        values
    }

    /// For each position the positions of its frame.
    pub(super) fn frames(&self, frame: &Frame, key: Option<&OrderKey>) -> Result<Vec<Range<usize>>> {
        match frame {
            Frame { range: false, start, end } => Ok(self.by_rows(*start, *end)),
            Frame { start: None | Some(Distance::Peers), end: None | Some(Distance::Peers), .. } => {
                Ok(self.by_peers(frame.start.is_some(), frame.end.is_some()))
            }
            Frame { start, end, .. } => {
                let key = key.invariant("a RANGE has a key to count in")?;
                match key.data_type {
                    DataType::Int64 => {
                        let values = key.column.as_primitive_opt::<Int64Type>().invariant("an INT64 key")?;
                        let value = |row: usize| Some(i128::from(values.value(row)));
                        self.by_values(key, [*start, *end], &value, &Distance::whole)
                    }
                    DataType::Numeric => {
                        let values =
                            key.column.as_primitive_opt::<Decimal128Type>().invariant("a NUMERIC key")?;
                        self.by_values(key, [*start, *end], &|row| Some(values.value(row)), &Distance::whole)
                    }
                    DataType::Float64 => {
                        let values =
                            key.column.as_primitive_opt::<Float64Type>().invariant("a FLOAT64 key")?;
                        let value = |row: usize| Some(values.value(row)).filter(|value| !value.is_nan());
                        self.by_values(key, [*start, *end], &value, &Distance::float)
                    }
                    _ => Err(Error::internal("a RANGE counts in values that are no numbers")),
                }
            }
        }
    }

    fn by_rows(&self, start: Option<Distance>, end: Option<Distance>) -> Vec<Range<usize>> {
        let rows = |distance: Option<Distance>| match distance {
            Some(Distance::Whole(rows)) => Some(isize::try_from(rows).unwrap_or(isize::MAX)),
            Some(Distance::Peers | Distance::Float(_)) => Some(0),
            None => None,
        };
        let (start, end) = (rows(start), rows(end));
        let mut frames = Vec::with_capacity(self.sorted.len());
        for partition in &self.partitions {
            let moved = |position: usize, by: isize| {
                position.saturating_add_signed(by).clamp(partition.start, partition.end)
            };
            for position in partition.clone() {
                let from = start.map_or(partition.start, |by| moved(position, by));
                let until = end.map_or(partition.end, |by| moved(position, by.saturating_add(1)));
                frames.push(from..until.max(from));
            }
        }
        frames
    }

    fn by_peers(&self, from_peers: bool, until_peers: bool) -> Vec<Range<usize>> {
        let mut frames = Vec::with_capacity(self.sorted.len());
        for partition in &self.partitions {
            for peers in self.peers.iter().skip(partition.start).take(partition.len()) {
                let from = if from_peers { peers.start } else { partition.start };
                frames.push(from..if until_peers { peers.end } else { partition.end });
            }
        }
        frames
    }

    /// Rows whose key has no value to count from see their peers.
    fn by_values<T: Copy + PartialOrd + Add<Output = T> + Neg<Output = T>>(
        &self,
        key: &OrderKey,
        [start, end]: [Option<Distance>; 2],
        value: &dyn Fn(usize) -> Option<T>,
        distance: &dyn Fn(Distance) -> T,
    ) -> Result<Vec<Range<usize>>> {
        let value_at = |row: &u64| {
            let row = row_index(*row);
            let value = if key.column.is_null(row) { None } else { value(row) };
            value.map(|value| if key.descending { -value } else { value })
        };
        let values: Vec<_> = self.sorted.iter().map(value_at).collect();
        let mut frames = Vec::with_capacity(values.len());
        for partition in &self.partitions {
            let values = values.get(partition.clone()).invariant("the keys of a partition")?;
            let first = values.iter().position(Option::is_some).unwrap_or(values.len());
            let known: Vec<_> = values.iter().flatten().copied().collect();
            let known_from = partition.start + first;
            for (value, peers) in values.iter().zip(self.peers.iter().skip(partition.start)) {
                let from = match (start, value) {
                    (None, _) => partition.start,
                    (Some(Distance::Peers), _) | (_, None) => peers.start,
                    (Some(by), Some(value)) => {
                        let least = *value + distance(by);
                        known_from + known.partition_point(|other| *other < least)
                    }
                };
                let until = match (end, value) {
                    (None, _) => partition.end,
                    (Some(Distance::Peers), _) | (_, None) => peers.end,
                    (Some(by), Some(value)) => {
                        let most = *value + distance(by);
                        known_from + known.partition_point(|other| *other <= most)
                    }
                };
                frames.push(from..until.max(from));
            }
        }
        Ok(frames)
    }
}
