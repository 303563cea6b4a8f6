//! The declarations as people look them up: for the reference page and `INFORMATION_SCHEMA.ROUTINES`.

use super::{Function, Returns, TABLE_FUNCTIONS, functions, operator};

/// A function or operator, as its declaration says.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct FunctionInfo {
    /// As users write it; operators by their sign.
    pub name: &'static str,
    /// Where it may stand: `SCALAR`, `AGGREGATE`, `WINDOW`, `TABLE`, or `OPERATOR`.
    pub kind: &'static str,
    /// The ways to call it, such as `ROUND(FLOAT64 [, INT64])`, with what they give where it does not depend on the call.
    pub forms: Vec<String>,
    /// What it is, in one line.
    pub doc: &'static str,
}

/// Every function by topic, those that give rows first, then every operator.
pub fn listing() -> impl Iterator<Item = FunctionInfo> {
    let functions = functions().map(|it| info(it, it.kind()));
    let tables = TABLE_FUNCTIONS.iter().map(|it| FunctionInfo {
        name: it.name,
        kind: "TABLE",
        forms: vec![it.form.into()],
        doc: it.doc,
    });
    tables.chain(functions).chain(operator::OPERATORS.iter().map(|it| info(it, "OPERATOR")))
}

fn info(function: &Function, kind: &'static str) -> FunctionInfo {
    let forms = function.signatures.iter().map(|it| match it.returns {
        Returns::Type(returns) => format!("{} → {}", it.form(function), returns.name()),
        Returns::Infer(_) => it.form(function),
    });
    FunctionInfo { name: function.name, kind, forms: forms.collect(), doc: function.doc }
}
