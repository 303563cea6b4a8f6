//! Functions of every element, and arithmetic of two: in the place of the first.

/// How many multiplications take as long as a function of a number.
const COST: usize = 8;

/// What is computed of two numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Arithmetic {
    /// `a + b`
    Add,
    /// `a - b`
    Sub,
    /// `a * b`
    Mul,
    /// `a / b`
    Div,
    /// The greater one, NaN before all.
    Max,
    /// The less one, NaN before all.
    Min,
}

/// What becomes of a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Function {
    /// The exponential, within a unit in the last place.
    Exp,
    /// The logistic function by its values above one half, so that those below keep what onnxruntime gives them.
    Logistic,
    /// Zero for negative numbers; NaN stays.
    Relu,
    /// `1 / (1 + exp(-x))`
    Sigmoid,
    /// The hyperbolic tangent.
    Tanh,
}

/// A float that tensors hold.
pub trait Elements: Sized {
    /// Puts what `arithmetic` makes of each element of `a` and its partner into the place of the former. `b` is repeated
    /// until all of `a` have a partner.
    fn combine(arithmetic: Arithmetic, a: &mut [Self], b: &[Self]);

    /// Puts what `function` makes of each element into its place.
    fn apply(function: Function, values: &mut [Self]);
}

macro_rules! elements {
    ($float:ty, $exp:expr, $tanh:expr) => {
        impl Elements for $float {
            #[inline(never)]
            fn combine(arithmetic: Arithmetic, a: &mut [Self], b: &[Self]) {
                match arithmetic {
                    Arithmetic::Add => combine(a, b, |a, b| a + b),
                    Arithmetic::Sub => combine(a, b, |a, b| a - b),
                    Arithmetic::Mul => combine(a, b, |a, b| a * b),
                    Arithmetic::Div => combine(a, b, |a, b| a / b),
                    Arithmetic::Max => combine(a, b, |a, b| if a > b || a.is_nan() { a } else { b }),
                    Arithmetic::Min => combine(a, b, |a, b| if a < b || a.is_nan() { a } else { b }),
                }
            }

            #[inline(never)]
            fn apply(function: Function, values: &mut [Self]) {
                match function {
                    Function::Exp => apply(values, $exp),
                    Function::Logistic => apply(values, |x| {
                        let high = 1.0 / (1.0 + $exp(-x.abs()));
                        if x < 0.0 { 1.0 - high } else { high }
                    }),
                    // NaN is not below zero.
                    Function::Relu => apply(values, |x| if x < 0.0 { 0.0 } else { x }),
                    Function::Sigmoid => apply(values, |x| 1.0 / (1.0 + $exp(-x))),
                    Function::Tanh => apply(values, $tanh),
                }
            }
        }
    };
}

elements!(f32, exp, tanh);
elements!(f64, f64::exp, f64::tanh);

#[inline(always)]
#[expect(
    clippy::indexing_slicing,
    reason = "where the partners are not repeated, there is one for each place"
)]
fn combine<T: Copy + Send + Sync>(a: &mut [T], b: &[T], function: impl Fn(T, T) -> T + Sync) {
    match b {
        [b] => crew::split(a, 1, 1, |_, a| a.iter_mut().for_each(|a| *a = function(*a, *b))),
        b => {
            let is_repeated = b.len() < a.len();
            let unit = if is_repeated { b.len() } else { 1 };
            crew::split(a, unit, unit, |first, a| {
                let b = if is_repeated { b } else { &b[first..] };
                for a in a.chunks_mut(b.len().max(1)) {
                    a.iter_mut().zip(b).for_each(|(a, b)| *a = function(*a, *b));
                }
            });
        }
    }
}

#[inline(always)]
fn apply<T: Copy + Send>(values: &mut [T], function: impl Fn(T) -> T + Sync) {
    crew::split(values, 1, COST, |_, values| values.iter_mut().for_each(|value| *value = function(*value)));
}

