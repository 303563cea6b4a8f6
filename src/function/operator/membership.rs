//! IN: a value among others.

use std::cell::RefCell;
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::{Array, ArrayRef, BooleanArray, UInt64Array};
use arrow_buffer::{BooleanBuffer, NullBuffer};

use super::super::BatchCall;
use super::compare::equal;
use super::logic::{joined, known};
use crate::data::{DataType, Operand, concat, take};
use crate::diag::{Code, Error, Result};

/// More constants than this are looked up in a sorted list; fewer are compared one after another.
const FEW: usize = 4;

/// `value IN (item, …)`.
pub(super) fn among_values(call: &BatchCall<'_>) -> Result<ArrayRef> {
    let data_type = element_type(call)?;
    let Some((value, items)) = call.args.split_first() else { return Err(layout()) };
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
    let data_type = element_type(call)?;
    let (value, arrays) = (call.arg(0)?, call.arg(1)?);
    let lists = arrays.array().as_list_opt::<i32>().ok_or_else(layout)?;
    let elements = |row: usize| {
        let at = arrays.index(row);
        let ends = (lists.value_offsets().get(at), lists.value_offsets().get(at + 1));
        match ends {
            (Some(start), Some(end)) if !arrays.is_null(row) => *start as usize..*end as usize,
            _ => 0..0,
        }
    };
    if arrays.is_constant() && data_type.is_orderable() {
        let range = elements(0);
        let items = lists.values().slice(range.start, range.len());
        return looked_up(call, value, &items, arrays.array(), data_type);
    }
    let pairs = |pick: &dyn Fn(usize, usize) -> usize| -> UInt64Array {
        (0..call.rows).flat_map(|row| elements(row).map(move |at| pick(row, at) as u64)).collect()
    };
    let places = pairs(&|row, _| value.index(row));
    let left = Operand::column(take(value.array(), &places)?);
    let right = Operand::column(take(lists.values(), &pairs(&|_, at| at))?);
    let same = equal(&left, &right, data_type, places.len())?;
    let mut rest = same.iter();
    let answers = (0..call.rows).map(|row| {
        let mut any = Some(false);
        for answer in rest.by_ref().take(elements(row).len()) {
            any = if any == Some(true) || answer == Some(true) { Some(true) } else { any.and(answer) };
        }
        any
    });
    Ok(Arc::new(answers.collect::<BooleanArray>()))
}

fn element_type<'a>(call: &'a BatchCall<'_>) -> Result<&'a DataType> {
    call.types.first().ok_or_else(layout)
}

/// Values in order, to look others up in.
#[derive(Debug)]
pub(in crate::function) enum Sorted {
    /// Numbers that stand for values.
    Digests(Vec<u64>),
    /// Where texts or bytes stand among all.
    Places(Vec<usize>),
}

impl Sorted {
    fn new(items: &Operand, data_type: &DataType) -> Result<Self> {
        let given = (0..items.array().len()).filter(|at| !items.is_null(*at));
        if matches!(data_type, DataType::String | DataType::Bytes) {
            let blobs = items.blobs()?;
            let mut places: Vec<_> = given.collect();
            places.sort_unstable_by(|a, b| blobs.at(*a).cmp(blobs.at(*b)));
            return Ok(Self::Places(places));
        }
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
                let found = |row| values(row).is_some_and(|it| sorted.binary_search(&it).is_ok());
                BooleanBuffer::collect_bool(rows, found)
            }
            Self::Places(sorted) => {
                let (values, items) = (value.blobs()?, items.blobs()?);
                let found = |row| sorted.binary_search_by(|at| items.at(*at).cmp(values.at(row))).is_ok();
                BooleanBuffer::collect_bool(rows, found)
            }
        })
    }
}

/// The latest array that values were looked up in, and the array in order: every batch asks for the same one.
pub(in crate::function) type Latest = RefCell<Option<(ArrayRef, Arc<Sorted>)>>;

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
    let mut latest = call.env.latest.borrow_mut();
    let sorted = match &*latest {
        Some((array, sorted)) if Arc::ptr_eq(array, whole) => sorted.clone(),
        _ => Arc::new(Sorted::new(&items, data_type)?),
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
        DataType::Timestamp => {
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
            Box::new(move |row| Some(view.at(row) + 0.0).filter(|it| !it.is_nan()).map(f64::to_bits))
        }
        _ => return Err(layout()),
    })
}

fn layout() -> Error {
    Error::new(Code::Internal, "IN takes a value and others of its type")
}
