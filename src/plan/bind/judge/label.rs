//! A model's prediction beside the truth: which column of the rows, which output, which of two classes is positive.

use std::sync::Arc;

use super::super::Binder;
use super::super::from::Source;
use super::super::model_input;
use super::super::predict::predict_node;
use super::args::Call;
use super::evaluate::cast;
use super::text::{literal, quoted, string};
use crate::data::{DataType, Field, Scalar, Schema};
use crate::diag::{Code, Error, Invariant, Result, Span};
use crate::model::{Model, Predicted, positive_of};
use crate::plan::node::{Node, NodeKind};
use crate::syntax::ast::Path;
use crate::syntax::written;

/// The name of the column with the truth behind a prediction.
pub(super) const ACTUAL: &str = "__actual";

/// Rows with a model's prediction and the truth.
pub(super) struct Judged {
    /// The prediction; [`ACTUAL`] is the column with the truth.
    pub(super) node: Node,
    /// `d AS (…)`: a query of WITH over `p`, the prediction. `y` is the truth and `p` the prediction, neither NULL, `a` the
    /// truth as the rows have it, `s` a list of scores or NULL.
    pub(super) pairs: String,
    pub(super) kind: JudgedKind,
}

/// Rows with the truth, [`ACTUAL`], in front of a prediction of `model`; the rest is as of [`Judged`].
pub(super) struct Labelled {
    pub(super) source: Source,
    pub(super) model: Arc<Model>,
    pub(super) pairs: String,
    pub(super) kind: JudgedKind,
}

pub(super) enum JudgedKind {
    Regression,
    Classification {
        /// In the order of the scores; empty where the file does not show them.
        classes: Vec<Scalar>,
        /// The number of the positive class of two.
        positive: Option<usize>,
        has_scores: bool,
    },
}

impl JudgedKind {
    /// The positive class and its number, where there are two.
    pub(super) fn positive(&self) -> Option<(usize, &Scalar)> {
        match self {
            Self::Classification { classes, positive: Some(number), .. } => {
                Some((*number, classes.get(*number)?))
            }
            _ => None,
        }
    }
}

impl Binder<'_> {
    /// The model that a call names, which must predict.
    pub(super) fn predicting(&self, path: &Path) -> Result<Arc<Model>> {
        if self.context.catalog.transform(&path.text()).is_some() {
            let message = format!("model `{}` transforms rows and predicts nothing", path.text());
            return Err(Error::new(Code::UnknownModel, message).at(path.span));
        }
        self.model(path).cloned()
    }

    /// Predicts the rows of the call beside the truth in them.
    pub(super) fn judged(&mut self, call: &Call<'_>) -> Result<Judged> {
        let Labelled { source, model, pairs, kind } = self.labelled(call)?;
        let path = call.models.first().copied().invariant("a call with a model")?;
        let rows = call.rows.first().copied().invariant("a call with rows")?;
        let node = predict_node(source, &path.text(), model, false, rows.span)?;
        Ok(Judged { node, pairs, kind })
    }

    /// The rows of the call with the truth in them, and how a prediction of the model is held against it.
    pub(super) fn labelled(&mut self, call: &Call<'_>) -> Result<Labelled> {
        let path = call.models.first().copied().invariant("a call with a model")?;
        let rows = call.rows.first().copied().invariant("a call with rows")?;
        let (mut model, predicted) = with_prediction(self.predicting(path)?, path)?;
        let source = self.given(call, rows)?;
        let (label, actual) = truth_of(&source, &model, path, rows.span)?;
        let source = with_actual(source, &label, &model);
        let threshold = self.share(call, "threshold", false)?;
        let truth = Truth { label: &label, actual: &actual, path, span: rows.span };
        let (pairs, kind) = match predicted {
            Predicted::Value(output) => {
                if threshold.is_some() || call.setting("positive_class").is_some() {
                    let message =
                        "a threshold and a positive class are for classifiers, this model is for regression";
                    return Err(Error::new(Code::InvalidOption, message).at(call.span).hint(
                        "leave them out, or name the classes if there are some: OPTIONS (labels = […])",
                    ));
                }
                let port = model.signature().outputs.get(output).invariant("the output with the value")?;
                (pairs(&truth.as_float()?, &quoted(&port.name), "NULL"), JudgedKind::Regression)
            }
            Predicted::Class { label: output, scores, classes } => {
                let positive = self.positive_class(call, &classes)?;
                let port = model.signature().outputs.get(output).invariant("the output with the label")?;
                let y = as_class(&label, &actual, &port.data_type)
                    .ok_or_else(|| truth.unlike(&port.data_type))?;
                truth.check_classes(&port.data_type, &classes)?;
                let (mut p, s) = (quoted(&port.name), scores_of(&model, scores)?);
                if let Some(threshold) = threshold {
                    let span = call.setting("threshold").map_or(call.span, |value| value.span);
                    let cut = model.at_threshold(threshold).map_err(|error| error.or_at(span))?;
                    model = Arc::new(cut);
                    // A model's own threshold is for the class that is positive where none is named.
                    if let (Some(number), [first, second]) = (positive, classes.as_slice())
                        && positive != positive_of(&classes)
                    {
                        let others = if number == 0 { [first, second] } else { [second, first] };
                        p = above(&s, threshold, number, others);
                    }
                }
                let kind = JudgedKind::Classification { positive, has_scores: scores.is_some(), classes };
                (pairs(&y, &p, &s), kind)
            }
        };
        Ok(Labelled { source, model, pairs, kind })
    }

    /// The number of the positive class of two: the one that is named, else the last one in ascending order.
    fn positive_class(&mut self, call: &Call<'_>, classes: &[Scalar]) -> Result<Option<usize>> {
        let types = [DataType::Bool, DataType::Int64, DataType::String];
        let given = self.setting(call, "positive_class", &types)?;
        let found = given.map(|(value, span)| {
            let number = class_number(classes, &value);
            number.filter(|_| classes.len() == 2).ok_or_else(|| {
                let list: Vec<_> = classes.iter().take(20).map(literal).collect();
                Error::new(
                    Code::InvalidOption,
                    format!("{} is none of two classes of the model", literal(&value)),
                )
                .at(span)
                .hint(format!("the classes are {}", list.join(", ")))
            })
        });
        if let Some(number) = found {
            return number.map(Some);
        }
        Ok(positive_of(classes))
    }
}

