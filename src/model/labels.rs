//! Names of classes, in the order of a model's scores.

use std::sync::Arc;

use arrow_array::{ArrayRef, Int64Array, StringArray};

use crate::data::{DataType, Scalar};
use crate::diag::{Code, Error, Invariant, Result};
use crate::json;
use crate::onnx::Labels;

impl Labels {
    /// The labels in a list of texts or whole numbers.
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
        let labels: Vec<String> = if text.trim_start().starts_with('[') {
            let list =
                json::read_text(text.as_bytes()).map_err(|error| invalid("cannot be read").detail(error))?;
            let not_texts = || invalid("holds something else than texts");
            let items = list.items().ok_or_else(not_texts)?;
            items
                .iter()
                .map(|item| item.text().map(str::to_owned))
                .collect::<Option<_>>()
                .ok_or_else(not_texts)?
        } else {
            text.lines().map(|line| line.trim().to_owned()).collect()
        };
        if labels.is_empty() { Err(invalid("is empty")) } else { Ok(Self::Strings(labels)) }
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

    /// A column of the labels of `classes`, NULL for none.
    ///
    /// # Errors
    /// `internal` where a class has no label.
    pub(super) fn column(&self, classes: impl Iterator<Item = Option<usize>>) -> Result<ArrayRef> {
        let what = "a label for each class";
        Ok(match self {
            Self::Strings(labels) => {
                let text = |class: usize| labels.get(class).map(String::as_str).invariant(what);
                Arc::new(classes.map(|class| class.map(text).transpose()).collect::<Result<StringArray>>()?)
            }
            Self::Ints(labels) => {
                let int = |class: usize| labels.get(class).copied().invariant(what);
                Arc::new(classes.map(|class| class.map(int).transpose()).collect::<Result<Int64Array>>()?)
            }
        })
    }
}
