//! Loading models: weights beside the file, narrow floats, everything that stands in the way.

use messages::attribute_proto::AttributeType;
use messages::{AttributeProto, GraphProto, NodeProto};
use predictql::data::{DataType, Scalar, StructField};
use predictql::model::{Model, ModelOptions};
use predictql::{Engine, Limits, Params, Resource, Step};
use prost::Message;

use crate::host::{engine, json, read, run};
use crate::mismatches::{model, node, tensor};

/// The error of loading `bytes` with the files `external` beside it.
fn refused(bytes: &[u8], external: &[(&str, &[u8])]) -> String {
    let external =
        external.iter().map(|(name, bytes)| ((*name).to_owned(), bytes.to_vec())).collect::<Vec<_>>();
    let result = Model::load_parts(bytes, &external, &ModelOptions::default(), &Limits::default());
    result.map(|_| ()).unwrap_err().to_string()
}

fn options(given: &[(&str, Scalar)]) -> ModelOptions {
    let mut options = ModelOptions::default();
    given.iter().for_each(|(name, value)| options.set(name, value).unwrap());
    options
}

/// Predicts the rows of an expected file one by one, and compares `output` with what `by` says.
fn compare(engine: &Engine, expected: &str, by: &str, output: &str) {
    let expected = json(expected);
    let numbers = |value: &serde_json::Value| -> Vec<f64> {
        value["data"].as_array().unwrap().iter().map(|it| it.as_f64().unwrap()).collect()
    };
    let wanted = numbers(&expected[by][output]);
    let rows = numbers(&expected["inputs"]["x"]);
    let width = wanted.len() / (rows.len() / 3);
    for (row, wanted) in rows.chunks(3).zip(wanted.chunks(width)) {
        let sql = format!("SELECT {output} FROM ML.PREDICT(MODEL m, (SELECT {row:?} AS x))");
        let found = run(engine, &sql).unwrap().float_lists(output).concat();
        assert_eq!(found.len(), wanted.len());
        for (found, wanted) in found.iter().zip(wanted) {
            assert!((found - wanted).abs() <= 1e-4, "{output}: {found} instead of {wanted}");
        }
    }
}

#[test]
fn weights_are_fetched_from_beside_the_model() {
    let engine = engine();
    run(&engine, "CREATE MODEL m OPTIONS (model_type = 'ONNX', model_path = 'models/external_data.onnx')")
        .unwrap();
    compare(&engine, "expected/external_data.json", "onnxruntime", "y");
    let bytes = read("models/external_data.onnx").len() + read("models/external_data.bin").len();
    assert_eq!(engine.models()[0].1.facts().bytes, bytes);
}

#[test]
fn a_host_without_the_weights_says_so() {
    let engine = engine();
    let sql = "CREATE MODEL m OPTIONS (model_type = 'ONNX', model_path = 'far/away.onnx')";
    let mut create = engine.session().script(sql, Params::default()).unwrap().next().unwrap().unwrap();
    let Step::Need(requests) = create.step().unwrap() else { panic!("expected a need") };
    create.supply(requests[0].id, read("models/external_data.onnx")).unwrap();
    let Step::Need(requests) = create.step().unwrap() else { panic!("expected another need") };
    assert_eq!(requests[0].resource, Resource::Model { uri: "far/external_data.bin".into() });
    create.refuse(requests[0].id, "404 not found").unwrap();
    let error = create.step().unwrap_err();
    assert_eq!(
        error.to_string(),
        "[external-data-missing] the model keeps weights in `external_data.bin`, which cannot be read: 404 not found; \
         hint: put the file beside the model"
    );
    assert_eq!(error.first().span.unwrap().of(sql), "'far/away.onnx'");
}

