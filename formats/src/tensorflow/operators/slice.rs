//! Operators that pick parts of tensors.

use super::{Table, axis_attribute, moved, tensor};
use crate::constant::Constant;
use crate::onnx::{Attribute, Graph, Initializer, Tensor};
use crate::refusal::Result;
use crate::tensorflow::DataType;
use crate::tensorflow::call::Call;

pub(super) const TABLE: &Table = &[
    ("Gather", |graph, call| gather(graph, call, 0)),
    ("GatherNd", |graph, call| {
        let (input, places) = (call.input(0)?, call.input(1)?);
        let inputs = vec![graph.channels_last(input), graph.int64(places)];
        let name = graph.push("GatherND", call.name(), inputs, Vec::new());
        let dims = places.dims.as_ref().zip(input.dims.as_ref()).and_then(|(places, input)| {
            let (last, before) = places.split_last()?;
            Some([before, input.get((*last)?..)?].concat())
        });
        Ok(vec![tensor(name, input, dims)])
    }),
    ("GatherV2", |graph, call| match call.int_of("batch_dims").unwrap_or(0) {
        0 => gather(graph, call, call.int(2)?),
        batch => gather_by_row(graph, call, batch),
    }),
    ("OneHot", |graph, call| one_hot(graph, call)),
    ("ResourceGather", |graph, call| gather(graph, call, 0)),
    ("ReverseV2", |graph, call| {
        let (input, rank) = (call.input(0)?, call.rank(0)?);
        let axes = call.ints(1)?.iter().map(|axis| call.axis(*axis, rank)).collect::<Result<Vec<_>>>()?;
        let part = |axis| Part { axis, begin: i64::MAX, end: i64::MIN, step: -1 };
        Ok(vec![parts_of(graph, call, input, &axes.into_iter().map(part).collect::<Vec<_>>())])
    }),
    ("Slice", |graph, call| slice(graph, call)),
    ("Split", |graph, call| {
        let axis = call.int(0)?;
        let count = call.int_of("num_split").and_then(|count| usize::try_from(count).ok());
        let count = count.filter(|count| (1..1 << 16).contains(count));
        split(
            graph,
            call,
            call.input(1)?,
            axis,
            count.ok_or_else(|| call.invalid("has no number of parts"))?,
            None,
        )
    }),
    ("SplitV", |graph, call| {
        let sizes = call.ints(1)?;
        split(graph, call, call.input(0)?, call.int(2)?, sizes.len(), Some(sizes))
    }),
    ("StridedSlice", |graph, call| strided_slice(graph, call)),
];

fn gather(graph: &mut Graph, call: &Call<'_>, axis: i64) -> Result<Vec<Tensor>> {
    let (input, places) = (call.input(0)?, call.input(1)?);
    let axis = call.axis(axis, call.rank(0)?)?;
    let dims = input
        .dims
        .as_ref()
        .zip(places.dims.as_ref())
        .and_then(|(input, places)| Some([input.get(..axis)?, places, input.get(axis + 1..)?].concat()));
    let known = || {
        let (values, places) = (input.values()?, places.constant.as_ref()?.to_ints()?);
        let rank = dims.as_ref()?.len();
        let pick = |place: &i64| values.get(usize::try_from(*place).ok()?).copied();
        places.iter().map(pick).collect::<Option<Vec<_>>>().filter(|_| rank <= 1 && input.rank() == Some(1))
    };
    let known = known();
    let inputs = vec![graph.channels_last(input), graph.channels_last(places)];
    let name = graph.push("Gather", call.name(), inputs, axis_attribute(axis));
    Ok(vec![Tensor { known, ..tensor(name, input, dims) }])
}

/// Each row's own places of it, where the axis that is picked from follows those of the rows.
fn gather_by_row(graph: &mut Graph, call: &Call<'_>, rows: i64) -> Result<Vec<Tensor>> {
    let (input, places) = (call.input(0)?, call.input(1)?);
    let rows = call.axis(rows, call.rank(1)? + 1)?;
    if call.axis(call.int(2)?, call.rank(0)?)? != rows {
        return Err(call.unsupported("picks from an axis behind the one after its rows"));
    }
    let axes = graph.vector(call.name(), &[-1]);
    let whole = graph.int64(places);
    let source = graph.push("Unsqueeze", call.name(), vec![whole, axes], Vec::new());
    let inputs = vec![graph.channels_last(input), source];
    let name = graph.push("GatherND", call.name(), inputs, vec![("batch_dims", Attribute::Int(rows as i64))]);
    let dims = input.dims.as_ref().zip(places.dims.as_ref());
    let dims = dims.and_then(|(input, places)| Some([places, input.get(rows + 1..)?].concat()));
    Ok(vec![tensor(name, input, dims)])
}

