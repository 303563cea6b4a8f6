//! Ctrl-C: the first one ends the statement, the second one the program.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use predictql_host::{Stores, Watch};
use predictql_terminal::{CANCELLED, Failure};

/// What Ctrl-C stops. Cloning shares it.
#[derive(Clone, Default)]
pub(crate) struct Cancel {
    shared: Arc<Mutex<Shared>>,
}

#[derive(Default)]
struct Shared {
    is_asked: bool,
    /// The statement that runs.
    watch: Option<Arc<Watch>>,
    stores: Option<Stores>,
}

impl Cancel {
    /// Listens from now on.
    pub(crate) fn new() -> Result<Self, Failure> {
        let cancel = Self::default();
        let heard = cancel.clone();
        ctrlc::set_handler(move || {
            let mut shared = heard.lock();
            // A statement that does not end is left alone.
            if shared.is_asked {
                std::process::exit(CANCELLED.into());
            }
            shared.is_asked = true;
            shared.watch.iter().for_each(|watch| watch.stop());
            shared.stores.iter().for_each(|stores| stores.give_up(true));
        })
        .map_err(|error| Failure::Usage(format!("Ctrl-C cannot be heard: {error}")))?;
        Ok(cancel)
    }

    /// Has Ctrl-C give up waiting for these stores.
    pub(crate) fn covers(&self, stores: &Stores) {
        self.lock().stores = Some(stores.clone());
    }

    /// Has Ctrl-C stop this statement.
    pub(crate) fn begin(&self, watch: Arc<Watch>) {
        let mut shared = self.lock();
        shared.watch = Some(watch);
    }

    /// Whether it was asked for since it was forgotten last.
    pub(crate) fn is_asked(&self) -> bool {
        self.lock().is_asked
    }

    /// Goes on as if nobody had asked.
    pub(crate) fn forget(&self) {
        let mut shared = self.lock();
        shared.is_asked = false;
        shared.watch = None;
        shared.stores.iter().for_each(|stores| stores.give_up(false));
    }

    fn lock(&self) -> MutexGuard<'_, Shared> {
        // A panic elsewhere leaves it whole: every change is one step.
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
