//! What regular expressions know of Unicode: general categories, and letters that differ in case alone.

use litemap::LiteMap;
use std::sync::OnceLock;

/// Runs of code points of one category, made by `tests/fixtures/makers/regex.py`, which says how.
const RUNS: &[u8] = include_bytes!("categories.bin");

/// The categories by their numbers in [`RUNS`].
const NAMES: &str = "CcCfCnCoCsLlLmLoLtLuMcMeMnNdNlNoPcPdPePfPiPoPsScSkSmSoZlZpZs";

/// Where letters with two cases lie.
const CASED: &[std::ops::Range<u32>] = &[
    0x41..0x3000,
    0xA640..0xAC00,
    0xFB00..0x1_0000,
    0x1_0400..0x1_2000,
    0x1_6E40..0x1_6E80,
    0x1_E900..0x1_E944,
];

/// The code points of a category such as `Lu`, or of all whose names begin alike, such as `L`; `None` for another name.
pub(super) fn category(name: &str) -> Option<Vec<(u32, u32)>> {
    let wanted = |number: usize| {
        let known = NAMES.get(number * 2..number * 2 + 2);
        known.is_some_and(|known| known.starts_with(name))
    };
    if name.is_empty() || !(0..NAMES.len() / 2).any(wanted) {
        return None;
    }
    let mut ranges: Vec<(u32, u32)> = Vec::new();
    let mut start = 0;
    let mut bytes = RUNS.iter().copied();
    while let Some(byte) = bytes.next() {
        let mut length = u32::from(byte & 7);
        if length == 0 {
            for (place, more) in (0..).zip(bytes.by_ref()) {
                length |= u32::from(more & 127) << (7 * place);
                if more < 128 {
                    break;
                }
            }
        }
        if wanted(usize::from(byte >> 3)) {
            match ranges.last_mut() {
                Some((_, end)) if *end + 1 == start => *end = start + length - 1,
                _ => ranges.push((start, start + length - 1)),
            }
        }
        start += length;
    }
    Some(ranges)
}

/// All characters that differ from `c` in case alone, itself among them where there are others.
pub(super) fn same_but_for_case(c: char) -> &'static [char] {
    orbits().get(&folded(c)).map_or(&[], Vec::as_slice)
}

/// Characters that differ in case alone, together; those without another case are left out.
pub(super) fn orbits() -> &'static LiteMap<char, Vec<char>> {
    static ORBITS: OnceLock<LiteMap<char, Vec<char>>> = OnceLock::new();
    ORBITS.get_or_init(|| {
        let mut orbits: LiteMap<char, Vec<char>> = LiteMap::new();
        for c in CASED.iter().flat_map(|range| range.clone()).filter_map(char::from_u32) {
            orbits.entry(folded(c)).or_default().push(c);
        }
        orbits.retain(|_, members| members.len() > 1);
        orbits
    })
}

/// What is common to letters that differ in case alone: Unicode's simple case folding.
fn folded(c: char) -> char {
    fn single(c: char, mut mapped: impl ExactSizeIterator<Item = char>) -> char {
        if mapped.len() == 1 { mapped.next().unwrap_or(c) } else { c }
    }
    // The Turkish letters without and with a dot fold to themselves.
    if matches!(c, 'ı' | 'İ') {
        return c;
    }
    let upper = single(c, c.to_uppercase());
    single(upper, upper.to_lowercase())
}
