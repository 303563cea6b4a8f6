//! A scheduler and executors as processes of their own, started as the documents say.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use predictql_host::{Registry, Stores};

use crate::loopback::repository;

const COMMAND: &str = env!("CARGO_BIN_EXE_predictql-cluster");

/// A process that ends with the test.
struct Process {
    child: Child,
    address: String,
}

impl Process {
    /// Starts a process, and waits until it says where it listens.
    fn start(arguments: &[&str]) -> Self {
        Self::of(Command::new(COMMAND).args(arguments))
    }

    fn of(command: &mut Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let address = line.trim().rsplit(' ').next().unwrap().to_owned();
        Self { child, address }
    }

    fn scheduler() -> Self {
        Self::start(&["scheduler", "--listen", "127.0.0.1:0", "--patience", "8"])
    }

    fn executor(scheduler: &Self, work_dir: &Path) -> Self {
        let work_dir = work_dir.to_str().unwrap();
        Self::start(&["executor", "--scheduler", &scheduler.address, "--cores", "1", "--work-dir", work_dir])
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // One that has died already cannot be killed.
        let _ = self.child.kill();
        self.child.wait().unwrap();
    }
}

fn run(scheduler: &Process, table: &Path, sql: &str) -> Command {
    let mut command = Command::new(COMMAND);
    let model = repository().join("tests/fixtures/models/iris_rf.onnx");
    command.args(["run", "--scheduler", &scheduler.address, "--format", "csv", "--parts", "8"]);
    command.arg("--model").arg(format!("forest={}", model.display()));
    command.arg("--table").arg(format!("flowers={}", table.display()));
    command.arg(sql).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// Many flowers, each with a number.
fn flowers(folder: &Path, times: usize) -> std::path::PathBuf {
    let iris = std::fs::read_to_string(repository().join("tests/fixtures/tables/iris.csv")).unwrap();
    let mut lines = iris.lines();
    let mut csv = format!("{},number\n", lines.next().unwrap());
    let lines: Vec<_> = lines.collect();
    for (number, line) in lines.iter().cycle().take(lines.len() * times).enumerate() {
        csv += &format!("{line},{number}\n");
    }
    let path = folder.join("flowers.csv");
    std::fs::write(&path, csv).unwrap();
    path
}

/// Three fragments: predictions, groups by label and number, and all of them in order.
const COUNTED: &str = "SELECT label, MOD(number, 1000) AS bucket, COUNT(*) AS n, SUM(number) AS total \
    FROM ML.PREDICT(MODEL forest, TABLE flowers) GROUP BY label, bucket ORDER BY label, bucket";

/// Its rows, by the labels of scikit-learn.
fn counted(times: usize) -> String {
    let mut groups = BTreeMap::new();
    for (number, label) in labels_of("iris_rf.json").repeat(times).into_iter().enumerate() {
        let (n, total) = groups.entry((label, number % 1000)).or_insert((0, 0));
        *n += 1;
        *total += number;
    }
    let lines = groups.iter().map(|((label, bucket), (n, total))| format!("{label},{bucket},{n},{total}\n"));
    format!("label,bucket,n,total\n{}", lines.collect::<String>())
}

/// How many files of rows an executor has written.
fn written(folder: &Path) -> usize {
    let Ok(entries) = std::fs::read_dir(folder) else { return 0 };
    let size = |path: &Path| if path.is_dir() { written(path) } else { 1 };
    entries.flatten().map(|entry| size(&entry.path())).sum()
}

/// Kills an executor once it has written so many files of a statement. Answers whether that has not ended by then: the other executor
/// may have been the quicker one.
fn killed_in_mid_query(files: usize) -> bool {
    const TIMES: usize = 200;
    let folder = tempfile::tempdir().unwrap();
    let table = flowers(folder.path(), TIMES);
    let (first, second) = (folder.path().join("first"), folder.path().join("second"));
    std::fs::create_dir_all(&first).unwrap();
    std::fs::create_dir_all(&second).unwrap();
    let scheduler = Process::scheduler();
    let mut doomed = Process::executor(&scheduler, &first);
    let other = Process::executor(&scheduler, &second);
    let mut running = run(&scheduler, &table, COUNTED).spawn().unwrap();
    while written(&first) < files && running.try_wait().unwrap().is_none() {
        std::thread::sleep(Duration::from_millis(1));
    }
    doomed.child.kill().unwrap();
    doomed.child.wait().unwrap();
    let is_running = running.try_wait().unwrap().is_none();
    let found = running.wait_with_output().unwrap();
    drop(other);
    // The same rows, or an error in words.
    if found.status.success() {
        assert!(text(&found.stdout) == counted(TIMES), "other rows after {files} files");
    } else {
        assert_eq!(text(&found.stdout), "");
        assert!(text(&found.stderr).contains("error"), "{}", text(&found.stderr));
    }
    is_running
}

#[test]
fn an_executor_that_dies_takes_no_rows_with_it_and_leaves_none_twice() {
    std::thread::scope(|scope| {
        let kills = [0, 1, 2, 3, 5].map(|files| {
            scope.spawn(move || {
                assert!((0..10).any(|_| killed_in_mid_query(files)), "{files} files come too late")
            })
        });
        kills.into_iter().for_each(|kill| kill.join().unwrap());
    });
}

#[test]
fn tables_and_files_are_made_of_rows_of_executors() {
    let folder = tempfile::tempdir().unwrap();
    let table = flowers(folder.path(), 20);
    let scheduler = Process::scheduler();
    let _executor = Process::executor(&scheduler, folder.path());
    let file = folder.path().join("labels.csv");
    let labels = labels_of("iris_rf.json").repeat(20);
    // The last query runs on executors that make the table again, but not the file: it would be there already.
    let sql = format!(
        "EXPORT DATA OPTIONS (uri = '{}', format = 'CSV', header = TRUE) AS SELECT label, number FROM ML.PREDICT(MODEL forest, TABLE flowers);
         CREATE TABLE labels AS SELECT label, number FROM ML.PREDICT(MODEL forest, TABLE flowers);
         INSERT INTO labels SELECT -1, number FROM flowers WHERE number < 3;
         SELECT label, COUNT(*) AS n, SUM(number) AS total FROM labels GROUP BY label ORDER BY label",
        file.display()
    );
    let output = run(&scheduler, &table, &sql).output().unwrap();
    assert!(output.status.success(), "{}", text(&output.stderr));
    let lines = labels.iter().enumerate().map(|(number, label)| format!("{label},{number}\n"));
    assert_eq!(
        std::fs::read_to_string(&file).unwrap(),
        format!("label,number\n{}", lines.collect::<String>())
    );
    let of = |label| labels.iter().enumerate().filter(move |(_, it)| **it == label).map(|(number, _)| number);
    let groups = (0..3).map(|label| format!("{label},{},{}\n", of(label).count(), of(label).sum::<usize>()));
    assert_eq!(text(&output.stdout), format!("label,n,total\n-1,3,3\n{}", groups.collect::<String>()));
    assert!(text(&output.stderr).contains("inserted 3 rows into labels"), "{}", text(&output.stderr));
    let failed = folder.path().join("failed.csv");
    let sql = format!(
        "EXPORT DATA OPTIONS (uri = '{}', format = 'CSV') AS SELECT 1 / (number - 2999) AS x FROM flowers",
        failed.display()
    );
    let output = run(&scheduler, &table, &sql).output().unwrap();
    assert!(text(&output.stderr).contains("error[division-by-zero]"), "{}", text(&output.stderr));
    assert!(!failed.exists());
}

#[test]
fn executors_read_the_registry_that_all_share() {
    let folder = tempfile::tempdir().unwrap();
    let registry = folder.path().join("models").display().to_string();
    let models = Registry::new(Stores::new(), &registry);
    let add = |file: &str, alias: &str| {
        let file = repository().join("tests/fixtures/models").join(file).display().to_string();
        models.add("iris", &file, &BTreeMap::new(), &[alias.to_owned()]).unwrap();
    };
    add("iris_rf.onnx", "champion");
    add("iris_second.onnx", "challenger");
    let scheduler = Process::scheduler();
    let _executor = Process::executor(&scheduler, folder.path());
    let found = |model: &str| {
        let mut command = Command::new(COMMAND);
        command.args([
            "run",
            "--scheduler",
            &scheduler.address,
            "--format",
            "jsonl",
            "--registry",
            &registry,
        ]);
        command.arg("--table").arg(format!("flowers={}", flowers(folder.path(), 1).display()));
        command.arg(format!("SELECT label FROM ML.PREDICT(MODEL {model}, TABLE flowers)"));
        let output = command.output().unwrap();
        assert!(output.status.success(), "{}", text(&output.stderr));
        text(&output.stdout)
    };
    let labels =
        |labels: &[i64]| labels.iter().map(|label| format!("{{\"label\":{label}}}\n")).collect::<String>();
    assert_eq!(found("iris@champion"), labels(&labels_of("iris_rf.json")));
    assert_eq!(found("iris"), found("iris@champion"));
    assert_ne!(found("iris"), found("iris@challenger"));
}

/// The labels of the flowers by scikit-learn.
fn labels_of(expected: &str) -> Vec<i64> {
    let expected = std::fs::read(repository().join("tests/fixtures/expected").join(expected)).unwrap();
    let expected: serde_json::Value = serde_json::from_slice(&expected).unwrap();
    let labels = expected["scikit_learn"]["label"]["data"].as_array().unwrap();
    labels.iter().map(|label| label.as_i64().unwrap()).collect()
}

/// The address of a web server that gives one file, for as long as the tests run.
fn served(bytes: Vec<u8>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}/flowers.csv", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            // Who asks may have gone.
            let _ = give(&stream.unwrap(), &bytes);
        }
    });
    address
}

