//! The weights of a graph, moved out of the file's messages one by one: a model of 100 MB must not be in memory three
//! times before it runs. Weights in other files are fetched from there.

use litemap::LiteMap;
use prost::Message;

use super::lower::narrow::Types;
use super::lower::widen;
use super::narrow::Narrow;
use super::wire::{Content, Fields, without};
use super::{check, failure, fields, tensors, walk};
use crate::diag::{Code, Error, Invariant, Result};
use crate::onnx::pb;
use crate::onnx::pb::tensor_proto::DataLocation;
use crate::tensor::Tensor;

/// Tensors by name, for the nodes that read them.
pub(crate) type Weights = LiteMap<String, Tensor>;

/// Files that weights are kept in, by the path that the model gives them.
pub(crate) type External = [(String, Vec<u8>)];

/// The same by their paths in one notation, see [`inner_path`].
type Parts<'a> = LiteMap<String, &'a [u8]>;

/// Smaller tensors stay in the graph's message: shapes and axes, which are read when operators are built.
const LARGE: usize = 1 << 10;

/// Decodes the model file `bytes` and moves its large weights out of the graph, leaving stubs behind. Gives the types of
/// those that are held by wider ones now, too.
pub(super) fn decode(bytes: &[u8], external: &External) -> Result<(pb::ModelProto, Weights, Types)> {
    let external = &external
        .iter()
        .filter_map(|(path, content)| Some((inner_path(path)?, content.as_slice())))
        .collect::<Parts<'_>>();
    check_present(bytes, external)?;
    // A message may come in pieces: the model without its graph, and the graph without its weights.
    let without_graph = without(bytes, fields::model::GRAPH).map_err(failure::decode)?;
    let mut proto = pb::ModelProto::decode(without_graph.as_slice()).map_err(failure::decode)?;
    let (mut weights, mut types) = (Weights::new(), Types::new());
    for message in Fields::new(bytes).messages(fields::model::GRAPH) {
        let graph = proto.graph.get_or_insert_default();
        let without_weights = without(message, fields::graph::INITIALIZER).map_err(failure::decode)?;
        graph.merge(without_weights.as_slice()).map_err(failure::decode)?;
        for message in Fields::new(message).messages(fields::graph::INITIALIZER) {
            let without_values = without(message, fields::tensor::RAW_DATA).map_err(failure::decode)?;
            let mut tensor = pb::TensorProto::decode(without_values.as_slice()).map_err(failure::decode)?;
            let own = || Fields::new(message).messages(fields::tensor::RAW_DATA).last();
            let mut raw = external_part(&mut tensor, external)?.or_else(own).unwrap_or_default();
            note(&tensor.name, &tensor, &mut types);
            if widen::is_widened(tensor.data_type) {
                tensor.raw_data = std::mem::take(&mut raw).to_vec();
                widen::widen_tensor(&mut tensor)?;
            }
            // Texts stay in the message too, where they are counted.
            let is_number = widen::is_readable(tensor.data_type) && tensor.string_data.is_empty();
            if is_number && tensor.encoded_len() + raw.len() >= LARGE {
                check::check_tensor(&tensor)?;
                let (dims, data_type, name) = (tensor.dims.clone(), tensor.data_type, tensor.name.clone());
                // What was widened is in the message.
                let loaded =
                    if raw.is_empty() { tensors::load(tensor) } else { tensors::load_apart(tensor, raw) };
                weights.insert(name.clone(), loaded.map_err(|error| failure::load(error).context(&name))?);
                tensor = pb::TensorProto { dims, data_type, name, ..pb::TensorProto::default() };
            } else {
                tensor.raw_data.extend_from_slice(raw);
            }
            graph.initializer.push(tensor);
        }
    }
    let functions = proto.functions.iter_mut().flat_map(|function| &mut function.node);
    let nodes = proto.graph.iter_mut().flat_map(|graph| &mut graph.node);
    nodes.chain(functions).try_for_each(|node| resolve_attributes(node, external, &mut types))?;
    Ok((proto, weights, types))
}

/// Notes the type of a tensor, called `name` in the graph, that will be held by a wider one.
fn note(name: &str, tensor: &pb::TensorProto, types: &mut Types) {
    if Narrow::of(tensor.data_type).is_some() {
        types.insert(name.to_owned(), tensor.data_type);
    }
}

fn resolve_attributes(node: &mut pb::NodeProto, external: &Parts<'_>, types: &mut Types) -> Result<()> {
    for attribute in &mut node.attribute {
        if let (Some(tensor), Some(output)) = (&attribute.t, node.output.first()) {
            note(output, tensor, types);
        }
        let mut tensors = attribute.t.iter_mut().chain(&mut attribute.tensors);
        tensors.try_for_each(|tensor| resolve_tensor(tensor, external))?;
    }
    for body in walk::bodies_mut(node) {
        for tensor in &mut body.initializer {
            note(&tensor.name, tensor, types);
            resolve_tensor(tensor, external)?;
        }
        body.node.iter_mut().try_for_each(|node| resolve_attributes(node, external, types))?;
    }
    Ok(())
}

