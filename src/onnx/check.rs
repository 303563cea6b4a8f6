//! Checks that the nodes of a graph fit together and can run: operators, names, weights.

use std::collections::{HashMap, HashSet};

use litemap::LiteMap;

use super::lower::widen;
use super::names::{self, domain};
use super::obstacles::Obstacles;
use super::walk::{self, bodies};
use crate::diag::{Code, Error, Result};
use crate::limits::{MODEL_LOOPS, MODEL_TEXT};
use crate::onnx::pb;
use crate::onnx::pb::tensor_proto::DataType as Element;

/// The newest operator sets that are known; later ones may change what an operator does.
const STANDARD_SET: i64 = 26;
const ML_SET: i64 = 5;

/// # Errors
/// `unsupported-operator`, `unsupported-model-type` (with the `obstacles` that were found before, all of them at once);
/// `invalid-model`.
pub(super) fn check(
    proto: &pb::ModelProto,
    opset: &LiteMap<String, i64>,
    known: names::Known<'_>,
    mut obstacles: Obstacles,
) -> Result<()> {
    runnable(proto, opset, known, &mut obstacles);
    readable(proto, &mut obstacles);
    for (domain, known) in [(names::STANDARD, STANDARD_SET), (names::ML, ML_SET)] {
        if let Some(version) = opset.get(domain).filter(|version| **version > known) {
            obstacles.add(
                Code::UnsupportedOperator,
                format!(
                    "the model uses operator set {version} of {domain}, the newest that is known is {known}"
                ),
            );
            obstacles.hint("export the model for an older operator set");
        }
    }
    obstacles.check()?;
    walk::graphs(&proto.graph).flat_map(every_tensor).try_for_each(check_tensor)?;
    walk::graphs(&proto.graph).flat_map(|graph| &graph.node).try_for_each(check_texts)?;
    match &proto.graph {
        Some(graph) => name_resolution(graph, &mut HashSet::new(), 0),
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

/// Adds the operators that do not run.
fn runnable(
    proto: &pb::ModelProto,
    opset: &LiteMap<String, i64>,
    known: names::Known<'_>,
    obstacles: &mut Obstacles,
) {
    let mut missing: LiteMap<(&str, &str), Vec<&str>> = LiteMap::new();
    for node in walk::graphs(&proto.graph).flat_map(|graph| &graph.node) {
        let domain = domain(&node.domain);
        if !names::runs(known, domain, &node.op_type) {
            // Nodes without a name go by that of their first output.
            let output = node.output.first().map_or("?", String::as_str);
            let name = if node.name.is_empty() { output } else { &node.name };
            missing.entry((domain, &node.op_type)).or_default().push(name);
        }
    }
    if missing.is_empty() {
        return;
    }
    let list: Vec<String> = missing
        .iter()
        .map(|((domain, operator), nodes)| {
            let version = opset.get(*domain).map_or_else(String::new, |version| format!(" {version}"));
            let more = if nodes.len() > 1 { format!(" and {} more", nodes.len() - 1) } else { String::new() };
            format!("`{operator}` of {domain}{version} (node `{}`{more})", nodes.first().unwrap_or(&"?"))
        })
        .collect();
    let what = if list.len() == 1 { "an operator that does" } else { "operators that do" };
    let message = format!("the model uses {what} not run here: {}", list.join(", "));
    obstacles.add(Code::UnsupportedOperator, message);
    if missing.keys().any(|(domain, _)| domain.starts_with(names::MICROSOFT)) {
        obstacles.hint(
            "export the model without onnxruntime's optimisations, or with graph_optimization_level ORT_ENABLE_BASIC at most",
        );
    }
}

/// Adds the weights that cannot be read.
fn readable(proto: &pb::ModelProto, obstacles: &mut Obstacles) {
    let mut types: LiteMap<i32, Vec<&str>> = LiteMap::new();
    for graph in walk::graphs(&proto.graph) {
        for tensor in every_tensor(graph).filter(|tensor| !widen::is_readable(tensor.data_type)) {
            types.entry(tensor.data_type).or_default().push(&tensor.name);
        }
        if !graph.sparse_initializer.is_empty() {
            let count = graph.sparse_initializer.len();
            let message = format!("the model keeps {count} of its weights as sparse tensors");
            obstacles.add(Code::UnsupportedModelType, message);
            obstacles.hint("export the model with dense weights");
        }
    }
    for (element, names) in types {
        let name = widen::element_name(element);
        let first = names.first().copied().filter(|name| !name.is_empty()).unwrap_or("?");
        let more = if names.len() > 1 { format!(" and {} more", names.len() - 1) } else { String::new() };
        let message =
            format!("the model has weights of type {name}, which is not supported (`{first}`{more})");
        obstacles.add(Code::UnsupportedModelType, message);
        obstacles.hint("export the model with float32, float16 or int8 weights");
    }
}

/// Checks that every name has one source, and that no node depends on its own output. `known` are the names around the graph, which stands
/// in so many `loops`.
fn name_resolution<'a>(graph: &'a pb::GraphProto, known: &mut HashSet<&'a str>, loops: usize) -> Result<()> {
    if loops > MODEL_LOOPS {
        return Err(invalid(format!("more than {MODEL_LOOPS} loops stand inside each other")));
    }
    let given = graph.input.iter().map(|info| info.name.as_str());
    let given = given.chain(graph.initializer.iter().map(|tensor| tensor.name.as_str()));
    let mut own: Vec<&str> = given.filter(|name| known.insert(name)).collect();
    let mut producers: HashMap<&str, usize> = HashMap::new();
    for (index, node) in graph.node.iter().enumerate() {
        for output in node.output.iter().filter(|name| !name.is_empty()) {
            if producers.insert(output, index).is_some() {
                return Err(invalid(format!("`{output}` is the output of several nodes")));
            }
        }
    }
    check_order(graph, known, &producers)?;
    own.extend(producers.keys().filter(|name| known.insert(name)));
    if let Some(output) = graph.output.iter().find(|output| !known.contains(output.name.as_str())) {
        return Err(invalid(format!("output `{}` is made by no node", output.name)));
    }
    for node in &graph.node {
        let loops = loops + usize::from(node.op_type == "Loop");
        bodies(node).try_for_each(|body| name_resolution(body, known, loops))?;
    }
    for name in own {
        known.remove(name);
    }
    Ok(())
}

/// Checks that there is an order in which the nodes can run. `known` are the names that no node makes, `producers` the
/// nodes by the names of their outputs.
#[expect(
    clippy::indexing_slicing,
    reason = "there is an entry for each node, and producers and readers are nodes"
)]
fn check_order(
    graph: &pb::GraphProto,
    known: &HashSet<&str>,
    producers: &HashMap<&str, usize>,
) -> Result<()> {
    let mut waiting_for = vec![0_usize; graph.node.len()];
    let mut readers: Vec<Vec<usize>> = vec![Vec::new(); graph.node.len()];
    for (index, node) in graph.node.iter().enumerate() {
        for input in node.input.iter().filter(|name| !name.is_empty()) {
            if let Some(producer) = producers.get(input.as_str()) {
                waiting_for[index] += 1;
                readers[*producer].push(index);
            } else if !known.contains(input.as_str()) {
                let message = format!("node `{}` reads `{input}`, which nothing makes", node.name);
                return Err(invalid(message));
            }
        }
    }
    let mut ready: Vec<usize> = (0..graph.node.len()).filter(|index| waiting_for[*index] == 0).collect();
    let mut done = 0;
    while let Some(index) = ready.pop() {
        done += 1;
        for reader in &readers[index] {
            waiting_for[*reader] -= 1;
            if waiting_for[*reader] == 0 {
                ready.push(*reader);
            }
        }
    }
    if done < graph.node.len() {
        return Err(invalid("the nodes of the graph wait for each other in a circle".into()));
    }
    Ok(())
}

