//! IN: a value among others.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::{Array, ArrayRef, BooleanArray, UInt64Array};
use arrow_buffer::BooleanBuffer;

use super::super::Call;
use super::compare::equal;
use super::logic::{joined, known};
use crate::data::{DataType, Operand, concat, take};
use crate::diag::{Code, Error, Result};

/// More constants than this are looked up in a sorted list; fewer are compared one after another.
const FEW: usize = 4;

/// `value IN (item, …)`.
pub(super) fn among_values(call: &Call<'_>) -> Result<ArrayRef> {
    let data_type = element_type(call)?;
    let Some((value, items)) = call.args.split_first() else { return Err(layout()) };
    if items.len() > FEW && items.iter().all(Operand::is_constant) && data_type.is_orderable() {
        let items: Vec<_> = items.iter().map(|item| item.array().clone()).collect();
        return looked_up(value, &concat(&items)?, data_type, call.rows);
    }
    let same =
        items.iter().map(|item| Ok(Operand::column(Arc::new(equal(value, item, data_type, call.rows)?))));
    Ok(Arc::new(joined(&same.collect::<Result<Vec<_>>>()?, call.rows, false)?))
}

/// `value IN UNNEST(array)`; a NULL array is empty.
pub(super) fn among_elements(call: &Call<'_>) -> Result<ArrayRef> {
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
        return looked_up(value, &lists.values().slice(range.start, range.len()), data_type, call.rows);
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
        let answers = rest.by_ref().take(elements(row).len());
        answers.fold(Some(false), |any, it| {
            if any == Some(true) || it == Some(true) { Some(true) } else { any.and(it) }
        })
    });
    Ok(Arc::new(answers.collect::<BooleanArray>()))
}

fn element_type<'a>(call: &'a Call<'_>) -> Result<&'a DataType> {
    call.types.first().ok_or_else(layout)
}

/// Looks every value up among `items`: TRUE where it is found, NULL where it is not and an item is NULL.
fn looked_up(value: &Operand, items: &ArrayRef, data_type: &DataType, rows: usize) -> Result<ArrayRef> {
    let has_nulls = items.null_count() > 0;
    let items = Operand::column(items.clone());
    let given = (0..items.array().len()).filter(|at| !items.is_null(*at));
    let found = if matches!(data_type, DataType::String | DataType::Bytes) {
        let (values, items) = (value.blobs()?, items.blobs()?);
        let mut sorted: Vec<_> = given.map(|at| items.at(at)).collect();
        sorted.sort_unstable();
        BooleanBuffer::collect_bool(rows, |row| sorted.binary_search(&values.at(row)).is_ok())
    } else {
        let (values, items) = (digests(value, data_type)?, digests(&items, data_type)?);
        let mut sorted: Vec<_> = given.filter_map(&*items).collect();
        sorted.sort_unstable();
        BooleanBuffer::collect_bool(rows, |row| {
            values(row).is_some_and(|it| sorted.binary_search(&it).is_ok())
        })
    };
    let no_items = items.array().is_empty();
    let valid = value
        .nulls(rows)
        .filter(|_| !no_items)
        .map_or_else(|| BooleanBuffer::new_set(rows), |it| it.into_inner());
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
