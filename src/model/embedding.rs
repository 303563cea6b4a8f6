//! A text's embedding: the one vector that an output of the model has for it, or that is made of those of its tokens.

use std::ops::Range;
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{Float32Type, Float64Type, Int64Type};
use arrow_array::{ArrayRef, Float64Array};

use super::Model;
use super::inputs::PAIR;
use super::options::NullHandling;
use super::outputs::Outputs;
use super::signature::Port;
use crate::data::{DataType, element_range, list_column};
use crate::diag::{Code, Error, Invariant, Result, ensure};

/// The columns of an embedding, by their numbers.
pub(super) const EMBEDDING: usize = 0;
pub(super) const TOKENS: usize = 1;
pub(super) const CUT: usize = 2;

/// Below this, a vector is not scaled to length 1.
const SHORTEST: f64 = 1e-12;

/// What becomes of the vectors of tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pooling {
    /// Their mean.
    Mean,
    /// That of the first token.
    First,
}

/// How an embedding is wanted, and what its columns are called.
pub(crate) struct Wish<'a> {
    /// None for the output that the model has for a text, or else the mean.
    pub(crate) pooling: Option<Pooling>,
    /// Whether vectors have length 1.
    pub(crate) normalize: bool,
    /// How many numbers a vector has, at most those of the output.
    pub(crate) dimensions: Option<usize>,
    /// The column of texts.
    pub(crate) text: &'a str,
    /// The embedding, the number of tokens, and whether the text was cut off.
    pub(crate) outputs: [&'a str; 3],
}

/// How a vector is made of an output.
#[derive(Debug, Clone)]
pub(super) struct Embedding {
    /// The column that it is made of.
    pub(super) source: usize,
    /// None where the output has one vector for a text.
    pooling: Option<Pooling>,
    normalize: bool,
    dimensions: Option<usize>,
}

impl Model {
    /// The same model, which gives the embeddings of texts alone. A text that is NULL has none.
    ///
    /// # Errors
    /// `invalid-option` for a model without a tokenizer, and one whose outputs are no vectors.
    pub(crate) fn embedding(&self, wish: &Wish<'_>) -> Result<Self> {
        if self.texts.is_none() {
            return Err(Error::new(Code::InvalidOption, "the model has no tokenizer, and an embedding is made of a text")
                .hint("give it its file: CREATE MODEL … OPTIONS (MODEL_PATH = …, tokenizer = 'tokenizer.json'), or `registerModel(name, source, { tokenizer })`"));
        }
        let mut options = self.options.clone();
        options.nulls = Some(NullHandling::Null);
        options.read_text_from(wish.text);
        let mut model = Self::new(self.core.clone(), self.files.clone(), &options)?;
        let embedding = Embedding::of(&model.outputs, wish)?;
        let [embeddings, tokens, cut] = wish.outputs;
        model.signature.outputs = vec![
            Port::plain(embeddings, DataType::array(DataType::Float64)),
            Port::plain(tokens, DataType::Int64),
            Port::plain(cut, DataType::Bool),
        ];
        // No column has this name: one that is called so is no second text here.
        model.signature.inputs.iter_mut().filter(|port| port.name == PAIR).for_each(|port| port.name.clear());
        Ok(Self { embedding: Some(embedding), load_time: self.load_time, ..model })
    }
}

impl Embedding {
    fn of(outputs: &Outputs, wish: &Wish<'_>) -> Result<Self> {
        let ports = || outputs.ports.iter().enumerate();
        let is_vector =
            |port: &Port| port.data_type == DataType::array(DataType::Float64) && port.row().len() == 1;
        let tensors = [DataType::Tensor, DataType::tensor_of(DataType::Float64)];
        let is_of_tokens = |port: &Port| tensors.contains(&port.data_type) && port.row().len() == 2;
        let is_called = |port: &Port, words: &[&str]| {
            words.iter().any(|word| port.name.to_ascii_lowercase().contains(word))
        };
        let only = |is_kind: &dyn Fn(&Port) -> bool| {
            let mut found = ports().filter(|(_, port)| is_kind(port));
            found.next().filter(|_| found.next().is_none()).map(|(number, _)| number)
        };
        let named = only(&|port| is_vector(port) && is_called(port, &["embed"]));
        let of_tokens = only(&is_of_tokens)
            .or_else(|| only(&|port| is_of_tokens(port) && is_called(port, &["last_hidden", "token_embed"])));
        let vector = named.or_else(|| only(&is_vector).filter(|_| of_tokens.is_none()));
        let (source, pooling) = match (vector.filter(|_| wish.pooling.is_none()), of_tokens) {
            (Some(vector), _) => (vector, None),
            (None, Some(of_tokens)) => (of_tokens, Some(wish.pooling.unwrap_or(Pooling::Mean))),
            (None, None) => {
                let list: Vec<_> =
                    outputs.ports.iter().map(|port| format!("`{}` {}", port.name, port.data_type)).collect();
                let what = if wish.pooling.is_some() {
                    "with vectors of tokens"
                } else {
                    "that can be an embedding"
                };
                return Err(Error::new(Code::InvalidOption, format!("the model has not one output {what}"))
                    .hint(format!("its outputs are {}; ML.PREDICT gives them all", list.join(", "))));
            }
        };
        Ok(Self { source, pooling, normalize: wish.normalize, dimensions: wish.dimensions })
    }

