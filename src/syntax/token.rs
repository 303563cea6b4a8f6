//! The tokens of the dialects: words, literals, punctuation.

use crate::diag::Span;

/// A token and its place.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Token {
    pub(super) kind: TokenKind,
    pub(super) span: Span,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum TokenKind {
    /// A name or keyword without quotes; the text is at the token's place.
    Word,
    /// A name in quotes, with its escapes read.
    QuotedName(String),
    String(String),
    Bytes(Vec<u8>),
    /// Digits, or `0x` and hexadecimal digits.
    Integer,
    /// A number with a point or an exponent.
    Float,
    /// `@name`.
    Parameter(String),
    /// `?`; `$1`, counted from 0.
    Placeholder(Option<usize>),
    Punctuation(Punctuation),
    /// What the lexer has reported as wrong.
    Broken,
    End,
}

macro_rules! punctuation {
    ($($variant:ident $text:literal,)*) => {
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(super) enum Punctuation { $($variant,)* }

        impl Punctuation {
            /// A mark that begins with another one stands before it.
            pub(super) const ALL: &[Self] = &[$(Self::$variant,)*];

            pub(super) fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text,)* }
            }
        }
    };
}

punctuation! {
    Pipe "|>", Concat "||", NotEqual "!=", NotEqualAngle "<>", LessEqual "<=", GreaterEqual ">=", Arrow "=>",
    LeftParen "(", RightParen ")", LeftBracket "[", RightBracket "]", LeftBrace "{", RightBrace "}",
    Comma ",", Dot ".", Semicolon ";", Colon ":",
    Plus "+", Minus "-", Star "*", Slash "/", Equal "=", Less "<", Greater ">",
    Ampersand "&", Bar "|", Caret "^", Tilde "~", Percent "%", Bang "!", At "@",
}
