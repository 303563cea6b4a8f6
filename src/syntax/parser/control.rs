//! Scripts that branch and loop: IF, CASE, loops, FOR over a query, blocks. They become statements in a row with jumps between
//! them, so that whoever runs the script needs to know nothing but where to go on.

use super::Parser;
use super::primary::one_part;
use crate::data::Scalar;
use crate::diag::{Code, Error, Result, Span};
use crate::syntax::ast::{
    Access, Branch, Declare, Execute, Expr, ExprKind, FunctionCall, Ident, Parameter, Query, RowForm, Select,
    SetValue, SetVariables, Statement, StatementKind, SubqueryKind, TableExpr, TableExprKind,
};
use crate::syntax::token::{Punctuation, TokenKind};
use crate::syntax::{Handler, SqlOperator};

/// Where a jump goes before it is known.
const OPEN: usize = usize::MAX;

/// A loop that is being read, or a block with a label.
#[derive(Default)]
pub(super) struct OpenLoop {
    label: Option<Ident>,
    /// BREAK without a label passes it by.
    is_block: bool,
    /// The jumps to its end, and to where its next round begins.
    breaks: Vec<usize>,
    continues: Vec<usize>,
}

impl Parser<'_> {
    /// Reads a statement of control, if one stands here, with all that is inside.
    pub(super) fn control(&mut self) -> Result<bool> {
        let start = self.token().span;
        if self.nth_at(1, Punctuation::Colon) && self.at_name() {
            self.nested(Self::labelled)?;
            return Ok(true);
        }
        let is_transaction = || self.nth_at_word(1, "TRANSACTION") || self.nth_at_word(1, "TRAN");
        if self.at_word("BEGIN") && !is_transaction() {
            self.nested(Self::block)?;
            return Ok(true);
        }
        if self.at_words(&["EXECUTE", "IMMEDIATE"]) {
            self.bump();
            self.execute(start)?;
            return Ok(true);
        }
        if self.is_tsql() && self.eat_word("THROW") {
            self.raise("THROW", start)?;
            return Ok(true);
        }
        if self.is_tsql() && self.nth_at(1, Punctuation::LeftParen) && self.eat_word("RAISERROR") {
            self.raiserror(start)?;
            return Ok(true);
        }
        if self.is_tsql() && self.eat_one_of(&["EXEC", "EXECUTE"]).is_some() {
            self.exec(start)?;
            return Ok(true);
        }
        let words = [
            "IF", "WHILE", "LOOP", "REPEAT", "FOR", "BREAK", "LEAVE", "CONTINUE", "ITERATE", "RETURN",
            "ASSERT", "RAISE", "CALL", "CASE",
        ];
        match self.eat_one_of(&words) {
            Some("ASSERT") => self.assert(start)?,
            Some("CALL") => self.call_procedure(start)?,
            Some("RAISE") => self.raise("RAISE", start)?,
            Some("CASE") => self.nested(|parser| parser.case_statement(start))?,
            Some("IF") => self.nested(|parser| parser.if_statement(start))?,
            Some("WHILE") => self.nested(|parser| parser.while_loop(start))?,
            Some("LOOP") => self.nested(|parser| parser.endless_loop(start))?,
            Some("REPEAT") => self.nested(|parser| parser.repeat_loop(start))?,
            Some("FOR") => self.nested(|parser| parser.for_loop(start))?,
            Some("RETURN") => {
                self.jump(OPEN, start);
            }
            Some(word) => self.leave(word, start)?,
            None => return Ok(false),
        }
        Ok(true)
    }

    /// `condition THEN … [ELSEIF …] [ELSE …] END IF`; in T-SQL a statement or a block, and ELSE.
    fn if_statement(&mut self, start: Span) -> Result<()> {
        let mut ends = Vec::new();
        let mut open = self.branch("IF", start)?;
        if self.is_tsql() {
            self.tsql_body()?;
            self.eat(Punctuation::Semicolon);
            if self.eat_word("ELSE") {
                ends.push(self.jump(OPEN, start));
                self.land(open);
                self.tsql_body()?;
            } else {
                self.land(open);
            }
        } else {
            self.expect_word("THEN")?;
            loop {
                self.body(&["ELSEIF", "ELSE", "END"])?;
                match self.eat_one_of(&["ELSEIF", "ELSE"]) {
                    Some("ELSEIF") => {
                        ends.push(self.jump(OPEN, start));
                        self.land(open);
                        open = self.branch("IF", start)?;
                        self.expect_word("THEN")?;
                    }
                    Some(_) => {
                        ends.push(self.jump(OPEN, start));
                        self.land(open);
                        self.body(&["END"])?;
                        break;
                    }
                    None => {
                        self.land(open);
                        break;
                    }
                }
            }
            self.end_of("IF")?;
        }
        ends.into_iter().for_each(|end| self.land(end));
        Ok(())
    }

    /// `[value] WHEN … THEN … [ELSE …] END CASE`.
    fn case_statement(&mut self, start: Span) -> Result<()> {
        let operand = if self.at_word("WHEN") { None } else { Some(self.expr()?) };
        let operand = operand.map(|value| {
            let span = self.since(start);
            let name = Ident { text: format!("$case{}", start.start), span };
            self.assign(&name, value, span);
            Expr { kind: ExprKind::Name(name), span }
        });
        let mut ends = Vec::new();
        self.expect_word("WHEN")?;
        loop {
            let mut condition = self.expr()?;
            let span = self.since(start);
            if let Some(operand) = &operand {
                let args = vec![operand.clone(), condition];
                condition = Expr { kind: ExprKind::Operator { operator: SqlOperator::Equal, args }, span };
            }
            let open = self.branch_on("CASE", condition, span);
            self.expect_word("THEN")?;
            self.body(&["WHEN", "ELSE", "END"])?;
            ends.push(self.jump(OPEN, start));
            self.land(open);
            if !self.eat_word("WHEN") {
                break;
            }
        }
        if self.eat_word("ELSE") {
            self.body(&["END"])?;
        }
        self.end_of("CASE")?;
        ends.into_iter().for_each(|end| self.land(end));
        Ok(())
    }

    /// `label: BEGIN … END [label]`, and loops likewise.
    fn labelled(&mut self) -> Result<()> {
        let label = self.ident("a label")?;
        self.expect(Punctuation::Colon)?;
        let is_block = self.at_word("BEGIN");
        if !is_block && self.at_one_of(&["LOOP", "WHILE", "REPEAT", "FOR"]).is_none() {
            return Err(self.expected("`BEGIN` or a loop behind the label"));
        }
        if self.loops.iter().filter_map(|open| open.label.as_ref()).any(|other| same_name(other, &label)) {
            let message = format!("the label `{}` stands inside of another one of its name", label.text);
            return Err(Error::new(Code::AlreadyExists, message).at(label.span));
        }
        if is_block {
            self.loops.push(OpenLoop { label: Some(label.clone()), is_block, ..OpenLoop::default() });
            self.block()?;
            self.close_loop(OPEN);
        } else {
            self.label = Some(label.clone());
            self.control()?;
        }
        if self.at_name() {
            let end = self.ident("the label")?;
            if !same_name(&end, &label) {
                let message = format!("expected the label `{}`, found `{}`", label.text, end.text);
                return Err(Error::new(Code::SyntaxError, message).at(end.span));
            }
        }
        Ok(())
    }

    /// A loop begins, with the label before it.
    fn open_loop(&mut self) {
        let label = self.label.take();
        self.loops.push(OpenLoop { label, ..OpenLoop::default() });
    }

    /// `condition DO … END WHILE`; in T-SQL a statement or a block.
    fn while_loop(&mut self, start: Span) -> Result<()> {
        let first = self.statements.len();
        let end = self.branch("WHILE", start)?;
        self.open_loop();
        if self.is_tsql() {
            self.tsql_body()?;
        } else {
            self.expect_word("DO")?;
            self.body(&["END"])?;
            self.end_of("WHILE")?;
        }
        self.jump(first, start);
        self.land(end);
        self.close_loop(first);
        Ok(())
    }

    /// `… END LOOP`.
    fn endless_loop(&mut self, start: Span) -> Result<()> {
        let first = self.statements.len();
        self.open_loop();
        self.body(&["END"])?;
        self.end_of("LOOP")?;
        self.jump(first, start);
        self.close_loop(first);
        Ok(())
    }

    /// `… UNTIL condition END REPEAT`.
    fn repeat_loop(&mut self, start: Span) -> Result<()> {
        let first = self.statements.len();
        self.open_loop();
        self.body(&["UNTIL"])?;
        self.expect_word("UNTIL")?;
        let until = self.statements.len();
        let again = self.branch("REPEAT", start)?;
        self.end_of("REPEAT")?;
        self.point(again, first);
        self.close_loop(until);
        Ok(())
    }

    /// `row IN (query) DO … END FOR`: the rows are an array, and the loop counts its elements.
    fn for_loop(&mut self, start: Span) -> Result<()> {
        let row = self.ident("a variable's name")?;
        self.expect_word("IN")?;
        let open = self.expect(Punctuation::LeftParen)?;
        let query = self.query()?;
        self.close(open, Punctuation::RightParen)?;
        self.expect_word("DO")?;
        let span = self.since(start);
        let hidden = |what: &str| Ident { text: format!("${what}{}", start.start), span };
        let (rows, index) = (hidden("rows"), hidden("index"));
        let name = |name: &Ident| Expr { kind: ExprKind::Name(name.clone()), span };
        let number = |value| Expr { kind: ExprKind::Literal(Scalar::Int64(value)), span };
        self.assign(&rows, rows_of(query, span), span);
        self.assign(&index, number(0), span);
        let first = self.statements.len();
        let count = called("ARRAY_LENGTH", vec![name(&rows)], span);
        let more = ExprKind::Operator { operator: SqlOperator::Less, args: vec![name(&index), count] };
        let end = self.branch_on("FOR", Expr { kind: more, span }, span);
        let access = Access { base: 0, safe: false };
        let element =
            ExprKind::Element { array: Box::new(name(&rows)), index: Box::new(name(&index)), access };
        self.assign(&row, Expr { kind: element, span }, span);
        self.open_loop();
        self.body(&["END"])?;
        self.end_of("FOR")?;
        let next = self.statements.len();
        let plus = ExprKind::Operator { operator: SqlOperator::Add, args: vec![name(&index), number(1)] };
        let value = SetValue::Expr(Expr { kind: plus, span });
        let set = StatementKind::Set(SetVariables { names: vec![index], value });
        self.statements.push(Statement { kind: set, span });
        self.jump(first, span);
        self.land(end);
        self.close_loop(next);
        self.close_block(first);
        Ok(())
    }

    /// `BEGIN … [EXCEPTION WHEN ERROR THEN …] END`, T-SQL's `BEGIN TRY … END TRY BEGIN CATCH … END CATCH`.
    pub(super) fn block(&mut self) -> Result<()> {
        let start = self.token().span;
        self.expect_word("BEGIN")?;
        let first = self.statements.len();
        if self.is_tsql() && self.eat_word("TRY") {
            self.body(&["END"])?;
            self.end_of("TRY")?;
            self.eat(Punctuation::Semicolon);
            self.expect_word("BEGIN")?;
            self.expect_word("CATCH")?;
            self.handler(first, start)?;
            return self.end_of("CATCH");
        }
        self.may_declare = true;
        self.body(&["END", "EXCEPTION"])?;
        if self.eat_word("EXCEPTION") {
            self.expect_word("WHEN")?;
            self.expect_word("ERROR")?;
            self.expect_word("THEN")?;
            self.handler(first, start)?;
        }
        if !self.is_tsql() {
            self.close_block(first);
        }
        self.expect_word("END")
    }

    /// What the statements from `first` on declare ends here, but for what a block among them has ended before.
    fn close_block(&mut self, first: usize) {
        let end = self.statements.len();
        for statement in self.statements.iter_mut().skip(first) {
            if let StatementKind::Declare(declare) = &mut statement.kind {
                declare.block.get_or_insert(first..end);
            }
        }
    }

    /// What is to be done when one of the statements from `first` on fails.
    fn handler(&mut self, first: usize, start: Span) -> Result<()> {
        let end = self.jump(OPEN, start);
        self.handlers.push(Handler { of: first..end, next: end + 1 });
        self.handling += 1;
        self.body(&["END"])?;
        self.handling -= 1;
        self.land(end);
        Ok(())
    }

    /// `ASSERT condition [AS 'text']`: an error where the condition is not TRUE.
    fn assert(&mut self, start: Span) -> Result<()> {
        let condition = self.expr()?;
        let text =
            if self.eat_word("AS") { self.expr()? } else { literal_text("Assertion failed", condition.span) };
        let span = self.since(start);
        let holds = Expr { kind: ExprKind::Literal(Scalar::Bool(true)), span };
        let branches = vec![(condition, holds)];
        let otherwise = Some(Box::new(raised(text, span)));
        let checked = ExprKind::Case { operand: None, branches, otherwise };
        self.go_on("ASSERT", Expr { kind: checked, span }, span);
        Ok(())
    }

    /// `RAISE [USING MESSAGE = text]`; alone it raises again what is being handled. T-SQL's `THROW`.
    fn raise(&mut self, word: &'static str, start: Span) -> Result<()> {
        let text = if self.eat_word("USING") {
            self.expect_word("MESSAGE")?;
            self.expect(Punctuation::Equal)?;
            self.expr()?
        } else if word == "THROW" && self.token().kind == TokenKind::Integer {
            let mut parts = self.comma_separated(Self::expr)?.into_iter();
            parts.nth(1).ok_or_else(|| self.expected("a message").hint("write THROW 50001, 'text', 1"))?
        } else if self.handling == 0 {
            let place = if word == "THROW" { "CATCH" } else { "EXCEPTION" };
            let hint = if word == "THROW" {
                "write THROW 50001, 'text', 1"
            } else {
                "write RAISE USING MESSAGE = 'text'"
            };
            let message = format!(
                "{word} alone raises again what a block of {place} handles, and there is none around it"
            );
            return Err(Error::new(Code::MisplacedClause, message).at(start).hint(hint));
        } else {
            let message = Parameter::Named("@error.message".into());
            Expr { kind: ExprKind::Parameter(message), span: start }
        };
        let span = self.since(start);
        self.go_on(word, raised(text, span), span);
        Ok(())
    }

    /// T-SQL's `RAISERROR(text, severity, state)`: from severity 11 on it is an error, below it a message.
    fn raiserror(&mut self, start: Span) -> Result<()> {
        let mut args = self.parenthesised(Self::expr)?;
        let span = self.since(start);
        let values = args.split_off(args.len().min(3));
        let parts = <[Expr; 3]>::try_from(args).ok();
        let parts = parts.and_then(|[text, severity, _]| Some((put_in(text, values, span)?, severity)));
        let Some((text, severity)) = parts else {
            let hint = "write RAISERROR('text of %s and %d', 16, 1, 'x', 5), or CONCAT for what is put into the text";
            return Err(self.unsupported("this `RAISERROR`", hint).at(span));
        };
        if matches!(severity.kind, ExprKind::Literal(Scalar::Int64(..=10))) {
            self.statements.push(Statement { kind: StatementKind::Print(text), span });
        } else {
            self.go_on("RAISERROR", raised(text, span), span);
        }
        Ok(())
    }

    /// A condition that changes nothing in where the script goes.
    fn go_on(&mut self, verb: &'static str, condition: Expr, span: Span) {
        let branch = self.branch_on(verb, condition, span);
        self.land(branch);
    }

    /// `IMMEDIATE text [INTO a, b] [USING x, y AS name]`.
    fn execute(&mut self, start: Span) -> Result<()> {
        self.expect_word("IMMEDIATE")?;
        let text = self.expr()?;
        let mut into = Vec::new();
        let mut using = Vec::new();
        if self.eat_word("INTO") {
            into = self.comma_separated(|parser| parser.ident("a variable's name"))?;
        }
        if self.eat_word("USING") {
            using = self.comma_separated(|parser| {
                let value = parser.expr()?;
                let name =
                    if parser.eat_word("AS") { Some(parser.ident("a parameter's name")?) } else { None };
                Ok((value, name))
            })?;
        }
        let kind = StatementKind::Execute(Execute { text, into, using });
        self.statements.push(Statement { kind, span: self.since(start) });
        Ok(())
    }

    /// Statements up to one of these words.
    fn body(&mut self, ends: &[&'static str]) -> Result<()> {
        while self.at_one_of(ends).is_none() {
            if self.eat(Punctuation::Semicolon) {
                continue;
            }
            if self.token().kind == TokenKind::End {
                // A statement may stand here too: who completes the text is told.
                let _ = self.body_statement();
                return Err(self.expected(&format!("`{}`", ends.join("` or `"))));
            }
            let (depth, height) = (self.depth, self.height);
            self.body_statement()?;
            (self.depth, self.height) = (depth, height);
        }
        Ok(())
    }

    /// A block or a statement, as T-SQL has it behind IF, ELSE and WHILE.
    pub(super) fn tsql_body(&mut self) -> Result<()> {
        let (depth, height) = (self.depth, self.height);
        self.body_statement()?;
        (self.depth, self.height) = (depth, height);
        Ok(())
    }

    /// BREAK and CONTINUE, of the innermost loop or of that with a label.
    fn leave(&mut self, word: &str, start: Span) -> Result<()> {
        let label = if self.at_name() && !self.is_tsql() { Some(self.ident("a label")?) } else { None };
        let jump = self.jump(OPEN, start);
        let ends = matches!(word, "BREAK" | "LEAVE");
        let is_meant = |open: &&mut OpenLoop| match (&label, &open.label) {
            (None, _) => !open.is_block,
            (Some(label), Some(other)) => same_name(label, other) && (ends || !open.is_block),
            (Some(_), None) => false,
        };
        let Some(open) = self.loops.iter_mut().rev().find(is_meant) else {
            let what = label.map_or_else(|| "in no loop".into(), |it| format!("in no loop `{}`", it.text));
            return Err(Error::new(Code::MisplacedClause, format!("{word} stands {what}")).at(start));
        };
        if ends {
            open.breaks.push(jump)
        } else {
            open.continues.push(jump)
        }
        Ok(())
    }

    /// `END word`.
    fn end_of(&mut self, word: &'static str) -> Result<()> {
        self.expect_word("END")?;
        self.expect_word(word)
    }

    /// Reads a condition; its branch goes on behind it where it is TRUE.
    fn branch(&mut self, verb: &'static str, start: Span) -> Result<usize> {
        let condition = self.expr()?;
        let span = self.since(start);
        Ok(self.branch_on(verb, condition, span))
    }

    fn branch_on(&mut self, verb: &'static str, condition: Expr, span: Span) -> usize {
        let branch = Branch { verb, condition, otherwise: OPEN };
        self.statements.push(Statement { kind: StatementKind::Branch(branch), span });
        self.statements.len() - 1
    }

    fn jump(&mut self, target: usize, span: Span) -> usize {
        self.statements.push(Statement { kind: StatementKind::Jump(target), span });
        self.statements.len() - 1
    }

    fn assign(&mut self, name: &Ident, value: Expr, span: Span) {
        let names = vec![name.clone()];
        let declare = Declare { names, data_type: None, value: Some(value), again: true, block: None };
        self.statements.push(Statement { kind: StatementKind::Declare(declare), span });
    }

    /// Lets the jump at `from` go to the statement that comes next.
    fn land(&mut self, from: usize) {
        self.point(from, self.statements.len());
    }

    fn point(&mut self, from: usize, to: usize) {
        match self.statements.get_mut(from).map(|statement| &mut statement.kind) {
            Some(StatementKind::Jump(target)) => *target = to,
            Some(StatementKind::Branch(branch)) => branch.otherwise = to,
            _ => {}
        }
    }

    fn close_loop(&mut self, next_round: usize) {
        let Some(open) = self.loops.pop() else { return };
        open.breaks.into_iter().for_each(|from| self.land(from));
        open.continues.into_iter().for_each(|from| self.point(from, next_round));
    }
}

