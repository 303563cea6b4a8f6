//! IN: whether a value is one of a list.

use std::cell::RefCell;
use std::sync::Arc;

use arrow_array::{Array, ArrayRef, BooleanArray};
use arrow_buffer::{BooleanBuffer, NullBuffer, i256};

use super::super::BatchCall;
use super::super::array_view::ArrayView;
use super::compare::equal;
use super::logic::{joined, known};
use crate::data::{DataType, Operand, concat, take};
use crate::diag::{Error, Invariant, Result, ensure};

/// More constants than this are looked up in a sorted list; fewer are compared one after another.
const FEW: usize = 4;

/// `value IN (item, …)`.
pub(super) fn among_values(call: &BatchCall<'_>) -> Result<ArrayRef> {
    let data_type = call.arg_type(0)?;
    let (value, items) = call.args.split_first().invariant("the value of IN")?;
    if items.len() > FEW && items.iter().all(Operand::is_constant) && data_type.is_orderable() {
        let items: Vec<_> = items.iter().map(|item| item.array().clone()).collect();
        let items = concat(&items)?;
        return looked_up(call, value, &items, &items, data_type);
    }
    let same =
        items.iter().map(|item| Ok(Operand::column(Arc::new(equal(value, item, data_type, call.rows)?))));
    Ok(Arc::new(joined(&same.collect::<Result<Vec<_>>>()?, call.rows, false)?))
}

/// `value IN UNNEST(array)`; a NULL array is empty.
pub(super) fn among_elements(call: &BatchCall<'_>) -> Result<ArrayRef> {
    let data_type = call.arg_type(0)?;
    let (value, arrays) = (call.arg(0)?, call.arg(1)?);
    let view = ArrayView::new(arrays)?;
    if arrays.is_constant() && data_type.is_orderable() {
        let range = view.range(0);
        let items = view.values().slice(range.start, range.len());
        return looked_up(call, value, &items, arrays.array(), data_type);
    }
    // Every value beside every element of its row's array.
    let (mut of_values, mut of_elements) = (Vec::new(), Vec::new());
    for row in 0..call.rows {
        for element in view.range(row) {
            of_values.push(value.index(row) as u64);
            of_elements.push(element as u64);
        }
    }
    let pairs = of_values.len();
    let left = Operand::column(take(value.array(), &of_values.into())?);
    let right = Operand::column(take(view.values(), &of_elements.into())?);
    let same = equal(&left, &right, data_type, pairs)?;
    ensure(same.len() == pairs, "every pair is compared")?;
    let mut same = same.iter();
    let answers = (0..call.rows).map(|row| {
        let mut any = Some(false);
        for answer in same.by_ref().take(view.range(row).len()) {
            any = if any == Some(true) || answer == Some(true) { Some(true) } else { any.and(answer) };
        }
        any
    });
    Ok(Arc::new(answers.collect::<BooleanArray>()))
}

/// Values in order, to look others up in.
#[derive(Debug)]
pub(in crate::function) enum SortedList {
    /// Numbers that stand for values.
    Digests(Vec<u64>),
    /// The units of NUMERIC or BIGNUMERIC.
    Decimals(Vec<i256>),
    /// Positions of strings or bytes among all.
    Positions(Vec<usize>),
}

impl SortedList {
    fn new(items: &Operand, data_type: &DataType) -> Result<Self> {
        let given = (0..items.array().len()).filter(|position| !items.is_null(*position));
        if matches!(data_type, DataType::String | DataType::Time | DataType::Bytes) {
            let bytes = items.bytes()?;
            let mut positions: Vec<_> = given.collect();
            positions.sort_unstable_by(|a, b| bytes.at(*a).cmp(bytes.at(*b)));
            return Ok(Self::Positions(positions));
        }
        if data_type.decimal_scale().is_some() {
            let decimals = items.decimals()?;
            let mut units: Vec<_> = given.map(|position| decimals.at(position)).collect();
            units.sort_unstable();
            return Ok(Self::Decimals(units));
        }
        // NaN is left out: nothing equals it.
        let mut digests: Vec<_> = given.filter_map(&*digests(items, data_type)?).collect();
        digests.sort_unstable();
        Ok(Self::Digests(digests))
    }

