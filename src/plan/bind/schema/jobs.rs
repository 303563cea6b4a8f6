//! INFORMATION_SCHEMA.JOBS: the log of statements, with the columns of BigQuery's that mean something here, and what models did.

use std::cell::OnceCell;

use super::{number, split, text, time, typed_table};
use crate::catalog::{Ending, Log, Logged};
use crate::control::{Stage, Timings};
use crate::data::{DataType, Scalar, StructField};
use crate::diag::Result;
use crate::model::hexadecimal;
use crate::table::Table;

/// The fields of a column's structs.
type Fields = &'static [(&'static str, DataType)];

const FAILURE: Fields = &[("reason", DataType::String), ("location", DataType::String)];
const TABLE: Fields =
    &[("project_id", DataType::String), ("dataset_id", DataType::String), ("table_id", DataType::String)];
const MODEL: Fields = &[
    ("model_name", DataType::String),
    ("version", DataType::Int64),
    ("alias", DataType::String),
    ("sha256", DataType::String),
];
const LABEL: Fields = &[("key", DataType::String), ("value", DataType::String)];
const STAGE: Fields = &[("name", DataType::String), ("ms", DataType::Float64)];

/// The stages of a statement, by the names that timings have elsewhere.
const STAGES: [(&str, Stage); 7] = [
    ("parse", Stage::Parse),
    ("bind", Stage::Bind),
    ("compile", Stage::Compile),
    ("decode", Stage::Decode),
    ("preprocess", Stage::Preprocess),
    ("infer", Stage::Infer),
    ("project", Stage::Project),
];

/// The log as a statement sees it: as it was when the statement looked at it first, so that binding it again gives the same.
#[derive(Debug, Default)]
pub(crate) struct SeenLog {
    table: OnceCell<Table>,
    /// Whether it is another one than the engine's.
    is_given: bool,
}

impl SeenLog {
    /// One that an engine before this one had.
    pub(crate) fn given(table: Table) -> Self {
        Self { table: table.into(), is_given: true }
    }

    /// What was seen of the engine's.
    pub(crate) fn seen(&self) -> Option<&Table> {
        self.table.get().filter(|_| !self.is_given)
    }

    pub(super) fn look(&self, log: &Log) -> Result<Table> {
        if let Some(table) = self.table.get() {
            return Ok(table.clone());
        }
        let table = view(log)?;
        Ok(self.table.get_or_init(|| table).clone())
    }
}

/// The rows of the log, those of engines before this one first, the latest last.
fn view(log: &Log) -> Result<Table> {
    let Table { schema, batches, notes } = jobs_since(log, 0)?;
    let mut all = log.earlier();
    all.extend(batches);
    Ok(Table { schema, batches: all, notes })
}

/// The rows of the statements that this engine has run, behind the first `seen`.
pub(crate) fn jobs_since(log: &Log, seen: u64) -> Result<Table> {
    let array = |fields| DataType::array(DataType::Struct(struct_fields(fields)));
    let columns = [
        ("job_id", DataType::String),
        ("creation_time", DataType::Timestamp),
        ("start_time", DataType::Timestamp),
        ("end_time", DataType::Timestamp),
        ("job_type", DataType::String),
        ("statement_type", DataType::String),
        ("state", DataType::String),
        ("query", DataType::String),
        ("error_result", DataType::Struct(struct_fields(FAILURE))),
        ("referenced_tables", array(TABLE)),
        ("referenced_models", array(MODEL)),
        ("labels", array(LABEL)),
        ("cache_hit", DataType::Bool),
        ("total_slot_ms", DataType::Int64),
        ("job_stages", array(STAGE)),
        ("rows_in", DataType::Int64),
        ("rows_out", DataType::Int64),
        ("model_runs", DataType::Int64),
        ("engine_version", DataType::String),
        ("engine", DataType::String),
    ];
    typed_table(&columns, log.since(seen).map(|(id, job)| row(id, job)).collect::<Result<_>>()?)
}

