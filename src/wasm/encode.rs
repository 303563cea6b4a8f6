//! What JavaScript gets: the shapes of `types.ts`, results as pieces of one Arrow IPC stream.

use litemap::LiteMap;
use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

use js_sys::{Array, Float64Array, Uint8Array};
use serde::Serialize;
use serde_wasm_bindgen::Serializer;
use wasm_bindgen::JsValue;

use crate::catalog::{ModelVersion, Relation};
use crate::control::{Progress, Stage, Timings};
use crate::data::{DataType, Field, Schema};
use crate::diag::{Diagnostic, Error, Invariant, LineIndex, Severity, Span};
use crate::engine::{Check, Completion, PreparedParameter, StatementInfo, Step, Summary};
use crate::exec::{ExportPiece, Request, Resource, TableFormat};
use crate::model::{Dim, Port};
use crate::table::{write_batch, write_schema};

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
    version: u32,
    aliases: Vec<String>,
    default: bool,
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    source: Option<String>,
    sha256: String,
    format: &'static str,
    inputs: Vec<ColumnShape>,
    outputs: Vec<ColumnShape>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    labels: Vec<String>,
    bytes: usize,
    opset: LiteMap<String, i64>,
    operators: LiteMap<String, usize>,
    unsupported_ops: [&'static str; 0],
    metadata: LiteMap<String, String>,
    load_time: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_error: Option<String>,
}

#[derive(Serialize)]
struct CheckShape {
    diagnostics: Vec<DiagnosticShape>,
    columns: Vec<ColumnShape>,
    params: Vec<ColumnShape>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum RequestShape {
    One {
        id: u64,
        kind: &'static str,
        uri: String,
    },
    Object {
        id: u64,
        kind: &'static str,
        uri: String,
        #[serde(skip_serializing_if = "Vec::is_empty")]
        following: Vec<String>,
    },
    Listing {
        id: u64,
        kind: &'static str,
        uris: Vec<String>,
    },
    Converted {
        id: u64,
        kind: &'static str,
        uri: String,
        #[serde(skip_serializing_if = "Option::is_none")]
        signature: Option<String>,
    },
    Module {
        id: u64,
        kind: &'static str,
    },
    Stream {
        id: u64,
        kind: &'static str,
        table: String,
        reader: u64,
        columns: Vec<String>,
        most: usize,
    },
    Export {
        id: u64,
        kind: &'static str,
        uri: String,
        format: &'static str,
        gzip: bool,
        overwrite: bool,
        first: bool,
        last: bool,
        bytes: BytesShape,
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

/// Bytes as one array.
struct BytesShape(Arc<[u8]>);

impl Serialize for BytesShape {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(&self.0)
    }
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
    is_begun: bool,
    /// The columns that the host knows from a query before.
    told: Rc<RefCell<Option<Schema>>>,
}

/// What came of a query in one turn: the `Turn` of `types.ts`, with no more calls of JavaScript than it has parts.
#[derive(Default)]
struct Turn {
    columns: Option<JsValue>,
    /// The piece of the stream with the schema, and what it says.
    schema: Option<(Vec<u8>, Schema)>,
    rows: Vec<u8>,
    progress: Option<Progress>,
    need: Option<Vec<Request>>,
    done: Option<Summary>,
}

impl Results {
    /// The results of a query whose columns may be told already. If they are not known from the start, they come at a
    /// time when the host may have stopped listening, and are told each time.
    pub(super) fn of(query: &crate::engine::Query, told: &Rc<RefCell<Option<Schema>>>) -> Self {
        let told = if query.schema().is_some() { told.clone() } else { Rc::default() };
        Self { is_begun: false, told }
    }

    /// Steps of `query` until it is done, needs something or is `late`, with `one` until there is a batch.
    pub(super) fn turn(
        &mut self,
        query: &mut crate::engine::Query,
        text: &str,
        one: bool,
        late: &dyn Fn() -> bool,
    ) -> Result<Array, StepError> {
        let mut turn = Turn::default();
        loop {
            if let (false, Some(schema)) = (self.is_begun, query.schema()) {
                self.is_begun = true;
                if self.told.borrow().as_ref() == Some(schema) {
                    turn.columns = Some(JsValue::NULL);
                } else {
                    turn.columns = Some(columns(schema).map_err(StepError::Js)?);
                    turn.schema = Some((write_schema(schema)?, schema.clone()));
                }
            }
            match query.step()? {
                Step::Need(requests) => turn.need = Some(requests),
                Step::Progress(news) => {
                    let is_late = late();
                    // Where nothing was counted, it is news only that the query is still busy.
                    if news.rows > 0 || is_late && turn.progress.is_none() {
                        turn.progress = Some(news);
                    }
                    if !is_late {
                        continue;
                    }
                }
                Step::Batch(batch) => {
                    let schema = query.schema().invariant("a statement without columns gave rows")?;
                    turn.rows.extend(write_batch(schema, &batch)?);
                    if !one && !late() {
                        continue;
                    }
                }
                Step::Done(summary) => turn.done = Some(summary),
            }
            let told = turn.schema.as_ref().map(|(_, schema)| schema.clone());
            let turn = turn.array(text).map_err(StepError::Js)?;
            // Not before: of a turn that failed the host sees nothing.
            if told.is_some() {
                self.told.replace(told);
            }
            return Ok(turn);
        }
    }
}

impl Turn {
    fn array(self, text: &str) -> Result<Array, JsValue> {
        let turn = Array::new_with_length(6);
        let set = |place, value: JsValue| turn.set(place, value);
        if let Some(columns) = self.columns {
            set(0, columns);
        }
        if let Some((schema, _)) = self.schema {
            set(1, bytes(&schema).into());
        }
        if !self.rows.is_empty() {
            set(2, bytes(&self.rows).into());
        }
        if let Some(progress) = self.progress {
            set(3, Float64Array::from(news(&progress).as_slice()).into());
        }
        if let Some(requests) = self.need {
            set(4, js(&requests.into_iter().map(request).collect::<Vec<_>>())?);
        }
        if let Some(summary) = self.done {
            set(5, done(summary, text)?.into());
        }
        Ok(turn)
    }
}

fn done(summary: Summary, text: &str) -> Result<Array, JsValue> {
    let done = Array::new_with_length(5);
    done.set(0, Float64Array::from(timings(&summary.timings).as_slice()).into());
    if !summary.warnings.is_empty() {
        done.set(1, js(&diagnostics(summary.warnings.iter(), text))?);
    }
    done.set(2, summary.catalog_changed.into());
    if let Some(message) = summary.message {
        done.set(3, message.into());
    }
    if let Some(log) = summary.log {
        done.set(4, bytes(&log).into());
    }
    Ok(done)
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
        params: check.parameters.iter().map(parameter_shape).collect(),
    })
}

