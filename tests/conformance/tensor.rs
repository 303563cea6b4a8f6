//! Tensors as ONNX writes them, and when two of them agree.

use std::iter;

use half::f16;
use messages::tensor_proto::DataType;
use messages::tensor_shape_proto::dimension::Value;
use messages::{GraphProto, TensorProto, ValueInfoProto, type_proto};
use prost::Message;

enum Values {
    Floats(Vec<f64>),
    Whole(Vec<i128>),
    Texts(Vec<Vec<u8>>),
}

/// In what `found` differs from `expected`; with `shapes_only` not in values.
pub fn difference(found: &[Vec<u8>], expected: &[Vec<u8>], shapes_only: bool) -> Option<String> {
    if found.len() != expected.len() {
        return Some(format!("{} outputs instead of {}", found.len(), expected.len()));
    }
    let differences = iter::zip(found, expected).filter_map(|(found, expected)| {
        let decode = |bytes: &[u8]| TensorProto::decode(bytes).expect("an output is a tensor");
        let (found, expected) = (decode(found), decode(expected));
        let differs = one(&found, &expected, shapes_only)?;
        Some(format!("output `{}` {differs}", expected.name))
    });
    let differences: Vec<String> = differences.collect();
    (!differences.is_empty()).then(|| differences.join("; "))
}

fn one(found: &TensorProto, expected: &TensorProto, shapes_only: bool) -> Option<String> {
    if found.data_type != expected.data_type {
        return Some(format!("is {:?} instead of {:?}", found.data_type(), expected.data_type()));
    }
    if found.dims != expected.dims {
        return Some(format!("has shape {:?} instead of {:?}", found.dims, expected.dims));
    }
    if shapes_only {
        return None;
    }
    match (values(found), values(expected)) {
        (Values::Floats(found), Values::Floats(expected)) => first(&found, &expected, |found, expected| {
            found == expected
                || (found.is_nan() && expected.is_nan())
                || (found - expected).abs() <= 1e-5 + 1e-3 * expected.abs()
        }),
        (Values::Whole(found), Values::Whole(expected)) => {
            first(&found, &expected, |found, expected| found == expected)
        }
        (Values::Texts(found), Values::Texts(expected)) => {
            first(&found, &expected, |found, expected| found == expected)
        }
        _ => Some("is of another kind".into()),
    }
}

/// The first place where `found` and `expected` do not agree.
fn first<T: std::fmt::Debug>(found: &[T], expected: &[T], agree: impl Fn(&T, &T) -> bool) -> Option<String> {
    if found.len() != expected.len() {
        return Some(format!("holds {} values instead of {}", found.len(), expected.len()));
    }
    let wrong = iter::zip(found, expected).filter(|(found, expected)| !agree(found, expected)).count();
    let at = iter::zip(found, expected).position(|(found, expected)| !agree(found, expected))?;
    Some(format!(
        "is {:?} instead of {:?} at place {at}, and differs at {wrong} of {} places",
        found[at],
        expected[at],
        found.len()
    ))
}

fn values(tensor: &TensorProto) -> Values {
    if let Some(floats) = narrow(tensor) {
        return Values::Floats(floats);
    }
    let raw = &tensor.raw_data;
    let whole = |values: &mut dyn Iterator<Item = i128>| Values::Whole(values.collect());
    match DataType::try_from(tensor.data_type) {
        Ok(DataType::String) => Values::Texts(tensor.string_data.clone()),
        Ok(DataType::Float) if raw.is_empty() => {
            Values::Floats(tensor.float_data.iter().copied().map(f64::from).collect())
        }
        Ok(DataType::Double) if raw.is_empty() => Values::Floats(tensor.double_data.clone()),
        Ok(DataType::Float16) if raw.is_empty() => {
            let bits = tensor.int32_data.iter().map(|bits| f16::from_bits(*bits as u16));
            Values::Floats(bits.map(f64::from).collect())
        }
        Ok(DataType::Bfloat16) if raw.is_empty() => {
            Values::Floats(tensor.int32_data.iter().map(|bits| bfloat(*bits as u16)).collect())
        }
        Ok(DataType::Bfloat16) => Values::Floats(chunks(raw).map(u16::from_le_bytes).map(bfloat).collect()),
        Ok(DataType::Float) => Values::Floats(chunks(raw).map(f32::from_le_bytes).map(f64::from).collect()),
        Ok(DataType::Double) => Values::Floats(chunks(raw).map(f64::from_le_bytes).collect()),
        Ok(DataType::Float16) => Values::Floats(chunks(raw).map(f16::from_le_bytes).map(f64::from).collect()),
        Ok(DataType::Int64) if raw.is_empty() => {
            whole(&mut tensor.int64_data.iter().copied().map(i128::from))
        }
        Ok(DataType::Uint32 | DataType::Uint64) if raw.is_empty() => {
            whole(&mut tensor.uint64_data.iter().copied().map(i128::from))
        }
        _ if raw.is_empty() => whole(&mut tensor.int32_data.iter().copied().map(i128::from)),
        Ok(DataType::Bool | DataType::Uint8) => whole(&mut raw.iter().copied().map(i128::from)),
        Ok(DataType::Int8) => whole(&mut chunks(raw).map(i8::from_le_bytes).map(i128::from)),
        Ok(DataType::Uint16) => whole(&mut chunks(raw).map(u16::from_le_bytes).map(i128::from)),
        Ok(DataType::Int16) => whole(&mut chunks(raw).map(i16::from_le_bytes).map(i128::from)),
        Ok(DataType::Uint32) => whole(&mut chunks(raw).map(u32::from_le_bytes).map(i128::from)),
        Ok(DataType::Int32) => whole(&mut chunks(raw).map(i32::from_le_bytes).map(i128::from)),
        Ok(DataType::Uint64) => whole(&mut chunks(raw).map(u64::from_le_bytes).map(i128::from)),
        Ok(DataType::Int64) => whole(&mut chunks(raw).map(i64::from_le_bytes).map(i128::from)),
        other => panic!("{other:?} has no values to compare"),
    }
}

