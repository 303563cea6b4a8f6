//! What a long query tells its host while it runs: progress, and where the time went.
//!
//! The core reads no clock: the host brings one. Cancelling needs nothing from here: a query that is not
//! stepped any further has ended.

use std::time::Duration;

/// The host's clock: milliseconds since 1970-01-01 UTC.
pub type Clock = fn() -> f64;

/// What a query is busy with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Stage {
    /// Text to tree.
    Parse,
    /// Names and types.
    Bind,
    /// Loading and optimising a model.
    Compile,
    /// Bytes to pixels.
    Decode,
    /// Pixels to the model's input.
    Preprocess,
    /// The model itself, tensors included.
    Infer,
    /// The rest of the SQL.
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

/// Where the time of a query went, by stage. All zero where the host brought no clock.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Timings {
    stages: [f64; 7],
}

impl Timings {
    /// Time spent in `stage`.
    pub fn get(&self, stage: Stage) -> Duration {
        let ms = self.stages.get(stage as usize).copied().unwrap_or_default();
        Duration::try_from_secs_f64(ms / 1e3).unwrap_or_default()
    }

    fn add(&mut self, stage: Stage, ms: f64) {
        if let Some(total) = self.stages.get_mut(stage as usize) {
            *total += ms;
        }
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
        Mark { at: (self.clock)(), outer: std::mem::take(&mut self.inner) }
    }

    /// Books the time since `mark`, less what inner pieces have booked, to `stage`.
    pub(crate) fn stop(&mut self, mark: Mark, stage: Stage) {
        let spent = (self.clock)() - mark.at;
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

/// A moment at which a piece of work began.
#[derive(Debug)]
pub(crate) struct Mark {
    at: f64,
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
