//! What columns feed an input: by which names, of which types, in which shapes. The models give back what they get.

use std::fs;

use messages::attribute_proto::AttributeType;
use messages::type_proto::Value;
use messages::{AttributeProto, ValueInfoProto};
use predictql::Engine;
use predictql::diag::Error;
use prost::Message;

use crate::host::{engine, fixtures, run};
use crate::mismatches::{model, node, predict, tensor};

const FLOAT: i32 = 1;
const UINT8: i32 = 2;
const INT8: i32 = 3;
const INT32: i32 = 6;
const INT64: i32 = 7;
const TEXT: i32 = 8;
const BOOL: i32 = 9;
const DOUBLE: i32 = 11;

fn of(element: i32, name: &str, lengths: &[i64]) -> ValueInfoProto {
    let mut info = tensor(name, lengths);
    if let Some(Value::TensorType(tensor)) = info.r#type.as_mut().and_then(|it| it.value.as_mut()) {
        tensor.elem_type = element;
    }
    info
}

/// A model whose output `y` is its input `x`, of shape `lengths`.
fn identity(element: i32, lengths: &[i64]) -> Vec<u8> {
    let nodes = vec![node("", "Identity", &["x"], "y")];
    model(nodes, vec![of(element, "x", lengths)], of(element, "y", lengths)).encode_to_vec()
}

/// The same with the values of each row in a flat list.
fn flat(element: i32, lengths: &[i64]) -> Vec<u8> {
    let nodes = vec![node("", "Flatten", &["x"], "y")];
    model(nodes, vec![of(element, "x", lengths)], of(element, "y", &[0, 0])).encode_to_vec()
}

fn fed(bytes: &[u8], value: &str) -> Result<Vec<String>, Error> {
    Ok(predict(bytes, &[], &format!("SELECT {value} AS x"))?.text_rows().concat()[..1].to_vec())
}

fn refused(bytes: &[u8], value: &str) -> String {
    fed(bytes, value).unwrap_err().to_string()
}

#[test]
fn bools_are_the_numbers_0_and_1() {
    for element in [FLOAT, DOUBLE, INT8, UINT8, INT32, INT64] {
        assert_eq!(fed(&identity(element, &[0]), "TRUE").unwrap(), ["1"], "{element}");
        assert_eq!(fed(&identity(element, &[0, 1]), "FALSE").unwrap(), ["0"], "{element}");
        assert_eq!(
            fed(&identity(element, &[0, 3]), "[TRUE, FALSE, TRUE]").unwrap(),
            ["[1, 0, 1]"],
            "{element}"
        );
        assert_eq!(fed(&flat(element, &[0, 2, 2]), "[TRUE, FALSE, FALSE, TRUE]").unwrap(), ["[1, 0, 0, 1]"]);
        let shaped = "STRUCT([2, 2] AS shape, [TRUE, FALSE, FALSE, TRUE] AS data)";
        assert_eq!(fed(&flat(element, &[0, 2, 2]), shaped).unwrap(), ["[1, 0, 0, 1]"], "{element}");
    }
    let engine = engine();
    engine.register_model("m", &identity(FLOAT, &[0, 3])).unwrap();
    run(&engine, "ALTER MODEL m SET OPTIONS (input_columns = ['a', 'b', 'c'])").unwrap();
    let found =
        run(&engine, "SELECT y FROM ML.PREDICT(MODEL m, (SELECT TRUE AS a, 2 AS b, 0.5 AS c))").unwrap();
    assert_eq!(found.text_rows(), [["[1, 2, 0.5]"]]);
}

