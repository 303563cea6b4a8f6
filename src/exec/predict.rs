//! ML.PREDICT: the model runs over a batch in pieces, and the host can stop between two of them.

use std::cell::RefCell;
use std::sync::Arc;

use super::{Context, Input, Operator, Poll, expr, name_row};
use crate::control::{Progress, Stage};
use crate::data::{Batch, Schema, null_column};
use crate::diag::Result;
use crate::model::{Model, States};
use crate::plan::Expr;

pub(super) struct Predict {
    pub(super) input: Input,
    pub(super) model: Arc<Model>,
    pub(super) inputs: Vec<Option<Expr>>,
    pub(super) outputs: Vec<usize>,
    pub(super) keep: Vec<usize>,
    pub(super) safe: bool,
    schema: Schema,
    /// Rows in all, where known.
    pub(super) total: Option<usize>,
    pub(super) rows_done: usize,
    /// Those behind the latest row.
    states: RefCell<States>,
    /// The input's latest batch, and how many of its rows are done.
    current: Option<(Batch, usize)>,
    /// The row of that batch at which the latest piece began.
    piece_start: usize,
}

impl Predict {
    #[expect(clippy::too_many_arguments, reason = "they are the fields of the plan's node")]
    pub(super) fn new(
        input: Input,
        model: Arc<Model>,
        inputs: Vec<Option<Expr>>,
        outputs: Vec<usize>,
        keep: Vec<usize>,
        safe: bool,
        schema: Schema,
        total: Option<usize>,
    ) -> Self {
        let (rows_done, states, current, piece_start) = (0, RefCell::default(), None, 0);
        Self {
            input,
            model,
            inputs,
            outputs,
            keep,
            safe,
            schema,
            total,
            rows_done,
            states,
            current,
            piece_start,
        }
    }

    /// As [`Predict::predicted`], with NULL outputs for rows that fail.
    pub(super) fn row_by_row(&self, piece: &Batch, ctx: &mut Context) -> Result<Batch> {
        let one = |number| {
            let row = piece.slice(number, 1);
            match self.predicted(&row, ctx) {
                Err(mut error) if expr::is_forgiven(&error) => {
                    // It counts the rows of the piece.
                    error.take_row();
                    let error = name_row(error.in_row(number), &*self.input, self.rows_done, piece, ctx);
                    ctx.env.forgiven.borrow_mut().add(error);
                    let fields = self.schema.fields.iter().take(self.outputs.len());
                    let nulls = fields.map(|field| null_column(&field.data_type.storage(), 1));
                    Batch::new(1, nulls.collect::<Result<_>>()?)?
                        .with(row.select(&self.keep)?.columns().iter().cloned())
                }
                result => result,
            }
        };
        let rows = (0..piece.rows()).map(one).collect::<Result<Vec<_>>>()?;
        Batch::concat(&self.schema, &rows)
    }

    /// The model's outputs for the rows of one piece, and the columns that are kept.
    fn predicted(&self, piece: &Batch, ctx: &mut Context) -> Result<Batch> {
        let inputs = self
            .inputs
            .iter()
            .map(|value| value.as_ref().map(|value| expr::evaluate(value, piece, ctx)).transpose())
            .collect::<Result<Vec<_>>>()?;
        let mark = ctx.watch.start();
        // What fails leaves them as they were.
        let mut states = self.states.borrow().clone();
        let outputs =
            self.model.predict_on(&inputs, &self.outputs, piece.rows(), self.rows_done, &mut states);
        ctx.counts.model_runs += 1;
        ctx.counts.model_rows += piece.rows();
        ctx.watch.stop(mark, Stage::Infer);
        let (outputs, kept) = (outputs?, piece.select(&self.keep)?);
        self.states.replace(states);
        Batch::new(piece.rows(), outputs)?.with(kept.columns().iter().cloned())
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
        let result = match self.predicted(&piece, ctx) {
            Err(error) if (self.safe || ctx.env.forgives) && expr::is_forgiven(&error) => {
                self.row_by_row(&piece, ctx)
            }
            result => result,
        };
        let result = result.map_err(|error| name_row(error, &*self.input, self.rows_done, &piece, ctx))?;
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

    fn rewind(&mut self) -> bool {
        (self.rows_done, self.current, self.piece_start) = (0, None, 0);
        self.states.take();
        self.input.rewind()
    }
}
