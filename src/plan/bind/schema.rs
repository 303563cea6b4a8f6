//! The catalog as tables: INFORMATION_SCHEMA, SHOW, DESCRIBE.
//!
//! INFORMATION_SCHEMA's views of models are Spanner's, since BigQuery has none; those of tables are the columns of
//! BigQuery's that mean something here.

use arrow_array::UInt64Array;

mod jobs;

pub(crate) use jobs::{SeenLog, jobs_since};

use super::Binder;
use crate::catalog::{Relation, Version, Versions, parts};
use crate::data::{Batch, DataType, Field, Operand, Scalar, Schema, array_of};
use crate::diag::{Code, Error, Invariant, Result};
use crate::function;
use crate::json;
use crate::model::{Model, Port};
use crate::syntax::{ast, written};
use crate::table::Table;

/// The tables of INFORMATION_SCHEMA.
pub(crate) const VIEWS: &[&str] = &[
    "TABLES",
    "COLUMNS",
    "MODELS",
    "MODEL_OPTIONS",
    "MODEL_COLUMNS",
    "MODEL_COLUMN_OPTIONS",
    "MODEL_VERSIONS",
    "MODEL_ALIASES",
    "ROUTINES",
    "JOBS",
];

/// Views that BigQuery and SQL Server have of what is no matter here.
const LEFT_OUT: &[&str] = &[
    "SCHEMATA",
    "SCHEMATA_OPTIONS",
    "VIEWS",
    "COLUMN_FIELD_PATHS",
    "TABLE_OPTIONS",
    "TABLE_STORAGE",
    "TABLE_CONSTRAINTS",
    "KEY_COLUMN_USAGE",
    "CONSTRAINT_COLUMN_USAGE",
    "PARTITIONS",
    "PARAMETERS",
    "ROUTINE_OPTIONS",
    "SEARCH_INDEXES",
    "VECTOR_INDEXES",
    "OBJECT_PRIVILEGES",
    "JOBS_TIMELINE",
    "SESSIONS",
];

