//! Buckets: by split points, by quantiles, by hash.

use std::borrow::Cow;
use std::sync::Arc;

use arrow_array::ArrayRef;

use super::{VECTOR, choice, flag, int_option, numbers, option, out_of};
use crate::data::Scalar;
use crate::diag::{Code, Error, Invariant, Result};
use crate::function::array_view::VectorView;
use crate::function::scalar::fingerprint;
use crate::function::{BatchCall, Body, Fitted, Function, Signature, Type};

pub(super) const FUNCTIONS: &[Function] = &[
    Function::new(
        "ML.BUCKETIZE",
        "The name of the bucket, between split points, that the number falls into. TRUE leaves out the first and last split point.",
        &[Signature::scalar(&[Type::Float64, VECTOR, Type::Bool, Type::String], Type::String, bucketize)
            .optional(2)],
    ),
    Function::new(
        "ML.QUANTILE_BUCKETIZE",
        "The name of the bucket that the number falls into, where quantiles divide the column into equally filled buckets.",
        &[Signature::new(&[Type::Float64, Type::Int64, Type::String], Type::String, Body::Fit(quantiles))
            .optional(1)],
    ),
    Function::new(
        "ML.HASH_BUCKETIZE",
        "The hash of a string, modulo the number of buckets; the hash itself if that number is 0.",
        &[Signature::scalar(&[Type::String, Type::Int64], Type::Int64, hash)],
    ),
];

const FORMATS: &[&str] = &["bucket_names", "bucket_ranges", "bucket_ranges_json"];

/// Split points in ascending order, and the names of the buckets, of which there is one more.
#[derive(Debug)]
struct Buckets {
    points: Vec<f64>,
    names: Vec<String>,
}

impl Buckets {
    /// Buckets whose names have the format with this index in [`FORMATS`].
    fn new(points: Vec<f64>, format: usize) -> Self {
        // The first bucket has no start, and the last no end.
        let bound = |point: Option<&f64>, infinity: &str| match point {
            Some(point) => Scalar::Float64(*point).to_string(),
            None => infinity.to_owned(),
        };
        let name = |index: usize| {
            let (start, end) = (index.checked_sub(1).and_then(|start| points.get(start)), points.get(index));
            match format {
                0 => format!("bin_{}", index + 1),
                1 => {
                    let open = if start.is_some() { '[' } else { '(' };
                    format!("{open}{}, {})", bound(start, "-inf"), bound(end, "+inf"))
                }
                _ => format!(
                    r#"{{"start": "{}", "end": "{}"}}"#,
                    bound(start, "-Infinity"),
                    bound(end, "Infinity")
                ),
            }
        };
        let names = (0..=points.len()).map(name).collect();
        Self { points, names }
    }

    #[expect(clippy::indexing_slicing, reason = "there is a name more than points")]
    fn name(&self, value: f64) -> &str {
        &self.names[self.points.partition_point(|point| *point <= value)]
    }
}

impl Fitted for Buckets {
    /// NaN has no bucket, as NULL has none.
    fn apply(&self, call: &BatchCall<'_>) -> Result<ArrayRef> {
        let values = call.arg(0)?.floats()?;
        call.strings(&|row| {
            let value = values.get(row).filter(|value| !value.is_nan());
            Ok(value.map(|value| Cow::Borrowed(self.name(value))))
        })
    }
}

fn bucketize(call: &BatchCall<'_>) -> Result<ArrayRef> {
    let points = option(call, 1, "split_points")?.invariant("the split points of a call")?;
    let points = VectorView::new(points)?.get(0)?.invariant("split points, which are not NULL")?;
    if let Some(point) = points.iter().find(|point| !point.is_finite()) {
        return Err(out_of("split_points", "to be finite numbers", point));
    }
    if !points.is_sorted() {
        return Err(Error::new(Code::InvalidValue, "expected `split_points` in ascending order")
            .hint("write the smallest point first"));
    }
    let inner = flag(call, 2, "exclude_boundaries", false)?;
    let format = choice(call, 3, "output_format", FORMATS)?;
    let points = match (points, inner) {
        ([_, points @ .., _], true) => points,
        ([] | [_], true) | ([], false) => {
            let least = if inner { "two points" } else { "one point" };
            return Err(out_of("split_points", &format!("of at least {least}"), points.len()));
        }
        (points, false) => points,
    };
    Buckets::new(points.to_vec(), format).apply(call)
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::indexing_slicing,
    reason = "ranks are from 1 to the number of values"
)]
fn quantiles(call: &BatchCall<'_>) -> Result<Arc<dyn Fitted>> {
    let buckets = int_option(call, 1, "num_buckets")?.invariant("the number of buckets of a call")?;
    let Ok(buckets @ 1..) = usize::try_from(buckets) else {
        return Err(out_of("num_buckets", "of at least 1", buckets));
    };
    let format = choice(call, 2, "output_format", FORMATS)?;
    let mut values = numbers(call)?;
    values.retain(|value| !value.is_nan());
    values.sort_unstable_by(f64::total_cmp);
    if buckets <= values.len() {
        // In whole numbers: a third of three is one.
        let count = values.len() as u64;
        let rank = |index: usize| (count * index as u64).div_ceil(buckets as u64) as usize;
        values = (1..buckets).map(|index| values[rank(index) - 1]).collect();
    }
    values.dedup();
    Ok(Arc::new(Buckets::new(values, format)))
}

fn hash(call: &BatchCall<'_>) -> Result<ArrayRef> {
    let buckets = int_option(call, 1, "hash_bucket_size")?.invariant("the number of buckets of a call")?;
    let Ok(count) = u64::try_from(buckets) else {
        return Err(out_of("hash_bucket_size", "of at least 0", buckets));
    };
    let values = call.arg(0)?.strings()?;
    let bucket = |value: &str| {
        let hash = fingerprint(value.as_bytes());
        if count == 0 { hash.cast_signed() } else { (hash % count).cast_signed() }
    };
    call.ints(&|row| Ok(values.get(row).map(bucket)))
}
