//! The catalog: tables, views, models and transforms by name.
//!
//! A table and a model may share a name: SQL always says which it means. Names are case-sensitive, as BigQuery's are;
//! errors suggest a name that differs only in case or by a slip. This room knows nothing of plans and runs nothing.

mod log;
mod traffic;
mod versions;

pub(crate) use log::{Ending, Log, Logged, Used};
pub(crate) use traffic::BUCKETS;
pub use traffic::Traffic;
pub use versions::{ModelVersion, Registration};
pub(crate) use versions::{Version, VersionChange, Versions, check_alias, parts};

use litemap::LiteMap;
use std::sync::Arc;

use crate::data::{Batch, Bounds, DataType, Schema};
use crate::diag::{Code, Error, Invariant, Result, nearest};
use crate::function::Fitted;
use crate::function::tsql::Narrow;
use crate::limits::MODELS_OF_VALUES;
use crate::model::{Fingerprints, Model, ModelOptions};
use crate::syntax::ast;
use crate::table::{Object, Stream, Table, objects};

/// What a name in FROM stands for.
#[derive(Debug, Clone)]
pub enum Relation {
    /// Rows in memory.
    Table(Arc<Table>),
    /// Files: their properties as columns, their bytes on demand.
    Objects(Arc<[Object]>),
    /// Rows that come while a query runs.
    Stream(Arc<Stream>),
    /// A query that is run when it is read.
    View(Arc<View>),
}

/// A query with a name.
#[derive(Debug)]
pub struct View {
    pub(crate) query: ast::Query,
    /// Names of the columns; empty to keep those of the query.
    pub(crate) columns: Vec<String>,
    /// The columns that it had when it was made.
    pub(crate) schema: Schema,
}

/// What a TRANSFORM keeps: how its columns are computed, and the fitted statistics.
#[derive(Debug)]
pub(crate) struct Transform {
    pub(crate) items: Vec<ast::SelectItem>,
    /// In the order in which binding `items` takes them.
    pub(crate) fitted: Vec<Arc<dyn Fitted>>,
    /// The columns that it was made over.
    pub(crate) takes: Schema,
    pub(crate) gives: Schema,
}

/// A function that is an expression of its parameters.
#[derive(Debug)]
pub(crate) struct Routine {
    /// Without a type for any type.
    pub(crate) params: Vec<(String, Option<DataType>)>,
    pub(crate) returns: Option<DataType>,
    pub(crate) body: ast::Expr,
}

/// Constraints on rows that are inserted into a table.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Rules {
    /// Columns that hold no NULL.
    pub(crate) not_null: Vec<usize>,
    /// The IDENTITY column: its index, the first number, the step.
    pub(crate) identity: Option<(usize, i64, i64)>,
    /// Columns of T-SQL whose types are narrower than the engine's.
    pub(crate) narrow: Vec<(usize, Narrow)>,
    /// Columns whose types have parameters.
    pub(crate) bounds: Vec<(usize, Bounds)>,
    /// What columns get that are given no value, where that is not NULL.
    pub(crate) defaults: Vec<(usize, ast::Expr)>,
}

impl Rules {
    /// What DEFAULT means for a column; `None` for NULL.
    pub(crate) fn default_of(&self, column: usize) -> Option<&ast::Expr> {
        self.defaults.iter().find(|(known, _)| *known == column).map(|(_, value)| value)
    }

    /// The constraints of a table whose columns stand at the places that `place` gives; `None` for one that is dropped.
    pub(crate) fn moved(self, place: &dyn Fn(usize) -> Option<usize>) -> Self {
        fn all<T>(items: Vec<(usize, T)>, place: &dyn Fn(usize) -> Option<usize>) -> Vec<(usize, T)> {
            items.into_iter().filter_map(|(column, item)| Some((place(column)?, item))).collect()
        }
        Self {
            not_null: self.not_null.into_iter().filter_map(place).collect(),
            identity: self.identity.and_then(|(column, first, step)| Some((place(column)?, first, step))),
            narrow: all(self.narrow, place),
            bounds: all(self.bounds, place),
            defaults: all(self.defaults, place),
        }
    }

    /// What the parameters of a column's type ask of its values.
    pub(crate) fn bounds_of(&self, column: usize) -> Option<Bounds> {
        self.bounds.iter().find(|(known, _)| *known == column).map(|(_, bounds)| *bounds)
    }
}

