//! `cargo xtask bench`: tutorials and models beside onnxruntime-web, SQL beside DuckDB-Wasm, in one page of one browser.

use anyhow::Result;

use crate::npm::Workspace;
use crate::project::{self, Stamp};
use crate::{browser, package, page, python, terminal};

/// Measures the package that users download, so the release is built first.
pub fn run() -> Result<()> {
    let browser = browser::chromium()?;
    package::build(false)?;
    page::make_data()?;
    make_models()?;
    let bench = Workspace::ready("benches/web")?;
    terminal::heading(&format!("measuring in {}", browser.display()));
    bench.node().arg("bench.mjs").env("CHROMIUM", &browser).show()?.result
}

/// The models on tables, which take a while to train.
fn make_models() -> Result<()> {
    let (folder, script, out) = ("tests/fixtures", "bench.py", "target/bench");
    let made_of = [
        "tests/fixtures/requirements.txt",
        "tests/fixtures/makers/bench.py",
        "tests/fixtures/makers/networks.py",
        "tests/fixtures/makers/sequences.py",
        out,
    ];
    let stamp = Stamp::named("bench-models", &[], &made_of.map(project::at));
    if !stamp.is_fresh()? {
        let make = python::script(folder, script)?;
        terminal::heading("training the models to measure");
        make.arg(project::at(out)).run()?;
        stamp.set()?;
    }
    Ok(())
}
