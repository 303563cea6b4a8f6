//! Products with a matrix that never changes: it is packed when the model is loaded, and what follows is done in the place of
//! the sums.

use std::sync::Arc;

use anyhow::{Context as _, Result, bail, ensure};
use predictql_kernels::activations::Activation;
use predictql_kernels::elementwise::{Arithmetic, Elements as _};
use predictql_kernels::matmul::Factor as _;
use predictql_kernels::panels::{Finish, Panels};

use super::{Context, Dim, ElementType, Operator, Pointwise, Rewrites, Rewritten, Shape, Tensor, broadcast};
use crate::onnx::pb::NodeProto;

/// Rows of floats times a matrix.
#[derive(Debug, Clone)]
pub(in crate::operators) struct Packed {
    panels: Arc<Panels>,
    /// For each column; none where it is empty.
    bias: Vec<f32>,
    /// Whether the last input is added.
    adds: bool,
    activation: Option<Activation>,
    low: f32,
    high: f32,
}

impl Packed {
    /// Matrices of fewer numbers are not worth it.
    const LEAST: usize = 1 << 12;

    /// Products with `matrix`, whose rows are its columns where it is `transposed`; `None` where it is not worth it.
    ///
    /// # Errors
    /// Where the matrix does not hold 32-bit floats.
    pub(in crate::operators) fn new(matrix: &Tensor, transposed: bool) -> Result<Option<Self>> {
        let [rows, columns] = *matrix.shape() else { return Ok(None) };
        if matrix.element() != ElementType::F32 || matrix.len() < Self::LEAST {
            return Ok(None);
        }
        let numbers = matrix.elements::<f32>()?;
        let panels = match transposed {
            true => Panels::of_columns(numbers, columns, columns, rows),
            false => Panels::of_rows(numbers, columns, rows, columns),
        };
        Ok(Some(Self {
            panels: Arc::new(panels),
            bias: Vec::new(),
            adds: false,
            activation: None,
            low: f32::NEG_INFINITY,
            high: f32::INFINITY,
        }))
    }

    /// Whether nothing follows the sums yet.
    fn is_plain(&self) -> bool {
        self.activation.is_none() && self.low == f32::NEG_INFINITY && self.high == f32::INFINITY
    }
}

impl Operator for Packed {
    fn parse(_: &Context<'_>, _: &NodeProto) -> Result<Self> {
        bail!("packed matrices stand in no file")
    }

    fn outputs(&self, inputs: &[Shape]) -> Result<Vec<Shape>> {
        let Some((element, dims)) = inputs.first() else { bail!("expected rows") };
        ensure!(*element == ElementType::F32, "rows of {element:?} are not multiplied here");
        let (depth, outer) = dims.split_last().context("rows have an axis")?;
        let own = self.panels.depth();
        ensure!(depth.known().is_none_or(|depth| depth == own), "{depth} columns do not fit {own} rows");
        let columns = Dim::from(self.panels.columns());
        let product: Vec<Dim> = outer.iter().cloned().chain([columns]).collect();
        let dims = match inputs.get(1) {
            Some((_, other)) => broadcast::dims([&product, other])?,
            None => product,
        };
        Ok(vec![(*element, dims)])
    }

    fn eval(&self, inputs: Vec<Tensor>) -> Result<Vec<Tensor>> {
        let mut inputs = inputs.into_iter();
        let rows = inputs.next().context("expected rows")?;
        let onto = inputs.next();
        ensure!(onto.is_some() == self.adds, "expected what is added");
        let (depth, outer) = rows.shape().split_last().context("rows have an axis")?;
        let own = self.panels.depth();
        ensure!(*depth == own, "{depth} columns do not fit {own} rows");
        let shape: Vec<usize> = outer.iter().copied().chain([self.panels.columns()]).collect();
        let is_in_place = onto.as_ref().is_some_and(|onto| onto.shape() == shape);
        let (mut product, other) = match onto {
            Some(onto) if is_in_place => (onto, None),
            other => (Tensor::zeros(ElementType::F32, &shape)?, other),
        };
        let finish = Finish { bias: &self.bias, low: self.low, high: self.high, onto: is_in_place };
        self.panels.product(rows.elements()?, &finish, self.activation, product.elements_mut()?);
        if let Some(other) = other {
            product = broadcast::combine(product, other, true, |a, b| f32::combine(Arithmetic::Add, a, b))?;
        }
        Ok(vec![product])
    }

    fn rewrites(&self) -> Option<&dyn Rewrites> {
        Some(self)
    }
}

impl Rewrites for Packed {
    fn then(&self, next: &Pointwise) -> Option<Rewritten> {
        // What is added may have another shape, and comes last.
        if !self.is_plain() || self.adds {
            return None;
        }
        let mut with = self.clone();
        match next {
            Pointwise::Clamp { low, high } => (with.low, with.high) = (*low, *high),
            Pointwise::Activation(activation) => with.activation = Some(*activation),
            Pointwise::Shift(shift) if shift.len() == self.panels.columns() && self.bias.is_empty() => {
                with.bias.clone_from(shift);
            }
            Pointwise::Shift(_) | Pointwise::Channels { .. } | Pointwise::Dequantize { .. } => return None,
        }
        Some(Arc::new(with))
    }

    fn adding(&self) -> Option<Rewritten> {
        (self.is_plain() && !self.adds).then(|| Arc::new(Self { adds: true, ..self.clone() }) as Rewritten)
    }
}

/// The products of the matrices in the last two axes of two tensors of 32-bit floats.
pub(in crate::operators) fn batched(a: &Tensor, b: &Tensor) -> Result<Tensor> {
    let ([a_outer @ .., rows, depth], [b_outer @ .., height, columns]) = (a.shape(), b.shape()) else {
        bail!("expected matrices")
    };
    let (rows, depth, columns) = (*rows, *depth, *columns);
    ensure!(depth == *height, "{depth} columns do not fit {height} rows");
    let batch = broadcast::shape(&[a_outer, b_outer])?;
    let with = |rest: [usize; 2]| -> Vec<usize> { batch.iter().copied().chain(rest).collect() };
    let mut product = Tensor::zeros(ElementType::F32, &with([rows, columns]))?;
    if product.len() == 0 || depth == 0 {
        return Ok(product);
    }
    let (a, b) =
        (broadcast::expand(a, &with([rows, depth]))?, broadcast::expand(b, &with([depth, columns]))?);
    let factors = a
        .elements::<f32>()?
        .chunks_exact(rows * depth)
        .zip(b.elements::<f32>()?.chunks_exact(depth * columns));
    let finish = Finish { bias: &[], low: f32::NEG_INFINITY, high: f32::INFINITY, onto: false };
    for ((a, b), product) in factors.zip(product.elements_mut::<f32>()?.chunks_exact_mut(rows * columns)) {
        if rows < WORTH_PACKING {
            f32::multiply(a, b, depth, columns, product);
        } else {
            Panels::of_rows(b, columns, depth, columns).product(a, &finish, None, product);
        }
    }
    Ok(product)
}

/// Fewer rows are multiplied before a matrix is packed for them.
const WORTH_PACKING: usize = 4;