fn one_hot(graph: &mut Graph, call: &Call<'_>) -> Result<Vec<Tensor>> {
    let (indices, on, off) = (call.input(0)?, call.input(2)?, call.input(3)?);
    let depth = call.int(1)?;
    let rank = call.rank(0)?;
    let axis = call.axis(call.int_of("axis").unwrap_or(-1), rank + 1)?;
    let axes = graph.vector(call.name(), &[0]);
    let mut parts = Vec::new();
    for value in [off, on] {
        parts.push(graph.push("Unsqueeze", call.name(), vec![value.name.clone(), axes.clone()], Vec::new()));
    }
    let values = graph.push("Concat", call.name(), parts, axis_attribute(0));
    let indices_name = graph.channels_last(indices);
    // ONNX counts negative places from the end, where TensorFlow has none: beyond the end neither has any.
    let beyond = graph.weight(call.name(), Initializer::new(Constant::ints(Vec::new(), &[depth])));
    let zero = graph.weight(call.name(), Initializer::new(Constant::ints(Vec::new(), &[0])));
    let places = match indices.dtype {
        DataType::Int64 => indices_name,
        _ => graph.cast(indices_name, DataType::Int64),
    };
    let is_negative = graph.push("Less", call.name(), vec![places.clone(), zero], Vec::new());
    let places = graph.push("Where", call.name(), vec![is_negative, beyond, places], Vec::new());
    let depth_name = graph.vector(call.name(), &[depth]);
    let attributes = axis_attribute(axis);
    let name = graph.push("OneHot", call.name(), vec![places, depth_name, values], attributes);
    let mut dims = indices.dims.clone();
    dims.iter_mut().for_each(|dims| dims.insert(axis, usize::try_from(depth).ok()));
    Ok(vec![tensor(name, on, dims)])
}

fn split(
    graph: &mut Graph,
    call: &Call<'_>,
    input: &Tensor,
    axis: i64,
    count: usize,
    sizes: Option<Vec<i64>>,
) -> Result<Vec<Tensor>> {
    let rank = input.rank().ok_or_else(|| call.unsupported("splits a tensor of unknown shape"))?;
    let axis = call.axis(axis, rank)?;
    let whole = input.dim(axis);
    let sizes = match sizes {
        Some(sizes) => {
            let given: i64 = sizes.iter().filter(|size| **size >= 0).sum();
            let left = whole.map(|whole| whole as i64 - given);
            let size = |size: &i64| if *size >= 0 { Some(*size) } else { left };
            sizes.iter().map(size).collect::<Option<Vec<_>>>()
        }
        None => whole.map(|whole| vec![(whole / count) as i64; count]),
    };
    let sizes = sizes.ok_or_else(|| call.unsupported("splits an axis of unknown length"))?;
    let place = if input.channels_first { moved(axis) } else { axis };
    let inputs = vec![input.name.clone(), graph.vector(call.name(), &sizes)];
    let names = graph.push_all("Split", call.name(), inputs, axis_attribute(place), count);
    let part = |(name, size): (String, &i64)| {
        let mut dims = input.dims.clone();
        let length = dims.as_mut().and_then(|dims| dims.get_mut(axis));
        length.into_iter().for_each(|length| *length = usize::try_from(*size).ok());
        Tensor { channels_first: input.channels_first, ..tensor(name, input, dims) }
    };
    Ok(names.into_iter().zip(&sizes).map(part).collect())
}

/// The part of one axis.
struct Part {
    axis: usize,
    begin: i64,
    end: i64,
    step: i64,
}

