//! LIKE: matching strings against patterns.

use arrow_array::ArrayRef;

use super::super::BatchCall;
use crate::diag::{Code, Error, Result};

/// A pattern, split at its `%`.
enum Pattern {
    /// Without `%`.
    Whole(Piece),
    Pieces {
        first: Piece,
        between: Vec<Piece>,
        last: Piece,
    },
}

/// What stands between two `%`: characters, `None` for `_`.
struct Piece {
    characters: Vec<Option<char>>,
    /// The same as a string, where there is no `_`.
    literal: Option<String>,
}

pub(super) fn like(call: &BatchCall<'_>) -> Result<ArrayRef> {
    let (texts, patterns) = (call.arg(0)?.strings()?, call.arg(1)?.strings()?);
    if call.arg(1)?.is_constant() {
        let pattern = Pattern::new(patterns.at(0))?;
        return call.bools(&|row| Ok(pattern.matches(texts.at(row))));
    }
    call.bools(&|row| Ok(Pattern::new(patterns.at(row))?.matches(texts.at(row))))
}

impl Pattern {
    fn new(pattern: &str) -> Result<Self> {
        let (mut pieces, mut characters) = (Vec::new(), Vec::new());
        let mut rest = pattern.chars();
        while let Some(c) = rest.next() {
            let character = match c {
                '%' => {
                    pieces.push(Piece::new(std::mem::take(&mut characters)));
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
            characters.push(character);
        }
        let last = Piece::new(characters);
        let mut pieces = pieces.into_iter();
        Ok(match pieces.next() {
            None => Self::Whole(last),
            Some(first) => Self::Pieces { first, between: pieces.collect(), last },
        })
    }

    /// The first piece must start the string and the last must end it; those between match as early as possible.
    fn matches(&self, text: &str) -> bool {
        match self {
            Self::Whole(piece) => piece.after(text).is_some_and(str::is_empty),
            Self::Pieces { first, between, last } => {
                let after = |text, piece: &Piece| piece.found_in(text);
                let rest = first.after(text).and_then(|rest| between.iter().try_fold(rest, after));
                rest.is_some_and(|rest| last.ends(rest))
            }
        }
    }
}

impl Piece {
    fn new(characters: Vec<Option<char>>) -> Self {
        let literal = characters.iter().copied().collect();
        Self { characters, literal }
    }

    /// What follows the piece at the start of `text`.
    fn after<'a>(&self, text: &'a str) -> Option<&'a str> {
        if let Some(piece) = &self.literal {
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
        if let Some(piece) = &self.literal {
            return text.split_once(piece.as_str()).map(|(_, after)| after);
        }
        let mut rest = text.chars();
        loop {
            if let Some(after) = self.after(rest.as_str()) {
                return Some(after);
            }
            rest.next()?;
        }
    }

    /// Whether `text` ends with the piece.
    fn ends(&self, text: &str) -> bool {
        if let Some(piece) = &self.literal {
            return text.ends_with(piece.as_str());
        }
        let length = text.chars().count();
        let mut rest = text.chars();
        let Some(skipped) = length.checked_sub(self.characters.len()) else { return false };
        rest.by_ref().take(skipped).for_each(drop);
        self.after(rest.as_str()).is_some_and(str::is_empty)
    }
}
