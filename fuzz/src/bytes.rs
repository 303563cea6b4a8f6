//! Bytes of any kind, changed in a few places.

use crate::Rng;

/// Where lengths, counts and signs go wrong.
pub(crate) const NASTY: [i64; 20] = [
    0,
    1,
    -1,
    2,
    -2,
    3,
    7,
    64,
    127,
    128,
    255,
    256,
    65_535,
    65_536,
    i32::MAX as i64,
    1 << 31,
    1 << 32,
    1 << 40,
    i64::MAX,
    i64::MIN,
];

pub(crate) fn mutate(input: &[u8], random: &mut Rng) -> Vec<u8> {
    let mut bytes = input.to_vec();
    for _ in 0..=random.usize(..4) {
        change(&mut bytes, random);
    }
    bytes
}

fn change(bytes: &mut Vec<u8>, random: &mut Rng) {
    let at = random.usize(..=bytes.len());
    let end = bytes.len().min(at + random.usize(..24));
    match random.u8(..8) {
        0 => bytes.truncate(at),
        1 => drop(bytes.drain(at..end)),
        2 => {
            let copy = bytes[at..end].to_vec();
            let to = random.usize(..=bytes.len());
            bytes.splice(to..to, copy);
        }
        3 => bytes.insert(at, random.u8(..)),
        4 | 5 => {
            let value = NASTY[random.usize(..NASTY.len())];
            let wide = [value.to_le_bytes(), value.to_be_bytes()][random.usize(..2)];
            let width = 1 << random.usize(..4);
            // The low bytes stand first, or last.
            let part = if random.bool() { &wide[..width] } else { &wide[8 - width..] };
            bytes.iter_mut().skip(at).zip(part).for_each(|(to, from)| *to = *from);
        }
        _ => {
            if let Some(byte) = bytes.get_mut(at) {
                *byte ^= 1 << random.usize(..8);
            }
        }
    }
}
