//! Models: the bytes of a file in, a signature in SQL types out; rows in, rows out.
//!
//! The room knows tensors and columns and how one becomes the other, and nothing of SQL text, of tables or of where
//! bytes come from.

mod describe;
mod graph_port;
mod inputs;
mod labels;
mod options;
mod outputs;
mod row_axis;
mod runners;
mod shapes;
mod signature;
mod tensor_model;

pub use crate::onnx::{Dim, Format, ModelFacts};
pub use describe::Fact;

pub use options::{ModelOption, ModelOptions};
pub use runners::Status;
pub use signature::{Port, Signature};
pub use tensor_model::TensorModel;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use arrow_array::ArrayRef;

use crate::boosters;
use crate::diag::{Code, Error, Invariant, Result, ensure};
use crate::limits::Limits;
use crate::onnx::{self, KnownLabels, LeftOut, Origin};
use crate::runner::{InputShapes, Runner, Sampled};
use graph_port::GraphPort;
use inputs::Inputs;
use outputs::{OutputDecoder, Outputs};
use row_axis::{BatchSize, RowAxes};
use runners::Failures;

/// A loaded model, ready to predict: rows in, rows out.
///
/// A model is loaded from the bytes of an ONNX file, or of a booster that XGBoost (JSON, UBJSON) or LightGBM (text)
/// saved. Its [`Signature`] has a column for each input and output in SQL's types; [`ModelOptions`] change how inputs
/// are fed and what outputs become. It is loaded once and shared behind an [`Arc`]; several threads may predict at the
/// same time.
///
/// To run SQL, register models with an [`Engine`](crate::Engine) instead. For tensors without rows there is
/// [`TensorModel`].
///
/// # Example
///
/// ```
/// use std::sync::Arc;
///
/// use arrow_array::cast::AsArray;
/// use arrow_array::{ArrayRef, Float64Array};
/// use predictql::{Limits, model::Model};
///
/// let model = Model::load(&std::fs::read("tests/fixtures/models/iris_rf.onnx")?, &Limits::default())?;
/// let inputs = &model.signature().inputs;
/// assert_eq!(inputs[0].name, "sepal_length");
/// assert_eq!(inputs[0].data_type.to_string(), "FLOAT64");
///
/// // Two flowers: a column for each of the four inputs, in their order.
/// let column = |values: [f64; 2]| Some(Arc::new(Float64Array::from(values.to_vec())) as ArrayRef);
/// let columns = [column([5.1, 6.7]), column([3.5, 3.0]), column([1.4, 5.2]), column([0.2, 2.3])];
/// let label = model.signature().outputs.iter().position(|port| port.name == "label").unwrap();
/// let labels = model.predict(&columns, &[label], 2, 0)?.remove(0);
/// assert_eq!(labels.as_primitive::<arrow_array::types::Int64Type>().values(), &[0, 2]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Rows and shapes
///
/// The first dimension of the inputs counts rows, unless the option `batch_axis` or the graph says otherwise: recurrent
/// networks have time steps first and rows second. Where it is free, one run takes up to [`Model::chunk_rows`] rows;
/// where the file fixes it, the rows are split into runs of that number and the last run is padded with zeros; where all
/// inputs are vectors of a fixed length or numbers, a run takes one row. The other dimensions are the shape of a row.
/// Rows of different shapes, such as texts of different lengths, go into different runs.
///
/// # Types and units
///
/// [`Signature`] has the SQL type of every kind of tensor. Floats of 16 bits are computed in 32 bits. Pictures are
/// tensors of height, width and channels with values from 0 to 1, and models with `uint8` inputs take whole numbers from
/// 0 to 255; the options `image_layout`, `image_mean` and `image_std` bring pictures into a model's own order and scale.
/// Columns of [`DataType::Picture`](crate::data::DataType::Picture) are pictures; those of
/// [`DataType::Tensor`](crate::data::DataType::Tensor) go into the model as they are, unless `image_layout` is given.
/// A NULL is the graph's own marker of what is missing, where it has one, and else an error; `default_on_null` and
/// `null_handling` change that.
///
/// # Errors
///
/// Every failure is an [`Error`] with a stable [`Code`]. At load: `not-onnx`, `truncated-model` and `invalid-model` for
/// bytes that are no whole model, `unsupported-operator` and `unsupported-model-type` with everything that keeps a model
/// from running, `external-data-missing` for weights in other files, `checksum-mismatch`, `invalid-option` for options
/// that do not fit the model. In a prediction: `missing-input`, `null-input`, `input-type-mismatch` and `out-of-range`
/// name the input and the row, `model-failed` has the words of the operator that failed as its detail. `limit-exceeded`
/// names the cap of [`Limits`] that was met.
///
/// ```
/// use predictql::{Limits, model::Model};
///
/// let error = Model::load(b"<!doctype html>", &Limits::default()).unwrap_err();
/// assert_eq!(error.to_string().split(';').next(), Some("[not-onnx] expected an ONNX model, the file is an HTML page"));
/// ```
pub struct Model {
    core: Arc<Core>,
    options: ModelOptions,
    signature: Signature,
    inputs: Inputs,
    outputs: Outputs,
    load_time: Duration,
}

