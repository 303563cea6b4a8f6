//! Order: of values for comparisons, of rows for ORDER BY.
//!
//! As in BigQuery, NULL sorts before everything and NaN before every other number.

use std::cmp::Ordering;

use arrow_array::cast::AsArray;
use arrow_array::types::{ArrowPrimitiveType, Date32Type, Float64Type, Int64Type, TimestampMicrosecondType};
use arrow_array::{Array, ArrayRef, UInt64Array};

use super::{DataType, Scalar};
use crate::diag::{Code, Error, Result};

/// One key of an ORDER BY.
pub(crate) struct SortKey {
    pub(crate) column: ArrayRef,
    pub(crate) data_type: DataType,
    pub(crate) descending: bool,
    pub(crate) nulls_first: bool,
}

/// NaN before every other number, -0.0 equal to 0.0.
pub(crate) fn compare_floats(a: f64, b: f64) -> Ordering {
    a.partial_cmp(&b).unwrap_or_else(|| b.is_nan().cmp(&a.is_nan()))
}

/// The order of two values of one orderable type; `None` where one is NULL or the types differ.
pub(crate) fn compare_scalars(a: &Scalar, b: &Scalar) -> Option<Ordering> {
    Some(match (a, b) {
        (Scalar::Int64(a), Scalar::Int64(b)) => a.cmp(b),
        (Scalar::Float64(a), Scalar::Float64(b)) => compare_floats(*a, *b),
        (Scalar::Bool(a), Scalar::Bool(b)) => a.cmp(b),
        (Scalar::String(a), Scalar::String(b)) => a.cmp(b),
        (Scalar::Bytes(a), Scalar::Bytes(b)) => a.cmp(b),
        (Scalar::Date(a), Scalar::Date(b)) => a.cmp(b),
        (Scalar::Timestamp(a), Scalar::Timestamp(b)) => a.cmp(b),
        _ => return None,
    })
}

/// Row numbers `0..rows` in the order of `keys`; rows that compare equal keep their order.
///
/// # Errors
/// `type-mismatch` for keys of a type without order.
pub(crate) fn sort_indices(rows: usize, keys: &[SortKey]) -> Result<UInt64Array> {
    let comparators = keys.iter().map(comparator).collect::<Result<Vec<_>>>()?;
    let mut indices: Vec<usize> = (0..rows).collect();
    indices.sort_by(|a, b| {
        comparators.iter().map(|compare| compare(*a, *b)).find(|it| it.is_ne()).unwrap_or(Ordering::Equal)
    });
    Ok(indices.into_iter().map(|it| it as u64).collect())
}

type Comparator<'a> = Box<dyn Fn(usize, usize) -> Ordering + 'a>;

fn comparator(key: &SortKey) -> Result<Comparator<'_>> {
    let array = &key.column;
    let values: Comparator<'_> = match key.data_type {
        DataType::Int64 => primitives::<Int64Type>(array, Ord::cmp)?,
        DataType::Float64 => primitives::<Float64Type>(array, |a, b| compare_floats(*a, *b))?,
        DataType::Date => primitives::<Date32Type>(array, Ord::cmp)?,
        DataType::Timestamp => primitives::<TimestampMicrosecondType>(array, Ord::cmp)?,
        DataType::Bool => {
            let array = array.as_boolean_opt().ok_or_else(|| layout(key))?;
            Box::new(move |a, b| array.value(a).cmp(&array.value(b)))
        }
        DataType::String => {
            let array = array.as_string_opt::<i32>().ok_or_else(|| layout(key))?;
            Box::new(move |a, b| array.value(a).cmp(array.value(b)))
        }
        DataType::Bytes => {
            let array = array.as_binary_opt::<i32>().ok_or_else(|| layout(key))?;
            Box::new(move |a, b| array.value(a).cmp(array.value(b)))
        }
        DataType::Array(_) | DataType::Struct(_) | DataType::Tensor => {
            return Err(Error::new(
                Code::TypeMismatch,
                format!("values of type {} have no order", key.data_type),
            ));
        }
    };
    let (descending, nulls_first) = (key.descending, key.nulls_first);
    Ok(Box::new(move |a, b| match (array.is_null(a), array.is_null(b)) {
        (false, false) if descending => values(b, a),
        (false, false) => values(a, b),
        (true, true) => Ordering::Equal,
        (a_is_null, _) if a_is_null == nulls_first => Ordering::Less,
        _ => Ordering::Greater,
    }))
}

fn primitives<T: ArrowPrimitiveType>(
    array: &ArrayRef,
    compare: fn(&T::Native, &T::Native) -> Ordering,
) -> Result<Comparator<'_>> {
    let values = array
        .as_primitive_opt::<T>()
        .ok_or_else(|| Error::new(Code::Internal, "a sort key has another layout than its type"))?
        .values();
    Ok(Box::new(move |a, b| match (values.get(a), values.get(b)) {
        (Some(a), Some(b)) => compare(a, b),
        (a, b) => a.is_some().cmp(&b.is_some()),
    }))
}

fn layout(key: &SortKey) -> Error {
    Error::new(Code::Internal, format!("a sort key is not of type {}", key.data_type))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::array_of;

    fn order(values: &[Scalar], data_type: DataType, descending: bool, nulls_first: bool) -> Vec<u64> {
        let column = array_of(values, &data_type).unwrap();
        let key = SortKey { column, data_type, descending, nulls_first };
        sort_indices(values.len(), &[key]).unwrap().values().to_vec()
    }

    #[test]
    fn null_then_nan_then_numbers() {
        let values = [
            Scalar::Float64(1.0),
            Scalar::Null,
            Scalar::Float64(f64::NAN),
            Scalar::Float64(f64::NEG_INFINITY),
        ];
        assert_eq!(order(&values, DataType::Float64, false, true), [1, 2, 3, 0]);
        assert_eq!(order(&values, DataType::Float64, true, false), [0, 3, 2, 1]);
        assert_eq!(order(&values, DataType::Float64, true, true), [1, 0, 3, 2]);
    }

    #[test]
    fn equal_rows_keep_their_order() {
        let values = ["b", "a", "b", "a"].map(|it| Scalar::String(it.into()));
        assert_eq!(order(&values, DataType::String, false, true), [1, 3, 0, 2]);
        assert_eq!(order(&values, DataType::String, true, false), [0, 2, 1, 3]);
    }
}
