//! Tables as text, to compare them with what is expected.

use arrow_array::cast::AsArray;
use arrow_array::types::{
    Date32Type, Decimal128Type, Decimal256Type, Float32Type, Float64Type, Int64Type, TimestampMicrosecondType,
};
use arrow_array::{Array, ArrayRef};
use arrow_schema::DataType as Arrow;
use predictql::table::Table;

/// `name TYPE` of each column.
pub(crate) fn columns(table: &Table) -> Vec<String> {
    table.schema.fields.iter().map(|field| format!("{} {}", field.name, field.data_type)).collect()
}

/// The rows, their values divided by ` | `; dates and timestamps as numbers.
pub(crate) fn rows(table: &Table) -> Vec<String> {
    let layout: Vec<_> = table.schema.fields.iter().map(|field| field.data_type.storage()).collect();
    let mut rows = Vec::new();
    for batch in &table.batches {
        let found: Vec<_> = batch.columns().iter().map(|column| column.data_type().clone()).collect();
        assert_eq!(found, layout, "every column has the layout of its type");
        rows.extend((0..batch.rows()).map(|row| {
            batch.columns().iter().map(|column| cell(column, row)).collect::<Vec<_>>().join(" | ")
        }));
    }
    rows
}

/// Shape and values of each row of a column of tensors.
pub(crate) fn tensors(column: &ArrayRef) -> Vec<(Vec<i64>, Vec<f32>)> {
    let parts = column.as_struct();
    let [shapes, data] = [0, 1].map(|at| parts.column(at).as_list::<i32>());
    let shape = |row| shapes.value(row).as_primitive::<Int64Type>().values().to_vec();
    let values = |row| data.value(row).as_primitive::<Float32Type>().values().to_vec();
    (0..column.len()).map(|row| (shape(row), values(row))).collect()
}

fn cell(column: &ArrayRef, row: usize) -> String {
    if column.is_null(row) {
        return "NULL".into();
    }
    match column.data_type() {
        Arrow::Int64 => column.as_primitive::<Int64Type>().value(row).to_string(),
        Arrow::Float64 => format!("{:?}", column.as_primitive::<Float64Type>().value(row)),
        Arrow::Float32 => format!("{:?}", column.as_primitive::<Float32Type>().value(row)),
        Arrow::Decimal128(..) => plain(&column.as_primitive::<Decimal128Type>().value_as_string(row)),
        Arrow::Decimal256(..) => plain(&column.as_primitive::<Decimal256Type>().value_as_string(row)),
        Arrow::Boolean => column.as_boolean().value(row).to_string(),
        Arrow::Utf8 => column.as_string::<i32>().value(row).to_string(),
        Arrow::Binary => column.as_binary::<i32>().value(row).escape_ascii().to_string(),
        Arrow::Date32 => column.as_primitive::<Date32Type>().value(row).to_string(),
        Arrow::Timestamp(..) => column.as_primitive::<TimestampMicrosecondType>().value(row).to_string(),
        Arrow::List(_) => {
            let items = column.as_list::<i32>().value(row);
            format!("[{}]", (0..items.len()).map(|at| cell(&items, at)).collect::<Vec<_>>().join(", "))
        }
        Arrow::Struct(_) => {
            let fields = column.as_struct().columns();
            format!("({})", fields.iter().map(|field| cell(field, row)).collect::<Vec<_>>().join(", "))
        }
        other => panic!("no column has the layout {other}"),
    }
}

/// A decimal number without zeros at its end.
fn plain(decimal: &str) -> String {
    decimal.trim_end_matches('0').trim_end_matches('.').to_owned()
}
