//! `LinearClassifier` of ai.onnx.ml 1: a weighted sum of the features for every class.
//!
//! tract has one that takes no string labels.

use tract_onnx::model::ParsingContext;
use tract_onnx::pb::NodeProto;
use tract_onnx::tract_hir::internal::{
    DatumType, TValue, TVec, Tensor, ToDim, TractResult, bail, ensure, tvec,
};

use super::labels::Labels;
use super::transform::{PostTransform, probit};
use super::{Operator, Shape, rows};

#[derive(Debug)]
pub(super) struct LinearClassifier {
    labels: Labels,
    /// The weights of all features for one sum after the other.
    coefficients: Vec<f32>,
    intercepts: Vec<f32>,
    features: usize,
    post_transform: PostTransform,
}

impl LinearClassifier {
    /// One sum tells two classes apart by its sign.
    fn is_one_sided(&self) -> bool {
        self.intercepts.len() == 1 && self.labels.count() == 2
    }

    fn scores(&self) -> usize {
        if self.is_one_sided() { 2 } else { self.intercepts.len() }
    }
}

impl Operator for LinearClassifier {
    fn parse(_: &ParsingContext<'_>, node: &NodeProto) -> TractResult<Self> {
        let labels = Labels::parse(node, "classlabels_ints")?;
        let coefficients = node.get_attr_vec::<f32>("coefficients")?;
        let intercepts =
            node.get_attr_opt_vec::<f32>("intercepts")?.filter(|intercepts| !intercepts.is_empty());
        let intercepts = intercepts.unwrap_or_else(|| vec![0.0; labels.count()]);
        let features = coefficients.len() / intercepts.len();
        ensure!(
            features * intercepts.len() == coefficients.len(),
            "{} coefficients do not fit {} intercepts",
            coefficients.len(),
            intercepts.len()
        );
        ensure!(
            intercepts.len() == labels.count() || (intercepts.len() == 1 && labels.count() == 2),
            "{} intercepts do not fit {} labels",
            intercepts.len(),
            labels.count()
        );
        let post_transform = PostTransform::parse(node.get_attr_opt("post_transform")?.unwrap_or("NONE"))?;
        Ok(Self { labels, coefficients, intercepts, features, post_transform })
    }

    fn outputs(&self, inputs: &[Shape]) -> TractResult<TVec<Shape>> {
        let (rows, features) = rows(inputs)?;
        ensure!(
            features.to_i64().is_err() || features == self.features.to_dim(),
            "expected {} features, found {features}",
            self.features
        );
        Ok(tvec!(
            (self.labels.datum_type(), tvec!(rows.clone())),
            (DatumType::F32, tvec!(rows, self.scores().to_dim()))
        ))
    }

    fn eval(&self, inputs: &[TValue]) -> TractResult<TVec<Tensor>> {
        let [input] = inputs else { bail!("expected one input") };
        let input = input.cast_to::<f32>()?;
        let features = self.features.max(1);
        let rows = input.len() / features;
        ensure!(
            rows * features == input.len(),
            "expected {features} features, found shape {:?}",
            input.shape()
        );
        let mut scores = Tensor::zero::<f32>(&[rows, self.scores()])?;
        let mut view = scores.try_as_plain_ram_mut()?;
        let input = input.try_as_plain_ram()?;
        let values = input.as_slice::<f32>()?.chunks(features);
        let outputs = view.as_slice_mut::<f32>()?.chunks_mut(self.scores());
        let mut places = Vec::with_capacity(rows);
        for (values, output) in values.zip(outputs) {
            let weights = self.coefficients.chunks(features).zip(&self.intercepts);
            for (sum, (weights, intercept)) in output.iter_mut().zip(weights) {
                *sum = dot(values, weights) + intercept;
            }
            places.push(self.finish(output));
        }
        Ok(tvec!(self.labels.pick(&places)?, scores))
    }
}

impl LinearClassifier {
    /// Makes scores of the sums in `output` and returns the place of the label.
    fn finish(&self, output: &mut [f32]) -> usize {
        if let (true, [first, second]) = (self.is_one_sided(), &mut *output) {
            let sum = *first;
            // As onnxruntime has it: a single sum is taken for a probability, whatever the transform.
            (*first, *second) = match self.post_transform {
                PostTransform::Probit => (probit(sum), 0.0),
                _ => (1.0 - sum, sum),
            };
            return usize::from(sum > 0.0);
        }
        let mut best = (0, f32::NEG_INFINITY);
        for (place, sum) in output.iter().enumerate() {
            if *sum > best.1 {
                best = (place, *sum);
            }
        }
        self.post_transform.apply(output);
        best.0
    }
}

/// Eight sums side by side, so that they go into vector registers.
fn dot(left: &[f32], right: &[f32]) -> f32 {
    let (left, left_rest) = left.as_chunks::<8>();
    let (right, right_rest) = right.as_chunks::<8>();
    let mut sums = [0.0; 8];
    for (left, right) in left.iter().zip(right) {
        for (sum, (left, right)) in sums.iter_mut().zip(left.iter().zip(right)) {
            *sum += left * right;
        }
    }
    let rest: f32 = left_rest.iter().zip(right_rest).map(|(left, right)| left * right).sum();
    sums.iter().sum::<f32>() + rest
}
