//! Checks that values have the length or the digits that a type with parameters takes: the binder calls them around CASTs
//! and in front of tables, and no text can.

use arrow_array::ArrayRef;

use super::{BatchCall, Function, Signature, Type};
use crate::data::{Bounds, DataType};
use crate::diag::{Invariant, Result};

use Type::{BigNumeric, Bytes, Int64, Numeric, String};

const DOC: &str = "The value, if it fits a type with these parameters.";

static CHECKS: [Function; 4] = [
    Function::new("STRING", DOC, &[Signature::scalar(&[String, Int64], String, check)]),
    Function::new("BYTES", DOC, &[Signature::scalar(&[Bytes, Int64], Bytes, check)]),
    Function::new("NUMERIC", DOC, &[Signature::scalar(&[Numeric, Int64, Int64], Numeric, check)]),
    Function::new("BIGNUMERIC", DOC, &[Signature::scalar(&[BigNumeric, Int64, Int64], BigNumeric, check)]),
];

/// The check for values of a type.
pub(crate) fn bounds_check(data_type: &DataType) -> Option<&'static Function> {
    let [string, bytes, numeric, big_numeric] = &CHECKS;
    match data_type {
        DataType::String => Some(string),
        DataType::Bytes => Some(bytes),
        DataType::Numeric => Some(numeric),
        DataType::BigNumeric => Some(big_numeric),
        _ => None,
    }
}

fn check(call: &BatchCall<'_>) -> Result<ArrayRef> {
    let (value, parameters) = call.args.split_first().invariant("the value of a check")?;
    let parameters = parameters.iter().map(|parameter| {
        let number = parameter.ints()?.get(0);
        number.invariant("a parameter of a type is a number")
    });
    let bounds = Bounds::new(call.returns, &parameters.collect::<Result<Vec<_>>>()?)?;
    bounds.apply(value.array(), call.returns)
}
