//! `PRelu` (7 to 16): what is below zero is multiplied by a slope.

use anyhow::{Result, bail, ensure};

use super::broadcast::{self, each, zip};
use super::{ChannelsLast, Context, Operator, Rewrites, Shape};
use crate::onnx::pb::NodeProto;
use crate::tensor::{ElementType, Tensor};

#[derive(Debug)]
pub(super) struct PRelu;

impl Operator for PRelu {
    fn parse(_: &Context<'_>, _: &NodeProto) -> Result<Self> {
        Ok(Self)
    }

    fn outputs(&self, inputs: &[Shape]) -> Result<Vec<Shape>> {
        let [(element, dims), (other, slopes)] = inputs else { bail!("expected values and slopes") };
        ensure!(
            element == other && (element.is_float() || element.is_integer()),
            "values of {element:?} and slopes of {other:?} do not go together"
        );
        Ok(vec![(*element, broadcast::dims([dims, slopes])?)])
    }

    fn eval(&self, inputs: Vec<Tensor>) -> Result<Vec<Tensor>> {
        let [values, slopes] = inputs.as_slice() else { bail!("expected values and slopes") };
        Ok(vec![match values.element() {
            ElementType::F32 => {
                zip(values, slopes, &each(|x: &f32, slope: &f32| if *x < 0.0 { x * slope } else { *x }))?
            }
            ElementType::F64 => {
                zip(values, slopes, &each(|x: &f64, slope: &f64| if *x < 0.0 { x * slope } else { *x }))?
            }
            // Nothing is below zero.
            ElementType::U64 => zip(values, slopes, &each(|x: &u64, _: &u64| *x))?,
            element => {
                let (values, slopes) = (values.cast(ElementType::I64)?, slopes.cast(ElementType::I64)?);
                let bent = |x: &i64, slope: &i64| if *x < 0 { x.wrapping_mul(*slope) } else { *x };
                zip(&values, &slopes, &each(bent))?.cast(element)?
            }
        }])
    }

    fn rewrites(&self) -> Option<&dyn Rewrites> {
        Some(self)
    }
}

impl Rewrites for PRelu {
    fn channels_last(&self, _: usize) -> ChannelsLast {
        ChannelsLast::Same
    }
}
