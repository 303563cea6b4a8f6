//! `TreeEnsembleClassifier` and `TreeEnsembleRegressor` of ai.onnx.ml 1 and 3, and `TreeEnsemble` of ai.onnx.ml 5,
//! which has another layout: forests and boosted trees.
//!
//! Where the standard is silent,
//! onnxruntime 1.32 is the model: one weight column for two classes, base values, a transform of a single target, a
//! class that no leaf speaks of. It is not followed where its label contradicts its own probabilities, which those of
//! the libraries that write such models (XGBoost, LightGBM) never do:
//!
//! - LOGISTIC of one column: the second class is predicted from a probability of one half on. onnxruntime waits for a
//!   sum of 0.5 where all weights are positive, as it does for sums that are probabilities already.
//! - Weights for both of two classes: each class has its own sum and its own base value, and the larger sum is
//!   predicted. onnxruntime predicts the second class wherever its sum is positive and, with two base values, adds the
//!   second one to the sum of the first class.

mod forest;
mod leaves;
mod real;
mod sets;
mod shares;
mod source;
mod walk;

use std::collections::HashSet;
use std::sync::Arc;

use crate::onnx::pb::NodeProto;
use anyhow::{Result, bail, ensure};

use crate::tensor::{Element, ElementType, Parts, Shares, Splits, Tensor};

use super::class_labels::ClassLabels;
use super::post_transform::{PostTransform, logistic, probit};
use super::{Additive, Context, Game, Operator, Shape, feature_matrix, only};
use crate::limits::TREE_OUTPUTS;
use forest::Forest;
use real::Real;
use source::{Source, is_double, numbers};
use walk::{Aggregate, Scores};

/// Trees whose leaves have weights for classes.
#[derive(Debug)]
pub(super) struct TreeEnsembleClassifier {
    trees: Trees,
    labels: ClassLabels,
    rule: Rule,
    /// Whether the second class has weights.
    weighs_second: bool,
    splits: Vec<Splits>,
}

/// Trees whose leaves have weights for targets.
#[derive(Debug)]
pub(super) struct TreeEnsembleRegressor {
    trees: Trees,
    aggregate: Aggregate,
    average: bool,
    /// Predictions have the input's type; otherwise they are float32.
    keeps_type: bool,
    splits: Vec<Splits>,
}

/// Builds `TreeEnsemble`, which regresses only.
pub(super) fn tree_ensemble(ctx: &Context<'_>, node: &NodeProto) -> Result<Arc<dyn Operator>> {
    let (aggregate, average) = match node.optional::<i64>("aggregate_function")?.unwrap_or(1) {
        0 => (Aggregate::Sum, true),
        1 => (Aggregate::Sum, false),
        2 => (Aggregate::Min, false),
        3 => (Aggregate::Max, false),
        other => bail!("there is no aggregate function {other}"),
    };
    let transform = match node.optional::<i64>("post_transform")?.unwrap_or(0) {
        0 => PostTransform::None,
        1 => PostTransform::Softmax,
        2 => PostTransform::Logistic,
        3 => PostTransform::SoftmaxZero,
        4 => PostTransform::Probit,
        other => bail!("there is no post transform {other}"),
    };
    let source = Source::of_ensemble(node, node.optional("n_targets")?.unwrap_or(1))?;
    let trees = Trees::build(is_double(ctx, node), &source, Vec::new(), transform)?;
    let splits = source.splits(node)?;
    Ok(Arc::new(TreeEnsembleRegressor { trees, aggregate, average, keeps_type: true, splits }))
}

/// The forest in the precision that the file has it in.
#[derive(Debug)]
enum Trees {
    Single(Ensemble<f32>),
    Double(Ensemble<f64>),
}

#[derive(Debug)]
struct Ensemble<T> {
    forest: Forest<T>,
    base_values: Vec<T>,
    post_transform: PostTransform,
}

/// What decides between the classes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Rule {
    /// The largest sum.
    Largest,
    /// One sum for two classes: the second one has it and the first one the rest.
    Sign,
    /// The same where no weight is negative: unless a transform says otherwise, the sum is a probability.
    Share,
}

