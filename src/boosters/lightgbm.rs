//! Boosters of LightGBM in its text format (`save_model`, versions 3 and 4).

use litemap::LiteMap;
use std::str::FromStr;

use super::booster::{Booster, Categories, Condition, Feature, Leaf, NodeId, Precision, Split, Transform};
use super::{invalid, stated, unsupported};
use crate::diag::Result;
use crate::json::{self, Value};

/// The lines of one section of the file, by their names.
type Section<'a> = LiteMap<&'a str, &'a str>;

/// Reads a booster.
pub(super) fn read(bytes: &[u8]) -> Result<Booster> {
    let hint = "save it with `booster.save_model(\"model.txt\")`";
    let text = std::str::from_utf8(bytes).map_err(|_| invalid("expected a model in text").hint(hint))?;
    let Some((text, tail)) = text.split_once("\nend of trees") else {
        return Err(invalid("the model has no end of its trees").hint(hint));
    };
    let (head, trees) = text.split_once("\nTree=").unwrap_or((text, ""));
    let head = section(head);
    let trees: Vec<Section<'_>> =
        if trees.is_empty() { Vec::new() } else { trees.split("\nTree=").map(section).collect() };
    let per_iteration = head.get("num_tree_per_iteration");
    let targets = per_iteration.and_then(|count| count.parse::<usize>().ok()).filter(|count| *count > 0);
    let targets = targets.ok_or_else(|| invalid("`num_tree_per_iteration` is missing"))?;
    let targets = stated("num_tree_per_iteration", targets)?;
    if !trees.len().is_multiple_of(targets) {
        return Err(invalid("the last iteration lacks trees").hint(hint));
    }
    // LightGBM writes no objective for one that the user wrote.
    let objective = head.get("objective").copied().unwrap_or("");
    let is_averaged = head.contains_key("average_output");
    #[expect(clippy::cast_precision_loss, reason = "there are few trees")]
    let share = if is_averaged { 1.0 / (trees.len() / targets).max(1) as f64 } else { 1.0 };
    let mut booster = Booster {
        features: features(&head, tail)?,
        base: vec![0.0; targets],
        splits: Vec::new(),
        leaves: Vec::new(),
        transform: transform(objective)?,
        precision: Precision::Double,
        refuses_unknown: false,
        worth: LiteMap::new(),
        metadata: [
            ("producer_name", "LightGBM".into()),
            ("format_version", head.get("version").unwrap_or(&"").to_string()),
            ("objective", objective.into()),
            ("trees", trees.len().to_string()),
        ]
        .into_iter()
        .map(|(name, value): (&str, String)| (name.into(), value))
        .collect(),
    };
    for (number, tree) in trees.iter().enumerate() {
        add_tree(&mut booster, tree, number, number % targets, share)?;
    }
    Ok(booster)
}

/// A line without a value is a flag.
fn section(text: &str) -> Section<'_> {
    text.lines().map(|line| line.split_once('=').unwrap_or((line, ""))).collect()
}

/// The features, those that were columns of categories in pandas with these. `tail` is what follows the trees.
fn features(head: &Section<'_>, tail: &str) -> Result<Vec<Feature>> {
    let names = head.get("feature_names").ok_or_else(|| invalid("`feature_names` is missing"))?;
    let feature = |name: &str| Feature { name: name.to_owned(), categories: None };
    let mut features: Vec<Feature> = names.split_whitespace().map(feature).collect();
    let lists = pandas_categories(tail)?;
    if lists.is_empty() {
        return Ok(features);
    }
    // The file does not say which columns these were, only which features are split by categories. Columns whose
    // categories have an order are split by thresholds, numbers that are called categories have no list.
    let setting = tail.lines().find_map(|line| line.strip_prefix("[categorical_feature: "));
    let listed = setting.map(|list| list.trim_end_matches(']').split(','));
    let listed: Vec<usize> = listed.into_iter().flatten().filter_map(|number| number.parse().ok()).collect();
    let infos: Vec<&str> =
        head.get("feature_infos").map_or_else(Vec::new, |infos| infos.split(' ').collect());
    let has_codes = |info: &str| !info.starts_with('[') && info.contains(':');
    let coded = (0..).zip(&infos).filter(|(_, info)| has_codes(info)).map(|(feature, _)| feature).collect();
    let unclear = || unsupported("which features the lists of `pandas_categorical` belong to is not clear");
    let fits = |of: &Vec<usize>| of.len() == lists.len() && of.is_sorted();
    let of = [listed, coded].into_iter().find(fits).ok_or_else(unclear)?;
    for (number, list) in of.into_iter().zip(lists) {
        let codes =
            infos.get(number).into_iter().filter(|info| has_codes(info)).flat_map(|info| info.split(':'));
        // The code -1 stands for missing values.
        let fits = codes.filter_map(|code| code.parse::<usize>().ok()).all(|code| code < list.len());
        let feature = features.get_mut(number).filter(|_| fits).ok_or_else(unclear)?;
        feature.categories = Some(list);
    }
    Ok(features)
}

