//! A table of keys: rows with equal values get the same number.
//!
//! Keys are encoded as words and compared as such: all NULLs have one encoding, as do all NaNs, and -0.0 is encoded as
//! 0.0. Nothing here knows what a key stands for.

use std::ops::Range;

use crate::bits::Bits;

/// A column of a key.
#[derive(Debug)]
pub struct Column<'a> {
    /// Which values there are; the others are NULL. `None` where all are.
    pub valid: Option<Bits<'a>>,
    /// The values.
    pub values: Values<'a>,
}

/// The values of a column, at least one for each row that is asked for.
#[derive(Debug)]
pub enum Values<'a> {
    /// Integers of 64 bits.
    Ints(&'a [i64]),
    /// Integers of 32 bits.
    Days(&'a [i32]),
    /// Numbers of other keys.
    Numbers(&'a [u32]),
    /// Integers of 128 bits.
    Wides(&'a [i128]),
    /// Anything of 32 bytes.
    Blocks(&'a [[u8; 32]]),
    /// Booleans.
    Bools(Bits<'a>),
    /// Floats of double precision.
    Floats(&'a [f64]),
    /// Floats of single precision.
    Floats32(&'a [f32]),
    /// Texts or bytes: offsets, one more than values, which are ascending and within the bytes.
    Blobs(&'a [i32], &'a [u8]),
    /// Lists: offsets and elements.
    Lists(&'a [i32], Box<Column<'a>>),
    /// The fields of structs.
    Structs(Vec<Column<'a>>),
}

/// All distinct keys so far, numbered from 0 in the order in which they first came.
#[derive(Debug, Default)]
pub struct KeyTable {
    /// For each place the number of the key there plus one; 0 where there is none. At least every second one is free.
    places: Vec<u32>,
    fingerprints: Vec<u64>,
    /// The encodings of long keys, end to end, and for every key where its encoding ends (short keys take no words).
    words: Vec<u64>,
    ends: Vec<usize>,
}

/// There are more keys than numbers.
#[derive(Debug, PartialEq, Eq)]
pub struct TooManyKeys;

impl KeyTable {
    /// The number of keys.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there are no keys.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// The bytes of the keys' encodings; short keys have none.
    pub fn bytes(&self) -> usize {
        self.words.len() * size_of::<u64>()
    }

    /// The numbers of the keys in the `rows` rows of `columns`; new keys are added.
    ///
    /// # Errors
    /// Where there would be too many keys.
    #[inline(never)]
    pub fn intern(&mut self, columns: &[Column<'_>], rows: usize) -> Result<Vec<u32>, TooManyKeys> {
        // Without columns all rows are alike.
        if columns.is_empty() && rows > 0 {
            return Ok(vec![self.add(0, &[])?; rows]);
        }
        let mut numbers = Vec::with_capacity(rows);
        let (mut key, mut before) = (Vec::new(), Vec::new());
        if let [Column { valid: None, values: Values::Ints(values) }] = columns {
            for value in values.iter().take(rows) {
                key.clear();
                push(zigzag(*value), &mut key);
                numbers.push(self.add(fingerprint(&key), &key)?);
            }
            return Ok(numbers);
        }
        let mut number = 0;
        for row in 0..rows {
            // Rows of one key often follow each other.
            if row > 0 && repeats(columns, row) {
                numbers.push(number);
                continue;
            }
            encode(columns, row, &mut key);
            if row == 0 || !is_same(&key, &before) {
                number = self.add(fingerprint(&key), &key)?;
                std::mem::swap(&mut key, &mut before);
            }
            numbers.push(number);
        }
        Ok(numbers)
    }

    /// As [`KeyTable::intern`]; `None` for keys with a NULL or NaN, which equal nothing, not even themselves.
    ///
    /// # Errors
    /// Those of [`KeyTable::intern`].
    #[inline(never)]
    pub fn intern_comparable(
        &mut self,
        columns: &[Column<'_>],
        rows: usize,
    ) -> Result<Vec<Option<u32>>, TooManyKeys> {
        let mut numbers = Vec::with_capacity(rows);
        let mut key = Vec::new();
        for row in 0..rows {
            let is_comparable = encode(columns, row, &mut key);
            numbers.push(if is_comparable { Some(self.add(fingerprint(&key), &key)?) } else { None });
        }
        Ok(numbers)
    }

    /// The numbers of the keys in the `rows` rows of `columns`; `None` for keys that are not in the table, and for
    /// those with a NULL or NaN.
    #[inline(never)]
    pub fn find(&self, columns: &[Column<'_>], rows: usize) -> Vec<Option<u32>> {
        let mut key = Vec::new();
        let mut find = |row| {
            let is_comparable = encode(columns, row, &mut key);
            is_comparable.then(|| self.search(fingerprint(&key), &key).ok()).flatten()
        };
        (0..rows).map(&mut find).collect()
    }

    /// The number of a key, or the free place where it would be.
    #[expect(
        clippy::indexing_slicing,
        reason = "the mask keeps places in the table, which has numbers of keys"
    )]
    fn search(&self, fingerprint: u64, key: &[u64]) -> Result<u32, usize> {
        let mask = self.places.len().wrapping_sub(1);
        let mut place = hash(fingerprint) & mask;
        loop {
            match self.places.get(place) {
                None | Some(0) => return Err(place),
                Some(number) => {
                    let number = number - 1;
                    if self.fingerprints[number as usize] == fingerprint
                        && (is_short(fingerprint) || is_same(self.words_of(number), key))
                    {
                        return Ok(number);
                    }
                }
            }
            place = (place + 1) & mask;
        }
    }

    #[inline(always)]
    #[expect(clippy::indexing_slicing, reason = "after `grow` the search ends at a free place of the table")]
    fn add(&mut self, fingerprint: u64, key: &[u64]) -> Result<u32, TooManyKeys> {
        match self.search(fingerprint, key) {
            Ok(number) => Ok(number),
            Err(mut place) => {
                let number = u32::try_from(self.ends.len()).map_err(|_| TooManyKeys)?;
                let next = number.checked_add(1).ok_or(TooManyKeys)?;
                if self.places.len() < 2 * next as usize {
                    self.grow();
                    place = self.free_place(fingerprint);
                }
                self.places[place] = next;
                self.fingerprints.push(fingerprint);
                if !is_short(fingerprint) {
                    self.words.extend_from_slice(key);
                }
                self.ends.push(self.words.len());
                Ok(number)
            }
        }
    }

    /// Doubles the places.
    #[cold]
    #[expect(
        clippy::indexing_slicing,
        clippy::cast_possible_truncation,
        reason = "free places are places; numbers of keys fit"
    )]
    fn grow(&mut self) {
        self.places = vec![0; (self.places.len() * 2).max(64)];
        for number in 0..self.fingerprints.len() {
            let place = self.free_place(self.fingerprints[number]);
            self.places[place] = number as u32 + 1;
        }
    }

    /// The free place for a new key of the fingerprint.
    #[expect(clippy::indexing_slicing, reason = "the mask keeps places in the table")]
    fn free_place(&self, fingerprint: u64) -> usize {
        let mask = self.places.len() - 1;
        let mut place = hash(fingerprint) & mask;
        while self.places[place] != 0 {
            place = (place + 1) & mask;
        }
        place
    }

    /// The encoding of a long key.
    #[expect(clippy::indexing_slicing, reason = "`add` writes an end for every number it gives out")]
    fn words_of(&self, number: u32) -> &[u64] {
        let index = number as usize;
        let start = if index == 0 { 0 } else { self.ends[index - 1] };
        &self.words[start..self.ends[index]]
    }
}

/// For each of the `rows` rows of `columns` a number that rows with equal keys share. It depends on nothing but the key.
#[expect(clippy::cast_possible_wrap, reason = "any bits do")]
pub fn hashes(columns: &[Column<'_>], rows: usize) -> Vec<i64> {
    let mut key = Vec::new();
    let hash = |row| {
        encode(columns, row, &mut key);
        mix(fingerprint(&key)) as i64
    };
    (0..rows).map(hash).collect()
}

/// What fingerprints of long keys begin with.
const LONG: u64 = 0xff << 56;

/// Of a short key, which is one word, the key itself; of a long key a hash that differs from all short keys and is seldom
/// that of another long one. No encoding is the beginning of another one, so a word that is a key begins no other key.
#[inline(always)]
fn fingerprint(key: &[u64]) -> u64 {
    match key {
        [word] if is_short(*word) => *word,
        words => mix(words.iter().fold(0, |mixed, word| mix(mixed) ^ word)) | LONG,
    }
}

#[inline(always)]
fn is_short(fingerprint: u64) -> bool {
    fingerprint < LONG
}

/// Whether two encodings are equal: they are a few words, for which a call would be dear.
#[inline(always)]
fn is_same(a: &[u64], b: &[u64]) -> bool {
    a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a == b)
}

/// A quick multiplicative hash. It does not resist collisions made on purpose: people query their own data.
#[inline(always)]
fn mix(word: u64) -> u64 {
    let product = word.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    product ^ (product >> 32)
}

#[inline(always)]
#[expect(clippy::cast_possible_truncation, reason = "the lower bits are enough for a place")]
fn hash(fingerprint: u64) -> usize {
    mix(fingerprint) as usize
}

/// Encodes the key of `row` into `key`; returns whether it can equal another key.
#[inline(always)]
fn encode(columns: &[Column<'_>], row: usize, key: &mut Vec<u64>) -> bool {
    key.clear();
    columns.iter().fold(true, |comparable, column| column.encode(row, key) & comparable)
}

/// The word that NULL begins with, and after which another word says whether it is that.
const NULL: u64 = 0xfffe << 48;

/// Appends the first word of a value.
#[inline(always)]
fn push(word: u64, key: &mut Vec<u64>) {
    key.push(word);
    if word == NULL {
        key.push(1);
    }
}

impl Column<'_> {
    /// Appends the value in `row` so that no two different sequences of values have the same encoding; returns whether
    /// it can equal another value.
    #[expect(
        clippy::indexing_slicing,
        reason = "columns have a value for every row, fields for every struct"
    )]
    fn encode(&self, row: usize, key: &mut Vec<u64>) -> bool {
        if self.valid.is_some_and(|valid| !valid.get(row)) {
            key.extend([NULL, 0]);
            return false;
        }
        match &self.values {
            Values::Ints(values) => push(zigzag(values[row]), key),
            Values::Days(values) => push(zigzag(values[row].into()), key),
            Values::Numbers(values) => push(zigzag(values[row].into()), key),
            Values::Bools(values) => push(zigzag(values.get(row).into()), key),
            Values::Floats(values) => return encode_float(values[row], key),
            Values::Floats32(values) => return encode_float(values[row].into(), key),
            Values::Wides(values) => encode_bytes(&values[row].to_le_bytes(), key),
            Values::Blocks(values) => encode_bytes(&values[row], key),
            Values::Blobs(offsets, bytes) => encode_bytes(&bytes[range(offsets, row)], key),
            Values::Lists(offsets, elements) => {
                let range = range(offsets, row);
                push(range.len() as u64, key);
                return range.fold(true, |comparable, index| elements.encode(index, key) & comparable);
            }
            Values::Structs(fields) => {
                push(1, key);
                return fields.iter().fold(true, |comparable, field| field.encode(row, key) & comparable);
            }
        }
        true
    }
}

/// Whether the columns are integers that all have the values of the row before.
#[inline(always)]
#[expect(clippy::indexing_slicing, reason = "columns have a value for every row")]
fn repeats(columns: &[Column<'_>], row: usize) -> bool {
    columns.iter().all(|column| match column {
        Column { valid: None, values: Values::Ints(values) } => values[row] == values[row - 1],
        _ => false,
    })
}

/// ZigZag: numbers near 0 are small whatever their sign.
#[inline(always)]
fn zigzag(value: i64) -> u64 {
    ((value << 1) ^ (value >> 63)).cast_unsigned()
}

/// Few bytes share a word with their number, in its highest byte but one; the words of more bytes come behind their number,
/// below which that byte is 8.
fn encode_bytes(bytes: &[u8], key: &mut Vec<u64>) {
    let (words, rest) = bytes.as_chunks();
    let last = rest.iter().rev().fold(0, |last, byte| last << 8 | u64::from(*byte));
    if bytes.len() <= 6 {
        key.push((bytes.len() as u64) << 48 | last);
        return;
    }
    key.push(8 << 48 | bytes.len() as u64);
    key.extend(words.iter().map(|word| u64::from_le_bytes(*word)));
    if !rest.is_empty() {
        key.push(last);
    }
}

fn encode_float(value: f64, key: &mut Vec<u64>) -> bool {
    // Adding 0.0 turns -0.0 into 0.0; NaN has many bit patterns, of which this one is not NULL's.
    let value = if value.is_nan() { f64::NAN } else { value + 0.0 };
    key.push(value.to_bits());
    !value.is_nan()
}

/// The elements or bytes of `row`.
#[inline(always)]
#[expect(
    clippy::cast_sign_loss,
    clippy::indexing_slicing,
    reason = "there is one offset more than rows, none negative"
)]
fn range(offsets: &[i32], row: usize) -> Range<usize> {
    offsets[row] as usize..offsets[row + 1] as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    fn floats(values: &[f64]) -> [Column<'_>; 1] {
        [Column { valid: None, values: Values::Floats(values) }]
    }

    #[test]
    fn nan_and_zero_group_but_only_zero_joins() {
        let column = floats(&[0.0, f64::NAN, -0.0, -f64::NAN]);
        assert_eq!(KeyTable::default().intern(&column, 4).unwrap(), [0, 1, 0, 1]);
        let mut keys = KeyTable::default();
        assert_eq!(keys.intern_comparable(&column, 4).unwrap(), [Some(0), None, Some(0), None]);
        assert_eq!(keys.find(&floats(&[f64::NAN, -0.0, 1.0]), 3), [None, Some(0), None]);
    }

    #[test]
    fn integers_have_one_key_alone_and_beside_nulls() {
        let mut values: Vec<i64> =
            (0..63).flat_map(|bits| [1 << bits, -(1_i64 << bits), (1 << bits) - 1]).collect();
        values.extend([i64::MIN, i64::MAX]);
        values.sort_unstable();
        values.dedup();
        let ints = |valid| [Column { valid, values: Values::Ints(&values) }];
        let all = vec![0xff; values.len()];
        let mut keys = KeyTable::default();
        let numbers = keys.intern(&ints(None), values.len()).unwrap();
        assert!(numbers.iter().copied().eq(0..u32::try_from(values.len()).unwrap()));
        let again = keys.intern(&ints(Some(Bits { bytes: &all, offset: 3 })), values.len()).unwrap();
        assert_eq!(again, numbers);
    }

    #[test]
    fn keys_are_one_where_all_values_are() {
        // The integer whose encoding begins as that of NULL, and its neighbours.
        let begins = |word: u64| ((word >> 1).cast_signed()) ^ -((word & 1).cast_signed());
        let ints = [0, 1, -1, begins(NULL), begins(NULL - 1), begins(NULL + 1), i64::MIN, i64::MAX];
        let texts = ["", "\0", "a", "sixsix", "seven77", "eight888", "eight888\0", "sixteen_sixteen_"];
        let rows = ints.len() * texts.len() * 2;
        let int = |row: usize| ints[row % ints.len()];
        let text = |row: usize| texts[row / ints.len() % texts.len()];
        let is_valid = |row: usize| row / (ints.len() * texts.len()) == 0 || !row.is_multiple_of(3);
        let int_values: Vec<i64> = (0..rows).map(int).collect();
        let mut valid = vec![0_u8; rows / 8 + 1];
        let (mut offsets, mut bytes) = (vec![0], Vec::new());
        for row in 0..rows {
            valid[row / 8] |= u8::from(is_valid(row)) << (row % 8);
            bytes.extend_from_slice(text(row).as_bytes());
            offsets.push(i32::try_from(bytes.len()).unwrap());
        }
        let columns = [
            Column { valid: Some(Bits { bytes: &valid, offset: 0 }), values: Values::Ints(&int_values) },
            Column { valid: None, values: Values::Blobs(&offsets, &bytes) },
        ];
        let mut seen = Vec::new();
        let expected: Vec<u32> = (0..rows)
            .map(|row| {
                let key = (is_valid(row).then(|| int(row)), text(row));
                let place = seen.iter().position(|other| *other == key).unwrap_or_else(|| {
                    seen.push(key);
                    seen.len() - 1
                });
                u32::try_from(place).unwrap()
            })
            .collect();
        assert_eq!(KeyTable::default().intern(&columns, rows).unwrap(), expected);
        let [first, second] = columns;
        assert_eq!(KeyTable::default().intern(&[second, first], rows).unwrap(), expected);
    }

    #[test]
    fn many_long_keys_are_found_again() {
        let bytes: Vec<u8> = (0..10_000_u32).flat_map(|nth| (nth / 2).to_be_bytes().repeat(3)).collect();
        let offsets: Vec<i32> = (0..=10_000).map(|nth| nth * 12).collect();
        let column = [Column { valid: None, values: Values::Blobs(&offsets, &bytes) }];
        let mut keys = KeyTable::default();
        assert!(keys.intern(&column, 10_000).unwrap().into_iter().eq((0..10_000).map(|nth| nth / 2)));
        assert!(keys.find(&column, 10_000).into_iter().eq((0..10_000).map(|nth| Some(nth / 2))));
        assert_eq!(keys.find(&floats(&[1.0]), 1), [None]);
    }
}
