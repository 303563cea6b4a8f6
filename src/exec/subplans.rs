//! Subqueries that run once, before the query that uses their results.

use std::collections::VecDeque;
use std::sync::Arc;

use arrow_array::{Array, BooleanArray};

use super::buffer::RowBuffer;
use super::correlated::{Correlation, Queries, too_many_rows};
use super::{Context, Input, Operator, Poll};
use crate::data::{Batch, Operand, Schema, list_column, null_column};
use crate::diag::{Error, Invariant, Result, Span};
use crate::function::Held;
use crate::plan::SubplanKind;

/// The result of a subplan.
pub(super) enum SubplanResult {
    Rows(Arc<[Batch]>),
    /// One value for every row.
    Value(Operand),
}

/// A subplan that has not finished.
pub(super) struct RunningSubplan {
    operator: Input,
    schema: Schema,
    kind: SubplanKind,
    span: Span,
    buffer: RowBuffer,
}

impl RunningSubplan {
    pub(super) fn new(operator: Input, schema: Schema, kind: SubplanKind, span: Span) -> Self {
        Self { operator, schema, kind, span, buffer: RowBuffer::of("a subquery") }
    }

    /// Adds rows; returns whether more of them can change the result.
    fn push(&mut self, batch: Batch, ctx: &Context) -> Result<bool> {
        self.buffer.push(batch, ctx).map_err(|error| error.or_at(self.span))?;
        match self.kind {
            SubplanKind::Value if self.buffer.rows() > 1 => Err(too_many_rows(self.span)),
            SubplanKind::Exists => Ok(false),
            _ => Ok(true),
        }
    }

    fn finish(self) -> Result<SubplanResult> {
        let rows = self.buffer.rows();
        if matches!(self.kind, SubplanKind::Rows | SubplanKind::Recursive { .. }) {
            return Ok(SubplanResult::Rows(self.buffer.into_batches().into()));
        }
        if self.kind == SubplanKind::Exists {
            let exists = BooleanArray::from(vec![rows > 0]);
            return Ok(SubplanResult::Value(Operand::constant(Arc::new(exists))));
        }
        let value = self.buffer.concat(&self.schema)?.column(0)?.clone();
        let value = match self.kind {
            SubplanKind::Array => {
                let column = self.schema.fields.first().invariant("a subquery has no column")?;
                list_column([value.len()], value, &column.data_type, None)?
            }
            _ if rows == 0 => null_column(value.data_type(), 1)?,
            _ => value,
        };
        Ok(SubplanResult::Value(Operand::constant(value)))
    }
}

/// Runs the subplans, then the query itself.
pub(super) struct Subplans {
    remaining: VecDeque<RunningSubplan>,
    /// The correlated queries until they are known to the context.
    queries: Option<Queries>,
    root: Input,
    /// What the query is told of the results, which are there until it ends.
    held: Vec<Held>,
}

impl Subplans {
    pub(super) fn new(subplans: Vec<RunningSubplan>, queries: Option<Queries>, root: Input) -> Self {
        Self { remaining: subplans.into(), queries, root, held: Vec::new() }
    }
}

impl Operator for Subplans {
    fn poll(&mut self, ctx: &mut Context) -> Result<Poll> {
        if let Some(queries) = self.queries.take() {
            ctx.correlated = Correlation::new(queries);
        }
        let Some(subplan) = self.remaining.front_mut() else { return self.root.poll(ctx) };
        let more = match subplan.operator.poll(ctx)? {
            Poll::Batch(batch) => subplan.push(batch, ctx)?,
            Poll::Done => false,
            other => return Ok(other),
        };
        if !more && let Some(mut subplan) = self.remaining.pop_front() {
            self.held.extend(subplan.buffer.take_held());
            ctx.subplans.push(subplan.finish()?);
        }
        Ok(Poll::Working)
    }

    fn origin(&self, row: usize) -> Option<String> {
        self.root.origin(row)
    }
}

/// Reads the rows of a subplan's result.
pub(super) struct SharedScan {
    subplan: usize,
    columns: Vec<usize>,
    next: usize,
}

impl SharedScan {
    pub(super) fn new(subplan: usize, columns: Vec<usize>) -> Self {
        Self { subplan, columns, next: 0 }
    }
}

impl Operator for SharedScan {
    fn poll(&mut self, ctx: &mut Context) -> Result<Poll> {
        let Some(SubplanResult::Rows(batches)) = ctx.subplans.get(self.subplan) else {
            return Err(Error::internal("a shared query has not run"));
        };
        let Some(batch) = batches.get(self.next) else { return Ok(Poll::Done) };
        self.next += 1;
        batch.select(&self.columns).map(Poll::Batch)
    }
}
