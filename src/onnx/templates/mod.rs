//! Operators that are written out in other ones when a model is loaded: functions of the standard and fusions of
//! onnxruntime. Each domain has a table of its templates; [`language`] describes how one is written.

mod attention;
mod group_query;
mod language;
mod microsoft;
mod standard;
mod transformer;

pub(crate) use language::{Constant, Instance, Template};

use super::names;

/// The templates of each domain, by the operator's name.
const DOMAINS: [(&str, &[(&str, Template)]); 2] =
    [(names::STANDARD, standard::TEMPLATES), (names::MICROSOFT, microsoft::TEMPLATES)];

/// The template of operator `name` of `domain`.
pub(super) fn find(domain: &str, name: &str) -> Option<Template> {
    all()
        .find(|(known, operator, _)| *known == names::domain(domain) && *operator == name)
        .map(|found| found.2)
}

/// Every template with the domain and the name of its operator.
pub(crate) fn all() -> impl Iterator<Item = (&'static str, &'static str, Template)> {
    DOMAINS
        .iter()
        .flat_map(|(domain, templates)| templates.iter().map(|(name, template)| (*domain, *name, *template)))
}
