//! The exports of the WebAssembly module. A host writes bytes where `input` says, asks for `decode` or `encode`, and
//! reads the answer from the numbers that it points to. What stops the module costs the host one instance of it.

#![expect(unsafe_code, reason = "names of exports; there is no unsafe block")]

use std::cell::RefCell;

use crate::{Failure, Format, Options, Picture, Pixels, Refusal, Target, WORDS, to_words};

/// Numbers that an answer has: those of [`to_words`], then where the values are, and where the words are and how many.
const ANSWER: usize = WORDS + 3;

#[derive(Default)]
struct State {
    input: Vec<u8>,
    values: Vec<f32>,
    file: Vec<u8>,
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

/// Decodes what was written. A `background` has a byte for red, green and blue each; a larger number is none. A `height` of 0
/// leaves a picture in its own size.
#[unsafe(no_mangle)]
extern "C" fn decode(
    format: u32,
    most_pixels: u32,
    most_values: u32,
    upright: u32,
    background: u32,
    height: u32,
    width: u32,
    preserves_aspect_ratio: u32,
) -> *const u32 {
    let background = match background.to_be_bytes() {
        [0, red, green, blue] => Some([red, green, blue]),
        _ => None,
    };
    let preserves_aspect_ratio = preserves_aspect_ratio != 0;
    let target = (height > 0 && width > 0).then_some(Target { height, width, preserves_aspect_ratio });
    let options = Options { most_pixels, most_values, upright: upright != 0, background, target };
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
        state.answer(words, state.values.as_ptr() as u32)
    })
}

/// What the file that was written says of itself, for a host that decodes it.
#[unsafe(no_mangle)]
extern "C" fn inspect(format: u32, most_pixels: u32) -> *const u32 {
    STATE.with_borrow_mut(|state| {
        let bytes = std::mem::take(&mut state.input);
        let options =
            Options { most_pixels, most_values: u32::MAX, upright: false, background: None, target: None };
        let answer = match Format::of(format) {
            Some(format) => crate::inspect(&bytes, format, &options),
            None => Err(Failure::Stopped.into()),
        };
        let words = answer.map_err(|Refusal { failure, detail }| {
            state.detail = detail;
            failure
        });
        state.answer(words, 0)
    })
}

/// Encodes what was written: so many channels of each pixel, row by row. The answer has the length of the file in the place
/// of a height, and where it is in that of the values.
#[unsafe(no_mangle)]
extern "C" fn encode(format: u32, height: u32, width: u32, channels: u32, quality: u32) -> *const u32 {
    STATE.with_borrow_mut(|state| {
        let values = std::mem::take(&mut state.input);
        let pixels = Pixels { height, width, channels, values: &values };
        let quality = u8::try_from(quality).unwrap_or(u8::MAX);
        let answer = match Format::of(format) {
            Some(format) => crate::encode(pixels, format, quality),
            None => Err(Failure::Stopped.into()),
        };
        let words = match answer {
            Ok(file) => {
                state.file = file;
                Ok([state.file.len() as u32, 1, 1])
            }
            Err(Refusal { failure, detail }) => {
                state.detail = detail;
                Err(failure)
            }
        };
        state.answer(words, state.file.as_ptr() as u32)
    })
}

impl State {
    /// Where the numbers of an answer are, whose values or file begin at `place`.
    fn answer(&mut self, words: Result<[u32; 3], Failure>, place: u32) -> *const u32 {
        let [a, b, c, d] = to_words(words);
        self.answer = [a, b, c, d, place, self.detail.as_ptr() as u32, self.detail.len() as u32];
        self.answer.as_ptr()
    }
}
