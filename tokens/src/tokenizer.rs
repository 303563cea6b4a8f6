//! A tokenizer as Hugging Face's `tokenizer.json` describes it.

use std::panic::{AssertUnwindSafe, catch_unwind};

use tokenizers::models::ModelWrapper;
use tokenizers::{
    EncodeInput, PaddingDirection, PaddingParams, PaddingStrategy, Tokenizer as Library, TruncationParams,
};

use crate::{Encoding, Facts, Kind, Padding, Question};

/// Tokens that fill up where the file does not say which one does.
const FILLERS: [&str; 2] = ["[PAD]", "<pad>"];

/// What cuts texts up.
pub struct Tokenizer {
    library: Library,
    facts: Facts,
    /// The truncation of the file.
    truncation: Option<TruncationParams>,
    /// The most tokens that the latest question wanted.
    most: Option<u32>,
}

impl Tokenizer {
    /// Reads a `tokenizer.json`.
    ///
    /// # Errors
    /// In words, why it is none.
    pub fn read(json: &[u8]) -> Result<Self, String> {
        let mut library = caught(|| Library::from_bytes(json).map_err(|error| error.to_string()))?;
        let truncation = library.get_truncation().cloned();
        let facts = facts(&library, truncation.as_ref());
        // A text is filled up by whoever knows which length the model takes.
        library.with_padding(None);
        Ok(Self { library, facts, truncation, most: None })
    }

    /// What there is to know of it.
    pub fn facts(&self) -> Facts {
        self.facts
    }

    /// Cuts texts up, each as if it were alone.
    ///
    /// # Errors
    /// In the library's words, for a text that the file has no tokens for.
    pub fn encode(&mut self, question: &Question<'_>) -> Result<Vec<Encoding>, String> {
        self.cut_at(question.most)?;
        let encoded = |row: usize, text: &str| {
            let second = question.seconds.as_ref().and_then(|seconds| seconds.get(row));
            let input: EncodeInput<'_> = match second {
                Some(second) => (text, *second).into(),
                None => text.into(),
            };
            let encoding = self.library.encode(input, true).map_err(|error| error.to_string())?;
            Ok(Encoding {
                ids: encoding.get_ids().to_vec(),
                types: encoding.get_type_ids().to_vec(),
                is_cut: !encoding.get_overflowing().is_empty(),
            })
        };
        caught(|| question.texts.iter().enumerate().map(|(row, text)| encoded(row, text)).collect())
    }

    /// From now on texts have at most so many tokens, and at most as many as the file says.
    fn cut_at(&mut self, most: Option<u32>) -> Result<(), String> {
        if self.most == most {
            return Ok(());
        }
        let own = self.truncation.clone();
        let cut = most.map(|most| {
            let own = own.clone().unwrap_or_default();
            let max_length =
                if self.truncation.is_some() { own.max_length.min(most as usize) } else { most as usize };
            TruncationParams { max_length, ..own }
        });
        self.library.with_truncation(cut.or(own)).map_err(|error| error.to_string())?;
        self.most = most;
        Ok(())
    }
}

fn facts(library: &Library, truncation: Option<&TruncationParams>) -> Facts {
    let kind = match library.get_model() {
        ModelWrapper::WordPiece(_) => Kind::WordPiece,
        ModelWrapper::BPE(_) => Kind::Bpe,
        ModelWrapper::Unigram(_) => Kind::Unigram,
        ModelWrapper::WordLevel(_) => Kind::WordLevel,
    };
    let known = || FILLERS.iter().find_map(|filler| Some((library.token_to_id(filler)?, 0)));
    let (filler, padding, fills_front) = match library.get_padding() {
        Some(PaddingParams { strategy, direction, pad_to_multiple_of, pad_id, pad_type_id, .. }) => {
            let padding = match (strategy, pad_to_multiple_of) {
                (PaddingStrategy::Fixed(length), None | Some(0)) => Padding::Fixed(word(*length)),
                (PaddingStrategy::Fixed(length), Some(factor)) => {
                    Padding::Fixed(word(length.next_multiple_of(*factor)))
                }
                (PaddingStrategy::BatchLongest, Some(factor)) if *factor > 0 => {
                    Padding::Multiple(word(*factor))
                }
                (PaddingStrategy::BatchLongest, _) => Padding::None,
            };
            (Some((*pad_id, *pad_type_id)), padding, matches!(direction, PaddingDirection::Left))
        }
        None => (known(), Padding::None, false),
    };
    let tokens = library.get_vocab(true).into_values().max().map_or(0, |id| id.saturating_add(1));
    Facts { kind, tokens, longest: truncation.map(|cut| word(cut.max_length)), filler, padding, fills_front }
}

fn word(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}

/// The library panics over some files that contradict themselves.
fn caught<T>(work: impl FnOnce() -> Result<T, String>) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|_| Err("the tokenizer has stopped".into()))
}
