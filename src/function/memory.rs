//! What a query holds in memory: every operator and aggregate function tells how many bytes its rows, keys and values take, and
//! whoever would go beyond what the query may hold is refused by its name.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use crate::diag::{Code, Error, Result};
use crate::limits::Limits;

/// What all operators of a query hold together.
#[derive(Debug)]
pub(crate) struct Memory {
    held: AtomicUsize,
    /// What one of them may hold, and what all may.
    each: usize,
    all: usize,
}

impl Memory {
    pub(crate) fn new(limits: &Limits) -> Arc<Self> {
        let all = limits.memory_bytes;
        Arc::new(Self { held: AtomicUsize::new(0), each: limits.held_bytes.min(all), all })
    }
}

/// The part of one operator or function; what it has told is given back with it.
#[derive(Debug)]
pub(crate) struct Held {
    memory: Arc<Memory>,
    bytes: usize,
}

impl Held {
    /// The part of one that holds nothing yet.
    pub(crate) fn new(memory: &Arc<Memory>) -> Self {
        Self { memory: memory.clone(), bytes: 0 }
    }

    pub(crate) fn set(&mut self, bytes: usize) {
        self.memory.held.fetch_add(bytes, Relaxed);
        self.memory.held.fetch_sub(self.bytes, Relaxed);
        self.bytes = bytes;
    }

    pub(crate) fn add(&mut self, bytes: usize) {
        self.set(self.bytes.saturating_add(bytes));
    }

    pub(crate) fn remove(&mut self, bytes: usize) {
        self.set(self.bytes.saturating_sub(bytes));
    }

    /// Whether the next [`Held::check`] fails.
    pub(crate) fn is_full(&self) -> bool {
        self.bytes > self.memory.each || self.memory.held.load(Relaxed) > self.memory.all
    }

    /// # Errors
    /// `limit-exceeded` where there are too many bytes: `what` holds them, and `instead` is what to do.
    pub(crate) fn check(&self, what: &str, instead: &str) -> Result<()> {
        if self.is_full() { Err(self.refused(what, instead)) } else { Ok(()) }
    }

    #[cold]
    fn refused(&self, what: &str, instead: &str) -> Error {
        let Memory { each, all, .. } = *self.memory;
        let message = if self.bytes > each {
            format!("{what} would hold more than {} MiB", each >> 20)
        } else {
            format!(
                "the query would hold more than {} MiB, {} MiB of them for {what}",
                all >> 20,
                self.bytes >> 20
            )
        };
        let raise = if self.bytes > each && each < all { "" } else { ", or raise `memoryLimit`" };
        Error::new(Code::LimitExceeded, message).hint(format!("{instead}{raise}"))
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.set(0);
    }
}
