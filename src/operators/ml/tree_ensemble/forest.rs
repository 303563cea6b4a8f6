//! The trees in the form in which they are walked.
//!
//! Every node asks one question, `x > threshold`, and its two children lie side by side: the next node is the first
//! child's place plus the answer. Whatever the file compares with (six modes) is rewritten to that question when the
//! forest is built. A leaf is its own child and its threshold cannot be exceeded, so that a walk that has arrived
//! stands still, and several rows can walk in step without asking who has arrived.

use std::collections::VecDeque;

use tract_onnx::tract_hir::internal::{TractResult, bail, ensure};

use super::attributes::{Mode, Source};
use super::leaves::{Leaves, numbers};

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
    pub(super) trees: Vec<Tree>,
    /// The leaf that stands at a node's place; 0 for questions.
    pub(super) leaf_at: Vec<u32>,
    pub(super) leaves: Leaves<T>,
    pub(super) outputs: usize,
    /// One more than the greatest feature asked for.
    pub(super) features: usize,
}

/// Where a tree starts, and the most steps that lead to a leaf.
#[derive(Debug, Clone, Copy)]
pub(super) struct Tree {
    pub(super) root: u32,
    pub(super) depth: u32,
}

/// A node of the source as nodes are here; children by their places among the plain nodes.
#[derive(Debug, Clone, Copy)]
enum Plain {
    Leaf { number: u32 },
    Ask { threshold: f64, feature: u32, left: usize, right: usize, nan_goes_right: bool },
}

/// The nodes of a forest in their final order, whatever number its thresholds will be.
#[derive(Debug, Default)]
struct Layout {
    nodes: Vec<Node<f64>>,
    trees: Vec<Tree>,
    leaf_at: Vec<u32>,
    features: usize,
}

impl<T: Real> Forest<T> {
    /// # Errors
    /// An ensemble that does not hold together: a child that is not there, a circle, a weight of no leaf.
    pub(super) fn build(source: &Source) -> TractResult<Self> {
        let layout = Layout::of(source, T::below)?;
        let nodes = layout.nodes.into_iter().map(|Node { threshold, feature, child }| Node {
            threshold: T::from_f64(threshold),
            feature,
            child,
        });
        Ok(Self {
            nodes: nodes.collect(),
            trees: layout.trees,
            leaf_at: layout.leaf_at,
            leaves: Leaves::of(source)?,
            outputs: source.outputs,
            features: layout.features,
        })
    }
}

impl Layout {
    fn of(source: &Source, below: fn(f64) -> f64) -> TractResult<Self> {
        ensure!(!source.roots.is_empty(), "there are no trees");
        let plain = plain_nodes(source, below)?;
        let heights = heights(&plain, &source.roots)?;
        let mut layout = Self { features: 1, ..Self::default() };
        let mut pairs = vec![None; plain.len()];
        for root in &source.roots {
            let slot = layout.lay_out(*root, &plain, &mut pairs)?;
            let depth = heights.get(*root).copied().unwrap_or_default();
            layout.trees.push(Tree { root: slot, depth });
        }
        Ok(layout)
    }

    /// Lays out the tree under the plain node `root`, level by level, and returns its place. `pairs` knows where
    /// children lie already: nodes may share them.
    fn lay_out(&mut self, root: usize, plain: &[Plain], pairs: &mut [Option<u32>]) -> TractResult<u32> {
        let first = self.reserve(1)?;
        let mut queue = VecDeque::from([(first, root)]);
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
                Some(&Plain::Leaf { number }) => (leaf_node(slot), number),
                None => bail!("a child lies outside of the ensemble"),
            };
            if let (Some(to), Some(leaf_at)) =
                (self.nodes.get_mut(slot as usize), self.leaf_at.get_mut(slot as usize))
            {
                (*to, *leaf_at) = (node, leaf);
            }
        }
        Ok(first)
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
    for (node, number) in source.nodes.iter().zip(numbers(source)) {
        if let Some(number) = number {
            plain.push(Plain::Leaf { number });
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

/// How many steps lead at most from every node below `roots` to a leaf. Fails where a walk would never end.
fn heights(plain: &[Plain], roots: &[usize]) -> TractResult<Vec<u32>> {
    #[derive(Clone, Copy, PartialEq)]
    enum State {
        New,
        Open,
        Done(u32),
    }
    let mut states = vec![State::New; plain.len()];
    let mut stack = roots.to_vec();
    while let Some(&at) = stack.last() {
        let (Some(state), Some(node)) = (states.get(at), plain.get(at)) else { bail!("a child is missing") };
        let next = match (*state, node) {
            (_, Plain::Leaf { .. }) => State::Done(0),
            (State::New, Plain::Ask { left, right, .. }) => {
                for child in [*left, *right] {
                    match states.get(child) {
                        Some(State::Open) => bail!("the nodes of a tree form a circle"),
                        Some(State::New) => stack.push(child),
                        _ => {}
                    }
                }
                State::Open
            }
            (State::Open, Plain::Ask { left, right, .. }) => {
                let height = |child: &usize| match states.get(*child) {
                    Some(State::Done(height)) => *height,
                    _ => 0,
                };
                State::Done(1 + height(left).max(height(right)))
            }
            (done, _) => done,
        };
        if next != State::Open {
            stack.pop();
        }
        if let Some(state) = states.get_mut(at) {
            *state = next;
        }
    }
    Ok(states.iter().map(|state| if let State::Done(height) = state { *height } else { 0 }).collect())
}
