//! Statements, each in one process and on a cluster.

use std::ops::ControlFlow;
use std::sync::Arc;

use arrow_array::{ArrayRef, Int64Array, RecordBatch};
use futures::TryStreamExt;
use parquet::arrow::ArrowWriter;
use parquet::basic::Compression;
use parquet::file::properties::WriterProperties;
use predictql::data::Batch;
use predictql::diag::Diagnostic;
use predictql::{Arrival, Dialect, Params, Query, Summary};
use predictql_ballista::Cluster;
use predictql_datafusion::Failure;
use predictql_host::{Catalog, Host, Job, NamedSource, Run, Stores};

use crate::loopback::{cluster, cluster_over, host, repository};
use crate::notation;

type Told = Result<Vec<Vec<String>>, String>;

/// What statements run over.
struct Over {
    host: Host,
    catalog: Catalog,
}

/// The models and tables of the tests.
fn fixtures() -> Over {
    let catalog = Catalog {
        models: vec![
            NamedSource::new("forest", "models/iris_rf.onnx"),
            NamedSource::new("boosting", "models/gb_multi.onnx"),
            NamedSource::new("network", "models/encoder_blocks.onnx"),
        ],
        tables: vec![NamedSource::new("iris", "tables/iris.csv")],
    };
    Over { host: host(), catalog }
}

/// The pictures of the demo page and what classifies them, which `cargo xtask test` makes before.
fn gallery() -> Over {
    let catalog = Catalog {
        models: vec![NamedSource::new("classifier", "efficientnet-lite0.onnx")],
        tables: vec![NamedSource::new("pictures", "c*.png")],
    };
    Over { host: Host::new(Stores::within(repository().join("www/public/demo"))), catalog }
}

/// The first statement of a text, bound, and its job.
fn statement(Over { host, catalog }: Over, sql: &str) -> (Query, Host, Job) {
    let engine = catalog.open(&host).unwrap();
    let (now, seed) = (1.7e12, 7.0);
    let mut run = Run::new(&engine, sql, Some(Dialect::BigQuery), Params::default(), now, seed).unwrap();
    let (statement, query) = run.next().unwrap().unwrap();
    let fragments = query.fragments(Arrival::AnyOrder).unwrap().unwrap();
    let job = Job {
        version: "0.1.0".into(),
        catalog_digest: catalog.digest(&host).unwrap(),
        catalog,
        script: sql.into(),
        is_tsql: false,
        parameters: Vec::new(),
        now,
        seed,
        statement,
        digest: fragments.digest().unwrap(),
    };
    (query, host, job)
}

fn in_one_process(over: Over, sql: &str) -> Told {
    with_summary(over, sql).map(|(rows, _)| rows)
}

/// The rows of a statement, and what it tells beside them.
fn with_summary(over: Over, sql: &str) -> Result<(Vec<Vec<String>>, Summary), String> {
    let mut batches = Vec::new();
    let (mut query, host, _) = statement(over, sql);
    let ran = host.run(&mut query, &mut (), &mut |batch| {
        batches.push(batch);
        ControlFlow::Continue(())
    });
    let summary = ran.map_err(|error| error.to_string())?;
    Ok((batches.iter().flat_map(notation::rows).collect(), summary))
}

async fn on(cluster: &Cluster, over: Over, sql: &str, parts: usize, change: impl FnOnce(&mut Job)) -> Told {
    with_summary_on(cluster, over, sql, parts, change).await.map(|(rows, _)| rows)
}

