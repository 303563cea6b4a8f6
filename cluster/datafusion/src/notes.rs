//! What parts have to tell beside their rows: warnings, and what they have counted. Nothing but rows comes from an executor, so notes
//! travel as the rows of a column of their own, and who reads the rows of a part passes its notes on.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use datafusion::error::{DataFusionError, Result};
use predictql::Summary;
use predictql_host::Finding;
use serde::{Deserialize, Serialize};

/// The fragment of a part, and its number.
pub(crate) type Place = (usize, usize);

/// What a part has ended with.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Note {
    warnings: Vec<Finding>,
    model_rows: usize,
    model_runs: usize,
    failed_rows: usize,
}

/// The notes of parts. One that has run twice, or is read by several others, has one.
#[derive(Debug, Clone, Default)]
pub(crate) struct Notes(Arc<Mutex<BTreeMap<Place, Note>>>);

impl Notes {
    /// Takes note of a part that has ended.
    pub(crate) fn add(&self, place: Place, summary: &Summary) {
        self.with(|notes| notes.insert(place, Note::of(summary)));
    }

    /// Takes what [`Notes::text`] has written.
    pub(crate) fn read(&self, text: &str) -> Result<()> {
        let read: Vec<(Place, Note)> = serde_json::from_str(text).map_err(|error| unread(&error))?;
        self.with(|notes| notes.extend(read));
        Ok(())
    }

    /// All of them, to travel; none where nothing is to be told.
    pub(crate) fn text(&self) -> Result<Option<String>> {
        let told: Vec<_> = self.with(std::mem::take).into_iter().filter(|(_, note)| note.tells()).collect();
        if told.is_empty() {
            return Ok(None);
        }
        serde_json::to_string(&told).map(Some).map_err(|error| unread(&error))
    }

    /// All of them, in the order of the parts.
    pub(crate) fn summaries(&self) -> Vec<Summary> {
        self.with(std::mem::take).into_values().map(Note::summary).collect()
    }

    fn with<T>(&self, change: impl FnOnce(&mut BTreeMap<Place, Note>) -> T) -> T {
        // A panic elsewhere leaves it whole: every change is one step.
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Note {
    fn of(summary: &Summary) -> Self {
        Self {
            warnings: summary.warnings.iter().map(Finding::from).collect(),
            model_rows: summary.counts.model_rows,
            model_runs: summary.counts.model_runs,
            failed_rows: summary.counts.failed_rows,
        }
    }

    fn tells(&self) -> bool {
        !self.warnings.is_empty() || self.model_rows + self.model_runs + self.failed_rows > 0
    }

    fn summary(self) -> Summary {
        let warnings = self.warnings.iter().filter_map(Finding::diagnostic).collect();
        let mut summary = Summary { warnings, ..Summary::default() };
        summary.counts.model_rows = self.model_rows;
        summary.counts.model_runs = self.model_runs;
        summary.counts.failed_rows = self.failed_rows;
        summary
    }
}

#[cold]
fn unread(error: &serde_json::Error) -> DataFusionError {
    DataFusionError::Internal(format!("what a part has told cannot be read: {error}"))
}
