//! Boosters of any format: trees whose leaves add up to scores, and the transform of the scores; and their ONNX file.

use litemap::LiteMap;

use crate::onnx::pb::tensor_proto::DataType as Element;
use crate::onnx::pb::tensor_shape_proto::{Dimension, dimension};
use crate::onnx::pb::{self, type_proto};
use prost::Message;

use super::{MISSING_TEXT, PREDICTED};
use crate::diag::{Invariant, Result};
use crate::onnx::build::{self, Value};
use crate::onnx::names::{COVERS, GAINS, REFUSES_UNKNOWN, SPLITS};

/// Trees whose leaves add up to scores.
#[derive(Debug)]
pub(super) struct Booster {
    pub(super) features: Vec<Feature>,
    /// The initial value of each score.
    pub(super) base: Vec<f64>,
    pub(super) splits: Vec<Split>,
    pub(super) leaves: Vec<Leaf>,
    pub(super) transform: Transform,
    pub(super) precision: Precision,
    /// Whether a value that is none of a feature's categories is an error; otherwise it counts as missing.
    pub(super) refuses_unknown: bool,
    pub(super) metadata: LiteMap<String, String>,
    /// What the splits on each feature were worth; those that the file says nothing of are not there.
    pub(super) worth: LiteMap<usize, Worth>,
}

/// Splits on one feature: how many they are, and the sums of their gains and covers.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Worth {
    splits: f64,
    gain: f64,
    cover: f64,
}

/// A column that the trees ask for.
#[derive(Debug)]
pub(super) struct Feature {
    pub(super) name: String,
    /// What the values are where the trees know them by their numbers only: the position in this list.
    pub(super) categories: Option<Categories>,
}

/// The values of a feature in the order of their codes.
#[derive(Debug, PartialEq)]
pub(super) enum Categories {
    Texts(Vec<String>),
    Numbers(Vec<f64>),
}

impl Categories {
    pub(super) fn len(&self) -> usize {
        match self {
            Self::Texts(texts) => texts.len(),
            Self::Numbers(numbers) => numbers.len(),
        }
    }
}

/// A node that asks for the value of a feature.
#[derive(Debug, Clone, Copy)]
pub(super) struct Split {
    pub(super) id: NodeId,
    pub(super) feature: usize,
    pub(super) condition: Condition,
    /// The node of the same tree where values go for which the condition holds.
    pub(super) if_true: usize,
    pub(super) if_false: usize,
    /// Whether a missing value goes where the condition holds.
    pub(super) missing_is_true: bool,
    /// How many rows it had in training, or the sum of their weights; NaN where the file does not say.
    pub(super) cover: f64,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Condition {
    /// The value is below the threshold.
    Threshold(f64),
    /// The value is this category; none is NaN.
    Category(f64),
}

/// A number to add to a score.
#[derive(Debug)]
pub(super) struct Leaf {
    pub(super) id: NodeId,
    pub(super) target: usize,
    pub(super) value: f64,
    pub(super) cover: f64,
}

/// A node or leaf: its tree, and its number there.
#[derive(Debug, Clone, Copy)]
pub(super) struct NodeId {
    pub(super) tree: usize,
    pub(super) node: usize,
}

/// The function that turns scores into predictions.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Transform {
    Identity,
    /// Of the score times a factor.
    Logistic(f64),
    Softmax,
    /// The class of the largest score, beside the probabilities.
    ArgMax,
    Exp,
    /// 1 above zero, 0 below.
    Step,
    /// The square with the sign of the score.
    SignedSquare,
    /// ln(1 + exp(score)).
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

/// The features side by side.
const FEATURES: &str = "features";

/// The output with a probability for each class.
const PROBABILITIES: &str = "probabilities";

/// The output of the trees where it is turned into something else.
const SCORES: &str = "scores of the trees";

impl Booster {
    /// Notes a split as the library counts it.
    pub(super) fn note(&mut self, feature: usize, gain: f64, cover: f64) {
        let Worth { splits, gain: gains, cover: covers } =
            self.worth.get(&feature).copied().unwrap_or_default();
        let worth = Worth { splits: splits + 1.0, gain: gains + gain, cover: covers + cover };
        self.worth.insert(feature, worth);
    }

