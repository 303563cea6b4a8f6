//! Operators that change every element by itself, in the versions 6 to 24 of the standard.

use anyhow::{Result, bail};
use predictql_kernels::elementwise::{self, Elements};
use predictql_kernels::matmul::Factor;
use predictql_kernels::softmax::Shares;

#[cfg(feature = "full")]
use super::{ChannelsLast, Pointwise, Rewrites};
use super::{Context, Operator, Shape, only};
use crate::onnx::pb::NodeProto;
use crate::tensor::{Element, ElementType, Tensor};

/// What becomes of an element.
#[derive(Debug, Clone, Copy)]
enum Function {
    Abs,
    Ceil,
    Elu(f32),
    Erf,
    Exp,
    Floor,
    HardSigmoid(f32, f32),
    HardSwish,
    LeakyRelu(f32),
    Log,
    Neg,
    Reciprocal,
    Relu,
    Round,
    Selu(f32, f32),
    Sigmoid,
    Sign,
    Softsign,
    Sqrt,
    Tanh,
}

/// One of the functions.
#[derive(Debug)]
pub(super) struct Unary(Function);

impl Operator for Unary {
    fn parse(_: &Context<'_>, node: &NodeProto) -> Result<Self> {
        let float =
            |name: &str, default: f32| Ok::<_, anyhow::Error>(node.optional(name)?.unwrap_or(default));
        Ok(Self(match node.op_type.as_str() {
            "Abs" => Function::Abs,
            "Ceil" => Function::Ceil,
            "Elu" => Function::Elu(float("alpha", 1.0)?),
            "Erf" => Function::Erf,
            "Exp" => Function::Exp,
            "Floor" => Function::Floor,
            "HardSigmoid" => Function::HardSigmoid(float("alpha", 0.2)?, float("beta", 0.5)?),
            "HardSwish" => Function::HardSwish,
            "LeakyRelu" => Function::LeakyRelu(float("alpha", 0.01)?),
            "Log" => Function::Log,
            "Neg" => Function::Neg,
            "Reciprocal" => Function::Reciprocal,
            "Relu" => Function::Relu,
            "Round" => Function::Round,
            "Selu" => Function::Selu(float("alpha", 1.673_263_2)?, float("gamma", 1.050_701)?),
            "Sigmoid" => Function::Sigmoid,
            "Sign" => Function::Sign,
            "Softsign" => Function::Softsign,
            "Sqrt" => Function::Sqrt,
            "Tanh" => Function::Tanh,
            other => bail!("there is no function {other}"),
        }))
    }

    fn outputs(&self, inputs: &[Shape]) -> Result<Vec<Shape>> {
        let shape = only(inputs)?;
        let takes_integers =
            matches!(self.0, Function::Abs | Function::Neg | Function::Relu | Function::Sign);
        match shape.0 {
            ElementType::F32 | ElementType::F64 => {}
            ElementType::U64 if matches!(self.0, Function::Neg) || cfg!(not(feature = "full")) => {
                bail!("{:?} does not take U64", self.0)
            }
            integer if takes_integers && integer.is_integer() => {}
            other => bail!("{:?} does not take {other:?}", self.0),
        }
        Ok(vec![shape.clone()])
    }

    fn eval(&self, mut inputs: Vec<Tensor>) -> Result<Vec<Tensor>> {
        only(&inputs)?;
        for tensor in &mut inputs {
            match tensor.element() {
                ElementType::F32 => self.0.floats::<f32>(tensor)?,
                ElementType::F64 => self.0.floats::<f64>(tensor)?,
                ElementType::I64 => change(tensor, |int| self.0.integer(int))?,
                // Nothing is below zero.
                #[cfg(feature = "full")]
                ElementType::U64 if !matches!(self.0, Function::Sign) => {}
                #[cfg(feature = "full")]
                ElementType::U64 => *tensor = tensor.cast(ElementType::Bool)?.cast(ElementType::U64)?,
                narrow => {
                    let mut wide = tensor.cast(ElementType::I64)?;
                    change(&mut wide, |int| self.0.integer(int))?;
                    *tensor = wide.cast(narrow)?;
                }
            }
        }
        Ok(inputs)
    }