/// All tables and models, by name.
#[derive(Debug, Default)]
pub(crate) struct Catalog {
    /// Counts the changes.
    version: u64,
    relations: LiteMap<String, Relation>,
    rules: LiteMap<String, Rules>,
    models: LiteMap<String, Versions>,
    transforms: LiteMap<String, Arc<Transform>>,
    /// By their names in lower case.
    routines: LiteMap<String, Arc<Routine>>,
    /// Likewise.
    procedures: LiteMap<String, Arc<ast::CreateProcedure>>,
    /// The latest models that were loaded from values of a column, by their bytes.
    models_by_bytes: Vec<(Vec<u8>, Arc<Model>)>,
    /// The statements that have ended.
    pub(crate) log: Log,
}

impl Relation {
    /// The columns that `*` selects.
    pub fn schema(&self) -> Schema {
        match self {
            Self::Table(table) => table.schema.clone(),
            Self::Objects(_) => objects::schema(),
            Self::Stream(stream) => stream.schema.clone(),
            Self::View(view) => view.schema.clone(),
        }
    }

    /// The number of rows; `None` for a view, which has to be run to know, for a stream and a video.
    pub fn rows(&self) -> Option<usize> {
        match self {
            Self::Table(table) => Some(table.rows()),
            Self::Objects(objects) => objects::rows(objects),
            Self::Stream(_) | Self::View(_) => None,
        }
    }

    /// Memory in bytes; for files their own size.
    pub fn bytes(&self) -> u64 {
        match self {
            Self::Table(table) => table.bytes() as u64,
            Self::Objects(objects) => objects.iter().map(|object| object.size).sum(),
            Self::Stream(stream) => stream.bytes,
            Self::View(_) => 0,
        }
    }
}

impl Catalog {
    /// A copy that may be changed to find out what statements would do. It shares rows and models, and has no log.
    pub(crate) fn draft(&self) -> Self {
        Self {
            version: self.version,
            relations: self.relations.clone(),
            rules: self.rules.clone(),
            models: self.models.clone(),
            transforms: self.transforms.clone(),
            routines: self.routines.clone(),
            procedures: self.procedures.clone(),
            models_by_bytes: Vec::new(),
            log: Log::default(),
        }
    }

    /// # Errors
    /// `unknown-table`, with the nearest name.
    pub(crate) fn relation(&self, name: &str) -> Result<&Relation> {
        self.relations.get(name).ok_or_else(|| {
            let hint = match suggest(name, self.relations.keys()) {
                Some(near) => format!("did you mean `{near}`?"),
                None if self.models.contains_key(name) => {
                    format!("`{name}` is a model: write ML.PREDICT(MODEL `{name}`, …)")
                }
                None => listing("tables", self.relations.keys()),
            };
            Error::new(Code::UnknownTable, format!("table `{name}` was not found")).hint(hint)
        })
    }

    /// The version of a model that `reference` names.
    ///
    /// # Errors
    /// `unknown-model`, with the nearest name; `unknown-version`.
    pub(crate) fn model(&self, reference: &str) -> Result<&Arc<Model>> {
        self.model_version(reference).map(|version| &version.model)
    }

    /// # Errors
    /// As [`Catalog::model`].
    pub(crate) fn model_version(&self, reference: &str) -> Result<&Version> {
        let (name, word) = parts(reference);
        self.model_versions(name)?.version(name, word)
    }

    /// All versions of the model of this name.
    ///
    /// # Errors
    /// `unknown-model`, with the nearest name.
    pub(crate) fn model_versions(&self, name: &str) -> Result<&Versions> {
        self.models.get(name).ok_or_else(|| {
            let hint = match suggest(name, self.models.keys()) {
                Some(near) => format!("did you mean `{near}`?"),
                None if self.transforms.contains_key(name) => {
                    format!("`{name}` is a TRANSFORM, which has no versions")
                }
                None if self.relations.contains_key(name) => format!("`{name}` is a table"),
                None => listing("models", self.models.keys()),
            };
            Error::new(Code::UnknownModel, format!("model `{name}` was not found")).hint(hint)
        })
    }

    /// The name nearest to `name` among tables, if it was perhaps meant.
    pub(crate) fn nearest_relation(&self, name: &str) -> Option<&str> {
        suggest(name, self.relations.keys())
    }

    /// The name nearest to `name` among models, if it was perhaps meant.
    pub(crate) fn nearest_model(&self, name: &str) -> Option<&str> {
        suggest(name, self.models.keys())
    }

