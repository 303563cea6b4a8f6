//! Every query of `tests/suite` that can be divided, on two executors. What changes the catalog runs in this process too; executors run
//! it from the text that travels.

use std::cmp::Reverse;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow_array::RecordBatch;
use futures::{StreamExt, TryStreamExt, future, stream};
use predictql::control::Moment;
use predictql::data::Batch;
use predictql::{Arrival, Dialect, Fragments, Params, Query, Script, Session};
use predictql_ballista::Cluster;
use predictql_datafusion::Failure;
use predictql_host::{Catalog, Host, Job, NamedSource};
use sqllogictest::{DefaultColumnType, Record};

use crate::loopback::{cluster_over, host, repository};
use crate::notation;

/// Files that run at the same time, and queries of each.
const FILES: usize = 4;
const QUERIES: usize = 4;
const PARTS: usize = 2;
const NOW: f64 = 0.0;
const CHANGES: [&str; 8] = ["CREATE", "ALTER", "DROP", "INSERT", "UPDATE", "DELETE", "MERGE", "TRUNCATE"];

type Told = Result<Vec<Vec<String>>, String>;

/// A database of this process, and the text that makes the same one elsewhere.
struct Database {
    host: Host,
    session: Session,
    is_tsql: bool,
    catalog: Catalog,
    catalog_digest: String,
    /// The statements so far that have changed the catalog.
    before: Vec<String>,
    /// Whether one text can say them all: not where they stood beside variables, or must stand alone.
    is_told: bool,
}

impl Database {
    fn new(file: &Path) -> Self {
        let host = host();
        let tables = vec![NamedSource::new("iris", "tables/iris.csv")];
        let catalog = Catalog { models: Vec::new(), tables };
        let is_tsql = file.parent().is_some_and(|folder| folder.ends_with("tsql"));
        let dialect = if is_tsql { Dialect::TSql } else { Dialect::BigQuery };
        let session = catalog.open(&host).unwrap().session().with_dialect(dialect);
        let catalog_digest = catalog.digest(&host).unwrap();
        Self { host, session, is_tsql, catalog, catalog_digest, before: Vec::new(), is_told: true }
    }

    /// Runs the statements of a record. A query that can be divided is to run on the cluster too: that tells where it differs.
    fn run(
        &mut self,
        sql: &str,
        cluster: &Cluster,
    ) -> Option<impl Future<Output = Option<String>> + Send + use<>> {
        let mut script = self.script(sql)?;
        // Texts of several statements may have variables, which the text of another one cannot have again.
        let is_alone = script.statements().len() == 1;
        while let Some(Ok(query)) = script.next() {
            let statement = script.latest().unwrap();
            let is_query = is_alone && self.is_told && statement.verb == "SELECT";
            let fragments = if is_query { query.fragments(Arrival::AnyOrder).unwrap() } else { None };
            // What is one fragment moves no rows between executors.
            let fragments = fragments.filter(|fragments| fragments.all().len() > 1);
            if let Some(fragments) = fragments {
                let expected = self.whole(query);
                let (found, sql) = (self.on(cluster, sql, fragments), sql.to_owned());
                return Some(async move {
                    let found = found.await;
                    (found != expected).then(|| format!("{sql}\nexpected {expected:?}\nfound {found:?}"))
                });
            }
            self.whole(query).ok()?;
            if CHANGES.iter().any(|verb| statement.verb.starts_with(verb)) {
                self.before.push(statement.span.of(sql).to_owned());
                // The body of a routine of T-SQL takes in all that follows.
                let told = self.script(&format!("{};\nSELECT 1 AS one", self.before.join(";\n")));
                let is_whole = told.is_some_and(|told| told.statements().len() == self.before.len() + 1);
                self.is_told &= is_alone && is_whole;
            }
        }
        None
    }

