//! Activations of networks that read sequences, and the error function that one of them is made of: in the place of their
//! arguments.

use crate::elementwise::exp;

/// How many multiplications take as long as an activation.
const COST: usize = 16;

/// An activation.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Activation {
    /// The error function.
    Erf,
    /// `x` times the share of a normal distribution below it.
    Gelu,
    /// The same by the hyperbolic tangent, as the first networks approximated it.
    GeluTanh,
    /// `x` times the logistic function of `alpha` times `x`.
    Gate {
        /// How steep it is.
        alpha: f32,
    },
    /// The hyperbolic tangent.
    Tanh,
}

impl Activation {
    /// Puts the activation of each of `values` into its place.
    pub fn apply(self, values: &mut [f32]) {
        crew::split(values, 1, COST, |_, values| self.apply_here(values));
    }

    /// The same on this thread.
    #[inline(never)]
    pub(crate) fn apply_here(self, values: &mut [f32]) {
        match self {
            Self::Erf => each(values, erf),
            Self::Gelu => {
                each(values, |x| 0.5 * x * (1.0 + erf(x * std::f32::consts::FRAC_1_SQRT_2)));
            }
            // (1 + tanh z) / 2 is the logistic function of 2 z.
            Self::GeluTanh => each(values, |x| {
                const STEEPNESS: f32 = 1.595_769_2;
                x / (1.0 + exp(-STEEPNESS * (x + 0.044_715 * x * x * x)))
            }),
            Self::Gate { alpha } => each(values, |x| x / (1.0 + exp(-alpha * x))),
            Self::Tanh => each(values, crate::elementwise::tanh),
        }
    }
}

#[inline(always)]
fn each(values: &mut [f32], function: impl Fn(f32) -> f32) {
    values.iter_mut().for_each(|value| *value = function(*value));
}

/// The error function within two units in the last place, without branches, by N. Juffa's polynomials.
#[inline(always)]
fn erf(x: f32) -> f32 {
    let size = x.abs();
    // Beyond it is one. NaN stays.
    let size = if size > 4.0 { 4.0 } else { size };
    let square = size * size;
    let far = -1.728_534_7e-5 * size + 3.831_971_3e-4;
    let rest = -3.883_964_4e-3 * size + 2.425_462_2e-2;
    let far = far * square + rest;
    let far = far * size - 0.106_777_88;
    let far = far * size - 0.634_846_7;
    let far = far * size - 0.128_717_51;
    let far = 1.0 - exp(far * size - size);
    let near = -5.967_617e-4 * square + 4.991_194_2e-3;
    let near = near * square - 2.676_813_5e-2;
    let near = near * square + 0.112_819_925;
    let near = near * square - 0.376_125_34;
    let near = near * square + 0.128_379_17;
    let near = near * size + size;
    let value = if size > 0.927_734_4 { far } else { near };
    value.copysign(x)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(activation: Activation, x: f32) -> f32 {
        let mut values = [x];
        activation.apply(&mut values);
        values[0]
    }

    #[test]
    fn the_error_function_has_seven_digits() {
        // From Python's math.erf.
        for (x, expected) in [
            (1e-6, 1.128_379_167_095_512_2e-6),
            (0.1, 0.112_462_916_018_284_9),
            (0.5, 0.520_499_877_813_046_5),
            (0.9, 0.796_908_212_422_832_2),
            (0.95, 0.820_890_807_273_277_9),
            (1.5, 0.966_105_146_475_310_7),
            (2.0, 0.995_322_265_018_952_7),
            (3.0, 0.999_977_909_503_001_4),
            (40.0, 1.0),
        ] {
            let close = |x: f32, expected: f64| (f64::from(of(Activation::Erf, x)) - expected).abs() < 2e-7;
            assert!(close(x, expected) && close(-x, -expected), "erf({x}) is {}", of(Activation::Erf, x));
        }
        assert_eq!([of(Activation::Erf, f32::INFINITY), of(Activation::Erf, f32::NEG_INFINITY)], [1.0, -1.0]);
    }

    #[test]
    fn activations_are_those_of_pytorch() {
        // torch.nn.functional: gelu, gelu with approximate="tanh", silu.
        for (activation, x, expected) in [
            (Activation::Gelu, -3.0, -0.004_050_225),
            (Activation::Gelu, 0.7, 0.530_625_4),
            (Activation::GeluTanh, -3.0, -0.003_637_392),
            (Activation::GeluTanh, 0.7, 0.530_570_4),
            (Activation::Gate { alpha: 1.0 }, -2.0, -0.238_405_84),
            (Activation::Gate { alpha: 1.702 }, 0.5, 0.350_388_44),
            (Activation::Tanh, 0.3, 0.291_312_6),
        ] {
            let found = of(activation, x);
            assert!((found - expected).abs() < 1e-6, "{activation:?} of {x} is {found}");
            assert!(of(activation, f32::NAN).is_nan());
        }
    }
}
