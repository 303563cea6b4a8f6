//! T-SQL's types: which one values become when they meet, what int and varchar(n) hold, and what CAST makes of them.
//!
//! `int` and `bigint` are one type here, so the binder finds out which integers are `int`: numbers that are written out,
//! CASTs and columns and variables that are declared so, and what is computed of them. Their results are checked.
//! Source: Microsoft, "Data type precedence", "CAST and CONVERT", "int, bigint, smallint, and tinyint".

use super::Binder;
use super::call::operator_call;
use super::coerce::{convert, exact_type, literal};
use super::scope::{Names, Scope};
use super::typed::{Origin, Typed};
use super::types::bounded;
use crate::data::{CastMode, DAY, DataType, Scalar, can_coerce, in_micros};
use crate::diag::{Code, Error, Invariant, Result, Span};
use crate::function::{Body, Function, Returns, Signature, tsql};
use crate::plan::expr::{Expr, ExprKind};
use crate::syntax::ast::{self, TypeName, TypeNameKind};
use crate::syntax::{Dialect, SqlOperator};

/// Functions of GoogleSQL that T-SQL has too: their arguments are converted.
const SHARED: &[&str] = &[
    "ABS",
    "ASCII",
    "CEIL",
    "CEILING",
    "EXP",
    "FLOOR",
    "LEFT",
    "LOG",
    "LOG10",
    "LOWER",
    "REPEAT",
    "REVERSE",
    "RIGHT",
    "ROUND",
    "SIGN",
    "SQRT",
    "UNICODE",
    "UPPER",
    "STRING_AGG",
    "BYTE_LENGTH",
    "MOD",
];

/// Functions whose arguments become one type.
const ALIKE: &[&str] = &["COALESCE", "NULLIF", "GREATEST", "LEAST"];

/// Functions of `float`, whatever their arguments are.
const OF_FLOATS: &[&str] = &["EXP", "LOG", "LOG10", "SQRT", "PERCENTILE_CONT"];

/// Functions whose results are `int`.
const INT_RESULTS: &[&str] = &[
    "LEN",
    "CHARINDEX",
    "PATINDEX",
    "BYTE_LENGTH",
    "DATEDIFF",
    "DATEPART",
    "YEAR",
    "MONTH",
    "DAY",
    "ASCII",
    "UNICODE",
];

/// Functions of integers whose results are as narrow as their arguments.
const AS_NARROW: &[&str] = &["ABS", "POWER", "SIGN", "MOD"];

