//! CSV in all its spellings, and what is told of bytes that are none.

use predictql::Limits;
use predictql::data::DataType;
use predictql::diag::{Code, Error};
use predictql::table::{CsvOptions, Table, read_csv};

use crate::table::{columns, rows};

fn read(text: impl AsRef<[u8]>) -> Table {
    read_csv(text.as_ref(), &CsvOptions::default(), &Limits::default()).unwrap()
}

fn read_as(text: &str, schema: &[(&str, DataType)]) -> Result<Table, Error> {
    let mut options = CsvOptions::default();
    options.schema = schema.iter().map(|(name, data_type)| ((*name).into(), data_type.clone())).collect();
    read_csv(text.as_bytes(), &options, &Limits::default())
}

fn refuse(text: impl AsRef<[u8]>) -> (Code, String) {
    let error = read_csv(text.as_ref(), &CsvOptions::default(), &Limits::default()).unwrap_err();
    (error.code(), error.first().message.clone())
}

#[test]
fn types_come_from_all_rows() {
    let table = read(
        "i,f,b,d,t,s,n\n\
         1,1,true,2024-02-29,2024-02-29 12:30:00,x,\n\
         -2,2.5,FALSE,1970-01-02,1970-01-01T00:00:00.000001Z,1,NA\n\
         ,NA,,,,,\n",
    );
    assert_eq!(
        columns(&table),
        ["i INT64", "f FLOAT64", "b BOOL", "d DATE", "t TIMESTAMP", "s STRING", "n STRING"]
    );
    assert_eq!(
        rows(&table),
        [
            "1 | 1.0 | true | 19782 | 1709209800000000 | x | NULL",
            "-2 | 2.5 | false | 1 | 1 | 1 | NULL",
            "NULL | NULL | NULL | NULL | NULL | NULL | NULL",
        ]
    );
}

#[test]
fn a_value_in_the_last_row_makes_the_column_text() {
    let mut text = String::from("id\n");
    (0..20_000).for_each(|id| text.push_str(&format!("{id}\n")));
    text.push_str("A1\n");
    let table = read(&text);
    assert_eq!(columns(&table), ["id STRING"]);
    assert_eq!(table.rows(), 20_001);
    assert_eq!(rows(&table)[20_000], "A1");
    assert_eq!(table.batches.iter().map(|batch| batch.rows()).collect::<Vec<_>>(), [8192, 8192, 3617]);
}

#[test]
fn leading_zeros_stay() {
    let table = read("zip,phone,n\n01067,0351 123,0\n10115,030 456,0.5\n");
    assert_eq!(columns(&table), ["zip STRING", "phone STRING", "n FLOAT64"]);
    assert_eq!(rows(&table), ["01067 | 0351 123 | 0.0", "10115 | 030 456 | 0.5"]);
}

#[test]
fn quotes_hold_delimiters_line_ends_and_quotes() {
    let table = read("a,b\r\n\"x, y\",\"one\r\ntwo\"\r\n\"say \"\"hi\"\"\",\"\"\r\n\"NA\",\r\n");
    assert_eq!(rows(&table), ["x, y | one\r\ntwo", "say \"hi\" | ", "NA | NULL"]);
}

#[test]
fn quoted_numbers_are_numbers() {
    let table = read("a,b\n\"1\",\"x\"\n\"\",\"\"\n");
    assert_eq!(columns(&table), ["a INT64", "b STRING"]);
    assert_eq!(rows(&table), ["1 | x", "NULL | "]);
}

#[test]
fn line_ends_and_marks_do_not_matter() {
    for text in ["a,b\n1,x\n2,y", "a,b\r\n1,x\r\n2,y\r\n", "a,b\r1,x\r2,y\r", "\u{feff}a,b\n\n1,x\n\n2,y\n\n"]
    {
        let table = read(text);
        assert_eq!(columns(&table), ["a INT64", "b STRING"], "{text:?}");
        assert_eq!(rows(&table), ["1 | x", "2 | y"], "{text:?}");
    }
}

#[test]
fn spaces_around_numbers_and_names_do_not_count() {
    let table = read("a, b, c\n1, 2.5, x \n3, NA, y\n");
    assert_eq!(columns(&table), ["a INT64", "b FLOAT64", "c STRING"]);
    assert_eq!(rows(&table), ["1 | 2.5 |  x ", "3 | NULL |  y"]);
}

#[test]
fn the_delimiter_is_found() {
    for delimiter in [",", ";", "\t", "|"] {
        let table = read(format!("a{delimiter}b\n1{delimiter}x y\n"));
        assert_eq!(columns(&table), ["a INT64", "b STRING"], "{delimiter:?}");
    }
    // Decimal commas and addresses hold commas, but not in every row as many as in the header.
    assert_eq!(rows(&read("a;b\n1,5;2,5\n3,5;4\n")), ["1,5 | 2,5", "3,5 | 4"]);
    assert_eq!(rows(&read("name\tplace\nx\tRome, Italy\n")), ["x | Rome, Italy"]);
    assert_eq!(columns(&read("word\nx\ny\n")), ["word STRING"]);
}

#[test]
fn the_delimiter_can_be_given() {
    let mut options = CsvOptions::default();
    options.delimiter = Some(b':');
    let table = read_csv(b"a:b\n1:2,3\n", &options, &Limits::default()).unwrap();
    assert_eq!(rows(&table), ["1 | 2,3"]);
    options.delimiter = Some(b'"');
    let error = read_csv(b"a:b\n", &options, &Limits::default()).unwrap_err();
    assert_eq!(error.code(), Code::InvalidOption);
}

