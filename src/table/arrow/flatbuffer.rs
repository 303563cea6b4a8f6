//! Flatbuffers, as far as the messages of Arrow IPC need them: tables, vectors and texts. Knows nothing of Arrow.
//!
//! Whatever the bytes are, reading them ends in a value or an error. Source: <https://flatbuffers.dev/internals/>.

use super::damaged;
use crate::diag::Result;

/// A table: fields by their numbers, each of which may be absent.
#[derive(Clone, Copy)]
pub(super) struct Table<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Table<'a> {
    /// The table that a buffer is of.
    ///
    /// # Errors
    /// As all that is read here: `invalid-arrow` for places outside of the buffer.
    pub(super) fn root(bytes: &'a [u8]) -> Result<Self> {
        Self { bytes, at: 0 }.follow(0)
    }

    pub(super) fn u8(&self, field: usize) -> Result<u8> {
        self.number(field, [0]).map(u8::from_le_bytes)
    }

    pub(super) fn i16(&self, field: usize, default: i16) -> Result<i16> {
        self.number(field, default.to_le_bytes()).map(i16::from_le_bytes)
    }

    pub(super) fn i32(&self, field: usize, default: i32) -> Result<i32> {
        self.number(field, default.to_le_bytes()).map(i32::from_le_bytes)
    }

    pub(super) fn i64(&self, field: usize) -> Result<i64> {
        self.number(field, [0; 8]).map(i64::from_le_bytes)
    }

    pub(super) fn table(&self, field: usize) -> Result<Option<Self>> {
        self.place(field)?.map(|place| self.follow(place)).transpose()
    }

    pub(super) fn text(&self, field: usize) -> Result<Option<&'a str>> {
        let Some(place) = self.place(field)? else { return Ok(None) };
        let (start, length) = self.vector(place)?;
        let text = start.checked_add(length).and_then(|end| self.bytes.get(start..end));
        text.and_then(|text| str::from_utf8(text).ok()).map(Some).ok_or_else(broken)
    }

    /// A vector of values of `N` bytes; an absent one is empty.
    pub(super) fn values<const N: usize>(&self, field: usize) -> Result<&'a [[u8; N]]> {
        let Some(place) = self.place(field)? else { return Ok(&[]) };
        let (start, length) = self.vector(place)?;
        let end = length.checked_mul(N).and_then(|bytes| start.checked_add(bytes));
        let values = end.and_then(|end| self.bytes.get(start..end)).ok_or_else(broken)?;
        Ok(values.as_chunks().0)
    }

    /// A vector of tables; an absent one is empty.
    pub(super) fn tables(&self, field: usize) -> Result<Vec<Self>> {
        let Some(place) = self.place(field)? else { return Ok(Vec::new()) };
        let (start, length) = self.vector(place)?;
        if length > self.bytes.len() / 4 {
            return Err(broken());
        }
        (0..length).map(|index| self.follow(start + 4 * index)).collect()
    }

    /// A field's bytes; `default` where it is absent.
    fn number<const N: usize>(&self, field: usize, default: [u8; N]) -> Result<[u8; N]> {
        self.place(field)?.map_or(Ok(default), |place| self.read(place))
    }

    /// Where a field is; `None` where it is absent.
    fn place(&self, field: usize) -> Result<Option<usize>> {
        let back = i32::from_le_bytes(self.read(self.at)?);
        let fields =
            isize::try_from(back).ok().and_then(|back| self.at.checked_add_signed(back.checked_neg()?));
        let fields = fields.ok_or_else(broken)?;
        let entry = 4 + 2 * field;
        if entry + 2 > usize::from(u16::from_le_bytes(self.read(fields)?)) {
            return Ok(None);
        }
        let offset = u16::from_le_bytes(self.read(fields.saturating_add(entry))?);
        Ok((offset != 0).then(|| self.at + usize::from(offset)))
    }

    /// Where the elements of the vector at `place` begin, and how many there are.
    fn vector(&self, place: usize) -> Result<(usize, usize)> {
        let Self { at, .. } = self.follow(place)?;
        let length = usize::try_from(u32::from_le_bytes(self.read(at)?)).map_err(|_| broken())?;
        Ok((at.saturating_add(4), length))
    }

    /// What the offset at `place` leads to.
    fn follow(&self, place: usize) -> Result<Self> {
        let offset = usize::try_from(u32::from_le_bytes(self.read(place)?)).map_err(|_| broken())?;
        let at = place.checked_add(offset).filter(|at| *at < self.bytes.len()).ok_or_else(broken)?;
        Ok(Self { bytes: self.bytes, at })
    }

    fn read<const N: usize>(&self, place: usize) -> Result<[u8; N]> {
        self.bytes.get(place..).and_then(|bytes| bytes.first_chunk()).copied().ok_or_else(broken)
    }
}

