//! The npm package: wasm, glue and the TypeScript of `pkg-template/` become `pkg/`.

use std::path::PathBuf;

use anyhow::{Result, ensure};

use crate::config::Config;
use crate::npm::Workspace;
use crate::project::{self, Stamp};
use crate::{size, terminal, wasm};

/// Leaves what users download in `pkg/`; fails where it is bigger than it may be.
pub fn release() -> Result<()> {
    let config = Config::read()?;
    let wasm = built(&config, false)?;
    size::check(&wasm, config.budget.brotli)
}

/// Leaves the complete package in `pkg/`.
pub fn build(fast: bool) -> Result<()> {
    built(&Config::read()?, fast).map(drop)
}

/// Builds the package, and names the wasm files in it.
fn built(config: &Config, fast: bool) -> Result<Vec<PathBuf>> {
    let built = wasm::build(config, config.build(fast))?;
    let template = Workspace::ready("pkg-template")?;
    let package = project::at("pkg");
    let paths = [built.folder.clone(), project::at("pkg-template"), package.clone()];
    let stamp = Stamp::named("package", &[], &paths);
    if !stamp.is_fresh()? {
        terminal::heading("building the npm package into pkg/");
        template.script("build").env("PREDICTQL_WASM_DIR", &built.folder).run()?;
        ensure!(
            package.join("package.json").is_file(),
            "`npm run build` in `pkg-template` left no `pkg/package.json`"
        );
        stamp.set()?;
    }
    terminal::note("the package is in pkg/");
    Ok(built.wasm)
}
