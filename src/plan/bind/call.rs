//! Calls: scalar functions, aggregates, window functions, preprocessing.

use std::sync::Arc;

use super::Binder;
use super::aggregates::{is_plain, same};
use super::coerce::{coerced, convert, exact_type, literal, takes_text};
use super::constant::constant;
use super::open_type::{common_open_type, is_open};
use super::scope::{Names, Scope};
use super::tsql_types::without_nulls;
use super::typed::{Origin, Typed};
use crate::data::{CastMode, DataType, Scalar};
use crate::diag::{Code, Error, Invariant, Result, Span, ensure};
use crate::function::{self, Body, Function, Lazy, Resolved, Type};
use crate::limits::Limits;
use crate::plan::expr::{Aggregate, Expr, ExprKind, Extreme, Order};
use crate::syntax::ast;
use crate::syntax::{Dialect, SqlOperator};

/// A call with its signature chosen and its arguments converted.
pub(super) struct ResolvedCall {
    pub(super) args: Vec<Expr>,
    pub(super) returns: DataType,
    pub(super) body: Body,
}

/// Functions of texts that take BYTES too, and what their values are then.
const OVER_BYTES: &[(&str, &str)] = &[
    ("REVERSE", "TEXT_AS_BYTES(?)"),
    ("REPEAT", "TEXT_AS_BYTES(?)"),
    ("REPLACE", "TEXT_AS_BYTES(?)"),
    ("TRIM", "TEXT_AS_BYTES(?)"),
    ("LTRIM", "TEXT_AS_BYTES(?)"),
    ("RTRIM", "TEXT_AS_BYTES(?)"),
    ("LPAD", "TEXT_AS_BYTES(?)"),
    ("RPAD", "TEXT_AS_BYTES(?)"),
    ("REGEXP_EXTRACT", "TEXT_AS_BYTES(?)"),
    ("REGEXP_REPLACE", "TEXT_AS_BYTES(?)"),
    ("REGEXP_CONTAINS", "?"),
    ("STRPOS", "?"),
    ("INSTR", "?"),
    ("LIKE", "?"),
    ("SPLIT", "ARRAY(SELECT TEXT_AS_BYTES(e) FROM UNNEST(?) AS e WITH OFFSET AS i ORDER BY i)"),
];

/// What stands before a function whose errors are NULL.
const SAFE: &str = "SAFE.";

