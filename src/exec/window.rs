//! Functions with OVER: each row sees the rows of its partition.
//!
//! Rows are held as they came. When all are there, the columns that the order and the functions read become one batch, the
//! functions are computed one after the other, and the rows go on with their results.

use std::collections::VecDeque;
use std::sync::Arc;

use arrow_array::{Array as _, ArrayRef, Int64Array, UInt64Array};

use super::accumulators::GroupedAggregate;
use super::buffer::{RowBuffer, check_keys};
use super::frame::{OrderKey, Ordered, float};
use super::framed::Framed;
use super::leaders::Leaders;
use super::percentiles::Percentiles;
use super::{Context, Input, Operator, Poll, expr, navigation, with_names};
use crate::data::{
    Batch, DataType, KeyTable, Operand, ROWS_AT_ONCE, Schema, SortKey, Sorting, concat, equals_in_order,
    row_index, rows_by_key, take,
};
use crate::diag::{Code, Error, Invariant, Result, Span, ensure};
use crate::function::{BatchCall, Fit, Held, Navigation, Ranking};
use crate::plan::{Aggregate, Expr, Frame, Order, WindowCall};

/// What is held for each row beside it while functions are computed: its partition, its place, its peers, its frame,
/// results and what leads to them.
const BYTES_OF_A_ROW: usize = 64;

pub(super) struct Window {
    input: Input,
    partition_by: Vec<Expr>,
    /// Over the columns numbered by `read` alone, as `calls` are.
    order_by: Vec<Order>,
    calls: VecDeque<WindowCall>,
    read: Vec<usize>,
    read_schema: Schema,
    keep: Vec<usize>,
    buffer: RowBuffer,
    partitions: KeyTable,
    /// The partition of each row.
    of_rows: Vec<u32>,
    rows_before: usize,
    /// What the query is told of the table of partitions, then of what is computed, and of the rows.
    held: [Option<Held>; 2],
    /// Where only the first rows of each partition are wanted.
    leaders: Option<Leaders>,
    state: State,
}

enum State {
    Reading,
    /// The rows, their keys, and so many of the rows in their order.
    Sorting(Batch, Vec<SortKey>, Box<Sorting>, Vec<u64>),
    /// The rows in the order of the keys, not yet by partition.
    Parting(Batch, Vec<SortKey>, Vec<u64>),
    Computing(Box<Computing>),
    /// The rows as they came, and the results for all of them, of which so many were returned.
    Returning(VecDeque<Batch>, Batch, usize),
}

/// The functions that were computed, and the one that is.
struct Computing {
    all: Batch,
    /// The order's keys, until rows that are equal in them are known.
    keys: Option<Vec<SortKey>>,
    partitions: Partitions,
    running: Option<Running>,
    results: Vec<ArrayRef>,
}

/// A function that is computed in pieces.
enum Running {
    Framed(Box<Framed>),
    Percentiles(Box<Percentiles>, Span),
}

impl Window {
    /// Of each partition only the first `first` rows are wanted, if that is given.
    pub(super) fn new(
        input: Input,
        schema: &Schema,
        partition_by: Vec<Expr>,
        mut order_by: Vec<Order>,
        mut calls: Vec<WindowCall>,
        keep: Vec<usize>,
        first: Option<usize>,
    ) -> Self {
        let leaders = first.map(|first| Leaders::new(first, order_by.clone()));
        // The first column may hold the numbers of the rows around, which errors name.
        let is_number = schema.fields.first().is_some_and(|field| field.data_type == DataType::Int64);
        let mut read: Vec<usize> = is_number.then_some(0).into_iter().collect();
        let mut exprs: Vec<_> = order_by.iter_mut().map(|order| &mut order.expr).collect();
        exprs.extend(calls.iter_mut().flat_map(WindowCall::exprs_mut));
        exprs.iter().for_each(|expr| expr.visit_columns(&mut |column| read.push(column)));
        read.sort_unstable();
        read.dedup();
        for expr in exprs {
            expr.renumber_columns(&|column| read.partition_point(|other| *other < column));
        }
        let fields = read.iter().filter_map(|column| schema.fields.get(*column).cloned()).collect();
        Self {
            input,
            partition_by,
            order_by,
            calls: calls.into(),
            read,
            read_schema: Schema { fields },
            keep,
            buffer: RowBuffer::of("OVER"),
            partitions: KeyTable::default(),
            of_rows: Vec::new(),
            rows_before: 0,
            held: [None, None],
            leaders,
            state: State::Reading,
        }
    }

