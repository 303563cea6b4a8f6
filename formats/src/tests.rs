//! Files that are not what they should be. What is made of good ones is held against TensorFlow in the engine's tests.
#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that panics has failed"
)]

use std::fs;
use std::path::Path;

use prost::Message;

use crate::tensorflow::proto::{
    ArgDef, Attr, AttrValue, FunctionDef, FunctionDefLibrary, GraphDef, MetaGraphDef, MetaInfoDef,
    NameAttrList, NodeDef, OpDef, SavedModel, SignatureDef, TensorInfo, TensorProto, TensorShapeProto,
};
use crate::{Options, Reason, Refusal, convert};

const INDEX: &str = "variables/variables.index";
const SHARD: &str = "variables/variables.data-00000-of-00001";
const GRAPH: &str = "saved_model.pb";

type Files = Vec<(String, Vec<u8>)>;

/// A SavedModel of the fixtures.
fn model(name: &str) -> Files {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/fixtures/tensorflow").join(name);
    [GRAPH, INDEX, SHARD].map(|file| (file.to_owned(), fs::read(folder.join(file)).unwrap())).to_vec()
}

fn file<'a>(files: &'a mut Files, name: &str) -> &'a mut Vec<u8> {
    &mut files.iter_mut().find(|(path, _)| path == name).unwrap().1
}

/// Why the model `name` is refused once it is `changed`.
fn refused(name: &str, change: impl FnOnce(&mut Files)) -> Refusal {
    let mut files = model(name);
    change(&mut files);
    convert(files, &Options::default()).unwrap_err()
}

#[test]
fn a_file_that_is_missing_is_named() {
    let refusal = refused("functions", |files| files.retain(|(path, _)| path != SHARD));
    assert_eq!(refusal.reason, Reason::ExternalDataMissing);
    assert_eq!(refusal.message, format!("the model's file `{SHARD}` is missing"));
    let refusal = refused("functions", |files| files.retain(|(path, _)| path != INDEX));
    assert_eq!(refusal.reason, Reason::ExternalDataMissing);
    assert_eq!(refusal.message, format!("the model's file `{INDEX}` is missing"));
    let refusal = refused("functions", |files| files.retain(|(path, _)| path != GRAPH));
    assert_eq!(refusal.reason, Reason::UnsupportedModelType);
    assert!(refusal.message.starts_with("expected a SavedModel"), "{refusal}");
}

#[test]
fn files_that_end_early_are_named() {
    let refusal = refused("functions", |files| file(files, GRAPH).truncate(9_000));
    assert_eq!(refusal.reason, Reason::TruncatedModel);
    assert!(refusal.message.starts_with("`saved_model.pb` ends too early: "), "{refusal}");
    let refusal = refused("functions", |files| file(files, SHARD).truncate(20));
    assert_eq!(refusal.reason, Reason::TruncatedModel);
    let words = "`weights/.ATTRIBUTES/VARIABLE_VALUE` has 48 bytes at 0, the file has 20 bytes";
    assert!(refusal.message.ends_with(words), "{refusal}");
    let refusal = refused("functions", |files| file(files, INDEX).truncate(30));
    assert_eq!(refusal.message, format!("`{INDEX}` ends too early: it has no footer"));
    let refusal = refused("functions", |files| file(files, INDEX).truncate(100));
    assert!(refusal.message.ends_with("it does not end like an index of variables"), "{refusal}");
}

#[test]
fn checksums_are_compared() {
    let refusal = refused("functions", |files| file(files, SHARD)[8] ^= 1);
    assert_eq!(refusal.reason, Reason::ChecksumMismatch);
    let words =
        format!("the checksum of the variable `weights/.ATTRIBUTES/VARIABLE_VALUE` in `{SHARD}` is wrong");
    assert_eq!(refusal.message, words);
    let refusal = refused("functions", |files| file(files, INDEX)[3] ^= 1);
    assert_eq!(refusal.reason, Reason::ChecksumMismatch);
    assert_eq!(refusal.message, format!("the checksum of the block at 0 in `{INDEX}` is wrong"));
}

#[test]
fn an_index_that_points_outside_is_refused() {
    // The footer begins with where the block of blocks lies.
    let refusal = refused("functions", |files| {
        let index = file(files, INDEX);
        let footer = index.len() - 48;
        index[footer..footer + 8].copy_from_slice(&[0, 0, 0xff, 0xff, 0xff, 0xff, 0x7f, 0]);
    });
    assert_eq!(refusal.reason, Reason::InvalidModel);
    assert!(refusal.message.contains("a block of 0 bytes at 34359738367 lies outside of its"), "{refusal}");
}

