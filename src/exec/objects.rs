//! Object tables: properties of files as columns, their bytes when somebody reads them.

use std::ops::Range;
use std::sync::Arc;

use arrow_array::{ArrayRef, BinaryArray};

use super::{Context, Operator, Poll, Resource};
use crate::data::Batch;
use crate::diag::Result;
use crate::limits::OBJECT_WINDOW_BYTES;
use crate::table::{Object, objects};

pub(super) struct Objects {
    objects: Arc<[Object]>,
    columns: Vec<usize>,
    /// The number of the column behind the properties: the bytes.
    data: usize,
    /// The objects of the latest batch, or of the one that is waited for.
    window: Range<usize>,
    /// Requests for the bytes of the window, where they were asked for.
    requests: Option<Vec<u64>>,
}

impl Objects {
    pub(super) fn new(objects: Arc<[Object]>, columns: Vec<usize>) -> Self {
        let data = objects::schema().fields.len();
        Self { objects, columns, data, window: 0..0, requests: None }
    }

    /// The next objects that are handled together.
    fn next_window(&self, ctx: &Context) -> Range<usize> {
        let start = self.window.end;
        let most = if self.reads_bytes() { ctx.env.limits.batch_objects } else { ctx.env.limits.batch_rows };
        let mut bytes = 0;
        let fits = |object: &&Object| {
            bytes += object.size;
            bytes <= OBJECT_WINDOW_BYTES || !self.reads_bytes()
        };
        let count = self.objects.iter().skip(start).take(most).take_while(fits).count();
        start..(start + count.max(1)).min(self.objects.len())
    }

    fn reads_bytes(&self) -> bool {
        self.columns.contains(&self.data)
    }

    fn batch(&self, bytes: Option<ArrayRef>) -> Result<Batch> {
        let listed = objects::batch(self.objects.get(self.window.clone()).unwrap_or_default())?;
        let all = Batch::new(listed.rows(), listed.columns().iter().cloned().chain(bytes).collect())?;
        let columns = self.columns.iter().map(|at| all.column(*at).cloned()).collect::<Result<_>>()?;
        Batch::new(all.rows(), columns)
    }
}

impl Operator for Objects {
    fn poll(&mut self, ctx: &mut Context) -> Result<Poll> {
        if let Some(requests) = self.requests.take() {
            if !ctx.resources.is_complete() {
                self.requests = Some(requests);
                return Ok(Poll::Waiting);
            }
            let bytes =
                requests.into_iter().map(|id| ctx.resources.take_bytes(id)).collect::<Result<Vec<_>>>()?;
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
        let objects = self.objects.get(self.window.clone()).unwrap_or_default();
        let request = |object: &Object| ctx.resources.request(Resource::Object { uri: object.uri.clone() });
        self.requests = Some(objects.iter().map(request).collect());
        Ok(Poll::Waiting)
    }

    fn origin(&self, row: usize) -> Option<String> {
        self.objects.get(self.window.start + row).map(|object| object.uri.clone())
    }
}
