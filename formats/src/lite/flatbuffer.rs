//! FlatBuffers, read in place: tables whose fields lie where a list of their own says. No offset is believed: each read is
//! compared with the file's length, so a lying one is a refusal that names its place.

use std::fmt;

use prost::bytes::Bytes;

use crate::refusal::{Refusal, Result};

/// A file, with the name that refusals call it by.
#[derive(Debug)]
pub(super) struct File<'a> {
    pub(super) name: &'a str,
    pub(super) bytes: &'a Bytes,
}

impl<'a> File<'a> {
    /// The table that the file begins with.
    pub(super) fn root(&'a self) -> Result<Table<'a>> {
        Table::at(self, self.forward(0)?)
    }

    pub(super) fn damaged(&self, what: impl fmt::Display) -> Refusal {
        Refusal::damaged(self.name, what)
    }

    fn array<const N: usize>(&self, place: usize) -> Result<[u8; N]> {
        let found = place.checked_add(N).and_then(|end| self.bytes.get(place..end));
        found.and_then(|bytes| bytes.try_into().ok()).ok_or_else(|| self.outside(place, N))
    }

    /// What lies outside: a file that was cut off looks like one whose offsets lie.
    fn outside(&self, place: usize, length: usize) -> Refusal {
        let whole = self.bytes.len();
        self.damaged(format!(
            "it names {length} bytes at {place}, and has {whole}: it was cut off, or its offsets are wrong"
        ))
    }

    /// The place that an offset at `place` leads to.
    fn forward(&self, place: usize) -> Result<usize> {
        let offset = u32::from_le_bytes(self.array(place)?) as usize;
        place.checked_add(offset).filter(|_| offset > 0).ok_or_else(|| self.outside(place, offset))
    }
}

/// A table: a list of fields, each of which may be missing.
#[derive(Debug, Clone, Copy)]
pub(super) struct Table<'a> {
    file: &'a File<'a>,
    place: usize,
    /// Where the list of its fields begins, and how many bytes it has.
    list: usize,
    list_bytes: usize,
}

impl<'a> Table<'a> {
    fn at(file: &'a File<'a>, place: usize) -> Result<Self> {
        let back = i32::from_le_bytes(file.array(place)?);
        let list = i64::try_from(place).ok().and_then(|place| usize::try_from(place - i64::from(back)).ok());
        let list =
            list.ok_or_else(|| file.damaged(format!("the table at {place} has its fields before the file")))?;
        let list_bytes = u16::from_le_bytes(file.array(list)?).into();
        Ok(Self { file, place, list, list_bytes })
    }

    /// Where the field is, if it is there.
    fn field(&self, slot: usize) -> Result<Option<usize>> {
        let entry = 4 + 2 * slot;
        if entry + 2 > self.list_bytes {
            return Ok(None);
        }
        let offset = u16::from_le_bytes(self.file.array(self.list + entry)?);
        Ok((offset != 0).then(|| self.place + usize::from(offset)))
    }

    fn scalar<const N: usize>(&self, slot: usize) -> Result<Option<[u8; N]>> {
        self.field(slot)?.map(|place| self.file.array(place)).transpose()
    }

    /// A small number or a flag; 0 where it is missing, as every one of them that is read has it.
    pub(super) fn byte(&self, slot: usize) -> Result<u8> {
        Ok(self.scalar(slot)?.map_or(0, u8::from_le_bytes))
    }

    pub(super) fn flag(&self, slot: usize) -> Result<bool> {
        Ok(self.byte(slot)? != 0)
    }

    pub(super) fn int(&self, slot: usize, missing: i32) -> Result<i32> {
        Ok(self.scalar(slot)?.map_or(missing, i32::from_le_bytes))
    }

    pub(super) fn index(&self, slot: usize) -> Result<usize> {
        Ok(self.scalar(slot)?.map_or(0, u32::from_le_bytes) as usize)
    }

    pub(super) fn long(&self, slot: usize) -> Result<u64> {
        Ok(self.scalar(slot)?.map_or(0, u64::from_le_bytes))
    }

    pub(super) fn float(&self, slot: usize, missing: f32) -> Result<f32> {
        Ok(self.scalar(slot)?.map_or(missing, f32::from_le_bytes))
    }

    pub(super) fn table(&self, slot: usize) -> Result<Option<Self>> {
        self.field(slot)?.map(|place| Self::at(self.file, self.file.forward(place)?)).transpose()
    }

    /// A text; `None` where it is missing.
    pub(super) fn text(&self, slot: usize) -> Result<Option<&'a str>> {
        let Some((place, bytes)) = self.elements(slot, 1)? else { return Ok(None) };
        let found = std::str::from_utf8(bytes);
        found.map(Some).map_err(|_| self.file.damaged(format!("the text at {place} is not UTF-8")))
    }

    /// The place and the bytes of the elements of a list.
    fn elements(&self, slot: usize, element: usize) -> Result<Option<(usize, &'a [u8])>> {
        let Some(place) = self.field(slot)? else { return Ok(None) };
        let list = self.file.forward(place)?;
        let count = u32::from_le_bytes(self.file.array(list)?) as usize;
        let (start, length) = (list + 4, count.saturating_mul(element));
        let found = start.checked_add(length).and_then(|end| self.file.bytes.get(start..end));
        found.map(|bytes| Some((start, bytes))).ok_or_else(|| self.file.outside(start, length))
    }

    /// The bytes of a list, which stay where they are.
    pub(super) fn bytes(&self, slot: usize) -> Result<Option<Bytes>> {
        Ok(self.elements(slot, 1)?.map(|(_, bytes)| self.file.bytes.slice_ref(bytes)))
    }

    fn list<const N: usize>(&self, slot: usize) -> Result<&'a [[u8; N]]> {
        Ok(self.elements(slot, N)?.map_or(&[][..], |(_, bytes)| bytes.as_chunks().0))
    }

    /// A list of numbers; none where it is missing.
    pub(super) fn ints(&self, slot: usize) -> Result<Vec<i32>> {
        Ok(self.list(slot)?.iter().map(|bytes| i32::from_le_bytes(*bytes)).collect())
    }

    pub(super) fn longs(&self, slot: usize) -> Result<Vec<i64>> {
        Ok(self.list(slot)?.iter().map(|bytes| i64::from_le_bytes(*bytes)).collect())
    }

    pub(super) fn floats(&self, slot: usize) -> Result<Vec<f32>> {
        Ok(self.list(slot)?.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect())
    }

    /// A list of tables; none where it is missing.
    pub(super) fn tables(&self, slot: usize) -> Result<Tables<'a>> {
        let (place, bytes) = self.elements(slot, 4)?.unwrap_or((0, &[]));
        Ok(Tables { file: self.file, place, count: bytes.len() / 4 })
    }
}

/// A list of tables, each of which is read when it is wanted.
#[derive(Debug, Clone, Copy)]
pub(super) struct Tables<'a> {
    file: &'a File<'a>,
    place: usize,
    count: usize,
}

impl<'a> Tables<'a> {
    pub(super) fn len(&self) -> usize {
        self.count
    }

    /// The table `index`; `None` beyond the last one.
    pub(super) fn get(&self, index: usize) -> Result<Option<Table<'a>>> {
        if index >= self.count {
            return Ok(None);
        }
        Table::at(self.file, self.file.forward(self.place + 4 * index)?).map(Some)
    }

    pub(super) fn iter(self) -> impl Iterator<Item = Result<Table<'a>>> {
        (0..self.count).filter_map(move |index| self.get(index).transpose())
    }
}
