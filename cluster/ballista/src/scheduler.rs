//! The process that gives parts to executors. It loads no models and reads no tables.

use std::net::SocketAddr;
use std::sync::Arc;

use ballista_core::config::TaskSchedulingPolicy;
use ballista_core::error::{BallistaError, Result};
use ballista_scheduler::cluster::BallistaCluster;
use ballista_scheduler::config::SchedulerConfig;
use ballista_scheduler::scheduler_process::{create_scheduler, start_grpc_service_with_listener};
use datafusion_proto::protobuf::{LogicalPlanNode, PhysicalPlanNode};
use predictql_datafusion::Jobs;
use predictql_host::{Host, Stores};
use tokio::net::{TcpListener, TcpSocket};

use crate::session::{codec, session_config};

/// How a scheduler is started.
#[derive(Debug, Clone)]
pub struct SchedulerOptions {
    /// Where it listens; port 0 is any that is free.
    pub address: SocketAddr,
    /// For how many seconds it waits for an executor that does not speak, before others run its parts.
    pub patience: u64,
}

/// What is accepted has the listener's settings: answers are short, and would wait for more of them to be sent together.
fn listener(address: SocketAddr) -> std::io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    socket.set_nodelay(true)?;
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(1024)
}

/// Runs a scheduler until the process ends. `listening` is told where it listens.
///
/// # Errors
/// Where the address cannot be had.
pub async fn run_scheduler(options: SchedulerOptions, listening: impl FnOnce(SocketAddr)) -> Result<()> {
    let listener = listener(options.address)
        .map_err(|error| BallistaError::General(format!("cannot listen at {}: {error}", options.address)))?;
    let address = listener.local_addr()?;
    // What is decoded here is only handed on.
    let jobs = Arc::new(Jobs::new(Host::new(Stores::new())));
    let config = {
        let jobs = jobs.clone();
        Arc::new(move || session_config(jobs.clone()))
    };
    let config = SchedulerConfig {
        bind_host: address.ip().to_string(),
        bind_port: address.port(),
        external_host: address.ip().to_string(),
        // Executors ask for work: one that waits behind a firewall can.
        scheduling_policy: TaskSchedulingPolicy::PullStaged,
        executor_timeout_seconds: options.patience,
        expire_dead_executor_interval_seconds: (options.patience / 4).max(1),
        no_executors_grace_period_seconds: options.patience,
        override_config_producer: Some(config),
        override_physical_codec: Some(codec(jobs)),
        ..SchedulerConfig::default()
    };
    let cluster = BallistaCluster::new_from_config(&config).await?;
    let scheduler = create_scheduler::<LogicalPlanNode, PhysicalPlanNode>(cluster, Arc::new(config)).await?;
    listening(address);
    start_grpc_service_with_listener(listener, scheduler).await.map_err(|error| match error {
        BallistaError::IoError(error) => BallistaError::General(format!("{address}: {error}")),
        error => error,
    })
}
