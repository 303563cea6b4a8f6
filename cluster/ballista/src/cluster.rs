//! Statements on a cluster: their rows and errors are those of one process.

use std::sync::Arc;

use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::datatypes::Schema;
use datafusion::error::Result;
use datafusion::execution::SendableRecordBatchStream;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::prelude::SessionConfig;
use futures::{StreamExt, stream};
use predictql::{Fragments, Query, Summary};
use predictql_datafusion::{Ended, Jobs, Source, behind, plan_parts, received, rows, take};
use predictql_host::{Host, Job};

use crate::client::Client;
use crate::failures::is_of_cluster;
use crate::session::session_config;

/// How many times a statement begins where machines fail.
const ATTEMPTS: usize = 3;

/// A cluster, by its scheduler.
#[derive(Clone)]
pub struct Cluster {
    address: String,
    config: SessionConfig,
    jobs: Arc<Jobs>,
}

impl Cluster {
    /// The cluster whose scheduler is at `address`, a host and a port. `jobs` are those of this process.
    pub fn at(address: impl Into<String>, jobs: Arc<Jobs>) -> Self {
        Self { address: address.into(), config: session_config(jobs.clone()), jobs }
    }

    /// With other settings of Ballista and DataFusion.
    #[must_use]
    pub fn configured(self, change: impl FnOnce(SessionConfig) -> SessionConfig) -> Self {
        Self { config: change(self.config), ..self }
    }

    /// The rows of the statement of a job, in `parts` parts. `fragments` are those of `query`, the statement in this process, which runs it
    /// in one piece where a part fails: an error is then the one that one process meets, if it meets any.
    ///
    /// A statement begins anew where machines fail. What it has to tell beside its rows is known once these have ended.
    ///
    /// # Errors
    /// Where no scheduler answers.
    pub async fn rows(
        &self,
        job: Arc<Job>,
        fragments: Fragments,
        query: Query,
        host: Host,
        parts: usize,
    ) -> Result<(SendableRecordBatchStream, Ended)> {
        let (stream, source) = self.parts(job, fragments, &host, parts).await?;
        Ok(rows(stream, query, host, source))
    }

    /// Runs `statement` in this process, over the rows of `query`, which is its source and comes as for [`Cluster::rows`].
    ///
    /// # Errors
    /// Where no scheduler answers; those of the statement and of the rows.
    pub async fn take(
        &self,
        job: Arc<Job>,
        fragments: Fragments,
        (statement, query): (Query, Query),
        host: Host,
        parts: usize,
    ) -> Result<Summary> {
        let (stream, source) = self.parts(job, fragments, &host, parts).await?;
        take(statement, query, stream, host, source).await
    }

    async fn parts(
        &self,
        job: Arc<Job>,
        fragments: Fragments,
        host: &Host,
        parts: usize,
    ) -> Result<(SendableRecordBatchStream, Source)> {
        let last = fragments.all().last();
        let schema = Arc::new(last.map(|last| last.schema.to_arrow()).unwrap_or_else(Schema::empty));
        self.jobs.keep(&job, fragments, host.clone());
        let source = Source::job(job, self.jobs.clone());
        let plan = plan_parts(&source, parts)?;
        // A scheduler divides rows that meet among this many.
        let config = self.config.clone().with_target_partitions(parts);
        let client = Client::connect(&self.address, config).await?;
        let attempts =
            Attempts { client, plan, source: source.clone(), rows: None, given: 0, left: ATTEMPTS };
        let stream = RecordBatchStreamAdapter::new(schema, stream::try_unfold(attempts, Attempts::next));
        Ok((Box::pin(stream), source))
    }
}

/// A plan that runs, and runs again where machines fail.
struct Attempts {
    client: Client,
    plan: Arc<dyn ExecutionPlan>,
    source: Source,
    /// Those of the attempt at hand.
    rows: Option<SendableRecordBatchStream>,
    /// How many rows were given.
    given: usize,
    /// How many attempts may begin.
    left: usize,
}

impl Attempts {
    async fn next(mut self) -> Result<Option<(RecordBatch, Self)>> {
        loop {
            match self.batch().await {
                Ok(Some(batch)) => {
                    self.given += batch.num_rows();
                    return Ok(Some((batch, self)));
                }
                Ok(None) => return Ok(None),
                Err(error) if self.left > 0 && is_of_cluster(&error) => self.rows = None,
                Err(error) => return Err(error),
            }
        }
    }

    /// The next rows of this attempt. Another one gives the same ones, and so those that were given are passed over.
    async fn batch(&mut self) -> Result<Option<RecordBatch>> {
        if self.rows.is_none() {
            self.left -= 1;
            let rows = received(self.client.run(&self.plan).await?, &self.source);
            self.rows = Some(behind(rows, self.given));
        }
        match &mut self.rows {
            Some(rows) => rows.next().await.transpose(),
            None => Ok(None),
        }
    }
}
