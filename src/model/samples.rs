//! Lengths to load a graph with: its shapes are checked, and it is rewritten, for a sample of its inputs. Most graphs take
//! any lengths. In the others they depend on one another (a mask is as long as the cache and the new steps together), on
//! what the graph holds (a table of positions), or on a window that is slid over them; such lengths are searched for.

use super::graph_port::GraphPort;
use super::shapes::RowShapes;
use crate::data::DataType;
use crate::onnx::Dim;

/// Where there are more free lengths, not all combinations of some numbers are tried.
const COMBINED: usize = 3;

/// Free lengths of inputs that are the same.
#[derive(PartialEq)]
enum Key<'a> {
    Named(&'a str),
    /// Without a name, those at the same place of rows that are alike otherwise.
    Placed(usize, Vec<Option<usize>>),
}

/// The free lengths of the inputs, each once.
struct Free<'a> {
    inputs: &'a [GraphPort],
    keys: Vec<Key<'a>>,
}

/// The first lengths that the graph `takes`, of so many `tries`, with others for the places that can have others. The graph itself
/// speaks of the lengths `spoken`.
pub(super) fn find(
    inputs: &[GraphPort],
    spoken: &[usize],
    tries: usize,
    takes: &dyn Fn(&RowShapes) -> bool,
) -> Option<RowShapes> {
    let free = Free::of(inputs);
    let all = |length: &usize| vec![*length; free.keys.len()];
    std::iter::once(free.usual())
        .chain([8, 64].iter().chain(spoken).chain(&[1024, 16_384, 1]).map(all))
        .chain(free.combinations())
        .take(tries)
        .map(|lengths| free.rows(&lengths))
        .find(|rows| !free.keys.is_empty() && takes(rows))
}

/// Few steps wherever lengths are free.
pub(super) fn short(inputs: &[GraphPort]) -> RowShapes {
    let free = Free::of(inputs);
    free.rows(&vec![8; free.keys.len()])
}

/// Lengths that differ from those of `rows`: in all places, in one, or those of which the graph itself speaks.
pub(super) fn others(inputs: &[GraphPort], spoken: &[usize], rows: &RowShapes) -> Vec<RowShapes> {
    let free = Free::of(inputs);
    let count = free.keys.len();
    let found =
        |key| free.places().zip(rows.iter().flatten()).find(|(place, _)| place.2.as_ref() == Some(key));
    // Default: a key is that of a place.
    let lengths: Vec<usize> =
        free.keys.iter().map(|key| found(key).map_or(0, |(_, length)| *length)).collect();
    let changed = |change: &dyn Fn(usize, usize) -> usize| {
        let lengths: Vec<_> = (0..).zip(&lengths).map(|(at, length)| change(at, *length)).collect();
        free.rows(&lengths)
    };
    let single = (0..count).map(|one| changed(&|at, length| length + usize::from(at == one)));
    let all = spoken.iter().map(|length| changed(&|_, _| *length)).filter(|other| other != rows);
    [changed(&|_, length| length + 1), changed(&|_, length| length * 2)]
        .into_iter()
        .chain(single)
        .chain(all)
        .collect()
}

impl<'a> Free<'a> {
    fn of(inputs: &'a [GraphPort]) -> Self {
        let mut free = Self { inputs, keys: Vec::new() };
        for (_, _, key) in free.places().collect::<Vec<_>>() {
            free.keys.extend(key.filter(|key| !free.keys.contains(key)));
        }
        // What is the sum of others is no length of its own.
        let sums: Vec<bool> =
            free.keys.iter().map(|key| free.sum(key, &vec![0; free.keys.len()]).is_some()).collect();
        let mut is_sum = sums.into_iter();
        free.keys.retain(|_| is_sum.next() == Some(false));
        free
    }

    /// Every dimension of the inputs' rows with its port, and its key where it is free.
    fn places(&self) -> impl Iterator<Item = (&'a GraphPort, &'a Dim, Option<Key<'a>>)> + use<'a> {
        self.inputs.iter().flat_map(|port| {
            port.row_shape().iter().enumerate().map(move |(axis, dim)| {
                let key = match dim {
                    Dim::Fixed(_) => None,
                    Dim::Free(name) if !name.is_empty() => Some(Key::Named(name)),
                    Dim::Free(_) => {
                        Some(Key::Placed(axis, port.row_shape().iter().map(Dim::fixed).collect()))
                    }
                };
                (port, dim, key)
            })
        })
    }

    /// The rows of the inputs in which the keys have these lengths.
    fn rows(&self, lengths: &[usize]) -> RowShapes {
        let of = |key: &Key<'_>| {
            let at = self.keys.iter().position(|known| known == key);
            at.and_then(|at| lengths.get(at).copied()).or_else(|| self.sum(key, lengths))
        };
        let mut places = self.places();
        let mut row = |port: &GraphPort| {
            let places = places.by_ref().take(port.row_shape().len());
            // Default: a free place has a key, whose length is known.
            places.map(|(_, dim, key)| dim.fixed().or_else(|| of(&key?)).unwrap_or(1)).collect()
        };
        self.inputs.iter().map(&mut row).collect()
    }

    /// The length that is called `past + new`, where these are lengths of their own or numbers.
    fn sum(&self, key: &Key<'_>, lengths: &[usize]) -> Option<usize> {
        let Key::Named(name) = key else { return None };
        let term = |term: &str| {
            let key = Key::Named(term.trim());
            let known =
                self.keys.iter().position(|known| *known == key).and_then(|at| lengths.get(at).copied());
            known.or_else(|| term.trim().parse().ok())
        };
        name.contains('+').then(|| name.split('+').map(term).sum())?
    }

    /// The sides of pictures and the like where a length is only theirs, and elsewhere few steps.
    fn usual(&self) -> Vec<usize> {
        let is_of_pictures = |key: &Key<'_>| {
            let mut ports = self.places().filter(|place| place.2.as_ref() == Some(key));
            ports.all(|(port, ..)| port.data_type == DataType::Tensor)
        };
        self.keys.iter().map(|key| if is_of_pictures(key) { 224 } else { 8 }).collect()
    }

    /// All combinations of some lengths, where there are few places for them.
    fn combinations(&self) -> Vec<Vec<usize>> {
        if self.keys.len() > COMBINED {
            return Vec::new();
        }
        let longer =
            |lengths: &Vec<usize>| [8, 16, 1, 0].map(|length| [lengths.as_slice(), &[length]].concat());
        let all: Vec<Vec<usize>> =
            (0..self.keys.len()).fold(vec![Vec::new()], |all, _| all.iter().flat_map(longer).collect());
        // Nothing but empty rows is nothing.
        all.into_iter().filter(|lengths| lengths.iter().any(|length| *length > 0)).collect()
    }
}
