//! Overload resolution: choosing the signature of a call.

use super::{Argument, Body, Function, Returns, Signature, Type};
use crate::data::{DataType, Scalar, can_coerce};
use crate::diag::{Code, Error, Invariant, Result};
use crate::syntax::SqlOperator;

/// The signature of a call with its types: arguments are to be converted to `args`.
#[derive(Debug)]
pub(crate) struct Resolved {
    pub(crate) args: Vec<DataType>,
    pub(crate) returns: DataType,
    pub(crate) body: Body,
}

/// The signature of `function` for arguments of these types, `None` standing for a NULL of any type. `literal`
/// gives the value of one that is a constant, and is asked only where the result's type depends on it.
///
/// The signature that needs the fewest coercions wins; of several the first.
///
/// # Errors
/// `no-matching-signature`, with the signatures there are; what the function itself says of its arguments.
pub(crate) fn resolve(
    function: &Function,
    args: &[Option<DataType>],
    literal: &dyn Fn(usize) -> Result<Option<Scalar>>,
) -> Result<Resolved> {
    let fits = function.signatures.iter().filter_map(|signature| fit(signature, args));
    let Some(Fit { signature, settled, variable, .. }) = fits.min_by_key(|fit| fit.coercions) else {
        return Err(mismatch(function, args));
    };
    let returns = match signature.returns {
        Returns::Type(returns) => settle(returns, &variable).invariant("the type of a result")?,
        Returns::Infer(infer) => {
            let argument = |(position, data_type): (usize, &DataType)| {
                Ok(Argument { data_type: data_type.clone(), literal: literal(position)? })
            };
            infer(&settled.iter().enumerate().map(argument).collect::<Result<Vec<_>>>()?)?
        }
    };
    Ok(Resolved { args: settled, returns, body: signature.body })
}

/// A signature that takes the arguments of a call.
struct Fit<'a> {
    signature: &'a Signature,
    /// How many arguments have to be converted.
    coercions: usize,
    /// The types of the arguments.
    settled: Vec<DataType>,
    /// What `T` is.
    variable: DataType,
}

/// How the signature fits; `None` where it does not.
fn fit<'a>(signature: &'a Signature, args: &[Option<DataType>]) -> Option<Fit<'a>> {
    let wanted = expanded(signature, args.len())?;
    let mut variable: Option<DataType> = None;
    for (wanted, found) in wanted.iter().zip(args) {
        // NULL has any type.
        let Some(found) = found else { continue };
        let found = match (wanted, found) {
            (Type::Any, found) => found,
            (Type::Ordered, found) if found.is_orderable() => found,
            (Type::Comparable, found) if found.is_comparable() => found,
            (Type::Array, DataType::Array(element)) => element,
            (
                Type::Struct,
                DataType::Struct(_) | DataType::Tensor | DataType::Picture | DataType::IntegerPicture,
            ) => continue,
            (Type::Ordered | Type::Comparable | Type::Array | Type::Struct, _) => return None,
            _ => continue,
        };
        variable = Some(match variable {
            None => found.clone(),
            Some(earlier) => common_type(&earlier, found)?,
        });
    }
    // A bare NULL is INT64, as in BigQuery.
    let variable = variable.unwrap_or(DataType::Int64);
    let mut coercions = 0;
    let mut settled = Vec::with_capacity(args.len());
    for (wanted, found) in wanted.iter().zip(args) {
        let wanted = settle(*wanted, &variable).or_else(|| found.clone()).unwrap_or(DataType::Int64);
        match found {
            Some(found) if *found != wanted && !can_coerce(found, &wanted) => return None,
            Some(found) => coercions += usize::from(*found != wanted),
            None => {}
        }
        settled.push(wanted);
    }
    Some(Fit { signature, coercions, settled, variable })
}

