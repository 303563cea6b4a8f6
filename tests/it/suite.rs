//! The SQL tests below `tests/suite`: one file a topic, in the format of sqllogictest.
//!
//! Every file starts with the table `iris` and an empty catalog of models. Models and pictures are named by
//! their path in `tests/fixtures`. All records of a file are run, and all that fail are shown. Files below `tsql` are
//! in that dialect.

use std::path::{Path, PathBuf};

use predictql::diag::{Code, Error, Severity};
use predictql::{Dialect, Engine, Params, Query, Session};
use sqllogictest::{DB, DBOutput, DefaultColumnType, Record, Runner};

use crate::host::{self, Outcome};

/// Statements are checked before they run: what runs has no error then. A text without a dialect tells its own.
#[derive(Clone)]
struct Database {
    engine: Engine,
    session: Session,
    dialect: Option<Dialect>,
    /// Runs the statements of a text of this length.
    finish: Finish,
}

/// How a statement is run, given the length of its text.
type Finish = fn(Query, usize) -> Result<Outcome, Error>;

/// The error as the test files match it: `[code] message; hint: …`.
#[derive(Debug, Clone)]
struct Failure(String);

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
        let found = self.engine.check(sql, self.dialect).diagnostics;
        let outcome = self.outcome(sql).map_err(|error| Failure(error.to_string()))?;
        // What fails where that is handled is still wrong.
        let is_handled = sql.contains("EXCEPTION WHEN") || sql.contains("BEGIN TRY");
        if let Some(error) = found.iter().find(|it| it.severity == Severity::Error && !is_handled) {
            return Err(Failure(format!("it runs, but its check finds: {error:?}")));
        }
        match &outcome.schema {
            None => Ok(DBOutput::StatementComplete(0)),
            Some(schema) => {
                let types = schema.fields.iter().map(|field| match field.data_type.to_string().as_str() {
                    "INT64" => DefaultColumnType::Integer,
                    "FLOAT64" | "NUMERIC" | "BIGNUMERIC" => DefaultColumnType::FloatingPoint,
                    _ => DefaultColumnType::Text,
                });
                Ok(DBOutput::Rows { types: types.collect(), rows: Outcome::text_rows(&outcome) })
            }
        }
    }
}

impl Database {
    fn outcome(&self, sql: &str) -> Result<Outcome, Error> {
        let mut outcome = Outcome::default();
        for query in self.session.script(sql, Params::default())? {
            outcome = (self.finish)(query?, sql.len())?;
        }
        Ok(outcome)
    }
}

/// `1` is both an INT64 and a FLOAT64 in the files: the header's letters tell them apart.
#[expect(clippy::ptr_arg, reason = "the runner's type for such functions")]
fn numbers_have_their_type(actual: &Vec<DefaultColumnType>, expected: &Vec<DefaultColumnType>) -> bool {
    let number =
        |letter: &DefaultColumnType| *letter != DefaultColumnType::Text && *letter != DefaultColumnType::Any;
    actual.iter().zip(expected).all(|(a, b)| a == b || !number(a) || !number(b))
}

fn files() -> Vec<PathBuf> {
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/suite")];
    let mut files = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() { folders.push(path) } else { files.push(path) }
        }
    }
    files.sort();
    files
}

fn records(file: &Path) -> Vec<Record<DefaultColumnType>> {
    sqllogictest::parse_file(file).unwrap_or_else(|error| panic!("{error}"))
}

fn database(file: &Path) -> Database {
    let engine = host::engine();
    let is_tsql = file.parent().is_some_and(|folder| folder.ends_with("tsql"));
    let (session, dialect) = (engine.session(), is_tsql.then_some(Dialect::TSql));
    let session = dialect.map_or(session.clone(), |it| session.with_dialect(it));
    Database { session, engine, dialect, finish: |query, _| host::finish(query) }
}

fn failures(file: &Path, database: &Database) -> Vec<String> {
    let mut runner = Runner::new(|| async { Ok(database.clone()) });
    runner.with_column_validator(numbers_have_their_type);
    records(file)
        .into_iter()
        .filter_map(|record| runner.run(record).err().map(|error| error.display(false).to_string()))
        .filter(|failure| !host::is_beyond(failure))
        .collect()
}

/// What fails of all records where statements are run in another way.
pub fn failures_with(finish: Finish) -> Vec<String> {
    files().iter().flat_map(|file| failures(file, &Database { finish, ..database(file) })).collect()
}

#[test]
fn every_record_passes() {
    let failures: Vec<_> = files().iter().flat_map(|file| failures(file, &database(file))).collect();
    assert!(failures.is_empty(), "{}\n\n{} records failed", failures.join("\n\n"), failures.len());
}

/// Rows travel in batches; where one ends must change nothing.
#[test]
fn every_record_passes_in_batches_of_two_rows() {
    let failures: Vec<_> = files()
        .iter()
        .filter(|file| file.parent().is_some_and(|folder| folder.ends_with("sql")))
        .flat_map(|file| {
            let database = database(file);
            let session = database.session.clone().with_batch_rows(2);
            failures(file, &Database { session, ..database })
        })
        .collect();
    assert!(failures.is_empty(), "{}\n\n{} records failed", failures.join("\n\n"), failures.len());
}

/// A code that no record raises is a promise that nobody has seen kept.
#[test]
fn every_code_is_raised() {
    let text: String = files().iter().map(|file| std::fs::read_to_string(file).unwrap()).collect();
    let missing: Vec<_> = Code::ALL
        .iter()
        .filter(|code| {
            !ELSEWHERE.iter().any(|(it, _)| it == *code) && !text.contains(&format!(r"\[{code}\]"))
        })
        .collect();
    assert!(missing.is_empty(), "no record of tests/suite raises {missing:?}");
}

/// What no statement raises, and what does.
pub const ELSEWHERE: &[(Code, &str)] = &[
    (Code::EmptyStatement, "The package's `query` raises it for a text without a statement."),
    (Code::MultipleStatements, "The package's `query` raises it for a text with several statements."),
    (Code::NeedsFullEngine, "The engine for tables raises it, for a model that needs the full one."),
    (Code::FailedRow, "It is a warning beside rows, and no error."),
    (Code::OrientationIgnored, "It is a warning beside rows, and no error."),
    (Code::Internal, "Nothing is known to raise it."),
];
