//! Boosters in their libraries' own formats, held against what the libraries predict with the same files.

use predictql::table::CsvOptions;

use crate::host::{engine, json, read, run};

#[test]
fn predictions_are_the_libraries() {
    let engine = engine();
    engine.register_csv("asked", &read("tables/boosters.csv"), &CsvOptions::default()).unwrap();
    engine.register_csv("kinds", &read("tables/kinds.csv"), &CsvOptions::default()).unwrap();
    let expected = json("expected/boosters.json");
    for (file, expected) in expected.as_object().unwrap() {
        engine
            .register_model("m", &read(&format!("models/{file}")))
            .unwrap_or_else(|error| panic!("{file}: {error}"));
        let table = if file.contains("kinds") { "kinds" } else { "asked" };
        let outcome = run(&engine, &format!("SELECT * FROM ML.PREDICT(MODEL m, TABLE {table})")).unwrap();
        let name = if file.contains("softprob") || file.contains("multiclass") {
            "probabilities"
        } else {
            "predicted_label"
        };
        let columns = if table == "kinds" { "kind weight" } else { "age income height Weight" };
        assert_eq!(outcome.names().join(" "), format!("{name} {columns}"), "{file}");
        let rows = expected.as_array().unwrap();
        let several = rows[0].is_array();
        let found = if several {
            outcome.float_lists(name)
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
    for file in ["xgb_logistic.json", "xgb_softprob.ubj", "lgb_multiclass.txt"] {
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
