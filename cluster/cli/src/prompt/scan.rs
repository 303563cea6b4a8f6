//! SQL as far as a line that is being typed shows it: what are texts and comments, and whether a statement has ended. The engine's
//! parser decides what it means.

use std::ops::Range;

/// What a stretch of the text is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Token {
    Word,
    Number,
    /// A text or a quoted name, and whether it has ended.
    Quoted(bool),
    /// A comment, and whether it has ended.
    Comment(bool),
    Semicolon,
    Blank,
    Other,
}

/// The text in stretches, without gaps.
pub(super) fn tokens(text: &str) -> Vec<(Token, Range<usize>)> {
    let mut found = Vec::new();
    let mut start = 0;
    while let Some(rest) = text.get(start..).filter(|rest| !rest.is_empty()) {
        let (token, length) = token(rest);
        found.push((token, start..start + length));
        start += length;
    }
    found
}

/// Whether nothing is open and the last word is a semicolon, or there is none.
pub(super) fn has_ended(text: &str) -> bool {
    let tokens = tokens(text);
    let is_open = matches!(tokens.last(), Some((Token::Quoted(false) | Token::Comment(false), _)));
    let mut words =
        tokens.iter().rev().filter(|(token, _)| !matches!(token, Token::Blank | Token::Comment(_)));
    !is_open && words.next().is_none_or(|(token, _)| *token == Token::Semicolon)
}

/// Whether there is nothing to run.
pub(super) fn is_blank(text: &str) -> bool {
    tokens(text).iter().all(|(token, _)| matches!(token, Token::Blank | Token::Comment(_) | Token::Semicolon))
}

/// The first token of a text that is not empty, and its length.
fn token(rest: &str) -> (Token, usize) {
    let while_all = |is: fn(char) -> bool| rest.find(|c| !is(c)).unwrap_or(rest.len());
    let Some(first) = rest.chars().next() else { return (Token::Blank, 0) };
    if let Some(length) = line_comment(rest) {
        return (Token::Comment(true), length);
    }
    if let Some(inside) = rest.strip_prefix("/*") {
        return match inside.find("*/") {
            Some(end) => (Token::Comment(true), end + 4),
            None => (Token::Comment(false), rest.len()),
        };
    }
    match first {
        c if c.is_whitespace() => (Token::Blank, while_all(char::is_whitespace)),
        '\'' | '"' | '`' => quoted(rest, first),
        c if c.is_ascii_digit() => (Token::Number, while_all(|c| c.is_ascii_alphanumeric() || c == '.')),
        c if c.is_alphabetic() || c == '_' => (Token::Word, while_all(|c| c.is_alphanumeric() || c == '_')),
        ';' => (Token::Semicolon, 1),
        other => (Token::Other, other.len_utf8()),
    }
}

fn line_comment(rest: &str) -> Option<usize> {
    let begins = rest.starts_with("--") || rest.starts_with('#');
    begins.then(|| rest.find('\n').unwrap_or(rest.len()))
}

fn quoted(rest: &str, quote: char) -> (Token, usize) {
    let long: String = std::iter::repeat_n(quote, 3).collect();
    let end = if quote != '`' && rest.starts_with(&long) { long } else { quote.to_string() };
    let mut place = end.len();
    while let Some(after) = rest.get(place..).filter(|after| !after.is_empty()) {
        if after.starts_with(&end) {
            return (Token::Quoted(true), place + end.len());
        }
        let mut letters = after.chars();
        let is_escape = letters.next() == Some('\\');
        let escaped = if is_escape { letters.next().map_or(0, char::len_utf8) } else { 0 };
        place += after.chars().next().map_or(1, char::len_utf8) + escaped;
    }
    (Token::Quoted(false), rest.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_semicolon_ends_where_nothing_is_open() {
        for text in [
            "SELECT 1;",
            "SELECT ';';  ",
            "SELECT 1; -- done",
            "",
            "  ",
            "SELECT '''a'b;''';",
            "SELECT 'it\\'s';",
        ] {
            assert!(has_ended(text), "{text}");
        }
        for text in
            ["SELECT 1", "SELECT ';", "SELECT 1 /* ;", "SELECT 1 -- ;", "SELECT \"\"\"a\";", "SELECT 'it\\';"]
        {
            assert!(!has_ended(text), "{text}");
        }
    }

    #[test]
    fn stretches_are_the_whole_text() {
        let text = "SELECT größe, 'ü\\'' FROM `t` # ok\n;/* x";
        let tokens = tokens(text);
        assert_eq!(tokens.iter().map(|(_, range)| &text[range.clone()]).collect::<String>(), text);
    }
}
