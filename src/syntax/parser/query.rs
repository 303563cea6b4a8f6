//! Queries: WITH, SELECT and its clauses, UNION.

use super::Parser;
use super::tsql_query::{Top, beside_offset, name_columns};
use crate::data::Scalar;
use crate::diag::{Code, Error, Result, Span};
use crate::limits::CUBE_ITEMS;
use crate::syntax::SqlOperator;
use crate::syntax::ast::{
    ByName, Cte, Expr, ExprKind, GroupBy, Ident, KeptColumns, Limit, NameMatching, Query, QueryBody, RowForm,
    Select, SelectItem, Star, Window,
};
use crate::syntax::token::{Punctuation, TokenKind};

/// The clauses of a query and where each belongs.
const CLAUSE_PLACES: &[(&str, &str)] = &[
    ("FROM", "FROM comes after the SELECT list"),
    ("WHERE", "WHERE comes after FROM and before GROUP BY, ORDER BY and LIMIT"),
    ("GROUP", "GROUP BY comes after FROM and WHERE, and before HAVING, ORDER BY and LIMIT"),
    ("HAVING", "HAVING comes after GROUP BY and before QUALIFY, ORDER BY and LIMIT"),
    ("QUALIFY", "QUALIFY comes after WHERE, GROUP BY and HAVING, and before ORDER BY and LIMIT"),
    ("WINDOW", "WINDOW comes after QUALIFY and before ORDER BY and LIMIT"),
    ("ORDER", "ORDER BY comes after all clauses except LIMIT"),
    ("LIMIT", "LIMIT comes last, and only once"),
];

/// Statements of T-SQL that may stand behind WITH.
pub(super) const CHANGES: &[&str] = &["DELETE", "INSERT", "UPDATE", "MERGE"];

/// What stands between the parts of a query.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum SetOperator {
    UnionAll,
    UnionDistinct,
    Intersect,
    Except,
}

impl SetOperator {
    /// The parts with it between them.
    pub(super) fn body(self, parts: Vec<QueryBody>, by_name: Option<NameMatching>) -> QueryBody {
        let body = match self {
            Self::UnionAll => QueryBody::Union { parts, distinct: false },
            Self::UnionDistinct => QueryBody::Union { parts, distinct: true },
            Self::Intersect => QueryBody::Matching { parts, in_others: true },
            Self::Except => QueryBody::Matching { parts, in_others: false },
        };
        match by_name {
            Some(matching) => QueryBody::ByName(Box::new(ByName { body, matching })),
            None => body,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::UnionAll => "UNION ALL",
            Self::UnionDistinct => "UNION DISTINCT",
            Self::Intersect => "INTERSECT DISTINCT",
            Self::Except => "EXCEPT DISTINCT",
        }
    }
}

