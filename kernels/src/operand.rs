//! Operands of loops over rows: a column, or one value that stands for every row.

/// Rows that go through a loop at once.
pub(crate) const BLOCK: usize = 64;

/// A value for each row, or one for all of them.
#[derive(Debug, Clone, Copy)]
pub enum Operand<'a, T> {
    /// A value for each row.
    Column(&'a [T]),
    /// The same value for every row.
    Constant(T),
}

impl<T: Copy> Operand<'_, T> {
    /// The values of a block of rows from `first` on. Behind the last row its value is repeated, in the place of `block`,
    /// which [`Operand::block`] has made. `None` where there is no row `first`.
    #[inline(always)]
    pub(crate) fn at<'a>(&'a self, first: usize, block: &'a mut [T; BLOCK]) -> Option<&'a [T; BLOCK]> {
        let Self::Column(values) = self else { return Some(block) };
        let values = values.get(first..)?;
        if let Some(values) = values.first_chunk() {
            return Some(values);
        }
        block.fill(*values.last()?);
        block.iter_mut().zip(values).for_each(|(to, from)| *to = *from);
        Some(block)
    }

    /// Where [`Operand::at`] writes what is no block already.
    #[inline(always)]
    pub(crate) fn block(&self) -> Option<[T; BLOCK]> {
        match self {
            Self::Column(values) => Some([*values.first()?; BLOCK]),
            Self::Constant(value) => Some([*value; BLOCK]),
        }
    }
}
