//! One aggregate function over groups of rows, with what stands in its parentheses: DISTINCT, IGNORE NULLS, HAVING, ORDER BY
//! and LIMIT.
//!
//! The functions themselves are [`Accumulator`]s; here it is decided which rows they get, and in which order.

use std::cmp::Ordering;
use std::ops::Range;
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::Float64Type;
use arrow_array::{Array, ArrayRef, UInt32Array, UInt64Array};

use super::buffer::{RowBuffer, check_keys};
use super::distinct::intern_rows;
use super::{Context, expr};
use crate::data::{Batch, Field, KeyTable, Operand, ROWS_AT_ONCE, Schema, Sorting, order_of, row_index};
use crate::diag::{Error, Result, ensure};
use crate::function::{Accumulator, Held, Setup};
use crate::plan::{Aggregate, Extreme};

pub(super) struct GroupedAggregate {
    call: Aggregate,
    accumulator: Box<dyn Accumulator>,
    /// For DISTINCT: the values of each group so far.
    seen: KeyTable,
    seen_held: Option<Held>,
    /// For LIMIT: how many rows of each group were accumulated.
    accumulated: Vec<usize>,
    /// For ORDER BY and HAVING: the arguments, the sort keys, the value of HAVING; and the rows' groups.
    unsorted: RowBuffer,
    unsorted_groups: Vec<u32>,
    rest: Rest,
}

/// What is left to do when all rows are in.
enum Rest {
    All,
    /// The arguments and groups of all rows, which are accumulated in their order.
    Rows(Vec<Operand>, Vec<u32>, Box<Sorting>),
    /// What the function itself does.
    Function,
}

impl GroupedAggregate {
    pub(super) fn new(call: Aggregate, ctx: &Context) -> Result<Self> {
        let Aggregate { data_type: returns, respect_nulls, .. } = &call;
        let setup = Setup {
            returns,
            respect_nulls: *respect_nulls,
            limits: &ctx.env.limits,
            memory: &ctx.env.memory,
        };
        let accumulator = (call.start)(&setup).map_err(|error| error.or_at(call.span))?;
        Ok(Self {
            call,
            accumulator,
            seen: KeyTable::default(),
            seen_held: None,
            accumulated: Vec::new(),
            unsorted: RowBuffer::of("an aggregate function with ORDER BY or HAVING"),
            unsorted_groups: Vec::new(),
            rest: Rest::All,
        })
    }

    /// Accumulates rows: row `i` of `batch` belongs to group `groups[i]`, of which there are `count` so far.
    pub(super) fn update(
        &mut self,
        batch: &Batch,
        groups: &[u32],
        count: usize,
        ctx: &mut Context,
    ) -> Result<()> {
        ensure(groups.len() == batch.rows(), "a row has no group")?;
        let args = expr::arguments(&self.call.args, batch, ctx)?;
        if self.is_plain() {
            return self
                .accumulator
                .update(&args, groups, count)
                .map_err(|error| error.or_at(self.call.span));
        }
        // HAVING goes before what else selects rows, and knows them when all are in.
        let rows = match &self.call.having {
            Some(_) => (0..groups.len() as u64).collect(),
            None => self.selected_rows(&args, groups, ctx)?,
        };
        if self.streams() {
            return self.accumulate(&args, groups, rows, count);
        }
        let having = self.call.having.iter().map(|having| &having.expr);
        let keys = self.call.order_by.iter().map(|order| &order.expr).chain(having);
        let keys = expr::columns(keys, batch, ctx)?;
        let args = args.into_iter().map(|arg| arg.into_column(batch.rows())).collect::<Result<Vec<_>>>()?;
        self.unsorted_groups.extend(pick(groups, &rows));
        self.unsorted.push(Batch::new(batch.rows(), args)?.with(keys)?.take(&rows.into())?, ctx)
    }

