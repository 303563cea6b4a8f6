//! `SVMClassifier` and `SVMRegressor` of ai.onnx.ml 1: how near a row is to each of the support vectors, weighted.
//!
//! The standard says little of what comes after; libsvm and onnxruntime say it all.

use tract_onnx::model::ParsingContext;
use tract_onnx::pb::NodeProto;
use tract_onnx::tract_hir::internal::{
    DatumType, TDim, TValue, TVec, Tensor, ToDim, TractResult, bail, ensure, tvec,
};

use super::labels::Labels;
use super::linear::{dot, sum};
use super::transform::{PostTransform, logistic};
use super::values::only;
use super::{Operator, Shape, features};
use crate::limits::SVM_CLASSES;

/// A classifier for every pair of classes; the classes that win the most pairs win. Without support vectors a weighted
/// sum for every class.
#[derive(Debug)]
pub(super) struct SvmClassifier {
    machine: Machine,
    labels: Labels,
    /// Where each class's support vectors start and end. Empty without support vectors.
    classes: Vec<(usize, usize)>,
    rho: Vec<f32>,
    /// The two coefficients that make a probability of each pair's score.
    probabilities: Vec<(f32, f32)>,
    all_positive: bool,
    post_transform: PostTransform,
}

#[derive(Debug)]
pub(super) struct SvmRegressor {
    machine: Machine,
    rho: f32,
    /// Tells inliers (1) from outliers (-1).
    one_class: bool,
}

/// The support vectors and how a row is compared with one. Without any, the weights of sums stand in their place.
#[derive(Debug)]
struct Machine {
    kernel: Kernel,
    vectors: Vec<f32>,
    features: usize,
    /// The weights of the support vectors.
    coefficients: Vec<f32>,
}

#[derive(Debug, Clone, Copy)]
enum Kernel {
    Linear,
    Poly { gamma: f32, coef0: f32, degree: f32 },
    Rbf { gamma: f32 },
    Sigmoid { gamma: f32, coef0: f32 },
}

impl Kernel {
    fn parse(node: &NodeProto) -> TractResult<Self> {
        let parameters = node.get_attr_opt_vec::<f32>("kernel_params")?.unwrap_or_default();
        let parameter = |at: usize| parameters.get(at).copied().unwrap_or_default();
        let (gamma, coef0, degree) = (parameter(0), parameter(1), parameter(2));
        Ok(match node.get_attr_opt("kernel_type")?.unwrap_or("LINEAR") {
            "LINEAR" => Self::Linear,
            "POLY" => Self::Poly { gamma, coef0, degree },
            "RBF" => Self::Rbf { gamma },
            "SIGMOID" => Self::Sigmoid { gamma, coef0 },
            other => bail!("there is no kernel `{other}`"),
        })
    }

    fn compare(self, row: &[f32], vector: &[f32]) -> f32 {
        match self {
            Self::Linear => dot(row, vector),
            Self::Poly { gamma, coef0, degree } => (gamma * dot(row, vector) + coef0).powf(degree),
            Self::Rbf { gamma } => {
                let distance = sum(row, vector, |row, vector| (row - vector) * (row - vector));
                (-gamma * distance).exp()
            }
            Self::Sigmoid { gamma, coef0 } => (gamma * dot(row, vector) + coef0).tanh(),
        }
    }
}

impl Machine {
    /// Reads the attributes of a machine with `count` support vectors; `sums` weighted sums without any.
    fn parse(node: &NodeProto, count: usize, sums: usize) -> TractResult<Self> {
        let coefficients: Vec<f32> = node.get_attr_vec("coefficients")?;
        let (kernel, vectors, coefficients, count) = match count {
            0 => (Kernel::Linear, coefficients, Vec::new(), sums),
            count => (Kernel::parse(node)?, node.get_attr_vec("support_vectors")?, coefficients, count),
        };
        let features = vectors.len().checked_div(count).unwrap_or_default();
        ensure!(
            features > 0 && features * count == vectors.len(),
            "{} numbers do not make {count} vectors",
            vectors.len()
        );
        Ok(Self { kernel, vectors, features, coefficients })
    }

    fn rows(&self, inputs: &[Shape]) -> TractResult<TDim> {
        features::declared(inputs, self.features)
    }

    /// How many vectors there are.
    fn count(&self) -> usize {
        self.vectors.len() / self.features
    }

    /// An output of `width` numbers for every row of `input`: `finish` makes them of how the row compares with every
    /// vector.
    fn run(
        &self,
        input: &Tensor,
        width: usize,
        mut finish: impl FnMut(&[f32], &mut [f32]),
    ) -> TractResult<Tensor> {
        let input = input.cast_to::<f32>()?;
        let rows = features::rows(&input, self.features)?;
        let mut output = Tensor::zero::<f32>(&[rows, width])?;
        let mut view = output.try_as_plain_ram_mut()?;
        let input = input.try_as_plain_ram()?;
        let values = input.as_slice::<f32>()?.chunks(self.features);
        let mut near = Vec::new();
        for (row, output) in values.zip(view.as_slice_mut::<f32>()?.chunks_mut(width.max(1))) {
            near.clear();
            near.extend(self.vectors.chunks(self.features).map(|vector| self.kernel.compare(row, vector)));
            finish(&near, output);
        }
        Ok(output)
    }
}

