//! Names to tables and models.
//!
//! A table and a model may share a name: SQL always says which it means. Names are exact, as BigQuery's are;
//! a name that differs in case only, or by a slip, is offered in the error.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::data::Schema;
use crate::diag::{Code, Error, Result, nearest};
use crate::model::Model;
use crate::table::{Object, Table, objects};

/// What a name in FROM stands for.
#[derive(Debug, Clone)]
pub enum Relation {
    /// Rows in memory.
    Table(Arc<Table>),
    /// Files: their properties as columns, their bytes on demand.
    Objects(Arc<[Object]>),
}

/// All tables and models, by name.
#[derive(Debug, Default)]
pub(crate) struct Catalog {
    relations: BTreeMap<String, Relation>,
    models: BTreeMap<String, Arc<Model>>,
}

impl Relation {
    /// The columns that `*` selects.
    pub fn schema(&self) -> Schema {
        match self {
            Self::Table(table) => table.schema.clone(),
            Self::Objects(_) => objects::schema(),
        }
    }

    /// The number of rows.
    pub fn rows(&self) -> usize {
        match self {
            Self::Table(table) => table.rows(),
            Self::Objects(objects) => objects.len(),
        }
    }

    /// Memory in bytes; for files their own size.
    pub fn bytes(&self) -> u64 {
        match self {
            Self::Table(table) => table.bytes() as u64,
            Self::Objects(objects) => objects.iter().map(|object| object.size).sum(),
        }
    }
}

impl Catalog {
    /// # Errors
    /// `unknown-table`, with the nearest name.
    pub(crate) fn relation(&self, name: &str) -> Result<&Relation> {
        self.relations.get(name).ok_or_else(|| {
            let near = suggest(name, self.relations.keys());
            let hint = match (&near, self.models.contains_key(name)) {
                (Some(near), _) => format!("did you mean `{near}`?"),
                (None, true) => format!("`{name}` is a model: write ML.PREDICT(MODEL `{name}`, …)"),
                (None, false) => listing("tables", self.relations.keys()),
            };
            Error::new(Code::UnknownTable, format!("table `{name}` was not found")).hint(hint)
        })
    }

    /// # Errors
    /// `unknown-model`, with the nearest name.
    pub(crate) fn model(&self, name: &str) -> Result<&Arc<Model>> {
        self.models.get(name).ok_or_else(|| {
            let near = suggest(name, self.models.keys());
            let hint = match (&near, self.relations.contains_key(name)) {
                (Some(near), _) => format!("did you mean `{near}`?"),
                (None, true) => format!("`{name}` is a table"),
                (None, false) => listing("models", self.models.keys()),
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

    pub(crate) fn has_relation(&self, name: &str) -> bool {
        self.relations.contains_key(name)
    }

    pub(crate) fn has_model(&self, name: &str) -> bool {
        self.models.contains_key(name)
    }

    /// Puts a table in, in place of one of the same name.
    pub(crate) fn put_relation(&mut self, name: &str, relation: Relation) {
        self.relations.insert(name.into(), relation);
    }

    /// Puts a model in, in place of one of the same name.
    pub(crate) fn put_model(&mut self, name: &str, model: Arc<Model>) {
        self.models.insert(name.into(), model);
    }

    /// Takes a table out; false where there was none.
    pub(crate) fn drop_relation(&mut self, name: &str) -> bool {
        self.relations.remove(name).is_some()
    }

    /// Takes a model out; false where there was none.
    pub(crate) fn drop_model(&mut self, name: &str) -> bool {
        self.models.remove(name).is_some()
    }

    pub(crate) fn relations(&self) -> impl Iterator<Item = (&str, &Relation)> {
        self.relations.iter().map(|(name, relation)| (name.as_str(), relation))
    }

    pub(crate) fn models(&self) -> impl Iterator<Item = (&str, &Arc<Model>)> {
        self.models.iter().map(|(name, model)| (name.as_str(), model))
    }
}

/// The nearest name; of qualified names the last part is compared too.
fn suggest<'a>(name: &str, names: impl Iterator<Item = &'a String> + Clone) -> Option<&'a str> {
    let last = |name: &'a str| name.rsplit('.').next().unwrap_or(name);
    let wanted = name.rsplit('.').next().unwrap_or(name);
    let near = nearest(name, names.clone().map(String::as_str));
    near.or_else(|| {
        let part = nearest(wanted, names.clone().map(|it| last(it)))?;
        names.map(String::as_str).find(|it| last(it) == part)
    })
}

/// What there is, for messages about what there is not.
fn listing<'a>(what: &str, names: impl Iterator<Item = &'a String>) -> String {
    let names: Vec<_> = names.map(|it| format!("`{it}`")).collect();
    match names.len() {
        0 => format!("there are no {what} yet"),
        1..=10 => format!("there are the {what} {}", names.join(", ")),
        count => format!("there are {count} {what}, none of a similar name"),
    }
}
