//! Boosters of XGBoost, saved as JSON or UBJSON (`save_model`, versions 1 to 3).

use std::collections::BTreeMap;

use super::booster::{Booster, Leaf, Link, Node, Place, Precision, Question};
use super::{invalid, unsupported};
use crate::diag::{Error, Result};
use crate::json::{self, Value};

/// Reads a booster.
pub(super) fn read(bytes: &[u8]) -> Result<Booster> {
    let text = bytes.trim_ascii_start();
    let is_json = text.strip_prefix(b"{").is_some_and(|rest| rest.trim_ascii_start().starts_with(b"\""));
    let document = if is_json { json::json(text) } else { json::ubjson(bytes) };
    let document = document.map_err(|error| {
        invalid("expected a model in JSON or UBJSON")
            .detail(error)
            .hint("save it with `booster.save_model(\"model.json\")`")
    })?;
    let learner = document.get("learner").ok_or_else(|| missing("learner"))?;
    let booster = learner.get("gradient_booster").ok_or_else(|| missing("gradient_booster"))?;
    let kind = booster.get("name").and_then(Value::text).unwrap_or_default();
    let drops = booster.get("weight_drop").and_then(Value::numbers);
    let model = match kind {
        "gbtree" => booster.get("model"),
        "dart" => booster.at(&["gbtree", "model"]),
        other => return Err(unsupported(format!("boosters of kind `{other}` are not supported"))),
    };
    let model = model.ok_or_else(|| missing("model"))?;

    let parameter = |name: &str| learner.at(&["learner_model_param", name]);
    let count = |name: &str| parameter(name).and_then(Value::number).and_then(whole).unwrap_or_default();
    let sums = count("num_class").max(count("num_target")).max(1);
    let objective = learner.at(&["objective", "name"]).and_then(Value::text).unwrap_or_default();
    let (link, start) = link(objective)?;
    let base = base_score(parameter("base_score"), sums)?.into_iter().map(start).collect();

    let trees = model.get("trees").map(Value::items).unwrap_or_default();
    let groups = model.get("tree_info").and_then(Value::numbers).unwrap_or_default();
    let mut read = Booster {
        features: features(learner, count("num_feature")),
        base,
        nodes: Vec::new(),
        leaves: Vec::new(),
        link,
        precision: Precision::Single,
        metadata: metadata(&document, objective, trees.len()),
    };
    for (at, tree) in trees.iter().enumerate() {
        let sum = groups.get(at).copied().and_then(whole).filter(|sum| *sum < sums);
        let sum = sum.ok_or_else(|| invalid("a tree belongs to no class"))?;
        let weight = drops.as_ref().and_then(|drops| drops.get(at)).copied().unwrap_or(1.0);
        add_tree(&mut read, tree, at, sum, weight)?;
    }
    Ok(read)
}

fn missing(what: &str) -> Error {
    invalid(&format!("the model has no `{what}`"))
}

fn whole(number: f64) -> Option<usize> {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the range is checked")]
    (number >= 0.0 && number < f64::from(u32::MAX) && number.fract() == 0.0).then_some(number as usize)
}

/// The start of a sum, of a base score.
type Margin = fn(f64) -> f64;

/// What is made of the sums, and how the sums' start is computed from the base score.
fn link(objective: &str) -> Result<(Link, Margin)> {
    fn logit(score: f64) -> f64 {
        (score / (1.0 - score)).ln()
    }
    fn same(score: f64) -> f64 {
        score
    }
    Ok(match objective {
        "binary:logistic" | "reg:logistic" => (Link::Logistic(1.0), logit),
        "binary:logitraw" => (Link::Identity, logit),
        "binary:hinge" => (Link::Step, same),
        "multi:softprob" => (Link::Softmax, same),
        "multi:softmax" => (Link::Best, same),
        "count:poisson" | "reg:gamma" | "reg:tweedie" | "survival:cox" | "survival:aft" => {
            (Link::Exp, f64::ln)
        }
        "reg:squarederror"
        | "reg:linear"
        | "reg:squaredlogerror"
        | "reg:pseudohubererror"
        | "reg:absoluteerror"
        | "reg:quantileerror"
        | "rank:pairwise"
        | "rank:ndcg"
        | "rank:map" => (Link::Identity, same),
        other => return Err(unsupported(format!("the objective `{other}` is not known"))),
    })
}

