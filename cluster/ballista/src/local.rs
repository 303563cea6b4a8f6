//! A scheduler and executors in this process, for who has no cluster: everything travels as on one, over loopback.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use predictql_ballista::{ExecutorOptions, SchedulerOptions, run_executor, run_scheduler};
use predictql_host::Stores;
use predictql_terminal::{Bounds, Failure};
use tempfile::TempDir;
use tokio::sync::oneshot;
use tokio::task::JoinSet;

const LOOPBACK: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

/// Seconds: an executor of this process that does not speak is busy.
const PATIENCE: u64 = 60;

/// Ends with what holds it.
pub(crate) struct Local {
    /// Where its scheduler listens.
    pub(crate) scheduler: String,
    _running: JoinSet<()>,
    /// Where rows lie that other executors have to read.
    _folders: Vec<TempDir>,
}

impl Local {
    /// Starts so many executors, which share the processors.
    pub(crate) async fn start(executors: usize, bounds: &Bounds) -> Result<Self, Failure> {
        let mut running = JoinSet::new();
        let (listens, address) = oneshot::channel();
        let options = SchedulerOptions { address: SocketAddr::new(LOOPBACK, 0), patience: PATIENCE };
        running.spawn(async move {
            // Who waits for the address hears that there is none.
            let listening = |address| {
                let _ = listens.send(address);
            };
            let _ = run_scheduler(options, listening).await;
        });
        let address =
            address.await.map_err(|_| Failure::Output("no scheduler can be started here".into()))?;
        let all = std::thread::available_parallelism().map_or(1, usize::from);
        let mut folders = Vec::new();
        for _ in 0..executors {
            let folder = tempfile::tempdir()?;
            let options = ExecutorOptions {
                scheduler: address.to_string(),
                host: LOOPBACK,
                port: 0,
                cores: (all / executors).max(1),
                work_dir: folder.path().to_owned(),
            };
            let host = bounds.host(Stores::new());
            // A statement says what it misses where none can be started.
            running.spawn(async move {
                let _ = run_executor(options, host, |_| {}).await;
            });
            folders.push(folder);
        }
        Ok(Self { scheduler: address.to_string(), _running: running, _folders: folders })
    }
}
