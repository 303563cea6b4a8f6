//! The part of the interface of the crate `rustfft` that tract calls, over a Fourier transform that is small to
//! download.
//!
//! tract's DFT and STFT plan their transforms with `rustfft`, whose planner links butterflies, Rader's, Good–Thomas'
//! and mixed-radix algorithms for two element types: one byte in twenty of the download, for operators that few
//! models have. This crate takes its place in the workspace and has two algorithms over one element type:
//! Cooley–Tukey for powers of two, and Bluestein's for every other length, both O(n log n). The work is done in
//! 64-bit floats whatever the elements are, so that results are at least as exact as `rustfft`'s.
//!
//! As there, neither direction is normalised: a transform forth and back multiplies by the length.

use std::f64::consts::PI;
use std::fmt::Debug;
use std::marker::PhantomData;
use std::sync::Arc;

pub use num_complex;
pub use num_traits;

use num_complex::Complex;
use num_traits::{FromPrimitive, Signed, ToPrimitive};

/// Real numbers that a transform takes: `f32` and `f64`.
pub trait FftNum: Copy + FromPrimitive + ToPrimitive + Signed + Sync + Send + Debug + 'static {}

impl<T: Copy + FromPrimitive + ToPrimitive + Signed + Sync + Send + Debug + 'static> FftNum for T {}

/// The sign of the exponent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FftDirection {
    /// From samples to frequencies: e^(-2πi·jk/n).
    Forward,
    /// From frequencies to samples: e^(2πi·jk/n), not divided by n.
    Inverse,
}

/// Makes transforms.
#[derive(Debug, Default)]
pub struct FftPlanner<T>(PhantomData<T>);

impl<T: FftNum> FftPlanner<T> {
    /// A planner; it holds nothing.
    pub fn new() -> Self {
        Self(PhantomData)
    }

    /// The transform of `len` numbers.
    pub fn plan_fft(&mut self, len: usize, direction: FftDirection) -> Arc<Fft<T>> {
        Arc::new(Fft { transform: Transform::new(len, direction), elements: PhantomData })
    }

    /// The forward transform of `len` numbers.
    pub fn plan_fft_forward(&mut self, len: usize) -> Arc<Fft<T>> {
        self.plan_fft(len, FftDirection::Forward)
    }
}

/// The transform of one length in one direction.
#[derive(Debug)]
pub struct Fft<T> {
    transform: Transform,
    elements: PhantomData<T>,
}

impl<T: FftNum> Fft<T> {
    /// Transforms every run of numbers that has the planned length; `buffer` holds a whole number of them.
    ///
    /// # Panics
    ///
    /// When `buffer` ends within a run, as `rustfft` does.
    pub fn process(&self, buffer: &mut [Complex<T>]) {
        let len = self.transform.len;
        if len == 0 {
            return;
        }
        assert!(buffer.len().is_multiple_of(len), "{} numbers are no runs of {len}", buffer.len());
        for run in buffer.chunks_exact_mut(len) {
            let mut values: Vec<Number> =
                run.iter().map(|number| Complex::new(wide(number.re), wide(number.im))).collect();
            self.transform.run(&mut values);
            for (number, value) in run.iter_mut().zip(values) {
                *number = Complex::new(narrow(value.re), narrow(value.im));
            }
        }
    }
}

type Number = Complex<f64>;

fn wide<T: FftNum>(number: T) -> f64 {
    number.to_f64().unwrap_or(f64::NAN)
}

fn narrow<T: FftNum>(number: f64) -> T {
    T::from_f64(number).expect("floats hold every float, if rounded or as an infinity")
}

#[derive(Debug)]
struct Transform {
    len: usize,
    direction: FftDirection,
    /// Where `len` is no power of two.
    chirp: Option<Chirp>,
}

/// What Bluestein's algorithm convolves with.
///
/// L. Bluestein, "A linear filtering approach to the computation of discrete Fourier transform", 1970.
#[derive(Debug)]
struct Chirp {
    /// e^(±πi·k²/n) for each k below n.
    factors: Vec<Number>,
    /// The forward transform of their conjugates, mirrored, over a power of two of at least 2n - 1 numbers.
    kernel: Vec<Number>,
}

impl Transform {
    fn new(len: usize, direction: FftDirection) -> Self {
        let chirp = (!len.is_power_of_two() && len > 0).then(|| Chirp::new(len, direction));
        Self { len, direction, chirp }
    }

