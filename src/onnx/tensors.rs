//! The values of tensors in a file's messages.

use anyhow::{Context, Result, bail, ensure};
use bytemuck::Pod;

use super::lower::widen;
pub(crate) use super::lower::widen::element_type;
use crate::onnx::pb::TensorProto;
use crate::onnx::pb::tensor_proto::DataType;
use crate::tensor::{Element, ElementType, Tensor};

// The bytes of a file are those of memory.
const _: () = assert!(cfg!(target_endian = "little"));

/// The tensor that the message holds, 16-bit floats widened before.
///
/// # Errors
/// Where it holds more or fewer values than its dimensions say, or values of no type that is read.
pub(crate) fn load(mut proto: TensorProto) -> Result<Tensor> {
    let raw = std::mem::take(&mut proto.raw_data);
    load_apart(proto, &raw)
}

/// As [`load`] for a message whose `raw_data` lies apart, and is not copied twice.
///
/// # Errors
/// Those of [`load`].
pub(super) fn load_apart(mut proto: TensorProto, raw: &[u8]) -> Result<Tensor> {
    let element = widen::element_type(proto.data_type).context("there are no tensors of this type")?;
    let shape = proto.dims.iter().map(|length| usize::try_from(*length)).collect::<Result<Vec<_>, _>>()?;
    let (ints, longs) = (std::mem::take(&mut proto.int32_data), std::mem::take(&mut proto.uint64_data));
    match element {
        ElementType::Bool if raw.is_empty() => Tensor::new(shape, narrow(ints, |int| Some(int != 0))?),
        ElementType::Bool => Tensor::new(shape, raw.iter().map(|byte| *byte != 0).collect()),
        ElementType::I8 => numbers::<i8>(shape, raw, || narrow(ints, |int| int.try_into().ok())),
        ElementType::I16 => numbers::<i16>(shape, raw, || narrow(ints, |int| int.try_into().ok())),
        ElementType::I32 => numbers::<i32>(shape, raw, || Ok(ints)),
        ElementType::I64 => numbers::<i64>(shape, raw, || Ok(proto.int64_data)),
        ElementType::U8 => numbers::<u8>(shape, raw, || narrow(ints, |int| int.try_into().ok())),
        ElementType::U16 => numbers::<u16>(shape, raw, || narrow(ints, |int| int.try_into().ok())),
        ElementType::U32 => numbers::<u32>(shape, raw, || narrow(longs, |int| int.try_into().ok())),
        ElementType::U64 => numbers::<u64>(shape, raw, || Ok(longs)),
        ElementType::F32 => numbers::<f32>(shape, raw, || Ok(proto.float_data)),
        ElementType::F64 => numbers::<f64>(shape, raw, || Ok(proto.double_data)),
        ElementType::String => {
            ensure!(raw.is_empty(), "texts are not raw bytes");
            let texts = proto.string_data.into_iter().map(String::from_utf8);
            Tensor::new(shape, texts.collect::<Result<Vec<_>, _>>()?)
        }
    }
}

/// A tensor of the numbers in `raw`, or else of those that are `listed`.
fn numbers<T: Element + Pod>(
    shape: Vec<usize>,
    raw: &[u8],
    listed: impl FnOnce() -> Result<Vec<T>>,
) -> Result<Tensor> {
    if raw.is_empty() {
        return Tensor::new(shape, listed()?);
    }
    ensure!(raw.len().is_multiple_of(size_of::<T>()), "{} bytes are no elements of {:?}", raw.len(), T::TYPE);
    // One copy, whatever a browser has compiled of this by now: a loop over the elements takes as long as all else.
    Tensor::new(shape, bytemuck::pod_collect_to_vec::<u8, T>(raw))
}

fn narrow<W: Copy, T>(wide: Vec<W>, convert: impl Fn(W) -> Option<T>) -> Result<Vec<T>> {
    match wide.into_iter().map(convert).collect() {
        Some(values) => Ok(values),
        None => bail!("a value is out of the range of its type"),
    }
}

/// The values of a tensor of INT64, INT32 or BOOL that the message holds, as many as its dimensions say.
pub(crate) fn integers(tensor: &TensorProto) -> Option<Vec<i64>> {
    fn chunks<const WIDTH: usize>(raw: &[u8]) -> Option<&[[u8; WIDTH]]> {
        let (chunks, rest) = raw.as_chunks();
        rest.is_empty().then_some(chunks)
    }
    let raw = tensor.raw_data.as_slice();
    let values: Vec<i64> = match DataType::try_from(tensor.data_type) {
        Ok(DataType::Int64) if raw.is_empty() => tensor.int64_data.clone(),
        Ok(DataType::Int32 | DataType::Bool) if raw.is_empty() => {
            tensor.int32_data.iter().copied().map(i64::from).collect()
        }
        Ok(DataType::Bool) => raw.iter().copied().map(i64::from).collect(),
        Ok(DataType::Int64) => chunks(raw)?.iter().copied().map(i64::from_le_bytes).collect(),
        Ok(DataType::Int32) => chunks(raw)?.iter().copied().map(i32::from_le_bytes).map(i64::from).collect(),
        _ => return None,
    };
    let count = tensor
        .dims
        .iter()
        .try_fold(1_usize, |count, length| count.checked_mul(usize::try_from(*length).ok()?));
    (count == Some(values.len())).then_some(values)
}

/// The values of a tensor of FLOAT, where the message holds them.
pub(super) fn floats(tensor: &TensorProto) -> Option<Vec<f32>> {
    let raw = tensor.raw_data.as_chunks().0;
    match DataType::try_from(tensor.data_type) {
        Ok(DataType::Float) if raw.is_empty() => Some(tensor.float_data.clone()),
        Ok(DataType::Float) => Some(raw.iter().copied().map(f32::from_le_bytes).collect()),
        _ => None,
    }
}
