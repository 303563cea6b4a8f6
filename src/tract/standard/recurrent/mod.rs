//! `RNN`, `GRU` and `LSTM` (ONNX, versions 7 to 22): sequences step by step.
//!
//! tract scans its own graph of a step; that scan keeps its state from one run to the next, and stops the program where the
//! batch is free. These operators start every run with the states that they are given, or with zeros, and take any batch,
//! both layouts, lengths of sequences, both directions, clipping and all activations of the standard.

mod activation;
mod cell;

use tract_onnx::model::ParsingContext;
use tract_onnx::pb::NodeProto;
use tract_onnx::tract_hir::internal::{
    DatumType, TDim, TValue, TVec, Tensor, ToDim, TractResult, bail, ensure, tensor1, tvec,
};

use super::{Operator, Shape, elements, list_or_empty};
use activation::Activation;
use cell::{Cell, Weights};

/// What a step computes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Rnn,
    Gru,
    Lstm,
}

impl Kind {
    /// How many vectors as long as the hidden state a step computes of its input.
    fn gates(self) -> usize {
        match self {
            Self::Rnn => 1,
            Self::Gru => 3,
            Self::Lstm => 4,
        }
    }

    /// The activations of a step where the node names none.
    fn activations(self) -> &'static [&'static str] {
        match self {
            Self::Rnn => &["Tanh"],
            Self::Gru => &["Sigmoid", "Tanh"],
            Self::Lstm => &["Sigmoid", "Tanh", "Tanh"],
        }
    }
}

/// A recurrent operator.
#[derive(Debug)]
struct Recurrent {
    kind: Kind,
    hidden: usize,
    /// For each direction, whether it goes backwards.
    directions: Vec<bool>,
    /// For each direction, the activations of a step.
    activations: Vec<Vec<Activation>>,
    clip: Option<f32>,
    /// Whether the reset gate of a GRU comes behind the product with the hidden state.
    reset_last: bool,
    /// Whether the forget gate of an LSTM is what the input gate leaves.
    coupled: bool,
    /// Whether the batch stands in front of the steps.
    batch_first: bool,
    /// Which of the operator's eight inputs are there.
    given: [bool; 8],
}

macro_rules! operator {
    ($name:ident, $kind:expr) => {
        #[doc = concat!("The operator `", stringify!($kind), "`.")]
        #[derive(Debug)]
        pub(super) struct $name(Recurrent);

        impl Operator for $name {
            fn parse(_: &ParsingContext<'_>, node: &NodeProto) -> TractResult<Self> {
                Recurrent::parse($kind, node).map(Self)
            }

            fn outputs(&self, inputs: &[Shape]) -> TractResult<TVec<Shape>> {
                self.0.outputs(inputs)
            }

            fn eval(&self, inputs: &[TValue]) -> TractResult<TVec<Tensor>> {
                self.0.eval(inputs)
            }
        }
    };
}

operator!(Rnn, Kind::Rnn);
operator!(Gru, Kind::Gru);
operator!(Lstm, Kind::Lstm);

/// The operator's inputs by their numbers in the standard.
const X: usize = 0;
const W: usize = 1;
const R: usize = 2;
const B: usize = 3;
const LENGTHS: usize = 4;
const INITIAL_H: usize = 5;
const INITIAL_C: usize = 6;
const PEEPHOLES: usize = 7;

