//! What stands around a place in an unfinished text, for completion: the tables in sight, and what may be written there.
//!
//! The text need not parse. What stands before the place is parsed as far as it goes; what is in FROM is looked for
//! among the tokens, behind the place too.

use std::ops::Range;

use super::Dialect;
use super::lexer;
use super::parser::{self, Expected};
use super::token::{Punctuation, Token, TokenKind};
use crate::diag::Span;
use crate::limits::Limits;

/// A place in a text at which somebody writes.
#[derive(Debug)]
pub(crate) struct Cursor {
    pub(crate) dialect: Dialect,
    /// The word that has been begun; empty between two words.
    pub(crate) begun: String,
    /// The names before the word, each with a dot behind it.
    pub(crate) qualifier: Vec<String>,
    /// What stands before the dot, where there is one: `t`, `items[0]`, `(SELECT …)`.
    pub(crate) value: Option<String>,
    /// Where the word begins.
    pub(crate) start: usize,
    /// Keywords that may stand here.
    pub(crate) keywords: Vec<&'static str>,
    /// What else may stand here, in the parser's words; `None` where the text before has an error.
    pub(crate) expected: Option<String>,
    /// The queries around the place, the innermost first.
    pub(crate) queries: Vec<Vec<Source>>,
    /// The queries of WITH that are in sight: their names, and `AS (query)` or `(columns) AS (query)`.
    pub(crate) with: Vec<(String, String)>,
    /// Names of the SELECT list where they may be written, and of the windows.
    pub(crate) aliases: Vec<String>,
    pub(crate) windows: Vec<String>,
    /// The words before the brackets that are open here, the innermost first: `OPTIONS`, `ML.PREDICT`.
    pub(crate) callers: Vec<String>,
    /// The words that the statement begins with, in capitals.
    pub(crate) statement: Vec<String>,
    /// Variables that the text declares, and parameters of a procedure or function.
    pub(crate) variables: Vec<String>,
    /// The models that are named in the brackets that are open here, the innermost first.
    pub(crate) models: Vec<String>,
    /// The model that was named last before the place, and whether the word that was begun is the version behind its
    /// `@`.
    pub(crate) last_model: Option<(String, bool)>,
}

/// A table in FROM.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Source {
    /// With its alias.
    pub(crate) text: String,
    /// Its alias, or the last part of its name.
    pub(crate) name: Option<String>,
    /// What WITH OFFSET is called.
    pub(crate) offset: Option<String>,
}

/// What stands around `position`, a byte of the text; `None` in texts and comments, where nothing is completed.
pub(crate) fn cursor(
    text: &str,
    position: usize,
    dialect: Option<Dialect>,
    limits: &Limits,
) -> Option<Cursor> {
    if text.len() > limits.sql_bytes {
        return None;
    }
    let (before, _) = text.split_at(text.floor_char_boundary(position));
    let dialect = dialect.unwrap_or_else(|| super::recognise(text).0);
    let begun = begun(before, dialect)?;
    let (head, word) = before.split_at(begun);
    let (mut tokens, _) = lexer::tokens(head, dialect);
    let Expected { words, what } = parser::expected_at_end(head, &tokens, limits, dialect);
    tokens.pop();
    let qualifier = qualifier(head, &tokens);
    let value = value(head, &tokens, dialect);
    let last_model = last_model(head, &tokens).map(|(name, end)| (name, end == begun));
    let is_version = last_model.as_ref().is_some_and(|(_, is_version)| *is_version);
    let quotes = if is_version { ['@', '@'] } else { ['`', '['] };
    let all = lexer::tokens(text, dialect).0;
    let outline = Outline { text, tokens: &all, place: Span::new(begun, before.len()) };
    let statement = outline.statement();
    let groups = outline.groups(statement.clone());
    let [aliases, windows] = outline.names(groups.last().cloned().unwrap_or_default());
    let words_of_statement = all.get(statement.clone()).unwrap_or_default();
    Some(Cursor {
        dialect,
        begun: word.trim_start_matches(quotes).into(),
        qualifier,
        value,
        start: begun,
        keywords: words,
        expected: what,
        queries: groups.iter().rev().map(|group| outline.sources(group.clone())).collect(),
        with: groups.iter().flat_map(|group| outline.with(group.clone())).collect(),
        aliases,
        windows,
        callers: groups.iter().rev().filter_map(|group| outline.caller(group.start)).collect(),
        statement: words_of_statement.iter().take(5).map(|token| outline.word(token)).collect(),
        variables: outline.variables(dialect),
        last_model,
        models: groups.iter().rev().filter_map(|group| outline.model(group.clone())).collect(),
    })
}

