//! Where an operator's inputs are among those that a node gives.

use crate::onnx::pb::NodeProto;

/// For each input by its number in the standard its place among those that are given: one that is left out has none.
#[derive(Debug, Clone)]
pub(super) struct Places(Vec<Option<usize>>);

impl Places {
    pub(super) fn of(node: &NodeProto) -> Self {
        let mut places = 0..;
        let place = |name: &String| if name.is_empty() { None } else { places.next() };
        Self(node.input.iter().map(place).collect())
    }

    /// How many inputs a node could give.
    pub(super) fn count(&self) -> usize {
        self.0.len()
    }

    pub(super) fn place(&self, number: usize) -> Option<usize> {
        *self.0.get(number)?
    }

    /// The input with this number, if it is there.
    pub(super) fn get<'a, T>(&self, inputs: &'a [T], number: usize) -> Option<&'a T> {
        inputs.get(self.place(number)?)
    }

    /// Places where only some are still read, and what these were.
    pub(super) fn without(&self, taken: &[usize]) -> (Self, Vec<usize>) {
        let mut read = Vec::new();
        let place = |(number, place): (usize, &Option<usize>)| {
            let place = place.filter(|_| !taken.contains(&number))?;
            read.push(place);
            Some(read.len() - 1)
        };
        let places = self.0.iter().enumerate().map(place).collect();
        (Self(places), read)
    }
}