impl Operator for TreeEnsembleClassifier {
    fn parse(ctx: &Context<'_>, node: &NodeProto) -> Result<Self> {
        let labels = ClassLabels::parse(node, "classlabels_int64s")?;
        let weighted: HashSet<i64> = node.required::<Vec<i64>>("class_ids")?.into_iter().collect();
        let rule = match (labels.count(), weighted.len()) {
            (2, 1) if numbers(node, "class_weights")?.iter().all(|weight| *weight >= 0.0) => Rule::Share,
            (2, 1) => Rule::Sign,
            _ => Rule::Largest,
        };
        let source = Source::of_trees(node, "class", labels.count())?;
        let (base_values, transform) = (numbers(node, "base_values")?, PostTransform::parse(node)?);
        let (bases, classes) = (base_values.len(), source.outputs);
        ensure!(
            bases == 0 || bases == classes || (bases, classes) == (1, 2),
            "{bases} base values do not fit {classes} classes"
        );
        let trees = Trees::build(is_double(ctx, node), &source, base_values, transform)?;
        let splits = source.splits(node)?;
        Ok(Self { trees, labels, rule, weighs_second: weighted.contains(&1), splits })
    }

    fn outputs(&self, inputs: &[Shape]) -> Result<Vec<Shape>> {
        let (rows, _) = feature_matrix::declared(inputs)?;
        let classes = self.labels.count().into();
        Ok(vec![(self.labels.element(), vec![rows.clone()]), (ElementType::F32, vec![rows, classes])])
    }

    fn parts(&self) -> Option<Parts> {
        Some(Parts::Splits(self.splits.clone()))
    }

    fn additive(&self) -> Option<&dyn Additive> {
        let is_plain = self.rule == Rule::Largest || self.trees.bases() == 0;
        let is_sum = is_plain && self.trees.transform() == PostTransform::None;
        if is_sum && self.trees.has_shares() { Some(self) } else { None }
    }

    fn eval(&self, inputs: Vec<Tensor>) -> Result<Vec<Tensor>> {
        let input = only(&inputs)?;
        let mut classes = Vec::new();
        let scores = match &self.trees {
            Trees::Single(trees) => trees.run(input, Aggregate::Sum, |scores, output| {
                classes.push(trees.classify(self.rule, scores, output));
            }),
            Trees::Double(trees) => trees.run(input, Aggregate::Sum, |scores, output| {
                classes.push(trees.classify(self.rule, scores, output));
            }),
        }?;
        Ok(vec![self.labels.of_classes(&classes)?, scores])
    }
}

impl Operator for TreeEnsembleRegressor {
    fn parse(ctx: &Context<'_>, node: &NodeProto) -> Result<Self> {
        let (aggregate, average) = match node.optional::<&str>("aggregate_function")?.unwrap_or("SUM") {
            "SUM" => (Aggregate::Sum, false),
            "AVERAGE" => (Aggregate::Sum, true),
            "MIN" => (Aggregate::Min, false),
            "MAX" => (Aggregate::Max, false),
            other => bail!("there is no aggregate function `{other}`"),
        };
        let targets = node.optional("n_targets")?.unwrap_or(1);
        let source = Source::of_trees(node, "target", targets)?;
        let (base_values, transform) = (numbers(node, "base_values")?, PostTransform::parse(node)?);
        let trees = Trees::build(is_double(ctx, node), &source, base_values, transform)?;
        let splits = source.splits(node)?;
        Ok(Self { trees, aggregate, average, keeps_type: false, splits })
    }

    fn outputs(&self, inputs: &[Shape]) -> Result<Vec<Shape>> {
        let targets = self.trees.outputs();
        let element = if self.keeps_type { only(inputs)?.0 } else { ElementType::F32 };
        let (rows, _) = feature_matrix::declared(inputs)?;
        Ok(vec![(element, vec![rows, targets.into()])])
    }

    fn parts(&self) -> Option<Parts> {
        Some(Parts::Splits(self.splits.clone()))
    }

    fn additive(&self) -> Option<&dyn Additive> {
        let is_sum = match self.trees.transform() {
            PostTransform::None => true,
            // Of a single target no other transform counts.
            PostTransform::Probit => false,
            _ => self.trees.outputs() == 1,
        };
        if is_sum && self.aggregate == Aggregate::Sum && self.trees.has_shares() { Some(self) } else { None }
    }

    fn eval(&self, inputs: Vec<Tensor>) -> Result<Vec<Tensor>> {
        let input = only(&inputs)?;
        let element = if self.keeps_type { input.element() } else { ElementType::F32 };
        let predicted = match &self.trees {
            Trees::Single(trees) => trees.run(input, self.aggregate, |scores, output| {
                trees.regress(self.average, scores, output);
            }),
            Trees::Double(trees) => trees.run(input, self.aggregate, |scores, output| {
                trees.regress(self.average, scores, output);
            }),
        }?;
        if predicted.element() == element {
            return Ok(vec![predicted]);
        }
        Ok(vec![predicted.cast(element)?])
    }
}