    /// Takes rows.
    fn push(&mut self, batch: Batch, ctx: &mut Context) -> Result<()> {
        let columns = expr::columns(&self.partition_by, &batch, ctx);
        let columns = with_names(columns, &*self.input, self.rows_before, &batch, ctx)?;
        let numbers = self.partitions.intern(&columns, batch.rows())?;
        let [held, _] = &mut self.held;
        check_keys(&self.partitions, held, "OVER", ctx)?;
        let wanted = match &mut self.leaders {
            None => None,
            Some(leaders) => {
                let wanted = leaders.candidates(&batch, &numbers, self.partitions.len(), ctx);
                Some(with_names(wanted, &*self.input, self.rows_before, &batch, ctx)?)
            }
        };
        self.rows_before += batch.rows();
        match wanted {
            None => {
                self.of_rows.extend(numbers);
                self.buffer.push(batch, ctx)
            }
            Some(wanted) if wanted.is_empty() => Ok(()),
            Some(wanted) => {
                let numbers = wanted.values().iter().filter_map(|row| numbers.get(row_index(*row)));
                self.of_rows.extend(numbers);
                self.buffer.push(batch.take(&wanted)?, ctx)
            }
        }
    }

    /// All rows are there: begins with their order.
    fn begin(&mut self, ctx: &mut Context) -> Result<State> {
        ensure(self.of_rows.len() == self.buffer.rows(), "a row of a window has no partition")?;
        if self.of_rows.is_empty() {
            return Ok(State::Returning(VecDeque::new(), Batch::new(0, Vec::new())?, 0));
        }
        let read = self.buffer.batches().iter().map(|batch| batch.select(&self.read));
        let all = Batch::concat(&self.read_schema, &read.collect::<Result<Vec<_>>>()?)?;
        let all = if self.read.is_empty() { Batch::new(self.of_rows.len(), Vec::new())? } else { all };
        let mut held = Held::new(&ctx.env.memory);
        held.add(all.bytes() + all.rows().saturating_mul(BYTES_OF_A_ROW));
        held.check("OVER", "filter the rows with WHERE, or select fewer columns")?;
        self.held = [Some(held), self.buffer.take_held()];
        let order = expr::columns(self.order_by.iter().map(|order| &order.expr), &all, ctx)
            .map_err(|error| name_of_all(error, &all, ctx))?;
        let keys: Vec<_> = self.order_by.iter().zip(order).map(|(order, column)| order.key(column)).collect();
        if keys.is_empty() {
            let rows = (0..all.rows() as u64).collect();
            return Ok(State::Parting(all, keys, rows));
        }
        let sorting = Sorting::new(keys.clone(), all.rows(), all.rows());
        Ok(State::Sorting(all, keys, Box::new(sorting), Vec::new()))
    }

    fn part(&mut self, all: Batch, keys: Vec<SortKey>, sorted: Vec<u64>) -> Result<State> {
        let of_rows = std::mem::take(&mut self.of_rows);
        let count = std::mem::take(&mut self.partitions).len();
        let partitions = Partitions::new(of_rows, count, &keys, sorted)?;
        let sees_peers = self.calls.iter().any(|call| call.sees_peers(keys.is_empty()));
        let keys = sees_peers.then_some(keys);
        Ok(State::Computing(Box::new(Computing {
            all,
            keys,
            partitions,
            running: None,
            results: Vec::new(),
        })))
    }

    /// Does a piece of a function, or begins with the next one.
    fn compute(&mut self, mut computing: Box<Computing>, ctx: &mut Context) -> Result<State> {
        let Computing { all, keys, partitions, running, results } = &mut *computing;
        if let Some(keys) = keys.take() {
            let Ordered { sorted, partitions, peers, .. } = &mut partitions.ordered;
            *peers = equals_in_order(sorted, partitions, &keys)?;
        } else if let Some(call) = running {
            let values = match call {
                Running::Framed(framed) => {
                    let values = framed.step(&partitions.ordered, all, ctx)?;
                    values.map(|values| partitions.by_row(&values)).transpose()?
                }
                Running::Percentiles(percentiles, span) => {
                    let values = percentiles.step(&partitions.of_rows, partitions.count);
                    values.map_err(|error| error.or_at(*span))?
                }
            };
            if let Some(values) = values {
                results.push(values);
                *running = None;
            }
        } else if let Some(call) = self.calls.pop_front() {
            match partitions.begin(call, all, ctx)? {
                Begun::Values(values) => results.push(values),
                Begun::Running(begun) => *running = Some(begun),
            }
        } else {
            let results = Batch::new(all.rows(), std::mem::take(results))?;
            return Ok(State::Returning(self.buffer.take().into_batches().into(), results, 0));
        }
        Ok(State::Computing(computing))
    }
}

