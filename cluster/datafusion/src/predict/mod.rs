//! `predict` for people with SQL of their own: a model as a function of DataFusion.
//!
//! `predict('m@champion', a, b)` gives a struct of what the model says about a row. The engine runs the model, by the same statement
//! that ML.PREDICT is; this room only gives it columns, and knows nothing of fragments.

mod columns;
mod function;
mod models;

use std::sync::Arc;

use datafusion::logical_expr::ScalarUDF;
use datafusion::logical_expr::async_udf::AsyncScalarUDF;
use datafusion::prelude::SessionContext;
use predictql_host::{Catalog, Error, Host};

use function::Predict;
use models::Models;

/// Registers `predict` over the models of a catalog. It runs beside the threads of the runtime.
///
/// The first argument is a literal: the name of a model, `m`, `m@2` or `m@champion`. The others are its inputs: by their names, where
/// all of them are columns that have such names, or one struct whose fields have them; else in the model's order.
///
/// # Errors
/// Where a model cannot be loaded.
pub fn register_predict(context: &SessionContext, catalog: &Catalog, host: &Host) -> Result<(), Error> {
    let predict = Predict::new(Models::open(catalog, host)?);
    context.register_udf(AsyncScalarUDF::new(Arc::new(predict)).into_scalar_udf());
    Ok(())
}

/// As [`register_predict`], a function that computes where it is called: for hosts that do not know functions that wait, such as
/// those that get it through a foreign function interface.
///
/// # Errors
/// As [`register_predict`].
pub fn predict_function(catalog: &Catalog, host: &Host) -> Result<ScalarUDF, Error> {
    Ok(ScalarUDF::new_from_impl(Predict::new(Models::open(catalog, host)?)))
}
