//! The attributes of ensembles, in either layout, as one list of nodes.

use std::collections::{HashMap, HashSet};

use tract_onnx::model::ParsingContext;
use tract_onnx::pb::{NodeProto, TensorProto, tensor_proto};
use tract_onnx::tract_hir::internal::{Datum, TractResult, bail, ensure, format_err};

use super::super::values::elements;

/// An ensemble, whichever layout the file has it in.
#[derive(Debug)]
pub(super) struct Source {
    pub(super) nodes: Vec<SourceNode>,
    /// Places of the trees' roots among the nodes.
    pub(super) roots: Vec<usize>,
    pub(super) weights: Vec<SourceWeight>,
    /// Classes or targets.
    pub(super) outputs: usize,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct SourceNode {
    pub(super) mode: Mode,
    pub(super) feature: i64,
    pub(super) value: f64,
    /// Places of the children; a leaf has none.
    pub(super) when_true: usize,
    pub(super) when_false: usize,
    pub(super) missing_is_true: bool,
}

/// What the node at a place says of an output where it is a leaf.
#[derive(Debug)]
pub(super) struct SourceWeight {
    pub(super) node: usize,
    pub(super) output: i64,
    pub(super) weight: f64,
}

/// What a node of the file asks; the answer leads to its true or its false child.
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
    fn named(name: &str) -> TractResult<Self> {
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

    fn numbered(number: i64) -> TractResult<Self> {
        let modes = [Self::Leq, Self::Lt, Self::Gte, Self::Gt, Self::Eq, Self::Neq];
        let mode = usize::try_from(number).ok().and_then(|number| modes.get(number));
        mode.copied().ok_or_else(|| format_err!("there is no node mode {number}"))
    }
}

/// Mode of a node of version 5 that asks whether the feature is one of several values.
const MEMBER: i64 = 6;

/// Whether thresholds or features are in double precision: then all of the ensemble is.
pub(super) fn is_double(ctx: &ParsingContext<'_>, node: &NodeProto) -> bool {
    let double = tensor_proto::DataType::Double as i32;
    let attributes = node.attribute.iter().any(|attribute| {
        let tensor = attribute.t.as_ref();
        attribute.name.ends_with("_as_tensor") || tensor.is_some_and(|tensor| tensor.data_type == double)
    });
    let input = ctx.parent_graphs.iter().flat_map(|graph| &graph.input).any(|input| {
        use tract_onnx::pb::type_proto::Value;
        let value = input.r#type.as_ref().and_then(|input| input.value.as_ref());
        let is_double = matches!(value, Some(Value::TensorType(tensor)) if tensor.elem_type == double);
        is_double && node.input.first() == Some(&input.name)
    });
    attributes || input
}

/// The attribute `name`, which newer files may have in double precision as `name_as_tensor`.
pub(super) fn numbers(ctx: &ParsingContext<'_>, node: &NodeProto, name: &str) -> TractResult<Vec<f64>> {
    if let Some(tensor) = tensor(ctx, node, &format!("{name}_as_tensor"))? {
        return Ok(tensor);
    }
    let floats = node.get_attr_opt_vec::<f32>(name)?.unwrap_or_default();
    Ok(floats.into_iter().map(f64::from).collect())
}

fn tensor<T: Datum>(ctx: &ParsingContext<'_>, node: &NodeProto, name: &str) -> TractResult<Option<Vec<T>>> {
    let tensor = node.get_attr_opt::<&TensorProto>(name)?;
    tensor.map(|tensor| elements(&ctx.load_tensor(tensor)?)).transpose()
}

fn exactly<V>(length: usize, name: &str, values: Vec<V>) -> TractResult<Vec<V>> {
    ensure!(values.len() == length, "`{name}` has {} values, expected {length}", values.len());
    Ok(values)
}

/// Which nodes send NaN to their true child: a list that may be left out.
fn missing(node: &NodeProto, length: usize) -> TractResult<Vec<i64>> {
    const NAME: &str = "nodes_missing_value_tracks_true";
    match node.get_attr_opt_vec(NAME)?.unwrap_or_default() {
        none if none.is_empty() => Ok(vec![0; length]),
        missing => exactly(length, NAME, missing),
    }
}

impl Source {
    /// Reads versions 1 and 3, where leaves are nodes and nodes have numbers within their tree. The attributes of leaf
    /// weights start with `leaf`.
    pub(super) fn of_trees(
        ctx: &ParsingContext<'_>,
        node: &NodeProto,
        leaf: &str,
        outputs: usize,
    ) -> TractResult<Self> {
        let ints = |name: &str, length: usize| exactly(length, name, node.get_attr_vec::<i64>(name)?);
        let modes = node.get_attr_vec::<&str>("nodes_modes")?;
        let length = modes.len();
        let trees = ints("nodes_treeids", length)?;
        let ids = ints("nodes_nodeids", length)?;
        let mut places = HashMap::with_capacity(length);
        let (mut seen, mut roots) = (HashSet::new(), Vec::new());
        for (at, (tree, id)) in trees.iter().zip(&ids).enumerate() {
            ensure!(places.insert((*tree, *id), at).is_none(), "node {id} is twice in tree {tree}");
            // The first node of a tree is its root.
            if seen.insert(*tree) {
                roots.push(at);
            }
        }
        let place = |tree: i64, id: i64| {
            let place = places.get(&(tree, id)).copied();
            place.ok_or_else(|| format_err!("there is no node {id} in tree {tree}"))
        };

        let values = exactly(length, "nodes_values", numbers(ctx, node, "nodes_values")?)?;
        let questions = modes.into_iter().zip(ints("nodes_featureids", length)?).zip(values);
        let children =
            ints("nodes_truenodeids", length)?.into_iter().zip(ints("nodes_falsenodeids", length)?);
        let nodes = trees.iter().zip(questions).zip(children).zip(missing(node, length)?).map(
            |(((tree, ((mode, feature), value)), (when_true, when_false)), missing)| {
                let mode = Mode::named(mode)?;
                let child = |id| if mode == Mode::Leaf { Ok(0) } else { place(*tree, id) };
                let (when_true, when_false) = (child(when_true)?, child(when_false)?);
                Ok(SourceNode { mode, feature, value, when_true, when_false, missing_is_true: missing == 1 })
            },
        );
        let nodes = nodes.collect::<TractResult<_>>()?;

        let weights = numbers(ctx, node, &format!("{leaf}_weights"))?;
        let leaf_ints = |name: &str| ints(&format!("{leaf}_{name}"), weights.len());
        let leaves = leaf_ints("treeids")?.into_iter().zip(leaf_ints("nodeids")?);
        let weights = leaves.zip(leaf_ints("ids")?).zip(&weights).map(|(((tree, id), output), weight)| {
            Ok(SourceWeight { node: place(tree, id)?, output, weight: *weight })
        });
        Ok(Self { nodes, roots, weights: weights.collect::<TractResult<_>>()?, outputs })
    }

