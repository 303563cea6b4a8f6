//! Arrow IPC in and out: every layout, other formats, damaged bytes.

use std::panic::catch_unwind;
use std::sync::Arc;

use arrow_array::builder::{
    BinaryViewBuilder, FixedSizeBinaryBuilder, FixedSizeListBuilder, Float32Builder, Int32Builder,
    LargeListBuilder, ListBuilder, StringDictionaryBuilder, StringViewBuilder,
};
use arrow_array::types::{Float16Type, Int8Type};
use arrow_array::{
    Array, ArrayRef, BinaryArray, BooleanArray, Date32Array, Date64Array, Decimal32Array, Decimal64Array,
    Decimal128Array, Decimal256Array, DurationSecondArray, Float32Array, Float64Array, Int8Array, Int16Array,
    Int32Array, Int64Array, LargeBinaryArray, LargeStringArray, NullArray, PrimitiveArray, RecordBatch,
    StringArray, StringViewArray, StructArray, TimestampMicrosecondArray, TimestampMillisecondArray,
    TimestampNanosecondArray, TimestampSecondArray, UInt8Array, UInt16Array, UInt32Array, UInt64Array,
};
use arrow_buffer::i256;
use arrow_ipc::reader::{FileReader, StreamReader};
use arrow_ipc::writer::{DictionaryHandling, FileWriter, IpcWriteOptions, StreamWriter};
use arrow_schema::Field;
use predictql::data::{ColumnType, DataType};
use predictql::diag::{Code, Error};
use predictql::table::{END, Table, read_arrow, write_batch, write_schema};
use predictql::{Engine, Limits};

use crate::host;
use crate::table::{columns, rows};

fn record(columns: Vec<(&str, ArrayRef)>) -> RecordBatch {
    RecordBatch::try_from_iter_with_nullable(columns.into_iter().map(|(name, it)| (name, it, true))).unwrap()
}

fn stream(batches: &[RecordBatch]) -> Vec<u8> {
    let mut writer = StreamWriter::try_new(Vec::new(), &batches[0].schema()).unwrap();
    batches.iter().for_each(|batch| writer.write(batch).unwrap());
    writer.into_inner().unwrap()
}

fn file(batches: &[RecordBatch]) -> Vec<u8> {
    let mut writer = FileWriter::try_new(Vec::new(), &batches[0].schema()).unwrap();
    batches.iter().for_each(|batch| writer.write(batch).unwrap());
    writer.into_inner().unwrap()
}

fn read(bytes: &[u8]) -> Table {
    read_arrow(bytes, &Limits::default()).unwrap()
}

fn refuse(column: impl Array + 'static) -> String {
    let error =
        read_arrow(&stream(&[record(vec![("c", Arc::new(column))])]), &Limits::default()).unwrap_err();
    assert_eq!(error.code(), Code::InvalidArrow);
    error.first().message.clone()
}

