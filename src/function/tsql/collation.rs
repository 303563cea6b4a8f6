//! SQL Server's default collation, `SQL_Latin1_General_CP1_CI_AS`: it ignores case and trailing blanks and minds
//! accents. Other characters come before digits, digits before letters, and accented letters behind the plain one.
//!
//! A text's key is a text whose order by code points is that of the collation. Plans compare, group and sort by keys.
//!
//! Source: Microsoft, "Collation and Unicode support"; characters outside of Latin scripts are in the order of their code
//! points. Punctuation is, too, where SQL Server has an order of its own.

use std::borrow::Cow;
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::{Array, ArrayRef, ListArray, StringArray};

use super::{Function, Signature, Type, scalar};
use crate::diag::{Error, Invariant, Result};
use crate::function::BatchCall;

/// The key of a text.
pub(crate) static COLLATION_KEY: Function = scalar(
    "COLLATION_KEY",
    "What a text is compared by.",
    &[Signature::scalar(&[Type::String], Type::String, |call| {
        let texts = call.arg(0)?.strings()?;
        call.strings(&|row| Ok(Some(Cow::Owned(key(texts.at(row))))))
    })],
);

/// The keys of an array's texts.
pub(crate) static KEYS_OF_ARRAY: Function = scalar(
    "COLLATION_KEYS",
    "What the texts of an array are compared by.",
    &[Signature::scalar(&[Type::ArrayOf(&Type::String)], Type::ArrayOf(&Type::String), keys_of_array)],
);

/// A text behind its key: the least of them is the least text.
pub(crate) static COLLATED: Function = scalar(
    "COLLATED",
    "A text behind what it is compared by.",
    &[Signature::scalar(&[Type::String], Type::String, |call| {
        let texts = call.arg(0)?.strings()?;
        call.strings(&|row| {
            let text = texts.at(row);
            Ok(Some(Cow::Owned(key(text) + SEPARATOR + text)))
        })
    })],
);

/// The text of [`COLLATED`].
pub(crate) static ORIGINAL: Function = scalar(
    "ORIGINAL",
    "The text behind what it is compared by.",
    &[Signature::scalar(&[Type::String], Type::String, |call| {
        let pairs = call.arg(0)?.strings()?;
        call.strings(&|row| {
            let (_, text) = pairs.at(row).split_once(SEPARATOR).invariant("a text behind its key")?;
            Ok(Some(Cow::Borrowed(text)))
        })
    })],
);

/// No key holds it, and it comes before all that a key can go on with.
const SEPARATOR: &str = "\0\0";

fn keys_of_array(call: &BatchCall<'_>) -> Result<ArrayRef> {
    let failed = || Error::internal("keys of texts cannot be built");
    let list = call.arg(0)?.array().as_list_opt::<i32>().ok_or_else(failed)?;
    let texts = list.values().as_string_opt::<i32>().ok_or_else(failed)?;
    let keys: StringArray = texts.iter().map(|text| text.map(key)).collect();
    let field = Arc::new(arrow_schema::Field::new_list_field(keys.data_type().clone(), true));
    ListArray::try_new(field, list.offsets().clone(), Arc::new(keys), list.nulls().cloned())
        .map(|list| Arc::new(list) as ArrayRef)
        .map_err(|error| failed().detail(error))
}

/// The key of `text`: the weights of its characters, then their accents, if there are any.
fn key(text: &str) -> String {
    let text = text.trim_end_matches(' ');
    let mut key = String::with_capacity(text.len() * 4);
    let mut accents = String::new();
    let mut accented = 0;
    for c in text.chars() {
        // SQL Server sees no character in it.
        if c == '\0' {
            continue;
        }
        let Weight { base, accent } = Weight::of(c);
        key.push(base);
        accents.push(accent);
        if accent != PLAIN {
            accented = accents.len();
        }
    }
    accents.truncate(accented);
    if !accents.is_empty() {
        key.push('\0');
        key.push_str(&accents);
    }
    key
}

