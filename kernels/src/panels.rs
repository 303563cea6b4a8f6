//! Products of rows of floats and a matrix that is packed once, as convolutions need them.
//!
//! Every number of a product is the sum of its parts in the order of the depth, whatever tile it falls into: a row has the same bits alone and
//! among others.

use crate::activations::Activation;
use crate::lanes::{LANES, Lanes};

/// Columns of a panel: two vectors.
const WIDTH: usize = 2 * LANES;

/// Rows that are computed side by side: their sums, a row of the panel and the rows' numbers fit 15 vector registers, which V8 has to
/// give, in whatever order the compilers compute them. What does not fit goes through V8's stack, which is aligned for vectors or is not.
const HEIGHT: usize = 4;

/// Rows of the depth that are taken together: a panel of them and the tile's rows stay in the nearest cache.
pub(crate) const DEPTH: usize = 256;

/// Products that are summed up one after the other before their sum is added to those before: long sums lose half as much that way.
const TERMS: usize = 64;

/// Rows that meet all panels before those that follow.
pub(crate) const ROWS: usize = 96;

/// Rows that are enough for all panels to pass by: threads that have fewer read the matrix more often than it pays.
const ENOUGH: usize = 32;

/// How many of the rows of a product threads do not share: whole tiles, enough of them, and as many for each thread.
pub(crate) fn unit(rows: usize) -> usize {
    let threads = crew::threads();
    let rounds = rows.div_ceil(threads * ENOUGH).max(1);
    (rows / (threads * rounds) / HEIGHT * HEIGHT).max(HEIGHT)
}

/// A matrix, its columns in panels, each row by row; zeros stand where the last panel has no columns.
#[derive(Debug, Clone)]
pub struct Panels {
    depth: usize,
    columns: usize,
    values: Vec<[f32; WIDTH]>,
}

/// What a product is put into.
pub(crate) struct Product<'a> {
    /// Rows of `stride` numbers.
    pub(crate) values: &'a mut [f32],
    pub(crate) stride: usize,
    /// Where in a row the product's columns begin.
    pub(crate) first: usize,
}

/// What becomes of the sums.
#[derive(Debug, Clone, Copy)]
pub struct Finish<'a> {
    /// A number for each column, which is added; none where it is empty.
    pub bias: &'a [f32],
    /// The least value of a result.
    pub low: f32,
    /// The greatest value of a result.
    pub high: f32,
    /// Whether the numbers that are in the place of the product are added.
    pub onto: bool,
}

impl Panels {
    /// The matrix whose columns follow one another in `columns`: each has `channels` lines of `taps` numbers, which stand in the rows of the matrix
    /// tap by tap.
    #[inline(never)]
    #[expect(clippy::indexing_slicing, reason = "a column has all its lines, and a panel `WIDTH` places")]
    pub fn new(columns: &[f32], channels: usize, taps: usize) -> Self {
        let depth = channels * taps;
        let count = columns.len() / depth.max(1);
        let mut values = vec![[0.0; WIDTH]; count.div_ceil(WIDTH) * depth];
        for (nth, column) in columns.chunks_exact(depth.max(1)).enumerate() {
            let panel = &mut values[nth / WIDTH * depth..][..depth];
            for (tap, rows) in panel.chunks_exact_mut(channels).enumerate() {
                for (row, line) in rows.iter_mut().zip(column.chunks_exact(taps)) {
                    row[nth % WIDTH] = line[tap];
                }
            }
        }
        Self { depth, columns: count, values }
    }

    /// The matrix of `depth` rows of `columns` numbers, each row `stride` numbers behind the one before.
    #[inline(never)]
    #[expect(clippy::indexing_slicing, reason = "all rows are there, and a panel has `WIDTH` places")]
    pub fn of_rows(rows: &[f32], stride: usize, depth: usize, columns: usize) -> Self {
        let mut values = vec![[0.0; WIDTH]; columns.div_ceil(WIDTH) * depth];
        for (nth, panel) in values.chunks_exact_mut(depth.max(1)).enumerate() {
            let first = nth * WIDTH;
            let width = (columns - first).min(WIDTH);
            for (at, row) in panel.iter_mut().enumerate() {
                match rows[at * stride + first..].first_chunk::<WIDTH>() {
                    Some(whole) if width == WIDTH => *row = *whole,
                    _ => row[..width].copy_from_slice(&rows[at * stride + first..][..width]),
                }
            }
        }
        Self { depth, columns, values }
    }

