//! Operators that compute each element by itself.

use super::{Table, broadcast, tensor};
use crate::constant::Constant;
use crate::onnx::{Attribute, Graph, Initializer, Tensor};
use crate::refusal::Result;
use crate::tensorflow::DataType;
use crate::tensorflow::call::Call;

/// What an operator does to a number.
type Float = fn(f32) -> f32;

/// Operators of one input that ONNX has too, with what they do to a number where that is worth knowing.
const UNARY: &[(&str, &str, Option<Float>)] = &[
    ("Abs", "Abs", Some(f32::abs)),
    ("Acos", "Acos", None),
    ("Acosh", "Acosh", None),
    ("Asin", "Asin", None),
    ("Asinh", "Asinh", None),
    ("Atan", "Atan", None),
    ("Atanh", "Atanh", None),
    ("Ceil", "Ceil", None),
    ("Cos", "Cos", None),
    ("Cosh", "Cosh", None),
    ("Elu", "Elu", None),
    ("Erf", "Erf", None),
    ("Exp", "Exp", Some(f32::exp)),
    ("Floor", "Floor", Some(f32::floor)),
    // TensorFlow Lite's alone.
    ("HardSwish", "HardSwish", None),
    ("Inv", "Reciprocal", Some(f32::recip)),
    ("IsInf", "IsInf", None),
    ("IsNan", "IsNaN", None),
    ("Log", "Log", Some(f32::ln)),
    ("LogicalNot", "Not", None),
    ("Neg", "Neg", Some(|value| -value)),
    ("Reciprocal", "Reciprocal", Some(f32::recip)),
    ("Relu", "Relu", None),
    ("Rint", "Round", None),
    ("Round", "Round", None),
    ("Sigmoid", "Sigmoid", None),
    ("Sign", "Sign", None),
    ("Sin", "Sin", None),
    ("Sinh", "Sinh", None),
    ("Softplus", "Softplus", None),
    ("Softsign", "Softsign", None),
    ("Sqrt", "Sqrt", Some(f32::sqrt)),
    ("Tan", "Tan", None),
    ("Tanh", "Tanh", None),
];

/// What an operator of two inputs does to numbers that are known.
type Floats = fn(f32, f32) -> f32;
type Ints = fn(i64, i64) -> Option<i64>;
type Both = (Floats, Ints);

/// Operators of two inputs that ONNX has too.
const BINARY: &[(&str, &str, Option<Both>)] = &[
    ("Add", "Add", Some((|a, b| a + b, i64::checked_add))),
    ("AddV2", "Add", Some((|a, b| a + b, i64::checked_add))),
    ("Div", "Div", None),
    ("Equal", "Equal", None),
    ("Greater", "Greater", None),
    ("GreaterEqual", "GreaterOrEqual", None),
    ("Less", "Less", None),
    ("LessEqual", "LessOrEqual", None),
    ("LogicalAnd", "And", None),
    ("LogicalOr", "Or", None),
    ("Maximum", "Max", Some((f32::max, |a, b| Some(a.max(b))))),
    ("Minimum", "Min", Some((f32::min, |a, b| Some(a.min(b))))),
    ("Mul", "Mul", Some((|a, b| a * b, i64::checked_mul))),
    // TensorFlow Lite's alone.
    ("Prelu", "PRelu", None),
    ("Pow", "Pow", Some((f32::powf, |_, _| None))),
    ("RealDiv", "Div", Some((|a, b| a / b, |_, _| None))),
    ("Sub", "Sub", Some((|a, b| a - b, i64::checked_sub))),
];

