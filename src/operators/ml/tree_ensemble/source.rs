//! The attributes of tree ensembles, in either of the standard's two layouts, as one list of nodes.

use std::collections::{HashMap, HashSet};

use crate::onnx::pb::{NodeProto, TensorProto, tensor_proto};
use anyhow::{Result, bail, ensure, format_err};

use crate::limits::TREE_FEATURES as FEATURES;
use crate::onnx::names::{COVERS, GAINS, SPLITS};
use crate::tensor::{Element, Splits};

use super::super::Context;
use crate::onnx::tensors::load;

/// An ensemble, whichever layout the file uses.
#[derive(Debug)]
pub(super) struct Source {
    pub(super) nodes: Vec<SourceNode>,
    /// Positions of the trees' roots among the nodes.
    pub(super) roots: Vec<usize>,
    pub(super) weights: Vec<SourceWeight>,
    /// Classes or targets.
    pub(super) outputs: usize,
    /// How many rows each node had in training; empty where the file does not say.
    pub(super) covers: Vec<f64>,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct SourceNode {
    pub(super) mode: Mode,
    pub(super) feature: i64,
    pub(super) value: f64,
    /// Positions of the children; those of a leaf mean nothing.
    pub(super) when_true: usize,
    pub(super) when_false: usize,
    pub(super) missing_is_true: bool,
}

/// What a leaf adds to an output; `node` is the position of the leaf.
#[derive(Debug)]
pub(super) struct SourceWeight {
    pub(super) node: usize,
    pub(super) output: i64,
    pub(super) weight: f64,
}

/// The comparison that a node makes; its outcome leads to the true or the false child.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    Leq,
    Lt,
    Gte,
    Gt,
    Eq,
    Neq,
    Leaf,
}

impl Mode {
    fn named(name: &str) -> Result<Self> {
        Ok(match name {
            "BRANCH_LEQ" => Self::Leq,
            "BRANCH_LT" => Self::Lt,
            "BRANCH_GTE" => Self::Gte,
            "BRANCH_GT" => Self::Gt,
            "BRANCH_EQ" => Self::Eq,
            "BRANCH_NEQ" => Self::Neq,
            "LEAF" => Self::Leaf,
            other => bail!("there is no node mode `{other}`"),
        })
    }

    fn numbered(number: i64) -> Result<Self> {
        let modes = [Self::Leq, Self::Lt, Self::Gte, Self::Gt, Self::Eq, Self::Neq];
        let mode = usize::try_from(number).ok().and_then(|number| modes.get(number));
        mode.copied().ok_or_else(|| format_err!("there is no node mode {number}"))
    }
}

/// `BRANCH_MEMBER` of ai.onnx.ml 5: whether the feature is one of several values.
const MEMBER: i64 = 6;

/// Whether thresholds or features are float64: then everything is computed so.
pub(super) fn is_double(ctx: &Context<'_>, node: &NodeProto) -> bool {
    let double = tensor_proto::DataType::Double as i32;
    let attributes = node.attribute.iter().any(|attribute| {
        let tensor = attribute.t.as_ref();
        attribute.name.ends_with("_as_tensor") || tensor.is_some_and(|tensor| tensor.data_type == double)
    });
    let input = ctx.inputs.iter().any(|input| {
        use crate::onnx::pb::type_proto::Value;
        let value = input.r#type.as_ref().and_then(|input| input.value.as_ref());
        let is_double = matches!(value, Some(Value::TensorType(tensor)) if tensor.elem_type == double);
        is_double && node.input.first() == Some(&input.name)
    });
    attributes || input
}

/// The attribute `name`, which since ai.onnx.ml 3 may be a tensor `name_as_tensor` instead; empty where it is absent.
pub(super) fn numbers(node: &NodeProto, name: &str) -> Result<Vec<f64>> {
    if let Some(tensor) = tensor(node, &format!("{name}_as_tensor"))? {
        return Ok(tensor);
    }
    Ok(node.list::<f32>(name)?.into_iter().map(f64::from).collect())
}

fn tensor<T: Element>(node: &NodeProto, name: &str) -> Result<Option<Vec<T>>> {
    let tensor = node.optional::<&TensorProto>(name)?;
    tensor.map(|tensor| load(tensor.clone())?.to_vec()).transpose()
}

fn required<T: Element>(node: &NodeProto, name: &str) -> Result<Vec<T>> {
    tensor(node, name)?.ok_or_else(|| format_err!("the attribute `{name}` is missing"))
}

