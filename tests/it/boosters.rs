//! Boosters in their libraries' own formats, held against what the libraries predict with the same files.

use predictql::table::CsvOptions;

use crate::host::{engine, json, read, run};

#[test]
fn predictions_are_the_libraries() {
    let engine = engine();
    engine.register_csv("asked", &read("tables/boosters.csv"), &CsvOptions::default()).unwrap();
    engine.register_csv("kinds", &read("tables/kinds.csv"), &CsvOptions::default()).unwrap();
    engine.register_csv("words", &read("tables/words.csv"), &CsvOptions::default()).unwrap();
    engine.register_csv("letters", &read("tables/letters.csv"), &CsvOptions::default()).unwrap();
    let expected = json("expected/boosters.json");
    for (file, expected) in expected.as_object().unwrap() {
        engine
            .register_model("m", &read(&format!("models/{file}")))
            .unwrap_or_else(|error| panic!("{file}: {error}"));
        let (table, columns) = match file.as_str() {
            file if file.contains("kinds") => ("kinds", "kind weight"),
            "lgb_words.txt" => ("letters", "weight colour size"),
            file if file.contains("words") => ("words", "weight colour size"),
            _ => ("asked", "age income height Weight"),
        };
        let outcome = run(&engine, &format!("SELECT * FROM ML.PREDICT(MODEL m, TABLE {table})"))
            .unwrap_or_else(|error| panic!("{file}: {error}"));
        let gives_probabilities = ["softprob", "multiclass", "classes", "older", "native", "lgb_early"];
        let name = if gives_probabilities.iter().any(|part| file.contains(part)) {
            "probabilities"
        } else {
            "predicted_label"
        };
        // A class comes with the probabilities of all.
        let chooses = file.contains("softmax");
        let beside = if chooses { " probabilities" } else { "" };
        assert_eq!(outcome.names().join(" "), format!("{name}{beside} {columns}"), "{file}");
        let rows = expected.as_array().unwrap();
        let several = rows[0].is_array();
        let found = if several {
            outcome.float_lists(name)
        } else if chooses {
            outcome.ints(name).iter().map(|it| vec![*it as f64]).collect()
        } else {
            outcome.floats(name).iter().map(|it| vec![*it]).collect()
        };
        assert_eq!(found.len(), rows.len(), "{file}");
        for (at, (found, wanted)) in found.iter().zip(rows).enumerate() {
            let wanted: Vec<f64> = match wanted.as_array() {
                Some(row) => row.iter().map(|it| it.as_f64().unwrap()).collect(),
                None => vec![wanted.as_f64().unwrap()],
            };
            assert_eq!(found.len(), wanted.len(), "{file}");
            for (found, wanted) in found.iter().zip(&wanted) {
                let close = (found - wanted).abs() <= 1e-5 * wanted.abs().max(1.0);
                assert!(close, "{file}, row {at}: {found} instead of {wanted}");
            }
        }
    }
}

#[test]
fn what_cannot_be_read_is_told() {
    let engine = engine();
    let refused = |bytes: &[u8]| engine.register_model("m", bytes).unwrap_err().to_string();
    assert!(
        refused(&read("models/xgb_linear.json"))
            .contains("XGBOOST: boosters of kind `gblinear` are not supported")
    );
    assert!(refused(&read("models/lgb_zero.txt")).contains("LIGHTGBM: zeros that count as missing"));
    assert!(
        refused(&read("models/xgb_vectors.json")).contains("XGBOOST: trees with several values in a leaf")
    );
    assert!(
        refused(&read("models/xgb_letters.json")).contains("XGBOOST: categories with letters beyond ASCII")
    );
    assert!(refused(&read("models/lgb_linear.txt")).contains("LIGHTGBM: trees with linear functions"));
    for file in ["xgb_logistic.json", "xgb_words.ubj", "lgb_words.txt"] {
        let bytes = read(&format!("models/{file}"));
        // Whatever is missing or wrong, it ends in words.
        for length in (0..bytes.len()).step_by(97) {
            let error = engine.register_model("m", &bytes[..length]).unwrap_err();
            assert_ne!(error.code().as_str(), "internal", "{file} up to {length}: {error}");
        }
        for at in (0..bytes.len()).step_by(61) {
            let mut damaged = bytes.clone();
            damaged[at] ^= 0x15;
            if let Err(error) = engine.register_model("m", &damaged) {
                assert_ne!(error.code().as_str(), "internal", "{file} damaged at {at}: {error}");
            }
        }
    }
}

/// XGBoost refuses categories that it has not seen, LightGBM takes them for missing ones.
#[test]
fn categories_that_a_booster_has_not_seen_are_as_the_library_has_them() {
    let engine = engine();
    let ask = |file: &str, rows: &str| {
        engine.register_model("m", &read(&format!("models/{file}"))).unwrap();
        let rows = rows.replace('(', "STRUCT<weight FLOAT64, colour STRING, size INT64>(");
        run(
            &engine,
            &format!("SELECT predicted_label FROM ML.PREDICT(MODEL m, (SELECT * FROM UNNEST({rows})))"),
        )
    };
    let error =
        ask("xgb_words.json", "[(0.5, 'red', 10), (0.5, NULL, 20), (0.5, 'purple', 10)]").unwrap_err();
    assert_eq!(
        error.to_string(),
        "[model-failed] row 3: `colour` is 'purple', a category that the model does not know; hint: it knows '0', 'blue', \
         'green', 'grey', 'red'"
    );
    let error = ask("xgb_words.ubj", "[(0.5, 'red', 11)]").unwrap_err();
    assert_eq!(
        error.to_string(),
        "[model-failed] row 1: `size` is 11, a category that the model does not know; hint: it knows 10, 20, 35, 1000"
    );
    let unseen = ask("lgb_words.txt", "[(0.5, 'purple', 10), (0.5, 'red', 11)]").unwrap();
    let missing = ask("lgb_words.txt", "[(0.5, NULL, 10), (0.5, 'red', NULL)]").unwrap();
    assert_eq!(unseen.floats("predicted_label"), missing.floats("predicted_label"));
}
