//! `Loop` (ONNX, versions 1 to 25): a body runs until its condition fails or it has run as often as it should, with states
//! that each round hands to the next.

use std::sync::Arc;

use anyhow::{Context as _, Result, bail, ensure};
use litemap::LiteMap;

use super::branch::holds;
use super::graph::Graph;
use super::rewrite;
use super::scan::{nothing, stacked};
use crate::limits::{LOOP_BYTES, LOOP_ROUNDS, TENSOR_BYTES};
use crate::onnx::pb::NodeProto;
use crate::operators::{Context, Dim, Operator, Rewrites, Rewritten, Shape};
use crate::tensor::{ElementType, Tensor};

#[derive(Debug)]
pub(super) struct Loop {
    /// It takes the number of the round, the condition and the states, and gives the next condition, the next states and a
    /// value of the round for each other output.
    body: Graph,
    states: usize,
    /// Whether the number of rounds and the first condition are given.
    given: [bool; 2],
}

/// A loop's inputs.
struct Parts<'a, T> {
    rounds: Option<&'a T>,
    condition: Option<&'a T>,
    states: &'a [T],
    /// The values around the graph that the body reads.
    captured: &'a [T],
}

/// How often the shapes of states are looked at before they have to be settled.
const SETTLED: usize = 8;

/// A loop of more rounds is not run before the graph is.
const FOLDED_ROUNDS: i64 = 1 << 10;

impl Loop {
    fn parts<'a, T>(&self, inputs: &'a [T]) -> Result<Parts<'a, T>> {
        let mut rest = inputs;
        let mut next = |is_given: bool| {
            let (first, others) = rest.split_first().filter(|_| is_given)?;
            rest = others;
            Some(first)
        };
        let [rounds, condition] = self.given.map(&mut next);
        let (states, captured) = rest.split_at_checked(self.states).context("a loop has its states")?;
        Ok(Parts { rounds, condition, states, captured })
    }

    /// Types and dimensions of the outputs of the body, with states that keep theirs from round to round; and whether the
    /// condition is then known to be true. `known` are the values of what the body captures, and of the first condition.
    fn settled(
        &self,
        inputs: &Parts<'_, Shape>,
        known: &Parts<'_, Option<Tensor>>,
        condition: Option<Tensor>,
    ) -> Result<(Vec<Shape>, bool)> {
        let mut states = inputs.states.to_vec();
        let mut values = vec![None, condition];
        values.resize(2 + self.states, None);
        values.extend_from_slice(known.captured);
        for _ in 0..SETTLED {
            let mut inner = vec![(ElementType::I64, Vec::new()), (ElementType::Bool, Vec::new())];
            inner.extend_from_slice(&states);
            inner.extend_from_slice(inputs.captured);
            let inferred = self.body.infer_for(&inner, &values)?;
            let mut is_settled = true;
            for (before, after) in states.iter_mut().zip(inferred.shapes.iter().skip(1)) {
                ensure!(before.0 == after.0, "a state of {:?} becomes one of {:?}", before.0, after.0);
                if before.1.len() != after.1.len() {
                    before.1 = vec![Dim::open(); after.1.len()];
                    is_settled = false;
                }
                let unlike = before.1.iter_mut().zip(&after.1).filter(|(before, after)| *before != *after);
                for (dim, _) in unlike.filter(|(dim, _)| **dim != Dim::open()) {
                    *dim = Dim::open();
                    is_settled = false;
                }
            }
            if !is_settled {
                continue;
            }
            let first = inferred.known.first().and_then(Option::as_ref);
            let goes_on = first.map(holds).transpose()?.unwrap_or(false);
            let mut shapes = inferred.shapes;
            shapes.splice(1..=self.states, states);
            return Ok((shapes, goes_on));
        }
        bail!("the states of a loop have other axes in every round")
    }

    /// The outputs that collect a value of every round, where there was none.
    fn nothing_made(&self, states: &[Tensor], captured: &[Tensor]) -> Result<Vec<Tensor>> {
        let mut given = vec![Tensor::scalar(0_i64), Tensor::scalar(true)];
        given.extend_from_slice(states);
        given.extend_from_slice(captured);
        let shapes = self.body.infer_of(&given)?.shapes;
        shapes.iter().skip(1 + self.states).map(|shape| nothing(shape, 0)).collect()
    }
}

impl Operator for Loop {
    fn parse(ctx: &Context<'_>, node: &NodeProto) -> Result<Self> {
        let mut body = Graph::with_captured(node.required("body")?, &LiteMap::new(), ctx.opset)?;
        body.fold();
        let inputs = body.inputs() - body.captured().len();
        let states = inputs.checked_sub(2).context("a loop's body takes a round and a condition")?;
        ensure!(body.outputs() > states, "a loop's body gives a condition and its states");
        let given = [0, 1].map(|number| node.input.get(number).is_some_and(|name| !name.is_empty()));
        let all = node.input.iter().skip(2).filter(|name| !name.is_empty()).count();
        ensure!(all == states, "a loop has {all} states, its body {states}");
        Ok(Self { body, states, given })
    }

