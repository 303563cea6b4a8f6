//! Aggregates that keep values of any type: ANY_VALUE, arrays, quantiles.

use std::ops::Range;
use std::sync::Arc;

use arrow_array::{Array, ArrayRef, ListArray, UInt64Array};
use arrow_buffer::{NullBuffer, OffsetBuffer};

use super::super::Held;
use super::{Accumulator, Setup, States, argument, check_held};
use crate::data::{DataType, Operand, ROWS_AT_ONCE, SortKey, Sorting, bytes, concat, null_column, take};
use crate::diag::{Code, Error, Result, ensure};
use crate::function::array_view::ArrayView;
use crate::function::{Body, Function, Returns, Signature, Type};

use Type::{Any, Array as AnyArray, Int64, Ordered};

pub(super) const FUNCTIONS: &[Function] = &[
    Function::new(
        "ANY_VALUE",
        "Any value that is not NULL: here the first one.",
        &[Signature::new(&[Any], Any, Body::Aggregate(|setup| start(setup, What::First)))],
    ),
    Function::new(
        "ARRAY_AGG",
        "An array of the values, including NULLs without IGNORE NULLS; NULL without rows.",
        &[Signature::infer(
            &[Any],
            |args| match args {
                [argument] if !matches!(argument.data_type, DataType::Array(_)) => {
                    Ok(DataType::array(argument.data_type.clone()))
                }
                _ => Err(Error::new(Code::TypeMismatch, "an array cannot hold arrays")
                    .hint("ARRAY_CONCAT_AGG joins arrays; STRUCT(x) makes elements of them")),
            },
            Body::Aggregate(|setup| start(setup, What::All)),
        )],
    )
    .with_nulls()
    .ordered(),
    Function::new(
        "ARRAY_CONCAT_AGG",
        "Concatenates arrays; NULL without rows.",
        &[Signature::new(&[AnyArray], AnyArray, Body::Aggregate(|setup| start(setup, What::Elements)))],
    )
    .ordered()
    .not_distinct(),
    Function::new(
        "APPROX_QUANTILES",
        "An array of n + 1 boundaries: the minimum, the n-quantiles, the maximum. Here they are exact.",
        &[Signature {
            args: &[Ordered, Int64],
            optional: 0,
            variadic: false,
            returns: Returns::Infer(|args| {
                let [values, number] = args else { return Err(Error::internal("two arguments")) };
                if number.literal.is_none() {
                    let message = "the number of quantiles is a constant";
                    return Err(Error::new(Code::InvalidValue, message).hint("write APPROX_QUANTILES(x, 4)"));
                }
                Ok(DataType::array(values.data_type.clone()))
            }),
            body: Body::Aggregate(|setup| start(setup, What::Quantiles)),
        }],
    )
    .with_nulls(),
];

/// What is made of the values of a group.
#[derive(Clone, Copy, PartialEq, Eq)]
enum What {
    First,
    All,
    Elements,
    Quantiles,
}

fn start(setup: &Setup<'_>, what: What) -> Result<Box<dyn Accumulator>> {
    let data_type = match (what, setup.returns) {
        (What::First, data_type) => data_type,
        (_, DataType::Array(element)) => element,
        (_, other) => return Err(Error::internal(format!("expected an array, found {other}"))),
    };
    let (data_type, limits) = (data_type.clone(), setup.limits);
    Ok(Box::new(Collected {
        what,
        with_nulls: what == What::All || what == What::Quantiles && setup.respect_nulls,
        data_type,
        pieces: Vec::new(),
        length: 0,
        groups: States::new(),
        kept: 0,
        limit: limits.collected,
        held: Held::new(setup.memory),
        quantiles: None,
        ranking: None,
    }))
}

struct Collected {
    what: What,
    /// Whether NULLs count.
    with_nulls: bool,
    /// The type of the values.
    data_type: DataType,
    /// The values, and how many there are.
    pieces: Vec<ArrayRef>,
    length: u64,
    /// The positions of a group's values among all; `None` before its first row.
    groups: States<Option<Vec<u64>>>,
    /// How many positions there are in all.
    kept: usize,
    limit: usize,
    /// What the values take: when the arrays are made they are there up to three times.
    held: Held,
    /// For APPROX_QUANTILES: how many parts there are to be, once a row has told.
    quantiles: Option<u64>,
    /// For APPROX_QUANTILES, once all values are there.
    ranking: Option<Ranking>,
}

/// Values on their way to their ranks.
struct Ranking {
    sorting: Sorting,
    /// The rank of each value among all, and how many values have theirs.
    ranks: Vec<u64>,
    ranked: u64,
}

impl Collected {
    /// Reads the second argument of APPROX_QUANTILES, which is a constant.
    fn note_quantiles(&mut self, args: &[Operand]) -> Result<()> {
        let number = argument(args, 1)?.ints()?.get(0).and_then(|number| u64::try_from(number).ok());
        let Some(number @ 1..=100_000) = number else {
            let message = "the number of quantiles must be from 1 to 100000";
            return Err(Error::new(Code::InvalidValue, message));
        };
        self.quantiles = Some(number);
        Ok(())
    }

    fn values_in_one(&mut self) -> Result<ArrayRef> {
        let all = match self.pieces.as_slice() {
            [] => null_column(&self.data_type.storage(), 0)?,
            pieces => concat(pieces)?,
        };
        self.pieces = vec![all.clone()];
        Ok(all)
    }

