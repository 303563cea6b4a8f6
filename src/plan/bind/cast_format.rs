//! CAST with FORMAT between dates or times and texts: the format is written anew in the elements of FORMAT_DATE and its
//! siblings. Source: GoogleSQL, "Format clause for CAST".

use super::Binder;
use super::constant::constant;
use super::scope::{Names, Scope};
use super::typed::Typed;
use crate::data::{DataType, Scalar};
use crate::diag::{Code, Error, Invariant, Result, Span};
use crate::function::{self, Body};
use crate::plan::expr::{Expr, ExprKind};
use crate::syntax::ast;

/// Elements, and how the functions write them. Longer ones stand before those that they begin with.
const ELEMENTS: &[(&str, &str)] = &[
    ("SS.FF1", "%E1S"),
    ("SS.FF2", "%E2S"),
    ("SS.FF3", "%E3S"),
    ("SS.FF4", "%E4S"),
    ("SS.FF5", "%E5S"),
    ("SS.FF6", "%E6S"),
    ("TZH:TZM", "%Ez"),
    ("YYYY", "%E4Y"),
    ("RRRR", "%E4Y"),
    ("YY", "%y"),
    ("RR", "%y"),
    ("MONTH", "%B"),
    ("MON", "%b"),
    ("MM", "%m"),
    ("MI", "%M"),
    ("DDD", "%j"),
    ("DD", "%d"),
    ("DAY", "%A"),
    ("DY", "%a"),
    ("HH24", "%H"),
    ("HH12", "%I"),
    ("HH", "%I"),
    ("SS", "%S"),
    ("AM", "%p"),
    ("PM", "%p"),
];

impl Binder<'_> {
    /// The same with a TIME on one side: by way of a DATETIME, without elements of dates.
    fn time_by_format(
        &mut self,
        value: Typed,
        to: &DataType,
        format: &ast::Expr,
        safe: bool,
        span: Span,
        names: Names<'_>,
    ) -> Result<Expr> {
        if let ast::ExprKind::Literal(Scalar::String(text)) = &format.kind {
            let elements = translated(text, false).map_err(|error| error.at(format.span))?;
            if elements.split('%').skip(1).any(|element| {
                element.starts_with(['Y', 'y', 'B', 'b', 'm', 'j', 'd', 'A', 'a', '\u{1}'])
                    || element.starts_with("E4Y")
            }) {
                return Err(Error::new(Code::InvalidValue, "a TIME has no elements of dates").at(format.span));
            }
        }
        let of = |value: Typed| {
            let mut scope = Scope::default();
            scope.push(None, "x", value.expr);
            scope
        };
        let (from, wanted) = (value.expr.data_type.clone(), DataType::Datetime);
        if from == DataType::Time && *to == DataType::String {
            let moment = self.written_out("CAST", "DATETIME(DATE '1970-01-01', x)", &of(value), span)?;
            return self.cast_by_format(moment, to, [Some(format), None], safe, span, names);
        }
        if from == DataType::String {
            let moment = self.cast_by_format(value, &wanted, [Some(format), None], safe, span, names)?;
            return Ok(self.written_out("CAST", "TIME(x)", &of(moment.into()), span)?.expr);
        }
        Err(Error::new(Code::UnsupportedSyntax, format!("a FORMAT from {from} to {to} is not supported"))
            .at(format.span))
    }

    /// `CAST(value AS type FORMAT text [AT TIME ZONE zone])`.
    pub(super) fn cast_by_format(
        &mut self,
        value: Typed,
        to: &DataType,
        [format, zone]: [Option<&ast::Expr>; 2],
        safe: bool,
        span: Span,
        names: Names<'_>,
    ) -> Result<Expr> {
        let format = format.invariant("a cast with a format")?;
        if value.expr.data_type == DataType::Time || *to == DataType::Time {
            return self.time_by_format(value, to, format, safe, span, names);
        }
        let from = value.expr.data_type.clone();
        if let (ast::ExprKind::Literal(Scalar::String(text)), None) = (&format.kind, zone)
            && let Some(name) = of_bytes(&from, to, text)
        {
            return of_one(name, value.expr, to, safe, span);
        }
        if *to == DataType::String && from.is_numeric() {
            let ast::ExprKind::Literal(Scalar::String(text)) = &format.kind else {
                return Err(not_written_out(format.span)
                    .hint("write FORMAT('%.2f', x), whose format may be any text"));
            };
            return self.number_as_text(value, text, safe, format.span);
        }
        let (name, parses) = match (&from, to) {
            (DataType::Date, DataType::String) => ("FORMAT_DATE", false),
            (DataType::Datetime, DataType::String) => ("FORMAT_DATETIME", false),
            (DataType::Timestamp, DataType::String) => ("FORMAT_TIMESTAMP", false),
            (DataType::String, DataType::Date) => ("PARSE_DATE", true),
            (DataType::String, DataType::Datetime) => ("PARSE_DATETIME", true),
            (DataType::String, DataType::Timestamp) => ("PARSE_TIMESTAMP", true),
            _ => {
                let message = format!("a FORMAT from {from} to {to} is not supported");
                return Err(Error::new(Code::UnsupportedSyntax, message).at(format.span).hint(
                    if to.is_numeric() {
                        "write PARSE_NUMERIC(text), which takes signs and commas"
                    } else {
                        "write FORMAT('%.2f', x) for numbers, HEX or BASE64 for bytes"
                    },
                ));
            }
        };
        let written = self.expr_of(format, names, &DataType::String, "a format")?;
        let Some(Scalar::String(text)) = constant(&written, self.context.limits)? else {
            return Err(not_written_out(format.span)
                .hint(format!("write {name}(format, value), whose format may be any text")));
        };
        let elements = translated(&text, parses).map_err(|error| error.at(format.span))?;
        let mut args =
            vec![Expr::literal(Scalar::String(elements), DataType::String, format.span), value.expr];
        if let Some(zone) = zone {
            args.push(self.expr_of(zone, names, &DataType::String, "a time zone")?);
        }
        let function = function::function(name).invariant("a function of formats")?;
        let signature = function.signatures.first().filter(|signature| signature.args.len() >= args.len());
        let Some(Body::Scalar(kernel)) = signature.map(|signature| signature.body) else {
            let message = format!("a {} has no time zone", if parses { to } else { &from });
            return Err(Error::new(Code::SyntaxError, message).at(span).hint("leave AT TIME ZONE out"));
        };
        Ok(Expr { kind: ExprKind::Call { function, kernel, args, safe }, data_type: to.clone(), span })
    }
}

