//! Models over texts: what Python's `tokenizers` and onnxruntime make of the same texts, one by one
//! (`tests/fixtures/makers/texts.py`).

use predictql::data::Scalar;
use predictql::diag::Error;
use predictql::model::ModelOptions;
use predictql::{Engine, Params};
use serde_json::Value;

use crate::host::{Outcome, engine, json, read, run, run_in, run_with};

fn texts() -> Engine {
    let engine = engine();
    for name in ["wordpiece", "bpe", "unigram"] {
        run(&engine, &format!("CREATE MODEL {name} OPTIONS (MODEL_PATH = 'models/texts/{name}/*')")).unwrap();
    }
    let made = "CREATE MODEL {} OPTIONS (MODEL_PATH = 'models/texts/{}.onnx', tokenizer = 'models/texts/wordpiece/tokenizer.json')";
    for name in ["classifier", "fixed"] {
        run(&engine, &made.replace("{}", name)).unwrap();
    }
    engine
}

fn strings(value: &Value) -> Vec<Scalar> {
    value.as_array().unwrap().iter().map(|text| Scalar::String(text.as_str().unwrap().into())).collect()
}

fn vectors(value: &Value) -> Vec<Vec<f64>> {
    let numbers =
        |row: &Value| row.as_array().unwrap().iter().map(|number| number.as_f64().unwrap()).collect();
    value.as_array().unwrap().iter().map(numbers).collect()
}

/// Rows of the corpus, as parameter of a query.
fn corpus(expected: &Value) -> Params {
    let texts = Scalar::Array(predictql::data::DataType::String, strings(&expected["corpus"]));
    Params::Named(vec![("corpus".into(), texts)])
}

fn assert_near(found: &[Vec<f64>], expected: &[Vec<f64>], tolerance: f64, what: &str) {
    assert_eq!(found.len(), expected.len(), "{what}");
    for (row, (found, expected)) in found.iter().zip(expected).enumerate() {
        assert_eq!(found.len(), expected.len(), "{what}, row {row}");
        for (one, other) in found.iter().zip(expected) {
            assert!((one - other).abs() <= tolerance, "{what}, row {row}: {one} and {other}");
        }
    }
}

fn embedded(engine: &Engine, model: &str, settings: &str, expected: &Value) -> Outcome {
    let sql = format!(
        "SELECT * FROM ML.GENERATE_EMBEDDING(MODEL {model}, (SELECT content, place FROM UNNEST(@corpus) AS content WITH OFFSET AS place), {settings})"
    );
    run_with(engine, &sql, corpus(expected)).unwrap()
}

fn refused(engine: &Engine, sql: &str) -> String {
    run(engine, sql).unwrap_err().to_string()
}

#[test]
fn embeddings_are_those_of_python() {
    let (engine, expected) = (texts(), json("expected/texts.json"));
    for (model, by) in [
        ("wordpiece", &expected["embeddings"]["wordpiece"]),
        ("bpe", &expected["embeddings"]["bpe"]),
        ("unigram", &expected["embeddings"]["unigram"]),
        ("fixed", &expected["fixed"]),
    ] {
        for (pooling, settings) in
            [("mean", "STRUCT(TRUE AS flatten_json_output)"), ("cls", "pooling => 'cls'")]
        {
            let found = embedded(&engine, model, settings, &expected);
            let result = found.float_lists("ml_generate_embedding_result");
            assert_near(&result, &vectors(&by[pooling]), 1e-5, &format!("{model}, {pooling}"));
        }
    }
    let found = embedded(&engine, "wordpiece", "STRUCT(TRUE AS flatten_json_output)", &expected);
    assert_eq!(
        found.names(),
        [
            "ml_generate_embedding_result",
            "ml_generate_embedding_statistics",
            "ml_generate_embedding_status",
            "content",
            "place"
        ]
    );
    assert_eq!(found.ints("place"), (0..found.rows() as i64).collect::<Vec<_>>());
    let counts = expected["embeddings"]["wordpiece"]["tokens"].as_array().unwrap();
    let statistics = counts.iter().map(|count| {
        let count = count.as_i64().unwrap();
        // The file cuts off behind 64, and two texts are longer.
        format!("{{\"token_count\":{count},\"truncated\":{}}}", count == 64)
    });
    assert_eq!(found.texts("ml_generate_embedding_statistics"), statistics.collect::<Vec<_>>());
    assert!(found.texts("ml_generate_embedding_status").iter().all(String::is_empty));
}

