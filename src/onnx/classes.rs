//! The labels of a classifier, found by the way that its label takes through the graph.

use std::collections::HashMap;
use std::sync::Arc;

use super::labels::Labels;
use super::names::{self, domain};
use super::pb::{GraphProto, NodeProto, TensorProto};
use super::tensors::integers;

/// What a classifier's label is.
pub(super) enum Choice {
    /// One of these, in the order of the scores.
    Labels(Arc<Labels>),
    /// The position of the best score; of a single score, whether it is large.
    Position,
}

/// Steps on the way to a label: from a classifier to an output there are few.
const STEPS: usize = 1_000;

/// What the label of `graph` is; `None` where no output shows it.
pub(super) fn choice(graph: &GraphProto) -> Option<Choice> {
    let outputs = graph.node.iter().filter_map(|node| Some((node.output.first()?.as_str(), node)));
    let makers: HashMap<&str, &NodeProto> = outputs.collect();
    graph.output.iter().find_map(|output| chosen(graph, &makers, &output.name))
}

/// What the tensor `name` chooses.
fn chosen<'a>(
    graph: &'a GraphProto,
    makers: &HashMap<&str, &'a NodeProto>,
    mut name: &'a str,
) -> Option<Choice> {
    let mut encoder = None;
    for _ in 0..STEPS {
        let node = *makers.get(name)?;
        let found = match node.op_type.as_str() {
            "Cast" | "Identity" | "Reshape" | "Squeeze" | "Unsqueeze" | "Flatten" => {
                name = node.input.first()?;
                continue;
            }
            "LabelEncoder" if domain(&node.domain) == names::ML && encoder.is_none() => {
                encoder = Some(node);
                name = node.input.first()?;
                continue;
            }
            "ArrayFeatureExtractor" => Some(listed(constant(graph, node.input.first()?)?)?),
            "ArgMax" => None,
            "Greater" | "GreaterOrEqual" => {
                constant(graph, node.input.get(1)?)?;
                None
            }
            _ if domain(&node.domain) == names::ML => Some(of_classifier(node)?),
            _ => return None,
        };
        let labels = match (encoder, found) {
            (None, None) => return Some(Choice::Position),
            // An encoder gives the labels of positions alone.
            (Some(encoder), None) => of_positions(encoder),
            (Some(_), Some(_)) => None,
            (None, found) => found,
        };
        return labels.map(Arc::new).map(Choice::Labels);
    }
    None
}

/// The labels in the attributes of an operator of ai.onnx.ml.
pub(super) fn of_classifier(node: &NodeProto) -> Option<Labels> {
    let mut lists = node.attribute.iter().filter(|attribute| attribute.name.starts_with("classlabels_"));
    lists.find_map(|attribute| {
        if !attribute.strings.is_empty() {
            Some(texts(&attribute.strings))
        } else if !attribute.ints.is_empty() {
            Some(Labels::Ints(attribute.ints.clone()))
        } else {
            None
        }
    })
}

/// The labels that a LabelEncoder gives the positions from 0 on; `None` where it leaves one out.
fn of_positions(node: &NodeProto) -> Option<Labels> {
    let attribute = |name: &str| node.attribute.iter().find(|attribute| attribute.name == name);
    if let Some(classes) = attribute("classes_strings") {
        return Some(texts(&classes.strings));
    }
    let tensor = |name: &str| attribute(name)?.t.as_ref();
    let keys = match (attribute("keys_int64s"), tensor("keys_tensor")) {
        (Some(keys), _) => keys.ints.clone(),
        (None, keys) => integers(keys?)?,
    };
    let values = match (attribute("values_strings"), attribute("values_int64s"), tensor("values_tensor")) {
        (Some(values), ..) => texts(&values.strings),
        (_, Some(values), _) => Labels::Ints(values.ints.clone()),
        (.., values) => listed(values?)?,
    };
    let places: Option<Vec<_>> =
        (0..).zip(&keys).map(|(position, _)| keys.iter().position(|key| *key == position)).collect();
    let places = places?;
    match values {
        Labels::Strings(values) => {
            places.iter().map(|place| values.get(*place).cloned()).collect::<Option<_>>().map(Labels::Strings)
        }
        Labels::Ints(values) => {
            places.iter().map(|place| values.get(*place).copied()).collect::<Option<_>>().map(Labels::Ints)
        }
    }
}

/// The labels that a constant holds.
fn listed(constant: &TensorProto) -> Option<Labels> {
    if constant.string_data.is_empty() {
        return integers(constant).map(Labels::Ints);
    }
    Some(texts(&constant.string_data))
}

fn texts(texts: &[Vec<u8>]) -> Labels {
    Labels::Strings(texts.iter().map(|text| String::from_utf8_lossy(text).into_owned()).collect())
}

fn constant<'a>(graph: &'a GraphProto, name: &str) -> Option<&'a TensorProto> {
    let made = || {
        let node = graph.node.iter().find(|node| node.output.first().is_some_and(|output| output == name))?;
        node.attribute.iter().find(|attribute| attribute.name == "value")?.t.as_ref()
    };
    graph.initializer.iter().find(|constant| constant.name == name).or_else(made)
}
