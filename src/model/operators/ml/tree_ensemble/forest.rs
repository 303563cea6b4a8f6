//! The trees in the form in which they are walked.
//!
//! Every node asks one question, `x > threshold`, and its two children lie side by side: the next node is the first
//! child's place plus the answer. Whatever the file compares with (six modes) is rewritten to that question when the
//! forest is built. A leaf is its own child and its threshold cannot be exceeded, so that a walk that has arrived
//! stands still, and several rows can walk in step without asking who has arrived.

use std::collections::VecDeque;

use tract_onnx::tract_hir::internal::{TractResult, bail, ensure, format_err};

use super::attributes::{Mode, Source};

/// A number that thresholds can be: `f32` or `f64`.
pub(super) trait Real:
    Copy + PartialOrd + std::ops::AddAssign + Send + Sync + std::fmt::Debug + 'static
{
    const ZERO: Self;
    fn from_f64(value: f64) -> Self;
    fn to_f32(self) -> f32;
    fn is_nan(self) -> bool;
    fn negated(self) -> Self;
    fn over(self, divisor: Self) -> Self;
    /// The greatest number of this type below one of this type.
    fn below(value: f64) -> f64;
}

macro_rules! real {
    ($float:ty) => {
        impl Real for $float {
            const ZERO: Self = 0.0;
            fn from_f64(value: f64) -> Self {
                value as Self
            }
            fn to_f32(self) -> f32 {
                self as f32
            }
            fn is_nan(self) -> bool {
                self.is_nan()
            }
            fn negated(self) -> Self {
                -self
            }
            fn over(self, divisor: Self) -> Self {
                self / divisor
            }
            fn below(value: f64) -> f64 {
                (value as Self).next_down().into()
            }
        }
    };
}

real!(f32);
real!(f64);

/// One node: a question or a leaf.
#[derive(Debug, Clone, Copy)]
pub(super) struct Node<T> {
    pub(super) threshold: T,
    /// The feature asked for; of a leaf 0.
    pub(super) feature: u32,
    /// The place of the first child and, in the lowest bit, whether NaN goes to the second.
    child: u32,
}

impl<T: Real> Node<T> {
    pub(super) fn child(&self) -> u32 {
        self.child >> 1
    }

    pub(super) fn nan_goes_right(&self) -> u32 {
        self.child & 1
    }
}

/// Trees ready to be walked. The builder proves that every child lies in `nodes`, that no walk is endless, and that
/// every leaf has its weights.
#[derive(Debug)]
pub(super) struct Forest<T> {
    pub(super) nodes: Vec<Node<T>>,
    pub(super) roots: Vec<u32>,
    /// The leaf that stands at a node's place; 0 for questions.
    pub(super) leaf_at: Vec<u32>,
    pub(super) leaves: Leaves<T>,
    pub(super) outputs: usize,
    /// One more than the greatest feature asked for.
    pub(super) features: usize,
}

/// What leaves add to the outputs: leaf `i` has the weights from `starts[i]` up to `starts[i + 1]`, each for the output
/// in the same place.
#[derive(Debug)]
pub(super) struct Leaves<T> {
    starts: Vec<u32>,
    outputs: Vec<u32>,
    weights: Vec<T>,
    /// Every leaf has one weight for every output, in their order.
    pub(super) dense: bool,
}

impl<T> Leaves<T> {
    /// The outputs and weights of `leaf`.
    pub(super) fn get(&self, leaf: u32) -> (&[u32], &[T]) {
        let bound = |leaf: usize| self.starts.get(leaf).map_or(0, |start| *start as usize);
        let range = bound(leaf as usize)..bound(leaf as usize + 1);
        (self.outputs.get(range.clone()).unwrap_or_default(), self.weights.get(range).unwrap_or_default())
    }
}

/// A node of the source as nodes are here; children by their places among the plain nodes.
#[derive(Debug, Clone, Copy)]
enum Plain {
    Leaf { at: usize },
    Ask { threshold: f64, feature: u32, left: usize, right: usize, nan_goes_right: bool },
}

/// The nodes of a forest in their final order, whatever number its thresholds will be.
#[derive(Debug, Default)]
struct Layout {
    nodes: Vec<Node<f64>>,
    roots: Vec<u32>,
    leaf_at: Vec<u32>,
    features: usize,
}

