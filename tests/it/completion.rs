//! What an editor is offered at a place in a text, which need not be finished.

use predictql::table::CsvOptions;
use predictql::{Completion, CompletionKind, Dialect, Engine};

use crate::host::{engine, read, run};

fn catalog() -> Engine {
    let engine = engine();
    engine
        .register_csv("shop.orders", b"id,amount,made\n1,2.5,2024-01-31\n", &CsvOptions::default())
        .unwrap();
    engine.register_csv("my table", b"a\n1\n", &CsvOptions::default()).unwrap();
    engine.register_model("iris_rf", &read("models/iris_rf.onnx")).unwrap();
    run(&engine, "CREATE TABLE baskets AS SELECT 1 AS id, [STRUCT('x' AS sku, 2 AS n)] AS items, STRUCT(1 AS lat, 2 AS lon) AS place")
        .unwrap();
    run(&engine, "CREATE FUNCTION doubled(x INT64) AS (2 * x)").unwrap();
    engine
}

/// What is offered where `¦` stands.
fn offered(engine: &Engine, text: &str) -> Vec<Completion> {
    let position = text.find('¦').expect("a place");
    engine.complete(&text.replace('¦', ""), position, None)
}

fn labels(engine: &Engine, text: &str, kind: CompletionKind) -> Vec<String> {
    let of_kind = offered(engine, text).into_iter().filter(|offer| offer.kind == kind);
    of_kind.map(|offer| offer.label).collect()
}

#[track_caller]
fn offers(engine: &Engine, text: &str, kind: CompletionKind, wanted: &[&str]) {
    let found = labels(engine, text, kind);
    for word in wanted {
        assert!(found.iter().any(|label| label == word), "{text}: `{word}` is not in {found:?}");
    }
}

#[track_caller]
fn offers_only(engine: &Engine, text: &str, kind: CompletionKind, wanted: &[&str]) {
    assert_eq!(labels(engine, text, kind), wanted, "{text}");
}

use CompletionKind::{Alias, Column, Function, Keyword, Model, Table, Version};

#[test]
fn columns_of_what_stands_in_from_are_offered_before_from_is_parsed() {
    let engine = catalog();
    let iris = ["sepal_length", "sepal_width", "petal_length", "petal_width", "species"];
    for text in [
        "SELECT ¦ FROM iris",
        "SELECT species, ¦ FROM iris AS i WHERE TRUE",
        "SELECT * FROM iris WHERE ¦",
        "SELECT * FROM iris WHERE petal_width > 1 AND ¦ GROUP BY 1",
        "SELECT COUNT(*) FROM iris GROUP BY ¦",
        "SELECT i.¦ FROM iris i",
        "SELECT * FROM (SELECT * FROM iris) AS i ORDER BY i.¦",
        "WITH w AS (SELECT * FROM iris) SELECT ¦ FROM w",
        "SELECT 1; SELECT MAX(¦) FROM iris; SELECT 2",
        "SELECT 1 FROM baskets UNION ALL SELECT ¦ FROM iris",
        "UPDATE iris SET species = ¦",
        "DELETE FROM iris WHERE ¦",
        "INSERT INTO iris (¦",
        "IF TRUE THEN SELECT ¦ FROM iris; END IF",
        "FROM iris |> WHERE ¦",
        "SELECT * FROM iris WHERE petal_width IN (SELECT MAX(¦) FROM iris)",
        "CREATE TABLE t AS SELECT ¦ FROM iris",
    ] {
        offers_only(&engine, text, Column, &iris);
    }
    offers_only(&engine, "SELECT pet¦ FROM iris", Column, &["petal_length", "petal_width"]);
    offers_only(&engine, "SELECT species FROM iris ¦", Column, &[]);
}