    #[cfg(feature = "full")]
    fn rewrites(&self) -> Option<&dyn Rewrites> {
        Some(self)
    }
}

#[cfg(feature = "full")]
impl Rewrites for Unary {
    fn channels_last(&self, _: usize) -> ChannelsLast {
        ChannelsLast::Same
    }

    fn pointwise(&self, _: &[Option<Tensor>]) -> Option<Pointwise> {
        matches!(self.0, Function::Relu).then_some(Pointwise::Clamp { low: 0.0, high: f32::INFINITY })
    }
}

/// Replaces every element of `tensor`, in its place where nobody else has it.
fn change<T: Element + Copy>(tensor: &mut Tensor, function: impl Fn(T) -> T) -> Result<()> {
    tensor.elements_mut::<T>()?.iter_mut().for_each(|element| *element = function(*element));
    Ok(())
}

impl Function {
    fn integer(self, value: i64) -> i64 {
        match self {
            Self::Abs => value.wrapping_abs(),
            Self::Neg => value.wrapping_neg(),
            Self::Relu => value.max(0),
            Self::Sign => value.signum(),
            _ => value,
        }
    }

    fn floats<T: Float>(self, tensor: &mut Tensor) -> Result<()> {
        let (zero, one) = (T::from_f32(0.0), T::from_f32(1.0));
        let kernel = |function, tensor: &mut Tensor| {
            T::apply(function, tensor.elements_mut()?);
            Ok(())
        };
        match self {
            Self::Abs => change(tensor, T::abs),
            Self::Ceil => change(tensor, T::ceil),
            Self::Elu(alpha) => {
                let alpha = T::from_f32(alpha);
                change(tensor, |x: T| if x < zero { alpha * (x.exp() - one) } else { x })
            }
            Self::Erf => change(tensor, T::erf),
            Self::Exp => kernel(elementwise::Function::Exp, tensor),
            Self::Floor => change(tensor, T::floor),
            Self::HardSigmoid(alpha, beta) => {
                let (alpha, beta) = (T::from_f32(alpha), T::from_f32(beta));
                change(tensor, |x: T| {
                    let y = alpha * x + beta;
                    if y < zero {
                        zero
                    } else if y > one {
                        one
                    } else {
                        y
                    }
                })
            }
            Self::HardSwish => {
                let (three, six) = (T::from_f32(3.0), T::from_f32(6.0));
                change(tensor, |x: T| {
                    let y = x + three;
                    x * if y < zero {
                        zero
                    } else if y > six {
                        one
                    } else {
                        y / six
                    }
                })
            }
            Self::LeakyRelu(alpha) => {
                let alpha = T::from_f32(alpha);
                change(tensor, |x: T| if x < zero { alpha * x } else { x })
            }
            Self::Log => change(tensor, T::ln),
            Self::Neg => change(tensor, |x: T| zero - x),
            Self::Reciprocal => change(tensor, |x: T| one / x),
            Self::Relu => kernel(elementwise::Function::Relu, tensor),
            Self::Round => change(tensor, T::round),
            Self::Selu(alpha, gamma) => {
                let (alpha, gamma) = (T::from_f32(alpha), T::from_f32(gamma));
                change(tensor, |x: T| gamma * if x > zero { x } else { alpha * x.exp() - alpha })
            }
            Self::Sigmoid => kernel(elementwise::Function::Sigmoid, tensor),
            Self::Sign => change(tensor, |x: T| {
                if x > zero {
                    one
                } else if x < zero {
                    zero - one
                } else {
                    x
                }
            }),
            Self::Softsign => change(tensor, |x: T| x / (one + x.abs())),
            Self::Sqrt => change(tensor, T::sqrt),
            Self::Tanh => kernel(elementwise::Function::Tanh, tensor),
        }
    }
}