    /// Accumulates all rows of a window, sorted by partition and order. Row `i` belongs to the peers `peers[i]`, which
    /// are numbered in this order. Each group of peers starts from what the peers before it have accumulated, unless
    /// it is the first one of its partition.
    #[expect(clippy::indexing_slicing, reason = "`peers` and `partitions` have an entry for every row")]
    pub(super) fn accumulate_window(
        &mut self,
        batch: &Batch,
        peers: &[u32],
        partitions: &[u32],
        ctx: &mut Context,
    ) -> Result<()> {
        ensure(
            peers.len() == batch.rows() && partitions.len() == batch.rows(),
            "a row of a window has no peers or no partition",
        )?;
        let args = expr::arguments(&self.call.args, batch, ctx)?;
        let rows = self.selected_rows(&args, partitions, ctx)?;
        let mut rows = rows.as_slice();
        let mut previous_partition = None;
        let mut start = 0;
        for peers in peers.chunk_by(|a, b| a == b) {
            let (peer, partition) = (peers[0], partitions[start]);
            if previous_partition == Some(partition) {
                self.accumulator.carry(peer - 1, peer)?;
            }
            previous_partition = Some(partition);
            let end = start + peers.len();
            let (own, rest) = rows.split_at(rows.partition_point(|row| *row < end as u64));
            rows = rest;
            let args = if own.len() == peers.len() {
                args.iter().map(|arg| arg.slice(start, own.len())).collect()
            } else {
                let own = UInt64Array::from(own.to_vec());
                args.iter().map(|arg| arg.take(&own)).collect::<Result<Vec<_>>>()?
            };
            self.accumulator
                .update(&args, &peers[..own.len()], peer as usize + 1)
                .map_err(|error| self.without_row(error))?;
            start = end;
        }
        Ok(())
    }

    /// Does a piece of the work that is left when all rows are in, for `count` groups; whether that was the last one. Then
    /// there are values.
    pub(super) fn finish(&mut self, count: usize, ctx: &Context) -> Result<bool> {
        self.rest = match std::mem::replace(&mut self.rest, Rest::Function) {
            Rest::All if !self.streams() => self.begin_order(count, ctx)?,
            Rest::All | Rest::Function => return self.accumulator.prepare(),
            Rest::Rows(args, groups, mut sorting) => match sorting.step(ROWS_AT_ONCE)? {
                Some(rows) if rows.is_empty() => Rest::Function,
                Some(rows) => {
                    let rows = rows.values().to_vec();
                    self.accumulate(&args, &groups, rows, count).map_err(|error| self.without_row(error))?;
                    Rest::Rows(args, groups, sorting)
                }
                None => Rest::Rows(args, groups, sorting),
            },
        };
        Ok(false)
    }

    /// The rows that ORDER BY and HAVING inside of the parentheses leave, on their way into order.
    fn begin_order(&mut self, count: usize, ctx: &Context) -> Result<Rest> {
        let Aggregate { args, order_by, having, .. } = &self.call;
        let exprs = args.iter().chain(order_by.iter().map(|order| &order.expr));
        let exprs = exprs.chain(having.iter().map(|having| &having.expr));
        let fields = exprs.map(|expr| Field::new("", expr.data_type.clone())).collect();
        let mut all = self.unsorted.take().concat(&Schema { fields })?;
        let mut groups = std::mem::take(&mut self.unsorted_groups);
        ensure(groups.len() == all.rows(), "a row has no group")?;
        let arity = args.len();
        let args_of = |all: &Batch| -> Vec<Operand> {
            all.columns().iter().take(arity).cloned().map(Operand::column).collect()
        };
        if let (Some(having), Some(values)) = (having, all.columns().last()) {
            let rows = extreme_rows(having, values, &groups, count)?;
            groups = pick(&groups, &rows);
            all = all.take(&rows.into())?;
            let args = args_of(&all);
            let rows = self.selected_rows(&args, &groups, ctx)?;
            groups = pick(&groups, &rows);
            all = all.take(&rows.into())?;
        }
        let keys = all.columns().iter().skip(arity).zip(&self.call.order_by);
        let keys = keys.map(|(column, order)| order.key(column.clone())).collect();
        let sorting = Sorting::new(keys, all.rows(), all.rows());
        Ok(Rest::Rows(args_of(&all), groups, Box::new(sorting)))
    }

    /// The values over frames that move along the columns `args`, if the function can tell them; see [`Accumulator::moving`].
    pub(super) fn moving(&mut self, args: &[Operand], frames: &[Range<usize>]) -> Result<Option<ArrayRef>> {
        if !self.is_plain() {
            return Ok(None);
        }
        self.accumulator.moving(args, frames).map_err(|error| error.or_at(self.call.span))
    }

    /// Whether all rows count, in any order.
    fn is_plain(&self) -> bool {
        let Aggregate { distinct, ignore_nulls, having, order_by, limit, .. } = &self.call;
        !distinct && !ignore_nulls && having.is_none() && order_by.is_empty() && limit.is_none()
    }

    /// Whether rows are accumulated as they come.
    fn streams(&self) -> bool {
        self.call.order_by.is_empty() && self.call.having.is_none()
    }

    /// The values of the groups in `range`.
    pub(super) fn values(&mut self, range: Range<usize>) -> Result<ArrayRef> {
        self.accumulator.values(range).map_err(|error| error.or_at(self.call.span))
    }

