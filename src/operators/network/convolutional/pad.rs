//! `Pad` (1 to 24): what stands around a tensor is a constant, its edge, its mirror image or the tensor itself again. Pads
//! below zero cut off.

use std::sync::Arc;

use anyhow::{Context as _, Result, bail, ensure};

use super::{
    ChannelsLast, Context, Dim, ElementType, Operator, Rewrites, Rewritten, Shape, resolve_axis, rewrites,
};
use crate::onnx::pb::NodeProto;
use crate::tensor::{Tensor, offsets, room, strides};

/// What stands around a tensor.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Mode {
    Constant,
    Edge,
    Reflect,
    Wrap,
}

/// Elements around a tensor.
#[derive(Debug, Clone)]
pub(super) struct Pad {
    mode: Mode,
    /// How many there are before and behind every axis, and which ones, where they never change.
    around: Option<Arc<Around>>,
    /// Which inputs the file names: the value and the axes.
    named: [bool; 2],
}

#[derive(Debug, Clone)]
struct Around {
    pads: Vec<(i64, i64)>,
    /// Zero where there is none.
    value: Option<Tensor>,
}

impl Pad {
    /// How many elements there are before and behind every axis, by the inputs behind the first one.
    fn pads(&self, rank: usize, parameters: &[Option<Tensor>]) -> Result<Vec<(i64, i64)>> {
        let given = |position: usize| {
            let given = parameters.get(position).and_then(Option::as_ref);
            given.context("the pads have to be known")?.to_vec::<i64>()
        };
        let axes = if self.named[1] {
            given(1 + usize::from(self.named[0]))?
        } else {
            (0..i64::try_from(rank)?).collect()
        };
        let pairs = pairs(&given(0)?)?;
        ensure!(pairs.len() == axes.len(), "{} pads do not fit {} axes", pairs.len(), axes.len());
        let mut pads = vec![(0, 0); rank];
        for (axis, pair) in axes.iter().zip(pairs) {
            *pads.get_mut(resolve_axis(*axis, rank)?).context("an axis of the tensor")? = pair;
        }
        Ok(pads)
    }

    fn around(&self, rank: usize, parameters: &[Option<Tensor>]) -> Result<Around> {
        let pads = self.pads(rank, parameters)?;
        let value = match parameters.get(1).filter(|_| self.named[0]) {
            Some(value) => Some(value.clone().context("the value around is not known")?),
            None => None,
        };
        ensure!(value.as_ref().is_none_or(|value| value.len() == 1), "one value stands around a tensor");
        Ok(Around { pads, value })
    }

    /// Where on an axis each element of a padded one comes from, counted in steps of `step`; [`usize::MAX`] where it is the
    /// constant.
    fn sources(
        &self,
        length: usize,
        padded: usize,
        (before, behind): (i64, i64),
        step: usize,
    ) -> Result<Vec<usize>> {
        let first = before.min(0).saturating_neg();
        let kept = i64::try_from(length)?.saturating_add(behind.min(0)).saturating_sub(first);
        ensure!(kept >= 0, "more is cut off than there is");
        ensure!(kept > 0 || padded == 0 || self.mode == Mode::Constant, "nothing has no {:?}", self.mode);
        let period = (2 * kept - 2).max(1);
        let source = |at: i64| {
            let place = at.saturating_sub(before.max(0));
            let place = match self.mode {
                Mode::Constant if (0..kept).contains(&place) => place,
                Mode::Constant => return Ok(usize::MAX),
                Mode::Edge => place.clamp(0, kept - 1),
                Mode::Wrap => place.rem_euclid(kept),
                Mode::Reflect => {
                    let place = place.rem_euclid(period);
                    place.min(period - place).min(kept - 1)
                }
            };
            Ok(usize::try_from(first + place)? * step)
        };
        (0..i64::try_from(padded)?).map(source).collect()
    }

    /// The elements of `input` in a tensor of `shape`.
    fn gathered(&self, input: &Tensor, around: &Around, shape: Vec<usize>) -> Result<Tensor> {
        let element = input.element();
        if room(&shape)? == 0 {
            return Tensor::zeros(element, &shape);
        }
        let mut taken = vec![0_usize];
        let axes = input.shape().iter().zip(&shape).zip(&around.pads).zip(strides(input.shape()));
        for (((length, padded), pads), step) in axes {
            let sources = self.sources(*length, *padded, *pads, step)?;
            let mut further = Vec::with_capacity(taken.len().saturating_mul(sources.len()));
            for start in &taken {
                further.extend(sources.iter().map(|source| start.saturating_add(*source)));
            }
            taken = further;
        }
        // The constant stands behind all elements.
        let last = input.len();
        taken.iter_mut().for_each(|source| *source = last.min(*source));
        let value = match &around.value {
            Some(value) => value.cast(element)?.with_shape(vec![1])?,
            None => Tensor::zeros(element, &[1])?,
        };
        let flat = input.clone().with_shape(vec![last])?;
        Tensor::concat(&[flat, value], 0)?.take(&taken, shape)
    }
}

/// The first half of `pads` stands before the axes, the other one behind them.
fn pairs(pads: &[i64]) -> Result<Vec<(i64, i64)>> {
    ensure!(pads.len().is_multiple_of(2), "every axis has two pads");
    let (before, behind) = pads.split_at(pads.len() / 2);
    Ok(before.iter().copied().zip(behind.iter().copied()).collect())
}

/// The length of an axis with its pads.
fn padded(length: usize, (before, behind): (i64, i64)) -> Result<usize> {
    let padded = i64::try_from(length)?.checked_add(before).and_then(|length| length.checked_add(behind));
    Ok(usize::try_from(padded.context("a tensor larger than memory")?)?)
}

