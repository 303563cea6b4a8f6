//! What a statement may hold at once: more is refused with a limit, whichever operator would hold it.

use predictql::{Engine, Limits};

use crate::host;

/// Ten thousand different texts of 500 characters, five megabytes.
const LONG: &str =
    "(SELECT n, LPAD(CAST(n AS STRING), 500, 'x') AS t FROM UNNEST(GENERATE_ARRAY(1, 10000)) AS n)";

fn engine() -> Engine {
    let mut limits = Limits::default();
    limits.held_bytes = 1 << 20;
    Engine::new(limits, || 0.0)
}

#[test]
fn long_values_are_counted_wherever_they_are_held() {
    for query in [
        "SELECT COUNT(*) FROM (SELECT t FROM {} GROUP BY t)",
        "SELECT COUNT(*) FROM (SELECT DISTINCT t FROM {})",
        "SELECT COUNT(DISTINCT t) FROM {}",
        "SELECT APPROX_COUNT_DISTINCT(t) FROM {}",
        "SELECT n, MAX(t) FROM {} GROUP BY n",
        "SELECT MIN(t) OVER (ORDER BY n DESC) FROM {}",
        "SELECT STRING_AGG(t) FROM {}",
        "SELECT STRING_AGG('', t) FROM {}",
        "SELECT ARRAY_AGG(t) FROM {}",
        "SELECT t FROM {} ORDER BY t",
        "WITH RECURSIVE r AS (SELECT 0 AS m, '' AS t UNION DISTINCT SELECT m + 1, s.t FROM r, {} AS s WHERE m < 1) SELECT COUNT(*) FROM r",
    ] {
        let error = host::run(&engine(), &query.replace("{}", LONG)).unwrap_err();
        assert_eq!(error.code().as_str(), "limit-exceeded", "{query}: {error}");
        assert!(error.first().hint.is_some(), "{query}: {error}");
    }
}

#[test]
fn statements_count_the_rows_that_they_take() {
    let engine = engine();
    host::run(&engine, "CREATE TABLE t (n INT64, t STRING); INSERT INTO t VALUES (1, 'x')").unwrap();
    for statement in [
        "CREATE TABLE u AS SELECT t FROM {}",
        "INSERT INTO t SELECT n, t FROM {}",
        "MERGE t USING {} AS s ON t.n = s.n WHEN NOT MATCHED THEN INSERT (n, t) VALUES (s.n, s.t)",
        "DECLARE x ARRAY<STRING>; SET x = ARRAY(SELECT t FROM {})",
        "WITH RECURSIVE r AS (SELECT 0 AS m, '' AS t UNION ALL SELECT m + 1, s.t FROM r, {} AS s WHERE m < 1) SELECT MAX(LENGTH(t)) FROM r",
    ] {
        let statement = statement.replace("{}", LONG);
        let error = host::run(&engine, &statement).unwrap_err();
        assert_eq!(error.code().as_str(), "limit-exceeded", "{statement}: {error}");
        assert!(error.first().hint.is_some(), "{statement}: {error}");
    }
    assert_eq!(host::run(&engine, "SELECT COUNT(*) AS c FROM t").unwrap().ints("c"), [1]);
    // A plan that is measured lets its rows go.
    host::run(&engine, &format!("EXPLAIN ANALYZE SELECT t FROM {LONG}")).unwrap();
}

#[test]
fn what_is_given_on_at_once_is_not_held() {
    for (query, wanted) in [
        ("SELECT COUNT(*) AS c FROM {} WHERE t LIKE '%42'", 100),
        ("SELECT SUM(LENGTH(t)) AS c FROM {}", 5_000_000),
        ("SELECT LENGTH(MAX(t)) AS c FROM {}", 500),
    ] {
        let outcome = host::run(&engine(), &query.replace("{}", LONG)).unwrap();
        assert_eq!(outcome.ints("c"), [wanted], "{query}");
    }
}

