//! SavedModels, and graphs without variables: what is to be computed from what.

use std::collections::BTreeMap;

use prost::Message;
use prost::bytes::Bytes;

use super::body::Body;
use super::bundle::Bundle;
use super::call;
use super::dtype::DataType;
use super::inline::{Value, Walker};
use super::proto::{GraphDef, MetaGraphDef, SavedModel, SignatureDef, TensorInfo};
use crate::Options;
use crate::files::Files;
use crate::labels::Labels;
use crate::onnx::{self, Dims, Graph, Port};
use crate::refusal::{Reason, Refusal, Result};

/// The signature that is served where no other one is asked for.
const DEFAULT_SIGNATURE: &str = "serving_default";
/// The signature, and its output, that fills tables of words.
const INITIALISES: &str = "__saved_model_init_op";
/// The tag of graphs that predict; those that train have another one.
const SERVE: &str = "serve";

/// The SavedModel `bytes` of the file `file` as ONNX.
pub(crate) fn convert(
    file: &str,
    bytes: Bytes,
    files: &Files,
    labels: Option<Labels>,
    options: &Options,
) -> Result<Vec<u8>> {
    let model = SavedModel::decode(bytes).map_err(|error| undecodable(file, &error))?;
    let meta = serving(model)?;
    let version = meta.info.as_ref().map_or("", |info| info.tensorflow_version.as_str()).to_owned();
    let (name, signature) = signature(&meta, options.signature.as_deref())?;
    let graph = meta.graph.as_ref().ok_or_else(|| Refusal::damaged(file, "it has no graph"))?;
    let bundle = Bundle::read(files)?;
    let mut walker = walker(graph, &bundle, files);
    let body = Body::new(&graph.node);
    if let Some(saver) = meta.saver.as_ref().filter(|saver| !saver.restore_op_name.is_empty()) {
        walker.restore(&body, &saver.restore_op_name)?;
    }
    let fills = meta.signatures.get(INITIALISES).and_then(|signature| signature.outputs.get(INITIALISES));
    if let Some(info) = fills.filter(|info| body.get(&info.name).is_some()) {
        walker.restore(&body, &info.name)?;
    }
    let refused = |refusal: Refusal| of_signature(refusal, name);
    translate(&mut walker, &body, signature).map_err(refused)?;
    Ok(finish(walker.graph, &version, name, labels))
}

/// The graph `bytes` of the file `file`, in which every variable is a constant, as ONNX.
pub(crate) fn convert_frozen(
    file: &str,
    bytes: Bytes,
    files: &Files,
    labels: Option<Labels>,
) -> Result<Vec<u8>> {
    let graph = GraphDef::decode(bytes).map_err(|error| undecodable(file, &error))?;
    let signature = ends(&graph);
    if signature.inputs.is_empty() || signature.outputs.is_empty() {
        return Err(Refusal::damaged(file, "its graph has no inputs or no outputs"));
    }
    let bundle = Bundle::default();
    let mut walker = walker(&graph, &bundle, files);
    let body = Body::new(&graph.node);
    translate(&mut walker, &body, &signature).map_err(|refusal| of_graph(refusal, file))?;
    Ok(finish(walker.graph, "", "frozen", labels))
}

fn walker<'a>(graph: &'a GraphDef, bundle: &'a Bundle, files: &'a Files) -> Walker<'a> {
    let functions = graph.library.iter().flat_map(|library| &library.function);
    let named = |function| -> Option<(&'a str, _)> {
        let function: &'a super::proto::FunctionDef = function;
        Some((function.signature.as_ref()?.name.as_str(), function))
    };
    Walker::new(functions.filter_map(named).collect(), bundle, files)
}

/// Puts all that the outputs of `signature` need into the walker's graph.
fn translate<'a>(walker: &mut Walker<'a>, body: &Body<'a>, signature: &'a SignatureDef) -> Result<()> {
    let mut given = BTreeMap::new();
    for (name, info) in &signature.inputs {
        let (node, dtype) = port(name, info)?;
        let tensor = walker.graph.input(name, dtype, call::dims(info.shape.as_ref()));
        given.insert(node.to_owned(), Value::Tensor(tensor));
    }
    // Their names belong to the outputs.
    for name in signature.outputs.keys() {
        walker.graph.name(name);
    }
    let mut wanted = Vec::new();
    for (name, info) in &signature.outputs {
        port(name, info)?;
        wanted.push(info.name.as_str());
    }
    let values = walker.walk(body, &given, &wanted)?;
    for ((name, info), value) in signature.outputs.iter().zip(values) {
        let (node, dtype) = port(name, info)?;
        let node = super::proto::NodeDef { name: node.to_owned(), op: "output".into(), ..Default::default() };
        let tensor = walker.tensor(&node, value)?;
        let graph = &mut walker.graph;
        let source = graph.channels_last(&tensor);
        let (inputs, outputs) = (vec![source], vec![name.clone()]);
        graph.nodes.push(onnx::Node {
            op: "Identity",
            is_ml: false,
            inputs,
            outputs,
            attributes: Vec::new(),
        });
        let dims = merged(call::dims(info.shape.as_ref()), tensor.dims);
        graph.outputs.push(Port { name: name.clone(), dtype, dims });
    }
    Ok(())
}

/// What the file says of lengths, and where it says nothing, what was found.
fn merged(declared: Dims, found: Dims) -> Dims {
    match (declared, found) {
        (Some(declared), Some(found)) if declared.len() == found.len() => {
            Some(declared.into_iter().zip(found).map(|(declared, found)| declared.or(found)).collect())
        }
        (declared, found) => declared.or(found),
    }
}

