//! Everything that keeps a model from running, reported in one error.

use crate::diag::{Code, Error, Result};

/// What was found so far.
#[derive(Debug, Default)]
pub(super) struct Obstacles {
    found: Vec<(Code, String)>,
    hint: Option<&'static str>,
}

impl Obstacles {
    /// Adds one.
    pub(super) fn add(&mut self, code: Code, what: String) {
        self.found.push((code, what));
    }

    /// Sets the hint for what was just added, unless there is one already.
    pub(super) fn hint(&mut self, hint: &'static str) {
        self.hint.get_or_insert(hint);
    }

    /// # Errors
    /// Everything that was found, under the code of the first.
    pub(super) fn check(self) -> Result<()> {
        let Some((code, _)) = self.found.first() else { return Ok(()) };
        let texts: Vec<&str> = self.found.iter().map(|(_, what)| what.as_str()).collect();
        Err(Error::new(*code, texts.join("; ")).hint_opt(self.hint.map(str::to_owned)))
    }
}