/// The number of the class that `value` means: BOOL and whole numbers are taken for each other and for texts as in the truth.
pub(super) fn class_number(classes: &[Scalar], value: &Scalar) -> Option<usize> {
    let is_meant = |class: &Scalar| match (class, value) {
        (Scalar::Int64(class), Scalar::Bool(value)) => *class == i64::from(*value),
        (Scalar::Bool(class), Scalar::Int64(value)) => i64::from(*class) == *value,
        (Scalar::String(class), Scalar::Bool(value)) => *class == value.to_string(),
        (Scalar::String(class), Scalar::Int64(value)) => *class == value.to_string(),
        _ => class == value,
    };
    classes.iter().position(is_meant)
}

/// The model and its prediction: one that shows the names of its classes without a label gets a label.
pub(super) fn with_prediction(model: Arc<Model>, path: &Path) -> Result<(Arc<Model>, Predicted)> {
    if let Some(predicted) = model.predicted() {
        return Ok((model, predicted));
    }
    let mut options = model.options().clone();
    options.set("task", &Scalar::String("classification".into()))?;
    if let Ok(labelled) = model.with_options(&options)
        && let Some(predicted) = labelled.predicted()
    {
        return Ok((Arc::new(labelled), predicted));
    }
    let outputs: Vec<_> =
        model.signature().outputs.iter().map(|port| format!("`{}` {}", port.name, port.data_type)).collect();
    let message = format!("it is not clear which output of model `{}` is its prediction", path.text());
    Err(Error::new(Code::InvalidOption, message).at(path.span).hint(format!(
        "the outputs are {}; say what they are: ALTER MODEL {} SET OPTIONS (task = 'classification'), or (labels = ['no', 'yes'])",
        outputs.join(", "),
        written(&path.text())
    )))
}

/// The name and type of the column with the truth.
fn truth_of(source: &Source, model: &Model, path: &Path, span: Span) -> Result<(String, DataType)> {
    let wanted = model.options().label_column();
    let mut columns = source.scope.visible(None);
    if let Some((name, expr)) = columns.find(|(name, _)| name.eq_ignore_ascii_case(wanted)) {
        return Ok((name.to_owned(), expr.data_type.clone()));
    }
    let names: Vec<_> = source.scope.visible(None).take(20).map(|(name, _)| format!("`{name}`")).collect();
    let message = format!("the rows have no column `{wanted}` with the truth for model `{}`", path.text());
    Err(Error::new(Code::UnknownColumn, message).at(span).hint(format!(
        "name the column: ALTER MODEL {} SET OPTIONS (input_label_cols = ['…']); the columns are {}",
        written(&path.text()),
        names.join(", ")
    )))
}

/// The rows with the column `label` called [`ACTUAL`], out of the way of an output of the same name; it stays under its own
/// name too where it is an input.
fn with_actual(source: Source, label: &str, model: &Model) -> Source {
    let Source { node, scope } = source;
    let is_input = model.signature().inputs.iter().any(|port| model_input::is_same_name(&port.name, label));
    let kept = scope.visible(None).filter(|(name, _)| is_input || !name.eq_ignore_ascii_case(label));
    let actual = scope.visible(None).filter(|(name, _)| name.eq_ignore_ascii_case(label));
    let (fields, exprs) = kept
        .chain(actual.map(|(_, expr)| (ACTUAL, expr)))
        .map(|(name, expr)| (Field::new(name, expr.data_type.clone()), expr.clone()))
        .unzip();
    let schema = Schema { fields };
    Source::new(Node { kind: NodeKind::Project { input: Box::new(node), exprs }, schema }, None)
}

