//! Prepared statements: bound once, run with many values, and never with another meaning than a query's.

use predictql::data::{DataType, Scalar};
use predictql::table::CsvOptions;
use predictql::{Engine, Params, Prepared, Step};

use crate::host::{Outcome, engine, finish, read, run, run_with};

fn prepared(engine: &Engine, sql: &str) -> Prepared {
    engine.session().script(sql, Params::default()).unwrap().prepare().unwrap().unwrap()
}

fn given(prepared: &Prepared, values: &[Scalar]) -> Result<Outcome, String> {
    let query = prepared.query(Params::Positional(values.to_vec()), None, false);
    query.and_then(finish).map_err(|error| error.code().as_str().to_owned())
}

fn text(value: &str) -> Scalar {
    Scalar::String(value.into())
}

/// The rows as text, for comparison.
fn shown(outcome: Result<Outcome, String>) -> String {
    match outcome {
        Ok(outcome) => format!("{:?} {:?}", outcome.schema, outcome.batches),
        Err(code) => code,
    }
}

#[test]
fn only_values_change() {
    let engine = engine();
    // Of scikit-learn's iris: 50 flowers of each species; 3 have petals of 2.5 cm in width, and no petals are wider.
    let wide = prepared(&engine, "SELECT COUNT(*) AS n FROM iris WHERE petal_width > ? AND species = ?");
    for (least, species, count) in
        [(2.4, "virginica", 3), (2.5, "virginica", 0), (0.0, "setosa", 50), (2.4, "setosa", 0)]
    {
        let outcome = given(&wide, &[Scalar::Float64(least), text(species)]).unwrap();
        assert_eq!(outcome.ints("n"), [count], "{least} {species}");
    }
}

#[test]
fn predictions_follow_their_values() {
    let engine = engine();
    engine.register_model("m", &read("models/iris_rf.onnx")).unwrap();
    let statement = prepared(
        &engine,
        "SELECT label FROM ML.PREDICT(MODEL m, (SELECT @a AS sepal_length, @b AS sepal_width,
         @c AS petal_length, @d AS petal_width))",
    );
    let names: Vec<_> = statement.parameters().iter().map(|it| it.name.as_str()).collect();
    assert_eq!(names, ["a", "b", "c", "d"]);
    // The first flower of each species, as scikit-learn predicts it.
    for (flower, label) in [([5.1, 3.5, 1.4, 0.2], 0), ([7.0, 3.2, 4.7, 1.4], 1), ([6.3, 3.3, 6.0, 2.5], 2)] {
        let values = ["a", "b", "c", "d"].iter().zip(flower);
        let values = values.map(|(name, value)| ((*name).to_owned(), Scalar::Float64(value))).collect();
        let outcome = statement.query(Params::Named(values), None, false).and_then(finish).unwrap();
        assert_eq!(outcome.ints("label"), [label]);
    }
}

#[test]
fn a_statement_means_what_a_query_with_its_values_means() {
    let engine = engine();
    let statements = [
        "SELECT ? AS x, ? AS y",
        "SELECT ? + 1 AS x, CONCAT(CAST(? AS STRING), '!') AS y",
        "SELECT x, COUNT(*) AS n FROM UNNEST([1, 2, 2]) AS x WHERE x > ? GROUP BY x HAVING COUNT(*) < ?",
        "SELECT x FROM UNNEST([3, 1, 2]) AS x ORDER BY x + ? LIMIT ?",
        "SELECT x + ? AS k, COUNT(*) AS n FROM UNNEST([1, 1]) AS x GROUP BY x + ?",
        "SELECT DATE '2026-01-31' > ? AS x, ? AS y",
        "SELECT x FROM UNNEST([1.5, 2.5]) AS x WHERE x IN (?, ?)",
        "SELECT IF(x = ?, 'a', ?) AS y FROM UNNEST([1, 2]) AS x",
        "SELECT ? AS a UNION ALL SELECT ? AS a",
        "SELECT (SELECT MAX(x) FROM UNNEST([1, 2]) AS x WHERE x < ?) AS m, ? AS y",
        "WITH t AS (SELECT ? AS a) SELECT a, ? AS b FROM t JOIN UNNEST([1, 2]) AS c ON c >= a",
        "EXPLAIN SELECT ? AS a, ? AS b",
    ];
    let values = [
        Scalar::Int64(1),
        Scalar::Int64(2),
        Scalar::Float64(1.5),
        text("2026-01-01"),
        text("no date"),
        Scalar::Bool(true),
        Scalar::Null,
        Scalar::Array(DataType::Int64, vec![Scalar::Int64(1)]),
    ];
    for sql in statements {
        let statement = prepared(&engine, sql);
        for a in &values {
            for b in &values {
                let values = [a.clone(), b.clone()];
                let wanted = run_with(&engine, sql, Params::Positional(values.to_vec()));
                let wanted = shown(wanted.map_err(|error| error.code().as_str().to_owned()));
                for _ in 0..2 {
                    assert_eq!(shown(given(&statement, &values)), wanted, "{sql} with {values:?}");
                }
            }
        }
    }
}

