//! A compiler for `wasm32-unknown-unknown`: the one on PATH where it has the target or rustup adds it; where rustup cannot,
//! or must not change anything (`PREDICTQL_NO_RUSTUP=1`), one made of Debian's compiler and the standard library built
//! from its source. For several threads std has to be built in any case: those that are distributed know one thread.

use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::{env, fs};

use anyhow::{Context, Result, ensure};

use crate::process::{self, Program};
use crate::project::{self, Stamp};
use crate::{debian, terminal};

pub const TARGET: &str = "wasm32-unknown-unknown";

/// The compiler of the Web's Debian packages is the newest that a stable Debian has; `lld-22` is its linker.
const PACKAGES: [&str; 5] = ["rustc-web", "cargo-web", "rust-web-src", "rust-web-clippy", "lld-22"];

/// `None` where the default toolchain knows the target.
pub struct Toolchain {
    folder: Option<PathBuf>,
}

impl Toolchain {
    /// Finds a compiler for the target, or makes one.
    pub fn ready() -> Result<Self> {
        let own = Self { folder: None };
        if own.has_std() {
            return Ok(own);
        }
        if env::var_os("PREDICTQL_NO_RUSTUP").is_none() && process::find(&["rustup"]).is_some() {
            terminal::heading(&format!("adding the target {TARGET} to the Rust toolchain"));
            match Program::new("rustup").args(["target", "add", TARGET]).run() {
                Ok(()) => return Ok(own),
                Err(error) => terminal::note(&format!("{error}; trying Debian's packages")),
            }
        }
        let advice = format!(
            "no compiler for {TARGET}: type `rustup target add {TARGET}`, or let Debian's packages serve"
        );
        let compiler = Compiler::of_debian().context(advice)?;
        Ok(Self { folder: Some(compiler.folder("", "-Cembed-bitcode=yes")?) })
    }

    /// The same compiler, with a std whose threads share memory.
    pub fn with_threads(&self) -> Result<Self> {
        let compiler = match self.folder {
            Some(_) => Compiler::of_debian()?,
            None => self.own().context("threads in WebAssembly need a standard library of their own")?,
        };
        let folder =
            compiler.folder("-threads", "-Cembed-bitcode=yes -Ctarget-feature=+atomics,+bulk-memory")?;
        Ok(Self { folder: Some(folder) })
    }

    /// The compiler on PATH, and the source of its std.
    fn own(&self) -> Result<Compiler> {
        let system = PathBuf::from(self.program("rustc", &[])?.args(["--print", "sysroot"]).read()?);
        let compiler = Compiler { bin: system.join("bin"), linker: None };
        if !system.join(SOURCE).join("library").exists() {
            terminal::heading("adding the source of the standard library to the Rust toolchain");
            Program::new("rustup").args(["component", "add", "rust-src"]).run()?;
        }
        Ok(compiler)
    }

    /// A program (cargo, wasm-pack, …) that sees this compiler, and the tools in `folders`, before others.
    pub fn program(&self, name: &str, folders: &[&Path]) -> Result<Program> {
        let bin = self.folder.as_ref().map(|folder| folder.join("bin"));
        let folders: Vec<&Path> = bin.as_deref().into_iter().chain(folders.iter().copied()).collect();
        let program = match &bin {
            Some(bin) if bin.join(name).exists() => Program::new(bin.join(name)),
            _ => Program::new(name),
        };
        let program = program.env("PATH", process::path_with(&folders)?);
        Ok(match &self.folder {
            // A path is a valid name of a toolchain: rustup's stand-ins for cargo and rustc lead there too.
            // What the cargo that runs this program set for itself would lead back to its own compiler.
            Some(folder) => {
                program.env("RUSTUP_TOOLCHAIN", folder).without_env("CARGO").without_env("LD_LIBRARY_PATH")
            }
            None => program,
        })
    }

    fn has_std(&self) -> bool {
        let folder = self
            .program("rustc", &[])
            .and_then(|rustc| rustc.args(["--print", "target-libdir", "--target", TARGET]).read());
        folder.is_ok_and(|folder| holds_std(Path::new(&folder)))
    }
}

fn holds_std(folder: &Path) -> bool {
    let name = |file: PathBuf| Some(file.file_name()?.to_str()?.starts_with("libstd-"));
    project::tree(folder).is_ok_and(|files| files.into_iter().filter_map(name).any(|is_std| is_std))
}

/// Where a toolchain keeps the source of its std.
const SOURCE: &str = "lib/rustlib/src/rust";

/// A compiler that lacks a std of the kind that is wanted.
struct Compiler {
    /// The folder of its programs.
    bin: PathBuf,
    /// The linker for WebAssembly; none where it has its own.
    linker: Option<PathBuf>,
}