fn invalid(message: String) -> Error {
    Error::new(Code::InvalidModel, message)
}

/// Checks that what an operator may give for every row is short.
fn check_texts(node: &pb::NodeProto) -> Result<()> {
    let texts = node.attribute.iter().flat_map(|attribute| attribute.strings.iter().chain([&attribute.s]));
    match texts.map(Vec::len).max() {
        Some(length) if length > MODEL_TEXT => {
            Err(invalid(format!("node `{}` has a text of {length} bytes", node.name)))
        }
        _ => Ok(()),
    }
}

/// Checks the dimensions of a tensor, and the number of its texts; other values are counted when they are loaded.
pub(super) fn check_tensor(tensor: &pb::TensorProto) -> Result<()> {
    let wrong = |what: String| Err(invalid(format!("tensor `{}` has {what}", tensor.name)));
    let count: Option<usize> = (tensor.dims.iter())
        .try_fold(1_usize, |count, length| count.checked_mul(usize::try_from(*length).ok()?));
    // The values of the widest type must fit into memory.
    let Some(count) = count.filter(|count| *count <= usize::MAX / 32) else {
        return wrong(format!("impossible dimensions {:?}", tensor.dims));
    };
    let texts = tensor.string_data.len();
    match Element::try_from(tensor.data_type) {
        Ok(Element::String) if texts != count => {
            wrong(format!("{texts} texts, its dimensions ask for {count}"))
        }
        Ok(Element::String) if tensor.string_data.iter().any(|text| text.len() > MODEL_TEXT) => {
            wrong(format!("a text of more than {MODEL_TEXT} bytes"))
        }
        _ => Ok(()),
    }
}
