//! Node and its packages.

use std::path::PathBuf;

use anyhow::{Context, Result, ensure};

use crate::process::Program;
use crate::project::{self, Stamp};
use crate::terminal;

const OLDEST_NODE: u32 = 20;
const ADVICE: &str =
    "install Node.js 20 or newer with npm (https://nodejs.org, or `apt-get install -y nodejs npm`)";

/// A folder with a `package.json`, its packages installed as its lock file says.
pub struct Workspace {
    folder: PathBuf,
}

impl Workspace {
    pub fn ready(folder: &str) -> Result<Self> {
        let path = project::at(folder);
        let version = Program::new("node").arg("--version").advice(ADVICE).read()?;
        let major = version.trim_start_matches('v').split('.').next().and_then(|major| major.parse().ok());
        ensure!(major.is_some_and(|major: u32| major >= OLDEST_NODE), "node {version} is too old: {ADVICE}");

        let lock = path.join("package-lock.json");
        ensure!(lock.is_file(), "`{folder}/package-lock.json` is missing: type `npm install` in `{folder}`");
        let stamp = Stamp::new(path.join("node_modules/.stamp"), &[&version], &[lock]);
        if !stamp.is_fresh()? {
            terminal::heading(&format!("installing the npm packages of {folder}"));
            Program::new("npm").args(["ci", "--no-audit", "--no-fund"]).within(&path).advice(ADVICE).run()?;
            stamp.set().context("the npm packages are installed, and cannot be marked so")?;
        }
        Ok(Self { folder: path })
    }

    /// `npm run <script>`.
    pub fn script(&self, script: &str) -> Program {
        Program::new("npm").args(["run", "--silent", script]).within(&self.folder).advice(ADVICE)
    }

    /// `node <args>`.
    pub fn node(&self) -> Program {
        Program::new("node").within(&self.folder).advice(ADVICE)
    }
}