fn pairs(y: &str, p: &str, s: &str) -> String {
    format!(
        "d AS (SELECT {ACTUAL} AS a, {y} AS y, {p} AS p, {s} AS s FROM p WHERE {ACTUAL} IS NOT NULL AND {p} IS NOT NULL)"
    )
}

/// The truth as the type of the model's label; `None` where the types do not fit.
fn as_class(name: &str, actual: &DataType, label: &DataType) -> Option<String> {
    Some(match (actual, label) {
        (actual, label) if actual == label => ACTUAL.into(),
        (DataType::Bool, DataType::Int64 | DataType::String)
        | (DataType::Int64, DataType::String | DataType::Bool) => format!("CAST({ACTUAL} AS {label})"),
        (DataType::Float64 | DataType::Numeric, DataType::Int64) => format!(
            "IF({ACTUAL} = TRUNC({ACTUAL}), CAST({ACTUAL} AS INT64), ERROR(CONCAT({}, CAST({ACTUAL} AS STRING), ': the classes are whole numbers, write CAST(… AS INT64) to round it')))",
            string(&format!("the truth in column `{name}` is "))
        ),
        _ => return None,
    })
}

/// The scores as a list.
fn scores_of(model: &Model, scores: Option<usize>) -> Result<String> {
    let Some(output) = scores else { return Ok("CAST(NULL AS ARRAY<FLOAT64>)".into()) };
    let port = model.signature().outputs.get(output).invariant("the output with the scores")?;
    let name = quoted(&port.name);
    Ok(match port.data_type {
        DataType::Float64 => format!("[1 - {name}, {name}]"),
        _ => name,
    })
}

/// The first of two classes, whose number is `number`, where its score is above the threshold, else the other one.
fn above(scores: &str, threshold: f64, number: usize, [class, other]: [&Scalar; 2]) -> String {
    let (class, other) = (literal(class), literal(other));
    let score = format!("{scores}[OFFSET({number})]");
    format!("CASE WHEN IS_NAN({score}) THEN NULL WHEN {score} > {threshold:?} THEN {class} ELSE {other} END")
}

/// The column with the truth.
struct Truth<'a> {
    label: &'a str,
    actual: &'a DataType,
    path: &'a Path,
    span: Span,
}

impl Truth<'_> {
    fn as_float(&self) -> Result<String> {
        match self.actual {
            DataType::Int64 | DataType::Float64 | DataType::Numeric | DataType::BigNumeric => {
                Ok(format!("CAST({ACTUAL} AS FLOAT64)"))
            }
            _ => Err(self.unlike(&DataType::Float64)),
        }
    }

    /// # Errors
    /// `input-type-mismatch` where a truth of another type than the classes can be none of them.
    fn check_classes(&self, label: &DataType, classes: &[Scalar]) -> Result<()> {
        let is_reached = |class: &Scalar| match (self.actual, class) {
            (DataType::Bool, Scalar::Int64(class)) => matches!(class, 0 | 1),
            (DataType::Bool, Scalar::String(class)) => matches!(class.as_str(), "true" | "false"),
            (DataType::Int64, Scalar::String(class)) => class.parse::<i64>().is_ok(),
            _ => true,
        };
        let reached = classes.iter().filter(|class| is_reached(class)).count();
        // A whole number may well be none of many classes; TRUE and FALSE are two.
        let wanted = if *self.actual == DataType::Bool { classes.len() } else { classes.len().min(1) };
        if reached >= wanted {
            return Ok(());
        }
        let classes: Vec<_> = classes.iter().take(20).map(literal).collect();
        let name = written(self.label);
        Err(self.unlike(label).hint(format!(
            "map it to the classes {} in a subquery: (SELECT * REPLACE (CASE {name} WHEN … THEN … END AS {name}) FROM …)",
            classes.join(", ")
        )))
    }

    #[cold]
    fn unlike(&self, wanted: &DataType) -> Error {
        let Self { label, actual, path, span } = self;
        let message = format!(
            "column `{label}` with the truth has type {actual}, the prediction of model `{}` has type {wanted}",
            path.text()
        );
        let name = written(label);
        Error::new(Code::InputTypeMismatch, message).at(*span).hint(format!(
            "convert it in a subquery: (SELECT * REPLACE ({} AS {name}) FROM …)",
            cast(&name, actual, wanted)
        ))
    }
}
