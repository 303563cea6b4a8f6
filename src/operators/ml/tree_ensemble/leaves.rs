//! What leaves say of the outputs, in the layout that most ensembles allow.

use tract_onnx::tract_hir::internal::{TractResult, bail, format_err};

use super::attributes::{Mode, Source};
use super::forest::Real;

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
    pub(super) fn each(&self, leaf: usize, outputs: usize, mut take: impl FnMut(usize, T)) {
        let range = match self {
            Self::Full(weights) => {
                let weights = weights.get(leaf * outputs..(leaf + 1) * outputs).unwrap_or_default();
                return (0..).zip(weights).for_each(|(output, weight)| take(output, *weight));
            }
            Self::Single(weights) => weights.get(leaf..leaf + 1),
            Self::Any { starts, weights } => match starts.get(leaf..leaf + 2) {
                Some([start, end]) => weights.get(*start as usize..*end as usize),
                _ => None,
            },
        };
        range.unwrap_or_default().iter().for_each(|(output, weight)| take(*output as usize, *weight));
    }

    pub(super) fn of(source: &Source) -> TractResult<Self> {
        let (starts, weights) = weights_by_leaf(source)?;
        let every = |fits: &dyn Fn(&[Weight<f64>]) -> bool| {
            starts.windows(2).all(|range| match range {
                [start, end] => fits(weights.get(*start as usize..*end as usize).unwrap_or_default()),
                _ => false,
            })
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

/// The weights of all leaves, each with its output, one leaf's behind the other's; and where each leaf's start.
fn weights_by_leaf(source: &Source) -> TractResult<(Vec<u32>, Vec<Weight<f64>>)> {
    let leaves = numbers(source);
    let mut kept = Vec::with_capacity(source.weights.len());
    for weight in &source.weights {
        let number = leaves.get(weight.node);
        let number = number.ok_or_else(|| format_err!("a weight is for a node that is not there"))?;
        let output = usize::try_from(weight.output).ok().filter(|output| *output < source.outputs);
        let Some(output) = output else {
            bail!("a weight is for output {}, there are {}", weight.output, source.outputs)
        };
        // Some exporters give weights to questions as well.
        kept.extend(number.map(|leaf| (leaf, (output as u32, weight.weight))));
    }
    kept.sort_by_key(|(leaf, _)| *leaf);
    let count = leaves.iter().flatten().count() as u32;
    let starts = (0..=count).map(|leaf| kept.partition_point(|(of, _)| *of < leaf) as u32);
    Ok((starts.collect(), kept.into_iter().map(|(_, weight)| weight).collect()))
}

/// The number of every node that is a leaf, among the leaves.
pub(super) fn numbers(source: &Source) -> Vec<Option<u32>> {
    let mut next = 0..;
    source.nodes.iter().map(|node| if node.mode == Mode::Leaf { next.next() } else { None }).collect()
}
