//! Boosters of XGBoost, saved as JSON or UBJSON (`save_model`, versions 1 to 3).

use litemap::LiteMap;
use std::borrow::Cow;

use super::booster::{Booster, Categories, Condition, Feature, Leaf, NodeId, Precision, Split, Transform};
use super::{invalid, stated, unsupported};
use crate::diag::{Error, Result};
use crate::json::{self, Value};

/// Reads a booster.
pub(super) fn read(bytes: &[u8]) -> Result<Booster> {
    let document = document(bytes)?;
    let learner = document.get("learner").ok_or_else(|| missing("learner"))?;
    let booster = learner.get("gradient_booster").ok_or_else(|| missing("gradient_booster"))?;
    let (model, weights) = match booster.get("name").and_then(Value::text).ok_or_else(|| missing("name"))? {
        "gbtree" => (booster.get("model"), None),
        "dart" => (booster.at_path(&["gbtree", "model"]), Some(numbers(booster, "weight_drop")?)),
        other => return Err(unsupported(format!("boosters of kind `{other}` are not supported"))),
    };
    let model = model.ok_or_else(|| missing("model"))?;

    let parameter = |name: &str| learner.at_path(&["learner_model_param", name]);
    let count = |name: &str| match parameter(name) {
        Some(count) => count
            .number()
            .and_then(whole)
            .ok_or_else(|| unreadable(name))
            .and_then(|count| stated(name, count)),
        // Older versions write fewer parameters: a count that is left out is 0.
        None => Ok(0),
    };
    let targets = count("num_class")?.max(count("num_target")?).max(1);
    let objective = learner.at_path(&["objective", "name"]).and_then(Value::text);
    let objective = objective.ok_or_else(|| missing("objective"))?;
    let (transform, margin) = transform(objective)?;
    let base = base_score(parameter("base_score"), targets)?.into_iter().map(margin).collect();

    let trees = model.get("trees").and_then(Value::items).ok_or_else(|| missing("trees"))?;
    let groups = numbers(model, "tree_info")?;
    if groups.len() != trees.len() {
        return Err(invalid("a tree belongs to no class"));
    }
    if weights.as_ref().is_some_and(|weights| weights.len() != trees.len()) {
        return Err(invalid("a tree has no weight"));
    }
    let used = trees_to_use(learner, model, targets, trees.len())?;
    let features = features(learner, model, count("num_feature")?)?;
    if miscounts_letters(&document) && features.iter().any(has_letters_of_several_bytes) {
        return Err(unsupported("categories with letters beyond ASCII, which XGBoost saves incompletely"));
    }
    let mut read = Booster {
        features,
        base,
        splits: Vec::new(),
        leaves: Vec::new(),
        transform,
        precision: Precision::Single,
        refuses_unknown: true,
        worth: LiteMap::new(),
        metadata: metadata(&document, objective, used),
    };
    for (number, (tree, group)) in trees.iter().zip(groups.iter()).take(used).enumerate() {
        let target = whole(*group).filter(|target| *target < targets);
        let target = target.ok_or_else(|| invalid("a tree belongs to no class"))?;
        // Only dart weighs its trees; the number of weights is checked.
        let weight = weights.as_ref().and_then(|weights| weights.get(number)).copied().unwrap_or(1.0);
        add_tree(&mut read, tree, number, target, weight)?;
    }
    Ok(read)
}

fn document(bytes: &[u8]) -> Result<Value<'_>> {
    let text = bytes.trim_ascii_start();
    let is_json = text.strip_prefix(b"{").is_some_and(|rest| rest.trim_ascii_start().starts_with(b"\""));
    let document = if is_json { json::read_text(text) } else { json::read_ubjson(bytes) };
    document.map_err(|error| {
        invalid("expected a model in JSON or UBJSON")
            .detail(error)
            .hint("save it with `booster.save_model(\"model.json\")`")
    })
}