/// One column of every layout that is read.
fn every_layout() -> RecordBatch {
    let mut dictionary = StringDictionaryBuilder::<Int8Type>::new();
    dictionary.extend([Some("x"), None, Some("x")]);
    let mut views = StringViewBuilder::new();
    views.extend([Some("a text of more than twelve bytes"), None, Some("short")]);
    let mut byte_views = BinaryViewBuilder::new();
    byte_views.extend([Some(&b"\x00\xff"[..]), None, Some(b"")]);
    let mut fixed_bytes = FixedSizeBinaryBuilder::new(2);
    fixed_bytes.append_value(b"ab").unwrap();
    fixed_bytes.append_null();
    fixed_bytes.append_value(b"cd").unwrap();
    let mut lists = LargeListBuilder::new(Int32Builder::new());
    lists.extend([Some(vec![Some(1), None]), None, Some(vec![])]);
    let mut fixed_lists = FixedSizeListBuilder::new(Float32Builder::new(), 2);
    for values in [Some([0.5, 1.0]), None, Some([2.0, 3.0])] {
        fixed_lists.values().append_slice(&values.unwrap_or_default());
        fixed_lists.append(values.is_some());
    }
    let mut structs = ListBuilder::new(StringViewBuilder::new());
    structs.extend([Some(vec![Some("p"), None]), Some(vec![]), None]);
    let structs = StructArray::from(vec![
        (
            Arc::new(Field::new("n", arrow_schema::DataType::Int16, true)),
            Arc::new(Int16Array::from(vec![1, 2, 3])) as ArrayRef,
        ),
        (
            Arc::new(Field::new_list(
                "tags",
                Field::new_list_field(arrow_schema::DataType::Utf8View, true),
                true,
            )),
            Arc::new(structs.finish()) as ArrayRef,
        ),
    ]);
    let decimals =
        Decimal128Array::from(vec![Some(12_345), None, Some(-1)]).with_precision_and_scale(10, 2).unwrap();
    record(vec![
        ("i8", Arc::new(Int8Array::from(vec![Some(-128), None, Some(127)]))),
        ("i16", Arc::new(Int16Array::from(vec![Some(-1), None, Some(1)]))),
        ("i32", Arc::new(Int32Array::from(vec![Some(-1), None, Some(1)]))),
        ("i64", Arc::new(Int64Array::from(vec![Some(i64::MIN), None, Some(1)]))),
        ("u8", Arc::new(UInt8Array::from(vec![Some(255), None, Some(1)]))),
        ("u16", Arc::new(UInt16Array::from(vec![Some(65_535), None, Some(1)]))),
        ("u32", Arc::new(UInt32Array::from(vec![Some(u32::MAX), None, Some(1)]))),
        ("u64", Arc::new(UInt64Array::from(vec![Some(1 << 62), None, Some(1)]))),
        (
            "f16",
            Arc::new(PrimitiveArray::<Float16Type>::from_iter([Some(1.5f32), None, Some(-2.0)].map(|it| {
                it.map(<Float16Type as arrow_array::types::ArrowPrimitiveType>::Native::from_f32)
            }))),
        ),
        ("f32", Arc::new(Float32Array::from(vec![Some(0.1), None, Some(1.0)]))),
        ("f64", Arc::new(Float64Array::from(vec![Some(0.1), None, Some(1.0)]))),
        ("decimal", Arc::new(decimals)),
        ("bool", Arc::new(BooleanArray::from(vec![Some(true), None, Some(false)]))),
        ("utf8", Arc::new(StringArray::from(vec![Some("a"), None, Some("")]))),
        ("large", Arc::new(LargeStringArray::from(vec![Some("a"), None, Some("ü")]))),
        ("view", Arc::new(views.finish())),
        ("dictionary", Arc::new(dictionary.finish())),
        ("binary", Arc::new(BinaryArray::from_opt_vec(vec![Some(b"\x01"), None, Some(b"")]))),
        ("large_binary", Arc::new(LargeBinaryArray::from_opt_vec(vec![Some(b"\x01"), None, Some(b"")]))),
        ("binary_view", Arc::new(byte_views.finish())),
        ("fixed_binary", Arc::new(fixed_bytes.finish())),
        ("date32", Arc::new(Date32Array::from(vec![Some(-1), None, Some(1)]))),
        ("date64", Arc::new(Date64Array::from(vec![Some(-86_400_000), None, Some(86_400_000)]))),
        ("s", Arc::new(TimestampSecondArray::from(vec![Some(-1), None, Some(1)]))),
        (
            "ms",
            Arc::new(
                TimestampMillisecondArray::from(vec![Some(-1), None, Some(1)]).with_timezone("Asia/Tokyo"),
            ),
        ),
        ("ns", Arc::new(TimestampNanosecondArray::from(vec![Some(-1), None, Some(1_999)]))),
        ("list", Arc::new(lists.finish())),
        ("fixed_list", Arc::new(fixed_lists.finish())),
        ("struct", Arc::new(structs)),
        ("null", Arc::new(NullArray::new(3))),
    ])
}

