//! What crosses to a tokenizer in another module's memory, and back: texts as bytes, answers as numbers of 32 bits.

use crate::{Encoding, Facts, Kind, Padding, Question};

/// Numbers that tell the facts of a tokenizer.
const FACTS: usize = 8;

impl Facts {
    /// The facts as numbers.
    pub fn to_words(&self) -> Vec<u32> {
        let Self { kind, tokens, longest, filler, padding, fills_front } = *self;
        let (padded, length) = match padding {
            Padding::None => (0, 0),
            Padding::Fixed(length) => (1, length),
            Padding::Multiple(factor) => (2, factor),
        };
        let (id, type_id) = filler.unwrap_or((u32::MAX, 0));
        let flags = padded | u32::from(fills_front) << 2;
        vec![
            kind as u32,
            tokens,
            u32::from(longest.is_some()),
            longest.unwrap_or(0),
            id,
            type_id,
            flags,
            length,
        ]
    }

    /// The facts that numbers tell; `None` where they tell none.
    pub fn from_words(words: &[u32]) -> Option<Self> {
        let [kind, tokens, is_cut, longest, id, type_id, flags, length] =
            *<&[u32; FACTS]>::try_from(words).ok()?;
        let kinds = [Kind::WordPiece, Kind::Bpe, Kind::Unigram, Kind::WordLevel];
        Some(Self {
            kind: kinds.into_iter().find(|known| *known as u32 == kind)?,
            tokens,
            longest: (is_cut != 0).then_some(longest),
            filler: (id != u32::MAX).then_some((id, type_id)),
            padding: match flags & 3 {
                0 => Padding::None,
                1 => Padding::Fixed(length),
                _ => Padding::Multiple(length),
            },
            fills_front: flags & 4 != 0,
        })
    }
}

/// A question as bytes: whether there are pairs, the most tokens, how many texts, their lengths, then all of them. A pair is two
/// texts after each other.
pub fn question(question: &Question<'_>) -> Vec<u8> {
    let Question { texts, seconds, most } = question;
    let pairs = texts.iter().enumerate().flat_map(|(row, text)| {
        let second = seconds.iter().filter_map(move |seconds| seconds.get(row));
        std::iter::once(text).chain(second)
    });
    let all: Vec<&str> = pairs.copied().collect();
    let head = [u32::from(seconds.is_some()), most.unwrap_or(u32::MAX), length(all.len())];
    let words = head.into_iter().chain(all.iter().map(|text| length(text.len())));
    words.flat_map(u32::to_le_bytes).chain(all.iter().flat_map(|text| text.bytes())).collect()
}

/// The question that bytes ask; `None` where they ask none.
pub fn asked(bytes: &[u8]) -> Option<Question<'_>> {
    let (words, _) = bytes.as_chunks::<4>();
    let word = |at: usize| words.get(at).map(|word| u32::from_le_bytes(*word));
    let (is_pairs, most, count) = (word(0)? != 0, word(1)?, word(2)? as usize);
    let mut rest = bytes.get(count.checked_add(3)?.checked_mul(4)?..)?;
    let mut all = Vec::with_capacity(count);
    for number in 0..count {
        let (text, behind) = rest.split_at_checked(word(number + 3)? as usize)?;
        all.push(str::from_utf8(text).ok()?);
        rest = behind;
    }
    let most = (most != u32::MAX).then_some(most);
    if !is_pairs {
        return Some(Question { texts: all, seconds: None, most });
    }
    let (pairs, _) = all.as_chunks::<2>();
    let (texts, seconds) = pairs.iter().map(|[text, second]| (*text, *second)).unzip();
    Some(Question { texts, seconds: Some(seconds), most })
}

/// An answer as numbers: of each text how many tokens it has and whether some were cut off, then their ids and types.
pub fn answer(encodings: &[Encoding]) -> Vec<u32> {
    let mut words = Vec::new();
    for Encoding { ids, types, is_cut } in encodings {
        words.extend([length(ids.len()), u32::from(*is_cut)]);
        words.extend(ids);
        words.extend(types);
    }
    words
}

/// The `count` encodings that numbers tell; `None` where they tell others.
pub fn answered(words: &[u32], count: usize) -> Option<Vec<Encoding>> {
    let mut rest = words;
    let mut encodings = Vec::with_capacity(count);
    while let [tokens, is_cut, behind @ ..] = rest {
        let (ids, behind) = behind.split_at_checked(*tokens as usize)?;
        let (types, behind) = behind.split_at_checked(*tokens as usize)?;
        encodings.push(Encoding { ids: ids.to_vec(), types: types.to_vec(), is_cut: *is_cut != 0 });
        rest = behind;
    }
    (rest.is_empty() && encodings.len() == count).then_some(encodings)
}

/// A number of tokens or bytes. Those of a module's memory have 32 bits.
fn length(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}
