//! ML.P_VALUE: how likely chance alone is to bring a test statistic as far out.
//!
//! Tails of the normal, chi-squared, Student's and binomial distributions are incomplete gamma and beta functions. What
//! stands before their continued fractions is computed as Loader does for densities ("Fast and accurate computation of
//! binomial probabilities", 2000), without differences of large logarithms.

use std::f64::consts::TAU;

use super::{BatchCall, Function, Signature, Type};
use crate::diag::{Code, Error, Result};

pub(super) const FUNCTIONS: &[Function] = &[Function::new(
    "ML.P_VALUE",
    "The p-value of a statistic: 'normal', 't' and 'binomial' of both sides, 'chi_square' of the upper one; the last argument has degrees of freedom or trials.",
    &[Signature::scalar(&[Type::String, Type::Float64, Type::Float64], Type::Float64, p_values).optional(1)],
)];

/// Steps after which a continued fraction is given up; they are some roots of the parameters.
const STEPS: u32 = 1 << 17;

fn p_values(call: &BatchCall<'_>) -> Result<arrow_array::ArrayRef> {
    let (tests, statistics) = (call.arg(0)?.strings()?, call.arg(1)?.floats()?);
    let parameters = call.args.get(2).map(|parameter| parameter.floats()).transpose()?;
    call.floats(&|row| {
        let (Some(test), Some(statistic)) = (tests.get(row), statistics.get(row)) else { return Ok(None) };
        let parameter = match &parameters {
            Some(parameters) => match parameters.get(row) {
                Some(parameter) => Some(parameter),
                None => return Ok(None),
            },
            None => None,
        };
        p_value(test, statistic, parameter).map(Some)
    })
}

fn p_value(test: &str, statistic: f64, parameter: Option<f64>) -> Result<f64> {
    let is = |name: &str| test.eq_ignore_ascii_case(name);
    let known = ["normal", "chi_square", "t", "binomial"];
    if !known.into_iter().any(is) {
        return Err(Error::new(Code::InvalidValue, format!("there is no test '{test}'"))
            .or_list("the tests are", known));
    }
    let wrong =
        |expected: &str| Error::new(Code::InvalidValue, format!("ML.P_VALUE('{test}', …) {expected}"));
    if is("normal") {
        return match parameter {
            None => upper_gamma(0.5, statistic * statistic / 2.0),
            Some(_) => Err(wrong("takes no third argument")),
        };
    }
    let Some(parameter) = parameter else {
        let what = if is("binomial") { "the number of trials" } else { "degrees of freedom" };
        return Err(wrong(&format!("needs {what} as its third argument")));
    };
    if is("binomial") {
        let is_count = |number: f64| number >= 0.0 && number.fract() == 0.0 && number < 1e15;
        if !is_count(statistic) || !is_count(parameter) || statistic > parameter {
            return Err(wrong(&format!("takes successes and trials, found {statistic} of {parameter}")));
        }
        let fewer = statistic.min(parameter - statistic);
        return match parameter - fewer {
            more if more == fewer => Ok(1.0),
            more => Ok((2.0 * beta(more, fewer + 1.0, 0.5, 0.5)?).min(1.0)),
        };
    }
    if !(parameter > 0.0 && parameter < 1e15) {
        return Err(wrong(&format!("takes degrees of freedom above 0, found {parameter}")));
    }
    if is("t") {
        let square = statistic * statistic;
        let sum = parameter + square;
        if sum.is_infinite() {
            return Ok(0.0);
        }
        return beta(parameter / 2.0, 0.5, parameter / sum, square / sum);
    }
    if statistic < 0.0 {
        return Err(wrong(&format!("takes a sum of squares, found {statistic}")));
    }
    upper_gamma(parameter / 2.0, statistic / 2.0)
}

/// The upper regularized incomplete gamma function Q(a, x).
fn upper_gamma(a: f64, x: f64) -> Result<f64> {
    if x.is_nan() || x == 0.0 || x == f64::INFINITY {
        return Ok(if x.is_nan() { x } else { f64::from(u8::from(x == 0.0)) });
    }
    // x^a e^-x / Γ(a + 1)
    let density = (-stirling(a) - deviance(a, x)).exp() / (TAU * a).sqrt();
    if x < a + 1.0 {
        let (mut term, mut sum, mut next) = (1.0, 1.0, a);
        for _ in 0..STEPS {
            next += 1.0;
            term *= x / next;
            sum += term;
            if term < sum * f64::EPSILON / 4.0 {
                return Ok(1.0 - density * sum);
            }
        }
        return Err(no_end());
    }
    let mut fraction = Fraction::new(x + 1.0 - a);
    for step in 1..STEPS {
        let n = f64::from(step);
        if fraction.step(-n * (n - a), x + 1.0 - a + 2.0 * n) {
            return Ok(density * a / fraction.value);
        }
    }
    Err(no_end())
}