#[test]
fn names_are_unique_and_never_empty() {
    let table = read("a,,A, a\n1,2,3,4\n");
    assert_eq!(columns(&table), ["a INT64", "column_2 INT64", "A_1 INT64", "a_2 INT64"]);
}

#[test]
fn a_file_may_have_no_header() {
    let mut options = CsvOptions::default();
    options.header = false;
    let table = read_csv(b"1,x\n2,y\n", &options, &Limits::default()).unwrap();
    assert_eq!(columns(&table), ["column_1 INT64", "column_2 STRING"]);
    assert_eq!(rows(&table), ["1 | x", "2 | y"]);
}

#[test]
fn a_header_alone_is_an_empty_table() {
    let table = read("a,b\n");
    assert_eq!(columns(&table), ["a STRING", "b STRING"]);
    assert_eq!(table.rows(), 0);
}

#[test]
fn null_values_can_be_given() {
    let mut options = CsvOptions::default();
    options.null_values = vec!["-".into(), "n/a".into()];
    let table = read_csv(b"a,b\n1,\n-,NA\nn/a,x\n", &options, &Limits::default()).unwrap();
    assert_eq!(columns(&table), ["a INT64", "b STRING"]);
    assert_eq!(rows(&table), ["1 | ", "NULL | NA", "NULL | x"]);
}

#[test]
fn types_can_be_given() {
    let table = read_as(
        "zip,ok,id\n01067,1,7\n10115,no,\n",
        &[("ZIP", DataType::Int64), ("ok", DataType::Bool), ("id", DataType::String)],
    )
    .unwrap();
    assert_eq!(columns(&table), ["zip INT64", "ok BOOL", "id STRING"]);
    assert_eq!(rows(&table), ["1067 | true | 7", "10115 | false | NULL"]);
}

#[test]
fn a_given_type_must_fit() {
    let error = read_as("id,age\n\n1,30\n2,\"thirty\none\"\n", &[("age", DataType::Int64)]).unwrap_err();
    assert_eq!(error.code(), Code::InvalidCsv);
    assert_eq!(error.first().message, "line 4, column `age`: expected INT64, found `thirty\none`");
    let error = read_as("id,age\n1,30\n", &[("agee", DataType::Int64)]).unwrap_err();
    assert_eq!(error.code(), Code::UnknownColumn);
    assert_eq!(error.first().hint.as_deref(), Some("did you mean `age`?"));
    let error = read_as("id\n1\n", &[("id", DataType::array(DataType::Int64))]).unwrap_err();
    assert_eq!(error.code(), Code::InvalidOption);
    let error = read_as("id\n1\n", &[("id", DataType::Int64), ("ID", DataType::Bool)]).unwrap_err();
    assert_eq!(error.code(), Code::InvalidOption);
}

#[test]
fn rows_of_other_lengths_are_named() {
    let expected = (Code::InvalidCsv, "line 4: expected 2 fields, found 3".into());
    assert_eq!(refuse("a,b\n1,\"x\ny\"\n1,2,3\n"), expected);
    assert_eq!(refuse("a,b\n1,2\n\n1\n").1, "line 4: expected 2 fields, found 1");
}

#[test]
fn a_quote_without_end_is_named() {
    let expected = (Code::InvalidCsv, "line 3: a quoted field begins here and does not end".into());
    assert_eq!(refuse("a,b\n1,x\n2,\"y\n3,z\n"), expected);
}

#[test]
fn other_encodings_are_named() {
    let latin1 = b"name,city\nx,Z\xfcrich\n";
    assert_eq!(refuse(latin1), (Code::InvalidCsv, "line 2: expected UTF-8, found other bytes".into()));
    // The halves of a letter on both sides of a delimiter.
    assert_eq!(refuse(b"a,b\nx\xc3,\xa9y\n").1, "line 2: expected UTF-8, found other bytes");
    assert_eq!(refuse(b"\xff\xfea\0,\0b\0").1, "expected CSV, found text in UTF-16");
}

#[test]
fn other_formats_are_named() {
    for (bytes, name) in [
        (&b"\n <!DOCTYPE html><html><body>404</body></html>"[..], "an HTML page"),
        (b"PAR1\x15\x04", "a Parquet file"),
        (b"PK\x03\x04\x14\0\x06\0[Content_Types].xml", "an Excel workbook (xlsx)"),
        (b"PK\x03\x04\x14\0\0\0data.csv", "a zip archive"),
        (b"\x1f\x8b\x08", "a gzip archive"),
        (b"ARROW1\0\0", "an Arrow IPC file"),
        (b"\x89PNG\r\n\x1a\n", "a PNG picture"),
        (b"[\n  {\"a\": 1}]", "JSON"),
        (b"\x01\x02\x03", "binary data"),
    ] {
        assert_eq!(refuse(bytes), (Code::InvalidCsv, format!("expected CSV, found {name}")));
    }
    assert_eq!(refuse("").1, "expected CSV, found no row at all");
    assert_eq!(columns(&read("ORC,elf\n1,2\n")), ["ORC INT64", "elf INT64"]);
}

#[test]
fn limits_are_met() {
    let mut limits = Limits::default();
    limits.table_bytes = 10;
    let error = read_csv(b"a,b\n1,2\n3,4\n", &CsvOptions::default(), &limits).unwrap_err();
    assert_eq!(error.code(), Code::LimitExceeded);
    limits.table_bytes = 10_000;
    limits.columns = 100;
    for columns in [101, 5_000] {
        let error =
            read_csv(",".repeat(columns - 1).as_bytes(), &CsvOptions::default(), &limits).unwrap_err();
        assert_eq!(error.code(), Code::LimitExceeded);
    }
}
