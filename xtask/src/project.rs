//! Where things are, and whether they are still fresh.

use std::collections::BTreeSet;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::{env, fs};

use anyhow::{Context, Result};

use crate::process::Program;

/// The root of the repository: cargo tells where this program's manifest lies, even after the clone has moved.
pub fn root() -> PathBuf {
    let manifest = env::var_os("CARGO_MANIFEST_DIR").unwrap_or_else(|| env!("CARGO_MANIFEST_DIR").into());
    PathBuf::from(manifest).parent().map(Path::to_path_buf).unwrap_or_default()
}

/// A path below the root.
pub fn at(path: &str) -> PathBuf {
    root().join(path)
}

/// What several clones share: the compiler's standard library for wasm, tools, downloaded models.
pub fn cache() -> Result<PathBuf> {
    let base = match env::var_os("XDG_CACHE_HOME").filter(|value| !value.is_empty()) {
        Some(folder) => PathBuf::from(folder),
        None => env::home_dir().context("no home folder: set HOME or XDG_CACHE_HOME")?.join(".cache"),
    };
    Ok(base.join("predictql"))
}

/// Every file that belongs to the repository, committed or about to be; paths below the root.
pub fn files() -> Result<BTreeSet<String>> {
    let listed = Program::new("git")
        .args(["ls-files", "--cached", "--others", "--exclude-standard"])
        .within(&root())
        .advice("install git: it knows which files belong to the project")
        .read()?;
    Ok(listed.lines().map(str::to_owned).filter(|file| at(file).is_file()).collect())
}

/// Remembers what something was made from and what came out, so that it is not made twice.
pub struct Stamp {
    file: PathBuf,
    facts: Vec<String>,
    paths: Vec<PathBuf>,
}

impl Stamp {
    /// `file` keeps the fingerprint of `facts` and of the contents of `paths`: files, or folders with all that is in
    /// them save `node_modules`. They may be inputs or results: both must be as they were when the stamp was set.
    pub fn new(file: PathBuf, facts: &[&str], paths: &[PathBuf]) -> Self {
        Self { file, facts: facts.iter().map(|fact| (*fact).to_owned()).collect(), paths: paths.to_vec() }
    }

    /// A stamp below `target/`, for what `cargo clean` should forget.
    pub fn named(name: &str, facts: &[&str], paths: &[PathBuf]) -> Self {
        Self::new(at("target/xtask").join(name), facts, paths)
    }

    pub fn is_fresh(&self) -> Result<bool> {
        let Ok(kept) = fs::read_to_string(&self.file) else { return Ok(false) };
        Ok(kept == self.fingerprint()?)
    }

    pub fn set(&self) -> Result<()> {
        write(&self.file, self.fingerprint()?)
    }

    fn fingerprint(&self) -> Result<String> {
        let mut hasher = DefaultHasher::new();
        self.facts.hash(&mut hasher);
        self.paths.iter().try_for_each(|path| hash(path, &mut hasher))?;
        Ok(format!("{:016x}", hasher.finish()))
    }
}

/// Writes a file and the folders that lead to it.
pub fn write(file: &Path, contents: impl AsRef<[u8]>) -> Result<()> {
    if let Some(folder) = file.parent() {
        fs::create_dir_all(folder).with_context(|| format!("cannot make `{}`", folder.display()))?;
    }
    fs::write(file, contents).with_context(|| format!("cannot write `{}`", file.display()))
}

/// Reads a file, or says which one could not be read.
pub fn read(file: &Path) -> Result<Vec<u8>> {
    fs::read(file).with_context(|| format!("cannot read `{}`", file.display()))
}

/// The files in a folder and the folders below it.
pub fn tree(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).with_context(|| format!("cannot read `{}`", folder.display()))? {
        let path = entry?.path();
        if path.is_dir() { found.extend(tree(&path)?) } else { found.push(path) }
    }
    found.sort();
    Ok(found)
}

fn hash(path: &Path, hasher: &mut DefaultHasher) -> Result<()> {
    path.hash(hasher);
    if path.is_file() {
        read(path)?.hash(hasher);
    } else if path.is_dir() && !path.ends_with("node_modules") {
        let mut entries: Vec<PathBuf> =
            fs::read_dir(path)?.map(|entry| Ok(entry?.path())).collect::<Result<_>>()?;
        entries.sort();
        entries.iter().try_for_each(|entry| hash(entry, hasher))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stamp_knows_when_an_input_changed() {
        let folder = env::temp_dir().join(format!("xtask-stamp-{}", std::process::id()));
        let (input, file) = (folder.join("in/a.txt"), folder.join("stamp"));
        write(&input, "one").unwrap();
        let stamp = |fact| Stamp::new(file.clone(), &[fact], &[folder.join("in")]);
        assert!(!stamp("v1").is_fresh().unwrap());
        stamp("v1").set().unwrap();
        assert!(stamp("v1").is_fresh().unwrap());
        assert!(!stamp("v2").is_fresh().unwrap());
        write(&input, "two").unwrap();
        assert!(!stamp("v1").is_fresh().unwrap());
        fs::remove_dir_all(folder).unwrap();
    }
}