pub(super) const TABLE: &Table = &[
    ("AddN", |graph, call| {
        let [first, rest @ ..] = call.inputs.as_slice() else { return Err(call.invalid("has no inputs")) };
        Ok(vec![rest.iter().fold(first.clone(), |sum, next| binary(graph, call.name(), "Add", &sum, next))])
    }),
    ("BiasAdd", |graph, call| {
        if call.text_of("data_format")? == "NCHW" {
            return Err(call.unsupported("has its channels first"));
        }
        Ok(vec![binary(graph, call.name(), "Add", call.input(0)?, call.input(1)?)])
    }),
    ("Bucketize", |graph, call| bucketize(graph, call)),
    ("Cast", |graph, call| cast(graph, call)),
    ("ClipByValue", |graph, call| {
        let lowest = binary(graph, call.name(), "Max", call.input(0)?, call.input(1)?);
        Ok(vec![binary(graph, call.name(), "Min", &lowest, call.input(2)?)])
    }),
    ("Const", |graph, call| Ok(vec![graph.constant(call.name(), call.value()?)])),
    ("DivNoNan", |graph, call| {
        let (a, b) = (call.input(0)?, call.input(1)?);
        let zero = number(graph, call.name(), b, 0.0);
        let is_zero = binary(graph, call.name(), "Equal", b, &zero);
        let quotient = binary(graph, call.name(), "Div", a, b);
        Ok(vec![choose(graph, call, &is_zero, &zero, &quotient)])
    }),
    ("Erfc", |graph, call| {
        let erf = unary(graph, call.name(), "Erf", call.input(0)?, Vec::new());
        let one = number(graph, call.name(), &erf, 1.0);
        Ok(vec![binary(graph, call.name(), "Sub", &one, &erf)])
    }),
    ("Expm1", |graph, call| {
        let power = unary(graph, call.name(), "Exp", call.input(0)?, Vec::new());
        let one = number(graph, call.name(), &power, 1.0);
        Ok(vec![binary(graph, call.name(), "Sub", &power, &one)])
    }),
    ("FloorDiv", |graph, call| floor_div(graph, call)),
    ("FloorMod", |graph, call| {
        let (a, b) = (call.input(0)?, call.input(1)?);
        if a.dtype.is_integer() {
            return Ok(vec![binary(graph, call.name(), "Mod", a, b)]);
        }
        let quotient = binary(graph, call.name(), "Div", a, b);
        let floor = unary(graph, call.name(), "Floor", &quotient, Vec::new());
        let part = binary(graph, call.name(), "Mul", &floor, b);
        Ok(vec![binary(graph, call.name(), "Sub", a, &part)])
    }),
    ("IsFinite", |graph, call| {
        let input = call.input(0)?;
        let [infinite, none] = ["IsInf", "IsNaN"].map(|op| unary(graph, call.name(), op, input, Vec::new()));
        let either = binary(graph, call.name(), "Or", &infinite, &none);
        Ok(vec![unary(graph, call.name(), "Not", &either, Vec::new())])
    }),
    ("LeakyRelu", |graph, call| {
        let alpha = call.float_of("alpha").unwrap_or(0.2);
        Ok(vec![unary(
            graph,
            call.name(),
            "LeakyRelu",
            call.input(0)?,
            vec![("alpha", Attribute::Float(alpha))],
        )])
    }),
    ("Log1p", |graph, call| {
        let one = number(graph, call.name(), call.input(0)?, 1.0);
        let sum = binary(graph, call.name(), "Add", call.input(0)?, &one);
        Ok(vec![unary(graph, call.name(), "Log", &sum, Vec::new())])
    }),
    ("NotEqual", |graph, call| {
        let equal = match call.input(0)?.dtype {
            DataType::String => is_word(graph, call)?,
            _ => binary(graph, call.name(), "Equal", call.input(0)?, call.input(1)?),
        };
        Ok(vec![unary(graph, call.name(), "Not", &equal, Vec::new())])
    }),
    ("OnesLike", |graph, call| filled_like(graph, call, 1.0)),
    ("PlaceholderWithDefault", |_, call| Ok(vec![call.input(0)?.clone()])),
    ("Relu6", |graph, call| {
        let input = call.input(0)?;
        let bounds = [0.0, 6.0].map(|bound| number(graph, call.name(), input, bound).name);
        let inputs = [vec![input.name.clone()], bounds.to_vec()].concat();
        let name = graph.push("Clip", call.name(), inputs, Vec::new());
        Ok(vec![Tensor { name, ..plain_like(input) }])
    }),
    ("Rsqrt", |graph, call| {
        let input = call.input(0)?;
        if let Some(known) =
            input.constant.as_ref().and_then(|constant| constant.map(|value| value.sqrt().recip()))
        {
            return Ok(vec![graph.constant(call.name(), known)]);
        }
        let root = unary(graph, call.name(), "Sqrt", input, Vec::new());
        Ok(vec![unary(graph, call.name(), "Reciprocal", &root, Vec::new())])
    }),
    ("Select", |graph, call| {
        let (condition, one) = (call.input(0)?, call.input(1)?);
        if condition.rank() == Some(1) && one.rank() != Some(1) {
            return Err(call.unsupported("chooses rows by a vector"));
        }
        Ok(vec![choose(graph, call, condition, one, call.input(2)?)])
    }),
    ("SelectV2", |graph, call| Ok(vec![choose(graph, call, call.input(0)?, call.input(1)?, call.input(2)?)])),
    ("Selu", |graph, call| {
        let constants = [("alpha", 1.673_263_2), ("gamma", 1.050_701)];
        let attributes = constants.map(|(name, value)| (name, Attribute::Float(value))).to_vec();
        Ok(vec![unary(graph, call.name(), "Selu", call.input(0)?, attributes)])
    }),
    ("Square", |graph, call| Ok(vec![binary(graph, call.name(), "Mul", call.input(0)?, call.input(0)?)])),
    ("SquaredDifference", |graph, call| {
        let difference = binary(graph, call.name(), "Sub", call.input(0)?, call.input(1)?);
        Ok(vec![binary(graph, call.name(), "Mul", &difference, &difference)])
    }),
    ("ZerosLike", |graph, call| filled_like(graph, call, 0.0)),
];