impl Operator for Window {
    fn poll(&mut self, ctx: &mut Context) -> Result<Poll> {
        self.state = match std::mem::replace(&mut self.state, State::Reading) {
            State::Reading => match self.input.poll(ctx)? {
                Poll::Batch(batch) => {
                    self.push(batch, ctx)?;
                    State::Reading
                }
                Poll::Done => self.begin(ctx)?,
                other => return Ok(other),
            },
            State::Sorting(all, keys, mut sorting, mut sorted) => match sorting.step(ROWS_AT_ONCE)? {
                Some(rows) if rows.is_empty() => State::Parting(all, keys, sorted),
                rows => {
                    sorted.extend(rows.iter().flat_map(|rows| rows.values()));
                    State::Sorting(all, keys, sorting, sorted)
                }
            },
            State::Parting(all, keys, sorted) => self.part(all, keys, sorted)?,
            State::Computing(computing) => self.compute(computing, ctx)?,
            State::Returning(mut batches, results, returned) => {
                let next = batches.pop_front();
                let rows = next.as_ref().map_or(0, Batch::rows);
                let of_next = results.slice(returned, rows);
                self.state = State::Returning(batches, results, returned + rows);
                let Some(next) = next else { return Ok(Poll::Done) };
                return next.select(&self.keep)?.with(of_next.columns().iter().cloned()).map(Poll::Batch);
            }
        };
        Ok(Poll::Working)
    }
}

impl WindowCall {
    /// Whether it asks which rows are equal in the order.
    fn sees_peers(&self, is_unordered: bool) -> bool {
        match self {
            Self::Ranking(ranking) => *ranking != Ranking::RowNumber,
            Self::Ntile { .. } | Self::Fit { .. } => false,
            Self::Aggregate { frame, .. } => frame.as_ref().map_or(!is_unordered, Frame::sees_peers),
            Self::Navigation { navigation, frame, .. } => navigation.takes_frame() && frame.sees_peers(),
        }
    }
}

/// The rows of a window by partition, and by order within it.
struct Partitions {
    /// The partition of each row, and how many there are.
    of_rows: Vec<u32>,
    count: usize,
    has_order: bool,
    ordered: Ordered,
}

/// What a call is worth, or what is going to compute it.
enum Begun {
    Values(ArrayRef),
    Running(Running),
}

impl Partitions {
    /// `sorted` has all rows in the order of `keys`.
    fn new(of_rows: Vec<u32>, count: usize, keys: &[SortKey], sorted: Vec<u64>) -> Result<Self> {
        let rows = of_rows.len();
        let partition = |row: &u64| of_rows.get(row_index(*row)).map(|partition| (*row, *partition));
        let (starts, sorted) = match count {
            0 | 1 => (vec![0, rows], sorted),
            _ => rows_by_key(sorted.iter().filter_map(partition), count),
        };
        ensure(sorted.len() == rows, "a row of a window is missing")?;
        let ends = starts.iter().skip(1);
        let partitions: Vec<_> = starts.iter().zip(ends).map(|(start, end)| *start..*end).collect();
        let key = match keys {
            [SortKey { column, data_type, descending, .. }] => Some(OrderKey {
                column: column.clone(),
                data_type: data_type.clone(),
                descending: *descending,
            }),
            _ => None,
        };
        let ordered = Ordered { sorted, partitions, peers: Vec::new(), key };
        Ok(Self { of_rows, count, has_order: !keys.is_empty(), ordered })
    }

    /// Values in the order of the window, as those of the rows.
    fn by_row(&self, values: &ArrayRef) -> Result<ArrayRef> {
        if self.ordered.is_input() {
            return Ok(values.clone());
        }
        take(values, &self.ordered.positions().into())
    }

    fn begin(&self, call: WindowCall, all: &Batch, ctx: &mut Context) -> Result<Begun> {
        let named = |error, ctx: &Context| name_of_all(error, all, ctx);
        let values = match call {
            WindowCall::Ranking(ranking) => self.rank(ranking),
            WindowCall::Ntile { buckets } => {
                let buckets = expr::evaluate(&buckets, all, ctx).map_err(|error| named(error, ctx))?;
                self.buckets(&Operand::column(buckets))?
            }
            WindowCall::Aggregate { aggregate, frame: None } if !self.has_order => {
                self.aggregate(aggregate, all, ctx)?
            }
            WindowCall::Aggregate { aggregate, frame } => {
                let framed = Framed::new(aggregate, frame, &self.ordered, all, ctx);
                let framed = framed.map_err(|error| named(error, ctx))?;
                return Ok(Begun::Running(Running::Framed(Box::new(framed))));
            }
            WindowCall::Navigation { navigation, args, frame, ignore_nulls, data_type, span } => {
                let args = expr::columns(&args, all, ctx).map_err(|error| named(error, ctx))?;
                if let Navigation::PercentileCont | Navigation::PercentileDisc = navigation {
                    let is_continuous = navigation == Navigation::PercentileCont;
                    let percentiles = Percentiles::new(&args, is_continuous, ignore_nulls, data_type)?;
                    return Ok(Begun::Running(Running::Percentiles(Box::new(percentiles), span)));
                }
                let call = navigation::Call { navigation, args, ignore_nulls };
                call.results(&self.ordered, &frame).map_err(|error| error.or_at(span))?
            }
            WindowCall::Fit { fit, args, data_type, span } => {
                self.fit(fit, &args, &data_type, all, ctx).map_err(|error| named(error, ctx).or_at(span))?
            }
        };
        Ok(Begun::Values(values))
    }

