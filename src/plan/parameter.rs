//! Parameters: their values, and their places in a statement that is bound before there are any.

use std::sync::{Arc, OnceLock};

use crate::data::{DataType, Scalar};
use crate::diag::{Code, Error, Result, Span};
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

    /// Checks that there are no more values than a text has places for.
    ///
    /// # Errors
    /// `unknown-parameter`.
    pub(crate) fn check_count(&self, positions: usize) -> Result<()> {
        match self {
            Self::Positional(values) if values.len() > positions => {
                let found = values.len();
                let message = format!("expected {positions} values for the places `?`, found {found}");
                Err(Error::new(Code::UnknownParameter, message)
                    .hint("give a value for each `?`, in order, and no others"))
            }
            _ => Ok(()),
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

/// A place for each parameter, in the order of the text.
pub(crate) fn in_order(mut slots: Vec<Arc<Slot>>) -> Vec<Arc<Slot>> {
    slots.sort_by_key(|slot| slot.span.start);
    slots
}
