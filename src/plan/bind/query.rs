//! Queries: WITH, UNION, and ORDER BY and LIMIT of the whole query.

use super::Binder;
use super::aggregates::Level;
use super::by_name::matched;
use super::call::{operator_call, order_key};
use super::coerce::{coerced, literal, unified};
use super::collation::columns_of;
use super::constant::constant;
use super::open_type::{is_open, is_written_out};
use super::rows::{distinct_rows, filtered, not_distinct, sorted};
use super::scope::{Names, Scope};
use super::tsql_types::implicit;
use super::typed::{Origin, Typed};
use crate::data::{DataType, Field, Scalar, Schema};
use crate::diag::{Code, Error, Invariant, Result, Span};
use crate::function::{self, Body};
use crate::plan::expr::{Aggregate, Expr, ExprKind};
use crate::plan::node::{Node, NodeKind, Subplan, SubplanKind};
use crate::syntax::SqlOperator;
use crate::syntax::ast::{self, QueryBody};

/// A query of WITH that can be named.
#[derive(Debug, Clone)]
pub(super) struct Cte {
    pub(super) name: String,
    pub(super) subplan: usize,
    pub(super) schema: Schema,
}

/// The number that a recursive query has while its own parts are bound.
const ITSELF: usize = usize::MAX;

/// The number of a query that is not bound yet.
pub(super) const LATER: usize = usize::MAX - 1;

impl Node {
    /// Whether it reads the recursive query that is being bound, which gets the number `subplan`.
    fn reads_itself(&mut self, subplan: usize) -> bool {
        match &mut self.kind {
            NodeKind::Shared { subplan: read, .. } if *read == ITSELF => {
                *read = subplan;
                true
            }
            _ => {
                let inputs = self.inputs_mut().into_iter();
                inputs.map(|input| input.reads_itself(subplan)).fold(false, |any, reads| any | reads)
            }
        }
    }
}

