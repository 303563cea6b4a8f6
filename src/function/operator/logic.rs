//! Three-valued logic, on bitmaps.

use std::sync::Arc;

use arrow_array::{ArrayRef, BooleanArray};
use arrow_buffer::{BooleanBuffer, NullBuffer};

use super::super::BatchCall;
use crate::data::Operand;
use crate::diag::Result;

pub(super) fn all_or_any(call: &BatchCall<'_>, all: bool) -> Result<ArrayRef> {
    Ok(Arc::new(joined(call.args, call.rows, all)?))
}

/// AND of `args` if `all`, else OR. One FALSE decides an AND and one TRUE an OR: the others do not matter, not even NULL.
pub(super) fn joined(args: &[Operand], rows: usize, all: bool) -> Result<BooleanArray> {
    let mut trues = if all { BooleanBuffer::new_set(rows) } else { BooleanBuffer::new_unset(rows) };
    let mut falses = !&trues;
    for arg in args {
        let (is_true, is_false) = arg.sides(rows)?;
        if all {
            (trues, falses) = (&trues & &is_true, &falses | &is_false);
        } else {
            (trues, falses) = (&trues | &is_true, &falses & &is_false);
        }
    }
    Ok(known(trues, &falses))
}

/// TRUE and FALSE as given, NULL everywhere else.
pub(super) fn known(trues: BooleanBuffer, falses: &BooleanBuffer) -> BooleanArray {
    let nulls = NullBuffer::new(&trues | falses);
    BooleanArray::new(trues, Some(nulls).filter(|nulls| nulls.null_count() > 0))
}

pub(super) fn not(call: &BatchCall<'_>) -> Result<ArrayRef> {
    let (trues, falses) = call.arg(0)?.sides(call.rows)?;
    Ok(Arc::new(known(falses, &trues)))
}

pub(super) fn is(call: &BatchCall<'_>, wanted: bool) -> Result<ArrayRef> {
    let (trues, falses) = call.arg(0)?.sides(call.rows)?;
    Ok(Arc::new(BooleanArray::new(if wanted { trues } else { falses }, None)))
}

pub(super) fn is_null(call: &BatchCall<'_>, null: bool) -> Result<ArrayRef> {
    let values = match call.arg(0)?.nulls(call.rows) {
        None if null => BooleanBuffer::new_unset(call.rows),
        None => BooleanBuffer::new_set(call.rows),
        Some(nulls) if null => !nulls.inner(),
        Some(nulls) => nulls.into_inner(),
    };
    Ok(Arc::new(BooleanArray::new(values, None)))
}
