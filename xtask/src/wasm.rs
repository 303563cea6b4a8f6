//! From the crate to wasm files and the JavaScript glue that all of them share.

use std::path::{Path, PathBuf};
use std::{env, fs};

use anyhow::{Context, Result, bail, ensure};
use wasm_bindgen_cli_support::Bindgen;
use wasmparser::{Parser, Payload};

use crate::config::{self, Build, Config};
use crate::process::Program;
use crate::project::{self, Stamp};
use crate::toolchain::{TARGET, Toolchain};
use crate::{parts, terminal};

const GLUE: [&str; 2] = ["predictql.js", "predictql.d.ts"];

/// What the linker makes of a memory that threads share: the host brings it, all that it may ever have is told before, and wasm-bindgen
/// gives each thread what these names stand for.
const SHARED_MEMORY: [&str; 7] = [
    "--shared-memory",
    "--import-memory",
    "--max-memory=4294967296",
    "--export=__wasm_init_tls",
    "--export=__tls_size",
    "--export=__tls_align",
    "--export=__tls_base",
];

/// What the glue for memory that threads share is called beside the other one.
const SHARED_GLUE: &str = "threads.js";

/// A folder with the glue (`predictql.js`, `predictql.d.ts`, and `threads.js` where a variant has threads) and of each variant `<variant>.wasm` and `<variant>.rest.wasm`.
pub struct Built {
    pub folder: PathBuf,
    pub wasm: Vec<PathBuf>,
}

pub fn build(config: &Config, build: &Build) -> Result<Built> {
    let toolchain = Toolchain::ready()?;
    let folder = project::at("target/wasm").join(&build.profile);
    let modules = modules(&toolchain, config, build)?;
    let mut made = Vec::new();
    for variant in &build.variants {
        let wait = if build.profile == "release" { "; fat LTO takes 4 to 6 minutes at the end" } else { "" };
        terminal::heading(&format!(
            "compiling the {variant} variant with the profile {}{wait}",
            build.profile
        ));
        let wasm = if config.has_threads(variant) {
            compile(&toolchain.with_threads()?, config, variant, &build.profile)?
        } else {
            compile(&toolchain, config, variant, &build.profile)?
        };
        let glue = bind(variant, &build.profile, &wasm)?;
        terminal::heading(&format!("splitting the {variant} variant by what a first session runs"));
        let parts = own_folder(variant).join("parts").join(&build.profile);
        parts::split(variant, config.engine_name(variant)?, &glue, &modules, &parts)?;
        made.push(Made { variant, has_threads: config.has_threads(variant), glue, parts });
    }
    let mut built = assemble(&folder, &made)?;
    for module in config.modules_of(build) {
        let file = folder.join(format!("{module}.wasm"));
        fs::copy(modules.join(format!("{module}.wasm")), &file)?;
        built.wasm.push(file);
    }
    Ok(built)
}

/// Answers the folder that has the modules of a build.
fn modules(toolchain: &Toolchain, config: &Config, build: &Build) -> Result<PathBuf> {
    let profile = &build.profile;
    let folder = project::at("target/wasm/modules").join(profile);
    for module in config.modules_of(build) {
        terminal::heading(&format!("compiling the module {module} with the profile {profile}"));
        let wasm = compile_module(toolchain, config, module, profile)?;
        project::write(&folder.join(format!("{module}.wasm")), &without_names(&project::read(&wasm)?)?)?;
    }
    Ok(folder)
}

/// Cargo for the target as a variant is compiled with a profile.
pub fn cargo(toolchain: &Toolchain, config: &Config, variant: &str, profile: &str) -> Result<Program> {
    flags(toolchain.program("cargo", &[])?, config, variant, profile)
}

