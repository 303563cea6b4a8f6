//! What a stream says of its columns.

use std::collections::HashMap;
use std::sync::Arc;

use arrow_schema::{
    DataType as Arrow, Field as ArrowField, Fields, IntervalUnit, TimeUnit, UnionFields, UnionMode,
};

use super::flatbuffer::Table;
use super::format::kind;
use super::{damaged, invalid};
use crate::diag::Result;

/// Columns as a stream describes them.
pub(super) struct Schema {
    pub(super) fields: Vec<ArrowField>,
    /// The numbers of the dictionaries of all columns and their parts, in the order of these.
    pub(super) dictionaries: Vec<i64>,
    pub(super) metadata: HashMap<String, String>,
}

/// How deep parts may lie within parts, as in the verifiers of flatbuffers.
const DEPTH: usize = 64;

/// # Errors
/// `invalid-arrow` for damage, and for values of the other endianness.
pub(super) fn read(schema: Table<'_>, bytes: usize) -> Result<Schema> {
    // Fields of a schema: endianness, fields, metadata.
    if schema.i16(0, 0)? != 0 {
        return Err(invalid("expected little-endian values, found big-endian ones"));
    }
    // A table of fields that leads to itself would have no end.
    let mut reader = Reader { dictionaries: Vec::new(), left: bytes / 8 };
    let fields =
        schema.tables(1)?.into_iter().map(|field| reader.field(field, DEPTH)).collect::<Result<_>>()?;
    Ok(Schema { fields, dictionaries: reader.dictionaries, metadata: metadata(schema, 2)? })
}

struct Reader {
    dictionaries: Vec<i64>,
    /// How many more fields there may be.
    left: usize,
}

impl Reader {
    /// A column, or a part of one.
    fn field(&mut self, field: Table<'_>, depth: usize) -> Result<ArrowField> {
        let deeper = depth.checked_sub(1).ok_or_else(broken)?;
        self.left = self.left.checked_sub(1).ok_or_else(broken)?;
        // Fields of a field: name, nullable, kind, type, dictionary, children, metadata.
        let dictionary = field.table(4)?;
        if let Some(dictionary) = dictionary {
            self.dictionaries.push(dictionary.i64(0)?);
        }
        let children = field.tables(5)?.into_iter().map(|child| self.field(child, deeper).map(Arc::new));
        let children = children.collect::<Result<Vec<_>>>()?;
        let values = layout(field.u8(2)?, field.table(3)?.ok_or_else(broken)?, children)?;
        let layout = match dictionary {
            // The type of the keys is an integer; without it they have 32 bits.
            Some(dictionary) => {
                let keys = dictionary.table(1)?.map_or(Ok(Arrow::Int32), integers)?;
                Arrow::Dictionary(Box::new(keys), Box::new(values))
            }
            None => values,
        };
        let name = field.text(0)?.unwrap_or_default();
        Ok(ArrowField::new(name, layout, true).with_metadata(metadata(field, 6)?))
    }
}

