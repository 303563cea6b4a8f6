//! Where the values that encoders look up come from, so that an error can name the column.

use litemap::LiteMap;

use super::pb::{GraphProto, NodeProto};
use super::tensors::integers;

/// An input of the graph, and the position in its rows that was picked, where one was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Origin {
    pub(crate) input: String,
    pub(crate) position: Option<usize>,
}

/// Where the inputs of the encoders of `graph` come from, by their names; not those that are computed.
pub(crate) fn encoder_origins(graph: &GraphProto) -> LiteMap<String, Origin> {
    let encoders =
        graph.node.iter().filter(|node| matches!(operator(node), "OneHotEncoder" | "LabelEncoder"));
    let names = encoders.filter_map(|node| node.input.first());
    names.filter_map(|name| Some((name.clone(), origin(graph, name)?))).collect()
}

/// The name of a node's operator within its domain.
fn operator(node: &NodeProto) -> &str {
    node.op_type.rsplit_once('.').map_or(node.op_type.as_str(), |(_, name)| name)
}

/// Where the tensor `name` comes from, through operators that change neither its values nor its rows.
fn origin(graph: &GraphProto, name: &str) -> Option<Origin> {
    let (mut name, mut position) = (name, None);
    // No way through a graph has more steps than there are nodes.
    for _ in 0..=graph.node.len() {
        if graph.input.iter().any(|input| input.name == name) {
            return Some(Origin { input: name.to_owned(), position });
        }
        let node = graph.node.iter().find(|node| node.output.first().is_some_and(|output| output == name))?;
        match operator(node) {
            "Cast" | "Identity" | "Reshape" | "Squeeze" | "Unsqueeze" | "Flatten" => {}
            "ArrayFeatureExtractor" | "Gather" if position.is_none() => {
                position = Some(index(graph, node.input.get(1)?)?);
            }
            _ => return None,
        }
        name = node.input.first()?;
    }
    None
}

/// The one index in the constant `name`.
fn index(graph: &GraphProto, name: &str) -> Option<usize> {
    let constant = graph.initializer.iter().find(|constant| constant.name == name)?;
    match integers(constant)?.as_slice() {
        [index] => usize::try_from(*index).ok(),
        _ => None,
    }
}