    /// Another number after every change of what a name stands for.
    pub(crate) fn version(&self) -> u64 {
        self.version
    }

    pub(crate) fn has_relation(&self, name: &str) -> bool {
        self.relations.contains_key(name)
    }

    /// Whether there is the model, or the version of one, that `reference` names.
    pub(crate) fn has_model(&self, reference: &str) -> bool {
        let (name, word) = parts(reference);
        let has_version = |versions: &Versions| versions.version(name, word).is_ok();
        self.models.get(name).is_some_and(has_version) || self.transforms.contains_key(reference)
    }

    /// The TRANSFORM of this name.
    pub(crate) fn transform(&self, name: &str) -> Option<&Arc<Transform>> {
        self.transforms.get(name)
    }

    /// The constraints of the table of this name: none for one that no CREATE TABLE made.
    pub(crate) fn rules(&self, name: &str) -> Rules {
        self.rules.get(name).cloned().unwrap_or_default()
    }

    /// The model that was loaded from these bytes.
    pub(crate) fn model_of(&self, bytes: &[u8]) -> Option<&Arc<Model>> {
        self.models_by_bytes.iter().find(|(known, _)| known == bytes).map(|(_, model)| model)
    }

    /// Keeps the model that was loaded from these bytes, and drops the oldest of too many.
    pub(crate) fn put_model_of(&mut self, bytes: Vec<u8>, model: Arc<Model>) {
        if self.models_by_bytes.len() >= MODELS_OF_VALUES {
            self.models_by_bytes.remove(0);
        }
        self.models_by_bytes.push((bytes, model));
    }

    /// Adds a TRANSFORM, or replaces a model of the same name by it.
    pub(crate) fn put_transform(&mut self, name: &str, transform: Transform) {
        self.version += 1;
        self.models.remove(name);
        self.transforms.insert(name.into(), Arc::new(transform));
    }

    /// Adds a table with its constraints, or replaces one of the same name.
    pub(crate) fn put_table(&mut self, name: &str, table: Table, rules: Rules) {
        self.put_relation(name, Relation::Table(Arc::new(table)));
        self.rules.insert(name.into(), rules);
    }

    /// Appends rows to a table, whose columns they have.
    ///
    /// # Errors
    /// `unknown-table` where it is gone, `read-only` where something else has its name.
    pub(crate) fn append(&mut self, name: &str, batches: Vec<Batch>) -> Result<()> {
        self.relation(name)?;
        self.version += 1;
        match self.relations.get_mut(name) {
            Some(Relation::Table(table)) => {
                Arc::make_mut(table).batches.extend(batches);
                Ok(())
            }
            _ => Err(Error::new(Code::ReadOnly, format!("`{name}` holds no rows of its own"))),
        }
    }

    /// Puts rows in place of those of a table, whose columns they have.
    ///
    /// # Errors
    /// As [`Catalog::append`].
    pub(crate) fn replace_rows(&mut self, name: &str, batches: Vec<Batch>) -> Result<()> {
        if let Some(Relation::Table(table)) = self.relations.get_mut(name) {
            Arc::make_mut(table).batches.clear();
        }
        self.append(name, batches)
    }

    /// The function of this name, in any case.
    pub(crate) fn routine(&self, name: &str) -> Option<&Arc<Routine>> {
        self.routines.get(&name.to_ascii_lowercase())
    }

    /// All functions, by their names in lower case.
    pub(crate) fn routines(&self) -> impl Iterator<Item = (&str, &Arc<Routine>)> {
        self.routines.iter().map(|(name, routine)| (name.as_str(), routine))
    }

    /// Adds a function, or replaces one of the same name.
    pub(crate) fn put_routine(&mut self, name: &str, routine: Routine) {
        self.version += 1;
        self.routines.insert(name.to_ascii_lowercase(), Arc::new(routine));
    }

    /// Removes a function; false if there was none.
    pub(crate) fn drop_routine(&mut self, name: &str) -> bool {
        self.version += 1;
        self.routines.remove(&name.to_ascii_lowercase()).is_some()
    }

    /// The procedure of this name, in any case.
    pub(crate) fn procedure(&self, name: &str) -> Option<&Arc<ast::CreateProcedure>> {
        self.procedures.get(&name.to_ascii_lowercase())
    }