/// The numbers in a list that must be there.
fn numbers<'a>(value: &'a Value<'_>, name: &str) -> Result<Cow<'a, [f64]>> {
    value.get(name).and_then(Value::numbers).ok_or_else(|| missing(name))
}

fn missing(what: &str) -> Error {
    invalid(&format!("the model has no `{what}`"))
}

fn unreadable(what: &str) -> Error {
    invalid(&format!("the model's `{what}` cannot be read"))
}

fn whole(number: f64) -> Option<usize> {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the range is checked")]
    (number >= 0.0 && number < f64::from(u32::MAX) && number.fract() == 0.0).then_some(number as usize)
}

/// From the base score to the initial value of a score.
type Margin = fn(f64) -> f64;

/// The transform of the scores, and the function that makes their initial value of the base score.
fn transform(objective: &str) -> Result<(Transform, Margin)> {
    fn logit(score: f64) -> f64 {
        (score / (1.0 - score)).ln()
    }
    fn same(score: f64) -> f64 {
        score
    }
    Ok(match objective {
        "binary:logistic" | "reg:logistic" => (Transform::Logistic(1.0), logit),
        "binary:logitraw" => (Transform::Identity, same),
        "binary:hinge" => (Transform::Step, same),
        "multi:softprob" => (Transform::Softmax, same),
        "multi:softmax" => (Transform::ArgMax, same),
        "count:poisson" | "reg:gamma" | "reg:tweedie" | "survival:cox" | "survival:aft" => {
            (Transform::Exp, f64::ln)
        }
        "reg:squarederror"
        | "reg:linear"
        | "reg:squaredlogerror"
        | "reg:pseudohubererror"
        | "reg:absoluteerror"
        | "reg:quantileerror"
        | "rank:pairwise"
        | "rank:ndcg"
        | "rank:map" => (Transform::Identity, same),
        other => return Err(unsupported(format!("the objective `{other}` is not known"))),
    })
}

/// One number, or since version 3 a list of one or more: in a text, whatever the format.
fn base_score(value: Option<&Value<'_>>, targets: usize) -> Result<Vec<f64>> {
    let unreadable = || unreadable("base_score");
    let numbers = match value.ok_or_else(|| missing("base_score"))? {
        Value::Text(text) => {
            let list = text.trim_matches(['[', ']']).split(',').map(|number| number.trim().parse().ok());
            list.collect::<Option<Vec<f64>>>().ok_or_else(unreadable)?
        }
        other => vec![other.number().ok_or_else(unreadable)?],
    };
    match numbers.as_slice() {
        [one] => Ok(vec![*one; targets]),
        several if several.len() == targets => Ok(numbers),
        _ => Err(unreadable()),
    }
}

/// How many of the trees count. A model that the scikit-learn wrapper saved predicts with its best iteration and those
/// before, where it stopped early. Other files keep all their trees, as `Booster.predict` does with them.
fn trees_to_use(learner: &Value<'_>, model: &Value<'_>, targets: usize, trees: usize) -> Result<usize> {
    let attribute = |name: &str| learner.at_path(&["attributes", name]);
    let Some(best) = attribute("best_iteration").filter(|_| attribute("scikit_learn").is_some()) else {
        return Ok(trees);
    };
    let best = best.number().and_then(whole).ok_or_else(|| unreadable("best_iteration"))?;
    let used = match model.get("iteration_indptr").and_then(Value::numbers) {
        Some(ends) => ends.get(best.saturating_add(1)).copied().and_then(whole),
        // Older versions write down no ends: every iteration has the same number of trees.
        None => {
            let parallel = model.at_path(&["gbtree_model_param", "num_parallel_tree"]);
            // Of the oldest ones not even the number of parallel trees is known, which was 1 unless it was set.
            let parallel = parallel.map_or(Some(1), |parallel| parallel.number().and_then(whole));
            parallel
                .and_then(|parallel| parallel.max(1).checked_mul(targets)?.checked_mul(best.checked_add(1)?))
        }
    };
    used.filter(|used| *used <= trees).ok_or_else(|| invalid("the best iteration is none of the model's"))
}

