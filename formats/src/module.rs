//! The exports of the WebAssembly module. A host writes paths and files where `room` says, one after the other, asks for
//! `convert`, and reads the answer from where the numbers say that it is.

#![expect(unsafe_code, reason = "names of exports; there is no unsafe block")]

use std::cell::RefCell;

use crate::{Options, Refusal};

/// Whether the files were converted; where the bytes or the words are, and how many; the same of the code and of the hint.
const ANSWER: usize = 7;

#[derive(Default)]
struct State {
    /// Paths and files in turn.
    given: Vec<Vec<u8>>,
    made: Vec<u8>,
    refused: [String; 3],
    answer: [u32; ANSWER],
}

thread_local! {
    static STATE: RefCell<State> = RefCell::default();
}

/// Where `length` bytes of a path, or of the file whose path came before, are to be written; 0 where there is no room for them.
#[unsafe(no_mangle)]
extern "C" fn room(length: usize) -> *mut u8 {
    STATE.with_borrow_mut(|state| {
        let mut bytes = Vec::new();
        if bytes.try_reserve_exact(length).is_err() {
            return std::ptr::null_mut();
        }
        bytes.resize(length, 0);
        state.given.push(bytes);
        state.given.last_mut().map_or(std::ptr::null_mut(), Vec::as_mut_ptr)
    })
}

/// Converts what was written. With `has_signature`, what was written last is the name of the signature.
#[unsafe(no_mangle)]
extern "C" fn convert(has_signature: u32) -> *const u32 {
    STATE.with_borrow_mut(|state| {
        let mut given = std::mem::take(&mut state.given);
        let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
        let signature = if has_signature == 0 { None } else { given.pop().map(text) };
        let mut files = Vec::new();
        let mut given = given.into_iter();
        while let (Some(path), Some(bytes)) = (given.next(), given.next()) {
            files.push((text(path), bytes));
        }
        match crate::convert(files, &Options { signature }) {
            Ok(made) => {
                state.made = made;
                state.answer = [1, place(&state.made), count(&state.made), 0, 0, 0, 0];
            }
            Err(Refusal { reason, message, hint }) => {
                state.refused = [message, reason.code().to_owned(), hint];
                let [message, code, hint] = &state.refused;
                let words = [message, code, hint].map(|text| text.as_bytes());
                let [message, code, hint] = words.map(|text| (place(text), count(text)));
                state.answer = [0, message.0, message.1, code.0, code.1, hint.0, hint.1];
            }
        }
        state.answer.as_ptr()
    })
}

fn place(bytes: &[u8]) -> u32 {
    bytes.as_ptr() as u32
}

fn count(bytes: &[u8]) -> u32 {
    // An address of the module has 32 bits.
    bytes.len() as u32
}