impl Binder<'_> {
    pub(super) fn is_tsql(&self) -> bool {
        self.context.dialect == Dialect::TSql
    }

    /// What the type narrows, where T-SQL has narrower ones.
    pub(super) fn narrow(&self, name: &TypeName, in_cast: bool) -> Option<tsql::Narrow> {
        match &name.kind {
            TypeNameKind::Simple(text) if self.is_tsql() => {
                tsql::Narrow::named(text, name.parameters.as_deref(), in_cast)
            }
            _ => None,
        }
    }

    /// T-SQL's CAST.
    pub(super) fn tsql_cast(&self, value: Typed, name: &TypeName, safe: bool, span: Span) -> Result<Expr> {
        let (to, bounds) = self.bounded_type(name)?;
        // A number with fewer digits is another number.
        let cut = !value.expr.data_type.is_numeric();
        let expr = bounded(converted(value, &to, safe, span)?, bounds, safe)?;
        match self.narrow(name, true) {
            Some(narrow) => narrowed(expr, narrow, cut, safe),
            None if to == DataType::Int64 => Ok(wide(expr)),
            None => Ok(expr),
        }
    }

    /// Values that become one type: the one that goes before the others.
    pub(super) fn alike(&self, items: Vec<Typed>) -> Result<Vec<Typed>> {
        if !self.is_tsql() {
            return Ok(items);
        }
        // Numbers that are written out are decimals too.
        if exact_type(&items).is_some() {
            return Ok(items);
        }
        let types: Vec<DataType> = items.iter().filter_map(Typed::data_type).collect();
        let ranks: Option<Vec<_>> = types.iter().map(precedence).collect();
        let highest = match ranks {
            Some(ranks) if ranks.windows(2).any(|pair| pair.first() != pair.last()) => {
                types.into_iter().max_by_key(precedence)
            }
            _ => None,
        };
        let Some(wanted) = highest else { return Ok(items) };
        let items = items.into_iter().map(|item| implicit(item, &wanted));
        items.collect()
    }

    /// The arguments of a call, converted as T-SQL converts them by itself.
    pub(super) fn tsql_arguments(&self, function: &Function, mut args: Vec<Typed>) -> Result<Vec<Typed>> {
        if !self.is_tsql() {
            return Ok(args);
        }
        match function.operator {
            Some(SqlOperator::InUnnest) => return self.alike_element(args),
            Some(SqlOperator::And | SqlOperator::Or | SqlOperator::Not) => return Ok(args),
            Some(_) => return self.alike(args),
            None => {}
        }
        if function.name == "MOD" {
            // `%` is not for `float`; a number that is written out is a decimal.
            let decimals = args.into_iter().map(|arg| match arg.origin {
                Origin::FloatLiteral(_) => implicit(arg, &DataType::Numeric),
                _ => Ok(arg),
            });
            return self.alike(decimals.collect::<Result<_>>()?);
        }
        if ALIKE.contains(&function.name) {
            return self.alike(args);
        }
        if matches!(function.name, "DATEADD" | "DATEDIFF" | "DATEDIFF_BIG") {
            let behind = if function.name == "DATEADD" { 2 } else { 1 };
            args.iter_mut().skip(behind).for_each(day_of_number);
            // A text is a moment, not a day.
            args = args
                .into_iter()
                .enumerate()
                .map(|(place, arg)| match arg.expr.data_type {
                    DataType::String if place >= behind => implicit(arg, &DataType::Timestamp),
                    _ => Ok(arg),
                })
                .collect::<Result<_>>()?;
        }
        if function.name == "IF" && args.len() == 3 {
            let values = args.split_off(1);
            args.extend(self.alike(values)?);
            return Ok(args);
        }
        if OF_FLOATS.contains(&function.name) {
            return args.into_iter().map(|arg| implicit(arg, &DataType::Float64)).collect();
        }
        let own = tsql::function(function.name).is_some_and(|own| std::ptr::eq(own, function))
            && !matches!(function.name, "AVG" | "CONVERT");
        if own || SHARED.contains(&function.name) { taken(function, args) } else { Ok(args) }
    }

    /// `value IN (SELECT …)`: the value becomes what the rows are, or they what it is.
    fn alike_element(&self, args: Vec<Typed>) -> Result<Vec<Typed>> {
        let [value, rows] = match <[Typed; 2]>::try_from(args) {
            Ok(args) => args,
            Err(args) => return Ok(args),
        };
        let (Some(found), DataType::Array(element)) = (value.data_type(), rows.expr.data_type.clone()) else {
            return Ok(vec![value, rows]);
        };
        match (precedence(&found), precedence(&element)) {
            (Some(of_value), Some(of_rows)) if of_value < of_rows => {
                Ok(vec![implicit(value, &element)?, rows])
            }
            (Some(of_value), Some(of_rows)) if of_value > of_rows => {
                let span = rows.expr.span;
                let rows = convert(rows, &DataType::array(found), CastMode::Truncate, span)?;
                Ok(vec![value, rows.into()])
            }
            _ => Ok(vec![value, rows]),
        }
    }

    /// `ISNULL(a, b)` has the type of the first argument.
    pub(super) fn is_null(&mut self, args: &[ast::Expr], span: Span, names: Names<'_>) -> Result<Expr> {
        let [value, otherwise] = args else {
            return Err(Error::new(Code::NoMatchingSignature, "ISNULL takes two arguments").at(span));
        };
        let (value, otherwise) = (self.typed(value, names)?, self.typed(otherwise, names)?);
        let wanted = value.data_type().unwrap_or_else(|| otherwise.expr.data_type.clone());
        let value = implicit(value, &wanted)?.expr;
        let otherwise = implicit(otherwise, &wanted)?.expr;
        let otherwise = match names.scope.narrow_of(&value).or_else(|| narrow_of(&value)) {
            Some(narrow) => narrowed(otherwise, narrow, true, false)?,
            None => otherwise,
        };
        Ok(Expr { kind: ExprKind::Coalesce(vec![value, otherwise]), data_type: wanted, span })
    }

    /// Refuses DATALENGTH of texts that may be nvarchar, with two bytes for a character, and of numbers, whose bytes depend on
    /// their types: what is written out or CAST to a varchar is none of them.
    pub(super) fn refuse_unknown_length(
        &mut self,
        args: &[ast::Expr],
        span: Span,
        names: Names<'_>,
    ) -> Result<()> {
        use ast::ExprKind::{Cast, Literal};
        let [arg] = args else { return Ok(()) };
        let is_told = match (&arg.kind, self.typed(arg, names)?.expr.data_type) {
            (Literal(Scalar::String(_) | Scalar::Null), _) | (_, DataType::Bytes) => true,
            (Cast { .. }, data_type) => data_type == DataType::String,
            _ => false,
        };
        if is_told {
            return Ok(());
        }
        let what = "DATALENGTH of what may not be a varchar or varbinary is not supported";
        Err(Error::new(Code::UnsupportedSyntax, what).at(span).hint(
            "write DATALENGTH(CAST(x AS varchar(max))), and for an nvarchar 2 * LEN(CONCAT(x, '.')) - 2",
        ))
    }

    /// Checks that the result of a call over `int` operands is an `int`.
    pub(super) fn checked(&self, function: &Function, expr: Expr) -> Result<Expr> {
        let is_checked = match function.operator {
            Some(
                SqlOperator::Add
                | SqlOperator::Subtract
                | SqlOperator::Multiply
                | SqlOperator::Negate
                | SqlOperator::TsqlAdd
                | SqlOperator::TsqlDivide,
            ) => true,
            Some(_) => false,
            None => AS_NARROW.contains(&function.name),
        };
        if !self.is_tsql() || !is_checked || expr.data_type != DataType::Int64 {
            return Ok(expr);
        }
        let children = expr.children();
        // POWER's exponent is a float.
        let count = if function.name == "POWER" { 1 } else { children.len() };
        if children.iter().take(count).all(|operand| is_int(operand)) {
            return narrowed(expr, tsql::Narrow::Int, false, false);
        }
        Ok(expr)
    }

    /// Checks that the result of an aggregate over `int` values is an `int`.
    pub(super) fn checked_aggregate(&self, function: &Function, args: &[Expr], result: Expr) -> Result<Expr> {
        let keeps = matches!(function.name, "SUM" | "AVG" | "MIN" | "MAX");
        if self.is_tsql() && keeps && result.data_type == DataType::Int64 && args.iter().all(is_int) {
            return narrowed(result, tsql::Narrow::Int, false, false);
        }
        Ok(result)
    }

    /// Tells of a table's columns which are `int`.
    pub(super) fn declare_narrow(&self, table: &str, scope: &mut Scope) -> Result<()> {
        if !self.is_tsql() {
            return Ok(());
        }
        for (column, narrow) in &self.context.catalog.rules(table).narrow {
            if narrow.is_integer() {
                scope.replace(*column, |expr| narrowed(expr, *narrow, false, false))?;
            } else {
                scope.declare(*column, *narrow);
            }
        }
        Ok(())
    }
}

