//! What fits a model when it is loaded, and not when its parts or rows meet: an error, never a guess.

use messages::tensor_shape_proto::{Dimension, dimension::Value as Length};
use messages::{
    AttributeProto, FunctionProto, GraphProto, ModelProto, NodeProto, OperatorSetIdProto, TensorShapeProto,
    TypeProto, ValueInfoProto, type_proto,
};
use predictql::Limits;
use predictql::data::Scalar;
use predictql::diag::Error;
use predictql::model::{Model, ModelOptions};
use prost::Message;

use crate::host::{Outcome, engine, read, run};

/// A tensor of 32-bit floats; a length of 0 is free.
pub fn tensor(name: &str, lengths: &[i64]) -> ValueInfoProto {
    let dim = lengths.iter().zip(b'A'..).map(|(length, letter)| Dimension {
        value: Some(match length {
            0 => Length::DimParam(char::from(letter).into()),
            length => Length::DimValue(*length),
        }),
    });
    let tensor = type_proto::Tensor { elem_type: 1, shape: Some(TensorShapeProto { dim: dim.collect() }) };
    ValueInfoProto {
        name: name.into(),
        r#type: Some(TypeProto { value: Some(type_proto::Value::TensorType(tensor)) }),
    }
}

pub fn node(domain: &str, op_type: &str, inputs: &[&str], output: &str) -> NodeProto {
    NodeProto {
        domain: domain.into(),
        op_type: op_type.into(),
        input: inputs.iter().map(|name| (*name).into()).collect(),
        output: vec![output.into()],
        ..NodeProto::default()
    }
}

pub fn model(nodes: Vec<NodeProto>, inputs: Vec<ValueInfoProto>, output: ValueInfoProto) -> ModelProto {
    let graph = GraphProto {
        name: "graph".into(),
        node: nodes,
        input: inputs,
        output: vec![output],
        ..GraphProto::default()
    };
    let opset = |domain: &str, version| OperatorSetIdProto { domain: domain.into(), version };
    ModelProto {
        ir_version: 8,
        opset_import: vec![opset("", 17), opset("com.microsoft", 1), opset("own", 1)],
        graph: Some(graph),
        ..ModelProto::default()
    }
}

/// A model whose output `y` is its input `x`.
fn identity(lengths: &[i64]) -> Vec<u8> {
    let nodes = vec![node("", "Identity", &["x"], "y")];
    model(nodes, vec![tensor("x", lengths)], tensor("y", lengths)).encode_to_vec()
}

pub fn texts(values: &[&str]) -> Scalar {
    let texts = values.iter().map(|text| Scalar::String((*text).into())).collect();
    Scalar::Array(predictql::data::DataType::String, texts)
}

/// Predicts `rows` with a model that has these options.
pub fn predict(bytes: &[u8], options: &[(&str, Scalar)], rows: &str) -> Result<Outcome, Error> {
    let mut given = ModelOptions::default();
    options.iter().for_each(|(name, value)| given.set(name, value).unwrap());
    let engine = engine();
    engine.register_model_with("m", bytes, &[], &given)?;
    run(&engine, &format!("SELECT * FROM ML.PREDICT(MODEL m, ({rows}))"))
}

#[test]
fn labels_are_as_many_as_the_scores_of_each_row() {
    let labels = ("labels", texts(&["a", "b", "c"]));
    let found =
        predict(&identity(&[0, 0]), std::slice::from_ref(&labels), "SELECT [1.0, 3.0, 2.0] AS x").unwrap();
    assert_eq!(found.texts("predicted_label"), ["b"]);
    for scores in ["[1.0, 2.0]", "[1.0, 2.0, 3.0, 4.0]"] {
        let error =
            predict(&identity(&[0, 0]), std::slice::from_ref(&labels), &format!("SELECT {scores} AS x"))
                .unwrap_err();
        assert_eq!(error.code().as_str(), "model-failed", "{error}");
        assert!(error.first().message.ends_with("scores for 3 labels"), "{error}");
    }
}

