//! The trees in the form in which they are walked.
//!
//! Whatever the file compares with (six modes) is rewritten to the one question that [`Node`]s ask when the forest is built; but
//! nodes that ask for one category after the other become one that asks for a set ([`super::sets`]).

use std::collections::VecDeque;

use anyhow::{Result, bail, ensure};
use predictql_kernels::trees::{self, Coded, Node, Nodes, Tree};

use super::leaves::{Leaves, leaf_numbers};
use super::real::Real;
use super::sets::{Set, Sets};
use super::source::{Mode, Source};

/// Trees ready to be walked. [`Forest::build`] proves what walks rely on: every child lies in `nodes`, no walk is
/// endless, `leaf_at` is as long as `nodes`, and its numbers are those of leaves that have weights.
#[derive(Debug)]
pub(super) struct Forest<T> {
    pub(super) nodes: Vec<Node<T>>,
    pub(super) trees: Vec<Tree>,
    /// The number of the leaf at a node's position; 0 for questions.
    pub(super) leaf_at: Vec<u32>,
    /// The set that each node asks for, if any does, and what sets there are.
    set_at: Vec<u32>,
    coded: Vec<Coded>,
    table: Vec<u32>,
    pub(super) leaves: Leaves<T>,
    pub(super) outputs: usize,
    /// One more than the greatest feature asked for.
    pub(super) features: usize,
    /// Whether nodes share their children, or ask for sets.
    pub(super) joins: bool,
    /// How many rows of the training came to each node; empty where that is not known.
    pub(super) covers: Vec<f64>,
}

/// A node of the source as a question that the forest asks; children by their positions among the plain nodes.
#[derive(Debug, Clone, Copy)]
enum Plain {
    Leaf { number: u32 },
    Ask { threshold: f64, set: u32, feature: u32, left: usize, right: usize, nan_goes_right: bool },
}

/// The nodes of a forest in their final order, whatever number its thresholds will be.
#[derive(Debug, Default)]
struct Layout {
    nodes: Vec<Node<f64>>,
    trees: Vec<Tree>,
    leaf_at: Vec<u32>,
    set_at: Vec<u32>,
    features: usize,
    joins: bool,
    covers: Vec<f64>,
}

impl<T: Real> Forest<T> {
    /// # Errors
    /// An ensemble that does not hold together: a child that is not there, a circle, a weight of no leaf.
    pub(super) fn build(source: &Source) -> Result<Self> {
        let sets = Sets::of(&source.nodes)?;
        let layout = Layout::of(source, &sets.sets, T::below)?;
        let nodes = layout.nodes.into_iter().map(|Node { threshold, feature, child }| Node {
            threshold: T::from_f64(threshold),
            feature,
            child,
        });
        Ok(Self {
            nodes: nodes.collect(),
            trees: layout.trees,
            leaf_at: layout.leaf_at,
            set_at: layout.set_at,
            coded: sets.features,
            table: sets.table,
            leaves: Leaves::of(source)?,
            outputs: source.outputs,
            features: layout.features,
            joins: layout.joins,
            covers: layout.covers,
        })
    }
}

impl<T> Forest<T> {
    /// What walks need.
    pub(super) fn nodes(&self) -> Nodes<'_, T> {
        let sets = trees::Sets { numbers: &self.set_at, features: &self.coded, table: &self.table };
        Nodes { nodes: &self.nodes, leaf_at: &self.leaf_at, sets }
    }
}

impl Layout {
    fn of(source: &Source, sets: &[Set], below: fn(f64) -> f64) -> Result<Self> {
        ensure!(!source.roots.is_empty(), "there are no trees");
        let plain = plain_nodes(source, sets, below)?;
        let depths = depths(&plain, &source.roots)?;
        let mut layout = Self { features: 1, joins: !sets.is_empty(), ..Self::default() };
        let mut pairs = vec![None; plain.len()];
        for (root, depth) in source.roots.iter().zip(depths) {
            let root = layout.lay_out(*root, &plain, &source.covers, &mut pairs)?;
            layout.trees.push(Tree { root, depth });
        }
        if sets.is_empty() {
            // Not even its room is kept.
            layout.set_at = Vec::new();
        }
        Ok(layout)
    }

