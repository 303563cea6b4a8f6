//! Rows that an operator has to hold until it has seen all of them.

use super::Context;
use crate::data::{Batch, KeyTable, Schema};
use crate::diag::{Code, Error, Result};
use crate::limits::Limits;

/// Batches in the order in which they came, capped in rows and bytes.
#[derive(Default)]
pub(super) struct RowBuffer {
    batches: Vec<Batch>,
    rows: usize,
    bytes: usize,
}

impl RowBuffer {
    /// Adds a batch.
    ///
    /// # Errors
    /// `limit-exceeded` where there are too many rows or bytes.
    pub(super) fn push(&mut self, batch: Batch, ctx: &Context) -> Result<()> {
        self.rows += batch.rows();
        self.bytes = self.bytes.saturating_add(batch.bytes());
        let limits = &ctx.env.limits;
        check_rows(self.rows, limits)?;
        check_bytes(self.bytes, limits)?;
        self.batches.push(batch);
        Ok(())
    }

    pub(super) fn bytes(&self) -> usize {
        self.bytes
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

/// For a table of keys beside `held` other bytes. The keys count twice: there is a copy of them while their memory grows.
///
/// # Errors
/// `limit-exceeded` where there are too many keys or bytes.
pub(super) fn check_keys(keys: &KeyTable, held: usize, limits: &Limits) -> Result<()> {
    check_rows(keys.len(), limits)?;
    check_bytes(keys.bytes().saturating_mul(2).saturating_add(held), limits)
}

fn check_bytes(bytes: usize, limits: &Limits) -> Result<()> {
    if bytes <= limits.held_bytes {
        return Ok(());
    }
    let most = limits.held_bytes >> 20;
    Err(Error::new(
        Code::LimitExceeded,
        format!("more than {most} MiB would have to be sorted, joined or grouped at once"),
    )
    .hint("filter the rows with WHERE, or select fewer columns"))
}

/// # Errors
/// `limit-exceeded` where an operator would hold more rows or groups than it can number.
pub(super) fn check_rows(rows: usize, limits: &Limits) -> Result<()> {
    if rows <= limits.held_rows {
        return Ok(());
    }
    Err(Error::new(
        Code::LimitExceeded,
        format!("more than {} rows would have to be sorted, joined or grouped at once", limits.held_rows),
    )
    .hint("filter the rows with WHERE"))
}
