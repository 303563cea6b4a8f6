//! Activations of recurrent operators, by their names in the standard.

use anyhow::{Result, bail};
use predictql_kernels::elementwise::{Elements as _, Function};

/// A function of one number, with its parameters.
#[derive(Debug, Clone, Copy)]
pub(super) enum Activation {
    Affine(f32, f32),
    Elu(f32),
    HardSigmoid(f32, f32),
    /// One of the functions that many operators have.
    Kernel(Function),
    LeakyRelu(f32),
    ScaledTanh(f32, f32),
    Softplus,
    Softsign,
    ThresholdedRelu(f32),
}

impl Activation {
    /// The activations called `names`. Those that have parameters take them off the lists, in turn.
    pub(super) fn parse(names: &[&str], alphas: &[f32], betas: &[f32]) -> Result<Vec<Self>> {
        let (mut alphas, mut betas) = (alphas.iter().copied(), betas.iter().copied());
        names
            .iter()
            .map(|name| {
                // Default: where the lists end, the standard's numbers of the operator of that name.
                let mut alpha = |default: f32| alphas.next().unwrap_or(default);
                let mut beta = |default: f32| betas.next().unwrap_or(default);
                Ok(match name.to_ascii_lowercase().as_str() {
                    "affine" => Self::Affine(alpha(1.0), beta(0.0)),
                    "elu" => Self::Elu(alpha(1.0)),
                    "hardsigmoid" => Self::HardSigmoid(alpha(0.2), beta(0.5)),
                    "leakyrelu" => Self::LeakyRelu(alpha(0.01)),
                    "relu" => Self::Kernel(Function::Relu),
                    "scaledtanh" => Self::ScaledTanh(alpha(1.0), beta(1.0)),
                    "sigmoid" => Self::Kernel(Function::Sigmoid),
                    "softplus" => Self::Softplus,
                    "softsign" => Self::Softsign,
                    "tanh" => Self::Kernel(Function::Tanh),
                    "thresholdedrelu" => Self::ThresholdedRelu(alpha(1.0)),
                    _ => bail!("there is no activation `{name}`"),
                })
            })
            .collect()
    }

    /// Puts the activation of each of `values` into its place.
    pub(super) fn apply(self, values: &mut [f32]) {
        match self {
            Self::Kernel(function) => f32::apply(function, values),
            other => values.iter_mut().for_each(|value| *value = other.of(*value)),
        }
    }

    fn of(self, x: f32) -> f32 {
        match self {
            Self::Affine(alpha, beta) => alpha * x + beta,
            Self::Elu(alpha) if x < 0.0 => alpha * (x.exp() - 1.0),
            // A NaN stays one: `clamp` keeps it.
            Self::HardSigmoid(alpha, beta) => (alpha * x + beta).clamp(0.0, 1.0),
            Self::LeakyRelu(alpha) if x < 0.0 => alpha * x,
            Self::ScaledTanh(alpha, beta) => alpha * (beta * x).tanh(),
            Self::Softplus if x > 0.0 => x + (-x).exp().ln_1p(),
            Self::Softplus => x.exp().ln_1p(),
            Self::Softsign => x / (1.0 + x.abs()),
            Self::ThresholdedRelu(alpha) if x <= alpha => 0.0,
            Self::Elu(_) | Self::Kernel(_) | Self::LeakyRelu(_) | Self::ThresholdedRelu(_) => x,
        }
    }
}
