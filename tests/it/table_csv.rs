//! CSV in all its spellings, and what is told of bytes that are none.

use predictql::Limits;
use predictql::data::{ColumnType, DataType, Scalar};
use predictql::diag::{Code, Error};
use predictql::table::{CsvOptions, Encoding, Table, read_csv};

use crate::table::{columns, rows};

fn read(text: impl AsRef<[u8]>) -> Table {
    read_csv(text.as_ref(), &CsvOptions::default(), &Limits::default()).unwrap()
}

fn read_as(text: &str, schema: &[(&str, DataType)]) -> Result<Table, Error> {
    let mut options = CsvOptions::default();
    options.schema =
        schema.iter().map(|(name, data_type)| ((*name).into(), data_type.clone().into())).collect();
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

/// What a value far behind the others says of its column is what it says among the first ones.
#[test]
fn the_place_of_a_value_does_not_matter() {
    let kinds =
        ["12", "-7", "0.5", "1e-3", "true", "2024-02-29", "2024-02-29 12:30:00", "x", "DE", "NA", "", "\"\""];
    let odd = [
        "3",
        "07",
        "+491512345678",
        "9223372036854775808",
        "9007199254740993",
        "1.5",
        "1e999",
        "nan",
        "-inf",
        "False",
        "2024-03-01",
        "2024-02-30",
        "2024-03-01T12:00:00Z",
        "AT",
        "Au",
        "NA",
        "",
        "\"\"",
        "\" 4 \"",
        "0x1f",
    ];
    for usual in kinds {
        for odd in odd {
            let usual_rows = format!("1,{usual}\n").repeat(5_000);
            let (first, last) =
                (read(format!("i,v\n1,{odd}\n{usual_rows}")), read(format!("i,v\n{usual_rows}1,{odd}\n")));
            assert_eq!(columns(&first), columns(&last), "{usual} and {odd}");
            let (mut first, last) = (rows(&first), rows(&last));
            first.rotate_left(1);
            assert_eq!(first, last, "{usual} and {odd}");
        }
    }
}

#[test]
fn a_row_that_cannot_be_read_is_named_far_behind_the_others() {
    let usual = "1,2\n".repeat(5_000);
    let (code, message) = refuse(format!("a,b\n{usual}1,2,3\n{usual}"));
    assert_eq!(code, Code::InvalidCsv);
    assert_eq!(message, "line 5002: expected 2 fields, found 3");
    let (_, message) = refuse(format!("a,b\n{usual}1,\"2\" 3\n{usual}"));
    assert!(message.starts_with("line 5002, column `b`: expected `,`"), "{message}");
    let text = format!("a,b\n{usual}1,2,3\n{usual}1\n1,x\n");
    let table = read_with(&text, &[("max_bad_records", Scalar::Int64(2))]).unwrap();
    assert_eq!((table.rows(), columns(&table)), (10_001, vec!["a INT64".to_owned(), "b STRING".to_owned()]));
    assert_eq!(
        table.notes,
        ["rows left out: 2 (line 5002: expected 2 fields, found 3; line 10003: expected 2 fields, found 1)"]
    );
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
    assert_eq!(rows(&read("a;b\n1,5;2,5\n3,5;4\n")), ["1.5 | 2.5", "3.5 | 4.0"]);
    assert_eq!(rows(&read("name\tplace\nx\tRome, Italy\n")), ["x | Rome, Italy"]);
    assert_eq!(columns(&read("word\nx\ny\n")), ["word STRING"]);
}

#[test]
fn the_delimiter_can_be_given() {
    let mut options = CsvOptions::default();
    options.delimiter = Some(":".into());
    let table = read_csv(b"a:b\n1:2,x\n", &options, &Limits::default()).unwrap();
    assert_eq!(rows(&table), ["1 | 2,x"]);
    options.delimiter = Some("\"".into());
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
    options.header = Some(false);
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
    options.null_values = Some(vec!["-".into(), "n/a".into()]);
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
fn text_that_is_not_utf8_has_one_byte_a_character() {
    // pandas: encoding="cp1252".
    let table = read(b"name,city\nx,Z\xfcrich\ny,\x80 5\n");
    assert_eq!(rows(&table), ["x | Zürich", "y | € 5"]);
    assert!(table.notes[0].contains("windows-1252"));
    // Where other letters are in UTF-8, the file is damaged.
    let damaged = "x,Zürich\ny,".bytes().chain([0xfc]).collect::<Vec<u8>>();
    assert_eq!(refuse(damaged), (Code::InvalidCsv, "line 2: expected UTF-8, found other bytes".into()));
}

#[test]
fn encodings_come_from_the_mark_or_the_option() {
    // pandas: encoding="utf-16" and "utf-32".
    for bytes in [
        &b"\xff\xfei\0d\0\t\0n\0\r\0\n\x001\0\t\0\xeb\0"[..],
        b"\xfe\xff\0i\0d\0\t\0n\0\r\0\n\x001\0\t\0\xeb",
        b"\xef\xbb\xbfid\tn\r\n1\t\xc3\xab",
    ] {
        let table = read(bytes);
        assert_eq!(columns(&table), ["id INT64", "n STRING"]);
        assert_eq!(rows(&table), ["1 | ë"]);
    }
    let mut options = CsvOptions::default();
    options.encoding = Some(Encoding::named("UTF-16LE"));
    let table = read_csv(b"a\0\n\x001\0", &options, &Limits::default()).unwrap();
    assert_eq!(columns(&table), ["a INT64"]);
    options.encoding = Some(Encoding::named("ISO-8859-1"));
    let table = read_csv(b"\xe9t\xe9\n1\n", &options, &Limits::default()).unwrap();
    assert_eq!(columns(&table), ["été INT64"]);
    assert_eq!(refuse(b"\xff\xfea\0\xd8").0, Code::InvalidCsv);
}

/// The table that options by their names in SQL read.
fn read_with(text: &str, given: &[(&str, Scalar)]) -> Result<Table, Error> {
    let mut options = CsvOptions::default();
    for (name, value) in given {
        options.set(name, value)?;
    }
    read_csv(text.as_bytes(), &options, &Limits::default())
}

fn text(value: &str) -> Scalar {
    Scalar::String(value.into())
}

#[test]
fn whole_numbers_beyond_int64_keep_their_digits() {
    let table = read(
        "id,mixed,float,point\n\
         21602730330000060100100000358582,9007199254740993,1e30,0.1234567890123456789\n\
         7,0.5,100000000000000000000,2\n",
    );
    assert_eq!(columns(&table), ["id STRING", "mixed STRING", "float FLOAT64", "point FLOAT64"]);
    // Python: float("0.1234567890123456789").
    assert_eq!(
        rows(&table),
        [
            "21602730330000060100100000358582 | 9007199254740993 | 1e30 | 0.12345678901234568",
            "7 | 0.5 | 1e20 | 2.0"
        ]
    );
    assert_eq!(
        table.notes,
        [
            "column `id` is STRING: INT64 does not hold all of its whole numbers",
            "column `mixed` is STRING: FLOAT64 does not hold all of its whole numbers"
        ]
    );
}

#[test]
fn text_behind_a_closing_quote_is_named() {
    let message = "line 3, column `b`: expected `,` or the end of the line behind a closing quote, \
                   found `y\",2` at character 6";
    assert_eq!(refuse("a,b,c\n1,\"x\",0\n1,\"x\"y\",2\n"), (Code::InvalidCsv, message.into()));
    assert_eq!(
        refuse("\"a\"b,c\n").1,
        "line 1, field 1: expected `,` or the end of the line behind a closing quote, found `b,c` at character 4"
    );
    // Blanks are no text.
    assert_eq!(rows(&read("a,b\n\"x\" ,\"y\"  \n")), ["x | y"]);
}

#[test]
fn backslashes_escape_where_nothing_else_is_possible() {
    // pandas: escapechar="\\\\".
    let table = read("\"foo\",\"bar\"\n\"332\",\"Surname\\, Firstname\"\n\"123\",\"foo (\\\"foo\\\")\"\n");
    assert_eq!(rows(&table), ["332 | Surname, Firstname", "123 | foo (\"foo\")"]);
    assert_eq!(table.notes, ["a backslash before a quote is read as its escape"]);
    let paths = read("a,b\n\"C:\\dir\\\",\"x\"\n");
    assert_eq!(rows(&paths), ["C:\\dir\\ | x"]);
    let given = [
        ("escape", text("\\")),
        ("null_markers", Scalar::Array(DataType::String, vec![text("\\N"), text("")])),
    ];
    let table = read_with("a,b\nx\\,y,\\N\n,1\n", &given).unwrap();
    assert_eq!(columns(&table), ["a STRING", "b INT64"]);
    assert_eq!(rows(&table), ["x,y | NULL", "NULL | 1"]);
}

#[test]
fn decimal_commas_are_found_where_they_are_clear() {
    // pandas: sep=";", decimal=",".
    let table = read("a;b;c;d\r\n20240102;0,1150;1,789;x,y\r\n20240103;80000000,00;-2,100;z\r\n");
    assert_eq!(columns(&table), ["a INT64", "b FLOAT64", "c FLOAT64", "d STRING"]);
    assert_eq!(rows(&table), ["20240102 | 0.115 | 1.789 | x,y", "20240103 | 80000000.0 | -2.1 | z"]);
    // These may be thousands, and points in one column speak for nothing in another.
    assert_eq!(columns(&read("a;b\n1,234;5\n12,345;6\n")), ["a STRING", "b INT64"]);
    assert_eq!(columns(&read("a;b\n1,5;2.5\n3,25;2.25\n")), ["a FLOAT64", "b FLOAT64"]);
    assert_eq!(columns(&read("a;b\n1.234,5;x\n")), ["a STRING", "b STRING"]);
    // Commas between fields leave numbers with commas to the option.
    assert_eq!(columns(&read("a,b\n\"1,5\",2\n")), ["a STRING", "b INT64"]);
    let table = read_with("a,b\n\"1,5\",2\n", &[("decimal", text(","))]).unwrap();
    assert_eq!(rows(&table), ["1.5 | 2"]);
    let table = read_with("a;b\n1,234;2\n", &[("decimal", text(","))]).unwrap();
    assert_eq!(rows(&table), ["1.234 | 2"]);
    assert_eq!(columns(&read_with("a;b\n1,5;2\n", &[("decimal", text("."))]).unwrap())[0], "a STRING");
    assert_eq!(columns(&read("a\tb\n$1,234.50\t12 %\n")), ["a STRING", "b STRING"]);
}

#[test]
fn title_lines_are_found_where_they_are_clear() {
    for text in [
        "Report of 2025-01-06\nid;name;price\n1;x;2.5\n2;y;3\n",
        "Report;;\r\n;;\r\nid;name;price\r\n1;x;2.5\r\n2;y;3\r\n",
        "\"Source: a bank; all rights\"\n\n# comment\nid;name;price\n1;x;2.5\n2;y;3\n",
        "sep=;\nid;name;price\n1;x;2.5\n2;y;3\n",
    ] {
        let table = read(text);
        assert_eq!(columns(&table), ["id INT64", "name STRING", "price FLOAT64"], "{text}");
        assert_eq!(rows(&table), ["1 | x | 2.5", "2 | y | 3.0"], "{text}");
    }
    assert_eq!(columns(&read("GDP\n\ncountry,2020,2021\nX,1,2\n"))[1], "2020 INT64");
    // A name and rows with commas, R's header without the row names: no title.
    assert_eq!(refuse("name\nx, 1\ny, 2\n").1, "line 2: expected 1 fields, found 2");
    assert_eq!(refuse("x,y\na,1,2\nb,3,4\n").1, "line 2: expected 2 fields, found 3");
    assert_eq!(columns(&read("a,\n1,2\n")), ["a INT64", "column_2 INT64"]);
}

#[test]
fn leading_rows_are_skipped() {
    let file = "title\n\"more, of it\n1,2\na,b\n3,4\n";
    for skipped in [4, 5] {
        let table = read_with(file, &[("skip_leading_rows", Scalar::Int64(skipped))]).unwrap();
        assert_eq!(columns(&table)[0], if skipped == 4 { "a INT64" } else { "3 STRING" });
    }
    let table =
        read_with(file, &[("skip_leading_rows", Scalar::Int64(4)), ("header", Scalar::Bool(false))]).unwrap();
    assert_eq!(
        (columns(&table).join(", "), rows(&table)),
        ("column_1 INT64, column_2 INT64".into(), vec!["3 | 4".into()])
    );
    let table = read_with("1,2\n", &[("skip_leading_rows", Scalar::Int64(0))]).unwrap();
    assert_eq!(rows(&table), ["1 | 2"]);
}

#[test]
fn rows_may_be_ragged_by_option() {
    let file = "a,b,c\n1,2,3\n4,5\n6,7,8,\n";
    assert_eq!(refuse(file).1, "line 3: expected 3 fields, found 2");
    let yes = Scalar::Bool(true);
    let table =
        read_with(file, &[("allow_jagged_rows", yes.clone()), ("ignore_unknown_values", yes.clone())])
            .unwrap();
    assert_eq!(rows(&table), ["1 | 2 | 3", "4 | 5 | NULL", "6 | 7 | 8"]);
    let error = read_with(file, &[("max_bad_records", Scalar::Int64(1))]).unwrap_err();
    assert_eq!(error.first().message, "line 4: expected 3 fields, found 4");
    let table = read_with(file, &[("max_bad_records", Scalar::Int64(2))]).unwrap();
    assert_eq!(rows(&table), ["1 | 2 | 3"]);
    assert_eq!(
        table.notes,
        ["rows left out: 2 (line 3: expected 3 fields, found 2; line 4: expected 3 fields, found 4)"]
    );
}

#[test]
fn decimals_keep_their_digits_and_their_bounds() {
    let with = |name: &str, text: &str, set: &[(&str, Scalar)]| {
        let mut options = CsvOptions::default();
        set.iter().for_each(|(name, value)| options.set(name, value).unwrap());
        options.schema = vec![("x".into(), ColumnType::named(name).unwrap())];
        read_csv(text.as_bytes(), &options, &Limits::default())
    };
    let read = |name: &str, text: &str| rows(&with(name, text, &[]).unwrap());
    let long = "12345678901234567890.123456789";
    assert_eq!(read("NUMERIC", &format!("x\n{long}\n-0.0000000005\n1e3\n")), [long, "-0.000000001", "1000"]);
    // Digits behind the scale are rounded away from zero; digits before it are not lost.
    assert_eq!(read("numeric( 5 , 2 )", "x\n1.005\n-999.994\n"), ["1.01", "-999.99"]);
    assert_eq!(
        read("BIGNUMERIC", "x\n0.12345678901234567890123456789012345678\n"),
        ["0.12345678901234567890123456789012345678"]
    );
    let error = with("NUMERIC(5, 2)", "x\n1\n999.995\n", &[]).unwrap_err();
    assert_eq!(error.first().message, "line 3, column `x`: expected NUMERIC(5, 2), found `999.995`");
    let bad = with("NUMERIC(5, 2)", "x\n1\n999.995\n", &[("max_bad_records", Scalar::Int64(1))]).unwrap();
    assert_eq!(rows(&bad), ["1"]);
    let comma = [("decimal", text(",")), ("field_delimiter", text(";"))];
    assert_eq!(rows(&with("NUMERIC", "x;y\n0,1;2\n", &comma).unwrap()), ["0.1 | 2"]);
    let error = with("STRING(2)", "x\nüb\nüber\n", &[]).unwrap_err();
    assert_eq!(error.first().message, "line 3, column `x`: expected STRING(2), found `über`");
    for (name, code) in [
        ("NUMERIC(40)", Code::InvalidValue),
        ("DATE(2)", Code::InvalidValue),
        ("NUMERIC(x)", Code::UnknownType),
        ("DECIMALS", Code::UnknownType),
    ] {
        assert_eq!(ColumnType::named(name).unwrap_err().code(), code, "{name}");
    }
}

#[test]
fn bad_rows_of_every_kind_are_counted() {
    let mut options = CsvOptions::default();
    options.schema = vec![("n".into(), DataType::Int64.into())];
    options.max_bad_records = 4;
    options.allow_quoted_newlines = false;
    let file = b"n,t\n1,a\nx,b\n2,\"c\"d\n3,\"e\nf\"\n4,g\n";
    let table = read_csv(file, &options, &Limits::default()).unwrap();
    assert_eq!(rows(&table), ["1 | a", "4 | g"]);
    assert!(
        table.notes[0].starts_with("rows left out: 4 (line 4, column `t`: expected `,`"),
        "{:?}",
        table.notes
    );
    options.max_bad_records = 3;
    let error = read_csv(file, &options, &Limits::default()).unwrap_err();
    assert_eq!(error.first().message, "line 3, column `n`: expected INT64, found `x`");
}

#[test]
fn na_among_codes_is_a_value() {
    let table = read("country,code,pop\nNamibia,NA,2.6\nGermany,DE,NA\n");
    assert_eq!(rows(&table), ["Namibia | NA | 2.6", "Germany | DE | NULL"]);
    let table = read("sex,state\nmale,NA\nNA,New York\n");
    assert_eq!(rows(&table), ["male | NULL", "NULL | New York"]);
    let none = Scalar::Array(DataType::String, vec![text("")]);
    let table = read_with("sex,n\nmale,1\nNA,\n", &[("null_markers", none)]).unwrap();
    assert_eq!(rows(&table), ["male | 1", "NA | NULL"]);
    let table = read_with("a,b\n-,1\nx,\n", &[("null_marker", text("-"))]).unwrap();
    assert_eq!(rows(&table), ["NULL | 1", "x | NULL"]);
}

#[test]
fn other_characters_divide_fields() {
    let table =
        read_with("a||b\n1||'x||y'\n", &[("field_delimiter", text("||")), ("quote", text("'"))]).unwrap();
    assert_eq!(rows(&table), ["1 | x||y"]);
    let table = read_with("a\tb\n1,5\t2\n", &[("field_delimiter", text("tab"))]).unwrap();
    assert_eq!(rows(&table), ["1.5 | 2"]);
    let table = read_with("a§b\n\"x§2\n", &[("field_delimiter", text("§")), ("quote", text(""))]).unwrap();
    assert_eq!(rows(&table), ["\"x | 2"]);
    let table = read_with("#a\na,b\n# no row, at all\n1,2\n", &[("comment", text("#"))]).unwrap();
    assert_eq!(rows(&table), ["1 | 2"]);
    let table =
        read_with("a,b\n\x01,2\n", &[("preserve_ascii_control_characters", Scalar::Bool(true))]).unwrap();
    assert_eq!(rows(&table), ["\x01 | 2"]);
    for (name, value) in
        [("quote", text("ab")), ("decimal", text(";")), ("max_bad_records", Scalar::Int64(-1))]
    {
        let error = read_with("a\n1\n", &[(name, value)]).unwrap_err();
        assert_eq!(error.code(), Code::InvalidOption, "{name}");
    }
    assert_eq!(read_with("a\n1\n", &[("delimitre", text(","))]).unwrap_err().code(), Code::UnknownOption);
}

#[test]
fn dates_have_other_formats_by_option() {
    let given = [("date_format", text("DD.MM.YYYY")), ("timestamp_format", text("DD/MM/YYYY HH24:MI:SS"))];
    let table = read_with("d,t,x\n31.12.2024,01/02/1970 00:00:01,2024-12-31\n", &given).unwrap();
    assert_eq!(columns(&table), ["d DATE", "t TIMESTAMP", "x STRING"]);
    // Python: date(2024, 12, 31) - date(1970, 1, 1).
    assert_eq!(rows(&table), ["20088 | 2678401000000 | 2024-12-31"]);
    assert_eq!(columns(&read("d\n31.12.2024\n")), ["d STRING"]);
}

#[test]
fn columns_without_names_are_typed_in_their_order() {
    let mut options = CsvOptions::default();
    options.header = Some(false);
    options.schema = vec![("id".into(), DataType::String.into()), ("n".into(), DataType::Float64.into())];
    let table = read_csv(b"1,2\n", &options, &Limits::default()).unwrap();
    assert_eq!(columns(&table), ["id STRING", "n FLOAT64"]);
    options.schema.pop();
    assert_eq!(read_csv(b"1,2\n", &options, &Limits::default()).unwrap_err().code(), Code::ColumnCount);
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
