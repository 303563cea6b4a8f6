//! `RNN`, `GRU` and `LSTM` (ONNX, versions 1 to 22): sequences step by step, in both layouts, with lengths of sequences, both
//! directions, clipping and all activations of the standard.
//!
//! What the input adds is computed for many steps at once, in one product of matrices; the hidden state takes one for
//! each step. Weights that never change are packed when the model is loaded.

mod activation;
mod cell;

use std::sync::Arc;

use anyhow::{Context as _, Result, bail, ensure};

use super::{Context, Dim, Operator, Places, Registration, Rewrites, Rewritten, Shape, own};
use crate::onnx::names::ROUNDS_STATE;
use crate::onnx::pb::NodeProto;
use crate::tensor::{ElementType, Tensor, room};
use activation::Activation;
use cell::{Cell, Kind, Sequences, Step, Weights};

pub(super) const OPERATORS: &[Registration] =
    &[("GRU", own::<Recurrent>()), ("LSTM", own::<Recurrent>()), ("RNN", own::<Recurrent>())];

/// The operator's inputs by their numbers in the standard.
const X: usize = 0;
const W: usize = 1;
const R: usize = 2;
const B: usize = 3;
const LENGTHS: usize = 4;
const INITIAL_H: usize = 5;
const INITIAL_C: usize = 6;
const PEEPHOLES: usize = 7;

/// A recurrent operator.
#[derive(Debug, Clone)]
struct Recurrent {
    kind: Kind,
    hidden: usize,
    /// For each direction, whether it goes backwards.
    directions: Vec<bool>,
    /// For each direction, the activations of a step.
    activations: Vec<Vec<Activation>>,
    clip: Option<f32>,
    /// Whether the hidden state is rounded to 8 bits before every step.
    rounds_state: bool,
    /// Whether the batch stands in front of the steps.
    batch_first: bool,
    places: Places,
    /// For each direction its weights, where they never change.
    cells: Option<Arc<Vec<Cell>>>,
}

impl Operator for Recurrent {
    fn parse(_: &Context<'_>, node: &NodeProto) -> Result<Self> {
        let kind = match node.op_type.as_str() {
            "GRU" => Kind::Gru { resets_last: node.flag("linear_before_reset", false)? },
            "LSTM" => Kind::Lstm { is_coupled: node.flag("input_forget", false)? },
            _ => Kind::Rnn,
        };
        let directions = match node.optional("direction")?.unwrap_or("forward") {
            "forward" => vec![false],
            "reverse" => vec![true],
            "bidirectional" => vec![false, true],
            other => bail!("there is no direction `{other}`"),
        };
        let mut names = node.list::<&str>("activations")?;
        if names.is_empty() {
            names = kind.activations().repeat(directions.len());
        }
        let in_step = kind.activations().len();
        ensure!(names.len() == in_step * directions.len(), "expected {in_step} activations a direction");
        let (alphas, betas) = (node.list("activation_alpha")?, node.list("activation_beta")?);
        let activations = Activation::parse(&names, &alphas, &betas)?;
        let places = Places::of(node);
        ensure!(
            places.count() <= 8 && [X, W, R].into_iter().all(|number| places.place(number).is_some()),
            "a recurrent operator has a sequence and two weights, and five inputs more at most"
        );
        let hidden = node.required("hidden_size")?;
        ensure!(hidden > 0, "a hidden state has numbers");
        room(&[8, hidden, hidden])?;
        Ok(Self {
            kind,
            hidden,
            activations: activations.chunks(in_step).map(<[Activation]>::to_vec).collect(),
            directions,
            clip: node.optional("clip")?.filter(|clip| *clip > 0.0),
            rounds_state: node.flag(ROUNDS_STATE, false)?,
            batch_first: node.flag("layout", false)?,
            places,
            cells: None,
        })
    }