fn slice(graph: &mut Graph, call: &Call<'_>) -> Result<Vec<Tensor>> {
    let (input, begins, sizes) = (call.input(0)?, call.ints(1)?, call.ints(2)?);
    let part = |(axis, (begin, size)): (usize, (&i64, &i64))| {
        let end = if *size < 0 { i64::MAX } else { begin.saturating_add(*size) };
        Part { axis, begin: *begin, end, step: 1 }
    };
    let parts: Vec<_> = begins.iter().zip(&sizes).enumerate().map(part).collect();
    Ok(vec![parts_of(graph, call, input, &parts)])
}

/// The parts of a tensor in TensorFlow's order.
fn parts_of(graph: &mut Graph, call: &Call<'_>, input: &Tensor, parts: &[Part]) -> Tensor {
    let is_whole = |part: &&Part| part.begin == 0 && part.end == i64::MAX && part.step == 1;
    let parts: Vec<&Part> = parts.iter().filter(|part| !is_whole(part)).collect();
    if parts.is_empty() {
        return input.clone();
    }
    let mut dims = input.dims.clone();
    for part in &parts {
        let length = dims.as_mut().and_then(|dims| dims.get_mut(part.axis));
        length.into_iter().for_each(|length| *length = length.and_then(|length| part.length(length)));
    }
    let picked = |values: Vec<Option<i64>>| {
        let [part] = parts.as_slice() else { return None };
        part.places(values.len())?.into_iter().map(|place| values.get(place).copied()).collect()
    };
    let known = input.values().filter(|_| input.rank() == Some(1)).and_then(picked);
    let source = input.name.clone();
    let place = |part: &&Part| if input.channels_first { moved(part.axis) } else { part.axis } as i64;
    let lists = [
        parts.iter().map(|part| part.begin).collect::<Vec<_>>(),
        parts.iter().map(|part| part.end).collect(),
        parts.iter().map(place).collect(),
        parts.iter().map(|part| part.step).collect(),
    ];
    let lists = lists.map(|list| graph.vector(call.name(), &list));
    let name = graph.push("Slice", call.name(), [vec![source], lists.to_vec()].concat(), Vec::new());
    Tensor { known, channels_first: input.channels_first, ..tensor(name, input, dims) }
}

impl Part {
    /// The first place, and how many there are, of an axis of this length.
    fn bounds(&self, length: usize) -> Option<(i64, usize)> {
        let length = i64::try_from(length).ok()?;
        let counted = |place: i64| if place < 0 { place.saturating_add(length) } else { place };
        let (lowest, highest) = if self.step > 0 { (0, length) } else { (-1, length - 1) };
        let begin = counted(self.begin).clamp(lowest, highest);
        // The end of a whole axis from back to front lies before its first place.
        let end = if self.end == i64::MIN { lowest } else { counted(self.end).clamp(lowest, highest) };
        let reach = if self.step > 0 { end - begin } else { begin - end };
        let step = usize::try_from(self.step.checked_abs()?).ok().filter(|step| *step > 0)?;
        Some((begin, usize::try_from(reach.max(0)).ok()?.div_ceil(step)))
    }

    fn length(&self, length: usize) -> Option<usize> {
        self.bounds(length).map(|(_, count)| count)
    }

    fn places(&self, length: usize) -> Option<Vec<usize>> {
        let (begin, count) = self.bounds(length)?;
        (0..count).map(|index| usize::try_from(begin + index as i64 * self.step).ok()).collect()
    }
}

/// What the bits of a strided slice say of its places.
struct Masks<'a> {
    call: &'a Call<'a>,
}

impl Masks<'_> {
    fn has(&self, name: &str, place: usize) -> bool {
        self.call.int_of(name).is_some_and(|mask| mask >> place.min(63) & 1 == 1)
    }
}

/// The whole numbers that an input is, as far as they are known.
fn known(call: &Call<'_>, place: usize) -> Result<Vec<Option<i64>>> {
    let input = call.input(place)?;
    let count = input.dim(0).filter(|count| *count < 64);
    let unknown = || Some(vec![None; count?]);
    input.values().or_else(unknown).map_or_else(|| Ok(call.ints(place)?.into_iter().map(Some).collect()), Ok)
}

