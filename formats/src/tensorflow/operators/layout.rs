//! Operators that move elements and change shapes.

use super::picture::repeated;
use super::{Table, axis_attribute, moved, tensor};
use crate::constant::Constant;
use crate::onnx::{Attribute, Dims, Graph, Origin, Tensor};
use crate::refusal::Result;
use crate::tensorflow::DataType;
use crate::tensorflow::call::Call;

pub(super) const TABLE: &Table = &[
    ("BroadcastTo", |graph, call| broadcast_to(graph, call)),
    ("Concat", |graph, call| {
        let [axis, parts @ ..] = call.inputs.as_slice() else { return Err(call.invalid("has no inputs")) };
        let axis = axis.constant.as_ref().and_then(Constant::to_int);
        concat(graph, call, parts, axis.ok_or_else(|| call.unsupported("computes its axis"))?)
    }),
    ("ConcatV2", |graph, call| {
        let [parts @ .., axis] = call.inputs.as_slice() else { return Err(call.invalid("has no inputs")) };
        let axis = axis.constant.as_ref().and_then(Constant::to_int);
        concat(graph, call, parts, axis.ok_or_else(|| call.unsupported("computes its axis"))?)
    }),
    ("ExpandDims", |graph, call| expand_dims(graph, call)),
    ("Fill", |graph, call| fill(graph, call)),
    ("MirrorPad", |graph, call| pad(graph, call)),
    ("Pack", |graph, call| pack(graph, call)),
    ("Pad", |graph, call| pad(graph, call)),
    ("PadV2", |graph, call| pad(graph, call)),
    ("Range", |graph, call| {
        if let [Ok(first), Ok(end), Ok(1)] = [0, 1, 2].map(|place| call.int(place))
            && let Some(constant) = counted(call.input(0)?.dtype, first, end)
        {
            return Ok(vec![graph.constant(call.name(), constant)]);
        }
        let inputs = [0, 1, 2].map(|place| call.input(place).map(|tensor| tensor.name.clone()));
        let inputs = inputs.into_iter().collect::<Result<Vec<_>>>()?;
        let name = graph.push("Range", call.name(), inputs, Vec::new());
        Ok(vec![tensor(name, call.input(0)?, Some(vec![None]))])
    }),
    ("Rank", |graph, call| {
        let rank = Constant::integers(DataType::Int32, Vec::new(), &[call.rank(0)? as i64]);
        Ok(vec![graph.constant(call.name(), rank.ok_or_else(|| call.invalid("has too many axes"))?)])
    }),
    ("Reshape", |graph, call| reshape(graph, call)),
    ("Shape", |graph, call| shape(graph, call)),
    ("Squeeze", |graph, call| squeeze(graph, call)),
    ("Tile", |graph, call| tile(graph, call)),
    ("Transpose", |graph, call| transpose(graph, call)),
    ("Unpack", |graph, call| unpack(graph, call)),
];

/// The whole numbers from `first` up to `end`, where they are not many.
fn counted(dtype: DataType, first: i64, end: i64) -> Option<Constant> {
    let values: Vec<i64> = (first..end).take(1 << 12).collect();
    let is_all = i64::try_from(values.len()).ok()? == end.saturating_sub(first).max(0);
    Constant::integers(dtype, vec![values.len()], &values).filter(|_| is_all)
}

fn concat(graph: &mut Graph, call: &Call<'_>, parts: &[Tensor], axis: i64) -> Result<Vec<Tensor>> {
    let first = parts.first().ok_or_else(|| call.invalid("has no parts"))?;
    let rank = parts.iter().find_map(Tensor::rank);
    let axis = match rank {
        Some(rank) => call.axis(axis, rank)?,
        None => usize::try_from(axis).map_err(|_| call.unsupported("joins tensors of unknown shapes"))?,
    };
    let channels_first = rank == Some(4) && parts.iter().any(|part| part.channels_first);
    let place = if channels_first { moved(axis) } else { axis };
    let order = |graph: &mut Graph, part: &Tensor| {
        if channels_first { graph.channels_first(part) } else { graph.channels_last(part) }
    };
    let inputs = parts.iter().map(|part| order(graph, part)).collect();
    let name = graph.push("Concat", call.name(), inputs, axis_attribute(place));
    let dims = concat_dims(parts, axis);
    let values = parts.iter().map(|part| part.values().filter(|_| part.rank() == Some(1)));
    let known = values.collect::<Option<Vec<_>>>().map(|values| values.concat());
    Ok(vec![Tensor { channels_first, known, ..tensor(name, first, dims) }])
}

