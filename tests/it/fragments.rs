//! Queries in fragments: whatever the number of parts, the rows are those of the query in one piece, in its order.

use std::sync::Mutex;

use predictql::data::Batch;
use predictql::diag::Error;
use predictql::table::Part;
use predictql::{Arrival, Distribution, Fragments, Query, Resource, Step, Summary};

use crate::host::{self, Outcome};
use crate::suite;

/// Runs a query in `parts` parts, one after the other, and brings rows to where they belong.
fn run(mut query: Query, parts: usize, arrival: Arrival) -> Result<Outcome, Error> {
    let Some(fragments) = query.fragments(arrival)? else { return host::finish(query) };
    match rows_of(&fragments, parts, arrival) {
        Ok((batches, summaries)) => {
            let schema = query.schema().cloned();
            let rows = batches.iter().map(Batch::rows).sum();
            let summary = query.end(rows, summaries);
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
            let mut query = fragments.query(number, part)?;
            let mut batches = Vec::new();
            loop {
                match query.step()? {
                    Step::Batch(batch) => batches.push(batch),
                    Step::Progress(_) => {}
                    Step::Need(requests) => {
                        for request in requests {
                            match request.resource {
                                Resource::Fragment { input } => {
                                    query.supply_rows(request.id, inputs[input].next())?;
                                }
                                _ => host::answer(&mut query, request, &mut Vec::new())?,
                            }
                        }
                    }
                    Step::Done(summary) => {
                        summaries.push(summary);
                        break;
                    }
                }
            }
            outputs.push(batches);
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
