//! A booster as such: trees whose leaves add up, and what is made of the sums; and how ONNX says that.

use std::collections::BTreeMap;

use prost::Message;
use tract_onnx::pb::tensor_proto::DataType as Element;
use tract_onnx::pb::tensor_shape_proto::{Dimension, dimension};
use tract_onnx::pb::{self, type_proto};

use super::PREDICTED;
use crate::onnx::build::{self, Value};

/// Trees whose leaves add up.
#[derive(Debug)]
pub(super) struct Booster {
    pub(super) features: Vec<String>,
    /// What the sums start with, one for each.
    pub(super) base: Vec<f64>,
    pub(super) nodes: Vec<Node>,
    pub(super) leaves: Vec<Leaf>,
    pub(super) link: Link,
    pub(super) precision: Precision,
    pub(super) metadata: BTreeMap<String, String>,
}

/// A question about the value of a feature.
#[derive(Debug, Clone, Copy)]
pub(super) struct Node {
    pub(super) place: Place,
    pub(super) feature: usize,
    pub(super) question: Question,
    pub(super) yes: usize,
    pub(super) no: usize,
    /// Whether a missing value counts as a yes.
    pub(super) missing: bool,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Question {
    /// Is it below the threshold?
    Below(f64),
    /// Is it this category? None is NaN.
    Is(f64),
}

/// A number to add to a sum.
#[derive(Debug)]
pub(super) struct Leaf {
    pub(super) place: Place,
    pub(super) sum: usize,
    pub(super) value: f64,
}

/// Where a node or leaf stands.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    pub(super) tree: usize,
    pub(super) id: usize,
}

/// What is made of the sums.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Link {
    Identity,
    /// Of the sum times a factor.
    Logistic(f64),
    Softmax,
    /// The place of the largest sum.
    Best,
    Exp,
    /// 1 above zero, 0 below.
    Step,
    /// The square with the sign of the sum.
    SignedSquare,
    /// ln(1 + exp(sum)).
    Softplus,
}

/// How values are compared and added.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Precision {
    /// 32 bits; a value must be below the threshold.
    Single,
    /// 64 bits; a value may be the threshold.
    Double,
}

const INPUT: &str = "features";

impl Booster {
    /// Asks whether a value is one of `categories`: one question for each. The first is `node`, the others get the
    /// numbers from `next` on.
    pub(super) fn ask_for_any(&mut self, node: Node, categories: &[f64], next: &mut usize) {
        let mut id = node.place.id;
        for (at, category) in categories.iter().enumerate() {
            let is_last = at + 1 == categories.len();
            let no = if is_last { node.no } else { *next };
            let place = Place { id, ..node.place };
            self.nodes.push(Node { place, question: Question::Is(*category), no, ..node });
            id = *next;
            *next += usize::from(!is_last);
        }
        if categories.is_empty() {
            self.nodes.push(Node { question: Question::Is(f64::NAN), ..node });
        }
    }

    /// The ONNX file that says the same.
    pub(super) fn onnx(&self) -> Vec<u8> {
        let (element, mode) = match self.precision {
            Precision::Single => (Element::Float, "BRANCH_LT"),
            Precision::Double => (Element::Double, "BRANCH_LEQ"),
        };
        let mut attributes = Vec::new();
        let mut ints = |name: &str, values: Vec<usize>| {
            let ints = values.into_iter().filter_map(|value| i64::try_from(value).ok()).collect();
            attributes.push(build::attribute(name, Value::Ints(ints)));
        };
        // Questions first, then leaves: for a leaf most of what is said of a node means nothing.
        let places =
            || self.nodes.iter().map(|node| node.place).chain(self.leaves.iter().map(|leaf| leaf.place));
        let of_nodes = |value: fn(&Node) -> usize| -> Vec<usize> {
            self.nodes.iter().map(value).chain(self.leaves.iter().map(|_| 0)).collect()
        };
        ints("nodes_treeids", places().map(|place| place.tree).collect());
        ints("nodes_nodeids", places().map(|place| place.id).collect());
        ints("nodes_featureids", of_nodes(|node| node.feature));
        ints("nodes_truenodeids", of_nodes(|node| node.yes));
        ints("nodes_falsenodeids", of_nodes(|node| node.no));
        ints("nodes_missing_value_tracks_true", of_nodes(|node| node.missing.into()));
        ints("target_treeids", self.leaves.iter().map(|leaf| leaf.place.tree).collect());
        ints("target_nodeids", self.leaves.iter().map(|leaf| leaf.place.id).collect());
        ints("target_ids", self.leaves.iter().map(|leaf| leaf.sum).collect());
        let mode_of = |node: &Node| match node.question {
            Question::Below(_) => mode,
            Question::Is(_) => "BRANCH_EQ",
        };
        let modes = self.nodes.iter().map(mode_of).chain(self.leaves.iter().map(|_| "LEAF"));
        let modes = modes.map(str::to_owned).collect();
        attributes.push(build::attribute("nodes_modes", Value::Strings(modes)));
        let sums = i64::try_from(self.base.len()).unwrap_or(i64::MAX);
        attributes.push(build::attribute("n_targets", Value::Int(sums)));
        let value_of = |node: &Node| match node.question {
            Question::Below(value) | Question::Is(value) => value,
        };
        let thresholds = self.nodes.iter().map(value_of).chain(self.leaves.iter().map(|_| 0.0));
        attributes.push(self.reals("nodes_values", thresholds.collect()));
        attributes.push(self.reals("target_weights", self.leaves.iter().map(|leaf| leaf.value).collect()));
        attributes.push(self.reals("base_values", self.base.clone()));

        let features = i64::try_from(self.features.len()).unwrap_or(i64::MAX);
        let width = if self.link == Link::Best { 1 } else { sums };
        let mut nodes = vec![pb::NodeProto {
            domain: "ai.onnx.ml".into(),
            attribute: attributes,
            ..build::node("TreeEnsembleRegressor", [INPUT], "sums")
        }];
        let mut constants = Vec::new();
        self.link_nodes(&mut nodes, &mut constants);
        let output = match self.link {
            Link::Softmax => "probabilities",
            _ => PREDICTED,
        };
        if let Some(last) = nodes.last_mut() {
            last.output = vec![output.into()];
        }
        let graph = pb::GraphProto {
            name: "booster".into(),
            node: nodes,
            initializer: constants,
            input: vec![value_info(INPUT, element, features)],
            output: vec![value_info(output, Element::Float, width)],
            ..pb::GraphProto::default()
        };
        let set = |domain: &str, version| pb::OperatorSetIdProto { domain: domain.into(), version };
        let model = pb::ModelProto {
            ir_version: 8,
            opset_import: vec![set("", 13), set("ai.onnx.ml", 3)],
            graph: Some(graph),
            ..pb::ModelProto::default()
        };
        model.encode_to_vec()
    }

