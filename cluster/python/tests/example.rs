//! The example in Python: a virtual environment gets DataFusion's package, and the module that this crate is.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that panics has failed, and this is no library"
)]

use std::path::{Path, PathBuf};
use std::process::Command;

const REQUIREMENTS: [&str; 2] = ["datafusion==55.0.0", "pyarrow"];

fn run(command: &mut Command) -> String {
    let output = command.output().unwrap();
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {told}");
    String::from_utf8(output.stdout).unwrap()
}

/// The Python of a virtual environment that has the packages.
fn python(folder: &Path) -> PathBuf {
    let environment = folder.join("python");
    let python = environment.join("bin/python");
    if !python.exists() {
        run(Command::new("python3").args(["-m", "venv"]).arg(&environment));
    }
    run(Command::new(&python).args(["-m", "pip", "install", "--quiet"]).args(REQUIREMENTS));
    python
}

/// A folder with the module, as Python wants its file called.
fn module(folder: &Path) -> PathBuf {
    let built = std::env::current_exe().unwrap();
    let built = built.parent().unwrap().join("libpredictql_predict.so");
    let modules = folder.join("modules");
    std::fs::create_dir_all(&modules).unwrap();
    std::fs::copy(built, modules.join("predictql_predict.abi3.so")).unwrap();
    modules
}

#[test]
fn the_example_runs() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let fixtures = here.join("../../tests/fixtures");
    let mut command = Command::new(python(folder));
    command.env("PYTHONPATH", module(folder)).arg(here.join("example.py"));
    command.arg(fixtures.join("models/iris_rf.onnx")).arg(fixtures.join("tables/iris.csv"));
    assert_eq!(run(&mut command), "0 50\n1 51\n2 49\n");
}
