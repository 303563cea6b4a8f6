//! The bytes of a file as text.

use std::borrow::Cow;

use crate::diag::{Code, Error, Result};

/// How text is written in bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Encoding {
    /// One to four bytes a character.
    Utf8,
    /// One byte a character. ISO-8859-1 is read so too: where the two differ, it has no printable characters.
    Windows1252,
    /// Two or four bytes a character; `true` for the byte of higher worth first.
    Utf16(bool),
    /// Four bytes a character; `true` for the byte of highest worth first.
    Utf32(bool),
    /// Another one, by its name: the host knows it, and brings the text in UTF-8.
    Host(String),
}

impl Encoding {
    /// The encoding called `name` in any case.
    pub fn named(name: &str) -> Self {
        let plain: String = name.chars().filter(char::is_ascii_alphanumeric).collect();
        match plain.to_ascii_lowercase().as_str() {
            "utf8" => Self::Utf8,
            "iso88591" | "latin1" | "l1" | "windows1252" | "cp1252" | "ascii" | "usascii" => {
                Self::Windows1252
            }
            "utf16" | "utf16le" => Self::Utf16(false),
            "utf16be" => Self::Utf16(true),
            "utf32" | "utf32le" => Self::Utf32(false),
            "utf32be" => Self::Utf32(true),
            _ => Self::Host(name.to_owned()),
        }
    }
}

/// What Windows-1252 has at 0x80 to 0x9F; the five bytes that it leaves out are control characters.
const WINDOWS_1252: [char; 32] = [
    '€', '\u{81}', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\u{8d}', 'Ž', '\u{8f}', '\u{90}',
    '‘', '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\u{9d}', 'ž', 'Ÿ',
];

/// The encoding that a byte order mark tells, and the bytes behind the mark.
pub(super) fn marked(bytes: &[u8]) -> Option<(Encoding, &[u8])> {
    let marks: [(&[u8], Encoding); 5] = [
        (b"\xef\xbb\xbf", Encoding::Utf8),
        (b"\xff\xfe\0\0", Encoding::Utf32(false)),
        (b"\0\0\xfe\xff", Encoding::Utf32(true)),
        (b"\xff\xfe", Encoding::Utf16(false)),
        (b"\xfe\xff", Encoding::Utf16(true)),
    ];
    marks.iter().find_map(|(mark, encoding)| Some((encoding.clone(), bytes.strip_prefix(*mark)?)))
}

/// # Errors
/// `invalid-csv` for bytes that are not of this encoding, with their line.
pub(super) fn decode<'a>(bytes: &'a [u8], encoding: &Encoding) -> Result<Cow<'a, str>> {
    let (unit, order) = match encoding {
        Encoding::Utf8 | Encoding::Host(_) => {
            return std::str::from_utf8(bytes).map(Cow::Borrowed).map_err(|error| {
                let (valid, _) = bytes.split_at(error.valid_up_to());
                let line = 1 + valid.iter().filter(|byte| **byte == b'\n').count();
                Error::new(Code::InvalidCsv, format!("line {line}: expected UTF-8, found other bytes"))
                    .hint("save the file as UTF-8, or name its encoding: `latin1`, `windows-1252`")
            });
        }
        Encoding::Windows1252 => {
            return Ok(Cow::Owned(bytes.iter().map(|byte| windows_1252(*byte)).collect()));
        }
        Encoding::Utf16(order) => ("UTF-16", *order),
        Encoding::Utf32(order) => ("UTF-32", *order),
    };
    let text: Option<String> = if unit == "UTF-16" {
        let (pairs, rest) = bytes.as_chunks::<2>();
        let units =
            pairs.iter().map(|it| if order { u16::from_be_bytes(*it) } else { u16::from_le_bytes(*it) });
        rest.is_empty().then(|| char::decode_utf16(units).collect::<Result<_, _>>().ok()).flatten()
    } else {
        let (quads, rest) = bytes.as_chunks::<4>();
        let units =
            quads.iter().map(|it| if order { u32::from_be_bytes(*it) } else { u32::from_le_bytes(*it) });
        rest.is_empty().then(|| units.map(char::from_u32).collect()).flatten()
    };
    text.map(Cow::Owned).ok_or_else(|| {
        Error::new(Code::InvalidCsv, format!("expected {unit}, found other bytes or half a character"))
    })
}

#[expect(clippy::indexing_slicing, reason = "the range of the arm is that of the table")]
fn windows_1252(byte: u8) -> char {
    match byte {
        0x80..=0x9f => WINDOWS_1252[usize::from(byte - 0x80)],
        other => char::from(other),
    }
}

/// Whether bytes that are not UTF-8 have one byte for each character: no other character of theirs is in UTF-8.
pub(super) fn is_single_byte(bytes: &[u8]) -> bool {
    !bytes.utf8_chunks().any(|chunk| !chunk.valid().is_ascii())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_encoding_has_its_letters() {
        // Python: "Zoë €".encode(…).
        for (name, bytes) in [
            ("latin-1", &b"Zo\xeb \x80"[..]),
            ("windows-1252", b"Zo\xeb \x80"),
            ("UTF-8", b"Zo\xc3\xab \xe2\x82\xac"),
            ("UTF-16LE", b"Z\0o\0\xeb\0 \0\xac\x20"),
            ("utf-16be", b"\0Z\0o\0\xeb\0 \x20\xac"),
            ("UTF-32BE", b"\0\0\0Z\0\0\0o\0\0\0\xeb\0\0\0 \0\0\x20\xac"),
        ] {
            assert_eq!(decode(bytes, &Encoding::named(name)).unwrap(), "Zoë €", "{name}");
        }
        assert!(decode(b"Z\0o", &Encoding::Utf16(false)).is_err());
        assert!(decode(b"\x00\xd8Z\0", &Encoding::Utf16(false)).is_err());
        assert_eq!(Encoding::named("shift_jis"), Encoding::Host("shift_jis".into()));
    }
}
