//! Types that nothing computes in become wider ones. 16-bit floats, float16 and bfloat16, are computed in 32 bits: wasm gains nothing by 16 bits.
//! Of narrower types ([`Narrow`]) the values are kept. Weights, declared types and the types in operators' attributes are all rewritten.

use crate::onnx::narrow::Narrow;
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

/// Whether tensors of this type become wider ones.
pub(in crate::onnx) fn is_widened(element: i32) -> bool {
    is_half(element) || Narrow::of(element).is_some()
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
        _ => Narrow::of(element)?.wide(),
    })
}

/// The name of an element type in the words of ONNX.
pub(in crate::onnx) fn element_name(element: i32) -> String {
    match Element::try_from(element) {
        Ok(element) => format!("{element:?}").to_uppercase(),
        Err(_) => format!("number {element}"),
    }
}

/// The number of the type that holds values of the narrow type `element`.
fn wide(element: i32) -> Option<i32> {
    let wide = match Narrow::of(element)?.wide() {
        ElementType::I8 => Element::Int8,
        ElementType::U8 => Element::Uint8,
        _ => Element::Float,
    };
    Some(wide.into())
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
            } else if let Some(element) = wide(tensor.elem_type) {
                tensor.elem_type = element;
            }
        }
    }
    graph.node.iter_mut().for_each(widen_node);
}

fn widen_node(node: &mut pb::NodeProto) {
    for attribute in &mut node.attribute {
        let is_type = TYPE_ATTRIBUTES.contains(&attribute.name.as_str());
        let Some(element) = i32::try_from(attribute.i).ok().filter(|_| is_type) else { continue };
        if is_half(element) {
            attribute.i = i32::from(Element::Float).into();
        } else if node.op_type == "Cast"
            && let Some(element) = wide(element)
        {
            attribute.i = element.into();
        }
    }
    walk::bodies_mut(node).for_each(widen_graph);
}

/// Converts the values of `tensor` to 32-bit floats if they are shorter floats, and to 8 bits if they are shorter whole numbers.
///
/// # Errors
/// `invalid-model` for values that do not have so many bits.
pub(crate) fn widen_tensor(tensor: &mut pb::TensorProto) -> Result<()> {
    if let Some((narrow, wide)) = Narrow::of(tensor.data_type).zip(wide(tensor.data_type)) {
        return widen_narrow(tensor, narrow, wide);
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

fn widen_narrow(tensor: &mut pb::TensorProto, narrow: Narrow, wide: i32) -> Result<()> {
    let raw = std::mem::take(&mut tensor.raw_data);
    let listed = std::mem::take(&mut tensor.int32_data);
    let packed = if raw.is_empty() {
        listed.into_iter().map(|bytes| u8::try_from(bytes).ok()).collect::<Option<Vec<u8>>>()
    } else {
        Some(raw)
    };
    let count = tensor
        .dims
        .iter()
        .try_fold(1_usize, |count, length| count.checked_mul(usize::try_from(*length).ok()?));
    let in_byte = 8 / narrow.bits();
    let fits = |(packed, count): &(Vec<u8>, usize)| packed.len() == count.div_ceil(in_byte as usize);
    let (packed, count) = packed.zip(count).filter(fits).ok_or_else(|| {
        let message =
            format!("tensor `{}` has values that are not {}-bit numbers", tensor.name, narrow.bits());
        Error::new(Code::InvalidModel, message)
    })?;
    // The low bits of a byte come first; the last ones may be empty.
    let parts = (0..in_byte).map(|part| part * narrow.bits());
    let mask = u8::MAX >> (8 - narrow.bits());
    let values = packed.iter().flat_map(|byte| parts.clone().map(move |low| byte >> low & mask)).take(count);
    match narrow {
        Narrow::Whole { .. } => {
            tensor.raw_data = values.map(|bits| narrow.whole(bits).to_le_bytes()[0]).collect()
        }
        Narrow::Float(_) | Narrow::Exponent => {
            tensor.float_data = values.map(|bits| narrow.value(bits)).collect();
        }
    }
    tensor.data_type = wide;
    Ok(())
}
