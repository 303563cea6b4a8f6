//! CREATE: tables, views, models, external tables.

use std::sync::Arc;

use super::Parser;
use crate::data::Scalar;
use crate::diag::{Code, Error, Result, Span};
use crate::syntax::ast::{
    ColumnDef, CreateExternalTable, CreateFunction, CreateModel, CreateTable, CreateView, Expr, ExprKind,
    Ident, Limit, OnExisting, Path, Query, Select, StatementKind, TableExpr, TableExprKind, Transform,
};
use crate::syntax::token::{Punctuation, TokenKind};

impl Parser<'_> {
    /// The rest of a CREATE statement.
    pub(super) fn create(&mut self) -> Result<StatementKind> {
        let replace =
            self.eat_words(&["OR", "REPLACE"]) || (self.is_tsql() && self.eat_words(&["OR", "ALTER"]));
        if self.eat_word("MODEL") {
            return self.create_model(replace).map(StatementKind::CreateModel);
        }
        if self.eat_words(&["EXTERNAL", "TABLE"]) {
            return self.create_external_table(replace).map(StatementKind::CreateExternalTable);
        }
        // Views are computed when they are read, so that one that is kept has the same rows.
        if self.eat_word("VIEW") || self.eat_words(&["MATERIALIZED", "VIEW"]) {
            return self.create_view(replace).map(StatementKind::CreateView);
        }
        if self.at_one_of(&["TEMP", "TEMPORARY"]).is_some() && self.nth_at_word(1, "TABLE") {
            self.bump();
        }
        if self.at_words(&["TABLE", "FUNCTION"]) {
            let hint = "write CREATE VIEW with the query, and filter where it is read";
            return Err(self.unsupported("`CREATE TABLE FUNCTION`", hint));
        }
        if self.eat_word("TABLE") || self.eat_words(&["SNAPSHOT", "TABLE"]) {
            return self.create_table(replace).map(StatementKind::CreateTable);
        }
        for word in ["TEMP", "TEMPORARY"] {
            self.eat_word(word);
        }
        if self.eat_word("FUNCTION") {
            return self.create_function(replace).map(StatementKind::CreateFunction);
        }
        if self.eat_word("PROCEDURE") || (self.is_tsql() && self.eat_word("PROC")) {
            let create = self.create_procedure(replace)?;
            return Ok(StatementKind::CreateProcedure(Arc::new(create)));
        }
        if self.at_one_of(&["SCHEMA", "DATABASE"]).is_some() {
            return self.create_schema(replace);
        }
        let unsupported = ["AGGREGATE", "INDEX", "VECTOR", "SEARCH", "UNIQUE", "ROW", "VIEW", "TRIGGER"];
        if let Some(word) = self.at_one_of(&unsupported) {
            let hint = match word {
                "INDEX" | "VECTOR" | "SEARCH" | "UNIQUE" => "leave it out: it would change no result",
                "AGGREGATE" => "write the aggregates where they are used, or in a view",
                "ROW" => "there are no users here: leave it out",
                _ => "create tables, views, functions, models and external tables",
            };
            return Err(self.unsupported(&format!("`CREATE {word}`"), hint));
        }
        Err(self.expected_one_of(&["TABLE", "VIEW", "MODEL", "EXTERNAL TABLE"]))
    }

    /// `[IF NOT EXISTS] name`.
    pub(super) fn created_name(&mut self, replace: bool, what: &str) -> Result<(Path, OnExisting)> {
        let start = self.token().span;
        let keep = self.eat_words(&["IF", "NOT", "EXISTS"]);
        let on_existing = match (replace, keep) {
            (true, true) => {
                return Err(Error::new(
                    Code::SyntaxError,
                    "`OR REPLACE` and `IF NOT EXISTS` exclude each other",
                )
                .at(self.since(start)));
            }
            (true, false) => OnExisting::Replace,
            (false, true) => OnExisting::Keep,
            (false, false) => OnExisting::Fail,
        };
        let mut path = self.path(what)?;
        // SQL Server's default schema, without which the name is read too.
        let of_schema = path.parts.first().is_some_and(|first| first.text.eq_ignore_ascii_case("dbo"));
        if self.is_tsql() && of_schema && path.parts.len() > 1 {
            path.parts.remove(0);
        }
        Ok((path, on_existing))
    }

    /// `name [(columns)] [AS query]`, `name {LIKE | COPY | CLONE} other`.
    fn create_table(&mut self, replace: bool) -> Result<CreateTable> {
        let (name, on_existing) = self.created_name(replace, "a table's name")?;
        let query = self.copied_table()?;
        if let Some(query) = query {
            let (ignored, named) = self.ignored_clauses()?;
            let (columns, query) = (Vec::new(), Some(query));
            return Ok(CreateTable { name, on_existing, columns, query, ignored, named });
        }
        let has_columns = self.at(Punctuation::LeftParen) && !self.at_parenthesised_query();
        let columns = if has_columns { self.columns()? } else { Vec::new() };
        if self.is_tsql() {
            self.skip_tsql_storage()?;
        }
        let (ignored, named) = self.ignored_clauses()?;
        let query = if self.eat_word("AS") { Some(Box::new(self.query()?)) } else { None };
        if columns.is_empty() && query.is_none() {
            return Err(self.expected("`AS` and a query, or a list of columns"));
        }
        Ok(CreateTable { name, on_existing, columns, query, ignored, named })
    }

    /// The rows of the table behind COPY and CLONE; of that behind LIKE only its columns.
    fn copied_table(&mut self) -> Result<Option<Box<Query>>> {
        let start = self.token().span;
        let Some(word) = self.eat_one_of(&["LIKE", "COPY", "CLONE"]) else { return Ok(None) };
        let path = self.path("a table's name")?;
        let span = self.since(start);
        let no_rows = Expr { kind: ExprKind::Literal(Scalar::Int64(0)), span };
        let limit = (word == "LIKE").then_some(Limit { count: no_rows, offset: None });
        let from = TableExpr { kind: TableExprKind::Name { path, offset: None }, alias: None, span };
        let query = Query { limit, ..Query::of_select(Select::all(from, span)) };
        Ok(Some(Box::new(query)))
    }

    /// `[DEFAULT COLLATE …] [PARTITION BY …] [CLUSTER BY …] [OPTIONS (…)]`.
    #[expect(clippy::type_complexity, reason = "the clauses, and the columns that they name")]
    fn ignored_clauses(&mut self) -> Result<(Vec<(&'static str, Span)>, Vec<Ident>)> {
        let (mut ignored, mut named) = (Vec::new(), Vec::new());
        loop {
            let start = self.token().span;
            let clause = if self.eat_words(&["PARTITION", "BY"]) {
                // A column, or a function of one, which comes first.
                let mut by = self.expr()?;
                if let ExprKind::Call(call) = &mut by.kind
                    && !call.args.is_empty()
                {
                    by = call.args.swap_remove(0);
                }
                named.extend(match by.kind {
                    ExprKind::Name(name) if !name.text.starts_with('_') => Some(name),
                    _ => None,
                });
                "PARTITION BY"
            } else if self.eat_words(&["CLUSTER", "BY"]) {
                named.extend(self.comma_separated(Self::column_name)?);
                "CLUSTER BY"
            } else if self.at_word("OPTIONS") {
                let name = Path { parts: Vec::new(), span: start };
                self.options(name.span)?;
                "OPTIONS"
            } else {
                break;
            };
            ignored.push((clause, self.since(start)));
        }
        self.refuse(&["DEFAULT"], "texts are compared by their code points: leave it out")?;
        Ok((ignored, named))
    }

    /// `SCHEMA [IF NOT EXISTS] name [OPTIONS (…)]`: names of tables hold those of datasets, which are nothing else.
    fn create_schema(&mut self, replace: bool) -> Result<StatementKind> {
        self.bump();
        let (name, _) = self.created_name(replace, "a dataset's name")?;
        self.options(name.span)?;
        Ok(StatementKind::Ignored("CREATE SCHEMA"))
    }

    /// `name (param type, …) [RETURNS type] AS (expression)`.
    fn create_function(&mut self, replace: bool) -> Result<CreateFunction> {
        if self.is_tsql() {
            let hint = "write the expression where it is used, or CROSS APPLY (SELECT … AS x) AS f";
            return Err(self.unsupported("`CREATE FUNCTION` in T-SQL", hint));
        }
        let (name, on_existing) = self.created_name(replace, "a function's name")?;
        let params = if self.at(Punctuation::LeftParen) && self.nth_at(1, Punctuation::RightParen) {
            self.position += 2;
            Vec::new()
        } else {
            self.parenthesised(|parser| {
                let name = parser.ident("a parameter's name")?;
                let is_any = parser.eat_words(&["ANY", "TYPE"]);
                Ok((name, if is_any { None } else { Some(parser.type_name()?) }))
            })?
        };
        let returns = if self.eat_word("RETURNS") { Some(self.type_name()?) } else { None };
        self.refuse(&["LANGUAGE", "REMOTE"], "write the function in SQL: AS (expression)")?;
        self.expect_word("AS")?;
        let open = self.expect(Punctuation::LeftParen)?;
        let body = self.expr()?;
        self.close(open, Punctuation::RightParen)?;
        if self.at_word("OPTIONS") {
            self.options(name.span)?;
        }
        Ok(CreateFunction { name, on_existing, params, returns, body })
    }

    /// `name [(column, …)] AS query`.
    fn create_view(&mut self, replace: bool) -> Result<CreateView> {
        let (name, on_existing) = self.created_name(replace, "a view's name")?;
        let has_columns = self.at(Punctuation::LeftParen);
        let columns = if has_columns { self.parenthesised(Self::column_name)? } else { Vec::new() };
        if self.at_word("OPTIONS") {
            self.options(name.span)?;
        }
        self.refuse(&["WITH"], "it changes no result: leave it out")?;
        self.expect_word("AS")?;
        let query = Box::new(self.query()?);
        Ok(CreateView { name, on_existing, columns, query })
    }

    /// `name [VERSION n] [TRANSFORM (…)] [INPUT (…) OUTPUT (…)] [OPTIONS (…)] [AS query]`.
    fn create_model(&mut self, replace: bool) -> Result<CreateModel> {
        let (name, on_existing) = self.created_name(replace, "a model's name")?;
        let version = if self.eat_word("VERSION") { Some(self.version_number()?) } else { None };
        let transform = if self.eat_word("TRANSFORM") { Some(self.transform()?) } else { None };
        let create = self.model_file(name, version)?;
        let query = if self.eat_word("AS") { Some(Box::new(self.training_query()?)) } else { None };
        Ok(CreateModel { on_existing, transform, query, ..create })
    }

    /// `[INPUT (…) OUTPUT (…)] [OPTIONS (…)]` of a version of a model.
    pub(super) fn model_file(&mut self, name: Path, version: Option<Ident>) -> Result<CreateModel> {
        let inputs = if self.eat_word("INPUT") { self.columns()? } else { Vec::new() };
        let outputs = if self.eat_word("OUTPUT") { self.columns()? } else { Vec::new() };
        self.refuse(
            &["REMOTE"],
            "models run in this program: write OPTIONS (MODEL_TYPE = 'ONNX', MODEL_PATH = '…')",
        )?;
        let options = self.options(name.span)?;
        if self.at_one_of(&["TRANSFORM", "INPUT", "OUTPUT", "OPTIONS"]).is_some() {
            return Err(Error::new(
                Code::MisplacedClause,
                format!("`{}` is not allowed here", self.token_text()),
            )
            .at(self.token().span)
            .hint("write TRANSFORM, INPUT, OUTPUT, OPTIONS and AS in this order, each once"));
        }
        let on_existing = OnExisting::Fail;
        Ok(CreateModel { name, version, on_existing, inputs, outputs, transform: None, options, query: None })
    }

    /// The number of a version that is made.
    pub(super) fn version_number(&mut self) -> Result<Ident> {
        if self.token().kind != TokenKind::Integer {
            let hint = "versions are numbered: leave VERSION out for the next number, and give it an alias";
            return Err(self.expected("a number").hint(hint));
        }
        self.version_name()
    }

    fn training_query(&mut self) -> Result<Query> {
        if self.at(Punctuation::LeftParen) && self.nth_at_word(2, "AS") {
            self.bump();
            return Err(self.unsupported("a list of named queries after AS", "write AS SELECT …"));
        }
        self.query()
    }

    /// `(select list)` after TRANSFORM.
    fn transform(&mut self) -> Result<Transform> {
        let open = self.expect(Punctuation::LeftParen)?;
        let items = self.select_items()?;
        self.close(open, Punctuation::RightParen)?;
        Ok(Transform { items, span: self.since(open) })
    }

    /// `name [(columns)] [WITH CONNECTION …] OPTIONS (…)`.
    fn create_external_table(&mut self, replace: bool) -> Result<CreateExternalTable> {
        let (name, on_existing) = self.created_name(replace, "a table's name")?;
        let columns = if self.at(Punctuation::LeftParen) { self.columns()? } else { Vec::new() };
        self.skip_connection()?;
        if self.at_word("WITH") {
            return Err(self.unsupported("`WITH PARTITION COLUMNS`", "leave it out"));
        }
        let options = self.options(name.span)?;
        Ok(CreateExternalTable { name, on_existing, columns, options })
    }

    /// `WITH CONNECTION …` says who pays and who may read on Google's servers. It means nothing here.
    pub(super) fn skip_connection(&mut self) -> Result<()> {
        if self.eat_words(&["WITH", "CONNECTION"]) && !self.eat_word("DEFAULT") {
            self.path("a connection's name")?;
        }
        Ok(())
    }

    /// `(name type …, …)`. Keys are allowed among the columns, and not enforced.
    pub(super) fn columns(&mut self) -> Result<Vec<ColumnDef>> {
        let open = self.expect(Punctuation::LeftParen)?;
        let mut columns = Vec::new();
        loop {
            if !self.skip_key()? {
                columns.push(self.column()?);
            }
            // A comma is allowed after the last column, as in BigQuery.
            if !self.eat(Punctuation::Comma) || self.at(Punctuation::RightParen) {
                break;
            }
        }
        self.close(open, Punctuation::RightParen)?;
        Ok(columns)
    }

    /// `[CONSTRAINT name] PRIMARY KEY [CLUSTERED] [(column, …)] [NOT ENFORCED]`, and UNIQUE likewise.
    fn skip_key(&mut self) -> Result<bool> {
        if self.at_word("CONSTRAINT") && !self.nth_at(2, Punctuation::LeftParen) {
            self.bump();
            self.ident("a constraint's name")?;
        }
        self.refuse(&["CHECK"], "rows are not checked here: leave it out")?;
        if self.at_words(&["FOREIGN", "KEY"]) || self.at_word("REFERENCES") {
            self.foreign_key()?;
            return Ok(true);
        }
        let primary = self.eat_words(&["PRIMARY", "KEY"]);
        let unique =
            !primary && self.at_one_of(&["UNIQUE"]).is_some() && self.is_tsql() && self.eat_word("UNIQUE");
        if !primary && !unique {
            return Ok(false);
        }
        self.eat_one_of(&["CLUSTERED", "NONCLUSTERED"]);
        if self.at(Punctuation::LeftParen) {
            self.parenthesised(|parser| {
                parser.ident("a column")?;
                parser.eat_one_of(&["ASC", "DESC"]);
                Ok(())
            })?;
        }
        self.eat_words(&["NOT", "ENFORCED"]);
        Ok(true)
    }

    /// `[FOREIGN KEY (column, …)] REFERENCES table [(column, …)] NOT ENFORCED`. T-SQL's would be enforced.
    fn foreign_key(&mut self) -> Result<()> {
        let start = self.token().span;
        if self.eat_words(&["FOREIGN", "KEY"]) {
            self.parenthesised(Self::column_name)?;
        }
        self.expect_word("REFERENCES")?;
        self.path("a table's name")?;
        if self.at(Punctuation::LeftParen) {
            self.parenthesised(Self::column_name)?;
        }
        if !self.eat_words(&["NOT", "ENFORCED"]) {
            let hint = "rows are not checked here: write NOT ENFORCED behind it, or leave it out";
            return Err(self.unsupported("a `FOREIGN KEY` that is enforced", hint).at(self.since(start)));
        }
        Ok(())
    }

    /// A key behind ALTER TABLE … ADD.
    pub(super) fn added_key(&mut self) -> Result<()> {
        if self.skip_key()? { Ok(()) } else { Err(self.expected_one_of(&["PRIMARY KEY", "FOREIGN KEY"])) }
    }

    /// `name type`, then its properties in any order.
    pub(super) fn column(&mut self) -> Result<ColumnDef> {
        let start = self.token().span;
        let name = self.ident("a column's name")?;
        if self.is_tsql() {
            self.refuse(&["AS"], "a column that is computed belongs into a view: CREATE VIEW")?;
        }
        let data_type = self.type_name()?;
        let mut column =
            ColumnDef { name, data_type, not_null: false, identity: None, default: None, span: start };
        loop {
            if self.eat_words(&["NOT", "NULL"]) {
                column.not_null = true;
            } else if self.eat_word("NULL") {
                column.not_null = false;
            } else if self.eat_word("DEFAULT") {
                column.default = Some(self.prefix()?);
            } else if self.eat_word("COLLATE") {
                self.any_word("a collation")?;
            } else if self.is_tsql() && self.eat_word("IDENTITY") {
                column.identity = Some(self.identity()?);
            } else if !self.skip_key()? {
                break;
            }
        }
        self.refuse(&["GENERATED"], "give the values when you insert")?;
        if self.at_word("OPTIONS") {
            let name = Path { parts: Vec::new(), span: start };
            self.options(name.span)?;
        }
        column.span = self.since(start);
        Ok(column)
    }
}
