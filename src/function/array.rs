//! Functions over arrays. Source: GoogleSQL, "Array functions".

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::{Array, Int64Array};

use super::{Function, Signature, Type};
use crate::diag::{Code, Error};

pub(super) const FUNCTIONS: &[Function] = &[Function {
    name: "ARRAY_LENGTH",
    signatures: &[Signature {
        args: &[Type::Array],
        returns: Type::Int64,
        kernel: |call| {
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
        },
    }],
    stage: None,
}];
