//! Functions with OVER: each row sees the rows of its partition.

use std::sync::Arc;

use arrow_array::{ArrayRef, Int64Array, UInt32Array, UInt64Array};

use super::accumulators::GroupedAggregate;
use super::buffer::RowBuffer;
use super::{Context, Input, Operator, Poll, expr};
use crate::data::{
    Batch, DataType, KeyTable, Operand, Schema, SortKey, concat, row_index, sort_indices, take,
};
use crate::diag::{Error, Result, ensure};
use crate::function::{BatchCall, Fit, Ranking};
use crate::plan::{Aggregate, Expr, Order, WindowCall};

pub(super) struct Window {
    input: Input,
    schema: Schema,
    partition_by: Vec<Expr>,
    order_by: Vec<Order>,
    calls: Vec<WindowCall>,
    keep: Vec<usize>,
    buffer: RowBuffer,
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
            buffer: RowBuffer::default(),
            result: None,
        }
    }

    fn finish(&mut self, ctx: &mut Context) -> Result<Batch> {
        let all = std::mem::take(&mut self.buffer).concat(&self.schema)?;
        if all.rows() == 0 {
            return Ok(all);
        }
        let partitions = Partitions::new(&all, &self.partition_by, &self.order_by, ctx)?;
        let mut results = Vec::with_capacity(self.calls.len());
        for call in self.calls.drain(..) {
            results.push(match call {
                WindowCall::Ranking(ranking) => partitions.rank(ranking),
                WindowCall::Aggregate(call) => partitions.aggregate(call, &all, ctx)?,
                WindowCall::Fit { fit, args, data_type, span } => partitions
                    .fit(fit, &args, &data_type, &all, ctx)
                    .map_err(|error| name_row(error).or_at(span))?,
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
}

impl Partitions {
    fn new(all: &Batch, partition_by: &[Expr], order_by: &[Order], ctx: &mut Context) -> Result<Self> {
        let columns = expr::columns(partition_by, all, ctx).map_err(name_row)?;
        let mut table = KeyTable::default();
        let of_rows = table.intern(&columns, all.rows())?;
        let count = table.len();
        let order = expr::columns(order_by.iter().map(|order| &order.expr), all, ctx).map_err(name_row)?;
        let peers = if order.is_empty() {
            None
        } else {
            let mut columns: Vec<ArrayRef> = vec![Arc::new(UInt32Array::from(of_rows.clone()))];
            columns.extend(order.iter().cloned());
            Some(KeyTable::default().intern(&columns, all.rows())?)
        };
        let mut keys: Vec<_> = order_by.iter().zip(order).map(|(order, column)| order.key(column)).collect();
        if count > 1 {
            let column = Arc::new(of_rows.iter().map(|row| i64::from(*row)).collect::<Int64Array>());
            let first = SortKey { column, data_type: DataType::Int64, descending: false, nulls_first: true };
            keys.insert(0, first);
        }
        let sorted = sort_indices(all.rows(), &keys)?.values().to_vec();
        let is_whole = |rows: usize| rows == all.rows();
        ensure(
            is_whole(of_rows.len())
                && is_whole(sorted.len())
                && peers.as_ref().is_none_or(|peers| is_whole(peers.len())),
            "a row of a window is missing",
        )?;
        Ok(Self { of_rows, count, peers, sorted })
    }

    /// For each row in the sorted order: its number, its partition and its peers.
    #[expect(clippy::indexing_slicing, reason = "`new` has checked that every row has a partition and peers")]
    fn walk(&self) -> impl Iterator<Item = (usize, u32, Option<u32>)> {
        self.sorted.iter().map(|row| {
            let row = row_index(*row);
            (row, self.of_rows[row], self.peers.as_ref().map(|peers| peers[row]))
        })
    }

    #[expect(clippy::indexing_slicing, reason = "there is a rank for every row")]
    fn rank(&self, ranking: Ranking) -> ArrayRef {
        let mut ranks = vec![0_i64; self.sorted.len()];
        let (mut previous_partition, mut previous_peers) = (None, None);
        let (mut row_number, mut rank, mut dense_rank) = (0, 0, 0);
        for (row, partition, peers) in self.walk() {
            if previous_partition != Some(partition) {
                (row_number, rank, dense_rank) = (0, 0, 0);
            }
            row_number += 1;
            if rank == 0 || previous_peers != peers {
                rank = row_number;
                dense_rank += 1;
            }
            (previous_partition, previous_peers) = (Some(partition), peers);
            ranks[row] = match ranking {
                Ranking::RowNumber => row_number,
                Ranking::Rank => rank,
                Ranking::DenseRank => dense_rank,
            };
        }
        Arc::new(Int64Array::from(ranks))
    }

    fn aggregate(&self, call: Aggregate, all: &Batch, ctx: &mut Context) -> Result<ArrayRef> {
        let mut aggregate = GroupedAggregate::new(call, ctx)?;
        if self.peers.is_none() {
            aggregate.update(all, &self.of_rows, self.count, ctx).map_err(name_row)?;
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
fn name_row(mut error: Error) -> Error {
    match error.take_row() {
        Some(row) => error.context(format_args!("row {}", row + 1)),
        None => error,
    }
}
