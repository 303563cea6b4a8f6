//! Functions that judge, explain and watch models, describe and compare rows, and embed texts.
//!
//! Each is a query: a text below `sql/`, with the names and settings of the call put in, that is bound over the rows of
//! the call as a query of WITH. What the operators do for queries, they do for these.

mod args;
mod coalitions;
mod compare;
mod correlation;
mod describe;
mod embedding;
mod evaluate;
mod explain;
mod fairness;
mod label;
mod monitor;
mod occlusion;
mod parts;
mod permutation;
mod text;

use std::ops::RangeInclusive;

use super::Binder;
use super::from::Source;
use super::query::Cte;
use super::routine::put_node_at;
use crate::diag::{Code, Error, Result, Span};
use crate::function;
use crate::limits::ROUTINE_DEPTH;
use crate::plan::node::{Node, Subplan, SubplanKind};
use crate::syntax::ast::{StatementKind, TableArg, TableExpr};
use crate::syntax::{Dialect, parse};
use args::Call;
pub(super) use evaluate::visible;
pub(super) use text::{filled, quoted, string};

/// One of these functions: what it is called with, and how its query is made.
pub(super) struct Judging {
    name: &'static str,
    models: RangeInclusive<usize>,
    rows: RangeInclusive<usize>,
    /// How many arguments without a name it takes.
    values: usize,
    settings: &'static [&'static str],
    bind: fn(&mut Binder<'_>, &Call<'_>) -> Result<Node>,
}

impl Judging {
    const fn of_model(
        name: &'static str,
        settings: &'static [&'static str],
        bind: fn(&mut Binder<'_>, &Call<'_>) -> Result<Node>,
    ) -> Self {
        Self { name, models: 1..=1, rows: 1..=1, values: 0, settings, bind }
    }

    const fn of_rows(
        name: &'static str,
        settings: &'static [&'static str],
        bind: fn(&mut Binder<'_>, &Call<'_>) -> Result<Node>,
    ) -> Self {
        Self { models: 0..=0, ..Self::of_model(name, settings, bind) }
    }

    /// How it is written.
    fn form(&self) -> &'static str {
        let mut known = function::TABLE_FUNCTIONS.iter();
        known.find(|function| function.name == self.name).map_or(self.name, |function| function.form)
    }
}

const JUDGING: &[&[Judging]] = &[
    evaluate::FUNCTIONS,
    fairness::FUNCTIONS,
    describe::FUNCTIONS,
    correlation::FUNCTIONS,
    explain::FUNCTIONS,
    monitor::FUNCTIONS,
    parts::FUNCTIONS,
    compare::FUNCTIONS,
    embedding::FUNCTIONS,
];

/// What the queries call columns of their own, behind two underscores.
const OWN_COLUMNS: &str =
    "actual base c g group i is_cut j k m n other p q row rows s shares start tokens v w win";

impl Binder<'_> {
    /// The rows of a call of one of these functions; `None` where `name`, in capitals, is none of them.
    pub(super) fn judging(&mut self, name: &str, args: &[TableArg], span: Span) -> Option<Result<Node>> {
        let judging = JUDGING.iter().copied().flatten().find(|judging| judging.name == name)?;
        if name == explain::SHARES && self.routines.is_empty() {
            return None;
        }
        // Its rows are taken once, as those of a query of WITH: they see nothing of the row around the call.
        let outer = std::mem::take(&mut self.outer);
        let rows = Call::new(judging, args, span).and_then(|call| (judging.bind)(self, &call));
        self.outer = outer;
        Some(rows)
    }

    /// The rows that a call is given.
    fn given(&mut self, call: &Call<'_>, rows: &TableExpr) -> Result<Source> {
        let source = self.table(rows)?;
        without_own_columns(call, source, rows.span)
    }

    /// The rows of the query `sql`, in which the `sources` are tables.
    fn expanded(&mut self, call: &Call<'_>, sources: Vec<(&str, Node)>, sql: &str) -> Result<Node> {
        self.query_over(call.judging.name, call.span, sources, sql)
    }

    /// The rows of the query `sql` of the function `name`, in which the `sources` are tables.
    pub(super) fn query_over(
        &mut self,
        name: &str,
        span: Span,
        sources: Vec<(&str, Node)>,
        sql: &str,
    ) -> Result<Node> {
        if self.routines.len() >= ROUTINE_DEPTH {
            let message = format!("calls of `{name}` and other functions stand too deeply in each other");
            return Err(Error::new(Code::LimitExceeded, message).at(span));
        }
        let parsed = parse(sql, self.context.limits, Some(Dialect::BigQuery));
        let statement = parsed.statements.into_iter().next().map(|statement| statement.kind);
        let Some(StatementKind::Query(query)) = statement else {
            return Err(Error::internal(format!("the query of {name} cannot be read")).detail(sql));
        };
        let ctes = std::mem::take(&mut self.ctes);
        let dialect = std::mem::replace(&mut self.context.dialect, Dialect::BigQuery);
        for (name, root) in sources {
            let schema = root.schema.clone();
            self.subplans.push(Subplan { root, kind: SubplanKind::Rows, span });
            self.ctes.push(Cte { name: name.to_owned(), subplan: self.subplans.len() - 1, schema });
        }
        let (subplans, queries) = (self.subplans.len(), self.queries.len());
        self.routines.push(name.to_owned());
        let bound = self.query(&query);
        self.routines.pop();
        (self.ctes, self.context.dialect) = (ctes, dialect);
        let mut node = bound.map_err(|error| error.at(span).context(format_args!("function `{name}`")))?;
        put_node_at(&mut node, span);
        self.put_queries_at(subplans, queries, span);
        Ok(node)
    }
}

/// # Errors
/// `ambiguous-column` where rows have a column that the queries call one of their own.
fn without_own_columns(call: &Call<'_>, source: Source, span: Span) -> Result<Source> {
    let is_own = |name: &str| {
        let mut own = OWN_COLUMNS.split(' ');
        name.strip_prefix("__").is_some_and(|name| own.any(|own| own.eq_ignore_ascii_case(name)))
    };
    let Some((name, _)) = source.scope.visible(None).find(|(name, _)| is_own(name)) else {
        return Ok(source);
    };
    let message = format!("`{name}` is what {} calls a column of its own", call.judging.name);
    Err(Error::new(Code::AmbiguousColumn, message)
        .at(span)
        .hint(format!("give the column another name: (SELECT * EXCEPT ({name}), {name} AS x FROM …)")))
}
