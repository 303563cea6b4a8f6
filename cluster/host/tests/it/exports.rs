//! EXPORT DATA into stores, read back by the statements that read such files.

use crate::support::{failure, host, run};

const ROWS: &str =
    "SELECT x, IF(x = 2, NULL, CONCAT('t', CAST(x AS STRING))) AS t, x / 4 AS f FROM UNNEST([1, 2, 3]) AS x";

#[test]
fn files_are_read_back_with_the_same_rows() {
    let folder = tempfile::tempdir().unwrap();
    for root in [
        format!("{}/", folder.path().display()),
        "memory://".into(),
        format!("file://{}/f", folder.path().display()),
    ] {
        for (format, more) in [
            ("CSV", ", header = TRUE"),
            ("CSV", ", header = TRUE, compression = 'GZIP'"),
            ("JSON", ""),
            ("JSON", ", compression = 'GZIP'"),
            ("PARQUET", ""),
            ("ARROW", ""),
        ] {
            let host = host();
            let uri = format!("{root}rows.{format}");
            let sql = format!(
                "EXPORT DATA OPTIONS (uri = '{uri}', format = '{format}', overwrite = TRUE{more}) AS {ROWS};
                 CREATE EXTERNAL TABLE t OPTIONS (format = '{format}', uris = ['{uri}']);
                 SELECT TO_JSON_STRING(r) FROM t AS r"
            );
            assert_eq!(
                run(&host, &sql).unwrap_or_else(|error| panic!("{sql}: {error}")),
                [
                    r#"{"x":1,"t":"t1","f":0.25}"#,
                    r#"{"x":2,"t":null,"f":0.5}"#,
                    r#"{"x":3,"t":"t3","f":0.75}"#
                ],
                "{uri}{more}"
            );
        }
    }
}

#[test]
fn a_file_that_is_there_stays_unless_it_is_to_be_overwritten() {
    let host = host();
    host.stores().write("memory://here.csv", "mine").unwrap();
    let words =
        failure(&host, "EXPORT DATA OPTIONS (uri = 'memory://here.csv', format = 'CSV') AS SELECT 1 AS x");
    assert!(words.contains("`memory://here.csv` is there already"), "{words}");
    assert_eq!(host.stores().read("memory://here.csv").unwrap(), "mine");
}

#[test]
fn nothing_is_left_of_a_statement_that_fails() {
    let folder = tempfile::tempdir().unwrap();
    let host = host();
    let uri = format!("{}/rows.csv", folder.path().display());
    // More than is held before it is sent, and an error behind it.
    let sql = format!(
        "EXPORT DATA OPTIONS (uri = '{uri}', format = 'CSV') AS
         SELECT REPEAT('x', 1000) AS t, 1 / (x - 30000) AS f FROM UNNEST(GENERATE_ARRAY(1, 30000)) AS x"
    );
    let words = failure(&host, &sql);
    assert!(words.contains("division-by-zero"), "{words}");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}
