//! Pictures, each by its codec.

use pictures::{Format, Options, decode};

use crate::fixtures;

pub(crate) fn seeds() -> Vec<Vec<u8>> {
    let mut all = fixtures("fixtures/images", &["jpg", "png", "gif", "bmp", "webp"]);
    all.retain(|bytes| bytes.len() < 16 << 10);
    all
}

pub(crate) fn run(input: &[u8]) {
    let format = match input {
        [0xff, 0xd8, ..] => Format::Jpeg,
        [0x89, ..] => Format::Png,
        [b'B', ..] => Format::Bmp,
        [b'G', ..] => Format::Gif,
        [b'R', ..] => Format::WebP,
        _ => Format::Pixels,
    };
    let flag = input.last().copied().unwrap_or_default();
    let options = Options {
        // A tenth of what a page allows, so that none takes seconds for good reason.
        most_pixels: 10_000_000,
        most_values: if flag & 1 == 0 { 750_000 } else { 300 },
        upright: flag & 2 == 0,
        background: (flag & 4 == 0).then_some([1, 2, 255]),
    };
    if let Ok(picture) = decode(input, format, &options) {
        assert_eq!(picture.values.len(), picture.height * picture.width * 3);
        assert!(picture.values.len() <= options.most_values as usize);
        assert!(picture.values.iter().all(|value| (0.0..=1.0).contains(value)));
    }
}
