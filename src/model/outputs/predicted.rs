//! Which of a model's columns is its prediction, for those who compare it with the truth.

use super::super::options::{ModelOptions, Task};
use super::{Classifier, OutputColumn, Outputs, holds_scores, only};
use crate::data::{DataType, Scalar};
use crate::model::graph_port::GraphPort;
use crate::onnx::{KnownLabels, Labels};

/// The columns of a model that hold its prediction, by their numbers among the outputs of its signature.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Predicted {
    /// One number for each row.
    Value(usize),
    Class {
        label: usize,
        /// A score for each class, or that of the second of two.
        scores: Option<usize>,
        /// In the order of the scores; none where the file does not show them.
        classes: Vec<Scalar>,
    },
}

impl Outputs {
    /// The prediction among the columns; `None` where none of them, or more than one, can be it.
    pub(in crate::model) fn predicted(
        &self,
        outputs: &[GraphPort],
        known: &KnownLabels,
        options: &ModelOptions,
    ) -> Option<Predicted> {
        if options.task != Some(Task::Regression)
            && let Some(class) = self.predicted_class(outputs, known, options)
        {
            return Some(class);
        }
        only(outputs, |port| port.data_type == DataType::Float64)
            .and_then(|(output, _)| self.plain_column(output))
            .map(Predicted::Value)
    }

    fn predicted_class(
        &self,
        outputs: &[GraphPort],
        known: &KnownLabels,
        options: &ModelOptions,
    ) -> Option<Predicted> {
        let given_labels = options.labels.clone().map(std::sync::Arc::new);
        let named = self.softmax.and_then(|number| Some((number, outputs.get(number)?)));
        let Classifier { label, scores, labels } =
            Classifier::of(outputs, known, given_labels.as_ref(), named);
        let truth = only(outputs, |port| port.data_type == DataType::Bool);
        let made =
            self.position(|it| matches!(it, OutputColumn::BestLabel { .. } | OutputColumn::CutLabel(_)));
        let label_column =
            made.or_else(|| label.or(truth).and_then(|(output, _)| self.plain_column(output)))?;
        let is_bool = made.is_none() && label.is_none();
        let scores = scores.or_else(|| only(outputs, |port| is_bool && holds_scores(port, Some(2))));
        let classes = match (&labels, scores) {
            _ if is_bool => vec![Scalar::Bool(false), Scalar::Bool(true)],
            (Some(labels), _) => scalars(labels),
            (None, Some((_, port))) if made.is_some() || known.by_position => {
                (0..).take(port.width().unwrap_or(2).max(2)).map(Scalar::Int64).collect()
            }
            _ => Vec::new(),
        };
        let scores = scores.filter(|_| !classes.is_empty()).and_then(|(output, _)| self.plain_column(output));
        Some(Predicted::Class { label: label_column, scores, classes })
    }

    fn position(&self, is_it: impl Fn(&OutputColumn) -> bool) -> Option<usize> {
        self.columns.iter().position(is_it)
    }
}

/// The number of the positive class of two where none is named: the last one in ascending order.
pub(crate) fn positive_of(classes: &[Scalar]) -> Option<usize> {
    let [first, second] = classes else { return None };
    Some(usize::from(match (first, second) {
        (Scalar::String(first), Scalar::String(second)) => first < second,
        (Scalar::Int64(first), Scalar::Int64(second)) => first < second,
        (Scalar::Bool(first), Scalar::Bool(second)) => first < second,
        _ => true,
    }))
}

pub(super) fn scalars(labels: &Labels) -> Vec<Scalar> {
    match labels {
        Labels::Strings(labels) => labels.iter().cloned().map(Scalar::String).collect(),
        Labels::Ints(labels) => labels.iter().copied().map(Scalar::Int64).collect(),
    }
}
