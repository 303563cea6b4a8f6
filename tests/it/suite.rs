//! The SQL tests of `tests/suite`: one file a topic, in the format of sqllogictest.
//!
//! Every file starts with the table `iris` and an empty catalog of models. Models and pictures are named by
//! their path in `tests/fixtures`.

use std::path::Path;

use predictql::diag::Error;
use sqllogictest::{DB, DBOutput, DefaultColumnType, Runner};

use crate::host::{self, Outcome};

struct Database(predictql::Engine);

/// The error as the test files match it: `[code] message; hint: …`.
#[derive(Debug, Clone)]
struct Failure(Error);

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

impl std::error::Error for Failure {}

impl DB for Database {
    type Error = Failure;
    type ColumnType = DefaultColumnType;

    fn run(&mut self, sql: &str) -> Result<DBOutput<DefaultColumnType>, Failure> {
        let outcome = host::run(&self.0, sql).map_err(Failure)?;
        match &outcome.schema {
            None => Ok(DBOutput::StatementComplete(0)),
            Some(schema) => {
                let types = schema.fields.iter().map(|field| match field.data_type.to_string().as_str() {
                    "INT64" => DefaultColumnType::Integer,
                    "FLOAT64" => DefaultColumnType::FloatingPoint,
                    _ => DefaultColumnType::Text,
                });
                Ok(DBOutput::Rows { types: types.collect(), rows: Outcome::text_rows(&outcome) })
            }
        }
    }
}

#[test]
fn every_file_passes() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/suite");
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    assert!(!files.is_empty());
    let failures: Vec<_> = files
        .iter()
        .filter_map(|file| {
            let mut runner = Runner::new(|| async { Ok(Database(host::engine())) });
            runner.run_file(file).err().map(|error| error.display(false).to_string())
        })
        .collect();
    assert!(
        failures.is_empty(),
        "{} of {} files failed:\n{}",
        failures.len(),
        files.len(),
        failures.join("\n\n")
    );
}
