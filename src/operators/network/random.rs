//! `RandomNormal`, `RandomNormalLike`, `RandomUniform` and `RandomUniformLike` (ONNX, versions 1 to 22), and `Multinomial` (7 to
//! 22): random numbers.
//!
//! A seed decides the numbers of the first run, and of those that follow; without one they are different each time a model
//! is loaded. They are not onnxruntime's.

use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::{Context as _, Result, bail, ensure};

use super::{Context, Operator, Registration, Shape, own};
use crate::onnx::element_type;
use crate::onnx::pb::NodeProto;
use crate::tensor::{ElementType, Tensor, room};

pub(super) const OPERATORS: &[Registration] = &[
    ("Multinomial", own::<Multinomial>()),
    ("RandomNormal", own::<Random>()),
    ("RandomNormalLike", own::<Random>()),
    ("RandomUniform", own::<Random>()),
    ("RandomUniformLike", own::<Random>()),
];

/// Steele, Lea and Flood's `SplitMix64`.
#[derive(Debug)]
struct Source(AtomicU64);

impl Source {
    fn of(node: &NodeProto) -> Result<Self> {
        Ok(Self(AtomicU64::new(match node.optional::<f32>("seed")? {
            Some(seed) => u64::from(seed.to_bits()),
            None => RandomState::new().hash_one(&node.name),
        })))
    }

    /// The next number from 0 up to, but without, 1.
    #[expect(clippy::cast_precision_loss, reason = "24 bits are exact in single precision")]
    fn unit(&self) -> f32 {
        const STEP: u64 = 0x9e37_79b9_7f4a_7c15;
        let mut bits = self.0.fetch_add(STEP, Ordering::Relaxed).wrapping_add(STEP);
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((bits ^ (bits >> 31)) >> 40) as f32 / 16_777_216.0
    }
}

/// The type that the attribute `dtype` asks for.
fn element(node: &NodeProto) -> Result<Option<ElementType>> {
    let Some(number) = node.optional::<i64>("dtype")? else { return Ok(None) };
    Ok(Some(element_type(i32::try_from(number)?).context("there is no such type of numbers")?))
}

#[derive(Debug)]
enum Distribution {
    Uniform { low: f32, high: f32 },
    Normal { mean: f32, deviation: f32 },
}

/// Numbers of one distribution.
#[derive(Debug)]
struct Random {
    /// Where it is not that of the input.
    shape: Option<Vec<usize>>,
    /// The type of the numbers, where it is not the input's.
    element: Option<ElementType>,
    distribution: Distribution,
    source: Source,
}

impl Random {
    fn element(&self, of_input: ElementType) -> Result<ElementType> {
        let element = self.element.unwrap_or(of_input);
        ensure!(element.is_float(), "random numbers of {element:?} are not drawn");
        Ok(element)
    }

    fn draw(&self) -> f32 {
        match self.distribution {
            Distribution::Uniform { low, high } => low + (high - low) * self.source.unit(),
            Distribution::Normal { mean, deviation } => {
                // Box and Muller's transform of two uniform numbers into a normal one.
                let radius = (-2.0 * (1.0 - self.source.unit()).ln()).sqrt();
                mean + deviation * radius * (std::f32::consts::TAU * self.source.unit()).cos()
            }
        }
    }
}

impl Operator for Random {
    fn parse(_: &Context<'_>, node: &NodeProto) -> Result<Self> {
        let float = |name: &str, default: f32| -> Result<f32> { Ok(node.optional(name)?.unwrap_or(default)) };
        let distribution = if node.op_type.starts_with("RandomNormal") {
            Distribution::Normal { mean: float("mean", 0.0)?, deviation: float("scale", 1.0)? }
        } else {
            Distribution::Uniform { low: float("low", 0.0)?, high: float("high", 1.0)? }
        };
        let is_like = node.op_type.ends_with("Like");
        let shape = if is_like { None } else { Some(node.list::<usize>("shape")?) };
        shape.as_deref().map(room).transpose()?;
        Ok(Self { shape, element: element(node)?, distribution, source: Source::of(node)? })
    }

    fn outputs(&self, inputs: &[Shape]) -> Result<Vec<Shape>> {
        Ok(vec![match (&self.shape, inputs) {
            (Some(shape), _) => {
                (self.element(ElementType::F32)?, shape.iter().copied().map(Into::into).collect())
            }
            (None, [(element, dims)]) => (self.element(*element)?, dims.clone()),
            _ => bail!("expected one input"),
        }])
    }

    fn is_random(&self) -> bool {
        true
    }

    fn eval(&self, inputs: Vec<Tensor>) -> Result<Vec<Tensor>> {
        let (element, shape) = match (&self.shape, inputs.as_slice()) {
            (Some(shape), _) => (ElementType::F32, shape.clone()),
            (None, [input]) => (input.element(), input.shape().to_vec()),
            _ => bail!("expected one input"),
        };
        let drawn = (0..room(&shape)?).map(|_| self.draw()).collect();
        Ok(vec![Tensor::new::<f32>(shape, drawn)?.cast(self.element(element)?)?])
    }
}

