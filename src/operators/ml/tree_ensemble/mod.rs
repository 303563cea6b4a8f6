//! `TreeEnsembleClassifier` and `TreeEnsembleRegressor` of ai.onnx.ml 1 and 3, and `TreeEnsemble` of 5, which has
//! another layout: forests and boosted trees.
//!
//! tract has a classifier, which is slow and refuses much of what exporters write. Where the standard is silent (two
//! classes with the weights of one, base values), onnxruntime's behaviour is the model.

mod attributes;
mod forest;
mod leaves;
mod walk;

use std::collections::HashSet;
use std::sync::Arc;

use tract_onnx::model::ParsingContext;
use tract_onnx::pb::NodeProto;
use tract_onnx::tract_hir::internal::{
    Datum, DatumType, TValue, TVec, Tensor, ToDim, TractResult, bail, ensure, tvec,
};

use super::labels::Labels;
use super::transform::{PostTransform, logistic, probit};
use super::values::only;
use super::{Operator, Shape, rows};
use crate::limits::TREE_OUTPUTS;
use attributes::{Source, is_double, numbers};
use forest::{Forest, Real};
use walk::{Aggregate, Scores};

/// Trees whose leaves speak for classes.
#[derive(Debug)]
pub(super) struct TreeEnsembleClassifier {
    trees: Trees,
    labels: Labels,
    rule: TwoClasses,
}

/// Trees whose leaves are numbers to predict.
#[derive(Debug)]
pub(super) struct TreeEnsembleRegressor {
    trees: Trees,
    aggregate: Aggregate,
    average: bool,
    /// Predicts numbers of the input's type; otherwise of single precision.
    keeps_type: bool,
}