/// The categories of each column of categories that was in the table, in the order of the columns.
fn pandas_categories(tail: &str) -> Result<Vec<Categories>> {
    let unreadable = || invalid("`pandas_categorical` cannot be read");
    let Some(list) = tail.lines().find_map(|line| line.strip_prefix("pandas_categorical:")) else {
        return Ok(Vec::new());
    };
    let lists = json::read_text(list.trim().as_bytes()).map_err(|error| unreadable().detail(error))?;
    if lists == Value::Null {
        return Ok(Vec::new());
    }
    let categories = |list: &Value<'_>| {
        let texts = list.items().map(|items| items.iter().map(|item| item.text().map(str::to_owned)));
        match (texts.and_then(Iterator::collect::<Option<Vec<_>>>), list.numbers()) {
            (Some(texts), _) => Ok(Categories::Texts(texts)),
            (None, Some(numbers)) => Ok(Categories::Numbers(numbers.into_owned())),
            (None, None) => {
                Err(unsupported("categories that are neither texts nor numbers are not supported"))
            }
        }
    };
    lists.items().ok_or_else(unreadable)?.iter().map(categories).collect()
}

/// The transform of the scores. The first word names the objective, the others are its parameters.
fn transform(objective: &str) -> Result<Transform> {
    let mut words = objective.split_whitespace();
    let name = words.next().unwrap_or("");
    let parameters: Vec<&str> = words.collect();
    let factor = || match parameters.iter().find_map(|word| word.strip_prefix("sigmoid:")) {
        Some(factor) => factor.parse().map_err(|_| invalid("the objective's `sigmoid` cannot be read")),
        None => Ok(1.0),
    };
    Ok(match name {
        "binary" | "multiclassova" => Transform::Logistic(factor()?),
        "cross_entropy" => Transform::Logistic(1.0),
        "cross_entropy_lambda" => Transform::Softplus,
        "multiclass" => Transform::Softmax,
        "poisson" | "gamma" | "tweedie" => Transform::Exp,
        "regression" if parameters.contains(&"sqrt") => Transform::SignedSquare,
        "" | "regression" | "regression_l1" | "huber" | "fair" | "quantile" | "mape" | "lambdarank"
        | "rank_xendcg" | "custom" => Transform::Identity,
        other => return Err(unsupported(format!("the objective `{other}` is not known"))),
    })
}