/// One number, or since version 3 a list of one or more: in a text, whatever the format.
fn base_score(value: Option<&Value<'_>>, sums: usize) -> Result<Vec<f64>> {
    let broken = || invalid("the model's `base_score` cannot be read");
    let numbers = match value.ok_or_else(|| missing("base_score"))? {
        Value::Text(text) => {
            let list = text.trim_matches(['[', ']']).split(',').map(|number| number.trim().parse().ok());
            list.collect::<Option<Vec<f64>>>().ok_or_else(broken)?
        }
        other => vec![other.number().ok_or_else(broken)?],
    };
    match numbers.as_slice() {
        [one] => Ok(vec![*one; sums]),
        several if several.len() == sums => Ok(numbers),
        _ => Err(broken()),
    }
}

/// The names of the features; those of a model without names are f0, f1, as XGBoost calls them itself.
fn features(learner: &Value<'_>, count: usize) -> Vec<String> {
    let names = learner.get("feature_names").map(Value::items).unwrap_or_default();
    let names: Vec<String> = names.iter().filter_map(|name| name.text().map(str::to_owned)).collect();
    match names.len() == count {
        true => names,
        false => (0..count).map(|at| format!("f{at}")).collect(),
    }
}

fn metadata(document: &Value<'_>, objective: &str, trees: usize) -> BTreeMap<String, String> {
    let version = document.get("version").and_then(Value::numbers).unwrap_or_default();
    let version: Vec<_> = version.iter().map(ToString::to_string).collect();
    [
        ("producer_name", "XGBoost".into()),
        ("producer_version", version.join(".")),
        ("objective", objective.into()),
        ("trees", trees.to_string()),
    ]
    .map(|(name, value): (_, String)| (name.into(), value))
    .into()
}

fn add_tree(booster: &mut Booster, tree: &Value<'_>, at: usize, sum: usize, weight: f64) -> Result<()> {
    let numbers = |name: &str| tree.get(name).and_then(Value::numbers).ok_or_else(|| missing(name));
    let children = (numbers("left_children")?, numbers("right_children")?);
    let (features, thresholds) = (numbers("split_indices")?, numbers("split_conditions")?);
    let missing_left = numbers("default_left")?;
    let leaf_size = tree.at(&["tree_param", "size_leaf_vector"]).and_then(Value::number);
    if leaf_size.is_some_and(|size| size > 1.0) {
        return Err(unsupported("trees with several values in a leaf are not supported"));
    }
    let rows = children.0.iter().zip(children.1.iter()).zip(features.iter());
    let rows = rows.zip(thresholds.iter()).zip(missing_left.iter());
    if rows.len() < thresholds.len() || rows.len() == 0 {
        return Err(invalid("the lists of a tree have different lengths"));
    }
    let sets = categories(tree)?;
    let mut next = rows.len();
    for (id, ((((left, right), feature), threshold), missing)) in rows.enumerate() {
        let place = Place { tree: at, id };
        if *left < 0.0 {
            booster.leaves.push(Leaf { place, sum, value: threshold * weight });
            continue;
        }
        let links = whole(*left).zip(whole(*right)).zip(whole(*feature));
        let ((yes, no), feature) = links.ok_or_else(|| invalid("a tree's node leads nowhere"))?;
        if feature >= booster.features.len() {
            return Err(invalid("a tree asks for a feature that is not there"));
        }
        let (question, missing) = (Question::Below(*threshold), *missing != 0.0);
        let node = Node { place, feature, question, yes, no, missing };
        match sets.get(&id) {
            // Members of the set go right.
            Some(set) => {
                let node = Node { yes: no, no: yes, missing: !missing, ..node };
                booster.ask_for_any(node, set, &mut next);
            }
            None => booster.nodes.push(node),
        }
    }
    Ok(())
}

/// The categories that nodes ask for, by the number of the node.
fn categories(tree: &Value<'_>) -> Result<BTreeMap<usize, Vec<f64>>> {
    let numbers = |name: &str| tree.get(name).and_then(Value::numbers).unwrap_or_default();
    let nodes = numbers("categories_nodes");
    let (starts, sizes) = (numbers("categories_segments"), numbers("categories_sizes"));
    let all = numbers("categories");
    let set = |((node, start), size): ((&f64, &f64), &f64)| {
        let (start, size) = (whole(*start)?, whole(*size)?);
        Some((whole(*node)?, all.get(start..start.checked_add(size)?)?.to_vec()))
    };
    let sets = nodes.iter().zip(starts.iter()).zip(sizes.iter()).map(set).collect::<Option<_>>();
    sets.ok_or_else(|| invalid("a tree's categories cannot be read"))
}