/// Where the word begins that ends at the end of the text.
fn begun(before: &str, dialect: Dialect) -> Option<usize> {
    // A letter more tells whether a word may stand here at all.
    let probe = format!("{before}x");
    let (tokens, _) = lexer::tokens(&probe, dialect);
    let last = tokens.iter().rev().find(|token| token.kind != TokenKind::End)?;
    let quote = if dialect == Dialect::TSql { '[' } else { '`' };
    let is_begun = match last.kind {
        TokenKind::Word | TokenKind::Parameter(_) => true,
        TokenKind::Broken => last.span.of(&probe).starts_with(quote),
        _ => false,
    };
    (is_begun && last.span.end == probe.len()).then_some(last.span.start)
}

/// The names with dots behind them at the end of the tokens.
fn qualifier(text: &str, tokens: &[Token]) -> Vec<String> {
    let mut names = Vec::new();
    let mut rest = tokens;
    while let [before @ .., name, dot] = rest {
        match (&dot.kind, name_of(name, text)) {
            (TokenKind::Punctuation(Punctuation::Dot), Some(name)) => names.push(name),
            _ => break,
        }
        rest = before;
    }
    names.reverse();
    names
}

/// The expression before a dot at the end of the tokens: names, dots and brackets.
fn value(text: &str, tokens: &[Token], dialect: Dialect) -> Option<String> {
    let (dot, before) = tokens.split_last()?;
    let last = before.last()?;
    let is_closed = |token: &Token| match token.kind {
        TokenKind::Punctuation(Punctuation::RightParen | Punctuation::RightBracket) => 1,
        TokenKind::Punctuation(Punctuation::LeftParen | Punctuation::LeftBracket) => -1,
        _ => 0,
    };
    if dot.kind != TokenKind::Punctuation(Punctuation::Dot) {
        return None;
    }
    let mut depth = 0;
    let mut is_joined = true;
    // Back over brackets, and over names and dots between them.
    let outside = before.iter().rposition(|token| {
        depth += is_closed(token);
        let goes_on = match token.kind {
            _ if depth > 0 || is_closed(token) != 0 => depth >= 0,
            TokenKind::Punctuation(Punctuation::Dot) => true,
            _ => {
                let is_keyword = super::keyword::is_reserved(token.span.of(text), dialect);
                is_joined && !is_keyword && name_of(token, text).is_some()
            }
        };
        // A name ends what another name or an operator is before.
        is_joined = is_closed(token) != 0 || token.kind == TokenKind::Punctuation(Punctuation::Dot);
        !goes_on
    });
    let first = before.get(outside.map_or(0, |at| at + 1))?;
    Some(first.span.to(last.span).of(text).into())
}

/// The name behind the last MODEL, and where it ends.
fn last_model(text: &str, tokens: &[Token]) -> Option<(String, usize)> {
    let is_word = |token: &Token, word: &str| {
        token.kind == TokenKind::Word && token.span.of(text).eq_ignore_ascii_case(word)
    };
    let at = tokens.iter().rposition(|token| is_word(token, "MODEL"))?;
    let mut rest =
        tokens.iter().skip(at + 1).skip_while(|token| is_word(token, "IF") || is_word(token, "EXISTS"));
    let first = rest.next()?;
    let (mut name, mut end) = (name_of(first, text)?, first.span.end);
    while rest.next().is_some_and(|token| token.kind == TokenKind::Punctuation(Punctuation::Dot)) {
        let part = rest.next()?;
        name = format!("{name}.{}", name_of(part, text)?);
        end = part.span.end;
    }
    Some((name, end))
}

