//! Aggregates that keep values of any type: ANY_VALUE, arrays, quantiles.

use std::ops::Range;
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::{Array, ArrayRef, ListArray, UInt64Array, new_empty_array};
use arrow_buffer::{NullBuffer, OffsetBuffer};

use super::{Accumulator, Setup, States, argument};
use crate::data::{DataType, Operand, SortKey, concat, sort_indices, take};
use crate::diag::{Code, Error, Result};
use crate::function::{Body, Function, Returns, Signature, Type};

use Type::{Any, Array as AnyArray, Int64, Ordered};

pub(super) const FUNCTIONS: &[Function] = &[
    Function::new(
        "ANY_VALUE",
        "Some value that is not NULL: the first one.",
        &[Signature::new(&[Any], Any, Body::Aggregate(|setup| start(setup, What::First)))],
    ),
    Function::new(
        "ARRAY_AGG",
        "An array of the values, NULLs included unless IGNORE NULLS is said; NULL of no rows.",
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
    ),
    Function::new(
        "ARRAY_CONCAT_AGG",
        "The elements of all arrays in one; NULL of no rows.",
        &[Signature::new(&[AnyArray], AnyArray, Body::Aggregate(|setup| start(setup, What::Elements)))],
    ),
    Function::new(
        "APPROX_QUANTILES",
        "The smallest value, those that part the values into n equal shares, and the largest; they are exact here.",
        &[Signature {
            args: &[Ordered, Int64],
            optional: 0,
            variadic: false,
            returns: Returns::Infer(|args| match args.first() {
                Some(argument) => Ok(DataType::array(argument.data_type.clone())),
                None => Err(Error::new(Code::Internal, "an argument is missing")),
            }),
            body: Body::Aggregate(|setup| start(setup, What::Quantiles)),
        }],
    ),
];

/// What becomes of the values of a group.
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
        (_, other) => return Err(Error::new(Code::Internal, format!("expected an array, found {other}"))),
    };
    let (data_type, most) = (data_type.clone(), setup.limits.collected);
    Ok(Box::new(Collected {
        what,
        data_type,
        pieces: Vec::new(),
        length: 0,
        groups: States::new(),
        kept: 0,
        most,
        shares: None,
        ranks: None,
    }))
}

struct Collected {
    what: What,
    /// The type of the values.
    data_type: DataType,
    /// The values, and how many there are.
    pieces: Vec<ArrayRef>,
    length: u64,
    /// The places of a group's values; `None` before its first row.
    groups: States<Option<Vec<u64>>>,
    /// How many places there are in all, and may be.
    kept: usize,
    most: usize,
    /// For APPROX_QUANTILES: the number of shares, and the place of each value in the order, once they are known.
    shares: Option<u64>,
    ranks: Option<Vec<u64>>,
}

impl Collected {
    /// The number of shares that APPROX_QUANTILES is told.
    fn note_shares(&mut self, args: &[Operand]) -> Result<()> {
        let shares = argument(args, 1)?.ints()?.get(0);
        match shares.and_then(|it| u64::try_from(it).ok()).filter(|it| (1..=100_000).contains(it)) {
            Some(shares) => self.shares = Some(shares),
            None => {
                let message = "the number of quantiles must be from 1 to 100000";
                return Err(Error::new(Code::InvalidValue, message));
            }
        }
        Ok(())
    }

    fn values_in_one(&mut self) -> Result<ArrayRef> {
        let all = match self.pieces.as_slice() {
            [] => new_empty_array(&self.data_type.storage()),
            pieces => concat(pieces)?,
        };
        self.pieces = vec![all.clone()];
        Ok(all)
    }

    /// The places of the quantiles of each group in `range`.
    fn quantiles(&mut self, all: &ArrayRef, range: Range<usize>) -> Result<()> {
        let shares = self.shares.unwrap_or(1);
        check(range.len().saturating_mul(usize::try_from(shares).unwrap_or(usize::MAX)), self.most)?;
        if self.ranks.is_none() {
            self.ranks = Some(self.ranked(all)?);
        }
        let ranks = self.ranks.as_deref().unwrap_or_default();
        let rank = |place: &u64| usize::try_from(*place).ok().and_then(|it| ranks.get(it)).copied();
        for places in self.groups.range(range).iter_mut().flatten() {
            places.sort_unstable_by_key(rank);
            // The smallest value that has at least this share of the values up to it.
            let at = |share: u64| (share * places.len() as u64).div_ceil(shares).saturating_sub(1);
            let place = |share| usize::try_from(at(share)).ok().and_then(|at| places.get(at)).copied();
            *places = (0..=shares).filter_map(place).collect();
        }
        Ok(())
    }

