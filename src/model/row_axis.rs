//! Which axis of each input counts rows, and how many rows one run takes.
//!
//! ONNX files do not record it. Exporters put rows first, except in recurrent networks, where time steps come first and
//! the batch is the second axis. What tells them apart is, in this order: the option `batch_axis`, the names of free
//! dimensions, the operators that read an input, and whether a dimension is free. Where these do not decide, the model is
//! refused: with the wrong axis it would return plausible but wrong predictions.

use crate::onnx::pb::GraphProto;

use super::options::PerInput;
use crate::diag::{Code, Error, Result};
use crate::onnx::{Declared, Dim};

/// How many rows one run takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum BatchSize {
    /// Any number.
    Any,
    /// Exactly this many; the last run is padded with zeros.
    Fixed(usize),
    /// No dimension counts rows: every input is one value for one row.
    Unbatched,
}

impl BatchSize {
    /// The rows of the tensors in a run that predicts `rows` rows.
    pub(super) fn tensor_rows(self, rows: usize) -> usize {
        match self {
            Self::Any => rows,
            Self::Fixed(rows) => rows,
            Self::Unbatched => 1,
        }
    }
}

/// The batch size of a model, and the row axis of each input.
#[derive(Debug)]
pub(super) struct RowAxes {
    pub(super) batch_size: BatchSize,
    /// For each input the axis; `None` where it has none: a parameter, which all rows of a run share, or any input of an
    /// unbatched model.
    pub(super) axes: Vec<Option<usize>>,
}

/// Names that exporters give to the row axis.
const BATCH_NAMES: [&str; 9] =
    ["batch", "batch_size", "batchsize", "batch_dim", "n", "b", "bs", "num_samples", "rows"];

/// Names that exporters give to the time axis.
const STEP_NAMES: [&str; 12] = [
    "sequence",
    "sequence_length",
    "seq",
    "seq_len",
    "seq_length",
    "seqlen",
    "time",
    "timesteps",
    "time_steps",
    "steps",
    "t",
    "length",
];

impl RowAxes {
    /// The row axis of each of `inputs` and then of each of `defaults`, which the nodes of `graph` read. What has a value
    /// where none is given has no say in how many rows a run takes, unless there is nothing else.
    ///
    /// # Errors
    /// `unsupported-model-type` where the inputs disagree or nothing decides; `invalid-option` for a `batch_axis` that an
    /// input does not have, or that counts other rows than the axes of the other inputs.
    pub(super) fn decide(
        inputs: &[Declared],
        defaults: &[Declared],
        graph: &GraphProto,
        given: Option<&PerInput<usize>>,
    ) -> Result<Self> {
        if let Some(given) = given {
            let names: Vec<_> = inputs.iter().chain(defaults).map(|input| input.name.as_str()).collect();
            given.check_names("batch_axis", &names)?;
        }
        if inputs.is_empty() {
            return Self::of_required(defaults, graph, given);
        }
        let mut decided = Self::of_required(inputs, graph, given)?;
        let required = decided.axes.clone();
        for input in defaults {
            let axis = axis_beside(input, inputs, &required, graph, given)?;
            let length = axis.map(|axis| input.dims().map(|dims| dims.get(axis))).transpose()?.flatten();
            let has_rows = length.is_some_and(|length| match (decided.batch_size, length) {
                (BatchSize::Unbatched, _) | (BatchSize::Any, Dim::Fixed(_)) => false,
                (_, Dim::Free(_)) => true,
                (BatchSize::Fixed(rows), Dim::Fixed(length)) => rows == *length,
            });
            decided.axes.push(axis.filter(|_| has_rows));
        }
        Ok(decided)
    }

