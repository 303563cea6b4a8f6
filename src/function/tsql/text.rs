//! Texts. Where one text is looked for in another, case does not count. Positions count characters from 1.

use std::borrow::Cow;

use arrow_array::ArrayRef;

use super::collation::folded;
use super::{Function, Signature, Type, scalar};
use crate::diag::{Code, Error, Result};
use crate::function::BatchCall;
use crate::limits::TEXT_BYTES;

use Type::{Int64, String};

pub(super) const FUNCTIONS: &[Function] = &[
    scalar(
        "LEN",
        "The number of characters, without blanks at the end.",
        &[Signature::scalar(&[String], Int64, |call| {
            let texts = call.arg(0)?.strings()?;
            call.ints(&|row| Ok(Some(length(texts.at(row).trim_end_matches(' ')))))
        })],
    ),
    scalar(
        "CHARINDEX",
        "Where the first text stands in the second, from a position on; 0 where it does not.",
        &[Signature::scalar(&[String, String, Int64], Int64, char_index).optional(1)],
    ),
    scalar(
        "REPLACE",
        "Replaces the second text in the first by the third.",
        &[Signature::scalar(&[String, String, String], String, replace)],
    ),
    scalar(
        "SUBSTRING",
        "The part of a text that starts at a position and has a length.",
        &[Signature::scalar(&[String, Int64, Int64], String, substring)],
    ),
    scalar(
        "STUFF",
        "Puts a text in the place of some characters of another.",
        &[Signature::scalar(&[String, Int64, Int64, String], String, stuff)],
    ),
    scalar(
        "CONCAT",
        "The values as one text; NULL is an empty one.",
        &[Signature::scalar(&[String, String], String, concat).variadic()],
    ),
    scalar(
        "CONCAT_WS",
        "The values as one text with a separator between them; NULLs are left out.",
        &[Signature::scalar(&[String, String], String, concat_with_separator).variadic()],
    ),
    scalar(
        "TRIM",
        "Removes blanks on both sides.",
        &[Signature::scalar(&[String], String, |call| trimmed(call, |text| text.trim_matches(' ')))],
    ),
    scalar(
        "LTRIM",
        "Removes leading blanks.",
        &[Signature::scalar(&[String], String, |call| trimmed(call, |text| text.trim_start_matches(' ')))],
    ),
    scalar(
        "RTRIM",
        "Removes trailing blanks.",
        &[Signature::scalar(&[String], String, |call| trimmed(call, |text| text.trim_end_matches(' ')))],
    ),
    scalar("SPACE", "A number of blanks.", &[Signature::scalar(&[Int64], String, spaces)]),
    scalar(
        "CHAR",
        "The character of a code of Latin-1; NULL for others.",
        &[Signature::scalar(&[Int64], String, |call| character(call, 0xFF))],
    ),
    scalar(
        "NCHAR",
        "The character of a code of Unicode; NULL for others.",
        &[Signature::scalar(&[Int64], String, |call| character(call, 0x10_FFFF))],
    ),
];

fn length(text: &str) -> i64 {
    i64::try_from(text.chars().count()).unwrap_or(i64::MAX) // a text is shorter
}

fn trimmed(call: &BatchCall<'_>, trim: fn(&str) -> &str) -> Result<ArrayRef> {
    let texts = call.arg(0)?.strings()?;
    call.strings(&|row| Ok(Some(Cow::Borrowed(trim(texts.at(row))))))
}

fn character(call: &BatchCall<'_>, most: i64) -> Result<ArrayRef> {
    let codes = call.arg(0)?.ints()?;
    call.strings(&|row| {
        let code = u32::try_from(codes.at(row)).ok().filter(|code| i64::from(*code) <= most);
        Ok(code.and_then(char::from_u32).map(|c| Cow::Owned(c.into())))
    })
}

fn spaces(call: &BatchCall<'_>) -> Result<ArrayRef> {
    let counts = call.arg(0)?.ints()?;
    call.strings(&|row| match usize::try_from(counts.at(row)) {
        Ok(count) if count <= TEXT_BYTES => Ok(Some(Cow::Owned(" ".repeat(count)))),
        Ok(count) => Err(Error::new(Code::LimitExceeded, format!("a text of {count} blanks is too long"))),
        Err(_) => Ok(None),
    })
}

/// The characters without their case.
fn folded_chars(text: &str) -> Vec<char> {
    text.chars().map(folded).collect()
}

/// Where `wanted`, which is not empty, first stands in `text` at `from` or behind.
fn found(text: &[char], wanted: &[char], from: usize) -> Option<usize> {
    text.get(from..)?.windows(wanted.len()).position(|window| window == wanted).map(|place| from + place)
}

