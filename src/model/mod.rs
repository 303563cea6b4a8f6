//! Models: the bytes of an ONNX file in, a signature in SQL types out; rows in, rows out.
//!
//! The only room that names tract. It knows tensors and columns and how one becomes the other, and nothing of SQL
//! text, of tables or of where bytes come from.

mod convert;
mod failure;
mod inspect;
mod kernels;
mod load;
mod operators;
mod plans;
mod signature;

pub use inspect::ModelFacts;
#[cfg(target_family = "wasm")]
pub(crate) use kernels::register as register_kernels;
pub use signature::{Dim, Port, Signature};

use std::fmt;

use arrow_array::ArrayRef;
use tract_onnx::prelude::{IntoTValue, TVec};

use crate::data::DataType;
use crate::diag::{Code, Error, Result};
use crate::limits::Limits;
use convert::{Input, Output};
use plans::{Plans, Shapes};

/// A loaded model, ready to predict. Share it behind an `Arc`.
pub struct Model {
    signature: Signature,
    facts: ModelFacts,
    plans: Plans,
    batch: Batch,
    chunk_rows: usize,
}

/// How many rows one run takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Batch {
    /// Any number.
    Free,
    /// Exactly so many; the last run of a chunk is filled up with zeros.
    Fixed(usize),
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
        let batch = batch(&found.inputs)?;
        let sample = sample(&found.inputs, batch);
        let graph = load::graph(onnx, &found.proto, &sample)?;
        let inferred = graph.outputs(&sample).map_err(failure::load)?;
        let outputs = found
            .outputs
            .into_iter()
            .zip(inferred)
            .map(|(declared, inferred)| {
                let shape = match declared.shape {
                    Some(shape) if shape.len() == inferred.len() => merged(shape, inferred, batch),
                    _ => inferred,
                };
                Port::new(declared.name, declared.element, shape)
            })
            .collect();
        let chunk_rows = chunk_rows(&found.inputs, batch, limits);
        let plans = Plans::new(graph, limits.model_plans);
        Ok(Self {
            signature: Signature { inputs: found.inputs, outputs },
            facts: found.facts,
            plans,
            batch,
            chunk_rows,
        })
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
        let most = match self.batch {
            Batch::Free => self.chunk_rows,
            Batch::Fixed(rows) => rows,
        };
        let mut start = 0;
        while start < rows {
            let row_shapes = row_shapes(&inputs, start)?;
            let mut end = start + 1;
            while end < rows && end - start < most && row_shapes == self::row_shapes(&inputs, end)? {
                end += 1;
            }
            let batch = match self.batch {
                Batch::Free => end - start,
                Batch::Fixed(rows) => rows,
            };
            let shapes: Shapes = (self.signature.inputs.iter().zip(&row_shapes))
                .map(|(port, row)| {
                    (0..port.shape.len().min(1)).map(|_| batch).chain(row.iter().copied()).collect()
                })
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

/// The first dimension of every input counts rows; those that fix it must agree.
fn batch(inputs: &[Port]) -> Result<Batch> {
    let mut batch = Batch::Free;
    for port in inputs {
        let fixed = match port.shape.first() {
            Some(Dim::Free(_)) => continue,
            Some(Dim::Fixed(rows)) => *rows,
            None => 1,
        };
        batch = match batch {
            Batch::Fixed(other) if other != fixed => {
                return Err(Error::new(
                    Code::UnsupportedModelType,
                    format!("the inputs of the model want {other} and {fixed} rows at once"),
                )
                .hint("export the model with a free batch dimension"));
            }
            _ if fixed == 0 => {
                return Err(Error::new(
                    Code::UnsupportedModelType,
                    format!("model input `{}` holds nothing: its first dimension is 0", port.name),
                ));
            }
            _ => Batch::Fixed(fixed),
        };
    }
    Ok(batch)
}

/// Input shapes that most networks accept, where a graph loads with known shapes only.
fn sample(inputs: &[Port], batch: Batch) -> Shapes {
    let rows = match batch {
        Batch::Free => 1,
        Batch::Fixed(rows) => rows,
    };
    let free = |port: &Port| if port.data_type == DataType::Tensor { 224 } else { 8 };
    let length = |port: &Port, axis: usize, dim: &Dim| match axis {
        0 => rows,
        _ => dim.fixed().unwrap_or_else(|| free(port)),
    };
    inputs
        .iter()
        .map(|port| port.shape.iter().enumerate().map(|(axis, dim)| length(port, axis, dim)).collect())
        .collect()
}

/// What inference found, under the names that the file gives to free dimensions. Files are wrong about their outputs
/// often enough (a label of shape `[1]` for any number of rows) that inference goes first.
fn merged(declared: Vec<Dim>, inferred: Vec<Dim>, batch: Batch) -> Vec<Dim> {
    declared
        .into_iter()
        .zip(inferred)
        .enumerate()
        .map(|(axis, dims)| match dims {
            (declared @ Dim::Free(_), Dim::Free(_)) => declared,
            (declared @ Dim::Free(_), Dim::Fixed(_)) if axis == 0 && batch == Batch::Free => declared,
            (_, inferred) => inferred,
        })
        .collect()
}

/// Pictures go one by one; small rows go together as far as their tensors stay within the limit.
fn chunk_rows(inputs: &[Port], batch: Batch, limits: &Limits) -> usize {
    if let Batch::Fixed(rows) = batch {
        return rows;
    }
    if inputs.iter().any(|port| port.data_type == DataType::Tensor) {
        return 1;
    }
    let values =
        |port: &Port| port.row_shape().iter().map(|dim| dim.fixed().unwrap_or(512)).product::<usize>();
    let bytes: usize = inputs.iter().map(|port| values(port).saturating_mul(port.element.size_of())).sum();
    limits.tensor_bytes.checked_div(bytes).unwrap_or(limits.batch_rows).clamp(1, limits.batch_rows)
}
