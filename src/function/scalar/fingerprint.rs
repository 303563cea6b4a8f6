//! Google's FarmHash Fingerprint64: a hash that is the same on every machine and in every version.
//!
//! FARM_FINGERPRINT and ML.HASH_BUCKETIZE are defined by it. Source: the `farmhashna` namespace of google/farmhash.

const K0: u64 = 0xc3a5_c85c_97cb_3127;
const K1: u64 = 0xb492_b66f_be98_f273;
const K2: u64 = 0x9ae1_6a3b_2f90_404f;

/// The fingerprint of `bytes`.
pub(crate) fn fingerprint(bytes: &[u8]) -> u64 {
    match bytes.len() {
        0..=16 => short(bytes),
        17..=32 => medium(bytes),
        33..=64 => longer(bytes),
        _ => long(bytes),
    }
}

/// Eight bytes from `start` on, the lowest first.
#[expect(clippy::indexing_slicing, reason = "each length class reads within its shortest input")]
fn fetch(bytes: &[u8], start: usize) -> u64 {
    let mut word = [0; 8];
    word.copy_from_slice(&bytes[start..start + 8]);
    u64::from_le_bytes(word)
}

/// Four bytes from `start` on, the lowest first.
#[expect(clippy::indexing_slicing, reason = "each length class reads within its shortest input")]
fn fetch_half(bytes: &[u8], start: usize) -> u64 {
    let mut word = [0; 4];
    word.copy_from_slice(&bytes[start..start + 4]);
    u32::from_le_bytes(word).into()
}

fn shift_mix(value: u64) -> u64 {
    value ^ (value >> 47)
}

fn mix(u: u64, v: u64, factor: u64) -> u64 {
    let a = shift_mix((u ^ v).wrapping_mul(factor));
    shift_mix((v ^ a).wrapping_mul(factor)).wrapping_mul(factor)
}

fn factor(length: usize) -> u64 {
    K2.wrapping_add(length as u64 * 2)
}

fn short(bytes: &[u8]) -> u64 {
    let length = bytes.len();
    match *bytes {
        [] => K2,
        // The middle byte is number `length / 2`.
        [only] => tiny(length, only, only, only),
        [first, last] => tiny(length, first, last, last),
        [first, middle, last] => tiny(length, first, middle, last),
        _ if length < 8 => {
            let first = length as u64 + (fetch_half(bytes, 0) << 3);
            mix(first, fetch_half(bytes, length - 4), factor(length))
        }
        _ => {
            let factor = factor(length);
            let a = fetch(bytes, 0).wrapping_add(K2);
            let b = fetch(bytes, length - 8);
            let c = b.rotate_right(37).wrapping_mul(factor).wrapping_add(a);
            let d = a.rotate_right(25).wrapping_add(b).wrapping_mul(factor);
            mix(c, d, factor)
        }
    }
}

fn tiny(length: usize, first: u8, middle: u8, last: u8) -> u64 {
    let y = u64::from(first) + (u64::from(middle) << 8);
    let z = length as u64 + (u64::from(last) << 2);
    shift_mix(y.wrapping_mul(K2) ^ z.wrapping_mul(K0)).wrapping_mul(K2)
}

/// What medium and longer inputs share: the two halves that are mixed.
fn halves(a: u64, b: u64, c: u64, d: u64) -> (u64, u64) {
    let first = a.wrapping_add(b).rotate_right(43).wrapping_add(c.rotate_right(30)).wrapping_add(d);
    let second = a.wrapping_add(b.wrapping_add(K2).rotate_right(18)).wrapping_add(c);
    (first, second)
}

fn medium(bytes: &[u8]) -> u64 {
    let (length, factor) = (bytes.len(), factor(bytes.len()));
    let a = fetch(bytes, 0).wrapping_mul(K1);
    let b = fetch(bytes, 8);
    let c = fetch(bytes, length - 8).wrapping_mul(factor);
    let d = fetch(bytes, length - 16).wrapping_mul(K2);
    let (first, second) = halves(a, b, c, d);
    mix(first, second, factor)
}

fn longer(bytes: &[u8]) -> u64 {
    let (length, factor) = (bytes.len(), factor(bytes.len()));
    let a = fetch(bytes, 0).wrapping_mul(K2);
    let b = fetch(bytes, 8);
    let c = fetch(bytes, length - 8).wrapping_mul(factor);
    let d = fetch(bytes, length - 16).wrapping_mul(K2);
    let (y, second) = halves(a, b, c, d);
    let z = mix(y, second, factor);
    let e = fetch(bytes, 16).wrapping_mul(factor);
    let f = fetch(bytes, 24);
    let g = y.wrapping_add(fetch(bytes, length - 32)).wrapping_mul(factor);
    let h = z.wrapping_add(fetch(bytes, length - 24)).wrapping_mul(factor);
    let first = e.wrapping_add(f).rotate_right(43).wrapping_add(g.rotate_right(30)).wrapping_add(h);
    let second = e.wrapping_add(f.wrapping_add(a).rotate_right(18)).wrapping_add(g);
    mix(first, second, factor)
}

