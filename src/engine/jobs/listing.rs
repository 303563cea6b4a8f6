//! The listing of the files that patterns name.

use crate::diag::{Code, Error, Result, Span};
use crate::exec::{Requests, Resource};
use crate::table::Object;

/// Patterns, and the request for the files that they match once it was made.
pub(super) struct Listing {
    pub(super) uris: Vec<String>,
    /// The place of the patterns.
    pub(super) span: Span,
    request: Option<u64>,
}

impl Listing {
    pub(super) fn new(uris: Vec<String>, span: Span) -> Self {
        Self { uris, span, request: None }
    }

    /// The files, at least one; asks for them at first, and answers `None` while they are not there.
    ///
    /// # Errors
    /// `resource-unavailable` where nothing matches, or in the host's words.
    pub(super) fn files(&mut self, requests: &mut Requests) -> Result<Option<Vec<Object>>> {
        let request = || requests.request(Resource::Objects { uris: self.uris.clone() });
        let request = *self.request.get_or_insert_with(request);
        if !requests.all_answered() {
            return Ok(None);
        }
        let objects = requests.take_objects(request).map_err(|error| error.or_at(self.span))?;
        if objects.is_empty() {
            let uris: Vec<_> = self.uris.iter().map(|uri| format!("`{uri}`")).collect();
            let message = format!("no file matches {}", uris.join(", "));
            return Err(Error::new(Code::ResourceUnavailable, message).at(self.span));
        }
        Ok(Some(objects))
    }
}
