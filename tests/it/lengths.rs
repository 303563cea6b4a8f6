//! Networks whose free lengths depend on one another or on what the file holds, and sequences that loops and branches change: rows of
//! several lengths give onnxruntime's numbers.

use predictql::Engine;
use serde_json::{Map, Value};

use crate::host::{engine, json, read, run};

fn numbers(list: &Value) -> Vec<f64> {
    list.as_array().unwrap().iter().map(|number| number.as_f64().unwrap()).collect()
}

/// A tensor as SQL has it: a list where it has one axis.
fn written(tensor: &Value) -> String {
    let (shape, data) = (&tensor["shape"], numbers(&tensor["data"]));
    let is_whole = tensor["type"].as_str().is_some_and(|name| name.contains("int"));
    let data: Vec<String> =
        data.iter().map(|value| if is_whole { format!("{value}") } else { format!("{value:?}") }).collect();
    let element = if is_whole { "INT64" } else { "FLOAT64" };
    let list = format!("ARRAY<{element}>[{}]", data.join(", "));
    if shape.as_array().unwrap().len() == 1 {
        return list;
    }
    format!("STRUCT(ARRAY<INT64>{shape} AS dimensions, {list} AS `values`)")
}

fn columns(inputs: &Map<String, Value>) -> String {
    inputs
        .iter()
        .map(|(name, tensor)| format!("{} AS {name}", written(tensor)))
        .collect::<Vec<_>>()
        .join(", ")
}

fn load(name: &str) -> Engine {
    let engine = engine();
    engine.register_model("m", &read(&format!("models/{name}.onnx"))).unwrap();
    engine
}

/// Predicts all rows at once, and compares every output.
fn compare(name: &str) {
    let engine = load(name);
    let expected = &json("expected/lengths.json")[name];
    let rows: Vec<(&Value, &Value)> =
        expected.as_array().unwrap().iter().map(|row| (&row["inputs"], &row["onnxruntime"])).collect();
    let structs: Vec<String> = (0..)
        .zip(&rows)
        .map(|(place, (inputs, _)): (usize, _)| {
            format!("STRUCT({place} AS place, {})", columns(inputs.as_object().unwrap()))
        })
        .collect();
    for (output, of_first) in rows[0].1.as_object().unwrap() {
        let is_list = of_first["shape"].as_array().unwrap().len() == 1;
        let values = if is_list { output.clone() } else { format!("{output}.values") };
        let sql = format!(
            "SELECT {values} AS y FROM ML.PREDICT(MODEL m, (SELECT * FROM UNNEST([{}]))) ORDER BY place",
            structs.join(", ")
        );
        let found = run(&engine, &sql).unwrap_or_else(|error| panic!("{name}: {error}")).float_lists("y");
        assert_eq!(found.len(), rows.len(), "{name}");
        for (found, (_, wanted)) in found.iter().zip(&rows) {
            let wanted = numbers(&wanted[output]["data"]);
            assert_eq!(found.len(), wanted.len(), "{name}: {output}");
            for (found, wanted) in found.iter().zip(wanted) {
                let is_close = (found - wanted).abs() <= 2e-5 * wanted.abs().max(1.0);
                assert!(is_close, "{name}: {output}: {found} instead of {wanted}");
            }
        }
    }
}

#[test]
fn a_mask_is_as_long_as_the_cache_and_the_new_steps() {
    compare("lengths_cache");
}

#[test]
fn a_mask_has_the_length_of_its_ids_on_both_sides() {
    compare("lengths_mask");
}

#[test]
fn a_length_that_the_file_holds_is_found() {
    compare("lengths_places");
    let sql = "SELECT y FROM ML.PREDICT(MODEL m, (SELECT STRUCT([2, 4] AS dimensions, \
               [0.0, 0, 0, 0, 0, 0, 0, 0] AS `values`) AS x))";
    let error = run(&load("lengths_places"), sql).unwrap_err().to_string();
    assert!(error.contains("has shape [2, 4], expected [13, 4]"), "{error}");
}

#[test]
fn sounds_are_as_long_as_their_windows_need() {
    compare("lengths_waves");
}

#[test]
fn loops_and_branches_change_sequences() {
    for name in ["sequences_grown", "sequences_last", "sequences_branch", "sequences_mapped"] {
        compare(name);
    }
}

/// onnxruntime takes one step for all values of a batch; each of these rows went through it alone.
#[test]
fn rows_are_quantised_one_by_one() {
    compare("dynamic_rows");
}

#[test]
fn rows_of_few_bits_may_be_shorter_than_a_block() {
    compare("narrow_rows");
}

#[test]
fn steps_that_fill_a_prompt_up_change_nothing() {
    compare("padded_prompt");
}
