//! Options of models, of their tables and of the functions over models, with values that they were not made for.

use predictql::model::ModelOptions;

use crate::{Rng, texts};

const VALUES: [&str; 26] = [
    "NULL",
    "0",
    "-1",
    "1",
    "1e308",
    "''",
    "'a'",
    "'iris.csv'",
    "TRUE",
    "[]",
    "['a', 'b']",
    "['a', 'a']",
    "['', NULL]",
    "[1, 2]",
    "[0.0, 0.5, 1.0]",
    "[9223372036854775807]",
    "STRUCT(1 AS x)",
    "STRUCT(['a', 'b'] AS float_input)",
    "STRUCT(0 AS float_input)",
    "STRUCT(9223372036854775807 AS N)",
    "STRUCT(-1 AS batch)",
    "'onnx'",
    "'classification'",
    "'softmax'",
    "'NCHW'",
    "(SELECT 'a')",
];

const OTHERS: [&str; 14] = [
    "threshold",
    "top_k",
    "distance_type",
    "num_bins",
    "method",
    "field_delimiter",
    "skip_leading_rows",
    "quote",
    "encoding",
    "null_markers",
    "format",
    "uris",
    "max_bad_records",
    "no_such_option",
];

const STATEMENTS: [&str; 8] = [
    "CREATE OR REPLACE MODEL q OPTIONS (MODEL_PATH = 'm.onnx', {o}); SELECT * FROM ML.PREDICT(MODEL q, TABLE iris)",
    "ALTER MODEL m SET OPTIONS ({o})",
    "CREATE OR REPLACE EXTERNAL TABLE e OPTIONS (uris = ['a.csv'], format = 'CSV', {o}); SELECT * FROM e",
    "SELECT * FROM ML.PREDICT(MODEL m, TABLE iris, STRUCT({s}))",
    "SELECT * FROM ML.EVALUATE(MODEL line, (SELECT *, 1 AS label FROM iris), STRUCT({s}))",
    "SELECT * FROM ML.EXPLAIN_PREDICT(MODEL m, TABLE iris, STRUCT({s}))",
    "SELECT uri, ML.DECODE_IMAGE(data, STRUCT({s})) FROM photos",
    "SELECT * FROM ML.DESCRIBE_DATA(TABLE iris, STRUCT({s}))",
];

pub(crate) fn seeds() -> Vec<Vec<u8>> {
    let mut random = Rng::with_seed(1);
    (0..400).map(|_| statement(&mut random)).collect()
}

pub(crate) fn mutate(input: &[u8], random: &mut Rng) -> Vec<u8> {
    if random.bool() { statement(random) } else { texts::mutate(input, random) }
}

fn statement(random: &mut Rng) -> Vec<u8> {
    let names: Vec<_> = ModelOptions::names().chain(OTHERS).collect();
    let text = STATEMENTS[random.usize(..STATEMENTS.len())];
    let (mut options, mut fields) = (Vec::new(), Vec::new());
    for _ in 0..=random.usize(..3) {
        let name = names[random.usize(..names.len())];
        let value = VALUES[random.usize(..VALUES.len())];
        options.push(format!("{name} = {value}"));
        fields.push(format!("{value} AS {name}"));
    }
    text.replace("{o}", &options.join(", ")).replace("{s}", &fields.join(", ")).into_bytes()
}