/// `ARRAY(SELECT AS STRUCT * FROM (query))`.
pub(super) fn rows_of(query: Query, span: Span) -> Expr {
    let kind = TableExprKind::Subquery(Box::new(query));
    let from = TableExpr { kind, alias: None, span };
    let select = Select { form: RowForm::Struct, ..Select::all(from, span) };
    let query = Query::of_select(select);
    Expr { kind: ExprKind::Subquery(SubqueryKind::Array, Box::new(query)), span }
}

fn literal_text(text: &str, span: Span) -> Expr {
    Expr { kind: ExprKind::Literal(Scalar::String(text.into())), span }
}

pub(super) fn called(function: &str, args: Vec<Expr>, span: Span) -> Expr {
    let call = FunctionCall::plain(one_part(function, span), args);
    Expr { kind: ExprKind::Call(Box::new(call)), span }
}

/// A text with these values in the places of its `%s`, `%d`, `%i` and `%u`.
fn put_in(text: Expr, values: Vec<Expr>, span: Span) -> Option<Expr> {
    if values.is_empty() {
        return Some(text);
    }
    let ExprKind::Literal(Scalar::String(format)) = &text.kind else { return None };
    let mut values = values.into_iter();
    let mut pieces = format.split('%');
    let mut parts = vec![literal_text(pieces.next()?, span)];
    for piece in pieces {
        parts.push(values.next()?);
        parts.push(literal_text(piece.strip_prefix(['s', 'd', 'i', 'u'])?, span));
    }
    values.next().is_none().then(|| called("CONCAT", parts, span))
}

/// An error with this text.
fn raised(text: Expr, span: Span) -> Expr {
    let text = called("COALESCE", vec![text, literal_text("an error without a message", span)], span);
    called("ERROR", vec![text], span)
}

fn same_name(a: &Ident, b: &Ident) -> bool {
    a.text.eq_ignore_ascii_case(&b.text)
}