/// The node and the type of an input or output.
fn port<'a>(name: &str, info: &'a TensorInfo) -> Result<(&'a str, DataType)> {
    if info.name.is_empty() {
        let message = format!("`{name}` of the signature is sparse or composed of several tensors");
        return Err(Refusal::new(Reason::UnsupportedModelType, message));
    }
    let node = info.name.split(':').next().unwrap_or(&info.name);
    Ok((node, DataType::of(info.dtype, || format!("`{name}` of the signature"))?))
}

fn finish(mut graph: Graph, producer_version: &str, graph_name: &str, labels: Option<Labels>) -> Vec<u8> {
    onnx::finish(&mut graph);
    let labels = labels.filter(|labels| labels.fit(&graph));
    let labels = labels.as_ref().map(Labels::text);
    let (producer_name, model_type) = ("TensorFlow", "TENSORFLOW");
    let about = onnx::About { producer_name, producer_version, graph_name, model_type, labels };
    onnx::write(&graph, &about)
}

/// The graph that predicts.
fn serving(model: SavedModel) -> Result<MetaGraphDef> {
    let tags = |meta: &MetaGraphDef| meta.info.as_ref().map(|info| info.tags.clone()).unwrap_or_default();
    let all: Vec<String> = model.meta_graphs.iter().map(|meta| format!("{:?}", tags(meta))).collect();
    let found = model.meta_graphs.into_iter().filter(|meta| tags(meta).iter().any(|tag| tag == SERVE));
    found.min_by_key(|meta| tags(meta).len()).ok_or_else(|| {
        let message = format!("the model has no graph with the tag `{SERVE}`; it has {}", all.join(", "));
        Refusal::new(Reason::UnsupportedModelType, message)
            .hint("save the model for serving: `model.export(folder)`")
    })
}

/// The signature `wanted`, or the one that is served by default.
fn signature<'a>(meta: &'a MetaGraphDef, wanted: Option<&'a str>) -> Result<(&'a str, &'a SignatureDef)> {
    // One without outputs only initialises.
    let served = || meta.signatures.iter().filter(|(_, signature)| !signature.outputs.is_empty());
    let served_names = || served().filter(|(name, _)| !name.starts_with("__"));
    let name = wanted.unwrap_or(DEFAULT_SIGNATURE);
    if let Some(signature) = meta.signatures.get(name).filter(|signature| !signature.outputs.is_empty()) {
        return Ok((name, signature));
    }
    let mut named = served_names();
    if let (None, Some((name, signature)), None) = (wanted, named.next(), named.next()) {
        return Ok((name, signature));
    }
    let names: Vec<_> = served_names().map(|(name, _)| format!("`{name}`")).collect();
    if names.is_empty() {
        let message = "the model has no signature, which says what its inputs and outputs are";
        return Err(Refusal::new(Reason::UnsupportedModelType, message).hint(
            "save it with one: `model.export(folder)`, or `tf.saved_model.save(model, folder, signatures=…)`",
        ));
    }
    let message = format!("the model has no signature `{name}`");
    Err(Refusal::new(Reason::InvalidOption, message)
        .hint(format!("write signature = one of {}", names.join(", "))))
}

/// The inputs and outputs of a graph that names none: its placeholders, and what no other node reads.
fn ends(graph: &GraphDef) -> SignatureDef {
    let read: std::collections::BTreeSet<&str> = graph
        .node
        .iter()
        .flat_map(|node| &node.input)
        .map(|input| input.trim_start_matches('^').split(':').next().unwrap_or(input))
        .collect();
    let mut signature = SignatureDef::default();
    for node in &graph.node {
        let attr = |name: &str| node.attr.get(name).and_then(|attr| attr.value.as_ref());
        let dtype = ["dtype", "T", "DstT"].into_iter().find_map(|name| match attr(name) {
            Some(super::proto::Attr::Type(dtype)) => Some(*dtype),
            _ => None,
        });
        let shape = match attr("shape") {
            Some(super::proto::Attr::Shape(shape)) => Some(shape.clone()),
            _ => None,
        };
        let info = TensorInfo { name: node.name.clone(), dtype: dtype.unwrap_or(1), shape };
        if node.op == "Placeholder" {
            signature.inputs.insert(node.name.clone(), info);
        } else if !read.contains(node.name.as_str())
            && !matches!(node.op.as_str(), "NoOp" | "Assert" | "Const")
        {
            signature.outputs.insert(node.name.clone(), TensorInfo { shape: None, ..info });
        }
    }
    signature
}

fn undecodable(file: &str, error: &prost::DecodeError) -> Refusal {
    let words = error.to_string();
    if words.contains("underflow") {
        return Refusal::truncated(file, words);
    }
    Refusal::damaged(file, words)
}

/// The command that converts what is not converted here.
fn elsewhere(flags: &str) -> String {
    format!("convert it with `python -m tf2onnx.convert {flags} --output model.onnx`")
}

fn of_signature(refusal: Refusal, signature: &str) -> Refusal {
    if !matches!(refusal.reason, Reason::UnsupportedOperator | Reason::UnsupportedModelType) {
        return refusal;
    }
    let named = format!("{} (signature `{signature}`)", refusal.message);
    let flags = format!("--saved-model FOLDER --signature_def {signature}");
    Refusal { message: named, ..refusal }.or_hint(elsewhere(&flags))
}

fn of_graph(refusal: Refusal, file: &str) -> Refusal {
    if refusal.reason == Reason::InvalidModel {
        return refusal;
    }
    refusal.or_hint(elsewhere(&format!("--graphdef {file} --inputs … --outputs …")))
}
