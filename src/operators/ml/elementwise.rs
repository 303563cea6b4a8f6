//! `Binarizer`, `Imputer` and `Scaler` of ai.onnx.ml 1: every element by itself.
//!
//! They take float64 and integers as well as float32; where the standard is silent, onnxruntime's behaviour is the model.

use crate::onnx::pb::NodeProto;
use anyhow::{Result, bail, ensure};

use crate::tensor::{Element, ElementType, Tensor};

use super::{Columns, Context, Dim, Operator, Shape, map_elements, only, row_length};

/// Gives 1 for elements above the threshold and 0 for all others.
#[derive(Debug)]
pub(super) struct Binarizer {
    threshold: f64,
}

impl Operator for Binarizer {
    fn parse(_: &Context<'_>, node: &NodeProto) -> Result<Self> {
        Ok(Self { threshold: node.optional::<f32>("threshold")?.unwrap_or(0.0).into() })
    }

    fn outputs(&self, inputs: &[Shape]) -> Result<Vec<Shape>> {
        Ok(vec![only(inputs)?.clone()])
    }

    fn columns(&self) -> Columns {
        Columns::Own
    }

    fn eval(&self, inputs: Vec<Tensor>) -> Result<Vec<Tensor>> {
        let binarize = |_, value| f64::from(u8::from(value > self.threshold));
        Ok(vec![map_elements::<f64>(&inputs, binarize)?])
    }
}

/// Replaces the value that marks missing elements: by one value for each feature, or by one for all of them.
#[derive(Debug)]
pub(super) struct Imputer {
    floats: Imputed<f64>,
    ints: Imputed<i64>,
}

#[derive(Debug)]
struct Imputed<T> {
    missing: T,
    values: Vec<T>,
}

impl Operator for Imputer {
    fn parse(_: &Context<'_>, node: &NodeProto) -> Result<Self> {
        let floats: Vec<f32> = node.list("imputed_value_floats")?;
        Ok(Self {
            floats: Imputed {
                missing: node.optional::<f32>("replaced_value_float")?.unwrap_or(0.0).into(),
                values: floats.into_iter().map(f64::from).collect(),
            },
            ints: Imputed {
                missing: node.optional("replaced_value_int64")?.unwrap_or(0),
                values: node.list("imputed_value_int64s")?,
            },
        })
    }

    fn outputs(&self, inputs: &[Shape]) -> Result<Vec<Shape>> {
        Ok(vec![only(inputs)?.clone()])
    }

    fn columns(&self) -> Columns {
        Columns::Own
    }

    fn eval(&self, inputs: Vec<Tensor>) -> Result<Vec<Tensor>> {
        let floats = only(&inputs)?.element().is_float();
        Ok(vec![if floats { self.floats.fill(&inputs) } else { self.ints.fill(&inputs) }?])
    }
}

impl<T: Element + Copy + PartialOrd> Imputed<T> {
    #[expect(
        clippy::indexing_slicing,
        reason = "with a value for each feature, features are below their number"
    )]
    fn fill(&self, inputs: &[Tensor]) -> Result<Tensor> {
        let width = row_length(only(inputs)?.shape());
        let Some(first) = self.values.first() else { bail!("there are no values to impute for this type") };
        // As in onnxruntime: a list of any other length than the number of features gives its first value to all.
        let per_feature = self.values.len() == width;
        let is_nan = |value: T| value.partial_cmp(&value).is_none();
        let is_missing = |value: T| value == self.missing || (is_nan(value) && is_nan(self.missing));
        map_elements(inputs, |feature, value| {
            if !is_missing(value) {
                value
            } else if per_feature {
                self.values[feature]
            } else {
                *first
            }
        })
    }
}

/// `(x - offset) * scale`, with one offset and scale for all features or one for each.
#[derive(Debug)]
pub(super) struct Scaler {
    offset: Vec<f32>,
    scale: Vec<f32>,
}

impl Operator for Scaler {
    fn parse(_: &Context<'_>, node: &NodeProto) -> Result<Self> {
        let offset: Vec<f32> = node.required("offset")?;
        let scale: Vec<f32> = node.required("scale")?;
        ensure!(offset.len() == scale.len(), "{} offsets do not fit {} scales", offset.len(), scale.len());
        ensure!(!offset.is_empty(), "there is no offset");
        Ok(Self { offset, scale })
    }

    fn outputs(&self, inputs: &[Shape]) -> Result<Vec<Shape>> {
        let (_, shape) = only(inputs)?;
        if let Some(features) = shape.last().and_then(Dim::known) {
            ensure!(
                self.offset.len() == 1 || features == self.offset.len(),
                "{features} features do not fit {} offsets",
                self.offset.len()
            );
        }
        Ok(vec![(ElementType::F32, shape.clone())])
    }

    fn columns(&self) -> Columns {
        Columns::Own
    }

    #[expect(clippy::indexing_slicing, reason = "there is one offset, or one for each feature of a row")]
    fn eval(&self, inputs: Vec<Tensor>) -> Result<Vec<Tensor>> {
        let input = only(&inputs)?;
        let width = row_length(input.shape());
        let count = self.offset.len();
        ensure!(count == 1 || count == width, "{width} features do not fit {count} offsets");
        if input.element() == ElementType::F64 {
            let scaled = map_elements::<f64>(&inputs, |feature, x| {
                let index = if count == 1 { 0 } else { feature };
                (x - f64::from(self.offset[index])) * f64::from(self.scale[index])
            })?;
            return Ok(vec![scaled.cast(ElementType::F32)?]);
        }
        let mut output = input.cast(ElementType::F32)?;
        let values = output.elements_mut::<f32>()?;
        if let ([offset], [scale]) = (self.offset.as_slice(), self.scale.as_slice()) {
            values.iter_mut().for_each(|x| *x = (*x - offset) * scale);
        } else {
            for row in values.chunks_mut(width) {
                for ((x, offset), scale) in row.iter_mut().zip(&self.offset).zip(&self.scale) {
                    *x = (*x - offset) * scale;
                }
            }
        }
        Ok(vec![output])
    }
}