#[test]
fn what_one_row_makes_is_measured_before_it_is_made() {
    let doubling = "DECLARE s STRING DEFAULT 'x'; LOOP SET s = CONCAT(s, s); END LOOP";
    let joined = "SELECT ARRAY_TO_STRING(SPLIT(REPEAT('a,', 500000), ','), REPEAT('z', 100000))";
    for sql in [doubling, joined] {
        let error = host::run(&Engine::default(), sql).unwrap_err();
        assert_eq!(error.code().as_str(), "limit-exceeded", "{sql}: {error}");
        assert!(error.first().hint.is_some(), "{sql}: {error}");
    }
    // A pattern of two characters makes no text twice as long.
    let outcome = host::run(&Engine::default(), "SELECT LENGTH(LPAD('', 1000000, 'ab')) AS c").unwrap();
    assert_eq!(outcome.ints("c"), [1_000_000]);
}

#[test]
fn what_a_query_holds_is_counted_over_all_its_operators() {
    let mut limits = Limits::default();
    limits.memory_bytes = 8 << 20;
    let engine = Engine::new(limits, || 0.0);
    // Each side takes five megabytes, and so does the order of the rows.
    for (query, what) in [
        ("SELECT COUNT(*) FROM {} AS a JOIN {} AS b ON a.t = b.t JOIN {} AS c ON a.t = c.t", "JOIN"),
        ("SELECT a.t, b.t AS u FROM {} AS a JOIN {} AS b USING (n) ORDER BY a.t", "ORDER BY"),
        ("SELECT t, ROW_NUMBER() OVER (ORDER BY n) FROM (SELECT n, MAX(t) AS t FROM {} GROUP BY n)", "OVER"),
        ("SELECT COUNT(*) FROM (SELECT DISTINCT t FROM {})", "DISTINCT"),
        ("SELECT STRING_AGG(t), ARRAY_AGG(t) FROM {}", "an aggregate function"),
        (
            "WITH w AS (SELECT * FROM {}) SELECT x.t FROM w AS x JOIN w AS y USING (n) ORDER BY x.t",
            "ORDER BY",
        ),
    ] {
        let error = host::run(&engine, &query.replace("{}", LONG)).unwrap_err();
        assert_eq!(error.code().as_str(), "limit-exceeded", "{query}: {error}");
        assert!(error.first().message.contains(what), "{query}: {error}");
        let hint = error.first().hint.clone().unwrap_or_default();
        assert!(hint.contains("memoryLimit"), "{query}: {error}");
        // What it held is given back: one such operator has room again.
        let outcome = host::run(&engine, &format!("SELECT n FROM {LONG} ORDER BY t")).unwrap();
        assert_eq!(outcome.rows(), 10_000);
    }
}

#[test]
fn many_rows_are_sorted_as_few_are() {
    // 200,000 rows are sorted in pieces: whole numbers that come back in steps of a prime, with each of them twice.
    let rows = "(SELECT MOD(n * 7919, 100000) AS k, n, CAST(MOD(n, 7) AS STRING) AS s FROM UNNEST(GENERATE_ARRAY(0, 199999)) AS n)";
    let outcome = host::run(&Engine::default(), &format!("SELECT k, n FROM {rows} ORDER BY k DESC")).unwrap();
    let (keys, numbers) = (outcome.ints("k"), outcome.ints("n"));
    assert_eq!(keys, (0..200_000).map(|at| 99_999 - at / 2).collect::<Vec<_>>());
    // Equal rows keep their order.
    assert!(numbers.chunks(2).all(|pair| pair[0] + 100_000 == pair[1]));
    let some = host::run(
        &Engine::default(),
        &format!("SELECT IF(s = '3', NULL, s) AS s, n FROM {rows} ORDER BY s NULLS LAST, n DESC LIMIT 70000"),
    );
    let some = some.unwrap();
    // The first three remainders by 7 have 28,572 rows each.
    let wanted: Vec<i64> =
        [0, 1, 2].into_iter().flat_map(|first| (0..28_572).rev().map(move |at| at * 7 + first)).collect();
    assert_eq!(some.ints("n"), wanted[..70_000]);
}
