//! The process that runs parts.

use std::net::{IpAddr, SocketAddr, TcpListener};
use std::path::PathBuf;
use std::sync::Arc;

use ballista_core::config::TaskSchedulingPolicy;
use ballista_core::error::{BallistaError, Result};
use ballista_executor::executor_process::{ExecutorProcessConfig, start_executor_process};
use predictql_datafusion::Jobs;
use predictql_host::Host;

use crate::session::{codec, session_config};

/// How an executor is started.
#[derive(Debug, Clone)]
pub struct ExecutorOptions {
    /// The scheduler, a host and a port.
    pub scheduler: String,
    /// Where it listens, and where others find it.
    pub host: IpAddr,
    /// 0 is any that is free.
    pub port: u16,
    /// How many parts it runs at once; 0 is one for each core.
    pub cores: usize,
    /// Where rows lie that other executors have to read.
    pub work_dir: PathBuf,
}

/// Runs an executor, which reads what `host` can reach, until it is told to end. `listening` is told where it listens.
///
/// # Errors
/// Where no scheduler answers, and where the address cannot be had.
pub async fn run_executor(
    options: ExecutorOptions,
    host: Host,
    listening: impl FnOnce(SocketAddr),
) -> Result<()> {
    let (scheduler, port) = host_and_port(&options.scheduler).map_err(BallistaError::Configuration)?;
    let own = free(SocketAddr::new(options.host, options.port))?;
    let jobs = Arc::new(Jobs::new(host).named(format!("executor {own}")));
    let config = {
        let jobs = jobs.clone();
        Arc::new(move || session_config(jobs.clone()))
    };
    let config = ExecutorProcessConfig {
        bind_host: own.ip().to_string(),
        external_host: Some(own.ip().to_string()),
        port: own.port(),
        scheduler_host: scheduler,
        scheduler_port: port,
        scheduler_connect_timeout_seconds: 10,
        vcores: options.cores,
        task_scheduling_policy: TaskSchedulingPolicy::PullStaged,
        work_dir: Some(options.work_dir.display().to_string()),
        override_config_producer: Some(config),
        override_physical_codec: Some(codec(jobs)),
        ..ExecutorProcessConfig::default()
    };
    listening(own);
    start_executor_process(Arc::new(config)).await
}

/// The two parts of an address.
///
/// # Errors
/// In words, where it has not both.
pub fn host_and_port(address: &str) -> std::result::Result<(String, u16), String> {
    let parts = address.rsplit_once(':').and_then(|(host, port)| Some((host, port.parse().ok()?)));
    match parts {
        Some((host, port)) if !host.is_empty() => Ok((host.to_owned(), port)),
        _ => Err(format!("expected a host and a port, as in 127.0.0.1:50050, found `{address}`")),
    }
}

/// An address with a port that nobody listens at: Ballista tells others the port before it has one.
fn free(address: SocketAddr) -> Result<SocketAddr> {
    if address.port() != 0 {
        return Ok(address);
    }
    Ok(TcpListener::bind(address)?.local_addr()?)
}
