//! Pictures, a target for each codec.

use pictures::{Format, Options, Picture, Pixels, Target, decode, encode, inspect};

use crate::fixtures;

pub(crate) fn seeds(ending: &str) -> Vec<Vec<u8>> {
    let mut all = fixtures("fixtures/images", &[ending]);
    all.retain(|bytes| bytes.len() < 16 << 10);
    all
}

/// What a host has decoded: two pixels, and how they are to be turned.
pub(crate) fn pixels() -> Vec<Vec<u8>> {
    vec![[2, 0, 0, 0, 1, 0, 0, 0, 6, 0, 0, 0, 255, 0, 51, 255, 10, 20, 30, 0].to_vec()]
}

pub(crate) fn run(format: Format, input: &[u8]) {
    let flag = input.last().copied().unwrap_or_default();
    let options = Options {
        // A tenth of what a page allows, so that none takes seconds for good reason.
        most_pixels: 10_000_000,
        most_values: if flag & 1 == 0 { 750_000 } else { 300 },
        upright: flag & 2 == 0,
        background: (flag & 4 == 0).then_some([1, 2, 255]),
        target: (flag & 8 == 0).then_some(Target {
            height: 7,
            width: 5,
            preserves_aspect_ratio: flag & 16 == 0,
        }),
    };
    let inspected = inspect(input, format, &options);
    if let Ok(picture) = decode(input, format, &options) {
        assert_eq!(picture.values.len(), picture.height * picture.width * 3);
        assert!(picture.values.len() <= options.most_values as usize);
        // What lies between two values is rounded.
        let most = if options.target.is_some() { 1.0 + f32::EPSILON } else { 1.0 };
        assert!(picture.values.iter().all(|value| (0.0..=most).contains(value)));
        assert!(inspected.is_ok() || format != Format::Jpeg, "what is decoded was refused before");
        come_back(&picture, &options);
    }
}

/// What is written as a PNG is read as it was; what is written as a JPEG has its size.
fn come_back(picture: &Picture, options: &Options) {
    let Picture { height, width, ref values, .. } = *picture;
    if values.len() > 3_000 {
        return;
    }
    let bytes: Vec<u8> = values.iter().map(|value| (value * 255.5) as u8).collect();
    let pixels = Pixels { height: height as u32, width: width as u32, channels: 3, values: &bytes };
    let options = Options { most_values: 750_000, target: None, ..*options };
    for format in [Format::Png, Format::Jpeg] {
        let Ok(file) = encode(pixels, format, 90) else { panic!("a picture cannot be written") };
        let Ok(again) = decode(&file, format, &options) else { panic!("what was written cannot be read") };
        assert_eq!((again.height, again.width), (height, width));
        let is_same = || again.values.iter().zip(&bytes).all(|(value, byte)| (value * 255.5) as u8 == *byte);
        assert!(format == Format::Jpeg || is_same(), "a PNG has other values");
    }
}