    /// Reads version 5, where leaves have a list of their own: here they follow behind the nodes.
    pub(super) fn of_ensemble(
        ctx: &ParsingContext<'_>,
        node: &NodeProto,
        outputs: usize,
    ) -> TractResult<Self> {
        let required = |name: &str| {
            tensor::<f64>(ctx, node, name)?.ok_or_else(|| format_err!("the attribute `{name}` is missing"))
        };
        let ints = |name: &str, length: usize| exactly(length, name, node.get_attr_vec::<i64>(name)?);
        let values = required("nodes_splits")?;
        let length = values.len();
        let modes = exactly(length, "nodes_modes", required("nodes_modes")?)?;
        let weights = required("leaf_weights")?;
        let child = |leaf: i64, id: i64| -> TractResult<usize> {
            Ok(usize::try_from(id)?.saturating_add(if leaf == 1 { length } else { 0 }))
        };
        let children = |side: &str| -> TractResult<Vec<usize>> {
            let leaves = ints(&format!("nodes_{side}leafs"), length)?;
            let ids = ints(&format!("nodes_{side}nodeids"), length)?;
            leaves.into_iter().zip(ids).map(|(leaf, id)| child(leaf, id)).collect()
        };
        let questions = modes.into_iter().zip(values).zip(ints("nodes_featureids", length)?);
        let children = children("true")?.into_iter().zip(children("false")?).zip(missing(node, length)?);
        let members = tensor::<f64>(ctx, node, "membership_values")?.unwrap_or_default();
        let mut members = members.split(|member| member.is_nan());

        let mut nodes = Vec::with_capacity(length + weights.len());
        let mut others = Vec::new();
        for (((mode, value), feature), ((when_true, when_false), missing)) in questions.zip(children) {
            let ask = |mode, value, when_false| SourceNode {
                mode,
                feature,
                value,
                when_true,
                when_false,
                missing_is_true: missing == 1,
            };
            if mode as i64 != MEMBER {
                nodes.push(ask(Mode::numbered(mode as i64)?, value, when_false));
                continue;
            }
            // One question for every member; all but the first stand behind the leaves. NaN equals nothing.
            let (first, rest) = members.next().and_then(|set| set.split_first()).unwrap_or((&f64::NAN, &[]));
            let next = |asked: usize, left: usize| {
                if left == 0 { when_false } else { length + weights.len() + asked }
            };
            nodes.push(ask(Mode::Eq, *first, next(others.len(), rest.len())));
            for (at, member) in rest.iter().enumerate() {
                others.push(ask(Mode::Eq, *member, next(others.len() + 1, rest.len() - at - 1)));
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
        nodes.resize(length + weights.len(), leaf);
        nodes.append(&mut others);
        let targets = ints("leaf_targetids", weights.len())?;
        let weights = (length..).zip(targets).zip(weights);
        let weights = weights.map(|((node, output), weight)| SourceWeight { node, output, weight }).collect();
        let roots = node.get_attr_vec::<i64>("tree_roots")?;
        let roots = roots.into_iter().map(usize::try_from).collect::<Result<_, _>>()?;
        Ok(Self { nodes, roots, weights, outputs })
    }
}
