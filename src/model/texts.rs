//! Predictions over texts: rows are cut up, run by their lengths, and put into their order again.

use std::sync::Arc;

use arrow_array::{Array, ArrayRef, BooleanArray, Int64Array};

use super::Model;
use super::embedding::{CUT, EMBEDDING, TOKENS};
use super::inputs::{Run, Texts, Tokens};
use super::states::States;
use crate::data::{concat, null_column, take};
use crate::diag::{Code, Error, Invariant, Result};
use crate::onnx::Dim;

impl Model {
    /// Whether it has a tokenizer: rows of texts take several runs, of which each is a step.
    pub(crate) fn takes_texts(&self) -> bool {
        self.texts.is_some()
    }

    /// The tokens of `rows` rows, of which the columns `wanted` are to be predicted. The arguments are those of
    /// [`predict`](Self::predict).
    ///
    /// # Errors
    /// `null-input`, `missing-input`; `model-failed` where the tokenizer fails.
    pub(crate) fn tokens(
        &self,
        inputs: &[Option<ArrayRef>],
        wanted: &[usize],
        rows: usize,
        first_row: usize,
    ) -> Result<Tokens> {
        let texts = self.texts.as_ref().invariant("a model with a tokenizer")?;
        let rows = self.inputs.rows(inputs, rows, first_row)?;
        texts.tokens(rows, self.hides_fillers(wanted))
    }

    /// Whether nothing of `wanted` has a value for each token.
    fn hides_fillers(&self, wanted: &[usize]) -> bool {
        let is_fixed = |column: &usize| {
            let port = self.outputs.ports.get(*column);
            port.is_some_and(|port| port.row().iter().all(|dim| matches!(dim, Dim::Fixed(_))))
        };
        self.embedding.is_some() || wanted.iter().all(is_fixed)
    }

    /// The columns `wanted` for the rows of a run.
    ///
    /// # Errors
    /// Those of [`predict`](Self::predict), with the number of the row among those that were given.
    pub(crate) fn predict_run(&self, tokens: &Tokens, run: usize, wanted: &[usize]) -> Result<Vec<ArrayRef>> {
        let texts = self.texts.as_ref().invariant("a model with a tokenizer")?;
        let run = tokens.run(run)?;
        match self.run_of_texts(texts, tokens, run, wanted) {
            // Filled up, texts may have more tokens than the model has places for; and the row at fault has a name.
            Err(error) if error.code() == Code::ModelFailed => {
                let alone = |place| {
                    let alone = self.run_of_texts(texts, tokens, &texts.alone(tokens, place)?, wanted);
                    alone.map_err(|error| blamed(error, texts, tokens, place))
                };
                let rows = run.rows().map(alone).collect::<Result<Vec<_>>>()?;
                joined(&rows, wanted.len())
            }
            result => result,
        }
    }

    fn run_of_texts(
        &self,
        texts: &Texts,
        tokens: &Tokens,
        run: &Run,
        wanted: &[usize],
    ) -> Result<Vec<ArrayRef>> {
        let predict = |wanted: &[usize]| {
            let columns = self.computed(
                &texts.rows_of(tokens, run)?,
                wanted,
                tokens.rows_beside(run),
                &mut States::default(),
            )?;
            Ok(columns.into_iter().map(|column| column.slice(0, run.count)).collect::<Vec<_>>())
        };
        let Some(embedding) = &self.embedding else { return predict(wanted) };
        let lengths = || tokens.encodings(run).map(|encoding| i64::try_from(encoding.ids.len()).ok());
        let column = |column: &usize| -> Result<ArrayRef> {
            Ok(match *column {
                EMBEDDING => {
                    let output =
                        predict(&[embedding.source])?.pop().invariant("the output that is asked for")?;
                    let own = tokens.encodings(run).map(|encoding| texts.own(run.length, encoding));
                    embedding.vectors(&output, &own.collect::<Vec<_>>(), run.length)?
                }
                TOKENS => Arc::new(lengths().collect::<Int64Array>()),
                CUT => Arc::new(
                    tokens.encodings(run).map(|encoding| Some(encoding.is_cut)).collect::<BooleanArray>(),
                ),
                _ => return Err(Error::internal("a column that an embedding has not")),
            })
        };
        wanted.iter().map(column).collect()
    }

    /// The columns of all runs in the order in which the rows were given.
    ///
    /// # Errors
    /// `limit-exceeded` where they are too large for one column.
    pub(crate) fn in_order(
        &self,
        tokens: &Tokens,
        runs: &[Vec<ArrayRef>],
        wanted: &[usize],
    ) -> Result<Vec<ArrayRef>> {
        let order = tokens.order()?;
        if runs.is_empty() {
            let empty = |column: &usize| {
                let port = self.signature.outputs.get(*column).invariant("a column of the prediction")?;
                null_column(&port.data_type.storage(), order.len())
            };
            return wanted.iter().map(empty).collect();
        }
        joined(runs, wanted.len())?.iter().map(|column| take(column, &order)).collect()
    }

    /// Predicts rows of texts at once.
    pub(super) fn predict_texts(
        &self,
        inputs: &[Option<ArrayRef>],
        wanted: &[usize],
        rows: usize,
        first_row: usize,
    ) -> Result<Vec<ArrayRef>> {
        let tokens = self.tokens(inputs, wanted, rows, first_row)?;
        let runs = (0..tokens.runs()).map(|run| self.predict_run(&tokens, run, wanted));
        self.in_order(&tokens, &runs.collect::<Result<Vec<_>>>()?, wanted)
    }
}

/// The columns of several pieces, one after the other.
fn joined(pieces: &[Vec<ArrayRef>], columns: usize) -> Result<Vec<ArrayRef>> {
    let column = |number: usize| {
        let parts = pieces.iter().map(|piece| piece.get(number).cloned().invariant("a column of each piece"));
        concat(&parts.collect::<Result<Vec<_>>>()?)
    };
    (0..columns).map(column).collect()
}

/// The error of a row that fails by itself, with what is to be known of its text.
fn blamed(error: Error, texts: &Texts, tokens: &Tokens, place: usize) -> Error {
    if error.first().row.is_none() {
        return error.in_row(tokens.rows.given(place));
    }
    let count = tokens.count_of(place);
    error.hint(format!(
        "its text has {count} tokens; the model may take fewer, or `tokenizer.json` may be another model's: it has {}",
        texts.tokenizer()
    ))
}
