//! Names and types resolved: a statement becomes a plan in which nothing is left to look up.
//!
//! This room reads trees and the catalog and never runs anything. After it, execution can fail only for
//! reasons of data, limits, resources or the model.

mod bind;
mod explain;
mod expr;
mod inline;
mod node;
mod prune;

pub use bind::Params;
pub(crate) use bind::{Bound, Context, Declared, External, FitCall, Format, Prepare, Variable, bind};
pub(crate) use explain::{explanation, explanation_schema};
pub(crate) use expr::{Aggregate, Expr, ExprKind, Order};
pub(crate) use node::{JoinKind, Node, NodeKind, Plan, Subplan, SubplanKind, WindowCall};
