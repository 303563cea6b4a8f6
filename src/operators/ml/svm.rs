//! `SVMClassifier` and `SVMRegressor` of ai.onnx.ml 1: how similar a row is to each of the support vectors, weighted.
//!
//! The standard says little of what follows the kernel; this computes what libsvm and onnxruntime do.

use crate::onnx::pb::NodeProto;
use anyhow::{Result, bail, ensure};
use predictql_kernels::elementwise::{Arithmetic, Elements as _, Function};
use predictql_kernels::vectors::{dots, precise_dot, squared_distances};

use crate::tensor::{ElementType, Tensor};

use super::class_labels::ClassLabels;
use super::post_transform::{PostTransform, logistic};
use super::{Context, Dim, Operator, Shape, feature_matrix, only};
use crate::limits::SVM_CLASSES;

/// Without support vectors a weighted sum for every class. With them a classifier for every pair of classes: the class
/// that wins the most pairs is predicted.
#[derive(Debug)]
pub(super) struct SvmClassifier {
    machine: Machine,
    labels: ClassLabels,
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

/// The support vectors and how a row is compared with one. Without support vectors, the weights of the sums stand in
/// their place.
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
    fn parse(node: &NodeProto) -> Result<Self> {
        let mut parameters: Vec<f32> = node.list("kernel_params")?;
        if parameters.is_empty() {
            // As in onnxruntime, parameters that are left out are zero.
            parameters = vec![0.0; 3];
        }
        let name = node.optional("kernel_type")?.unwrap_or("LINEAR");
        Ok(match (name, parameters.as_slice()) {
            ("LINEAR", _) => Self::Linear,
            ("POLY", &[gamma, coef0, degree, ..]) => Self::Poly { gamma, coef0, degree },
            ("RBF", &[gamma, ..]) => Self::Rbf { gamma },
            ("SIGMOID", &[gamma, coef0, ..]) => Self::Sigmoid { gamma, coef0 },
            ("POLY" | "RBF" | "SIGMOID", few) => {
                bail!("the kernel `{name}` has more than {} parameters", few.len())
            }
            (other, _) => bail!("there is no kernel `{other}`"),
        })
    }

    /// How similar a row and each of the support vectors are: one number for each place of `similarities`.
    fn compare(self, row: &[f32], vectors: &[f32], similarities: &mut [f32]) {
        if let Self::Rbf { gamma } = self {
            squared_distances(row, vectors, similarities);
            f32::combine(Arithmetic::Mul, similarities, &[-gamma]);
            return f32::apply(Function::Exp, similarities);
        }
        dots(row, vectors, similarities);
        let mut scale = |gamma, coef0| {
            f32::combine(Arithmetic::Mul, similarities, &[gamma]);
            f32::combine(Arithmetic::Add, similarities, &[coef0]);
        };
        match self {
            Self::Linear | Self::Rbf { .. } => {}
            Self::Poly { gamma, coef0, degree } => {
                scale(gamma, coef0);
                similarities.iter_mut().for_each(|similarity| *similarity = similarity.powf(degree));
            }
            Self::Sigmoid { gamma, coef0 } => {
                scale(gamma, coef0);
                f32::apply(Function::Tanh, similarities);
            }
        }
    }
}

impl Machine {
    /// Reads the attributes of a machine with `count` support vectors; without any, it has `sums` weighted sums.
    fn parse(node: &NodeProto, count: usize, sums: usize) -> Result<Self> {
        let coefficients: Vec<f32> = node.required("coefficients")?;
        let (kernel, vectors, coefficients, count) = match count {
            0 => (Kernel::Linear, coefficients, Vec::new(), sums),
            count => (Kernel::parse(node)?, node.required("support_vectors")?, coefficients, count),
        };
        ensure!(
            count > 0 && !vectors.is_empty() && vectors.len().is_multiple_of(count),
            "{} numbers do not make {count} vectors",
            vectors.len()
        );
        Ok(Self { kernel, features: vectors.len() / count, vectors, coefficients })
    }

    fn rows(&self, inputs: &[Shape]) -> Result<Dim> {
        feature_matrix::declared_rows(inputs, self.features)
    }