impl Operator for Pad {
    fn parse(_: &Context<'_>, node: &NodeProto) -> Result<Self> {
        let mode = match node.optional("mode")?.unwrap_or("constant") {
            "constant" => Mode::Constant,
            "edge" => Mode::Edge,
            "reflect" => Mode::Reflect,
            "wrap" => Mode::Wrap,
            other => bail!("there is no padding by {other}"),
        };
        let has = |position: usize| node.input.get(position).is_some_and(|name| !name.is_empty());
        // As attributes up to version 10, at first by another name.
        let listed: Option<Vec<i64>> = match node.optional("pads")? {
            Some(pads) => Some(pads),
            None => node.optional("paddings")?,
        };
        ensure!(has(1) != listed.is_some(), "the pads are an input or an attribute");
        let around = match listed {
            Some(pads) => {
                let value = node.optional::<f32>("value")?.map(Tensor::scalar);
                Some(Arc::new(Around { pads: pairs(&pads)?, value }))
            }
            None => None,
        };
        Ok(Self { mode, around, named: [has(2), has(3)] })
    }

    fn outputs_for_values(&self, inputs: &[Shape], values: &[Option<Tensor>]) -> Result<Vec<Shape>> {
        let Some((element, dims)) = inputs.first() else { bail!("expected an input") };
        let parameters = values.get(1..).context("there are no pads")?;
        let axes = usize::from(self.named[1]) * (1 + usize::from(self.named[0]));
        let is_known = |place: usize| parameters.get(place).is_some_and(Option::is_some);
        let pads = match &self.around {
            Some(around) => around.pads.clone(),
            None if is_known(0) && is_known(axes) => self.pads(dims.len(), parameters)?,
            None => return Ok(vec![(*element, vec![Dim::open(); dims.len()])]),
        };
        ensure!(pads.len() == dims.len(), "{} pads do not fit {} axes", pads.len(), dims.len());
        let lengths = dims.iter().zip(&pads).map(|(dim, pads)| match dim.known() {
            Some(length) => Ok(Dim::from(padded(length, *pads)?)),
            None if *pads == (0, 0) => Ok(dim.clone()),
            None => Ok(Dim::open()),
        });
        Ok(vec![(*element, lengths.collect::<Result<_>>()?)])
    }

    #[expect(clippy::indexing_slicing, reason = "the padded tensor has room for every run")]
    fn eval(&self, inputs: Vec<Tensor>) -> Result<Vec<Tensor>> {
        let Some((input, parameters)) = inputs.split_first() else { bail!("expected an input") };
        let around = match &self.around {
            Some(around) => around.clone(),
            None => {
                let parameters: Vec<Option<Tensor>> = parameters.iter().cloned().map(Some).collect();
                Arc::new(self.around(input.rank(), &parameters)?)
            }
        };
        ensure!(around.pads.len() == input.rank(), "the pads do not fit {} axes", input.rank());
        let lengths = input.shape().iter().zip(&around.pads);
        let shape = lengths.map(|(length, pads)| padded(*length, *pads)).collect::<Result<Vec<_>>>()?;
        let grows = |(before, behind): &(i64, i64)| *before >= 0 && *behind >= 0;
        let is_plain = self.mode == Mode::Constant && around.pads.iter().all(grows);
        if input.element() != ElementType::F32 || !is_plain || room(&shape)? == 0 {
            return Ok(vec![self.gathered(input, &around, shape)?]);
        }
        // Numbers around pictures, row by row.
        let value = around.value.as_ref().map(Tensor::to_vec::<f32>).transpose()?;
        let value = value.and_then(|value| value.first().copied()).unwrap_or(0.0);
        let mut padded = vec![value; room(&shape)?];
        let steps = strides(&shape);
        let before = around.pads.iter().map(|(before, _)| usize::try_from(*before));
        let before = before.collect::<Result<Vec<_>, _>>()?;
        let first: usize = steps.iter().zip(before).map(|(step, before)| step * before).sum();
        let axes: Vec<(usize, usize)> = input.shape().iter().copied().zip(steps).collect();
        let (run, outer) = match axes.split_last() {
            Some(((length, _), outer)) => (*length, outer),
            None => (1, &[][..]),
        };
        let numbers = input.elements::<f32>()?;
        for (from, to) in numbers.chunks_exact(run.max(1)).zip(offsets(outer)) {
            padded[first + to..][..run].copy_from_slice(from);
        }
        Ok(vec![Tensor::new(shape, padded)?])
    }

    fn rewrites(&self) -> Option<&dyn Rewrites> {
        Some(self)
    }
}

impl Rewrites for Pad {
    fn prepared(&self, constants: &[Option<Tensor>]) -> Result<Option<(Rewritten, Vec<usize>)>> {
        let Some((_, parameters)) = constants.split_first() else { return Ok(None) };
        let Some(pads) = parameters.first().and_then(Option::as_ref) else { return Ok(None) };
        // With the axes given, the pads do not tell how many there are.
        if self.named[1] || self.around.is_some() || parameters.iter().any(Option::is_none) {
            return Ok(None);
        }
        let around = Some(Arc::new(self.around(pads.len() / 2, parameters)?));
        Ok(Some((Arc::new(Self { around, ..self.clone() }), vec![0])))
    }

    fn channels_last(&self, rank: usize) -> ChannelsLast {
        let Some(around) = self.around.as_ref().filter(|around| around.pads.len() == rank) else {
            return ChannelsLast::No;
        };
        let moved = rewrites::to_last(rank).into_iter().map(|axis| around.pads.get(axis).copied());
        match moved.collect() {
            Some(pads) => {
                let around = Some(Arc::new(Around { pads, value: around.value.clone() }));
                ChannelsLast::As(Arc::new(Self { around, ..self.clone() }))
            }
            None => ChannelsLast::No,
        }
    }
}
