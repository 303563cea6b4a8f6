//! The value by which a graph knows that something is missing, for each of its inputs that has one.
//!
//! Pipelines that were trained on data with gaps deal with them inside: an `Imputer` replaces a marker, trees send NaN to a
//! side of its own, encoders have a category for it. Where every operator that a value reaches is one of these, a NULL can
//! become that marker; where a single one is not, a NULL would give plausible but wrong answers.

use std::collections::HashSet;

use super::walk;
use crate::data::Scalar;
use crate::onnx::pb::tensor_proto::DataType as Element;
use crate::onnx::pb::{AttributeProto, GraphProto, NodeProto};
use crate::tensor::ElementType;

/// Texts that mark what is missing: how pandas writes NaN as a text, and an empty field.
const MISSING_TEXTS: [&str; 2] = ["nan", ""];

/// What an operator makes of a missing value in one of its inputs.
enum Treatment {
    /// It hands the value on as it is.
    Passes,
    /// It hands NaN on, and changes other values.
    PassesNan,
    /// It replaces the marker, or has an answer for it.
    Replaces(Scalar),
    /// Any text that it does not know will do.
    TakesAnyText,
    /// It tells where the marker is, which a `Where` reads.
    Tells(Scalar),
    /// It takes the value only where a test says that it is not missing.
    Skips,
    /// It computes with the value.
    Unknown,
}

/// The values that descend from an input.
#[derive(Default)]
struct Descent<'a> {
    /// Those that hold its values.
    carriers: HashSet<&'a str>,
    /// Those of the carriers that hold changed values.
    changed: HashSet<&'a str>,
    /// Those that tell which of its values are missing.
    tests: HashSet<&'a str>,
}

/// The marker of what is missing in the input `name`, whose values are of type `element`; `None` where the graph does not
/// deal with gaps.
pub(super) fn marker(graph: &GraphProto, name: &str, element: ElementType) -> Option<Scalar> {
    // A body of a branch or loop reads outer values without saying so.
    let bodies = graph.node.iter().flat_map(walk::bodies);
    let read_inside: HashSet<&str> = walk::graphs(bodies)
        .flat_map(|body| body.node.iter().flat_map(|node| &node.input))
        .map(String::as_str)
        .collect();
    let descent = Descent::of(graph, name)?;
    if descent.carriers.iter().any(|value| read_inside.contains(value)) {
        return None;
    }
    let mut markers = Vec::new();
    let mut takes_any_text = false;
    for (node, position, value) in descent.readers(graph) {
        match treatment(graph, node, position, &descent.tests) {
            Treatment::Passes | Treatment::PassesNan | Treatment::Skips => {}
            Treatment::TakesAnyText => takes_any_text = true,
            Treatment::Replaces(marker) | Treatment::Tells(marker) => {
                if descent.changed.contains(value) && !is_nan(&marker) {
                    return None;
                }
                markers.push(marker);
            }
            Treatment::Unknown => return None,
        }
    }
    if markers.is_empty() && takes_any_text {
        markers.push(Scalar::String(String::new()));
    }
    let first = markers.first()?;
    let is_same = |other: &Scalar| other == first || is_nan(other) && is_nan(first);
    if !markers.iter().all(is_same) {
        return None;
    }
    as_type(first, element)
}

/// Passes over the nodes of a graph.
const PASSES: usize = 16;

impl<'a> Descent<'a> {
    /// `None` where the nodes stand in too strange an order.
    fn of(graph: &'a GraphProto, name: &'a str) -> Option<Self> {
        let mut descent = Self { carriers: HashSet::from([name]), ..Self::default() };
        // Nodes mostly stand in the order in which they run, and then the second pass finds nothing new.
        for _ in 0..PASSES {
            let before = (descent.carriers.len(), descent.changed.len(), descent.tests.len());
            for node in &graph.node {
                descent.extend(graph, node);
            }
            if before == (descent.carriers.len(), descent.changed.len(), descent.tests.len()) {
                return Some(descent);
            }
        }
        None
    }

