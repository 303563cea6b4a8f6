//! Which coalitions of features are predicted, and the weight of each in every feature's attribution.
//!
//! A coalition is a number whose bits say which features have the row's values. All ways of sampling are linear: an attribution is a
//! weighted sum of what is predicted for coalitions, so a list of weights is all that a way is.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow_array::{ArrayRef, Float64Array, Int64Array};

use super::text::float;
use crate::control::{SCATTER_STEP, scattered};
use crate::data::{Batch, DataType, Field, Schema};
use crate::diag::{Invariant, Result};
use crate::table::Table;

/// Samples of [`kernel`] beside two for each feature, as shap has it.
pub(super) const KERNEL_SAMPLES: usize = 2048;

/// Most samples of [`kernel`].
pub(super) const MOST_KERNEL_SAMPLES: usize = 16_384;

/// The weight `c` of the coalition `m` in the attribution of the feature `f`.
struct Weight {
    coalition: u64,
    feature: usize,
    weight: f64,
}

/// Every coalition with Shapley's weights, as SQL for rows `m`, `f`, `c`.
#[expect(clippy::cast_precision_loss, reason = "there are few features")]
pub(super) fn every(features: usize) -> String {
    let factorial = |number: usize| (1..=number).map(|factor| factor as f64).product::<f64>();
    let weight = |before: usize| factorial(before) * factorial(features - before - 1) / factorial(features);
    // By the number of features in it: with the feature, and without.
    let with: Vec<_> =
        (0..=features).map(|size| float(if size == 0 { 0.0 } else { weight(size - 1) })).collect();
    let without: Vec<_> =
        (0..=features).map(|size| float(if size == features { 0.0 } else { -weight(size) })).collect();
    format!(
        "SELECT m, f, IF(m & (1 << f) > 0, [{}][OFFSET(BIT_COUNT(m))], [{}][OFFSET(BIT_COUNT(m))]) AS c \
         FROM UNNEST(GENERATE_ARRAY(0, {})) AS m, UNNEST(GENERATE_ARRAY(0, {})) AS f",
        with.join(", "),
        without.join(", "),
        (1_u64 << features) - 1,
        features - 1
    )
}

/// The coalitions along `samples` random orders of the features, and along the same orders backwards.
#[expect(clippy::cast_precision_loss, reason = "there are few samples")]
pub(super) fn orders(features: usize, samples: usize, seed: u64) -> Result<Table> {
    let mut state = seed;
    let mut sums = BTreeMap::<_, f64>::new();
    let share = 1.0 / (2 * samples) as f64;
    for _ in 0..samples {
        let mut order: Vec<usize> = (0..features).collect();
        for last in (1..features).rev() {
            order.swap(last, below(&mut state, last + 1));
        }
        let backwards: Vec<_> = order.iter().rev().copied().collect();
        for order in [order, backwards] {
            let mut coalition = 0_u64;
            for feature in order {
                *sums.entry((coalition, feature)).or_default() -= share;
                coalition |= 1 << feature;
                *sums.entry((coalition, feature)).or_default() += share;
            }
        }
    }
    table(sums.into_iter().map(|((coalition, feature), weight)| Weight { coalition, feature, weight }))
}

/// Kernel SHAP (Lundberg and Lee, 2017): attributions are the coefficients of a weighted linear regression over coalitions, which add
/// up to what all features make together. Of 1 to 62 features at least two samples each.
pub(super) fn kernel(features: usize, samples: usize, seed: u64) -> Result<Table> {
    let last = features.checked_sub(1).invariant("a feature")?;
    let chosen = choose(features, samples, seed);
    // The last feature has what the others leave, and is not solved for.
    let bit = |coalition: u64, feature: usize| if (coalition >> feature) & 1 == 1 { 1.0 } else { 0.0 };
    let row = |coalition: u64| -> Vec<f64> {
        (0..last).map(|feature| bit(coalition, feature) - bit(coalition, last)).collect()
    };
    let mut products = vec![vec![0.0; last]; last];
    for (coalition, weight) in &chosen {
        let row = row(*coalition);
        for (line, left) in products.iter_mut().zip(&row) {
            line.iter_mut().zip(&row).for_each(|(sum, right)| *sum += weight * left * right);
        }
    }
    let inverse = inverse(products)?;
    let full = (1_u64 << features) - 1;
    let mut weights = Vec::new();
    let mut ends = vec![[0.0, 0.0]; last];
    for (coalition, weight) in &chosen {
        let row = row(*coalition);
        let mut left = 0.0;
        for (feature, (line, [empty, whole])) in inverse.iter().zip(&mut ends).enumerate() {
            let own = weight * line.iter().zip(&row).map(|(a, b)| a * b).sum::<f64>();
            *(if bit(*coalition, last) > 0.0 { whole } else { empty }) -= own;
            left -= own;
            weights.push(Weight { coalition: *coalition, feature, weight: own });
        }
        weights.push(Weight { coalition: *coalition, feature: last, weight: left });
    }
    let [mut empty, mut whole] = [-1.0, 1.0];
    for (feature, [own_empty, own_whole]) in ends.into_iter().enumerate() {
        empty -= own_empty;
        whole -= own_whole;
        weights.push(Weight { coalition: 0, feature, weight: own_empty });
        weights.push(Weight { coalition: full, feature, weight: own_whole });
    }
    weights.push(Weight { coalition: 0, feature: last, weight: empty });
    weights.push(Weight { coalition: full, feature: last, weight: whole });
    table(weights)
}

