//! A look at a query that runs, and the way to stop it, from another thread: Ctrl-C and progress bars.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

/// What is shared by who runs a query and who watches it.
#[derive(Debug, Default)]
pub struct Watch {
    stopped: AtomicBool,
    rows: AtomicUsize,
    done: AtomicUsize,
    parts: AtomicUsize,
}

impl Watch {
    /// Asks the query to end soon, with no further rows.
    pub fn stop(&self) {
        self.stopped.store(true, Ordering::Relaxed);
    }

    /// Whether the query was asked to end.
    pub fn is_stopped(&self) -> bool {
        self.stopped.load(Ordering::Relaxed)
    }

    /// How many rows the query has come through: those of its result, and those that its parts have given to others.
    pub fn rows(&self) -> usize {
        self.rows.load(Ordering::Relaxed)
    }

    /// How much of the work is done, from 0 to 1, where the query runs in parts.
    #[expect(clippy::cast_precision_loss, reason = "parts are few")]
    pub fn share(&self) -> Option<f64> {
        let parts = self.parts.load(Ordering::Relaxed);
        (parts > 0).then(|| self.done.load(Ordering::Relaxed) as f64 / parts as f64)
    }

    pub(crate) fn add_rows(&self, rows: usize) {
        self.rows.fetch_add(rows, Ordering::Relaxed);
    }

    pub(crate) fn add_parts(&self, parts: usize) {
        self.parts.fetch_add(parts, Ordering::Relaxed);
    }

    pub(crate) fn part_done(&self) {
        self.done.fetch_add(1, Ordering::Relaxed);
    }
}
