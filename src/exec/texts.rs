//! ML.PREDICT over texts: some hundred are cut up at once and run by their lengths, and the host can stop between two runs.

use arrow_array::ArrayRef;

use super::predict::Predict;
use super::{Context, Operator, Poll, expr, name_row};
use crate::control::{Progress, Stage};
use crate::data::Batch;
use crate::diag::{Error, Result};
use crate::limits::TEXTS_AT_ONCE;
use crate::model::Tokens;

pub(super) struct Texts {
    predict: Predict,
    current: Option<Current>,
    /// The input's latest batch, and how many of its rows were taken.
    rest: Option<(Batch, usize)>,
    /// The row of that batch at which the latest piece began.
    piece_start: usize,
}

/// A piece of a batch that is being predicted.
struct Current {
    batch: Batch,
    tokens: Tokens,
    /// The outputs of the runs that are done, and how many rows these are.
    runs: Vec<Vec<ArrayRef>>,
    rows: usize,
}

impl Texts {
    pub(super) fn new(predict: Predict) -> Self {
        Self { predict, current: None, rest: None, piece_start: 0 }
    }

    /// Takes the next piece of a batch.
    fn take(&mut self, batch: &Batch, start: usize) -> Batch {
        let piece = batch.slice(start, TEXTS_AT_ONCE);
        let end = start + piece.rows();
        self.rest = (end < batch.rows()).then(|| (batch.clone(), end));
        self.piece_start = start;
        piece
    }

    /// Cuts the texts of a piece up.
    fn begin(&mut self, batch: Batch, ctx: &mut Context) -> Result<Poll> {
        let Predict { inputs, outputs, model, rows_done, .. } = &self.predict;
        let inputs = inputs
            .iter()
            .map(|value| value.as_ref().map(|value| expr::evaluate(value, &batch, ctx)).transpose())
            .collect::<Result<Vec<_>>>()
            .map_err(|error| self.named(error, &batch, ctx))?;
        let mark = ctx.watch.start();
        let tokens = model.tokens(&inputs, outputs, batch.rows(), *rows_done);
        ctx.watch.stop(mark, Stage::Preprocess);
        match tokens {
            Ok(tokens) => {
                self.current = Some(Current { batch, tokens, runs: Vec::new(), rows: 0 });
                Ok(Poll::Working)
            }
            Err(error) => self.one_by_one(error, batch, ctx),
        }
    }

    /// Does a run, or puts the outputs of all runs together.
    fn go_on(&mut self, mut current: Current, ctx: &mut Context) -> Result<Poll> {
        let Predict { outputs, model, keep, rows_done, total, .. } = &self.predict;
        let Current { batch, tokens, runs, rows } = &mut current;
        if runs.len() == tokens.runs() {
            let outputs = model.in_order(tokens, runs, outputs)?;
            let kept = batch.select(keep)?;
            let result = Batch::new(batch.rows(), outputs)?.with(kept.columns().iter().cloned())?;
            self.predict.rows_done += batch.rows();
            return Ok(Poll::Batch(result));
        }
        let mark = ctx.watch.start();
        let outputs = model.predict_run(tokens, runs.len(), outputs);
        ctx.watch.stop(mark, Stage::Infer);
        match outputs {
            Ok(outputs) => {
                *rows += tokens.rows_in(runs.len());
                runs.push(outputs);
                ctx.progress = Some(Progress { stage: Stage::Infer, rows: rows_done + *rows, total: *total });
                self.current = Some(current);
                Ok(Poll::Working)
            }
            Err(error) => self.one_by_one(error, current.batch, ctx),
        }
    }

    /// Where `error` is forgiven, the rows of the batch with NULL for those that fail.
    fn one_by_one(&mut self, error: Error, batch: Batch, ctx: &mut Context) -> Result<Poll> {
        let forgives = self.predict.safe || ctx.env.forgives;
        let rows = match forgives && expr::is_forgiven(&error) {
            true => self.predict.row_by_row(&batch, ctx),
            false => Err(error),
        };
        let rows = rows.map_err(|error| self.named(error, &batch, ctx))?;
        self.predict.rows_done += batch.rows();
        Ok(Poll::Batch(rows))
    }

    fn named(&self, error: Error, batch: &Batch, ctx: &Context) -> Error {
        name_row(error, &*self.predict.input, self.predict.rows_done, batch, ctx)
    }
}

impl Operator for Texts {
    fn poll(&mut self, ctx: &mut Context) -> Result<Poll> {
        if let Some(current) = self.current.take() {
            return self.go_on(current, ctx);
        }
        let (batch, start) = match self.rest.take() {
            Some(rest) => rest,
            None => match self.predict.input.poll(ctx)? {
                Poll::Batch(batch) => (batch, 0),
                other => return Ok(other),
            },
        };
        let piece = self.take(&batch, start);
        self.begin(piece, ctx)
    }

    fn origin(&self, row: usize) -> Option<String> {
        self.predict.input.origin(self.piece_start + row)
    }

    fn rewind(&mut self) -> bool {
        (self.current, self.rest, self.piece_start) = (None, None, 0);
        self.predict.rewind()
    }
}
