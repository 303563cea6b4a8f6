//! LIKE and PATINDEX: `%`, `_`, `[a-f]`, `[^a-f]`, compared as the collation does.
//!
//! Blanks at the end of a pattern count; those at the end of the text are ignored where the pattern does not match with
//! them, as SQL Server has it for `varchar`. Sources: Microsoft, "LIKE (Transact-SQL)", "PATINDEX (Transact-SQL)".

use arrow_array::ArrayRef;

use super::collation::Weight;
use super::{Function, Signature, Type, scalar};
use crate::diag::{Code, Error, Result};
use crate::function::BatchCall;

use Type::{Bool, Int64, String};

pub(super) const FUNCTIONS: &[Function] = &[
    scalar(
        "LIKE",
        "Whether the string matches a pattern with %, _, [a-f] and [^a-f].",
        &[Signature::scalar(&[String, String, String], Bool, like).optional(1)],
    ),
    scalar(
        "PATINDEX",
        "Where the pattern first matches in the string, from 1; 0 where it does not.",
        &[Signature::scalar(&[String, String], Int64, pattern_index)],
    ),
];

/// One part of a pattern.
#[derive(Debug)]
enum Part {
    /// `%`.
    Any,
    /// `_`.
    One,
    Char(Weight),
    /// `[a-f]`, `[^a-f]`: ranges of characters.
    Set {
        ranges: Vec<(Weight, Weight)>,
        negated: bool,
    },
}

#[derive(Debug)]
struct Pattern(Vec<Part>);

fn like(call: &BatchCall<'_>) -> Result<ArrayRef> {
    let (texts, patterns) = (call.arg(0)?.strings()?, call.arg(1)?.strings()?);
    let escapes = call.args.get(2).map(|operand| operand.strings()).transpose()?;
    let pattern = |row: usize| {
        let escape = escapes.as_ref().map(|escapes| escape(escapes.at(row))).transpose()?;
        Pattern::new(patterns.at(row), escape)
    };
    let constant = call.args.iter().skip(1).all(|operand| operand.is_constant());
    if constant && call.args.iter().skip(1).all(|operand| !operand.is_null(0)) {
        let pattern = pattern(0)?;
        return call.bools(&|row| Ok(pattern.is_like(texts.at(row))));
    }
    call.bools(&|row| Ok(pattern(row)?.is_like(texts.at(row))))
}

fn escape(text: &str) -> Result<char> {
    let mut chars = text.chars();
    match (chars.next(), chars.next()) {
        (Some(escape), None) => Ok(escape),
        _ => Err(Error::new(Code::InvalidValue, format!("ESCAPE takes one character, found {text:?}"))),
    }
}

fn pattern_index(call: &BatchCall<'_>) -> Result<ArrayRef> {
    let (patterns, texts) = (call.arg(0)?.strings()?, call.arg(1)?.strings()?);
    call.ints(&|row| Ok(Some(Pattern::new(patterns.at(row), None)?.position(texts.at(row)))))
}

impl Pattern {
    fn new(pattern: &str, escape: Option<char>) -> Result<Self> {
        let mut parts = Vec::new();
        let mut rest = pattern.chars();
        while let Some(c) = rest.next() {
            parts.push(match c {
                c if Some(c) == escape => {
                    let escaped = rest.next().ok_or_else(|| {
                        Error::new(
                            Code::InvalidValue,
                            format!("the LIKE pattern {pattern:?} ends with its escape character"),
                        )
                    })?;
                    Part::Char(Weight::of(escaped))
                }
                '%' => Part::Any,
                '_' => Part::One,
                '[' => {
                    let (set, after) = rest.as_str().split_once(']').ok_or_else(|| {
                        Error::new(
                            Code::InvalidValue,
                            format!("the LIKE pattern {pattern:?} has a [ without ]"),
                        )
                        .hint("write [[] for the bracket itself")
                    })?;
                    rest = after.chars();
                    Part::set(set)
                }
                c => Part::Char(Weight::of(c)),
            });
        }
        Ok(Self(parts))
    }

    /// Whether the text matches, or does without some of the blanks at its end.
    fn is_like(&self, text: &str) -> bool {
        let text: Vec<Weight> = text.chars().map(Weight::of).collect();
        let blank = Weight::of(' ');
        let mut end = text.len();
        loop {
            if text.get(..end).is_some_and(|text| matches(&self.0, text)) {
                return true;
            }
            match end.checked_sub(1) {
                Some(last) if text.get(last) == Some(&blank) => end = last,
                _ => return false,
            }
        }
    }

