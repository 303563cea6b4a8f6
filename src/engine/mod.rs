//! The public face: an [`Engine`] holds tables and models, a [`Session`] runs SQL over them.
//!
//! Nothing here fetches, waits or reads a clock. A [`Query`] is stepped by its host and says what it needs:
//!
//! ```
//! use predictql::{Engine, Step, table};
//!
//! let engine = Engine::default();
//! engine.register_csv("t", b"x,y\n1,a\n2,b\n", &table::CsvOptions::default())?;
//! let mut script = engine.session().script("SELECT y FROM t WHERE x > 1", Default::default())?;
//! let mut query = script.next().unwrap()?;
//! let mut rows = 0;
//! loop {
//!     match query.step()? {
//!         Step::Batch(batch) => rows += batch.rows(),
//!         Step::Need(requests) => unreachable!("nothing lies outside: {requests:?}"),
//!         Step::Progress(_) => {}
//!         Step::Done(_) => break,
//!     }
//! }
//! assert_eq!(rows, 1);
//! # Ok::<(), predictql::diag::Error>(())
//! ```

mod check;
mod complete;
mod execute;
#[cfg(not(target_family = "wasm"))]
mod fragments;
mod frame;
mod jobs;
mod prepared;
mod query;
mod script;
mod step;

pub use check::Check;
pub use complete::{Completion, CompletionKind};
#[cfg(not(target_family = "wasm"))]
pub use fragments::{Fragment, Fragments};
pub use prepared::{Prepared, PreparedParameter};
pub use query::Query;
pub use script::{Script, StatementInfo};
pub use step::{Step, Summary};

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::catalog::{
    Catalog, ModelVersion, Registration, Relation, Version, VersionChange, Versions, parts,
};
use crate::control::{Clock, Moment, Stopwatch};
#[cfg(not(target_family = "wasm"))]
use crate::data::Schema;
use crate::data::{ColumnType, TimeZones, ZoneLookup};
use crate::diag::{Code, Error, Result};
use crate::image::Decoder;
use crate::limits::Limits;
use crate::model::{Fingerprints, Model, ModelOptions};
use crate::plan::{self, Params};
use crate::syntax::{self, Dialect};
use crate::table::{self, CsvOptions, Object, Stream, StreamFormat, Table};
use crate::text::Tokenizers;

/// Tables and models, shared by all sessions. Cloning shares them too.
#[derive(Clone)]
pub struct Engine {
    shared: Arc<Shared>,
}

struct Shared {
    limits: Arc<Limits>,
    clock: Clock,
    zones: TimeZones,
    decoder: Decoder,
    tokenizers: Tokenizers,
    catalog: Mutex<Catalog>,
    /// How many moments it has made.
    moments: AtomicU64,
    /// Locked after the catalog, if both are.
    plans: Mutex<prepared::Plans>,
}

/// Runs SQL.
#[derive(Clone)]
pub struct Session {
    engine: Engine,
    limits: Arc<Limits>,
    dialect: Option<Dialect>,
    forgives: bool,
    is_logged: bool,
}

impl Default for Engine {
    /// An engine with the default limits and no clock.
    fn default() -> Self {
        Self::new(Limits::default(), || 0.0)
    }
}

impl Engine {
    /// An engine without tables and models. Times are read from `clock`.
    pub fn new(limits: Limits, clock: Clock) -> Self {
        Self::on_host(limits, clock, TimeZones::default(), Decoder::LINKED, Tokenizers::LINKED)
    }

    /// As [`Engine::new`], with the host's time zone database: SQL can name its zones, such as `Europe/Paris`.
    pub fn with_time_zones(limits: Limits, clock: Clock, lookup: ZoneLookup) -> Self {
        Self::on_host(limits, clock, TimeZones::new(lookup), Decoder::LINKED, Tokenizers::LINKED)
    }

