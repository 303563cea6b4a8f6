//! `LinearClassifier` and `LinearRegressor` of ai.onnx.ml 1: a weighted sum of the features for every class or target.

use tract_onnx::model::ParsingContext;
use tract_onnx::pb::NodeProto;
use tract_onnx::tract_hir::internal::{
    DatumType, TDim, TValue, TVec, Tensor, ToDim, TractResult, ensure, tvec,
};

use super::labels::Labels;
use super::transform::PostTransform;
use super::values::only;
use super::{Operator, Shape, features};

#[derive(Debug)]
pub(super) struct LinearClassifier {
    labels: Labels,
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
    fn parse(_: &ParsingContext<'_>, node: &NodeProto) -> TractResult<Self> {
        let labels = Labels::parse(node, "classlabels_ints")?;
        let sums = Sums::parse(node, labels.count())?;
        let count = sums.intercepts.len();
        ensure!(
            count == labels.count() || (count == 1 && labels.count() == 2),
            "{count} intercepts do not fit {} labels",
            labels.count()
        );
        Ok(Self { labels, sums, post_transform: PostTransform::of(node)? })
    }

    fn outputs(&self, inputs: &[Shape]) -> TractResult<TVec<Shape>> {
        let rows = self.sums.rows(inputs)?;
        Ok(tvec!(
            (self.labels.datum_type(), tvec!(rows.clone())),
            (DatumType::F32, tvec!(rows, self.labels.count().to_dim()))
        ))
    }

    fn eval(&self, inputs: &[TValue]) -> TractResult<TVec<Tensor>> {
        let mut places = Vec::new();
        let scores =
            self.sums.run(only(inputs)?, self.labels.count(), |scores| places.push(self.finish(scores)))?;
        Ok(tvec!(self.labels.pick(&places)?, scores))
    }
}

impl LinearClassifier {
    /// Makes scores of the sums in `output` and returns the place of the label.
    fn finish(&self, output: &mut [f32]) -> usize {
        // One sum tells two classes apart by its sign.
        if let (1, [first, second]) = (self.sums.intercepts.len(), &mut *output) {
            let sum = *first;
            (*first, *second) = self.post_transform.of_one(sum, 1.0 - sum);
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

impl Operator for LinearRegressor {
    fn parse(_: &ParsingContext<'_>, node: &NodeProto) -> TractResult<Self> {
        let targets = node.get_attr_opt("targets")?.unwrap_or(1);
        let sums = Sums::parse(node, targets)?;
        let count = sums.intercepts.len();
        ensure!(count == targets, "{count} intercepts do not fit {targets} targets");
        Ok(Self { sums, post_transform: PostTransform::of(node)? })
    }

    fn outputs(&self, inputs: &[Shape]) -> TractResult<TVec<Shape>> {
        let rows = self.sums.rows(inputs)?;
        Ok(tvec!((DatumType::F32, tvec!(rows, self.sums.intercepts.len().to_dim()))))
    }

    fn eval(&self, inputs: &[TValue]) -> TractResult<TVec<Tensor>> {
        let targets = self.sums.intercepts.len();
        let transform = |sums: &mut [f32]| self.post_transform.apply_to_targets(sums);
        Ok(tvec!(self.sums.run(only(inputs)?, targets, transform)?))
    }
}

impl Sums {
    /// Reads the attributes; without intercepts, there are `count` sums.
    fn parse(node: &NodeProto, count: usize) -> TractResult<Self> {
        let coefficients = node.get_attr_vec::<f32>("coefficients")?;
        let intercepts: Vec<f32> = node.get_attr_opt_vec("intercepts")?.unwrap_or_default();
        let count = if intercepts.is_empty() { count } else { intercepts.len() };
        let features = coefficients.len().checked_div(count).unwrap_or_default();
        ensure!(
            features > 0 && features * count == coefficients.len(),
            "{} coefficients do not fit {count} sums",
            coefficients.len()
        );
        let intercepts = if intercepts.is_empty() { vec![0.0; count] } else { intercepts };
        Ok(Self { coefficients, intercepts, features })
    }

    /// The rows of the one input, which has the features asked for.
    fn rows(&self, inputs: &[Shape]) -> TractResult<TDim> {
        features::declared(inputs, self.features)
    }

    /// Sums for every row of `input`, in rows of `width` numbers, which `finish` changes.
    fn run(&self, input: &Tensor, width: usize, mut finish: impl FnMut(&mut [f32])) -> TractResult<Tensor> {
        let input = input.cast_to::<f32>()?;
        let rows = features::rows(&input, self.features)?;
        let mut output = Tensor::zero::<f32>(&[rows, width])?;
        let mut view = output.try_as_plain_ram_mut()?;
        let input = input.try_as_plain_ram()?;
        let values = input.as_slice::<f32>()?.chunks(self.features);
        for (values, output) in values.zip(view.as_slice_mut::<f32>()?.chunks_mut(width.max(1))) {
            let weights = self.coefficients.chunks(self.features).zip(&self.intercepts);
            for (sum, (weights, intercept)) in output.iter_mut().zip(weights) {
                *sum = dot(values, weights) + intercept;
            }
            finish(output);
        }
        Ok(output)
    }
}

/// The scalar product.
pub(super) fn dot(left: &[f32], right: &[f32]) -> f32 {
    sum(left, right, |left, right| left * right)
}

/// The sum of a term for each pair. Four sums side by side go into a vector register; they are written out, since the
/// compiler unrolls nothing where size counts.
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
