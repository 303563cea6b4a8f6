//! T-SQL: Azure SQL Edge's tutorial for PREDICT, its statements as they stand over a table of the same form.

use predictql::diag::Code;
use predictql::table::CsvOptions;
use predictql::{Dialect, Engine, Params, data::Scalar};

use crate::host::{self, Outcome};

const FEATURES: &str = "age, sex, bmi, bp, s1, s2, s3, s4, s5, s6";

/// Models lie in a table, as the tutorial puts them there.
fn database() -> Engine {
    let engine = Engine::default();
    engine.register_csv("features", &host::read("tables/diabetes.csv"), &CsvOptions::default()).unwrap();
    run(
        &engine,
        "create table models (
            [id] [int] IDENTITY(1,1) NOT NULL,
            [data] [varbinary](max) NULL,
            [description] varchar(1000))",
        Params::default(),
    );
    let model = Scalar::Bytes(host::read("models/sql_edge.onnx"));
    let insert = "insert into models ([description], [data]) values ('Onnx Model', ?)";
    run(&engine, insert, Params::Positional(vec![model]));
    engine
}

fn run(engine: &Engine, sql: &str, params: Params) -> Outcome {
    let mut outcome = Outcome::default();
    for query in engine.session().with_dialect(Dialect::TSql).script(sql, params).unwrap() {
        outcome = host::finish(query.unwrap()).unwrap();
    }
    outcome
}

fn tutorial(model: &str, with: &str) -> String {
    format!(
        "DECLARE @model VARBINARY(max) = (SELECT DATA FROM dbo.models WHERE id = 1);
        WITH predict_input AS (SELECT TOP (1000) [id], {FEATURES} FROM [dbo].[features])
        SELECT predict_input.id, p.variable1 AS MEDV
        FROM PREDICT(MODEL = {model}, DATA = predict_input, RUNTIME=ONNX) WITH ({with}) AS p;"
    )
}

#[test]
fn the_tutorial_gives_scikit_learns_predictions() {
    let expected = host::json("expected/sql_edge.json");
    let expected: Vec<f64> =
        expected["scikit_learn"].as_array().unwrap().iter().map(|it| it.as_f64().unwrap()).collect();
    let subquery = "(SELECT data FROM models WHERE id = 1)";
    for model in ["@model", subquery] {
        // Nothing says that this is T-SQL but the text itself.
        let outcome = host::run(&database(), &tutorial(model, "variable1 FLOAT")).unwrap();
        assert_eq!(outcome.names(), ["id", "MEDV"]);
        assert_eq!(outcome.ints("id"), (1..=442).collect::<Vec<i64>>());
        for (found, expected) in outcome.floats("MEDV").iter().zip(&expected) {
            // The exporter writes the coefficients in single precision.
            assert!((found - expected).abs() <= 1e-6 * expected.abs(), "{found} {expected}");
        }
    }
}

#[test]
fn what_the_model_gives_must_be_declared() {
    for with in ["wrong FLOAT", "variable1 INT"] {
        let error = host::run(&database(), &tutorial("@model", with)).unwrap_err();
        assert_eq!(error.code(), Code::OutputMismatch);
        let text = error.to_string();
        assert!(text.contains("Msg 39096") && text.contains("'variable1 float'"), "{text}");
        let sql = tutorial("@model", with);
        let fix = error.diagnostics().find_map(|it| it.fix.as_ref()).unwrap();
        let mended = [&sql[..fix.span.start], fix.insert.as_str(), &sql[fix.span.end..]].concat();
        assert_eq!(host::run(&database(), &mended).unwrap().rows(), 442);
    }
}

#[test]
fn types_are_not_converted_unless_asked() {
    let strict = tutorial("@model", "variable1 FLOAT").replace("[id], age", "[id], CAST(age AS int) AS age");
    let error = host::run(&database(), &strict).unwrap_err();
    assert_eq!(error.code(), Code::InputTypeMismatch);
    let text = error.to_string();
    assert!(text.contains("The type of model column 'age' is 'float'. Doesn't match"), "{text}");
    assert!(text.contains("CAST([age] AS float) AS [age]"), "{text}");
    let relaxed = format!("DECLARE @predict_implicit_cast bit = 1; {strict}");
    assert_eq!(host::run(&database(), &relaxed).unwrap().rows(), 442);
}

#[test]
fn a_model_that_is_not_there_is_told_as_the_server_does() {
    let error = host::run(&database(), &tutorial("@model", "variable1 FLOAT").replace("id = 1", "id = 7"));
    let text = error.unwrap_err().to_string();
    assert!(text.contains("HRESULT 0x80070057. Model is corrupt or invalid."), "{text}");
    let broken =
        "SELECT p.x FROM PREDICT(MODEL = 0x1234, DATA = features AS d, RUNTIME = ONNX) WITH (x FLOAT) AS p";
    let text = host::run(&database(), broken).unwrap_err().to_string();
    assert!(text.contains("HRESULT 0x80070057. Model is corrupt or invalid."), "{text}");
}

#[test]
fn rows_and_answers_have_their_own_names() {
    let sql = "DECLARE @m VARBINARY(max) = (SELECT data FROM models WHERE id = 1);
        SELECT d.*, p.* FROM PREDICT(MODEL = @m, DATA = features AS d, RUNTIME = ONNX) WITH (variable1 float) AS p";
    let outcome = host::run(&database(), sql).unwrap();
    assert_eq!(outcome.names().first(), Some(&"id"));
    assert_eq!(outcome.names().last(), Some(&"variable1"));
}

#[test]
fn several_predicts_take_their_models_from_subqueries() {
    let model = "(SELECT data FROM models WHERE id = (SELECT MIN(id) FROM models))";
    let predict = |rows: &str| {
        format!(
            "(SELECT COUNT(*) FROM PREDICT(MODEL = {model}, DATA = {rows} AS d, RUNTIME = ONNX)
                WITH (variable1 float) AS p)"
        )
    };
    let sql = format!(
        "WITH some AS (SELECT TOP (7) * FROM features), more AS (SELECT TOP (9) * FROM features)
        SELECT (SELECT COUNT(*) FROM some) AS n, {} AS a, {} AS b, (SELECT COUNT(*) FROM more) AS m",
        predict("some"),
        predict("more")
    );
    let outcome = host::run(&database(), &sql).unwrap();
    assert_eq!(outcome.text_rows(), [["7", "7", "9", "9"]]);
}

#[test]
fn a_view_and_its_reader_have_models_of_their_own() {
    let engine = database();
    // The subqueries stand at the same place of two texts: the view's gives a model, the reader's gives none.
    let predict = |start: &str, id: u8| {
        format!(
            "{start:<40} PREDICT(MODEL = (SELECT data FROM models WHERE id = {id}), DATA = features AS d,
                RUNTIME = ONNX) WITH (variable1 float) AS p"
        )
    };
    run(&engine, &predict("CREATE VIEW v AS SELECT p.* FROM", 1), Params::default());
    let error = host::run(&engine, &predict("SELECT p.* FROM v CROSS JOIN", 7)).unwrap_err();
    assert!(error.to_string().contains("the model is NULL"), "{error}");
}