/// The regularized incomplete beta function I_x(a, b), where `y` is 1 - x.
fn beta(a: f64, b: f64, x: f64, y: f64) -> Result<f64> {
    if x.is_nan() || x == 0.0 || y == 0.0 {
        return Ok(if x.is_nan() { x } else { f64::from(u8::from(y == 0.0)) });
    }
    // How far x is below the mean, by the smaller of the two: the larger one has lost digits.
    let below = if x < y { a - (a + b) * x } else { (a + b) * y - b };
    if below < 0.0 {
        return Ok(1.0 - beta_fraction(b, a, y, x, -below)?);
    }
    beta_fraction(a, b, x, y, below)
}

/// Didonato and Morris, "Significant digit computation of the incomplete beta function ratios" (1992), the fraction of
/// their equation 9.
fn beta_fraction(a: f64, b: f64, x: f64, y: f64, below: f64) -> Result<f64> {
    let n = a + b;
    let exponent = stirling(n) - stirling(a) - stirling(b) - deviance(a, n * x) - deviance(b, n * y);
    // x^a y^b / B(a, b)
    let density = exponent.exp() * (a * b / (TAU * n)).sqrt();
    let mut fraction = Fraction::new(a * (below + 1.0) / (a + 1.0));
    for m in (1..STEPS).map(f64::from) {
        let before = a + 2.0 * m - 1.0;
        let of_a = m * (a + m - 1.0) / before * ((n + m - 1.0) / before) * (b - m) * x * x;
        let of_b = m + m * (b - m) * x / before + (a + m) * (below + 1.0 + m * (1.0 + y)) / (before + 2.0);
        if fraction.step(of_a, of_b) {
            return Ok(density / fraction.value);
        }
    }
    Err(no_end())
}

#[cold]
fn no_end() -> Error {
    Error::new(Code::InvalidValue, "the parameters of the test are too large for its p-value")
}

/// A continued fraction b0 + a1 / (b1 + a2 / (b2 + …)), from its front (Lentz).
struct Fraction {
    value: f64,
    c: f64,
    d: f64,
}

impl Fraction {
    /// Below this a denominator counts as zero.
    const TINY: f64 = 1e-300;

    fn new(b0: f64) -> Self {
        Self { value: b0, c: b0, d: 0.0 }
    }

    /// Takes the next pair; whether that has changed nothing.
    fn step(&mut self, a: f64, b: f64) -> bool {
        let nonzero = |x: f64| if x.abs() < Self::TINY { Self::TINY } else { x };
        self.d = 1.0 / nonzero(b + a * self.d);
        self.c = nonzero(b + a / self.c);
        let factor = self.c * self.d;
        self.value *= factor;
        (factor - 1.0).abs() < 2.0 * f64::EPSILON
    }
}

/// ln Γ(n + 1) less its leading terms, ½ ln 2πn + n ln n - n.
fn stirling(n: f64) -> f64 {
    if n < 16.0 {
        return stirling(n + 1.0) + ((n + 0.5) * (1.0 / n).ln_1p() - 1.0);
    }
    let square = n * n;
    (1.0 / 12.0
        - (1.0 / 360.0 - (1.0 / 1260.0 - (1.0 / 1680.0 - 1.0 / 1188.0 / square) / square) / square) / square)
        / n
}

/// x ln (x / mean) + mean - x, to the last digits where both are close.
fn deviance(x: f64, mean: f64) -> f64 {
    let difference = x - mean;
    if difference.abs() >= 0.1 * (x + mean) {
        return x * (x / mean).ln() - difference;
    }
    let ratio = difference / (x + mean);
    let (mut power, mut sum) = (2.0 * x * ratio, difference * ratio);
    for odd in (3..).step_by(2).take(100).map(f64::from) {
        power *= ratio * ratio;
        let more = sum + power / odd;
        if more.to_bits() == sum.to_bits() {
            break;
        }
        sum = more;
    }
    sum
}
