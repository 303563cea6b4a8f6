//! The SQL of docs/VERSIONS.md: every statement runs, and what the page promises of it holds.

use crate::host::{Outcome, engine, finish};
use predictql::Params;

/// The rows of each statement of the page that has rows, in their order.
fn outcomes() -> Vec<Outcome> {
    let text = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/VERSIONS.md")).unwrap();
    let blocks = text.split("```sql\n").skip(1).map(|block| block.split_once("```").unwrap().0);
    let script = blocks.collect::<Vec<_>>().join(";\n");
    let session = engine().session();
    let run = session.script(&script, Params::default()).unwrap_or_else(|error| panic!("{error}"));
    let done = run.map(|query| query.and_then(finish).unwrap_or_else(|error| panic!("{error}")));
    done.filter(|outcome| outcome.schema.is_some()).collect()
}

fn with_column<'a>(outcomes: &'a [Outcome], name: &str) -> &'a Outcome {
    outcomes
        .iter()
        .find(|outcome| outcome.names().contains(&name))
        .unwrap_or_else(|| panic!("no column {name}"))
}

#[test]
fn runs_are_compared_and_exported() {
    let outcomes = outcomes();
    let compared = with_column(&outcomes, "same_model");
    // 121 of the 150 flowers have petals narrower than 2 cm: `awk -F, '$4 < 2' tests/fixtures/tables/iris.csv`.
    let (rows, flags) = (compared.ints("more_rows"), compared.text_rows());
    assert_eq!((rows, &flags[0][5..]), (vec![150 - 121], ["true".to_owned(), "false".to_owned()].as_slice()));
    let bodies = with_column(&outcomes, "body").texts("body");
    assert_eq!(bodies.len(), 2);
    let body: serde_json::Value = serde_json::from_str(&bodies[1]).unwrap();
    assert_eq!(body["tags"][1], serde_json::json!({ "key": "run", "value": "2" }));
    assert_eq!(body["params"][1]["value"], "150");
    assert_eq!(body["metrics"][0]["key"], "accuracy");
    assert!(body["run_id"].as_str().unwrap().starts_with("job_"), "{body}");
}
