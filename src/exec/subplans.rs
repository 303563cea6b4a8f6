//! Subqueries that run once, before the query that uses what they give.

use std::collections::VecDeque;
use std::sync::Arc;

use arrow_array::{Array, ArrayRef, BooleanArray, ListArray};
use arrow_buffer::OffsetBuffer;

use super::held::Held;
use super::{Context, Input, Operator, Poll};
use crate::data::{Batch, DataType, Operand, Schema};
use crate::diag::{Code, Error, Result, Span};
use crate::plan::SubplanKind;

/// What a subplan gave.
pub(super) enum Given {
    Rows(Arc<[Batch]>),
    /// One value for every row.
    Value(Operand),
}

/// A subplan that has not run to its end.
pub(super) struct Running {
    operator: Input,
    schema: Schema,
    kind: SubplanKind,
    span: Span,
    held: Held,
}

impl Running {
    pub(super) fn new(operator: Input, schema: Schema, kind: SubplanKind, span: Span) -> Self {
        Self { operator, schema, kind, span, held: Held::default() }
    }

    /// Takes rows in, and says whether more of them can matter.
    fn take(&mut self, batch: Batch, ctx: &Context) -> Result<bool> {
        self.held.push(batch, ctx).map_err(|error| error.or_at(self.span))?;
        match self.kind {
            SubplanKind::Value if self.held.rows() > 1 => {
                Err(Error::new(Code::TooManyRows, "a subquery that stands for one value has several rows")
                    .at(self.span)
                    .hint("add LIMIT 1, or take one value with an aggregate function such as MAX"))
            }
            SubplanKind::Exists => Ok(false),
            _ => Ok(true),
        }
    }

    fn finish(self) -> Result<Given> {
        let rows = self.held.rows();
        if self.kind == SubplanKind::Rows {
            return Ok(Given::Rows(self.held.into_batches().into()));
        }
        if self.kind == SubplanKind::Exists {
            let exists = BooleanArray::from(vec![rows > 0]);
            return Ok(Given::Value(Operand::constant(Arc::new(exists))));
        }
        let value = self.held.concat(&self.schema)?.column(0)?.clone();
        let value = match self.kind {
            SubplanKind::Array => array(value, self.schema.fields.first().map(|field| &field.data_type))?,
            _ if rows == 0 => arrow_array::new_null_array(value.data_type(), 1),
            _ => value,
        };
        Ok(Given::Value(Operand::constant(value)))
    }
}

/// One array of all `values`.
fn array(values: ArrayRef, element: Option<&DataType>) -> Result<ArrayRef> {
    let layout = element.map_or(arrow_schema::DataType::Null, DataType::storage);
    let field = Arc::new(arrow_schema::Field::new_list_field(layout, true));
    ListArray::try_new(field, OffsetBuffer::from_lengths([values.len()]), values, None)
        .map(|array| Arc::new(array) as ArrayRef)
        .map_err(|error| Error::new(Code::Internal, "an array cannot be built").detail(error))
}

/// Runs the subplans, then the query itself.
pub(super) struct Subplans {
    left: VecDeque<Running>,
    root: Input,
}

impl Subplans {
    pub(super) fn new(subplans: Vec<Running>, root: Input) -> Self {
        Self { left: subplans.into(), root }
    }
}

impl Operator for Subplans {
    fn poll(&mut self, ctx: &mut Context) -> Result<Poll> {
        let Some(subplan) = self.left.front_mut() else { return self.root.poll(ctx) };
        let more = match subplan.operator.poll(ctx)? {
            Poll::Batch(batch) => subplan.take(batch, ctx)?,
            Poll::Done => false,
            other => return Ok(other),
        };
        if !more && let Some(subplan) = self.left.pop_front() {
            ctx.given.push(subplan.finish()?);
        }
        Ok(Poll::Working)
    }

    fn origin(&self, row: usize) -> Option<String> {
        self.root.origin(row)
    }
}

/// Reads the rows that a subplan gave.
pub(super) struct Shared {
    subplan: usize,
    columns: Vec<usize>,
    next: usize,
}

impl Shared {
    pub(super) fn new(subplan: usize, columns: Vec<usize>) -> Self {
        Self { subplan, columns, next: 0 }
    }
}

impl Operator for Shared {
    fn poll(&mut self, ctx: &mut Context) -> Result<Poll> {
        let Some(Given::Rows(batches)) = ctx.given.get(self.subplan) else {
            return Err(Error::new(Code::Internal, "a shared query has not run"));
        };
        let Some(batch) = batches.get(self.next) else { return Ok(Poll::Done) };
        self.next += 1;
        batch.select(&self.columns).map(Poll::Batch)
    }
}
