//! A native host: brings files from the fixtures' folder and the demo's, and collects results.

use std::fs;
use std::path::{Path, PathBuf};

use arrow_array::ArrayRef;
use arrow_array::cast::AsArray;
use arrow_array::types::{Float64Type, Int64Type};
use predictql::data::{Batch, Schema};
use predictql::diag::Error;
use predictql::table::{CsvOptions, Hash, Object};
use predictql::{Engine, ExportPiece, Limits, Params, Query, Request, Resource, Session, Step, Summary};

use crate::notation;

/// What a statement gave.
#[derive(Debug, Default)]
pub struct Outcome {
    pub schema: Option<Schema>,
    pub batches: Vec<Batch>,
    pub summary: Summary,
    /// What it has written of files.
    pub exported: Vec<ExportPiece>,
}

pub fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures")
}

/// A file of the fixtures, or of the demo's data, which `cargo xtask test` fetches before.
pub fn read(name: &str) -> Vec<u8> {
    let demo = Path::new(env!("CARGO_MANIFEST_DIR")).join("www/public/demo");
    [fixtures().join(name), demo.join(name)].iter().find_map(|path| fs::read(path).ok()).unwrap_or_else(
        || panic!("{name} is missing: run `cargo xtask demo --check` once to fetch the demo's data"),
    )
}

