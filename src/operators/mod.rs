//! Operators over our tensors: what runs when a graph runs.
//!
//! An operator is an [`Operator`]: it reads its attributes, says the types and dimensions of its outputs, and computes
//! them. Each domain lists its operators in a folder of its own. The room knows tensors, and nothing of columns, files or
//! predictions.
//!
//! Every file names the versions of the standard that it covers, as <https://onnx.ai/onnx/operators/> counts them.

mod additive;
mod attributes;
mod dim;
mod full;
mod microsoft;
mod ml;
#[cfg(feature = "full")]
mod network;
#[cfg(feature = "full")]
mod places;
#[cfg(feature = "full")]
mod rewrites;
mod standard;
mod tensors;

pub(crate) use additive::{Additive, Columns, Game};
pub(crate) use dim::Dim;
use full::FULL_ONLY;
#[cfg(feature = "full")]
pub(crate) use network::activations;
#[cfg(feature = "full")]
pub(crate) use rewrites::{ChannelsLast, Pointwise, Rewrites, Rewritten, to_last, to_second};
#[cfg(feature = "full")]
pub(crate) use standard::Transpose;
pub(crate) use tensors::resolve_axis;

use std::fmt;
use std::sync::Arc;

use anyhow::{Result, bail};

use crate::onnx::names;
use crate::onnx::pb::{NodeProto, ValueInfoProto};
use crate::tensor::{ElementType, Parts, Tensor};