#[test]
fn columns_know_joins_arrays_structs_and_the_queries_around() {
    let engine = catalog();
    offers_only(
        &engine,
        "SELECT o.¦ FROM iris AS i JOIN shop.orders AS o ON o.id = i.",
        Column,
        &["id", "amount", "made"],
    );
    offers_only(
        &engine,
        "SELECT * FROM iris JOIN shop.orders ON orders.¦",
        Column,
        &["id", "amount", "made"],
    );
    offers_only(&engine, "SELECT i.¦ FROM baskets AS b, UNNEST(b.items) AS i", Column, &["sku", "n"]);
    offers_only(&engine, "SELECT place.¦ FROM baskets", Column, &["lat", "lon"]);
    offers_only(&engine, "SELECT b.place.l¦ FROM baskets b", Column, &["lat", "lon"]);
    offers(&engine, "SELECT (SELECT MAX(¦) FROM UNNEST(items)) FROM baskets", Column, &["id", "items"]);
    offers_only(
        &engine,
        "FROM iris |> AGGREGATE COUNT(*) AS n GROUP BY species |> WHERE ¦",
        Column,
        &["species", "n"],
    );
    offers_only(&engine, "MERGE iris USING shop.orders ON orders.¦", Column, &["id", "amount", "made"]);
    offers(&engine, "SELECT ¦ FROM iris AS flower", Alias, &["flower"]);
    // What a model gives stands before the columns of the rows.
    let predicted = labels(&engine, "SELECT ¦ FROM ML.PREDICT(MODEL iris_rf, TABLE iris)", Column);
    assert_eq!(predicted[..3], ["label", "probabilities", "sepal_length"]);
    offers(
        &engine,
        "SELECT * FROM ML.PREDICT(MODEL iris_rf, (SELECT petal_width AS ¦ FROM iris))",
        Column,
        &["sepal_length", "petal_width"],
    );
}

#[test]
fn tables_and_models_are_offered_where_they_belong() {
    let engine = catalog();
    let tables = ["baskets", "iris", "my table", "shop.orders"];
    for text in [
        "SELECT * FROM ¦",
        "SELECT * FROM iris, ¦",
        "SELECT * FROM iris JOIN ¦",
        "DROP TABLE ¦",
        "INSERT INTO ¦",
        "SELECT * FROM ML.PREDICT(MODEL iris_rf, TABLE ¦",
        "TRUNCATE TABLE ¦",
        "DESCRIBE TABLE ¦",
        "UPDATE ¦",
    ] {
        offers(&engine, text, Table, &tables);
        offers_only(&engine, text, Column, &[]);
    }
    offers(&engine, "WITH w AS (SELECT 1 AS x) SELECT * FROM ¦", Table, &["w", "iris"]);
    offers_only(&engine, "SELECT * FROM shop.¦", Table, &["orders"]);
    for text in [
        "SELECT * FROM ML.PREDICT(MODEL ¦",
        "DROP MODEL ¦",
        "DESCRIBE MODEL ¦",
        "SELECT * FROM ML.PREDICT(MODEL iris¦, TABLE iris)",
    ] {
        offers_only(&engine, text, Model, &["iris_rf"]);
        offers_only(&engine, text, Table, &[]);
    }
    let quoted = offered(&engine, "SELECT * FROM my¦");
    assert_eq!(quoted[0].apply.as_deref(), Some("`my table`"));
    let quoted = offered(&engine, "SELECT * FROM `my¦");
    assert_eq!(quoted[0].label, "my table");
}

#[test]
fn functions_have_signatures_and_descriptions() {
    let engine = catalog();
    let found = offered(&engine, "SELECT ROUN¦");
    let [round] = found.as_slice() else { panic!("{found:?}") };
    assert_eq!(
        (round.label.as_str(), round.kind, round.apply.as_deref()),
        ("ROUND", Function, Some("ROUND("))
    );
    assert!(round.detail.as_deref().unwrap().starts_with("ROUND("), "{round:?}");
    assert!(round.info.as_deref().unwrap().len() > 10);
    offers(&engine, "SELECT * FROM ¦", Function, &["ML.PREDICT", "VECTOR_SEARCH"]);
    offers(&engine, "SELECT * FROM ML.¦", Function, &["PREDICT", "TRANSFORM"]);
    offers(&engine, "SELECT ML.¦", Function, &["DECODE_IMAGE", "RESIZE_IMAGE"]);
    offers(
        &engine,
        "SELECT SAFE.¦",
        Function,
        &["DIVIDE", "ROUND", "LOG"].map(|name| if name == "DIVIDE" { "MOD" } else { name }),
    );
    offers(&engine, "SELECT dou¦", Function, &["doubled"]);
    assert!(labels(&engine, "SELECT * FROM ¦", Function).iter().all(|name| name != "ROUND"));
}

