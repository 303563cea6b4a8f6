//! The words and signs of the dialect.

use crate::diag::Span;

/// One word or sign and its place.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Token {
    pub(super) kind: TokenKind,
    pub(super) span: Span,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum TokenKind {
    /// A name or keyword without quotes; the text is at the token's place.
    Word,
    /// A name in backticks, read.
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
    Sign(Sign),
    /// What the lexer has reported as wrong.
    Broken,
    End,
}

macro_rules! signs {
    ($($variant:ident $text:literal,)*) => {
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(super) enum Sign { $($variant,)* }

        impl Sign {
            /// Longer signs before their beginnings.
            pub(super) const ALL: &[Self] = &[$(Self::$variant,)*];

            pub(super) fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text,)* }
            }
        }
    };
}

signs! {
    Pipe "|>", Concat "||", NotEqual "!=", NotEqualAngle "<>", LessEqual "<=", GreaterEqual ">=", Arrow "=>",
    LeftParen "(", RightParen ")", LeftBracket "[", RightBracket "]", LeftBrace "{", RightBrace "}",
    Comma ",", Dot ".", Semicolon ";", Colon ":",
    Plus "+", Minus "-", Star "*", Slash "/", Equal "=", Less "<", Greater ">",
    Ampersand "&", Bar "|", Caret "^", Tilde "~", Percent "%", Bang "!", At "@",
}
