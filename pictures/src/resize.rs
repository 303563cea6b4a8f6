//! Bilinear resizing with the numbers of TensorFlow 2's `tf.image.resize`: pixel centres are at halves, and the edge is
//! repeated outside of the picture. It serves pictures as they are decoded and those that are there as floats, so that both
//! have the same bits.

/// The largest size of the ratio of `from` inside `to`, a height and a width each.
#[must_use]
pub fn inside(from: [usize; 2], to: [usize; 2]) -> [usize; 2] {
    let [[from_height, from_width], [height, width]] = [from, to];
    // In 32-bit floats, as TensorFlow computes it: where a side would end in the middle between two sizes, they decide.
    #[expect(clippy::cast_precision_loss, reason = "sizes of pictures are below 2^24")]
    let factor = (height as f32 / from_height as f32).min(width as f32 / from_width as f32);
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "positive, and kept inside the box"
    )]
    let scaled =
        |size: usize, most: usize| ((size as f32 * factor).round_ties_even() as usize).clamp(1, most);
    [scaled(from_height, height), scaled(from_width, width)]
}

/// The two source rows or columns that a target lies between, both within the source, and how far it is from the first.
#[derive(Debug, Clone, Copy)]
pub struct Tap {
    /// The first of them.
    pub low: usize,
    /// The second.
    pub high: usize,
    lerp: f32,
}

impl Tap {
    /// The value between those of the two.
    #[must_use]
    pub fn between(&self, low: f32, high: f32) -> f32 {
        low + (high - low) * self.lerp
    }
}

#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "TensorFlow computes positions in 32-bit floats; they are clamped to the picture"
)]
fn taps(from: usize, to: usize) -> Vec<Tap> {
    let scale = from as f32 / to as f32;
    (0..to)
        .map(|target| {
            let position = (target as f32 + 0.5) * scale - 0.5;
            let floor = position.floor();
            let clamp = |position: f32| (position.max(0.0) as usize).min(from - 1);
            Tap { low: clamp(floor), high: clamp(position.ceil()), lerp: position - floor }
        })
        .collect()
}

/// The pixels of one row at `columns`, of `C` channels each; `pixel` gives those of the row itself by their places.
#[expect(clippy::indexing_slicing, reason = "pixels have as many channels as each other")]
pub fn across<const C: usize>(columns: &[Tap], line: &mut [f32], pixel: impl Fn(usize) -> [f32; C]) {
    for (target, tap) in line.as_chunks_mut::<C>().0.iter_mut().zip(columns) {
        let (low, high) = (pixel(tap.low), pixel(tap.high));
        *target = std::array::from_fn(|channel| tap.between(low[channel], high[channel]));
    }
}

/// A picture of the height and width `from` at `to`, sides of at least 1, with `channels` values for each pixel. `fill` resizes
/// one row of it in width: it is given the row, where each column of the result lies, and the place of the values.
pub fn bilinear(
    from: [usize; 2],
    to: [usize; 2],
    channels: usize,
    mut fill: impl FnMut(usize, &[Tap], &mut [f32]),
) -> Vec<f32> {
    let columns = taps(from[1], to[1]);
    let length = to[1] * channels;
    let mut data = vec![0.0; to[0] * length];
    let mut lines = [(); 2].map(|()| Line { row: None, values: vec![0.0; length] });
    for (target, row) in data.chunks_exact_mut(length).zip(taps(from[0], to[0])) {
        if lines[1].row == Some(row.low) {
            lines.swap(0, 1);
        }
        for (line, row) in lines.iter_mut().zip([row.low, row.high]) {
            if line.row != Some(row) {
                line.row = Some(row);
                fill(row, &columns, &mut line.values);
            }
        }
        let [above, below] = &lines;
        for ((value, above), below) in target.iter_mut().zip(&above.values).zip(&below.values) {
            *value = row.between(*above, *below);
        }
    }
    data
}

/// One source row, resized in width.
struct Line {
    row: Option<usize>,
    values: Vec<f32>,
}
