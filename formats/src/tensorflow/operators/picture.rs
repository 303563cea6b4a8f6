//! Operators over pictures: convolutions, pools, normalisation, resizing. ONNX has their channels first.

use super::{Table, tensor};
use crate::constant::Constant;
use crate::onnx::{Attribute, Dims, Graph, Initializer, Origin, Spaced, Tensor};
use crate::refusal::Result;
use crate::tensorflow::call::Call;

pub(super) const TABLE: &Table = &[
    ("AvgPool", |graph, call| pool(graph, call, "AveragePool")),
    ("BatchToSpaceND", |graph, call| batch_to_space(graph, call)),
    ("Conv2D", |graph, call| convolution(graph, call, false)),
    ("Conv2DBackpropInput", |graph, call| transposed_convolution(graph, call)),
    ("DepthToSpace", |graph, call| depth_space(graph, call, "DepthToSpace")),
    ("DepthwiseConv2dNative", |graph, call| convolution(graph, call, true)),
    ("FusedBatchNorm", |graph, call| normalisation(graph, call)),
    ("FusedBatchNormV2", |graph, call| normalisation(graph, call)),
    ("FusedBatchNormV3", |graph, call| normalisation(graph, call)),
    ("LRN", |graph, call| local_response(graph, call)),
    ("MaxPool", |graph, call| pool(graph, call, "MaxPool")),
    ("ResizeBilinear", |graph, call| resize(graph, call, "linear")),
    ("ResizeNearestNeighbor", |graph, call| resize(graph, call, "nearest")),
    ("SpaceToBatchND", |graph, call| space_to_batch(graph, call)),
    ("SpaceToDepth", |graph, call| depth_space(graph, call, "SpaceToDepth")),
];

/// Refuses what TensorFlow itself runs on graphics cards only.
fn check_layout(call: &Call<'_>) -> Result<()> {
    match call.text_of("data_format")? {
        "" | "NHWC" => Ok(()),
        other => Err(call.unsupported(format!("has the layout {other}"))),
    }
}

/// A setting of height and width; those of rows and channels must be 1.
fn window(call: &Call<'_>, name: &str) -> Result<[usize; 2]> {
    let numbers: Vec<_> =
        call.ints_of(name).iter().map(|number| usize::try_from(*number).unwrap_or(0)).collect();
    match numbers.as_slice() {
        [] => Ok([1, 1]),
        &[1, height, width, 1] if height > 0 && width > 0 => Ok([height, width]),
        other => Err(call.unsupported(format!("has {name} {other:?}"))),
    }
}

/// What a window does along height and width.
struct Windows {
    size: [usize; 2],
    strides: [usize; 2],
    dilations: [usize; 2],
}

/// How a picture is padded, and its height and width after that.
struct Padded {
    attribute: (&'static str, Attribute),
    lengths: [Option<usize>; 2],
}

impl Windows {
    fn pad(&self, call: &Call<'_>, input: &Tensor) -> Result<Padded> {
        match (call.text_of("padding")?, call.ints_of("explicit_paddings")) {
            ("VALID", _) => self.padded(call, input, [0; 4]),
            ("SAME", _) => {
                let needed = |side: usize| {
                    let (reach, stride) = self.side(side);
                    let length = input.dim(side + 1)?;
                    Some((length.div_ceil(stride).saturating_sub(1) * stride + reach).saturating_sub(length))
                };
                let (Some(down), Some(across)) = (needed(0), needed(1)) else {
                    return Ok(self.unknown(input));
                };
                self.padded(call, input, [down / 2, across / 2, down - down / 2, across - across / 2])
            }
            ("EXPLICIT", &[_, _, top, bottom, left, right, _, _]) => {
                let pads = [top, left, bottom, right].map(usize::try_from);
                match pads {
                    [Ok(top), Ok(left), Ok(bottom), Ok(right)] => {
                        self.padded(call, input, [top, left, bottom, right])
                    }
                    _ => Err(call.invalid("has negative paddings")),
                }
            }
            (padding, _) => Err(call.unsupported(format!("has the padding {padding}"))),
        }
    }

