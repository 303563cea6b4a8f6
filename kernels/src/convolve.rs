//! Windows that move over pictures whose channels come last: convolutions and pools.
//!
//! A picture is `height × width × channels` numbers. Places of a window beyond its edges count as zeros in a convolution, and not at all in a pool.

use std::ops::Range;

use crate::lanes::{LANES, Lanes};
use crate::panels::{DEPTH, Finish, Panels, Product, ROWS, unit};

/// A window and the way it goes; two numbers are those of height and width.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// The picture.
    pub input: [usize; 2],
    /// The positions of the window.
    pub output: [usize; 2],
    /// The places of the window.
    pub kernel: [usize; 2],
    /// From one position to the next.
    pub strides: [usize; 2],
    /// From one place of the window to the next.
    pub dilations: [usize; 2],
    /// How far the first position lies before the picture.
    pub before: [usize; 2],
}

impl Window {
    /// The places along an axis that lie in the picture, at the position `at`.
    fn inside(&self, axis: usize, at: usize) -> Range<usize> {
        let [input, kernel] = [pick(&self.input, axis), pick(&self.kernel, axis)];
        let (dilation, before) = (pick(&self.dilations, axis), pick(&self.before, axis));
        let start = at * pick(&self.strides, axis);
        let first = before.saturating_sub(start).div_ceil(dilation);
        let last = (input + before).saturating_sub(start).div_ceil(dilation).min(kernel);
        first.min(last)..last
    }

    /// Where in the picture a place that lies in it is.
    fn place(&self, axis: usize, at: usize, tap: usize) -> usize {
        at * pick(&self.strides, axis) + tap * pick(&self.dilations, axis) - pick(&self.before, axis)
    }

    /// Whether the window is one place that goes over all of the picture.
    fn is_point(&self) -> bool {
        self.kernel == [1, 1] && self.strides == [1, 1] && self.before == [0, 0] && self.input == self.output
    }
}

fn pick(pair: &[usize; 2], axis: usize) -> usize {
    if axis == 0 { pair[0] } else { pair[1] }
}

/// Convolves a picture with the weights of each of `groups` of its channels, whose depth is the places of the window with their channels.
/// The result has the channels of all groups one after the other.
#[inline(never)]
#[expect(clippy::indexing_slicing, reason = "a picture has the numbers that its window says")]
pub fn dense(
    picture: &[f32],
    channels: usize,
    window: &Window,
    groups: &[Panels],
    finish: &Finish<'_>,
    result: &mut [f32],
) {
    let stride: usize = groups.iter().map(Panels::columns).sum();
    let own = channels / groups.len().max(1);
    if let [panels] = groups
        && window.is_point()
    {
        panels.product(picture, finish, None, result);
        return;
    }
    let (taps, offsets) = (taps(window), offsets(window, channels, own));
    let unit = unit(result.len() / stride.max(1));
    crew::split(result, unit * stride, unit * taps.len() * own * stride, |first, result| {
        let first_place = first * unit;
        let mut rows = Vec::new();
        for (nth, values) in result.chunks_mut(ROWS * stride).enumerate() {
            let count = values.len() / stride;
            let mut first = 0;
            for (group, panels) in groups.iter().enumerate() {
                let finish = Finish {
                    bias: finish.bias.get(first..first + panels.columns()).unwrap_or(&[]),
                    ..*finish
                };
                for part in parts(window, own) {
                    let depth = part.taps.len() * part.channels.len();
                    rows.resize(count * depth, 0.0);
                    let taken = part.channels.start + group * own..part.channels.end + group * own;
                    for (row, place) in rows.chunks_exact_mut(depth).zip(first_place + nth * ROWS..) {
                        let at = [place / window.output[1], place % window.output[1]];
                        let position = Position::new(window, channels, at);
                        match position.whole() {
                            Some(start) if own < SHORT => {
                                let picture = &picture[start + taken.start..];
                                let offsets = &offsets[part.start..part.start + depth];
                                row.iter_mut().zip(offsets).for_each(|(to, offset)| *to = picture[*offset]);
                            }
                            _ => position.gather(picture, &taps[part.taps.clone()], &taken, row),
                        }
                    }
                    let mut product = Product { values: &mut *values, stride, first };
                    panels.all().multiply(
                        &rows[..count * depth],
                        depth,
                        (part.start, depth),
                        &mut product,
                        &finish,
                    );
                }
                first += panels.columns();
            }
        }
    });
}

