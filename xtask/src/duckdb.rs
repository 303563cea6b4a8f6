//! DuckDB as the other opinion: the SQL tests' rows checked against it, and random queries asked of both.

use anyhow::Result;

use crate::process::Program;
use crate::{project, python};

const FOLDER: &str = "tests/duckdb";

/// Checks the rows of the SQL tests; `words` are the script's.
pub fn check(words: &[&str]) -> Result<()> {
    python::script(FOLDER, "check.py")?.args(words).within(&project::root()).show()?.result
}

/// Asks random queries; `words` are the script's.
pub fn fuzz(words: &[&str]) -> Result<()> {
    Program::new("cargo").args(["build", "--example", "run"]).within(&project::root()).run()?;
    python::script(FOLDER, "fuzz.py")?.args(words).within(&project::root()).show()?.result
}
