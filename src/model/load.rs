//! From a decoded file to a graph that can be made concrete: several ways, the gentlest first.
//!
//! Exporters disagree with tract on what a graph may leave open. Some graphs load only with their symbols, some
//! only with known input shapes, some only when the exporter's own notes on inner shapes are ignored.

use std::collections::HashMap;

use tract_onnx::prelude::{
    Framework, InferenceModel, InferenceModelExt, TDim, TVec, ToDim, TractResult, TypedModel,
};
use tract_onnx::tract_hir::infer::{Factoid, GenericFactoid};
use tract_onnx::tract_hir::internal::DimLike;
use tract_onnx::{Onnx, pb};

use super::plans::Shapes;
use super::signature::Dim;
use crate::diag::Result;

/// A graph that loads.
pub(super) enum Graph {
    /// Typed with symbols in its shapes, which numbers replace.
    Symbolic(TypedModel),
    /// Typed only once the shapes of its inputs are known.
    Open(InferenceModel),
}

/// Loads the graph of `proto` in the first way that works, trying `sample` where shapes must be known.
pub(super) fn graph(onnx: Onnx, proto: &pb::ModelProto, sample: &Shapes) -> Result<Graph> {
    let first = match symbolic(&onnx, proto) {
        Ok(model) => return Ok(Graph::Symbolic(model)),
        Err(error) => error,
    };
    for ignore_value_info in [false, true] {
        let open = onnx.clone().with_ignore_value_info(ignore_value_info).model_for_proto_model(proto);
        if let Ok(model) = open
            && typed(&model, sample).is_ok()
        {
            return Ok(Graph::Open(model));
        }
    }
    Err(super::failure::load(first))
}

fn symbolic(onnx: &Onnx, proto: &pb::ModelProto) -> TractResult<TypedModel> {
    let mut model = onnx.model_for_proto_model(proto)?;
    let rows = model.symbols.new_with_prefix("rows");
    for at in 0..model.inputs.len() {
        let fact = model.input_fact(at)?.clone();
        let dims: TVec<TDim> = (fact.shape.dims().enumerate())
            .map(|(axis, dim)| match dim.concretize() {
                Some(dim) => dim,
                None if axis == 0 => rows.to_dim(),
                None => model.symbols.new_with_prefix("free").to_dim(),
            })
            .collect();
        model.set_input_fact(at, fact.with_shape(dims))?;
    }
    model.into_typed()?.into_decluttered()
}

fn typed(model: &InferenceModel, shapes: &Shapes) -> TractResult<TypedModel> {
    let mut model = model.clone();
    let mut symbols = HashMap::new();
    for (at, shape) in shapes.iter().enumerate() {
        let fact = model.input_fact(at)?.clone();
        let dims: TVec<_> = fact.shape.dims().cloned().collect();
        for (dim, length) in dims.iter().zip(shape) {
            if let GenericFactoid::Only(TDim::Sym(symbol)) = dim {
                symbols.insert(symbol.clone(), length.to_dim());
            }
        }
        model.set_input_fact(at, fact.with_shape(shape.as_slice()))?;
    }
    model.set_symbols(&symbols)?;
    model.into_typed()
}

impl Graph {
    /// The graph for inputs of exactly `shapes`.
    pub(super) fn concrete(&self, shapes: &Shapes) -> TractResult<TypedModel> {
        match self {
            Self::Open(model) => typed(model, shapes),
            Self::Symbolic(model) => {
                let mut symbols = HashMap::new();
                for (at, shape) in shapes.iter().enumerate() {
                    for (dim, length) in model.input_fact(at)?.shape.iter().zip(shape) {
                        if let TDim::Sym(symbol) = dim {
                            symbols.insert(symbol.clone(), length.to_dim());
                        }
                    }
                }
                model.set_symbols(&symbols)
            }
        }
    }

    /// The dimensions of every output, as far as they are known; `sample` stands in for shapes that must be known.
    pub(super) fn outputs(&self, sample: &Shapes) -> TractResult<Vec<Vec<Dim>>> {
        let closed;
        let model = match self {
            Self::Symbolic(model) => model,
            Self::Open(model) => {
                closed = typed(model, sample)?;
                &closed
            }
        };
        (0..model.outputs.len())
            .map(|at| {
                let dims = model.output_fact(at)?.shape.iter().map(|dim| match dim.to_usize() {
                    Ok(length) => Dim::Fixed(length),
                    Err(_) => Dim::Free(String::new()),
                });
                Ok(dims.collect())
            })
            .collect()
    }
}