    fn outputs(&self, inputs: &[Shape]) -> Result<Vec<Shape>> {
        let (element, sequence) = self.places.get(inputs, X).context("the sequence is missing")?;
        ensure!(*element == ElementType::F32, "expected a sequence of 32-bit floats, found {element:?}");
        let [first, second, width] = sequence.as_slice() else {
            bail!("expected a sequence of rank 3, found rank {}", sequence.len())
        };
        let of_weights = self.places.get(inputs, W).and_then(|(_, dims)| dims.get(2)?.known());
        let of_cells = self.cells.as_ref().and_then(|cells| cells.first()).map(Cell::width);
        if let (Some(width), Some(own)) = (width.known(), of_weights.or(of_cells)) {
            ensure!(width == own, "steps of {width} numbers do not fit weights for {own}");
        }
        let (directions, hidden) = (Dim::from(self.directions.len()), Dim::from(self.hidden));
        let (all, last) = if self.batch_first {
            (vec![first, second, &directions, &hidden], vec![first, &directions, &hidden])
        } else {
            (vec![first, &directions, second, &hidden], vec![&directions, second, &hidden])
        };
        let shape = |dims: Vec<&Dim>| (ElementType::F32, dims.into_iter().cloned().collect::<Vec<_>>());
        let (all, last) = (shape(all), shape(last));
        Ok(match self.kind {
            Kind::Lstm { .. } => vec![all, last.clone(), last],
            _ => vec![all, last],
        })
    }

    fn mixes_rows(&self) -> bool {
        self.rounds_state
    }

    fn eval(&self, inputs: Vec<Tensor>) -> Result<Vec<Tensor>> {
        let sequence = self.places.get(&inputs, X).context("the sequence is missing")?;
        let [first, second, width] = *sequence.shape() else { bail!("expected a sequence of rank 3") };
        let (steps, batch) = if self.batch_first { (second, first) } else { (first, second) };
        let (directions, hidden) = (self.directions.len(), self.hidden);
        let cells = match &self.cells {
            Some(cells) => cells.clone(),
            None => Arc::new(self.pack(|number| self.places.get(&inputs, number))?),
        };
        ensure!(
            cells.iter().all(|cell| cell.width() == width),
            "steps of {width} numbers do not fit the weights"
        );
        // Where the states of a direction and row lie, and those of a step, all in vectors.
        let state_strides = if self.batch_first { (1, directions) } else { (batch, 1) };
        let step_stride = if self.batch_first { directions } else { directions * batch };
        let row_stride = if self.batch_first { steps * directions } else { 1 };

        let last_shape =
            if self.batch_first { [batch, directions, hidden] } else { [directions, batch, hidden] };
        let all_shape = if self.batch_first {
            [batch, steps, directions, hidden]
        } else {
            [steps, directions, batch, hidden]
        };
        let (mut last_h, mut last_c) =
            (self.states(&inputs, INITIAL_H, &last_shape)?, self.states(&inputs, INITIAL_C, &last_shape)?);
        let mut all = vec![0.0; room(&all_shape)?];
        let lengths = self.lengths(&inputs, batch, steps)?;
        let of_direction = self.directions.iter().zip(&self.activations).zip(cells.iter());
        for (direction, ((is_backwards, activations), cell)) in of_direction.enumerate() {
            let starts: Vec<usize> = (0..batch)
                .map(|row| (direction * state_strides.0 + row * state_strides.1) * hidden)
                .collect();
            let (mut h, mut c) = (taken(&last_h, &starts, hidden)?, taken(&last_c, &starts, hidden)?);
            let sequences = Sequences {
                x: sequence.elements()?,
                steps,
                lengths: &lengths,
                strides: if self.batch_first { (1, steps) } else { (batch, 1) },
                is_backwards: *is_backwards,
            };
            let start = direction * state_strides.0;
            let mut output = |step: usize, row: usize, state: &[f32]| {
                let start = (start + step * step_stride + row * row_stride) * hidden;
                if let Some(place) = all.get_mut(start..start + hidden) {
                    place.copy_from_slice(state);
                }
            };
            let how = Step { activations, clip: self.clip, rounds_state: self.rounds_state };
            cell.run(&sequences, &how, &mut h, &mut c, &mut output)?;
            for (states, values) in [(&mut last_h, &h), (&mut last_c, &c)] {
                for (start, values) in starts.iter().zip(values.chunks_exact(hidden)) {
                    states
                        .get_mut(*start..start + hidden)
                        .context("a state has a place")?
                        .copy_from_slice(values);
                }
            }
        }
        let last = |states: Vec<f32>| Tensor::new(last_shape.to_vec(), states);
        let mut outputs = vec![Tensor::new(all_shape.to_vec(), all)?, last(last_h)?];
        if matches!(self.kind, Kind::Lstm { .. }) {
            outputs.push(last(last_c)?);
        }
        Ok(outputs)
    }