impl Binder<'_> {
    /// A query whose columns a host will read by name: no name twice.
    pub(super) fn result(&mut self, query: &ast::Query) -> Result<Node> {
        let node = self.query(query)?;
        unique_names(&node.schema, query.span)?;
        Ok(node)
    }

    pub(super) fn query(&mut self, query: &ast::Query) -> Result<Node> {
        let known = self.ctes.len();
        let node = self.with(&query.with).and_then(|()| self.body(query));
        self.ctes.truncate(known);
        let mut node = node?;
        if let Some(limit) = &query.limit {
            let count = self.count(&limit.count)?;
            let offset = limit.offset.as_ref().map_or(Ok(0), |offset| self.count(offset))?;
            wanted_rows(&mut node, count.saturating_add(offset));
            let schema = node.schema.clone();
            node = Node { kind: NodeKind::Limit { input: Box::new(node), count, offset }, schema };
        }
        Ok(node)
    }

    /// Each query of WITH is a subplan; those that are named once move to where they are named later.
    fn with(&mut self, ctes: &[ast::Cte]) -> Result<()> {
        for (number, cte) in ctes.iter().enumerate() {
            let name = &cte.name.text;
            if ctes.iter().take(number).any(|known| known.name.text.eq_ignore_ascii_case(name)) {
                let message = format!("two queries of WITH are called `{name}`");
                return Err(Error::new(Code::AlreadyExists, message).at(cte.name.span));
            }
        }
        let mut waiting: Vec<&ast::Cte> = ctes.iter().collect();
        // WITH RECURSIVE names queries in any order: one that names a later one waits for it.
        let in_any_order = !self.is_tsql() && ctes.iter().any(|cte| cte.recursive);
        let mut tried = 0;
        while !waiting.is_empty() {
            let cte = waiting.remove(0);
            let (subplans, queries, known) = (self.subplans.len(), self.queries.len(), self.ctes.len());
            let warnings = self.warnings.len();
            if in_any_order {
                let later = waiting.iter().map(|cte| cte.name.text.clone());
                self.ctes.extend(later.map(|name| Cte { name, subplan: LATER, schema: Schema::default() }));
            }
            let before = std::mem::take(&mut self.names_later);
            let bound = self.cte(cte);
            self.ctes.truncate(known);
            let waits = std::mem::replace(&mut self.names_later, before);
            if waits && tried < waiting.len() {
                tried += 1;
                self.subplans.truncate(subplans);
                self.queries.truncate(queries);
                self.warnings.truncate(warnings);
                waiting.push(cte);
                continue;
            }
            tried = 0;
            // What it names may be one of the queries around.
            self.names_later |= waits;
            let (root, kind) = bound?;
            let schema = root.schema.clone();
            self.subplans.push(Subplan { root, kind, span: cte.name.span });
            let name = cte.name.text.clone();
            self.ctes.push(Cte { name, subplan: self.subplans.len() - 1, schema });
        }
        Ok(())
    }

    fn cte(&mut self, cte: &ast::Cte) -> Result<(Node, SubplanKind)> {
        let outer = std::mem::take(&mut self.outer);
        let bound = match &cte.query.body {
            QueryBody::Union { parts, distinct }
                if cte.recursive && cte.query.order_by.is_empty() && cte.query.limit.is_none() =>
            {
                self.recursive(cte, parts, *distinct)
            }
            _ => self.query(&cte.query).map(|root| (root, SubplanKind::Rows)),
        };
        self.outer = outer;
        bound
    }

    /// A query of WITH whose last part may read the query itself.
    fn recursive(
        &mut self,
        cte: &ast::Cte,
        parts: &[QueryBody],
        distinct: bool,
    ) -> Result<(Node, SubplanKind)> {
        let known = self.ctes.len();
        let bound = self.with(&cte.query.with).and_then(|()| self.base_and_step(cte, parts, distinct));
        self.ctes.truncate(known);
        bound
    }

    fn base_and_step(
        &mut self,
        cte: &ast::Cte,
        parts: &[QueryBody],
        distinct: bool,
    ) -> Result<(Node, SubplanKind)> {
        let span = cte.query.span;
        let (last, first) = parts.split_last().invariant("a union has parts")?;
        let mut inputs = first.iter().map(|part| self.part(part, span)).collect::<Result<Vec<_>>>()?;
        let base = match inputs.as_slice() {
            [only] => only.clone(),
            _ => self.united(inputs.clone(), distinct, span)?,
        };
        let schema = base.schema.clone();
        let (subplans, queries) = (self.subplans.len(), self.queries.len());
        self.ctes.push(Cte { name: cte.name.text.clone(), subplan: ITSELF, schema: schema.clone() });
        let mut step = self.part(last, span)?;
        let reads = step.reads_itself(self.subplans.len());
        let inner = self.subplans.iter_mut().skip(subplans).map(|subplan| &mut subplan.root);
        let mut inner = inner.chain(self.queries.iter_mut().skip(queries).map(|query| &mut query.root));
        if inner.any(|root| root.reads_itself(ITSELF)) {
            let message = format!("`{}` reads itself in a subquery", cte.name.text);
            return Err(Error::new(Code::UnsupportedSyntax, message)
                .at(cte.name.span)
                .hint("name it in FROM, or join with it"));
        }
        if !reads {
            inputs.push(step);
            return Ok((self.united(inputs, distinct, span)?, SubplanKind::Rows));
        }
        if step.schema.fields.len() != schema.fields.len() {
            let (expected, found) = (schema.fields.len(), step.schema.fields.len());
            let message = format!("the parts of the recursive query have {expected} and {found} columns");
            return Err(Error::new(Code::ColumnCount, message).at(span));
        }
        let step = self.converted(step, &schema, span)?;
        let kind = NodeKind::Union { inputs: vec![base, step] };
        Ok((Node { kind, schema }, SubplanKind::Recursive { distinct }))
    }

    fn body(&mut self, query: &ast::Query) -> Result<Node> {
        match &query.body {
            QueryBody::Select(select) => {
                let level = std::mem::take(&mut self.level);
                let windows = std::mem::replace(&mut self.windows, select.windows.clone());
                let node = self.select(select, &query.order_by, query.span);
                (self.level, self.windows) = (level, windows);
                node
            }
            QueryBody::Nested(inner) => {
                let node = self.query(inner)?;
                self.ordered_by_columns(node, &query.order_by)
            }
            QueryBody::ByName(by_name) => {
                let node = self.set_operation(&by_name.body, Some(&by_name.matching), query.span)?;
                self.ordered_by_columns(node, &query.order_by)
            }
            body => {
                let node = self.set_operation(body, None, query.span)?;
                self.ordered_by_columns(node, &query.order_by)
            }
        }
    }

    /// A union, or what keeps matching rows. All parts get the types that their columns have in common, and the names of the
    /// first.
    fn set_operation(
        &mut self,
        body: &QueryBody,
        by_name: Option<&ast::NameMatching>,
        span: Span,
    ) -> Result<Node> {
        let (QueryBody::Union { parts, .. } | QueryBody::Matching { parts, .. }) = body else {
            return Err(Error::internal("a set operation has no parts"));
        };
        let mut inputs = parts.iter().map(|part| self.part(part, span)).collect::<Result<Vec<_>>>()?;
        if let Some(by_name) = by_name {
            inputs = matched(inputs, by_name)?;
        }
        match body {
            QueryBody::Union { distinct, .. } => self.united(inputs, *distinct, span),
            body => {
                let in_others = matches!(body, QueryBody::Matching { in_others: true, .. });
                matching(self.united(inputs, false, span)?, in_others, span)
            }
        }
    }

    fn part(&mut self, body: &QueryBody, span: Span) -> Result<Node> {
        match body {
            QueryBody::Nested(inner) => self.query(inner),
            body => self.body(&ast::Query::of(body.clone(), span)),
        }
    }

    fn united(&mut self, inputs: Vec<Node>, distinct: bool, span: Span) -> Result<Node> {
        let names: Vec<_> = inputs.first().into_iter().flat_map(|input| &input.schema.fields).collect();
        if let Some(other) = inputs.iter().find(|input| input.schema.fields.len() != names.len()) {
            return Err(Error::new(
                Code::ColumnCount,
                format!(
                    "the parts of a UNION have {} and {} columns",
                    names.len(),
                    other.schema.fields.len()
                ),
            )
            .at(span));
        }
        let mut fields = Vec::with_capacity(names.len());
        for (index, field) in names.iter().enumerate() {
            let items = inputs.iter().map(|input| column_of(input, index, span)).collect::<Result<_>>()?;
            let what = format!("columns number {} of the UNION", index + 1);
            let (data_type, _) = unified(self.alike(items)?, None, &what, span)?;
            fields.push(Field::new(field.name.clone(), data_type));
        }
        let schema = Schema { fields };
        let inputs = inputs.into_iter().map(|input| self.converted(input, &schema, span));
        let inputs = inputs.collect::<Result<_>>()?;
        let node = Node { kind: NodeKind::Union { inputs }, schema };
        if !distinct {
            return Ok(node);
        }
        distinct_rows(node, span)
    }

    /// ORDER BY after a UNION or a query in parentheses: it sees only the columns of the result.
    fn ordered_by_columns(&mut self, node: Node, order_by: &[ast::OrderItem]) -> Result<Node> {
        if order_by.is_empty() {
            return Ok(node);
        }
        let level = std::mem::replace(&mut self.level, Level::plain("an ORDER BY after a UNION"));
        let scope = Scope::new(&node.schema, None);
        let columns: Vec<_> = scope.visible(None).map(|(_, expr)| expr).collect();
        let keys = order_by.iter().map(|item| match ordinal(&item.expr, &columns, "ORDER BY")? {
            Some(column) => order_key((*column).clone().at(item.expr.span), item),
            None => order_key(self.expr(&item.expr, Names::of(&scope))?, item),
        });
        let keys = keys.collect::<Result<_>>();
        self.level = level;
        Ok(sorted(node, keys?))
    }

    /// `node` with its columns converted to the types of `schema`, and called as there.
    pub(super) fn converted(&self, node: Node, schema: &Schema, span: Span) -> Result<Node> {
        converted(node, schema, self.is_tsql(), span)
    }

    /// A number of rows.
    pub(super) fn count(&mut self, tree: &ast::Expr) -> Result<usize> {
        let scope = Scope::default();
        let expr = self.expr_of(tree, Names::of(&scope), &DataType::Int64, "a number of rows")?;
        match constant(&expr, self.context.limits)?.map_or(expr.kind, ExprKind::Literal) {
            ExprKind::Literal(Scalar::Int64(count)) => usize::try_from(count).map_err(|_| {
                Error::new(Code::OutOfRange, format!("expected a number of rows, found {count}"))
                    .at(tree.span)
            }),
            // A parameter without value yet: the statement is only checked.
            _ if self.context.only_checks() => Ok(0),
            ExprKind::Literal(_) => {
                Err(Error::new(Code::TypeMismatch, "expected a number of rows, found NULL").at(tree.span))
            }
            _ => {
                Err(Error::new(Code::UnsupportedSyntax, "a number of rows that is computed is not supported")
                    .at(tree.span)
                    .hint("DECLARE a variable for it"))
            }
        }
    }
}

