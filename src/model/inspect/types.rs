//! Inputs and outputs as the file declares them.

use tract_onnx::pb::tensor_proto::DataType as Element;
use tract_onnx::pb::tensor_shape_proto::dimension::Value;
use tract_onnx::pb::{self, type_proto};
use tract_onnx::prelude::DatumType;

use super::wire::Fields;
use crate::diag::{Code, Error, Result};
use crate::model::signature::Dim;

/// An input or output as the file declares it.
pub(in crate::model) struct Declared {
    pub(in crate::model) name: String,
    pub(in crate::model) element: DatumType,
    /// `None` where even the rank is left open, which inputs do not.
    pub(in crate::model) shape: Option<Vec<Dim>>,
    /// Whether any operator reads it.
    pub(in crate::model) required: bool,
}

impl Declared {
    pub(in crate::model) fn dims(&self) -> &[Dim] {
        self.shape.as_deref().unwrap_or_default()
    }
}

/// The declared inputs and outputs of the file `bytes`, which holds `proto`.
pub(super) fn declared(bytes: &[u8], proto: &pb::ModelProto) -> Result<(Vec<Declared>, Vec<Declared>)> {
    let Some(graph) = &proto.graph else {
        return Ok((Vec::new(), Vec::new()));
    };
    let raw = Fields::new(bytes).messages(7).last().unwrap_or_default();
    let kinds = |number| Fields::new(raw).messages(number).map(kind).collect::<Vec<_>>();
    let weights: Vec<&str> = graph.initializer.iter().map(|tensor| tensor.name.as_str()).collect();
    let mut inputs = Vec::new();
    for (info, kind) in graph.input.iter().zip(kinds(11)) {
        if weights.contains(&info.name.as_str()) {
            continue;
        }
        let mut declared = tensor_type("input", info, kind)?;
        if declared.shape.is_none() {
            let message = format!("ONNX model input '{}' has no declared shape", info.name);
            return Err(Error::new(Code::UnsupportedModelType, message)
                .hint("export the model with the shapes of its inputs"));
        }
        declared.required = is_read(graph, &info.name);
        inputs.push(declared);
    }
    let outputs = graph
        .output
        .iter()
        .zip(kinds(12))
        .map(|(info, kind)| tensor_type("output", info, kind))
        .collect::<Result<_>>()?;
    Ok((inputs, outputs))
}

fn is_read(graph: &pb::GraphProto, name: &str) -> bool {
    super::graph::all([graph]).any(|graph| {
        graph.node.iter().any(|node| node.input.iter().any(|input| input == name))
            || graph.output.iter().any(|output| output.name == name)
    })
}

/// The kind of value that a ValueInfoProto declares, by the words of ONNX; `None` for tensors.
fn kind(info: &[u8]) -> Option<&'static str> {
    let declared = Fields::new(info).messages(2).last()?;
    Fields::new(declared).map_while(Result::ok).find_map(|(number, _)| match number {
        4 => Some("ONNX_TYPE_SEQUENCE"),
        5 => Some("ONNX_TYPE_MAP"),
        7 => Some("ONNX_TYPE_OPAQUE"),
        8 => Some("ONNX_TYPE_SPARSETENSOR"),
        9 => Some("ONNX_TYPE_OPTIONAL"),
        _ => None,
    })
}

fn tensor_type(side: &str, info: &pb::ValueInfoProto, kind: Option<&str>) -> Result<Declared> {
    let name = info.name.clone();
    let refuse =
        |what: &str| Error::new(Code::UnsupportedModelType, format!("ONNX model {side} '{name}' {what}"));
    let Some(type_proto::Value::TensorType(tensor)) = info.r#type.as_ref().and_then(|t| t.value.as_ref())
    else {
        return Err(match kind {
            Some(kind) => refuse(&format!("has unsupported ONNX type: {kind}")).hint(
                "export the model with tensors only, from scikit-learn with `options={'zipmap': False}`",
            ),
            None => refuse("has no declared type"),
        });
    };
    let declared = Element::try_from(tensor.elem_type).unwrap_or(Element::Undefined);
    let element = DatumType::try_from(declared).map_err(|_| {
        refuse(&format!("has unsupported element type: {}", declared.as_str_name()))
            .hint("export the model with float32, float64, int or string tensors")
    })?;
    let dim = |dim: &pb::tensor_shape_proto::Dimension| match &dim.value {
        Some(Value::DimValue(length)) => {
            usize::try_from(*length).map_or_else(|_| Dim::Free(String::new()), Dim::Fixed)
        }
        Some(Value::DimParam(name)) => Dim::Free(name.clone()),
        None => Dim::Free(String::new()),
    };
    let shape = tensor.shape.as_ref().map(|shape| shape.dim.iter().map(dim).collect());
    Ok(Declared { name, element, shape, required: true })
}
