//! One direction of a recurrent operator: its weights, packed, and its step, by the equations of the standard.

use anyhow::{Result, ensure};
use predictql_kernels::integers;
use predictql_kernels::panels::{Finish, Panels};

use super::activation::Activation;

/// What a step computes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Rnn,
    Gru {
        /// Whether the reset gate comes behind the product with the hidden state.
        resets_last: bool,
    },
    Lstm {
        /// Whether the forget gate is what the input gate leaves.
        is_coupled: bool,
    },
}

impl Kind {
    /// How many vectors as long as the hidden state a step computes of its input.
    pub(super) fn gates(self) -> usize {
        match self {
            Self::Rnn => 1,
            Self::Gru { .. } => 3,
            Self::Lstm { .. } => 4,
        }
    }

    /// The activations of a step where the node names none.
    pub(super) fn activations(self) -> &'static [&'static str] {
        match self {
            Self::Rnn => &["Tanh"],
            Self::Gru { .. } => &["Sigmoid", "Tanh"],
            Self::Lstm { .. } => &["Sigmoid", "Tanh", "Tanh"],
        }
    }

    /// How many of the gates take the hidden state as it is: the new state of a GRU is computed behind them.
    fn at_once(self) -> usize {
        match self {
            Self::Gru { .. } => 2,
            _ => self.gates(),
        }
    }
}

/// The weights of one direction, as the standard lists them.
pub(super) struct Weights<'a> {
    /// [gates × hidden, width]
    pub(super) input: &'a [f32],
    /// [gates × hidden, hidden]
    pub(super) hidden: &'a [f32],
    /// Of the input, then of the hidden state: [2 × gates × hidden]; empty where there are none.
    pub(super) bias: &'a [f32],
    /// Of the gates for input, output and forgetting: [3 × hidden]; empty where there are none.
    pub(super) peepholes: &'a [f32],
}

/// The weights of one direction, ready for products.
#[derive(Debug)]
pub(super) struct Cell {
    kind: Kind,
    hidden: usize,
    width: usize,
    of_input: Panels,
    /// Of the gates that take the hidden state as it is.
    of_hidden: Panels,
    /// Of the new state of a GRU.
    of_reset: Option<Panels>,
    /// What is added to the sums of all gates.
    bias: Vec<f32>,
    /// What a GRU adds before it resets.
    reset_bias: Vec<f32>,
    peepholes: Vec<f32>,
}

/// The sequences of a batch, and where their steps lie.
pub(super) struct Sequences<'a> {
    /// All steps of all rows.
    pub(super) x: &'a [f32],
    pub(super) steps: usize,
    /// How many steps each row has.
    pub(super) lengths: &'a [usize],
    /// How far apart neighbouring steps and neighbouring rows are, in vectors.
    pub(super) strides: (usize, usize),
    pub(super) is_backwards: bool,
}

impl Sequences<'_> {
    /// The step of a row that is computed as the `nth`, if it has as many.
    fn step(&self, nth: usize, row: usize) -> Option<usize> {
        let length = self.lengths.get(row).copied().filter(|length| nth < *length)?;
        Some(if self.is_backwards { length - 1 - nth } else { nth })
    }
}

/// How a step goes.
pub(super) struct Step<'a> {
    pub(super) activations: &'a [Activation],
    pub(super) clip: Option<f32>,
    pub(super) rounds_state: bool,
}

/// Sums of so many gates are computed before the steps that they belong to.
const AHEAD: usize = 1 << 18;

impl Cell {
    /// # Errors
    /// Where the weights do not fit.
    #[expect(clippy::indexing_slicing, reason = "all lengths are compared first")]
    pub(super) fn new(kind: Kind, hidden: usize, width: usize, weights: &Weights<'_>) -> Result<Self> {
        let (gates, at_once) = (kind.gates() * hidden, kind.at_once() * hidden);
        let biases = weights.bias.len();
        ensure!(
            weights.input.len() == gates * width
                && weights.hidden.len() == gates * hidden
                && (biases == 0 || biases == 2 * gates)
                && (weights.peepholes.is_empty() || weights.peepholes.len() == 3 * hidden),
            "the weights do not fit {width} numbers and a hidden state of {hidden}"
        );
        let mut bias = vec![0.0; gates];
        let mut reset_bias = vec![0.0; gates - at_once];
        if let Some((of_input, of_hidden)) = weights.bias.split_at_checked(gates) {
            bias.copy_from_slice(of_input);
            let adds_later = kind == Kind::Gru { resets_last: true };
            let first = if adds_later { at_once } else { gates };
            bias.iter_mut().zip(&of_hidden[..first]).for_each(|(bias, other)| *bias += other);
            if adds_later {
                reset_bias.copy_from_slice(&of_hidden[at_once..]);
            }
        }
        let of_reset = (at_once < gates)
            .then(|| Panels::of_columns(&weights.hidden[at_once * hidden..], hidden, hidden, hidden));
        Ok(Self {
            kind,
            hidden,
            width,
            of_input: Panels::of_columns(weights.input, width, width, gates),
            of_hidden: Panels::of_columns(weights.hidden, hidden, hidden, at_once),
            of_reset,
            bias,
            reset_bias,
            peepholes: weights.peepholes.to_vec(),
        })
    }

