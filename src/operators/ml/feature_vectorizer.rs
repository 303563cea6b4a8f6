//! `FeatureVectorizer` of ai.onnx.ml 1: puts its inputs side by side into one matrix of floats.

use crate::onnx::pb::NodeProto;
use anyhow::{Result, bail, ensure};

use crate::tensor::{ElementType, Tensor};

use super::{Context, Operator, Shape};

#[derive(Debug)]
pub(super) struct FeatureVectorizer {
    /// Features of each input.
    dimensions: Vec<usize>,
}

impl Operator for FeatureVectorizer {
    fn parse(_: &Context<'_>, node: &NodeProto) -> Result<Self> {
        let dimensions: Vec<usize> = node.required("inputdimensions")?;
        ensure!(dimensions.len() == node.input.len(), "as many dimensions as inputs are needed");
        let width = dimensions.iter().try_fold(0_usize, |all, features| all.checked_add(*features));
        ensure!(width.is_some(), "there are too many features");
        Ok(Self { dimensions })
    }

    fn outputs(&self, inputs: &[Shape]) -> Result<Vec<Shape>> {
        ensure!(inputs.len() == self.dimensions.len(), "as many inputs as dimensions are needed");
        for ((_, shape), features) in inputs.iter().zip(&self.dimensions) {
            let found = match shape.as_slice() {
                [_] => 1.into(),
                [_, features] => features.clone(),
                other => bail!("expected a matrix, found rank {}", other.len()),
            };
            ensure!(
                found.known().is_none_or(|found| found == *features),
                "expected {features} features, found {found}"
            );
        }
        let rows = inputs.first().and_then(|(_, shape)| shape.first());
        let Some(rows) = rows.cloned() else { bail!("expected an input") };
        let features: usize = self.dimensions.iter().sum();
        Ok(vec![(ElementType::F32, vec![rows, features.into()])])
    }

    #[expect(clippy::indexing_slicing, reason = "rows are as long as the features of all inputs together")]
    fn eval(&self, inputs: Vec<Tensor>) -> Result<Vec<Tensor>> {
        ensure!(inputs.len() == self.dimensions.len(), "as many inputs as dimensions are needed");
        let rows = inputs.first().and_then(|input| input.shape().first());
        let Some(&rows) = rows else { bail!("expected an input") };
        for (input, &features) in inputs.iter().zip(&self.dimensions) {
            ensure!(
                rows.checked_mul(features) == Some(input.len()),
                "expected {features} features, found shape {:?}",
                input.shape()
            );
        }
        let width: usize = self.dimensions.iter().sum();
        let mut output = Tensor::zeros(ElementType::F32, &[rows, width])?;
        let values = output.elements_mut::<f32>()?;
        let mut start = 0;
        for (input, &features) in inputs.iter().zip(&self.dimensions) {
            let input = input.cast(ElementType::F32)?;
            let from = input.elements::<f32>()?.chunks(features.max(1));
            for (row, from) in values.chunks_mut(width.max(1)).zip(from) {
                row[start..start + features].copy_from_slice(from);
            }
            start += features;
        }
        Ok(vec![output])
    }
}
