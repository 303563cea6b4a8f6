//! `MurmurHash3` of com.microsoft 1: the hash of 32 bits by which scikit-learn's FeatureHasher puts words into columns.

use anyhow::{Result, bail};

use super::{Context, Operator, Shape, only};
use crate::onnx::pb::NodeProto;
use crate::tensor::{Buffer, ElementType, Tensor};

#[derive(Debug)]
pub(super) struct MurmurHash3 {
    seed: u32,
    output: ElementType,
}

impl Operator for MurmurHash3 {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "as in onnxruntime, the seed is the low 32 bits of the attribute"
    )]
    fn parse(_: &Context<'_>, node: &NodeProto) -> Result<Self> {
        let positive = node.flag("positive", true)?;
        let seed = node.optional::<i64>("seed")?.unwrap_or(0) as u32;
        Ok(Self { seed, output: if positive { ElementType::U32 } else { ElementType::I32 } })
    }

    fn outputs(&self, inputs: &[Shape]) -> Result<Vec<Shape>> {
        Ok(vec![(self.output, only(inputs)?.1.clone())])
    }

    fn eval(&self, inputs: Vec<Tensor>) -> Result<Vec<Tensor>> {
        let input = only(&inputs)?;
        let hash = |bytes: &[u8]| murmur(bytes, self.seed);
        let hashes: Vec<u32> = match input.buffer() {
            Buffer::String(texts) => texts.iter().map(|text| hash(text.as_bytes())).collect(),
            Buffer::I32(ints) => ints.iter().map(|int| hash(&int.to_le_bytes())).collect(),
            Buffer::U32(ints) => ints.iter().map(|int| hash(&int.to_le_bytes())).collect(),
            Buffer::I64(ints) => ints.iter().map(|int| hash(&int.to_le_bytes())).collect(),
            Buffer::U64(ints) => ints.iter().map(|int| hash(&int.to_le_bytes())).collect(),
            Buffer::F32(floats) => floats.iter().map(|float| hash(&float.to_le_bytes())).collect(),
            Buffer::F64(floats) => floats.iter().map(|float| hash(&float.to_le_bytes())).collect(),
            _ => bail!("values of {:?} have no hash", input.element()),
        };
        let shape = input.shape().to_vec();
        Ok(vec![match self.output {
            ElementType::U32 => Tensor::new(shape, hashes)?,
            _ => Tensor::new(shape, hashes.into_iter().map(u32::cast_signed).collect())?,
        }])
    }
}

/// Austin Appleby's MurmurHash3 for machines of 32 bits.
#[expect(clippy::cast_possible_truncation, reason = "the hash takes the low 32 bits of the length")]
fn murmur(bytes: &[u8], seed: u32) -> u32 {
    let mixed = |word: u32| word.wrapping_mul(0xcc9e_2d51).rotate_left(15).wrapping_mul(0x1b87_3593);
    let (words, rest) = bytes.as_chunks::<4>();
    let mut hash = words.iter().fold(seed, |hash, word| {
        let hash = hash ^ mixed(u32::from_le_bytes(*word));
        hash.rotate_left(13).wrapping_mul(5).wrapping_add(0xe654_6b64)
    });
    let rest = rest.iter().rev().fold(0, |word, byte| word << 8 | u32::from(*byte));
    hash ^= mixed(rest);
    hash ^= bytes.len() as u32;
    hash = (hash ^ hash >> 16).wrapping_mul(0x85eb_ca6b);
    hash = (hash ^ hash >> 13).wrapping_mul(0xc2b2_ae35);
    hash ^ hash >> 16
}