fn name_of(token: &Token, text: &str) -> Option<String> {
    match &token.kind {
        TokenKind::Word => Some(token.span.of(text).into()),
        TokenKind::QuotedName(name) => Some(name.clone()),
        _ => None,
    }
}

/// The tokens of a text around a place.
struct Outline<'a> {
    text: &'a str,
    tokens: &'a [Token],
    /// The word that has been begun.
    place: Span,
}

/// Clauses behind FROM.
const BEHIND_FROM: &[&str] = &[
    "WHERE",
    "GROUP",
    "HAVING",
    "QUALIFY",
    "WINDOW",
    "ORDER",
    "LIMIT",
    "SET",
    "WHEN",
    "VALUES",
    "SELECT",
    "UNION",
    "INTERSECT",
    "EXCEPT",
    "THEN",
    "DO",
];

/// Words that begin the name of a table.
const BEFORE_TABLE: &[&str] = &["FROM", "JOIN", "UPDATE", "INTO", "APPLY"];

impl<'a> Outline<'a> {
    fn token(&self, index: usize) -> Option<&'a Token> {
        self.tokens.get(index)
    }

    fn is_mark(&self, index: usize, mark: Punctuation) -> bool {
        self.token(index).is_some_and(|token| token.kind == TokenKind::Punctuation(mark))
    }

    /// A token in capitals.
    fn word(&self, token: &Token) -> String {
        token.span.of(self.text).to_ascii_uppercase()
    }

    fn is_word(&self, index: usize, words: &[&str]) -> bool {
        self.token(index).is_some_and(|token| {
            token.kind == TokenKind::Word
                && words.iter().any(|word| token.span.of(self.text).eq_ignore_ascii_case(word))
        })
    }

    fn name(&self, index: usize) -> Option<String> {
        name_of(self.token(index)?, self.text)
    }

    /// Whether the place lies before this token, or in it.
    fn is_behind_place(&self, index: usize) -> bool {
        self.token(index).is_none_or(|token| token.span.end > self.place.start)
    }

    /// The tokens between the `;` around the place.
    fn statement(&self) -> Range<usize> {
        let ends = |index: &usize| {
            self.is_mark(*index, Punctuation::Semicolon)
                || self.token(*index).is_some_and(|token| token.kind == TokenKind::End)
        };
        let mut start = 0;
        for index in (0..self.tokens.len()).filter(ends) {
            if self.token(index).is_some_and(|token| token.span.start >= self.place.end) {
                return start..index;
            }
            start = index + 1;
        }
        start.min(self.tokens.len())..self.tokens.len()
    }

    /// The closing bracket of the one at `open`, or where the range ends.
    fn closing(&self, open: usize, end: usize) -> usize {
        let mut depth = 0_usize;
        for index in open..end {
            depth += usize::from(self.is_mark(index, Punctuation::LeftParen));
            if self.is_mark(index, Punctuation::RightParen) {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return index;
                }
            }
        }
        end
    }

    /// What the brackets hold that are open at the place, the outermost first; before all, the statement itself.
    fn groups(&self, statement: Range<usize>) -> Vec<Range<usize>> {
        let mut open = Vec::new();
        for index in statement.clone().take_while(|index| !self.is_behind_place(*index)) {
            if self.is_mark(index, Punctuation::LeftParen) {
                open.push(index);
            } else if self.is_mark(index, Punctuation::RightParen) {
                open.pop();
            }
        }
        let inside = open.into_iter().map(|open| open + 1..self.closing(open, statement.end));
        std::iter::once(statement.clone()).chain(inside).collect()
    }

    /// The tokens of a group that stand in no brackets of its own.
    fn flat(&self, group: Range<usize>) -> impl Iterator<Item = usize> {
        let mut next = group.start;
        std::iter::from_fn(move || {
            let index = next;
            if index >= group.end {
                return None;
            }
            let opens = self.is_mark(index, Punctuation::LeftParen);
            next = if opens { self.closing(index, group.end).max(index) } else { index } + 1;
            Some(index)
        })
    }

    /// The word before an opening bracket, with its dots.
    fn caller(&self, first: usize) -> Option<String> {
        let before = self.tokens.get(..first.checked_sub(1)?)?;
        let mut parts = qualifier(self.text, before.split_last()?.1);
        parts.push(name_of(before.last()?, self.text)?);
        Some(parts.join(".").to_ascii_uppercase())
    }

    /// The model that stands first in a group: `MODEL m, …`.
    fn model(&self, group: Range<usize>) -> Option<String> {
        if !self.is_word(group.start, &["MODEL"]) {
            return None;
        }
        let parts: Option<Vec<_>> = (group.start + 1..group.end)
            .take_while(|index| !self.is_mark(*index, Punctuation::Comma))
            .filter(|index| !self.is_mark(*index, Punctuation::Dot))
            .map(|index| self.name(index))
            .collect();
        parts.map(|parts| parts.join("."))
    }

    /// The queries of WITH that are complete before the place, and the first part of a recursive one around it.
    fn with(&self, group: Range<usize>) -> Vec<(String, String)> {
        let starts: Vec<_> = self.flat(group.clone()).collect();
        let mut queries = Vec::new();
        for (at, name) in starts.iter().enumerate() {
            let introduced = name.checked_sub(1).is_some_and(|before| {
                self.is_word(before, &["WITH", "RECURSIVE"]) || self.is_mark(before, Punctuation::Comma)
            });
            let columns = starts.get(at + 1).filter(|next| self.is_mark(**next, Punctuation::LeftParen));
            let rest = starts.get(at + 1 + usize::from(columns.is_some())..);
            let (true, Some([word, open, ..]), Some(name)) = (introduced, rest, self.name(*name)) else {
                continue;
            };
            if !self.is_word(*word, &["AS"]) || !self.is_word(open + 1, &["SELECT", "WITH", "FROM"]) {
                continue;
            }
            let columns = columns.map_or_else(String::new, |columns| self.text_of(*columns..*word));
            let close = self.closing(*open, group.end);
            let query = if close == group.end || self.is_behind_place(close) {
                let first = self.flat(open + 1..close).find(|index| self.is_word(*index, &["UNION"]));
                match first.filter(|union| !self.is_behind_place(*union)) {
                    Some(union) => format!("({})", self.text_of(open + 1..union)),
                    None => continue,
                }
            } else {
                self.text_of(*open..close + 1)
            };
            queries.push((name, format!("{columns} AS {query}")));
        }
        queries
    }

    /// Names that the SELECT list gives, where the place stands in a clause that may use them, and those of WINDOW.
    fn names(&self, group: Range<usize>) -> [Vec<String>; 2] {
        let (mut aliases, mut windows) = (Vec::new(), Vec::new());
        let (mut is_list, mut is_window, mut is_used) = (false, false, false);
        for index in self.flat(group) {
            let is_behind = self.is_behind_place(index);
            if self.is_word(index, &["FROM"]) {
                is_list = false;
            } else if self.is_word(index, BEHIND_FROM) {
                is_window |= self.is_word(index, &["WINDOW"]);
                if !is_behind {
                    is_used = self.is_word(index, &["GROUP", "HAVING", "QUALIFY", "ORDER"]);
                }
                if !is_behind && self.is_word(index, &["SELECT"]) {
                    is_list = true;
                    aliases.clear();
                }
            } else if self.is_word(index, &["AS"]) {
                if is_list {
                    aliases.extend(self.name(index + 1));
                } else if is_window {
                    windows.extend(self.name(index.saturating_sub(1)));
                }
            }
        }
        if !is_used {
            aliases.clear();
        }
        [aliases, windows]
    }

    /// The names behind DECLARE, and those of parameters. T-SQL's tell themselves.
    fn variables(&self, dialect: Dialect) -> Vec<String> {
        let mut names = Vec::new();
        if dialect == Dialect::TSql {
            for token in self.tokens {
                match &token.kind {
                    TokenKind::Parameter(name)
                        if !name.starts_with('@') && token.span.start != self.place.start =>
                    {
                        names.push(format!("@{name}"));
                    }
                    _ => {}
                }
            }
            return names;
        }
        for start in 0..self.tokens.len() {
            if self.is_word(start, &["PROCEDURE", "FUNCTION"]) {
                let mut open = start;
                while self.name(open).is_some() || self.is_mark(open, Punctuation::Dot) {
                    open += 1;
                }
                let end = self.closing(open, self.tokens.len());
                let is_list = self.is_mark(open, Punctuation::LeftParen);
                for index in self.flat(open + 1..if is_list { end } else { 0 }) {
                    if index == open + 1 || self.is_mark(index - 1, Punctuation::Comma) {
                        let mode = self.is_word(index, &["IN", "OUT", "INOUT"]);
                        names.extend(self.name(index + usize::from(mode)));
                    }
                }
            }
            if self.is_word(start, &["DECLARE"]) {
                let listed = (start + 1..).step_by(2);
                for index in listed {
                    names.extend(self.name(index));
                    if !self.is_mark(index + 1, Punctuation::Comma) {
                        break;
                    }
                }
            }
        }
        names
    }

    fn text_of(&self, range: Range<usize>) -> String {
        match self.tokens.get(range) {
            Some([first, .., last]) => first.span.to(last.span).of(self.text).into(),
            Some([only]) => only.span.of(self.text).into(),
            _ => String::new(),
        }
    }

    /// The tables of the SELECT of a group that holds the place.
    fn sources(&self, group: Range<usize>) -> Vec<Source> {
        let mut start = group.start;
        let mut sources = Vec::new();
        let mut expects_table = false;
        for index in self.flat(group.clone()) {
            let is_behind = self.is_behind_place(index);
            let splits = self.is_word(index, &["UNION", "INTERSECT", "EXCEPT"])
                && !self.is_mark(index + 1, Punctuation::LeftParen);
            if (splits || self.is_mark(index, Punctuation::Pipe)) && is_behind {
                break;
            } else if splits {
                (start, expects_table) = (index + 1, false);
                sources.clear();
            } else if self.is_mark(index, Punctuation::Pipe) {
                let base = format!("({})", self.text_of(start..index));
                sources = vec![Source { text: base, name: None, offset: None }];
                expects_table = false;
            } else if self.is_table_word(index, group.start) {
                expects_table = true;
            } else if self.is_mark(index, Punctuation::Comma) {
                expects_table = expects_table || self.continues_from(start, index);
            } else if expects_table && !self.is_word(index, &["LATERAL", "ONLY", "TABLE", "IF", "EXISTS"]) {
                sources.extend(self.source(index, group.end));
                expects_table = false;
            }
        }
        sources
    }

    /// Whether a table comes behind this word.
    fn is_table_word(&self, index: usize, first: usize) -> bool {
        let before = index.checked_sub(1);
        let is_after = |words: &[&str]| before.is_some_and(|before| self.is_word(before, words));
        (self.is_word(index, BEFORE_TABLE) && !is_after(&["DISTINCT"]))
            || (self.is_word(index, &["USING"]) && self.is_word(first, &["MERGE"]))
            || (self.is_word(index, &["MERGE"]) && !self.is_word(index + 1, &["INTO"]))
            || (self.is_word(index, &["DELETE"]) && !self.is_word(index + 1, &["FROM"]))
            || (self.is_word(index, &["TABLE"]) && is_after(&["ALTER"]))
    }

    /// Whether a comma stands in FROM: no clause has begun since.
    fn continues_from(&self, start: usize, comma: usize) -> bool {
        let clauses = [BEHIND_FROM, BEFORE_TABLE].concat();
        let last = self.flat(start..comma).filter(|index| self.is_word(*index, &clauses)).last();
        last.is_some_and(|last| self.is_word(last, BEFORE_TABLE))
    }

    /// The table that begins with this token, unless somebody writes it just now.
    fn source(&self, start: usize, end: usize) -> Option<Source> {
        // Behind the name of the table of INSERT come the names of columns.
        let is_target = start.checked_sub(1).is_some_and(|before| self.is_word(before, &["INTO"]));
        let mut next = start;
        let mut last_name = None;
        while next < end {
            if self.is_mark(next, Punctuation::LeftParen) && !is_target {
                next = self.closing(next, end) + 1;
                if self.is_word(start, &["PREDICT", "OPENJSON"]) && self.is_word(next, &["WITH"]) {
                    next = self.closing(next + 1, end) + 1;
                }
                last_name = None;
                break;
            }
            last_name = self.name(next);
            next += 1;
            if self.is_mark(next, Punctuation::Dot) {
                next += 1;
            } else if is_target || !self.is_mark(next, Punctuation::LeftParen) {
                break;
            }
        }
        let place = self.place;
        let touches = |token: &Token| token.span.start <= place.end && token.span.end >= place.start;
        let tokens = self.tokens.get(start..next.min(end))?;
        let inside = tokens.first().zip(tokens.last());
        if inside.is_none_or(|(first, last)| first.span.start < place.end && last.span.end > place.start)
            || tokens.last().is_some_and(touches)
        {
            return None;
        }
        let mut alias = self.alias(&mut next, end);
        // The names of its columns: `(VALUES (1, 'a')) AS v(a, b)`.
        if alias.is_some() && self.is_mark(next, Punctuation::LeftParen) {
            next = self.closing(next, end) + 1;
        }
        while self.is_word(next, &["PIVOT", "UNPIVOT"]) {
            let open = (next..end).find(|index| self.is_mark(*index, Punctuation::LeftParen)).unwrap_or(end);
            let close = self.closing(open, end);
            // Inside, the columns before it are meant.
            if !self.is_behind_place(open) && (close == end || self.is_behind_place(close)) {
                break;
            }
            next = close + 1;
            last_name = None;
            alias = self.alias(&mut next, end);
        }
        let text = self.text_of(start..next.min(end));
        let offset = if self.is_word(next, &["WITH"]) && self.is_word(next + 1, &["OFFSET"]) {
            next += 2;
            self.alias(&mut next, end).or(Some("offset".into()))
        } else {
            None
        };
        let last_part = |name: String| name.rsplit('.').next().map(str::to_owned);
        Some(Source { text, name: alias.or(last_name.and_then(last_part)), offset })
    }

    /// `[AS] name` at `next`, behind which that moves.
    fn alias(&self, next: &mut usize, end: usize) -> Option<String> {
        let at = *next + usize::from(self.is_word(*next, &["AS"]));
        let token = self.token(at).filter(|_| at < end)?;
        let quoted = matches!(token.kind, TokenKind::QuotedName(_));
        let reserved = super::keyword::is_reserved(token.span.of(self.text), Dialect::BigQuery);
        let is_join = self.is_word(at, &["INNER", "PIVOT", "UNPIVOT", "TABLESAMPLE", "VALUES"]);
        let alias = self.name(at).filter(|_| quoted || (!reserved && !is_join))?;
        *next = at + 1;
        Some(alias)
    }
}
