//! Descriptions of the table functions. Their arguments are known to the binder alone.

/// A function that returns rows: it is called in FROM.
#[derive(Debug)]
pub(crate) struct TableFunction {
    pub(crate) name: &'static str,
    /// How it is written.
    pub(crate) form: &'static str,
    /// A description in one line, for the reference.
    pub(crate) doc: &'static str,
}

pub(crate) const TABLE_FUNCTIONS: &[TableFunction] = &[
    TableFunction {
        name: "ML.PREDICT",
        form: "ML.PREDICT(MODEL name, {TABLE name | (query)} [, STRUCT(…)])",
        doc: "The model's outputs for each row, followed by the columns of the row.",
    },
    TableFunction {
        name: "ML.TRANSFORM",
        form: "ML.TRANSFORM(MODEL name, {TABLE name | (query)})",
        doc: "The columns that a model's TRANSFORM clause computes, with the statistics that the model has kept.",
    },
    TableFunction {
        name: "VECTOR_SEARCH",
        form: "VECTOR_SEARCH({TABLE name | (query)}, column, {TABLE name | (query)} [, column] [, top_k => INT64] [, distance_type => STRING])",
        doc: "The rows whose vectors are nearest to the vectors of a query, with their distances. Every row is compared.",
    },
    TableFunction {
        name: "ML.METRICS",
        form: "ML.METRICS({TABLE name | (query)}, predicted_col => STRING, actual_col => STRING, task_type => 'classification' | 'regression')",
        doc: "How well predictions in one column agree with the truth in another one.",
    },
    TableFunction {
        name: "ML.EVALUATE",
        form: "ML.EVALUATE(MODEL name, {TABLE name | (query)} [, STRUCT([FLOAT64 AS threshold] [, BOOL AS extended] [, value AS positive_class])])",
        doc: "How well a model predicts the truth in rows: precision, recall, accuracy, f1_score, log_loss and roc_auc of classes, errors and r2_score of numbers.",
    },
    TableFunction {
        name: "ML.CONFUSION_MATRIX",
        form: "ML.CONFUSION_MATRIX(MODEL name, {TABLE name | (query)} [, STRUCT([FLOAT64 AS threshold] [, value AS positive_class])])",
        doc: "How often each class is predicted for each true one.",
    },
    TableFunction {
        name: "ML.ROC_CURVE",
        form: "ML.ROC_CURVE(MODEL name, {TABLE name | (query)} [, ARRAY<FLOAT64>] [, STRUCT(value AS positive_class)])",
        doc: "Recall and false positive rate of a classifier of two classes at thresholds, by default at the percentiles of its scores.",
    },
    TableFunction {
        name: "ML.PRECISION_RECALL_CURVE",
        form: "ML.PRECISION_RECALL_CURVE(MODEL name, {TABLE name | (query)} [, ARRAY<FLOAT64>] [, STRUCT(value AS positive_class)])",
        doc: "Precision and recall of a classifier of two classes at thresholds.",
    },
    TableFunction {
        name: "ML.CALIBRATION_CURVE",
        form: "ML.CALIBRATION_CURVE(MODEL name, {TABLE name | (query)} [, STRUCT([INT64 AS num_buckets] [, value AS positive_class])])",
        doc: "How often the positive class is true where the model gives it a probability, in buckets of equal width.",
    },
];
