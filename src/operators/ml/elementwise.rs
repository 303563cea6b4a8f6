//! `Binarizer`, `Imputer` and `Scaler` of ai.onnx.ml 1: each element by itself.

use tract_onnx::model::ParsingContext;
use tract_onnx::pb::NodeProto;
use tract_onnx::tract_hir::internal::{
    Datum, DatumType, TValue, TVec, Tensor, TractResult, bail, ensure, tvec,
};

use super::values::{each, only, same};
use super::{Operator, Shape};

/// One for what lies above the threshold, zero for the rest.
#[derive(Debug)]
pub(super) struct Binarizer {
    threshold: f64,
}

impl Operator for Binarizer {
    fn parse(_: &ParsingContext<'_>, node: &NodeProto) -> TractResult<Self> {
        Ok(Self { threshold: node.get_attr_opt::<f32>("threshold")?.unwrap_or(0.0).into() })
    }

    fn outputs(&self, inputs: &[Shape]) -> TractResult<TVec<Shape>> {
        Ok(tvec!(same(inputs)?))
    }

    fn eval(&self, inputs: &[TValue]) -> TractResult<TVec<Tensor>> {
        Ok(tvec!(each::<f64>(inputs, |_, value| f64::from(u8::from(value > self.threshold)))?))
    }
}

/// Another value in place of the one that stands for what is missing: every feature's own, or one for all.
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
    fn parse(_: &ParsingContext<'_>, node: &NodeProto) -> TractResult<Self> {
        let floats: Vec<f32> = node.get_attr_opt_vec("imputed_value_floats")?.unwrap_or_default();
        let ints: Vec<i64> = node.get_attr_opt_vec("imputed_value_int64s")?.unwrap_or_default();
        Ok(Self {
            floats: Imputed {
                missing: node.get_attr_opt::<f32>("replaced_value_float")?.unwrap_or_default().into(),
                values: floats.into_iter().map(f64::from).collect(),
            },
            ints: Imputed {
                missing: node.get_attr_opt("replaced_value_int64")?.unwrap_or_default(),
                values: ints,
            },
        })
    }

    fn outputs(&self, inputs: &[Shape]) -> TractResult<TVec<Shape>> {
        Ok(tvec!(same(inputs)?))
    }

    fn eval(&self, inputs: &[TValue]) -> TractResult<TVec<Tensor>> {
        let floats = only(inputs)?.datum_type().is_float();
        Ok(tvec!(if floats { self.floats.fill(inputs) } else { self.ints.fill(inputs) }?))
    }
}

impl<T: Datum + Copy + PartialOrd> Imputed<T> {
    fn fill(&self, inputs: &[TValue]) -> TractResult<Tensor> {
        let width = only(inputs)?.shape().last().copied().unwrap_or(1);
        let Some(first) = self.values.first() else { bail!("there is nothing to impute in this type") };
        let own = self.values.len() == width;
        let is_nan = |value: T| value.partial_cmp(&value).is_none();
        let missing = |value: T| value == self.missing || (is_nan(value) && is_nan(self.missing));
        each(inputs, |place, value| match missing(value) {
            true if own => self.values.get(place).copied().unwrap_or(*first),
            true => *first,
            false => value,
        })
    }
}

/// `(x - offset) * scale`, one value of each for all features or one for every feature.
#[derive(Debug)]
pub(super) struct Scaler {
    offset: Vec<f32>,
    scale: Vec<f32>,
}

impl Operator for Scaler {
    fn parse(_: &ParsingContext<'_>, node: &NodeProto) -> TractResult<Self> {
        let offset: Vec<f32> = node.get_attr_vec("offset")?;
        let scale: Vec<f32> = node.get_attr_vec("scale")?;
        ensure!(offset.len() == scale.len(), "{} offsets do not fit {} scales", offset.len(), scale.len());
        ensure!(!offset.is_empty(), "there is no offset");
        Ok(Self { offset, scale })
    }

    fn outputs(&self, inputs: &[Shape]) -> TractResult<TVec<Shape>> {
        let (_, shape) = only(inputs)?;
        if let (Some(Ok(features)), true) = (shape.last().map(|dim| dim.to_i64()), self.offset.len() > 1) {
            ensure!(
                features == self.offset.len() as i64,
                "{features} features do not fit {} offsets",
                self.offset.len()
            );
        }
        Ok(tvec!((DatumType::F32, shape.clone())))
    }

    fn eval(&self, inputs: &[TValue]) -> TractResult<TVec<Tensor>> {
        let input = only(inputs)?;
        if input.datum_type() == DatumType::F64 {
            let of = |list: &[f32], place: usize| {
                f64::from(list.get(place).or(list.first()).copied().unwrap_or_default())
            };
            let scaled =
                each::<f64>(inputs, |place, x| (x - of(&self.offset, place)) * of(&self.scale, place))?;
            return Ok(tvec!(scaled.cast_to::<f32>()?.into_owned()));
        }
        let mut output = input.cast_to::<f32>()?.into_owned();
        let mut view = output.try_as_plain_ram_mut()?;
        let values = view.as_slice_mut::<f32>()?;
        if let ([offset], [scale]) = (self.offset.as_slice(), self.scale.as_slice()) {
            values.iter_mut().for_each(|x| *x = (*x - offset) * scale);
        } else {
            for row in values.chunks_mut(self.offset.len()) {
                for ((x, offset), scale) in row.iter_mut().zip(&self.offset).zip(&self.scale) {
                    *x = (*x - offset) * scale;
                }
            }
        }
        Ok(tvec!(output))
    }
}
