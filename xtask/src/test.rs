//! `cargo xtask test`: every check there is. It goes on after a failure, so that one run shows them all.

use std::time::{Duration, Instant};

use anyhow::{Context, Error, Result, bail, ensure};

use crate::config::Config;
use crate::npm::Workspace;
use crate::process::{self, Outcome, Program};
use crate::toolchain::{TARGET, Toolchain};
use crate::{browser, conformance, package, page, project, python, terminal, tidy, tools, wasm};

/// Folders whose TypeScript and JavaScript is checked.
const SCRIPTS: [&str; 6] = ["pkg-template", "www", "site", "tests/package", "tests/e2e", "benches/web"];

pub fn all() -> Result<()> {
    let mut report = Report::default();
    let toolchain = Toolchain::ready()?;
    let browser = browser::chromium()?;
    let driver = browser::chromedriver(&browser)?;
    let config = Config::read()?;
    let fast = config.build(true);
    let is_whole = |variant: &&String| config.engine(variant).is_ok_and(|engine| !engine.features.is_empty());
    let variant = fast.variants.iter().find(is_whole).map_or("", String::as_str);
    let features = config.cargo_features(variant)?;

    report.step("rustfmt", &[], || {
        quietly(cargo().args(["fmt", "--all", "--check"]).advice(component("rustfmt")))
    });
    report.step("tidy", &[], || tidy::check().map(|()| Vec::new()));
    report.step("clippy", &[], || {
        quietly(
            cargo()
                .args(["clippy", "--workspace", "--all-targets", "--", "-Dwarnings"])
                .advice(component("clippy")),
        )
    });
    // The tutorials are native tests too, and their data comes from packages.
    report.step("demo data", &[], || page::make_data().map(|()| Vec::new()));
    report.step("native tests", &["demo data"], || native_tests(cargo(), &["--workspace"]));
    report.step("engine for tables", &[], || {
        let tables = ["--package", "predictql", "--no-default-features"];
        quietly(cargo().arg("clippy").args(tables).args(["--all-targets", "--", "-Dwarnings"]))?;
        native_tests(cargo(), &tables)
    });
    report.step("ONNX suites", &[], || {
        let Outcome { lines, result } = conformance::suites(&[])?;
        let table = lines.into_iter().filter(|line| line.starts_with("| "));
        result.map(|()| table.collect())
    });
    report.step("cluster", &[], || {
        let there = ["--manifest-path", "cluster/Cargo.toml"];
        let format = cargo().arg("fmt").args(there).args(["--all", "--check"]);
        quietly(format.advice(component("rustfmt")))?;
        let workspace = [there.as_slice(), &["--workspace"]].concat();
        lint(&workspace)?;
        native_tests(linting_cargo(), &workspace)
    });
    report.step("doc tests", &[], || spoken(cargo().args(["test", "--doc", "--workspace"])));

    report.step("package", &[], || package::build(true).map(|()| Vec::new()));
    // With the package's profile and features: the engine is compiled once.
    let engine = ["--profile", fast.profile.as_str(), "--no-default-features", "--features", &features];
    report.step("clippy for wasm32", &[], || {
        let clippy = ["clippy", "--package", "predictql", "--lib", "--test", "web", "--target", TARGET];
        quietly(
            wasm::cargo(&toolchain, &config, variant, &fast.profile)?
                .args(clippy)
                .args(engine)
                .args(["--", "-Dwarnings"]),
        )
    });
    report.step("wasm tests", &[], || {
        let (pack, bindgen) = (tools::wasm_pack()?, tools::wasm_bindgen()?);
        let folders: Vec<_> = [&pack, &bindgen].into_iter().filter_map(|tool| tool.parent()).collect();
        let pack = wasm::flags(toolchain.program("wasm-pack", &folders)?, &config, variant, &fast.profile)?;
        let options = ["test", "--headless", "--chrome", "--mode", "no-install", "--chromedriver"];
        let tests = pack.args(options).arg(&driver).args([".", "--test", "web"]).args(engine);
        // A machine that compiles on the side is slow to start a browser and to load a model.
        spoken(
            tests
                .env("WASM_BINDGEN_TEST_WEBDRIVER_JSON", browser::webdriver_json(&browser)?)
                .env("WASM_BINDGEN_TEST_TIMEOUT", "120")
                .env("WASM_BINDGEN_TEST_DRIVER_TIMEOUT", "60"),
        )
    });
    report.step("documents", &[], || page::documents().map(|()| Vec::new()));
    report.step("demo page", &["package", "demo data", "documents"], || page::build().map(|()| Vec::new()));
    for folder in SCRIPTS {
        let name = format!("scripts of {folder}");
        report.step(&name, &["package"], || quietly(Workspace::ready(folder)?.script("check")));
    }
    for (name, folder, needs) in
        [("package tests", "tests/package", "package"), ("page tests", "tests/e2e", "demo page")]
    {
        report.step(name, &[needs], || {
            let tests = Workspace::ready(folder)?.script("test");
            let tests = tests.env("CHROMIUM", &browser).env("PREDICTQL_PKG", project::at("pkg"));
            if folder != "tests/package" {
                return spoken(tests);
            }
            spoken(tests.env("PREDICTQL_MLFLOW", python::installed("tests/package/mlflow")?))
        });
    }
    report.finish()
}