impl Additive for TreeEnsembleClassifier {
    fn position(&self) -> usize {
        1
    }

    fn shares(&self, game: Game<'_>) -> Result<Shares> {
        // Of two classes one base value is that of the first.
        let mut shares = self.trees.shares(game, false, true)?;
        if self.rule != Rule::Largest && !self.weighs_second {
            // The only sum is that of the second class, and the first one has the rest.
            for row in shares.values.chunks_mut((2 * game.count).max(1)) {
                let (first, second) = row.split_at_mut(game.count);
                second.copy_from_slice(first);
                first.iter_mut().for_each(|share| *share = -*share);
            }
            if let [first, second] = shares.base.as_mut_slice() {
                *second = *first;
                *first = if self.rule == Rule::Share { 1.0 - *second } else { -*second };
            }
        }
        Ok(shares)
    }
}

impl Additive for TreeEnsembleRegressor {
    fn position(&self) -> usize {
        0
    }

    fn has_covers(&self) -> bool {
        match &self.trees {
            Trees::Single(trees) => !trees.forest.covers.is_empty(),
            Trees::Double(trees) => !trees.forest.covers.is_empty(),
        }
    }

    fn shares(&self, game: Game<'_>) -> Result<Shares> {
        self.trees.shares(game, self.average, false)
    }
}

impl Trees {
    fn outputs(&self) -> usize {
        match self {
            Self::Single(trees) => trees.forest.outputs,
            Self::Double(trees) => trees.forest.outputs,
        }
    }

    fn transform(&self) -> PostTransform {
        match self {
            Self::Single(trees) => trees.post_transform,
            Self::Double(trees) => trees.post_transform,
        }
    }

    fn bases(&self) -> usize {
        match self {
            Self::Single(trees) => trees.base_values.len(),
            Self::Double(trees) => trees.base_values.len(),
        }
    }

    fn has_shares(&self) -> bool {
        match self {
            Self::Single(trees) => trees.forest.has_shares(),
            Self::Double(trees) => trees.forest.has_shares(),
        }
    }

    fn shares(&self, game: Game<'_>, average: bool, few_bases: bool) -> Result<Shares> {
        match self {
            Self::Single(trees) => trees.shares(game, average, few_bases),
            Self::Double(trees) => trees.shares(game, average, few_bases),
        }
    }

    fn build(double: bool, source: &Source, base_values: Vec<f64>, transform: PostTransform) -> Result<Self> {
        Ok(if double {
            Self::Double(Ensemble::build(source, base_values, transform)?)
        } else {
            Self::Single(Ensemble::build(source, base_values, transform)?)
        })
    }
}

impl<T: Real + Element> Ensemble<T> {
    fn build(source: &Source, base_values: Vec<f64>, post_transform: PostTransform) -> Result<Self> {
        ensure!(source.outputs > 0, "there is nothing to predict");
        ensure!(source.outputs <= TREE_OUTPUTS, "{} outputs are too many", source.outputs);
        let base_values = base_values.into_iter().map(T::from_f64).collect();
        Ok(Self { forest: Forest::build(source)?, base_values, post_transform })
    }

