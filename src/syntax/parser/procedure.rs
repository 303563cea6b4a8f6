//! Procedures: CREATE PROCEDURE with the statements of its body, and CALL; in T-SQL EXEC, also of a text.

use std::sync::Arc;

use super::Parser;
use crate::data::Scalar;
use crate::diag::{Result, Span};
use crate::syntax::ast::{
    Call, CreateProcedure, Execute, Expr, ExprKind, Ident, NamedExpr, ParamMode, ProcedureBody,
    ProcedureParam, Statement, StatementKind,
};
use crate::syntax::token::{Punctuation, TokenKind};

impl Parser<'_> {
    /// `name([IN | OUT | INOUT] param type, …) [OPTIONS (…)] BEGIN … END`; in T-SQL `name @param type, … AS …`.
    pub(super) fn create_procedure(&mut self, replace: bool) -> Result<CreateProcedure> {
        let (name, on_existing) = self.created_name(replace, "a procedure's name")?;
        if self.is_tsql() {
            let params = self.tsql_params()?;
            self.refuse(&["WITH"], "leave it out: it changes no result")?;
            self.expect_word("AS")?;
            let body = self.apart(Self::batch)?;
            return Ok(CreateProcedure { name, on_existing, params, is_strict: true, body });
        }
        let params = if self.at(Punctuation::LeftParen) && self.nth_at(1, Punctuation::RightParen) {
            self.position += 2;
            Vec::new()
        } else {
            self.parenthesised(Self::procedure_param)?
        };
        let options = self.options(name.span)?;
        let is_lax = |item: &NamedExpr| {
            item.name.text.eq_ignore_ascii_case("strict_mode")
                && item.value.kind == ExprKind::Literal(Scalar::Bool(false))
        };
        let is_strict = !options.items.iter().any(is_lax);
        self.refuse(&["WITH", "LANGUAGE", "EXTERNAL"], "write the procedure in SQL: BEGIN … END")?;
        let body = self.apart(|parser| parser.nested(Self::block))?;
        Ok(CreateProcedure { name, on_existing, params, is_strict, body })
    }

    /// `[mode] name type`.
    fn procedure_param(&mut self) -> Result<ProcedureParam> {
        let is_name = |n| matches!(self.nth(n).kind, TokenKind::Word | TokenKind::QuotedName(_));
        // OUT and INOUT are names too: `out INT64`.
        let has_mode = self.at_word("IN") || (is_name(1) && is_name(2));
        let mode = match has_mode.then(|| self.eat_one_of(&["INOUT", "OUT", "IN"])).flatten() {
            Some("INOUT") => ParamMode::InOut,
            Some("OUT") => ParamMode::Out,
            _ => ParamMode::In,
        };
        let name = self.ident("a parameter's name")?;
        let is_any = self.eat_words(&["ANY", "TYPE"]);
        let data_type = if is_any { None } else { Some(self.type_name()?) };
        Ok(ProcedureParam { mode, name, data_type, default: None })
    }

    /// `[(] @name [AS] type [= value] [OUT | OUTPUT], … [)]`.
    fn tsql_params(&mut self) -> Result<Vec<ProcedureParam>> {
        let open = self.at(Punctuation::LeftParen).then(|| self.bump().span);
        let mut params = Vec::new();
        if matches!(self.token().kind, TokenKind::Parameter(_)) {
            params = self.comma_separated(|parser| {
                let name = parser.tsql_variable()?;
                parser.eat_word("AS");
                let data_type = Some(parser.type_name()?);
                let default = if parser.eat(Punctuation::Equal) { Some(parser.expr()?) } else { None };
                let mode = match parser.eat_one_of(&["OUTPUT", "OUT"]) {
                    Some(_) => ParamMode::InOut,
                    None => ParamMode::In,
                };
                parser.eat_word("READONLY");
                Ok(ProcedureParam { mode, name, data_type, default })
            })?;
        }
        if let Some(open) = open {
            self.close(open, Punctuation::RightParen)?;
        }
        Ok(params)
    }

    /// Statements up to the end of the batch: they are what a T-SQL procedure does.
    fn batch(&mut self) -> Result<()> {
        while self.token().kind != TokenKind::End && !self.at_batch_end() {
            if !self.eat(Punctuation::Semicolon) {
                self.tsql_body()?;
            }
        }
        Ok(())
    }

    /// What `body` reads, kept apart from the script's own statements.
    fn apart(&mut self, body: impl FnOnce(&mut Self) -> Result<()>) -> Result<ProcedureBody> {
        let outer = (
            std::mem::take(&mut self.statements),
            std::mem::take(&mut self.handlers),
            std::mem::take(&mut self.loops),
            std::mem::take(&mut self.declared),
            std::mem::take(&mut self.handling),
        );
        let result = body(self);
        let statements = std::mem::replace(&mut self.statements, outer.0);
        let handlers = std::mem::replace(&mut self.handlers, outer.1);
        (self.loops, self.declared, self.handling) = (outer.2, outer.3, outer.4);
        result.map(|()| ProcedureBody {
            statements: statements.into_iter().map(Arc::new).collect(),
            handlers: handlers.into(),
        })
    }

    /// `name(value, …)` behind CALL.
    pub(super) fn call_procedure(&mut self, start: Span) -> Result<()> {
        let name = self.path("a procedure's name")?;
        let args = if self.at(Punctuation::LeftParen) && self.nth_at(1, Punctuation::RightParen) {
            self.position += 2;
            Vec::new()
        } else {
            self.parenthesised(|parser| Ok((parser.expr()?, None)))?
        };
        self.called_procedure(Call { name, args }, start);
        Ok(())
    }

    /// Behind T-SQL's EXEC: a procedure with its values, or a text in parentheses or of `sp_executesql`.
    pub(super) fn exec(&mut self, start: Span) -> Result<()> {
        if self.at(Punctuation::LeftParen) {
            let open = self.bump().span;
            let text = self.expr()?;
            self.close(open, Punctuation::RightParen)?;
            self.executed_text(text, Vec::new(), start);
            return Ok(());
        }
        if matches!(self.token().kind, TokenKind::Parameter(_)) {
            let hint = "give the value back in a parameter: EXEC name @result OUTPUT";
            return Err(self.unsupported("the value of a procedure's RETURN", hint));
        }
        let name = self.path("a procedure's name")?;
        let is_text = name.last().is_some_and(|last| last.text.eq_ignore_ascii_case("sp_executesql"));
        let has_args = !matches!(self.token().kind, TokenKind::End | TokenKind::Punctuation(_))
            && !self.at_tsql_statement()
            && !self.at_batch_end()
            && self.at_one_of(&["END", "ELSE"]).is_none();
        let args = if has_args || self.at(Punctuation::Minus) {
            self.comma_separated(|parser| parser.exec_argument(is_text))?
        } else {
            Vec::new()
        };
        let mut values = args.into_iter();
        match values.next() {
            Some((text, None)) if is_text => {
                // The second value declares the types of those that follow.
                let values = values.skip(1).collect::<Vec<_>>();
                if values.iter().any(|(_, name)| name.is_none()) {
                    let hint = "write @name = value for each value";
                    return Err(self.unsupported("a value of sp_executesql without its name", hint));
                }
                self.executed_text(text, values, start);
            }
            first => {
                let args = first.into_iter().chain(values).collect();
                self.called_procedure(Call { name, args }, start);
            }
        }
        Ok(())
    }

    /// `[@name =] value [OUTPUT]`.
    fn exec_argument(&mut self, is_text: bool) -> Result<(Expr, Option<Ident>)> {
        let is_named = self.nth_at(1, Punctuation::Equal);
        let name = if is_named && matches!(self.token().kind, TokenKind::Parameter(_)) {
            let name = self.tsql_variable()?;
            self.expect(Punctuation::Equal)?;
            Some(name)
        } else {
            None
        };
        let value = self.expr()?;
        if self.at_one_of(&["OUTPUT", "OUT"]).is_some() && is_text {
            let hint = "write CREATE PROCEDURE p @x int OUTPUT AS … and EXEC p @x = @y OUTPUT";
            return Err(self.unsupported("OUTPUT of sp_executesql", hint));
        }
        self.eat_one_of(&["OUTPUT", "OUT"]);
        Ok((value, name))
    }

    fn executed_text(&mut self, text: Expr, using: Vec<(Expr, Option<Ident>)>, start: Span) {
        let kind = StatementKind::Execute(Execute { text, into: Vec::new(), using });
        self.statements.push(Statement { kind, span: self.since(start) });
    }

    /// A call, and a jump to what follows: by it hosts see that more statements may run than the text has.
    fn called_procedure(&mut self, call: Call, start: Span) {
        let span = self.since(start);
        self.statements.push(Statement { kind: StatementKind::Call(call), span });
        let next = self.statements.len() + 1;
        self.statements.push(Statement { kind: StatementKind::Jump(next), span });
    }
}
