//! `LinearClassifier` and `LinearRegressor` of ai.onnx.ml 1: a weighted sum of the features for every class or target.
//!
//! tract's refuse the transforms PROBIT and SOFTMAX_ZERO. Where the standard is silent (two classes with the weights of
//! one), onnxruntime's behaviour is the model.

use crate::onnx::pb::NodeProto;
use anyhow::{Result, ensure};

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
    /// The weights of all features for one sum after the other.
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
        let mut classes = Vec::new();
        let scores = self
            .sums
            .run(only(&inputs)?, self.labels.count(), |scores| classes.push(self.classify(scores)))?;
        Ok(vec![self.labels.of_classes(&classes)?, scores])
    }
}

impl LinearClassifier {
    /// Turns the sums of one row into scores, in place, and returns the predicted class.
    fn classify(&self, scores: &mut [f32]) -> usize {
        // One sum tells two classes apart by its sign.
        if let (1, [first, second]) = (self.sums.intercepts.len(), &mut *scores) {
            let sum = *first;
            (*first, *second) = self.post_transform.of_one(sum, 1.0 - sum);
            return usize::from(sum > 0.0);
        }
        let mut best = (0, f32::NEG_INFINITY);
        for (class, sum) in scores.iter().enumerate() {
            if *sum > best.1 {
                best = (class, *sum);
            }
        }
        self.post_transform.apply(scores);
        best.0
    }
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
        let transform = |sums: &mut [f32]| self.post_transform.apply_to_targets(sums);
        Ok(vec![self.sums.run(only(&inputs)?, targets, transform)?])
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
        Ok(Self { coefficients, intercepts, features })
    }

    /// The rows of the only input, which must have the features that the weights are for.
    fn rows(&self, inputs: &[Shape]) -> Result<Dim> {
        feature_matrix::declared_rows(inputs, self.features)
    }

    /// A row of `width` numbers for every row of `input`: the sums, which `finish` then changes. `width` is the number
    /// of sums, or 2 where one sum tells two classes apart.
    fn run(&self, input: &Tensor, width: usize, mut finish: impl FnMut(&mut [f32])) -> Result<Tensor> {
        feature_matrix::map_rows(input, self.features, width, |values, output| {
            let weights = self.coefficients.chunks(self.features).zip(&self.intercepts);
            for (sum, (weights, intercept)) in output.iter_mut().zip(weights) {
                *sum = dot(values, weights) + intercept;
            }
            finish(output);
        })
    }
}

/// The scalar product.
pub(super) fn dot(left: &[f32], right: &[f32]) -> f32 {
    sum(left, right, |left, right| left * right)
}

/// The sum of a term for each pair of elements; `left` and `right` are equally long. Four sums side by side fit a vector
/// register. They are written out, since the compiler unrolls nothing where it optimises for size.
pub(super) fn sum(left: &[f32], right: &[f32], term: impl Fn(f32, f32) -> f32) -> f32 {
    let (left, left_rest) = left.as_chunks::<4>();
    let (right, right_rest) = right.as_chunks::<4>();
    let (mut first, mut second, mut third, mut fourth) = (0.0, 0.0, 0.0, 0.0);
    for ([l1, l2, l3, l4], [r1, r2, r3, r4]) in left.iter().zip(right) {
        first += term(*l1, *r1);
        second += term(*l2, *r2);
        third += term(*l3, *r3);
        fourth += term(*l4, *r4);
    }
    let rest: f32 = left_rest.iter().zip(right_rest).map(|(left, right)| term(*left, *right)).sum();
    (first + second) + (third + fourth) + rest
}