/// A function of one argument, computed row by row.
fn of_one(name: &str, value: Expr, to: &DataType, safe: bool, span: Span) -> Result<Expr> {
    let function = function::function(name).invariant("a function of bytes")?;
    match function.signatures.first().map(|signature| signature.body) {
        Some(Body::Scalar(kernel)) => {
            let kind = ExprKind::Call { function, kernel, args: vec![value], safe };
            Ok(Expr { kind, data_type: to.clone(), span })
        }
        _ => Err(Error::internal("a function of bytes is computed row by row")),
    }
}

#[cold]
fn not_written_out(span: Span) -> Error {
    Error::new(Code::UnsupportedSyntax, "the format of a CAST is a text that is written out").at(span)
}

/// The function that writes bytes in a format, or reads them.
fn of_bytes(from: &DataType, to: &DataType, format: &str) -> Option<&'static str> {
    Some(match (from, to, format.to_ascii_uppercase().as_str()) {
        (DataType::Bytes, DataType::String, "HEX") => "TO_HEX",
        (DataType::Bytes, DataType::String, "BASE64") => "TO_BASE64",
        (DataType::String, DataType::Bytes, "HEX") => "FROM_HEX",
        (DataType::String, DataType::Bytes, "BASE64") => "FROM_BASE64",
        _ => return None,
    })
}

/// The format in the elements of the functions.
///
/// # Errors
/// `unsupported-syntax` for an element that they do not have.
fn translated(format: &str, parses: bool) -> Result<String> {
    let mut written = String::new();
    let mut rest = format;
    while let Some(first) = rest.chars().next() {
        if let Some((text, after)) = rest.strip_prefix('"').and_then(|quoted| quoted.split_once('"')) {
            written.push_str(&text.replace('%', "%%"));
            rest = after;
            continue;
        }
        let begins =
            |element: &str| rest.get(..element.len()).is_some_and(|it| it.eq_ignore_ascii_case(element));
        if let Some((element, function)) = ELEMENTS.iter().find(|(element, _)| begins(element)) {
            let (own, after) = rest.split_at(element.len());
            written.push_str(in_case(own, function, parses)?);
            rest = after;
        } else if "-./,';: ".contains(first) {
            written.push(first);
            rest = rest.split_at(first.len_utf8()).1;
        } else {
            let message = format!("the format has no element here: `{rest}`");
            return Err(Error::new(Code::UnsupportedSyntax, message)
                .hint("the elements are YYYY, YY, MM, MON, MONTH, DD, DDD, DAY, DY, HH24, HH12, MI, SS, SS.FF3, AM, TZH:TZM; other text stands in double quotes"));
        }
    }
    Ok(written)
}

/// Words are written in the case of their element: the functions know `Mon` and `AM`.
fn in_case(element: &str, function: &'static str, parses: bool) -> Result<&'static str> {
    let is_word = matches!(function, "%B" | "%b" | "%A" | "%a");
    let is_upper = !element.contains(|c: char| c.is_ascii_lowercase());
    let is_lower = !element.contains(|c: char| c.is_ascii_uppercase());
    match function {
        "%p" if is_lower => Ok("%P"),
        // Which no text of a user may hold.
        "%B" if is_upper && !parses => Ok("%\u{1}B"),
        "%b" if is_upper && !parses => Ok("%\u{1}b"),
        "%A" if is_upper && !parses => Ok("%\u{1}A"),
        "%a" if is_upper && !parses => Ok("%\u{1}a"),
        _ if is_word && !parses && is_lower => {
            Err(Error::new(Code::UnsupportedSyntax, format!("the case of `{element}` is not supported"))
                .hint(format!("write LOWER(FORMAT_DATE('{function}', x))")))
        }
        _ => Ok(function),
    }
}