fn exactly<V>(length: usize, name: &str, values: Vec<V>) -> Result<Vec<V>> {
    ensure!(values.len() == length, "`{name}` has {} values, expected {length}", values.len());
    Ok(values)
}

/// Whether each node sends NaN to its true child; where the list is left out, none does.
fn missing_is_true(node: &NodeProto, length: usize) -> Result<Vec<bool>> {
    const NAME: &str = "nodes_missing_value_tracks_true";
    let listed: Vec<i64> = node.list(NAME)?;
    if listed.is_empty() {
        return Ok(vec![false; length]);
    }
    Ok(exactly(length, NAME, listed)?.into_iter().map(|tracks| tracks == 1).collect())
}

impl Source {
    /// What the splits on each feature are worth: what the translation of a booster has noted, else how many nodes ask for it.
    pub(super) fn splits(&self, node: &NodeProto) -> Result<Vec<Splits>> {
        if let Some(counts) = tensor::<f64>(node, SPLITS)? {
            let (gains, covers) = (required::<f64>(node, GAINS)?, required::<f64>(node, COVERS)?);
            let worth =
                exactly(counts.len(), GAINS, gains)?.into_iter().zip(exactly(counts.len(), COVERS, covers)?);
            return Ok(counts
                .into_iter()
                .zip(worth)
                .map(|(count, worth)| Splits { count, worth: Some(worth) })
                .collect());
        }
        let mut splits = Vec::new();
        for node in self.nodes.iter().filter(|node| node.mode != Mode::Leaf) {
            let feature = usize::try_from(node.feature)?;
            ensure!(feature < FEATURES, "feature {feature} is too many");
            if splits.len() <= feature {
                splits.resize(feature + 1, Splits::default());
            }
            if let Some(splits) = splits.get_mut(feature) {
                splits.count += 1.0;
            }
        }
        Ok(splits)
    }

    /// Reads versions 1 and 3, where leaves are nodes and nodes have numbers within their tree. The attributes of leaf
    /// weights start with `leaf`.
    pub(super) fn of_trees(node: &NodeProto, leaf: &str, outputs: usize) -> Result<Self> {
        let ints = |name: &str, length: usize| exactly(length, name, node.required::<Vec<i64>>(name)?);
        let modes = node.required::<Vec<&str>>("nodes_modes")?;
        let length = modes.len();
        let trees = ints("nodes_treeids", length)?;
        let ids = ints("nodes_nodeids", length)?;
        let mut positions = HashMap::with_capacity(length);
        let (mut seen, mut roots) = (HashSet::new(), Vec::new());
        for (index, (tree, id)) in trees.iter().zip(&ids).enumerate() {
            ensure!(positions.insert((*tree, *id), index).is_none(), "node {id} is twice in tree {tree}");
            // The first node of a tree is its root.
            if seen.insert(*tree) {
                roots.push(index);
            }
        }
        let position = |tree: i64, id: i64| {
            let position = positions.get(&(tree, id)).copied();
            position.ok_or_else(|| format_err!("there is no node {id} in tree {tree}"))
        };

        let values = exactly(length, "nodes_values", numbers(node, "nodes_values")?)?;
        let questions = modes.into_iter().zip(ints("nodes_featureids", length)?).zip(values);
        let children =
            ints("nodes_truenodeids", length)?.into_iter().zip(ints("nodes_falsenodeids", length)?);
        let nodes = trees.iter().zip(questions).zip(children).zip(missing_is_true(node, length)?).map(
            |(((tree, ((mode, feature), value)), (when_true, when_false)), missing_is_true)| {
                let mode = Mode::named(mode)?;
                let child = |id| if mode == Mode::Leaf { Ok(0) } else { position(*tree, id) };
                let (when_true, when_false) = (child(when_true)?, child(when_false)?);
                Ok(SourceNode { mode, feature, value, when_true, when_false, missing_is_true })
            },
        );
        let nodes = nodes.collect::<Result<_>>()?;

        let weights = numbers(node, &format!("{leaf}_weights"))?;
        let leaf_ints = |name: &str| ints(&format!("{leaf}_{name}"), weights.len());
        let leaves = leaf_ints("treeids")?.into_iter().zip(leaf_ints("nodeids")?);
        let weights = leaves.zip(leaf_ints("ids")?).zip(&weights).map(|(((tree, id), output), weight)| {
            Ok(SourceWeight { node: position(tree, id)?, output, weight: *weight })
        });
        let covers = tensor::<f64>(node, "nodes_hitrates_as_tensor")?;
        let covers =
            covers.filter(|covers| covers.len() == length && covers.iter().all(|cover| *cover > 0.0));
        let weights = weights.collect::<Result<_>>()?;
        // Default: no covers are known, as where scikit-learn's exporters write 1 everywhere.
        let covers = covers.filter(|covers| covers.iter().any(|cover| *cover != 1.0)).unwrap_or_default();
        Ok(Self { nodes, roots, weights, outputs, covers })
    }

