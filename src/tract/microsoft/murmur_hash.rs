//! `MurmurHash3` of com.microsoft 1: the hash of 32 bits by which scikit-learn's FeatureHasher puts words into columns.
//! tract has none.

use tract_onnx::model::ParsingContext;
use tract_onnx::pb::NodeProto;
use tract_onnx::tract_hir::internal::{DatumType, TValue, TVec, Tensor, TractResult, ensure, tensor1, tvec};

use super::{Operator, Shape, only};

#[derive(Debug)]
pub(super) struct MurmurHash3 {
    seed: u32,
    output: DatumType,
}

impl Operator for MurmurHash3 {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "as in onnxruntime, the seed is the low 32 bits of the attribute"
    )]
    fn parse(_: &ParsingContext<'_>, node: &NodeProto) -> TractResult<Self> {
        let positive = node.get_attr_opt::<i64>("positive")?.unwrap_or(1) != 0;
        let seed = node.get_attr_opt::<i64>("seed")?.unwrap_or(0) as u32;
        Ok(Self { seed, output: if positive { DatumType::U32 } else { DatumType::I32 } })
    }

    fn outputs(&self, inputs: &[Shape]) -> TractResult<TVec<Shape>> {
        let (values, shape) = only(inputs)?;
        ensure!(
            *values == DatumType::String || values.size_of() % 4 == 0,
            "values of {values:?} have no hash"
        );
        Ok(tvec!((self.output, shape.clone())))
    }

    fn eval(&self, inputs: &[TValue]) -> TractResult<TVec<Tensor>> {
        let input = only(inputs)?;
        let view = input.try_as_plain_ram()?;
        let hashes: Vec<u32> = match input.datum_type() {
            DatumType::String => {
                view.as_slice::<String>()?.iter().map(|text| murmur(text.as_bytes(), self.seed)).collect()
            }
            values => {
                view.as_bytes().chunks(values.size_of()).map(|value| murmur(value, self.seed)).collect()
            }
        };
        let hashes = match self.output {
            DatumType::U32 => tensor1(&hashes),
            _ => tensor1(&hashes.into_iter().map(u32::cast_signed).collect::<Vec<i32>>()),
        };
        Ok(tvec!(hashes.into_shape(input.shape())?))
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
