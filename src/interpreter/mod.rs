//! The interpreter: runs graphs whose operators are all ours, node by node. Types and shapes are checked when a graph is
//! loaded, and once for every new set of input shapes; what depends on constants alone is computed at load, and a
//! tensor goes when its last reader has it.

mod branch;
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
use crate::limits::TENSOR_BYTES;
use crate::onnx::pb::GraphProto;
use crate::onnx::{Declared, Dim, Weights, failure};
use crate::operators::Shape;
use crate::runner::{InputShapes, Runner, Sampled};
use crate::tensor::{ElementType, Parts, Shares, Tensor};
use graph::{Graph, Inferred};

/// A graph that is interpreted.
pub(crate) struct Interpreter {
    graph: Graph,
    /// The element types of the inputs.
    elements: Vec<ElementType>,
    /// The shapes that were checked last.
    checked: Mutex<Option<InputShapes>>,
}

impl Interpreter {
    /// Loads `graph`, whose large weights are in `weights` and whose standard operators have version `opset`.
    ///
    /// # Errors
    /// Where an operator is not ours, or cannot take what it would be given for inputs of the shapes `sample`.
    pub(crate) fn load(
        graph: &GraphProto,
        weights: &Weights,
        opset: i64,
        inputs: &[Declared],
        sample: &InputShapes,
    ) -> Result<Self> {
        let mut graph = Graph::build(graph, weights, opset)?;
        ensure!(graph.inputs() == inputs.len(), "the graph has the inputs that the file declares");
        graph.fold();
        let elements = inputs.iter().map(|input| input.element).collect();
        let interpreter = Self { graph, elements, checked: Mutex::default() };
        interpreter.infer(sample)?;
        Ok(interpreter)
    }

    /// The same, rewritten so that it runs faster; `sample` are shapes that it was loaded for. Weights that nobody else has are given up on the
    /// way, one by one.
    ///
    /// # Errors
    /// Where a constant does not fit its operator.
    #[cfg(feature = "full")]
    pub(crate) fn rewritten(mut self, sample: &InputShapes) -> diag::Result<Self> {
        self.rewrite(sample).map_err(failure::load)?;
        Ok(self)
    }

    #[cfg(feature = "full")]
    fn rewrite(&mut self, sample: &InputShapes) -> Result<()> {
        let inferred = self.infer(sample)?;
        rewrite::rewrite(&mut self.graph, &inferred.values)?;
        let outputs = self.infer(sample)?.outputs;
        ensure!(outputs == inferred.outputs, "a graph that is rewritten gives the same outputs");
        Ok(())
    }

    /// Itself: tables are predicted on as the file says.
    ///
    /// # Errors
    /// None.
    #[cfg(not(feature = "full"))]
    #[expect(clippy::unnecessary_wraps, reason = "the full engine rewrites graphs")]
    pub(crate) fn rewritten(self, _: &InputShapes) -> diag::Result<Self> {
        Ok(self)
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

impl Runner for Interpreter {
    fn takes(&self, shapes: &InputShapes) -> bool {
        self.infer(shapes).is_ok()
    }

    fn sampled(&self, sample: &InputShapes, other: &InputShapes) -> diag::Result<Sampled> {
        let inferred = self.infer(sample).map_err(failure::load)?;
        let others = self.output_shapes(other)?;
        let outputs = inferred.outputs.iter().zip(others).map(|(dims, others)| {
            let dims = dims.iter().zip(others);
            let dim = |(length, other): (&Option<usize>, Option<usize>)| match length {
                Some(length) if other == Some(*length) => Dim::Fixed(*length),
                _ => Dim::Free(String::new()),
            };
            dims.map(dim).collect()
        });
        Ok(Sampled { outputs: outputs.collect(), bytes: inferred.widest })
    }

    fn output_shapes(&self, inputs: &InputShapes) -> diag::Result<Vec<Vec<Option<usize>>>> {
        Ok(self.infer(inputs).map_err(failure::load)?.outputs)
    }

    fn bytes(&self, shapes: &InputShapes) -> usize {
        // What the graph does not take is refused when it runs.
        self.infer(shapes).map_or(0, |inferred| inferred.widest)
    }

    fn run(
        &self,
        shapes: InputShapes,
        inputs: Vec<Tensor>,
        column: &dyn Fn(&str) -> Option<String>,
    ) -> diag::Result<Vec<Tensor>> {
        self.check(shapes).map_err(failure::load)?;
        self.graph.run(inputs).map_err(|error| failure::of_plan(error, column))
    }

    fn additive(&self, output: Option<usize>) -> Option<Vec<usize>> {
        self.graph.additive(output)
    }

    fn parts(&self) -> Option<(Vec<usize>, Parts)> {
        self.graph.parts()
    }

    fn shares(
        &self,
        output: Option<usize>,
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
        self.graph.shares(output, rows, background, players, count).map_err(failure::run)
    }

    fn plans(&self) -> usize {
        0
    }

    fn plan_limit(&self) -> usize {
        0
    }
}