fn give(mut stream: &TcpStream, bytes: &[u8]) -> std::io::Result<()> {
    let mut lines = BufReader::new(stream).lines();
    let request = lines.next().unwrap_or_else(|| Ok(String::new()))?;
    // The rest of what is asked.
    while lines.next().transpose()?.is_some_and(|line| !line.is_empty()) {}
    let modified = "Last-Modified: Thu, 01 Jan 2026 00:00:00 GMT";
    write!(stream, "HTTP/1.1 200 OK\r\nContent-Length: {}\r\n{modified}\r\n", bytes.len())?;
    stream.write_all(b"Connection: close\r\n\r\n")?;
    if request.starts_with("GET") { stream.write_all(bytes) } else { Ok(()) }
}

#[test]
fn a_store_that_an_executor_cannot_reach_is_named_with_the_executor() {
    let folder = tempfile::tempdir().unwrap();
    let uri = served(std::fs::read(flowers(folder.path(), 1)).unwrap());
    let scheduler = Process::scheduler();
    let sql = "SELECT COUNT(*) AS n FROM flowers";
    // A port that was free a moment ago, and refuses now.
    let nowhere = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let arguments = ["executor", "--scheduler", &scheduler.address, "--cores", "1"];
    let executor =
        Process::of(Command::new(COMMAND).args(arguments).env("http_proxy", format!("http://{nowhere}")));
    let output = run(&scheduler, Path::new(&uri), sql).output().unwrap();
    let error = text(&output.stderr);
    assert_eq!((output.status.code(), text(&output.stdout).as_str()), (Some(1), ""), "{error}");
    assert!(error.contains(&format!("executor {}: ", executor.address)), "{error}");
    assert!(error.contains(&format!("`{uri}` cannot be reached")), "{error}");
    drop(executor);
    let _executor = Process::executor(&scheduler, folder.path());
    let output = run(&scheduler, Path::new(&uri), sql).output().unwrap();
    assert_eq!(text(&output.stdout), "n\n150\n", "{}", text(&output.stderr));
}