    pub(super) fn width(&self) -> usize {
        self.width
    }

    /// Goes over all sequences. `h` and `c`, [batch, hidden], are the states before, and then behind. `output` gets the
    /// hidden state of a step and row.
    ///
    /// # Errors
    /// Where the sequences do not fit the states.
    #[expect(
        clippy::indexing_slicing,
        reason = "all lengths are compared with the batch and the steps first"
    )]
    pub(super) fn run(
        &self,
        sequences: &Sequences<'_>,
        how: &Step<'_>,
        h: &mut [f32],
        c: &mut [f32],
        output: &mut dyn FnMut(usize, usize, &[f32]),
    ) -> Result<()> {
        let (batch, hidden, width) = (sequences.lengths.len(), self.hidden, self.width);
        let (gates, at_once) = (self.kind.gates() * hidden, self.kind.at_once() * hidden);
        ensure!(
            sequences.x.len() == sequences.steps * batch * width
                && sequences.lengths.iter().all(|length| *length <= sequences.steps)
                && h.len() == batch * hidden
                && c.len() == batch * hidden
                && how.activations.len() == self.kind.activations().len(),
            "the sequences do not fit their states"
        );
        // Default: without rows there is no longest one.
        let longest = sequences.lengths.iter().copied().max().unwrap_or(0);
        let ahead = (AHEAD / (batch * gates).max(1)).clamp(1, longest.max(1));
        let mut xs = vec![0.0; ahead * batch * width];
        let mut sums = vec![0.0; ahead * batch * gates];
        let mut recurrent = vec![0.0; batch * at_once];
        let mut reset = vec![0.0; batch * (gates - at_once)];
        for first in (0..longest).step_by(ahead) {
            for nth in first..longest.min(first + ahead) {
                for row in 0..batch {
                    let Some(step) = sequences.step(nth, row) else { continue };
                    let from = (step * sequences.strides.0 + row * sequences.strides.1) * width;
                    let to = ((nth - first) * batch + row) * width;
                    xs[to..to + width].copy_from_slice(&sequences.x[from..from + width]);
                }
            }
            multiply(&self.of_input, &xs, &self.bias, &mut sums);
            for nth in first..longest.min(first + ahead) {
                let sums = &mut sums[(nth - first) * batch * gates..][..batch * gates];
                let rounded = how.rounds_state.then(|| rounded(h));
                multiply(&self.of_hidden, rounded.as_deref().unwrap_or(h), &[], &mut recurrent);
                for (sums, recurrent) in sums.chunks_exact_mut(gates).zip(recurrent.chunks_exact(at_once)) {
                    sums.iter_mut().zip(recurrent).for_each(|(sum, more)| *sum += more);
                }
                if let Some(of_reset) = &self.of_reset {
                    self.gate(how, sums, h, of_reset, &mut reset);
                }
                for row in 0..batch {
                    let Some(step) = sequences.step(nth, row) else { continue };
                    let state = row * hidden..(row + 1) * hidden;
                    let sums = &mut sums[row * gates..(row + 1) * gates];
                    let h = &mut h[state.clone()];
                    match self.kind {
                        Kind::Rnn => {
                            how.activate(0, sums);
                            h.copy_from_slice(sums);
                        }
                        Kind::Gru { .. } => gru(how, sums, &reset[state], h),
                        Kind::Lstm { is_coupled } => self.lstm(how, is_coupled, sums, h, &mut c[state]),
                    }
                    output(step, row, h);
                }
            }
        }
        // onnxruntime gives no state for a sequence without steps.
        for (row, _) in sequences.lengths.iter().enumerate().filter(|(_, length)| **length == 0) {
            let state = row * hidden..(row + 1) * hidden;
            h[state.clone()].fill(0.0);
            c[state].fill(0.0);
        }
        Ok(())
    }

    /// Both gates of a GRU for all rows, and what the hidden state behind the reset gate adds to the new state.
    #[expect(clippy::indexing_slicing, reason = "`run` has compared all lengths with the hidden state's")]
    fn gate(&self, how: &Step<'_>, sums: &mut [f32], h: &[f32], of_reset: &Panels, reset: &mut [f32]) {
        let hidden = self.hidden;
        for sums in sums.chunks_exact_mut(3 * hidden) {
            how.activate(0, &mut sums[..2 * hidden]);
        }
        let gates =
            |row: usize, sums: &[f32]| -> Vec<f32> { sums[row * 3 * hidden + hidden..][..hidden].to_vec() };
        let scale = |values: &mut [f32]| {
            for (row, values) in values.chunks_exact_mut(hidden).enumerate() {
                values.iter_mut().zip(gates(row, sums)).for_each(|(value, gate)| *value *= gate);
            }
        };
        if self.kind == (Kind::Gru { resets_last: true }) {
            multiply(of_reset, h, &self.reset_bias, reset);
            scale(reset);
        } else {
            let mut remaining = h.to_vec();
            scale(&mut remaining);
            multiply(of_reset, &remaining, &[], reset);
        }
    }

    /// The gates are those for input, output, forgetting and the new state.
    #[expect(clippy::indexing_slicing, reason = "`run` has compared all lengths with the hidden state's")]
    fn lstm(&self, how: &Step<'_>, is_coupled: bool, sums: &mut [f32], h: &mut [f32], c: &mut [f32]) {
        let hidden = self.hidden;
        let (input, rest) = sums.split_at_mut(hidden);
        let (output, rest) = rest.split_at_mut(hidden);
        let (forget, new) = rest.split_at_mut(hidden);
        let peep = |sums: &mut [f32], c: &[f32], which: usize| {
            if let Some(peepholes) = self.peepholes.get(which * hidden..(which + 1) * hidden) {
                for ((sum, c), weight) in sums.iter_mut().zip(c).zip(peepholes) {
                    *sum += weight * c;
                }
            }
        };
        peep(input, c, 0);
        how.activate(0, input);
        if is_coupled {
            forget.iter_mut().zip(&*input).for_each(|(forget, input)| *forget = 1.0 - input);
        } else {
            peep(forget, c, 2);
            how.activate(0, forget);
        }
        how.activate(1, new);
        for unit in 0..hidden {
            c[unit] = forget[unit] * c[unit] + input[unit] * new[unit];
        }
        peep(output, c, 1);
        how.activate(0, output);
        h.copy_from_slice(c);
        how.activations[2].apply(h);
        h.iter_mut().zip(&*output).for_each(|(h, output)| *h *= output);
    }
}