/// The part of a model that does not depend on options: the graph and the facts of its file.
struct Core {
    facts: ModelFacts,
    runner: Box<dyn Runner>,
    failures: Failures,
    batch_size: BatchSize,
    /// Rows that suit one run where rows are of a usual size.
    chunk_rows: usize,
    tensor_bytes: usize,
    inputs: Vec<GraphPort>,
    outputs: Vec<GraphPort>,
    labels: KnownLabels,
    /// Where the values of encoders come from, by the name of their tensor.
    origins: BTreeMap<String, Origin>,
    left_out: Vec<LeftOut>,
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
        Self::new(Arc::new(Core::load(bytes, external, options, limits)?), options)
    }

    /// The other files that hold weights of the model file `bytes`: paths relative to its own.
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
        if options.batch_axis != self.options.batch_axis {
            return Err(Error::new(Code::InvalidOption, "`batch_axis` is settled when a model is loaded")
                .hint("write CREATE OR REPLACE MODEL … OPTIONS (batch_axis = …)"));
        }
        let model = Self::new(self.core.clone(), options)?;
        Ok(Self { load_time: self.load_time, ..model })
    }

    /// The same model with the time that it took to load, which the host measures.
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

    /// Facts about the file: its format, its operators, its metadata.
    pub fn facts(&self) -> &ModelFacts {
        &self.core.facts
    }

    /// The outputs of the file that no column can hold, each with the reason: it `has unsupported ONNX type: …`.
    pub fn left_out(&self) -> impl Iterator<Item = (&str, &str)> {
        self.core.left_out.iter().map(|output| (output.name.as_str(), output.why.as_str()))
    }

    /// The options that it was given.
    pub fn options(&self) -> &ModelOptions {
        &self.options
    }

    /// What it has done since it was loaded.
    pub fn status(&self) -> Status {
        self.core.failures.status(&*self.core.runner)
    }

    /// How long it took to load; zero where the host has no clock.
    pub fn load_time(&self) -> Duration {
        self.load_time
    }

    /// The rows that suit one run: hosts that show progress or can cancel split there.
    pub fn chunk_rows(&self) -> usize {
        self.core.chunk_rows
    }

    /// Predicts `rows` rows.
    ///
    /// `inputs` holds a column of `rows` values for each input of the signature, in its order and in the layout of its
    /// type ([`DataType::storage`](crate::data::DataType::storage)), or `None` for inputs that are not required. Returns
    /// a column for each of `wanted`, which are positions among the outputs of the signature. `first_row` is the number
    /// of rows that the query has had before these: errors name rows by it.
    ///
    /// # Errors
    /// `null-input`, `input-type-mismatch`, `out-of-range`, `missing-input`, `model-failed`, `limit-exceeded`;
    /// `internal` for columns of another layout or length, and for a position that there is not.
    pub fn predict(
        &self,
        inputs: &[Option<ArrayRef>],
        wanted: &[usize],
        rows: usize,
        first_row: usize,
    ) -> Result<Vec<ArrayRef>> {
        let core = &*self.core;
        let rows = self.inputs.rows(inputs, rows, first_row)?;
        let encoders = self.inputs.encoders(&rows)?;
        let needed = self.outputs.needed(wanted, core.outputs.len())?;
        let mut decoders: Vec<_> = core
            .outputs
            .iter()
            .zip(needed)
            .map(|(port, is_needed)| is_needed.then(|| OutputDecoder::new(port, rows.count)))
            .collect();
        let mut start = 0;
        while start < rows.count {
            let row_shapes =
                encoders.iter().map(|encoder| encoder.row_shape(start)).collect::<Result<Vec<_>>>()?;
            let last = rows.count.min(start + core.rows_per_run(&row_shapes));
            let end = encoders.iter().fold(last, |end, encoder| encoder.end_of_same_shape(start..end));
            let tensor_rows = core.batch_size.tensor_rows(end - start);
            let shapes = core.tensor_shapes(tensor_rows, &row_shapes);
            let tensors = encoders
                .iter()
                .zip(&row_shapes)
                .map(|(encoder, row)| encoder.tensor(start..end, tensor_rows, row))
                .collect::<Result<Vec<_>>>()?;
            let column = |tensor: &str| self.inputs.column(core.origins.get(tensor)?);
            let outputs = core.failures.note(core.runner.run(shapes, tensors, &column));
            let outputs = outputs.map_err(|error| rows.named(error, start))?;
            ensure(outputs.len() == decoders.len(), "the model gives a tensor for each of its outputs")?;
            for (decoder, tensor) in decoders.iter_mut().zip(outputs) {
                if let Some(decoder) = decoder {
                    decoder.append(&tensor, end - start, tensor_rows)?;
                }
            }
            start = end;
        }
        let columns = decoders
            .into_iter()
            .map(|decoder| decoder.map(|decoder| decoder.finish(rows.count)).transpose())
            .collect::<Result<_>>()?;
        self.outputs.columns(columns, wanted, rows.positions.as_ref())
    }
}

