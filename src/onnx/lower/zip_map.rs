//! ZipMaps, with which scikit-learn's converters end classifiers: a sequence of maps, which no column can hold.
//!
//! The input tensor of a ZipMap has the same numbers in the order of the classes. It becomes the output, and the labels
//! of the classes are kept beside it.

use std::sync::Arc;

use crate::onnx::pb::tensor_proto::DataType as Element;
use crate::onnx::pb::{self, type_proto};

use crate::onnx::classes::{self, Choice};
use crate::onnx::labels::{KnownLabels, Labels};
use crate::onnx::names::{self, domain};

/// Replaces the ZipMaps that make outputs of the graph, and gives the labels that the graph has.
pub(in crate::onnx) fn cut(proto: &mut pb::ModelProto) -> KnownLabels {
    let mut known = KnownLabels::default();
    let Some(graph) = &mut proto.graph else { return known };
    let traced = match classes::choice(graph) {
        Some(Choice::Labels(labels)) => Some(labels),
        Some(Choice::Position) => {
            known.by_position = true;
            None
        }
        None => None,
    };
    known.zipped.resize(graph.output.len(), None);
    let mut classifiers: Vec<Arc<Labels>> = Vec::new();
    for node in graph.node.iter_mut().filter(|node| domain(&node.domain) == names::ML) {
        let labels = classes::of_classifier(node).map(Arc::new);
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
    // Without a label to follow, several classifiers that have different labels leave the model's labels unknown.
    known.classes = traced.or(match classifiers.split_first() {
        Some((labels, others)) if others.iter().all(|other| other == labels) => Some(labels.clone()),
        _ => None,
    });
    known
}
