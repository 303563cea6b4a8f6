//! Types that nothing computes in become wider ones. 16-bit floats, float16 and bfloat16, are computed in 32 bits: wasm gains nothing by 16 bits. Weights, declared types and the types in operators' attributes are all rewritten.

use crate::onnx::pb::tensor_proto::DataType as Element;
use crate::onnx::pb::{self, type_proto};
use half::f16;

use crate::diag::{Code, Error, Result};
use crate::onnx::walk;
use crate::tensor::ElementType;

/// The attributes that hold the types of operators' outputs.
const TYPE_ATTRIBUTES: [&str; 6] =
    ["to", "dtype", "output_dtype", "output_datatype", "stash_type", "softmax_precision"];

/// Whether tensors of this type can be read.
pub(in crate::onnx) fn is_readable(element: i32) -> bool {
    element_type(element).is_some()
}

/// The type that tensors of the type `element` are computed in.
pub(crate) fn element_type(element: i32) -> Option<ElementType> {
    Some(match Element::try_from(element).ok()? {
        Element::Bool => ElementType::Bool,
        Element::Int8 => ElementType::I8,
        Element::Int16 => ElementType::I16,
        Element::Int32 => ElementType::I32,
        Element::Int64 => ElementType::I64,
        Element::Uint8 => ElementType::U8,
        Element::Uint16 => ElementType::U16,
        Element::Uint32 => ElementType::U32,
        Element::Uint64 => ElementType::U64,
        Element::Float | Element::Float16 | Element::Bfloat16 => ElementType::F32,
        Element::Double => ElementType::F64,
        Element::String => ElementType::String,
        _ => return None,
    })
}

/// The name of an element type in the words of ONNX.
pub(in crate::onnx) fn element_name(element: i32) -> String {
    match (Element::try_from(element), element) {
        (Ok(element), _) => format!("{element:?}").to_uppercase(),
        (Err(_), UINT4) => "UINT4".into(),
        (Err(_), INT4) => "INT4".into(),
        (Err(_), 23) => "FLOAT4E2M1".into(),
        (Err(_), other) => format!("number {other}"),
    }
}

fn is_half(element: i32) -> bool {
    matches!(Element::try_from(element), Ok(Element::Float16 | Element::Bfloat16))
}

/// Rewrites the types in `proto`; its tensors are left to [`widen_tensor`].
pub(in crate::onnx) fn widen(proto: &mut pb::ModelProto) {
    proto.graph.iter_mut().for_each(widen_graph);
    proto.functions.iter_mut().flat_map(|function| &mut function.node).for_each(widen_node);
}

fn widen_graph(graph: &mut pb::GraphProto) {
    let infos = graph.input.iter_mut().chain(&mut graph.output).chain(&mut graph.value_info);
    for info in infos {
        let value = info.r#type.as_mut().and_then(|declared| declared.value.as_mut());
        if let Some(type_proto::Value::TensorType(tensor)) = value {
            if is_half(tensor.elem_type) {
                tensor.elem_type = Element::Float.into();
            } else if let Some((element, _)) = nibbles(tensor.elem_type) {
                tensor.elem_type = element.into();
            }
        }
    }
    graph.node.iter_mut().for_each(widen_node);
}

fn widen_node(node: &mut pb::NodeProto) {
    for attribute in &mut node.attribute {
        let is_type = TYPE_ATTRIBUTES.contains(&attribute.name.as_str());
        if is_type && i32::try_from(attribute.i).is_ok_and(is_half) {
            attribute.i = i32::from(Element::Float).into();
        }
    }
    walk::bodies_mut(node).for_each(widen_graph);
}

/// Converts the values of `tensor` to 32-bit floats if they are 16-bit ones, and to 8 bits if they have 4.
///
/// # Errors
/// `invalid-model` for values that do not have so many bits.
pub(crate) fn widen_tensor(tensor: &mut pb::TensorProto) -> Result<()> {
    if let Some((element, number)) = nibbles(tensor.data_type) {
        return widen_nibbles(tensor, element, number);
    }
    let float = match Element::try_from(tensor.data_type) {
        Ok(Element::Float16) => |bits| f16::from_bits(bits).to_f32(),
        Ok(Element::Bfloat16) => |bits| f32::from_bits(u32::from(bits) << 16),
        _ => return Ok(()),
    };
    tensor.data_type = Element::Float.into();
    let raw = std::mem::take(&mut tensor.raw_data);
    let listed = std::mem::take(&mut tensor.int32_data);
    let floats = if raw.is_empty() {
        listed.into_iter().map(|bits| u16::try_from(bits).ok().map(float)).collect::<Option<_>>()
    } else {
        let (halves, rest) = raw.as_chunks::<2>();
        rest.is_empty().then(|| halves.iter().map(|bytes| float(u16::from_le_bytes(*bytes))).collect())
    };
    tensor.float_data = floats.ok_or_else(|| {
        let message = format!("tensor `{}` has values that are not 16-bit floats", tensor.name);
        Error::new(Code::InvalidModel, message)
    })?;
    Ok(())
}

/// A number of 4 bits as one of 8.
type Widened = fn(u8) -> u8;

/// The type of 8 bits for whole numbers of 4 bits, and what one of them is in it.
fn nibbles(element: i32) -> Option<(Element, Widened)> {
    match element {
        UINT4 => Some((Element::Uint8, |bits| bits)),
        // The sign is the highest of the four bits.
        INT4 => Some((Element::Int8, |bits| (bits ^ 8).wrapping_sub(8))),
        _ => None,
    }
}

/// The numbers of the types of 4 bits in `onnx.proto`.
const UINT4: i32 = 21;
const INT4: i32 = 22;

fn widen_nibbles(tensor: &mut pb::TensorProto, element: Element, number: Widened) -> Result<()> {
    let raw = std::mem::take(&mut tensor.raw_data);
    let listed = std::mem::take(&mut tensor.int32_data);
    let packed = if raw.is_empty() {
        listed.into_iter().map(|pair| u8::try_from(pair).ok()).collect::<Option<Vec<u8>>>()
    } else {
        Some(raw)
    };
    let count = tensor
        .dims
        .iter()
        .try_fold(1_usize, |count, length| count.checked_mul(usize::try_from(*length).ok()?));
    let numbers = packed.zip(count).filter(|(packed, count)| packed.len() == count.div_ceil(2));
    let (packed, count) = numbers.ok_or_else(|| {
        let message = format!("tensor `{}` has values that are not 4-bit numbers", tensor.name);
        Error::new(Code::InvalidModel, message)
    })?;
    // The low half of a byte comes first; the last one may be empty.
    let halves = packed.iter().flat_map(|byte| [byte & 15, byte >> 4]);
    tensor.raw_data = halves.take(count).map(number).collect();
    tensor.data_type = element.into();
    Ok(())
}
