//! What only T-SQL's queries and scripts have: TOP, OFFSET … FETCH, SELECT INTO, variables set by a SELECT, row values,
//! batches.

use super::primary::one_part;
use super::{Parser, Target};
use crate::data::Scalar;
use crate::diag::{Code, Error, Result, Span};
use crate::syntax::SqlOperator;
use crate::syntax::ast::{
    CreateTable, Expr, ExprKind, FunctionCall, Ident, Limit, OnExisting, OrderItem, Over, Parameter, Query,
    QueryBody, Select, SelectItem, SetValue, SetVariables, StatementKind, Window,
};
use crate::syntax::token::{Punctuation, TokenKind};

/// Options of SQL Server's sessions that make no difference here, and what they may be set to.
const SETTINGS: &[(&str, &[&str])] = &[
    ("NOCOUNT", &["ON", "OFF"]),
    ("XACT_ABORT", &["ON", "OFF"]),
    ("ANSI_NULLS", &["ON"]),
    ("ANSI_PADDING", &["ON"]),
    ("ANSI_WARNINGS", &["ON"]),
    ("ARITHABORT", &["ON"]),
    ("CONCAT_NULL_YIELDS_NULL", &["ON"]),
    ("QUOTED_IDENTIFIER", &["ON"]),
];

/// Hints of tables that say how to lock and read, and change no result.
const TABLE_HINTS: &[&str] = &[
    "NOLOCK",
    "READUNCOMMITTED",
    "READCOMMITTED",
    "REPEATABLEREAD",
    "SERIALIZABLE",
    "SNAPSHOT",
    "HOLDLOCK",
    "UPDLOCK",
    "XLOCK",
    "ROWLOCK",
    "PAGLOCK",
    "TABLOCK",
    "TABLOCKX",
    "NOWAIT",
    "NOEXPAND",
];

/// `TOP (count) [PERCENT] [WITH TIES]`.
#[derive(Clone)]
pub(super) struct Top {
    count: Expr,
    percent: bool,
    ties: bool,
    span: Span,
}

impl Top {
    /// The limit of a query of these `parts` in this order. Where a number of rows does not say it, the one part is
    /// filtered by the rows' ranks.
    ///
    /// # Errors
    /// For WITH TIES without an order, and for what ranks cannot say.
    pub(super) fn limit(self, parts: &mut [QueryBody], order_by: &[OrderItem]) -> Result<Option<Limit>> {
        let Self { count, percent, ties, span } = self;
        if !percent && !ties {
            return Ok(Some(Limit { count, offset: None }));
        }
        let [QueryBody::Select(select)] = parts else {
            return Err(unranked("of a UNION", span));
        };
        if select.distinct || select.qualify.is_some() {
            return Err(unranked("beside DISTINCT or QUALIFY", span));
        }
        if ties && order_by.is_empty() {
            return Err(Error::new(Code::SyntaxError, "`WITH TIES` needs an ORDER BY").at(span));
        }
        let order_by = order_by.iter().map(|item| by_value(item, select)).collect::<Result<Vec<_>>>()?;
        let most = if percent { share_of_rows(count, span) } else { count };
        let rank = windowed(if ties { "RANK" } else { "ROW_NUMBER" }, Vec::new(), order_by, span);
        select.qualify = Some(operator(SqlOperator::LessOrEqual, [rank, most], span));
        Ok(None)
    }
}

#[cold]
fn unranked(place: &str, span: Span) -> Error {
    Error::new(Code::UnsupportedSyntax, format!("`TOP` with PERCENT or WITH TIES {place} is not supported"))
        .at(span)
        .hint("put the query below it in parentheses: SELECT TOP … * FROM (…) AS t ORDER BY …")
}

/// The error of TOP in a query that has OFFSET.
#[cold]
pub(super) fn beside_offset(top: &Top) -> Error {
    Error::new(Code::SyntaxError, "a query cannot have both TOP and OFFSET")
        .at(top.span)
        .hint("write FETCH NEXT … ROWS ONLY behind OFFSET")
}

