//! Whether the nodes of a graph fit together and can run: operators, names, weights.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use tract_onnx::model::OnnxOpRegister;
use tract_onnx::pb;
use tract_onnx::pb::tensor_proto::{DataLocation, DataType as Element};

use crate::diag::{Code, Error, Result};
use crate::model::operators;

/// The default domain has two names.
pub(super) fn domain(domain: &str) -> &str {
    if domain.is_empty() { operators::STANDARD } else { domain }
}

/// `graphs` with the bodies of their branches and loops, at any depth.
pub(super) fn all<'a>(
    graphs: impl IntoIterator<Item = &'a pb::GraphProto>,
) -> impl Iterator<Item = &'a pb::GraphProto> {
    let mut open: Vec<_> = graphs.into_iter().collect();
    std::iter::from_fn(move || {
        let graph = open.pop()?;
        open.extend(graph.node.iter().flat_map(bodies));
        Some(graph)
    })
}

fn bodies(node: &pb::NodeProto) -> impl Iterator<Item = &pb::GraphProto> {
    node.attribute.iter().flat_map(|attribute| attribute.g.iter().chain(&attribute.graphs))
}

/// # Errors
/// `external-data-missing`, `unsupported-operator` (all of them at once), `invalid-model`.
pub(super) fn check(
    proto: &pb::ModelProto,
    opset: &BTreeMap<String, i64>,
    register: &OnnxOpRegister,
) -> Result<()> {
    external_data(proto)?;
    runnable(proto, opset, register)?;
    for graph in all(&proto.graph) {
        tensors(graph)?;
    }
    match &proto.graph {
        Some(graph) => names(graph, &HashSet::new()),
        None => Ok(()),
    }
}

fn every_tensor(graph: &pb::GraphProto) -> impl Iterator<Item = &pb::TensorProto> {
    let attributes = graph.node.iter().flat_map(|node| &node.attribute);
    graph
        .initializer
        .iter()
        .chain(attributes.flat_map(|attribute| attribute.t.iter().chain(&attribute.tensors)))
}

fn external_data(proto: &pb::ModelProto) -> Result<()> {
    let mut files = BTreeSet::new();
    for tensor in all(&proto.graph).flat_map(every_tensor) {
        if tensor.data_location == Some(DataLocation::External.into()) {
            let location = tensor.external_data.iter().find(|entry| entry.key == "location");
            files.insert(location.map_or("?", |entry| entry.value.as_str()));
        }
    }
    if files.is_empty() {
        return Ok(());
    }
    let files: Vec<_> = files.iter().map(|file| format!("`{file}`")).collect();
    Err(Error::new(
        Code::ExternalDataMissing,
        format!("the model keeps its weights in another file: {}", files.join(", ")),
    )
    .hint("save the model as one file: `onnx.save(onnx.load(\"model.onnx\"), \"single.onnx\")` in Python"))
}

fn runnable(proto: &pb::ModelProto, opset: &BTreeMap<String, i64>, register: &OnnxOpRegister) -> Result<()> {
    let mut missing: BTreeMap<(&str, &str), Vec<&str>> = BTreeMap::new();
    for node in all(&proto.graph).flat_map(|graph| &graph.node) {
        let domain = domain(&node.domain);
        if !operators::runs(register, domain, &node.op_type) {
            let output = node.output.first().map_or("?", String::as_str);
            let name = if node.name.is_empty() { output } else { &node.name };
            missing.entry((domain, &node.op_type)).or_default().push(name);
        }
    }
    if missing.is_empty() {
        return Ok(());
    }
    let list: Vec<String> = missing
        .iter()
        .map(|((domain, operator), nodes)| {
            let version = opset.get(*domain).map(|version| format!(" {version}")).unwrap_or_default();
            let more = if nodes.len() > 1 { format!(" and {} more", nodes.len() - 1) } else { String::new() };
            format!("`{operator}` of {domain}{version} (node `{}`{more})", nodes.first().unwrap_or(&"?"))
        })
        .collect();
    let what = if list.len() == 1 { "an operator that does" } else { "operators that do" };
    let error = Error::new(
        Code::UnsupportedOperator,
        format!("the model uses {what} not run here: {}", list.join(", ")),
    );
    Err(match missing.keys().any(|(domain, _)| *domain == "com.microsoft") {
        true => error
            .hint("export the model without onnxruntime's optimisations, from the standard operators only"),
        false => error,
    })
}

