//! The weights of the leaves, in the simplest layout that an ensemble allows.

use anyhow::{Result, bail, ensure, format_err};

use super::real::Real;
use super::source::{Mode, Source};

/// An output and what a leaf adds to it.
pub(super) type Weight<T> = (u32, T);

/// What leaves add to the outputs.
#[derive(Debug)]
pub(super) enum Leaves<T> {
    /// Every leaf has a weight for every output, in their order.
    Full(Vec<T>),
    /// Every leaf has one weight.
    Single(Vec<Weight<T>>),
    /// Leaf `i` has the weights from `starts[i]` up to `starts[i + 1]`.
    Any { starts: Vec<u32>, weights: Vec<Weight<T>> },
}

impl<T: Real> Leaves<T> {
    /// Hands every weight of `leaf` to `take`, with its output.
    #[expect(clippy::indexing_slicing, reason = "`of` lays out weights for every leaf that the forest has")]
    pub(super) fn each(&self, leaf: usize, outputs: usize, mut take: impl FnMut(usize, T)) {
        let weights = match self {
            Self::Full(weights) => {
                let weights = &weights[leaf * outputs..(leaf + 1) * outputs];
                return weights.iter().enumerate().for_each(|(output, weight)| take(output, *weight));
            }
            Self::Single(weights) => &weights[leaf..=leaf],
            Self::Any { starts, weights } => &weights[starts[leaf] as usize..starts[leaf + 1] as usize],
        };
        weights.iter().for_each(|(output, weight)| take(*output as usize, *weight));
    }

    #[expect(
        clippy::indexing_slicing,
        reason = "`weights_by_leaf` gives starts in ascending order, up to the end"
    )]
    pub(super) fn of(source: &Source) -> Result<Self> {
        let (starts, weights) = weights_by_leaf(source)?;
        let every = |fits: &dyn Fn(&[Weight<f64>]) -> bool| {
            starts.windows(2).all(|ends| fits(&weights[ends[0] as usize..ends[1] as usize]))
        };
        let full = |leaf: &[Weight<f64>]| {
            leaf.len() == source.outputs && (0..).zip(leaf).all(|(output, weight)| weight.0 == output)
        };
        let own = weights.iter().map(|(output, weight)| (*output, T::from_f64(*weight)));
        Ok(if every(&full) {
            Self::Full(own.map(|(_, weight)| weight).collect())
        } else if every(&|leaf| leaf.len() == 1) {
            Self::Single(own.collect())
        } else {
            Self::Any { weights: own.collect(), starts }
        })
    }
}

/// Where the weights of each leaf start, with the end of the last one's; and the weights of all leaves in their order,
/// each with its output.
#[expect(
    clippy::cast_possible_truncation,
    reason = "the number of weights is checked, outputs are below 2^16"
)]
fn weights_by_leaf(source: &Source) -> Result<(Vec<u32>, Vec<Weight<f64>>)> {
    let leaves = leaf_numbers(source);
    let mut kept = Vec::with_capacity(source.weights.len());
    for weight in &source.weights {
        let leaf = leaves.get(weight.node);
        let leaf = leaf.ok_or_else(|| format_err!("a weight is for a node that is not there"))?;
        let output = usize::try_from(weight.output).ok().filter(|output| *output < source.outputs);
        let Some(output) = output else {
            bail!("a weight is for output {}, there are {}", weight.output, source.outputs)
        };
        // Some exporters give weights to questions as well.
        kept.extend(leaf.map(|leaf| (leaf, (output as u32, weight.weight))));
    }
    ensure!(u32::try_from(kept.len()).is_ok(), "the ensemble has too many weights");
    kept.sort_by_key(|(leaf, _)| *leaf);
    let count = u32::try_from(leaves.iter().flatten().count())?;
    let starts = (0..=count).map(|leaf| kept.partition_point(|(other, _)| *other < leaf) as u32);
    Ok((starts.collect(), kept.into_iter().map(|(_, weight)| weight).collect()))
}

/// The number of every node that is a leaf, among the leaves.
pub(super) fn leaf_numbers(source: &Source) -> Vec<Option<u32>> {
    let mut next = 0..;
    source.nodes.iter().map(|node| if node.mode == Mode::Leaf { next.next() } else { None }).collect()
}
