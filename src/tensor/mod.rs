//! Tensors: a shape, and elements of one type in row-major order. Copies share their elements until one is changed.
//!
//! The room knows nothing of files, operators or columns.

mod cast;
mod element;
mod shares;

pub(crate) use element::{Buffer, Element, ElementType, with_elements};
pub(crate) use shares::{Attributed, Parts, Shares, Splits};

use std::fmt;
use std::sync::Arc;

use anyhow::{Context as _, Result, bail, ensure, format_err};

use crate::limits::{COLUMN_BYTES, TENSOR_AXES, TENSOR_BYTES};

/// A tensor of any type.
#[derive(Clone, PartialEq)]
pub(crate) struct Tensor {
    shape: Vec<usize>,
    buffer: Buffer,
}

impl fmt::Debug for Tensor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}{:?}", self.element(), self.shape)
    }
}

/// The number of elements of `shape`; `None` beyond all numbers, and where there are too many axes.
pub(crate) fn volume(shape: &[usize]) -> Option<usize> {
    if shape.len() > TENSOR_AXES {
        return None;
    }
    shape.iter().try_fold(1_usize, |count, length| count.checked_mul(*length))
}

/// Whether `order` names each of its positions once.
pub(crate) fn is_permutation(order: &[usize]) -> bool {
    let mut sorted = order.to_vec();
    sorted.sort_unstable();
    sorted.into_iter().eq(0..order.len())
}

/// The number of elements of `shape`.
///
/// # Errors
/// Where memory has no room for them.
pub(crate) fn room(shape: &[usize]) -> Result<usize> {
    // As many of the widest numbers.
    let fits = |count: &usize| u64::try_from(*count).is_ok_and(|count| count <= TENSOR_BYTES / 8);
    volume(shape).filter(fits).ok_or_else(|| format_err!("a tensor of shape {shape:?} is larger than memory"))
}

/// Refuses texts for which memory has no room.
///
/// # Errors
/// Where they are longer than a column may be.
pub(crate) fn ensure_short<'a>(texts: impl IntoIterator<Item = &'a String>) -> Result<()> {
    let bytes = texts.into_iter().map(String::len).fold(0, usize::saturating_add);
    ensure!(bytes <= COLUMN_BYTES, "texts of {bytes} bytes are larger than memory");
    Ok(())
}

impl Tensor {
    /// A tensor of `shape`.
    ///
    /// # Errors
    /// Where there are more or fewer elements than the shape has room for.
    pub(crate) fn new<T: Element>(shape: Vec<usize>, elements: Vec<T>) -> Result<Self> {
        ensure!(
            volume(&shape) == Some(elements.len()),
            "{} elements do not fill shape {shape:?}",
            elements.len()
        );
        Ok(Self { shape, buffer: T::buffer(Arc::new(elements)) })
    }

    /// A single number or text, without dimensions.
    pub(crate) fn scalar<T: Element>(element: T) -> Self {
        Self { shape: Vec::new(), buffer: T::buffer(Arc::new(vec![element])) }
    }

    /// A tensor of one dimension.
    pub(crate) fn vector<T: Element>(elements: Vec<T>) -> Self {
        Self { shape: vec![elements.len()], buffer: T::buffer(Arc::new(elements)) }
    }

    /// A tensor of zeros, of false, or of empty texts.
    ///
    /// # Errors
    /// Where no memory could hold it.
    pub(crate) fn zeros(element: ElementType, shape: &[usize]) -> Result<Self> {
        let count = room(shape)?;
        Ok(Self { shape: shape.to_vec(), buffer: element::zeros(element, count) })
    }

    pub(crate) fn element(&self) -> ElementType {
        self.buffer.element()
    }

    pub(crate) fn shape(&self) -> &[usize] {
        &self.shape
    }

    pub(crate) fn rank(&self) -> usize {
        self.shape.len()
    }

    /// The number of elements.
    pub(crate) fn len(&self) -> usize {
        with_elements!(&self.buffer, elements => elements.len())
    }

    pub(crate) fn buffer(&self) -> &Buffer {
        &self.buffer
    }

    /// The elements.
    ///
    /// # Errors
    /// Where they are of another type.
    pub(crate) fn elements<T: Element>(&self) -> Result<&[T]> {
        match T::elements(&self.buffer) {
            Some(elements) => Ok(elements),
            None => bail!("expected elements of {:?}, found {:?}", T::TYPE, self.element()),
        }
    }

    /// The elements, to change them; they are copied where others share them.
    ///
    /// # Errors
    /// Where they are of another type.
    pub(crate) fn elements_mut<T: Element>(&mut self) -> Result<&mut [T]> {
        let found = self.element();
        match T::elements_mut(&mut self.buffer) {
            Some(elements) => Ok(Arc::<Vec<T>>::make_mut(elements)),
            None => bail!("expected elements of {:?}, found {found:?}", T::TYPE),
        }
    }

