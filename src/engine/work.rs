//! What statements do beside giving rows: changes of the catalog and of variables.

use std::collections::VecDeque;
use std::sync::Arc;

use super::making::{Making, Next, timed};
use super::query::{Query, Step, Summary};
use crate::catalog::{Relation, Rules, Transform, View};
use crate::control::{Progress, Stage};
use crate::data::{Batch, DataType, Scalar, Schema, cast, scalar_at};
use crate::diag::{Code, Error, Result, Span};
use crate::exec::{Input, Resource, TableFormat, fit, start, start_measured};
use crate::model::Model;
use crate::plan::{self, External, FitCall, Format, Plan};
use crate::syntax::ast::SelectItem;
use crate::table::{self, Table};

/// What is left to do.
pub(super) enum Work {
    Rows(Input),
    /// Take all rows, then do something with them.
    Collect {
        root: Input,
        rows: Vec<Batch>,
        then: Then,
    },
    MakeModel(Box<Making>),
    /// Load a model out of a value.
    LoadValue {
        bytes: Vec<u8>,
        span: Span,
    },
    ListObjects {
        name: String,
        uris: Vec<String>,
        span: Span,
        request: Option<u64>,
    },
    FetchTable(Box<FetchTable>),
    CreateView {
        name: String,
        view: View,
    },
    DropModel {
        name: String,
    },
    DropTable {
        name: String,
    },
    Say {
        message: String,
    },
    Ended,
}

/// What becomes of rows that were taken.
pub(super) enum Then {
    CreateTable {
        name: String,
        schema: Schema,
        rules: Rules,
    },
    Insert {
        name: String,
    },
    Assign {
        names: Vec<(String, DataType)>,
    },
    Transform {
        name: String,
        calls: Vec<FitCall>,
        items: Vec<SelectItem>,
        takes: Schema,
        gives: Schema,
    },
    /// The one value is what the statement waits for.
    Prepare {
        span: Span,
    },
    /// They do not count: how they came about is told.
    Explain {
        plan: Box<Plan>,
    },
}

/// A table that is read file by file.
pub(super) struct FetchTable {
    name: String,
    external: External,
    /// The listing that was asked for, where a pattern has a `*`.
    listing: Option<u64>,
    listed: bool,
    left: VecDeque<String>,
    /// The file that was asked for.
    request: Option<(u64, String)>,
    table: Option<Table>,
}

impl Work {
    pub(super) fn stage(&self) -> Stage {
        match self {
            Self::MakeModel(making) if making.is_ready() => Stage::Compile,
            Self::LoadValue { .. } => Stage::Compile,
            _ => Stage::Project,
        }
    }
}

/// Runs `plan` for what comes after; without one there are no rows.
pub(super) fn collect(plan: Option<Plan>, then: Then) -> Work {
    let nothing = || Plan {
        subplans: Vec::new(),
        root: plan::Node { kind: plan::NodeKind::Values { rows: Vec::new() }, schema: Schema::default() },
    };
    Work::Collect { root: start(plan.unwrap_or_else(nothing)), rows: Vec::new(), then }
}

/// Tells of `plan`, after it has run if `analyze`.
pub(super) fn explain(plan: Plan, analyze: bool) -> Result<Work> {
    if analyze {
        let root = start_measured(plan.clone());
        let then = Then::Explain { plan: Box::new(plan) };
        return Ok(Work::Collect { root, rows: Vec::new(), then });
    }
    Ok(Work::Rows(start(plan::explanation(&plan, None)?)))
}

pub(super) fn external_table(name: String, external: External) -> Work {
    let fetch = FetchTable {
        name,
        external,
        listing: None,
        listed: false,
        left: VecDeque::new(),
        request: None,
        table: None,
    };
    Work::FetchTable(Box::new(fetch))
}

