//! The host's tokenizers: an object that it has put there.

use tokens::{Encoding, Facts, Question, answered, question};
use wasm_bindgen::prelude::{JsValue, wasm_bindgen};

use crate::text::{Encode, ReadTokenizer, Tokenizers};

#[wasm_bindgen]
extern "C" {
    /// Whether the host has their module.
    #[wasm_bindgen(catch, js_namespace = predictqlTokenizers, js_name = isReady)]
    fn tokenizers_are_ready() -> Result<bool, JsValue>;

    /// Reads a `tokenizer.json`: its number, then its facts. Nothing where it is refused.
    #[wasm_bindgen(catch, js_namespace = predictqlTokenizers, js_name = read)]
    fn read_tokenizer(json: &[u8]) -> Result<Vec<u32>, JsValue>;

    /// The numbers of an answer; nothing where the question is refused.
    #[wasm_bindgen(catch, js_namespace = predictqlTokenizers, js_name = encode)]
    fn encode_texts(tokenizer: u32, question: &[u8]) -> Result<Option<Vec<u32>>, JsValue>;

    /// Why something was refused, in the tokenizer's own words.
    #[wasm_bindgen(catch, js_namespace = predictqlTokenizers, js_name = detail)]
    fn tokenizer_detail() -> Result<String, JsValue>;

    /// Lets go of a tokenizer.
    #[wasm_bindgen(catch, js_namespace = predictqlTokenizers, js_name = release)]
    fn release_tokenizer(tokenizer: u32) -> Result<(), JsValue>;
}

pub(super) const TOKENIZERS: Tokenizers =
    Tokenizers { is_ready: || tokenizers_are_ready().unwrap_or(false), read };

/// The number of a tokenizer that the host holds.
struct OfHost(u32);

impl Drop for OfHost {
    fn drop(&mut self) {
        // A host that has ended holds nothing any more.
        let _ = release_tokenizer(self.0);
    }
}

impl Encode for OfHost {
    fn encode(&self, asked: &Question<'_>) -> Result<Vec<Encoding>, String> {
        let words = encode_texts(self.0, &question(asked)).map_err(|error| thrown(&error))?;
        let words = words.ok_or_else(refusal)?;
        answered(&words, asked.texts.len()).ok_or_else(of_another_version)
    }
}

fn read(json: &[u8]) -> Result<ReadTokenizer, String> {
    let words = read_tokenizer(json).map_err(|error| thrown(&error))?;
    let (number, facts) = words.split_first().ok_or_else(refusal)?;
    let tokenizer = OfHost(*number);
    Ok((Facts::from_words(facts).ok_or_else(of_another_version)?, Box::new(tokenizer)))
}

fn thrown(error: &JsValue) -> String {
    format!("{error:?}")
}

fn refusal() -> String {
    tokenizer_detail().unwrap_or_else(|error| thrown(&error))
}

fn of_another_version() -> String {
    "the module of tokenizers is not the one of this engine".into()
}
