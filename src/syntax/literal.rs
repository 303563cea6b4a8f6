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
    let close = ["'''", "\"\"\"", "'", "\""].into_iter().find(|it| quotes.starts_with(it))?;
    Some(Quote { open_len: letters.len() + close.len(), close, raw, bytes })
}

/// Text with its escapes read. `at` is where `body` stands, for errors.
pub(super) fn text(body: &str, at: usize) -> Result<String> {
    let mut text = String::with_capacity(body.len());
    read(body, at, &mut |piece| match piece {
        Piece::Char(c) => text.push(c),
        // In text, \xHH and octal escapes name code points.
        Piece::Byte(byte) => text.push(char::from(byte)),
    })?;
    Ok(text)
}

/// Bytes with their escapes read.
pub(super) fn bytes(body: &str, at: usize) -> Result<Vec<u8>> {
    let mut bytes = Vec::with_capacity(body.len());
    read(body, at, &mut |piece| match piece {
        Piece::Char(c) => bytes.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
        Piece::Byte(byte) => bytes.push(byte),
    })?;
    Ok(bytes)
}

/// T-SQL's way: the text up to `close`, which stands doubled inside, and the length of both.
pub(super) fn doubled(rest: &str, close: &str) -> Option<(String, usize)> {
    let mut text = String::new();
    let mut at = 0;
    loop {
        let rest = rest.get(at..)?;
        let end = rest.find(close)?;
        text.push_str(rest.get(..end)?);
        at += end + close.len();
        if !rest.get(end + close.len()..)?.starts_with(close) {
            return Some((text, at));
        }
        text.push_str(close);
        at += close.len();
    }
}

/// The bytes that pairs of hexadecimal digits name.
pub(super) fn hex(digits: &str) -> Option<Vec<u8>> {
    let pairs = digits.as_bytes().chunks(2);
    let byte = |pair: &[u8]| match pair.len() {
        2 => u8::from_str_radix(str::from_utf8(pair).ok()?, 16).ok(),
        _ => None,
    };
    pairs.map(byte).collect()
}

enum Piece {
    Char(char),
    Byte(u8),
}

fn read(body: &str, at: usize, push: &mut dyn FnMut(Piece)) -> Result<()> {
    let mut rest = body;
    while let Some(c) = rest.chars().next() {
        if c != '\\' {
            push(Piece::Char(c));
            rest = rest.get(c.len_utf8()..).unwrap_or_default();
            continue;
        }
        let start = at + body.len() - rest.len();
        let (piece, used) = escape(rest).ok_or_else(|| {
            let len = 1 + rest.chars().nth(1).map_or(0, char::len_utf8);
            Error::new(
                Code::InvalidLiteral,
                format!("`{}` is not an escape", rest.get(..len).unwrap_or(rest)),
            )
            .at(Span::new(start, start + len))
            .hint("write \\\\ for a backslash, or r'…' for text without escapes")
        })?;
        push(piece);
        rest = rest.get(used..).unwrap_or_default();
    }
    Ok(())
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
