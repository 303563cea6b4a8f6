//! ALTER MODEL … SET OPTIONS and SET BASELINE FROM.

use super::does_not_exist;
use crate::data::Schema;
use crate::diag::{Result, Span};
use crate::model::ModelOptions;
use crate::plan::bind::query::unique_names;
use crate::plan::bind::{Binder, Bound, options, visible};
use crate::plan::node::Plan;
use crate::syntax::ast;

/// Give a model other options.
#[derive(Debug)]
pub(crate) struct AlterModel {
    pub(crate) name: String,
    pub(crate) options: ModelOptions,
    pub(crate) span: Span,
}

/// Keep rows with a model, to hold others against them.
#[derive(Debug)]
pub(crate) struct SetBaseline {
    pub(crate) name: String,
    pub(crate) schema: Schema,
    pub(crate) plan: Plan,
}

impl Binder<'_> {
    pub(super) fn alter_model(&mut self, alter: &ast::AlterModel) -> Result<Bound> {
        let name = alter.name.text();
        if alter.if_exists && !self.context.catalog.has_model(&name) {
            return Ok(does_not_exist("Model", &name));
        }
        let model = self.model(&alter.name)?;
        if let Some(rows) = &alter.baseline {
            let source = self.table(rows)?;
            let root = visible(source)?;
            unique_names(&root.schema, rows.span)?;
            let schema = root.schema.clone();
            return Ok(Bound::SetBaseline(SetBaseline { name, schema, plan: self.plan(root)? }));
        }
        let options = options::altered(&alter.options, model.options())?;
        Ok(Bound::AlterModel(AlterModel { name, options, span: alter.options.span }))
    }
}
