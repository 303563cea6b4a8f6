//! `TreeEnsembleClassifier` and `TreeEnsembleRegressor` of ai.onnx.ml 1 and 3: forests and boosted trees.
//!
//! tract has a classifier, which is slow and refuses much of what exporters write. Where the standard is silent (two
//! classes with the weights of one, base values), onnxruntime's behaviour is the model.

mod forest;
mod walk;

use std::collections::HashSet;

use tract_onnx::model::ParsingContext;
use tract_onnx::pb::{NodeProto, TensorProto};
use tract_onnx::tract_hir::internal::{
    Datum, DatumType, TValue, TVec, Tensor, ToDim, TractResult, bail, ensure, tvec,
};

use super::labels::Labels;
use super::transform::{PostTransform, logistic, probit};
use super::{Operator, Shape, rows};
use forest::{Forest, Mode, Real, Source, SourceNode, SourceWeight};
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
        Ok(Self { trees: Trees::parse(ctx, node, "class", labels.count())?, labels, rule })
    }

    fn outputs(&self, inputs: &[Shape]) -> TractResult<TVec<Shape>> {
        let (rows, _) = rows(inputs)?;
        let classes = self.labels.count().to_dim();
        Ok(tvec!((self.labels.datum_type(), tvec!(rows.clone())), (DatumType::F32, tvec!(rows, classes))))
    }

    fn eval(&self, inputs: &[TValue]) -> TractResult<TVec<Tensor>> {
        let [input] = inputs else { bail!("expected one input") };
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
        let targets = node.get_attr_opt::<usize>("n_targets")?.unwrap_or(1);
        Ok(Self { trees: Trees::parse(ctx, node, "target", targets)?, aggregate, average })
    }

    fn outputs(&self, inputs: &[Shape]) -> TractResult<TVec<Shape>> {
        let targets = match &self.trees {
            Trees::Single(trees) => trees.forest.outputs,
            Trees::Double(trees) => trees.forest.outputs,
        };
        Ok(tvec!((DatumType::F32, tvec!(rows(inputs)?.0, targets.to_dim()))))
    }

    fn eval(&self, inputs: &[TValue]) -> TractResult<TVec<Tensor>> {
        let [input] = inputs else { bail!("expected one input") };
        Ok(tvec!(match &self.trees {
            Trees::Single(trees) =>
                trees.run(input, self.aggregate, |s, out| trees.regress(self.average, s, out)),
            Trees::Double(trees) =>
                trees.run(input, self.aggregate, |s, out| trees.regress(self.average, s, out)),
        }?))
    }
}

/// The attribute `name`, which newer files may have in double precision as `name_as_tensor`.
fn numbers(ctx: &ParsingContext<'_>, node: &NodeProto, name: &str) -> TractResult<Vec<f64>> {
    if let Some(tensor) = node.get_attr_opt::<&TensorProto>(&format!("{name}_as_tensor"))? {
        let tensor = ctx.load_tensor(tensor)?.cast_to::<f64>()?.into_owned();
        return Ok(tensor.try_as_plain_ram()?.as_slice::<f64>()?.to_vec());
    }
    let floats = node.get_attr_opt_vec::<f32>(name)?.unwrap_or_default();
    Ok(floats.into_iter().map(f64::from).collect())
}

fn exactly<V>(length: usize, name: &str, values: Vec<V>) -> TractResult<Vec<V>> {
    ensure!(values.len() == length, "`{name}` has {} values, expected {length}", values.len());
    Ok(values)
}

impl Trees {
    /// Reads the attributes; those of leaf weights start with `leaf`.
    fn parse(ctx: &ParsingContext<'_>, node: &NodeProto, leaf: &str, outputs: usize) -> TractResult<Self> {
        let double = node.attribute.iter().any(|attribute| attribute.name.ends_with("_as_tensor"));
        Ok(match double {
            false => Self::Single(Ensemble::parse(ctx, node, leaf, outputs)?),
            true => Self::Double(Ensemble::parse(ctx, node, leaf, outputs)?),
        })
    }
}

