//! Catalogs: what they open, and what their digests tell.

use predictql_host::{Catalog, Host, NamedSource, Stores};

use crate::support::{expected, fixtures, host, rows};

fn iris() -> Catalog {
    Catalog {
        models: vec![NamedSource::new("iris", "models/iris_rf.onnx")],
        tables: vec![NamedSource::new("flowers", "tables/iris.csv")],
    }
}

#[test]
fn a_model_over_a_csv_gives_the_labels_of_scikit_learn() {
    let host = host();
    let engine = iris().open(&host).unwrap();
    let sql = "SELECT TO_JSON_STRING(label) FROM ML.PREDICT(MODEL iris, TABLE flowers)";
    let labels: Vec<serde_json::Value> =
        rows(&host, &engine, sql).unwrap().iter().map(|it| serde_json::from_str(it).unwrap()).collect();
    assert_eq!(labels.len(), 150);
    assert_eq!(serde_json::Value::from(labels), expected("iris_rf.json")["scikit_learn"]["label"]["data"]);
}

#[test]
fn options_mean_what_they_mean_in_sql() {
    let host = host();
    let table = NamedSource::new("planets", "tables/planets_pipe.csv").with("field_delimiter", "|");
    let catalog = Catalog { tables: vec![table], ..Catalog::default() };
    let engine = catalog.open(&host).unwrap();
    let sql = "SELECT TO_JSON_STRING(t) FROM planets AS t";
    let piped = rows(&host, &engine, sql).unwrap();
    let plain = Catalog { tables: vec![NamedSource::new("planets", "tables/planets.csv")], ..catalog };
    assert_eq!(piped, rows(&host, &plain.open(&host).unwrap(), sql).unwrap());

    let odd = NamedSource::new("planets", "tables/planets.csv").with("feild_delimiter", "|");
    let error = Catalog { tables: vec![odd], ..Catalog::default() }.open(&host).err().unwrap().to_string();
    assert!(error.contains("table `planets`") && error.contains("`feild_delimiter`"), "{error}");
    assert!(error.contains("field_delimiter"), "{error}");
}

#[test]
fn catalogs_travel_as_json() {
    let text = serde_json::to_string(&iris()).unwrap();
    assert_eq!(serde_json::from_str::<Catalog>(&text).unwrap(), iris());
}

#[test]
fn digests_differ_where_content_differs() {
    let digest = iris().digest(&host()).unwrap();
    assert_eq!(digest, iris().digest(&host()).unwrap());
    assert_eq!(digest.len(), 64);

    let folder = tempfile::tempdir().unwrap();
    let copy = |from: &str| {
        let path = folder.path().join(from);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::copy(fixtures().join(from), path).unwrap();
    };
    copy("models/iris_rf.onnx");
    copy("tables/iris.csv");
    let copied = Host::new(Stores::within(folder.path()));
    let before = iris().digest(&copied).unwrap();
    std::fs::copy(fixtures().join("models/iris_rf_strings.onnx"), folder.path().join("models/iris_rf.onnx"))
        .unwrap();
    let other_model = iris().digest(&copied).unwrap();
    assert_ne!(before, other_model);
    std::fs::write(folder.path().join("tables/iris.csv"), "x\n1\n").unwrap();
    assert_ne!(other_model, iris().digest(&copied).unwrap());

    let renamed = Catalog { models: vec![NamedSource::new("m", "models/iris_rf.onnx")], ..iris() };
    assert_ne!(digest, renamed.digest(&host()).unwrap());
}
