//! ML.PREDICT: a batch is given to the model in pieces, with a chance to stop between two of them.

use std::sync::Arc;

use super::{Context, Operator, Poll, expr, name_row};
use crate::control::{Progress, Stage};
use crate::data::Batch;
use crate::diag::Result;
use crate::model::Model;
use crate::plan::Expr;

pub(super) struct Predict {
    input: Box<dyn Operator + Send>,
    model: Arc<Model>,
    inputs: Vec<Option<Expr>>,
    outputs: Vec<usize>,
    keep: Vec<usize>,
    /// Rows in all, where known.
    total: Option<usize>,
    rows_done: usize,
    /// The input's latest batch, and how many of its rows are done.
    current: Option<(Batch, usize)>,
    /// Where the latest piece began in it.
    piece_start: usize,
}

impl Predict {
    pub(super) fn new(
        input: Box<dyn Operator + Send>,
        model: Arc<Model>,
        inputs: Vec<Option<Expr>>,
        outputs: Vec<usize>,
        keep: Vec<usize>,
        total: Option<usize>,
    ) -> Self {
        Self { input, model, inputs, outputs, keep, total, rows_done: 0, current: None, piece_start: 0 }
    }

    /// The model's outputs and the columns kept for the rows of one piece.
    fn predicted(&self, piece: &Batch, ctx: &mut Context) -> Result<Batch> {
        let inputs = self
            .inputs
            .iter()
            .map(|value| value.as_ref().map(|value| expr::evaluate(value, piece, ctx)).transpose())
            .collect::<Result<Vec<_>>>()?;
        let mark = ctx.watch.start();
        let results = self.model.predict(&inputs, &self.outputs, piece.rows(), self.rows_done);
        ctx.watch.stop(mark, Stage::Infer);
        let outputs = results?.into_iter().map(Ok);
        let kept = self.keep.iter().map(|at| piece.column(*at).cloned());
        Batch::new(piece.rows(), outputs.chain(kept).collect::<Result<_>>()?)
    }
}

impl Operator for Predict {
    fn poll(&mut self, ctx: &mut Context) -> Result<Poll> {
        let (batch, start) = match self.current.take() {
            Some(current) => current,
            None => match self.input.poll(ctx)? {
                Poll::Batch(batch) => (batch, 0),
                other => return Ok(other),
            },
        };
        let piece = batch.slice(start, self.model.chunk_rows().max(1));
        self.piece_start = start;
        let result =
            self.predicted(&piece, ctx).map_err(|error| name_row(error, &*self.input, self.rows_done))?;
        let end = start + piece.rows();
        if end < batch.rows() {
            self.current = Some((batch, end));
        }
        self.rows_done += piece.rows();
        ctx.progress = Some(Progress { stage: Stage::Infer, rows: self.rows_done, total: self.total });
        Ok(Poll::Batch(result))
    }

    fn origin(&self, row: usize) -> Option<String> {
        self.input.origin(self.piece_start + row)
    }
}