#[derive(Serialize)]
struct CompletionShape<'a> {
    label: &'a str,
    r#type: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    info: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    apply: Option<&'a str>,
}

pub(super) fn completions(completions: &[Completion]) -> Result<JsValue, JsValue> {
    fn shape(completion: &Completion) -> CompletionShape<'_> {
        CompletionShape {
            label: &completion.label,
            r#type: completion.kind.as_str(),
            detail: completion.detail.as_deref(),
            info: completion.info.as_deref(),
            apply: completion.apply.as_deref(),
        }
    }
    js(&completions.iter().map(shape).collect::<Vec<_>>())
}

pub(super) fn parameters(parameters: &[PreparedParameter]) -> Result<JsValue, JsValue> {
    js(&parameters.iter().map(parameter_shape).collect::<Vec<_>>())
}

fn parameter_shape(parameter: &PreparedParameter) -> ColumnShape {
    column(&parameter.name, &parameter.data_type, true, None)
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
        // JavaScript has no number that holds their digits.
        DataType::String
        | DataType::Numeric
        | DataType::BigNumeric
        | DataType::Time
        | DataType::Json
        | DataType::Interval => "string",
        DataType::Bytes => "buffer",
        DataType::Date | DataType::Timestamp | DataType::Datetime => "date",
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
            Relation::Stream(_) => "stream",
            Relation::View(_) => "view",
        },
        columns: column_shapes(&relation.schema()),
        rows: relation.rows(),
        bytes: relation.bytes(),
        notes: match relation {
            Relation::Table(table) => table.notes.clone(),
            Relation::Stream(stream) => stream.notes.clone(),
            Relation::Objects(_) | Relation::View(_) => Vec::new(),
        },
    }
}

pub(super) fn table(name: &str, relation: &Relation) -> Result<JsValue, JsValue> {
    js(&table_shape(name, relation))
}

