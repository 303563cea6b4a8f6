//! The interpreter: runs graphs whose operators are all ours, node by node. Types and shapes are checked when a graph is
//! loaded, and once for every new set of input shapes; what depends on constants alone is computed at load, and a
//! tensor goes when its last reader has it.

mod branch;
mod distances;
mod graph;
#[cfg(feature = "full")]
mod recognise;
#[cfg(feature = "full")]
mod rewrite;
#[cfg(feature = "full")]
mod rounds;
mod scan;
#[cfg(feature = "full")]
mod scan_rows;

use std::sync::{Mutex, PoisonError};

use anyhow::{Result, ensure};

use crate::diag;
#[cfg(feature = "full")]
use crate::limits::TENSOR_AXES;
use crate::limits::TENSOR_BYTES;
use crate::onnx::pb::GraphProto;
use crate::onnx::{Declared, Dim, Weights, failure};
use crate::operators::Shape;
use crate::tensor::{Attributed, ElementType, Parts, Shares, Tensor};
use graph::{Graph, Inferred};

/// The shapes of all input tensors, in the graph's order.
pub(crate) type InputShapes = Vec<Vec<usize>>;

/// So many different lengths are looked for among constants, none of them above the longest.
#[cfg(feature = "full")]
const NAMED: usize = 32;
#[cfg(feature = "full")]
const LONGEST: usize = 1 << 16;

/// Nodes whose shapes may be looked at until a graph takes its inputs: a large one that takes none is refused in seconds.
#[cfg(feature = "full")]
const TRIED_NODES: usize = 1 << 18;

/// What samples tell of a graph: the shapes of its outputs, and how much memory a row takes.
#[derive(Debug)]
pub(crate) struct Sampled {
    /// The dimensions of every output, as far as they are known.
    pub(crate) outputs: Vec<Vec<Dim>>,
    /// Bytes that the widest operator reads and writes for the sample.
    pub(crate) bytes: usize,
}

/// A graph that is interpreted.
pub(crate) struct Interpreter {
    graph: Graph,
    /// The element types of the inputs.
    elements: Vec<ElementType>,
    /// The shapes that were checked last.
    checked: Mutex<Option<InputShapes>>,
}

impl Interpreter {
    /// Loads `graph`, whose large weights are in `weights` and whose standard operators have version `opset`, and rewrites it so that it runs
    /// faster; `sample` are shapes that it must take, or else those that `other` finds.
    ///
    /// # Errors
    /// `invalid-model` where an operator cannot take what it would be given for inputs of those shapes; `needs-full-engine` where that is
    /// for the other engine to tell.
    pub(crate) fn load(
        graph: &GraphProto,
        weights: Weights,
        opset: i64,
        inputs: &[Declared],
        sample: &InputShapes,
        other: &mut dyn FnMut(&Self) -> Option<InputShapes>,
    ) -> diag::Result<Self> {
        let mut interpreter = Self::build(graph, &weights, opset, inputs).map_err(refused)?;
        // Those that nobody else has are given up on the way, one by one.
        drop(weights);
        let found = match interpreter.infer(sample) {
            Ok(_) => None,
            Err(refusal) => Some(other(&interpreter).ok_or_else(|| refused(refusal))?),
        };
        interpreter.rewrite(found.as_ref().unwrap_or(sample)).map_err(failure::load)?;
        Ok(interpreter)
    }

    fn build(graph: &GraphProto, weights: &Weights, opset: i64, inputs: &[Declared]) -> Result<Self> {
        let mut graph = Graph::build(graph, weights, opset)?;
        ensure!(graph.inputs() == inputs.len(), "the graph has the inputs that the file declares");
        graph.fold();
        let elements = inputs.iter().map(|input| input.element).collect();
        Ok(Self { graph, elements, checked: Mutex::default() })
    }

    #[cfg(feature = "full")]
    fn rewrite(&mut self, sample: &InputShapes) -> Result<()> {
        let inferred = self.infer(sample)?;
        rewrite::rewrite(&mut self.graph, &inferred.values)?;
        let outputs = self.infer(sample)?.outputs;
        ensure!(outputs == inferred.outputs, "a graph that is rewritten gives the same outputs");
        Ok(())
    }

    /// Tables are predicted on as the file says.
    #[cfg(not(feature = "full"))]
    #[expect(clippy::unnecessary_wraps, clippy::unused_self, reason = "the full engine rewrites graphs")]
    fn rewrite(&mut self, _: &InputShapes) -> Result<()> {
        Ok(())
    }

    /// Types and shapes of all values, for inputs of `shapes`.
    fn infer(&self, shapes: &InputShapes) -> Result<Inferred> {
        ensure!(shapes.len() == self.elements.len(), "the graph has {} inputs", self.elements.len());
        let inputs: Vec<Shape> = self
            .elements
            .iter()
            .zip(shapes)
            .map(|(element, shape)| (*element, shape.iter().copied().map(Into::into).collect()))
            .collect();
        self.graph.infer(&inputs)
    }

    /// Checks the shapes of a run, unless they are those of the run before.
    fn check(&self, shapes: InputShapes) -> Result<()> {
        // A panic elsewhere leaves the shapes whole.
        let mut checked = self.checked.lock().unwrap_or_else(PoisonError::into_inner);
        if checked.as_ref() == Some(&shapes) {
            return Ok(());
        }
        let largest = u64::try_from(self.infer(&shapes)?.largest)?;
        // Allocating it would end the program.
        ensure!(largest <= TENSOR_BYTES, "the graph makes a tensor of {largest} bytes");
        *checked = Some(shapes);
        Ok(())
    }
}

