//! Choosing the signature that a call means.

use super::{Function, Kernel, Signature, Type};
use crate::data::{DataType, can_coerce};
use crate::diag::{Code, Error, Result};

/// A call with its types settled: arguments are to be converted to `args`.
#[derive(Debug)]
pub(crate) struct Resolved {
    pub(crate) args: Vec<DataType>,
    pub(crate) returns: DataType,
    pub(crate) kernel: Kernel,
}

/// The signature of `function` for arguments of these types, `None` standing for a NULL of any type.
///
/// A signature that fits as it is goes before one that needs a coercion.
///
/// # Errors
/// `no-matching-signature`, with the signatures there are.
pub(crate) fn resolve(function: &Function, args: &[Option<DataType>]) -> Result<Resolved> {
    let fits = function.signatures.iter().filter_map(|signature| fit(signature, args)).min_by_key(|it| it.0);
    fits.map(|(_, resolved)| resolved).ok_or_else(|| mismatch(function, args))
}

/// The settled types and the number of coercions; `None` where the signature does not fit.
fn fit(signature: &Signature, args: &[Option<DataType>]) -> Option<(usize, Resolved)> {
    if signature.args.len() != args.len() {
        return None;
    }
    let mut variable: Option<DataType> = None;
    for (wanted, found) in signature.args.iter().zip(args) {
        let found = match (wanted, found) {
            (_, None) => continue,
            (Type::Any, Some(found)) => found,
            (Type::Ordered, Some(found)) if found.is_orderable() => found,
            (Type::Array, Some(DataType::Array(element))) => element,
            (Type::Ordered | Type::Array, _) => return None,
            (_, Some(_)) => continue,
        };
        variable = Some(match variable {
            None => found.clone(),
            Some(earlier) => common_type(&earlier, found)?,
        });
    }
    let variable = variable.unwrap_or(DataType::Int64);
    let settle = |it: Type| match it {
        Type::Any | Type::Ordered => variable.clone(),
        Type::Array => DataType::array(variable.clone()),
        fixed => fixed.fixed().unwrap_or(DataType::Int64),
    };
    let settled: Vec<_> = signature.args.iter().map(|it| settle(*it)).collect();
    let mut coercions = 0;
    for (found, wanted) in args.iter().zip(&settled) {
        match found {
            Some(found) if found != wanted && !can_coerce(found, wanted) => return None,
            Some(found) => coercions += usize::from(found != wanted),
            None => {}
        }
    }
    Some((
        coercions,
        Resolved { args: settled, returns: settle(signature.returns), kernel: signature.kernel },
    ))
}

/// The type that values of both become without being asked.
fn common_type(a: &DataType, b: &DataType) -> Option<DataType> {
    if can_coerce(a, b) {
        Some(b.clone())
    } else if can_coerce(b, a) {
        Some(a.clone())
    } else {
        None
    }
}

#[cold]
fn mismatch(function: &Function, args: &[Option<DataType>]) -> Error {
    let found: Vec<_> =
        args.iter().map(|it| it.as_ref().map_or_else(|| "NULL".into(), DataType::to_string)).collect();
    let forms: Vec<_> = function.signatures.iter().map(|it| form(function.name, it.args)).collect();
    let what = if function.is_operator() { "operator" } else { "function" };
    Error::new(
        Code::NoMatchingSignature,
        format!("no matching signature for {what} `{}` with ({})", function.name, found.join(", ")),
    )
    .hint(format!("it takes {}; use CAST to convert", forms.join(" or ")))
}

fn form(name: &str, args: &[Type]) -> String {
    let args: Vec<_> = args.iter().map(|it| it.name()).collect();
    match args.as_slice() {
        [left, right] if !name.starts_with(char::is_alphabetic) => format!("{left} {name} {right}"),
        _ => format!("{name}({})", args.join(", ")),
    }
}

impl Function {
    fn is_operator(&self) -> bool {
        super::operator(self.name).is_some()
    }
}
