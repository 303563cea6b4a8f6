//! STRING_AGG, over STRING and BYTES.

use std::ops::Range;
use std::sync::Arc;

use arrow_array::{ArrayRef, BinaryArray, StringArray};

use super::super::Held;
use super::{Accumulator, Setup, States, argument, check_held};
use crate::data::{BytesView, DataType, Operand};
use crate::diag::{Code, Error, Result};
use crate::function::{Body, Function, Signature, Type};

use Type::{Bytes, String};

pub(super) const FUNCTIONS: &[Function] = &[Function::new(
    "STRING_AGG",
    "Concatenates the values with a delimiter, a comma unless it is given.",
    &[
        Signature::new(&[String, String], String, Body::Aggregate(start)).optional(1),
        Signature::new(&[Bytes, Bytes], Bytes, Body::Aggregate(start)).optional(1),
    ],
)
.ordered()];

fn start(setup: &Setup<'_>) -> Result<Box<dyn Accumulator>> {
    Ok(Box::new(StringAgg {
        data_type: setup.returns.clone(),
        joined: States::new(),
        held: Held::new(setup.memory),
    }))
}

struct StringAgg {
    data_type: DataType,
    joined: States<Option<Vec<u8>>>,
    held: Held,
}

impl Accumulator for StringAgg {
    fn update(&mut self, args: &[Operand], groups: &[u32], count: usize) -> Result<()> {
        self.joined.grow(count);
        let values = OptionalBytes::new(argument(args, 0)?)?;
        let delimiters = args.get(1).map(OptionalBytes::new).transpose()?;
        for (row, group) in groups.iter().enumerate() {
            // NULLs do not count.
            let Some(value) = values.get(row) else { continue };
            self.held.add(value.len());
            match self.joined.of(*group)? {
                Some(joined) => {
                    let delimiter = match &delimiters {
                        Some(delimiters) => delimiters.get(row),
                        None => Some(b",".as_slice()),
                    };
                    // A NULL delimiter is an empty one.
                    let delimiter = delimiter.unwrap_or_default();
                    self.held.add(delimiter.len());
                    check_held(&self.held)?;
                    joined.extend_from_slice(delimiter);
                    joined.extend_from_slice(value);
                }
                joined => *joined = Some(value.to_vec()),
            }
        }
        check_held(&self.held)
    }

    fn carry(&mut self, from: u32, to: u32) -> Result<()> {
        // Beyond the limit the next update fails.
        if !self.held.is_full() {
            self.held.add(self.joined.carry(from, to)?.as_ref().map_or(0, Vec::len));
        }
        Ok(())
    }

    fn values(&mut self, range: Range<usize>) -> Result<ArrayRef> {
        bytes_column(self.joined.range(range)?, &self.data_type)
    }
}

/// Reads STRING or BYTES by row, NULLs too.
pub(super) struct OptionalBytes<'a> {
    operand: &'a Operand,
    values: BytesView<'a>,
}

impl<'a> OptionalBytes<'a> {
    pub(super) fn new(operand: &'a Operand) -> Result<Self> {
        Ok(Self { operand, values: operand.bytes()? })
    }

    pub(super) fn get(&self, row: usize) -> Option<&'a [u8]> {
        (!self.operand.is_null(row)).then(|| self.values.at(row))
    }
}

/// A column of STRING or BYTES.
pub(super) fn bytes_column(values: &[Option<Vec<u8>>], data_type: &DataType) -> Result<ArrayRef> {
    let bytes: usize = values.iter().flatten().map(Vec::len).sum();
    if i32::try_from(bytes).is_err() {
        return Err(Error::new(Code::LimitExceeded, "the strings of all groups hold more than 2 GiB"));
    }
    let values = values.iter().map(Option::as_deref);
    if *data_type == DataType::Bytes {
        return Ok(Arc::new(values.collect::<BinaryArray>()));
    }
    let strings = values.map(|value| value.map(std::str::from_utf8).transpose());
    strings
        .collect::<std::result::Result<StringArray, _>>()
        .map(|strings| Arc::new(strings) as ArrayRef)
        .map_err(|error| Error::internal("concatenated strings are UTF-8").detail(error))
}
