//! `QuantizeLinear` and `DequantizeLinear` (10 to 25) and `DynamicQuantizeLinear` (11).

use std::sync::Arc;

use anyhow::{Context as _, Result, bail, ensure};
use predictql_kernels::integers::{self, Step};

use super::{
    ChannelsLast, Context, Dim, ElementType, Operator, Pointwise, Rewrites, Rewritten, Shape, Tensor,
    resolve_axis, split_at_axis,
};
use crate::onnx::narrow::{Narrow, Rounding};
use crate::onnx::pb::NodeProto;

/// Which scale belongs to which element.
#[derive(Debug, Clone, Copy)]
struct Layout {
    axis: i64,
    /// Elements along the axis that share a scale; 0 where scales do not belong to blocks.
    block: usize,
}

impl Layout {
    fn parse(node: &NodeProto) -> Result<Self> {
        let axis = node.optional("axis")?.unwrap_or(1);
        Ok(Self { axis, block: node.optional("block_size")?.unwrap_or(0) })
    }

    /// For each run of elements that share a scale: its index and its length.
    fn runs(&self, shape: &[usize], scale: &Tensor) -> Result<(Vec<usize>, usize)> {
        let count: usize = shape.iter().product();
        if scale.len() == 1 {
            return Ok((vec![0], count));
        }
        let axis = resolve_axis(self.axis, shape.len())?;
        let (outer, length, inner) = split_at_axis(shape, axis)?;
        if self.block == 0 {
            ensure!(scale.len() == length, "{} scales do not fit {length} elements", scale.len());
            return Ok(((0..outer).flat_map(|_| 0..length).collect(), inner));
        }
        let blocks = length.div_ceil(self.block);
        ensure!(
            scale.rank() == shape.len() && split_at_axis(scale.shape(), axis)? == (outer, blocks, inner),
            "scales of shape {:?} do not fit {blocks} blocks of shape {shape:?}",
            scale.shape()
        );
        let index = |index: usize| {
            let along = index / inner % length;
            (index / (inner * length) * blocks + along / self.block) * inner + index % inner
        };
        Ok(((0..count).map(index).collect(), 1))
    }

    /// Calls `function` with the scale, the zero and the elements of each run.
    fn each(
        &self,
        values: &mut Tensor,
        scale: &Tensor,
        zero: Option<&Tensor>,
        mut function: impl FnMut(f32, f32, &mut [f32]),
    ) -> Result<()> {
        let scales = scale.to_vec::<f32>()?;
        let zeros = zero.map_or_else(|| Ok(vec![0.0]), Tensor::to_vec::<f32>)?;
        let (many, few) = (scales.len().max(zeros.len()), scales.len().min(zeros.len()));
        ensure!(few == 1 || few == many, "{} zero points do not fit {} scales", zeros.len(), scales.len());
        let wide = zero.filter(|zero| zero.len() > scale.len()).unwrap_or(scale);
        let (indexes, length) = self.runs(values.shape(), wide)?;
        let runs = values.elements_mut::<f32>()?.chunks_exact_mut(length.max(1));
        let pick = |list: &[f32], index: usize| list.get(if list.len() == 1 { 0 } else { index }).copied();
        for (index, run) in indexes.into_iter().zip(runs) {
            let (scale, zero) =
                pick(&scales, index).zip(pick(&zeros, index)).context("a step has a scale")?;
            function(scale, zero, run);
        }
        Ok(())
    }
}

/// The least and the greatest number of a type.
fn ends(element: ElementType) -> Result<(f32, f32)> {
    Ok(match element {
        ElementType::U8 => (0.0, 255.0),
        ElementType::I8 => (-128.0, 127.0),
        ElementType::U16 => (0.0, 65_535.0),
        ElementType::I16 => (-32_768.0, 32_767.0),
        other => bail!("values are not quantized to {other:?}"),
    })
}

/// The type of ONNX's number for it.
fn of_number(number: i64) -> Result<ElementType> {
    Ok(match number {
        0 | 2 => ElementType::U8,
        3 => ElementType::I8,
        4 => ElementType::U16,
        5 => ElementType::I16,
        other => match i32::try_from(other).ok().and_then(Narrow::of) {
            Some(narrow) => narrow.wide(),
            None => bail!("values are not quantized to the type {other} here"),
        },
    })
}

/// Whole numbers, held by floats, as `element`.
fn stored(values: &Tensor, element: ElementType) -> Result<Tensor> {
    let (shape, floats) = (values.shape().to_vec(), values.elements::<f32>()?);
    match element {
        ElementType::U8 => Tensor::new(shape, integers::u8_of_floats(floats)),
        ElementType::I8 => Tensor::new(shape, integers::i8_of_floats(floats)),
        _ => values.cast(element),
    }
}

