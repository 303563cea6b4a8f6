//! EXPORT DATA: pulls rows, and hands them to the host as pieces of files. The next rows are computed when the host has
//! taken those before, so that a statement holds one piece, however long the file is.

use super::{Job, JobContext, JobStep, Summary};
use crate::data::{Batch, Operand, Schema};
use crate::diag::{Error, Result};
use crate::exec::{ExportPiece, Input, Poll, Requests, Resource, TableFormat, start};
use crate::limits::EXPORT_PIECE;
use crate::plan::{Export, ExportFormat, Sink};
use crate::table::{END, write_batch, write_schema};

pub(super) fn begin(Export { sink, plan, schema }: Export) -> Box<dyn Job> {
    Box::new(ExportJob {
        root: start(plan),
        sink,
        schema,
        piece: Vec::new(),
        asked: None,
        files: 0,
        written: None,
        rows: 0,
        is_done: false,
    })
}

struct ExportJob {
    root: Input,
    sink: Sink,
    schema: Schema,
    /// The bytes that the host has not been given yet.
    piece: Vec<u8>,
    /// The request that the host has not answered yet.
    asked: Option<u64>,
    /// How many files were begun.
    files: usize,
    /// The bytes that the host has of the file that is open.
    written: Option<usize>,
    rows: usize,
    /// Whether all rows are there.
    is_done: bool,
}

impl Job for ExportJob {
    fn step(mut self: Box<Self>, ctx: &mut JobContext<'_>) -> Result<JobStep> {
        if let Some(id) = self.asked {
            if ctx.exec.requests.is_pending(id) {
                return Ok(JobStep::Waiting(self));
            }
            self.asked = None;
            let span = self.sink.span;
            ctx.exec.requests.take_bytes(id).map_err(|error: Error| error.or_at(span))?;
        }
        if !self.is_done {
            match self.root.poll(ctx.exec)? {
                Poll::Batch(batch) => {
                    ctx.exec.counts.rows += batch.rows();
                    self.add(&batch)?;
                    if self.piece.len() < EXPORT_PIECE {
                        return Ok(JobStep::Working(self));
                    }
                    let written = self.written.unwrap_or(0) + self.piece.len();
                    let is_full = self.sink.uri.contains('*') && written >= ctx.exec.env.limits.export_bytes;
                    self.hand_over(is_full, &mut ctx.exec.requests)?;
                    return Ok(JobStep::Waiting(self));
                }
                Poll::Working => return Ok(JobStep::Working(self)),
                Poll::Waiting => return Ok(JobStep::Waiting(self)),
                Poll::Done => self.is_done = true,
            }
        }
        // Without rows there is a file too.
        if self.written.is_some() || !self.piece.is_empty() || self.files == 0 {
            self.hand_over(true, &mut ctx.exec.requests)?;
            return Ok(JobStep::Waiting(self));
        }
        let files = if self.files == 1 { String::new() } else { format!(" in {} files", self.files) };
        let message = format!("Successfully exported {} rows to {}{files}", self.rows, self.sink.uri);
        Ok(JobStep::Done(Summary { message: Some(message), ..Summary::default() }))
    }
}

impl ExportJob {
    /// What stands before the rows of a piece.
    fn begin_piece(&mut self) -> Result<()> {
        let is_first = self.written.is_none();
        match &self.sink.format {
            ExportFormat::Csv { header: true, delimiter } if is_first => {
                let names = self.schema.fields.iter().map(|field| Some(field.name.as_str()));
                write_line(&mut self.piece, *delimiter, names);
            }
            ExportFormat::Arrow if is_first => self.piece.extend(write_schema(&self.schema)?),
            ExportFormat::Parquet => self.piece.extend(write_schema(&self.schema)?),
            _ => {}
        }
        Ok(())
    }

    fn add(&mut self, batch: &Batch) -> Result<()> {
        if self.piece.is_empty() {
            self.begin_piece()?;
        }
        self.rows += batch.rows();
        match &self.sink.format {
            ExportFormat::Arrow | ExportFormat::Parquet => {
                self.piece.extend(write_batch(&self.schema, batch)?);
            }
            ExportFormat::Csv { delimiter, .. } => {
                let columns: Vec<_> = batch.columns().iter().cloned().map(Operand::column).collect();
                let texts = columns.iter().map(Operand::strings).collect::<Result<Vec<_>>>()?;
                for row in 0..batch.rows() {
                    write_line(&mut self.piece, *delimiter, texts.iter().map(|texts| texts.get(row)));
                }
            }
            ExportFormat::Json => {
                let lines = Operand::column(batch.column(0)?.clone());
                let lines = lines.strings()?;
                for row in 0..batch.rows() {
                    self.piece.extend_from_slice(lines.at(row).as_bytes());
                    self.piece.push(b'\n');
                }
            }
        }
        Ok(())
    }

    /// Asks the host to take what there is; `last` ends the file.
    fn hand_over(&mut self, last: bool, requests: &mut Requests) -> Result<()> {
        if self.piece.is_empty() {
            self.begin_piece()?;
        }
        let format = match self.sink.format {
            ExportFormat::Csv { .. } => TableFormat::Csv,
            ExportFormat::Json => TableFormat::Json,
            ExportFormat::Arrow => TableFormat::Arrow,
            ExportFormat::Parquet => TableFormat::Parquet,
        };
        if format == TableFormat::Parquet || (last && format == TableFormat::Arrow) {
            self.piece.extend(END);
        }
        let first = self.written.is_none();
        self.files += usize::from(first);
        let bytes = std::mem::take(&mut self.piece);
        self.written = if last { None } else { Some(self.written.unwrap_or(0) + bytes.len()) };
        self.asked = Some(requests.request(Resource::Export(ExportPiece {
            uri: self.sink.uri.replace('*', &format!("{:012}", self.files - 1)),
            format,
            gzip: self.sink.gzip,
            overwrite: self.sink.overwrite,
            first,
            last,
            bytes: bytes.into(),
        })));
        Ok(())
    }
}

/// One row as RFC 4180 has it: NULL is an empty field, an empty text a quoted one.
fn write_line<'a>(out: &mut Vec<u8>, delimiter: char, fields: impl Iterator<Item = Option<&'a str>>) {
    for (place, field) in fields.enumerate() {
        if place > 0 {
            out.extend_from_slice(delimiter.encode_utf8(&mut [0; 4]).as_bytes());
        }
        let Some(text) = field else { continue };
        if text.is_empty() || text.contains([delimiter, '"', '\n', '\r']) {
            out.push(b'"');
            out.extend_from_slice(text.replace('"', "\"\"").as_bytes());
            out.push(b'"');
        } else {
            out.extend_from_slice(text.as_bytes());
        }
    }
    out.push(b'\n');
}
