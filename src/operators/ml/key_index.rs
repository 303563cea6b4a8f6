//! Where a key stands in a list of keys: strings, integers or floats. Label and one-hot encoders look values up in it.

use std::collections::HashMap;
use std::hash::Hash;

use anyhow::Result;

use crate::tensor::{ElementType, Tensor};

/// Maps keys to their positions in the list. Floats are compared by their bits, all NaN being one key.
#[derive(Debug)]
pub(super) enum KeyIndex {
    Ints(HashMap<i64, usize>),
    Strings(HashMap<String, usize>),
    Floats(HashMap<u64, usize>),
}

impl KeyIndex {
    pub(super) fn new(keys: &Tensor) -> Result<Self> {
        Ok(match keys.element() {
            ElementType::String => Self::Strings(index(keys.to_vec::<String>()?)),
            element if element.is_float() => {
                Self::Floats(index(keys.to_vec::<f64>()?.into_iter().map(float_key)))
            }
            _ => Self::Ints(index(keys.to_vec::<i64>()?)),
        })
    }

    /// Whether values of the type `sought` are of the same kind as the keys.
    pub(super) fn takes(&self, sought: ElementType) -> bool {
        match self {
            Self::Strings(_) => sought == ElementType::String,
            Self::Floats(_) => sought.is_float(),
            Self::Ints(_) => sought.is_integer(),
        }
    }

    /// The position of every element of `sought`; `None` for those that are not in the list. Floats that are looked up
    /// among integers lose their fraction.
    pub(super) fn positions(&self, sought: &Tensor) -> Result<Vec<Option<usize>>> {
        Ok(match self {
            Self::Strings(keys) => find(keys, sought.to_vec::<String>()?),
            Self::Floats(keys) => find(keys, sought.to_vec::<f64>()?.into_iter().map(float_key)),
            Self::Ints(keys) if sought.element().is_float() => {
                let sought = sought.to_vec::<f64>()?.into_iter();
                sought.map(|key| keys.get(&int_key(key)?).copied()).collect()
            }
            Self::Ints(keys) => find(keys, sought.to_vec::<i64>()?),
        })
    }
}

/// The first of equal keys counts.
fn index<K: Hash + Eq>(keys: impl IntoIterator<Item = K>) -> HashMap<K, usize> {
    let mut index = HashMap::new();
    for (position, key) in keys.into_iter().enumerate() {
        index.entry(key).or_insert(position);
    }
    index
}

fn find<K: Hash + Eq>(keys: &HashMap<K, usize>, sought: impl IntoIterator<Item = K>) -> Vec<Option<usize>> {
    sought.into_iter().map(|key| keys.get(&key).copied()).collect()
}

/// The bits of a float; the two zeros are one key, since adding zero makes both positive.
fn float_key(key: f64) -> u64 {
    if key.is_nan() { f64::NAN.to_bits() } else { (key + 0.0).to_bits() }
}

/// A float as an integer key; NaN is none.
#[expect(clippy::cast_possible_truncation, reason = "onnxruntime cuts the fraction off, too")]
fn int_key(key: f64) -> Option<i64> {
    if key.is_nan() { None } else { Some(key as i64) }
}
