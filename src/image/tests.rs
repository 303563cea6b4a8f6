//! Pictures that are built here, value by value, and what becomes of them.

use std::io::Cursor;

use ::image::{ExtendedColorType, ImageFormat};

use super::*;
use crate::limits::Limits;

/// `values` as a picture in a format without loss.
fn encode(format: ImageFormat, color: ExtendedColorType, width: u32, height: u32, values: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    ::image::write_buffer_with_format(&mut Cursor::new(&mut bytes), values, width, height, color, format)
        .unwrap();
    bytes
}

fn png(color: ExtendedColorType, values: &[u8]) -> Vec<u8> {
    encode(ImageFormat::Png, color, 2, 1, values)
}

fn read(bytes: &[u8]) -> Image {
    decode(bytes, &Limits::default()).unwrap()
}

fn refuse(bytes: &[u8]) -> String {
    let error = decode(bytes, &Limits::default()).unwrap_err();
    assert_eq!(error.code(), Code::InvalidImage);
    error.first().message.clone()
}

fn as_bytes(values: [u16; 8]) -> Vec<u8> {
    values.iter().flat_map(|value| value.to_ne_bytes()).collect()
}

#[test]
fn values_are_bytes_by_255_in_32_bits() {
    // 74/255, 80/255 and 10/255 as BigQuery's tutorial table shows them.
    let image = read(&png(ExtendedColorType::Rgb8, &[74, 80, 10, 0, 1, 255]));
    assert_eq!((image.height, image.width, image.channels), (1, 2, 3));
    let wide: Vec<String> = image.data.iter().map(|value| format!("{value:.17}")).collect();
    assert_eq!(wide[..3], ["0.29019609093666077", "0.31372550129890442", "0.03921568766236305"]);
    assert_eq!(image.data[3..], [0.0, 1.0 / 255.0, 1.0]);
}

#[test]
fn every_picture_has_three_channels() {
    let k = |byte: u8| f32::from(byte) / 255.0;
    let colors = [k(10), k(20), k(30), k(40), k(50), k(60)];
    let gray = [k(10), k(10), k(10), k(40), k(40), k(40)];
    for (name, bytes, expected) in [
        ("gray", png(ExtendedColorType::L8, &[10, 40]), gray),
        ("gray and alpha", png(ExtendedColorType::La8, &[10, 0, 40, 128]), gray),
        ("colors and alpha", png(ExtendedColorType::Rgba8, &[10, 20, 30, 0, 40, 50, 60, 128]), colors),
        // Of 16 bits the high byte counts.
        (
            "16-bit gray",
            png(ExtendedColorType::L16, &as_bytes([0x0a00, 0x28ff, 0, 0, 0, 0, 0, 0])[..4]),
            gray,
        ),
        (
            "16-bit colors and alpha",
            png(
                ExtendedColorType::Rgba16,
                &as_bytes([0x0a00, 0x14ff, 0x1e80, 0, 0x287f, 0x3200, 0x3c01, 0xffff]),
            ),
            colors,
        ),
        ("BMP", encode(ImageFormat::Bmp, ExtendedColorType::Rgb8, 2, 1, &[10, 20, 30, 40, 50, 60]), colors),
        ("gray BMP", encode(ImageFormat::Bmp, ExtendedColorType::L8, 2, 1, &[10, 40]), gray),
    ] {
        assert_eq!(read(&bytes).data, expected, "{name}");
    }
}

#[test]
fn rows_come_from_the_top() {
    let values = [1, 1, 1, 2, 2, 2, 3, 3, 3, 4, 4, 4];
    for format in [ImageFormat::Png, ImageFormat::Bmp] {
        let image = read(&encode(format, ExtendedColorType::Rgb8, 1, 4, &values));
        assert_eq!((image.height, image.width), (4, 1));
        assert_eq!(image.data, values.map(|value| f32::from(value) / 255.0));
    }
}

fn fixture(path: &str) -> Vec<u8> {
    let path = format!("{}/tests/fixtures/{path}", env!("CARGO_MANIFEST_DIR"));
    std::fs::read(&path).unwrap_or_else(|error| panic!("{path}: {error}"))
}

#[test]
fn other_formats_are_named() {
    for (bytes, found) in [
        (&b""[..], "no bytes"),
        (b"GIF89a\x01\0", "a GIF"),
        (b"RIFF\x24\0\0\0WEBPVP8 ", "a WebP picture"),
        (b"\0\0\0\x20ftypavif\0\0\0\0", "an AVIF picture"),
        (b"\0\0\0\x18ftypheic\0\0\0\0", "a HEIC picture"),
        (b"<?xml version=\"1.0\"?>\n<svg xmlns=\"http://www.w3.org/2000/svg\"/>", "an SVG drawing"),
        (b"%PDF-1.7\n", "a PDF"),
        (b"\n<!doctype html><html></html>", "an HTML page"),
        (b"Not Found", "text"),
        (b"\x01\x02\xfe\xff", "bytes of an unknown format"),
    ] {
        assert_eq!(refuse(bytes), format!("expected a JPEG, PNG or BMP, found {found}"));
    }
}

#[test]
fn limits_are_met_before_decoding() {
    let bytes = encode(ImageFormat::Png, ExtendedColorType::L8, 1000, 1000, &[0; 1_000_000]);
    let limits = Limits { image_pixels: 999_999, ..Limits::default() };
    let error = decode(&bytes, &limits).unwrap_err();
    assert_eq!(error.code(), Code::LimitExceeded);
    assert_eq!(error.first().message, "expected a picture of at most 999999 pixels, found 1000 × 1000");
    let limits = Limits { image_bytes: bytes.len() - 1, ..Limits::default() };
    assert_eq!(decode(&bytes, &limits).unwrap_err().code(), Code::LimitExceeded);
}