/// onnxruntime rounds by one step for all that goes through together. Here a text goes alone and is not filled up, as each of these
/// did. Where a value lies on the border of two steps, its last digit decides; one step of 255 shows in the vector.
#[test]
fn texts_of_quantised_models_go_one_by_one() {
    let (engine, expected) = (texts(), json("expected/texts.json"));
    run(&engine, "CREATE MODEL dynamic OPTIONS (MODEL_PATH = 'models/texts/dynamic.onnx', tokenizer = 'models/texts/bpe/tokenizer.json')").unwrap();
    let found = embedded(&engine, "dynamic", "STRUCT(TRUE AS flatten_json_output)", &expected);
    let (found, wanted) =
        (found.float_lists("ml_generate_embedding_result"), vectors(&expected["dynamic"]["mean"]));
    assert_near(&found, &wanted, 0.05, "dynamic");
    let far = |found: &[f64], wanted: &[f64]| {
        found.iter().zip(wanted).map(|(one, other)| (one - other).abs()).fold(0.0, f64::max)
    };
    let distances: Vec<f64> = found.iter().zip(&wanted).map(|(found, wanted)| far(found, wanted)).collect();
    let exact = distances.iter().filter(|distance| **distance <= 1e-5).count();
    assert!(exact * 10 >= distances.len() * 8, "{distances:?}");
}

#[test]
fn rows_have_the_same_vectors_in_every_batch_and_order() {
    let (engine, expected) = (texts(), json("expected/texts.json"));
    for model in ["wordpiece", "unigram"] {
        let sql = |order: &str| {
            format!(
                "SELECT place, ml_generate_embedding_result AS v FROM ML.GENERATE_EMBEDDING(MODEL {model}, \
                 (SELECT content, place FROM UNNEST(@corpus || @corpus) AS content WITH OFFSET AS place ORDER BY {order})) ORDER BY place"
            )
        };
        let whole = run_with(&engine, &sql("place"), corpus(&expected)).unwrap().float_lists("v");
        for order in ["place DESC", "FARM_FINGERPRINT(CONCAT(content, place))"] {
            for rows in [3, 1000] {
                let session = engine.session().with_batch_rows(rows);
                let found = run_in(&session, &sql(order), corpus(&expected)).unwrap();
                assert_near(
                    &found.float_lists("v"),
                    &whole,
                    1e-6,
                    &format!("{model} by {order}, {rows} rows"),
                );
            }
        }
    }
}

#[test]
fn vectors_have_length_1_or_fewer_numbers_where_that_is_asked_for() {
    let (engine, expected) = (texts(), json("expected/texts.json"));
    let whole = vectors(&expected["embeddings"]["bpe"]["mean"]);
    let normal = |vector: &[f64]| -> Vec<f64> {
        let length = vector.iter().map(|value| value * value).sum::<f64>().sqrt();
        vector.iter().map(|value| value / length).collect()
    };
    let found = embedded(&engine, "bpe", "STRUCT(TRUE AS normalize)", &expected);
    let wanted: Vec<_> = whole.iter().map(|vector| normal(vector)).collect();
    assert_near(&found.float_lists("ml_generate_embedding_result"), &wanted, 1e-5, "normalised");
    let found = embedded(&engine, "bpe", "STRUCT(TRUE AS normalize, 5 AS output_dimensionality)", &expected);
    let wanted: Vec<_> = whole.iter().map(|vector| normal(&vector[..5])).collect();
    assert_near(&found.float_lists("ml_generate_embedding_result"), &wanted, 1e-5, "five numbers");
}

