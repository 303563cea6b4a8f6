//! Texts to the tokens of a model, by the crate `tokens`: linked in a native program, a module of its own in the browser, which
//! the host brings with the first model that has a tokenizer.
//!
//! This room knows no SQL, no columns and no models.

use std::fmt;

use sha2::{Digest, Sha256};
use tokens::{Encoding, Facts, Kind, Question};

use crate::diag::{Code, Error, Result};

/// What reads tokenizers.
#[derive(Clone, Copy)]
pub(crate) struct Tokenizers {
    /// Whether it is there: where it is not, the host is asked for it before a model with a tokenizer is made.
    pub(crate) is_ready: fn() -> bool,
    /// Reads a `tokenizer.json`, or says why it is none.
    pub(crate) read: fn(&[u8]) -> std::result::Result<ReadTokenizer, String>,
}

/// What there is to know of a tokenizer, and what cuts texts up.
pub(crate) type ReadTokenizer = (Facts, Box<dyn Encode>);

/// What cuts texts up.
pub(crate) trait Encode: Send + Sync {
    /// The tokens of each text, or in words why there are none.
    fn encode(&self, question: &Question<'_>) -> std::result::Result<Vec<Encoding>, String>;
}

/// The tokenizer of a model.
pub(crate) struct Tokenizer {
    digest: [u8; 32],
    facts: Facts,
    encode: Box<dyn Encode>,
}

impl Tokenizers {
    /// Those that are linked.
    #[cfg(not(target_family = "wasm"))]
    pub(crate) const LINKED: Self = Self { is_ready: || true, read: linked::read };

    /// None are linked: the host brings them.
    #[cfg(target_family = "wasm")]
    pub(crate) const LINKED: Self =
        Self { is_ready: || false, read: |_| Err("nothing here reads tokenizers".into()) };

    /// Reads the content of a `tokenizer.json`.
    ///
    /// # Errors
    /// `invalid-option` for content that is none, and for a kind of tokenizer that is not known.
    pub(crate) fn read(&self, json: &[u8]) -> Result<Tokenizer> {
        let (facts, encode) = (self.read)(json).map_err(|why| {
            Error::new(Code::InvalidOption, "expected a `tokenizer.json` of Hugging Face's tokenizers")
                .hint("make it with `tokenizer.save_pretrained(folder)` of a fast tokenizer, whose model is WordPiece, BPE, Unigram or WordLevel")
                .detail(why)
        })?;
        Ok(Tokenizer { digest: Sha256::digest(json).into(), facts, encode })
    }
}

impl Tokenizer {
    pub(crate) fn facts(&self) -> &Facts {
        &self.facts
    }

    /// The tokens of each text.
    ///
    /// # Errors
    /// `model-failed`, with the tokenizer's own words as detail.
    pub(crate) fn encode(&self, question: &Question<'_>) -> Result<Vec<Encoding>> {
        self.encode.encode(question).map_err(|why| {
            Error::new(Code::ModelFailed, "the model's tokenizer fails on a text")
                .hint("`tokenizer.json` must be the file of this model")
                .detail(why)
        })
    }
}

/// In words, as DESCRIBE MODEL has them.
impl fmt::Display for Tokenizer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Facts { kind, tokens, longest, .. } = &self.facts;
        let kind = match kind {
            Kind::WordPiece => "WordPiece",
            Kind::Bpe => "BPE",
            Kind::Unigram => "Unigram",
            Kind::WordLevel => "WordLevel",
        };
        write!(f, "{kind}, {tokens} tokens")?;
        longest.map_or(Ok(()), |longest| write!(f, ", texts are cut off behind {longest}"))
    }
}

impl fmt::Debug for Tokenizer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tokenizer").field("facts", &self.facts).finish_non_exhaustive()
    }
}

/// Files of the same content are the same tokenizer.
impl PartialEq for Tokenizer {
    fn eq(&self, other: &Self) -> bool {
        self.digest == other.digest
    }
}

#[cfg(not(target_family = "wasm"))]
mod linked {
    //! The tokenizers of a native program.

    use std::sync::{Mutex, PoisonError};

    use tokens::{Encoding, Question, Tokenizer};

    use super::{Encode, ReadTokenizer};

    struct Linked(Mutex<Tokenizer>);

    impl Encode for Linked {
        fn encode(&self, question: &Question<'_>) -> Result<Vec<Encoding>, String> {
            // A panic elsewhere leaves the tokenizer whole.
            self.0.lock().unwrap_or_else(PoisonError::into_inner).encode(question)
        }
    }

    pub(super) fn read(json: &[u8]) -> Result<ReadTokenizer, String> {
        let tokenizer = Tokenizer::read(json)?;
        Ok((tokenizer.facts(), Box::new(Linked(Mutex::new(tokenizer)))))
    }
}