    fn extend(&mut self, graph: &GraphProto, node: &'a NodeProto) {
        let outputs = || node.output.iter().map(String::as_str).filter(|name| !name.is_empty());
        for (position, input) in node.input.iter().enumerate() {
            let input = input.as_str();
            let is_logic =
                matches!(node.op_type.as_str(), "Not" | "And" | "Or" | "Cast" | "Identity" | "Reshape");
            if self.tests.contains(input) && is_logic {
                self.tests.extend(outputs());
            }
            if !self.carriers.contains(input) {
                continue;
            }
            match treatment(graph, node, position, &self.tests) {
                Treatment::Passes => {
                    self.carriers.extend(outputs());
                    if self.changed.contains(input) {
                        self.changed.extend(outputs());
                    }
                }
                Treatment::PassesNan => {
                    self.carriers.extend(outputs());
                    self.changed.extend(outputs());
                }
                Treatment::Tells(_) => self.tests.extend(outputs()),
                // A table of texts tells where one of them is.
                Treatment::Replaces(_) if node.op_type.as_str() == "LabelEncoder" => {
                    self.tests.extend(outputs())
                }
                _ => {}
            }
        }
    }

    /// Every node that reads a carrier, the position of that input and its name.
    fn readers(&self, graph: &'a GraphProto) -> impl Iterator<Item = (&'a NodeProto, usize, &'a str)> {
        graph.node.iter().flat_map(|node| {
            let inputs =
                node.input.iter().enumerate().map(move |(position, name)| (node, position, name.as_str()));
            inputs.filter(|(_, _, name)| self.carriers.contains(name))
        })
    }
}

fn treatment(graph: &GraphProto, node: &NodeProto, position: usize, tests: &HashSet<&str>) -> Treatment {
    match (node.op_type.as_str(), position) {
        ("Identity" | "Concat" | "Flatten" | "Transpose" | "FeatureVectorizer", _)
        | (
            "Reshape"
            | "Unsqueeze"
            | "Squeeze"
            | "Slice"
            | "Gather"
            | "Split"
            | "Expand"
            | "Tile"
            | "Dropout"
            | "ArrayFeatureExtractor",
            0,
        ) => Treatment::Passes,
        ("Cast", 0) if casts_to_floats(node) => Treatment::Passes,
        ("Scaler" | "Add" | "Sub" | "Mul" | "Div" | "Neg" | "Sqrt" | "Log" | "Exp", _) => {
            Treatment::PassesNan
        }
        ("Imputer", 0) => imputer(node),
        ("TreeEnsemble" | "TreeEnsembleClassifier" | "TreeEnsembleRegressor", 0) => {
            let tracks = attribute(node, "nodes_missing_value_tracks_true");
            let tracks = tracks.is_some_and(|tracks| tracks.ints.iter().any(|side| *side != 0));
            if tracks { Treatment::Replaces(Scalar::Float64(f64::NAN)) } else { Treatment::Unknown }
        }
        ("IsNaN", 0) => Treatment::Tells(Scalar::Float64(f64::NAN)),
        ("Equal", _) => compared_text(graph, node, position),
        ("Where", 1 | 2) => match node.input.first() {
            Some(condition) if tests.contains(condition.as_str()) => Treatment::Skips,
            _ => Treatment::Passes,
        },
        ("LabelEncoder", 0) => label_encoder(node),
        ("OneHotEncoder", 0) => one_hot_encoder(node),
        _ => Treatment::Unknown,
    }
}

fn attribute<'a>(node: &'a NodeProto, name: &str) -> Option<&'a AttributeProto> {
    node.attribute.iter().find(|attribute| attribute.name == name)
}

fn casts_to_floats(node: &NodeProto) -> bool {
    let to = attribute(node, "to").and_then(|to| i32::try_from(to.i).ok());
    let to = to.and_then(|to| Element::try_from(to).ok());
    matches!(to, Some(Element::Float | Element::Double | Element::Float16 | Element::Bfloat16))
}

