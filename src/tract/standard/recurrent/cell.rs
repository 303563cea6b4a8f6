//! One direction of a recurrent operator: its step, by the equations of the standard.

use tract_onnx::tract_hir::internal::{TractResult, ensure};

use super::Kind;
use super::activation::Activation;

/// The weights of one direction, row by row.
pub(super) struct Weights<'a> {
    /// [gates × hidden, width]
    pub(super) input: &'a [f32],
    /// [gates × hidden, hidden]
    pub(super) hidden: &'a [f32],
    /// Of the input, then of the hidden state: [2 × gates × hidden]
    pub(super) bias: &'a [f32],
    /// Of the gates for input, output and forgetting: [3 × hidden]
    pub(super) peepholes: &'a [f32],
}

/// One direction.
pub(super) struct Cell<'a> {
    pub(super) kind: Kind,
    pub(super) hidden: usize,
    pub(super) width: usize,
    pub(super) weights: Weights<'a>,
    pub(super) activations: &'a [Activation],
    pub(super) clip: Option<f32>,
    pub(super) reset_last: bool,
    pub(super) coupled: bool,
}

impl Cell<'_> {
    /// Goes over all sequences of `x`, [steps, batch, width], of which each has so many steps. `h` and `c`, [batch, hidden],
    /// are the states before, and then behind. `output` gets the hidden state of a step and row.
    #[expect(
        clippy::indexing_slicing,
        reason = "all lengths are compared with the batch and the steps first"
    )]
    #[expect(clippy::too_many_arguments, reason = "they are the operator's own inputs and outputs")]
    pub(super) fn run(
        &self,
        x: &[f32],
        steps: usize,
        lengths: &[usize],
        backwards: bool,
        h: &mut [f32],
        c: &mut [f32],
        output: &mut dyn FnMut(usize, usize, &[f32]),
    ) -> TractResult<()> {
        let (batch, hidden, width) = (lengths.len(), self.hidden, self.width);
        let gates = self.kind.gates() * hidden;
        ensure!(
            x.len() == steps * batch * width
                && lengths.iter().all(|length| *length <= steps)
                && h.len() == batch * hidden
                && c.len() == batch * hidden,
            "the sequences do not fit their states"
        );
        ensure!(
            self.weights.input.len() == gates * width
                && self.weights.hidden.len() == gates * hidden
                && self.weights.bias.len() == 2 * gates
                && self.weights.peepholes.len() == 3 * hidden
                && self.activations.len() == self.kind.activations().len(),
            "the weights do not fit a hidden state of {hidden}"
        );
        let mut of_input = vec![0.0; gates];
        let mut of_hidden = vec![0.0; gates];
        for nth in 0..steps {
            for (row, length) in lengths.iter().enumerate() {
                if nth >= *length {
                    continue;
                }
                let step = if backwards { length - 1 - nth } else { nth };
                let state = row * hidden..(row + 1) * hidden;
                let start = (step * batch + row) * width;
                let (x, h, c) = (&x[start..start + width], &mut h[state.clone()], &mut c[state]);
                product(self.weights.input, x, &mut of_input);
                product(self.weights.hidden, h, &mut of_hidden);
                match self.kind {
                    Kind::Rnn => self.rnn(&of_input, &of_hidden, h),
                    Kind::Gru => self.gru(&of_input, &of_hidden, h),
                    Kind::Lstm => self.lstm(&of_input, &of_hidden, h, c),
                }
                output(step, row, h);
            }
        }
        Ok(())
    }

    fn clipped(&self, value: f32) -> f32 {
        match self.clip {
            Some(limit) if value.abs() > limit => limit.copysign(value),
            _ => value,
        }
    }

    #[expect(clippy::indexing_slicing, reason = "`run` has compared all lengths with the hidden state's")]
    fn rnn(&self, of_input: &[f32], of_hidden: &[f32], h: &mut [f32]) {
        let bias = self.weights.bias;
        for unit in 0..self.hidden {
            let sum = of_input[unit] + of_hidden[unit] + bias[unit] + bias[self.hidden + unit];
            h[unit] = self.activations[0].of(self.clipped(sum));
        }
    }

    /// The gates are those for update, reset and the new state.
    #[expect(clippy::indexing_slicing, reason = "`run` has compared all lengths with the hidden state's")]
    fn gru(&self, of_input: &[f32], of_hidden: &[f32], h: &mut [f32]) {
        let (hidden, bias) = (self.hidden, self.weights.bias);
        let [gate, new] = [self.activations[0], self.activations[1]];
        let sum = |unit: usize| of_input[unit] + of_hidden[unit] + bias[unit] + bias[3 * hidden + unit];
        let update: Vec<f32> = (0..hidden).map(|unit| gate.of(self.clipped(sum(unit)))).collect();
        let reset: Vec<f32> = (hidden..2 * hidden).map(|unit| gate.of(self.clipped(sum(unit)))).collect();
        let last = 2 * hidden..3 * hidden;
        let of_reset: Vec<f32> = if self.reset_last {
            last.clone()
                .map(|unit| of_hidden[unit] + bias[3 * hidden + unit])
                .zip(&reset)
                .map(|(sum, reset)| sum * reset)
                .collect()
        } else {
            let remaining: Vec<f32> = h.iter().zip(&reset).map(|(h, reset)| h * reset).collect();
            let mut sums = vec![0.0; hidden];
            product(&self.weights.hidden[last.start * hidden..], &remaining, &mut sums);
            last.clone().zip(sums).map(|(unit, sum)| sum + bias[3 * hidden + unit]).collect()
        };
        for unit in 0..hidden {
            let sum = of_input[2 * hidden + unit] + of_reset[unit] + bias[2 * hidden + unit];
            let candidate = new.of(self.clipped(sum));
            h[unit] = (1.0 - update[unit]) * candidate + update[unit] * h[unit];
        }
    }

    /// The gates are those for input, output, forgetting and the new state.
    #[expect(clippy::indexing_slicing, reason = "`run` has compared all lengths with the hidden state's")]
    fn lstm(&self, of_input: &[f32], of_hidden: &[f32], h: &mut [f32], c: &mut [f32]) {
        let (hidden, bias, peepholes) = (self.hidden, self.weights.bias, self.weights.peepholes);
        let [gate, new, out] = [self.activations[0], self.activations[1], self.activations[2]];
        let sum = |gate: usize, unit: usize| {
            let place = gate * hidden + unit;
            of_input[place] + of_hidden[place] + bias[place] + bias[4 * hidden + place]
        };
        for unit in 0..hidden {
            let input = gate.of(self.clipped(sum(0, unit) + peepholes[unit] * c[unit]));
            let forget = if self.coupled {
                1.0 - input
            } else {
                gate.of(self.clipped(sum(2, unit) + peepholes[2 * hidden + unit] * c[unit]))
            };
            c[unit] = forget * c[unit] + input * new.of(self.clipped(sum(3, unit)));
            let output = gate.of(self.clipped(sum(1, unit) + peepholes[hidden + unit] * c[unit]));
            h[unit] = output * out.of(c[unit]);
        }
    }
}

/// The products of each row of `matrix` with `vector`.
fn product(matrix: &[f32], vector: &[f32], output: &mut [f32]) {
    if vector.is_empty() {
        output.fill(0.0);
        return;
    }
    for (row, output) in matrix.chunks_exact(vector.len()).zip(output) {
        *output = dot(row, vector);
    }
}

/// A sum in eight lanes, which compilers turn into vector instructions.
fn dot(a: &[f32], b: &[f32]) -> f32 {
    let (a_blocks, a_rest) = a.as_chunks::<8>();
    let (b_blocks, b_rest) = b.as_chunks::<8>();
    let mut lanes = [0.0; 8];
    for (a, b) in a_blocks.iter().zip(b_blocks) {
        for ((lane, a), b) in lanes.iter_mut().zip(a).zip(b) {
            *lane += a * b;
        }
    }
    let rest: f32 = a_rest.iter().zip(b_rest).map(|(a, b)| a * b).sum();
    lanes.iter().sum::<f32>() + rest
}