/// NULLs do not count in T-SQL: in the place of each stands the next value.
pub(super) fn without_nulls(args: &[Expr]) -> Vec<Expr> {
    let args = args.iter().enumerate().map(|(place, arg)| {
        let (behind, before) = (args.iter().skip(place), args.iter().take(place));
        let kind = ExprKind::Coalesce(behind.chain(before).cloned().collect());
        Expr { kind, data_type: arg.data_type.clone(), span: arg.span }
    });
    args.collect()
}

/// What a value is narrowed to.
fn narrow_of(value: &Expr) -> Option<tsql::Narrow> {
    let ExprKind::Call { function, args, .. } = &value.kind else { return None };
    let literal = |place: usize| match args.get(place).map(|arg| &arg.kind) {
        Some(ExprKind::Literal(value)) => Some(value),
        _ => None,
    };
    match (function.name, literal(1), literal(2)) {
        ("CUT" | "FITTING", Some(Scalar::Int64(length)), Some(Scalar::Bool(pad))) => {
            Some(tsql::Narrow::Text { length: *length, pad: *pad })
        }
        ("INT", ..) => Some(tsql::Narrow::Int),
        ("SMALLINT", ..) => Some(tsql::Narrow::SmallInt),
        ("TINYINT", ..) => Some(tsql::Narrow::TinyInt),
        _ => None,
    }
}

