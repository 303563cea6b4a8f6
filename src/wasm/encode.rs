//! What JavaScript gets: the shapes of `types.ts`, results as pieces of one Arrow IPC stream.

use std::collections::BTreeMap;
use std::sync::Arc;

use js_sys::Uint8Array;
use serde::Serialize;
use serde_wasm_bindgen::Serializer;
use wasm_bindgen::JsValue;

use crate::catalog::Relation;
use crate::control::{Progress, Stage, Timings};
use crate::data::{DataType, Field, Schema};
use crate::diag::{Diagnostic, Error, LineIndex, Severity, Span};
use crate::engine::{Check, StatementInfo, Step};
use crate::exec::{Request, Resource, TableFormat};
use crate::model::{Dim, Model, Port};
use crate::table::IpcWriter;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct FailureShape {
    failure: &'static str,
    located: bool,
    diagnostics: Vec<DiagnosticShape>,
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct DiagnosticShape {
    severity: &'static str,
    code: &'static str,
    message: String,
    from: usize,
    to: usize,
    line: usize,
    column: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    hint: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    fix: Option<FixShape>,
}

#[derive(Serialize)]
struct FixShape {
    from: usize,
    to: usize,
    insert: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ColumnShape {
    name: String,
    r#type: &'static str,
    database_type: String,
    nullable: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    shape: Option<Vec<DimShape>>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum DimShape {
    Fixed(usize),
    Free(String),
}

#[derive(Serialize)]
struct TableShape {
    name: String,
    kind: &'static str,
    columns: Vec<ColumnShape>,
    rows: Option<usize>,
    bytes: u64,
    notes: Vec<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ModelShape {
    name: String,
    format: &'static str,
    inputs: Vec<ColumnShape>,
    outputs: Vec<ColumnShape>,
    bytes: usize,
    opset: BTreeMap<String, i64>,
    operators: BTreeMap<String, usize>,
    metadata: BTreeMap<String, String>,
    load_time: f64,
    plans: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_error: Option<String>,
}

#[derive(Serialize)]
struct CheckShape {
    diagnostics: Vec<DiagnosticShape>,
    columns: Vec<ColumnShape>,
}

#[derive(Serialize)]
struct ProgressShape {
    stage: &'static str,
    label: &'static str,
    loaded: usize,
    total: Option<usize>,
    unit: &'static str,
    ratio: Option<f64>,
    cached: bool,
}

#[derive(Serialize)]
struct TimingsShape {
    total: f64,
    parse: f64,
    bind: f64,
    decode: f64,
    preprocess: f64,
    infer: f64,
    project: f64,
    queue: f64,
}

#[derive(Serialize)]
#[serde(untagged)]
enum RequestShape {
    One {
        id: u64,
        kind: &'static str,
        uri: String,
    },
    Listing {
        id: u64,
        kind: &'static str,
        uris: Vec<String>,
    },
    Rows {
        id: u64,
        kind: &'static str,
        uri: String,
        format: &'static str,
        #[serde(skip_serializing_if = "Option::is_none")]
        encoding: Option<String>,
    },
}

#[derive(Serialize)]
#[serde(tag = "kind", rename_all = "camelCase")]
enum StepShape {
    Need {
        resources: Vec<RequestShape>,
    },
    Progress {
        progress: ProgressShape,
    },
    Schema {
        columns: Vec<ColumnShape>,
        #[serde(with = "serde_wasm_bindgen::preserve")]
        ipc: Uint8Array,
    },
    Batch {
        rows: usize,
        #[serde(with = "serde_wasm_bindgen::preserve")]
        ipc: Uint8Array,
    },
    #[serde(rename_all = "camelCase")]
    Done {
        #[serde(with = "serde_wasm_bindgen::preserve")]
        ipc: JsValue,
        #[serde(skip_serializing_if = "Option::is_none")]
        message: Option<String>,
        catalog_changed: bool,
        timings: TimingsShape,
        warnings: Vec<DiagnosticShape>,
    },
}

/// Why a step failed: the engine's own words, or a value that JavaScript could not take.
pub(super) enum StepError {
    Engine(Error),
    Js(JsValue),
}

impl StepError {
    pub(super) fn thrown(self, text: &str) -> JsValue {
        match self {
            Self::Engine(error) => failure(&error, Some(text)),
            Self::Js(value) => value,
        }
    }
}

impl From<Error> for StepError {
    fn from(error: Error) -> Self {
        Self::Engine(error)
    }
}

/// The result's Arrow IPC stream as it comes.
#[derive(Default)]
pub(super) struct Results {
    writer: Option<IpcWriter>,
}

impl Results {
    /// One step of `query`; the first one of a query with rows gives its columns.
    pub(super) fn step(
        &mut self,
        query: &mut crate::engine::Query,
        text: &str,
    ) -> Result<JsValue, StepError> {
        if let (None, Some(schema)) = (&self.writer, query.schema()) {
            let (writer, ipc) = IpcWriter::new(schema)?;
            let columns = column_shapes(schema);
            self.writer = Some(writer);
            return js(&StepShape::Schema { columns, ipc: bytes(&ipc) }).map_err(StepError::Js);
        }
        let shape = match query.step()? {
            Step::Need(requests) => {
                StepShape::Need { resources: requests.into_iter().map(request).collect() }
            }
            Step::Progress(news) => StepShape::Progress { progress: progress(&news) },
            Step::Batch(batch) => {
                let writer = self.writer.as_mut().ok_or_else(no_schema)?;
                StepShape::Batch { rows: batch.rows(), ipc: bytes(&writer.batch(&batch)?) }
            }
            Step::Done(summary) => {
                let end = self.writer.take().map(IpcWriter::finish).transpose()?;
                StepShape::Done {
                    ipc: end.map_or(JsValue::UNDEFINED, |it| bytes(&it).into()),
                    message: summary.message,
                    catalog_changed: summary.catalog_changed,
                    timings: timings(&summary.timings),
                    warnings: diagnostics(summary.warnings.iter(), text),
                }
            }
        };
        js(&shape).map_err(StepError::Js)
    }
}

fn no_schema() -> Error {
    Error::new(crate::diag::Code::Internal, "a statement without columns gave rows")
}

fn bytes(bytes: &[u8]) -> Uint8Array {
    Uint8Array::from(bytes)
}

fn js(value: &impl Serialize) -> Result<JsValue, JsValue> {
    let serializer = Serializer::new().serialize_maps_as_objects(true).serialize_missing_as_null(true);
    value.serialize(&serializer).map_err(JsValue::from)
}

/// An `EngineFailure`; `text` is the SQL text that its places are in.
#[derive(Serialize)]
struct StatementShape {
    from: usize,
    to: usize,
    verb: &'static str,
}

pub(super) fn statements(statements: &[StatementInfo], text: &str) -> Result<JsValue, JsValue> {
    let index = LineIndex::new(text);
    let shape = |statement: &StatementInfo| StatementShape {
        from: index.utf16(statement.span.start),
        to: index.utf16(statement.span.end),
        verb: statement.verb,
    };
    js(&statements.iter().map(shape).collect::<Vec<_>>())
}

pub(super) fn failure(error: &Error, text: Option<&str>) -> JsValue {
    let shape = FailureShape {
        failure: "predictql",
        located: text.is_some() && error.first().span.is_some(),
        diagnostics: diagnostics(error.diagnostics(), text.unwrap_or_default()),
        detail: error.first().detail.clone(),
    };
    js(&shape).unwrap_or_else(|error| error)
}

fn diagnostics<'a>(found: impl Iterator<Item = &'a Diagnostic>, text: &str) -> Vec<DiagnosticShape> {
    let index = LineIndex::new(text);
    found
        .map(|it| {
            let span = it.span.unwrap_or_default();
            let start = index.line_column(span.start);
            let units = |span: Span| (index.utf16(span.start), index.utf16(span.end));
            let (from, to) = units(span);
            DiagnosticShape {
                severity: match it.severity {
                    Severity::Error => "error",
                    Severity::Warning => "warning",
                },
                code: it.code.as_str(),
                message: it.message.clone(),
                from,
                to,
                line: start.line,
                column: start.column,
                hint: it.hint.clone(),
                fix: it.fix.as_ref().map(|fix| {
                    let (from, to) = units(fix.span);
                    FixShape { from, to, insert: fix.insert.clone() }
                }),
            }
        })
        .collect()
}

pub(super) fn check(check: &Check, text: &str) -> Result<JsValue, JsValue> {
    js(&CheckShape {
        diagnostics: diagnostics(check.diagnostics.iter(), text),
        columns: check.schema.as_ref().map(column_shapes).unwrap_or_default(),
    })
}

pub(super) fn columns(schema: &Schema) -> Result<JsValue, JsValue> {
    js(&column_shapes(schema))
}

fn column_shapes(schema: &Schema) -> Vec<ColumnShape> {
    schema.fields.iter().map(|Field { name, data_type }| column(name, data_type, true, None)).collect()
}

fn column(name: &str, data_type: &DataType, nullable: bool, shape: Option<Vec<DimShape>>) -> ColumnShape {
    let word = match data_type {
        DataType::Int64 => "integer",
        DataType::Float64 => "number",
        DataType::Bool => "boolean",
        DataType::String => "string",
        DataType::Bytes => "buffer",
        DataType::Date | DataType::Timestamp => "date",
        DataType::Array(_) => "array",
        DataType::Struct(_) | DataType::Tensor | DataType::Picture | DataType::IntegerPicture => "object",
    };
    ColumnShape { name: name.into(), r#type: word, database_type: data_type.to_string(), nullable, shape }
}

fn table_shape(name: &str, relation: &Relation) -> TableShape {
    TableShape {
        name: name.into(),
        kind: match relation {
            Relation::Table(_) => "table",
            Relation::Objects(_) => "images",
            Relation::View(_) => "view",
        },
        columns: column_shapes(&relation.schema()),
        rows: relation.rows(),
        bytes: relation.bytes(),
        notes: if let Relation::Table(table) = relation { table.notes.clone() } else { Vec::new() },
    }
}

pub(super) fn table(name: &str, relation: &Relation) -> Result<JsValue, JsValue> {
    js(&table_shape(name, relation))
}

pub(super) fn tables(tables: &[(String, Relation)]) -> Result<JsValue, JsValue> {
    js(&tables.iter().map(|(name, relation)| table_shape(name, relation)).collect::<Vec<_>>())
}

fn model_shape(name: &str, model: &Model) -> ModelShape {
    let port = |port: &Port| {
        let shape = port.shape.iter().map(|dim| match dim {
            Dim::Fixed(length) => DimShape::Fixed(*length),
            Dim::Free(_) => DimShape::Free(dim.to_string()),
        });
        column(&port.name, &port.data_type, !port.required, Some(shape.collect()))
    };
    let (facts, status) = (model.facts(), model.status());
    ModelShape {
        name: name.into(),
        format: facts.format.name(),
        inputs: model.signature().inputs.iter().map(port).collect(),
        outputs: model.signature().outputs.iter().map(port).collect(),
        bytes: facts.bytes,
        opset: facts.opset.clone(),
        operators: facts.operators.clone(),
        metadata: facts.metadata.clone(),
        load_time: model.load_time().as_secs_f64() * 1e3,
        plans: status.plans,
        last_error: status.last_error.map(|error| error.to_string()),
    }
}

pub(super) fn model(name: &str, model: &Model) -> Result<JsValue, JsValue> {
    js(&model_shape(name, model))
}

pub(super) fn models(models: &[(String, Arc<Model>)]) -> Result<JsValue, JsValue> {
    js(&models.iter().map(|(name, model)| model_shape(name, model)).collect::<Vec<_>>())
}

fn request(request: Request) -> RequestShape {
    let id = request.id;
    match request.resource {
        Resource::Model { uri } => RequestShape::One { id, kind: "model", uri },
        Resource::Object { uri } => RequestShape::One { id, kind: "object", uri },
        Resource::Objects { uris } => RequestShape::Listing { id, kind: "objects", uris },
        Resource::Table { uri, format, encoding } => {
            let format = match format {
                TableFormat::Csv => "csv",
                TableFormat::Arrow => "arrow",
                TableFormat::Json => "json",
                TableFormat::Parquet => "parquet",
            };
            RequestShape::Rows { id, kind: "table", uri, format, encoding }
        }
    }
}

fn progress(news: &Progress) -> ProgressShape {
    let (stage, label) = match news.stage {
        Stage::Compile => ("compile", "Preparing the model"),
        Stage::Decode => ("decode", "Decoding pictures"),
        Stage::Preprocess => ("preprocess", "Resizing pictures"),
        Stage::Infer => ("infer", "Predicting"),
        Stage::Parse | Stage::Bind | Stage::Project => ("preprocess", "Reading rows"),
    };
    #[expect(clippy::cast_precision_loss, reason = "a ratio for a progress bar")]
    let ratio = news.total.filter(|total| *total > 0).map(|total| news.rows as f64 / total as f64);
    ProgressShape { stage, label, loaded: news.rows, total: news.total, unit: "rows", ratio, cached: false }
}

fn timings(timings: &Timings) -> TimingsShape {
    let ms = |stage| timings.get(stage).as_secs_f64() * 1e3;
    let [parse, bind, decode, preprocess] =
        [Stage::Parse, Stage::Bind, Stage::Decode, Stage::Preprocess].map(ms);
    let [infer, compile, project] = [Stage::Infer, Stage::Compile, Stage::Project].map(ms);
    let total = parse + bind + decode + preprocess + infer + compile + project;
    // What the contract has no word for is part of the total alone: the loading of models.
    TimingsShape { total, parse, bind, decode, preprocess, infer, project, queue: 0.0 }
}
