//! CROSS JOIN under a SELECT list of columns: every row of one side with all of the other, written column by column
//! without the pairs in between. A column may take the left row's value where a condition on that row is TRUE and the
//! right row's else, as rows of coalitions do; whatever else a list has is a [`Join`](super::join::Join)'s.

use std::ops::Range;

use arrow_array::ArrayRef;

use super::buffer::RowBuffer;
use super::{Context, Input, Operator, Poll, expr, with_names};
use crate::data::{Batch, Operand, Schema, mixed};
use crate::diag::{Invariant, Result};
use crate::function::Held;
use crate::limits::CACHED_BYTES;
use crate::plan::{Expr, ExprKind, JoinKind, Node, NodeKind};

pub(super) struct Product {
    left: Input,
    right: Input,
    right_schema: Schema,
    columns: Vec<Written>,
    buffer: RowBuffer,
    /// The right side, once all its rows are there.
    build: Option<(Batch, Option<Held>)>,
    probe: Option<Probe>,
    /// Rows of the left side so far.
    rows_before: usize,
}

/// A column of the product, by the columns of both sides that it is made of.
pub(super) struct Written {
    left: Option<usize>,
    right: Option<usize>,
    /// Over the columns of the left side, where it is made of both.
    condition: Option<Expr>,
}

/// The latest batch of the left side, and how far the product has come in it.
struct Probe {
    batch: Batch,
    /// For each column of the product, which of the rows give their own value.
    own: Vec<Vec<bool>>,
    row: usize,
    /// How many rows of the right side were written beside `row`.
    right: usize,
}

impl Product {
    /// How `exprs` over the rows of `input` are written; `None` where that is no product, or an expression no column of it.
    pub(super) fn columns(input: &Node, exprs: &[Expr]) -> Option<Vec<Written>> {
        match &input.kind {
            NodeKind::Join { left, kind: JoinKind::Inner, keys, condition: None, .. } if keys.is_empty() => {
                exprs.iter().map(|expr| Written::of(expr, left.schema.fields.len())).collect()
            }
            _ => None,
        }
    }

    pub(super) fn new(left: Input, right: Input, right_schema: Schema, columns: Vec<Written>) -> Self {
        let buffer = RowBuffer::of("JOIN");
        Self { left, right, right_schema, columns, buffer, build: None, probe: None, rows_before: 0 }
    }

    /// What is asked of the rows of the left side, once for each of them.
    fn probe(&self, batch: Batch, ctx: &mut Context) -> Result<Probe> {
        let own = |column: &Written, ctx: &mut Context| {
            let Some(condition) = &column.condition else {
                return Ok(vec![column.left.is_some(); batch.rows()]);
            };
            let met = Operand::column(expr::evaluate(condition, &batch, ctx)?);
            let met = met.bools()?;
            Ok((0..batch.rows()).map(|row| met.get(row) == Some(true)).collect())
        };
        let own = self.columns.iter().map(|column| own(column, ctx)).collect::<Result<_>>();
        let own = with_names(own, &*self.left, self.rows_before, &batch, ctx)?;
        Ok(Probe { batch, own, row: 0, right: 0 })
    }

    /// The next rows, which fit into a cache unless one row of the left side has more.
    fn piece(&self, build: &Batch, probe: &mut Probe, ctx: &Context) -> Result<Batch> {
        let width = |batch: &Batch| batch.bytes() / batch.rows().max(1);
        let width = width(&probe.batch).max(width(build)).max(1);
        let most = ctx.env.limits.batch_rows.min(CACHED_BYTES / width).max(1);
        let rights = probe.right..build.rows().min(probe.right + most);
        let lefts = probe.row..probe.batch.rows().min(probe.row + (most / build.rows()).max(1));
        if rights.end < build.rows() {
            probe.right = rights.end;
        } else {
            (probe.row, probe.right) = (lefts.end, 0);
        }
        let rows = lefts.len() * rights.len();
        let columns = self.columns.iter().zip(&probe.own);
        let columns =
            columns.map(|(column, own)| column.write(own, (&probe.batch, &lefts), (build, &rights)));
        Batch::new(rows, columns.collect::<Result<_>>()?)
    }
}

impl Written {
    fn of(expr: &Expr, left_columns: usize) -> Option<Self> {
        let whole = |number: usize| match number.checked_sub(left_columns) {
            None => Self { left: Some(number), right: None, condition: None },
            right => Self { left: None, right, condition: None },
        };
        match &expr.kind {
            ExprKind::Column(number) => Some(whole(*number)),
            ExprKind::Case { branches, otherwise } => {
                let [(condition, met)] = branches.as_slice() else { return None };
                let (ExprKind::Column(met), ExprKind::Column(otherwise)) = (&met.kind, &otherwise.kind)
                else {
                    return None;
                };
                let mut is_of_left = !condition.any(&|expr| !is_plain(expr));
                condition.visit_columns(&mut |column| is_of_left &= column < left_columns);
                let (Self { left: left @ Some(_), .. }, Self { right: right @ Some(_), .. }) =
                    (whole(*met), whole(*otherwise))
                else {
                    return None;
                };
                is_of_left.then(|| Self { left, right, condition: Some(condition.clone()) })
            }
            _ => None,
        }
    }

    fn write(
        &self,
        own: &[bool],
        (left, lefts): (&Batch, &Range<usize>),
        (right, rights): (&Batch, &Range<usize>),
    ) -> Result<ArrayRef> {
        let part = |batch: &Batch, number: Option<usize>, rows: &Range<usize>| {
            number.map(|number| Ok(batch.column(number)?.slice(rows.start, rows.len()))).transpose()
        };
        let own = own.get(lefts.clone()).invariant("a row of a product was not asked")?;
        mixed(own, part(left, self.left, lefts)?, part(right, self.right, rights)?, rights.len())
    }
}

/// Whether the expression has one value for one row, and needs nothing but the row.
fn is_plain(expr: &Expr) -> bool {
    match &expr.kind {
        ExprKind::Column(_) | ExprKind::Literal(_) | ExprKind::Parameter(_) | ExprKind::Cast { .. } => true,
        ExprKind::Call { function, .. } => !function.is_volatile() && function.stage.is_none(),
        _ => false,
    }
}

impl Operator for Product {
    fn poll(&mut self, ctx: &mut Context) -> Result<Poll> {
        let Some((build, _)) = &self.build else {
            match self.right.poll(ctx)? {
                Poll::Batch(batch) => self.buffer.push(batch, ctx)?,
                Poll::Done => {
                    let held = self.buffer.take_held();
                    self.build = Some((self.buffer.take().concat(&self.right_schema)?, held));
                }
                other => return Ok(other),
            }
            return Ok(Poll::Working);
        };
        let mut probe = match self.probe.take() {
            Some(probe) => probe,
            None => match self.left.poll(ctx)? {
                Poll::Batch(batch) if build.rows() > 0 => {
                    let probe = self.probe(batch, ctx)?;
                    self.rows_before += probe.batch.rows();
                    probe
                }
                Poll::Batch(_) => return Ok(Poll::Working),
                other => return Ok(other),
            },
        };
        let piece = self.piece(build, &mut probe, ctx)?;
        if probe.row < probe.batch.rows() {
            self.probe = Some(probe);
        }
        Ok(Poll::Batch(piece))
    }
}