impl Operator for SvmRegressor {
    fn parse(_: &ParsingContext<'_>, node: &NodeProto) -> TractResult<Self> {
        let count = node.get_attr_opt("n_supports")?.unwrap_or(0);
        let machine = Machine::parse(node, count, 1)?;
        ensure!(
            count == 0 || machine.coefficients.len() == count,
            "{} coefficients do not fit {count} support vectors",
            machine.coefficients.len()
        );
        let rho = node.get_attr_opt_vec::<f32>("rho")?.unwrap_or_default();
        let one_class = node.get_attr_opt::<i64>("one_class")?.unwrap_or(0) != 0;
        Ok(Self { machine, rho: rho.first().copied().unwrap_or_default(), one_class })
    }

    fn outputs(&self, inputs: &[Shape]) -> TractResult<TVec<Shape>> {
        Ok(tvec!((DatumType::F32, tvec!(self.machine.rows(inputs)?, 1.to_dim()))))
    }

    fn eval(&self, inputs: &[TValue]) -> TractResult<TVec<Tensor>> {
        let machine = &self.machine;
        let output = machine.run(only(inputs)?, 1, |near, output| {
            let sum = match near {
                [sum] if machine.coefficients.is_empty() => *sum,
                near => dot(near, &machine.coefficients),
            };
            let value = sum + self.rho;
            let value = if self.one_class { if value > 0.0 { 1.0 } else { -1.0 } } else { value };
            output.fill(value);
        })?;
        Ok(tvec!(output))
    }
}

impl Operator for SvmClassifier {
    fn parse(_: &ParsingContext<'_>, node: &NodeProto) -> TractResult<Self> {
        let labels = Labels::parse(node, "classlabels_ints")?;
        let count = labels.count();
        ensure!(count < SVM_CLASSES, "{count} classes are too many");
        let mut end: usize = 0;
        let counts: Vec<usize> = node.get_attr_opt_vec("vectors_per_class")?.unwrap_or_default();
        let classes: Vec<_> = (counts.iter())
            .map(|count| {
                let start = end;
                end = end.saturating_add(*count);
                (start, end)
            })
            .collect();
        let machine = Machine::parse(node, end, count)?;
        let rho: Vec<f32> = node.get_attr_opt_vec("rho")?.unwrap_or_default();
        let first: Vec<f32> = node.get_attr_opt_vec("prob_a")?.unwrap_or_default();
        let second: Vec<f32> = node.get_attr_opt_vec("prob_b")?.unwrap_or_default();
        if end == 0 {
            ensure!(!rho.is_empty(), "there is no `rho`");
        } else {
            let pairs = count * (count - 1) / 2;
            ensure!(counts.len() == count, "{} counts of vectors do not fit {count} labels", counts.len());
            ensure!(
                machine.coefficients.len() == (count - 1) * end,
                "{} coefficients do not fit {end} support vectors of {count} classes",
                machine.coefficients.len()
            );
            ensure!(rho.len() >= pairs, "{} `rho` do not fit {pairs} pairs of classes", rho.len());
            let fit = first.len() == second.len() && (first.is_empty() || first.len() >= pairs);
            ensure!(fit, "{} `prob_a` and {} `prob_b` do not fit {pairs} pairs", first.len(), second.len());
        }
        let weights = if end == 0 { &machine.vectors } else { &machine.coefficients };
        Ok(Self {
            all_positive: weights.iter().all(|weight| *weight >= 0.0),
            classes: if end == 0 { Vec::new() } else { classes },
            probabilities: first.into_iter().zip(second).collect(),
            post_transform: PostTransform::of(node)?,
            machine,
            labels,
            rho,
        })
    }

    fn outputs(&self, inputs: &[Shape]) -> TractResult<TVec<Shape>> {
        let rows = self.machine.rows(inputs)?;
        Ok(tvec!(
            (self.labels.datum_type(), tvec!(rows.clone())),
            (DatumType::F32, tvec!(rows, self.scores().to_dim()))
        ))
    }

    fn eval(&self, inputs: &[TValue]) -> TractResult<TVec<Tensor>> {
        let mut places = Vec::new();
        let scores = self.machine.run(only(inputs)?, self.scores(), |near, output| {
            places.push(if self.classes.is_empty() {
                self.one_by_one(near, output)
            } else {
                self.in_pairs(near, output)
            });
        })?;
        Ok(tvec!(self.labels.pick(&places)?, scores))
    }
}