impl<T: Real + Datum> Ensemble<T> {
    fn parse(ctx: &ParsingContext<'_>, node: &NodeProto, leaf: &str, outputs: usize) -> TractResult<Self> {
        ensure!(outputs > 0, "there is nothing to predict");
        let reals = |name: &str| -> TractResult<Vec<T>> {
            Ok(numbers(ctx, node, name)?.into_iter().map(T::from_f64).collect())
        };
        let ints = |name: &str, length: usize| exactly(length, name, node.get_attr_vec::<i64>(name)?);

        let modes = node.get_attr_vec::<&str>("nodes_modes")?;
        let length = modes.len();
        let mut missing =
            node.get_attr_opt_vec::<i64>("nodes_missing_value_tracks_true")?.unwrap_or_default();
        if missing.is_empty() {
            missing.resize(length, 0);
        }
        let missing = exactly(length, "nodes_missing_value_tracks_true", missing)?;
        let values = exactly(length, "nodes_values", reals("nodes_values")?)?;
        let places = ints("nodes_treeids", length)?.into_iter().zip(ints("nodes_nodeids", length)?);
        let questions = modes.into_iter().zip(ints("nodes_featureids", length)?).zip(values).zip(missing);
        let children =
            ints("nodes_truenodeids", length)?.into_iter().zip(ints("nodes_falsenodeids", length)?);
        let nodes = places.zip(questions).zip(children).map(
            |(((tree, id), (((mode, feature), value), missing)), (when_true, when_false))| {
                let mode = Mode::parse(mode)?;
                Ok(SourceNode {
                    tree,
                    id,
                    mode,
                    feature,
                    value,
                    when_true,
                    when_false,
                    missing_is_true: missing == 1,
                })
            },
        );

        let leaf_ints = |name: &str, length: usize| ints(&format!("{leaf}_{name}"), length);
        let weights = reals(&format!("{leaf}_weights"))?;
        let length = weights.len();
        let places = leaf_ints("treeids", length)?.into_iter().zip(leaf_ints("nodeids", length)?);
        let weights = places.zip(leaf_ints("ids", length)?).zip(weights);
        let weights =
            weights.map(|(((tree, node), output), weight)| SourceWeight { tree, node, output, weight });

        let source =
            Source { nodes: nodes.collect::<TractResult<_>>()?, weights: weights.collect(), outputs };
        Ok(Self {
            forest: Forest::build(&source)?,
            base_values: reals("base_values")?,
            post_transform: PostTransform::parse(node.get_attr_opt("post_transform")?.unwrap_or("NONE"))?,
        })
    }

    /// The outputs for all rows of `input`: `finish` makes those of one row of its scores.
    fn run(
        &self,
        input: &Tensor,
        aggregate: Aggregate,
        mut finish: impl FnMut(Scores<'_, T>, &mut [f32]),
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
        let mut output = Tensor::zero::<f32>(&[rows, self.forest.outputs])?;
        let mut view = output.try_as_plain_ram_mut()?;
        let mut outputs = view.as_slice_mut::<f32>()?.chunks_mut(self.forest.outputs);
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
        let (mut first, mut second) = scores;
        let mut both = true;
        match *self.base_values.as_slice() {
            [_, base] if seen.1 => {
                second = first;
                second += base;
                first = second.negated();
            }
            [base, other] => {
                first += base;
                second += other;
            }
            [base] => {
                first += base;
                both = seen.1;
            }
            [] => both = seen.1,
            _ => {}
        }
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
    fn regress(&self, average: bool, scores: Scores<'_, T>, output: &mut [f32]) {
        let trees = T::from_f64(self.forest.roots.len() as f64);
        let base = |place: usize| match self.base_values.len() == self.forest.outputs {
            true => self.base_values.get(place).copied().unwrap_or(T::ZERO),
            false => T::ZERO,
        };
        for (place, (output, score)) in output.iter_mut().zip(scores.values).enumerate() {
            if average {
                *score = score.over(trees);
            }
            *score += base(place);
            *output = score.to_f32();
        }
        // onnxruntime transforms a single target by PROBIT only.
        if output.len() > 1 || self.post_transform == PostTransform::Probit {
            self.post_transform.apply(output);
        }
    }
}