    /// Adds what is made of the `sums`.
    fn link_nodes(&self, nodes: &mut Vec<pb::NodeProto>, constants: &mut Vec<pb::TensorProto>) {
        let int = |name: &str, value| build::attribute(name, Value::Int(value));
        let constant = |name: &str, value: f64| pb::TensorProto {
            name: name.into(),
            dims: Vec::new(),
            ..build::float_vector(narrow(&[value]))
        };
        let mut push = |op_type: &str, inputs: &[&str], output: &str, attribute: Vec<pb::AttributeProto>| {
            nodes.push(pb::NodeProto { attribute, ..build::node(op_type, inputs.iter().copied(), output) });
        };
        let to_float = || vec![int("to", i32::from(Element::Float).into())];
        match self.link {
            Link::Identity => {}
            Link::Logistic(factor) => {
                constants.push(constant("factor", factor));
                push("Mul", &["sums", "factor"], "scaled", Vec::new());
                push("Sigmoid", &["scaled"], "", Vec::new());
            }
            Link::Softmax => push("Softmax", &["sums"], "", vec![int("axis", -1)]),
            Link::Best => {
                push("ArgMax", &["sums"], "place", vec![int("axis", 1), int("keepdims", 1)]);
                push("Cast", &["place"], "", to_float());
            }
            Link::Exp => push("Exp", &["sums"], "", Vec::new()),
            Link::Step => {
                constants.push(constant("zero", 0.0));
                push("Greater", &["sums", "zero"], "above", Vec::new());
                push("Cast", &["above"], "", to_float());
            }
            Link::SignedSquare => {
                push("Abs", &["sums"], "size", Vec::new());
                push("Mul", &["sums", "size"], "", Vec::new());
            }
            Link::Softplus => push("Softplus", &["sums"], "", Vec::new()),
        }
    }

    /// Numbers in the booster's own precision.
    fn reals(&self, name: &str, values: Vec<f64>) -> pb::AttributeProto {
        match self.precision {
            Precision::Single => build::attribute(name, Value::Floats(narrow(&values))),
            Precision::Double => {
                build::attribute(format!("{name}_as_tensor"), Value::Tensor(build::double_vector(values)))
            }
        }
    }
}

#[expect(clippy::cast_possible_truncation, reason = "they were 32 bits when they were written")]
fn narrow(values: &[f64]) -> Vec<f32> {
    values.iter().map(|value| *value as f32).collect()
}

/// A tensor of any number of rows.
fn value_info(name: &str, element: Element, width: i64) -> pb::ValueInfoProto {
    let dim = |value| Dimension { value: Some(value), ..Dimension::default() };
    let dims = vec![dim(dimension::Value::DimParam("N".into())), dim(dimension::Value::DimValue(width))];
    let tensor =
        type_proto::Tensor { elem_type: element.into(), shape: Some(pb::TensorShapeProto { dim: dims }) };
    pb::ValueInfoProto {
        name: name.into(),
        r#type: Some(pb::TypeProto {
            value: Some(type_proto::Value::TensorType(tensor)),
            ..pb::TypeProto::default()
        }),
        ..pb::ValueInfoProto::default()
    }
}
