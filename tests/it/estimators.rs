//! Estimators of scikit-learn, XGBoost and LightGBM through SQL, held against onnxruntime: labels exactly, scores to
//! 1e-5.
//!
//! A sample is committed. `cargo xtask estimators` makes all of them in a folder of its own, which it names in
//! `PREDICTQL_ESTIMATORS`, and reads what this test writes there.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{Float64Type, Int64Type};
use arrow_array::{Array, ArrayRef, FixedSizeListArray, Float64Array, Int64Array, RecordBatch, StringArray};
use arrow_ipc::writer::StreamWriter;
use arrow_schema::{DataType, Field};
use predictql::Engine;
use predictql::diag::Error;
use serde_json::Value;

use crate::host;

#[test]
fn agree_with_onnxruntime() {
    let named = env::var_os("PREDICTQL_ESTIMATORS").map(PathBuf::from);
    let folder = named.clone().unwrap_or_else(|| host::fixtures().join("zoo"));
    let mut models: Vec<PathBuf> = fs::read_dir(&folder)
        .unwrap_or_else(|error| panic!("{}: {error}", folder.display()))
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|it| it == "onnx"))
        .collect();
    models.sort();
    assert!(!models.is_empty(), "{} holds no models", folder.display());
    let results: Vec<(String, String)> = models
        .iter()
        .map(|model| (model.file_stem().unwrap().to_string_lossy().into_owned(), check(model).err()))
        .map(|(name, failure)| (name, failure.unwrap_or_else(|| "agrees".into()).replace('\n', " ")))
        .collect();
    let lines: Vec<String> = results.iter().map(|(name, result)| format!("{name}\t{result}")).collect();
    if named.is_some() {
        fs::write(folder.join("results.tsv"), lines.join("\n") + "\n").unwrap();
        return;
    }
    let failures: Vec<&String> = lines.iter().filter(|line| !line.ends_with("\tagrees")).collect();
    assert!(failures.is_empty(), "{failures:#?}");
}

/// What is wrong with the predictions of `model`.
fn check(model: &Path) -> Result<(), String> {
    let expected: Value = serde_json::from_slice(&fs::read(model.with_extension("json")).unwrap()).unwrap();
    let engine = Engine::default();
    engine.register_arrow("asked", &table(&expected["inputs"])).map_err(words)?;
    engine.register_model("m", &fs::read(model).unwrap()).map_err(words)?;
    let outcome = host::run(&engine, "SELECT * FROM ML.PREDICT(MODEL m, TABLE asked)").map_err(words)?;
    for (name, wanted) in expected["onnxruntime"].as_object().unwrap() {
        if !outcome.names().contains(&name.as_str()) {
            return Err(format!("there is no output `{name}`"));
        }
        let found: Vec<Value> = outcome.column(name).into_iter().flat_map(leaves).collect();
        let wanted = wanted["data"].as_array().unwrap();
        if found.len() != wanted.len() {
            return Err(format!("`{name}` has {} values instead of {}", found.len(), wanted.len()));
        }
        for (at, (found, wanted)) in found.iter().zip(wanted).enumerate() {
            if !agree(found, wanted) {
                return Err(format!("`{name}`, value {at}: {found} instead of {wanted}"));
            }
        }
    }
    Ok(())
}

fn words(error: Error) -> String {
    let detail = error.first().detail.as_ref().map(|detail| format!(" ({detail})"));
    format!("{error}{}", detail.unwrap_or_default())
}

/// Floats agree within 1e-5, as `numpy.allclose` has it; all else is equal. NaN is null.
fn agree(found: &Value, wanted: &Value) -> bool {
    match (found, wanted) {
        (Value::Number(found), Value::Number(wanted)) if found.is_f64() || wanted.is_f64() => {
            let (found, wanted) = (found.as_f64().unwrap(), wanted.as_f64().unwrap());
            (found - wanted).abs() <= 1e-5 + 1e-5 * wanted.abs()
        }
        _ => found == wanted,
    }
}

fn leaves(array: &ArrayRef) -> Vec<Value> {
    match array.data_type() {
        DataType::Int64 => array.as_primitive::<Int64Type>().values().iter().map(|it| (*it).into()).collect(),
        DataType::Float64 => {
            array.as_primitive::<Float64Type>().values().iter().map(|it| (*it).into()).collect()
        }
        DataType::Utf8 => array.as_string::<i32>().iter().map(Into::into).collect(),
        DataType::Boolean => array.as_boolean().iter().map(Into::into).collect(),
        DataType::List(_) => leaves(array.as_list::<i32>().values()),
        other => panic!("no values of {other} are expected"),
    }
}

/// The inputs as a table: `[N]` and `[N, 1]` are columns of scalars, `[N, k]` of arrays.
fn table(inputs: &Value) -> Vec<u8> {
    let columns = inputs.as_object().unwrap().iter().map(|(name, tensor)| {
        let data = tensor["data"].as_array().unwrap();
        let values: ArrayRef = match tensor["type"].as_str().unwrap() {
            "string" => Arc::new(data.iter().map(Value::as_str).collect::<StringArray>()),
            "int64" => Arc::new(data.iter().map(Value::as_i64).collect::<Int64Array>()),
            _ => Arc::new(
                data.iter().map(|it| Some(it.as_f64().unwrap_or(f64::NAN))).collect::<Float64Array>(),
            ),
        };
        let width = tensor["shape"][1].as_i64().unwrap_or(1) as i32;
        if width == 1 {
            return (name, values);
        }
        let field = Arc::new(Field::new("item", values.data_type().clone(), true));
        (name, Arc::new(FixedSizeListArray::new(field, width, values, None)) as ArrayRef)
    });
    let batch = RecordBatch::try_from_iter(columns).unwrap();
    let mut writer = StreamWriter::try_new(Vec::new(), &batch.schema()).unwrap();
    writer.write(&batch).unwrap();
    writer.into_inner().unwrap()
}
