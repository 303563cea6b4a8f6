//! TfIdfVectorizer: how often known sequences of words or numbers occur.

use std::collections::HashMap;

use tract_onnx::model::ParsingContext;
use tract_onnx::pb::NodeProto;
use tract_onnx::tract_hir::internal::{
    DatumType, TValue, TVec, Tensor, ToDim, TractResult, bail, ensure, format_err, tensor1, tvec,
};

use super::values::{input, texts};
use super::{Operator, Shape};

#[derive(Debug)]
pub(super) struct TfIdfVectorizer {
    /// The column of each sequence; numbers are kept as text.
    columns: HashMap<Vec<String>, usize>,
    width: usize,
    lengths: (usize, usize),
    skips: usize,
    mode: Mode,
    weights: Vec<f32>,
}

#[derive(Debug, Clone, Copy)]
enum Mode {
    /// How often.
    Count,
    /// The weight of what is there.
    Weight,
    /// Their product.
    Product,
}

impl Operator for TfIdfVectorizer {
    fn parse(_: &ParsingContext<'_>, node: &NodeProto) -> TractResult<Self> {
        let mode = match node.get_attr("mode")? {
            "TF" => Mode::Count,
            "IDF" => Mode::Weight,
            "TFIDF" => Mode::Product,
            other => bail!("there is no mode `{other}`"),
        };
        let pool = match node.get_attr_opt_vec::<String>("pool_strings")? {
            Some(words) if !words.is_empty() => words,
            _ => node.get_attr_vec::<i64>("pool_int64s")?.iter().map(i64::to_string).collect(),
        };
        let indexes: Vec<usize> = node.get_attr_vec("ngram_indexes")?;
        let starts: Vec<usize> = node.get_attr_vec("ngram_counts")?;
        let lengths = (node.get_attr("min_gram_length")?, node.get_attr("max_gram_length")?);
        let mut columns = HashMap::new();
        let mut places = indexes.iter();
        let ends = starts.iter().skip(1).copied().chain([pool.len()]);
        for (length, (start, end)) in (1..).zip(starts.iter().zip(ends)) {
            let words =
                pool.get(*start..end).ok_or_else(|| format_err!("the pool has {} words", pool.len()))?;
            for gram in words.chunks_exact(length) {
                let column = *places.next().ok_or_else(|| format_err!("a sequence has no column"))?;
                if (lengths.0..=lengths.1).contains(&length) {
                    columns.insert(gram.to_vec(), column);
                }
            }
        }
        ensure!(lengths.0 >= 1, "the shortest sequence has one word");
        Ok(Self {
            columns,
            width: indexes.iter().max().map_or(0, |last| last + 1),
            lengths,
            skips: node.get_attr("max_skip_count")?,
            mode,
            weights: node.get_attr_opt_vec("weights")?.unwrap_or_default(),
        })
    }

    fn outputs(&self, inputs: &[Shape]) -> TractResult<TVec<Shape>> {
        let [(_, shape)] = inputs else { bail!("expected one input") };
        let mut shape: TVec<_> = shape.iter().rev().skip(1).rev().cloned().collect();
        shape.push(self.width.to_dim());
        Ok(tvec!((DatumType::F32, shape)))
    }

    fn eval(&self, inputs: &[TValue]) -> TractResult<TVec<Tensor>> {
        let x = input(inputs, 0)?;
        let words = texts(x)?;
        let [rows @ .., length] = x.shape() else { bail!("expected sequences of words") };
        let count: usize = rows.iter().product();
        let mut output = vec![0.0; count * self.width];
        for (row, counts) in words.chunks((*length).max(1)).zip(output.chunks_mut(self.width.max(1))) {
            self.count(row, counts);
            for (column, value) in counts.iter_mut().enumerate() {
                let weight = self.weights.get(column).copied().unwrap_or(1.0);
                *value = match self.mode {
                    Mode::Count => *value,
                    Mode::Weight => f32::from(u8::from(*value > 0.0)) * weight,
                    Mode::Product => *value * weight,
                };
            }
        }
        let shape: TVec<usize> = rows.iter().copied().chain([self.width]).collect();
        Ok(tvec!(tensor1(&output).into_shape(&shape)?))
    }
}

impl TfIdfVectorizer {
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
                    let column = self.columns.get(&gram).filter(|_| gram.len() == length);
                    if let Some(count) = column.and_then(|column| counts.get_mut(*column)) {
                        *count += 1.0;
                    }
                }
            }
        }
    }
}
