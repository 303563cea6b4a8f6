//! JSON as Arrow: a list of objects, one object, or one object a line. A column has the type that holds all of its values:
//! whole numbers INT64, others FLOAT64; texts stay texts, whatever they look like.

use std::sync::Arc;

use arrow_array::{
    ArrayRef, BooleanArray, Float64Array, Int64Array, ListArray, RecordBatch, StringArray, StructArray,
    new_null_array,
};
use arrow_ipc::writer::StreamWriter;
use arrow_schema::{ArrowError, DataType, Field, Fields, Schema};
use serde_json::{Map, Value};

type Row = Map<String, Value>;

/// The rows of a file as an Arrow IPC stream.
///
/// # Errors
/// In words that name the file and the row.
pub(super) fn to_arrow(uri: &str, bytes: &[u8]) -> Result<Vec<u8>, String> {
    let rows = rows(uri, bytes)?;
    let values: Vec<_> = rows.iter().map(Some).collect();
    let mut kinds: Vec<(String, Kind)> = Vec::new();
    for (number, row) in rows.iter().enumerate() {
        for (name, value) in row {
            let kind = Kind::of(value).and_then(|found| joined(&mut kinds, name, found));
            kind.map_err(|fault| format!("`{uri}`: column `{name}` holds {fault} in row {}", number + 1))?;
        }
    }
    if kinds.is_empty() {
        return Err(format!("`{uri}` has no columns: expected at least one row with one value"));
    }
    let (fields, columns) = fields(&kinds, &values);
    written(fields, columns, rows.len()).map_err(|error| format!("`{uri}`: {error}"))
}

fn written(fields: Fields, columns: Vec<ArrayRef>, rows: usize) -> Result<Vec<u8>, ArrowError> {
    let schema = Arc::new(Schema::new(fields));
    let options = arrow_array::RecordBatchOptions::new().with_row_count(Some(rows));
    let batch = RecordBatch::try_new_with_options(schema.clone(), columns, &options)?;
    let mut writer = StreamWriter::try_new(Vec::new(), &schema)?;
    writer.write(&batch)?;
    writer.into_inner()
}

fn rows(uri: &str, bytes: &[u8]) -> Result<Vec<Row>, String> {
    let bytes = bytes.strip_prefix("\u{feff}".as_bytes()).unwrap_or(bytes);
    let values = match serde_json::from_slice(bytes) {
        Ok(Value::Array(values)) => values,
        Ok(value) => vec![value],
        Err(_) => lines(uri, bytes)?,
    };
    let row = |(number, value)| match value {
        Value::Object(row) => Ok(row),
        _ => Err(format!(
            "`{uri}` holds something else than an object in row {}: rows are objects",
            number + 1
        )),
    };
    values.into_iter().enumerate().map(row).collect()
}

fn lines(uri: &str, bytes: &[u8]) -> Result<Vec<Value>, String> {
    let lines = bytes.split(|byte| *byte == b'\n').enumerate();
    let lines = lines.filter(|(_, line)| !line.trim_ascii().is_empty());
    let value = |(number, line)| {
        serde_json::from_slice(line).map_err(|error| {
            format!("`{uri}` is neither JSON nor one JSON object a line: line {}: {error}", number + 1)
        })
    };
    lines.map(value).collect()
}

/// What the values of a column have in common.
#[derive(Debug, Clone, PartialEq)]
enum Kind {
    /// NULLs only.
    Nothing,
    Bool,
    Whole,
    Number,
    Text,
    /// Of texts that are the words of numbers which JSON cannot say: in a column of numbers they are numbers, else texts.
    Word,
    List(Box<Kind>),
    Object(Vec<(String, Kind)>),
}

impl Kind {
    /// # Errors
    /// In words, for what no column holds.
    fn of(value: &Value) -> Result<Self, String> {
        Ok(match value {
            Value::Null => Self::Nothing,
            Value::Bool(_) => Self::Bool,
            Value::Number(number) if number.is_i64() => Self::Whole,
            Value::Number(_) => Self::Number,
            Value::String(text) if word(text).is_some() => Self::Word,
            Value::String(_) => Self::Text,
            Value::Array(items) => {
                let mut kind = Self::Nothing;
                for item in items {
                    let found = Self::of(item)?;
                    if matches!(found, Self::List(_)) {
                        return Err("an array of arrays".into());
                    }
                    kind = kind.join(found)?;
                }
                Self::List(Box::new(kind))
            }
            Value::Object(fields) => {
                let fields = fields.iter().map(|(name, value)| Ok((name.clone(), Self::of(value)?)));
                Self::Object(fields.collect::<Result<_, String>>()?)
            }
        })
    }

