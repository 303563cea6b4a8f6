//! The attribute `post_transform` of classifiers and regressors: from summed scores to the numbers that the model gives.
//! The standard names the transforms; this follows onnxruntime's formulas, in 32-bit floats.

use crate::onnx::pb::NodeProto;
use anyhow::{Result, bail};
use predictql_kernels::elementwise::{Elements as _, Function};
use predictql_kernels::softmax::Shares as _;

/// The attribute `post_transform`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PostTransform {
    None,
    Softmax,
    /// Softmax that leaves zeros out.
    SoftmaxZero,
    Logistic,
    Probit,
}

impl PostTransform {
    pub(super) fn parse(node: &NodeProto) -> Result<Self> {
        Ok(match node.optional("post_transform")?.unwrap_or("NONE") {
            "NONE" => Self::None,
            "SOFTMAX" => Self::Softmax,
            "SOFTMAX_ZERO" => Self::SoftmaxZero,
            "LOGISTIC" => Self::Logistic,
            "PROBIT" => Self::Probit,
            other => bail!("there is no post transform `{other}`"),
        })
    }

    /// Transforms rows of `width` targets. As in onnxruntime, a single target is transformed by PROBIT only.
    pub(super) fn apply_to_targets(self, targets: &mut [f32], width: usize) {
        if width > 1 || self == Self::Probit {
            self.apply_to_rows(targets, width);
        }
    }

    /// The scores of two classes that one `score` tells apart. As in onnxruntime, only LOGISTIC and PROBIT count here;
    /// otherwise the first class gets `other`.
    pub(super) fn of_one(self, score: f32, other: f32) -> (f32, f32) {
        match self {
            Self::Logistic => (logistic(-score), logistic(score)),
            Self::Probit => (probit(score), 0.0),
            _ => (other, score),
        }
    }

    /// Transforms the scores of one row in place.
    pub(super) fn apply(self, scores: &mut [f32]) {
        self.apply_to_rows(scores, scores.len());
    }

    /// Transforms rows of `width` scores in place.
    pub(super) fn apply_to_rows(self, scores: &mut [f32], width: usize) {
        match self {
            Self::None => {}
            Self::Logistic => f32::apply(Function::Logistic, scores),
            Self::Probit => scores.iter_mut().for_each(|score| *score = probit(*score)),
            Self::Softmax => f32::shares(scores, width),
            Self::SoftmaxZero => scores.chunks_mut(width.max(1)).for_each(softmax_of_others),
        }
    }
}

/// Softmax that leaves zeros out.
fn softmax_of_others(scores: &mut [f32]) {
    let most = scores.iter().copied().fold(f32::MIN, f32::max);
    let mut sum = 0.0;
    for score in scores.iter_mut() {
        if score.abs() > 1e-7 {
            *score = (*score - most).exp();
            sum += *score;
        } else {
            *score *= (-most).exp();
        }
    }
    scores.iter_mut().for_each(|score| *score /= sum);
}

pub(super) fn logistic(score: f32) -> f32 {
    let mut score = [score];
    f32::apply(Function::Logistic, &mut score);
    let [score] = score;
    score
}

/// The quantile of the normal distribution, by the approximation of the inverse error function that onnxruntime has.
#[expect(clippy::approx_constant, reason = "onnxruntime has pi with so many digits")]
pub(super) fn probit(score: f32) -> f32 {
    const A: f32 = 0.147;
    let x = 2.0 * score - 1.0;
    let log = ((1.0 - x) * (1.0 + x)).ln();
    let half = 2.0 / (3.14159 * A) + 0.5 * log;
    let root = (-half + (half * half - 1.0 / A * log).sqrt()).sqrt();
    std::f32::consts::SQRT_2 * if x < 0.0 { -root } else { root }
}
