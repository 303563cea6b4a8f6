//! T-SQL's FORMAT: numbers and dates as .NET writes them in the culture en-US. A format is written out as an expression.
//! Sources: .NET, "Standard numeric format strings", "Custom numeric format strings", "Custom date and time format
//! strings"; the signs are those of the .NET Framework, which SQL Server uses.

use super::Binder;
use super::coerce::convert;
use super::scope::Names;
use crate::data::{CastMode, DataType, Scalar};
use crate::diag::{Code, Error, Result, Span};
use crate::plan::expr::Expr;
use crate::syntax::ast::{self, ExprKind};

impl Binder<'_> {
    /// `FORMAT(value, 'N2' [, 'en-US'])`.
    pub(super) fn tsql_format(&mut self, args: &[ast::Expr], span: Span, names: Names<'_>) -> Result<Expr> {
        let (value, format, culture) = match args {
            [value, format] => (value, format, None),
            [value, format, culture] => (value, format, Some(culture)),
            _ => {
                let message = "FORMAT takes a value, a format and a culture if one is wanted";
                return Err(Error::new(Code::NoMatchingSignature, message).at(span));
            }
        };
        if let Some(culture) = culture
            && !matches!(&culture.kind, ExprKind::Literal(Scalar::String(name)) if name.eq_ignore_ascii_case("en-us"))
        {
            return Err(Error::new(Code::UnsupportedSyntax, "this culture is not supported")
                .at(culture.span)
                .hint("write 'en-US' or leave it out"));
        }
        let ExprKind::Literal(Scalar::String(text)) = &format.kind else {
            let message = "the format of FORMAT is a text that is written out";
            return Err(Error::new(Code::UnsupportedSyntax, message).at(format.span));
        };
        let value = self.expr(value, names)?;
        let body = match &value.data_type {
            DataType::Date => date(text, "FORMAT_TIMESTAMP", "TIMESTAMP(x)"),
            DataType::Timestamp => date(text, "FORMAT_TIMESTAMP", "x"),
            DataType::Datetime => date(text, "FORMAT_DATETIME", "x"),
            DataType::Int64 => standard(text, true).or_else(|| custom(text)),
            number if number.is_numeric() => standard(text, false).or_else(|| custom(text)),
            other => {
                let message = format!("FORMAT takes a number or a date, found {other}");
                return Err(Error::new(Code::NoMatchingSignature, message).at(span));
            }
        };
        let Some(body) = body else {
            return Err(Error::new(Code::UnsupportedSyntax, format!("the format `{text}` is not supported"))
                .at(format.span)
                .hint(
                    "there are N2, F2, C2, P1, D5, X4, '#,##0.00', '0.0#', '0.0%' and 'yyyy-MM-dd HH:mm:ss'",
                ));
        };
        // FORMAT writes a point in fractions only, and D and X of whole numbers alone.
        let value = match value.data_type {
            DataType::Int64 if body.contains("f\"") => {
                convert(value.into(), &DataType::Numeric, CastMode::Strict, span)?
            }
            _ => value,
        };
        self.formatted(value, &body, false, span)
    }
}

/// A letter and the number of digits.
fn standard(format: &str, is_whole: bool) -> Option<String> {
    let mut letters = format.chars();
    let letter = letters.next()?;
    let digits = letters.as_str();
    if !digits.chars().all(|c| c.is_ascii_digit()) || digits.len() > 2 {
        return None;
    }
    let digits: usize = if digits.is_empty() { 2 } else { digits.parse().ok()? };
    let is_without = format.len() == 1;
    let number = |of: &str, group: &str| format!("FORMAT(\"%{group}.{digits}f\", {of})");
    Some(match letter.to_ascii_uppercase() {
        'N' => number(&rounded("x", digits), "'"),
        'F' => number(&rounded("x", digits), ""),
        'P' => format!("CONCAT({}, ' %')", number(&rounded("x * 100", digits), "'")),
        'C' => {
            let amount = number(&format!("ABS({})", rounded("x", digits)), "'");
            format!("IF({} < 0, CONCAT('($', {amount}, ')'), CONCAT('$', {amount}))", rounded("x", digits))
        }
        'D' if is_whole => {
            let width = if is_without { 1 } else { digits.max(1) };
            format!("CONCAT(IF(x < 0, '-', ''), FORMAT('%0{width}d', ABS(x)))")
        }
        'X' if is_whole => {
            let width = if is_without { 1 } else { digits.max(1) };
            let case = if letter == 'X' { 'X' } else { 'x' };
            format!("FORMAT('%0{width}{case}', x)")
        }
        _ => return None,
    })
}

