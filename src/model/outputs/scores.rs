//! Columns made of the scores of classes: probabilities, the label of the best score, scores with their labels.

use std::ops::Range;
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::Float64Type;
use arrow_array::{ArrayRef, Float64Array, ListArray, StructArray};
use arrow_buffer::{OffsetBuffer, ScalarBuffer};
use arrow_schema::DataType as Arrow;

use super::broken;
use crate::data::{DataType, StructField};
use crate::diag::{Code, Error, Invariant, Result, ensure};
use crate::onnx::Labels;

/// The type of a label with its score.
pub(super) fn pair_type(labels: &Labels) -> DataType {
    let field = |name: &str, data_type| StructField { name: name.into(), data_type };
    DataType::Struct(vec![field("label", labels.data_type()), field("prob", DataType::Float64)])
}

/// The scores of all rows, one row after the other.
pub(super) struct Scores {
    values: Float64Array,
    offsets: OffsetBuffer<i32>,
}

impl Scores {
    /// The scores in a column of lists, or of numbers: one score of two is that of the second class.
    pub(super) fn of(column: &ArrayRef) -> Result<Self> {
        let what = "scores are floats";
        if let Some(lists) = column.as_list_opt::<i32>() {
            let values = lists.values().as_primitive_opt::<Float64Type>().invariant(what)?.clone();
            return Ok(Self { values, offsets: lists.offsets().clone() });
        }
        let second = column.as_primitive_opt::<Float64Type>().invariant(what)?;
        let both: Vec<f64> = second.values().iter().flat_map(|second| [1.0 - second, *second]).collect();
        let offsets: Vec<i32> = (0..).step_by(2).take(second.len() + 1).collect();
        ensure(offsets.len() == second.len() + 1, "two scores for each row")?;
        Ok(Self { values: Float64Array::from(both), offsets: OffsetBuffer::new(ScalarBuffer::from(offsets)) })
    }

    /// The score of each row's class of this number of two.
    pub(super) fn of_one_of_two(&self, class: usize) -> Result<Vec<f64>> {
        #[expect(clippy::indexing_slicing, reason = "Arrow checks that lists lie within their values")]
        let score = |row: Range<usize>| self.values.values()[row.start + class];
        Ok(self.rows(2)?.into_iter().map(score).collect())
    }

    /// The range of each row among the values, which must be a score for each of `labels`.
    fn rows(&self, labels: usize) -> Result<Vec<Range<usize>>> {
        let rows: Vec<Range<usize>> = ranges(&self.offsets).collect();
        match rows.iter().find(|row| row.len() != labels) {
            None => Ok(rows),
            Some(row) => {
                let message = format!("the model gives {} scores for {labels} labels", row.len());
                Err(Error::new(Code::ModelFailed, message).hint("name as many labels as there are classes"))
            }
        }
    }
}

/// The ranges that offsets, which Arrow checks, bound.
#[expect(clippy::cast_sign_loss, reason = "offsets are not negative")]
fn ranges(offsets: &OffsetBuffer<i32>) -> impl Iterator<Item = Range<usize>> + '_ {
    offsets.iter().zip(offsets.iter().skip(1)).map(|(start, end)| *start as usize..*end as usize)
}

/// The label of each row's best score, the first one of several; NULL where a score is NaN.
#[expect(clippy::indexing_slicing, reason = "Arrow checks that lists lie within their values")]
pub(super) fn best_labels(column: &ArrayRef, labels: &Labels) -> Result<ArrayRef> {
    let scores = Scores::of(column)?;
    let values = scores.values.values();
    let best = |row: Range<usize>| {
        let mut best = (0, f64::NEG_INFINITY);
        for (class, score) in values[row].iter().enumerate() {
            if score.is_nan() {
                return None;
            }
            if *score > best.1 {
                best = (class, *score);
            }
        }
        Some(best.0)
    };
    labels.column(scores.rows(labels.len())?.into_iter().map(best))
}

/// Each row's scores, with their labels.
pub(super) fn labelled(column: &ArrayRef, labels: &Labels) -> Result<ArrayRef> {
    let scores = Scores::of(column)?;
    let classes = scores.rows(labels.len())?.into_iter().flat_map(|row| (0..row.len()).map(Some));
    let label_column = labels.column(classes)?;
    let pair = pair_type(labels);
    let (Arrow::Struct(fields), Arrow::List(item)) = (pair.storage(), DataType::array(pair).storage()) else {
        return Err(Error::internal("labels and scores are a list of structs"));
    };
    StructArray::try_new(fields, vec![label_column, Arc::new(scores.values)], None)
        .and_then(|pairs| ListArray::try_new(item, scores.offsets, Arc::new(pairs), None))
        .map(|lists| Arc::new(lists) as ArrayRef)
        .map_err(broken)
}

/// Each row's scores as probabilities.
#[expect(clippy::indexing_slicing, reason = "Arrow checks that lists lie within their values")]
pub(super) fn softmax(column: &ArrayRef) -> Result<ArrayRef> {
    let lists = column.as_list_opt::<i32>().invariant("a list of scores for each row")?;
    let values = lists.values().as_primitive_opt::<Float64Type>().invariant("scores are floats")?;
    let mut values = values.values().to_vec();
    for row in ranges(lists.offsets()) {
        let row = &mut values[row];
        let largest = row.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        row.iter_mut().for_each(|score| *score = (*score - largest).exp());
        let sum: f64 = row.iter().sum();
        row.iter_mut().for_each(|score| *score /= sum);
    }
    let Arrow::List(item) = DataType::array(DataType::Float64).storage() else {
        return Err(Error::internal("probabilities are a list"));
    };
    ListArray::try_new(item, lists.offsets().clone(), Arc::new(Float64Array::from(values)), None)
        .map(|lists| Arc::new(lists) as ArrayRef)
        .map_err(broken)
}