pub(super) fn tables(tables: &[(String, Relation)]) -> Result<JsValue, JsValue> {
    js(&tables.iter().map(|(name, relation)| table_shape(name, relation)).collect::<Vec<_>>())
}

fn model_shape(version: &ModelVersion) -> ModelShape {
    let model = &version.model;
    let port = |port: &Port| {
        let shape = port.shape.iter().map(|dim| match dim {
            Dim::Fixed(length) => DimShape::Fixed(*length),
            Dim::Free(_) => DimShape::Free(dim.to_string()),
        });
        column(&port.name, &port.data_type, !port.required, Some(shape.collect()))
    };
    let facts = model.facts();
    ModelShape {
        name: version.name.clone(),
        version: version.number,
        aliases: version.aliases.clone(),
        default: version.is_default,
        status: "ready",
        source: version.source.clone(),
        sha256: model.sha256(),
        format: facts.format.name(),
        inputs: model.signature().inputs.iter().map(port).collect(),
        outputs: model.signature().outputs.iter().map(port).collect(),
        labels: model.labels(),
        bytes: facts.bytes,
        opset: facts.opset.clone(),
        operators: facts.operators.clone(),
        // A file with an operator that is missing is refused.
        unsupported_ops: [],
        metadata: facts.metadata.clone(),
        load_time: model.load_time().as_secs_f64() * 1e3,
        last_error: model.last_error().map(|error| error.to_string()),
    }
}

pub(super) fn model(version: &ModelVersion) -> Result<JsValue, JsValue> {
    js(&model_shape(version))
}

pub(super) fn models(versions: &[ModelVersion]) -> Result<JsValue, JsValue> {
    js(&versions.iter().map(model_shape).collect::<Vec<_>>())
}

fn request(request: Request) -> RequestShape {
    let id = request.id;
    match request.resource {
        Resource::Model { uri } => RequestShape::One { id, kind: "model", uri },
        Resource::Converted { uri, signature } => {
            RequestShape::Converted { id, kind: "converted", uri, signature }
        }
        Resource::Object { uri, following } => RequestShape::Object { id, kind: "object", uri, following },
        Resource::Rows { table, reader, columns, most, .. } => {
            let reader = reader.unwrap_or(id);
            RequestShape::Stream { id, kind: "rows", table, reader, columns, most }
        }
        Resource::Decoder => RequestShape::Module { id, kind: "decoder" },
        Resource::Tokenizers => RequestShape::Module { id, kind: "tokenizers" },
        Resource::Objects { uris } => RequestShape::Listing { id, kind: "objects", uris },
        Resource::Table { uri, format, encoding } => {
            RequestShape::Rows { id, kind: "table", uri, format: format_word(format), encoding }
        }
        Resource::Export(ExportPiece { uri, format, gzip, overwrite, first, last, bytes }) => {
            let (kind, format, bytes) = ("export", format_word(format), BytesShape(bytes));
            RequestShape::Export { id, kind, uri, format, gzip, overwrite, first, last, bytes }
        }
    }
}

fn format_word(format: TableFormat) -> &'static str {
    match format {
        TableFormat::Csv => "csv",
        TableFormat::Arrow => "arrow",
        TableFormat::Json => "json",
        TableFormat::Parquet => "parquet",
    }
}

/// The numbers of `News`.
#[expect(clippy::cast_precision_loss, reason = "rows in memory are far below 2^53")]
fn news(news: &Progress) -> [f64; 3] {
    let stage = match news.stage {
        Stage::Parse | Stage::Bind | Stage::Project => 0.0,
        Stage::Compile => 1.0,
        Stage::Decode => 2.0,
        Stage::Preprocess => 3.0,
        Stage::Infer => 4.0,
    };
    [stage, news.rows as f64, news.total.map_or(f64::NAN, |total| total as f64)]
}

/// Milliseconds in the order of `Done`.
fn timings(timings: &Timings) -> [f64; 7] {
    let ms = |stage| timings.get(stage).as_secs_f64() * 1e3;
    let [parse, bind, decode, preprocess] =
        [Stage::Parse, Stage::Bind, Stage::Decode, Stage::Preprocess].map(ms);
    let [infer, compile, project] = [Stage::Infer, Stage::Compile, Stage::Project].map(ms);
    let total = parse + bind + decode + preprocess + infer + compile + project;
    // What the contract has no word for is part of the total alone: the loading of models.
    [total, parse, bind, decode, preprocess, infer, project]
}
