//! `Unique` (11): elements, or slices along an axis, without repetitions.

use anyhow::{Result, bail};

use super::{Context, Dim, Operator, Shape, only, open, resolve_axis, split_at_axis};
use crate::onnx::pb::NodeProto;
use crate::tensor::{ElementType, Tensor, set};

#[derive(Debug)]
pub(super) struct Unique {
    axis: Option<i64>,
    is_sorted: bool,
}

/// Elements or slices that are equal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Group {
    /// The position of the first of them.
    first: usize,
    count: i64,
}

impl Operator for Unique {
    fn parse(_: &Context<'_>, node: &NodeProto) -> Result<Self> {
        Ok(Self { axis: node.optional("axis")?, is_sorted: node.flag("sorted", true)? })
    }

    fn outputs(&self, inputs: &[Shape]) -> Result<Vec<Shape>> {
        let (element, dims) = only(inputs)?;
        let (kept, all) = match self.axis {
            Some(axis) => {
                let mut kept = dims.clone();
                let Some(length) = kept.get_mut(resolve_axis(axis, dims.len())?) else { bail!("no axis") };
                let all = std::mem::replace(length, open());
                (kept, all)
            }
            None => (vec![open()], Dim::product(dims)),
        };
        let ints = |dim: Dim| (ElementType::I64, vec![dim]);
        Ok(vec![(*element, kept), ints(open()), ints(all), ints(open())])
    }

    #[expect(clippy::indexing_slicing, reason = "there is a key for every element")]
    fn eval(&self, inputs: Vec<Tensor>) -> Result<Vec<Tensor>> {
        let values = only(&inputs)?;
        let axis = self.axis.map(|axis| resolve_axis(axis, values.rank())).transpose()?;
        let (outer, length, inner) = match axis {
            Some(axis) => split_at_axis(values.shape(), axis)?,
            None => (1, values.len(), 1),
        };
        let keys = keys(values)?;
        let members = |slice: usize| {
            (0..outer).flat_map(move |block| {
                (0..inner).map(move |element| (block * length + slice) * inner + element)
            })
        };
        let slices: Vec<Vec<u8>> = (0..length)
            .map(|slice| members(slice).flat_map(|index| &keys[index]).copied().collect())
            .collect();
        let (groups, inverse) = group(&slices, self.is_sorted);

        let mut shape = vec![groups.len()];
        if let Some(axis) = axis {
            shape = values.shape().to_vec();
            set(&mut shape, axis, groups.len())?;
        }
        let starts = (0..outer)
            .flat_map(|block| groups.iter().map(move |group| (block * length + group.first) * inner));
        let kept = values.take_runs(&starts.collect::<Vec<_>>(), inner, shape)?;
        let firsts = groups.iter().map(|group| i64::try_from(group.first)).collect::<Result<Vec<_>, _>>()?;
        let counts = groups.iter().map(|group| group.count).collect();
        Ok(vec![kept, Tensor::vector(firsts), Tensor::vector(inverse), Tensor::vector(counts)])
    }
}

/// The groups of equal keys, in the order of the keys where they are `sorted` and otherwise of their first members; and
/// the position of the group of every key.
#[expect(clippy::indexing_slicing, reason = "`order` and `ranks` hold positions of keys and of groups")]
fn group(keys: &[Vec<u8>], is_sorted: bool) -> (Vec<Group>, Vec<i64>) {
    let mut order: Vec<usize> = (0..keys.len()).collect();
    order.sort_by_key(|key| &keys[*key]);
    let mut groups: Vec<Group> = Vec::new();
    let mut group_of = vec![0; keys.len()];
    for key in order {
        match groups.last_mut() {
            Some(group) if keys[group.first] == keys[key] => group.count += 1,
            _ => groups.push(Group { first: key, count: 1 }),
        }
        group_of[key] = groups.len() - 1;
    }
    let mut ranks: Vec<usize> = (0..groups.len()).collect();
    if !is_sorted {
        ranks.sort_by_key(|rank| groups[*rank]);
    }
    let mut position_of = vec![0; groups.len()];
    for (position, rank) in (0..).zip(&ranks) {
        position_of[*rank] = position;
    }
    let inverse = group_of.iter().map(|group| position_of[*group]).collect();
    (ranks.iter().map(|rank| groups[*rank]).collect(), inverse)
}

/// For every element bytes that compare as the elements do, also where the keys of several follow each other.
fn keys(tensor: &Tensor) -> Result<Vec<Vec<u8>>> {
    const SIGN: u64 = 1 << 63;
    let bytes = |key: u64| key.to_be_bytes().to_vec();
    Ok(match tensor.element() {
        // Two zeros end a text; a zero within it is followed by a one.
        ElementType::String => tensor
            .elements::<String>()?
            .iter()
            .map(|text| [text.replace('\0', "\0\u{1}").as_bytes(), &[0, 0]].concat())
            .collect(),
        ElementType::F32 | ElementType::F64 => {
            let key = |value: f64| {
                // Adding zero makes both zeros positive.
                let bits = (value + 0.0).to_bits();
                bytes(if bits & SIGN == 0 { bits | SIGN } else { !bits })
            };
            tensor.to_vec::<f64>()?.into_iter().map(key).collect()
        }
        ElementType::U64 => tensor.elements::<u64>()?.iter().copied().map(bytes).collect(),
        _ => {
            let integers = tensor.to_vec::<i64>()?.into_iter();
            integers.map(|value| bytes(value.cast_unsigned() ^ SIGN)).collect()
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_that_hold_zeros_are_told_apart() {
        let key =
            |texts: [&str; 2]| keys(&Tensor::vector(texts.map(String::from).to_vec())).unwrap().concat();
        assert_ne!(key(["a\0", "b"]), key(["a", "\0b"]));
        assert!(key(["a", "z"]) < key(["a\0", "a"]));
        assert!(key(["a\0", "z"]) < key(["ab", "a"]));
    }
}