#[test]
fn files_beside_the_model_are_checked() {
    let bytes = read("models/external_data.onnx");
    let missing = refused(&bytes, &[]);
    assert!(
        missing.starts_with(
            "[external-data-missing] the model keeps its weights in another file: `external_data.bin`;"
        ),
        "{missing}"
    );
    let short = refused(&bytes, &[("external_data.bin", &[0; 100])]);
    assert!(
        short.contains(
            "[invalid-model] tensor `wide` lies beyond the end of `external_data.bin`, which has 100 bytes"
        ),
        "{short}"
    );

    let renamed = |name: &str| -> Vec<u8> {
        let text: Vec<u8> = bytes.clone();
        let places: Vec<usize> =
            (0..text.len()).filter(|at| text[*at..].starts_with(b"external_data.bin")).collect();
        assert_eq!((places.len(), name.len()), (2, "external_data.bin".len()));
        places.into_iter().fold(text, |mut text, at| {
            text[at..at + name.len()].copy_from_slice(name.as_bytes());
            text
        })
    };
    for outside in [
        "../xternal_da.bin",
        "/xternal_data.bin",
        "a/../../data.bin/",
        "https://data.bin/",
        "..\\ternal_data.bi",
    ] {
        let error = refused(&renamed(outside), &[(outside, &[0; 4096])]);
        assert!(error.contains("which is no path inside its own folder"), "{outside}: {error}");
        assert!(Model::external_data(&renamed(outside), &ModelOptions::default()).is_err());
    }
    let inside = renamed("folder/a/data.bin");
    assert_eq!(Model::external_data(&inside, &ModelOptions::default()).unwrap(), ["folder/a/data.bin"]);
    // The same file by its other notations, in the model and beside it.
    let weights = read("models/external_data.bin");
    let notations = ["./ternal_data.bin", "././rnal_data.bin", "a\\ternal_data.bin", "./a/./rn_data.bin"];
    let paths = ["ternal_data.bin", "rnal_data.bin", "a/ternal_data.bin", "a/rn_data.bin"];
    for (name, path) in notations.iter().zip(paths) {
        let model = renamed(name);
        assert_eq!(Model::external_data(&model, &ModelOptions::default()).unwrap(), [path]);
        for key in [path.to_owned(), format!("./{path}"), path.replace('/', "\\")] {
            let files = [(key.clone(), weights.clone())];
            let loaded = Model::load_parts(&model, &files, &ModelOptions::default(), &Limits::default());
            assert!(loaded.is_ok(), "{name} as {key}");
        }
    }
}

#[test]
fn floats_of_16_bits_are_computed_in_32() {
    let engine = engine();
    for name in ["float16", "bfloat16"] {
        let model = engine.register_model("m", &read(&format!("models/{name}.onnx"))).unwrap();
        assert_eq!(model.signature().inputs[0].data_type.to_string(), "ARRAY<FLOAT64>");
        for output in ["y", "whole"] {
            compare(&engine, &format!("expected/{name}.json"), "numpy", output);
        }
    }
}

#[test]
fn everything_in_the_way_is_told_at_once() {
    assert_eq!(
        refused(&read("models/obstacles.onnx"), &[]),
        "[unsupported-model-type] ONNX model output 'parts' has unsupported ONNX type: ONNX_TYPE_SEQUENCE; \
         the model uses an operator that does not run here: `Enigma` of com.example 3 (node `riddle`); \
         the model has weights of type COMPLEX64, which is not supported (`tiny`); hint: export the model with tensors only, from scikit-learn with `options={'zipmap': False}`"
    );
    assert_eq!(
        refused(&read("models/opset_99.onnx"), &[]),
        "[unsupported-operator] the model uses operator set 99 of ai.onnx, the newest that is known is 26; \
         hint: export the model for an older operator set"
    );
}

#[test]
fn another_file_than_the_one_meant_is_refused_before_it_is_read() {
    let bytes = read("models/vector_io.onnx");
    // sha256sum tests/fixtures/models/vector_io.onnx
    let sum = "6d681599dee1213294d0ff9827a02a17f09b70b7fe5c3ff6da2fc2e9f44740d9";
    let load = |bytes: &[u8], sum: &str| {
        Model::load_with(bytes, &options(&[("sha256", Scalar::String(sum.into()))]), &Limits::default())
    };
    assert!(load(&bytes, &sum.to_uppercase()).is_ok());
    let error = load(b"no model at all", sum).unwrap_err();
    assert_eq!(error.code().as_str(), "checksum-mismatch");
}

#[test]
fn sequences_of_any_length_are_taken() {
    let engine = engine();
    engine.register_model("lstm", &read("models/steps_first.onnx")).unwrap();
    for steps in 1..=9 {
        let values = vec!["0.5"; steps * 3].join(", ");
        let x = format!("SELECT STRUCT([{steps}, 3] AS dimensions, [{values}] AS values) AS x");
        let sql = format!("SELECT * FROM ML.PREDICT(MODEL lstm, ({x}))");
        assert_eq!(run(&engine, &sql).unwrap().rows(), 1);
    }
}