/// A part of the depth.
struct Part {
    /// Where it begins.
    start: usize,
    taps: Range<usize>,
    channels: Range<usize>,
}

/// The depth of a window over `channels`, in parts that the caches hold: several places, or a part of the channels of one.
fn parts(window: &Window, channels: usize) -> impl Iterator<Item = Part> {
    let taps = window.kernel[0] * window.kernel[1];
    let (together, own) = ((DEPTH / channels.max(1)).max(1), channels.clamp(1, DEPTH));
    (0..taps).step_by(together).flat_map(move |tap| {
        (0..channels).step_by(own).map(move |channel| Part {
            start: tap * channels + channel,
            taps: tap..(tap + together).min(taps),
            channels: channel..(channel + own).min(channels),
        })
    })
}

/// Of fewer channels the numbers are looked up one by one: a copy of them would take longer.
const SHORT: usize = 16;

/// Where the numbers of a window over `own` channels are in the picture, from its first place on.
fn offsets(window: &Window, channels: usize, own: usize) -> Vec<usize> {
    if own >= SHORT {
        return Vec::new();
    }
    let place = |(y, x)| y * window.dilations[0] * window.input[1] + x * window.dilations[1];
    let starts = taps(window).into_iter().map(place);
    starts.flat_map(|start| (0..own).map(move |channel| start * channels + channel)).collect()
}

/// The places of a window, each with its line and its column.
fn taps(window: &Window) -> Vec<(usize, usize)> {
    let [height, width] = window.kernel;
    (0..height).flat_map(|y| (0..width).map(move |x| (y, x))).collect()
}

/// A window at a position.
struct Position<'a> {
    window: &'a Window,
    channels: usize,
    top: usize,
    left: usize,
    /// The places that lie in the picture.
    down: Range<usize>,
    right: Range<usize>,
}

impl<'a> Position<'a> {
    fn new(window: &'a Window, channels: usize, [top, left]: [usize; 2]) -> Self {
        let (down, right) = (window.inside(0, top), window.inside(1, left));
        Self { window, channels, top, left, down, right }
    }

    /// The positions of the window from the line `first` on, line by line.
    fn from_line(window: &'a Window, channels: usize, first: usize) -> impl Iterator<Item = Self> {
        let [height, width] = window.output;
        (first..height).flat_map(move |top| {
            let down = window.inside(0, top);
            (0..width).map(move |left| {
                let (down, right) = (down.clone(), window.inside(1, left));
                Self { window, channels, top, left, down, right }
            })
        })
    }

    /// Where in the picture the numbers of a place begin; `None` where it lies beyond the edges.
    #[inline(always)]
    fn start(&self, (y, x): (usize, usize)) -> Option<usize> {
        let is_inside = self.down.contains(&y) && self.right.contains(&x);
        is_inside.then(|| {
            let line = self.window.place(0, self.top, y) * self.window.input[1];
            (line + self.window.place(1, self.left, x)) * self.channels
        })
    }

    /// Where the first place begins, if no place lies beyond the edges.
    fn whole(&self) -> Option<usize> {
        let is_whole = [self.down.clone(), self.right.clone()] == self.window.kernel.map(|length| 0..length);
        is_whole.then(|| self.start((0, 0))).flatten()
    }

    /// The channels `taken` of some places, one after the other; zeros beyond the edges.
    #[expect(clippy::indexing_slicing, reason = "a picture has the numbers that its window says")]
    fn gather(&self, picture: &[f32], taps: &[(usize, usize)], taken: &Range<usize>, row: &mut [f32]) {
        for (tap, part) in taps.iter().zip(row.chunks_exact_mut(taken.len())) {
            match self.start(*tap) {
                Some(start) => part.copy_from_slice(&picture[start..][taken.clone()]),
                None => part.fill(0.0),
            }
        }
    }
}

/// Places of a window whose products are added at once.
const TOGETHER: usize = 9;

/// The weights of a convolution of every channel by itself: for so many places at a time, those of four channels after the other.
#[derive(Debug, Clone)]
pub struct Depthwise {
    channels: usize,
    weights: Vec<[[f32; LANES]; TOGETHER]>,
}

