//! The length of an axis, as far as it is known before a graph runs.

use std::fmt;

/// A length: a number, or the product of a number and of unknown lengths, which are told apart by number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Dim {
    pub(crate) factor: usize,
    /// In ascending order.
    pub(crate) unknowns: Vec<usize>,
}

impl Dim {
    /// The length where it is known.
    pub(crate) fn known(&self) -> Option<usize> {
        self.unknowns.is_empty().then_some(self.factor)
    }

    /// The unknown length of the number `number`.
    pub(crate) fn unknown(number: usize) -> Self {
        Self { factor: 1, unknowns: vec![number] }
    }

    /// A length that only the values of inputs decide, different from all others.
    pub(crate) fn open() -> Self {
        Self::unknown(usize::MAX)
    }

    pub(crate) fn product<'a>(dims: impl IntoIterator<Item = &'a Self>) -> Self {
        let mut product = Self::from(1);
        for dim in dims {
            // A product beyond all numbers is the length of no tensor, and refused when one is made.
            product.factor = product.factor.saturating_mul(dim.factor);
            product.unknowns.extend(&dim.unknowns);
        }
        if product.factor == 0 {
            product.unknowns.clear();
        }
        product.unknowns.sort_unstable();
        product
    }
}

impl From<usize> for Dim {
    fn from(length: usize) -> Self {
        Self { factor: length, unknowns: Vec::new() }
    }
}

impl fmt::Display for Dim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.known() {
            Some(length) => write!(f, "{length}"),
            None => f.write_str("?"),
        }
    }
}