async fn with_summary_on(
    cluster: &Cluster,
    over: Over,
    sql: &str,
    parts: usize,
    change: impl FnOnce(&mut Job),
) -> Result<(Vec<Vec<String>>, Summary), String> {
    let (query, host, mut job) = statement(over, sql);
    change(&mut job);
    let schema = query.schema().cloned().unwrap();
    let fragments = query.fragments(Arrival::AnyOrder).unwrap().unwrap();
    let (rows, ended) = cluster.rows(Arc::new(job), fragments, query, host, parts).await.unwrap();
    let rows: Result<Vec<_>, _> = rows.try_collect().await;
    let rows = rows.map_err(|error| Failure::of(&error).map_or(format!("{error:?}"), |it| it.to_string()))?;
    let batches = rows.iter().map(|it| Batch::of(&schema, it.num_rows(), it.columns().to_vec()).unwrap());
    Ok((batches.flat_map(|batch| notation::rows(&batch)).collect(), ended.summary().unwrap()))
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_and_errors_are_those_of_one_process() {
    let cluster = cluster().await;
    for sql in [
        "SELECT sepal_length * 2 AS x FROM iris WHERE petal_width > 1",
        "SELECT species, COUNT(*) AS n, AVG(petal_length) AS l FROM iris GROUP BY species",
        "SELECT label, COUNT(*) AS n FROM ML.PREDICT(MODEL forest, TABLE iris) GROUP BY label ORDER BY n DESC, label",
        "SELECT * FROM ML.PREDICT(MODEL forest, TABLE iris) ORDER BY sepal_width, petal_width LIMIT 20",
        "SELECT * FROM ML.PREDICT(MODEL boosting, (SELECT [sepal_length, sepal_width, petal_length, petal_width, 0, 1] AS features FROM iris))",
        "SELECT * FROM ML.PREDICT(MODEL network, (SELECT ARRAY(SELECT CAST(petal_length AS INT64) FROM UNNEST(GENERATE_ARRAY(1, 8))) AS input_ids, \
         [1, 1, 1, 1, 1, 1, 0, 0] AS attention_mask, petal_length FROM iris)) ORDER BY petal_length DESC",
        "SELECT a.species, b.n FROM iris AS a JOIN (SELECT species, COUNT(*) AS n FROM iris GROUP BY species) AS b USING (species) \
         WHERE a.sepal_length > (SELECT AVG(sepal_length) FROM iris)",
        "SELECT 1 / (sepal_length - 5.1) AS x FROM iris",
        "SELECT 1 / (sepal_length - 4.9) AS x FROM iris LIMIT 1",
    ] {
        let expected = in_one_process(fixtures(), sql);
        for parts in [1, 2, 5] {
            let found = on(&cluster, fixtures(), sql, parts, |_| {}).await;
            assert_eq!(found, expected, "{sql} in {parts} parts");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn pictures_are_classified_as_in_one_process() {
    let sql = "SELECT uri, label, probabilities FROM ML.PREDICT(MODEL classifier, \
        (SELECT uri, ML.RESIZE_IMAGE(ML.DECODE_IMAGE(data), 224, 224, FALSE) AS input FROM pictures)) ORDER BY uri DESC";
    let rows = in_one_process(gallery(), sql);
    assert_eq!(on(&cluster_over(gallery().host, 1).await, gallery(), sql, 2, |_| {}).await, rows);
    let text = std::fs::read_to_string(repository().join("tests/fixtures/expected/pictures.json")).unwrap();
    let expected: serde_json::Value = serde_json::from_str(&text).unwrap();
    let found: Vec<_> = rows.unwrap().into_iter().map(|row| row[..2].to_vec()).collect();
    let label = |uri: &str| vec![uri.to_owned(), expected["pictures"][uri]["label"].as_str().unwrap().into()];
    assert_eq!(found, ["coffee.png", "chelsea.png"].map(label));
}

#[tokio::test(flavor = "multi_thread")]
async fn executors_refuse_jobs_that_mean_something_else_there() {
    let sql = "SELECT species FROM ML.PREDICT(MODEL forest, TABLE iris)";
    let cluster = cluster().await;
    let told = on(&cluster, fixtures(), sql, 4, |job| job.version = "0.0.9".into()).await.unwrap_err();
    assert!(told.contains("0.0.9") && told.contains(env!("CARGO_PKG_VERSION")), "{told}");
    let told = on(&cluster, fixtures(), sql, 4, |job| job.catalog_digest = "other".into()).await.unwrap_err();
    assert!(told.contains("another file here"), "{told}");
    let told = on(&cluster, fixtures(), sql, 4, |job| job.digest = "other".into()).await.unwrap_err();
    assert!(told.contains("something else here"), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_executors_do_not_have_is_named() {
    let elsewhere = Host::new(Stores::within(repository().join("tests/suite")));
    let cluster = cluster_over(elsewhere, 1).await;
    let told = on(&cluster, fixtures(), "SELECT species FROM iris", 2, |_| {}).await.unwrap_err();
    assert!(told.contains("models/iris_rf.onnx"), "{told}");
}

/// Pictures of the fixtures, of which some are broken and some lie on their side, and a forest.
fn broken_pictures(uris: &[&str]) -> Over {
    let mut table = NamedSource::new("pictures", uris[0]);
    table.uris = uris.iter().map(|uri| (*uri).to_owned()).collect();
    let models = vec![NamedSource::new("forest", "models/iris_rf.onnx")];
    Over { host: host(), catalog: Catalog { models, tables: vec![table] } }
}

#[tokio::test(flavor = "multi_thread")]
async fn warnings_of_executors_are_those_of_one_process() {
    let cluster = cluster().await;
    let files = ["images/bad/*", "images/exif_orientation_*.jpg"];
    for (sql, turned, failed) in [
        ("SELECT uri FROM pictures WHERE SAFE.ML.DECODE_IMAGE(data) IS NULL ORDER BY uri", 1, 17),
        (
            "SELECT content_type, COUNT(SAFE.ML.DECODE_IMAGE(data)) AS n FROM pictures GROUP BY content_type ORDER BY n",
            1,
            17,
        ),
        (
            "SELECT a.uri FROM pictures AS a JOIN (SELECT uri FROM pictures WHERE SAFE.ML.DECODE_IMAGE(data) IS NOT NULL) AS b USING (uri)",
            1,
            17,
        ),
        ("SELECT uri FROM pictures WHERE uri LIKE '%_1.jpg'", 0, 0),
    ] {
        let (rows, expected) = with_summary(broken_pictures(&files), sql).unwrap();
        let (found, summary) =
            with_summary_on(&cluster, broken_pictures(&files), sql, 5, |_| {}).await.unwrap();
        assert_eq!(found, rows, "{sql}");
        let count = |code: &str| summary.warnings.iter().filter(|it| it.code.as_str() == code).count();
        assert_eq!((count("orientation-ignored"), count("failed-row")), (turned, failed), "{sql}");
        let words = |summary: &Summary| {
            // A row that has no name has a number in one piece, which parts do not know.
            let unnumbered =
                |message: &str| match message.strip_prefix("row ").and_then(|it| it.split_once(": ")) {
                    Some((_, words)) => words.to_owned(),
                    None => message.to_owned(),
                };
            let word = |it: &Diagnostic| {
                (unnumbered(&it.message), it.hint.clone(), it.span.map(|span| (span.start, span.end)))
            };
            let mut words: Vec<_> = summary.warnings.iter().map(word).collect();
            words.sort();
            let failed = words.iter().filter(|(words, ..)| words.contains("the row has NULL for it"));
            assert!(
                failed.into_iter().all(|(words, ..)| words.starts_with("`images/bad/")),
                "{sql}: {words:?}"
            );
            words
        };
        assert_eq!(words(&summary), words(&expected), "{sql}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_that_models_have_read_on_executors_are_counted() {
    let sql = "SELECT label, COUNT(*) AS n FROM ML.PREDICT(MODEL forest, TABLE iris) GROUP BY label";
    let (_, summary) = with_summary_on(&cluster().await, fixtures(), sql, 4, |_| {}).await.unwrap();
    assert_eq!((summary.counts.model_rows, summary.counts.rows), (150, 3));
}

/// A table of 40 numbers in four row groups, each host with its own file under the same name.
fn numbers(damage: bool) -> Over {
    let host = Host::new(Stores::new());
    let name = "memory://numbers.parquet";
    let mut bytes = parquet_of_numbers(40, 10);
    if damage {
        // The third row group's only page, behind its header.
        let at = bytes.windows(8).position(|it| it == 20_i64.to_le_bytes()).unwrap();
        bytes[at - 24..at].fill(0xff);
    }
    host.stores().write(name, bytes).unwrap();
    Over { host, catalog: Catalog { models: Vec::new(), tables: vec![NamedSource::new("numbers", name)] } }
}

fn parquet_of_numbers(rows: i64, group: usize) -> Vec<u8> {
    let numbers: ArrayRef = Arc::new(Int64Array::from_iter_values(0..rows));
    let batch = RecordBatch::try_from_iter([("n", numbers)]).unwrap();
    let properties = WriterProperties::builder()
        .set_max_row_group_row_count(Some(group))
        .set_dictionary_enabled(false)
        .set_compression(Compression::UNCOMPRESSED)
        .build();
    let mut bytes = Vec::new();
    let mut writer = ArrowWriter::try_new(&mut bytes, batch.schema(), Some(properties)).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
    bytes
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_group_that_executors_cannot_read_is_named_with_them() {
    for sql in ["SELECT n FROM numbers", "SELECT MOD(n, 3) AS m, SUM(n) AS s FROM numbers GROUP BY m"] {
        let well = cluster_over(numbers(false).host, 1).await;
        let rows = on(&well, numbers(false), sql, 4, |_| {}).await;
        assert_eq!(rows, in_one_process(numbers(false), sql));
        let damaged = cluster_over(numbers(true).host, 1).await;
        let told = on(&damaged, numbers(false), sql, 4, |_| {}).await.unwrap_err();
        assert!(told.contains("executor ") && told.contains("memory://numbers.parquet"), "{told}");
        assert!(told.contains("row group 3"), "{told}");
    }
}
