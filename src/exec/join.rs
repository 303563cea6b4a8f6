//! JOIN: a hash join that builds on the right side and probes with the left one.
//!
//! Rows match by the numbers of their keys; without keys all rows have the same key, and every row matches every other.
//! Pairs are made in pieces, so that a large product is never in memory as a whole.

use std::sync::Arc;

use arrow_array::UInt64Array;

use super::buffer::{RowBuffer, check_keys};
use super::build_side::BuildSide;
use super::{Context, Input, Operator, Poll, expr, name_row, with_names};
use crate::data::{Batch, KeyTable, Operand, Schema, null_column, row_index};
use crate::diag::{Error, Invariant, Result, ensure};
use crate::function::Held;
use crate::limits::{CACHED_BYTES, FEW_ROWS, JOINED_BYTES};
use crate::plan::{Expr, JoinKind};

pub(super) struct Join {
    left: Input,
    right: Input,
    left_schema: Schema,
    right_schema: Schema,
    left_keys: Vec<Expr>,
    right_keys: Vec<Expr>,
    condition: Option<Condition>,
    /// Whether rows of a side without a match are kept (LEFT, RIGHT and FULL).
    keeps_left: bool,
    keeps_right: bool,
    /// The rows of the right side until all are there, and their keys.
    buffer: RowBuffer,
    keys: KeyTable,
    key_of_rows: Vec<Option<u32>>,
    keys_held: Option<Held>,
    /// Rows of the left side so far.
    rows_before: usize,
    build: Option<Arc<BuildSide>>,
    /// Whether each row of the right side has had a match; empty unless rows without a match are kept.
    matched: Vec<bool>,
    /// Under what the context keeps the right side, where it is the same whenever the join runs.
    kept: Option<(usize, usize)>,
    probe: Option<ProbeBatch>,
    /// Once the left side has ended: how many rows of the right side were checked for having had no match.
    swept: Option<usize>,
}

/// What must be TRUE of a pair besides equal keys. It reads only these columns of the left and of the right side.
struct Condition {
    predicate: Expr,
    left: Vec<usize>,
    right: Vec<usize>,
}

/// The latest batch of the left side, and how far the join has come in it.
struct ProbeBatch {
    batch: Batch,
    /// For each row the number of its key among those of the right side.
    keys: Vec<Option<u32>>,
    row: usize,
    /// How many candidates of `row` were tried, and whether one of them matched.
    tried: usize,
    matched: bool,
}

/// A row of the left side and a candidate of the right side, or the end of a left row's candidates.
type Pair = (u64, Option<u64>);

impl Join {
    pub(super) fn new(
        left: Input,
        right: Input,
        (left_schema, right_schema): (Schema, Schema),
        kind: JoinKind,
        keys: Vec<(Expr, Expr)>,
        condition: Option<Expr>,
        kept: Option<(usize, usize)>,
    ) -> Self {
        let (left_keys, right_keys) = keys.into_iter().unzip();
        Self {
            left,
            right,
            condition: condition.map(|predicate| Condition::new(predicate, left_schema.fields.len())),
            left_schema,
            right_schema,
            left_keys,
            right_keys,
            keeps_left: matches!(kind, JoinKind::Left | JoinKind::Full),
            keeps_right: matches!(kind, JoinKind::Right | JoinKind::Full),
            buffer: RowBuffer::of("JOIN"),
            keys_held: None,
            keys: KeyTable::default(),
            key_of_rows: Vec::new(),
            rows_before: 0,
            build: None,
            matched: Vec::new(),
            kept,
            probe: None,
            swept: None,
        }
    }

    /// Takes rows of the right side.
    fn push(&mut self, batch: Batch, ctx: &mut Context) -> Result<()> {
        let columns = expr::columns(&self.right_keys, &batch, ctx);
        let columns = with_names(columns, &*self.right, self.buffer.rows(), &batch, ctx)?;
        self.key_of_rows.extend(self.keys.intern_comparable(&columns, batch.rows())?);
        check_keys(&self.keys, &mut self.keys_held, "JOIN", ctx)?;
        self.buffer.push(batch, ctx)
    }

    /// The right side, once all its rows are there.
    fn build(&mut self) -> Result<BuildSide> {
        let held = [self.buffer.take_held(), self.keys_held.take()];
        let batch = self.buffer.take().concat(&self.right_schema)?;
        let key_of_rows = std::mem::take(&mut self.key_of_rows);
        ensure(key_of_rows.len() == batch.rows(), "a row of a join has no key")?;
        Ok(BuildSide::new(batch, std::mem::take(&mut self.keys), &key_of_rows, held))
    }

    fn set_build(&mut self, build: Arc<BuildSide>) {
        self.matched = vec![false; if self.keeps_right { build.batch.rows() } else { 0 }];
        self.build = Some(build);
    }

