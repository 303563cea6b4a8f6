//! Functions with OVER: each row sees the rows of its partition.

use std::ops::Range;
use std::sync::Arc;

use arrow_array::{ArrayRef, Int64Array, UInt64Array};

use super::accumulators::GroupedAggregate;
use super::buffer::RowBuffer;
use super::frame::{OrderKey, Ordered, float};
use super::{Context, Input, Operator, Poll, expr, navigation};
use crate::data::{
    Batch, DataType, KeyTable, Operand, Schema, concat, numbered_equals, row_index, rows_by_key,
    sort_indices, take,
};
use crate::diag::{Code, Error, Invariant, Result, ensure};
use crate::function::{BatchCall, Fit, Held, Ranking};
use crate::plan::{Aggregate, Expr, Frame, Order, WindowCall};

pub(super) struct Window {
    input: Input,
    schema: Schema,
    partition_by: Vec<Expr>,
    order_by: Vec<Order>,
    calls: Vec<WindowCall>,
    keep: Vec<usize>,
    buffer: RowBuffer,
    /// What the query is told of all rows.
    held: Option<Held>,
    /// All rows, and how many of them were returned.
    result: Option<(Batch, usize)>,
}

impl Window {
    pub(super) fn new(
        input: Input,
        schema: Schema,
        partition_by: Vec<Expr>,
        order_by: Vec<Order>,
        calls: Vec<WindowCall>,
        keep: Vec<usize>,
    ) -> Self {
        Self {
            input,
            schema,
            partition_by,
            order_by,
            calls,
            keep,
            buffer: RowBuffer::of("OVER"),
            held: None,
            result: None,
        }
    }

    fn finish(&mut self, ctx: &mut Context) -> Result<Batch> {
        self.held = self.buffer.take_held();
        let all = self.buffer.take().concat(&self.schema)?;
        if all.rows() == 0 {
            return Ok(all);
        }
        let partitions = Partitions::new(&all, &self.partition_by, &self.order_by, ctx)?;
        let mut results = Vec::with_capacity(self.calls.len());
        for call in self.calls.drain(..) {
            results.push(match call {
                WindowCall::Ranking(ranking) => partitions.rank(ranking),
                WindowCall::Ntile { buckets } => {
                    let buckets =
                        expr::evaluate(&buckets, &all, ctx).map_err(|error| name_row(error, &all, ctx))?;
                    partitions.buckets(&Operand::column(buckets))?
                }
                WindowCall::Aggregate { aggregate, frame: None } => {
                    partitions.aggregate(aggregate, &all, ctx)?
                }
                WindowCall::Aggregate { aggregate, frame: Some(frame) } => {
                    partitions.framed(&aggregate, frame, &all, ctx)?
                }
                WindowCall::Navigation { navigation, args, frame, ignore_nulls, data_type, span } => {
                    let args = expr::columns(&args, &all, ctx).map_err(|error| name_row(error, &all, ctx))?;
                    let data_type = &data_type;
                    let call = navigation::Call { navigation, args, data_type, ignore_nulls };
                    let ordered = partitions.ordered();
                    let frames = ordered.frames(&frame, partitions.key.as_ref())?;
                    call.results(&ordered, &frames).map_err(|error| error.or_at(span))?
                }
                WindowCall::Fit { fit, args, data_type, span } => partitions
                    .fit(fit, &args, &data_type, &all, ctx)
                    .map_err(|error| name_row(error, &all, ctx).or_at(span))?,
            });
        }
        all.select(&self.keep)?.with(results)
    }
}

impl Operator for Window {
    fn poll(&mut self, ctx: &mut Context) -> Result<Poll> {
        let Some((rows, returned)) = &mut self.result else {
            match self.input.poll(ctx)? {
                Poll::Batch(batch) => self.buffer.push(batch, ctx)?,
                Poll::Done => self.result = Some((self.finish(ctx)?, 0)),
                other => return Ok(other),
            }
            return Ok(Poll::Working);
        };
        let batch = rows.slice(*returned, ctx.env.limits.batch_rows);
        *returned += batch.rows();
        Ok(if batch.rows() == 0 { Poll::Done } else { Poll::Batch(batch) })
    }
}

/// The rows of a window by partition, and by order within it.
struct Partitions {
    /// The partition of each row, and how many there are.
    of_rows: Vec<u32>,
    count: usize,
    /// With an ORDER BY, rows of a partition that are equal in it (peers) share a number.
    peers: Option<Vec<u32>>,
    /// The rows' numbers: partition by partition, in order. Each row stands there once.
    sorted: Vec<u64>,
    /// The key of the order, if it has one key.
    key: Option<OrderKey>,
}

