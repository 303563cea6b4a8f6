//! Operators over our tensors: what runs when a graph runs, on whichever runner.
//!
//! An operator is an [`Operator`]: it reads its attributes, says the types and dimensions of its outputs, and computes
//! them. Each domain lists its operators in a folder of its own. The room knows tensors, and nothing of columns, files or
//! predictions.
//!
//! Every file names the versions of the standard that it covers, as <https://onnx.ai/onnx/operators/> counts them.

mod attributes;
mod dim;
mod ml;
mod tensors;

pub(crate) use dim::Dim;

use std::fmt;
use std::sync::Arc;

use anyhow::Result;

use crate::onnx::names;
use crate::onnx::pb::{NodeProto, ValueInfoProto};
use crate::tensor::{ElementType, Tensor};

/// Builds an operator from its node.
pub(crate) type Parse = fn(&Context<'_>, &NodeProto) -> Result<Arc<dyn Operator>>;

/// An operator's name within its domain, and what builds it.
type Registration = (&'static str, Parse);

/// All operators, by domain.
const DOMAINS: [(&str, &[Registration]); 1] = [(names::ML, ml::OPERATORS)];

const fn own<O: Operator>() -> Parse {
    |ctx, node| Ok(Arc::new(O::parse(ctx, node)?))
}

/// The domain and name of every operator, and what builds it.
pub(crate) fn all() -> impl Iterator<Item = (&'static str, &'static str, Parse)> {
    DOMAINS
        .iter()
        .flat_map(|(domain, operators)| operators.iter().map(|(name, parse)| (*domain, *name, *parse)))
}

/// What builds the operator that is registered by `full_name`.
pub(crate) fn find(full_name: &str) -> Option<Parse> {
    // Default: a name without a domain is one of the standard's.
    let (domain, name) = full_name.rsplit_once('.').unwrap_or((names::STANDARD, full_name));
    let (_, operators) = DOMAINS.iter().find(|(known, _)| *known == domain)?;
    operators.iter().find(|(known, _)| *known == name).map(|(_, parse)| *parse)
}

/// Element type and dimensions of one input or output.
pub(crate) type Shape = (ElementType, Vec<Dim>);

/// What an operator can see of the graph that its node stands in.
pub(crate) struct Context<'a> {
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
    /// For inputs that the operator cannot take.
    fn outputs(&self, inputs: &[Shape]) -> Result<Vec<Shape>>;

    /// Computes the outputs.
    ///
    /// # Errors
    /// For values that the operator cannot compute with.
    fn eval(&self, inputs: &[Tensor]) -> Result<Vec<Tensor>>;
}
