//! CREATE: tables, views, models, external tables.

use super::Parser;
use crate::diag::{Code, Error, Result};
use crate::syntax::ast::{
    ColumnDef, CreateExternalTable, CreateModel, CreateTable, CreateView, OnExisting, Path, Query,
    StatementKind, Transform,
};
use crate::syntax::token::Punctuation;

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
        if self.eat_word("VIEW") {
            return self.create_view(replace).map(StatementKind::CreateView);
        }
        if self.at_one_of(&["TEMP", "TEMPORARY"]).is_some() && self.nth_at_word(1, "TABLE") {
            self.bump();
        }
        if self.eat_word("TABLE") {
            return self.create_table(replace).map(StatementKind::CreateTable);
        }
        for word in ["TEMP", "TEMPORARY"] {
            self.eat_word(word);
        }
        let unsupported = [
            "FUNCTION",
            "AGGREGATE",
            "PROCEDURE",
            "SCHEMA",
            "DATABASE",
            "MATERIALIZED",
            "SNAPSHOT",
            "INDEX",
            "VECTOR",
            "SEARCH",
            "UNIQUE",
            "ROW",
            "VIEW",
            "TRIGGER",
        ];
        if let Some(word) = self.at_one_of(&unsupported) {
            let hint = "create tables, views, models and external tables";
            return Err(self.unsupported(&format!("`CREATE {word}`"), hint));
        }
        Err(self.expected_one_of(&["TABLE", "VIEW", "MODEL", "EXTERNAL TABLE"]))
    }

    /// `[IF NOT EXISTS] name`.
    fn created_name(&mut self, replace: bool, what: &str) -> Result<(Path, OnExisting)> {
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
        Ok((self.path(what)?, on_existing))
    }

    /// `name [(columns)] [AS query]`.
    fn create_table(&mut self, replace: bool) -> Result<CreateTable> {
        let (name, on_existing) = self.created_name(replace, "a table's name")?;
        self.refuse(&["LIKE", "COPY", "CLONE"], "write CREATE TABLE name AS SELECT * FROM …")?;
        let has_columns = self.at(Punctuation::LeftParen) && !self.at_parenthesised_query();
        let columns = if has_columns { self.columns()? } else { Vec::new() };
        if self.is_tsql() {
            self.skip_tsql_storage()?;
        }
        self.refuse(&["PARTITION", "CLUSTER", "DEFAULT", "OPTIONS"], "it changes no result: leave it out")?;
        let query = if self.eat_word("AS") { Some(Box::new(self.query()?)) } else { None };
        if columns.is_empty() && query.is_none() {
            return Err(self.expected("`AS` and a query, or a list of columns"));
        }
        Ok(CreateTable { name, on_existing, columns, query })
    }

    /// `name [(column, …)] AS query`.
    fn create_view(&mut self, replace: bool) -> Result<CreateView> {
        let (name, on_existing) = self.created_name(replace, "a view's name")?;
        let has_columns = self.at(Punctuation::LeftParen);
        let columns = if has_columns { self.parenthesised(Self::column_name)? } else { Vec::new() };
        self.refuse(&["OPTIONS", "WITH"], "it changes no result: leave it out")?;
        self.expect_word("AS")?;
        let query = Box::new(self.query()?);
        Ok(CreateView { name, on_existing, columns, query })
    }

    /// `name [TRANSFORM (…)] [INPUT (…) OUTPUT (…)] [OPTIONS (…)] [AS query]`.
    fn create_model(&mut self, replace: bool) -> Result<CreateModel> {
        let (name, on_existing) = self.created_name(replace, "a model's name")?;
        let transform = if self.eat_word("TRANSFORM") { Some(self.transform()?) } else { None };
        let inputs = if self.eat_word("INPUT") { self.columns()? } else { Vec::new() };
        let outputs = if self.eat_word("OUTPUT") { self.columns()? } else { Vec::new() };
        self.refuse(
            &["REMOTE"],
            "models run in this program: write OPTIONS (MODEL_TYPE = 'ONNX', MODEL_PATH = '…')",
        )?;
        let options = self.options(&name)?;
        if self.at_one_of(&["TRANSFORM", "INPUT", "OUTPUT", "OPTIONS"]).is_some() {
            return Err(Error::new(
                Code::MisplacedClause,
                format!("`{}` is not allowed here", self.token_text()),
            )
            .at(self.token().span)
            .hint("write TRANSFORM, INPUT, OUTPUT, OPTIONS and AS in this order, each once"));
        }
        let query = if self.eat_word("AS") { Some(Box::new(self.training_query()?)) } else { None };
        Ok(CreateModel { name, on_existing, inputs, outputs, transform, options, query })
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
        // Connections say who pays and who may read on Google's servers. They mean nothing here.
        if self.eat_words(&["WITH", "CONNECTION"]) && !self.eat_word("DEFAULT") {
            self.path("a connection's name")?;
        }
        if self.at_word("WITH") {
            return Err(self.unsupported("`WITH PARTITION COLUMNS`", "leave it out"));
        }
        let options = self.options(&name)?;
        Ok(CreateExternalTable { name, on_existing, columns, options })
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
        self.refuse(&["CHECK", "FOREIGN", "REFERENCES"], "rows are not checked here: leave it out")?;
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

    /// `name type`, then its properties in any order.
    fn column(&mut self) -> Result<ColumnDef> {
        let start = self.token().span;
        let name = self.ident("a column's name")?;
        let data_type = self.type_name()?;
        let mut column = ColumnDef { name, data_type, not_null: false, identity: None, span: start };
        loop {
            if self.eat_words(&["NOT", "NULL"]) {
                column.not_null = true;
            } else if self.eat_word("NULL") {
                column.not_null = false;
            } else if self.eat_word("COLLATE") {
                self.any_word("a collation")?;
            } else if self.is_tsql() && self.eat_word("IDENTITY") {
                column.identity = Some(self.identity()?);
            } else if !self.skip_key()? {
                break;
            }
        }
        self.refuse(&["DEFAULT", "GENERATED"], "give the values when you insert")?;
        self.refuse(&["OPTIONS"], "it changes no result: leave it out")?;
        column.span = self.since(start);
        Ok(column)
    }
}
