//! Inputs and outputs as the file declares them.

use std::fmt;

use tract_onnx::pb::tensor_proto::DataType as Element;
use tract_onnx::pb::tensor_shape_proto::dimension::Value;
use tract_onnx::pb::{self, type_proto};
use tract_onnx::prelude::DatumType;

use super::lower::widen;
use super::obstacles::Obstacles;
use super::wire::Fields;
use super::{fields, walk};
use crate::diag::Code;

/// One dimension of a tensor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Dim {
    /// Always this long.
    Fixed(usize),
    /// As long as the data; the name is the model file's own and may be empty.
    Free(String),
}

impl Dim {
    /// The length, where it is fixed.
    pub fn fixed(&self) -> Option<usize> {
        match self {
            Self::Fixed(length) => Some(*length),
            Self::Free(_) => None,
        }
    }
}

impl fmt::Display for Dim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fixed(length) => write!(f, "{length}"),
            Self::Free(name) if name.is_empty() => f.write_str("?"),
            Self::Free(name) => f.write_str(name),
        }
    }
}

/// An input or output as the file declares it.
pub(crate) struct Declared {
    pub(crate) name: String,
    pub(crate) element: DatumType,
    /// The element type in the file, which `element` may be wider than.
    pub(crate) stored: Element,
    /// `None` where even the rank is left open, which inputs do not.
    pub(crate) shape: Option<Vec<Dim>>,
    /// Whether any operator reads it.
    pub(crate) required: bool,
}

impl Declared {
    pub(crate) fn dims(&self) -> &[Dim] {
        self.shape.as_deref().unwrap_or_default()
    }
}

/// The declared inputs and outputs of the file `bytes`, which holds `proto`; those that no column can hold are added to
/// the `obstacles`.
pub(super) fn declared(
    bytes: &[u8],
    proto: &pb::ModelProto,
    obstacles: &mut Obstacles,
) -> (Vec<Declared>, Vec<Declared>) {
    let Some(graph) = &proto.graph else {
        return (Vec::new(), Vec::new());
    };
    let raw = Fields::new(bytes).messages(fields::model::GRAPH).last().unwrap_or_default();
    let kinds = |number| Fields::new(raw).messages(number).map(kind).collect::<Vec<_>>();
    let weights: Vec<&str> = graph.initializer.iter().map(|tensor| tensor.name.as_str()).collect();
    let mut inputs = Vec::new();
    for (info, kind) in graph.input.iter().zip(kinds(fields::graph::INPUT)) {
        if weights.contains(&info.name.as_str()) {
            continue;
        }
        let Some(mut declared) = tensor_type("input", info, kind, obstacles) else { continue };
        if declared.shape.is_none() {
            let message = format!("ONNX model input '{}' has no declared shape", info.name);
            obstacles.add(Code::UnsupportedModelType, message);
            obstacles.hint("export the model with the shapes of its inputs");
        }
        declared.required = is_read(graph, &info.name);
        inputs.push(declared);
    }
    let outputs = graph.output.iter().zip(kinds(fields::graph::OUTPUT));
    (inputs, outputs.filter_map(|(info, kind)| tensor_type("output", info, kind, obstacles)).collect())
}

fn is_read(graph: &pb::GraphProto, name: &str) -> bool {
    walk::graphs([graph]).any(|graph| {
        graph.node.iter().any(|node| node.input.iter().any(|input| input == name))
            || graph.output.iter().any(|output| output.name == name)
    })
}

/// The kind of value that a ValueInfoProto declares, by the words of ONNX; `None` for tensors.
fn kind(info: &[u8]) -> Option<&'static str> {
    let declared = Fields::new(info).messages(fields::value_info::TYPE).last()?;
    Fields::new(declared).map_while(Result::ok).find_map(|(number, _)| match number {
        fields::value_type::SEQUENCE => Some("ONNX_TYPE_SEQUENCE"),
        fields::value_type::MAP => Some("ONNX_TYPE_MAP"),
        fields::value_type::OPAQUE => Some("ONNX_TYPE_OPAQUE"),
        fields::value_type::SPARSE_TENSOR => Some("ONNX_TYPE_SPARSETENSOR"),
        fields::value_type::OPTIONAL => Some("ONNX_TYPE_OPTIONAL"),
        _ => None,
    })
}

fn tensor_type(
    side: &str,
    info: &pb::ValueInfoProto,
    kind: Option<&str>,
    obstacles: &mut Obstacles,
) -> Option<Declared> {
    let name = info.name.clone();
    let mut refuse = |what: &str, hint| {
        obstacles.add(Code::UnsupportedModelType, format!("ONNX model {side} '{name}' {what}"));
        obstacles.hint(hint);
    };
    let Some(type_proto::Value::TensorType(tensor)) = info.r#type.as_ref().and_then(|t| t.value.as_ref())
    else {
        let what =
            kind.map_or("has no declared type".into(), |it| format!("has unsupported ONNX type: {it}"));
        refuse(
            &what,
            "export the model with tensors only, from scikit-learn with `options={'zipmap': False}`",
        );
        return None;
    };
    let Some(element) = widen::datum_type(tensor.elem_type) else {
        refuse(
            &format!("has unsupported element type: {}", widen::element_name(tensor.elem_type)),
            "export the model with float32, float64, int or string tensors",
        );
        return None;
    };
    let dim = |dim: &pb::tensor_shape_proto::Dimension| match &dim.value {
        Some(Value::DimValue(length)) => {
            usize::try_from(*length).map_or_else(|_| Dim::Free(String::new()), Dim::Fixed)
        }
        Some(Value::DimParam(name)) => Dim::Free(name.clone()),
        None => Dim::Free(String::new()),
    };
    let shape = tensor.shape.as_ref().map(|shape| shape.dim.iter().map(dim).collect());
    let stored = Element::try_from(tensor.elem_type).unwrap_or(Element::Undefined);
    Some(Declared { name, element, stored, shape, required: true })
}
