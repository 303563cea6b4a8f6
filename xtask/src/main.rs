//! `cargo xtask <command>`: everything that is done with this repository, from an empty machine on.
//!
//! Each command makes what it needs first, says what it does, and is quick when nothing changed.

mod bench;
mod browser;
mod code;
mod config;
mod conformance;
mod debian;
mod duckdb;
mod estimators;
mod fuzz;
mod npm;
mod package;
mod page;
mod parts;
mod process;
mod project;
mod python;
mod reference;
mod release;
mod size;
mod split;
mod terminal;
mod test;
mod tidy;
mod toolchain;
mod tools;
mod wasm;

use std::env;
use std::process::ExitCode;

use anyhow::{Context, Result, bail};

const USAGE: &str = "\
usage: cargo xtask <command>

  demo [--port N]   build everything, serve the demo page and print its address
  demo --check      run the tutorials of the page in a browser without a screen, and print their rows
  test              all checks: Rust, wasm in a browser, the npm package, the demo page
  build             the npm package into pkg/
  build --fast      the same with one variant of each engine that is quick to build
  docs              the documents as pages with a search, in site/dist; the demo page has them below docs/
  release --dry-run the tarball that a tag would publish, with its papers, in target/release-package
  bench             tutorials, networks and models on tables beside onnxruntime-web and LiteRT.js, SQL and CSV beside DuckDB-Wasm; target/bench.md
  bench --native    the native command and a cluster in one process over ten million rows, beside Python
  conformance       the suites of the onnx package; `--write` writes docs/CONFORMANCE.md, part of a name runs these cases
  estimators        scikit-learn's and the boosters' models beside onnxruntime; `--write` writes docs/ESTIMATORS.md
  duckdb            the rows of the SQL tests against DuckDB's; `--write FILE` fills in those that a file has not yet
  fuzz              random queries in PredictQL and DuckDB; `--seed 1 --queries 10000`
  fuzz TARGET       hostile input under libFuzzer until it is stopped, or for `--seconds N`
  reference         the pages of functions and error codes below docs/reference
  size              the bytes of every file of the package, and the crates and rooms that the code comes from
  tidy              the layers of the house, and what a file looks like
  fixtures          make the models, tables and pictures of the tests again: all, or those of the makers that are named

Each command makes what it needs first: the wasm target, tools, npm and Python packages.
PREDICTQL_NO_RUSTUP=1 leaves rustup alone: where the compiler on PATH lacks the wasm target, Debian's packages serve.
CHROMIUM (or CHROME) and CHROMEDRIVER name a browser and its driver that are not on PATH.
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
        ["demo"] => page::demo(false, None),
        ["demo", "--check"] => page::demo(true, None),
        ["demo", "--port", port] => page::demo(false, Some(number(port)?)),
        ["demo", "--check", "--port", port] | ["demo", "--port", port, "--check"] => {
            page::demo(true, Some(number(port)?))
        }
        ["test"] => test::all(),
        ["build"] => package::release(),
        ["build", "--fast"] => package::build(true),
        ["docs"] => page::documents(),
        ["release", "--dry-run"] => release::dry_run(),
        ["bench"] => bench::run(),
        ["bench", "--native"] => bench::native(),
        ["conformance", words @ ..] => conformance::run(words),
        ["estimators", words @ ..] => estimators::run(words),
        ["size"] => size::table(),
        ["duckdb", words @ ..] => duckdb::check(words),
        ["fuzz", target] if !target.starts_with("--") => fuzz::run(target, None),
        ["fuzz", target, "--seconds", seconds] => fuzz::run(target, Some(number(seconds)?)),
        ["fuzz", words @ ..] => duckdb::fuzz(words),
        ["reference"] => reference::write(),
        ["tidy"] => tidy::check(),
        ["fixtures", makers @ ..] => python::script("tests/fixtures", "make.py")?.args(makers).run(),
        ["help" | "--help" | "-h"] => {
            print!("{USAGE}");
            Ok(())
        }
        _ => bail!("`cargo xtask {}` is no command\n\n{USAGE}", words.join(" ")),
    }
}

fn number(word: &str) -> Result<u16> {
    word.parse().with_context(|| format!("expected a number from 1 to 65535, not `{word}`"))
}
