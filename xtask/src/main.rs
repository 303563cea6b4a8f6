//! `cargo xtask <command>`: everything that is done with this repository, from an empty machine on.
//!
//! Each command makes what it needs first, says what it does, and is quick when nothing changed.

mod config;
mod debian;
mod npm;
mod package;
mod process;
mod project;
mod size;
mod terminal;
mod toolchain;
mod tools;
mod wasm;

use std::env;
use std::process::ExitCode;

use anyhow::{Result, bail};

const USAGE: &str = "\
usage: cargo xtask <command>

  build [--fast]   the npm package into pkg/; --fast: one variant, quick to build, for tests
  size             the bytes of every file of the package
";

fn main() -> ExitCode {
    let words: Vec<String> = env::args().skip(1).collect();
    match run(&words.iter().map(String::as_str).collect::<Vec<_>>()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            terminal::failure(&error);
            ExitCode::FAILURE
        }
    }
}

fn run(words: &[&str]) -> Result<()> {
    match words {
        ["build"] => package::build(false),
        ["build", "--fast"] => package::build(true),
        ["size"] => size::table(),
        ["help" | "--help" | "-h"] => {
            print!("{USAGE}");
            Ok(())
        }
        _ => bail!("`cargo xtask {}` is no command\n\n{USAGE}", words.join(" ")),
    }
}
