//! Functions of strings, many of which take bytes too. Positions count characters from 1, or bytes where
//! the value is BYTES. Source: GoogleSQL, "String functions".

use std::borrow::Cow;
use std::ops::Range;
use std::sync::Arc;

use arrow_array::{ArrayRef, StringArray};

use super::super::{BatchCall, Function, Signature, Type};
use crate::data::{DataType, Operand};
use crate::diag::{Code, Error, Invariant, Result, edits};
use crate::limits::{EDIT_DISTANCE_STEPS, TEXT_BYTES};
use Type::{ArrayOf, Bool, Bytes, Int64, String};

const CHARACTERS: &[Signature] = &[Signature::scalar(&[String], Int64, characters)];
const LENGTH: &[Signature] =
    &[Signature::scalar(&[String], Int64, characters), Signature::scalar(&[Bytes], Int64, bytes)];
const BYTES: &[Signature] =
    &[Signature::scalar(&[String], Int64, bytes), Signature::scalar(&[Bytes], Int64, bytes)];
const SUBSTR: &[Signature] = &[
    Signature::scalar(&[String, Int64, Int64], String, substr).optional(1),
    Signature::scalar(&[Bytes, Int64, Int64], Bytes, substr).optional(1),
];

pub(super) const FUNCTIONS: &[Function] = &[
    Function::new("LENGTH", "The number of characters of a string, or of bytes.", LENGTH),
    Function::new("CHAR_LENGTH", "The number of characters.", CHARACTERS),
    Function::new("CHARACTER_LENGTH", "The number of characters.", CHARACTERS),
    Function::new("BYTE_LENGTH", "The number of bytes.", BYTES),
    Function::new("OCTET_LENGTH", "The number of bytes.", BYTES),
    Function::new(
        "LOWER",
        "Converts to lower case.",
        &[Signature::scalar(&[String], String, |call| mapped(call, |text| text.to_lowercase().into()))],
    ),
    Function::new(
        "UPPER",
        "Converts to upper case.",
        &[Signature::scalar(&[String], String, |call| mapped(call, |text| text.to_uppercase().into()))],
    ),
    Function::new(
        "INITCAP",
        "Capitalizes the first character of each word. The second argument lists the characters that separate words.",
        &[Signature::scalar(&[String, String], String, capitalised).optional(1)],
    ),
    Function::new(
        "REVERSE",
        "The characters in reverse order.",
        &[Signature::scalar(&[String], String, |call| mapped(call, |text| text.chars().rev().collect()))],
    ),
    Function::new(
        "TRIM",
        "Removes leading and trailing whitespace, or such characters of the given set.",
        &[Signature::scalar(&[String, String], String, |call| trimmed(call, true, true)).optional(1)],
    ),
    Function::new(
        "LTRIM",
        "Removes leading whitespace, or leading characters of the given set.",
        &[Signature::scalar(&[String, String], String, |call| trimmed(call, true, false)).optional(1)],
    ),
    Function::new(
        "RTRIM",
        "Removes trailing whitespace, or trailing characters of the given set.",
        &[Signature::scalar(&[String, String], String, |call| trimmed(call, false, true)).optional(1)],
    ),
    Function::new(
        "SUBSTR",
        "The substring from a position on, with at most the given length. Negative positions count from the end.",
        SUBSTR,
    ),
    Function::new("SUBSTRING", "Synonym for SUBSTR.", SUBSTR),
    Function::new(
        "LEFT",
        "The leftmost characters or bytes, as many as the second argument says.",
        &[
            Signature::scalar(&[String, Int64], String, |call| side(call, false)),
            Signature::scalar(&[Bytes, Int64], Bytes, |call| side(call, false)),
        ],
    ),
    Function::new(
        "RIGHT",
        "The rightmost characters or bytes, as many as the second argument says.",
        &[
            Signature::scalar(&[String, Int64], String, |call| side(call, true)),
            Signature::scalar(&[Bytes, Int64], Bytes, |call| side(call, true)),
        ],
    ),
    Function::new(
        "REPLACE",
        "Replaces all occurrences of the second string with the third.",
        &[Signature::scalar(&[String, String, String], String, replace)],
    ),
    Function::new(
        "CONCAT",
        "Concatenates the values; NULL if any of them is NULL.",
        &[
            Signature::scalar(&[String], String, concat).variadic(),
            Signature::scalar(&[Bytes], Bytes, concat).variadic(),
        ],
    ),
    Function::new(
        "REPEAT",
        "Repeats a string a number of times.",
        &[Signature::scalar(&[String, Int64], String, repeat)],
    ),
    Function::new(
        "LPAD",
        "Pads on the left to the given length, with blanks or the given string. Longer strings are truncated.",
        &[Signature::scalar(&[String, Int64, String], String, |call| padded(call, true)).optional(1)],
    ),
    Function::new(
        "RPAD",
        "Pads on the right to the given length, with blanks or the given string. Longer strings are truncated.",
        &[Signature::scalar(&[String, Int64, String], String, |call| padded(call, false)).optional(1)],
    ),
    Function::new(
        "STARTS_WITH",
        "Whether the first value starts with the second.",
        &[
            Signature::scalar(&[String, String], Bool, |call| tested(call, <[u8]>::starts_with)),
            Signature::scalar(&[Bytes, Bytes], Bool, |call| tested(call, <[u8]>::starts_with)),
        ],
    ),
    Function::new(
        "ENDS_WITH",
        "Whether the first value ends with the second.",
        &[
            Signature::scalar(&[String, String], Bool, |call| tested(call, <[u8]>::ends_with)),
            Signature::scalar(&[Bytes, Bytes], Bool, |call| tested(call, <[u8]>::ends_with)),
        ],
    ),
    Function::new(
        "STRPOS",
        "The position of the first occurrence of the second string in the first; 0 if it is not found.",
        &[Signature::scalar(&[String, String], Int64, position)],
    ),
    Function::new(
        "EDIT_DISTANCE",
        "The least number of characters to insert, delete or replace that makes the second string of the first (Levenshtein); at most max_distance => n.",
        &[Signature::scalar(&[String, String, Int64], Int64, edit_distance).optional(1)],
    ),
    Function::new(
        "INSTR",
        "The position of the n-th occurrence (1) of the second string in the first, searched from a position (1) on, or backwards from a negative one; 0 if it is not found.",
        &[Signature::scalar(&[String, String, Int64, Int64], Int64, position).optional(2)],
    ),
    Function::new(
        "SPLIT",
        "Splits a string at a separator, a comma unless it is given.",
        &[Signature::scalar(&[String, String], ArrayOf(&String), split).optional(1)],
    ),
    // What functions of texts make of BYTES: each byte is the character of its number while they compute.
    Function::new(
        "BYTES_AS_TEXT",
        "",
        &[
            Signature::scalar(&[Bytes], String, |call| {
                let values = call.arg(0)?.bytes()?;
                call.strings(&|row| {
                    let text: std::string::String = values.at(row).iter().copied().map(char::from).collect();
                    Ok(Some(text.into()))
                })
            }),
            Signature::scalar(&[String], String, |call| call.arg(0)?.clone().into_column(call.rows)),
        ],
    ),
    Function::new(
        "TEXT_AS_BYTES",
        "",
        &[Signature::scalar(&[String], Bytes, |call| {
            let texts = call.arg(0)?.strings()?;
            call.bytes(&|row| {
                let bytes: Option<Vec<u8>> = texts.at(row).chars().map(|c| u8::try_from(c).ok()).collect();
                bytes.map(|bytes| Some(bytes.into())).ok_or_else(|| Error::internal("a character is no byte"))
            })
        })],
    ),
    Function::new(
        "ASCII",
        "The code of the first character, which must be ASCII; 0 for an empty string.",
        &[Signature::scalar(&[String], Int64, |call| {
            let texts = call.arg(0)?.strings()?;
            call.ints(&|row| match texts.at(row).chars().next() {
                Some(c) if !c.is_ascii() => Err(invalid(format!("{c:?} is not an ASCII character"))),
                first => Ok(Some(first.map_or(0, |c| i64::from(u32::from(c))))),
            })
        })],
    ),
    Function::new(
        "UNICODE",
        "The Unicode code point of the first character; 0 for an empty string.",
        &[Signature::scalar(&[String], Int64, |call| {
            let texts = call.arg(0)?.strings()?;
            call.ints(&|row| Ok(Some(texts.at(row).chars().next().map_or(0, |c| i64::from(u32::from(c))))))
        })],
    ),
    Function::new(
        "CHR",
        "The character with a Unicode code point; an empty string for 0.",
        &[Signature::scalar(&[Int64], String, |call| {
            let codes = call.arg(0)?.ints()?;
            call.strings(&|row| {
                let code = codes.at(row);
                let character = u32::try_from(code).ok().and_then(char::from_u32);
                let character = character.ok_or_else(|| invalid(format!("{code} is not a code point")))?;
                Ok(Some(if code == 0 { Cow::Borrowed("") } else { character.to_string().into() }))
            })
        })],
    ),
];