/// The exponential: a power of two times the series of what is left. Without branches, so that it fits a vector.
#[inline(always)]
pub(crate) fn exp(x: f32) -> f32 {
    // Below and above are zero and infinity. NaN stays.
    let x = if x < -104.0 { -104.0 } else { x };
    let x = if x > 89.0 { 89.0 } else { x };
    // Adding it leaves a whole number in the lowest bits.
    const ROUND: f32 = 12_582_912.0;
    let shifted = x * std::f32::consts::LOG2_E + ROUND;
    let whole = shifted - ROUND;
    // The natural logarithm of 2 in two parts, of which the first has so few digits that its product is exact.
    let rest = x - whole * 0.693_359_4 - whole * -2.121_944_4e-4;
    // Cephes' polynomial.
    let series = 1.987_569_1e-4;
    let series = series * rest + 1.398_199_9e-3;
    let series = series * rest + 8.333_452e-3;
    let series = series * rest + 4.166_579_6e-2;
    let series = series * rest + 0.166_666_65;
    let series = series * rest + 0.5;
    let series = series * (rest * rest) + rest + 1.0;
    // In two steps, since the power alone may be out of range.
    let power = shifted.to_bits().wrapping_sub(ROUND.to_bits()).cast_signed();
    let half = power >> 1;
    series * power_of_two(half) * power_of_two(power - half)
}

#[inline(always)]
fn power_of_two(exponent: i32) -> f32 {
    f32::from_bits((exponent + 127).cast_unsigned() << 23)
}

/// The hyperbolic tangent: by the exponential, near zero by Cephes' polynomial.
#[inline(always)]
pub(crate) fn tanh(x: f32) -> f32 {
    let size = x.abs();
    let far = 1.0 - 2.0 / (exp(size + size) + 1.0);
    let square = x * x;
    let series = -5.704_988_7e-3;
    let series = series * square + 2.063_908_8e-2;
    let series = series * square - 5.373_971_6e-2;
    let series = series * square + 0.133_314_42;
    let series = series * square - 0.333_332_8;
    let near = series * square * x + x;
    if size < 0.625 { near } else { far.copysign(x) }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How many floats lie between two of the same sign.
    fn distance(a: f32, b: f32) -> u32 {
        a.to_bits().abs_diff(b.to_bits())
    }

    #[test]
    #[expect(clippy::cast_possible_truncation, reason = "the nearest float is wanted")]
    fn exponentials_are_those_of_double_precision() {
        for step in -105_000..90_000 {
            let x = step as f32 / 1000.0;
            let expected = f64::from(x).exp() as f32;
            assert!(distance(exp(x), expected) <= 1, "exp({x}) is {}, not {expected}", exp(x));
        }
        assert_eq!([exp(0.0), exp(-0.0), exp(f32::NEG_INFINITY), exp(-1e30)], [1.0, 1.0, 0.0, 0.0]);
        assert_eq!([exp(f32::INFINITY), exp(1e30)], [f32::INFINITY; 2]);
        assert!(exp(f32::NAN).is_nan());
    }

    #[test]
    #[expect(clippy::cast_possible_truncation, reason = "the nearest float is wanted")]
    fn hyperbolic_tangents_are_those_of_double_precision() {
        for step in 1..20_000 {
            let x = step as f32 / 1000.0;
            let expected = f64::from(x).tanh() as f32;
            assert!(distance(tanh(x), expected) <= 2, "tanh({x}) is {}, not {expected}", tanh(x));
            assert_eq!(tanh(-x), -tanh(x));
        }
        assert_eq!(tanh(0.0), 0.0);
        assert!(tanh(f32::NAN).is_nan());
    }

    #[test]
    fn partners_are_repeated() {
        let sums = |b: &[f64]| {
            let mut a = [1.0, 2.0, 3.0, 4.0];
            f64::combine(Arithmetic::Add, &mut a, b);
            a
        };
        assert_eq!(sums(&[10.0]), [11.0, 12.0, 13.0, 14.0]);
        assert_eq!(sums(&[10.0, 20.0]), [11.0, 22.0, 13.0, 24.0]);
        assert_eq!(sums(&[1.0, 2.0, 3.0, 4.0]), [2.0, 4.0, 6.0, 8.0]);
        assert_eq!(sums(&[]), [1.0, 2.0, 3.0, 4.0]);
    }

    #[test]
    fn nan_wins_and_stays() {
        for arithmetic in [Arithmetic::Max, Arithmetic::Min] {
            let mut a = [f32::NAN, 1.0];
            f32::combine(arithmetic, &mut a, &[1.0, f32::NAN]);
            assert!(a.iter().all(|value| value.is_nan()));
        }
        for function in [Function::Exp, Function::Relu, Function::Sigmoid, Function::Tanh] {
            let mut values = [f32::NAN];
            f32::apply(function, &mut values);
            assert!(values[0].is_nan(), "{function:?}");
        }
    }
}