impl Binder<'_> {
    /// A call of whatever kind of function.
    pub(super) fn called(&mut self, call: &ast::FunctionCall, span: Span, names: Names<'_>) -> Result<Typed> {
        let name = call.name.text();
        let routine = self.context.catalog.routine(&name).cloned();
        let (bare, safe) = match name.split_at_checked(SAFE.len()) {
            Some((prefix, bare)) if prefix.eq_ignore_ascii_case(SAFE) => (bare, true),
            _ => (name.as_str(), false),
        };
        let template = if self.is_tsql() { function::tsql::template } else { function::template };
        let template = template(bare, call.args.len());
        let template = template.filter(|template| !(safe && template.aggregate));
        if (routine.is_some() || template.is_some())
            && let Some(word) = written_modifiers(call).next().or(call.over.is_some().then_some("OVER"))
        {
            return Err(Error::new(Code::MisplacedFunction, format!("`{name}` takes no {word}"))
                .at(span)
                .hint(format!("leave {word} out")));
        }
        match (routine, template) {
            (Some(routine), _) => self.routine(&name, &routine, call, span, names),
            (None, Some(template)) => self.template(template, call, safe, span, names),
            (None, None) if name.eq_ignore_ascii_case("ERROR") => {
                // It has no value, and so fits where any is wanted.
                let expr = self.call(call, span, names)?;
                Ok(Typed { expr, origin: Origin::Null })
            }
            (None, None) => self.call(call, span, names).map(Typed::from),
        }
    }

    pub(super) fn call(&mut self, call: &ast::FunctionCall, span: Span, names: Names<'_>) -> Result<Expr> {
        if self.is_tsql() && call.name.text().eq_ignore_ascii_case("ISNULL") {
            return self.is_null(&call.args, span, names);
        }
        if self.is_tsql() && call.name.text().eq_ignore_ascii_case("DATALENGTH") {
            self.refuse_unknown_length(&call.args, span, names)?;
        }
        if self.is_tsql() && call.name.text().eq_ignore_ascii_case("FORMAT") {
            return self.tsql_format(&call.args, span, names);
        }
        if !self.is_tsql()
            && call.args.len() == 2
            && call.name.text().eq_ignore_ascii_case("JSON_OBJECT")
            && let Some(object) = self.object_of_arrays(&call.args, span, names)?
        {
            return Ok(object);
        }
        if self.is_tsql() && call.name.text().eq_ignore_ascii_case("OBJECT_ID") {
            return self.object_id(&call.args, span, names);
        }
        let (function, safe) = known_function(&call.name, self.context.dialect)?;
        match (function.signatures.first().map(|signature| signature.body), &call.over) {
            (
                Some(body @ (Body::Aggregate(_) | Body::Ranking(_) | Body::Navigation(_) | Body::Fit(_))),
                _,
            ) if safe => {
                let kind = if matches!(body, Body::Aggregate(_)) { "an aggregate" } else { "an analytic" };
                let message = format!("SAFE. is for scalar functions, {} is {kind} function", function.name);
                Err(Error::new(Code::MisplacedFunction, message).at(call.name.span))
            }
            (Some(Body::Aggregate(_)), None) => self.aggregate(function, call, span, names),
            (
                Some(Body::Aggregate(_) | Body::Ranking(_) | Body::Navigation(_) | Body::Fit(_)),
                Some(over),
            ) => self.windowed(function, call, over, span, names),
            (Some(Body::Ranking(_)), None) => Err(needs_over(function, "() OVER (ORDER BY …)", span)),
            (Some(Body::Navigation(_)), None) => Err(needs_over(function, "(…) OVER (…)", span)),
            (Some(Body::Fit(_)), None) => Err(needs_over(function, "(…) OVER()", span)),
            (Some(Body::Scalar(_) | Body::Lazy(_)) | None, _) => {
                check_row_by_row(function, call, span)?;
                self.scalar_call(function, &call.args, safe, span, names)
            }
        }
    }

    /// A function that is computed row by row.
    pub(super) fn scalar_call(
        &mut self,
        function: &'static Function,
        args: &[ast::Expr],
        safe: bool,
        span: Span,
        names: Names<'_>,
    ) -> Result<Expr> {
        let args = self.typed_args(function, args, span, names)?;
        if let Some(value) = self.over_bytes(function, &args, span)? {
            return Ok(value);
        }
        let ResolvedCall { mut args, returns, body } = self.resolved_call(function, args, span)?;
        if self.is_tsql() && matches!(function.name, "GREATEST" | "LEAST") {
            args = without_nulls(&args);
        }
        let kind = match body {
            Body::Scalar(kernel) => ExprKind::Call { function, kernel, args, safe },
            Body::Lazy(Lazy::Coalesce) => ExprKind::Coalesce(args),
            Body::Lazy(Lazy::If) => {
                let Ok([condition, value, otherwise]) = <[Expr; 3]>::try_from(args) else {
                    return Err(Error::internal("IF has three arguments"));
                };
                ExprKind::Case { branches: vec![(condition, value)], otherwise: Box::new(otherwise) }
            }
            Body::Aggregate(_) | Body::Ranking(_) | Body::Navigation(_) | Body::Fit(_) => {
                return Err(Error::internal("a function over several rows was taken for a scalar one"));
            }
        };
        self.checked(function, Expr { kind, data_type: returns, span })
    }

    /// `INTERVAL n part` as a value: so many times the part.
    pub(super) fn interval(
        &mut self,
        count: &ast::Expr,
        part: &ast::Ident,
        span: Span,
        names: Names<'_>,
    ) -> Result<Typed> {
        let one = match part.text.to_ascii_uppercase().as_str() {
            "YEAR" => "1-0 0 0:0:0",
            "QUARTER" => "0-3 0 0:0:0",
            "MONTH" => "0-1 0 0:0:0",
            "WEEK" => "0-0 7 0:0:0",
            "DAY" => "0-0 1 0:0:0",
            "HOUR" => "0-0 0 1:0:0",
            "MINUTE" => "0-0 0 0:1:0",
            "SECOND" => "0-0 0 0:0:1",
            "MILLISECOND" => "0-0 0 0:0:0.001",
            "MICROSECOND" => "0-0 0 0:0:0.000001",
            _ => {
                return Err(Error::new(Code::SyntaxError, format!("an INTERVAL has no part `{}`", part.text))
                    .at(part.span)
                    .hint("the parts are YEAR, QUARTER, MONTH, WEEK, DAY, HOUR, MINUTE, SECOND, MILLISECOND, MICROSECOND"));
            }
        };
        let args = vec![count.clone(), ast::interval_value(one, span)];
        let kind = ast::ExprKind::Operator { operator: SqlOperator::Multiply, args };
        self.typed(&ast::Expr { kind, span }, names)
    }

    pub(super) fn extract(
        &mut self,
        part: &ast::Ident,
        value: &ast::Expr,
        zone: Option<&ast::Expr>,
        span: Span,
        names: Names<'_>,
    ) -> Result<Expr> {
        if part.text.eq_ignore_ascii_case("TIME") {
            let function = function::function("TIME").invariant("TIME is not declared")?;
            let args: Vec<_> = [value.clone()].into_iter().chain(zone.cloned()).collect();
            return self.scalar_call(function, &args, false, span, names);
        }
        let function = function::function("EXTRACT").invariant("EXTRACT is not declared")?;
        let part = ast::Expr { kind: ast::ExprKind::Name(part.clone()), span: part.span };
        let args: Vec<_> = [part, value.clone()].into_iter().chain(zone.cloned()).collect();
        self.scalar_call(function, &args, false, span, names)
    }

    /// The arguments of a call, before they are converted.
    fn typed_args(
        &mut self,
        function: &'static Function,
        trees: &[ast::Expr],
        span: Span,
        names: Names<'_>,
    ) -> Result<Vec<Typed>> {
        let mut args = Vec::with_capacity(trees.len());
        for (index, tree) in trees.iter().enumerate() {
            match (&tree.kind, date_part(function, index, tree)) {
                (ast::ExprKind::Star, _) if trees.len() == 1 => {}
                (_, Some(part)) => args.push(literal(Scalar::String(part), tree.span)),
                (ast::ExprKind::Literal(Scalar::String(part)), None) if takes_part(function, index) => {
                    return Err(quoted_part(part, tree.span));
                }
                (ast::ExprKind::Interval(count, part), _) if takes_interval(function, &args) => {
                    let count = self.expr_of(count, names, &DataType::Int64, "a number of parts")?;
                    args.push(count.into());
                    let part = Scalar::String(part.text.to_ascii_uppercase());
                    args.push(literal(part, tree.span));
                }
                _ => args.push(self.typed(tree, names)?),
            }
        }
        if function.name == "COUNT" && trees.is_empty() {
            let message = "no matching signature for function `COUNT` without arguments";
            return Err(Error::new(Code::NoMatchingSignature, message).at(span).hint("write COUNT(*)"));
        }
        let args = self.tsql_arguments(function, args)?;
        if function.name == "CONCAT" { texts(args) } else { Ok(args) }
    }

    /// Chooses the signature and converts the arguments.
    pub(super) fn resolve_call(
        &mut self,
        function: &'static Function,
        trees: &[ast::Expr],
        span: Span,
        names: Names<'_>,
    ) -> Result<ResolvedCall> {
        let args = self.typed_args(function, trees, span, names)?;
        self.resolved_call(function, args, span)
    }

    fn resolved_call(
        &self,
        function: &'static Function,
        args: Vec<Typed>,
        span: Span,
    ) -> Result<ResolvedCall> {
        let Resolved { args: wanted, returns, body } = resolved(function, &args, self.context.limits)
            .map_err(|error| {
                let of_bytes = args.iter().any(|arg| arg.data_type() == Some(DataType::Bytes));
                let mut wanted = function.signatures.iter().flat_map(|signature| signature.args);
                let error = error.or_at(span);
                if of_bytes && wanted.any(|wanted| *wanted == Type::String) {
                    let hint = "it takes no BYTES here: SAFE_CONVERT_BYTES_TO_STRING(x) makes a text of them";
                    return error.hint(hint);
                }
                error
            })?;
        if self.is_tsql() && returns == DataType::Interval {
            let message = format!("no matching signature for operator `{}` with two times", function.name);
            return Err(Error::new(Code::NoMatchingSignature, message)
                .at(span)
                .hint("write DATEDIFF(day, a, b)"));
        }
        ensure(args.len() == wanted.len(), "a signature has another number of arguments than its call")?;
        let args = args.into_iter().zip(&wanted).map(|(arg, wanted)| {
            let found = arg.expr.data_type.clone();
            coerced(arg, wanted)?
                .ok_or_else(|| Error::internal(format!("an argument of type {found} was taken for {wanted}")))
        });
        let args = args.collect::<Result<_>>()?;
        Ok(ResolvedCall { args, returns, body })
    }

    /// A function of texts over BYTES: they are texts of as many characters while it is computed. `None` for other calls.
    fn over_bytes(&mut self, function: &Function, args: &[Typed], span: Span) -> Result<Option<Expr>> {
        let is_like = function.operator == Some(SqlOperator::Like);
        let name = if is_like { "LIKE" } else { function.name };
        // T-SQL's LIKE has an escape besides, and is of texts.
        let Some((_, form)) =
            OVER_BYTES.iter().find(|(known, _)| *known == name && (*known != "LIKE" || is_like))
        else {
            return Ok(None);
        };
        let types: Vec<_> = args.iter().map(Typed::data_type).collect();
        let is_text = |found: &Option<DataType>| *found == Some(DataType::String);
        // TRIM takes whitespace off texts alone.
        let short = name.ends_with("TRIM") && args.len() < 2;
        if !types.contains(&Some(DataType::Bytes)) || types.iter().any(is_text) || short {
            return Ok(None);
        }
        let mut scope = Scope::default();
        let mut written = Vec::with_capacity(args.len());
        for (number, arg) in args.iter().enumerate() {
            scope.push(None, &format!("a{number}"), arg.expr.clone());
            written.push(match arg.data_type() {
                Some(DataType::Bytes) => format!("BYTES_AS_TEXT(a{number})"),
                None => "NULL".into(),
                _ => format!("a{number}"),
            });
        }
        let value = if is_like { written.join(" LIKE ") } else { format!("{name}({})", written.join(", ")) };
        self.written_out(name, &form.replace('?', &value), &scope, span).map(|value| Some(value.expr))
    }

    fn aggregate(
        &mut self,
        function: &'static Function,
        call: &ast::FunctionCall,
        span: Span,
        names: Names<'_>,
    ) -> Result<Expr> {
        if let Some(clause) = self.level.no_aggregates {
            let error = Error::new(
                Code::MisplacedFunction,
                format!("the aggregate function {} is not allowed in {clause}", function.name),
            )
            .at(span);
            return Err(if clause == "WHERE" { error.hint("filter groups with HAVING") } else { error });
        }
        let mut aggregate = self
            .inside("an aggregate function", |binder| binder.aggregate_call(function, call, span, names))?;
        // A name can stand for a column of the SELECT list that holds one.
        if let Some(inner) = aggregate.exprs_mut().find(|expr| !is_plain(expr)) {
            return Err(Error::new(
                Code::MisplacedFunction,
                format!("the argument of {} holds an aggregate or window function", function.name),
            )
            .at(inner.span)
            .hint(
                "compute the inner one in a subquery, or give that column of the SELECT list another alias",
            ));
        }
        let (function, args) = (aggregate.function, aggregate.args.clone());
        let result = self.level.aggregate(aggregate);
        self.checked_aggregate(function, &args, result)
    }

    pub(super) fn aggregate_call(
        &mut self,
        function: &'static Function,
        call: &ast::FunctionCall,
        span: Span,
        names: Names<'_>,
    ) -> Result<Aggregate> {
        let ResolvedCall { args, returns, body } = self.resolve_call(function, &call.args, span, names)?;
        let Body::Aggregate(start) = body else {
            return Err(Error::internal("an aggregate function has a signature that is none"));
        };
        check_modifiers(function, call, span)?;
        let without_equality = |arg: &&Expr| matches!(arg.data_type, DataType::Json | DataType::Interval);
        if let Some(arg) = args.iter().find(without_equality).filter(|_| call.distinct) {
            return Err(not_groupable(arg, "an aggregate function with DISTINCT"));
        }
        let order_by = self.order(&call.order_by, names)?;
        let is_argument = |key: &Order| args.iter().any(|arg| same(arg, &key.expr));
        if let Some(key) = order_by.iter().find(|key| call.distinct && !is_argument(key)) {
            return Err(Error::new(
                Code::MisplacedClause,
                format!("with DISTINCT, {} can only be ordered by its argument", function.name),
            )
            .at(key.expr.span));
        }
        let having = call.having.as_ref().map(|(max, tree)| {
            let expr = self.expr(tree, names)?;
            if !expr.data_type.is_orderable() {
                return Err(without_order(&expr));
            }
            Ok(Extreme { max: *max, expr })
        });
        let having = having.transpose()?;
        let limit = call.limit.as_ref().map(|limit| self.count(limit)).transpose()?;
        Ok(Aggregate {
            function,
            start,
            args,
            distinct: call.distinct,
            // LIMIT does not count the NULLs that the function leaves out anyway.
            ignore_nulls: call.ignore_nulls.unwrap_or(limit.is_some() && !function.modifiers.nulls),
            respect_nulls: call.ignore_nulls == Some(false),
            having,
            order_by,
            limit,
            data_type: returns,
            span,
        })
    }

    /// Binds something in which neither aggregates nor window functions are allowed.
    pub(super) fn inside<T>(
        &mut self,
        clause: &'static str,
        bind: impl FnOnce(&mut Self) -> Result<T>,
    ) -> Result<T> {
        let before = (self.level.no_aggregates, self.level.no_windows);
        (self.level.no_aggregates, self.level.no_windows) = (Some(clause), Some(clause));
        let bound = bind(self);
        (self.level.no_aggregates, self.level.no_windows) = before;
        bound
    }

    /// Keys of an ORDER BY.
    pub(super) fn order(&mut self, items: &[ast::OrderItem], names: Names<'_>) -> Result<Vec<Order>> {
        items
            .iter()
            .map(|item| {
                let expr = self.expr(&item.expr, names)?;
                order_key(expr, item)
            })
            .collect()
    }
}

