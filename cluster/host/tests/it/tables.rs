//! Formats of tables, by the statements of BigQuery that name them.

use std::io::Write;

use crate::support::{host, run};

fn selected(format: &str, uri: &str) -> Vec<String> {
    let host = host();
    // Parquet has no such types.
    let others = match format {
        "ARROW" => "large_utf8, utf8_view, date64, timestamp_s, large_list, fixed_size_list, `null`",
        _ => "",
    };
    let except = if others.is_empty() { String::new() } else { format!("EXCEPT ({others})") };
    let sql = format!(
        "CREATE EXTERNAL TABLE t OPTIONS (format = '{format}', uris = ['{uri}']);
         SELECT TO_JSON_STRING(r) FROM (SELECT * {except} FROM t) AS r"
    );
    run(&host, &sql).unwrap_or_else(|error| panic!("{uri}: {error}"))
}

#[test]
fn parquet_and_every_kind_of_arrow_have_the_same_rows() {
    let plain = selected("ARROW", "tables/types.arrow");
    assert!(!plain.is_empty());
    for file in ["types.arrows", "types_lz4.feather", "types_zstd.feather"] {
        assert_eq!(selected("ARROW", &format!("tables/{file}")), plain, "{file}");
    }
    assert_eq!(selected("PARQUET", "tables/types.parquet"), plain);
}

#[test]
fn json_comes_as_a_list_and_as_lines() {
    let host = host();
    let objects =
        [r#"{"a": 1, "b": "x", "c": [1, 2.5], "d": {"e": null, "f": true}}"#, r#"{"b": null, "a": 2.5}"#];
    host.stores().write("memory://list.json", format!("[{}]", objects.join(","))).unwrap();
    host.stores().write("memory://lines.json", objects.join("\n")).unwrap();
    for uri in ["memory://list.json", "memory://lines.json"] {
        let sql = format!(
            "CREATE EXTERNAL TABLE t OPTIONS (format = 'JSON', uris = ['{uri}']);
             SELECT TO_JSON_STRING(t) FROM t"
        );
        assert_eq!(
            run(&host, &sql).unwrap(),
            [
                r#"{"a":1,"b":"x","c":[1,2.5],"d":{"e":null,"f":true}}"#,
                r#"{"a":2.5,"b":null,"c":null,"d":null}"#
            ],
            "{uri}"
        );
    }
}

#[test]
fn words_of_numbers_are_numbers_among_numbers_only() {
    let host = host();
    host.stores().write("memory://n.json", r#"[{"x": "NaN", "y": "NaN"}, {"x": 1, "y": "z"}]"#).unwrap();
    let sql = "CREATE EXTERNAL TABLE t OPTIONS (format = 'JSON', uris = ['memory://n.json']);
               SELECT CONCAT(CAST(IS_NAN(x) AS STRING), y) FROM t";
    assert_eq!(run(&host, sql).unwrap(), ["trueNaN", "falsez"]);
}

#[test]
fn gzip_is_unpacked_and_encodings_are_followed() {
    let host = host();
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    packed.write_all(b"x,y\n1,a\n").unwrap();
    host.stores().write("memory://t.csv.gz", packed.finish().unwrap()).unwrap();
    let sql = "CREATE EXTERNAL TABLE t OPTIONS (format = 'CSV', uris = ['memory://t.csv.gz']);
               SELECT TO_JSON_STRING(t) FROM t";
    assert_eq!(run(&host, sql).unwrap(), [r#"{"x":1,"y":"a"}"#]);

    let shift_jis = [b"x\n".as_slice(), &[0x93, 0xfa, 0x96, 0x7b]].concat();
    host.stores().write("memory://t.csv", shift_jis).unwrap();
    let sql =
        "CREATE EXTERNAL TABLE t OPTIONS (format = 'CSV', uris = ['memory://t.csv'], encoding = 'shift_jis');
               SELECT x FROM t";
    assert_eq!(run(&host, sql).unwrap(), ["日本"]);
}

#[test]
fn several_files_are_one_table() {
    let host = host();
    host.stores().write("memory://in/a.csv", "x\n1\n").unwrap();
    host.stores().write("memory://in/b.csv", "x\n2\n").unwrap();
    let sql = "CREATE EXTERNAL TABLE t OPTIONS (format = 'CSV', uris = ['memory://in/*.csv']);
               SELECT TO_JSON_STRING(x) FROM t";
    assert_eq!(run(&host, sql).unwrap(), ["1", "2"]);
}

#[test]
fn an_object_table_lists_files_and_has_their_bytes() {
    let host = host();
    let sql = "CREATE EXTERNAL TABLE pictures OPTIONS (object_metadata = 'SIMPLE', uris = ['images/rgb*']);
               SELECT CONCAT(uri, ' ', content_type, ' ', TO_JSON_STRING(size = LENGTH(data)), ' ', md5_hash)
               FROM pictures ORDER BY uri";
    // Python: base64.b64encode(hashlib.md5(open(…, "rb").read()).digest())
    assert_eq!(
        run(&host, sql).unwrap(),
        [
            "images/rgb.bmp image/bmp true xtlzpGmwQ78fqTCkdD6U6g==",
            "images/rgb.png image/png true lQjYk0uPLjdV1pVJnTDOSQ==",
            "images/rgb16.png image/png true nWFSGM5FVZ0830wm+uBwFA==",
            "images/rgba.png image/png true 7420/ed7lP6g3LK/JiCmDw==",
        ]
    );
}