fn invalid(message: std::string::String) -> Error {
    Error::new(Code::InvalidValue, message)
}

/// A number of characters.
fn count(name: &str, value: i64) -> Result<usize> {
    usize::try_from(value).map_err(|_| invalid(format!("{name} takes no negative length, found {value}")))
}

/// A length as an INT64.
#[expect(clippy::cast_possible_wrap, reason = "no string has 2^63 bytes")]
fn length_of(length: usize) -> i64 {
    length as i64
}

/// A length or position as a `usize`: beyond what memory can hold all are alike.
fn saturated(value: u64) -> usize {
    usize::try_from(value).unwrap_or(usize::MAX)
}

fn characters(call: &BatchCall<'_>) -> Result<ArrayRef> {
    let texts = call.arg(0)?.strings()?;
    call.ints(&|row| Ok(Some(length_of(texts.at(row).chars().count()))))
}

fn bytes(call: &BatchCall<'_>) -> Result<ArrayRef> {
    let values = call.arg(0)?.bytes()?;
    call.ints(&|row| Ok(Some(length_of(values.at(row).len()))))
}

fn mapped(call: &BatchCall<'_>, apply: fn(&str) -> Cow<'_, str>) -> Result<ArrayRef> {
    let texts = call.arg(0)?.strings()?;
    call.strings(&|row| Ok(Some(apply(texts.at(row)))))
}