/// An operator over arguments that have the types of its first signature.
pub(super) fn operator_call(
    operator: SqlOperator,
    args: Vec<Expr>,
    data_type: DataType,
    span: Span,
) -> Result<Expr> {
    let function = function::operator(operator);
    let Some(Body::Scalar(kernel)) = function.signatures.first().map(|signature| signature.body) else {
        return Err(Error::internal(format!("`{}` has no scalar signature", function.name)));
    };
    Ok(Expr { kind: ExprKind::Call { function, kernel, args, safe: false }, data_type, span })
}

#[cold]
pub(super) fn misplaced_window(clause: &str) -> Error {
    Error::new(Code::MisplacedFunction, format!("a window function is not allowed in {clause}"))
        .hint("compute it in a subquery, or filter its result with QUALIFY")
}

#[cold]
fn needs_over(function: &Function, form: &str, span: Span) -> Error {
    Error::new(Code::MisplacedFunction, format!("{} needs OVER", function.name))
        .at(span)
        .hint(format!("write {}{form}", function.name))
}

/// Checks that a call has nothing that only aggregate and window functions take.
fn check_row_by_row(function: &Function, call: &ast::FunctionCall, span: Span) -> Result<()> {
    if call.over.is_some() {
        return Err(Error::new(
            Code::MisplacedFunction,
            format!("{} is computed row by row: it takes no OVER", function.name),
        )
        .at(span)
        .hint("leave OVER out"));
    }
    check_no_modifiers(function, call, span)
}

