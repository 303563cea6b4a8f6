//! Names of classes, in the order of a model's scores.

use std::sync::Arc;

use arrow_array::{ArrayRef, Int64Array, StringArray};

use crate::data::{DataType, Scalar};
use crate::diag::{Code, Error, Result};
use crate::json;
use crate::onnx::Labels;

impl Labels {
    /// The labels that a list of texts or whole numbers holds.
    pub(super) fn of(list: &Scalar) -> Option<Self> {
        let Scalar::Array(_, items) = list else { return None };
        let text = |item: &Scalar| if let Scalar::String(text) = item { Some(text.clone()) } else { None };
        let int = |item: &Scalar| if let Scalar::Int64(int) = item { Some(*int) } else { None };
        match items.first()? {
            Scalar::Int64(_) => items.iter().map(int).collect::<Option<_>>().map(Self::Ints),
            _ => items.iter().map(text).collect::<Option<_>>().map(Self::Strings),
        }
    }

    /// The labels of a file: a line each, or a JSON list of texts.
    pub(super) fn read(bytes: &[u8]) -> Result<Self> {
        let invalid = |message: &str| {
            Error::new(Code::InvalidOption, format!("the file of labels {message}"))
                .hint("write a label on each line, or a JSON list of texts")
        };
        let text = std::str::from_utf8(bytes).map_err(|_| invalid("is not UTF-8 text"))?;
        let text = text.trim_start_matches('\u{feff}').trim_end();
        let labels: Vec<String> = match text.trim_start().starts_with('[') {
            true => {
                let list =
                    json::json(text.as_bytes()).map_err(|error| invalid("cannot be read").detail(error))?;
                let texts = list.items().iter().map(|item| item.text().map(str::to_owned));
                texts.collect::<Option<_>>().ok_or_else(|| invalid("holds something else than texts"))?
            }
            false => text.lines().map(|line| line.trim().to_owned()).collect(),
        };
        match labels.is_empty() {
            true => Err(invalid("is empty")),
            false => Ok(Self::Strings(labels)),
        }
    }

    pub(super) fn len(&self) -> usize {
        match self {
            Self::Strings(labels) => labels.len(),
            Self::Ints(labels) => labels.len(),
        }
    }

    pub(super) fn data_type(&self) -> DataType {
        match self {
            Self::Strings(_) => DataType::String,
            Self::Ints(_) => DataType::Int64,
        }
    }

    /// A column of the labels at `places`; NULL where there is none.
    pub(super) fn column(&self, places: impl Iterator<Item = usize>) -> ArrayRef {
        match self {
            Self::Strings(labels) => Arc::new(places.map(|at| labels.get(at)).collect::<StringArray>()),
            Self::Ints(labels) => Arc::new(places.map(|at| labels.get(at).copied()).collect::<Int64Array>()),
        }
    }
}