    fn run(&self, values: &mut [Number]) {
        match &self.chirp {
            Some(chirp) => chirp.run(values),
            None => cooley_tukey(values, self.direction),
        }
    }
}

impl Chirp {
    fn new(len: usize, direction: FftDirection) -> Self {
        // k² modulo 2n first: the angle of a large k² would lose its digits.
        let period = 2 * len as u64;
        let factors: Vec<_> =
            (0..len as u64).map(|k| unit(direction, (k * k % period) as f64 / period as f64)).collect();
        let mut kernel = vec![Number::default(); (2 * len - 1).next_power_of_two()];
        let size = kernel.len();
        for (k, factor) in factors.iter().enumerate() {
            kernel[k] = factor.conj();
            kernel[(size - k) % size] = factor.conj();
        }
        cooley_tukey(&mut kernel, FftDirection::Forward);
        Self { factors, kernel }
    }

    fn run(&self, values: &mut [Number]) {
        let size = self.kernel.len();
        let mut buffer: Vec<_> =
            values.iter().zip(&self.factors).map(|(value, factor)| value * factor).collect();
        buffer.resize(size, Number::default());
        cooley_tukey(&mut buffer, FftDirection::Forward);
        for (value, factor) in buffer.iter_mut().zip(&self.kernel) {
            *value *= factor;
        }
        cooley_tukey(&mut buffer, FftDirection::Inverse);
        for ((value, convolved), factor) in values.iter_mut().zip(buffer).zip(&self.factors) {
            *value = convolved * factor / size as f64;
        }
    }
}

/// e^(∓2πi·turns).
fn unit(direction: FftDirection, turns: f64) -> Number {
    let angle = match direction {
        FftDirection::Forward => -2.0 * PI * turns,
        FftDirection::Inverse => 2.0 * PI * turns,
    };
    Complex::new(angle.cos(), angle.sin())
}

/// Transforms a power of two of numbers in place.
///
/// J. Cooley and J. Tukey, "An algorithm for the machine calculation of complex Fourier series", 1965.
fn cooley_tukey(values: &mut [Number], direction: FftDirection) {
    let len = values.len();
    if len < 2 {
        return;
    }
    let unused = len.leading_zeros() + 1;
    for index in 0..len {
        let reversed = index.reverse_bits() >> unused;
        if index < reversed {
            values.swap(index, reversed);
        }
    }
    let roots: Vec<_> = (0..len / 2).map(|k| unit(direction, k as f64 / len as f64)).collect();
    let mut width = 2;
    while width <= len {
        let half = width / 2;
        for block in values.chunks_exact_mut(width) {
            let (even, odd) = block.split_at_mut(half);
            for ((a, b), root) in even.iter_mut().zip(odd).zip(roots.iter().step_by(len / width)) {
                let turned = *b * root;
                *b = *a - turned;
                *a += turned;
            }
        }
        width *= 2;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The sum that defines the transform.
    fn defined(values: &[Number], direction: FftDirection) -> Vec<Number> {
        let len = values.len();
        let term = |j: usize, k: usize| values[j] * unit(direction, (j * k % len) as f64 / len as f64);
        (0..len).map(|k| (0..len).map(|j| term(j, k)).sum()).collect()
    }

    #[test]
    fn every_length_agrees_with_the_definition() {
        for len in (1..=40).chain([64, 97, 100, 128, 400, 441, 480, 512, 1021]) {
            let values: Vec<_> = (0..len)
                .map(|k| Complex::new((k as f64 * 0.7).sin() * 3.0, (k * k % 11) as f64 - 5.0))
                .collect();
            for direction in [FftDirection::Forward, FftDirection::Inverse] {
                let mut found = values.clone();
                FftPlanner::new().plan_fft(len, direction).process(&mut found);
                for (found, expected) in found.iter().zip(defined(&values, direction)) {
                    assert!(
                        (found - expected).l1_norm() < 1e-9 * len as f64,
                        "{len} {direction:?}: {found} {expected}"
                    );
                }
            }
        }
    }

    #[test]
    fn a_buffer_may_hold_several_runs() {
        let mut twice = [1.0_f32, 2.0, 1.0, 2.0].map(|re| Complex::new(re, 0.0));
        FftPlanner::new().plan_fft_forward(2).process(&mut twice);
        assert_eq!(twice.map(|number| number.re), [3.0, -1.0, 3.0, -1.0]);
        FftPlanner::<f32>::new().plan_fft_forward(0).process(&mut []);
    }
}
