//! `Unique` of ai.onnx 11: elements, or slices along an axis, without repetitions. tract has none.

use tract_onnx::model::ParsingContext;
use tract_onnx::pb::NodeProto;
use tract_onnx::tract_hir::internal::{
    DatumType, TDim, TValue, TVec, Tensor, ToDim, TractResult, bail, tensor1, tvec,
};

use super::{Operator, Shape, elements, gather, input, resolve_axis, split_at_axis};

#[derive(Debug)]
pub(super) struct Unique {
    axis: Option<i64>,
    sorted: bool,
    /// The number of groups of equals, known when they have been counted.
    count: TDim,
}

/// Elements or slices that are equal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Group {
    /// The position of the first of them.
    first: usize,
    count: i64,
}

impl Operator for Unique {
    fn parse(ctx: &ParsingContext<'_>, node: &NodeProto) -> TractResult<Self> {
        let sorted = node.get_attr_opt::<i64>("sorted")?.unwrap_or(1) != 0;
        let count = ctx.template.symbols.new_with_prefix("unique").to_dim();
        Ok(Self { axis: node.get_attr_opt("axis")?, sorted, count })
    }

    fn outputs(&self, inputs: &[Shape]) -> TractResult<TVec<Shape>> {
        let [(element, shape)] = inputs else { bail!("expected one input") };
        let count: TVec<TDim> = tvec!(self.count.clone());
        let (kept, all) = match self.axis {
            Some(axis) => {
                let mut kept = shape.clone();
                let Some(length) = kept.get_mut(resolve_axis(axis, shape.len())?) else { bail!("no axis") };
                let all = std::mem::replace(length, self.count.clone());
                (kept, all)
            }
            None => (count.clone(), shape.iter().product()),
        };
        let ints = |shape| (DatumType::I64, shape);
        Ok(tvec!((*element, kept), ints(count.clone()), ints(tvec!(all)), ints(count)))
    }

    #[expect(
        clippy::indexing_slicing,
        reason = "there is a key for every element, and the axis is one of the shape's"
    )]
    fn eval(&self, inputs: &[TValue]) -> TractResult<TVec<Tensor>> {
        let x = input(inputs, 0)?;
        let axis = self.axis.map(|axis| resolve_axis(axis, x.rank())).transpose()?;
        let (outer, length, inner) = match axis {
            Some(axis) => split_at_axis(x.shape(), axis)?,
            None => (1, x.len(), 1),
        };
        let keys = keys(x)?;
        let members = |slice: usize| {
            (0..outer).flat_map(move |block| {
                (0..inner).map(move |element| (block * length + slice) * inner + element)
            })
        };
        let slices: Vec<Vec<u8>> = (0..length)
            .map(|slice| members(slice).flat_map(|index| &keys[index]).copied().collect())
            .collect();
        let (groups, inverse) = group(&slices, self.sorted);

        let mut shape: TVec<usize> = tvec!(groups.len());
        if let Some(axis) = axis {
            shape = x.shape().into();
            shape[axis] = groups.len();
        }
        let mut indexes = Vec::with_capacity(shape.iter().product());
        for block in 0..outer {
            for group in &groups {
                indexes.extend((0..inner).map(|element| (block * length + group.first) * inner + element));
            }
        }
        let firsts = groups.iter().map(|group| i64::try_from(group.first)).collect::<Result<Vec<_>, _>>()?;
        let counts: Vec<i64> = groups.iter().map(|group| group.count).collect();
        Ok(tvec!(gather(x, &indexes, &shape)?, tensor1(&firsts), tensor1(&inverse), tensor1(&counts)))
    }
}

/// The groups of equal keys, in the order of the keys where they are `sorted` and otherwise of their first members; and
/// the position of the group of every key.
#[expect(clippy::indexing_slicing, reason = "`order` and `ranks` hold positions of keys and of groups")]
fn group(keys: &[Vec<u8>], sorted: bool) -> (Vec<Group>, Vec<i64>) {
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
    if !sorted {
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
fn keys(tensor: &Tensor) -> TractResult<Vec<Vec<u8>>> {
    const SIGN: u64 = 1 << 63;
    Ok(match tensor.datum_type() {
        // Two zeros end a text; a zero within it is followed by a one.
        DatumType::String => elements::<String>(tensor)?
            .into_iter()
            .map(|text| [text.replace('\0', "\0\u{1}").as_bytes(), &[0, 0]].concat())
            .collect(),
        element if element.is_float() => {
            let key = |value: f64| {
                // Adding zero makes both zeros positive.
                let bits = (value + 0.0).to_bits();
                if bits & SIGN == 0 { bits | SIGN } else { !bits }
            };
            elements(tensor)?.into_iter().map(|value| key(value).to_be_bytes().to_vec()).collect()
        }
        _ => {
            let key = |value: i64| value.cast_unsigned() ^ SIGN;
            elements(tensor)?.into_iter().map(|value| key(value).to_be_bytes().to_vec()).collect()
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_that_hold_zeros_are_told_apart() {
        let key = |texts: [&str; 2]| keys(&tensor1(&texts.map(String::from))).unwrap().concat();
        assert_ne!(key(["a\0", "b"]), key(["a", "\0b"]));
        assert!(key(["a", "z"]) < key(["a\0", "a"]));
        assert!(key(["a\0", "z"]) < key(["ab", "a"]));
    }
}
