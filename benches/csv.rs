//! What reading a CSV file takes natively: `cargo bench --bench csv -- file.csv`.
#![allow(
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a program that stops at the first surprise, and this is no library"
)]

use std::time::Instant;
use std::{env, fs};

use predictql::table::CsvOptions;
use predictql::{Engine, Limits};

fn main() {
    let file = env::args().nth(1).expect("usage: csv <file>");
    let bytes = fs::read(file).expect("the file can be read");
    for _ in 0..5 {
        let engine = Engine::new(Limits::default(), || 0.0);
        let start = Instant::now();
        engine.register_csv("t", &bytes, &CsvOptions::default()).expect("the table is read");
        println!("{:.0} ms", start.elapsed().as_secs_f64() * 1e3);
    }
}
