//! The label of a classifier of two classes at a threshold of ML.PREDICT.

use std::sync::Arc;

use arrow_array::{ArrayRef, BooleanArray};

use super::predicted::{positive_of, scalars};
use super::scores::Scores;
use super::{Classifier, Numbered, OutputColumn, Outputs, holds_scores, only};
use crate::data::DataType;
use crate::diag::{Code, Error, Invariant, Result};
use crate::model::graph_port::GraphPort;
use crate::model::options::{ModelOptions, Task};
use crate::onnx::{KnownLabels, Labels};
use crate::tensor::ElementType;

/// How far rounding may take a probability out of its range.
const SLACK: f64 = 1e-6;

/// How a label follows from the probability of the positive class: the last one in ascending order, as judging has it.
#[derive(Debug, Clone)]
pub(super) struct Cut {
    pub(super) scores: usize,
    /// Those of the two classes; none where the label is FALSE or TRUE.
    labels: Option<Arc<Labels>>,
    /// The number of the positive class.
    positive: usize,
    above: f64,
}

impl Cut {
    /// The labels of rows with these scores; NULL where the probability is NaN.
    ///
    /// # Errors
    /// `model-failed` for scores that are no probabilities.
    pub(super) fn labels(&self, column: &ArrayRef) -> Result<ArrayRef> {
        let probabilities = Scores::of(column)?.of_one_of_two(self.positive)?;
        let is_probability = |value: f64| value.is_nan() || (-SLACK..=1.0 + SLACK).contains(&value);
        if let Some((row, score)) = (0..).zip(&probabilities).find(|(_, score)| !is_probability(**score)) {
            let message = format!("`threshold` needs probabilities, found the score {score}");
            return Err(Error::new(Code::ModelFailed, message).in_row(row).hint(
                "make probabilities of the scores: OPTIONS (softmax = TRUE), or leave `threshold` out",
            ));
        }
        let is_positive = |value: f64| (!value.is_nan()).then_some(value > self.above);
        let chosen = probabilities.into_iter().map(is_positive);
        match &self.labels {
            Some(labels) => labels.column(
                chosen.map(|is_it| is_it.map(|is_it| if is_it { self.positive } else { 1 - self.positive })),
            ),
            None => Ok(Arc::new(chosen.collect::<BooleanArray>())),
        }
    }
}

impl Outputs {
    /// The same columns, with the label that `threshold` decides.
    ///
    /// # Errors
    /// `invalid-option` for models that are no classifiers of two known classes.
    pub(in crate::model) fn at_threshold(
        mut self,
        threshold: f64,
        outputs: &[GraphPort],
        known: &KnownLabels,
        options: &ModelOptions,
    ) -> Result<Self> {
        if options.task == Some(Task::Regression) {
            return Err(not_two_classes("is for regression").hint("leave `threshold` out"));
        }
        let given_labels = options.labels.clone().map(Arc::new);
        let named = self.softmax.and_then(|number| Some((number, outputs.get(number)?)));
        let classifier = Classifier::of(outputs, known, given_labels.as_ref(), named);
        let TwoClasses { label, scores: (scores, port), labels } =
            TwoClasses::of(classifier, outputs, known, options)?;
        // The model's own precision decides whether the two are equal, as in NumPy.
        #[expect(clippy::cast_possible_truncation, reason = "it is compared with 32-bit floats")]
        let above = match port.element {
            ElementType::F64 => threshold,
            _ if self.softmax == Some(scores) => threshold,
            _ => f64::from(threshold as f32),
        };
        let label = label.map(|(number, port)| (number, port.data_type == DataType::Bool));
        let positive = positive_of(&scalars(&labels)).invariant("two classes")?;
        for column in &mut self.columns {
            let labels = match (&*column, label) {
                (OutputColumn::BestLabel { labels, .. }, _) => Some(labels.clone()),
                (OutputColumn::Output(number), Some((label, is_bool))) if *number == label => {
                    (!is_bool).then(|| labels.clone())
                }
                _ => continue,
            };
            *column = OutputColumn::CutLabel(Cut { scores, labels, positive, above });
        }
        Ok(self)
    }
}

/// A classifier of two classes.
struct TwoClasses<'a> {
    /// The label that the model gives itself.
    label: Option<Numbered<'a>>,
    scores: Numbered<'a>,
    labels: Arc<Labels>,
}

impl<'a> TwoClasses<'a> {
    fn of(
        classifier: Classifier<'a>,
        outputs: &'a [GraphPort],
        known: &KnownLabels,
        options: &ModelOptions,
    ) -> Result<Self> {
        let Classifier { mut label, scores, labels } = classifier;
        let is_renamed = options.labels.is_some();
        let positions = || Arc::new(Labels::Ints(vec![0, 1]));
        let is_counted = known.by_position || options.task == Some(Task::Classification) && label.is_none();
        let Some(labels) = labels.or_else(|| is_counted.then(positions)) else {
            return Err(refused("does not show the labels of its classes", outputs));
        };
        // Where there is a single score, it is that of the second class.
        let is_score = |port: &GraphPort| holds_scores(port, Some(2));
        let Some(scores) = scores.or_else(|| only(outputs, is_score)) else {
            return Err(refused("has not one output of probabilities", outputs));
        };
        let width = scores.1.width().unwrap_or(2);
        if labels.len() != 2 || width > 2 {
            let why = format!("has {} classes", labels.len().max(width));
            let hint = "leave `threshold` out: the label is the class with the highest score";
            return Err(not_two_classes(&why).hint(hint));
        }
        if label.is_none() && !is_renamed && *labels == Labels::Ints(vec![0, 1]) {
            label = only(outputs, |port| port.data_type == DataType::Bool);
        }
        if label.is_none() && !is_renamed && options.task != Some(Task::Classification) {
            return Err(refused("gives no label", outputs));
        }
        Ok(Self { label, scores, labels })
    }
}

#[cold]
fn not_two_classes(why: &str) -> Error {
    Error::new(
        Code::InvalidOption,
        format!("`threshold` needs a classifier of two classes, this model {why}"),
    )
}

/// As [`not_two_classes`], where a name of its labels may help.
#[cold]
fn refused(why: &str, outputs: &[GraphPort]) -> Error {
    let list: Vec<_> = outputs.iter().map(|port| format!("`{}` {}", port.name, port.data_type)).collect();
    not_two_classes(why).hint(format!(
        "the outputs are {}; leave `threshold` out, or name the labels: CREATE MODEL … OPTIONS (labels = ['no', 'yes'])",
        list.join(", ")
    ))
}
