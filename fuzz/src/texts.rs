//! SQL texts: those of the test suite, and what becomes of them where words and brackets change places.

use std::path::Path;
use std::sync::LazyLock;

use crate::{Rng, files, read};

/// Values and words that upset statements.
const NASTY: [&str; 52] = [
    "NULL",
    "0",
    "-1",
    "1",
    "2",
    "9223372036854775807",
    "-9223372036854775808",
    "1e308",
    "-1e308",
    "0.1",
    "''",
    "'a'",
    "'%'",
    "b'\\xff'",
    "'\\u00e9'",
    "TRUE",
    "CAST('nan' AS FLOAT64)",
    "CAST('inf' AS FLOAT64)",
    "NUMERIC '1'",
    "DATE '9999-12-31'",
    "TIMESTAMP '0001-01-01'",
    "TIME '23:59:59'",
    "DATETIME '2024-02-29 00:00:00'",
    "JSON '[1, {\"a\": null}]'",
    "[]",
    "[NULL]",
    "[1, 2]",
    "[STRUCT(1 AS x)]",
    "STRUCT(NULL AS x)",
    "GENERATE_ARRAY(1, 1000000)",
    "REPEAT('x', 1000000)",
    "(SELECT 1)",
    "(SELECT i FROM t)",
    "ARRAY(SELECT i FROM t)",
    "EXISTS (SELECT 1 FROM u)",
    "COUNT(*)",
    "SUM(i) OVER (ORDER BY f)",
    "*",
    "t.*",
    "@x",
    "?",
    "i",
    "f",
    "s",
    "a",
    "r.x",
    "ar",
    "u.k",
    "ts",
    "(",
    ")",
    ",",
];

/// The statements of the suite, a text each.
pub(crate) fn statements() -> Vec<Vec<u8>> {
    STATEMENTS.iter().map(|text| text.clone().into_bytes()).collect()
}

/// Those that give rows.
pub(crate) fn queries() -> Vec<Vec<u8>> {
    let is_query = |text: &&String| text.starts_with("SELECT") || text.starts_with("WITH");
    STATEMENTS.iter().filter(is_query).map(|text| over_known_tables(text).into_bytes()).collect()
}

static STATEMENTS: LazyLock<Vec<String>> = LazyLock::new(|| {
    let suite = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/suite");
    let mut texts = Vec::new();
    for path in files(&suite, &["slt"]) {
        let text = String::from_utf8_lossy(&read(&path)).into_owned();
        for record in text.split("\n\n") {
            let lines = record.lines().skip_while(|line| !is_head(line)).skip(1);
            let lines: Vec<_> = lines.take_while(|line| *line != "----").collect();
            if !lines.is_empty() {
                texts.push(lines.join("\n"));
            }
        }
    }
    texts
});

fn is_head(line: &str) -> bool {
    line.starts_with("query") || line.starts_with("statement")
}

/// A query whose first table is one that is there.
fn over_known_tables(text: &str) -> String {
    match text.split_once(" FROM ") {
        Some((before, after)) => {
            let rest = after.trim_start_matches(|letter: char| letter.is_alphanumeric() || letter == '_');
            let is_table = rest.len() < after.len() && !rest.starts_with('(') && !after.starts_with("UNNEST");
            if is_table { format!("{before} FROM t{rest}") } else { text.into() }
        }
        None => text.into(),
    }
}

/// The words of all statements.
static WORDS: LazyLock<Vec<String>> = LazyLock::new(|| {
    let mut words: Vec<String> =
        STATEMENTS.iter().flat_map(|text| tokens(text).into_iter().map(str::to_owned)).collect();
    words.sort();
    words.dedup();
    words
});

/// Words, numbers, quoted texts, blanks, and single signs.
fn tokens(text: &str) -> Vec<&str> {
    let mut tokens = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let is_word = |letter: char| letter.is_alphanumeric() || "_.@".contains(letter);
        let length = match first {
            '\'' | '"' | '`' => rest[1..].find(first).map_or(rest.len(), |end| end + 2),
            _ if is_word(first) => rest.find(|letter| !is_word(letter)).unwrap_or(rest.len()),
            _ if first.is_whitespace() => {
                rest.find(|letter: char| !letter.is_whitespace()).unwrap_or(rest.len())
            }
            _ => first.len_utf8(),
        };
        let (token, behind) = rest.split_at(length);
        tokens.push(token);
        rest = behind;
    }
    tokens
}

/// Where a bracket that opens at or behind `from` closes, with all between.
fn bracket(tokens: &[&str], from: usize) -> Option<std::ops::Range<usize>> {
    let open = from + tokens.get(from..)?.iter().position(|token| matches!(*token, "(" | "["))?;
    let mut depth = 0_usize;
    for (at, token) in tokens.iter().enumerate().skip(open) {
        match *token {
            "(" | "[" => depth += 1,
            ")" | "]" => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return Some(open..at + 1);
        }
    }
    None
}

pub(crate) fn mutate(input: &[u8], random: &mut Rng) -> Vec<u8> {
    let mut text = String::from_utf8_lossy(input).into_owned();
    for _ in 0..=random.usize(..3) {
        text = change(&text, random);
    }
    text.truncate(text.floor_char_boundary(16_384));
    text.into_bytes()
}

fn change(text: &str, random: &mut Rng) -> String {
    let mut parts = tokens(text);
    let other = &STATEMENTS[random.usize(..STATEMENTS.len())];
    let others = tokens(other);
    let word = &WORDS[random.usize(..WORDS.len())];
    let nasty = NASTY[random.usize(..NASTY.len())];
    let at = random.usize(..=parts.len());
    let end = parts.len().min(at + 1 + random.usize(..4));
    match random.u8(..14) {
        0 => drop(parts.drain(at..end)),
        1 => {
            let copy = parts[at.min(end)..end].to_vec();
            let to = random.usize(..=parts.len());
            parts.splice(to..to, copy);
        }
        2 if at < parts.len() => parts[at] = word,
        3 | 4 if at < parts.len() => parts[at] = nasty,
        5 => parts.splice(at..at, [" ", nasty, " "]).for_each(drop),
        6 | 7 => {
            let theirs = bracket(&others, random.usize(..=others.len()));
            if let (Some(ours), Some(theirs)) = (bracket(&parts, at), theirs) {
                parts.splice(ours, others[theirs].to_vec());
            }
        }
        8 => {
            if let Some(ours) = bracket(&parts, at) {
                parts.splice(ours, [nasty]);
            }
        }
        9 => return format!("SELECT * FROM ({text}) AS q, t"),
        10 => {
            return format!(
                "{text} {} {other}",
                ["UNION ALL", "EXCEPT DISTINCT", ";", "|>"][random.usize(..4)]
            );
        }
        11 => return format!("SELECT {nasty}, x.* FROM ({text}) AS x ORDER BY 1"),
        12 => parts.splice(at..at, others[others.len() / 2..].to_vec()).for_each(drop),
        _ => {
            // Numbers, one and all.
            let is_number = |token: &&str| token.parse::<f64>().is_ok();
            parts.iter_mut().filter(|token| is_number(token)).for_each(|token| {
                if random.u8(..) < 80 {
                    *token = nasty;
                }
            });
        }
    }
    parts.concat()
}
