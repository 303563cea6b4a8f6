//! Products of matrices of small whole numbers, which are exact; and floats as whole numbers of a few bits.
//!
//! Numbers of 8 bits without the one that stands for zero have 9 bits; two products of such fit 32 bits, and the processor
//! makes the sum of two at once.

/// Columns of a panel.
const WIDTH: usize = 8;

/// Rows that are computed side by side.
const HEIGHT: usize = 4;

/// A matrix, its columns in panels: two rows at a time, the numbers of a column side by side.
#[derive(Debug, Clone)]
pub struct IntegerPanels {
    depth: usize,
    columns: usize,
    values: Vec<[i16; 2 * WIDTH]>,
}

impl IntegerPanels {
    /// The matrix of `depth` rows of `columns` numbers, none of which has more than 9 bits.
    #[inline(never)]
    #[expect(clippy::indexing_slicing, reason = "a panel has a place for every number")]
    pub fn new(rows: &[i16], depth: usize, columns: usize) -> Self {
        let pairs = depth.div_ceil(2);
        let mut values = vec![[0; 2 * WIDTH]; columns.div_ceil(WIDTH) * pairs];
        for (at, row) in rows.chunks_exact(columns.max(1)).enumerate() {
            for (column, number) in row.iter().enumerate() {
                values[column / WIDTH * pairs + at / 2][column % WIDTH * 2 + at % 2] = *number;
            }
        }
        Self { depth, columns, values }
    }

    /// The rows of the matrix.
    pub fn depth(&self) -> usize {
        self.depth
    }

    /// The columns of the matrix.
    pub fn columns(&self) -> usize {
        self.columns
    }

    /// The products of whole `rows`, of numbers of 9 bits, and the matrix. It takes the place of what `product` holds.
    #[inline(never)]
    #[expect(clippy::indexing_slicing, reason = "rows, panels and products are as long as the matrix says")]
    pub fn multiply(&self, rows: &[i16], product: &mut [i32]) {
        let (pairs, columns) = (self.depth.div_ceil(2), self.columns.max(1));
        if self.depth == 0 {
            product.fill(0);
            return;
        }
        crew::split(product, HEIGHT * columns, HEIGHT * self.depth * columns, |first, product| {
            let rows = &rows[first * HEIGHT * self.depth..];
            let mut paired = vec![0; HEIGHT * pairs];
            for (rows, product) in rows.chunks(HEIGHT * self.depth).zip(product.chunks_mut(HEIGHT * columns))
            {
                let count = product.len() / columns;
                for (row, paired) in rows.chunks_exact(self.depth).zip(paired.chunks_exact_mut(pairs)) {
                    pair_up(row, paired);
                }
                for (nth, panel) in self.values.chunks_exact(pairs).enumerate() {
                    let width = (self.columns - nth * WIDTH).min(WIDTH);
                    let sums = if count == 1 { one(&paired, panel) } else { tile(&paired, panel) };
                    for (row, sums) in sums.iter().take(count).enumerate() {
                        product[row * columns + nth * WIDTH..][..width].copy_from_slice(&sums[..width]);
                    }
                }
            }
        });
    }
}

/// Two numbers of a row in one.
fn pair_up(row: &[i16], paired: &mut [i32]) {
    let join = |low: i16, high: i16| i32::from(high) << 16 | i32::from(low.cast_unsigned());
    let (twos, rest) = row.as_chunks::<2>();
    for (pair, [low, high]) in paired.iter_mut().zip(twos) {
        *pair = join(*low, *high);
    }
    if let (Some(pair), [low]) = (paired.last_mut(), rest) {
        *pair = join(*low, 0);
    }
}

/// The sums of four rows and a panel.
#[inline(never)]
#[expect(clippy::indexing_slicing, reason = "every row has as many pairs as the panel")]
fn tile(paired: &[i32], panel: &[[i16; 2 * WIDTH]]) -> [[i32; WIDTH]; HEIGHT] {
    let rows: [&[i32]; HEIGHT] = std::array::from_fn(|nth| &paired[nth * panel.len()..][..panel.len()]);
    let mut sums = [[Sums::zero(); 2]; HEIGHT];
    for (at, numbers) in panel.iter().enumerate() {
        let halves = halves(numbers);
        for (sums, row) in sums.iter_mut().zip(&rows) {
            *sums = [sums[0].add(row[at], halves[0]), sums[1].add(row[at], halves[1])];
        }
    }
    sums.map(whole)
}

/// The sums of the first row and a panel; those of the others are zero.
#[inline(never)]
fn one(paired: &[i32], panel: &[[i16; 2 * WIDTH]]) -> [[i32; WIDTH]; HEIGHT] {
    let mut sums = [Sums::zero(); 2];
    for (pair, numbers) in paired.iter().zip(panel) {
        let halves = halves(numbers);
        sums = [sums[0].add(*pair, halves[0]), sums[1].add(*pair, halves[1])];
    }
    let mut all = [[0; WIDTH]; HEIGHT];
    all[0] = whole(sums);
    all
}