/// Halves away from zero, as .NET rounds before it writes.
fn rounded(x: &str, digits: usize) -> String {
    format!("ROUND({x}, {digits})")
}

/// `$#,##0.00`, `0.0#`, `0.0%`, `00000`.
fn custom(format: &str) -> Option<String> {
    let (before, rest) = match format.strip_prefix('$') {
        Some(rest) => ("$", rest),
        None => ("", format),
    };
    let (digits, behind) = match rest.strip_suffix('%') {
        Some(digits) => (digits, "%"),
        None => (rest, ""),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let is_of = |text: &str, chars: &str| text.chars().all(|c| chars.contains(c));
    if !is_of(whole, "#0,") || !is_of(fraction, "0#") || fraction.contains("#0") || whole.contains("0#") {
        return None;
    }
    let group = if whole.contains(',') { "'" } else { "" };
    let least = whole.matches('0').count();
    let zeros = fraction.matches('0').count();
    let most = fraction.len();
    if (least > 1 && !group.is_empty()) || whole.is_empty() && fraction.is_empty() {
        return None;
    }
    let x = if behind.is_empty() { "x" } else { "x * 100" };
    let x = rounded(x, most);
    let pad =
        if least > 1 { format!("0{}", least + if most > 0 { most + 1 } else { 0 }) } else { String::new() };
    let mut text = format!("FORMAT(\"%{group}{pad}.{most}f\", ABS({x}))");
    if most > zeros {
        text = format!("REGEXP_REPLACE({text}, '0{{0,{}}}$', '')", most - zeros);
        if zeros == 0 {
            text = format!("REGEXP_REPLACE({text}, '[.]$', '')");
        }
    }
    if least == 0 {
        text = format!("REGEXP_REPLACE({text}, '^0([.]|$)', r'\\1')");
    }
    Some(format!("CONCAT(IF({x} < 0, '-', ''), '{before}', {text}, '{behind}')"))
}

/// Elements of dates, and how FORMAT_DATETIME writes them; behind U+0001 without a zero in front. Longer ones stand before
/// those that they begin with.
const DATE_ELEMENTS: &[(&str, &str)] = &[
    ("yyyy", "%Y"),
    ("yy", "%y"),
    ("MMMM", "%B"),
    ("MMM", "%b"),
    ("MM", "%m"),
    ("dddd", "%A"),
    ("ddd", "%a"),
    ("dd", "%d"),
    ("HH", "%H"),
    ("hh", "%I"),
    ("mm", "%M"),
    ("ss.fff", "%E3S"),
    ("ss", "%S"),
    ("tt", "%p"),
    ("M", "\u{1}%m"),
    ("d", "\u{1}%d"),
    ("H", "\u{1}%H"),
    ("h", "\u{1}%I"),
    ("m", "\u{1}%M"),
    ("s", "\u{1}%S"),
];

/// The letters that stand for whole formats.
const DATE_FORMATS: &[(&str, &str)] = &[
    ("d", "M/d/yyyy"),
    ("D", "dddd, MMMM d, yyyy"),
    ("f", "dddd, MMMM d, yyyy h:mm tt"),
    ("F", "dddd, MMMM d, yyyy h:mm:ss tt"),
    ("g", "M/d/yyyy h:mm tt"),
    ("G", "M/d/yyyy h:mm:ss tt"),
    ("m", "MMMM d"),
    ("M", "MMMM d"),
    ("s", "yyyy-MM-ddTHH:mm:ss"),
    ("t", "h:mm tt"),
    ("T", "h:mm:ss tt"),
    ("y", "MMMM yyyy"),
    ("Y", "MMMM yyyy"),
];

fn date(format: &str, function: &str, value: &str) -> Option<String> {
    let standard = DATE_FORMATS.iter().find(|(letter, _)| *letter == format);
    let format = standard.map_or(format, |(_, format)| format);
    let mut written = String::new();
    let mut rest = format;
    // One letter alone is a format of its own.
    if format.chars().count() < 2 {
        return None;
    }
    while let Some(first) = rest.chars().next() {
        if let Some((element, function)) = DATE_ELEMENTS.iter().find(|(element, _)| rest.starts_with(element))
        {
            written.push_str(function);
            rest = rest.split_at(element.len()).1;
        } else if first == 'T' || (!first.is_alphanumeric() && !"'\"\\%".contains(first)) {
            written.push(first);
            rest = rest.split_at(first.len_utf8()).1;
        } else {
            return None;
        }
    }
    let text = format!("{function}('{written}', {value})");
    // A single letter leaves the zero in front of a number out.
    Some(if written.contains('\u{1}') { format!("REGEXP_REPLACE({text}, '\u{1}0?', '')") } else { text })
}
