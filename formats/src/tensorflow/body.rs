//! The nodes of a graph or function, and how they name one another's outputs.

use std::collections::BTreeMap;

use super::proto::{FunctionDef, NodeDef};
use crate::refusal::{Reason, Refusal, Result};

/// The nodes of a graph or function by their names.
pub(super) struct Body<'a> {
    nodes: BTreeMap<&'a str, &'a NodeDef>,
}

/// An output of a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Reference<'a> {
    pub(super) node: &'a str,
    /// In a function, outputs have names.
    pub(super) output: Option<&'a str>,
    pub(super) index: usize,
}

impl<'a> Reference<'a> {
    /// Reads `node`, `node:1`, and as functions have it `node:output:1`. `None` for what is no output: `^node` only says that a
    /// node runs before.
    pub(super) fn read(text: &'a str) -> Option<Self> {
        let mut parts = text.split(':');
        let node = parts.next().filter(|node| !node.starts_with('^'))?;
        let (output, index) = match (parts.next(), parts.next()) {
            (Some(output), Some(index)) => (Some(output), index),
            (Some(index), None) => (None, index),
            (None, _) => (None, "0"),
        };
        Some(Self { node, output, index: index.parse().ok()? })
    }

    /// The output among all of its node, whose operator is `op`.
    pub(super) fn place(&self, op: &str) -> usize {
        let is_second = match (op, self.output) {
            ("TopKV2", Some(name)) => name == "indices",
            ("FusedBatchNorm" | "FusedBatchNormV2" | "FusedBatchNormV3", Some(name)) => name != "y",
            _ => false,
        };
        usize::from(is_second) + self.index
    }
}

impl<'a> Body<'a> {
    pub(super) fn new(nodes: &'a [NodeDef]) -> Self {
        Self { nodes: nodes.iter().map(|node| (node.name.as_str(), node)).collect() }
    }

    pub(super) fn of_function(function: &'a FunctionDef) -> Self {
        Self::new(&function.node)
    }

    pub(super) fn get(&self, name: &str) -> Option<&'a NodeDef> {
        self.nodes.get(name).copied()
    }

    pub(super) fn nodes(&self) -> impl Iterator<Item = &'a NodeDef> {
        self.nodes.values().copied()
    }

    /// The nodes that make the tensors `wanted`, each behind those that it reads. With `all`, also those that only have to run
    /// before. What is `given` is not made.
    pub(super) fn order(
        &self,
        wanted: &[&'a str],
        all: bool,
        given: &dyn Fn(&str) -> bool,
    ) -> Result<Vec<&'a NodeDef>> {
        let mut order = Vec::new();
        // Whether a node that was met is done.
        let mut met: BTreeMap<&str, bool> = BTreeMap::new();
        let mut stack: Vec<(&'a NodeDef, std::slice::Iter<'a, String>)> = Vec::new();
        let find = |text: &'a str| -> Result<Option<&'a NodeDef>> {
            let name = match text.strip_prefix('^') {
                Some(name) if all => name,
                Some(_) => return Ok(None),
                None => text.split(':').next().unwrap_or(text),
            };
            if given(name) {
                return Ok(None);
            }
            self.get(name).map(Some).ok_or_else(|| {
                Refusal::new(
                    Reason::InvalidModel,
                    format!("the graph has no node `{name}`, which another one reads"),
                )
            })
        };
        for text in wanted {
            let Some(root) = find(text)? else { continue };
            if met.insert(&root.name, false).is_some() {
                continue;
            }
            stack.push((root, root.input.iter()));
            while let Some((node, inputs)) = stack.last_mut() {
                let Some(input) = inputs.next() else {
                    met.insert(&node.name, true);
                    order.push(*node);
                    stack.pop();
                    continue;
                };
                let Some(next) = find(input)? else { continue };
                match met.get(next.name.as_str()) {
                    Some(true) => {}
                    Some(false) => {
                        let message = format!("the node `{}` reads its own result", next.name);
                        return Err(Refusal::new(Reason::UnsupportedModelType, message));
                    }
                    None => {
                        met.insert(&next.name, false);
                        stack.push((next, next.input.iter()));
                    }
                }
            }
        }
        Ok(order)
    }
}
