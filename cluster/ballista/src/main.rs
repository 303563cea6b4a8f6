//! The command `predictql-cluster`: a scheduler, executors, and statements that run on them.

mod arguments;
mod command;
mod local;
mod shown;
mod told;

use std::process::ExitCode;

use clap::Parser;

use crate::arguments::{Arguments, Command};
use crate::told::Told;

fn main() -> ExitCode {
    let Arguments { command } = Arguments::parse();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return Told::from(error).tell(),
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
        Err(told) => told.tell(),
    }
}
