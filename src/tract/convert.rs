//! Tensors as tract has them, and as ours.

use std::borrow::Cow;
use std::sync::Arc;

use tract_onnx::prelude::{Datum, DatumType, Tensor as TractTensor, TractResult, tensor1};
use tract_onnx::tract_hir::internal::bail;

use crate::tensor::{Element, ElementType, Tensor, with_elements};

/// The type of tract's for elements of ours.
pub(crate) fn datum_type(element: ElementType) -> DatumType {
    match element {
        ElementType::Bool => DatumType::Bool,
        ElementType::I8 => DatumType::I8,
        ElementType::I16 => DatumType::I16,
        ElementType::I32 => DatumType::I32,
        ElementType::I64 => DatumType::I64,
        ElementType::U8 => DatumType::U8,
        ElementType::U16 => DatumType::U16,
        ElementType::U32 => DatumType::U32,
        ElementType::U64 => DatumType::U64,
        ElementType::F32 => DatumType::F32,
        ElementType::F64 => DatumType::F64,
        ElementType::String => DatumType::String,
    }
}

/// Our type for elements of tract's; symbolic dimensions are whole numbers.
///
/// # Errors
/// For types that no ONNX file has.
pub(crate) fn element_type(datum_type: DatumType) -> TractResult<ElementType> {
    Ok(match datum_type.unquantized() {
        DatumType::Bool => ElementType::Bool,
        DatumType::I8 => ElementType::I8,
        DatumType::I16 => ElementType::I16,
        DatumType::I32 => ElementType::I32,
        DatumType::I64 | DatumType::TDim => ElementType::I64,
        DatumType::U8 => ElementType::U8,
        DatumType::U16 => ElementType::U16,
        DatumType::U32 => ElementType::U32,
        DatumType::U64 => ElementType::U64,
        DatumType::F32 => ElementType::F32,
        DatumType::F64 => ElementType::F64,
        DatumType::String => ElementType::String,
        other => bail!("there are no tensors of {other:?}"),
    })
}

/// A copy of `tensor` for tract.
pub(crate) fn to_tract(tensor: &Tensor) -> TractResult<TractTensor> {
    fn copy<T: Datum>(elements: &Arc<Vec<T>>, shape: &[usize]) -> TractResult<TractTensor> {
        tensor1(elements).into_shape(shape)
    }
    with_elements!(tensor.buffer(), elements => copy(elements, tensor.shape()))
}

/// A copy of tract's `tensor`.
///
/// # Errors
/// For symbolic dimensions that stand for no number yet.
pub(crate) fn from_tract(tensor: &TractTensor) -> TractResult<Tensor> {
    fn copy<T: Datum + Element>(tensor: &TractTensor) -> TractResult<Tensor> {
        let view = tensor.try_as_plain_ram()?;
        Tensor::new(tensor.shape().to_vec(), view.as_slice::<T>()?.to_vec())
    }
    let tensor = match tensor.datum_type() {
        DatumType::TDim => tensor.cast_to::<i64>()?,
        _ => Cow::Borrowed(tensor),
    };
    match element_type(tensor.datum_type())? {
        ElementType::Bool => copy::<bool>(&tensor),
        ElementType::I8 => copy::<i8>(&tensor),
        ElementType::I16 => copy::<i16>(&tensor),
        ElementType::I32 => copy::<i32>(&tensor),
        ElementType::I64 => copy::<i64>(&tensor),
        ElementType::U8 => copy::<u8>(&tensor),
        ElementType::U16 => copy::<u16>(&tensor),
        ElementType::U32 => copy::<u32>(&tensor),
        ElementType::U64 => copy::<u64>(&tensor),
        ElementType::F32 => copy::<f32>(&tensor),
        ElementType::F64 => copy::<f64>(&tensor),
        ElementType::String => copy::<String>(&tensor),
    }
}
