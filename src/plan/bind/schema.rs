//! The catalog as tables: INFORMATION_SCHEMA, SHOW, DESCRIBE.
//!
//! INFORMATION_SCHEMA's views of models are Spanner's, since BigQuery has none; those of tables are the columns of
//! BigQuery's that mean something here.

use super::Binder;
use crate::catalog::Relation;
use crate::data::{Batch, DataType, Field, Scalar, Schema, array_of};
use crate::diag::{Code, Error, Result, nearest};
use crate::function;
use crate::model::{Model, Port};
use crate::syntax::{ast, written};
use crate::table::Table;

const VIEWS: &[&str] =
    &["TABLES", "COLUMNS", "MODELS", "MODEL_OPTIONS", "MODEL_COLUMNS", "MODEL_COLUMN_OPTIONS", "ROUTINES"];

impl Binder<'_> {
    /// The table that `[dataset.]INFORMATION_SCHEMA.name` means.
    pub(super) fn information_schema(&self, path: &ast::Path) -> Result<Option<Table>> {
        let [.., schema, view] = path.parts.as_slice() else { return Ok(None) };
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
            "ROUTINES" => routines_view(),
            name => {
                let error = Error::new(Code::UnknownTable, format!("INFORMATION_SCHEMA has no `{name}`"))
                    .at(view.span);
                return Err(match nearest(name, VIEWS.iter().copied()) {
                    Some(near) => error.hint(format!("did you mean `{near}`?")).fix(view.span, near),
                    None => error.hint(format!("it has {}", VIEWS.join(", "))),
                });
            }
        };
        table.map(Some)
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
        for (name, relation) in self.context.catalog.relations() {
            let (schema, name) = split(name);
            for (at, field) in relation.schema().fields.iter().enumerate() {
                rows.push(vec![
                    text(""),
                    text(schema),
                    text(name),
                    text(&field.name),
                    number(at + 1),
                    text("YES"),
                    text(&field.data_type.to_string()),
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
            let (schema, name) = split(name);
            for (option, value) in model.options().given() {
                let data_type = value.data_type().map(|it| it.to_string()).unwrap_or_default();
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
                for (at, port) in ports.iter().enumerate() {
                    rows.push(vec![
                        text(""),
                        text(schema),
                        text(name),
                        text(kind),
                        text(&port.name),
                        text(&port.data_type.to_string()),
                        number(at + 1),
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

    /// `SHOW TABLES`.
    pub(super) fn tables_table(&self) -> Result<Table> {
        let rows = self.context.catalog.relations().map(|(name, relation)| {
            let names: Vec<_> = relation.schema().fields.into_iter().map(|field| field.name).collect();
            let rows = relation.rows().map_or(Scalar::Null, number);
            vec![text(name), text(kind(relation)), rows, text(&names.join(", "))]
        });
        table(&["name", "kind", "rows", "columns"], rows.collect())
    }

    /// `SHOW MODELS`.
    pub(super) fn models_table(&self) -> Result<Table> {
        let listed = |ports: &[Port]| {
            let ports: Vec<_> = ports.iter().map(|it| format!("{} {}", it.name, it.data_type)).collect();
            text(&ports.join(", "))
        };
        let models = self.context.catalog.models().map(|(name, model)| {
            let signature = model.signature();
            let kind = model.facts().format.name();
            let bytes = number(model.facts().bytes);
            vec![text(name), text(kind), listed(&signature.inputs), listed(&signature.outputs), bytes]
        });
        let transforms = self.context.catalog.transforms().map(|(name, transform)| {
            let listed = |schema: &Schema| {
                let fields = schema.fields.iter().map(|it| format!("{} {}", it.name, it.data_type));
                text(&fields.collect::<Vec<_>>().join(", "))
            };
            let kind = text("TRANSFORM_ONLY");
            vec![text(name), kind, listed(&transform.takes), listed(&transform.gives), number(0)]
        });
        table(&["name", "type", "inputs", "outputs", "bytes"], models.chain(transforms).collect())
    }

    /// `DESCRIBE table`.
    pub(super) fn describe_table(&self, path: &ast::Path) -> Result<Table> {
        let schema = match self.information_schema(path)? {
            Some(table) => table.schema,
            None => self.relation(path)?.schema(),
        };
        let rows = schema.fields.iter().map(|it| vec![text(&it.name), text(&it.data_type.to_string())]);
        table(&["column_name", "data_type"], rows.collect())
    }

    /// `DESCRIBE MODEL model`.
    pub(super) fn describe_model(&self, path: &ast::Path) -> Result<Table> {
        let line = |section: &str, name: &str, detail: &str| vec![text(section), text(name), text(detail)];
        let rows = match self.context.catalog.transform(&path.text()) {
            Some(transform) => {
                let fields = |section, schema: &Schema| {
                    let line = |it: &Field| line(section, &it.name, &it.data_type.to_string());
                    schema.fields.iter().map(line).collect::<Vec<_>>()
                };
                let kind = vec![line("model", "type", "TRANSFORM_ONLY")];
                [kind, fields("input", &transform.takes), fields("output", &transform.gives)].concat()
            }
            None => {
                let facts = self.model(path)?.describe();
                facts.iter().map(|it| line(it.section, &it.name, &it.detail)).collect()
            }
        };
        table(&["section", "name", "detail"], rows)
    }
}

/// Every function: how it is called and what it does.
fn routines_view() -> Result<Table> {
    let routines = function::listing().filter(|it| it.kind != "OPERATOR");
    let rows =
        routines.map(|it| vec![text(it.name), text(it.kind), text(&it.forms.join("; ")), text(it.doc)]);
    table(&["routine_name", "routine_type", "signature", "description"], rows.collect())
}

fn ports(model: &Model) -> [(&'static str, &[Port]); 2] {
    [("INPUT", &model.signature().inputs), ("OUTPUT", &model.signature().outputs)]
}

fn kind(relation: &Relation) -> &'static str {
    match relation {
        Relation::Table(_) => "BASE TABLE",
        Relation::Objects(_) => "EXTERNAL",
        Relation::View(_) => "VIEW",
    }
}

/// The dataset of a name, and the rest.
fn split(name: &str) -> (&str, &str) {
    name.rsplit_once('.').unwrap_or(("", name))
}

fn text(text: &str) -> Scalar {
    Scalar::String(text.into())
}

fn number(number: usize) -> Scalar {
    Scalar::Int64(i64::try_from(number).unwrap_or(i64::MAX))
}

/// A table of these rows; a column has the type of its first value, STRING where there is none.
fn table(names: &[&str], rows: Vec<Vec<Scalar>>) -> Result<Table> {
    let mut fields = Vec::with_capacity(names.len());
    let mut columns = Vec::with_capacity(names.len());
    for (at, name) in names.iter().enumerate() {
        let values: Vec<_> = rows.iter().filter_map(|row| row.get(at)).cloned().collect();
        let data_type = values.iter().find_map(Scalar::data_type).unwrap_or(DataType::String);
        columns.push(array_of(&values, &data_type)?);
        fields.push(Field::new(written(name), data_type));
    }
    Ok(Table { schema: Schema { fields }, batches: vec![Batch::new(rows.len(), columns)?] })
}
