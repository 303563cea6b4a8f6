//! The operators that run: tract's, and ours where tract has none or a slow one.
//!
//! One of ours is an [`Operator`]: it reads its attributes, says which outputs it makes of which inputs, and makes
//! them. [`Node`] is the rest of what tract asks for.

mod feature_vectorizer;
mod label_encoder;
mod labels;
mod linear_classifier;
mod scaler;
mod transform;
mod tree_ensemble;

use std::fmt;
use std::sync::Arc;

use tract_onnx::Onnx;
use tract_onnx::model::{OnnxOpRegister, ParsingContext};
use tract_onnx::pb::NodeProto;
use tract_onnx::tract_hir::infer::{InferenceOp, InferenceResult, Solver, TensorProxy, check_input_arity};
use tract_onnx::tract_hir::internal::{
    DatumType, DatumTypeExt, EvalContext, EvalOp, Expansion, IntoTValue, Op, OutletId, SpecialOps,
    StaticName, TDim, TValue, TVec, Tensor, TractResult, TypedFact, TypedModel, TypedOp, as_op, bail,
    check_output_arity, ensure, expand, op_as_typed_op, op_out_of_plan,
};

use feature_vectorizer::FeatureVectorizer;
use label_encoder::LabelEncoder;
use linear_classifier::LinearClassifier;
use scaler::Scaler;
use tree_ensemble::{TreeEnsembleClassifier, TreeEnsembleRegressor};

/// Operators of `ai.onnx.ml`. tract looks operators up by name alone, so that each name's domain is written down.
const ML: &[&str] = &[
    "ArrayFeatureExtractor",
    "CategoryMapper",
    "FeatureVectorizer",
    "LabelEncoder",
    "LinearClassifier",
    "LinearRegressor",
    "Normalizer",
    "Scaler",
    "TreeEnsembleClassifier",
    "TreeEnsembleRegressor",
];

/// onnxruntime's own operators, domain `com.microsoft`.
const MICROSOFT: &[&str] = &[
    "BiasGelu",
    "FastGelu",
    "GatherBlockQuantized",
    "Gelu",
    "MatMulNBits",
    "QuickGelu",
    "RotaryEmbedding",
    "SimplifiedLayerNormalization",
    "SkipLayerNormalization",
    "SkipSimplifiedLayerNormalization",
];

/// Names of [`MICROSOFT`] that are standard operators as well.
const SHARED: &[&str] = &["Gelu", "RotaryEmbedding", "SimplifiedLayerNormalization"];

/// tract's ONNX reader with our operators.
pub(super) fn onnx() -> Onnx {
    let mut onnx = tract_onnx::onnx();
    register::<FeatureVectorizer>(&mut onnx);
    register::<LabelEncoder>(&mut onnx);
    register::<LinearClassifier>(&mut onnx);
    register::<Scaler>(&mut onnx);
    register::<TreeEnsembleClassifier>(&mut onnx);
    register::<TreeEnsembleRegressor>(&mut onnx);
    onnx
}

/// Whether operator `name` of `domain` runs.
pub(super) fn runs(register: &OnnxOpRegister, domain: &str, name: &str) -> bool {
    let in_domain = match domain {
        "ai.onnx" => !ML.contains(&name) && (!MICROSOFT.contains(&name) || SHARED.contains(&name)),
        "ai.onnx.ml" => ML.contains(&name),
        "com.microsoft" => MICROSOFT.contains(&name),
        _ => false,
    };
    in_domain && register.0.contains_key(name)
}

/// Element type and dimensions of one input or output.
type Shape = (DatumType, TVec<TDim>);

/// An operator of ours.
trait Operator: fmt::Debug + Send + Sync + Sized + 'static {
    const NAME: &'static str;
    const OUTPUTS: usize;

    /// Reads the attributes.
    fn parse(ctx: &ParsingContext<'_>, node: &NodeProto) -> TractResult<Self>;

    /// The outputs that it makes of `inputs`; fails where it cannot take them.
    fn outputs(&self, inputs: &[Shape]) -> TractResult<TVec<Shape>>;

    /// Makes them.
    fn eval(&self, inputs: &[TValue]) -> TractResult<TVec<Tensor>>;
}

