//! Any bytes of a file of TensorFlow Lite's get an answer: a model or a refusal, no panic and an end.
//!
//! `cargo +nightly fuzz run tflite fuzz/corpus/tflite tests/fixtures/lite` runs it, with the fixtures to begin with.

#![no_main]

use formats::{Options, convert};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let mut bytes = input.to_vec();
    // Without these four it is another format's.
    if let Some(identifier) = bytes.get_mut(4..8) {
        identifier.copy_from_slice(b"TFL3");
    }
    let _ = convert(vec![("model.tflite".to_owned(), bytes)], &Options::default());
});