/// INTERSECT DISTINCT and EXCEPT DISTINCT over all rows: groups of equal ones by the parts that they come from.
fn matching(node: Node, in_others: bool, span: Span) -> Result<Node> {
    let NodeKind::Union { inputs } = node.kind else {
        return Err(Error::internal("the parts of a set operation are no union"));
    };
    let count = inputs.len();
    let mut fields = node.schema.fields.clone();
    fields.push(Field::new("", DataType::Int64));
    let wide = Schema { fields };
    let number = |number: usize| {
        let value = i64::try_from(number).ok().invariant("a query has fewer parts")?;
        let kind = ExprKind::Literal(Scalar::Int64(value));
        Ok::<_, Error>(Expr { kind, data_type: DataType::Int64, span })
    };
    let inputs = inputs.into_iter().enumerate().map(|(part, input)| {
        let exprs = columns_of(&node.schema).into_iter().chain([number(part)?]).collect();
        let kind = NodeKind::Project { input: Box::new(input), exprs };
        Ok(Node { kind, schema: wide.clone() })
    });
    let inputs = inputs.collect::<Result<_>>()?;
    let all = Node { kind: NodeKind::Union { inputs }, schema: wide.clone() };
    if let Some(field) = node.schema.fields.iter().find(|field| !field.data_type.is_groupable()) {
        return Err(not_distinct(field).at(span));
    }
    let part = Expr::column(node.schema.fields.len(), DataType::Int64, span);
    let (name, wanted) = if in_others { ("COUNT", count) } else { ("MAX", 0) };
    let mut aggregate = plain_aggregate(name, part.clone(), DataType::Int64)?;
    aggregate.distinct = in_others;
    let keys = columns_of(&node.schema);
    let kind = NodeKind::Aggregate { input: Box::new(all), keys, aggregates: vec![aggregate] };
    let groups = Node { kind, schema: wide };
    let sides = vec![part, number(wanted)?];
    let predicate = operator_call(SqlOperator::Equal, sides, DataType::Bool, span)?;
    let kept = filtered(groups, predicate);
    let exprs = columns_of(&node.schema);
    Ok(Node { kind: NodeKind::Project { input: Box::new(kept), exprs }, schema: node.schema })
}