fn add_tree(
    booster: &mut Booster,
    tree: &Section<'_>,
    number: usize,
    target: usize,
    share: f64,
) -> Result<()> {
    if tree.get("is_linear").is_some_and(|is_linear| *is_linear != "0") {
        return Err(unsupported("trees with linear functions in their leaves are not supported"));
    }
    let values: Vec<f64> = list(tree, "leaf_value")?;
    // Splits are numbered from 0; leaves follow them here, and count down from -1 in the file.
    let Some(splits) = values.len().checked_sub(1) else {
        return Err(invalid("a tree has no leaves"));
    };
    let child = |link: i64| match usize::try_from(link) {
        Ok(split) if split < splits => Some(split),
        Ok(_) => None,
        Err(_) => usize::try_from(-1 - link).ok().filter(|leaf| *leaf <= splits).map(|leaf| splits + leaf),
    };
    let rows = |name: &str, length: usize| list::<f64>(tree, name).ok().filter(|list| list.len() == length);
    let counts = rows("leaf_count", values.len());
    let first = NodeId { tree: number, node: splits };
    add_leaves(booster, counts.as_deref(), &values, first, target, share);
    if splits == 0 {
        return Ok(());
    }
    let features: Vec<usize> = list(tree, "split_feature")?;
    let thresholds: Vec<f64> = list(tree, "threshold")?;
    let decisions: Vec<u8> = list(tree, "decision_type")?;
    let (left, right): (Vec<i64>, Vec<i64>) = (list(tree, "left_child")?, list(tree, "right_child")?);
    let lengths = [features.len(), thresholds.len(), decisions.len(), left.len(), right.len()];
    if lengths.iter().any(|length| *length != splits) {
        return Err(invalid("the lists of a tree have different lengths"));
    }
    let (gains, covers) = (rows("split_gain", splits), rows("internal_count", splits));
    let mut next_node = splits + values.len();
    let children = left.into_iter().zip(right);
    let columns = features.into_iter().zip(thresholds).zip(decisions).zip(children);
    for (node, (((feature, threshold), decision), (left, right))) in columns.enumerate() {
        let children = child(left).zip(child(right)).filter(|_| feature < booster.features.len());
        let (if_true, if_false) = children.ok_or_else(|| invalid("a tree's node leads nowhere"))?;
        let cover = covers.as_ref().and_then(|covers| covers.get(node).copied()).unwrap_or(f64::NAN);
        if let Some(gain) = gains.as_ref().and_then(|gains| gains.get(node)).filter(|_| !cover.is_nan()) {
            booster.note(feature, *gain, cover);
        }
        let id = NodeId { tree: number, node };
        let condition = Condition::Threshold(threshold);
        // A missing value is in no set of categories.
        let mut split = Split { id, feature, condition, if_true, if_false, missing_is_true: false, cover };
        if decision & 1 == 0 {
            split.missing_is_true = missing_is_left(decision, threshold)?;
            booster.splits.push(split);
        } else {
            booster.split_by_categories(split, &categories(tree, threshold)?, &mut next_node);
        }
    }
    Ok(())
}

/// Adds the leaves of a tree, of which `first` is the first, with how many rows of the training came to each.
fn add_leaves(
    booster: &mut Booster,
    counts: Option<&[f64]>,
    values: &[f64],
    first: NodeId,
    target: usize,
    share: f64,
) {
    for (leaf, value) in values.iter().enumerate() {
        let id = NodeId { node: first.node + leaf, ..first };
        // A tree of one leaf has no counts.
        let cover = match counts {
            Some(counts) => counts.get(leaf).copied().unwrap_or(f64::NAN),
            None if values.len() == 1 => 1.0,
            None => f64::NAN,
        };
        booster.leaves.push(Leaf { id, target, value: value * share, cover });
    }
}

/// The categories of a set, which are the bits of the words between two bounds; `set` numbers the bounds.
fn categories(tree: &Section<'_>, set: f64) -> Result<Vec<f64>> {
    let bounds: Vec<usize> = list(tree, "cat_boundaries")?;
    let words: Vec<u32> = list(tree, "cat_threshold")?;
    let mut numbered = bounds.windows(2).zip((0..).map(f64::from));
    let words = numbered.find(|(_, number)| *number == set).and_then(|(bounds, _)| match bounds {
        [start, end] => words.get(*start..*end),
        _ => None,
    });
    let words = words.ok_or_else(|| invalid("a tree's categories cannot be read"))?;
    let bits = words.iter().flat_map(|word| (0..32).map(move |bit| word >> bit & 1 == 1));
    let numbered = (0..).map(f64::from).zip(bits);
    Ok(numbered.filter(|(_, is_member)| *is_member).map(|(category, _)| category).collect())
}

/// Whether a missing value goes left. The bits of `decision`: whether the split is by categories, whether missing values
/// go left, and in two bits which values are missing: none (NaN counts as zero), zero, or NaN.
fn missing_is_left(decision: u8, threshold: f64) -> Result<bool> {
    let zero_is_left = 0.0 <= threshold;
    let default_is_left = decision & 2 != 0;
    match decision >> 2 & 3 {
        0 => Ok(zero_is_left),
        1 if zero_is_left != default_is_left => {
            Err(unsupported("zeros that count as missing (`zero_as_missing`) are not supported"))
        }
        1 | 2 => Ok(default_is_left),
        _ => Err(invalid("a tree's `decision_type` cannot be read")),
    }
}

fn list<T: FromStr>(tree: &Section<'_>, name: &str) -> Result<Vec<T>> {
    let items = tree.get(name).map(|list| list.split_whitespace().map(|item| item.parse().ok()).collect());
    items.flatten().ok_or_else(|| invalid(&format!("a tree's `{name}` cannot be read")))
}