impl Query {
    /// All rows are there.
    pub(super) fn collected(&mut self, rows: Vec<Batch>, then: Then) -> Result<Step> {
        match then {
            Then::CreateTable { name, schema, rules } => {
                check_nulls(&rows, &schema, &rules)?;
                let table = Table { schema, batches: rows };
                let count = table.rows();
                self.engine.catalog().put_table(&name, table, rules);
                Ok(changed(format!("Successfully created table named {name} with {count} rows")))
            }
            Then::Insert { name } => {
                let mut catalog = self.engine.catalog();
                let schema = catalog.relation(&name)?.schema();
                let rules = catalog.rules(&name).cloned().unwrap_or_default();
                check_nulls(&rows, &schema, &rules)?;
                let count: usize = rows.iter().map(Batch::rows).sum();
                catalog.append(&name, rows)?;
                Ok(changed(format!("Successfully inserted {count} rows into {name}")))
            }
            Then::Assign { names } => {
                for (at, (name, data_type)) in names.into_iter().enumerate() {
                    // DECLARE a, b DEFAULT 1 gives all of them the same value.
                    let value = match rows.first() {
                        Some(batch) => {
                            let column = at.min(batch.columns().len().saturating_sub(1));
                            scalar_at(batch.column(column)?, &data_type, 0)?
                        }
                        None => Scalar::Null,
                    };
                    self.scope.assign((name, data_type, value));
                }
                Ok(Step::Done(Summary::default()))
            }
            Then::Transform { name, calls, items, takes, gives } => {
                let rows = Batch::concat(&takes, &rows)?;
                let fitted = fit(&calls, &rows, &mut self.ctx)?;
                self.engine.catalog().put_transform(&name, Transform { items, fitted, takes, gives });
                Ok(changed(format!("Successfully created model named {name}")))
            }
            Then::Prepare { span } => {
                let mut batches = rows.iter();
                let value = match (batches.next(), batches.next()) {
                    (None, _) => Scalar::Null,
                    (Some(batch), None) if batch.rows() == 1 => {
                        scalar_at(batch.column(0)?, &DataType::Bytes, 0)?
                    }
                    _ => {
                        return Err(Error::new(Code::TooManyRows, "the query of a model gives several rows")
                            .at(span)
                            .hint("choose one with WHERE, or the latest with ORDER BY … and TOP (1)"));
                    }
                };
                self.scope.prepared.push((span, value));
                self.bind()?;
                Ok(self.progress())
            }
            Then::Explain { plan } => {
                let measured = std::mem::take(&mut self.ctx.metrics);
                let measured: Vec<_> = measured.iter().map(|it| (it.rows, it.ms)).collect();
                let told = plan::explanation(&plan, Some(&measured))?;
                Ok(self.go_on(Work::Rows(start(told))))
            }
        }
    }

    /// Does a piece of work that ends in a change of the catalog.
    pub(super) fn change(&mut self, work: Work) -> Result<Step> {
        match work {
            Work::MakeModel(mut making) => match making.advance(&mut self.ctx)? {
                Next::Need => Ok(self.wait(Work::MakeModel(making))),
                Next::Ready => {
                    self.ctx.progress = Some(Progress { stage: Stage::Compile, rows: 0, total: None });
                    Ok(self.go_on(Work::MakeModel(making)))
                }
                Next::Made(model) => {
                    self.engine.catalog().put_model(&making.name, Arc::new(*model));
                    Ok(changed(making.message()))
                }
            },
            Work::LoadValue { bytes, span } => {
                let load = || Model::load(&bytes, &self.ctx.env.limits);
                let model = timed(self.engine.shared.clock, load).map_err(|error| {
                    error.or_at(span).context(
                        "Error occurred during execution of the builtin function 'PREDICT' with HRESULT \
                         0x80070057. Model is corrupt or invalid.",
                    )
                })?;
                self.engine.catalog().put_model_of(bytes, Arc::new(model));
                self.bind()?;
                Ok(self.progress())
            }
            Work::ListObjects { name, uris, span, request } => {
                match self.answered(request, || Resource::Objects { uris: uris.clone() }) {
                    Ok(id) => {
                        let objects = self.listed(id, &uris, span)?;
                        let files = objects.len();
                        self.engine.catalog().put_relation(&name, Relation::Objects(objects.into()));
                        Ok(changed(format!("Successfully created table named {name} over {files} files")))
                    }
                    Err(request) => {
                        Ok(self.wait(Work::ListObjects { name, uris, span, request: Some(request) }))
                    }
                }
            }
            Work::FetchTable(fetch) => self.fetch_table(fetch),
            Work::CreateView { name, view } => {
                self.engine.catalog().put_relation(&name, Relation::View(Arc::new(view)));
                Ok(changed(format!("Successfully created view named {name}")))
            }
            Work::DropModel { name } => {
                self.engine.catalog().drop_model(&name);
                Ok(changed(format!("Successfully dropped model named {name}")))
            }
            Work::DropTable { name } => {
                self.engine.catalog().drop_relation(&name);
                Ok(changed(format!("Successfully dropped table named {name}")))
            }
            Work::Say { message } => Ok(Step::Done(Summary { message: Some(message), ..Summary::default() })),
            Work::Rows(_) | Work::Collect { .. } | Work::Ended => {
                Err(Error::new(Code::Internal, "this work changes nothing"))
            }
        }
    }

    fn listed(&mut self, id: u64, uris: &[String], span: Span) -> Result<Vec<table::Object>> {
        let objects = self.ctx.requests.take_objects(id).map_err(|error| error.or_at(span))?;
        match objects.is_empty() {
            false => Ok(objects),
            true => {
                let uris: Vec<_> = uris.iter().map(|uri| format!("`{uri}`")).collect();
                let message = format!("no file matches {}", uris.join(", "));
                Err(Error::new(Code::ResourceUnavailable, message).at(span))
            }
        }
    }