#[test]
fn keywords_are_those_that_the_grammar_allows() {
    let engine = catalog();
    offers(&engine, "¦", Keyword, &["SELECT", "WITH", "CREATE", "INSERT", "MERGE", "DECLARE", "BEGIN"]);
    offers(&engine, "SELECT 1; ¦", Keyword, &["SELECT", "CREATE"]);
    offers(&engine, "SELECT species ¦", Keyword, &["AS", "FROM"]);
    offers(
        &engine,
        "SELECT species FROM iris ¦",
        Keyword,
        &["WHERE", "GROUP BY", "ORDER BY", "LIMIT", "JOIN", "UNION"],
    );
    offers_only(&engine, "SELECT species FROM iris GROUP ¦", Keyword, &["BY"]);
    offers(&engine, "SELECT species FROM iris ORDER BY 1 ¦", Keyword, &["ASC", "DESC", "LIMIT"]);
    offers(
        &engine,
        "SELECT * FROM iris WHERE species ¦",
        Keyword,
        &["IS", "IN", "LIKE", "BETWEEN", "AND", "OR"],
    );
    offers(&engine, "SELECT CASE WHEN TRUE THEN 1 ¦", Keyword, &["WHEN", "ELSE", "END"]);
    offers(&engine, "SELECT SUM(1) OVER (¦", Keyword, &["PARTITION BY", "ORDER BY"]);
    offers(&engine, "SELECT CAST(1 AS ¦", Keyword, &["INT64", "STRING", "DATE"]);
    offers(&engine, "SELECT DATE_ADD(CURRENT_DATE(), INTERVAL 1 ¦", Keyword, &["DAY", "MONTH"]);
    offers(&engine, "CREATE ¦", Keyword, &["OR", "TABLE", "MODEL", "VIEW", "EXTERNAL"]);
    offers(&engine, "CREATE MODEL m OPTIONS (¦", Keyword, &["model_type", "model_path", "labels"]);
    offers(
        &engine,
        "CREATE EXTERNAL TABLE m OPTIONS (format = 'CSV', ¦",
        Keyword,
        &["uris", "skip_leading_rows"],
    );
    offers(
        &engine,
        "SELECT * FROM ML.PREDICT(MODEL iris_rf, TABLE iris, STRUCT(0.5 AS ¦",
        Keyword,
        &["threshold"],
    );
    offers(
        &engine,
        "SELECT * FROM ML.EVALUATE(MODEL iris_rf, TABLE iris, STRUCT(0.5 AS ¦",
        Keyword,
        &["threshold", "positive_class"],
    );
    offers(
        &engine,
        "SELECT * FROM VECTOR_SEARCH(TABLE iris, 'a', TABLE iris, ¦",
        Keyword,
        &["top_k", "distance_type"],
    );
    offers(&engine, "SELECT * FROM INFORMATION_SCHEMA.¦", Keyword, &["TABLES", "MODELS"]);
    let behind = labels(&engine, "SELECT species FROM iris WHERE TRUE ¦", Keyword);
    assert!(
        !behind.iter().any(|word| ["WHERE", "FROM", "JOIN", "FETCH", "NATURAL"].contains(&word.as_str())),
        "{behind:?}"
    );
}

#[test]
fn statements_inside_of_blocks_begin_as_others_do() {
    let engine = catalog();
    for (text, words) in [
        ("LOOP ¦", &["SELECT", "BREAK", "LEAVE", "END"][..]),
        ("WHILE TRUE DO SELECT 1; ¦", &["CONTINUE", "BREAK", "SELECT", "END"]),
        ("BEGIN SELECT 1; ¦", &["SELECT", "EXCEPTION", "END"]),
        ("IF TRUE THEN ¦", &["SELECT", "ELSE", "ELSEIF", "END"]),
        ("SELECT species FROM iris GROUP BY ¦", &["ROLLUP", "CUBE", "ALL"]),
        ("EXPORT DATA OPTIONS (¦", &["uri", "overwrite"]),
        ("SELECT DATE_TRUNC(made, ¦) FROM shop.orders", &["MONTH", "WEEK"]),
        ("SELECT TIMESTAMP_DIFF(a, b, ¦", &["MINUTE"]),
    ] {
        offers(&engine, text, Keyword, words);
    }
    assert!(!labels(&engine, "SELECT ¦ FROM iris", Keyword).contains(&"TRANSACTION".into()));
}

