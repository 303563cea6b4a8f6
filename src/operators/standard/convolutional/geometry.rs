//! How windows lie over pictures: the attributes `kernel_shape`, `strides`, `dilations`, `pads`, `auto_pad` and `ceil_mode`.

use anyhow::{Context as _, Result, bail, ensure};
use predictql_kernels::convolve::Window;

use super::Dim;
use crate::onnx::pb::NodeProto;

/// Longer windows and steps are mistakes, and positions are counted in 32 bits.
const LONGEST: usize = 1 << 24;

/// A window and its way, along the axes besides rows and channels.
#[derive(Debug, Clone)]
pub(super) struct Geometry {
    /// Absent where the weights give it.
    kernel: Option<Vec<usize>>,
    strides: Vec<usize>,
    dilations: Vec<usize>,
    padding: Padding,
    /// Whether a last position that lies in the picture in part counts.
    ceils: bool,
}

#[derive(Debug, Clone)]
enum Padding {
    /// Before all axes, then behind them; none where it is empty.
    Given(Vec<usize>),
    /// As much as makes the result as long as the picture, divided by the stride; whether an odd one lies behind.
    Same { behind: bool },
}

/// Where a window goes along one axis.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Axis {
    output: usize,
    before: usize,
    behind: usize,
}

impl Geometry {
    pub(super) fn parse(node: &NodeProto) -> Result<Self> {
        let auto: Option<String> = node.optional("auto_pad")?;
        let padding = match auto.as_deref().unwrap_or("NOTSET") {
            "NOTSET" => Padding::Given(node.list("pads")?),
            "VALID" => Padding::Given(Vec::new()),
            "SAME_UPPER" => Padding::Same { behind: true },
            "SAME_LOWER" => Padding::Same { behind: false },
            other => bail!("there is no auto_pad {other}"),
        };
        let geometry = Self {
            kernel: node.optional("kernel_shape")?,
            strides: node.list("strides")?,
            dilations: node.list("dilations")?,
            padding,
            ceils: node.flag("ceil_mode", false)?,
        };
        let fit = |steps: &[usize]| steps.iter().all(|step| (1..=LONGEST).contains(step));
        let fits =
            fit(&geometry.strides) && fit(&geometry.dilations) && geometry.kernel.as_deref().is_none_or(fit);
        ensure!(fits, "windows and their steps are at least 1 and at most {LONGEST} long");
        Ok(geometry)
    }

    /// A window over all of the picture.
    pub(super) fn global() -> Self {
        let (strides, dilations) = (Vec::new(), Vec::new());
        Self { kernel: None, strides, dilations, padding: Padding::Given(Vec::new()), ceils: false }
    }

    /// The lengths of the window; `weights` are those of the weights, or of the picture.
    pub(super) fn kernel(&self, weights: &[usize]) -> Result<Vec<usize>> {
        let kernel = self.kernel.as_deref().unwrap_or(weights);
        ensure!(
            kernel.len() == weights.len(),
            "a window of {} axes does not fit {}",
            kernel.len(),
            weights.len()
        );
        Ok(kernel.to_vec())
    }

    /// Refuses padding in which a whole window has room: it would see nothing.
    ///
    /// # Errors
    /// Where a pad is as long as the window.
    pub(super) fn ensure_sees(&self, kernel: &[usize]) -> Result<()> {
        let Padding::Given(pads) = &self.padding else { return Ok(()) };
        let fits = pads.iter().zip(kernel.iter().cycle()).all(|(pad, length)| pad < length);
        ensure!(fits, "pads {pads:?} are not shorter than the window {kernel:?}");
        Ok(())
    }

    /// The lengths of the result, as far as those of the picture are known.
    pub(super) fn dims(&self, input: &[Dim], kernel: &[usize]) -> Result<Vec<Dim>> {
        let axes = input.iter().zip(kernel).enumerate();
        let lengths = axes.map(|(axis, (dim, kernel))| {
            let Some(length) = dim.known() else { return Ok(Dim::open()) };
            Ok(Dim::from(self.axis(axis, input.len(), length, *kernel)?.output))
        });
        lengths.collect()
    }

    /// The window over a picture with the axes `input`, and how far it reaches behind.
    pub(super) fn window(&self, input: &[usize], kernel: &[usize]) -> Result<(Window, [usize; 2])> {
        ensure!(matches!(input.len(), 1 | 2), "windows of {} axes do not move here", input.len());
        let axes = input.iter().zip(kernel).enumerate();
        let axes = axes.map(|(axis, (length, kernel))| self.axis(axis, input.len(), *length, *kernel));
        let axes = axes.collect::<Result<Vec<_>>>()?;
        let each = |value: fn(&Axis) -> usize| axes.iter().map(value).collect::<Vec<_>>();
        let step = |steps: &[usize]| (0..input.len()).map(|axis| step(steps, axis)).collect::<Vec<_>>();
        let window = Window {
            input: pair(input, 1)?,
            output: pair(&each(|axis| axis.output), 1)?,
            kernel: pair(kernel, 1)?,
            strides: pair(&step(&self.strides), 1)?,
            dilations: pair(&step(&self.dilations), 1)?,
            before: pair(&each(|axis| axis.before), 0)?,
        };
        Ok((window, pair(&each(|axis| axis.behind), 0)?))
    }

    /// The way along an axis of `length`.
    fn axis(&self, axis: usize, axes: usize, length: usize, kernel: usize) -> Result<Axis> {
        let (stride, dilation) = (step(&self.strides, axis), step(&self.dilations, axis));
        let reach = dilation.checked_mul(kernel - 1).and_then(|reach| reach.checked_add(1));
        let reach = reach.context("a window is larger than memory")?;
        let (before, behind) = match &self.padding {
            Padding::Given(pads) if pads.is_empty() => (0, 0),
            Padding::Given(pads) => {
                let (Some(before), Some(behind)) = (pads.get(axis), pads.get(axis + axes)) else {
                    bail!("{} pads do not fit {axes} axes", pads.len())
                };
                (*before, *behind)
            }
            Padding::Same { behind } => {
                let positions = length.div_ceil(stride);
                let needed = positions.saturating_sub(1).saturating_mul(stride).saturating_add(reach);
                let all = needed.saturating_sub(length);
                let less = all / 2;
                if *behind { (less, all - less) } else { (all - less, less) }
            }
        };
        let padded = length.checked_add(before).and_then(|padded| padded.checked_add(behind));
        let padded = padded.context("a padded picture is larger than memory")?;
        ensure!(reach <= padded, "a window of {reach} does not fit a picture of {padded}");
        let room = padded - reach;
        let output = if self.ceils { room.div_ceil(stride) } else { room / stride } + 1;
        // A last position begins in the picture or before it.
        let is_behind = self.ceils && (output - 1) * stride >= length + before;
        Ok(Axis { output: output - usize::from(is_behind), before, behind })
    }
}

/// A step along an axis; 1 where none is given.
fn step(steps: &[usize], axis: usize) -> usize {
    // Default: the standard's step.
    steps.get(axis).copied().unwrap_or(1)
}

/// One or two axes as height and width; a signal is one line.
fn pair(axes: &[usize], height: usize) -> Result<[usize; 2]> {
    match axes {
        [width] => Ok([height, *width]),
        [height, width] => Ok([*height, *width]),
        _ => bail!("expected one or two axes, found {}", axes.len()),
    }
}
