//! The syntax that only T-SQL has, `PREDICT` among it.

use super::Parser;
use super::primary::one_part;
use crate::data::Scalar;
use crate::diag::{Code, Error, Result, Span};
use crate::syntax::SqlOperator;
use crate::syntax::ast::{
    CreateTable, Declare, Expr, ExprKind, FunctionCall, Ident, OnExisting, Over, Path, Predict, Statement,
    StatementKind, SubqueryKind, TableExprKind, TypeName, TypeNameKind,
};
use crate::syntax::token::{Punctuation, Token, TokenKind};

/// Whether `PREDICT ( MODEL =` is among the tokens.
pub(in crate::syntax) fn holds_predict(text: &str, tokens: &[Token]) -> bool {
    let is = |token: &Token, word: &str| {
        token.kind == TokenKind::Word && token.span.of(text).eq_ignore_ascii_case(word)
    };
    tokens.windows(4).any(|window| match window {
        [predict, open, model, equal] => {
            is(predict, "PREDICT")
                && open.kind == TokenKind::Punctuation(Punctuation::LeftParen)
                && is(model, "MODEL")
                && equal.kind == TokenKind::Punctuation(Punctuation::Equal)
        }
        _ => false,
    })
}

/// The types that CONVERT reads by a style.
const DATES: &[&str] = &["date", "datetime", "datetime2", "smalldatetime"];

