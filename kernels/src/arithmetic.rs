//! Arithmetic over columns. The loops have no branches; overflows are looked for beside them.

use crate::operand::{BLOCK, Operand};

/// What is computed of two numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operation {
    /// `a + b`
    Add,
    /// `a - b`
    Subtract,
    /// `a * b`
    Multiply,
    /// `a / b`
    Divide,
}

type Block<T> = [T; BLOCK];

/// A number that is computed with.
pub trait Compute: Sized {
    /// The results of `rows` rows, and whether any of them may be wrong: an integer out of range, a float that is not
    /// finite, a division by zero.
    fn compute(
        operation: Operation,
        left: Operand<'_, Self>,
        right: Operand<'_, Self>,
        rows: usize,
    ) -> (Vec<Self>, bool);
}

impl Compute for f64 {
    #[inline(never)]
    fn compute(
        operation: Operation,
        left: Operand<'_, Self>,
        right: Operand<'_, Self>,
        rows: usize,
    ) -> (Vec<Self>, bool) {
        let apply: Apply<Self> = match operation {
            Operation::Add => |a, b| block(a, b, |a, b| a + b),
            Operation::Subtract => |a, b| block(a, b, |a, b| a - b),
            Operation::Multiply => |a, b| block(a, b, |a, b| a * b),
            Operation::Divide => |a, b| block(a, b, |a, b| a / b),
        };
        let is_odd: IsOdd<Self> = |_, _, results| {
            // Only NaN and infinities times zero are NaN.
            let mut sums = [0.0; 4];
            let (quads, _) = results.as_chunks::<4>();
            for quad in quads {
                sums.iter_mut().zip(quad).for_each(|(sum, result)| *sum += result * 0.0);
            }
            sums.iter().sum::<Self>().is_nan()
        };
        blocks(left, right, rows, apply, is_odd)
    }
}

impl Compute for i64 {
    #[inline(never)]
    fn compute(
        operation: Operation,
        left: Operand<'_, Self>,
        right: Operand<'_, Self>,
        rows: usize,
    ) -> (Vec<Self>, bool) {
        let (apply, is_odd): (Apply<Self>, IsOdd<Self>) = match operation {
            // A sum has the sign of one of its terms, or it is out of range.
            Operation::Add => (
                |a, b| block(a, b, Self::wrapping_add),
                |a, b, results| any_negative(a, b, results, |a, b, result| (a ^ result) & (b ^ result)),
            ),
            Operation::Subtract => (
                |a, b| block(a, b, Self::wrapping_sub),
                |a, b, results| any_negative(a, b, results, |a, b, result| (a ^ b) & (a ^ result)),
            ),
            Operation::Multiply => (
                |a, b| block(a, b, Self::wrapping_mul),
                // Products of numbers of 32 bits are in range.
                |a, b, _| (is_wide(a) || is_wide(b)) && any(a, b, |a, b| a.overflowing_mul(b).1),
            ),
            Operation::Divide => (
                |a, b| block(a, b, |a, b| if b == 0 { 0 } else { a.wrapping_div(b) }),
                |a, b, _| any(a, b, |a, b| b == 0 || a == Self::MIN && b == -1),
            ),
        };
        blocks(left, right, rows, apply, is_odd)
    }
}

/// What is made of the bits of two integers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bitwise {
    /// `a & b`
    And,
    /// `a | b`
    Or,
    /// `a ^ b`
    Xor,
}

/// The results of `rows` rows.
#[inline(never)]
pub fn bitwise(operation: Bitwise, left: Operand<'_, i64>, right: Operand<'_, i64>, rows: usize) -> Vec<i64> {
    let apply: Apply<i64> = match operation {
        Bitwise::And => |a, b| block(a, b, |a, b| a & b),
        Bitwise::Or => |a, b| block(a, b, |a, b| a | b),
        Bitwise::Xor => |a, b| block(a, b, |a, b| a ^ b),
    };
    blocks(left, right, rows, apply, |_, _, _| false).0
}

/// The results of a block.
type Apply<T> = fn(&Block<T>, &Block<T>) -> Block<T>;

/// Whether any of the results of a block, which stand behind the operands, may be wrong.
type IsOdd<T> = fn(&Block<T>, &Block<T>, &Block<T>) -> bool;

#[inline(always)]
fn block<T: Copy>(a: &Block<T>, b: &Block<T>, apply: impl Fn(T, T) -> T) -> Block<T> {
    let mut results = *a;
    results.iter_mut().zip(b).for_each(|(result, b)| *result = apply(*result, *b));
    results
}