#[test]
fn lengths_that_nobody_finds_can_be_said() {
    let sides = AttributeProto {
        name: "value_ints".into(),
        r#type: AttributeType::Ints.into(),
        ints: vec![0, 113, 109],
        ..AttributeProto::default()
    };
    let shape = NodeProto { attribute: vec![sides], ..node("", "Constant", &[], "shape") };
    let nodes = vec![shape, node("", "Reshape", &["x", "shape"], "y")];
    let bytes = model(nodes, vec![tensor("x", &[0, 1, 0])], tensor("y", &[0, 113, 109])).encode_to_vec();
    let error = refused(&bytes, &[]);
    let hint = "if it takes certain lengths only, say which: OPTIONS (free_dimensions = STRUCT(128 AS `C`)), \
                in JavaScript freeDimensions: { \"C\": 128 }";
    assert!(error.starts_with("[invalid-model]") && error.ends_with(hint), "{error}");
    let length = Scalar::Struct(
        vec![StructField { name: "C".into(), data_type: DataType::Int64 }],
        vec![Scalar::Int64(113 * 109)],
    );
    let loaded =
        Model::load_with(&bytes, &options(&[("free_dimensions", length)]), &Limits::default()).unwrap();
    assert_eq!(loaded.signature().inputs[0].shape[2].to_string(), "12317");
}

#[test]
fn what_is_written_for_one_processor_is_refused_with_the_way_out() {
    let nodes = vec![node("com.microsoft.nchwc", "ReorderInput", &["x"], "y")];
    let error = refused(&model(nodes, vec![tensor("x", &[0, 8])], tensor("y", &[0, 8])).encode_to_vec(), &[]);
    assert!(error.contains("ReorderInput") && error.contains("ORT_ENABLE_BASIC"), "{error}");
}

#[test]
fn a_model_is_described_by_what_its_file_says() {
    let engine = engine();
    let model = engine.register_model("m", &read("models/vector_io.onnx")).unwrap();
    assert_eq!(model.last_error(), None);
    let lines = model.describe();
    let detail = |section: &str, name: &str| {
        let line = lines.iter().find(|line| line.section == section && line.name == name);
        line.map(|line| line.detail.as_str()).unwrap_or_default().to_owned()
    };
    assert_eq!(detail("model", "format"), "ONNX");
    assert_eq!(detail("model", "opset"), "ai.onnx 15, ai.onnx.ml 3");
    assert_eq!(detail("input", "x"), "ARRAY<FLOAT64>, [?, 3]");
    assert_eq!(detail("output", "y"), "ARRAY<FLOAT64>, [?, 2]");
    assert_eq!(detail("operator", "Gemm"), "1");
    assert_eq!(detail("metadata", "producer_name"), "predictql fixtures");
}

#[test]
fn options_change_without_loading_again() {
    let bytes = read("models/scores.onnx");
    let model = Model::load_parts(&bytes, &[], &ModelOptions::default(), &Limits::default()).unwrap();
    let names = |model: &Model| -> Vec<String> {
        let signature = model.signature();
        signature.inputs.iter().chain(&signature.outputs).map(|port| port.name.clone()).collect()
    };
    assert_eq!(names(&model), ["x", "logits", "norm"]);
    let texts = |texts: &[&str]| {
        let texts = texts.iter().map(|text| Scalar::String((*text).into())).collect();
        Scalar::Array(predictql::data::DataType::String, texts)
    };
    let changed = model
        .with_options(&options(&[
            ("labels", texts(&["low", "mid", "high"])),
            ("input_columns", texts(&["a", "b", "c"])),
        ]))
        .unwrap();
    assert_eq!(
        names(&changed),
        ["a", "b", "c", "predicted_label", "predicted_label_probs", "logits", "norm"]
    );
    assert_eq!(names(&changed.with_options(&ModelOptions::default()).unwrap()), ["x", "logits", "norm"]);
    let error = model.with_options(&options(&[("labels", texts(&["low", "high", "x", "y"]))])).unwrap_err();
    assert!(
        error.first().message.starts_with("there are 4 labels, but not one output with a score for each"),
        "{error}"
    );
}

#[test]
fn batches_are_split_by_the_memory_that_they_take() {
    let mut limits = Limits::default();
    // The widest operator reads 3 and writes 300 floats for a row.
    limits.tensor_bytes = 10 * 303 * 4;
    let model = |file: &str| Model::load(&read(file), &limits).unwrap().chunk_rows();
    assert_eq!(model("models/float16.onnx"), 5);
    assert_eq!(model("models/fixed_batch4.onnx"), 4);
    assert_eq!(model("models/vector_io.onnx"), 10 * 303 / 5);
    // A text of 256 words, each with a number of 8 bytes and a vector of 64 floats.
    limits.tensor_bytes = 7 * 256 * (8 + 64 * 4);
    assert_eq!(Model::load(&read("models/words.onnx"), &limits).unwrap().chunk_rows(), 7);
}