    /// Adds `split` with the condition that the value is one of `categories`: a split for each. The first is `split`,
    /// the others get the numbers from `next_node` on.
    pub(super) fn split_by_categories(&mut self, split: Split, categories: &[f64], next_node: &mut usize) {
        let Some((last, others)) = categories.split_last() else {
            self.splits.push(Split { condition: Condition::Category(f64::NAN), ..split });
            return;
        };
        let mut id = split.id;
        for category in others {
            let if_false = *next_node;
            self.splits.push(Split { id, condition: Condition::Category(*category), if_false, ..split });
            id.node = *next_node;
            *next_node += 1;
        }
        self.splits.push(Split { id, condition: Condition::Category(*last), ..split });
    }

    /// The booster as an ONNX file.
    ///
    /// # Errors
    /// `internal` for numbers of nodes that ONNX cannot hold.
    pub(super) fn onnx(&self) -> Result<Vec<u8>> {
        let output = if self.transform == Transform::Softmax { PROBABILITIES } else { PREDICTED };
        let scores = if self.transform == Transform::Identity { output } else { SCORES };
        let mut nodes = Vec::new();
        let input = self.inputs(&mut nodes)?;
        nodes.push(ml_node("TreeEnsembleRegressor", FEATURES, scores, self.tree_attributes()?));
        let mut constants = Vec::new();
        self.add_transform(output, &mut nodes, &mut constants);
        let width = int(self.base.len())?;
        let scored = |name| value_info(name, Element::Float, width);
        let outputs = match self.transform {
            Transform::ArgMax => vec![value_info(output, Element::Int64, 1), scored(PROBABILITIES)],
            _ => vec![scored(output)],
        };
        let graph = pb::GraphProto {
            name: "booster".into(),
            node: nodes,
            initializer: constants,
            input,
            output: outputs,
            ..pb::GraphProto::default()
        };
        let opset = |domain: &str, version: i64| pb::OperatorSetIdProto { domain: domain.into(), version };
        let model = pb::ModelProto {
            ir_version: 8,
            opset_import: vec![opset("", 13), opset("ai.onnx.ml", 3)],
            graph: Some(graph),
            ..pb::ModelProto::default()
        };
        Ok(model.encode_to_vec())
    }

    /// The graph's inputs: one for all features, or where some have categories one for each. Then `nodes` get what turns
    /// categories into codes and puts the features side by side.
    fn inputs(&self, nodes: &mut Vec<pb::NodeProto>) -> Result<Vec<pb::ValueInfoProto>> {
        let element = match self.precision {
            Precision::Single => Element::Float,
            Precision::Double => Element::Double,
        };
        if self.is_packed() {
            return Ok(vec![value_info(FEATURES, element, int(self.features.len())?)]);
        }
        let mut columns = Vec::new();
        let mut inputs = Vec::new();
        for (number, Feature { name, categories }) in self.features.iter().enumerate() {
            let Some(categories) = categories else {
                inputs.push(value_info(name, element, 1));
                columns.push(name.clone());
                continue;
            };
            let given = if let Categories::Texts(_) = categories { Element::String } else { Element::Double };
            inputs.push(value_info(name, given, 1));
            let code = format!("code of feature {number}");
            nodes.push(ml_node("LabelEncoder", name, &code, self.encoder_attributes(categories)));
            columns.push(code);
        }
        let axis = vec![build::attribute("axis", Value::Int(1))];
        nodes.push(pb::NodeProto { attribute: axis, ..build::node("Concat", columns, FEATURES) });
        Ok(inputs)
    }

    /// Whether all features come in one input of the graph.
    pub(super) fn is_packed(&self) -> bool {
        self.features.iter().all(|feature| feature.categories.is_none())
    }

