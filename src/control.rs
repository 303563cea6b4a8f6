//! What a long query reports to its host while it runs: progress and timings.
//!
//! The core reads no clock: the host provides one. Cancelling needs nothing from here: a query that is not
//! stepped any further has ended.

use std::time::Duration;

/// The host's clock: milliseconds since 1970-01-01 UTC.
pub type Clock = fn() -> f64;

/// When a statement runs, and with which luck. Over the same catalog it gives the same at the same moment: times, random
/// numbers, and the id of its job.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Moment {
    /// Milliseconds since 1970-01-01 UTC.
    pub(crate) now: f64,
    /// What random numbers begin with.
    pub(crate) seed: u64,
}

impl Moment {
    /// A time in milliseconds since 1970-01-01 UTC, and a number by which moments of one time differ.
    pub fn new(now: f64, seed: f64) -> Self {
        Self { now, seed: scattered(now.to_bits() ^ scattered(seed.to_bits())) }
    }

    /// Another one of the same time.
    pub(crate) fn next(self) -> Self {
        Self { seed: scattered(self.seed), ..self }
    }

    /// The id of the job of the statement that runs at it.
    #[expect(
        clippy::cast_possible_truncation,
        reason = "a clock's milliseconds are far from the range's end"
    )]
    pub(crate) fn job_id(self) -> String {
        format!("job_{}_{:016x}", self.now as i64, self.seed)
    }

    /// The time in microseconds.
    #[expect(
        clippy::cast_possible_truncation,
        reason = "a clock's milliseconds are far from the range's end"
    )]
    pub(crate) fn micros(self) -> i64 {
        (self.now * 1e3) as i64
    }
}

/// The step between states of the generator SplitMix64.
pub(crate) const SCATTER_STEP: u64 = 0x9e37_79b9_7f4a_7c15;

/// Bits that have nothing of the pattern of these, others for each: a step of Steele, Lea and Flood's SplitMix64.
pub(crate) fn scattered(bits: u64) -> u64 {
    let mut bits = bits.wrapping_add(SCATTER_STEP);
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ (bits >> 31)
}

/// What a query is busy with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Stage {
    /// Parsing the text.
    Parse,
    /// Resolving names and types.
    Bind,
    /// Loading and optimising a model.
    Compile,
    /// Decoding pictures.
    Decode,
    /// Resizing and converting pictures for a model.
    Preprocess,
    /// Running the model, with conversions from and to tensors.
    Infer,
    /// The rest of the query.
    Project,
}

/// How far a query has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Progress {
    /// What the query is busy with.
    pub stage: Stage,
    /// Rows done.
    pub rows: usize,
    /// Rows in all, where known.
    pub total: Option<usize>,
}

/// What a query has counted.
#[derive(Debug, Clone, Copy, Default)]
pub struct Counts {
    /// The rows that models have read.
    pub model_rows: usize,
    /// How often a model has run.
    pub model_runs: usize,
    /// The rows of the result.
    pub rows: usize,
    /// The rows that have NULL where their picture could not be decoded, or the model failed on them.
    pub failed_rows: usize,
}

/// Where the time of a query went, by stage. All zero where the host provides no clock.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Timings {
    /// Milliseconds of each stage, in the order of [`Stage`].
    stages: [f64; Stage::Project as usize + 1],
}

impl Timings {
    /// Time spent in `stage`.
    #[expect(clippy::indexing_slicing, reason = "`Project` is the last stage")]
    pub fn get(&self, stage: Stage) -> Duration {
        // Never negative, but a host's clock may jump to infinity.
        Duration::try_from_secs_f64(self.stages[stage as usize] / 1e3).unwrap_or(Duration::MAX)
    }

    #[expect(clippy::indexing_slicing, reason = "`Project` is the last stage")]
    fn add(&mut self, stage: Stage, ms: f64) {
        self.stages[stage as usize] += ms;
    }
}

/// Books time to stages. Work inside work is booked once, to the inner stage.
#[derive(Debug, Clone)]
pub(crate) struct Stopwatch {
    clock: Clock,
    timings: Timings,
    /// Time already booked by inner measurements of the one that runs.
    inner: f64,
}

impl Stopwatch {
    pub(crate) fn new(clock: Clock) -> Self {
        Self { clock, timings: Timings::default(), inner: 0.0 }
    }

    /// Marks the start of a piece of work; give the mark to [`Stopwatch::stop`].
    pub(crate) fn start(&mut self) -> Mark {
        Mark { start: (self.clock)(), outer: std::mem::take(&mut self.inner) }
    }

    /// Books the time since `mark`, less what inner pieces have booked, to `stage`.
    pub(crate) fn stop(&mut self, mark: Mark, stage: Stage) {
        let spent = (self.clock)() - mark.start;
        self.timings.add(stage, (spent - self.inner).max(0.0));
        self.inner = mark.outer + spent;
    }

    /// The host's clock now: milliseconds.
    pub(crate) fn now(&self) -> f64 {
        (self.clock)()
    }

    pub(crate) fn timings(&self) -> Timings {
        self.timings
    }
}

/// The start of a piece of work.
#[derive(Debug)]
pub(crate) struct Mark {
    start: f64,
    /// What was booked inside of the enclosing piece of work so far.
    outer: f64,
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicU32, Ordering};

    #[test]
    fn inner_work_is_booked_once() {
        static NOW: AtomicU32 = AtomicU32::new(0);
        let mut watch = Stopwatch::new(|| f64::from(NOW.load(Ordering::Relaxed)));
        let wait = |ms| NOW.fetch_add(ms, Ordering::Relaxed);
        let outer = watch.start();
        wait(10);
        let inner = watch.start();
        wait(5);
        watch.stop(inner, Stage::Infer);
        wait(1);
        watch.stop(outer, Stage::Project);
        assert_eq!(watch.timings().get(Stage::Infer), Duration::from_millis(5));
        assert_eq!(watch.timings().get(Stage::Project), Duration::from_millis(11));
    }
}
