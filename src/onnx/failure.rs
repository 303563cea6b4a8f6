//! Errors of operators and graphs as diagnostics: our words in front, their chain of causes as the detail.

use std::fmt;

use crate::diag::{Code, Error};

/// The bytes of the file are not the messages of a model.
pub(crate) fn decode(error: impl std::fmt::Display) -> Error {
    Error::new(Code::InvalidModel, "the model file cannot be decoded").detail(error)
}

/// The graph was refused.
pub(crate) fn load(error: anyhow::Error) -> Error {
    Error::new(Code::InvalidModel, "the model's graph does not hold together").detail(chain(&error))
}

/// A value that is none of the categories which an encoder knows.
#[derive(Debug)]
pub(crate) struct UnknownCategory {
    /// The row of the tensor that holds it.
    pub(crate) row: usize,
    /// The name of the tensor.
    pub(crate) tensor: String,
    /// The value as SQL writes it.
    pub(crate) value: String,
    /// Some of the categories, as SQL writes them.
    pub(crate) known: String,
}

impl fmt::Display for UnknownCategory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} is of no category", self.value)
    }
}

impl std::error::Error for UnknownCategory {}

/// A plan failed while it ran. `column` says which column the values of an encoder's tensor are from.
pub(crate) fn of_plan(error: anyhow::Error, column: impl Fn(&str) -> Option<String>) -> Error {
    let Some(UnknownCategory { row, tensor, value, known }) = error.downcast_ref() else {
        return run(error);
    };
    let column = column(tensor).unwrap_or_else(|| "a value inside of the model".into());
    Error::new(Code::ModelFailed, format!("{column} is {value}, a category that the model does not know"))
        .hint(format!("it knows {known}"))
        .in_row(*row)
}

/// The model failed while it ran.
pub(crate) fn run(error: anyhow::Error) -> Error {
    Error::new(Code::ModelFailed, format!("the model failed: {}", error.root_cause()))
        .detail(chain(&error))
        .hint("change the values of the row, or leave it out with WHERE")
}

fn chain(error: &anyhow::Error) -> String {
    format!("{error:#}")
}
