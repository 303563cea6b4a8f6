//! Statements, except CREATE.

use super::Parser;
use super::error::did_you_mean;
use crate::diag::{Error, Result, Span};
use crate::syntax::SETTABLE;
use crate::syntax::ast::{
    AlterModel, AlterTable, Declare, Describe, Drop, Explain, Export, Ident, Insert, InsertSource,
    ModelAction, NamedExpr, ObjectKind, Options, Path, SetValue, SetVariables, Statement, StatementKind,
    TableAction,
};
use crate::syntax::token::{Punctuation, TokenKind};

/// What a statement can start with.
const STARTS: &[&str] = &[
    "SELECT", "WITH", "CREATE", "INSERT", "DROP", "ALTER", "DECLARE", "SET", "EXPLAIN", "DESCRIBE", "DESC",
    "SHOW", "UPDATE", "DELETE", "TRUNCATE", "MERGE", "EXPORT",
];

/// What statements of control start with.
const CONTROL: &[&str] = &[
    "BEGIN",
    "IF",
    "WHILE",
    "LOOP",
    "REPEAT",
    "FOR",
    "BREAK",
    "LEAVE",
    "CONTINUE",
    "ITERATE",
    "RETURN",
    "ASSERT",
    "RAISE",
    "RAISERROR",
    "PRINT",
    "THROW",
    "CALL",
    "EXEC",
    "EXECUTE",
];

/// Statements of BigQuery and SQL Server that are not supported, and what to do instead.
const UNSUPPORTED: &[(&[&str], &str)] = &[
    (&["LOAD", "COPY"], "register tables from the host program, or write CREATE EXTERNAL TABLE"),
    (&["GO"], "in T-SQL it stands on a line of its own; end statements with `;`"),
    (&["USE"], "there is one catalog: leave it out"),
    (&["PRINT"], "write SELECT with the value"),
    (&["WAITFOR"], "nothing here has to be waited for: leave it out"),
    (&["GOTO"], "write WHILE, BREAK and CONTINUE"),
    (&["EXEC", "EXECUTE"], "write CALL name(…) or EXECUTE IMMEDIATE 'text'"),
    (
        &["BEGIN", "COMMIT", "ROLLBACK"],
        "leave it out: every statement is done as a whole or not at all, and nobody else works here",
    ),
    (
        &["GRANT", "REVOKE", "UNDROP", "ANALYZE"],
        "there are no users and no history here: leave them to the host program",
    ),
];