#[test]
fn columns_are_those_that_pivots_offsets_and_arrays_of_the_row_give() {
    let engine = catalog();
    let unpivot = "FROM iris UNPIVOT(v FOR k IN (petal_width, petal_length))";
    for (text, columns) in [
        ("SELECT * FROM iris PIVOT(SUM(¦) FOR species IN ('a'))", &["sepal_length", "species"][..]),
        (
            "SELECT ¦ FROM (SELECT species, petal_width FROM iris) PIVOT(SUM(petal_width) FOR species IN ('a' AS se))",
            &["se"],
        ),
        (&format!("SELECT ¦ {unpivot}"), &["v", "k", "species"]),
        (&format!("SELECT p.¦ {unpivot} AS p"), &["v", "k"]),
        ("SELECT ¦ FROM baskets, UNNEST(items) WITH OFFSET AS pos", &["id", "sku", "pos"]),
        ("SELECT (SELECT ¦ FROM UNNEST(items)) FROM baskets", &["sku", "n", "id"]),
        ("SELECT EXISTS(SELECT 1 FROM UNNEST(b.items) AS i WHERE i.¦) FROM baskets AS b", &["sku", "n"]),
        ("SELECT items[OFFSET(0)].¦ FROM baskets", &["sku", "n"]),
        ("SELECT (SELECT AS STRUCT 1 AS one).¦", &["one"]),
        ("WITH RECURSIVE r AS (SELECT 1 AS n UNION ALL SELECT ¦ FROM r) SELECT * FROM r", &["n"]),
        ("FROM iris |> AS f |> WHERE f.¦", &["species"]),
        ("FROM iris AS i |> JOIN shop.orders AS o ON TRUE |> WHERE o.¦", &["id", "amount"]),
        ("ALTER TABLE shop.orders DROP COLUMN ¦", &["id", "amount"]),
    ] {
        offers(&engine, text, Column, columns);
    }
    assert!(!labels(&engine, &format!("SELECT ¦ {unpivot}"), Column).contains(&"petal_width".into()));
}

#[test]
fn names_of_scripts_lists_and_windows_are_offered() {
    let engine = catalog();
    for (text, names) in [
        ("FOR row IN (SELECT species FROM iris) DO SELECT ¦; END FOR", &["row"][..]),
        ("CREATE PROCEDURE p(x INT64, OUT y STRING) BEGIN SET ¦", &["x", "y"]),
        ("CREATE TEMP FUNCTION f(a INT64, b INT64) AS (a + ¦", &["a", "b"]),
        ("SELECT SUM(petal_width) OVER ¦ FROM iris WINDOW w AS (PARTITION BY species)", &["w"]),
        ("SELECT species AS kind, COUNT(*) FROM iris GROUP BY ¦", &["kind"]),
        ("SELECT species AS kind FROM iris ORDER BY ¦", &["kind"]),
    ] {
        offers(&engine, text, Alias, names);
    }
    offers(&engine, "FOR row IN (SELECT species FROM iris) DO SELECT row.¦; END FOR", Column, &["species"]);
    offers(&engine, "DECLARE s STRUCT<a INT64, b STRING>; SELECT s.¦", Column, &["a", "b"]);
    offers(&engine, "DROP FUNCTION ¦", Function, &["doubled"]);
    offers(&engine, "FROM iris |> CALL ¦", Function, &["ML.PREDICT"]);
}

#[test]
fn what_the_statements_before_make_is_offered() {
    let engine = catalog();
    for (text, columns) in [
        ("CREATE TEMP TABLE t AS SELECT species AS kind FROM iris; SELECT ¦ FROM t", &["kind"][..]),
        ("CREATE TABLE t (a INT64); ALTER TABLE t ADD COLUMN b STRING; INSERT INTO t (¦", &["a", "b"]),
        ("CREATE VIEW v AS SELECT 1 AS one; SELECT ¦ FROM v", &["one"]),
        (
            "DECLARE most FLOAT64; CREATE TABLE t AS SELECT * FROM iris WHERE petal_width < most; SELECT ¦ FROM t",
            &["species"],
        ),
    ] {
        offers(&engine, text, Column, columns);
    }
    offers(&engine, "CREATE TABLE t (a INT64); SELECT * FROM ¦", Table, &["t"]);
    offers(&engine, "CREATE FUNCTION g(x INT64) AS (x); SELECT ¦", Function, &["g"]);
    assert!(!labels(&engine, "SELECT * FROM ¦", Table).contains(&"t".into()));
}

#[test]
fn nothing_is_offered_in_texts_comments_and_numbers() {
    let engine = catalog();
    for text in [
        "SELECT 'spe¦' FROM iris",
        "SELECT 1 -- spe¦\nFROM iris",
        "SELECT /* ¦ */ 1",
        "SELECT 12¦",
        "SELECT \"a¦",
    ] {
        assert_eq!(offered(&engine, text), [], "{text}");
    }
}

