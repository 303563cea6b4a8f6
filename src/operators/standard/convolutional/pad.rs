//! `Pad` (11 to 24) with a constant.

use std::sync::Arc;

use anyhow::{Context as _, Result, bail, ensure};

use super::{
    ChannelsLast, Context, Dim, Operator, Rewrites, Rewritten, Shape, floats, resolve_axis, rewrites,
};
use crate::onnx::pb::NodeProto;
use crate::tensor::{Tensor, offsets, room, strides};

/// Numbers around a tensor.
#[derive(Debug, Clone)]
pub(super) struct Pad {
    /// How many there are before and behind every axis, and which ones, where they never change.
    around: Option<Arc<Around>>,
    /// Which inputs the file names: the value and the axes.
    named: [bool; 2],
}

#[derive(Debug, Clone)]
struct Around {
    pads: Vec<(usize, usize)>,
    value: f32,
}

impl Pad {
    /// By the inputs behind the first one.
    fn around(&self, rank: usize, parameters: &[Option<Tensor>]) -> Result<Around> {
        let mut parameters = parameters.iter();
        let mut next = || parameters.next().and_then(Option::as_ref).context("the pads have to be known");
        let pads = next()?.to_vec::<i64>()?;
        let value =
            match self.named[0].then(&mut next).transpose()?.map(Tensor::elements::<f32>).transpose()? {
                None => 0.0,
                Some([value]) => *value,
                Some(_) => bail!("one number stands around a tensor"),
            };
        let axes = if self.named[1] { next()?.to_vec::<i64>()? } else { (0..i64::try_from(rank)?).collect() };
        ensure!(pads.len() == 2 * axes.len(), "{} pads do not fit {} axes", pads.len(), axes.len());
        let (before, behind) = pads.split_at(axes.len());
        let mut all = vec![(0, 0); rank];
        for (axis, (before, behind)) in axes.iter().zip(before.iter().zip(behind)) {
            let place = all.get_mut(resolve_axis(*axis, rank)?).context("an axis of the tensor")?;
            *place = (usize::try_from(*before)?, usize::try_from(*behind)?);
        }
        Ok(Around { pads: all, value })
    }
}

impl Operator for Pad {
    fn parse(_: &Context<'_>, node: &NodeProto) -> Result<Self> {
        let mode: Option<String> = node.optional("mode")?;
        ensure!(mode.is_none_or(|mode| mode == "constant"), "only constants are put around here");
        let has = |position: usize| node.input.get(position).is_some_and(|name| !name.is_empty());
        ensure!(has(1), "the pads are an input");
        Ok(Self { around: None, named: [has(2), has(3)] })
    }

    fn outputs_for_values(&self, inputs: &[Shape], values: &[Option<Tensor>]) -> Result<Vec<Shape>> {
        let Some(input) = inputs.first() else { bail!("expected an input") };
        let dims = floats(input)?;
        let around = match &self.around {
            Some(around) => around.clone(),
            None => Arc::new(
                self.around(dims.len(), values.split_first().context("the pads have to be known")?.1)?,
            ),
        };
        ensure!(around.pads.len() == dims.len(), "{} pads do not fit {} axes", around.pads.len(), dims.len());
        let lengths = dims.iter().zip(&around.pads).map(|(dim, (before, behind))| match dim.known() {
            Some(length) => Dim::from(length.saturating_add(*before).saturating_add(*behind)),
            None if (*before, *behind) == (0, 0) => dim.clone(),
            None => Dim::open(),
        });
        Ok(vec![(input.0, lengths.collect())])
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
        let lengths =
            lengths.map(|(length, (before, behind))| before.checked_add(*length)?.checked_add(*behind));
        let shape = lengths.collect::<Option<Vec<usize>>>().context("a tensor larger than memory")?;
        let mut padded = vec![around.value; room(&shape)?];
        let steps = strides(&shape);
        let first: usize = steps.iter().zip(&around.pads).map(|(step, (before, _))| step * before).sum();
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
                let around = Some(Arc::new(Around { pads, value: around.value }));
                ChannelsLast::As(Arc::new(Self { around, ..self.clone() }))
            }
            None => ChannelsLast::No,
        }
    }
}
