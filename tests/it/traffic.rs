//! Several versions of a model in one prediction: rows that are divided among them, outputs side by side, and whether the
//! versions differ by more than chance, with the numbers of SciPy and scikit-learn.

use predictql::{Engine, Params};

use crate::host::{engine, finish, json, run};
use crate::judging::is_row;

/// What the two versions give for twelve times 0.5, by onnxruntime.
const BY_LINEAR: &str = "2.5478";
const BY_FOREST: &str = "1.8962";

fn with_versions() -> Engine {
    let engine = engine();
    run(
        &engine,
        "CREATE MODEL m OPTIONS (model_path = 'models/linear_value.onnx');
         ALTER MODEL m ADD VERSION OPTIONS (model_path = 'models/forest_value.onnx');
         ALTER MODEL m VERSION 1 SET ALIAS = champion;
         ALTER MODEL m VERSION 2 SET ALIAS = challenger;
         CREATE VIEW x AS SELECT user_id, [0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5] AS X
           FROM UNNEST(GENERATE_ARRAY(1, 1000)) AS user_id",
    )
    .unwrap();
    engine
}

const SPLIT: &str = "ALTER MODEL m SET OPTIONS (traffic_split = [('champion', 90), ('challenger', 10)], traffic_key = 'user_id')";

#[test]
fn a_row_goes_where_its_key_says_as_by_hand() {
    let engine = with_versions();
    run(&engine, SPLIT).unwrap();
    let by_hand = |sql: &str| run(&engine, sql).unwrap().text_rows();
    // Every row, in the order of the rows, with the output of the version that the fingerprint chooses.
    let routed =
        by_hand("SELECT ROUND(variable, 4) AS y, model_version, user_id FROM ML.PREDICT(MODEL m, TABLE x)");
    let expected = by_hand(&format!(
        "SELECT IF(first, {BY_LINEAR}, {BY_FOREST}), IF(first, 1, 2), user_id FROM
         (SELECT user_id, ABS(MOD(FARM_FINGERPRINT(CONCAT('', CAST(user_id AS STRING))), 10000)) < 9000 AS first FROM x) ORDER BY user_id"
    ));
    assert_eq!(routed, expected);
    let of_challenger = routed.iter().filter(|row| row[1] == "2").count();
    assert!((70..=130).contains(&of_challenger), "a tenth of 1000, found {of_challenger}");
    // Another salt divides them otherwise.
    run(&engine, "ALTER MODEL m SET OPTIONS (traffic_salt = 'second')").unwrap();
    let salted = by_hand("SELECT model_version FROM ML.PREDICT(MODEL m, TABLE x)");
    let expected = by_hand(
        "SELECT IF(ABS(MOD(FARM_FINGERPRINT(CONCAT('second', CAST(user_id AS STRING))), 10000)) < 9000, 1, 2) FROM x ORDER BY user_id",
    );
    assert_eq!(salted, expected);
    assert_ne!(salted, routed.iter().map(|row| vec![row[1].clone()]).collect::<Vec<_>>());
}

#[test]
fn a_named_version_gets_all_rows_and_so_does_a_model_without_a_split() {
    let engine = with_versions();
    run(&engine, SPLIT).unwrap();
    let distinct = |from: &str| {
        run(&engine, &format!("SELECT DISTINCT ROUND(variable, 4) AS y FROM ML.PREDICT({from}, TABLE x)"))
            .unwrap()
            .text_rows()
    };
    assert_eq!(distinct("MODEL m@2"), [[BY_FOREST]]);
    assert_eq!(distinct("MODEL m@default"), [[BY_LINEAR]]);
    assert_eq!(distinct("MODEL m").len(), 2);
    run(&engine, "ALTER MODEL m SET OPTIONS (traffic_split = NULL)").unwrap();
    assert_eq!(distinct("MODEL m"), [[BY_LINEAR]]);
    // An alias that moves takes its share along, and a key without value is the first version's.
    run(&engine, "ALTER MODEL m SET OPTIONS (traffic_split = [('champion', 0.5), ('1', 99.5)]); ALTER MODEL m VERSION 2 SET ALIAS = champion").unwrap();
    let rows = run(
        &engine,
        "SELECT model_version FROM ML.PREDICT(MODEL m, (SELECT CAST(NULL AS STRING) AS user_id, X FROM x LIMIT 2))",
    );
    assert_eq!(rows.unwrap().ints("model_version"), [2, 2]);
}

#[test]
fn the_split_is_among_the_options_of_the_model() {
    let engine = with_versions();
    run(&engine, SPLIT).unwrap();
    let options = "SELECT option_name, option_type, option_value FROM INFORMATION_SCHEMA.MODEL_OPTIONS";
    let expected = [
        ["traffic_split", "ARRAY<STRUCT<STRING, FLOAT64>>", "[(\"champion\", 90), (\"challenger\", 10)]"],
        ["traffic_key", "STRING", "\"user_id\""],
    ];
    assert_eq!(run(&engine, options).unwrap().text_rows(), expected);
    let described = run(&engine, "DESCRIBE MODEL m@1").unwrap().text_rows();
    assert!(
        described.contains(&["model", expected[0][0], expected[0][2]].map(str::to_owned).to_vec()),
        "{described:?}"
    );
}