#[test]
fn every_layout_becomes_that_of_its_type() {
    let expected = [
        ("i8 INT64", ["-128", "127"]),
        ("i16 INT64", ["-1", "1"]),
        ("i32 INT64", ["-1", "1"]),
        ("i64 INT64", ["-9223372036854775808", "1"]),
        ("u8 INT64", ["255", "1"]),
        ("u16 INT64", ["65535", "1"]),
        ("u32 INT64", ["4294967295", "1"]),
        ("u64 INT64", ["4611686018427387904", "1"]),
        ("f16 FLOAT64", ["1.5", "-2.0"]),
        ("f32 FLOAT64", ["0.10000000149011612", "1.0"]),
        ("f64 FLOAT64", ["0.1", "1.0"]),
        ("decimal FLOAT64", ["123.45", "-0.01"]),
        ("bool BOOL", ["true", "false"]),
        ("utf8 STRING", ["a", ""]),
        ("large STRING", ["a", "ü"]),
        ("view STRING", ["a text of more than twelve bytes", "short"]),
        ("dictionary STRING", ["x", "x"]),
        ("binary BYTES", ["\\x01", ""]),
        ("large_binary BYTES", ["\\x01", ""]),
        ("binary_view BYTES", ["\\x00\\xff", ""]),
        ("fixed_binary BYTES", ["ab", "cd"]),
        ("date32 DATE", ["-1", "1"]),
        ("date64 DATE", ["-1", "1"]),
        ("s TIMESTAMP", ["-1000000", "1000000"]),
        ("ms TIMESTAMP", ["-1000", "1000"]),
        ("ns TIMESTAMP", ["-1", "1"]),
        ("list ARRAY<INT64>", ["[1, NULL]", "[]"]),
        ("fixed_list ARRAY<FLOAT64>", ["[0.5, 1.0]", "[2.0, 3.0]"]),
        ("struct STRUCT<n INT64, tags ARRAY<STRING>>", ["(1, [p, NULL])", "(3, NULL)"]),
        ("null STRING", ["NULL", "NULL"]),
    ];
    let batch = every_layout();
    for bytes in [stream(std::slice::from_ref(&batch)), file(&[batch])] {
        let table = read(&bytes);
        assert_eq!(columns(&table), expected.map(|(column, _)| column));
        let rows = rows(&table);
        assert_eq!(rows[0], expected.map(|(_, [first, _])| first).join(" | "));
        assert_eq!(rows[2], expected.map(|(_, [_, last])| last).join(" | "));
        let middle: Vec<&str> = rows[1].split(" | ").filter(|value| *value != "NULL").collect();
        assert_eq!(middle, ["(2, [])"]);
    }
}

#[test]
fn a_struct_of_dimensions_and_values_is_a_tensor() {
    let named = |names: [&str; 2], shapes: &[&[i32]], data: &[&[f32]]| {
        let mut shape_lists = ListBuilder::new(Int32Builder::new());
        shapes.iter().for_each(|shape| shape_lists.append_value(shape.iter().copied().map(Some)));
        let mut data_lists = LargeListBuilder::new(Float32Builder::new());
        data.iter().for_each(|data| data_lists.append_value(data.iter().copied().map(Some)));
        let parts: [ArrayRef; 2] = [Arc::new(shape_lists.finish()), Arc::new(data_lists.finish())];
        let field =
            |(name, it): (&str, ArrayRef)| (Arc::new(Field::new(name, it.data_type().clone(), true)), it);
        StructArray::from(names.into_iter().zip(parts).map(field).collect::<Vec<_>>())
    };
    let names = [["dimensions", "values"], ["shape", "data"]];
    for names in names {
        let whole = named(names, &[&[1, 2], &[]], &[&[0.25, 1.0], &[7.0]]);
        let table = read(&stream(&[record(vec![("image", Arc::new(whole))])]));
        assert_eq!(columns(&table), ["image STRUCT<dimensions ARRAY<INT64>, values ARRAY<FLOAT64>>"]);
        assert_eq!(rows(&table), ["([1, 2], [0.25, 1.0])", "([], [7.0])"]);
    }
    let tensor = |shapes: &[&[i32]], data: &[&[f32]]| named(names[0], shapes, data);
    assert_eq!(
        refuse(tensor(&[&[1, 2], &[2, 2]], &[&[0.25, 1.0], &[7.0]])),
        "column `c`, row 2: a tensor of shape [2, 2] cannot have 1 values"
    );
    refuse(tensor(&[&[-1, -1]], &[&[0.5]]));
}