/// The layout of this kind, which `table` describes.
fn layout(kind: u8, table: Table<'_>, children: Vec<Arc<ArrowField>>) -> Result<Arrow> {
    let only = |children: Vec<Arc<ArrowField>>| {
        <[_; 1]>::try_from(children).map(|[child]| child).map_err(|_| broken())
    };
    Ok(match kind {
        kind::NULL => Arrow::Null,
        kind::INT => integers(table)?,
        kind::FLOAT => match table.i16(0, 0)? {
            0 => Arrow::Float16,
            1 => Arrow::Float32,
            _ => Arrow::Float64,
        },
        kind::BINARY => Arrow::Binary,
        kind::UTF8 => Arrow::Utf8,
        kind::BOOL => Arrow::Boolean,
        kind::DECIMAL => decimals(table)?,
        kind::DATE => {
            if table.i16(0, 1)? == 0 {
                Arrow::Date32
            } else {
                Arrow::Date64
            }
        }
        kind::TIME => match (unit(table, 1)?, table.i32(1, 32)?) {
            (unit @ (TimeUnit::Second | TimeUnit::Millisecond), 32) => Arrow::Time32(unit),
            (unit @ (TimeUnit::Microsecond | TimeUnit::Nanosecond), 64) => Arrow::Time64(unit),
            _ => return Err(broken()),
        },
        kind::TIMESTAMP => Arrow::Timestamp(unit(table, 0)?, table.text(1)?.map(Into::into)),
        kind::INTERVAL => Arrow::Interval(IntervalUnit::MonthDayNano),
        kind::DURATION => Arrow::Duration(unit(table, 1)?),
        kind::LIST => Arrow::List(only(children)?),
        kind::LARGE_LIST => Arrow::LargeList(only(children)?),
        kind::LIST_VIEW => Arrow::ListView(only(children)?),
        kind::LARGE_LIST_VIEW => Arrow::LargeListView(only(children)?),
        kind::FIXED_LIST => Arrow::FixedSizeList(only(children)?, table.i32(0, 0)?),
        kind::MAP => Arrow::Map(only(children)?, false),
        kind::STRUCT => Arrow::Struct(Fields::from(children)),
        kind::UNION => Arrow::Union(UnionFields::empty(), UnionMode::Dense),
        kind::RUN_END => match <[_; 2]>::try_from(children) {
            Ok([ends, values]) => Arrow::RunEndEncoded(ends, values),
            Err(_) => return Err(broken()),
        },
        kind::FIXED_BINARY => Arrow::FixedSizeBinary(table.i32(0, 0)?),
        kind::LARGE_BINARY => Arrow::LargeBinary,
        kind::LARGE_UTF8 => Arrow::LargeUtf8,
        kind::BINARY_VIEW => Arrow::BinaryView,
        kind::UTF8_VIEW => Arrow::Utf8View,
        _ => return Err(broken()),
    })
}

fn integers(table: Table<'_>) -> Result<Arrow> {
    Ok(match (table.i32(0, 0)?, table.u8(1)? != 0) {
        (8, true) => Arrow::Int8,
        (16, true) => Arrow::Int16,
        (32, true) => Arrow::Int32,
        (64, true) => Arrow::Int64,
        (8, false) => Arrow::UInt8,
        (16, false) => Arrow::UInt16,
        (32, false) => Arrow::UInt32,
        (64, false) => Arrow::UInt64,
        _ => return Err(broken()),
    })
}

fn decimals(table: Table<'_>) -> Result<Arrow> {
    let precision = u8::try_from(table.i32(0, 0)?).map_err(|_| broken())?;
    let scale = i8::try_from(table.i32(1, 0)?).map_err(|_| broken())?;
    let (decimal, most): (fn(u8, i8) -> Arrow, u8) = match table.i32(2, 128)? {
        32 => (Arrow::Decimal32, 9),
        64 => (Arrow::Decimal64, 18),
        128 => (Arrow::Decimal128, 38),
        256 => (Arrow::Decimal256, 76),
        _ => return Err(broken()),
    };
    // At least one digit, no more than the bits hold, and not more of them behind the point than there are.
    let is_sound = (1..=most).contains(&precision) && i16::from(scale) <= i16::from(precision);
    if is_sound { Ok(decimal(precision, scale)) } else { Err(broken()) }
}

fn unit(table: Table<'_>, default: i16) -> Result<TimeUnit> {
    Ok(match table.i16(0, default)? {
        0 => TimeUnit::Second,
        1 => TimeUnit::Millisecond,
        2 => TimeUnit::Microsecond,
        3 => TimeUnit::Nanosecond,
        _ => return Err(broken()),
    })
}

fn metadata(table: Table<'_>, field: usize) -> Result<HashMap<String, String>> {
    let text = |entry: &Table<'_>, field| Ok(entry.text(field)?.unwrap_or_default().to_owned());
    table.tables(field)?.iter().map(|entry| Ok((text(entry, 0)?, text(entry, 1)?))).collect()
}

fn broken() -> crate::diag::Error {
    damaged("the schema")
}