/// The features. Those of a model without names are f0, f1, as XGBoost calls them itself.
fn features(learner: &Value<'_>, model: &Value<'_>, count: usize) -> Result<Vec<Feature>> {
    let names = learner.get("feature_names").and_then(Value::items).filter(|names| !names.is_empty());
    let names = match names {
        Some(names) => names.iter().map(|name| name.text().map(str::to_owned)).collect::<Option<Vec<_>>>(),
        None => Some((0..count).map(|feature| format!("f{feature}")).collect()),
    };
    let names = names.filter(|names| names.len() == count).ok_or_else(|| unreadable("feature_names"))?;
    // Versions before 3.1 keep no lists of categories, and no version those of a table without them.
    let lists = model.at_path(&["cats", "enc"]).and_then(Value::items).filter(|lists| !lists.is_empty());
    let lists = match lists {
        Some(lists) => lists.iter().map(feature_categories).collect::<Option<Vec<_>>>(),
        None => Some((0..count).map(|_| None).collect()),
    };
    let lists = lists.filter(|lists| lists.len() == count).ok_or_else(|| unreadable("cats"))?;
    let features = names.into_iter().zip(lists);
    Ok(features.map(|(name, categories)| Feature { name, categories }).collect())
}

/// Whether the version that wrote `document` takes the lengths of categories in characters and cuts off as many bytes at
/// the end of the last one: up to 3.2 all of them do.
fn miscounts_letters(document: &Value<'_>) -> bool {
    let version = document.get("version").and_then(Value::numbers);
    version.is_none_or(|version| version.iter().take(2).le(&[3.0, 2.0]))
}

fn has_letters_of_several_bytes(feature: &Feature) -> bool {
    let texts = if let Some(Categories::Texts(texts)) = &feature.categories { texts.as_slice() } else { &[] };
    texts.iter().any(|text| !text.is_ascii())
}

/// The categories of one feature, in the order of their codes: numbers, or texts whose bytes stand one behind the other.
/// `Some(None)` for a feature that has none.
fn feature_categories(list: &Value<'_>) -> Option<Option<Categories>> {
    let values = list.get("values")?.numbers()?;
    let Some(offsets) = list.get("offsets") else {
        return Some(Some(Categories::Numbers(values.into_owned())));
    };
    let offsets: Vec<usize> =
        offsets.numbers()?.iter().map(|offset| whole(*offset)).collect::<Option<_>>()?;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "they are signed bytes")]
    let bytes: Vec<u8> = values.iter().map(|byte| *byte as i8 as u8).collect();
    // Where lengths are miscounted a letter may be cut in two.
    let text =
        |ends: (&usize, &usize)| Some(String::from_utf8_lossy(bytes.get(*ends.0..*ends.1)?).into_owned());
    let texts = offsets.iter().zip(offsets.iter().skip(1)).map(text).collect::<Option<Vec<_>>>()?;
    Some((!texts.is_empty()).then_some(Categories::Texts(texts)))
}

fn metadata(document: &Value<'_>, objective: &str, trees: usize) -> LiteMap<String, String> {
    let version = document.get("version").and_then(Value::numbers);
    let version: Vec<_> =
        version.iter().flat_map(|numbers| numbers.iter()).map(ToString::to_string).collect();
    [
        ("producer_name", "XGBoost".into()),
        ("producer_version", version.join(".")),
        ("objective", objective.into()),
        ("trees", trees.to_string()),
    ]
    .into_iter()
    .map(|(name, value): (&str, String)| (name.into(), value))
    .collect()
}