    fn of_required(inputs: &[Declared], graph: &GraphProto, given: Option<&PerInput<usize>>) -> Result<Self> {
        // Those of which nothing tells may be parameters.
        let likely: Vec<_> = inputs.iter().map(|input| axis(input, graph, given).ok().flatten()).collect();
        let beside = |input| axis_beside(input, inputs, &likely, graph, given);
        let mut axes = inputs.iter().map(beside).collect::<Result<Vec<_>>>()?;
        let lengths = lengths(inputs, &axes)?;
        let fixed: Vec<usize> = lengths.iter().flatten().filter_map(Dim::fixed).collect();
        let is_free = lengths.iter().flatten().any(|length| length.fixed().is_none());
        // The axes that do not hold rows after all are dropped.
        let retain_axes = |axes: &mut [Option<usize>], has_rows: &dyn Fn(&Dim) -> bool| -> Result<()> {
            for ((axis, length), input) in axes.iter_mut().zip(&lengths).zip(inputs) {
                if length.as_ref().is_some_and(|length| !has_rows(length)) {
                    *axis = None;
                    if given.is_some_and(|given| given.of(&input.name).is_some()) {
                        let message = format!(
                            "`batch_axis` of input `{}` counts other rows than the other inputs have",
                            input.name
                        );
                        return Err(Error::new(Code::InvalidOption, message)
                            .hint("leave the option out for inputs that all rows share"));
                    }
                }
            }
            Ok(())
        };
        let batch_size = if is_free && !fixed.contains(&1) {
            // Inputs whose axis is fixed are parameters.
            retain_axes(&mut axes, &|length| length.fixed().is_none())?;
            BatchSize::Any
        } else if fixed.contains(&1) {
            // Each row is run separately.
            retain_axes(&mut axes, &|length| length.fixed().is_none_or(|length| length == 1))?;
            BatchSize::Fixed(1)
        } else {
            // Vectors of a fixed length are the features of one row, unless the option counts them.
            let only_vectors =
                inputs.iter().all(|input| input.shape.as_ref().is_none_or(|shape| shape.len() < 2));
            if only_vectors && given.is_none() {
                axes.fill(None);
                BatchSize::Unbatched
            } else {
                fixed_size(&fixed)?
            }
        };
        Ok(Self { batch_size, axes })
    }
}

/// The length of the row axis of each input that has one.
fn lengths(inputs: &[Declared], axes: &[Option<usize>]) -> Result<Vec<Option<Dim>>> {
    let length = |(input, axis): (&Declared, &Option<usize>)| -> Result<Option<Dim>> {
        let length = match axis {
            Some(axis) => input.dims()?.get(*axis).cloned(),
            None => None,
        };
        if length == Some(Dim::Fixed(0)) {
            return Err(refused(format!("model input `{}` has zero rows", input.name)));
        }
        Ok(length)
    };
    inputs.iter().zip(axes).map(length).collect()
}

/// The batch of a model all of whose row axes have these lengths.
fn fixed_size(lengths: &[usize]) -> Result<BatchSize> {
    let [rows, others @ ..] = lengths else { return Ok(BatchSize::Unbatched) };
    if let Some(other) = others.iter().find(|other| *other != rows) {
        return Err(refused(format!(
            "the model's inputs have {rows} and {other} rows, expected the same number in each"
        )));
    }
    Ok(BatchSize::Fixed(*rows))
}

/// The row axis of `input` beside `others`, whose row axes are `axes`.
fn axis_beside(
    input: &Declared,
    others: &[Declared],
    axes: &[Option<usize>],
    graph: &GraphProto,
    given: Option<&PerInput<usize>>,
) -> Result<Option<usize>> {
    let is_given = given.is_some_and(|given| given.of(&input.name).is_some());
    if !is_given && is_parameter(input, others, axes) {
        return Ok(None);
    }
    axis(input, graph, given)
}

