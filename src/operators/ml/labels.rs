//! The labels of a classifier: strings or 64-bit integers.

use tract_onnx::pb::NodeProto;
use tract_onnx::tract_hir::internal::{Datum, DatumType, Tensor, TractResult, ensure, tensor1};

#[derive(Debug)]
pub(super) struct Labels(Tensor);

impl Labels {
    /// Reads `classlabels_strings`, or the integers from the attribute `ints`.
    pub(super) fn parse(node: &NodeProto, ints: &str) -> TractResult<Self> {
        let labels = match node.get_attr_opt_vec::<String>("classlabels_strings")? {
            Some(labels) if !labels.is_empty() => tensor1(&labels),
            _ => tensor1(&node.get_attr_opt_vec::<i64>(ints)?.unwrap_or_default()),
        };
        ensure!(labels.len() > 0, "there are no class labels");
        Ok(Self(labels))
    }

    pub(super) fn count(&self) -> usize {
        self.0.len()
    }

    pub(super) fn datum_type(&self) -> DatumType {
        self.0.datum_type()
    }

    /// The labels at `places`.
    pub(super) fn pick(&self, places: &[usize]) -> TractResult<Tensor> {
        match self.0.datum_type() {
            DatumType::String => self.typed::<String>(places),
            _ => self.typed::<i64>(places),
        }
    }

    fn typed<T: Datum + Default>(&self, places: &[usize]) -> TractResult<Tensor> {
        let view = self.0.try_as_plain_ram()?;
        let labels = view.as_slice::<T>()?;
        let picked = places.iter().map(|place| labels.get(*place).cloned().unwrap_or_default());
        Ok(tensor1(&picked.collect::<Vec<T>>()))
    }
}
