//! Every query of `tests/suite` that can be divided, on two executors. What changes the catalog runs in this process too; executors run it
//! from the text that travels.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use futures::{StreamExt, TryStreamExt, stream};
use predictql::control::Moment;
use predictql::data::{Batch, Schema};
use predictql::{Arrival, Dialect, Engine, Params, Query, Resource, Session, Step};
use predictql_ballista::Cluster;
use predictql_datafusion::Failure;
use predictql_host::{Catalog, Error, Host, Job, NamedSource};
use sqllogictest::{Condition, Record};

use crate::loopback::{cluster, host, repository};
use crate::notation;

/// Files that run at the same time.
const AT_ONCE: usize = 8;

/// A database of this process, and the text that makes the same one elsewhere.
struct Database {
    host: Host,
    session: Session,
    catalog: Catalog,
    catalog_digest: String,
    is_tsql: bool,
    /// Statements that have changed the catalog.
    before: Vec<String>,
    cluster: Cluster,
}

type Told = Result<Vec<Vec<String>>, String>;
