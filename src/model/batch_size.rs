//! How many rows one run of the graph takes, by what the file declares of its inputs.

use crate::diag::{Code, Error, Result};
use crate::onnx::{Declared, Dim};

/// How many rows one run takes, by the first dimension of the inputs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum BatchSize {
    /// Any number.
    Any,
    /// Exactly so many; the last run is padded with zeros.
    Fixed(usize),
    /// No dimension counts rows: every input is one vector or number, for one row.
    Unbatched,
}

impl BatchSize {
    /// Reads it from the declared inputs.
    ///
    /// # Errors
    /// `unsupported-model-type` where the inputs disagree.
    pub(super) fn of(inputs: &[Declared]) -> Result<Self> {
        let refuse = |message| Err(Error::new(Code::UnsupportedModelType, message));
        let mut batch_size = Self::Any;
        let mut only_vectors = true;
        for input in inputs {
            let dims = input.dims()?;
            only_vectors &= dims.len() < 2;
            let rows = match dims.first() {
                Some(Dim::Free(_)) => continue,
                Some(Dim::Fixed(rows)) => *rows,
                None => 1,
            };
            batch_size = match batch_size {
                _ if rows == 0 => return refuse(format!("model input `{}` holds nothing", input.name)),
                Self::Fixed(other) if other != rows => {
                    return refuse(format!(
                        "the first dimensions of the model's inputs are {other} and {rows}: they do not count the same rows"
                    ));
                }
                _ => Self::Fixed(rows),
            };
        }
        Ok(if only_vectors && matches!(batch_size, Self::Fixed(2..)) { Self::Unbatched } else { batch_size })
    }

    /// The rows of the tensors in a run that predicts `rows` rows.
    pub(super) fn tensor_rows(self, rows: usize) -> usize {
        match self {
            Self::Any => rows,
            Self::Fixed(rows) => rows,
            Self::Unbatched => 1,
        }
    }
}