impl<T: Real> Forest<T> {
    /// # Errors
    /// An ensemble that does not hold together: a child that is not there, a circle, a weight of no leaf.
    pub(super) fn build(source: &Source) -> TractResult<Self> {
        let layout = Layout::of(source, T::below)?;
        let (starts, weights) = weights_by_node(source)?;
        let nodes = layout.nodes.into_iter().map(|Node { threshold, feature, child }| Node {
            threshold: T::from_f64(threshold),
            feature,
            child,
        });
        let full = |range: &[u32]| match range {
            [start, end] => {
                let weights = weights.get(*start as usize..*end as usize).unwrap_or_default();
                weights.len() == source.outputs && (0..).zip(weights).all(|(at, weight)| weight.0 == at)
            }
            _ => false,
        };
        let mut leaves = starts.windows(2).zip(&source.nodes).filter(|(_, node)| node.mode == Mode::Leaf);
        let dense = leaves.all(|(range, _)| full(range));
        Ok(Self {
            nodes: nodes.collect(),
            roots: layout.roots,
            leaf_at: layout.leaf_at,
            leaves: Leaves {
                dense,
                outputs: weights.iter().map(|weight| weight.0).collect(),
                weights: weights.iter().map(|weight| T::from_f64(weight.1)).collect(),
                starts,
            },
            outputs: source.outputs,
            features: layout.features,
        })
    }
}

impl Layout {
    fn of(source: &Source, below: fn(f64) -> f64) -> TractResult<Self> {
        ensure!(!source.roots.is_empty(), "there are no trees");
        let plain = plain_nodes(source, below)?;
        refuse_circles(&plain, &source.roots)?;
        let mut layout = Self { features: 1, ..Self::default() };
        let mut pairs = vec![None; plain.len()];
        for root in &source.roots {
            layout.lay_out(*root, &plain, &mut pairs)?;
        }
        Ok(layout)
    }

    /// Lays out the tree under the plain node `root`, level by level. `pairs` knows where children lie already:
    /// nodes may share them.
    fn lay_out(&mut self, root: usize, plain: &[Plain], pairs: &mut [Option<u32>]) -> TractResult<()> {
        let mut queue = VecDeque::from([(self.reserve(1)?, root)]);
        self.roots.extend(queue.front().map(|(slot, _)| *slot));
        while let Some((slot, at)) = queue.pop_front() {
            let (node, leaf) = match plain.get(at) {
                Some(&Plain::Ask { threshold, feature, left, right, nan_goes_right }) => {
                    let child = match pairs.get(at).copied().flatten() {
                        Some(child) => child,
                        None => {
                            let child = self.reserve(2)?;
                            queue.extend([(child, left), (child + 1, right)]);
                            pairs.get_mut(at).map(|pair| pair.insert(child));
                            child
                        }
                    };
                    self.features = self.features.max(feature as usize + 1);
                    (Node { threshold, feature, child: child << 1 | u32::from(nan_goes_right) }, 0)
                }
                Some(&Plain::Leaf { at }) => (leaf_node(slot), u32::try_from(at)?),
                None => bail!("a child lies outside of the ensemble"),
            };
            if let (Some(to), Some(leaf_at)) =
                (self.nodes.get_mut(slot as usize), self.leaf_at.get_mut(slot as usize))
            {
                (*to, *leaf_at) = (node, leaf);
            }
        }
        Ok(())
    }

    /// Adds `count` nodes and returns the place of the first one.
    fn reserve(&mut self, count: usize) -> TractResult<u32> {
        let slot = u32::try_from(self.nodes.len())?;
        ensure!(slot < u32::MAX >> 2, "the ensemble has too many nodes");
        self.nodes.resize(self.nodes.len() + count, leaf_node(slot));
        self.leaf_at.resize(self.nodes.len(), 0);
        Ok(slot)
    }
}

fn leaf_node(slot: u32) -> Node<f64> {
    Node { threshold: f64::INFINITY, feature: 0, child: slot << 1 }
}