fn tested(call: &BatchCall<'_>, test: fn(&[u8], &[u8]) -> bool) -> Result<ArrayRef> {
    let (values, parts) = (call.arg(0)?.bytes()?, call.arg(1)?.bytes()?);
    call.bools(&|row| Ok(test(values.at(row), parts.at(row))))
}

pub(in crate::function) fn concat(call: &BatchCall<'_>) -> Result<ArrayRef> {
    let parts = call.args.iter().map(Operand::bytes).collect::<Result<Vec<_>>>()?;
    call.strings_or_bytes(&|row| {
        let mut joined = Vec::new();
        parts.iter().for_each(|part| joined.extend_from_slice(part.at(row)));
        Ok(Some(joined.into()))
    })
}

/// The characters that separate words unless they are given.
const DELIMITERS: &str = " \t\n\r\u{b}\u{c}[](){}/|\\<>!?@\"^#$&~_,.:;*%+-";

fn capitalised(call: &BatchCall<'_>) -> Result<ArrayRef> {
    let texts = call.arg(0)?.strings()?;
    let delimiters = call.args.get(1).map(Operand::strings).transpose()?;
    call.strings(&|row| {
        let delimiters = delimiters.as_ref().map_or(DELIMITERS, |delimiters| delimiters.at(row));
        let mut result = std::string::String::new();
        let mut starts_word = true;
        for c in texts.at(row).chars() {
            if starts_word {
                result.extend(c.to_uppercase())
            } else {
                result.extend(c.to_lowercase())
            }
            starts_word = delimiters.contains(c);
        }
        Ok(Some(result.into()))
    })
}

fn trimmed(call: &BatchCall<'_>, start: bool, end: bool) -> Result<ArrayRef> {
    let texts = call.arg(0)?.strings()?;
    let unwanted = call.args.get(1).map(Operand::strings).transpose()?;
    call.strings(&|row| {
        let is_unwanted = |c: char| match &unwanted {
            Some(unwanted) => unwanted.at(row).contains(c),
            None => c.is_whitespace(),
        };
        let mut text = texts.at(row);
        if start {
            text = text.trim_start_matches(is_unwanted);
        }
        if end {
            text = text.trim_end_matches(is_unwanted);
        }
        Ok(Some(text.into()))
    })
}

