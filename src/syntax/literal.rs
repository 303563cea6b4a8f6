//! The inside of quotes: prefixes, escapes.

use crate::diag::{Code, Error, Result, Span};

/// How a quoted token begins and ends.
pub(super) struct Quote {
    pub(super) open_len: usize,
    pub(super) close: &'static str,
    pub(super) raw: bool,
    pub(super) bytes: bool,
}

impl Quote {
    pub(super) fn backtick() -> Self {
        Self { open_len: 1, close: "`", raw: false, bytes: false }
    }

    /// Triple quotes hold line breaks, single ones do not.
    pub(super) fn single_line(&self) -> bool {
        self.close.len() == 1
    }
}

/// The quote that `rest` opens with: any mix of the prefixes `r` and `b`, then one of four quotes.
pub(super) fn prefix(rest: &str) -> Option<Quote> {
    let letters = rest.bytes().take(3).position(|c| matches!(c, b'\'' | b'"'))?;
    let (letters, quotes) = rest.split_at_checked(letters)?;
    let (raw, bytes) = match letters.to_ascii_lowercase().as_str() {
        "" => (false, false),
        "r" => (true, false),
        "b" => (false, true),
        "rb" | "br" => (true, true),
        _ => return None,
    };
    let close = ["'''", "\"\"\"", "'", "\""].into_iter().find(|quote| quotes.starts_with(quote))?;
    Some(Quote { open_len: letters.len() + close.len(), close, raw, bytes })
}

/// A string with its escapes read. `offset` is where `body` begins in the SQL text, for errors.
pub(super) fn text(body: &str, offset: usize) -> Result<String> {
    let mut text = String::with_capacity(body.len());
    read(body, offset, &mut |piece| match piece {
        Piece::Char(c) => text.push(c),
        // In strings, \xHH and octal escapes name code points.
        Piece::Byte(byte) => text.push(char::from(byte)),
    })?;
    Ok(text)
}

/// Bytes with their escapes read.
pub(super) fn bytes(body: &str, offset: usize) -> Result<Vec<u8>> {
    let mut bytes = Vec::with_capacity(body.len());
    read(body, offset, &mut |piece| match piece {
        Piece::Char(c) => bytes.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
        Piece::Byte(byte) => bytes.push(byte),
    })?;
    Ok(bytes)
}

/// T-SQL's way: the text up to `close`, which is doubled where it belongs to the text, and the length of both.
pub(super) fn doubled(body: &str, close: &str) -> Option<(String, usize)> {
    let mut text = String::new();
    let mut rest = body;
    loop {
        let (piece, after) = rest.split_once(close)?;
        text.push_str(piece);
        let Some(more) = after.strip_prefix(close) else {
            return Some((text, body.len() - after.len()));
        };
        text.push_str(close);
        rest = more;
    }
}

/// The bytes that pairs of hexadecimal digits name.
pub(super) fn hex(digits: &str) -> Option<Vec<u8>> {
    let pairs = digits.as_bytes().chunks(2);
    let byte = |pair: &[u8]| {
        // An odd digit at the end makes no byte.
        let pair = str::from_utf8(pair).ok().filter(|pair| pair.len() == 2)?;
        u8::from_str_radix(pair, 16).ok()
    };
    pairs.map(byte).collect()
}

enum Piece {
    Char(char),
    Byte(u8),
}

fn read(body: &str, offset: usize, push: &mut dyn FnMut(Piece)) -> Result<()> {
    let mut rest = body;
    while let Some(c) = rest.chars().next() {
        let (piece, length) = match c {
            '\\' => escape(rest).ok_or_else(|| unknown_escape(rest, offset + body.len() - rest.len()))?,
            c => (Piece::Char(c), c.len_utf8()),
        };
        push(piece);
        rest = rest.split_at(length).1;
    }
    Ok(())
}

/// `rest` starts with a backslash, at `start` of the SQL text.
#[cold]
fn unknown_escape(rest: &str, start: usize) -> Error {
    let escape: String = rest.chars().take(2).collect();
    Error::new(Code::InvalidLiteral, format!("`{escape}` is not an escape"))
        .at(Span::new(start, start + escape.len()))
        .hint("write \\\\ for a backslash, or r'…' for a string without escapes")
}

/// Reads the escape that `rest` starts with, and its length.
fn escape(rest: &str) -> Option<(Piece, usize)> {
    let letter = rest.chars().nth(1)?;
    let number = |from: usize, digits: usize, radix: u32| {
        let digits = rest.get(from..from + digits)?;
        digits.chars().all(|c| c.is_digit(radix)).then(|| u32::from_str_radix(digits, radix).ok()).flatten()
    };
    let char = |c: char| Some((Piece::Char(c), 2));
    match letter {
        'a' => char('\x07'),
        'b' => char('\x08'),
        'f' => char('\x0c'),
        'n' => char('\n'),
        'r' => char('\r'),
        't' => char('\t'),
        'v' => char('\x0b'),
        '\\' | '?' | '"' | '\'' | '`' => char(letter),
        'x' | 'X' => Some((Piece::Byte(u8::try_from(number(2, 2, 16)?).ok()?), 4)),
        'u' => Some((Piece::Char(char::from_u32(number(2, 4, 16)?)?), 6)),
        'U' => Some((Piece::Char(char::from_u32(number(2, 8, 16)?)?), 10)),
        '0'..='3' => Some((Piece::Byte(u8::try_from(number(1, 3, 8)?).ok()?), 4)),
        _ => None,
    }
}