/// What stands in a call's parentheses beside its arguments.
fn written_modifiers(call: &ast::FunctionCall) -> impl Iterator<Item = &'static str> {
    let nulls = match call.ignore_nulls {
        Some(true) => "IGNORE NULLS",
        _ => "RESPECT NULLS",
    };
    let modifiers = [
        ("DISTINCT", call.distinct),
        (nulls, call.ignore_nulls.is_some()),
        ("HAVING", call.having.is_some()),
        ("ORDER BY", !call.order_by.is_empty()),
        ("LIMIT", call.limit.is_some()),
    ];
    modifiers.into_iter().filter(|(_, is_written)| *is_written).map(|(word, _)| word)
}

/// Checks that a call of a function that is no aggregate has arguments alone.
pub(super) fn check_no_modifiers(function: &Function, call: &ast::FunctionCall, span: Span) -> Result<()> {
    match written_modifiers(call).next() {
        None => Ok(()),
        Some(word) => Err(Error::new(
            Code::MisplacedFunction,
            format!("{word} means nothing to {}: it is no aggregate function", function.name),
        )
        .at(span)
        .hint(format!("leave {word} out"))),
    }
}

/// Checks that an aggregate function takes what stands in its parentheses.
fn check_modifiers(function: &Function, call: &ast::FunctionCall, span: Span) -> Result<()> {
    let takes = |word: &str| match word {
        _ if call.args.iter().all(|arg| arg.kind == ast::ExprKind::Star) => false,
        "DISTINCT" => function.modifiers.distinct,
        "HAVING" => true,
        "ORDER BY" | "LIMIT" => function.modifiers.order,
        _ => function.modifiers.nulls,
    };
    let Some(word) = written_modifiers(call).find(|word| !takes(word)) else { return Ok(()) };
    let name =
        if call.args.iter().any(|arg| arg.kind == ast::ExprKind::Star) { "COUNT(*)" } else { function.name };
    let hint = match word {
        "IGNORE NULLS" => "NULLs do not count anyway: leave it out".into(),
        "ORDER BY" | "LIMIT" => "ARRAY_AGG, ARRAY_CONCAT_AGG and STRING_AGG take it".into(),
        _ => format!("leave {word} out"),
    };
    Err(Error::new(Code::MisplacedFunction, format!("{name} takes no {word} in its parentheses"))
        .at(span)
        .hint(hint))
}