#[test]
fn classifiers_take_texts_and_pairs() {
    let (engine, expected) = (texts(), json("expected/texts.json"));
    let sql = "SELECT logits FROM ML.PREDICT(MODEL classifier, (SELECT text FROM UNNEST(@corpus) AS text))";
    let found = run_with(&engine, sql, corpus(&expected)).unwrap();
    assert_near(&found.float_lists("logits"), &vectors(&expected["classifier"]), 1e-5, "texts");
    let sql = "SELECT logits FROM ML.PREDICT(MODEL classifier, (SELECT @corpus[OFFSET(place)] AS text, \
               @corpus[OFFSET(place + 1)] AS text_pair FROM UNNEST(GENERATE_ARRAY(0, ARRAY_LENGTH(@corpus) - 2)) AS place))";
    let pairs = run_with(&engine, sql, corpus(&expected)).unwrap();
    assert_near(&pairs.float_lists("logits"), &vectors(&expected["classifier_pairs"]), 1e-5, "pairs");

    run(&engine, "ALTER MODEL classifier SET OPTIONS (input_columns = ['question', 'answer'], labels = ['no', 'yes'], softmax = TRUE)").unwrap();
    let sql = sql
        .replace("AS text,", "AS question,")
        .replace("AS text_pair", "AS answer")
        .replace("logits FROM", "predicted_label FROM");
    let labels = run_with(&engine, &sql, corpus(&expected)).unwrap().texts("predicted_label");
    let wanted = vectors(&expected["classifier_pairs"]);
    let wanted: Vec<_> =
        wanted.iter().map(|logits| if logits[1] > logits[0] { "yes" } else { "no" }).collect();
    assert_eq!(labels, wanted);
    assert_eq!(
        refused(&engine, "SELECT * FROM ML.PREDICT(MODEL classifier, (SELECT 'a' AS question))")
            .split(';')
            .next(),
        Some(
            "[missing-input] model `classifier` needs a column `answer` of type STRING, which the rows do not have"
        )
    );
}

#[test]
fn outputs_of_tokens_have_a_row_for_each_of_them() {
    let engine = texts();
    let lengths = |model: &str| {
        let sql = format!(
            "SELECT last_hidden_state.dimensions AS d FROM ML.PREDICT(MODEL {model}, (SELECT text FROM UNNEST(['a cat', 'the dog and the fox', 'a']) AS text))"
        );
        run(&engine, &sql).unwrap().text_rows().concat()
    };
    // The tokens of Python are 4, 7 and 3; the file of this one fills all texts up to 64.
    assert_eq!(lengths("wordpiece"), ["[64, 16]", "[64, 16]", "[64, 16]"]);
    assert_eq!(lengths("fixed"), ["[12, 16]", "[12, 16]", "[12, 16]"]);
    let tokens = |model: &str| {
        let sql = format!(
            "SELECT CAST(JSON_VALUE(ml_generate_embedding_statistics, '$.token_count') AS INT64) AS n FROM ML.GENERATE_EMBEDDING(MODEL {model}, (SELECT content FROM UNNEST(['a cat', 'the dog and the fox', 'a']) AS content))"
        );
        run(&engine, &sql).unwrap().ints("n")
    };
    for model in ["bpe", "unigram"] {
        let wanted: Vec<_> = tokens(model).iter().map(|count| format!("[{count}, 16]")).collect();
        assert_eq!(lengths(model), wanted, "{model}");
    }
}