impl Binder<'_> {
    /// The table that `[dataset.]INFORMATION_SCHEMA.name` means.
    pub(super) fn information_schema(&self, path: &ast::Path) -> Result<Option<Table>> {
        let [.., schema, view] = path.parts.as_slice() else { return Ok(None) };
        if view.text.eq_ignore_ascii_case("__TABLES__") {
            return Err(Error::new(Code::UnsupportedSyntax, "`__TABLES__` is left out")
                .at(view.span)
                .hint("INFORMATION_SCHEMA.TABLES tells what is there"));
        }
        if !schema.text.eq_ignore_ascii_case("INFORMATION_SCHEMA") {
            return Ok(None);
        }
        let table = match view.text.to_ascii_uppercase().as_str() {
            "TABLES" => self.tables_view(),
            "COLUMNS" => self.columns_view(),
            "MODELS" => self.models_view(),
            "MODEL_OPTIONS" => self.model_options_view(),
            "MODEL_COLUMNS" => self.model_columns_view(),
            "MODEL_COLUMN_OPTIONS" => self.model_column_options_view(),
            "MODEL_VERSIONS" => self.model_versions_view(None),
            "MODEL_ALIASES" => self.model_aliases_view(),
            "ROUTINES" => routines_view(),
            "JOBS" | "JOBS_BY_PROJECT" | "JOBS_BY_USER" => self.context.log.look(&self.context.catalog.log),
            name if LEFT_OUT.contains(&name) => {
                let message = format!("INFORMATION_SCHEMA.{name} is left out");
                return Err(Error::new(Code::UnsupportedSyntax, message)
                    .at(view.span)
                    .or_list("there are", VIEWS.iter().copied()));
            }
            name => {
                return Err(Error::new(Code::UnknownTable, format!("INFORMATION_SCHEMA has no `{name}`"))
                    .at(view.span)
                    .did_you_mean_here(name, VIEWS.iter().copied(), str::to_owned)
                    .or_list("it has", VIEWS.iter().copied()));
            }
        };
        let dataset = path.parts.iter().rev().nth(2);
        match dataset {
            Some(dataset) => table.and_then(|table| of_dataset(table, &dataset.text)).map(Some),
            None => table.map(Some),
        }
    }

    fn tables_view(&self) -> Result<Table> {
        let rows = self.context.catalog.relations().map(|(name, relation)| {
            let (schema, name) = split(name);
            vec![text(""), text(schema), text(name), text(kind(relation))]
        });
        table(&["table_catalog", "table_schema", "table_name", "table_type"], rows.collect())
    }

    fn columns_view(&self) -> Result<Table> {
        let mut rows = Vec::new();
        for (full_name, relation) in self.context.catalog.relations() {
            let (schema, name) = split(full_name);
            let rules = self.context.catalog.rules(full_name);
            for (index, field) in relation.schema().fields.iter().enumerate() {
                let bare = || field.data_type.to_string();
                let data_type =
                    rules.bounds_of(index).map_or_else(bare, |bounds| bounds.of(&field.data_type));
                rows.push(vec![
                    text(""),
                    text(schema),
                    text(name),
                    text(&field.name),
                    number(index + 1)?,
                    text(if rules.not_null.contains(&index) { "NO" } else { "YES" }),
                    text(&data_type),
                ]);
            }
        }
        let names = [
            "table_catalog",
            "table_schema",
            "table_name",
            "column_name",
            "ordinal_position",
            "is_nullable",
            "data_type",
        ];
        table(&names, rows)
    }

    fn models_view(&self) -> Result<Table> {
        let rows = self.context.catalog.models().map(|(name, _)| {
            let (schema, name) = split(name);
            vec![text(""), text(schema), text(name), Scalar::Bool(false)]
        });
        table(&["model_catalog", "model_schema", "model_name", "is_remote"], rows.collect())
    }

    fn model_options_view(&self) -> Result<Table> {
        let mut rows = Vec::new();
        for (name, model) in self.context.catalog.models() {
            let versions = self.context.catalog.model_versions(name)?;
            let (schema, name) = split(name);
            let given = model.options().given().map(|(option, value)| (option, value.clone()));
            for (option, value) in given.chain(versions.traffic.given()) {
                // NULL has no type.
                let data_type = value.data_type().map_or(String::new(), |known| known.to_string());
                rows.push(vec![
                    text(""),
                    text(schema),
                    text(name),
                    text(option),
                    text(&data_type),
                    text(&value.to_string()),
                ]);
            }
        }
        let names =
            ["model_catalog", "model_schema", "model_name", "option_name", "option_type", "option_value"];
        table(&names, rows)
    }

    fn model_columns_view(&self) -> Result<Table> {
        let mut rows = Vec::new();
        for (name, model) in self.context.catalog.models() {
            let (schema, name) = split(name);
            for (kind, ports) in ports(model) {
                for (index, port) in ports.iter().enumerate() {
                    rows.push(vec![
                        text(""),
                        text(schema),
                        text(name),
                        text(kind),
                        text(&port.name),
                        text(&port.data_type.to_string()),
                        number(index + 1)?,
                        Scalar::Bool(false),
                    ]);
                }
            }
        }
        let names = [
            "model_catalog",
            "model_schema",
            "model_name",
            "column_kind",
            "column_name",
            "data_type",
            "ordinal_position",
            "is_explicit",
        ];
        table(&names, rows)
    }

    /// The one option that columns have: whether an input is required.
    fn model_column_options_view(&self) -> Result<Table> {
        let mut rows = Vec::new();
        for (name, model) in self.context.catalog.models() {
            let (schema, name) = split(name);
            for port in &model.signature().inputs {
                rows.push(vec![
                    text(""),
                    text(schema),
                    text(name),
                    text("INPUT"),
                    text(&port.name),
                    text("required"),
                    text("BOOL"),
                    text(if port.required { "TRUE" } else { "FALSE" }),
                ]);
            }
        }
        let names = [
            "model_catalog",
            "model_schema",
            "model_name",
            "column_kind",
            "column_name",
            "option_name",
            "option_type",
            "option_value",
        ];
        table(&names, rows)
    }

    /// The versions of the model of this name, or of all models.
    pub(super) fn model_versions_view(&self, of: Option<&str>) -> Result<Table> {
        let all = self.context.catalog.all_versions();
        let all = all.filter(|(name, _)| of.is_none_or(|of| of == *name));
        let rows = all.flat_map(|(name, versions)| {
            versions.all().iter().map(move |version| version_row(name, versions, version))
        });
        let names = DataType::array(DataType::String);
        let columns = [
            ("model_catalog", DataType::String),
            ("model_schema", DataType::String),
            ("model_name", DataType::String),
            ("version", DataType::Int64),
            ("aliases", names),
            ("is_default", DataType::Bool),
            ("created", DataType::Timestamp),
            ("source_uri", DataType::String),
            ("sha256", DataType::String),
            ("size_bytes", DataType::Int64),
            ("format", DataType::String),
            ("status", DataType::String),
            ("error", DataType::String),
            ("description", DataType::String),
            ("labels", jobs::labels_type()),
            ("metadata", DataType::Json),
        ];
        typed_table(&columns, rows.collect::<Result<_>>()?)
    }

    /// Where aliases stand and have stood: a row for each move, the latest last.
    fn model_aliases_view(&self) -> Result<Table> {
        let mut rows = Vec::new();
        for (name, versions) in self.context.catalog.all_versions() {
            let (schema, model) = split(name);
            for (index, step) in versions.moves().iter().enumerate() {
                let later = versions.moves().iter().skip(index + 1);
                let is_last = later.filter(|other| other.alias == step.alias).count() == 0;
                let number =
                    |number: Option<u32>| number.map_or(Scalar::Null, |number| Scalar::Int64(number.into()));
                rows.push(vec![
                    text(""),
                    text(schema),
                    text(model),
                    text(&step.alias),
                    number(step.version),
                    number(step.previous),
                    time(step.moved),
                    Scalar::Bool(is_last && step.version.is_some()),
                ]);
            }
        }
        let columns = [
            ("model_catalog", DataType::String),
            ("model_schema", DataType::String),
            ("model_name", DataType::String),
            ("alias", DataType::String),
            ("version", DataType::Int64),
            ("previous_version", DataType::Int64),
            ("moved", DataType::Timestamp),
            ("is_current", DataType::Bool),
        ];
        typed_table(&columns, rows)
    }

    /// `SHOW TABLES`.
    pub(super) fn tables_table(&self) -> Result<Table> {
        let rows = self.context.catalog.relations().map(|(name, relation)| {
            let names: Vec<_> = relation.schema().fields.into_iter().map(|field| field.name).collect();
            let rows = relation.rows().map(number).transpose()?.unwrap_or(Scalar::Null);
            Ok(vec![text(name), text(kind(relation)), rows, text(&names.join(", "))])
        });
        table(&["name", "kind", "rows", "columns"], rows.collect::<Result<_>>()?)
    }

    /// `SHOW MODELS`.
    pub(super) fn models_table(&self) -> Result<Table> {
        let listed = |ports: &[Port]| {
            let ports: Vec<_> =
                ports.iter().map(|port| format!("{} {}", port.name, port.data_type)).collect();
            text(&ports.join(", "))
        };
        let models = self.context.catalog.models().map(|(name, model)| {
            let signature = model.signature();
            let kind = model.facts().format.name();
            let bytes = number(model.facts().bytes)?;
            Ok(vec![text(name), text(kind), listed(&signature.inputs), listed(&signature.outputs), bytes])
        });
        let transforms = self.context.catalog.transforms().map(|(name, transform)| {
            let listed = |schema: &Schema| {
                let fields = schema.fields.iter().map(|field| format!("{} {}", field.name, field.data_type));
                text(&fields.collect::<Vec<_>>().join(", "))
            };
            let kind = text("TRANSFORM_ONLY");
            let bytes = Scalar::Int64(0);
            Ok(vec![text(name), kind, listed(&transform.takes), listed(&transform.gives), bytes])
        });
        let rows = models.chain(transforms).collect::<Result<_>>()?;
        table(&["name", "type", "inputs", "outputs", "bytes"], rows)
    }

    /// `DESCRIBE table`.
    pub(super) fn describe_table(&self, path: &ast::Path) -> Result<Table> {
        let schema = match self.information_schema(path)? {
            Some(table) => table.schema,
            None => self.relation(path)?.schema(),
        };
        let rows = schema.fields.iter();
        let rows = rows.map(|field| vec![text(&field.name), text(&field.data_type.to_string())]);
        table(&["column_name", "data_type"], rows.collect())
    }

    /// `DESCRIBE MODEL model`.
    pub(super) fn describe_model(&self, path: &ast::Path) -> Result<Table> {
        let line = |section: &str, name: &str, detail: &str| vec![text(section), text(name), text(detail)];
        let rows = match self.context.catalog.transform(&path.text()) {
            Some(transform) => {
                let fields = |section, schema: &Schema| {
                    let line = |field: &Field| line(section, &field.name, &field.data_type.to_string());
                    schema.fields.iter().map(line).collect::<Vec<_>>()
                };
                let kind = vec![line("model", "type", "TRANSFORM_ONLY")];
                [kind, fields("input", &transform.takes), fields("output", &transform.gives)].concat()
            }
            None => {
                let model = self.model(path)?;
                let facts = model.describe();
                let facts = facts.iter().map(|fact| line(fact.section, &fact.name, &fact.detail));
                let mut rows = self.describe_version(path)?;
                let (name, inputs) = (written(&path.text()), model.example());
                let query = format!("SELECT * FROM ML.PREDICT(MODEL {name}, (SELECT {inputs}))");
                rows.push(line("model", "query", &query));
                rows.extend(facts);
                rows
            }
        };
        table(&["section", "name", "detail"], rows)
    }

    /// What there is to say of a version, beside its model.
    fn describe_version(&self, path: &ast::Path) -> Result<Vec<Vec<Scalar>>> {
        let version = self.version(path)?;
        let reference = path.text();
        let versions = self.context.catalog.model_versions(parts(&reference).0)?;
        let line = |name: &str, detail: &str| vec![text("model"), text(name), text(detail)];
        let default = if versions.is_default(version) { " (default)" } else { "" };
        let mut lines = vec![line("version", &format!("{}{default}", version.number))];
        let aliases: Vec<_> = versions.aliases_of(version.number).collect();
        if !aliases.is_empty() {
            lines.push(line("aliases", &aliases.join(", ")));
        }
        lines.extend(versions.traffic.given().map(|(option, value)| line(option, &value.to_string())));
        lines.extend(version.source.as_deref().map(|source| line("source", source)));
        lines.extend(version.description.as_deref().map(|words| line("description", words)));
        lines.extend(version.labels.iter().map(|(key, value)| line("label", &format!("{key}: {value}"))));
        lines.push(line("sha256", &version.model.sha256()));
        Ok(lines)
    }
}