/// A part of each value, for functions that count the characters of STRING or the bytes of BYTES. `cut` gives the range
/// of a row's value within the length that it is told.
#[expect(clippy::indexing_slicing, reason = "ranges lie within the length")]
fn part<'a>(
    call: &BatchCall<'_>,
    cut: &dyn Fn(usize, usize) -> Result<Range<usize>>,
    value: &dyn Fn(usize) -> &'a [u8],
) -> Result<ArrayRef> {
    let is_text = *call.returns == DataType::String;
    call.strings_or_bytes(&|row| {
        let value = value(row);
        let text = std::str::from_utf8(value).ok().filter(|_| is_text && !value.is_ascii());
        let Some(text) = text else {
            let range = cut(row, value.len())?;
            return Ok(Some(value[range].into()));
        };
        let range = cut(row, text.chars().count())?;
        // The character behind the last one begins where the text ends.
        let byte = |character: usize| text.char_indices().nth(character).map_or(text.len(), |(byte, _)| byte);
        Ok(Some(value[byte(range.start)..byte(range.end)].into()))
    })
}

fn substr(call: &BatchCall<'_>) -> Result<ArrayRef> {
    let (values, positions) = (call.arg(0)?.bytes()?, call.arg(1)?.ints()?);
    let counts = call.args.get(2).map(Operand::ints).transpose()?;
    let cut = |row, length: usize| {
        let position = positions.at(row);
        let distance = saturated(position.unsigned_abs());
        let start = match position {
            1.. => distance - 1,
            0 => 0,
            _ => length.saturating_sub(distance),
        };
        let start = start.min(length);
        let wanted = counts.as_ref().map_or(Ok(usize::MAX), |counts| count("SUBSTR", counts.at(row)))?;
        Ok(start..start.saturating_add(wanted).min(length))
    };
    part(call, &cut, &|row| values.at(row))
}

fn side(call: &BatchCall<'_>, right: bool) -> Result<ArrayRef> {
    let (values, counts) = (call.arg(0)?.bytes()?, call.arg(1)?.ints()?);
    let cut = |row, length: usize| {
        let wanted = count(if right { "RIGHT" } else { "LEFT" }, counts.at(row))?.min(length);
        Ok(if right { length - wanted..length } else { 0..wanted })
    };
    part(call, &cut, &|row| values.at(row))
}

fn replace(call: &BatchCall<'_>) -> Result<ArrayRef> {
    let (texts, from, to) = (call.arg(0)?.strings()?, call.arg(1)?.strings()?, call.arg(2)?.strings()?);
    call.strings(&|row| {
        let (text, from, to) = (texts.at(row), from.at(row), to.at(row));
        if from.is_empty() || !text.contains(from) {
            return Ok(Some(text.into()));
        }
        if to.len() > from.len() {
            // A long text may stay one, but not become one.
            let more = text.matches(from).count().saturating_mul(to.len() - from.len());
            within_limit(if more > TEXT_BYTES { text.len().saturating_add(more) } else { 0 })?;
        }
        Ok(Some(text.replace(from, to).into()))
    })
}

fn repeat(call: &BatchCall<'_>) -> Result<ArrayRef> {
    let (texts, counts) = (call.arg(0)?.strings()?, call.arg(1)?.ints()?);
    call.strings(&|row| {
        let (text, times) = (texts.at(row), count("REPEAT", counts.at(row))?);
        within_limit(text.len().saturating_mul(times))?;
        Ok(Some(text.repeat(if text.is_empty() { 0 } else { times }).into()))
    })
}

/// # Errors
/// `limit-exceeded` for a text that would be made longer than [`TEXT_BYTES`].
pub(super) fn within_limit(length: usize) -> Result<()> {
    if length <= TEXT_BYTES {
        return Ok(());
    }
    Err(Error::new(
        Code::LimitExceeded,
        format!("the string would have {length} bytes, the limit is {TEXT_BYTES}"),
    )
    .hint("make it shorter"))
}

