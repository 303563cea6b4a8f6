//! The door for native programs that have tensors rather than rows: ONNX's own messages in, the same out.
//!
//! It loads and runs a graph as [`Model`](super::Model) does, and knows nothing of columns or of which dimension
//! counts rows. The conformance suites go through it, whose tensors rarely are rows.

use anyhow::Context as _;
use half::{bf16, f16};
use prost::Message;

use crate::diag::{Code, Error, Invariant, Result, ensure};
use crate::interpreter::{InputShapes, Interpreter};
use crate::limits::Limits;
use crate::onnx::narrow::Narrow;
use crate::onnx::pb::TensorProto;
use crate::onnx::pb::tensor_proto::DataType as Element;
use crate::onnx::{self, failure, tensors};
use crate::operators;
use crate::tensor::{Buffer, Tensor};

/// A graph from tensors to tensors, loaded for given inputs.
///
/// Tensors come and go as encoded messages of ONNX (`TensorProto`), of any type and shape that the file declares. Floats
/// of 16 bits are computed in 32 bits, and come out in the type that the file declares. A graph whose shapes are left
/// open is made concrete for the shapes of the inputs that it is loaded with.
///
/// Predictions on rows are [`Model`](super::Model)'s; this is for the conformance suites of ONNX, and for graphs without
/// a dimension that counts rows.
///
/// # Example
///
/// ```
/// use predictql::{Limits, model::TensorModel};
///
/// let folder = std::path::Path::new("tests/fixtures/operators/microsoft_fused_gemm");
/// let read = |file: &str| std::fs::read(folder.join(file));
/// let model = TensorModel::load(&read("model.onnx")?, &[read("input_0.pb")?], &Limits::default())?;
/// let outputs: Vec<Vec<u8>> = model.run()?;
/// assert_eq!(outputs.len(), 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct TensorModel {
    interpreter: Interpreter,
    shapes: InputShapes,
    inputs: Vec<Tensor>,
    /// The types that the file declares.
    outputs: Vec<Element>,
}

impl TensorModel {
    /// Loads the ONNX file `bytes` for `inputs`: one encoded `TensorProto` for each input of the graph, in its order.
    /// The weights must be in the file itself.
    ///
    /// # Errors
    /// Those of [`Model::load`](super::Model::load), and `input-type-mismatch`.
    pub fn load(bytes: &[u8], inputs: &[Vec<u8>], limits: &Limits) -> Result<Self> {
        let found = onnx::read(bytes, &[], limits, &operators::is_known, &[])?;
        let inputs = inputs.iter().map(|input| decode(input)).collect::<Result<Vec<_>>>()?;
        let fits = |(declared, tensor): (&onnx::Declared, &Tensor)| declared.element == tensor.element();
        if inputs.len() != found.inputs.len() || !found.inputs.iter().zip(&inputs).all(fits) {
            let types: Vec<_> =
                found.inputs.iter().map(|input| format!("`{}` {:?}", input.name, input.element)).collect();
            let message = format!("expected {} input tensors: {}", types.len(), types.join(", "));
            return Err(Error::new(Code::InputTypeMismatch, message));
        }
        let shapes: InputShapes = inputs.iter().map(|tensor| tensor.shape().to_vec()).collect();
        let graph = found.proto.graph.as_ref().invariant("the graph of a model that was read")?;
        let interpreter =
            Interpreter::load(graph, found.weights, found.opset, &found.inputs, &shapes, &mut |_| None)?;
        let outputs = found.outputs.iter().map(|declared| declared.stored).collect();
        Ok(Self { interpreter, shapes, inputs, outputs })
    }

    /// The outputs for the tensors that it was loaded for, each an encoded `TensorProto`.
    ///
    /// # Errors
    /// `invalid-model` where the graph cannot be made concrete, `model-failed` where it does not run.
    pub fn run(&self) -> Result<Vec<Vec<u8>>> {
        let outputs = self.interpreter.run(self.shapes.clone(), self.inputs.clone(), &|_| None)?;
        ensure(outputs.len() == self.outputs.len(), "the model gives a tensor for each of its outputs")?;
        let encoded = outputs.iter().zip(&self.outputs).map(|(tensor, declared)| encode(tensor, *declared));
        encoded.collect::<anyhow::Result<_>>().map_err(failure::run)
    }
}

