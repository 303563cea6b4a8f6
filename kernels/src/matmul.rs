//! Products of matrices in row-major order.
//!
//! Every number of a product is summed up in the order of the depth, starting from zero, whatever way is taken: a row
//! has the same bits alone and among others.

/// A float that matrices hold.
pub trait Factor: Copy + Default {
    /// The product of a matrix `a` of `depth` columns and a matrix `b` of `depth` rows and `columns` columns. Both are
    /// whole: `a` has as many rows as `product`, which has `columns` columns and is overwritten.
    fn multiply(a: &[Self], b: &[Self], depth: usize, columns: usize, product: &mut [Self]);
}

/// Rows of `a` that are computed side by side. Their sums, a row of `b` and a number of `a` fit 16 vector registers.
const HEIGHT: usize = 4;

/// Bytes of `a` that meet all columns of `b` before the rows that follow.
const BLOCK_BYTES: usize = 1 << 14;

macro_rules! factor {
    ($float:ty, $width:literal) => {
        impl Factor for $float {
            #[inline(never)]
            fn multiply(a: &[Self], b: &[Self], depth: usize, columns: usize, product: &mut [Self]) {
                if depth == 0 || columns == 0 {
                    product.fill(0.0);
                } else if a.len() / depth < HEIGHT {
                    for (a, product) in a.chunks_exact(depth).zip(product.chunks_exact_mut(columns)) {
                        row::<Self, $width>(a, b, columns, product);
                    }
                } else {
                    many::<Self, $width>(a, b, depth, columns, product);
                }
            }
        }
    };
}

factor!(f32, 8);
factor!(f64, 4);

trait Real: Copy + Default + Send + Sync + std::ops::Add<Output = Self> + std::ops::Mul<Output = Self> {}

impl Real for f32 {}
impl Real for f64 {}

/// A row times a matrix, without copying the matrix: four panels of columns at a time, then one, then single columns.
#[expect(clippy::indexing_slicing, reason = "panels start before the last column")]
fn row<T: Real, const WIDTH: usize>(a: &[T], b: &[T], columns: usize, product: &mut [T]) {
    let mut first = 0;
    let mut panels = product;
    while panels.len() >= 4 * WIDTH {
        let (panel, rest) = panels.split_at_mut(4 * WIDTH);
        let (tiles, _) = panel.as_chunks_mut::<WIDTH>();
        let mut sums = [[T::default(); WIDTH]; 4];
        for (a, b) in a.iter().zip(b.chunks_exact(columns)) {
            let (b, _) = b[first..].as_chunks::<WIDTH>();
            for (sums, b) in sums.iter_mut().zip(b) {
                add(sums, *a, b);
            }
        }
        tiles.copy_from_slice(&sums);
        first += 4 * WIDTH;
        panels = rest;
    }
    for (at, product) in panels.iter_mut().enumerate() {
        let column = b.iter().skip(first + at).step_by(columns);
        *product = a.iter().zip(column).fold(T::default(), |sum, (a, b)| sum + *a * *b);
    }
}

/// Tiles of four rows and `WIDTH` columns; the columns of `b` are copied side by side before.
#[expect(clippy::indexing_slicing, reason = "panels start before the last column")]
fn many<T: Real, const WIDTH: usize>(a: &[T], b: &[T], depth: usize, columns: usize, product: &mut [T]) {
    let panels = packed::<T, WIDTH>(b, depth, columns);
    let rows = (BLOCK_BYTES / (depth * size_of::<T>())).max(HEIGHT) / HEIGHT * HEIGHT;
    crew::split(product, HEIGHT * columns, HEIGHT * depth * columns, |first, product| {
        let a = &a[first * HEIGHT * depth..];
        for (a, product) in a.chunks(rows * depth).zip(product.chunks_mut(rows * columns)) {
            for (nth, panel) in panels.chunks_exact(depth).enumerate() {
                for (a, product) in a.chunks(HEIGHT * depth).zip(product.chunks_mut(HEIGHT * columns)) {
                    let sums = tile(a, panel);
                    for (sums, product) in sums.iter().zip(product.chunks_exact_mut(columns)) {
                        let product = &mut product[nth * WIDTH..];
                        match product.first_chunk_mut::<WIDTH>() {
                            Some(product) => *product = *sums,
                            None => product.iter_mut().zip(sums).for_each(|(product, sum)| *product = *sum),
                        }
                    }
                }
            }
        }
    });
}