    /// The matrix whose columns, of `depth` numbers, each lie `stride` numbers behind the one before.
    #[inline(never)]
    #[expect(clippy::indexing_slicing, reason = "all columns are there, and a panel has `WIDTH` places")]
    pub fn of_columns(columns: &[f32], stride: usize, depth: usize, count: usize) -> Self {
        let mut values = vec![[0.0; WIDTH]; count.div_ceil(WIDTH) * depth];
        for (nth, panel) in values.chunks_exact_mut(depth.max(1)).enumerate() {
            for (at, column) in (nth * WIDTH..count.min((nth + 1) * WIDTH)).enumerate() {
                for (row, number) in panel.iter_mut().zip(&columns[column * stride..][..depth]) {
                    row[at] = *number;
                }
            }
        }
        Self { depth, columns: count, values }
    }

    /// The rows of the matrix.
    pub fn depth(&self) -> usize {
        self.depth
    }

    /// The columns of the matrix.
    pub fn columns(&self) -> usize {
        self.columns
    }

    /// Multiplies every column by its number of `factors`.
    pub fn scale(&mut self, factors: &[f32]) {
        for (panel, factors) in self.values.chunks_exact_mut(self.depth.max(1)).zip(factors.chunks(WIDTH)) {
            for row in panel {
                row.iter_mut().zip(factors).for_each(|(number, factor)| *number *= factor);
            }
        }
    }

    /// The products of whole `rows` and the matrix, which has a depth; `activation` comes after all that `finish` asks for.
    #[inline(never)]
    pub fn product(
        &self,
        rows: &[f32],
        finish: &Finish<'_>,
        activation: Option<Activation>,
        product: &mut [f32],
    ) {
        let (depth, stride) = (self.depth.max(1), self.columns.max(1));
        if crew::threads() > 1 && product.len() == stride {
            // There is one row: its columns are shared.
            crew::split(product, WIDTH, WIDTH * depth, |first, product| {
                let first = first * WIDTH;
                let bias = finish.bias.get(first..first + product.len()).unwrap_or(&[]);
                let columns = self.behind(first, product.len());
                columns.product(rows, &Finish { bias, ..*finish }, activation, product);
            });
            return;
        }
        let unit = unit(product.len() / stride);
        crew::split(product, unit * stride, unit * depth * stride, |first, product| {
            let rows = rows.get(first * unit * depth..).unwrap_or(&[]);
            self.all().product(rows, finish, activation, product);
        });
    }

    /// All columns.
    pub(crate) fn all(&self) -> Columns<'_> {
        self.behind(0, self.columns)
    }

    /// So many columns behind `first` ones, which are whole panels.
    fn behind(&self, first: usize, columns: usize) -> Columns<'_> {
        let values = self.values.get(first / WIDTH * self.depth..).unwrap_or(&[]);
        Columns { depth: self.depth, columns, values }
    }
}

/// Columns of a matrix, from the first one of a panel on.
#[derive(Clone, Copy)]
pub(crate) struct Columns<'a> {
    depth: usize,
    columns: usize,
    /// The panels; there may be more.
    values: &'a [[f32; WIDTH]],
}

impl Columns<'_> {
    /// Adds the products of `rows`, each `stride` numbers apart, and the rows of the matrix from `start` on to what `product` holds;
    /// the first ones take its place.
    #[expect(clippy::indexing_slicing, reason = "panels and rows are as long as the matrix is deep")]
    pub(crate) fn multiply(
        self,
        rows: &[f32],
        stride: usize,
        (start, depth): (usize, usize),
        product: &mut Product<'_>,
        finish: &Finish<'_>,
    ) {
        let (is_first, is_last) = (start == 0, start + depth == self.depth);
        let count = product.values.len().div_ceil(product.stride);
        let panels = self.values.chunks_exact(self.depth).take(self.columns.div_ceil(WIDTH));
        for (nth, panel) in panels.enumerate() {
            let panel = &panel[start..start + depth];
            let first = nth * WIDTH;
            let width = (self.columns - first).min(WIDTH);
            let mut begin = [0.0; WIDTH];
            if is_first && let Some(bias) = finish.bias.get(first..first + width) {
                begin[..width].copy_from_slice(bias);
            }
            let edge = Edge {
                begin,
                keeps: !is_first || finish.onto,
                range: is_last.then_some((finish.low, finish.high)),
                stride: product.stride,
                width,
            };
            let mut row = 0;
            while row < count {
                // The last two tiles are alike: a low one keeps the processor less busy.
                let rest = count - row;
                let height = if rest < 2 * HEIGHT { rest.div_ceil(rest.div_ceil(HEIGHT)) } else { HEIGHT };
                let lines = &rows[row * stride..];
                let sums = &mut product.values[row * product.stride + product.first + first..];
                match height {
                    1 => tile::<1>(lines, stride, panel, sums, &edge),
                    2 => tile::<2>(lines, stride, panel, sums, &edge),
                    3 => tile::<3>(lines, stride, panel, sums, &edge),
                    _ => tile::<HEIGHT>(lines, stride, panel, sums, &edge),
                }
                row += height;
            }
        }
    }

    /// As [`Panels::product`], on this thread.
    fn product(self, rows: &[f32], finish: &Finish<'_>, activation: Option<Activation>, product: &mut [f32]) {
        let (depth, stride) = (self.depth.max(1), self.columns.max(1));
        for (rows, values) in rows.chunks(ROWS * depth).zip(product.chunks_mut(ROWS * stride)) {
            let mut product = Product { values: &mut *values, stride, first: 0 };
            self.multiply_all(rows, self.depth, &mut product, finish);
            if let Some(activation) = activation {
                activation.apply_here(values);
            }
        }
    }

    /// All products of `rows`.
    pub(crate) fn multiply_all(
        self,
        rows: &[f32],
        stride: usize,
        product: &mut Product<'_>,
        finish: &Finish<'_>,
    ) {
        let blocks = rows.chunks(ROWS * stride).zip(product.values.chunks_mut(ROWS * product.stride));
        for (rows, values) in blocks {
            let mut product = Product { values, ..*product };
            for start in (0..self.depth).step_by(DEPTH) {
                let depth = (self.depth - start).min(DEPTH);
                let Some(rows) = rows.get(start..) else { return };
                self.multiply(rows, stride, (start, depth), &mut product, finish);
            }
        }
    }
}

