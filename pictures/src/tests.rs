//! Pictures that are made here, value by value, and what becomes of them.

use std::io::Cursor;

use image::{ExtendedColorType, ImageFormat};

use crate::{Failure, Format, Kind, Options, Picture, Refusal, Target, bilinear};

const OPTIONS: Options = Options {
    most_pixels: 100_000_000,
    most_values: 7_500_000,
    upright: false,
    background: None,
    target: None,
};

/// `values` as a picture in a format without loss.
fn encode(format: ImageFormat, color: ExtendedColorType, width: u32, height: u32, values: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    image::write_buffer_with_format(&mut Cursor::new(&mut bytes), values, width, height, color, format)
        .unwrap();
    bytes
}

fn png(color: ExtendedColorType, values: &[u8]) -> Vec<u8> {
    encode(ImageFormat::Png, color, 2, 1, values)
}

fn read(bytes: &[u8]) -> Picture {
    decode(bytes, &OPTIONS).unwrap()
}

fn refuse(bytes: &[u8]) -> Failure {
    decode(bytes, &OPTIONS).unwrap_err().failure
}

fn decode(bytes: &[u8], options: &Options) -> Result<Picture, Refusal> {
    let format = match bytes {
        [0x89, b'P', ..] => Format::Png,
        [b'B', b'M', ..] => Format::Bmp,
        [b'G', b'I', ..] => Format::Gif,
        [b'R', b'I', ..] => Format::WebP,
        _ => Format::Jpeg,
    };
    crate::decode(bytes, format, options)
}

fn as_bytes(values: [u16; 8]) -> Vec<u8> {
    values.iter().flat_map(|value| value.to_ne_bytes()).collect()
}

#[test]
fn values_are_bytes_by_255_in_32_bits() {
    // 74/255, 80/255 and 10/255 as BigQuery's tutorial table shows them.
    let image = read(&png(ExtendedColorType::Rgb8, &[74, 80, 10, 0, 1, 255]));
    assert_eq!((image.height, image.width), (1, 2));
    let wide: Vec<String> = image.values.iter().map(|value| format!("{value:.17}")).collect();
    assert_eq!(wide[..3], ["0.29019609093666077", "0.31372550129890442", "0.03921568766236305"]);
    assert_eq!(image.values[3..], [0.0, 1.0 / 255.0, 1.0]);
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
        assert_eq!(read(&bytes).values, expected, "{name}");
    }
}

#[test]
fn rows_come_from_the_top() {
    let values = [1, 1, 1, 2, 2, 2, 3, 3, 3, 4, 4, 4];
    for format in [ImageFormat::Png, ImageFormat::Bmp] {
        let image = read(&encode(format, ExtendedColorType::Rgb8, 1, 4, &values));
        assert_eq!((image.height, image.width), (4, 1));
        assert_eq!(image.values, values.map(|value| f32::from(value) / 255.0));
    }
}

fn fixture(path: &str) -> Vec<u8> {
    let path = format!("{}/../tests/fixtures/{path}", env!("CARGO_MANIFEST_DIR"));
    std::fs::read(&path).unwrap_or_else(|error| panic!("{path}: {error}"))
}

#[test]
fn limits_are_met_before_decoding() {
    let bytes = encode(ImageFormat::Png, ExtendedColorType::L8, 1000, 1000, &[0; 1_000_000]);
    let options = Options { most_pixels: 999_999, ..OPTIONS };
    let failure = decode(&bytes, &options).unwrap_err().failure;
    assert_eq!(failure, Failure::TooManyPixels { width: 1000, height: 1000 });
}

#[test]
fn large_pictures_shrink_to_the_mean_of_their_parts() {
    let values: Vec<u8> =
        [0, 100, 200, 40, 20, 80, 60, 0].into_iter().flat_map(|value| [value, 0, 255]).collect();
    let bytes = encode(ImageFormat::Png, ExtendedColorType::Rgb8, 4, 2, &values);
    let options = Options { most_values: 6, ..OPTIONS };
    let image = decode(&bytes, &options).unwrap();
    assert_eq!((image.height, image.width), (1, 2));
    // (0 + 100 + 20 + 80) / 4 and (200 + 40 + 60 + 0) / 4.
    let expected = [50.0 / 255.0, 0.0, 1.0, 75.0 / 255.0, 0.0, 1.0];
    assert_eq!(image.values.len(), expected.len());
    assert!(image.values.iter().zip(expected).all(|(found, expected)| (found - expected).abs() < 1e-6));

    let photo = encode(ImageFormat::Png, ExtendedColorType::Rgb8, 300, 200, &[77; 180_000]);
    let options = Options { most_values: 50_000, ..OPTIONS };
    let image = decode(&photo, &options).unwrap();
    assert_eq!((image.height, image.width), (105, 158));
    assert!(image.values.iter().all(|value| (value - 77.0 / 255.0).abs() < 1e-5));
}

