//! Boosters of LightGBM in its text format (`save_model`, versions 3 and 4).

use std::collections::BTreeMap;
use std::str::FromStr;

use super::booster::{Booster, Leaf, Link, Node, Place, Precision, Question};
use super::{invalid, unsupported};
use crate::diag::Result;

/// The lines of one part of the file, by their names.
type Part<'a> = BTreeMap<&'a str, &'a str>;

/// Reads a booster.
pub(super) fn read(bytes: &[u8]) -> Result<Booster> {
    let hint = "save it with `booster.save_model(\"model.txt\")`";
    let text = std::str::from_utf8(bytes).map_err(|_| invalid("expected a model in text").hint(hint))?;
    let Some((text, _)) = text.split_once("\nend of trees") else {
        return Err(invalid("the model has no end of its trees").hint(hint));
    };
    let mut parts = text.split("\nTree=").map(part);
    let head = parts.next().unwrap_or_default();
    let trees: Vec<Part<'_>> = parts.collect();
    let count =
        |name: &str| head.get(name).and_then(|count| count.parse::<usize>().ok()).filter(|it| *it > 0);
    let sums =
        count("num_tree_per_iteration").ok_or_else(|| invalid("`num_tree_per_iteration` is missing"))?;
    let objective = head.get("objective").copied().unwrap_or_default();
    let features: Vec<String> =
        head.get("feature_names").unwrap_or(&"").split_whitespace().map(str::to_owned).collect();
    let averaged = head.contains_key("average_output");
    #[expect(clippy::cast_precision_loss, reason = "there are few trees")]
    let share = if averaged { 1.0 / (trees.len() / sums).max(1) as f64 } else { 1.0 };
    let mut booster = Booster {
        features,
        base: vec![0.0; sums],
        nodes: Vec::new(),
        leaves: Vec::new(),
        link: link(objective)?,
        precision: Precision::Double,
        metadata: [
            ("producer_name", "LightGBM".into()),
            ("format_version", head.get("version").unwrap_or(&"").to_string()),
            ("objective", objective.into()),
            ("trees", trees.len().to_string()),
        ]
        .map(|(name, value): (_, String)| (name.into(), value))
        .into(),
    };
    for (at, tree) in trees.iter().enumerate() {
        add_tree(&mut booster, tree, at, at % sums, share)?;
    }
    Ok(booster)
}

fn part(text: &str) -> Part<'_> {
    text.lines().map(|line| line.split_once('=').unwrap_or((line, ""))).collect()
}

/// What is made of the sums: the first word names the objective, the others are its parameters.
fn link(objective: &str) -> Result<Link> {
    let mut words = objective.split_whitespace();
    let name = words.next().unwrap_or_default();
    let parameters: Vec<&str> = words.collect();
    let factor = || {
        let given = parameters.iter().find_map(|word| word.strip_prefix("sigmoid:"));
        given.and_then(|factor| factor.parse().ok()).unwrap_or(1.0)
    };
    Ok(match name {
        "binary" | "multiclassova" => Link::Logistic(factor()),
        "cross_entropy" => Link::Logistic(1.0),
        "cross_entropy_lambda" => Link::Softplus,
        "multiclass" => Link::Softmax,
        "poisson" | "gamma" | "tweedie" => Link::Exp,
        "regression" if parameters.contains(&"sqrt") => Link::SignedSquare,
        "" | "regression" | "regression_l1" | "huber" | "fair" | "quantile" | "mape" | "lambdarank"
        | "rank_xendcg" | "custom" => Link::Identity,
        other => return Err(unsupported(format!("the objective `{other}` is not known"))),
    })
}

