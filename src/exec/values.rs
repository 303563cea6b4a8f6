//! VALUES: rows of expressions without columns.

use super::{Context, Operator, Poll, expr};
use crate::data::{Batch, Schema};
use crate::diag::Result;
use crate::plan::Expr;

pub(super) struct Values {
    rows: Vec<Vec<Expr>>,
    schema: Schema,
    /// How many rows were returned.
    returned: usize,
}

impl Values {
    pub(super) fn new(rows: Vec<Vec<Expr>>, schema: Schema) -> Self {
        Self { rows, schema, returned: 0 }
    }
}

impl Operator for Values {
    fn poll(&mut self, ctx: &mut Context) -> Result<Poll> {
        let most = ctx.env.limits.batch_rows;
        let one_row = Batch::new(1, Vec::new())?;
        let rows = self
            .rows
            .iter()
            .skip(self.returned)
            .take(most)
            .map(|row| Batch::new(1, expr::columns(row, &one_row, ctx)?))
            .collect::<Result<Vec<_>>>()?;
        self.returned += rows.len();
        Ok(if rows.is_empty() { Poll::Done } else { Poll::Batch(Batch::concat(&self.schema, &rows)?) })
    }

    fn rewind(&mut self) -> bool {
        self.returned = 0;
        true
    }
}
