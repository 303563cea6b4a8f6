//! Models: the bytes of a file in, a signature in SQL types out; rows in, rows out.
//!
//! The room knows tensors and columns and how one becomes the other, and nothing of SQL text, of tables or of where
//! bytes come from.

mod core;
mod describe;
mod embedding;
mod failures;
mod fingerprints;
mod graph_port;
mod inputs;
mod labels;
mod options;
mod outputs;
mod row_axis;
#[cfg(feature = "full")]
mod samples;
mod shapes;
mod shares;
mod signature;
mod states;
mod tensor_model;
mod texts;

pub(crate) use crate::onnx::is_convertible;
pub use crate::onnx::{Dim, Format, ModelFacts};
pub use describe::Fact;
pub(crate) use fingerprints::{Fingerprints, hexadecimal};

pub(crate) use embedding::{Pooling, Wish};
pub(crate) use inputs::Tokens;
#[cfg(target_family = "wasm")]
pub(crate) use options::digest_of;
pub use options::{ModelOption, ModelOptions};
pub(crate) use outputs::{Predicted, positive_of};
pub(crate) use shares::Columns;
pub use signature::{Port, Signature};
pub(crate) use states::States;
pub use tensor_model::TensorModel;

use std::fmt;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use arrow_array::ArrayRef;

