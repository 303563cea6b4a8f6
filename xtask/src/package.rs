//! The npm package: wasm, glue and the TypeScript of `pkg-template/` become `pkg/`.

use std::path::PathBuf;

use anyhow::{Result, ensure};

use crate::config::{Build, Config};
use crate::npm::Workspace;
use crate::project::{self, Stamp};
use crate::{size, terminal, wasm};

/// Leaves what users download in `pkg/`; fails where it is bigger than it may be.
pub fn release() -> Result<()> {
    let config = Config::read()?;
    let wasm = built(&config, config.build(false))?;
    size::check(&wasm, &config)
}

/// Leaves the complete package in `pkg/`.
pub fn build(fast: bool) -> Result<()> {
    let config = Config::read()?;
    built(&config, config.build(fast)).map(drop)
}

/// Leaves what the demo shows in `pkg/`.
pub fn build_demo() -> Result<()> {
    let config = Config::read()?;
    built(&config, &config.demo_build()).map(drop)
}

/// Leaves the package with the engine for tables alone in `pkg/`, unless the other one has been compiled before: then both
/// take no longer. Answers whether it did.
pub fn build_first() -> Result<bool> {
    let config = Config::read()?;
    let all = config.demo_build();
    if all.variants.iter().all(|variant| wasm::compiled(variant, &all.profile).exists()) {
        return Ok(false);
    }
    built(&config, &config.first_build())?;
    Ok(true)
}

/// Builds the package, and names its wasm files.
fn built(config: &Config, build: &Build) -> Result<Vec<PathBuf>> {
    let built = wasm::build(config, build)?;
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