impl Partitions {
    fn new(all: &Batch, partition_by: &[Expr], order_by: &[Order], ctx: &mut Context) -> Result<Self> {
        let columns = expr::columns(partition_by, all, ctx).map_err(|error| name_row(error, all, ctx))?;
        let mut table = KeyTable::default();
        let of_rows = table.intern(&columns, all.rows())?;
        let count = table.len();
        let order = expr::columns(order_by.iter().map(|order| &order.expr), all, ctx)
            .map_err(|error| name_row(error, all, ctx))?;
        let key = match (order_by, order.as_slice()) {
            ([key], [column]) => Some(OrderKey {
                column: column.clone(),
                data_type: key.expr.data_type.clone(),
                descending: key.descending,
            }),
            _ => None,
        };
        let keys: Vec<_> = order_by.iter().zip(order).map(|(order, column)| order.key(column)).collect();
        let ordered = sort_indices(all.rows(), &keys)?;
        let partition = |row: &u64| of_rows.get(row_index(*row)).map(|partition| (*row, *partition));
        let (_, sorted) = rows_by_key(ordered.values().iter().filter_map(partition), count);
        let peers = if order_by.is_empty() { None } else { Some(numbered_equals(&sorted, &of_rows, &keys)?) };
        let is_whole = |rows: usize| rows == all.rows();
        ensure(
            is_whole(of_rows.len())
                && is_whole(sorted.len())
                && peers.as_ref().is_none_or(|peers| is_whole(peers.len())),
            "a row of a window is missing",
        )?;
        Ok(Self { of_rows, count, peers, sorted, key })
    }

    /// For each row in the sorted order: its number, its partition and its peers.
    #[expect(clippy::indexing_slicing, reason = "`new` has checked that every row has a partition and peers")]
    fn walk(&self) -> impl Iterator<Item = (usize, u32, Option<u32>)> {
        self.sorted.iter().map(|row| {
            let row = row_index(*row);
            (row, self.of_rows[row], self.peers.as_ref().map(|peers| peers[row]))
        })
    }

    /// The rows in order, with the extents of partitions and peers.
    fn ordered(&self) -> Ordered {
        let mut ordered = Ordered {
            sorted: self.sorted.clone(),
            partitions: Vec::with_capacity(self.count),
            peers: Vec::with_capacity(self.sorted.len()),
        };
        let (mut start, mut peers_start) = (0, 0);
        let mut previous = None;
        for (position, (_, partition, peers)) in self.walk().enumerate() {
            if previous.is_some_and(|previous| previous != (partition, peers)) {
                ordered.peers.resize(position, peers_start..position);
                peers_start = position;
            }
            if previous.is_some_and(|(previous, _)| previous != partition) {
                ordered.partitions.push(start..position);
                start = position;
            }
            previous = Some((partition, peers));
        }
        let end = self.sorted.len();
        ordered.peers.resize(end, peers_start..end);
        if start < end {
            ordered.partitions.push(start..end);
        }
        ordered
    }

