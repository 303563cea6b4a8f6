//! What the command line says.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use predictql_host::{Catalog, NamedSource};
use serde_json::Value;

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
    /// For how many seconds to wait for an executor that does not speak, before others run its parts
    #[arg(long, default_value_t = 30, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(6..))]
    pub(crate) patience: u64,
}

#[derive(Debug, Args)]
pub(crate) struct Executor {
    /// The scheduler
    #[arg(long, default_value = "127.0.0.1:50050", value_name = "HOST:PORT")]
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
}

#[derive(Debug, Args)]
pub(crate) struct Run {
    /// Statements, divided by semicolons
    #[arg(required_unless_present = "script")]
    pub(crate) sql: Option<String>,
    /// A file of statements
    #[arg(long, conflicts_with = "sql", value_name = "FILE")]
    pub(crate) script: Option<PathBuf>,
    /// A model and its file: iris=iris.onnx, with options as JSON behind a blank
    #[arg(long, value_name = "NAME=FILE", value_parser = source)]
    pub(crate) model: Vec<NamedSource>,
    /// A table and its files: t=data/*.parquet, with options as JSON behind a blank
    #[arg(long, value_name = "NAME=FILES", value_parser = source)]
    pub(crate) table: Vec<NamedSource>,
    /// A value for `@name`, or with `=VALUE` for the next `?`: JSON, or else a text
    #[arg(long, value_name = "NAME=VALUE", value_parser = parameter)]
    pub(crate) param: Vec<(Option<String>, Value)>,
    /// The dialect of the statements; without it the text tells
    #[arg(long)]
    pub(crate) dialect: Option<Dialect>,
    /// The scheduler
    #[arg(long, default_value = "127.0.0.1:50050", value_name = "HOST:PORT")]
    pub(crate) scheduler: String,
    /// No cluster but this process: a scheduler and so many executors in it
    #[arg(long, conflicts_with = "scheduler", value_name = "N", value_parser = parts)]
    pub(crate) executors: Option<usize>,
    /// In how many parts rows are divided: some for each core of the cluster
    #[arg(long, default_value_t = 8, value_name = "N", value_parser = parts)]
    pub(crate) parts: usize,
    /// How rows are written
    #[arg(long, short, default_value = "table")]
    pub(crate) format: Format,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Dialect {
    /// GoogleSQL
    Bigquery,
    /// T-SQL
    Tsql,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people
    Table,
    /// With a line of names
    Csv,
    /// An object a line
    Jsonl,
}

impl Run {
    pub(crate) fn catalog(&self) -> Catalog {
        Catalog { models: self.model.clone(), tables: self.table.clone() }
    }
}

/// A name and a URI that leads to the same file wherever it is read.
fn source(text: &str) -> Result<NamedSource, String> {
    let mut source: NamedSource = text.parse()?;
    for uri in &mut source.uris {
        *uri = located(uri)?;
    }
    Ok(source)
}

fn located(uri: &str) -> Result<String, String> {
    if uri.contains("://") {
        return Ok(uri.to_owned());
    }
    let path = std::path::absolute(uri).map_err(|error| format!("`{uri}`: {error}"))?;
    path.into_os_string().into_string().map_err(|path| format!("the path {} is no text", path.display()))
}

fn parameter(text: &str) -> Result<(Option<String>, Value), String> {
    let (name, value) = text.split_once('=').ok_or("expected `name=value`, or `=value` for `?`")?;
    let name = name.trim_start_matches('@');
    let value = serde_json::from_str(value).unwrap_or_else(|_| Value::String(value.to_owned()));
    Ok(((!name.is_empty()).then(|| name.to_owned()), value))
}

fn parts(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(parts) if parts > 0 => Ok(parts),
        _ => Err("expected a whole number from 1 on".into()),
    }
}
