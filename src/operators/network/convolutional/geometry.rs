//! How windows lie over pictures: the attributes `kernel_shape`, `strides`, `dilations`, `pads`, `auto_pad` and `ceil_mode`.

use anyhow::{Context as _, Result, bail, ensure};
use predictql_kernels::convolve::Window;

use super::Dim;
use crate::limits::WINDOW_PLACES;
use crate::onnx::pb::NodeProto;
use crate::tensor::volume;

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
pub(super) struct Axis {
    /// The length of the picture.
    pub(super) input: usize,
    /// The positions of the window.
    pub(super) output: usize,
    /// The places of the window.
    pub(super) kernel: usize,
    pub(super) stride: usize,
    pub(super) dilation: usize,
    /// How far the first position lies before the picture.
    pub(super) before: usize,
    /// How far the padding reaches behind the picture.
    pub(super) behind: usize,
}

impl Axis {
    /// The places of the window at the position `at` that lie in the picture or in its padding.
    pub(super) fn padded(&self, at: usize) -> usize {
        let end = self.input + self.before + self.behind;
        end.saturating_sub(at * self.stride).div_ceil(self.dilation).min(self.kernel)
    }

    /// The places of the window at the position `at` that lie in the picture, each with where it is there.
    fn inside(self, at: usize) -> impl Iterator<Item = (usize, usize)> {
        let start = at * self.stride;
        let until = |end: usize| end.saturating_sub(start).div_ceil(self.dilation).min(self.kernel);
        (until(self.before)..until(self.input + self.before))
            .map(move |tap| (tap, start + tap * self.dilation - self.before))
    }
}

