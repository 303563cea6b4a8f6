//! Operators that make one number of several.

use super::{Table, moved, tensor};
use crate::constant::Constant;
use crate::onnx::{Attribute, Graph, Tensor};
use crate::refusal::Result;
use crate::tensorflow::DataType;
use crate::tensorflow::call::Call;

pub(super) const TABLE: &Table = &[
    ("All", |graph, call| logical(graph, call, "ReduceMin")),
    ("Any", |graph, call| logical(graph, call, "ReduceMax")),
    ("ArgMax", |graph, call| argument(graph, call, "ArgMax")),
    ("ArgMin", |graph, call| argument(graph, call, "ArgMin")),
    ("Cumsum", |graph, call| {
        let input = call.input(0)?;
        let inputs = vec![graph.channels_last(input), graph.int64(call.input(1)?)];
        let flags = ["exclusive", "reverse"].map(|name| (name, Attribute::Int(call.flag(name).into())));
        let name = graph.push("CumSum", call.name(), inputs, flags.to_vec());
        Ok(vec![tensor(name, input, input.dims.clone())])
    }),
    ("EuclideanNorm", |graph, call| Ok(vec![reduce(graph, call, call.input(0)?, "ReduceL2")?])),
    ("LogSoftmax", |graph, call| softmax(graph, call, "LogSoftmax")),
    ("Max", |graph, call| Ok(vec![reduce(graph, call, call.input(0)?, "ReduceMax")?])),
    ("Mean", |graph, call| Ok(vec![reduce(graph, call, call.input(0)?, "ReduceMean")?])),
    ("Min", |graph, call| Ok(vec![reduce(graph, call, call.input(0)?, "ReduceMin")?])),
    ("Prod", |graph, call| product(graph, call)),
    ("Softmax", |graph, call| softmax(graph, call, "Softmax")),
    ("Sum", |graph, call| Ok(vec![reduce(graph, call, call.input(0)?, "ReduceSum")?])),
    ("TopKV2", |graph, call| top(graph, call)),
];

/// A node that reduces the axes of its second input.
fn reduce(graph: &mut Graph, call: &Call<'_>, input: &Tensor, op: &'static str) -> Result<Tensor> {
    let rank = call.rank(0)?;
    let axes = call.ints(1)?.iter().map(|axis| call.axis(*axis, rank)).collect::<Result<Vec<_>>>()?;
    if axes.is_empty() {
        return Ok(input.clone());
    }
    let keeps = call.flag("keep_dims");
    // Without height and width, rows and channels are in the same order.
    let mut sorted = axes.clone();
    sorted.sort_unstable();
    let channels_first = input.channels_first && (keeps || sorted == [1, 2] || sorted == [1, 2, 3]);
    let source = if channels_first { input.name.clone() } else { graph.channels_last(input) };
    let places: Vec<i64> =
        axes.iter().map(|axis| if channels_first { moved(*axis) } else { *axis } as i64).collect();
    let mut inputs = vec![source];
    let mut attributes = vec![("keepdims", Attribute::Int(keeps.into()))];
    if op == "ReduceSum" {
        inputs.push(graph.vector(call.name(), &places));
    } else {
        attributes.push(("axes", Attribute::Ints(places)));
    }
    let dims = input.dims.as_ref().map(|dims| {
        let lengths = dims.iter().enumerate().filter(|(axis, _)| keeps || !axes.contains(axis));
        lengths.map(|(axis, length)| if axes.contains(&axis) { Some(1) } else { *length }).collect()
    });
    let name = graph.push(op, call.name(), inputs, attributes);
    Ok(Tensor { channels_first: channels_first && keeps, ..tensor(name, input, dims) })
}

/// A product of lengths is known where they are.
fn product(graph: &mut Graph, call: &Call<'_>) -> Result<Vec<Tensor>> {
    let input = call.input(0)?;
    let values = input.values().filter(|_| input.rank() == Some(1) && !call.flag("keep_dims"));
    let product = values
        .and_then(|values| values.into_iter().try_fold(1_i64, |product, value| product.checked_mul(value?)));
    if let Some(constant) =
        product.and_then(|product| Constant::integers(input.dtype, Vec::new(), &[product]))
    {
        return Ok(vec![graph.constant(call.name(), constant)]);
    }
    Ok(vec![reduce(graph, call, input, "ReduceProd")?])
}

/// ONNX reduces no truths.
fn logical(graph: &mut Graph, call: &Call<'_>, op: &'static str) -> Result<Vec<Tensor>> {
    let input = call.input(0)?;
    let name = graph.cast(input.name.clone(), DataType::Int32);
    let numbers = Tensor { name, dtype: DataType::Int32, ..input.clone() };
    let reduced = reduce(graph, call, &numbers, op)?;
    let name = graph.cast(reduced.name.clone(), DataType::Bool);
    Ok(vec![Tensor { name, dtype: DataType::Bool, ..reduced }])
}

fn argument(graph: &mut Graph, call: &Call<'_>, op: &'static str) -> Result<Vec<Tensor>> {
    let input = call.input(0)?;
    let axis = call.axis(call.int(1)?, call.rank(0)?)?;
    let out_type = if call.node.attr.contains_key("output_type") {
        call.type_of("output_type")?
    } else {
        DataType::Int64
    };
    let source = graph.channels_last(input);
    let attributes = vec![("axis", Attribute::Int(axis as i64)), ("keepdims", Attribute::Int(0))];
    let mut name = graph.push(op, call.name(), vec![source], attributes);
    if out_type != DataType::Int64 {
        name = graph.cast(name, out_type);
    }
    let mut dims = input.dims.clone();
    dims.iter_mut().for_each(|dims| _ = dims.remove(axis));
    Ok(vec![Tensor { dtype: out_type, ..tensor(name, input, dims) }])
}

/// Over the last axis, which are the channels of a picture.
fn softmax(graph: &mut Graph, call: &Call<'_>, op: &'static str) -> Result<Vec<Tensor>> {
    let input = call.input(0)?;
    let axis = if input.channels_first { 1 } else { -1 };
    let name = graph.push(op, call.name(), vec![input.name.clone()], vec![("axis", Attribute::Int(axis))]);
    Ok(vec![Tensor { channels_first: input.channels_first, ..tensor(name, input, input.dims.clone()) }])
}

fn top(graph: &mut Graph, call: &Call<'_>) -> Result<Vec<Tensor>> {
    let input = call.input(0)?;
    let count = call.int(1)?;
    let inputs = vec![graph.channels_last(input), graph.vector(call.name(), &[count])];
    let names = graph.push_all("TopK", call.name(), inputs, vec![("axis", Attribute::Int(-1))], 2);
    let mut dims = input.dims.clone();
    let last = dims.as_mut().and_then(|dims| dims.last_mut());
    last.into_iter().for_each(|last| *last = usize::try_from(count).ok());
    let [values, places] = names.as_slice() else { return Err(call.invalid("has no outputs")) };
    let places = graph.cast(places.clone(), DataType::Int32);
    let places = Tensor { dtype: DataType::Int32, ..tensor(places, input, dims.clone()) };
    Ok(vec![tensor(values.clone(), input, dims), places])
}