fn add_tree(
    booster: &mut Booster,
    tree: &Value<'_>,
    number: usize,
    target: usize,
    weight: f64,
) -> Result<()> {
    let (left, right) = (numbers(tree, "left_children")?, numbers(tree, "right_children")?);
    let (features, thresholds) = (numbers(tree, "split_indices")?, numbers(tree, "split_conditions")?);
    let missing_left = numbers(tree, "default_left")?;
    let leaf_size = tree.at_path(&["tree_param", "size_leaf_vector"]).and_then(Value::number);
    if leaf_size.is_some_and(|size| size > 1.0) {
        return Err(unsupported("trees with several values in a leaf are not supported"));
    }
    let nodes = left.len();
    let lengths = [right.len(), features.len(), thresholds.len(), missing_left.len()];
    if nodes == 0 || lengths.iter().any(|length| *length != nodes) {
        return Err(invalid("the lists of a tree have different lengths"));
    }
    let sets = categories(tree)?;
    let list = |name: &str| tree.get(name).and_then(Value::numbers).filter(|list| list.len() == nodes);
    let (gains, covers) = (list("loss_changes"), list("sum_hessian"));
    let mut next_node = nodes;
    let columns = left.iter().zip(right.iter()).zip(features.iter());
    let columns = columns.zip(thresholds.iter()).zip(missing_left.iter());
    for (node, ((((left, right), feature), threshold), missing_left)) in columns.enumerate() {
        let id = NodeId { tree: number, node };
        let cover = covers.as_ref().and_then(|covers| covers.get(node).copied()).unwrap_or(f64::NAN);
        if *left < 0.0 {
            booster.leaves.push(Leaf { id, target, value: threshold * weight, cover });
            continue;
        }
        let links = whole(*left).zip(whole(*right)).zip(whole(*feature));
        let ((left, right), feature) = links.ok_or_else(|| invalid("a tree's node leads nowhere"))?;
        if feature >= booster.features.len() {
            return Err(invalid("a tree asks for a feature that is not there"));
        }
        if let Some(gain) = gains.as_ref().and_then(|gains| gains.get(node)).filter(|_| !cover.is_nan()) {
            booster.note(feature, *gain, cover);
        }
        let (condition, missing_is_left) = (Condition::Threshold(*threshold), *missing_left != 0.0);
        if let Some(set) = sets.get(&node) {
            // Members of the set go right.
            let (if_true, if_false) = (right, left);
            let missing_is_true = !missing_is_left;
            let split = Split { id, feature, condition, if_true, if_false, missing_is_true, cover };
            booster.split_by_categories(split, set, &mut next_node);
        } else {
            let (if_true, if_false) = (left, right);
            let missing_is_true = missing_is_left;
            booster.splits.push(Split { id, feature, condition, if_true, if_false, missing_is_true, cover });
        }
    }
    Ok(())
}

/// The sets of categories that nodes ask for, by the number of the node. Older versions know none, and write no lists.
fn categories(tree: &Value<'_>) -> Result<LiteMap<usize, Vec<f64>>> {
    let unreadable = || invalid("a tree's categories cannot be read");
    let Some(nodes) = tree.get("categories_nodes") else { return Ok(LiteMap::new()) };
    let nodes = nodes.numbers().ok_or_else(unreadable)?;
    let (starts, sizes) = (numbers(tree, "categories_segments")?, numbers(tree, "categories_sizes")?);
    let all = numbers(tree, "categories")?;
    if starts.len() != nodes.len() || sizes.len() != nodes.len() {
        return Err(unreadable());
    }
    let set = |((node, start), size): ((&f64, &f64), &f64)| {
        let (start, size) = (whole(*start)?, whole(*size)?);
        Some((whole(*node)?, all.get(start..start.checked_add(size)?)?.to_vec()))
    };
    let sets = nodes.iter().zip(starts.iter()).zip(sizes.iter()).map(set).collect::<Option<_>>();
    sets.ok_or_else(unreadable)
}
