//! Functions with OVER: each row sees the rows of its partition.

use std::sync::Arc;

use arrow_array::{ArrayRef, Int64Array, UInt32Array, UInt64Array};

use super::held::Held;
use super::tally::Tally;
use super::{Context, Input, Operator, Poll, expr};
use crate::data::{Batch, DataType, Keys, Operand, Schema, SortKey, concat, sort_indices, take};
use crate::diag::{Error, Result};
use crate::function::{BatchCall, Fit, Ranking};
use crate::plan::{Aggregate, Expr, Order, WindowCall};

pub(super) struct Window {
    input: Input,
    schema: Schema,
    partition_by: Vec<Expr>,
    order_by: Vec<Order>,
    calls: Vec<WindowCall>,
    keep: Vec<usize>,
    held: Held,
    /// All rows, and how many of them were given.
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
        Self { input, schema, partition_by, order_by, calls, keep, held: Held::default(), result: None }
    }

    fn finish(&mut self, ctx: &mut Context) -> Result<Batch> {
        let all = std::mem::take(&mut self.held).concat(&self.schema)?;
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
        if self.result.is_none() {
            match self.input.poll(ctx)? {
                Poll::Batch(batch) => {
                    self.held.push(batch, ctx)?;
                    return Ok(Poll::Working);
                }
                Poll::Done => self.result = Some((self.finish(ctx)?, 0)),
                other => return Ok(other),
            }
        }
        let Some((rows, given)) = &mut self.result else { return Ok(Poll::Done) };
        let batch = rows.slice(*given, ctx.env.limits.batch_rows);
        *given += batch.rows();
        Ok(if batch.rows() == 0 { Poll::Done } else { Poll::Batch(batch) })
    }
}

/// The rows of a window by partition, and by order within it.
struct Partitions {
    /// The partition of each row, and how many there are.
    of_rows: Vec<u32>,
    count: usize,
    /// Where there is an ORDER BY, rows that are equal in it share a number.
    peers: Option<Vec<u32>>,
    /// The rows' numbers: partition by partition, in order.
    sorted: Vec<u64>,
}

impl Partitions {
    fn new(all: &Batch, partition_by: &[Expr], order_by: &[Order], ctx: &mut Context) -> Result<Self> {
        let columns = expr::columns(partition_by, all, ctx).map_err(name_row)?;
        let mut keys = Keys::default();
        let of_rows = keys.number(&columns, all.rows())?;
        let count = keys.len();
        let order = expr::columns(order_by.iter().map(|it| &it.expr), all, ctx).map_err(name_row)?;
        let peers = match order.is_empty() {
            true => None,
            false => {
                let mut columns: Vec<ArrayRef> = vec![Arc::new(UInt32Array::from(of_rows.clone()))];
                columns.extend(order.iter().cloned());
                Some(Keys::default().number(&columns, all.rows())?)
            }
        };
        let mut keys: Vec<_> = order_by.iter().zip(order).map(|(by, column)| by.key(column)).collect();
        if count > 1 {
            let column = Arc::new(of_rows.iter().map(|it| i64::from(*it)).collect::<Int64Array>());
            let first = SortKey { column, data_type: DataType::Int64, descending: false, nulls_first: true };
            keys.insert(0, first);
        }
        let sorted = sort_indices(all.rows(), &keys)?.values().to_vec();
        Ok(Self { of_rows, count, peers, sorted })
    }

    /// For each row in the sorted order: its number, its partition and its peers.
    fn walk(&self) -> impl Iterator<Item = (usize, u32, Option<u32>)> {
        self.sorted.iter().filter_map(|row| {
            let row = usize::try_from(*row).ok()?;
            let peers = self.peers.as_ref().and_then(|peers| peers.get(row)).copied();
            Some((row, *self.of_rows.get(row)?, peers))
        })
    }

    fn rank(&self, ranking: Ranking) -> ArrayRef {
        let mut ranks = vec![0_i64; self.sorted.len()];
        let (mut partition_before, mut peers_before) = (None, None);
        let (mut number, mut rank, mut dense) = (0, 0, 0);
        for (row, partition, peers) in self.walk() {
            if partition_before != Some(partition) {
                (number, rank, dense) = (0, 0, 0);
            }
            number += 1;
            if rank == 0 || peers_before != peers {
                rank = number;
                dense += 1;
            }
            (partition_before, peers_before) = (Some(partition), peers);
            if let Some(place) = ranks.get_mut(row) {
                *place = match ranking {
                    Ranking::RowNumber => number,
                    Ranking::Rank => rank,
                    Ranking::DenseRank => dense,
                };
            }
        }
        Arc::new(Int64Array::from(ranks))
    }

    fn aggregate(&self, call: Aggregate, all: &Batch, ctx: &mut Context) -> Result<ArrayRef> {
        let mut tally = Tally::new(call, ctx)?;
        if self.peers.is_none() {
            tally.update(all, &self.of_rows, self.count, ctx).map_err(name_row)?;
            tally.finish(self.count)?;
            let of_rows = self.of_rows.iter().map(|it| u64::from(*it));
            return take(&tally.values(0..self.count)?, &of_rows.collect());
        }
        // Peers numbered as they come in the order, so that those before have the number before.
        let mut numbers: Vec<u32> = Vec::with_capacity(self.sorted.len());
        let mut partitions = Vec::with_capacity(self.sorted.len());
        let mut of_rows = vec![0; self.sorted.len()];
        let mut before = None;
        let mut count = 0;
        for (row, partition, peers) in self.walk() {
            if before != Some(peers) {
                before = Some(peers);
                count += 1;
            }
            numbers.push(count - 1);
            partitions.push(partition);
            if let Some(place) = of_rows.get_mut(row) {
                *place = u64::from(count - 1);
            }
        }
        tally.run(&all.take(&self.sorted.clone().into())?, &numbers, &partitions, ctx)?;
        take(&tally.values(0..count as usize)?, &of_rows.into())
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
        let fitted = |args: &[Operand], rows| {
            let call = BatchCall { args, types: &types, returns, rows, env: &ctx.env };
            fit(&call)?.apply(&call)
        };
        if self.count <= 1 {
            return fitted(&args, all.rows());
        }
        let mut results = Vec::with_capacity(self.count);
        for rows in self.sorted.chunk_by(|a, b| self.partition(*a) == self.partition(*b)) {
            let at = UInt64Array::from(rows.to_vec());
            let args = args.iter().map(|arg| arg.take(&at)).collect::<Result<Vec<_>>>()?;
            results.push(fitted(&args, rows.len()).map_err(|mut error| {
                error.take_row();
                error
            })?);
        }
        let result = concat(&results)?;
        let mut places = vec![0; self.sorted.len()];
        for (place, row) in (0..).zip(&self.sorted) {
            if let Some(of_row) = usize::try_from(*row).ok().and_then(|row| places.get_mut(row)) {
                *of_row = place;
            }
        }
        take(&result, &places.into())
    }

    fn partition(&self, row: u64) -> Option<u32> {
        usize::try_from(row).ok().and_then(|row| self.of_rows.get(row)).copied()
    }
}

/// All rows are there at once: their numbers are those of the input.
fn name_row(mut error: Error) -> Error {
    match error.take_row() {
        Some(row) => error.context(format_args!("row {}", row + 1)),
        None => error,
    }
}
