//! Calls of functions that are expressions: those of [`crate::function::template`], and those of CREATE FUNCTION.

use super::Binder;
use super::coerce::coerced;
use super::scope::{Names, Scope};
use super::typed::Typed;
use crate::catalog::Routine;
use crate::data::{DataType, Scalar};
use crate::diag::{Code, Error, Result, Span};
use crate::function::{Body, TEMPLATES, Template, function, tsql};
use crate::limits::ROUTINE_DEPTH;
use crate::plan::expr::{Expr, ExprKind};
use crate::plan::node::Node;
use crate::syntax::ast::{self, SelectItem, StatementKind};
use crate::syntax::{Dialect, parse};

impl Binder<'_> {
    /// A call of a function that CREATE FUNCTION made.
    pub(super) fn routine(
        &mut self,
        name: &str,
        routine: &Routine,
        call: &ast::FunctionCall,
        span: Span,
        names: Names<'_>,
    ) -> Result<Typed> {
        if routine.params.len() != call.args.len() {
            let (wanted, found) = (routine.params.len(), call.args.len());
            let message = format!("`{name}` has {wanted} parameters, found {found} arguments");
            return Err(Error::new(Code::NoMatchingSignature, message).at(span));
        }
        let mut scope = Scope::default();
        for ((param, data_type), tree) in routine.params.iter().zip(&call.args) {
            let value = match data_type {
                Some(data_type) => self.expr_of(tree, names, data_type, "an argument")?,
                None => self.expr(tree, names)?,
            };
            scope.push(None, param, value);
        }
        let result = self.body_of(name, &routine.body, &scope, span)?;
        match &routine.returns {
            Some(returns) => returned(result, returns, span).map(Typed::from),
            None => Ok(result),
        }
    }

    /// A call of a function that is written down as an expression.
    pub(super) fn template(
        &mut self,
        template: &Template,
        call: &ast::FunctionCall,
        safe: bool,
        span: Span,
        names: Names<'_>,
    ) -> Result<Typed> {
        let mut scope = Scope::default();
        let mut body = if safe { all_safe(template.body) } else { template.body.to_owned() };
        let mut params = template.params.iter();
        let mut given = 0;
        for tree in &call.args {
            let Some(param) = params.next() else { return Err(arity(template, span)) };
            given += 1;
            let value = match &tree.kind {
                ast::ExprKind::Interval(count, part) if template.params.contains(&"part") => {
                    body = body
                        .replace(" part)", &format!(" {})", part.text))
                        .replace(" part,", &format!(" {},", part.text));
                    params.next();
                    given += 1;
                    self.expr_of(count, names, &DataType::Int64, "a number of parts")?
                }
                ast::ExprKind::Name(part) if *param == "part" => {
                    body = body.replace(" part)", &format!(" {})", part.text));
                    continue;
                }
                // A text that is written out becomes the time that is wanted, as in every call.
                ast::ExprKind::Literal(Scalar::String(_)) => match &time_at(template.form, given - 1) {
                    Some(time) => self.expr_of(tree, names, time, "an argument")?,
                    None => self.expr(tree, names)?,
                },
                _ => self.expr(tree, names)?,
            };
            scope.push(None, param, value);
        }
        if given != template.params.len() {
            return Err(arity(template, span));
        }
        self.written_out(template.name, &body, &scope, span).map_err(|error| match error.code() {
            Code::NoMatchingSignature => unlike(template, &scope, span),
            _ => error,
        })
    }

    /// The value of an expression that is written in GoogleSQL, over what `scope` names.
    pub(super) fn written_out(&mut self, name: &str, body: &str, scope: &Scope, span: Span) -> Result<Typed> {
        let limits = self.context.limits;
        let statement = parse(&format!("SELECT {body}"), limits, Some(Dialect::BigQuery)).statements.pop();
        let tree = match statement.map(|statement| statement.kind) {
            Some(StatementKind::Query(query)) => match query.body {
                ast::QueryBody::Select(mut select) => select.items.pop(),
                _ => None,
            },
            _ => None,
        };
        let Some(SelectItem::Expr { expr: tree, .. }) = tree else {
            return Err(Error::internal(format!("the body of {name} is no expression")));
        };
        self.body_of(name, &tree, scope, span)
    }

    /// The expression of a function over its parameters. What it says stands at the call.
    fn body_of(&mut self, name: &str, body: &ast::Expr, scope: &Scope, span: Span) -> Result<Typed> {
        if self.routines.len() >= ROUTINE_DEPTH {
            let message = format!("`{name}` calls itself, or functions call each other too deeply");
            return Err(Error::new(Code::LimitExceeded, message).at(span));
        }
        let (subplans, queries) = (self.subplans.len(), self.queries.len());
        // Nothing but the parameters has a name in it.
        let hidden = vec![Scope::default(); self.outer.len()];
        let outer = std::mem::replace(&mut self.outer, hidden);
        let ctes = std::mem::take(&mut self.ctes);
        // It is GoogleSQL, wherever it is called.
        let dialect = std::mem::replace(&mut self.context.dialect, Dialect::BigQuery);
        self.routines.push(name.to_owned());
        let bound = self.typed(body, Names::of(scope));
        self.routines.pop();
        (self.outer, self.ctes, self.context.dialect) = (outer, ctes, dialect);
        let mut typed = bound.map_err(|error| error.at(span).context(format_args!("function `{name}`")))?;
        put_at(&mut typed.expr, span);
        self.put_queries_at(subplans, queries, span);
        Ok(typed)
    }

    /// Gives the subqueries behind the first `subplans` and `queries` the place of the call that they came with.
    pub(super) fn put_queries_at(&mut self, subplans: usize, queries: usize, span: Span) {
        for subplan in self.subplans.iter_mut().skip(subplans) {
            subplan.span = span;
            put_node_at(&mut subplan.root, span);
        }
        for query in self.queries.iter_mut().skip(queries) {
            query.span = span;
            put_node_at(&mut query.root, span);
        }
    }
}