fn concat_dims(parts: &[Tensor], axis: usize) -> Dims {
    let all = parts.iter().map(|part| part.dims.as_ref()).collect::<Option<Vec<_>>>()?;
    let rank = all.first()?.len();
    let length = |place: usize| {
        let mut lengths = all.iter().map(|dims| dims.get(place).copied().flatten());
        if place == axis { lengths.sum::<Option<usize>>() } else { lengths.find_map(|length| length) }
    };
    Some((0..rank).map(length).collect())
}

fn expand_dims(graph: &mut Graph, call: &Call<'_>) -> Result<Vec<Tensor>> {
    let (input, axis) = (call.input(0)?, call.int(1)?);
    let rank = call.rank(0)?;
    let axis = call.axis(axis, rank + 1)?;
    let mut dims = input.dims.clone();
    dims.iter_mut().for_each(|dims| dims.insert(axis, Some(1)));
    if let Some(constant) = reshaped(input, &dims) {
        return Ok(vec![graph.constant(call.name(), constant)]);
    }
    let source = graph.channels_last(input);
    let axes = graph.vector(call.name(), &[axis as i64]);
    let name = graph.push("Unsqueeze", call.name(), vec![source, axes], Vec::new());
    graph.origins.insert(name.clone(), Origin::Expanded(input.clone(), axis));
    let known = input.values();
    Ok(vec![Tensor { known, ..tensor(name, input, dims) }])
}

fn squeeze(graph: &mut Graph, call: &Call<'_>) -> Result<Vec<Tensor>> {
    let input = call.input(0)?;
    let rank = call.rank(0)?;
    let given = call.ints_of("squeeze_dims").iter().map(|axis| call.axis(*axis, rank));
    let mut axes = given.collect::<Result<Vec<_>>>()?;
    if axes.is_empty() {
        axes = (0..rank).filter(|axis| input.dim(*axis) == Some(1)).collect();
    }
    let kept = input.dims.iter().flatten().enumerate().filter(|(axis, _)| !axes.contains(axis));
    let dims = Some(kept.map(|(_, length)| *length).collect());
    if let Some(constant) = reshaped(input, &dims) {
        return Ok(vec![graph.constant(call.name(), constant)]);
    }
    // Without height and width, rows and channels are in the same order.
    let is_pixel = input.channels_first && axes.contains(&1) && axes.contains(&2);
    let source = if is_pixel { input.name.clone() } else { graph.channels_last(input) };
    let places: Vec<_> = axes.iter().map(|axis| if is_pixel { moved(*axis) } else { *axis } as i64).collect();
    let places = graph.vector(call.name(), &places);
    let name = graph.push("Squeeze", call.name(), vec![source, places], Vec::new());
    let known = input.values();
    Ok(vec![Tensor { known, ..tensor(name, input, dims) }])
}

