//! Queries in fragments: whatever the number of parts, the rows are those of the query in one piece, in its order.

use std::sync::{Arc, Mutex};

use arrow_array::{Array, ArrayRef, Int64Array, StringArray};
use predictql::data::{Batch, DataType, Field, Schema};
use predictql::diag::{Code, Error};
use predictql::table::{CsvOptions, Part};
use predictql::{Arrival, Distribution, Fragments, Params, Query, Resource, Step, Summary};

use crate::host::{self, Outcome};
use crate::suite;

/// Runs a statement, the rows that it gives or takes in `parts` parts.
fn run(mut query: Query, parts: usize, arrival: Arrival) -> Result<Outcome, Error> {
    if query.fragments(arrival)?.is_none() {
        return host::finish(query);
    }
    match query.source() {
        Some(source) => taken(query, rows(source, parts, arrival)),
        None => rows(query, parts, arrival),
    }
}

/// Runs a statement that takes rows of another query.
fn taken(query: Query, mut rows: Result<Outcome, Error>) -> Result<Outcome, Error> {
    if let Ok(rows) = &mut rows {
        rows.batches.reverse();
    }
    host::finish_with(query, |query, request, exported| match (&request.resource, &mut rows) {
        (Resource::Fragment { .. }, Ok(rows)) => {
            let batch = rows.batches.pop();
            if batch.is_none() {
                query.add(std::mem::take(&mut rows.summary));
            }
            query.supply_rows(request.id, batch)
        }
        (Resource::Fragment { .. }, Err(error)) => query.fail(request.id, error.clone()),
        _ => host::answer(query, request, exported),
    })
}

/// Runs a query in `parts` parts, one after the other, and brings rows to where they belong.
fn rows(mut query: Query, parts: usize, arrival: Arrival) -> Result<Outcome, Error> {
    let Some(fragments) = query.fragments(arrival)? else { return host::finish(query) };
    match rows_of(&fragments, parts, arrival) {
        Ok((batches, summaries)) => {
            let schema = query.schema().cloned();
            let rows = batches.iter().map(Batch::rows).sum();
            summaries.into_iter().for_each(|part| query.add(part));
            let summary = query.end(rows);
            Ok(Outcome { schema, batches, summary, exported: Vec::new() })
        }
        // One process says which row is at fault, and may never come to it.
        Err(_) => host::finish(query),
    }
}

type Rows = (Vec<Batch>, Vec<Summary>);

fn rows_of(fragments: &Fragments, parts: usize, arrival: Arrival) -> Result<Rows, Error> {
    // For each fragment the batches of each of its parts.
    let mut done: Vec<Vec<Vec<Batch>>> = Vec::new();
    let mut summaries = Vec::new();
    for (number, fragment) in fragments.all().iter().enumerate() {
        let of = if fragment.is_divided { parts } else { 1 };
        let mut outputs = Vec::new();
        for part in (0..of).map(|number| Part { number, of }) {
            let inputs = fragment.inputs.iter().map(|input| {
                let rows = &done[input.fragment];
                let key = fragments.all()[input.fragment].key;
                // Where parts come in any order, it is the last one first.
                let mut rows: Vec<_> = rows.iter().collect();
                if arrival == Arrival::AnyOrder {
                    rows.reverse();
                }
                let batches = rows.into_iter().flatten();
                match input.distribution {
                    Distribution::Hash => batches
                        .map(|batch| batch.divided(key.unwrap(), part.of).unwrap().swap_remove(part.number))
                        .collect(),
                    Distribution::Single | Distribution::Broadcast => batches.cloned().collect::<Vec<_>>(),
                }
            });
            let mut inputs: Vec<_> = inputs.map(Vec::into_iter).collect();
            let outcome =
                host::finish_with(fragments.query(number, part)?, |query, request, exported| match request
                    .resource
                {
                    Resource::Fragment { input } => query.supply_rows(request.id, inputs[input].next()),
                    _ => host::answer(query, request, exported),
                })?;
            summaries.push(outcome.summary);
            outputs.push(outcome.batches);
        }
        done.push(outputs);
    }
    Ok((done.pop().unwrap().into_iter().flatten().collect(), summaries))
}

