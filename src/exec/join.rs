//! JOIN: the right side is held, the left one goes by.
//!
//! Rows meet by the numbers of their keys; without keys all have the same one, and every row meets every other. Pairs
//! are made in pieces, so that a large product is never there as a whole.

use arrow_array::UInt64Array;

use super::held::Held;
use super::{Context, Input, Operator, Poll, expr, name_row};
use crate::data::{Batch, Keys, Operand, Schema};
use crate::diag::{Error, Result};
use crate::plan::{Expr, JoinKind};

pub(super) struct Join {
    left: Input,
    right: Input,
    left_schema: Schema,
    right_schema: Schema,
    left_keys: Vec<Expr>,
    right_keys: Vec<Expr>,
    condition: Option<Condition>,
    /// Whether rows of a side stay without a partner.
    keeps_left: bool,
    keeps_right: bool,
    held: Held,
    /// Rows of the right side so far, while it is read; of the left one afterwards.
    rows_before: usize,
    built: Option<Built>,
    current: Option<Current>,
    /// Rows of the right side that were looked at for a last time, when the left side has ended.
    swept: Option<usize>,
}

/// What must be TRUE of a pair besides equal keys. It reads these columns of the left and of the right side only.
struct Condition {
    test: Expr,
    left: Vec<usize>,
    right: Vec<usize>,
}

/// The right side.
struct Built {
    batch: Batch,
    keys: Keys,
    /// Rows by key: those of key `k` are `rows[starts[k]..starts[k + 1]]`.
    starts: Vec<usize>,
    rows: Vec<u64>,
    /// Rows that have met a partner, where that matters.
    met: Vec<bool>,
}

/// The latest batch of the left side, and how far it has come.
struct Current {
    batch: Batch,
    /// The numbers of its keys on the right side.
    keys: Vec<Option<u32>>,
    row: usize,
    /// Partners of `row` that were tried, and whether one of them was right.
    tried: usize,
    met: bool,
}

/// A pair of rows, or the end of a row on the left without partner on the right.
type Pair = (u64, Option<u64>);

impl Join {
    pub(super) fn new(
        left: Input,
        right: Input,
        (left_schema, right_schema): (Schema, Schema),
        kind: JoinKind,
        keys: Vec<(Expr, Expr)>,
        condition: Option<Expr>,
    ) -> Self {
        let (left_keys, right_keys) = keys.into_iter().unzip();
        Self {
            left,
            right,
            condition: condition.map(|test| Condition::new(test, left_schema.fields.len())),
            left_schema,
            right_schema,
            left_keys,
            right_keys,
            keeps_left: matches!(kind, JoinKind::Left | JoinKind::Full),
            keeps_right: matches!(kind, JoinKind::Right | JoinKind::Full),
            held: Held::default(),
            rows_before: 0,
            built: None,
            current: None,
            swept: None,
        }
    }

    fn build(&mut self, ctx: &mut Context) -> Result<Built> {
        let batch = std::mem::take(&mut self.held).concat(&self.right_schema)?;
        self.rows_before = 0;
        let columns =
            expr::columns(&self.right_keys, &batch, ctx).map_err(|error| name_row(error, &*self.right, 0))?;
        let mut keys = Keys::default();
        let numbers = keys.number_comparable(&columns, batch.rows())?;
        let mut starts = vec![0; keys.len() + 1];
        let mut rows = vec![0; batch.rows()];
        // Count, add up, and deal out from behind.
        for number in numbers.iter().flatten() {
            if let Some(count) = starts.get_mut(*number as usize) {
                *count += 1;
            }
        }
        let mut end = 0;
        for start in &mut starts {
            end += *start;
            *start = end;
        }
        for (row, number) in numbers.iter().enumerate().rev() {
            let Some(start) = number.and_then(|number| starts.get_mut(number as usize)) else { continue };
            *start -= 1;
            if let Some(place) = rows.get_mut(*start) {
                *place = row as u64;
            }
        }
        let met = vec![false; if self.keeps_right { batch.rows() } else { 0 }];
        Ok(Built { batch, keys, starts, rows, met })
    }

    /// The next rows of the product of `current` and the right side, at most about `most`; goes on in it.
    fn piece(&self, built: &mut Built, current: &mut Current, ctx: &mut Context) -> Result<Batch> {
        let most = ctx.env.limits.batch_rows;
        let pairs = self.candidates(built, current, most);
        let mut passes = self.passes(built, current, &pairs, ctx)?.into_iter();
        let mut left_rows = Vec::with_capacity(pairs.len());
        let mut right_rows = Vec::with_capacity(pairs.len());
        for (left, right) in pairs {
            let stays = match right {
                Some(right) => {
                    let passes = passes.next().unwrap_or(true);
                    current.met |= passes;
                    if passes
                        && let Some(met) = usize::try_from(right).ok().and_then(|at| built.met.get_mut(at))
                    {
                        *met = true;
                    }
                    passes
                }
                None => !std::mem::take(&mut current.met),
            };
            if stays {
                left_rows.push(left);
                right_rows.push(right);
            }
        }
        let left = current.batch.take(&UInt64Array::from(left_rows))?;
        let right = built.batch.take(&UInt64Array::from(right_rows))?;
        left.with(right.columns().iter().cloned())
    }

