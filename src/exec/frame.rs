//! Window frames: which rows of its partition each row sees.

use std::cell::Cell;
use std::ops::{Add, Neg, Range};
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{Decimal128Type, Float64Type, Int64Type};
use arrow_array::{Array, ArrayRef, Float64Array, Int64Array};

use crate::data::{DataType, row_index, take};
use crate::diag::{Error, Invariant, Result};
use crate::plan::{Distance, Frame};

/// The rows of a window in its order.
pub(super) struct Ordered {
    /// The rows' numbers, partition by partition. Each row stands there once.
    pub(super) sorted: Vec<u64>,
    /// Where each partition lies in that order.
    pub(super) partitions: Vec<Range<usize>>,
    /// For each position where the rows that are equal to it in the order lie; empty where nobody asks.
    pub(super) peers: Vec<Range<usize>>,
    /// The key of the order, if it has one key.
    pub(super) key: Option<OrderKey>,
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

impl Frame {
    /// Whether it begins or ends with the rows that are equal in the order.
    pub(super) fn sees_peers(&self) -> bool {
        self.range && (self.start.is_some() || self.end.is_some())
    }
}

impl Ordered {
    /// A number for each row of the input, from its position and its partition.
    pub(super) fn numbers(&self, number: impl Fn(usize, &Range<usize>) -> usize) -> ArrayRef {
        let number = |at, partition: &_| (number(at, partition) as u64).cast_signed();
        Arc::new(Int64Array::from(self.by_row(number)))
    }

    /// A fraction for each row of the input, from its partition and its peers.
    pub(super) fn fractions(&self, fraction: impl Fn(&Range<usize>, &Range<usize>) -> f64) -> ArrayRef {
        Arc::new(Float64Array::from(self.by_row(|at, partition| fraction(partition, self.peers_of(at)))))
    }

    /// For each row of the input how many groups of peers come before it, and itself.
    pub(super) fn dense_ranks(&self) -> ArrayRef {
        let rank = Cell::new(0);
        self.numbers(|position, partition| {
            if position == partition.start {
                rank.set(0);
            }
            if position == self.peers_of(position).start {
                rank.set(rank.get() + 1);
            }
            rank.get()
        })
    }

    /// Where the peers of a position lie.
    #[expect(clippy::indexing_slicing, reason = "whoever sees peers has asked for those of every position")]
    pub(super) fn peers_of(&self, position: usize) -> &Range<usize> {
        &self.peers[position]
    }

    /// A value for each row of the input, computed in the order of the window.
    #[expect(clippy::indexing_slicing, reason = "each row stands once in the order")]
    fn by_row<T: Clone + Default>(&self, value: impl Fn(usize, &Range<usize>) -> T) -> Vec<T> {
        let mut values = vec![T::default(); self.sorted.len()];
        for partition in &self.partitions {
            for position in partition.clone() {
                values[row_index(self.sorted[position])] = value(position, partition);
            }
        }
        values
    }

    /// Whether the order is that of the input.
    pub(super) fn is_input(&self) -> bool {
        self.sorted.iter().zip(0..).all(|(row, position)| *row == position)
    }

    /// Where each row stands in the order.
    #[expect(clippy::indexing_slicing, reason = "there is a position for every row")]
    pub(super) fn positions(&self) -> Vec<u64> {
        let mut positions = vec![0; self.sorted.len()];
        for (position, row) in (0..).zip(&self.sorted) {
            positions[row_index(*row)] = position;
        }
        positions
    }

    /// For each position the positions of its frame.
    pub(super) fn frames(&self, frame: &Frame) -> Result<Vec<Range<usize>>> {
        match frame {
            Frame { range: false, start, end } => Ok(self.by_rows(*start, *end)),
            Frame { start: None, end: None, .. } => Ok(self.by_rows(None, None)),
            Frame { start: None | Some(Distance::Peers), end: None | Some(Distance::Peers), .. } => {
                Ok(self.by_peers(frame.start.is_some(), frame.end.is_some()))
            }
            Frame { start, end, .. } => {
                let key = self.key.as_ref().invariant("a RANGE has a key to count in")?;
                let column = &take(&key.column, &self.sorted.clone().into())?;
                match key.data_type {
                    DataType::Int64 => {
                        let values = column.as_primitive_opt::<Int64Type>().invariant("an INT64 key")?;
                        let value = |row: usize| Some(i128::from(values.value(row)));
                        self.by_values(key, column, [*start, *end], &value, &Distance::whole)
                    }
                    DataType::Numeric => {
                        let values =
                            column.as_primitive_opt::<Decimal128Type>().invariant("a NUMERIC key")?;
                        self.by_values(
                            key,
                            column,
                            [*start, *end],
                            &|row| Some(values.value(row)),
                            &Distance::whole,
                        )
                    }
                    DataType::Float64 => {
                        let values = column.as_primitive_opt::<Float64Type>().invariant("a FLOAT64 key")?;
                        let value = |row: usize| Some(values.value(row)).filter(|value| !value.is_nan());
                        self.by_values(key, column, [*start, *end], &value, &Distance::float)
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

    /// `column` has the keys in the order of the window. Rows whose key has no value to count from see their peers.
    fn by_values<T: Copy + PartialOrd + Add<Output = T> + Neg<Output = T>>(
        &self,
        key: &OrderKey,
        column: &ArrayRef,
        [start, end]: [Option<Distance>; 2],
        value: &dyn Fn(usize) -> Option<T>,
        distance: &dyn Fn(Distance) -> T,
    ) -> Result<Vec<Range<usize>>> {
        let value_at = |place: usize| {
            let value = if column.is_null(place) { None } else { value(place) };
            value.map(|value| if key.descending { -value } else { value })
        };
        let mut frames = Vec::with_capacity(self.sorted.len());
        let mut known = Vec::new();
        for partition in &self.partitions {
            // Keys with a value stand together, and ascend, as the first and the last that a row sees do.
            known.clear();
            let mut known_from = partition.end;
            for place in partition.clone() {
                if let Some(value) = value_at(place) {
                    known_from = known_from.min(place);
                    known.push(value);
                }
            }
            let (mut before_start, mut until_end) = (0, 0);
            for place in partition.clone() {
                let peers = self.peers_of(place);
                let value = place.checked_sub(known_from).and_then(|at| known.get(at).copied());
                let from = match (start, value) {
                    (None, _) => partition.start,
                    (Some(Distance::Peers), _) | (_, None) => peers.start,
                    (Some(by), Some(value)) => {
                        let least = value + distance(by);
                        before_start += count_while(&known, before_start, |other| other < least);
                        known_from + before_start
                    }
                };
                let until = match (end, value) {
                    (None, _) => partition.end,
                    (Some(Distance::Peers), _) | (_, None) => peers.end,
                    (Some(by), Some(value)) => {
                        let most = value + distance(by);
                        until_end += count_while(&known, until_end, |other| other <= most);
                        known_from + until_end
                    }
                };
                frames.push(from..until.max(from));
            }
        }
        Ok(frames)
    }
}

/// How many of `values` from `start` on follow one another that `is_passed`.
fn count_while<T: Copy>(values: &[T], start: usize, is_passed: impl Fn(T) -> bool) -> usize {
    values.iter().skip(start).take_while(|value| is_passed(**value)).count()
}