/// Classes that are drawn by the logarithms of their shares.
#[derive(Debug)]
struct Multinomial {
    count: usize,
    element: ElementType,
    source: Source,
}

impl Operator for Multinomial {
    fn parse(_: &Context<'_>, node: &NodeProto) -> Result<Self> {
        let element = element(node)?.unwrap_or(ElementType::I32);
        ensure!(
            matches!(element, ElementType::I32 | ElementType::I64),
            "classes are numbered in INT32 or INT64, not in {element:?}"
        );
        let count = node.optional("sample_size")?.unwrap_or(1);
        Ok(Self { count, element, source: Source::of(node)? })
    }

    fn outputs(&self, inputs: &[Shape]) -> Result<Vec<Shape>> {
        let [(element, dims)] = inputs else { bail!("expected one input") };
        let [batch, _] = dims.as_slice() else { bail!("expected a row of shares for each draw") };
        ensure!(element.is_float(), "shares are floats, not {element:?}");
        Ok(vec![(self.element, vec![batch.clone(), self.count.into()])])
    }

    fn is_random(&self) -> bool {
        true
    }

    fn eval(&self, inputs: Vec<Tensor>) -> Result<Vec<Tensor>> {
        let [input] = inputs.as_slice() else { bail!("expected one input") };
        let [batch, classes] = *input.shape() else { bail!("expected a row of shares for each draw") };
        ensure!(classes > 0, "of no classes none is drawn");
        let mut drawn = Vec::with_capacity(room(&[batch, self.count])?);
        for logarithms in input.to_vec::<f64>()?.chunks(classes) {
            let greatest = logarithms.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            let mut sum = 0.0;
            let sums = logarithms.iter().map(|logarithm| {
                sum += (logarithm - greatest).exp();
                sum
            });
            let sums: Vec<f64> = sums.collect();
            for _ in 0..self.count {
                let place = f64::from(self.source.unit()) * sum;
                let class = sums.iter().position(|sum| place < *sum).unwrap_or(classes - 1);
                drawn.push(i64::try_from(class)?);
            }
        }
        Ok(vec![Tensor::new(vec![batch, self.count], drawn)?.cast(self.element)?])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::onnx::build::{self, Value};

    fn parsed<O: Operator>(operator: &str, attributes: Vec<(&str, Value)>) -> O {
        let mut node = build::node(operator, Vec::<String>::new(), "y");
        node.attribute.extend(attributes.into_iter().map(|(name, value)| build::attribute(name, value)));
        O::parse(&Context { opset: 22, inputs: &[] }, &node).unwrap()
    }

    fn numbers(operator: &impl Operator, inputs: Vec<Tensor>) -> Vec<f64> {
        operator.eval(inputs).unwrap()[0].to_vec().unwrap()
    }

    #[test]
    fn a_seed_decides_all_numbers_that_follow() {
        let attributes = || vec![("shape", Value::Ints(vec![1000])), ("seed", Value::Float(3.0))];
        let one: Random = parsed("RandomNormal", attributes());
        let other: Random = parsed("RandomNormal", attributes());
        let drawn = numbers(&one, Vec::new());
        assert_eq!(drawn, numbers(&other, Vec::new()));
        let next = numbers(&one, Vec::new());
        assert_ne!(drawn, next);
        assert_eq!(next, numbers(&other, Vec::new()));
        let mean = drawn.iter().sum::<f64>() / 1000.0;
        let deviation = drawn.iter().map(|number| (number - mean).powi(2)).sum::<f64>() / 1000.0;
        assert!(mean.abs() < 0.1 && (deviation - 1.0).abs() < 0.15, "{mean} {deviation}");
        let uniform: Random = parsed("RandomUniform", attributes());
        assert!(numbers(&uniform, Vec::new()).iter().all(|number| (0.0..1.0).contains(number)));
    }

    #[test]
    fn classes_are_drawn_by_their_shares() {
        let attributes = vec![("sample_size", Value::Int(4000)), ("seed", Value::Float(1.0))];
        let drawn: Multinomial = parsed("Multinomial", attributes);
        let shares = [0.5_f32, 0.0, 0.3, 0.2];
        let logarithms = shares.iter().map(|share| share.ln() + 7.0).collect();
        let classes = numbers(&drawn, vec![Tensor::new::<f32>(vec![1, 4], logarithms).unwrap()]);
        for (class, share) in (0_u8..).zip(shares) {
            let count = classes.iter().filter(|drawn| **drawn == f64::from(class)).count();
            let found = f64::from(u32::try_from(count).unwrap()) / 4000.0;
            assert!((found - f64::from(share)).abs() < 0.03, "{found} of class {class}");
        }
    }
}