impl SvmClassifier {
    /// How many scores there are for a row: one for each class, or for each pair where there are no probabilities.
    fn scores(&self) -> usize {
        let count = self.labels.count();
        match count {
            3.. if !self.classes.is_empty() && self.probabilities.is_empty() => count * (count - 1) / 2,
            count => count,
        }
    }

    /// Scores from a sum for each class; returns the place of the label.
    fn one_by_one(&self, sums: &[f32], output: &mut [f32]) -> usize {
        let rho = self.rho.first().copied().unwrap_or_default();
        let mut best = (0, f32::NEG_INFINITY);
        for (place, (score, sum)) in output.iter_mut().zip(sums).enumerate() {
            *score = sum + rho;
            if *score > best.1 {
                best = (place, *score);
            }
        }
        self.post_transform.apply_to_targets(output);
        let positive = if self.all_positive { best.1 >= 0.5 } else { best.1 > 0.0 };
        if output.len() == 2 && positive { 1 } else { best.0 }
    }

    /// Scores from how near the support vectors are; returns the place of the label.
    fn in_pairs(&self, near: &[f32], output: &mut [f32]) -> usize {
        let count = self.labels.count();
        let mut votes = vec![0; count];
        let mut scores = Vec::with_capacity(self.rho.len());
        // The coefficients have a row for each class but one: against the others, itself left out.
        let weighted = |row: usize, (start, end): (usize, usize)| -> f64 {
            let weights = self.machine.coefficients.get(row * self.machine.count()..).unwrap_or_default();
            let pairs = weights.iter().zip(near).take(end).skip(start);
            pairs.map(|(weight, near)| f64::from(weight * near)).sum()
        };
        for (first, first_vectors) in self.classes.iter().enumerate() {
            for (second, second_vectors) in self.classes.iter().enumerate().skip(first + 1) {
                let rho = self.rho.get(scores.len()).copied().unwrap_or_default();
                let sum =
                    weighted(second - 1, *first_vectors) + weighted(first, *second_vectors) + f64::from(rho);
                if let Some(votes) = votes.get_mut(if sum > 0.0 { first } else { second }) {
                    *votes += 1;
                }
                scores.push(sum as f32);
            }
        }
        self.finish(&scores, output);
        let most = votes.iter().max().copied().unwrap_or(0);
        votes.iter().position(|votes| *votes == most).unwrap_or_default()
    }

    fn finish(&self, scores: &[f32], output: &mut [f32]) {
        if !self.probabilities.is_empty() {
            let pairs = scores.iter().zip(&self.probabilities);
            let pairs: Vec<f32> = pairs.map(|(score, (a, b))| 1.0 - logistic(score * a + b)).collect();
            coupled(&pairs, output);
        } else if let ([score], [first, second]) = (scores, &mut *output) {
            let other = if self.post_transform == PostTransform::None { -score } else { 1.0 - score };
            (*first, *second) = self.post_transform.of_one(*score, other);
            return;
        } else {
            output.iter_mut().zip(scores).for_each(|(output, score)| *output = *score);
        }
        self.post_transform.apply_to_targets(output);
    }
}

/// One probability for each class from those that the first of two classes has: the second approach of Wu, Lin and
/// Weng (2004), ended where libsvm ends it.
#[expect(
    clippy::indexing_slicing,
    clippy::needless_range_loop,
    reason = "every place is below the number of classes"
)]
fn coupled(pairs: &[f32], p: &mut [f32]) {
    let count = p.len();
    // How sure class `i` is against class `j`.
    let mut sure = vec![vec![0.0_f32; count]; count];
    let mut pairs = pairs.iter();
    for i in 0..count {
        for (j, pair) in (i + 1..count).zip(&mut pairs) {
            sure[i][j] = pair.clamp(1e-7, 1.0 - 1e-7);
            sure[j][i] = 1.0 - sure[i][j];
        }
    }
    let mut q = vec![vec![0.0_f32; count]; count];
    for i in 0..count {
        for j in (0..count).filter(|j| *j != i) {
            q[i][i] += sure[j][i] * sure[j][i];
            q[i][j] = -sure[j][i] * sure[i][j];
        }
    }
    p.fill(1.0 / count as f32);
    for _ in 0..100 {
        let mut qp: Vec<f32> = q.iter().map(|row| row.iter().zip(&*p).map(|(q, p)| q * p).sum()).collect();
        let mut pqp: f32 = p.iter().zip(&qp).map(|(p, qp)| p * qp).sum();
        if qp.iter().all(|qp| (qp - pqp).abs() < 0.005 / count as f32) {
            return;
        }
        for i in 0..count {
            let step = (pqp - qp[i]) / q[i][i];
            let scale = 1.0 + step;
            p[i] += step;
            pqp = (pqp + step * (step * q[i][i] + 2.0 * qp[i])) / scale / scale;
            for j in 0..count {
                qp[j] = (qp[j] + step * q[i][j]) / scale;
                p[j] /= scale;
            }
        }
    }
}