pub fn json(name: &str) -> serde_json::Value {
    serde_json::from_slice(&read(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// Whether a failure only says that the engine for tables leaves something to the full one, where it is the one that runs.
pub fn is_beyond(failure: &str) -> bool {
    cfg!(not(feature = "full")) && failure.contains("needs-full-engine")
}

/// An engine with the tables that most tests use.
pub fn engine() -> Engine {
    let engine = Engine::with_time_zones(Limits::default(), || 0.0, zone_offsets);
    engine.register_csv("iris", &read("tables/iris.csv"), &CsvOptions::default()).unwrap();
    engine
}

/// The time zones of this host: those of the tz database that jiff brings.
pub fn zone_offsets(name: &str, from: i64, until: i64) -> Option<Vec<(i64, i32)>> {
    let zone = jiff::tz::TimeZone::get(name).ok()?;
    let start = jiff::Timestamp::from_second(from).unwrap();
    let changes =
        zone.following(start).map(|change| (change.timestamp().as_second(), change.offset().seconds()));
    let changes = changes.take_while(|(since, _)| *since < until);
    Some(std::iter::once((from, zone.to_offset(start).seconds())).chain(changes).collect())
}

/// Runs all statements of a script; the outcome is that of the last one.
pub fn run(engine: &Engine, sql: &str) -> Result<Outcome, Error> {
    run_with(engine, sql, Params::default())
}

pub fn run_with(engine: &Engine, sql: &str, params: Params) -> Result<Outcome, Error> {
    run_in(&engine.session(), sql, params)
}

pub fn run_in(session: &Session, sql: &str, params: Params) -> Result<Outcome, Error> {
    let mut outcome = Outcome::default();
    for query in session.script(sql, params)? {
        outcome = finish(query?)?;
    }
    Ok(outcome)
}

pub fn finish(query: Query) -> Result<Outcome, Error> {
    finish_with(query, answer)
}

/// Steps a query to its end, where `answer` brings what it needs and takes what it exports.
pub fn finish_with(
    mut query: Query,
    mut answer: impl FnMut(&mut Query, Request, &mut Vec<ExportPiece>) -> Result<(), Error>,
) -> Result<Outcome, Error> {
    let mut outcome = Outcome::default();
    loop {
        match query.step()? {
            Step::Batch(batch) => outcome.batches.push(batch),
            Step::Progress(_) => {}
            Step::Need(requests) => {
                for request in requests {
                    answer(&mut query, request, &mut outcome.exported)?;
                }
            }
            Step::Done(summary) => {
                outcome.schema = query.schema().cloned();
                outcome.summary = summary;
                return Ok(outcome);
            }
        }
    }
}

/// Answers a request, and takes what is exported.
pub fn answer(query: &mut Query, request: Request, exported: &mut Vec<ExportPiece>) -> Result<(), Error> {
    match request.resource {
        Resource::Model { uri } | Resource::Object { uri, .. } | Resource::Table { uri, .. } => {
            match find(&uri) {
                Some(path) => query.supply(request.id, fs::read(path).unwrap()),
                None => query.refuse(request.id, format!("`{uri}` was not found")),
            }
        }
        Resource::Converted { uri, signature } => {
            match formats::convert(folder(&uri), &formats::Options { signature }) {
                Ok(onnx) => query.supply(request.id, onnx),
                Err(refusal) => query.refuse(request.id, refusal.to_string()),
            }
        }
        Resource::Export(piece) => {
            exported.push(piece);
            query.supply(request.id, Vec::new())
        }
        Resource::Objects { uris } => query.supply_objects(request.id, list(&uris)),
        other => panic!("the test host cannot bring {other:?}"),
    }
}

/// The files of the fixtures that a model of TensorFlow's consists of: `uri` itself, or all in the folder before `*`.
pub fn folder(uri: &str) -> Vec<(String, Vec<u8>)> {
    let mut left = vec![fixtures().join(uri.trim_end_matches('*'))];
    let mut files = Vec::new();
    while let Some(path) = left.pop() {
        match fs::read_dir(&path) {
            Ok(entries) => left.extend(entries.map(|entry| entry.unwrap().path())),
            Err(_) => files.push((path.to_string_lossy().into_owned(), fs::read(&path).unwrap_or_default())),
        }
    }
    files
}

fn find(uri: &str) -> Option<PathBuf> {
    let demo = Path::new(env!("CARGO_MANIFEST_DIR")).join("www/public/demo");
    [fixtures().join(uri), demo.join(uri)].into_iter().find(|path| path.is_file())
}

fn list(patterns: &[String]) -> Vec<Object> {
    let mut objects = Vec::new();
    for pattern in patterns {
        let (start, suffix) = pattern.split_once('*').unwrap_or((pattern, ""));
        let folder = start.rfind('/').map_or("", |at| &start[..=at]);
        let mut names = match find(pattern) {
            Some(_) => vec![pattern.clone()],
            None => fs::read_dir(fixtures().join(folder))
                .into_iter()
                .flatten()
                .filter(|entry| entry.as_ref().is_ok_and(|entry| entry.path().is_file()))
                .map(|entry| format!("{folder}{}", entry.unwrap().file_name().to_string_lossy()))
                .filter(|name| name.starts_with(start) && name.ends_with(suffix))
                .collect(),
        };
        names.sort();
        objects.extend(names.into_iter().map(|uri| Object {
            size: fs::metadata(find(&uri).unwrap()).unwrap().len(),
            content_type: "image/png".into(),
            updated_ms: 0,
            hash: Hash::OfBytes,
            is_live: false,
            uri,
        }));
    }
    objects
}

impl Outcome {
    pub fn names(&self) -> Vec<&str> {
        self.schema.iter().flat_map(|schema| &schema.fields).map(|field| field.name.as_str()).collect()
    }

    pub fn rows(&self) -> usize {
        self.batches.iter().map(Batch::rows).sum()
    }

    pub fn column(&self, name: &str) -> Vec<&ArrayRef> {
        let at = self.names().iter().position(|it| *it == name).unwrap_or_else(|| panic!("no column {name}"));
        self.batches.iter().map(|batch| &batch.columns()[at]).collect()
    }

    pub fn ints(&self, name: &str) -> Vec<i64> {
        self.column(name).iter().flat_map(|it| it.as_primitive::<Int64Type>().values().to_vec()).collect()
    }

    pub fn floats(&self, name: &str) -> Vec<f64> {
        self.column(name).iter().flat_map(|it| it.as_primitive::<Float64Type>().values().to_vec()).collect()
    }

    pub fn texts(&self, name: &str) -> Vec<String> {
        self.column(name)
            .iter()
            .flat_map(|it| it.as_string::<i32>().iter().map(|it| it.unwrap().to_owned()).collect::<Vec<_>>())
            .collect()
    }

    pub fn float_lists(&self, name: &str) -> Vec<Vec<f64>> {
        self.column(name)
            .iter()
            .flat_map(|it| it.as_list::<i32>().iter().collect::<Vec<_>>())
            .map(|list| list.unwrap().as_primitive::<Float64Type>().values().to_vec())
            .collect()
    }

    /// Every row as text, in the notation of the SQL test files.
    pub fn text_rows(&self) -> Vec<Vec<String>> {
        self.batches.iter().flat_map(notation::rows).collect()
    }
}
