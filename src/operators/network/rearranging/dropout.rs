//! `predictql.Dropout`: the `Dropout` (12 to 22) of a model that may learn. What it then drops is drawn, which is no prediction:
//! it runs where it learns nothing or drops nothing.

use anyhow::{Context as _, Result, bail, ensure};

use super::{Context, Operator, Shape};
use crate::onnx::pb::NodeProto;
use crate::tensor::{ElementType, Tensor};

#[derive(Debug)]
pub(super) struct Dropout;

impl Operator for Dropout {
    fn parse(_: &Context<'_>, _: &NodeProto) -> Result<Self> {
        Ok(Self)
    }

    fn outputs(&self, inputs: &[Shape]) -> Result<Vec<Shape>> {
        let [values, _, (ElementType::Bool, _)] = inputs else {
            bail!("expected values, how many are dropped, and whether it learns")
        };
        Ok(vec![values.clone(), (ElementType::Bool, values.1.clone())])
    }

    fn eval(&self, inputs: Vec<Tensor>) -> Result<Vec<Tensor>> {
        let [values, share, learns] = inputs.as_slice() else { bail!("expected three inputs") };
        let learns = learns.elements::<bool>()?.first().context("it learns or not")?;
        let share = share.to_vec::<f64>()?.first().copied().context("a share is dropped")?;
        ensure!(!learns || share == 0.0, "a Dropout that learns makes no predictions");
        let mask = Tensor::new(values.shape().to_vec(), vec![true; values.len()])?;
        Ok(vec![values.clone(), mask])
    }
}
