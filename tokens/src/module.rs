//! The exports of the WebAssembly module, one instance of which is one tokenizer. A host writes bytes where `room` says, asks
//! for `read` or `encode`, and reads the answer from where the numbers say that it is.

#![expect(
    unsafe_code,
    reason = "names of exports, and the source of random numbers that the hash tables ask for"
)]

use std::cell::RefCell;

use crate::{Tokenizer, answer, asked};

/// Whether it worked, then where the numbers or the words are, and how many.
const ANSWER: usize = 3;

#[derive(Default)]
struct State {
    input: Vec<u8>,
    tokenizer: Option<Tokenizer>,
    told: Vec<u32>,
    refused: String,
    answer: [u32; ANSWER],
}

thread_local! {
    static STATE: RefCell<State> = RefCell::default();
}

/// Where `length` bytes are to be written; 0 where there is no room for them.
#[unsafe(no_mangle)]
extern "C" fn room(length: usize) -> *mut u8 {
    STATE.with_borrow_mut(|state| {
        state.input = Vec::new();
        if state.input.try_reserve_exact(length).is_err() {
            return std::ptr::null_mut();
        }
        state.input.resize(length, 0);
        state.input.as_mut_ptr()
    })
}

/// Reads the `tokenizer.json` that was written; tells its facts.
#[unsafe(no_mangle)]
extern "C" fn read() -> *const u32 {
    STATE.with_borrow_mut(|state| {
        let read = Tokenizer::read(&std::mem::take(&mut state.input));
        let facts = read.map(|tokenizer| state.tokenizer.insert(tokenizer).facts().to_words());
        state.answered(facts)
    })
}

/// Cuts up the texts of the question that was written.
#[unsafe(no_mangle)]
extern "C" fn encode() -> *const u32 {
    STATE.with_borrow_mut(|state| {
        let input = std::mem::take(&mut state.input);
        let encoded = match (&mut state.tokenizer, asked(&input)) {
            (Some(tokenizer), Some(question)) => tokenizer.encode(&question).map(|found| answer(&found)),
            _ => Err("it was asked nothing that it knows".into()),
        };
        state.answered(encoded)
    })
}

impl State {
    fn answered(&mut self, told: Result<Vec<u32>, String>) -> *const u32 {
        // An address of the module has 32 bits.
        self.answer = match told {
            Ok(words) => {
                self.told = words;
                [1, self.told.as_ptr() as u32, self.told.len() as u32]
            }
            Err(why) => {
                self.refused = why;
                [0, self.refused.as_ptr() as u32, self.refused.len() as u32]
            }
        };
        self.answer.as_ptr()
    }
}

/// The hash tables of the library ask for random numbers, so that nobody can make a table slow by the keys that he chooses.
/// Here the keys are those of the page's own file.
#[unsafe(no_mangle)]
unsafe extern "Rust" fn __getrandom_v03_custom(into: *mut u8, length: usize) -> Result<(), getrandom::Error> {
    // SAFETY: the caller gives `length` bytes that may be written.
    unsafe { std::ptr::write_bytes(into, 0x5a, length) };
    Ok(())
}
