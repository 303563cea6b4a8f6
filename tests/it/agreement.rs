//! What models predict through SQL, held against onnxruntime, and TensorFlow and LiteRT where they are theirs: labels exactly, scores to 1e-5.
//!
//! Of the estimators of scikit-learn, XGBoost and LightGBM a sample is committed. `cargo xtask estimators` makes all of
//! them in a folder of its own, which it names in `PREDICTQL_ESTIMATORS`, and reads what this test writes there.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{Float32Type, Float64Type, Int64Type};
use arrow_array::{
    Array, ArrayRef, BooleanArray, FixedSizeListArray, Float32Array, Float64Array, Int64Array, RecordBatch,
    StringArray, StructArray,
};
use arrow_ipc::writer::StreamWriter;
use arrow_schema::{DataType, Field};
use predictql::diag::Error;
use predictql::model::{ModelOptions, Port};
use predictql::{Engine, Params, data};
use serde_json::{Map, Value};

use crate::host;

/// Models of other tests: for the words of a refusal, with a file beside them, and with options or columns of their own.
const ELSEWHERE: [&str; 6] = [
    "models/unsupported_ops.onnx",
    "models/external_data.onnx",
    "models/unclear_rows.onnx",
    "models/vectors.onnx",
    "models/parameter.onnx",
    "models/free_parameter.onnx",
];

#[test]
fn models_give_the_numbers_of_other_programs() {
    // Models that are too large to be kept have theirs elsewhere: `tests/fixtures/basic_pitch.py`.
    let folder = env::var_os("PREDICTQL_EXPECTED").map(PathBuf::from);
    let models = files(&folder.unwrap_or_else(|| host::fixtures().join("expected")), "json");
    let failures: Vec<String> = models
        .into_iter()
        .filter_map(|expected| {
            let content = json(&expected);
            let name = content["model"].as_str().filter(|name| !ELSEWHERE.contains(name))?;
            let model = host::fixtures().join(name);
            answers(&content)?;
            check(&model, &content, &ModelOptions::default())
                .err()
                .filter(|failure| !host::is_beyond(failure))
                .map(|failure| format!("{}: {failure}", model.display()))
        })
        .collect();
    assert!(failures.is_empty(), "{failures:#?}");
}

#[test]
fn estimators_give_onnxruntimes_numbers() {
    let named = env::var_os("PREDICTQL_ESTIMATORS").map(PathBuf::from);
    let folder = named.clone().unwrap_or_else(|| host::fixtures().join("zoo"));
    let results: Vec<String> = files(&folder, "onnx")
        .iter()
        .map(|model| (model, check(model, &json(&model.with_extension("json")), &ModelOptions::default())))
        .map(|(model, result)| (model, result.err().unwrap_or_else(|| "agrees".into()).replace('\n', " ")))
        .map(|(model, result)| format!("{}\t{result}", model.file_stem().unwrap().to_string_lossy()))
        .collect();
    if named.is_some() {
        fs::write(folder.join("results.tsv"), results.join("\n") + "\n").unwrap();
        return;
    }
    let failures: Vec<&String> =
        results.iter().filter(|line| !line.ends_with("\tagrees") && !host::is_beyond(line)).collect();
    assert!(failures.is_empty(), "{failures:#?}");
}

fn files(folder: &Path, extension: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|it| it == extension));
    assert!(!files.is_empty(), "{} holds no {extension}", folder.display());
    files.sort();
    files
}

fn json(file: &Path) -> Value {
    serde_json::from_slice(&fs::read(file).unwrap()).unwrap()
}

/// What onnxruntime answers, or the standard's formulas where onnxruntime departs from them, or TensorFlow.
fn answers(expected: &Value) -> Option<&Map<String, Value>> {
    ["onnxruntime", "numpy", "tensorflow", "litert"]
        .iter()
        .find_map(|program| expected.get(program))?
        .as_object()
}

