//! Any text gets an answer: no panic, an end, and diagnostics whose places lie in the text.
//!
//! `cargo +nightly fuzz run parser -- -dict=fuzz/sql.dict` runs it; crashes are kept in `fuzz/artifacts`.

#![no_main]

use libfuzzer_sys::fuzz_target;
use predictql::Engine;

fuzz_target!(|text: &str| {
    let check = Engine::default().check(text);
    for found in &check.diagnostics {
        let places = [found.span, found.fix.as_ref().map(|fix| fix.span)];
        for span in places.into_iter().flatten() {
            assert!(text.get(span.start..span.end).is_some(), "{found:?}");
        }
    }
});
