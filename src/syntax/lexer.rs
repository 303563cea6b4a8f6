//! Text to tokens. The lexer goes on after a token that it cannot read, so that the parser gets the whole text.

use super::Dialect;
use super::literal::{self, Quote};
use super::token::{Punctuation, Token, TokenKind};
use crate::diag::{Code, Diagnostic, Error, Span};

/// The tokens of `text`, an [`TokenKind::End`] last, and what could not be read.
pub(super) fn tokens(text: &str, dialect: Dialect) -> (Vec<Token>, Vec<Diagnostic>) {
    let mut lexer = Lexer { text, offset: 0, dialect, diagnostics: Vec::new() };
    let mut tokens = Vec::new();
    loop {
        lexer.skip_blank();
        let start = lexer.offset;
        let kind = lexer.token();
        let is_end = kind == TokenKind::End;
        tokens.push(Token { kind, span: lexer.since(start) });
        if is_end {
            return (tokens, lexer.diagnostics);
        }
    }
}

struct Lexer<'a> {
    text: &'a str,
    /// Where the rest begins: between two characters, or at the end.
    offset: usize,
    dialect: Dialect,
    diagnostics: Vec<Diagnostic>,
}

impl<'a> Lexer<'a> {
    fn rest(&self) -> &'a str {
        self.text.split_at(self.offset).1
    }

    /// From the byte `start` up to the rest.
    fn since(&self, start: usize) -> Span {
        Span::new(start, self.offset)
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn digit_follows(&self) -> bool {
        self.rest().chars().nth(1).is_some_and(|c| c.is_ascii_digit())
    }

    fn take_while(&mut self, accept: impl Fn(char) -> bool) -> &'a str {
        let rest = self.rest();
        let taken = rest.find(|c| !accept(c)).map_or(rest, |end| rest.split_at(end).0);
        self.offset += taken.len();
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
                match rest.find("*/") {
                    Some(end) => self.offset += end + 2,
                    None => {
                        let (start, end) = (self.offset, self.text.len());
                        self.offset = end;
                        let error = Error::new(Code::UnterminatedLiteral, "the comment does not end")
                            .at(Span::new(start, start + 2))
                            .hint("end it with */")
                            .fix(Span::new(end, end), " */");
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
            '.' if self.digit_follows() => self.number(),
            '@' => self.parameter(),
            '?' => {
                self.offset += 1;
                TokenKind::Placeholder(None)
            }
            '$' if self.digit_follows() => self.position(),
            _ => match Punctuation::ALL.iter().find(|sign| self.rest().starts_with(sign.as_str())) {
                Some(sign) => {
                    self.offset += sign.as_str().len();
                    TokenKind::Punctuation(*sign)
                }
                None => self.unexpected(first),
            },
        }
    }

    #[cold]
    fn unexpected(&mut self, c: char) -> TokenKind {
        let start = self.offset;
        self.offset += c.len_utf8();
        let span = self.since(start);
        let message = format!("unexpected character `{}`", c.escape_debug());
        let error = Error::new(Code::SyntaxError, message).at(span);
        self.report(match c {
            '“' | '”' | '‘' | '’' => error.hint("use straight quotes: ' or \"").fix(span, "'"),
            c if c.is_alphabetic() => error.hint("put names with such letters in backticks"),
            _ => error,
        })
    }

    fn number(&mut self) -> TokenKind {
        let start = self.offset;
        if self.at_hex() {
            self.offset += 2;
            self.take_while(|c| c.is_ascii_hexdigit());
            return self.number_end(start, TokenKind::Integer);
        }
        self.take_while(|c| c.is_ascii_digit());
        let mut kind = TokenKind::Integer;
        if self.peek() == Some('.') {
            kind = TokenKind::Float;
            self.offset += 1;
            self.take_while(|c| c.is_ascii_digit());
        }
        if let Some(exponent) = self.rest().strip_prefix(['e', 'E']) {
            let digits = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
            if digits.starts_with(|c: char| c.is_ascii_digit()) {
                kind = TokenKind::Float;
                self.offset += 1 + exponent.len() - digits.len();
                self.take_while(|c| c.is_ascii_digit());
            }
        }
        self.number_end(start, kind)
    }

    fn at_hex(&self) -> bool {
        self.rest().starts_with("0x") || self.rest().starts_with("0X")
    }

    /// A name right after a number is a slip: `12abc`.
    fn number_end(&mut self, start: usize, kind: TokenKind) -> TokenKind {
        let number_end = self.offset;
        if self.take_while(is_word).is_empty() {
            return kind;
        }
        let span = self.since(start);
        let error = Error::new(Code::InvalidLiteral, format!("`{}` is not a number", span.of(self.text)))
            .at(span)
            .hint("put a space after the number, or backticks around a name that starts with a digit")
            .fix(Span::new(number_end, number_end), " ");
        self.report(error)
    }

    /// `@name`; the `@` alone in front of a hint.
    fn parameter(&mut self) -> TokenKind {
        let start = self.offset;
        self.offset += 1;
        if self.peek() == Some('{') {
            return TokenKind::Punctuation(Punctuation::At);
        }
        if self.peek() == Some('@') {
            // A system variable: `@@error.message`.
            let name = self.offset;
            self.take_while(|c| is_word(c) || c == '@' || c == '.');
            return TokenKind::Parameter(Span::new(name, self.offset).of(self.text).to_ascii_lowercase());
        }
        let name = self.take_while(is_word);
        if name.is_empty() {
            let error = Error::new(Code::SyntaxError, "expected a parameter's name after `@`");
            return self.report(error.at(self.since(start)));
        }
        TokenKind::Parameter(name.into())
    }

    /// `$1`: parameters by position, from 1.
    fn position(&mut self) -> TokenKind {
        let start = self.offset;
        self.offset += 1;
        let digits = self.take_while(|c| c.is_ascii_digit());
        match digits.parse::<usize>().ok().and_then(|position| position.checked_sub(1)) {
            Some(index) => TokenKind::Placeholder(Some(index)),
            None => {
                let span = self.since(start);
                let message = format!("`{}` is not a parameter", span.of(self.text));
                let error = Error::new(Code::InvalidLiteral, message);
                self.report(error.at(span).hint("positions count from 1: $1, $2"))
            }
        }
    }

    fn quoted_name(&mut self) -> TokenKind {
        let start = self.offset;
        let Some(body) = self.quoted_body(&Quote::backtick()) else {
            return self.unterminated(start, "the name in backticks does not end", "`");
        };
        match literal::text(body, start + 1) {
            Ok(name) => self.name(name, start),
            Err(error) => self.report(error),
        }
    }

    /// A name whose quote began at `start`.
    fn name(&mut self, name: String, start: usize) -> TokenKind {
        if name.is_empty() {
            let error = Error::new(Code::InvalidLiteral, "a name is empty").at(self.since(start));
            return self.report(error);
        }
        TokenKind::QuotedName(name)
    }

    fn quoted(&mut self, quote: Quote) -> TokenKind {
        let start = self.offset;
        let Some(body) = self.quoted_body(&quote) else {
            return self.unterminated(start, "the string does not end", quote.close);
        };
        let body_start = start + quote.open_len;
        let kind = match (quote.bytes, quote.raw) {
            (false, true) => Ok(TokenKind::String(body.into())),
            (true, true) => Ok(TokenKind::Bytes(body.into())),
            (false, false) => literal::text(body, body_start).map(TokenKind::String),
            (true, false) => literal::bytes(body, body_start).map(TokenKind::Bytes),
        };
        kind.unwrap_or_else(|error| self.report(error))
    }

    /// Tokens that T-SQL writes in another way: strings, names, bytes.
    fn tsql_token(&mut self) -> Option<TokenKind> {
        if self.at_hex() {
            return Some(self.tsql_bytes());
        }
        let (start, rest) = (self.offset, self.rest());
        if rest.trim_start_matches('#').starts_with(is_word) && rest.starts_with('#') {
            // A temporary table's sign is part of its name.
            self.take_while(|c| c == '#' || is_word(c));
            return Some(TokenKind::QuotedName(self.since(start).of(self.text).into()));
        }
        // N'…' is a string as '…' is.
        let quoted = rest.strip_prefix(['N', 'n']).filter(|quoted| quoted.starts_with('\'')).unwrap_or(rest);
        let mut body = quoted.chars();
        let (close, message) = match body.next()? {
            '\'' => ("'", "the string does not end"),
            '"' => ("\"", "the name in quotes does not end"),
            '[' => ("]", "the name in brackets does not end"),
            '`' => {
                self.offset += 1;
                let error = Error::new(Code::SyntaxError, "unexpected character `` ` ``")
                    .at(self.since(start))
                    .hint("T-SQL puts names in brackets: [name]");
                return Some(self.report(error));
            }
            _ => return None,
        };
        let body = body.as_str();
        let Some((text, length)) = literal::doubled(body, close) else {
            return Some(self.unterminated(start, message, close));
        };
        self.offset += rest.len() - body.len() + length;
        Some(if close == "'" { TokenKind::String(text) } else { self.name(text, start) })
    }

    /// `0x0AFF`.
    fn tsql_bytes(&mut self) -> TokenKind {
        let start = self.offset;
        self.offset += 2;
        match literal::hex(self.take_while(is_word)) {
            Some(bytes) => TokenKind::Bytes(bytes),
            None => {
                let error = Error::new(Code::InvalidLiteral, "bytes are pairs of hexadecimal digits")
                    .at(self.since(start))
                    .hint("write 0x and an even number of digits, such as 0x0AFF");
                self.report(error)
            }
        }
    }

    /// Moves after the closing quote; `None` where there is none.
    fn quoted_body(&mut self, quote: &Quote) -> Option<&'a str> {
        let quoted = self.rest().split_at(quote.open_len).1;
        let mut chars = quoted.char_indices();
        while let Some((index, c)) = chars.next() {
            let (body, rest) = quoted.split_at(index);
            if rest.starts_with(quote.close) {
                self.offset += quote.open_len + body.len() + quote.close.len();
                return Some(body);
            }
            if c == '\n' && quote.single_line() {
                return None;
            }
            if c == '\\' {
                chars.next()?;
            }
        }
        None
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