/// A query without a table runs in the process that asked.
#[cfg(unix)]
#[test]
fn ctrl_c_ends_what_runs_in_one_piece() {
    let endless = "SELECT 1 AS first; SELECT COUNT(*) AS n FROM UNNEST(GENERATE_ARRAY(1, 1000000)) AS a, UNNEST(GENERATE_ARRAY(1, 1000000)) AS b";
    let mut running = Command::new(COMMAND);
    running.args(["run", "--executors", "2", "--format", "csv", endless]);
    let mut running = running.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut first = String::new();
    // Once the first statement has ended the second one begins.
    let mut lines = BufReader::new(running.stdout.take().unwrap());
    while !first.ends_with("1\n") {
        lines.read_line(&mut first).unwrap();
    }
    let interrupt = Command::new("kill").args(["-INT", &running.id().to_string()]).status();
    assert!(interrupt.unwrap().success());
    let output = running.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130));
    assert!(text(&output.stderr).contains("cancelled"), "{}", text(&output.stderr));
}

#[test]
fn errors_name_their_place_and_what_is_missing() {
    let folder = tempfile::tempdir().unwrap();
    let table = flowers(folder.path(), 1);
    let scheduler = Process::scheduler();
    let _executor = Process::executor(&scheduler, folder.path());
    let told = |table: &Path, sql| {
        let output = run(&scheduler, table, sql).output().unwrap();
        assert_eq!(output.status.code(), Some(1));
        text(&output.stderr)
    };
    let error = told(&table, "SELECT 1 / (sepal_length - 4.9) AS x FROM flowers");
    assert!(error.contains("error[division-by-zero]") && error.contains("^^^"), "{error}");
    assert!(error.contains("SAFE_DIVIDE"), "{error}");
    let error = told(&table, "SELECT nothing FROM flowers");
    assert!(error.contains("error[unknown-column]"), "{error}");
    let error = told(Path::new("/nowhere/flowers.csv"), "SELECT * FROM flowers");
    assert!(error.contains("/nowhere/flowers.csv"), "{error}");
    let nobody = Process { child: Command::new("true").spawn().unwrap(), address: "127.0.0.1:9".into() };
    let output = run(&nobody, &table, "SELECT * FROM flowers").output().unwrap();
    let error = text(&output.stderr);
    assert!(error.contains("no scheduler answers at 127.0.0.1:9"), "{error}");
    let nobody = Process { child: Command::new("true").spawn().unwrap(), address: "nobody".into() };
    let output = run(&nobody, &table, "SELECT * FROM flowers").output().unwrap();
    let error = text(&output.stderr);
    assert!(output.status.code() == Some(2) && error.contains("expected a host and a port"), "{error}");
}

