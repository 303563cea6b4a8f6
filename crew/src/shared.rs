//! Threads that wait for work, and what is done at the moment: one job at a time. Whoever finds another one's job there does its own alone.

use std::hint::spin_loop;
use std::mem::transmute;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// Multiplications of a job that is worth the trouble of waking others, which takes tens of microseconds.
const WORTH_SHARING: usize = 1 << 18;

/// Multiplications of a job that is worth starting threads for, which takes some milliseconds.
const WORTH_STARTING: usize = 1 << 22;

/// Multiplications of the least piece: taking one costs a fraction of a microsecond.
const LEAST: usize = 1 << 15;

/// Pieces for each thread: whoever is quick takes more of them.
const PIECES: usize = 4;

/// Looks for the next job, or for the end of one, before a thread sleeps: that of a network comes within microseconds, and waking takes longer.
/// Processors have an instruction that makes a look take long; WebAssembly has none.
const LOOKS: u32 = if cfg!(target_family = "wasm") { 20_000 } else { 500 };

/// What every thread calls until there is nothing left to do.
type Job<'a> = &'a (dyn Fn() + Sync);

static CREW: Crew = Crew {
    state: Mutex::new(State { job: None, has_failed: false }),
    posted: Condvar::new(),
    left: Condvar::new(),
    jobs: AtomicU32::new(0),
    busy: AtomicUsize::new(0),
    helpers: AtomicUsize::new(0),
    is_wanted: AtomicBool::new(false),
};

struct Crew {
    state: Mutex<State>,
    /// There is a job.
    posted: Condvar,
    /// The last helper has left one.
    left: Condvar,
    /// How many jobs there have been: no helper begins one twice. Like `busy` it changes under the lock, and is looked at without it.
    jobs: AtomicU32,
    /// Helpers that are at the job.
    busy: AtomicUsize,
    helpers: AtomicUsize,
    is_wanted: AtomicBool,
}

struct State {
    job: Option<Job<'static>>,
    /// Whether a helper has stopped amid a job.
    has_failed: bool,
}

/// Does the work for every item, on all threads that there are. It is done when this returns.
///
/// # Panics
/// Where a thread that helps has stopped, so that some of the work was not done.
pub fn each<I: ExactSizeIterator + Send>(items: I, work: impl Fn(I::Item) + Sync) {
    if items.len() < 2 || threads() == 1 {
        items.for_each(work);
        return;
    }
    let items = Mutex::new(items);
    let next = || items.lock().unwrap_or_else(PoisonError::into_inner).next();
    CREW.share(&|| {
        while let Some(item) = next() {
            work(item);
        }
    });
}

/// How many of `count` items are one piece of work, where each takes about as long as `cost` multiplications. At least one.
pub fn piece(count: usize, cost: usize) -> usize {
    let (all, threads) = (count.saturating_mul(cost), threads());
    if threads == 1 && all >= WORTH_STARTING {
        CREW.is_wanted.store(true, Ordering::Relaxed);
    }
    if threads == 1 || all < WORTH_SHARING {
        return count.max(1);
    }
    count.div_ceil(threads * PIECES).max(LEAST / cost.max(1)).max(1)
}

/// Does the work for all of `values`, in pieces of whole units of so many, each of which takes about as long as `cost` multiplications. A piece
/// comes with the number of its first unit; the last unit may be shorter.
pub fn split<T: Send>(values: &mut [T], unit: usize, cost: usize, work: impl Fn(usize, &mut [T]) + Sync) {
    let unit = unit.max(1);
    let size = piece(values.len().div_ceil(unit), cost);
    if size.saturating_mul(unit) >= values.len() {
        work(0, values);
    } else {
        each(values.chunks_mut(size * unit).enumerate(), |(nth, values)| work(nth * size, values));
    }
}

/// How many threads there are.
pub fn threads() -> usize {
    CREW.helpers.load(Ordering::Relaxed) + 1
}

/// Helps for as long as the thread lives.
pub fn help() -> ! {
    let _here = Here::come();
    let mut seen = CREW.jobs.load(Ordering::Relaxed);
    loop {
        let (job, _busy) = CREW.next(&mut seen);
        job();
    }
}

