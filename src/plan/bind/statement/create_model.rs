//! CREATE MODEL over a file. One with TRANSFORM is made out of rows: see `create_transform`.

use super::exists_already;
use crate::catalog::Registration;
use crate::diag::{Code, Error, Result, Span};
use crate::model::ModelOptions;
use crate::plan::bind::declared::Declared;
use crate::plan::bind::{Binder, Bound, options};
use crate::syntax::ast::{self, OnExisting};

/// Load a model file and put it into the catalog.
#[derive(Debug)]
pub(crate) struct CreateModel {
    pub(crate) name: String,
    pub(crate) path: String,
    pub(crate) path_span: Span,
    pub(crate) options: ModelOptions,
    pub(crate) declared: Declared,
    pub(crate) registration: Registration,
}

impl Binder<'_> {
    pub(super) fn create_model(&mut self, create: &ast::CreateModel) -> Result<Bound> {
        self.without_version(&create.name)?;
        let Some(name) = self.created_version(create)? else {
            return Ok(exists_already("Model", &create.name.text()));
        };
        if let Some(transform) = &create.transform {
            if let Some(version) = &create.version {
                let message = "a TRANSFORM has no versions";
                return Err(Error::new(Code::MisplacedClause, message).at(version.span));
            }
            return self.create_transform(create, transform, name);
        }
        if let Some(query) = &create.query {
            return Err(Error::new(Code::UnsupportedSyntax, "training (`AS` query) is not supported")
                .at(query.span)
                .hint("train elsewhere and import the ONNX file"));
        }
        self.create_version(create, create.version.is_some() && create.on_existing != OnExisting::Replace)
    }

    /// The name of the model whose version is to be created; `None` where it exists and is to be kept.
    fn created_version(&self, create: &ast::CreateModel) -> Result<Option<String>> {
        let Some(version) = &create.version else {
            return self.created_model(&create.name, create.on_existing);
        };
        let name = create.name.text();
        let is_there = self.context.catalog.has_model(&format!("{name}@{}", version.text));
        Ok((create.on_existing != OnExisting::Keep || !is_there).then_some(name))
    }

    /// A version of a model; `keep` says whether the others stay.
    pub(super) fn create_version(&mut self, create: &ast::CreateModel, keep: bool) -> Result<Bound> {
        let name = create.name.text();
        let (path, path_span, options) = options::model(&create.options)?;
        let mut registration = options::registration(&create.options)?;
        registration.keep = keep;
        registration.source = Some(path.clone());
        if let Some(version) = &create.version {
            let number = version.text.parse().map_err(|_| {
                Error::new(
                    Code::InvalidOption,
                    format!("`{}` cannot be the number of a version", version.text),
                )
                .at(version.span)
            })?;
            registration.number = Some(number);
            self.context
                .catalog
                .check_version(&name, &registration)
                .map_err(|error| error.at(version.span))?;
        }
        let inputs = self.declared_columns(&create.inputs)?;
        let outputs = self.declared_columns(&create.outputs)?;
        let declared = Declared { inputs, outputs };
        Ok(Bound::CreateModel(CreateModel { name, path, path_span, options, declared, registration }))
    }
}
