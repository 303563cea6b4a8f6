//! Chromium or Chrome, and the driver that tests steer it with.

use std::env;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::process::{self, Program};
use crate::{debian, project};

const BROWSERS: [&str; 5] =
    ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome"];
const MAC_BROWSER: &str = "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome";

/// The browser; installed where Debian's packages may be used.
pub fn chromium() -> Result<PathBuf> {
    if let Some(chosen) = chosen(&["CHROMIUM", "CHROME"])? {
        return Ok(chosen);
    }
    let find = || {
        process::find(&BROWSERS).or_else(|| Some(PathBuf::from(MAC_BROWSER)).filter(|file| file.is_file()))
    };
    if find().is_none() {
        let advice = "no Chromium or Chrome: install one, or name its program in CHROMIUM";
        debian::install(&["chromium", "chromium-driver"]).context(advice)?;
    }
    find().context("no Chromium or Chrome on PATH: name its program in CHROMIUM")
}

/// The driver of that browser.
pub fn chromedriver(browser: &Path) -> Result<PathBuf> {
    if let Some(chosen) = chosen(&["CHROMEDRIVER"])? {
        return Ok(chosen);
    }
    let find = || process::find(&["chromedriver"]);
    if find().is_none() {
        let told = Program::new(browser).arg("--version").read()?;
        let version =
            told.split_whitespace().find(|word| word.starts_with(|first: char| first.is_ascii_digit()));
        let advice = format!(
            "no chromedriver on PATH: type `npx @puppeteer/browsers install chromedriver@{}` and name its program in \
             CHROMEDRIVER",
            version.and_then(|version| version.split('.').next()).unwrap_or("stable")
        );
        debian::install(&["chromium-driver"]).context(advice)?;
    }
    find().context("no chromedriver on PATH: name its program in CHROMEDRIVER")
}

/// The committed `webdriver.json`, made to name the browser that is here.
pub fn webdriver_json(browser: &Path) -> Result<PathBuf> {
    let text = String::from_utf8(project::read(&project::at("webdriver.json"))?)?;
    let committed = "\"/usr/bin/chromium\"";
    if !text.contains(committed) {
        bail!("`webdriver.json` does not name {committed}, for which the browser of this machine is put");
    }
    let file = project::at("target/xtask/webdriver.json");
    project::write(&file, text.replace(committed, &format!("{:?}", browser.display().to_string())))?;
    Ok(file)
}

fn chosen(variables: &[&str]) -> Result<Option<PathBuf>> {
    let Some((name, file)) = variables.iter().find_map(|name| Some((name, env::var_os(name)?))) else {
        return Ok(None);
    };
    let file = PathBuf::from(file);
    if !file.is_file() {
        bail!("{name} names `{}`, which is no program", file.display());
    }
    Ok(Some(file))
}
