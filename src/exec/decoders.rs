//! Brings the decoder of pictures before a plan that decodes some.

use super::{Context, Input, Operator, Poll, Resource};
use crate::diag::Result;

/// The rows of `root`, which decodes pictures.
pub(super) struct Decoders {
    root: Input,
    /// The request for the decoder, until it is answered.
    request: Option<u64>,
}

impl Decoders {
    pub(super) fn new(root: Input) -> Self {
        Self { root, request: None }
    }
}

impl Operator for Decoders {
    fn poll(&mut self, ctx: &mut Context) -> Result<Poll> {
        if let Some(request) = self.request {
            if !ctx.requests.all_answered() {
                return Ok(Poll::Waiting);
            }
            // The answer is that the decoder is there, or why it is not.
            ctx.requests.take_bytes(request)?;
            self.request = None;
        } else if !(ctx.env.decoder.is_ready)() {
            self.request = Some(ctx.requests.request(Resource::Decoder));
            return Ok(Poll::Waiting);
        }
        self.root.poll(ctx)
    }

    fn origin(&self, row: usize) -> Option<String> {
        self.root.origin(row)
    }

    fn rewind(&mut self) -> bool {
        self.request = None;
        self.root.rewind()
    }
}