/// A node whose operator has another name at most.
pub(super) fn plain(graph: &mut Graph, call: &Call<'_>) -> Option<Result<Vec<Tensor>>> {
    let op = call.node.op.as_str();
    if let Some((_, to, compute)) = UNARY.iter().find(|(name, ..)| *name == op) {
        return Some(call.input(0).map(|input| {
            let known = compute.and_then(|compute| input.constant.as_ref()?.map(compute));
            vec![match known {
                Some(known) => graph.constant(call.name(), known),
                None => unary(graph, call.name(), to, input, Vec::new()),
            }]
        }));
    }
    let (_, to, compute) = BINARY.iter().find(|(name, ..)| *name == op)?;
    if op == "Equal" && call.inputs.iter().any(|input| input.dtype == DataType::String) {
        return Some(is_word(graph, call).map(|tensor| vec![tensor]));
    }
    Some(call.input(0).and_then(|one| Ok((one, call.input(1)?))).map(|(one, other)| {
        let known = compute
            .and_then(|(floats, ints)| one.constant.as_ref()?.zip(other.constant.as_ref()?, floats, ints));
        let known = known.or_else(|| decided(to, one.constant.as_ref()?, other.constant.as_ref()?));
        if let Some(known) = known {
            return vec![graph.constant(call.name(), known)];
        }
        if let Some(same) = unchanged(to, one, other) {
            return vec![same];
        }
        let mut result = binary(graph, call.name(), to, one, other);
        if let Some((_, ints)) = compute {
            result.known = zip_known(one, other, *ints);
        }
        vec![result]
    }))
}

/// What a comparison says of two numbers that are known, as that of a loop's counter with its end.
fn decided(op: &str, one: &Constant, other: &Constant) -> Option<Constant> {
    if !one.dims.is_empty() || !other.dims.is_empty() {
        return None;
    }
    if let (Some(one), Some(other)) = (one.to_bool(), other.to_bool()) {
        return match op {
            "And" => Some(Constant::bool(one && other)),
            "Or" => Some(Constant::bool(one || other)),
            _ => None,
        };
    }
    let order = match (one.to_int(), other.to_int()) {
        (Some(one), Some(other)) => one.cmp(&other),
        _ => one.to_float()?.partial_cmp(&other.to_float()?)?,
    };
    let is_true = match op {
        "Equal" => order.is_eq(),
        "Greater" => order.is_gt(),
        "GreaterOrEqual" => order.is_ge(),
        "Less" => order.is_lt(),
        "LessOrEqual" => order.is_le(),
        _ => return None,
    };
    Some(Constant::bool(is_true))
}

/// The tensor that is multiplied by one, or that nothing is added to.
fn unchanged(op: &str, one: &Tensor, other: &Tensor) -> Option<Tensor> {
    let neutral = match op {
        "Mul" => 1.0,
        "Add" => 0.0,
        _ => return None,
    };
    let is_neutral = |tensor: &Tensor| {
        let number = tensor.constant.as_ref().filter(|constant| constant.dims.is_empty());
        number.and_then(Constant::to_float) == Some(neutral)
    };
    if is_neutral(other) {
        return Some(one.clone());
    }
    is_neutral(one).then(|| other.clone())
}

/// What is known of the numbers that are computed of others.
fn zip_known(one: &Tensor, other: &Tensor, ints: Ints) -> Option<Vec<Option<i64>>> {
    let (a, b) = (one.values()?, other.values()?);
    let count = a.len().max(b.len());
    let at = |values: &[Option<i64>], index: usize| {
        let place = if values.len() == 1 { 0 } else { index };
        values.get(place).copied()
    };
    (0..count).map(|index| Some(at(&a, index)?.zip(at(&b, index)?).and_then(|(a, b)| ints(a, b)))).collect()
}

/// A number of the type of `like`.
fn number(graph: &mut Graph, wanted: &str, like: &Tensor, value: f32) -> Tensor {
    let number = graph.constant(wanted, Constant::float(value));
    if like.dtype == DataType::Float {
        return number;
    }
    let name = graph.cast(number.name.clone(), like.dtype);
    Tensor { name, dtype: like.dtype, ..plain_like(&number) }
}

