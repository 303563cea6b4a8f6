//! Runs SQL from standard input, a statement a line, and prints its rows as the SQL test files write them.
//!
//! An argument is the number of rows that travel together. Behind every statement comes a line of four dashes; a statement that fails prints `error [code] message`.
//! `fuzz.py` asks it for thousands of answers.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a test's tool"
)]

use std::io::{self, BufRead, Write};

use predictql::diag::Error;
use predictql::{Engine, Params, Session, Step};

#[path = "../it/notation.rs"]
mod notation;

fn main() -> io::Result<()> {
    let mut session = Engine::default().session();
    if let Some(rows) = std::env::args().nth(1) {
        session = session.with_batch_rows(rows.parse().expect("the argument is a number of rows"));
    }
    let mut out = io::stdout().lock();
    for line in io::stdin().lock().lines() {
        match run(&session, &line?) {
            Ok(rows) => rows.iter().try_for_each(|row| writeln!(out, "{}", row.join(" ")))?,
            Err(error) => writeln!(out, "error {}", error.to_string().replace('\n', " "))?,
        }
        writeln!(out, "----")?;
        out.flush()?;
    }
    Ok(())
}

fn run(session: &Session, sql: &str) -> Result<Vec<Vec<String>>, Error> {
    let mut rows = Vec::new();
    for query in session.script(sql, Params::default())? {
        let mut query = query?;
        loop {
            match query.step()? {
                Step::Batch(batch) => rows.extend(notation::rows(&batch)),
                Step::Progress(_) => {}
                Step::Need(requests) => {
                    for request in requests {
                        query.refuse(request.id, "this program reads no files")?;
                    }
                }
                Step::Done(_) => break,
            }
        }
    }
    Ok(rows)
}
