//! Names and types resolved: a statement becomes a plan in which nothing is left to look up.
//!
//! This room reads trees and the catalog and never runs anything. After it, execution can fail only for
//! reasons of data, limits, resources or the model.

mod bind;
#[cfg(not(target_family = "wasm"))]
mod cut;
mod endless;
mod explain;
mod expr;
mod inline;
mod leading;
mod node;
mod parameter;
mod prune;

pub(crate) use bind::{
    AlterModel, AlterTable, Assign, AssignedRows, Binding, Bound, BoundStatement, CONDITION, Change,
    ChangeVersions, Context, CreateExternalTable, CreateFunction, CreateModel, CreateObjectTable,
    CreateProcedure, CreateTable, CreateTransform, CreateView, Declared, DropFunction, DropModel,
    DropProcedure, DropTable, EXPORT_OPTIONS, Explain, Export, ExportFormat, External, FitCall, Format,
    Insert, Prerequisite, RenameModel, SETTINGS, SeenLog, SetBaseline, Sink, SubqueryPlace, VIEWS, Variable,
    VariableType, argument, bind, executed, invalid_model, jobs_since, procedure_name,
};
#[cfg(not(target_family = "wasm"))]
pub use cut::{Arrival, Distribution, Exchange};
#[cfg(not(target_family = "wasm"))]
pub(crate) use cut::{Cut, Piece};
#[cfg(not(target_family = "wasm"))]
pub(crate) use explain::explained;
pub(crate) use explain::explanation;
pub(crate) use expr::{Aggregate, Expr, ExprKind, Extreme, Order};
pub(crate) use leading::Leading;
pub(crate) use node::{
    Correlated, Distance, Frame, JoinKind, Node, NodeKind, Plan, Subplan, SubplanKind, WindowCall,
};
pub use parameter::Params;
pub(crate) use parameter::{Given, Slot, Types};