/// The accent of a character without any.
const PLAIN: char = '\u{1}';

/// What a character is compared by: first what stands first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Weight {
    base: char,
    accent: char,
}

impl Weight {
    pub(super) fn of(c: char) -> Self {
        let c = folded(c);
        if let Some(letter) = latin_base(c) {
            let accent = if letter == c { PLAIN } else { c };
            return Self { base: shifted(0xF_0100, letter), accent };
        }
        let base = match c {
            '0'..='9' => shifted(0xF_0000, c),
            c if c.is_alphanumeric() && u32::from(c) <= 0xFFFF => shifted(0x10_0000, c),
            c => c,
        };
        Self { base, accent: PLAIN }
    }
}

/// A character of the private planes, which come behind all others.
fn shifted(plane: u32, c: char) -> char {
    char::from_u32(plane + u32::from(c)).unwrap_or(c) // the sum is one of the private planes'
}

/// Without the difference of case.
pub(super) fn folded(c: char) -> char {
    let mut lower = c.to_lowercase();
    match (lower.next(), lower.next()) {
        (Some('ς'), None) => 'σ',
        (Some(lower), None) => lower,
        _ => c,
    }
}

/// The plain letters of U+00C0 to U+017F; `*` for signs among them.
const LATIN: &[u8] = b"aaaaaaaceeeeiiiidnooooo*ouuuuytsaaaaaaaceeeeiiiidnooooo*ouuuuyty\
aaaaaaccccccccddddeeeeeeeeeegggggggghhhhiiiiiiiiiiiijjkkkllllllllllnnnnnnnnnoooooooorrrrrrssssssssttttttuuuuuuuuuuuuwwyyyzzzzzzs";

/// The letter without accents that a letter of a Latin script, in lower case, is sorted with.
fn latin_base(c: char) -> Option<char> {
    if c.is_ascii_lowercase() {
        return Some(c);
    }
    let place = usize::try_from(u32::from(c).checked_sub(0xC0)?).ok()?;
    LATIN.get(place).copied().filter(|base| *base != b'*').map(char::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_and_trailing_blanks_are_nothing() {
        for (a, b) in
            [("ABC", "abc"), ("abc  ", "ABC"), ("ÄÖ", "äö"), ("", "   "), ("ΣΑΣ", "σας"), ("Ж", "ж")]
        {
            assert_eq!(key(a), key(b), "{a:?} {b:?}");
        }
        for (a, b) in [(" abc", "abc"), ("é", "e"), ("ab", "abc"), ("ß", "ss"), ("ä", "a"), ("a\t", "a")] {
            assert_ne!(key(a), key(b), "{a:?} {b:?}");
        }
    }

    #[test]
    fn signs_digits_letters_and_their_accents_follow_each_other() {
        let sorted =
            ["", "-", "_a", "1", "9z", "a", "Á", "ab", "áb", "ac", "e", "É", "f", "ñ", "o", "z", "Ω", "日"];
        for pair in sorted.windows(2) {
            assert!(key(pair[0]) < key(pair[1]), "{pair:?}");
        }
    }

    #[test]
    fn every_letter_of_the_table_has_its_own() {
        assert_eq!(LATIN.len(), 192);
        for (letter, base) in
            [('é', 'e'), ('ÿ', 'y'), ('ā', 'a'), ('ž', 'z'), ('ł', 'l'), ('ŵ', 'w'), ('š', 's'), ('ő', 'o')]
        {
            assert_eq!(latin_base(letter), Some(base));
        }
        assert_eq!((latin_base('×'), latin_base('÷'), latin_base('ж')), (None, None, None));
    }

    #[test]
    fn a_text_behind_its_key_comes_back() {
        for text in ["", "Été", "a\0\0b", "  x "] {
            let pair = key(text) + SEPARATOR + text;
            assert_eq!(pair.split_once(SEPARATOR).unwrap().1, text);
        }
    }
}