/// Whole numbers as floats.
fn floats(values: &Tensor) -> Result<Tensor> {
    let shape = values.shape().to_vec();
    match values.element() {
        ElementType::U8 => Tensor::new(shape, integers::floats_of_u8(values.elements()?)),
        ElementType::I8 => Tensor::new(shape, integers::floats_of_i8(values.elements()?)),
        _ => values.cast(ElementType::F32),
    }
}

/// The only scale and zero, where both never change.
fn single(constants: &[Option<Tensor>]) -> Option<(f32, f32)> {
    let one = |tensor: &Tensor| tensor.to_vec::<f32>().ok().filter(|it| it.len() == 1)?.first().copied();
    match constants {
        [Some(scale)] => Some((one(scale)?, 0.0)),
        [Some(scale), Some(zero)] => Some((one(scale)?, one(zero)?)),
        _ => None,
    }
}

/// From floats to integers of a few bits; and, where this stands behind it, back to floats.
#[derive(Debug, Clone)]
pub(super) struct Quantize {
    layout: Layout,
    /// The type of the result, where no zero point has it.
    element: ElementType,
    /// The type whose values the result has, if it is one of few bits.
    narrow: Option<Narrow>,
    saturates: bool,
    /// One scale and zero that never change.
    step: Option<Step>,
    /// The scale and the zero of the way back.
    back: Option<(f32, f32)>,
}

impl Quantize {
    /// The type of the result: that of the zero point, where there is one.
    fn element_beside(&self, of_zero: Option<ElementType>) -> ElementType {
        // Default: the attribute has the type where no zero point has it.
        of_zero.unwrap_or(self.element)
    }

    fn ends(&self, element: ElementType) -> Result<(f32, f32)> {
        self.narrow.map_or_else(|| ends(element), |narrow| Ok(narrow.ends()))
    }
}

impl Operator for Quantize {
    fn parse(_: &Context<'_>, node: &NodeProto) -> Result<Self> {
        let number = node.optional("output_dtype")?.unwrap_or(0);
        Ok(Self {
            layout: Layout::parse(node)?,
            element: of_number(number)?,
            narrow: i32::try_from(number).ok().and_then(Narrow::of),
            saturates: node.flag("saturate", true)?,
            step: None,
            back: None,
        })
    }

    fn outputs(&self, inputs: &[Shape]) -> Result<Vec<Shape>> {
        let Some(((ElementType::F32, dims), parameters)) = inputs.split_first() else {
            bail!("expected 32-bit floats")
        };
        if self.back.is_some() {
            return Ok(vec![(ElementType::F32, dims.clone())]);
        }
        let element = self.element_beside(parameters.get(1).map(|(element, _)| *element));
        self.ends(element)?;
        ensure!(self.step.is_some() || !parameters.is_empty(), "expected a scale");
        Ok(vec![(element, dims.clone())])
    }

    fn eval(&self, inputs: Vec<Tensor>) -> Result<Vec<Tensor>> {
        let mut inputs = inputs.into_iter();
        let mut values = inputs.next().context("expected values")?;
        if let Some(step) = self.step {
            let elements = values.elements_mut()?;
            let Some((scale, zero)) = self.back else {
                step.quantize(elements);
                return Ok(vec![stored(&values, self.element)?]);
            };
            step.snap(elements, scale, zero);
            return Ok(vec![values]);
        }
        let (scale, zero) = (inputs.next().context("expected a scale")?, inputs.next());
        let element = self.element_beside(zero.as_ref().map(Tensor::element));
        if let Some(narrow) = self.narrow.filter(|narrow| narrow.wide() == ElementType::F32) {
            self.layout.each(&mut values, &scale, zero.as_ref(), |scale, zero, run| {
                for value in run {
                    *value = narrow.nearest(*value / scale + zero, self.saturates, Rounding::Nearest);
                }
            })?;
            return Ok(vec![values]);
        }
        let (low, high) = self.ends(element)?;
        self.layout.each(&mut values, &scale, zero.as_ref(), |scale, zero, run| {
            Step { scale, zero, low, high }.quantize(run);
        })?;
        Ok(vec![stored(&values, element)?])
    }

    fn rewrites(&self) -> Option<&dyn Rewrites> {
        Some(self)
    }
}