/// Whether there was work that threads are worth starting for.
#[cfg(any(target_family = "wasm", test))]
pub(crate) fn wants_help() -> bool {
    CREW.is_wanted.load(Ordering::Relaxed)
}

/// Says that this thread has stopped within [`help`], where nothing unwinds: whoever waits for it learns of it.
#[cfg(target_family = "wasm")]
pub(crate) fn fail() {
    if CREW.busy.load(Ordering::Relaxed) > 0 {
        CREW.leave(true);
    } else {
        CREW.lock().has_failed = true;
    }
    CREW.helpers.fetch_sub(1, Ordering::Relaxed);
}

impl Crew {
    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing under the lock stops in between.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Has all threads do a job, and ends when all have ended.
    #[expect(unsafe_code, reason = "no type says that threads of others are done with what they were lent")]
    fn share(&self, job: Job<'_>) {
        // SAFETY: helpers take the job from the state alone. `Posted` takes it away there and waits for those that have begun it,
        // before `job` ends, also where this thread unwinds.
        let lent = unsafe { transmute::<Job<'_>, Job<'static>>(job) };
        let Some(posted) = self.post(lent) else { return job() };
        job();
        drop(posted);
        let has_failed = std::mem::take(&mut self.lock().has_failed);
        assert!(!has_failed, "a thread that helps has stopped");
    }