/// Of all records what fails where each query runs in another number of parts.
fn check(run: fn(Query, usize) -> Result<Outcome, Error>) {
    let failures = suite::failures_with(run);
    assert!(failures.is_empty(), "{}\n\n{} records failed", failures.join("\n\n"), failures.len());
}

#[test]
fn every_record_passes_in_parts_that_come_in_any_order() {
    static SENT: Mutex<[usize; 3]> = Mutex::new([0; 3]);
    check(|query, length| {
        for fragment in query.fragments(Arrival::AnyOrder)?.iter().flat_map(Fragments::all) {
            for input in &fragment.inputs {
                SENT.lock().unwrap()[input.distribution as usize] += 1;
            }
        }
        run(query, 1 + length % 7, Arrival::AnyOrder)
    });
    let sent = SENT.lock().unwrap();
    assert!(sent.iter().all(|count| *count > 50), "rows were seldom sent in some way: {sent:?}");
}

#[test]
fn every_record_passes_in_parts_that_come_in_order() {
    check(|query, length| run(query, 1 + length % 7, Arrival::InOrder));
}

#[test]
fn statements_take_rows_of_parts_and_their_errors() {
    let engine = host::engine();
    engine.register_csv("t", b"x\n1\n2\n3\n4\n5\n", &CsvOptions::default()).unwrap();
    let text = "
        CREATE TABLE squares AS SELECT x * x AS y FROM t;
        INSERT INTO squares SELECT x + 100 FROM t WHERE x > 3;
        EXPORT DATA OPTIONS (uri = 'out.csv', format = 'CSV', header = TRUE) AS SELECT y FROM squares WHERE y > 20;
        CREATE PROCEDURE p() BEGIN CREATE TABLE failed AS SELECT ERROR('no') AS z FROM t; END;
        BEGIN
          CALL p();
        EXCEPTION WHEN ERROR THEN
          SELECT @@error.message, (SELECT SUM(y) FROM squares);
        END;
        CREATE TABLE failed AS SELECT 10 / (x - 4) AS z FROM t";
    let mut script = engine.session().script(text, Params::default()).unwrap();
    let mut seen = Vec::new();
    let failed = loop {
        let Some(query) = script.next() else { panic!("a division by zero is told") };
        match query.and_then(|query| run(query, 3, Arrival::InOrder)) {
            Ok(outcome) => seen.push(outcome),
            Err(error) => break error,
        }
    };
    let messages: Vec<_> = seen.iter().filter_map(|it| it.summary.message.as_deref()).collect();
    assert!(messages[0].ends_with("squares with 5 rows"), "{messages:?}");
    assert!(messages[1].contains("inserted 2 rows into squares"), "{messages:?}");
    assert!(messages[2].starts_with("Successfully exported 3 rows"), "{messages:?}");
    let exported = seen.iter().flat_map(|it| &it.exported).flat_map(|piece| piece.bytes.to_vec());
    assert_eq!(String::from_utf8(exported.collect()).unwrap(), "y\n25\n104\n105\n");
    let told = seen.iter().flat_map(|it| &it.batches).flat_map(crate::notation::rows).collect::<Vec<_>>();
    assert_eq!(told, [["row 1: no", "264"]]);
    assert_eq!(failed.code(), Code::DivisionByZero, "{failed}");
    assert_eq!(failed.first().span.and_then(|span| text.get(span.start..span.end)), Some("10 / (x - 4)"));
}

fn fragments(rows: &str, model: &str, sql: &str) -> Fragments {
    let engine = host::engine();
    engine.register_csv("t", rows.as_bytes(), &CsvOptions::default()).unwrap();
    engine.register_model("m", &host::read(model)).unwrap();
    let query = engine.session().script(sql, Params::default()).unwrap().next().unwrap().unwrap();
    query.fragments(Arrival::AnyOrder).unwrap().expect("a table can be divided")
}