/// An item of ORDER BY with the column of the list that it numbers.
fn by_value(item: &OrderItem, select: &Select) -> Result<OrderItem> {
    let ExprKind::Literal(Scalar::Int64(number)) = item.expr.kind else { return Ok(item.clone()) };
    let index = usize::try_from(number).ok().and_then(|number| number.checked_sub(1));
    match index.and_then(|index| select.items.get(index)) {
        Some(SelectItem::Expr { expr, .. }) => Ok(OrderItem { expr: expr.clone(), ..item.clone() }),
        _ => Err(Error::new(Code::OutOfRange, format!("ORDER BY {number} is no column of the SELECT list"))
            .at(item.expr.span)),
    }
}

/// `CEIL(COUNT(*) OVER () * percent / 100.0)`.
fn share_of_rows(percent: Expr, span: Span) -> Expr {
    let rows = windowed("COUNT", vec![Expr { kind: ExprKind::Star, span }], Vec::new(), span);
    let hundred = Expr { kind: ExprKind::Literal(Scalar::Float64(100.0)), span };
    let share = operator(SqlOperator::Multiply, [rows, percent], span);
    let share = operator(SqlOperator::Divide, [share, hundred], span);
    call(FunctionCall::plain(one_part("CEIL", span), vec![share]), span)
}

fn windowed(function: &str, args: Vec<Expr>, order_by: Vec<OrderItem>, span: Span) -> Expr {
    let over =
        Over::Window(Box::new(Window { base: None, partition_by: Vec::new(), order_by, frame: None, span }));
    call(FunctionCall { over: Some(over), ..FunctionCall::plain(one_part(function, span), args) }, span)
}

fn call(call: FunctionCall, span: Span) -> Expr {
    Expr { kind: ExprKind::Call(Box::new(call)), span }
}

fn operator<const N: usize>(operator: SqlOperator, args: [Expr; N], span: Span) -> Expr {
    Expr { kind: ExprKind::Operator { operator, args: args.into() }, span }
}

/// Gives the columns of a query these names.
///
/// # Errors
/// `column-count` for another number of names; `unsupported-syntax` where the query does not name each column.
pub(super) fn name_columns(query: &mut Query, names: Vec<Ident>) -> Result<()> {
    let span = names.first().map_or(query.span, |name| name.span);
    let mut body = &mut query.body;
    let select = loop {
        match body {
            QueryBody::Select(select) => break select,
            QueryBody::Nested(inner) => body = &mut inner.body,
            QueryBody::ByName(by_name) => body = &mut by_name.body,
            QueryBody::Union { parts, .. } | QueryBody::Matching { parts, .. } => match parts.first_mut() {
                Some(first) => body = first,
                None => return Err(Error::internal("a UNION without parts")),
            },
        }
    };
    if select.items.iter().any(|item| matches!(item, SelectItem::Star(_))) {
        return Err(Error::new(Code::UnsupportedSyntax, "a column list for `*` is not supported")
            .at(span)
            .hint("write the columns out, with AS"));
    }
    if select.items.len() != names.len() {
        let message = format!("expected {} names of columns, found {}", select.items.len(), names.len());
        return Err(Error::new(Code::ColumnCount, message).at(span));
    }
    for (item, name) in select.items.iter_mut().zip(names) {
        if let SelectItem::Expr { alias, .. } = item {
            *alias = Some(name);
        }
    }
    Ok(())
}