    fn post(&self, job: Job<'static>) -> Option<Posted<'_>> {
        let mut state = self.lock();
        // A job that has been taken away may still have somebody at it.
        if state.job.is_some() || self.busy.load(Ordering::Relaxed) > 0 {
            return None;
        }
        state.job = Some(job);
        self.jobs.fetch_add(1, Ordering::Release);
        drop(state);
        self.posted.notify_all();
        Some(Posted(self))
    }

    /// Waits for a job that comes after those that were seen.
    fn next(&self, seen: &mut u32) -> (Job<'static>, Busy<'_>) {
        look_until(|| self.jobs.load(Ordering::Acquire) != *seen);
        let mut state = self.lock();
        loop {
            let jobs = self.jobs.load(Ordering::Relaxed);
            if let (Some(job), true) = (state.job, jobs != *seen) {
                *seen = jobs;
                self.busy.fetch_add(1, Ordering::Relaxed);
                return (job, Busy(self));
            }
            state = self.posted.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn leave(&self, has_failed: bool) {
        let mut state = self.lock();
        state.has_failed |= has_failed;
        if self.busy.fetch_sub(1, Ordering::Release) == 1 {
            self.left.notify_all();
        }
    }
}

/// A job that others may begin.
struct Posted<'a>(&'a Crew);

impl Drop for Posted<'_> {
    fn drop(&mut self) {
        let Self(crew) = self;
        crew.lock().job = None;
        look_until(|| crew.busy.load(Ordering::Acquire) == 0);
        let mut state = crew.lock();
        while crew.busy.load(Ordering::Acquire) > 0 {
            state = crew.left.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

/// A helper at a job.
struct Busy<'a>(&'a Crew);

impl Drop for Busy<'_> {
    fn drop(&mut self) {
        self.0.leave(std::thread::panicking());
    }
}

/// A helper.
struct Here;

impl Here {
    fn come() -> Self {
        CREW.helpers.fetch_add(1, Ordering::Relaxed);
        Self
    }
}

impl Drop for Here {
    fn drop(&mut self) {
        CREW.helpers.fetch_sub(1, Ordering::Relaxed);
    }
}

fn look_until(is_there: impl Fn() -> bool) {
    for _ in 0..LOOKS {
        if is_there() {
            return;
        }
        spin_loop();
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::panic::catch_unwind;
    use std::thread;
    use std::time::Duration;

    use super::*;

    fn with_helpers(count: usize) {
        while CREW.helpers.load(Ordering::Relaxed) < count {
            let before = CREW.helpers.load(Ordering::Relaxed);
            thread::spawn(|| help());
            while CREW.helpers.load(Ordering::Relaxed) == before {
                thread::yield_now();
            }
        }
    }

    /// Tests that change how many helpers there are, or look at who does the work, come one after the other.
    static ALONE: Mutex<()> = Mutex::new(());

    fn alone() -> MutexGuard<'static, ()> {
        ALONE.lock().unwrap_or_else(PoisonError::into_inner)
    }

    #[test]
    fn every_piece_is_done_once_whoever_does_it() {
        let _alone = alone();
        with_helpers(2);
        for round in 0..2000_usize {
            let mut numbers = vec![0; 1 + round % 50];
            each(numbers.chunks_mut(3).enumerate(), |(nth, part)| {
                for (at, number) in part.iter_mut().enumerate() {
                    *number += nth * 3 + at + round;
                }
            });
            assert!(numbers.iter().enumerate().all(|(at, number)| *number == at + round));
        }
    }

    #[test]
    fn pieces_are_of_whole_units_and_know_their_places() {
        let _alone = alone();
        with_helpers(2);
        for (count, unit, cost) in
            [(0, 3, 1), (10, 3, 1), (1000, 7, 1 << 20), (1001, 1, 1 << 16), (5, 9, 1 << 30)]
        {
            let mut numbers = vec![0; count];
            split(&mut numbers, unit, cost, |first, part| {
                part.iter_mut().zip(first * unit..).for_each(|(number, at)| *number = at);
            });
            assert!(numbers.iter().enumerate().all(|(at, number)| at == *number), "{count} by {unit}");
        }
    }

    #[test]
    fn several_threads_take_part_at_the_same_time() {
        let _alone = alone();
        with_helpers(2);
        let seen = Mutex::new(BTreeSet::new());
        // Ends when three threads have met: none goes on before.
        each(0..3, |_| {
            seen.lock().unwrap().insert(format!("{:?}", thread::current().id()));
            while seen.lock().unwrap().len() < 3 {
                thread::yield_now();
            }
        });
        assert_eq!(seen.into_inner().unwrap().len(), 3);
    }

    #[test]
    fn work_within_work_and_of_several_at_once_is_done() {
        let _alone = alone();
        with_helpers(2);
        let sum = |rounds: usize| {
            let total = AtomicUsize::new(0);
            for _ in 0..rounds {
                each(0..4, |_| {
                    each(0..4, |nth: usize| {
                        total.fetch_add(nth, Ordering::Relaxed);
                    });
                });
            }
            total.into_inner()
        };
        thread::scope(|scope| {
            let others: Vec<_> = (0..3).map(|_| scope.spawn(|| sum(300))).collect();
            others.into_iter().for_each(|other| assert_eq!(other.join().unwrap(), 300 * 24));
        });
    }

    #[test]
    fn a_helper_that_stops_is_an_error_and_the_others_go_on() {
        let _alone = alone();
        with_helpers(2);
        let leader = thread::current().id();
        let outcome = catch_unwind(|| {
            each(0..100, |_| {
                assert_eq!(thread::current().id(), leader, "only one may");
                thread::sleep(Duration::from_millis(1));
            });
        });
        let words = outcome.unwrap_err();
        assert_eq!(words.downcast_ref::<&str>(), Some(&"a thread that helps has stopped"));
        with_helpers(1);
        let done = AtomicUsize::new(0);
        each(0..10, |_| {
            done.fetch_add(1, Ordering::Relaxed);
        });
        assert_eq!(done.into_inner(), 10);
    }

    #[test]
    fn small_work_is_one_piece_and_large_work_wants_help() {
        let _alone = alone();
        assert_eq!(piece(10, 10), 10);
        assert_eq!(piece(0, 10), 1);
        if threads() == 1 {
            piece(1 << 20, 1 << 10);
            assert!(wants_help());
        }
        with_helpers(1);
        assert_eq!(piece(10, 10), 10);
        let many = piece(1 << 20, 1 << 10);
        assert!((1..1 << 20).contains(&many));
        assert_eq!(piece(usize::MAX, usize::MAX), usize::MAX.div_ceil(threads() * PIECES));
    }
}
