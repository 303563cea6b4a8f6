//! Models of TensorFlow's in SQL: how they are named, what the host is asked for, and what is said of those that it refuses.
//! Their numbers are those of `agreement`.

use predictql::diag::Code;
use predictql::{Engine, Params, Resource, Step};

use crate::host::{self, run};

/// The requests of a statement until it needs no more; each is answered with `answer`.
fn requests(sql: &str, answer: impl Fn(&Resource) -> Option<Vec<u8>>) -> Vec<String> {
    let engine = Engine::default();
    let mut query = engine.session().script(sql, Params::default()).unwrap().next().unwrap().unwrap();
    let mut asked = Vec::new();
    loop {
        match query.step() {
            Ok(Step::Need(needs)) => {
                for need in needs {
                    asked.push(format!("{:?}", need.resource));
                    match answer(&need.resource) {
                        Some(bytes) => query.supply(need.id, bytes).unwrap(),
                        None => query.refuse(need.id, "no".to_owned()).unwrap(),
                    }
                }
            }
            Ok(Step::Done(_)) | Err(_) => return asked,
            Ok(_) => {}
        }
    }
}

#[test]
fn a_folder_is_asked_for_as_one_file() {
    let converted = |resource: &Resource| match resource {
        Resource::Converted { uri, .. } => {
            Some(formats::convert(host::folder(uri), &formats::Options::default()).unwrap())
        }
        _ => None,
    };
    let sql = "CREATE MODEL m OPTIONS (model_type = 'TENSORFLOW', model_path = 'tensorflow/functions/*')";
    let wanted = "Converted { uri: \"tensorflow/functions/*\", signature: None }";
    assert_eq!(requests(sql, converted), [wanted]);
    let sql = "CREATE MODEL m OPTIONS (model_type = 'TENSORFLOW', model_path = 'tensorflow/frozen.pb', signature = 'total')";
    let file = |resource: &Resource| match resource {
        Resource::Model { uri } => Some(host::read(uri)),
        _ => None,
    };
    let wanted = [
        "Model { uri: \"tensorflow/frozen.pb\" }",
        "Converted { uri: \"tensorflow/frozen.pb\", signature: Some(\"total\") }",
    ];
    assert_eq!(requests(sql, file), wanted);
}

#[test]
fn the_kind_is_found_by_what_a_folder_or_a_file_holds() {
    let engine = Engine::default();
    let formats = [
        ("tensorflow/functions/*", "TENSORFLOW"),
        ("tensorflow/frozen.pb", "TENSORFLOW"),
        ("lite/numbers.tflite", "TENSORFLOW_LITE"),
    ];
    for (path, format) in formats {
        match run(&engine, &format!("CREATE OR REPLACE MODEL m OPTIONS (model_path = '{path}')")) {
            Ok(_) => {}
            // The graph was converted, and holds an operator of the full engine.
            Err(error) if host::is_beyond(&error.to_string()) => continue,
            Err(error) => panic!("{path}: {error}"),
        }
        let rows = run(&engine, "DESCRIBE MODEL m").unwrap().text_rows();
        assert!(rows.iter().any(|row| row.contains(&format.to_owned())), "{rows:?}");
    }
}

#[test]
fn another_signature_is_another_model() {
    let engine = Engine::default();
    let create =
        "CREATE OR REPLACE MODEL m OPTIONS (model_type = 'TENSORFLOW', model_path = 'tensorflow/functions/*'";
    run(&engine, &format!("{create}, signature = 'total')")).unwrap();
    // The weights go from -1 to 1 in steps of 2/11; their rows add up to -27/11, -9/11, 9/11 and 27/11.
    let rows = run(&engine, "SELECT total FROM ML.PREDICT(MODEL m, (SELECT [1.0, 2.0, 3.0, 4.0] AS x))");
    let total: f64 = rows.unwrap().text_rows()[0][0].parse().unwrap();
    assert!((total - 90.0 / 11.0).abs() < 1e-5, "{total}");
    let error = run(&engine, &format!("{create}, signature = 'sum')")).unwrap_err();
    let message = "[invalid-option] the model has no signature `sum`; hint: write signature = one of `serving_default`, `total`";
    assert_eq!(error.first().message, message);
    assert!(error.first().span.is_some());
}

#[test]
fn a_checksum_is_that_of_one_file() {
    let engine = Engine::default();
    let zeros = "0".repeat(64);
    let create = |path: &str| format!("CREATE MODEL m OPTIONS (model_path = '{path}', sha256 = '{zeros}')");
    let error = run(&engine, &create("tensorflow/functions/*")).unwrap_err();
    assert_eq!(error.code(), Code::InvalidOption);
    let error = run(&engine, &create("tensorflow/frozen.pb")).unwrap_err();
    assert_eq!(error.code(), Code::ChecksumMismatch);
}

#[test]
fn labels_in_the_file_name_the_classes() {
    let engine = Engine::default();
    let names = ["cat", "dog", "bird", "fish"];
    let expected = host::json("expected/lite_mobilenet_v1.json");
    let numbers = |of: &str, name: &str| -> Vec<f64> {
        expected[of][name]["data"].as_array().unwrap().iter().map(|it| it.as_f64().unwrap()).collect()
    };
    let (picture, scores) = (numbers("inputs", "picture"), numbers("litert", "output_0"));
    let best = (0..names.len()).max_by(|one, other| scores[*one].total_cmp(&scores[*other])).unwrap();
    let list: Vec<String> = picture[..17 * 17 * 3].iter().map(f64::to_string).collect();
    let ask = format!(
        "SELECT predicted_label FROM ML.PREDICT(MODEL m, (SELECT ([17, 17, 3], [{}]) AS picture))",
        list.join(", ")
    );
    // The labels lie in a zip behind the model; of several files its metadata name the one.
    for path in ["lite/labelled.tflite", "lite/described.tflite"] {
        let create = "CREATE OR REPLACE MODEL m OPTIONS (model_type = 'TENSORFLOW_LITE', model_path";
        match run(&engine, &format!("{create} = '{path}')")) {
            Err(error) if host::is_beyond(&error.to_string()) => return,
            created => _ = created.unwrap(),
        }
        assert_eq!(run(&engine, &ask).unwrap().text_rows(), [[names[best]]], "{path}");
        run(&engine, &format!("{create} = '{path}', labels = ['a', 'b', 'c', 'd'])")).unwrap();
        let given = ["a", "b", "c", "d"];
        assert_eq!(run(&engine, &ask).unwrap().text_rows(), [[given[best]]], "{path}");
    }
}

#[test]
fn a_signature_of_a_file_without_that_name_is_told() {
    let sql = "CREATE MODEL m OPTIONS (model_path = 'lite/numbers.tflite', signature = 'other')";
    let error = run(&Engine::default(), sql).unwrap_err();
    let message = "[invalid-option] the model has no signature `other`; hint: write signature = one of `serving_default`";
    assert_eq!(error.first().message, message);
}
