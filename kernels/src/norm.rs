//! Rows that are shifted and scaled to a mean of zero and a variance of one.

/// How many multiplications take as long as a number of a row.
const COST: usize = 4;

/// How rows are normalised.
#[derive(Debug, Clone, Copy)]
pub struct Norm<'a> {
    /// A factor for each number of a row.
    pub scale: &'a [f32],
    /// What is added to each number afterwards; nothing where it is empty.
    pub bias: &'a [f32],
    /// What is added to the variance.
    pub epsilon: f32,
    /// Whether the mean is taken away before.
    pub centers: bool,
}

impl Norm<'_> {
    /// Normalises each row of `values`, which is as long as the scale, in its place; `moments` gets the mean and the factor of each.
    #[inline(never)]
    pub fn apply(&self, values: &mut [f32], moments: &mut [[f32; 2]]) {
        let length = self.scale.len().max(1);
        let rows = crew::piece(moments.len(), COST * length);
        crew::each(values.chunks_mut(rows * length).zip(moments.chunks_mut(rows)), |(values, moments)| {
            for (row, moments) in values.chunks_exact_mut(length).zip(moments) {
                *moments = self.row(row);
            }
        });
    }

    #[inline(always)]
    #[expect(clippy::cast_precision_loss, reason = "rows are shorter than floats count")]
    fn row(&self, row: &mut [f32]) -> [f32; 2] {
        let count = row.len() as f32;
        let mean = if self.centers { sum(row, |x| x) / count } else { 0.0 };
        let variance = sum(row, |x| (x - mean) * (x - mean)) / count;
        let factor = 1.0 / (variance + self.epsilon).sqrt();
        if self.bias.is_empty() {
            for (x, scale) in row.iter_mut().zip(self.scale) {
                *x = (*x - mean) * factor * scale;
            }
        } else {
            for ((x, scale), bias) in row.iter_mut().zip(self.scale).zip(self.bias) {
                *x = (*x - mean) * factor * scale + bias;
            }
        }
        [mean, factor]
    }
}

/// The sum of a term for each number, eight sums side by side.
#[inline(always)]
fn sum(row: &[f32], term: impl Fn(f32) -> f32) -> f32 {
    let (eights, rest) = row.as_chunks::<8>();
    let mut sums = [0.0; 8];
    for eight in eights {
        sums.iter_mut().zip(eight).for_each(|(sum, x)| *sum += term(*x));
    }
    let [a, b, c, d, e, f, g, h] = sums;
    rest.iter().fold(((a + e) + (c + g)) + ((b + f) + (d + h)), |sum, x| sum + term(*x))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_get_a_mean_of_zero_and_a_variance_of_one() {
        for length in [1, 3, 8, 21] {
            let start: Vec<f32> = (0..2 * length).map(|nth: u16| f32::from(nth * 37 % 23) + 1000.0).collect();
            let length = usize::from(length);
            let (scale, bias) = (vec![2.0; length], vec![0.5; length]);
            let mut values = start.clone();
            let mut moments = [[0.0; 2]; 2];
            Norm { scale: &scale, bias: &bias, epsilon: 1e-5, centers: true }
                .apply(&mut values, &mut moments);
            for (row, start) in values.chunks(length).zip(start.chunks(length)) {
                let count = start.len() as f64;
                let mean = start.iter().map(|x| f64::from(*x)).sum::<f64>() / count;
                let variance = start.iter().map(|x| (f64::from(*x) - mean).powi(2)).sum::<f64>() / count;
                for (x, start) in row.iter().zip(start) {
                    let expected = (f64::from(*start) - mean) / (variance + 1e-5).sqrt() * 2.0 + 0.5;
                    assert!((f64::from(*x) - expected).abs() < 1e-4, "{x} is not {expected}");
                }
            }
        }
    }
}
