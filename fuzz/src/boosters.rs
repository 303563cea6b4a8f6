//! Files of XGBoost and LightGBM.

use crate::{Rng, bytes, fixtures};

const VALUES: [&str; 16] = [
    "-1",
    "0",
    "1",
    "2",
    "65536",
    "2147483647",
    "2147483648",
    "9223372036854775807",
    "1e308",
    "1e-320",
    "nan",
    "[]",
    "null",
    "\"\"",
    "1E39",
    "-2147483649",
];

pub(crate) fn seeds() -> Vec<Vec<u8>> {
    fixtures("fixtures/models", &["txt", "json", "ubj"])
}

/// Bytes changed, or a number for another one.
pub(crate) fn mutate(input: &[u8], random: &mut Rng) -> Vec<u8> {
    let at = random.usize(..=input.len());
    let is_digit = |byte: &u8| byte.is_ascii_digit() || b"-.eE+".contains(byte);
    let start = input.iter().skip(at).position(|byte| byte.is_ascii_digit()).map(|digit| at + digit);
    match start {
        Some(start) if random.u8(..) < 180 => {
            let end = input.iter().skip(start).position(|byte| !is_digit(byte));
            let end = end.map_or(input.len(), |end| start + end);
            let value = VALUES[random.usize(..VALUES.len())].as_bytes();
            [&input[..start], value, &input[end..]].concat()
        }
        _ => bytes::mutate(input, random),
    }
}