#[test]
fn every_damage_is_a_refusal_or_harmless() {
    for name in ["functions", "mixed_table", "free_lists"] {
        let files = model(name);
        for (place, (_, bytes)) in files.iter().enumerate() {
            for step in 0..60 {
                let at = step * bytes.len() / 60;
                for change in [0xff, 0x01] {
                    let mut damaged = files.clone();
                    damaged[place].1[at] ^= change;
                    let _ = convert(damaged, &Options::default());
                }
                let mut short = files.clone();
                short[place].1.truncate(at);
                let _ = convert(short, &Options::default());
            }
        }
    }
}

#[test]
fn signatures_are_asked_for_by_name() {
    let asked = |name: &str| convert(model("functions"), &Options { signature: Some(name.into()) });
    assert!(asked("total").is_ok());
    let refusal = asked("totals").unwrap_err();
    assert_eq!(refusal.reason, Reason::InvalidOption);
    assert_eq!(refusal.message, "the model has no signature `totals`");
    assert_eq!(refusal.hint, "write signature = one of `serving_default`, `total`");
}

fn node(name: &str, op: &str, input: &[&str]) -> NodeDef {
    let input = input.iter().map(|input| (*input).to_owned()).collect();
    NodeDef { name: name.into(), op: op.into(), input, ..NodeDef::default() }
}

fn call(name: &str, function: &str, input: &[&str]) -> NodeDef {
    let mut node = node(name, "PartitionedCall", input);
    let function = Attr::Function(NameAttrList { name: function.into() });
    node.attr.insert("f".into(), AttrValue { value: Some(function) });
    node
}

fn function(name: &str, calls: &str) -> FunctionDef {
    let arg = |name: &str| vec![ArgDef { name: name.into() }];
    let signature = OpDef { name: name.into(), input_arg: arg("x"), output_arg: arg("y") };
    let node = vec![call("inner", calls, &["x"])];
    FunctionDef { signature: Some(signature), node, ret: [("y".into(), "inner:output:0".into())].into() }
}

/// A SavedModel whose output `y` is that of the node `last`.
fn saved(nodes: Vec<NodeDef>, functions: Vec<FunctionDef>) -> Files {
    let info = |name: &str| TensorInfo { name: name.into(), dtype: 1, shape: None };
    let signature = SignatureDef {
        inputs: [("x".into(), info("x:0"))].into(),
        outputs: [("y".into(), info("last:0"))].into(),
    };
    let graph = GraphDef { node: nodes, library: Some(FunctionDefLibrary { function: functions }) };
    let meta = MetaGraphDef {
        info: Some(MetaInfoDef { tags: vec!["serve".into()], tensorflow_version: "2.21.0".into() }),
        graph: Some(graph),
        saver: None,
        signatures: [("serving_default".into(), signature)].into(),
    };
    let model = SavedModel { schema_version: 1, meta_graphs: vec![meta] };
    vec![(GRAPH.into(), model.encode_to_vec())]
}

#[test]
fn circles_are_refused() {
    let placeholder = || node("x", "Placeholder", &[]);
    let functions = vec![function("one", "other"), function("other", "one")];
    let files = saved(vec![placeholder(), call("last", "one", &["x"])], functions);
    let refusal = convert(files, &Options::default()).unwrap_err();
    assert_eq!(refusal.reason, Reason::UnsupportedModelType);
    let words = "the function `one`, which `inner` calls, calls itself (signature `serving_default`)";
    assert_eq!(refusal.message, words);
    let files = saved(vec![placeholder(), node("last", "Add", &["x", "last"])], Vec::new());
    let refusal = convert(files, &Options::default()).unwrap_err();
    assert!(refusal.message.starts_with("the node `last` reads its own result"), "{refusal}");
}

#[test]
fn functions_that_grow_without_end_are_refused() {
    let doubling = |depth: usize| {
        let mut doubling = function(&format!("f{depth}"), &format!("f{}", depth + 1));
        doubling.node.push(call("again", &format!("f{}", depth + 1), &["x"]));
        doubling.node.push(node("sum", "Add", &["inner:output:0", "again:output:0"]));
        doubling.ret.insert("y".into(), "sum:z:0".into());
        doubling
    };
    let mut functions: Vec<_> = (0..40).map(doubling).collect();
    let mut last = function("f40", "");
    last.node = vec![node("inner", "Neg", &["x"])];
    functions.push(last);
    let files = saved(vec![node("x", "Placeholder", &[]), call("last", "f0", &["x"])], functions);
    let refusal = convert(files, &Options::default()).unwrap_err();
    assert!(refusal.message.starts_with("the graph has more than 100000 nodes"), "{refusal}");
}

