//! The trees in the form in which they are walked.
//!
//! Every node asks one question, `x > threshold`, and its two children lie side by side: the next node is the first
//! child's place plus the answer. Whatever the file compares with (six modes) is rewritten to that question when the
//! forest is built. A leaf is its own child and its threshold cannot be exceeded, so that a walk that has arrived
//! stands still, and several rows can walk in step without asking who has arrived.

use std::collections::{HashMap, HashSet, VecDeque};

use tract_onnx::tract_hir::internal::{TractResult, bail, ensure, format_err};

/// A number that thresholds can be: `f32` or `f64`.
pub(super) trait Real:
    Copy + PartialOrd + std::ops::AddAssign + Send + Sync + std::fmt::Debug + 'static
{
    const ZERO: Self;
    const INFINITY: Self;
    fn from_f64(value: f64) -> Self;
    fn to_f32(self) -> f32;
    fn is_nan(self) -> bool;
    fn negated(self) -> Self;
    fn over(self, divisor: Self) -> Self;
    /// The greatest number below.
    fn next_down(self) -> Self;
}

macro_rules! real {
    ($float:ty) => {
        impl Real for $float {
            const ZERO: Self = 0.0;
            const INFINITY: Self = Self::INFINITY;
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
            fn next_down(self) -> Self {
                self.next_down()
            }
        }
    };
}

real!(f32);
real!(f64);

/// The attributes of an ensemble, node by node and leaf weight by leaf weight.
#[derive(Debug)]
pub(super) struct Source<T> {
    pub(super) nodes: Vec<SourceNode<T>>,
    pub(super) weights: Vec<SourceWeight<T>>,
    /// Classes or targets.
    pub(super) outputs: usize,
}

#[derive(Debug)]
pub(super) struct SourceNode<T> {
    pub(super) tree: i64,
    pub(super) id: i64,
    pub(super) mode: Mode,
    pub(super) feature: i64,
    pub(super) value: T,
    pub(super) when_true: i64,
    pub(super) when_false: i64,
    pub(super) missing_is_true: bool,
}

#[derive(Debug)]
pub(super) struct SourceWeight<T> {
    pub(super) tree: i64,
    pub(super) node: i64,
    pub(super) output: i64,
    pub(super) weight: T,
}

/// What a node of the file asks; the answer leads to its true or its false child.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    Leq,
    Lt,
    Gte,
    Gt,
    Eq,
    Neq,
    Leaf,
}

impl Mode {
    pub(super) fn parse(name: &str) -> TractResult<Self> {
        Ok(match name {
            "BRANCH_LEQ" => Self::Leq,
            "BRANCH_LT" => Self::Lt,
            "BRANCH_GTE" => Self::Gte,
            "BRANCH_GT" => Self::Gt,
            "BRANCH_EQ" => Self::Eq,
            "BRANCH_NEQ" => Self::Neq,
            "LEAF" => Self::Leaf,
            other => bail!("there is no node mode `{other}`"),
        })
    }
}

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
enum Plain<T> {
    Leaf { at: usize },
    Ask { threshold: T, feature: u32, left: usize, right: usize, nan_goes_right: bool },
}

impl<T: Real> Forest<T> {
    /// # Errors
    /// An ensemble that does not hold together: a node twice, a child that is not there, a circle.
    pub(super) fn build(source: &Source<T>) -> TractResult<Self> {
        let mut places = HashMap::with_capacity(source.nodes.len());
        let mut trees = HashSet::new();
        let mut roots = Vec::new();
        for (at, node) in source.nodes.iter().enumerate() {
            let twice = places.insert((node.tree, node.id), at).is_some();
            ensure!(!twice, "node {} is twice in tree {}", node.id, node.tree);
            // The first node of a tree is its root.
            if trees.insert(node.tree) {
                roots.push(at);
            }
        }
        ensure!(!roots.is_empty(), "there are no trees");
        let plain = plain_nodes(source, &places)?;
        refuse_circles(&plain, &roots)?;
        let mut forest = Self {
            nodes: Vec::with_capacity(plain.len() + roots.len()),
            roots: Vec::with_capacity(roots.len()),
            leaf_at: Vec::new(),
            leaves: leaves(source, &places)?,
            outputs: source.outputs,
            features: 1,
        };
        let mut pairs = vec![None; plain.len()];
        for root in roots {
            forest.lay_out(root, &plain, &mut pairs)?;
        }
        Ok(forest)
    }