#[test]
fn damaged_files_end_in_words() {
    for file in
        ["float16", "fixed_batch4", "zipmap_strings", "lookup", "picture_nchw", "one_row", "label_encoder"]
    {
        let bytes = read(&format!("models/{file}.onnx"));
        let load = |bytes: &[u8], what: &str| match Model::load(bytes, &Limits::default()) {
            Ok(_) => {}
            Err(error) => assert_ne!(error.code().as_str(), "internal", "{file}, {what}: {error}"),
        };
        (0..bytes.len())
            .step_by(bytes.len() / 50 + 1)
            .for_each(|end| load(&bytes[..end], &format!("up to {end}")));
        for at in (0..bytes.len()).step_by(bytes.len() / 150 + 1) {
            for flip in [0x01, 0x15, 0x80] {
                let mut damaged = bytes.clone();
                damaged[at] ^= flip;
                load(&damaged, &format!("{flip:#x} at {at}"));
            }
        }
    }
}

/// Windows, axes and sizes that leave nothing to compute.
#[test]
fn what_the_standard_rules_out_is_refused() {
    const PICTURE: &[i64] = &[0, 2, 6, 6];
    let list = |name: &str, numbers: &[i64]| AttributeProto {
        name: name.into(),
        ints: numbers.to_vec(),
        r#type: AttributeType::Ints.into(),
        ..AttributeProto::default()
    };
    let one = |name: &str, number: i64| AttributeProto {
        name: name.into(),
        i: number,
        r#type: AttributeType::Int.into(),
        ..AttributeProto::default()
    };
    let mut cases: Vec<(&str, Vec<AttributeProto>)> = Vec::new();
    for far in [4, 5, -5, -7, 1 << 31, 1 << 40, 1 << 62, -(1 << 62)] {
        for operator in ["ArgMax", "Concat", "Hardmax", "LogSoftmax", "LpNormalization", "Softmax", "Split"] {
            cases.push((operator, vec![one("axis", far)]));
        }
        for operator in ["ReduceMax", "ReduceMean", "ReduceLogSumExp"] {
            cases.push((operator, vec![list("axes", &[far])]));
        }
        cases.push(("Transpose", vec![list("perm", &[0, 1, 2, far])]));
    }
    for far in [5, -5, 1 << 40, -(1 << 62)] {
        cases.push(("Flatten", vec![one("axis", far)]));
    }
    cases.push(("Transpose", vec![list("perm", &[0, 1, 1, 3])]));
    for absurd in [0, -1, 1 << 31, 1 << 40, 1 << 62] {
        for name in ["kernel_shape", "strides", "dilations"] {
            let window = [list(name, &[absurd; 2])]
                .into_iter()
                .chain((name != "kernel_shape").then(|| list("kernel_shape", &[2, 2])));
            cases.push(("MaxPool", window.collect()));
        }
        for operator in ["DepthToSpace", "SpaceToDepth"] {
            cases.push((operator, vec![one("blocksize", absurd)]));
        }
        cases.push(("LRN", vec![one("size", absurd)]));
    }
    for pads in [[2, 2, 2, 2], [-1; 4], [1 << 40; 4]] {
        cases.push(("AveragePool", vec![list("kernel_shape", &[2, 2]), list("pads", &pads)]));
    }
    for kernel in [&[2][..], &[7, 7], &[2, 2, 2]] {
        cases.push(("MaxPool", vec![list("kernel_shape", kernel)]));
    }
    for (operator, attributes) in cases {
        let mut node = node("", operator, &["x"], "y");
        node.attribute = attributes;
        let what = format!(
            "{operator} {:?}",
            node.attribute.iter().map(|it| (&it.name, it.i, &it.ints)).collect::<Vec<_>>()
        );
        let made = model(vec![node], vec![tensor("x", PICTURE)], tensor("y", PICTURE)).encode_to_vec();
        let error = Model::load(&made, &Limits::default()).err().unwrap_or_else(|| panic!("{what} is taken"));
        assert_eq!(error.code().as_str(), "invalid-model", "{what}: {error}");
    }
}

