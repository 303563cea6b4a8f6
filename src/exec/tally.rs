//! One aggregate function over groups of rows, with what stands in its parentheses: DISTINCT, ORDER BY, LIMIT and
//! IGNORE NULLS.

use std::ops::Range;
use std::sync::Arc;

use arrow_array::{ArrayRef, UInt32Array, UInt64Array};

use super::distinct::first_rows;
use super::held::{Held, check_rows};
use super::{Context, expr};
use crate::data::{Batch, Field, Keys, Operand, Schema, sort_indices};
use crate::diag::{Error, Result};
use crate::function::{Accumulator, Setup};
use crate::plan::Aggregate;

pub(super) struct Tally {
    call: Aggregate,
    accumulator: Box<dyn Accumulator>,
    /// For DISTINCT: the values met in each group.
    seen: Keys,
    /// For LIMIT: how many rows of each group have counted.
    counted: Vec<usize>,
    /// For ORDER BY: the arguments, then the keys of the order, and the rows' groups.
    waiting: Held,
    waiting_groups: Vec<u32>,
}

impl Tally {
    pub(super) fn new(call: Aggregate, ctx: &Context) -> Result<Self> {
        let setup = Setup { returns: &call.data_type, limits: &ctx.env.limits };
        let accumulator = (call.start)(&setup).map_err(|error| error.or_at(call.span))?;
        Ok(Self {
            call,
            accumulator,
            seen: Keys::default(),
            counted: Vec::new(),
            waiting: Held::default(),
            waiting_groups: Vec::new(),
        })
    }

    /// Takes in rows: row `i` of `batch` belongs to group `groups[i]`, of which there are `count` so far.
    pub(super) fn update(
        &mut self,
        batch: &Batch,
        groups: &[u32],
        count: usize,
        ctx: &mut Context,
    ) -> Result<()> {
        let args = expr::arguments(&self.call.args, batch, ctx)?;
        let Aggregate { distinct, ignore_nulls, order_by, limit, .. } = &self.call;
        if !distinct && !ignore_nulls && order_by.is_empty() && limit.is_none() {
            return self.accumulator.update(&args, groups, count).map_err(|it| it.or_at(self.call.span));
        }
        let rows = self.rows_that_count(&args, groups, ctx)?;
        if self.call.order_by.is_empty() {
            return self.feed(&args, groups, rows, count);
        }
        let keys = expr::columns(self.call.order_by.iter().map(|it| &it.expr), batch, ctx)?;
        let args = args.into_iter().map(|arg| arg.into_column(batch.rows())).collect::<Result<Vec<_>>>()?;
        self.waiting_groups.extend(pick(groups, &rows));
        self.waiting.push(Batch::new(batch.rows(), args)?.with(keys)?.take(&rows.into())?, ctx)
    }

    /// Takes in all rows of a window, sorted by partition and order. Row `i` belongs to the peers `peers[i]`, numbered
    /// as they come, who begin with what the peers before them have taken in, unless they open a partition.
    pub(super) fn run(
        &mut self,
        batch: &Batch,
        peers: &[u32],
        partitions: &[u32],
        ctx: &mut Context,
    ) -> Result<()> {
        let args = expr::arguments(&self.call.args, batch, ctx)?;
        let rows = self.rows_that_count(&args, partitions, ctx)?;
        let mut rows = rows.as_slice();
        let mut partition_before = None;
        let mut start = 0;
        for peers in peers.chunk_by(|a, b| a == b) {
            let Some(peer) = peers.first() else { continue };
            let partition = partitions.get(start);
            if partition_before.is_some() && partition_before == partition {
                self.accumulator.carry(peer.saturating_sub(1), *peer)?;
            }
            partition_before = partition;
            let end = start + peers.len();
            let (own, rest) = rows.split_at(rows.partition_point(|row| *row < end as u64));
            rows = rest;
            let count = *peer as usize + 1;
            if own.len() == peers.len() {
                let args: Vec<_> = args.iter().map(|arg| arg.slice(start, own.len())).collect();
                self.accumulator.update(&args, peers, count).map_err(|it| self.of_no_row(it))?;
            } else {
                let at = UInt64Array::from(own.to_vec());
                let args = args.iter().map(|arg| arg.take(&at)).collect::<Result<Vec<_>>>()?;
                let peers = peers.get(..own.len()).unwrap_or_default();
                self.accumulator.update(&args, peers, count).map_err(|it| self.of_no_row(it))?;
            }
            start = end;
        }
        Ok(())
    }