/// The environment that makes any Cargo below compile a variant.
pub fn flags(program: Program, config: &Config, variant: &str, profile: &str) -> Result<Program> {
    let mut flags = vec![format!("-Ctarget-feature={}", config.features(variant)?)];
    flags.extend(config.cfg(variant).iter().map(|name| format!("--cfg={name}")));
    if config.has_threads(variant) {
        flags.extend(SHARED_MEMORY.map(|flag| format!("-Clink-arg={flag}")));
    }
    // Panics name source files: users get them without the folder in which somebody keeps their crates.
    if config.is_released(profile)
        && let Some(home) =
            env::var_os("CARGO_HOME").map(PathBuf::from).or(env::home_dir().map(|home| home.join(".cargo")))
    {
        flags.push(format!("--remap-path-prefix={}=crates", home.join("registry/src").display()));
    }
    Ok(program
        .env("CARGO_ENCODED_RUSTFLAGS", flags.join("\x1f"))
        .env("CARGO_TARGET_DIR", cargo_folder(config, variant, profile))
        // Without it, the crate's own files would have the same names in all variants.
        .env("__CARGO_DEFAULT_LIB_METADATA", "wasm"))
}

/// Where Cargo compiles: all variants and modules in one folder, so that what several of them depend on, and what runs on this
/// machine while they are compiled, is compiled once. Not where paths are mapped: then files of variants are called the same, and each
/// would be compiled again after another.
fn cargo_folder(config: &Config, file: &str, profile: &str) -> PathBuf {
    if config.is_released(profile) { own_folder(file) } else { project::at("target/wasm/cargo") }
}

/// Where what was made of a variant or module lies.
fn own_folder(file: &str) -> PathBuf {
    project::at("target/wasm").join(file)
}

fn compile(toolchain: &Toolchain, config: &Config, variant: &str, profile: &str) -> Result<PathBuf> {
    let arguments = ["build", "--package", "predictql", "--lib", "--target", TARGET, "--profile", profile];
    let engine = ["--no-default-features", "--features", &config.cargo_features(variant)?];
    cargo(toolchain, config, variant, profile)?.args(arguments).args(engine).run()?;
    kept(config, variant, profile, "predictql")
}

/// A package that needs no glue.
fn compile_module(toolchain: &Toolchain, config: &Config, module: &str, profile: &str) -> Result<PathBuf> {
    let package = format!("predictql-{module}");
    let arguments =
        ["rustc", "--package", &package, "--lib", "--crate-type", "cdylib", "--features", "module"];
    let target = ["--target", TARGET, "--profile", profile];
    cargo(toolchain, config, module, profile)?.args(arguments).args(target).run()?;
    kept(config, module, profile, module)
}

/// What the compiler made of a variant or module: the wasm that still has the names of its functions.
pub fn compiled(file: &str, profile: &str) -> PathBuf {
    own_folder(file).join("compiled").join(format!("{profile}.wasm"))
}

/// Takes what Cargo has just made from where the next variant's will be.
fn kept(config: &Config, file: &str, profile: &str, library: &str) -> Result<PathBuf> {
    let built = cargo_folder(config, file, profile).join(TARGET).join(profile);
    let name = format!("{library}.wasm");
    ensure!(
        config.is_released(profile) || !built.join("deps").join(&name).exists(),
        "this cargo gives the variants' files no names of their own, and would take one variant for another"
    );
    let wasm = project::read(&built.join(name))?;
    let kept = compiled(file, profile);
    // One that is as it was keeps its time.
    if fs::read(&kept).ok().as_ref() != Some(&wasm) {
        project::write(&kept, wasm)?;
    }
    Ok(kept)
}

/// A wasm file without what only people read.
fn without_names(wasm: &[u8]) -> Result<Vec<u8>> {
    let mut kept = Vec::new();
    let mut copied = 0;
    for payload in Parser::new(0).parse_all(wasm) {
        // The header of a section comes before its range: the last payload's end is where it begins.
        let (is_custom, end) = match payload? {
            Payload::Version { range, .. } => (false, range.end),
            Payload::CustomSection(section) => (true, section.range().end),
            payload => match payload.as_section() {
                Some((_, range)) => (false, range.end),
                None => continue,
            },
        };
        let end = usize::try_from(end)?;
        let section = wasm.get(copied..end).context("a section lies outside of its file")?;
        if !is_custom {
            kept.extend_from_slice(section);
        }
        copied = end;
    }
    Ok(kept)
}

