//! How many bytes people download, and whether that is within the budget. Node compresses: its zlib has both formats.

use std::cmp::Reverse;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::code::{self, Code};
use crate::config::Config;
use crate::process::Program;
use crate::project::{self, Stamp};
use crate::terminal::{self, grouped};
use crate::wasm;

/// Crates and rooms with fewer bytes of code are not listed.
const SMALLEST: u64 = 10_000;

struct Size {
    raw: u64,
    gzip: u64,
    brotli: u64,
}

/// Prints the files of the built package.
pub fn table() -> Result<()> {
    let package = project::at("pkg");
    let files = project::tree(&package).context("there is no package yet: type `cargo xtask build`")?;
    terminal::heading("sizes of the package in bytes");
    let config = Config::read()?;
    let mut rows = Vec::new();
    for file in files {
        let size = measure(&file)?;
        let limit = if is_wasm(&file) { grouped(budget(&file, &config)?) } else { String::new() };
        let name = file.strip_prefix(&package)?.display().to_string();
        rows.push([name, grouped(size.raw), grouped(size.gzip), grouped(size.brotli), limit]);
    }
    terminal::table(["file", "raw", "gzip -9", "brotli -11", "budget"], &rows);
    sources(&config)
}

/// Prints which crates, and which rooms of ours, the code of the last release comes from.
fn sources(config: &Config) -> Result<()> {
    let release = config.build(false);
    for file in release.variants.iter().chain(config.modules()) {
        let wasm = wasm::compiled(file, &release.profile);
        if !wasm.exists() {
            continue;
        }
        terminal::heading(&format!("bytes of code in {file}.wasm, by the names of its functions"));
        let Code { crates, rooms } = code::read(&wasm)?;
        for (title, sizes) in [("crate", crates), ("room", rooms)] {
            let mut sizes: Vec<_> = sizes.into_iter().filter(|(_, size)| *size >= SMALLEST).collect();
            sizes.sort_by_key(|(_, size)| Reverse(*size));
            let rows: Vec<_> = sizes.into_iter().map(|(name, size)| [name, grouped(size)]).collect();
            terminal::table([title, "raw"], &rows);
        }
    }
    Ok(())
}

/// Fails when a wasm file is bigger than its budget.
pub fn check(wasm: &[PathBuf], config: &Config) -> Result<()> {
    terminal::heading("weighing the wasm");
    let mut heavy = Vec::new();
    for file in wasm {
        let (size, budget) = (measure(file)?.brotli, budget(file, config)?);
        let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let verdict = format!("{name} has {} bytes in brotli of {}", grouped(size), grouped(budget));
        terminal::note(&verdict);
        if size > budget {
            heavy.push(verdict);
        }
    }
    if heavy.is_empty() {
        return Ok(());
    }
    bail!("{}: make it smaller, or argue for another budget in `wasm-pack.toml`", heavy.join(", "))
}

/// The most bytes in brotli that a wasm file may have: it is named like its variant or module.
fn budget(wasm: &Path, config: &Config) -> Result<u64> {
    config.budget(&wasm.file_stem().unwrap_or_default().to_string_lossy())
}

/// Compressing takes half a minute for a wasm file: the numbers are kept as long as the file is the same.
fn measure(file: &Path) -> Result<Size> {
    let kept = project::at("target/xtask/sizes").join(file.strip_prefix(project::root())?);
    let stamp = Stamp::new(kept.with_added_extension("stamp"), &[], &[file.to_path_buf(), kept.clone()]);
    if !stamp.is_fresh()? {
        let numbers = Program::new("node").arg(project::at("xtask/src/size.mjs")).arg(file).read()?;
        project::write(&kept, numbers)?;
        stamp.set()?;
    }
    let numbers = fs::read_to_string(&kept)?;
    let numbers: Vec<u64> = numbers.split_whitespace().map(str::parse).collect::<Result<_, _>>()?;
    let [raw, gzip, brotli] = numbers[..] else { bail!("`{}` holds no sizes: remove it", kept.display()) };
    Ok(Size { raw, gzip, brotli })
}

fn is_wasm(file: &Path) -> bool {
    file.extension().is_some_and(|extension| extension == "wasm")
}