#[test]
fn means_are_as_many_as_the_channels_of_each_picture() {
    let three = Scalar::Array(predictql::data::DataType::Float64, vec![Scalar::Float64(0.5); 3]);
    let options = [("image_layout", Scalar::String("NHWC".into())), ("image_mean", three)];
    let row = |channels| {
        format!("SELECT STRUCT([1, 1, {channels}] AS shape, {:?} AS data) AS x", vec![1.0; channels])
    };
    assert!(predict(&identity(&[0, 0, 0, 0]), &options, &row(3)).is_ok());
    let error = predict(&identity(&[0, 0, 0, 0]), &options, &row(4)).unwrap_err();
    assert_eq!(
        error.to_string(),
        "[input-type-mismatch] row 1: model input `x` has 4 channels, `image_mean` or `image_std` has 3 numbers"
    );
}

#[test]
fn channels_move_to_the_front_of_a_picture_of_any_size() {
    let options = [("image_layout", Scalar::String("NCHW".into()))];
    let values: Vec<f64> = (0..27).map(f64::from).collect();
    let row = format!("SELECT STRUCT([3, 3, 3] AS shape, {values:?} AS data) AS x");
    let nodes = vec![node("", "Identity", &["x"], "same"), node("", "Flatten", &["same"], "y")];
    let bytes = model(nodes, vec![tensor("x", &[0, 3, 3, 3])], tensor("y", &[0, 27])).encode_to_vec();
    let wanted: Vec<f64> =
        (0..3).flat_map(|channel| (0..9).map(move |pixel| f64::from(pixel * 3 + channel))).collect();
    assert_eq!(predict(&bytes, &options, &row).unwrap().float_lists("y"), [wanted]);
}

#[test]
fn a_graph_in_pieces_has_the_inputs_of_all() {
    let nodes = vec![node("", "Add", &["a", "b"], "y")];
    let inputs = vec![tensor("a", &[0]), tensor("b", &[0])];
    let mut first = model(nodes, inputs, tensor("y", &[0]));
    let graph = first.graph.as_mut().unwrap();
    let second = GraphProto { input: graph.input.split_off(1), ..GraphProto::default() };
    let mut bytes = first.encode_to_vec();
    bytes.extend(ModelProto { graph: Some(second), ..ModelProto::default() }.encode_to_vec());
    let loaded = Model::load(&bytes, &Limits::default()).unwrap();
    let names: Vec<&str> = loaded.signature().inputs.iter().map(|port| port.name.as_str()).collect();
    assert_eq!(names, ["a", "b"]);
}

#[test]
fn a_graph_that_breaks_off_inside_is_refused() {
    let whole = ModelProto::decode(read("models/scaler_only.onnx").as_slice()).unwrap();
    let mut graph = whole.graph.as_ref().unwrap().encode_to_vec();
    // A field number without a field.
    graph.push(0x0a);
    let mut bytes = ModelProto { graph: None, ..whole }.encode_to_vec();
    bytes.push(0x3a);
    prost::encode_length_delimiter(graph.len(), &mut bytes).unwrap();
    bytes.extend(graph);
    let error = Model::load(&bytes, &Limits::default()).unwrap_err();
    assert_eq!(error.to_string(), "[invalid-model] the model file cannot be decoded");
}

/// `twice(x) = 2 (x + x)` by way of `double(x) = x + x`: both have a value of the same name inside.
#[test]
fn functions_that_call_functions_keep_their_names_apart() {
    let function = |name: &str, nodes: Vec<NodeProto>| FunctionProto {
        name: Some(name.into()),
        domain: Some("own".into()),
        input: vec!["x".into()],
        output: vec!["y".into()],
        node: nodes,
    };
    let double = vec![node("", "Identity", &["x"], "inner"), node("", "Add", &["inner", "inner"], "y")];
    let twice = vec![node("own", "double", &["x"], "inner"), node("own", "double", &["inner"], "y")];
    let nodes = vec![node("own", "twice", &["x"], "y")];
    let mut proto = model(nodes, vec![tensor("x", &[0])], tensor("y", &[0]));
    proto.functions = vec![function("double", double), function("twice", twice)];
    let found = predict(&proto.encode_to_vec(), &[], "SELECT 3.0 AS x").unwrap();
    assert_eq!(found.floats("y"), [12.0]);
}

