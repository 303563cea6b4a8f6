//! What becomes of NULLs in the columns that feed a model, and the numbers by which errors name rows.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::{Array, ArrayRef, ListArray, UInt64Array};
use arrow_schema::ArrowError;

use crate::data::{CastMode, DataType, Scalar, TimeZones, array_of, cast, concat, scalar_at, take};
use crate::diag::{Code, Error, Invariant, Result};
use crate::model::graph_port::{GraphPort, scalar_type};
use crate::model::options::{ModelOptions, NullHandling};
use crate::model::signature::Port;

/// What becomes of a NULL in a column.
#[derive(Debug, Clone)]
pub(super) enum NullPolicy {
    Refuse,
    /// Its row is left out of the prediction.
    LeaveOut,
    /// It is replaced by this value, a column of one row.
    Fill(ArrayRef),
}

/// The numbers by which errors name rows.
pub(super) struct RowNumbers {
    /// The rows that the query has had before.
    pub(super) first: usize,
    /// The rows that are predicted, by their position among those that were given; `None` where all are.
    pub(super) kept: Option<UInt64Array>,
}

impl RowNumbers {
    /// The number of row `row` of those that are predicted, from 1.
    pub(super) fn of(&self, row: usize) -> usize {
        self.first + self.given(row) + 1
    }

    /// The position of row `row` of those that are predicted among those that were given.
    #[expect(clippy::cast_possible_truncation, reason = "the positions were counted with a usize")]
    pub(super) fn given(&self, row: usize) -> usize {
        match &self.kept {
            Some(kept) => kept.value(row) as usize,
            None => row,
        }
    }
}

impl NullPolicy {
    pub(super) fn of(column: &Port, port: &GraphPort, options: &ModelOptions) -> Result<Self> {
        let scalar = scalar_type(port.element);
        let takes_lists = column.forms().contains(&DataType::array(scalar.clone()));
        let fills = takes_lists || column.data_type == scalar;
        if let Some(value) = options.default_on_null.as_ref().filter(|_| fills)
            && let Some(value) = value.of(&column.name)
        {
            let from = value.data_type().invariant("the type of `default_on_null`")?;
            let filler = array_of(std::slice::from_ref(value), &from)
                .and_then(|filler| cast(&filler, &from, &scalar, CastMode::Strict, &TimeZones::default()));
            return filler.map(Self::Fill).map_err(|_| {
                let message =
                    format!("`default_on_null` is {value} for input `{}`, expected {scalar}", column.name);
                Error::new(Code::InvalidOption, message)
            });
        }
        let nan = Some(Scalar::Float64(f64::NAN)).filter(|_| scalar == DataType::Float64);
        let filler = match options.nulls {
            Some(NullHandling::Null) => return Ok(Self::LeaveOut),
            Some(NullHandling::Refuse) => None,
            Some(NullHandling::Nan) => nan.as_ref().or(port.missing.as_ref()),
            None => port.missing.as_ref(),
        };
        match filler.filter(|_| fills) {
            Some(value) => Ok(Self::Fill(array_of(std::slice::from_ref(value), &scalar)?)),
            None => Ok(Self::Refuse),
        }
    }

    /// What becomes of NULL, in words; `None` where it is an error.
    pub(super) fn words(&self, port: &GraphPort) -> Option<String> {
        match self {
            Self::Refuse => None,
            Self::LeaveOut => Some("NULL gives NULL".into()),
            Self::Fill(value) => {
                let value = scalar_at(value, &scalar_type(port.element), 0).ok()?;
                Some(format!("NULL is {value}"))
            }
        }
    }

    /// The column without the NULLs that are filled. Rows with others are marked in `left_out`, which has an entry for
    /// each row.
    ///
    /// # Errors
    /// `null-input`, with the number of the row.
    pub(super) fn apply(
        &self,
        port: &Port,
        column: &ArrayRef,
        numbers: &RowNumbers,
        left_out: &mut [bool],
    ) -> Result<ArrayRef> {
        let column = match self {
            Self::Fill(value) => filled(column, value)?,
            Self::Refuse | Self::LeaveOut => column.clone(),
        };
        for row in rows_with_null(&column) {
            if !matches!(self, Self::LeaveOut) {
                return Err(null(port, numbers.of(row), column.is_null(row)));
            }
            *left_out.get_mut(row).invariant("an entry for each row of a column")? = true;
        }
        Ok(column)
    }
}

/// `column` with `value`, a column of one row, in place of its NULLs, or of those in its lists.
fn filled(column: &ArrayRef, value: &ArrayRef) -> Result<ArrayRef> {
    if let Some(lists) = column.as_list_opt::<i32>()
        && let arrow_schema::DataType::List(field) = lists.data_type()
    {
        let values = filled(lists.values(), value)?;
        let lists =
            ListArray::try_new(field.clone(), lists.offsets().clone(), values, lists.nulls().cloned());
        return Ok(Arc::new(lists.map_err(broken)?));
    }
    // A tensor that is NULL has no shape to be filled.
    let nulls =
        column.nulls().filter(|nulls| nulls.null_count() > 0 && column.data_type() == value.data_type());
    let Some(nulls) = nulls else { return Ok(column.clone()) };
    let last = column.len() as u64;
    let sources: UInt64Array =
        (0..).zip(nulls).map(|(row, is_valid)| Some(if is_valid { row } else { last })).collect();
    take(&concat(&[column.clone(), value.clone()])?, &sources)
}

/// The rows that are NULL or hold a NULL.
fn rows_with_null(column: &ArrayRef) -> impl Iterator<Item = usize> + '_ {
    let parts = column.as_struct_opt().map_or_else(|| std::slice::from_ref(column), |parts| parts.columns());
    let has_null = |part: &ArrayRef| {
        part.null_count() > 0
            || part.as_list_opt::<i32>().is_some_and(|lists| lists.values().null_count() > 0)
    };
    let any = column.null_count() > 0 || parts.iter().any(has_null);
    let rows = if any { 0..column.len() } else { 0..0 };
    rows.filter(move |row| {
        let is_null = |part: &ArrayRef| {
            let holds = |lists: &ListArray| lists.value(*row).null_count() > 0;
            part.is_null(*row) || part.as_list_opt::<i32>().is_some_and(holds)
        };
        column.is_null(*row) || parts.iter().any(is_null)
    })
}

fn null(port: &Port, row: usize, is_whole_row: bool) -> Error {
    let name = &port.name;
    let what = if is_whole_row { "is NULL" } else { "has an element that is NULL" };
    Error::new(Code::NullInput, format!("row {row}: model input `{name}` {what}")).hint(format!(
        "filter the rows with `WHERE {name} IS NOT NULL` or fill them with `IFNULL({name}, …) AS {name}`"
    ))
}

#[cold]
fn broken(error: ArrowError) -> Error {
    Error::internal("the rows of a model's input cannot be picked").detail(error)
}
