//! Discrete Fourier transforms of any length, in time that grows little faster than the length: powers of two by halves
//! (Cooley and Tukey), others as a convolution of such a length (Bluestein).

use std::f64::consts::PI;

/// A complex number: its real and its imaginary part.
pub type Complex = [f64; 2];

/// What all transforms of one length share.
#[derive(Debug)]
pub enum Fourier {
    /// Of a power of two: the first half of the roots of one.
    Halves(Vec<Complex>),
    /// Of another length.
    Convolution {
        /// For each place a root of one by half of its square.
        chirp: Vec<Complex>,
        /// The transform of the chirp that all are multiplied with.
        spectrum: Vec<Complex>,
        /// The transform of that length.
        whole: Box<Fourier>,
    },
}

impl Fourier {
    /// Transforms of `length` numbers, which is neither 0 nor beyond a quarter of memory.
    #[inline(never)]
    #[expect(clippy::indexing_slicing, reason = "the spectrum is longer than two chirps")]
    pub fn new(length: usize) -> Self {
        if length.is_power_of_two() {
            return Self::Halves((0..length / 2).map(|nth| root(nth, length)).collect());
        }
        // The square of a place may be large; only what is left of two lengths counts.
        let chirp = (0..length).map(|nth| {
            let square = (nth as u64).wrapping_mul(nth as u64) % (2 * length as u64);
            root(square as usize, 2 * length)
        });
        let chirp: Vec<Complex> = chirp.collect();
        let size = (2 * length - 1).next_power_of_two();
        let whole = Box::new(Self::new(size));
        let mut spectrum = vec![[0.0; 2]; size];
        for (nth, [re, im]) in chirp.iter().enumerate() {
            spectrum[nth] = [*re, -im];
            spectrum[(size - nth) % size] = [*re, -im];
        }
        whole.transform(&mut spectrum);
        Self::Convolution { chirp, spectrum, whole }
    }

    /// Puts the transform of `values`, which are as many as the length, into their place.
    #[inline(never)]
    pub fn transform(&self, values: &mut [Complex]) {
        match self {
            Self::Halves(roots) => halves(roots, values),
            Self::Convolution { chirp, spectrum, whole } => {
                let mut product: Vec<Complex> =
                    values.iter().zip(chirp).map(|(value, chirp)| times(*value, *chirp)).collect();
                product.resize(spectrum.len(), [0.0; 2]);
                whole.transform(&mut product);
                for (value, factor) in product.iter_mut().zip(spectrum) {
                    *value = times(*value, *factor);
                }
                whole.inverse(&mut product);
                for ((value, product), chirp) in values.iter_mut().zip(product).zip(chirp) {
                    *value = times(product, *chirp);
                }
            }
        }
    }

    /// Puts the inverse transform of `values` into their place.
    #[inline(never)]
    pub fn inverse(&self, values: &mut [Complex]) {
        let scale = 1.0 / values.len() as f64;
        values.iter_mut().for_each(|[_, im]| *im = -*im);
        self.transform(values);
        values.iter_mut().for_each(|[re, im]| (*re, *im) = (*re * scale, *im * -scale));
    }
}

/// The `nth` of `count` roots of one, clockwise.
fn root(nth: usize, count: usize) -> Complex {
    let (sine, cosine) = (-2.0 * PI * (nth as f64 / count as f64)).sin_cos();
    [cosine, sine]
}

#[inline(always)]
fn times([a, b]: Complex, [c, d]: Complex) -> Complex {
    [a * c - b * d, a * d + b * c]
}

/// The transform of a power of two.
fn halves(roots: &[Complex], values: &mut [Complex]) {
    let length = values.len();
    let bits = length.trailing_zeros();
    for place in 0..length {
        let other = place.reverse_bits().checked_shr(usize::BITS - bits).unwrap_or(0);
        if place < other {
            values.swap(place, other);
        }
    }
    let mut half = 1;
    while half < length {
        // The roots of the shorter transform lie apart.
        let step = (roots.len() / half).max(1);
        for block in values.chunks_exact_mut(2 * half) {
            let (left, right) = block.split_at_mut(half);
            for ((left, right), root) in left.iter_mut().zip(right).zip(roots.iter().step_by(step)) {
                let turned = times(*right, *root);
                (*left, *right) =
                    ([left[0] + turned[0], left[1] + turned[1]], [left[0] - turned[0], left[1] - turned[1]]);
            }
        }
        half *= 2;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_length_is_transformed_as_by_the_definition() {
        for length in [1, 2, 3, 4, 5, 7, 8, 12, 16, 31, 100, 128, 243] {
            let values: Vec<Complex> =
                (0..length).map(|nth| [(nth * 7 % 11) as f64 - 5.0, (nth * 5 % 13) as f64 - 6.0]).collect();
            let fourier = Fourier::new(length);
            let mut found = values.clone();
            fourier.transform(&mut found);
            for (place, found) in found.iter().enumerate() {
                let mut expected = [0.0; 2];
                for (nth, value) in values.iter().enumerate() {
                    let term = times(*value, root(nth * place % length, length));
                    expected = [expected[0] + term[0], expected[1] + term[1]];
                }
                let distance = (found[0] - expected[0]).abs() + (found[1] - expected[1]).abs();
                assert!(distance < 1e-10, "{place} of {length}: {found:?} is not {expected:?}");
            }
            fourier.inverse(&mut found);
            for (found, value) in found.iter().zip(&values) {
                assert!((found[0] - value[0]).abs() + (found[1] - value[1]).abs() < 1e-10, "{length}");
            }
        }
    }
}
