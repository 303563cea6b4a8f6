//! The models of a catalog, each bound once for the types of the columns that it is given.

use std::sync::{Arc, Mutex, PoisonError};

use arrow_array::{ArrayRef, StructArray};
use arrow_schema::{Fields, SchemaRef};
use datafusion::arrow::compute::concat_batches;
use datafusion::error::{DataFusionError, Result};
use predictql::data::{Batch, Field, Schema};
use predictql::{Dialect, Engine, Params, Query, Resource, Step};
use predictql_host::{Catalog, Error, Host};

use crate::drive::{ours, record_batch};

pub(super) struct Models {
    engine: Engine,
    host: Host,
    /// By the name of the model; each over other columns.
    bound: Mutex<Vec<(String, Arc<Bound>)>>,
}

/// A model over columns.
pub(super) struct Bound {
    /// Its statement.
    sql: String,
    columns: Schema,
    /// What it gives.
    rows: SchemaRef,
}

impl Models {
    pub(super) fn open(catalog: &Catalog, host: &Host) -> Result<Self, Error> {
        let host = host.of_parts();
        Ok(Self { engine: catalog.open(&host)?, host, bound: Mutex::default() })
    }

    /// The names of the inputs of a model, in its order. None for one that is not there: binding says so.
    pub(super) fn inputs(&self, model: &str) -> Option<Vec<String>> {
        let (name, version) = model.split_once('@').map_or((model, None), |(name, it)| (name, Some(it)));
        let is_meant = |it: &predictql::ModelVersion| match version {
            None => it.is_default,
            Some(version) => {
                it.aliases.iter().any(|alias| alias == version) || it.number.to_string() == version
            }
        };
        let found = self.engine.model_versions().into_iter().find(|it| it.name == name && is_meant(it))?;
        let inputs = &found.model.signature().inputs;
        Some(inputs.iter().map(|input| input.name.clone()).collect())
    }

    /// A model over columns of these names and types.
    pub(super) fn bound(&self, model: &str, columns: Vec<Field>) -> Result<Arc<Bound>> {
        let mut bound = self.bound.lock().unwrap_or_else(PoisonError::into_inner);
        let is_meant = |(name, it): &&(String, Arc<Bound>)| name == model && it.columns.fields == columns;
        if let Some((_, known)) = bound.iter().find(is_meant) {
            return Ok(known.clone());
        }
        let table = format!("arguments of predict {}", bound.len());
        let made = Arc::new(self.bind(model, &table, &columns)?);
        bound.push((model.to_owned(), made.clone()));
        Ok(made)
    }

    fn bind(&self, model: &str, table: &str, columns: &[Field]) -> Result<Bound> {
        let columns = Schema { fields: columns.to_vec() };
        if let Some(name) = std::iter::once(model).chain(names(&columns)).find(|name| name.contains('`')) {
            return Err(DataFusionError::Plan(format!(
                "`predict` takes no name with a backtick, such as {name}"
            )));
        }
        self.engine.register_divisible(table, columns.clone(), 0).map_err(ours)?;
        let inputs = names(&columns).map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
        let sql = format!("SELECT * EXCEPT ({inputs}) FROM ML.PREDICT(MODEL `{model}`, TABLE `{table}`)");
        let query = self.query(&sql)?;
        let rows = query.schema().map_or_else(arrow_schema::Schema::empty, Schema::to_arrow);
        Ok(Bound { sql, columns, rows: Arc::new(rows) })
    }

    fn query(&self, sql: &str) -> Result<Query> {
        let session = self.engine.session().without_log(true).with_dialect(Dialect::BigQuery);
        let mut script = session.script(sql, Params::default()).map_err(ours)?;
        let nothing = || DataFusionError::Internal("a statement of one SELECT has none".into());
        script.next().ok_or_else(nothing)?.map_err(ours)
    }

    /// What a model says about rows. Takes as long as the model does.
    pub(super) fn run(&self, bound: &Bound, rows: usize, columns: Vec<ArrayRef>) -> Result<StructArray> {
        let mut query = self.query(&bound.sql)?;
        let mut answers = self.host.answers();
        let mut given = Some(columns);
        let mut batches = Vec::new();
        loop {
            match query.step().map_err(ours)? {
                Step::Batch(batch) => batches.push(record_batch(&bound.rows, &batch)?),
                Step::Progress(_) => {}
                Step::Need(requests) => {
                    for request in requests {
                        match &request.resource {
                            Resource::Rows { columns, .. } => {
                                let columns = given.take().map(|all| bound.picked(columns, rows, &all));
                                query.supply_rows(request.id, columns.transpose()?).map_err(ours)?;
                            }
                            _ => answers.answer(&mut query, vec![request], &mut ()).map_err(ours)?,
                        }
                    }
                }
                Step::Done(_) => break,
            }
        }
        Ok(concat_batches(&bound.rows, &batches)?.into())
    }
}

impl Bound {
    /// The fields of what it gives.
    pub(super) fn fields(&self) -> &Fields {
        self.rows.fields()
    }

    pub(super) fn columns(&self) -> &[Field] {
        &self.columns.fields
    }

    /// The columns of these names, in their order.
    fn picked(&self, wanted: &[String], rows: usize, all: &[ArrayRef]) -> Result<Batch> {
        let find = |name: &String| names(&self.columns).position(|it| it == name);
        let places: Option<Vec<_>> = wanted.iter().map(find).collect();
        let places = places.ok_or_else(|| DataFusionError::Internal("a column that was not given".into()))?;
        let fields = places.iter().filter_map(|&place| self.columns.fields.get(place).cloned()).collect();
        let columns = places.iter().filter_map(|&place| all.get(place).cloned()).collect();
        Batch::of(&Schema { fields }, rows, columns).map_err(ours)
    }
}

fn names(columns: &Schema) -> impl Iterator<Item = &str> {
    columns.fields.iter().map(|field| field.name.as_str())
}