#[test]
fn prepared_statements_follow_the_split() {
    let engine = with_versions();
    let sql =
        "SELECT ROUND(variable, 4) AS y FROM ML.PREDICT(MODEL m, (SELECT ? AS user_id, X FROM x LIMIT 1))";
    let prepared = engine.session().script(sql, Params::default()).unwrap().prepare().unwrap().unwrap();
    let ask = |id| {
        let params = Params::Positional(vec![predictql::data::Scalar::Int64(id)]);
        finish(prepared.query(params, None, false).unwrap()).unwrap().text_rows().remove(0).remove(0)
    };
    assert_eq!(ask(7), BY_LINEAR);
    run(&engine, "ALTER MODEL m SET OPTIONS (traffic_split = [(1, 0), (2, 100)], traffic_key = 'user_id')")
        .unwrap();
    assert_eq!(ask(7), BY_FOREST);
}

#[test]
fn outputs_stand_side_by_side_without_a_join() {
    let engine = with_versions();
    let sql = "SELECT * FROM ML.PREDICT(MODEL m, (SELECT user_id, 'kept' AS variable, X FROM x), STRUCT(['champion', '2'] AS compare))";
    let outcome = run(&engine, sql).unwrap();
    assert_eq!(outcome.names(), ["variable_champion", "variable_2", "user_id", "variable", "X"]);
    assert_eq!(outcome.rows(), 1000);
    let sql = format!(
        "SELECT DISTINCT ROUND(variable_champion, 4), ROUND(variable_2, 4), variable FROM ({})",
        sql.replace('*', "* EXCEPT (user_id)")
    );
    assert_eq!(run(&engine, &sql).unwrap().text_rows(), [[BY_LINEAR, BY_FOREST, "kept"]]);
    let used = run(&engine, "SELECT ARRAY_LENGTH(referenced_models) AS n, rows_in FROM INFORMATION_SCHEMA.JOBS WHERE query LIKE '%compare%' LIMIT 1").unwrap();
    assert_eq!((used.ints("n"), used.ints("rows_in")), (vec![2], vec![2000]));
}

#[test]
fn three_classifiers_are_compared_at_one_threshold_each_with_all_its_outputs() {
    let engine = engine();
    run(
        &engine,
        "CREATE MODEL iris OPTIONS (model_path = 'models/iris_rf.onnx');
         ALTER MODEL iris ADD VERSION OPTIONS (model_path = 'models/iris_rf.onnx')",
    )
    .unwrap();
    let outcome =
        run(&engine, "SELECT * FROM ML.PREDICT(MODEL iris, TABLE iris, STRUCT([1, 2] AS compare)) LIMIT 1")
            .unwrap();
    assert_eq!(outcome.names()[..4], ["label_1", "label_2", "probabilities_1", "probabilities_2"]);
    assert_eq!(outcome.names().len(), 9);
}