    /// Reads version 5, where leaves have a list of their own: here they follow behind the nodes.
    pub(super) fn of_ensemble(node: &NodeProto, outputs: usize) -> Result<Self> {
        let ints = |name: &str, length: usize| exactly(length, name, node.required::<Vec<i64>>(name)?);
        let values = required::<f64>(node, "nodes_splits")?;
        let weights = required::<f64>(node, "leaf_weights")?;
        let (length, leaves) = (values.len(), weights.len());
        let targets = ints("leaf_targetids", leaves)?;
        let weights = (length..).zip(targets).zip(weights);
        let weights = weights.map(|((node, output), weight)| SourceWeight { node, output, weight }).collect();
        let roots: Vec<usize> = node.required("tree_roots")?;
        ensure!(roots.iter().all(|root| *root < length), "a tree's root is none of {length} nodes");
        let nodes = ensemble_nodes(node, values, leaves)?;
        Ok(Self { nodes, roots, weights, outputs, covers: Vec::new() })
    }
}

fn ints(node: &NodeProto, name: &str, length: usize) -> Result<Vec<i64>> {
    exactly(length, name, node.required::<Vec<i64>>(name)?)
}

/// The child of every node of version 5 on one side: another of its `length` nodes, or one of the `leaves` behind them.
fn children(node: &NodeProto, side: &str, length: usize, leaves: usize) -> Result<Vec<usize>> {
    let is_leaf = ints(node, &format!("nodes_{side}leafs"), length)?;
    let ids = ints(node, &format!("nodes_{side}nodeids"), length)?;
    let child = |(is_leaf, id): (i64, i64)| {
        let (start, count) = if is_leaf == 1 { (length, leaves) } else { (0, length) };
        let id = usize::try_from(id)?;
        ensure!(id < count, "there is no {side} child {id} among {count}");
        Ok(start + id)
    };
    is_leaf.into_iter().zip(ids).map(child).collect()
}

/// Reads the nodes of version 5, which compare with `values`, and puts `leaves` leaves behind them. A node that asks
/// whether the feature is one of several values becomes a question for every value; all but the first stand behind
/// the leaves.
fn ensemble_nodes(node: &NodeProto, values: Vec<f64>, leaves: usize) -> Result<Vec<SourceNode>> {
    let length = values.len();
    let modes = exactly(length, "nodes_modes", required::<i64>(node, "nodes_modes")?)?;
    let questions = modes.into_iter().zip(values).zip(ints(node, "nodes_featureids", length)?);
    let (when_true, when_false) =
        (children(node, "true", length, leaves)?, children(node, "false", length, leaves)?);
    let children = when_true.into_iter().zip(when_false).zip(missing_is_true(node, length)?);
    let members = tensor::<f64>(node, "membership_values")?;
    let mut members = members.iter().flat_map(|members| members.split(|member| member.is_nan()));

    let first_other = length + leaves;
    let mut nodes = Vec::with_capacity(first_other);
    let mut others = Vec::new();
    for (((mode, value), feature), ((when_true, when_false), missing_is_true)) in questions.zip(children) {
        let ask = |mode, value, when_false| SourceNode {
            mode,
            feature,
            value,
            when_true,
            when_false,
            missing_is_true,
        };
        if mode != MEMBER {
            nodes.push(ask(Mode::numbered(mode)?, value, when_false));
            continue;
        }
        let Some(set) = members.next() else { bail!("a node has no set of `membership_values`") };
        // Nothing is a member of an empty set, as nothing equals NaN.
        let (first, rest) = set.split_first().unwrap_or((&f64::NAN, &[]));
        let next = |asked: usize, left: usize| if left == 0 { when_false } else { first_other + asked };
        nodes.push(ask(Mode::Eq, *first, next(others.len(), rest.len())));
        for (index, member) in rest.iter().enumerate() {
            others.push(ask(Mode::Eq, *member, next(others.len() + 1, rest.len() - index - 1)));
        }
    }
    let leaf = SourceNode {
        mode: Mode::Leaf,
        feature: 0,
        value: 0.0,
        when_true: 0,
        when_false: 0,
        missing_is_true: false,
    };
    nodes.resize(first_other, leaf);
    nodes.append(&mut others);
    Ok(nodes)
}