/// Rewrites the nodes of `source` to questions of the form `x > threshold`. The places of nodes stay; equality asks
/// twice, and its second questions follow behind all others. `below` is the next number down.
fn plain_nodes(source: &Source, below: fn(f64) -> f64) -> TractResult<Vec<Plain>> {
    let mut plain = Vec::with_capacity(source.nodes.len());
    let mut second = Vec::new();
    for (at, node) in source.nodes.iter().enumerate() {
        if node.mode == Mode::Leaf {
            plain.push(Plain::Leaf { at });
            continue;
        }
        let (yes, no) = (node.when_true, node.when_false);
        let feature = u32::try_from(node.feature)?;
        let ask = |threshold, left, right, nan_goes_right| Plain::Ask {
            threshold,
            feature,
            left,
            right,
            nan_goes_right,
        };
        let (value, below, missing) = (node.value, below(node.value), node.missing_is_true);
        // Nothing lies below negative infinity, so that `below` is no number less there.
        let lowest = below == value;
        plain.push(match node.mode {
            Mode::Neq if value.is_nan() => ask(f64::INFINITY, yes, yes, false),
            Mode::Gte if lowest => ask(f64::INFINITY, yes, no, !missing),
            _ if value.is_nan() || (lowest && node.mode == Mode::Lt) => ask(f64::INFINITY, no, yes, missing),
            Mode::Leq => ask(value, yes, no, !missing),
            Mode::Lt => ask(below, yes, no, !missing),
            Mode::Gt => ask(value, no, yes, missing),
            Mode::Gte => ask(below, no, yes, missing),
            Mode::Eq if lowest => ask(value, yes, no, !missing),
            Mode::Neq if lowest => ask(value, no, yes, true),
            Mode::Eq => {
                second.push(ask(below, no, yes, missing));
                ask(value, source.nodes.len() + second.len() - 1, no, !missing)
            }
            Mode::Neq | Mode::Leaf => {
                second.push(ask(below, yes, no, true));
                ask(value, source.nodes.len() + second.len() - 1, yes, true)
            }
        });
    }
    plain.append(&mut second);
    Ok(plain)
}

/// Fails where a walk from one of `roots` would never end.
fn refuse_circles(plain: &[Plain], roots: &[usize]) -> TractResult<()> {
    #[derive(Clone, Copy, PartialEq)]
    enum State {
        New,
        Open,
        Done,
    }
    let mut states = vec![State::New; plain.len()];
    let mut stack = roots.to_vec();
    while let Some(&at) = stack.last() {
        let (Some(state), Some(node)) = (states.get_mut(at), plain.get(at)) else {
            bail!("a child is missing")
        };
        match *state {
            State::New => {
                *state = State::Open;
                if let Plain::Ask { left, right, .. } = node {
                    for child in [*left, *right] {
                        match states.get(child) {
                            Some(State::Open) => bail!("the nodes of a tree form a circle"),
                            Some(State::New) => stack.push(child),
                            _ => {}
                        }
                    }
                }
            }
            State::Open | State::Done => {
                *state = State::Done;
                stack.pop();
            }
        }
    }
    Ok(())
}

/// The weights of all nodes, each with its output, one node's behind the other's; and where each node's start.
#[expect(clippy::type_complexity, reason = "two lists that are taken apart at once")]
fn weights_by_node(source: &Source) -> TractResult<(Vec<u32>, Vec<(u32, f64)>)> {
    let mut starts = vec![0_u32; source.nodes.len() + 1];
    for weight in &source.weights {
        let count = starts.get_mut(weight.node + 1);
        *count.ok_or_else(|| format_err!("a weight is for a node that is not there"))? += 1;
    }
    let mut end = 0;
    for start in &mut starts {
        end += *start;
        *start = end;
    }
    let mut next = starts.clone();
    let mut weights = vec![(0, 0.0); source.weights.len()];
    for weight in &source.weights {
        let output = usize::try_from(weight.output).ok().filter(|output| *output < source.outputs);
        let Some(output) = output else {
            bail!("a weight is for output {}, there are {}", weight.output, source.outputs)
        };
        let next = next.get_mut(weight.node);
        if let Some(slot) = next.and_then(|next| weights.get_mut(std::mem::replace(next, *next + 1) as usize))
        {
            *slot = (output as u32, weight.weight);
        }
    }
    Ok((starts, weights))
}
