//! `cargo xtask fuzz TARGET`: one target of `fuzz/` under libFuzzer, which lets inputs grow towards code that none has reached.
//!
//! The compiler on PATH serves: what libFuzzer has to know of the code is counted by a pass of LLVM's.

use std::fs;

use anyhow::{Context, Result};

use crate::process::Program;
use crate::{project, terminal};

/// Counters at every edge, and the operands of comparisons, as `cargo-fuzz` has them.
const COVERAGE: [&str; 6] = [
    "-Cpasses=sancov-module",
    "-Cllvm-args=-sanitizer-coverage-level=4",
    "-Cllvm-args=-sanitizer-coverage-inline-8bit-counters",
    "-Cllvm-args=-sanitizer-coverage-pc-table",
    "-Cllvm-args=-sanitizer-coverage-trace-compares",
    "-Cforce-frame-pointers",
];

/// Runs `target` until it is stopped, or for so many seconds. What it learns is kept below `target/fuzz`, and an input that
/// breaks a promise is copied into `fuzz/found` by whoever mends it.
pub fn run(target: &str, seconds: Option<u16>) -> Result<()> {
    let root = project::root();
    let program = build()?;
    let [corpus, seeds, crashes] =
        ["corpus", "seeds", "crashes"].map(|kind| root.join("target/fuzz").join(kind).join(target));
    for folder in [&corpus, &seeds, &crashes] {
        fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
    }
    terminal::note(&format!("inputs that break a promise: {}", crashes.display()));
    let seconds = seconds.map(|seconds| format!("-max_total_time={seconds}"));
    // A page waits some seconds for a step, and its memory ends at 4 GiB.
    let limits = ["-timeout=10", "-rss_limit_mb=3000", "-max_len=65536", "-print_final_stats=1", "-reload=0"];
    let fuzzer = Program::new(program)
        .args(limits)
        .args(seconds)
        .arg(format!("-artifact_prefix={}/", crashes.display()))
        .args([&corpus, &seeds])
        .env("PREDICTQL_FUZZ", target)
        .env("PREDICTQL_FUZZ_SEEDS", &seeds);
    fuzzer.show()?.result
}

/// Compiles the targets for this machine; a target triple keeps the counters out of build scripts.
fn build() -> Result<std::path::PathBuf> {
    let version = Program::new("rustc").arg("-vV").read()?;
    let host =
        version.lines().find_map(|line| line.strip_prefix("host: ")).context("rustc names its host")?;
    let folder = project::root().join("target/fuzz");
    Program::new("cargo")
        .args(["build", "--package", "predictql-fuzz", "--features", "coverage", "--bin", "coverage"])
        .args(["--profile", "fuzz", "--target", host, "--target-dir"])
        .arg(&folder)
        .env("RUSTFLAGS", COVERAGE.join(" "))
        .advice("libFuzzer takes a C++ compiler: install `g++` or `clang`")
        .within(&project::root())
        .run()?;
    Ok(folder.join(host).join("fuzz/coverage"))
}