#[test]
fn a_statement_with_an_error_before_still_has_names() {
    let engine = catalog();
    offers(&engine, "SELECT a b c, spe¦ FROM iris", Column, &["species"]);
    offers(&engine, "SELECT FROM WHERE; SELECT spe¦ FROM iris", Column, &["species"]);
}

#[test]
fn procedures_are_offered_where_they_are_called() {
    let engine = catalog();
    run(&engine, "CREATE PROCEDURE score(x INT64, OUT y INT64) BEGIN SET y = x; END").unwrap();
    offers_only(&engine, "CALL ¦", Function, &["score"]);
    offers_only(&engine, "CALL sc¦", Function, &["score"]);
    offers_only(&engine, "DROP PROCEDURE ¦", Function, &["score"]);
    offers(&engine, "CREATE ¦", Keyword, &["PROCEDURE", "FUNCTION"]);
    offers(&engine, "CALL score(iri¦", Column, &[]);
}

#[test]
fn columns_that_tsql_predict_declares_are_offered() {
    let engine = catalog();
    let from = "FROM PREDICT(MODEL = @m, DATA = iris AS d) WITH (label bigint, score float) AS p";
    let declared = ["label", "score"];
    offers(&engine, &format!("DECLARE @m varbinary(max) = 0x00; SELECT ¦ {from}"), Column, &declared);
    offers(&engine, &format!("DECLARE @m varbinary(max) = 0x00; SELECT d.¦ {from}"), Column, &["species"]);
    offers_only(&engine, &format!("DECLARE @m varbinary(max) = 0x00; SELECT p.¦ {from}"), Column, &declared);
    let from = "FROM PREDICT(MODEL = (SELECT data FROM models), DATA = iris AS d) WITH (score float) AS p";
    offers_only(&engine, &format!("SELECT TOP 3 p.¦ {from}"), Column, &[]);
    run(&engine, "CREATE TABLE models AS SELECT b'x' AS data").unwrap();
    offers_only(&engine, &format!("SELECT TOP 3 p.¦ {from} ORDER BY 1"), Column, &["score"]);
}

#[test]
fn tsql_has_its_quotes_and_variables() {
    let engine = catalog();
    let script = "DECLARE @m VARBINARY(max) = 0x00; SELECT * FROM PREDICT(MODEL = @m, DATA = iris AS d) WITH (label bigint) AS p;";
    offers_only(
        &engine,
        &format!("{script} SELECT ¦ FROM iris"),
        Column,
        &["sepal_length", "sepal_width", "petal_length", "petal_width", "species"],
    );
    let quoted = offered(&engine, &format!("{script} SELECT * FROM my¦"));
    assert_eq!(quoted[0].apply.as_deref(), Some("[my table]"));
    offers(&engine, &format!("{script} SELECT @¦"), Alias, &["@m"]);
}

#[test]
fn every_position_of_any_text_has_an_answer() {
    let engine = catalog();
    for text in [
        "WITH ü AS (SELECT '𝄞' AS `né`, [1, (2)] FROM iris WHERE x IN (SELECT ((1) FROM t) SELECT ü.`né` FROM ü; MERGE t USING (",
        "FROM iris |> |> JOIN ( |> AGGREGATE ) SELECT * FROM , JOIN ON UNION ALL EXCEPT (",
        ")))((( ,,, ... `` [] {} @@ @ $1 ? ;;; DECLARE DECLARE x, SET WITH WITH RECURSIVE AS ( AS ) MODEL , MODEL a.b.",
    ] {
        for position in 0..=text.len() + 3 {
            engine.complete(text, position, None);
        }
    }
}

#[test]
fn versions_and_aliases_are_offered_behind_a_model() {
    let engine = catalog();
    run(
        &engine,
        "CREATE MODEL shop.iris OPTIONS (model_path = 'models/iris_rf.onnx');
         ALTER MODEL shop.iris ADD VERSION OPTIONS (model_path = 'models/iris_rf.onnx');
         ALTER MODEL shop.iris VERSION 2 SET ALIAS = champion",
    )
    .unwrap();
    for text in [
        "SELECT * FROM ML.PREDICT(MODEL shop.iris@¦, TABLE iris)",
        "SELECT * FROM ML.PREDICT(MODEL shop.iris VERSION ¦",
        "ALTER MODEL IF EXISTS shop.iris DROP VERSION ¦",
        "DESCRIBE MODEL shop.iris@¦",
    ] {
        offers_only(&engine, text, Version, &["2", "1"]);
        offers_only(&engine, text, Alias, &["champion"]);
    }
    offers_only(&engine, "DROP MODEL shop.iris@ch¦", Alias, &["champion"]);
    offers_only(&engine, "DROP MODEL shop.iris@ch¦", Version, &[]);
    offers(&engine, "ALTER MODEL shop.iris ¦", Keyword, &["VERSION", "ADD", "ROLLBACK", "RENAME"]);
    // What is behind the comma is no version.
    offers(&engine, "DECLARE x INT64; SELECT * FROM ML.PREDICT(MODEL shop.iris, (SELECT ¦))", Alias, &["x"]);
}

