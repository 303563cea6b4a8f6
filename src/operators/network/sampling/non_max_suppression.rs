//! `NonMaxSuppression` (10 and 11): of boxes that overlap, those with the best score.

use anyhow::{Context as _, Result, bail, ensure};

use super::{Context, Dim, ElementType, Operator, Shape, Tensor};
use crate::onnx::pb::NodeProto;

#[derive(Debug)]
pub(super) struct NonMaxSuppression {
    /// Boxes are given by their centres and lengths, and not by two corners.
    by_centres: bool,
    /// Which of the limits the file gives: boxes of a class, how much two may overlap, and the least score.
    given: [bool; 3],
}

/// The edges of a box.
#[derive(Clone, Copy)]
struct Edges {
    low: [f32; 2],
    high: [f32; 2],
}

impl Edges {
    fn new([a, b, c, d]: [f32; 4], by_centre: bool) -> Self {
        if by_centre {
            return Self { low: [a - c / 2.0, b - d / 2.0], high: [a + c / 2.0, b + d / 2.0] };
        }
        Self { low: [a.min(c), b.min(d)], high: [a.max(c), b.max(d)] }
    }

    fn area(self) -> f32 {
        let [first, second] = [0, 1].map(|axis: usize| self.length(axis));
        first * second
    }

    #[expect(clippy::indexing_slicing, reason = "a box has two axes")]
    fn length(self, axis: usize) -> f32 {
        self.high[axis] - self.low[axis]
    }

    /// What both cover, as a part of what either does.
    fn overlap(self, other: Self) -> f32 {
        let ([a, b], [c, d]) = (self.low, self.high);
        let ([e, f], [g, h]) = (other.low, other.high);
        let (first, second) = (c.min(g) - a.max(e), d.min(h) - b.max(f));
        if first <= 0.0 || second <= 0.0 || self.area() <= 0.0 || other.area() <= 0.0 {
            return 0.0;
        }
        let both = first * second;
        both / (self.area() + other.area() - both)
    }
}

impl Operator for NonMaxSuppression {
    fn parse(_: &Context<'_>, node: &NodeProto) -> Result<Self> {
        let has = |position: usize| node.input.get(position).is_some_and(|name| !name.is_empty());
        Ok(Self { by_centres: node.flag("center_point_box", false)?, given: [has(2), has(3), has(4)] })
    }

    fn outputs(&self, inputs: &[Shape]) -> Result<Vec<Shape>> {
        let [(ElementType::F32, boxes), (ElementType::F32, scores), ..] = inputs else {
            bail!("expected boxes and scores of 32-bit floats")
        };
        ensure!(boxes.len() == 3 && scores.len() == 3, "expected boxes and scores of rank 3");
        Ok(vec![(ElementType::I64, vec![Dim::open(), Dim::from(3)])])
    }

    fn eval(&self, inputs: Vec<Tensor>) -> Result<Vec<Tensor>> {
        let [boxes, scores, limits @ ..] = inputs.as_slice() else { bail!("expected boxes and scores") };
        let (&[pictures, count, 4], &[rows, classes, each]) = (boxes.shape(), scores.shape()) else {
            bail!("expected four numbers for each box, and its scores")
        };
        ensure!(pictures == rows && count == each, "every box has a score for each class");
        let mut limits = limits.iter();
        let [most, overlap, least] = self.given.map(|is_given| {
            let limit = if is_given { limits.next() } else { None };
            let numbers = limit.map(Tensor::to_vec::<f64>).transpose()?;
            match numbers.as_deref() {
                None => Ok(None),
                Some([number]) => Ok(Some(*number)),
                Some(_) => bail!("a limit is one number"),
            }
        });
        let (most, overlap, least) = (most?, overlap?, least?);
        // Without a number of boxes there are none.
        let most = usize_of(most.unwrap_or(0.0));
        let overlap = overlap.unwrap_or(0.0);
        ensure!((0.0..=1.0).contains(&overlap), "boxes overlap by a part between 0 and 1, not {overlap}");
        let (numbers, scores) = (boxes.elements::<f32>()?, scores.elements::<f32>()?);
        let mut found: Vec<i64> = Vec::new();
        for (picture, numbers) in numbers.chunks_exact((count * 4).max(1)).enumerate() {
            let edges: Vec<Edges> =
                numbers.as_chunks().0.iter().map(|numbers| Edges::new(*numbers, self.by_centres)).collect();
            for class in 0..classes {
                let scores =
                    scores.get((picture * classes + class) * count..).context("scores of a class")?;
                for index in kept(&edges, scores, most, overlap, least) {
                    for number in [picture, class, index] {
                        found.push(i64::try_from(number)?);
                    }
                }
            }
        }
        Ok(vec![Tensor::new(vec![found.len() / 3, 3], found)?])
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a negative number of boxes is none"
)]
fn usize_of(number: f64) -> usize {
    number as usize
}

/// The boxes that stay, the best one first.
fn kept(edges: &[Edges], scores: &[f32], most: usize, overlap: f64, least: Option<f64>) -> Vec<usize> {
    let scored = edges.iter().zip(scores).enumerate();
    let mut candidates: Vec<(usize, Edges, f32)> = scored
        .filter(|(_, (_, score))| least.is_none_or(|least| f64::from(**score) > least))
        .map(|(index, (edges, score))| (index, *edges, *score))
        .collect();
    // Of equal scores the first one is the best.
    candidates.sort_by(|a, b| b.2.total_cmp(&a.2));
    let mut kept: Vec<(usize, Edges)> = Vec::new();
    for (index, edges, _) in candidates {
        if kept.len() >= most {
            break;
        }
        if kept.iter().all(|(_, other)| f64::from(edges.overlap(*other)) <= overlap) {
            kept.push((index, edges));
        }
    }
    kept.into_iter().map(|(index, _)| index).collect()
}
