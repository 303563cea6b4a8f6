//! Documents as XGBoost writes them: JSON (RFC 8259) and UBJSON (draft 12), read into one kind of tree.

use crate::limits::{JSON_NESTING, UBJSON_EMPTY_ELEMENTS};
use std::borrow::Cow;

/// A value of a document. Texts are borrowed where they have no escapes.
#[derive(Debug, PartialEq)]
pub(crate) enum Value<'a> {
    Null,
    Bool(bool),
    Number(f64),
    Text(Cow<'a, str>),
    /// A list of nothing but numbers, of which models have millions.
    Numbers(Vec<f64>),
    List(Vec<Self>),
    Object(Vec<(Cow<'a, str>, Self)>),
}

/// Where and why reading stopped.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Broken {
    at: usize,
    expected: &'static str,
}

impl std::fmt::Display for Broken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "expected {} at byte {}", self.expected, self.at)
    }
}

type Read<T> = Result<T, Broken>;

impl<'a> Value<'a> {
    /// The field `name` of an object.
    pub(crate) fn get(&self, name: &str) -> Option<&Self> {
        match self {
            Self::Object(fields) => fields.iter().find(|(it, _)| it == name).map(|(_, value)| value),
            _ => None,
        }
    }

    /// The value behind several names, from the outside in.
    pub(crate) fn at(&self, path: &[&str]) -> Option<&Self> {
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
    pub(crate) fn items(&self) -> &[Self] {
        match self {
            Self::List(items) => items,
            _ => &[],
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

/// Reads a JSON text. `NaN`, `Infinity` and `-Infinity` are numbers, as Python writes them.
pub(crate) fn json(bytes: &[u8]) -> Read<Value<'_>> {
    let mut reader = Reader { bytes, at: 0 };
    let value = reader.json(0)?;
    reader.space();
    if reader.at == bytes.len() { Ok(value) } else { reader.broken("the end of the text") }
}

/// Reads a UBJSON document.
pub(crate) fn ubjson(bytes: &[u8]) -> Read<Value<'_>> {
    let mut reader = Reader { bytes, at: 0 };
    let marker = reader.marker()?;
    reader.ubjson(marker, 0)
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    fn broken<T>(&self, expected: &'static str) -> Read<T> {
        Err(Broken { at: self.at, expected })
    }

    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn take(&mut self, length: usize) -> Read<&'a [u8]> {
        let end = self.at.checked_add(length);
        match end.and_then(|end| self.bytes.get(self.at..end)) {
            Some(bytes) => {
                self.at += length;
                Ok(bytes)
            }
            None => self.broken("more bytes"),
        }
    }

    fn eat(&mut self, word: &[u8]) -> bool {
        let found = self.bytes.get(self.at..).is_some_and(|rest| rest.starts_with(word));
        self.at += if found { word.len() } else { 0 };
        found
    }

    fn utf8(&self, bytes: &'a [u8]) -> Read<&'a str> {
        std::str::from_utf8(bytes).or_else(|_| self.broken("UTF-8"))
    }
}

/// JSON.
impl<'a> Reader<'a> {
    fn space(&mut self) {
        while self.peek().is_some_and(|byte| byte.is_ascii_whitespace()) {
            self.at += 1;
        }
    }

    fn json(&mut self, depth: usize) -> Read<Value<'a>> {
        if depth > JSON_NESTING {
            return self.broken("less nesting");
        }
        self.space();
        let words = [
            (b"null".as_slice(), Value::Null),
            (b"true", Value::Bool(true)),
            (b"false", Value::Bool(false)),
            (b"NaN", Value::Number(f64::NAN)),
            (b"Infinity", Value::Number(f64::INFINITY)),
            (b"-Infinity", Value::Number(f64::NEG_INFINITY)),
        ];
        match self.peek() {
            Some(b'"') => self.json_text().map(Value::Text),
            Some(b'[') => {
                let mut items = Vec::new();
                self.json_items(b']', |reader| {
                    items.push(reader.json(depth + 1)?);
                    Ok(())
                })?;
                Ok(Value::of_items(items))
            }
            Some(b'{') => {
                let mut fields = Vec::new();
                self.json_items(b'}', |reader| {
                    let name = reader.json_text()?;
                    reader.space();
                    if !reader.eat(b":") {
                        return reader.broken("`:`");
                    }
                    fields.push((name, reader.json(depth + 1)?));
                    Ok(())
                })?;
                Ok(Value::Object(fields))
            }
            Some(b'0'..=b'9') => self.json_number().map(Value::Number),
            _ => match words.into_iter().find(|(word, _)| self.eat(word)) {
                Some((_, value)) => Ok(value),
                None => self.json_number().map(Value::Number),
            },
        }
    }

    /// What stands between the bracket that comes next and `end`, commas between.
    fn json_items(&mut self, end: u8, mut item: impl FnMut(&mut Self) -> Read<()>) -> Read<()> {
        self.at += 1;
        self.space();
        if self.eat(&[end]) {
            return Ok(());
        }
        loop {
            self.space();
            item(self)?;
            self.space();
            if self.eat(&[end]) {
                return Ok(());
            }
            if !self.eat(b",") {
                return self.broken("`,` or a closing bracket");
            }
        }
    }

    fn json_number(&mut self) -> Read<f64> {
        let start = self.at;
        while self.peek().is_some_and(|byte| byte.is_ascii_digit() || b"+-.eE".contains(&byte)) {
            self.at += 1;
        }
        let text = self.bytes.get(start..self.at).and_then(|digits| std::str::from_utf8(digits).ok());
        text.and_then(|text| text.parse().ok()).map_or_else(|| self.broken("a value"), Ok)
    }

    fn json_text(&mut self) -> Read<Cow<'a, str>> {
        if !self.eat(b"\"") {
            return self.broken("a text");
        }
        let mut text = Cow::Borrowed("");
        loop {
            let rest = self.bytes.get(self.at..).unwrap_or_default();
            let Some(length) = rest.iter().position(|byte| matches!(byte, b'"' | b'\\')) else {
                return self.broken("the end of a text");
            };
            let plain = self.take(length)?;
            let plain = self.utf8(plain)?;
            if text.is_empty() {
                text = Cow::Borrowed(plain);
            } else {
                text.to_mut().push_str(plain);
            }
            if self.eat(b"\"") {
                return Ok(text);
            }
            self.at += 1;
            let escaped = self.json_escape()?;
            text.to_mut().push(escaped);
        }
    }

