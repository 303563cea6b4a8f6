//! The fixtures' pictures, compared with what Pillow and onnxruntime make of them.

use predictql::data::Scalar;
use predictql::diag::{Code, Error};
use predictql::{Engine, Params};
use serde_json::Value;

use crate::host::{json, read, run_with};
use crate::table::tensors;

/// Shape and values of `expression`, in which `?` is the picture `name`.
fn picture(expression: &str, name: &str) -> Result<(Vec<i64>, Vec<f32>), Error> {
    let params = Params::Positional(vec![Scalar::Bytes(read(&format!("images/{name}")))]);
    let outcome = run_with(&Engine::default(), &format!("SELECT {expression} AS picture"), params)?;
    Ok(tensors(&outcome.batches[0].columns()[0]).remove(0))
}

fn floats(values: &Value) -> Vec<f32> {
    values.as_array().unwrap().iter().map(|value| value.as_f64().unwrap() as f32).collect()
}

#[test]
fn pictures_read_as_pillow_reads_them() {
    for (name, expected) in json("expected/images.json").as_object().unwrap() {
        let (shape, data) = picture("ML.DECODE_IMAGE(?)", name).unwrap();
        let sizes = ["height", "width"].map(|side| expected[side].as_i64().unwrap());
        assert_eq!(shape, [sizes[0], sizes[1], 3], "{name}");
        let tolerance = expected["tolerance"].as_f64().unwrap() as f32;
        let pixels = floats(&expected["pixels"]);
        assert_eq!(data.len(), pixels.len(), "{name}");
        for (found, expected) in data.iter().zip(&pixels) {
            match tolerance == 0.0 {
                true => assert_eq!(*found, expected / 255.0, "{name}"),
                false => assert!((found * 255.0 - expected).abs() <= tolerance + 1e-3, "{name}"),
            }
        }
    }
}

#[test]
fn resizing_gives_what_onnxruntime_gives() {
    for case in json("expected/resize.json")["cases"].as_array().unwrap() {
        let [height, width] = ["height", "width"].map(|side| case[side].as_i64().unwrap());
        let expression = format!("ML.RESIZE_IMAGE(ML.DECODE_IMAGE(?), {height}, {width}, FALSE)");
        let (shape, data) = picture(&expression, case["source"].as_str().unwrap()).unwrap();
        assert_eq!(shape, [height, width, 3]);
        let expected = floats(&case["values"]);
        assert_eq!(data.len(), expected.len());
        assert!(
            data.iter().zip(&expected).all(|(found, expected)| (found - expected).abs() < 1e-6),
            "{case}"
        );
    }
}

#[test]
fn bad_pictures_are_told_apart() {
    let refused = |name: &str| picture("ML.DECODE_IMAGE(?)", &format!("bad/{name}")).unwrap_err();
    for (name, message) in [
        ("empty.png", "expected a JPEG, PNG or BMP, found no bytes"),
        ("text.png", "expected a JPEG, PNG or BMP, found text"),
        ("picture.gif", "expected a JPEG, PNG or BMP, found a GIF"),
        ("picture.webp", "expected a JPEG, PNG or BMP, found a WebP picture"),
        ("truncated.png", "expected a whole picture, found a truncated PNG"),
        ("truncated.jpg", "expected a whole picture, found a truncated JPEG"),
        ("truncated.bmp", "expected a whole picture, found a truncated BMP"),
        ("broken_crc.png", "expected a whole picture, found a damaged PNG"),
        ("broken_data.png", "expected a whole picture, found a damaged PNG"),
    ] {
        let error = refused(name);
        assert_eq!(error.code(), Code::InvalidImage, "{name}");
        assert!(error.first().message.ends_with(message), "{name}: {error}");
    }
    for name in ["bomb.png", "bomb.jpg", "bomb.bmp"] {
        let error = refused(name);
        assert_eq!(error.code(), Code::LimitExceeded, "{name}");
        assert!(error.first().message.ends_with("at most 100000000 pixels, found 60000 × 60000"), "{error}");
    }
}
