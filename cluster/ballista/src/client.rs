//! Sends statements to a cluster, and brings their rows.
//!
//! Ballista has a client, which gives the parts of a result in the order in which they were ready, and one twice where an executor
//! died and another one ran it again. This one takes each part once, in the order of their numbers, and gives the job up when nobody
//! wants its rows any more.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use ballista_core::client::BallistaClient;
use ballista_core::config::BallistaConfig;
use ballista_core::error::BallistaError;
use ballista_core::extension::SessionConfigExt;
use ballista_core::ids::new_instance_id;
use ballista_core::serde::protobuf::execute_query_params::Query as Sent;
use ballista_core::serde::protobuf::execute_query_result::Result as Accepted;
use ballista_core::serde::protobuf::job_status::Status;
use ballista_core::serde::protobuf::scheduler_grpc_client::SchedulerGrpcClient;
use ballista_core::serde::protobuf::{
    CancelJobParams, ExecuteQueryParams, GetJobStatusParams, KeyValuePair, PartitionLocation,
};
use ballista_core::utils::{GrpcClientConfig, create_grpc_client_endpoint};
use ballista_core::version;
use datafusion::error::Result;
use datafusion::execution::SendableRecordBatchStream;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::prelude::SessionConfig;
use datafusion_proto::physical_plan::AsExecutionPlan;
use datafusion_proto::protobuf::PhysicalPlanNode;
use futures::{StreamExt, TryStreamExt, stream};
use tokio::runtime::Handle;
use tonic::transport::Channel;

use crate::failures::{failed, refused, unanswered};

/// How long to wait before asking again how far a job is.
const ASKED_EVERY: Duration = Duration::from_millis(20);

/// A scheduler, and what its jobs are told.
#[derive(Clone)]
pub(crate) struct Client {
    address: String,
    scheduler: SchedulerGrpcClient<Channel>,
    config: SessionConfig,
    settings: BallistaConfig,
    /// Jobs of one session share what executors keep for it.
    session: String,
}

impl Client {
    pub(crate) async fn connect(address: &str, config: SessionConfig) -> Result<Self> {
        let settings = config.ballista_config();
        let grpc = GrpcClientConfig::from(&settings);
        let endpoint = create_grpc_client_endpoint(format!("http://{address}"), Some(&grpc))
            .map_err(|error| unanswered(address, &error))?;
        let channel = endpoint.connect().await.map_err(|error| unanswered(address, &error))?;
        let most = settings.grpc_client_max_message_size();
        let scheduler = SchedulerGrpcClient::new(channel);
        let scheduler = scheduler.max_encoding_message_size(most).max_decoding_message_size(most);
        Ok(Self { address: address.to_owned(), scheduler, config, settings, session: new_instance_id() })
    }

    /// The rows of the partitions of a plan, in the order of these. They come when all are ready.
    pub(crate) async fn run(&self, plan: &Arc<dyn ExecutionPlan>) -> Result<SendableRecordBatchStream> {
        let running = self.submit(plan).await?;
        let results = running.results().await?;
        let client = self.clone();
        let rows = stream::iter(results).then(move |result| {
            let client = client.clone();
            async move { client.fetch(result).await }
        });
        // Executors keep results for a while after the job: nothing is to be given up from here on.
        Ok(Box::pin(RecordBatchStreamAdapter::new(plan.schema(), rows.try_flatten())))
    }

    async fn submit(&self, plan: &Arc<dyn ExecutionPlan>) -> Result<Running> {
        let codec = self.config.ballista_physical_extension_codec();
        let message = PhysicalPlanNode::try_from_physical_plan(plan.clone(), codec.as_ref())?;
        let mut bytes = Vec::new();
        message.try_encode(&mut bytes)?;
        let options = self.config.options().entries();
        let settings = options.into_iter().map(|entry| KeyValuePair { key: entry.key, value: entry.value });
        let parameters = ExecuteQueryParams {
            session_id: self.session.clone(),
            settings: settings.collect(),
            operation_id: new_instance_id(),
            query: Some(Sent::PhysicalPlan(bytes)),
        };
        let mut request = tonic::Request::new(parameters);
        version::insert_version_header(request.metadata_mut());
        let mut scheduler = self.scheduler.clone();
        let answer =
            scheduler.execute_query(request).await.map_err(|status| refused(&self.address, &status))?;
        match answer.into_inner().result {
            Some(Accepted::Success(accepted)) => {
                let address = self.address.clone();
                Ok(Running { address, scheduler, job: accepted.job_id, is_over: false })
            }
            Some(Accepted::Failure(refused)) => Err(failed(&format!("{refused:?}"))),
            None => Err(failed("the scheduler has answered nothing")),
        }
    }