/// A whole number that is written out where a moment is wanted: so many days after 1900-01-01.
fn day_of_number(arg: &mut Typed) {
    if let ExprKind::Literal(Scalar::Int64(days)) = arg.expr.kind
        && let Some(micros) =
            days.checked_add(FIRST_DAY).and_then(|days| days.checked_mul(DAY)).and_then(in_micros)
    {
        *arg = literal(Scalar::Timestamp(micros), arg.expr.span);
    }
}

/// 1900-01-01, in days after 1970-01-01.
const FIRST_DAY: i64 = -25_567;

/// Which type other types become: the higher one.
fn precedence(data_type: &DataType) -> Option<u8> {
    Some(match data_type {
        DataType::String => 0,
        DataType::Bool => 1,
        DataType::Int64 => 2,
        DataType::Numeric => 3,
        DataType::BigNumeric => 4,
        DataType::Float64 => 5,
        DataType::Date => 6,
        DataType::Timestamp => 7,
        _ => return None,
    })
}

/// Whether T-SQL converts values of one type to the other by itself.
fn is_implicit(from: &DataType, to: &DataType) -> bool {
    use DataType::{BigNumeric, Bool, Date, Float64, Int64, Numeric, String, Timestamp};
    match (from, to) {
        _ if from == to => true,
        (Bool | Int64 | Float64, Bool) => true,
        (Bool | Int64 | Float64 | Numeric | BigNumeric, Int64 | Float64 | Numeric | BigNumeric) => true,
        (String, Bool | Int64 | Float64 | Numeric | BigNumeric | Date | Timestamp) => true,
        (Bool | Int64 | Float64 | Date, String) => true,
        (Date, Timestamp) | (Timestamp, Date) => true,
        _ => false,
    }
}

/// The value as one of `to`, if T-SQL converts it by itself; otherwise as it is.
pub(super) fn implicit(value: Typed, to: &DataType) -> Result<Typed> {
    if value.origin == Origin::Null || value.expr.data_type == *to || !is_implicit(&value.expr.data_type, to)
    {
        return Ok(value);
    }
    let span = value.expr.span;
    converted(value, to, false, span).map(Typed::from)
}

