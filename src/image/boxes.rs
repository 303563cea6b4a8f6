//! What detectors find: boxes with scores, the best of those that overlap, and their places in the picture that was given.

use std::cmp::Ordering;

use pictures::inside;

use crate::diag::{Code, Error, Result};

/// A box with its class and score.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Found {
    pub(crate) class: usize,
    pub(crate) score: f32,
    /// The least x and y, the greatest x and y.
    pub(crate) corners: [f32; 4],
}

/// How four numbers are a box.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BoxFormat {
    /// Left, top, right, bottom.
    Xyxy,
    /// Top, left, bottom, right: TensorFlow's.
    Yxyx,
    /// Left, top, width, height.
    Xywh,
    /// The middle, width, height: YOLO's.
    Cxcywh,
}

impl BoxFormat {
    pub(crate) const NAMES: [(&str, Self); 4] =
        [("xyxy", Self::Xyxy), ("yxyx", Self::Yxyx), ("xywh", Self::Xywh), ("cxcywh", Self::Cxcywh)];

    /// The least x and y, the greatest x and y. Boxes of two corners may name either first.
    fn corners(self, [a, b, c, d]: [f32; 4]) -> [f32; 4] {
        let [left, top, right, bottom] = match self {
            Self::Xyxy => [a, b, c, d],
            Self::Yxyx => [b, a, d, c],
            Self::Xywh => [a, b, a + c, b + d],
            Self::Cxcywh => [a - c / 2.0, b - d / 2.0, a + c / 2.0, b + d / 2.0],
        };
        [left.min(right), top.min(bottom), left.max(right), top.max(bottom)]
    }
}

/// Boxes and the scores of their classes, wherever they are in a model's outputs.
pub(crate) struct Candidates<'a> {
    pub(crate) count: usize,
    pub(crate) classes: usize,
    pub(crate) format: BoxFormat,
    /// The four numbers of a box.
    pub(crate) corners: &'a dyn Fn(usize) -> [f32; 4],
    /// The score of a box for a class.
    pub(crate) score: &'a dyn Fn(usize, usize) -> f32,
}

/// What is kept.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Kept {
    /// Of two boxes of a class that overlap by more than this share of their union the better one stays.
    pub(crate) overlap: f32,
    /// Scores that are not above it are left out.
    pub(crate) score: f32,
    /// The best of all that are left.
    pub(crate) most: usize,
    /// Whether boxes of different classes suppress each other too.
    pub(crate) across_classes: bool,
}

/// Greedy non-maximum suppression, with the rules of ONNX's operator: the best first, of equal ones the earlier.
///
/// # Errors
/// `invalid-value` for a box that is not finite.
pub(crate) fn suppress(candidates: &Candidates<'_>, kept: Kept) -> Result<Vec<Found>> {
    let mut found = Vec::new();
    let mut pending = Vec::new();
    for class in 0..candidates.classes {
        pending.extend(scored(candidates, class, kept.score)?);
        let is_last = class + 1 == candidates.classes;
        if !kept.across_classes || is_last {
            found.extend(best(&mut pending, kept));
            pending.clear();
        }
    }
    found.sort_by(better);
    found.truncate(kept.most);
    Ok(found)
}

fn scored(candidates: &Candidates<'_>, class: usize, least: f32) -> Result<Vec<Found>> {
    let mut found = Vec::new();
    for index in 0..candidates.count {
        let score = (candidates.score)(index, class);
        if score > least {
            let corners = candidates.format.corners((candidates.corners)(index));
            if corners.iter().any(|corner| !corner.is_finite()) {
                let message = format!("box {} is not finite: {corners:?}", index + 1);
                return Err(Error::new(Code::InvalidValue, message));
            }
            found.push(Found { class, score, corners });
        }
    }
    Ok(found)
}

/// The better of two boxes first. Sorting keeps equal ones in their order.
fn better(one: &Found, other: &Found) -> Ordering {
    other.score.total_cmp(&one.score)
}

fn best(pending: &mut [Found], kept: Kept) -> Vec<Found> {
    pending.sort_by(better);
    let mut best: Vec<Found> = Vec::new();
    for candidate in pending {
        if best.len() == kept.most {
            break;
        }
        let is_new = |other: &Found| shared(&candidate.corners, &other.corners) <= kept.overlap;
        if best.iter().all(is_new) {
            best.push(*candidate);
        }
    }
    best
}

/// The area that two boxes share, as a part of that which they cover together.
fn shared(one: &[f32; 4], other: &[f32; 4]) -> f32 {
    let area = |[left, top, right, bottom]: [f32; 4]| (right - left).max(0.0) * (bottom - top).max(0.0);
    let [a, b, c, d] = *one;
    let [e, f, g, h] = *other;
    let both = area([a.max(e), b.max(f), c.min(g), d.min(h)]);
    let union = area(*one) + area(*other) - both;
    if union > 0.0 { both / union } else { 0.0 }
}

/// How a picture became the input of a model.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Fitted {
    /// The sizes of the picture, height first.
    pub(crate) picture: [usize; 2],
    /// Those of the model's input.
    pub(crate) input: [usize; 2],
    /// Whether it has borders in there.
    pub(crate) letterbox: bool,
    /// Whether boxes are in parts of the input's sides rather than in its pixels.
    pub(crate) relative: bool,
}

/// A box of the model's input in the pixels of the picture, cut at its edges.
pub(crate) fn to_picture(corners: [f64; 4], fitted: Fitted) -> [f64; 4] {
    let Fitted { picture: [height, width], input: [to_height, to_width], letterbox, relative } = fitted;
    let [inner_height, inner_width] =
        if letterbox { inside([height, width], [to_height, to_width]) } else { [to_height, to_width] };
    #[expect(clippy::cast_precision_loss, reason = "sizes of pictures")]
    let place = |value: f64, side: usize, input: usize, inner: usize| {
        let pixels = if relative { value * input as f64 } else { value };
        // An odd pixel of the borders is behind, as ML.LETTERBOX_IMAGE has it.
        let margin = ((input - inner) / 2) as f64;
        ((pixels - margin) * side as f64 / inner as f64).clamp(0.0, side as f64)
    };
    let x = |value| place(value, width, to_width, inner_width);
    let y = |value| place(value, height, to_height, inner_height);
    let [left, top, right, bottom] = corners;
    [x(left), y(top), x(right), y(bottom)]
}
