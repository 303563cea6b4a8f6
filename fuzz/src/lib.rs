//! Hostile input: what each target begins with, how an input becomes another one, and what is promised of any.
//!
//! The tests run every target over its seeds, over what it has found before (`found/`), and over some thousand inputs made of
//! them at random, the same each time. `cargo xtask fuzz TARGET` runs one as long as one likes, led by the code that
//! inputs reach.

#![allow(
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs,
    reason = "a promise that is broken ends the program; the crate is a test"
)]

mod arrow;
mod boosters;
mod bytes;
mod casts;
mod converter;
mod csv;
mod host;
mod like;
mod onnx;
mod options;
mod photos;
mod sql;
#[cfg(test)]
mod tests;
mod texts;
mod trees;

use std::alloc::System;
use std::fs;
use std::path::{Path, PathBuf};

pub use fastrand::Rng;
use pictures::Format;

/// A browser's wasm memory ends at 4 GiB, and what a page has done before is in it too.
#[global_allocator]
static MEMORY: cap::Cap<System> = cap::Cap::new(System, 3 << 30);

/// What is tried with inputs of one kind.
pub struct Target {
    pub name: &'static str,
    /// Inputs to begin with.
    pub seeds: fn() -> Vec<Vec<u8>>,
    /// An input that is like `input`, and hostile in one place more.
    pub mutate: fn(input: &[u8], random: &mut Rng) -> Vec<u8>,
    /// # Panics
    /// Where a promise is broken.
    pub run: fn(input: &[u8]),
}

pub const TARGETS: [Target; 20] = [
    Target { name: "sql", seeds: texts::statements, mutate: texts::mutate, run: sql::run },
    Target { name: "batches", seeds: texts::queries, mutate: texts::mutate, run: sql::compare_batches },
    Target { name: "options", seeds: options::seeds, mutate: options::mutate, run: sql::run },
    Target { name: "onnx", seeds: onnx::seeds, mutate: onnx::mutate, run: onnx::run },
    Target { name: "onnx_bytes", seeds: onnx::seeds, mutate: bytes::mutate, run: onnx::run },
    Target { name: "boosters", seeds: boosters::seeds, mutate: boosters::mutate, run: onnx::run },
    Target { name: "csv", seeds: csv::seeds, mutate: csv::mutate, run: csv::run },
    Target { name: "arrow", seeds: arrow::seeds, mutate: bytes::mutate, run: arrow::run },
    Target {
        name: "jpeg",
        seeds: || photos::seeds("jpg"),
        mutate: bytes::mutate,
        run: |input| photos::run(Format::Jpeg, input),
    },
    Target {
        name: "png",
        seeds: || photos::seeds("png"),
        mutate: bytes::mutate,
        run: |input| photos::run(Format::Png, input),
    },
    Target {
        name: "bmp",
        seeds: || photos::seeds("bmp"),
        mutate: bytes::mutate,
        run: |input| photos::run(Format::Bmp, input),
    },
    Target {
        name: "gif",
        seeds: || photos::seeds("gif"),
        mutate: bytes::mutate,
        run: |input| photos::run(Format::Gif, input),
    },
    Target {
        name: "webp",
        seeds: || photos::seeds("webp"),
        mutate: bytes::mutate,
        run: |input| photos::run(Format::WebP, input),
    },
    Target {
        name: "pixels",
        seeds: photos::pixels,
        mutate: bytes::mutate,
        run: |input| photos::run(Format::Pixels, input),
    },
    Target {
        name: "converter",
        seeds: converter::folders,
        mutate: bytes::mutate,
        run: converter::run_folder,
    },
    Target { name: "variables", seeds: converter::blocks, mutate: bytes::mutate, run: converter::run_block },
    Target { name: "lite", seeds: converter::lite, mutate: bytes::mutate, run: converter::run_lite },
    Target { name: "like", seeds: like::seeds, mutate: like::mutate, run: like::run },
    Target { name: "casts", seeds: casts::seeds, mutate: casts::mutate, run: casts::run },
    Target { name: "trees", seeds: trees::seeds, mutate: trees::mutate, run: trees::run },
];

/// The target of this name.
pub fn target(name: &str) -> Option<&'static Target> {
    TARGETS.iter().find(|target| target.name == name)
}

/// What `target` has found before.
pub fn found(target: &Target) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("found").join(target.name);
    files(&folder, &[]).into_iter().map(|path| read(&path)).collect()
}

/// The files of the fixtures below `folder` with one of these endings, the large ones left out.
fn fixtures(folder: &str, endings: &[&str]) -> Vec<Vec<u8>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests").join(folder);
    let all = files(&root, endings).into_iter().map(|path| read(&path));
    all.filter(|bytes| bytes.len() < 64 << 10).collect()
}

fn fixture(name: &str) -> Vec<u8> {
    read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/fixtures").join(name))
}

fn read(path: &Path) -> Vec<u8> {
    fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// All files below `folder` with one of these endings, in the order of their names.
fn files(folder: &Path, endings: &[&str]) -> Vec<PathBuf> {
    let mut paths: Vec<_> =
        fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()).collect();
    paths.sort();
    let below = |path: PathBuf| if path.is_dir() { files(&path, endings) } else { vec![path] };
    let fits = |path: &PathBuf| {
        let ending = path.extension().unwrap_or_default().to_string_lossy();
        endings.is_empty() || endings.contains(&&*ending)
    };
    paths.into_iter().flat_map(below).filter(fits).collect()
}
