//! Object tables: the properties of files as columns, and their bytes where the query reads them.

use std::ops::Range;
use std::sync::Arc;

use arrow_array::{ArrayRef, BinaryArray};

use super::{Context, Operator, Poll, Resource};
use crate::data::Batch;
use crate::diag::{Invariant, Result};
use crate::limits::OBJECT_WINDOW_BYTES;
use crate::table::{Object, objects};

pub(super) struct Objects {
    objects: Arc<[Object]>,
    columns: Vec<usize>,
    /// The index of the column after the properties: the bytes.
    data: usize,
    /// The objects of the latest batch, or of the one whose bytes were requested. Lies within `objects`.
    window: Range<usize>,
    /// The requests for the bytes of the window, until they are answered.
    requests: Option<Vec<u64>>,
}

impl Objects {
    pub(super) fn new(objects: Arc<[Object]>, columns: Vec<usize>) -> Self {
        let data = objects::schema().fields.len();
        Self { objects, columns, data, window: 0..0, requests: None }
    }

    /// The objects of the next batch.
    fn next_window(&self, ctx: &Context) -> Range<usize> {
        let start = self.window.end;
        let most = if self.reads_bytes() { ctx.env.limits.batch_objects } else { ctx.env.limits.batch_rows };
        let mut bytes = 0;
        let fits = |object: &&Object| {
            bytes += object.size;
            bytes <= OBJECT_WINDOW_BYTES || !self.reads_bytes()
        };
        let count = self.objects.iter().skip(start).take(most).take_while(fits).count();
        // One object is read whatever its size.
        start..(start + count.max(1)).min(self.objects.len())
    }

    fn reads_bytes(&self) -> bool {
        self.columns.contains(&self.data)
    }

    /// The objects of the window.
    fn current(&self) -> Result<&[Object]> {
        self.objects.get(self.window.clone()).invariant("a window lies outside of its object table")
    }

    fn batch(&self, bytes: Option<ArrayRef>) -> Result<Batch> {
        objects::batch(self.current()?)?.with(bytes)?.select(&self.columns)
    }
}

impl Operator for Objects {
    fn poll(&mut self, ctx: &mut Context) -> Result<Poll> {
        if let Some(requests) = self.requests.take() {
            if !ctx.requests.all_answered() {
                self.requests = Some(requests);
                return Ok(Poll::Waiting);
            }
            let bytes =
                requests.into_iter().map(|id| ctx.requests.take_bytes(id)).collect::<Result<Vec<_>>>()?;
            let column = BinaryArray::from_iter_values(bytes);
            return self.batch(Some(Arc::new(column))).map(Poll::Batch);
        }
        self.window = self.next_window(ctx);
        if self.window.is_empty() {
            return Ok(Poll::Done);
        }
        if !self.reads_bytes() {
            return self.batch(None).map(Poll::Batch);
        }
        let request = |object: &Object| ctx.requests.request(Resource::Object { uri: object.uri.clone() });
        self.requests = Some(self.current()?.iter().map(request).collect());
        Ok(Poll::Waiting)
    }

    fn origin(&self, row: usize) -> Option<String> {
        self.objects.get(self.window.start + row).map(|object| object.uri.clone())
    }
}