/// One key of an ORDER BY.
pub(super) fn order_key(expr: Expr, item: &ast::OrderItem) -> Result<Order> {
    if !expr.data_type.is_orderable() {
        return Err(without_order(&expr).at(item.expr.span));
    }
    let nulls_first = item.nulls_first.unwrap_or(!item.descending);
    Ok(Order { expr, descending: item.descending, nulls_first })
}

#[cold]
fn without_order(expr: &Expr) -> Error {
    Error::new(Code::TypeMismatch, format!("values of type {} have no order", expr.data_type)).at(expr.span)
}

#[cold]
pub(super) fn not_groupable(expr: &Expr, clause: &str) -> Error {
    Error::new(
        Code::TypeMismatch,
        format!("values of type {} cannot be compared, so they are not allowed in {clause}", expr.data_type),
    )
    .at(expr.span)
}

/// The signature for these arguments; strings that were written out may be dates.
fn resolved(function: &'static Function, args: &[Typed], limits: &Arc<Limits>) -> Result<Resolved> {
    let literal =
        |position: usize| args.get(position).map_or(Ok(None), |arg: &Typed| constant(&arg.expr, limits));
    let types: Vec<_> = args.iter().map(Typed::data_type).collect();
    if let Some(types) = with_exact_literals(args)
        && let Ok(resolved) = function::resolve(function, &types, &literal)
    {
        return Ok(resolved);
    }
    if args.iter().any(|arg| arg.origin != Origin::Null && is_open(&arg.expr))
        && let Some(resolved) = resolved_open(function, args, &types, &literal)
    {
        return Ok(resolved);
    }
    function::resolve(function, &types, &literal).or_else(|error| {
        // A number of days is added to a DATE, never to a text.
        if matches!(function.operator, Some(SqlOperator::Add | SqlOperator::Subtract)) && args.len() == 2 {
            return Err(error);
        }
        let open = |arg: &Typed| if arg.origin == Origin::StringLiteral { None } else { arg.data_type() };
        let open: Vec<_> = args.iter().map(open).collect();
        match function::resolve(function, &open, &literal) {
            Ok(resolved) if dates_only(args, &resolved) => Ok(resolved),
            _ => Err(error),
        }
    })
}