fn add_tree(booster: &mut Booster, tree: &Part<'_>, at: usize, sum: usize, share: f64) -> Result<()> {
    if tree.get("is_linear").is_some_and(|linear| *linear != "0") {
        return Err(unsupported("trees with linear functions in their leaves are not supported"));
    }
    let values: Vec<f64> = list(tree, "leaf_value")?;
    // Questions are numbered from 0; leaves follow them here, and count down from -1 in the file.
    let questions = values.len().saturating_sub(1);
    let child = |link: i64| match usize::try_from(link) {
        Ok(question) if question < questions => Some(question),
        Ok(_) => None,
        Err(_) => {
            usize::try_from(-1 - link).ok().filter(|leaf| *leaf <= questions).map(|leaf| questions + leaf)
        }
    };
    for (leaf, value) in values.iter().enumerate() {
        let place = Place { tree: at, id: questions + leaf };
        booster.leaves.push(Leaf { place, sum, value: value * share });
    }
    if questions == 0 {
        return Ok(());
    }
    let features: Vec<usize> = list(tree, "split_feature")?;
    let thresholds: Vec<f64> = list(tree, "threshold")?;
    let decisions: Vec<u8> = list(tree, "decision_type")?;
    let (left, right): (Vec<i64>, Vec<i64>) = (list(tree, "left_child")?, list(tree, "right_child")?);
    let rows = features.into_iter().zip(thresholds).zip(decisions).zip(left.into_iter().zip(right));
    if rows.len() != questions {
        return Err(invalid("the lists of a tree have different lengths"));
    }
    let mut next = questions + values.len();
    for (id, (((feature, threshold), decision), (left, right))) in rows.enumerate() {
        let children = child(left).zip(child(right)).filter(|_| feature < booster.features.len());
        let (yes, no) = children.ok_or_else(|| invalid("a tree's node leads nowhere"))?;
        let place = Place { tree: at, id };
        let question = Question::Below(threshold);
        if decision & 1 == 0 {
            let missing = missing_is_left(decision, threshold)?;
            booster.nodes.push(Node { place, feature, question, yes, no, missing });
            continue;
        }
        // What is missing is in no set.
        let node = Node { place, feature, question, yes, no, missing: false };
        booster.ask_for_any(node, &categories(tree, threshold)?, &mut next);
    }
    Ok(())
}

/// The categories of a set, which are the bits of the words between two bounds; `set` numbers the bounds.
fn categories(tree: &Part<'_>, set: f64) -> Result<Vec<f64>> {
    let bounds: Vec<usize> = list(tree, "cat_boundaries")?;
    let words: Vec<u32> = list(tree, "cat_threshold")?;
    let at = (0..bounds.len()).zip((0..).map(f64::from)).find(|(_, number)| *number == set).map(|(at, _)| at);
    let ends = at.and_then(|at| bounds.get(at).zip(bounds.get(at + 1)));
    let words = ends.and_then(|(start, end)| words.get(*start..*end));
    let words = words.ok_or_else(|| invalid("a tree's categories cannot be read"))?;
    let bits = words.iter().flat_map(|word| (0..32).map(move |bit| word >> bit & 1 == 1));
    Ok((0..)
        .map(f64::from)
        .zip(bits)
        .filter(|(_, is_member)| *is_member)
        .map(|(category, _)| category)
        .collect())
}

/// Where a missing value goes. The bits of `decision`: by category, missing goes left, and in two what is missing:
/// nothing (NaN counts as zero), zero, or NaN.
fn missing_is_left(decision: u8, threshold: f64) -> Result<bool> {
    let zero_is_left = 0.0 <= threshold;
    let default_is_left = decision & 2 != 0;
    match decision >> 2 & 3 {
        0 => Ok(zero_is_left),
        1 if zero_is_left != default_is_left => {
            Err(unsupported("zeros that count as missing (`zero_as_missing`) are not supported"))
        }
        _ => Ok(default_is_left),
    }
}

fn list<T: FromStr>(tree: &Part<'_>, name: &str) -> Result<Vec<T>> {
    let items = tree.get(name).map(|list| list.split_whitespace().map(|item| item.parse().ok()).collect());
    items.flatten().ok_or_else(|| invalid(&format!("a tree's `{name}` cannot be read")))
}
