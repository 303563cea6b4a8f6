//! From a decoded file to a graph that can be made concrete: several ways, the gentlest first.
//!
//! Exporters disagree with tract on what a graph may leave open. Some graphs load only with their symbols, some
//! only with known input shapes, some only when the exporter's own notes on inner shapes are ignored.

use std::collections::HashMap;
use std::sync::Arc;

use litemap::LiteMap;
use prost::Message;
use tract_onnx::model::ParseResult;
use tract_onnx::prelude::{
    InferenceModel, InferenceModelExt, OutletId, Symbol, SymbolValues, TDim, TVec, Tensor, ToDim,
    TractResult, TypedFact, TypedModel,
};
use tract_onnx::tract_hir::infer::{Factoid, GenericFactoid};
use tract_onnx::tract_hir::internal::{DimLike, TypedNode, ensure, format_err};
use tract_onnx::tract_hir::ops::konst::Const;
use tract_onnx::{Onnx, pb as tract_pb};

use crate::diag::Result;
use crate::onnx::{Dim, Weights, failure, pb};
use crate::runner::{InputShapes, Sampled};
use crate::tract::convert::to_tract;

/// A graph that loads.
pub(super) enum Graph {
    /// Typed with symbols in its shapes, which numbers replace.
    Symbolic(TypedModel),
    /// Typed only once the shapes of its inputs are known.
    Open(InferenceModel),
}

/// Loads the graph of `proto`, whose large weights are in `weights`, in the first way that works, trying `sample` where
/// shapes must be known. `row_axes` are the axes of the inputs that count rows.
pub(super) fn graph(
    onnx: Onnx,
    proto: &pb::ModelProto,
    weights: Weights,
    row_axes: &[Option<usize>],
    sample: &InputShapes,
) -> Result<Graph> {
    let (proto, weights) = (&message(proto)?, &for_tract(weights).map_err(failure::load)?);
    let first = match symbolic(&onnx, proto, weights, row_axes) {
        Ok(model) => return Ok(Graph::Symbolic(model)),
        Err(error) => error,
    };
    for ignore_value_info in [false, true] {
        let open = parse(&onnx.clone().with_ignore_value_info(ignore_value_info), proto, weights);
        if let Ok(model) = open
            && typed(&model, sample).is_ok()
        {
            return Ok(Graph::Open(model));
        }
    }
    Err(failure::load(first))
}

/// Weights as tract has them, by name.
type TractWeights = LiteMap<String, Arc<Tensor>>;

/// The weights for tract; each of ours is dropped when it is copied.
fn for_tract(weights: Weights) -> TractResult<TractWeights> {
    weights.into_iter().map(|(name, weight)| Ok((name, Arc::new(to_tract(&weight)?)))).collect()
}

/// The message as tract has it.
fn message(proto: &pb::ModelProto) -> Result<tract_pb::ModelProto> {
    tract_pb::ModelProto::decode(proto.encode_to_vec().as_slice()).map_err(failure::decode)
}

/// tract takes weights out of the graph's message, one copy for every attempt. What is not in the message it takes for
/// inputs: these become the weights, shared by all attempts.
fn parse(onnx: &Onnx, proto: &tract_pb::ModelProto, weights: &TractWeights) -> TractResult<InferenceModel> {
    let ParseResult { mut model, unresolved_inputs, outlets_by_name } = onnx.parse(proto, None)?;
    for name in unresolved_inputs {
        let found = outlets_by_name.get(&name).zip(weights.get(&name));
        let (outlet, weight) = found.ok_or_else(|| format_err!("nothing makes `{name}`"))?;
        model.inputs.retain(|input| input != outlet);
        model.node_mut(outlet.node).op = Box::new(Const::new(weight.clone())?);
        model.set_outlet_fact(*outlet, TypedFact::try_from(weight.clone())?.into())?;
    }
    Ok(model)
}

fn symbolic(
    onnx: &Onnx,
    proto: &tract_pb::ModelProto,
    weights: &TractWeights,
    row_axes: &[Option<usize>],
) -> TractResult<TypedModel> {
    let mut model = parse(onnx, proto, weights)?;
    let rows = model.symbols.new_with_prefix("rows");
    for input in 0..model.inputs.len() {
        let fact = model.input_fact(input)?.clone();
        let dims: TVec<TDim> = (fact.shape.dims().enumerate())
            .map(|(axis, dim)| match dim.concretize() {
                Some(dim) => dim,
                None if row_axes.get(input) == Some(&Some(axis)) => rows.to_dim(),
                None => model.symbols.new_with_prefix("free").to_dim(),
            })
            .collect();
        model.set_input_fact(input, fact.with_shape(dims))?;
    }
    model.into_typed()?.into_decluttered()
}