    /// The same elements in another shape.
    ///
    /// # Errors
    /// Where the shape has not room for just these.
    pub(crate) fn with_shape(self, shape: Vec<usize>) -> Result<Self> {
        ensure!(volume(&shape) == Some(self.len()), "{} elements do not fill shape {shape:?}", self.len());
        Ok(Self { shape, ..self })
    }

    /// The runs of `length` elements that start at `starts` of the flat layout, one after the other, as a tensor of
    /// `shape`.
    ///
    /// # Errors
    /// Where a run lies outside of the tensor, or all do not fill the shape.
    pub(crate) fn take_runs(&self, starts: &[usize], length: usize, shape: Vec<usize>) -> Result<Self> {
        let count = starts.len().checked_mul(length);
        ensure!(count.is_some() && volume(&shape) == count, "the elements do not fill shape {shape:?}");
        let last = self.len().checked_sub(length);
        ensure!(
            starts.iter().all(|start| last.is_some_and(|last| *start <= last)),
            "an index lies outside of a tensor of shape {:?}",
            self.shape
        );
        if let Buffer::String(texts) = &self.buffer {
            ensure_short(starts.iter().flat_map(|start| texts.iter().skip(*start).take(length)))?;
        }
        let buffer = with_elements!(&self.buffer, elements => buffer_of(runs(elements, starts, length)));
        Ok(Self { shape, buffer })
    }

    /// The elements at `indexes` of the flat layout, as a tensor of `shape`.
    ///
    /// # Errors
    /// Those of [`Tensor::take_runs`].
    pub(crate) fn take(&self, indexes: &[usize], shape: Vec<usize>) -> Result<Self> {
        self.take_runs(indexes, 1, shape)
    }

    /// `parts` one behind the other along `axis`.
    ///
    /// # Errors
    /// Where they differ in their type or in another axis.
    pub(crate) fn concat(parts: &[Self], axis: usize) -> Result<Self> {
        let Some(first) = parts.first() else { bail!("there is nothing to put together") };
        let mut shape = first.shape.clone();
        let mut length = 0_usize;
        for part in parts {
            let same =
                part.shape.iter().zip(&shape).enumerate().all(|(place, (a, b))| place == axis || a == b);
            ensure!(
                same && part.rank() == first.rank() && part.element() == first.element(),
                "{part:?} does not go behind {first:?}"
            );
            let own = part.shape.get(axis).copied();
            length = length.saturating_add(own.ok_or_else(|| format_err!("there is no axis {axis}"))?);
        }
        set(&mut shape, axis, length)?;
        if first.element() == ElementType::String {
            let texts = parts.iter().map(Self::elements::<String>).collect::<Result<Vec<_>>>()?;
            ensure_short(texts.into_iter().flatten())?;
        }
        let outer = first.shape.iter().take(axis).product();
        let buffer =
            with_elements!(&first.buffer, elements => buffer_of(interleaved(elements, parts, outer)?));
        Ok(Self { shape, buffer })
    }

    /// The same with its axes in the order of `axes`, which names each of them once.
    ///
    /// # Errors
    /// Where `axes` does not.
    #[expect(clippy::indexing_slicing, reason = "`axes` holds every axis once")]
    pub(crate) fn transpose(&self, axes: &[usize]) -> Result<Self> {
        let mut sorted = axes.to_vec();
        sorted.sort_unstable();
        ensure!(sorted.iter().copied().eq(0..self.rank()), "{axes:?} are not the axes of {:?}", self.shape);
        let shape: Vec<usize> = axes.iter().map(|axis| self.shape[*axis]).collect();
        // Axes of length 1 may move freely.
        let moved: Vec<usize> = axes.iter().copied().filter(|axis| self.shape[*axis] != 1).collect();
        if moved.is_sorted() {
            return self.clone().with_shape(shape);
        }
        if let Some(turned) = self.turned(axes, &shape) {
            return turned;
        }
        let strides = strides(&self.shape);
        // The last axes that stay where they are move as one.
        let fixed =
            axes.iter().rev().zip((0..self.rank()).rev()).take_while(|(from, to)| **from == *to).count();
        let (outer, inner) = axes.split_at(axes.len() - fixed);
        let length = inner.iter().map(|axis| self.shape[*axis]).product();
        let steps: Vec<(usize, usize)> =
            outer.iter().map(|axis| (self.shape[*axis], strides[*axis])).collect();
        self.take_runs(&offsets(&steps), length, shape)
    }