impl Core {
    fn load(
        bytes: &[u8],
        external: &BTreeMap<String, Vec<u8>>,
        options: &ModelOptions,
        limits: &Limits,
    ) -> Result<Self> {
        let file = boosters::translate(bytes, options.format)?;
        let mut found = onnx::read(&file.onnx, external, limits, &runners::known)?;
        if file.format != Format::Onnx {
            let ModelFacts { operators, .. } = found.facts;
            let (format, metadata, bytes, opset) = (file.format, file.metadata, bytes.len(), BTreeMap::new());
            found.facts = ModelFacts { format, bytes, opset, metadata, operators };
        }
        let graph = found.proto.graph.as_ref().invariant("the graph of a model that was read")?;
        let origins = onnx::encoder_origins(graph);
        let RowAxes { batch_size, axes } =
            RowAxes::decide(&found.inputs, graph, options.batch_axis.as_ref())?;
        let declared = std::mem::take(&mut found.inputs);
        let inputs = declared
            .iter()
            .cloned()
            .zip(axes.iter().copied())
            .map(|(input, axis)| GraphPort::input(input, axis));
        let inputs = inputs.collect::<Result<Vec<GraphPort>>>()?;
        let sample = shapes::sample(&inputs, batch_size, 1);
        let (weights, opset) = (std::mem::take(&mut found.weights), found.opset);
        let again = found.joins_sequences().then(|| weights.clone());
        let load = |proto: &onnx::pb::ModelProto, weights| {
            runners::runner(proto, weights, opset, &declared, &axes, &sample, limits)
        };
        let mut runner = load(&found.proto, weights);
        if let (Err(_), Some(weights)) = (&runner, again)
            && found.leave_out_sequences()
        {
            runner = load(&found.proto, weights);
        }
        let runner = runner?;
        // Exporters have often seen one row only, and wrote its shape down somewhere inside.
        let two_rows = shapes::sample(&inputs, batch_size, 2);
        let takes_one_row = batch_size == BatchSize::Any && !runner.takes(&two_rows);
        let batch_size = if takes_one_row { BatchSize::Fixed(1) } else { batch_size };
        let Sampled { outputs: sampled, bytes } =
            runner.sampled(&sample, &shapes::other_sample(&inputs, batch_size))?;
        ensure(found.outputs.len() == sampled.len(), "the graph has the outputs that the file declares")?;
        let row_axes = output_row_axes(&*runner, &inputs, batch_size)?;
        let outputs = found.outputs.into_iter().zip(sampled).zip(row_axes);
        let outputs = outputs
            .map(|((declared, inferred), axis)| GraphPort::output(declared, inferred, batch_size, axis))
            .collect();
        // Of texts and other rows of any length the first guess is a long one.
        let long = shapes::with_free_lengths(&inputs, batch_size, 1, |_| 256);
        let row_bytes = if long == sample { bytes } else { runner.bytes(&long).max(bytes) };
        Ok(Self {
            facts: found.facts,
            runner,
            failures: Failures::default(),
            batch_size,
            chunk_rows: shapes::rows_per_run(&inputs, batch_size, row_bytes, limits),
            tensor_bytes: limits.tensor_bytes,
            inputs,
            outputs,
            labels: found.labels,
            origins,
            left_out: found.left_out,
            defaults: file.features.map_or_else(ModelOptions::default, ModelOptions::of_booster),
        })
    }