impl Depthwise {
    /// `weights` has the places of the window for one channel after the other.
    #[expect(clippy::indexing_slicing, reason = "there is room for every place of every channel")]
    pub fn new(weights: &[f32], channels: usize) -> Self {
        let (taps, blocks) = (weights.len() / channels.max(1), channels.div_ceil(LANES));
        let mut packed = vec![[[0.0; LANES]; TOGETHER]; taps.div_ceil(TOGETHER) * blocks];
        for (channel, weights) in weights.chunks_exact(taps.max(1)).enumerate() {
            for (tap, weight) in weights.iter().enumerate() {
                let block = &mut packed[tap / TOGETHER * blocks + channel / LANES];
                block[tap % TOGETHER][channel % LANES] = *weight;
            }
        }
        Self { channels, weights: packed }
    }

    /// Multiplies the weights of every channel by its number of `factors`.
    pub fn scale(&mut self, factors: &[f32]) {
        for group in self.weights.chunks_exact_mut(self.channels.div_ceil(LANES).max(1)) {
            for (places, factors) in group.iter_mut().zip(factors.chunks(LANES)) {
                for weights in places {
                    weights.iter_mut().zip(factors).for_each(|(weight, factor)| *weight *= factor);
                }
            }
        }
    }

    /// Convolves a picture.
    pub fn convolve(&self, picture: &[f32], window: &Window, finish: &Finish<'_>, result: &mut [f32]) {
        let line = window.output[1] * self.channels;
        crew::split(result, line, line * window.kernel[0] * window.kernel[1], |first, lines| {
            self.convolve_lines(picture, window, finish, first, lines);
        });
    }

    /// Convolves a picture into the `lines` from `first` on.
    #[inline(never)]
    #[expect(clippy::indexing_slicing, reason = "a picture has the numbers that its window says")]
    fn convolve_lines(
        &self,
        picture: &[f32],
        window: &Window,
        finish: &Finish<'_>,
        first: usize,
        lines: &mut [f32],
    ) {
        let zeros = vec![0.0; self.channels];
        let (taps, blocks) = (taps(window), self.channels.div_ceil(LANES));
        let results = lines.chunks_exact_mut(self.channels.max(1));
        for (position, sums) in Position::from_line(window, self.channels, first).zip(results) {
            match finish.bias {
                [] if finish.onto => {}
                bias if finish.onto => sums.iter_mut().zip(bias).for_each(|(sum, bias)| *sum += bias),
                [] => sums.fill(0.0),
                bias => sums.copy_from_slice(bias),
            }
            let groups = self.weights.chunks_exact(blocks.max(1)).zip(taps.chunks(TOGETHER));
            for (nth, (weights, taps)) in groups.enumerate() {
                let mut inputs = [zeros.as_slice(); TOGETHER];
                for (input, tap) in inputs.iter_mut().zip(taps) {
                    if let Some(start) = position.start(*tap) {
                        *input = &picture[start..start + self.channels];
                    }
                }
                let is_last = (nth + 1) * blocks == self.weights.len();
                add_places(inputs, weights, is_last.then_some((finish.low, finish.high)), sums);
            }
        }
    }
}

/// A convolution of every channel by itself over what a product makes of each place of a picture. The lines in between are made as the
/// window moves down, and stay in the caches.
#[derive(Debug, Clone, Copy)]
pub struct Expanded<'a> {
    /// Makes the channels that the window sees.
    pub panels: &'a Panels,
    /// What becomes of the products.
    pub first: Finish<'a>,
    /// The weights of every channel.
    pub weights: &'a Depthwise,
    /// How they move over the lines in between.
    pub window: &'a Window,
    /// What becomes of the sums.
    pub finish: Finish<'a>,
}

/// Numbers of the lines in between that are there at a time: they share the second cache with the weights.
const BETWEEN: usize = 1 << 16;

