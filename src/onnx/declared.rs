//! Inputs and outputs as the file declares them.

use std::collections::HashSet;
use std::fmt;

use crate::onnx::pb::tensor_proto::DataType as Element;
use crate::onnx::pb::tensor_shape_proto::dimension::Value;
use crate::onnx::pb::{self, type_proto};

use super::lower::widen;
use super::obstacles::Obstacles;
use super::wire::{Content, Fields};
use super::{fields, missing, walk};
use crate::data::Scalar;
use crate::diag::{Code, Invariant, Result, ensure};
use crate::tensor::ElementType;

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
#[derive(Debug, Clone)]
pub(crate) struct Declared {
    pub(crate) name: String,
    pub(crate) element: ElementType,
    /// The element type in the file, which `element` may be wider than.
    pub(crate) stored: Element,
    /// `None` where even the rank is left open, which inputs do not.
    pub(crate) shape: Option<Vec<Dim>>,
    /// Whether any operator reads it, and it has no initial value.
    pub(crate) required: bool,
    /// What the graph takes for a missing value of an input, where it does.
    pub(crate) missing: Option<Scalar>,
}

impl Declared {
    /// The dimensions of an input.
    ///
    /// # Errors
    /// `internal` for an output whose rank is left open.
    pub(crate) fn dims(&self) -> Result<&[Dim]> {
        self.shape.as_deref().invariant("the shape of a model input")
    }
}

/// An output that no column can hold, beside others that columns can.
#[derive(Debug, Clone)]
pub(crate) struct LeftOut {
    pub(crate) name: String,
    /// Why: `has unsupported ONNX type: …`.
    pub(crate) why: String,
}

/// What a graph takes and gives.
pub(super) struct Interface {
    pub(super) inputs: Vec<Declared>,
    /// Inputs that operators read and that have an initial value.
    pub(super) defaults: Vec<Declared>,
    pub(super) outputs: Vec<Declared>,
    pub(super) left_out: Vec<LeftOut>,
}

/// The declared inputs and outputs of `graph`, the graph of the file `bytes`. Inputs that no column can hold are added
/// to the `obstacles`, and outputs where no other one is left. The outputs `joined` were sequences of tensors and are one
/// tensor now.
///
/// # Errors
/// `internal` where the file and the graph that was decoded from it differ.
pub(super) fn declared(
    bytes: &[u8],
    graph: &pb::GraphProto,
    joined: &[String],
    obstacles: &mut Obstacles,
) -> Result<Interface> {
    // A graph may come in several pieces, which decoding merges in their order.
    let infos = |number| -> Vec<&[u8]> {
        let pieces = Fields::new(bytes).messages(fields::model::GRAPH);
        pieces.flat_map(|piece| Fields::new(piece).messages(number)).collect()
    };
    let (input_infos, output_infos) = (infos(fields::graph::INPUT), infos(fields::graph::OUTPUT));
    ensure(
        input_infos.len() == graph.input.len() && output_infos.len() == graph.output.len(),
        "every declared input and output is in the file",
    )?;
    let weights: HashSet<&str> = graph.initializer.iter().map(|tensor| tensor.name.as_str()).collect();
    let read = read(graph);
    let (mut inputs, mut defaults) = (Vec::new(), Vec::new());
    for (info, bytes) in graph.input.iter().zip(input_infos) {
        if weights.contains(info.name.as_str()) {
            let declared = tensor_type(info, kind(bytes)).ok().filter(|declared| declared.shape.is_some());
            let declared = declared.filter(|_| read.contains(info.name.as_str()));
            defaults.extend(declared.map(|declared| Declared { required: false, ..declared }));
            continue;
        }
        let mut declared = match tensor_type(info, kind(bytes)) {
            Ok(declared) => declared,
            Err(refusal) => {
                refusal.add("input", &info.name, obstacles);
                continue;
            }
        };
        declared.required = read.contains(info.name.as_str());
        declared.missing = missing::marker(graph, &info.name, declared.element);
        inputs.push(declared);
    }
    let (mut outputs, mut refused) = (Vec::new(), Vec::new());
    for (info, bytes) in graph.output.iter().zip(output_infos) {
        let is_joined = joined.contains(&info.name);
        let found = if is_joined { joined_type(info, bytes) } else { tensor_type(info, kind(bytes)) };
        match found {
            Ok(declared) => outputs.push(declared),
            Err(refusal) => refused.push((info, refusal)),
        }
    }
    if outputs.is_empty() {
        refused.iter().for_each(|(info, refusal)| refusal.add("output", &info.name, obstacles));
    }
    let left_out =
        refused.into_iter().map(|(info, refusal)| LeftOut { name: info.name.clone(), why: refusal.what });
    Ok(Interface { inputs, defaults, outputs, left_out: left_out.collect() })
}

