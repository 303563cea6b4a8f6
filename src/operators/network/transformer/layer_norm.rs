//! `LayerNormalization` (17), `RMSNormalization` (23) and onnxruntime's `SimplifiedLayerNormalization`.

use anyhow::{Context as _, Result, bail, ensure};
use predictql_kernels::norm::Norm;

use super::{Context, Dim, ElementType, Operator, Shape, Tensor, broadcast, resolve_axis};
use crate::onnx::pb::NodeProto;

/// Every row, which are the axes from one on, with a mean of zero and a variance of one; then scaled and shifted.
#[derive(Debug)]
pub(super) struct LayerNorm {
    axis: i64,
    epsilon: f32,
    /// Whether the mean is taken away before.
    centers: bool,
}

impl Operator for LayerNorm {
    fn parse(_: &Context<'_>, node: &NodeProto) -> Result<Self> {
        let (_, name) = node.op_type.rsplit_once('.').unwrap_or(("", &node.op_type));
        Ok(Self {
            axis: node.optional("axis")?.unwrap_or(-1),
            epsilon: node.optional("epsilon")?.unwrap_or(1e-5),
            centers: name == "LayerNormalization",
        })
    }

    fn outputs(&self, inputs: &[Shape]) -> Result<Vec<Shape>> {
        let Some(((element, dims), parameters)) = inputs.split_first() else { bail!("expected an input") };
        ensure!(matches!(parameters.len(), 1 | 2), "a normalisation has a scale, and perhaps a bias");
        let axis = resolve_axis(self.axis, dims.len())?;
        let (outer, row) = dims.split_at_checked(axis).context("there is such an axis")?;
        for (other, parameter) in parameters {
            ensure!(element == other && element.is_float(), "{element:?} is not normalised here");
            let fits =
                |(own, dim): (&Dim, &Dim)| own.known().zip(dim.known()).is_none_or(|(a, b)| a == 1 || a == b);
            let fits = parameter.len() <= row.len() && parameter.iter().rev().zip(row.iter().rev()).all(fits);
            ensure!(fits, "every number of a row has a scale");
        }
        let ones = std::iter::repeat_n(Dim::from(1), row.len());
        let moments = (ElementType::F32, outer.iter().cloned().chain(ones).collect());
        let first = (*element, dims.clone());
        Ok(if self.centers { vec![first, moments.clone(), moments] } else { vec![first, moments] })
    }

    fn eval(&self, inputs: Vec<Tensor>) -> Result<Vec<Tensor>> {
        let mut inputs = inputs.into_iter();
        let (Some(mut values), Some(scale)) = (inputs.next(), inputs.next()) else {
            bail!("expected an input and a scale")
        };
        let bias = inputs.next();
        let axis = resolve_axis(self.axis, values.rank())?;
        let mut shape = values.shape().to_vec();
        let (outer, row) = shape.split_at_mut_checked(axis).context("there is such an axis")?;
        let parameter = |tensor: &Tensor| broadcast::expand(tensor, row);
        let (scale, bias) = (parameter(&scale)?, bias.as_ref().map(parameter).transpose()?);
        row.fill(1);
        let mut moments = vec![[0.0; 2]; outer.iter().product()];
        if values.element() == ElementType::F64 {
            let bias = bias.as_ref().map_or(Ok(&[][..]), Tensor::elements::<f64>)?;
            self.wide(values.elements_mut()?, scale.elements()?, bias, &mut moments);
        } else {
            let bias = bias.as_ref().map_or(Ok(&[][..]), Tensor::elements::<f32>)?;
            let norm = Norm { scale: scale.elements()?, bias, epsilon: self.epsilon, centers: self.centers };
            norm.apply(values.elements_mut()?, &mut moments);
        }
        let factors = Tensor::new(shape.clone(), moments.iter().map(|[_, factor]| *factor).collect())?;
        if !self.centers {
            return Ok(vec![values, factors]);
        }
        let means = Tensor::new(shape, moments.iter().map(|[mean, _]| *mean).collect())?;
        Ok(vec![values, means, factors])
    }
}

impl LayerNorm {
    /// As [`Norm::apply`], with double precision.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_precision_loss,
        reason = "moments are given with single precision, and rows are shorter than floats count"
    )]
    fn wide(&self, values: &mut [f64], scale: &[f64], bias: &[f64], moments: &mut [[f32; 2]]) {
        let length = scale.len().max(1);
        for (row, moments) in values.chunks_exact_mut(length).zip(moments) {
            let mean = if self.centers { row.iter().sum::<f64>() / length as f64 } else { 0.0 };
            let variance = row.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>() / length as f64;
            let factor = 1.0 / (variance + f64::from(self.epsilon)).sqrt();
            for (place, (x, scale)) in row.iter_mut().zip(scale).enumerate() {
                // Default: without a bias nothing is added.
                *x = (*x - mean) * factor * scale + bias.get(place).copied().unwrap_or(0.0);
            }
            *moments = [mean as f32, factor as f32];
        }
    }
}