#[test]
fn a_fused_activation_has_the_parameters_that_are_given() {
    let parameter = |name: &str, value| AttributeProto {
        name: name.into(),
        f: value,
        r#type: 1,
        ..AttributeProto::default()
    };
    let mut gemm = node("com.microsoft", "FusedGemm", &["x", "one"], "y");
    gemm.attribute = vec![
        AttributeProto {
            name: "activation".into(),
            s: b"HardSigmoid".to_vec(),
            r#type: 3,
            ..AttributeProto::default()
        },
        parameter("activation_beta", 0.25),
    ];
    let mut proto = model(vec![gemm], vec![tensor("x", &[0, 1])], tensor("y", &[0, 1]));
    proto.graph.as_mut().unwrap().initializer = vec![messages::TensorProto {
        name: "one".into(),
        dims: vec![1, 1],
        data_type: 1,
        float_data: vec![1.0],
        ..messages::TensorProto::default()
    }];
    // HardSigmoid(0) is beta.
    assert_eq!(predict(&proto.encode_to_vec(), &[], "SELECT 0.0 AS x").unwrap().floats("y"), [0.25]);
}

#[test]
fn boosters_that_lack_a_part_are_refused() {
    let engine = engine();
    let refused = |file: &str, part: &str, instead: &str| {
        let text = String::from_utf8(read(&format!("models/{file}"))).unwrap();
        assert!(text.contains(part), "{file} has no {part}");
        engine.register_model("m", text.replacen(part, instead, 1).as_bytes()).unwrap_err().to_string()
    };
    let weight = "\"weight_drop\":[";
    assert_eq!(
        refused("xgb_dart.json", weight, "\"weight_drop\":[1,"),
        "[invalid-model] XGBOOST: a tree has no weight"
    );
    assert_eq!(
        refused("xgb_logistic.json", "\"trees\"", "\"bushes\""),
        "[invalid-model] XGBOOST: the model has no `trees`"
    );
    assert_eq!(
        refused("xgb_logistic.json", "\"num_target\":\"1\"", "\"num_target\":\"one\""),
        "[invalid-model] XGBOOST: the model's `num_target` cannot be read"
    );
    assert_eq!(
        refused("lgb_none.txt", "split_feature=0 ", "split_feature=0 0 "),
        "[invalid-model] LIGHTGBM: the lists of a tree have different lengths"
    );
}

/// scikit-learn's encoders that were trained without `handle_unknown` refuse what they have not seen.
#[test]
fn a_category_that_an_encoder_does_not_know_is_named_with_its_row_and_column() {
    let engine = engine();
    engine.register_model("pair", &read("zoo/OneHotEncoder_of_known_categories.onnx")).unwrap();
    engine.register_model("table", &read("zoo/ColumnTransformer.onnx")).unwrap();
    let mut options = ModelOptions::default();
    let text = |text: &str| Scalar::String(text.into());
    let columns = Scalar::Array(predictql::data::DataType::String, vec![text("front"), text("back")]);
    options.set("input_columns", &columns).unwrap();
    options.set("null_handling", &text("null")).unwrap();
    engine
        .register_model_with("columns", &read("zoo/OneHotEncoder_of_known_categories.onnx"), &[], &options)
        .unwrap();
    let known = "a category that the model does not know; hint: it knows 'blue', 'green', 'red'";
    let refused = |sql: &str| run(&engine, sql).unwrap_err().to_string();
    let asked =
        "(SELECT 0.5 AS height, 0.5 AS width, colour FROM UNNEST(['red', 'blue', 'it\\'s']) AS colour)";
    assert_eq!(
        refused(&format!("SELECT transformed_column FROM ML.PREDICT(MODEL table, {asked})")),
        format!("[model-failed] row 3: `colour` is 'it\\'s', {known}")
    );
    assert_eq!(
        refused("SELECT variable FROM ML.PREDICT(MODEL pair, (SELECT ['red', 'pink'] AS X))"),
        format!("[model-failed] row 1: element 1 of `X` is 'pink', {known}")
    );
    // The row that is left out counts.
    let asked = "(SELECT 'red' AS front, back FROM UNNEST(['red', NULL, 'pink']) AS back)";
    assert_eq!(
        refused(&format!("SELECT variable FROM ML.PREDICT(MODEL columns, {asked})")),
        format!("[model-failed] row 3: `back` is 'pink', {known}")
    );
}
