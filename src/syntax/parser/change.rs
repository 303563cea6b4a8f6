//! UPDATE, DELETE, TRUNCATE and MERGE.

use super::Parser;
use crate::diag::Result;
use crate::syntax::ast::{Change, ChangeAction, ChangeBranch, ChangeRows, Expr, ExprKind, Ident};
use crate::syntax::token::Punctuation;

impl Parser<'_> {
    /// `table [AS name] SET column = value, … [FROM …] [WHERE condition]`.
    pub(super) fn update(&mut self) -> Result<Change> {
        let start = self.token().span;
        let table = self.path("a table's name")?;
        let alias = if self.at_word("SET") { None } else { self.alias()? };
        self.expect_word("SET")?;
        let action = ChangeAction::Update(self.assignments()?);
        let source = if self.eat_word("FROM") { Some(self.from()?) } else { None };
        let on = self.meant_rows()?;
        let branch =
            ChangeBranch { on: ChangeRows::Matched, condition: None, action, span: self.since(start) };
        Ok(Change { verb: "UPDATE", table, alias, source, on, branches: vec![branch] })
    }

    /// `[FROM] table [AS name] [WHERE condition]`.
    pub(super) fn delete(&mut self) -> Result<Change> {
        let start = self.token().span;
        self.eat_word("FROM");
        let table = self.path("a table's name")?;
        let alias = if self.at_word("WHERE") { None } else { self.alias()? };
        let on = self.meant_rows()?;
        let action = ChangeAction::Delete;
        let branch =
            ChangeBranch { on: ChangeRows::Matched, condition: None, action, span: self.since(start) };
        Ok(Change { verb: "DELETE", table, alias, source: None, on, branches: vec![branch] })
    }

    /// `WHERE condition`; in T-SQL all rows are meant without one.
    fn meant_rows(&mut self) -> Result<Option<Expr>> {
        if self.eat_word("WHERE") {
            return self.expr().map(Some);
        }
        if self.is_tsql() {
            return Ok(None);
        }
        Err(self.expected("`WHERE`").hint("write WHERE TRUE to mean all rows"))
    }

    /// `TABLE name`.
    pub(super) fn truncate(&mut self) -> Result<Change> {
        self.expect_word("TABLE")?;
        let table = self.path("a table's name")?;
        let (on, action) = (ChangeRows::Matched, ChangeAction::Delete);
        let branch = ChangeBranch { on, condition: None, action, span: table.span };
        Ok(Change {
            verb: "TRUNCATE TABLE",
            table,
            alias: None,
            source: None,
            on: None,
            branches: vec![branch],
        })
    }

    /// `[INTO] table [AS name] USING source ON condition WHEN …`.
    pub(super) fn merge(&mut self) -> Result<Change> {
        self.eat_word("INTO");
        let table = self.path("a table's name")?;
        let alias = if self.at_word("USING") { None } else { self.alias()? };
        self.expect_word("USING")?;
        let source = Some(self.table()?);
        self.expect_word("ON")?;
        let on = Some(self.expr()?);
        let mut branches = Vec::new();
        while self.at_word("WHEN") {
            branches.push(self.change_branch()?);
        }
        if branches.is_empty() {
            return Err(self.expected("`WHEN`").hint("write WHEN MATCHED THEN UPDATE SET …"));
        }
        Ok(Change { verb: "MERGE", table, alias, source, on, branches })
    }

    fn change_branch(&mut self) -> Result<ChangeBranch> {
        let start = self.token().span;
        self.expect_word("WHEN")?;
        let not = self.eat_word("NOT");
        self.expect_word("MATCHED")?;
        let by_source = not && self.eat_words(&["BY", "SOURCE"]);
        if not && !by_source {
            self.eat_words(&["BY", "TARGET"]);
        }
        let on = match (not, by_source) {
            (false, _) => ChangeRows::Matched,
            (true, false) => ChangeRows::NotMatched,
            (true, true) => ChangeRows::NotMatchedBySource,
        };
        let condition = if self.eat_word("AND") { Some(self.expr()?) } else { None };
        self.expect_word("THEN")?;
        let action = if on == ChangeRows::NotMatched {
            self.expect_word("INSERT")?;
            self.inserted_row()?
        } else {
            match self.eat_one_of(&["UPDATE", "DELETE"]) {
                Some("UPDATE") => {
                    self.expect_word("SET")?;
                    ChangeAction::Update(self.assignments()?)
                }
                Some(_) => ChangeAction::Delete,
                None => return Err(self.expected("`UPDATE` or `DELETE`")),
            }
        };
        Ok(ChangeBranch { on, condition, action, span: self.since(start) })
    }

    /// `[(columns)] {VALUES (…) | ROW}`.
    fn inserted_row(&mut self) -> Result<ChangeAction> {
        let has_columns = self.at(Punctuation::LeftParen);
        let columns = if has_columns { self.parenthesised(Self::column_name)? } else { Vec::new() };
        if self.eat_word("ROW") {
            return Ok(ChangeAction::Insert { columns, values: Vec::new() });
        }
        self.expect_word("VALUES")?;
        let values = self.parenthesised(Self::assigned_value)?;
        Ok(ChangeAction::Insert { columns, values })
    }

    /// `column = value, …`; the table's name may stand before a column.
    fn assignments(&mut self) -> Result<Vec<(Ident, Expr)>> {
        self.comma_separated(|parser| {
            let mut column = parser.column_name()?;
            if parser.eat(Punctuation::Dot) {
                column = parser.column_name()?;
            }
            parser.expect(Punctuation::Equal)?;
            Ok((column, parser.assigned_value()?))
        })
    }

    /// A value, or DEFAULT.
    pub(super) fn assigned_value(&mut self) -> Result<Expr> {
        let span = self.token().span;
        if self.eat_word("DEFAULT") {
            return Ok(Expr { kind: ExprKind::Default, span });
        }
        self.expr()
    }
}