/// A row of `INFORMATION_SCHEMA.MODEL_VERSIONS`.
fn version_row(name: &str, versions: &Versions, version: &Version) -> Result<Vec<Scalar>> {
    let (schema, name) = split(name);
    let model = &version.model;
    let aliases = versions.aliases_of(version.number).map(text).collect();
    let optional = |value: &Option<String>| value.as_deref().map_or(Scalar::Null, text);
    let error = model.last_error().map(|error| error.to_string());
    Ok(vec![
        text(""),
        text(schema),
        text(name),
        Scalar::Int64(version.number.into()),
        Scalar::Array(DataType::String, aliases),
        Scalar::Bool(versions.is_default(version)),
        time(version.created),
        optional(&version.source),
        text(&model.sha256()),
        number(model.facts().bytes)?,
        text(model.facts().format.name()),
        text("READY"),
        optional(&error),
        optional(&version.description),
        jobs::labels_of(version.labels.iter().map(|(key, value)| (key.as_str(), value.as_str()))),
        text(&metadata(model)),
    ])
}

/// What the file says of itself, as JSON.
fn metadata(model: &Model) -> String {
    let mut json = String::from("{");
    for (index, (name, value)) in model.facts().metadata.iter().enumerate() {
        if index > 0 {
            json.push(',');
        }
        json::write_text(name, &mut json);
        json.push(':');
        json::write_text(value, &mut json);
    }
    json.push('}');
    json
}