/// The signature where `[]` and such are of the type of the other arguments; `None` where there is no such signature.
fn resolved_open(
    function: &'static Function,
    args: &[Typed],
    types: &[Option<DataType>],
    literal: &dyn Fn(usize) -> Result<Option<Scalar>>,
) -> Option<Resolved> {
    let is_nested =
        |data_type: &Option<DataType>| matches!(data_type, Some(DataType::Array(_) | DataType::Struct(_)));
    let nested = args.iter().zip(types).filter(|(_, data_type)| is_nested(data_type));
    let common = common_open_type(&nested.map(|(arg, _)| arg.clone()).collect::<Vec<_>>())?;
    let of_common = types
        .iter()
        .map(|data_type| if is_nested(data_type) { Some(common.clone()) } else { data_type.clone() });
    let resolved = function::resolve(function, &of_common.collect::<Vec<_>>(), literal);
    if let Ok(resolved) = resolved {
        return Some(resolved);
    }
    let is_empty = |arg: &Typed| matches!(&arg.expr.kind, ExprKind::Array(items) if items.is_empty());
    let of_any = args.iter().zip(types).map(|(arg, data_type)| data_type.clone().filter(|_| !is_empty(arg)));
    let resolved = function::resolve(function, &of_any.collect::<Vec<_>>(), literal).ok()?;
    let are_arrays = args
        .iter()
        .zip(&resolved.args)
        .all(|(arg, wanted)| !is_empty(arg) || matches!(wanted, DataType::Array(_)));
    are_arrays.then_some(resolved)
}