#[test]
fn a_scheduler_that_dies_is_named_by_a_statement_that_waits_for_executors() {
    let folder = tempfile::tempdir().unwrap();
    let table = flowers(folder.path(), 1);
    let mut scheduler = Process::scheduler();
    let mut running = run(&scheduler, &table, "SELECT * FROM flowers").spawn().unwrap();
    // It is refused by one that is gone before, in other words.
    std::thread::sleep(Duration::from_secs(1));
    assert!(running.try_wait().unwrap().is_none());
    scheduler.child.kill().unwrap();
    let output = running.wait_with_output().unwrap();
    let error = text(&output.stderr);
    assert_eq!(output.status.code(), Some(1));
    assert!(error.contains(&format!("no scheduler answers at {}", scheduler.address)), "{error}");
}

#[test]
fn an_executor_keeps_within_its_memory() {
    let folder = tempfile::tempdir().unwrap();
    let table = flowers(folder.path(), 20);
    let scheduler = Process::scheduler();
    let arguments = ["executor", "--scheduler", &scheduler.address, "--cores", "1", "--limit-memory"];
    let sorted = "SELECT number FROM flowers ORDER BY number DESC LIMIT 1 OFFSET 2990";
    let small = Process::start(&[&arguments[..], &["10KB"]].concat());
    let output = run(&scheduler, &table, sorted).output().unwrap();
    let error = text(&output.stderr);
    assert!(error.contains(&format!("executor {}: ", small.address)), "{error}");
    assert!(error.contains("may have 10000 where it is read whole"), "{error}");
    drop(small);
    let _large = Process::start(&[&arguments[..], &["1GB"]].concat());
    let output = run(&scheduler, &table, sorted).output().unwrap();
    assert_eq!(text(&output.stdout), "number\n9\n", "{}", text(&output.stderr));
}