#[test]
fn functions_of_tsql_are_offered_in_tsql() {
    let engine = catalog();
    let from = "FROM PREDICT(MODEL = @m, DATA = iris AS d) WITH (label bigint) AS p";
    let select = format!("SELECT ¦ {from}");
    offers(&engine, &select, Function, &["DATENAME", "ISNULL", "ISJSON", "OBJECT_ID", "PI", "GETDATE"]);
    offers(&engine, "SELECT JSON_S¦", Function, &["JSON_SET", "JSON_STRIP_NULLS"]);
    assert!(!labels(&engine, "SELECT ¦", Function).contains(&"ISJSON".to_owned()));
    offers(&engine, &format!("SELECT 1 AS x {from}; SELECT @@¦"), Keyword, &["@@ROWCOUNT"]);
    offers(
        &engine,
        &format!("SELECT 1 AS x {from}; SELECT * FROM ¦"),
        Keyword,
        &["OPENJSON", "STRING_SPLIT"],
    );
    offers(&engine, "FROM iris |> ¦", Keyword, &["ASSERT"]);
}

/// As [`offers`], in T-SQL.
#[track_caller]
fn offers_in_tsql(engine: &Engine, text: &str, kind: CompletionKind, wanted: &[&str]) {
    let position = text.find('¦').expect("a place");
    let found = engine.complete(&text.replace('¦', ""), position, Some(Dialect::TSql));
    for word in wanted {
        let is_there = found.iter().any(|offer| offer.kind == kind && offer.label == *word);
        assert!(is_there, "{text}: `{word}` is not in {found:?}");
    }
}

#[test]
fn tsql_is_completed_where_the_host_says_so() {
    let engine = catalog();
    for (text, columns) in [
        ("SELECT j.¦ FROM OPENJSON('[1]') WITH (a int '$.a', b nvarchar(10)) AS j", &["a", "b"][..]),
        ("SELECT v.¦ FROM (VALUES (1, 'a')) AS v(num, txt)", &["num", "txt"]),
        ("WITH c(a, b) AS (SELECT 1, 2) SELECT ¦ FROM c", &["a", "b"]),
        ("SELECT * INTO #t FROM iris; SELECT ¦ FROM #t", &["species"]),
        ("CREATE TABLE #t (a int, b varchar(10)); SELECT ¦ FROM #t", &["a", "b"]),
        ("DECLARE @t TABLE (a int, b varchar(10)); SELECT ¦ FROM @t", &["a", "b"]),
        ("SELECT * FROM iris AS i CROSS APPLY (SELECT ¦ FROM shop.orders AS o) AS x", &["amount", "species"]),
        ("SELECT s.¦ FROM iris CROSS APPLY STRING_SPLIT(species, '-') AS s", &["value"]),
        (
            "SELECT ¦ FROM (SELECT species, petal_width FROM iris) AS s PIVOT (SUM(petal_width) FOR species IN ([a])) AS p",
            &["a"],
        ),
    ] {
        offers_in_tsql(&engine, text, Column, columns);
    }
    offers_in_tsql(&engine, "DECLARE @x int = 1, @y int; SET @¦", Alias, &["@x", "@y"]);
    offers_in_tsql(&engine, "CREATE PROCEDURE p @a int, @b int OUTPUT AS SELECT @¦", Alias, &["@a", "@b"]);
    offers_in_tsql(&engine, "CREATE TABLE #t (a int); INSERT INTO ¦", Table, &["#t", "iris"]);
    offers_in_tsql(&engine, "SELECT CAST(species AS ¦", Keyword, &["INT", "VARCHAR(", "BIT"]);
    offers_in_tsql(&engine, "SELECT DATEADD(¦", Keyword, &["DAY", "MONTH"]);
    offers_in_tsql(&engine, "WHILE 1 = 1 BEGIN ¦", Keyword, &["SELECT", "BREAK", "END"]);
}