#[cold]
fn broken() -> crate::diag::Error {
    damaged("a message")
}

/// What the message of a batch of a few columns takes.
const SMALL_MESSAGE: usize = 256;

/// Writes a buffer from its root on: what an offset leads to comes behind it.
pub(super) struct Writer {
    bytes: Vec<u8>,
}

/// A field of a table that is written.
pub(super) enum Slot {
    /// It has its default.
    Absent,
    U8(u8),
    I16(i16),
    I32(i32),
    I64(i64),
    /// What it leads to is yet to be written.
    Later,
}

impl Slot {
    /// Its bytes, and how many of them count.
    fn bytes(&self) -> ([u8; 8], usize) {
        let (value, size) = match self {
            Self::Absent => (0, 0),
            Self::U8(value) => (i64::from(*value), 1),
            Self::I16(value) => (i64::from(*value), 2),
            Self::I32(value) => (i64::from(*value), 4),
            Self::I64(value) => (*value, 8),
            Self::Later => (0, 4),
        };
        (value.to_le_bytes(), size)
    }
}

/// Where an offset is that leads nowhere yet.
#[derive(Clone, Copy)]
pub(super) struct Place(usize);

impl Writer {
    /// A buffer, and the offset of its root table.
    pub(super) fn new() -> (Self, Place) {
        let mut bytes = Vec::with_capacity(SMALL_MESSAGE);
        bytes.extend_from_slice(&[0; 4]);
        (Self { bytes }, Place(0))
    }

    /// Writes the table that `from` leads to. Answers where its fields are.
    pub(super) fn table<const N: usize>(&mut self, from: Place, slots: [Slot; N]) -> [Place; N] {
        // Its list of fields, padded so that fields of eight bytes, which come first, are aligned behind its own offset.
        let list = 4 + 2 * N;
        while !(self.bytes.len() + list + 4).is_multiple_of(8) {
            self.bytes.push(0);
        }
        let fields = self.bytes.len();
        let start = fields + list;
        self.bytes.resize(start, 0);
        self.lead(from);
        self.put_at_end(&number(list));
        let mut places = [Place(start); N];
        let values = slots.map(|slot| slot.bytes());
        for wanted in [8, 4, 2, 1] {
            for (((value, size), place), index) in values.iter().zip(&mut places).zip(0..) {
                if *size == wanted {
                    *place = Place(self.put_at_end(value.split_at(*size).0));
                    self.put_short(fields + 4 + 2 * index, place.0 - start);
                }
            }
        }
        self.put_short(fields, list);
        self.put_short(fields + 2, self.bytes.len() - start);
        places
    }

    pub(super) fn text(&mut self, from: Place, text: &str) {
        self.vector(from, text.len(), 4);
        self.bytes.extend_from_slice(text.as_bytes());
        self.bytes.push(0);
    }

    /// Writes a vector of structs, each of two numbers.
    pub(super) fn pairs(&mut self, from: Place, pairs: &[[i64; 2]]) {
        self.vector(from, pairs.len(), 8);
        self.bytes.extend(pairs.iter().flatten().flat_map(|value| value.to_le_bytes()));
    }

    /// Writes a vector of offsets.
    pub(super) fn offsets(&mut self, from: Place, length: usize) -> Vec<Place> {
        self.vector(from, length, 4);
        (0..length).map(|_| Place(self.put_at_end(&[0; 4]))).collect()
    }

    /// The buffer, its length a multiple of eight.
    pub(super) fn finish(mut self) -> Vec<u8> {
        self.bytes.resize(self.bytes.len().next_multiple_of(8), 0);
        self.bytes
    }

    /// Begins a vector whose elements are aligned to `align` bytes.
    fn vector(&mut self, from: Place, length: usize, align: usize) {
        while !(self.bytes.len() + 4).is_multiple_of(align) {
            self.bytes.push(0);
        }
        self.lead(from);
        self.put_at_end(&number(length));
    }

    /// Makes an offset lead to the end.
    fn lead(&mut self, Place(from): Place) {
        self.put(from, &number(self.bytes.len() - from));
    }

    fn put_at_end(&mut self, value: &[u8]) -> usize {
        self.bytes.extend_from_slice(value);
        self.bytes.len() - value.len()
    }

    /// A table has less than 64 KiB of fields.
    fn put_short(&mut self, place: usize, value: usize) {
        let [low, high, ..] = value.to_le_bytes();
        self.put(place, &[low, high]);
    }

    #[expect(clippy::indexing_slicing, reason = "places are of what was written before")]
    fn put(&mut self, place: usize, value: &[u8]) {
        self.bytes[place..place + value.len()].copy_from_slice(value);
    }
}

/// A length as a message has it.
#[expect(clippy::cast_possible_truncation, reason = "messages are far below 4 GiB")]
pub(super) fn number(value: usize) -> [u8; 4] {
    (value as u32).to_le_bytes()
}
