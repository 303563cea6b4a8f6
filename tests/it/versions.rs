//! Versions of models: what is shared, what is refused, and what statements see that were prepared before.

use std::sync::Arc;

use predictql::model::ModelOptions;
use predictql::{ModelVersion, Params, Registration};

use crate::host::{engine, finish, read, run};

const LINEAR: &str = "models/linear_value.onnx";
const FOREST: &str = "models/forest_value.onnx";

/// What the models give for twelve times 0.5, by onnxruntime.
const BY_LINEAR: f64 = 2.5478;
const BY_FOREST: f64 = 1.8962;

fn register(engine: &predictql::Engine, file: &str, registration: Registration) -> ModelVersion {
    let options = ModelOptions::default();
    engine.register_version("m", &read(file), &[], &options, registration).unwrap()
}

fn added(aliases: &[&str]) -> Registration {
    let aliases = aliases.iter().map(ToString::to_string).collect();
    Registration { keep: true, aliases, ..Registration::default() }
}

fn predict(reference: &str) -> String {
    let x = ["0.5"; 12].join(", ");
    format!("SELECT ROUND(variable, 4) AS y FROM ML.PREDICT(MODEL {reference}, (SELECT [{x}] AS X))")
}

#[test]
fn prepared_statements_follow_an_alias() {
    let engine = engine();
    register(&engine, LINEAR, added(&["champion"]));
    register(&engine, FOREST, added(&[]));
    let mut script = engine.session().script(&predict("m@champion"), Params::default()).unwrap();
    let prepared = script.prepare().unwrap().unwrap();
    let ask = || finish(prepared.query(Params::default(), None, false).unwrap()).unwrap().floats("y");
    assert_eq!(ask(), [BY_LINEAR]);
    engine.set_model_alias("m", "champion", 2).unwrap();
    assert_eq!(ask(), [BY_FOREST]);
    run(&engine, "ALTER MODEL m ROLLBACK ALIAS champion").unwrap();
    assert_eq!(ask(), [BY_LINEAR]);
}

#[test]
fn a_statement_keeps_the_version_that_it_was_bound_with() {
    let engine = engine();
    register(&engine, LINEAR, added(&["champion"]));
    register(&engine, FOREST, added(&[]));
    let text = predict("m@champion");
    let query = engine.session().script(&text, Params::default()).unwrap().next().unwrap().unwrap();
    engine.set_model_alias("m", "champion", 2).unwrap();
    assert_eq!(finish(query).unwrap().floats("y"), [BY_LINEAR]);
    assert_eq!(run(&engine, &text).unwrap().floats("y"), [BY_FOREST]);
}

#[test]
fn versions_of_the_same_bytes_share_what_was_loaded() {
    let engine = engine();
    let first = register(&engine, FOREST, added(&[]));
    let second = register(&engine, FOREST, added(&["same"]));
    let other = register(&engine, LINEAR, added(&[]));
    assert_eq!((first.number, second.number, other.number), (1, 2, 3));
    let facts = |version: &ModelVersion| std::ptr::from_ref(version.model.facts());
    assert_eq!(facts(&first), facts(&second));
    assert_ne!(facts(&first), facts(&other));
    assert!(!Arc::ptr_eq(&first.model, &second.model), "each has options of its own");
}

#[test]
fn what_is_registered_without_version_takes_the_place_of_all() {
    let engine = engine();
    register(&engine, LINEAR, added(&["champion"]));
    register(&engine, FOREST, added(&[]));
    engine.register_model("m", &read(LINEAR)).unwrap();
    let versions = engine.model_versions();
    let [version] = versions.as_slice() else { panic!("one version, found {}", versions.len()) };
    assert_eq!((version.number, version.is_default, version.aliases.len()), (3, true, 0));
    let error = engine.drop_model("m@3").unwrap_err();
    assert_eq!(error.code().as_str(), "version-in-use");
    engine.drop_model("m").unwrap();
    assert_eq!(engine.model_versions().len(), 0);
}

#[test]
fn names_and_aliases_that_cannot_be_are_refused() {
    let engine = engine();
    let refused = |name: &str, registration: Registration| {
        let registered =
            engine.register_version(name, &read(LINEAR), &[], &ModelOptions::default(), registration);
        registered.unwrap_err().code().as_str()
    };
    assert_eq!(refused("m@2", added(&[])), "invalid-option");
    for alias in ["", "latest", "Default", "v1", "12", "a.b", "a b", &"a".repeat(256)] {
        assert_eq!(refused("m", added(&[alias])), "invalid-option", "{alias}");
    }
    assert_eq!(refused("m", Registration { number: Some(0), ..added(&[]) }), "invalid-option");
    assert_eq!(engine.model_versions().len(), 0, "what is refused leaves nothing behind");
    register(&engine, LINEAR, added(&["v", "v1x", "über-1_a"]));
    register(&engine, LINEAR, Registration { number: Some(u32::MAX), ..added(&[]) });
    assert_eq!(refused("m", added(&[])), "limit-exceeded");
}
