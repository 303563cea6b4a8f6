//! Places of keys in a list of keys: strings, whole numbers or floats.

use std::collections::HashMap;
use std::hash::Hash;

use tract_onnx::tract_hir::internal::{DatumType, Tensor, TractResult};

use super::values::elements;

/// Keys by which places are found. Floats go by their bits, all NaN being one key.
#[derive(Debug)]
pub(super) enum Keys {
    Ints(HashMap<i64, usize>),
    Strings(HashMap<String, usize>),
    Floats(HashMap<u64, usize>),
}

impl Keys {
    pub(super) fn new(keys: &Tensor) -> TractResult<Self> {
        Ok(match keys.datum_type() {
            DatumType::String => Self::Strings(index(elements::<String>(keys)?)),
            dt if dt.is_float() => Self::Floats(index(elements::<f64>(keys)?.into_iter().map(bits))),
            _ => Self::Ints(index(elements::<i64>(keys)?)),
        })
    }

    /// Whether the keys are of a kind with values of the type `sought`.
    pub(super) fn take(&self, sought: DatumType) -> bool {
        match self {
            Self::Strings(_) => sought == DatumType::String,
            Self::Floats(_) => sought.is_float(),
            Self::Ints(_) => sought.is_integer() || sought.is_tdim(),
        }
    }

    /// The place of every element of `sought`. Floats that look for whole numbers lose their fraction.
    pub(super) fn places(&self, sought: &Tensor) -> TractResult<Vec<Option<usize>>> {
        Ok(match self {
            Self::Strings(keys) => find(keys, elements::<String>(sought)?),
            Self::Floats(keys) => find(keys, elements::<f64>(sought)?.into_iter().map(bits)),
            Self::Ints(keys) if sought.datum_type().is_float() => {
                let sought = elements::<f64>(sought)?.into_iter();
                sought.map(|key| if key.is_nan() { None } else { keys.get(&(key as i64)).copied() }).collect()
            }
            Self::Ints(keys) => find(keys, elements::<i64>(sought)?),
        })
    }
}

/// The first of equal keys counts.
fn index<K: Hash + Eq>(keys: impl IntoIterator<Item = K>) -> HashMap<K, usize> {
    let mut index = HashMap::new();
    for (place, key) in keys.into_iter().enumerate() {
        index.entry(key).or_insert(place);
    }
    index
}

fn find<K: Hash + Eq>(keys: &HashMap<K, usize>, sought: impl IntoIterator<Item = K>) -> Vec<Option<usize>> {
    sought.into_iter().map(|key| keys.get(&key).copied()).collect()
}

fn bits(key: f64) -> u64 {
    // Adding zero makes one zero of the two.
    if key.is_nan() { f64::NAN.to_bits() } else { (key + 0.0).to_bits() }
}
