//! The programs that turn a wasm file into something a browser can load and test, in the versions this project needs.

use std::path::PathBuf;

use anyhow::Result;

use crate::process::{self, Program};
use crate::{config, project, terminal};

const WASM_PACK: &str = "0.15.1";

/// It must be of the very version of the crate: the two share a private format.
pub fn wasm_bindgen() -> Result<PathBuf> {
    ready("wasm-bindgen-cli", "wasm-bindgen", &config::locked_version("wasm-bindgen")?)
}

pub fn wasm_pack() -> Result<PathBuf> {
    ready("wasm-pack", "wasm-pack", WASM_PACK)
}

fn ready(package: &str, program: &str, version: &str) -> Result<PathBuf> {
    let home = project::cache()?.join("tools");
    let own = home.join("bin").join(program);
    let fits = |file: &PathBuf| {
        let told = Program::new(file).arg("--version").read();
        told.is_ok_and(|told| told.split_whitespace().any(|word| word == version))
    };
    if let Some(found) = process::find(&[program]).into_iter().chain([own.clone()]).find(fits) {
        return Ok(found);
    }
    terminal::heading(&format!("installing {package} {version} into {}", home.display()));
    let install = |locked: &[&str]| {
        Program::new("cargo")
            .args(["install", package, "--version", version, "--root"])
            .arg(&home)
            .args(locked)
            // One folder for all tools, so that what they share is compiled once; and compiled for a short wait.
            .env("CARGO_TARGET_DIR", home.join("build"))
            .env("CARGO_PROFILE_RELEASE_OPT_LEVEL", "1")
            .env("CARGO_PROFILE_RELEASE_LTO", "off")
            .env("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "16")
            .without_env("RUSTFLAGS")
            .run()
    };
    if let Err(error) = install(&["--locked"]) {
        terminal::note(&format!("{error}"));
        terminal::note("the registry may lack a version that was locked: again with those that it has");
        install(&[])?;
    }
    Ok(own)
}
