//! `cargo xtask conformance`: the suites of the `onnx` package, run by `tests/conformance`.

use anyhow::{Result, bail};

use crate::process::{Outcome, Program};
use crate::{project, python};

const DOCUMENT: &str = "docs/CONFORMANCE.md";

/// Runs the cases whose names hold a word of `words`, or all; `--write` keeps the result.
pub fn run(words: &[&str]) -> Result<()> {
    let options: &[&str] = match words {
        [] => &[],
        ["--write"] => &["--write", DOCUMENT],
        [part] if !part.starts_with('-') => words,
        _ => bail!("`conformance` takes `--write` or a part of the cases' names"),
    };
    suites(options)?.result
}

/// Runs the suites; what is wrong or too little makes the outcome a failure.
pub fn suites(options: &[&str]) -> Result<Outcome> {
    let package =
        python::python("tests/conformance")?.args(["-c", "import onnx; print(*onnx.__path__)"]).read()?;
    let data = format!("{package}/backend/test/data");
    let run = ["run", "--quiet", "--example", "conformance", "--", &data];
    Program::new("cargo").args(run).args(options).within(&project::root()).show()
}
