//! NULL where the model itself deals with what is missing: it gives onnxruntime's numbers for the marker that the model
//! knows. Everywhere else NULL stays an error.

use predictql::Engine;
use serde_json::Value;

use crate::host::{engine, json, read, run};

/// A value in SQL; the marker of what is missing is NULL.
fn sql(value: &Value, kind: &str) -> String {
    let is_missing = matches!(value.as_str(), Some("NaN" | "nan" | "")) || value.as_i64() == Some(-1);
    match value {
        _ if is_missing && kind == "string" => "CAST(NULL AS STRING)".into(),
        _ if is_missing && kind == "int64" => "CAST(NULL AS INT64)".into(),
        _ if is_missing => "CAST(NULL AS FLOAT64)".into(),
        Value::String(text) => format!("'{text}'"),
        other => other.to_string(),
    }
}

/// A query of the rows of `expected`.
fn rows(expected: &Value) -> String {
    let inputs = expected["inputs"].as_object().unwrap();
    let count = inputs.values().next().unwrap()["shape"][0].as_u64().unwrap() as usize;
    let row = |row: usize| {
        let columns = inputs.iter().map(|(name, input)| {
            let values = input["data"].as_array().unwrap();
            let width = values.len() / count;
            let kind = input["type"].as_str().unwrap();
            let items: Vec<String> =
                values[row * width..(row + 1) * width].iter().map(|value| sql(value, kind)).collect();
            match items.as_slice() {
                [item] => format!("{item} AS {name}"),
                items => format!("[{}] AS {name}", items.join(", ")),
            }
        });
        format!("SELECT {row} AS row, {}", columns.collect::<Vec<_>>().join(", "))
    };
    (0..count).map(row).collect::<Vec<_>>().join(" UNION ALL ")
}

fn registered(name: &str) -> (Engine, Value) {
    let engine = engine();
    engine.register_model("m", &read(&format!("models/{name}.onnx"))).unwrap();
    (engine, json(&format!("expected/{name}.json")))
}

fn predict(engine: &Engine, output: &str, rows: &str) -> Result<Vec<f64>, String> {
    let sql = format!("SELECT {output} FROM ML.PREDICT(MODEL m, ({rows})) ORDER BY row");
    let found = run(engine, &sql).map_err(|error| error.to_string())?;
    let numbers = found.text_rows().concat().join(", ").replace(['[', ']'], "");
    Ok(numbers.split(", ").map(|number| number.parse().unwrap()).collect())
}

#[test]
fn null_is_what_the_graph_takes_for_missing() {
    for (name, outputs) in [
        ("gaps_ordinal", &["variable"][..]),
        ("gaps_one_hot", &["variable"]),
        ("gaps_text", &["variable"]),
        ("gaps_imputed", &["variable"]),
        ("gaps_columns", &["variable"]),
        ("gaps_trees", &["variable"]),
        ("gaps_graph", &["filled", "y"]),
    ] {
        let (engine, expected) = registered(name);
        for output in outputs {
            let found = predict(&engine, output, &rows(&expected)).unwrap();
            let wanted = expected["onnxruntime"][output]["data"].as_array().unwrap();
            assert_eq!(found.len(), wanted.len(), "{name}");
            for (found, wanted) in found.iter().zip(wanted) {
                assert!(
                    (found - wanted.as_f64().unwrap()).abs() < 1e-5,
                    "{name}: {found} instead of {wanted}"
                );
            }
        }
    }
}

#[test]
fn a_description_says_what_becomes_of_null() {
    for (name, column, words) in [
        ("gaps_ordinal", "X", "NULL is \"nan\""),
        ("gaps_one_hot", "X", "NULL is \"\""),
        ("gaps_graph", "n", "NULL is -1"),
        ("gaps_imputed", "x", "NULL is nan"),
    ] {
        let (engine, _) = registered(name);
        let lines = run(&engine, "DESCRIBE MODEL m").unwrap().text_rows();
        let line = lines.iter().find(|line| line[0] == "input" && line[1] == column).unwrap();
        assert!(line[2].to_lowercase().ends_with(&words.to_lowercase()), "{line:?}");
    }
}

#[test]
fn options_go_before_what_the_graph_says() {
    let (engine, expected) = registered("gaps_graph");
    let null = "SELECT 0 AS row, CAST(NULL AS INT64) AS n, 1.0 AS x";
    run(&engine, "ALTER MODEL m SET OPTIONS (null_handling = 'error')").unwrap();
    assert!(predict(&engine, "y", &rows(&expected)).unwrap_err().starts_with("[null-input] row 1"));
    run(&engine, "ALTER MODEL m SET OPTIONS (null_handling = NULL, default_on_null = STRUCT(4 AS n))")
        .unwrap();
    assert_eq!(predict(&engine, "filled", null).unwrap(), [4.0]);
    run(&engine, "ALTER MODEL m SET OPTIONS (default_on_null = NULL, null_handling = 'nan')").unwrap();
    assert_eq!(predict(&engine, "filled", null).unwrap(), [7.0]);
    run(&engine, "ALTER MODEL m SET OPTIONS (null_handling = 'null')").unwrap();
    let found = run(&engine, &format!("SELECT filled FROM ML.PREDICT(MODEL m, ({null}))")).unwrap();
    assert_eq!(found.text_rows(), [["NULL"]]);
}

#[test]
fn elsewhere_null_stays_an_error() {
    // A linear model, a tree without a side for what is missing, integers.
    for (name, row) in [
        ("scaler_only", "SELECT 0 AS row, [CAST(NULL AS FLOAT64), 1.0, 2.0] AS X"),
        ("decision_tree", "SELECT 0 AS row, [CAST(NULL AS FLOAT64), 1.0, 2.0, 3.0] AS X"),
        ("words", "SELECT 0 AS row, [1, NULL] AS X"),
    ] {
        let engine = engine();
        let model = engine.register_model("m", &read(&format!("models/{name}.onnx"))).unwrap();
        let input = &model.signature().inputs[0].name;
        let row = row.replace(" AS X", &format!(" AS `{input}`"));
        let error = run(&engine, &format!("SELECT * FROM ML.PREDICT(MODEL m, ({row}))")).unwrap_err();
        assert_eq!(error.code().as_str(), "null-input", "{name}: {error}");
    }
}
