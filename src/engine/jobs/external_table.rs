//! CREATE EXTERNAL TABLE over files with rows: they are listed where a pattern asks for it, and read one by one.

use std::collections::VecDeque;

use super::{Job, JobContext, JobStep, Listing};
use crate::catalog::Rules;
use crate::data::{Batch, CastMode, Field, Schema, cast};
use crate::diag::{Code, Error, Invariant, Result};
use crate::exec::{Context, Resource, TableFormat};
use crate::plan::{External, Format};
use crate::table::{self, Table};

pub(super) struct CreateExternalTable {
    name: String,
    external: External,
    files: Files,
    /// The rows of the files that were read.
    table: Option<Table>,
}

/// The files that are still to be read.
enum Files {
    Listing(Listing),
    Left {
        uris: VecDeque<String>,
        /// The file that was asked for.
        request: Option<(u64, String)>,
    },
}

impl CreateExternalTable {
    pub(super) fn new(name: String, external: External) -> Self {
        let uris = external.uris.clone();
        let files = if uris.iter().any(|uri| uri.contains('*')) {
            Files::Listing(Listing::new(uris, external.span))
        } else {
            Files::Left { uris: uris.into(), request: None }
        };
        Self { name, external, files, table: None }
    }

    /// Puts the rows of the file `uri` behind those of the files before.
    fn read(&mut self, bytes: &[u8], uri: &str, ctx: &Context) -> Result<()> {
        let rows = self.rows_of(bytes, ctx).and_then(|rows| appended(self.table.take(), rows));
        let named = |error: Error| error.context(format_args!("`{uri}`")).or_at(self.external.span);
        self.table = Some(rows.map_err(named)?);
        Ok(())
    }

    /// The rows of one file, in the columns that the statement declares.
    fn rows_of(&self, bytes: &[u8], ctx: &Context) -> Result<Table> {
        let limits = &ctx.env.limits;
        if let Format::Csv(options) = &self.external.format {
            return table::read_csv(bytes, options, limits);
        }
        let table = table::read_arrow(bytes, limits)?;
        if self.external.columns.is_empty() {
            return Ok(table);
        }
        let declared = self.external.columns.iter();
        let fields = declared.map(|(name, data_type)| Field::new(name, data_type.clone())).collect();
        converted(table, &Schema { fields })
    }
}

impl Job for CreateExternalTable {
    fn step(&mut self, env: &mut JobContext<'_>) -> Result<JobStep> {
        if let Files::Listing(listing) = &mut self.files {
            let Some(objects) = listing.step(env.ctx)? else { return Ok(JobStep::Waiting) };
            self.files =
                Files::Left { uris: objects.into_iter().map(|object| object.uri).collect(), request: None };
        }
        let Files::Left { uris, request } = &mut self.files else {
            return Err(Error::internal("the files were listed"));
        };
        if !env.ctx.requests.all_answered() {
            return Ok(JobStep::Waiting);
        }
        let arrived = request.take();
        let next = uris.pop_front();
        if let Some((id, uri)) = arrived {
            let bytes = env.ctx.requests.take_bytes(id);
            self.read(&bytes.map_err(|error| error.or_at(self.external.span))?, &uri, env.ctx)?;
        }
        if let Some(uri) = next {
            let format = match self.external.format {
                Format::Csv(_) => TableFormat::Csv,
                Format::Arrow => TableFormat::Arrow,
                Format::Json => TableFormat::Json,
                Format::Parquet => TableFormat::Parquet,
            };
            let id = env.ctx.requests.request(Resource::Table { uri: uri.clone(), format });
            if let Files::Left { request, .. } = &mut self.files {
                *request = Some((id, uri));
            }
            return Ok(JobStep::Waiting);
        }
        let table = self.table.take().invariant("a file was read")?;
        let (name, rows) = (&self.name, table.rows());
        env.engine.catalog().put_table(name, table, Rules::default());
        Ok(JobStep::changed(format!("Successfully created table named {name} with {rows} rows")))
    }
}

/// The rows of one more file behind those of the files before.
fn appended(before: Option<Table>, more: Table) -> Result<Table> {
    let Some(mut table) = before else { return Ok(more) };
    let more = converted(more, &table.schema)?;
    table.batches.extend(more.batches);
    Ok(table)
}

/// The columns of `schema` out of `table`, by name.
fn converted(table: Table, schema: &Schema) -> Result<Table> {
    let mut sources = Vec::with_capacity(schema.fields.len());
    for wanted in &schema.fields {
        let is_same = |field: &Field| field.name.eq_ignore_ascii_case(&wanted.name);
        let source = table.schema.fields.iter().enumerate().find(|(_, field)| is_same(field));
        sources.push(source.ok_or_else(|| {
            Error::new(Code::UnknownColumn, format!("there is no column `{}`", wanted.name))
        })?);
    }
    let convert = |batch: &Batch| {
        let columns = sources.iter().zip(&schema.fields).map(|((column, from), wanted)| {
            cast(batch.column(*column)?, &from.data_type, &wanted.data_type, CastMode::Strict)
        });
        Batch::new(batch.rows(), columns.collect::<Result<_>>()?)
    };
    let batches = table.batches.iter().map(convert).collect::<Result<_>>()?;
    Ok(Table { schema: schema.clone(), batches })
}