/// Makes the glue, and the wasm that fits it.
fn bind(variant: &str, profile: &str, wasm: &Path) -> Result<PathBuf> {
    let folder = own_folder(variant).join("bound").join(profile);
    let version = config::locked_version("wasm-bindgen-cli-support")?;
    let name = format!("bound-{variant}-{profile}");
    let stamp = Stamp::named(&name, &[&version], &[wasm.to_path_buf(), folder.clone()]);
    if !stamp.is_fresh()? {
        let mut bindgen = Bindgen::new();
        bindgen.web(true)?.typescript(true).omit_default_module_path(false).remove_name_section(true);
        bindgen.input_path(wasm).out_name("predictql").generate(&folder)?;
        stamp.set()?;
    }
    Ok(folder)
}

/// A variant, and the folders that have its glue and its wasm.
struct Made<'a> {
    variant: &'a str,
    has_threads: bool,
    glue: PathBuf,
    parts: PathBuf,
}

fn assemble(folder: &Path, made: &[Made]) -> Result<Built> {
    if folder.exists() {
        fs::remove_dir_all(folder)?;
    }
    let (shared, alone): (Vec<_>, Vec<_>) = made.iter().partition(|made| made.has_threads);
    if let [Made { glue, .. }] = shared.as_slice() {
        fs::create_dir_all(folder)?;
        fs::copy(glue.join(GLUE[0]), folder.join(SHARED_GLUE))?;
    }
    ensure!(shared.len() < 2, "there is one glue for memory that threads share");
    for name in GLUE {
        let texts = alone.iter().map(|Made { glue, .. }| project::read(&glue.join(name)));
        let texts = texts.collect::<Result<Vec<_>>>()?;
        let text = texts.iter().max_by_key(|text| text.len());
        let text = text.context("`wasm-pack.toml` lists no variant for this build")?;
        for (Made { variant, .. }, other) in alone.iter().zip(&texts) {
            if !holds_lines(text, other) {
                bail!(
                    "the variant {variant} needs other glue than the rest, and the package has one for all: see `{}`",
                    folder.join(name).display()
                );
            }
        }
        project::write(&folder.join(name), text)?;
    }
    let wasm = made.iter().flat_map(|Made { variant, parts, .. }| {
        parts::names(variant).map(|name| {
            let file = folder.join(&name);
            fs::copy(parts.join(&name), &file)?;
            Ok(file)
        })
    });
    Ok(Built { folder: folder.to_path_buf(), wasm: wasm.collect::<Result<_>>()? })
}

/// Whether `text` has all lines of `part` in their order. What an engine does not import does not disturb it.
fn holds_lines(text: &[u8], part: &[u8]) -> bool {
    let mut lines = text.split(|byte| *byte == b'\n');
    part.split(|byte| *byte == b'\n').all(|line| lines.any(|other| other == line))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sections_for_people_are_left_out() {
        let header = b"\0asm\x01\0\0\0";
        let types = [1, 4, 1, 0x60, 0, 0];
        let custom = [0, 3, 2, b'h', b'i'];
        let functions = [3, 2, 1, 0];
        let code = [10, 4, 1, 2, 0, 0x0b];
        let wasm = [&header[..], &custom, &types, &functions, &custom, &code, &custom].concat();
        let wanted = [&header[..], &types, &functions, &code].concat();
        assert_eq!(without_names(&wasm).unwrap(), wanted);
    }

    #[test]
    fn glue_serves_an_engine_that_imports_less() {
        assert!(holds_lines(b"a\nb\nc\nd", b"a\nc\nd"));
        assert!(!holds_lines(b"a\nb\nc", b"a\nd"));
        assert!(!holds_lines(b"a\nb", b"b\na"));
    }
}
