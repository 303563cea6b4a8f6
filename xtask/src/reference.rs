//! The pages below `docs/reference`. The crate's own test makes them, since it has the declarations and the records at
//! hand; it compares them as well, so that a stale page fails `cargo xtask test`.

use anyhow::Result;

use crate::process::Program;
use crate::project;

/// Writes the pages anew.
pub fn write() -> Result<()> {
    Program::new("cargo")
        .args(["test", "--quiet", "--test", "it", "reference::pages_are_fresh"])
        .env("PREDICTQL_REFERENCE", "write")
        .within(&project::root())
        .run()
}