impl Rewrites for Quantize {
    fn prepared(&self, constants: &[Option<Tensor>]) -> Result<Option<(Rewritten, Vec<usize>)>> {
        let [None, parameters @ ..] = constants else { return Ok(None) };
        if self.element == ElementType::F32 {
            return Ok(None);
        }
        let Some((scale, zero)) = single(parameters).filter(|_| self.step.is_none()) else { return Ok(None) };
        let of_zero = parameters.get(1).and_then(Option::as_ref).map(Tensor::element);
        let element = self.element_beside(of_zero);
        let (low, high) = self.ends(element)?;
        let step = Some(Step { scale, zero, low, high });
        Ok(Some((Arc::new(Self { step, element, ..self.clone() }), vec![0])))
    }

    fn channels_last(&self, _: usize) -> ChannelsLast {
        if self.step.is_some() { ChannelsLast::Same } else { ChannelsLast::No }
    }

    fn then(&self, next: &Pointwise) -> Option<Rewritten> {
        match next {
            Pointwise::Dequantize { scale, zero } if self.step.is_some() && self.back.is_none() => {
                Some(Arc::new(Self { back: Some((*scale, *zero)), ..self.clone() }))
            }
            _ => None,
        }
    }
}

/// From integers of a few bits to floats.
#[derive(Debug, Clone)]
pub(super) struct Dequantize {
    layout: Layout,
    /// One scale and zero that never change.
    step: Option<(f32, f32)>,
}

impl Operator for Dequantize {
    fn parse(_: &Context<'_>, node: &NodeProto) -> Result<Self> {
        Ok(Self { layout: Layout::parse(node)?, step: None })
    }

    fn outputs(&self, inputs: &[Shape]) -> Result<Vec<Shape>> {
        let Some(((element, dims), parameters)) = inputs.split_first() else { bail!("expected values") };
        // Floats of 8 and 4 bits are held by wider ones.
        let takes = *element == ElementType::F32 || element.is_integer() && element.size() <= 4;
        ensure!(takes, "{element:?} is not dequantized");
        let scale = parameters.first().map(|(element, _)| *element);
        ensure!(self.step.is_some() || scale == Some(ElementType::F32), "expected a scale of 32-bit floats");
        Ok(vec![(ElementType::F32, dims.clone())])
    }

    fn eval(&self, inputs: Vec<Tensor>) -> Result<Vec<Tensor>> {
        let mut inputs = inputs.into_iter();
        let mut values = floats(&inputs.next().context("expected values")?)?;
        if let Some((scale, zero)) = self.step {
            integers::real(values.elements_mut()?, scale, zero);
            return Ok(vec![values]);
        }
        let (scale, zero) = (inputs.next().context("expected a scale")?, inputs.next());
        self.layout
            .each(&mut values, &scale, zero.as_ref(), |scale, zero, run| integers::real(run, scale, zero))?;
        Ok(vec![values])
    }

    fn rewrites(&self) -> Option<&dyn Rewrites> {
        Some(self)
    }
}

impl Rewrites for Dequantize {
    fn prepared(&self, constants: &[Option<Tensor>]) -> Result<Option<(Rewritten, Vec<usize>)>> {
        let [None, parameters @ ..] = constants else { return Ok(None) };
        let step = single(parameters).filter(|_| self.step.is_none());
        Ok(step.map(|step| (Arc::new(Self { step: Some(step), ..self.clone() }) as Rewritten, vec![0])))
    }

    fn channels_last(&self, _: usize) -> ChannelsLast {
        if self.step.is_some() { ChannelsLast::Same } else { ChannelsLast::No }
    }

    fn pointwise(&self, _: &[Option<Tensor>]) -> Option<Pointwise> {
        self.step.map(|(scale, zero)| Pointwise::Dequantize { scale, zero })
    }
}

/// Values as numbers of 8 bits in steps that suit all of them together, the width of a step, and the number that stands for zero.
#[derive(Debug)]
pub(super) struct DynamicQuantize;

impl Operator for DynamicQuantize {
    fn parse(_: &Context<'_>, _: &NodeProto) -> Result<Self> {
        Ok(Self)
    }

    fn outputs(&self, inputs: &[Shape]) -> Result<Vec<Shape>> {
        let [(ElementType::F32, dims)] = inputs else { bail!("expected 32-bit floats") };
        let single = |element| (element, Vec::<Dim>::new());
        Ok(vec![(ElementType::U8, dims.clone()), single(ElementType::F32), single(ElementType::U8)])
    }

    fn mixes_rows(&self) -> bool {
        true
    }

    fn eval(&self, inputs: Vec<Tensor>) -> Result<Vec<Tensor>> {
        let mut values = inputs.into_iter().next().context("expected values")?;
        let step = Step::of_range(values.elements()?);
        step.quantize(values.elements_mut()?);
        let zero = stored(&Tensor::scalar(step.zero), ElementType::U8)?;
        Ok(vec![stored(&values, ElementType::U8)?, Tensor::scalar(step.scale), zero])
    }
}