fn reshape(graph: &mut Graph, call: &Call<'_>) -> Result<Vec<Tensor>> {
    let (input, wanted) = (call.input(0)?, call.input(1)?);
    // -1 stands for the length that is left.
    let values = wanted.values();
    let lengths: Dims = values.as_ref().map(|values| {
        values.iter().map(|value| value.and_then(|value| usize::try_from(value).ok())).collect()
    });
    let lengths = lengths.map(|lengths| completed(input, lengths));
    if let Some(constant) = reshaped(input, &lengths) {
        return Ok(vec![graph.constant(call.name(), constant)]);
    }
    if let Some(picture) = repeated(graph, call.name(), input, &lengths) {
        return Ok(vec![picture]);
    }
    let source = if input.is_pixel() { input.name.clone() } else { graph.channels_last(input) };
    let mut result = tensor(String::new(), input, lengths.clone());
    let free = lengths.iter().flatten().filter(|length| length.is_none()).count();
    let shape = match lengths {
        Some(lengths) if free <= 1 => {
            let mut shape: Vec<i64> =
                lengths.iter().map(|length| length.map_or(-1, |length| length as i64)).collect();
            if result.is_pixel() {
                shape.rotate_right(1);
                shape.swap(0, 1);
                result.channels_first = true;
            }
            graph.vector(call.name(), &shape)
        }
        _ => graph.int64(wanted),
    };
    if result.dims.is_none() {
        let rank = wanted.shape().and_then(|shape| shape.first().copied());
        result.dims = rank.map(|rank| vec![None; rank]);
    }
    result.known = input.values().filter(|_| result.rank() == Some(1));
    result.name = graph.push("Reshape", call.name(), vec![source, shape], Vec::new());
    Ok(vec![result])
}

/// The constant that a tensor is, in another shape.
fn reshaped(input: &Tensor, dims: &Dims) -> Option<Constant> {
    input
        .constant
        .as_ref()?
        .reshaped(dims.iter().flatten().copied().collect::<Option<Vec<_>>>().filter(|_| dims.is_some())?)
}

/// The lengths, with the one that is left computed where all others are known.
fn completed(input: &Tensor, mut lengths: Vec<Option<usize>>) -> Vec<Option<usize>> {
    let product = |lengths: Vec<usize>| {
        lengths.into_iter().try_fold(1_usize, |product, length| product.checked_mul(length))
    };
    let all = input.shape().and_then(product);
    let others = product(lengths.iter().flatten().copied().collect());
    let mut free = lengths.iter_mut().filter(|length| length.is_none());
    if let (Some(one), None, Some(all), Some(others)) = (free.next(), free.next(), all, others) {
        *one = all.checked_div(others);
    }
    lengths
}

fn shape(graph: &mut Graph, call: &Call<'_>) -> Result<Vec<Tensor>> {
    let input = call.input(0)?;
    let out_type =
        if call.node.attr.contains_key("out_type") { call.type_of("out_type")? } else { DataType::Int32 };
    let dims = Some(vec![input.rank()]);
    if let Some(lengths) = input.shape() {
        let lengths: Vec<_> = lengths.iter().map(|length| *length as i64).collect();
        if let Some(constant) = Constant::integers(out_type, vec![lengths.len()], &lengths) {
            return Ok(vec![graph.constant(call.name(), constant)]);
        }
    }
    let source = graph.channels_last(input);
    let mut name = graph.push("Shape", call.name(), vec![source], Vec::new());
    if out_type != DataType::Int64 {
        name = graph.cast(name, out_type);
    }
    let lengths = input.dims.iter().flatten().map(|length| length.map(|length| length as i64)).collect();
    let known = input.dims.is_some().then_some(lengths);
    Ok(vec![Tensor { name, dtype: out_type, dims, channels_first: false, constant: None, known }])
}

fn pack(graph: &mut Graph, call: &Call<'_>) -> Result<Vec<Tensor>> {
    let first = call.input(0)?;
    let rank = call.inputs.iter().find_map(Tensor::rank);
    let rank = rank.ok_or_else(|| call.unsupported("packs tensors of unknown shapes"))?;
    let axis = call.axis(call.int_of("axis").unwrap_or(0), rank + 1)?;
    let values = call.inputs.iter().map(|input| match input.values()?.as_slice() {
        [one] if rank == 0 => Some(*one),
        _ => None,
    });
    let known = values.collect::<Option<Vec<_>>>();
    if let Some(values) =
        known.iter().flatten().copied().collect::<Option<Vec<_>>>().filter(|_| known.is_some())
        && let Some(constant) = Constant::integers(first.dtype, vec![values.len()], &values)
    {
        return Ok(vec![graph.constant(call.name(), constant)]);
    }
    let axes = graph.vector(call.name(), &[axis as i64]);
    let mut parts = Vec::new();
    for input in &call.inputs {
        let source = graph.channels_last(input);
        parts.push(graph.push("Unsqueeze", call.name(), vec![source, axes.clone()], Vec::new()));
    }
    let mut dims = first.dims.clone();
    dims.iter_mut().for_each(|dims| dims.insert(axis, Some(call.inputs.len())));
    let name = graph.push("Concat", call.name(), parts, axis_attribute(axis));
    Ok(vec![Tensor { known, ..tensor(name, first, dims) }])
}