/// Milliseconds since 1970 as a TIMESTAMP.
#[expect(clippy::cast_possible_truncation, reason = "a clock in milliseconds is far below 2^53")]
fn time(ms: f64) -> Scalar {
    Scalar::Timestamp((ms * 1e3) as i64)
}

/// Every function: how it is called and what it does.
fn routines_view() -> Result<Table> {
    let routines = function::listing().filter(|routine| routine.kind != "OPERATOR");
    let rows = routines.map(|routine| {
        vec![text(routine.name), text(routine.kind), text(&routine.forms.join("; ")), text(routine.doc)]
    });
    table(&["routine_name", "routine_type", "signature", "description"], rows.collect())
}

fn ports(model: &Model) -> [(&'static str, &[Port]); 2] {
    [("INPUT", &model.signature().inputs), ("OUTPUT", &model.signature().outputs)]
}

fn kind(relation: &Relation) -> &'static str {
    match relation {
        Relation::Table(_) => "BASE TABLE",
        Relation::Objects(_) | Relation::Stream(_) => "EXTERNAL",
        Relation::View(_) => "VIEW",
    }
}

/// The dataset of a name, empty where it has none, and the rest.
fn split(name: &str) -> (&str, &str) {
    name.rsplit_once('.').unwrap_or(("", name))
}

