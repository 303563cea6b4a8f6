//! Tables of Parquet files: row groups that are read while a query runs, and in parts.

use std::sync::Arc;

use arrow_array::{ArrayRef, Float32Array, Int64Array, RecordBatch, StringArray};
use parquet::arrow::ArrowWriter;
use parquet::file::properties::WriterProperties;
use predictql::table::Part;
use predictql::{Arrival, Engine, Params, Query, Step};
use predictql_host::{Catalog, Host, NamedSource, Stores};

use crate::support::{rows, run};

/// A file of `rows` rows from `first` on, of which each row group has `group`: a number, half of it, and its text.
fn file(first: i64, rows: i64, group: usize) -> Vec<u8> {
    let numbers = first..first + rows;
    let batch = RecordBatch::try_from_iter([
        ("x", Arc::new(Int64Array::from_iter_values(numbers.clone())) as _),
        ("half", Arc::new(numbers.clone().map(|x| Some(x as f32 / 2.0)).collect::<Float32Array>()) as _),
        ("text", Arc::new(numbers.map(|x| Some(x.to_string())).collect::<StringArray>()) as _),
    ])
    .unwrap();
    let properties = WriterProperties::builder().set_max_row_group_row_count(Some(group)).build();
    let mut writer = ArrowWriter::try_new(Vec::new(), batch.schema(), Some(properties)).unwrap();
    writer.write(&batch).unwrap();
    writer.into_inner().unwrap()
}

fn host(files: &[(&str, Vec<u8>)]) -> Host {
    let stores = Stores::new();
    for (uri, bytes) in files {
        stores.write(uri, bytes.clone()).unwrap();
    }
    Host::new(stores)
}

fn table(uri: &str) -> Catalog {
    Catalog { tables: vec![NamedSource::new("t", uri)], ..Catalog::default() }
}

/// Three files, of few row groups and many, and one without rows.
fn several() -> Host {
    host(&[
        ("memory://in/a.parquet", file(0, 10, 4)),
        ("memory://in/b.parquet", file(10, 0, 4)),
        ("memory://in/c.parquet", file(10, 50, 3)),
    ])
}