#[test]
fn large_pictures_shrink_to_the_mean_of_their_parts() {
    let values: Vec<u8> =
        [0, 100, 200, 40, 20, 80, 60, 0].into_iter().flat_map(|value| [value, 0, 255]).collect();
    let bytes = encode(ImageFormat::Png, ExtendedColorType::Rgb8, 4, 2, &values);
    let limits = Limits { image_values: 6, ..Limits::default() };
    let image = decode(&bytes, &limits).unwrap();
    assert_eq!((image.height, image.width, image.channels), (1, 2, 3));
    // (0 + 100 + 20 + 80) / 4 and (200 + 40 + 60 + 0) / 4.
    let expected = [50.0 / 255.0, 0.0, 1.0, 75.0 / 255.0, 0.0, 1.0];
    assert_eq!(image.data.len(), expected.len());
    assert!(image.data.iter().zip(expected).all(|(found, expected)| (found - expected).abs() < 1e-6));

    let photo = encode(ImageFormat::Png, ExtendedColorType::Rgb8, 300, 200, &[77; 180_000]);
    let limits = Limits { image_values: 50_000, ..Limits::default() };
    let image = decode(&photo, &limits).unwrap();
    assert_eq!((image.height, image.width), (105, 158));
    assert!(image.data.iter().all(|value| (value - 77.0 / 255.0).abs() < 1e-5));
}

/// Any picture: `(7i² + 13i) mod 256` by 255.
fn pattern(height: i64, width: i64, channels: i64) -> ([i64; 3], Vec<f32>) {
    let byte = |i: i64| u8::try_from((7 * i * i + 13 * i) % 256).unwrap();
    let values = (0..height * width * channels).map(|i| f32::from(byte(i)) / 255.0);
    ([height, width, channels], values.collect())
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
        let image = resize(View::new(&shape, &values).unwrap(), height, width, false).unwrap();
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
    ] {
        let (shape, values) = pattern(height, width, 1);
        let image = resize(View::new(&shape, &values).unwrap(), most_height, most_width, true).unwrap();
        assert_eq!((image.height, image.width), expected);
    }
}

#[test]
fn a_picture_of_the_same_size_is_the_same() {
    let (shape, values) = pattern(5, 7, 3);
    assert_eq!(resize(View::new(&shape, &values).unwrap(), 5, 7, false).unwrap().data, values);
}

#[test]
fn sizes_are_checked() {
    let (shape, values) = pattern(2, 2, 3);
    let view = View::new(&shape, &values).unwrap();
    assert_eq!(resize(view, 0, 5, false).unwrap_err().code(), Code::InvalidValue);
    assert_eq!(resize(view, 100_000, 100_000, false).unwrap_err().code(), Code::LimitExceeded);
    assert_eq!(resize(view, usize::MAX, usize::MAX, false).unwrap_err().code(), Code::LimitExceeded);
    for shape in [&[2, 2][..], &[2, 2, 4], &[0, 2, 3], &[-2, -2, 3], &[i64::MAX, 2, 3]] {
        assert_eq!(View::new(shape, &values).unwrap_err().code(), Code::InvalidValue);
    }
}

#[test]
fn pictures_that_end_early_are_told() {
    let values: Vec<u8> = (0..=255).cycle().take(30 * 20 * 3).collect();
    for (format, name) in [(ImageFormat::Png, "PNG"), (ImageFormat::Bmp, "BMP")] {
        let bytes = encode(format, ExtendedColorType::Rgb8, 30, 20, &values);
        let found = refuse(&bytes[..bytes.len() / 2]);
        assert_eq!(found, format!("expected a whole picture, found a truncated {name}"));
    }
}

#[test]
fn damaged_pictures_are_refused_without_a_crash() {
    let values: Vec<u8> = (0..=255).cycle().take(12 * 9 * 4).collect();
    for whole in [
        encode(ImageFormat::Png, ExtendedColorType::Rgba8, 12, 9, &values),
        encode(ImageFormat::Bmp, ExtendedColorType::Rgba8, 12, 9, &values),
        encode(ImageFormat::Bmp, ExtendedColorType::L8, 12, 9, &values[..108]),
        fixture("images/palette_alpha.png"),
        fixture("images/interlaced.png"),
        fixture("images/baseline.jpg"),
        fixture("images/progressive.jpg"),
        fixture("images/half_colour.jpg"),
        fixture("images/gray.jpg"),
    ] {
        damage(&whole);
    }
}

/// Cuts and bends bytes everywhere; what then reads as a picture is one.
fn damage(whole: &[u8]) {
    let attempt = |bytes: &[u8]| match decode(bytes, &Limits::default()) {
        Ok(image) => assert_eq!(image.data.len(), image.height * image.width * 3),
        Err(error) => assert!(matches!(error.code(), Code::InvalidImage | Code::LimitExceeded), "{error}"),
    };
    (0..whole.len()).for_each(|length| attempt(&whole[..length]));
    let mut bytes = whole.to_vec();
    for index in 0..whole.len() {
        for byte in [0, 0xff, whole[index] ^ 0x10] {
            bytes[index] = byte;
            attempt(&bytes);
        }
        bytes[index] = whole[index];
    }
}