    /// The attributes of the LabelEncoder that turns `categories` into their codes and what is missing into NaN.
    fn encoder_attributes(&self, categories: &Categories) -> Vec<pb::AttributeProto> {
        let codes = (0..).map(f64::from).take(categories.len()).chain([f64::NAN]).collect();
        let keys = match categories {
            Categories::Texts(texts) => {
                let missing = [MISSING_TEXT.to_owned()];
                build::attribute(
                    "keys_strings",
                    Value::Strings(texts.iter().cloned().chain(missing).collect()),
                )
            }
            Categories::Numbers(numbers) => {
                let keys = numbers.iter().copied().chain([f64::NAN]).collect();
                build::attribute("keys_tensor", Value::Tensor(Box::new(build::double_vector(keys))))
            }
        };
        let codes = match self.precision {
            Precision::Single => build::float_vector(narrow(codes)),
            Precision::Double => build::double_vector(codes),
        };
        vec![
            keys,
            build::attribute("values_tensor", Value::Tensor(Box::new(codes))),
            build::attribute("default_float", Value::Float(f32::NAN)),
            build::attribute(REFUSES_UNKNOWN, Value::Int(self.refuses_unknown.into())),
        ]
    }

    /// The attributes of TreeEnsembleRegressor: splits first, then leaves, for which most attributes of nodes mean nothing
    /// and are 0.
    fn tree_attributes(&self) -> Result<Vec<pb::AttributeProto>> {
        let mut attributes = Vec::new();
        let mut ints = |name: &str, values: &mut dyn Iterator<Item = usize>| -> Result<()> {
            let values = values.map(int).collect::<Result<_>>()?;
            attributes.push(build::attribute(name, Value::Ints(values)));
            Ok(())
        };
        let leaf_ids = || self.leaves.iter().map(|leaf| leaf.id);
        let ids = || self.splits.iter().map(|split| split.id).chain(leaf_ids());
        let of_splits =
            |value: fn(&Split) -> usize| self.splits.iter().map(value).chain(self.leaves.iter().map(|_| 0));
        ints("nodes_treeids", &mut ids().map(|id| id.tree))?;
        ints("nodes_nodeids", &mut ids().map(|id| id.node))?;
        ints("nodes_featureids", &mut of_splits(|split| split.feature))?;
        ints("nodes_truenodeids", &mut of_splits(|split| split.if_true))?;
        ints("nodes_falsenodeids", &mut of_splits(|split| split.if_false))?;
        ints("nodes_missing_value_tracks_true", &mut of_splits(|split| split.missing_is_true.into()))?;
        ints("target_treeids", &mut leaf_ids().map(|id| id.tree))?;
        ints("target_nodeids", &mut leaf_ids().map(|id| id.node))?;
        ints("target_ids", &mut self.leaves.iter().map(|leaf| leaf.target))?;
        let threshold_mode = match self.precision {
            Precision::Single => "BRANCH_LT",
            Precision::Double => "BRANCH_LEQ",
        };
        let modes = self.splits.iter().map(|split| match split.condition {
            Condition::Threshold(_) => threshold_mode,
            Condition::Category(_) => "BRANCH_EQ",
        });
        let modes = modes.chain(self.leaves.iter().map(|_| "LEAF")).map(str::to_owned).collect();
        attributes.push(build::attribute("nodes_modes", Value::Strings(modes)));
        attributes.push(build::attribute("n_targets", Value::Int(int(self.base.len())?)));
        let values = self.splits.iter().map(|split| match split.condition {
            Condition::Threshold(value) | Condition::Category(value) => value,
        });
        let values = values.chain(self.leaves.iter().map(|_| 0.0));
        attributes.push(self.reals("nodes_values", values.collect()));
        attributes.push(self.reals("target_weights", self.leaves.iter().map(|leaf| leaf.value).collect()));
        attributes.push(self.reals("base_values", self.base.clone()));
        attributes.extend(self.training_attributes());
        Ok(attributes)
    }

    /// What the file says of the training: the rows that came to each node, and what splits were worth.
    fn training_attributes(&self) -> Vec<pb::AttributeProto> {
        let mut attributes = Vec::new();
        let covers: Vec<f64> = self
            .splits
            .iter()
            .map(|split| split.cover)
            .chain(self.leaves.iter().map(|leaf| leaf.cover))
            .collect();
        if covers.iter().all(|cover| *cover > 0.0) {
            attributes.push(build::attribute(
                "nodes_hitrates_as_tensor",
                Value::Tensor(Box::new(build::double_vector(covers))),
            ));
        }
        if !self.worth.is_empty() {
            let of = |value: fn(&Worth) -> f64| {
                let features =
                    (0..self.features.len()).map(|feature| self.worth.get(&feature).map_or(0.0, value));
                Value::Tensor(Box::new(build::double_vector(features.collect())))
            };
            attributes.push(build::attribute(SPLITS, of(|worth| worth.splits)));
            attributes.push(build::attribute(GAINS, of(|worth| worth.gain)));
            attributes.push(build::attribute(COVERS, of(|worth| worth.cover)));
        }
        attributes
    }