impl Parser<'_> {
    /// Whether a statement goes on without a `;` in front of it. `WITH` needs one.
    pub(super) fn at_tsql_statement(&self) -> bool {
        (self.at_statement() && !self.at_word("WITH")) || self.at_unsupported_statement()
    }

    /// `alias =` in front of a column.
    pub(super) fn tsql_leading_alias(&mut self) -> Result<Option<Ident>> {
        if !self.nth_at(1, Punctuation::Equal) {
            return Ok(None);
        }
        if matches!(self.token().kind, TokenKind::Parameter(_)) {
            return Err(self.unsupported(
                "a SELECT that sets variables and gives columns",
                "write two statements, one of them with variables alone",
            ));
        }
        if !self.at_name() {
            return Ok(None);
        }
        let alias = self.ident("an alias")?;
        self.expect(Punctuation::Equal)?;
        Ok(Some(alias))
    }

    /// `@name`.
    pub(super) fn tsql_variable(&mut self) -> Result<Ident> {
        let token = self.token();
        match &token.kind {
            TokenKind::Parameter(name) => {
                self.bump();
                Ok(Ident { text: name.clone(), span: token.span })
            }
            TokenKind::Word if !self.nth_at(1, Punctuation::Equal) => {
                Err(self.unsupported("setting this option of the session", "leave it out"))
            }
            _ => Err(self.expected("a variable's name").hint("variables begin with @")),
        }
    }

    /// `@a [AS] type [= value], …`. All but the last become statements of their own.
    pub(super) fn declare_tsql(&mut self, start: Span) -> Result<StatementKind> {
        loop {
            // A cursor has no @ before its name.
            self.position += usize::from(self.nth_is_word(1, "CURSOR"));
            self.refuse(&["CURSOR"], "write one statement for all rows, or WHILE over their numbers")?;
            let name = self.tsql_variable()?;
            let is_it = |known: &String| known.eq_ignore_ascii_case(&name.text);
            if self.declared.iter().any(is_it) {
                let message = format!("variable `@{}` is declared already", name.text);
                return Err(Error::new(Code::AlreadyExists, message)
                    .at(name.span)
                    .hint(format!("write SET @{} = …; a variable lives up to GO", name.text)));
            }
            self.declared.push(name.text.clone());
            let names = vec![name];
            self.eat_word("AS");
            if self.eat_word("TABLE") {
                return self.table_variable(names);
            }
            let data_type = Some(self.type_name()?);
            let value = if self.eat(Punctuation::Equal) { Some(self.expr()?) } else { None };
            let declare = Declare { names, data_type, value, again: true, block: None };
            if !self.at(Punctuation::Comma) {
                return Ok(StatementKind::Declare(declare));
            }
            let span = self.since(start);
            self.statements.push(Statement { kind: StatementKind::Declare(declare), span });
            self.bump();
        }
    }

    /// `(columns)` behind `@t TABLE`: a table that is called `@t`, made anew wherever it is declared.
    fn table_variable(&mut self, names: Vec<Ident>) -> Result<StatementKind> {
        let parts = names.into_iter().map(|name| Ident { text: format!("@{}", name.text), ..name });
        let name = Path { parts: parts.collect(), span: self.end_of_previous() };
        let columns = self.columns()?;
        let on_existing = OnExisting::Replace;
        Ok(StatementKind::CreateTable(CreateTable {
            name,
            on_existing,
            columns,
            query: None,
            ignored: Vec::new(),
            named: Vec::new(),
        }))
    }

    /// `(ORDER BY …)` behind `PERCENTILE_CONT(0.5) WITHIN GROUP`: the call as GoogleSQL writes it, `PERCENTILE_CONT(x, 0.5)`.
    pub(super) fn within_group(&mut self, call: &mut FunctionCall) -> Result<()> {
        let start = self.token().span;
        if !self.eat_words(&["WITHIN", "GROUP"]) {
            return Ok(());
        }
        let open = self.expect(Punctuation::LeftParen)?;
        let order_by = self.order_by()?;
        self.close(open, Punctuation::RightParen)?;
        let name = call.name.last().map(|name| name.text.to_ascii_uppercase()).unwrap_or_default();
        match (name.as_str(), call.args.as_slice(), order_by.as_slice()) {
            ("STRING_AGG", ..) => call.order_by = order_by,
            ("PERCENTILE_CONT" | "PERCENTILE_DISC", [share], [by]) if !by.descending => {
                call.args = vec![by.expr.clone(), share.clone()];
            }
            ("PERCENTILE_CONT", [share], [by]) => {
                let span = share.span;
                let one = Expr { kind: ExprKind::Literal(Scalar::Int64(1)), span };
                let args = vec![one, share.clone()];
                let rest = ExprKind::Operator { operator: SqlOperator::Subtract, args };
                call.args = vec![by.expr.clone(), Expr { kind: rest, span }];
            }
            _ => {
                let hint = "STRING_AGG(x, ',') takes it, and PERCENTILE_CONT(0.5) and PERCENTILE_DISC(0.5), ascending, with OVER behind it";
                return Err(self.unsupported("this `WITHIN GROUP`", hint).at(self.since(start)));
            }
        }
        Ok(())
    }

    /// Refuses calls that SQL Server refuses, or that mean something else there.
    pub(super) fn tsql_call(&self, call: &FunctionCall, start: Span) -> Result<()> {
        let name = call.name.text().to_ascii_uppercase();
        let is_unordered = matches!(&call.over, Some(Over::Window(window)) if window.base.is_none() && window.order_by.is_empty());
        if is_unordered
            && matches!(name.as_str(), "ROW_NUMBER" | "RANK" | "DENSE_RANK" | "NTILE" | "LAG" | "LEAD")
        {
            return Err(Error::new(Code::MisplacedClause, format!("{name} needs ORDER BY in its OVER"))
                .at(self.since(start))
                .hint("write OVER (ORDER BY x); OVER (ORDER BY (SELECT NULL)) for any order"));
        }
        match (name.as_str(), call.args.as_slice()) {
            ("COALESCE", values) | ("IIF", [_, values @ ..]) => self.refuse_nulls(values, &name, start)?,
            ("NULLIF", [value, _]) => self.refuse_nulls([value], &name, start)?,
            _ => {}
        }
        if name != "DATALENGTH" {
            return Ok(());
        }
        let is_wide = call.args.iter().any(|arg| match &arg.kind {
            ExprKind::Literal(Scalar::String(_)) => arg.span.of(self.text).starts_with(['N', 'n']),
            ExprKind::Cast { to: TypeName { kind: TypeNameKind::Simple(name), .. }, .. } => {
                name.starts_with(['N', 'n']) && name.to_ascii_uppercase().ends_with("CHAR")
            }
            _ => false,
        });
        if is_wide {
            let hint = "write 2 * LEN(CONCAT(x, '.')) - 2: an nvarchar has two bytes for a character";
            return Err(self.unsupported("`DATALENGTH` of an nvarchar", hint).at(self.since(start)));
        }
        Ok(())
    }

    /// Refuses values that are all the constant NULL, and so have no type: SQL Server's messages 4127, 4151 and 8133.
    pub(super) fn refuse_nulls<'e>(
        &self,
        values: impl IntoIterator<Item = &'e Expr>,
        what: &str,
        start: Span,
    ) -> Result<()> {
        if !values.into_iter().all(|value| value.kind == ExprKind::Literal(Scalar::Null)) {
            return Ok(());
        }
        let message = format!("{what} needs a value that is not the constant NULL");
        Err(Error::new(Code::TypeMismatch, message).at(self.since(start)).hint("write CAST(NULL AS int)"))
    }

    /// `(first, step)` after IDENTITY.
    pub(super) fn identity(&mut self) -> Result<(i64, i64)> {
        if !self.at(Punctuation::LeftParen) {
            return Ok((1, 1));
        }
        let numbers = self.parenthesised(|parser| {
            let expected = parser.expected("a whole number");
            match parser.expr()?.kind {
                ExprKind::Literal(Scalar::Int64(value)) => Ok(value),
                _ => Err(expected),
            }
        })?;
        match numbers.as_slice() {
            [first, step] => Ok((*first, *step)),
            _ => Err(Error::new(Code::SyntaxError, "IDENTITY takes its first value and its step")
                .at(self.end_of_previous())),
        }
    }

    /// `ON [PRIMARY]`, `TEXTIMAGE_ON [PRIMARY]`: where SQL Server stores a table.
    pub(super) fn skip_tsql_storage(&mut self) -> Result<()> {
        while self.eat_one_of(&["ON", "TEXTIMAGE_ON"]).is_some() {
            self.any_word("a file group")?;
        }
        Ok(())
    }

    /// Expressions that start with a word of T-SQL's own.
    pub(super) fn tsql_word(&mut self) -> Result<Option<Expr>> {
        if !self.nth_at(1, Punctuation::LeftParen) {
            return Ok(None);
        }
        if self.at_word("CHOOSE") {
            return self.choose().map(Some);
        }
        match self.at_one_of(&["CAST", "TRY_CAST", "PARSE", "TRY_PARSE", "CONVERT", "TRY_CONVERT"]) {
            Some(word @ ("CAST" | "TRY_CAST" | "PARSE" | "TRY_PARSE")) => {
                return self.cast(word.starts_with("TRY"), true).map(Some);
            }
            Some(word) => return self.convert(word == "TRY_CONVERT").map(Some),
            None => {}
        }
        Ok(None)
    }

    /// `CHOOSE(index, a, b, …)`.
    fn choose(&mut self) -> Result<Expr> {
        let start = self.bump().span;
        let mut args = self.parenthesised(Self::expr)?.into_iter();
        let (Some(index), Some(first)) = (args.next(), args.next()) else {
            return Err(
                Error::new(Code::SyntaxError, "CHOOSE takes a number and values").at(self.since(start))
            );
        };
        let to = TypeName { kind: TypeNameKind::Simple("int".into()), parameters: None, span: index.span };
        let span = index.span;
        let index =
            ExprKind::Cast { value: Box::new(index), to, safe: false, truncate: true, format: [None, None] };
        let branches = (1..)
            .zip([first].into_iter().chain(args))
            .map(|(number, value)| (Expr { kind: ExprKind::Literal(Scalar::Int64(number)), span }, value));
        let branches = branches.collect();
        let operand = Some(Box::new(Expr { kind: index, span }));
        Ok(self.spanned(ExprKind::Case { operand, branches, otherwise: None }, start))
    }

    /// `text LIKE pattern [ESCAPE character]`: a call, since the pattern is another one than GoogleSQL's.
    pub(super) fn tsql_like(&mut self, text: Expr, pattern: Expr, not: bool, start: Span) -> Result<Expr> {
        let mut args = vec![text, pattern];
        if self.eat_word("ESCAPE") {
            args.push(self.primary()?);
        }
        let call = FunctionCall::plain(one_part("LIKE", start), args);
        let like = self.spanned(ExprKind::Call(Box::new(call)), start);
        let kind = ExprKind::Operator { operator: SqlOperator::Not, args: vec![like.clone()] };
        Ok(if not { self.spanned(kind, start) } else { like })
    }

    /// `CONVERT(type, value [, style])`.
    fn convert(&mut self, safe: bool) -> Result<Expr> {
        let start = self.bump().span;
        let open = self.expect(Punctuation::LeftParen)?;
        let to = self.type_name()?;
        self.expect(Punctuation::Comma)?;
        let mut value = Box::new(self.expr()?);
        if self.eat(Punctuation::Comma) {
            let style = self.expr()?;
            // To a text the style says how it is written, to a date how it is read.
            let is_date = matches!(&to.kind, TypeNameKind::Simple(name) if DATES.iter().any(|date| date.eq_ignore_ascii_case(name)));
            let name = one_part(if is_date { "TSQL_DATE" } else { "CONVERT" }, start);
            let call = FunctionCall::plain(name, vec![*value, style]);
            value = Box::new(self.spanned(ExprKind::Call(Box::new(call)), start));
        }
        self.close(open, Punctuation::RightParen)?;
        Ok(self.spanned(ExprKind::Cast { value, to, safe, truncate: true, format: [None, None] }, start))
    }

    /// `PREDICT ( MODEL =`.
    pub(super) fn at_predict(&self) -> bool {
        self.at_word("PREDICT")
            && self.nth_at(1, Punctuation::LeftParen)
            && self.nth_at_word(2, "MODEL")
            && self.nth_at(3, Punctuation::Equal)
    }

    /// `PREDICT(MODEL = …, DATA = … [, RUNTIME = ONNX]) WITH (name type, …)`.
    pub(super) fn predict(&mut self) -> Result<TableExprKind> {
        if !self.is_tsql() {
            let hint = "write ML.PREDICT(MODEL name, TABLE data), or run it with the dialect tsql";
            return Err(self.unsupported("T-SQL's `PREDICT` in this dialect", hint));
        }
        self.bump();
        let open = self.expect(Punctuation::LeftParen)?;
        self.predict_argument("MODEL")?;
        let model = self.expr()?;
        let bytes = matches!(
            model.kind,
            ExprKind::Parameter(_)
                | ExprKind::Literal(Scalar::Bytes(_))
                | ExprKind::Subquery(SubqueryKind::Scalar, _)
        );
        if !bytes {
            return Err(Error::new(
                Code::SyntaxError,
                format!("expected a model, found `{}`", model.span.of(self.text)),
            )
            .at(model.span)
            .hint("write MODEL = @variable, MODEL = 0x… or MODEL = (SELECT data FROM models WHERE id = 1)"));
        }
        self.expect(Punctuation::Comma)?;
        self.predict_argument("DATA")?;
        if self.at(Punctuation::LeftParen) {
            let hint = "name the query in WITH, or as a view, and write its name: DATA = name AS d";
            return Err(self.unsupported("a subquery as `DATA`", hint));
        }
        let data = self.table()?;
        if self.eat(Punctuation::Comma) {
            self.predict_argument("RUNTIME")?;
            if !self.at_word("ONNX") {
                let runtime = format!("`RUNTIME = {}`", self.token_text());
                return Err(self.unsupported(&runtime, "write RUNTIME = ONNX"));
            }
            self.bump();
        }
        self.close(open, Punctuation::RightParen)?;
        let start = self.token().span;
        if !self.eat_word("WITH") {
            let hint = "declare the columns that the model returns: WITH (score FLOAT)";
            return Err(self.expected_one_of(&["WITH"]).hint(hint));
        }
        let columns = self.columns()?;
        let columns_span = self.since(start);
        Ok(TableExprKind::Predict(Box::new(Predict { model, data, columns, columns_span })))
    }

    /// `name =`.
    fn predict_argument(&mut self, name: &'static str) -> Result<()> {
        if !self.eat_word(name) {
            let hint = "write PREDICT(MODEL = @model, DATA = table AS d, RUNTIME = ONNX)";
            return Err(self.expected_one_of(&[name]).hint(hint));
        }
        self.expect(Punctuation::Equal).map(drop)
    }
}
