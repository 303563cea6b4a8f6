//! Statements, each in one process and on a cluster.

use std::ops::ControlFlow;
use std::sync::Arc;

use futures::TryStreamExt;
use predictql::data::Batch;
use predictql::{Arrival, Dialect, Params, Query};
use predictql_datafusion::Failure;
use predictql_host::{Catalog, Host, Job, NamedSource, Run};

use crate::loopback::{cluster, host};
use crate::notation;

type Told = Result<Vec<Vec<String>>, String>;

/// The first statement of a text, bound over the fixtures, and its job.
fn statement(sql: &str) -> (Query, Host, Job) {
    let catalog = Catalog {
        models: vec![NamedSource::new("forest", "models/iris_rf.onnx")],
        tables: vec![NamedSource::new("iris", "tables/iris.csv")],
    };
    let host = host();
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

fn in_one_process(sql: &str) -> Told {
    let mut batches = Vec::new();
    let (query, host, _) = statement(sql);
    let ran = host.run(query, &mut |batch| {
        batches.push(batch);
        ControlFlow::Continue(())
    });
    match ran {
        Ok(_) => Ok(batches.iter().flat_map(notation::rows).collect()),
        Err(error) => Err(error.to_string()),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_and_errors_are_those_of_one_process() {
    let cluster = cluster().await;
    for sql in [
        "SELECT sepal_length * 2 AS x FROM iris WHERE petal_width > 1",
        "SELECT species, COUNT(*) AS n, AVG(petal_length) AS l FROM iris GROUP BY species",
        "SELECT label, COUNT(*) AS n FROM ML.PREDICT(MODEL forest, TABLE iris) GROUP BY label ORDER BY n DESC, label",
        "SELECT * FROM ML.PREDICT(MODEL forest, TABLE iris) ORDER BY sepal_width, petal_width LIMIT 20",
        "SELECT a.species, b.n FROM iris AS a JOIN (SELECT species, COUNT(*) AS n FROM iris GROUP BY species) AS b USING (species) WHERE a.sepal_length > (SELECT AVG(sepal_length) FROM iris)",
        "SELECT 1 / (sepal_length - 5.1) AS x FROM iris",
        "SELECT 1 / (sepal_length - 4.9) AS x FROM iris LIMIT 1",
    ] {
        let expected = in_one_process(sql);
        let (query, host, job) = statement(sql);
        let schema = query.schema().cloned().unwrap();
        let rows = cluster.rows(Arc::new(job), query, host, 4).await.unwrap();
        let found: Result<Vec<_>, _> = rows.try_collect().await;
        let found = found.map_err(|error| Failure::of(&error).map_or(format!("{error:?}"), |it| it.to_string()));
        let found = found.map(|batches| {
            let batches = batches.iter().map(|it| Batch::of(&schema, it.num_rows(), it.columns().to_vec()).unwrap());
            batches.flat_map(|batch| notation::rows(&batch)).collect::<Vec<_>>()
        });
        assert_eq!(found, expected, "{sql}");
    }
}
