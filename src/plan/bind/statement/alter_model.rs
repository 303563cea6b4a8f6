//! ALTER MODEL … SET OPTIONS.

use super::does_not_exist;
use crate::diag::{Result, Span};
use crate::model::ModelOptions;
use crate::plan::bind::{Binder, Bound, options};
use crate::syntax::ast;

/// Give a model other options.
#[derive(Debug)]
pub(crate) struct AlterModel {
    pub(crate) name: String,
    pub(crate) options: ModelOptions,
    pub(crate) span: Span,
}

impl Binder<'_> {
    pub(super) fn alter_model(&mut self, alter: &ast::AlterModel) -> Result<Bound> {
        let name = alter.name.text();
        if alter.if_exists && !self.context.catalog.has_model(&name) {
            return Ok(does_not_exist("Model", &name));
        }
        let model = self.model(&alter.name)?;
        let options = options::altered(&alter.options, model.options())?;
        Ok(Bound::AlterModel(AlterModel { name, options, span: alter.options.span }))
    }
}
