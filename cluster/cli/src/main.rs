//! The command `predictql`: statements from the command line, a script or a prompt, over files of any store.

mod arguments;
mod cancel;
mod database;
mod models;
mod progress;
mod prompt;

use std::io::{IsTerminal, Read};
use std::process::ExitCode;

use clap::Parser;

use arguments::{Arguments, Command, Settings};
use cancel::Cancel;
use database::Database;
use predictql_terminal::Failure;

fn main() -> ExitCode {
    // Tells usage errors, and ends with 2, by itself.
    let arguments = Arguments::parse();
    match run(arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            failure.tell();
            failure.code()
        }
    }
}

fn run(arguments: Arguments) -> Result<(), Failure> {
    let Arguments { command, sql, settings } = arguments;
    match command {
        Some(Command::Model { registry: Some(registry), command }) => models::run(&registry, command),
        Some(Command::Model { registry: None, .. }) => {
            Err(Failure::Usage("a registry of models is a folder: name it by `--registry`".into()))
        }
        Some(Command::Run { script, settings }) => {
            let text = std::fs::read_to_string(&script)
                .map_err(|error| Failure::Usage(format!("`{}` cannot be read: {error}", script.display())))?;
            run_text(&settings, &text)
        }
        None => match sql {
            Some(text) => run_text(&settings, &text),
            None if std::io::stdin().is_terminal() => prompt::run(&settings),
            None => {
                let mut text = String::new();
                std::io::stdin()
                    .read_to_string(&mut text)
                    .map_err(|error| Failure::Usage(format!("the script cannot be read: {error}")))?;
                run_text(&settings, &text)
            }
        },
    }
}

fn run_text(settings: &Settings, text: &str) -> Result<(), Failure> {
    Database::open(settings, text, Cancel::new()?)?.run(text)
}
