//! `MatMulInteger` (10): products of matrices of 8-bit numbers.

use std::sync::Arc;

use anyhow::{Context as _, Result, bail, ensure};
use predictql_kernels::integers::{self, IntegerPanels};

use super::{Context, Dim, ElementType, Operator, Rewrites, Rewritten, Shape, Tensor, broadcast};
use crate::onnx::pb::NodeProto;

/// The product of matrices of whole numbers, each without the one that stands for zero: one of all rows, one of all columns
/// or of each.
#[derive(Debug, Clone)]
pub(super) struct MatMulInteger {
    has_a_zero: bool,
    has_b_zero: bool,
    /// The second matrix, where it never changes.
    panels: Option<Arc<IntegerPanels>>,
}

/// A matrix of 8-bit numbers without its zeros, one for all or one for each column.
fn centred(matrix: &Tensor, zeros: Option<&Tensor>) -> Result<Vec<i16>> {
    let mut numbers = match matrix.element() {
        ElementType::U8 => integers::wide_of_u8(matrix.elements()?),
        ElementType::I8 => integers::wide_of_i8(matrix.elements()?),
        other => bail!("{other:?} is no number of 8 bits"),
    };
    let zeros = zeros.map_or(Ok(Vec::new()), Tensor::to_vec::<i16>)?;
    match zeros.as_slice() {
        [] | [0] => {}
        [zero] => integers::centre(&mut numbers, *zero),
        zeros => {
            ensure!(matrix.shape().last() == Some(&zeros.len()), "every column has a zero");
            for row in numbers.chunks_exact_mut(zeros.len()) {
                row.iter_mut().zip(zeros).for_each(|(number, zero)| *number -= zero);
            }
        }
    }
    Ok(numbers)
}

impl MatMulInteger {
    /// The zeros of the first and of the second matrix, among the inputs behind `skipped`.
    fn zeros<'a, T>(&self, inputs: &'a [T], skipped: usize) -> (Option<&'a T>, Option<&'a T>) {
        let a = inputs.get(skipped).filter(|_| self.has_a_zero);
        (a, inputs.get(skipped + usize::from(self.has_a_zero)).filter(|_| self.has_b_zero))
    }
}

impl Operator for MatMulInteger {
    fn parse(_: &Context<'_>, node: &NodeProto) -> Result<Self> {
        let has = |position: usize| node.input.get(position).is_some_and(|name| !name.is_empty());
        Ok(Self { has_a_zero: has(2), has_b_zero: has(3), panels: None })
    }

    fn outputs(&self, inputs: &[Shape]) -> Result<Vec<Shape>> {
        let Some((a, rest)) = inputs.split_first() else { bail!("expected a matrix") };
        let is_small = |element: ElementType| matches!(element, ElementType::U8 | ElementType::I8);
        ensure!(is_small(a.0), "matrices of {:?} are not multiplied here", a.0);
        let of_panels =
            self.panels.as_ref().map(|panels| vec![panels.depth().into(), panels.columns().into()]);
        let b: &[Dim] = match (&of_panels, rest) {
            (Some(dims), _) => dims,
            (None, [(element, dims), ..]) if is_small(*element) => dims,
            _ => bail!("expected a matrix of 8-bit numbers"),
        };
        let (a_zero, b_zero) = self.zeros(rest, usize::from(self.panels.is_none()));
        let count = |zero: Option<&Shape>| zero.map_or(Some(1), |(_, dims)| Dim::product(dims).known());
        ensure!(count(a_zero) == Some(1), "rows with zeros of their own are not multiplied here");
        ensure!(
            b_zero.is_none_or(|(_, dims)| dims.len() < 2),
            "a matrix has one zero, or one for each column"
        );
        let ([a_outer @ .., rows, depth], [b_outer @ .., height, columns]) = (a.1.as_slice(), b) else {
            bail!("a vector is no matrix")
        };
        let fits = depth.known().zip(height.known()).is_none_or(|(depth, height)| depth == height);
        ensure!(fits, "{depth} columns do not fit {height} rows");
        let mut dims = broadcast::dims([&a_outer.to_vec(), &b_outer.to_vec()])?;
        dims.extend([rows.clone(), columns.clone()]);
        Ok(vec![(ElementType::I32, dims)])
    }

    fn eval(&self, inputs: Vec<Tensor>) -> Result<Vec<Tensor>> {
        let (a, rest) = inputs.split_first().context("expected a matrix")?;
        let (a_zero, b_zero) = self.zeros(rest, usize::from(self.panels.is_none()));
        let [a_outer @ .., rows, depth] = a.shape() else { bail!("a vector is no matrix") };
        let (rows, depth) = (*rows, *depth);
        if let Some(panels) = &self.panels {
            ensure!(depth == panels.depth(), "{depth} columns do not fit {} rows", panels.depth());
            let shape = a_outer.iter().copied().chain([rows, panels.columns()]).collect::<Vec<_>>();
            let mut product = Tensor::zeros(ElementType::I32, &shape)?;
            panels.multiply(&centred(a, a_zero)?, product.elements_mut()?);
            return Ok(vec![product]);
        }
        let b = rest.first().context("expected a matrix")?;
        let [b_outer @ .., height, columns] = b.shape() else { bail!("a vector is no matrix") };
        ensure!(depth == *height, "{depth} columns do not fit {height} rows");
        let columns = *columns;
        let batch = broadcast::shape(&[a_outer, b_outer])?;
        let with = |rest: [usize; 2]| -> Vec<usize> { batch.iter().copied().chain(rest).collect() };
        let mut product = Tensor::zeros(ElementType::I32, &with([rows, columns]))?;
        if product.len() > 0 && depth > 0 {
            let a = centred(&broadcast::expand(a, &with([rows, depth]))?, a_zero)?;
            let b = centred(&broadcast::expand(b, &with([depth, columns]))?, b_zero)?;
            let factors = a.chunks_exact(rows * depth).zip(b.chunks_exact(depth * columns));
            let products = product.elements_mut::<i32>()?.chunks_exact_mut(rows * columns);
            for ((a, b), product) in factors.zip(products) {
                IntegerPanels::new(b, depth, columns).multiply(a, product);
            }
        }
        Ok(vec![product])
    }

    fn rewrites(&self) -> Option<&dyn Rewrites> {
        Some(self)
    }
}

impl Rewrites for MatMulInteger {
    fn prepared(&self, constants: &[Option<Tensor>]) -> Result<Option<(Rewritten, Vec<usize>)>> {
        let [None, Some(b), rest @ ..] = constants else { return Ok(None) };
        let [depth, columns] = *b.shape() else { return Ok(None) };
        let (_, b_zero) = self.zeros(rest, 0);
        if self.panels.is_some() || b_zero.is_some_and(Option::is_none) {
            return Ok(None);
        }
        let numbers = centred(b, b_zero.and_then(Option::as_ref))?;
        let panels = Some(Arc::new(IntegerPanels::new(&numbers, depth, columns)));
        let read = if self.has_a_zero { vec![0, 2] } else { vec![0] };
        Ok(Some((Arc::new(Self { panels, has_b_zero: false, ..self.clone() }), read)))
    }
}