/// The places of a window that lie in the picture, at the position that is the number `position` of all: the number of each among those of the window,
/// and its number among those of the picture.
pub(super) fn places(axes: &[Axis], position: usize, places: &mut Vec<(usize, usize)>) {
    places.clear();
    places.push((0, 0));
    let mut inner: usize = axes.iter().map(|axis| axis.output).product();
    for axis in axes {
        // There is a position, and so each axis has some.
        inner /= axis.output.max(1);
        let at = position / inner.max(1) % axis.output.max(1);
        let further = places.iter().flat_map(|(tap, place)| {
            let along = axis.inside(at);
            along.map(move |(nth, inside)| (tap * axis.kernel + nth, place * axis.input + inside))
        });
        *places = further.collect();
    }
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
        let places = geometry.kernel.as_deref().map_or(Some(1), volume);
        let is_small = |places| i64::try_from(places).is_ok_and(|places| places <= WINDOW_PLACES);
        ensure!(places.is_some_and(is_small), "a window has at most {WINDOW_PLACES} places");
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

    /// Whether a window of one place goes from place to place, and never beyond the picture.
    pub(super) fn is_plain(&self) -> bool {
        let pads = match &self.padding {
            Padding::Given(pads) => pads.as_slice(),
            Padding::Same { .. } => &[],
        };
        self.strides.iter().all(|stride| *stride == 1) && pads.iter().all(|pad| *pad == 0)
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

    /// The way over a picture with the axes `input`.
    pub(super) fn axes(&self, input: &[usize], kernel: &[usize]) -> Result<Vec<Axis>> {
        ensure!(
            input.len() == kernel.len() && !input.is_empty(),
            "a window of {} axes does not fit {}",
            kernel.len(),
            input.len()
        );
        let axes = input.iter().zip(kernel).enumerate();
        axes.map(|(axis, (length, kernel))| self.axis(axis, input.len(), *length, *kernel)).collect()
    }

    /// The way along an axis of `length`.
    fn axis(&self, axis: usize, axes: usize, length: usize, kernel: usize) -> Result<Axis> {
        let (stride, dilation) = (step(&self.strides, axis), step(&self.dilations, axis));
        let last = kernel.checked_sub(1).context("a window has places")?;
        let reach = dilation.checked_mul(last).and_then(|reach| reach.checked_add(1));
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
        let output = output - usize::from(is_behind);
        Ok(Axis { input: length, output, kernel, stride, dilation, before, behind })
    }
}

/// One or two axes as the loops take them, and how far the padding reaches behind.
pub(super) fn window(axes: &[Axis]) -> Result<(Window, [usize; 2])> {
    let each = |value: fn(&Axis) -> usize| axes.iter().map(value).collect::<Vec<_>>();
    let window = Window {
        input: pair(&each(|axis| axis.input), 1)?,
        output: pair(&each(|axis| axis.output), 1)?,
        kernel: pair(&each(|axis| axis.kernel), 1)?,
        strides: pair(&each(|axis| axis.stride), 1)?,
        dilations: pair(&each(|axis| axis.dilation), 1)?,
        before: pair(&each(|axis| axis.before), 0)?,
    };
    Ok((window, pair(&each(|axis| axis.behind), 0)?))
}

/// A window that goes over the result, one position for each place of the picture.
#[derive(Debug, Clone)]
pub(super) struct Spread {
    geometry: Geometry,
    /// By how much the result is longer behind.
    longer: Vec<usize>,
    /// The lengths of the result, where they are given.
    lengths: Vec<usize>,
    /// Whether of an odd padding there is more behind.
    behind: bool,
}

impl Spread {
    pub(super) fn parse(node: &NodeProto) -> Result<Self> {
        let (longer, lengths): (Vec<usize>, Vec<usize>) =
            (node.list("output_padding")?, node.list("output_shape")?);
        let fits = longer.iter().chain(&lengths).all(|length| *length <= LONGEST);
        ensure!(fits, "results of a convolution are at most {LONGEST} long");
        let geometry = Geometry::parse(node)?;
        // Only this one puts it behind, and without any it lies before.
        let behind = matches!(geometry.padding, Padding::Same { behind: true });
        Ok(Self { geometry, longer, lengths, behind })
    }

    /// The lengths of the result, as far as those of the picture are known.
    pub(super) fn dims(&self, picture: &[Dim], kernel: &[usize]) -> Result<Vec<Dim>> {
        self.check(picture.len(), kernel)?;
        let axes = picture.iter().zip(kernel).enumerate();
        let lengths = axes.map(|(axis, (dim, kernel))| {
            let Some(length) = dim.known() else { return Ok(Dim::open()) };
            Ok(Dim::from(self.axis(axis, picture.len(), length, *kernel)?.input))
        });
        lengths.collect()
    }

    /// The way over the result of a picture of these lengths.
    pub(super) fn axes(&self, picture: &[usize], kernel: &[usize]) -> Result<Vec<Axis>> {
        self.check(picture.len(), kernel)?;
        let axes = picture.iter().zip(kernel).enumerate();
        axes.map(|(axis, (length, kernel))| self.axis(axis, picture.len(), *length, *kernel)).collect()
    }

    fn check(&self, axes: usize, kernel: &[usize]) -> Result<()> {
        let given = self.geometry.kernel(kernel)?;
        ensure!(
            given == kernel && kernel.len() == axes && axes > 0,
            "a window of {given:?} does not fit {axes} axes and weights of {kernel:?}"
        );
        Ok(())
    }

    fn axis(&self, axis: usize, axes: usize, length: usize, kernel: usize) -> Result<Axis> {
        let Geometry { strides, dilations, padding, .. } = &self.geometry;
        let (stride, dilation) = (step(strides, axis), step(dilations, axis));
        // Default: as long as the window reaches.
        let longer = self.longer.get(axis).copied().unwrap_or(0);
        let last = length.checked_sub(1).zip(kernel.checked_sub(1));
        let (last, reach) = last.context("pictures and windows have places")?;
        let covered = last.checked_mul(stride).zip(reach.checked_mul(dilation));
        let covered = covered.and_then(|(way, reach)| way.checked_add(reach)?.checked_add(longer + 1));
        let covered = covered.context("a result is larger than memory")?;
        // Lengths may stand behind those of rows and channels.
        let given = self.lengths.len().checked_sub(axes).and_then(|first| self.lengths.get(first + axis));
        let split = |output: usize| {
            let all = covered.saturating_sub(output);
            (output, if self.behind { all / 2 } else { all - all / 2 })
        };
        let (output, before) = match (given, padding) {
            (Some(output), _) => split(*output),
            // A window that is shorter than its stride does not reach so far.
            (None, Padding::Same { .. }) => split(covered.min(length.saturating_mul(stride))),
            (None, Padding::Given(pads)) if pads.is_empty() => (covered, 0),
            (None, Padding::Given(pads)) => {
                let (Some(before), Some(behind)) = (pads.get(axis), pads.get(axis + axes)) else {
                    bail!("{} pads do not fit {axes} axes", pads.len())
                };
                let output = covered.checked_sub(*before).and_then(|rest| rest.checked_sub(*behind));
                (output.context("pads are longer than the result")?, *before)
            }
        };
        Ok(Axis { input: output, output: length, kernel, stride, dilation, before, behind: 0 })
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
