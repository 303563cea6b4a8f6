//! Every target over its seeds, what it has found before, and inputs made of them at random.

use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Once;

use super::*;

/// Inputs that one target tries in a test, unless `PREDICTQL_FUZZ_INPUTS` says how many.
const INPUTS: usize = 1_000;

/// Goes on after a promise is broken, so that one run tells them all.
fn try_inputs(name: &str) {
    let target = target(name).unwrap();
    let seeds = (target.seeds)();
    assert!(!seeds.is_empty(), "{name} has no seeds");
    let inputs = std::env::var("PREDICTQL_FUZZ_INPUTS").ok().and_then(|count| count.parse().ok());
    let mut broken: Vec<(String, PathBuf)> = Vec::new();
    let mut try_one = |input: &[u8]| {
        if let Err(words) = attempt(target, input)
            && broken.iter().all(|(known, _)| *known != words)
        {
            broken.push((words, kept(target, input)));
        }
    };
    found(target).iter().for_each(|input| try_one(input));
    let mut random = Rng::with_seed(1);
    let mut input = seeds[0].clone();
    for number in 0..inputs.unwrap_or(INPUTS) {
        // Mostly one change to a seed, at times one more to the last input.
        if random.u8(..) < 200 {
            input.clone_from(&seeds[random.usize(..seeds.len())]);
        }
        input = (target.mutate)(&input, &mut random);
        try_one(&input);
        // The seeds themselves, in turn.
        if let Some(seed) = seeds.get(number) {
            try_one(seed);
        }
    }
    let _ = std::panic::take_hook();
    assert!(broken.is_empty(), "{name}: {broken:#?}");
}

thread_local! {
    /// What the last panic said, and where.
    static WORDS: RefCell<String> = const { RefCell::new(String::new()) };
}

/// Runs one input; the words of the promise that it breaks.
fn attempt(target: &Target, input: &[u8]) -> Result<(), String> {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        std::panic::set_hook(Box::new(|panic| WORDS.with(|words| *words.borrow_mut() = panic.to_string())));
    });
    let outcome = catch_unwind(AssertUnwindSafe(|| (target.run)(input)));
    outcome.map_err(|_| WORDS.with(RefCell::take))
}

/// A file with the input.
fn kept(target: &Target, input: &[u8]) -> PathBuf {
    let folder = std::env::temp_dir().join("predictql-fuzz");
    fs::create_dir_all(&folder).unwrap();
    let path = folder.join(format!("{}-{:x}", target.name, fastrand::u64(..)));
    fs::write(&path, input).unwrap();
    path
}

macro_rules! targets {
    ($($name:ident),* $(,)?) => {
        $(#[test] fn $name() { try_inputs(stringify!($name)); })*
    };
}

targets! { sql, batches, options, onnx, onnx_bytes, boosters, csv, arrow, jpeg, png, bmp, gif, webp, pixels, converter, variables, lite, like, casts, trees }
