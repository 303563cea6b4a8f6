//! The names of classes that a model file holds.

use std::sync::Arc;

/// Names of classes, in the order of a model's scores.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Labels {
    Strings(Vec<String>),
    Ints(Vec<i64>),
}

/// The labels that a model file has for its classes.
#[derive(Debug, Default)]
pub(crate) struct KnownLabels {
    /// For each output of the graph, the keys of the ZipMap that made it.
    pub(crate) zipped: Vec<Option<Arc<Labels>>>,
    /// Those among which an output chooses, or those of the only classifier.
    pub(crate) classes: Option<Arc<Labels>>,
    /// Whether an output is the position of the best score.
    pub(crate) by_position: bool,
}
