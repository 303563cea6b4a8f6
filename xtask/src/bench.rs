//! `cargo xtask bench`: the tutorials beside onnxruntime-web, in one page of one browser.

use anyhow::Result;

use crate::npm::Workspace;
use crate::{browser, package, page, terminal};

/// Measures the package that users download, so the release is built first.
pub fn run() -> Result<()> {
    let browser = browser::chromium()?;
    package::build(false)?;
    page::make_data()?;
    let bench = Workspace::ready("benches/web")?;
    terminal::heading(&format!("measuring in {}", browser.display()));
    bench.node().arg("bench.mjs").env("CHROMIUM", &browser).show()?.result
}