#[test]
fn files_are_read_in_order_and_as_far_as_columns_are_wanted() {
    let host = several();
    let engine = table("memory://in/*.parquet").open(&host).unwrap();
    let texts: Vec<_> = (0..60).map(|x| x.to_string()).collect();
    assert_eq!(rows(&host, &engine, "SELECT text FROM t").unwrap(), texts);
    let sql = "SELECT TO_JSON_STRING(STRUCT(half, text, x)) FROM t WHERE x = 13";
    assert_eq!(rows(&host, &engine, sql).unwrap(), [r#"{"half":6.5,"text":"13","x":13}"#]);
    let sql = "SELECT CONCAT(COUNT(*), ' ', SUM(half)) FROM t";
    assert_eq!(rows(&host, &engine, sql).unwrap(), ["60 885"]);
    let sql = "SELECT CONCAT(COUNT(*)) FROM t AS one JOIN t AS other ON one.x = other.x + 1";
    assert_eq!(rows(&host, &engine, sql).unwrap(), ["59"]);
}

#[test]
fn statements_make_tables_whose_rows_are_read_while_queries_run() {
    let host = several();
    let sql = |statements: &str| run(&host, statements);
    let created = "CREATE EXTERNAL TABLE t OPTIONS (format = 'PARQUET', uris = ['memory://in/*.parquet'])";
    let count = "SELECT CONCAT(COUNT(*)) FROM t";
    assert_eq!(sql(&format!("{created}; {count}")).unwrap(), ["60"]);
    // Nothing but footers was read before.
    let before = host.rows_read();
    sql(created).unwrap();
    assert_eq!(host.rows_read(), before);
    let replaced = created.replace("CREATE", "CREATE OR REPLACE").replace('*', "a");
    assert_eq!(sql(&format!("{created}; {replaced}; {count}")).unwrap(), ["10"]);
    let declared = created.replace(" OPTIONS", " (x FLOAT64, text STRING) OPTIONS");
    let row = "SELECT TO_JSON_STRING(r) FROM t AS r WHERE x = 2";
    assert_eq!(sql(&format!("{declared}; {row}")).unwrap(), [r#"{"x":2,"text":"2"}"#]);
    let words = sql(&format!("{created}; INSERT INTO t VALUES (1, 2, '3')")).unwrap_err().to_string();
    assert!(words.contains("[read-only]"), "{words}");
}

#[test]
fn parts_follow_each_other() {
    let host = several();
    for uri in ["memory://in/*.parquet", "memory://in/a.parquet"] {
        let host = host.of_parts();
        let engine = table(uri).open(&host).unwrap();
        let sql = "SELECT text FROM t WHERE MOD(x, 7) != 3";
        let whole = rows(&host, &engine, sql).unwrap();
        for of in 1..6 {
            let query = bound(&engine, sql);
            let fragments =
                query.fragments(Arrival::AnyOrder).unwrap().expect("a query over a table is divided");
            assert_eq!(fragments.all().len(), 1);
            let mut found = Vec::new();
            for number in 0..of {
                found.extend(finished(&host, fragments.query(0, Part { number, of }).unwrap()));
            }
            assert_eq!(found, whole, "{uri} in {of}");
        }
    }
}

fn bound(engine: &Engine, sql: &str) -> Query {
    engine.session().script(sql, Params::default()).unwrap().next().unwrap().unwrap()
}

fn finished(host: &Host, mut query: Query) -> Vec<String> {
    let mut answers = host.answers();
    let mut found = Vec::new();
    loop {
        match query.step().unwrap() {
            Step::Need(requests) => answers.answer(&mut query, requests, &mut ()).unwrap(),
            Step::Batch(batch) => found.extend(crate::support::texts(&batch)),
            Step::Progress(_) => {}
            Step::Done(_) => return found,
        }
    }
}

#[test]
fn a_broken_row_group_is_named_and_none_is_read_too_early() {
    let mut bytes = file(0, 3_000, 1_000);
    let footer = u32::from_le_bytes(bytes[bytes.len() - 8..bytes.len() - 4].try_into().unwrap()) as usize;
    let values = bytes.len() - footer - 8;
    // The pages of the second of three row groups.
    bytes[values / 3 + 100..values * 2 / 3 - 100].fill(0xff);
    let host = host(&[("memory://broken.parquet", bytes)]);
    let engine = table("memory://broken.parquet").open(&host).unwrap();
    let first = rows(&host, &engine, "SELECT text FROM t LIMIT 1000").unwrap();
    assert_eq!(first.len(), 1_000);
    let words = rows(&host, &engine, "SELECT text FROM t").unwrap_err().to_string();
    let expected = "[resource-unavailable] `memory://broken.parquet`: row group 2 cannot be read: ";
    assert!(words.starts_with(expected), "{words}");
}

#[test]
fn a_file_of_other_columns_is_named_with_what_differs() {
    let other = |columns: [(&str, ArrayRef); 3]| {
        let batch = RecordBatch::try_from_iter(columns).unwrap();
        let mut writer = ArrowWriter::try_new(Vec::new(), batch.schema(), None).unwrap();
        writer.write(&batch).unwrap();
        writer.into_inner().unwrap()
    };
    let whole: ArrayRef = Arc::new(Int64Array::from(vec![1]));
    let float: ArrayRef = Arc::new(Float32Array::from(vec![1.0]));
    let text: ArrayRef = Arc::new(StringArray::from(vec!["1"]));
    let words = |bytes: Vec<u8>| {
        let host = host(&[("memory://in/a.parquet", file(0, 1, 1)), ("memory://in/b.parquet", bytes)]);
        Catalog {
            tables: vec![NamedSource::new("t", "memory://in/*").with("format", "parquet")],
            ..Catalog::default()
        }
        .open(&host)
        .err()
        .unwrap()
        .to_string()
    };
    assert_eq!(
        words(other([("x", text.clone()), ("half", float.clone()), ("text", text.clone())])),
        "table `t`: `memory://in/b.parquet`: column `x` holds STRING, and INT64 in `memory://in/a.parquet`"
    );
    assert_eq!(
        words(other([("x", whole.clone()), ("half", float.clone()), ("word", text.clone())])),
        "table `t`: `memory://in/b.parquet`: column `text` is missing, which holds STRING in `memory://in/a.parquet`"
    );
    // The order of columns is no difference.
    let host = host(&[
        ("memory://in/a.parquet", file(0, 1, 1)),
        ("memory://in/b.parquet", other([("TEXT", text), ("half", float), ("x", whole)])),
    ]);
    let engine = table("memory://in/*.parquet").open(&host).unwrap();
    let sql = "SELECT TO_JSON_STRING(r) FROM t AS r";
    assert_eq!(
        rows(&host, &engine, sql).unwrap(),
        [r#"{"x":0,"half":0,"text":"0"}"#, r#"{"x":1,"half":1,"text":"1"}"#]
    );
}
