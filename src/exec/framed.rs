//! An aggregate over the frame of each row, some rows at a time.
//!
//! Functions that can move along with their frames do; others take in each frame by itself, or go on where the one before it
//! was.

use std::ops::Range;

use arrow_array::ArrayRef;

use super::accumulators::GroupedAggregate;
use super::frame::Ordered;
use super::{Context, expr};
use crate::data::{Batch, Operand, concat, take};
use crate::diag::{Invariant, Result, ensure};
use crate::plan::{Aggregate, Frame};

/// Frames that are computed in one step, and rows that are taken in in one.
const AT_ONCE: usize = 1 << 16;

pub(super) struct Framed {
    call: Aggregate,
    /// `None` for that of an ORDER BY alone: the rows up to this one and its peers.
    frame: Option<Frame>,
    frames: Vec<Range<usize>>,
    aggregate: GroupedAggregate,
    way: Way,
    /// The results of the frames so far.
    parts: Vec<ArrayRef>,
    done: usize,
}

enum Way {
    /// Along with the frames: the arguments in the order of the window.
    Moving(Vec<Operand>),
    /// Each frame by itself: the rows in this order.
    Each(Batch),
}

impl Framed {
    /// `call` over all rows, which have this order.
    pub(super) fn new(
        call: Aggregate,
        frame: Option<Frame>,
        ordered: &Ordered,
        all: &Batch,
        ctx: &mut Context,
    ) -> Result<Self> {
        let frames = ordered.frames(&frame.unwrap_or(Frame::UNTIL_PEERS))?;
        ensure(
            frames.iter().all(|frame| frame.start <= frame.end && frame.end <= all.rows()),
            "a frame of rows",
        )?;
        let args = Batch::new(all.rows(), expr::columns(&call.args, all, ctx)?)?;
        let args = if ordered.is_input() { args } else { args.take(&ordered.sorted.clone().into())? };
        let way = Way::Moving(args.columns().iter().cloned().map(Operand::column).collect());
        let aggregate = GroupedAggregate::new(call.clone(), ctx)?;
        Ok(Self { call, frame, frames, aggregate, way, parts: Vec::new(), done: 0 })
    }

    /// Does a piece of work; returns the values of all frames, in the order of the window, once they are there.
    pub(super) fn step(
        &mut self,
        ordered: &Ordered,
        all: &Batch,
        ctx: &mut Context,
    ) -> Result<Option<ArrayRef>> {
        match &self.way {
            Way::Moving(args) => {
                let end = self.frames.len().min(self.done + AT_ONCE);
                let frames = self.frames.get(self.done..end).invariant("frames that are left")?;
                match self.aggregate.moving(args, frames)? {
                    Some(part) => self.parts.push(part),
                    None => return self.begin_each(ordered, all, ctx),
                }
                self.done = end;
            }
            Way::Each(sorted) => {
                let frames = self.frames.get(self.done..).invariant("frames that are left")?;
                let (part, frames) = each(&self.call, sorted, frames, ctx)?;
                self.parts.push(part);
                self.done += frames;
            }
        }
        if self.done < self.frames.len() {
            return Ok(None);
        }
        concat(&self.parts).map(Some)
    }

    /// Takes the other way from the first frame on. Where frames start or end with their partition it is gone at once.
    fn begin_each(&mut self, ordered: &Ordered, all: &Batch, ctx: &mut Context) -> Result<Option<ArrayRef>> {
        let sorted = all.take(&ordered.sorted.clone().into())?;
        let partitions = &ordered.partitions;
        match self.frame {
            None => peers(&self.call, &sorted, ordered, ctx).map(Some),
            Some(Frame { start: None, .. }) => {
                running(&self.call, &sorted, partitions, &self.frames, ctx).map(Some)
            }
            Some(Frame { end: None, .. }) if !self.call.function.depends_on_order() => {
                let rows = sorted.rows();
                let flipped = |range: &Range<usize>| rows - range.end..rows - range.start;
                let order = (0..rows as u64).rev().collect();
                let partitions: Vec<_> = partitions.iter().rev().map(flipped).collect();
                let frames: Vec<_> = self.frames.iter().rev().map(flipped).collect();
                let results = running(&self.call, &sorted.take(&order)?, &partitions, &frames, ctx)?;
                take(&results, &order).map(Some)
            }
            Some(_) => {
                self.parts.clear();
                (self.way, self.done) = (Way::Each(sorted), 0);
                Ok(None)
            }
        }
    }
}

/// The aggregate over the rows up to each one and its peers; these are taken in together.
fn peers(call: &Aggregate, sorted: &Batch, ordered: &Ordered, ctx: &mut Context) -> Result<ArrayRef> {
    let mut aggregate = GroupedAggregate::new(call.clone(), ctx)?;
    let mut numbers = Vec::with_capacity(sorted.rows());
    let mut count = 0;
    for (position, peers) in ordered.peers.iter().enumerate() {
        count += u32::from(position == peers.start);
        numbers.push(count - 1);
    }
    aggregate.accumulate_window(sorted, &numbers, &partition_numbers(&ordered.partitions), ctx)?;
    let values = aggregate.values(0..count as usize)?;
    take(&values, &numbers.into_iter().map(u64::from).collect())
}

/// For each position the number of its partition.
fn partition_numbers(partitions: &[Range<usize>]) -> Vec<u32> {
    (0..)
        .zip(partitions)
        .flat_map(|(number, partition)| std::iter::repeat_n(number, partition.len()))
        .collect()
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
    aggregate.accumulate_window(sorted, &numbers, &partition_numbers(partitions), ctx)?;
    // One group more, of no rows, for empty frames.
    let values = aggregate.values(0..rows + 1)?;
    let last = frames.iter().map(|frame| match frame.end.checked_sub(1) {
        Some(last) if !frame.is_empty() => last as u64,
        _ => rows as u64,
    });
    take(&values, &last.collect())
}

/// The aggregate over each of the first `frames` by itself, several at once, and how many these are.
fn each(
    call: &Aggregate,
    sorted: &Batch,
    frames: &[Range<usize>],
    ctx: &mut Context,
) -> Result<(ArrayRef, usize)> {
    let (mut rows, mut groups, mut count) = (Vec::new(), Vec::new(), 0);
    for frame in frames {
        if count > 0 && (rows.len() + frame.len() > AT_ONCE || count as usize >= AT_ONCE) {
            break;
        }
        rows.extend(frame.clone().map(|row| row as u64));
        groups.resize(rows.len(), count);
        count += 1;
    }
    let frames = count as usize;
    let mut aggregate = GroupedAggregate::new(call.clone(), ctx)?;
    aggregate.update(&sorted.take(&rows.into())?, &groups, frames, ctx).map_err(|mut error| {
        error.take_row();
        error
    })?;
    while !aggregate.finish(frames, ctx)? {}
    Ok((aggregate.values(0..frames)?, frames))
}
