//! The command `predictql-cluster`: a scheduler, executors, and statements that run on them.

mod arguments;
mod command;
mod local;

use std::process::ExitCode;

use clap::Parser;
use predictql_terminal::Failure;

use crate::arguments::{Arguments, Command};

fn main() -> ExitCode {
    let Arguments { command } = Arguments::parse();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return exit(&Failure::from(error)),
    };
    let ended = runtime.block_on(async {
        match command {
            Command::Scheduler(options) => command::schedule(options).await,
            Command::Executor(options) => command::execute(options).await,
            Command::Run(options) => command::run(options).await,
        }
    });
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => exit(&failure),
    }
}

fn exit(failure: &Failure) -> ExitCode {
    failure.tell();
    failure.code()
}
