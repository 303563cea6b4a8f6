//! `DepthToSpace` (1 to 13) and `SpaceToDepth` (1 to 13): channels become blocks of a picture, or blocks channels.

use anyhow::{Context as _, Result, bail, ensure};

use super::{Context, Dim, Operator, Shape, only};
use crate::onnx::pb::NodeProto;
use crate::tensor::Tensor;

#[derive(Debug)]
pub(super) struct Blocks {
    /// Rows and columns of a block.
    size: usize,
    direction: Direction,
}

#[derive(Debug, Clone, Copy)]
enum Direction {
    /// The places of a block are in front of the channels, or behind them.
    ToSpace {
        behind: bool,
    },
    ToDepth,
}

impl Operator for Blocks {
    fn parse(_: &Context<'_>, node: &NodeProto) -> Result<Self> {
        let size: usize = node.required("blocksize")?;
        ensure!(size > 0, "a block has a size");
        let direction = match (node.op_type.as_str(), node.optional("mode")?.unwrap_or("DCR")) {
            ("SpaceToDepth", _) => Direction::ToDepth,
            (_, "DCR") => Direction::ToSpace { behind: false },
            (_, "CRD") => Direction::ToSpace { behind: true },
            (_, mode) => bail!("depth does not become space by {mode}"),
        };
        Ok(Self { size, direction })
    }

    fn outputs(&self, inputs: &[Shape]) -> Result<Vec<Shape>> {
        let (element, dims) = only(inputs)?;
        let [rows, channels, height, width] = dims.as_slice() else { bail!("expected pictures") };
        let [channels, height, width] = [channels, height, width].map(Dim::known);
        let found = match (channels, height, width) {
            (Some(channels), Some(height), Some(width)) => {
                self.lengths([channels, height, width])?.map(Dim::from)
            }
            _ => [Dim::open(), Dim::open(), Dim::open()],
        };
        Ok(vec![(*element, std::iter::once(rows.clone()).chain(found).collect())])
    }

    fn eval(&self, inputs: Vec<Tensor>) -> Result<Vec<Tensor>> {
        let pictures = only(&inputs)?;
        let [rows, channels, height, width] = *pictures.shape() else { bail!("expected pictures") };
        let [deep, high, wide] = self.lengths([channels, height, width])?;
        let size = self.size;
        let (apart, order) = match self.direction {
            Direction::ToSpace { behind: false } => {
                ([rows, size, size, deep, height, width], [0, 3, 4, 1, 5, 2])
            }
            Direction::ToSpace { behind: true } => {
                ([rows, deep, size, size, height, width], [0, 1, 4, 2, 5, 3])
            }
            Direction::ToDepth => ([rows, channels, high, size, wide, size], [0, 3, 5, 1, 2, 4]),
        };
        let moved = pictures.clone().with_shape(apart.to_vec())?.transpose(&order)?;
        Ok(vec![moved.with_shape(vec![rows, deep, high, wide])?])
    }
}

impl Blocks {
    /// Channels, height and width afterwards.
    fn lengths(&self, [channels, height, width]: [usize; 3]) -> Result<[usize; 3]> {
        let area = self.size.checked_mul(self.size).context("a block is larger than memory")?;
        Ok(match self.direction {
            Direction::ToSpace { .. } => {
                ensure!(channels.is_multiple_of(area), "{channels} channels do not fill blocks of {area}");
                [channels / area, height.saturating_mul(self.size), width.saturating_mul(self.size)]
            }
            Direction::ToDepth => {
                ensure!(
                    height.is_multiple_of(self.size) && width.is_multiple_of(self.size),
                    "blocks of {} do not fill {height} × {width}",
                    self.size
                );
                [channels.saturating_mul(area), height / self.size, width / self.size]
            }
        })
    }
}