fn text(text: &str) -> Scalar {
    Scalar::String(text.into())
}

fn number(number: usize) -> Result<Scalar> {
    i64::try_from(number).ok().invariant("a count is beyond INT64").map(Scalar::Int64)
}

/// A table of these rows; a column has the type of its first value that is not NULL, STRING where there is none.
fn table(names: &[&str], rows: Vec<Vec<Scalar>>) -> Result<Table> {
    let columns = names.iter().enumerate().map(|(index, name)| {
        let mut values = rows.iter().filter_map(|row| row.get(index));
        (*name, values.find_map(Scalar::data_type).unwrap_or(DataType::String))
    });
    let columns: Vec<_> = columns.collect();
    typed_table(&columns, rows)
}

/// A table of these rows.
fn typed_table(columns: &[(&str, DataType)], rows: Vec<Vec<Scalar>>) -> Result<Table> {
    let mut fields = Vec::with_capacity(columns.len());
    let mut arrays = Vec::with_capacity(columns.len());
    for (index, (name, data_type)) in columns.iter().enumerate() {
        let values = rows.iter().map(|row| row.get(index).cloned().invariant("a row is too short"));
        arrays.push(array_of(&values.collect::<Result<Vec<_>>>()?, data_type)?);
        fields.push(Field::new(written(name), data_type.clone()));
    }
    Ok(Table { schema: Schema { fields }, batches: vec![Batch::new(rows.len(), arrays)?], notes: Vec::new() })
}

/// The rows of a dataset; all of them where no name is in one of this name.
fn of_dataset(table: Table, dataset: &str) -> Result<Table> {
    let Table { schema, batches, notes } = table;
    let Some(column) = schema.fields.iter().position(|field| field.name.ends_with("_schema")) else {
        // Functions and statements belong to no dataset; BigQuery writes a region there.
        return Ok(Table { schema, batches, notes });
    };
    let batch = Batch::concat(&schema, &batches)?;
    let column = batch.column(column)?.clone();
    let names = Operand::column(column);
    let names = names.strings()?;
    let is_it = |row: &usize| names.get(*row).is_some_and(|name| name.eq_ignore_ascii_case(dataset));
    let rows: Vec<u64> = (0..batch.rows()).filter(is_it).map(|row| row as u64).collect();
    let batch = if rows.is_empty() { batch } else { batch.take(&UInt64Array::from(rows))? };
    Ok(Table { schema, batches: vec![batch], notes })
}
