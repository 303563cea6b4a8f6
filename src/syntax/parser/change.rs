//! UPDATE, DELETE, TRUNCATE and MERGE.

use super::Parser;
use super::primary::one_part;
use super::query::CHANGES;
use crate::diag::{Result, Span};
use crate::syntax::SqlOperator;
use crate::syntax::ast::{
    Change, ChangeAction, ChangeBranch, ChangeRows, Cte, Expr, ExprKind, FunctionCall, Ident, InsertSource,
    Join, JoinKind, JoinOn, Over, Path, Query, QueryBody, ROW, Select, SelectItem, StatementKind, TableExpr,
    TableExprKind, Window,
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
        self.refuse(&["TOP"], "write WITH d AS (SELECT TOP (n) * FROM t ORDER BY x) DELETE FROM d")?;
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

    /// What comes behind T-SQL's `WITH …`.
    pub(super) fn tsql_with(&mut self, start: Span) -> Result<StatementKind> {
        let with = self.nested(Self::with)?;
        match self.at_one_of(CHANGES) {
            None => {
                let query = self.nested(|parser| parser.query_behind(with, start))?;
                self.aimed(Box::new(query))
            }
            Some("INSERT") => {
                self.bump();
                let mut insert = self.insert()?;
                let InsertSource::Query(query) = &mut insert.source else {
                    return Err(self.expected("a query to insert"));
                };
                query.with.splice(0..0, with);
                Ok(StatementKind::Insert(insert))
            }
            Some("DELETE") => {
                self.bump();
                let change = self.delete()?;
                let span = self.since(start);
                match through_query(change, with) {
                    Some(change) => Ok(StatementKind::Change(Box::new(change))),
                    None => {
                        let hint = "name the one query of WITH, which reads one table without groups: DELETE FROM d WHERE rn > 1";
                        Err(self.unsupported("this DELETE behind WITH", hint).at(span))
                    }
                }
            }
            Some(word) => {
                let hint = "write the query as a subquery in FROM or USING";
                Err(self.unsupported(&format!("{word} behind WITH"), hint))
            }
        }
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
        self.refuse_output()?;
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

    /// `column = value, …`, `column.field = value`; the table's name may stand before a column.
    fn assignments(&mut self) -> Result<Vec<(Path, Expr)>> {
        self.comma_separated(|parser| {
            let start = parser.token().span;
            let mut parts = vec![parser.column_name()?];
            while parser.eat(Punctuation::Dot) {
                parts.push(parser.column_name()?);
            }
            let target = Path { parts, span: parser.since(start) };
            parser.expect(Punctuation::Equal)?;
            Ok((target, parser.assigned_value()?))
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

/// A DELETE from the query of WITH as one from the table that it reads: of the rows with the numbers that the query keeps.
/// `None` where the query's rows are not those of a table.
fn through_query(change: Change, mut with: Vec<Cte>) -> Option<Change> {
    let cte = with.last_mut()?;
    let (doomed, span) = (change.table.clone(), change.table.span);
    if change.source.is_some() || !doomed.last()?.text.eq_ignore_ascii_case(&cte.name.text) {
        return None;
    }
    let QueryBody::Select(select) = &mut cte.query.body else { return None };
    let TableExpr { kind: TableExprKind::Name { path, offset: None }, alias, .. } = select.from.clone()?
    else {
        return None;
    };
    if select.distinct || select.group_by.is_some() || select.having.is_some() {
        return None;
    }
    let expr = |kind| Expr { kind, span };
    let row = || Ident { text: ROW.into(), span };
    let number = SelectItem::Expr {
        expr: expr(ExprKind::Call(Box::new(FunctionCall {
            over: Some(Over::Window(Box::new(Window {
                base: None,
                partition_by: Vec::new(),
                order_by: Vec::new(),
                frame: None,
                span,
            }))),
            ..FunctionCall::plain(one_part("ROW_NUMBER", span), Vec::new())
        }))),
        alias: Some(row()),
    };
    let table =
        TableExpr { kind: TableExprKind::Name { path: path.clone(), offset: None }, alias: None, span };
    let mut numbered = Select::all(table, span);
    numbered.items.push(number);
    let kind = TableExprKind::Subquery(Box::new(Query::of_select(numbered)));
    select.from = Some(TableExpr { kind, alias: alias.or_else(|| path.last().cloned()), span });
    if !select.items.iter().any(|item| matches!(item, SelectItem::Star(_))) {
        select.items.push(SelectItem::Expr { expr: expr(ExprKind::Name(row())), alias: None });
    }
    let kind = TableExprKind::Name { path: doomed.clone(), offset: None };
    let kept = Select {
        items: vec![SelectItem::Expr { expr: expr(ExprKind::Name(row())), alias: None }],
        filter: change.on,
        ..Select::all(TableExpr { kind, alias: change.alias, span }, span)
    };
    let rows = Query { with, ..Query::of_select(kept) };
    let name = Ident { text: "$doomed".into(), span };
    let of = |table: Ident| {
        let table = Box::new(expr(ExprKind::Name(table)));
        expr(ExprKind::Field(table, row()))
    };
    let args = vec![of(path.last()?.clone()), of(name.clone())];
    let kind = TableExprKind::Subquery(Box::new(rows));
    Some(Change {
        table: path,
        alias: None,
        source: Some(TableExpr { kind, alias: Some(name), span }),
        on: Some(expr(ExprKind::Operator { operator: SqlOperator::Equal, args })),
        ..change
    })
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