/// Rows and features of the one input; a vector is one row.
fn rows(inputs: &[Shape]) -> TractResult<(TDim, TDim)> {
    match inputs {
        [(_, shape)] => match shape.as_slice() {
            [features] => Ok((TDim::from(1), features.clone())),
            [rows, features] => Ok((rows.clone(), features.clone())),
            other => bail!("expected a matrix, found rank {}", other.len()),
        },
        _ => bail!("expected one input"),
    }
}

fn register<O: Operator>(onnx: &mut Onnx) {
    fn build<O: Operator>(
        ctx: &ParsingContext<'_>,
        node: &NodeProto,
    ) -> TractResult<(Box<dyn InferenceOp>, Vec<String>)> {
        let inputs = node.input.iter().filter(|name| !name.is_empty()).count();
        Ok((expand(Node { operator: Arc::new(O::parse(ctx, node)?), inputs }), Vec::new()))
    }
    onnx.op_register.insert(O::NAME, build::<O>);
}

/// An [`Operator`] as tract loads and runs it.
#[derive(Debug)]
struct Node<O> {
    operator: Arc<O>,
    inputs: usize,
}

impl<O> Clone for Node<O> {
    fn clone(&self) -> Self {
        Self { operator: self.operator.clone(), inputs: self.inputs }
    }
}

impl<O> PartialEq for Node<O> {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.operator, &other.operator)
    }
}

impl<O> Eq for Node<O> {}

impl<O: Operator> Expansion for Node<O> {
    fn name(&self) -> StaticName {
        O::NAME.into()
    }

    fn nboutputs(&self) -> TractResult<usize> {
        Ok(O::OUTPUTS)
    }

    fn rules<'r, 'p: 'r, 's: 'r>(
        &'s self,
        solver: &mut Solver<'r>,
        inputs: &'p [TensorProxy],
        outputs: &'p [TensorProxy],
    ) -> InferenceResult {
        check_input_arity(inputs, self.inputs)?;
        check_output_arity(outputs, O::OUTPUTS)?;
        let shapes = inputs.iter().map(|input| &input.shape);
        solver.given_all(shapes, move |solver, shapes| {
            let types = inputs.iter().map(|input| &input.datum_type);
            solver.given_all(types, move |solver, types| {
                let inputs: Vec<Shape> = types.into_iter().zip(shapes.clone()).collect();
                for (output, (datum_type, shape)) in outputs.iter().zip(self.operator.outputs(&inputs)?) {
                    solver.equals(&output.datum_type, datum_type)?;
                    solver.equals(&output.shape, shape)?;
                }
                Ok(())
            })
        })
    }

    fn wire(&self, prefix: &str, model: &mut TypedModel, inputs: &[OutletId]) -> TractResult<TVec<OutletId>> {
        model.wire_node(prefix, self.clone(), inputs)
    }
}

impl<O: Operator> Op for Node<O> {
    fn name(&self) -> StaticName {
        O::NAME.into()
    }

    op_as_typed_op!();
}

impl<O: Operator> EvalOp for Node<O> {
    op_out_of_plan!();

    fn eval(&self, _: &EvalContext<'_>, inputs: TVec<TValue>) -> TractResult<TVec<TValue>> {
        ensure!(inputs.len() == self.inputs, "{} takes {} inputs", O::NAME, self.inputs);
        Ok(self.operator.eval(&inputs)?.into_iter().map(IntoTValue::into_tvalue).collect())
    }
}

impl<O: Operator> TypedOp for Node<O> {
    fn output_facts(&self, inputs: &[&TypedFact]) -> TractResult<TVec<TypedFact>> {
        let inputs: Vec<Shape> = inputs.iter().map(|fact| (fact.datum_type, fact.shape.to_tvec())).collect();
        let outputs = self.operator.outputs(&inputs)?;
        Ok(outputs.into_iter().map(|(datum_type, shape)| datum_type.fact(shape)).collect())
    }

    as_op!();
}
