//! Names to tables and models.
//!
//! A table and a model may share a name: SQL always says which it means. Names are exact, as BigQuery's are;
//! a name that differs in case only, or by a slip, is offered in the error.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::data::{Batch, Schema};
use crate::diag::{Code, Error, Result, nearest};
use crate::function::Fitted;
use crate::limits::MODELS_OF_VALUES;
use crate::model::Model;
use crate::syntax::ast;
use crate::table::{Object, Table, objects};

/// What a name in FROM stands for.
#[derive(Debug, Clone)]
pub enum Relation {
    /// Rows in memory.
    Table(Arc<Table>),
    /// Files: their properties as columns, their bytes on demand.
    Objects(Arc<[Object]>),
    /// A query that is run when it is read.
    View(Arc<View>),
}

/// A query with a name.
#[derive(Debug)]
pub struct View {
    pub(crate) query: ast::Query,
    /// Names of the columns in place of the query's own; empty for those.
    pub(crate) columns: Vec<String>,
    /// The columns that it had when it was made.
    pub(crate) schema: Schema,
}

/// What a TRANSFORM keeps: how columns are computed, and the statistics for that.
#[derive(Debug)]
pub(crate) struct Transform {
    pub(crate) items: Vec<ast::SelectItem>,
    /// In the order in which `items` need them.
    pub(crate) fitted: Vec<Arc<dyn Fitted>>,
    /// The columns that it was made over.
    pub(crate) takes: Schema,
    pub(crate) gives: Schema,
}

/// What a table asks of rows that are put into it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Rules {
    /// Columns that hold no NULL.
    pub(crate) not_null: Vec<usize>,
    /// A column that numbers the rows: its place, the first number, the step.
    pub(crate) identity: Option<(usize, i64, i64)>,
}

/// All tables and models, by name.
#[derive(Debug, Default)]
pub(crate) struct Catalog {
    relations: BTreeMap<String, Relation>,
    rules: BTreeMap<String, Rules>,
    models: BTreeMap<String, Arc<Model>>,
    transforms: BTreeMap<String, Arc<Transform>>,
    /// Models that were loaded from values of a column, by their bytes.
    blobs: Vec<(Vec<u8>, Arc<Model>)>,
}

impl Relation {
    /// The columns that `*` selects.
    pub fn schema(&self) -> Schema {
        match self {
            Self::Table(table) => table.schema.clone(),
            Self::Objects(_) => objects::schema(),
            Self::View(view) => view.schema.clone(),
        }
    }

    /// The number of rows; `None` for a view, which has to be run to know.
    pub fn rows(&self) -> Option<usize> {
        match self {
            Self::Table(table) => Some(table.rows()),
            Self::Objects(objects) => Some(objects.len()),
            Self::View(_) => None,
        }
    }

    /// Memory in bytes; for files their own size.
    pub fn bytes(&self) -> u64 {
        match self {
            Self::Table(table) => table.bytes() as u64,
            Self::Objects(objects) => objects.iter().map(|object| object.size).sum(),
            Self::View(_) => 0,
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
        self.models.contains_key(name) || self.transforms.contains_key(name)
    }

    /// The TRANSFORM of this name.
    pub(crate) fn transform(&self, name: &str) -> Option<&Arc<Transform>> {
        self.transforms.get(name)
    }

    /// What the table of this name asks of rows.
    pub(crate) fn rules(&self, name: &str) -> Option<&Rules> {
        self.rules.get(name)
    }

    /// The model that was loaded from these bytes.
    pub(crate) fn model_of(&self, bytes: &[u8]) -> Option<&Arc<Model>> {
        self.blobs.iter().find(|(it, _)| it == bytes).map(|(_, model)| model)
    }

    /// Keeps the model that was loaded from these bytes.
    pub(crate) fn put_model_of(&mut self, bytes: Vec<u8>, model: Arc<Model>) {
        if self.blobs.len() >= MODELS_OF_VALUES {
            self.blobs.remove(0);
        }
        self.blobs.push((bytes, model));
    }

    /// Puts a TRANSFORM in, in place of a model of the same name.
    pub(crate) fn put_transform(&mut self, name: &str, transform: Transform) {
        self.models.remove(name);
        self.transforms.insert(name.into(), Arc::new(transform));
    }

    /// Puts a table with its rules in, in place of one of the same name.
    pub(crate) fn put_table(&mut self, name: &str, table: Table, rules: Rules) {
        self.put_relation(name, Relation::Table(Arc::new(table)));
        self.rules.insert(name.into(), rules);
    }

    /// Puts rows behind those of a table, whose columns they have.
    ///
    /// # Errors
    /// `unknown-table` where it is gone, `read-only` where something else has its name.
    pub(crate) fn append(&mut self, name: &str, batches: Vec<Batch>) -> Result<()> {
        self.relation(name)?;
        match self.relations.get_mut(name) {
            Some(Relation::Table(table)) => {
                Arc::make_mut(table).batches.extend(batches);
                Ok(())
            }
            _ => Err(Error::new(Code::ReadOnly, format!("`{name}` holds no rows of its own"))),
        }
    }

    /// Puts a table in, in place of one of the same name.
    pub(crate) fn put_relation(&mut self, name: &str, relation: Relation) {
        self.rules.remove(name);
        self.relations.insert(name.into(), relation);
    }

    /// Puts a model in, in place of one of the same name.
    pub(crate) fn put_model(&mut self, name: &str, model: Arc<Model>) {
        self.transforms.remove(name);
        self.models.insert(name.into(), model);
    }

    /// Takes a table out; false where there was none.
    pub(crate) fn drop_relation(&mut self, name: &str) -> bool {
        self.rules.remove(name);
        self.relations.remove(name).is_some()
    }

    /// Takes a model out; false where there was none.
    pub(crate) fn drop_model(&mut self, name: &str) -> bool {
        self.transforms.remove(name).is_some() | self.models.remove(name).is_some()
    }

    pub(crate) fn relations(&self) -> impl Iterator<Item = (&str, &Relation)> {
        self.relations.iter().map(|(name, relation)| (name.as_str(), relation))
    }

    pub(crate) fn models(&self) -> impl Iterator<Item = (&str, &Arc<Model>)> {
        self.models.iter().map(|(name, model)| (name.as_str(), model))
    }

    pub(crate) fn transforms(&self) -> impl Iterator<Item = (&str, &Arc<Transform>)> {
        self.transforms.iter().map(|(name, transform)| (name.as_str(), transform))
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