/// Builds an operator from its node.
pub(crate) type Parse = fn(&Context<'_>, &NodeProto) -> Result<Arc<dyn Operator>>;

/// An operator's name within its domain, and what builds it.
type Registration = (&'static str, Parse);

/// The operators of both engines, by domain.
const DOMAINS: [(&str, &[Registration]); 4] = [
    (names::ML, ml::OPERATORS),
    (names::MICROSOFT, microsoft::OPERATORS),
    (names::STANDARD, standard::OPERATORS),
    (names::INTERNAL, standard::INTERNAL),
];

/// Those of the full engine alone.
#[cfg(feature = "full")]
use network::DOMAINS as ONLY_FULL;
#[cfg(not(feature = "full"))]
const ONLY_FULL: [(&str, &[Registration]); 0] = [];

const fn own<O: Operator>() -> Parse {
    |ctx, node| Ok(Arc::new(O::parse(ctx, node)?))
}

/// Tells whether an operator runs, by its full name: in this engine or in the full one.
pub(crate) fn is_known(name: &str) -> bool {
    find(name).is_some() || FULL_ONLY.binary_search(&name).is_ok()
}

/// What builds the operator that is registered by `full_name`.
pub(crate) fn find(full_name: &str) -> Option<Parse> {
    find_among(&DOMAINS, full_name).or_else(|| find_among(&ONLY_FULL, full_name))
}

fn find_among(domains: &[(&str, &[Registration])], full_name: &str) -> Option<Parse> {
    let (domain, name) = names::split(full_name);
    let mut operators =
        domains.iter().filter(|(known, _)| *known == domain).flat_map(|(_, operators)| *operators);
    operators.find(|(known, _)| *known == name).map(|(_, parse)| *parse)
}

/// Element type and dimensions of one input or output.
pub(crate) type Shape = (ElementType, Vec<Dim>);

/// What an operator can see of the graph that its node stands in.
pub(crate) struct Context<'a> {
    /// The version of the standard's operators.
    pub(crate) opset: i64,
    /// The inputs of the graph, as the file declares them.
    pub(crate) inputs: &'a [ValueInfoProto],
}

/// An operator.
pub(crate) trait Operator: fmt::Debug + Send + Sync + 'static {
    /// Reads the attributes.
    ///
    /// # Errors
    /// Where they do not fit together.
    fn parse(ctx: &Context<'_>, node: &NodeProto) -> Result<Self>
    where
        Self: Sized;

    /// Types and dimensions of all outputs, for inputs of those types and dimensions.
    ///
    /// # Errors
    /// For inputs that the operator cannot take; where the dimensions depend on the values of inputs.
    fn outputs(&self, inputs: &[Shape]) -> Result<Vec<Shape>> {
        bail!("{self:?} needs more than {} shapes", inputs.len())
    }

    /// As [`outputs`](Self::outputs), where the values of some inputs are known.
    ///
    /// # Errors
    /// Those of [`outputs`](Self::outputs).
    fn outputs_for_values(&self, inputs: &[Shape], _values: &[Option<Tensor>]) -> Result<Vec<Shape>> {
        self.outputs(inputs)
    }

    /// The outputs where they follow from the dimensions of the inputs alone.
    fn values_of_shapes(&self, _inputs: &[Shape]) -> Option<Vec<Tensor>> {
        None
    }

    /// Names of the values of the surrounding graph that the operator's body reads. They become further inputs, behind
    /// those of the node.
    fn outer_values(&self) -> Vec<String> {
        Vec::new()
    }

    /// Whether it may give something else for the same inputs: what it makes of constants is no constant.
    #[cfg(feature = "full")]
    fn is_random(&self) -> bool {
        false
    }

    /// Whether what it makes of a row depends on the rows beside it.
    #[cfg(feature = "full")]
    fn mixes_rows(&self) -> bool {
        false
    }

    /// Whether it may take long for these values, as far as they are known: it is left for the run, which a host can end.
    fn is_long(&self, _inputs: &[Option<Tensor>]) -> bool {
        false
    }

    /// What the columns of the first output are made of.
    fn columns(&self) -> Columns {
        Columns::Mixed
    }

    /// Itself, where an output is a sum of parts that few columns decide.
    fn additive(&self) -> Option<&dyn Additive> {
        None
    }

    /// What it knows of the columns of its input: of weighted sums and trees.
    fn parts(&self) -> Option<Parts> {
        None
    }

    /// How a graph of pictures may be rewritten for it.
    #[cfg(feature = "full")]
    fn rewrites(&self) -> Option<&dyn Rewrites> {
        None
    }

    /// Computes the outputs.
    ///
    /// # Errors
    /// For values that the operator cannot compute with.
    fn eval(&self, inputs: Vec<Tensor>) -> Result<Vec<Tensor>>;
}

#[cfg(all(test, feature = "full"))]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::onnx::templates;

    /// What the interpreter itself knows: constants, and operators with bodies.
    const OF_GRAPHS: [&str; 4] = ["Constant", "If", "Loop", "Scan"];

    fn registered(domains: &[(&'static str, &[Registration])]) -> Vec<String> {
        let public = domains.iter().filter(|(domain, _)| *domain != names::INTERNAL);
        public
            .flat_map(|(domain, operators)| operators.iter().map(|(name, _)| names::full_name(domain, name)))
            .collect()
    }

    /// The engine for tables knows the operators that it leaves to the full one.
    #[test]
    fn the_operators_of_the_full_engine_alone_are_listed() {
        let templates = templates::all().map(|(domain, name, _)| names::full_name(domain, name));
        let all = registered(&ONLY_FULL).into_iter().chain(templates).chain(OF_GRAPHS.map(str::to_owned));
        let both = registered(&DOMAINS);
        let listed: BTreeSet<String> = all.filter(|name| !both.contains(name)).collect();
        assert_eq!(listed.iter().map(String::as_str).collect::<Vec<_>>(), FULL_ONLY, "{listed:?}");
    }

    #[test]
    fn operators_are_known_by_domain_and_name() {
        for (domain, name) in [
            ("ai.onnx", "Relu"),
            ("", "Gelu"),
            ("com.microsoft", "Gelu"),
            ("com.microsoft", "FusedConv"),
            ("ai.onnx.ml", "Scaler"),
        ] {
            assert!(names::runs(&is_known, domain, name), "{domain} {name}");
        }
        for (domain, name) in [
            ("com.example", "Relu"),
            ("ai.onnx.ml", "Relu"),
            ("ai.onnx", "Scaler"),
            ("ai.onnx", "ai.onnx.ml.Scaler"),
            ("ai.onnx", "FusedConv"),
            ("ai.onnx", "NoSuchOperator"),
            (names::INTERNAL, "MaskBias"),
            (names::UNEXPANDED, "Gemm"),
        ] {
            assert!(!names::runs(&is_known, domain, name), "{domain} {name}");
        }
    }

    /// Every name is registered once, so that none hides another.
    #[test]
    fn no_operator_stands_twice() {
        let mut known = BTreeSet::new();
        for (domain, operators) in DOMAINS.iter().chain(&ONLY_FULL) {
            for (name, _) in *operators {
                assert!(known.insert((domain, name)), "{domain}.{name}");
            }
        }
    }
}
