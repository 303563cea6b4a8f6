//! GoogleSQL's types over Arrow arrays: types, single values, batches of columns, casts, order, keys and calendar.
//!
//! A column is an Arrow array of exactly the layout that [`DataType::storage`] names; other layouts (of files, of
//! models) are converted before they get here. This room knows no SQL text, no models and no files.

mod batch;
mod bounds;
mod calendar;
mod calendar_text;
mod cast;
mod compare;
mod copy;
pub(crate) mod decimal;
mod float_text;
mod gather;
mod interval;
mod key;
mod layout;
mod operand;
mod scalar;
mod sorting;
mod tensor;
mod types;
mod zone;

pub use batch::{Batch, Field, Schema};
pub(crate) use bounds::Bounds;
pub use bounds::ColumnType;
pub(crate) use calendar::{
    Civil, DAY, MONTHS, SECOND, abbreviated, civil, days, days_in_month, fraction, in_days, in_micros,
    month_name, number,
};
pub(crate) use calendar_text::{
    date_text, datetime_text, has_zone, parse_date, parse_datetime, parse_plain_timestamp, parse_time,
    parse_timestamp, time_text, timestamp_text, zoned_text,
};
pub(crate) use cast::{CastMode, can_cast, can_coerce, cast, parse_bool, parse_float, parse_int};
pub(crate) use compare::{SortKey, equals_in_order, first_numbers, order_of, top_indices};
pub(crate) use float_text::{float_text, shortest_text};
pub(crate) use gather::{chosen, concat, mixed, numbers_at, parted, row_index, take, without_null_arrays};
pub(crate) use interval::Interval;
#[cfg(not(target_family = "wasm"))]
pub(crate) use key::key_hashes;
pub(crate) use key::{KeyTable, is_same, rows_by_key, valid_bits};
pub(crate) use layout::{Values, bytes, column, null_column, span, values, width, with_nulls};
pub(crate) use operand::{BytesView, Operand, PrimitiveView, StringView};
pub use scalar::Scalar;
pub(crate) use scalar::{array_of, decimal_text, list_column, scalar_at};
pub(crate) use sorting::{ROWS_AT_ONCE, Sorting};
pub(crate) use tensor::{TensorBuilder, TensorColumn, element_range, integer_pictures};
pub use types::{DataType, StructField};
pub(crate) use types::{is_marked, is_picture};
pub use zone::ZoneLookup;
pub(crate) use zone::{TimeZone, TimeZones, offset};