    /// The rows of a part that an executor keeps.
    async fn fetch(&self, result: PartitionLocation) -> Result<SendableRecordBatchStream> {
        let layout = result.layout();
        let (Some(executor), Some(partition)) = (result.executor_meta, result.partition_id) else {
            return Err(failed("the scheduler has not said where a result is"));
        };
        let port = u16::try_from(executor.port).map_err(|error| failed(&error.to_string()))?;
        let client = BallistaClient::try_new(
            &executor.host,
            port,
            self.settings.grpc_client_max_message_size(),
            self.settings.use_tls(),
            None,
            self.settings.io_retries_times() as u8,
            self.settings.io_retry_wait_time_ms() as u64,
            0,
            0,
        );
        let mut client = client.await.map_err(BallistaError::into_datafusion)?;
        let partition = partition.into();
        let rows = client.fetch_partition_proxied(
            &executor.id,
            &partition,
            result.file_id,
            layout,
            &executor.host,
            port,
            true,
        );
        rows.await.map_err(BallistaError::into_datafusion)
    }
}

/// A job that a scheduler has taken. Dropping it before its end cancels it.
struct Running {
    address: String,
    scheduler: SchedulerGrpcClient<Channel>,
    job: String,
    is_over: bool,
}

impl Running {
    /// Where the results are, each part once, in the order of their numbers.
    async fn results(mut self) -> Result<Vec<PartitionLocation>> {
        loop {
            let asked = GetJobStatusParams { job_id: self.job.clone() };
            let answer = self.scheduler.get_job_status(asked).await;
            let answer = answer.map_err(|status| refused(&self.address, &status))?.into_inner();
            match answer.status.and_then(|job| job.status) {
                Some(Status::Failed(job)) => {
                    self.is_over = true;
                    return Err(failed(&job.error));
                }
                Some(Status::Successful(job)) => {
                    self.is_over = true;
                    return Ok(parts(job.partition_location));
                }
                Some(Status::Queued(_) | Status::Running(_)) | None => tokio::time::sleep(ASKED_EVERY).await,
            }
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if self.is_over {
            return;
        }
        let (mut scheduler, job_id) = (self.scheduler.clone(), self.job.clone());
        if let Ok(runtime) = Handle::try_current() {
            runtime.spawn(async move {
                // Who gives a job up does not wait for it, and has nobody to tell.
                drop(scheduler.cancel_job(CancelJobParams { job_id }).await);
            });
        }
    }
}

/// Each part once, in the order of their numbers. What was told last is where it was run last, after an executor was lost.
fn parts(told: Vec<PartitionLocation>) -> Vec<PartitionLocation> {
    let numbered = told.into_iter().map(|result| {
        let number = result.partition_id.as_ref().map_or(0, |partition| partition.partition_id);
        (number, result)
    });
    numbered.collect::<BTreeMap<_, _>>().into_values().collect()
}

#[cfg(test)]
mod tests {
    use ballista_core::serde::protobuf::PartitionId;

    use super::*;

    #[test]
    fn each_part_comes_once_and_in_order() {
        let result = |partition_id, file_id| PartitionLocation {
            partition_id: Some(PartitionId { job_id: "j".into(), stage_id: 1, partition_id }),
            file_id: Some(file_id),
            ..PartitionLocation::default()
        };
        let found = parts(vec![result(2, 1), result(0, 2), result(2, 3), result(1, 4)]);
        let files: Vec<_> = found.iter().map(|it| it.file_id.unwrap()).collect();
        assert_eq!(files, [2, 4, 3]);
    }
}