#[test]
fn what_would_lose_something_is_refused() {
    assert_eq!(fed(&identity(INT64, &[0]), "3.0").unwrap(), ["3"]);
    assert_eq!(fed(&identity(INT64, &[0]), "'42'").unwrap(), ["42"]);
    assert_eq!(fed(&identity(FLOAT, &[0]), "7").unwrap(), ["7"]);
    assert_eq!(fed(&identity(BOOL, &[0]), "1").unwrap(), ["true"]);
    assert_eq!(fed(&identity(INT64, &[0, 2]), "[1.0, 2.0]").unwrap(), ["[1, 2]"]);
    for (element, value) in [(INT64, "2.5"), (INT64, "CAST('nan' AS FLOAT64)"), (INT32, "-0.1"), (BOOL, "2")]
    {
        let error = refused(&identity(element, &[0]), value);
        assert!(error.starts_with("[cast-failed] row 1: cannot convert"), "{error}");
        assert!(error.contains("nothing is lost on the way into a model"), "{error}");
    }
    let error = refused(&identity(INT64, &[0, 2]), "[1.0, 2.5]");
    assert!(error.contains("cannot convert 2.5 to INT64"), "{error}");
}

#[test]
fn a_flat_list_is_a_row_where_its_length_tells_the_shape() {
    let list = "[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]";
    for lengths in [&[0, 2, 3][..], &[0, 1, 0, 3], &[0, 2, 0], &[0, 1, 2, 3], &[0, 3, 2, 1]] {
        assert_eq!(fed(&flat(FLOAT, lengths), list).unwrap(), ["[1, 2, 3, 4, 5, 6]"], "{lengths:?}");
        assert_eq!(fed(&flat(UINT8, lengths), "[1, 2, 3, 4, 5, 6]").unwrap(), ["[1, 2, 3, 4, 5, 6]"]);
    }
    assert!(
        refused(&flat(FLOAT, &[0, 2, 2]), list).contains("row 1: model input `x` has 6 elements, expected 4")
    );
    let error = refused(&flat(FLOAT, &[0, 1, 0, 0]), list);
    assert!(error.contains("reshape it: STRUCT([1, C, D] AS dimensions, x AS values) AS x"), "{error}");
    // The options of pictures need to know what is a pixel.
    let mean = [("image_mean", predictql::data::Scalar::Float64(0.5))];
    assert!(predict(&flat(FLOAT, &[0, 2, 2, 3]), &mean, "SELECT [1.0, 2.0] AS x").is_err());
}

#[test]
fn integers_and_texts_of_any_shape_say_theirs() {
    for (element, values) in [
        (INT64, "[1, 2, 3, 4, 5, 6]"),
        (INT32, "[1, 2, 3, 4, 5, 6]"),
        (TEXT, "['a', 'b', 'c', 'd', 'e', 'f']"),
    ] {
        let wanted = values.replace('\'', "");
        for lengths in [&[0, 1, 0, 0][..], &[0, 1, 2, 3], &[0, 1, 0, 3], &[0, 1, 2, 0]] {
            let shaped = format!("STRUCT([1, 2, 3] AS shape, {values} AS data)");
            assert_eq!(
                fed(&flat(element, lengths), &shaped).unwrap(),
                std::slice::from_ref(&wanted),
                "{lengths:?}"
            );
        }
        let error = refused(&flat(element, &[0, 1, 0, 0]), &format!("STRUCT([1, 2, 2], {values})"));
        assert!(error.contains("row 1: model input `x` has shape [1, 2, 2], expected [1, C, D]"), "{error}");
        let error = refused(&flat(element, &[0, 1, 0, 0]), values);
        assert!(error.contains("reshape it: STRUCT([1, C, D] AS dimensions, x AS values) AS x"), "{error}");
    }
    let error = refused(&flat(INT64, &[0, 1, 0, 0]), "STRUCT([1, 1, 2], [1, NULL])");
    assert!(error.starts_with("[null-input] row 1"), "{error}");
    // Rows of several shapes do not share a run.
    let rows = "SELECT STRUCT([1, 1, 2], [1, 2]) AS x UNION ALL SELECT STRUCT([1, 2, 2], [3, 4, 5, 6]) UNION ALL SELECT STRUCT([1, 2, 1], [7, 8])";
    let found = predict(&flat(INT64, &[0, 1, 0, 0]), &[], rows).unwrap();
    let lists: Vec<String> = found.text_rows().into_iter().map(|row| row[0].clone()).collect();
    assert_eq!(lists, ["[1, 2]", "[3, 4, 5, 6]", "[7, 8]"]);
}

