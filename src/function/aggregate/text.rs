//! STRING_AGG, over text and bytes.

use std::ops::Range;
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::{ArrayRef, BinaryArray, StringArray};

use super::{Accumulator, Setup, States, argument};
use crate::data::{DataType, Operand};
use crate::diag::{Code, Error, Result};
use crate::function::{Body, Function, Signature, Type};

use Type::{Bytes, String};

pub(super) const FUNCTIONS: &[Function] = &[Function::new(
    "STRING_AGG",
    "The values joined, with the delimiter between them: a comma unless another one is given.",
    &[
        Signature::new(&[String, String], String, Body::Aggregate(start)).optional(1),
        Signature::new(&[Bytes, Bytes], Bytes, Body::Aggregate(start)).optional(1),
    ],
)];

fn start(setup: &Setup<'_>) -> Result<Box<dyn Accumulator>> {
    let (text, most) = (*setup.returns == DataType::String, setup.limits.held_bytes);
    Ok(Box::new(Joined { text, joined: States::new(), bytes: 0, most }))
}

struct Joined {
    text: bool,
    joined: States<Option<Vec<u8>>>,
    /// How many bytes there are in all, and may be.
    bytes: usize,
    most: usize,
}

impl Accumulator for Joined {
    fn update(&mut self, args: &[Operand], groups: &[u32], count: usize) -> Result<()> {
        self.joined.grow(count);
        let value = blobs(argument(args, 0)?)?;
        let delimiter = args.get(1).map(blobs).transpose()?;
        for (row, group) in groups.iter().enumerate() {
            let Some(value) = value(row) else { continue };
            self.bytes = self.bytes.saturating_add(value.len());
            match self.joined.of(*group)? {
                Some(joined) => {
                    let delimiter = delimiter.as_ref().map_or(Some(b",".as_slice()), |it| it(row));
                    joined.extend_from_slice(delimiter.unwrap_or_default());
                    joined.extend_from_slice(value);
                }
                joined => *joined = Some(value.to_vec()),
            }
        }
        match self.bytes <= self.most {
            true => Ok(()),
            false => Err(Error::new(Code::LimitExceeded, "the joined texts are too large")
                .hint("add LIMIT inside the parentheses, or leave ORDER BY out of OVER")),
        }
    }

    fn carry(&mut self, from: u32, to: u32) {
        // Beyond the limit the next update fails.
        if self.bytes <= self.most {
            self.joined.carry(from, to);
            let more = self.joined.0.get(to as usize).and_then(Option::as_ref).map_or(0, Vec::len);
            self.bytes = self.bytes.saturating_add(more);
        }
    }

    fn values(&mut self, range: Range<usize>) -> Result<ArrayRef> {
        column(self.joined.range(range), self.text)
    }
}

/// Gives the value of a row; `None` for NULL.
type Reader<'a> = Box<dyn Fn(usize) -> Option<&'a [u8]> + 'a>;

/// Reads STRING or BYTES by row.
pub(super) fn blobs<'a>(operand: &'a Operand) -> Result<Reader<'a>> {
    let array = operand.array();
    let value: Box<dyn Fn(usize) -> &'a [u8]> = if let Some(array) = array.as_string_opt::<i32>() {
        Box::new(|at| array.value(at).as_bytes())
    } else if let Some(array) = array.as_binary_opt::<i32>() {
        Box::new(|at| array.value(at))
    } else {
        return Err(Error::new(Code::Internal, "expected a column of text or bytes"));
    };
    Ok(Box::new(move |row| (!operand.is_null(row)).then(|| value(operand.index(row)))))
}

/// A column of STRING or BYTES.
pub(super) fn column(values: &[Option<Vec<u8>>], text: bool) -> Result<ArrayRef> {
    let bytes: usize = values.iter().flatten().map(Vec::len).sum();
    if i32::try_from(bytes).is_err() {
        return Err(Error::new(Code::LimitExceeded, "the groups' texts hold more than 2 GiB"));
    }
    let values = values.iter().map(Option::as_deref);
    if !text {
        return Ok(Arc::new(values.collect::<BinaryArray>()));
    }
    let texts = values.map(|value| value.map(std::str::from_utf8).transpose());
    texts
        .collect::<std::result::Result<StringArray, _>>()
        .map(|texts| Arc::new(texts) as ArrayRef)
        .map_err(|error| Error::new(Code::Internal, "joined texts are no text").detail(error))
}