/// The value as one of `to`, as CAST makes it.
pub(super) fn converted(value: Typed, to: &DataType, safe: bool, span: Span) -> Result<Expr> {
    let mode = if safe { CastMode::SafeTruncate } else { CastMode::Truncate };
    match (&value.expr.data_type, to) {
        // A bit is 1 or 0.
        (DataType::Bool, DataType::String | DataType::Float64 | DataType::Numeric | DataType::BigNumeric)
            if value.origin != Origin::Null =>
        {
            let number = convert(value, &DataType::Int64, mode, span)?;
            convert(number.into(), to, mode, span)
        }
        (DataType::Float64, DataType::Bool) if value.origin != Origin::Null => {
            let zero =
                Expr { kind: ExprKind::Literal(Scalar::Float64(0.0)), data_type: DataType::Float64, span };
            operator_call(SqlOperator::NotEqual, vec![value.expr, zero], DataType::Bool, span)
        }
        (DataType::Numeric | DataType::BigNumeric, DataType::String) if value.origin != Origin::Null => {
            Err(Error::new(
                Code::UnsupportedSyntax,
                "a decimal as text is not supported: T-SQL writes all digits of its scale",
            )
            .at(span)
            .hint("CAST it to float first"))
        }
        (DataType::Timestamp, DataType::String) if value.origin != Origin::Null => Err(Error::new(
            Code::UnsupportedSyntax,
            "a time as text without a style is not supported: datetime and datetime2 have different ones",
        )
        .at(span)
        .hint("write CONVERT(varchar(30), value, 121)")),
        (DataType::Float64, DataType::String) if value.origin != Origin::Null => match value.origin {
            Origin::FloatLiteral(exact) if let Some(text) = exact.text() => {
                Ok(literal(Scalar::String(text), span).expr)
            }
            _ => checked_by(&tsql::FLOAT_TEXT, vec![value.expr], safe),
        },
        (DataType::String, DataType::Date | DataType::Timestamp) => {
            convert(without_blanks(with_signs(value), "1900-01-01", to)?, to, mode, span)
        }
        // A decimal is none of blanks, in T-SQL neither.
        (DataType::String, DataType::Int64 | DataType::Float64) => {
            convert(without_blanks(value, "0", to)?, to, mode, span)
        }
        (DataType::String, DataType::Bool) => convert(without_blanks(value, "false", to)?, to, mode, span),
        _ => convert(value, to, mode, span),
    }
}

/// The text, or `other` where it has nothing but blanks.
fn without_blanks(value: Typed, other: &str, to: &DataType) -> Result<Typed> {
    let span = value.expr.span;
    let other = literal(Scalar::String(other.into()), span);
    match &value.expr.kind {
        ExprKind::Literal(Scalar::String(text)) if tsql::is_blank(text) => Ok(other),
        ExprKind::Literal(_) if *to != DataType::Bool => Ok(value),
        _ => checked_by(&tsql::BLANK, vec![value.expr, other.expr], false).map(Typed::from),
    }
}

/// `20240305`, and a time behind it, as `2024-03-05` where it is written out.
fn with_signs(value: Typed) -> Typed {
    let ExprKind::Literal(Scalar::String(text)) = &value.expr.kind else { return value };
    let (day, time) = text.split_once(' ').unwrap_or((text, ""));
    if day.len() != 8 || !day.bytes().all(|c| c.is_ascii_digit()) {
        return value;
    }
    let (year, rest) = day.split_at(4);
    let (month, day) = rest.split_at(2);
    let text = format!("{year}-{month}-{day} {time}");
    literal(Scalar::String(text.trim_end().into()), value.expr.span)
}

