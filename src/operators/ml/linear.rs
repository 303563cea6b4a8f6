//! `LinearClassifier` and `LinearRegressor` of ai.onnx.ml 1: a weighted sum of the features for every class or target.
//!
//! Where the standard is silent (two classes with the weights of one), onnxruntime's behaviour is the model.

use crate::onnx::pb::NodeProto;
use anyhow::{Result, bail, ensure};
use predictql_kernels::elementwise::{Arithmetic, Elements as _};
use predictql_kernels::matmul::Factor as _;

use crate::tensor::{ElementType, Parts, Shares, Tensor};

use super::class_labels::ClassLabels;
use super::post_transform::PostTransform;
use super::{Additive, Context, Dim, Game, Operator, Shape, feature_matrix, only};

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

    fn parts(&self) -> Option<Parts> {
        Some(self.sums.parts())
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

    fn additive(&self) -> Option<&dyn Additive> {
        let is_sum = match self.post_transform {
            PostTransform::None => true,
            // Of a single target no other transform counts.
            PostTransform::Probit => false,
            _ => self.sums.intercepts.len() == 1,
        };
        if is_sum { Some(self) } else { None }
    }

    fn parts(&self) -> Option<Parts> {
        Some(self.sums.parts())
    }

    fn eval(&self, inputs: Vec<Tensor>) -> Result<Vec<Tensor>> {
        let targets = self.sums.intercepts.len();
        let (rows, mut sums) = self.sums.run(only(&inputs)?)?;
        self.post_transform.apply_to_targets(&mut sums, targets);
        Ok(vec![Tensor::new(vec![rows, targets], sums)?])
    }
}

impl Additive for LinearRegressor {
    fn position(&self) -> usize {
        0
    }

    fn shares(&self, game: Game<'_>) -> Result<Shares> {
        self.sums.shares(game)
    }
}

impl Sums {
    fn parts(&self) -> Parts {
        let count = self.intercepts.len();
        let weights = |sum: usize| self.coefficients.iter().skip(sum).step_by(count).copied().collect();
        let sums = self.intercepts.iter().enumerate().map(|(sum, intercept)| (weights(sum), *intercept));
        Parts::Weights { sums: sums.collect() }
    }

    /// A feature has its weight times its difference from the background's mean.
    #[expect(clippy::cast_precision_loss, reason = "there are few rows in a background")]
    fn shares(&self, Game { rows, background, players, count, .. }: Game<'_>) -> Result<Shares> {
        let sums = self.intercepts.len();
        let Some(background) = background else { bail!("weights need a background") };
        let (rows, background) = (rows.cast(ElementType::F32)?, background.cast(ElementType::F32)?);
        let number = feature_matrix::rows(&rows, self.features)?;
        let others = feature_matrix::rows(&background, self.features)?;
        ensure!(players.len() == self.features, "there is a player for each feature");
        let mut means = vec![0.0; self.features];
        for other in background.elements::<f32>()?.chunks(self.features) {
            means.iter_mut().zip(other).for_each(|(mean, value)| *mean += f64::from(*value) / others as f64);
        }
        let mut base: Vec<f64> = self.intercepts.iter().copied().map(f64::from).collect();
        for (mean, weights) in means.iter().zip(self.coefficients.chunks(sums)) {
            base.iter_mut().zip(weights).for_each(|(base, weight)| *base += mean * f64::from(*weight));
        }
        let mut values = vec![0.0; number * sums * count];
        let own = rows.elements::<f32>()?.chunks(self.features).zip(values.chunks_mut((sums * count).max(1)));
        for (row, values) in own {
            let features = row.iter().zip(&means).zip(self.coefficients.chunks(sums)).zip(players);
            for (((value, mean), weights), player) in features {
                for (share, weight) in values.iter_mut().skip(*player as usize).step_by(count).zip(weights) {
                    *share += (f64::from(*value) - mean) * f64::from(*weight);
                }
            }
        }
        Ok(Shares { values, base })
    }

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
