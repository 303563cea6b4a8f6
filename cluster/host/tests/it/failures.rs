//! What is said where something is not there, or not what it should be.

use predictql_host::{Catalog, NamedSource};

use crate::support::{failure, host};

#[test]
fn missing_files_are_named() {
    let host = host();
    let of = |path: &str| {
        failure(&host, &format!("CREATE MODEL m OPTIONS (model_type = 'ONNX', model_path = '{path}')"))
    };
    assert_eq!(of("nowhere/m.onnx"), "[resource-unavailable] `nowhere/m.onnx` was not found");
    assert_eq!(of("memory://m.onnx"), "[resource-unavailable] `memory://m.onnx` was not found");
    let words = of("ftp://host/m.onnx");
    assert!(words.contains("`ftp://host/m.onnx` is in a store of an unknown kind `ftp`"), "{words}");
    let words = failure(&host, "CREATE EXTERNAL TABLE t OPTIONS (format = 'CSV', uris = ['nowhere/*.csv'])");
    assert_eq!(words, "[resource-unavailable] no file matches `nowhere/*.csv`");
}

#[test]
fn a_file_of_a_catalog_is_named() {
    let opened = |name: &str, uri: &str| {
        let models = vec![NamedSource::new(name, uri)];
        Catalog { models, ..Catalog::default() }.open(&host()).map(drop).unwrap_err().to_string()
    };
    assert_eq!(opened("m", "nowhere/m.onnx"), "model `m`: `nowhere/m.onnx` was not found");
    let words = opened("m", "tables/iris.csv");
    assert!(words.starts_with("model `m`: `tables/iris.csv`: expected an ONNX model"), "{words}");
}

#[test]
fn a_store_that_cannot_be_reached_is_named() {
    // A port that was free a moment ago, and refuses now.
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let host = host();
    let uri = format!("http://127.0.0.1:{port}/m.onnx");
    let words = failure(&host, &format!("CREATE MODEL m OPTIONS (model_path = '{uri}')"));
    assert!(words.starts_with(&format!("[resource-unavailable] `{uri}` cannot be reached: ")), "{words}");
    assert!(words.contains("refused"), "{words}");
}

#[test]
fn web_servers_list_no_files() {
    let words =
        failure(&host(), "CREATE EXTERNAL TABLE t OPTIONS (format = 'CSV', uris = ['https://a.org/*.csv'])");
    assert!(words.contains("`https://a.org/*.csv` cannot be listed"), "{words}");
}

#[test]
fn damaged_files_are_named_with_the_place() {
    let host = host();
    host.stores().write("memory://bad.parquet", "PAR1 this is none PAR1").unwrap();
    let words = failure(
        &host,
        "CREATE EXTERNAL TABLE t OPTIONS (format = 'PARQUET', uris = ['memory://bad.parquet'])",
    );
    assert!(words.contains("`memory://bad.parquet` cannot be read as Parquet"), "{words}");
    host.stores().write("memory://bad.json", "{\"x\": 1}\n{\"x\": }\n").unwrap();
    let words =
        failure(&host, "CREATE EXTERNAL TABLE t OPTIONS (format = 'JSON', uris = ['memory://bad.json'])");
    assert!(
        words.contains("`memory://bad.json` is neither JSON nor one JSON object a line: line 2"),
        "{words}"
    );
    host.stores().write("memory://mixed.json", "{\"x\": 1}\n{\"x\": \"a\"}\n").unwrap();
    let words =
        failure(&host, "CREATE EXTERNAL TABLE t OPTIONS (format = 'JSON', uris = ['memory://mixed.json'])");
    assert!(words.contains("column `x` holds STRING and INT64 in row 2"), "{words}");
}

#[test]
fn a_place_that_takes_no_file_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path().to_str().unwrap();
    let words = |uri: &str| {
        failure(
            &host(),
            &format!(
                "EXPORT DATA OPTIONS (uri = '{uri}', format = 'CSV', overwrite = TRUE) AS SELECT 1 AS x"
            ),
        )
    };
    for (uri, why) in [
        ("/dev/null/rows.csv", "not a directory in `/dev/null`"),
        ("/proc/rows.csv", "in `/proc`"),
        ("/dev/null", "it is a folder or a device"),
        (folder, "it is a folder or a device"),
        (&format!("{folder}/mistyped/rows.csv"), &format!("the folder `{folder}/mistyped` does not exist")),
    ] {
        let words = words(uri);
        assert!(words.contains(&format!("`{uri}` cannot be written")) && words.contains(why), "{words}");
    }
    assert_eq!(std::fs::read_dir(folder).unwrap().count(), 0);
}