#[inline(always)]
fn any_negative(
    a: &Block<i64>,
    b: &Block<i64>,
    results: &Block<i64>,
    sign: fn(i64, i64, i64) -> i64,
) -> bool {
    let triples = a.iter().zip(b).zip(results);
    triples.fold(0, |any, ((a, b), result)| any | sign(*a, *b, *result)) < 0
}

/// Whether any of the numbers needs more than 32 bits.
fn is_wide(values: &Block<i64>) -> bool {
    values.iter().fold(0, |any, value| any | ((value >> 31) ^ (value >> 63))) != 0
}

fn any(a: &Block<i64>, b: &Block<i64>, is_odd: fn(i64, i64) -> bool) -> bool {
    a.iter().zip(b).any(|(a, b)| is_odd(*a, *b))
}

fn blocks<T: Copy>(
    left: Operand<'_, T>,
    right: Operand<'_, T>,
    rows: usize,
    apply: Apply<T>,
    is_odd: IsOdd<T>,
) -> (Vec<T>, bool) {
    let (mut results, mut any_odd) = (Vec::with_capacity(rows.next_multiple_of(BLOCK)), false);
    let (Some(mut left_block), Some(mut right_block)) = (left.block(), right.block()) else {
        return (results, any_odd);
    };
    for first in (0..rows).step_by(BLOCK) {
        let (a, b) = (left.at(first, &mut left_block), right.at(first, &mut right_block));
        let (Some(a), Some(b)) = (a, b) else { break };
        let block = apply(a, b);
        any_odd |= is_odd(a, b, &block);
        results.extend_from_slice(&block);
    }
    results.truncate(rows);
    (results, any_odd)
}

#[cfg(test)]
mod tests {
    use super::*;
    use Operation::{Add, Divide, Multiply, Subtract};

    #[test]
    fn integers_out_of_range_are_noticed() {
        let values = [0, 1, -1, 2, -7, 1 << 31, -(1 << 31), 1 << 40, i64::MAX, i64::MIN, i64::MAX - 1];
        for operation in [Add, Subtract, Multiply, Divide] {
            for (a, b) in values.iter().flat_map(|a| values.map(|b| (*a, b))) {
                let expected = match operation {
                    Add => a.checked_add(b),
                    Subtract => a.checked_sub(b),
                    Multiply => a.checked_mul(b),
                    Divide => a.checked_div(b),
                };
                let column = [vec![3; 70], vec![a]].concat();
                let (results, is_odd) =
                    i64::compute(operation, Operand::Column(&column), Operand::Constant(b), 71);
                let threes_are_odd = b == 0 && operation == Divide
                    || operation == Multiply && b.checked_mul(3).is_none()
                    || operation == Add && b.checked_add(3).is_none()
                    || operation == Subtract && 3_i64.checked_sub(b).is_none();
                assert_eq!(is_odd, expected.is_none() || threes_are_odd, "{a} {operation:?} {b}");
                assert!(expected.is_none_or(|expected| results[70] == expected), "{a} {operation:?} {b}");
            }
        }
    }

    #[test]
    fn bits_are_those_of_both_of_one_or_of_one_only() {
        let column: Vec<i64> = (-50..50).collect();
        let with = |operation, b| bitwise(operation, Operand::Column(&column), Operand::Constant(b), 100);
        assert_eq!(with(Bitwise::And, 12)[50..63], [0, 0, 0, 0, 4, 4, 4, 4, 8, 8, 8, 8, 12]);
        assert_eq!(with(Bitwise::Or, 12)[50..55], [12, 13, 14, 15, 12]);
        assert_eq!(with(Bitwise::Xor, -1), (-50..50).rev().collect::<Vec<i64>>());
    }

    #[test]
    fn floats_that_are_not_finite_are_noticed() {
        let column: Vec<f64> = (0_u8..100).map(f64::from).collect();
        let compute =
            |operation, b| f64::compute(operation, Operand::Column(&column), Operand::Constant(b), 100);
        let (halves, is_odd) = compute(Divide, 2.0);
        assert!(!is_odd && halves.iter().zip(&column).all(|(half, value)| *half == value / 2.0));
        assert!(compute(Divide, 0.0).1 && compute(Multiply, f64::MAX).1 && compute(Add, f64::NAN).1);
        assert!(!compute(Subtract, f64::MAX).1);
    }
}