#[test]
fn rows_travel_in_batches_of_their_own_size() {
    let batches: Vec<_> =
        [3, 0, 5].map(|rows| record(vec![("n", Arc::new(Int32Array::from_iter_values(0..rows)))])).into();
    let mut limits = Limits::default();
    limits.batch_rows = 2;
    let table = read_arrow(&stream(&batches), &limits).unwrap();
    assert_eq!(table.batches.iter().map(|batch| batch.rows()).collect::<Vec<_>>(), [2, 1, 2, 2, 1]);
    assert_eq!(rows(&table), ["0", "1", "2", "0", "1", "2", "3", "4"]);
    assert_eq!(table.bytes(), 8 * 8);
}

#[test]
fn names_are_unique() {
    let one = || Arc::new(Int64Array::from(vec![1])) as ArrayRef;
    let table = read(&stream(&[record(vec![("a", one()), ("A", one()), ("", one())])]));
    assert_eq!(columns(&table), ["a INT64", "A_1 INT64", "column_3 INT64"]);
}

#[test]
fn values_without_counterpart_are_named() {
    assert_eq!(
        refuse(UInt64Array::from(vec![Some(1), None, Some(u64::MAX)])),
        "column `c`, row 3: 18446744073709551615 is out of the range of INT64"
    );
    assert_eq!(
        refuse(TimestampSecondArray::from(vec![0, i64::MAX])),
        "column `c`, row 2: 9223372036854775807 is out of the range of TIMESTAMP"
    );
    assert_eq!(
        refuse(DurationSecondArray::from(vec![1])),
        "column `c` has the type Duration(s), which has no counterpart in SQL"
    );
    let mut nested = ListBuilder::new(ListBuilder::new(Int32Builder::new()));
    nested.append_null();
    assert_eq!(
        refuse(nested.finish()),
        "column `c` has the type List(List(Int32)), which has no counterpart in SQL"
    );
}

#[test]
fn other_formats_are_named() {
    for (bytes, found) in [
        (&b"a,b\n1,2\n"[..], "text"),
        (b"", "no bytes"),
        (b"PAR1\x15\x04", "a Parquet file"),
        (b"<html>", "an HTML page"),
        (b"FEA1\0\0\0\0", "a Feather V1 file"),
    ] {
        let error = read_arrow(bytes, &Limits::default()).unwrap_err();
        assert_eq!(error.code(), Code::InvalidArrow);
        assert_eq!(error.first().message, format!("expected an Arrow IPC file or stream, found {found}"));
    }
}

#[test]
fn what_unpacks_beyond_the_limit_is_refused() {
    let mut limits = Limits::default();
    limits.table_bytes = 1 << 20;
    let refused = |column: ArrayRef| {
        let bytes = stream(&[record(vec![("c", column)])]);
        assert!(bytes.len() < limits.table_bytes);
        read_arrow(&bytes, &limits).unwrap_err().code() == Code::LimitExceeded
    };
    let long = "x".repeat(100_000);
    let mut dictionary = StringDictionaryBuilder::<Int8Type>::new();
    dictionary.extend(std::iter::repeat_n(Some(&long), 1_000));
    assert!(refused(Arc::new(dictionary.finish())));
    assert!(refused(Arc::new(NullArray::new(1_000_000))));
    assert!(refused(Arc::new(Int8Array::from(vec![1; 500_000]))));
    limits.table_bytes = 10;
    let error: Error = read_arrow(&stream(&[every_layout()]), &limits).unwrap_err();
    assert_eq!(error.code(), Code::LimitExceeded);
}

