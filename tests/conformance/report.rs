//! What became of all cases: the table, the document with the list of what is left, and the bars that were missed.

use std::collections::BTreeMap;

use crate::SUITES;
use crate::case::{Case, DISPUTED, Outcome};

pub struct Report<'a> {
    outcomes: Vec<(&'a Case, Outcome)>,
}

#[derive(Default)]
struct Counts {
    cases: usize,
    pass: usize,
    baked: usize,
    unsupported: usize,
    unrepresentable: usize,
    disputed: usize,
    wrong: usize,
    crash: usize,
}

impl<'a> Report<'a> {
    pub fn new(outcomes: Vec<(&'a Case, Outcome)>) -> Self {
        Self { outcomes }
    }

    fn counts(&self, belongs: impl Fn(&Case) -> bool) -> Counts {
        let mut counts = Counts::default();
        for (_, outcome) in self.outcomes.iter().filter(|(case, _)| belongs(case)) {
            counts.cases += 1;
            *match outcome {
                Outcome::Pass => &mut counts.pass,
                Outcome::PassBaked => &mut counts.baked,
                Outcome::Unsupported(..) => &mut counts.unsupported,
                Outcome::Unrepresentable(_) => &mut counts.unrepresentable,
                Outcome::Disputed => &mut counts.disputed,
                Outcome::Wrong(_) => &mut counts.wrong,
                Outcome::Crash(_) => &mut counts.crash,
            } += 1;
        }
        counts
    }

    /// The rows of the table: the suites, and of `node` the share of ai.onnx.ml.
    fn rows(&self) -> Vec<(&'static str, Counts, Option<usize>)> {
        let ml = |case: &Case| case.operators.iter().any(|name| name.starts_with("ai.onnx.ml."));
        let mut rows = Vec::new();
        for (suite, _, bar) in SUITES {
            rows.push((suite, self.counts(|case| case.suite == suite), Some(bar)));
            if suite == "node" {
                rows.push(("of these ai.onnx.ml", self.counts(|case| case.suite == suite && ml(case)), None));
            }
        }
        rows
    }

    pub fn table(&self) -> String {
        let mut table = String::from(
            "| suite | cases | pass | of these with constants | bar | unsupported | no SQL type | disputed | wrong | crash |\n\
             |---|--:|--:|--:|--:|--:|--:|--:|--:|--:|\n",
        );
        for (name, counts, bar) in self.rows() {
            let Counts { cases, pass, baked, unsupported, unrepresentable, disputed, wrong, crash } = counts;
            let bar = bar.map_or(String::new(), |bar| bar.to_string());
            let pass = pass + baked;
            table += &format!(
                "| {name} | {cases} | {pass} | {baked} | {bar} | {unsupported} | {unrepresentable} | {disputed} | {wrong} | {crash} |\n"
            );
        }
        table
    }

    /// Prints every case with what became of it.
    pub fn list(&self) {
        for (case, outcome) in &self.outcomes {
            let words = match outcome {
                Outcome::Pass => "pass".into(),
                Outcome::PassBaked => "pass with constants".into(),
                Outcome::Unrepresentable(why) => format!("no SQL type: {why}"),
                Outcome::Unsupported(code, why) => format!("unsupported: {code}: {why}"),
                Outcome::Disputed => "disputed".into(),
                Outcome::Wrong(why) => format!("wrong: {why}"),
                Outcome::Crash(why) => format!("crash: {why}"),
            };
            println!("{} {}: {words}", case.suite, case.name);
        }
    }

    /// What keeps this from being a success; bars count where all cases ran.
    pub fn failures(&self, whole: bool) -> Vec<String> {
        let mut failures = Vec::new();
        for (case, outcome) in &self.outcomes {
            match outcome {
                Outcome::Wrong(why) => failures.push(format!("wrong: {}: {why}", case.name)),
                Outcome::Crash(why) => failures.push(format!("crash: {}: {why}", case.name)),
                _ => {}
            }
        }
        for (suite, cases, bar) in SUITES.into_iter().filter(|_| whole) {
            let counts = self.counts(|case| case.suite == suite);
            if counts.cases != cases || counts.pass + counts.baked < bar {
                let (pass, found) = (counts.pass + counts.baked, counts.cases);
                failures.push(format!("{suite}: {pass} of {found} pass, at least {bar} of {cases} must"));
            }
        }
        failures
    }

    /// `docs/CONFORMANCE.md`.
    pub fn document(&self) -> String {
        let mut unsupported: BTreeMap<(String, String), Vec<&str>> = BTreeMap::new();
        let mut unrepresentable: BTreeMap<String, Vec<&str>> = BTreeMap::new();
        for (case, outcome) in &self.outcomes {
            match outcome {
                Outcome::Unsupported(code, _) => {
                    let operators = case.operators.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>();
                    let operators =
                        if operators.len() > 3 { "larger graphs".into() } else { operators.join(", ") };
                    unsupported.entry((code.to_string(), operators)).or_default().push(&case.name);
                }
                Outcome::Unrepresentable(why) => {
                    let kind = why.rsplit(": ").next().unwrap_or(why);
                    unrepresentable.entry(kind.to_owned()).or_default().push(&case.name);
                }
                _ => {}
            }
        }
        let mut document = format!("{HEAD}\n{}\n## What is left\n", self.table());
        let names = |names: &[&str]| {
            names.iter().map(|name| name.trim_start_matches("test_")).collect::<Vec<_>>().join(", ")
        };
        let mut last = String::new();
        for ((code, operators), cases) in &unsupported {
            if *code != last {
                document += &format!("\n`{code}`\n\n");
                last.clone_from(code);
            }
            document += &format!("- {operators}: {}\n", names(cases));
        }
        document += "\n## What SQL has no type for\n\n";
        for (kind, cases) in &unrepresentable {
            document += &format!("- {kind}, {} cases\n", cases.len());
        }
        document += "\n## Where the suite is at fault\n\n";
        for (name, why) in DISPUTED {
            document += &format!("- `{name}…`: {why}\n");
        }
        document
    }
}

const HEAD: &str = "\
# Conformance

`cargo xtask conformance` runs the backend suites of PyPI `onnx` 1.20.1 natively, through the same reading, loading and planning as
every model takes; `--write` writes this page. Whole numbers, booleans and texts must be the same, floats within 1e-3 of their
size and 1e-5. Of cases that draw random numbers the types and shapes are compared.

*With constants*: a graph whose shapes depend on the values of its inputs loads when these are known. Such a case has a second
attempt with every input but the first as a constant of the graph. *No SQL type*: an input or output is a sequence, an optional
value or of an element type that no SQL type holds; such models are refused by name. *Unsupported*: refused with an error.
";
