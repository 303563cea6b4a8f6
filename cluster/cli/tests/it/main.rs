//! The command as a person uses it: arguments in, text and exit codes out.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that panics has failed, and this is no library"
)]

#[cfg(target_os = "linux")]
mod memory;
#[cfg(target_os = "linux")]
mod prompt;

use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};

fn fixtures() -> String {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures").display().to_string()
}

fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_predictql"));
    command.args(arguments).current_dir(fixtures()).env_remove("PREDICTQL_REGISTRY").stdin(Stdio::null());
    command
}

fn run(arguments: &[&str]) -> Output {
    command(arguments).output().unwrap()
}

/// What a command that ends well has written.
fn out(arguments: &[&str]) -> String {
    let output = run(arguments);
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

const IRIS: [&str; 4] = ["--model", "m=models/iris_rf.onnx", "--table", "t=tables/iris.csv"];

#[test]
fn a_model_over_a_table_gives_the_labels_of_scikit_learn() {
    let sql = "SELECT label FROM ML.PREDICT(MODEL m, TABLE t)";
    let expected = std::fs::read(Path::new(&fixtures()).join("expected/iris_rf.json")).unwrap();
    let expected: serde_json::Value = serde_json::from_slice(&expected).unwrap();
    let labels = expected["scikit_learn"]["label"]["data"].as_array().unwrap();
    let labels: String = labels.iter().map(|label| format!("{label}\n")).collect();
    assert_eq!(out(&[&[sql][..], &IRIS].concat()), format!("label\n{labels}"));
    for threads in ["1", "3"] {
        assert_eq!(out(&[&[sql, "--threads", threads][..], &IRIS].concat()), format!("label\n{labels}"));
    }
}

#[test]
fn errors_show_the_place_and_what_to_do() {
    let output = run(&[&["SELECT labl FROM ML.PREDICT(MODEL m, TABLE t)"][..], &IRIS].concat());
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(output.stdout, b"");
    let expected = "error[unknown-column]: column `labl` was not found
  |
1 | SELECT labl FROM ML.PREDICT(MODEL m, TABLE t)
  |        ^^^^
  |
  = help: did you mean `label`?
";
    assert_eq!(String::from_utf8(output.stderr).unwrap(), expected);
}

#[test]
fn exit_codes_tell_whose_fault_it_is() {
    for (arguments, code) in [
        (&["SELECT 1"][..], 0),
        (&["SELECT 1/0"], 1),
        (&["SELEC 1"], 1),
        (&["SELECT 1", "--table", "t=nowhere/*.parquet"], 1),
        (&["SELECT 1", "--nonsense"], 2),
        (&["SELECT 1", "--table", "t"], 2),
        (&["SELECT 1", "--limit-memory", "lots"], 2),
        (&["SELECT 1", "--output", "rows.xlsx"], 2),
        (&["run", "nowhere.sql"], 2),
    ] {
        assert_eq!(run(arguments).status.code(), Some(code), "{arguments:?}");
    }
    let words = String::from_utf8(run(&["SELECT 1", "--table", "t=nowhere/*.parquet"]).stderr).unwrap();
    assert!(words.contains("table `t`: no file matches `nowhere/*.parquet`"), "{words}");
}

#[test]
fn what_is_named_wrong_is_told_with_what_to_do() {
    for (arguments, expected) in [
        (&["--table", "t=tables/iris.csv", "--table", "T=tables/sums.csv"][..], "`--table` gives `T` twice"),
        (&["--model", "m=a.onnx", "--model", "m=b.onnx"], "`--model` gives `m` twice"),
        (&["--table", "t=tables"], "`tables` is a folder"),
        (&["--table", "t=tables/"], "name its files: `tables/*`"),
        (&["--limit-memory", "0"], "expected a whole number of bytes, from 1 on"),
        (&["--registry", "nowhere/models"], "the registry `nowhere/models` is no folder"),
        (&["--registry", "tables/iris.csv"], "the registry `tables/iris.csv` is no folder"),
        (&["--output", "rows.xlsx"], "files `.xlsx` are not known"),
        (&["--output", "nowhere/rows.csv"], "the folder `"),
    ] {
        let output = run(&[&["SELECT 1"][..], arguments].concat());
        let words = String::from_utf8(output.stderr).unwrap();
        assert!(words.contains(expected), "{arguments:?}: {words}");
        assert!(!output.status.success() && output.stdout.is_empty(), "{arguments:?}");
    }
    for (sql, expected) in
        [("SELECT @least AS x", "`--param least=VALUE`"), ("SELECT ? AS x", "`--param =VALUE`")]
    {
        let words = String::from_utf8(run(&[sql]).stderr).unwrap();
        assert!(words.contains(&format!("give it a value: {expected}")), "{words}");
    }
    let output = run(&["model", "list"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8(output.stderr).unwrap().contains("--registry"));
}

#[test]
fn rows_are_written_in_every_format() {
    let sql = "SELECT 1 AS a, 'x,y' AS b, NULL AS c, [0.5, 2] AS d, TIMESTAMP '2024-02-29 12:34:56.5+00' AS e, \
               STRUCT(1 AS f, b'AB' AS g) AS h, NUMERIC '1.50' AS i, CAST('nan' AS FLOAT64) AS j";
    assert_eq!(
        out(&[sql]),
        "a,b,c,d,e,h,i,j\n\
         1,\"x,y\",,\"[0.5,2]\",2024-02-29 12:34:56.500+00,\"{\"\"f\"\":1,\"\"g\"\":\"\"QUI=\"\"}\",1.5,NaN\n"
    );
    let object = r#"{"a":1,"b":"x,y","c":null,"d":[0.5,2],"e":"2024-02-29T12:34:56.500Z","h":{"f":1,"g":"QUI="},"i":1.5,"j":"NaN"}"#;
    assert_eq!(out(&[sql, "--format", "jsonl"]), format!("{object}\n"));
    assert_eq!(out(&[sql, "--format", "json"]), format!("[{object}]\n"));
    assert_eq!(out(&["SELECT 1 AS a LIMIT 0", "-f", "json"]), "[]\n");
    assert_eq!(out(&["SELECT 1 AS a; SELECT 2 AS b"]), "a\n1\n\nb\n2\n");
    let shown = out(&[
        "SELECT x, CONCAT('n', x) AS t FROM UNNEST([1, 20, 300, 4]) AS x",
        "-f",
        "table",
        "--max-rows",
        "3",
    ]);
    let expected = "╭───────┬────────╮
│     x ┆ t      │
│ int64 ┆ string │
╞═══════╪════════╡
│     1 ┆ n1     │
│    20 ┆ n20    │
│     · ┆ ·      │
│     4 ┆ n4     │
╰───────┴────────╯
4 rows (3 shown)
";
    assert_eq!(shown, expected);
}

#[test]
fn files_that_are_written_are_read_back() {
    let folder = tempfile::tempdir().unwrap();
    for ending in ["csv", "json", "jsonl", "parquet", "arrow"] {
        let file = folder.path().join(format!("rows.{ending}")).display().to_string();
        let sql =
            "SELECT sepal_length, species FROM t WHERE petal_width > 2.3 ORDER BY sepal_length, species";
        assert_eq!(out(&[&[sql, "--output", &file][..], &IRIS].concat()), "");
        let plain = out(&[&[sql][..], &IRIS].concat());
        let table = format!("u={file}");
        assert_eq!(out(&["SELECT * FROM u", "--table", &table]), plain, "{ending}");
    }
    let file = folder.path().join("failed.csv").display().to_string();
    let failed = run(&["SELECT 1 / (x - 3) FROM UNNEST([1, 2, 3]) AS x", "--output", &file]);
    assert_eq!(failed.status.code(), Some(1));
    assert!(!Path::new(&file).exists());
}

#[test]
fn scripts_come_from_files_and_from_standard_input() {
    let folder = tempfile::tempdir().unwrap();
    let script = folder.path().join("script.sql");
    std::fs::write(
        &script,
        "DECLARE n INT64 DEFAULT @n;\nCREATE TABLE s AS SELECT n * 2 AS x;\nSELECT x FROM s;",
    )
    .unwrap();
    let path = script.display().to_string();
    assert_eq!(out(&["run", &path, "--param", "n=21"]), "x\n42\n");

    let mut child = command(&["--param", "=\"a\"", "--param", "=[1, 2.5]"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(b"SELECT CONCAT(?, 'b') AS x, ? AS y").unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(String::from_utf8(output.stdout).unwrap(), "x,y\nab,\"[1,2.5]\"\n");
    assert_eq!(out(&["SELECT TOP 1 x = 1", "--dialect", "tsql"]), "x\n1\n");
}

#[test]
fn a_registry_has_versions_and_aliases() {
    let folder = tempfile::tempdir().unwrap();
    let registry = folder.path().display().to_string();
    let model = |more: &[&str]| out(&[&["model"][..], more, &["--registry", &registry]].concat());
    assert_eq!(model(&["add", "iris", "models/iris_rf.onnx"]), "iris@1\n");
    assert_eq!(model(&["add", "iris", "models/iris_rf_strings.onnx", "--alias", "champion"]), "iris@2\n");
    let refused = |more: &[&str]| {
        let output = run(&[&["model", "add", "iris"][..], more, &["--registry", &registry]].concat());
        assert_eq!(output.status.code(), Some(1));
        String::from_utf8(output.stderr).unwrap()
    };
    let words = refused(&["tables/iris.csv"]);
    assert!(words.contains("model `iris`: `tables/iris.csv`: expected an ONNX model"), "{words}");
    let words = refused(&["models/iris_rf.onnx", "--options", "{\"tsk\": 1}"]);
    assert!(words.contains("there is no option `tsk`"), "{words}");
    assert_eq!(model(&["list"]), "iris@1 (default)\niris@2 @champion\n");
    let label = |model: &str| {
        let sql = format!("SELECT label FROM ML.PREDICT(MODEL {model}, TABLE t) LIMIT 1");
        out(&[&sql, "--table", "t=tables/iris.csv", "--registry", &registry])
    };
    assert_eq!([label("iris"), label("iris@champion")], ["label\n0\n", "label\nsetosa\n"]);
    model(&["default", "iris", "2"]);
    model(&["alias", "iris", "champion", "1"]);
    assert_eq!([label("iris"), label("iris@champion")], ["label\nsetosa\n", "label\n0\n"]);
}

#[test]
fn memory_is_limited_where_it_is_asked_for() {
    let sql = "SELECT x FROM UNNEST(GENERATE_ARRAY(1, 1000000)) AS x ORDER BY MOD(x * 7919, 1000003) LIMIT 1 OFFSET 900000";
    let output = run(&[sql, "--limit-memory", "1MB"]);
    assert_eq!(output.status.code(), Some(1));
    let words = String::from_utf8(output.stderr).unwrap();
    assert!(words.contains("error[limit-exceeded]"), "{words}");
    // What is read whole has to fit, what is read in parts has not.
    let counted =
        |table: &str| run(&["SELECT COUNT(*) AS n FROM t", "--table", table, "--limit-memory", "3KB"]);
    let words = String::from_utf8(counted("t=tables/iris.csv").stderr).unwrap();
    assert!(words.contains("`tables/iris.csv` has 3858 bytes") && words.contains("Parquet"), "{words}");
    let folder = tempfile::tempdir().unwrap();
    let parquet = folder.path().join("iris.parquet").display().to_string();
    out(&["SELECT * FROM t", "--table", "t=tables/iris.csv", "--output", &parquet]);
    let output = counted(&format!("t={parquet}"));
    assert_eq!(String::from_utf8(output.stdout).unwrap(), "n\n150\n");
}

#[cfg(unix)]
#[test]
fn what_nobody_reads_ends_without_a_word() {
    use std::io::{BufRead, BufReader};
    let mut child = command(&["SELECT x FROM UNNEST(GENERATE_ARRAY(1, 1000000)) AS x"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut first = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut first).unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!((first.as_str(), output.status.code(), output.stderr.len()), ("x\n", Some(0), 0));
}

#[cfg(target_os = "linux")]
#[test]
fn a_pipe_that_is_written_to_stays_one() {
    use std::os::unix::fs::FileTypeExt;
    let folder = tempfile::tempdir().unwrap();
    let pipe = folder.path().join("pipe");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let child = command(&["SELECT 1 AS a", "--output", pipe.to_str().unwrap()]).spawn();
    // Opening it waits for who writes.
    assert_eq!(std::fs::read_to_string(&pipe).unwrap(), "a\n1\n");
    assert!(child.unwrap().wait().unwrap().success());
    assert!(std::fs::metadata(&pipe).unwrap().file_type().is_fifo());
}

/// A disk that takes no more, as a limit of the size of files and a device that is always full have it.
#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_told_and_nothing_is_left() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("rows.csv").display().to_string();
    let sql = format!(
        "EXPORT DATA OPTIONS (uri = '{file}', format = 'CSV') AS
         SELECT REPEAT('x', 1000) AS t FROM UNNEST(GENERATE_ARRAY(1, 30000)) AS x"
    );
    let limited = r#"trap "" XFSZ; ulimit -f 64; exec "$0" "$1""#;
    let output =
        Command::new("sh").args(["-c", limited, env!("CARGO_BIN_EXE_predictql"), &sql]).output().unwrap();
    let words = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{words}");
    assert!(words.contains(&file) && words.contains("File too large"), "{words}");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);

    let full = std::fs::File::options().write(true).open("/dev/full").unwrap();
    let many = "SELECT x FROM UNNEST(GENERATE_ARRAY(1, 30000)) AS x";
    let output = command(&[many]).stdout(full).stderr(Stdio::piped()).spawn().unwrap().wait_with_output();
    let output = output.unwrap();
    let words = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{words}");
    assert!(words.contains("rows cannot be written: No space left on device"), "{words}");
}