    /// As [`transpose`](Self::transpose), where 32-bit floats are in matrices whose rows become columns; `None` otherwise.
    #[expect(clippy::indexing_slicing, reason = "`axes` holds every axis once")]
    fn turned(&self, axes: &[usize], shape: &[usize]) -> Option<Result<Self>> {
        let Buffer::F32(elements) = &self.buffer else { return None };
        let fixed = axes.iter().enumerate().take_while(|(place, axis)| place == *axis).count();
        let first = *axes.get(fixed)?;
        if !axes[fixed..].iter().copied().eq((first..self.rank()).chain(fixed..first)) {
            return None;
        }
        let (rows, columns) =
            (self.shape[fixed..first].iter().product(), self.shape[first..].iter().product::<usize>());
        let mut turned = vec![0.0; elements.len()];
        predictql_kernels::gather::turn(elements, rows, columns, &mut turned);
        Some(Self::new(shape.to_vec(), turned))
    }

    /// The same with `from` moved to the place `to` among the axes.
    ///
    /// # Errors
    /// Where there are not so many axes.
    pub(crate) fn move_axis(&self, from: usize, to: usize) -> Result<Self> {
        ensure!(from < self.rank() && to < self.rank(), "there are {} axes", self.rank());
        let mut axes: Vec<usize> = (0..self.rank()).filter(|axis| *axis != from).collect();
        axes.insert(to, from);
        self.transpose(&axes)
    }

    /// Its elements, or those of `updates`, which are counted behind its own, at the positions `taken`, one for each of
    /// its own.
    ///
    /// # Errors
    /// Where there is no such position, or the updates have another type.
    pub(crate) fn with_updates(&self, updates: &Self, taken: &[usize]) -> Result<Self> {
        let flat = |tensor: &Self| tensor.clone().with_shape(vec![tensor.len()]);
        Self::concat(&[flat(self)?, flat(updates)?], 0)?.take(taken, self.shape.clone())
    }

    /// The bytes of memory that its elements take, letters of texts aside.
    #[cfg(feature = "full")]
    pub(crate) fn bytes(&self) -> usize {
        self.len() * self.element().size()
    }
}

/// Puts `item` in the place of the one at `index`.
///
/// # Errors
/// Where there is none.
pub(crate) fn set<T>(items: &mut [T], index: usize, item: T) -> Result<()> {
    let count = items.len();
    *items.get_mut(index).ok_or_else(|| format_err!("there is no place {index} of {count}"))? = item;
    Ok(())
}

/// How far apart neighbours along each axis of `shape` are.
pub(crate) fn strides(shape: &[usize]) -> Vec<usize> {
    let mut step = 1_usize;
    let mut strides: Vec<usize> = shape
        .iter()
        .rev()
        .map(|length| {
            let stride = step;
            step = step.saturating_mul(*length);
            stride
        })
        .collect();
    strides.reverse();
    strides
}

/// Where the elements of a view lie: for each axis its length and the distance of neighbours; the last axis runs
/// fastest.
pub(crate) fn offsets(axes: &[(usize, usize)]) -> Vec<usize> {
    let mut offsets = vec![0];
    for (length, stride) in axes {
        let mut further = Vec::with_capacity(offsets.len().saturating_mul(*length));
        offsets.iter().for_each(|start| further.extend((0..*length).map(|step| start + step * stride)));
        offsets = further;
    }
    offsets
}

fn buffer_of<T: Element>(elements: Vec<T>) -> Buffer {
    T::buffer(Arc::new(elements))
}

/// The elements of `parts`, `outer` blocks of each in turn. The first part's are given for their type.
fn interleaved<T: Element>(_: &[T], parts: &[Tensor], outer: usize) -> Result<Vec<T>> {
    let parts = parts.iter().map(Tensor::elements::<T>).collect::<Result<Vec<_>>>()?;
    let mut elements = Vec::with_capacity(parts.iter().map(|part| part.len()).sum());
    for block in 0..outer {
        for part in &parts {
            let length = part.len() / outer;
            let block = part.get(block * length..(block + 1) * length);
            elements.extend_from_slice(block.context("a block of a part")?);
        }
    }
    Ok(elements)
}

#[expect(clippy::indexing_slicing, reason = "`take_runs` has checked that every run lies inside")]
fn runs<T: Element>(elements: &[T], starts: &[usize], length: usize) -> Vec<T> {
    if length == 1 {
        return starts.iter().map(|start| elements[*start].clone()).collect();
    }
    let mut taken = Vec::with_capacity(starts.len() * length);
    starts.iter().for_each(|start| taken.extend_from_slice(&elements[*start..*start + length]));
    taken
}