    /// The rows that IGNORE NULLS and, within each group, DISTINCT leave.
    fn selected_rows(&mut self, args: &[Operand], groups: &[u32], ctx: &Context) -> Result<Vec<u64>> {
        let mut rows: Vec<u64> = (0..groups.len() as u64).collect();
        if self.call.ignore_nulls
            && let Some(first) = args.first()
        {
            rows.retain(|row| !first.is_null(row_index(*row)));
        }
        if self.call.distinct {
            let indices = UInt64Array::from(rows);
            let rows_left = indices.values();
            let mut columns: Vec<ArrayRef> = vec![Arc::new(UInt32Array::from(pick(groups, rows_left)))];
            // Constants too: they may have other values in the next batch.
            for arg in args {
                columns.push(arg.take(&indices)?.into_column(rows_left.len())?);
            }
            let (_, new) = intern_rows(&mut self.seen, &columns, rows_left.len())?;
            check_keys(&self.seen, &mut self.seen_held, "DISTINCT", ctx)?;
            #[expect(
                clippy::indexing_slicing,
                reason = "`intern_rows` gives numbers of the rows it was given"
            )]
            let new_rows = new.into_iter().map(|index| rows_left[row_index(index)]).collect();
            rows = new_rows;
        }
        Ok(rows)
    }

    /// Gives the accumulator the rows numbered by `rows`, as far as LIMIT lets them.
    fn accumulate(
        &mut self,
        args: &[Operand],
        groups: &[u32],
        mut rows: Vec<u64>,
        count: usize,
    ) -> Result<()> {
        if let Some(limit) = self.call.limit {
            ensure(groups.iter().all(|group| (*group as usize) < count), "a row has an unknown group")?;
            self.accumulated.resize(count.max(self.accumulated.len()), 0);
            #[expect(clippy::indexing_slicing, reason = "every row has a group, and every group a count")]
            rows.retain(|row| {
                let accumulated = &mut self.accumulated[groups[row_index(*row)] as usize];
                *accumulated += 1;
                *accumulated <= limit
            });
        }
        let groups = pick(groups, &rows);
        let indices = UInt64Array::from(rows);
        let args = args.iter().map(|arg| arg.take(&indices)).collect::<Result<Vec<_>>>()?;
        self.accumulator.update(&args, &groups, count).map_err(|mut error| {
            let row = error.take_row().and_then(|index| indices.values().get(index));
            match row {
                Some(row) => error.in_row(row_index(*row)),
                None => error,
            }
            .or_at(self.call.span)
        })
    }

    /// The error of rows that are not numbered as those of the input are.
    fn without_row(&self, mut error: Error) -> Error {
        error.take_row();
        error.or_at(self.call.span)
    }
}

/// The rows whose value is the largest, or smallest, of their group. None are where that is NULL or NaN, which equal nothing.
#[expect(clippy::indexing_slicing, reason = "there is a best row for every group")]
fn extreme_rows(having: &Extreme, values: &ArrayRef, groups: &[u32], count: usize) -> Result<Vec<u64>> {
    ensure(groups.iter().all(|group| (*group as usize) < count), "a row has an unknown group")?;
    let order = order_of(values, &having.expr.data_type)?;
    let floats = values.as_primitive_opt::<Float64Type>();
    let is_nan = |row: usize| floats.is_some_and(|floats| floats.value(row).is_nan());
    let valid = |row: &usize| !values.is_null(*row);
    let mut best: Vec<Option<usize>> = vec![None; count];
    for row in (0..values.len()).filter(valid) {
        let best = &mut best[groups[row] as usize];
        let is_better = best.is_none_or(|best| {
            let better = if having.max { Ordering::Greater } else { Ordering::Less };
            !is_nan(best) && (is_nan(row) || order(row, best) == better)
        });
        if is_better {
            *best = Some(row);
        }
    }
    let is_extreme = |row: &usize| {
        let best = best[groups[*row] as usize];
        best.is_some_and(|best| !is_nan(best) && order(*row, best) == Ordering::Equal)
    };
    Ok((0..values.len()).filter(valid).filter(is_extreme).map(|row| row as u64).collect())
}

/// The groups of the rows numbered by `rows`, which are among those that have `groups`.
#[expect(clippy::indexing_slicing, reason = "callers pass numbers of rows that have a group")]
fn pick(groups: &[u32], rows: &[u64]) -> Vec<u32> {
    rows.iter().map(|row| groups[row_index(*row)]).collect()
}
