//! Names: of columns, aliases, tables, models; and types.

use super::Parser;
use crate::diag::{Code, Error, Result, Span};
use crate::syntax::ast::{Ident, Path, TypeName, TypeNameKind};
use crate::syntax::keyword::is_reserved;
use crate::syntax::token::{Punctuation, TokenKind};

impl Parser<'_> {
    /// Whether the next token can be a name.
    pub(super) fn at_name(&self) -> bool {
        match self.token().kind {
            TokenKind::QuotedName(_) => true,
            TokenKind::Word => !self.at_reserved(),
            _ => false,
        }
    }

    fn at_reserved(&self) -> bool {
        self.token().kind == TokenKind::Word && is_reserved(self.token_text(), self.dialect)
    }

    /// A name as this dialect quotes it.
    pub(super) fn quoted(&self, name: &str) -> String {
        if self.is_tsql() { format!("[{name}]") } else { format!("`{name}`") }
    }

    /// A column, an alias, an option: one name.
    pub(super) fn ident(&mut self, what: &str) -> Result<Ident> {
        let span = self.token().span;
        if self.at_reserved() {
            let (error, word) = (self.expected(what), span.of(self.text));
            if self.at_clause() {
                return Err(error);
            }
            let quoted = self.quoted(word);
            let hint = format!("`{word}` is a keyword: write {quoted} to use it as a name");
            return Err(error.hint(hint).fix(span, quoted));
        }
        if let TokenKind::String(text) = &self.token().kind {
            let quoted = self.quoted(text);
            let hint = format!("quotes enclose strings, not names: write {quoted}");
            return Err(self.expected(what).hint(hint).fix(span, quoted));
        }
        self.any_word(what)
    }

    /// The name of a column in a list of names.
    pub(super) fn column_name(&mut self) -> Result<Ident> {
        self.ident("a column")
    }

    /// A name where keywords are names too, as after a dot.
    pub(super) fn any_word(&mut self, what: &str) -> Result<Ident> {
        let token = self.token();
        let text = match &token.kind {
            TokenKind::QuotedName(name) => name.clone(),
            TokenKind::Word => token.span.of(self.text).into(),
            _ => return Err(self.expected(what)),
        };
        self.bump();
        Ok(Ident { text, span: token.span })
    }

    /// `[AS] alias`.
    pub(super) fn alias(&mut self) -> Result<Option<Ident>> {
        let is_said = self.eat_word("AS");
        // In T-SQL an alias can be a string.
        if let (true, TokenKind::String(text)) = (self.is_tsql(), &self.token().kind) {
            let span = self.bump().span;
            return Ok(Some(Ident { text: text.clone(), span }));
        }
        if is_said {
            return self.ident("an alias").map(Some);
        }
        // T-SQL has no LIMIT, but nobody who writes it means an alias.
        let limit = self.is_tsql()
            && (self.at_word("LIMIT")
                || (self.at_word("OPTION") && self.nth_at(1, Punctuation::LeftParen))
                || (self.at_word("WINDOW") && self.nth_at_word(2, "AS")));
        if self.at_name() && !limit { self.ident("an alias").map(Some) } else { Ok(None) }
    }

    /// A table or model: `dataset.table`, `` `project.dataset.table` ``, `my-project.dataset.table`.
    pub(super) fn path(&mut self, what: &str) -> Result<Path> {
        let path = self.wildcard_path(what)?;
        if path.parts.iter().any(|part| part.text.contains('*')) {
            return Err(Error::new(Code::SyntaxError, "a name with `*` names many tables")
                .at(path.span)
                .hint("names with a wildcard are allowed in FROM only"));
        }
        Ok(path)
    }

    /// A model, or one of its versions: `m`, `m@3`, `m@champion`, `m VERSION champion`. The path's last part has the
    /// version behind `@`, as it has where all of it stands in backticks.
    pub(super) fn model_path(&mut self) -> Result<Path> {
        let mut path = self.path("a model's name")?;
        let is_beside = self.token().span.start == path.span.end;
        let version = match &self.token().kind {
            TokenKind::Parameter(version) if is_beside && !version.starts_with('@') => {
                let version = version.clone();
                let span = self.bump().span;
                self.joined(Ident { text: version, span: Span::new(span.start + 1, span.end) })
            }
            _ if self.eat_word("VERSION") => self.version_name()?,
            _ => return Ok(path),
        };
        path.span = Span::new(path.span.start, version.span.end);
        if let Some(last) = path.parts.last_mut() {
            if last.text.contains('@') {
                return Err(Error::new(Code::SyntaxError, "a model has one version").at(version.span));
            }
            last.text = format!("{}@{}", last.text, version.text);
        }
        Ok(path)
    }

    /// A version of a model: its number or an alias, in quotes or without.
    pub(super) fn version_name(&mut self) -> Result<Ident> {
        let token = self.token();
        let span = token.span;
        let text = match &token.kind {
            TokenKind::String(text) | TokenKind::QuotedName(text) => text.clone(),
            TokenKind::Word | TokenKind::Integer => span.of(self.text).into(),
            _ => return Err(self.expected("a version")),
        };
        let is_bare = matches!(token.kind, TokenKind::Word);
        self.bump();
        let ident = Ident { text, span };
        Ok(if is_bare { self.joined(ident) } else { ident })
    }

    /// A word with those that hang at it by a minus sign: `my-model`.
    fn joined(&mut self, mut ident: Ident) -> Ident {
        while self.at(Punctuation::Minus) && self.token().span.start == ident.span.end {
            let next = self.nth(1);
            let joins = matches!(next.kind, TokenKind::Word | TokenKind::Integer)
                && next.span.start == self.token().span.end;
            if !joins {
                break;
            }
            self.position += 2;
            ident.span = Span::new(ident.span.start, next.span.end);
            ident.text = ident.span.of(self.text).into();
        }
        ident
    }

    /// A name that may hold the wildcard `*` in backticks.
    pub(super) fn wildcard_path(&mut self, what: &str) -> Result<Path> {
        let start = self.token().span;
        // A table that T-SQL has in a variable.
        if let (true, TokenKind::Parameter(name)) = (self.is_tsql(), &self.token().kind) {
            let text = format!("@{name}");
            let span = self.bump().span;
            return Ok(Path { parts: vec![Ident { text, span }], span });
        }
        let mut parts = self.path_part(what, true)?;
        while self.eat(Punctuation::Dot) {
            parts.extend(self.path_part("the rest of a name", false)?);
        }
        Ok(Path { parts, span: self.since(start) })
    }

    /// One part, or several where dots stand inside backticks.
    fn path_part(&mut self, what: &str, first: bool) -> Result<Vec<Ident>> {
        let quoted = matches!(self.token().kind, TokenKind::QuotedName(_));
        let ident = if first { self.ident(what)? } else { self.any_word(what)? };
        if self.is_tsql() {
            return Ok(vec![ident]);
        }
        if quoted {
            if ident.text.split('.').any(str::is_empty) {
                return Err(Error::new(Code::SyntaxError, format!("`{}` has an empty part", ident.text))
                    .at(ident.span));
            }
            let part = |text: &str| Ident { text: text.into(), span: ident.span };
            return Ok(ident.text.split('.').map(part).collect());
        }
        let ident = self.joined(ident);
        Ok(vec![ident])
    }

    /// `INT64`, `ARRAY<FLOAT64>`, `STRUCT<x INT64, FLOAT64>`, `STRING(10)`.
    pub(super) fn type_name(&mut self) -> Result<TypeName> {
        self.nested(|parser| {
            let start = parser.token().span;
            let mut parameters = None;
            let kind = if parser.eat_word("ARRAY") {
                parser.expect(Punctuation::Less)?;
                let element = parser.type_name()?;
                parser.expect(Punctuation::Greater)?;
                TypeNameKind::Array(Box::new(element))
            } else if parser.eat_word("STRUCT") {
                parser.expect(Punctuation::Less)?;
                let fields = parser.comma_separated(Self::struct_field)?;
                parser.expect(Punctuation::Greater)?;
                TypeNameKind::Struct(fields)
            } else {
                let is_keyword = parser.at_one_of(&["INTERVAL", "RANGE"]).is_some();
                let name = if is_keyword { parser.any_word("a type")? } else { parser.ident("a type")? };
                if is_keyword && parser.eat(Punctuation::Less) {
                    parser.type_name()?;
                    parser.expect(Punctuation::Greater)?;
                }
                parameters = parser.type_parameters()?;
                TypeNameKind::Simple(name.text)
            };
            Ok(TypeName { kind, parameters, span: parser.since(start) })
        })
    }

    /// `(10)`, `(10, 2)`, `(max)` after a type.
    fn type_parameters(&mut self) -> Result<Option<Vec<i64>>> {
        if !self.eat(Punctuation::LeftParen) {
            return Ok(None);
        }
        let open = self.since(self.end_of_previous());
        let mut numbers = Vec::new();
        self.comma_separated(|parser| {
            let number = crate::data::parse_int(parser.token_text());
            match (parser.token().kind == TokenKind::Integer, number) {
                (true, Some(number)) => numbers.push(number),
                _ if parser.at_word("MAX") => {}
                _ => return Err(parser.expected("a number")),
            }
            Ok(parser.bump())
        })?;
        self.close(open, Punctuation::RightParen)?;
        Ok(Some(numbers))
    }

    fn struct_field(&mut self) -> Result<(Option<Ident>, TypeName)> {
        let named = matches!(self.nth(1).kind, TokenKind::Word | TokenKind::QuotedName(_));
        let name = if named { Some(self.ident("a field's name")?) } else { None };
        Ok((name, self.type_name()?))
    }
}