impl Parser<'_> {
    /// `TOP n [PERCENT] [WITH TIES]`, `TOP (n) …`.
    pub(super) fn top(&mut self) -> Result<Option<Top>> {
        let start = self.token().span;
        if !self.eat_word("TOP") {
            return Ok(None);
        }
        let count = match self.token().kind {
            TokenKind::Integer | TokenKind::Punctuation(Punctuation::LeftParen) => self.top_count()?,
            TokenKind::Float => self.primary()?,
            _ => return Err(self.expected("a number of rows").hint("write TOP (10)")),
        };
        let percent = self.eat_word("PERCENT");
        let ties = self.eat_words(&["WITH", "TIES"]);
        Ok(Some(Top { count, percent, ties, span: self.since(start) }))
    }

    fn top_count(&mut self) -> Result<Expr> {
        if self.at(Punctuation::LeftParen) {
            let open = self.bump().span;
            let count = self.expr()?;
            self.close(open, Punctuation::RightParen)?;
            return Ok(count);
        }
        let token = self.bump();
        self.integer(token.span.of(self.text), token.span)
    }

    /// `[OFFSET n ROWS [FETCH NEXT m ROWS ONLY]]`.
    pub(super) fn offset_fetch(&mut self, order_by: &[OrderItem]) -> Result<Option<Limit>> {
        let start = self.token().span;
        if order_by.is_empty() || !self.eat_word("OFFSET") {
            return Ok(None);
        }
        let offset = Some(self.row_count()?);
        // More rows than a table can have.
        let all = Expr { kind: ExprKind::Literal(Scalar::Int64(u32::MAX.into())), span: start };
        let count = if self.eat_word("FETCH") {
            if self.eat_one_of(&["NEXT", "FIRST"]).is_none() {
                return Err(self.expected_one_of(&["NEXT", "FIRST"]));
            }
            let count = self.row_count()?;
            self.expect_word("ONLY")?;
            count
        } else {
            all
        };
        Ok(Some(Limit { count, offset }))
    }

    /// `n ROWS`.
    fn row_count(&mut self) -> Result<Expr> {
        let count = self.count()?;
        match self.eat_one_of(&["ROWS", "ROW"]) {
            Some(_) => Ok(count),
            None => Err(self.expected_one_of(&["ROWS", "ROW"])),
        }
    }

    /// `(name, …)` behind an alias.
    pub(super) fn tsql_column_list(&mut self) -> Result<Option<Vec<Ident>>> {
        if !self.is_tsql() || !self.at(Punctuation::LeftParen) {
            return Ok(None);
        }
        self.parenthesised(Self::column_name).map(Some)
    }

    /// `VALUES (…), (…)` as a query; the columns' names come behind it.
    pub(super) fn row_values(&mut self) -> Result<Query> {
        let start = self.token().span;
        self.expect_word("VALUES")?;
        let mut rows = self.comma_separated(|parser| {
            let start = parser.token().span;
            let values = parser.parenthesised(Self::expr)?;
            Ok(row(values, parser.since(start)))
        })?;
        let body = match (rows.len(), rows.pop()) {
            (1, Some(row)) => row,
            (_, last) => {
                rows.extend(last);
                QueryBody::Union { parts: rows, distinct: false }
            }
        };
        Ok(Query::of(body, self.since(start)))
    }

    /// `INTO name` of a SELECT.
    pub(super) fn select_into(&mut self) -> Result<()> {
        let start = self.token().span;
        if !self.eat_word("INTO") {
            return Ok(());
        }
        let name = self.path("a table's name")?;
        self.aim(Target::Table(name), self.since(start))
    }

    /// `@a = value, @b = value` in place of a SELECT list.
    pub(super) fn variables_set(&mut self) -> Result<Option<Vec<SelectItem>>> {
        if !self.is_tsql() || !self.at_assignment() {
            return Ok(None);
        }
        let start = self.token().span;
        let mut names: Vec<Ident> = Vec::new();
        let items = self.comma_separated(|parser| {
            if !parser.at_assignment() {
                return Err(parser
                    .unsupported("a SELECT that sets variables and gives columns", "write two statements"));
            }
            let name = parser.tsql_variable()?;
            let first = parser.position;
            let expr = parser.assigned(&name)?;
            parser.refuse_reads(first, &names)?;
            names.push(name);
            Ok(SelectItem::Expr { expr, alias: None })
        })?;
        if self.at_word("FROM") {
            // Each row would see what the row before it has set.
            let list = self.tokens.iter().position(|token| token.span.start >= start.start).unwrap_or(0);
            self.refuse_reads(list, &names)?;
        }
        self.aim(Target::Variables(names), self.since(start))?;
        Ok(Some(items))
    }

    /// Refuses variables that are read between token number `first` and here while the same SELECT sets them.
    fn refuse_reads(&self, first: usize, set: &[Ident]) -> Result<()> {
        const EQUAL: TokenKind = TokenKind::Punctuation(Punctuation::Equal);
        for index in first..self.position {
            let Some(token) = self.tokens.get(index) else { continue };
            let TokenKind::Parameter(name) = &token.kind else { continue };
            // `@a += 1` reads it too.
            let is_set = self.tokens.get(index + 1).is_some_and(|next| next.kind == EQUAL);
            let is_target = is_set && set.iter().any(|known| known.span == token.span);
            if !is_target && set.iter().any(|known| known.text.eq_ignore_ascii_case(name)) {
                return Err(self
                    .unsupported(
                        &format!("reading `@{name}` in a SELECT that sets it"),
                        "write SET @name = (SELECT …), with STRING_AGG or SUM over the rows",
                    )
                    .at(token.span));
            }
        }
        Ok(())
    }

    /// `@name =`, `@name +=` and the like.
    fn at_assignment(&self) -> bool {
        let compound = [Punctuation::Plus, Punctuation::Minus, Punctuation::Star, Punctuation::Slash];
        let is_compound = compound.into_iter().any(|sign| self.nth_at(1, sign));
        matches!(self.token().kind, TokenKind::Parameter(_))
            && (self.nth_at(1, Punctuation::Equal) || (is_compound && self.nth_at(2, Punctuation::Equal)))
    }

    /// `= value`, or `+= value`, which adds it to what the variable has.
    pub(super) fn assigned(&mut self, name: &Ident) -> Result<Expr> {
        let compound = [
            (Punctuation::Plus, SqlOperator::TsqlAdd),
            (Punctuation::Minus, SqlOperator::Subtract),
            (Punctuation::Star, SqlOperator::Multiply),
            (Punctuation::Slash, SqlOperator::TsqlDivide),
        ];
        let found = compound.into_iter().find(|(sign, _)| self.at(*sign));
        self.position += usize::from(found.is_some());
        self.expect(Punctuation::Equal)?;
        let value = self.expr()?;
        let Some((_, sign)) = found else { return Ok(value) };
        let before = Expr { kind: ExprKind::Parameter(Parameter::Named(name.text.clone())), span: name.span };
        let span = name.span.to(value.span);
        Ok(operator(sign, [before, value], span))
    }

    /// Notes what the SELECT of the statement does with its rows.
    fn aim(&mut self, target: Target, span: Span) -> Result<()> {
        // The statement's own query is one level deep.
        if self.depth != self.statement_depth + 1 || self.target.is_some() {
            let what = match target {
                Target::Table(_) => "`INTO` in this SELECT",
                Target::Variables(_) => "setting a variable in this SELECT",
            };
            return Err(self.unsupported(what, "it belongs to the first SELECT of a statement").at(span));
        }
        self.target = Some(target);
        Ok(())
    }

    /// The statement that a query is, by what its SELECT does with the rows.
    pub(super) fn aimed(&mut self, query: Box<Query>) -> Result<StatementKind> {
        Ok(match self.target.take() {
            None => StatementKind::Query(query),
            Some(Target::Table(name)) => StatementKind::CreateTable(CreateTable {
                name,
                on_existing: OnExisting::Fail,
                columns: Vec::new(),
                query: Some(query),
                ignored: Vec::new(),
                named: Vec::new(),
            }),
            Some(Target::Variables(names)) if matches!(query.body, QueryBody::Select(_)) => {
                StatementKind::Set(SetVariables { names, value: SetValue::LastRow(query) })
            }
            Some(Target::Variables(_)) => {
                let error =
                    self.unsupported("setting variables in a UNION", "put it into a subquery in FROM");
                return Err(error.at(query.span));
            }
        })
    }

    /// `WITH (NOLOCK, …)` behind a table.
    pub(super) fn skip_table_hint(&mut self) -> Result<()> {
        if !self.at_word("WITH") || !self.nth_at(1, Punctuation::LeftParen) {
            return Ok(());
        }
        self.bump();
        self.parenthesised(|parser| match parser.eat_one_of(TABLE_HINTS) {
            Some(_) => Ok(()),
            None => Err(parser.unsupported("this table hint", "leave it out")),
        })?;
        Ok(())
    }

    /// Whether `(NOLOCK)` comes next, which a table may have without WITH.
    pub(super) fn at_bare_hint(&self) -> bool {
        self.at(Punctuation::LeftParen)
            && self.nth_at(2, Punctuation::RightParen)
            && TABLE_HINTS.iter().any(|word| self.nth_at_word(1, word))
    }

    /// `OPTION (RECOMPILE, MAXDOP 1, …)`: advice for SQL Server's optimizer, which changes no result.
    pub(super) fn skip_option(&mut self) -> Result<()> {
        if !self.at_word("OPTION") || !self.nth_at(1, Punctuation::LeftParen) {
            return Ok(());
        }
        self.bump();
        self.parenthesised(|parser| {
            parser.any_word("a hint such as RECOMPILE")?;
            while !parser.at(Punctuation::Comma) && !parser.at(Punctuation::RightParen) {
                if parser.token().kind != TokenKind::Integer && !parser.at_name() {
                    parser.any_word("`)`")?;
                    continue;
                }
                parser.bump();
            }
            Ok(())
        })?;
        Ok(())
    }

    /// Takes what makes no difference here: `GO` on a line of its own, `USE database`, `SET NOCOUNT ON`.
    pub(super) fn skip_tsql_setting(&mut self) -> Result<bool> {
        if self.at_batch_end() {
            let line = self.bump().span;
            let count = self.token();
            if count.kind == TokenKind::Integer && !self.is_new_line(line, count.span) {
                if count.span.of(self.text) != "1" {
                    let what = format!("`GO {}`", count.span.of(self.text));
                    return Err(self.unsupported(&what, "write the batch as often as it is to run"));
                }
                self.bump();
            }
            self.declared.clear();
            return Ok(true);
        }
        if self.at_word("USE") {
            self.bump();
            self.any_word("a database's name")?;
            return Ok(true);
        }
        let setting = SETTINGS.iter().find(|(name, _)| self.at_words(&["SET", name]));
        match setting {
            Some((_, values)) if values.iter().any(|value| self.nth_at_word(2, value)) => {
                self.position += 3;
                Ok(true)
            }
            _ => Ok(false),
        }
    }

    /// Whether `GO` comes next and stands first on its line.
    pub(super) fn at_batch_end(&self) -> bool {
        let last = self.previous().map(|token| token.span);
        self.at_word("GO") && last.is_none_or(|last| self.is_new_line(last, self.token().span))
    }

    fn is_new_line(&self, before: Span, after: Span) -> bool {
        Span::new(before.end, after.start).of(self.text).contains('\n')
    }
}

/// One row of VALUES as a SELECT.
fn row(values: Vec<Expr>, span: Span) -> QueryBody {
    let items = values.into_iter().map(|expr| SelectItem::Expr { expr, alias: None }).collect();
    QueryBody::Select(Box::new(Select::list(items, span)))
}
