//! The door for native programs that have tensors rather than rows: ONNX's own messages in, the same out.
//!
//! It loads and runs a graph as [`Model`](super::Model) does, and knows nothing of columns or of which dimension
//! counts rows. The conformance suites go through it, whose tensors rarely are rows.

use std::collections::BTreeMap;

use prost::Message;
use tract_onnx::pb::TensorProto;
use tract_onnx::pb::tensor_proto::DataType as Element;
use tract_onnx::prelude::{DatumType, IntoTValue, TVec, Tensor, TractResult};
use tract_onnx::tensor::load_tensor;
use tract_onnx::tract_hir::internal::bail;

use super::load;
use super::plans::Plans;
use super::shapes::InputShapes;
use crate::diag::{Code, Error, Result, ensure};
use crate::limits::Limits;
use crate::onnx::{self, failure};
use crate::operators;

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
    plans: Plans,
    shapes: InputShapes,
    inputs: TVec<Tensor>,
    outputs: Vec<(DatumType, Element)>,
}

impl TensorModel {
    /// Loads the ONNX file `bytes` for `inputs`: one encoded `TensorProto` for each input of the graph, in its order.
    /// The weights must be in the file itself.
    ///
    /// # Errors
    /// Those of [`Model::load`](super::Model::load), and `input-type-mismatch`.
    pub fn load(bytes: &[u8], inputs: &[Vec<u8>], limits: &Limits) -> Result<Self> {
        let reader = operators::onnx();
        let found = onnx::read(bytes, &BTreeMap::new(), limits, &reader)?;
        let inputs = inputs.iter().map(|input| decode(input)).collect::<Result<TVec<_>>>()?;
        let fits = |(declared, tensor): (&onnx::Declared, &Tensor)| declared.element == tensor.datum_type();
        if inputs.len() != found.inputs.len() || !found.inputs.iter().zip(&inputs).all(fits) {
            let types: Vec<_> =
                found.inputs.iter().map(|input| format!("`{}` {:?}", input.name, input.element)).collect();
            let message = format!("expected {} input tensors: {}", types.len(), types.join(", "));
            return Err(Error::new(Code::InputTypeMismatch, message));
        }
        let shapes: InputShapes = inputs.iter().map(|tensor| tensor.shape().to_vec()).collect();
        let graph = load::graph(reader, &found.proto, &found.weights, &vec![Some(0); inputs.len()], &shapes)?;
        let outputs = found.outputs.iter().map(|declared| (declared.element, declared.stored)).collect();
        Ok(Self {
            plans: Plans::new(graph, onnx::weight_bytes(&found.weights), limits),
            shapes,
            inputs,
            outputs,
        })
    }

    /// The outputs for the tensors that it was loaded for, each an encoded `TensorProto`.
    ///
    /// # Errors
    /// `invalid-model` where the graph cannot be made concrete, `model-failed` where it does not run.
    pub fn run(&self) -> Result<Vec<Vec<u8>>> {
        let inputs = self.inputs.iter().cloned().map(IntoTValue::into_tvalue).collect();
        let outputs = self.plans.run(self.shapes.clone(), inputs)?;
        ensure(outputs.len() == self.outputs.len(), "the model gives a tensor for each of its outputs")?;
        let encoded = outputs.iter().zip(&self.outputs).map(|(tensor, declared)| encode(tensor, *declared));
        encoded.collect::<TractResult<_>>().map_err(failure::run)
    }
}

fn decode(bytes: &[u8]) -> Result<Tensor> {
    let invalid = |detail: String| Error::new(Code::InputTypeMismatch, "expected a tensor").detail(detail);
    let mut proto = TensorProto::decode(bytes).map_err(|error| invalid(error.to_string()))?;
    onnx::widen_tensor(&mut proto)?;
    load_tensor(&*operators::onnx().provider, &proto, None).map_err(|error| invalid(format!("{error:#}")))
}

fn encode(tensor: &Tensor, (declared, stored): (DatumType, Element)) -> TractResult<Vec<u8>> {
    // What a graph computes of shapes comes as symbolic dimensions; what the file has in 16 bits was computed in 32.
    let tensor = match (tensor.datum_type(), stored) {
        (DatumType::TDim, _) => tensor.cast_to_dt(declared)?,
        (DatumType::F32, Element::Float16) => tensor.cast_to_dt(DatumType::F16)?,
        _ => std::borrow::Cow::Borrowed(tensor),
    };
    let element = match tensor.datum_type().unquantized() {
        DatumType::Bool => Element::Bool,
        DatumType::U8 => Element::Uint8,
        DatumType::U16 => Element::Uint16,
        DatumType::U32 => Element::Uint32,
        DatumType::U64 => Element::Uint64,
        DatumType::I8 => Element::Int8,
        DatumType::I16 => Element::Int16,
        DatumType::I32 => Element::Int32,
        DatumType::I64 => Element::Int64,
        DatumType::F16 => Element::Float16,
        DatumType::F32 => Element::Float,
        DatumType::F64 => Element::Double,
        DatumType::String => Element::String,
        other => bail!("ONNX has no tensors of {other:?}"),
    };
    let view = tensor.try_as_plain_ram()?;
    let mut proto = TensorProto {
        dims: tensor.shape().iter().map(|length| i64::try_from(*length)).collect::<Result<_, _>>()?,
        data_type: element.into(),
        ..TensorProto::default()
    };
    match element {
        Element::Float if stored == Element::Bfloat16 => {
            // Rounded to the nearest, ties to the even one.
            let round = |float: &f32| {
                let bits = float.to_bits();
                let up = if float.is_nan() { 0 } else { 0x7fff + (bits >> 16 & 1) };
                (bits.wrapping_add(up) >> 16).to_le_bytes()
            };
            proto.data_type = stored.into();
            let halves = view.as_slice::<f32>()?.iter().map(round);
            proto.raw_data = halves.flat_map(|[low, high, ..]| [low, high]).collect();
        }
        Element::String => {
            proto.string_data =
                view.as_slice::<String>()?.iter().map(|text| text.clone().into_bytes()).collect();
        }
        _ => proto.raw_data = view.as_bytes().to_vec(),
    }
    Ok(proto.encode_to_vec())
}