/// An aggregate function of one argument, by its name.
pub(super) fn plain_aggregate(name: &str, arg: Expr, data_type: DataType) -> Result<Aggregate> {
    let function = function::function(name).invariant("an aggregate function is declared")?;
    let wanted = function.signatures.iter().find(|signature| signature.args.len() == 1);
    let Some(Body::Aggregate(start)) = wanted.map(|signature| signature.body) else {
        return Err(Error::internal(format!("{name} is no aggregate function of one argument")));
    };
    let span = arg.span;
    Ok(Aggregate::plain(function, start, vec![arg], data_type, span))
}

/// `node` with its columns converted to the types of `schema`, and called as there. `as_in_tsql` converts also what
/// GoogleSQL needs a CAST for.
///
/// # Errors
/// `type-mismatch` for a column that is not coerced to its type.
fn converted(node: Node, schema: &Schema, as_in_tsql: bool, span: Span) -> Result<Node> {
    let exprs = schema.fields.iter().enumerate().map(|(index, wanted)| {
        let mut column = column_of(&node, index, span)?;
        if as_in_tsql {
            column = implicit(column, &wanted.data_type)?;
        }
        let found = column.expr.data_type.clone();
        coerced(column, &wanted.data_type)?.ok_or_else(|| {
            Error::new(
                Code::TypeMismatch,
                format!("column `{}` has type {found}, expected {}", wanted.name, wanted.data_type),
            )
            .at(span)
            .hint(format!("write CAST(… AS {})", wanted.data_type))
        })
    });
    let exprs = exprs.collect::<Result<Vec<_>>>()?;
    if node.schema == *schema {
        return Ok(node);
    }
    Ok(Node { kind: NodeKind::Project { input: Box::new(node), exprs }, schema: schema.clone() })
}

