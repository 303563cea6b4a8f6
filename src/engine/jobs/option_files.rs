//! The files that a model's options name: labels and a tokenizer, with what reads it.

use super::create_model::request;
use crate::diag::Result;
use crate::exec::{Requests, Resource};
use crate::model::ModelOptions;
use crate::text::Tokenizers;

/// Requests for these files.
pub(super) struct OptionFiles {
    labels: Option<u64>,
    tokenizer: Option<u64>,
    tokenizers: Option<u64>,
}

impl OptionFiles {
    /// Asks for the files that `options` name and that were not read yet; `None` where there are none.
    pub(super) fn request(
        requests: &mut Requests,
        options: &ModelOptions,
        tokenizers: &Tokenizers,
    ) -> Option<Self> {
        let labels = options.labels_file().map(|file| request(requests, file));
        let tokenizer = options.tokenizer_file().map(|file| request(requests, file));
        let is_missing = tokenizer.is_some() && !(tokenizers.is_ready)();
        let tokenizers = is_missing.then(|| requests.request(Resource::Tokenizers));
        (labels.is_some() || tokenizer.is_some()).then_some(Self { labels, tokenizer, tokenizers })
    }

    /// Reads the files, which have arrived.
    ///
    /// # Errors
    /// `resource-unavailable`, `invalid-option`.
    pub(super) fn read(
        self,
        requests: &mut Requests,
        options: &mut ModelOptions,
        tokenizers: &Tokenizers,
    ) -> Result<()> {
        if let Some(labels) = self.labels {
            options.read_labels(&requests.take_bytes(labels)?)?;
        }
        if let Some(host) = self.tokenizers {
            // The answer is that it is there, or why it is not.
            requests.take_bytes(host)?;
        }
        if let Some(tokenizer) = self.tokenizer {
            options.read_tokenizer_by(tokenizers, &requests.take_bytes(tokenizer)?)?;
        }
        Ok(())
    }
}
