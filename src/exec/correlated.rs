//! Queries that are run for each row of the query around: for a batch of rows at once, and for equal values once.

use litemap::LiteMap;
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::Int64Type;
use arrow_array::{Array, ArrayRef, BooleanArray, Int64Array, UInt64Array};

use super::buffer::RowBuffer;
use super::build_side::BuildSide;
use super::distinct::intern_rows;
use super::resume::{Evaluation, Known, interrupted};
use super::{Context, Input, Operator, Poll};
use crate::data::{Batch, DataType, KeyTable, concat, list_column, null_column, row_index, take};
use crate::diag::{Code, Error, Invariant, Result, Span};
use crate::limits::{POLLS_OF_A_STEP, REMEMBERED_BYTES, REMEMBERED_RESULTS};
use crate::plan::{Correlated, SubplanKind};

/// The correlated queries of a statement, by number.
pub(super) struct Queries {
    pub(super) plans: Vec<Correlated>,
    /// Makes the operator that runs one of them.
    pub(super) start: fn(usize, &Correlated) -> Input,
}

/// The correlated queries of a statement, and what they know of each other and of their runs before.
#[derive(Default)]
pub(super) struct Correlation {
    queries: Option<Arc<Queries>>,
    /// The rows that the queries are run for, the innermost query last.
    outer: Vec<Batch>,
    /// The sides of joins that are the same at every run, by query and join.
    build_sides: LiteMap<(usize, usize), Arc<BuildSide>>,
    /// The results for the values that came before, by query.
    results: LiteMap<usize, Remembered>,
    /// The expression that is being computed, where it can be interrupted.
    pub(super) evaluation: Option<Evaluation>,
}

impl Correlation {
    pub(super) fn new(queries: Queries) -> Self {
        Self { queries: Some(Arc::new(queries)), ..Self::default() }
    }

    /// An error in row `row` of a batch of the query that is running, as one of the row around; `None` where no query runs.
    pub(super) fn named_around(&self, mut error: Error, batch: &Batch) -> std::result::Result<Error, Error> {
        if self.outer.is_empty() {
            return Err(error);
        }
        let row = error.take_row().and_then(|row| row_around(batch, row).ok());
        Ok(match row {
            Some(row) => error.in_row(row),
            None => error,
        })
    }

    pub(super) fn build_side(&self, join: (usize, usize)) -> Option<Arc<BuildSide>> {
        self.build_sides.get(&join).cloned()
    }

    pub(super) fn keep_build_side(&mut self, join: (usize, usize), build: &Arc<BuildSide>) {
        self.build_sides.insert(join, build.clone());
    }
}

/// The values that a query was run for, and its results for them in the same order.
#[derive(Default)]
struct Remembered {
    keys: KeyTable,
    /// One part for each run, and the bytes of all of them.
    parts: Vec<ArrayRef>,
    bytes: usize,
}

/// The result of query number `number` for each of `rows` rows with these outer values.
///
/// # Errors
/// Those of the query, with the row that it was run for. Where the query was interrupted, an `internal` one that
/// [`Resumable`] takes away.
pub(super) fn results(
    number: usize,
    outer: &[(&DataType, ArrayRef)],
    rows: usize,
    returns: &DataType,
    ctx: &mut Context,
) -> Result<ArrayRef> {
    let evaluation = ctx.correlated.evaluation.as_mut();
    let started = match evaluation.map(Evaluation::next) {
        Some(Some(Known::Result(result))) => return Ok(result),
        Some(Some(Known::Started(started))) => *started,
        Some(None) | None => started(number, outer, rows, ctx)?,
    };
    let result = finished(started, returns, ctx)?;
    if let Some(evaluation) = &mut ctx.correlated.evaluation {
        evaluation.results.push(result.clone());
    }
    Ok(result)
}

/// A query that was begun for some rows.
pub(super) struct Started {
    number: usize,
    /// The run that computes it, if one is needed.
    run: Option<Run>,
    /// What is known of it from runs before, if it can be compared with them.
    reuse: Option<Reuse>,
}

/// One run of a query.
struct Run {
    around: Batch,
    operator: Input,
    buffer: RowBuffer,
}

struct Reuse {
    remembered: Remembered,
    /// How many of the remembered values were there before.
    known: usize,
    /// For each row the number of its values, and the rows whose values are new.
    numbers: Vec<u32>,
    new_rows: Vec<u64>,
}

