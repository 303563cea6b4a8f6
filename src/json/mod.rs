//! JSON (RFC 8259), and UBJSON (draft 12) as XGBoost writes it, read into one kind of tree; and JSON written.
//!
//! The room knows the two notations, not the meaning of any document.

mod text;
mod ubjson;
mod write;

pub(crate) use text::{read_exact, read_text};
pub(crate) use ubjson::read_ubjson;
pub(crate) use write::{Layout, write, write_parts, write_text};

use std::borrow::Cow;

use crate::limits::JSON_NESTING;

/// A value of a document. Texts are borrowed where they have no escapes.
#[derive(Debug, PartialEq)]
pub(crate) enum Value<'a> {
    Null,
    Bool(bool),
    Number(f64),
    /// A number with the digits that it is written with.
    Digits(&'a str),
    Text(Cow<'a, str>),
    /// A list of nothing but numbers, of which models have millions.
    Numbers(Vec<f64>),
    List(Vec<Self>),
    Object(Vec<(Cow<'a, str>, Self)>),
}

/// Where and why reading stopped.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct ReadError {
    offset: usize,
    expected: &'static str,
}

impl std::fmt::Display for ReadError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "expected {} at byte {}", self.expected, self.offset)
    }
}

type Read<T> = Result<T, ReadError>;

impl<'a> Value<'a> {
    /// The field `name` of an object.
    pub(crate) fn get(&self, name: &str) -> Option<&Self> {
        match self {
            Self::Object(fields) => fields.iter().find(|(field, _)| field == name).map(|(_, value)| value),
            _ => None,
        }
    }

    /// The value behind several names, from the outside in.
    pub(crate) fn at_path(&self, path: &[&str]) -> Option<&Self> {
        path.iter().try_fold(self, |value, name| value.get(name))
    }

    pub(crate) fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// A number, which XGBoost often writes as a text.
    pub(crate) fn number(&self) -> Option<f64> {
        match self {
            Self::Number(number) => Some(*number),
            Self::Digits(digits) => digits.parse().ok(),
            Self::Bool(truth) => Some(f64::from(u8::from(*truth))),
            Self::Text(text) => text.parse().ok(),
            _ => None,
        }
    }

    /// The numbers of a list; truths count as 0 and 1.
    pub(crate) fn numbers(&self) -> Option<Cow<'_, [f64]>> {
        match self {
            Self::Numbers(numbers) => Some(numbers.into()),
            Self::List(items) => items.iter().map(Self::number).collect::<Option<Vec<_>>>().map(Cow::Owned),
            _ => None,
        }
    }

    /// The items of a list that is not one of numbers.
    pub(crate) fn items(&self) -> Option<&[Self]> {
        match self {
            Self::List(items) => Some(items),
            Self::Numbers(numbers) if numbers.is_empty() => Some(&[]),
            _ => None,
        }
    }

    fn of_items(items: Vec<Self>) -> Self {
        let number = |item: &Self| if let Self::Number(number) = item { Some(*number) } else { None };
        match items.iter().map(number).collect::<Option<Vec<_>>>() {
            Some(numbers) if !numbers.is_empty() => Self::Numbers(numbers),
            _ => Self::List(items),
        }
    }
}

/// The bytes of a document, read from front to back.
struct Reader<'a> {
    bytes: &'a [u8],
    /// At most the number of bytes.
    offset: usize,
    /// Whether numbers keep their digits, and nothing is read but what RFC 8259 has.
    is_exact: bool,
}

impl<'a> Reader<'a> {
    fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, offset: 0, is_exact: false }
    }

    fn error<T>(&self, expected: &'static str) -> Read<T> {
        Err(ReadError { offset: self.offset, expected })
    }

    #[expect(clippy::indexing_slicing, reason = "the offset never passes the end")]
    fn rest(&self) -> &'a [u8] {
        &self.bytes[self.offset..]
    }

    fn peek(&self) -> Option<u8> {
        self.rest().first().copied()
    }

    fn take(&mut self, length: usize) -> Read<&'a [u8]> {
        let Some(taken) = self.rest().get(..length) else { return self.error("more bytes") };
        self.offset += length;
        Ok(taken)
    }

    fn byte(&mut self) -> Read<u8> {
        let Some(byte) = self.peek() else { return self.error("more bytes") };
        self.offset += 1;
        Ok(byte)
    }

    fn eat(&mut self, word: &[u8]) -> bool {
        let is_next = self.rest().starts_with(word);
        self.offset += if is_next { word.len() } else { 0 };
        is_next
    }

    fn utf8(&self, bytes: &'a [u8]) -> Read<&'a str> {
        std::str::from_utf8(bytes).or_else(|_| self.error("UTF-8"))
    }

    fn check_depth(&self, depth: usize) -> Read<()> {
        if depth > JSON_NESTING { self.error("less nesting") } else { Ok(()) }
    }
}