    /// The position from 1 of the first match, 0 without one. The pattern's `%` at its start skips characters.
    fn position(&self, text: &str) -> i64 {
        let text: Vec<Weight> = text.chars().map(Weight::of).collect();
        let (starts, rest) = match self.0.split_first() {
            Some((Part::Any, rest)) => (0..=text.len(), rest),
            _ => (0..=0, self.0.as_slice()),
        };
        let found =
            starts.into_iter().find(|start| text.get(*start..).is_some_and(|text| matches(rest, text)));
        // `%` matches nothing but text.
        found.filter(|_| !text.is_empty()).map_or(0, |start| i64::try_from(start).unwrap_or(i64::MAX - 1) + 1)
    }
}

impl Part {
    /// `^a-fx` between brackets.
    fn set(text: &str) -> Self {
        let (negated, text) = match text.strip_prefix('^') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let mut ranges = Vec::new();
        let mut rest = text.chars();
        while let Some(low) = rest.next() {
            let mut ahead = rest.clone();
            let high = match (ahead.next(), ahead.next()) {
                (Some('-'), Some(high)) => {
                    rest = ahead;
                    high
                }
                _ => low,
            };
            ranges.push((Weight::of(low), Weight::of(high)));
        }
        Self::Set { ranges, negated }
    }

    fn takes(&self, c: Weight) -> bool {
        match self {
            Self::Any => false,
            Self::One => true,
            Self::Char(wanted) => *wanted == c,
            Self::Set { ranges, negated } => {
                ranges.iter().any(|(low, high)| *low <= c && c <= *high) != *negated
            }
        }
    }
}

/// Whether the parts match the whole text. After a failure the last `%` takes one character more.
fn matches(parts: &[Part], text: &[Weight]) -> bool {
    let (mut part, mut at) = (0, 0);
    let mut retry: Option<(usize, usize)> = None;
    loop {
        match (parts.get(part), text.get(at)) {
            (Some(Part::Any), _) => {
                retry = Some((part + 1, at));
                part += 1;
            }
            (Some(wanted), Some(c)) if wanted.takes(*c) => {
                part += 1;
                at += 1;
            }
            (None, None) => return true,
            _ => match retry {
                Some((after, start)) if start < text.len() => {
                    retry = Some((after, start + 1));
                    (part, at) = (after, start + 1);
                }
                _ => return false,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_like(text: &str, pattern: &str) -> bool {
        Pattern::new(pattern, None).unwrap().is_like(text)
    }

    // The cases are those of Microsoft's page on LIKE.
    #[test]
    fn patterns_match_as_the_documentation_says() {
        for (text, pattern) in [
            ("Computer", "%COMPUTER%"),
            ("Dean", "_ean"),
            ("Carsen", "[C-P]arsen"),
            ("Larsen", "[C-P]arsen"),
            ("destroy", "de[^l]%"),
            ("75%", "75[%]"),
            ("_n", "[_]n"),
            ("[", "[[]"),
            ("c", "[a-cdf]"),
            ("-", "[-acdf]"),
            ("a  ", "a"),
            ("a ", "a "),
            ("", ""),
            ("abcabc", "%abc"),
            ("é", "[a-f]"),
        ] {
            assert!(is_like(text, pattern), "{text:?} {pattern:?}");
        }
        for (text, pattern) in [
            ("de luxe", "de[^ ]%"),
            ("a", "a "),
            ("Bean", "_e"),
            ("ab", "a"),
            ("x", "[a-cdf]"),
            ("", "_"),
            ("a\\", "a"),
        ] {
            assert!(!is_like(text, pattern), "{text:?} {pattern:?}");
        }
        assert!(Pattern::new("100!%", Some('!')).unwrap().is_like("100%"));
        assert!(!Pattern::new("100!%", Some('!')).unwrap().is_like("1000"));
        assert_eq!(Pattern::new("a[b", None).unwrap_err().code(), Code::InvalidValue);
    }

    #[test]
    fn positions_are_those_of_the_documentation() {
        let position = |pattern: &str, text: &str| Pattern::new(pattern, None).unwrap().position(text);
        assert_eq!(position("%ter%", "interesting data"), 3);
        assert_eq!(position("%en_ure%", "Please ensure the door is locked!"), 8);
        assert_eq!(position("%[^ 0-9A-z]%", "Please ensure the door is locked!"), 33);
        assert_eq!(position("%x%", "abc"), 0);
        assert_eq!(position("abc", "abc"), 1);
        assert_eq!(position("%", ""), 0);
    }
}