fn char_index(call: &BatchCall<'_>) -> Result<ArrayRef> {
    let (wanted, texts) = (call.arg(0)?.strings()?, call.arg(1)?.strings()?);
    let starts = call.args.get(2).map(|operand| operand.ints()).transpose()?;
    call.ints(&|row| {
        let from = starts.as_ref().map_or(1, |starts| starts.at(row)).max(1) - 1;
        let (text, wanted) = (folded_chars(texts.at(row)), folded_chars(wanted.at(row)));
        let from = usize::try_from(from).unwrap_or(usize::MAX); // behind the end of every text
        let place = if wanted.is_empty() { None } else { found(&text, &wanted, from) };
        Ok(Some(place.map_or(0, |place| i64::try_from(place).unwrap_or(i64::MAX - 1) + 1)))
    })
}

fn replace(call: &BatchCall<'_>) -> Result<ArrayRef> {
    let (texts, wanted, new) = (call.arg(0)?.strings()?, call.arg(1)?.strings()?, call.arg(2)?.strings()?);
    call.strings(&|row| {
        let (text, wanted, new) = (texts.at(row), folded_chars(wanted.at(row)), new.at(row));
        if wanted.is_empty() {
            return Ok(Some(Cow::Borrowed(text)));
        }
        let folded = folded_chars(text);
        let mut replaced = std::string::String::with_capacity(text.len());
        let mut rest = text.chars();
        let mut at = 0;
        while let Some(place) = found(&folded, &wanted, at) {
            replaced.extend(rest.by_ref().take(place - at));
            rest.by_ref().take(wanted.len()).for_each(drop);
            replaced.push_str(new);
            at = place + wanted.len();
            if replaced.len() > TEXT_BYTES {
                return Err(Error::new(Code::LimitExceeded, "REPLACE makes a text too long"));
            }
        }
        replaced.push_str(rest.as_str());
        Ok(Some(Cow::Owned(replaced)))
    })
}

/// A position before the first character takes from the length.
fn substring(call: &BatchCall<'_>) -> Result<ArrayRef> {
    let (texts, starts, lengths) = (call.arg(0)?.strings()?, call.arg(1)?.ints()?, call.arg(2)?.ints()?);
    call.strings(&|row| {
        let (start, length) = (starts.at(row), lengths.at(row));
        if length < 0 {
            return Err(Error::new(
                Code::InvalidValue,
                format!("Invalid length parameter passed to the SUBSTRING function: {length}"),
            ));
        }
        let end = start.saturating_add(length).max(1) - 1;
        let skipped = usize::try_from(start.max(1) - 1).unwrap_or(usize::MAX); // behind the end of every text
        let end = usize::try_from(end).unwrap_or(usize::MAX);
        let part = texts.at(row).chars().take(end).skip(skipped).collect();
        Ok(Some(Cow::Owned(part)))
    })
}

/// NULL where the position is not one of the text's, or the length negative.
fn stuff(call: &BatchCall<'_>) -> Result<ArrayRef> {
    let (texts, starts) = (call.arg(0)?.strings()?, call.arg(1)?.ints()?);
    let (lengths, new) = (call.arg(2)?.ints()?, call.arg(3)?.strings()?);
    call.strings(&|row| {
        let text = texts.at(row);
        let start = usize::try_from(starts.at(row)).ok().and_then(|start| start.checked_sub(1));
        let removed = usize::try_from(lengths.at(row)).ok();
        let (Some(start), Some(removed)) = (start, removed) else { return Ok(None) };
        if start >= text.chars().count() {
            return Ok(None);
        }
        let before = text.chars().take(start);
        let after = text.chars().skip(start.saturating_add(removed));
        Ok(Some(Cow::Owned(before.chain(new.at(row).chars()).chain(after).collect())))
    })
}

fn concat(call: &BatchCall<'_>) -> Result<ArrayRef> {
    let texts = call.args.iter().map(|operand| operand.strings()).collect::<Result<Vec<_>>>()?;
    call.without_args()
        .strings(&|row| Ok(Some(Cow::Owned(texts.iter().filter_map(|texts| texts.get(row)).collect()))))
}

fn concat_with_separator(call: &BatchCall<'_>) -> Result<ArrayRef> {
    let texts = call.args.iter().map(|operand| operand.strings()).collect::<Result<Vec<_>>>()?;
    let Some((separators, texts)) = texts.split_first() else {
        return Err(Error::internal("CONCAT_WS has a separator"));
    };
    call.without_args().strings(&|row| {
        let texts: Vec<&str> = texts.iter().filter_map(|texts| texts.get(row)).collect();
        Ok(Some(Cow::Owned(texts.join(separators.get(row).unwrap_or_default())))) // NULL is an empty separator
    })
}