/// The columns of `b` in panels of `WIDTH`, row by row; zeros stand where columns are missing in the last one.
#[expect(clippy::indexing_slicing, reason = "panels start before the last column")]
fn packed<T: Real, const WIDTH: usize>(b: &[T], depth: usize, columns: usize) -> Vec<[T; WIDTH]> {
    let mut panels = Vec::with_capacity(columns.div_ceil(WIDTH) * depth);
    for first in (0..columns).step_by(WIDTH) {
        panels.extend(b.chunks_exact(columns).map(|b| {
            let b = &b[first..];
            let mut row = [T::default(); WIDTH];
            row.iter_mut().zip(b).for_each(|(row, b)| *row = *b);
            row
        }));
    }
    panels
}

/// Up to four rows of `a` times the columns of a panel.
fn tile<T: Real, const WIDTH: usize>(a: &[T], panel: &[[T; WIDTH]]) -> [[T; WIDTH]; HEIGHT] {
    let mut sums = [[T::default(); WIDTH]; HEIGHT];
    let mut lines = a.chunks_exact(panel.len());
    match (lines.next(), lines.next(), lines.next(), lines.next()) {
        (Some(first), Some(second), Some(third), Some(fourth)) => {
            let [mut s1, mut s2, mut s3, mut s4] = sums;
            for ((((a1, a2), a3), a4), b) in first.iter().zip(second).zip(third).zip(fourth).zip(panel) {
                add(&mut s1, *a1, b);
                add(&mut s2, *a2, b);
                add(&mut s3, *a3, b);
                add(&mut s4, *a4, b);
            }
            sums = [s1, s2, s3, s4];
        }
        (first, second, third, _) => {
            for (sums, line) in sums.iter_mut().zip([first, second, third].into_iter().flatten()) {
                line.iter().zip(panel).for_each(|(a, b)| add(sums, *a, b));
            }
        }
    }
    sums
}

/// Adds `a` times a row to `sums`.
#[inline(always)]
fn add<T: Real, const WIDTH: usize>(sums: &mut [T; WIDTH], a: T, row: &[T; WIDTH]) {
    for (sum, b) in sums.iter_mut().zip(row) {
        *sum = *sum + a * *b;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(nth: usize) -> f32 {
        f32::from(u16::try_from(nth * 7919 % 1009).unwrap()) / 101.0 - 5.0
    }

    #[test]
    fn every_size_is_multiplied_as_by_the_definition() {
        let sizes =
            [(1, 1, 1), (3, 5, 7), (4, 8, 8), (9, 2, 17), (5, 0, 3), (2, 3, 0), (1, 3, 45), (600, 20, 33)];
        for (rows, depth, columns) in sizes {
            let a: Vec<f32> = (0..rows * depth).map(number).collect();
            let b: Vec<f32> = (0..depth * columns).map(|nth| number(nth + 3)).collect();
            let mut product = vec![f32::NAN; rows * columns];
            f32::multiply(&a, &b, depth, columns, &mut product);
            let wide = |values: &[f32]| values.iter().copied().map(f64::from).collect::<Vec<_>>();
            let mut doubles = vec![f64::NAN; rows * columns];
            f64::multiply(&wide(&a), &wide(&b), depth, columns, &mut doubles);
            for row in 0..rows {
                for column in 0..columns {
                    let (mut expected, mut double) = (0.0_f32, 0.0_f64);
                    for at in 0..depth {
                        let (a, b) = (a[row * depth + at], b[at * columns + column]);
                        expected += a * b;
                        double += f64::from(a) * f64::from(b);
                    }
                    let at = row * columns + column;
                    assert_eq!(product[at].to_bits(), expected.to_bits(), "{rows} × {depth} × {columns}");
                    assert_eq!(doubles[at].to_bits(), double.to_bits(), "{rows} × {depth} × {columns}");
                }
            }
        }
    }

    #[test]
    fn a_row_has_the_same_bits_alone_and_among_others() {
        let (rows, depth, columns) = (23, 37, 71);
        let a: Vec<f32> = (0..rows * depth).map(number).collect();
        let b: Vec<f32> = (0..depth * columns).map(|nth| number(nth + 11)).collect();
        let mut all = vec![0.0; rows * columns];
        f32::multiply(&a, &b, depth, columns, &mut all);
        for row in 0..rows {
            let mut alone = vec![0.0; columns];
            f32::multiply(&a[row * depth..(row + 1) * depth], &b, depth, columns, &mut alone);
            assert_eq!(alone, all[row * columns..(row + 1) * columns]);
        }
    }
}