/// The values of a type of 8 bits and fewer that is not one of whole bytes: by the number of the type and the table of what its
/// bits mean, sign, exponent and digits.
fn narrow(tensor: &TensorProto) -> Option<Vec<f64>> {
    let width = match tensor.data_type {
        17..=20 | 24 => 8,
        21..=23 => 4,
        25 | 26 => 2,
        _ => return None,
    };
    let listed = || tensor.int32_data.iter().map(|byte| *byte as u8).collect();
    let bytes: Vec<u8> = if tensor.raw_data.is_empty() { listed() } else { tensor.raw_data.clone() };
    let count = tensor.dims.iter().product::<i64>() as usize;
    let parts = bytes
        .iter()
        .flat_map(|byte| (0..8 / width).map(move |at| byte >> (at * width) & (0xff >> (8 - width))));
    let float = |bits: u8, digits: u32, bias: i32| {
        let sign = if bits >> (width - 1) & 1 == 1 { -1.0 } else { 1.0 };
        let exponent = i32::from(bits & (0x7f >> (8 - width))) >> digits;
        let fraction = f64::from(bits & ((1 << digits) - 1)) / f64::from(1 << digits);
        let lead = if exponent == 0 { 0.0 } else { 1.0 };
        sign * (lead + fraction) * 2_f64.powi(exponent.max(1) - bias)
    };
    let value = |bits: u8| match (tensor.data_type, bits) {
        (17, 0x7f | 0xff) | (18 | 20, 0x80) | (24, 0xff) => f64::NAN,
        (19, 0x7c) => f64::INFINITY,
        (19, 0xfc) => f64::NEG_INFINITY,
        (19, _) if bits & 0x7f > 0x7c => f64::NAN,
        (17, _) => float(bits, 3, 7),
        (18, _) => float(bits, 3, 8),
        (19, _) => float(bits, 2, 15),
        (20, _) => float(bits, 2, 16),
        (23, _) => float(bits, 1, 1),
        (24, _) => 2_f64.powi(i32::from(bits) - 127),
        (22, 8..) => f64::from(bits) - 16.0,
        (26, 2..) => f64::from(bits) - 4.0,
        _ => f64::from(bits),
    };
    Some(parts.take(count).map(value).collect())
}

fn bfloat(bits: u16) -> f64 {
    f64::from(f32::from_bits(u32::from(bits) << 16))
}

fn chunks<const N: usize>(raw: &[u8]) -> impl Iterator<Item = [u8; N]> {
    raw.as_chunks::<N>().0.iter().copied()
}

/// Places of the inputs of `graph` that are not weights.
pub fn free_inputs(graph: &GraphProto) -> impl Iterator<Item = usize> {
    let is_weight = |name: &str| graph.initializer.iter().any(|tensor| tensor.name == name);
    (0..).zip(&graph.input).filter(move |(_, input)| !is_weight(&input.name)).map(|(at, _)| at)
}

/// The inputs that the suite `light` was made with.
pub fn ramps(graph: &GraphProto) -> Vec<Vec<u8>> {
    free_inputs(graph).map(|at| ramp(&graph.input[at])).collect()
}

/// 0, 1/n, 2/n … in the shape of `input`.
fn ramp(input: &ValueInfoProto) -> Vec<u8> {
    let Some(type_proto::Value::TensorType(declared)) =
        input.r#type.as_ref().and_then(|it| it.value.as_ref())
    else {
        panic!("{} is no tensor", input.name);
    };
    let shape = declared.shape.as_ref().expect("an input has a shape");
    let dims: Vec<i64> = (shape.dim.iter())
        .map(|dim| match dim.value {
            Some(Value::DimValue(length)) => length,
            _ => 1,
        })
        .collect();
    let count: i64 = dims.iter().product();
    let float_data = (0..count).map(|at| (at as f64 / count as f64) as f32).collect();
    TensorProto { dims, data_type: DataType::Float.into(), float_data, ..TensorProto::default() }
        .encode_to_vec()
}
