//! Templates of operators that models on tables have not.

use anyhow::Result;

use super::{Instance, Template};

/// The templates of `ai.onnx`.
pub(super) const TEMPLATES: &[(&str, Template)] = &[
    ("Dropout", dropout),
    ("GroupNormalization", group_normalization),
    ("Hardmax", hardmax),
    ("InstanceNormalization", instance_normalization),
    ("MeanVarianceNormalization", mean_variance_normalization),
];

/// What operators of the versions 1 to 6 become whose attribute says where the axes of the second input lie.
pub(super) fn aligned(node: &Instance<'_>) -> Result<String> {
    let (axis, name) = (node.int("axis", 0), &node.node.op_type);
    Ok(format!("a b -> y\naligned = predictql.Aligned a b axis={axis}\ny = {name} a aligned"))
}

/// The operators that [`aligned`] is for.
pub(super) const ALIGNED: [&str; 11] =
    ["Add", "And", "Div", "Equal", "Greater", "Less", "Mul", "Or", "Pow", "Sub", "Xor"];

/// Nothing is dropped by a model that predicts.
fn dropout(node: &Instance<'_>) -> Result<String> {
    let mut body = String::from("x ratio learns -> y mask\n");
    if node.has(2) {
        let share = if node.has(1) { "ratio" } else { "0.5" };
        return Ok(body + &format!("y mask = predictql.Dropout x {share} learns"));
    }
    body += "y = Identity x\n";
    if node.node.output.get(1).is_some_and(|name| !name.is_empty()) {
        body += "shape = Shape x\nnone = ConstantOfShape shape\n";
        // Up to version 11 onnxruntime leaves the mask empty.
        body += match node.opset {
            ..10 => "mask = CastLike none x",
            10 | 11 => "mask = Cast none to=9",
            _ => "is_dropped = Cast none to=9\nmask = Not is_dropped",
        };
    }
    Ok(body)
}

/// One at the first of the greatest values along an axis, zero elsewhere.
fn hardmax(node: &Instance<'_>) -> Result<String> {
    let (flatten, axis, restore) = if node.opset < 13 {
        // Up to version 12 all axes from this one on are one.
        (
            format!("rows = Flatten x axis={}", node.int("axis", 1)),
            1,
            "whole = Shape x\ny = Reshape hot whole",
        )
    } else {
        ("rows = Identity x".into(), node.int("axis", -1), "y = Identity hot")
    };
    Ok(format!(
        "x -> y
        {flatten}
        shape = Shape rows
        depth = Gather shape [{axis}]
        best = ArgMax rows axis={axis} keepdims=0
        marks = CastLike [0.0,1.0] x
        hot = OneHot best depth marks axis={axis}
        {restore}"
    ))
}

/// `normal`: `x` in rows of the shape `[0,{rows},-1]`, each with a mean of zero and a variance of one; `shape` is that of `x`.
fn normalized(node: &Instance<'_>, rows: i64) -> String {
    format!(
        "shape = Shape x
        rows = Reshape x [0,{rows},-1]
        rows_shape = Shape rows
        length = Gather rows_shape [2]
        one = CastLike 1.0 x
        ones = Expand one length
        normal = LayerNormalization rows ones axis=-1 epsilon={:?}
        ",
        node.float("epsilon", 1e-5)
    )
}

fn instance_normalization(node: &Instance<'_>) -> Result<String> {
    Ok(format!(
        "x scale bias -> y
        {}scales = Reshape scale [-1,1]
        biases = Reshape bias [-1,1]
        scaled = Mul normal scales
        shifted = Add scaled biases
        y = Reshape shifted shape",
        normalized(node, 0)
    ))
}

/// Up to version 20 the scales belong to the groups, later to the channels.
fn group_normalization(node: &Instance<'_>) -> Result<String> {
    let channels = if node.opset < 21 {
        "values = Identity normal\n"
    } else {
        "channels = Shape scale
        wide = Concat [0] channels [-1] axis=0
        values = Reshape normal wide
        "
    };
    Ok(format!(
        "x scale bias -> y
        {}{channels}scales = Reshape scale [-1,1]
        biases = Reshape bias [-1,1]
        scaled = Mul values scales
        shifted = Add scaled biases
        y = Reshape shifted shape",
        normalized(node, node.int("num_groups", 0))
    ))
}

fn mean_variance_normalization(node: &Instance<'_>) -> Result<String> {
    let axes = node.ints("axes").unwrap_or(&[0, 2, 3]);
    let axes = format!("axes={axes:?}").replace(' ', "");
    Ok(format!(
        "x -> y
        mean = ReduceMean x {axes} keepdims=1
        centred = Sub x mean
        squares = Mul centred centred
        variance = ReduceMean squares {axes} keepdims=1
        deviation = Sqrt variance
        least = CastLike 1e-9 x
        divisor = Add deviation least
        y = Div centred divisor"
    ))
}