    /// The next rows of the product of `probe` and the right side: about `limits.batch_rows` at most, and fewer of large rows.
    fn piece(&mut self, build: &BuildSide, probe: &mut ProbeBatch, ctx: &mut Context) -> Result<Batch> {
        let width = |batch: &Batch| batch.bytes() / batch.rows().max(1);
        let width = width(&probe.batch) + width(&build.batch);
        let fitting = (JOINED_BYTES / width.max(1)).max(1);
        let cached = (CACHED_BYTES / width.max(1)).max(FEW_ROWS);
        let most = ctx.env.limits.batch_rows.max(1).min(fitting).min(cached);
        let (left, right) = if self.condition.is_none() && !self.keeps_left && !self.keeps_right {
            let (left_rows, right_rows) = equals(build, probe, most);
            (UInt64Array::from(left_rows), UInt64Array::from(right_rows))
        } else {
            let pairs = self.candidates(build, probe, most);
            let passes = self.passes(build, probe, &pairs, ctx)?;
            let (left_rows, right_rows) = self.matches(probe, pairs, passes)?;
            (UInt64Array::from(left_rows), UInt64Array::from(right_rows))
        };
        let right = build.batch.take(&right)?;
        probe.batch.take(&left)?.with(right.columns().iter().cloned())
    }

    /// Pairs with equal keys. Where left rows without a match are kept, the candidates of each row end with `None`.
    fn candidates(&self, build: &BuildSide, probe: &mut ProbeBatch, most: usize) -> Vec<Pair> {
        let mut pairs = Vec::new();
        each_candidate(build, probe, most, |left, rights, is_last| {
            pairs.extend(rights.iter().map(|right| (left, Some(*right))));
            if is_last && self.keeps_left {
                pairs.push((left, None));
            }
        });
        pairs
    }

    /// Whether the condition is TRUE, for each pair of two rows; `None` without a condition.
    fn passes(
        &self,
        build: &BuildSide,
        probe: &ProbeBatch,
        pairs: &[Pair],
        ctx: &mut Context,
    ) -> Result<Option<Vec<bool>>> {
        let Some(condition) = &self.condition else { return Ok(None) };
        let (left_rows, right_rows): (Vec<u64>, Vec<u64>) =
            pairs.iter().filter_map(|(left, right)| Some((*left, (*right)?))).unzip();
        if left_rows.is_empty() {
            return Ok(Some(Vec::new()));
        }
        let left_rows = UInt64Array::from(left_rows);
        let name_left_row = |mut error: Error, ctx: &Context| match error
            .take_row()
            .and_then(|pair| left_rows.values().get(pair))
        {
            Some(row) => {
                let error = error.in_row(row_index(*row));
                let rows_before = self.rows_before - probe.batch.rows();
                name_row(error, &*self.left, rows_before, &probe.batch, ctx)
            }
            None => error,
        };
        let left = probe.batch.select(&condition.left)?.take(&left_rows)?;
        let right = build.batch.select(&condition.right)?.take(&UInt64Array::from(right_rows))?;
        let pairs = left.with(right.columns().iter().cloned())?;
        let column = expr::evaluate(&condition.predicate, &pairs, ctx);
        let column = column.map_err(|error| name_left_row(error, ctx))?;
        let passes = Operand::column(column);
        let passes = passes.bools()?;
        Ok(Some((0..pairs.rows()).map(|pair| passes.get(pair) == Some(true)).collect()))
    }

