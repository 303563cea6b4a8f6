//! Files that are larger than the memory that a command may take.

use std::path::Path;
use std::process::{Child, Stdio};
use std::sync::Arc;
use std::time::Duration;

use arrow_array::{ArrayRef, Float64Array, RecordBatch, StringArray};
use parquet::arrow::ArrowWriter;
use parquet::file::properties::WriterProperties;

use crate::command;

const MEGABYTE: usize = 1 << 20;
/// The memory that the command may hold rows in, and how many times as large the file is.
const LIMIT: usize = 16 * MEGABYTE;
const TIMES: usize = 10;
/// What the program itself takes: its code, a model, the pieces of a file that are unpacked.
const PROGRAM: usize = 64 * MEGABYTE;
/// What a file that is written takes: the part that is sent next, as it grows.
const UPLOAD: usize = 24 * MEGABYTE;

const ROW_GROUP: usize = 4_000;
const TEXT: usize = 500;

/// A file of texts that take `bytes`, and lengths of petals; answers how many rows it has.
fn write(path: &Path, bytes: usize) -> usize {
    let groups = bytes / (ROW_GROUP * TEXT);
    let batch = |group: usize| {
        let rows = group * ROW_GROUP..(group + 1) * ROW_GROUP;
        let texts: StringArray =
            rows.clone().map(|row| Some(format!("{row:0width$}", width = TEXT))).collect();
        let number = |least: f64| -> ArrayRef {
            Arc::new(rows.clone().map(|row| Some(least + (row % 50) as f64 / 10.0)).collect::<Float64Array>())
        };
        let names = ["sepal_length", "sepal_width", "petal_length", "petal_width"];
        let numbers = names.map(|name| (name, number(0.1)));
        let columns = std::iter::once(("text", Arc::new(texts) as ArrayRef)).chain(numbers);
        RecordBatch::try_from_iter(columns).unwrap()
    };
    let properties = WriterProperties::builder()
        .set_max_row_group_row_count(Some(ROW_GROUP))
        .set_dictionary_enabled(false)
        .build();
    let file = std::fs::File::create(path).unwrap();
    let mut writer = ArrowWriter::try_new(file, batch(0).schema(), Some(properties)).unwrap();
    (0..groups).for_each(|group| writer.write(&batch(group)).unwrap());
    writer.close().unwrap();
    groups * ROW_GROUP
}

/// The most memory that a program has been seen to take until its end, in bytes.
fn most(child: &mut Child) -> usize {
    let path = format!("/proc/{}/status", child.id());
    let mut most = 0;
    while child.try_wait().unwrap().is_none() {
        let status = std::fs::read_to_string(&path).unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        if let Some(kilobytes) = line.and_then(|line| line.trim().strip_suffix(" kB")) {
            most = most.max(kilobytes.trim().parse::<usize>().unwrap() * 1024);
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    most
}

#[test]
fn a_file_ten_times_the_limit_is_read_within_it() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("big.parquet");
    let rows = write(&file, TIMES * LIMIT);
    assert!(std::fs::metadata(&file).unwrap().len() as usize > TIMES * LIMIT);
    let table = format!("t={}", file.display());
    let sql = "SELECT COUNT(*) AS n, MAX(text) AS last, COUNT(DISTINCT label) > 1 AS labels \
               FROM ML.PREDICT(MODEL m, TABLE t)";
    // As text that was written for BigQuery has it.
    let external = format!(
        "CREATE EXTERNAL TABLE t OPTIONS (format = 'PARQUET', uris = ['{}/b*.parquet'])",
        folder.path().display()
    );
    let copy = folder.path().join("copy.arrow");
    let exported = format!(
        "{external}; EXPORT DATA OPTIONS (uri = '{}', format = 'ARROW', overwrite = TRUE) AS
         SELECT text, label FROM ML.PREDICT(MODEL m, TABLE t); {sql}",
        copy.display()
    );
    let table = ["--table", &table];
    let more = ["--model", "m=models/iris_rf.onnx", "--limit-memory", "16MB", "--threads"];
    for (text, table, threads) in [(sql, &table[..], "1"), (sql, &table, "2"), (&exported, &[], "2")] {
        let arguments = [&[text], table, &more, &[threads]].concat();
        let mut child = command(&arguments).stdout(Stdio::piped()).spawn().unwrap();
        let most = most(&mut child);
        let output = child.wait_with_output().unwrap();
        let expected = format!("n,last,labels\n{rows},{:0width$},true\n", rows - 1, width = TEXT);
        assert_eq!(String::from_utf8(output.stdout).unwrap(), expected);
        assert!(
            most > 0 && most < LIMIT + PROGRAM + if table.is_empty() { UPLOAD } else { 0 },
            "{threads} threads took {} MB",
            most / MEGABYTE
        );
    }
}

#[test]
fn rows_that_have_to_be_held_meet_the_limit() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("big.parquet");
    write(&file, 2 * LIMIT);
    let table = format!("t={}", file.display());
    let output =
        command(&["SELECT text FROM t ORDER BY text DESC", "--table", &table, "--limit-memory", "16MB"])
            .output()
            .unwrap();
    assert_eq!(output.status.code(), Some(1));
    let words = String::from_utf8(output.stderr).unwrap();
    assert!(words.contains("limit-exceeded"), "{words}");
}
