//! The two files of an engine: what a first session with the package runs, and the rest.

use std::path::Path;

use anyhow::{Context, Result};

use crate::npm::Workspace;
use crate::project::{self, Stamp};
use crate::split;

/// What wasm-bindgen calls the wasm of a variant.
const WHOLE: &str = "predictql_bg.wasm";

/// The names of a variant's files, the first one first.
pub fn names(variant: &str) -> [String; 2] {
    [format!("{variant}.wasm"), format!("{variant}.rest.wasm")]
}

/// Splits the wasm in `bound`, where its glue lies too, and leaves both files in `folder`. `modules` is the folder of the wasm
/// files that the engine calls.
pub fn split(variant: &str, engine: &str, bound: &Path, modules: &Path, folder: &Path) -> Result<()> {
    let whole = bound.join(WHOLE);
    let [first, rest] = names(variant).map(|name| folder.join(name));
    let session = project::at("xtask/src/session.mjs");
    let rules = ["xtask/src/parts.rs", "xtask/src/split"].map(project::at);
    let paths = [&[whole.clone(), first.clone(), rest.clone(), session.clone()][..], &rules].concat();
    let stamp = Stamp::new(folder.join(".stamp"), &[], &paths);
    if stamp.is_fresh()? {
        return Ok(());
    }
    let wasm = project::read(&whole)?;
    let observed = folder.join("observed.wasm");
    project::write(&observed, split::observed(&wasm)?)?;
    let package = folder.join("session");
    bundle(bound, &package)?;
    let called = Workspace::ready("pkg-template")?
        .node()
        .args([session.as_path(), &package.join("node.js"), &observed])
        .arg(engine)
        .args([project::at("tests/fixtures").as_path(), modules])
        .read()?;
    let called = called.split_whitespace().map(str::parse).collect::<Result<_, _>>();
    let called = called.context("the session printed something else than numbers of functions")?;
    let parts = split::split(&wasm, &called, &names(variant)[1], short(engine, bound))?;
    project::write(&first, parts.first)?;
    project::write(&rest, parts.rest)?;
    stamp.set()
}

/// How long functions are that come along with those of a session, in bytes: as many as the budgets have room for. A quick
/// build has none, and what a release has inlined are functions in it.
fn short(engine: &str, bound: &Path) -> usize {
    match engine {
        _ if bound.ends_with("fast") => 400,
        "full" => 250,
        _ => 0,
    }
}

/// Bundles the package around the glue of `bound`, without wasm and declarations: all that a session needs.
fn bundle(bound: &Path, package: &Path) -> Result<()> {
    Workspace::ready("pkg-template")?
        .script("session")
        .env("PREDICTQL_WASM_DIR", bound)
        .env("PREDICTQL_SESSION_DIR", package)
        .run()
}