/// How the sums of a tile begin and end.
struct Edge {
    /// What they begin with.
    begin: [f32; WIDTH],
    /// Whether the numbers in their places are added.
    keeps: bool,
    /// The least and the greatest value at the end.
    range: Option<(f32, f32)>,
    stride: usize,
    /// Columns that there are.
    width: usize,
}

/// `R` rows times a panel.
#[inline(never)]
#[expect(clippy::indexing_slicing, reason = "the caller gives as many rows, and places for their sums")]
fn tile<const R: usize>(
    lines: &[f32],
    stride: usize,
    panel: &[[f32; WIDTH]],
    places: &mut [f32],
    edge: &Edge,
) {
    let rows: [&[f32]; R] = std::array::from_fn(|nth| &lines[nth * stride..][..panel.len()]);
    // The first part is no round of the loop below: products of few terms, which have no other, are a tenth faster so.
    let (first, rest) = panel.split_at(panel.len().min(TERMS));
    let mut sums = products(rows, first);
    let begin = pair(&edge.begin);
    sums.iter_mut().for_each(|sums| *sums = plus(*sums, begin));
    if edge.keeps {
        for (nth, sums) in sums.iter_mut().enumerate() {
            let mut kept = [0.0; WIDTH];
            kept[..edge.width].copy_from_slice(&places[nth * edge.stride..][..edge.width]);
            *sums = plus(*sums, pair(&kept));
        }
    }
    for (nth, part) in rest.chunks(TERMS).enumerate() {
        let rows = rows.map(|row| &row[(nth + 1) * TERMS..][..part.len()]);
        for (sums, part) in sums.iter_mut().zip(products(rows, part)) {
            *sums = plus(*sums, part);
        }
    }
    if let Some((low, high)) = edge.range {
        let (low, high) = (Lanes::splat(low), Lanes::splat(high));
        sums.iter_mut().flatten().for_each(|sum| *sum = sum.clamp(low, high));
    }
    for (nth, sums) in sums.iter().enumerate() {
        let mut row = [0.0; WIDTH];
        let (left, right) = row.split_at_mut(LANES);
        if let (Some(left), Some(right)) = (left.first_chunk_mut(), right.first_chunk_mut()) {
            sums[0].store(left);
            sums[1].store(right);
        }
        let place = &mut places[nth * edge.stride..];
        match place.first_chunk_mut::<WIDTH>() {
            Some(place) if edge.width == WIDTH => *place = row,
            _ => place[..edge.width].copy_from_slice(&row[..edge.width]),
        }
    }
}

#[inline(always)]
fn plus(sums: [Lanes; 2], others: [Lanes; 2]) -> [Lanes; 2] {
    [sums[0].add(others[0]), sums[1].add(others[1])]
}

#[inline(always)]
fn pair(row: &[f32; WIDTH]) -> [Lanes; 2] {
    let [a, b, c, d, e, f, g, h] = *row;
    [Lanes::load(&[a, b, c, d]), Lanes::load(&[e, f, g, h])]
}

