//! Regular expressions beside RE2 itself.

use predictql::Params;
use predictql::data::{DataType, Scalar};
use predictql::diag::Code;

use crate::host::{engine, json, run_with};

/// Around the parts found; no text has these characters.
const MARKS: [char; 2] = ['\u{E000}', '\u{E001}'];

#[test]
fn patterns_find_what_re2_finds() {
    let expected = json("expected/regex.json");
    let strings = |value: &serde_json::Value| -> Vec<String> {
        value.as_array().unwrap().iter().map(|text| text.as_str().unwrap().to_owned()).collect()
    };
    let texts = strings(&expected["texts"]);
    let array = Scalar::Array(DataType::String, texts.iter().cloned().map(Scalar::String).collect());
    let engine = engine();
    for case in expected["cases"].as_array().unwrap() {
        let pattern = case[0].as_str().unwrap();
        let params = vec![
            ("pattern".into(), Scalar::String(pattern.into())),
            ("mark".into(), Scalar::String(format!("{}\\0{}", MARKS[0], MARKS[1]))),
            ("texts".into(), array.clone()),
        ];
        let sql = "SELECT REGEXP_REPLACE(text, @pattern, @mark) AS marked FROM UNNEST(@texts) AS text WITH OFFSET AS o ORDER BY o";
        match (run_with(&engine, sql, Params::Named(params)), case[1].as_array()) {
            // A byte: SQL's texts have characters.
            (Err(error), _) if pattern == "\\C" => assert_eq!(error.code(), Code::UnsupportedSyntax),
            (Err(error), None) => assert_eq!(error.code(), Code::InvalidValue, "{pattern}: {error}"),
            (Err(error), Some(_)) => panic!("{pattern} is refused: {error}"),
            (Ok(_), None) => panic!("{pattern} is accepted"),
            (Ok(outcome), Some(found)) => {
                for ((text, marked), found) in texts.iter().zip(outcome.texts("marked")).zip(found) {
                    let parts = marked
                        .split(MARKS[0])
                        .skip(1)
                        .map(|part| part.split_once(MARKS[1]).unwrap().0.to_owned());
                    // Where a search goes on after an empty match is up to the function that searches.
                    let ours: Vec<_> = parts.filter(|part| !part.is_empty()).collect();
                    let theirs: Vec<_> = strings(found).into_iter().filter(|part| !part.is_empty()).collect();
                    assert_eq!(ours, theirs, "{pattern} in {text:?}");
                }
            }
        }
    }
}