#[test]
fn pieces_are_streams() {
    let table = read(&stream(&[every_layout(), every_layout()]));
    let schema = write_schema(&table.schema).unwrap();
    let batches = table.batches.iter().map(|batch| write_batch(&table.schema, batch).unwrap());
    let batches: Vec<Vec<u8>> = batches.collect();
    let end = END.to_vec();

    let whole = [schema.clone(), batches.concat(), end.clone()].concat();
    assert_eq!(rows(&read(&whole)), rows(&table));
    let theirs: Vec<RecordBatch> =
        StreamReader::try_new(whole.as_slice(), None).unwrap().map(Result::unwrap).collect();
    assert_eq!(theirs.iter().map(RecordBatch::num_rows).collect::<Vec<_>>(), [3, 3]);
    // What arrow has read of ours, written by arrow.
    assert_eq!(rows(&read(&stream(&theirs))), rows(&table));
    assert_eq!(columns(&read(&stream(&theirs))), columns(&table));

    for batch in &batches {
        let alone = [schema.clone(), batch.clone(), end.clone()].concat();
        assert_eq!(rows(&read(&alone)), rows(&table)[..3]);
    }
    assert_eq!(columns(&read(&[schema, end].concat())), columns(&table));
}

/// A stream may send only what a dictionary has got since the batch before.
#[test]
fn dictionaries_grow() {
    let batch = |values: &[&str]| {
        let mut column = StringDictionaryBuilder::<Int8Type>::new();
        values.iter().for_each(|value| column.append_value(value));
        record(vec![("word", Arc::new(column.finish()))])
    };
    let batches = [batch(&["a", "b", "a"]), batch(&["a", "b", "c", "b"])];
    let options = IpcWriteOptions::default().with_dictionary_handling(DictionaryHandling::Delta);
    let mut writer = StreamWriter::try_new_with_options(Vec::new(), &batches[0].schema(), options).unwrap();
    batches.iter().for_each(|batch| writer.write(batch).unwrap());
    let bytes = writer.into_inner().unwrap();
    let words = ["a", "b", "a", "a", "b", "c", "b"];
    assert_eq!(rows(&read(&bytes)), words.map(str::to_owned));
}

/// Views of values that are NULL may show anything; a view that shows what is not there is damage.
#[test]
fn views_show_what_is_there() {
    let long = "longer than what fits into a view";
    let views = StringViewArray::from(vec![Some(long), None, Some("short")]);
    assert_eq!(
        rows(&read(&stream(&[record(vec![("c", Arc::new(views.clone()))])]))),
        [long, "NULL", "short"]
    );
    let bytes = stream(&[record(vec![("c", Arc::new(views))])]);
    let view = bytes.windows(8).position(|bytes| bytes == [33, 0, 0, 0, b'l', b'o', b'n', b'g']).unwrap();
    for (place, value) in [(view, 34), (view + 8, 1), (view + 12, 1)] {
        let mut damaged = bytes.clone();
        damaged[place] = value;
        assert_eq!(read_arrow(&damaged, &Limits::default()).unwrap_err().code(), Code::InvalidArrow);
    }
}

#[test]
fn damaged_bytes_are_refused_without_a_crash() {
    let streamed = stream(&[every_layout()]);
    let filed = file(&[every_layout()]);
    assert!(FileReader::try_new(std::io::Cursor::new(&filed), None).is_ok());
    let theirs = ["types.arrow", "types.arrows", "dictionary_replaced.arrows"];
    let theirs = theirs.map(|name| host::read(&format!("tables/{name}")));
    // Theirs are sampled: each byte of each takes a minute.
    let whole_files = [(streamed, 1), (filed, 1)].into_iter().chain(theirs.map(|bytes| (bytes, 3)));
    for (whole, step) in whole_files {
        for length in (0..whole.len()).step_by(step) {
            attempt(&whole[..length]);
        }
        let mut damaged = whole.clone();
        for at in (0..whole.len()).step_by(step) {
            for byte in [0, 0xff, whole[at] ^ 0x10] {
                damaged[at] = byte;
                attempt(&damaged);
            }
            damaged[at] = whole[at];
        }
    }
}

/// Damage may go unnoticed within values, but it is told in one way only.
fn attempt(bytes: &[u8]) {
    let read = catch_unwind(|| read_arrow(bytes, &Limits::default()).map(|table| rows(&table).len()));
    match read {
        Ok(Ok(_)) => {}
        Ok(Err(error)) => {
            assert!(matches!(error.code(), Code::InvalidArrow | Code::LimitExceeded), "{error}")
        }
        Err(_) => panic!("a crash"),
    }
}

