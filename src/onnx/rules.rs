//! What the standard asks of attributes and inputs, for operators that take it for granted: axes within the rank,
//! windows within their input, permutations that are ones.

use anyhow::{Result, bail, ensure};

use super::names;
use super::pb::NodeProto;
use crate::limits::{TENSOR_BYTES, WINDOW_LENGTH, WINDOW_PLACES};
use crate::tensor::is_permutation;

/// What is known of an input before a graph runs.
#[derive(Debug, Default)]
pub(crate) struct Given {
    /// Its lengths, as far as they are known.
    pub(crate) dims: Option<Vec<Option<i64>>>,
    /// Its numbers, where it is a constant.
    pub(crate) value: Option<Vec<i64>>,
    pub(crate) floats: Option<Vec<f64>>,
}

/// The operators that have rules here.
const OPERATORS: [&str; 40] = [
    "ArgMax",
    "ArgMin",
    "AveragePool",
    "Compress",
    "Concat",
    "Conv",
    "ConvInteger",
    "ConvTranspose",
    "CumSum",
    "DepthToSpace",
    "Einsum",
    "Flatten",
    "Gather",
    "GatherElements",
    "Hardmax",
    "LRN",
    "LayerNormalization",
    "LogSoftmax",
    "MaxPool",
    "Multinomial",
    "Pad",
    "QLinearConv",
    "RandomNormal",
    "RandomUniform",
    "Range",
    "ReduceL1",
    "ReduceL2",
    "ReduceLogSum",
    "ReduceMax",
    "ReduceMean",
    "ReduceMin",
    "ReduceProd",
    "ReduceSum",
    "Resize",
    "Softmax",
    "SpaceToDepth",
    "Split",
    "Squeeze",
    "Transpose",
    "Unsqueeze",
];

/// Operators that need no first input.
const MAKE_THEIR_OWN: [&str; 6] =
    ["Constant", "Loop", "Optional", "RandomNormal", "RandomUniform", "SequenceEmpty"];

/// Operators that take more inputs than one for granted.
const LEAST_INPUTS: [(&str, usize); 7] = [
    ("Conv", 2),
    ("ConvInteger", 2),
    ("ConvTranspose", 2),
    ("Gather", 2),
    ("GatherElements", 2),
    ("QLinearConv", 8),
    ("Range", 3),
];

/// Checks a node against what is known of its `inputs`; none of them before shapes are.
///
/// # Errors
/// For what the standard rules out.
pub(crate) fn check(node: &NodeProto, inputs: &[Given]) -> Result<()> {
    let name = names::split(&node.op_type).1;
    let rank = inputs.first().and_then(|input| input.dims.as_ref()).map(Vec::len);
    let least = LEAST_INPUTS.iter().find(|(operator, _)| *operator == name).map_or(1, |(_, least)| *least);
    let count = node.input.iter().take_while(|name| !name.is_empty()).count();
    ensure!(
        count >= least || MAKE_THEIR_OWN.contains(&name),
        "{name} has its first {count} inputs, expected {least} at least"
    );
    match name {
        _ if !OPERATORS.contains(&name) => Ok(()),
        "Conv" | "ConvInteger" | "QLinearConv" | "ConvTranspose" | "MaxPool" | "AveragePool" => {
            window(node, name, inputs)
        }
        "Transpose" => permutation(&node.list("perm")?, rank),
        "Flatten" => match (one(node, "axis")?.as_slice(), rank) {
            // From the end there is no axis behind the last.
            ([axis], Some(rank)) if *axis >= 0 => axes(&[*axis], Some(rank + 1)),
            (axis, rank) => axes(axis, rank),
        },
        "Einsum" => labels(node.optional("equation")?.unwrap_or_default()),
        "DepthToSpace" | "SpaceToDepth" => {
            within(node.required("blocksize")?, 1..=WINDOW_LENGTH, "block size")
        }
        "LRN" => {
            let size = node.required::<i64>("size")?;
            ensure!(size % 2 == 1, "the number of channels is {size}, expected an odd one");
            within(size, 1..=WINDOW_LENGTH, "number of channels")
        }
        "Multinomial" => {
            within(node.optional("sample_size")?.unwrap_or(1), 1..=i64::from(i32::MAX), "number of samples")
        }
        "Range" => {
            let number = |place: usize| inputs.get(place)?.floats.as_ref()?.first().copied();
            match (number(0), number(1), number(2)) {
                (Some(start), Some(limit), Some(step)) => range(start, limit, step),
                _ => Ok(()),
            }
        }
        "RandomNormal" | "RandomUniform" => lengths(&node.list("shape")?),
        "Resize" => {
            let given = node.input.iter().filter(|name| !name.is_empty()).count();
            ensure!(given >= 2, "Resize has neither scales nor sizes");
            let Some(sizes) = inputs.get(3).and_then(|sizes| sizes.value.as_ref()) else { return Ok(()) };
            sizes.iter().try_for_each(|size| within(*size, 1..=i64::from(i32::MAX), "size"))?;
            lengths(sizes)
        }
        "Pad" => pads(node, inputs),
        "Squeeze" | "CumSum" => listed(node, inputs.get(1), rank),
        "Unsqueeze" => {
            let given = inputs.get(1).and_then(|axes| axes.value.clone());
            let listed = node.list("axes")?;
            let new = given.unwrap_or(listed);
            axes(&new, rank.map(|rank| rank + new.len()))
        }
        "Gather" | "GatherElements" => {
            let axis = node.optional::<i64>("axis")?.unwrap_or(0);
            axes(&[axis], rank)?;
            lookup(axis, inputs)
        }
        _ if name.starts_with("Reduce") => listed(node, inputs.get(1), rank),
        _ => axes(&one(node, "axis")?, rank),
    }
}