    /// The shares of the sums, or of their means over the trees. Where there are fewer base values than outputs, they are
    /// those of the first ones if `few_bases`, and else do not count.
    #[expect(clippy::cast_precision_loss, reason = "an ensemble has fewer than 2^32 trees")]
    fn shares(&self, game: Game<'_>, average: bool, few_bases: bool) -> Result<Shares>
    where
        T: predictql_kernels::shapley::Ask,
    {
        let scale = if average { 1.0 / self.forest.trees.len() as f64 } else { 1.0 };
        let mut shares = self.forest.shares(game, scale)?;
        if few_bases || self.base_values.len() == shares.base.len() {
            shares.base.iter_mut().zip(&self.base_values).for_each(|(sum, base)| *sum += base.to_f64());
        }
        Ok(shares)
    }

    /// The outputs for all rows of `input`: `finish` computes those of one row from its scores.
    #[expect(clippy::indexing_slicing, reason = "there is an output for every row of the input")]
    fn run<O: Element>(
        &self,
        input: &Tensor,
        aggregate: Aggregate,
        mut finish: impl FnMut(Scores<'_, T>, &mut [O]),
    ) -> Result<Tensor> {
        let (rows, width) = feature_matrix::dimensions(input)?;
        let asked = self.forest.features;
        ensure!(width >= asked, "the trees ask for {asked} features, the input has {width}");
        let input = input.cast(T::TYPE)?;
        let targets = self.forest.outputs;
        let mut output = Tensor::zeros(O::TYPE, &[rows, targets])?;
        let outputs = output.elements_mut::<O>()?;
        let mut start = 0;
        self.forest.score(input.elements::<T>()?, width, aggregate, |scores| {
            finish(scores, &mut outputs[start..start + targets]);
            start += targets;
        });
        Ok(output)
    }

    /// Writes the scores of one row and returns the predicted class.
    fn classify(&self, rule: Rule, scores: Scores<'_, T>, output: &mut [f32]) -> usize {
        if let (Rule::Sign | Rule::Share, [first, second], [_, is_second]) =
            (rule, &*scores.values, &*scores.seen)
        {
            return self.one_of_two(rule, if *is_second { *second } else { *first }, *is_second, output);
        }
        // Of two classes, as of targets, one base value is that of the first.
        for ((score, seen), base) in scores.values.iter_mut().zip(&mut *scores.seen).zip(&self.base_values) {
            *score += *base;
            *seen = true;
        }
        // As in onnxruntime, a class of several without any weight is not eligible, whatever its score of zero is worth.
        let is_pair = output.len() == 2;
        let mut best: Option<(usize, T)> = None;
        let classes = scores.values.iter().zip(&*scores.seen).enumerate();
        for (class, (score, _)) in classes.filter(|(_, (_, seen))| **seen || is_pair) {
            if best.is_none_or(|(_, most)| *score > most) {
                best = Some((class, *score));
            }
        }
        output.iter_mut().zip(&*scores.values).for_each(|(output, score)| *output = score.to_f32());
        self.post_transform.apply(output);
        // Default: as in onnxruntime, the first class is predicted where none is eligible.
        best.map_or(0, |(class, _)| class)
    }

    /// Writes the scores of two classes, of which one alone has weights, and returns the predicted class. `sum` is that of
    /// the leaves, for the second class by its number or not. Scores are onnxruntime's; only with
    /// two base values, which no converter writes, it forgets the leaves of the second class.
    fn one_of_two(&self, rule: Rule, mut sum: T, is_second: bool, output: &mut [f32]) -> usize {
        // A class without any weight has no score, whatever its base value.
        let both = match (self.base_values.as_slice(), is_second) {
            ([_, base], true) => {
                sum += *base;
                true
            }
            ([base, ..], false) => {
                sum += *base;
                self.base_values.len() == 2
            }
            _ => is_second,
        };
        let is_share = rule == Rule::Share && self.post_transform != PostTransform::Logistic;
        let positive = sum > if is_share { T::from_f64(0.5) } else { T::ZERO };
        let score = sum.to_f32();
        let pair = match self.post_transform {
            transform if both => {
                let mut pair = if is_second { [0.0, score] } else { [score, 0.0] };
                transform.apply(&mut pair);
                pair
            }
            PostTransform::Probit => [probit(score), 0.0],
            PostTransform::Logistic => [logistic(-score), logistic(score)],
            _ if is_share => [1.0 - score, score],
            _ => [-score, score],
        };
        output.iter_mut().zip(pair).for_each(|(output, score)| *output = score);
        usize::from(positive)
    }

    /// Writes the predictions of one row.
    #[expect(clippy::cast_precision_loss, reason = "an ensemble has fewer than 2^32 trees")]
    fn regress(&self, average: bool, scores: Scores<'_, T>, output: &mut [T]) {
        let trees = T::from_f64(self.forest.trees.len() as f64);
        for (output, score) in output.iter_mut().zip(scores.values) {
            *output = if average { score.over(trees) } else { *score };
        }
        // As in onnxruntime, base values count where there is one for each target.
        if self.base_values.len() == output.len() {
            output.iter_mut().zip(&self.base_values).for_each(|(output, base)| *output += *base);
        }
        if self.post_transform != PostTransform::None {
            let mut targets: Vec<f32> = output.iter().map(|target| target.to_f32()).collect();
            self.post_transform.apply_to_targets(&mut targets, output.len());
            output.iter_mut().zip(targets).for_each(|(output, target)| *output = T::from_f64(target.into()));
        }
    }
}
