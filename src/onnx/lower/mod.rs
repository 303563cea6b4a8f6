//! Lowering: a graph is rewritten to operators that run, by a list of passes over the file's messages, in the order in
//! which [`lower`] and [`finish`] apply them.
//!
//! The passes know messages only; of an operator they know just whether it runs.

mod functions;
pub(super) mod narrow;
mod sequence_map;
mod sequences;
mod templates;
pub(super) mod widen;
mod zip_map;

use litemap::LiteMap;

use crate::onnx::pb::{AttributeProto, ModelProto};

use super::failure;
use super::labels::KnownLabels;
use super::names;
use crate::diag::Result;

/// The passes whose result is checked: they may show why a model cannot run. `defaults` are the values of the
/// attributes of each of the model's functions; `runs` tells whether an operator, by domain and name, runs.
///
/// Gives the labels of the graph, and the names of its outputs that were sequences.
///
/// # Errors
/// `invalid-model` where functions call each other in a circle.
pub(super) fn lower(
    proto: &mut ModelProto,
    opset: i64,
    defaults: &[Vec<AttributeProto>],
    runs: &dyn Fn(&str, &str) -> bool,
) -> Result<(KnownLabels, Vec<String>)> {
    let labels = zip_map::cut(proto);
    functions::inline(proto, defaults, runs)?;
    let joined = proto.graph.iter_mut().flat_map(|graph| sequences::resolve(graph, opset)).collect();
    Ok((labels, joined))
}

/// The passes over a model that was checked: casts to the `narrow` types of weights and others round, 16-bit floats become 32-bit ones, operators that have a template are
/// replaced by its nodes, and all nodes get the names that operators are registered by.
///
/// # Errors
/// `invalid-model` for a node that its template does not allow.
pub(super) fn finish(proto: &mut ModelProto, opset: i64, narrow: &narrow::Types) -> Result<()> {
    proto.graph.iter_mut().for_each(|graph| narrow::settle(graph, narrow));
    widen::widen(proto);
    proto.graph.iter_mut().try_for_each(|graph| templates::expand(graph, opset)).map_err(failure::load)?;
    Ok(())
}

/// The version of the standard operators; 0 where the file imports none, and so uses none.
pub(super) fn standard_version(opset: &LiteMap<String, i64>) -> i64 {
    opset.get(names::STANDARD).copied().unwrap_or(0)
}