#[test]
fn decimals_are_the_type_that_has_their_digits() {
    let of_128 = |units: i128, precision, scale| {
        Decimal128Array::from(vec![units]).with_precision_and_scale(precision, scale).unwrap()
    };
    let of_256 = |precision: u8, scale| {
        let units = i256::from_string(&"9".repeat(precision.into())).unwrap();
        Decimal256Array::from(vec![units]).with_precision_and_scale(precision, scale).unwrap()
    };
    let short = Decimal32Array::from(vec![123_456]).with_precision_and_scale(9, 3).unwrap();
    let medium = Decimal64Array::from(vec![1_234_567_890_123_456]).with_precision_and_scale(18, 9).unwrap();
    let batch = record(vec![
        ("short", Arc::new(short) as ArrayRef),
        ("medium", Arc::new(medium)),
        ("long", Arc::new(of_128(-12_345_678_901_234_567_890_123_456_789_012_345_678, 38, 9))),
        ("large", Arc::new(of_128(10i128.pow(37), 38, -1))),
        ("fine", Arc::new(of_128(1, 38, 38))),
        ("wide", Arc::new(of_256(76, 38))),
        ("widest", Arc::new(of_256(76, 0))),
    ]);
    let nines = |count| "9".repeat(count);
    let read = |types: &[(String, ColumnType)]| {
        let engine = Engine::default();
        engine.register_arrow_as("t", &stream(std::slice::from_ref(&batch)), types).map(|_| ())
    };
    let table = read_arrow(&stream(std::slice::from_ref(&batch)), &Limits::default()).unwrap();
    assert_eq!(
        columns(&table),
        [
            "short FLOAT64",
            "medium NUMERIC",
            "long NUMERIC",
            "large STRING",
            "fine BIGNUMERIC",
            "wide BIGNUMERIC",
            "widest STRING",
        ]
    );
    assert_eq!(
        rows(&table),
        [[
            "123.456",
            "1234567.890123456",
            "-12345678901234567890123456789.012345678",
            &format!("1{}", "0".repeat(38)),
            "0.00000000000000000000000000000000000001",
            &format!("{}.{}", nines(38), nines(38)),
            &nines(76),
        ]
        .join(" | ")]
    );
    // Types that are given keep all digits on the way, and are rounded or refused as CAST does.
    let given = |name: &str, data_type: &str| vec![(name.to_owned(), ColumnType::named(data_type).unwrap())];
    assert!(read(&given("short", "NUMERIC(6, 3)")).is_ok());
    let error = read(&given("SHORT", "NUMERIC(5, 3)")).unwrap_err();
    assert_eq!(error.first().message, "column `short`, row 1: 123.456 does not fit NUMERIC(5, 3)");
    assert!(read(&given("fine", "NUMERIC")).is_ok());
    let error = read(&given("widest", "BIGNUMERIC")).unwrap_err();
    assert_eq!(error.code(), Code::CastFailed);
}

/// Other programs write timestamps without a time zone too: only what PredictQL wrote says that it is DATETIME.
#[test]
fn local_times_come_back_as_what_they_were() -> Result<(), predictql::diag::Error> {
    let engine = host::engine();
    let result =
        host::run(&engine, "SELECT DATETIME '2020-01-02 03:04:05' AS d, TIMESTAMP '2020-01-02' AS t")?;
    let schema = result.schema.unwrap();
    let mut bytes = write_schema(&schema)?;
    for batch in &result.batches {
        bytes.extend(write_batch(&schema, batch)?);
    }
    bytes.extend(END);
    engine.register_arrow("again", &bytes)?;
    let again = host::run(&engine, "SELECT STRING(d) AS d, STRING(t) AS t FROM again")?;
    assert_eq!(again.text_rows(), [["2020-01-02 03:04:05", "2020-01-02 00:00:00+00"]]);
    let local = record(vec![("l", Arc::new(TimestampMicrosecondArray::from(vec![0])))]);
    assert_eq!(read(&stream(&[local])).schema.fields[0].data_type, DataType::Timestamp);
    Ok(())
}
