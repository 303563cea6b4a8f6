//! Named time zones, whose rules the host knows, beside Python's.

use predictql::diag::Code;
use predictql::table::CsvOptions;
use predictql::{Engine, Limits};

use crate::host::{engine, read, run};

#[test]
fn times_in_zones_are_pythons() {
    let engine = engine();
    engine.register_csv("times", &read("tables/time_zones.csv"), &CsvOptions::default()).unwrap();
    // Rows go through the functions that take a zone, and through texts that name one.
    let wrong = run(
        &engine,
        "SELECT zone, seconds FROM (
           SELECT *, FORMAT_TIMESTAMP('%F %T', shown) AS shown_text, FORMAT_TIMESTAMP('%F %T', local) AS local_text,
             TIMESTAMP_SECONDS(seconds) AS t FROM times)
         WHERE FORMAT_TIMESTAMP('%F %T', t, zone) != shown_text
            OR DATE(t, zone) != DATE(shown)
            OR EXTRACT(HOUR FROM t AT TIME ZONE zone) != EXTRACT(HOUR FROM shown)
            OR EXTRACT(DATE FROM t AT TIME ZONE zone) != EXTRACT(DATE FROM shown)
            OR LEFT(STRING(t, zone), 19) != shown_text
            OR TIMESTAMP(STRING(t, zone)) != t
            OR PARSE_TIMESTAMP('%F %T %z', FORMAT_TIMESTAMP('%F %T %z', t, zone)) != t
            OR UNIX_SECONDS(TIMESTAMP(local_text, zone)) != moment
            OR UNIX_SECONDS(CAST(CONCAT(local_text, ' ', zone) AS TIMESTAMP)) != moment
            OR UNIX_SECONDS(PARSE_TIMESTAMP('%F %T', local_text, zone)) != moment
            OR UNIX_SECONDS(PARSE_TIMESTAMP('%F %T %Z', CONCAT(local_text, ' ', zone))) != moment
            OR TIMESTAMP_TRUNC(t, DAY, zone) != TIMESTAMP(DATE(t, zone), zone)
            OR TIMESTAMP_TRUNC(t, MONTH, zone) != TIMESTAMP(DATE_TRUNC(DATE(t, zone), MONTH), zone)",
    )
    .unwrap();
    assert_eq!(wrong.texts("zone"), Vec::<String>::new());
    let rows = run(&engine, "SELECT CAST(COUNT(*) AS STRING) AS n FROM times").unwrap();
    assert_eq!(rows.texts("n"), ["815"]);
}

#[test]
fn without_a_database_names_are_refused_even_where_errors_become_null() {
    let engine = Engine::default();
    for sql in [
        "SELECT TIMESTAMP '2020-01-02 03:04:05 Europe/Paris'",
        "SELECT SAFE_CAST('2020-01-02 03:04:05 Europe/Paris' AS TIMESTAMP)",
        "SELECT SAFE.TIMESTAMP('2020-01-02', 'Europe/Paris')",
        "SELECT SAFE.FORMAT_TIMESTAMP('%H', TIMESTAMP '2020-01-02', zone) FROM UNNEST(['UTC', 'Europe/Paris']) AS zone",
    ] {
        let error = run(&engine, sql).err().unwrap();
        assert_eq!(error.code(), Code::UnsupportedSyntax, "{sql}: {error}");
    }
}

#[test]
fn a_host_that_answers_nonsense_is_told_so() {
    let engine = Engine::with_time_zones(Limits::default(), || 0.0, |_, from, _| Some(vec![(from + 1, 0)]));
    let error = run(&engine, "SELECT DATE(CURRENT_TIMESTAMP(), 'Europe/Paris')").err().unwrap();
    assert_eq!(error.code(), Code::Internal);
}