/// The attribute `name` as a list of none or one.
fn one(node: &NodeProto, name: &str) -> Result<Vec<i64>> {
    Ok(node.optional(name)?.into_iter().collect())
}

fn within(value: i64, range: std::ops::RangeInclusive<i64>, what: &str) -> Result<()> {
    ensure!(range.contains(&value), "{what} {value}, expected one from {} to {}", range.start(), range.end());
    Ok(())
}

/// Axes count from either end of `rank`.
fn axes(axes: &[i64], rank: Option<usize>) -> Result<()> {
    let Some(rank) = rank.map(i64::try_from).transpose()? else { return Ok(()) };
    match axes.iter().find(|axis| !(-rank..rank).contains(*axis)) {
        Some(axis) => bail!("axis {axis} of a tensor of {rank} dimensions"),
        None => Ok(()),
    }
}

/// Constant indices count from either end of the axis that they look up.
fn lookup(axis: i64, inputs: &[Given]) -> Result<()> {
    let [data, indices, ..] = inputs else { return Ok(()) };
    let (Some(dims), Some(indices)) = (&data.dims, &indices.value) else { return Ok(()) };
    let place = if axis < 0 {
        dims.len().checked_add_signed(isize::try_from(axis)?)
    } else {
        Some(usize::try_from(axis)?)
    };
    let Some(length) = place.and_then(|place| *dims.get(place)?) else { return Ok(()) };
    match indices.iter().find(|index| !(-length..length).contains(*index)) {
        Some(index) => bail!("index {index} of an axis of length {length}"),
        None => Ok(()),
    }
}

/// Axes that are an attribute in older versions and the input `given` in newer ones.
fn listed(node: &NodeProto, given: Option<&Given>, rank: Option<usize>) -> Result<()> {
    axes(&node.list("axes")?, rank)?;
    given.and_then(|given| given.value.as_ref()).map_or(Ok(()), |value| axes(value, rank))
}

fn permutation(perm: &[i64], rank: Option<usize>) -> Result<()> {
    let order: Option<Vec<usize>> = perm.iter().map(|axis| usize::try_from(*axis).ok()).collect();
    ensure!(
        order.is_some_and(|order| is_permutation(&order))
            && (perm.is_empty() || rank.is_none_or(|rank| rank == perm.len())),
        "{perm:?} is no permutation of the dimensions"
    );
    Ok(())
}

/// Whether there are so many numbers from `start` to `limit` as a tensor holds.
///
/// # Errors
/// Where there are more, or no number of them.
pub(crate) fn range(start: f64, limit: f64, step: f64) -> Result<()> {
    let count = ((limit - start) / step).abs();
    #[expect(clippy::cast_precision_loss, reason = "the bound is a power of two")]
    let most = (TENSOR_BYTES / 8) as f64;
    ensure!(count <= most, "the numbers from {start} to {limit} in steps of {step} are no tensor");
    Ok(())
}

/// Whether memory has room for a tensor of these lengths.
fn lengths(lengths: &[i64]) -> Result<()> {
    let room = lengths.iter().try_fold(1_u64, |all, length| all.checked_mul(u64::try_from(*length).ok()?));
    ensure!(
        room.is_some_and(|room| room <= TENSOR_BYTES),
        "lengths {lengths:?}, of which there can be no tensor"
    );
    Ok(())
}

/// Each label of an output is one of the inputs.
fn labels(equation: &str) -> Result<()> {
    let Some((inputs, outputs)) = equation.split_once("->") else { return Ok(()) };
    let unknown = outputs.chars().find(|label| label.is_alphabetic() && !inputs.contains(*label));
    ensure!(
        unknown.is_none(),
        "the equation `{equation}` has `{}` on its right only",
        unknown.unwrap_or(' ')
    );
    Ok(())
}

