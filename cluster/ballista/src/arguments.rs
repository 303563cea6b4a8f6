//! What the command line says.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use predictql_ballista::host_and_port;
use predictql_host::Catalog;
use predictql_terminal::{Bounds, Over, Writing};

/// SQL predictions on a cluster of machines.
///
/// Start a scheduler, executors that know its address, and then run statements.
#[derive(Debug, Parser)]
#[command(name = "predictql-cluster", version, arg_required_else_help = true)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Gives the parts of statements to executors
    Scheduler(Scheduler),
    /// Runs parts that a scheduler gives
    Executor(Executor),
    /// Runs statements and writes their rows
    Run(Run),
}

#[derive(Debug, Args)]
pub(crate) struct Scheduler {
    /// Where to listen; port 0 is any that is free
    #[arg(long, default_value = "127.0.0.1:50050", value_name = "HOST:PORT")]
    pub(crate) listen: SocketAddr,
    /// For how many seconds, 6 at least, to wait for an executor that does not speak, before others run its parts
    #[arg(long, default_value_t = 30, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(6..))]
    pub(crate) patience: u64,
}

#[derive(Debug, Args)]
pub(crate) struct Executor {
    /// The scheduler
    #[arg(long, default_value = "127.0.0.1:50050", value_name = "HOST:PORT", value_parser = address)]
    pub(crate) scheduler: String,
    /// Where to listen, and where others find it
    #[arg(long, default_value = "127.0.0.1", value_name = "ADDRESS")]
    pub(crate) host: IpAddr,
    /// 0 is any that is free
    #[arg(long, default_value_t = 0)]
    pub(crate) port: u16,
    /// How many parts to run at once; 0 is one for each core
    #[arg(long, default_value_t = 0, value_name = "N")]
    pub(crate) cores: usize,
    /// Where rows lie that other executors have to read; a temporary folder where none is given
    #[arg(long, value_name = "DIR")]
    pub(crate) work_dir: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) bounds: Bounds,
}

#[derive(Debug, Args)]
pub(crate) struct Run {
    /// Statements, divided by semicolons
    #[arg(required_unless_present = "script")]
    pub(crate) sql: Option<String>,
    /// A file of statements
    #[arg(long, conflicts_with = "sql", value_name = "FILE")]
    pub(crate) script: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) over: Over,
    /// The scheduler
    #[arg(long, default_value = "127.0.0.1:50050", value_name = "HOST:PORT", value_parser = address)]
    pub(crate) scheduler: String,
    /// No cluster but this process: a scheduler and so many executors in it
    #[arg(long, conflicts_with = "scheduler", value_name = "N", value_parser = parts)]
    pub(crate) executors: Option<usize>,
    /// In how many parts rows are divided: some for each core of the cluster
    #[arg(long, default_value_t = 8, value_name = "N", value_parser = parts)]
    pub(crate) parts: usize,
    #[command(flatten)]
    pub(crate) bounds: Bounds,
    #[command(flatten)]
    pub(crate) writing: Writing,
}

/// The same by URIs that lead to the same files wherever they are read.
pub(crate) fn everywhere(mut catalog: Catalog) -> Result<Catalog, String> {
    let sources = catalog.models.iter_mut().chain(&mut catalog.tables);
    for uri in sources.flat_map(|source| &mut source.uris) {
        *uri = located(uri)?;
    }
    Ok(catalog)
}

fn located(uri: &str) -> Result<String, String> {
    if uri.contains("://") {
        return Ok(uri.to_owned());
    }
    let path = std::path::absolute(uri).map_err(|error| format!("`{uri}`: {error}"))?;
    path.into_os_string().into_string().map_err(|path| format!("the path {} is no text", path.display()))
}

fn address(text: &str) -> Result<String, String> {
    host_and_port(text).map(|_| text.to_owned())
}

fn parts(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(parts) if parts > 0 => Ok(parts),
        _ => Err("expected a whole number from 1 on".into()),
    }
}
