//! Statements of the SQL tests with a word or two changed: whatever that means, it gives rows or an error for people.

use std::path::Path;

use predictql::diag::{Code, Error};
use predictql::{Params, Session};
use sqllogictest::{DefaultColumnType, Record};

use crate::host;

/// Steele and Vigna's splitmix64: the same words change in every run.
struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ (mixed >> 31)) % end as u64) as usize
    }
}

/// Words, numbers, texts, and other signs one by one.
fn tokens(sql: &str) -> Vec<String> {
    let mut tokens: Vec<String> = Vec::new();
    let mut quote = None;
    for sign in sql.chars() {
        let inside = quote.is_some();
        if quote == Some(sign) {
            quote = None;
        } else if !inside && "'\"`".contains(sign) {
            quote = Some(sign);
        }
        let word = |sign: char| sign.is_alphanumeric() || "_.".contains(sign);
        match tokens.last_mut() {
            Some(last) if inside || (word(sign) && last.chars().all(word)) => last.push(sign),
            _ => tokens.push(sign.into()),
        }
    }
    tokens
}

/// Tokens of one kind can stand in each other's place.
fn kind(token: &str) -> u8 {
    match token.chars().next() {
        Some('\'' | '"') => 1,
        Some(first) if first.is_ascii_digit() => 2,
        Some(first) if first.is_lowercase() => 3,
        Some(first) if first.is_uppercase() => 4,
        Some('+' | '-' | '*' | '/' | '<' | '>' | '=') => 5,
        _ => 0,
    }
}

fn mutated(sql: &str, pool: &[String], random: &mut Random) -> String {
    let mut tokens = tokens(sql);
    for _ in 0..=random.below(2) {
        let at = random.below(tokens.len());
        let others: Vec<_> = pool.iter().filter(|it| kind(it) == kind(&tokens[at])).collect();
        if kind(&tokens[at]) != 0 {
            tokens[at] = others[random.below(others.len())].clone();
        }
    }
    tokens.concat()
}

/// Statements of a script that are run: a loop that was changed may have no end.
const STATEMENTS: usize = 500;

fn code(session: &Session, sql: &str) -> Option<Code> {
    let run = || {
        for query in session.script(sql, Params::default())?.take(STATEMENTS) {
            host::finish(query?)?;
        }
        Ok(())
    };
    let result: Result<(), Error> = run();
    result.err().map(|error| error.code())
}

#[test]
fn changed_statements_never_find_a_bug() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/suite/sql");
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|it| it.unwrap().path()).collect();
    files.sort();
    let mut random = Random(1);
    let mut answered = 0;
    for file in files {
        let session = host::engine().session().with_batch_rows(3);
        let records = sqllogictest::parse_file::<DefaultColumnType>(&file).unwrap();
        let statements: Vec<String> = records
            .into_iter()
            .filter_map(|record| match record {
                Record::Statement { sql, .. } | Record::Query { sql, .. } => Some(sql),
                _ => None,
            })
            .collect();
        let pool: Vec<_> = statements.iter().flat_map(|sql| tokens(sql)).collect();
        for sql in &statements {
            code(&session, sql);
            let changed = mutated(sql, &pool, &mut random);
            let code = code(&session, &changed);
            assert_ne!(code, Some(Code::Internal), "{changed}");
            answered += usize::from(code.is_none());
        }
    }
    assert!(
        answered > 300,
        "only {answered} changed statements gave rows: they are changed too much to tell"
    );
}
