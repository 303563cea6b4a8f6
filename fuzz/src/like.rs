//! LIKE beside the plainest matcher there is.

use arrow_array::cast::AsArray;
use predictql::data::{Batch, Scalar};
use predictql::{Engine, Params, Step};

use crate::Rng;

/// A text and a pattern, a zero byte between them.
pub(crate) fn seeds() -> Vec<Vec<u8>> {
    ["\0", "abc\0a%", "abc\0%b_", "a%c\0a\\%c", "aaaaab\0%a%a%b", "é\0_", "\n\0_", "ab\0%%__%"]
        .map(Vec::from)
        .to_vec()
}

pub(crate) fn mutate(input: &[u8], random: &mut Rng) -> Vec<u8> {
    let mut text = String::from_utf8_lossy(input).into_owned();
    for _ in 0..=random.usize(..4) {
        let at = text.floor_char_boundary(random.usize(..=text.len()));
        match random.u8(..3) {
            0 if at < text.len() => drop(text.remove(at)),
            _ => text.insert(at, ['a', 'b', '%', '_', '\\', 'é', '\n', '\0'][random.usize(..8)]),
        }
    }
    text.truncate(text.floor_char_boundary(40));
    text.into_bytes()
}

pub(crate) fn run(input: &[u8]) {
    let input = String::from_utf8_lossy(input);
    let Some((text, pattern)) = input.split_once('\0') else { return };
    let pattern_chars: Vec<char> = pattern.chars().collect();
    let wanted = matches(&text.chars().collect::<Vec<_>>(), &pattern_chars);
    let found = ask("SELECT @text LIKE @pattern", &[("text", text), ("pattern", pattern)]);
    let found = found.map(|batch| batch.columns()[0].as_boolean().value(0));
    match (wanted, found) {
        (Some(wanted), Ok(found)) => assert_eq!(found, wanted, "{text:?} LIKE {pattern:?}"),
        // A backslash at the pattern's end escapes nothing: an error, if it is come to.
        (_, Err(error)) => assert!(pattern.contains('\\'), "{text:?} LIKE {pattern:?}: {error}"),
        (None, Ok(found)) => assert!(!found, "{text:?} LIKE {pattern:?}"),
    }
}

/// The one row of a query; texts are parameters.
pub(crate) fn ask(sql: &str, texts: &[(&str, &str)]) -> predictql::diag::Result<Batch> {
    thread_local!(static ENGINE: Engine = Engine::default());
    let values = texts.iter().map(|(name, text)| ((*name).to_owned(), Scalar::String((*text).into())));
    let params = Params::Named(values.collect());
    let mut script = ENGINE.with(Clone::clone).session().script(sql, params)?;
    let mut query = script.next().unwrap_or_else(|| panic!("no statement: {sql}"))?;
    loop {
        match query.step()? {
            Step::Batch(batch) => return Ok(batch),
            Step::Progress(_) => {}
            Step::Need(_) | Step::Done(_) => panic!("no row: {sql}"),
        }
    }
}

/// `None` where a backslash stands at the end.
fn matches(text: &[char], pattern: &[char]) -> Option<bool> {
    match pattern {
        [] => Some(text.is_empty()),
        ['\\'] => None,
        ['\\', escaped, rest @ ..] => match text {
            [first, behind @ ..] if first == escaped => matches(behind, rest),
            _ => {
                if matches(&[], rest).is_none() {
                    None
                } else {
                    Some(false)
                }
            }
        },
        ['%', rest @ ..] => {
            for at in 0..=text.len() {
                match matches(&text[at..], rest) {
                    Some(false) => {}
                    other => return other,
                }
            }
            Some(false)
        }
        [letter, rest @ ..] => match text {
            [first, behind @ ..] if *letter == '_' || first == letter => matches(behind, rest),
            _ => Some(false),
        },
    }
}