    /// Lays out the tree under the plain node `root`, level by level, and returns its position. `pairs` holds the
    /// positions of children that are laid out already: nodes may share them.
    #[expect(
        clippy::indexing_slicing,
        reason = "`depths` has followed every child; `reserve` adds what is written"
    )]
    fn lay_out(
        &mut self,
        root: usize,
        plain: &[Plain],
        covers: &[f64],
        pairs: &mut [Option<u32>],
    ) -> Result<u32> {
        let first = self.reserve(1)?;
        let mut queue = VecDeque::from([(first, root)]);
        while let Some((slot, index)) = queue.pop_front() {
            let (node, leaf) = match plain[index] {
                Plain::Ask { threshold, set, feature, left, right, nan_goes_right } => {
                    self.set_at[slot as usize] = set;
                    let child = match pairs[index] {
                        Some(child) => {
                            self.joins = true;
                            child
                        }
                        None => {
                            let child = self.reserve(2)?;
                            queue.extend([(child, left), (child + 1, right)]);
                            *pairs[index].insert(child)
                        }
                    };
                    self.features = self.features.max(feature as usize + 1);
                    (Node { threshold, feature, child: child << 1 | u32::from(nan_goes_right) }, 0)
                }
                Plain::Leaf { number } => (leaf_node(slot), number),
            };
            self.nodes[slot as usize] = node;
            self.leaf_at[slot as usize] = leaf;
            if let Some(cover) = covers.get(index) {
                self.covers.resize(self.nodes.len(), 0.0);
                self.covers[slot as usize] = *cover;
            }
        }
        Ok(first)
    }

    /// Adds `count` nodes and returns the position of the first one.
    fn reserve(&mut self, count: usize) -> Result<u32> {
        let slot = u32::try_from(self.nodes.len())?;
        ensure!(slot < u32::MAX >> 2, "the ensemble has too many nodes");
        self.nodes.resize(self.nodes.len() + count, leaf_node(slot));
        self.leaf_at.resize(self.nodes.len(), 0);
        self.set_at.resize(self.nodes.len(), 0);
        Ok(slot)
    }
}

fn leaf_node(slot: u32) -> Node<f64> {
    Node { threshold: f64::INFINITY, feature: 0, child: slot << 1 }
}

/// Rewrites the nodes of `source` to questions of the form `x > threshold`. Nodes keep their positions; equality asks
/// twice, and its second questions follow behind all others, but for those that ask for one of `sets`, in the order of
/// nodes. `below` is the next number down.
fn plain_nodes(source: &Source, sets: &[Set], below: fn(f64) -> f64) -> Result<Vec<Plain>> {
    let mut plain = Vec::with_capacity(source.nodes.len());
    let mut second = Vec::new();
    let mut sets = sets.iter().peekable();
    for (index, (node, number)) in source.nodes.iter().zip(leaf_numbers(source)).enumerate() {
        if let Some(number) = number {
            plain.push(Plain::Leaf { number });
            continue;
        }
        let (yes, no) = (node.when_true, node.when_false);
        let feature = u32::try_from(node.feature)?;
        if let Some(set) = sets.next_if(|set| set.node == index) {
            plain.push(Plain::Ask {
                threshold: f64::INFINITY,
                set: set.number,
                feature,
                left: set.when_false,
                right: yes,
                nan_goes_right: node.missing_is_true,
            });
            continue;
        }
        let ask = |threshold, left, right, nan_goes_right| Plain::Ask {
            threshold,
            set: 0,
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

/// The most steps that lead from each of `roots` to a leaf. Fails where a child is missing or a walk would never end:
/// behind it, every node that can be reached is in `plain`.
#[expect(clippy::indexing_slicing, reason = "roots and children are checked before they are pushed")]
fn depths(plain: &[Plain], roots: &[usize]) -> Result<Vec<u32>> {
    #[derive(Clone, Copy, PartialEq)]
    enum State {
        New,
        Open,
        Done(u32),
    }
    let exists = |index: &usize| *index < plain.len();
    ensure!(roots.iter().all(exists), "a root is missing");
    let mut states = vec![State::New; plain.len()];
    let mut stack = roots.to_vec();
    while let Some(&index) = stack.last() {
        let next = match (states[index], plain[index]) {
            (_, Plain::Leaf { .. }) => State::Done(0),
            (State::New, Plain::Ask { left, right, .. }) => {
                ensure!(exists(&left) && exists(&right), "a child lies outside of the ensemble");
                for child in [left, right] {
                    match states[child] {
                        State::Open => bail!("the nodes of a tree form a circle"),
                        State::New => stack.push(child),
                        State::Done(_) => {}
                    }
                }
                State::Open
            }
            // The children were on top of the stack: they are done.
            (State::Open, Plain::Ask { left, right, .. }) => match (states[left], states[right]) {
                (State::Done(left), State::Done(right)) => State::Done(1 + left.max(right)),
                _ => bail!("the nodes of a tree form a circle"),
            },
            (done, _) => done,
        };
        if next != State::Open {
            stack.pop();
        }
        states[index] = next;
    }
    let depth = |root: &usize| match states[*root] {
        State::Done(depth) => Ok(depth),
        State::New | State::Open => bail!("a tree has no end"),
    };
    roots.iter().map(depth).collect()
}
