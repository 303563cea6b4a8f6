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
        name: "ML.GENERATE_EMBEDDING",
        form: "ML.GENERATE_EMBEDDING(MODEL name, {TABLE name | (query)} [, STRUCT([TRUE AS flatten_json_output] [, BOOL AS normalize] [, 'mean' | 'cls' AS pooling] [, INT64 AS output_dimensionality])])",
        doc: "The vectors of the texts in the column `content`, by a model with a tokenizer: its own, or the mean of its tokens' vectors.",
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
    TableFunction {
        name: "ML.FAIRNESS",
        form: "ML.FAIRNESS({TABLE name | (query)}, predicted_col => STRING, group_col => STRING [, actual_col => STRING] [, positive_value => value] [, facet => value] [, subgroup_col => STRING] [, flip_test => BOOL] [, summary => BOOL] [, method => 'between_groups' | 'to_overall'])",
        doc: "How predictions differ between groups of rows: rates of each group, Clarify's metrics of one facet against the others, or fairlearn's summary.",
    },
    TableFunction {
        name: "ML.DESCRIBE_DATA",
        form: "ML.DESCRIBE_DATA({TABLE name | (query)} [, STRUCT([INT64 AS num_quantiles] [, INT64 AS num_array_length_quantiles] [, INT64 AS top_k])])",
        doc: "Statistics of each column: counts, extremes, mean, deviation and quantiles of numbers, the commonest of other values.",
    },
    TableFunction {
        name: "ML.VALIDATE_DATA_DRIFT",
        form: "ML.VALIDATE_DATA_DRIFT({TABLE base | (query)}, {TABLE study | (query)} [, STRUCT([FLOAT64 AS numerical_default_threshold] [, FLOAT64 AS categorical_default_threshold] [, STRING AS categorical_metric_type] [, [('column', FLOAT64), …] AS thresholds] [, INT64 AS num_histogram_buckets] [, INT64 AS num_rank_histogram_buckets])] [, MODEL name])",
        doc: "How far the columns of two tables are from each other, and which are beyond a threshold.",
    },
    TableFunction {
        name: "ML.VALIDATE_DATA_SKEW",
        form: "ML.VALIDATE_DATA_SKEW(MODEL name, {TABLE name | (query)} [, STRUCT(…)])",
        doc: "The same for rows beside the baseline that ALTER MODEL … SET BASELINE FROM keeps with a model.",
    },
    TableFunction {
        name: "ML.FEATURE_INFO",
        form: "ML.FEATURE_INFO(MODEL name)",
        doc: "Statistics of the model's inputs in its baseline; NULL without one.",
    },
    TableFunction {
        name: "ML.TFDV_DESCRIBE",
        form: "ML.TFDV_DESCRIBE({TABLE name | (query)} [, STRUCT([INT64 AS num_histogram_buckets] [, INT64 AS num_quantiles_histogram_buckets] [, INT64 AS num_values_histogram_buckets] [, INT64 AS num_rank_histogram_buckets])])",
        doc: "Statistics of each column with histograms, as JSON of TensorFlow Data Validation.",
    },
    TableFunction {
        name: "ML.CORRELATION",
        form: "ML.CORRELATION({TABLE name | (query)}, target_col => STRING, target_correlation_cols => STRING or ARRAY<STRING> [, dimension_cols => STRING or ARRAY<STRING>] [, method => 'PEARSON' | 'SPEARMAN' | 'KENDALL'])",
        doc: "How columns go with a target, in every segment that dimensions make.",
    },
    TableFunction {
        name: "ML.EXPLAIN_PREDICT",
        form: "ML.EXPLAIN_PREDICT(MODEL name, {TABLE name | (query)} [, STRUCT([INT64 AS top_k_features] [, FLOAT64 AS threshold] [, {STRUCT(…) | TABLE name | (query)} AS baseline] [, value AS class] [, 'logit' AS link] [, STRING AS method] [, INT64 AS num_samples] [, INT64 AS seed] [, INT64 AS image_grid])])",
        doc: "Each prediction with the features that it owes most to: Shapley values against rows of a background. With image_grid what the score loses by each field of a grid over a picture.",
    },
    TableFunction {
        name: "ML.GLOBAL_EXPLAIN",
        form: "ML.GLOBAL_EXPLAIN(MODEL name [, {TABLE name | (query)}] [, STRUCT([BOOL AS class_level_explain] [, …])])",
        doc: "How much predictions owe to each feature: the mean of their absolute attributions over rows, by default over the baseline.",
    },
    TableFunction {
        name: "ML.MONITOR",
        form: "ML.MONITOR([MODEL name,] {TABLE log | (query)}, timestamp_col => STRING, window => INTERVAL … [, baseline => {TABLE name | (query)}] [, predicted_col => STRING, actual_col => STRING] [, group_col => STRING] [, STRUCT(…)])",
        doc: "How far the columns of each window of time, or of each group in it, are from a baseline, how many values are NULL, and how well predictions agree with the truth.",
    },
    TableFunction {
        name: "ML.WEIGHTS",
        form: "ML.WEIGHTS(MODEL name)",
        doc: "The weights of a linear model, with its intercept; of several classes each has its own.",
    },
    TableFunction {
        name: "ML.FEATURE_IMPORTANCE",
        form: "ML.FEATURE_IMPORTANCE(MODEL name [, {TABLE name | (query)} [, STRUCT([INT64 AS num_repeats] [, INT64 AS seed])]])",
        doc: "How often the trees of a model split on each feature, and the mean gain and cover of these splits where the file has them. With rows that have the truth: how much worse the model predicts when the values of a feature are shuffled among them.",
    },
    TableFunction {
        name: "ML.COMPARE",
        form: "ML.COMPARE({TABLE name | (query)}, {predicted_cols => [STRING, STRING] [, actual_col => STRING] [, task_type => 'classification' | 'regression'] | version_col => STRING, {outcome_col => STRING | predicted_col => STRING, actual_col => STRING} [, split => [FLOAT64, FLOAT64]]})",
        doc: "Whether two versions of a model differ by more than chance, side by side or with a share of the rows each.",
    },
];