#[test]
fn digests_are_alike_where_all_is_alike() {
    const ROWS: &str = "sepal_length,sepal_width,petal_length,petal_width\n5,3,1,0.2\n6,3,5,2\n";
    const SQL: &str = "SELECT label, COUNT(*) FROM ML.PREDICT(MODEL m, TABLE t) GROUP BY label";
    const MODEL: &str = "models/iris_rf.onnx";
    let digest = |rows: &str, model, sql| fragments(rows, model, sql).digest().unwrap();
    let first = digest(ROWS, MODEL, SQL);
    assert_eq!(first, digest(ROWS, MODEL, SQL));
    let others = [
        digest(&ROWS.replace("0.2", "0.3"), MODEL, SQL),
        digest(&format!("{ROWS}6,3,5,2\n"), MODEL, SQL),
        digest(ROWS, "models/iris_second.onnx", SQL),
        digest(ROWS, MODEL, &SQL.replace("COUNT(*)", "COUNT(label)")),
    ];
    assert!(others.iter().all(|other| *other != first));
}

#[test]
fn rows_of_other_columns_are_refused() {
    let engine = host::engine();
    let field = |name: &str, data_type| Field::new(name, data_type);
    let schema = Schema { fields: vec![field("x", DataType::Int64), field("y", DataType::String)] };
    engine.register_divisible("far", schema.clone(), 0).unwrap();
    let texts = || -> ArrayRef { Arc::new(StringArray::from(vec!["a", "b"])) };
    let numbers = || -> ArrayRef { Arc::new(Int64Array::from(vec![1, 2])) };
    let answered = |answer: &dyn Fn(&mut Query, u64)| {
        let sql = "SELECT y, x + 1 AS x FROM far";
        let mut query = engine.session().script(sql, Params::default()).unwrap().next().unwrap().unwrap();
        let mut first = true;
        let mut rows = Vec::new();
        loop {
            match query.step()? {
                Step::Need(requests) => {
                    let Resource::Rows { columns, part, .. } = &requests[0].resource else { panic!("rows") };
                    assert_eq!(
                        (columns.as_slice(), *part),
                        (&["x".to_owned(), "y".to_owned()][..], Part::WHOLE)
                    );
                    if std::mem::take(&mut first) {
                        answer(&mut query, requests[0].id);
                    } else {
                        query.supply_rows(requests[0].id, None)?;
                    }
                }
                Step::Batch(batch) => rows.extend(crate::notation::rows(&batch)),
                Step::Progress(_) => {}
                Step::Done(_) => return Ok::<_, Error>(rows),
            }
        }
    };
    let of = |columns: Vec<ArrayRef>| {
        let fields = columns.iter().map(|column| match column.data_type() {
            arrow_schema::DataType::Int64 => field("n", DataType::Int64),
            _ => field("s", DataType::String),
        });
        Batch::of(&Schema { fields: fields.collect() }, 2, columns).unwrap()
    };
    let right = answered(&|query, id| query.supply_rows(id, Some(of(vec![numbers(), texts()]))).unwrap());
    assert_eq!(right.unwrap(), [["a", "2"], ["b", "3"]]);
    for wrong in [vec![texts(), numbers()], vec![numbers()], vec![]] {
        let error =
            answered(&|query, id| query.supply_rows(id, Some(of(wrong.clone()))).unwrap()).unwrap_err();
        assert_eq!(error.code(), Code::InvalidArrow, "{error}");
    }
    let error = answered(&|query, id| query.supply(id, vec![1, 2, 3]).unwrap()).unwrap_err();
    assert_eq!(error.code(), Code::InvalidArrow, "{error}");
    let error = Batch::of(&schema, 2, vec![texts(), numbers()]).unwrap_err();
    assert!(error.to_string().contains("expected 2 rows of x INT64, y STRING"), "{error}");
}