impl Parser<'_> {
    /// Whether a query without parentheses starts here.
    pub(super) fn at_query(&self) -> bool {
        self.nth_at_query(0)
    }

    fn nth_at_query(&self, n: usize) -> bool {
        ["SELECT", "WITH"].iter().any(|word| self.nth_at_word(n, word))
            || (!self.is_tsql() && self.nth_at_word(n, "FROM"))
    }

    /// `((… SELECT`.
    pub(super) fn at_parenthesised_query(&self) -> bool {
        let opening = (0..).take_while(|n| self.nth_at(*n, Punctuation::LeftParen)).count();
        opening > 0 && self.nth_at_query(opening)
    }

    /// Whether a query goes on here whose first part was in parentheses.
    pub(super) fn at_query_rest(&self) -> bool {
        self.at_one_of(&["UNION", "INTERSECT", "EXCEPT", "ORDER", "LIMIT"]).is_some()
            || self.at(Punctuation::Pipe)
            || self.at_set_mode()
    }

    /// `[WITH …] SELECT … [UNION …] [ORDER BY …] [LIMIT …]`, or the same in parentheses.
    pub(super) fn query(&mut self) -> Result<Query> {
        self.nested(|parser| {
            let start = parser.token().span;
            let with = if parser.eat_word("WITH") { parser.with()? } else { Vec::new() };
            parser.query_behind(with, start)
        })
    }

    /// What comes behind WITH.
    pub(super) fn query_behind(&mut self, with: Vec<Cte>, start: Span) -> Result<Query> {
        let (body, top) = self.part()?;
        let query = self.rest(with, body, top, start)?;
        self.piped(query, start)
    }

    /// The rest of a query that starts with `first`.
    pub(super) fn query_rest(&mut self, first: QueryBody, start: Span) -> Result<Query> {
        let query = self.rest(Vec::new(), first, None, start)?;
        self.piped(query, start)
    }

    pub(super) fn with(&mut self) -> Result<Vec<Cte>> {
        let recursive = self.eat_word("RECURSIVE") || self.is_tsql();
        let ctes = self.comma_separated(|parser| parser.cte(recursive))?;
        let changes = self.is_tsql() && self.at_one_of(CHANGES).is_some();
        if !self.at_query() && !self.at(Punctuation::LeftParen) && !changes {
            return Err(self.expected("`SELECT`").hint("WITH names queries for the SELECT after it"));
        }
        Ok(ctes)
    }

    /// `name AS (query)`.
    fn cte(&mut self, recursive: bool) -> Result<Cte> {
        let name = self.ident("a name for a query")?;
        let columns = self.tsql_column_list()?;
        if self.at(Punctuation::LeftParen) {
            return Err(self.unsupported("a column list in WITH", "name the columns with AS in the query"));
        }
        self.expect_word("AS")?;
        let open = self.expect(Punctuation::LeftParen)?;
        let mut query = self.query()?;
        self.close(open, Punctuation::RightParen)?;
        if let Some(columns) = columns {
            name_columns(&mut query, columns)?;
        }
        Ok(Cte { name, recursive, query })
    }

    /// `name AS (query), …` of a pipe.
    pub(super) fn piped_with(&mut self) -> Result<Vec<Cte>> {
        let recursive = self.eat_word("RECURSIVE");
        self.comma_separated(|parser| parser.cte(recursive))
    }

    /// A SELECT with its `TOP`, or a query in parentheses.
    fn part(&mut self) -> Result<(QueryBody, Option<Top>)> {
        if self.at(Punctuation::LeftParen) {
            let open = self.bump().span;
            let query = self.query()?;
            self.close(open, Punctuation::RightParen)?;
            return Ok((QueryBody::Nested(Box::new(query)), None));
        }
        let start = self.token().span;
        if !self.is_tsql() && self.eat_word("FROM") {
            let from = self.from()?;
            if let Some(word) = self.at_one_of(&["WHERE", "SELECT", "GROUP", "ORDER", "LIMIT"]) {
                let error = self.expected("`|>`").hint(format!("write |> {word}"));
                return Err(error.fix(self.end_of_previous(), " |>"));
            }
            let select = Select::all(from, self.since(start));
            return Ok((QueryBody::Select(Box::new(select)), None));
        }
        if self.at_word("VALUES") {
            return Err(self.unsupported("`VALUES` as a query", "write FROM UNNEST([STRUCT(1 AS a), …])"));
        }
        let (select, top) = self.select()?;
        Ok((QueryBody::Select(Box::new(select)), top))
    }

    /// The rest of a query, after its first part.
    fn rest(&mut self, with: Vec<Cte>, first: QueryBody, mut top: Option<Top>, start: Span) -> Result<Query> {
        let mut parts = vec![first];
        let mut operator = None;
        let mut by_name = None;
        while let Some((next, by_name_next)) = self.set_operator()? {
            let is_first = operator.is_none();
            let differs = operator.replace(next).is_some_and(|before| before != next);
            if differs || (!is_first && !alike(by_name.as_ref(), by_name_next.as_ref())) {
                return Err(Error::new(
                    Code::SyntaxError,
                    format!("`{}` cannot follow another set operator", next.name()),
                )
                .at(self.previous().map_or(start, |token| token.span))
                .hint("put the queries that belong together in parentheses"));
            }
            by_name = by_name_next;
            if let Some(top) = top.take() {
                parts =
                    parts.into_iter().map(|part| limited(part, top.clone(), start)).collect::<Result<_>>()?;
            }
            let start = self.token().span;
            let (part, top) = self.part()?;
            parts.push(match top {
                Some(top) => limited(part, top, start)?,
                None => part,
            });
        }
        let order_by = self.order_by()?;
        let mut limit = if self.is_tsql() { self.offset_fetch(&order_by)? } else { self.limit()? };
        match top {
            Some(top) if limit.is_some() => return Err(beside_offset(&top)),
            Some(top) => limit = top.limit(&mut parts, &order_by)?,
            None => {}
        }
        if self.is_tsql() && (self.at_words(&["FOR", "JSON"]) || self.at_words(&["FOR", "XML"])) {
            let hint = "leave it out: the host program gets rows; STRING_AGG(x, ',') makes one text of many";
            return Err(self.unsupported("`FOR JSON` or `FOR XML`", hint));
        }
        if self.is_tsql() {
            self.skip_option()?;
        }
        self.refuse_misplaced_clause()?;
        let body = match (operator, parts.pop()) {
            (None, Some(QueryBody::Nested(inner)))
                if with.is_empty() && order_by.is_empty() && limit.is_none() =>
            {
                return Ok(*inner);
            }
            (None, Some(body)) => body,
            (operator, last) => {
                parts.extend(last);
                operator.unwrap_or(SetOperator::UnionAll).body(parts, by_name)
            }
        };
        Ok(Query { with, body, order_by, limit, span: self.since(start) })
    }

    /// Whether `[{INNER | LEFT | FULL} [OUTER]]` stands here before a set operator, and not before a join.
    pub(super) fn at_set_mode(&self) -> bool {
        if self.at_one_of(&["INNER", "LEFT", "FULL"]).is_none() {
            return false;
        }
        let behind = if self.nth_at_word(1, "OUTER") { 2 } else { 1 };
        ["UNION", "INTERSECT", "EXCEPT"].iter().any(|word| self.nth_at_word(behind, word))
    }

    /// A set operator, and how the columns of its sides are matched.
    pub(super) fn set_operator(&mut self) -> Result<Option<(SetOperator, Option<NameMatching>)>> {
        let mode = if self.at_set_mode() { self.eat_one_of(&["INNER", "LEFT", "FULL"]) } else { None };
        if mode.is_some_and(|mode| mode != "INNER") {
            self.eat_word("OUTER");
        }
        let Some(operator) = self.bare_set_operator()? else { return Ok(None) };
        let at_names = mode.is_some()
            || self.at_words(&["BY", "NAME"])
            || self.at_one_of(&["STRICT", "CORRESPONDING"]).is_some();
        let by_name = if at_names && !self.is_tsql() { Some(self.by_name(mode)?) } else { None };
        Ok(Some((operator, by_name)))
    }

    /// `BY NAME [ON (columns)]`, `[STRICT] CORRESPONDING [BY (columns)]`.
    fn by_name(&mut self, mode: Option<&str>) -> Result<NameMatching> {
        let start = self.token().span;
        let (list, otherwise) = if self.eat_words(&["BY", "NAME"]) {
            ("ON", KeptColumns::Same)
        } else if mode.is_none() && self.eat_words(&["STRICT", "CORRESPONDING"]) {
            ("BY", KeptColumns::Same)
        } else if self.eat_word("CORRESPONDING") {
            ("BY", KeptColumns::Common)
        } else {
            return Err(self.expected("`BY NAME` or `CORRESPONDING`"));
        };
        let kept = match mode {
            Some("LEFT") => KeptColumns::First,
            Some("FULL") => KeptColumns::All,
            Some(_) => KeptColumns::Common,
            None => otherwise,
        };
        let columns = if self.eat_word(list) { Some(self.parenthesised(Self::column_name)?) } else { None };
        Ok(NameMatching { kept, columns, span: self.since(start) })
    }

    /// `UNION ALL`, `UNION DISTINCT`, `INTERSECT DISTINCT`, `EXCEPT DISTINCT`.
    fn bare_set_operator(&mut self) -> Result<Option<SetOperator>> {
        let Some(word) = self.eat_one_of(&["UNION", "INTERSECT", "EXCEPT"]) else { return Ok(None) };
        let distinct = match self.eat_one_of(&["ALL", "DISTINCT"]) {
            Some(quantifier) => quantifier == "DISTINCT",
            // T-SQL's bare operators drop duplicates.
            None if self.is_tsql() => true,
            None if word == "UNION" => {
                return Err(self
                    .expected("`ALL` or `DISTINCT`")
                    .hint("write UNION ALL to keep all rows, UNION DISTINCT to drop duplicates")
                    .fix(self.end_of_previous(), " ALL"));
            }
            None => {
                let hint = format!("write {word} DISTINCT");
                return Err(self.expected("`DISTINCT`").hint(hint).fix(self.end_of_previous(), " DISTINCT"));
            }
        };
        Ok(Some(match (word, distinct) {
            ("UNION", false) => SetOperator::UnionAll,
            ("UNION", true) => SetOperator::UnionDistinct,
            ("INTERSECT", true) => SetOperator::Intersect,
            (_, true) => SetOperator::Except,
            (word, false) => {
                let span = self.previous().map_or(self.end_of_previous(), |token| token.span);
                let hint = format!("write {word} DISTINCT");
                return Err(self.unsupported(&format!("`{word} ALL`"), &hint).at(span));
            }
        }))
    }

    /// Refuses a clause that comes after others that it should come before.
    fn refuse_misplaced_clause(&self) -> Result<()> {
        if self.is_tsql() && self.at_word("LIMIT") {
            return Err(self.unsupported("`LIMIT` in T-SQL", "write SELECT TOP (10) …"));
        }
        if let Some((word, place)) = CLAUSE_PLACES.iter().find(|(word, _)| self.nth_is_word(0, word)) {
            return Err(Error::new(Code::MisplacedClause, format!("`{word}` is not allowed here"))
                .at(self.token().span)
                .hint(*place));
        }
        if self.nth_is_word(0, "UNION") {
            return Err(Error::new(Code::MisplacedClause, "`UNION` cannot follow ORDER BY or LIMIT")
                .at(self.token().span)
                .hint("put the query before it in parentheses"));
        }
        if self.is_tsql() {
            self.refuse(&["OPTION"], "it stands at the end of the statement")?;
            return self
                .refuse(&["OFFSET", "FETCH"], "write ORDER BY … OFFSET 5 ROWS FETCH NEXT 10 ROWS ONLY");
        }
        self.refuse(&["FETCH"], "write LIMIT and OFFSET")
    }

    fn select(&mut self) -> Result<(Select, Option<Top>)> {
        let start = self.token().span;
        self.expect_word("SELECT")?;
        if self.at_word("WITH") && self.nth(1).kind != TokenKind::Punctuation(Punctuation::Comma) {
            let words = ["DIFFERENTIAL_PRIVACY", "AGGREGATION_THRESHOLD", "ANONYMIZATION"];
            if let Some(word) = words.iter().find(|word| self.nth_at_word(1, word)) {
                return Err(self.unsupported(
                    &format!("`SELECT WITH {word}`"),
                    "leave the clause out: what a page computes stays with its user",
                ));
            }
        }
        let distinct = self.eat_word("DISTINCT");
        if !distinct {
            self.eat_word("ALL");
        }
        let top = if self.is_tsql() { self.top()? } else { None };
        if self.at_word("TOP") && self.nth(1).kind == TokenKind::Integer {
            return Err(self.unsupported("`TOP` in GoogleSQL", "write LIMIT at the end of the query"));
        }
        let form = if self.eat_words(&["AS", "STRUCT"]) {
            RowForm::Struct
        } else if self.eat_words(&["AS", "VALUE"]) {
            RowForm::Value
        } else {
            RowForm::Columns
        };
        let items = match self.variables_set()? {
            Some(items) => items,
            None => self.select_items()?,
        };
        if self.is_tsql() {
            self.select_into()?;
        }
        self.refuse(&["INTO"], "write CREATE TABLE name AS SELECT …")?;
        let from = if self.eat_word("FROM") { Some(self.from()?) } else { None };
        let filter = self.clause("WHERE")?;
        let group_by = self.group_by()?;
        let having = self.clause("HAVING")?;
        let qualify = self.clause("QUALIFY")?;
        let has_windows = self.eat_word("WINDOW");
        let windows = if has_windows { self.comma_separated(Self::named_window)? } else { Vec::new() };
        let span = self.since(start);
        let by_row = false;
        Ok((
            Select { form, by_row, distinct, items, from, filter, group_by, having, qualify, windows, span },
            top,
        ))
    }

    fn clause(&mut self, keyword: &'static str) -> Result<Option<Expr>> {
        if self.eat_word(keyword) { self.expr().map(Some) } else { Ok(None) }
    }

    pub(super) fn select_items(&mut self) -> Result<Vec<SelectItem>> {
        let mut items = vec![self.select_item()?];
        // A comma is allowed after the last column, as in BigQuery.
        while self.eat(Punctuation::Comma) && !self.at_select_end() {
            items.push(self.select_item()?);
        }
        if self.at_value() && !(self.is_tsql() && self.at_tsql_statement()) {
            let error = self.expected("`,` or `FROM`").hint("put a comma between two columns");
            return Err(self.misspelt_keyword().unwrap_or_else(|| error.fix(self.end_of_previous(), ",")));
        }
        Ok(items)
    }

    fn at_select_end(&self) -> bool {
        self.note_expected("an expression");
        self.at_word("FROM")
            || matches!(
                self.token().kind,
                TokenKind::End
                    | TokenKind::Punctuation(
                        Punctuation::Semicolon | Punctuation::RightParen | Punctuation::Pipe
                    )
            )
    }

    fn select_item(&mut self) -> Result<SelectItem> {
        let start = self.token().span;
        if self.eat(Punctuation::Star) {
            return self.star(None, start).map(SelectItem::Star);
        }
        if self.at_word("FROM") {
            return Err(self.expected("a column"));
        }
        if self.is_tsql()
            && let Some(alias) = self.tsql_leading_alias()?
        {
            return Ok(SelectItem::Expr { expr: self.expr()?, alias: Some(alias) });
        }
        let expr = self.expr()?;
        if self.is_tsql() {
            refuse_condition(&expr)?;
        }
        if self.at(Punctuation::Dot) && !matches!(expr.kind, ExprKind::Operator { .. }) {
            self.bump();
            self.expect(Punctuation::Star)?;
            return self.star(Some(expr), start).map(SelectItem::Star);
        }
        Ok(SelectItem::Expr { expr, alias: self.alias()? })
    }

    /// `[EXCEPT (column, …)] [REPLACE (value AS column, …)]` after a star.
    fn star(&mut self, of: Option<Expr>, start: Span) -> Result<Star> {
        let mut except = Vec::new();
        if self.at_word("EXCEPT") && self.nth_at(1, Punctuation::LeftParen) && !self.nth_at_word(2, "SELECT")
        {
            self.bump();
            except = self.parenthesised(Self::column_name)?;
        }
        let mut replace = Vec::new();
        if self.at_word("REPLACE") && self.nth_at(1, Punctuation::LeftParen) {
            self.bump();
            replace = self.parenthesised(|parser| {
                let value = parser.expr()?;
                parser.expect_word("AS")?;
                Ok((value, parser.column_name()?))
            })?;
        }
        if self.at_word("AS") {
            return Err(self
                .expected("`,` or `FROM`")
                .hint("`*` stands for several columns and has no alias"));
        }
        Ok(Star { of, except, replace, ..Star::all(self.since(start)) })
    }

    fn group_by(&mut self) -> Result<Option<GroupBy>> {
        let start = self.token().span;
        if !self.eat_word("GROUP") {
            return Ok(None);
        }
        self.expect_word("BY")?;
        if self.eat_word("ALL") {
            return Ok(Some(GroupBy::All));
        }
        if let Some(sets) = self.grouping_sets()? {
            if self.at(Punctuation::Comma) {
                return Err(self
                    .unsupported("grouping sets beside other items", "write all of them as GROUPING SETS"));
            }
            return Ok(Some(GroupBy::Sets(sets)));
        }
        let items = self.comma_separated(|parser| {
            if parser.at_grouping_sets() {
                return Err(parser
                    .unsupported("grouping sets beside other items", "write all of them as GROUPING SETS"));
            }
            parser.expr()
        })?;
        let word = if self.is_tsql() { self.with_rollup() } else { None };
        Ok(Some(match word {
            Some(word) => GroupBy::Sets(self.sets_of(
                word,
                &items.into_iter().map(|item| vec![item]).collect::<Vec<_>>(),
                start,
            )?),
            None => GroupBy::Items(items),
        }))
    }

    pub(super) fn at_grouping_sets(&self) -> bool {
        let is_call = self.nth_at(1, Punctuation::LeftParen);
        self.at_words(&["GROUPING", "SETS"])
            || (self.at_one_of(&["ROLLUP", "CUBE"]).is_some() && is_call)
            || (self.at(Punctuation::LeftParen) && self.nth_at(1, Punctuation::RightParen))
    }

    /// `GROUPING SETS (…)`, `ROLLUP (…)`, `CUBE (…)` and `()` as lists of what is grouped by.
    fn grouping_sets(&mut self) -> Result<Option<Vec<Vec<Expr>>>> {
        if !self.at_grouping_sets() {
            return Ok(None);
        }
        if self.eat_words(&["GROUPING", "SETS"]) {
            let sets = self.parenthesised(|parser| match parser.grouping_sets()? {
                Some(sets) => Ok(sets),
                None => parser.grouping_item().map(|set| vec![set]),
            })?;
            return Ok(Some(sets.into_iter().flatten().collect()));
        }
        let start = self.token().span;
        let word = self.eat_one_of(&["ROLLUP", "CUBE"]);
        if word.is_none() {
            self.position += 2;
            return Ok(Some(vec![Vec::new()]));
        }
        let items = self.parenthesised(Self::grouping_item)?;
        self.sets_of(word.unwrap_or("ROLLUP"), &items, start).map(Some)
    }

    /// T-SQL's `WITH ROLLUP`, `WITH CUBE` behind the items.
    fn with_rollup(&mut self) -> Option<&'static str> {
        let word = ["ROLLUP", "CUBE"].into_iter().find(|word| self.at_words(&["WITH", word]))?;
        self.position += 2;
        Some(word)
    }

    /// What ROLLUP or CUBE of these items groups by.
    fn sets_of(&self, word: &str, items: &[Vec<Expr>], start: Span) -> Result<Vec<Vec<Expr>>> {
        let joined = |chosen: Vec<&Vec<Expr>>| chosen.into_iter().flatten().cloned().collect();
        if word == "ROLLUP" {
            let prefixes = (0..=items.len()).rev();
            return Ok(prefixes.map(|length| joined(items.iter().take(length).collect())).collect());
        }
        if items.len() > CUBE_ITEMS {
            let message = format!("CUBE takes {CUBE_ITEMS} items at most, found {}", items.len());
            return Err(Error::new(Code::LimitExceeded, message).at(self.since(start)));
        }
        let subsets = (0..1_usize << items.len()).rev().map(|subset| {
            let chosen = items.iter().rev().enumerate().filter(|(bit, _)| subset >> bit & 1 == 1);
            let mut chosen: Vec<_> = chosen.map(|(_, item)| item).collect();
            chosen.reverse();
            joined(chosen)
        });
        Ok(subsets.collect())
    }

    /// An expression, or several in parentheses.
    fn grouping_item(&mut self) -> Result<Vec<Expr>> {
        let expr = self.expr()?;
        Ok(match expr.kind {
            ExprKind::Struct { data_type: None, fields } if fields.iter().all(|(_, name)| name.is_none()) => {
                fields.into_iter().map(|(item, _)| item).collect()
            }
            kind => vec![Expr { kind, ..expr }],
        })
    }

    /// `name AS (…)`, `name AS other`.
    fn named_window(&mut self) -> Result<(Ident, Window)> {
        let name = self.ident("a window's name")?;
        self.expect_word("AS")?;
        if self.at(Punctuation::LeftParen) {
            return Ok((name, self.window()?));
        }
        let base = self.ident("`(` or a window's name")?;
        let span = base.span;
        let (partition_by, order_by) = (Vec::new(), Vec::new());
        Ok((name, Window { base: Some(base), partition_by, order_by, frame: None, span }))
    }

    /// `[LIMIT count [OFFSET rows]]`.
    pub(super) fn limit(&mut self) -> Result<Option<Limit>> {
        let start = self.token().span;
        if !self.eat_word("LIMIT") {
            return Ok(None);
        }
        let count = self.count()?;
        if self.eat(Punctuation::Comma) {
            let rows = self.count()?;
            let (first, second) = (count.span.of(self.text), rows.span.of(self.text));
            let write = format!("LIMIT {second} OFFSET {first}");
            let span = self.since(start);
            return Err(Error::new(Code::SyntaxError, "LIMIT has one number")
                .at(span)
                .hint(format!("write {write}"))
                .fix(span, write));
        }
        let offset = if self.eat_word("OFFSET") { Some(self.count()?) } else { None };
        Ok(Some(Limit { count, offset }))
    }

    /// A number of rows or a parameter.
    pub(super) fn count(&mut self) -> Result<Expr> {
        let expected = self.expected("a number of rows");
        let expr = self.expr()?;
        match &expr.kind {
            ExprKind::Literal(_) | ExprKind::Float { .. } | ExprKind::Parameter(_) => Ok(expr),
            _ => Err(expected.at(expr.span).hint("write a whole number or a parameter")),
        }
    }
}