    /// The embeddings of texts whose `output` is this, and of whose `length` tokens these are their `own`.
    ///
    /// # Errors
    /// `model-failed` for an output without a vector for each token.
    pub(super) fn vectors(&self, output: &ArrayRef, own: &[Range<usize>], length: usize) -> Result<ArrayRef> {
        let mut vectors = Vec::with_capacity(own.len());
        for (row, own) in own.iter().enumerate() {
            let mut vector = match self.pooling {
                None => {
                    let lists = output.as_list_opt::<i32>().invariant("a column of lists")?;
                    let values = lists.values().as_primitive_opt::<Float64Type>().invariant("numbers")?;
                    values
                        .values()
                        .get(element_range(lists, row))
                        .invariant("the numbers of a list")?
                        .to_vec()
                }
                Some(pooling) => pooled(output, row, pooling, own, length)?,
            };
            vector.truncate(self.dimensions.unwrap_or(usize::MAX));
            if self.normalize {
                let size = vector.iter().map(|value| value * value).sum::<f64>().sqrt().max(SHORTEST);
                vector.iter_mut().for_each(|value| *value /= size);
            }
            vectors.push(vector);
        }
        let lengths: Vec<_> = vectors.iter().map(Vec::len).collect();
        let numbers = Arc::new(Float64Array::from(vectors.concat()));
        list_column(lengths, numbers, &DataType::Float64, None)
    }
}

/// One vector of those of a text's tokens.
fn pooled(
    output: &ArrayRef,
    row: usize,
    pooling: Pooling,
    own: &Range<usize>,
    length: usize,
) -> Result<Vec<f64>> {
    let what = "a column of tensors";
    let [shapes, lists] = output.as_struct_opt().invariant(what)?.columns() else {
        return Err(Error::internal(what));
    };
    let (shapes, lists) =
        (shapes.as_list_opt::<i32>().invariant(what)?, lists.as_list_opt::<i32>().invariant(what)?);
    let shape = shapes.value(row);
    let shape = shape.as_primitive_opt::<Int64Type>().invariant(what)?.values();
    let width = match shape.as_ref() {
        [tokens, width] if usize::try_from(*tokens) == Ok(length) => usize::try_from(*width).unwrap_or(0),
        _ => {
            let message =
                format!("expected a vector for each of {length} tokens, the output has the shape {shape:?}");
            return Err(Error::new(Code::ModelFailed, message).in_row(row));
        }
    };
    let values = lists.value(row);
    let values: Vec<f64> = match values.as_primitive_opt::<Float32Type>() {
        Some(floats) => floats.values().iter().copied().map(f64::from).collect(),
        None => values.as_primitive_opt::<Float64Type>().invariant(what)?.values().to_vec(),
    };
    ensure(values.len() == length * width, "as many numbers as the shape says")?;
    let vectors = || values.chunks_exact(width.max(1)).skip(own.start).take(own.len());
    let mut sum = vec![0.0; width];
    let count = match pooling {
        Pooling::Mean => own.len(),
        Pooling::First => own.len().min(1),
    };
    for vector in vectors().take(count) {
        sum.iter_mut().zip(vector).for_each(|(sum, value)| *sum += value);
    }
    // A text without tokens has the vector zero.
    #[expect(clippy::cast_precision_loss, reason = "a text has far fewer tokens than 2^53")]
    let count = count.max(1) as f64;
    sum.iter_mut().for_each(|sum| *sum /= count);
    Ok(sum)
}