impl Expanded<'_> {
    /// Convolves a picture.
    pub fn convolve(&self, picture: &[f32], result: &mut [f32]) {
        // Every thread makes the lines between two pieces by itself: the fewer pieces, the better.
        let lines = self.window.output[0].div_ceil(crew::threads()).max(1);
        let line = self.window.output[1] * self.panels.columns();
        crew::split(result, lines * line, lines * line * self.panels.depth(), |first, result| {
            self.convolve_lines(picture, first * lines, result);
        });
    }

    /// Convolves a picture into the lines from `first` on.
    #[inline(never)]
    #[expect(clippy::indexing_slicing, reason = "a picture has the numbers that its window says")]
    fn convolve_lines(&self, picture: &[f32], first: usize, result: &mut [f32]) {
        let [height, width] = self.window.input;
        let [stride, before] = [self.window.strides[0], self.window.before[0]];
        let reach = (self.window.kernel[0] - 1) * self.window.dilations[0] + 1;
        let (columns, depth) = (self.panels.columns(), self.panels.depth());
        let (wide, line) = ((width * columns).max(1), (self.window.output[1] * columns).max(1));
        let positions =
            ((BETWEEN / wide).saturating_sub(reach) / stride + 1).max(ROWS.div_ceil(stride * width.max(1)));
        let (mut lines, mut there) = (Vec::new(), 0..0);
        for (nth, sums) in result.chunks_mut(positions * line).enumerate() {
            let (top, count) = ((first + nth * positions) * stride, sums.len() / line);
            let start = top.saturating_sub(before).min(height);
            let end = (top + (count - 1) * stride + reach).saturating_sub(before).clamp(start, height);
            lines.drain(..(start.min(there.end) - there.start) * wide);
            let made = there.end.max(start);
            lines.resize((end - start) * wide, 0.0);
            let mut product =
                Product { values: &mut lines[(made - start) * wide..], stride: columns, first: 0 };
            self.panels.all().multiply_all(
                &picture[made * width * depth..end * width * depth],
                depth,
                &mut product,
                &self.first,
            );
            there = start..end;
            let window = Window {
                input: [end - start, width],
                output: [count, self.window.output[1]],
                before: [(before + start).saturating_sub(top), self.window.before[1]],
                ..*self.window
            };
            self.weights.convolve_lines(&lines, &window, &self.finish, 0, sums);
        }
    }
}

/// Adds the products of the numbers of some places and their weights to the sums of each channel.
#[inline(always)]
#[expect(clippy::indexing_slicing, reason = "every place has as many channels as there are sums")]
fn add_places(
    inputs: [&[f32]; TOGETHER],
    weights: &[[[f32; LANES]; TOGETHER]],
    range: Option<(f32, f32)>,
    sums: &mut [f32],
) {
    let (low, high) = range.unwrap_or((f32::NEG_INFINITY, f32::INFINITY));
    let (low, high) = (Lanes::splat(low), Lanes::splat(high));
    let (whole, rest) = sums.as_chunks_mut::<LANES>();
    let (whole_weights, rest_weights) = weights.split_at(whole.len());
    let numbers = inputs.map(|input| &input.as_chunks::<LANES>().0[..whole.len()]);
    for (nth, (sums, weights)) in whole.iter_mut().zip(whole_weights).enumerate() {
        let mut sum = Lanes::load(sums);
        for (numbers, weights) in numbers.iter().zip(weights) {
            sum = sum.add_product(Lanes::load(&numbers[nth]), Lanes::load(weights));
        }
        sum.clamp(low, high).store(sums);
    }
    if let [weights] = rest_weights {
        let start = whole.len() * LANES;
        let mut sum = some(rest);
        for (input, weights) in inputs.iter().zip(weights) {
            sum = sum.add_product(some(&input[start..]), Lanes::load(weights));
        }
        put(sum.clamp(low, high), rest);
    }
}

/// Up to four numbers, zeros behind them.
#[inline(always)]
fn some(numbers: &[f32]) -> Lanes {
    if let Some(whole) = numbers.first_chunk() {
        return Lanes::load(whole);
    }
    let mut whole = [0.0; LANES];
    whole.iter_mut().zip(numbers).for_each(|(whole, number)| *whole = *number);
    Lanes::load(&whole)
}

/// Puts as many numbers as there are places.
#[inline(always)]
fn put(numbers: Lanes, places: &mut [f32]) {
    if let Some(whole) = places.first_chunk_mut() {
        numbers.store(whole);
        return;
    }
    let mut whole = [0.0; LANES];
    numbers.store(&mut whole);
    places.iter_mut().zip(whole).for_each(|(place, number)| *place = number);
}

/// What a pool makes of the numbers of a channel in its window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pool {
    /// The greatest one; NaN before all.
    Max,
    /// The sum, divided by the places that lie in the picture.
    Mean,
    /// The sum, divided by the places of the window that lie in the picture or within so many behind its end and before its beginning.
    MeanOfAll([usize; 2]),
}

/// Pools a picture.
pub fn pool(picture: &[f32], channels: usize, window: &Window, pool: Pool, result: &mut [f32]) {
    let line = window.output[1] * channels;
    crew::split(result, line, line * window.kernel[0] * window.kernel[1], |first, lines| {
        pool_lines(picture, channels, window, pool, first, lines);
    });
}

