//! Any bytes of a SavedModel's graph get an answer beside a whole checkpoint: a model or a refusal, no panic and an end.
//!
//! `cargo +nightly fuzz run saved_model` runs it; copy `saved_model.pb` of the fixtures into its corpus to begin with.

#![no_main]

use formats::{Options, convert};
use libfuzzer_sys::fuzz_target;

const INDEX: &[u8] = include_bytes!("../../tests/fixtures/tensorflow/functions/variables/variables.index");
const SHARD: &[u8] =
    include_bytes!("../../tests/fixtures/tensorflow/functions/variables/variables.data-00000-of-00001");

fuzz_target!(|graph: &[u8]| {
    let files = [
        ("saved_model.pb", graph),
        ("variables/variables.index", INDEX),
        ("variables/variables.data-00000-of-00001", SHARD),
    ];
    let files = files.map(|(path, bytes)| (path.to_owned(), bytes.to_vec()));
    let _ = convert(files.to_vec(), &Options::default());
});
