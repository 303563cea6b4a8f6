//! Attributes and constant inputs that no operator can compute with: a stride of zero, a negative length. They are found before anything is
//! loaded, with the node that has them.

use std::collections::HashMap;

use crate::onnx::pb;

use super::names;
use super::tensors::{floats, integers};
use super::walk;
use crate::diag::{Code, Error, Result};
use crate::limits::{RESIZE_SCALE, TENSOR_BYTES};

/// Lists of numbers that must be above zero, by attribute.
const POSITIVE: [&str; 4] = ["strides", "dilations", "kernel_shape", "output_shape"];

/// Constant inputs that must hold no negative numbers, by operator and position.
const LENGTHS: [(&str, usize); 5] =
    [("ConstantOfShape", 0), ("Tile", 1), ("Expand", 1), ("Col2Im", 1), ("Col2Im", 2)];

/// # Errors
/// `invalid-model` for the first node with such an argument.
pub(super) fn check(graph: &pb::GraphProto) -> Result<()> {
    walk::graphs([graph]).try_for_each(|graph| {
        let constants = constants(graph);
        graph.node.iter().try_for_each(|node| check_node(node, &constants))
    })
}

fn check_node(node: &pb::NodeProto, constants: &HashMap<&str, &pb::TensorProto>) -> Result<()> {
    if names::domain(&node.domain) != names::STANDARD {
        return Ok(());
    }
    check_attributes(node)?;
    let invalid = |what: String| Err(invalid(node, &what));
    let tensor = |position: usize| node.input.get(position).and_then(|name| constants.get(name.as_str()));
    let constant = |position: usize| tensor(position).and_then(|tensor| integers(tensor));
    for (operator, position) in LENGTHS {
        if node.op_type == operator
            && let Some(lengths) = constant(position)
            && !is_tensor(&lengths)
        {
            return invalid(format!("lengths {lengths:?}, of which there can be no tensor"));
        }
    }
    match node.op_type.as_str() {
        "Slice" if constant(3).is_some_and(|axes| has_duplicates(&axes)) => invalid("an axis twice".into()),
        "HannWindow" | "HammingWindow" | "BlackmanWindow"
            if constant(0).is_some_and(|size| size.contains(&0) || !is_tensor(&size)) =>
        {
            invalid("a length of which there can be no window".into())
        }
        "Slice" if constant(4).is_some_and(|steps| steps.iter().any(|step| !is_step(*step))) => {
            invalid("steps of 0, or of more than 32 bits".into())
        }
        "Resize" | "Upsample" => {
            // The third input behind a region, the second where there is none.
            let scales = tensor(if node.input.len() > 2 { 2 } else { 1 }).and_then(|scales| floats(scales));
            match scales {
                Some(scales) if !scales.iter().all(is_scale) => {
                    invalid(format!("scales that are not between 0 and {RESIZE_SCALE}"))
                }
                _ => Ok(()),
            }
        }
        "Range" if constant(2).is_some_and(|step| step.contains(&0)) => invalid("a step of 0".into()),
        "Range" if range(constant).is_some_and(|count| !is_tensor(&[count])) => {
            invalid("more numbers than there can be in a tensor".into())
        }
        "Reshape" if constant(1).is_some_and(|shape| shape.iter().any(|length| *length < -1)) => {
            invalid("a shape with a length below -1".into())
        }
        _ => Ok(()),
    }
}

fn check_attributes(node: &pb::NodeProto) -> Result<()> {
    for attribute in &node.attribute {
        let is_pair = POSITIVE.contains(&attribute.name.as_str());
        if is_pair && attribute.ints.iter().any(|value| *value <= 0) {
            return Err(invalid(
                node,
                &format!("{} {:?}, expected numbers above 0", attribute.name, attribute.ints),
            ));
        }
        if attribute.name == "pads" && attribute.ints.iter().any(|value| *value < 0) && node.op_type != "Pad"
        {
            return Err(invalid(node, &format!("pads {:?}, expected none below 0", attribute.ints)));
        }
        if matches!(attribute.name.as_str(), "group" | "num_groups") && attribute.i <= 0 {
            return Err(invalid(
                node,
                &format!("{} {}, expected a number above 0", attribute.name, attribute.i),
            ));
        }
        if attribute.name == "num_outputs" && usize::try_from(attribute.i) != Ok(node.output.len()) {
            return Err(invalid(
                node,
                &format!("num_outputs {} and {} outputs", attribute.i, node.output.len()),
            ));
        }
    }
    Ok(())
}

fn invalid(node: &pb::NodeProto, what: &str) -> Error {
    let name = if node.name.is_empty() { node.output.first() } else { Some(&node.name) };
    let message = format!("node `{}` ({}) has {what}", name.map_or("?", String::as_str), node.op_type);
    Error::new(Code::InvalidModel, message)
}

/// How many numbers there are from the first constant to the second, by steps of the third.
fn range(constant: impl Fn(usize) -> Option<Vec<i64>>) -> Option<i64> {
    let number = |position| constant(position)?.first().copied();
    let (start, limit, step) = (number(0)?, number(1)?, number(2)?);
    // What overflows is too many.
    Some(
        limit
            .checked_sub(start)
            .map_or(i64::MAX, |length| length.checked_div(step).unwrap_or(i64::MAX))
            .max(0),
    )
}

/// Whether memory has room for eight bytes for each element.
fn is_tensor(lengths: &[i64]) -> bool {
    let elements =
        lengths.iter().try_fold(1_u64, |all, length| all.checked_mul(u64::try_from(*length).ok()?));
    elements.is_some_and(|elements| elements <= TENSOR_BYTES / 8)
}

fn has_duplicates(axes: &[i64]) -> bool {
    (1..).zip(axes).any(|(next, axis)| axes.iter().skip(next).any(|other| other == axis))
}

fn is_step(step: i64) -> bool {
    step != 0 && i32::try_from(step).is_ok()
}

fn is_scale(scale: &f32) -> bool {
    *scale > 0.0 && *scale <= RESIZE_SCALE
}

/// The tensors that the graph holds as constants, by name.
fn constants(graph: &pb::GraphProto) -> HashMap<&str, &pb::TensorProto> {
    let initial = graph.initializer.iter().map(|tensor| (tensor.name.as_str(), tensor));
    let nodes = graph.node.iter().filter(|node| node.op_type == "Constant").filter_map(|node| {
        let value = node.attribute.iter().find_map(|attribute| attribute.t.as_ref())?;
        Some((node.output.first()?.as_str(), value))
    });
    initial.chain(nodes).collect()
}
