//! The tutorials of the demo, held against scikit-learn and onnxruntime.

use crate::host::{engine, json, run};

fn floats(value: &serde_json::Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|it| it.as_f64().unwrap()).collect()
}

#[test]
fn iris_labels_are_scikit_learns() {
    let engine = engine();
    let outcome = run(
        &engine,
        "CREATE OR REPLACE MODEL `bqml_tutorial.imported_onnx_model`
           OPTIONS (MODEL_TYPE='ONNX', MODEL_PATH='models/iris_rf.onnx');
         SELECT * FROM ML.PREDICT(MODEL `bqml_tutorial.imported_onnx_model`, (SELECT * FROM iris))",
    )
    .unwrap();
    let expected = json("expected/iris_rf.json");
    let labels: Vec<i64> = expected["scikit_learn"]["label"]["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it.as_i64().unwrap())
        .collect();
    assert_eq!(
        outcome.names(),
        ["label", "probabilities", "sepal_length", "sepal_width", "petal_length", "petal_width", "species"]
    );
    assert_eq!(outcome.ints("label"), labels);
    let probabilities: Vec<f64> = outcome.float_lists("probabilities").concat();
    let wanted = floats(&expected["onnxruntime"]["probabilities"]["data"]);
    assert_eq!((outcome.rows(), probabilities.len()), (150, wanted.len()));
    for (at, (found, wanted)) in probabilities.iter().zip(&wanted).enumerate() {
        assert!((found - wanted).abs() < 1e-5, "value {at}: {found} instead of {wanted}");
    }
}

#[cfg(feature = "full")]
#[test]
fn pictures_are_what_onnxruntime_sees() {
    let engine = engine();
    let outcome = run(
        &engine,
        "CREATE EXTERNAL TABLE photos
           OPTIONS (object_metadata = 'SIMPLE', uris = ['coffee.png', 'chelsea.png']);
         CREATE MODEL classifier OPTIONS (model_type = 'onnx', model_path = 'efficientnet-lite0.onnx');
         SELECT uri, label, probability, probabilities
         FROM ML.PREDICT(MODEL classifier,
           (SELECT uri, ML.RESIZE_IMAGE(ML.DECODE_IMAGE(DATA), 224, 224, FALSE) AS input FROM photos))
         ORDER BY uri DESC",
    )
    .unwrap();
    assert_eq!(outcome.texts("uri"), ["coffee.png", "chelsea.png"]);
    let expected = json("expected/pictures.json");
    let lists = outcome.float_lists("probabilities");
    for (row, uri) in outcome.texts("uri").iter().enumerate() {
        let picture = &expected["pictures"][uri];
        assert_eq!(outcome.texts("label")[row], picture["label"].as_str().unwrap());
        assert_eq!(lists[row].len(), 1000);
        for (found, wanted) in lists[row].iter().zip(floats(&picture["probabilities"])) {
            assert!((found - wanted).abs() < 0.01, "{uri}: {found} instead of {wanted}");
        }
        let best = lists[row].iter().copied().fold(0.0, f64::max);
        assert!((outcome.floats("probability")[row] - best).abs() < 1e-6);
    }
}

/// BigQuery's tutorials over object tables, as they are written but for the paths.
#[cfg(feature = "full")]
#[test]
fn pictures_are_what_tensorflow_and_onnxruntime_see() {
    let engine = engine();
    let table = "CREATE EXTERNAL TABLE resnet_inference_test.vision_images
        WITH CONNECTION `us.lake-connection`
        OPTIONS (object_metadata = 'SIMPLE', uris = ['images/rgb*.png'],
          max_staleness = INTERVAL 1 DAY, metadata_cache_mode = 'AUTOMATIC')";
    run(&engine, table).unwrap();
    let expected = json("expected/tutorials.json");
    for (kind, path, input, output) in [
        ("TENSORFLOW", "tutorials/resnet/*", "input_1", "activation_49"),
        ("TENSORFLOW", "tutorials/mobilenet/*", "inputs", "feature_vector"),
        ("ONNX", "tutorials/resnet18.onnx", "input", "class_label"),
    ] {
        let sql = format!(
            "CREATE OR REPLACE MODEL `resnet_inference_test.model`
               OPTIONS (MODEL_TYPE = '{kind}', MODEL_PATH = '{path}');
             SELECT *
             FROM ML.PREDICT(MODEL `resnet_inference_test.model`,
               (SELECT uri, ML.RESIZE_IMAGE(ML.DECODE_IMAGE(data), 224, 224, FALSE) AS {input}
                FROM resnet_inference_test.vision_images))
             ORDER BY uri"
        );
        let outcome = run(&engine, &sql).unwrap();
        assert_eq!(outcome.names(), [output, "uri", input], "{path}");
        assert_eq!(outcome.texts("uri"), ["images/rgb.png", "images/rgb16.png", "images/rgba.png"]);
        for (row, uri) in outcome.texts("uri").iter().enumerate() {
            let wanted = &expected[uri][output];
            if output == "class_label" {
                assert_eq!(outcome.ints(output)[row], wanted.as_i64().unwrap(), "{uri}");
                continue;
            }
            let found = &outcome.float_lists(output)[row];
            assert_eq!(found.len(), wanted.as_array().unwrap().len());
            for (found, wanted) in found.iter().zip(floats(wanted)) {
                assert!((found - wanted).abs() < 1e-5, "{path}, {uri}: {found} instead of {wanted}");
            }
        }
    }
}

#[cfg(feature = "full")]
#[test]
fn similar_pictures_are_those_of_onnxruntimes_features() {
    let expected = json("expected/pictures.json");
    let nearest = expected["nearest"].as_object().unwrap();
    let names: Vec<String> = nearest.keys().map(|name| format!("'{name}'")).collect();
    let outcome = run(
        &engine(),
        &format!(
            "CREATE EXTERNAL TABLE gallery OPTIONS (object_metadata = 'SIMPLE', uris = [{}]);
             CREATE MODEL classifier OPTIONS (model_type = 'onnx', model_path = 'efficientnet-lite0.onnx');
             CREATE TABLE known AS SELECT uri, features FROM ML.PREDICT(MODEL classifier,
               (SELECT uri, ML.RESIZE_IMAGE(ML.DECODE_IMAGE(data), 224, 224, FALSE) AS input FROM gallery));
             SELECT query.uri AS uri, base.uri AS similar_uri, distance
             FROM VECTOR_SEARCH(TABLE known, 'features', TABLE known, top_k => 2, distance_type => 'COSINE')
             WHERE query.uri <> base.uri",
            names.join(", ")
        ),
    )
    .unwrap();
    assert_eq!(outcome.rows(), nearest.len());
    let found = outcome.texts("uri").into_iter().zip(outcome.texts("similar_uri"));
    for ((uri, similar), distance) in found.zip(outcome.floats("distance")) {
        assert_eq!(similar, nearest[&uri]["picture"].as_str().unwrap(), "{uri}");
        let wanted = nearest[&uri]["distance"].as_f64().unwrap();
        assert!((distance - wanted).abs() < 0.01, "{uri}: {distance} instead of {wanted}");
    }
}

/// What the page's tutorial asks of the forest of penguins.
const PENGUINS: &str = "
    CREATE EXTERNAL TABLE penguins OPTIONS (format = 'CSV', uris = ['tables/penguins.csv']);
    CREATE MODEL penguin_sex OPTIONS (model_path = 'models/penguins.onnx', input_label_cols = ['sex']);";

#[test]
fn penguins_are_judged_as_the_libraries_judge_them() {
    let engine = engine();
    run(&engine, PENGUINS).unwrap();
    let expected = json("expected/penguins.json");
    let season = "(SELECT * FROM penguins WHERE year = 2009 AND sex IS NOT NULL)";
    let outcome = run(&engine, &format!("SELECT * FROM ML.EVALUATE(MODEL penguin_sex, {season})")).unwrap();
    for (name, wanted) in expected["evaluate"].as_object().unwrap() {
        let (found, wanted) = (outcome.floats(name)[0], wanted.as_f64().unwrap());
        // The scores themselves have 32 bits.
        assert!((found - wanted).abs() < 1e-6, "{name}: {found} instead of {wanted}");
    }
    let sql = format!("SELECT * FROM ML.CONFUSION_MATRIX(MODEL penguin_sex, {season})");
    let outcome = run(&engine, &sql).unwrap();
    let matrix: Vec<Vec<i64>> = serde_json::from_value(expected["confusion_matrix"].clone()).unwrap();
    assert_eq!(outcome.ints("female"), [matrix[0][0], matrix[1][0]]);
    assert_eq!(outcome.ints("male"), [matrix[0][1], matrix[1][1]]);
}

#[test]
fn edges_of_histograms_go_to_the_bucket_above_them() {
    // Measures with one digit meet the edges of buckets, where a quotient may be just below a whole number.
    let engine = engine();
    run(&engine, PENGUINS).unwrap();
    let outcome = run(
        &engine,
        "SELECT input, value FROM ML.VALIDATE_DATA_DRIFT(
           (SELECT * FROM penguins WHERE year < 2009 AND sex IS NOT NULL),
           (SELECT * FROM penguins WHERE year = 2009 AND sex IS NOT NULL))",
    )
    .unwrap();
    let values: Vec<_> = outcome.texts("input").into_iter().zip(outcome.floats("value")).collect();
    for (name, wanted) in json("expected/penguins.json")["drift"].as_object().unwrap() {
        let (_, found) = values.iter().find(|(input, _)| input == name).unwrap();
        let wanted = wanted.as_f64().unwrap();
        assert!((found - wanted).abs() < 1e-12, "{name}: {found} instead of {wanted}");
    }
}
