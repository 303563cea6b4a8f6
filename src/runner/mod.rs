//! What runs a graph: tensors in, tensors out, whatever does it.

use crate::diag::{Error, Result};
use crate::onnx::Dim;
use crate::tensor::{Parts, Shares, Tensor};

/// The shapes of all input tensors, in the graph's order.
pub(crate) type InputShapes = Vec<Vec<usize>>;

/// What samples tell of a graph: the shapes of its outputs, and how much memory a row takes.
#[derive(Debug)]
pub(crate) struct Sampled {
    /// The dimensions of every output, as far as they are known.
    pub(crate) outputs: Vec<Vec<Dim>>,
    /// Bytes that the widest operator reads and writes for the sample.
    pub(crate) bytes: usize,
}

/// A graph that loads, and what runs it.
pub(crate) trait Runner: Send + Sync {
    /// Whether inputs of `shapes` go in, as far as that can be seen.
    fn takes(&self, shapes: &InputShapes) -> bool;

    /// What `sample` tells; `other` has other lengths wherever the graph leaves them open.
    ///
    /// # Errors
    /// `invalid-model` where the graph does not take them.
    fn sampled(&self, sample: &InputShapes, other: &InputShapes) -> Result<Sampled>;

    /// The dimensions of every output for inputs of these shapes, as far as they are known before it runs.
    ///
    /// # Errors
    /// `invalid-model` where the graph does not take them.
    fn output_shapes(&self, inputs: &InputShapes) -> Result<Vec<Vec<Option<usize>>>>;

    /// Bytes that the widest operator reads and writes for inputs of `shapes`; 0 where that is not known.
    fn bytes(&self, shapes: &InputShapes) -> usize;

    /// The outputs for inputs of `shapes`. Where a row is at fault the error says which one of the tensors', and `column`
    /// which column the values of an encoder's tensor are from.
    ///
    /// # Errors
    /// `invalid-model` where the graph does not take them, `model-failed` where it does not run.
    fn run(
        &self,
        shapes: InputShapes,
        inputs: Vec<Tensor>,
        column: &dyn Fn(&str) -> Option<String>,
    ) -> Result<Vec<Tensor>>;

    /// The inputs whose columns, one after the other, an operator sums up to the output of this number; without a number, to
    /// scores, where its trees know how many rows of the training went which way. `None` where there is no such operator.
    fn additive(&self, _output: Option<usize>) -> Option<Vec<usize>> {
        None
    }

    /// What the only operator that knows something of its columns knows, and the inputs whose columns these are, one after
    /// the other; `None` where there is no such operator or more than one.
    fn parts(&self) -> Option<(Vec<usize>, Parts)> {
        None
    }

    /// The shares of `count` players in such an output, for rows against those of a background, or in such scores without one.
    /// `players` are those of the columns.
    ///
    /// # Errors
    /// Those of [`run`](Self::run); `internal` for other outputs.
    fn shares(
        &self,
        _output: Option<usize>,
        _rows: (InputShapes, Vec<Tensor>),
        _background: Option<(InputShapes, Vec<Tensor>)>,
        _players: &[u32],
        _count: usize,
    ) -> Result<Shares> {
        Err(Error::internal("an output that is no sum has no shares"))
    }

    /// The plans that are kept, one for each set of input shapes.
    fn plans(&self) -> usize;

    /// The plans that may be kept.
    fn plan_limit(&self) -> usize;
}
