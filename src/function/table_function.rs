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
];