/// The arguments of CONCAT: all of them texts, unless all are BYTES.
fn texts(args: Vec<Typed>) -> Result<Vec<Typed>> {
    let is_joined = |arg: &Typed| matches!(arg.data_type(), None | Some(DataType::String | DataType::Bytes));
    if args.iter().all(is_joined) {
        return Ok(args);
    }
    let as_text = |arg: Typed| {
        let span = arg.expr.span;
        let is_text = arg.data_type() == Some(DataType::String);
        if is_text {
            Ok(arg)
        } else {
            convert(arg, &DataType::String, CastMode::Strict, span).map(Typed::from)
        }
    };
    args.into_iter().map(as_text).collect()
}

/// The types of arguments where floats that are written out are NUMERIC or BIGNUMERIC, as the other arguments are; `None`
/// where the others are not.
fn with_exact_literals(args: &[Typed]) -> Option<Vec<Option<DataType>>> {
    let exact = exact_type(args)?;
    let data_type = |arg: &Typed| match arg.origin {
        Origin::FloatLiteral(_) => Some(exact.clone()),
        _ => arg.data_type(),
    };
    Some(args.iter().map(data_type).collect())
}

/// Whether each string that was written out is taken for a string, a date or a timestamp.
fn dates_only(args: &[Typed], resolved: &Resolved) -> bool {
    args.iter().zip(&resolved.args).all(|(arg, wanted)| {
        arg.origin != Origin::StringLiteral || *wanted == DataType::String || takes_text(wanted)
    })
}

