//! `Scan` (ONNX, versions 8 to 24): a body runs for each slice of its inputs in turn. Up to version 8 it does so for each row of
//! a batch.

use litemap::LiteMap;

use anyhow::{Context as _, Result, ensure};

use super::distances::{distances, is_squared_distance};
use super::graph::Graph;
use crate::onnx::pb::{GraphProto, NodeProto};
use crate::operators::{Context, Dim, Operator, Shape, resolve_axis};
#[cfg(feature = "full")]
use crate::operators::{Rewrites, Rewritten};
use crate::tensor::Tensor;

#[derive(Debug)]
pub(super) struct Scan {
    body: Graph,
    /// How many values go from one round into the next: the first inputs, and the first outputs.
    states: usize,
    /// For each input that is cut into slices the axis, and whether the last slice comes first.
    inputs: Vec<(i64, bool)>,
    /// The same for each output that slices make.
    outputs: Vec<(i64, bool)>,
    /// Whether it only asks how far each row of its state is from each slice.
    is_distance: bool,
}

impl Scan {
    /// The directions of axes; what the file leaves out is 0.
    fn axes(node: &NodeProto, side: &str, count: usize) -> Result<Vec<(i64, bool)>> {
        let list = |what: &str| -> Result<Vec<i64>> {
            let mut list = node.list::<i64>(&format!("scan_{side}_{what}"))?;
            ensure!(list.is_empty() || list.len() == count, "expected {count} {what} of a scan");
            list.resize(count, 0);
            Ok(list)
        };
        let directions = list("directions")?.into_iter().map(|direction| direction != 0);
        Ok(list("axes")?.into_iter().zip(directions).collect())
    }

    /// How many inputs a node gives it.
    #[cfg(feature = "full")]
    pub(super) fn given(&self) -> usize {
        self.states + self.inputs.len()
    }

    #[cfg(feature = "full")]
    pub(super) fn states(&self) -> usize {
        self.states
    }

    /// The states, the sliced inputs and the values around the graph among `inputs`.
    fn parts<'a, T>(&self, inputs: &'a [T]) -> Result<(&'a [T], &'a [T], &'a [T])> {
        let (states, rest) = inputs.split_at_checked(self.states).context("a scan has its states")?;
        let (sliced, captured) = rest.split_at_checked(self.inputs.len()).context("a scan has its inputs")?;
        Ok((states, sliced, captured))
    }
}

impl Operator for Scan {
    fn parse(ctx: &Context<'_>, node: &NodeProto) -> Result<Self> {
        #[cfg(not(feature = "full"))]
        ensure!(ctx.opset >= 9, "the first version of Scan has another layout");
        let body: &GraphProto = node.required("body")?;
        let is_distance = is_squared_distance(body);
        let count: usize = node.required("num_scan_inputs")?;
        let given = node.input.iter().filter(|name| !name.is_empty()).count();
        let states = given.checked_sub(count).context("a scan has the inputs that it slices")?;
        let mut body = Graph::with_captured(body, &LiteMap::new(), ctx.opset)?;
        body.fold();
        ensure!(body.inputs() == given + body.captured().len(), "a body has the inputs of its scan");
        let made = body.outputs().checked_sub(states).context("a body gives the states of its scan")?;
        let (inputs, outputs) = (Self::axes(node, "input", count)?, Self::axes(node, "output", made)?);
        let goes_along = |sides: &[(i64, bool)]| sides == [(0, false)];
        let is_distance = is_distance && states == 1 && goes_along(&inputs) && goes_along(&outputs);
        Ok(Self { body, states, inputs, outputs, is_distance })
    }

    fn outer_values(&self) -> Vec<String> {
        self.body.captured().to_vec()
    }

    fn is_long(&self, _: &[Option<Tensor>]) -> bool {
        true
    }

    #[cfg(feature = "full")]
    fn is_random(&self) -> bool {
        self.body.is_random()
    }

    #[cfg(feature = "full")]
    fn mixes_rows(&self) -> bool {
        self.body.mixes_rows()
    }

    fn outputs(&self, inputs: &[Shape]) -> Result<Vec<Shape>> {
        let (states, sliced, captured) = self.parts(inputs)?;
        let mut inner = states.to_vec();
        let mut rounds = Dim::open();
        for ((element, dims), (axis, _)) in sliced.iter().zip(&self.inputs) {
            let mut dims = dims.clone();
            let length = dims.remove(resolve_axis(*axis, dims.len())?);
            if length.known().is_some() {
                rounds = length;
            }
            inner.push((*element, dims));
        }
        inner.extend_from_slice(captured);
        let mut shapes = self.body.infer(&inner)?.shapes;
        for (before, after) in states.iter().zip(&shapes) {
            let fits = before.0 == after.0
                && before.1.len() == after.1.len()
                && before.1.iter().zip(&after.1).all(|(before, after)| before.known() == after.known());
            ensure!(fits, "a scan leaves the shapes of its states as they are");
        }
        for ((_, dims), (axis, _)) in shapes.iter_mut().skip(self.states).zip(&self.outputs) {
            let axis = resolve_axis(*axis, dims.len() + 1)?;
            // Lengths that the body leaves open are numbered once more outside.
            dims.iter_mut().filter(|dim| dim.known().is_none()).for_each(|dim| *dim = Dim::open());
            dims.insert(axis, rounds.clone());
        }
        Ok(shapes)
    }