    /// The rows that the join returns for `pairs`, of which those of two rows have `passes`. Remembers which rows have
    /// had a match.
    #[expect(
        clippy::indexing_slicing,
        reason = "right rows are rows of the build side, each with its flag if such are kept"
    )]
    fn matches(
        &mut self,
        probe: &mut ProbeBatch,
        pairs: Vec<Pair>,
        passes: Option<Vec<bool>>,
    ) -> Result<(Vec<u64>, Vec<Option<u64>>)> {
        let candidates = pairs.iter().filter(|(_, right)| right.is_some()).count();
        ensure(passes.as_ref().is_none_or(|passes| passes.len() == candidates), "a pair was not tested")?;
        let mut passes = passes.map(Vec::into_iter);
        let mut left_rows = Vec::with_capacity(pairs.len());
        let mut right_rows = Vec::with_capacity(pairs.len());
        for (left, right) in pairs {
            let is_kept = match right {
                Some(right) => {
                    // Without a condition equal keys are enough.
                    let matches = passes.as_mut().is_none_or(|passes| passes.next() == Some(true));
                    probe.matched |= matches;
                    if matches && self.keeps_right {
                        self.matched[row_index(right)] = true;
                    }
                    matches
                }
                None => !std::mem::take(&mut probe.matched),
            };
            if is_kept {
                left_rows.push(left);
                right_rows.push(right);
            }
        }
        Ok((left_rows, right_rows))
    }

    /// Joins the next piece of the left side.
    fn step(&mut self, build: &BuildSide, ctx: &mut Context) -> Result<Poll> {
        let mut probe = match self.probe.take() {
            Some(probe) => probe,
            None => match self.left.poll(ctx)? {
                Poll::Batch(batch) => {
                    let columns = expr::columns(&self.left_keys, &batch, ctx);
                    let columns = with_names(columns, &*self.left, self.rows_before, &batch, ctx)?;
                    let keys = build.keys.find(&columns, batch.rows())?;
                    self.rows_before += batch.rows();
                    ProbeBatch { batch, keys, row: 0, tried: 0, matched: false }
                }
                Poll::Done => {
                    self.swept = Some(0);
                    return Ok(Poll::Working);
                }
                other => return Ok(other),
            },
        };
        let piece = self.piece(build, &mut probe, ctx)?;
        if probe.row < probe.batch.rows() {
            self.probe = Some(probe);
        }
        Ok(if piece.rows() == 0 { Poll::Working } else { Poll::Batch(piece) })
    }

    /// Once the left side has ended: the next rows of the right side that had no match, from row `swept`.
    fn sweep(&mut self, swept: usize, ctx: &Context) -> Result<Poll> {
        let build = self.build.as_ref().invariant("a join has lost its right side")?;
        let end = self.matched.len().min(swept + ctx.env.limits.batch_rows);
        if swept == end {
            return Ok(Poll::Done);
        }
        self.swept = Some(end);
        let matched = self.matched.iter().enumerate().take(end).skip(swept);
        let rows: Vec<_> = matched.filter(|(_, matched)| !**matched).map(|(row, _)| row as u64).collect();
        if rows.is_empty() {
            return Ok(Poll::Working);
        }
        let nulls = self
            .left_schema
            .fields
            .iter()
            .map(|field| null_column(&field.data_type.storage(), rows.len()))
            .collect::<Result<_>>()?;
        let right = build.batch.take(&UInt64Array::from(rows))?;
        Batch::new(right.rows(), nulls)?.with(right.columns().iter().cloned()).map(Poll::Batch)
    }
}

/// Pairs of rows with equal keys, where nothing else is asked of them.
fn equals(build: &BuildSide, probe: &mut ProbeBatch, most: usize) -> (Vec<u64>, Vec<u64>) {
    let (mut left_rows, mut right_rows) = (Vec::with_capacity(most), Vec::with_capacity(most));
    each_candidate(build, probe, most, |left, rights, _| {
        left_rows.extend(std::iter::repeat_n(left, rights.len()));
        right_rows.extend_from_slice(rights);
    });
    (left_rows, right_rows)
}

/// Goes on in `probe` by at most `most` pairs, and no more rows without a candidate. `each` is told a left row, its next
/// candidates, and whether these are the last.
fn each_candidate(
    build: &BuildSide,
    probe: &mut ProbeBatch,
    mut most: usize,
    mut each: impl FnMut(u64, &[u64], bool),
) {
    while most > 0
        && let Some(key) = probe.keys.get(probe.row)
    {
        let candidates = key.map_or(&[][..], |key| build.rows_of(key));
        let (_, rest) = candidates.split_at(probe.tried);
        let (now, later) = rest.split_at(rest.len().min(most));
        each(probe.row as u64, now, later.is_empty());
        most -= now.len().max(1);
        if later.is_empty() {
            probe.row += 1;
            probe.tried = 0;
        } else {
            probe.tried += now.len();
        }
    }
}

impl Condition {
    /// `predicate` over the columns of the left side, of which there are `left_columns`, and then of the right side.
    fn new(mut predicate: Expr, left_columns: usize) -> Self {
        let mut read = Vec::new();
        predicate.visit_columns(&mut |column| read.push(column));
        read.sort_unstable();
        read.dedup();
        predicate.renumber_columns(&|column| read.partition_point(|other| *other < column));
        let (left, right): (Vec<_>, Vec<_>) = read.into_iter().partition(|column| *column < left_columns);
        Self { predicate, left, right: right.into_iter().map(|column| column - left_columns).collect() }
    }
}

impl Operator for Join {
    fn poll(&mut self, ctx: &mut Context) -> Result<Poll> {
        if let Some(swept) = self.swept {
            return self.sweep(swept, ctx);
        }
        let Some(build) = &self.build else {
            if let Some(build) = self.kept.and_then(|kept| ctx.correlated.build_side(kept)) {
                self.set_build(build);
                return Ok(Poll::Working);
            }
            match self.right.poll(ctx)? {
                Poll::Batch(batch) => self.push(batch, ctx)?,
                Poll::Done => {
                    let build = Arc::new(self.build()?);
                    if let Some(kept) = self.kept {
                        ctx.correlated.keep_build_side(kept, &build);
                    }
                    self.set_build(build);
                }
                other => return Ok(other),
            }
            return Ok(Poll::Working);
        };
        let build = build.clone();
        self.step(&build, ctx)
    }
}
