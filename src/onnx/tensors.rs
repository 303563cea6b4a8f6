//! The values of tensors in a file's messages.

use tract_onnx::pb::TensorProto;
use tract_onnx::pb::tensor_proto::DataType;

/// The values of a tensor of INT64 or INT32 that the message holds, as many as its dimensions say.
pub(super) fn integers(tensor: &TensorProto) -> Option<Vec<i64>> {
    fn chunks<const WIDTH: usize>(raw: &[u8]) -> Option<&[[u8; WIDTH]]> {
        let (chunks, rest) = raw.as_chunks();
        rest.is_empty().then_some(chunks)
    }
    let raw = tensor.raw_data.as_slice();
    let values: Vec<i64> = match DataType::try_from(tensor.data_type) {
        Ok(DataType::Int64) if raw.is_empty() => tensor.int64_data.clone(),
        Ok(DataType::Int32) if raw.is_empty() => tensor.int32_data.iter().copied().map(i64::from).collect(),
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