    /// Pairs with equal keys. Where rows of the left side stay without a partner, each ends with a pair without one.
    fn candidates(&self, built: &Built, current: &mut Current, most: usize) -> Vec<Pair> {
        let mut pairs = Vec::new();
        while pairs.len() < most
            && let Some(key) = current.keys.get(current.row)
        {
            let left = current.row as u64;
            let partners = built.partners(*key);
            let end = partners.len().min(current.tried + most - pairs.len());
            pairs.extend(partners.iter().take(end).skip(current.tried).map(|right| (left, Some(*right))));
            if end < partners.len() {
                current.tried = end;
                continue;
            }
            if self.keeps_left {
                pairs.push((left, None));
            }
            current.row += 1;
            current.tried = 0;
        }
        pairs
    }

    /// Whether the condition is TRUE, for each pair of two rows; nothing where there is no condition.
    fn passes(
        &self,
        built: &Built,
        current: &Current,
        pairs: &[Pair],
        ctx: &mut Context,
    ) -> Result<Vec<bool>> {
        let Some(condition) = &self.condition else { return Ok(Vec::new()) };
        let (left_rows, right_rows): (Vec<u64>, Vec<u64>) =
            pairs.iter().filter_map(|(left, right)| Some((*left, (*right)?))).unzip();
        if left_rows.is_empty() {
            return Ok(Vec::new());
        }
        let left_rows = UInt64Array::from(left_rows);
        let origin = |mut error: Error| match error.take_row().and_then(|row| left_rows.values().get(row)) {
            Some(row) => {
                let error = error.in_row(usize::try_from(*row).unwrap_or_default());
                name_row(error, &*self.left, self.rows_before - current.batch.rows())
            }
            None => error,
        };
        let left = current.batch.select(&condition.left)?.take(&left_rows)?;
        let right = built.batch.select(&condition.right)?.take(&UInt64Array::from(right_rows))?;
        let pairs = left.with(right.columns().iter().cloned())?;
        let tests = Operand::column(expr::evaluate(&condition.test, &pairs, ctx).map_err(origin)?);
        let tests = tests.bools()?;
        Ok((0..pairs.rows()).map(|row| tests.get(row) == Some(true)).collect())
    }

    /// Goes on with the left side.
    fn step(&mut self, built: &mut Built, ctx: &mut Context) -> Result<Poll> {
        let mut current = match self.current.take() {
            Some(current) => current,
            None => match self.left.poll(ctx)? {
                Poll::Batch(batch) => {
                    let columns = expr::columns(&self.left_keys, &batch, ctx)
                        .map_err(|error| name_row(error, &*self.left, self.rows_before))?;
                    let keys = built.keys.find(&columns, batch.rows())?;
                    self.rows_before += batch.rows();
                    Current { batch, keys, row: 0, tried: 0, met: false }
                }
                Poll::Done => {
                    self.swept = Some(0);
                    return Ok(Poll::Working);
                }
                other => return Ok(other),
            },
        };
        let piece = self.piece(built, &mut current, ctx)?;
        if current.row < current.batch.rows() {
            self.current = Some(current);
        }
        Ok(if piece.rows() == 0 { Poll::Working } else { Poll::Batch(piece) })
    }

    /// When the left side has ended: goes on, from row `swept`, with the rows of the right side that met nobody.
    fn sweep(&mut self, swept: usize, ctx: &Context) -> Result<Poll> {
        let Some(built) = &self.built else { return Ok(Poll::Done) };
        let end = built.met.len().min(swept + ctx.env.limits.batch_rows);
        if swept == end {
            return Ok(Poll::Done);
        }
        self.swept = Some(end);
        let met = built.met.iter().enumerate().take(end).skip(swept);
        let rows: Vec<_> = met.filter(|(_, met)| !**met).map(|(row, _)| row as u64).collect();
        if rows.is_empty() {
            return Ok(Poll::Working);
        }
        let nulls = self
            .left_schema
            .fields
            .iter()
            .map(|field| arrow_array::new_null_array(&field.data_type.storage(), rows.len()))
            .collect();
        let right = built.batch.take(&UInt64Array::from(rows))?;
        Batch::new(right.rows(), nulls)?.with(right.columns().iter().cloned()).map(Poll::Batch)
    }
}

impl Condition {
    fn new(mut test: Expr, split: usize) -> Self {
        let mut read = Vec::new();
        test.visit_columns(&mut |column| read.push(column));
        read.sort_unstable();
        read.dedup();
        test.renumber_columns(&|column| read.partition_point(|other| *other < column));
        let (left, right): (Vec<_>, Vec<_>) = read.into_iter().partition(|at| *at < split);
        Self { test, left, right: right.into_iter().map(|at| at - split).collect() }
    }
}

impl Built {
    /// The rows with this key.
    fn partners(&self, key: Option<u32>) -> &[u64] {
        let bounds = key.and_then(|key| {
            let key = key as usize;
            Some(*self.starts.get(key)?..*self.starts.get(key + 1)?)
        });
        bounds.and_then(|bounds| self.rows.get(bounds)).unwrap_or_default()
    }
}

impl Operator for Join {
    fn poll(&mut self, ctx: &mut Context) -> Result<Poll> {
        if let Some(swept) = self.swept {
            return self.sweep(swept, ctx);
        }
        let Some(mut built) = self.built.take() else {
            match self.right.poll(ctx)? {
                Poll::Batch(batch) => self.held.push(batch, ctx)?,
                Poll::Done => self.built = Some(self.build(ctx)?),
                other => return Ok(other),
            }
            return Ok(Poll::Working);
        };
        let result = self.step(&mut built, ctx);
        self.built = Some(built);
        result
    }
}
