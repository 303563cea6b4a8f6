//! EXPLAIN and EXPLAIN ANALYZE.

use crate::diag::{Code, Error, Result};
use crate::plan::bind::{Binder, Bound};
use crate::plan::node::Plan;
use crate::syntax::ast::{self, StatementKind};

/// Tell of a plan, after it has run if `analyze`.
#[derive(Debug)]
pub(crate) struct Explain {
    pub(crate) plan: Plan,
    pub(crate) analyze: bool,
}

impl Binder<'_> {
    pub(super) fn explain(&mut self, explain: &ast::Explain) -> Result<Bound> {
        let StatementKind::Query(query) = &explain.statement.kind else {
            return Err(Error::new(Code::UnsupportedSyntax, "EXPLAIN explains queries only")
                .at(explain.statement.span)
                .hint("write EXPLAIN SELECT …"));
        };
        let root = self.result(query)?;
        Ok(Bound::Explain(Explain { plan: self.plan(root)?, analyze: explain.analyze }))
    }
}