fn decode(bytes: &[u8]) -> Result<Tensor> {
    let invalid = |detail: String| Error::new(Code::InputTypeMismatch, "expected a tensor").detail(detail);
    let mut proto = TensorProto::decode(bytes).map_err(|error| invalid(error.to_string()))?;
    onnx::widen_tensor(&mut proto)?;
    tensors::load(proto).map_err(|error| invalid(format!("{error:#}")))
}

/// The message of `tensor`, which the file declares with elements of the type `stored`.
fn encode(tensor: &Tensor, stored: Element) -> anyhow::Result<Vec<u8>> {
    let dims = tensor.shape().iter().map(|length| i64::try_from(*length)).collect::<Result<_, _>>()?;
    let mut proto = TensorProto { dims, ..TensorProto::default() };
    let raw = &mut proto.raw_data;
    if let Some(narrow) = Narrow::of(stored.into()) {
        *raw = packed(tensor, narrow)?;
        proto.data_type = stored.into();
        return Ok(proto.encode_to_vec());
    }
    let element = match tensor.buffer() {
        Buffer::Bool(values) => {
            raw.extend(values.iter().map(|value| u8::from(*value)));
            Element::Bool
        }
        Buffer::U8(values) => write(raw, values, |value| value.to_le_bytes(), Element::Uint8),
        Buffer::U16(values) => write(raw, values, |value| value.to_le_bytes(), Element::Uint16),
        Buffer::U32(values) => write(raw, values, |value| value.to_le_bytes(), Element::Uint32),
        Buffer::U64(values) => write(raw, values, |value| value.to_le_bytes(), Element::Uint64),
        Buffer::I8(values) => write(raw, values, |value| value.to_le_bytes(), Element::Int8),
        Buffer::I16(values) => write(raw, values, |value| value.to_le_bytes(), Element::Int16),
        Buffer::I32(values) => write(raw, values, |value| value.to_le_bytes(), Element::Int32),
        Buffer::I64(values) => write(raw, values, |value| value.to_le_bytes(), Element::Int64),
        // What the file has in 16 bits was computed in 32.
        Buffer::F32(values) if stored == Element::Float16 => {
            write(raw, values, |value| f16::from_f32(value).to_le_bytes(), stored)
        }
        Buffer::F32(values) if stored == Element::Bfloat16 => {
            write(raw, values, |value| bf16::from_f32(value).to_le_bytes(), stored)
        }
        Buffer::F32(values) => write(raw, values, |value| value.to_le_bytes(), Element::Float),
        Buffer::F64(values) => write(raw, values, |value| value.to_le_bytes(), Element::Double),
        Buffer::String(texts) => {
            proto.string_data = texts.iter().map(|text| text.clone().into_bytes()).collect();
            Element::String
        }
    };
    proto.data_type = element.into();
    Ok(proto.encode_to_vec())
}

/// Values of a narrow type, the first ones in the low bits of the first byte.
fn packed(tensor: &Tensor, narrow: Narrow) -> anyhow::Result<Vec<u8>> {
    let values = tensor.to_vec::<f32>()?;
    let bits = values.iter().map(|value| narrow.bits_of(*value)).collect::<Option<Vec<_>>>();
    let bits = bits.with_context(|| format!("a value is none of {narrow:?}"))?;
    let in_byte = 8 / narrow.bits();
    let join =
        |values: &[u8]| values.iter().rev().fold(0, |byte, value| (byte << (narrow.bits() % 8)) | value);
    Ok(bits.chunks(in_byte as usize).map(join).collect())
}

/// Appends `values` to `raw`, and gives back their type.
fn write<T: Copy, const WIDTH: usize>(
    raw: &mut Vec<u8>,
    values: &[T],
    bytes: impl Fn(T) -> [u8; WIDTH],
    element: Element,
) -> Element {
    raw.extend(values.iter().flat_map(|value| bytes(*value)));
    element
}