/// The column of `node` of this number; a bare NULL, which is taken for INT64, still takes any type, and a text that is
/// written out becomes a date where others are.
pub(super) fn column_of(node: &Node, number: usize, span: Span) -> Result<Typed> {
    let field = node.schema.fields.get(number).invariant("a query has fewer columns than its result")?;
    if let NodeKind::Project { exprs, .. } = &node.kind
        && let Some(expr) = exprs.get(number)
    {
        match &expr.kind {
            ExprKind::Literal(Scalar::Null) if expr.data_type == DataType::Int64 => {
                return Ok(literal(Scalar::Null, span));
            }
            ExprKind::Literal(text @ Scalar::String(_)) => return Ok(literal(text.clone(), span)),
            ExprKind::Parameter(slot) if !slot.is_typed && expr.data_type == DataType::Int64 => {
                return Ok(Typed { expr: expr.clone().at(span), origin: Origin::Null });
            }
            ExprKind::Array(_) | ExprKind::Struct(_) if is_open(expr) && is_written_out(expr) => {
                return Ok(expr.clone().at(span).into());
            }
            _ => {}
        }
    }
    Ok(Expr::column(number, field.data_type.clone(), span).into())
}

/// Tells a sort below that only its first `rows` rows are wanted.
fn wanted_rows(node: &mut Node, rows: usize) {
    match &mut node.kind {
        NodeKind::Sort { limit, .. } => *limit = Some(limit.map_or(rows, |limit| limit.min(rows))),
        NodeKind::Project { input, .. } => wanted_rows(input, rows),
        _ => {}
    }
}

/// The item of the SELECT list that `tree` names by its number, if it is a number.
///
/// # Errors
/// `out-of-range` for a number that no item has.
pub(super) fn ordinal<'a, T>(tree: &ast::Expr, items: &'a [T], clause: &str) -> Result<Option<&'a T>> {
    let ast::ExprKind::Literal(Scalar::Int64(ordinal)) = tree.kind else { return Ok(None) };
    let index = usize::try_from(ordinal).ok().and_then(|ordinal| ordinal.checked_sub(1));
    match index.and_then(|index| items.get(index)) {
        Some(item) => Ok(Some(item)),
        None => Err(Error::new(
            Code::OutOfRange,
            format!("{clause} {ordinal} is out of the SELECT list's {} columns", items.len()),
        )
        .at(tree.span)),
    }
}

/// Checks that hosts can read each column by its name.
///
/// # Errors
/// `ambiguous-column` where two columns have one name.
pub(super) fn unique_names(schema: &Schema, span: Span) -> Result<()> {
    let fields = &schema.fields;
    for (number, field) in fields.iter().enumerate() {
        if fields.iter().take(number).any(|other| other.name.eq_ignore_ascii_case(&field.name)) {
            return Err(Error::new(
                Code::AmbiguousColumn,
                format!("the result has two columns named `{}`", field.name),
            )
            .at(span)
            .hint("give one of them an alias, or leave it out with * EXCEPT"));
        }
    }
    Ok(())
}
