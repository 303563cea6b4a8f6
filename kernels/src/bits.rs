//! Bits of rows, as Arrow lays them out: the lowest bit of a byte first.

/// Bits from some place of bytes on.
#[derive(Debug, Clone, Copy)]
pub struct Bits<'a> {
    /// The bytes, of which all bits of rows are part.
    pub bytes: &'a [u8],
    /// The place of the first row's bit.
    pub offset: usize,
}

impl Bits<'_> {
    /// Whether the bit of `row` is set.
    #[inline(always)]
    #[expect(clippy::indexing_slicing, reason = "there is a bit for every row")]
    pub(crate) fn get(&self, row: usize) -> bool {
        let at = self.offset + row;
        self.bytes[at / 8] >> (at % 8) & 1 == 1
    }
}