/// Coalitions, neither empty nor of all features, with the weights of the regression: all of those sizes whose coalitions are no more than
/// what is left of `samples`, from the smallest and largest inwards, and random ones of the others, each with its opposite.
#[expect(clippy::cast_precision_loss, reason = "weights are no exact numbers")]
fn choose(features: usize, samples: usize, seed: u64) -> BTreeMap<u64, f64> {
    let full = (1_u64 << features) - 1;
    let mut chosen = BTreeMap::new();
    let mut left = samples;
    // Of all coalitions of a size together, and of those of the size that their opposites have.
    let mass = |size: usize| {
        let pair = if 2 * size == features { 1.0 } else { 2.0 };
        pair * (features - 1) as f64 / (size * (features - size)) as f64
    };
    let mut size = 1;
    while 2 * size <= features {
        let own = count(features, size);
        let all = if 2 * size == features { own } else { 2 * own };
        if all > left {
            break;
        }
        let weight = mass(size) / all as f64;
        for coalition in of_size(features, size) {
            chosen.insert(coalition, weight);
            chosen.insert(full & !coalition, weight);
        }
        left -= all;
        size += 1;
    }
    let sizes: Vec<_> = (size..=features / 2).map(|size| (size, mass(size))).collect();
    let whole: f64 = sizes.iter().map(|(_, mass)| mass).sum();
    let pairs = left / 2;
    let mut state = seed;
    let weight = whole / (2 * pairs) as f64;
    for _ in 0..if sizes.is_empty() { 0 } else { pairs } {
        let mut place = whole * (random(&mut state) >> 11) as f64 / (1_u64 << 53) as f64;
        let fits = |(_, mass): &&(usize, f64)| {
            place -= mass;
            place < 0.0
        };
        // What rounding leaves belongs to the last size.
        let size = sizes.iter().find(fits).or(sizes.last()).map_or(1, |(size, _)| *size);
        let mut order: Vec<usize> = (0..features).collect();
        let mut coalition = 0_u64;
        for _ in 0..size {
            coalition |= 1 << order.swap_remove(below(&mut state, order.len()));
        }
        for coalition in [coalition, full & !coalition] {
            *chosen.entry(coalition).or_default() += weight;
        }
    }
    chosen
}

/// How many coalitions of a size there are; more than anybody samples counts as that.
fn count(features: usize, size: usize) -> usize {
    let mut count = 1;
    for place in 0..size {
        count = count * (features - place) / (place + 1);
        if count > MOST_KERNEL_SAMPLES {
            return count;
        }
    }
    count
}

/// All coalitions of a size from 1 on, ascending (Gosper's way from each to the next).
fn of_size(features: usize, size: usize) -> impl Iterator<Item = u64> {
    let first = (1_u64 << size) - 1;
    let next = |coalition: &u64| {
        let lowest = coalition & coalition.wrapping_neg();
        let carried = coalition + lowest;
        Some((((coalition ^ carried) >> 2) / lowest) | carried)
    };
    std::iter::successors(Some(first), next).take_while(move |coalition| coalition >> features == 0)
}

/// The inverse of a symmetric positive definite matrix, by Gauss and Jordan.
fn inverse(mut matrix: Vec<Vec<f64>>) -> Result<Vec<Vec<f64>>> {
    let size = matrix.len();
    for (place, row) in matrix.iter_mut().enumerate() {
        row.extend((0..size).map(|column| if column == place { 1.0 } else { 0.0 }));
    }
    for place in 0..size {
        let (above, rest) = matrix.split_at_mut(place);
        let (pivot, below) = rest.split_first_mut().invariant("a row for each column")?;
        let scale = pivot.get(place).copied().filter(|scale| *scale > 0.0);
        let scale = scale.invariant("more coalitions than features")?;
        pivot.iter_mut().for_each(|value| *value /= scale);
        for row in above.iter_mut().chain(below) {
            let factor = *row.get(place).invariant("a square matrix")?;
            row.iter_mut().zip(pivot.iter()).for_each(|(value, pivot)| *value -= factor * pivot);
        }
    }
    Ok(matrix.into_iter().map(|row| row.into_iter().skip(size).collect()).collect())
}

/// The rows `m`, `f`, `c`.
fn table(weights: impl IntoIterator<Item = Weight>) -> Result<Table> {
    let (mut coalitions, mut features, mut values) = (Vec::new(), Vec::new(), Vec::new());
    for Weight { coalition, feature, weight } in weights {
        coalitions.push(coalition.cast_signed());
        features.push(i64::try_from(feature).ok().invariant("the number of a feature")?);
        values.push(weight);
    }
    let rows = values.len();
    let columns: [(&str, DataType, ArrayRef); 3] = [
        ("m", DataType::Int64, Arc::new(Int64Array::from(coalitions))),
        ("f", DataType::Int64, Arc::new(Int64Array::from(features))),
        ("c", DataType::Float64, Arc::new(Float64Array::from(values))),
    ];
    let (fields, columns) =
        columns.into_iter().map(|(name, data_type, values)| (Field::new(name, data_type), values)).unzip();
    Ok(Table { schema: Schema { fields }, batches: vec![Batch::new(rows, columns)?], notes: Vec::new() })
}

/// A random number below `bound`.
#[expect(clippy::cast_possible_truncation, reason = "it is the index of a feature")]
fn below(state: &mut u64, bound: usize) -> usize {
    (random(state) % bound as u64) as usize
}

/// The next number of SplitMix64.
fn random(state: &mut u64) -> u64 {
    let number = scattered(*state);
    *state = state.wrapping_add(SCATTER_STEP);
    number
}
