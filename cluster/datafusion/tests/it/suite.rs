//! Every record of `tests/suite`, its queries in four parts.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use arrow_array::RecordBatch;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use predictql::data::{Batch, Schema};
use predictql::table::CsvOptions;
use predictql::{Dialect, Engine, Params, Query, Session};
use predictql_datafusion::Failure;
use predictql_host::Error;
use sqllogictest::{DB, DBOutput, DefaultColumnType, Record, Runner};
use tokio::runtime::Runtime;

use crate::notation;
use crate::support::{host, in_parts, repository};

const PARTS: usize = 4;

#[derive(Clone)]
struct Database {
    session: Session,
}

/// `[code] message; hint: …`, as the files match it.
#[derive(Debug)]
struct Told(String);

impl std::fmt::Display for Told {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

impl std::error::Error for Told {}

impl DB for Database {
    type Error = Told;
    type ColumnType = DefaultColumnType;

    fn run(&mut self, sql: &str) -> Result<DBOutput<DefaultColumnType>, Told> {
        let mut output = DBOutput::StatementComplete(0);
        for query in self.session.script(sql, Params::default()).map_err(|error| Told(error.to_string()))? {
            output = finish(query.map_err(|error| Told(error.to_string()))?)?;
        }
        Ok(output)
    }
}

fn finish(query: Query) -> Result<DBOutput<DefaultColumnType>, Told> {
    let mut schema = query.schema().cloned();
    let runtime = Runtime::new().unwrap();
    let told = |error| match Failure::of(&error) {
        Some(failure) => Told(failure.to_string()),
        None => Told(format!("not of the engine: {error:?}")),
    };
    let batches = match runtime.block_on(in_parts(query, PARTS)).map_err(told)? {
        Ok(batches) => {
            let batch = |it: &RecordBatch| {
                Batch::of(schema.as_ref().unwrap(), it.num_rows(), it.columns().to_vec()).unwrap()
            };
            batches.iter().map(batch).collect()
        }
        Err(mut query) => {
            let (batches, found) =
                whole(&mut query).map_err(|error| Told(Failure::from(&error).to_string()))?;
            schema = found;
            batches
        }
    };
    let Some(schema) = schema else { return Ok(DBOutput::StatementComplete(0)) };
    let types = schema.fields.iter().map(|field| match field.data_type.to_string().as_str() {
        "INT64" => DefaultColumnType::Integer,
        "FLOAT64" | "NUMERIC" | "BIGNUMERIC" => DefaultColumnType::FloatingPoint,
        _ => DefaultColumnType::Text,
    });
    Ok(DBOutput::Rows { types: types.collect(), rows: batches.iter().flat_map(notation::rows).collect() })
}

/// The rows of a query in one piece, which writes no files. Some know their columns only when they run.
fn whole(query: &mut Query) -> Result<(Vec<Batch>, Option<Schema>), Error> {
    let mut batches = Vec::new();
    host().of_parts().run(query, &mut (), &mut |batch| {
        batches.push(batch);
        ControlFlow::Continue(())
    })?;
    Ok((batches, query.schema().cloned()))
}

/// The time zones of the tz database that jiff brings.
fn zone_offsets(name: &str, from: i64, until: i64) -> Option<Vec<(i64, i32)>> {
    let zone = TimeZone::get(name).ok()?;
    let start = Timestamp::from_second(from).unwrap();
    let changes =
        zone.following(start).map(|change| (change.timestamp().as_second(), change.offset().seconds()));
    let changes = changes.take_while(|(since, _)| *since < until);
    Some(std::iter::once((from, zone.to_offset(start).seconds())).chain(changes).collect())
}

fn files() -> Vec<PathBuf> {
    let mut folders = vec![repository().join("tests/suite")];
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

fn failures(file: &Path) -> Vec<String> {
    // Times are those that the records expect.
    let engine = Engine::with_time_zones(host().limits().clone(), || 0.0, zone_offsets);
    let iris = std::fs::read(repository().join("tests/fixtures/tables/iris.csv")).unwrap();
    engine.register_csv("iris", &iris, &CsvOptions::default()).unwrap();
    let is_tsql = file.parent().is_some_and(|folder| folder.ends_with("tsql"));
    let session = engine.session();
    let database = Database { session: if is_tsql { session.with_dialect(Dialect::TSql) } else { session } };
    let mut runner = Runner::new(|| async { Ok(database.clone()) });
    let records: Vec<Record<DefaultColumnType>> = sqllogictest::parse_file(file).unwrap();
    let failed = records.into_iter().filter_map(|record| runner.run(record).err());
    failed.map(|error| error.display(false).to_string()).collect()
}

#[test]
fn every_record_passes_in_four_parts() {
    let failures: Vec<_> = files().iter().flat_map(|file| failures(file)).collect();
    assert!(failures.is_empty(), "{}\n\n{} records failed", failures.join("\n\n"), failures.len());
}
