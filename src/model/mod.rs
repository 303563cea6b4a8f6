//! Models: the bytes of a file in, a signature in SQL types out; rows in, rows out.
//!
//! The only room that names tract. It knows tensors and columns and how one becomes the other, and nothing of SQL
//! text, of tables or of where bytes come from.

mod convert;
mod describe;
mod guard;
mod inputs;
mod labels;
mod load;
mod options;
mod outputs;
mod picture;
mod plans;
mod signature;
mod tensors;

pub use crate::onnx::{Dim, Format, ModelFacts};
pub use describe::Fact;
pub use options::{ModelOption, ModelOptions};
pub use plans::Status;
pub use signature::{Port, Signature};
pub use tensors::TensorModel;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use arrow_array::ArrayRef;
use tract_onnx::prelude::{IntoTValue, TVec};

use crate::diag::{Code, Error, Result};
use crate::limits::Limits;
use crate::onnx::{self, KnownLabels, failure};
use crate::{boosters, operators};
use convert::{Input, Output};
use inputs::Inputs;
use outputs::Outputs;
use plans::{Plans, Shapes};
use signature::{Batch, Slot};

/// A loaded model, ready to predict. Share it behind an `Arc`.
pub struct Model {
    core: Arc<Core>,
    options: ModelOptions,
    signature: Signature,
    inputs: Inputs,
    outputs: Outputs,
    load_time: Duration,
}

/// What does not depend on options: the graph and what the file says of it.
struct Core {
    facts: ModelFacts,
    plans: Plans,
    batch: Batch,
    /// Rows that one run takes best where rows are of a usual size.
    chunk_rows: usize,
    tensor_bytes: usize,
    inputs: Vec<Slot>,
    outputs: Vec<Slot>,
    labels: KnownLabels,
    defaults: ModelOptions,
}

impl Model {
    /// Loads the model file `bytes`.
    ///
    /// # Errors
    /// `not-onnx`, `truncated-model`, `external-data-missing`, `unsupported-operator`, `unsupported-model-type`,
    /// `invalid-model`, `limit-exceeded`.
    pub fn load(bytes: &[u8], limits: &Limits) -> Result<Self> {
        Self::load_with(bytes, &ModelOptions::default(), limits)
    }

    /// Loads the model file `bytes` as `options` say.
    ///
    /// # Errors
    /// Those of [`Model::load`]; `checksum-mismatch`; `invalid-option` for options that do not fit the model.
    pub fn load_with(bytes: &[u8], options: &ModelOptions, limits: &Limits) -> Result<Self> {
        Self::load_parts(bytes, &BTreeMap::new(), options, limits)
    }

    /// Loads the model file `bytes` with the files that [`Model::external_data`] names.
    ///
    /// # Errors
    /// Those of [`Model::load_with`].
    pub fn load_parts(
        bytes: &[u8],
        external: &BTreeMap<String, Vec<u8>>,
        options: &ModelOptions,
        limits: &Limits,
    ) -> Result<Self> {
        onnx::check_size(bytes.len(), limits)?;
        options.verify(bytes)?;
        let reader = operators::onnx();
        let file = boosters::translate(bytes, options.format)?;
        let mut found = onnx::read(&file.onnx, external, limits, &reader)?;
        if file.format != Format::Onnx {
            let ModelFacts { operators, .. } = found.facts;
            let (format, metadata, bytes, opset) = (file.format, file.metadata, bytes.len(), BTreeMap::new());
            found.facts = ModelFacts { format, bytes, opset, metadata, operators };
        }
        let batch = Batch::of(&found.inputs)?;
        let inputs: Vec<Slot> = found.inputs.into_iter().map(|input| Slot::input(input, batch)).collect();
        let sample = signature::sample(&inputs, batch, 1);
        let graph = load::graph(reader, &found.proto, &found.weights, &sample)?;
        let sampled = graph.sampled(&sample).map_err(failure::load)?;
        // Exporters have often seen one row only, and wrote its shape down somewhere inside.
        let two = signature::sample(&inputs, batch, 2);
        let batch = if batch == Batch::Free && !graph.takes(&two) { Batch::Fixed(1) } else { batch };
        let outputs = found.outputs.into_iter().zip(sampled.outputs);
        let outputs = outputs.map(|(declared, inferred)| Slot::output(declared, inferred, batch)).collect();
        let plans = Plans::new(graph, onnx::weight_bytes(&found.weights), limits);
        // Of texts and other rows of any length the first guess is a long one.
        let long = signature::shapes(&inputs, batch, 1, |_| 256);
        let row_bytes = if long == sample { sampled.bytes } else { plans.bytes(&long).max(sampled.bytes) };
        let chunk_rows = batch.best_rows(&inputs, row_bytes, limits);
        let labels = found.labels;
        let defaults = file.features.map_or_else(ModelOptions::default, ModelOptions::of_booster);
        let facts = found.facts;
        let tensor_bytes = limits.tensor_bytes;
        let core = Core { facts, plans, batch, chunk_rows, tensor_bytes, inputs, outputs, labels, defaults };
        Self::new(Arc::new(core), options)
    }

    /// The other files that the model file `bytes` keeps its weights in, as it names them: paths beside its own.
    ///
    /// # Errors
    /// `checksum-mismatch`; `invalid-model` for a path that leaves the model's folder.
    pub fn external_data(bytes: &[u8], options: &ModelOptions) -> Result<Vec<String>> {
        options.verify(bytes)?;
        onnx::external_files(bytes)
    }

