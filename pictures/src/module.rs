//! The exports of the WebAssembly module. A host writes bytes where `input` says, asks for `decode`, and reads the answer
//! from the numbers that it points to. What stops the module costs the host one instance of it.

#![expect(unsafe_code, reason = "names of exports; there is no unsafe block")]

use std::cell::RefCell;

use crate::{Failure, Format, Options, Picture, Refusal, WORDS, to_words};

/// Numbers that an answer has: those of [`to_words`], then where the values are, and where the words are and how many.
const ANSWER: usize = WORDS + 3;

#[derive(Default)]
struct State {
    input: Vec<u8>,
    values: Vec<f32>,
    detail: String,
    answer: [u32; ANSWER],
}

thread_local! {
    static STATE: RefCell<State> = RefCell::default();
}

/// Where `length` bytes of a picture are to be written; 0 where there is no room for them.
#[unsafe(no_mangle)]
extern "C" fn input(length: usize) -> *mut u8 {
    STATE.with_borrow_mut(|state| {
        *state = State::default();
        match state.input.try_reserve_exact(length) {
            Ok(()) => {
                state.input.resize(length, 0);
                state.input.as_mut_ptr()
            }
            Err(_) => std::ptr::null_mut(),
        }
    })
}

/// Decodes what was written. A `background` has a byte for red, green and blue each; a larger number is none.
#[unsafe(no_mangle)]
extern "C" fn decode(
    format: u32,
    most_pixels: u32,
    most_values: u32,
    upright: u32,
    background: u32,
) -> *const u32 {
    let background = match background.to_be_bytes() {
        [0, red, green, blue] => Some([red, green, blue]),
        _ => None,
    };
    let options = Options { most_pixels, most_values, upright: upright != 0, background };
    STATE.with_borrow_mut(|state| {
        let bytes = std::mem::take(&mut state.input);
        let answer = match Format::of(format) {
            Some(format) => crate::decode(&bytes, format, &options),
            None => Err(Failure::Stopped.into()),
        };
        let words = match answer {
            Ok(Picture { height, width, values, orientation }) => {
                state.values = values;
                Ok([height as u32, width as u32, orientation.into()])
            }
            Err(Refusal { failure, detail }) => {
                state.detail = detail;
                Err(failure)
            }
        };
        let [a, b, c, d] = to_words(words);
        let (values, detail) = (state.values.as_ptr() as u32, state.detail.as_ptr() as u32);
        state.answer = [a, b, c, d, values, detail, state.detail.len() as u32];
        state.answer.as_ptr()
    })
}
