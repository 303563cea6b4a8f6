//! Sets of categories. Exporters of boosters ask for one category after the other, `x = 3 or else x = 8 or else …`, each time with
//! the same node for yes: a chain as long as the set. Here such a chain becomes one question.

use anyhow::{Result, format_err};

use super::source::{Mode, SourceNode};

/// Words that any set may have, and how many more for each of its members: codes far beyond each other stay a chain.
const WORDS: usize = 64;
const WORDS_OF_A_MEMBER: usize = 8;

/// A question whether a feature is one of several codes.
#[derive(Debug)]
pub(super) struct Set {
    /// The first node of the chain, whose feature and node for yes are the set's.
    pub(super) node: usize,
    /// The node that the last one of the chain leads to.
    pub(super) when_false: usize,
    /// Where the set starts among the words of all.
    pub(super) start: u32,
}

/// The sets that chains among `nodes` ask for, by their first nodes, and the words of all, as
/// [`Sets`](predictql_kernels::trees::Sets) has them. None where every chain is one node long.
pub(super) fn of(nodes: &[SourceNode]) -> Result<(Vec<Set>, Vec<u32>)> {
    let mut follows = vec![false; nodes.len()];
    for (index, node) in nodes.iter().enumerate() {
        if let Some(next) = next(nodes, index, node).and_then(|next| follows.get_mut(next)) {
            *next = true;
        }
    }
    let (mut sets, mut words) = (Vec::new(), vec![0]);
    // Many chains may come into one: what is left of them then is a chain as before.
    let mut left = nodes.len().saturating_mul(2);
    if !follows.contains(&true) {
        return Ok((sets, words));
    }
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
        let members: Vec<u32> = chain.iter().filter_map(|node| code(node)).collect();
        let length = members.iter().max().map_or(0, |last| *last as usize / 32 + 1);
        if members.is_empty() || length > WORDS + WORDS_OF_A_MEMBER * members.len() {
            continue;
        }
        let mut set = vec![0_u32; length];
        for member in members {
            let word = set.get_mut(member as usize / 32).ok_or_else(|| format_err!("a code has a word"))?;
            *word |= 1 << (member % 32);
        }
        let start = u32::try_from(words.len())?;
        let when_false = chain.last().map_or(node.when_false, |last| last.when_false);
        sets.push(Set { node: index, when_false, start });
        words.push(u32::try_from(length)?);
        words.append(&mut set);
    }
    Ok((sets, words))
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
