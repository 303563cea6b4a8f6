//! `DFT` (ONNX, versions 17 to 20), of any length and along any axis, and `STFT` (17).

use anyhow::{Context as _, Result, bail, ensure};
use predictql_kernels::fourier::{Complex, Fourier};

use super::{Context, Dim, Operator, Places, Shape, number, open, resolve_axis, split_at_axis};
use crate::onnx::pb::NodeProto;
use crate::tensor::{Tensor, room, set};

/// The discrete Fourier transform along an axis. The last axis has the real and the imaginary part, or the former alone.
#[derive(Debug)]
pub(super) struct Dft {
    places: Places,
    /// Where no input gives it.
    axis: i64,
    is_inverse: bool,
    is_onesided: bool,
}

/// A transform takes memory for tables of so many times its length.
const TABLES: usize = 64;

/// The operator's inputs by their numbers in the standard.
const SIGNAL: usize = 0;
const LENGTH: usize = 1;
const AXIS: usize = 2;

impl Dft {
    /// The axis, which is not the last one.
    fn axis(&self, given: Option<&Tensor>, rank: usize) -> Result<usize> {
        let axis = resolve_axis(given.map_or(Ok(self.axis), number)?, rank)?;
        ensure!(axis + 1 < rank, "parts of numbers are not transformed");
        Ok(axis)
    }

    /// How many numbers are transformed, and how many come out of it.
    fn lengths(&self, own: usize, given: Option<&Tensor>) -> Result<(usize, usize)> {
        let length = match given {
            Some(given) => usize::try_from(number(given)?)?,
            // Of an inverse that has one side, the other one is its mirror image.
            None if self.is_inverse && self.is_onesided => own.saturating_sub(1).saturating_mul(2),
            None => own,
        };
        ensure!(length > 0, "nothing is transformed");
        room(&[TABLES, length])?;
        Ok((length, if self.is_onesided && !self.is_inverse { length / 2 + 1 } else { length }))
    }
}

/// Whether the last axis, of `parts`, has numbers with an imaginary part.
fn is_complex(parts: Option<usize>) -> Result<bool> {
    match parts {
        Some(1) => Ok(false),
        Some(2) => Ok(true),
        _ => bail!("the last axis has the parts of complex numbers"),
    }
}

impl Operator for Dft {
    fn parse(ctx: &Context<'_>, node: &NodeProto) -> Result<Self> {
        let default = if ctx.opset < 20 { 1 } else { -2 };
        Ok(Self {
            places: Places::of(node),
            axis: node.optional("axis")?.unwrap_or(default),
            is_inverse: node.flag("inverse", false)?,
            is_onesided: node.flag("onesided", false)?,
        })
    }

    fn outputs_for_values(&self, inputs: &[Shape], values: &[Option<Tensor>]) -> Result<Vec<Shape>> {
        let (element, dims) = self.places.get(inputs, SIGNAL).context("there is no signal")?;
        ensure!(element.is_float(), "a signal has floats, not {element:?}");
        is_complex(dims.last().and_then(Dim::known))?;
        let mut dims = dims.clone();
        let parts = if self.is_onesided && self.is_inverse { 1 } else { 2 };
        let last = dims.len() - 1;
        set(&mut dims, last, parts.into())?;
        let known = |place: usize| self.places.get(values, place).map(Option::as_ref);
        // An input that is not known may have any value.
        let Some(axis) = known(AXIS).map_or(Some(None), |axis| axis.map(Some)) else {
            dims.iter_mut().take(last).for_each(|dim| *dim = open());
            return Ok(vec![(*element, dims)]);
        };
        let axis = self.axis(axis, dims.len())?;
        let own = dims.get(axis).and_then(Dim::known);
        let length = match (known(LENGTH), own) {
            (Some(None), _) | (None, None) => open(),
            (Some(given), _) => self.lengths(1, given)?.1.into(),
            (None, Some(own)) => self.lengths(own, None)?.1.into(),
        };
        set(&mut dims, axis, length)?;
        Ok(vec![(*element, dims)])
    }

    #[expect(clippy::indexing_slicing, reason = "the places of a tensor are counted from its shape")]
    fn eval(&self, inputs: Vec<Tensor>) -> Result<Vec<Tensor>> {
        let input = |number: usize| self.places.get(&inputs, number);
        let signal = input(SIGNAL).context("there is no signal")?;
        let axis = self.axis(input(AXIS), signal.rank())?;
        let parts = 1 + usize::from(is_complex(signal.shape().last().copied())?);
        let (outer, own, inner) = split_at_axis(signal.shape(), axis)?;
        let inner = inner / parts;
        let (length, kept) = self.lengths(own, input(LENGTH))?;
        let is_real = self.is_inverse && self.is_onesided;
        let parts_out = if is_real { 1 } else { 2 };
        let mut shape = signal.shape().to_vec();
        set(&mut shape, axis, kept)?;
        set(&mut shape, signal.rank() - 1, parts_out)?;
        let mut spectrum = vec![0.0_f64; room(&shape)?];
        let values = signal.to_vec::<f64>()?;
        let fourier = Fourier::new(length);
        let mut line: Vec<Complex> = vec![[0.0; 2]; length];
        for (block, within) in (0..outer).flat_map(|block| (0..inner).map(move |within| (block, within))) {
            line.fill([0.0; 2]);
            for (at, number) in line.iter_mut().take(own).enumerate() {
                let start = ((block * own + at) * inner + within) * parts;
                number[..parts].copy_from_slice(&values[start..start + parts]);
            }
            if is_real {
                mirror(&mut line);
            }
            if self.is_inverse {
                fourier.inverse(&mut line)
            } else {
                fourier.transform(&mut line)
            }
            for (at, number) in line.iter().take(kept).enumerate() {
                let start = ((block * kept + at) * inner + within) * parts_out;
                spectrum[start..start + parts_out].copy_from_slice(&number[..parts_out]);
            }
        }
        Ok(vec![Tensor::new(shape, spectrum)?.cast(signal.element())?])
    }
}