    /// The same model with other options; what was loaded is shared.
    ///
    /// # Errors
    /// `invalid-option` for options that do not fit the model, or that only its file could tell.
    pub fn with_options(&self, options: &ModelOptions) -> Result<Self> {
        let model = Self::new(self.core.clone(), options)?;
        Ok(Self { load_time: self.load_time, ..model })
    }

    /// The same model, told how long it took to load: hosts have the clock.
    #[must_use]
    pub fn with_load_time(mut self, load_time: Duration) -> Self {
        self.load_time = load_time;
        self
    }

    fn new(core: Arc<Core>, options: &ModelOptions) -> Result<Self> {
        if let Some(file) = options.labels_file() {
            return Err(Error::new(
                Code::ResourceUnavailable,
                format!("the labels of `{file}` were not read"),
            ));
        }
        let inputs = Inputs::new(&core.inputs, &options.or(&core.defaults))?;
        let outputs = Outputs::new(&core.outputs, &core.labels, options)?;
        let signature = Signature { inputs: inputs.ports.clone(), outputs: outputs.ports.clone() };
        Ok(Self { core, options: options.clone(), signature, inputs, outputs, load_time: Duration::ZERO })
    }

    /// What the model takes and gives.
    pub fn signature(&self) -> &Signature {
        &self.signature
    }

    /// What else the file says.
    pub fn facts(&self) -> &ModelFacts {
        &self.core.facts
    }

    /// The options that it was given.
    pub fn options(&self) -> &ModelOptions {
        &self.options
    }

    /// What became of it since it was loaded.
    pub fn status(&self) -> Status {
        self.core.plans.status()
    }

    /// How long it took to load; zero where the host has no clock.
    pub fn load_time(&self) -> Duration {
        self.load_time
    }

    /// Rows that one run takes best: split there, for progress and cancelling.
    pub fn chunk_rows(&self) -> usize {
        self.core.chunk_rows
    }

    /// Predicts `rows` rows.
    ///
    /// `inputs` holds a column for each input of the signature, in its order and in the layout of its type, or
    /// `None` for inputs that are not required. Returns a column for each of `wanted`, which are places among the
    /// outputs of the signature. `first_row` is the number of rows that the query has had before these: errors name
    /// rows by it.
    ///
    /// # Errors
    /// `null-input`, `input-type-mismatch`, `out-of-range`, `missing-input`, `model-failed`, `limit-exceeded`.
    pub fn predict(
        &self,
        inputs: &[Option<ArrayRef>],
        wanted: &[usize],
        rows: usize,
        first_row: usize,
    ) -> Result<Vec<ArrayRef>> {
        let core = &*self.core;
        let prepared = self.inputs.prepare(inputs, rows, first_row)?;
        let rows = prepared.rows;
        let feeds = &self.inputs.feeds;
        let inputs = feeds
            .iter()
            .map(|feed| Input::new(feed, feed.columns(&prepared.columns), &prepared.numbers))
            .collect::<Result<Vec<_>>>()?;
        let mut outputs: Vec<_> = core
            .outputs
            .iter()
            .enumerate()
            .map(|(at, slot)| self.outputs.needs(wanted, at).then(|| Output::new(slot, rows)))
            .collect();
        let mut start = 0;
        while start < rows {
            let row_shapes = inputs.iter().map(|input| input.row_shape(start)).collect::<Result<Vec<_>>>()?;
            let most = rows.min(start + core.rows_of(&row_shapes));
            let end = inputs.iter().fold(most, |end, input| input.alike(start..end));
            let batch = core.batch.rows(end - start);
            let shapes: Shapes =
                feeds.iter().zip(&row_shapes).map(|(feed, row)| feed.slot.tensor_shape(batch, row)).collect();
            let tensors = inputs
                .iter()
                .zip(&shapes)
                .map(|(input, shape)| Ok(input.tensor(start..end, shape)?.into_tvalue()))
                .collect::<Result<TVec<_>>>()?;
            for (output, tensor) in outputs.iter_mut().zip(core.plans.run(shapes, tensors)?) {
                if let Some(output) = output {
                    output.append(&tensor, end - start, batch)?;
                }
            }
            start = end;
        }
        let outputs = outputs.into_iter().map(|output| output.map(Output::finish).transpose());
        self.outputs.columns(outputs.collect::<Result<_>>()?, wanted, prepared.places.as_ref())
    }
}

impl Core {
    /// Rows of these shapes that one run takes best.
    fn rows_of(&self, row_shapes: &[TVec<usize>]) -> usize {
        let known = self.inputs.iter().all(|slot| slot.row_shape().iter().all(|dim| dim.fixed().is_some()));
        if known || self.batch != Batch::Free || self.chunk_rows == 1 {
            return self.chunk_rows;
        }
        let shapes =
            self.inputs.iter().zip(row_shapes).map(|(slot, row)| slot.tensor_shape(1, row)).collect();
        let fitting = self.tensor_bytes.checked_div(self.plans.bytes(&shapes)).unwrap_or(self.chunk_rows);
        fitting.clamp(1, self.chunk_rows)
    }
}

impl fmt::Debug for Model {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Model").field("signature", &self.signature).finish_non_exhaustive()
    }
}
