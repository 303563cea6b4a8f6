//! Pictures that are built here, value by value, and what becomes of them.

use super::*;
use crate::limits::{Limits, RESIZED_VALUES};

fn refuse(bytes: &[u8]) -> String {
    let error = Decoder::LINKED.decode(bytes, Wishes::default(), &Limits::default()).unwrap_err();
    assert_eq!(error.code(), Code::InvalidImage);
    error.first().message.clone()
}

#[test]
fn other_formats_are_named() {
    for (bytes, found) in [
        (&b""[..], "no bytes"),
        (b"GIF\0", "bytes of an unknown format"),
        (b"\0\0\0\x18ftypisom\0\0\0\0isommp41", "an MP4 or QuickTime video"),
        (b"<?xml version=\"1.0\"?>\n<svg xmlns=\"http://www.w3.org/2000/svg\"/>", "an SVG drawing"),
        (b"%PDF-1.7\n", "a PDF"),
        (b"\n<!doctype html><html></html>", "an HTML page"),
        (b"Not Found", "text"),
        (b"\x01\x02\xfe\xff", "bytes of an unknown format"),
    ] {
        assert_eq!(refuse(bytes), format!("expected a JPEG, PNG, BMP, WebP or GIF, found {found}"));
    }
}

#[test]
fn formats_that_only_browsers_decode_are_named() {
    for (bytes, found) in [
        (&b"\0\0\0\x1cftypavif\0\0\0\0mif1miaf"[..], "AVIF"),
        (b"\0\0\0\x1cftypmif1\0\0\0\0mif1avif", "AVIF"),
        (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", "HEIC"),
    ] {
        let message = refuse(bytes);
        assert!(
            message.contains(&format!("found one {found} picture, which is decoded by some")),
            "{message}"
        );
    }
}

fn photo() -> Vec<u8> {
    std::fs::read(format!("{}/tests/fixtures/images/photo.png", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

#[test]
fn limits_are_met_before_decoding() {
    let bytes = photo();
    let refused = |limits: &Limits| {
        let error = Decoder::LINKED.decode(&bytes, Wishes::default(), limits).unwrap_err();
        assert_eq!(error.code(), Code::LimitExceeded);
        error.first().message.clone()
    };
    let limits = Limits { image_pixels: 24 * 16 - 1, ..Limits::default() };
    assert_eq!(refused(&limits), "expected a picture of at most 383 pixels, found 24 × 16");
    let limits = Limits { image_bytes: bytes.len() - 1, ..Limits::default() };
    let (most, found) = (bytes.len() - 1, bytes.len());
    assert_eq!(refused(&limits), format!("expected a picture of at most {most} bytes, found {found}"));
}

/// Any picture: `(7i² + 13i) mod 256` by 255.
fn pattern(height: i64, width: i64, channels: i64) -> ([i64; 3], Vec<f32>) {
    let byte = |i: i64| u8::try_from((7 * i * i + 13 * i) % 256).unwrap();
    let values = (0..height * width * channels).map(|i| f32::from(byte(i)) / 255.0);
    ([height, width, channels], values.collect())
}

fn resized(
    (shape, values): ([i64; 3], &[f32]),
    height: usize,
    width: usize,
    preserves_aspect_ratio: bool,
) -> Result<Image> {
    let target = Target { height, width, preserves_aspect_ratio, antialias: false };
    resize(View::new(&shape, values).unwrap(), target, RESIZED_VALUES)
}

// References: onnxruntime 1.31.1, operator Resize, mode `linear`, `half_pixel`, without antialiasing.
#[test]
fn pictures_of_other_than_three_channels_are_resized() {
    let upwards = [
        0.0,
        0.031_372_555,
        0.078_431_375,
        0.158_431_38,
        0.211_764_71,
        0.1,
        0.147_843_15,
        0.219_607_86,
        0.324_313_76,
        0.394_117_65,
        0.3,
        0.380_784_33,
        0.501_960_8,
        0.656_078_46,
        0.758_823_5,
        0.4,
        0.497_254_9,
        0.643_137_3,
        0.821_960_8,
        0.941_176_5,
    ];
    let downwards = [0.647_058_84, 0.733_333_35];
    for ((shape, values), height, width, expected) in
        [(pattern(2, 3, 1), 4, 5, &upwards[..]), (pattern(4, 6, 2), 1, 1, &downwards)]
    {
        let image = resized((shape, &values), height, width, false).unwrap();
        assert_eq!(image.data.len(), expected.len());
        assert!(image.data.iter().zip(expected).all(|(found, expected)| (found - expected).abs() < 1e-6));
    }
}

#[test]
fn the_aspect_ratio_can_be_kept() {
    for ((height, width), (most_height, most_width), expected) in [
        // The example of BigQuery's documentation.
        ((20, 200), (10, 120), (10, 100)),
        ((200, 20), (120, 10), (100, 10)),
        ((400, 600), (224, 224), (149, 224)),
        ((2, 2), (10, 7), (7, 7)),
        ((1, 500), (10, 10), (1, 10)),
        // 248.5 in real numbers: TensorFlow 2's `resize(…, preserve_aspect_ratio=True)` gives 248.
        ((384, 426), (224, 299), (224, 248)),
    ] {
        let (shape, values) = pattern(height, width, 1);
        let image = resized((shape, &values), most_height, most_width, true).unwrap();
        assert_eq!((image.height, image.width), expected);
    }
}

#[test]
fn a_picture_of_the_same_size_is_the_same() {
    let (shape, values) = pattern(5, 7, 3);
    assert_eq!(resized((shape, &values), 5, 7, false).unwrap().data, values);
}

#[test]
fn sizes_are_checked() {
    let (shape, values) = pattern(2, 2, 3);
    let refused = |height, width| resized((shape, &values), height, width, false).unwrap_err().code();
    assert_eq!(refused(0, 5), Code::InvalidValue);
    assert_eq!(refused(100_000, 100_000), Code::LimitExceeded);
    assert_eq!(refused(usize::MAX, usize::MAX), Code::LimitExceeded);
    for shape in [&[2, 2][..], &[2, 2, 4], &[0, 2, 3], &[-2, -2, 3], &[i64::MAX, 2, 3]] {
        assert_eq!(View::new(shape, &values).unwrap_err().code(), Code::InvalidValue);
    }
}
