//! Object tables: the properties of files as columns, and their bytes where the query reads them or their hashes.

use std::ops::Range;
use std::sync::Arc;

use arrow_array::{ArrayRef, BinaryArray, StringArray};

use super::{Context, Operator, Poll, Resource};
use crate::data::Batch;
use crate::diag::{Invariant, Result};
use crate::function::md5_hash;
use crate::limits::{AHEAD_BYTES, OBJECT_WINDOW_BYTES};
use crate::table::{Hash, Object, objects};

pub(super) struct Objects {
    objects: Arc<[Object]>,
    columns: Vec<usize>,
    /// The objects of the latest batch, or of the one whose bytes were requested. Lies within `objects`.
    window: Range<usize>,
    /// For each object of the window the request for its bytes, if they are read, until all are answered.
    requests: Option<Vec<Option<u64>>>,
}

impl Objects {
    pub(super) fn new(objects: Arc<[Object]>, columns: Vec<usize>) -> Self {
        Self { objects, columns, window: 0..0, requests: None }
    }

    /// The objects of the batch that begins at `start`.
    fn window_from(&self, start: usize, ctx: &Context) -> Range<usize> {
        let limits = &ctx.env.limits;
        let (mut files, mut bytes) = (0, 0);
        let fits = |object: &&Object| {
            if self.reads(object) {
                files += 1;
                bytes += object.size;
            }
            files <= limits.batch_objects && bytes <= OBJECT_WINDOW_BYTES
        };
        let count = self.objects.iter().skip(start).take(limits.batch_rows).take_while(fits).count();
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
        let read = next.iter().filter(|object| self.reads(object));
        read.take_while(fits).map(|object| object.uri.clone()).collect()
    }

    /// Whether the bytes of an object are read.
    fn reads(&self, object: &Object) -> bool {
        self.columns.iter().any(|column| match *column {
            objects::DATA => true,
            objects::HASH => !matches!(object.hash, Hash::Told(_)),
            objects::HASH_IN_STAR => object.hash == Hash::OfBytes,
            _ => false,
        })
    }

    /// The objects of the window.
    fn current(&self) -> Result<&[Object]> {
        self.objects.get(self.window.clone()).invariant("a window lies outside of its object table")
    }
}

/// `columns` of the objects, of which those have bytes that were read.
#[expect(clippy::indexing_slicing, reason = "columns number those of an object table")]
pub(super) fn rows(objects: &[Object], bytes: &[Option<Vec<u8>>], columns: &[usize]) -> Result<Batch> {
    let properties = objects::batch(objects)?;
    let hash = |(object, bytes): (&Object, &Option<Vec<u8>>)| match &object.hash {
        Hash::Told(hash) => Some(hash.clone()),
        Hash::OfBytes | Hash::Remote => bytes.as_deref().map(md5_hash),
    };
    let hashes = || objects.iter().zip(bytes).map(hash).collect::<StringArray>();
    let data = || bytes.iter().map(Option::as_deref).collect::<BinaryArray>();
    let column = |column: &usize| -> ArrayRef {
        match *column {
            objects::DATA => Arc::new(data()),
            objects::HASH | objects::HASH_IN_STAR => Arc::new(hashes()),
            property => properties.columns()[property].clone(),
        }
    };
    Batch::new(objects.len(), columns.iter().map(column).collect())
}

impl Operator for Objects {
    fn poll(&mut self, ctx: &mut Context) -> Result<Poll> {
        if let Some(requests) = self.requests.take() {
            if !ctx.requests.all_answered() {
                self.requests = Some(requests);
                return Ok(Poll::Waiting);
            }
            let taken = requests.into_iter().map(|id| id.map(|id| ctx.requests.take_bytes(id)).transpose());
            let bytes = taken.collect::<Result<Vec<_>>>()?;
            return rows(self.current()?, &bytes, &self.columns).map(Poll::Batch);
        }
        self.window = self.window_from(self.window.end, ctx);
        if self.window.is_empty() {
            return Ok(Poll::Done);
        }
        let mut following = self.following(ctx);
        let request = |object: &Object| {
            self.reads(object).then(|| {
                let (uri, following) = (object.uri.clone(), std::mem::take(&mut following));
                ctx.requests.request(Resource::Object { uri, following })
            })
        };
        let requests: Vec<_> = self.current()?.iter().map(request).collect();
        if requests.iter().all(Option::is_none) {
            let bytes = vec![None; requests.len()];
            return rows(self.current()?, &bytes, &self.columns).map(Poll::Batch);
        }
        self.requests = Some(requests);
        Ok(Poll::Waiting)
    }

    fn origin(&self, row: usize) -> Option<String> {
        self.objects.get(self.window.start + row).map(|object| object.uri.clone())
    }
}