    /// A row of `width` numbers for every row of `input`: `finish` writes them, given the row's similarity to every
    /// vector.
    fn run(
        &self,
        input: &Tensor,
        width: usize,
        mut finish: impl FnMut(&[f32], &mut [f32]),
    ) -> Result<Tensor> {
        let mut similarities = vec![0.0; self.vectors.len() / self.features];
        feature_matrix::map_rows(input, self.features, width, |row, output| {
            self.kernel.compare(row, &self.vectors, &mut similarities);
            finish(&similarities, output);
        })
    }
}

impl Operator for SvmRegressor {
    fn parse(_: &Context<'_>, node: &NodeProto) -> Result<Self> {
        let count = node.optional("n_supports")?.unwrap_or(0);
        let machine = Machine::parse(node, count, 1)?;
        ensure!(
            count == 0 || machine.coefficients.len() == count,
            "{} coefficients do not fit {count} support vectors",
            machine.coefficients.len()
        );
        let rho = node.list("rho")?;
        let one_class = node.flag("one_class", false)?;
        // Default: an absent bias is zero.
        Ok(Self { machine, rho: rho.first().copied().unwrap_or(0.0), one_class })
    }

    fn outputs(&self, inputs: &[Shape]) -> Result<Vec<Shape>> {
        Ok(vec![(ElementType::F32, vec![self.machine.rows(inputs)?, 1.into()])])
    }

    fn eval(&self, inputs: Vec<Tensor>) -> Result<Vec<Tensor>> {
        let machine = &self.machine;
        let output = machine.run(only(&inputs)?, 1, |similarities, output| {
            let sum = match similarities {
                [sum] if machine.coefficients.is_empty() => *sum,
                similarities => {
                    let mut sum = [0.0];
                    dots(similarities, &machine.coefficients, &mut sum);
                    let [sum] = sum;
                    sum
                }
            };
            let value = sum + self.rho;
            let inlier = if value > 0.0 { 1.0 } else { -1.0 };
            output.fill(if self.one_class { inlier } else { value });
        })?;
        Ok(vec![output])
    }
}

impl Operator for SvmClassifier {
    fn parse(_: &Context<'_>, node: &NodeProto) -> Result<Self> {
        let labels = ClassLabels::parse(node, "classlabels_ints")?;
        let count = labels.count();
        ensure!(count < SVM_CLASSES, "{count} classes are too many");
        let mut end: usize = 0;
        let counts: Vec<usize> = node.list("vectors_per_class")?;
        let classes: Vec<_> = (counts.iter())
            .map(|count| {
                let start = end;
                end = end.saturating_add(*count);
                (start, end)
            })
            .collect();
        let machine = Machine::parse(node, end, count)?;
        let rho: Vec<f32> = node.list("rho")?;
        let first: Vec<f32> = node.list("prob_a")?;
        let second: Vec<f32> = node.list("prob_b")?;
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
            post_transform: PostTransform::parse(node)?,
            machine,
            labels,
            rho,
        })
    }

    fn outputs(&self, inputs: &[Shape]) -> Result<Vec<Shape>> {
        let rows = self.machine.rows(inputs)?;
        Ok(vec![
            (self.labels.element(), vec![rows.clone()]),
            (ElementType::F32, vec![rows, self.score_count().into()]),
        ])
    }

    fn eval(&self, inputs: Vec<Tensor>) -> Result<Vec<Tensor>> {
        let mut classes = Vec::new();
        let scores = self.machine.run(only(&inputs)?, self.score_count(), |similarities, output| {
            classes.push(if self.classes.is_empty() {
                self.classify_by_sums(similarities, output)
            } else {
                self.classify_by_pairs(similarities, output)
            });
        })?;
        Ok(vec![self.labels.of_classes(&classes)?, scores])
    }
}

impl SvmClassifier {
    /// How many scores there are for a row: one for each class, or for each pair where there are no probabilities.
    fn score_count(&self) -> usize {
        let count = self.labels.count();
        match count {
            3.. if !self.classes.is_empty() && self.probabilities.is_empty() => count * (count - 1) / 2,
            count => count,
        }
    }

