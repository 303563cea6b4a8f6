//! onnxruntime's `GatherBlockQuantized`: rows of a table of quantised numbers, as floats. Blocks of the last axis share a scale
//! and a zero; numbers of 4 bits are packed into bytes, the low bits first, or have a type of their own.

use anyhow::{Context as _, Result, bail, ensure};

use super::{Context, Dim, ElementType, Operator, Shape, Tensor, position};
use crate::onnx::names;
use crate::onnx::pb::NodeProto;
use crate::tensor::room;

#[derive(Debug)]
pub(super) struct GatherBlocks {
    bits: usize,
    block: usize,
    /// Whether bytes may hold two numbers each.
    may_pack: bool,
}

impl Operator for GatherBlocks {
    fn parse(_: &Context<'_>, node: &NodeProto) -> Result<Self> {
        let bits = node.optional("bits")?.unwrap_or(4);
        ensure!(matches!(bits, 4 | 8), "numbers of {bits} bits do not run");
        ensure!(node.optional("gather_axis")?.unwrap_or(0_i64) == 0, "only rows of a table are gathered");
        let axis = node.optional("quantize_axis")?.unwrap_or(1_i64);
        ensure!(matches!(axis, -1 | 1), "only rows of a table are quantised in blocks");
        let block = node.optional("block_size")?.unwrap_or(128);
        ensure!(block > 0, "a block has a size");
        let may_pack = bits == 4 && node.optional::<i64>(names::UNPACKED)?.is_none();
        Ok(Self { bits, block, may_pack })
    }

    fn outputs(&self, inputs: &[Shape]) -> Result<Vec<Shape>> {
        let [(ElementType::U8 | ElementType::I8, data), (_, indices), (ElementType::F32, scales), ..] =
            inputs
        else {
            bail!("expected a table, rows and scales")
        };
        let ([_, width], [_, blocks]) = (data.as_slice(), scales.as_slice()) else {
            bail!("expected a table and a scale for each of its blocks")
        };
        let width = match width.known().zip(blocks.known()) {
            Some((width, blocks)) => Dim::from(width.saturating_mul(self.packed(width, blocks)?)),
            None => Dim::open(),
        };
        Ok(vec![(ElementType::F32, indices.iter().cloned().chain([width]).collect())])
    }

    fn eval(&self, inputs: Vec<Tensor>) -> Result<Vec<Tensor>> {
        let [data, indices, scales, zeros @ ..] = inputs.as_slice() else {
            bail!("expected a table, rows and scales")
        };
        let ([rows, width], [_, blocks]) = (data.shape(), scales.shape()) else {
            bail!("expected a table and a scale for each of its blocks")
        };
        let packed = self.packed(*width, *blocks)?;
        let picked = indices.to_vec::<i64>()?.into_iter().map(|index| position(index, *rows));
        let picked = picked.collect::<Result<Vec<_>>>()?;
        let taken = |table: &Tensor| -> Result<Tensor> {
            let [own, length] = *table.shape() else { bail!("expected a table") };
            ensure!(own == *rows, "every row of the table has scales and zeros");
            let starts: Vec<usize> = picked.iter().map(|row| row * length).collect();
            table.take_runs(&starts, length, vec![picked.len(), length])
        };
        let shape: Vec<usize> = indices.shape().iter().copied().chain([width * packed]).collect();
        room(&shape)?;
        let scales = taken(scales)?;
        let scales = scales.elements::<f32>()?;
        let mut levels = self.levels(&taken(data)?, packed)?;
        let zeros = match zeros.first() {
            Some(zeros) => self.levels(&taken(zeros)?, packed)?,
            // Without zeros bytes have theirs in the middle.
            None if data.element() == ElementType::U8 && (packed > 1 || self.bits == 8) => {
                vec![if self.bits == 4 { 8.0 } else { 128.0 }; scales.len()]
            }
            None => vec![0.0; scales.len()],
        };
        let in_row = zeros.len().checked_div(picked.len()).unwrap_or(0);
        ensure!(picked.is_empty() || in_row >= *blocks, "every block has a zero");
        for (nth, row) in levels.chunks_mut((width * packed).max(1)).enumerate() {
            for (block, numbers) in row.chunks_mut(self.block).enumerate() {
                let scale = scales.get(nth * blocks + block).context("a block has a scale")?;
                let zero = zeros.get(nth * in_row + block).context("a block has a zero")?;
                numbers.iter_mut().for_each(|number| *number = (*number - zero) * scale);
            }
        }
        Ok(vec![Tensor::new(shape, levels)?])
    }
}

impl GatherBlocks {
    /// How many numbers an element of a row of `width` holds, which has so many `blocks`.
    fn packed(&self, width: usize, blocks: usize) -> Result<usize> {
        let fits = |packed: &usize| width.saturating_mul(*packed).div_ceil(self.block) == blocks;
        let found = [1 + usize::from(self.may_pack), 1].into_iter().find(fits);
        found.with_context(|| format!("{blocks} scales do not fit rows of {width}"))
    }

    fn levels(&self, table: &Tensor, packed: usize) -> Result<Vec<f32>> {
        if packed == 1 {
            return table.to_vec();
        }
        let bytes = table.to_vec::<u8>()?;
        Ok(bytes.into_iter().flat_map(|byte| [f32::from(byte & 15), f32::from(byte >> 4)]).collect())
    }
}
