//! A table of pictures that come one after the other, such as those of a video: each is a row when it comes, and the next one
//! is asked for when the query wants it.

use super::objects::rows;
use super::{Context, Operator, Poll, Resource};
use crate::data::Batch;
use crate::diag::Result;
use crate::table::{Hash, Object};

pub(super) struct Frames {
    source: String,
    columns: Vec<usize>,
    /// The picture that was asked for last, from 1 on.
    number: u64,
    request: Option<u64>,
}

impl Frames {
    pub(super) fn new(source: &Object, columns: Vec<usize>) -> Self {
        Self { source: source.uri.clone(), columns, number: 0, request: None }
    }

    fn uri(&self) -> String {
        format!("{}#{}", self.source, self.number)
    }

    #[expect(clippy::cast_possible_truncation, reason = "milliseconds of a clock")]
    fn batch(&self, bytes: Vec<u8>, ctx: &Context) -> Result<Batch> {
        let object = Object {
            uri: self.uri(),
            size: bytes.len() as u64,
            content_type: "image/bmp".into(),
            updated_ms: ctx.watch.now() as i64,
            hash: Hash::OfBytes,
            is_live: false,
        };
        rows(&[object], &[Some(bytes)], &self.columns)
    }
}

impl Operator for Frames {
    fn poll(&mut self, ctx: &mut Context) -> Result<Poll> {
        let Some(request) = self.request else {
            self.number += 1;
            self.request =
                Some(ctx.requests.request(Resource::Object { uri: self.uri(), following: Vec::new() }));
            return Ok(Poll::Waiting);
        };
        if !ctx.requests.all_answered() {
            return Ok(Poll::Waiting);
        }
        let bytes = ctx.requests.take_bytes(request)?;
        // No picture has no bytes: it is the end.
        if bytes.is_empty() {
            return Ok(Poll::Done);
        }
        self.request = None;
        self.batch(bytes, ctx).map(Poll::Batch)
    }

    fn origin(&self, _row: usize) -> Option<String> {
        Some(self.uri())
    }
}
