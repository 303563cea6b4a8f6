//! The Python programs that make models, tables and pictures, each in an environment with the packages it pins.

use std::path::PathBuf;
use std::slice;

use anyhow::{Result, ensure};

use crate::process::Program;
use crate::project::{self, Stamp};
use crate::terminal;

const ADVICE: &str = "install Python 3.9 or newer with venv (`apt-get install -y python3-venv`)";

/// A script whose packages stand in the `requirements.txt` beside it.
pub fn script(folder: &str, script: &str) -> Result<Program> {
    Ok(python(folder)?.arg(PathBuf::from(folder).join(script)))
}

/// Python with the packages of `folder/requirements.txt`.
pub fn python(folder: &str) -> Result<Program> {
    let python = installed(folder)?;
    // Nothing but what the script makes should lie about.
    let python = Program::new(python).env("PYTHONUNBUFFERED", "1").env("PYTHONDONTWRITEBYTECODE", "1");
    Ok(python.within(&project::root()))
}

/// Where that Python is.
pub fn installed(folder: &str) -> Result<PathBuf> {
    let version = Program::new("python3").arg("--version").advice(ADVICE).read()?;
    let minor = version.split('.').nth(1).and_then(|minor| minor.parse().ok());
    ensure!(minor.is_some_and(|minor: u32| minor >= 9), "{version} is too old: {ADVICE}");

    let environment = project::at("target/python").join(folder.replace('/', "-"));
    let python = environment.join("bin/python");
    let requirements = project::at(folder).join("requirements.txt");
    let stamp = Stamp::new(environment.join(".stamp"), &[&version], slice::from_ref(&requirements));
    if !stamp.is_fresh()? {
        terminal::heading(&format!("installing the Python packages of {folder}"));
        Program::new("python3").args(["-m", "venv", "--clear"]).arg(&environment).advice(ADVICE).run()?;
        let pip = Program::new(&python).args(["-m", "pip", "install", "--disable-pip-version-check", "-r"]);
        pip.arg(&requirements).run()?;
        stamp.set()?;
    }
    Ok(python)
}
