//! `cargo xtask bench`: tutorials and models beside onnxruntime-web, networks beside LiteRT.js, SQL and CSV beside DuckDB-Wasm, in one page of one
//! browser. `--native`: the command on all cores beside Python.

use anyhow::Result;

use crate::npm::Workspace;
use crate::process::Program;
use crate::project::{self, Stamp};
use crate::{browser, package, page, python, terminal};

/// Measures the package that users download, so the release is built first.
pub fn run() -> Result<()> {
    let browser = browser::chromium()?;
    package::build(false)?;
    page::make_data()?;
    make_models()?;
    make_litert_models()?;
    let bench = Workspace::ready("benches/web")?;
    terminal::heading(&format!("measuring in {}", browser.display()));
    bench.node().arg("bench.mjs").env("CHROMIUM", &browser).show()?.result?;
    terminal::note("the tables are in target/bench.md, all numbers in target/bench.json");
    Ok(())
}

/// The native command beside Python, over more rows than a page takes, and how the cost of a cluster grows.
pub fn native() -> Result<()> {
    terminal::heading("building the commands `predictql` and `predictql-cluster`");
    let build = ["build", "--release", "--bins", "--manifest-path", "cluster/Cargo.toml"];
    Program::new("cargo").within(&project::root()).args(build).run()?;
    let (folder, out) = ("benches/native", "target/native");
    let stamp = Stamp::named("native-rows", &[], &["benches/native/make.py", out].map(project::at));
    if !stamp.is_fresh()? {
        terminal::heading("making the rows to measure over");
        python::script(folder, "make.py")?.arg(project::at(out)).run()?;
        stamp.set()?;
    }
    let commands = project::at("cluster/target/release");
    let model = project::at("tests/fixtures/models/iris_rf.onnx");
    for script in ["bench.py", "growth.py"] {
        let bench = python::script(folder, script)?;
        bench.arg(&commands).arg(project::at(out)).arg(&model).show()?.result?;
    }
    Ok(())
}

/// The models on tables, which take a while to train.
fn make_models() -> Result<()> {
    let (folder, script, out, demo) = ("tests/fixtures", "bench.py", "target/bench", "www/public/demo");
    let made_of = [
        "tests/fixtures/requirements.txt",
        "tests/fixtures/makers/bench.py",
        "tests/fixtures/makers/networks.py",
        "tests/fixtures/makers/sequences.py",
        demo,
        out,
    ];
    let stamp = Stamp::named("bench-models", &[], &made_of.map(project::at));
    if !stamp.is_fresh()? {
        let make = python::script(folder, script)?;
        terminal::heading("training the models to measure");
        make.arg(project::at(out)).arg(project::at(demo)).run()?;
        stamp.set()?;
    }
    Ok(())
}

/// Keras' networks as ONNX and `.tflite`: TensorFlow and its converter stand in an environment of their own.
fn make_litert_models() -> Result<()> {
    let (folder, out) = ("benches/litert", "target/litert");
    let stamp = Stamp::named("litert-models", &[], &[folder, out].map(project::at));
    if !stamp.is_fresh()? {
        let make = python::script(folder, "make.py")?;
        terminal::heading("making Keras' networks to measure beside LiteRT.js");
        make.arg(project::at(out)).run()?;
        stamp.set()?;
    }
    Ok(())
}