/// Why an input or output is no column.
struct Refusal {
    what: String,
    hint: &'static str,
}

impl Refusal {
    fn add(&self, side: &str, name: &str, obstacles: &mut Obstacles) {
        obstacles.add(Code::UnsupportedModelType, format!("ONNX model {side} '{name}' {}", self.what));
        obstacles.hint(self.hint);
    }
}

/// The tensor that was made of a sequence of tensors.
fn joined_type(info: &pb::ValueInfoProto, bytes: &[u8]) -> Result<Declared, Refusal> {
    let inner = |message, number| Fields::new(message).messages(number).last();
    let tensor = inner(bytes, fields::value_info::TYPE)
        .and_then(|declared| inner(declared, fields::value_type::SEQUENCE))
        .and_then(|sequence| inner(sequence, fields::element::TYPE))
        .and_then(|declared| inner(declared, fields::value_type::TENSOR));
    let element = tensor.and_then(|tensor| {
        Fields::new(tensor).map_while(Result::ok).find_map(|field| match field {
            (fields::element::TYPE, Content::Number(element)) => i32::try_from(element).ok(),
            _ => None,
        })
    });
    // The file does not say the shape of the whole.
    let tensor = element.map(|elem_type| type_proto::Tensor { elem_type, shape: None });
    let declared = tensor.map(|tensor| pb::TypeProto { value: Some(type_proto::Value::TensorType(tensor)) });
    tensor_type(&pb::ValueInfoProto { r#type: declared, ..info.clone() }, kind(bytes))
}

/// The names of what a graph and its bodies read or give.
fn read(graph: &pb::GraphProto) -> HashSet<&str> {
    let names = walk::graphs([graph]).flat_map(|graph| {
        let outputs = graph.output.iter().map(|output| output.name.as_str());
        graph.node.iter().flat_map(|node| &node.input).map(String::as_str).chain(outputs)
    });
    names.collect()
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

fn tensor_type(info: &pb::ValueInfoProto, kind: Option<&str>) -> Result<Declared, Refusal> {
    let name = info.name.clone();
    let Some(type_proto::Value::TensorType(tensor)) =
        info.r#type.as_ref().and_then(|declared| declared.value.as_ref())
    else {
        let what =
            kind.map_or("has no declared type".into(), |kind| format!("has unsupported ONNX type: {kind}"));
        let hint = "export the model with tensors only, from scikit-learn with `options={'zipmap': False}`";
        return Err(Refusal { what, hint });
    };
    let stored = Element::try_from(tensor.elem_type).ok();
    let Some((stored, element)) = stored.zip(widen::element_type(tensor.elem_type)) else {
        let what = format!("has unsupported element type: {}", widen::element_name(tensor.elem_type));
        return Err(Refusal { what, hint: "export the model with float32, float64, int or string tensors" });
    };
    // Some exporters write -1 for a free dimension.
    let dim = |dim: &pb::tensor_shape_proto::Dimension| match &dim.value {
        Some(Value::DimValue(length)) => {
            usize::try_from(*length).map_or_else(|_| Dim::Free(String::new()), Dim::Fixed)
        }
        Some(Value::DimParam(name)) => Dim::Free(name.clone()),
        None => Dim::Free(String::new()),
    };
    let shape = tensor.shape.as_ref().map(|shape| shape.dim.iter().map(dim).collect());
    Ok(Declared { name, element, stored, shape, required: true, missing: None })
}