    fn script(&self, sql: &str) -> Option<Script> {
        let mut script = self.session.script(sql, Params::default()).ok()?;
        script.at(Moment::new(NOW, 0.0), None).ok()?;
        Some(script)
    }

    /// The rows of a query in one piece, or its error. It writes no files.
    fn whole(&self, mut query: Query) -> Told {
        let mut rows = Vec::new();
        let ran = self.host.of_parts().run(&mut query, &mut (), &mut |batch| {
            rows.extend(notation::rows(&batch));
            ControlFlow::Continue(())
        });
        ran.map(|_| rows).map_err(|error| error.to_string())
    }

    /// The same on the cluster.
    fn on(
        &self,
        cluster: &Cluster,
        sql: &str,
        fragments: Fragments,
    ) -> impl Future<Output = Told> + Send + use<> {
        let mut statements = self.before.clone();
        statements.push(sql.to_owned());
        let job = Job {
            version: env!("CARGO_PKG_VERSION").into(),
            catalog: self.catalog.clone(),
            catalog_digest: self.catalog_digest.clone(),
            script: statements.join(";\n"),
            is_tsql: self.is_tsql,
            parameters: Vec::new(),
            now: NOW,
            seed: 0.0,
            statement: self.before.len(),
            digest: fragments.digest().unwrap(),
        };
        let query = self.script(sql).unwrap().next().unwrap().unwrap();
        let schema = query.schema().cloned().unwrap();
        let (cluster, host) = (cluster.clone(), self.host.clone());
        async move {
            let (rows, _) = cluster.rows(Arc::new(job), fragments, query, host, PARTS).await.unwrap();
            let rows: Result<Vec<_>, _> = rows.try_collect().await;
            let told =
                |error| Failure::of(&error).map_or(format!("{error:?}"), |failure| failure.to_string());
            let batch = |it: &RecordBatch| Batch::of(&schema, it.num_rows(), it.columns().to_vec()).unwrap();
            Ok(rows.map_err(told)?.iter().flat_map(|it| notation::rows(&batch(it))).collect())
        }
    }
}

/// Those that take long first: each runs by itself to its end.
fn files() -> Vec<PathBuf> {
    let mut folders = vec![repository().join("tests/suite")];
    let mut files = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() { folders.push(path) } else { files.push(path) }
        }
    }
    files.sort_by_cached_key(|file| (Reverse(std::fs::metadata(file).unwrap().len()), file.clone()));
    files
}

/// What differs in a file, and how many queries the cluster has run.
async fn differences(file: PathBuf, cluster: Cluster) -> (Vec<String>, usize) {
    let records: Vec<Record<DefaultColumnType>> = sqllogictest::parse_file(&file).unwrap();
    let mut database = Database::new(&file);
    let mut queries = Vec::new();
    for record in records {
        let (Record::Query { sql, .. } | Record::Statement { sql, .. }) = record else { continue };
        queries.extend(database.run(&sql, &cluster));
    }
    let ran = queries.len();
    let told = stream::iter(queries).buffer_unordered(QUERIES).filter_map(future::ready);
    let told: Vec<_> = told.collect().await;
    (told.into_iter().map(|it| format!("{}: {it}", file.display())).collect(), ran)
}

#[tokio::test(flavor = "multi_thread")]
async fn every_query_gives_the_rows_of_one_process() {
    let cluster = cluster_over(host(), FILES * QUERIES).await;
    let all = stream::iter(files()).map(|file| tokio::spawn(differences(file, cluster.clone())));
    let all: Vec<_> = all.buffer_unordered(FILES).map(Result::unwrap).collect().await;
    let ran: usize = all.iter().map(|(_, ran)| ran).sum();
    let told: Vec<_> = all.into_iter().flat_map(|(told, _)| told).collect();
    assert!(told.is_empty(), "{}\n\n{} of {ran} queries differ", told.join("\n\n"), told.len());
    assert!(ran > 100, "only {ran} queries were divided");
}
