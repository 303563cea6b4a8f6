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

/// The type of every value, `None` for NULL, under its name where it has one.
pub(crate) type Types = Vec<(Option<String>, Option<DataType>)>;

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

    /// The type of every value: what a plan depends on.
    pub(crate) fn types(&self) -> Types {
        let typed = |(name, value): (Option<&str>, &Scalar)| (name.map(str::to_owned), value.data_type());
        (0..).map_while(|place| self.at(place)).map(typed).collect()
    }

    /// Whether these are the types of the values.
    pub(crate) fn are_of(&self, types: &Types) -> bool {
        let mut places = (0..).map_while(|place| self.at(place));
        let is_one = |(name, data_type): &(Option<String>, Option<DataType>)| {
            places
                .next()
                .is_some_and(|(found, value)| found == name.as_deref() && value.data_type() == *data_type)
        };
        types.iter().all(is_one) && places.next().is_none()
    }

    /// The value at this place, and its name where it has one.
    fn at(&self, place: usize) -> Option<(Option<&str>, &Scalar)> {
        match self {
            Self::Positional(values) => Some((None, values.get(place)?)),
            Self::Named(values) => values.get(place).map(|(name, value)| (Some(name.as_str()), value)),
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