/// `TreeEnsemble`, which regresses only.
pub(super) fn tree_ensemble(ctx: &ParsingContext<'_>, node: &NodeProto) -> TractResult<Arc<dyn Operator>> {
    let (aggregate, average) = match node.get_attr_opt::<i64>("aggregate_function")?.unwrap_or(1) {
        0 => (Aggregate::Sum, true),
        1 => (Aggregate::Sum, false),
        2 => (Aggregate::Min, false),
        3 => (Aggregate::Max, false),
        other => bail!("there is no aggregate function {other}"),
    };
    let transform = match node.get_attr_opt::<i64>("post_transform")?.unwrap_or(0) {
        0 => PostTransform::None,
        1 => PostTransform::Softmax,
        2 => PostTransform::Logistic,
        3 => PostTransform::SoftmaxZero,
        4 => PostTransform::Probit,
        other => bail!("there is no post transform {other}"),
    };
    let source = Source::of_ensemble(ctx, node, node.get_attr_opt("n_targets")?.unwrap_or(1))?;
    let trees = Trees::build(is_double(ctx, node), &source, Vec::new(), transform)?;
    Ok(Arc::new(TreeEnsembleRegressor { trees, aggregate, average, keeps_type: true }))
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

/// What is known of the weights where there are two classes.
#[derive(Debug, Clone, Copy)]
struct TwoClasses {
    /// They are all for one class: the other one has the rest.
    one_sided: bool,
    all_positive: bool,
}

impl Operator for TreeEnsembleClassifier {
    fn parse(ctx: &ParsingContext<'_>, node: &NodeProto) -> TractResult<Self> {
        let labels = Labels::parse(node, "classlabels_int64s")?;
        let weighted: HashSet<i64> = node.get_attr_vec::<i64>("class_ids")?.into_iter().collect();
        let rule = TwoClasses {
            one_sided: weighted.len() == 1,
            all_positive: numbers(ctx, node, "class_weights")?.iter().all(|weight| *weight >= 0.0),
        };
        let source = Source::of_trees(ctx, node, "class", labels.count())?;
        let (base_values, transform) = (numbers(ctx, node, "base_values")?, PostTransform::of(node)?);
        let trees = Trees::build(is_double(ctx, node), &source, base_values, transform)?;
        Ok(Self { trees, labels, rule })
    }

    fn outputs(&self, inputs: &[Shape]) -> TractResult<TVec<Shape>> {
        let (rows, _) = rows(inputs)?;
        let classes = self.labels.count().to_dim();
        Ok(tvec!((self.labels.datum_type(), tvec!(rows.clone())), (DatumType::F32, tvec!(rows, classes))))
    }

    fn eval(&self, inputs: &[TValue]) -> TractResult<TVec<Tensor>> {
        let input = only(inputs)?;
        let mut places = Vec::new();
        let scores = match &self.trees {
            Trees::Single(trees) => {
                trees.run(input, Aggregate::Sum, |s, out| places.push(trees.classify(self.rule, s, out)))
            }
            Trees::Double(trees) => {
                trees.run(input, Aggregate::Sum, |s, out| places.push(trees.classify(self.rule, s, out)))
            }
        }?;
        Ok(tvec!(self.labels.pick(&places)?, scores))
    }
}

impl Operator for TreeEnsembleRegressor {
    fn parse(ctx: &ParsingContext<'_>, node: &NodeProto) -> TractResult<Self> {
        let (aggregate, average) = match node.get_attr_opt::<&str>("aggregate_function")?.unwrap_or("SUM") {
            "SUM" => (Aggregate::Sum, false),
            "AVERAGE" => (Aggregate::Sum, true),
            "MIN" => (Aggregate::Min, false),
            "MAX" => (Aggregate::Max, false),
            other => bail!("there is no aggregate function `{other}`"),
        };
        let targets = node.get_attr_opt("n_targets")?.unwrap_or(1);
        let source = Source::of_trees(ctx, node, "target", targets)?;
        let (base_values, transform) = (numbers(ctx, node, "base_values")?, PostTransform::of(node)?);
        let trees = Trees::build(is_double(ctx, node), &source, base_values, transform)?;
        Ok(Self { trees, aggregate, average, keeps_type: false })
    }

    fn outputs(&self, inputs: &[Shape]) -> TractResult<TVec<Shape>> {
        let targets = match &self.trees {
            Trees::Single(trees) => trees.forest.outputs,
            Trees::Double(trees) => trees.forest.outputs,
        };
        let numbers = if self.keeps_type { only(inputs)?.0 } else { DatumType::F32 };
        Ok(tvec!((numbers, tvec!(rows(inputs)?.0, targets.to_dim()))))
    }

    fn eval(&self, inputs: &[TValue]) -> TractResult<TVec<Tensor>> {
        let input = only(inputs)?;
        let numbers = if self.keeps_type { input.datum_type() } else { DatumType::F32 };
        let predicted = match &self.trees {
            Trees::Single(trees) => {
                trees.run(input, self.aggregate, |s, out| trees.regress(self.average, s, out))
            }
            Trees::Double(trees) => {
                trees.run(input, self.aggregate, |s, out| trees.regress(self.average, s, out))
            }
        }?;
        Ok(tvec!(match predicted.datum_type() == numbers {
            true => predicted,
            false => predicted.cast_to_dt(numbers)?.into_owned(),
        }))
    }
}

impl Trees {
    fn build(
        double: bool,
        source: &Source,
        base_values: Vec<f64>,
        transform: PostTransform,
    ) -> TractResult<Self> {
        Ok(match double {
            false => Self::Single(Ensemble::build(source, base_values, transform)?),
            true => Self::Double(Ensemble::build(source, base_values, transform)?),
        })
    }
}

impl<T: Real + Datum> Ensemble<T> {
    fn build(source: &Source, base_values: Vec<f64>, post_transform: PostTransform) -> TractResult<Self> {
        ensure!(source.outputs > 0, "there is nothing to predict");
        ensure!(source.outputs <= TREE_OUTPUTS, "{} outputs are too many", source.outputs);
        let base_values = base_values.into_iter().map(T::from_f64).collect();
        Ok(Self { forest: Forest::build(source)?, base_values, post_transform })
    }

    /// The outputs for all rows of `input`: `finish` makes those of one row of its scores.
    fn run<O: Datum>(
        &self,
        input: &Tensor,
        aggregate: Aggregate,
        mut finish: impl FnMut(Scores<'_, T>, &mut [O]),
    ) -> TractResult<Tensor> {
        let (rows, width) = match input.shape() {
            [width] => (1, *width),
            [rows, width] => (*rows, *width),
            other => bail!("expected a matrix, found shape {other:?}"),
        };
        let asked = self.forest.features;
        ensure!(width >= asked, "the trees ask for {asked} features, the input has {width}");
        let input = input.cast_to::<T>()?;
        let input = input.try_as_plain_ram()?;
        let mut output = Tensor::zero_dt(O::datum_type(), &[rows, self.forest.outputs])?;
        let mut view = output.try_as_plain_ram_mut()?;
        let mut outputs = view.as_slice_mut::<O>()?.chunks_mut(self.forest.outputs);
        self.forest.score(input.as_slice::<T>()?, width, aggregate, |scores| {
            if let Some(output) = outputs.next() {
                finish(scores, output);
            }
        });
        Ok(output)
    }

    /// Writes the scores of one row and returns the place of its label.
    fn classify(&self, rule: TwoClasses, scores: Scores<'_, T>, output: &mut [f32]) -> usize {
        if let ([first, second], [first_seen, second_seen]) = (&mut *scores.values, &mut *scores.seen) {
            return self.two_classes(rule, (*first, *second), (*first_seen, *second_seen), output);
        }
        for ((score, seen), base) in scores.values.iter_mut().zip(&mut *scores.seen).zip(&self.base_values) {
            *score += *base;
            *seen = true;
        }
        // Classes of which no leaf has spoken are not eligible, whatever their score of zero is worth.
        let mut best: Option<(usize, T)> = None;
        for (place, (score, _)) in
            scores.values.iter().zip(&*scores.seen).enumerate().filter(|(_, (_, seen))| **seen)
        {
            if best.is_none_or(|(_, most)| *score > most) {
                best = Some((place, *score));
            }
        }
        output.iter_mut().zip(&*scores.values).for_each(|(output, score)| *output = score.to_f32());
        self.post_transform.apply(output);
        best.map_or(0, |(place, _)| place)
    }

    /// The standard leaves two classes open; this follows onnxruntime, line by line.
    fn two_classes(&self, rule: TwoClasses, scores: (T, T), seen: (bool, bool), output: &mut [f32]) -> usize {
        // A class of which no leaf speaks has no score, whatever its base value.
        let speaks = |seen: bool, score: T| if seen { score } else { T::ZERO };
        let plus = |mut score: T, base: T| {
            score += base;
            score
        };
        let ((first, second), both) = match (self.base_values.as_slice(), scores) {
            ([_, base], (first, _)) if seen.1 => {
                let second = plus(first, *base);
                ((speaks(seen.0, second.negated()), second), true)
            }
            ([base, _], (first, second)) => ((speaks(seen.0, plus(first, *base)), second), true),
            ([base], (first, second)) => ((speaks(seen.0, plus(first, *base)), second), seen.1),
            ([], scores) => (scores, seen.1),
            (_, scores) => (scores, true),
        };
        let deciding = match seen {
            (_, true) => second,
            (true, false) => first,
            (false, false) => T::ZERO,
        };
        let threshold = if rule.one_sided && rule.all_positive { T::from_f64(0.5) } else { T::ZERO };
        let positive = deciding > threshold;
        let (first, second) = (first.to_f32(), second.to_f32());
        let pair = match self.post_transform {
            transform if both => {
                let mut pair = [first, second];
                transform.apply(&mut pair);
                pair
            }
            PostTransform::Probit => [probit(first), 0.0],
            _ if rule.one_sided && rule.all_positive => [1.0 - first, first],
            _ if !rule.one_sided && !self.base_values.is_empty() => [first, 0.0],
            PostTransform::Logistic => [logistic(-first), logistic(first)],
            _ => [-first, first],
        };
        output.iter_mut().zip(pair).for_each(|(output, score)| *output = score);
        usize::from(positive)
    }

    /// Writes the predictions of one row.
    fn regress(&self, average: bool, scores: Scores<'_, T>, output: &mut [T]) {
        let trees = T::from_f64(self.forest.trees.len() as f64);
        let own_base = self.base_values.len() == self.forest.outputs;
        for (place, (output, score)) in output.iter_mut().zip(scores.values).enumerate() {
            *output = if average { score.over(trees) } else { *score };
            if let (true, Some(base)) = (own_base, self.base_values.get(place)) {
                *output += *base;
            }
        }
        if self.post_transform != PostTransform::None {
            let mut targets: Vec<f32> = output.iter().map(|target| target.to_f32()).collect();
            self.post_transform.apply_to_targets(&mut targets);
            output.iter_mut().zip(targets).for_each(|(output, target)| *output = T::from_f64(target.into()));
        }
    }
}
