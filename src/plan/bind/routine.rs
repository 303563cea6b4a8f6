//! Calls of functions that are expressions: those of [`crate::function::template`], and those of CREATE FUNCTION.

use arrow_array::Array;

use super::Binder;
use super::call::quoted_part;
use super::coerce::{coerced, literal};
use super::constant::constant;
use super::scope::{Names, Scope};
use super::typed::Typed;
use crate::catalog::Routine;
use crate::data::{DataType, Scalar, array_of, order_of};
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
                    check_part(template, part)?;
                    params.next();
                    given += 1;
                    self.expr_of(count, names, &DataType::Int64, "a number of parts")?
                }
                ast::ExprKind::Literal(Scalar::String(part)) if *param == "part" => {
                    return Err(quoted_part(part, tree.span));
                }
                ast::ExprKind::Name(part) if *param == "part" => {
                    check_part(template, part)?;
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
        let found = match self.fault(template.name, &scope, span)? {
            Some(_) if safe => return Ok(literal(Scalar::Null, span)),
            Some(fault) => return Err(fault),
            None if template.name == "CONTAINS_SUBSTR" => parts_to_search(&scope),
            None => None,
        };
        let written = match &found {
            Some((body, scope)) => self.written_out(template.name, body, scope, span),
            None => self.written_out(template.name, &body, &scope, span),
        };
        written.map_err(|error| match error.code() {
            Code::NoMatchingSignature => unlike(template, &scope, span),
            _ => error,
        })
    }

    /// What is wrong with arguments that are constants, where the expression of a template would not see it.
    fn fault(&self, template: &str, scope: &Scope, span: Span) -> Result<Option<Error>> {
        let place = match template {
            "RANGE_BUCKET" | "TRANSLATE" | "CONTAINS_SUBSTR" => 1,
            _ => return Ok(None),
        };
        let Some((_, arg)) = scope.visible(None).nth(place) else { return Ok(None) };
        let message = match constant(arg, self.context.limits)? {
            Some(Scalar::Array(element, bounds)) if element.is_orderable() => {
                let bounds = array_of(&bounds, &element)?;
                let order = order_of(&bounds, &element)?;
                if bounds.null_count() == 0 && (1..bounds.len()).all(|place| order(place - 1, place).is_le())
                {
                    return Ok(None);
                }
                "the bounds of RANGE_BUCKET have to ascend, without a NULL"
            }
            Some(Scalar::String(text)) if template == "TRANSLATE" => {
                let mut seen: Vec<char> = text.chars().collect();
                seen.sort_unstable();
                if seen.windows(2).all(|pair| pair.first() != pair.last()) {
                    return Ok(None);
                }
                "TRANSLATE has a character twice among those that it replaces"
            }
            Some(Scalar::Null) if template == "CONTAINS_SUBSTR" => "CONTAINS_SUBSTR looks for no NULL",
            _ => return Ok(None),
        };
        Ok(Some(Error::new(Code::InvalidValue, message).at(span)))
    }

    /// `JSON_OBJECT(keys, values)` of two arrays; `None` where the first argument is no array.
    pub(super) fn object_of_arrays(
        &mut self,
        args: &[ast::Expr],
        span: Span,
        names: Names<'_>,
    ) -> Result<Option<Expr>> {
        let [keys, values] = args else { return Ok(None) };
        let keys = self.expr(keys, names)?;
        if !matches!(keys.data_type, DataType::Array(_)) {
            return Ok(None);
        }
        let mut scope = Scope::default();
        scope.push(None, "a", keys);
        scope.push(None, "b", self.expr(values, names)?);
        let body = "IF(ARRAY_LENGTH(a) <> ARRAY_LENGTH(b), ERROR('JSON_OBJECT takes as many values as keys'), \
             PARSE_JSON(CONCAT('{', IFNULL((SELECT STRING_AGG(CONCAT(TO_JSON_STRING(k), ':', \
             TO_JSON_STRING(b[OFFSET(i)])), ',' ORDER BY i) FROM UNNEST(a) AS k WITH OFFSET AS i), ''), '}')))";
        self.written_out("JSON_OBJECT", body, &scope, span).map(|object| Some(object.expr))
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

/// Times have no parts above hours.
fn check_part(template: &Template, part: &ast::Ident) -> Result<()> {
    const OF_TIME: &[&str] = &["MICROSECOND", "MILLISECOND", "SECOND", "MINUTE", "HOUR"];
    let is_of_time = OF_TIME.iter().any(|known| known.eq_ignore_ascii_case(&part.text));
    if is_of_time || !template.name.starts_with("TIME_") {
        return Ok(());
    }
    let message = format!("{} does not take {}", template.name, part.text.to_ascii_uppercase());
    Err(Error::new(Code::SyntaxError, message).at(part.span).or_list("it takes", OF_TIME.iter().copied()))
}

/// How CONTAINS_SUBSTR searches a struct, field by field, or an array.
fn parts_to_search(scope: &Scope) -> Option<(String, Scope)> {
    let mut args = scope.visible(None).map(|(_, arg)| arg.clone());
    let (value, text) = (args.next()?, args.next()?);
    let mut inner = Scope::default();
    let body = match &value.data_type {
        DataType::Struct(fields) => {
            let mut found = Vec::with_capacity(fields.len());
            for (index, field) in fields.iter().enumerate() {
                let kind = ExprKind::Field { value: Box::new(value.clone()), index };
                let of_field = Expr { kind, data_type: field.data_type.clone(), span: value.span };
                inner.push(None, &format!("x{index}"), of_field);
                found.push(format!("CONTAINS_SUBSTR(x{index}, part_of_it)"));
            }
            found.join(" OR ")
        }
        DataType::Array(_) => {
            inner.push(None, "x", value);
            "EXISTS (SELECT 1 FROM UNNEST(x) AS e WHERE CONTAINS_SUBSTR(e, part_of_it))".into()
        }
        _ => return None,
    };
    inner.push(None, "part_of_it", text);
    Some((body, inner))
}

/// An expression whose functions give NULL in place of errors.
fn all_safe(body: &str) -> String {
    let mut safe = String::with_capacity(body.len());
    for (index, piece) in body.split('(').enumerate() {
        let start =
            piece.rfind(|c: char| !c.is_ascii_alphanumeric() && c != '_').map_or(0, |before| before + 1);
        let (before, name) = piece.split_at(start);
        // ERROR has no type that SAFE. could give a NULL of: NULL itself stands for it.
        let is_scalar = function(name).filter(|_| name != "ERROR").is_some_and(|function| {
            function.signatures.iter().any(|signature| matches!(signature.body, Body::Scalar(_)))
        });
        safe.push_str(if index == 0 { "" } else { "(" });
        safe.push_str(before);
        let is_element = before.ends_with('[') && matches!(name, "OFFSET" | "ORDINAL");
        safe.push_str(match name {
            "ERROR" => "NULL_FOR_",
            _ if is_scalar => "SAFE.",
            _ if is_element => "SAFE_",
            _ => "",
        });
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
