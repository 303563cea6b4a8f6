//! What the command line says.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use predictql_terminal::{Bounds, Over, Writing};

/// SQL predictions over models and files: on this machine, of any store.
///
/// Without SQL and without a script, statements are read from a prompt, or from standard input where that is no terminal.
/// Files are paths, or begin with file://, s3://, gs:// or https://; one `*` in a name stands for any text.
///
/// Exit codes: 0 done, 1 a statement failed, 2 the command line is wrong, 130 cancelled by Ctrl-C.
#[derive(Debug, Parser)]
#[command(name = "predictql", version, args_conflicts_with_subcommands = true)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
    /// Statements, divided by semicolons
    pub(crate) sql: Option<String>,
    #[command(flatten)]
    pub(crate) settings: Settings,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Runs a script
    Run {
        /// The script's file
        script: PathBuf,
        #[command(flatten)]
        settings: Settings,
    },
    /// Manages a registry of models
    Model {
        /// The registry's folder: a path, or a place in a store
        #[arg(long, env = "PREDICTQL_REGISTRY", value_name = "DIR", global = true)]
        registry: Option<String>,
        #[command(subcommand)]
        command: ModelCommand,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum ModelCommand {
    /// Copies a model's file as the next version of a model
    Add {
        /// The model's name in SQL
        name: String,
        /// Its file
        file: String,
        /// A name for this version: `MODEL m@champion`
        #[arg(long)]
        alias: Vec<String>,
        /// Has the model's name without a version mean this one
        #[arg(long)]
        default: bool,
        /// OPTIONS of CREATE MODEL, as JSON: '{"task": "classification"}'
        #[arg(long, value_name = "JSON")]
        options: Option<String>,
    },
    /// Lists all versions of all models
    List,
    /// Gives a version an alias, which another one may have had before
    Alias {
        /// The model
        name: String,
        /// The alias
        alias: String,
        /// The version's number
        version: u32,
    },
    /// Has the model's name without a version mean this one
    Default {
        /// The model
        name: String,
        /// The version's number
        version: u32,
    },
}

/// What statements run over, and how.
#[derive(Debug, Clone, Args)]
pub(crate) struct Settings {
    #[command(flatten)]
    pub(crate) over: Over,
    /// Threads that queries run on; all cores by default
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    pub(crate) threads: Option<u16>,
    #[command(flatten)]
    pub(crate) bounds: Bounds,
    #[command(flatten)]
    pub(crate) writing: Writing,
}
