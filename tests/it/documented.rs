//! The SQL of docs/VERSIONS.md: every statement runs, and what the page promises of it holds.

use crate::host::{Outcome, engine, finish, json};
use crate::judging::is_row;
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

#[test]
fn a_pipeline_is_a_view() {
    let outcomes = outcomes();
    let pipeline = with_column(&outcomes, "correct");
    // The forest of scikit-learn's is right 145 times; what is scaled has the mean zero.
    assert_eq!((pipeline.ints("n"), pipeline.ints("correct")), (vec![150], vec![145]));
    assert_eq!(pipeline.floats("mean")[0].abs(), 0.0);
}

#[test]
fn version_two_is_shipped_and_taken_back() {
    let outcomes = outcomes();
    let compared: Vec<_> =
        outcomes.iter().filter(|outcome| outcome.names() == ["test", "statistic", "p_value"]).collect();
    let [shadow, served] = compared.as_slice() else { panic!("{} comparisons", compared.len()) };
    let expected = &json("expected/comparing.json")["iris"];
    let (found, wanted) = (shadow.text_rows(), expected.as_array().unwrap());
    assert!(
        found.len() == wanted.len()
            && found.iter().zip(wanted).all(|(found, wanted)| is_row(found, wanted, 1e-12)),
        "{found:?}"
    );
    assert_eq!(with_column(&outcomes, "label_champion").rows(), 4);
    let served = served.floats("statistic");
    assert_eq!(served[0] + served[1], 150.0);
    assert!(served[1] > 0.0, "somebody gets version 2");
    // Of 150 flowers scikit-learn's logistic regression tells 143, and its forest 145.
    let right = |name| with_column(&outcomes, name).ints(name);
    assert_eq!((right("promoted"), right("rolled_back")), (vec![143], vec![145]));
}