fn cargo() -> Program {
    Program::new("cargo").within(&project::root())
}

/// Cargo with clippy as the compiler of the workspace: it finds lints while it compiles the tests, and what both need of other crates,
/// minutes where these are many, is compiled once. Its code needs more stack than what users run, so it compiles no engine.
fn linting_cargo() -> Program {
    cargo().env("RUSTC_WORKSPACE_WRAPPER", "clippy-driver")
}

/// Compiles everything; what the compiler or clippy warns of is a failure.
fn lint(what: &[&str]) -> Result<()> {
    process::find(&["clippy-driver"]).with_context(|| component("clippy"))?;
    linting_cargo().arg("build").args(what).args(["--all-targets", "--keep-going"]).run_and(|lines| {
        let warns = |line: &&String| terminal::without_colours(line).starts_with("warning");
        let warnings = lines.iter().filter(warns).count();
        ensure!(warnings == 0, "clippy warns {warnings} times");
        Ok(())
    })
}

fn native_tests(cargo: Program, what: &[&str]) -> Result<Vec<String>> {
    let nextest = self::cargo().args(["nextest", "--version"]).read().is_ok();
    if !nextest {
        terminal::note("cargo-nextest is not installed: `cargo test` runs instead, a little slower");
    }
    let runner: &[&str] = if nextest { &["nextest", "run"] } else { &["test", "--all-targets"] };
    spoken(cargo.args(runner).args(what).arg("--no-fail-fast"))
}

fn component(name: &str) -> String {
    format!("type `rustup component add {name}`")
}

fn quietly(program: Program) -> Result<Vec<String>> {
    program.run().map(|()| Vec::new())
}

/// Passes a test runner's words on and keeps its summary, which a failure has too.
fn spoken(program: Program) -> Result<Vec<String>> {
    let Outcome { lines, result } = program.show()?;
    let summary: Vec<String> = lines.iter().filter_map(|line| summary(line)).collect();
    match result {
        Ok(()) => Ok(summary),
        Err(error) => Err(error.context(summary.join("; "))),
    }
}

/// What nextest, libtest, wasm-bindgen's runner, Playwright and Node's runner say last, and of each test that failed.
fn summary(line: &str) -> Option<String> {
    let line = terminal::without_colours(line);
    let line = line.trim();
    let starts_with = |starts: &[&str]| starts.iter().any(|start| line.starts_with(start));
    let mut words = line.split_whitespace();
    let counts = words.next()?.parse::<u32>().is_ok()
        && words.next().is_some_and(|word| matches!(word, "passed" | "failed" | "flaky" | "skipped" | "did"));
    let failed = starts_with(&["FAIL [", "TIMEOUT [", "SIGABRT [", "not ok ", "✖ ", "✘ "])
        || line.starts_with("test ") && line.ends_with(" ... FAILED");
    let found = starts_with(&["Summary [", "test result:"])
        || counts
        || failed
        || starts_with(&[
            "# tests",
            "# pass",
            "# fail",
            "# skipped",
            "ℹ tests",
            "ℹ pass",
            "ℹ fail",
            "ℹ skipped",
        ]);
    found.then(|| line.trim_start_matches(['#', 'ℹ', ' ']).to_owned())
}

