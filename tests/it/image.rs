//! The fixtures' pictures, compared with what Pillow and onnxruntime make of them.

use arrow_array::cast::AsArray;
use arrow_array::types::{Float64Type, Int64Type};
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

/// Whether `data` are `pixels`, numbers from 0 to 255, with a `tolerance`.
fn assert_pixels(data: &[f32], pixels: &[f32], tolerance: f32, name: &str) {
    assert_eq!(data.len(), pixels.len(), "{name}");
    for (found, expected) in data.iter().zip(pixels) {
        match tolerance == 0.0 {
            true => assert_eq!(*found, expected / 255.0, "{name}"),
            false => assert!((found * 255.0 - expected).abs() <= tolerance + 1e-3, "{name}"),
        }
    }
}

#[test]
fn pictures_read_as_pillow_reads_them() {
    for (name, expected) in json("expected/images.json").as_object().unwrap() {
        let (shape, data) = picture("ML.DECODE_IMAGE(?)", name).unwrap();
        let sizes = |of: &Value| ["height", "width"].map(|side| of[side].as_i64().unwrap());
        let [height, width] = sizes(expected);
        assert_eq!(shape, [height, width, 3], "{name}");
        let tolerance = expected["tolerance"].as_f64().unwrap() as f32;
        assert_pixels(&data, &floats(&expected["pixels"]), tolerance, name);

        let upright = "ML.DECODE_IMAGE(?, STRUCT(TRUE AS apply_orientation))";
        let (shape, data) = picture(upright, name).unwrap();
        let expected_upright = expected.get("upright").unwrap_or(expected);
        let [height, width] = sizes(expected_upright);
        assert_eq!(shape, [height, width, 3], "{name}");
        assert_pixels(&data, &floats(&expected_upright["pixels"]), tolerance, name);

        let before_red = "ML.DECODE_IMAGE(?, STRUCT('#ff0000' AS background))";
        let (_, data) = picture(before_red, name).unwrap();
        let expected_before_red = expected.get("before_red").unwrap_or(&expected["pixels"]);
        assert_pixels(
            &data,
            &floats(expected_before_red),
            tolerance.max(f32::from(u8::from(expected.get("before_red").is_some()))),
            name,
        );
    }
}

/// Colours of half the size are spread as libjpeg-turbo spreads them, but for a rounding in between where both sides are halved.
#[test]
fn jpeg_is_libjpegs_within_two_of_255() {
    for (name, most_in) in
        [("444", 1000), ("422", 1000), ("420", 330), ("420_progressive", 330), ("420_restarts", 330)]
    {
        let read = |kind: &str| picture("ML.DECODE_IMAGE(?)", &format!("libjpeg/{name}.{kind}")).unwrap();
        let ((shape, found), (wanted_shape, wanted)) = (read("jpg"), read("png"));
        assert_eq!(shape, wanted_shape);
        let is_far = |(found, wanted): &(&f32, &f32)| (**found - **wanted).abs() * 255.0 > 2.001;
        let far = found.iter().zip(&wanted).filter(is_far).count();
        assert!(far * most_in <= found.len(), "{name}: {far} of {}", found.len());
    }
}

#[test]
fn a_picture_that_is_not_turned_is_told() {
    let outcome = |options: &str, name: &str| {
        let params = Params::Positional(vec![Scalar::Bytes(read(&format!("images/{name}")))]);
        run_with(&Engine::default(), &format!("SELECT ML.DECODE_IMAGE(?{options})"), params).unwrap()
    };
    let warnings = |options: &str, name: &str| -> Vec<&'static str> {
        outcome(options, name).summary.warnings.iter().map(|warning| warning.code.as_str()).collect()
    };
    assert_eq!(warnings("", "exif_orientation_6.jpg"), ["orientation-ignored"]);
    assert_eq!(
        warnings(", STRUCT(FALSE AS apply_orientation)", "exif_orientation_8.png"),
        ["orientation-ignored"]
    );
    assert!(warnings(", STRUCT(TRUE AS apply_orientation)", "exif_orientation_6.jpg").is_empty());
    assert!(warnings("", "exif_orientation_1.jpg").is_empty());
    assert!(warnings("", "baseline.jpg").is_empty());
}

