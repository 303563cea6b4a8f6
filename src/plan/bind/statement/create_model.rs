//! CREATE MODEL over a file. One with TRANSFORM is made out of rows: see `create_transform`.

use super::exists_already;
use crate::diag::{Code, Error, Result, Span};
use crate::model::ModelOptions;
use crate::plan::bind::declared::Declared;
use crate::plan::bind::{Binder, Bound, options};
use crate::syntax::ast;

/// Load a model file and put it into the catalog.
#[derive(Debug)]
pub(crate) struct CreateModel {
    pub(crate) name: String,
    pub(crate) path: String,
    pub(crate) path_span: Span,
    pub(crate) options: ModelOptions,
    pub(crate) declared: Declared,
}

impl Binder<'_> {
    pub(super) fn create_model(&mut self, create: &ast::CreateModel) -> Result<Bound> {
        let Some(name) = self.created_model(&create.name, create.on_existing)? else {
            return Ok(exists_already("Model", &create.name.text()));
        };
        if let Some(transform) = &create.transform {
            return self.create_transform(create, transform, name);
        }
        if let Some(query) = &create.query {
            return Err(Error::new(Code::UnsupportedSyntax, "training (`AS` query) is not supported")
                .at(query.span)
                .hint("train elsewhere and import the ONNX file"));
        }
        let (path, path_span, options) = options::model(&create.options)?;
        let inputs = self.declared_columns(&create.inputs)?;
        let outputs = self.declared_columns(&create.outputs)?;
        let declared = Declared { inputs, outputs };
        Ok(Bound::CreateModel(CreateModel { name, path, path_span, options, declared }))
    }
}