    fn rank(&self, ranking: Ranking) -> ArrayRef {
        let ordered = &self.ordered;
        match ranking {
            Ranking::RowNumber => ordered.numbers(|position, partition| position - partition.start + 1),
            Ranking::Rank => {
                ordered.numbers(|position, partition| ordered.peers_of(position).start - partition.start + 1)
            }
            Ranking::DenseRank => ordered.dense_ranks(),
            Ranking::PercentRank => ordered.fractions(|partition, peers| {
                let others = partition.len() - 1;
                if others == 0 { 0.0 } else { float(peers.start - partition.start) / float(others) }
            }),
            Ranking::CumeDist => ordered
                .fractions(|partition, peers| float(peers.end - partition.start) / float(partition.len())),
        }
    }

    /// NTILE: of `n` rows in `b` buckets the first `n % b` have one row more than the others.
    fn buckets(&self, buckets: &Operand) -> Result<ArrayRef> {
        let buckets = buckets.ints()?;
        let mut results = vec![0_i64; self.of_rows.len()];
        for partition in &self.ordered.partitions {
            let rows = self.ordered.sorted.get(partition.clone()).invariant("the rows of a partition")?;
            for (index, row) in rows.iter().enumerate() {
                let row = row_index(*row);
                let count =
                    buckets.get(row).and_then(|count| usize::try_from(count).ok()).filter(|count| *count > 0);
                let Some(count) = count else {
                    return Err(Error::new(Code::OutOfRange, "NTILE divides rows into one bucket at least"));
                };
                let (size, larger) = (rows.len() / count, rows.len() % count);
                let in_larger = larger * (size + 1);
                let bucket = match index.checked_sub(in_larger) {
                    Some(behind) => larger + behind.checked_div(size).unwrap_or(0),
                    None => index / (size + 1),
                };
                *results.get_mut(row).invariant("a row of the window")? = (bucket as u64).cast_signed() + 1;
            }
        }
        Ok(Arc::new(Int64Array::from(results)))
    }

    /// An aggregate over the whole partition of each row.
    fn aggregate(&self, call: Aggregate, all: &Batch, ctx: &mut Context) -> Result<ArrayRef> {
        let mut aggregate = GroupedAggregate::new(call, ctx)?;
        aggregate
            .update(all, &self.of_rows, self.count, ctx)
            .map_err(|error| name_of_all(error, all, ctx))?;
        while !aggregate.finish(self.count, ctx)? {}
        let of_rows = self.of_rows.iter().map(|partition| u64::from(*partition));
        take(&aggregate.values(0..self.count)?, &of_rows.collect())
    }

    fn fit(
        &self,
        fit: Fit,
        args: &[Expr],
        returns: &DataType,
        all: &Batch,
        ctx: &mut Context,
    ) -> Result<ArrayRef> {
        let types: Vec<_> = args.iter().map(|arg| arg.data_type.clone()).collect();
        let args = expr::arguments(args, all, ctx)?;
        let fit_and_apply = |args: &[Operand], rows| {
            let call = BatchCall { args, types: &types, returns, rows, env: &ctx.env };
            fit(&call)?.apply(&call)
        };
        if self.count <= 1 {
            return fit_and_apply(&args, all.rows());
        }
        let mut results = Vec::with_capacity(self.count);
        for partition in &self.ordered.partitions {
            let rows = self.ordered.sorted.get(partition.clone()).invariant("the rows of a partition")?;
            let indices = UInt64Array::from(rows.to_vec());
            let args = args.iter().map(|arg| arg.take(&indices)).collect::<Result<Vec<_>>>()?;
            let result = fit_and_apply(&args, rows.len()).map_err(|mut error| {
                // It counts the rows of the partition.
                error.take_row();
                error
            })?;
            ensure(result.len() == rows.len(), "a window function has returned too few rows")?;
            results.push(result);
        }
        self.by_row(&concat(&results)?)
    }
}

/// Names the row at fault: all rows are in one batch, so their numbers are those of the input.
fn name_of_all(error: Error, all: &Batch, ctx: &Context) -> Error {
    let mut error = match ctx.correlated.named_around(error, all) {
        Ok(error) => return error,
        Err(error) => error,
    };
    match error.take_row() {
        Some(row) => error.context(format_args!("row {}", row + 1)),
        None => error,
    }
}
