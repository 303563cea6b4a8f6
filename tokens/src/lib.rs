//! Texts to the tokens of a model, as its `tokenizer.json` says: what a tokenizer is asked and answers, and with the feature
//! `library` the tokenizer.
//!
//! In the browser it is a WebAssembly module of its own, which is fetched with the first model that has a tokenizer. It
//! knows neither SQL nor the engine; the engine knows of it what is said here.

#[cfg(all(feature = "module", target_family = "wasm"))]
mod module;
#[cfg(feature = "library")]
#[cfg(test)]
mod tests;
#[cfg(feature = "library")]
mod tokenizer;
mod words;

#[cfg(feature = "library")]
pub use tokenizer::Tokenizer;
pub use words::{answer, answered, asked, question};

/// How a tokenizer cuts words up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u32)]
pub enum Kind {
    /// The longest known pieces from the start of a word on.
    WordPiece,
    /// Pairs of pieces, joined in the order of their ranks.
    Bpe,
    /// The pieces that are the likeliest together.
    Unigram,
    /// Whole words.
    WordLevel,
}

/// What there is to know of a tokenizer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Facts {
    /// How it cuts words up.
    pub kind: Kind,
    /// The number above all ids.
    pub tokens: u32,
    /// The most tokens that it gives; texts of more are cut off.
    pub longest: Option<u32>,
    /// The id and the type of what fills up, where it has such a token.
    pub filler: Option<(u32, u32)>,
    /// How its file wants texts filled up.
    pub padding: Padding,
    /// Whether what fills up goes in front.
    pub fills_front: bool,
}

/// The length to which a tokenizer's file wants a text filled up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Padding {
    /// Its own.
    None,
    /// This one, if it has fewer tokens.
    Fixed(u32),
    /// The next multiple of this.
    Multiple(u32),
}

/// A text as a tokenizer has cut it up, with the tokens that its file adds, and not filled up.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Encoding {
    /// The numbers of its tokens.
    pub ids: Vec<u32>,
    /// For each token, which of two texts it belongs to.
    pub types: Vec<u32>,
    /// Whether tokens were cut off.
    pub is_cut: bool,
}

/// Texts, or pairs of texts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question<'a> {
    /// The texts; of pairs the first ones.
    pub texts: Vec<&'a str>,
    /// The second texts of pairs, as many as there are first ones.
    pub seconds: Option<Vec<&'a str>>,
    /// The most tokens that are wanted, below the file's own limit.
    pub most: Option<u32>,
}

impl Padding {
    /// The length to which a text of so many tokens is filled up.
    pub fn of(self, tokens: usize) -> usize {
        match self {
            Self::None => tokens,
            Self::Fixed(length) => tokens.max(length as usize),
            Self::Multiple(factor) => tokens.next_multiple_of(factor.max(1) as usize),
        }
    }
}
