//! Values as text: the notation of the SQL test files.

use arrow_array::cast::AsArray;
use arrow_array::types::{
    Date32Type, Decimal128Type, Decimal256Type, Float32Type, Float64Type, Int64Type, TimestampMicrosecondType,
};
use arrow_array::{Array, ArrayRef};
use arrow_schema::DataType;
use predictql::data::Batch;

/// Every row of a batch: a text for each column.
pub(crate) fn rows(batch: &Batch) -> Vec<Vec<String>> {
    (0..batch.rows()).map(|row| batch.columns().iter().map(|column| text(column, row)).collect()).collect()
}

fn text(array: &ArrayRef, row: usize) -> String {
    if array.is_null(row) {
        return "NULL".into();
    }
    let list = |values: ArrayRef| {
        let items: Vec<_> = (0..values.len()).map(|at| text(&values, at)).collect();
        format!("[{}]", items.join(", "))
    };
    match array.data_type() {
        DataType::Int64 => array.as_primitive::<Int64Type>().value(row).to_string(),
        DataType::Float64 => array.as_primitive::<Float64Type>().value(row).to_string(),
        DataType::Float32 => array.as_primitive::<Float32Type>().value(row).to_string(),
        DataType::Decimal128(..) => decimal(&array.as_primitive::<Decimal128Type>().value_as_string(row)),
        DataType::Decimal256(_, scale) => {
            let digits = array.as_primitive::<Decimal256Type>().value(row).to_string();
            decimal(&pointed(&digits, usize::try_from(*scale).unwrap()))
        }
        DataType::Boolean => array.as_boolean().value(row).to_string(),
        DataType::Utf8 => match array.as_string::<i32>().value(row) {
            "" => "(empty)".into(),
            text => text.into(),
        },
        DataType::Binary => format!("0x{}", array.as_binary::<i32>().value(row).escape_ascii()),
        DataType::Date32 => format!("day {}", array.as_primitive::<Date32Type>().value(row)),
        DataType::Timestamp(..) => {
            format!("{} us", array.as_primitive::<TimestampMicrosecondType>().value(row))
        }
        DataType::List(_) => list(array.as_list::<i32>().value(row)),
        DataType::Struct(_) => {
            let items: Vec<_> = array.as_struct().columns().iter().map(|column| text(column, row)).collect();
            format!("({})", items.join(", "))
        }
        other => panic!("no notation for {other}"),
    }
}

/// The digits of a whole number with a point before the last `scale` ones. Some versions of Arrow leave out those that are more than
/// the precision says.
fn pointed(digits: &str, scale: usize) -> String {
    let (sign, digits) = digits.strip_prefix('-').map_or(("", digits), |digits| ("-", digits));
    let digits = format!("{digits:0>width$}", width = scale + 1);
    let (whole, fraction) = digits.split_at(digits.len() - scale);
    format!("{sign}{whole}.{fraction}")
}

/// Arrow's digits without zeros at their end.
fn decimal(digits: &str) -> String {
    digits.trim_end_matches('0').trim_end_matches('.').into()
}
