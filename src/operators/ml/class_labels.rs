//! The labels of a classifier, strings or 64-bit integers: every classifier of ai.onnx.ml has them as attributes.

use tract_onnx::pb::NodeProto;
use tract_onnx::tract_hir::internal::{Datum, DatumType, Tensor, TractResult, ensure, tensor1};

use super::list_or_empty;

#[derive(Debug)]
pub(super) struct ClassLabels(Tensor);

impl ClassLabels {
    /// Reads `classlabels_strings`, or the integers from the attribute `ints`.
    pub(super) fn parse(node: &NodeProto, ints: &str) -> TractResult<Self> {
        let strings: Vec<String> = list_or_empty(node, "classlabels_strings")?;
        let labels =
            if strings.is_empty() { tensor1(&list_or_empty::<i64>(node, ints)?) } else { tensor1(&strings) };
        ensure!(labels.len() > 0, "there are no class labels");
        Ok(Self(labels))
    }

    pub(super) fn count(&self) -> usize {
        self.0.len()
    }

    pub(super) fn datum_type(&self) -> DatumType {
        self.0.datum_type()
    }

    /// The labels of the predicted classes, one for every row.
    pub(super) fn of_classes(&self, classes: &[usize]) -> TractResult<Tensor> {
        match self.0.datum_type() {
            DatumType::String => self.select::<String>(classes),
            _ => self.select::<i64>(classes),
        }
    }

    #[expect(clippy::indexing_slicing, reason = "all classes are checked before")]
    fn select<T: Datum>(&self, classes: &[usize]) -> TractResult<Tensor> {
        let view = self.0.try_as_plain_ram()?;
        let labels = view.as_slice::<T>()?;
        ensure!(classes.iter().all(|class| *class < labels.len()), "a predicted class has no label");
        let selected: Vec<T> = classes.iter().map(|class| labels[*class].clone()).collect();
        Ok(tensor1(&selected))
    }
}
