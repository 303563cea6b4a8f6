//! Queries as their hosts drive them: needs, refusals, progress, parameters, checks.

use arrow_array::cast::AsArray;
use predictql::data::Scalar;
use predictql::table::{Hash, Object};
use predictql::{Dialect, Params, Resource, Session, Step};

use crate::host::{engine, finish, read, run, run_with};

const CREATE: &str = "CREATE MODEL m OPTIONS (model_type = 'ONNX', model_path = 'a.onnx')";

fn query(session: &Session, sql: &str) -> predictql::Query {
    session.script(sql, Params::default()).unwrap().next().unwrap().unwrap()
}

#[test]
fn a_model_is_asked_for_by_its_path() {
    let engine = engine();
    let mut create = query(&engine.session(), CREATE);
    let Step::Need(requests) = create.step().unwrap() else { panic!("expected a need") };
    assert_eq!(requests[0].resource, Resource::Model { uri: "a.onnx".into() });
    create.supply(requests[0].id, read("models/iris_rf.onnx")).unwrap();
    let summary = finish(create).unwrap().summary;
    assert_eq!(summary.message.as_deref(), Some("Successfully created model named m"));
    assert!(summary.catalog_changed);
    assert_eq!(engine.models().len(), 1);
}

#[test]
fn a_version_in_a_registry_is_asked_for_at_its_server() {
    let sql =
        "CREATE MODEL m OPTIONS (model_path = 'models:/iris@champion', registry_uri = 'https://host:5000/')";
    let mut create = query(&engine().session(), sql);
    let Step::Need(requests) = create.step().unwrap() else { panic!("expected a need") };
    let uri = "https://host:5000/#models:/iris@champion".to_owned();
    assert_eq!(requests[0].resource, Resource::Model { uri });
    for (options, place) in [
        ("model_path = 'models:/iris/3'", "'models:/iris/3'"),
        ("model_path = 'a.onnx', registry_uri = 'https://host'", "registry_uri"),
    ] {
        let sql = format!("CREATE MODEL m OPTIONS ({options})");
        let error = run(&engine(), &sql).unwrap_err();
        let span = error.first().span.unwrap();
        assert_eq!((error.code().as_str(), &sql[span.start..span.end]), ("invalid-option", place));
    }
}

#[test]
fn a_refusal_is_an_error_in_the_hosts_words_at_the_path() {
    let engine = engine();
    let mut create = query(&engine.session(), CREATE);
    let Step::Need(requests) = create.step().unwrap() else { panic!("expected a need") };
    create.refuse(requests[0].id, "404 not found").unwrap();
    let error = create.step().unwrap_err();
    assert_eq!(
        (error.code().as_str(), error.first().message.as_str()),
        ("resource-unavailable", "404 not found")
    );
    assert_eq!(error.first().span.unwrap().of(CREATE), "'a.onnx'");
    assert_eq!(engine.models().len(), 0);
    assert_eq!(run(&engine, "SELECT 1 AS x").unwrap().ints("x"), [1]);
}

#[test]
fn predictions_report_rows_and_never_more_than_there_are() {
    let engine = engine();
    engine.register_model("m", &read("models/iris_rf.onnx")).unwrap();
    let session = engine.session().with_batch_rows(40);
    let mut run = query(&session, "SELECT label FROM ML.PREDICT(MODEL m, TABLE iris) ORDER BY label");
    let (mut last, mut rows) = (0, 0);
    loop {
        match run.step().unwrap() {
            Step::Progress(progress) if progress.total.is_some() => {
                assert!(progress.rows >= last && progress.rows <= 150);
                last = progress.rows;
            }
            Step::Batch(batch) => {
                assert!(batch.rows() <= 40);
                rows += batch.rows();
            }
            Step::Done(_) => break,
            _ => {}
        }
    }
    assert_eq!((last, rows), (150, 150));
}