/// An expression whose functions give NULL in place of errors.
fn all_safe(body: &str) -> String {
    let mut safe = String::with_capacity(body.len());
    for (index, piece) in body.split('(').enumerate() {
        let start =
            piece.rfind(|c: char| !c.is_ascii_alphanumeric() && c != '_').map_or(0, |before| before + 1);
        let (before, name) = piece.split_at(start);
        // ERROR has no type that SAFE. could give a NULL of.
        let is_scalar = function(name).filter(|_| name != "ERROR").is_some_and(|function| {
            function.signatures.iter().any(|signature| matches!(signature.body, Body::Scalar(_)))
        });
        safe.push_str(if index == 0 { "" } else { "(" });
        safe.push_str(before);
        safe.push_str(if is_scalar { "SAFE." } else { "" });
        safe.push_str(name);
    }
    safe
}

/// The result as the type that the function declares.
pub(super) fn returned(result: Typed, returns: &DataType, span: Span) -> Result<Expr> {
    let found = result.expr.data_type.clone();
    coerced(result, returns)?.ok_or_else(|| {
        Error::new(Code::TypeMismatch, format!("the function returns {returns}, but its body gives {found}"))
            .at(span)
            .hint(format!("write CAST(… AS {returns})"))
    })
}

fn put_at(expr: &mut Expr, span: Span) {
    expr.span = span;
    if let ExprKind::Outer { value, .. } = &mut expr.kind {
        put_at(value, span);
    }
    expr.children_mut().into_iter().for_each(|child| put_at(child, span));
}

pub(super) fn put_node_at(node: &mut Node, span: Span) {
    node.exprs_mut().into_iter().for_each(|expr| put_at(expr, span));
    node.inputs_mut().into_iter().for_each(|input| put_node_at(input, span));
}

#[cold]
/// The type of the parameter at a place of a template's form, where that is a date or a time.
fn time_at(form: &str, place: usize) -> Option<DataType> {
    let (params, _) = form.split_once('(')?.1.split_once(')')?;
    match params.split(", ").nth(place)? {
        "DATE" => Some(DataType::Date),
        "DATETIME" => Some(DataType::Datetime),
        "TIMESTAMP" => Some(DataType::Timestamp),
        "TIME" => Some(DataType::Time),
        _ => None,
    }
}

fn arity(template: &Template, span: Span) -> Error {
    refused(template, "", span)
}

/// Arguments that the functions in the body of a template do not take: those are nothing that its caller has written.
#[cold]
fn unlike(template: &Template, scope: &Scope, span: Span) -> Error {
    let found: Vec<_> = scope.visible(None).map(|(_, value)| value.data_type.to_string()).collect();
    refused(template, &format!(" with ({})", found.join(", ")), span)
}

fn refused(template: &Template, found: &str, span: Span) -> Error {
    let forms = TEMPLATES.iter().chain(tsql::TEMPLATES);
    let forms = forms.filter(|other| other.name == template.name && !other.form.is_empty());
    let message = format!("no matching signature for function `{}`{found}", template.name);
    Error::new(Code::NoMatchingSignature, message).at(span).or_list("it takes", forms.map(|other| other.form))
}
