//! Rewrites graphs, so that they run fast and mean the same: operators take in their constants, tensors have their channels last from
//! one convolution to the next, and what is little work behind a convolution or a product becomes part of it.
//!
//! What an operator allows it says itself (`operators::Rewrites`).

use std::collections::HashMap;
use std::sync::Arc;

use anyhow::{Context as _, Result};

use super::graph::{Graph, Node};
use super::recognise::recognise;
use crate::operators::{self, ChannelsLast, Dim, Operator, Rewrites, Shape, Transpose};
use crate::tensor::{Tensor, set};

/// Rewrites `graph`, whose values have `shapes` for a sample of inputs.
///
/// # Errors
/// Where constants do not fit their operators.
pub(super) fn rewrite(graph: &mut Graph, shapes: &[Option<Shape>]) -> Result<()> {
    recognise(graph)?;
    graph.drop_unread();
    prepare(graph)?;
    let wants = |node: &Node| {
        let rank = rank(shapes, node.inputs.first().copied());
        let how = rewrites(node).zip(rank).map(|(rewrites, rank)| rewrites.channels_last(rank));
        matches!(how, Some(ChannelsLast::Wants(_)))
    };
    let has_channels = graph.nodes.iter().any(wants);
    let layout = Layout::new(graph, shapes);
    let values = if has_channels { layout.apply()? } else { layout.shapes };
    fuse(graph, &values);
    graph.drop_unread();
    Ok(())
}

/// The body of an operator for which some of the `values` around it never change, rewritten, and the positions of those that
/// it still reads, from `first` on.
///
/// # Errors
/// Where constants do not fit their operators.
pub(super) fn body(body: &Graph, values: &[Option<Tensor>], first: usize) -> Result<(Graph, Vec<usize>)> {
    let mut graph = body.clone();
    let read = graph.bind(values)?.into_iter().map(|position| first + position).collect();
    recognise(&mut graph)?;
    graph.drop_unread();
    prepare(&mut graph)?;
    // Nothing is known of its shapes.
    let shapes = vec![None; graph.constants.len()];
    fuse(&mut graph, &shapes);
    graph.drop_unread();
    Ok((graph, read))
}

fn rewrites(node: &Node) -> Option<&dyn Rewrites> {
    node.operator.rewrites()
}

fn rank(shapes: &[Option<Shape>], value: Option<usize>) -> Option<usize> {
    Some(shapes.get(value?)?.as_ref()?.1.len())
}

/// Lets operators take in their constants, which go when nobody reads them any more.
fn prepare(graph: &mut Graph) -> Result<()> {
    let mut readers = readers(graph);
    let Graph { nodes, constants, .. } = graph;
    for node in nodes {
        let Some(rewrites) = node.operator.rewrites() else { continue };
        if let Some((operator, read)) = rewrites.prepared(&constants_of(constants, node)?)? {
            let inputs = read.iter().map(|at| node.inputs.get(*at).copied().context("an input that is read"));
            let inputs = inputs.collect::<Result<Vec<_>>>()?;
            for number in std::mem::replace(&mut node.inputs, inputs) {
                let count = readers.get_mut(number).context("a value has readers")?;
                *count -= usize::from(!node.inputs.contains(&number));
                if *count == 0 {
                    set(constants, number, None)?;
                }
            }
            node.operator = operator;
        }
    }
    Ok(())
}

/// How often each value is read.
fn readers(graph: &Graph) -> Vec<usize> {
    let mut readers = vec![0_usize; graph.constants.len()];
    let read = graph.nodes.iter().flat_map(|node| &node.inputs).chain(&graph.outputs);
    for value in read {
        if let Some(count) = readers.get_mut(*value) {
            *count += 1;
        }
    }
    readers
}

/// The values of the inputs of a node that never change.
fn constants_of(constants: &[Option<Tensor>], node: &Node) -> Result<Vec<Option<Tensor>>> {
    let constant = |number: &usize| constants.get(*number).cloned().context("a value has a number");
    node.inputs.iter().map(constant).collect()
}

/// Gives values a second form, with their channels last, and lets the nodes that can read and make that one.
struct Layout<'a> {
    graph: &'a mut Graph,
    /// The dimensions of all values, as they are numbered.
    shapes: Vec<Option<Vec<Dim>>>,
    /// The number of the form with channels last, by that of the value.
    last: HashMap<usize, usize>,
    /// Which values do not exist but in that form.
    only_last: Vec<bool>,
    nodes: Vec<Node>,
}

impl<'a> Layout<'a> {
    fn new(graph: &'a mut Graph, shapes: &[Option<Shape>]) -> Self {
        let shapes: Vec<_> =
            shapes.iter().map(|shape| shape.as_ref().map(|(_, dims)| dims.clone())).collect();
        let only_last = vec![false; shapes.len()];
        Self { graph, shapes, last: HashMap::new(), only_last, nodes: Vec::new() }
    }