    /// With all that a host may have.
    pub(crate) fn on_host(
        limits: Limits,
        clock: Clock,
        zones: TimeZones,
        decoder: Decoder,
        tokenizers: Tokenizers,
    ) -> Self {
        let (catalog, plans) = (Mutex::new(Catalog::default()), Mutex::default());
        let (limits, moments) = (Arc::new(limits), AtomicU64::default());
        Self {
            shared: Arc::new(Shared { limits, clock, zones, decoder, tokenizers, catalog, moments, plans }),
        }
    }

    /// A new session.
    pub fn session(&self) -> Session {
        let limits = self.shared.limits.clone();
        Session { engine: self.clone(), limits, dialect: None, forgives: false, is_logged: true }
    }

    /// Puts rows into the catalog, in place of a table of the same name.
    ///
    /// # Errors
    /// `invalid-option` for a name that SQL could not say.
    pub fn register_table(&self, name: &str, table: Table) -> Result<Relation> {
        self.register(name, Relation::Table(Arc::new(table)))
    }

    /// Reads CSV and puts its rows into the catalog.
    ///
    /// # Errors
    /// As [`table::read_csv`] and [`Engine::register_table`].
    pub fn register_csv(&self, name: &str, bytes: &[u8], options: &CsvOptions) -> Result<Relation> {
        self.register_table(name, table::read_csv(bytes, options, &self.shared.limits)?)
    }

    /// Reads an Arrow IPC stream or file and puts its rows into the catalog.
    ///
    /// # Errors
    /// As [`table::read_arrow`] and [`Engine::register_table`].
    pub fn register_arrow(&self, name: &str, bytes: &[u8]) -> Result<Relation> {
        self.register_table(name, table::read_arrow(bytes, &self.shared.limits)?)
    }

    /// As [`Engine::register_arrow`], with columns cast to the types that `types` give by name.
    ///
    /// # Errors
    /// As [`Engine::register_arrow`]; `unknown-column` for a name that the table does not have; those of casts.
    pub fn register_arrow_as(
        &self,
        name: &str,
        bytes: &[u8],
        types: &[(String, ColumnType)],
    ) -> Result<Relation> {
        let table = table::read_arrow_as(bytes, types, &self.shared.limits)?;
        self.register_table(name, table.retyped(types)?)
    }

    /// Puts files into the catalog as an object table. A query asks for their bytes when it reads them.
    ///
    /// # Errors
    /// As [`Engine::register_table`].
    pub fn register_objects(&self, name: &str, objects: Vec<Object>) -> Result<Relation> {
        self.register(name, Relation::Objects(objects.into()))
    }

    /// Puts a stream into the catalog, whose columns its first piece tells. A query asks for its rows by the table's name when
    /// it reads them. One that may have no end `is_endless`; `bytes` are those of its source, 0 where nobody knows.
    ///
    /// # Errors
    /// As [`table::read_csv`], [`table::read_arrow`] and [`Engine::register_table`].
    pub fn register_stream(
        &self,
        name: &str,
        first: &[u8],
        format: StreamFormat,
        is_endless: bool,
        bytes: u64,
    ) -> Result<Relation> {
        let stream = Stream::open(name, first, format, is_endless, bytes, &self.shared.limits)?;
        self.register(name, Relation::Stream(Arc::new(stream)))
    }

    /// Puts a table into the catalog whose rows the host brings while a query runs, as they are in memory and in any part of them
    /// that is wanted: a [`Resource::Rows`](crate::Resource::Rows), which [`Query::supply_rows`] answers with the columns that it names, in
    /// its order. `bytes` are those of its source, 0 where nobody knows.
    ///
    /// # Errors
    /// As [`Engine::register_table`].
    #[cfg(not(target_family = "wasm"))]
    pub fn register_divisible(&self, name: &str, schema: Schema, bytes: u64) -> Result<Relation> {
        self.register(name, Relation::Stream(Arc::new(Stream::of_rows(name, schema, bytes))))
    }