    /// All procedures, by their names in lower case.
    pub(crate) fn procedures(&self) -> impl Iterator<Item = (&str, &Arc<ast::CreateProcedure>)> {
        self.procedures.iter().map(|(name, procedure)| (name.as_str(), procedure))
    }

    /// Adds a procedure, or replaces one of the same name.
    pub(crate) fn put_procedure(&mut self, name: &str, procedure: Arc<ast::CreateProcedure>) {
        self.procedures.insert(name.to_ascii_lowercase(), procedure);
    }

    /// Removes a procedure, if there is one.
    pub(crate) fn drop_procedure(&mut self, name: &str) {
        self.procedures.remove(&name.to_ascii_lowercase());
    }

    /// Adds a table, or replaces one of the same name.
    pub(crate) fn put_relation(&mut self, name: &str, relation: Relation) {
        self.version += 1;
        self.rules.remove(name);
        self.relations.insert(name.into(), relation);
    }

    /// Adds a version of a model, and tells its number.
    ///
    /// # Errors
    /// As [`Versions::with`].
    pub(crate) fn put_model(
        &mut self,
        name: &str,
        model: Arc<Model>,
        new: Registration,
        now: f64,
    ) -> Result<u32> {
        let before = self.models.get(name).cloned().unwrap_or_default();
        let own_id = before.registry_id.clone().filter(|_| new.keep);
        let (id, aliases) = (new.registry_id.clone().or(own_id), new.aliases.clone());
        let is_related = |other: &Versions| id.is_some() && other.registry_id == id;
        let counted = self.models.values().filter(|other| is_related(other)).map(Versions::highest).max();
        let (versions, number) = before.with(name, model, new, counted.unwrap_or(0), now)?;
        self.version += 1;
        for (other, versions) in self.models.iter_mut().filter(|(_, other)| is_related(other)) {
            for alias in aliases.iter().filter(|_| other != name) {
                // Most models do not have it.
                let _ = versions.change(other, &VersionChange::UnsetAlias(alias.clone()), now);
            }
        }
        self.transforms.remove(name);
        self.models.insert(name.into(), versions);
        Ok(number)
    }

    /// Whether a model can get a version of the number that `new` has.
    ///
    /// # Errors
    /// As [`Catalog::put_model`].
    pub(crate) fn check_version(&self, name: &str, new: &Registration) -> Result<()> {
        let before = self.models.get(name).cloned().unwrap_or_default();
        before.number(name, new.number, 0).map(drop)
    }

    /// Puts a model in the place of a version; what is kept with that stays.
    ///
    /// # Errors
    /// As [`Catalog::model`]; `invalid-option` for another id than the model has in Vertex AI's registry.
    pub(crate) fn alter_model(
        &mut self,
        reference: &str,
        model: Arc<Model>,
        new: Registration,
        now: f64,
    ) -> Result<()> {
        let (name, _) = parts(reference);
        let number = self.model_version(reference)?.number;
        let mut versions = self.model_versions(name)?.clone();
        let is_other = |id: &String| new.registry_id.as_ref().is_some_and(|new| new != id);
        if let Some(id) = versions.registry_id.as_ref().filter(|id| is_other(id)) {
            let message = format!("model `{name}` has the id `{id}` in the registry, which does not change");
            return Err(Error::new(Code::InvalidOption, message));
        }
        if let Some(id) = new.registry_id.as_ref().filter(|_| versions.registry_id.is_none())
            && let Some((other, _)) = self.models.iter().find(|(_, it)| it.registry_id.as_ref() == Some(id))
        {
            let message =
                format!("`{id}` is the id of model `{other}`, whose versions were counted without this one");
            return Err(
                Error::new(Code::InvalidOption, message).hint("give the id when the model is created")
            );
        }
        versions.registry_id = versions.registry_id.or(new.registry_id);
        for alias in new.aliases {
            versions.change(name, &VersionChange::SetAlias(alias, number), now)?;
        }
        versions.set_traffic(name, new.traffic)?;
        self.models.insert(name.into(), versions);
        self.alter_version(reference, |version| {
            version.model = model;
            version.description = new.description.or(version.description.take());
            if let Some(labels) = new.labels {
                version.labels = labels;
            }
        })
    }

