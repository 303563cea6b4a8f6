//! Opens jobs, each once in a process: its text bound, its models loaded. Knows neither plans nor rows.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use predictql::Fragments;
use predictql_host::{Host, Job};

use crate::failure::Failure;

/// Jobs that stay open. Another one takes the place of the one that was opened longest ago.
const KEPT: usize = 16;

/// The jobs of a process that it has opened, and what it opens them with.
pub struct Jobs {
    host: Host,
    /// What failures call this process.
    place: Option<String>,
    opened: Mutex<VecDeque<(Job, Slot)>>,
}

/// A job that is open, and what brings it what it needs.
#[derive(Clone)]
pub(crate) struct Opened {
    pub(crate) fragments: Fragments,
    pub(crate) host: Host,
}

/// Whoever comes while a job is being opened waits for it.
type Slot = Arc<Mutex<Option<Opened>>>;

impl Jobs {
    /// Jobs that are opened with what `host` can reach.
    pub fn new(host: Host) -> Self {
        Self { host, place: None, opened: Mutex::default() }
    }

    /// The same in a process that has a name: failures tell where to look.
    #[must_use]
    pub fn named(self, place: impl Into<String>) -> Self {
        Self { place: Some(place.into()), ..self }
    }

    pub(crate) fn place(&self) -> Option<&str> {
        self.place.as_deref()
    }

    /// Takes a job that is open already: its fragments, and the host that brings these what they need.
    pub fn keep(&self, job: &Job, fragments: Fragments, host: Host) {
        let opened = Opened { fragments, host };
        *self.slot(job).lock().unwrap_or_else(PoisonError::into_inner) = Some(opened);
    }

    /// A job. Takes as long as it takes to load its models.
    ///
    /// # Errors
    /// As opening it.
    pub(crate) fn open(&self, job: &Job) -> Result<Opened, Failure> {
        let slot = self.slot(job);
        // A job that a panic has left half open is opened again.
        let mut slot = slot.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(opened) = &*slot {
            return Ok(opened.clone());
        }
        // Tables of other jobs may have the same names.
        let host = self.host.of_parts();
        // What fails here may go well later: a file may come.
        let failed = |error| Failure::of_place(&error).in_place(self.place());
        let fragments = job.open(&host).map_err(failed)?;
        Ok(slot.insert(Opened { fragments, host }).clone())
    }

    /// Jobs are the same where all of them is: models of the same file may have other options.
    fn slot(&self, job: &Job) -> Slot {
        let mut opened = self.opened.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, slot)) = opened.iter().find(|(known, _)| known == job) {
            return slot.clone();
        }
        opened.truncate(KEPT - 1);
        let slot = Slot::default();
        opened.push_front((job.clone(), slot.clone()));
        slot
    }
}
