//! Streams: tables whose rows the host brings piece by piece while a query runs.

use predictql::table::{CsvOptions, END, StreamFormat, Table, read_csv, write_batch, write_schema};
use predictql::{Limits, Resource, Step};

use crate::host::engine;

/// What a query asked its host for, and its rows as they came out: the first column as text.
#[derive(Default)]
struct Read {
    asked: Vec<(Vec<String>, usize)>,
    rows: Vec<usize>,
    error: Option<(String, String, Option<String>)>,
}

fn ipc(csv: &str) -> Vec<u8> {
    let Table { schema, batches, .. } =
        read_csv(csv.as_bytes(), &CsvOptions::default(), &Limits::default()).unwrap();
    let mut bytes = write_schema(&schema).unwrap();
    for batch in &batches {
        bytes.extend(write_batch(&schema, batch).unwrap());
    }
    bytes.extend(END);
    bytes
}

/// Asks `sql` of the table `t`, whose pieces these are.
fn read(sql: &str, pieces: &[Vec<u8>], format: StreamFormat, is_endless: bool) -> Read {
    let engine = engine();
    engine.register_stream("t", &pieces[0], format, is_endless, 0).unwrap();
    let mut read = Read::default();
    let fail = |read: &mut Read, error: &predictql::diag::Error| {
        let first = error.first();
        read.error = Some((error.code().to_string(), first.message.clone(), first.hint.clone()));
    };
    let mut script = engine.session().script(sql, Default::default()).unwrap();
    let mut run = match script.next().unwrap() {
        Ok(run) => run,
        Err(error) => {
            fail(&mut read, &error);
            return read;
        }
    };
    let mut given = 0;
    loop {
        match run.step() {
            Ok(Step::Need(requests)) => {
                for request in requests {
                    let Resource::Rows { table, columns, most, .. } = request.resource else {
                        panic!("rows")
                    };
                    assert_eq!(table, "t");
                    read.asked.push((columns, most));
                    run.supply(request.id, pieces.get(given).cloned().unwrap_or_default()).unwrap();
                    given += 1;
                }
            }
            Ok(Step::Batch(batch)) => read.rows.push(batch.rows()),
            Ok(Step::Progress(_)) => {}
            Ok(Step::Done(_)) => return read,
            Err(error) => {
                fail(&mut read, &error);
                return read;
            }
        }
    }
}

fn arrow() -> StreamFormat {
    StreamFormat::Arrow(Vec::new())
}

#[test]
fn rows_come_out_as_they_come_in_and_no_more_are_taken_than_are_wanted() {
    let pieces = [ipc("x,y\n1,a\n2,b\n"), ipc("x,y\n3,c\n"), ipc("y,x\n,4\n,5\n")];
    let all = read("SELECT x * 2 AS twice FROM t WHERE x > 1", &pieces, arrow(), true);
    assert_eq!(all.rows, [1, 1, 2]);
    assert_eq!(all.asked.len(), 4);
    assert!(all.asked.iter().all(|(columns, _)| columns == &["x"]));
    let some = read("SELECT x FROM t LIMIT 3", &pieces, arrow(), true);
    assert_eq!(some.rows, [2, 1]);
    assert_eq!(some.asked.iter().map(|(_, most)| *most).collect::<Vec<_>>(), [3, 1]);
    // Of a window of it, everything can be asked.
    let window = read("SELECT AVG(x), COUNT(*) FROM (SELECT * FROM t LIMIT 2)", &pieces, arrow(), true);
    assert_eq!((window.rows, window.asked.len()), (vec![1], 1));
    // A stream that ends is read to its end.
    assert_eq!(read("SELECT COUNT(*) FROM t", &pieces, arrow(), false).asked.len(), 4);
}

