//! ALTER MODEL.

use super::does_not_exist;
use crate::catalog::{Registration, VersionChange, check_alias, parts};
use crate::data::Schema;
use crate::diag::{Code, Error, Result, Span};
use crate::model::ModelOptions;
use crate::plan::bind::query::unique_names;
use crate::plan::bind::{Binder, Bound, options, visible};
use crate::plan::node::Plan;
use crate::syntax::ast::{self, Ident, ModelAction, OnExisting};

/// Give a version of a model other options.
#[derive(Debug)]
pub(crate) struct AlterModel {
    /// With the number of the version.
    pub(crate) reference: String,
    pub(crate) options: ModelOptions,
    pub(crate) registration: Registration,
    pub(crate) span: Span,
}

/// Keep rows with a version of a model, to hold others against them.
#[derive(Debug)]
pub(crate) struct SetBaseline {
    /// With the number of the version.
    pub(crate) reference: String,
    pub(crate) schema: Schema,
    pub(crate) plan: Plan,
}

/// Move an alias of a model, or drop a version.
#[derive(Debug)]
pub(crate) struct ChangeVersions {
    pub(crate) name: String,
    pub(crate) change: VersionChange,
}

/// Give a model another name.
#[derive(Debug)]
pub(crate) struct RenameModel {
    pub(crate) name: String,
    pub(crate) new_name: String,
}

impl Binder<'_> {
    pub(super) fn alter_model(&mut self, alter: &ast::AlterModel) -> Result<Bound> {
        let reference = alter.name.text();
        if alter.if_exists && !self.context.catalog.has_model(&reference) {
            return Ok(does_not_exist("Model", &reference));
        }
        match &alter.action {
            ModelAction::SetOptions(given) => {
                let reference = self.pinned(&alter.name)?;
                let options = options::altered(given, self.model(&alter.name)?.options())?;
                let registration = options::registration(given)?;
                let span = given.span;
                Ok(Bound::AlterModel(AlterModel { reference, options, registration, span }))
            }
            ModelAction::SetBaseline(rows) => {
                let reference = self.pinned(&alter.name)?;
                let source = self.table(rows)?;
                let root = visible(source)?;
                unique_names(&root.schema, rows.span)?;
                let schema = root.schema.clone();
                Ok(Bound::SetBaseline(SetBaseline { reference, schema, plan: self.plan(root)? }))
            }
            ModelAction::DropBaseline => {
                let number = self.version(&alter.name)?.number;
                self.change_versions(&alter.name, VersionChange::DropBaseline(number))
            }
            ModelAction::SetAlias(alias) => {
                check_alias(&alias.text).map_err(|error| error.at(alias.span))?;
                let number = self.version(&alter.name)?.number;
                self.change_versions(&alter.name, VersionChange::SetAlias(alias.text.clone(), number))
            }
            ModelAction::UnsetAlias(alias) => {
                let alias = self.unset_alias(&alter.name, alias.as_ref())?;
                self.change_versions(&alter.name, VersionChange::UnsetAlias(alias))
            }
            action => {
                self.without_version(&alter.name)?;
                self.alter_all_versions(&alter.name, action)
            }
        }
    }

    /// What concerns a model as a whole.
    fn alter_all_versions(&mut self, path: &ast::Path, action: &ModelAction) -> Result<Bound> {
        let numbered = |version: &Ident| {
            let reference = format!("{}@{}", path.text(), version.text);
            let found = self.context.catalog.model_version(&reference);
            found.map(|version| version.number).map_err(|error| error.at(version.span))
        };
        let change = match action {
            ModelAction::AddVersion(create) => {
                self.model(path)?;
                return self.create_version(create, true);
            }
            ModelAction::Rename(new_name) => {
                self.without_version(new_name)?;
                if !self.context.catalog.has_model(&path.text()) {
                    self.model(path)?;
                }
                if self.created_model(new_name, OnExisting::Fail)?.is_none() {
                    return Err(Error::internal("a name is free or taken"));
                }
                let (name, new_name) = (path.text(), new_name.text());
                return Ok(Bound::RenameModel(RenameModel { name, new_name }));
            }
            ModelAction::RollBack(alias) => VersionChange::RollBack(alias.text.clone()),
            ModelAction::SetDefault(version) => VersionChange::SetDefault(numbered(version)?),
            ModelAction::DropVersion(version) => VersionChange::Drop(numbered(version)?),
            _ => return Err(Error::internal("what concerns a version was bound before")),
        };
        self.change_versions(path, change)
    }

    /// The alias that UNSET ALIAS takes from a model, or from one of its versions.
    fn unset_alias(&self, path: &ast::Path, alias: Option<&Ident>) -> Result<String> {
        let reference = path.text();
        let (name, word) = parts(&reference);
        let version = self.version(path)?.number;
        let versions = self.context.catalog.model_versions(name)?;
        let known: Vec<_> = versions.aliases_of(version).collect();
        let error = |message: String, span| {
            let names = known.iter().copied();
            let error = Error::new(Code::UnknownVersion, message).at(span);
            Err(error.or_list("its aliases are", names).or_hint("it has no aliases"))
        };
        match (alias, known.as_slice()) {
            (Some(alias), _) if word.is_some() && !known.contains(&alias.text.as_str()) => error(
                format!("version {version} of model `{name}` has no alias `{}`", alias.text),
                alias.span,
            ),
            (Some(alias), _) => Ok(alias.text.clone()),
            (None, _) if word.is_some_and(|word| known.contains(&word)) => {
                Ok(word.unwrap_or_default().to_owned())
            }
            (None, [alias]) if word.is_some() => Ok((*alias).to_owned()),
            (None, _) => error("UNSET ALIAS says which alias".into(), path.span),
        }
    }

    /// A change of versions that the catalog would take as it is now.
    pub(super) fn change_versions(&self, path: &ast::Path, change: VersionChange) -> Result<Bound> {
        let reference = path.text();
        let name = parts(&reference).0.to_owned();
        self.version(path)?;
        let mut versions = self.context.catalog.model_versions(&name)?.clone();
        versions.change(&name, &change, 0.0)?;
        Ok(Bound::ChangeVersions(ChangeVersions { name, change }))
    }

    /// The version that a path names, by its number: aliases may have moved when the statement runs.
    fn pinned(&self, path: &ast::Path) -> Result<String> {
        let number = self.version(path)?.number;
        Ok(format!("{}@{number}", parts(&path.text()).0))
    }

    /// # Errors
    /// `misplaced-clause` where a path names a version.
    pub(in super::super) fn without_version(&self, path: &ast::Path) -> Result<()> {
        let reference = path.text();
        let (name, Some(version)) = parts(&reference) else { return Ok(()) };
        let message = format!("`@{version}` names a version, and a model is expected here");
        Err(Error::new(Code::MisplacedClause, message)
            .at(path.span)
            .hint(format!("write {}; names of models have no `@`", crate::syntax::written(name))))
    }
}