    fn rewrites(&self) -> Option<&dyn Rewrites> {
        Some(self)
    }
}

impl Rewrites for Recurrent {
    fn prepared(&self, constants: &[Option<Tensor>]) -> Result<Option<(Rewritten, Vec<usize>)>> {
        let weights = [W, R, B, PEEPHOLES];
        let constant = |number: usize| self.places.get(constants, number).and_then(Option::as_ref);
        let is_known = |number: &usize| self.places.get(constants, *number).is_none_or(Option::is_some);
        if self.cells.is_some() || !weights.iter().all(is_known) {
            return Ok(None);
        }
        let cells = Some(Arc::new(self.pack(constant)?));
        let (places, read) = self.places.without(&weights);
        let with = Self { cells, places, ..self.clone() };
        Ok(Some((Arc::new(with), read)))
    }
}

impl Recurrent {
    /// The weights of all directions, which `input` gives by their numbers.
    fn pack<'a>(&self, input: impl Fn(usize) -> Option<&'a Tensor>) -> Result<Vec<Cell>> {
        let weights = input(W).context("the weights are missing")?;
        let [_, _, width] = *weights.shape() else { bail!("expected weights of rank 3") };
        let count = self.directions.len();
        let gates = self.kind.gates() * self.hidden;
        let read = |number: usize, per_direction: usize| -> Result<Vec<&'a [f32]>> {
            let Some(tensor) = input(number) else { return Ok(vec![&[]; count]) };
            ensure!(
                per_direction.checked_mul(count) == Some(tensor.len()),
                "input {number} has shape {:?}, expected {per_direction} numbers a direction",
                tensor.shape()
            );
            let values = tensor.elements::<f32>()?;
            Ok(if per_direction == 0 { vec![&[]; count] } else { values.chunks(per_direction).collect() })
        };
        let size = |width: usize| gates.checked_mul(width).context("the weights are larger than memory");
        let (of_input, of_hidden) = (read(W, size(width)?)?, read(R, size(self.hidden)?)?);
        let (biases, peepholes) = (read(B, size(2)?)?, read(PEEPHOLES, 3 * self.hidden)?);
        let weights = of_input.iter().zip(&of_hidden).zip(biases.iter().zip(&peepholes));
        weights
            .map(|((input, hidden), (bias, peepholes))| {
                Cell::new(self.kind, self.hidden, width, &Weights { input, hidden, bias, peepholes })
            })
            .collect()
    }

    /// States before the first step; zeros where they are left out.
    fn states(&self, inputs: &[Tensor], number: usize, shape: &[usize]) -> Result<Vec<f32>> {
        let Some(states) = self.places.get(inputs, number) else { return Ok(vec![0.0; room(shape)?]) };
        ensure!(states.shape() == shape, "states of shape {:?}, expected {shape:?}", states.shape());
        Ok(states.elements::<f32>()?.to_vec())
    }

    /// How many steps each sequence of the batch has.
    fn lengths(&self, inputs: &[Tensor], batch: usize, steps: usize) -> Result<Vec<usize>> {
        let Some(lengths) = self.places.get(inputs, LENGTHS) else { return Ok(vec![steps; batch]) };
        ensure!(lengths.len() == batch, "there are {} lengths for {batch} sequences", lengths.len());
        let length = |length: i64| match usize::try_from(length) {
            Ok(length) if length <= steps => Ok(length),
            _ => bail!("a sequence of {length} steps is asked for, there are {steps}"),
        };
        lengths.to_vec::<i64>()?.into_iter().map(length).collect()
    }
}

/// The vectors of `length` numbers that begin at `starts`.
fn taken(values: &[f32], starts: &[usize], length: usize) -> Result<Vec<f32>> {
    let mut taken = Vec::with_capacity(starts.len() * length);
    for start in starts {
        taken.extend_from_slice(values.get(*start..start + length).context("a state has a place")?);
    }
    Ok(taken)
}
