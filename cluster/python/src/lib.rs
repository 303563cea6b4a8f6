//! `predict` for DataFusion in Python: an object that `datafusion.udf` takes.
//!
//! Python's DataFusion is another program in the same process: the function goes there through DataFusion's foreign function
//! interface, which has no functions that wait. So it computes where it is called, on DataFusion's own threads.

use std::sync::Arc;

use datafusion::logical_expr::ScalarUDF;
use datafusion_ffi::udf::FFI_ScalarUDF;
use predictql_datafusion::predict_function;
use predictql_host::{Catalog, Host, NamedSource, Stores};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyCapsule;

/// The function `predict` over models, each by its name and where its file lies.
#[pyclass(frozen)]
struct Predict {
    function: Arc<ScalarUDF>,
}

#[pymethods]
impl Predict {
    /// Loads the models: `Predict([("iris", "iris.onnx")])`.
    #[new]
    fn new(models: Vec<(String, String)>) -> PyResult<Self> {
        let models = models.into_iter().map(|(name, uri)| NamedSource::new(name, uri)).collect();
        let catalog = Catalog { models, tables: Vec::new() };
        let function = predict_function(&catalog, &Host::new(Stores::new()));
        let function = function.map_err(|error| PyValueError::new_err(error.to_string()))?;
        Ok(Self { function: Arc::new(function) })
    }

    /// What `datafusion.udf` asks for.
    fn __datafusion_scalar_udf__<'py>(&self, python: Python<'py>) -> PyResult<Bound<'py, PyCapsule>> {
        let function = FFI_ScalarUDF::from(self.function.clone());
        PyCapsule::new_with_value(python, function, c"datafusion_scalar_udf")
    }
}

/// The module `predictql_predict`.
#[pymodule]
fn predictql_predict(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<Predict>()
}
