//! A registry of models, which SQL reads as versions.

use std::collections::BTreeMap;

use predictql_host::{Catalog, Registry};

use crate::support::{host, rows};

#[test]
fn versions_and_aliases_are_those_of_sql() {
    let folder = tempfile::tempdir().unwrap();
    for root in [folder.path().display().to_string(), "memory://models".into()] {
        let host = host();
        let registry = Registry::new(host.stores().clone(), &root);
        let none = BTreeMap::new();
        assert_eq!(registry.add("iris", "models/iris_rf.onnx", &none, &[]).unwrap(), 1);
        let champion = ["champion".to_owned()];
        assert_eq!(registry.add("iris", "models/iris_rf_strings.onnx", &none, &champion).unwrap(), 2);
        assert_eq!(registry.add("other", "models/external_data.onnx", &none, &[]).unwrap(), 1);
        let listed: Vec<_> = registry
            .list()
            .unwrap()
            .into_iter()
            .map(|it| (it.name, it.version, it.aliases, it.is_default))
            .collect();
        assert_eq!(
            listed,
            [
                ("iris".into(), 1, vec![], true),
                ("iris".into(), 2, champion.to_vec(), false),
                ("other".into(), 1, vec![], true)
            ]
        );

        let label = |model: &str| {
            let models = registry.sources().unwrap();
            let engine = Catalog { models, ..Catalog::default() }.open(&host).unwrap();
            let sql = format!(
                "SELECT TO_JSON_STRING(label) FROM ML.PREDICT(MODEL {model}, (SELECT 5.1 AS sepal_length,
                   3.5 AS sepal_width, 1.4 AS petal_length, 0.2 AS petal_width))"
            );
            rows(&host, &engine, &sql).unwrap()
        };
        assert_eq!([label("iris"), label("iris@1")], [["0"], ["0"]]);
        assert_eq!([label("iris@champion"), label("iris@2")], [["\"setosa\""], ["\"setosa\""]]);
        registry.set_default("iris", 2).unwrap();
        registry.set_alias("iris", "champion", 1).unwrap();
        assert_eq!([label("iris"), label("iris@champion")], [["\"setosa\""], ["0"]]);
        let words = registry.set_alias("iris", "champion", 3).unwrap_err().to_string();
        assert_eq!(words, "model `iris` has no version 3; hint: the versions are 1, 2");
    }
}
