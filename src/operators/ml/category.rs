//! Values that encoders do not know, and the error that says so.

use anyhow::{Context as _, Result};

use crate::limits::LISTED_CATEGORIES;
use crate::onnx::failure::UnknownCategory;
use crate::onnx::pb::NodeProto;
use crate::tensor::{ElementType, Tensor};

/// The categories that an encoder knows, for errors.
#[derive(Debug)]
pub(super) struct Known {
    /// Some of them, as SQL writes them.
    list: String,
    /// The name of the tensor whose values are looked up.
    tensor: String,
}

impl Known {
    /// The first `count` of `categories`, which `node` knows.
    pub(super) fn new(node: &NodeProto, categories: &Tensor, count: usize) -> Result<Self> {
        let listed = count.min(LISTED_CATEGORIES);
        let mut list = words(categories, 0, listed)?;
        if count > listed {
            list.push(format!("{} more", count - listed));
        }
        let tensor = node.input.first().context("an encoder has an input")?.clone();
        Ok(Self { list: list.join(", "), tensor })
    }

    /// The error for the value of `input` that is first among those without a position in the list.
    pub(super) fn check(&self, input: &Tensor, positions: &[Option<usize>]) -> Result<()> {
        let Some(at) = positions.iter().position(Option::is_none) else { return Ok(()) };
        // Default: a tensor without axes is one row.
        let rows = input.shape().first().copied().unwrap_or(1).max(1);
        let row = at / (input.len() / rows).max(1);
        let value = words(input, at, 1)?.concat();
        Err(UnknownCategory { row, tensor: self.tensor.clone(), value, known: self.list.clone() }.into())
    }
}

/// `count` elements from `start` on, as SQL writes them.
fn words(values: &Tensor, start: usize, count: usize) -> Result<Vec<String>> {
    let values = values.take_runs(&[start], count, vec![count])?;
    let text = |text: String| format!("'{}'", text.replace('\'', "\\'"));
    Ok(match values.element() {
        ElementType::String => values.to_vec::<String>()?.into_iter().map(text).collect(),
        element if element.is_float() => values.to_vec::<f64>()?.iter().map(ToString::to_string).collect(),
        _ => values.to_vec::<i64>()?.iter().map(ToString::to_string).collect(),
    })
}