    /// Writes the scores of one row from a sum for each class; returns the predicted class.
    #[expect(clippy::indexing_slicing, reason = "without support vectors there is a `rho`")]
    fn classify_by_sums(&self, sums: &[f32], output: &mut [f32]) -> usize {
        let rho = self.rho[0];
        let mut best = (0, f32::NEG_INFINITY);
        for (class, (score, sum)) in output.iter_mut().zip(sums).enumerate() {
            *score = sum + rho;
            if *score > best.1 {
                best = (class, *score);
            }
        }
        self.post_transform.apply_to_targets(output, output.len());
        let positive = if self.all_positive { best.1 >= 0.5 } else { best.1 > 0.0 };
        if output.len() == 2 && positive { 1 } else { best.0 }
    }

    /// Writes the scores of one row from its similarity to the support vectors; returns the predicted class.
    #[expect(
        clippy::indexing_slicing,
        clippy::cast_possible_truncation,
        reason = "every class but one has a coefficient for each support vector, every pair a `rho`, every class a \
                  count of votes; scores are single precision"
    )]
    fn classify_by_pairs(&self, similarities: &[f32], output: &mut [f32]) -> usize {
        let mut votes = vec![0; self.labels.count()];
        let mut scores = Vec::with_capacity(self.rho.len());
        // The coefficients have a row for each class but one: against the others, itself left out.
        let weighted = |row: usize, (start, end): (usize, usize)| -> f64 {
            let weights = &self.machine.coefficients[row * similarities.len()..][start..end];
            precise_dot(weights, &similarities[start..end])
        };
        for (first, first_vectors) in self.classes.iter().enumerate() {
            for (second, second_vectors) in self.classes.iter().enumerate().skip(first + 1) {
                let rho = f64::from(self.rho[scores.len()]);
                let sum = weighted(second - 1, *first_vectors) + weighted(first, *second_vectors) + rho;
                votes[if sum > 0.0 { first } else { second }] += 1;
                scores.push(sum as f32);
            }
        }
        self.write_scores(&scores, output);
        // The first of those with the most votes.
        let winner = |best: usize, class: usize| if votes[class] > votes[best] { class } else { best };
        (1..votes.len()).fold(0, winner)
    }

    /// Turns the scores of all pairs of classes into the output of one row.
    fn write_scores(&self, scores: &[f32], output: &mut [f32]) {
        if !self.probabilities.is_empty() {
            let pairs = scores.iter().zip(&self.probabilities);
            let pairs: Vec<f32> = pairs.map(|(score, (a, b))| 1.0 - logistic(score * a + b)).collect();
            couple(&pairs, output);
        } else if let ([score], [first, second]) = (scores, &mut *output) {
            let other = if self.post_transform == PostTransform::None { -score } else { 1.0 - score };
            (*first, *second) = self.post_transform.of_one(*score, other);
            return;
        } else {
            // A class without another one to be compared with scores zero.
            output.iter_mut().zip(scores).for_each(|(output, score)| *output = *score);
        }
        self.post_transform.apply_to_targets(output, output.len());
    }
}

/// Makes one probability for each class from the probabilities of the first class of each pair: the second approach of
/// Wu, Lin and Weng (2004), ended where libsvm ends it.
#[expect(
    clippy::indexing_slicing,
    clippy::needless_range_loop,
    clippy::cast_precision_loss,
    reason = "all indexes are below the number of classes, which is below 2^15"
)]
fn couple(pairs: &[f32], p: &mut [f32]) {
    let count = p.len();
    // The probability of class `i` against class `j`.
    let mut against = vec![vec![0.0_f32; count]; count];
    let mut pairs = pairs.iter();
    for i in 0..count {
        for (j, pair) in (i + 1..count).zip(&mut pairs) {
            against[i][j] = pair.clamp(1e-7, 1.0 - 1e-7);
            against[j][i] = 1.0 - against[i][j];
        }
    }
    let mut q = vec![vec![0.0_f32; count]; count];
    for i in 0..count {
        for j in (0..count).filter(|j| *j != i) {
            q[i][i] += against[j][i] * against[j][i];
            q[i][j] = -against[j][i] * against[i][j];
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