impl Recurrent {
    fn parse(kind: Kind, node: &NodeProto) -> TractResult<Self> {
        let directions = match node.get_attr_opt("direction")?.unwrap_or("forward") {
            "forward" => vec![false],
            "reverse" => vec![true],
            "bidirectional" => vec![false, true],
            other => bail!("there is no direction `{other}`"),
        };
        let names = list_or_empty::<String>(node, "activations")?;
        let names: Vec<&str> = if names.is_empty() {
            kind.activations().repeat(directions.len())
        } else {
            names.iter().map(String::as_str).collect()
        };
        let per_direction = kind.activations().len();
        ensure!(
            names.len() == per_direction * directions.len(),
            "expected {per_direction} activations a direction"
        );
        let parameters = |name: &str| list_or_empty::<f32>(node, name);
        let activations =
            Activation::parse(&names, &parameters("activation_alpha")?, &parameters("activation_beta")?)?;
        let flag =
            |name: &str| -> TractResult<bool> { Ok(node.get_attr_opt::<i64>(name)?.unwrap_or(0) != 0) };
        let mut given = [false; 8];
        for (given, name) in given.iter_mut().zip(&node.input) {
            *given = !name.is_empty();
        }
        ensure!(given[X] && given[W] && given[R], "the sequence and both weights are needed");
        Ok(Self {
            kind,
            hidden: node.get_attr::<usize>("hidden_size")?,
            activations: activations.chunks(per_direction).map(<[Activation]>::to_vec).collect(),
            directions,
            clip: node.get_attr_opt("clip")?,
            reset_last: flag("linear_before_reset")?,
            coupled: flag("input_forget")?,
            batch_first: flag("layout")?,
            given,
        })
    }