/// The column by which rows are put back into their order.
const ROW: &str = "number of the row";

/// What is wrong with the predictions of `model`. It is asked several times, in batches of several sizes and in the other
/// order: whatever an operator keeps from one run to the next would change an answer.
pub fn check(model: &Path, expected: &Value, options: &ModelOptions) -> Result<(), String> {
    let engine = Engine::default();
    let bytes = onnx(model)?;
    let loaded = engine.register_model_with("m", &bytes, &[], options).map_err(words)?;
    let ports = loaded.signature().inputs.iter();
    let given = ports.filter_map(|port| Some((port, expected["inputs"].get(&port.name)?)));
    let columns = given.map(|(port, tensor)| column(port, tensor));
    let mut columns: Vec<_> = columns.collect();
    let rows = columns.first().map_or(0, |(_, column)| column.len());
    columns.push((ROW.into(), Arc::new(Int64Array::from_iter_values((0..).take(rows)))));
    engine.register_arrow("asked", &table(columns)).map_err(words)?;
    for (batch_rows, order) in [(8192, "ASC"), (8192, "ASC"), (3, "DESC"), (1, "ASC")] {
        let sql = format!(
            "SELECT * FROM ML.PREDICT(MODEL m, (SELECT * FROM asked ORDER BY `{ROW}` {order})) ORDER BY `{ROW}`"
        );
        let session = engine.session().with_batch_rows(batch_rows);
        let outcome = host::run_in(&session, &sql, Params::default()).map_err(words)?;
        compare(&outcome, expected).map_err(|what| format!("{what} ({batch_rows} rows a batch, {order})"))?;
    }
    Ok(())
}

/// The model's file; of one of TensorFlow's what the converter makes of it.
fn onnx(model: &Path) -> Result<Vec<u8>, String> {
    if model.extension().is_none_or(|extension| extension == "pb" || extension == "tflite") {
        let files = host::folder(&model.to_string_lossy());
        return formats::convert(files, &formats::Options::default()).map_err(|refusal| refusal.to_string());
    }
    Ok(fs::read(model).unwrap())
}

fn compare(outcome: &host::Outcome, expected: &Value) -> Result<(), String> {
    let tolerance = expected["tolerance"].as_f64().unwrap_or(1e-5);
    for (name, wanted) in answers(expected).unwrap() {
        if !outcome.names().contains(&name.as_str()) {
            return Err(format!("there is no output `{name}`"));
        }
        let found: Vec<Value> = outcome.column(name).into_iter().flat_map(leaves).collect();
        let wanted = wanted["data"].as_array().unwrap();
        if found.len() != wanted.len() {
            return Err(format!("`{name}` has {} values instead of {}", found.len(), wanted.len()));
        }
        for (position, (found, wanted)) in found.iter().zip(wanted).enumerate() {
            if !agree(found, wanted, tolerance) {
                return Err(format!("`{name}`, value {position}: {found} instead of {wanted}"));
            }
        }
    }
    Ok(())
}

fn words(error: Error) -> String {
    let detail = error.first().detail.as_ref().map(|detail| format!(" ({detail})"));
    format!("{error}{}", detail.unwrap_or_default())
}

/// Floats agree within 1e-5, as `numpy.allclose` has it, or within what the fixture says of numbers that are rounded; all else is equal, the words for NaN and the infinities too.
fn agree(found: &Value, wanted: &Value, tolerance: f64) -> bool {
    match (found, wanted) {
        (Value::Number(found), Value::Number(wanted)) if found.is_f64() || wanted.is_f64() => {
            let (found, wanted) = (found.as_f64().unwrap(), wanted.as_f64().unwrap());
            (found - wanted).abs() <= tolerance + 1e-5 * wanted.abs()
        }
        _ => found == wanted,
    }
}

