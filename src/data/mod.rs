//! GoogleSQL's types over Arrow arrays: types, single values, batches of columns, and conversions.
//!
//! A column is an Arrow array of exactly the layout that [`DataType::storage`] names; who brings other
//! layouts (files, models) converts at the door. This room knows no SQL text, no tensors and no files.

mod batch;
mod calendar;
mod cast;
mod compare;
mod gather;
mod key;
mod operand;
mod scalar;
mod tensor;
mod types;

pub use batch::{Batch, Field, Schema};
pub(crate) use calendar::{
    Civil, DAY, SECOND, civil, days, days_in_month, fraction, in_days, in_micros, number, parse_date,
    parse_timestamp, parse_zone,
};
pub(crate) use cast::{CastMode, can_cast, can_coerce, cast, parse_bool, parse_int};
pub(crate) use compare::{SortKey, order_of, sort_indices, top_indices};
pub(crate) use gather::{concat, take};
pub(crate) use key::Keys;
pub(crate) use operand::{BytesView, Operand, StringView};
pub use scalar::Scalar;
pub(crate) use scalar::{array_of, scalar_at};
pub(crate) use tensor::{TensorBuilder, TensorColumn};
pub use types::{DataType, StructField};