/// A float of either width.
pub(in crate::operators) trait Float:
    Element
    + Elements
    + Factor
    + Shares
    + Copy
    + PartialOrd
    + std::ops::Add<Output = Self>
    + std::ops::Sub<Output = Self>
    + std::ops::Mul<Output = Self>
    + std::ops::Div<Output = Self>
{
    const LEAST: Self;
    fn from_f32(value: f32) -> Self;
    fn abs(self) -> Self;
    fn ceil(self) -> Self;
    fn erf(self) -> Self;
    fn exp(self) -> Self;
    fn floor(self) -> Self;
    fn is_nan(self) -> bool;
    fn ln(self) -> Self;
    fn pow(self, exponent: Self) -> Self;
    /// With the sign of `self`.
    fn remainder(self, divisor: Self) -> Self;
    /// To the nearest whole number, halves to the even one.
    fn round(self) -> Self;
    fn sqrt(self) -> Self;
}

macro_rules! float {
    ($float:ty) => {
        impl Float for $float {
            const LEAST: Self = Self::NEG_INFINITY;
            fn from_f32(value: f32) -> Self {
                value.into()
            }
            fn abs(self) -> Self {
                self.abs()
            }
            fn ceil(self) -> Self {
                self.ceil()
            }
            #[allow(
                clippy::cast_possible_truncation,
                clippy::unnecessary_cast,
                reason = "the type's own width"
            )]
            fn erf(self) -> Self {
                erf(f64::from(self)) as Self
            }
            fn exp(self) -> Self {
                self.exp()
            }
            fn floor(self) -> Self {
                self.floor()
            }
            fn is_nan(self) -> bool {
                self.is_nan()
            }
            fn ln(self) -> Self {
                self.ln()
            }
            fn pow(self, exponent: Self) -> Self {
                self.powf(exponent)
            }
            fn remainder(self, divisor: Self) -> Self {
                self % divisor
            }
            fn round(self) -> Self {
                self.round_ties_even()
            }
            fn sqrt(self) -> Self {
                self.sqrt()
            }
        }
    };
}

float!(f32);
float!(f64);

/// The error function: its series near zero, the continued fraction of its complement further out.
fn erf(x: f64) -> f64 {
    let size = x.abs();
    if size.is_nan() {
        return x;
    }
    let value = if size < 2.5 {
        let (mut term, mut sum, mut n) = (size, size, 0.0);
        while term.abs() > sum * 1e-17 && n < 100.0 {
            n += 1.0;
            term *= -size * size / n;
            sum += term / (2.0 * n + 1.0);
        }
        sum * std::f64::consts::FRAC_2_SQRT_PI
    } else if size < 6.0 {
        let fraction = (1..60).rev().fold(0.0, |rest, k| f64::from(k) / 2.0 / (size + rest));
        1.0 - (-size * size).exp() / (size + fraction) * std::f64::consts::FRAC_2_SQRT_PI / 2.0
    } else {
        1.0
    };
    value.copysign(x)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_error_function_has_fifteen_digits() {
        // From Abramowitz and Stegun, table 7.1, and Python's math.erf.
        for (x, expected) in [
            (0.0, 0.0),
            (0.5, 0.520_499_877_813_046_5),
            (1.0, 0.842_700_792_949_714_9),
            (2.0, 0.995_322_265_018_952_7),
            (2.6, 0.999_763_965_583_470_7),
            (4.0, 0.999_999_984_582_742_1),
            (-1.5, -0.966_105_146_475_310_7),
            (f64::INFINITY, 1.0),
        ] {
            assert!((erf(x) - expected).abs() < 1e-14, "erf({x}) is {}", erf(x));
        }
        assert!(erf(f64::NAN).is_nan());
    }
}