fn unpack(graph: &mut Graph, call: &Call<'_>) -> Result<Vec<Tensor>> {
    let input = call.input(0)?;
    let axis = call.axis(call.int_of("axis").unwrap_or(0), call.rank(0)?)?;
    let count =
        call.int_of("num").and_then(|count| usize::try_from(count).ok()).filter(|count| *count <= 1 << 16);
    let count = count.ok_or_else(|| call.invalid("has no number of parts"))?;
    let mut dims = input.dims.clone();
    dims.iter_mut().for_each(|dims| _ = dims.remove(axis));
    let source = graph.channels_last(input);
    let values = input.values();
    let part = |index: usize| {
        let place = graph
            .weight(call.name(), crate::onnx::Initializer::new(Constant::ints(Vec::new(), &[index as i64])));
        let name = graph.push("Gather", call.name(), vec![source.clone(), place], axis_attribute(axis));
        let known = values.as_ref().and_then(|values| Some(vec![*values.get(index)?]));
        Tensor { known, ..tensor(name, input, dims.clone()) }
    };
    Ok((0..count).map(part).collect())
}

fn pad(graph: &mut Graph, call: &Call<'_>) -> Result<Vec<Tensor>> {
    let input = call.input(0)?;
    let around =
        call.constant(1)?.to_ints().ok_or_else(|| call.invalid("expects whole numbers as its paddings"))?;
    let pairs = around.as_chunks::<2>().0;
    if call.node.op == "MirrorPad" && call.text_of("mode")? == "SYMMETRIC" {
        return edges_repeated(graph, call, pairs);
    }
    let grown = input.dims.iter().flatten().zip(pairs).map(|(length, [before, after])| {
        length
            .and_then(|length| length.checked_add_signed(isize::try_from(before.checked_add(*after)?).ok()?))
    });
    let dims = input.dims.is_some().then(|| grown.collect());
    // What is put around a picture is put around it where a convolution finds it.
    let is_around = call.node.op == "Pad" && matches!(pairs, [[0, 0], _, _, [0, 0]]);
    let channels_first = pairs.len() == 4 && (input.channels_first || is_around);
    let order: Vec<usize> = if channels_first { vec![0, 3, 1, 2] } else { (0..pairs.len()).collect() };
    let pick = |which: usize| order.iter().filter_map(move |axis| pairs.get(*axis)?.get(which).copied());
    let pads: Vec<i64> = pick(0).chain(pick(1)).collect();
    let source = if channels_first { graph.channels_first(input) } else { graph.channels_last(input) };
    let mut inputs = vec![source, graph.vector(call.name(), &pads)];
    let mut attributes = Vec::new();
    if call.node.op == "MirrorPad" {
        attributes.push(("mode", Attribute::Text("reflect".into())));
    }
    if call.node.op == "PadV2" {
        inputs.push(call.input(2)?.name.clone());
    }
    let name = graph.push("Pad", call.name(), inputs, attributes);
    Ok(vec![Tensor { channels_first, ..tensor(name, input, dims) }])
}

