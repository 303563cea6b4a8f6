//! How well scores put the positive rows in front of the others: areas under curves over all thresholds.

use std::ops::Range;
use std::sync::Arc;

use arrow_array::{ArrayRef, Float64Array};
use predictql_kernels::groups::{FloatTotal, sum_floats};

use super::super::Held;
use super::{Accumulator, Setup, States, argument, check_held};
use crate::data::Operand;
use crate::diag::{Invariant, Result};
use crate::function::{Body, Function, Signature, Type};

use Type::{Bool, Float64};

pub(super) const FUNCTIONS: &[Function] = &[
    Function::new(
        "ML.ROC_AUC",
        "The area under the ROC curve of scores: the chance that a positive row has a higher score than another one, where equal \
         scores count half. NULL unless there are rows of both kinds, NaN where a score is NaN. Not BigQuery's.",
        &[Signature::new(&[Float64, Bool], Float64, Body::Aggregate(|setup| Ok(start(setup, roc_auc))))],
    )
    .not_distinct(),
    Function::new(
        "ML.AVERAGE_PRECISION",
        "The precision at each score, weighted by the recall that it adds. NULL without positive rows, NaN where a score is NaN. \
         Not BigQuery's.",
        &[Signature::new(
            &[Float64, Bool],
            Float64,
            Body::Aggregate(|setup| Ok(start(setup, average_precision))),
        )],
    )
    .not_distinct(),
];

fn start(setup: &Setup<'_>, area: fn(&Scores) -> Result<Option<f64>>) -> Box<dyn Accumulator> {
    Box::new(Ranking { area, groups: States::new(), held: Held::new(setup.memory) })
}

/// The scores of the positive rows, and those of the others.
#[derive(Clone, Default)]
struct Scores {
    positive: Vec<f64>,
    other: Vec<f64>,
}

struct Ranking {
    /// The area, of scores in ascending order without NaN.
    area: fn(&Scores) -> Result<Option<f64>>,
    groups: States<Scores>,
    held: Held,
}

impl Accumulator for Ranking {
    fn update(&mut self, args: &[Operand], groups: &[u32], count: usize) -> Result<()> {
        self.groups.grow(count);
        let (scores, positive) = (argument(args, 0)?.floats()?, argument(args, 1)?.bools()?);
        for (row, group) in groups.iter().enumerate() {
            // NULLs do not count.
            let (Some(score), Some(is_positive)) = (scores.get(row), positive.get(row)) else { continue };
            let group = self.groups.of(*group)?;
            // Adding 0.0 turns -0.0, which would come before it, into 0.0.
            if is_positive { &mut group.positive } else { &mut group.other }.push(score + 0.0);
        }
        self.held.add(size_of_val(groups) * 2);
        check_held(&self.held)
    }

    fn carry(&mut self, from: u32, to: u32) -> Result<()> {
        // Beyond the limit the next update fails.
        if !self.held.is_full() {
            let scores = self.groups.carry(from, to)?;
            self.held.add(size_of_val(scores.positive.as_slice()) + size_of_val(scores.other.as_slice()));
        }
        Ok(())
    }

    fn values(&mut self, range: Range<usize>) -> Result<ArrayRef> {
        let area = self.area;
        let value = |scores: &mut Scores| {
            let sides = [&mut scores.positive, &mut scores.other];
            if sides.iter().any(|side| side.iter().any(|score| score.is_nan())) {
                return Ok(Some(f64::NAN));
            }
            sides.into_iter().for_each(|side| side.sort_unstable_by(f64::total_cmp));
            area(scores)
        };
        let values = self.groups.range(range)?.iter_mut().map(value);
        Ok(Arc::new(values.collect::<Result<Float64Array>>()?))
    }
}

/// Mann and Whitney's statistic as a share of all pairs.
#[expect(clippy::cast_precision_loss, reason = "there are fewer pairs than exact numbers")]
fn roc_auc(scores: &Scores) -> Result<Option<f64>> {
    let (mut below, mut up_to, mut halves) = (0, 0, 0_u64);
    for score in &scores.positive {
        below += count_from(&scores.other, below, |other| other < score);
        up_to += count_from(&scores.other, up_to, |other| other <= score);
        halves += (below + up_to) as u64;
    }
    let pairs = scores.positive.len() as f64 * scores.other.len() as f64;
    Ok((pairs > 0.0).then(|| halves as f64 / 2.0 / pairs))
}

/// As scikit-learn's `average_precision_score`: no line is drawn between two points.
#[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^53")]
fn average_precision(scores: &Scores) -> Result<Option<f64>> {
    let mut terms = Vec::new();
    let (mut found, mut chosen_others) = (0, 0);
    let mut rest = scores.positive.as_slice();
    while let Some(threshold) = rest.last() {
        let added = rest.iter().rev().take_while(|score| *score >= threshold).count();
        let others = scores.other.iter().rev().skip(chosen_others);
        chosen_others += others.take_while(|score| *score >= threshold).count();
        found += added;
        terms.push(added as f64 * found as f64 / (found + chosen_others) as f64);
        rest = rest.split_at(rest.len() - added).0;
    }
    let mut total = [FloatTotal::default()];
    sum_floats(&terms, &vec![0; terms.len()], None, &mut total);
    let sum = total.first().invariant("a sum")?.sum();
    Ok((found > 0).then(|| sum / found as f64))
}

/// How many of `scores` from the place `from` on pass a test that those behind them do not pass.
fn count_from(scores: &[f64], from: usize, passes: impl Fn(&f64) -> bool) -> usize {
    scores.iter().skip(from).take_while(|score| passes(score)).count()
}
