//! `Acos`, `Asin`, `Atan` and `Tan` (7 to 22), `Acosh`, `Asinh`, `Atanh`, `Cosh` and `Sinh` (9 to 22), `Shrink` (9),
//! `ThresholdedRelu` (10 to 22), `Mish` (18 to 22); `ParametricSoftplus` and `ScaledTanh` (1), and `Rsqrt`.

use anyhow::{Result, bail, ensure};
use predictql_kernels::elementwise::{self, Elements as _};

use super::{ChannelsLast, Context, Operator, Rewrites, Shape, only};
use crate::onnx::pb::NodeProto;
use crate::tensor::{ElementType, Tensor};

/// A function of every element by itself.
#[derive(Debug)]
pub(super) enum Curve {
    /// Computed with 64 bits.
    Plain(fn(f64) -> f64),
    Mish,
    /// `alpha` times a function of the element times `beta`.
    Scaled {
        function: fn(f64) -> f64,
        alpha: f64,
        beta: f64,
    },
    Shrink {
        bias: f64,
        lambda: f64,
    },
    Threshold(f64),
}

impl Operator for Curve {
    fn parse(_: &Context<'_>, node: &NodeProto) -> Result<Self> {
        let float = |name: &str, default: f32| -> Result<f64> {
            Ok(node.optional::<f32>(name)?.unwrap_or(default).into())
        };
        let scaled = |function| -> Result<Self> {
            Ok(Self::Scaled { function, alpha: float("alpha", 1.0)?, beta: float("beta", 1.0)? })
        };
        Ok(match node.op_type.as_str() {
            "Acos" => Self::Plain(f64::acos),
            "Acosh" => Self::Plain(f64::acosh),
            "Asin" => Self::Plain(f64::asin),
            "Asinh" => Self::Plain(f64::asinh),
            "Atan" => Self::Plain(f64::atan),
            "Atanh" => Self::Plain(f64::atanh),
            "Cosh" => Self::Plain(f64::cosh),
            "Mish" => Self::Mish,
            "ParametricSoftplus" => scaled(|x| x.max(0.0) + (-x.abs()).exp().ln_1p())?,
            "Rsqrt" => Self::Plain(|x| x.sqrt().recip()),
            "ScaledTanh" => scaled(f64::tanh)?,
            "Shrink" => Self::Shrink { bias: float("bias", 0.0)?, lambda: float("lambd", 0.5)? },
            "Sinh" => Self::Plain(f64::sinh),
            "Tan" => Self::Plain(f64::tan),
            "ThresholdedRelu" => Self::Threshold(float("alpha", 1.0)?),
            other => bail!("there is no function {other}"),
        })
    }

    fn outputs(&self, inputs: &[Shape]) -> Result<Vec<Shape>> {
        let shape = only(inputs)?;
        let takes_integers = matches!(self, Self::Shrink { .. }) && shape.0.is_integer();
        ensure!(shape.0.is_float() || takes_integers, "{self:?} does not take {:?}", shape.0);
        Ok(vec![shape.clone()])
    }

    fn eval(&self, mut inputs: Vec<Tensor>) -> Result<Vec<Tensor>> {
        only(&inputs)?;
        let Some(mut values) = inputs.pop() else { bail!("expected one input") };
        if let (Self::Mish, ElementType::F32) = (self, values.element()) {
            return Ok(vec![mish(values)?]);
        }
        let element = values.element();
        values = values.cast(ElementType::F64)?;
        values.elements_mut::<f64>()?.iter_mut().for_each(|x| *x = self.of(*x));
        Ok(vec![values.cast(element)?])
    }

    fn rewrites(&self) -> Option<&dyn Rewrites> {
        Some(self)
    }
}

impl Rewrites for Curve {
    fn channels_last(&self, _: usize) -> ChannelsLast {
        ChannelsLast::Same
    }
}

impl Curve {
    fn of(&self, x: f64) -> f64 {
        match *self {
            Self::Plain(function) => function(x),
            // The hyperbolic tangent of the logarithm needs no logarithm.
            Self::Mish if x > 40.0 => x,
            Self::Mish => {
                let share = x.exp() * (x.exp() + 2.0);
                x * share / (share + 2.0)
            }
            Self::Scaled { function, alpha, beta } => alpha * function(beta * x),
            Self::Shrink { bias, lambda } if x < -lambda => x + bias,
            Self::Shrink { bias, lambda } if x > lambda => x - bias,
            Self::Shrink { .. } => 0.0,
            Self::Threshold(alpha) if x > alpha => x,
            Self::Threshold(_) => 0.0,
        }
    }
}

/// As [`Curve::of`], many at a time.
fn mish(mut values: Tensor) -> Result<Tensor> {
    let mut exponentials = values.elements::<f32>()?.to_vec();
    f32::apply(elementwise::Function::Exp, &mut exponentials);
    for (x, e) in values.elements_mut::<f32>()?.iter_mut().zip(exponentials) {
        let share = e * (e + 2.0);
        *x = if *x > 20.0 { *x } else { *x * share / (share + 2.0) };
    }
    Ok(values)
}