#[test]
fn runs_of_one_statement_do_not_meet() {
    let engine = engine();
    let session = engine.session().with_batch_rows(40);
    let sql = "SELECT sepal_length + ? AS x FROM iris WHERE 10 / (petal_width - ?) < 1000 LIMIT 90 OFFSET 20";
    let statement = session.script(sql, Params::default()).unwrap().prepare().unwrap().unwrap();
    let values = |more: f64, width: f64| vec![Scalar::Float64(more), Scalar::Float64(width)];
    let rows = |more: f64| {
        let values = values(more, 9.0);
        let wanted = run_with(&engine, sql, Params::Positional(values.clone())).unwrap().floats("x");
        assert_eq!(wanted.len(), 90);
        assert_eq!(given(&statement, &values).unwrap().floats("x"), wanted, "{more}");
        wanted
    };
    let first = rows(1.0);
    // The 21st flower has sepals of 5.4 cm.
    assert_eq!(first.first(), Some(&6.4));
    assert_eq!(rows(2.0), first.iter().map(|x| x + 1.0).collect::<Vec<_>>());
    // One is given up in the middle, one fails in a later batch: the first flower with petals of 1.3 cm is the 54th.
    let start = || statement.query(Params::Positional(values(3.0, 9.0)), None, false).unwrap();
    let mut left = start();
    while !matches!(left.step().unwrap(), Step::Batch(_)) {}
    drop(left);
    assert_eq!(rows(1.0), first);
    assert_eq!(given(&statement, &values(1.0, 1.3)).map(|_| ()), Err("division-by-zero".into()));
    assert_eq!(rows(1.0), first);
    // Two run at the same time, one of them begun before and ended after the other.
    let mut around = start();
    while !matches!(around.step().unwrap(), Step::Batch(_)) {}
    assert_eq!(rows(1.0), first);
    finish(around).unwrap();
    assert_eq!(rows(1.0), first);
}

#[test]
fn a_changed_catalog_is_seen() {
    let engine = Engine::default();
    let put = |csv: &str| engine.register_csv("t", csv.as_bytes(), &CsvOptions::default()).unwrap();
    put("x\n1\n2\n");
    let statement = prepared(&engine, "SELECT SUM(x) AS s FROM t WHERE x > ?");
    let sum = || given(&statement, &[Scalar::Int64(0)]).map(|outcome| outcome.ints("s"));
    assert_eq!(sum(), Ok(vec![3]));
    put("x\n5\n");
    assert_eq!(sum(), Ok(vec![5]));
    run(&engine, "INSERT INTO t (x) VALUES (7)").unwrap();
    assert_eq!(sum(), Ok(vec![12]));
    engine.drop_table("t").unwrap();
    assert_eq!(sum(), Err("unknown-table".into()));
    run(&engine, "CREATE TABLE t AS SELECT 'a' AS y").unwrap();
    assert_eq!(sum(), Err("unknown-column".into()));
    put("x\n1.5\n");
    let outcome = given(&statement, &[Scalar::Int64(0)]).unwrap();
    assert_eq!(outcome.floats("s"), [1.5]);
}

#[test]
fn a_dropped_table_is_not_kept_by_plans() {
    let engine = engine();
    let statement = prepared(&engine, "SELECT COUNT(*) AS n FROM iris WHERE sepal_length > ?");
    given(&statement, &[Scalar::Int64(0)]).unwrap();
    let (_, predictql::Relation::Table(table)) = engine.tables().remove(0) else {
        panic!("expected a table")
    };
    let kept = std::sync::Arc::downgrade(&table);
    drop(table);
    engine.drop_table("iris").unwrap();
    assert!(kept.upgrade().is_none());
}