#[inline(always)]
fn halves(numbers: &[i16; 2 * WIDTH]) -> [Pairs; 2] {
    let [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p] = *numbers;
    [Pairs::load([a, b, c, d, e, f, g, h]), Pairs::load([i, j, k, l, m, n, o, p])]
}

#[inline(always)]
fn whole(sums: [Sums; 2]) -> [i32; WIDTH] {
    let ([a, b, c, d], [e, f, g, h]) = (sums[0].numbers(), sums[1].numbers());
    [a, b, c, d, e, f, g, h]
}

#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
mod vector {
    use std::arch::wasm32::{i16x8, i32x4_add, i32x4_dot_i16x8, i32x4_extract_lane, i32x4_splat, v128};

    #[derive(Clone, Copy)]
    pub(super) struct Pairs(v128);

    #[derive(Clone, Copy)]
    pub(super) struct Sums(v128);

    impl Pairs {
        #[inline(always)]
        pub(super) fn load([a, b, c, d, e, f, g, h]: [i16; 8]) -> Self {
            Self(i16x8(a, b, c, d, e, f, g, h))
        }
    }

    impl Sums {
        #[inline(always)]
        pub(super) fn zero() -> Self {
            Self(i32x4_splat(0))
        }

        #[inline(always)]
        pub(super) fn add(self, pair: i32, column: Pairs) -> Self {
            Self(i32x4_add(self.0, i32x4_dot_i16x8(i32x4_splat(pair), column.0)))
        }

        #[inline(always)]
        pub(super) fn numbers(self) -> [i32; 4] {
            [
                i32x4_extract_lane::<0>(self.0),
                i32x4_extract_lane::<1>(self.0),
                i32x4_extract_lane::<2>(self.0),
                i32x4_extract_lane::<3>(self.0),
            ]
        }
    }
}

#[cfg(not(all(target_arch = "wasm32", target_feature = "simd128")))]
mod vector {
    #[derive(Clone, Copy)]
    pub(super) struct Pairs([i16; 8]);

    #[derive(Clone, Copy)]
    pub(super) struct Sums([i32; 4]);

    impl Pairs {
        #[inline(always)]
        pub(super) fn load(numbers: [i16; 8]) -> Self {
            Self(numbers)
        }
    }

    impl Sums {
        #[inline(always)]
        pub(super) fn zero() -> Self {
            Self([0; 4])
        }

        /// Each and the product of the lower half of `pair` and the first of its column, and that of the upper and the second.
        #[inline(always)]
        #[expect(clippy::cast_possible_truncation, reason = "the lower half is wanted")]
        pub(super) fn add(mut self, pair: i32, column: Pairs) -> Self {
            let (low, high) = (i32::from(pair as i16), pair >> 16);
            let (twos, _) = column.0.as_chunks::<2>();
            for (sum, [first, second]) in self.0.iter_mut().zip(twos) {
                *sum = sum.wrapping_add(low * i32::from(*first) + high * i32::from(*second));
            }
            self
        }

        #[inline(always)]
        pub(super) fn numbers(self) -> [i32; 4] {
            self.0
        }
    }
}

use vector::{Pairs, Sums};

/// How far a value is from the whole number that stands for zero, in steps.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Step {
    /// The width of a step.
    pub scale: f32,
    /// The whole number that stands for zero.
    pub zero: f32,
    /// The least whole number.
    pub low: f32,
    /// The greatest whole number.
    pub high: f32,
}

impl Step {
    /// The step in which numbers of 8 bits reach from the least to the greatest of `values`, with zero among them.
    pub fn of_range(values: &[f32]) -> Self {
        let (least, greatest) = range(values);
        let scale = if greatest == least { 1.0 } else { (greatest - least) / 255.0 };
        let zero = (-least / scale).clamp(0.0, 255.0).round_ties_even();
        Self { scale, zero, low: 0.0, high: 255.0 }
    }

    /// Puts the whole number for each of `values` into its place; halves go to the even one, NaN to the least.
    #[inline(never)]
    pub fn quantize(&self, values: &mut [f32]) {
        values.iter_mut().for_each(|value| *value = self.nearest(*value));
    }

    /// As [`quantize`](Self::quantize), and back to floats in steps of `scale` from `zero`.
    #[inline(never)]
    pub fn snap(&self, values: &mut [f32], scale: f32, zero: f32) {
        values.iter_mut().for_each(|value| *value = (self.nearest(*value) - zero) * scale);
    }

    #[inline(always)]
    fn nearest(&self, value: f32) -> f32 {
        // Adding it leaves a whole number, of numbers that are bounded before.
        const ROUND: f32 = 12_582_912.0;
        let steps = value / self.scale;
        let (low, high) = (self.low - self.zero, self.high - self.zero);
        let steps = if steps >= low { steps } else { low };
        let steps = if steps > high { high } else { steps };
        ((steps + ROUND) - ROUND) + self.zero
    }
}

