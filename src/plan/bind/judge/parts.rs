//! ML.WEIGHTS and ML.FEATURE_IMPORTANCE: what a model's file says of its columns.

use super::super::Binder;
use super::Judging;
use super::args::Call;
use super::text::{float, literal, string};
use crate::diag::{Code, Error, Invariant, Result};
use crate::model::{Model, Predicted};
use crate::plan::node::Node;
use crate::tensor::{Parts, Splits};

pub(super) const FUNCTIONS: &[Judging] = &[
    Judging { rows: 0..=0, ..Judging::of_model("ML.WEIGHTS", &[], |binder, call| binder.weights_of(call)) },
    Judging {
        rows: 0..=1,
        ..Judging::of_model("ML.FEATURE_IMPORTANCE", &["num_repeats", "seed"], |binder, call| {
            if call.rows.is_empty() { binder.importance(call) } else { binder.permutation_importance(call) }
        })
    },
];

/// Features of a sum of weights.
const INTERCEPT: &str = "__INTERCEPT__";

impl Binder<'_> {
    fn weights_of(&mut self, call: &Call<'_>) -> Result<Node> {
        let path = call.models.first().copied().invariant("a call with a model")?;
        let model = self.predicting(path)?;
        let Some((names, Parts::Weights { sums })) = model.parts() else {
            let message =
                format!("model `{}` is no linear model whose file has a weight for each column", path.text());
            return Err(no_parts(message, path.span));
        };
        // Of two classes the second one has the weights, and the first one their opposites.
        let opposite = |first: &[f32], second: &[f32]| first.iter().zip(second).all(|(a, b)| *a == -*b);
        let sums = match sums.as_slice() {
            [(first, _), (second, _)] if opposite(first, second) => sums.get(1..).invariant("two sums")?,
            sums => sums,
        };
        let classes = classes(&model);
        let mut rows = Vec::new();
        for (number, (weights, intercept)) in sums.iter().enumerate() {
            let class = classes.get(number).filter(|_| sums.len() > 1).map_or("NULL", String::as_str);
            let named = names.iter().map(String::as_str).zip(weights.iter().copied());
            for (name, weight) in named.chain([(INTERCEPT, *intercept)]) {
                let (name, weight) = (string(name), float(f64::from(weight)));
                rows.push(format!(
                    "STRUCT({name} AS processed_input, {weight} AS weight, {class} AS class_label)"
                ));
            }
        }
        let label = if sums.len() > 1 && !classes.is_empty() { ", class_label" } else { "" };
        let sql = format!("SELECT processed_input, weight{label} FROM UNNEST([{}])", rows.join(", "));
        self.expanded(call, Vec::new(), &sql)
    }

    fn importance(&mut self, call: &Call<'_>) -> Result<Node> {
        if let Some(given) = call.setting("num_repeats").or(call.setting("seed")) {
            let message = "the values of features are shuffled among rows, which the call does not have";
            return Err(call.wrong(Code::MisplacedClause, message, given.span));
        }
        let path = call.models.first().copied().invariant("a call with a model")?;
        let model = self.predicting(path)?;
        let Some((names, Parts::Splits(splits))) = model.parts() else {
            let message = format!("model `{}` is no forest whose trees ask for its columns", path.text());
            return Err(no_parts(message, path.span).hint(
                "give rows with the truth: ML.FEATURE_IMPORTANCE(MODEL m, TABLE t) shuffles each feature among them",
            ));
        };
        let splits = splits.into_iter().chain(std::iter::repeat(Splits::default()));
        let rows = names.iter().zip(splits).map(|(name, Splits { count, worth })| {
            let mean = |sum: f64| float(if count > 0.0 { sum / count } else { 0.0 });
            let mean = |sum: Option<f64>| sum.map_or_else(|| "CAST(NULL AS FLOAT64)".into(), mean);
            format!(
                "STRUCT({} AS feature, {} AS importance_weight, {} AS importance_gain, {} AS importance_cover)",
                string(name),
                float(count),
                mean(worth.map(|(gain, _)| gain)),
                mean(worth.map(|(_, cover)| cover))
            )
        });
        let rows: Vec<_> = rows.collect();
        let sql = format!(
            "SELECT * FROM UNNEST([{}]) WITH OFFSET AS o ORDER BY importance_weight DESC, o",
            rows.join(", ")
        );
        let sql = sql.replacen('*', "* EXCEPT (o)", 1);
        self.expanded(call, Vec::new(), &sql)
    }
}

/// The classes as SQL.
fn classes(model: &Model) -> Vec<String> {
    match model.predicted() {
        Some(Predicted::Class { classes, .. }) => classes.iter().map(literal).collect(),
        _ => Vec::new(),
    }
}

#[cold]
fn no_parts(message: String, span: crate::diag::Span) -> Error {
    Error::new(Code::InvalidOption, message)
        .at(span)
        .hint("ML.GLOBAL_EXPLAIN tells how much predictions owe to each feature")
}
