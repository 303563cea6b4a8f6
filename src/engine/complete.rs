//! What an editor offers while somebody writes: names of the catalog, columns in sight, functions, keywords.

use super::Engine;
use super::check::{Check, Foreseen};
use crate::catalog::Catalog;
use crate::data::{DataType, Field};
use crate::function;
use crate::limits::{COMPLETION_TABLES, Limits};
use crate::model::ModelOptions;
use crate::plan::{self, Binding, Given, SeenLog, Variable, bind};
use crate::syntax::{self, Cursor, Dialect, Source};
use crate::table::CsvOptions;
use std::sync::Arc;

/// A word that may stand at a place in a text. It takes the place of the word that was begun there, back to a dot, a
/// blank or a quote before it, or to the `@` of a version.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Completion {
    /// As it is shown.
    pub label: String,
    /// What it is.
    pub kind: CompletionKind,
    /// In a few words, such as the type of a column or how a function is called.
    pub detail: Option<String>,
    /// In a sentence.
    pub info: Option<String>,
    /// What to write, where that is not the label.
    pub apply: Option<String>,
}

/// What a [`Completion`] is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum CompletionKind {
    /// A word of the language, a type, or the name of an option.
    Keyword,
    /// A function.
    Function,
    /// A table, a view, or a query of WITH.
    Table,
    /// A model.
    Model,
    /// A column, the field of one, or what a model wants a column to be called.
    Column,
    /// Another name of a table in FROM or of a model's version, or a variable.
    Alias,
    /// The number of a model's version.
    Version,
}

impl CompletionKind {
    /// As JavaScript calls it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Keyword => "keyword",
            Self::Function => "function",
            Self::Table => "table",
            Self::Model => "model",
            Self::Column => "column",
            Self::Alias => "alias",
            Self::Version => "version",
        }
    }
}

/// Keywords that begin expressions: the parser asks for them at a word only.
const EXPRESSION_WORDS: &[&str] = &[
    "ARRAY",
    "CASE",
    "CAST",
    "EXISTS",
    "EXTRACT",
    "FALSE",
    "INTERVAL",
    "NOT",
    "NULL",
    "SAFE_CAST",
    "STRUCT",
    "TRUE",
];

/// Keywords for a place that is not understood.
const COMMON_WORDS: &[&str] = &[
    "SELECT", "FROM", "WHERE", "GROUP", "HAVING", "ORDER", "LIMIT", "JOIN", "ON", "AS", "AND", "OR", "WITH",
];

const TYPES: &[&str] = &[
    "INT64",
    "FLOAT64",
    "NUMERIC",
    "BIGNUMERIC",
    "BOOL",
    "STRING",
    "BYTES",
    "DATE",
    "DATETIME",
    "TIMESTAMP",
    "TIME",
    "JSON",
    "ARRAY<",
    "STRUCT<",
];

const TSQL_TYPES: &[&str] = &[
    "INT",
    "BIGINT",
    "SMALLINT",
    "TINYINT",
    "BIT",
    "FLOAT",
    "REAL",
    "DECIMAL(",
    "NUMERIC(",
    "VARCHAR(",
    "NVARCHAR(",
    "CHAR(",
    "NCHAR(",
    "VARBINARY(",
    "DATE",
    "DATETIME",
    "DATETIME2",
];

/// How the functions are called that take a part of a date.
const OF_PARTS: &[&str] =
    &["_TRUNC", "_DIFF", "LAST_DAY", "DATEADD", "DATEDIFF", "DATEPART", "DATENAME", "DATETRUNC"];

/// What a table is called that has no name.
const UNNAMED: &str = "_";

const PARTS: &[&str] = &[
    "MICROSECOND",
    "MILLISECOND",
    "SECOND",
    "MINUTE",
    "HOUR",
    "DAY",
    "DAYOFWEEK",
    "DAYOFYEAR",
    "WEEK",
    "ISOWEEK",
    "MONTH",
    "QUARTER",
    "YEAR",
    "ISOYEAR",
];

/// Options of external tables beside those of CSV.
const EXTERNAL_OPTIONS: &[&str] = &["format", "uris", "object_metadata"];

impl Engine {
    /// What may be written at `position`, a byte of the text. The text may be unfinished, and wrong elsewhere. Its dialect
    /// is as [`Engine::check`] has it.
    pub fn complete(&self, sql: &str, position: usize, dialect: Option<Dialect>) -> Vec<Completion> {
        let limits = &self.shared.limits;
        let Some(cursor) = syntax::cursor(sql, position, dialect, limits) else { return Vec::new() };
        // The catalog and the variables as the statements before leave them.
        let mut foreseen = self.foreseen();
        let before = syntax::parse(sql.get(..cursor.start).unwrap_or_default(), limits, Some(cursor.dialect));
        self.check_statements(before.statements.iter(), cursor.dialect, &mut foreseen, &mut Check::default());
        let Foreseen { catalog, variables } = &foreseen;
        let mut offers = Offers { cursor: &cursor, catalog, variables, limits, found: Vec::new() };
        offers.collect();
        offers.found
    }
}