/// Small files whose lists, texts and bodies would take hours or all memory, and operators that reach far beyond their inputs: each of
/// them loads, or is refused; what did neither would end the tests by their time limit.
#[test]
fn small_files_do_not_grow_beyond_bounds() {
    let ints = |name: &str, numbers: Vec<i64>| AttributeProto {
        name: name.into(),
        ints: numbers,
        r#type: AttributeType::Ints.into(),
        ..AttributeProto::default()
    };
    let body = |graph: GraphProto| AttributeProto {
        name: "body".into(),
        g: Some(graph),
        r#type: AttributeType::Graph.into(),
        ..AttributeProto::default()
    };
    let constant = |name: &str, numbers: Vec<i64>| {
        let mut constant = node("", "Constant", &[], name);
        constant.attribute.push(ints("value_ints", numbers));
        constant
    };
    let text = |name: &str, length: usize| {
        let mut constant = node("", "Constant", &[], name);
        let value = vec![b'a'; length];
        constant.attribute.push(AttributeProto {
            name: "value_string".into(),
            s: value,
            r#type: AttributeType::String.into(),
            ..AttributeProto::default()
        });
        constant
    };
    let chain = |operator: &str, count: usize, inputs: fn(String) -> Vec<String>| {
        let names = (0..count).map(|nth| (format!("v{nth}"), format!("v{}", nth + 1)));
        let nodes = names.map(|(from, to)| {
            let mut node = node("", operator, &[], &to);
            node.input = inputs(from);
            node
        });
        nodes.collect::<Vec<_>>()
    };
    // Loops in loops, whose conditions nobody knows before they run.
    let mut inner = node("", "Neg", &["s0"], "t0");
    for depth in 0..12 {
        let [number, condition, state, next, made] =
            ["n", "c", "s", "d", "t"].map(|name| format!("{name}{depth}"));
        let graph = GraphProto {
            node: vec![node("", "Not", &[&condition], &next), inner],
            input: [number, condition, state].map(|name| tensor(&name, &[])).into(),
            output: [next, made].map(|name| tensor(&name, &[])).into(),
            ..GraphProto::default()
        };
        let (state, made) = (format!("s{}", depth + 1), format!("t{}", depth + 1));
        inner = node("", "Loop", &["two", "", &state], &made);
        inner.attribute.push(body(graph));
    }
    inner.input[2] = "x".into();
    let loops = vec![constant("two", vec![2]), inner];
    let doubled = |operator| {
        let nodes = chain(operator, 40, |from| vec![from.clone(), from]);
        std::iter::once(text("v0", 1_000)).chain(nodes).collect::<Vec<_>>()
    };
    let mut relus = chain("Neg", 3_000, |from| vec![from]);
    relus.reverse();
    relus.push(node("", "Identity", &["x"], "v0"));
    let axes = (2..100_000).collect();
    let nothing = vec![
        constant("x0", Vec::new()),
        constant("zero", vec![0]),
        constant("back", vec![-1]),
        node("", "Slice", &["x0", "back", "back", "zero", "back"], "y"),
    ];
    let mut grams = node("", "TfIdfVectorizer", &["x"], "y");
    grams.attribute = [("ngram_counts", 0), ("ngram_indexes", 1 << 40), ("pool_int64s", 1)]
        .map(|(name, number)| ints(name, vec![number]))
        .to_vec();
    let mut long = node("", "MaxPool", &["x"], "y");
    long.attribute = vec![
        ints("kernel_shape", vec![4_000; 2]),
        ints("pads", vec![3_999; 4]),
        ints("strides", vec![50; 2]),
    ];
    let split = node("", "SplitToSequence", &["x"], "parts");
    let cases: Vec<(&str, Vec<NodeProto>, &str, &[i64])> = vec![
        ("loops", loops, "t12", &[0, 2]),
        ("texts", doubled("StringConcat"), "v40", &[0, 2]),
        ("a chain from its end", relus, "v3000", &[0, 2]),
        ("axes", vec![constant("axes", axes), node("", "Unsqueeze", &["x", "axes"], "y")], "y", &[0, 2]),
        ("a text", vec![text("t", 1 << 20)], "t", &[0, 2]),
        ("n-grams", vec![grams], "y", &[0, 2]),
        ("a window", vec![long], "y", &[0, 1, 30, 30]),
        ("a sequence", vec![split, node("", "SequenceLength", &["parts"], "y")], "y", &[i64::MAX, 1]),
        ("a slice of nothing", nothing, "y", &[0, 2]),
    ];
    for (what, nodes, output, shape) in cases {
        let made = model(nodes, vec![tensor("x", shape)], tensor(output, &[0])).encode_to_vec();
        let known = ["invalid-model", "unsupported-operator", "unsupported-model-type"];
        if let Err(error) = Model::load(&made, &Limits::default()) {
            assert!(known.contains(&error.code().as_str()), "{what}: {error}");
        }
    }
}
