//! Texts, in both dialects: parsed, bound, explained and run.

use predictql::Dialect;
use predictql::data::{Batch, Schema};

use crate::host;

pub(crate) fn run(input: &[u8]) {
    let text = String::from_utf8_lossy(input);
    let engine = host::engine_for(&text);
    for found in &engine.check(&text, None).diagnostics {
        let places = [found.span, found.fix.as_ref().map(|fix| fix.span)];
        for span in places.into_iter().flatten() {
            assert!(text.get(span.start..span.end).is_some(), "{found:?}\n{text}");
        }
    }
    host::run(&engine.session(), &text);
    host::run(&host::engine_for(&text).session().with_dialect(Dialect::TSql), &text);
    host::run(&engine.session(), &format!("EXPLAIN {text}"));
}

/// The rows are the same however many of them travel together.
pub(crate) fn compare_batches(input: &[u8]) {
    let text = String::from_utf8_lossy(input);
    let upper = text.to_ascii_uppercase();
    // What may differ from run to run, and the names of errors.
    if ["RAND", "UUID", "ERROR", "ANY_VALUE", "TABLESAMPLE"].iter().any(|word| upper.contains(word)) {
        return;
    }
    let [wide, narrow] = [8192, 3].map(|rows| {
        let session = host::engine_for(&text).session().with_batch_rows(rows);
        host::run(&session, &text)
    });
    if wide.result.is_err() || narrow.result.is_err() || !wide.is_whole || !narrow.is_whole {
        return;
    }
    assert_eq!(lines(&wide.rows), lines(&narrow.rows), "{text}");
}

/// Each row as the bytes of a batch of its own.
fn lines(results: &[(Schema, Vec<Batch>)]) -> Vec<Vec<u8>> {
    let mut lines = Vec::new();
    for (_, batches) in results {
        for batch in batches {
            let one = |row| {
                let columns = batch.columns().iter().map(|column| format!("{:?}", column.slice(row, 1)));
                columns.collect::<Vec<_>>().join("\n").into_bytes()
            };
            lines.extend((0..batch.rows()).map(one));
        }
    }
    lines
}
