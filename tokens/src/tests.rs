//! Tokens beside those of Python's `tokenizers`: `tests/fixtures/makers/texts.py` has asked it.
#![allow(clippy::indexing_slicing, clippy::unwrap_used, reason = "a test that panics has failed")]

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::{Encoding, Facts, Kind, Padding, Question, Tokenizer, answer, answered, asked, question};

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/fixtures")
}

fn tokenizer(name: &str) -> Tokenizer {
    let path = fixtures().join(format!("models/texts/{name}/tokenizer.json"));
    Tokenizer::read(&fs::read(path).unwrap()).unwrap()
}

fn expected() -> Value {
    serde_json::from_slice(&fs::read(fixtures().join("expected/texts.json")).unwrap()).unwrap()
}

fn corpus(expected: &Value) -> Vec<&str> {
    expected["corpus"].as_array().unwrap().iter().map(|text| text.as_str().unwrap()).collect()
}

/// The tokens that Python has, without those that fill up.
fn own(found: &Value) -> (Vec<u32>, Vec<u32>) {
    let numbers = |name: &str| -> Vec<u32> {
        found[name].as_array().unwrap().iter().map(|number| number.as_u64().unwrap() as u32).collect()
    };
    let count = numbers("mask").iter().filter(|mask| **mask == 1).count();
    let [mut ids, mut types] = ["ids", "types"].map(numbers);
    ids.truncate(count);
    types.truncate(count);
    (ids, types)
}

#[test]
fn tokens_are_those_of_python() {
    let expected = expected();
    let texts = corpus(&expected);
    for name in ["wordpiece", "bpe", "unigram"] {
        let mut tokenizer = tokenizer(name);
        let tokens = |kind: &str| {
            expected["tokens"][name][kind].as_array().unwrap().iter().map(own).collect::<Vec<_>>()
        };
        let found =
            |encodings: Vec<Encoding>| encodings.into_iter().map(|it| (it.ids, it.types)).collect::<Vec<_>>();
        let alone = tokenizer.encode(&Question { texts: texts.clone(), seconds: None, most: None }).unwrap();
        assert_eq!(found(alone), tokens("alone"), "{name}");
        let firsts = texts[..texts.len() - 1].to_vec();
        let pairs = Question { texts: firsts, seconds: Some(texts[1..].to_vec()), most: None };
        assert_eq!(found(tokenizer.encode(&pairs).unwrap()), tokens("pairs"), "{name}");
    }
}

#[test]
fn questions_and_answers_cross_as_numbers() {
    let pairs =
        Question { texts: vec!["a", "", "naïve 🍕"], seconds: Some(vec!["", "b", "c"]), most: Some(7) };
    assert_eq!(asked(&question(&pairs)), Some(pairs));
    let single = Question { texts: vec!["a b"], seconds: None, most: None };
    assert_eq!(asked(&question(&single)), Some(single.clone()));
    assert_eq!(asked(&question(&single)[..5]), None);
    assert_eq!(asked(&[0; 3]), None);
    let encodings = [
        Encoding { ids: vec![2, 9, 3], types: vec![0, 0, 1], is_cut: true },
        Encoding { ids: vec![], types: vec![], is_cut: false },
    ];
    assert_eq!(answered(&answer(&encodings), 2).unwrap(), encodings);
    assert_eq!(answered(&answer(&encodings), 1), None);
    assert_eq!(answered(&answer(&encodings)[..4], 2), None);
    for name in ["wordpiece", "bpe", "unigram"] {
        let facts = tokenizer(name).facts();
        assert_eq!(Facts::from_words(&facts.to_words()), Some(facts));
    }
    assert_eq!(Facts::from_words(&[0; 3]), None);
}

#[test]
fn the_file_says_how_texts_are_cut_and_filled_up() {
    let Facts { kind, longest, filler, padding, .. } = tokenizer("wordpiece").facts();
    assert_eq!(
        (kind, longest, filler, padding),
        (Kind::WordPiece, Some(64), Some((0, 0)), Padding::Fixed(64))
    );
    let facts = tokenizer("unigram").facts();
    // The file does not say which token fills up; one of the usual names does.
    assert_eq!((facts.kind, facts.filler, facts.padding), (Kind::Unigram, Some((1, 0)), Padding::None));
    assert_eq!([0, 1, 3, 4, 5].map(|tokens| Padding::Multiple(4).of(tokens)), [0, 4, 4, 4, 8]);
    let mut tokenizer = tokenizer("wordpiece");
    let mut cut = |most: Option<u32>| {
        let found =
            tokenizer.encode(&Question { texts: vec!["a cat and a dog", "a"], seconds: None, most }).unwrap();
        found.iter().map(|text| (text.ids.len(), text.is_cut)).collect::<Vec<_>>()
    };
    let whole = cut(None);
    assert_eq!(cut(Some(5)), [(5, true), (3, false)]);
    assert_eq!(cut(None), whole);
    assert_eq!(cut(Some(1000)), whole);
}

#[test]
fn what_is_no_tokenizer_is_refused() {
    for json in ["", "{}", "[1, 2]", "<!doctype html>", r#"{"model": {"type": "Unheard", "vocab": {}}}"#] {
        assert!(Tokenizer::read(json.as_bytes()).is_err(), "{json}");
    }
}
