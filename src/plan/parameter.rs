//! Parameters: their values, and their places in a statement that is bound before there are any.

use std::sync::{Arc, OnceLock};

use super::expr::{Expr, ExprKind};
use super::node::{Node, Plan};
use crate::data::{DataType, Scalar};
use crate::diag::{Invariant, Result, Span};
use crate::syntax::ast::Parameter;

/// Values for `@name` and `?`.
#[derive(Debug, Clone)]
pub enum Params {
    /// For `?`, in order.
    Positional(Vec<Scalar>),
    /// For `@name`; names compare without case.
    Named(Vec<(String, Scalar)>),
}

/// What binding knows of the parameters.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Given<'a> {
    /// Nothing, the statement is only checked: every parameter fits everywhere.
    Nothing,
    /// Their types: the values come later, and other values of these types fit the same plan.
    Types(&'a Params),
    Values(&'a Params),
}

/// The place of a parameter in a statement that is bound without its value.
#[derive(Debug)]
pub(crate) struct Slot {
    pub(crate) parameter: Parameter,
    /// Whether its type is that of the value to come; else it fits everywhere.
    pub(crate) is_typed: bool,
    pub(crate) span: Span,
    /// The type that it had to become first.
    wanted: OnceLock<DataType>,
}

impl Default for Params {
    /// No values.
    fn default() -> Self {
        Self::Positional(Vec::new())
    }
}

impl Params {
    /// The value of `parameter`, if there is one.
    pub(crate) fn value(&self, parameter: &Parameter) -> Option<&Scalar> {
        match (parameter, self) {
            (Parameter::Position(index), Self::Positional(values)) => values.get(*index),
            (Parameter::Named(name), Self::Named(values)) => {
                values.iter().find(|(other, _)| other.eq_ignore_ascii_case(name)).map(|(_, value)| value)
            }
            (Parameter::Position(_), Self::Named(_)) | (Parameter::Named(_), Self::Positional(_)) => None,
        }
    }

    /// The type of every value, `None` for NULL, under its name where it has one: what a plan depends on.
    pub(crate) fn types(&self) -> Vec<(Option<String>, Option<DataType>)> {
        match self {
            Self::Positional(values) => values.iter().map(|value| (None, value.data_type())).collect(),
            Self::Named(values) => {
                values.iter().map(|(name, value)| (Some(name.clone()), value.data_type())).collect()
            }
        }
    }
}

impl Slot {
    pub(crate) fn new(parameter: Parameter, is_typed: bool, span: Span) -> Self {
        Self { parameter, is_typed, span, wanted: OnceLock::new() }
    }

    /// Takes note of the type that the parameter has to become.
    pub(crate) fn want(&self, data_type: &DataType) {
        // The first one is what it is declared as; others are reached from there.
        self.wanted.get_or_init(|| data_type.clone());
    }

    /// The type that the statement makes of it; INT64, as for a bare NULL, where nothing tells.
    pub(crate) fn data_type(&self) -> DataType {
        self.wanted.get().cloned().unwrap_or(DataType::Int64)
    }
}

impl Plan {
    /// The plan with these values in the places of its parameters.
    ///
    /// # Errors
    /// `internal` for values of other parameters than those that it was bound with.
    pub(crate) fn with_values(&self, params: &Params) -> Result<Self> {
        let mut plan = self.clone();
        for subplan in &mut plan.subplans {
            fill_node(&mut subplan.root, params)?;
        }
        fill_node(&mut plan.root, params)?;
        Ok(plan)
    }
}

fn fill_node(node: &mut Node, params: &Params) -> Result<()> {
    node.exprs_mut().into_iter().try_for_each(|expr| fill(expr, params))?;
    node.inputs_mut().into_iter().try_for_each(|input| fill_node(input, params))
}

fn fill(expr: &mut Expr, params: &Params) -> Result<()> {
    if let ExprKind::Parameter(slot) = &expr.kind {
        let value = params.value(&slot.parameter).invariant("a parameter of the plan has no value")?;
        expr.kind = ExprKind::Literal(value.clone());
        return Ok(());
    }
    expr.children_mut().into_iter().try_for_each(|child| fill(child, params))
}

/// A place for each parameter, in the order of the text.
pub(crate) fn in_order(mut slots: Vec<Arc<Slot>>) -> Vec<Arc<Slot>> {
    slots.sort_by_key(|slot| slot.span.start);
    slots
}