    /// Loads a model file and puts it into the catalog, in place of a model of the same name.
    ///
    /// # Errors
    /// As [`Model::load`]; `invalid-option` for a name that SQL could not say.
    pub fn register_model(&self, name: &str, bytes: &[u8]) -> Result<Arc<Model>> {
        self.register_model_with(name, bytes, &[], &ModelOptions::default())
    }

    /// Loads a model file as `options` say, with the files that it names (see [`Model::external_data`]), and puts it
    /// into the catalog, in place of a model of the same name.
    ///
    /// # Errors
    /// As [`Model::load_parts`]; `invalid-option` for a name that SQL could not say.
    pub fn register_model_with(
        &self,
        name: &str,
        bytes: &[u8],
        external: &[(String, Vec<u8>)],
        options: &ModelOptions,
    ) -> Result<Arc<Model>> {
        self.register_version(name, bytes, external, options, Registration::default())
            .map(|version| version.model)
    }

    /// Loads a model file as [`Engine::register_model_with`] does, and makes it a version of a model as `registration`
    /// says. Versions of the same bytes share memory.
    ///
    /// # Errors
    /// As [`Engine::register_model_with`]; `already-exists` for a number that a version had before; `invalid-option` for
    /// an alias that cannot be one.
    pub fn register_version(
        &self,
        name: &str,
        bytes: &[u8],
        external: &[(String, Vec<u8>)],
        options: &ModelOptions,
        registration: Registration,
    ) -> Result<ModelVersion> {
        check_name(name)?;
        if name.contains('@') {
            return Err(Error::new(Code::InvalidOption, format!("`{name}` cannot be the name of a model"))
                .hint("`@` stands before a version: give the number or the alias beside the name"));
        }
        let model = self.load(bytes, external, registration.sha256, options, &self.shared.limits)?;
        let now = registration.created.unwrap_or_else(|| self.now());
        let mut catalog = self.catalog();
        let number = catalog.put_model(name, model, registration, now)?;
        let versions = catalog.model_versions(name)?;
        let version = described(name, versions, versions.numbered(name, number)?);
        drop(catalog);
        self.forget_old_plans();
        Ok(version)
    }

    /// Loads a model file, whose SHA-256 the host may know. One that is there already, of the same bytes, shares its memory.
    fn load(
        &self,
        bytes: &[u8],
        external: &[(String, Vec<u8>)],
        sha256: Option<[u8; 32]>,
        options: &ModelOptions,
        limits: &Limits,
    ) -> Result<Arc<Model>> {
        let load = || {
            let files = Fingerprints::of(bytes, external, sha256);
            let known = self.catalog().model_like(&files, options).cloned();
            Model::load_known(bytes, external, files, options, limits, known.as_deref())
        };
        self.timed(load).map(Arc::new)
    }

    /// Gives a version of a model an alias, which another one may have had before.
    ///
    /// # Errors
    /// `unknown-model`, `unknown-version`; `invalid-option` for an alias that cannot be one.
    pub fn set_model_alias(&self, name: &str, alias: &str, version: u32) -> Result<()> {
        self.set_model_alias_at(name, alias, version, self.now())
    }

    /// As [`Engine::set_model_alias`], at a time in milliseconds since 1970-01-01 UTC: for what was done before, on another
    /// engine.
    ///
    /// # Errors
    /// As [`Engine::set_model_alias`].
    pub fn set_model_alias_at(&self, name: &str, alias: &str, version: u32, moved: f64) -> Result<()> {
        let change = VersionChange::SetAlias(alias.into(), version);
        self.catalog().change_versions(name, &change, moved)?;
        self.forget_old_plans();
        Ok(())
    }