    /// Adds what turns the scores into `output`.
    fn add_transform(
        &self,
        output: &str,
        nodes: &mut Vec<pb::NodeProto>,
        constants: &mut Vec<pb::TensorProto>,
    ) {
        let int = |name: &str, value| build::attribute(name, Value::Int(value));
        let constant = |name: &str, value: f64| pb::TensorProto {
            name: name.into(),
            dims: Vec::new(),
            ..build::float_vector(narrow(vec![value]))
        };
        let mut push = |op_type: &str, inputs: &[&str], output: &str, attribute: Vec<pb::AttributeProto>| {
            nodes.push(pb::NodeProto { attribute, ..build::node(op_type, inputs.iter().copied(), output) });
        };
        let to_float = || vec![int("to", i32::from(Element::Float).into())];
        match self.transform {
            Transform::Identity => {}
            Transform::Logistic(factor) => {
                constants.push(constant("factor", factor));
                push("Mul", &[SCORES, "factor"], "scaled", Vec::new());
                push("Sigmoid", &["scaled"], output, Vec::new());
            }
            Transform::Softmax => push("Softmax", &[SCORES], output, vec![int("axis", -1)]),
            Transform::ArgMax => {
                push("Softmax", &[SCORES], PROBABILITIES, vec![int("axis", -1)]);
                push("ArgMax", &[SCORES], output, vec![int("axis", 1), int("keepdims", 1)]);
            }
            Transform::Exp => push("Exp", &[SCORES], output, Vec::new()),
            Transform::Step => {
                constants.push(constant("zero", 0.0));
                push("Greater", &[SCORES, "zero"], "is_positive", Vec::new());
                push("Cast", &["is_positive"], output, to_float());
            }
            Transform::SignedSquare => {
                push("Abs", &[SCORES], "magnitude", Vec::new());
                push("Mul", &[SCORES, "magnitude"], output, Vec::new());
            }
            Transform::Softplus => push("Softplus", &[SCORES], output, Vec::new()),
        }
    }

    /// Numbers in the booster's own precision.
    fn reals(&self, name: &str, values: Vec<f64>) -> pb::AttributeProto {
        match self.precision {
            Precision::Single => build::attribute(name, Value::Floats(narrow(values))),
            Precision::Double => build::attribute(
                format!("{name}_as_tensor"),
                Value::Tensor(Box::new(build::double_vector(values))),
            ),
        }
    }
}

/// A number as ONNX's attributes hold it.
fn int(value: usize) -> Result<i64> {
    i64::try_from(value).ok().invariant("a number that ONNX can hold")
}

#[expect(clippy::cast_possible_truncation, reason = "they were 32 bits when they were written")]
fn narrow(values: Vec<f64>) -> Vec<f32> {
    values.into_iter().map(|value| value as f32).collect()
}

fn ml_node(op_type: &str, input: &str, output: &str, attribute: Vec<pb::AttributeProto>) -> pb::NodeProto {
    pb::NodeProto { domain: "ai.onnx.ml".into(), attribute, ..build::node(op_type, [input], output) }
}

/// A tensor of any number of rows.
fn value_info(name: &str, element: Element, width: i64) -> pb::ValueInfoProto {
    let dim = |value| Dimension { value: Some(value) };
    let dims = vec![dim(dimension::Value::DimParam("N".into())), dim(dimension::Value::DimValue(width))];
    let tensor =
        type_proto::Tensor { elem_type: element.into(), shape: Some(pb::TensorShapeProto { dim: dims }) };
    pb::ValueInfoProto {
        name: name.into(),
        r#type: Some(pb::TypeProto { value: Some(type_proto::Value::TensorType(tensor)) }),
    }
}
