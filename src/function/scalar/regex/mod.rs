//! Regular expressions. Source: GoogleSQL, "String functions"; the syntax is RE2's, the engine the crate `regex-lite`.

mod re2;
mod unicode;

use std::borrow::Cow;
use std::ops::Range;
use std::sync::Arc;

use arrow_array::{ArrayRef, StringArray};
use regex_lite::{Captures, Regex};

use super::super::{BatchCall, Function, Signature, Type};
use super::string::within_limit;
use crate::data::{Operand, StringView};
use crate::diag::{Code, Error, Result};
use crate::limits::TEXT_BYTES;

use Type::{ArrayOf, Bool, Int64, String};

const EXTRACT: &[Signature] =
    &[Signature::scalar(&[String, String, Int64, Int64], String, extract).optional(2)];

pub(super) const FUNCTIONS: &[Function] = &[
    Function::new(
        "REGEXP_CONTAINS",
        "Whether the string contains a match for the regular expression.",
        &[Signature::scalar(&[String, String], Bool, |call| {
            let (texts, patterns) = (call.arg(0)?.strings()?, Patterns::of(call.arg(1)?)?);
            call.bools(&|row| Ok(patterns.at(row)?.is_match(texts.at(row))))
        })],
    ),
    Function::new(
        "REGEXP_EXTRACT",
        "The n-th substring (1) that matches from a position (1) on, or its capturing group.",
        EXTRACT,
    ),
    Function::new(
        "REGEXP_INSTR",
        "Where the n-th match (1) from a position (1) on begins, or its capturing group, from 1; behind its end where the last argument is 1; 0 without a match.",
        &[Signature::scalar(&[String, String, Int64, Int64, Int64], Int64, place).optional(3)],
    ),
    Function::new("REGEXP_SUBSTR", "Synonym for REGEXP_EXTRACT.", EXTRACT),
    Function::new(
        "REGEXP_EXTRACT_ALL",
        "An array of all substrings that match, or of their capturing groups.",
        &[Signature::scalar(&[String, String], ArrayOf(&String), extract_all)],
    ),
    Function::new(
        "REGEXP_REPLACE",
        "Replaces all substrings that match with the third argument, in which \\1 to \\9 are capturing groups.",
        &[Signature::scalar(&[String, String, String], String, replace)],
    ),
];

/// Compiled once where the pattern is a constant.
enum Patterns<'a> {
    One(Regex),
    Each(StringView<'a>),
}

impl<'a> Patterns<'a> {
    fn of(operand: &'a Operand) -> Result<Self> {
        let texts = operand.strings()?;
        Ok(if operand.is_constant() { Self::One(compile(texts.at(0))?) } else { Self::Each(texts) })
    }

    fn at(&self, row: usize) -> Result<Cow<'_, Regex>> {
        match self {
            Self::One(regex) => Ok(Cow::Borrowed(regex)),
            Self::Each(texts) => compile(texts.at(row)).map(Cow::Owned),
        }
    }

    /// The pattern of a function that returns one part: it may have one group.
    fn with_a_group(&self, row: usize) -> Result<Cow<'_, Regex>> {
        let regex = self.at(row)?;
        match regex.captures_len() {
            ..=2 => Ok(regex),
            groups => Err(Error::new(
                Code::InvalidValue,
                format!("the regular expression has {} groups, expected at most one", groups - 1),
            )
            .hint("write (?: … ) for parentheses that only group")),
        }
    }
}

fn compile(pattern: &str) -> Result<Regex> {
    Regex::new(&re2::translated(pattern)?).map_err(|error| {
        // RE2 reads it; this engine may find it too large.
        Error::new(
            Code::LimitExceeded,
            format!("the regular expression {pattern:?} cannot be compiled: {error}"),
        )
    })
}

/// The group, if there is one, otherwise the whole match.
fn part<'t>(found: &Captures<'t>) -> Option<&'t str> {
    found.get(found.len() - 1).map(|group| group.as_str())
}

/// What stands behind the position, and where in it the match or its group is.
type Found<'a> = Option<(&'a str, Range<usize>)>;