#[test]
fn the_axis_of_rows_may_be_among_the_dimensions_of_one() {
    for (element, values) in
        [(FLOAT, "[1.0, 2.0, 3.0, 4.0]"), (INT64, "[1, 2, 3, 4]"), (UINT8, "[1.0, 2.0, 3.0, 4.0]")]
    {
        for shape in ["[2, 2]", "[1, 2, 2]"] {
            let value = format!("STRUCT({shape} AS shape, {values} AS data)");
            assert_eq!(fed(&flat(element, &[0, 2, 2]), &value).unwrap(), ["[1, 2, 3, 4]"], "{shape}");
        }
        assert!(
            refused(&flat(element, &[0, 2, 2]), &format!("STRUCT([2, 1, 2] AS shape, {values} AS data)"))
                .contains("has shape [2, 1, 2], expected [2, 2]")
        );
    }
}

#[test]
fn inputs_and_outputs_that_differ_in_case_are_told_apart() {
    let mut graph = model(
        vec![node("", "Add", &["x", "X"], "y"), node("", "Sub", &["x", "X"], "Y")],
        vec![tensor("x", &[0]), tensor("X", &[0])],
        tensor("y", &[0]),
    );
    graph.graph.as_mut().unwrap().output.push(tensor("Y", &[0]));
    let bytes = graph.encode_to_vec();
    let found = predict(&bytes, &[], "SELECT 5 AS x, 2 AS X");
    let engine = engine();
    engine.register_model("m", &bytes).unwrap();
    let found = match found {
        // The rows themselves have two columns of one name, which a result cannot.
        Err(_) => run(&engine, "SELECT y, Y_1 FROM ML.PREDICT(MODEL m, (SELECT 5 AS x, 2 AS X))").unwrap(),
        Ok(found) => found,
    };
    assert_eq!(found.text_rows()[0][..2], ["7", "3"]);
    let error = run(&engine, "SELECT y FROM ML.PREDICT(MODEL m, (SELECT 5 AS x))").unwrap_err();
    assert!(error.to_string().contains("needs a column `X`"), "{error}");
}

#[test]
fn names_that_exporters_mangled_are_found_all_at_once() {
    let sum = |names: [&str; 2]| {
        let inputs = names.map(|name| tensor(name, &[0])).to_vec();
        model(vec![node("", "Sub", &names, "y")], inputs, tensor("y", &[0])).encode_to_vec()
    };
    let run = |names, rows: &str| predict(&sum(names), &[], rows).map(|found| found.floats("y"));
    let mangled = ["sepal_length__cm_", "sepal_width__cm_"];
    let rows = "SELECT 5 AS `sepal length (cm)`, 2 AS `sepal width (cm)`, 9 AS `petal width (cm)`";
    assert_eq!(run(mangled, rows).unwrap(), [3.0]);
    assert_eq!(run(["Sepal_Length_cm", "sepal_width_cm"], rows).unwrap(), [3.0]);
    assert_eq!(run(["sepal_length__cm_", "petal width (cm)"], rows).unwrap(), [-4.0]);
    // One is not there, two could be meant.
    assert!(run(["sepal_length__cm_", "petal_length__cm_"], rows).is_err());
    let twice = "SELECT 5 AS `a (cm)`, 6 AS `a [cm]`, 2 AS b";
    assert!(run(["a__cm_", "b"], twice).is_err());
    let error = run(["sepallength", "b"], "SELECT 1 AS `sepal length`, 2 AS b").unwrap_err();
    assert_eq!(error.code().as_str(), "missing-input");
}

