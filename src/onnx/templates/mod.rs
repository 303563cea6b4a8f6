//! Operators that are written out in other ones when a model is loaded: functions of the standard and fusions of
//! onnxruntime. Each domain has a table of its templates; [`language`] describes how one is written.

mod attention;
#[cfg(feature = "full")]
mod full;
mod group_query;
mod language;
mod microsoft;
mod standard;
mod transformer;

pub(crate) use language::{Constant, Instance, Template};

use super::names;
use super::pb::NodeProto;

/// The templates of each domain, by the operator's name.
const DOMAINS: [(&str, &[(&str, Template)]); 2] =
    [(names::STANDARD, standard::TEMPLATES), (names::MICROSOFT, microsoft::TEMPLATES)];

/// Those of the full engine alone.
#[cfg(feature = "full")]
const ONLY_FULL: [(&str, &[(&str, Template)]); 1] = [(names::STANDARD, full::TEMPLATES)];
#[cfg(not(feature = "full"))]
const ONLY_FULL: [(&str, &[(&str, Template)]); 0] = [];

/// The template of `node`, for standard operators of version `opset`.
pub(super) fn find(node: &NodeProto, opset: i64) -> Option<Template> {
    let (domain, name) = (&node.domain, &node.op_type);
    #[cfg(feature = "full")]
    if opset < 7
        && names::domain(domain) == names::STANDARD
        && full::ALIGNED.contains(&name.as_str())
        && node.attribute.iter().any(|attribute| attribute.name == "axis")
    {
        return Some(full::aligned);
    }
    #[cfg(not(feature = "full"))]
    let _ = opset;
    all()
        .find(|(known, operator, _)| *known == names::domain(domain) && *operator == name)
        .map(|found| found.2)
}

/// Every template with the domain and the name of its operator.
pub(crate) fn all() -> impl Iterator<Item = (&'static str, &'static str, Template)> {
    DOMAINS
        .iter()
        .chain(&ONLY_FULL)
        .flat_map(|(domain, templates)| templates.iter().map(|(name, template)| (*domain, *name, *template)))
}
