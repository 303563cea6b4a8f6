//! Texts byte by byte: where they end, and the numbers that they write out.

/// Which bytes end a search.
pub type Stops = [bool; 256];

/// The place of the first of `bytes`, from `from` on, that is one of `stops`; their number where none is.
#[inline(never)]
#[must_use]
pub fn until(bytes: &[u8], from: usize, stops: &Stops) -> usize {
    let rest = bytes.get(from..).unwrap_or_default();
    #[expect(clippy::indexing_slicing, reason = "there is a stop for every byte")]
    let stop = rest.iter().position(|byte| stops[usize::from(*byte)]);
    stop.map_or(bytes.len(), |stop| from + stop)
}

/// Digits whose number a float has exactly, in front of a power of ten that it has too: their quotient is rounded once.
const DIGITS: usize = 15;

const POWERS: [f64; DIGITS + 1] =
    [1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15];

/// The number that up to fifteen digits write out, with a sign and a point or without; `None` for every other text.
#[inline(never)]
#[must_use]
pub fn decimal(text: &[u8]) -> Option<f64> {
    let (is_negative, digits) = signed(text);
    let (mut number, mut count, mut point) = (0_u64, 0_usize, None);
    for byte in digits {
        match byte {
            b'0'..=b'9' => {
                number = number.wrapping_mul(10).wrapping_add(u64::from(byte - b'0'));
                count += 1;
            }
            b'.' if point.is_none() => point = Some(count),
            _ => return None,
        }
    }
    if count == 0 || count > DIGITS {
        return None;
    }
    let power = POWERS.get(point.map_or(0, |point| count - point))?;
    #[expect(clippy::cast_precision_loss, reason = "fifteen digits are below 2^53")]
    let value = number as f64 / power;
    Some(if is_negative { -value } else { value })
}

/// The number that up to eighteen digits write out, with a sign or without; `None` for every other text.
#[inline(never)]
#[must_use]
pub fn whole(text: &[u8]) -> Option<i64> {
    let (is_negative, digits) = signed(text);
    if digits.is_empty() || digits.len() > 18 {
        return None;
    }
    let mut number = 0_i64;
    for byte in digits {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            return None;
        }
        number = number * 10 + i64::from(digit);
    }
    Some(if is_negative { -number } else { number })
}

/// Year, month, day, hours, minutes and seconds of `YYYY-MM-DD HH:MM:SS`, or with a `T` in the middle; `None` for every other
/// text. They may be out of range.
#[inline(never)]
#[must_use]
pub fn moment(text: &[u8]) -> Option<[u32; 6]> {
    const FORM: &[u8; 19] = b"0000-00-00 00:00:00";
    let text: &[u8; 19] = text.try_into().ok()?;
    let (mut parts, mut part) = ([0_u32; 6], 0);
    for (byte, form) in text.iter().zip(FORM) {
        if *form == b'0' {
            let digit = byte.wrapping_sub(b'0');
            if digit > 9 {
                return None;
            }
            let number = parts.get_mut(part)?;
            *number = *number * 10 + u32::from(digit);
        } else if byte == form || (*form == b' ' && *byte == b'T') {
            part += 1;
        } else {
            return None;
        }
    }
    Some(parts)
}

#[inline(always)]
fn signed(text: &[u8]) -> (bool, &[u8]) {
    match text {
        [b'-', digits @ ..] => (true, digits),
        [b'+', digits @ ..] => (false, digits),
        digits => (false, digits),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_search_ends_at_the_first_stop() {
        let mut stops = [false; 256];
        stops[usize::from(b',')] = true;
        stops[usize::from(b'\n')] = true;
        assert_eq!(until(b"abc,de\n", 0, &stops), 3);
        assert_eq!(until(b"abc,de\n", 4, &stops), 6);
        assert_eq!(until(b"abc", 1, &stops), 3);
        assert_eq!(until(b"abc", 9, &stops), 3);
    }

    #[test]
    fn numbers_are_those_of_the_standard_library() {
        let texts = [
            "0",
            "-0",
            "-0.0",
            "+7",
            "12.50",
            ".5",
            "5.",
            "0.1",
            "0.3",
            "123456789.123456",
            "999999999999999",
            "0.00000000000001",
            "-2.2250738",
            "1.005",
            "8.41",
            "9007199254740.99",
        ];
        for text in texts {
            let expected: f64 = text.parse().unwrap();
            assert_eq!(decimal(text.as_bytes()).map(f64::to_bits), Some(expected.to_bits()), "{text}");
        }
        let mut state = 1_u64;
        for round in 0..20_000 {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let digits = (state >> 14).to_string();
            let digits = &digits[..digits.len().min(15)];
            let (before, behind) = digits.split_at(round % (digits.len() + 1));
            let text = format!("{before}.{behind}");
            let expected: f64 = text.parse().unwrap();
            assert_eq!(decimal(text.as_bytes()).map(f64::to_bits), Some(expected.to_bits()), "{text}");
            let whole_of_it: i64 = digits.parse().unwrap();
            assert_eq!(whole(digits.as_bytes()), Some(whole_of_it));
            assert_eq!(whole(format!("-{digits}").as_bytes()), Some(-whole_of_it));
        }
        for text in
            ["", "-", ".", "+.", "1e5", "1.2.3", "1234567890123456", "nan", "1 ", " 1", "0x1", "--1", "1,5"]
        {
            assert_eq!(decimal(text.as_bytes()), None, "{text}");
        }
        assert_eq!(whole(b"999999999999999999"), Some(999_999_999_999_999_999));
        for text in ["", "-", "1.", "1e5", "1000000000000000000", "a", "/", ":", "1 "] {
            assert_eq!(whole(text.as_bytes()), None, "{text}");
        }
    }

    #[test]
    fn moments_have_one_form() {
        assert_eq!(moment(b"2024-02-29 12:30:59"), Some([2024, 2, 29, 12, 30, 59]));
        assert_eq!(moment(b"0001-99-00T00:00:00"), Some([1, 99, 0, 0, 0, 0]));
        for text in [
            "2024-02-29",
            "2024-02-29 12:30:5",
            "2024-02-29 12:30:590",
            "2024-02-29t12:30:59",
            "2024/02/29 12:30:59",
        ] {
            assert_eq!(moment(text.as_bytes()), None, "{text}");
        }
        assert_eq!(moment(b"2024-02-2a 12:30:59"), None);
    }
}