    /// # Errors
    /// In words, where nothing holds both.
    fn join(self, other: Self) -> Result<Self, String> {
        Ok(match (self, other) {
            (Self::Nothing, kind) | (kind, Self::Nothing) => kind,
            (Self::Whole | Self::Number | Self::Word, Self::Number)
            | (Self::Number, Self::Whole | Self::Word)
            | (Self::Whole, Self::Word)
            | (Self::Word, Self::Whole) => Self::Number,
            (Self::Text, Self::Word) | (Self::Word, Self::Text) => Self::Text,
            (Self::List(one), Self::List(other)) => Self::List(Box::new(one.join(*other)?)),
            (Self::Object(mut fields), Self::Object(others)) => {
                for (name, kind) in others {
                    joined(&mut fields, &name, kind)?;
                }
                Self::Object(fields)
            }
            (one, other) if one == other => one,
            (one, other) => return Err(format!("{} and {}", other.name(), one.name())),
        })
    }

    fn name(&self) -> &'static str {
        match self {
            Self::Nothing => "NULL",
            Self::Bool => "BOOL",
            Self::Whole => "INT64",
            Self::Number => "FLOAT64",
            Self::Text | Self::Word => "STRING",
            Self::List(_) => "an array",
            Self::Object(_) => "an object",
        }
    }

    fn data_type(&self) -> DataType {
        match self {
            Self::Nothing | Self::Text | Self::Word => DataType::Utf8,
            Self::Bool => DataType::Boolean,
            Self::Whole => DataType::Int64,
            Self::Number => DataType::Float64,
            Self::List(item) => DataType::List(Arc::new(Field::new_list_field(item.data_type(), true))),
            Self::Object(fields) => DataType::Struct(
                fields.iter().map(|(name, kind)| Field::new(name, kind.data_type(), true)).collect(),
            ),
        }
    }

    /// The values as a column; what is not there is NULL.
    fn column(&self, values: &[Option<&Value>]) -> ArrayRef {
        let values = values.iter().copied();
        match self {
            Self::Nothing => new_null_array(&DataType::Utf8, values.len()),
            Self::Bool => Arc::new(values.map(|it| it?.as_bool()).collect::<BooleanArray>()),
            Self::Whole => Arc::new(values.map(|it| it?.as_i64()).collect::<Int64Array>()),
            Self::Number => Arc::new(values.map(|it| number(it?)).collect::<Float64Array>()),
            Self::Text | Self::Word => Arc::new(values.map(|it| it?.as_str()).collect::<StringArray>()),
            Self::List(item) => {
                let lists: Vec<_> = values.map(|it| it?.as_array()).collect();
                let items: Vec<_> = lists.iter().flatten().flat_map(|list| list.iter().map(Some)).collect();
                let lengths = lists.iter().map(|list| list.map_or(0, Vec::len));
                let nulls = lists.iter().map(Option::is_some).collect::<Vec<_>>().into();
                let field = Arc::new(Field::new_list_field(item.data_type(), true));
                let offsets = arrow_buffer::OffsetBuffer::from_lengths(lengths);
                Arc::new(ListArray::new(field, offsets, item.column(&items), Some(nulls)))
            }
            Self::Object(kinds) => {
                let rows: Vec<_> = values.map(|it| it?.as_object()).collect();
                let nulls = rows.iter().map(Option::is_some).collect::<Vec<_>>().into();
                let (fields, columns) = fields(kinds, &rows);
                let rows = rows.len();
                StructArray::try_new_with_length(fields, columns, Some(nulls), rows)
                    .map_or_else(|_| new_null_array(&self.data_type(), rows), |column| Arc::new(column) as _)
            }
        }
    }
}

fn fields(kinds: &[(String, Kind)], rows: &[Option<&Row>]) -> (Fields, Vec<ArrayRef>) {
    let column = |(name, kind): &(String, Kind)| {
        let values: Vec<_> = rows.iter().map(|row| row.and_then(|row| row.get(name))).collect();
        (Field::new(name, kind.data_type(), true), kind.column(&values))
    };
    let (fields, columns): (Vec<_>, Vec<_>) = kinds.iter().map(column).unzip();
    (fields.into(), columns)
}

fn joined(kinds: &mut Vec<(String, Kind)>, name: &str, found: Kind) -> Result<(), String> {
    match kinds.iter_mut().find(|(known, _)| known == name) {
        Some((_, kind)) => *kind = std::mem::replace(kind, Kind::Nothing).join(found)?,
        None => kinds.push((name.to_owned(), found)),
    }
    Ok(())
}

fn number(value: &Value) -> Option<f64> {
    value.as_f64().or_else(|| word(value.as_str()?))
}

/// BigQuery writes these numbers as texts.
fn word(text: &str) -> Option<f64> {
    match text {
        "NaN" => Some(f64::NAN),
        "Infinity" | "+Infinity" => Some(f64::INFINITY),
        "-Infinity" => Some(f64::NEG_INFINITY),
        _ => None,
    }
}