#[test]
fn texts_that_are_null_have_no_vector() {
    let engine = texts();
    let sql = "SELECT ml_generate_embedding_result IS NULL AS none, ml_generate_embedding_status AS status, content FROM \
               ML.GENERATE_EMBEDDING(MODEL bpe, (SELECT content FROM UNNEST(['a', NULL, 'b']) AS content))";
    let found = run(&engine, sql).unwrap();
    assert_eq!(
        found.text_rows(),
        [
            ["false", "(empty)", "a"],
            ["true", "INVALID_ARGUMENT: content is NULL", "NULL"],
            ["false", "(empty)", "b"]
        ]
    );
    let only = "SELECT ml_generate_embedding_result FROM ML.GENERATE_EMBEDDING(MODEL bpe, (SELECT CAST(NULL AS STRING) AS content))";
    assert_eq!(run(&engine, only).unwrap().text_rows(), [["NULL"]]);
    let none =
        "SELECT * FROM ML.GENERATE_EMBEDDING(MODEL bpe, (SELECT 'a' AS content FROM iris WHERE FALSE))";
    assert_eq!(run(&engine, none).unwrap().rows(), 0);
    let rows = "(SELECT text FROM UNNEST(['a', NULL]) AS text)";
    assert_eq!(
        refused(&engine, &format!("SELECT * FROM ML.PREDICT(MODEL classifier, {rows})")),
        "[null-input] row 2: model input `text` is NULL; hint: filter the rows with `WHERE text IS NOT NULL` or fill them with `IFNULL(text, …) AS text`"
    );
    let safe = format!("SELECT logits IS NULL AS none FROM SAFE.ML.PREDICT(MODEL classifier, {rows})");
    assert_eq!(run(&engine, &safe).unwrap().text_rows(), [["false"], ["true"]]);
    run(&engine, "ALTER MODEL classifier SET OPTIONS (default_on_null = STRUCT('' AS text))").unwrap();
    let found = run(&engine, &format!("SELECT logits FROM ML.PREDICT(MODEL classifier, {rows})")).unwrap();
    let empty = run(&engine, "SELECT logits FROM ML.PREDICT(MODEL classifier, (SELECT '' AS text))").unwrap();
    assert_near(&found.float_lists("logits")[1..], &empty.float_lists("logits"), 1e-6, "an empty text");
}

#[test]
fn the_nearest_texts_are_found() {
    let (engine, expected) = (texts(), json("expected/texts.json"));
    run_with(
        &engine,
        "CREATE TABLE docs AS SELECT * FROM ML.GENERATE_EMBEDDING(MODEL wordpiece, (SELECT content FROM UNNEST(@corpus) AS content WHERE content != ''))",
        corpus(&expected),
    )
    .unwrap();
    let sql = "SELECT base.content, distance FROM VECTOR_SEARCH(TABLE docs, 'ml_generate_embedding_result', \
               (SELECT * FROM ML.GENERATE_EMBEDDING(MODEL wordpiece, (SELECT content FROM UNNEST(@corpus) AS content WHERE content LIKE 'I returned%'))), \
               top_k => 1, distance_type => 'COSINE')";
    let found = run_with(&engine, sql, corpus(&expected)).unwrap();
    assert_eq!(found.texts("content"), ["I returned the shoes, because they did not fit."]);
    assert!(found.floats("distance")[0].abs() < 1e-6);
}