/// A float as fixtures have it: JSON has neither NaN nor infinities, so these are words.
fn number(float: f64) -> Value {
    match float {
        _ if float.is_nan() => "NaN".into(),
        f64::INFINITY => "Infinity".into(),
        f64::NEG_INFINITY => "-Infinity".into(),
        _ => float.into(),
    }
}

fn float(value: &Value) -> f64 {
    match value.as_str() {
        Some("NaN") => f64::NAN,
        Some("Infinity") => f64::INFINITY,
        Some("-Infinity") => f64::NEG_INFINITY,
        Some(other) => panic!("`{other}` is no number"),
        None => value.as_f64().unwrap(),
    }
}

fn leaves(array: &ArrayRef) -> Vec<Value> {
    match array.data_type() {
        DataType::Int64 => array.as_primitive::<Int64Type>().values().iter().map(|it| (*it).into()).collect(),
        DataType::Float64 => {
            array.as_primitive::<Float64Type>().values().iter().map(|float| number(*float)).collect()
        }
        DataType::Utf8 => array.as_string::<i32>().iter().map(Into::into).collect(),
        DataType::Boolean => array.as_boolean().iter().map(Into::into).collect(),
        // Row by row: the lists of a batch may share their values with those of other batches.
        DataType::List(_) => array.as_list::<i32>().iter().flat_map(|row| leaves(&row.unwrap())).collect(),
        // The values of a tensor, and of labels' probabilities.
        DataType::Struct(_) => leaves(array.as_struct().columns().last().unwrap()),
        DataType::Float32 => {
            array.as_primitive::<Float32Type>().values().iter().map(|float| number((*float).into())).collect()
        }
        other => panic!("no values of {other} are expected"),
    }
}

/// A tensor as a column of the type that the model asks for.
fn column(port: &Port, tensor: &Value) -> (String, ArrayRef) {
    let data = tensor["data"].as_array().unwrap();
    let shape: Vec<i64> = tensor["shape"].as_array().unwrap().iter().map(|it| it.as_i64().unwrap()).collect();
    let values: ArrayRef = match tensor["type"].as_str().unwrap() {
        "string" => Arc::new(data.iter().map(Value::as_str).collect::<StringArray>()),
        "bool" => Arc::new(data.iter().map(Value::as_bool).collect::<BooleanArray>()),
        "int64" | "int32" => Arc::new(data.iter().map(Value::as_i64).collect::<Int64Array>()),
        _ => Arc::new(data.iter().map(|value| Some(float(value))).collect::<Float64Array>()),
    };
    // Without a dimension for rows there is one row.
    let row = if port.shape.len() == 1 && shape.len() == 1 { &shape[..] } else { &shape[1..] };
    let column = match &port.data_type {
        data::DataType::Array(_) => lists(values, row.iter().product()),
        data::DataType::Tensor => {
            let rows = usize::try_from(shape[0]).unwrap();
            let shapes = lists(Arc::new(Int64Array::from(row.repeat(rows))), row.len() as i64);
            let values: Float32Array = data.iter().map(|value| Some(float(value) as f32)).collect();
            let values = lists(Arc::new(values), row.iter().product());
            let fields = [("shape", shapes), ("data", values)];
            Arc::new(StructArray::from(RecordBatch::try_from_iter(fields).unwrap()))
        }
        _ => values,
    };
    (port.name.clone(), column)
}

fn lists(values: ArrayRef, width: i64) -> ArrayRef {
    let field = Arc::new(Field::new("item", values.data_type().clone(), true));
    Arc::new(FixedSizeListArray::new(field, i32::try_from(width).unwrap(), values, None))
}

fn table(columns: Vec<(String, ArrayRef)>) -> Vec<u8> {
    let batch = RecordBatch::try_from_iter(columns).unwrap();
    let mut writer = StreamWriter::try_new(Vec::new(), &batch.schema()).unwrap();
    writer.write(&batch).unwrap();
    writer.into_inner().unwrap()
}