    /// What comes of a picture with these zeros above, to the left, below and to the right of it.
    fn padded(&self, call: &Call<'_>, input: &Tensor, pads: [usize; 4]) -> Result<Padded> {
        let [top, left, bottom, right] = pads;
        let length = |side: usize, around: Option<usize>| {
            let (reach, stride) = self.side(side);
            let Some(padded) =
                input.dim(side + 1).zip(around).and_then(|(length, around)| length.checked_add(around))
            else {
                return Ok(None);
            };
            let room = padded.checked_sub(reach);
            let room = room.ok_or_else(|| call.invalid("has a window that is larger than its picture"))?;
            Ok(Some(room / stride + 1))
        };
        let lengths = [length(0, top.checked_add(bottom))?, length(1, left.checked_add(right))?];
        let pads = pads.map(|length| length as i64).to_vec();
        Ok(Padded { attribute: ("pads", Attribute::Ints(pads)), lengths })
    }

    /// The pixels that a window reaches over, and its stride.
    fn side(&self, side: usize) -> (usize, usize) {
        let [size, stride, dilation] =
            [self.size, self.strides, self.dilations].map(|both| both.get(side).copied().unwrap_or(1));
        (size.saturating_sub(1) * dilation + 1, stride)
    }

    /// The runner finds out how to keep the size.
    fn unknown(&self, input: &Tensor) -> Padded {
        let lengths = [0, 1].map(|side| input.dim(side + 1).map(|length| length.div_ceil(self.side(side).1)));
        Padded { attribute: ("auto_pad", Attribute::Text("SAME_UPPER".into())), lengths }
    }
}

fn both(values: [usize; 2]) -> Attribute {
    Attribute::Ints(values.map(|value| value as i64).to_vec())
}

/// A picture with its channels first.
fn picture(
    name: String,
    input: &Tensor,
    [height, width]: [Option<usize>; 2],
    channels: Option<usize>,
) -> Tensor {
    let dims: Dims = Some(vec![input.dim(0), height, width, channels]);
    Tensor { channels_first: true, ..tensor(name, input, dims) }
}

fn convolution(graph: &mut Graph, call: &Call<'_>, is_depthwise: bool) -> Result<Vec<Tensor>> {
    check_layout(call)?;
    let (parts, kernel) = (call.input(0)?, call.input(1)?);
    let spaced = match graph.origins.get(&parts.name) {
        Some(Origin::Spaced(spaced)) => Some(spaced.clone()),
        _ => None,
    };
    let input = spaced.as_ref().map_or(parts, |spaced| &spaced.picture);
    let order = kernel_order(call, "HWIO", "OIHW")?;
    let [last, inside, height, width] = kernel_lengths(call, kernel, order)?;
    if !is_depthwise && inside == 1 && last > 1 && input.dim(3).is_none() {
        return Err(call.unsupported("reads a picture with an unknown number of channels"));
    }
    let (strides, dilations) = (window(call, "strides")?, window(call, "dilations")?);
    let mut windows = Windows { size: [height, width], strides, dilations };
    let Padded { attribute, lengths } = match &spaced {
        None => windows.pad(call, input)?,
        Some(_) if strides != [1, 1] || dilations != [1, 1] || call.text_of("padding")? != "VALID" => {
            return Err(call.unsupported("has a padding, strides or holes of its own behind SpaceToBatchND"));
        }
        Some(Spaced { every, pads, .. }) => {
            windows.dilations = *every;
            windows.padded(call, input, *pads)?
        }
    };
    let (groups, channels) = if is_depthwise {
        (inside, inside * last)
    } else {
        (input.dim(3).map_or(1, |channels| channels / inside).max(1), last)
    };
    let weights = if is_depthwise {
        depthwise_weights(graph, kernel, [channels, 1, height, width])
    } else {
        graph.permuted(kernel, &order)
    };
    let attributes = vec![
        ("kernel_shape", both(windows.size)),
        ("strides", both(windows.strides)),
        ("dilations", both(windows.dilations)),
        ("group", Attribute::Int(groups as i64)),
        attribute,
    ];
    let mut inputs = vec![graph.channels_first(input), weights];
    inputs.extend(call.inputs.get(2).map(|bias| bias.name.clone()));
    let name = graph.push("Conv", call.name(), inputs, attributes);
    let result = picture(name, input, lengths, Some(channels));
    if spaced.is_none() {
        return Ok(vec![result]);
    }
    let name = graph.name(call.name());
    graph.origins.insert(name.clone(), Origin::Joined(result));
    Ok(vec![tensor(name, parts, None)])
}

/// Where a kernel has the axes that ONNX `wanted`. TensorFlow has them as it is `usual`; TensorFlow Lite has other orders, which the
/// translation of its operators names as TensorFlow's fused convolutions do.
fn kernel_order(call: &Call<'_>, usual: &str, wanted: &str) -> Result<[usize; 4]> {
    let named = call.text_of("filter_format")?;
    let format = if named.is_empty() { usual } else { named };
    let places: Option<Vec<usize>> = wanted.chars().map(|axis| format.find(axis)).collect();
    let places = places.and_then(|places| places.try_into().ok());
    places.ok_or_else(|| call.unsupported(format!("has a kernel in the order {format}")))
}

/// A kernel's lengths along the axes of `order`.
fn kernel_lengths(call: &Call<'_>, kernel: &Tensor, order: [usize; 4]) -> Result<[usize; 4]> {
    let shape = kernel.shape().filter(|shape| shape.len() == 4 && shape.iter().all(|length| *length > 0));
    let lengths = shape.map(|shape| order.map(|axis| shape.get(axis).copied().unwrap_or_default()));
    lengths.ok_or_else(|| call.unsupported("has a kernel of unknown shape"))
}

/// A kernel of height, width, channels and how many are made of each, as ONNX has it.
fn depthwise_weights(graph: &mut Graph, kernel: &Tensor, shape: [usize; 4]) -> String {
    let order = vec![2, 3, 0, 1];
    if let Some(constant) = kernel.constant.clone() {
        let weights = Initializer { constant, order: Some(order), dims: Some(shape.to_vec()), scale: None };
        return graph.weight(&format!("{}/transposed", kernel.name), weights);
    }
    let moved = graph.permuted(kernel, &order);
    let shape = graph.vector(&kernel.name, &shape.map(|length| length as i64));
    graph.push("Reshape", &kernel.name, vec![moved, shape], Vec::new())
}

fn transposed_convolution(graph: &mut Graph, call: &Call<'_>) -> Result<Vec<Tensor>> {
    check_layout(call)?;
    let (sizes, kernel, input) = (call.input(0)?, call.input(1)?, call.input(2)?);
    let order = kernel_order(call, "HWOI", "IOHW")?;
    let [_, channels, height, width] = kernel_lengths(call, kernel, order)?;
    let (size, strides, dilations) = ([height, width], window(call, "strides")?, window(call, "dilations")?);
    let windows = Windows { size, strides, dilations };
    let is_same = match call.text_of("padding")? {
        "SAME" => true,
        "VALID" => false,
        other => return Err(call.unsupported(format!("has the padding {other}"))),
    };
    let sizes = sizes.values();
    let (mut pads, mut more, mut lengths) = ([0_i64; 4], [0_i64; 2], [None; 2]);
    for side in [0, 1] {
        let (reach, stride) = windows.side(side);
        let given = sizes.as_ref().and_then(|sizes| usize::try_from((*sizes.get(side + 1)?)?).ok());
        let made = input.dim(side + 1);
        let whole =
            made.map(|made| if is_same { made * stride } else { made.saturating_sub(1) * stride + reach });
        let length = given.or(whole);
        // What the convolution that is undone took away, of a picture of this length.
        let rest = length.map_or(0, |length| (length + stride - 1) % stride + 1);
        let taken = match (is_same, length) {
            (false, _) => 0,
            (true, Some(_)) => reach.saturating_sub(rest),
            (true, None) => reach.saturating_sub(stride),
        };
        let computed = made.map(|made| (made.saturating_sub(1) * stride + reach).saturating_sub(taken));
        let lacking = match (length, computed) {
            (Some(length), Some(computed)) => length.checked_sub(computed),
            _ => Some(if is_same { stride.saturating_sub(reach) } else { 0 }),
        };
        let lacking = lacking.filter(|lacking| *lacking < stride.max(1));
        let lacking = lacking.ok_or_else(|| call.unsupported("gives a picture of another size"))?;
        let numbers = [taken / 2, taken - taken / 2, lacking].map(|number| number as i64);
        if let (Ok([begin, end]), [before, after, lacking]) =
            (pads.get_disjoint_mut([side, side + 2]), numbers)
        {
            (*begin, *end) = (before, after);
            more.iter_mut().skip(side).take(1).for_each(|more| *more = lacking);
        }
        lengths.iter_mut().skip(side).take(1).for_each(|known| *known = length);
    }
    let attributes = vec![
        ("kernel_shape", both(size)),
        ("strides", both(strides)),
        ("dilations", both(dilations)),
        ("pads", Attribute::Ints(pads.to_vec())),
        ("output_padding", Attribute::Ints(more.to_vec())),
    ];
    let inputs = vec![graph.channels_first(input), graph.permuted(kernel, &order)];
    let name = graph.push("ConvTranspose", call.name(), inputs, attributes);
    Ok(vec![picture(name, input, lengths, Some(channels))])
}

/// Refuses to read what only a convolution with holes reads.
pub(super) fn check_spaced(graph: &Graph, call: &Call<'_>) -> Result<()> {
    let is_amiss =
        call.inputs.iter().any(|input| match (graph.origins.get(&input.name), call.node.op.as_str()) {
            (Some(Origin::Spaced(_)), op) => !matches!(op, "Conv2D" | "DepthwiseConv2dNative"),
            (Some(Origin::Joined(_)), op) => op != "BatchToSpaceND",
            _ => false,
        });
    if is_amiss { Err(call.unsupported("stands between SpaceToBatchND and BatchToSpaceND")) } else { Ok(()) }
}

fn space_to_batch(graph: &mut Graph, call: &Call<'_>) -> Result<Vec<Tensor>> {
    let (input, every) = (call.input(0)?, call.ints(1)?);
    let around = call.constant(2)?.to_ints();
    let (&[down, across], Some(&[top, bottom, left, right])) = (every.as_slice(), around.as_deref()) else {
        return Err(call.unsupported("cuts other things than pictures"));
    };
    let numbers = [down, across, top, left, bottom, right].map(usize::try_from);
    let [Ok(down), Ok(across), Ok(top), Ok(left), Ok(bottom), Ok(right)] = numbers else {
        return Err(call.invalid("has negative paddings"));
    };
    let name = graph.name(call.name());
    let spaced = Spaced { picture: input.clone(), every: [down, across], pads: [top, left, bottom, right] };
    graph.origins.insert(name.clone(), Origin::Spaced(spaced));
    Ok(vec![tensor(name, input, None)])
}

fn batch_to_space(graph: &mut Graph, call: &Call<'_>) -> Result<Vec<Tensor>> {
    let Some(Origin::Joined(whole)) = graph.origins.get(&call.input(0)?.name).cloned() else {
        return Err(call.unsupported("joins what no convolution made"));
    };
    let crops = call.constant(2)?.to_ints();
    let Some(&[top, bottom, left, right]) = crops.as_deref() else {
        return Err(call.unsupported("joins other things than pictures"));
    };
    let (Some(height), Some(width)) = (whole.dim(1), whole.dim(2)) else {
        return Err(call.unsupported("joins a picture of unknown size"));
    };
    let ends = [(height, bottom), (width, right)].map(|(length, crop)| length as i64 - crop);
    if [top, bottom, left, right] == [0; 4] {
        return Ok(vec![whole]);
    }
    let lists = [&[top, left][..], &ends, &[2, 3]].map(|list| graph.vector(call.name(), list));
    let name =
        graph.push("Slice", call.name(), [vec![whole.name.clone()], lists.to_vec()].concat(), Vec::new());
    let [down, across] = ends;
    let lengths = [down - top, across - left].map(|length| usize::try_from(length).ok());
    Ok(vec![picture(name, &whole, lengths, whole.dim(3))])
}

fn pool(graph: &mut Graph, call: &Call<'_>, op: &'static str) -> Result<Vec<Tensor>> {
    check_layout(call)?;
    let input = call.input(0)?;
    let windows =
        Windows { size: window(call, "ksize")?, strides: window(call, "strides")?, dilations: [1, 1] };
    let Padded { attribute, lengths } = windows.pad(call, input)?;
    let attributes =
        vec![("kernel_shape", both(windows.size)), ("strides", both(windows.strides)), attribute];
    let source = graph.channels_first(input);
    let name = graph.push(op, call.name(), vec![source], attributes);
    Ok(vec![picture(name, input, lengths, input.dim(3))])
}

fn normalisation(graph: &mut Graph, call: &Call<'_>) -> Result<Vec<Tensor>> {
    check_layout(call)?;
    // The attribute is true where it is missing.
    if !call.node.attr.contains_key("is_training") || call.flag("is_training") {
        return Err(call.unsupported("normalises as in training"));
    }
    let input = call.input(0)?;
    let statistics = [1, 2, 3, 4].map(|place| call.input(place).map(|tensor| tensor.name.clone()));
    let statistics = statistics.into_iter().collect::<Result<Vec<_>>>()?;
    let epsilon = call.float_of("epsilon").unwrap_or(1e-4);
    let inputs = [vec![graph.channels_first(input)], statistics].concat();
    let name =
        graph.push("BatchNormalization", call.name(), inputs, vec![("epsilon", Attribute::Float(epsilon))]);
    Ok(vec![picture(name, input, [input.dim(1), input.dim(2)], input.dim(3))])
}

/// Each channel divided by what its neighbours hold; ONNX divides their sum by their number first.
#[expect(clippy::cast_precision_loss, reason = "neighbours are few")]
fn local_response(graph: &mut Graph, call: &Call<'_>) -> Result<Vec<Tensor>> {
    let input = call.input(0)?;
    let size = call.int_of("depth_radius").unwrap_or(5).saturating_mul(2).saturating_add(1);
    let number = |name: &str, missing: f32| call.float_of(name).unwrap_or(missing);
    let attributes = vec![
        ("size", Attribute::Int(size)),
        ("bias", Attribute::Float(number("bias", 1.0))),
        ("alpha", Attribute::Float(number("alpha", 1.0) * size as f32)),
        ("beta", Attribute::Float(number("beta", 0.5))),
    ];
    let source = graph.channels_first(input);
    let name = graph.push("LRN", call.name(), vec![source], attributes);
    Ok(vec![picture(name, input, [input.dim(1), input.dim(2)], input.dim(3))])
}

fn resize(graph: &mut Graph, call: &Call<'_>, mode: &'static str) -> Result<Vec<Tensor>> {
    let input = call.input(0)?;
    let sizes = call.ints(1)?;
    let &[height, width] = sizes.as_slice() else { return Err(call.invalid("takes a height and a width")) };
    let lengths = [height, width].map(|length| usize::try_from(length).ok());
    let times = |axis: usize, to: i64| {
        let from = i64::try_from(input.dim(axis)?).ok().filter(|from| *from > 0 && to % from == 0)?;
        Some(to / from)
    };
    let whole = times(1, height).zip(times(2, width));
    let (half, corners) = (call.flag("half_pixel_centers"), call.flag("align_corners"));
    let (place, rounding) = match (corners, half) {
        (true, _) => ("align_corners", "round_prefer_ceil"),
        // A whole number of times, both give the same pixels.
        (false, true) if mode == "nearest" && whole.is_some() => ("asymmetric", "floor"),
        (false, true) => ("half_pixel", "round_prefer_ceil"),
        (false, false) => ("asymmetric", "floor"),
    };
    let mut attributes = vec![
        ("mode", Attribute::Text(mode.into())),
        ("coordinate_transformation_mode", Attribute::Text(place.into())),
    ];
    if mode == "nearest" {
        attributes.push(("nearest_mode", Attribute::Text(rounding.into())));
    }
    let source = graph.channels_first(input);
    let inputs = match whole {
        #[expect(clippy::cast_precision_loss, reason = "how many times a picture grows is a small number")]
        Some((down, across)) => {
            let scales = graph
                .constant(call.name(), Constant::floats(vec![4], &[1.0, 1.0, down as f32, across as f32]));
            vec![source, String::new(), scales.name]
        }
        None => {
            let shape = graph.push("Shape", call.name(), vec![source.clone()], Vec::new());
            let bounds = [0, 2].map(|bound| graph.vector(call.name(), &[bound]));
            let kept = graph.push("Slice", call.name(), [vec![shape], bounds.to_vec()].concat(), Vec::new());
            let wanted = graph.vector(call.name(), &[height, width]);
            let sizes = graph.push("Concat", call.name(), vec![kept, wanted], super::axis_attribute(0));
            vec![source, String::new(), String::new(), sizes]
        }
    };
    let name = graph.push("Resize", call.name(), inputs, attributes);
    Ok(vec![picture(name, input, lengths, input.dim(3))])
}

/// A picture with each pixel so many times down or across, where the reshaped tensor `input` is that.
pub(super) fn repeated(graph: &mut Graph, wanted: &str, input: &Tensor, dims: &Dims) -> Option<Tensor> {
    let Some(Origin::Repeated(picture_before, axis, times)) = graph.origins.get(&input.name).cloned() else {
        return None;
    };
    let mut grown = picture_before.dims.clone()?;
    let length = grown.get_mut(axis.checked_sub(1)?)?;
    *length = Some((*length)?.checked_mul(times)?);
    let is_side = grown.len() == 4 && matches!(axis, 2 | 3);
    let dims = dims.as_ref().filter(|dims| is_side && dims.get(1..) == grown.get(1..))?;
    let times = times as f32;
    let scales = if axis == 2 { [1.0, 1.0, times, 1.0] } else { [1.0, 1.0, 1.0, times] };
    let scales = graph.constant(wanted, Constant::floats(vec![4], &scales)).name;
    let words =
        [("mode", "nearest"), ("coordinate_transformation_mode", "asymmetric"), ("nearest_mode", "floor")];
    let attributes = words.map(|(name, word)| (name, Attribute::Text(word.into()))).to_vec();
    let source = graph.channels_first(&picture_before);
    let name = graph.push("Resize", wanted, vec![source, String::new(), scales], attributes);
    Some(picture(name, &picture_before, [*dims.get(1)?, *dims.get(2)?], *dims.get(3)?))
}

fn depth_space(graph: &mut Graph, call: &Call<'_>, op: &'static str) -> Result<Vec<Tensor>> {
    check_layout(call)?;
    let input = call.input(0)?;
    let block =
        call.int_of("block_size").and_then(|block| usize::try_from(block).ok()).filter(|block| *block > 0);
    let block = block.ok_or_else(|| call.invalid("has no block size"))?;
    let area = block * block;
    let [height, width, channels] = [1, 2, 3].map(|axis| input.dim(axis));
    let (lengths, channels) = if op == "DepthToSpace" {
        ([height, width].map(|length| Some(length? * block)), channels.map(|channels| channels / area))
    } else {
        ([height, width].map(|length| Some(length? / block)), channels.map(|channels| channels * area))
    };
    let source = graph.channels_first(input);
    let name = graph.push(op, call.name(), vec![source], vec![("blocksize", Attribute::Int(block as i64))]);
    Ok(vec![picture(name, input, lengths, channels)])
}
