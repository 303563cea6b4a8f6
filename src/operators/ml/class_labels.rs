//! The labels of a classifier, strings or 64-bit integers: every classifier of ai.onnx.ml has them as attributes.

use crate::onnx::pb::NodeProto;
use anyhow::{Result, ensure};

use crate::tensor::{Element, ElementType, Tensor};

#[derive(Debug)]
pub(super) struct ClassLabels(Tensor);

impl ClassLabels {
    /// Reads `classlabels_strings`, or the integers from the attribute `ints`.
    pub(super) fn parse(node: &NodeProto, ints: &str) -> Result<Self> {
        let strings: Vec<String> = node.list("classlabels_strings")?;
        let labels = if strings.is_empty() {
            Tensor::vector(node.list::<i64>(ints)?)
        } else {
            Tensor::vector(strings)
        };
        ensure!(labels.len() > 0, "there are no class labels");
        Ok(Self(labels))
    }

    pub(super) fn count(&self) -> usize {
        self.0.len()
    }

    pub(super) fn element(&self) -> ElementType {
        self.0.element()
    }

    /// The labels of the predicted classes, one for every row.
    pub(super) fn of_classes(&self, classes: &[usize]) -> Result<Tensor> {
        match self.0.element() {
            ElementType::String => self.select::<String>(classes),
            _ => self.select::<i64>(classes),
        }
    }

    #[expect(clippy::indexing_slicing, reason = "all classes are checked before")]
    fn select<T: Element>(&self, classes: &[usize]) -> Result<Tensor> {
        let labels = self.0.elements::<T>()?;
        ensure!(classes.iter().all(|class| *class < labels.len()), "a predicted class has no label");
        let selected: Vec<T> = classes.iter().map(|class| labels[*class].clone()).collect();
        Ok(Tensor::vector(selected))
    }
}
