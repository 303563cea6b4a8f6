//! Tensors that are known when a model is converted: weights, which stay where they are in the file, and small ones that are
//! computed with.

use prost::bytes::Bytes;

use crate::tensorflow::DataType;

/// Elements beyond which nothing is computed: the graph does it.
const LARGEST_COMPUTED: usize = 1 << 16;

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Constant {
    pub(crate) dtype: DataType,
    pub(crate) dims: Vec<usize>,
    pub(crate) data: Data,
    /// Of integers that stand for real numbers, which.
    pub(crate) scales: Option<Scales>,
}

/// What integers stand for: an element `q` for `(q - zero) * scale`, with one pair for all or one for each place of an axis.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Scales {
    pub(crate) scales: Vec<f32>,
    pub(crate) zeros: Vec<i64>,
    pub(crate) axis: usize,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Data {
    /// Elements in row-major order, little-endian.
    Bytes(Bytes),
    Texts(Vec<Vec<u8>>),
}

impl Constant {
    pub(crate) fn ints(dims: Vec<usize>, values: &[i64]) -> Self {
        Self::of(DataType::Int64, dims, values.iter().flat_map(|value| value.to_le_bytes()))
    }

    /// A vector of int64, as ONNX's operators take shapes and axes.
    pub(crate) fn vector(values: &[i64]) -> Self {
        Self::ints(vec![values.len()], values)
    }

    pub(crate) fn floats(dims: Vec<usize>, values: &[f32]) -> Self {
        Self::of(DataType::Float, dims, values.iter().flat_map(|value| value.to_le_bytes()))
    }

    pub(crate) fn float(value: f32) -> Self {
        Self::floats(Vec::new(), &[value])
    }

    pub(crate) fn bool(value: bool) -> Self {
        Self::of(DataType::Bool, Vec::new(), std::iter::once(u8::from(value)))
    }

    fn of(dtype: DataType, dims: Vec<usize>, bytes: impl Iterator<Item = u8>) -> Self {
        Self { dtype, dims, data: Data::Bytes(bytes.collect::<Vec<_>>().into()), scales: None }
    }

    /// The type of what the elements stand for.
    pub(crate) fn value_type(&self) -> DataType {
        if self.is_quantised() { DataType::Float } else { self.dtype }
    }

    /// Whether the elements are read as the real numbers that they stand for.
    pub(crate) fn is_quantised(&self) -> bool {
        self.scales.is_some() && matches!(self.dtype, DataType::Int8 | DataType::Uint8)
    }

    /// The real numbers that a vector of int32 stands for.
    #[expect(clippy::cast_precision_loss, reason = "as TensorFlow Lite computes them")]
    pub(crate) fn dequantised(&self) -> Option<Self> {
        let Scales { scales, zeros, .. } = self.scales.as_ref()?;
        let values = self.to_ints()?;
        let at = |index: usize| if scales.len() == 1 { 0 } else { index };
        let real = |(index, value): (usize, i64)| {
            Some((value - zeros.get(at(index))?) as f32 * scales.get(at(index))?)
        };
        let values: Vec<f32> = values.into_iter().enumerate().map(real).collect::<Option<_>>()?;
        Some(Self::floats(self.dims.clone(), &values))
    }

    /// Floats of 16 bits as floats of 32.
    pub(crate) fn widened(&self) -> Option<Self> {
        let bytes = self.bytes().filter(|_| self.dtype == DataType::Half)?;
        let values = bytes.as_chunks().0.iter().map(|bytes| half::f16::from_le_bytes(*bytes).to_f32());
        Some(Self::of(DataType::Float, self.dims.clone(), values.flat_map(f32::to_le_bytes)))
    }

    /// Integers as a type of integers.
    pub(crate) fn integers(dtype: DataType, dims: Vec<usize>, values: &[i64]) -> Option<Self> {
        match dtype {
            DataType::Int64 => Some(Self::ints(dims, values)),
            DataType::Int32 => {
                let values =
                    values.iter().map(|value| i32::try_from(*value)).collect::<Result<Vec<_>, _>>().ok()?;
                Some(Self::of(dtype, dims, values.into_iter().flat_map(i32::to_le_bytes)))
            }
            _ => None,
        }
    }

    /// How many elements it has; `None` beyond what an address can say.
    pub(crate) fn len(&self) -> Option<usize> {
        self.dims.iter().try_fold(1_usize, |product, dim| product.checked_mul(*dim))
    }

    /// Whether there are as many elements as the shape says.
    pub(crate) fn is_whole(&self) -> bool {
        let wanted = self.len();
        match &self.data {
            Data::Bytes(bytes) => {
                wanted.and_then(|wanted| wanted.checked_mul(self.dtype.bytes())) == Some(bytes.len())
            }
            Data::Texts(texts) => wanted == Some(texts.len()),
        }
    }

    /// Whether there is one scale for all elements, or one for each place of an axis.
    pub(crate) fn has_scales_for_all(&self) -> bool {
        let Some(Scales { scales, axis, .. }) = &self.scales else { return true };
        scales.len() == 1 || self.dims.get(*axis) == Some(&scales.len())
    }

    fn bytes(&self) -> Option<&Bytes> {
        match &self.data {
            Data::Bytes(bytes) => Some(bytes),
            Data::Texts(_) => None,
        }
    }