#[test]
fn pictures_are_shrunk_and_turned_before_they_are_resized() {
    let bytes = fixture("images/exif_orientation_6.jpg");
    for options in [
        OPTIONS,
        Options { upright: true, ..OPTIONS },
        Options { most_values: 300, ..OPTIONS },
        Options { most_values: 300, upright: true, ..OPTIONS },
    ] {
        let whole = decode(&bytes, &options).unwrap();
        let target = Some(Target { height: 5, width: 8, preserves_aspect_ratio: false });
        let found = decode(&bytes, &Options { target, ..options }).unwrap();
        let sides = [whole.height, whole.width];
        let wanted = bilinear(sides, [5, 8], 3, |row, columns, line| {
            let value = |column: usize, channel| whole.values[(row * sides[1] + column) * 3 + channel];
            for (at, target) in line.iter_mut().enumerate() {
                let tap = columns[at / 3];
                *target = tap.between(value(tap.low, at % 3), value(tap.high, at % 3));
            }
        });
        assert_eq!((found.height, found.width, found.orientation), (5, 8, whole.orientation));
        assert_eq!(found.values, wanted);
    }
}

#[test]
fn pictures_that_end_early_are_told() {
    let values: Vec<u8> = (0..=255).cycle().take(30 * 20 * 3).collect();
    for format in [ImageFormat::Png, ImageFormat::Bmp] {
        let bytes = encode(format, ExtendedColorType::Rgb8, 30, 20, &values);
        assert_eq!(refuse(&bytes[..bytes.len() / 2]), Failure::Truncated);
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
    let attempt = |bytes: &[u8]| match decode(bytes, &OPTIONS) {
        Ok(image) => assert_eq!(image.values.len(), image.height * image.width * 3),
        Err(refusal) => assert_ne!(refusal.failure, Failure::Stopped),
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

/// A progressive JPEG of so many pixels and scans, which has enough bytes for them and says nothing in them.
fn scanned(height: u16, width: u16, scans: usize) -> Vec<u8> {
    let ([h1, h0], [w1, w0]) = (height.to_be_bytes(), width.to_be_bytes());
    let head = [0xff, 0xd8, 0xff, 0xc2, 0, 11, 8, h1, h0, w1, w0, 1, 1, 0x11, 0];
    let scan = [&[0xff, 0xda, 0, 8, 1, 1, 0, 0, 0, 0][..], &[0; 20_000]].concat();
    [&head[..], &scan.repeat(scans), &[0xff, 0xd9]].concat()
}

/// Each of a hundred scans over 25 million pixels would take a second.
#[test]
fn pictures_that_would_take_minutes_are_refused_before_they_are_decoded() {
    let most = usize::try_from(16 * u64::from(OPTIONS.most_pixels) / 25_000_000).unwrap();
    assert_eq!(refuse(&scanned(5000, 5000, most + 1)), Failure::TooManyScans { scans: 65 });
    assert_ne!(refuse(&scanned(100, 100, most + 1)), Failure::TooManyScans { scans: 65 });
    // What is too short for its pixels is not looked at.
    assert_eq!(refuse(&scanned(u16::MAX, 1500, 1)), Failure::Truncated);
}

#[test]
fn what_a_host_has_decoded_is_a_picture() {
    let options = Options { background: Some([255; 3]), ..OPTIONS };
    let header = [2, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0];
    let host = |pixels: &[u8]| [&header[..], pixels].concat();
    let bytes = host(&[255, 0, 51, 255, 10, 20, 30, 0]);
    let picture = crate::decode(&bytes, Format::Pixels, &OPTIONS).unwrap();
    assert_eq!((picture.height, picture.width, picture.orientation), (1, 2, 1));
    assert_eq!(picture.values[..3], [1.0, 0.0, 0.2]);
    assert_eq!(crate::decode(&bytes, Format::Pixels, &options).unwrap().values[3..], [1.0; 3]);
    let refused = |bytes: &[u8]| crate::decode(bytes, Format::Pixels, &OPTIONS).unwrap_err().failure;
    assert_eq!(refused(&host(&[1, 2, 3])), Failure::Damaged);
    assert_eq!(refused(&header[..5]), Failure::Truncated);
    let upright = Options { upright: true, ..OPTIONS };
    let turned = [&[2, 0, 0, 0, 1, 0, 0, 0, 6, 0, 0, 0][..], &[255, 0, 51, 255, 10, 20, 30, 0]].concat();
    assert_eq!(crate::decode(&turned, Format::Pixels, &OPTIONS).unwrap().orientation, 6);
    let picture = crate::decode(&turned, Format::Pixels, &upright).unwrap();
    assert_eq!((picture.height, picture.width, picture.orientation), (2, 1, 1));
    assert_eq!(refused(&[0; 12]), Failure::Empty { width: 0, height: 0 });
}

#[test]
fn what_a_host_decodes_is_judged_by_its_file() {
    let inspect = |name: &str| crate::inspect(&fixture(&format!("images/{name}")), Format::Jpeg, &OPTIONS);
    assert_eq!(inspect("baseline.jpg"), Ok([16, 24, 1]));
    assert_eq!(inspect("exif_orientation_6.jpg"), Ok([16, 24, 6]));
    for (name, failure) in [
        ("truncated", Failure::Truncated),
        ("starved", Failure::Truncated),
        ("arithmetic", Failure::Unsupported(Kind::Arithmetic)),
        ("bomb", Failure::TooManyPixels { width: 60_000, height: 60_000 }),
    ] {
        assert_eq!(inspect(&format!("bad/{name}.jpg")).unwrap_err().failure, failure, "{name}");
    }
}