    /// Changes a version of a model in its place.
    ///
    /// # Errors
    /// As [`Catalog::model`].
    pub(crate) fn alter_version(&mut self, reference: &str, change: impl FnOnce(&mut Version)) -> Result<()> {
        let number = self.model_version(reference)?.number;
        self.version += 1;
        let versions = self.models.get_mut(parts(reference).0);
        let mut all = versions.into_iter().flat_map(Versions::all_mut);
        change(all.find(|version| version.number == number).invariant("a version that was found")?);
        Ok(())
    }

    /// Moves aliases of a model, or drops a version.
    ///
    /// # Errors
    /// As [`Versions::change`].
    pub(crate) fn change_versions(&mut self, name: &str, change: &VersionChange, now: f64) -> Result<()> {
        let mut versions = self.model_versions(name)?.clone();
        versions.change(name, change, now)?;
        self.version += 1;
        self.models.insert(name.into(), versions);
        Ok(())
    }

    /// Gives a model or TRANSFORM another name.
    ///
    /// # Errors
    /// `unknown-model`; `already-exists` where another one has the name.
    pub(crate) fn rename_model(&mut self, name: &str, new_name: &str) -> Result<()> {
        if self.has_model(new_name) {
            let message = format!("model `{new_name}` exists already");
            return Err(
                Error::new(Code::AlreadyExists, message).hint("choose another name, or drop that one")
            );
        }
        self.version += 1;
        if let Some(transform) = self.transforms.remove(name) {
            self.transforms.insert(new_name.into(), transform);
            return Ok(());
        }
        self.model_versions(name)?;
        let versions = self.models.remove(name).invariant("a model that was found")?;
        self.models.insert(new_name.into(), versions);
        Ok(())
    }

    /// The rows that are kept with the version of a model that `reference` names.
    pub(crate) fn baseline(&self, reference: &str) -> Option<&Arc<Table>> {
        self.model_version(reference).ok()?.baseline.as_ref()
    }

    /// A model that is loaded from the same files and can share what was loaded with one of these options.
    pub(crate) fn model_like(&self, files: &Fingerprints, options: &ModelOptions) -> Option<&Arc<Model>> {
        let mut all = self.models.values().flat_map(Versions::all).map(|version| &version.model);
        all.find(|model| model.is_loaded_from(files, options))
    }

    /// Removes a table; false if there was none.
    pub(crate) fn drop_relation(&mut self, name: &str) -> bool {
        self.version += 1;
        self.rules.remove(name);
        self.relations.remove(name).is_some()
    }

    /// Removes a model with all its versions; false if there was none.
    pub(crate) fn drop_model(&mut self, name: &str) -> bool {
        self.version += 1;
        self.transforms.remove(name).is_some() | self.models.remove(name).is_some()
    }

    pub(crate) fn relations(&self) -> impl Iterator<Item = (&str, &Relation)> {
        self.relations.iter().map(|(name, relation)| (name.as_str(), relation))
    }

    /// All models, each as its default version.
    pub(crate) fn models(&self) -> impl Iterator<Item = (&str, &Arc<Model>)> {
        self.models.iter().filter_map(|(name, versions)| {
            let default = versions.version(name, None).ok()?;
            Some((name.as_str(), &default.model))
        })
    }

    /// All models, with all their versions.
    pub(crate) fn all_versions(&self) -> impl Iterator<Item = (&str, &Versions)> {
        self.models.iter().map(|(name, versions)| (name.as_str(), versions))
    }

    pub(crate) fn transforms(&self) -> impl Iterator<Item = (&str, &Arc<Transform>)> {
        self.transforms.iter().map(|(name, transform)| (name.as_str(), transform))
    }
}

/// The nearest name, if it is near enough to be meant; the last parts of qualified names are compared too.
fn suggest<'a>(name: &str, names: impl Iterator<Item = &'a String> + Clone) -> Option<&'a str> {
    fn last_part(name: &str) -> &str {
        name.rsplit_once('.').map_or(name, |(_, last)| last)
    }
    let mut names = names.map(String::as_str);
    nearest(name, names.clone()).or_else(|| {
        let part = nearest(last_part(name), names.clone().map(last_part))?;
        names.find(|name| last_part(name) == part)
    })
}

/// A hint at the names that exist.
fn listing<'a>(what: &str, names: impl Iterator<Item = &'a String>) -> String {
    let names: Vec<_> = names.map(|name| format!("`{name}`")).collect();
    match names.len() {
        0 => format!("there are no {what} yet"),
        1..=10 => format!("there are the {what} {}", names.join(", ")),
        count => format!("there are {count} {what}, none of a similar name"),
    }
}
