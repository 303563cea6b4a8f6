//! `RandomUniformLike` and `RandomNormalLike` of ai.onnx 1 and 22: random numbers in the shape of the input.
//!
//! tract tells them from those that take a shape by the name of the node instead of the operator.

use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicU64, Ordering};

use tract_onnx::model::ParsingContext;
use tract_onnx::pb::NodeProto;
use tract_onnx::pb::tensor_proto::DataType;
use tract_onnx::tract_hir::internal::{DatumType, TValue, TVec, Tensor, TractResult, bail, tvec};

use super::{Operator, Shape, from_floats, input};

#[derive(Debug)]
pub(super) struct RandomLike {
    /// The type of the numbers, where it is not the input's.
    element: Option<DatumType>,
    distribution: Distribution,
    state: AtomicU64,
}

#[derive(Debug, Clone, Copy)]
enum Distribution {
    Uniform { low: f32, high: f32 },
    Normal { mean: f32, deviation: f32 },
}

impl Operator for RandomLike {
    fn parse(_: &ParsingContext<'_>, node: &NodeProto) -> TractResult<Self> {
        let float = |name: &str, default: f32| -> TractResult<f32> {
            Ok(node.get_attr_opt(name)?.unwrap_or(default))
        };
        let distribution = match node.op_type.as_str() {
            "RandomNormalLike" => {
                Distribution::Normal { mean: float("mean", 0.0)?, deviation: float("scale", 1.0)? }
            }
            _ => Distribution::Uniform { low: float("low", 0.0)?, high: float("high", 1.0)? },
        };
        let element = match node.get_attr_opt::<i32>("dtype")? {
            Some(element) => Some(DataType::try_from(element)?.try_into()?),
            None => None,
        };
        let seed = match node.get_attr_opt::<f32>("seed")? {
            Some(seed) => u64::from(seed.to_bits()),
            None => RandomState::new().hash_one(&node.name),
        };
        Ok(Self { element, distribution, state: AtomicU64::new(seed) })
    }

    fn outputs(&self, inputs: &[Shape]) -> TractResult<TVec<Shape>> {
        let [(element, shape)] = inputs else { bail!("expected one input") };
        Ok(tvec!((self.element.unwrap_or(*element), shape.clone())))
    }

    fn is_pure(&self) -> bool {
        false
    }

    fn eval(&self, inputs: &[TValue]) -> TractResult<TVec<Tensor>> {
        let x = input(inputs, 0)?;
        let draw = |_| match self.distribution {
            Distribution::Uniform { low, high } => low + (high - low) * self.unit(),
            Distribution::Normal { mean, deviation } => {
                // Box and Muller's transform of two uniform numbers into a normal one.
                let radius = (-2.0 * (1.0 - self.unit()).ln()).sqrt();
                mean + deviation * radius * (std::f32::consts::TAU * self.unit()).cos()
            }
        };
        let drawn: Vec<f32> = (0..x.len()).map(draw).collect();
        Ok(tvec!(from_floats(&drawn, self.element.unwrap_or(x.datum_type()), x.shape())?))
    }
}

impl RandomLike {
    /// The next number from 0 up to, but without, 1: Steele, Lea and Flood's SplitMix64.
    #[expect(clippy::cast_precision_loss, reason = "24 bits are exact in single precision")]
    fn unit(&self) -> f32 {
        const STEP: u64 = 0x9e37_79b9_7f4a_7c15;
        let mut bits = self.state.fetch_add(STEP, Ordering::Relaxed).wrapping_add(STEP);
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((bits ^ (bits >> 31)) >> 40) as f32 / 16_777_216.0
    }
}