fn padded(call: &BatchCall<'_>, left: bool) -> Result<ArrayRef> {
    let (texts, lengths) = (call.arg(0)?.strings()?, call.arg(1)?.ints()?);
    let patterns = call.args.get(2).map(Operand::strings).transpose()?;
    call.strings(&|row| {
        let name = if left { "LPAD" } else { "RPAD" };
        let (text, wanted) = (texts.at(row), count(name, lengths.at(row))?);
        let pattern = patterns.as_ref().map_or(" ", |patterns| patterns.at(row));
        if pattern.is_empty() {
            return Err(invalid(format!("{name} cannot pad with an empty string")));
        }
        let widest = pattern.chars().map(char::len_utf8).max().invariant("a pattern has a character")?;
        within_limit(wanted.saturating_mul(widest))?;
        let missing = wanted.saturating_sub(text.chars().count());
        let padding: std::string::String = pattern.chars().cycle().take(missing).collect();
        let kept: std::string::String = text.chars().take(wanted).collect();
        Ok(Some(if left { padding + &kept } else { kept + &padding }.into()))
    })
}

fn position(call: &BatchCall<'_>) -> Result<ArrayRef> {
    let (texts, parts) = (call.arg(0)?.strings()?, call.arg(1)?.strings()?);
    let starts = call.args.get(2).map(Operand::ints).transpose()?;
    let occurrences = call.args.get(3).map(Operand::ints).transpose()?;
    call.ints(&|row| {
        let (text, part) = (texts.at(row), parts.at(row));
        let start = starts.as_ref().map_or(1, |starts| starts.at(row));
        let occurrence = occurrences.as_ref().map_or(1, |occurrences| occurrences.at(row));
        if start == 0 || occurrence < 1 {
            return Err(invalid(format!(
                "INSTR takes a position other than 0 and an occurrence from 1 on, found {start} and {occurrence}"
            )));
        }
        let skipped = saturated(start.unsigned_abs() - 1);
        let nth = saturated(occurrence.unsigned_abs() - 1);
        let found = |(byte, _): &(usize, char)| text[*byte..].starts_with(part);
        let found_at = if start > 0 {
            text.char_indices().skip(skipped).filter(found).nth(nth)
        } else {
            text.char_indices().rev().skip(skipped).filter(found).nth(nth)
        };
        // STRPOS finds an empty string in front of an empty one.
        let not_found = usize::from(part.is_empty() && starts.is_none());
        let position = found_at.map_or(not_found, |(byte, _)| text[..byte].chars().count() + 1);
        Ok(Some(length_of(position)))
    })
}

fn edit_distance(call: &BatchCall<'_>) -> Result<ArrayRef> {
    let (firsts, seconds) = (call.arg(0)?.strings()?, call.arg(1)?.strings()?);
    let most = call.args.get(2).map(Operand::ints).transpose()?;
    call.ints(&|row| {
        let most = most.as_ref().map_or(i64::MAX, |most| most.at(row));
        if most < 0 {
            return Err(Error::new(Code::InvalidValue, "max_distance is 0 or more"));
        }
        let [first, second] = [firsts.at(row), seconds.at(row)].map(|text| text.chars().collect::<Vec<_>>());
        if first.len().saturating_mul(second.len()) > EDIT_DISTANCE_STEPS {
            let message = format!(
                "EDIT_DISTANCE of texts of {} and {} characters takes too long",
                first.len(),
                second.len()
            );
            return Err(Error::new(Code::LimitExceeded, message)
                .hint("compare the first characters: LEFT(text, 1000)"));
        }
        Ok(Some(length_of(edits(&first, &second, false)).min(most)))
    })
}

fn split(call: &BatchCall<'_>) -> Result<ArrayRef> {
    let texts = call.arg(0)?.strings()?;
    let separators = call.args.get(1).map(Operand::strings).transpose()?;
    call.arrays(
        &|row, parts| {
            let text = texts.at(row);
            match separators.as_ref().map_or(",", |separators| separators.at(row)) {
                _ if text.is_empty() => parts.push(text),
                "" => {
                    let mut rest = text;
                    while let Some(first) = rest.chars().next() {
                        let (character, after) = rest.split_at(first.len_utf8());
                        parts.push(character);
                        rest = after;
                    }
                }
                separator => parts.extend(text.split(separator)),
            }
            Ok(())
        },
        &|parts: Vec<&str>| Ok(Arc::new(StringArray::from(parts))),
    )
}
