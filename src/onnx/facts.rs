//! Facts about a model file other than its graph: format, operator sets, metadata.

use litemap::LiteMap;

use crate::onnx::pb;

use super::names::{self, domain};
use super::walk;

/// What kind of file a model is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Format {
    /// Any graph of operators.
    #[default]
    Onnx,
    /// A booster of XGBoost, in JSON or UBJSON.
    XgBoost,
    /// A booster of LightGBM, in its text format.
    LightGbm,
    /// A SavedModel of TensorFlow, or a frozen graph: the host converts it.
    TensorFlow,
    /// A file of TensorFlow Lite: the host converts it.
    TensorFlowLite,
}

impl Format {
    /// Those that a host converts.
    pub(crate) const CONVERTED: [Self; 2] = [Self::TensorFlow, Self::TensorFlowLite];

    /// The format as `model_type` has it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Onnx => "ONNX",
            Self::XgBoost => "XGBOOST",
            Self::LightGbm => "LIGHTGBM",
            Self::TensorFlow => "TENSORFLOW",
            Self::TensorFlowLite => "TENSORFLOW_LITE",
        }
    }
}

/// Facts about a model file other than its inputs and outputs.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ModelFacts {
    /// The kind of file.
    pub format: Format,
    /// Bytes of the file.
    pub bytes: usize,
    /// Operator set versions by domain; the default domain is `ai.onnx`.
    pub opset: LiteMap<String, i64>,
    /// `producer_name`, `producer_version`, `domain`, `model_version`, `ir_version`, `graph_name`, `doc_string` and
    /// the file's own properties; empty ones are left out.
    pub metadata: LiteMap<String, String>,
    /// How many nodes there are of each operator; those outside `ai.onnx` have their domain in front.
    pub operators: LiteMap<String, usize>,
}

impl ModelFacts {
    /// The facts of `proto`, which was decoded from a file of `bytes` bytes.
    pub(super) fn read(proto: &pb::ModelProto, bytes: usize) -> Self {
        let opset =
            proto.opset_import.iter().map(|set| (domain(&set.domain).to_owned(), set.version)).collect();
        let graph_name = proto.graph.as_ref().map_or_else(String::new, |graph| graph.name.clone());
        let number = |number: i64| if number == 0 { String::new() } else { number.to_string() };
        let own = proto.metadata_props.iter().map(|entry| (entry.key.clone(), entry.value.clone()));
        let metadata = [
            ("producer_name", proto.producer_name.clone()),
            ("producer_version", proto.producer_version.clone()),
            ("domain", proto.domain.clone()),
            ("model_version", number(proto.model_version)),
            ("ir_version", number(proto.ir_version)),
            ("graph_name", graph_name),
            ("doc_string", proto.doc_string.clone()),
        ]
        .map(|(name, value)| (name.to_owned(), value));
        let mut operators = LiteMap::new();
        for graph in walk::graphs(proto.graph.iter()) {
            for node in &graph.node {
                *operators.entry(names::full_name(&node.domain, &node.op_type)).or_default() += 1;
            }
        }
        // What a converter has made says so.
        let model_type = proto.metadata_props.iter().find(|entry| entry.key == "model_type");
        let converted = model_type
            .and_then(|entry| Format::CONVERTED.into_iter().find(|format| format.name() == entry.value));
        Self {
            format: converted.unwrap_or_default(),
            bytes,
            opset,
            metadata: own.chain(metadata).filter(|(_, value)| !value.is_empty()).collect(),
            operators,
        }
    }
}