#[test]
fn parameters_have_the_types_of_their_values() {
    let engine = engine();
    let named = Params::Named(vec![("low".into(), Scalar::Float64(7.0)), ("n".into(), Scalar::Int64(2))]);
    let sql = "SELECT sepal_length FROM iris WHERE sepal_length > @LOW ORDER BY 1 LIMIT @n";
    assert_eq!(run_with(&engine, sql, named).unwrap().floats("sepal_length"), [7.1, 7.2]);
    let positional = Params::Positional(vec![Scalar::String("x".into()), Scalar::Null]);
    let rows = run_with(&engine, "SELECT ? AS a, ? + 1 AS b", positional).unwrap().text_rows();
    assert_eq!(rows, [["x", "NULL"]]);
    // Values without a place would not be missed: they are counted.
    let three = Params::Positional(vec![Scalar::Int64(1); 3]);
    let error = run_with(&engine, "SELECT ?; SELECT ?", three).unwrap_err();
    assert_eq!(error.code().as_str(), "unknown-parameter");
    assert_eq!(error.first().message, "expected 2 values for the places `?`, found 3");
    let error = run_with(&engine, "SELECT ?", Params::Positional(Vec::new())).unwrap_err();
    assert_eq!(error.code().as_str(), "unknown-parameter");
}

