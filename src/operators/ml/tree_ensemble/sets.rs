//! Sets of categories. Exporters of boosters ask for one category after the other, `x = 3 or else x = 8 or else …`, each time with
//! the same node for yes: a chain as long as the set. Here such a chain becomes one question.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result};
use predictql_kernels::trees::Coded;

use super::source::{Mode, SourceNode};

/// Words that the sets of any feature may take, and how many more for each of their members: codes far beyond each other stay
/// chains.
const WORDS: usize = 1 << 16;
const WORDS_OF_A_MEMBER: usize = 32;

/// A question whether a feature is one of several codes.
#[derive(Debug)]
pub(super) struct Set {
    /// The first node of the chain, whose feature and node for yes are the set's.
    pub(super) node: usize,
    /// The node that the last one of the chain leads to.
    pub(super) when_false: usize,
    /// Its number among the sets of its feature, from 1.
    pub(super) number: u32,
}

/// The sets of an ensemble.
#[derive(Debug, Default)]
pub(super) struct Sets {
    /// By their nodes, in ascending order.
    pub(super) sets: Vec<Set>,
    /// As the kernel's [`Sets`](predictql_kernels::trees::Sets) have them.
    pub(super) features: Vec<Coded>,
    pub(super) table: Vec<u32>,
}

/// A chain of questions about one feature.
struct Chain {
    node: usize,
    when_false: usize,
    members: Vec<u32>,
}

impl Sets {
    /// The sets that chains among `nodes` ask for; none where every chain is one node long.
    pub(super) fn of(nodes: &[SourceNode]) -> Result<Self> {
        let mut sets = Self::default();
        for (feature, chains) in chains(nodes) {
            let codes = chains.iter().flat_map(|chain| &chain.members).max().map_or(0, |code| code + 1);
            let words = chains.len() / 32 + 1;
            let members: usize = chains.iter().map(|chain| chain.members.len()).sum();
            if codes as usize * words > WORDS + WORDS_OF_A_MEMBER * members {
                continue;
            }
            let coded = Coded {
                feature: usize::try_from(feature)?,
                codes,
                words: u32::try_from(words)?,
                start: u32::try_from(sets.table.len())?,
            };
            sets.features.push(coded);
            sets.add(coded, chains)?;
        }
        // In front stands what is no code.
        let words = sets.features.iter().map(|coded| coded.words).max().unwrap_or(0);
        sets.features.iter_mut().for_each(|coded| coded.start += words);
        sets.table.splice(0..0, std::iter::repeat_n(0, words as usize));
        sets.sets.sort_by_key(|set| set.node);
        Ok(sets)
    }

    fn add(&mut self, coded: Coded, chains: Vec<Chain>) -> Result<()> {
        self.table.resize(self.table.len() + (coded.codes * coded.words) as usize, 0);
        for (number, Chain { node, when_false, members }) in (1..).zip(chains) {
            for code in members {
                let word = coded.start + code * coded.words + number / 32;
                let word = self.table.get_mut(word as usize).context("a code has its words")?;
                *word |= 1 << (number % 32);
            }
            self.sets.push(Set { node, when_false, number });
        }
        Ok(())
    }
}

/// The chains by their features; none where all are one node long.
fn chains(nodes: &[SourceNode]) -> BTreeMap<i64, Vec<Chain>> {
    let mut follows = vec![false; nodes.len()];
    for (index, node) in nodes.iter().enumerate() {
        if let Some(next) = next(nodes, index, node).and_then(|next| follows.get_mut(next)) {
            *next = true;
        }
    }
    let mut chains: BTreeMap<i64, Vec<Chain>> = BTreeMap::new();
    if !follows.contains(&true) {
        return chains;
    }
    // Many chains may come into one: what is left of them then is a chain as before.
    let mut left = nodes.len().saturating_mul(2);
    for (index, node) in nodes.iter().enumerate() {
        if follows.get(index) != Some(&false) || code(node).is_none() {
            continue;
        }
        let chain = std::iter::successors(Some((index, node)), |(index, node)| {
            let next = next(nodes, *index, node)?;
            Some((next, nodes.get(next)?))
        });
        let chain: Vec<_> = chain.map(|(_, node)| node).take(left).collect();
        left -= chain.len();
        if let Some(last) = chain.last() {
            let (when_false, members) =
                (last.when_false, chain.iter().filter_map(|node| code(node)).collect());
            chains.entry(node.feature).or_default().push(Chain { node: index, when_false, members });
        }
    }
    chains
}

/// The code that a node asks for, if it asks whether its feature is one.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "what is no code becomes another number"
)]
fn code(node: &SourceNode) -> Option<u32> {
    let code = node.value as u32;
    let is_code = node.mode == Mode::Eq && f64::from(code) == node.value && code < 1 << 24;
    is_code.then_some(code)
}

/// The node behind `node`, the one at `index`, that asks the same feature for another code, with the same way for yes.
fn next(nodes: &[SourceNode], index: usize, node: &SourceNode) -> Option<usize> {
    code(node)?;
    let next = nodes.get(node.when_false)?;
    let is_alike = next.feature == node.feature
        && next.when_true == node.when_true
        && next.missing_is_true == node.missing_is_true;
    // Nodes stand in front of those that they lead to, or the chain ends: so it has an end.
    (is_alike && code(next).is_some() && node.when_false > index).then_some(node.when_false)
}