/// Names must lead somewhere, nothing may be made twice, and no node may wait for itself.
fn names<'a>(graph: &'a pb::GraphProto, outer: &HashSet<&'a str>) -> Result<()> {
    let invalid = |message: String| Error::new(Code::InvalidModel, message);
    let mut known: HashSet<&str> = outer.clone();
    known.extend(graph.input.iter().map(|info| info.name.as_str()));
    known.extend(graph.initializer.iter().map(|tensor| tensor.name.as_str()));
    let mut maker: HashMap<&str, usize> = HashMap::new();
    for (at, node) in graph.node.iter().enumerate() {
        for output in node.output.iter().filter(|name| !name.is_empty()) {
            if maker.insert(output, at).is_some() {
                return Err(invalid(format!("`{output}` is the output of several nodes")));
            }
        }
    }
    let mut waiting = vec![0_usize; graph.node.len()];
    let mut readers: HashMap<usize, Vec<usize>> = HashMap::new();
    for (at, (node, waiting)) in graph.node.iter().zip(&mut waiting).enumerate() {
        for input in node.input.iter().filter(|name| !name.is_empty()) {
            match maker.get(input.as_str()) {
                Some(by) => {
                    *waiting += 1;
                    readers.entry(*by).or_default().push(at);
                }
                None if known.contains(input.as_str()) => {}
                None => {
                    return Err(invalid(format!(
                        "node `{}` reads `{input}`, which nothing makes",
                        node.name
                    )));
                }
            }
        }
    }
    let mut ready: Vec<usize> = (0..).zip(&waiting).filter(|(_, n)| **n == 0).map(|(at, _)| at).collect();
    let mut done = 0;
    while let Some(at) = ready.pop() {
        done += 1;
        for reader in readers.get(&at).into_iter().flatten() {
            if let Some(waiting) = waiting.get_mut(*reader) {
                *waiting -= 1;
                if *waiting == 0 {
                    ready.push(*reader);
                }
            }
        }
    }
    if done < graph.node.len() {
        return Err(invalid("the nodes of the graph wait for each other in a circle".into()));
    }
    known.extend(maker.keys());
    if let Some(output) = graph.output.iter().find(|output| !known.contains(output.name.as_str())) {
        return Err(invalid(format!("output `{}` is made by no node", output.name)));
    }
    graph.node.iter().flat_map(bodies).try_for_each(|body| names(body, &known))
}

/// Weights must have as many values as their shape says.
fn tensors(graph: &pb::GraphProto) -> Result<()> {
    for tensor in every_tensor(graph) {
        let name = &tensor.name;
        let shape: Option<usize> =
            (tensor.dims.iter()).try_fold(1_usize, |all, dim| all.checked_mul(usize::try_from(*dim).ok()?));
        let shape = shape.filter(|values| *values <= isize::MAX as usize / 16).ok_or_else(|| {
            Error::new(
                Code::InvalidModel,
                format!("tensor `{name}` has impossible dimensions {:?}", tensor.dims),
            )
        })?;
        if Element::try_from(tensor.data_type) == Ok(Element::String) && tensor.string_data.len() != shape {
            return Err(Error::new(
                Code::InvalidModel,
                format!(
                    "tensor `{name}` has {} texts, its dimensions ask for {shape}",
                    tensor.string_data.len()
                ),
            ));
        }
    }
    Ok(())
}