#[test]
fn a_script_knows_its_statements() {
    let told = |sql: &str| {
        let script = engine().session().script(sql, Params::default()).unwrap();
        script.statements().iter().map(|it| (it.verb, it.span.of(sql).to_owned())).collect::<Vec<_>>()
    };
    let text = |texts: &[(&'static str, &str)]| {
        texts.iter().map(|(verb, text)| (*verb, (*text).to_owned())).collect::<Vec<_>>()
    };
    assert_eq!(
        told(
            "/* ; */ declare x INT64;; -- ;\n set x = 1; WITH a AS (SELECT ';') SELECT 1 FROM a ;(SELECT 1)"
        ),
        text(&[
            ("DECLARE", "declare x INT64"),
            ("SET", "set x = 1"),
            ("SELECT", "WITH a AS (SELECT ';') SELECT 1 FROM a"),
            ("SELECT", "(SELECT 1)"),
        ])
    );
    let verbs = |sql: &str| told(sql).into_iter().map(|(verb, _)| verb).collect::<Vec<_>>();
    let verbs_of_create = verbs(
        "CREATE MODEL m OPTIONS (); create or /**/ replace model m OPTIONS ();
         CREATE OR REPLACE MODEL m TRANSFORM (x) OPTIONS () AS SELECT 1 AS x;
         CREATE TABLE IF NOT EXISTS t (x INT64); CREATE OR REPLACE TABLE t AS SELECT 1 AS x;
         CREATE OR REPLACE EXTERNAL TABLE t OPTIONS (); DROP VIEW v; EXPLAIN SELECT 1",
    );
    assert_eq!(
        verbs_of_create,
        [
            "CREATE MODEL",
            "CREATE OR REPLACE MODEL",
            "CREATE OR REPLACE MODEL AS SELECT",
            "CREATE TABLE",
            "CREATE OR REPLACE TABLE AS SELECT",
            "CREATE OR REPLACE EXTERNAL TABLE",
            "DROP VIEW",
            "EXPLAIN",
        ]
    );
    // T-SQL separates statements by nothing but their first words.
    let tsql =
        "DECLARE @a INT = 1, @b INT = 2 SELECT [x;] FROM PREDICT(MODEL = @m, DATA = t) WITH (y FLOAT) AS p";
    assert_eq!(verbs(tsql), ["DECLARE", "DECLARE", "SELECT"]);
}

#[test]
fn rows_are_not_put_into_a_table_that_got_other_columns() {
    let engine = engine();
    run(&engine, "CREATE TABLE t (a INT64, b STRING)").unwrap();
    let insert = query(&engine.session(), "INSERT INTO t VALUES (1, 'x')");
    run(&engine, "CREATE OR REPLACE TABLE t (b STRING, a INT64)").unwrap();
    assert_eq!(finish(insert).unwrap_err().code().as_str(), "type-mismatch");
    assert_eq!(run(&engine, "SELECT COUNT(*) AS n FROM t").unwrap().ints("n"), [0]);
}

#[test]
fn the_longest_statement_runs() {
    let sum = format!("SELECT {}1 AS total", "1 + ".repeat(500));
    // Without optimisation the frames are several times as large.
    let thread = std::thread::Builder::new().stack_size(16 << 20);
    let totals = thread.spawn(move || run(&engine(), &sum).unwrap().ints("total")).unwrap().join().unwrap();
    assert_eq!(totals, [501]);
}

#[test]
fn a_check_binds_without_running() {
    let engine = engine();
    let check = engine.check("SELECT sepal_length, ? AS p FROM iris WHERE species = @s LIMIT ?", None);
    assert!(check.diagnostics.is_empty(), "{:?}", check.diagnostics);
    assert_eq!(check.schema.unwrap().fields.len(), 2);
    // So do parameters that name a column.
    let vectors = "(SELECT [1.0, 2.0] AS v)";
    let search =
        format!("SELECT * FROM VECTOR_SEARCH({vectors}, @column, {vectors}, distance_type => @distance)");
    let found = engine.check(&search, None).diagnostics;
    assert!(found.is_empty(), "{found:?}");
    let text = "SELECT speciess FROM iris";
    let found = engine.check(text, None).diagnostics;
    assert_eq!(
        found[0].fix.as_ref().map(|fix| (fix.span.of(text), fix.insert.as_str())),
        Some(("speciess", "species"))
    );
    // Behind statements that make tables they are known, and behind a file that nobody has read things are parsed only.
    let found = engine.check(
        "CREATE TABLE t (a INT64); SELECT b FROM t; CREATE VIEW v AS SELECT a FROM t; SELECT c FROM v",
        None,
    );
    let words: Vec<_> = found.diagnostics.iter().map(|it| it.message.as_str()).collect();
    assert_eq!(words, ["column `b` was not found", "column `c` was not found"]);
    assert!(engine.tables().iter().all(|(name, _)| name == "iris"));
    for text in [
        "IF TRUE THEN CREATE TABLE t (a INT64); END IF; SELECT b FROM t",
        "CREATE TABLE t (a INT64); INSERT INTO t VALUES (1); ALTER TABLE t RENAME COLUMN a TO b; SELECT b FROM t; DROP TABLE t",
        "IF EXISTS (SELECT 1) THEN DROP TABLE nothing; END IF; CREATE TABLE nothing AS SELECT 1 AS x; SELECT x FROM nothing",
    ] {
        assert!(engine.check(text, None).diagnostics.is_empty(), "{text}");
    }
    let text = "SELECT TOP 1 ISNULL(species, 'x') AS s INTO #t FROM iris; DECLARE @n int = 2; SELECT s, @n AS n FROM #t";
    assert!(!engine.check(text, None).diagnostics.is_empty());
    let check = engine.check(text, Some(Dialect::TSql));
    assert!(check.diagnostics.is_empty(), "{:?}", check.diagnostics);
    assert_eq!(check.schema.unwrap().fields.len(), 2);
    assert!(
        engine
            .check(&format!("{CREATE}; SELECT * FROM ML.PREDICT(MODEL m, TABLE iris)"), None)
            .diagnostics
            .is_empty()
    );
}

#[test]
fn errors_in_pictures_name_the_file() {
    let engine = engine();
    let object = |uri: &str| Object {
        uri: uri.into(),
        size: 1,
        content_type: String::new(),
        updated_ms: 0,
        hash: Hash::OfBytes,
        is_live: false,
    };
    engine.register_objects("photos", vec![object("good.png"), object("broken.png")]).unwrap();
    let mut run = query(
        &engine.session(),
        "SELECT ML.DECODE_IMAGE(data) AS input FROM photos WHERE uri LIMIT 5"
            .replace("WHERE uri ", "")
            .as_str(),
    );
    let Step::Need(requests) = run.step().unwrap() else { panic!("expected a need") };
    let picture = read("coffee.png");
    run.supply(requests[0].id, picture.clone()).unwrap();
    run.supply(requests[1].id, picture[..picture.len() / 2].to_vec()).unwrap();
    let error = run.step().unwrap_err();
    assert_eq!(error.code().as_str(), "invalid-image");
    assert!(error.first().message.starts_with("`broken.png`: "), "{}", error.first().message);
}

#[test]
fn bytes_of_pictures_are_not_asked_for_when_nobody_reads_them() {
    let engine = engine();
    let sql = "CREATE EXTERNAL TABLE photos OPTIONS (object_metadata = 'SIMPLE', uris = ['tables/*.csv']);
               SELECT * EXCEPT (updated, size) FROM photos LIMIT 1";
    let outcome = run(&engine, sql).unwrap();
    assert_eq!(outcome.names(), ["uri", "generation", "content_type", "md5_hash", "metadata", "ref"]);
    let mut listing = query(&engine.session(), "SELECT uri FROM (SELECT uri, md5_hash, data FROM photos)");
    assert!(matches!(listing.step().unwrap(), Step::Batch(_)));
}

/// A host may read files while the query computes. Whoever wants few rows has nothing read for nothing.
#[test]
fn files_that_will_be_wanted_are_told_from_the_second_batch_on() {
    let engine = engine();
    let objects = (0..20).map(|number| Object {
        uri: number.to_string(),
        size: if number == 19 { 9_000_000 } else { 107 },
        content_type: "image/png".into(),
        updated_ms: 0,
        hash: Hash::OfBytes,
        is_live: false,
    });
    engine.register_objects("photos", objects.collect()).unwrap();
    let mut run = query(&engine.session(), "SELECT ML.DECODE_IMAGE(data) FROM photos");
    let mut told = Vec::new();
    loop {
        match run.step().unwrap() {
            Step::Need(requests) => {
                let mut following = Vec::new();
                for request in requests {
                    let Resource::Object { following: next, .. } = request.resource else {
                        panic!("expected a picture")
                    };
                    following.extend(next);
                    run.supply(request.id, read("images/rgb.png")).unwrap();
                }
                told.push(following);
            }
            Step::Batch(_) | Step::Progress(_) => {}
            Step::Done(_) => break,
        }
    }
    assert_eq!(told, [vec![], ["16", "17", "18"].map(String::from).to_vec(), vec![]]);
}

#[test]
fn hashes_of_files_are_made_of_their_bytes() {
    let engine = engine();
    let sql = "CREATE EXTERNAL TABLE photos OPTIONS (object_metadata = 'SIMPLE', uris = ['images/rgb.png', 'images/gray.png']);
               SELECT md5_hash, uri, TO_BASE64(MD5(data)) = md5_hash FROM photos ORDER BY uri DESC";
    let outcome = run(&engine, sql).unwrap();
    let column = |number: usize| outcome.batches[0].columns()[number].clone();
    // `md5sum` has 9508d8934b8f2e3755d695499d30ce49 of this file.
    assert_eq!(column(0).as_string::<i32>().value(0), "lQjYk0uPLjdV1pVJnTDOSQ==");
    assert_eq!(column(2).as_boolean().true_count(), 2);
}

/// No file of a server is fetched for a hash that nobody has named; what the server has told needs no fetching.
#[test]
fn hashes_of_remote_files_are_made_where_they_are_named() {
    let engine = engine();
    let object = |uri: &str, hash| Object {
        uri: uri.into(),
        size: 107,
        content_type: "image/png".into(),
        updated_ms: 0,
        hash,
        is_live: false,
    };
    let told = "lQjYk0uPLjdV1pVJnTDOSQ==";
    let objects = vec![
        object("https://there/far.png", Hash::Remote),
        object("https://there/told.png", Hash::Told(told.into())),
        object("here.png", Hash::OfBytes),
    ];
    engine.register_objects("photos", objects).unwrap();
    for (sql, fetched, wanted) in [
        ("SELECT * FROM photos", vec!["here.png"], [None, Some(told), Some(told)]),
        ("SELECT p.* FROM photos AS p", vec!["here.png"], [None, Some(told), Some(told)]),
        ("SELECT md5_hash FROM photos", vec!["https://there/far.png", "here.png"], [Some(told); 3]),
        ("SELECT photos.md5_hash FROM photos", vec!["https://there/far.png", "here.png"], [Some(told); 3]),
        ("SELECT * EXCEPT (md5_hash), '-' AS md5_hash FROM photos", vec![], [Some("-"); 3]),
    ] {
        let mut run = query(&engine.session(), sql);
        let (mut asked, mut hashes) = (Vec::new(), Vec::new());
        let column = run.schema().unwrap().fields.iter().position(|field| field.name == "md5_hash").unwrap();
        loop {
            match run.step().unwrap() {
                Step::Need(requests) => {
                    for request in requests {
                        let Resource::Object { uri, .. } = request.resource else {
                            panic!("expected a picture")
                        };
                        asked.push(uri);
                        run.supply(request.id, read("images/rgb.png")).unwrap();
                    }
                }
                Step::Batch(batch) => {
                    let found = batch.columns()[column].as_string::<i32>().clone();
                    hashes.extend(found.iter().map(|hash| hash.map(str::to_owned)));
                }
                Step::Progress(_) => {}
                Step::Done(_) => break,
            }
        }
        assert_eq!(asked, fetched, "{sql}");
        assert_eq!(hashes, wanted.map(|hash| hash.map(str::to_owned)), "{sql}");
    }
}

/// Runs a query over a video of so many pictures; how many rows it gave, and what it asked for.
fn watched(sql: &str, pictures: u64) -> (usize, Vec<String>) {
    let engine = engine();
    let video = Object {
        uri: "frames".into(),
        size: 0,
        content_type: String::new(),
        updated_ms: 0,
        hash: Hash::OfBytes,
        is_live: true,
    };
    engine.register_objects("frames", vec![video]).unwrap();
    let (picture, mut run) = (read("images/rgb.png"), query(&engine.session(), sql));
    let (mut rows, mut asked) = (0, Vec::new());
    loop {
        match run.step().unwrap() {
            Step::Need(requests) => {
                // The row before has come out: nothing is asked for ahead.
                assert!(!sql.contains("ML.DECODE") || sql.contains("COUNT") || asked.len() == rows);
                let [request] = requests.as_slice() else { panic!("one picture at a time") };
                let Resource::Object { uri, .. } = &request.resource else { panic!("expected a picture") };
                asked.push(uri.clone());
                let is_there = asked.len() as u64 <= pictures;
                run.supply(request.id, if is_there { picture.clone() } else { Vec::new() }).unwrap();
            }
            Step::Batch(batch) => rows += batch.rows(),
            Step::Progress(_) => {}
            Step::Done(_) => return (rows, asked),
        }
    }
}

#[test]
fn a_video_is_a_table_that_gives_pictures_as_they_are_wanted() {
    let sizes = "SELECT uri, ML.DECODE_IMAGE(data).dimensions FROM frames";
    assert_eq!(watched(sizes, 2), (2, ["frames#1", "frames#2", "frames#3"].map(String::from).to_vec()));
    assert_eq!(watched(&format!("{sizes} LIMIT 2"), 1000).0, 2);
    // Without its bytes a picture has its time all the same.
    assert_eq!(watched("SELECT COUNT(*) FROM frames WHERE content_type = 'image/bmp'", 5).1.len(), 6);
}

/// Whoever gives a statement up drops it between two steps: none takes many times what a batch takes.
#[test]
fn heavy_statements_come_back_between_pieces() {
    let engine = engine();
    let tables = "CREATE TABLE t AS SELECT n, MOD(n * 7919, 10007) AS k, GENERATE_ARRAY(n, n + 9) AS xs FROM UNNEST(GENERATE_ARRAY(1, 20000)) AS n;
        CREATE TABLE u AS SELECT n, k FROM t";
    run(&engine, tables).unwrap();
    let session = engine.session().with_batch_rows(500);
    for sql in [
        "SELECT (SELECT SUM(x) FROM UNNEST(xs) AS x WHERE MOD(x, 3) = 0) AS s FROM t",
        "SELECT ARRAY(SELECT AS STRUCT x, n FROM UNNEST(xs) AS x ORDER BY x DESC) AS s FROM t",
        "SELECT LAG(n) OVER (ORDER BY k) AS s FROM t",
        "SELECT MAX(n) OVER (ORDER BY k ROWS BETWEEN 99 PRECEDING AND CURRENT ROW) AS s FROM t",
        "SELECT SUM(n) OVER (ORDER BY k RANGE BETWEEN 10 PRECEDING AND 10 FOLLOWING) AS s FROM t",
        "MERGE u USING t ON t.n = u.n WHEN MATCHED THEN UPDATE SET k = t.k + 1 WHEN NOT MATCHED THEN INSERT (n, k) VALUES (n, k)",
        "UPDATE u SET k = (SELECT MAX(x) FROM UNNEST([u.n, u.k]) AS x) WHERE TRUE",
        "WITH RECURSIVE r AS (SELECT 1 AS n UNION ALL SELECT r.n + 1 FROM r, UNNEST([1, 2]) WHERE r.n < 14) SELECT COUNT(*) FROM r",
        "SELECT COUNT(*) FROM t, u WHERE t.k + u.k = 77",
    ] {
        let mut query = query(&session, sql);
        let mut steps = 0;
        while !matches!(query.step().unwrap(), Step::Done(_)) {
            steps += 1;
        }
        assert!(steps >= 20, "{sql}: {steps} steps for 40 batches");
    }
    // An endless loop gives every statement back.
    let mut script = engine.session().script("LOOP SELECT 1 AS x; END LOOP", Params::default()).unwrap();
    for _ in 0..1000 {
        finish(script.next().unwrap().unwrap()).unwrap();
    }
    // One without any is found out.
    assert!(run(&engine, "LOOP CONTINUE; END LOOP").is_err());
}