fn started(
    number: usize,
    outer: &[(&DataType, ArrayRef)],
    rows: usize,
    ctx: &mut Context,
) -> Result<Started> {
    let queries = ctx.correlated.queries.clone().invariant("correlated queries of the plan")?;
    let query = queries.plans.get(number).invariant("a correlated query of the plan")?;
    let begin = |values: Vec<ArrayRef>, rows: usize| {
        let numbers: ArrayRef = Arc::new((0..rows as u64).map(u64::cast_signed).collect::<Int64Array>());
        let around = Batch::new(rows, vec![numbers])?.with(values)?;
        Ok(Run {
            around,
            operator: (queries.start)(number, query),
            buffer: RowBuffer::of("a query for each row"),
        })
    };
    let values: Vec<_> = outer.iter().map(|(_, values)| values.clone()).collect();
    if rows == 0 || !outer.iter().all(|(data_type, _)| data_type.is_orderable()) {
        return Ok(Started { number, run: Some(begin(values, rows)?), reuse: None });
    }
    let mut remembered = ctx.correlated.results.remove(&number).unwrap_or_default();
    if remembered.keys.len() > REMEMBERED_RESULTS || remembered.bytes > REMEMBERED_BYTES {
        remembered = Remembered::default();
    }
    let known = remembered.keys.len();
    let (numbers, new_rows) = intern_rows(&mut remembered.keys, &values, rows)?;
    let run = if new_rows.is_empty() {
        None
    } else {
        let new_rows = UInt64Array::from(new_rows.clone());
        let values = values.iter().map(|values| take(values, &new_rows)).collect::<Result<_>>()?;
        Some(begin(values, new_rows.len())?)
    };
    Ok(Started { number, run, reuse: Some(Reuse { remembered, known, numbers, new_rows }) })
}

/// Runs a query to its end, or until it is interrupted.
fn finished(mut started: Started, returns: &DataType, ctx: &mut Context) -> Result<ArrayRef> {
    let queries = ctx.correlated.queries.clone().invariant("correlated queries of the plan")?;
    let query = queries.plans.get(started.number).invariant("a correlated query of the plan")?;
    let part = match &mut started.run {
        None => None,
        Some(run) => {
            let result = match polled(run, query, ctx) {
                Ok(false) => return Err(interrupted(started, ctx)),
                Ok(true) => run
                    .buffer
                    .take()
                    .found()
                    .and_then(|found| found.results(query, run.around.rows(), returns)),
                Err(error) => Err(error),
            };
            Some(result.map_err(|error| in_row_of(error, started.reuse.as_ref()))?)
        }
    };
    let Some(mut reuse) = started.reuse else { return part.invariant("the result of a run") };
    if let Some(part) = part {
        reuse.remembered.bytes += part.get_array_memory_size();
        reuse.remembered.parts.push(part);
    }
    let result = reuse.remembered.results(&reuse.numbers, reuse.known);
    ctx.correlated.results.insert(started.number, reuse.remembered);
    result
}

/// An error in a row of a run, as one of the rows that the run is for.
fn in_row_of(mut error: Error, reuse: Option<&Reuse>) -> Error {
    let Some(reuse) = reuse else { return error };
    match error.take_row().and_then(|row| reuse.new_rows.get(row)) {
        Some(row) => error.in_row(row_index(*row)),
        None => error,
    }
}

/// Runs a query on; false where it was interrupted before its end.
fn polled(run: &mut Run, query: &Correlated, ctx: &mut Context) -> Result<bool> {
    // Its own operators go on with expressions of their own.
    let evaluation = ctx.correlated.evaluation.take();
    let polls = if evaluation.is_some() { POLLS_OF_A_STEP } else { usize::MAX };
    ctx.correlated.outer.push(run.around.clone());
    let result = polled_at_most(run, polls, ctx);
    ctx.correlated.outer.pop();
    ctx.correlated.evaluation = evaluation;
    result.map_err(|error| error.or_at(query.span))
}

fn polled_at_most(run: &mut Run, polls: usize, ctx: &mut Context) -> Result<bool> {
    for _ in 0..polls {
        match run.operator.poll(ctx)? {
            Poll::Batch(batch) => run.buffer.push(batch, ctx)?,
            Poll::Working => {}
            Poll::Waiting => return Err(Error::internal("a query for each row waits for the host")),
            Poll::Done => return Ok(true),
        }
    }
    Ok(false)
}

