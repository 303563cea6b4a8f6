//! `predict` in DataFusion's own SQL: what it gives is what ML.PREDICT gives.

use std::ops::ControlFlow;
use std::sync::Arc;

use arrow_array::RecordBatch;
use arrow_array::cast::AsArray;
use arrow_array::types::Int64Type;
use datafusion::arrow::util::pretty::pretty_format_batches;
use datafusion::datasource::MemTable;
use datafusion::prelude::SessionContext;
use predictql::Params;
use predictql_datafusion::{predict_function, register_predict};
use predictql_host::{Catalog, NamedSource};

use crate::support::host;

fn catalog() -> Catalog {
    let models = vec![NamedSource::new("forest", "models/iris_rf.onnx")];
    Catalog { models, tables: vec![NamedSource::new("iris", "tables/iris.csv")] }
}

/// The rows of a statement of the engine.
fn rows(sql: &str) -> RecordBatch {
    let host = host();
    let engine = catalog().open(&host).unwrap();
    let mut query = engine.session().script(sql, Params::default()).unwrap().next().unwrap().unwrap();
    let schema = Arc::new(query.schema().unwrap().to_arrow());
    let mut batches = Vec::new();
    let ran = host.run(&mut query, &mut (), &mut |batch| {
        batches.push(RecordBatch::try_new(schema.clone(), batch.columns().to_vec()).unwrap());
        ControlFlow::Continue(())
    });
    ran.unwrap();
    datafusion::arrow::compute::concat_batches(&schema, &batches).unwrap()
}

fn context() -> SessionContext {
    let context = SessionContext::new();
    let iris = rows("SELECT * FROM iris");
    let table = MemTable::try_new(iris.schema(), vec![vec![iris.slice(0, 70)], vec![iris.slice(70, 80)]]);
    context.register_table("flowers", Arc::new(table.unwrap())).unwrap();
    context
}

async fn collected(context: &SessionContext, sql: &str) -> Result<Vec<RecordBatch>, String> {
    let frame = context.sql(sql).await.map_err(|error| error.to_string())?;
    frame.collect().await.map_err(|error| error.to_string())
}

const BY_NAME: &str = "SELECT p['label'] AS label, COUNT(*) AS n FROM \
    (SELECT predict('forest', sepal_length, sepal_width, petal_length, petal_width) AS p FROM flowers) \
    GROUP BY 1 ORDER BY 1";

#[tokio::test(flavor = "multi_thread")]
async fn it_gives_what_ml_predict_gives() {
    let expected = rows(
        "SELECT label, COUNT(*) AS n FROM ML.PREDICT(MODEL forest, TABLE iris) GROUP BY label ORDER BY label",
    );
    let expected = pretty_format_batches(&[expected]).unwrap().to_string();
    let waiting = context();
    register_predict(&waiting, &catalog(), &host()).unwrap();
    let plain = context();
    plain.register_udf(predict_function(&catalog(), &host()).unwrap());
    for context in [waiting, plain] {
        let found = collected(&context, BY_NAME).await.unwrap();
        assert_eq!(pretty_format_batches(&found).unwrap().to_string(), expected);
        let sql = "SELECT predict('forest', sepal_length + 0, sepal_width, petal_length, petal_width) AS p FROM flowers";
        let found = collected(&context, sql).await.unwrap();
        assert_eq!(found.iter().map(RecordBatch::num_rows).sum::<usize>(), 150);
        let labels = rows("SELECT label FROM ML.PREDICT(MODEL forest, TABLE iris)");
        let found = found.iter().flat_map(|batch| {
            let inside = batch.column(0).as_struct();
            inside.column_by_name("label").unwrap().as_primitive::<Int64Type>().values().to_vec()
        });
        let mut found: Vec<_> = found.collect();
        let mut expected = labels.column(0).as_primitive::<Int64Type>().values().to_vec();
        found.sort_unstable();
        expected.sort_unstable();
        assert_eq!(found, expected);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_struct_gives_inputs_by_their_names() {
    let context = context();
    register_predict(&context, &catalog(), &host()).unwrap();
    let sql = "SELECT predict('forest', named_struct('petal_width', 0.2, 'petal_length', 1.4, 'sepal_width', 3.5, \
        'sepal_length', 5.1))['label'] AS label FROM flowers LIMIT 1";
    let found = collected(&context, sql).await.unwrap();
    assert_eq!(found[0].column(0).as_primitive::<Int64Type>().value(0), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_is_said_while_planning() {
    let context = context();
    register_predict(&context, &catalog(), &host()).unwrap();
    let told = collected(&context, "SELECT predict('florist', sepal_length) FROM flowers").await.unwrap_err();
    assert!(told.contains("unknown-model") && told.contains("florist"), "{told}");
    let told = collected(&context, "SELECT predict(species, sepal_length) FROM flowers").await.unwrap_err();
    assert!(told.contains("name of a model as a literal"), "{told}");
    let told = collected(&context, "SELECT predict('forest', sepal_length) FROM flowers").await.unwrap_err();
    assert!(told.contains("missing-input"), "{told}");
}