    fn outer_values(&self) -> Vec<String> {
        self.body.captured().to_vec()
    }

    fn outputs_for_values(&self, inputs: &[Shape], values: &[Option<Tensor>]) -> Result<Vec<Shape>> {
        let (inputs, known) = (self.parts(inputs)?, self.parts(values)?);
        // A loop that nothing stops has as many rounds as it should.
        let begins = match known.condition {
            Some(condition) => condition.as_ref().map(holds).transpose()?.unwrap_or(false),
            None => true,
        };
        let endless = if begins {
            self.settled(&inputs, &known, Some(Tensor::scalar(true))).ok().filter(|(_, goes_on)| *goes_on)
        } else {
            None
        };
        let mut count = Dim::open();
        if let (Some(_), Some(Some(rounds))) = (&endless, known.rounds) {
            let given = rounds.to_vec::<i64>()?;
            let given = *given.first().context("a loop has a number of rounds")?;
            count = usize::try_from(given.max(0))?.into();
        }
        let (shapes, _) = match endless {
            Some(settled) => settled,
            None => self.settled(&inputs, &known, None)?,
        };
        let mut outputs: Vec<Shape> = shapes.into_iter().skip(1).collect();
        for (number, (_, dims)) in outputs.iter_mut().enumerate() {
            // Lengths that the body leaves open are numbered once more outside.
            dims.iter_mut().filter(|dim| dim.known().is_none()).for_each(|dim| *dim = Dim::open());
            if number >= self.states {
                dims.insert(0, count.clone());
            }
        }
        Ok(outputs)
    }

    fn is_long(&self, inputs: &[Option<Tensor>]) -> bool {
        let parts = self.parts(inputs).ok();
        let rounds = parts.and_then(|parts| parts.rounds?.as_ref()?.to_vec::<i64>().ok()?.first().copied());
        // Where they are not known, they may be many.
        rounds.is_none_or(|rounds| rounds > FOLDED_ROUNDS) || self.body.is_long()
    }

    fn is_random(&self) -> bool {
        self.body.is_random()
    }

    fn mixes_rows(&self) -> bool {
        self.body.mixes_rows()
    }

    fn rewrites(&self) -> Option<&dyn Rewrites> {
        Some(self)
    }

    fn eval(&self, inputs: Vec<Tensor>) -> Result<Vec<Tensor>> {
        let Parts { rounds, condition, states, captured } = self.parts(&inputs)?;
        let rounds = rounds.map(Tensor::to_vec::<i64>).transpose()?;
        let rounds = rounds.map(|rounds| rounds.first().copied().context("a loop has a number of rounds"));
        // Default: without a number of rounds the condition alone ends the loop, and without a condition it holds.
        let rounds = rounds.transpose()?.unwrap_or(i64::MAX);
        let mut goes_on = condition.map(holds).transpose()?.unwrap_or(true);
        let mut states = states.to_vec();
        let mut made: Vec<Vec<Tensor>> = vec![Vec::new(); self.body.outputs() - 1 - self.states];
        let mut room = usize::try_from(TENSOR_BYTES)?;
        let mut carried = 0_u64;
        for round in 0..rounds {
            if !goes_on {
                break;
            }
            ensure!(round < LOOP_ROUNDS, "the loop does not end within {LOOP_ROUNDS} rounds");
            let mut given = vec![Tensor::scalar(round), Tensor::scalar(goes_on)];
            given.append(&mut states);
            given.extend_from_slice(captured);
            let mut outputs = self.body.run(given)?.into_iter();
            goes_on = holds(&outputs.next().context("a body gives a condition")?)?;
            states.extend(outputs.by_ref().take(self.states));
            let grown = states.iter().map(Tensor::bytes).fold(0, usize::saturating_add);
            for (made, output) in made.iter_mut().zip(outputs) {
                // An empty one takes room, too.
                room = room.saturating_sub(output.bytes() + size_of::<Tensor>());
                made.push(output);
            }
            ensure!(grown < room, "a loop makes tensors that are larger than memory");
            carried += u64::try_from(grown)?;
            ensure!(carried <= LOOP_BYTES, "a loop carries more than {LOOP_BYTES} bytes from round to round");
        }
        if made.iter().any(Vec::is_empty) {
            states.extend(self.nothing_made(&states, captured)?);
            return Ok(states);
        }
        for parts in &made {
            states.push(stacked(parts, 0)?);
        }
        Ok(states)
    }
}

impl Rewrites for Loop {
    fn prepared(&self, constants: &[Option<Tensor>]) -> Result<Option<(Rewritten, Vec<usize>)>> {
        let captured = self.parts(constants)?.captured;
        let first = constants.len() - captured.len();
        let (body, read) = rewrite::body(&self.body, captured, first)?;
        Ok(Some((Arc::new(Self { body, ..*self }), (0..first).chain(read).collect())))
    }
}
