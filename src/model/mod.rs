//! Models: the bytes of an ONNX file in, a signature in SQL types out; rows in, rows out.
//!
//! The only room that names tract. It knows tensors and columns and how one becomes the other, and nothing of SQL
//! text, of tables or of where bytes come from.

mod convert;
mod expand;
mod failure;
mod inspect;
mod kernels;
mod load;
mod operators;
mod plans;
mod signature;
mod tensors;

pub use inspect::ModelFacts;
#[cfg(target_family = "wasm")]
pub(crate) use kernels::register as register_kernels;
pub use signature::{Dim, Port, Signature};
pub use tensors::TensorModel;

use std::fmt;

use arrow_array::ArrayRef;
use tract_onnx::prelude::{IntoTValue, TVec};

use crate::diag::{Code, Error, Result};
use crate::limits::Limits;
use convert::{Input, Output};
use plans::{Plans, Shapes};
use signature::Batch;

/// A loaded model, ready to predict. Share it behind an `Arc`.
pub struct Model {
    signature: Signature,
    facts: ModelFacts,
    plans: Plans,
    batch: Batch,
    chunk_rows: usize,
}

impl Model {
    /// Loads the ONNX file `bytes`.
    ///
    /// # Errors
    /// `not-onnx`, `truncated-model`, `external-data-missing`, `unsupported-operator`, `unsupported-model-type`,
    /// `invalid-model`, `limit-exceeded`.
    pub fn load(bytes: &[u8], limits: &Limits) -> Result<Self> {
        let onnx = operators::onnx();
        let found = inspect::inspect(bytes, limits, &onnx.op_register)?;
        let batch = Batch::of(&found.inputs)?;
        let inputs: Vec<Port> = found.inputs.into_iter().map(|input| Port::input(input, batch)).collect();
        let sample = signature::sample(&inputs, batch);
        let graph = load::graph(onnx, &found.proto, &sample)?;
        let inferred = graph.outputs(&sample).map_err(failure::load)?;
        let outputs = found.outputs.into_iter().zip(inferred);
        let outputs = outputs.map(|(declared, inferred)| Port::output(declared, inferred, batch)).collect();
        let chunk_rows = batch.best_rows(&inputs, limits);
        let plans = Plans::new(graph, limits.model_plans);
        Ok(Self { signature: Signature { inputs, outputs }, facts: found.facts, plans, batch, chunk_rows })
    }

    /// What the model takes and gives.
    pub fn signature(&self) -> &Signature {
        &self.signature
    }

    /// What else the file says.
    pub fn facts(&self) -> &ModelFacts {
        &self.facts
    }

    /// Rows that one run takes best: split there, for progress and cancelling.
    pub fn chunk_rows(&self) -> usize {
        self.chunk_rows
    }

    /// Predicts `rows` rows.
    ///
    /// `inputs` holds a column for each input of the signature, in its order and in the layout of its type, or
    /// `None` for inputs that are not required. Returns a column for each output in the same way. `first_row` is
    /// the number of rows that the query has had before these: errors name rows by it.
    ///
    /// # Errors
    /// `null-input`, `input-type-mismatch`, `out-of-range`, `missing-input`, `model-failed`, `limit-exceeded`.
    pub fn predict(
        &self,
        inputs: &[Option<ArrayRef>],
        rows: usize,
        first_row: usize,
    ) -> Result<Vec<ArrayRef>> {
        if inputs.len() != self.signature.inputs.len() {
            return Err(Error::new(Code::Internal, "expected a column for each input of the model"));
        }
        let inputs = self
            .signature
            .inputs
            .iter()
            .zip(inputs)
            .map(|(port, column)| Input::new(port, column.as_ref(), first_row))
            .collect::<Result<Vec<_>>>()?;
        let mut outputs: Vec<_> = self.signature.outputs.iter().map(|port| Output::new(port, rows)).collect();
        let mut start = 0;
        while start < rows {
            let row_shapes = row_shapes(&inputs, start)?;
            let mut end = start + 1;
            while end < rows && end - start < self.chunk_rows && row_shapes == self::row_shapes(&inputs, end)?
            {
                end += 1;
            }
            let batch = self.batch.rows(end - start);
            let shapes: Shapes = (self.signature.inputs.iter().zip(&row_shapes))
                .map(|(port, row)| port.tensor_shape(batch, row))
                .collect();
            let tensors = inputs
                .iter()
                .zip(&shapes)
                .map(|(input, shape)| Ok(input.tensor(start..end, shape)?.into_tvalue()))
                .collect::<Result<TVec<_>>>()?;
            for (output, tensor) in outputs.iter_mut().zip(self.plans.run(shapes, tensors)?) {
                output.append(&tensor, end - start, batch)?;
            }
            start = end;
        }
        outputs.into_iter().map(Output::finish).collect()
    }
}

impl fmt::Debug for Model {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Model").field("signature", &self.signature).finish_non_exhaustive()
    }
}

fn row_shapes(inputs: &[Input<'_>], row: usize) -> Result<Vec<TVec<usize>>> {
    inputs.iter().map(|input| input.row_shape(row)).collect()
}
