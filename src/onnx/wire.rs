//! Protocol buffers field by field, for what decoded messages do not show: where a file breaks off, and which kind of
//! value an input or output is.

/// The fields of one message, in the order of the file.
pub(super) struct Fields<'a> {
    rest: &'a [u8],
}

/// The content of one field.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Content<'a> {
    Number(u64),
    Bytes(&'a [u8]),
    /// A fixed-width number; no field that is read here has one.
    Fixed,
}

/// Why a message cannot be read to its end.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum WireError {
    /// It ends before its last field does; at least this many bytes are missing.
    Truncated(u64),
    /// Its bytes are not fields.
    Malformed,
}

impl std::fmt::Display for WireError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Truncated(missing) => write!(f, "the message lacks {missing} bytes or more"),
            Self::Malformed => f.write_str("the bytes are no message"),
        }
    }
}

impl<'a> Fields<'a> {
    pub(super) fn new(message: &'a [u8]) -> Self {
        Self { rest: message }
    }

    fn varint(&mut self) -> Result<u64, WireError> {
        let mut value = 0;
        for shift in (0..64).step_by(7) {
            let (byte, rest) = self.rest.split_first().ok_or(WireError::Truncated(1))?;
            self.rest = rest;
            value |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        Err(WireError::Malformed)
    }

    fn bytes(&mut self, length: u64) -> Result<&'a [u8], WireError> {
        let have = self.rest.len() as u64;
        let split = usize::try_from(length).ok().and_then(|length| self.rest.split_at_checked(length));
        let (bytes, rest) = split.ok_or(WireError::Truncated(length.saturating_sub(have)))?;
        self.rest = rest;
        Ok(bytes)
    }

    fn field(&mut self) -> Result<(u64, Content<'a>), WireError> {
        let key = self.varint()?;
        let content = match key & 7 {
            0 => Content::Number(self.varint()?),
            1 => self.bytes(8).map(|_| Content::Fixed)?,
            2 => {
                let length = self.varint()?;
                Content::Bytes(self.bytes(length)?)
            }
            5 => self.bytes(4).map(|_| Content::Fixed)?,
            _ => return Err(WireError::Malformed),
        };
        match key >> 3 {
            0 => Err(WireError::Malformed),
            number => Ok((number, content)),
        }
    }

    /// The bytes of every field `number`, as far as the message can be read.
    pub(super) fn messages(self, number: u64) -> impl Iterator<Item = &'a [u8]> {
        self.map_while(Result::ok).filter_map(move |field| match field {
            (found, Content::Bytes(bytes)) if found == number => Some(bytes),
            _ => None,
        })
    }
}

/// The message without its fields `number`.
///
/// # Errors
/// A message that cannot be read to its end.
#[expect(clippy::indexing_slicing, reason = "what is left after a field is the end of what was left before")]
pub(super) fn without(message: &[u8], number: u64) -> Result<Vec<u8>, WireError> {
    let mut kept = Vec::new();
    let mut fields = Fields::new(message);
    let mut rest = message;
    while let Some(field) = fields.next() {
        let (found, _) = field?;
        if found != number {
            kept.extend_from_slice(&rest[..rest.len() - fields.rest.len()]);
        }
        rest = fields.rest;
    }
    Ok(kept)
}

impl<'a> Iterator for Fields<'a> {
    type Item = Result<(u64, Content<'a>), WireError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let field = self.field();
        if field.is_err() {
            self.rest = &[];
        }
        Some(field)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_fields_and_tells_truncated_from_malformed() {
        let message = [0x08, 0x96, 0x01, 0x12, 0x02, b'h', b'i'];
        let fields: Vec<_> = Fields::new(&message).collect();
        assert_eq!(fields, [Ok((1, Content::Number(150))), Ok((2, Content::Bytes(b"hi")))]);
        assert_eq!(without(&message, 2), Ok(vec![0x08, 0x96, 0x01]));
        assert_eq!(without(&message, 1), Ok(vec![0x12, 0x02, b'h', b'i']));
        assert_eq!(without(&message[..6], 1), Err(WireError::Truncated(1)));
        assert_eq!(Fields::new(&message[..6]).last(), Some(Err(WireError::Truncated(1))));
        assert_eq!(Fields::new(&[0x0f]).last(), Some(Err(WireError::Malformed)));
    }
}