    /// How many rows of these shapes suit one run.
    fn rows_per_run(&self, row_shapes: &[Vec<usize>]) -> usize {
        let is_known = self.inputs.iter().all(|port| port.free_dims() == 0);
        if is_known || self.batch_size != BatchSize::Any || self.chunk_rows == 1 {
            return self.chunk_rows;
        }
        match self.runner.bytes(&self.tensor_shapes(1, row_shapes)) {
            // Not known.
            0 => self.chunk_rows,
            bytes => (self.tensor_bytes / bytes).clamp(1, self.chunk_rows),
        }
    }

    /// The shapes of the input tensors for `tensor_rows` rows of these shapes, one for each input.
    fn tensor_shapes(&self, tensor_rows: usize, row_shapes: &[Vec<usize>]) -> InputShapes {
        self.inputs.iter().zip(row_shapes).map(|(port, row)| port.tensor_shape(tensor_rows, row)).collect()
    }
}

/// For each output, the axis that has as many elements as there are rows, whatever their number.
fn output_row_axes(
    runner: &dyn Runner,
    inputs: &[GraphPort],
    batch_size: BatchSize,
) -> Result<Vec<Option<usize>>> {
    // With a fixed number of rows, that number is looked for in the place where the inputs have it.
    let input_axis = inputs.iter().filter_map(GraphPort::row_axis).max();
    let few = runner.output_shapes(&shapes::sample(inputs, batch_size, FEW_ROWS))?;
    if batch_size != BatchSize::Any {
        return Ok(vec![input_axis; few.len()]);
    }
    let many = runner.output_shapes(&shapes::sample(inputs, batch_size, MANY_ROWS))?;
    let axis = |(few, many): (&Vec<Option<usize>>, &Vec<Option<usize>>)| {
        few.iter().zip(many).position(|lengths| lengths == (&Some(FEW_ROWS), &Some(MANY_ROWS)))
    };
    Ok(few.iter().zip(&many).map(axis).collect())
}

/// Numbers of rows that are unlikely to be the length of anything else.
const FEW_ROWS: usize = 3;
const MANY_ROWS: usize = 5;

impl fmt::Debug for Model {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Model").field("signature", &self.signature).finish_non_exhaustive()
    }
}