enum End {
    Passed(Vec<String>),
    Failed(Error),
    /// A step that it needs did not pass.
    NotRun(String),
}

struct Step {
    name: String,
    end: End,
    took: Duration,
}

#[derive(Default)]
struct Report {
    steps: Vec<Step>,
}

impl Report {
    /// Runs a step whose needs, named like earlier steps, have passed.
    fn step(&mut self, name: &str, needs: &[&str], run: impl FnOnce() -> Result<Vec<String>>) {
        let passed = |need: &str| {
            self.steps.iter().any(|step| step.name == need && matches!(step.end, End::Passed(_)))
        };
        let begun = Instant::now();
        let end = match needs.iter().find(|need| !passed(need)) {
            Some(need) => End::NotRun((*need).to_owned()),
            None => {
                terminal::heading(name);
                match run() {
                    Ok(summary) => End::Passed(summary),
                    Err(error) => {
                        terminal::failure(&error);
                        End::Failed(error)
                    }
                }
            }
        };
        self.steps.push(Step { name: name.to_owned(), end, took: begun.elapsed() });
    }

    fn finish(self) -> Result<()> {
        terminal::heading("summary");
        for step in &self.steps {
            match &step.end {
                End::Passed(summary) => {
                    summary.iter().for_each(|line| terminal::note(&format!("{}: {line}", step.name)));
                }
                End::Failed(error) => terminal::note(&format!("{}: {error:#}", step.name)),
                End::NotRun(need) => {
                    terminal::note(&format!("{}: not run, for `{need}` did not pass", step.name))
                }
            }
        }
        let rows: Vec<[String; 3]> = self.steps.iter().map(Step::row).collect();
        terminal::table(["step", "result", "time"], &rows);
        let failed: Vec<&str> =
            self.steps.iter().filter(|step| !step.passed()).map(|step| step.name.as_str()).collect();
        if failed.is_empty() { Ok(()) } else { bail!("not passed: {}", failed.join(", ")) }
    }
}

impl Step {
    fn passed(&self) -> bool {
        matches!(self.end, End::Passed(_))
    }

    fn row(&self) -> [String; 3] {
        let result = match self.end {
            End::Passed(_) => "passed",
            End::Failed(_) => "FAILED",
            End::NotRun(_) => "NOT RUN",
        };
        [self.name.clone(), result.to_owned(), terminal::duration(self.took)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runners_are_understood() {
        let kept = |line: &str| summary(line);
        assert_eq!(
            kept("     Summary [   0.052s] 15 tests run: 15 passed, 0 skipped").as_deref(),
            Some("Summary [   0.052s] 15 tests run: 15 passed, 0 skipped")
        );
        assert!(kept("test result: ok. 3 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out").is_some());
        assert_eq!(kept("  \x1b[32m12 passed\x1b[39m (1.2m)").as_deref(), Some("12 passed (1.2m)"));
        assert_eq!(kept("  2 did not run").as_deref(), Some("2 did not run"));
        assert_eq!(kept("# pass 9").as_deref(), Some("pass 9"));
        assert_eq!(kept("\u{2139} fail 0").as_deref(), Some("fail 0"));
        assert_eq!(kept("    not ok 5 - a row is lost").as_deref(), Some("not ok 5 - a row is lost"));
        assert_eq!(kept("test web::predict ... FAILED").as_deref(), Some("test web::predict ... FAILED"));
        assert!(kept("        FAIL [   0.052s] predictql::suite records").is_some());
        assert!(kept("  \u{2718}  7 files.spec.ts:9:1 \u{203a} a table (2.8s)").is_some());
        assert_eq!(kept("test predict ... ok"), None);
        assert_eq!(kept("12 bottles"), None);
    }

    #[test]
    fn a_step_waits_for_what_it_needs_and_the_others_go_on() {
        let mut report = Report::default();
        report.step("package", &[], || bail!("no compiler"));
        report.step("page", &["package"], || unreachable!());
        report.step("lint", &[], || Ok(Vec::new()));
        let results: Vec<String> = report.steps.iter().map(|step| step.row()[1].clone()).collect();
        assert_eq!(results, ["FAILED", "NOT RUN", "passed"]);
        assert_eq!(report.finish().unwrap_err().to_string(), "not passed: package, page");
    }
}
