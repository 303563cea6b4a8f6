//! The declarations for readers: the reference page and `INFORMATION_SCHEMA.ROUTINES`.

use super::{Function, Returns, TABLE_FUNCTIONS, TEMPLATES, functions, operator};

/// A function or operator, as its declaration says.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct FunctionInfo {
    /// As users write it.
    pub name: &'static str,
    /// Where it may stand: `SCALAR`, `AGGREGATE`, `WINDOW`, `TABLE`, or `OPERATOR`.
    pub kind: &'static str,
    /// The ways to call it, such as `ROUND(FLOAT64 [, INT64])`, with what they give where it does not depend on the call.
    pub forms: Vec<String>,
    /// A description in one line.
    pub doc: &'static str,
}

/// Every table function, every function by topic, every operator.
pub fn listing() -> impl Iterator<Item = FunctionInfo> {
    let functions = functions()
        .filter(|function| !function.doc.is_empty())
        .map(|function| info(function, function.kind()));
    let tables = TABLE_FUNCTIONS.iter().map(|function| FunctionInfo {
        name: function.name,
        kind: "TABLE",
        forms: vec![function.form.into()],
        doc: function.doc,
    });
    let templates =
        TEMPLATES.iter().filter(|template| !template.form.is_empty()).map(|template| FunctionInfo {
            name: template.name,
            kind: if template.aggregate { "AGGREGATE" } else { "SCALAR" },
            forms: vec![template.form.into()],
            doc: template.doc,
        });
    tables
        .chain(functions)
        .chain(templates)
        .chain(operator::OPERATORS.iter().map(|operator| info(operator, "OPERATOR")))
}

fn info(function: &Function, kind: &'static str) -> FunctionInfo {
    let forms = function.signatures.iter().map(|signature| match signature.returns {
        Returns::Type(returns) => format!("{} → {}", signature.form(function), returns.name()),
        Returns::Infer(_) => signature.form(function),
    });
    FunctionInfo { name: function.name, kind, forms: forms.collect(), doc: function.doc }
}