fn row(id: &str, job: &Logged) -> Result<Vec<Scalar>> {
    Ok(vec![
        text(id),
        time(job.start),
        time(job.start),
        time(job.end),
        text("QUERY"),
        text(&job.verb.replace("OR REPLACE ", "").replace(' ', "_")),
        text("DONE"),
        text(&job.text),
        failure(job),
        tables(job),
        models(job),
        query_labels(&job.labels),
        Scalar::Bool(false),
        slot_ms(&job.timings),
        stages(&job.timings),
        number(job.counts.model_rows)?,
        number(job.counts.rows)?,
        number(job.counts.model_runs)?,
        text(env!("CARGO_PKG_VERSION")),
        text(if cfg!(feature = "full") { "full" } else { "tables" }),
    ])
}

/// The code of a failure, and the words of the statement that are at fault.
fn failure(job: &Logged) -> Scalar {
    let (reason, place) = match job.ending {
        Ending::Done => return Scalar::Null,
        Ending::Stopped => ("stopped", None),
        Ending::Failed(code, place) => (code.as_str(), place),
    };
    let words = place
        .and_then(|span| job.text.get(span.start.checked_sub(job.place)?..span.end.checked_sub(job.place)?));
    Scalar::Struct(struct_fields(FAILURE), vec![text(reason), words.map_or(Scalar::Null, text)])
}

fn tables(job: &Logged) -> Scalar {
    let table = |name: &String| {
        let (dataset, name) = split(name);
        vec![text(""), text(dataset), text(name)]
    };
    array(TABLE, job.used.tables.iter().map(table))
}

fn models(job: &Logged) -> Scalar {
    let optional = |text_of: Option<&str>| text_of.map_or(Scalar::Null, text);
    let models = job.used.models.iter().map(|used| {
        let version = used.version.as_ref();
        vec![
            optional(version.map(|(name, _)| name.as_str())),
            version.map_or(Scalar::Null, |(_, number)| Scalar::Int64((*number).into())),
            optional(used.alias.as_deref()),
            text(&hexadecimal(used.sha256)),
        ]
    });
    array(MODEL, models)
}

/// The pairs of `key:value,key:value`.
fn query_labels(labels: &Scalar) -> Scalar {
    let pairs = if let Scalar::String(labels) = labels { labels.as_str() } else { "" };
    let pairs = pairs.split(',').map(str::trim).filter(|pair| !pair.is_empty());
    labels_of(pairs.map(|pair| {
        let (key, value) = pair.split_once(':').unwrap_or((pair, ""));
        (key.trim(), value.trim())
    }))
}

/// Keys with values, as jobs and versions have them.
pub(super) fn labels_of<'a>(pairs: impl Iterator<Item = (&'a str, &'a str)>) -> Scalar {
    array(LABEL, pairs.map(|(key, value)| vec![text(key), text(value)]))
}

/// The type of what [`labels_of`] gives.
pub(super) fn labels_type() -> DataType {
    DataType::array(DataType::Struct(struct_fields(LABEL)))
}

fn ms(timings: &Timings, stage: Stage) -> f64 {
    timings.get(stage).as_secs_f64() * 1e3
}

/// The time of all stages.
#[expect(
    clippy::cast_possible_truncation,
    reason = "milliseconds of a statement are far from the range's end"
)]
fn slot_ms(timings: &Timings) -> Scalar {
    Scalar::Int64(STAGES.iter().map(|(_, stage)| ms(timings, *stage)).sum::<f64>().round() as i64)
}

fn stages(timings: &Timings) -> Scalar {
    array(STAGE, STAGES.iter().map(|(name, stage)| vec![text(name), Scalar::Float64(ms(timings, *stage))]))
}

fn struct_fields(fields: Fields) -> Vec<StructField> {
    let field = |(name, data_type): &(&str, DataType)| StructField {
        name: (*name).to_owned(),
        data_type: data_type.clone(),
    };
    fields.iter().map(field).collect()
}

/// An array of structs.
fn array(fields: Fields, rows: impl Iterator<Item = Vec<Scalar>>) -> Scalar {
    let structs = rows.map(|row| Scalar::Struct(struct_fields(fields), row));
    Scalar::Array(DataType::Struct(struct_fields(fields)), structs.collect())
}
