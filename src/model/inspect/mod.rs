//! What a model file holds, before anything of it is loaded: the reasons for which it cannot run come from here,
//! all of them at once and in the words of the person who exported it.

mod floats;
mod foreign;
mod graph;
mod obstacles;
mod types;
mod weights;
mod wire;
mod zip_map;

pub(super) use floats::widen_tensor;
pub(super) use types::Declared;
pub(super) use weights::{External, Weights, weight_bytes};

use std::collections::BTreeMap;

use prost::Message;
use tract_onnx::{Onnx, pb};

use crate::diag::{Code, Error, Result};
use crate::limits::Limits;
use crate::model::answer::KnownLabels;
use crate::model::options::Format;
use crate::model::{expand, failure, operators};
use obstacles::Obstacles;
use wire::{Broken, Content, Fields};

/// What is known of a model file beside its inputs and outputs.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ModelFacts {
    /// The kind of file.
    pub format: Format,
    /// Bytes of the file.
    pub bytes: usize,
    /// Operator set versions by domain; the default domain is `ai.onnx`.
    pub opset: BTreeMap<String, i64>,
    /// `producer_name`, `producer_version`, `domain`, `model_version`, `ir_version`, `graph_name`, `doc_string` and
    /// the file's own properties; what is empty is left out.
    pub metadata: BTreeMap<String, String>,
    /// How many nodes there are of each operator; those outside `ai.onnx` have their domain in front.
    pub operators: BTreeMap<String, usize>,
}

/// A model file that can be loaded.
pub(super) struct Inventory {
    /// Without its large weights.
    pub(super) proto: pb::ModelProto,
    pub(super) weights: Weights,
    pub(super) inputs: Vec<Declared>,
    pub(super) outputs: Vec<Declared>,
    pub(super) facts: ModelFacts,
    pub(super) labels: KnownLabels,
}

/// Reads `bytes` and finds everything that keeps the model from running with the operators of `onnx`.
pub(super) fn inspect(bytes: &[u8], external: &External, limits: &Limits, onnx: &Onnx) -> Result<Inventory> {
    check_size(bytes.len(), limits)?;
    recognise(bytes)?;
    let (mut proto, weights) = weights::decode(bytes, external, onnx)?;
    if proto.graph.is_none() || proto.opset_import.is_empty() {
        return Err(short("the model file ends too early: it has no graph or no operator set".into()));
    }
    let mut facts = facts(bytes, &proto);
    facts.bytes += external.values().map(Vec::len).sum::<usize>();
    let labels = zip_map::cut(&mut proto);
    let opset = facts.opset.get(operators::STANDARD).copied().unwrap_or_default();
    let defaults: Vec<_> = Fields::new(bytes).messages(25).map(attribute_defaults).collect();
    let runs = |domain: &str, name: &str| operators::runs(&onnx.op_register, graph::domain(domain), name);
    expand::inline(&mut proto, &defaults, &runs)?;
    proto.graph.iter_mut().for_each(|graph| expand::resolve(graph, opset));
    let mut obstacles = Obstacles::default();
    let (inputs, outputs) = types::declared(bytes, &proto, &mut obstacles);
    graph::check(&proto, &facts.opset, &onnx.op_register, obstacles)?;
    floats::widen(&mut proto);
    proto.graph.iter_mut().try_for_each(|graph| operators::prepare(graph, opset)).map_err(failure::load)?;
    // What has a value is no input; tract finds the value by its name.
    let is_weight = |name: &str| weights.contains_key(name);
    if let Some(graph) = &mut proto.graph {
        graph.input.retain(|info| !graph.initializer.iter().any(|tensor| tensor.name == info.name));
        graph.initializer.retain(|tensor| !is_weight(&tensor.name));
    }
    Ok(Inventory { proto, weights, inputs, outputs, facts, labels })
}

/// The attributes of a FunctionProto that have a value of their own, which the decoded message leaves out.
fn attribute_defaults(function: &[u8]) -> Vec<pb::AttributeProto> {
    Fields::new(function)
        .messages(11)
        .filter_map(|attribute| pb::AttributeProto::decode(attribute).ok())
        .collect()
}

/// # Errors
/// `limit-exceeded`.
pub(super) fn check_size(bytes: usize, limits: &Limits) -> Result<()> {
    if bytes <= limits.model_bytes {
        return Ok(());
    }
    let message = format!("the model has {bytes} bytes, the limit is {}", limits.model_bytes);
    Err(Error::new(Code::LimitExceeded, message))
}

/// The files beside the model file `bytes` that its weights lie in, as it names them.
pub(super) fn external_files(bytes: &[u8]) -> Result<Vec<String>> {
    Ok(weights::files(bytes)?.into_iter().collect())
}

fn short(message: String) -> Error {
    Error::new(Code::TruncatedModel, message).hint("fetch or export the file again")
}

/// Tells ONNX files from others, and whole ones from parts.
fn recognise(bytes: &[u8]) -> Result<()> {
    if let Some((what, hint)) = foreign::recognise(bytes) {
        return Err(
            Error::new(Code::NotOnnx, format!("expected an ONNX model, the file is {what}")).hint(hint)
        );
    }
    let not_onnx = || Error::new(Code::NotOnnx, "expected an ONNX model, the file is something else");
    let mut fields = Fields::new(bytes);
    // The version of the format comes first in every ONNX file, the graph further back.
    if !matches!(fields.next(), Some(Ok((1, Content::Number(_))))) {
        return Err(not_onnx());
    }
    match fields.find_map(std::result::Result::err) {
        Some(Broken::Short(missing)) => {
            let all = (bytes.len() as u64).saturating_add(missing);
            Err(short(format!(
                "the model file ends too early: {} of at least {all} bytes are there",
                bytes.len()
            )))
        }
        Some(Broken::Garbage) => Err(not_onnx()),
        None => Ok(()),
    }
}

fn facts(bytes: &[u8], proto: &pb::ModelProto) -> ModelFacts {
    let opset =
        proto.opset_import.iter().map(|set| (graph::domain(&set.domain).to_owned(), set.version)).collect();
    let graph_name = proto.graph.as_ref().map(|graph| graph.name.clone()).unwrap_or_default();
    let number = |number: i64| if number == 0 { String::new() } else { number.to_string() };
    let own = proto.metadata_props.iter().map(|entry| (entry.key.clone(), entry.value.clone()));
    let metadata = [
        ("producer_name", proto.producer_name.clone()),
        ("producer_version", proto.producer_version.clone()),
        ("domain", proto.domain.clone()),
        ("model_version", number(proto.model_version)),
        ("ir_version", number(proto.ir_version)),
        ("graph_name", graph_name),
        ("doc_string", proto.doc_string.clone()),
    ]
    .map(|(name, value)| (name.to_owned(), value));
    let mut counts = BTreeMap::new();
    for graph in graph::all(proto.graph.iter()) {
        for node in &graph.node {
            *counts.entry(operators::full_name(&node.domain, &node.op_type)).or_default() += 1;
        }
    }
    ModelFacts {
        format: Format::Onnx,
        bytes: bytes.len(),
        opset,
        metadata: own.chain(metadata).filter(|(_, value)| !value.is_empty()).collect(),
        operators: counts,
    }
}
