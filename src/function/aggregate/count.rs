//! Counting rows and values.

use std::ops::Range;
use std::sync::Arc;

use arrow_array::{ArrayRef, Int64Array, UInt32Array};

use super::{Accumulator, States, argument};
use crate::data::{KeyTable, Operand};
use crate::diag::Result;
use crate::function::{Body, Function, Signature, Type};

use Type::{Any, Bool, Int64};

pub(super) const FUNCTIONS: &[Function] = &[
    Function::new(
        "COUNT",
        "The number of rows, or of values that are not NULL.",
        &[
            Signature::new(&[], Int64, Body::Aggregate(|_| Ok(Count::of(What::Rows)))),
            Signature::new(&[Any], Int64, Body::Aggregate(|_| Ok(Count::of(What::Values)))),
        ],
    ),
    Function::new(
        "COUNTIF",
        "The number of rows for which the condition is TRUE.",
        &[Signature::new(&[Bool], Int64, Body::Aggregate(|_| Ok(Count::of(What::True))))],
    ),
    Function::new(
        "APPROX_COUNT_DISTINCT",
        "The number of different values, which is exact here.",
        &[Signature::new(&[Any], Int64, Body::Aggregate(|_| Ok(Box::<Different>::default())))],
    ),
];

#[derive(Clone, Copy)]
enum What {
    Rows,
    Values,
    True,
}

struct Count {
    what: What,
    counts: States<i64>,
}

impl Count {
    fn of(what: What) -> Box<dyn Accumulator> {
        Box::new(Self { what, counts: States::new() })
    }
}

impl Accumulator for Count {
    fn update(&mut self, args: &[Operand], groups: &[u32], count: usize) -> Result<()> {
        self.counts.grow(count);
        match self.what {
            What::Rows => {
                for group in groups {
                    *self.counts.of(*group)? += 1;
                }
            }
            What::Values => {
                let values = argument(args, 0)?;
                for (row, group) in groups.iter().enumerate() {
                    *self.counts.of(*group)? += i64::from(!values.is_null(row));
                }
            }
            What::True => {
                let values = argument(args, 0)?.bools()?;
                for (row, group) in groups.iter().enumerate() {
                    *self.counts.of(*group)? += i64::from(values.get(row) == Some(true));
                }
            }
        }
        Ok(())
    }

    fn carry(&mut self, from: u32, to: u32) {
        self.counts.carry(from, to);
    }

    fn values(&mut self, range: Range<usize>) -> Result<ArrayRef> {
        Ok(Arc::new(Int64Array::from(self.counts.range(range).to_vec())))
    }
}

/// Counts the values that a group has not had before.
#[derive(Default)]
struct Different {
    seen: KeyTable,
    counts: Vec<i64>,
    /// The group with which a chain of groups that carry on has begun: its values are those of the whole chain.
    roots: Vec<u32>,
}

impl Different {
    fn grow(&mut self, count: usize) {
        self.counts.resize(count.max(self.counts.len()), 0);
        self.roots.extend((self.roots.len()..count).filter_map(|group| u32::try_from(group).ok()));
    }
}

impl Accumulator for Different {
    fn update(&mut self, args: &[Operand], groups: &[u32], count: usize) -> Result<()> {
        self.grow(count);
        let values = argument(args, 0)?;
        let root = |group: &u32| self.roots.get(*group as usize).copied().unwrap_or_default();
        let roots = Arc::new(groups.iter().map(root).collect::<UInt32Array>());
        let column = values.clone().into_column(groups.len())?;
        let mut next = self.seen.len();
        let numbers = self.seen.intern(&[roots, column], groups.len())?;
        for (row, (group, number)) in groups.iter().zip(numbers).enumerate() {
            if number as usize != next {
                continue;
            }
            next += 1;
            if let Some(count) = self.counts.get_mut(*group as usize).filter(|_| !values.is_null(row)) {
                *count += 1;
            }
        }
        Ok(())
    }

    fn carry(&mut self, from: u32, to: u32) {
        self.grow(to as usize + 1);
        let (from, to) = (from as usize, to as usize);
        if let (Some(root), Some(count)) = (self.roots.get(from).copied(), self.counts.get(from).copied())
            && let (Some(to_root), Some(to_count)) = (self.roots.get_mut(to), self.counts.get_mut(to))
        {
            (*to_root, *to_count) = (root, count);
        }
    }

    fn values(&mut self, range: Range<usize>) -> Result<ArrayRef> {
        self.grow(range.end);
        Ok(Arc::new(Int64Array::from(self.counts.get(range).unwrap_or_default().to_vec())))
    }
}