/// The least and the greatest of `values` and zero.
#[inline(never)]
pub fn range(values: &[f32]) -> (f32, f32) {
    let (eights, rest) = values.as_chunks::<8>();
    let (mut low, mut high) = ([0.0_f32; 8], [0.0_f32; 8]);
    for eight in eights {
        low.iter_mut().zip(eight).for_each(|(low, x)| *low = if *x < *low { *x } else { *low });
        high.iter_mut().zip(eight).for_each(|(high, x)| *high = if *x > *high { *x } else { *high });
    }
    let all =
        |ends: [f32; 8], rest: f32, function: fn(f32, f32) -> f32| ends.into_iter().fold(rest, function);
    let ends = rest.iter().fold((0.0_f32, 0.0_f32), |(low, high), x| (low.min(*x), high.max(*x)));
    (all(low, ends.0, f32::min), all(high, ends.1, f32::max))
}

/// Conversions of a whole slice.
macro_rules! conversions {
    ($($(#[$doc:meta])* $name:ident: $from:ty => $to:ty = $convert:expr;)*) => {
        $($(#[$doc])*
        #[inline(never)]
        pub fn $name(values: &[$from]) -> Vec<$to> {
            values.iter().map($convert).collect()
        })*
    };
}

conversions! {
    /// In 16 bits.
    wide_of_u8: u8 => i16 = |value| i16::from(*value);
    /// In 16 bits.
    wide_of_i8: i8 => i16 = |value| i16::from(*value);
    /// As floats.
    floats_of_u8: u8 => f32 = |value| f32::from(*value);
    /// As floats.
    floats_of_i8: i8 => f32 = |value| f32::from(*value);
}

/// As the nearest floats.
#[inline(never)]
#[expect(clippy::cast_precision_loss, reason = "the nearest ones are wanted")]
pub fn floats_of_i32(values: &[i32]) -> Vec<f32> {
    values.iter().map(|value| *value as f32).collect()
}

/// Whole floats from 0 to 255 as bytes.
#[inline(never)]
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "they are bytes")]
pub fn u8_of_floats(values: &[f32]) -> Vec<u8> {
    // By way of 32 bits, which processors convert side by side.
    values.iter().map(|value| *value as i32 as u8).collect()
}

/// Whole floats from -128 to 127 as bytes.
#[inline(never)]
#[expect(clippy::cast_possible_truncation, reason = "they are bytes")]
pub fn i8_of_floats(values: &[f32]) -> Vec<i8> {
    values.iter().map(|value| *value as i32 as i8).collect()
}

/// Takes `zero` away from all.
#[inline(never)]
pub fn centre(values: &mut [i16], zero: i16) {
    values.iter_mut().for_each(|value| *value = value.wrapping_sub(zero));
}

/// Takes `zero` away from all and multiplies the rest by `scale`.
#[inline(never)]
pub fn real(values: &mut [f32], scale: f32, zero: f32) {
    values.iter_mut().for_each(|value| *value = (*value - zero) * scale);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn products_are_exact() {
        for (count, depth, columns) in [(1, 1, 1), (1, 7, 9), (5, 8, 8), (9, 255, 17), (4, 2, 3)] {
            let number = |nth: usize| i16::try_from(nth * 7919 % 511).unwrap() - 255;
            let rows: Vec<i16> = (0..count * depth).map(number).collect();
            let matrix: Vec<i16> = (0..depth * columns).map(|nth| number(nth + 3)).collect();
            let mut product = vec![-1; count * columns];
            IntegerPanels::new(&matrix, depth, columns).multiply(&rows, &mut product);
            for (at, found) in product.iter().enumerate() {
                let (row, column) = (at / columns, at % columns);
                let term = |nth: usize| {
                    i32::from(rows[row * depth + nth]) * i32::from(matrix[nth * columns + column])
                };
                assert_eq!(*found, (0..depth).map(term).sum::<i32>());
            }
        }
    }

    #[test]
    fn halves_go_to_the_even_number_and_what_is_beyond_to_the_ends() {
        let step = Step { scale: 0.5, zero: 3.0, low: 0.0, high: 255.0 };
        let mut values = [0.25, 0.75, 1.25, -0.25, 1e30, -1e30, f32::NAN, f32::INFINITY];
        step.quantize(&mut values);
        assert_eq!(values, [3.0, 5.0, 5.0, 3.0, 255.0, 0.0, 0.0, 255.0]);
        let mut values = [0.3, 7.1];
        step.snap(&mut values, 0.5, 3.0);
        assert_eq!(values, [0.5, 7.0]);
        assert_eq!(range(&[1.0, -3.0, 2.0, 0.5, 0.0, 7.0, 1.0, 1.0, 9.0]), (-3.0, 9.0));
        assert_eq!(range(&[1.0, 2.0]), (0.0, 2.0));
    }
}
