//! `cargo xtask release --dry-run`: all that a publication needs, up to the tarball. Publishing is done by the workflow, which alone can
//! sign where a package comes from.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};

use crate::process::Program;
use crate::terminal::{self, grouped};
use crate::{package, project};

/// Papers without which nothing is given away.
const PAPERS: [&str; 5] =
    ["README.md", "CHANGELOG.md", "LICENSE-APACHE", "LICENSE-MIT", "THIRD-PARTY-NOTICES.md"];

/// Leaves the tarball in `target/release-package`.
pub fn dry_run() -> Result<()> {
    package::release()?;
    terminal::heading("packing what would be published");
    let pkg = project::at("pkg");
    let version = version_of(&fs::read_to_string(project::at("Cargo.toml"))?)?.to_owned();
    let manifest = fs::read_to_string(pkg.join("package.json"))?;
    ensure!(
        manifest.contains(&format!("\"version\": \"{version}\"")),
        "`pkg-template/package.json` has another version than `Cargo.toml`, {version}"
    );
    for paper in PAPERS {
        ensure!(pkg.join(paper).is_file(), "`pkg/{paper}` is missing");
    }
    let notes = notes_of(&fs::read_to_string(project::at("CHANGELOG.md"))?, &version)?.lines().count();
    let tarball = pack(&pkg, &version)?;
    let size = fs::metadata(&tarball)?.len();
    terminal::note(&format!(
        "predictql {version}: {} bytes, {notes} lines of notes, in {}",
        grouped(size),
        tarball.display()
    ));
    terminal::note("a tag that is pushed publishes it: .github/workflows/release.yml");
    Ok(())
}

fn pack(pkg: &Path, version: &str) -> Result<PathBuf> {
    let out = project::at("target/release-package");
    fs::create_dir_all(&out)?;
    Program::new("npm").arg("pack").arg(pkg).arg("--pack-destination").arg(&out).within(&out).run()?;
    let tarball = out.join(format!("predictql-{version}.tgz"));
    ensure!(tarball.is_file(), "`npm pack` left no `{}`", tarball.display());
    Ok(tarball)
}

/// The version that a manifest gives first, which is its package's.
fn version_of(manifest: &str) -> Result<&str> {
    manifest
        .lines()
        .find_map(|line| line.strip_prefix("version = \"")?.strip_suffix('"'))
        .context("`Cargo.toml` gives no version")
}

/// What the changelog says of a version; before that has a section, what is unreleased.
fn notes_of<'a>(changelog: &'a str, version: &str) -> Result<&'a str> {
    let section = |name: &str| {
        let (_, rest) = changelog.split_once(&format!("\n## [{name}]"))?;
        let (_, body) = rest.split_once('\n')?;
        Some(body.split("\n## [").next().unwrap_or(body).trim()).filter(|body| !body.is_empty())
    };
    section(version).or_else(|| section("Unreleased")).with_context(|| {
        format!("`CHANGELOG.md` says nothing of {version}: neither `## [{version}]` nor `## [Unreleased]` has words")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_has_its_own_notes_or_those_of_what_is_unreleased() {
        let log =
            "# Changelog\n\n## [Unreleased]\n\n## [0.2.0] - 2027-01-01\n\n- new\n\n## [0.1.0]\n- first\n";
        assert_eq!(notes_of(log, "0.2.0").unwrap(), "- new");
        assert_eq!(notes_of(log, "0.1.0").unwrap(), "- first");
        assert!(notes_of(log, "0.3.0").is_err());
        assert_eq!(notes_of("# Changelog\n\n## [Unreleased]\n- soon\n", "0.3.0").unwrap(), "- soon");
    }

    #[test]
    fn the_first_version_of_a_manifest_is_its_own() {
        assert_eq!(version_of("[package]\nversion = \"0.1.0\"\n[d]\nversion = \"2\"\n").unwrap(), "0.1.0");
        assert!(version_of("[workspace]\n").is_err());
    }
}