/// Pools a picture into the `lines` from `first` on.
#[inline(never)]
#[expect(clippy::indexing_slicing, reason = "a picture has the numbers that its window says")]
fn pool_lines(
    picture: &[f32],
    channels: usize,
    window: &Window,
    pool: Pool,
    first: usize,
    lines: &mut [f32],
) {
    let positions = Position::from_line(window, channels, first);
    for (position, numbers) in positions.zip(lines.chunks_exact_mut(channels.max(1))) {
        numbers.fill(if pool == Pool::Max { f32::NEG_INFINITY } else { 0.0 });
        // A window may be far longer than the picture.
        let inside = position.down.clone().flat_map(|y| position.right.clone().map(move |x| (y, x)));
        for start in inside.filter_map(|tap| position.start(tap)) {
            let from = &picture[start..start + channels];
            match pool {
                Pool::Max => numbers.iter_mut().zip(from).for_each(|(number, from)| {
                    *number = if *number > *from || number.is_nan() { *number } else { *from };
                }),
                _ => numbers.iter_mut().zip(from).for_each(|(number, from)| *number += *from),
            }
        }
        let count = match pool {
            Pool::Max => continue,
            Pool::Mean => position.down.len() * position.right.len(),
            Pool::MeanOfAll(behind) => {
                padded(window, 0, position.top, behind) * padded(window, 1, position.left, behind)
            }
        };
        let count = whole(count);
        numbers.iter_mut().for_each(|number| *number /= count);
    }
}

/// The places along an axis that lie in the picture or in its padding.
fn padded(window: &Window, axis: usize, at: usize, behind: [usize; 2]) -> usize {
    let end = pick(&window.input, axis) + pick(&window.before, axis) + pick(&behind, axis);
    let start = at * pick(&window.strides, axis);
    end.saturating_sub(start).div_ceil(pick(&window.dilations, axis)).min(pick(&window.kernel, axis))
}

#[expect(clippy::cast_precision_loss, reason = "windows have far less places")]
fn whole(count: usize) -> f32 {
    count as f32
}