    fn rank(&self, ranking: Ranking) -> ArrayRef {
        let ordered = self.ordered();
        match ranking {
            Ranking::RowNumber => ordered.numbers(|position, partition, _| position - partition.start + 1),
            Ranking::Rank => ordered.numbers(|_, partition, peers| peers.start - partition.start + 1),
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
        let mut results = vec![0_i64; self.sorted.len()];
        for partition in self.ordered().partitions {
            let rows = self.sorted.get(partition.clone()).invariant("the rows of a partition")?;
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

    /// An aggregate over the frame of each row.
    fn framed(&self, call: &Aggregate, frame: Frame, all: &Batch, ctx: &mut Context) -> Result<ArrayRef> {
        let ordered = self.ordered();
        let frames = ordered.frames(&frame, self.key.as_ref())?;
        let sorted = all.take(&self.sorted.clone().into())?;
        let results = if frame.start.is_none() {
            running(call, &sorted, &ordered.partitions, &frames, ctx)?
        } else if frame.end.is_none() && !call.function.depends_on_order() {
            let rows = sorted.rows();
            let flipped = |range: &Range<usize>| rows - range.end..rows - range.start;
            let backwards = sorted.take(&(0..rows as u64).rev().collect())?;
            let partitions: Vec<_> = ordered.partitions.iter().rev().map(flipped).collect();
            let frames: Vec<_> = frames.iter().rev().map(flipped).collect();
            let results = running(call, &backwards, &partitions, &frames, ctx)?;
            take(&results, &(0..rows as u64).rev().collect())?
        } else {
            each(call, &sorted, &frames, ctx)?
        };
        take(&results, &self.positions().into())
    }

    fn aggregate(&self, call: Aggregate, all: &Batch, ctx: &mut Context) -> Result<ArrayRef> {
        let mut aggregate = GroupedAggregate::new(call, ctx)?;
        if self.peers.is_none() {
            aggregate
                .update(all, &self.of_rows, self.count, ctx)
                .map_err(|error| name_row(error, all, ctx))?;
            aggregate.finish(self.count, ctx)?;
            let of_rows = self.of_rows.iter().map(|partition| u64::from(*partition));
            return take(&aggregate.values(0..self.count)?, &of_rows.collect());
        }
        let running = self.number_peers();
        let sorted = all.take(&self.sorted.clone().into())?;
        aggregate.accumulate_window(&sorted, &running.peers, &running.partitions, ctx)?;
        take(&aggregate.values(0..running.count)?, &running.of_rows.into())
    }

    /// Numbers the groups of peers in the sorted order, so that each has the number after that of the group before.
    #[expect(clippy::indexing_slicing, reason = "`of_rows` has an entry for every row")]
    fn number_peers(&self) -> NumberedPeers {
        let rows = self.sorted.len();
        let (mut numbers, mut partitions) = (Vec::with_capacity(rows), Vec::with_capacity(rows));
        let mut of_rows = vec![0; rows];
        let mut previous = None;
        let mut count: u32 = 0;
        for (row, partition, peers) in self.walk() {
            if previous != Some(peers) {
                previous = Some(peers);
                count += 1;
            }
            numbers.push(count - 1);
            partitions.push(partition);
            of_rows[row] = u64::from(count - 1);
        }
        NumberedPeers { peers: numbers, partitions, of_rows, count: count as usize }
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
        for rows in self.sorted.chunk_by(|a, b| self.partition(*a) == self.partition(*b)) {
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
        take(&concat(&results)?, &self.positions().into())
    }

    /// Where each row stands in the sorted order.
    #[expect(clippy::indexing_slicing, reason = "there is a position for every row")]
    fn positions(&self) -> Vec<u64> {
        let mut positions = vec![0; self.sorted.len()];
        for (position, row) in (0..).zip(&self.sorted) {
            positions[row_index(*row)] = position;
        }
        positions
    }

    #[expect(clippy::indexing_slicing, reason = "`new` has checked that every row has a partition")]
    fn partition(&self, row: u64) -> u32 {
        self.of_rows[row_index(row)]
    }
}

/// The aggregate over frames that start with their partition: each row goes on from where the one before it was.
fn running(
    call: &Aggregate,
    sorted: &Batch,
    partitions: &[Range<usize>],
    frames: &[Range<usize>],
    ctx: &mut Context,
) -> Result<ArrayRef> {
    let rows = sorted.rows();
    let mut aggregate = GroupedAggregate::new(call.clone(), ctx)?;
    let numbers = (0..rows).map(|row| u32::try_from(row).ok().invariant("a row has a number"));
    let numbers = numbers.collect::<Result<Vec<_>>>()?;
    let of_rows: Vec<_> =
        (0..).zip(partitions).flat_map(|(number, partition)| vec![number; partition.len()]).collect();
    aggregate.accumulate_window(sorted, &numbers, &of_rows, ctx)?;
    // One group more, of no rows, for empty frames.
    let values = aggregate.values(0..rows + 1)?;
    let last = frames.iter().map(|frame| match frame.end.checked_sub(1) {
        Some(last) if !frame.is_empty() => last as u64,
        _ => rows as u64,
    });
    take(&values, &last.collect())
}

/// The aggregate over each frame by itself, several frames at once.
fn each(call: &Aggregate, sorted: &Batch, frames: &[Range<usize>], ctx: &mut Context) -> Result<ArrayRef> {
    let most = ctx.env.limits.batch_rows;
    let mut parts = Vec::new();
    let mut frames = frames.iter().peekable();
    while frames.peek().is_some() {
        let (mut rows, mut groups, mut count) = (Vec::new(), Vec::new(), 0_usize);
        while let Some(frame) =
            frames.next_if(|frame| count == 0 || (rows.len() + frame.len() <= most && count < most))
        {
            let group = u32::try_from(count).ok().invariant("a frame has a number")?;
            rows.extend(frame.clone().map(|row| row as u64));
            groups.resize(rows.len(), group);
            count += 1;
        }
        let mut aggregate = GroupedAggregate::new(call.clone(), ctx)?;
        aggregate.update(&sorted.take(&rows.into())?, &groups, count, ctx).map_err(|mut error| {
            error.take_row();
            error
        })?;
        aggregate.finish(count, ctx)?;
        parts.push(aggregate.values(0..count)?);
    }
    concat(&parts)
}

/// The groups of peers of a window, numbered in the sorted order.
struct NumberedPeers {
    /// For each row in the sorted order its peers and its partition.
    peers: Vec<u32>,
    partitions: Vec<u32>,
    /// For each row in the input's order its peers.
    of_rows: Vec<u64>,
    /// How many groups there are.
    count: usize,
}

/// Names the row at fault: all rows are in one batch, so their numbers are those of the input.
fn name_row(error: Error, all: &Batch, ctx: &Context) -> Error {
    let mut error = match ctx.correlated.named_around(error, all) {
        Ok(error) => return error,
        Err(error) => error,
    };
    match error.take_row() {
        Some(row) => error.context(format_args!("row {}", row + 1)),
        None => error,
    }
}