    /// Takes a table out of the catalog.
    ///
    /// # Errors
    /// `unknown-table`.
    pub fn drop_table(&self, name: &str) -> Result<()> {
        let mut catalog = self.catalog();
        catalog.relation(name)?;
        catalog.drop_relation(name);
        drop(catalog);
        self.forget_old_plans();
        Ok(())
    }

    /// Takes a model out of the catalog, or a version of it: `m@2`. Queries that run keep it until they end.
    ///
    /// # Errors
    /// `unknown-model`, `unknown-version`; `version-in-use` for the default version and those with aliases.
    pub fn drop_model(&self, name: &str) -> Result<()> {
        let mut catalog = self.catalog();
        let number = catalog.model_version(name)?.number;
        match parts(name) {
            (name, Some(_)) => catalog.change_versions(name, &VersionChange::Drop(number), 0.0)?,
            (name, None) => drop(catalog.drop_model(name)),
        }
        drop(catalog);
        self.forget_old_plans();
        Ok(())
    }

    /// All tables, by name.
    pub fn tables(&self) -> Vec<(String, Relation)> {
        self.catalog().relations().map(|(name, relation)| (name.to_owned(), relation.clone())).collect()
    }

    /// All versions of all models, by name and number.
    pub fn model_versions(&self) -> Vec<ModelVersion> {
        let catalog = self.catalog();
        let all = catalog.all_versions().flat_map(|(name, versions)| {
            versions.all().iter().map(move |version| described(name, versions, version))
        });
        all.collect()
    }

    /// All models, by name, each as its default version.
    pub fn models(&self) -> Vec<(String, Arc<Model>)> {
        self.catalog().models().map(|(name, model)| (name.to_owned(), model.clone())).collect()
    }

    /// The statements of the log behind the first `seen` ones that this engine has run: how many it has run in all, and the
    /// rows of `INFORMATION_SCHEMA.JOBS` as an Arrow IPC stream.
    ///
    /// # Errors
    /// `internal` for a row that no column takes.
    pub fn jobs_since(&self, seen: u64) -> Result<(u64, Vec<u8>)> {
        let catalog = self.catalog();
        Ok((catalog.log.count(), written(&plan::jobs_since(&catalog.log, seen)?)?))
    }

    /// Puts rows that [`Engine::jobs_since`] of an engine before this one gave before the log of this one.
    ///
    /// # Errors
    /// `invalid-arrow` for what is no stream of these columns.
    pub fn restore_jobs(&self, stream: &[u8]) -> Result<()> {
        let rows = self.read_jobs(stream)?.batches;
        self.catalog().log.restore(rows);
        Ok(())
    }

    /// Rows of a log.
    fn read_jobs(&self, stream: &[u8]) -> Result<Table> {
        let rows = table::read_arrow(stream, &self.shared.limits)?;
        let wanted = plan::jobs_since(&self.catalog().log, u64::MAX)?.schema;
        if rows.schema != wanted {
            return Err(Error::new(Code::InvalidArrow, "the rows are not those of a log of this version"));
        }
        Ok(rows)
    }

    fn register(&self, name: &str, relation: Relation) -> Result<Relation> {
        check_name(name)?;
        self.catalog().put_relation(name, relation.clone());
        self.forget_old_plans();
        Ok(relation)
    }

    /// Milliseconds since 1970-01-01 UTC.
    fn now(&self) -> f64 {
        (self.shared.clock)()
    }

    /// Now, other than every moment before: any clock's bits are as good a start of random numbers as others, and without one
    /// results repeat.
    fn moment(&self) -> Moment {
        let count = self.shared.moments.fetch_add(1, Ordering::Relaxed);
        Moment::new(self.now(), f64::from_bits(count))
    }

    /// A model that knows how long it took to load.
    fn timed(&self, load: impl FnOnce() -> Result<Model>) -> Result<Model> {
        let start = self.now();
        let model = load()?;
        let seconds = (self.now() - start) / 1e3;
        // A clock that was set back meanwhile has no time to tell.
        let load_time = Duration::try_from_secs_f64(seconds).unwrap_or(Duration::ZERO);
        Ok(model.with_load_time(load_time))
    }

