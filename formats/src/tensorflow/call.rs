//! One node with what it reads, as an operator's translation sees it.

use super::dtype::DataType;
use super::proto::{Attr, NodeDef, TensorProto, TensorShapeProto};
use crate::constant::{Constant, Data};
use crate::onnx::{Dims, Tensor};
use crate::refusal::{Reason, Refusal, Result};

/// A node of TensorFlow's graph, and the tensors that it reads.
pub(crate) struct Call<'a> {
    pub(crate) node: &'a NodeDef,
    pub(crate) inputs: Vec<Tensor>,
}

impl Call<'_> {
    pub(super) fn name(&self) -> &str {
        &self.node.name
    }

    pub(super) fn input(&self, place: usize) -> Result<&Tensor> {
        self.inputs.get(place).ok_or_else(|| self.invalid(format!("has no input {place}")))
    }

    /// The constant that an input is.
    pub(super) fn constant(&self, place: usize) -> Result<&Constant> {
        let input = self.input(place)?;
        input
            .constant
            .as_ref()
            .ok_or_else(|| self.unsupported(format!("computes its input {place}, `{}`", input.name)))
    }

    /// The integers that an input is.
    pub(super) fn ints(&self, place: usize) -> Result<Vec<i64>> {
        let known =
            self.input(place)?.values().and_then(|values| values.into_iter().collect::<Option<Vec<_>>>());
        match known {
            Some(values) => Ok(values),
            None => {
                let values = self.constant(place)?.to_ints();
                values.ok_or_else(|| self.invalid(format!("expects whole numbers as its input {place}")))
            }
        }
    }

    pub(super) fn int(&self, place: usize) -> Result<i64> {
        match self.ints(place)?.as_slice() {
            [one] => Ok(*one),
            several => {
                Err(self.invalid(format!("expects one number as its input {place}, found {}", several.len())))
            }
        }
    }

    /// An axis of a tensor of `rank` axes, counted from the front.
    pub(super) fn axis(&self, axis: i64, rank: usize) -> Result<usize> {
        let counted = if axis < 0 { axis.checked_add_unsigned(rank as u64) } else { Some(axis) };
        let axis_found = counted.and_then(|axis| usize::try_from(axis).ok()).filter(|axis| *axis < rank);
        axis_found.ok_or_else(|| self.invalid(format!("has the axis {axis} of a tensor of {rank}")))
    }

    /// The rank of an input.
    pub(super) fn rank(&self, place: usize) -> Result<usize> {
        self.input(place)?
            .rank()
            .ok_or_else(|| self.unsupported(format!("reads a tensor of unknown shape, its input {place}")))
    }

    fn attr(&self, name: &str) -> Option<&Attr> {
        self.node.attr.get(name)?.value.as_ref()
    }

    pub(super) fn flag(&self, name: &str) -> bool {
        matches!(self.attr(name), Some(Attr::Bool(true)))
    }

    pub(super) fn int_of(&self, name: &str) -> Option<i64> {
        match self.attr(name) {
            Some(Attr::Int(int)) => Some(*int),
            _ => None,
        }
    }

    pub(super) fn float_of(&self, name: &str) -> Option<f32> {
        match self.attr(name) {
            Some(Attr::Float(float)) => Some(*float),
            _ => None,
        }
    }

    /// The integers of an attribute; none where it is missing.
    pub(super) fn ints_of(&self, name: &str) -> &[i64] {
        match self.attr(name) {
            Some(Attr::List(list)) => &list.ints,
            _ => &[],
        }
    }

    /// The numbers of an attribute; none where it is missing.
    pub(super) fn floats_of(&self, name: &str) -> &[f32] {
        match self.attr(name) {
            Some(Attr::List(list)) => &list.floats,
            _ => &[],
        }
    }

    /// The text of an attribute; empty where it is missing.
    pub(super) fn text_of(&self, name: &str) -> Result<&str> {
        match self.attr(name) {
            Some(Attr::Text(text)) => {
                std::str::from_utf8(text).map_err(|_| self.invalid(format!("has `{name}` that is not UTF-8")))
            }
            _ => Ok(""),
        }
    }

    /// The type that an attribute says.
    pub(super) fn type_of(&self, name: &str) -> Result<DataType> {
        match self.attr(name) {
            Some(Attr::Type(number)) => DataType::of(*number, || format!("the node `{}`", self.node.name)),
            _ => Err(self.invalid(format!("has no `{name}`"))),
        }
    }

    /// The value of a `Const`.
    pub(super) fn value(&self) -> Result<Constant> {
        let Some(Attr::Tensor(tensor)) = self.attr("value") else { return Err(self.invalid("has no value")) };
        let constant = decode(tensor, || format!("the node `{}`", self.node.name))?;
        constant.ok_or_else(|| self.invalid("has another number of elements than its shape says"))
    }

    /// Says that the node contradicts its operator.
    pub(super) fn invalid(&self, what: impl std::fmt::Display) -> Refusal {
        let NodeDef { name, op, .. } = self.node;
        Refusal::new(Reason::InvalidModel, format!("the operator {op} at `{name}` {what}"))
    }

    /// Says what of the node has no translation.
    pub(super) fn unsupported(&self, what: impl std::fmt::Display) -> Refusal {
        let NodeDef { name, op, .. } = self.node;
        let message = format!("the operator {op} at `{name}` {what}, which is not supported");
        Refusal::new(Reason::UnsupportedOperator, message)
    }
}