    #[cfg(feature = "full")]
    fn rewrites(&self) -> Option<&dyn Rewrites> {
        Some(self)
    }

    fn eval(&self, inputs: Vec<Tensor>) -> Result<Vec<Tensor>> {
        let (states, sliced, captured) = self.parts(&inputs)?;
        if let (true, [rows], [others]) = (self.is_distance, states, sliced)
            && let Some(distances) = distances(rows, others)?
        {
            return Ok(vec![rows.clone(), distances]);
        }
        let mut sources = Vec::new();
        for (tensor, (axis, is_reversed)) in sliced.iter().zip(&self.inputs) {
            sources.push((tensor.move_axis(resolve_axis(*axis, tensor.rank())?, 0)?, *is_reversed));
        }
        let rounds = sources.first().and_then(|(source, _)| source.shape().first().copied());
        let rounds = rounds.context("a scan has an input that it slices")?;
        ensure!(
            sources.iter().all(|(source, _)| source.shape().first() == Some(&rounds)),
            "inputs of a scan have one length"
        );
        let mut states = states.to_vec();
        let mut made: Vec<Vec<Tensor>> = vec![Vec::with_capacity(rounds); self.outputs.len()];
        for round in 0..rounds {
            let mut given = std::mem::take(&mut states);
            for (source, is_reversed) in &sources {
                let shape: Vec<usize> = source.shape().iter().skip(1).copied().collect();
                let length = shape.iter().product();
                let nth = if *is_reversed { rounds - 1 - round } else { round };
                given.push(source.take_runs(&[nth * length], length, shape)?);
            }
            given.extend_from_slice(captured);
            let mut outputs = self.body.run(given)?.into_iter();
            states.extend(outputs.by_ref().take(self.states));
            made.iter_mut().zip(outputs).for_each(|(made, output)| made.push(output));
        }
        #[cfg(feature = "full")]
        if rounds == 0 {
            let shapes: Vec<Shape> = inputs.iter().map(super::graph::shape_of).collect();
            let shapes = self.outputs(&shapes)?;
            let made = shapes.iter().skip(self.states).zip(&self.outputs);
            for ((element, dims), (axis, _)) in made {
                let axis = resolve_axis(*axis, dims.len())?;
                let mut dims = dims.clone();
                dims.remove(axis);
                states.push(nothing(&(*element, dims), axis)?);
            }
            return Ok(states);
        }
        for (mut parts, (axis, is_reversed)) in made.into_iter().zip(&self.outputs) {
            if *is_reversed {
                parts.reverse();
            }
            states.push(stacked(&parts, *axis)?);
        }
        Ok(states)
    }
}

#[cfg(feature = "full")]
impl Rewrites for Scan {
    fn prepared(&self, constants: &[Option<Tensor>]) -> Result<Option<(Rewritten, Vec<usize>)>> {
        let (_, _, captured) = self.parts(constants)?;
        let first = constants.len() - captured.len();
        let (body, read) = super::rewrite::body(&self.body, captured, first)?;
        let (inputs, outputs) = (self.inputs.clone(), self.outputs.clone());
        let scan = Self { body, states: self.states, inputs, outputs, is_distance: self.is_distance };
        Ok(Some((std::sync::Arc::new(scan), (0..first).chain(read).collect())))
    }
}

/// `parts` side by side along a new axis.
pub(super) fn stacked(parts: &[Tensor], axis: i64) -> Result<Tensor> {
    let first = parts.first().context("a scan over nothing has no shape")?;
    let with_axis = |part: &Tensor| {
        part.clone().with_shape(std::iter::once(1).chain(part.shape().iter().copied()).collect())
    };
    let parts = parts.iter().map(with_axis).collect::<Result<Vec<_>>>()?;
    Tensor::concat(&parts, 0)?.move_axis(0, resolve_axis(axis, first.rank() + 1)?)
}

/// No parts of `shape`, side by side along a new axis. An axis that only a part could give a length has none.
#[cfg(feature = "full")]
pub(super) fn nothing((element, dims): &Shape, axis: usize) -> Result<Tensor> {
    let mut shape: Vec<usize> = dims.iter().map(|dim| dim.known().unwrap_or(0)).collect();
    ensure!(axis <= shape.len(), "there is no axis {axis}");
    shape.insert(axis, 0);
    Tensor::zeros(*element, &shape)
}
