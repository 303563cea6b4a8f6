//! Names and types resolved: a statement becomes a plan in which nothing is left to look up.
//!
//! This room reads trees and the catalog and never runs anything. After it, execution can fail only for
//! reasons of data, limits, resources or the model.

mod bind;
mod expr;
mod node;
mod prune;

pub use bind::Params;
pub(crate) use bind::{Bound, bind};
pub(crate) use expr::{Aggregate, Expr, ExprKind, Order};
pub(crate) use node::{Gives, JoinKind, Node, NodeKind, Plan, Searched, Subplan, WindowCall};