/// The lengths of a shape, as far as they are known.
pub(super) fn dims(shape: Option<&TensorShapeProto>) -> Dims {
    let shape = shape.filter(|shape| !shape.unknown_rank)?;
    Some(shape.dim.iter().map(|dim| usize::try_from(dim.size).ok()).collect())
}

/// Bytes that a value may have which is written as one element, repeated.
const LARGEST_REPEATED: usize = 64 << 20;

/// The tensor in a message; `None` where its values do not fit its shape.
fn decode(tensor: &TensorProto, whose: impl FnOnce() -> String) -> Result<Option<Constant>> {
    let dtype = DataType::of(tensor.dtype, whose)?;
    let shape = tensor.shape.iter().flat_map(|shape| &shape.dim).map(|dim| usize::try_from(dim.size).ok());
    let Some(dims) = shape.collect::<Option<Vec<_>>>() else { return Ok(None) };
    let mut constant = Constant { dtype, dims, data: Data::Bytes(tensor.content.clone()), scales: None };
    if dtype == DataType::String {
        constant.data = Data::Texts(tensor.strings.clone());
    } else if tensor.content.is_empty() {
        let Some(count) = constant.len() else { return Ok(None) };
        let Some(bytes) = repeated(listed(tensor, dtype), count, dtype.bytes()) else { return Ok(None) };
        constant.data = Data::Bytes(bytes.into());
    }
    Ok(constant.is_whole().then_some(constant))
}

/// The elements that a message lists one by one.
fn listed(tensor: &TensorProto, dtype: DataType) -> Vec<u8> {
    let ints = || tensor.ints.iter();
    match dtype {
        DataType::Float => tensor.floats.iter().flat_map(|value| value.to_le_bytes()).collect(),
        DataType::Double => tensor.doubles.iter().flat_map(|value| value.to_le_bytes()).collect(),
        DataType::Int64 | DataType::Uint64 => {
            tensor.longs.iter().flat_map(|value| value.to_le_bytes()).collect()
        }
        DataType::Int32 | DataType::Uint32 => ints().flat_map(|value| value.to_le_bytes()).collect(),
        // Of the bytes of an int32 the first ones are those of a smaller integer.
        DataType::Int16 | DataType::Uint16 => {
            ints().flat_map(|value| value.to_le_bytes().into_iter().take(2)).collect()
        }
        DataType::Int8 | DataType::Uint8 => {
            ints().flat_map(|value| value.to_le_bytes().into_iter().take(1)).collect()
        }
        DataType::Half | DataType::Bfloat16 => {
            tensor.halves.iter().flat_map(|value| value.to_le_bytes().into_iter().take(2)).collect()
        }
        DataType::Bool => tensor.bools.iter().map(|value| u8::from(*value)).collect(),
        DataType::String => Vec::new(),
    }
}

/// `count` elements: those that are listed, the last of which is repeated; all zero where none is.
fn repeated(mut listed: Vec<u8>, count: usize, element: usize) -> Option<Vec<u8>> {
    let wanted = count.checked_mul(element)?;
    if listed.len() == wanted {
        return Some(listed);
    }
    if listed.len() > wanted || wanted > LARGEST_REPEATED {
        return None;
    }
    let start = listed.len().saturating_sub(element);
    let last =
        listed.get(start..).filter(|last| !last.is_empty()).map_or_else(|| vec![0; element], <[u8]>::to_vec);
    while listed.len() < wanted {
        listed.extend_from_slice(&last);
    }
    Some(listed)
}
