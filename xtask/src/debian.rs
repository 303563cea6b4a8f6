//! Debian's packages, where apt-get may be used; elsewhere the command to type.

use anyhow::{Result, bail};

use crate::process::{self, Program};
use crate::terminal;

/// Installs those of the packages that are absent.
pub fn install(packages: &[&str]) -> Result<()> {
    let absent: Vec<&str> = packages.iter().copied().filter(|package| !is_installed(package)).collect();
    if absent.is_empty() {
        return Ok(());
    }
    let names = absent.join(" ");
    if process::find(&["apt-get"]).is_none() {
        bail!("Debian's packages `{names}` are missing, and this machine has no apt-get");
    }
    if Program::new("id").arg("-u").read()? != "0" {
        bail!("Debian's packages `{names}` are missing: type `sudo apt-get install -y {names}`");
    }
    terminal::heading(&format!("installing Debian's packages {names}"));
    let apt = || Program::new("apt-get").env("DEBIAN_FRONTEND", "noninteractive");
    apt().arg("update").run()?;
    apt().args(["install", "-y", "--no-install-recommends"]).args(absent).run()
}

fn is_installed(package: &str) -> bool {
    let status =
        Program::new("dpkg-query").args(["--show", "--showformat=${db:Status-Status}", package]).read();
    status.is_ok_and(|status| status == "installed")
}
