//! LIKE.

use arrow_array::ArrayRef;

use super::super::BatchCall;
use crate::diag::{Code, Error, Result};

/// A pattern, cut at its `%`.
struct Pattern {
    pieces: Vec<Piece>,
}

/// What stands between two `%`: characters, `None` standing for any.
struct Piece {
    characters: Vec<Option<char>>,
    /// The same as text, where no character may be any.
    text: Option<String>,
}

pub(super) fn like(call: &BatchCall<'_>) -> Result<ArrayRef> {
    let (texts, patterns) = (call.arg(0)?.texts()?, call.arg(1)?.texts()?);
    if call.arg(1)?.is_constant() {
        let pattern = Pattern::new(patterns.at(0))?;
        return call.bools(&|row| Ok(pattern.matches(texts.at(row))));
    }
    call.bools(&|row| Ok(Pattern::new(patterns.at(row))?.matches(texts.at(row))))
}

impl Pattern {
    fn new(pattern: &str) -> Result<Self> {
        let mut pieces = vec![Vec::new()];
        let mut rest = pattern.chars();
        while let Some(c) = rest.next() {
            let character = match c {
                '%' => {
                    pieces.push(Vec::new());
                    continue;
                }
                '_' => None,
                '\\' => Some(rest.next().ok_or_else(|| {
                    Error::new(
                        Code::InvalidValue,
                        format!("the LIKE pattern {pattern:?} ends with a backslash"),
                    )
                    .hint("write \\\\\\\\ for one backslash")
                })?),
                c => Some(c),
            };
            if let Some(piece) = pieces.last_mut() {
                piece.push(character);
            }
        }
        let pieces = pieces.into_iter().map(|characters| {
            let text = characters.iter().copied().collect();
            Piece { characters, text }
        });
        Ok(Self { pieces: pieces.collect() })
    }

    /// The first piece must start the text and the last end it; those between are found as early as can be.
    fn matches(&self, text: &str) -> bool {
        let Some((first, rest)) = self.pieces.split_first() else { return text.is_empty() };
        let Some(mut text) = first.after(text) else { return false };
        let Some((last, between)) = rest.split_last() else { return text.is_empty() };
        for piece in between {
            match piece.found_in(text) {
                Some(after) => text = after,
                None => return false,
            }
        }
        last.ends(text)
    }
}

impl Piece {
    /// What follows the piece at the start of `text`.
    fn after<'a>(&self, text: &'a str) -> Option<&'a str> {
        if let Some(piece) = &self.text {
            return text.strip_prefix(piece.as_str());
        }
        let mut rest = text.chars();
        let matches = self.characters.iter().all(|wanted| match (wanted, rest.next()) {
            (_, None) => false,
            (None, Some(_)) => true,
            (Some(wanted), Some(found)) => *wanted == found,
        });
        matches.then_some(rest.as_str())
    }

    /// What follows the piece where it first stands in `text`.
    fn found_in<'a>(&self, text: &'a str) -> Option<&'a str> {
        if let Some(piece) = &self.text {
            let at = text.find(piece.as_str())?;
            return text.get(at + piece.len()..);
        }
        text.char_indices().find_map(|(at, _)| self.after(text.get(at..)?))
    }

    fn ends(&self, text: &str) -> bool {
        if let Some(piece) = &self.text {
            return text.ends_with(piece.as_str());
        }
        let mut from_behind = text.char_indices().rev();
        match from_behind.nth(self.characters.len() - 1) {
            Some((at, _)) => text.get(at..).and_then(|end| self.after(end)).is_some_and(str::is_empty),
            None => false,
        }
    }
}