#[test]
fn an_input_of_many_features_is_told_by_the_columns_that_are_there() {
    let engine = engine();
    let nodes = vec![node("", "Identity", &["float_input"], "y")];
    let bytes = model(nodes, vec![tensor("float_input", &[0, 4])], tensor("y", &[0, 4])).encode_to_vec();
    engine.register_model("m", &bytes).unwrap();
    let error = run(&engine, "SELECT y FROM ML.PREDICT(MODEL m, TABLE iris)").unwrap_err();
    assert_eq!(
        error.first().hint.as_deref(),
        Some(
            "put columns into it: (SELECT [sepal_length, sepal_width, petal_length, petal_width] AS float_input FROM …), \
             or name them when the model is made: input_columns = ['sepal_length', 'sepal_width', 'petal_length', 'petal_width']"
        )
    );
    let rows = "(SELECT 1 AS id, TRUE AS a, 2 AS `b c`, 0.5 AS d, 4 AS e, 1 AS target, 'x' AS note)";
    let error = run(&engine, &format!("SELECT y FROM ML.PREDICT(MODEL m, {rows})")).unwrap_err();
    assert!(error.to_string().contains("[a, `b c`, d, e] AS float_input"), "{error}");
}

/// Whatever an operator cannot compute with, the error says the row, what it holds and why.
#[test]
fn a_row_that_fails_is_named_with_its_values() {
    let cast = |to: i32, from: i32, values: &str| {
        let mut cast = node("", "Cast", &["x"], "y");
        cast.attribute = vec![AttributeProto {
            name: "to".into(),
            i: to.into(),
            r#type: AttributeType::Int.into(),
            ..AttributeProto::default()
        }];
        let made = model(vec![cast], vec![of(from, "x", &[0])], of(to, "y", &[0]));
        predict(&made.encode_to_vec(), &[], &format!("SELECT x FROM UNNEST([{values}]) AS x"))
            .unwrap_err()
            .to_string()
    };
    let error = cast(FLOAT, TEXT, "'1.5', '2', 'twelve', '7'");
    assert!(error.contains("row 3: `x` is \"twelve\": the model failed: "), "{error}");
    assert!(error.contains("leave it out with WHERE"), "{error}");
    for operator in ["Div", "Mod"] {
        let made = model(
            vec![node("", operator, &["a", "b"], "y")],
            vec![of(INT64, "a", &[0]), of(INT64, "b", &[0])],
            of(INT64, "y", &[0]),
        );
        let rows = "SELECT 8 AS a, b FROM UNNEST([2, 1, 4, 0, 3]) AS b";
        let error = predict(&made.encode_to_vec(), &[], rows).unwrap_err().to_string();
        assert!(error.contains("row 4: `a` is 8, `b` is 0: the model failed: "), "{error}");
        assert!(error.contains("zero"), "{error}");
    }
}

/// The query that DESCRIBE MODEL prints for the model `m`.
fn described(engine: &Engine) -> String {
    let lines = run(engine, "DESCRIBE MODEL m").unwrap().text_rows();
    lines.into_iter().find(|line| line[1] == "query").unwrap()[2].clone()
}

#[test]
fn what_describe_prints_can_be_pasted() {
    let (mut tried, mut failed) = (0, Vec::new());
    for entry in fs::read_dir(fixtures().join("models")).unwrap() {
        let path = entry.unwrap().path();
        let engine = engine();
        let Ok(bytes) = fs::read(&path) else { continue };
        if engine.register_model("m", &bytes).is_err() {
            continue;
        }
        let query = described(&engine);
        tried += 1;
        let Err(error) = run(&engine, &query).map_err(|error| error.to_string()) else { continue };
        // What texts a model knows is told by the error; names that differ in case alone need other ones.
        if !error.contains("it knows ") && !error.contains("the result has two columns named `amount`") {
            failed.push(format!("{}: {query}: {error}", path.display()));
        }
    }
    assert!(failed.is_empty(), "{} of {tried}: {failed:#?}", failed.len());
}
