//! An LSTM that is one operator: the steps of a sequence, whose number is known, one after the other.

use super::operators::Step;
use crate::onnx::Tensor;
use crate::refusal::Result;
use crate::tensorflow::MOST_ROUNDS;
use crate::tensorflow::proto::Attr;

/// Where weights, recurrent weights and summands of the gates begin among the inputs: each has those of the input, of what is forgotten, of the
/// cell and of the output.
const WEIGHTS: usize = 1;
const RECURRENT: usize = 5;
const SUMMANDS: usize = 12;
/// What comes before the first step.
const STATE: usize = 18;
const CELL: usize = 19;
/// Inputs that no translation has, and what they are.
const OTHERS: [(std::ops::Range<usize>, &str); 3] =
    [(9..12, "looks at its cell"), (16..18, "projects its output"), (20..24, "normalises its gates")];
const TANH: u8 = 4;

pub(super) fn lstm(step: &mut Step<'_>) -> Result<Vec<Tensor>> {
    for (mut places, what) in OTHERS {
        if places.any(|place| step.optional(place).is_some()) {
            return Err(step.unsupported(what));
        }
    }
    if step.byte(0)? != TANH {
        return Err(step.unsupported(format!("has the activation number {}", step.byte(0)?)));
    }
    let most = step.float(1)?;
    let axis = if step.flag(3)? { 0 } else { 1 };
    let steps = step.input(0)?.dim(axis).filter(|steps| (1..=MOST_ROUNDS).contains(steps));
    let steps = steps.ok_or_else(|| step.unsupported("reads a sequence of unknown or of great length"))?;
    let (mut gates, mut recurrent) = (Vec::new(), Vec::new());
    for gate in 0..4 {
        gates.push(given(step, gate, axis, steps)?);
        recurrent.push(step.input(RECURRENT + gate)?);
    }
    let (mut state, mut cell) = (step.optional(STATE), step.optional(CELL));
    let mut outputs = Vec::new();
    for place in 0..steps {
        let mut sums = Vec::new();
        for (gate, recurrent) in gates.iter().zip(&recurrent) {
            let sum =
                gate.get(place).cloned().ok_or_else(|| step.invalid("has other lengths than its input"))?;
            sums.push(match &state {
                None => sum,
                Some(state) => {
                    let more = product(step, state.clone(), recurrent.clone())?;
                    step.one("AddV2", vec![sum, more])?
                }
            });
        }
        let next = cell_after(step, &sums, cell.take(), most)?;
        let output = sums.pop().ok_or_else(|| step.invalid("has no gates"))?;
        let opened = step.one("Sigmoid", vec![output])?;
        let bent = step.one("Tanh", vec![next.clone()])?;
        let output = step.one("Mul", vec![opened, bent])?;
        outputs.push(output.clone());
        (state, cell) = (Some(output), Some(next));
    }
    step.tensorflow("Pack", outputs, vec![("axis", Attr::Int(axis as i64))])
}

/// What a gate is given by the sequence, for each step.
fn given(step: &mut Step<'_>, gate: usize, axis: usize, steps: usize) -> Result<Vec<Tensor>> {
    // Without weights of its own, a gate is what another one leaves.
    let Some(weights) = step.optional(WEIGHTS + gate) else {
        return Err(step.unsupported("shares its gates"));
    };
    let sequence = step.input(0)?;
    let mut sum = product(step, sequence, weights)?;
    if let Some(summands) = step.bias(SUMMANDS + gate)? {
        sum = step.one("BiasAdd", vec![sum, summands])?;
    }
    step.tensorflow(
        "Unpack",
        vec![sum],
        vec![("num", Attr::Int(steps as i64)), ("axis", Attr::Int(axis as i64))],
    )
}

/// The product with weights that have a row for each output.
fn product(step: &mut Step<'_>, tensor: Tensor, weights: Tensor) -> Result<Tensor> {
    let made = step.tensorflow("MatMul", vec![tensor, weights], vec![("transpose_b", Attr::Bool(true))])?;
    made.into_iter().next().ok_or_else(|| step.invalid("has no output"))
}

/// What the cell holds after a step.
fn cell_after(step: &mut Step<'_>, gates: &[Tensor], cell: Option<Tensor>, most: f32) -> Result<Tensor> {
    let [input, forget, new, _] = gates else { return Err(step.invalid("has other gates than four")) };
    let taken = step.one("Sigmoid", vec![input.clone()])?;
    let new = step.one("Tanh", vec![new.clone()])?;
    let mut next = step.one("Mul", vec![taken, new])?;
    if let Some(cell) = cell {
        let kept = step.one("Sigmoid", vec![forget.clone()])?;
        let kept = step.one("Mul", vec![kept, cell])?;
        next = step.one("AddV2", vec![kept, next])?;
    }
    if most > 0.0 {
        next = step.clipped(next, -most, most)?.remove(0);
    }
    Ok(next)
}