/// Fetches the content of `tensor` from its file, and widens its floats.
fn resolve_tensor(tensor: &mut pb::TensorProto, external: &Parts<'_>) -> Result<()> {
    if let Some(part) = external_part(tensor, external)? {
        tensor.raw_data = part.to_vec();
    }
    widen::widen_tensor(tensor)
}

/// The content of `tensor` where that is in another file, which it names no more then.
fn external_part<'a>(tensor: &mut pb::TensorProto, external: &Parts<'a>) -> Result<Option<&'a [u8]>> {
    if tensor.data_location != Some(DataLocation::External.into()) {
        return Ok(None);
    }
    let entry = |key: &str| {
        tensor.external_data.iter().find(|entry| entry.key == key).map(|entry| entry.value.as_str())
    };
    let file = entry("location").invariant("the file of a weight")?;
    let content = inner_path(file).and_then(|file| external.get(&file));
    let content = *content.invariant("a file whose presence was checked")?;
    let number = |key: &str| entry(key).map_or(Some(None), |digits| digits.parse().ok().map(Some));
    let part = || {
        let start: usize = number("offset")?.unwrap_or(0);
        let length = number("length")?.map_or_else(|| content.len().checked_sub(start), Some)?;
        content.get(start..start.checked_add(length)?)
    };
    let part = part().ok_or_else(|| {
        let message = format!(
            "tensor `{}` lies beyond the end of `{file}`, which has {} bytes",
            tensor.name,
            content.len()
        );
        Error::new(Code::InvalidModel, message).hint("the files are of different models, or one is damaged")
    })?;
    tensor.data_location = None;
    tensor.external_data.clear();
    Ok(Some(part))
}

fn check_present(bytes: &[u8], external: &Parts<'_>) -> Result<()> {
    let missing: Vec<_> = files(bytes)?
        .iter()
        .filter(|file| !external.contains_key(*file))
        .map(|file| format!("`{file}`"))
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    let message = format!("the model keeps its weights in another file: {}", missing.join(", "));
    Err(Error::new(Code::ExternalDataMissing, message).hint(
        "bring that file too, or save the model as one file: `onnx.save(onnx.load(\"model.onnx\"), \"single.onnx\")` in Python",
    ))
}

/// The external files that hold weights of the model file `bytes`: paths with `/` inside its folder.
///
/// # Errors
/// `invalid-model` for a path that leaves the model's folder.
pub(super) fn files(bytes: &[u8]) -> Result<Vec<String>> {
    let mut files = Vec::new();
    for tensor in tensors(bytes) {
        if !Fields::new(tensor)
            .map_while(Result::ok)
            .any(|field| field == (fields::tensor::DATA_LOCATION, Content::Number(fields::tensor::EXTERNAL)))
        {
            continue;
        }
        // A field that a message leaves out is empty, and an empty path is refused below.
        let text = |message, number| {
            let bytes = Fields::new(message).messages(number).last().unwrap_or(b"");
            String::from_utf8_lossy(bytes).into_owned()
        };
        let location = Fields::new(tensor)
            .messages(fields::tensor::EXTERNAL_DATA)
            .find(|entry| text(entry, fields::entry::KEY) == "location");
        let file = location.map_or_else(String::new, |entry| text(entry, fields::entry::VALUE));
        let Some(path) = inner_path(&file) else {
            let message =
                format!("the model keeps weights in `{file}`, which is no path inside its own folder");
            return Err(Error::new(Code::InvalidModel, message));
        };
        files.push(path);
    }
    files.sort_unstable();
    files.dedup();
    Ok(files)
}

/// A path inside the model's folder in one notation: exporters write `./weights` and `folder\weights` too. `None` for one
/// that leaves the folder.
fn inner_path(path: &str) -> Option<String> {
    let leaves = |part: &&str| part.is_empty() || *part == "..";
    let parts: Vec<&str> = path.split(['/', '\\']).collect();
    if parts.iter().any(leaves) || path.contains(':') {
        return None;
    }
    let inner: Vec<&str> = parts.into_iter().filter(|part| *part != ".").collect();
    (!inner.is_empty()).then(|| inner.join("/"))
}

/// The messages of all tensors of the model file `bytes`: initial values and attributes, at any depth.
fn tensors(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    let functions = Fields::new(bytes)
        .messages(fields::model::FUNCTIONS)
        .flat_map(|function| Fields::new(function).messages(fields::function::NODE));
    let mut nodes: Vec<&[u8]> = functions.collect();
    let mut graphs: Vec<&[u8]> = Fields::new(bytes).messages(fields::model::GRAPH).collect();
    let mut found: Vec<&[u8]> = Vec::new();
    loop {
        if let Some(graph) = graphs.pop() {
            found.extend(Fields::new(graph).messages(fields::graph::INITIALIZER));
            nodes.extend(Fields::new(graph).messages(fields::graph::NODE));
        } else if let Some(node) = nodes.pop() {
            for attribute in Fields::new(node).messages(fields::node::ATTRIBUTE) {
                found.extend(Fields::new(attribute).messages(fields::attribute::TENSOR));
                found.extend(Fields::new(attribute).messages(fields::attribute::TENSORS));
                graphs.extend(Fields::new(attribute).messages(fields::attribute::GRAPH));
                graphs.extend(Fields::new(attribute).messages(fields::attribute::GRAPHS));
            }
        } else {
            return found.into_iter();
        }
    }
}