#[test]
fn what_does_not_fit_is_refused_by_name() {
    let engine = with_versions();
    run(&engine, "CREATE MODEL iris OPTIONS (model_path = 'models/iris_rf.onnx')").unwrap();
    run(&engine, "ALTER MODEL iris ADD VERSION OPTIONS (model_path = 'models/linear_value.onnx')").unwrap();
    let set = |options: &str| format!("ALTER MODEL m SET OPTIONS ({options})");
    let compare =
        |setting: &str| format!("SELECT 1 FROM ML.PREDICT(MODEL m, TABLE x, STRUCT({setting} AS compare))");
    let cases = [
        (set("traffic_split = [('champion', 90), ('challenger', 20)], traffic_key = 'user_id'"), "invalid-option", "make 100, found 110"),
        (set("traffic_split = [('champion', 33.333), ('challenger', 66.667)], traffic_key = 'k'"), "invalid-option", "two digits at most"),
        (set("traffic_split = [('champion', -10), ('challenger', 110)], traffic_key = 'k'"), "invalid-option", "no number from 0 to 100"),
        (set("traffic_split = [('champion', 50), ('champion', 50)], traffic_key = 'k'"), "invalid-option", "found `champion` twice"),
        (set("traffic_split = 'champion', traffic_key = 'k'"), "invalid-option", "found no list"),
        (set("traffic_split = [('champion', 100)]"), "invalid-option", "needs `traffic_key`"),
        (set("traffic_split = [('champ', 100)], traffic_key = 'k'"), "unknown-version", "no version `champ`"),
        (compare("['champion', 'nobody']"), "unknown-version", "no version `nobody`"),
        (compare("['champion', 'champion']"), "invalid-option", "found `champion` twice"),
        (compare("'champion'"), "invalid-option", "takes versions of the model"),
        ("SELECT 1 FROM ML.PREDICT(MODEL m@1, TABLE x, STRUCT(['champion'] AS compare))".into(), "misplaced-clause", "names a version"),
        (format!("{}; SELECT 1 FROM ML.PREDICT(MODEL m, (SELECT X FROM x))", set("traffic_split = [(1, 50), (2, 50)], traffic_key = 'user_id'")), "unknown-column", "divides rows by column `user_id`"),
        ("ALTER MODEL m VERSION 2 UNSET ALIAS challenger; ALTER MODEL m DROP VERSION 2".into(), "version-in-use", "has a share of the traffic"),
        ("ALTER MODEL iris SET OPTIONS (traffic_split = [(1, 50), (2, 50)], traffic_key = 'species'); SELECT 1 FROM ML.PREDICT(MODEL iris, TABLE iris)".into(), "column-count", "have other outputs"),
        ("SELECT * FROM ML.COMPARE(TABLE iris, predicted_cols => ['species'])".into(), "invalid-option", "names two columns, found 1"),
        ("SELECT * FROM ML.COMPARE(TABLE iris, predicted_cols => ['species', 'sepal_width'])".into(), "type-mismatch", "compares values of one type"),
        ("SELECT * FROM ML.COMPARE(TABLE iris)".into(), "misplaced-clause", "needs `predicted_cols`"),
        ("SELECT * FROM ML.COMPARE(TABLE iris, version_col => 'species', predicted_cols => ['a', 'b'])".into(), "invalid-option", "does not go together"),
        ("SELECT * FROM ML.COMPARE((SELECT *, sepal_width > 3 AS o FROM iris), version_col => 'species', outcome_col => 'o', split => [60, 50])".into(), "invalid-option", "make 100"),
        ("SELECT * FROM ML.COMPARE((SELECT *, sepal_width > 3 AS o FROM iris), version_col => 'species', outcome_col => 'o')".into(), "invalid-value", "two versions, found 3"),
        ("SELECT ML.P_VALUE('f', 1.0, 2)".into(), "invalid-value", "there is no test 'f'"),
        ("SELECT ML.P_VALUE('t', 1.0)".into(), "invalid-value", "degrees of freedom"),
        ("SELECT ML.P_VALUE('binomial', 5, 4)".into(), "invalid-value", "found 5 of 4"),
        ("SELECT ML.P_VALUE('chi_square', -1, 4)".into(), "invalid-value", "a sum of squares, found -1"),
    ];
    let failures: Vec<_> = cases
        .iter()
        .filter_map(|(sql, code, words)| match run(&engine, sql) {
            Ok(_) => Some(format!("{sql}\nran")),
            Err(error) if error.code().as_str() == *code && error.to_string().contains(words) => None,
            Err(error) => Some(format!("{sql}\n{error}")),
        })
        .collect();
    assert!(failures.is_empty(), "{}", failures.join("\n\n"));
}

#[test]
fn tests_between_versions_have_the_numbers_of_the_libraries() {
    let engine = engine();
    run(&engine, "CREATE EXTERNAL TABLE ab OPTIONS (format = 'CSV', uris = ['tables/two_versions.csv'])")
        .unwrap();
    let mut failures = Vec::new();
    for case in json("expected/comparing.json")["cases"].as_array().unwrap() {
        let (sql, rows) = (case["sql"].as_str().unwrap(), case["rows"].as_array().unwrap());
        let found = run(&engine, sql).map(|outcome| outcome.text_rows());
        let fits = |found: &Vec<Vec<String>>| {
            found.len() == rows.len()
                && found.iter().zip(rows).all(|(found, wanted)| is_row(found, wanted, 1e-12))
        };
        if !found.as_ref().is_ok_and(fits) {
            failures.push(format!("{sql}\n{found:?}\ninstead of\n{rows:?}"));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n\n"));
}

#[test]
fn rows_without_a_prediction_or_the_truth_are_left_out_and_nothing_is_no_error() {
    let engine = engine();
    let compare = |rows: &str| {
        let sql = format!(
            "SELECT test, statistic, p_value FROM ML.COMPARE(({rows}), predicted_cols => ['a', 'b'], actual_col => 'y')"
        );
        run(&engine, &sql).unwrap().text_rows()
    };
    let rows = compare(
        "SELECT * FROM UNNEST([STRUCT('x' AS a, 'x' AS b, 'x' AS y), ('x', NULL, 'x'), ('x', 'y', NULL)])",
    );
    assert_eq!(rows[0], ["num_rows", "1", "NULL"]);
    let empty = compare("SELECT 'x' AS a, 'y' AS b, 'x' AS y FROM iris WHERE FALSE");
    assert_eq!((empty[0][1].as_str(), empty[1][1].as_str(), empty[7][2].as_str()), ("0", "NULL", "NULL"));
}