    /// Lists the files, then reads them one by one.
    fn fetch_table(&mut self, mut fetch: Box<FetchTable>) -> Result<Step> {
        let span = fetch.external.span;
        if !fetch.listed {
            let uris = fetch.external.uris.clone();
            if uris.iter().any(|uri| uri.contains('*')) {
                match self.answered(fetch.listing, || Resource::Objects { uris: uris.clone() }) {
                    Ok(id) => {
                        fetch.left = self.listed(id, &uris, span)?.into_iter().map(|it| it.uri).collect();
                    }
                    Err(request) => {
                        fetch.listing = Some(request);
                        return Ok(self.wait(Work::FetchTable(fetch)));
                    }
                }
            } else {
                fetch.left = uris.into();
            }
            fetch.listed = true;
        }
        if let Some((id, uri)) = fetch.request.take() {
            if !self.ctx.requests.all_answered() {
                fetch.request = Some((id, uri));
                return Ok(self.wait(Work::FetchTable(fetch)));
            }
            let bytes = self.ctx.requests.take_bytes(id).map_err(|error| error.or_at(span))?;
            let rows = self.read_table(&bytes, &fetch.external);
            let rows = rows.and_then(|rows| joined(fetch.table.take(), rows));
            let named = |error: Error| error.context(format_args!("`{uri}`")).or_at(span);
            fetch.table = Some(rows.map_err(named)?);
        }
        if let Some(uri) = fetch.left.pop_front() {
            let format = match fetch.external.format {
                Format::Csv(_) => TableFormat::Csv,
                Format::Arrow => TableFormat::Arrow,
                Format::Json => TableFormat::Json,
                Format::Parquet => TableFormat::Parquet,
            };
            let id = self.ctx.requests.request(Resource::Table { uri: uri.clone(), format });
            fetch.request = Some((id, uri));
            return Ok(self.wait(Work::FetchTable(fetch)));
        }
        let table = fetch.table.ok_or_else(|| Error::new(Code::Internal, "no file was read"))?;
        let rows = table.rows();
        let name = fetch.name;
        self.engine.catalog().put_table(&name, table, Rules::default());
        Ok(changed(format!("Successfully created table named {name} with {rows} rows")))
    }

    /// The rows of one file, in the columns that the statement declares.
    fn read_table(&self, bytes: &[u8], external: &External) -> Result<Table> {
        let limits = &self.ctx.env.limits;
        if let Format::Csv(options) = &external.format {
            return table::read_csv(bytes, options, limits);
        }
        let table = table::read_arrow(bytes, limits)?;
        if external.columns.is_empty() {
            return Ok(table);
        }
        let wanted =
            external.columns.iter().map(|(name, data_type)| crate::data::Field::new(name, data_type.clone()));
        converted(table, &Schema { fields: wanted.collect() })
    }

    /// The request whose answer is there; else the request that is waited for.
    fn answered(
        &mut self,
        request: Option<u64>,
        resource: impl FnOnce() -> Resource,
    ) -> std::result::Result<u64, u64> {
        let id = request.unwrap_or_else(|| self.ctx.requests.request(resource()));
        if self.ctx.requests.all_answered() { Ok(id) } else { Err(id) }
    }
}

/// # Errors
/// `invalid-value` for a NULL in a column that holds none.
fn check_nulls(rows: &[Batch], schema: &Schema, rules: &Rules) -> Result<()> {
    for at in &rules.not_null {
        for batch in rows {
            if batch.column(*at)?.null_count() > 0 {
                let name = schema.fields.get(*at).map(|field| field.name.as_str()).unwrap_or_default();
                return Err(Error::new(Code::InvalidValue, format!("column `{name}` is NOT NULL"))
                    .hint("give it a value in every row"));
            }
        }
    }
    Ok(())
}

/// The rows of one more file behind those of the files before.
fn joined(before: Option<Table>, more: Table) -> Result<Table> {
    let Some(mut table) = before else { return Ok(more) };
    let more = converted(more, &table.schema)?;
    table.batches.extend(more.batches);
    Ok(table)
}

/// The columns of `schema` out of `table`, by name.
fn converted(table: Table, schema: &Schema) -> Result<Table> {
    let mut places = Vec::with_capacity(schema.fields.len());
    for wanted in &schema.fields {
        let same = |it: &crate::data::Field| it.name.eq_ignore_ascii_case(&wanted.name);
        places.push(table.schema.fields.iter().position(same).ok_or_else(|| {
            Error::new(Code::UnknownColumn, format!("there is no column `{}`", wanted.name))
        })?);
    }
    let convert = |batch: &Batch| {
        let columns = places.iter().zip(&schema.fields).map(|(at, wanted)| {
            let from = table.schema.fields.get(*at).map(|field| &field.data_type);
            let from = from.ok_or_else(|| Error::new(Code::Internal, "a column is missing"))?;
            cast(batch.column(*at)?, from, &wanted.data_type, crate::data::CastMode::Strict)
        });
        Batch::new(batch.rows(), columns.collect::<Result<_>>()?)
    };
    let batches = table.batches.iter().map(convert).collect::<Result<_>>()?;
    Ok(Table { schema: schema.clone(), batches })
}

fn changed(message: String) -> Step {
    Step::Done(Summary { message: Some(message), catalog_changed: true, ..Summary::default() })
}
