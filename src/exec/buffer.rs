//! Rows that an operator has to hold until it has seen all of them.

use super::Context;
use crate::data::{Batch, KeyTable, Schema};
use crate::diag::{Code, Error, Result};
use crate::function::Held;
use crate::limits::Limits;

/// What to do where an operator would hold too much.
const INSTEAD: &str = "filter the rows with WHERE, or select fewer columns";

/// Batches in the order in which they came, capped in rows and bytes.
pub(super) struct RowBuffer {
    /// Who holds them, for errors.
    what: &'static str,
    batches: Vec<Batch>,
    rows: usize,
    held: Option<Held>,
}

impl RowBuffer {
    /// No rows; `what` will hold them.
    pub(super) fn of(what: &'static str) -> Self {
        Self { what, batches: Vec::new(), rows: 0, held: None }
    }

    /// The rows so far, in place of which there are none.
    pub(super) fn take(&mut self) -> Self {
        std::mem::replace(self, Self::of(self.what))
    }

    /// Adds a batch.
    ///
    /// # Errors
    /// `limit-exceeded` where there are too many rows or bytes.
    pub(super) fn push(&mut self, batch: Batch, ctx: &Context) -> Result<()> {
        self.rows += batch.rows();
        check_rows(self.rows, self.what, &ctx.env.limits)?;
        let held = self.held.get_or_insert_with(|| Held::new(&ctx.env.memory));
        held.add(batch.bytes());
        held.check(self.what, INSTEAD)?;
        self.batches.push(batch);
        Ok(())
    }

    /// What the query is told of these rows; whoever keeps them longer than the buffer keeps it too.
    pub(super) fn take_held(&mut self) -> Option<Held> {
        self.held.take()
    }

    pub(super) fn rows(&self) -> usize {
        self.rows
    }

    pub(super) fn batches(&self) -> &[Batch] {
        &self.batches
    }

    pub(super) fn into_batches(self) -> Vec<Batch> {
        self.batches
    }

    /// All rows in one batch with the layout of `schema`.
    pub(super) fn concat(self, schema: &Schema) -> Result<Batch> {
        Batch::concat(schema, &self.batches)
    }
}

/// For a table of keys, which are told in `held`. They count twice: there is a copy of them while their memory grows.
///
/// # Errors
/// `limit-exceeded` where there are too many keys or bytes.
pub(super) fn check_keys(
    keys: &KeyTable,
    held: &mut Option<Held>,
    what: &'static str,
    ctx: &Context,
) -> Result<()> {
    check_rows(keys.len(), what, &ctx.env.limits)?;
    let held = held.get_or_insert_with(|| Held::new(&ctx.env.memory));
    held.set(keys.bytes().saturating_mul(2));
    held.check(what, INSTEAD)
}

/// # Errors
/// `limit-exceeded` where an operator would hold more rows or groups than it can number.
pub(super) fn check_rows(rows: usize, what: &str, limits: &Limits) -> Result<()> {
    if rows <= limits.held_rows {
        return Ok(());
    }
    Err(Error::new(Code::LimitExceeded, format!("{what} would hold more than {} rows", limits.held_rows))
        .hint("filter the rows with WHERE"))
}
