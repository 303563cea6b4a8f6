//! FLOAT64 as text.

/// As ZetaSQL writes it: C's `%.15g` where that reads back as the same number, else `%.17g`; zero has no sign.
pub(crate) fn float_text(value: f64) -> String {
    if value.is_nan() {
        return "nan".into();
    }
    if value.is_infinite() {
        return if value > 0.0 { "inf".into() } else { "-inf".into() };
    }
    if value == 0.0 {
        return "0".into();
    }
    let short = significant(value, 15);
    if short.parse() == Ok(value) { short } else { significant(value, 17) }
}

/// A number with the fewest digits that tell it, as JSON has it.
pub(crate) fn shortest_text(value: f64) -> String {
    let shortest = format!("{value:e}");
    let digits = shortest.bytes().take_while(|byte| *byte != b'e').filter(u8::is_ascii_digit).count();
    if digits == 16 { significant(value, digits) } else { float_text(value) }
}

/// C's `%.{precision}g` of a finite number: so many digits without trailing zeros, with an exponent where they are too few
/// to reach the point, or it lies more than four zeros before them.
fn significant(value: f64, precision: usize) -> String {
    let scientific = format!("{value:.*e}", precision - 1);
    // Rust writes every finite number so: `-1.50e-7`.
    let parts = scientific.split_once('e').and_then(|(digits, e)| Some((digits, e.parse::<i32>().ok()?)));
    let Some((mantissa, exponent)) = parts else { return scientific };
    let sign = if mantissa.starts_with('-') { "-" } else { "" };
    let digits: String = mantissa.chars().filter(char::is_ascii_digit).collect();
    let digits = digits.trim_end_matches('0');
    let pointed = |before: usize| match digits.split_at_checked(before) {
        Some((whole, "")) => format!("{sign}{whole}"),
        Some((whole, fraction)) => format!("{sign}{whole}.{fraction}"),
        None => format!("{sign}{digits:0<before$}"),
    };
    match usize::try_from(exponent) {
        Ok(exponent) if exponent < precision => pointed(exponent + 1),
        Err(_) if exponent >= -4 => {
            format!("{sign}0.{:0<1$}{digits}", "", exponent.unsigned_abs() as usize - 1)
        }
        _ => {
            let exponent_sign = if exponent < 0 { '-' } else { '+' };
            format!("{}e{exponent_sign}{:02}", pointed(1), exponent.abs())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn floats_print_as_zetasql_prints_them() {
        let expected = include_str!("../../tests/fixtures/expected/float_text.txt");
        assert!(expected.lines().count() > 600);
        for line in expected.lines() {
            let (bits, text) = line.split_once(' ').unwrap();
            let value = f64::from_bits(u64::from_str_radix(bits, 16).unwrap());
            assert_eq!(float_text(value), text, "{value:e}");
        }
        assert_eq!(float_text(f64::NAN), "nan");
    }
}
