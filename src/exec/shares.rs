//! Attributions of a model that is a sum of trees or a weighted sum: the rows of a background are gathered, then rows
//! are compared with them in pieces, and the host can stop between two of them.

use std::sync::Arc;

use arrow_array::{ArrayRef, Float64Array};

use super::{Context, Input, Operator, Poll, expr, name_numbered_row};
use crate::control::{Progress, Stage};
use crate::data::{Batch, DataType, Schema, list_column};
use crate::diag::{Code, Error, Invariant, Result, ensure};
use crate::limits::{SHARED_ROWS, SHARED_VALUES};
use crate::model::{Columns, Model};
use crate::plan::Expr;
use crate::tensor::Attributed;

/// What is played for: the fields of the plan's node.
pub(super) struct Game {
    pub(super) model: Arc<Model>,
    pub(super) inputs: Vec<Option<Expr>>,
    pub(super) players: Vec<u32>,
    pub(super) count: usize,
    pub(super) shared: Attributed,
    /// 0 for rows of the background.
    pub(super) row: Expr,
    pub(super) keep: Vec<usize>,
}

pub(super) struct Shares {
    input: Input,
    schema: Schema,
    game: Game,
    background: Vec<Batch>,
    /// The model's inputs for the background, once all its rows are there, and their number.
    given: Option<(Vec<Option<ArrayRef>>, usize)>,
    /// Rows that wait.
    current: Option<Batch>,
    rows_done: usize,
}

impl Shares {
    pub(super) fn new(schema: Schema, input: Input, game: Game) -> Self {
        let (background, given, current, rows_done) = (Vec::new(), None, None, 0);
        Self { input, schema, game, background, given, current, rows_done }
    }

    /// The model's inputs for these rows.
    fn inputs(&self, rows: &Batch, ctx: &mut Context) -> Result<Vec<Option<ArrayRef>>> {
        let values = self.game.inputs.iter();
        values.map(|value| value.as_ref().map(|value| expr::evaluate(value, rows, ctx)).transpose()).collect()
    }

    /// How many of the leading rows belong to the background.
    fn leading(&self, batch: &Batch, ctx: &mut Context) -> Result<usize> {
        let rows = expr::arguments(std::slice::from_ref(&self.game.row), batch, ctx)?;
        let rows = rows.first().invariant("an operand of the expression")?.ints()?;
        let is_given = |row: &usize| rows.get(*row) == Some(0);
        let leading = (0..batch.rows()).take_while(is_given).count();
        ensure((leading..batch.rows()).all(|row| !is_given(&row)), "the background comes first")?;
        Ok(leading)
    }

    fn piece(&mut self, piece: &Batch, ctx: &mut Context) -> Result<Batch> {
        if self.given.is_none() {
            let rows = Batch::concat(&self.schema, &std::mem::take(&mut self.background))?;
            self.given = Some((self.inputs(&rows, ctx)?, rows.rows()));
        }
        let values = self.inputs(piece, ctx)?;
        let (background, others) = self.given.as_ref().invariant("a background")?;
        let Game { model, players, count, shared, .. } = &self.game;
        let rows = Columns { values: &values, rows: piece.rows(), first_row: self.rows_done };
        let needs_background = matches!(shared, Attributed::Output(_));
        if *others == 0 && needs_background {
            return Err(Error::new(Code::NoEvaluationData, "there are no rows in the background")
                .hint("write baseline => (SELECT …) with at least one row"));
        }
        let background = Columns { values: background, rows: *others, first_row: 0 };
        let mark = ctx.watch.start();
        let shares = model.shares(*shared, &rows, needs_background.then_some(&background), players, *count);
        ctx.watch.stop(mark, Stage::Infer);
        let shares = shares?;
        let rows = piece.rows();
        let per_row = shares.base.len() * count;
        let base: Vec<f64> = shares.base.repeat(rows);
        let list = |length: usize, values: Vec<f64>| {
            let values = Arc::new(Float64Array::from(values)) as ArrayRef;
            list_column(std::iter::repeat_n(length, rows), values, &DataType::Float64, None)
        };
        let columns = vec![list(per_row, shares.values)?, list(shares.base.len(), base)?];
        let kept = piece.select(&self.game.keep)?;
        Batch::new(rows, columns)?.with(kept.columns().iter().cloned())
    }
}

impl Operator for Shares {
    fn poll(&mut self, ctx: &mut Context) -> Result<Poll> {
        let batch = match self.current.take() {
            Some(batch) => batch,
            None => match self.input.poll(ctx)? {
                Poll::Batch(batch) => {
                    let leading = self.leading(&batch, ctx)?;
                    if leading > 0 {
                        ensure(self.given.is_none(), "the background comes first")?;
                        self.background.push(batch.slice(0, leading));
                    }
                    if leading == batch.rows() {
                        return Ok(Poll::Working);
                    }
                    batch.slice(leading, batch.rows() - leading)
                }
                other => return Ok(other),
            },
        };
        let most = (SHARED_VALUES / self.game.count.max(1)).clamp(1, SHARED_ROWS);
        let piece = batch.slice(0, most);
        let result = self
            .piece(&piece, ctx)
            .map_err(|error| name_numbered_row(error, &*self.input, self.rows_done))?;
        if piece.rows() < batch.rows() {
            self.current = Some(batch.slice(piece.rows(), batch.rows() - piece.rows()));
        }
        self.rows_done += piece.rows();
        ctx.progress = Some(Progress { stage: Stage::Infer, rows: self.rows_done, total: None });
        Ok(Poll::Batch(result))
    }
}
