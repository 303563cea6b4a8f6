//! A text that runs statement by statement, each on a cluster where it can.

use std::sync::Arc;

use predictql::{Dialect, Engine, Fragments};
use predictql_host::{Catalog, Error, Host, Job, Parameter, Run, params};

/// A text, what it runs over, and when.
#[derive(Debug, Clone)]
pub struct Text {
    /// What the database holds before.
    pub catalog: Catalog,
    /// Its statements.
    pub script: String,
    /// Without one the text tells.
    pub dialect: Option<Dialect>,
    /// Values of the parameters: all by name, or all by position.
    pub parameters: Vec<Parameter>,
    /// Milliseconds since 1970-01-01 UTC.
    pub now: f64,
    /// Where random numbers begin.
    pub seed: f64,
}

/// A text that runs.
pub struct Running {
    text: Text,
    run: Run,
    catalog_digest: String,
}

impl Text {
    /// Opens the catalog, and begins.
    ///
    /// # Errors
    /// Where a file is not there; syntax errors.
    pub fn begin(self, host: &Host) -> Result<Running, Error> {
        let catalog_digest = self.catalog.digest(host)?;
        let engine: Engine = self.catalog.open(host)?;
        let params = params(&self.parameters)?;
        let run = Run::new(&engine, &self.script, self.dialect, params, self.now, self.seed)?;
        Ok(Running { text: self, run, catalog_digest })
    }
}

impl Running {
    /// The statements, one after the other.
    pub fn statements(&mut self) -> &mut Run {
        &mut self.run
    }

    /// Whether the statement that was taken last is a query, and no other statement that has rows.
    pub fn is_query(&self) -> bool {
        self.run.script().latest().is_some_and(|statement| statement.verb == "SELECT")
    }

    /// What travels of a statement.
    ///
    /// # Errors
    /// `internal` for a table that cannot be written.
    pub fn job(&self, statement: usize, fragments: &Fragments) -> Result<Arc<Job>, Error> {
        Ok(Arc::new(Job {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            catalog: self.text.catalog.clone(),
            catalog_digest: self.catalog_digest.clone(),
            script: self.text.script.clone(),
            is_tsql: self.run.script().dialect() == Dialect::TSql,
            parameters: self.text.parameters.clone(),
            now: self.text.now,
            seed: self.text.seed,
            statement,
            digest: fragments.digest()?,
        }))
    }
}
