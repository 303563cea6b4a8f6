//! A scheduler and two executors in this process, which speak over loopback; all rows go through the network.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use ballista_core::extension::SessionConfigExt;
use ballista_core::serde::protobuf::scheduler_grpc_client::SchedulerGrpcClient;
use ballista_executor::new_standalone_executor_from_state;
use ballista_scheduler::standalone::new_standalone_scheduler_from_state;
use datafusion::execution::SessionStateBuilder;
use datafusion::execution::session_state::SessionState;
use predictql_ballista::{Cluster, session_config};
use predictql_datafusion::Jobs;
use predictql_host::{Host, Stores};

/// The root of the repository.
pub(crate) fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// A host of the fixtures.
pub(crate) fn host() -> Host {
    Host::new(Stores::within(repository().join("tests/fixtures")))
}

/// Each has its own jobs, as it has in a process of its own.
fn state(host: Host, name: &str) -> SessionState {
    let config = session_config(Arc::new(Jobs::new(host).named(name)));
    let config = config.with_ballista_shuffle_reader_force_remote_read(true);
    SessionStateBuilder::new().with_config(config).with_default_features().build()
}

/// A cluster of two executors, each of which runs one part at a time.
pub(crate) async fn cluster() -> Cluster {
    cluster_over(host(), 1).await
}

/// A cluster of two executors that read what `host` reaches, each of which runs so many parts at a time.
pub(crate) async fn cluster_over(host: Host, parts: usize) -> Cluster {
    let address = new_standalone_scheduler_from_state(&state(host.clone(), "scheduler")).await.unwrap();
    let address = format!("localhost:{}", address.port());
    for name in ["executor one", "executor two"] {
        let scheduler = SchedulerGrpcClient::connect(format!("http://{address}")).await.unwrap();
        new_standalone_executor_from_state(scheduler, parts, &state(host.clone(), name)).await.unwrap();
    }
    let jobs = Arc::new(Jobs::new(host));
    Cluster::at(address, jobs)
        .configured(|config| config.with_ballista_shuffle_reader_force_remote_read(true))
}