fn imputer(node: &NodeProto) -> Treatment {
    let has = |name: &str| attribute(node, name).is_some();
    Treatment::Replaces(if has("imputed_value_int64s") {
        Scalar::Int64(attribute(node, "replaced_value_int64").map_or(0, |marker| marker.i))
    } else {
        Scalar::Float64(attribute(node, "replaced_value_float").map_or(0.0, |marker| marker.f.into()))
    })
}

/// A comparison with a text tells where that text is.
fn compared_text(graph: &GraphProto, node: &NodeProto, position: usize) -> Treatment {
    let other = node.input.get(1 - position.min(1));
    let constant = other.and_then(|name| graph.initializer.iter().find(|tensor| tensor.name == *name));
    match constant.map(|tensor| tensor.string_data.as_slice()) {
        Some([text]) => Treatment::Tells(Scalar::String(String::from_utf8_lossy(text).into_owned())),
        _ => Treatment::Unknown,
    }
}

fn label_encoder(node: &NodeProto) -> Treatment {
    let floats = attribute(node, "keys_floats").map_or([].as_slice(), |keys| keys.floats.as_slice());
    if floats.iter().any(|key| key.is_nan()) {
        return Treatment::Replaces(Scalar::Float64(f64::NAN));
    }
    let has_default = ["default_int64", "default_float", "default_string", "default_tensor"]
        .iter()
        .any(|name| attribute(node, name).is_some());
    of_texts(&texts(node, ["keys_strings", "keys_tensor", "classes_strings"]), has_default)
}

fn one_hot_encoder(node: &NodeProto) -> Treatment {
    // An unknown category is a row of zeros, unless the attribute makes it an error.
    let takes_unknown = attribute(node, "zeros").is_none_or(|zeros| zeros.i != 0);
    of_texts(&texts(node, ["cats_strings"; 3]), takes_unknown)
}

/// What an encoder of `known` texts makes of a missing one.
fn of_texts(known: &[String], takes_unknown: bool) -> Treatment {
    let marker = MISSING_TEXTS.iter().find(|text| known.iter().any(|known| known == *text));
    match marker {
        Some(marker) => Treatment::Replaces(Scalar::String((*marker).into())),
        None if takes_unknown && !known.is_empty() => Treatment::TakesAnyText,
        None => Treatment::Unknown,
    }
}

/// The texts in the first of the attributes that has some.
fn texts(node: &NodeProto, names: [&str; 3]) -> Vec<String> {
    let of = |attribute: &AttributeProto| -> Vec<String> {
        let tensor = attribute.t.iter().flat_map(|tensor| &tensor.string_data);
        attribute
            .strings
            .iter()
            .chain(tensor)
            .map(|text| String::from_utf8_lossy(text).into_owned())
            .collect()
    };
    let found = names.iter().filter_map(|name| attribute(node, name)).map(of);
    found.into_iter().find(|texts| !texts.is_empty()).unwrap_or_default()
}

fn is_nan(marker: &Scalar) -> bool {
    matches!(marker, Scalar::Float64(value) if value.is_nan())
}

/// The marker as a value of an input of type `element`; `None` where there is no such value.
fn as_type(marker: &Scalar, element: ElementType) -> Option<Scalar> {
    let is_text = element == ElementType::String;
    #[expect(clippy::cast_possible_truncation, reason = "the marker is a small whole number")]
    match marker {
        Scalar::String(_) if is_text => Some(marker.clone()),
        Scalar::Float64(_) if element.is_float() => Some(marker.clone()),
        Scalar::Int64(_) if element.is_integer() => Some(marker.clone()),
        #[expect(clippy::cast_precision_loss, reason = "markers such as -1 or -999 are exact")]
        Scalar::Int64(value) if element.is_float() => Some(Scalar::Float64(*value as f64)),
        Scalar::Float64(value) if element.is_integer() && value.fract() == 0.0 && value.abs() < 1e9 => {
            Some(Scalar::Int64(*value as i64))
        }
        _ => None,
    }
}
