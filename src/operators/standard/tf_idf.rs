//! `TfIdfVectorizer` of ai.onnx 9: how often known sequences (n-grams) of words or numbers occur.

use std::collections::HashMap;

use anyhow::{Result, bail, ensure, format_err};

use super::{Context, Operator, Shape, only};
use crate::onnx::pb::NodeProto;
use crate::tensor::{ElementType, Tensor, room};

#[derive(Debug)]
pub(super) struct TfIdfVectorizer {
    /// The output column of each n-gram; numbers are kept as text. Every column is below `width`.
    columns: HashMap<Vec<String>, usize>,
    width: usize,
    /// The fewest and the most words of an n-gram.
    lengths: (usize, usize),
    /// The most words that may be skipped between two words of an n-gram.
    skips: usize,
    mode: Mode,
    /// A weight for each column; 1 where none is given.
    weights: Vec<f32>,
}

#[derive(Debug, Clone, Copy)]
enum Mode {
    /// TF: how often the n-gram occurs.
    Count,
    /// IDF: the weight of an n-gram that occurs.
    Weight,
    /// TFIDF: their product.
    Product,
}

impl Operator for TfIdfVectorizer {
    fn parse(_: &Context<'_>, node: &NodeProto) -> Result<Self> {
        let mode = match node.required("mode")? {
            "TF" => Mode::Count,
            "IDF" => Mode::Weight,
            "TFIDF" => Mode::Product,
            other => bail!("there is no mode `{other}`"),
        };
        let pool = match node.optional::<Vec<String>>("pool_strings")? {
            Some(words) if !words.is_empty() => words,
            _ => node.required::<Vec<i64>>("pool_int64s")?.iter().map(i64::to_string).collect(),
        };
        let indexes: Vec<usize> = node.required("ngram_indexes")?;
        let starts: Vec<usize> = node.required("ngram_counts")?;
        let mut lengths = (node.required("min_gram_length")?, node.required("max_gram_length")?);
        ensure!(lengths.0 >= 1, "the shortest sequence has one word");
        let mut columns = HashMap::new();
        let mut next_column = indexes.iter();
        let ends = starts.iter().skip(1).copied().chain([pool.len()]);
        for (length, (start, end)) in (1..).zip(starts.iter().zip(ends)) {
            let words =
                pool.get(*start..end).ok_or_else(|| format_err!("the pool has {} words", pool.len()))?;
            for gram in words.chunks_exact(length) {
                let column = *next_column.next().ok_or_else(|| format_err!("a sequence has no column"))?;
                if (lengths.0..=lengths.1).contains(&length) {
                    columns.insert(gram.to_vec(), column);
                }
            }
        }
        let width = indexes.iter().max().map_or(0, |last| last.saturating_add(1));
        let weights: Vec<f32> = node.list("weights")?;
        ensure!(
            weights.is_empty() || weights.len() >= width,
            "{} weights do not fit {width} columns",
            weights.len()
        );
        // No longer sequence is known.
        lengths.1 = lengths.1.min(starts.len());
        Ok(Self { columns, width, lengths, skips: node.required("max_skip_count")?, mode, weights })
    }

    fn outputs(&self, inputs: &[Shape]) -> Result<Vec<Shape>> {
        let (_, shape) = only(inputs)?;
        let mut shape: Vec<_> = shape.iter().rev().skip(1).rev().cloned().collect();
        shape.push(self.width.into());
        Ok(vec![(ElementType::F32, shape)])
    }

    fn eval(&self, inputs: Vec<Tensor>) -> Result<Vec<Tensor>> {
        let x = only(&inputs)?;
        let words = x.to_vec::<String>()?;
        let [rows @ .., length] = x.shape() else { bail!("expected sequences of words") };
        let shape: Vec<usize> = rows.iter().copied().chain([self.width]).collect();
        let mut output = vec![0.0; room(&shape)?];
        for (row, counts) in words.chunks((*length).max(1)).zip(output.chunks_mut(self.width.max(1))) {
            self.count(row, counts);
            let weights = self.weights.iter().copied().chain(std::iter::repeat(1.0));
            for (value, weight) in counts.iter_mut().zip(weights) {
                *value = match self.mode {
                    Mode::Count => *value,
                    Mode::Weight => f32::from(u8::from(*value > 0.0)) * weight,
                    Mode::Product => *value * weight,
                };
            }
        }
        Ok(vec![Tensor::new(shape, output)?])
    }
}

impl TfIdfVectorizer {
    /// Counts the n-grams of one row into their columns.
    #[expect(clippy::indexing_slicing, reason = "columns are below the width of a row")]
    fn count(&self, words: &[String], counts: &mut [f32]) {
        for step in 1..=self.skips.saturating_add(1).min(words.len().max(1)) {
            for start in 0..words.len() {
                for length in self.lengths.0..=self.lengths.1.min(words.len()) {
                    // Single words are the same whatever is skipped between them.
                    if length == 1 && step > 1 {
                        continue;
                    }
                    let gram: Vec<String> =
                        words.iter().skip(start).step_by(step).take(length).cloned().collect();
                    if let Some(column) = self.columns.get(&gram).filter(|_| gram.len() == length) {
                        counts[*column] += 1.0;
                    }
                }
            }
        }
    }
}
