//! The parts of a fragment on threads, read in the order of their numbers.
//!
//! Parts are taken in that order, so the one that is read next is always at work, and others wait behind it when they have
//! enough: nobody waits for ever.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use predictql::data::Batch;
use predictql::table::Part;

use super::Work;
use crate::Error;

/// Parts for each thread that may be begun before they are read.
const AHEAD: usize = 2;

/// Bytes of a part's rows that wait for their reader before the part does, where the limit of memory leaves room for them.
const WAITING: usize = 64 << 20;

/// The rows of a fragment, of which threads run the parts. Dropping it stops them.
pub(super) struct Ordered {
    shared: Arc<Shared>,
    threads: Vec<JoinHandle<()>>,
}

struct Shared {
    state: Mutex<State>,
    /// Something has changed.
    changed: Condvar,
    parts: usize,
    /// How many rows are wanted, where not all are.
    most: Option<usize>,
    /// Bytes of a part's rows that wait.
    waiting: usize,
}

#[derive(Default)]
struct State {
    /// The part that is read, and those behind it that were begun.
    current: usize,
    begun: VecDeque<Begun>,
    /// How many rows were read.
    read: usize,
    failed: Option<Error>,
    stopped: bool,
}

/// A part that was begun.
#[derive(Default)]
struct Begun {
    waiting: VecDeque<Batch>,
    bytes: usize,
    has_ended: bool,
}

impl Ordered {
    pub(super) fn start(work: Arc<Work>, fragment: usize, parts: usize) -> Result<Self, Error> {
        let most = work.fragments.all().get(fragment).and_then(|fragment| fragment.most);
        let (state, changed) = (Mutex::default(), Condvar::new());
        // What waits of all parts is no more than an operator may hold.
        let waiting = WAITING.min(work.host.limits().memory_bytes / (AHEAD * work.threads));
        let shared = Arc::new(Shared { state, changed, parts, most, waiting });
        work.watch.add_parts(parts);
        let mut threads = Vec::new();
        for _ in 0..work.threads.min(parts) {
            let (work, shared) = (work.clone(), shared.clone());
            let run = move || shared.run(&work, fragment);
            let thread = std::thread::Builder::new().name("predictql".into()).spawn(run);
            threads.push(thread.map_err(|error| Error::new(format!("no thread can be started: {error}")))?);
        }
        Ok(Self { shared, threads })
    }

    /// The next rows in the order of the parts.
    pub(super) fn next(&mut self) -> Result<Option<Batch>, Error> {
        let mut state = self.shared.lock();
        loop {
            if let Some(error) = state.failed.take() {
                return Err(error);
            }
            let is_enough = self.shared.most.is_some_and(|most| state.read >= most);
            if is_enough || state.stopped || state.current == self.shared.parts {
                return Ok(None);
            }
            if let Some(part) = state.begun.front_mut() {
                if let Some(batch) = part.waiting.pop_front() {
                    part.bytes -= batch.bytes();
                    state.read += batch.rows();
                    self.shared.changed.notify_all();
                    return Ok(Some(batch));
                }
                if part.has_ended {
                    state.begun.pop_front();
                    state.current += 1;
                    self.shared.changed.notify_all();
                    continue;
                }
            }
            state = self.shared.wait(state);
        }
    }
}

impl Drop for Ordered {
    fn drop(&mut self) {
        self.shared.lock().stopped = true;
        self.shared.changed.notify_all();
        for thread in self.threads.drain(..) {
            // Its panic was told by the thread itself, and to who reads its part.
            let _ = thread.join();
        }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait<'a>(&self, state: MutexGuard<'a, State>) -> MutexGuard<'a, State> {
        self.changed.wait(state).unwrap_or_else(PoisonError::into_inner)
    }

    /// Runs parts until there are no more.
    fn run(&self, work: &Arc<Work>, fragment: usize) {
        while let Some(number) = self.take_part(work.threads) {
            let panicked = Panicked { shared: self };
            let result = self.run_part(work, fragment, Part { number, of: self.parts });
            std::mem::forget(panicked);
            work.watch.part_done();
            let mut state = self.lock();
            match result {
                Ok(()) => state.end(number),
                Err(error) => {
                    state.failed.get_or_insert(error);
                }
            }
            self.changed.notify_all();
        }
    }

    /// The next part, once its rows would not wait too long.
    fn take_part(&self, threads: usize) -> Option<usize> {
        let mut state = self.lock();
        loop {
            let next = state.current + state.begun.len();
            if state.stopped || state.failed.is_some() || next == self.parts {
                return None;
            }
            if state.begun.len() < AHEAD * threads {
                state.begun.push_back(Begun::default());
                return Some(next);
            }
            state = self.wait(state);
        }
    }

    fn run_part(&self, work: &Arc<Work>, fragment: usize, part: Part) -> Result<(), Error> {
        let mut running = work.part(fragment, part)?;
        while let Some(batch) = running.next()? {
            let mut state = self.lock();
            loop {
                if state.stopped || state.failed.is_some() {
                    return Ok(());
                }
                let Some(begun) = state.of_part(part.number) else { return Ok(()) };
                if begun.bytes <= self.waiting {
                    begun.bytes += batch.bytes();
                    begun.waiting.push_back(batch);
                    self.changed.notify_all();
                    break;
                }
                state = self.wait(state);
            }
        }
        Ok(())
    }
}

impl State {
    fn of_part(&mut self, number: usize) -> Option<&mut Begun> {
        self.begun.get_mut(number.checked_sub(self.current)?)
    }

    fn end(&mut self, number: usize) {
        if let Some(part) = self.of_part(number) {
            part.has_ended = true;
        }
    }
}

/// Tells who reads a part that its thread has come to a sudden end.
struct Panicked<'a> {
    shared: &'a Shared,
}

impl Drop for Panicked<'_> {
    fn drop(&mut self) {
        self.shared.lock().failed.get_or_insert(Error::new("internal: a thread has panicked"));
        self.shared.changed.notify_all();
    }
}