/// Reflected pads are shorter than what they reflect.
fn pads(node: &NodeProto, inputs: &[Given]) -> Result<()> {
    let listed = node.list::<i64>("pads")?;
    let pads = inputs.get(1).and_then(|pads| pads.value.clone()).unwrap_or(listed);
    pads.iter().try_for_each(|pad| within(*pad, 0..=i64::from(i32::MAX), "pad"))?;
    let (Some(dims), true) = (
        inputs.first().and_then(|input| input.dims.as_ref()),
        inputs.get(3).is_none_or(|axes| axes.dims.is_none()),
    ) else {
        return Ok(());
    };
    if pads.len() != 2 * dims.len() || node.optional::<&str>("mode")? != Some("reflect") {
        return Ok(());
    }
    for (pad, length) in pads.iter().zip(dims.iter().chain(dims)) {
        ensure!(length.is_none_or(|length| *pad == 0 || *pad < length), "pad {pad} cannot be reflected");
    }
    Ok(())
}

/// The window of a convolution or a pool: its lists have a number for each spatial dimension, and it fits.
fn window(node: &NodeProto, name: &str, inputs: &[Given]) -> Result<()> {
    let of = |position: usize| inputs.get(position).and_then(|input| input.dims.as_ref());
    let is_pool = name.ends_with("Pool");
    let weights = if is_pool { None } else { of(if name == "QLinearConv" { 3 } else { 1 }) };
    let spatial = of(0).map(|dims| dims.get(2..).unwrap_or_default());
    let stated: Vec<i64> = node.list("kernel_shape")?;
    let by_weights: Option<Vec<i64>> =
        weights.and_then(|dims| dims.get(2..)?.iter().copied().collect::<Option<_>>());
    if let Some(kernel) = &by_weights {
        ensure!(
            stated.is_empty() || stated == *kernel,
            "`kernel_shape` {stated:?} beside weights of {kernel:?}"
        );
    }
    let kernel = by_weights.unwrap_or(stated);
    let (strides, dilations): (Vec<i64>, Vec<i64>) = (node.list("strides")?, node.list("dilations")?);
    let (pads, more): (Vec<i64>, Vec<i64>) = (node.list("pads")?, node.list("output_padding")?);
    let count = spatial.map_or(kernel.len(), <[_]>::len);
    let counts = [kernel.len(), strides.len(), dilations.len(), pads.len().div_ceil(2), more.len()];
    ensure!(
        count == 0
            || counts.iter().all(|found| *found == 0 || *found == count) && pads.len().is_multiple_of(2),
        "a window over {count} dimensions has lists of other lengths"
    );
    for number in kernel.iter().chain(&strides).chain(&dilations) {
        within(*number, 1..=WINDOW_LENGTH, "length of a window, stride or dilation")?;
    }
    pads.iter().chain(&more).try_for_each(|pad| within(*pad, 0..=WINDOW_LENGTH, "pad"))?;
    let places = kernel.iter().try_fold(1_i64, |all, length| all.checked_mul(*length));
    ensure!(places.is_some_and(|places| places <= WINDOW_PLACES), "a window of {kernel:?} places");
    let Some(spatial) = spatial.filter(|_| !kernel.is_empty()) else { return Ok(()) };
    let is_automatic = !matches!(node.optional::<&str>("auto_pad")?, None | Some("NOTSET" | "VALID"));
    // Default: a list that is left out is of ones, pads of zeros.
    let at = |list: &[i64], place: usize, default: i64| list.get(place).copied().unwrap_or(default);
    for (place, (length, kernel)) in spatial.iter().zip(&kernel).enumerate() {
        let before = at(&pads, place, 0);
        let after = at(&pads, place + count, 0);
        let reach = (kernel - 1) * at(&dilations, place, 1) + 1;
        ensure!(
            !is_pool || before < reach && after < reach,
            "pads {before} and {after} of a window of {reach}"
        );
        let Some(length) = length else { continue };
        if name == "ConvTranspose" {
            let (stride, more) = (at(&strides, place, 1), at(&more, place, 0));
            ensure!(
                more < stride.max(at(&dilations, place, 1)),
                "`output_padding` {more} with stride {stride}"
            );
            let whole = (length - 1) * stride + reach + more;
            ensure!(whole > before + after, "pads {before} and {after} of an output of {whole}");
            let given = given_length(node, count, place)?;
            ensure!(given.is_none_or(|given| given >= whole), "`output_shape` {given:?} below {whole}");
        } else if !is_automatic {
            let padded = length + before + after;
            ensure!(*length == 0 || padded >= reach, "a window of {reach} over {padded}");
        }
    }
    Ok(())
}

/// The length of an output that `output_shape` asks for, in one of `count` spatial dimensions.
fn given_length(node: &NodeProto, count: usize, place: usize) -> Result<Option<i64>> {
    let given = node.list::<i64>("output_shape")?;
    Ok(given.get(given.len().saturating_sub(count) + place).copied())
}