#[test]
fn what_would_have_to_see_all_rows_of_an_endless_stream_is_refused_at_its_name() {
    let pieces = [ipc("x,y\n1,a\n")];
    for sql in [
        "SELECT COUNT(*) FROM t",
        "SELECT x FROM t ORDER BY x LIMIT 3",
        "SELECT y, SUM(x) FROM t GROUP BY y",
        "SELECT ROW_NUMBER() OVER (ORDER BY x) FROM t",
        "SELECT * FROM (SELECT 1 AS x) AS a JOIN t USING (x)",
        "SELECT * FROM t AS a RIGHT JOIN (SELECT 1 AS x) AS b USING (x)",
        "SELECT (SELECT MAX(x) FROM t)",
        "WITH w AS (SELECT x FROM t) SELECT a.x AS one, b.x AS other FROM w AS a CROSS JOIN w AS b",
        "CREATE TABLE made AS SELECT x FROM t ORDER BY x",
    ] {
        let (code, message, hint) = read(sql, &pieces, arrow(), true).error.expect(sql);
        assert_eq!(code, "unsupported-syntax", "{sql}: {message}");
        assert!(message.contains("`t`") && hint.unwrap().contains("(SELECT * FROM t LIMIT 1000)"), "{sql}");
        assert!(read(sql, &pieces, arrow(), false).error.is_none(), "{sql}");
    }
    for sql in [
        "SELECT * FROM t JOIN (SELECT 1 AS x) AS b USING (x)",
        "SELECT * FROM t LEFT JOIN (SELECT 1 AS x) AS b USING (x)",
        "SELECT * FROM (SELECT * FROM t LIMIT 1) ORDER BY x",
        "SELECT EXISTS (SELECT 1 FROM t)",
        "SELECT DISTINCT y FROM t",
        "SELECT x FROM t UNION ALL SELECT 7",
    ] {
        assert!(read(sql, &pieces, arrow(), true).error.is_none(), "{sql}");
    }
}

#[test]
fn rows_that_do_not_fit_the_first_ones_are_named() {
    let pieces = [ipc("x,y\n1,a\n2,b\n"), ipc("x,y\n1.5,a\n")];
    let (code, message, _) = read("SELECT x FROM t", &pieces, arrow(), true).error.unwrap();
    assert!(message.contains("behind row 2") && message.contains("`x`"), "{code}: {message}");
    let pieces = [ipc("x\n1\n"), ipc("x,z\n1,2\n")];
    let (_, message, hint) = read("SELECT x FROM t", &pieces, arrow(), true).error.unwrap();
    assert!(message.contains("`z`") && hint.unwrap().contains("schema"), "{message}");
    // Whole numbers are fractions too, and what is not there is NULL.
    let pieces = [ipc("x,y\n1.5,a\n"), ipc("x\n2\n")];
    assert_eq!(read("SELECT x, y FROM t", &pieces, arrow(), true).rows, [1, 1]);
    let types = vec![("x".to_owned(), predictql::data::ColumnType::named("FLOAT64").unwrap())];
    let pieces = [ipc("x\n1\n"), ipc("x\n1.5\n")];
    assert_eq!(read("SELECT x FROM t", &pieces, StreamFormat::Arrow(types), true).rows, [1, 1]);
}

#[test]
fn csv_is_read_the_same_wherever_it_is_cut() {
    let text = "t;n\r\n\"a;\r\n\"\"b\"\"\";1,5\r\nc\"d;2,5\r\n\"\";3\r\n'e';4\r\né;5";
    let whole = read_csv(text.as_bytes(), &CsvOptions::default(), &Limits::default()).unwrap();
    assert_eq!(whole.rows(), 5);
    let sums = "SELECT t, n, LENGTH(t) FROM t WHERE n > 0";
    // The first piece tells of the columns; from there on cuts are anywhere, also within a letter.
    for cut in 40..text.len() {
        let bytes = text.as_bytes();
        let pieces = [bytes[..cut].to_vec(), bytes[cut..].to_vec()];
        let found = read(sums, &pieces, StreamFormat::Csv(Box::default()), false);
        assert_eq!((found.rows.iter().sum::<usize>(), found.error), (5, None), "cut at {cut}");
    }
    let mut options = CsvOptions::default();
    options.max_bad_records = 1;
    let engine = engine();
    let refused =
        engine.register_stream("t", b"x\n1\n", StreamFormat::Csv(Box::new(options)), false, 0).unwrap_err();
    assert_eq!(refused.code().as_str(), "invalid-option");
}

#[test]
fn a_file_of_csv_is_read_in_the_types_of_its_beginning() {
    let pieces = [b"x,y\n1,a\n2,b\n".to_vec(), b"3,c\nfour,d\n".to_vec()];
    let (code, message, _) =
        read("SELECT x FROM t", &pieces, StreamFormat::Csv(Box::default()), false).error.unwrap();
    assert_eq!(code, "invalid-csv");
    assert!(
        message.contains("behind row 2") && message.contains("`x`") && message.contains("`four`"),
        "{message}"
    );
    let engine = engine();
    engine.register_stream("t", b"x\n1\n", StreamFormat::Csv(Box::default()), false, 7).unwrap();
    let error = query_error(&engine, "INSERT INTO t (x) VALUES (1)");
    assert_eq!(error, "read-only");
}

fn query_error(engine: &predictql::Engine, sql: &str) -> String {
    let mut script = engine.session().script(sql, Default::default()).unwrap();
    match script.next().unwrap() {
        Ok(_) => String::new(),
        Err(error) => error.code().to_string(),
    }
}