/// Reflects a tensor with its edges, which ONNX does not: its places are picked axis by axis.
fn edges_repeated(graph: &mut Graph, call: &Call<'_>, pairs: &[[i64; 2]]) -> Result<Vec<Tensor>> {
    let input = call.input(0)?;
    let (mut name, mut dims) = (graph.channels_last(input), input.dims.clone());
    for (axis, &[before, after]) in pairs.iter().enumerate().filter(|(_, pair)| **pair != [0, 0]) {
        let length = input.dim(axis).and_then(|length| i64::try_from(length).ok());
        let length = length.ok_or_else(|| call.unsupported("reflects an axis of unknown length"))?;
        if ![before, after].iter().all(|more| (0..=length).contains(more)) {
            return Err(call.invalid("reflects more than there is"));
        }
        let places: Vec<i64> =
            (0..before).rev().chain(0..length).chain((length - after..length).rev()).collect();
        let grown = dims.as_mut().and_then(|dims| dims.get_mut(axis));
        grown.into_iter().for_each(|grown| *grown = Some(places.len()));
        let places = graph.vector(call.name(), &places);
        name = graph.push("Gather", call.name(), vec![name, places], axis_attribute(axis));
    }
    Ok(vec![tensor(name, input, dims)])
}

fn fill(graph: &mut Graph, call: &Call<'_>) -> Result<Vec<Tensor>> {
    let (shape, value) = (call.input(0)?, call.input(1)?);
    let lengths =
        shape.values().map(|values| values.into_iter().map(|value| usize::try_from(value?).ok()).collect());
    let wanted = graph.int64(shape);
    let name = graph.push("Expand", call.name(), vec![value.name.clone(), wanted], Vec::new());
    Ok(vec![tensor(name, value, lengths)])
}

fn broadcast_to(graph: &mut Graph, call: &Call<'_>) -> Result<Vec<Tensor>> {
    let (input, shape) = (call.input(0)?, call.input(1)?);
    let lengths =
        shape.values().map(|values| values.into_iter().map(|value| usize::try_from(value?).ok()).collect());
    let (source, wanted) = (graph.channels_last(input), graph.int64(shape));
    let name = graph.push("Expand", call.name(), vec![source, wanted], Vec::new());
    Ok(vec![tensor(name, input, lengths)])
}

fn tile(graph: &mut Graph, call: &Call<'_>) -> Result<Vec<Tensor>> {
    let (input, times) = (call.input(0)?, call.input(1)?);
    let values = times.values();
    let dims = input.dims.as_ref().map(|dims| {
        let times = |axis: usize| usize::try_from((*values.as_ref()?.get(axis)?)?).ok();
        dims.iter().enumerate().map(|(axis, length)| Some((*length)? * times(axis)?)).collect()
    });
    let inputs = vec![graph.channels_last(input), graph.int64(times)];
    let name = graph.push("Tile", call.name(), inputs, Vec::new());
    if let (Some(Origin::Expanded(before, axis)), Some(values)) =
        (graph.origins.get(&input.name).cloned(), values)
    {
        let is_other = |(place, times): (usize, &Option<i64>)| place == axis || *times == Some(1);
        let times = values.get(axis).copied().flatten().and_then(|times| usize::try_from(times).ok());
        if let Some(times) = times.filter(|_| values.iter().enumerate().all(is_other)) {
            graph.origins.insert(name.clone(), Origin::Repeated(before, axis, times));
        }
    }
    Ok(vec![tensor(name, input, dims)])
}

fn transpose(graph: &mut Graph, call: &Call<'_>) -> Result<Vec<Tensor>> {
    let input = call.input(0)?;
    let axes = call.ints(1)?;
    let order = axes.iter().map(|axis| call.axis(*axis, axes.len())).collect::<Result<Vec<_>>>()?;
    let dims = input.dims.as_ref().map(|_| order.iter().map(|axis| input.dim(*axis)).collect());
    if input.channels_first && order == [0, 3, 1, 2] {
        return Ok(vec![Tensor { channels_first: false, dims, ..input.clone() }]);
    }
    let name = graph.channels_last(input);
    let source = Tensor { name, channels_first: false, ..input.clone() };
    let name = graph.permuted(&source, &order);
    Ok(vec![tensor(name, input, dims)])
}
