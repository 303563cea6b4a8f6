//! `cargo xtask conformance`: the suites of the `onnx` package, case by case, through the crate's door for tensors.
//!
//! A case passes when every output has the expected type and shape and its values: whole numbers, booleans and texts
//! exactly, floats within 1e-3 of their size and 1e-5. A graph whose shapes depend on the values of inputs gets a
//! second attempt, in which every input but the first is a constant of the graph; those are counted apart.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stderr,
    clippy::print_stdout,
    clippy::unwrap_used,
    unreachable_pub,
    reason = "a runner that panics has failed, and this is no library"
)]

mod case;
mod report;
mod tensor;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::{env, fs, thread};

use case::{Case, Outcome};
use report::Report;

/// The suites, how many cases each has, and how many of them must pass.
const SUITES: [(&str, usize, usize); 5] = [
    ("node", 1653, 1500),
    ("simple", 23, 20),
    ("pytorch-converted", 82, 82),
    ("pytorch-operator", 35, 35),
    ("light", 9, 9),
];

fn main() -> ExitCode {
    let mut words = env::args().skip(1);
    let usage = "usage: conformance <folder of the suites> [--write <file>] [part of a case's name]";
    let folder = PathBuf::from(words.next().expect(usage));
    let mut write = None;
    let mut part = None;
    while let Some(word) = words.next() {
        match word.as_str() {
            "--write" => write = Some(PathBuf::from(words.next().expect(usage))),
            _ => part = Some(word),
        }
    }
    case::quiet_panics();
    let cases: Vec<Case> = SUITES
        .iter()
        .flat_map(|(suite, ..)| cases(&folder, suite))
        .filter(|case| part.as_ref().is_none_or(|part| case.name.contains(part)))
        .collect();
    let report = Report::new(cases.iter().zip(run(&cases)).collect());
    if part.is_some() {
        report.list();
    }
    println!("{}", report.table());
    if let Some(file) = write {
        fs::write(&file, report.document()).expect("the file can be written");
    }
    let failures = report.failures(part.is_none());
    failures.iter().for_each(|failure| eprintln!("{failure}"));
    if failures.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn cases(folder: &Path, suite: &'static str) -> Vec<Case> {
    let entries = fs::read_dir(folder.join(suite)).expect("the package has the suite");
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.expect("a folder can be read").path()).collect();
    paths.sort();
    paths.iter().filter_map(|path| Case::find(suite, path)).collect()
}

/// The outcomes of `cases`, in their order, from as many threads as there are cores.
fn run(cases: &[Case]) -> Vec<Outcome> {
    let next = AtomicUsize::new(0);
    let (sender, receiver) = mpsc::channel();
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(1, usize::from) {
            let (sender, next) = (sender.clone(), &next);
            scope.spawn(move || {
                while let Some((at, case)) =
                    Some(next.fetch_add(1, Ordering::Relaxed)).and_then(|at| Some((at, cases.get(at)?)))
                {
                    sender.send((at, case.run())).expect("somebody waits for the outcomes");
                }
            });
        }
        drop(sender);
        let mut outcomes: Vec<_> = receiver.iter().collect();
        outcomes.sort_by_key(|(at, _)| *at);
        outcomes.into_iter().map(|(_, outcome)| outcome).collect()
    })
}
