//! Expressions that are computed in several steps: a query that is run for each row may take long, and between two steps a
//! host can report and stop.
//!
//! An expression is a tree of calls, which cannot stand still in the middle. So it is begun again in the next step: the
//! queries that have ended give their results at once, and the one that was interrupted goes on.

use arrow_array::ArrayRef;

use super::Context;
use super::correlated::Started;
use crate::data::Batch;
use crate::diag::{Error, Result};
use crate::plan::{Expr, ExprKind};

/// What is known of the queries of an expression that is being computed.
#[derive(Default)]
pub(super) struct Evaluation {
    /// The results of those that have ended, in the order in which the expression runs them.
    pub(super) results: Vec<ArrayRef>,
    /// How many of them the expression has taken again.
    taken: usize,
    interrupted: Option<Box<Started>>,
}

/// What is known of the query that an expression runs next.
pub(super) enum Known {
    Result(ArrayRef),
    Started(Box<Started>),
}

impl Evaluation {
    /// The query that comes next; `None` for one that was not begun.
    pub(super) fn next(&mut self) -> Option<Known> {
        if let Some(result) = self.results.get(self.taken) {
            self.taken += 1;
            return Some(Known::Result(result.clone()));
        }
        self.taken += 1;
        self.interrupted.take().map(Known::Started)
    }
}

/// Keeps a query that goes on in the next step.
pub(super) fn interrupted(started: Started, ctx: &mut Context) -> Error {
    if let Some(evaluation) = &mut ctx.correlated.evaluation {
        evaluation.interrupted = Some(Box::new(started));
    }
    Error::internal("a query for each row was interrupted")
}

/// Computes expressions of one operator, batch by batch, in as many steps as their queries take.
pub(super) struct Resumable {
    /// Whether there are queries in them, and all else gives the same a second time.
    can_wait: bool,
    waiting: Option<(Batch, Evaluation)>,
}

impl Resumable {
    pub(super) fn new<'a>(exprs: impl IntoIterator<Item = &'a Expr> + Clone) -> Self {
        let is_query = |expr: &Expr| matches!(expr.kind, ExprKind::Correlated { .. });
        let is_volatile =
            |expr: &Expr| matches!(&expr.kind, ExprKind::Call { function, .. } if function.is_volatile());
        let can_wait = any(exprs.clone(), &is_query) && !any(exprs, &is_volatile);
        Self { can_wait, waiting: None }
    }

    /// Forgets the batch that it is at.
    pub(super) fn rewind(&mut self) {
        self.waiting = None;
    }

    /// The batch whose expressions are not yet computed.
    pub(super) fn waiting(&self) -> Option<Batch> {
        self.waiting.as_ref().map(|(batch, _)| batch.clone())
    }

    /// What `compute` gives for a batch; `None` where it goes on with the same batch in the next step.
    ///
    /// # Errors
    /// Those of `compute`.
    pub(super) fn compute<T>(
        &mut self,
        batch: &Batch,
        ctx: &mut Context,
        compute: impl FnOnce(&mut Context) -> Result<T>,
    ) -> Result<Option<T>> {
        if !self.can_wait {
            return compute(ctx).map(Some);
        }
        let evaluation = self.waiting.take().map(|(_, evaluation)| evaluation).unwrap_or_default();
        let around = ctx.correlated.evaluation.replace(Evaluation { taken: 0, ..evaluation });
        let result = compute(ctx);
        match std::mem::replace(&mut ctx.correlated.evaluation, around) {
            Some(evaluation) if evaluation.interrupted.is_some() => {
                self.waiting = Some((batch.clone(), evaluation));
                Ok(None)
            }
            _ => result.map(Some),
        }
    }
}

fn any<'a>(exprs: impl IntoIterator<Item = &'a Expr>, is: &impl Fn(&Expr) -> bool) -> bool {
    exprs.into_iter().any(|expr| is(expr) || any(expr.children(), is))
}
