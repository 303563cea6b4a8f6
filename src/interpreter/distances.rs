//! The distances of scikit-learn's exporter: nearest neighbours, and whatever compares rows with those of the training, scan these
//! with a body that subtracts, squares and sums. A round over thousands of rows for each of thousands of others is one kernel
//! here.

use anyhow::Result;
use predictql_kernels::vectors::squared_distances;

use crate::onnx::pb::{GraphProto, NodeProto};
use crate::tensor::{ElementType, Tensor};

/// Whether a scan's body, given its state and a slice, gives the state back and `ReduceSumSquare(state - slice)` along
/// the second axis.
pub(super) fn is_squared_distance(body: &GraphProto) -> bool {
    let ([state, slice], [next, made]) = (body.input.as_slice(), body.output.as_slice()) else {
        return false;
    };
    if origin(body, &next.name) != state.name {
        return false;
    }
    let Some(sum) = maker(body, origin(body, &made.name)) else { return false };
    let Some(difference) = sum.input.first().and_then(|name| maker(body, origin(body, name))) else {
        return false;
    };
    let [left, right] = difference.input.as_slice() else { return false };
    let mut sides = [origin(body, left), origin(body, right)];
    sides.sort_unstable();
    let mut given = [state.name.as_str(), slice.name.as_str()];
    given.sort_unstable();
    sum.op_type == "ReduceSumSquare"
        && sum.input.len() == 1
        && sum.list::<i64>("axes").is_ok_and(|axes| axes == [1])
        && sum.flag("keepdims", true).is_ok_and(|keeps| !keeps)
        && difference.op_type == "Sub"
        && sides == given
}

/// The squares of the distances of all `rows` from each of `others`, which come one after the other; `None` for other
/// numbers and shapes than tables of 32-bit floats.
pub(super) fn distances(rows: &Tensor, others: &Tensor) -> Result<Option<Tensor>> {
    let ([count, width], [other_count, other_width]) = (rows.shape(), others.shape()) else {
        return Ok(None);
    };
    let are_floats = [rows, others].iter().all(|tensor| tensor.element() == ElementType::F32);
    if !are_floats || width != other_width || *width == 0 || *count == 0 || *other_count == 0 {
        return Ok(None);
    }
    let mut distances = Tensor::zeros(ElementType::F32, &[*other_count, *count])?;
    let of_others = distances.elements_mut::<f32>()?.chunks_exact_mut(*count);
    let rows = rows.elements::<f32>()?;
    for (other, distances) in others.elements::<f32>()?.chunks_exact(*width).zip(of_others) {
        squared_distances(other, rows, distances);
    }
    Ok(Some(distances))
}

/// The name that a value had before it went through nodes that change nothing.
fn origin<'a>(body: &'a GraphProto, name: &'a str) -> &'a str {
    let mut name = name;
    // No way through the nodes is longer.
    for _ in 0..body.node.len() {
        match maker(body, name).filter(|node| node.op_type == "Identity").and_then(|node| node.input.first())
        {
            Some(before) => name = before,
            None => break,
        }
    }
    name
}

fn maker<'a>(body: &'a GraphProto, name: &str) -> Option<&'a NodeProto> {
    body.node.iter().find(|node| node.output.first().is_some_and(|output| output == name))
}
