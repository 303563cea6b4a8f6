//! One target under libFuzzer, chosen by `PREDICTQL_FUZZ`. Its seeds are written into the folder `PREDICTQL_FUZZ_SEEDS`,
//! which libFuzzer reads after that.

#![no_main]
#![allow(clippy::panic, clippy::expect_used, clippy::indexing_slicing, reason = "a test's tool")]

use std::fs;
use std::sync::LazyLock;

use libfuzzer_sys::{fuzz_mutator, fuzz_target, fuzzer_mutate};
use predictql_fuzz::{Rng, Target, found, target};

static TARGET: LazyLock<&Target> = LazyLock::new(|| {
    let name = std::env::var("PREDICTQL_FUZZ").expect("PREDICTQL_FUZZ names a target");
    target(&name).unwrap_or_else(|| panic!("`{name}` is no target"))
});

fuzz_target!(
    init: {
        if let Ok(folder) = std::env::var("PREDICTQL_FUZZ_SEEDS") {
            for (number, input) in (TARGET.seeds)().into_iter().chain(found(*TARGET)).enumerate() {
                fs::write(format!("{folder}/seed-{number}"), input).expect("the folder of the corpus");
            }
        }
    },
    |input: &[u8]| (TARGET.run)(input)
);

fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    let mut random = Rng::with_seed(seed.into());
    if random.u8(..) < 64 {
        return fuzzer_mutate(data, size, max_size);
    }
    let changed = (TARGET.mutate)(&data[..size], &mut random);
    let size = changed.len().min(max_size);
    data[..size].copy_from_slice(&changed[..size]);
    size
});
