//! UBJSON documents: a marker for the kind of each value, lengths in front.

use super::{Read, Reader, Value};
use crate::limits::UBJSON_EMPTY_ELEMENTS;

/// Reads a UBJSON document.
pub(crate) fn read_ubjson(bytes: &[u8]) -> Read<Value<'_>> {
    let mut reader = Reader::new(bytes);
    let marker = reader.marker()?;
    reader.marked_value(marker, 0)
}

impl<'a> Reader<'a> {
    /// The next marker that means something.
    fn marker(&mut self) -> Read<u8> {
        while self.eat(b"N") {}
        self.byte()
    }

    fn marked_value(&mut self, marker: u8, depth: usize) -> Read<Value<'a>> {
        self.check_depth(depth)?;
        Ok(match marker {
            b'Z' => Value::Null,
            b'T' => Value::Bool(true),
            b'F' => Value::Bool(false),
            b'S' | b'H' | b'C' => {
                let length = if marker == b'C' { 1 } else { self.length()? };
                let text = self.take(length)?;
                Value::Text(self.utf8(text)?.into())
            }
            b'[' => self.marked_list(depth)?,
            b'{' => self.marked_object(depth)?,
            number => Value::Number(self.marked_number(number)?),
        })
    }

    fn marked_number(&mut self, marker: u8) -> Read<f64> {
        #[expect(clippy::cast_precision_loss, reason = "all numbers are FLOAT64 here")]
        Ok(match marker {
            b'i' => i8::from_be_bytes(self.array()?).into(),
            b'U' => self.byte()?.into(),
            b'I' => i16::from_be_bytes(self.array()?).into(),
            b'l' => i32::from_be_bytes(self.array()?).into(),
            b'L' => i64::from_be_bytes(self.array()?) as f64,
            b'd' => f32::from_be_bytes(self.array()?).into(),
            b'D' => f64::from_be_bytes(self.array()?),
            _ => return self.error("a value"),
        })
    }

    fn array<const LENGTH: usize>(&mut self) -> Read<[u8; LENGTH]> {
        let Some(bytes) = self.rest().first_chunk() else { return self.error("more bytes") };
        self.offset += LENGTH;
        Ok(*bytes)
    }

    fn length(&mut self) -> Read<usize> {
        let marker = self.marker()?;
        let length = self.marked_number(marker)?;
        #[expect(clippy::cast_precision_loss, reason = "no document has 2^53 bytes")]
        let longest = self.bytes.len().max(UBJSON_EMPTY_ELEMENTS) as f64;
        if length.fract() != 0.0 || !(0.0..=longest).contains(&length) {
            return self.error("a length within the document");
        }
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the range is checked")]
        Ok(length as usize)
    }

    /// The type and number of all elements, where a container announces them.
    fn announced(&mut self) -> Read<(Option<u8>, Option<usize>)> {
        let marker = if self.eat(b"$") { Some(self.marker()?) } else { None };
        let count = if self.eat(b"#") { Some(self.length()?) } else { None };
        match (marker, count) {
            (Some(_), None) => self.error("the number of elements"),
            announced => Ok(announced),
        }
    }

    fn marked_list(&mut self, depth: usize) -> Read<Value<'a>> {
        let (marker, count) = self.announced()?;
        if let (Some(marker @ (b'i' | b'U' | b'I' | b'l' | b'L' | b'd' | b'D')), Some(count)) =
            (marker, count)
        {
            return (0..count).map(|_| self.marked_number(marker)).collect::<Read<_>>().map(Value::Numbers);
        }
        let mut items = Vec::new();
        while count.map_or_else(|| !self.eat(b"]"), |count| items.len() < count) {
            let marker = marker.map_or_else(|| self.marker(), Ok)?;
            items.push(self.marked_value(marker, depth + 1)?);
        }
        Ok(Value::of_items(items))
    }

    fn marked_object(&mut self, depth: usize) -> Read<Value<'a>> {
        let (marker, count) = self.announced()?;
        let mut fields = Vec::new();
        while count.map_or_else(|| !self.eat(b"}"), |count| fields.len() < count) {
            let length = self.length()?;
            let name = self.take(length)?;
            let name = self.utf8(name)?.into();
            let marker = marker.map_or_else(|| self.marker(), Ok)?;
            fields.push((name, self.marked_value(marker, depth + 1)?));
        }
        Ok(Value::Object(fields))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The examples of ubjson.org's specification, and negative numbers of every width.
    #[test]
    fn ubjson_of_every_kind() {
        let value =
            read_ubjson(b"{i\x04name[$i#i\x03\x01\xff\x03i\x01b[TFZ]i\x01f{#i\x01i\x01xd\x3f\x00\x00\x00}")
                .unwrap();
        assert_eq!(value.get("name").and_then(Value::numbers).unwrap()[..], [1.0, -1.0, 3.0]);
        assert_eq!(
            value.get("b").unwrap().items().unwrap(),
            [Value::Bool(true), Value::Bool(false), Value::Null]
        );
        assert_eq!(value.at_path(&["f", "x"]), Some(&Value::Number(0.5)));
        assert_eq!(read_ubjson(b"I\xff\xfe"), Ok(Value::Number(-2.0)));
        assert_eq!(read_ubjson(b"U\xff"), Ok(Value::Number(255.0)));
        assert_eq!(read_ubjson(b"L\xff\xff\xff\xff\xff\xff\xff\xf0"), Ok(Value::Number(-16.0)));
        assert_eq!(read_ubjson(b"SU\x02ab"), Ok(Value::Text("ab".into())));
    }

    #[test]
    fn broken_ubjson_is_refused() {
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
            assert!(read_ubjson(bytes).is_err(), "{bytes:?}");
        }
        assert!(read_ubjson(&b"[".repeat(100_000)).is_err());
    }
}
