//! Functions over arrays. Source: GoogleSQL, "Array functions".

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::{Array, ArrayRef, Int64Array};

use super::{Call, Function, Signature, Type};
use crate::diag::{Code, Error, Result};

pub(super) const FUNCTIONS: &[Function] = &[Function::new(
    "ARRAY_LENGTH",
    "The number of elements.",
    &[Signature::scalar(&[Type::Array], Type::Int64, length)],
)];

fn length(call: &Call<'_>) -> Result<ArrayRef> {
    let operand = call.arg(0)?;
    let list = operand
        .array()
        .as_list_opt::<i32>()
        .ok_or_else(|| Error::new(Code::Internal, "expected an array"))?;
    let lengths = (0..call.rows).map(|row| {
        let at = operand.index(row);
        (at < list.len() && list.is_valid(at)).then(|| i64::from(list.value_length(at)))
    });
    Ok(Arc::new(lengths.collect::<Int64Array>()))
}