impl Parser<'_> {
    /// Whether a statement starts here.
    pub(super) fn at_statement(&self) -> bool {
        self.at_one_of(STARTS).is_some() || self.at_one_of(CONTROL).is_some()
    }

    /// Whether a statement that is not supported starts here.
    pub(super) fn at_unsupported_statement(&self) -> bool {
        UNSUPPORTED.iter().any(|(words, _)| self.at_one_of(words).is_some())
    }

    pub(super) fn statement(&mut self) -> Result<Statement> {
        let start = self.token().span;
        let kind = if self.is_tsql() && self.eat_word("WITH") {
            self.tsql_with(start)?
        } else if self.at_query() || self.at(Punctuation::LeftParen) || self.at_word("VALUES") {
            let query = Box::new(self.query()?);
            self.aimed(query)?
        } else {
            if self.is_tsql() && self.eat_word("PRINT") {
                let kind = StatementKind::Print(self.expr()?);
                return Ok(Statement { kind, span: self.since(start) });
            }
            match self.eat_one_of(STARTS) {
                Some("CREATE") => self.create()?,
                Some("INSERT") => StatementKind::Insert(self.insert()?),
                Some("UPDATE") => StatementKind::Change(Box::new(self.update()?)),
                Some("DELETE") => StatementKind::Change(Box::new(self.delete()?)),
                Some("TRUNCATE") => StatementKind::Change(Box::new(self.truncate()?)),
                Some("MERGE") => StatementKind::Change(Box::new(self.merge()?)),
                Some("EXPORT") => StatementKind::Export(self.export()?),
                Some("DROP") if self.at_one_of(&["SCHEMA", "DATABASE"]).is_some() => self.dropped_schema()?,
                Some("DROP") => StatementKind::Drop(self.drop()?),
                Some("ALTER") if self.eat_word("TABLE") => StatementKind::AlterTable(self.alter_table()?),
                Some("ALTER") => StatementKind::AlterModel(self.alter()?),
                Some("DECLARE") if self.is_tsql() => self.declare_tsql(start)?,
                Some("DECLARE") => StatementKind::Declare(self.declare()?),
                Some("SET") => StatementKind::Set(self.set()?),
                Some("EXPLAIN") => StatementKind::Explain(self.explain()?),
                Some("DESCRIBE" | "DESC") => StatementKind::Describe(self.describe()?),
                Some(_) => self.show()?,
                None => return Err(self.no_statement()),
            }
        };
        Ok(Statement { kind, span: self.since(start) })
    }

    #[cold]
    fn no_statement(&self) -> Error {
        let unsupported = UNSUPPORTED.iter().find(|(words, _)| self.at_one_of(words).is_some());
        if let Some((_, hint)) = unsupported {
            return self.unsupported(&format!("`{}`", self.token_text().to_ascii_uppercase()), hint);
        }
        let error = self.expected("a statement");
        match self.nearest_keyword(STARTS) {
            Some(near) => did_you_mean(error, self.token().span, near),
            None => error.hint("statements start with SELECT, CREATE, INSERT or DROP"),
        }
    }

    /// `DATA [WITH CONNECTION name] OPTIONS (…) AS query`.
    fn export(&mut self) -> Result<Export> {
        if self.at_word("MODEL") {
            let hint = "the host program exports models: `exportModel` of the package";
            return Err(self.unsupported("`EXPORT MODEL`", hint));
        }
        let start = self.token().span;
        self.expect_word("DATA")?;
        self.skip_connection()?;
        let options = self.options(start)?;
        self.expect_word("AS")?;
        Ok(Export { options, query: Box::new(self.query()?) })
    }

    /// `[ANALYZE] statement`.
    fn explain(&mut self) -> Result<Explain> {
        let analyze = self.eat_word("ANALYZE");
        let statement = Box::new(self.nested(Self::statement)?);
        Ok(Explain { analyze, statement })
    }

    /// `[MODEL|TABLE|VIEW|EXTERNAL TABLE] name`.
    fn describe(&mut self) -> Result<Describe> {
        let named = matches!(self.nth(1).kind, TokenKind::Word | TokenKind::QuotedName(_));
        let kind = if named { self.object_kind() } else { None };
        let name = match kind {
            Some(ObjectKind::Model) => self.model_path()?,
            _ => self.path("the name of a table or model")?,
        };
        Ok(Describe { kind, name })
    }

    fn object_kind(&mut self) -> Option<ObjectKind> {
        if self.eat_words(&["EXTERNAL", "TABLE"]) {
            return Some(ObjectKind::ExternalTable);
        }
        Some(match self.eat_one_of(&["MODEL", "TABLE", "VIEW", "FUNCTION", "PROCEDURE"])? {
            "MODEL" => ObjectKind::Model,
            "FUNCTION" => ObjectKind::Function,
            "PROCEDURE" => ObjectKind::Procedure,
            "TABLE" => ObjectKind::Table,
            _ => ObjectKind::View,
        })
    }

    fn show(&mut self) -> Result<StatementKind> {
        let words = ["MODELS", "TABLES", "VERSIONS"];
        match self.eat_one_of(&words) {
            Some("MODELS") => Ok(StatementKind::Show(ObjectKind::Model)),
            Some("TABLES") => Ok(StatementKind::Show(ObjectKind::Table)),
            Some(_) => {
                self.expect_word("IN")?;
                self.expect_word("MODEL")?;
                self.path("a model's name").map(StatementKind::ShowVersions)
            }
            None => Err(self.expected_one_of(&words)),
        }
    }

    fn drop(&mut self) -> Result<Drop> {
        let unsupported = ["MATERIALIZED", "INDEX", "SNAPSHOT"];
        if let Some(word) = self.at_one_of(&unsupported) {
            let hint = "only tables, views and models can be dropped";
            return Err(self.unsupported(&format!("`DROP {word}`"), hint));
        }
        let Some(kind) = self.object_kind() else {
            return Err(self.expected_one_of(&["MODEL", "TABLE", "VIEW", "EXTERNAL TABLE"]));
        };
        let if_exists = self.eat_words(&["IF", "EXISTS"]);
        if kind == ObjectKind::Model {
            return Ok(Drop { kind, name: self.model_path()?, if_exists });
        }
        let name = self.path(match kind {
            ObjectKind::Function => "a function's name",
            ObjectKind::Procedure => "a procedure's name",
            _ => "a table's name",
        })?;
        Ok(Drop { kind, name, if_exists })
    }

    /// `SCHEMA [IF EXISTS] name [CASCADE | RESTRICT]`: names of tables hold those of datasets, which are nothing else.
    fn dropped_schema(&mut self) -> Result<StatementKind> {
        self.bump();
        self.eat_words(&["IF", "EXISTS"]);
        self.path("a dataset's name")?;
        if self.at_word("CASCADE") {
            return Err(self.unsupported("`CASCADE`", "drop the tables by their names"));
        }
        self.eat_word("RESTRICT");
        Ok(StatementKind::Ignored("DROP SCHEMA"))
    }

    /// `MODEL [IF EXISTS] name action`.
    fn alter(&mut self) -> Result<AlterModel> {
        let unsupported = ["VIEW", "SCHEMA", "MATERIALIZED", "EXTERNAL", "DATABASE", "PROCEDURE", "FUNCTION"];
        if let Some(word) = self.at_one_of(&unsupported) {
            return Err(self.unsupported(&format!("`ALTER {word}`"), "write CREATE OR REPLACE"));
        }
        self.expect_word("MODEL")?;
        let if_exists = self.eat_words(&["IF", "EXISTS"]);
        let name = self.model_path()?;
        let words = ["SET", "UNSET", "ADD", "DROP", "ROLLBACK", "RENAME"];
        let action = match self.eat_one_of(&words) {
            Some("SET") => self.set_of_model(&name)?,
            Some("UNSET") => {
                self.expect_word("ALIAS")?;
                let is_named = !matches!(self.token().kind, TokenKind::End | TokenKind::Punctuation(_));
                ModelAction::UnsetAlias(if is_named { Some(self.version_name()?) } else { None })
            }
            Some("ADD") => {
                self.expect_word("VERSION")?;
                let is_number = self.token().kind == TokenKind::Integer;
                let version = if is_number { Some(self.version_name()?) } else { None };
                ModelAction::AddVersion(Box::new(self.model_file(name.clone(), version)?))
            }
            Some("DROP") if self.eat_word("BASELINE") => ModelAction::DropBaseline,
            Some("DROP") => {
                self.eat_one_of(&["VERSION"])
                    .ok_or_else(|| self.expected_one_of(&["VERSION", "BASELINE"]))?;
                ModelAction::DropVersion(self.version_name()?)
            }
            Some("ROLLBACK") => {
                self.expect_word("ALIAS")?;
                ModelAction::RollBack(self.version_name()?)
            }
            Some(_) => {
                self.expect_word("TO")?;
                ModelAction::Rename(self.path("a model's new name")?)
            }
            None => return Err(self.expected_one_of(&words)),
        };
        Ok(AlterModel { name, if_exists, action })
    }

    /// What a model or one of its versions gets.
    fn set_of_model(&mut self, name: &Path) -> Result<ModelAction> {
        if self.eat_word("BASELINE") {
            if !self.eat_word("FROM") && !self.at_word("TABLE") {
                return Err(self
                    .expected_one_of(&["FROM", "TABLE"])
                    .hint("write SET BASELINE FROM (SELECT …), or DROP BASELINE for a model without one"));
            }
            self.eat_word("TABLE");
            return Ok(ModelAction::SetBaseline(self.table()?));
        }
        if self.at_word("OPTIONS") {
            return Ok(ModelAction::SetOptions(self.options(name.span)?));
        }
        let words = ["OPTIONS", "BASELINE", "ALIAS", "DEFAULT_VERSION"];
        let word =
            self.eat_one_of(&["ALIAS", "DEFAULT_VERSION"]).ok_or_else(|| self.expected_one_of(&words))?;
        self.eat(Punctuation::Equal);
        let version = self.version_name()?;
        Ok(if word == "ALIAS" { ModelAction::SetAlias(version) } else { ModelAction::SetDefault(version) })
    }

    /// `[IF EXISTS] name action, …`.
    fn alter_table(&mut self) -> Result<AlterTable> {
        let if_exists = self.eat_words(&["IF", "EXISTS"]);
        let name = self.path("a table's name")?;
        let actions = self.comma_separated(|parser| parser.table_action(&name))?;
        Ok(AlterTable { name, if_exists, actions })
    }

    fn table_action(&mut self, table: &Path) -> Result<TableAction> {
        let words = ["ADD", "DROP", "RENAME", "ALTER", "SET"];
        let Some(word) = self.eat_one_of(&words) else { return Err(self.expected_one_of(&words)) };
        if word == "SET" {
            self.options(table.span)?;
            return Ok(TableAction::Nothing);
        }
        if word == "RENAME" && self.eat_word("TO") {
            return self.path("a table's name").map(TableAction::RenameTable);
        }
        if self.at_one_of(&["CONSTRAINT", "PRIMARY", "FOREIGN"]).is_some() {
            if word == "ADD" && !self.is_tsql() {
                self.added_key()?;
                return Ok(TableAction::Nothing);
            }
            return Err(self.unsupported("a key of a table", "rows are not checked here: leave it out"));
        }
        // T-SQL adds columns without the word.
        if !(self.eat_word("COLUMN") || (self.is_tsql() && word == "ADD")) {
            return Err(self.expected_one_of(&["COLUMN"]));
        }
        if word == "ADD" {
            let if_missing = self.eat_words(&["IF", "NOT", "EXISTS"]);
            return Ok(TableAction::Add { column: Box::new(self.column()?), if_missing });
        }
        let if_exists = self.eat_words(&["IF", "EXISTS"]);
        let name = self.column_name()?;
        if word == "DROP" {
            return Ok(TableAction::Drop { name, if_exists });
        }
        if word == "RENAME" {
            self.expect_word("TO")?;
            return Ok(TableAction::Rename { name, to: self.column_name()?, if_exists });
        }
        if self.eat_words(&["SET", "DEFAULT"]) {
            return Ok(TableAction::Default(name, Some(Box::new(self.prefix()?))));
        }
        if self.eat_words(&["DROP", "DEFAULT"]) {
            return Ok(TableAction::Default(name, None));
        }
        if self.eat_words(&["DROP", "NOT", "NULL"]) {
            return Ok(TableAction::Nullable(name));
        }
        if self.at_words(&["SET", "OPTIONS"]) {
            self.bump();
            self.options(table.span)?;
            return Ok(TableAction::Nothing);
        }
        if self.eat_words(&["SET", "DATA", "TYPE"]) {
            return Ok(TableAction::Retype(name, self.type_name()?));
        }
        let hint = "write CREATE OR REPLACE TABLE t AS SELECT * REPLACE (CAST(x AS type) AS x) FROM t";
        Err(self.unsupported("another type for a column", hint))
    }

    /// `[OPTIONS (name = value, …)]`.
    pub(super) fn options(&mut self, before: Span) -> Result<Options> {
        let start = self.token().span;
        if !self.eat_word("OPTIONS") {
            return Ok(Options { items: Vec::new(), span: before });
        }
        if self.at(Punctuation::LeftParen) && self.nth_at(1, Punctuation::RightParen) {
            self.position += 2;
            return Ok(Options { items: Vec::new(), span: self.since(start) });
        }
        let items = self.parenthesised(|parser| {
            let name = parser.ident("an option's name")?;
            parser.expect(Punctuation::Equal)?;
            Ok(NamedExpr { name, value: parser.expr()? })
        })?;
        Ok(Options { items, span: self.since(start) })
    }

    /// `[INTO] table [(columns)] VALUES (…), … | query`.
    pub(super) fn insert(&mut self) -> Result<Insert> {
        self.eat_word("INTO");
        let table = self.path("a table's name")?;
        let has_columns = self.at(Punctuation::LeftParen) && !self.at_parenthesised_query();
        let columns = if has_columns { self.parenthesised(Self::column_name)? } else { Vec::new() };
        self.refuse_output()?;
        if self.is_tsql() {
            self.refuse(&["EXEC", "EXECUTE"], "let the procedure itself INSERT its rows")?;
        }
        let source = if self.is_tsql() && self.eat_words(&["DEFAULT", "VALUES"]) {
            InsertSource::Defaults
        } else if self.eat_word("VALUES") {
            InsertSource::Values(self.comma_separated(|parser| parser.parenthesised(Self::assigned_value))?)
        } else if self.at_query() || self.at(Punctuation::LeftParen) {
            InsertSource::Query(Box::new(self.query()?))
        } else {
            return Err(self.expected_one_of(&["VALUES", "SELECT"]));
        };
        Ok(Insert { table, columns, source })
    }

    pub(super) fn refuse_output(&self) -> Result<()> {
        let hint = "SELECT the rows, before a DELETE, behind an INSERT or UPDATE";
        if self.is_tsql() { self.refuse(&["OUTPUT"], hint) } else { Ok(()) }
    }

    /// `a, b [type] [DEFAULT value]`.
    fn declare(&mut self) -> Result<Declare> {
        if matches!(self.token().kind, TokenKind::Parameter(_)) {
            let hint =
                "variables of BigQuery have no `@`; `@name` is a parameter that the host gives a value";
            return Err(self.expected("a variable's name").hint(hint));
        }
        let names = self.comma_separated(|parser| parser.ident("a variable's name"))?;
        let ends =
            self.at_word("DEFAULT") || self.at(Punctuation::Semicolon) || self.token().kind == TokenKind::End;
        let data_type = if ends { None } else { Some(self.type_name()?) };
        let value = if self.eat_word("DEFAULT") { Some(self.expr()?) } else { None };
        if data_type.is_none() && value.is_none() {
            return Err(self.expected("a type or `DEFAULT`"));
        }
        Ok(Declare { names, data_type, value, again: !self.loops.is_empty(), block: None })
    }

    /// `@@query_label` and others that say where BigQuery runs and bills a query: here they only hold their values.
    fn system_variable(&mut self) -> Result<Ident> {
        let known = self.token();
        match &known.kind {
            TokenKind::Parameter(name) if !self.is_tsql() && SETTABLE.contains(&name.as_str()) => {
                self.bump();
                Ok(Ident { text: name.clone(), span: known.span })
            }
            _ => Err(self.unsupported("setting a system variable", "leave it out: times are in UTC")),
        }
    }

    /// `a = value`, `(a, b) = (1, 2)`, T-SQL's `@a = value`.
    fn set(&mut self) -> Result<SetVariables> {
        let names = if matches!(&self.token().kind, TokenKind::Parameter(name) if name.starts_with('@')) {
            vec![self.system_variable()?]
        } else if self.is_tsql() {
            vec![self.tsql_variable()?]
        } else if self.at(Punctuation::LeftParen) {
            self.parenthesised(|parser| parser.ident("a variable's name"))?
        } else {
            vec![self.ident("a variable's name")?]
        };
        let value = match names.as_slice() {
            [name] if self.is_tsql() => self.assigned(name)?,
            _ => {
                self.expect(Punctuation::Equal)?;
                self.expr()?
            }
        };
        Ok(SetVariables { names, value: SetValue::Expr(value) })
    }
}
