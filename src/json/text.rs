//! JSON texts.

use std::borrow::Cow;

use super::{Read, Reader, Value};

/// Reads a JSON text. `NaN`, `Infinity` and `-Infinity` are numbers, as Python writes them.
pub(crate) fn read_text(bytes: &[u8]) -> Read<Value<'_>> {
    let mut reader = Reader::new(bytes);
    let value = reader.value(0)?;
    reader.space();
    if reader.rest().is_empty() { Ok(value) } else { reader.error("the end of the text") }
}

/// Reads a JSON text as RFC 8259 has it; numbers keep their digits.
pub(crate) fn read_exact(text: &str) -> Read<Value<'_>> {
    let mut reader = Reader { is_exact: true, ..Reader::new(text.as_bytes()) };
    let value = reader.value(0)?;
    reader.space();
    if reader.rest().is_empty() { Ok(value) } else { reader.error("the end of the text") }
}

/// Whether digits are a number as RFC 8259 has it: no sign `+`, no zeros in front, digits on both sides of the point.
fn is_number(digits: &str) -> bool {
    let digits = digits.strip_prefix('-').unwrap_or(digits);
    let (mantissa, exponent) = digits.split_once(['e', 'E']).unwrap_or((digits, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, "0"));
    let exponent = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
    let are_digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    [whole, fraction, exponent].into_iter().all(are_digits) && (whole == "0" || !whole.starts_with('0'))
}

impl<'a> Reader<'a> {
    fn space(&mut self) {
        while self.peek().is_some_and(|byte| byte.is_ascii_whitespace()) {
            self.offset += 1;
        }
    }

    fn value(&mut self, depth: usize) -> Read<Value<'a>> {
        self.check_depth(depth)?;
        self.space();
        let words = [
            (b"null".as_slice(), Value::Null),
            (b"true", Value::Bool(true)),
            (b"false", Value::Bool(false)),
            (b"NaN", Value::Number(f64::NAN)),
            (b"Infinity", Value::Number(f64::INFINITY)),
            (b"-Infinity", Value::Number(f64::NEG_INFINITY)),
        ];
        let known = if self.is_exact { 3 } else { words.len() };
        match self.peek() {
            Some(b'"') => self.string().map(Value::Text),
            Some(b'[') => {
                let mut items = Vec::new();
                self.items(b']', |reader| {
                    items.push(reader.value(depth + 1)?);
                    Ok(())
                })?;
                Ok(Value::of_items(items))
            }
            Some(b'{') => {
                let mut fields = Vec::new();
                self.items(b'}', |reader| {
                    let name = reader.string()?;
                    reader.space();
                    if !reader.eat(b":") {
                        return reader.error("`:`");
                    }
                    fields.push((name, reader.value(depth + 1)?));
                    Ok(())
                })?;
                Ok(Value::Object(fields))
            }
            Some(b'0'..=b'9' | b'-') if self.is_exact => self.digits().map(Value::Digits),
            Some(b'0'..=b'9') => self.number().map(Value::Number),
            _ => match words.into_iter().take(known).find(|(word, _)| self.eat(word)) {
                Some((_, value)) => Ok(value),
                None if self.is_exact => self.error("a value"),
                None => self.number().map(Value::Number),
            },
        }
    }

    /// Reads items, separated by commas, from the bracket that comes next to `end`.
    fn items(&mut self, end: u8, mut item: impl FnMut(&mut Self) -> Read<()>) -> Read<()> {
        self.offset += 1;
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
                return self.error("`,` or a closing bracket");
            }
        }
    }

    fn number(&mut self) -> Read<f64> {
        self.digits()?.parse().or_else(|_| self.error("a value"))
    }

    /// The digits, signs and points that come next.
    fn digits(&mut self) -> Read<&'a str> {
        let is_part = |byte: &u8| byte.is_ascii_digit() || b"+-.eE".contains(byte);
        let length = self.rest().iter().take_while(|byte| is_part(byte)).count();
        let digits = self.take(length)?;
        let digits = self.utf8(digits)?;
        if self.is_exact && !is_number(digits) { self.error("a number") } else { Ok(digits) }
    }

    fn string(&mut self) -> Read<Cow<'a, str>> {
        if !self.eat(b"\"") {
            return self.error("a text");
        }
        let mut text = Cow::Borrowed("");
        loop {
            let Some(length) = self.rest().iter().position(|byte| matches!(byte, b'"' | b'\\')) else {
                return self.error("the end of a text");
            };
            let plain = self.take(length)?;
            let plain = self.utf8(plain)?;
            if self.is_exact && plain.bytes().any(|byte| byte < 0x20) {
                return self.error("an escape for a control character");
            }
            if text.is_empty() {
                text = Cow::Borrowed(plain);
            } else {
                text.to_mut().push_str(plain);
            }
            if self.eat(b"\"") {
                return Ok(text);
            }
            self.offset += 1;
            let escaped = self.escape()?;
            text.to_mut().push(escaped);
        }
    }

    fn escape(&mut self) -> Read<char> {
        Ok(match self.take(1)? {
            b"b" => '\u{8}',
            b"f" => '\u{c}',
            b"n" => '\n',
            b"r" => '\r',
            b"t" => '\t',
            b"u" => {
                let high = self.hexadecimal()?;
                let is_pair = matches!(high, 0xd800..0xdc00) && self.eat(b"\\u");
                let code =
                    if is_pair { 0x1_0000 + ((high - 0xd800) << 10) + self.low_surrogate()? } else { high };
                // Half of a surrogate pair alone is not a character.
                char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER)
            }
            [plain @ (b'"' | b'\\' | b'/')] => char::from(*plain),
            _ => return self.error("an escape"),
        })
    }

    /// The ten bits in the second half of a surrogate pair.
    fn low_surrogate(&mut self) -> Read<u32> {
        match self.hexadecimal()? {
            low @ 0xdc00..0xe000 => Ok(low - 0xdc00),
            _ => self.error("a low surrogate"),
        }
    }

    fn hexadecimal(&mut self) -> Read<u32> {
        let digits = self.take(4)?;
        let digits = self.utf8(digits)?;
        u32::from_str_radix(digits, 16).or_else(|_| self.error("four hexadecimal digits"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_of_every_kind() {
        let text = br#" {"a": [1, -2.5e1, NaN], "b\n\u00e9\ud83d\ude00": ["x", null, true], "c": {}} "#;
        let value = read_text(text).unwrap();
        let numbers = value.get("a").and_then(Value::numbers).unwrap();
        assert_eq!((numbers[0], numbers[1], numbers[2].is_nan()), (1.0, -25.0, true));
        let list = value.get("b\n\u{e9}\u{1f600}").unwrap();
        assert_eq!(list.items().unwrap(), [Value::Text("x".into()), Value::Null, Value::Bool(true)]);
        assert_eq!(value.at_path(&["c", "d"]), None);
    }

    #[test]
    fn broken_json_is_refused() {
        for text in ["", "{", "[1,", "[1 2]", "\"a", "{\"a\" 1}", "1 2", "\"\\x\"", "nul"] {
            assert!(read_text(text.as_bytes()).is_err(), "{text}");
        }
        assert!(read_text("[".repeat(100_000).as_bytes()).is_err());
    }
}
