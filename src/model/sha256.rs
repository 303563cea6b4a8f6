//! SHA-256 (FIPS 180-4): whether a file is the one that was meant.

/// The eight words of a checksum.
pub(crate) type Digest = [u32; 8];

/// The first bits of the square roots of the first eight primes.
const START: Digest =
    [0x6a09_e667, 0xbb67_ae85, 0x3c6e_f372, 0xa54f_f53a, 0x510e_527f, 0x9b05_688c, 0x1f83_d9ab, 0x5be0_cd19];

/// The first bits of the cube roots of the first 64 primes.
#[rustfmt::skip]
const ROUNDS: [u32; 64] = [
    0x428a_2f98, 0x7137_4491, 0xb5c0_fbcf, 0xe9b5_dba5, 0x3956_c25b, 0x59f1_11f1, 0x923f_82a4, 0xab1c_5ed5,
    0xd807_aa98, 0x1283_5b01, 0x2431_85be, 0x550c_7dc3, 0x72be_5d74, 0x80de_b1fe, 0x9bdc_06a7, 0xc19b_f174,
    0xe49b_69c1, 0xefbe_4786, 0x0fc1_9dc6, 0x240c_a1cc, 0x2de9_2c6f, 0x4a74_84aa, 0x5cb0_a9dc, 0x76f9_88da,
    0x983e_5152, 0xa831_c66d, 0xb003_27c8, 0xbf59_7fc7, 0xc6e0_0bf3, 0xd5a7_9147, 0x06ca_6351, 0x1429_2967,
    0x27b7_0a85, 0x2e1b_2138, 0x4d2c_6dfc, 0x5338_0d13, 0x650a_7354, 0x766a_0abb, 0x81c2_c92e, 0x9272_2c85,
    0xa2bf_e8a1, 0xa81a_664b, 0xc24b_8b70, 0xc76c_51a3, 0xd192_e819, 0xd699_0624, 0xf40e_3585, 0x106a_a070,
    0x19a4_c116, 0x1e37_6c08, 0x2748_774c, 0x34b0_bcb5, 0x391c_0cb3, 0x4ed8_aa4a, 0x5b9c_ca4f, 0x682e_6ff3,
    0x748f_82ee, 0x78a5_636f, 0x84c8_7814, 0x8cc7_0208, 0x90be_fffa, 0xa450_6ceb, 0xbef9_a3f7, 0xc671_78f2,
];

/// The checksum of `bytes`.
pub(crate) fn digest(bytes: &[u8]) -> Digest {
    let (blocks, rest) = bytes.as_chunks::<64>();
    let mut state = START;
    blocks.iter().for_each(|block| mix(&mut state, block));
    // The rest is closed by a bit and the length; where they do not fit, in a block of their own.
    let mut end = rest.to_vec();
    end.push(0x80);
    end.resize(if rest.len() < 56 { 56 } else { 120 }, 0);
    end.extend((bytes.len() as u64 * 8).to_be_bytes());
    end.as_chunks::<64>().0.iter().for_each(|block| mix(&mut state, block));
    state
}

fn mix(state: &mut Digest, block: &[u8; 64]) {
    let mut words = [0_u32; 16];
    for (word, bytes) in words.iter_mut().zip(block.as_chunks::<4>().0) {
        *word = u32::from_be_bytes(*bytes);
    }
    let [mut a, mut b, mut c, mut d, mut e, mut f, mut g, mut h] = *state;
    for round in ROUNDS {
        let [word, next, ..] = words;
        let choice = (e & f) ^ (!e & g);
        let majority = (a & b) ^ (a & c) ^ (b & c);
        let first = (h.wrapping_add(e.rotate_right(6) ^ e.rotate_right(11) ^ e.rotate_right(25)))
            .wrapping_add(choice)
            .wrapping_add(round)
            .wrapping_add(word);
        let second = (a.rotate_right(2) ^ a.rotate_right(13) ^ a.rotate_right(22)).wrapping_add(majority);
        (h, g, f, e, d, c, b, a) = (g, f, e, d.wrapping_add(first), c, b, a, first.wrapping_add(second));
        let [.., seventh_last, _, _, _, _, second_last, _] = words;
        let low = next.rotate_right(7) ^ next.rotate_right(18) ^ (next >> 3);
        let high = second_last.rotate_right(17) ^ second_last.rotate_right(19) ^ (second_last >> 10);
        words.rotate_left(1);
        let [.., last] = &mut words;
        *last = word.wrapping_add(low).wrapping_add(seventh_last).wrapping_add(high);
    }
    for (word, mixed) in state.iter_mut().zip([a, b, c, d, e, f, g, h]) {
        *word = word.wrapping_add(mixed);
    }
}

/// Reads 64 hexadecimal digits.
pub(super) fn parse(digits: &str) -> Option<Digest> {
    let mut digest = [0; 8];
    let valid = digits.len() == 64 && digits.bytes().all(|digit| digit.is_ascii_hexdigit());
    for (at, word) in digest.iter_mut().enumerate().filter(|_| valid) {
        *word = u32::from_str_radix(digits.get(at * 8..at * 8 + 8)?, 16).ok()?;
    }
    valid.then_some(digest)
}

/// Writes 64 hexadecimal digits.
pub(super) fn hex(digest: Digest) -> String {
    digest.iter().map(|word| format!("{word:08x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The examples of NIST, and the lengths around the end of a block (numbers from Python's hashlib).
    #[test]
    fn known_checksums() {
        let abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(hex(digest(b"abc")), abc);
        assert_eq!(parse(&abc.to_uppercase()), Some(digest(b"abc")));
        for (length, wanted) in LENGTHS {
            assert_eq!(hex(digest(&vec![b'a'; length])), wanted, "{length}");
        }
        assert_eq!(parse("abc"), None);
    }

    const LENGTHS: [(usize, &str); 5] = [
        (0, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
        (55, "9f4390f8d30c2dd92ec9f095b65e2b9ae9b0a925a5258e241c9f1e910f734318"),
        (56, "b35439a4ac6f0948b6d6f9e3c6af0f5f590ce20f1bde7090ef7970686ec6738a"),
        (64, "ffe054fe7ae0cb6dc65c3af9b61d5209f439851db43d0ba5997337df154668eb"),
        (1000000, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"),
    ];
}
