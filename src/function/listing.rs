//! The declarations as people look them up: for the reference page and `INFORMATION_SCHEMA.ROUTINES`.

use super::{Body, Function, Returns, operator};

/// A function or operator, as its declaration says.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct FunctionInfo {
    /// As users write it; operators by their sign.
    pub name: &'static str,
    /// Where it may stand.
    pub kind: FunctionKind,
    /// The ways to call it, such as `ROUND(FLOAT64 [, INT64])`.
    pub forms: Vec<String>,
    /// What it gives, in one line.
    pub doc: &'static str,
}

/// Where a function may stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum FunctionKind {
    /// Between or before its arguments.
    Operator,
    /// Wherever a value may stand.
    Scalar,
    /// Over the rows of a group, or of a window behind OVER.
    Aggregate,
    /// Behind OVER only.
    Window,
    /// Behind an empty OVER only: it takes statistics over all rows first, which TRANSFORM keeps.
    Preprocessing,
}

/// Every operator and function, by topic.
pub fn listing() -> impl Iterator<Item = FunctionInfo> {
    let operators = operator::OPERATORS.iter().map(|it| info(it, Some(FunctionKind::Operator)));
    operators.chain(super::functions().map(|it| info(it, None)))
}

fn info(function: &Function, kind: Option<FunctionKind>) -> FunctionInfo {
    let of_body = function.signatures.first().map_or(FunctionKind::Scalar, |it| match it.body {
        Body::Scalar(_) | Body::Lazy(_) => FunctionKind::Scalar,
        Body::Aggregate(_) => FunctionKind::Aggregate,
        Body::Ranking(_) => FunctionKind::Window,
        Body::Fit(_) => FunctionKind::Preprocessing,
    });
    let forms = function.signatures.iter().map(|it| match it.returns {
        Returns::Type(returns) => format!("{} → {}", it.form(function.name), returns.name()),
        Returns::Infer(_) => it.form(function.name),
    });
    FunctionInfo {
        name: function.name,
        kind: kind.unwrap_or(of_body),
        forms: forms.collect(),
        doc: function.doc,
    }
}
