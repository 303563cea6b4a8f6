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
