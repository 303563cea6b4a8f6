//! How well scores put the positive rows in front of the others: areas under curves over all thresholds.

use std::ops::Range;
use std::sync::Arc;

use arrow_array::types::Float64Type;
use arrow_array::{ArrayRef, Float64Array};
use arrow_buffer::NullBuffer;
use predictql_kernels::ranking::{self, Scores};

use super::super::Held;
use super::{Accumulator, Setup, States, argument, check_held};
use crate::data::{Operand, valid_bits};
use crate::diag::Result;
use crate::function::{Body, Function, Signature, Type};

use Type::{Bool, Float64};

pub(super) const FUNCTIONS: &[Function] = &[
    Function::new(
        "ML.ROC_AUC",
        "The area under the ROC curve of scores: the chance that a positive row has a higher score than another one, where equal \
         scores count half. NULL unless there are rows of both kinds, NaN where a score is NaN. Not BigQuery's.",
        &[Signature::new(&[Float64, Bool], Float64, Body::Aggregate(|setup| start(setup, ranking::roc_auc)))],
    )
    .not_distinct(),
    Function::new(
        "ML.AVERAGE_PRECISION",
        "The precision at each score, weighted by the recall that it adds. NULL without positive rows, NaN where a score is NaN. \
         Not BigQuery's.",
        &[Signature::new(
            &[Float64, Bool],
            Float64,
            Body::Aggregate(|setup| start(setup, ranking::average_precision)),
        )],
    )
    .not_distinct(),
];

fn start(setup: &Setup<'_>, area: fn(&mut Scores) -> Option<f64>) -> Result<Box<dyn Accumulator>> {
    Ok(Box::new(Ranking { area, groups: States::new(), held: Held::new(setup.memory) }))
}

struct Ranking {
    area: fn(&mut Scores) -> Option<f64>,
    groups: States<Scores>,
    held: Held,
}

impl Accumulator for Ranking {
    fn update(&mut self, args: &[Operand], groups: &[u32], count: usize) -> Result<()> {
        let rows = groups.len();
        let scores = argument(args, 0)?;
        // NULLs do not count.
        let (positive, other) = argument(args, 1)?.sides(rows)?;
        let mut valid = &positive | &other;
        if let Some(nulls) = scores.nulls(rows) {
            valid = &valid & nulls.inner();
        }
        let (positive, valid) = (NullBuffer::new(positive), NullBuffer::new(valid));
        self.held.add((rows - valid.null_count()) * size_of::<(u64, usize)>());
        check_held(&self.held)?;
        let scores = scores.values::<Float64Type>(rows)?;
        let states = self.groups.all(groups, count)?;
        ranking::add(&scores, valid_bits(&positive), valid_bits(&valid), groups, states);
        Ok(())
    }

    fn carry(&mut self, from: u32, to: u32) -> Result<()> {
        // Beyond the limit the next update fails.
        if !self.held.is_full() {
            self.held.add(size_of_val(self.groups.carry(from, to)?.as_slice()));
        }
        Ok(())
    }

    fn values(&mut self, range: Range<usize>) -> Result<ArrayRef> {
        let areas = self.groups.range(range)?.iter_mut().map(self.area);
        Ok(Arc::new(areas.collect::<Float64Array>()))
    }
}