    fn json_escape(&mut self) -> Read<char> {
        Ok(match self.take(1)? {
            b"b" => '\u{8}',
            b"f" => '\u{c}',
            b"n" => '\n',
            b"r" => '\r',
            b"t" => '\t',
            b"u" => {
                let high = self.json_hex()?;
                let pair = matches!(high, 0xd800..0xdc00) && self.eat(b"\\u");
                let code = match pair {
                    true => 0x1_0000 + ((high - 0xd800) << 10) + (self.json_hex()? & 0x3ff),
                    false => high,
                };
                char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER)
            }
            [plain @ (b'"' | b'\\' | b'/')] => char::from(*plain),
            _ => return self.broken("an escape"),
        })
    }

    fn json_hex(&mut self) -> Read<u32> {
        let digits = self.take(4)?;
        let digits = self.utf8(digits)?;
        u32::from_str_radix(digits, 16).or_else(|_| self.broken("four hexadecimal digits"))
    }
}

/// UBJSON: a marker for the kind of each value, lengths in front.
impl<'a> Reader<'a> {
    /// The next marker that means something.
    fn marker(&mut self) -> Read<u8> {
        while self.eat(b"N") {}
        Ok(self.take(1)?.first().copied().unwrap_or_default())
    }

    fn ubjson(&mut self, marker: u8, depth: usize) -> Read<Value<'a>> {
        if depth > JSON_NESTING {
            return self.broken("less nesting");
        }
        Ok(match marker {
            b'Z' => Value::Null,
            b'T' => Value::Bool(true),
            b'F' => Value::Bool(false),
            b'S' | b'H' | b'C' => {
                let length = if marker == b'C' { 1 } else { self.length()? };
                let text = self.take(length)?;
                Value::Text(self.utf8(text)?.into())
            }
            b'[' => self.ubjson_list(depth)?,
            b'{' => self.ubjson_object(depth)?,
            number => Value::Number(self.ubjson_number(number)?),
        })
    }

    fn ubjson_number(&mut self, marker: u8) -> Read<f64> {
        let width = match marker {
            b'i' | b'U' => 1,
            b'I' => 2,
            b'l' | b'd' => 4,
            b'L' | b'D' => 8,
            _ => return self.broken("a value"),
        };
        let mut bytes = [0; 8];
        let content = self.take(width)?;
        bytes.iter_mut().zip(content).for_each(|(to, from)| *to = *from);
        let raw = u64::from_be_bytes(bytes);
        // The bytes stand at the top: shifting them down keeps the sign.
        let int = raw.cast_signed() >> (64 - 8 * width);
        #[expect(clippy::cast_precision_loss, reason = "all numbers are FLOAT64 here")]
        Ok(match marker {
            b'U' => (raw >> 56) as f64,
            b'd' => f64::from(f32::from_bits((raw >> 32) as u32)),
            b'D' => f64::from_bits(raw),
            _ => int as f64,
        })
    }

    fn length(&mut self) -> Read<usize> {
        let marker = self.marker()?;
        let length = self.ubjson_number(marker)?;
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the range is checked")]
        match length >= 0.0 && length <= self.bytes.len().max(UBJSON_EMPTY_ELEMENTS) as f64 {
            true => Ok(length as usize),
            false => self.broken("a length within the document"),
        }
    }

    /// The type and number of all elements, where a container announces them.
    fn announced(&mut self) -> Read<(Option<u8>, Option<usize>)> {
        let marker = if self.eat(b"$") { Some(self.marker()?) } else { None };
        let count = if self.eat(b"#") { Some(self.length()?) } else { None };
        match (marker, count) {
            (Some(_), None) => self.broken("the number of elements"),
            announced => Ok(announced),
        }
    }

    fn ubjson_list(&mut self, depth: usize) -> Read<Value<'a>> {
        let (marker, count) = self.announced()?;
        if let (Some(marker @ (b'i' | b'U' | b'I' | b'l' | b'L' | b'd' | b'D')), Some(count)) =
            (marker, count)
        {
            return (0..count).map(|_| self.ubjson_number(marker)).collect::<Read<_>>().map(Value::Numbers);
        }
        let mut items = Vec::new();
        while count.map_or_else(|| !self.eat(b"]"), |count| items.len() < count) {
            let marker = marker.map_or_else(|| self.marker(), Ok)?;
            items.push(self.ubjson(marker, depth + 1)?);
        }
        Ok(Value::of_items(items))
    }

    fn ubjson_object(&mut self, depth: usize) -> Read<Value<'a>> {
        let (marker, count) = self.announced()?;
        let mut fields = Vec::new();
        while count.map_or_else(|| !self.eat(b"}"), |count| fields.len() < count) {
            let length = self.length()?;
            let name = self.take(length)?;
            let name = self.utf8(name)?.into();
            let marker = marker.map_or_else(|| self.marker(), Ok)?;
            fields.push((name, self.ubjson(marker, depth + 1)?));
        }
        Ok(Value::Object(fields))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_of_every_kind() {
        let text = br#" {"a": [1, -2.5e1, NaN], "b\n\u00e9\ud83d\ude00": ["x", null, true], "c": {}} "#;
        let value = json(text).unwrap();
        let numbers = value.get("a").and_then(Value::numbers).unwrap();
        assert_eq!((numbers[0], numbers[1], numbers[2].is_nan()), (1.0, -25.0, true));
        let list = value.get("b\n\u{e9}\u{1f600}").unwrap();
        assert_eq!(list.items(), [Value::Text("x".into()), Value::Null, Value::Bool(true)]);
        assert_eq!(value.at(&["c", "d"]), None);
    }

    #[test]
    fn broken_json_is_told_from_whole() {
        for text in ["", "{", "[1,", "[1 2]", "\"a", "{\"a\" 1}", "1 2", "\"\\x\"", "nul"] {
            assert!(json(text.as_bytes()).is_err(), "{text}");
        }
        assert!(json("[".repeat(100_000).as_bytes()).is_err());
    }

    /// The examples of ubjson.org's specification, and negative numbers of every width.
    #[test]
    fn ubjson_of_every_kind() {
        let value =
            ubjson(b"{i\x04name[$i#i\x03\x01\xff\x03i\x01b[TFZ]i\x01f{#i\x01i\x01xd\x3f\x00\x00\x00}")
                .unwrap();
        assert_eq!(value.get("name").and_then(Value::numbers).unwrap()[..], [1.0, -1.0, 3.0]);
        assert_eq!(value.get("b").unwrap().items(), [Value::Bool(true), Value::Bool(false), Value::Null]);
        assert_eq!(value.at(&["f", "x"]), Some(&Value::Number(0.5)));
        assert_eq!(ubjson(b"I\xff\xfe"), Ok(Value::Number(-2.0)));
        assert_eq!(ubjson(b"U\xff"), Ok(Value::Number(255.0)));
        assert_eq!(ubjson(b"L\xff\xff\xff\xff\xff\xff\xff\xf0"), Ok(Value::Number(-16.0)));
        assert_eq!(ubjson(b"SU\x02ab"), Ok(Value::Text("ab".into())));
    }

    #[test]
    fn broken_ubjson_ends() {
        for bytes in [
            b"".as_slice(),
            b"{",
            b"[",
            b"[$i",
            b"[$i#l\x7f\xff\xff\xff",
            b"SU\xff",
            b"{U\x01a",
            b"x",
            b"[$Z#l\x7f\xff\xff\xff",
        ] {
            assert!(ubjson(bytes).is_err(), "{bytes:?}");
        }
        assert!(ubjson(&b"[".repeat(100_000)).is_err());
    }
}
