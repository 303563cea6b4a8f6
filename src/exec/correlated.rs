//! Queries that are run for each row of the query around: for a batch of rows at once, and for equal values once.

use litemap::LiteMap;
use std::sync::Arc;

use arrow_array::{Array, ArrayRef, BooleanArray, Int64Array, UInt64Array};

use super::buffer::RowBuffer;
use super::build_side::BuildSide;
use super::distinct::intern_rows;
use super::{Context, Input, Operator, Poll};
use crate::data::{Batch, DataType, KeyTable, Operand, concat, list_column, null_column, row_index, take};
use crate::diag::{Code, Error, Invariant, Result, Span};
use crate::limits::{REMEMBERED_BYTES, REMEMBERED_RESULTS};
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
}

impl Correlation {
    pub(super) fn new(queries: Queries) -> Self {
        Self { queries: Some(Arc::new(queries)), ..Self::default() }
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
pub(super) fn results(
    number: usize,
    outer: &[(&DataType, ArrayRef)],
    rows: usize,
    returns: &DataType,
    ctx: &mut Context,
) -> Result<ArrayRef> {
    let queries = ctx.correlated.queries.clone().invariant("correlated queries of the plan")?;
    let query = queries.plans.get(number).invariant("a correlated query of the plan")?;
    let query = Running { number, query, start: queries.start };
    let values: Vec<_> = outer.iter().map(|(_, values)| values.clone()).collect();
    if rows == 0 || !outer.iter().all(|(data_type, _)| data_type.is_orderable()) {
        return run(query, values, rows, returns, ctx);
    }
    let mut remembered = ctx.correlated.results.remove(&number).unwrap_or_default();
    if remembered.keys.len() > REMEMBERED_RESULTS || remembered.bytes > REMEMBERED_BYTES {
        remembered = Remembered::default();
    }
    let known = remembered.keys.len();
    let (numbers, new_rows) = intern_rows(&mut remembered.keys, &values, rows)?;
    if !new_rows.is_empty() {
        let new_rows = UInt64Array::from(new_rows);
        let values = values.iter().map(|values| take(values, &new_rows)).collect::<Result<_>>()?;
        let part = run(query, values, new_rows.len(), returns, ctx)?;
        remembered.bytes += part.get_array_memory_size();
        remembered.parts.push(part);
    }
    let result = remembered.results(&numbers, known);
    ctx.correlated.results.insert(number, remembered);
    result
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

/// A query that is run.
#[derive(Clone, Copy)]
struct Running<'a> {
    number: usize,
    query: &'a Correlated,
    start: fn(usize, &Correlated) -> Input,
}

/// Runs `query` for rows with these values.
fn run(
    running: Running<'_>,
    values: Vec<ArrayRef>,
    rows: usize,
    returns: &DataType,
    ctx: &mut Context,
) -> Result<ArrayRef> {
    let numbers: ArrayRef = Arc::new((0..rows as u64).map(u64::cast_signed).collect::<Int64Array>());
    ctx.correlated.outer.push(Batch::new(rows, vec![numbers])?.with(values)?);
    let result = poll_all(running, ctx);
    ctx.correlated.outer.pop();
    let found = result?;
    match running.query.kind {
        SubplanKind::Exists => {
            let mut exists = vec![false; rows];
            for row in found.rows {
                *exists.get_mut(row).invariant("a row of the query around")? = true;
            }
            Ok(Arc::new(BooleanArray::from(exists)))
        }
        SubplanKind::Value => {
            let mut positions = vec![None; rows];
            for (position, row) in (0_u64..).zip(&found.rows) {
                let place = positions.get_mut(*row).invariant("a row of the query around")?;
                if place.replace(position).is_some() {
                    return Err(too_many_rows(running.query.span));
                }
            }
            take(&found.values(returns)?, &UInt64Array::from(positions))
        }
        SubplanKind::Array | SubplanKind::Rows | SubplanKind::Recursive { .. } => found.arrays(rows, returns),
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

fn poll_all(Running { number, query, start }: Running<'_>, ctx: &mut Context) -> Result<Found> {
    let mut operator = start(number, query);
    let mut buffer = RowBuffer::default();
    loop {
        match operator.poll(ctx).map_err(|error| error.or_at(query.span))? {
            Poll::Batch(batch) => buffer.push(batch, ctx).map_err(|error| error.or_at(query.span))?,
            Poll::Working => {}
            Poll::Waiting => return Err(Error::internal("a query for each row waits for the host")),
            Poll::Done => break,
        }
    }
    let mut found = Found { rows: Vec::with_capacity(buffer.rows()), values: Vec::new() };
    for batch in buffer.into_batches() {
        let numbers = Operand::column(batch.column(0)?.clone());
        let numbers = numbers.ints()?;
        found.rows.extend((0..batch.rows()).map(|row| row_index(numbers.at(row).cast_unsigned())));
        found.values.extend(batch.columns().get(1).cloned());
    }
    Ok(found)
}

impl Found {
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
