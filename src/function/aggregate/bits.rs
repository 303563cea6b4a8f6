//! Bits of many integers as one. Source: GoogleSQL, "Aggregate functions".

use std::ops::Range;
use std::sync::Arc;

use arrow_array::{ArrayRef, Int64Array};

use super::{Accumulator, States, argument};
use crate::data::Operand;
use crate::diag::Result;
use crate::function::{Body, Function, Signature, Type};

use Type::Int64;

pub(super) const FUNCTIONS: &[Function] = &[
    Function::new(
        "BIT_AND",
        "The bits that all values have.",
        &[Signature::new(&[Int64], Int64, Body::Aggregate(|_| Ok(Bits::of(|a, b| a & b))))],
    ),
    Function::new(
        "BIT_OR",
        "The bits that some value has.",
        &[Signature::new(&[Int64], Int64, Body::Aggregate(|_| Ok(Bits::of(|a, b| a | b))))],
    ),
    Function::new(
        "BIT_XOR",
        "The bits that an odd number of values has.",
        &[Signature::new(&[Int64], Int64, Body::Aggregate(|_| Ok(Bits::of(|a, b| a ^ b))))],
    ),
];

struct Bits {
    join: fn(i64, i64) -> i64,
    states: States<Option<i64>>,
}

impl Bits {
    fn of(join: fn(i64, i64) -> i64) -> Box<dyn Accumulator> {
        Box::new(Self { join, states: States::new() })
    }
}

impl Accumulator for Bits {
    fn update(&mut self, args: &[Operand], groups: &[u32], count: usize) -> Result<()> {
        self.states.grow(count);
        let values = argument(args, 0)?.ints()?;
        for (row, group) in groups.iter().enumerate() {
            let Some(value) = values.get(row) else { continue };
            let state = self.states.of(*group)?;
            *state = Some(state.map_or(value, |state| (self.join)(state, value)));
        }
        Ok(())
    }

    fn carry(&mut self, from: u32, to: u32) -> Result<()> {
        self.states.carry(from, to).map(drop)
    }

    fn values(&mut self, range: Range<usize>) -> Result<ArrayRef> {
        Ok(Arc::new(self.states.range(range)?.iter().copied().collect::<Int64Array>()))
    }
}