    /// Which of `rows` values stand among the items.
    fn find(
        &self,
        value: &Operand,
        items: &Operand,
        data_type: &DataType,
        rows: usize,
    ) -> Result<BooleanBuffer> {
        Ok(match self {
            Self::Digests(sorted) => {
                let values = digests(value, data_type)?;
                let found = |row| values(row).is_some_and(|value| sorted.binary_search(&value).is_ok());
                BooleanBuffer::collect_bool(rows, found)
            }
            Self::Decimals(sorted) => {
                let values = value.decimals()?;
                BooleanBuffer::collect_bool(rows, |row| sorted.binary_search(&values.at(row)).is_ok())
            }
            Self::Positions(sorted) => {
                let (values, items) = (value.bytes()?, items.bytes()?);
                let found = |row| {
                    let order = |position: &usize| items.at(*position).cmp(values.at(row));
                    sorted.binary_search_by(order).is_ok()
                };
                BooleanBuffer::collect_bool(rows, found)
            }
        })
    }
}

/// The latest array that values were looked up in, and the array in order: every batch asks for the same one.
pub(in crate::function) type InListCache = RefCell<Option<(ArrayRef, Arc<SortedList>)>>;

/// Looks every value up among `items`, the elements of `whole`: TRUE where it is found, NULL where it is not and an item
/// is NULL.
fn looked_up(
    call: &BatchCall<'_>,
    value: &Operand,
    items: &ArrayRef,
    whole: &ArrayRef,
    data_type: &DataType,
) -> Result<ArrayRef> {
    let rows = call.rows;
    let (no_items, has_nulls) = (items.is_empty(), items.null_count() > 0);
    let items = Operand::column(items.clone());
    let mut latest = call.env.in_list.borrow_mut();
    let sorted = match &*latest {
        Some((array, sorted)) if Arc::ptr_eq(array, whole) => sorted.clone(),
        _ => Arc::new(SortedList::new(&items, data_type)?),
    };
    let found = sorted.find(value, &items, data_type, rows)?;
    *latest = Some((whole.clone(), sorted));
    let nulls = value.nulls(rows).filter(|_| !no_items);
    let valid = nulls.map_or_else(|| BooleanBuffer::new_set(rows), NullBuffer::into_inner);
    let trues = &found & &valid;
    let falses = if has_nulls { BooleanBuffer::new_unset(rows) } else { &!&found & &valid };
    Ok(Arc::new(known(trues, &falses)))
}

/// Numbers that are equal where values are; `None` for NaN, which equals nothing.
fn digests<'a>(operand: &'a Operand, data_type: &DataType) -> Result<Box<dyn Fn(usize) -> Option<u64> + 'a>> {
    Ok(match data_type {
        DataType::Int64 => {
            let view = operand.ints()?;
            Box::new(move |row| Some(view.at(row).cast_unsigned()))
        }
        DataType::Timestamp | DataType::Datetime => {
            let view = operand.timestamps()?;
            Box::new(move |row| Some(view.at(row).cast_unsigned()))
        }
        DataType::Date => {
            let view = operand.dates()?;
            Box::new(move |row| Some(u64::from(view.at(row).cast_unsigned())))
        }
        DataType::Bool => {
            let view = operand.bools()?;
            Box::new(move |row| Some(u64::from(view.at(row))))
        }
        DataType::Float64 => {
            let view = operand.floats()?;
            // -0.0 becomes 0.0.
            Box::new(move |row| Some(view.at(row) + 0.0).filter(|value| !value.is_nan()).map(f64::to_bits))
        }
        DataType::String
        | DataType::Time
        | DataType::Json
        | DataType::Interval
        | DataType::Bytes
        | DataType::Numeric
        | DataType::BigNumeric
        | DataType::Array(_)
        | DataType::Struct(_)
        | DataType::Tensor
        | DataType::Picture
        | DataType::IntegerPicture => {
            return Err(Error::internal(format!("values of type {data_type} have no digest")));
        }
    })
}