/// The types of `count` arguments; `None` where the signature does not take that many. An interval counts as two.
fn expanded(signature: &Signature, count: usize) -> Option<Vec<Type>> {
    let mut types = Vec::with_capacity(count);
    for wanted in signature.args {
        match wanted {
            Type::Interval => types.extend([Type::Int64, Type::Part]),
            wanted => types.push(*wanted),
        }
    }
    let least = types.len().checked_sub(signature.optional)?;
    if count < least || (count > types.len() && !signature.variadic) {
        return None;
    }
    match types.last() {
        Some(last) if count > types.len() => types.resize(count, *last),
        _ => types.truncate(count),
    }
    Some(types)
}

/// The type that `wanted` is once `T` is known; `None` where it is that of the argument.
fn settle(wanted: Type, variable: &DataType) -> Option<DataType> {
    match wanted {
        Type::Any | Type::Ordered | Type::Comparable => Some(variable.clone()),
        Type::Array => Some(DataType::array(variable.clone())),
        fixed => fixed.fixed(),
    }
}

/// The type that values of both types are coerced to. Of structs that differ in names alone it is the first one's.
pub(crate) fn common_type(a: &DataType, b: &DataType) -> Option<DataType> {
    if can_coerce(b, a) {
        Some(a.clone())
    } else if can_coerce(a, b) {
        Some(b.clone())
    } else {
        // A picture and the struct of another tensor.
        [a, b].iter().all(|data_type| can_coerce(data_type, &DataType::Tensor)).then_some(DataType::Tensor)
    }
}

#[cold]
fn mismatch(function: &Function, args: &[Option<DataType>]) -> Error {
    let mut found: Vec<_> =
        args.iter().map(|arg| arg.as_ref().map_or_else(|| "NULL".into(), DataType::to_string)).collect();
    // What was written as a date part or an INTERVAL is named so, not by the values that stand for it inside.
    for signature in function.signatures {
        let place = |wanted: Type| signature.args.iter().position(|arg| *arg == wanted);
        if let Some(place) = place(Type::Interval).filter(|place| place + 2 == found.len()) {
            found.splice(place.., ["INTERVAL".to_owned()]);
        } else if let Some(part) = place(Type::Part).and_then(|place| found.get_mut(place))
            && part.as_str() == "STRING"
        {
            *part = "date part".into();
        }
    }
    let forms: Vec<_> = function.signatures.iter().map(|signature| signature.form(function)).collect();
    let what = if function.is_operator() { "operator" } else { "function" };
    Error::new(
        Code::NoMatchingSignature,
        format!("no matching signature for {what} `{}` with ({})", function.name, found.join(", ")),
    )
    .hint(format!("it takes {}; use CAST to convert", forms.join(" or ")))
}

impl Signature {
    /// How a call of `function` is written: `ROUND(FLOAT64 [, INT64])`, `INT64 + INT64`.
    pub(crate) fn form(&self, function: &Function) -> String {
        let name = function.name;
        let types: Vec<_> = self.args.iter().map(|arg| arg.name()).collect();
        if let Some(operator) = function.operator {
            return operator_form(operator, &types);
        }
        let least = types.len().saturating_sub(self.optional);
        let mut text = format!("{name}(");
        for (position, data_type) in types.iter().enumerate() {
            text += match (position, position >= least) {
                (0, false) => "",
                (0, true) => "[",
                (_, false) => ", ",
                (_, true) => " [, ",
            };
            text += data_type;
        }
        text.push_str(if self.variadic { ", …" } else { "" });
        text.push_str(&"]".repeat(self.optional));
        text.push(')');
        text
    }
}

/// How an operator over operands of these types is written.
fn operator_form(operator: SqlOperator, types: &[String]) -> String {
    let sign = operator.as_str();
    match (operator, types) {
        (SqlOperator::Negate, [value]) => format!("-{value}"),
        (SqlOperator::BitNot, [value]) => format!("~{value}"),
        (SqlOperator::Between, [value, low, high]) => format!("{value} BETWEEN {low} AND {high}"),
        (SqlOperator::In, [value, item]) => format!("{value} IN ({item}, …)"),
        (SqlOperator::InUnnest, [value, array]) => format!("{value} IN UNNEST({array})"),
        (SqlOperator::Not, [value]) => format!("NOT {value}"),
        (_, [value]) => format!("{value} {sign}"),
        (_, operands) => operands.join(&format!(" {sign} ")),
    }
}
