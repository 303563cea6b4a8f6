//! ZipMaps, with which scikit-learn's converters end classifiers: a sequence of maps, which no column can hold.
//!
//! The input tensor of a ZipMap has the same numbers in the order of the classes. It becomes the output, and the labels
//! of the classes are kept beside it.

use std::sync::Arc;

use crate::onnx::pb::tensor_proto::DataType as Element;
use crate::onnx::pb::{self, type_proto};

use crate::onnx::labels::{KnownLabels, Labels};
use crate::onnx::names::{self, domain};

/// Replaces the ZipMaps that make outputs of the graph, and gives the labels that the graph has.
pub(in crate::onnx) fn cut(proto: &mut pb::ModelProto) -> KnownLabels {
    let mut known = KnownLabels::default();
    let Some(graph) = &mut proto.graph else { return known };
    known.zipped.resize(graph.output.len(), None);
    let mut classifiers: Vec<Arc<Labels>> = Vec::new();
    for node in graph.node.iter_mut().filter(|node| domain(&node.domain) == names::ML) {
        let labels = labels(node);
        if node.op_type != "ZipMap" {
            classifiers.extend(labels);
            continue;
        }
        let mut outputs = graph.output.iter_mut().zip(&mut known.zipped);
        if let Some((output, zipped)) = outputs.find(|(info, _)| node.output.first() == Some(&info.name)) {
            *zipped = labels;
            node.op_type = "Identity".into();
            node.domain = String::new();
            node.attribute.clear();
            let tensor = type_proto::Tensor { elem_type: Element::Float.into(), shape: None };
            output.r#type = Some(pb::TypeProto { value: Some(type_proto::Value::TensorType(tensor)) });
        }
    }
    // With several classifiers that have different labels, the model's labels are unknown.
    known.classes = match classifiers.split_first() {
        Some((labels, others)) if others.iter().all(|other| other == labels) => Some(labels.clone()),
        _ => None,
    };
    known
}

/// The labels in the attributes of an operator of ai.onnx.ml.
fn labels(node: &pb::NodeProto) -> Option<Arc<Labels>> {
    let mut lists = node.attribute.iter().filter(|attribute| attribute.name.starts_with("classlabels_"));
    let labels = lists.find_map(|attribute| {
        if !attribute.strings.is_empty() {
            let text = |text: &Vec<u8>| String::from_utf8_lossy(text).into_owned();
            Some(Labels::Strings(attribute.strings.iter().map(text).collect()))
        } else if !attribute.ints.is_empty() {
            Some(Labels::Ints(attribute.ints.clone()))
        } else {
            None
        }
    });
    labels.map(Arc::new)
}