fn typed(model: &InferenceModel, shapes: &InputShapes) -> TractResult<TypedModel> {
    ensure_shapes_for(&model.inputs, shapes)?;
    let mut model = model.clone();
    let mut symbols = HashMap::new();
    for (input, shape) in shapes.iter().enumerate() {
        let fact = model.input_fact(input)?.clone();
        let dims: TVec<_> = fact.shape.dims().cloned().collect();
        for (dim, length) in dims.iter().zip(shape) {
            if let GenericFactoid::Only(TDim::Sym(symbol)) = dim {
                symbols.insert(symbol.clone(), length.to_dim());
            }
        }
        model.set_input_fact(input, fact.with_shape(shape.as_slice()))?;
    }
    model.set_symbols(&symbols)?;
    model.into_typed()
}

/// The lengths in `shapes` that the symbols in the input shapes of `model` stand for.
fn symbol_lengths(model: &TypedModel, shapes: &InputShapes) -> TractResult<Vec<(Symbol, usize)>> {
    ensure_shapes_for(&model.inputs, shapes)?;
    let mut symbols = Vec::new();
    for (input, shape) in shapes.iter().enumerate() {
        let dims = &model.input_fact(input)?.shape;
        ensure!(
            dims.rank() == shape.len(),
            "input {input} has {} dimensions, not {}",
            dims.rank(),
            shape.len()
        );
        for (dim, length) in dims.iter().zip(shape) {
            if let TDim::Sym(symbol) = dim {
                symbols.push((symbol.clone(), *length));
            }
        }
    }
    Ok(symbols)
}

fn ensure_shapes_for(inputs: &[OutletId], shapes: &InputShapes) -> TractResult<()> {
    ensure!(inputs.len() == shapes.len(), "the graph has {} inputs, not {}", inputs.len(), shapes.len());
    Ok(())
}

impl Graph {
    /// The graph for inputs of exactly `shapes`.
    pub(super) fn concrete(&self, shapes: &InputShapes) -> TractResult<TypedModel> {
        match self {
            Self::Open(model) => typed(model, shapes),
            Self::Symbolic(model) => {
                let symbols = symbol_lengths(model, shapes)?;
                let lengths = symbols.into_iter().map(|(symbol, length)| (symbol, length.to_dim()));
                model.set_symbols(&lengths.collect())
            }
        }
    }

    /// Whether inputs of `shapes` go in, as far as that can be seen: with symbols in its shapes, a graph takes all.
    pub(super) fn takes(&self, shapes: &InputShapes) -> bool {
        match self {
            Self::Symbolic(_) => true,
            Self::Open(model) => typed(model, shapes).is_ok(),
        }
    }

    /// The dimensions of every output for inputs of these shapes, as far as they are known before it runs.
    pub(super) fn output_shapes(&self, inputs: &InputShapes) -> TractResult<Vec<Vec<Option<usize>>>> {
        let model = self.concrete(inputs)?;
        (0..model.outputs.len())
            .map(|output| {
                let dims = model.output_fact(output)?.shape.iter();
                Ok(dims
                    .map(|dim| dim.to_i64().ok().and_then(|length| usize::try_from(length).ok()))
                    .collect())
            })
            .collect()
    }

    /// What `sample` tells of the graph; it stands in for shapes that must be known.
    pub(super) fn sampled(&self, sample: &InputShapes) -> TractResult<Sampled> {
        let closed;
        let mut values = SymbolValues::default();
        let model = match self {
            Self::Symbolic(model) => {
                for (symbol, length) in symbol_lengths(model, sample)? {
                    values.set(&symbol, i64::try_from(length)?);
                }
                model
            }
            Self::Open(model) => {
                closed = typed(model, sample)?;
                &closed
            }
        };
        let outputs = (0..model.outputs.len())
            .map(|output| {
                let dims = model.output_fact(output)?.shape.iter().map(|dim| match dim.to_usize() {
                    Ok(length) => Dim::Fixed(length),
                    Err(_) => Dim::Free(String::new()),
                });
                Ok(dims.collect())
            })
            .collect::<TractResult<_>>()?;
        // A graph without nodes reads and writes nothing.
        let bytes = model.nodes.iter().map(|node| node_bytes(model, node, &values)).max().unwrap_or(0);
        Ok(Sampled { outputs, bytes })
    }
}

/// An estimate of the bytes that `node` reads and writes, constants aside.
fn node_bytes(model: &TypedModel, node: &TypedNode, values: &SymbolValues) -> usize {
    let inputs = node.inputs.iter().filter_map(|input| model.outlet_fact(*input).ok());
    let facts = inputs.chain(node.outputs.iter().map(|output| &output.fact));
    facts
        .filter(|fact| fact.konst.is_none())
        .map(|fact| fact_bytes(fact, values))
        .fold(0, usize::saturating_add)
}

fn fact_bytes(fact: &TypedFact, values: &SymbolValues) -> usize {
    // A length that stays unknown counts as 1: this is an estimate.
    let lengths = fact.shape.iter().map(|dim| {
        let length = dim.eval_to_i64(values).ok().and_then(|length| usize::try_from(length).ok());
        length.unwrap_or(1)
    });
    lengths.fold(fact.datum_type.size_of(), usize::saturating_mul)
}