/// Gives a spectrum whose first half is there the other one: that of a signal of real numbers.
#[expect(clippy::indexing_slicing, reason = "the mirror image of a place is a place")]
fn mirror(line: &mut [Complex]) {
    let length = line.len();
    line[0][1] = 0.0;
    for at in 1..=length / 2 {
        let [re, im] = line[at];
        if 2 * at == length {
            line[at][1] = 0.0;
        } else {
            line[length - at] = [re, -im];
        }
    }
}

/// The transforms of frames of a signal, each after a step of the same length.
#[derive(Debug)]
pub(super) struct Stft {
    places: Places,
    is_onesided: bool,
}

const STEP: usize = 1;
const WINDOW: usize = 2;
const FRAME: usize = 3;

impl Stft {
    /// How many frames there are, and how many numbers of each spectrum are kept.
    fn counts(&self, length: usize, step: &Tensor, frame: usize) -> Result<(usize, usize)> {
        let step = usize::try_from(number(step)?)?;
        ensure!(step > 0, "the next frame lies a step ahead");
        let rest = length.checked_sub(frame).with_context(|| format!("no {frame} fit into {length}"))?;
        Ok((rest / step + 1, if self.is_onesided { frame / 2 + 1 } else { frame }))
    }

    /// The length of a frame.
    fn frame(window: Option<usize>, frame: Option<&Tensor>) -> Result<usize> {
        let frame = frame.map(number).transpose()?.map(usize::try_from).transpose()?;
        ensure!(
            frame.is_none() || window.is_none() || frame == window,
            "a window of {window:?} does not fit frames of {frame:?}"
        );
        let frame = frame.or(window).filter(|frame| *frame > 0).context("a frame has no length")?;
        room(&[TABLES, frame])?;
        Ok(frame)
    }
}

impl Operator for Stft {
    fn parse(_: &Context<'_>, node: &NodeProto) -> Result<Self> {
        Ok(Self { places: Places::of(node), is_onesided: node.flag("onesided", true)? })
    }

    fn outputs_for_values(&self, inputs: &[Shape], values: &[Option<Tensor>]) -> Result<Vec<Shape>> {
        let (element, dims) = self.places.get(inputs, SIGNAL).context("there is no signal")?;
        ensure!(element.is_float(), "a signal has floats, not {element:?}");
        let (batch, length) = match dims.as_slice() {
            [batch, length] => (batch, length),
            [batch, length, parts] => {
                let is_complex = is_complex(parts.known())?;
                ensure!(!(is_complex && self.is_onesided), "a complex spectrum has two sides");
                (batch, length)
            }
            other => bail!("a signal of {} dimensions does not run", other.len()),
        };
        let window = self.places.get(inputs, WINDOW).map(|(_, dims)| dims.first().and_then(Dim::known));
        let given = self.places.get(values, FRAME).map(Option::as_ref);
        let frame = match (window, given) {
            (_, Some(Some(given))) => Some(Self::frame(window.flatten(), Some(given))?),
            (Some(Some(window)), _) => Some(window),
            (None, None) => bail!("a frame has no length"),
            _ => None,
        };
        let step = self.places.get(values, STEP).context("there is no step")?;
        let (mut frames, mut kept) = (open(), open());
        if let Some(frame) = frame {
            kept = if self.is_onesided { frame / 2 + 1 } else { frame }.into();
            if let (Some(length), Some(step)) = (length.known(), step) {
                frames = self.counts(length, step, frame)?.0.into();
            }
        }
        Ok(vec![(*element, vec![batch.clone(), frames, kept, 2.into()])])
    }

    #[expect(clippy::indexing_slicing, reason = "the places of a tensor are counted from its shape")]
    fn eval(&self, inputs: Vec<Tensor>) -> Result<Vec<Tensor>> {
        let input = |number: usize| self.places.get(&inputs, number);
        let (signal, step) = (input(SIGNAL), input(STEP));
        let (signal, step) = signal.zip(step).context("there is no signal, or no step")?;
        let (batch, length, parts) = match *signal.shape() {
            [batch, length] => (batch, length, 1),
            [batch, length, parts] => (batch, length, 1 + usize::from(is_complex(Some(parts))?)),
            _ => bail!("a signal of {} dimensions does not run", signal.rank()),
        };
        let window = input(WINDOW).map(Tensor::to_vec::<f64>).transpose()?;
        let frame = Self::frame(window.as_ref().map(Vec::len), input(FRAME))?;
        let (frames, kept) = self.counts(length, step, frame)?;
        let step = usize::try_from(number(step)?)?;
        let shape = vec![batch, frames, kept, 2];
        let mut spectra: Vec<f64> = Vec::with_capacity(room(&shape)?);
        let values = signal.to_vec::<f64>()?;
        let fourier = Fourier::new(frame);
        let mut line: Vec<Complex> = vec![[0.0; 2]; frame];
        for (row, nth) in (0..batch).flat_map(|row| (0..frames).map(move |nth| (row, nth))) {
            for (at, number) in line.iter_mut().enumerate() {
                let start = (row * length + nth * step + at) * parts;
                // Default: without a window every number counts the same.
                let weight = window.as_ref().map_or(1.0, |window| window[at]);
                *number = [values[start] * weight, if parts == 2 { values[start + 1] * weight } else { 0.0 }];
            }
            fourier.transform(&mut line);
            spectra.extend(line.iter().take(kept).flatten());
        }
        Ok(vec![Tensor::new(shape, spectra)?.cast(signal.element())?])
    }
}
