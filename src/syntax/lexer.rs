//! Text to tokens. Goes on after what it cannot read, so that the parser always gets the whole text.

use super::Dialect;
use super::literal::{self, Quote};
use super::token::{Sign, Token, TokenKind};
use crate::diag::{Code, Diagnostic, Error, Span};

/// The tokens of `text`, an [`TokenKind::End`] last, and what could not be read.
pub(super) fn tokens(text: &str, dialect: Dialect) -> (Vec<Token>, Vec<Diagnostic>) {
    let mut lexer = Lexer { text, at: 0, dialect, diagnostics: Vec::new() };
    let mut tokens = Vec::new();
    loop {
        lexer.skip_blank();
        let start = lexer.at;
        let kind = lexer.token();
        let end = kind == TokenKind::End;
        tokens.push(Token { kind, span: Span::new(start, lexer.at) });
        if end {
            return (tokens, lexer.diagnostics);
        }
    }
}

struct Lexer<'a> {
    text: &'a str,
    at: usize,
    dialect: Dialect,
    diagnostics: Vec<Diagnostic>,
}

impl<'a> Lexer<'a> {
    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn take_while(&mut self, accept: impl Fn(char) -> bool) -> &'a str {
        let rest = self.rest();
        let taken = rest.get(..rest.find(|c| !accept(c)).unwrap_or(rest.len())).unwrap_or_default();
        self.at += taken.len();
        taken
    }

    fn report(&mut self, error: Error) -> TokenKind {
        self.diagnostics.extend(error.diagnostics().cloned());
        TokenKind::Broken
    }

    /// White space and comments: `-- …`, `/* … */`, GoogleSQL's `# …`.
    fn skip_blank(&mut self) {
        loop {
            self.take_while(|c| c.is_whitespace() || c == '\u{feff}');
            let rest = self.rest();
            if rest.starts_with("--") || (rest.starts_with('#') && self.dialect == Dialect::BigQuery) {
                self.take_while(|c| c != '\n');
            } else if rest.starts_with("/*") {
                let start = self.at;
                match rest.find("*/") {
                    Some(end) => self.at += end + 2,
                    None => {
                        self.at = self.text.len();
                        let error = Error::new(Code::UnterminatedLiteral, "the comment does not end")
                            .at(Span::new(start, start + 2))
                            .hint("end it with */")
                            .fix(Span::new(self.at, self.at), " */");
                        self.report(error);
                    }
                }
            } else {
                return;
            }
        }
    }

    fn token(&mut self) -> TokenKind {
        let Some(first) = self.peek() else { return TokenKind::End };
        if self.dialect == Dialect::TSql
            && let Some(kind) = self.tsql_token()
        {
            return kind;
        }
        if let Some(prefix) = literal::prefix(self.rest()) {
            return self.quoted(prefix);
        }
        match first {
            '`' => self.quoted_name(),
            'a'..='z' | 'A'..='Z' | '_' => {
                self.take_while(is_word);
                TokenKind::Word
            }
            '0'..='9' => self.number(),
            '.' if self.rest().chars().nth(1).is_some_and(|c| c.is_ascii_digit()) => self.number(),
            '@' => self.parameter(),
            '?' => {
                self.at += 1;
                TokenKind::Placeholder(None)
            }
            '$' if self.rest().chars().nth(1).is_some_and(|c| c.is_ascii_digit()) => self.position(),
            _ => match Sign::ALL.iter().find(|sign| self.rest().starts_with(sign.as_str())) {
                Some(sign) => {
                    self.at += sign.as_str().len();
                    TokenKind::Sign(*sign)
                }
                None => {
                    let start = self.at;
                    self.at += first.len_utf8();
                    let mut error = Error::new(
                        Code::SyntaxError,
                        format!("unexpected character `{}`", first.escape_debug()),
                    )
                    .at(Span::new(start, self.at));
                    if first.is_alphabetic() {
                        error = error.hint("put names with such letters in backticks");
                    } else if first == '#' {
                        error = error.hint("temporary tables have no sign here: write the name alone");
                    } else if matches!(first, '“' | '”' | '‘' | '’') {
                        error =
                            error.hint("use straight quotes: ' or \"").fix(Span::new(start, self.at), "'");
                    }
                    self.report(error)
                }
            },
        }
    }

    fn number(&mut self) -> TokenKind {
        let start = self.at;
        let rest = self.rest();
        if rest.starts_with("0x") || rest.starts_with("0X") {
            self.at += 2;
            self.take_while(|c| c.is_ascii_hexdigit());
            return self.number_end(start, TokenKind::Integer);
        }
        self.take_while(|c| c.is_ascii_digit());
        let mut kind = TokenKind::Integer;
        if self.peek() == Some('.') {
            kind = TokenKind::Float;
            self.at += 1;
            self.take_while(|c| c.is_ascii_digit());
        }
        let exponent = self.rest().strip_prefix(['e', 'E']).unwrap_or_default();
        let digits = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
        if digits.starts_with(|c: char| c.is_ascii_digit()) {
            kind = TokenKind::Float;
            self.at += 1 + exponent.len() - digits.len();
            self.take_while(|c| c.is_ascii_digit());
        }
        self.number_end(start, kind)
    }

    /// A name right behind a number is a slip: `12abc`.
    fn number_end(&mut self, start: usize, kind: TokenKind) -> TokenKind {
        let number = self.at;
        if self.take_while(is_word).is_empty() {
            return kind;
        }
        let span = Span::new(start, self.at);
        let error = Error::new(Code::InvalidLiteral, format!("`{}` is not a number", span.of(self.text)))
            .at(span)
            .hint("put a space behind the number, or backticks around a name that starts with a digit")
            .fix(Span::new(number, number), " ");
        self.report(error)
    }

    /// `@name`; the sign alone in front of a hint.
    fn parameter(&mut self) -> TokenKind {
        let start = self.at;
        self.at += 1;
        if self.peek() == Some('{') {
            return TokenKind::Sign(Sign::At);
        }
        let system = self.peek() == Some('@');
        self.at += usize::from(system);
        let name = self.take_while(is_word);
        if !system && !name.is_empty() {
            return TokenKind::Parameter(name.into());
        }
        let span = Span::new(start, self.at);
        self.report(match system {
            true => Error::new(Code::UnsupportedSyntax, "system variables are not supported")
                .at(span)
                .hint("DECLARE a variable, or give a parameter such as @name"),
            false => Error::new(Code::SyntaxError, "expected a parameter's name after `@`").at(span),
        })
    }

    /// `$1`: parameters by position, from 1.
    fn position(&mut self) -> TokenKind {
        let start = self.at;
        self.at += 1;
        let digits = self.take_while(|c| c.is_ascii_digit());
        match digits.parse::<usize>().ok().and_then(|it| it.checked_sub(1)) {
            Some(position) => TokenKind::Placeholder(Some(position)),
            None => {
                let span = Span::new(start, self.at);
                let message = format!("`{}` is not a parameter", span.of(self.text));
                let error = Error::new(Code::InvalidLiteral, message);
                self.report(error.at(span).hint("positions count from 1: $1, $2"))
            }
        }
    }

    fn quoted_name(&mut self) -> TokenKind {
        let start = self.at;
        let quote = Quote::backtick();
        match self.quoted_body(&quote) {
            Some(body) => match literal::text(body, start + 1) {
                Ok(name) if name.is_empty() => {
                    let error =
                        Error::new(Code::InvalidLiteral, "a name is empty").at(Span::new(start, self.at));
                    self.report(error)
                }
                Ok(name) => TokenKind::QuotedName(name),
                Err(error) => self.report(error),
            },
            None => self.unterminated(start, "the name in backticks does not end", "`"),
        }
    }

    fn quoted(&mut self, quote: Quote) -> TokenKind {
        let start = self.at;
        let Some(body) = self.quoted_body(&quote) else {
            return self.unterminated(start, "the string does not end", quote.close);
        };
        let body_at = start + quote.open_len;
        match (quote.bytes, quote.raw) {
            (false, true) => TokenKind::String(body.into()),
            (true, true) => TokenKind::Bytes(body.into()),
            (false, false) => {
                literal::text(body, body_at).map_or_else(|it| self.report(it), TokenKind::String)
            }
            (true, false) => {
                literal::bytes(body, body_at).map_or_else(|it| self.report(it), TokenKind::Bytes)
            }
        }
    }

    /// What T-SQL writes otherwise: texts, names, bytes.
    fn tsql_token(&mut self) -> Option<TokenKind> {
        let start = self.at;
        let rest = self.rest();
        if rest.starts_with("0x") || rest.starts_with("0X") {
            self.at += 2;
            let digits = self.take_while(is_word);
            return Some(match literal::hex(digits) {
                Some(bytes) => TokenKind::Bytes(bytes),
                None => {
                    let span = Span::new(start, self.at);
                    let error =
                        Error::new(Code::InvalidLiteral, "bytes are pairs of hexadecimal digits").at(span);
                    self.report(error.hint("write 0x and an even number of digits, such as 0x0AFF"))
                }
            });
        }
        let prefix = usize::from(rest.starts_with("N'") || rest.starts_with("n'"));
        let (close, what) = match rest.get(prefix..)?.chars().next()? {
            '\'' => ("'", "the string does not end"),
            '"' => ("\"", "the name in quotes does not end"),
            '[' => ("]", "the name in brackets does not end"),
            '`' => {
                self.at += 1;
                let span = Span::new(start, self.at);
                let error = Error::new(Code::SyntaxError, "unexpected character `` ` ``").at(span);
                return Some(self.report(error.hint("T-SQL puts names in brackets: [name]")));
            }
            _ => return None,
        };
        let Some((text, len)) = literal::doubled(rest.get(prefix + 1..)?, close) else {
            return Some(self.unterminated(start, what, close));
        };
        self.at += prefix + 1 + len;
        Some(match close {
            "'" => TokenKind::String(text),
            _ if text.is_empty() => {
                let error = Error::new(Code::InvalidLiteral, "a name is empty").at(Span::new(start, self.at));
                self.report(error)
            }
            _ => TokenKind::QuotedName(text),
        })
    }

    /// Moves behind the closing quote; `None` where there is none.
    fn quoted_body(&mut self, quote: &Quote) -> Option<&'a str> {
        let body = self.rest().get(quote.open_len..)?;
        let mut at = 0;
        loop {
            let rest = body.get(at..)?;
            if rest.starts_with(quote.close) {
                self.at += quote.open_len + at + quote.close.len();
                return body.get(..at);
            }
            let c = rest.chars().next()?;
            if c == '\n' && quote.single_line() {
                return None;
            }
            at += c.len_utf8();
            if c == '\\' {
                at += rest.chars().nth(1)?.len_utf8();
            }
        }
    }

    fn unterminated(&mut self, start: usize, message: &str, close: &str) -> TokenKind {
        let line = self.take_while(|c| c != '\n').trim_end().len();
        let error = Error::new(Code::UnterminatedLiteral, message)
            .at(Span::new(start, start + line))
            .hint(format!("end it with {close}"))
            .fix(Span::new(start + line, start + line), close);
        self.report(error)
    }
}

fn is_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}