struct Offers<'a> {
    cursor: &'a Cursor,
    catalog: &'a Catalog,
    variables: &'a [Variable],
    limits: &'a Arc<Limits>,
    found: Vec<Completion>,
}

impl Offers<'_> {
    fn collect(&mut self) {
        if let Some((model, true)) = &self.cursor.last_model {
            return self.versions(model);
        }
        if self.cursor.begun.starts_with('@') {
            return self.variables();
        }
        if let Some(value) = &self.cursor.value {
            return self.members(value);
        }
        match self.cursor.expected.as_deref() {
            Some("an expression" | "`,` or `FROM`") => self.expression(),
            Some("a table, a subquery or ML.PREDICT") => {
                self.tables();
                self.functions(|kind| kind == "TABLE");
                self.words(&["UNNEST"]);
            }
            Some("a table's name") => self.tables(),
            Some("a model's name") => self.models(),
            Some("a version") => {
                if let Some((model, _)) = &self.cursor.last_model {
                    self.versions(model);
                }
            }
            Some("a procedure's name") => self.procedures(),
            Some("a function's name") => self.routines(),
            Some("a table function") => self.functions(|kind| kind == "TABLE"),
            Some("`(` or a window's name" | "a window's name") => {
                self.labels(&self.cursor.windows, CompletionKind::Alias);
            }
            Some("the name of a table or model") => {
                let is_said = |word: &str| self.cursor.statement.iter().any(|said| said == word);
                let (of_model, of_table) = (is_said("MODEL"), is_said("TABLE") || is_said("VIEW"));
                if !of_model {
                    self.tables();
                }
                if !of_table {
                    self.models();
                }
            }
            Some("a column" | "a column's name") => self.columns(),
            Some("a type") => self.types(),
            Some("a type or `DEFAULT`") => {
                self.types();
                self.words(&["DEFAULT"]);
            }
            Some("an option's name") => self.options(),
            Some("a field's name") => self.settings(),
            Some("an alias") => self.inputs(),
            Some("a unit such as DAY" | "a part such as YEAR") => self.words(PARTS),
            Some("a variable's name") => self.variables(),
            // `DESCRIBE MODEL` may be of a table called so: the parser waits for the name.
            None if self.cursor.statement == ["DESCRIBE", "MODEL"] => self.models(),
            None if self.cursor.keywords.is_empty() => {
                self.expression();
                self.tables();
                self.models();
                self.words(COMMON_WORDS);
            }
            _ => {}
        }
        let keywords: Vec<_> = self.cursor.keywords.clone();
        self.words(&keywords);
    }

    /// Offers a name, unless another word was begun or it is offered already.
    fn offer(&mut self, completion: Completion) {
        let begun = self.cursor.begun.to_ascii_lowercase();
        let is_new = || !self.found.iter().any(|known| known.label == completion.label);
        if completion.label.to_ascii_lowercase().contains(&begun) && is_new() {
            self.found.push(completion);
        }
    }

    /// A name of a table, model or column, in quotes where it needs them.
    fn name(&mut self, name: &str, kind: CompletionKind, detail: Option<String>, info: Option<String>) {
        let written = self.written(name);
        let apply = (written != name).then_some(written);
        self.offer(Completion { label: name.into(), kind, detail, info, apply });
    }

    fn written(&self, name: &str) -> String {
        let written = syntax::written(name);
        if self.cursor.dialect == Dialect::TSql && written != name { format!("[{name}]") } else { written }
    }

    fn words(&mut self, words: &[&str]) {
        for word in words {
            let label = match *word {
                word @ ("GROUP" | "ORDER" | "PARTITION" | "CLUSTER") => format!("{word} BY"),
                word => word.into(),
            };
            let kind = CompletionKind::Keyword;
            self.offer(Completion { label, kind, detail: None, info: None, apply: None });
        }
    }

    fn types(&mut self) {
        self.words(match self.cursor.dialect {
            Dialect::TSql => TSQL_TYPES,
            Dialect::BigQuery => TYPES,
        });
    }

    fn labels(&mut self, names: &[String], kind: CompletionKind) {
        for name in names {
            self.name(name, kind, None, None);
        }
    }

    fn expression(&mut self) {
        self.arguments();
        self.labels(&self.cursor.aliases, CompletionKind::Alias);
        let takes_part = |caller: &String| OF_PARTS.iter().any(|end| caller.ends_with(end));
        if self.cursor.callers.first().is_some_and(takes_part) {
            self.words(PARTS);
        }
        self.columns();
        self.aliases();
        self.variables();
        self.functions(|kind| kind != "TABLE" && kind != "OPERATOR");
        self.words(EXPRESSION_WORDS);
    }

    /// The columns of all tables in sight.
    fn columns(&mut self) {
        for (source, fields) in self.sources() {
            for field in fields {
                let info = source.name.as_ref().map(|name| format!("of {name}"));
                self.name(&field.name, CompletionKind::Column, Some(field.data_type.to_string()), info);
            }
        }
    }

    fn aliases(&mut self) {
        let names: Vec<_> =
            self.cursor.queries.iter().flatten().filter_map(|source| source.name.clone()).collect();
        for name in names {
            self.name(&name, CompletionKind::Alias, Some("table".into()), None);
        }
    }

    fn variables(&mut self) {
        for name in &self.cursor.variables {
            self.name(name, CompletionKind::Alias, Some("variable".into()), None);
        }
        for (name, variable, _) in self.variables {
            // Those with signs in their names are the engine's own; T-SQL's have an `@` in the text.
            if self.cursor.dialect == Dialect::BigQuery && !name.contains(['@', '$']) {
                self.name(name, CompletionKind::Alias, Some(variable.data_type.to_string()), None);
            }
        }
        if self.cursor.begun.starts_with('@') {
            self.words(match self.cursor.dialect {
                Dialect::TSql => &["@@ROWCOUNT"],
                Dialect::BigQuery => &[
                    "@@row_count",
                    "@@error.message",
                    "@@error.statement_text",
                    "@@last_job_id",
                    "@@query_label",
                    "@@time_zone",
                ],
            });
        }
    }

    fn tables(&mut self) {
        for (name, _) in &self.cursor.with {
            self.name(name, CompletionKind::Table, Some("query".into()), None);
        }
        for (name, relation) in self.catalog.relations() {
            let rows = relation.rows().map_or("view".into(), |rows| format!("{rows} rows"));
            let columns: Vec<_> = relation.schema().fields.into_iter().map(|field| field.name).collect();
            self.name(name, CompletionKind::Table, Some(rows), Some(columns.join(", ")));
        }
    }

    fn models(&mut self) {
        for (name, model) in self.catalog.models() {
            let signature = model.signature();
            let names = |ports: &[crate::model::Port]| {
                ports.iter().map(|port| port.name.as_str()).collect::<Vec<_>>().join(", ")
            };
            let detail = format!("({}) → {}", names(&signature.inputs), names(&signature.outputs));
            self.name(name, CompletionKind::Model, Some(detail), None);
        }
        for (name, _) in self.catalog.transforms() {
            self.name(name, CompletionKind::Model, Some("TRANSFORM".into()), None);
        }
    }

    /// The aliases of a model, then its versions, the latest first.
    fn versions(&mut self, model: &str) {
        let Ok(versions) = self.catalog.model_versions(model) else { return };
        for (alias, version) in versions.aliases() {
            let detail = Some(format!("version {version}"));
            let kind = CompletionKind::Alias;
            self.offer(Completion { label: alias.into(), kind, detail, info: None, apply: None });
        }
        for version in versions.all().iter().rev() {
            let (detail, info) = (version.source.clone(), version.description.clone());
            let kind = CompletionKind::Version;
            self.offer(Completion { label: version.number.to_string(), kind, detail, info, apply: None });
        }
    }

    /// The functions of the kinds that `is_wanted` lets through, behind the names of the qualifier.
    fn functions(&mut self, is_wanted: impl Fn(&str) -> bool) {
        let qualifier = &self.cursor.qualifier;
        let safe = qualifier.first().is_some_and(|first| first.eq_ignore_ascii_case("SAFE"));
        let rest = if safe { qualifier.get(1..).unwrap_or_default() } else { qualifier };
        let prefix = rest.iter().map(|part| format!("{}.", part.to_ascii_uppercase())).collect::<String>();
        for function in function::listing().filter(|function| is_wanted(function.kind)) {
            if let Some(label) = function.name.strip_prefix(&*prefix) {
                self.offer(Completion {
                    label: label.into(),
                    kind: CompletionKind::Function,
                    detail: function.forms.first().cloned(),
                    info: Some(function.doc.into()),
                    apply: Some(format!("{label}(")),
                });
            }
        }
        if self.cursor.dialect == Dialect::TSql && prefix.is_empty() && is_wanted("SCALAR") {
            for name in function::tsql::names() {
                let (kind, apply) = (CompletionKind::Function, Some(format!("{name}(")));
                self.offer(Completion { label: name.into(), kind, detail: None, info: None, apply });
            }
        }
        if prefix.is_empty() {
            self.routines();
        }
    }

    /// The functions that SQL made.
    fn routines(&mut self) {
        let routines: Vec<_> = self.catalog.routines().collect();
        for (name, routine) in routines {
            let params: Vec<_> = routine.params.iter().map(|(name, _)| name.as_str()).collect();
            self.offer(Completion {
                label: name.into(),
                kind: CompletionKind::Function,
                detail: Some(format!("{name}({})", params.join(", "))),
                info: None,
                apply: Some(format!("{name}(")),
            });
        }
    }

    fn procedures(&mut self) {
        let procedures: Vec<_> = self.catalog.procedures().collect();
        for (name, procedure) in procedures {
            let params: Vec<_> = procedure.params.iter().map(|param| param.name.text.as_str()).collect();
            self.offer(Completion {
                label: name.into(),
                kind: CompletionKind::Function,
                detail: Some(format!("{name}({})", params.join(", "))),
                info: None,
                apply: None,
            });
        }
    }

    /// What stands behind a dot: columns of a table, fields of a value, functions of a family, tables of a dataset.
    fn members(&mut self, value: &str) {
        if let Some(last) = self.cursor.qualifier.last() {
            let is_name = self.cursor.expected.as_deref() == Some("the rest of a name");
            let prefix = format!("{}.", self.cursor.qualifier.join("."));
            if is_name {
                let relations = self.catalog.relations().map(|(name, _)| (name, CompletionKind::Table));
                let models = self.catalog.models().map(|(name, _)| (name, CompletionKind::Model));
                let named: Vec<_> = relations.chain(models).collect();
                for (name, kind) in named {
                    if let Some(rest) = name.strip_prefix(&*prefix) {
                        self.name(rest, kind, None, None);
                    }
                }
                if last.eq_ignore_ascii_case("INFORMATION_SCHEMA") {
                    self.words(plan::VIEWS);
                }
            }
            self.functions(|kind| (kind == "TABLE") == is_name && kind != "OPERATOR");
        }
        let mut queries = Vec::new();
        let mut together = format!("SELECT {value}.*");
        let first = self.cursor.qualifier.first().map_or("", String::as_str);
        for (number, source) in self.cursor.queries.iter().rev().flatten().enumerate() {
            // One table that is called so does where others are wrong.
            if source.name.as_ref().is_some_and(|name| name.eq_ignore_ascii_case(first)) {
                queries.push(format!("SELECT {value}.* FROM {}", source.text));
            }
            // Tables keep their names behind a pipe.
            if let Some(query) = source.text.strip_prefix('(').and_then(|text| text.strip_suffix(')')) {
                queries.push(format!("{query} |> SELECT {value}.*"));
            }
            together += if number == 0 { " FROM " } else { ", " };
            together += &source.text;
        }
        queries.push(together);
        let fields = queries.iter().find_map(|query| self.columns_of(query));
        for field in fields.unwrap_or_default() {
            self.name(&field.name, CompletionKind::Column, Some(field.data_type.to_string()), None);
        }
    }

    /// The options of the statement.
    fn options(&mut self) {
        let is_said = |said: &str| self.cursor.statement.iter().any(|word| word == said);
        let is_model = is_said("MODEL");
        let mut options: Vec<(&str, Option<String>, Option<String>)> = Vec::new();
        if is_model {
            let all = ModelOptions::ALL.iter();
            options.push(("model_path", Some("STRING".into()), Some("The file of the model.".into())));
            let traffic = ["traffic_split", "traffic_key", "traffic_salt"];
            options.extend(traffic.map(|name| (name, None, Some("Rows for several versions.".into()))));
            options
                .extend(all.map(|option| (option.name, Some(option.takes.into()), Some(option.doc.into()))));
        } else if is_said("EXPORT") {
            options.extend(plan::EXPORT_OPTIONS.iter().map(|name| (*name, None, None)));
        } else {
            options.extend(EXTERNAL_OPTIONS.iter().chain(CsvOptions::NAMES).map(|name| (*name, None, None)));
        }
        for (name, detail, info) in options {
            let apply = Some(format!("{name} = "));
            let kind = CompletionKind::Keyword;
            self.offer(Completion { label: name.into(), kind, detail, info, apply });
        }
    }

    /// The fields of the STRUCT that sets up a table function.
    fn settings(&mut self) {
        if self.cursor.callers.iter().take(2).any(|caller| caller.ends_with("ML.PREDICT")) {
            self.words(plan::SETTINGS);
        }
        self.words(&self.form_words(2, |words| match words {
            [.., "AS", name] => Some(name),
            _ => None,
        }));
    }

    /// The arguments that the table function around the place knows by name.
    fn arguments(&mut self) {
        for label in self.form_words(1, |words| match words {
            [.., name, "=>"] => Some(name),
            _ => None,
        }) {
            let apply = Some(format!("{label} => "));
            let kind = CompletionKind::Keyword;
            self.offer(Completion { label: label.into(), kind, detail: None, info: None, apply });
        }
    }

    /// Names in how the table functions are written whose brackets are among the `depth` innermost ones that are open.
    fn form_words(
        &self,
        depth: usize,
        name: fn(&[&'static str]) -> Option<&'static str>,
    ) -> Vec<&'static str> {
        let callers = self.cursor.callers.iter().take(depth);
        let called = function::TABLE_FUNCTIONS
            .iter()
            .filter(|known| callers.clone().any(|caller| caller.ends_with(known.name)));
        let mut names = Vec::new();
        for function in called {
            let words: Vec<_> =
                function.form.split([' ', '[', ']', '(', ')', ',']).filter(|word| !word.is_empty()).collect();
            names.extend((0..=words.len()).filter_map(|end| name(words.get(..end)?)));
        }
        names
    }

    /// What the model around the query wants its columns to be called.
    fn inputs(&mut self) {
        let model = self.cursor.models.first().and_then(|name| self.catalog.model(name).ok());
        for input in model.map(|model| model.signature().inputs.clone()).unwrap_or_default() {
            let detail = Some(input.data_type.to_string());
            self.name(&input.name, CompletionKind::Column, detail, Some("an input of the model".into()));
        }
    }

    /// The tables in sight with their columns, those of the innermost query first.
    fn sources(&self) -> Vec<(Source, Vec<Field>)> {
        let mut sources = Vec::new();
        for (level, query) in self.cursor.queries.iter().enumerate() {
            for (index, source) in query.iter().enumerate().take(COMPLETION_TABLES) {
                // An array of another table needs that table beside it, which may be one of a query around.
                let alone = self.columns_of(&format!("SELECT * FROM {}", source.text));
                let beside = || {
                    let mut tables: Vec<&str> = Vec::new();
                    for outer in self.cursor.queries.iter().skip(level + 1).rev() {
                        tables.extend(outer.iter().map(|source| &*source.text));
                    }
                    tables.extend(query.iter().take(index + 1).map(|source| &*source.text));
                    let from = tables.join(", ");
                    match &source.name {
                        Some(name) => {
                            let name = self.written(name);
                            let fields = self.columns_of(&format!("SELECT {name}.* FROM {from}"));
                            fields.or_else(|| self.columns_of(&format!("SELECT {name} FROM {from}")))
                        }
                        None => self.columns_of(&format!("SELECT {UNNAMED}.* FROM {from} AS {UNNAMED}")),
                    }
                };
                let offset = source.offset.as_ref().map(|name| Field::new(name, DataType::Int64));
                let fields = alone.or_else(beside);
                if fields.is_some() || offset.is_some() {
                    let fields = fields.unwrap_or_default().into_iter().chain(offset);
                    sources.push((source.clone(), fields.collect()));
                }
            }
        }
        sources
    }

    /// The columns of a query, where that can be bound.
    fn columns_of(&self, query: &str) -> Option<Vec<Field>> {
        let with: Vec<_> =
            self.cursor.with.iter().map(|(name, rest)| format!("{} {rest}", self.written(name))).collect();
        let text = match (with.is_empty(), self.cursor.dialect) {
            (true, _) => query.into(),
            (false, Dialect::TSql) => format!("WITH {} {query}", with.join(", ")),
            (false, Dialect::BigQuery) => format!("WITH RECURSIVE {} {query}", with.join(", ")),
        };
        let parsed = syntax::parse(&text, self.limits, Some(self.cursor.dialect));
        let statement = parsed.statements.first().filter(|_| parsed.diagnostics.is_empty())?;
        let context = plan::Context {
            catalog: self.catalog,
            dialect: parsed.dialect,
            params: Given::Nothing,
            variables: self.variables,
            subquery_values: &[],
            limits: self.limits,
            log: &SeenLog::default(),
        };
        match bind(statement, context).ok()?.binding {
            Binding::Ready(bound) => bound.schema().map(|schema| schema.fields),
            Binding::Needs(_) => None,
        }
    }
}
