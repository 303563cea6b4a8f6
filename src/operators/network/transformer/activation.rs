//! `Gelu` (20), `Sin` and `Cos` (7 to 22), and onnxruntime's activations `Gelu`, `FastGelu`, `BiasGelu` and `QuickGelu`.

use std::sync::Arc;

use anyhow::{Result, bail, ensure};
use predictql_kernels::activations::Activation;
use predictql_kernels::elementwise::{Arithmetic, Elements as _};

use super::{
    ChannelsLast, Context, ElementType, Float, Operator, Pointwise, Rewrites, Rewritten, Shape, Tensor,
    broadcast,
};
use crate::onnx::pb::NodeProto;

#[derive(Debug, Clone, Copy)]
enum Function {
    Kernel(Activation),
    Sin,
    Cos,
}

/// A function of every element, of the sum with a bias where there is one.
#[derive(Debug)]
pub(super) struct Elementwise(Function);

/// The activations that files write out in several nodes.
pub(crate) fn activations() -> impl Iterator<Item = Rewritten> {
    let gate = |alpha| Activation::Gate { alpha };
    [Activation::Gelu, Activation::GeluTanh, gate(1.0), gate(1.702)]
        .into_iter()
        .map(|activation| Arc::new(Elementwise(Function::Kernel(activation))) as Rewritten)
}

impl Operator for Elementwise {
    fn parse(_: &Context<'_>, node: &NodeProto) -> Result<Self> {
        let (_, name) = node.op_type.rsplit_once('.').unwrap_or(("", &node.op_type));
        Ok(Self(match name {
            "Cos" => Function::Cos,
            "Sin" => Function::Sin,
            "FastGelu" => Function::Kernel(Activation::GeluTanh),
            "QuickGelu" => {
                Function::Kernel(Activation::Gate { alpha: node.optional("alpha")?.unwrap_or(1.702) })
            }
            "BiasGelu" | "Gelu" => match node.optional("approximate")?.unwrap_or("none") {
                "none" => Function::Kernel(Activation::Gelu),
                "tanh" => Function::Kernel(Activation::GeluTanh),
                other => bail!("Gelu is not approximated by {other}"),
            },
            other => bail!("there is no activation {other}"),
        }))
    }

    fn outputs(&self, inputs: &[Shape]) -> Result<Vec<Shape>> {
        ensure!(matches!(inputs.len(), 1 | 2), "expected an input, and perhaps a bias");
        let Some((element, _)) = inputs.first() else { bail!("expected an input") };
        ensure!(
            element.is_float() && inputs.iter().all(|(other, _)| other == element),
            "expected floats of one type"
        );
        Ok(vec![(*element, broadcast::dims(inputs.iter().map(|(_, dims)| dims))?)])
    }

    fn eval(&self, inputs: Vec<Tensor>) -> Result<Vec<Tensor>> {
        let mut inputs = inputs.into_iter();
        let Some(mut values) = inputs.next() else { bail!("expected an input") };
        if values.element() == ElementType::F64 {
            if let Some(bias) = inputs.next() {
                values = broadcast::combine(values, bias, true, |a, b| f64::combine(Arithmetic::Add, a, b))?;
            }
            values.elements_mut::<f64>()?.iter_mut().for_each(|x| *x = self.0.wide(*x));
            return Ok(vec![values]);
        }
        if let Some(bias) = inputs.next() {
            values = broadcast::combine(values, bias, true, |a, b| f32::combine(Arithmetic::Add, a, b))?;
        }
        let elements = values.elements_mut::<f32>()?;
        match self.0 {
            Function::Kernel(activation) => activation.apply(elements),
            Function::Sin => elements.iter_mut().for_each(|x| *x = x.sin()),
            Function::Cos => elements.iter_mut().for_each(|x| *x = x.cos()),
        }
        Ok(vec![values])
    }

    fn rewrites(&self) -> Option<&dyn Rewrites> {
        Some(self)
    }
}

impl Function {
    /// With double precision.
    fn wide(self, x: f64) -> f64 {
        match self {
            Self::Sin => x.sin(),
            Self::Cos => x.cos(),
            Self::Kernel(Activation::Erf) => Float::erf(x),
            Self::Kernel(Activation::Gelu) => {
                0.5 * x * (1.0 + Float::erf(x * std::f64::consts::FRAC_1_SQRT_2))
            }
            Self::Kernel(Activation::GeluTanh) => {
                const STEEPNESS: f64 = 1.595_769_121_605_730_7;
                x / (1.0 + (-STEEPNESS * (x + 0.044_715 * x * x * x)).exp())
            }
            Self::Kernel(Activation::Gate { alpha }) => x / (1.0 + (-f64::from(alpha) * x).exp()),
            Self::Kernel(Activation::Tanh) => x.tanh(),
        }
    }
}

impl Rewrites for Elementwise {
    fn channels_last(&self, _: usize) -> ChannelsLast {
        ChannelsLast::Same
    }

    fn pointwise(&self, constants: &[Option<Tensor>]) -> Option<Pointwise> {
        match (self.0, constants) {
            (Function::Kernel(activation), [_]) => Some(Pointwise::Activation(activation)),
            _ => None,
        }
    }
}