/// The function that a path means, and whether it begins with `SAFE.`.
fn known_function(name: &ast::Path, dialect: Dialect) -> Result<(&'static Function, bool)> {
    let text = name.text();
    let (bare, safe) = match text.split_at_checked(5) {
        Some((prefix, rest)) if prefix.eq_ignore_ascii_case("SAFE.") => (rest, true),
        _ => (text.as_str(), false),
    };
    let known = match dialect {
        Dialect::BigQuery => function::function(bare),
        Dialect::TSql => {
            function::tsql::function(bare).or_else(|| function::function(function::tsql::renamed(bare)))
        }
    };
    match known {
        Some(function) => Ok((function, safe)),
        None => Err(unknown_function(bare, name.span)),
    }
}

#[cold]
pub(super) fn unknown_function(name: &str, span: Span) -> Error {
    if let Some(error) = left_out(name, span) {
        return error;
    }
    let error = Error::new(Code::UnknownFunction, format!("function `{name}` was not found")).at(span);
    let mut table_functions = function::TABLE_FUNCTIONS.iter().map(|function| function.name);
    if let Some(table) = table_functions.find(|known| known.eq_ignore_ascii_case(name)) {
        return error.hint(format!("{table} returns a table: write SELECT … FROM {table}(…)"));
    }
    match function::nearest_function(name) {
        Some(near) => error.hint(format!("did you mean `{near}`?")).fix(span, near),
        None => error,
    }
}

/// The error for a function of other databases that is left out on purpose; `None` for any other name.
pub(super) fn left_out(name: &str, span: Span) -> Option<Error> {
    let hint = function::unsupported(name)?;
    Some(Error::new(Code::UnsupportedSyntax, format!("function `{name}` is left out")).at(span).hint(hint))
}

fn takes_part(function: &Function, index: usize) -> bool {
    function.signatures.iter().any(|signature| signature.args.get(index) == Some(&Type::Part))
}

#[cold]
pub(super) fn quoted_part(part: &str, span: Span) -> Error {
    let part = part.to_ascii_uppercase();
    Error::new(Code::SyntaxError, format!("expected a date part, found the text '{part}'"))
        .at(span)
        .hint(format!("write {part} without quotes"))
        .fix(span, part)
}

/// The date part that the argument of this number names, in capitals: `DAY`, `WEEK(MONDAY)`.
fn date_part(function: &Function, index: usize, tree: &ast::Expr) -> Option<String> {
    let takes_part = takes_part(function, index);
    match &tree.kind {
        ast::ExprKind::Name(name) if takes_part => Some(name.text.to_ascii_uppercase()),
        ast::ExprKind::Call(call) if takes_part => match call.args.as_slice() {
            [ast::Expr { kind: ast::ExprKind::Name(day), .. }] => {
                Some(format!("{}({})", call.name.text(), day.text).to_ascii_uppercase())
            }
            _ => None,
        },
        _ => None,
    }
}

/// Whether an INTERVAL that is written out behind `args` is given to the function as its count and its part.
fn takes_interval(function: &Function, args: &[Typed]) -> bool {
    // Operators take both; what comes first, or beside an INTERVAL, is a value.
    let is_value = args.last().is_none_or(|before| before.expr.data_type == DataType::Interval);
    function.signatures.iter().any(|signature| signature.args.contains(&Type::Interval))
        && !(function.is_operator() && is_value)
}