impl Compiler {
    fn of_debian() -> Result<Self> {
        debian::install(&PACKAGES)?;
        let linker = process::find(&["lld-22"]).context("no `lld-22` on PATH")?;
        Ok(Self { bin: PathBuf::from("/usr/bin"), linker: Some(linker) })
    }

    /// A folder that rustup and cargo take for a toolchain: it leads to the compiler's programs and holds a std of the target that is
    /// built with `flags`. What `kind` names has one folder.
    fn folder(&self, kind: &str, flags: &str) -> Result<PathBuf> {
        let rustc = || Program::new(self.bin.join("rustc"));
        let version = rustc().arg("-vV").read()?;
        let system = PathBuf::from(rustc().args(["--print", "sysroot"]).read()?);
        let host = version.lines().find_map(|line| line.strip_prefix("host: "));
        let host = Path::new("lib/rustlib").join(host.context("`rustc -vV` names no host")?);

        let folder = project::cache()?.join("toolchain").join(format!("{TARGET}{kind}"));
        let facts = [version.as_str(), "std with bitcode for fat LTO"];
        let stamp = Stamp::new(folder.join(".stamp"), &facts, &[]);
        if stamp.is_fresh()? {
            return Ok(folder);
        }
        terminal::heading(&format!("building the standard library for {TARGET}{kind} from its source"));
        if folder.exists() {
            fs::remove_dir_all(&folder)?;
        }
        let library = folder.join("lib/rustlib").join(TARGET).join("lib");
        fs::create_dir_all(&library)?;
        self.build_std(flags, &library)?;

        for new in [folder.join("bin"), folder.join(&host).join("bin"), folder.join("lib/rustlib/src")] {
            fs::create_dir_all(new)?;
        }
        symlink(system.join(&host).join("lib"), folder.join(&host).join("lib"))?;
        symlink(fs::canonicalize(system.join(SOURCE))?, folder.join(SOURCE))?;
        let own_linker = system.join(&host).join("bin/rust-lld");
        symlink(self.linker.as_ref().unwrap_or(&own_linker), folder.join(&host).join("bin/rust-lld"))?;
        symlink(self.bin.join("cargo"), folder.join("bin/cargo"))?;
        // A compiler finds its libraries from where its own file lies: these point it here.
        let (bin, here) = (self.bin.display(), folder.display());
        for name in ["rustc", "rustdoc"] {
            script(
                &folder.join("bin").join(name),
                &format!("exec '{bin}/{name}' --sysroot '{here}' \"$@\""),
            )?;
        }
        if self.bin.join("cargo-clippy").exists() {
            // It looks for clippy-driver beside itself: a link would lead it back to the system's.
            fs::copy(self.bin.join("cargo-clippy"), folder.join("bin/cargo-clippy"))?;
            let driver = format!("SYSROOT='{here}' exec '{bin}/clippy-driver' \"$@\"");
            script(&folder.join("bin/clippy-driver"), &driver)?;
        }
        stamp.set()?;
        Ok(folder)
    }

    /// Lets cargo build std for an empty crate and keeps the libraries.
    fn build_std(&self, flags: &str, library: &Path) -> Result<()> {
        let seed = project::at("target/xtask/std");
        project::write(&seed.join("src/lib.rs"), "")?;
        project::write(
            &seed.join("Cargo.toml"),
            "[package]\nname = \"seed\"\nedition = \"2024\"\n[workspace]\n\
         [profile.release]\nopt-level = 3\ncodegen-units = 1\ndebug = 0\n",
        )?;
        Program::new(self.bin.join("cargo"))
            .args([
                "build",
                "--release",
                "-Zbuild-std=std,panic_abort,panic_unwind,proc_macro,test",
                "--target",
                TARGET,
            ])
            .env("PATH", process::path_with(&[&self.bin])?)
            .env("RUSTC", self.bin.join("rustc"))
            .env("RUSTC_BOOTSTRAP", "1")
            .env("RUSTFLAGS", flags)
            .env("CARGO_TARGET_DIR", seed.join("target"))
            .without_env("CARGO_ENCODED_RUSTFLAGS")
            .without_env("RUSTUP_TOOLCHAIN")
            .without_env("LD_LIBRARY_PATH")
            .within(&seed)
            .run()?;
        let deps = seed.join("target").join(TARGET).join("release/deps");
        for file in project::tree(&deps)? {
            let name = file.file_name().unwrap_or_default().to_string_lossy();
            if name.ends_with(".rlib") && !name.starts_with("libseed-") {
                fs::copy(&file, library.join(&*name))?;
            }
        }
        ensure!(holds_std(library), "no standard library came out of `{}`", deps.display());
        fs::remove_dir_all(seed)?;
        Ok(())
    }
}

fn script(file: &Path, command: &str) -> Result<()> {
    use std::os::unix::fs::PermissionsExt;
    project::write(file, format!("#!/bin/sh\n{command}\n"))?;
    fs::set_permissions(file, fs::Permissions::from_mode(0o755))?;
    Ok(())
}