use crate::data::Scalar;
use crate::diag::{Code, Error, Invariant, Result, ensure};
use crate::limits::Limits;
use crate::onnx;
use crate::tensor::Tensor;
use core::Core;
use embedding::Embedding;
use inputs::{InputEncoder, InputRows, Inputs, Texts};
use outputs::{OutputDecoder, Outputs};
use states::Handed;

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
#[derive(Clone)]
pub struct Model {
    core: Arc<Core>,
    files: Fingerprints,
    options: ModelOptions,
    signature: Signature,
    inputs: Inputs,
    /// How texts become some of the graph's inputs, where there is a tokenizer.
    texts: Option<Texts>,
    outputs: Outputs,
    /// What is made of an output in the place of all outputs.
    embedding: Option<Embedding>,
    /// The states that a row hands to the next.
    handed: Vec<Handed>,
    load_time: Duration,
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
        Self::load_parts(bytes, &[], options, limits)
    }

    /// Loads the model file `bytes` with the files that [`Model::external_data`] names.
    ///
    /// # Errors
    /// Those of [`Model::load_with`].
    pub fn load_parts(
        bytes: &[u8],
        external: &[(String, Vec<u8>)],
        options: &ModelOptions,
        limits: &Limits,
    ) -> Result<Self> {
        Self::load_known(bytes, external, Fingerprints::of(bytes, external, None), options, limits, None)
    }

    /// As [`Model::load_parts`]; a model of these files that is `known` shares what was loaded.
    ///
    /// # Errors
    /// Those of [`Model::load_with`].
    pub(crate) fn load_known(
        bytes: &[u8],
        external: &[(String, Vec<u8>)],
        files: Fingerprints,
        options: &ModelOptions,
        limits: &Limits,
        known: Option<&Self>,
    ) -> Result<Self> {
        onnx::check_size(bytes.len(), limits)?;
        options.verify_digest(files.file)?;
        match known {
            Some(known) => known.with_options(options),
            None => {
                let core = Core::load(bytes, external, options, limits, &[])?;
                Self::new(Arc::new(core), files, options)
            }
        }
    }

    /// Whether it was loaded from these files and can share what was loaded with one of these options.
    pub(crate) fn is_loaded_from(&self, files: &Fingerprints, options: &ModelOptions) -> bool {
        self.files == *files
            && self.options.batch_axis == options.batch_axis
            && self.options.free_dimensions == options.free_dimensions
            && options.format.is_none_or(|format| format == self.facts().format)
    }

    /// SHA-256 of the file, in hexadecimal digits.
    pub fn sha256(&self) -> String {
        hexadecimal(self.digest())
    }

    /// SHA-256 of the file.
    pub(crate) fn digest(&self) -> [u8; 32] {
        self.files.file
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
        if options.free_dimensions != self.options.free_dimensions {
            return Err(Error::new(
                Code::InvalidOption,
                "`free_dimensions` are settled when a model is loaded",
            )
            .hint("write CREATE OR REPLACE MODEL … OPTIONS (free_dimensions = …)"));
        }
        let model = Self::new(self.core.clone(), self.files.clone(), options)?;
        Ok(Self { load_time: self.load_time, ..model })
    }

    /// The same model, a classifier of two classes, whose label is the positive one where its probability is above
    /// `threshold`, and else the other; what was loaded is shared.
    ///
    /// The positive class is TRUE, else the last one in ascending order. A NaN probability has the label NULL.
    ///
    /// # Errors
    /// `invalid-option` for a threshold that does not lie between 0 and 1, and for models of another kind.
    pub fn at_threshold(&self, threshold: f64) -> Result<Self> {
        if !(0.0..=1.0).contains(&threshold) {
            let message = format!("`threshold` takes a number from 0 to 1, found {threshold}");
            return Err(Error::new(Code::InvalidOption, message).hint("write STRUCT(0.5 AS threshold)"));
        }
        let Self { load_time, .. } = *self;
        let model = Self::new(self.core.clone(), self.files.clone(), &self.options)?;
        let core = &self.core;
        let outputs = model.outputs.at_threshold(threshold, &core.outputs, &core.labels, &self.options)?;
        Ok(Self { outputs, load_time, ..model })
    }

    /// The same model with the time that it took to load, which the host measures.
    #[must_use]
    pub fn with_load_time(mut self, load_time: Duration) -> Self {
        self.load_time = load_time;
        self
    }

    fn new(core: Arc<Core>, files: Fingerprints, options: &ModelOptions) -> Result<Self> {
        if let Some(file) = options.labels_file() {
            return Err(Error::new(
                Code::ResourceUnavailable,
                format!("the labels of `{file}` were not read"),
            ));
        }
        if let Some(file) = options.tokenizer_file() {
            let message = format!("the tokenizer of `{file}` was not read");
            return Err(Error::new(Code::ResourceUnavailable, message));
        }
        let ports: Vec<_> = core.inputs.iter().chain(&core.optional).cloned().collect();
        let feeding = options.or(&core.defaults);
        let (inputs, texts) = match options.tokenizer() {
            Some(tokenizer) => {
                let (inputs, texts) = Inputs::over_texts(&ports, tokenizer, &feeding, core.runs_rows_apart)?;
                (inputs, Some(texts))
            }
            None => (Inputs::new(&ports, &feeding)?, None),
        };
        let mut options = options.clone();
        options.take_labels(core.facts.metadata.get("labels"), core.facts.format)?;
        let outputs = Outputs::new(&core.outputs, &core.labels, &options)?;
        let signature = Signature { inputs: inputs.ports.clone(), outputs: outputs.ports.clone() };
        let (embedding, handed, load_time) = (None, Vec::new(), Duration::ZERO);
        Ok(Self { core, files, options, signature, inputs, texts, outputs, embedding, handed, load_time })
    }

    /// What the model takes and gives.
    pub fn signature(&self) -> &Signature {
        &self.signature
    }

    /// Which of its outputs is the prediction; `None` where that is not clear.
    pub(crate) fn predicted(&self) -> Option<Predicted> {
        self.outputs.predicted(&self.core.outputs, &self.core.labels, &self.options)
    }

    /// The names of its classes, in the order of its scores; empty where it has none or does not show them.
    pub fn labels(&self) -> Vec<String> {
        let Some(Predicted::Class { classes, .. }) = self.predicted() else { return Vec::new() };
        classes
            .into_iter()
            .map(|class| match class {
                Scalar::String(label) => label,
                Scalar::Bool(label) => label.to_string(),
                label => label.to_string(),
            })
            .collect()
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

    /// Why the latest of the runs that failed did.
    pub fn last_error(&self) -> Option<Error> {
        self.core.failures.latest()
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
        self.predict_on(inputs, wanted, rows, first_row, &mut States::default())
    }

    /// As [`Model::predict`], from the states behind the row before; they become those behind the last of these rows.
    pub(crate) fn predict_on(
        &self,
        inputs: &[Option<ArrayRef>],
        wanted: &[usize],
        rows: usize,
        first_row: usize,
        states: &mut States,
    ) -> Result<Vec<ArrayRef>> {
        if self.texts.is_some() {
            return self.predict_texts(inputs, wanted, rows, first_row);
        }
        let rows = self.inputs.rows(inputs, rows, first_row)?;
        self.computed(&rows, wanted, first_row, states)
    }

    /// The columns `wanted` for rows without NULLs.
    fn computed(
        &self,
        rows: &InputRows,
        wanted: &[usize],
        first_row: usize,
        states: &mut States,
    ) -> Result<Vec<ArrayRef>> {
        let core = &*self.core.given(self.inputs.given(rows))?;
        let encoders = self.inputs.encoders(rows, &core.inputs)?;
        let needed = self.outputs.needed(wanted, core.outputs.len())?;
        outputs::check_shared(&core.outputs, &needed, first_row + rows.count)?;
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
            let most = if self.handed.is_empty() { core.rows_per_run(&row_shapes) } else { 1 };
            let last = rows.count.min(start + most);
            let end = encoders.iter().try_fold(last, |end, encoder| encoder.end_of_same_shape(start..end))?;
            let tensor_rows = core.batch_size.tensor_rows(end - start);
            let run = |range| self.run(core, &encoders, range, states);
            let outputs = run(start..end).or_else(|error| {
                let error = self.blamed(error, start..end, rows, run);
                self.core.failures.note(Err(rows.named(error, start)))
            })?;
            ensure(outputs.len() == decoders.len(), "the model gives a tensor for each of its outputs")?;
            self.hand_on(core, &outputs, states)?;
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
        self.outputs.columns(columns, wanted, rows.positions.as_ref()).map_err(|error| rows.named(error, 0))
    }

    /// The tensors of a run over the rows `range`, which have one shape.
    fn run(
        &self,
        core: &Core,
        encoders: &[InputEncoder<'_>],
        range: Range<usize>,
        states: &States,
    ) -> Result<Vec<Tensor>> {
        let row_shapes =
            encoders.iter().map(|encoder| encoder.row_shape(range.start)).collect::<Result<Vec<_>>>()?;
        let tensor_rows = core.batch_size.tensor_rows(range.len());
        let mut tensors = encoders
            .iter()
            .zip(&row_shapes)
            .map(|(encoder, row)| encoder.tensor(range.clone(), tensor_rows, row))
            .collect::<Result<Vec<_>>>()?;
        let mut shapes = core.tensor_shapes(tensor_rows, &row_shapes);
        for (place, state) in self.held(core, states)? {
            *shapes.get_mut(place).invariant("the shape of an input")? = state.shape().to_vec();
            *tensors.get_mut(place).invariant("the tensor of an input")? = state.clone();
        }
        let column = |tensor: &str| self.inputs.column(core.origins.get(tensor)?);
        core.interpreter.run(shapes, tensors, &column)
    }

    /// `error` of a run over the rows `range` with the first row that fails by itself, and what that row holds.
    fn blamed(
        &self,
        error: Error,
        range: Range<usize>,
        rows: &InputRows,
        run: impl Fn(Range<usize>) -> Result<Vec<Tensor>>,
    ) -> Error {
        if error.code() != Code::ModelFailed || error.first().row.is_some() {
            return error;
        }
        let Range { mut start, mut end } = range;
        let (first, mut error) = (start, error);
        while end - start > 1 {
            let middle = start + (end - start) / 2;
            match run(start..middle) {
                Ok(_) => start = middle,
                Err(earlier) => (error, end) = (earlier, middle),
            }
        }
        // Rows may fail together only.
        match run(start..end) {
            Err(alone) if alone.code() == Code::ModelFailed => {
                alone.context(self.inputs.words(rows, start)).in_row(start - first)
            }
            _ => error,
        }
    }
}

impl fmt::Debug for Model {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Model").field("signature", &self.signature).finish_non_exhaustive()
    }
}
