//! Counting rows and values.

use std::ops::Range;
use std::sync::Arc;

use arrow_array::{Array as _, ArrayRef, Int64Array, UInt32Array};
use arrow_buffer::NullBuffer;
use predictql_kernels::groups;
use predictql_kernels::moving::{self, Moving};

use super::super::Held;
use super::{Accumulator, Setup, States, argument, check_held};
use crate::data::{KeyTable, Operand, valid_bits};
use crate::diag::{Result, ensure};
use crate::function::{Body, Function, Signature, Type};

use Type::{Any, Bool, Int64};

/// The function that tells by which items of GROUP BY a row is grouped.
pub(crate) const GROUPING: &str = "GROUPING";

pub(super) const FUNCTIONS: &[Function] = &[
    Function::new(
        "COUNT",
        "The number of rows, or of values other than NULL.",
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
        GROUPING,
        "1 where a row of grouping sets is not grouped by this item of GROUP BY, else 0.",
        // The binder puts the numbers in its place.
        &[Signature::new(&[Any], Int64, Body::Aggregate(|_| Ok(Count::of(What::Rows))))],
    )
    .not_distinct(),
    Function::new(
        "APPROX_COUNT_DISTINCT",
        "The number of distinct values; here it is exact.",
        &[Signature::new(&[Any], Int64, Body::Aggregate(|setup| Ok(Box::new(DistinctCount::new(setup)))))],
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
    moving: Moving<i64>,
}

impl Count {
    fn of(what: What) -> Box<dyn Accumulator> {
        Box::new(Self { what, counts: States::new(), moving: Moving::default() })
    }

    /// Which of `rows` rows count; `None` where all do.
    fn counted(&self, args: &[Operand], rows: usize) -> Result<Option<NullBuffer>> {
        Ok(match self.what {
            What::Rows => None,
            What::Values => argument(args, 0)?.nulls(rows),
            What::True => {
                let (trues, _) = argument(args, 0)?.sides(rows)?;
                Some(NullBuffer::new(trues))
            }
        })
    }
}

impl Accumulator for Count {
    fn update(&mut self, args: &[Operand], groups: &[u32], count: usize) -> Result<()> {
        let counted = self.counted(args, groups.len())?;
        let states = self.counts.all(groups, count)?;
        groups::count(groups, counted.as_ref().map(valid_bits), states);
        Ok(())
    }

    fn carry(&mut self, from: u32, to: u32) -> Result<()> {
        self.counts.carry(from, to).map(drop)
    }

    fn values(&mut self, range: Range<usize>) -> Result<ArrayRef> {
        Ok(Arc::new(Int64Array::from(self.counts.range(range)?.to_vec())))
    }

    fn moving(&mut self, args: &[Operand], frames: &[Range<usize>]) -> Result<Option<ArrayRef>> {
        let rows = args.first().map_or(0, |values| values.array().len());
        let counted = self.counted(args, rows)?;
        let counts = moving::count(counted.as_ref().map(valid_bits), frames, &mut self.moving);
        Ok(Some(Arc::new(Int64Array::from(counts))))
    }
}

/// Counts the values that a group has not had before.
struct DistinctCount {
    /// Roots and values, each pair once.
    seen: KeyTable,
    groups: States<DistinctGroup>,
    held: Held,
}

#[derive(Clone, Copy, Default)]
struct DistinctGroup {
    count: i64,
    /// The first of the groups that were carried on to this one, if there is one: the values seen are kept under it.
    root: Option<u32>,
}

impl DistinctCount {
    fn new(setup: &Setup<'_>) -> Self {
        Self { seen: KeyTable::default(), groups: States::new(), held: Held::new(setup.memory) }
    }
}

impl Accumulator for DistinctCount {
    fn update(&mut self, args: &[Operand], groups: &[u32], count: usize) -> Result<()> {
        self.groups.grow(count);
        let values = argument(args, 0)?;
        let roots = groups.iter().map(|group| Ok(self.groups.of(*group)?.root.unwrap_or(*group)));
        let roots = Arc::new(UInt32Array::from(roots.collect::<Result<Vec<_>>>()?));
        let column = values.clone().into_column(groups.len())?;
        let mut next = self.seen.len();
        let before = self.seen.bytes();
        let numbers = self.seen.intern(&[roots, column], groups.len())?;
        // Twice: there is a copy of them while their memory grows.
        self.held.add(2 * (self.seen.bytes() - before));
        check_held(&self.held)?;
        ensure(numbers.len() == groups.len(), "every row of a group has a number")?;
        for (row, (group, number)) in groups.iter().zip(numbers).enumerate() {
            // A number that has not been given before: the group has not had the value.
            if number as usize == next {
                next += 1;
                self.groups.of(*group)?.count += i64::from(!values.is_null(row));
            }
        }
        Ok(())
    }

    fn carry(&mut self, from: u32, to: u32) -> Result<()> {
        self.groups.carry(from, to)?;
        self.groups.of(to)?.root.get_or_insert(from);
        Ok(())
    }

    fn values(&mut self, range: Range<usize>) -> Result<ArrayRef> {
        let counts = self.groups.range(range)?.iter().map(|group| group.count);
        Ok(Arc::new(counts.collect::<Int64Array>()))
    }
}
