//! `Scan` (ONNX, version 8): a scan for each row of a batch, which may have a length of its own.

use anyhow::{Context as _, Result, bail, ensure};

use super::scan::Scan;
use crate::onnx::pb::NodeProto;
use crate::operators::{Context, Operator, Shape};
use crate::tensor::{Tensor, set};

#[derive(Debug)]
pub(super) struct ScanRows {
    row: Scan,
    /// Whether the first input is the length of each row.
    has_lengths: bool,
}

impl ScanRows {
    /// The lengths, what is given for each row, and the values around the graph among `inputs`.
    fn parts<'a, T>(&self, inputs: &'a [T]) -> Result<(Option<&'a T>, &'a [T], &'a [T])> {
        let (lengths, rest) = inputs.split_at_checked(usize::from(self.has_lengths)).context("lengths")?;
        let (given, captured) = rest.split_at_checked(self.row.given()).context("a scan has its inputs")?;
        Ok((lengths.first(), given, captured))
    }
}

impl Operator for ScanRows {
    fn parse(ctx: &Context<'_>, node: &NodeProto) -> Result<Self> {
        let mut of_row = node.clone();
        let has_lengths = node.input.first().is_some_and(|name| !name.is_empty());
        of_row.input.drain(..1.min(node.input.len()));
        // The list has its later name.
        for attribute in of_row.attribute.iter_mut().filter(|attribute| attribute.name == "directions") {
            attribute.name = "scan_input_directions".to_owned();
        }
        Ok(Self { row: Scan::parse(ctx, &of_row)?, has_lengths })
    }

    fn outer_values(&self) -> Vec<String> {
        self.row.outer_values()
    }

    fn is_long(&self, _: &[Option<Tensor>]) -> bool {
        true
    }

    fn is_random(&self) -> bool {
        self.row.is_random()
    }

    fn mixes_rows(&self) -> bool {
        self.row.mixes_rows()
    }

    fn outputs(&self, inputs: &[Shape]) -> Result<Vec<Shape>> {
        let (_, given, captured) = self.parts(inputs)?;
        let mut batch = None;
        let mut of_row = Vec::new();
        for (element, dims) in given {
            let (first, rest) = dims.split_first().context("a scan has a batch")?;
            batch = Some(first.clone());
            of_row.push((*element, rest.to_vec()));
        }
        of_row.extend_from_slice(captured);
        let mut outputs = self.row.outputs(&of_row)?;
        let batch = batch.context("a scan has an input that it slices")?;
        outputs.iter_mut().for_each(|(_, dims)| dims.insert(0, batch.clone()));
        Ok(outputs)
    }

    fn eval(&self, inputs: Vec<Tensor>) -> Result<Vec<Tensor>> {
        let (lengths, given, captured) = self.parts(&inputs)?;
        let batch = given.first().and_then(|tensor| tensor.shape().first()).copied();
        let batch = batch.context("a scan has a batch")?;
        ensure!(batch > 0, "a scan over no rows has no shape");
        let lengths = lengths.map(Tensor::to_vec::<i64>).transpose()?;
        let mut rows: Vec<Vec<Tensor>> = Vec::new();
        for row in 0..batch {
            let mut of_row = Vec::new();
            for (place, tensor) in given.iter().enumerate() {
                let Some((own, shape)) = tensor.shape().split_first() else { bail!("a scan has a batch") };
                ensure!(*own == batch, "inputs of a scan have one batch");
                let length = shape.iter().product();
                let mut slice = tensor.take_runs(&[row * length], length, shape.to_vec())?;
                if let Some(lengths) = lengths.as_ref().filter(|_| place >= self.row.states()) {
                    let asked = *lengths.get(row).context("a scan has a length for each row")?;
                    slice = cut(&slice, usize::try_from(asked)?)?;
                }
                of_row.push(slice);
            }
            of_row.extend_from_slice(captured);
            rows.push(self.row.eval(of_row)?);
        }
        // Behind its end a row is filled up with zeros.
        let steps = given.last().and_then(|tensor| tensor.shape().get(1)).copied();
        let steps = steps.context("a scan has steps")?;
        let count = rows.first().map_or(0, Vec::len);
        let output = |number: usize| {
            let parts = rows.iter().map(|row| {
                let part = row.get(number).context("a scan gives all outputs")?;
                let part = if number < self.row.states() { part.clone() } else { filled(part, steps)? };
                let shape = std::iter::once(1).chain(part.shape().iter().copied()).collect();
                part.with_shape(shape)
            });
            Tensor::concat(&parts.collect::<Result<Vec<_>>>()?, 0)
        };
        (0..count).map(output).collect()
    }
}

/// The first `length` slices.
fn cut(tensor: &Tensor, length: usize) -> Result<Tensor> {
    let mut shape = tensor.shape().to_vec();
    ensure!(shape.first().is_some_and(|own| length <= *own), "a row of {length} steps is too long");
    set(&mut shape, 0, length)?;
    tensor.take_runs(&[0], shape.iter().product(), shape)
}

/// The slices, with zeros behind them up to `length`.
fn filled(tensor: &Tensor, length: usize) -> Result<Tensor> {
    let mut shape = tensor.shape().to_vec();
    let own = shape.first().copied().context("a scan gives slices")?;
    let missing = length.checked_sub(own).context("a row is too long")?;
    set(&mut shape, 0, missing)?;
    Tensor::concat(&[tensor.clone(), Tensor::zeros(tensor.element(), &shape)?], 0)
}
