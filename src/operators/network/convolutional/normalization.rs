//! `BatchNormalization` (1 to 15) as it predicts: with the mean and the variance of its training.

use std::sync::Arc;

use anyhow::{Result, bail, ensure};
use predictql_kernels::convolve;

use super::{Bounds, Channels, ChannelsLast, Context, Operator, Pointwise, Rewrites, Rewritten, Shape};
use crate::onnx::pb::NodeProto;
use crate::tensor::{ElementType, Tensor};

/// Every channel multiplied by a number, and another one added.
#[derive(Debug, Clone)]
pub(super) struct Normalization {
    epsilon: f32,
    /// Whether all places of a channel share their numbers. Up to version 8, each can have its own.
    by_channels: bool,
    channels: Channels,
    bounds: Bounds,
    /// The factors and what is added, where they never change.
    constants: Option<Arc<(Vec<f32>, Vec<f32>)>>,
}

impl Normalization {
    /// The factors, and what is added: of scale, bias, mean and variance.
    fn factors(&self, parameters: &[Tensor]) -> Result<(Vec<f32>, Vec<f32>)> {
        let [scale, bias, mean, variance] = parameters else {
            bail!("expected scale, bias, mean and variance")
        };
        let count = scale.len();
        ensure!(
            [bias, mean, variance].iter().all(|list| list.len() == count),
            "a channel has one number of each"
        );
        let roots = variance.elements::<f32>()?.iter().map(|variance| (variance + self.epsilon).sqrt());
        let scale: Vec<f32> =
            scale.elements::<f32>()?.iter().zip(roots).map(|(scale, root)| scale / root).collect();
        let products = mean.elements::<f32>()?.iter().zip(&scale).map(|(mean, scale)| mean * scale);
        let shift =
            bias.elements::<f32>()?.iter().zip(products).map(|(bias, product)| bias - product).collect();
        Ok((scale, shift))
    }

    /// Normalises numbers of 64 bits, or such that do not share theirs by channels.
    fn exact(&self, input: &Tensor, parameters: &[Tensor]) -> Result<Tensor> {
        let shape = input.shape();
        let own = if self.by_channels { 2 } else { shape.len() };
        let count: usize = shape.iter().take(own).skip(1).product();
        let inner: usize = shape.iter().skip(own).product();
        let lists = parameters.iter().map(Tensor::to_vec::<f64>).collect::<Result<Vec<_>>>()?;
        let [scale, bias, mean, variance] = lists.as_slice() else {
            bail!("expected scale, bias, mean and variance")
        };
        ensure!(lists.iter().all(|list| list.len() == count), "expected {count} numbers of each");
        let mut numbers = input.to_vec::<f64>()?;
        let runs = numbers.chunks_mut(inner.max(1));
        let factors = scale.iter().zip(bias).zip(mean.iter().zip(variance)).cycle();
        for (run, ((scale, bias), (mean, variance))) in runs.zip(factors) {
            let root = (variance + f64::from(self.epsilon)).sqrt();
            run.iter_mut().for_each(|number| *number = (*number - mean) / root * scale + bias);
        }
        Tensor::new(shape.to_vec(), numbers)?.cast(input.element())
    }
}

impl Operator for Normalization {
    fn parse(ctx: &Context<'_>, node: &NodeProto) -> Result<Self> {
        // Names of further outputs are those of what it learns. Older files say beside it that they predict.
        let names = node.output.iter().filter(|name| !name.is_empty()).count();
        let learns = node.flag("training_mode", false)? || ctx.opset < 7 && !node.flag("is_test", false)?;
        ensure!(names == 1 && !learns, "BatchNormalization in training mode does not run");
        let epsilon = node.optional("epsilon")?.unwrap_or(1e-5);
        let by_channels = node.flag("spatial", true)?;
        Ok(Self { epsilon, by_channels, channels: Channels::Second, bounds: Bounds::NONE, constants: None })
    }

    fn outputs(&self, inputs: &[Shape]) -> Result<Vec<Shape>> {
        let Some((input, parameters)) = inputs.split_first() else { bail!("expected an input") };
        ensure!(input.0.is_float(), "{:?} is not normalised", input.0);
        let (_, channels, _) = self.channels.parts(&input.1)?;
        let fits = |count: usize| channels.known().is_none_or(|channels| channels == count);
        for parameter in parameters {
            let count = parameter.1.first().and_then(super::Dim::known);
            ensure!(parameter.0 == input.0 && count.is_none_or(fits), "every channel has a number");
        }
        let count = self.constants.as_ref().map(|constants| constants.0.len());
        ensure!(count.is_none_or(fits), "every channel has a number");
        Ok(vec![input.clone()])
    }

    fn eval(&self, mut inputs: Vec<Tensor>) -> Result<Vec<Tensor>> {
        ensure!(!inputs.is_empty(), "expected an input");
        let input = inputs.remove(0);
        if input.element() == ElementType::F64 || !self.by_channels {
            return Ok(vec![self.exact(&input, &inputs)?]);
        }
        let constants = match &self.constants {
            Some(constants) => constants.clone(),
            None => Arc::new(self.factors(&inputs)?),
        };
        let (scale, shift) = &*constants;
        let (_, channels, _) = self.channels.parts(input.shape())?;
        ensure!(channels == scale.len(), "every channel has a number");
        let mut result = match self.channels {
            // Taken, not shared, so that it is changed in its place.
            Channels::Last => input,
            Channels::Second => self.channels.moved(&input)?,
        };
        convolve::scale(result.elements_mut()?, scale, shift, self.bounds.low, self.bounds.high);
        Ok(vec![self.channels.restored(result)?])
    }

    fn rewrites(&self) -> Option<&dyn Rewrites> {
        Some(self)
    }
}

impl Rewrites for Normalization {
    fn prepared(&self, constants: &[Option<Tensor>]) -> Result<Option<(Rewritten, Vec<usize>)>> {
        let Some(parameters) = constants.iter().skip(1).cloned().collect::<Option<Vec<_>>>() else {
            return Ok(None);
        };
        let are_plain = parameters.iter().all(|parameter| parameter.element() == ElementType::F32);
        if parameters.is_empty() || !are_plain || !self.by_channels {
            return Ok(None);
        }
        let constants = Some(Arc::new(self.factors(&parameters)?));
        Ok(Some((Arc::new(Self { constants, ..self.clone() }), vec![0])))
    }

    fn channels_last(&self, _: usize) -> ChannelsLast {
        match self.constants {
            Some(_) => ChannelsLast::As(Arc::new(Self { channels: Channels::Last, ..self.clone() })),
            None => ChannelsLast::No,
        }
    }

    fn pointwise(&self, _: &[Option<Tensor>]) -> Option<Pointwise> {
        let (scale, shift) = &**self.constants.as_ref().filter(|_| self.bounds.is_none())?;
        Some(Pointwise::Channels { scale: scale.clone(), shift: shift.clone() })
    }

    fn then(&self, next: &Pointwise) -> Option<Rewritten> {
        match next {
            Pointwise::Clamp { low, high } if self.bounds.is_none() && self.constants.is_some() => {
                let bounds = Bounds { low: *low, high: *high };
                Some(Arc::new(Self { bounds, ..self.clone() }))
            }
            _ => None,
        }
    }
}
