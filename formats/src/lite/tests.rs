//! Files that are not what they should be. What is made of good ones is held against LiteRT in the engine's tests.
#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that panics has failed"
)]

use std::fs;
use std::path::{Path, PathBuf};

use crate::{Options, Reason, Refusal, convert};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/fixtures/lite")
}

fn read(name: &str) -> Vec<u8> {
    fs::read(folder().join(name)).unwrap()
}

fn refused(bytes: Vec<u8>) -> Refusal {
    convert(vec![("m.tflite".to_owned(), bytes)], &Options::default()).unwrap_err()
}

/// The names of the operators and metadata that an ONNX file holds are texts in it.
fn holds(onnx: &[u8], text: &str) -> bool {
    onnx.windows(text.len()).any(|window| window == text.as_bytes())
}

#[test]
fn files_that_contradict_themselves_are_refused() {
    let dense = "the operator FULLY_CONNECTED at `functional_1/dense_1/MatMul;functional_1/dense_1/Relu;functional_1/dense_1/BiasAdd`";
    let circle = format!(
        "{dense} reads the tensor 8, `functional_1/concatenate_1/concat`, which nothing before it makes"
    );
    let shape = format!("{dense} makes a tensor of the shape [None, Some(16)], and the file says [-1, 15]");
    for (name, what) in [
        ("circle", circle.as_str()),
        ("missing", "its graph has no tensor 99"),
        (
            "short_weight",
            "the weight `functional_1/dense_1/MatMul` has another number of elements than its shape says",
        ),
        ("wrong_shape", shape.as_str()),
    ] {
        let refusal = refused(read(&format!("refused/{name}.tflite")));
        assert_eq!(refusal.reason, Reason::InvalidModel, "{name}");
        assert_eq!(refusal.message, format!("`m.tflite` is damaged: {what}"));
    }
}

#[test]
fn what_has_no_translation_is_named_with_the_way_out() {
    let refusal = refused(read("refused/custom.tflite"));
    assert_eq!(refusal.reason, Reason::UnsupportedOperator);
    let words =
        "the custom operator Convolution2DTransposeBias at `StatefulPartitionedCall_1:0` is not supported";
    assert_eq!(refusal.message, words);
    let command = "convert it with `python -m tf2onnx.convert --tflite m.tflite --output model.onnx`";
    assert_eq!(refusal.hint, command);
    let refusal = refused(read("refused/complex_numbers.tflite"));
    assert_eq!(refusal.reason, Reason::UnsupportedModelType);
    assert!(
        refusal.message.ends_with("of a kind that has no translation (TensorFlow Lite's 8)"),
        "{refusal}"
    );
    let refusal = refused(read("refused/variable.tflite"));
    assert_eq!(refusal.reason, Reason::UnsupportedOperator);
    assert!(refusal.message.starts_with("the operator VAR_HANDLE at `"), "{refusal}");
    let words = "keeps a value from one run to the next, which is not supported";
    assert!(refusal.message.ends_with(words), "{refusal}");
    let refusal = refused(read("refused/wide.tflite"));
    assert!(refusal.message.ends_with("is quantised to 16 bits, which is not supported"), "{refusal}");
}

#[test]
fn offsets_that_lie_name_their_place() {
    let mut bytes = read("numbers.tflite");
    bytes[..4].copy_from_slice(&[0xff; 4]);
    let refusal = refused(bytes.clone());
    assert_eq!(refusal.reason, Reason::InvalidModel);
    let words = "`m.tflite` is damaged: it names 4 bytes at 4294967295, and has 3644: it was cut off, or its offsets are wrong";
    assert_eq!(refusal.message, words);
    // A table whose list of fields would lie before the file.
    bytes[..4].copy_from_slice(&8_u32.to_le_bytes());
    bytes[8..12].copy_from_slice(&i32::MAX.to_le_bytes());
    assert_eq!(
        refused(bytes).message,
        "`m.tflite` is damaged: the table at 8 has its fields before the file"
    );
}

#[test]
fn files_that_were_cut_off_are_refused() {
    let whole = read("numbers.tflite");
    for length in [8, 100, 1000, 3000] {
        let refusal = refused(whole[..length].to_vec());
        assert_eq!(refusal.reason, Reason::InvalidModel);
        let words = format!("and has {length}: it was cut off, or its offsets are wrong");
        assert!(refusal.message.ends_with(&words), "{refusal}");
    }
}

#[test]
fn names_that_are_no_text_are_refused() {
    let mut bytes = read("numbers.tflite");
    let place = bytes.windows(7).position(|window| window == b"serving").unwrap();
    bytes[place] = 0xff;
    assert_eq!(refused(bytes).message, format!("`m.tflite` is damaged: the text at {place} is not UTF-8"));
}

#[test]
fn every_damage_is_a_refusal_or_harmless() {
    for name in ["numbers_int8.tflite", "described.tflite", "operators.tflite"] {
        let bytes = read(name);
        for at in (0..bytes.len()).step_by(61) {
            for change in [0xff, 0x01] {
                let mut damaged = bytes.clone();
                damaged[at] ^= change;
                let _ = convert(vec![("m.tflite".to_owned(), damaged)], &Options::default());
            }
        }
    }
}

#[test]
fn integers_stay_integers_with_a_scale_for_each_channel() {
    let files = vec![("m.tflite".to_owned(), read("mobilenet_v2_int8.tflite"))];
    let onnx = convert(files, &Options::default()).unwrap();
    assert!(holds(&onnx, "QuantizeLinear") && holds(&onnx, "DequantizeLinear"));
    let float =
        convert(vec![("m.tflite".to_owned(), read("mobilenet_v2.tflite"))], &Options::default()).unwrap();
    assert!(!holds(&float, "QuantizeLinear"));
}

#[test]
fn labels_beside_a_model_are_taken_where_they_fit() {
    let labelled = |labels: &str| {
        let files = vec![
            ("animals/m.tflite".to_owned(), read("mobilenet_v1.tflite")),
            ("animals/labels.txt".to_owned(), labels.as_bytes().to_vec()),
        ];
        convert(files, &Options::default()).unwrap()
    };
    assert!(holds(&labelled("ant\nbee\ncow\ndog\n"), "ant\nbee\ncow\ndog"));
    assert!(!holds(&labelled("ant\nbee\n"), "bee"));
}