/// The tensor again, without what is known of its values.
fn plain_like(tensor: &Tensor) -> Tensor {
    Tensor { constant: None, known: None, ..tensor.clone() }
}

/// A node of one input, in whatever order that is stored.
pub(super) fn unary(
    graph: &mut Graph,
    wanted: &str,
    op: &'static str,
    input: &Tensor,
    attributes: Vec<(&'static str, Attribute)>,
) -> Tensor {
    let name = graph.push(op, wanted, vec![input.name.clone()], attributes);
    let dtype = if matches!(op, "IsNaN" | "IsInf" | "Not") { DataType::Bool } else { input.dtype };
    Tensor { name, dtype, ..plain_like(input) }
}

/// A node of two inputs, which are repeated to fit one another.
pub(super) fn binary(
    graph: &mut Graph,
    wanted: &str,
    op: &'static str,
    one: &Tensor,
    other: &Tensor,
) -> Tensor {
    let dims = broadcast(&one.dims, &other.dims);
    let both = one.channels_first || other.channels_first;
    let first = both.then(|| Some([beside(graph, one, &dims)?, beside(graph, other, &dims)?])).flatten();
    let channels_first = first.is_some();
    let inputs = first.unwrap_or_else(|| [one, other].map(|tensor| graph.channels_last(tensor)));
    let name = graph.push(op, wanted, inputs.to_vec(), Vec::new());
    let compares =
        matches!(op, "Equal" | "Greater" | "GreaterOrEqual" | "Less" | "LessOrEqual" | "And" | "Or");
    let dtype = if compares { DataType::Bool } else { one.dtype };
    Tensor { name, dtype, dims, channels_first, constant: None, known: None }
}

/// The tensor as it stands beside a picture with its channels first; `None` where that would take more than transposing it.
fn beside(graph: &mut Graph, tensor: &Tensor, wide: &crate::onnx::Dims) -> Option<String> {
    if tensor.channels_first {
        return Some(tensor.name.clone());
    }
    if wide.as_ref()?.len() != 4 {
        return None;
    }
    if let Some(constant) = &tensor.constant {
        let rank = constant.dims.len();
        if constant.len() == Some(1) {
            let constant = constant.reshaped(Vec::new())?;
            return Some(graph.weight(&tensor.name, Initializer::new(constant)));
        }
        let (channels, before) = constant.dims.split_last()?;
        if before.iter().all(|length| *length == 1) {
            let constant = constant.reshaped(vec![*channels, 1, 1])?;
            return Some(graph.weight(&tensor.name, Initializer::new(constant)));
        }
        let padded =
            constant.reshaped([vec![1; 4_usize.checked_sub(rank)?], constant.dims.clone()].concat())?;
        let padded = graph.constant(&tensor.name, padded);
        return Some(graph.channels_first(&padded));
    }
    match tensor.rank()? {
        0 => Some(tensor.name.clone()),
        4 => Some(graph.channels_first(tensor)),
        _ => None,
    }
}

/// What one branch computes where the first input is true, and what the other one does where it is not.
pub(crate) fn choice(graph: &mut Graph, call: &Call<'_>) -> Result<Tensor> {
    let (condition, one, other) = (call.input(0)?, call.input(1)?, call.input(2)?);
    if condition.rank() != Some(0) || condition.dtype != DataType::Bool {
        return Err(call.unsupported("decides by what is not one truth"));
    }
    if one.dims.is_none() || one.dims != other.dims || one.dtype != other.dtype {
        return Err(call.unsupported("has branches whose outputs differ in their shape"));
    }
    Ok(choose(graph, call, condition, one, other))
}

fn choose(graph: &mut Graph, call: &Call<'_>, condition: &Tensor, one: &Tensor, other: &Tensor) -> Tensor {
    let dims = broadcast(&broadcast(&condition.dims, &one.dims), &other.dims);
    let inputs = [condition, one, other].map(|tensor| graph.channels_last(tensor)).to_vec();
    let name = graph.push("Where", call.name(), inputs, Vec::new());
    tensor(name, one, dims)
}

/// How many boundaries a number has reached; one that is none has passed them all.
fn bucketize(graph: &mut Graph, call: &Call<'_>) -> Result<Vec<Tensor>> {
    let input = call.input(0)?;
    let boundaries = call.floats_of("boundaries");
    let whole = graph.channels_last(input);
    let number = if input.dtype == DataType::Float { whole } else { graph.cast(whole, DataType::Float) };
    let boundaries = graph.constant(call.name(), Constant::floats(vec![boundaries.len()], boundaries)).name;
    let axes = graph.vector(call.name(), &[-1]);
    let number = graph.push("Unsqueeze", call.name(), vec![number, axes.clone()], Vec::new());
    let below = graph.push("Less", call.name(), vec![number, boundaries], Vec::new());
    let reached = graph.push("Not", call.name(), vec![below], Vec::new());
    let reached = graph.cast(reached, DataType::Int32);
    let attributes = vec![("keepdims", Attribute::Int(0))];
    let name = graph.push("ReduceSum", call.name(), vec![reached, axes], attributes);
    Ok(vec![Tensor { name, dtype: DataType::Int32, channels_first: false, ..plain_like(input) }])
}

/// Whether a word is another one that is known, which ONNX says by a table of it alone.
fn is_word(graph: &mut Graph, call: &Call<'_>) -> Result<Tensor> {
    let (input, word) = (call.input(0)?, call.input(1)?);
    let (input, word) = if input.constant.is_some() { (word, input) } else { (input, word) };
    let keys = word.constant.as_ref().filter(|word| word.len() == Some(1));
    let keys = keys.ok_or_else(|| call.unsupported("compares words with one another"))?;
    let (yes, no) = (Constant::vector(&[1]), Constant::vector(&[0]));
    let no = graph.constant(call.name(), no);
    let node = Call { node: call.node, inputs: vec![input.clone(), no] };
    let found = super::look_up(graph, &node, keys, &yes)?;
    let name = graph.cast(found.name.clone(), DataType::Bool);
    Ok(Tensor { name, dtype: DataType::Bool, ..found })
}

fn cast(graph: &mut Graph, call: &Call<'_>) -> Result<Vec<Tensor>> {
    let (input, to) = (call.input(0)?, call.type_of("DstT")?);
    if input.dtype == to {
        return Ok(vec![input.clone()]);
    }
    let ints = input.constant.as_ref().and_then(|constant| Some((constant, constant.to_ints()?)));
    #[expect(clippy::cast_precision_loss, reason = "as TensorFlow casts")]
    let known = ints.and_then(|(constant, values)| match to {
        DataType::Float => {
            let values: Vec<f32> = values.iter().map(|value| *value as f32).collect();
            Some(Constant::floats(constant.dims.clone(), &values))
        }
        _ => Constant::integers(to, constant.dims.clone(), &values),
    });
    if let Some(known) = known {
        return Ok(vec![graph.constant(call.name(), known)]);
    }
    let attributes = vec![("to", Attribute::Int(to.onnx().into()))];
    let result = unary(graph, call.name(), "Cast", input, attributes);
    let known = input.values().filter(|_| to.is_integer());
    Ok(vec![Tensor { dtype: to, known, ..result }])
}

fn floor_div(graph: &mut Graph, call: &Call<'_>) -> Result<Vec<Tensor>> {
    let (a, b) = (call.input(0)?, call.input(1)?);
    let known = zip_known(a, b, |a, b| if b == 0 { None } else { Some(a.div_euclid(b)).filter(|_| b > 0) });
    if let Some(values) =
        known.iter().flatten().copied().collect::<Option<Vec<_>>>().filter(|_| known.is_some())
    {
        let dims = broadcast(&a.dims, &b.dims).and_then(|dims| dims.into_iter().collect());
        let constant = dims.and_then(|dims| Constant::integers(a.dtype, dims, &values));
        if let Some(constant) = constant.filter(Constant::is_whole) {
            return Ok(vec![graph.constant(call.name(), constant)]);
        }
    }
    let quotient = if a.dtype.is_integer() {
        // ONNX's quotient of integers is cut, TensorFlow's is rounded down: what is left over is taken away first.
        let rest = binary(graph, call.name(), "Mod", a, b);
        let whole = binary(graph, call.name(), "Sub", a, &rest);
        binary(graph, call.name(), "Div", &whole, b)
    } else {
        let quotient = binary(graph, call.name(), "Div", a, b);
        unary(graph, call.name(), "Floor", &quotient, Vec::new())
    };
    Ok(vec![Tensor { known, ..quotient }])
}

fn filled_like(graph: &mut Graph, call: &Call<'_>, value: f32) -> Result<Vec<Tensor>> {
    let input = call.input(0)?;
    let value = number(graph, call.name(), input, value).name;
    let shape = graph.push("Shape", call.name(), vec![input.name.clone()], Vec::new());
    let name = graph.push("Expand", call.name(), vec![value, shape], Vec::new());
    Ok(vec![Tensor { name, ..plain_like(input) }])
}
