//! The statements of a text, one query after the other.

use std::sync::Arc;

use super::{Engine, Query};
use crate::control::Stopwatch;
use crate::diag::Result;
use crate::limits::Limits;
use crate::plan::Params;
use crate::syntax::ast::Statement;

/// Statements that run in order: take the next one when the one before has ended.
pub struct Script {
    engine: Engine,
    limits: Arc<Limits>,
    statements: std::vec::IntoIter<Statement>,
    params: Params,
    /// Holds the time of parsing until the first query takes it.
    watch: Stopwatch,
}

impl Script {
    pub(super) fn new(
        engine: Engine,
        limits: Arc<Limits>,
        statements: Vec<Statement>,
        params: Params,
        watch: Stopwatch,
    ) -> Self {
        Self { engine, limits, statements: statements.into_iter(), params, watch }
    }

    /// The number of statements that are left.
    pub fn len(&self) -> usize {
        self.statements.len()
    }

    /// Whether all statements were taken.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl Iterator for Script {
    type Item = Result<Query>;

    /// Binds the next statement against the catalog as it is now.
    fn next(&mut self) -> Option<Result<Query>> {
        let statement = self.statements.next()?;
        let fresh = Stopwatch::new(self.engine.shared.clock);
        let watch = std::mem::replace(&mut self.watch, fresh);
        Some(Query::new(&self.engine, self.limits.clone(), &statement, &self.params, watch))
    }
}