    /// The place of each of the values in their order.
    fn ranked(&self, all: &ArrayRef) -> Result<Vec<u64>> {
        let key = SortKey {
            column: all.clone(),
            data_type: self.data_type.clone(),
            descending: false,
            nulls_first: true,
        };
        let sorted = sort_indices(all.len(), &[key])?;
        let mut ranks = vec![0_u64; all.len()];
        for (rank, place) in (0..).zip(sorted.values()) {
            if let Some(of_place) = usize::try_from(*place).ok().and_then(|place| ranks.get_mut(place)) {
                *of_place = rank;
            }
        }
        Ok(ranks)
    }
}

impl Accumulator for Collected {
    fn update(&mut self, args: &[Operand], groups: &[u32], count: usize) -> Result<()> {
        self.groups.grow(count);
        if self.what == What::Quantiles && self.shares.is_none() && !groups.is_empty() {
            self.note_shares(args)?;
        }
        let values = argument(args, 0)?;
        let mut taken: Vec<u64> = Vec::new();
        let elements = values.array().as_list_opt::<i32>();
        for (row, group) in groups.iter().enumerate() {
            let places = self.groups.of(*group)?;
            if values.is_null(row) && self.what != What::All || self.what == What::First && places.is_some() {
                continue;
            }
            let at = values.index(row);
            let range = match (self.what, elements) {
                (What::Elements, Some(lists)) => {
                    let at = |at| lists.value_offsets().get(at).and_then(|it| u64::try_from(*it).ok());
                    at(values.index(row)).unwrap_or_default()..at(values.index(row) + 1).unwrap_or_default()
                }
                _ => at as u64..at as u64 + 1,
            };
            let start = self.length + taken.len() as u64;
            taken.extend(range);
            let end = self.length + taken.len() as u64;
            places.get_or_insert_default().extend(start..end);
        }
        self.kept = self.kept.saturating_add(taken.len());
        check(self.kept, self.most)?;
        let from = match (self.what, elements) {
            (What::Elements, Some(lists)) => Operand::column(lists.values().clone()),
            _ => Operand::column(values.array().clone()),
        };
        if !taken.is_empty() {
            self.length += taken.len() as u64;
            self.pieces.push(from.take(&UInt64Array::from(taken))?.array().clone());
        }
        Ok(())
    }

    fn carry(&mut self, from: u32, to: u32) {
        // Beyond the limit the next update fails.
        if self.kept <= self.most {
            self.groups.carry(from, to);
            let more = self.groups.0.get(to as usize).and_then(Option::as_ref).map_or(0, Vec::len);
            self.kept = self.kept.saturating_add(more);
        }
    }

    fn values(&mut self, range: Range<usize>) -> Result<ArrayRef> {
        check(self.kept, self.most)?;
        let all = self.values_in_one()?;
        if self.what == What::First {
            let first = self.groups.range(range).iter().map(|it| it.as_ref()?.first().copied());
            return take(&all, &first.collect());
        }
        if self.what == What::Quantiles {
            self.quantiles(&all, range.clone())?;
        }
        let groups = self.groups.range(range);
        let nulls: NullBuffer = groups.iter().map(Option::is_some).collect();
        let lengths: Vec<_> = groups.iter().map(|it| it.as_ref().map_or(0, Vec::len)).collect();
        let places: Vec<u64> = groups.iter().flatten().flatten().copied().collect();
        let values = take(&all, &UInt64Array::from(places))?;
        let field = Arc::new(arrow_schema::Field::new_list_field(self.data_type.storage(), true));
        ListArray::try_new(field, OffsetBuffer::from_lengths(lengths), values, Some(nulls))
            .map(|array| Arc::new(array) as ArrayRef)
            .map_err(|error| Error::new(Code::Internal, "an array cannot be built").detail(error))
    }
}

fn check(kept: usize, most: usize) -> Result<()> {
    match kept <= most {
        true => Ok(()),
        false => Err(Error::new(
            Code::LimitExceeded,
            format!("an aggregate function would collect more than {most} values"),
        )
        .hint("add LIMIT inside its parentheses, or leave ORDER BY out of OVER")),
    }
}
