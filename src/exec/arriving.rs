//! Reads a stream: asks the host for the next rows when the query wants some, and for the columns only that it reads.

use std::collections::VecDeque;
use std::sync::Arc;

use super::{Context, Operator, Poll, Resource};
use crate::control::{Progress, Stage};
use crate::data::Batch;
use crate::diag::{Invariant, Result};
use crate::table::{Part, Stream};

pub(super) struct Arriving {
    stream: Arc<Stream>,
    columns: Vec<usize>,
    /// How many rows are wanted in all, where that is known.
    most: Option<usize>,
    part: Part,
    /// The first request: it tells the host which reader of the stream asks.
    reader: Option<u64>,
    request: Option<u64>,
    /// The beginning of a row that goes on in the next piece.
    rest: Vec<u8>,
    batches: VecDeque<Batch>,
    /// Rows that were read.
    rows: usize,
    /// Whether the beginning of the stream was read.
    has_begun: bool,
    has_ended: bool,
}

impl Arriving {
    pub(super) fn new(stream: Arc<Stream>, columns: Vec<usize>, most: Option<usize>, part: Part) -> Self {
        Self {
            stream,
            columns,
            most,
            part,
            reader: None,
            request: None,
            rest: Vec::new(),
            batches: VecDeque::new(),
            rows: 0,
            has_begun: false,
            has_ended: false,
        }
    }

    fn ask(&mut self, ctx: &mut Context) -> Result<u64> {
        #[cfg(not(target_family = "wasm"))]
        if let Some(input) = self.stream.input() {
            return Ok(ctx.requests.request(Resource::Fragment { input }));
        }
        let fields = &self.stream.schema.fields;
        let name = |column: &usize| {
            fields
                .get(*column)
                .map(|field| field.name.clone())
                .invariant("a stream lacks a column of its own")
        };
        // Rows are counted by some column.
        let columns = if self.columns.is_empty() { &[0][..] } else { &self.columns };
        let columns = columns.iter().map(name).collect::<Result<_>>()?;
        let wanted = ctx.env.limits.batch_rows;
        let most = self.most.map_or(wanted, |most| most.saturating_sub(self.rows).min(wanted)).max(1);
        let table = self.stream.source.clone();
        Ok(ctx.requests.request(Resource::Rows {
            table,
            reader: self.reader,
            columns,
            most,
            part: self.part,
        }))
    }

    /// Takes rows that the host has brought as they are in memory.
    #[cfg(not(target_family = "wasm"))]
    fn take_rows(&mut self, rows: Option<Batch>, ctx: &mut Context) -> Result<()> {
        let Some(batch) = rows else {
            self.has_ended = true;
            return Ok(());
        };
        let message = "a stream of bytes was answered with rows";
        let batch = self.stream.of_batch(&batch, &self.columns)?.invariant(message)?;
        self.rows += batch.rows();
        let rows = ctx.env.limits.batch_rows;
        let starts = (0..batch.rows()).step_by(rows.max(1));
        self.batches = starts.map(|start| batch.slice(start, rows)).collect();
        ctx.progress = Some(Progress { stage: Stage::Project, rows: self.rows, total: None });
        Ok(())
    }

    fn take(&mut self, mut bytes: Vec<u8>, ctx: &mut Context) -> Result<()> {
        self.has_ended = bytes.is_empty();
        if !self.rest.is_empty() {
            self.rest.append(&mut bytes);
            bytes = std::mem::take(&mut self.rest);
        }
        let (stream, limits) = (&self.stream, &ctx.env.limits);
        let before = bytes.len();
        let batches = stream.read(&mut bytes, &self.columns, !self.has_begun, self.has_ended, limits);
        self.has_begun |= bytes.len() < before;
        self.rest = bytes;
        let batches =
            batches.map_err(|error| error.context(format_args!("in the part behind row {}", self.rows)))?;
        self.rows += batches.iter().map(Batch::rows).sum::<usize>();
        self.batches = batches.into();
        ctx.progress = Some(Progress { stage: Stage::Project, rows: self.rows, total: None });
        Ok(())
    }
}

impl Operator for Arriving {
    fn poll(&mut self, ctx: &mut Context) -> Result<Poll> {
        if let Some(batch) = self.batches.pop_front() {
            return Ok(Poll::Batch(batch));
        }
        if self.has_ended {
            return Ok(Poll::Done);
        }
        let Some(request) = self.request else {
            let request = self.ask(ctx)?;
            self.reader.get_or_insert(request);
            self.request = Some(request);
            return Ok(Poll::Waiting);
        };
        if ctx.requests.is_pending(request) {
            return Ok(Poll::Waiting);
        }
        self.request = None;
        #[cfg(not(target_family = "wasm"))]
        if ctx.requests.has_rows(request) {
            let rows = ctx.requests.take_rows(request)?;
            self.take_rows(rows, ctx)?;
            return Ok(Poll::Working);
        }
        let bytes = ctx.requests.take_bytes(request)?;
        self.take(bytes, ctx)?;
        Ok(Poll::Working)
    }
}