    /// Gives the dimensions of all values afterwards.
    fn apply(mut self) -> Result<Vec<Option<Vec<Dim>>>> {
        for node in std::mem::take(&mut self.graph.nodes) {
            self.place(node)?;
        }
        for output in self.graph.outputs.clone() {
            self.plain(output)?;
        }
        self.graph.nodes = self.nodes;
        Ok(self.shapes)
    }

    /// Puts a node behind those that are there already, in the form that suits it.
    fn place(&mut self, mut node: Node) -> Result<()> {
        let rank = node.inputs.first().and_then(|input| self.rank(*input));
        let how = match (rewrites(&node), rank) {
            (Some(rewrites), Some(rank)) if rank > 2 => rewrites.channels_last(rank),
            _ => ChannelsLast::No,
        };
        let is_there = node.inputs.iter().any(|input| self.last.contains_key(input));
        let operator = match how {
            ChannelsLast::Wants(operator) => Some(operator),
            ChannelsLast::As(operator) if is_there => Some(operator),
            ChannelsLast::Same if is_there => Some(node.operator.clone()),
            _ => None,
        };
        let fits = |layout: &Self, rank: usize| node.inputs.iter().all(|input| layout.fits(*input, rank));
        if let (Some(operator), Some(rank)) = (operator, self.widest(&node))
            && node.outputs.len() == 1
            && fits(self, rank)
        {
            node.operator = operator;
            node.inputs = node.inputs.iter().map(|input| self.moved(*input, rank)).collect::<Result<_>>()?;
            for (_, output) in &mut node.outputs {
                *output = self.only_last_of(*output)?;
            }
        } else {
            for input in &node.inputs {
                self.plain(*input)?;
            }
            self.note_order(&node)?;
        }
        self.nodes.push(node);
        Ok(())
    }

    fn rank(&self, value: usize) -> Option<usize> {
        Some(self.shapes.get(value)?.as_ref()?.len())
    }

    fn widest(&self, node: &Node) -> Option<usize> {
        let ranks = node.inputs.iter().map(|input| self.rank(*input)).collect::<Option<Vec<_>>>()?;
        ranks.into_iter().max()
    }

    /// Whether a value can stand beside others of `rank` with channels last.
    fn fits(&self, value: usize, rank: usize) -> bool {
        self.rank(value) == Some(rank) || self.constant(value).is_some()
    }

    fn constant(&self, value: usize) -> Option<&Tensor> {
        self.graph.constants.get(value)?.as_ref()
    }

    /// The number of a value with its channels last; it is moved there if need be.
    fn moved(&mut self, value: usize, rank: usize) -> Result<usize> {
        if let Some(last) = self.last.get(&value) {
            return Ok(*last);
        }
        if let Some(constant) = self.constant(value).cloned() {
            if constant.len() == 1 {
                return Ok(value);
            }
            let missing = rank.checked_sub(constant.rank()).context("no constant has more axes")?;
            let shape = std::iter::repeat_n(1, missing).chain(constant.shape().iter().copied()).collect();
            let moved = constant.with_shape(shape)?.transpose(&operators::to_last(rank))?;
            let dims = moved.shape().iter().copied().map(Dim::from).collect();
            return Ok(self.add(Some(dims), Some(moved)));
        }
        let last = self.add_last(value)?;
        self.transpose(value, last, operators::to_last(rank));
        Ok(last)
    }

    /// Sees to it that a value exists in the form that the file knows.
    fn plain(&mut self, value: usize) -> Result<()> {
        let is_missing = self.only_last.get_mut(value).is_some_and(std::mem::take);
        if let Some(last) = self.last.get(&value).copied().filter(|_| is_missing) {
            let rank = self.rank(value).context("a value with channels has a rank")?;
            self.transpose(last, value, operators::to_second(rank));
        }
        Ok(())
    }

    /// A node that only moves channels to the second place has read the other form of what it makes.
    fn note_order(&mut self, node: &Node) -> Result<()> {
        let ([input], [(_, output)]) = (node.inputs.as_slice(), node.outputs.as_slice()) else {
            return Ok(());
        };
        let rank = self.rank(*input).unwrap_or(0);
        let order = rewrites(node).and_then(|rewrites| rewrites.order(rank));
        if rank > 2 && order.is_some_and(|order| order == operators::to_second(rank)) {
            self.last.insert(*output, *input);
        }
        Ok(())
    }

