//! `RotaryEmbedding` (23) and onnxruntime's of the same name: pairs of the numbers of a step are turned by angles.

use anyhow::{Context as _, Result, bail, ensure};

use super::{Context, ElementType, Operator, Shape, Tensor};
use crate::onnx::pb::NodeProto;

#[derive(Debug)]
pub(super) struct Rotary {
    is_interleaved: bool,
    heads: usize,
    /// How many of the numbers are turned, where not all are.
    turned: usize,
    /// Where the inputs stand: the places, the cosines and the sines.
    places: Option<usize>,
    tables: [usize; 2],
}

impl Operator for Rotary {
    fn parse(_: &Context<'_>, node: &NodeProto) -> Result<Self> {
        let is_microsofts = node.op_type.contains('.');
        for name in ["is_packed_batching", "is_transposed"] {
            ensure!(!node.flag(name, false)?, "`{name}` of RotaryEmbedding does not run");
        }
        ensure!(node.optional::<f32>("scale")?.unwrap_or(1.0) == 1.0, "angles are not scaled here");
        let has_places = node.input.get(3).is_some_and(|name| !name.is_empty());
        Ok(Self {
            is_interleaved: node.flag("interleaved", false)?,
            heads: node.optional("num_heads")?.unwrap_or(0),
            turned: node.optional("rotary_embedding_dim")?.unwrap_or(0),
            places: if is_microsofts { Some(1) } else { has_places.then_some(3) },
            tables: if is_microsofts { [2, 3] } else { [1, 2] },
        })
    }

    fn outputs(&self, inputs: &[Shape]) -> Result<Vec<Shape>> {
        let Some(shape) = inputs.first() else { bail!("expected an input") };
        ensure!(matches!(shape.1.len(), 3 | 4), "steps have three axes, or four with heads");
        for position in [0].iter().chain(&self.tables) {
            let (element, _) = inputs.get(*position).context("steps are turned by angles")?;
            ensure!(*element == ElementType::F32, "{element:?} is not turned here");
        }
        Ok(vec![shape.clone()])
    }

    fn eval(&self, mut inputs: Vec<Tensor>) -> Result<Vec<Tensor>> {
        ensure!(!inputs.is_empty(), "expected an input");
        // Taken, so that it is changed in its place.
        let mut values = inputs.remove(0);
        let other = |position: usize| inputs.get(position - 1).context("steps are turned by angles");
        let ([cosines, sines], places) = (self.tables.map(other), self.places.map(other).transpose()?);
        let (cosines, sines) = (cosines?, sines?);
        let half = cosines.shape().last().copied().context("angles have an axis")?;
        ensure!(cosines.shape() == sines.shape() && half > 0, "every cosine has a sine");
        let layout = Layout::of(self, values.shape(), half)?;
        let rows = layout.rows(places, cosines.len() / half)?;
        let (cosines, sines) = (cosines.elements::<f32>()?, sines.elements::<f32>()?);
        for (nth, step) in values.elements_mut::<f32>()?.chunks_exact_mut(layout.width).enumerate() {
            let row = rows.get(layout.step(nth)).copied().context("every step has a place")?;
            let angles = row * half..(row + 1) * half;
            let (cosines, sines) =
                cosines.get(angles.clone()).zip(sines.get(angles)).context("such a row")?;
            self.turn(step, cosines, sines);
        }
        Ok(vec![values])
    }
}

impl Rotary {
    /// Turns the pairs of one step, which is at least as long as all pairs.
    #[expect(clippy::indexing_slicing, reason = "a step holds as many pairs as there are angles")]
    fn turn(&self, step: &mut [f32], cosines: &[f32], sines: &[f32]) {
        for (pair, (cosine, sine)) in cosines.iter().zip(sines).enumerate() {
            let (first, second) =
                if self.is_interleaved { (2 * pair, 2 * pair + 1) } else { (pair, pair + cosines.len()) };
            let (x, y) = (step[first], step[second]);
            step[first] = x * cosine - y * sine;
            step[second] = x * sine + y * cosine;
        }
    }
}

/// How the steps of a batch lie behind each other.
struct Layout {
    batch: usize,
    steps: usize,
    heads: usize,
    /// Whether the heads stand in front of the steps.
    heads_first: bool,
    /// The numbers of a step of one head.
    width: usize,
}

impl Layout {
    /// `half` as many pairs as angles are turned.
    fn of(rotary: &Rotary, shape: &[usize], half: usize) -> Result<Self> {
        let layout = match *shape {
            [batch, heads, steps, width] => Self { batch, steps, heads, heads_first: true, width },
            [batch, steps, all] => {
                let whole = || (2 * half).max(1);
                let heads = if rotary.heads > 0 { rotary.heads } else { all / whole() };
                ensure!(heads > 0 && all.is_multiple_of(heads), "{heads} heads do not share {all} numbers");
                Self { batch, steps, heads, heads_first: false, width: all / heads }
            }
            _ => bail!("steps have three axes, or four with heads"),
        };
        let turned = if rotary.turned > 0 { rotary.turned } else { layout.width };
        ensure!(
            half.checked_mul(2) == Some(turned) && turned <= layout.width,
            "{half} angles do not turn {turned} of {} numbers",
            layout.width
        );
        Ok(layout)
    }

    /// The step of the batch that the `nth` run of numbers belongs to.
    fn step(&self, nth: usize) -> usize {
        if self.heads_first {
            nth / (self.heads * self.steps) * self.steps + nth % self.steps
        } else {
            nth / self.heads
        }
    }

    /// The row of the tables, which have `count`, for every step.
    fn rows(&self, places: Option<&Tensor>, count: usize) -> Result<Vec<usize>> {
        let all = self.batch.saturating_mul(self.steps);
        let Some(places) = places else {
            ensure!(count == all, "{count} rows of angles do not fit {all} steps");
            return Ok((0..all).collect());
        };
        let places = places.to_vec::<i64>()?;
        let rows = match places.as_slice() {
            // Where all sequences start.
            [first] if all != 1 => {
                let steps = i64::try_from(self.steps)?;
                (0..self.batch).flat_map(|_| (0..steps).map(|step| first.saturating_add(step))).collect()
            }
            _ => places,
        };
        ensure!(rows.len() == all, "{} places do not fit {all} steps", rows.len());
        let row = |place: i64| usize::try_from(place).ok().filter(|row| *row < count);
        rows.into_iter().map(|place| row(place).context("a place has no angles")).collect()
    }
}
