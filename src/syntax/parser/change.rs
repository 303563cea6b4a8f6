//! UPDATE, DELETE, TRUNCATE and MERGE.

use super::Parser;
use crate::diag::Result;
use crate::syntax::SqlOperator;
use crate::syntax::ast::{
    Change, ChangeAction, ChangeBranch, ChangeRows, Expr, ExprKind, Ident, Join, JoinKind, JoinOn, Path,
    TableExpr, TableExprKind,
};
use crate::syntax::token::Punctuation;

impl Parser<'_> {
    /// `table [AS name] SET column = value, … [FROM …] [WHERE condition]`.
    pub(super) fn update(&mut self) -> Result<Change> {
        let start = self.token().span;
        self.refuse(&["TOP"], "say with WHERE which rows are meant")?;
        let table = self.path("a table's name")?;
        let alias = if self.at_word("SET") { None } else { self.alias()? };
        self.expect_word("SET")?;
        let action = ChangeAction::Update(self.assignments()?);
        self.refuse_output()?;
        let source = if self.eat_word("FROM") { Some(self.from()?) } else { None };
        let mut target = Target { table, alias, source, on: None };
        if self.is_tsql() {
            target = self.target_in_from(target)?;
        }
        let on = self.meant_rows()?;
        let branch =
            ChangeBranch { on: ChangeRows::Matched, condition: None, action, span: self.since(start) };
        Ok(target.change("UPDATE", on, branch))
    }

    /// `[FROM] table [AS name] [WHERE condition]`.
    pub(super) fn delete(&mut self) -> Result<Change> {
        let start = self.token().span;
        self.refuse(&["TOP"], "say with WHERE which rows are meant")?;
        self.eat_word("FROM");
        let table = self.path("a table's name")?;
        self.refuse_output()?;
        let alias = if self.at_one_of(&["WHERE", "FROM"]).is_some() { None } else { self.alias()? };
        let mut target = Target { table, alias, source: None, on: None };
        if self.is_tsql() && self.eat_word("FROM") {
            target.source = Some(self.from()?);
            target = self.target_in_from(target)?;
        }
        let on = self.meant_rows()?;
        let action = ChangeAction::Delete;
        let branch =
            ChangeBranch { on: ChangeRows::Matched, condition: None, action, span: self.since(start) };
        Ok(target.change("DELETE", on, branch))
    }

    /// T-SQL's FROM may hold the table that is changed, by its name or alias, as the first one.
    fn target_in_from(&self, target: Target) -> Result<Target> {
        let Target { table, alias, source, on } = target;
        let Some(source) = source else { return Ok(Target { table, alias, source, on }) };
        let whole = source.clone();
        match self.taken_out(&table, source)? {
            (Some((table, alias)), source, on) => Ok(Target { table, alias, source, on }),
            (None, ..) => Ok(Target { table, alias, source: Some(whole), on }),
        }
    }

    /// The table called `name` at the left end of a FROM, with its alias; what it is joined with; and the conditions of
    /// these joins.
    #[expect(clippy::type_complexity, reason = "a table, the rest of FROM, and a condition")]
    fn taken_out(
        &self,
        name: &Path,
        from: TableExpr,
    ) -> Result<(Option<(Path, Option<Ident>)>, Option<TableExpr>, Option<Expr>)> {
        let TableExpr { kind, alias, span } = from;
        match kind {
            TableExprKind::Name { path, offset: None } => {
                let own = alias.as_ref().or(path.last());
                let is_it = own.zip(name.last()).is_some_and(|(a, b)| a.text.eq_ignore_ascii_case(&b.text));
                Ok((is_it.then_some((path, alias)), None, None))
            }
            TableExprKind::Join(join) => {
                let (found, rest, on) = self.taken_out(name, join.left)?;
                if found.is_none() {
                    return Ok((None, None, None));
                }
                if !matches!(join.kind, JoinKind::Inner | JoinKind::Cross) {
                    let hint = "write MERGE, or UPDATE … SET x = (SELECT …)";
                    return Err(self
                        .unsupported("an outer join in FROM of UPDATE and DELETE", hint)
                        .at(span));
                }
                let own = match join.on {
                    Some(JoinOn::Condition(condition)) => Some(condition),
                    _ => None,
                };
                let rest = match rest {
                    None => join.right,
                    Some(rest) => {
                        let cross = Join { left: rest, right: join.right, kind: JoinKind::Cross, on: None };
                        TableExpr { kind: TableExprKind::Join(Box::new(cross)), alias: None, span }
                    }
                };
                Ok((found, Some(rest), both(on, own)))
            }
            _ => Ok((None, None, None)),
        }
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

/// The table that is changed, and what stands beside it.
struct Target {
    table: Path,
    alias: Option<Ident>,
    source: Option<TableExpr>,
    /// Which rows of both belong together.
    on: Option<Expr>,
}

impl Target {
    fn change(self, verb: &'static str, on: Option<Expr>, branch: ChangeBranch) -> Change {
        let Self { table, alias, source, on: own } = self;
        Change { verb, table, alias, source, on: both(own, on), branches: vec![branch] }
    }
}

/// Both conditions.
fn both(a: Option<Expr>, b: Option<Expr>) -> Option<Expr> {
    match (a, b) {
        (Some(a), Some(b)) => {
            let span = a.span;
            let kind = ExprKind::Operator { operator: SqlOperator::And, args: vec![a, b] };
            Some(Expr { kind, span })
        }
        (a, b) => a.or(b),
    }
}