/// Multiplies each channel of all `numbers` by its number of `scale`, adds the one of `shift`, and keeps it in a range.
#[inline(never)]
pub fn scale(numbers: &mut [f32], scale: &[f32], shift: &[f32], low: f32, high: f32) {
    let (low, high) = (Lanes::splat(low), Lanes::splat(high));
    let channels = scale.len().max(1);
    crew::split(numbers, channels, 2 * channels, |_, numbers| {
        for pixel in numbers.chunks_exact_mut(channels) {
            for ((numbers, scale), shift) in
                pixel.chunks_mut(LANES).zip(scale.chunks(LANES)).zip(shift.chunks(LANES))
            {
                put(some(shift).add_product(some(numbers), some(scale)).clamp(low, high), numbers);
            }
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    const BARE: Finish<'_> = Finish { bias: &[], low: f32::NEG_INFINITY, high: f32::INFINITY, onto: false };

    fn numbers(count: usize, seed: usize) -> Vec<f32> {
        (0..count)
            .map(|nth| f32::from(u16::try_from((nth + seed) * 7919 % 1009).unwrap()) / 505.0 - 1.0)
            .collect()
    }

    /// Windows over small pictures, some of which lie beyond all edges in part.
    fn windows() -> Vec<Window> {
        let mut windows = Vec::new();
        for (kernel, strides, dilations, before) in [
            ([1, 1], [1, 1], [1, 1], [0, 0]),
            ([3, 3], [1, 1], [1, 1], [1, 1]),
            ([3, 2], [2, 1], [1, 2], [2, 0]),
            ([5, 5], [2, 2], [1, 1], [2, 2]),
            ([1, 4], [1, 3], [1, 1], [0, 3]),
            ([2, 2], [1, 1], [3, 2], [1, 1]),
        ] {
            windows.push(Window { input: [7, 6], output: [3, 4], kernel, strides, dilations, before });
        }
        windows
    }

    /// The places of a window in a picture, by the definition.
    fn taps(window: &Window, top: usize, left: usize) -> Vec<(usize, usize)> {
        let at = |axis: usize, position: usize, tap: usize| {
            let place = position * window.strides[axis] + tap * window.dilations[axis];
            place.checked_sub(window.before[axis]).filter(|place| *place < window.input[axis])
        };
        let [height, width] = window.kernel;
        let places = (0..height * width).filter_map(|tap| {
            let (y, x) = (at(0, top, tap / width)?, at(1, left, tap % width)?);
            Some((tap, y * window.input[1] + x))
        });
        places.collect()
    }

    #[test]
    fn convolutions_are_sums_of_places() {
        for (window, (channels, groups, outputs)) in windows()
            .iter()
            .flat_map(|window| [(3, 1, 5), (18, 1, 9), (6, 3, 6)].map(|sizes| (*window, sizes)))
        {
            let (own, count) = (channels / groups, window.kernel[0] * window.kernel[1]);
            let picture = numbers(42 * channels, 1);
            let weights = numbers(outputs * own * count, 3);
            let depth = own * count;
            let panels: Vec<Panels> = weights
                .chunks(outputs / groups * depth)
                .map(|columns| Panels::new(columns, own, count))
                .collect();
            let mut result = vec![f32::NAN; 12 * outputs];
            dense(&picture, channels, &window, &panels, &BARE, &mut result);
            for (nth, result) in result.chunks(outputs).enumerate() {
                for (output, value) in result.iter().enumerate() {
                    let first = output / (outputs / groups) * own;
                    let terms = taps(&window, nth / 4, nth % 4).into_iter().flat_map(|(tap, place)| {
                        (0..own).map(move |channel| (tap, place * channels + first + channel, channel))
                    });
                    let term = |(tap, at, channel): (usize, usize, usize)| {
                        f64::from(picture[at]) * f64::from(weights[output * depth + channel * count + tap])
                    };
                    let expected: f64 = terms.map(term).sum();
                    assert!((f64::from(*value) - expected).abs() < 1e-4, "{window:?}");
                }
            }
        }
    }

    #[test]
    fn lines_in_between_are_those_of_two_convolutions() {
        for (window, columns) in
            windows().into_iter().flat_map(|window| [(window, 4), (window, 7), (window, 3000)])
        {
            let count = window.kernel[0] * window.kernel[1];
            let (picture, matrix) = (numbers(42 * 5, 2), numbers(columns * 5, 3));
            let (weights, bias) = (numbers(columns * count, 4), numbers(columns, 5));
            let (panels, weights) = (Panels::new(&matrix, 5, 1), Depthwise::new(&weights, columns));
            let first = Finish { bias: &bias, low: -0.5, ..BARE };
            let finish = Finish { bias: &bias, high: 0.5, ..BARE };
            let mut between = vec![f32::NAN; 42 * columns];
            panels.product(&picture, &first, None, &mut between);
            let mut expected = vec![f32::NAN; 12 * columns];
            weights.convolve(&between, &window, &finish, &mut expected);
            let mut result = vec![f32::NAN; 12 * columns];
            Expanded { panels: &panels, first, weights: &weights, window: &window, finish }
                .convolve(&picture, &mut result);
            assert_eq!(result, expected, "{window:?}");
        }
    }

    #[test]
    fn channels_by_themselves_and_pools_are_those_of_their_places() {
        for (window, channels) in windows().into_iter().flat_map(|window| [(window, 4), (window, 7)]) {
            let count = window.kernel[0] * window.kernel[1];
            let (picture, weights) = (numbers(42 * channels, 2), numbers(channels * count, 4));
            let mut sums = vec![f32::NAN; 12 * channels];
            Depthwise::new(&weights, channels).convolve(&picture, &window, &BARE, &mut sums);
            let mut pooled = [Pool::Max, Pool::Mean].map(|kind| {
                let mut result = vec![f32::NAN; 12 * channels];
                pool(&picture, channels, &window, kind, &mut result);
                result
            });
            for at in 0..12 * channels {
                let (nth, channel) = (at / channels, at % channels);
                let taps = taps(&window, nth / 4, nth % 4);
                let value = |place: usize| f64::from(picture[place * channels + channel]);
                let sum: f64 = taps
                    .iter()
                    .map(|(tap, place)| value(*place) * f64::from(weights[channel * count + tap]))
                    .sum();
                assert!((f64::from(sums[at]) - sum).abs() < 1e-4, "{window:?}");
                if taps.is_empty() {
                    continue;
                }
                let values = taps.iter().map(|(_, place)| value(*place));
                let mean = values.clone().sum::<f64>() / f64::from(u32::try_from(taps.len()).unwrap());
                assert!((f64::from(pooled[1][at]) - mean).abs() < 1e-5, "{window:?}");
                assert_eq!(f64::from(pooled[0][at]), values.fold(f64::NEG_INFINITY, f64::max));
                pooled[0][at] = 0.0;
            }
        }
    }
}