/// A loop over `x`, whose condition is the node `decides`.
fn looping(decides: NodeDef) -> Files {
    let arg = |name: &str| vec![ArgDef { name: name.into() }];
    let part = |name: &str, node: NodeDef| {
        let ret = [("y".into(), format!("{}:0", node.name))].into();
        let signature = OpDef { name: name.into(), input_arg: arg("x"), output_arg: arg("y") };
        FunctionDef { signature: Some(signature), node: vec![node], ret }
    };
    let mut last = node("last", "While", &["x"]);
    for (name, function) in [("cond", "goes_on"), ("body", "again")] {
        let function = Attr::Function(NameAttrList { name: function.into() });
        last.attr.insert(name.into(), AttrValue { value: Some(function) });
    }
    let functions = vec![part("goes_on", decides), part("again", node("inner", "Neg", &["x"]))];
    saved(vec![node("x", "Placeholder", &[]), last], functions)
}

#[test]
fn loops_without_a_known_end_are_refused() {
    let mut always = node("decides", "Const", &[]);
    let value = TensorProto {
        dtype: 10,
        shape: Some(TensorShapeProto::default()),
        bools: vec![true],
        ..TensorProto::default()
    };
    always.attr.insert("value".into(), AttrValue { value: Some(Attr::Tensor(Box::new(value))) });
    let refusal = convert(looping(always), &Options::default()).unwrap_err();
    assert_eq!(refusal.reason, Reason::UnsupportedOperator);
    let words = "the operator While at `last` has no end, which is not supported";
    assert!(refusal.message.starts_with(words), "{refusal}");
    assert!(convert(looping(node("decides", "IsNan", &["x"])), &Options::default()).is_ok());
}

#[test]
fn loops_keep_the_kinds_of_their_values() {
    let mut files = looping(node("decides", "IsNan", &["x"]));
    let mut model = SavedModel::decode(file(&mut files, GRAPH).as_slice()).unwrap();
    let library = model.meta_graphs[0].graph.as_mut().unwrap().library.as_mut().unwrap();
    library.function[1].node[0].op = "IsNan".into();
    let refusal = convert(vec![(GRAPH.into(), model.encode_to_vec())], &Options::default()).unwrap_err();
    assert_eq!(refusal.reason, Reason::InvalidModel);
    let words = "the operator While at `last` changes the number or the kinds of its values";
    assert!(refusal.message.starts_with(words), "{refusal}");
}

#[test]
fn lists_are_filled_from_their_first_to_their_last_element() {
    // A loop that goes on for another number of rounds than its list has room for.
    let refusal = refused("free_lists", |files| {
        let graph = file(files, GRAPH);
        let mut model = SavedModel::decode(graph.as_slice()).unwrap();
        let library = model.meta_graphs[0].graph.as_mut().unwrap().library.as_mut().unwrap();
        let nodes = library.function.iter_mut().flat_map(|function| &mut function.node);
        nodes.filter(|node| node.op == "Less").for_each(|node| node.op = "LessEqual".into());
        *graph = model.encode_to_vec();
    });
    assert_eq!(refusal.reason, Reason::UnsupportedOperator);
    let words =
        "fills a list in another order than from its first to its last element, which is not supported";
    assert!(refusal.message.contains(words), "{refusal}");
}

#[test]
fn a_variable_that_the_graph_changes_is_refused() {
    let variable = node("v", "VarHandleOp", &[]);
    let change = node("change", "AssignAddVariableOp", &["v", "x"]);
    let read = node("last", "ReadVariableOp", &["v", "^change"]);
    let files = saved(vec![node("x", "Placeholder", &[]), variable, change, read], Vec::new());
    let refusal = convert(files, &Options::default()).unwrap_err();
    assert_eq!(refusal.reason, Reason::UnsupportedModelType);
    assert!(
        refusal.message.starts_with("`last` reads a variable that the graph changes before"),
        "{refusal}"
    );
}

#[test]
fn operators_without_translation_are_named_with_the_command_that_converts_them() {
    let files = saved(vec![node("x", "Placeholder", &[]), node("last", "Fourier", &["x"])], Vec::new());
    let refusal = convert(files, &Options::default()).unwrap_err();
    assert_eq!(refusal.reason, Reason::UnsupportedOperator);
    assert_eq!(
        refusal.message,
        "the operator Fourier at `last` is not supported (signature `serving_default`)"
    );
    let command = "convert it with `python -m tf2onnx.convert --saved-model FOLDER --signature_def serving_default --output model.onnx`";
    assert_eq!(refusal.hint, command);
}

#[test]
fn names_that_are_no_text_are_refused() {
    let mut files = saved(vec![node("x", "Placeholder", &[]), node("last", "Neg", &["x"])], Vec::new());
    let bytes = file(&mut files, GRAPH);
    let place = bytes.windows(3).position(|window| window == b"Neg").unwrap();
    bytes[place] = 0xff;
    let refusal = convert(files, &Options::default()).unwrap_err();
    assert_eq!(refusal.reason, Reason::InvalidModel);
    let words = "`saved_model.pb` is damaged: failed to decode Protobuf message: NodeDef.op: GraphDef.node: \
                 MetaGraphDef.graph: SavedModel.meta_graphs: invalid string value: data is not UTF-8 encoded";
    assert_eq!(refusal.message, words);
}