impl Step<'_> {
    /// Puts activations into the places of sums, which are clipped before.
    #[expect(clippy::indexing_slicing, reason = "`run` has counted the activations")]
    fn activate(&self, which: usize, sums: &mut [f32]) {
        if let Some(limit) = self.clip {
            // NaN stays.
            sums.iter_mut().filter(|sum| sum.abs() > limit).for_each(|sum| *sum = limit.copysign(*sum));
        }
        self.activations[which].apply(sums);
    }
}

/// Values as numbers of 8 bits can say them, in steps that suit all of them together.
fn rounded(values: &[f32]) -> Vec<f32> {
    let step = integers::Step::of_range(values);
    let mut rounded = values.to_vec();
    step.snap(&mut rounded, step.scale, step.zero);
    rounded
}

/// The new hidden state of a GRU from its gates, those for update and reset, and `reset`.
#[expect(clippy::indexing_slicing, reason = "`run` has compared all lengths with the hidden state's")]
fn gru(how: &Step<'_>, sums: &mut [f32], reset: &[f32], h: &mut [f32]) {
    let (gates, new) = sums.split_at_mut(2 * h.len());
    new.iter_mut().zip(reset).for_each(|(new, reset)| *new += reset);
    how.activate(1, new);
    for unit in 0..h.len() {
        h[unit] = (1.0 - gates[unit]) * new[unit] + gates[unit] * h[unit];
    }
}

/// The products of `rows` and a matrix, and `bias`.
fn multiply(panels: &Panels, rows: &[f32], bias: &[f32], product: &mut [f32]) {
    if panels.depth() > 0 {
        let finish = Finish { bias, low: f32::NEG_INFINITY, high: f32::INFINITY, onto: false };
        panels.product(rows, &finish, None, product);
    } else if bias.is_empty() {
        product.fill(0.0);
    } else {
        product.chunks_exact_mut(bias.len()).for_each(|row| row.copy_from_slice(bias));
    }
}
