//! What a model file holds, before anything of it is loaded: the reasons for which it cannot run come from here,
//! all of them at once and in the words of the person who exported it.

mod foreign;
mod graph;
mod types;
mod wire;

pub(super) use types::Declared;

use std::collections::BTreeMap;

use prost::Message;
use tract_onnx::model::OnnxOpRegister;
use tract_onnx::pb;

use crate::diag::{Code, Error, Result};
use crate::limits::Limits;
use crate::model::{expand, failure, operators};
use wire::{Broken, Content, Fields};

/// What is known of a model file beside its inputs and outputs.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ModelFacts {
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
    pub(super) proto: pb::ModelProto,
    pub(super) inputs: Vec<Declared>,
    pub(super) outputs: Vec<Declared>,
    pub(super) facts: ModelFacts,
}

/// Reads `bytes` and finds everything that keeps the model from running with the operators of `register`.
pub(super) fn inspect(bytes: &[u8], limits: &Limits, register: &OnnxOpRegister) -> Result<Inventory> {
    if bytes.len() > limits.model_bytes {
        return Err(Error::new(
            Code::LimitExceeded,
            format!("the model has {} bytes, the limit is {}", bytes.len(), limits.model_bytes),
        ));
    }
    let mut proto = decode(bytes)?;
    let facts = facts(bytes, &proto);
    types::cut_zip_maps(&mut proto);
    let opset = facts.opset.get(operators::STANDARD).copied().unwrap_or_default();
    let defaults: Vec<_> = Fields::new(bytes).messages(25).map(attribute_defaults).collect();
    expand::inline(&mut proto, &defaults, &|domain, name| operators::runs(register, domain, name))?;
    proto.graph.iter_mut().for_each(|graph| expand::resolve(graph, opset));
    let (inputs, outputs) = types::declared(bytes, &proto)?;
    graph::check(&proto, &facts.opset, register)?;
    proto.graph.iter_mut().try_for_each(|graph| operators::prepare(graph, opset)).map_err(failure::load)?;
    Ok(Inventory { proto, inputs, outputs, facts })
}

/// The attributes of a FunctionProto that have a value of their own, which the decoded message leaves out.
fn attribute_defaults(function: &[u8]) -> Vec<pb::AttributeProto> {
    Fields::new(function)
        .messages(11)
        .filter_map(|attribute| pb::AttributeProto::decode(attribute).ok())
        .collect()
}

fn decode(bytes: &[u8]) -> Result<pb::ModelProto> {
    if let Some((what, hint)) = foreign::recognise(bytes) {
        return Err(
            Error::new(Code::NotOnnx, format!("expected an ONNX model, the file is {what}")).hint(hint)
        );
    }
    let not_onnx = || Error::new(Code::NotOnnx, "expected an ONNX model, the file is something else");
    let short =
        |message: String| Error::new(Code::TruncatedModel, message).hint("fetch or export the file again");
    let mut fields = Fields::new(bytes);
    // The version of the format comes first in every ONNX file, the graph further back.
    if !matches!(fields.next(), Some(Ok((1, Content::Number(_))))) {
        return Err(not_onnx());
    }
    match fields.find_map(std::result::Result::err) {
        Some(Broken::Short(missing)) => {
            let all = (bytes.len() as u64).saturating_add(missing);
            return Err(short(format!(
                "the model file ends too early: {} of at least {all} bytes are there",
                bytes.len()
            )));
        }
        Some(Broken::Garbage) => return Err(not_onnx()),
        None => {}
    }
    let proto = pb::ModelProto::decode(bytes)
        .map_err(|error| Error::new(Code::InvalidModel, "the model file cannot be decoded").detail(error))?;
    match proto.graph.is_none() || proto.opset_import.is_empty() {
        true => Err(short("the model file ends too early: it has no graph or no operator set".into())),
        false => Ok(proto),
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
        bytes: bytes.len(),
        opset,
        metadata: own.chain(metadata).filter(|(_, value)| !value.is_empty()).collect(),
        operators: counts,
    }
}
