//! What travels to who runs a part of a query: the text and what it is bound over, never a plan.
//!
//! Both sides bind the same text over the same catalog at the same moment, and compare what came of it: fragments of different
//! versions, tables or models refuse each other. This room knows nothing of threads and networks.

use std::ops::ControlFlow;

use predictql::control::Moment;
use predictql::{Arrival, Dialect, Engine, Fragments, Params, Query, Script};
use serde::{Deserialize, Serialize};

use crate::parameters::params;
use crate::{Catalog, Error, Host, Parameter};

/// A statement of a script, to be run in fragments by other programs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Job {
    /// The version of the program that made it.
    pub version: String,
    /// What the database held before the script.
    pub catalog: Catalog,
    /// The digest of the catalog's files.
    pub catalog_digest: String,
    /// The text of the whole script.
    pub script: String,
    /// Whether the text is T-SQL.
    pub is_tsql: bool,
    /// Values of the parameters: all by name, or all by position.
    pub parameters: Vec<Parameter>,
    /// When the script runs: milliseconds since 1970-01-01 UTC.
    pub now: f64,
    /// Where its random numbers begin.
    pub seed: f64,
    /// The number of the statement among those that the script runs, from 0.
    pub statement: usize,
    /// The digest of the statement's fragments.
    pub digest: String,
}

/// A script that runs at a moment of its own, statement by statement.
pub struct Run {
    script: Script,
    now: f64,
    seed: f64,
    next: usize,
}

impl Run {
    /// The statements of a text. Those of the same text at the same time with the same seed give the same, wherever they run.
    ///
    /// # Errors
    /// Syntax errors.
    pub fn new(
        engine: &Engine,
        script: &str,
        dialect: Option<Dialect>,
        params: Params,
        now: f64,
        seed: f64,
    ) -> Result<Self, Error> {
        let session = engine.session();
        let session = dialect.map_or(session.clone(), |dialect| session.with_dialect(dialect));
        Ok(Self { script: session.script(script, params)?, now, seed, next: 0 })
    }

    /// The script.
    pub fn script(&self) -> &Script {
        &self.script
    }
}

impl Iterator for Run {
    type Item = Result<(usize, Query), Error>;

    /// The next statement, and its number.
    #[expect(clippy::cast_precision_loss, reason = "scripts have fewer statements than a double counts")]
    fn next(&mut self) -> Option<Self::Item> {
        let number = self.next;
        self.next += 1;
        if let Err(error) = self.script.at(Moment::new(self.now, self.seed + number as f64), None) {
            return Some(Err(error.into()));
        }
        Some(self.script.next()?.map(|query| (number, query)).map_err(Error::from))
    }
}

impl Job {
    /// The fragments of the statement, bound here: statements before it that give no rows are run. `host` writes no files for them: those are there, see
    /// [`Host::of_parts`].
    ///
    /// # Errors
    /// Where this is another version, or the statement means something else here; those of the statements.
    pub fn open(&self, host: &Host) -> Result<Fragments, Error> {
        let version = env!("CARGO_PKG_VERSION");
        if self.version != version {
            let message =
                format!("this is version {version}, and the query comes from version {}", self.version);
            return Err(Error::new(message).hint("run the same version everywhere"));
        }
        let found = self.catalog.digest(host)?;
        if found != self.catalog_digest {
            return Err(Error::new("a table or a model is another file here than where the query comes from")
                .hint("give URIs that lead to the same files on all machines, and change no file while a query runs"));
        }
        let engine = self.catalog.open(host)?;
        let dialect = if self.is_tsql { Dialect::TSql } else { Dialect::BigQuery };
        let params = params(&self.parameters)?;
        let mut run = Run::new(&engine, &self.script, Some(dialect), params, self.now, self.seed)?;
        for next in &mut run {
            let (number, mut query) = next?;
            if number == self.statement {
                return self.checked(&query);
            }
            // Rows of statements before change nothing, but that T-SQL counts them.
            if query.schema().is_none() || self.is_tsql {
                host.run(&mut query, &mut (), &mut |_| ControlFlow::Continue(()))?;
            }
        }
        Err(Error::new(format!("the script has no statement {}", self.statement)))
    }

    fn checked(&self, query: &Query) -> Result<Fragments, Error> {
        let fragments = query.fragments(Arrival::AnyOrder)?;
        let fragments = fragments.ok_or_else(|| Error::new("the statement runs in one piece here"))?;
        if fragments.digest()? == self.digest {
            return Ok(fragments);
        }
        Err(Error::new("the statement means something else here than where it comes from")
            .hint("run the same version everywhere, over the same files"))
    }
}