#[test]
fn bad_pictures_are_null_where_asked_for() {
    for name in ["truncated.png", "text.png", "arithmetic.jpg", "bomb.jpg", "starved.jpg"] {
        let params = Params::Positional(vec![Scalar::Bytes(read(&format!("images/bad/{name}")))]);
        let sql = "SELECT SAFE.ML.DECODE_IMAGE(?) IS NULL AS missing";
        let outcome = run_with(&Engine::default(), sql, params).unwrap();
        assert!(outcome.batches[0].columns()[0].as_boolean().value(0), "{name}");
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

/// TensorFlow's rule over `pixels`, in 64 bits: centres of pixels are at halves, and the edge is repeated.
fn bilinear(pixels: &[f32], [height, width]: [i64; 2], [to_height, to_width]: [i64; 2]) -> Vec<f32> {
    let taps = |from: i64, to: i64, at: i64| {
        let place = (at as f64 + 0.5) * from as f64 / to as f64 - 0.5;
        let side = |place: f64| (place as i64).clamp(0, from - 1) as usize;
        (side(place.floor().max(0.0)), side(place.ceil()), place - place.floor())
    };
    let mut values = Vec::new();
    for y in 0..to_height {
        let (top, bottom, down) = taps(height, to_height, y);
        for x in 0..to_width {
            let (left, right, across) = taps(width, to_width, x);
            for channel in 0..3 {
                let at = |y: usize, x: usize| f64::from(pixels[(y * width as usize + x) * 3 + channel]);
                let row = |y| at(y, left) + (at(y, right) - at(y, left)) * across;
                values.push(((row(top) + (row(bottom) - row(top)) * down) / 255.0) as f32);
            }
        }
    }
    values
}

/// Both are computed at once, unless options are given: no number differs.
#[test]
fn pictures_that_are_decoded_and_resized_are_pillows_by_tensorflows_rule() {
    let decodings = [
        "ML.DECODE_IMAGE(?)",
        "ML.DECODE_IMAGE(?, STRUCT(TRUE AS apply_orientation))",
        "ML.DECODE_IMAGE(?, STRUCT('#ff0000' AS background))",
    ];
    for (name, expected) in json("expected/images.json").as_object().unwrap() {
        for decode in decodings {
            for size in ["7, 9, FALSE", "40, 31, FALSE", "10, 10, TRUE", "16, 24, FALSE"] {
                let both = picture(&format!("ML.RESIZE_IMAGE({decode}, {size})"), name).unwrap();
                let each = format!("ML.RESIZE_IMAGE({decode}, {size}, STRUCT(FALSE AS antialias))");
                assert_eq!(both, picture(&each, name).unwrap(), "{name}: {decode} to {size}");
            }
        }
        let (shape, data) = picture("ML.RESIZE_IMAGE(ML.DECODE_IMAGE(?), 7, 9, FALSE)", name).unwrap();
        assert_eq!(shape, [7, 9, 3]);
        let size = ["height", "width"].map(|side| expected[side].as_i64().unwrap());
        let wanted = bilinear(&floats(&expected["pixels"]), size, [7, 9]);
        let tolerance = expected["tolerance"].as_f64().unwrap() as f32 / 255.0 + 1e-5;
        assert!(
            data.iter().zip(&wanted).all(|(found, wanted)| (found - wanted).abs() <= tolerance),
            "{name}"
        );
        // Those that torchvision has for networks trained on ImageNet: its formula, in its 32-bit floats.
        let (means, deviations) = ([0.485, 0.456, 0.406], [0.229, 0.224, 0.225]);
        let normalized = format!(
            "ML.NORMALIZE_IMAGE(ML.RESIZE_IMAGE(ML.DECODE_IMAGE(?), 7, 9, FALSE), {means:?}, {deviations:?})"
        );
        let scaled = |(place, value): (usize, &f32)| (value - means[place % 3]) / deviations[place % 3];
        let wanted = data.iter().enumerate().map(scaled).collect();
        assert_eq!(picture(&normalized, name).unwrap(), (shape, wanted), "{name}");
    }
}

#[test]
fn what_fails_of_decoding_and_resizing_is_told_as_of_each() {
    let resized = |bytes: &str, size: &str| format!("ML.RESIZE_IMAGE(ML.DECODE_IMAGE({bytes}), {size})");
    for size in ["0, 5, FALSE", "5, -1, FALSE", "100000, 100000, FALSE"] {
        let both = picture(&resized("?", size), "rgb.png").unwrap_err();
        let each = format!("{size}, STRUCT(FALSE AS antialias)");
        let each = picture(&resized("?", &each), "rgb.png").unwrap_err();
        assert_eq!((both.code(), &both.first().message), (each.code(), &each.first().message), "{size}");
    }
    // A picture of 24 × 16 that keeps its ratio has room where the size that is given has none.
    let (shape, _) = picture(&resized("?", "8, 900000000, TRUE"), "photo.png").unwrap();
    assert_eq!(shape, [8, 12, 3]);
    let broken = picture(&resized("?", "5, 5, FALSE"), "bad/truncated.png").unwrap_err();
    assert_eq!(broken.code(), Code::InvalidImage);
    for (expression, name) in [
        (resized("?", "5, CAST(NULL AS INT64), FALSE"), "rgb.png"),
        (resized("IF(LENGTH(?) > 0, NULL, b'')", "5, 5, FALSE"), "rgb.png"),
        (format!("ML.NORMALIZE_IMAGE({}, NULL, [1.0, 1.0, 1.0])", resized("?", "5, 5, FALSE")), "rgb.png"),
        (format!("SAFE.ML.RESIZE_IMAGE(SAFE.ML.DECODE_IMAGE(?), {})", "5, 5, FALSE"), "bad/truncated.png"),
    ] {
        let params = Params::Positional(vec![Scalar::Bytes(read(&format!("images/{name}")))]);
        let sql = format!("SELECT {expression} IS NULL");
        let outcome = run_with(&Engine::default(), &sql, params).unwrap();
        assert!(outcome.batches[0].columns()[0].as_boolean().value(0), "{sql}");
    }
    // `SAFE.` of the outer function is none for the inner one.
    let safe = "SAFE.ML.RESIZE_IMAGE(ML.DECODE_IMAGE(?), 5, 5, FALSE)";
    assert_eq!(picture(safe, "bad/truncated.png").unwrap_err().code(), Code::InvalidImage);
}

#[test]
fn antialiased_pictures_are_pillows() {
    let expected = json("expected/antialias.json");
    let source = expected["source"].as_str().unwrap();
    for (kind, function, options) in [
        ("resized", "ML.RESIZE_IMAGE", "FALSE, STRUCT(TRUE AS antialias)"),
        ("padded", "ML.LETTERBOX_IMAGE", "STRUCT(TRUE AS antialias, '#727272' AS background)"),
    ] {
        for case in expected[kind].as_array().unwrap() {
            let [height, width] = ["height", "width"].map(|side| case[side].as_i64().unwrap());
            let expression = format!("{function}(ML.DECODE_IMAGE(?), {height}, {width}, {options})");
            let (shape, data) = picture(&expression, source).unwrap();
            assert_eq!(shape, [height, width, 3]);
            let expected = floats(&case["values"]);
            assert_eq!(data.len(), expected.len());
            let far = data.iter().zip(&expected).map(|(found, expected)| (found - expected).abs());
            assert!(far.fold(0.0, f32::max) < 1e-6, "{function} {height} {width}");
        }
    }
}

/// A tensor as SQL.
fn tensor_of(dimensions: &str, values: &Value) -> String {
    let values: Vec<String> = floats(values).iter().map(|value| format!("{value:?}")).collect();
    format!("STRUCT([{dimensions}] AS dimensions, [{}] AS values)", values.join(", "))
}

/// `rows` × `columns` values the other way round.
fn transposed(values: &[f32], columns: usize) -> Vec<f32> {
    let column = |column: usize| values.iter().copied().skip(column).step_by(columns);
    (0..columns).flat_map(column).collect()
}

#[test]
fn the_boxes_that_stay_are_onnxruntimes() {
    let expected = json("expected/boxes.json");
    let (boxes, scores) = (&expected["boxes"], &expected["scores"]);
    let middles = floats(&expected["middles_and_sizes"]);
    let in_one: Value = [transposed(&middles, 4), transposed(&floats(scores), 3)].concat().into();
    for case in expected["cases"].as_array().unwrap() {
        let options = format!("{:?} AS iou_threshold, {:?} AS score_threshold", case["iou"], case["score"])
            .replace("Number(", "")
            .replace(')', "");
        let apart = (tensor_of("40, 4", boxes), tensor_of("40, 3", scores));
        for call in [
            format!("{}, {}, STRUCT({options})", apart.0, apart.1),
            format!("{}, 'yolov8', STRUCT({options})", tensor_of("7, 40", &in_one)),
        ] {
            let sql = format!(
                "SELECT b.class, b.score, b.xmin, b.ymin, b.xmax, b.ymax FROM UNNEST(ML.NON_MAX_SUPPRESSION({call})) AS b \
                 WITH OFFSET AS o ORDER BY o"
            );
            let outcome = run_with(&Engine::default(), &sql, Params::default()).unwrap();
            let mut kept = Vec::new();
            for batch in &outcome.batches {
                let columns = batch.columns();
                let corner = |column: usize, row| columns[column].as_primitive::<Float64Type>().value(row);
                for row in 0..batch.rows() {
                    let class = columns[0].as_primitive::<Int64Type>().value(row);
                    kept.push((class, [1, 2, 3, 4, 5].map(|column| corner(column, row) as f32)));
                }
            }
            let wanted = |found: &Value| {
                let [class, index] = [0, 1].map(|at| found[at].as_u64().unwrap() as usize);
                let corners = &floats(boxes)[index * 4..][..4];
                let score = floats(scores)[index * 3 + class];
                (class as i64, [score, corners[0], corners[1], corners[2], corners[3]])
            };
            let wanted: Vec<_> = case["kept"].as_array().unwrap().iter().map(wanted).collect();
            assert_eq!(kept, wanted, "{call}");
        }
    }
}

#[test]
fn bad_pictures_are_told_apart() {
    let refused = |name: &str| picture("ML.DECODE_IMAGE(?)", &format!("bad/{name}")).unwrap_err();
    for (name, message) in [
        ("empty.png", "expected a JPEG, PNG, BMP, WebP or GIF, found no bytes"),
        ("text.png", "expected a JPEG, PNG, BMP, WebP or GIF, found text"),
        ("picture.tiff", "expected a JPEG, PNG, BMP, WebP or GIF, found a TIFF picture"),
        ("ends_early.jpg", "expected a whole picture, found a truncated JPEG"),
        ("starved.jpg", "expected a whole picture, found a truncated JPEG"),
        ("arithmetic.jpg", "found a JPEG of a kind that is not read: its coding is arithmetic"),
        ("lossless.jpg", "found a JPEG of a kind that is not read: it is lossless"),
        ("hierarchical.jpg", "found a JPEG of a kind that is not read: it is hierarchical"),
        ("12_bits.jpg", "found a JPEG of a kind that is not read: its values have 12 bits"),
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
