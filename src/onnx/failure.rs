//! Errors of operators and runners as diagnostics: our words in front, their chain of causes as the detail.

use crate::diag::{Code, Error};

/// The bytes of the file are not the messages of a model.
pub(crate) fn decode(error: impl std::fmt::Display) -> Error {
    Error::new(Code::InvalidModel, "the model file cannot be decoded").detail(error)
}

/// The graph was refused.
pub(crate) fn load(error: anyhow::Error) -> Error {
    Error::new(Code::InvalidModel, "the model's graph does not hold together").detail(chain(&error))
}

/// A plan failed while it ran.
pub(crate) fn run(error: anyhow::Error) -> Error {
    Error::new(Code::ModelFailed, "the model failed on these rows").detail(chain(&error))
}

fn chain(error: &anyhow::Error) -> String {
    format!("{error:#}")
}