    /// To be called when all rows are in, for `count` groups.
    pub(super) fn finish(&mut self, count: usize) -> Result<()> {
        if self.call.order_by.is_empty() {
            return Ok(());
        }
        let exprs = self.call.args.iter().chain(self.call.order_by.iter().map(|order| &order.expr));
        let fields = exprs.map(|it| Field::new("", it.data_type.clone())).collect();
        let all = std::mem::take(&mut self.waiting).concat(&Schema { fields })?;
        let (args, keys) = all.columns().split_at(self.call.args.len());
        let keys: Vec<_> =
            self.call.order_by.iter().zip(keys).map(|(order, column)| order.key(column.clone())).collect();
        let args: Vec<_> = args.iter().cloned().map(Operand::column).collect();
        let groups = std::mem::take(&mut self.waiting_groups);
        let order = sort_indices(all.rows(), &keys)?.values().to_vec();
        self.feed(&args, &groups, order, count).map_err(|error| self.of_no_row(error))
    }

    /// The values of the groups in `range`.
    pub(super) fn values(&mut self, range: Range<usize>) -> Result<ArrayRef> {
        self.accumulator.values(range).map_err(|error| error.or_at(self.call.span))
    }

    /// The rows that IGNORE NULLS and, within each group, DISTINCT leave.
    fn rows_that_count(&mut self, args: &[Operand], groups: &[u32], ctx: &Context) -> Result<Vec<u64>> {
        let mut rows: Vec<u64> = (0..groups.len() as u64).collect();
        if self.call.ignore_nulls
            && let Some(first) = args.first()
        {
            let mut row = 0..groups.len();
            rows.retain(|_| row.next().is_some_and(|row| !first.is_null(row)));
        }
        if self.call.distinct {
            let at = UInt64Array::from(rows);
            let mut columns: Vec<ArrayRef> = vec![Arc::new(UInt32Array::from(pick(groups, at.values())))];
            // Constants too: what is one for these rows need not be one for the next.
            for arg in args {
                columns.push(arg.take(&at)?.into_column(at.values().len())?);
            }
            let new = first_rows(&mut self.seen, &columns, at.values().len())?.1;
            check_rows(self.seen.len(), &ctx.env.limits)?;
            let row = |new: u64| usize::try_from(new).ok().and_then(|new| at.values().get(new)).copied();
            rows = new.into_iter().filter_map(row).collect();
        }
        Ok(rows)
    }

    /// Gives the accumulator the rows numbered by `rows`, as far as LIMIT lets them.
    fn feed(&mut self, args: &[Operand], groups: &[u32], mut rows: Vec<u64>, count: usize) -> Result<()> {
        if let Some(limit) = self.call.limit {
            self.counted.resize(count.max(self.counted.len()), 0);
            let mut group = pick(groups, &rows).into_iter();
            rows.retain(|_| {
                let group = group.next().and_then(|group| self.counted.get_mut(group as usize));
                group.is_some_and(|counted| {
                    *counted += 1;
                    *counted <= limit
                })
            });
        }
        let groups = pick(groups, &rows);
        let at = UInt64Array::from(rows);
        let args = args.iter().map(|arg| arg.take(&at)).collect::<Result<Vec<_>>>()?;
        self.accumulator.update(&args, &groups, count).map_err(|mut error| {
            let row = error.take_row().and_then(|row| at.values().get(row));
            match row.and_then(|row| usize::try_from(*row).ok()) {
                Some(row) => error.in_row(row),
                None => error,
            }
            .or_at(self.call.span)
        })
    }

    fn of_no_row(&self, mut error: Error) -> Error {
        error.take_row();
        error.or_at(self.call.span)
    }
}

/// The groups of the rows numbered by `rows`.
fn pick(groups: &[u32], rows: &[u64]) -> Vec<u32> {
    let group = |row: &u64| usize::try_from(*row).ok().and_then(|row| groups.get(row)).copied();
    rows.iter().filter_map(group).collect()
}
