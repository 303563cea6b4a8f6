//! `LinearClassifier` and `LinearRegressor` of ai.onnx.ml 1: a weighted sum of the features for every class or target.
//!
//! tract's refuse the transforms PROBIT and SOFTMAX_ZERO. Where the standard is silent (two classes with the weights of
//! one), onnxruntime's behaviour is the model.

use crate::onnx::pb::NodeProto;
use anyhow::{Result, ensure};
use predictql_kernels::elementwise::{Arithmetic, Elements as _};
use predictql_kernels::matmul::Factor as _;

use crate::tensor::{ElementType, Tensor};

use super::class_labels::ClassLabels;
use super::post_transform::PostTransform;
use super::{Context, Dim, Operator, Shape, feature_matrix, only};

#[derive(Debug)]
pub(super) struct LinearClassifier {
    labels: ClassLabels,
    sums: Sums,
    post_transform: PostTransform,
}

#[derive(Debug)]
pub(super) struct LinearRegressor {
    sums: Sums,
    post_transform: PostTransform,
}

/// Weighted sums of the same features.
#[derive(Debug)]
struct Sums {
    /// The weights for all sums of one feature after the other.
    coefficients: Vec<f32>,
    intercepts: Vec<f32>,
    features: usize,
}

impl Operator for LinearClassifier {
    fn parse(_: &Context<'_>, node: &NodeProto) -> Result<Self> {
        let labels = ClassLabels::parse(node, "classlabels_ints")?;
        let sums = Sums::parse(node, labels.count())?;
        let count = sums.intercepts.len();
        ensure!(
            count == labels.count() || (count == 1 && labels.count() == 2),
            "{count} intercepts do not fit {} labels",
            labels.count()
        );
        Ok(Self { labels, sums, post_transform: PostTransform::parse(node)? })
    }

    fn outputs(&self, inputs: &[Shape]) -> Result<Vec<Shape>> {
        let rows = self.sums.rows(inputs)?;
        Ok(vec![
            (self.labels.element(), vec![rows.clone()]),
            (ElementType::F32, vec![rows, self.labels.count().into()]),
        ])
    }

    fn eval(&self, inputs: Vec<Tensor>) -> Result<Vec<Tensor>> {
        let (rows, mut sums) = self.sums.run(only(&inputs)?)?;
        let count = self.sums.intercepts.len();
        let classes: Vec<usize>;
        // One sum tells two classes apart by its sign.
        if count == 1 && self.labels.count() == 2 {
            classes = sums.iter().map(|sum| usize::from(*sum > 0.0)).collect();
            let pair = |sum: f32| <[f32; 2]>::from(self.post_transform.of_one(sum, 1.0 - sum));
            sums = sums.into_iter().flat_map(pair).collect();
        } else {
            classes = sums.chunks(count).map(largest).collect();
            self.post_transform.apply_to_rows(&mut sums, count);
        }
        let scores = Tensor::new(vec![rows, self.labels.count()], sums)?;
        Ok(vec![self.labels.of_classes(&classes)?, scores])
    }
}

/// The first of the classes with the largest score.
fn largest(scores: &[f32]) -> usize {
    let mut best = (0, f32::NEG_INFINITY);
    for (class, score) in scores.iter().enumerate() {
        if *score > best.1 {
            best = (class, *score);
        }
    }
    best.0
}

impl Operator for LinearRegressor {
    fn parse(_: &Context<'_>, node: &NodeProto) -> Result<Self> {
        let targets = node.optional("targets")?.unwrap_or(1);
        let sums = Sums::parse(node, targets)?;
        let count = sums.intercepts.len();
        ensure!(count == targets, "{count} intercepts do not fit {targets} targets");
        Ok(Self { sums, post_transform: PostTransform::parse(node)? })
    }

    fn outputs(&self, inputs: &[Shape]) -> Result<Vec<Shape>> {
        let rows = self.sums.rows(inputs)?;
        Ok(vec![(ElementType::F32, vec![rows, self.sums.intercepts.len().into()])])
    }

    fn eval(&self, inputs: Vec<Tensor>) -> Result<Vec<Tensor>> {
        let targets = self.sums.intercepts.len();
        let (rows, mut sums) = self.sums.run(only(&inputs)?)?;
        self.post_transform.apply_to_targets(&mut sums, targets);
        Ok(vec![Tensor::new(vec![rows, targets], sums)?])
    }
}

impl Sums {
    /// Reads the attributes; without intercepts, there are `count` sums.
    fn parse(node: &NodeProto, count: usize) -> Result<Self> {
        let coefficients = node.required::<Vec<f32>>("coefficients")?;
        let intercepts: Vec<f32> = node.list("intercepts")?;
        // Absent intercepts are zero.
        let intercepts = if intercepts.is_empty() { vec![0.0; count] } else { intercepts };
        let count = intercepts.len();
        ensure!(
            count > 0 && !coefficients.is_empty() && coefficients.len().is_multiple_of(count),
            "{} coefficients do not fit {count} sums",
            coefficients.len()
        );
        let features = coefficients.len() / count;
        let of_feature = |feature| coefficients.iter().skip(feature).step_by(features).copied();
        let coefficients = (0..features).flat_map(of_feature).collect();
        Ok(Self { coefficients, intercepts, features })
    }

    /// The rows of the only input, which must have the features that the weights are for.
    fn rows(&self, inputs: &[Shape]) -> Result<Dim> {
        feature_matrix::declared_rows(inputs, self.features)
    }

    /// The number of rows of `input`, and the sums of one row after the other.
    fn run(&self, input: &Tensor) -> Result<(usize, Vec<f32>)> {
        let input = input.cast(ElementType::F32)?;
        let rows = feature_matrix::rows(&input, self.features)?;
        let count = self.intercepts.len();
        let mut sums = vec![0.0; rows * count];
        f32::multiply(input.elements()?, &self.coefficients, self.features, count, &mut sums);
        f32::combine(Arithmetic::Add, &mut sums, &self.intercepts);
        Ok((rows, sums))
    }
}