/// Whether the first length of `input` is, by its name, another length of an input of rows, while no length of its own
/// counts these rows: `[k]` beside rows of `[n, k]`, a mask of `[s, s]` beside `[n, s, 8]`.
fn is_parameter(input: &Declared, others: &[Declared], axes: &[Option<usize>]) -> bool {
    let Some((0, first)) = named_lengths(input).next() else { return false };
    if BATCH_NAMES.contains(&first.to_ascii_lowercase().as_str()) {
        return false;
    }
    others.iter().zip(axes).any(|(other, row_axis)| {
        let (rows, inner): (Vec<_>, Vec<_>) =
            named_lengths(other).partition(|(axis, _)| Some(*axis) == *row_axis);
        let shares = |(_, rows): &(usize, &str)| named_lengths(input).any(|(_, name)| name == *rows);
        !rows.is_empty() && !rows.iter().any(shares) && inner.iter().any(|(_, name)| *name == first)
    })
}

/// The free dimensions of `input` that have names.
fn named_lengths(input: &Declared) -> impl Iterator<Item = (usize, &str)> {
    input.shape.iter().flatten().enumerate().filter_map(|(axis, dim)| match dim {
        Dim::Free(name) if !name.is_empty() => Some((axis, name.as_str())),
        _ => None,
    })
}

/// The row axis of `input`, judged from this input alone.
fn axis(input: &Declared, graph: &GraphProto, given: Option<&PerInput<usize>>) -> Result<Option<usize>> {
    let dims = input.dims()?;
    if let Some(axis) = given.and_then(|given| given.of(&input.name)) {
        if *axis < dims.len() {
            return Ok(Some(*axis));
        }
        let message =
            format!("`batch_axis` is {axis} for input `{}`, which has {} dimensions", input.name, dims.len());
        return Err(Error::new(Code::InvalidOption, message).hint("axes count from 0"));
    }
    if dims.len() < 2 {
        return Ok((!dims.is_empty()).then_some(0));
    }
    let axes_named = |names: &[&str]| -> Vec<usize> {
        let is_named = |dim: &Dim| match dim {
            Dim::Free(name) => names.contains(&name.to_ascii_lowercase().as_str()),
            Dim::Fixed(_) => false,
        };
        dims.iter().enumerate().filter(|(_, dim)| is_named(dim)).map(|(axis, _)| axis).collect()
    };
    if let [axis] = axes_named(&BATCH_NAMES).as_slice() {
        return Ok(Some(*axis));
    }
    if let Some(axis) = recurrent_axis(graph, &input.name) {
        return Ok(Some(axis));
    }
    // Without steps in front, rows come first.
    if !axes_named(&STEP_NAMES).contains(&0) {
        return Ok(Some(0));
    }
    // Steps come first: an axis of 1 behind them is the batch, and where all others are fixed, they are the rows.
    match dims {
        [_, Dim::Fixed(1), ..] => Ok(Some(1)),
        [_, rest @ ..] if rest.iter().all(|dim| dim.fixed().is_some()) => Ok(Some(0)),
        _ => {
            let shape: Vec<_> = dims.iter().map(Dim::to_string).collect();
            let message = format!(
                "cannot tell which axis of model input `{}` of shape [{}] counts rows",
                input.name,
                shape.join(", ")
            );
            Err(refused(message).hint(format!(
                "set the option `batch_axis`: batch_axis = STRUCT(1 AS `{}`); axes count from 0",
                input.name
            )))
        }
    }
}

/// The axis of the batch where a recurrent operator reads the input as its sequence or as a state.
fn recurrent_axis(graph: &GraphProto, input: &str) -> Option<usize> {
    let sequence_and_states = [0, 5, 6];
    graph.node.iter().find_map(|node| {
        let reads = matches!(node.op_type.as_str(), "RNN" | "GRU" | "LSTM")
            && sequence_and_states
                .iter()
                .any(|position| node.input.get(*position).is_some_and(|name| name == input));
        let batch_first =
            node.attribute.iter().any(|attribute| attribute.name == "layout" && attribute.i != 0);
        reads.then_some(if batch_first { 0 } else { 1 })
    })
}

fn refused(message: String) -> Error {
    Error::new(Code::UnsupportedModelType, message)
}