/// In T-SQL a condition is no value.
fn refuse_condition(expr: &Expr) -> Result<()> {
    use SqlOperator::{
        And, Between, Equal, Greater, GreaterOrEqual, In, InUnnest, IsNotNull, IsNull, Less, LessOrEqual,
        Not, NotEqual, Or,
    };
    let conditions = [
        And,
        Between,
        Equal,
        Greater,
        GreaterOrEqual,
        In,
        InUnnest,
        IsNotNull,
        IsNull,
        Less,
        LessOrEqual,
        Not,
        NotEqual,
        Or,
    ];
    match &expr.kind {
        ExprKind::Literal(Scalar::Bool(_)) => {
            Err(Error::new(Code::SyntaxError, "TRUE and FALSE are no values in T-SQL")
                .at(expr.span)
                .hint("a bit is 1 or 0"))
        }
        ExprKind::Operator { operator, .. } if conditions.contains(operator) => {
            Err(Error::new(Code::SyntaxError, "a condition is no column in T-SQL")
                .at(expr.span)
                .hint("write CASE WHEN … THEN 1 ELSE 0 END"))
        }
        _ => Ok(()),
    }
}

/// A part of a UNION with a TOP of its own.
fn limited(body: QueryBody, top: Top, start: Span) -> Result<QueryBody> {
    let mut parts = [body];
    let limit = top.limit(&mut parts, &[])?;
    let [body] = parts;
    let query = Query { limit, ..Query::of(body, start) };
    Ok(QueryBody::Nested(Box::new(query)))
}

/// Whether two set operators match columns in the same way.
fn alike(a: Option<&NameMatching>, b: Option<&NameMatching>) -> bool {
    let names = |by: &NameMatching| {
        by.columns.as_ref().map(|columns| columns.iter().map(|it| it.text.clone()).collect::<Vec<_>>())
    };
    match (a, b) {
        (None, None) => true,
        (Some(a), Some(b)) => a.kept == b.kept && names(a) == names(b),
        _ => false,
    }
}
