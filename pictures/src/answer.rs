//! Answers as a few numbers: how they travel from one WebAssembly module to another. Pixels and words lie elsewhere.

use crate::{Failure, Format, Kind};

/// How many numbers an answer has.
pub const WORDS: usize = 4;

const FORMATS: [Format; 8] = [
    Format::Jpeg,
    Format::Png,
    Format::Bmp,
    Format::Gif,
    Format::WebP,
    Format::Avif,
    Format::Heic,
    Format::Pixels,
];

const KINDS: [Kind; 6] =
    [Kind::Arithmetic, Kind::Lossless, Kind::Hierarchical, Kind::TwelveBits, Kind::HostOnly, Kind::Other];

impl Format {
    /// As a number.
    pub fn number(self) -> u32 {
        self as u32
    }

    /// The format of a number.
    pub fn of(number: u32) -> Option<Self> {
        FORMATS.get(number as usize).copied()
    }
}

/// Height, width and orientation of a decoded picture, or the failure.
pub fn to_words(answer: Result<[u32; 3], Failure>) -> [u32; WORDS] {
    match answer {
        Ok([height, width, orientation]) => [0, height, width, orientation],
        Err(Failure::Truncated) => [1, 0, 0, 0],
        Err(Failure::Damaged) => [2, 0, 0, 0],
        Err(Failure::Unsupported(kind)) => [3, kind as u32, 0, 0],
        Err(Failure::Empty { width, height }) => [4, width, height, 0],
        Err(Failure::TooManyPixels { width, height }) => [5, width, height, 0],
        Err(Failure::TooManyScans { scans }) => [6, scans, 0, 0],
        Err(Failure::Memory) => [7, 0, 0, 0],
        Err(Failure::Stopped) => [8, 0, 0, 0],
    }
}

/// What [`to_words`] was given; `None` for numbers that it does not give.
pub fn from_words(words: &[u32]) -> Option<Result<[u32; 3], Failure>> {
    let &[tag, a, b, c] = words else { return None };
    Some(match tag {
        0 => Ok([a, b, c]),
        1 => Err(Failure::Truncated),
        2 => Err(Failure::Damaged),
        3 => Err(Failure::Unsupported(*KINDS.get(a as usize)?)),
        4 => Err(Failure::Empty { width: a, height: b }),
        5 => Err(Failure::TooManyPixels { width: a, height: b }),
        6 => Err(Failure::TooManyScans { scans: a }),
        7 => Err(Failure::Memory),
        8 => Err(Failure::Stopped),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_come_back_as_they_were() {
        let failures = [
            Failure::Truncated,
            Failure::Damaged,
            Failure::Empty { width: 0, height: 7 },
            Failure::TooManyPixels { width: 70_000, height: 3 },
            Failure::TooManyScans { scans: 90 },
            Failure::Memory,
            Failure::Stopped,
        ];
        let failures = failures.into_iter().chain(KINDS.map(Failure::Unsupported)).map(Err);
        for answer in failures.chain([Ok([480, 640, 6])]) {
            assert_eq!(from_words(&to_words(answer)), Some(answer));
        }
        for words in [&[][..], &[9, 0, 0, 0], &[3, 99, 0, 0], &[0, 1, 2]] {
            assert_eq!(from_words(words), None);
        }
        for format in FORMATS {
            assert_eq!(Format::of(format.number()), Some(format));
        }
        assert_eq!(Format::of(u32::MAX), None);
    }
}