    /// The plans of prepared statements that hold for the catalog as it is now.
    fn plans(&self) -> MutexGuard<'_, prepared::Plans> {
        let version = self.catalog().version();
        let mut plans = self.shared.plans.lock().unwrap_or_else(PoisonError::into_inner);
        plans.keep_only(version);
        plans
    }

    /// Lets go of what plans hold of a catalog that has changed.
    fn forget_old_plans(&self) {
        drop(self.plans());
    }

    /// A panic elsewhere leaves the catalog whole: every change of it is one step.
    fn catalog(&self) -> MutexGuard<'_, Catalog> {
        self.shared.catalog.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Session {
    /// Rows that travel together, and so the size of result batches, at most.
    #[must_use]
    pub fn with_batch_rows(mut self, rows: usize) -> Self {
        let limits = Arc::make_mut(&mut self.limits);
        limits.batch_rows = rows.max(1);
        limits.batch_objects = limits.batch_objects.min(rows.max(1));
        self
    }

    /// With `true`, a row that a picture or the model fails on has NULL for it, as with `SAFE.`, and the statement a warning
    /// of code `failed-row`. Without this, the first of them ends the statement.
    #[must_use]
    pub fn with_failed_rows_as_null(mut self, forgives: bool) -> Self {
        self.forgives = forgives;
        self
    }

    /// With `true`, the log has nothing of it: for statements that were run before, on another engine.
    #[must_use]
    pub fn without_log(mut self, is_silent: bool) -> Self {
        self.is_logged = !is_silent;
        self
    }

    /// Reads text as this dialect. Without this, a script that holds `PREDICT(MODEL =` is T-SQL and any other GoogleSQL.
    #[must_use]
    pub fn with_dialect(mut self, dialect: Dialect) -> Self {
        self.dialect = Some(dialect);
        self
    }

    /// Parses a script. Its statements are bound one by one, each after the one before has run.
    ///
    /// # Errors
    /// All syntax errors of the text; `unknown-parameter` for more values than it has places for.
    pub fn script(&self, sql: &str, params: Params) -> Result<Script> {
        let mut watch = Stopwatch::new(self.engine.shared.clock);
        let mark = watch.start();
        let parsed = syntax::parse(sql, &self.limits, self.dialect);
        watch.stop(mark, crate::control::Stage::Parse);
        match Error::from_diagnostics(parsed.diagnostics) {
            Some(error) => Err(error),
            None => {
                params.check_count(parsed.positions)?;
                let context = script::ScriptContext::new(parsed.dialect, sql.into(), params, self);
                Ok(Script::new(self.clone(), parsed.statements, parsed.handlers, context, watch))
            }
        }
    }
}

fn described(name: &str, versions: &Versions, version: &Version) -> ModelVersion {
    ModelVersion {
        name: name.into(),
        number: version.number,
        aliases: versions.aliases_of(version.number).map(str::to_owned).collect(),
        is_default: versions.is_default(version),
        model: version.model.clone(),
        created: version.created,
        source: version.source.clone(),
        description: version.description.clone(),
    }
}

/// A table as an Arrow IPC stream.
fn written(Table { schema, batches, .. }: &Table) -> Result<Vec<u8>> {
    let mut stream = table::write_schema(schema)?;
    for batch in batches {
        stream.extend(table::write_batch(schema, batch)?);
    }
    stream.extend(table::END);
    Ok(stream)
}

fn check_name(name: &str) -> Result<()> {
    if name.is_empty() || name.split('.').any(str::is_empty) || name.contains('`') {
        return Err(Error::new(Code::InvalidOption, format!("`{name}` cannot be a name"))
            .hint("names are not empty, have no backticks and no empty part between dots"));
    }
    Ok(())
}