    /// The input with this number in the standard, if it is there.
    fn input<'a, T>(&self, inputs: &'a [T], number: usize) -> Option<&'a T> {
        let before = self.given.iter().take(number).filter(|given| **given).count();
        inputs.get(before).filter(|_| self.given.get(number) == Some(&true))
    }

    fn outputs(&self, inputs: &[Shape]) -> TractResult<TVec<Shape>> {
        let Some((element, sequence)) = self.input(inputs, X) else { bail!("the sequence is missing") };
        let [first, second, _] = sequence.as_slice() else {
            bail!("expected a sequence of rank 3, found rank {}", sequence.len())
        };
        let (directions, hidden): (TDim, TDim) = (self.directions.len().to_dim(), self.hidden.to_dim());
        let (all, last) = if self.batch_first {
            (
                tvec!(first.clone(), second.clone(), directions.clone(), hidden.clone()),
                tvec!(first.clone(), directions, hidden),
            )
        } else {
            (
                tvec!(first.clone(), directions.clone(), second.clone(), hidden.clone()),
                tvec!(directions, second.clone(), hidden),
            )
        };
        let mut outputs = tvec!((*element, all), (*element, last.clone()));
        if self.kind == Kind::Lstm {
            outputs.push((*element, last));
        }
        Ok(outputs)
    }

    fn eval(&self, inputs: &[TValue]) -> TractResult<TVec<Tensor>> {
        let Some(sequence) = self.input(inputs, X) else { bail!("the sequence is missing") };
        let element = sequence.datum_type();
        ensure!(element == DatumType::F32, "expected a sequence of float32, found {element:?}");
        let [first, second, width] = *sequence.shape() else { bail!("expected a sequence of rank 3") };
        let (steps, batch) = if self.batch_first { (second, first) } else { (first, second) };
        let (directions, hidden, gates) = (self.directions.len(), self.hidden, self.kind.gates());
        // Whatever the layout, the work is done on [steps, batch, …] and [directions, batch, …].
        let x = swapped(elements::<f32>(sequence)?, self.batch_first, batch, steps, width);
        let weights = [
            self.read(inputs, W, directions * gates * hidden * width)?,
            self.read(inputs, R, directions * gates * hidden * hidden)?,
            self.read(inputs, B, directions * 2 * gates * hidden)?,
            self.read(inputs, PEEPHOLES, directions * 3 * hidden)?,
        ];
        let states = |number: usize| -> TractResult<Vec<f32>> {
            let states = self.read(inputs, number, directions * batch * hidden)?;
            Ok(swapped(states, self.batch_first, batch, directions, hidden))
        };
        let (mut h, mut c) = (states(INITIAL_H)?, states(INITIAL_C)?);
        let lengths = self.lengths(inputs, batch, steps)?;

        let mut all = vec![0.0; steps * directions * batch * hidden];
        for (direction, backwards) in self.directions.iter().enumerate() {
            let cell = self.cell(direction, width, &weights)?;
            let size = batch * hidden;
            let states = direction * size..(direction + 1) * size;
            let (Some(h), Some(c)) = (h.get_mut(states.clone()), c.get_mut(states)) else {
                bail!("the states are too short")
            };
            let mut output = |step: usize, row: usize, state: &[f32]| {
                let start = ((step * directions + direction) * batch + row) * hidden;
                all.iter_mut().skip(start).zip(state).for_each(|(slot, value)| *slot = *value);
            };
            cell.run(&x, steps, &lengths, *backwards, h, c, &mut output)?;
        }

        let all = swapped(all, self.batch_first, steps * directions, batch, hidden);
        let (all_shape, last_shape) = if self.batch_first {
            ([batch, steps, directions, hidden], [batch, directions, hidden])
        } else {
            ([steps, directions, batch, hidden], [directions, batch, hidden])
        };
        let last = |states: Vec<f32>| {
            tensor1(&swapped(states, self.batch_first, directions, batch, hidden)).into_shape(&last_shape)
        };
        let mut outputs = tvec!(tensor1(&all).into_shape(&all_shape)?, last(h)?);
        if self.kind == Kind::Lstm {
            outputs.push(last(c)?);
        }
        Ok(outputs)
    }

    /// A step in one direction. `weights` are those of all directions: of the input, of the hidden state, the biases and
    /// the peepholes.
    fn cell<'a>(
        &'a self,
        direction: usize,
        width: usize,
        weights: &'a [Vec<f32>; 4],
    ) -> TractResult<Cell<'a>> {
        let Some(activations) = self.activations.get(direction) else { bail!("activations are missing") };
        let (hidden, gates) = (self.hidden, self.kind.gates());
        let [w, r, b, peepholes] = weights;
        Ok(Cell {
            kind: self.kind,
            hidden,
            width,
            weights: Weights {
                input: part(w, direction, gates * hidden * width),
                hidden: part(r, direction, gates * hidden * hidden),
                bias: part(b, direction, 2 * gates * hidden),
                peepholes: part(peepholes, direction, 3 * hidden),
            },
            activations,
            clip: self.clip,
            reset_last: self.reset_last,
            coupled: self.coupled,
        })
    }

    /// The values of an input; zeros where it is left out.
    fn read(&self, inputs: &[TValue], number: usize, length: usize) -> TractResult<Vec<f32>> {
        let Some(input) = self.input(inputs, number) else { return Ok(vec![0.0; length]) };
        ensure!(
            input.len() == length,
            "input {number} has shape {:?}, expected {length} values",
            input.shape()
        );
        elements::<f32>(input)
    }

    /// How many steps each sequence of the batch has.
    fn lengths(&self, inputs: &[TValue], batch: usize, steps: usize) -> TractResult<Vec<usize>> {
        let Some(lengths) = self.input(inputs, LENGTHS) else { return Ok(vec![steps; batch]) };
        let lengths = elements::<i64>(lengths)?;
        ensure!(lengths.len() == batch, "there are {} lengths for {batch} sequences", lengths.len());
        let length = |length: i64| match usize::try_from(length) {
            Ok(length) if length <= steps => Ok(length),
            _ => bail!("a sequence of {length} steps is asked for, there are {steps}"),
        };
        lengths.into_iter().map(length).collect()
    }
}

/// The part of `values` that belongs to a direction, which has so many of them.
#[expect(clippy::indexing_slicing, reason = "the values were read with this length for each direction")]
fn part(values: &[f32], direction: usize, length: usize) -> &[f32] {
    &values[direction * length..(direction + 1) * length]
}

/// `values` of shape [first, second, inner] with the first two axes swapped, if they are to be.
fn swapped(values: Vec<f32>, swap: bool, first: usize, second: usize, inner: usize) -> Vec<f32> {
    if !swap || first == 1 || second == 1 || inner == 0 {
        return values;
    }
    let blocks: Vec<&[f32]> = values.chunks_exact(inner).collect();
    (0..second)
        .flat_map(|column| blocks.iter().skip(column).step_by(second).copied().flatten().copied())
        .collect()
}