impl Remembered {
    /// The results for the keys of these numbers, of which those from `known` on are new.
    fn results(&self, numbers: &[u32], known: usize) -> Result<ArrayRef> {
        let numbers = numbers.iter().map(|number| u64::from(*number));
        let last = self.parts.last().invariant("a query has a result for its rows")?;
        let known = known as u64;
        if numbers.clone().all(|number| number >= known) {
            return take(last, &numbers.map(|number| number - known).collect());
        }
        take(&concat(&self.parts)?, &numbers.collect())
    }
}

#[cold]
pub(super) fn too_many_rows(span: Span) -> Error {
    Error::new(Code::TooManyRows, "a subquery that stands for one value has several rows")
        .at(span)
        .hint("add LIMIT 1, or take one value with an aggregate function such as MAX")
}

/// The rows that a query gave: the numbers of the rows that they belong to, and their values.
struct Found {
    rows: Vec<usize>,
    values: Vec<ArrayRef>,
}

impl RowBuffer {
    fn found(self) -> Result<Found> {
        let mut found = Found { rows: Vec::with_capacity(self.rows()), values: Vec::new() };
        for batch in self.into_batches() {
            found
                .rows
                .extend((0..batch.rows()).map(|row| row_around(&batch, row)).collect::<Result<Vec<_>>>()?);
            found.values.extend(batch.columns().get(1).cloned());
        }
        Ok(found)
    }
}

/// The number of the row around that row `row` of a query belongs to.
fn row_around(batch: &Batch, row: usize) -> Result<usize> {
    let numbers = batch.column(0)?.as_primitive_opt::<Int64Type>().invariant("the numbers of rows")?;
    Ok(row_index(numbers.values().get(row).invariant("a row of the batch")?.cast_unsigned()))
}

impl Found {
    /// What the query is for each of `rows` rows.
    fn results(self, query: &Correlated, rows: usize, returns: &DataType) -> Result<ArrayRef> {
        match query.kind {
            SubplanKind::Exists => {
                let mut exists = vec![false; rows];
                for row in self.rows {
                    *exists.get_mut(row).invariant("a row of the query around")? = true;
                }
                Ok(Arc::new(BooleanArray::from(exists)))
            }
            SubplanKind::Value => {
                let mut positions = vec![None; rows];
                for (position, row) in (0_u64..).zip(&self.rows) {
                    let place = positions.get_mut(*row).invariant("a row of the query around")?;
                    if place.replace(position).is_some() {
                        return Err(too_many_rows(query.span).in_row(*row));
                    }
                }
                take(&self.values(returns)?, &UInt64Array::from(positions))
            }
            SubplanKind::Array | SubplanKind::Rows | SubplanKind::Recursive { .. } => {
                self.arrays(rows, returns)
            }
        }
    }

    fn values(&self, data_type: &DataType) -> Result<ArrayRef> {
        if self.values.is_empty() {
            return null_column(&data_type.storage(), 0);
        }
        concat(&self.values)
    }

    /// For each of `rows` rows the array of its values, in the order in which they came.
    fn arrays(&self, rows: usize, returns: &DataType) -> Result<ArrayRef> {
        let DataType::Array(element) = returns else {
            return Err(Error::internal("a subquery for an array has another type"));
        };
        let mut lengths = vec![0_usize; rows];
        for row in &self.rows {
            *lengths.get_mut(*row).invariant("a row of the query around")? += 1;
        }
        let mut order: Vec<_> = (0..self.rows.len() as u64).collect();
        if !self.rows.is_sorted() {
            let row_of = |position: &u64| self.rows.get(row_index(*position)).copied();
            order.sort_by_key(row_of);
        }
        let values = take(&self.values(element)?, &order.into())?;
        list_column(lengths, values, element, None)
    }
}

/// The rows that the innermost running query is run for.
pub(super) struct OuterScan {
    columns: Vec<usize>,
    returned: usize,
}

impl OuterScan {
    pub(super) fn new(columns: Vec<usize>) -> Self {
        Self { columns, returned: 0 }
    }
}

impl Operator for OuterScan {
    fn poll(&mut self, ctx: &mut Context) -> Result<Poll> {
        let rows = ctx.correlated.outer.last().invariant("a query runs for the rows around it")?;
        let batch = rows.slice(self.returned, ctx.env.limits.batch_rows);
        self.returned += batch.rows();
        if batch.rows() == 0 {
            return Ok(Poll::Done);
        }
        batch.select(&self.columns).map(Poll::Batch)
    }
}