    /// Lays out the tree under the plain node `root`, level by level. `pairs` knows where children lie already:
    /// nodes may share them.
    fn lay_out(&mut self, root: usize, plain: &[Plain<T>], pairs: &mut [Option<u32>]) -> TractResult<()> {
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

fn leaf_node<T: Real>(slot: u32) -> Node<T> {
    Node { threshold: T::INFINITY, feature: 0, child: slot << 1 }
}

/// Rewrites the nodes of `source` to questions of the form `x > threshold`. The places of nodes stay; equality asks
/// twice, and its second questions follow behind all others.
fn plain_nodes<T: Real>(
    source: &Source<T>,
    places: &HashMap<(i64, i64), usize>,
) -> TractResult<Vec<Plain<T>>> {
    let mut plain = Vec::with_capacity(source.nodes.len());
    let mut second = Vec::new();
    for (at, node) in source.nodes.iter().enumerate() {
        if node.mode == Mode::Leaf {
            plain.push(Plain::Leaf { at });
            continue;
        }
        let child = |id| {
            let place = places.get(&(node.tree, id)).copied();
            place.ok_or_else(|| format_err!("node {} of tree {} has no child {id}", node.id, node.tree))
        };
        let (yes, no) = (child(node.when_true)?, child(node.when_false)?);
        let feature = u32::try_from(node.feature)?;
        let ask = |threshold, left, right, nan_goes_right| Plain::Ask {
            threshold,
            feature,
            left,
            right,
            nan_goes_right,
        };
        let (value, below, missing) = (node.value, node.value.next_down(), node.missing_is_true);
        // Nothing lies below negative infinity, so that `below` is no number less there.
        let lowest = below == value;
        plain.push(match node.mode {
            Mode::Neq if value.is_nan() => ask(T::INFINITY, yes, yes, false),
            Mode::Gte if lowest => ask(T::INFINITY, yes, no, !missing),
            _ if value.is_nan() || (lowest && node.mode == Mode::Lt) => ask(T::INFINITY, no, yes, missing),
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
fn refuse_circles<T>(plain: &[Plain<T>], roots: &[usize]) -> TractResult<()> {
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

/// What every node of `source` adds where it is a leaf.
fn leaves<T: Real>(source: &Source<T>, places: &HashMap<(i64, i64), usize>) -> TractResult<Leaves<T>> {
    let mut by_leaf: Vec<Vec<(u32, T)>> = vec![Vec::new(); source.nodes.len()];
    for weight in &source.weights {
        let (tree, node, output) = (weight.tree, weight.node, weight.output);
        let leaf = places.get(&(tree, node)).and_then(|place| by_leaf.get_mut(*place));
        let leaf = leaf
            .ok_or_else(|| format_err!("a weight is for node {node} of tree {tree}, which is not there"))?;
        let in_range = usize::try_from(output).is_ok_and(|output| output < source.outputs);
        ensure!(in_range, "a weight is for output {output}, there are {}", source.outputs);
        leaf.push((u32::try_from(output)?, weight.weight));
    }
    let is_leaf = |at: usize| source.nodes.get(at).is_some_and(|node| node.mode == Mode::Leaf);
    let is_full = |weights: &[(u32, T)]| {
        weights.len() == source.outputs && (0..).zip(weights).all(|(output, weight)| weight.0 == output)
    };
    let dense = by_leaf.iter().enumerate().all(|(at, weights)| !is_leaf(at) || is_full(weights));
    let starts = by_leaf.iter().scan(0, |end, weights| Some(std::mem::replace(end, *end + weights.len())));
    let starts = starts.chain([source.weights.len()]).map(u32::try_from).collect::<Result<_, _>>()?;
    let weights = by_leaf.into_iter().flatten();
    Ok(Leaves {
        starts,
        dense,
        outputs: weights.clone().map(|w| w.0).collect(),
        weights: weights.map(|w| w.1).collect(),
    })
}