#[test]
fn what_does_not_fit_is_refused_in_words() {
    let engine = texts();
    let model = read("models/texts/wordpiece/model.onnx");
    engine.register_model("plain", &model).unwrap();
    let embed = |model: &str, rows: &str, settings: &str| {
        refused(&engine, &format!("SELECT * FROM ML.GENERATE_EMBEDDING(MODEL {model}, {rows}{settings})"))
    };
    let rows = "(SELECT 'a' AS content)";
    let starts = |found: &str, wanted: &str| assert!(found.starts_with(wanted), "{found}");
    starts(
        &embed("plain", rows, ""),
        "[invalid-option] the model has no tokenizer, and an embedding is made of a text; hint: give it its file: CREATE MODEL",
    );
    starts(
        &embed("bpe", "(SELECT 'a' AS review, 1 AS n)", ""),
        "[missing-input] ML.GENERATE_EMBEDDING needs a column `content` of type STRING, which the rows do not have; hint: give it this name: (SELECT *, review AS content FROM …)",
    );
    starts(&embed("bpe", "(SELECT [1] AS content)", ""), "[input-type-mismatch]");
    starts(&embed("bpe", rows, ", STRUCT(FALSE AS flatten_json_output)"), "[unsupported-syntax]");
    starts(&embed("bpe", rows, ", STRUCT('max' AS pooling)"), "[invalid-option] `pooling` cannot be 'max'");
    starts(
        &embed("bpe", rows, ", STRUCT(TRUE AS normalise)"),
        "[unknown-option] ML.GENERATE_EMBEDDING has no setting `normalise`; hint: did you mean `normalize`?",
    );
    starts(
        &embed("classifier", rows, ", pooling => 'mean'"),
        "[invalid-option] the model has not one output with vectors of tokens",
    );
    starts(
        &refused(&engine, "SELECT * FROM ML.GENERATE_TEXT(MODEL bpe, (SELECT 'a' AS prompt))"),
        "[unsupported-syntax] function `ML.GENERATE_TEXT` is left out; hint: models that write texts are out of scope",
    );

    let mut options = ModelOptions::default();
    let unknown = options.read_tokenizer(br#"{"model": {"type": "Unheard", "vocab": {}}}"#).unwrap_err();
    starts(
        &unknown.to_string(),
        "[invalid-option] expected a `tokenizer.json` of Hugging Face's tokenizers; hint: make it with",
    );
    options.read_tokenizer(&read("models/texts/wordpiece/tokenizer.json")).unwrap();
    let iris = engine.register_model_with("i", &read("models/iris_rf.onnx"), &[], &options).unwrap_err();
    starts(
        &iris.to_string(),
        "[invalid-option] `tokenizer` is given, and the model has no input of token ids; hint: leave it out",
    );
    let missing =
        "CREATE MODEL x OPTIONS (MODEL_PATH = 'models/texts/fixed.onnx', tokenizer = 'nowhere.json')";
    starts(&refused(&engine, missing), "[resource-unavailable] `nowhere.json` was not found");
}

#[test]
fn a_tokenizer_of_another_model_is_told() -> Result<(), Error> {
    let engine = texts();
    // This one has ids that the model's table of tokens does not have.
    run(
        &engine,
        "CREATE MODEL x OPTIONS (MODEL_PATH = 'models/texts/unigram/model.onnx', tokenizer = 'models/texts/bpe/tokenizer.json')",
    )?;
    let sql = "SELECT ml_generate_embedding_result FROM ML.GENERATE_EMBEDDING(MODEL x, (SELECT content FROM UNNEST(['', 'the quick brown fox jumps']) AS content))";
    let error = run(&engine, sql).unwrap_err().to_string();
    assert!(error.starts_with("[model-failed] row 2: "), "{error}");
    assert!(error.contains("; hint: its text has "), "{error}");
    assert!(error.contains("`tokenizer.json` may be another model's: it has BPE, 400 tokens"), "{error}");
    Ok(())
}

#[test]
fn a_model_says_that_it_takes_texts() {
    let engine = texts();
    let described = run(&engine, "DESCRIBE MODEL wordpiece").unwrap().text_rows();
    let has = |section: &str, name: &str, detail: &str| {
        let line = [section, name, detail];
        assert!(described.iter().any(|row| row == &line), "{line:?} in {described:#?}");
    };
    has("input", "text", "STRING, [batch_size]");
    has("input", "text_pair", "STRING, [batch_size], optional");
    has("option", "tokenizer", "\"models/texts/wordpiece/tokenizer.json\"");
    assert!(described.iter().all(|row| row[1] != "input_ids"));
    let tokens = described.iter().find(|row| row[1] == "tokenizer").unwrap();
    assert!(
        tokens[2].starts_with("WordPiece, ") && tokens[2].ends_with("texts are cut off behind 64"),
        "{tokens:?}"
    );
}