#[test]
fn statements_that_change_the_catalog_run_each_time() {
    let engine = engine();
    run(&engine, "CREATE TABLE t AS SELECT 1 AS x, 'a' AS y").unwrap();
    let insert = prepared(&engine, "INSERT INTO t (x, y) VALUES (?, ?)");
    assert!(insert.schema().is_none());
    for x in 2..5 {
        assert!(given(&insert, &[Scalar::Int64(x), text("b")]).unwrap().summary.catalog_changed);
    }
    assert_eq!(run(&engine, "SELECT SUM(x) AS s FROM t").unwrap().ints("s"), [10]);
    assert_eq!(given(&insert, &[text("c"), text("d")]).unwrap_err(), "type-mismatch");
}

#[test]
fn parameters_have_the_types_that_the_text_makes_of_them() {
    let engine = engine();
    let types = |sql: &str| {
        let statement = prepared(&engine, sql);
        let one = |it: &predictql::PreparedParameter| format!("{} {}", it.name, it.data_type);
        statement.parameters().iter().map(one).collect::<Vec<_>>().join(", ")
    };
    assert_eq!(types("SELECT * FROM iris WHERE petal_width > ? LIMIT ?"), "1 FLOAT64, 2 INT64");
    assert_eq!(types("SELECT CAST(@d AS DATE) AS d, UPPER(@s) AS s, @x AS x"), "d DATE, s STRING, x INT64");
    assert_eq!(types("SELECT @A + 1.5 AS a, @a AS b"), "A FLOAT64");
    assert_eq!(types("SELECT 1 AS x"), "");
    let check = engine.check("SELECT species = @species AS yes FROM iris", None);
    assert_eq!(check.parameters.len(), 1);
    assert_eq!(check.parameters[0].data_type, DataType::String);
}

#[test]
fn mistakes_are_told_when_preparing_or_when_a_value_is_missing() {
    let engine = engine();
    let failed = |sql: &str| {
        let mut script = engine.session().script(sql, Params::default()).unwrap();
        script.prepare().unwrap().map(|_| ()).unwrap_err().code().as_str()
    };
    assert_eq!(failed("SELECT x FROM nothing WHERE x = ?"), "unknown-table");
    assert_eq!(failed("SELECT nothing + ? AS x FROM iris"), "unknown-column");
    let statement = prepared(&engine, "SELECT ? + ? AS x");
    assert_eq!(given(&statement, &[Scalar::Int64(1)]).unwrap_err(), "unknown-parameter");
    assert_eq!(given(&statement, &[text("a"), Scalar::Int64(1)]).unwrap_err(), "no-matching-signature");
    assert_eq!(given(&statement, &[Scalar::Int64(1), Scalar::Int64(2)]).unwrap().ints("x"), [3]);
}

#[test]
fn many_statements_and_many_types_live_side_by_side() {
    let engine = engine();
    let statements: Vec<_> =
        (0..1000).map(|number| prepared(&engine, &format!("SELECT ? + {number} AS x"))).collect();
    for (number, statement) in (0_i64..).zip(&statements) {
        assert_eq!(given(statement, &[Scalar::Int64(1)]).unwrap().ints("x"), [1 + number]);
        assert_eq!(given(statement, &[Scalar::Float64(0.5)]).unwrap().floats("x").len(), 1);
    }
    // More sets of types than plans are kept for one statement.
    let echo = prepared(&engine, "SELECT COALESCE(?, ?, ?, ?) AS x");
    for kinds in 0..16_u32 {
        let value =
            |bit: u32| if kinds >> bit & 1 == 1 { Scalar::Int64(i64::from(bit)) } else { Scalar::Null };
        let values: Vec<_> = (0..4).map(value).collect();
        let first = (0..4).find(|bit| kinds >> bit & 1 == 1).map_or(vec![], |bit| vec![i64::from(bit)]);
        let outcome = given(&echo, &values).unwrap();
        if !first.is_empty() {
            assert_eq!(outcome.ints("x"), first);
        }
    }
}