/// Looks in a row's text for the match that the arguments say.
fn searched<'a>(call: &'a BatchCall<'_>) -> Result<impl Fn(usize) -> Result<Found<'a>> + 'a> {
    let (texts, patterns) = (call.arg(0)?.strings()?, Patterns::of(call.arg(1)?)?);
    let starts = call.args.get(2).map(Operand::ints).transpose()?;
    let occurrences = call.args.get(3).map(Operand::ints).transpose()?;
    let from_one = |name: &str, value: i64| match usize::try_from(value) {
        Ok(value @ 1..) => Ok(value - 1),
        _ => Err(Error::new(Code::InvalidValue, format!("expected {name} from 1 on, found {value}"))),
    };
    Ok(move |row| {
        let regex = patterns.with_a_group(row)?;
        let start = starts.as_ref().map_or(Ok(0), |starts| from_one("a position", starts.at(row)))?;
        let nth = occurrences.as_ref().map_or(Ok(0), |nth| from_one("an occurrence", nth.at(row)))?;
        let mut rest = texts.at(row).chars();
        if start > 0 && rest.nth(start - 1).is_none() {
            return Ok(None);
        }
        let rest = rest.as_str();
        let found = regex.captures_iter(rest).nth(nth).and_then(|found| found.get(found.len() - 1));
        Ok(found.map(|group| (rest, group.range())))
    })
}

fn extract(call: &BatchCall<'_>) -> Result<ArrayRef> {
    let searched = searched(call)?;
    call.strings(&|row| Ok(searched(row)?.and_then(|(rest, place)| rest.get(place)).map(Cow::Borrowed)))
}

/// The place of a match, in characters from 1.
fn place(call: &BatchCall<'_>) -> Result<ArrayRef> {
    let (texts, searched) = (call.arg(0)?.strings()?, searched(call)?);
    let behind = call.args.get(4).map(Operand::ints).transpose()?;
    call.ints(&|row| {
        let behind = match behind.as_ref().map_or(0, |behind| behind.at(row)) {
            0 => false,
            1 => true,
            other => {
                let message = format!("expected 0 or 1 for the place in the match, found {other}");
                return Err(Error::new(Code::InvalidValue, message));
            }
        };
        let Some((rest, found)) = searched(row)? else { return Ok(Some(0)) };
        let text = texts.at(row);
        let before = text.len() - rest.len() + if behind { found.end } else { found.start };
        let characters = text.get(..before).map_or(0, |before| before.chars().count());
        Ok(i64::try_from(characters + 1).ok())
    })
}

fn extract_all(call: &BatchCall<'_>) -> Result<ArrayRef> {
    let (texts, patterns) = (call.arg(0)?.strings()?, Patterns::of(call.arg(1)?)?);
    call.arrays(
        &|row, parts| {
            let regex = patterns.with_a_group(row)?;
            // A group that has no part in the match is an empty string.
            parts.extend(regex.captures_iter(texts.at(row)).map(|found| part(&found).unwrap_or_default()));
            Ok(())
        },
        &|parts: Vec<&str>| Ok(Arc::new(StringArray::from(parts))),
    )
}

fn replace(call: &BatchCall<'_>) -> Result<ArrayRef> {
    let (texts, patterns) = (call.arg(0)?.strings()?, Patterns::of(call.arg(1)?)?);
    let rewrites = call.arg(2)?.strings()?;
    call.strings(&|row| {
        let (regex, text, rewrite) = (patterns.at(row)?, texts.at(row), rewrites.at(row));
        check_rewrite(rewrite, regex.captures_len())?;
        let mut made: usize = 0;
        let replaced = regex.replace_all(text, |found: &Captures<'_>| {
            let expanded = if made > TEXT_BYTES { "".into() } else { expand(rewrite, found) };
            made = made.saturating_add(expanded.len());
            expanded
        });
        // What stood in the text before may be longer; what is put in may not.
        within_limit(made)?;
        Ok(Some(replaced))
    })
}

/// Checks that every backslash is followed by a group's number or another backslash.
fn check_rewrite(rewrite: &str, groups: usize) -> Result<()> {
    let mut rest = rewrite.chars();
    while let Some(c) = rest.next() {
        let next = if c == '\\' { rest.next() } else { continue };
        match next.map(|next| next.to_digit(10).ok_or(next)) {
            Some(Ok(group)) if (group as usize) < groups => {}
            Some(Err('\\')) => {}
            _ => {
                return Err(Error::new(
                    Code::InvalidValue,
                    format!(
                        "the replacement {rewrite:?} has a backslash without one of the {} groups",
                        groups - 1
                    ),
                )
                .hint("\\\\1 is the first group, \\\\0 the whole match and \\\\\\\\ a backslash"));
            }
        }
    }
    Ok(())
}

fn expand(rewrite: &str, found: &Captures<'_>) -> std::string::String {
    let mut result = std::string::String::new();
    let mut rest = rewrite.chars();
    while let Some(c) = rest.next() {
        let next = if c == '\\' { rest.next() } else { None };
        match next.and_then(|next| next.to_digit(10)) {
            // A group that has no part in the match is an empty string.
            Some(group) => result.push_str(found.get(group as usize).map_or("", |group| group.as_str())),
            None => result.push(c),
        }
    }
    result
}
