//! Object tables: the properties of files as columns, and their bytes where the query reads them or their hashes.

use std::ops::Range;
use std::sync::Arc;

use arrow_array::{ArrayRef, BinaryArray, StringArray};

use super::{Context, Operator, Poll, Resource};
use crate::data::Batch;
use crate::diag::{Invariant, Result};
use crate::function::md5_hash;
use crate::limits::{AHEAD_BYTES, OBJECT_WINDOW_BYTES};
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

    /// The objects of the batch that begins at `start`.
    fn window_from(&self, start: usize, ctx: &Context) -> Range<usize> {
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

    /// Those of the next batch that a host does well to read while this one is computed. A query that has come to its second
    /// batch will want a third.
    fn following(&self, ctx: &Context) -> Vec<String> {
        if self.window.start == 0 {
            return Vec::new();
        }
        let next = self.objects.get(self.window_from(self.window.end, ctx)).unwrap_or_default();
        let mut bytes = 0;
        let fits = |object: &&Object| {
            bytes += object.size;
            bytes <= AHEAD_BYTES
        };
        next.iter().take_while(fits).map(|object| object.uri.clone()).collect()
    }

    fn reads_bytes(&self) -> bool {
        [self.data, objects::MD5_HASH].iter().any(|column| self.columns.contains(column))
    }

    /// The objects of the window.
    fn current(&self) -> Result<&[Object]> {
        self.objects.get(self.window.clone()).invariant("a window lies outside of its object table")
    }

    fn batch(&self, bytes: Vec<Vec<u8>>) -> Result<Batch> {
        rows(self.current()?, bytes, &self.columns)
    }
}

/// `columns` of the objects: their properties, then their bytes, without which none of what is made of bytes may be among them.
pub(super) fn rows(objects: &[Object], bytes: Vec<Vec<u8>>, columns: &[usize]) -> Result<Batch> {
    let properties = objects::batch(objects)?;
    let data = properties.columns().len();
    if bytes.is_empty() {
        return properties.select(columns);
    }
    // A hash takes longer than a look at the bytes.
    let hashes = columns.contains(&objects::MD5_HASH).then(|| {
        let hashes = StringArray::from_iter_values(bytes.iter().map(|bytes| md5_hash(bytes)));
        Arc::new(hashes) as ArrayRef
    });
    let place = |column: &usize| if *column == objects::MD5_HASH { data + 1 } else { *column };
    let columns: Vec<usize> = columns.iter().map(place).collect();
    let bytes: ArrayRef = Arc::new(BinaryArray::from_iter_values(bytes));
    properties.with([bytes].into_iter().chain(hashes))?.select(&columns)
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
            return self.batch(bytes).map(Poll::Batch);
        }
        self.window = self.window_from(self.window.end, ctx);
        if self.window.is_empty() {
            return Ok(Poll::Done);
        }
        if !self.reads_bytes() {
            return self.batch(Vec::new()).map(Poll::Batch);
        }
        let mut following = self.following(ctx);
        let request = |object: &Object| {
            let (uri, following) = (object.uri.clone(), std::mem::take(&mut following));
            ctx.requests.request(Resource::Object { uri, following })
        };
        self.requests = Some(self.current()?.iter().map(request).collect());
        Ok(Poll::Waiting)
    }

    fn origin(&self, row: usize) -> Option<String> {
        self.objects.get(self.window.start + row).map(|object| object.uri.clone())
    }
}
