//! CREATE EXTERNAL TABLE over files with rows: lists the files where patterns need it, then reads them one by one.

use std::collections::VecDeque;
#[cfg(not(target_family = "wasm"))]
use std::sync::Arc;

use super::listing::Listing;
use super::{Job, JobContext, JobStep, Summary};
#[cfg(not(target_family = "wasm"))]
use crate::catalog::Relation;
use crate::catalog::Rules;
use crate::data::ColumnType;
use crate::diag::{Code, Diagnostic, Error, Invariant, Result, Span};
use crate::exec::{Resource, TableFormat};
use crate::limits::Limits;
use crate::plan::{CreateExternalTable, External, Format};
use crate::table::{self, Encoding, Table};

pub(super) struct CreateExternalTableJob {
    name: String,
    format: Format,
    /// The columns that the statement declares; none for those that the files have.
    columns: Vec<(String, ColumnType)>,
    span: Span,
    /// Until the files are listed.
    listing: Option<Listing>,
    /// The files that are still to be read.
    left: VecDeque<String>,
    /// The file that was asked for.
    requested: Option<(String, u64)>,
    /// The rows so far.
    table: Option<Table>,
    /// What was decided or left out in reading them.
    warnings: Vec<Diagnostic>,
}

impl CreateExternalTableJob {
    pub(super) fn new(CreateExternalTable { name, external }: CreateExternalTable) -> Self {
        let External { format, uris, span, columns } = external;
        let (listing, left) = if uris.iter().any(|uri| uri.contains('*')) {
            (Some(Listing::new(uris, span)), VecDeque::new())
        } else {
            (None, uris.into())
        };
        Self {
            name,
            format,
            columns,
            span,
            listing,
            left,
            requested: None,
            table: None,
            warnings: Vec::new(),
        }
    }

    /// The rows of one file, in the columns that the statement declares.
    fn read(&self, bytes: &[u8], limits: &Limits) -> Result<Table> {
        if let Format::Csv(options) = &self.format {
            return table::read_csv(bytes, options, limits);
        }
        let table = table::read_arrow_as(bytes, &self.columns, limits)?;
        if self.columns.is_empty() { Ok(table) } else { table.declared(&self.columns) }
    }

    fn resource(&self, uri: &str) -> Resource {
        let format = match self.format {
            Format::Csv(_) => TableFormat::Csv,
            Format::Arrow => TableFormat::Arrow,
            Format::Json => TableFormat::Json,
            Format::Parquet => TableFormat::Parquet,
        };
        let encoding = match &self.format {
            Format::Csv(options) => match &options.encoding {
                Some(Encoding::Host(name)) => Some(name.clone()),
                _ => None,
            },
            _ => None,
        };
        Resource::Table {
            uri: uri.to_owned(),
            format,
            encoding,
            // What comes while queries run has the columns of its files.
            #[cfg(not(target_family = "wasm"))]
            others: (self.table.is_none() && self.columns.is_empty())
                .then(|| self.left.iter().cloned().collect()),
        }
    }
}

impl Job for CreateExternalTableJob {
    fn step(mut self: Box<Self>, ctx: &mut JobContext<'_>) -> Result<JobStep> {
        let (span, requests) = (self.span, &mut ctx.exec.requests);
        if let Some(listing) = &mut self.listing {
            let Some(files) = listing.files(requests)? else { return Ok(JobStep::Waiting(self)) };
            self.left = files.into_iter().map(|file| file.uri).collect();
            self.listing = None;
        }
        if !requests.all_answered() {
            return Ok(JobStep::Waiting(self));
        }
        if let Some((uri, request)) = self.requested.take() {
            #[cfg(not(target_family = "wasm"))]
            if let Some((stream, rows)) = requests.take_table(request) {
                ctx.engine.catalog().put_relation(&self.name, Relation::Stream(Arc::new(stream)));
                return Ok(created(&self.name, rows, self.warnings));
            }
            let bytes = requests.take_bytes(request).map_err(|error| error.or_at(span))?;
            let rows = self.read(&bytes, &ctx.exec.env.limits);
            let rows = rows.inspect(|rows| {
                let warning =
                    |note| Diagnostic::warning(Code::InvalidCsv, format!("`{uri}`: {note}")).at(span);
                self.warnings.extend(rows.notes.iter().map(warning));
            });
            let table = rows.and_then(|rows| appended(self.table.take(), rows));
            let in_file = |error: Error| error.context(format_args!("`{uri}`")).or_at(span);
            self.table = Some(table.map_err(in_file)?);
        }
        if let Some(uri) = self.left.pop_front() {
            let request = requests.request(self.resource(&uri));
            self.requested = Some((uri, request));
            return Ok(JobStep::Waiting(self));
        }
        let Self { name, table, warnings, .. } = *self;
        let table = table.invariant("the rows of at least one file")?;
        let rows = table.rows();
        ctx.engine.catalog().put_table(&name, table, Rules::default());
        Ok(created(&name, rows, warnings))
    }
}

fn created(name: &str, rows: usize, warnings: Vec<Diagnostic>) -> JobStep {
    let message = format!("Successfully created table named {name} with {rows} rows");
    JobStep::Done(Summary { warnings, ..Summary::changed(message) })
}

/// The rows of one more file behind those of the files before.
fn appended(before: Option<Table>, more: Table) -> Result<Table> {
    let Some(mut table) = before else { return Ok(more) };
    let more = more.converted(&table.schema)?;
    table.batches.extend(more.batches);
    table.notes.extend(more.notes);
    Ok(table)
}