/// The state that runs over a long input.
#[derive(Clone, Copy)]
struct State {
    x: u64,
    y: u64,
    z: u64,
    v: (u64, u64),
    w: (u64, u64),
}

impl State {
    /// Mixes 64 bytes into the state; `nine` is 9 in the last step, otherwise 1.
    fn step(&mut self, block: &[u8], factor: u64, nine: u64) {
        let Self { x, y, z, v, w } = *self;
        let x = x.wrapping_add(y).wrapping_add(v.0).wrapping_add(fetch(block, 8)).rotate_right(37);
        let x = x.wrapping_mul(factor) ^ w.1.wrapping_mul(nine);
        let y = y.wrapping_add(v.1).wrapping_add(fetch(block, 48)).rotate_right(42).wrapping_mul(factor);
        let y = y.wrapping_add(v.0.wrapping_mul(nine)).wrapping_add(fetch(block, 40));
        let z = z.wrapping_add(w.0).rotate_right(33).wrapping_mul(factor);
        let v = weak(block, 0, v.1.wrapping_mul(factor), x.wrapping_add(w.0));
        let w = weak(block, 32, z.wrapping_add(w.1), y.wrapping_add(fetch(block, 16)));
        *self = Self { x: z, y, z: x, v, w };
    }
}

/// Mixes 32 bytes from `start` on with two seeds.
fn weak(block: &[u8], start: usize, a: u64, b: u64) -> (u64, u64) {
    let last = fetch(block, start + 24);
    let a = a.wrapping_add(fetch(block, start));
    let b = b.wrapping_add(a).wrapping_add(last).rotate_right(21);
    let sum = a.wrapping_add(fetch(block, start + 8)).wrapping_add(fetch(block, start + 16));
    (sum.wrapping_add(last), b.wrapping_add(sum.rotate_right(44)).wrapping_add(a))
}

#[expect(clippy::indexing_slicing, reason = "long inputs have more than 64 bytes")]
fn long(bytes: &[u8]) -> u64 {
    const SEED: u64 = 81;
    let y = SEED.wrapping_mul(K1).wrapping_add(113);
    let mut state = State {
        x: SEED.wrapping_mul(K2).wrapping_add(fetch(bytes, 0)),
        y,
        z: shift_mix(y.wrapping_mul(K2).wrapping_add(113)).wrapping_mul(K2),
        v: (0, 0),
        w: (0, 0),
    };
    let blocks = (bytes.len() - 1) / 64;
    for block in bytes.chunks_exact(64).take(blocks) {
        state.step(block, K1, 1);
    }
    let factor = K1.wrapping_add((state.z & 0xff) << 1);
    state.w.0 = state.w.0.wrapping_add(((bytes.len() - 1) & 63) as u64);
    state.v.0 = state.v.0.wrapping_add(state.w.0);
    state.w.0 = state.w.0.wrapping_add(state.v.0);
    state.step(&bytes[bytes.len() - 64..], factor, 9);
    let State { x, y, z, v, w } = state;
    let first = mix(v.0, w.0, factor).wrapping_add(shift_mix(y).wrapping_mul(K0)).wrapping_add(z);
    mix(first, mix(v.1, w.1, factor).wrapping_add(x), factor)
}

#[cfg(test)]
mod tests {
    use super::fingerprint;

    // From the Python package pyfarmhash, for the first letters of an alphabet that is repeated.
    #[test]
    fn agrees_with_farmhash_at_every_length_class() {
        let letters: Vec<u8> = (b'a'..=b'z').cycle().take(200).collect();
        for (length, expected) in EXPECTED {
            assert_eq!(fingerprint(&letters[..*length]), *expected, "{length} letters");
        }
    }

    const EXPECTED: &[(usize, u64)] = &[
        (0, 11_160_318_154_034_397_263),
        (1, 12_917_804_110_809_363_939),
        (3, 2_640_714_258_260_161_385),
        (4, 1_897_425_971_756_105_985),
        (7, 4_341_691_227_789_030_229),
        (8, 18_368_443_631_171_807_497),
        (16, 6_080_716_761_534_418_621),
        (17, 11_394_395_984_755_135_400),
        (32, 18_417_110_746_069_939_610),
        (33, 2_004_761_416_539_416_594),
        (64, 11_261_912_070_464_707_578),
        (65, 2_608_948_203_458_330_154),
        (128, 14_061_449_006_046_005_066),
        (129, 11_176_984_671_211_548_628),
        (200, 2_725_806_534_515_858_166),
    ];
}