fn strided_slice(graph: &mut Graph, call: &Call<'_>) -> Result<Vec<Tensor>> {
    let input = call.input(0)?;
    let (begins, ends, steps) = (known(call, 1)?, known(call, 2)?, call.ints(3)?);
    let masks = Masks { call };
    let places = begins.len();
    let is_dots = |place: &usize| masks.has("ellipsis_mask", *place);
    let is_new = |place: &usize| !is_dots(place) && masks.has("new_axis_mask", *place);
    let specified = (0..places).filter(|place| !is_dots(place) && !is_new(place)).count();
    let (mut parts, mut gone, mut new) = (Vec::new(), Vec::new(), Vec::new());
    // Of axes of which one place is taken that the inputs decide, the numbers of these places.
    let mut picked = Vec::new();
    // The next axis of what is read, and of what comes of it.
    let (mut axis, mut result) = (0, 0);
    for (place, ((begin, end), step)) in begins.iter().zip(&ends).zip(&steps).enumerate() {
        if is_dots(&place) {
            let skipped = call.rank(0)?.saturating_sub(specified);
            (axis, result) = (axis + skipped, result + skipped);
        } else if is_new(&place) {
            new.push(result as i64);
            result += 1;
        } else if masks.has("shrink_axis_mask", place) {
            match *begin {
                Some(begin) => {
                    let end = if begin == -1 { i64::MAX } else { begin.saturating_add(1) };
                    parts.push(Part { axis, begin, end, step: 1 });
                }
                None => picked.push((axis, place as i64)),
            }
            gone.push(axis);
            axis += 1;
        } else {
            let (first, last) = if *step < 0 { (i64::MAX, i64::MIN) } else { (0, i64::MAX) };
            let computes = |input| call.unsupported(format!("computes its input {input}"));
            let begin = if masks.has("begin_mask", place) { Some(first) } else { *begin };
            let end = if masks.has("end_mask", place) { Some(last) } else { *end };
            let (begin, end) = (begin.ok_or_else(|| computes(1))?, end.ok_or_else(|| computes(2))?);
            parts.push(Part { axis, begin, end, step: *step });
            (axis, result) = (axis + 1, result + 1);
        }
    }
    let mut sliced = parts_of(graph, call, input, &parts);
    for (axis, place) in picked {
        let bounds = [[place], [place + 1]].map(|bound| graph.vector(call.name(), &bound));
        let inputs = [vec![call.input(1)?.name.clone()], bounds.to_vec()].concat();
        let place = graph.push("Slice", call.name(), inputs, Vec::new());
        let inputs = vec![graph.channels_last(&sliced), place];
        let name = graph.push("Gather", call.name(), inputs, axis_attribute(axis));
        let mut dims = sliced.dims.clone();
        dims.iter_mut().filter_map(|dims| dims.get_mut(axis)).for_each(|length| *length = Some(1));
        sliced = tensor(name, &sliced, dims);
    }
    if !gone.is_empty() || !new.is_empty() {
        sliced = reshaped(graph, call, sliced, &gone, &new);
    }
    if let Some(values) =
        sliced.known.iter().flatten().copied().collect::<Option<Vec<_>>>().filter(|_| sliced.known.is_some())
        && let Some(dims) = sliced.shape()
        && let Some(constant) = Constant::integers(sliced.dtype, dims, &values).filter(Constant::is_whole)
    {
        return Ok(vec![graph.constant(call.name(), constant)]);
    }
    Ok(vec![sliced])
}

/// Takes axes of length 1 away, and puts others in.
fn reshaped(graph: &mut Graph, call: &Call<'_>, tensor: Tensor, gone: &[usize], new: &[i64]) -> Tensor {
    let mut name = graph.channels_last(&tensor);
    let mut dims = tensor.dims.clone();
    if let Some(dims) = &mut dims {
        let mut axis = 0;
        dims.retain(|_| {
            axis += 1;
            !gone.contains(&(axis - 1))
        });
        for place in new.iter().filter_map(|place| usize::try_from(*place).ok()) {
            dims.insert(place.min(dims.len()), Some(1));
        }
    }
    if !gone.is_empty() {
        let axes: Vec<_> = gone.iter().map(|axis| *axis as i64).collect();
        let axes = graph.vector(call.name(), &axes);
        name = graph.push("Squeeze", call.name(), vec![name, axes], Vec::new());
    }
    if !new.is_empty() {
        let axes = graph.vector(call.name(), new);
        name = graph.push("Unsqueeze", call.name(), vec![name, axes], Vec::new());
    }
    Tensor { name, dims, channels_first: false, constant: None, ..tensor }
}