impl Interpreter {
    /// Whether inputs of `shapes` go in, as far as that can be seen.
    pub(crate) fn takes(&self, shapes: &InputShapes) -> bool {
        self.infer(shapes).is_ok()
    }

    /// Whether what it makes of a row depends on the rows beside it.
    #[cfg(feature = "full")]
    pub(crate) fn mixes_rows(&self) -> bool {
        self.graph.mixes_rows()
    }

    /// Nothing of tables does.
    #[cfg(not(feature = "full"))]
    #[expect(clippy::unused_self, reason = "graphs of the full engine may")]
    pub(crate) const fn mixes_rows(&self) -> bool {
        false
    }

    /// How many inputs may be tried until one is found that the graph takes.
    #[cfg(feature = "full")]
    pub(crate) fn tries(&self) -> usize {
        TRIED_NODES / self.graph.nodes.len().max(1)
    }

    /// The lengths that the graph's constants have or name, each once.
    #[cfg(feature = "full")]
    pub(crate) fn lengths(&self) -> Vec<usize> {
        let mut lengths: Vec<usize> = Vec::new();
        for tensor in self.graph.constants.iter().flatten() {
            let listed = if tensor.len() <= TENSOR_AXES { tensor.to_vec::<i64>().ok() } else { None };
            let listed = listed.into_iter().flatten().filter_map(|length| usize::try_from(length).ok());
            for length in tensor.shape().iter().copied().chain(listed) {
                if (2..=LONGEST).contains(&length) && lengths.len() < NAMED && !lengths.contains(&length) {
                    lengths.push(length);
                }
            }
        }
        lengths
    }

    /// What `sample` tells; `others` have other lengths in the places that the graph leaves open.
    ///
    /// # Errors
    /// `invalid-model` where the graph does not take them.
    pub(crate) fn sampled(&self, sample: &InputShapes, others: &[InputShapes]) -> diag::Result<Sampled> {
        let inferred = self.infer(sample).map_err(failure::load)?;
        let of = |dim: &Option<usize>| dim.map_or_else(|| Dim::Free(String::new()), Dim::Fixed);
        let mut outputs: Vec<Vec<Dim>> =
            inferred.outputs.iter().map(|dims| dims.iter().map(of).collect()).collect();
        for other in others {
            for (dims, others) in outputs.iter_mut().zip(self.output_shapes(other)?) {
                for (dim, other) in dims.iter_mut().zip(others) {
                    if dim.fixed() != other {
                        *dim = Dim::Free(String::new());
                    }
                }
            }
        }
        Ok(Sampled { outputs, bytes: inferred.widest })
    }

    /// The dimensions of every output for inputs of these shapes, as far as they are known before it runs.
    ///
    /// # Errors
    /// `invalid-model` where the graph does not take them.
    pub(crate) fn output_shapes(&self, inputs: &InputShapes) -> diag::Result<Vec<Vec<Option<usize>>>> {
        Ok(self.infer(inputs).map_err(failure::load)?.outputs)
    }

    /// Bytes that the widest operator reads and writes for inputs of `shapes`; 0 where the graph does not take them.
    pub(crate) fn bytes(&self, shapes: &InputShapes) -> usize {
        // What the graph does not take is refused when it runs.
        self.infer(shapes).map_or(0, |inferred| inferred.widest)
    }

    /// The outputs for inputs of `shapes`. Where a row is at fault the error says which one of the tensors', and `column`
    /// which column the values of an encoder's tensor are from.
    ///
    /// # Errors
    /// `invalid-model` where the graph does not take them, `model-failed` where it does not run.
    pub(crate) fn run(
        &self,
        shapes: InputShapes,
        inputs: Vec<Tensor>,
        column: &dyn Fn(&str) -> Option<String>,
    ) -> diag::Result<Vec<Tensor>> {
        self.check(shapes).map_err(failure::load)?;
        self.graph.run(inputs).map_err(|error| failure::of_plan(error, column))
    }

    /// The inputs whose columns, one after the other, an operator sums up. `None` where there is no such operator.
    pub(crate) fn additive(&self, shared: Attributed) -> Option<Vec<usize>> {
        self.graph.additive(shared)
    }

    /// What the only operator that knows something of its columns knows, and the inputs whose columns these are, one after
    /// the other; `None` where there is no such operator or more than one.
    pub(crate) fn parts(&self) -> Option<(Vec<usize>, Parts)> {
        self.graph.parts()
    }

    /// The shares of `count` players in such an output, for rows against those of a background, or in such scores without one.
    /// `players` are those of the columns.
    ///
    /// # Errors
    /// Those of [`run`](Self::run), and for other outputs.
    pub(crate) fn shares(
        &self,
        shared: Attributed,
        rows: (InputShapes, Vec<Tensor>),
        background: Option<(InputShapes, Vec<Tensor>)>,
        players: &[u32],
        count: usize,
    ) -> diag::Result<Shares> {
        let checked = |(shapes, inputs): (InputShapes, Vec<Tensor>)| {
            self.check(shapes).map_err(failure::load)?;
            Ok::<_, diag::Error>(inputs)
        };
        let (rows, background) = (checked(rows)?, background.map(checked).transpose()?);
        self.graph.shares(shared, rows, background, players, count).map_err(failure::run)
    }
}

/// The graph was refused.
#[cfg(feature = "full")]
fn refused(refusal: anyhow::Error) -> diag::Error {
    failure::load(refusal)
}

/// The graph was refused, which the full engine may not do.
#[cfg(not(feature = "full"))]
fn refused(refusal: anyhow::Error) -> diag::Error {
    diag::Error::needs_full_engine("the engine for tables does not run this model")
        .detail(format!("{refusal:#}"))
}
