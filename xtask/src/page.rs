//! The demo page: its models and pictures, the built page, and a server for it.

use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::Child;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::npm::Workspace;
use crate::project::{self, Stamp};
use crate::{browser, package, python, terminal};

const USUAL_PORT: u16 = 4173;

/// `cargo xtask demo`: serves the page until somebody ends it, or shows that it works.
pub fn demo(check: bool, port: Option<u16>) -> Result<()> {
    // What is missing is better said before the long build than after it.
    let browser = if check { Some(browser::chromium()?) } else { None };
    let first = if check { None } else { serve_tables(port)? };
    package::build_demo()?;
    make_data()?;
    build()?;
    let is_second = first.is_some();
    let mut server = match first {
        Some(server) => server,
        None => Server::start(port)?,
    };
    if let Some(browser) = browser {
        return look_at(&server.address(), &browser);
    }
    let whole = if is_second { "the pictures are there too: reload the page. The" } else { "the" };
    terminal::heading(&format!("{whole} demo is at {} (Ctrl-C ends it)", server.address()));
    let status = server.child.wait()?;
    bail!("the server ended with {status}")
}

/// Where the full engine has to be compiled first, which takes minutes, serves the page with the one for tables meanwhile.
fn serve_tables(port: Option<u16>) -> Result<Option<Server>> {
    if !package::build_first()? {
        return Ok(None);
    }
    make_data()?;
    build()?;
    let server = Server::start(port)?;
    terminal::heading(&format!(
        "the demo is at {} already, for tables; the engine for pictures is being compiled",
        server.address()
    ));
    Ok(Some(server))
}

/// The documents as a site, which the demo page serves below `docs/`; a link that leads nowhere fails it.
pub fn documents() -> Result<()> {
    let paths = [
        "site",
        "docs",
        "README.md",
        "CHANGELOG.md",
        "CONTRIBUTING.md",
        "SECURITY.md",
        "pkg-template/README.md",
    ];
    let stamp = Stamp::named("documents", &[], &paths.map(project::at));
    if !stamp.is_fresh()? {
        terminal::heading("making pages of the documents");
        Workspace::ready("site")?.script("build").run()?;
        stamp.set()?;
    }
    terminal::note("the documents are in site/dist");
    Ok(())
}

/// The models, tables and pictures of the tutorials.
pub fn make_data() -> Result<()> {
    let (script, out) = ("www/demo-data", "www/public/demo");
    let stamp = Stamp::named("demo-data", &[], &[script, "tests/fixtures", out].map(project::at));
    if !stamp.is_fresh()? {
        let make = python::script(script, "make.py")?;
        terminal::heading("making the demo's models and pictures");
        make.arg("--out").arg(out).arg("--cache").arg(project::cache()?.join("demo-data")).run()?;
        stamp.set()?;
    }
    Ok(())
}

/// Builds `www/dist` from the page, the package and the data.
pub fn build() -> Result<()> {
    let page = Workspace::ready("www")?;
    // It links to the documents where these are pages.
    let documents = if project::at("site/dist/index.html").is_file() { "documents" } else { "" };
    let stamp = Stamp::named("page", &[documents], &["www", "pkg"].map(project::at));
    if !stamp.is_fresh()? {
        terminal::heading("building the demo page into www/dist/");
        page.script("build").run()?;
        stamp.set()?;
    }
    Ok(())
}

/// Runs the tutorials in a browser without a screen and prints their rows.
fn look_at(address: &str, browser: &Path) -> Result<()> {
    let tests = Workspace::ready("tests/e2e")?;
    terminal::heading(&format!("opening {address} in {}", browser.display()));
    tests.node().arg("check.mjs").arg(address).env("CHROMIUM", browser).show()?.result
}

/// The page's own preview server: it sends the headers that `www/vite.config.ts` names.
struct Server {
    child: Child,
    port: u16,
}

impl Server {
    fn start(port: Option<u16>) -> Result<Self> {
        let port = match port {
            Some(port) => port,
            None => free_port()?,
        };
        let vite =
            ["node_modules/vite/bin/vite.js", "preview", "--strictPort", "--logLevel", "warn", "--port"];
        let child = Workspace::ready("www")?.node().args(vite).arg(port.to_string()).start()?;
        let mut server = Self { child, port };
        server.wait_until_up()?;
        Ok(server)
    }

    fn address(&self) -> String {
        format!("http://localhost:{}/", self.port)
    }

    fn wait_until_up(&mut self) -> Result<()> {
        let begun = Instant::now();
        while begun.elapsed() < Duration::from_secs(60) {
            if let Some(status) = self.child.try_wait()? {
                bail!(
                    "the server of the page ended with {status}: if port {} is taken, choose another with --port",
                    self.port
                );
            }
            if TcpStream::connect(("localhost", self.port)).is_ok() {
                return Ok(());
            }
            thread::sleep(Duration::from_millis(50));
        }
        bail!("the server of the page does not answer at {}", self.address())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        _ = self.child.kill();
        _ = self.child.wait();
    }
}

/// The usual port, or where that is taken another.
fn free_port() -> Result<u16> {
    let listener =
        TcpListener::bind(("localhost", USUAL_PORT)).or_else(|_| TcpListener::bind(("localhost", 0)));
    Ok(listener.context("no port is free for the page")?.local_addr()?.port())
}