    fn transpose(&mut self, from: usize, to: usize, order: Vec<usize>) {
        let operator: Arc<dyn Operator> = Arc::new(Transpose::to(order));
        let (name, inputs, outputs) = (String::new(), vec![from], vec![(0, to)]);
        self.nodes.push(Node { name, operator, inputs, outputs, last: Vec::new() });
    }

    /// A new value.
    fn add(&mut self, dims: Option<Vec<Dim>>, constant: Option<Tensor>) -> usize {
        self.shapes.push(dims);
        self.only_last.push(false);
        self.graph.constants.push(constant);
        self.shapes.len() - 1
    }

    /// A number for a value with its channels last.
    fn add_last(&mut self, value: usize) -> Result<usize> {
        let dims = self.shapes.get(value).cloned().flatten().context("a value with channels has a rank")?;
        let moved = operators::to_last(dims.len()).into_iter().map(|axis| dims.get(axis).cloned());
        let last = self.add(moved.collect(), None);
        self.last.insert(value, last);
        Ok(last)
    }

    /// As [`add_last`](Self::add_last), for a value that does not exist otherwise.
    fn only_last_of(&mut self, value: usize) -> Result<usize> {
        let last = self.add_last(value)?;
        *self.only_last.get_mut(value).context("a value has a number")? = true;
        Ok(last)
    }
}

/// Lets operators do the work of those around them, where nobody else reads what lies between.
fn fuse(graph: &mut Graph, shapes: &[Option<Vec<Dim>>]) {
    let readers = readers(graph);
    let mut kept: Vec<Option<Node>> = Vec::new();
    let mut makers: HashMap<usize, usize> = HashMap::new();
    for node in std::mem::take(&mut graph.nodes) {
        let alone = |value: &usize| readers.get(*value) == Some(&1);
        let fused = behind(&node, graph, &kept, &makers, alone)
            .or_else(|| added(&node, &kept, &makers, shapes, alone))
            .or_else(|| expanded(&node, &kept, &makers, alone));
        let node = match fused {
            Some((place, fused)) => {
                if let Some(place) = kept.get_mut(place) {
                    *place = None;
                }
                fused
            }
            None => node,
        };
        makers.extend(node.outputs.iter().map(|(_, value)| (*value, kept.len())));
        kept.push(Some(node));
    }
    graph.nodes = kept.into_iter().flatten().collect();
}

/// The place of the node in front of `node`, and one that does the work of both.
fn behind(
    node: &Node,
    graph: &Graph,
    kept: &[Option<Node>],
    makers: &HashMap<usize, usize>,
    alone: impl Fn(&usize) -> bool,
) -> Option<(usize, Node)> {
    let constants = constants_of(&graph.constants, node).ok()?;
    let next = rewrites(node)?.pointwise(&constants)?;
    let mut values = node.inputs.iter().zip(&constants).filter(|(_, constant)| constant.is_none());
    let (value, _) = values.next().filter(|(value, _)| alone(value))?;
    let place = *makers.get(value)?;
    let maker = kept.get(place)?.as_ref()?;
    let operator = rewrites(maker)?.then(&next)?;
    Some((place, Node { operator, outputs: node.outputs.clone(), ..maker.clone() }))
}

/// As [`behind`], where `node` adds another tensor of the same dimensions.
fn added(
    node: &Node,
    kept: &[Option<Node>],
    makers: &HashMap<usize, usize>,
    shapes: &[Option<Vec<Dim>>],
    alone: impl Fn(&usize) -> bool,
) -> Option<(usize, Node)> {
    let [left, right] = *node.inputs.as_slice() else { return None };
    let dims = |value: usize| shapes.get(value)?.as_ref();
    if !rewrites(node)?.is_sum() || left == right || dims(left)? != dims(right)? {
        return None;
    }
    let candidates = [(left, right), (right, left)].into_iter();
    candidates.filter(|(value, _)| alone(value)).find_map(|(value, other)| {
        let place = *makers.get(&value)?;
        let maker = kept.get(place)?.as_ref()?;
        let operator = rewrites(maker)?.adding()?;
        let inputs = maker.inputs.iter().copied().chain([other]).collect();
        Some((place, Node { operator, inputs, outputs: node.outputs.clone(), ..maker.clone() }))
    })
}

/// As [`behind`], where `node` does the work of the one in front of it.
fn expanded(
    node: &Node,
    kept: &[Option<Node>],
    makers: &HashMap<usize, usize>,
    alone: impl Fn(&usize) -> bool,
) -> Option<(usize, Node)> {
    let [value] = node.inputs.as_slice() else { return None };
    let place = *makers.get(value).filter(|_| alone(value))?;
    let maker = kept.get(place)?.as_ref()?;
    let operator = rewrites(node)?.expanded(&rewrites(maker)?.expansion()?)?;
    Some((place, Node { operator, outputs: node.outputs.clone(), ..maker.clone() }))
}