    /// Replaces the positions of the values of each group in `range` by those of its quantiles.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::indexing_slicing,
        reason = "positions are below the number of values, as are ranks; a quantile is one of the group's values"
    )]
    fn pick_quantiles(&mut self, range: Range<usize>) -> Result<()> {
        // No row has come: every group is NULL.
        let Some(quantiles) = self.quantiles else { return Ok(()) };
        let picked = u64::try_from(range.len()).unwrap_or(u64::MAX).saturating_mul(quantiles);
        check(usize::try_from(picked).unwrap_or(usize::MAX), self.limit)?;
        while !self.prepare()? {}
        let ranks = self.ranking.as_ref().map_or(&[] as &[u64], |ranking| &ranking.ranks);
        ensure(ranks.len() as u64 == self.length, "every value has a rank")?;
        for positions in self.groups.range(range)?.iter_mut().flatten() {
            ensure(!positions.is_empty(), "a group with a row has a value")?;
            if positions.len() == ranks.len() {
                // All values, each once: their order is that of all.
                for (position, rank) in (0..).zip(ranks) {
                    positions[*rank as usize] = position;
                }
            } else {
                positions.sort_unstable_by_key(|position| ranks[*position as usize]);
            }
            // The smallest value that at least this many of n equal shares of the values do not exceed.
            let count = positions.len() as u64;
            let quantile = |share: u64| (share * count).div_ceil(quantiles).saturating_sub(1) as usize;
            *positions = (0..=quantiles).map(|share| positions[quantile(share)]).collect();
        }
        Ok(())
    }
}

impl Accumulator for Collected {
    fn update(&mut self, args: &[Operand], groups: &[u32], count: usize) -> Result<()> {
        self.groups.grow(count);
        if self.what == What::Quantiles && self.quantiles.is_none() && !groups.is_empty() {
            self.note_quantiles(args)?;
        }
        let values = argument(args, 0)?;
        let arrays = match self.what {
            What::Elements => Some(ArrayView::new(values)?),
            What::First | What::All | What::Quantiles => None,
        };
        let mut taken: Vec<u64> = Vec::new();
        for (row, group) in groups.iter().enumerate() {
            let positions = self.groups.of(*group)?;
            let counts = self.with_nulls || !values.is_null(row);
            if !counts || self.what == What::First && positions.is_some() {
                continue;
            }
            let range = match &arrays {
                Some(arrays) => arrays.range(row),
                None => values.index(row)..values.index(row) + 1,
            };
            let start = self.length + taken.len() as u64;
            taken.extend(range.start as u64..range.end as u64);
            let end = self.length + taken.len() as u64;
            positions.get_or_insert_default().extend(start..end);
        }
        self.kept = self.kept.saturating_add(taken.len());
        check(self.kept, self.limit)?;
        if !taken.is_empty() {
            let from = arrays.map_or(values.array(), |arrays| arrays.values());
            self.length += taken.len() as u64;
            let piece = take(from, &UInt64Array::from(taken))?;
            self.held.add(bytes(&piece));
            check_held(&self.held)?;
            self.pieces.push(piece);
        }
        Ok(())
    }

    fn carry(&mut self, from: u32, to: u32) -> Result<()> {
        // Beyond the limit the next update fails.
        if self.kept <= self.limit {
            let carried = self.groups.carry(from, to)?.as_ref().map_or(0, Vec::len);
            self.kept = self.kept.saturating_add(carried);
        }
        Ok(())
    }

    #[expect(
        clippy::cast_possible_truncation,
        clippy::indexing_slicing,
        reason = "a sorted order is a permutation of the positions"
    )]
    fn prepare(&mut self) -> Result<bool> {
        if self.what != What::Quantiles {
            return Ok(true);
        }
        let Some(Ranking { sorting, ranks, ranked }) = &mut self.ranking else {
            check(self.kept, self.limit)?;
            let column = self.values_in_one()?;
            let rows = column.len();
            let data_type = self.data_type.clone();
            let key = SortKey { column, data_type, descending: false, nulls_first: true };
            let sorting = Sorting::new(vec![key], rows, rows);
            self.ranking = Some(Ranking { sorting, ranks: vec![0; rows], ranked: 0 });
            return Ok(false);
        };
        let Some(sorted) = sorting.step(ROWS_AT_ONCE)? else { return Ok(false) };
        for (rank, position) in (*ranked..).zip(sorted.values()) {
            ranks[*position as usize] = rank;
        }
        *ranked += sorted.len() as u64;
        Ok(sorted.is_empty())
    }

    fn values(&mut self, range: Range<usize>) -> Result<ArrayRef> {
        check(self.kept, self.limit)?;
        let all = self.values_in_one()?;
        if self.what == What::First {
            let groups = self.groups.range(range)?.iter();
            let first = groups.map(|positions| positions.as_ref()?.first().copied());
            return take(&all, &first.collect());
        }
        if self.what == What::Quantiles {
            self.pick_quantiles(range.clone())?;
        }
        let groups = self.groups.range(range)?;
        let nulls: NullBuffer = groups.iter().map(Option::is_some).collect();
        let lengths: Vec<_> = groups.iter().map(|positions| positions.as_ref().map_or(0, Vec::len)).collect();
        let positions: Vec<u64> = groups.iter().flatten().flatten().copied().collect();
        let values = take(&all, &UInt64Array::from(positions))?;
        let field = Arc::new(arrow_schema::Field::new_list_field(self.data_type.storage(), true));
        ListArray::try_new(field, OffsetBuffer::from_lengths(lengths), values, Some(nulls))
            .map(|array| Arc::new(array) as ArrayRef)
            .map_err(|error| Error::internal("an array can be built").detail(error))
    }
}

fn check(kept: usize, limit: usize) -> Result<()> {
    if kept > limit {
        return Err(Error::new(
            Code::LimitExceeded,
            format!("an aggregate function would collect more than {limit} values"),
        )
        .hint("add LIMIT inside its parentheses, or leave ORDER BY out of OVER"));
    }
    Ok(())
}