#[inline(always)]
#[expect(clippy::indexing_slicing, reason = "the rows are as long as the panel")]
fn products<const R: usize>(rows: [&[f32]; R], panel: &[[f32; WIDTH]]) -> [[Lanes; 2]; R] {
    let mut columns = [[Lanes::splat(0.0); 2]; R];
    for (at, row) in panel.iter().enumerate() {
        let [left, right] = pair(row);
        for (sums, numbers) in columns.iter_mut().zip(&rows) {
            let number = Lanes::splat(numbers[at]);
            *sums = [sums[0].add_product(number, left), sums[1].add_product(number, right)];
        }
    }
    columns
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(nth: usize) -> f32 {
        f32::from(u16::try_from(nth * 7919 % 1009).unwrap()) / 505.0 - 1.0
    }

    #[test]
    fn a_matrix_is_the_same_by_its_rows_and_by_its_columns() {
        for (depth, columns) in [(1, 1), (5, 9), (7, 16), (3, 23)] {
            let stride = columns + 2;
            let rows: Vec<f32> = (0..depth * stride).map(number).collect();
            let turned: Vec<f32> = (0..columns)
                .flat_map(|column| (0..depth).map(move |row| row * stride + column))
                .map(number)
                .collect();
            let packed = Panels::new(&turned, depth, 1).values;
            assert_eq!(Panels::of_rows(&rows, stride, depth, columns).values, packed);
            assert_eq!(Panels::of_columns(&turned, depth, depth, columns).values, packed);
        }
    }

    #[test]
    fn every_size_is_multiplied_and_a_row_has_the_same_bits_alone() {
        for (count, depth, columns) in [(1, 1, 1), (7, 5, 9), (13, 256, 8), (100, 300, 17), (6, 513, 3)] {
            let rows: Vec<f32> = (0..count * depth).map(number).collect();
            let weights: Vec<f32> = (0..depth * columns).map(|nth| number(nth + 5)).collect();
            let bias: Vec<f32> = (0..columns).map(|nth| number(nth + 9)).collect();
            let panels = Panels::new(&weights, depth, 1);
            let finish = Finish { bias: &bias, low: -3.0, high: 4.0, onto: true };
            let begin: Vec<f32> = (0..count * columns).map(|nth| number(nth + 31)).collect();
            let multiplied = |rows: &[f32], begin: &[f32]| {
                let mut values = begin.to_vec();
                let mut product = Product { values: &mut values, stride: columns, first: 0 };
                panels.all().multiply_all(rows, depth, &mut product, &finish);
                values
            };
            let all = multiplied(&rows, &begin);
            for (row, (begin, sums)) in begin.chunks(columns).zip(all.chunks(columns)).enumerate() {
                let row = &rows[row * depth..][..depth];
                assert_eq!(multiplied(row, begin), sums);
                for (column, sum) in sums.iter().enumerate() {
                    let terms = row
                        .iter()
                        .zip(&weights[column * depth..])
                        .map(|(a, b)| f64::from(*a) * f64::from(*b));
                    let expected = terms.sum::<f64>() + f64::from(bias[column]) + f64::from(begin[column]);
                    let expected = expected.clamp(-3.0, 4.0);
                    assert!((f64::from(*sum) - expected).abs() < 1e-4, "{count} × {depth} × {columns}");
                }
            }
        }
    }

    #[test]
    fn a_long_sum_loses_less_than_one_product_after_the_other() {
        let (depth, columns) = (2304, 64);
        let row: Vec<f32> = (0..depth).map(number).collect();
        let weights: Vec<f32> = (0..depth * columns).map(|nth| number(nth + 5)).collect();
        let finish = Finish { bias: &[], low: f32::NEG_INFINITY, high: f32::INFINITY, onto: false };
        let mut sums = vec![0.0; columns];
        Panels::new(&weights, depth, 1).product(&row, &finish, None, &mut sums);
        let [mut lost, mut plain] = [0.0; 2];
        for (sum, weights) in sums.iter().zip(weights.chunks(depth)) {
            let exact: f64 = row.iter().zip(weights).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum();
            let chain = row.iter().zip(weights).fold(0.0_f32, |sum, (a, b)| sum + a * b);
            lost += (f64::from(*sum) - exact).abs();
            plain += (f64::from(chain) - exact).abs();
        }
        assert!(lost < 0.5 * plain, "{lost} and {plain}");
    }

    #[test]
    fn what_is_no_number_stays() {
        let panels = Panels::new(&[1.0, 1.0], 2, 1);
        let mut values = [0.0];
        let finish = Finish { bias: &[], low: 0.0, high: 6.0, onto: false };
        panels.all().multiply_all(
            &[f32::NAN, 1.0],
            2,
            &mut Product { values: &mut values, stride: 1, first: 0 },
            &finish,
        );
        assert!(values[0].is_nan());
    }
}