    /// The values of a tensor of int32 or int64 that is not large.
    pub(crate) fn to_ints(&self) -> Option<Vec<i64>> {
        let bytes = self.bytes().filter(|bytes| bytes.len() <= LARGEST_COMPUTED * 8)?;
        match self.dtype {
            DataType::Int32 => {
                Some(bytes.as_chunks().0.iter().map(|bytes| i32::from_le_bytes(*bytes).into()).collect())
            }
            DataType::Int64 => {
                Some(bytes.as_chunks().0.iter().map(|bytes| i64::from_le_bytes(*bytes)).collect())
            }
            _ => None,
        }
    }

    /// The one value of a tensor of integers.
    pub(crate) fn to_int(&self) -> Option<i64> {
        match self.to_ints()?.as_slice() {
            [one] => Some(*one),
            _ => None,
        }
    }

    /// The values of a tensor of float32 that is not large.
    pub(crate) fn to_floats(&self) -> Option<Vec<f32>> {
        let bytes = self.bytes().filter(|bytes| bytes.len() <= LARGEST_COMPUTED * 4)?;
        (self.dtype == DataType::Float)
            .then(|| bytes.as_chunks().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect())
    }

    /// The one value of a tensor of float32.
    pub(crate) fn to_float(&self) -> Option<f32> {
        match self.to_floats()?.as_slice() {
            [one] => Some(*one),
            _ => None,
        }
    }

    /// The one value of a tensor of bools.
    pub(crate) fn to_bool(&self) -> Option<bool> {
        match self.bytes()?.as_ref() {
            [one] if self.dtype == DataType::Bool => Some(*one != 0),
            _ => None,
        }
    }

    /// The texts of a tensor of them.
    pub(crate) fn to_texts(&self) -> Option<&[Vec<u8>]> {
        match &self.data {
            Data::Texts(texts) => Some(texts),
            Data::Bytes(_) => None,
        }
    }

    /// The same elements in another shape of as many.
    pub(crate) fn reshaped(&self, dims: Vec<usize>) -> Option<Self> {
        let is_by_axis = self.scales.as_ref().is_some_and(|scales| scales.scales.len() > 1);
        let reshaped = Self { dims, ..self.clone() };
        (reshaped.is_whole() && !is_by_axis).then_some(reshaped)
    }

    /// One float32 for each.
    pub(crate) fn map(&self, one: impl Fn(f32) -> f32) -> Option<Self> {
        let values: Vec<f32> = self.to_floats()?.into_iter().map(one).collect();
        Some(Self::floats(self.dims.clone(), &values))
    }

    /// One float32 or integer for each pair, where the shapes fit by broadcasting.
    pub(crate) fn zip(
        &self,
        other: &Self,
        floats: impl Fn(f32, f32) -> f32,
        ints: impl Fn(i64, i64) -> Option<i64>,
    ) -> Option<Self> {
        let dims = broadcast(&self.dims, &other.dims)?;
        let ours = places(&self.dims, &dims)?;
        let theirs = places(&other.dims, &dims)?;
        let pairs = ours.into_iter().zip(theirs);
        if let (Some(a), Some(b)) = (self.to_floats(), other.to_floats()) {
            let values = pairs.map(|(i, j)| Some(floats(*a.get(i)?, *b.get(j)?)));
            return Some(Self::floats(dims, &values.collect::<Option<Vec<_>>>()?));
        }
        if self.dtype != other.dtype {
            return None;
        }
        let (a, b) = (self.to_ints()?, other.to_ints()?);
        let values = pairs.map(|(i, j)| ints(*a.get(i)?, *b.get(j)?)).collect::<Option<Vec<_>>>()?;
        Self::integers(self.dtype, dims, &values)
    }
}

/// The shape that both become by repeating what has one element.
fn broadcast(one: &[usize], other: &[usize]) -> Option<Vec<usize>> {
    let rank = one.len().max(other.len());
    let padded = |dims: &[usize]| [vec![1; rank - dims.len()], dims.to_vec()].concat();
    let pairs = padded(one).into_iter().zip(padded(other));
    pairs
        .map(|pair| match pair {
            (a, b) if a == b => Some(a),
            (1, other) | (other, 1) => Some(other),
            _ => None,
        })
        .collect()
}

/// For each element of a tensor of the shape `wide`, the place of the one of shape `dims` that it is a repetition of.
fn places(dims: &[usize], wide: &[usize]) -> Option<Vec<usize>> {
    let count = wide.iter().try_fold(1_usize, |product, dim| product.checked_mul(*dim))?;
    if count > LARGEST_COMPUTED {
        return None;
    }
    let padded = [vec![1; wide.len() - dims.len()], dims.to_vec()].concat();
    let place = |mut index: usize| {
        let (mut place, mut stride) = (0, 1);
        for (own, wide) in padded.iter().zip(wide).rev() {
            place += if *own == 1 { 0 } else { index % wide * stride };
            stride *= own;
            index /= wide;
        }
        place
    };
    Some((0..count).map(place).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn constants_are_broadcast() {
        let rows = Constant::floats(vec![2, 1], &[10.0, 20.0]);
        let columns = Constant::floats(vec![3], &[1.0, 2.0, 3.0]);
        let sum = rows.zip(&columns, |a, b| a + b, |_, _| None).unwrap();
        assert_eq!(sum, Constant::floats(vec![2, 3], &[11.0, 12.0, 13.0, 21.0, 22.0, 23.0]));
        assert!(sum.zip(&Constant::floats(vec![2], &[1.0, 2.0]), |a, _| a, |_, _| None).is_none());
    }
}
