//! Statements.

use super::Parser;
use crate::diag::{Code, Error, Result, nearest};
use crate::syntax::ast::{
    CreateExternalTable, CreateModel, Drop, NamedExpr, ObjectKind, OnExisting, Options, Path, Statement,
    StatementKind,
};
use crate::syntax::token::{Sign, TokenKind};

/// What a statement can start with.
const STARTS: &[&str] = &["SELECT", "CREATE", "DROP"];

/// Statements of BigQuery that this dialect leaves out.
const LEFT_OUT: &[&str] = &[
    "ALTER", "BEGIN", "CALL", "COMMIT", "DECLARE", "DELETE", "DESCRIBE", "EXECUTE", "EXPLAIN", "EXPORT",
    "GRANT", "INSERT", "LOAD", "MERGE", "REVOKE", "ROLLBACK", "SET", "SHOW", "TRUNCATE", "UPDATE", "WITH",
];

impl Parser<'_> {
    pub(super) fn statement(&mut self) -> Result<Statement> {
        let start = self.token().span;
        let kind = if self.at_word("SELECT") || self.at_sign(Sign::LeftParen) {
            StatementKind::Query(Box::new(self.query()?))
        } else if self.eat_word("CREATE") {
            self.create()?
        } else if self.eat_word("DROP") {
            StatementKind::Drop(self.drop()?)
        } else {
            return Err(self.no_statement());
        };
        Ok(Statement { kind, span: self.since(start) })
    }

    #[cold]
    fn no_statement(&self) -> Error {
        let token = self.token();
        let word = token.span.of(self.text);
        if token.kind == TokenKind::Word && LEFT_OUT.iter().any(|it| word.eq_ignore_ascii_case(it)) {
            let hint = "statements start with SELECT, CREATE MODEL, CREATE EXTERNAL TABLE or DROP";
            return self.unsupported(&format!("`{}`", word.to_ascii_uppercase()), hint);
        }
        let error = self.expected("a statement");
        match nearest(word, STARTS.iter().copied()) {
            Some(near) => error.hint(format!("did you mean {near}?")).fix(token.span, near),
            None => error.hint("statements start with SELECT, CREATE or DROP"),
        }
    }

    /// What stands behind a complete statement without a `;`.
    #[cold]
    pub(super) fn after_statement(&self) -> Error {
        let token = self.token();
        let starts = token.kind == TokenKind::Word
            && STARTS.iter().any(|it| token.span.of(self.text).eq_ignore_ascii_case(it));
        let error = self.expected("`;` or the end of the statement");
        if starts {
            let at = crate::diag::Span::new(token.span.start, token.span.start);
            return error.hint("put a `;` between two statements").fix(at, "; ");
        }
        error
    }

    fn create(&mut self) -> Result<StatementKind> {
        let replace = self.eat_words(&["OR", "REPLACE"]);
        if self.eat_word("MODEL") {
            return self.create_model(replace).map(StatementKind::CreateModel);
        }
        if self.eat_words(&["EXTERNAL", "TABLE"]) {
            return self.create_external_table(replace).map(StatementKind::CreateExternalTable);
        }
        for left_out in
            ["TABLE", "TEMP", "TEMPORARY", "VIEW", "MATERIALIZED", "FUNCTION", "PROCEDURE", "SCHEMA"]
        {
            if self.at_word(left_out) {
                let hint = "create models and external tables, or register tables from the host program";
                return Err(self.unsupported(&format!("`CREATE {left_out}`"), hint));
            }
        }
        Err(self.expected("`MODEL` or `EXTERNAL TABLE`"))
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

    fn create_model(&mut self, replace: bool) -> Result<CreateModel> {
        let (name, on_existing) = self.created_name(replace, "a model's name")?;
        for left_out in ["TRANSFORM", "INPUT", "OUTPUT", "REMOTE"] {
            if self.at_word(left_out) {
                return Err(self.unsupported(
                    &format!("`{left_out}` in CREATE MODEL"),
                    "write CREATE MODEL name OPTIONS (MODEL_TYPE = 'ONNX', MODEL_PATH = '…')",
                ));
            }
        }
        let options = self.options(&name)?;
        if self.at_word("AS") {
            return Err(self.unsupported("training (`AS` query)", "train elsewhere and import the ONNX file"));
        }
        Ok(CreateModel {
            name,
            on_existing,
            inputs: Vec::new(),
            outputs: Vec::new(),
            transform: None,
            options,
            query: None,
        })
    }

    fn create_external_table(&mut self, replace: bool) -> Result<CreateExternalTable> {
        let (name, on_existing) = self.created_name(replace, "a table's name")?;
        if self.at_sign(Sign::LeftParen) {
            return Err(self
                .unsupported("a column list in CREATE EXTERNAL TABLE", "object tables have fixed columns"));
        }
        // Connections say who pays and who may read on Google's servers: nothing here.
        if self.eat_words(&["WITH", "CONNECTION"]) && !self.eat_word("DEFAULT") {
            self.path("a connection's name")?;
        }
        if self.at_word("WITH") {
            return Err(self.unsupported("`WITH PARTITION COLUMNS`", "leave it out"));
        }
        let options = self.options(&name)?;
        Ok(CreateExternalTable { name, on_existing, columns: Vec::new(), options })
    }

    fn options(&mut self, name: &Path) -> Result<Options> {
        let start = self.token().span;
        if !self.eat_word("OPTIONS") {
            return Ok(Options { items: Vec::new(), span: name.span });
        }
        if self.at_sign(Sign::LeftParen) && self.nth_is_sign(1, Sign::RightParen) {
            self.at += 2;
            return Ok(Options { items: Vec::new(), span: self.since(start) });
        }
        let items = self.parenthesised(|parser| {
            let name = parser.ident("an option's name")?;
            parser.expect(Sign::Equal)?;
            Ok(NamedExpr { name, value: parser.expr()? })
        })?;
        Ok(Options { items, span: self.since(start) })
    }

    fn drop(&mut self) -> Result<Drop> {
        let kind = if self.eat_word("MODEL") {
            ObjectKind::Model
        } else if self.eat_words(&["EXTERNAL", "TABLE"]) {
            ObjectKind::ExternalTable
        } else if self.eat_word("TABLE") {
            ObjectKind::Table
        } else {
            return Err(self.expected("`MODEL`, `TABLE` or `EXTERNAL TABLE`"));
        };
        let if_exists = self.eat_words(&["IF", "EXISTS"]);
        let name = self.path(if kind == ObjectKind::Model { "a model's name" } else { "a table's name" })?;
        Ok(Drop { kind, name, if_exists })
    }
}
