//! Any files get an answer: a model or a refusal, no panic and an end.
//!
//! `cargo +nightly fuzz run formats` runs it; the input is a graph, an index and a shard.

#![no_main]

use formats::{Options, convert};
use libfuzzer_sys::fuzz_target;

const NAMES: [&str; 3] =
    ["saved_model.pb", "variables/variables.index", "variables/variables.data-00000-of-00001"];

fuzz_target!(|input: (Vec<u8>, Vec<u8>, Vec<u8>, bool)| {
    let (graph, index, shard, is_frozen) = input;
    let files = if is_frozen {
        vec![("frozen.pb".to_owned(), graph)]
    } else {
        NAMES.map(str::to_owned).into_iter().zip([graph, index, shard]).collect()
    };
    let _ = convert(files, &Options::default());
});