/// The arguments as the first signature takes them that they can be converted to; as they are without such a one.
fn taken(function: &Function, args: Vec<Typed>) -> Result<Vec<Typed>> {
    let types: Vec<_> = args.iter().map(Typed::data_type).collect();
    let candidates = function.signatures.iter().filter_map(|signature| {
        let least = signature.args.len().checked_sub(signature.optional)?;
        if args.len() < least || (args.len() > signature.args.len() && !signature.variadic) {
            return None;
        }
        let last = signature.args.last().copied();
        let mut wanted = signature.args.iter().copied().chain(std::iter::repeat_with(|| last).flatten());
        types
            .iter()
            .map(|found| {
                let wanted = wanted.next()?.fixed()?;
                found.as_ref().is_none_or(|found| is_implicit(found, &wanted)).then_some(wanted)
            })
            .collect::<Option<Vec<_>>>()
    });
    // One that takes them as they are goes before, then one that takes them whole; texts are read as `float`.
    let loss = |found: &Option<DataType>, wanted: &DataType| match found {
        None => 0,
        Some(found) if found == wanted => 0,
        Some(found) if can_coerce(found, wanted) => 1,
        Some(_) if *wanted == DataType::Float64 => 2,
        Some(_) => 3,
    };
    let losses = |wanted: &Vec<DataType>| {
        types.iter().zip(wanted).map(|(found, wanted)| loss(found, wanted)).sum::<usize>()
    };
    let wanted = candidates.min_by_key(losses).filter(|wanted| losses(wanted) > 0);
    match wanted {
        Some(wanted) => args.into_iter().zip(&wanted).map(|(arg, wanted)| implicit(arg, wanted)).collect(),
        None => Ok(args),
    }
}

/// The value as one of a narrower type. Texts that are too long are cut if `cut`.
pub(super) fn narrowed(value: Expr, narrow: tsql::Narrow, cut: bool, safe: bool) -> Result<Expr> {
    let (span, data_type) = (value.span, value.data_type.clone());
    let (function, more) = narrow.function(cut);
    let is_meant = |signature: &Signature| match signature.returns {
        Returns::Type(returns) => returns.fixed() == Some(data_type.clone()),
        Returns::Infer(_) => false,
    };
    if !function.signatures.iter().any(is_meant) {
        return Ok(value);
    }
    let mut args = vec![value];
    for scalar in more {
        let data_type = scalar.data_type().unwrap_or(DataType::Int64); // neither length nor flag is NULL
        args.push(Expr { kind: ExprKind::Literal(scalar), data_type, span });
    }
    checked_by(function, args, safe)
}

/// A call of a function that has no name in SQL.
fn checked_by(function: &'static Function, args: Vec<Expr>, safe: bool) -> Result<Expr> {
    let span = args.first().invariant("a value to check")?.span;
    let kernel = function.signatures.first().map(|signature| (signature.body, signature.returns));
    let Some((Body::Scalar(kernel), Returns::Type(returns))) = kernel else {
        return Err(Error::internal("a narrower type has a check"));
    };
    let data_type = returns.fixed().invariant("the type of a check")?;
    Ok(Expr { kind: ExprKind::Call { function, kernel, args, safe }, data_type, span })
}

/// The value as a `bigint`, which what is computed of it is too.
pub(super) fn wide(value: Expr) -> Expr {
    let (data_type, span) = (value.data_type.clone(), value.span);
    Expr { kind: ExprKind::Cast { value: Box::new(value), mode: CastMode::Truncate }, data_type, span }
}

/// Whether a value is an `int`, of at most 32 bits.
fn is_int(expr: &Expr) -> bool {
    if expr.data_type != DataType::Int64 {
        return false;
    }
    match &expr.kind {
        ExprKind::Literal(Scalar::Int64(value)) => i32::try_from(*value).is_ok(),
        ExprKind::Literal(Scalar::Null) => true,
        ExprKind::Parameter(slot) => !slot.is_typed,
        ExprKind::Call { function, .. } => {
            matches!(function.name, "INT" | "SMALLINT" | "TINYINT") || INT_RESULTS.contains(&function.name)
        }
        ExprKind::Cast { value, .. } => value.data_type == DataType::Bool,
        ExprKind::Coalesce(items) => items.iter().all(is_int),
        ExprKind::Case { branches, otherwise } => {
            branches.iter().all(|(_, value)| is_int(value)) && is_int(otherwise)
        }
        _ => false,
    }
}
