//! Exact decimal numbers: NUMERIC and BIGNUMERIC as whole numbers of their smallest unit.
//!
//! As in BigQuery results are rounded half away from zero, and what does not fit is an overflow, never a wrong number.
//! Both types are computed in 256 bits. Sources: GoogleSQL, "Decimal types", and ZetaSQL's `numeric_value.cc`.

use std::sync::Arc;

use arrow_array::{ArrayRef, Decimal128Array, Decimal256Array};
use arrow_buffer::i256;

use super::{DataType, Scalar};

/// How many digits NUMERIC has behind the point.
pub(crate) const NUMERIC_SCALE: u8 = 9;

/// How many digits BIGNUMERIC has behind the point.
pub(crate) const BIGNUMERIC_SCALE: u8 = 38;

/// The units of the largest NUMERIC.
const NUMERIC_MAX: i128 = 10i128.pow(38) - 1;

/// Whether a number of units is one of the type: NUMERIC has 38 digits, BIGNUMERIC all that 256 bits hold.
pub(crate) fn in_range(units: i256, scale: u8) -> bool {
    scale != NUMERIC_SCALE
        || units.to_i128().is_some_and(|units| units.unsigned_abs() <= NUMERIC_MAX.unsigned_abs())
}

/// Whether a number of units has at most so many digits.
pub(crate) fn has_at_most(units: i256, digits: u32) -> bool {
    // Without such a power of ten every number has fewer.
    power_of_ten(digits).is_none_or(|limit| negated_magnitude(units) > limit.wrapping_neg())
}

/// A column of NUMERIC or BIGNUMERIC, whichever has this scale, of units that are in range; `None` stands for NULL.
pub(crate) fn column(units: Vec<Option<i256>>, scale: u8) -> ArrayRef {
    if scale == NUMERIC_SCALE {
        let values = units.into_iter().map(|units| units.map(i256::as_i128));
        Arc::new(values.collect::<Decimal128Array>().with_data_type(DataType::Numeric.storage()))
    } else {
        Arc::new(
            units.into_iter().collect::<Decimal256Array>().with_data_type(DataType::BigNumeric.storage()),
        )
    }
}

/// One value of NUMERIC or BIGNUMERIC, whichever has this scale, that is in range.
pub(crate) fn scalar(units: i256, scale: u8) -> Scalar {
    if scale == NUMERIC_SCALE { Scalar::Numeric(units.as_i128()) } else { Scalar::BigNumeric(units) }
}

/// `10^exponent`; `None` beyond 256 bits.
fn power_of_ten(exponent: u32) -> Option<i256> {
    i256::from_i128(10).checked_pow(exponent)
}

/// The units of one.
fn one(scale: u8) -> i256 {
    // 10^38 is far within 256 bits.
    i256::from_i128(10).wrapping_pow(scale.into())
}

/// The magnitude of a number, negated: every one has such a counterpart, also the least.
fn negated_magnitude(value: i256) -> i256 {
    if value.is_negative() { value } else { value.wrapping_neg() }
}

/// `value` with the sign of a quotient or product of `a` and `b`, where `value` is negative or zero.
fn signed_as(value: i256, a: i256, b: i256) -> Option<i256> {
    if a.is_negative() == b.is_negative() { value.checked_neg() } else { Some(value) }
}

/// `value / divisor` cut to a whole number, and what is left; `None` for a divisor of 0 and beyond 256 bits.
fn div_rem(value: i256, divisor: i256) -> Option<(i256, i256)> {
    let quotient = value.checked_div(divisor)?;
    Some((quotient, value.wrapping_sub(quotient.wrapping_mul(divisor))))
}

/// `value / divisor` as a whole number, rounded half away from zero; `None` for a divisor of 0 and beyond 256 bits.
pub(crate) fn divided(value: i256, divisor: i256) -> Option<i256> {
    let (quotient, rest) = div_rem(value, divisor)?;
    let (rest, half) = (negated_magnitude(rest), negated_magnitude(divisor));
    if rest > half.wrapping_sub(rest) {
        return Some(quotient);
    }
    let away = if value.is_negative() == divisor.is_negative() { i256::ONE } else { i256::MINUS_ONE };
    quotient.checked_add(away)
}

/// The product of two numbers of units, in units.
pub(crate) fn multiplied(a: i256, b: i256, scale: u8) -> Option<i256> {
    let one = one(scale);
    if let Some(product) = a.checked_mul(b) {
        return divided(product, one);
    }
    // (x + p/one) · (y + q/one) in units: all parts but the last are whole.
    let (x, p) = div_rem(a, one)?;
    let (y, q) = div_rem(b, one)?;
    let whole = x.checked_mul(y)?.checked_mul(one)?;
    let parts = whole.checked_add(x.checked_mul(q)?)?.checked_add(p.checked_mul(y)?)?;
    parts.checked_add(divided(p.checked_mul(q)?, one)?)
}

/// The quotient of two numbers of units, in units; `None` for a divisor of 0.
pub(crate) fn quotient(a: i256, b: i256, scale: u8) -> Option<i256> {
    let one = one(scale);
    if let Some(numerator) = a.checked_mul(one) {
        return divided(numerator, b);
    }
    let (dividend, divisor) = (negated_magnitude(a), negated_magnitude(b));
    let (whole, rest) = div_rem(dividend, divisor)?;
    // Long division of rest · one, bit by bit of one: twice what is left may need 257 bits, so it is compared instead.
    let mut left = i256::ZERO;
    let mut fraction = i256::ZERO;
    let add = |left: i256, more: i256| {
        let room = divisor.wrapping_sub(more);
        if left <= room { (left.wrapping_sub(room), true) } else { (left.wrapping_add(more), false) }
    };
    for bit in (0..128).rev() {
        let (doubled, carried) = add(left, left);
        fraction = fraction.wrapping_add(fraction).wrapping_add(i256::from(i8::from(carried)));
        left = doubled;
        if (one >> bit) & i256::ONE == i256::ONE {
            let (added, carried) = add(left, rest);
            fraction = fraction.wrapping_add(i256::from(i8::from(carried)));
            left = added;
        }
    }
    let rounded_up = left <= divisor.wrapping_sub(left);
    let fraction = fraction.wrapping_add(i256::from(i8::from(rounded_up)));
    // Negated, so that the least number is reached too.
    signed_as(whole.wrapping_neg().checked_mul(one)?.checked_sub(fraction)?, a, b)
}

/// The square root of a number of units of NUMERIC, in units; `None` below zero.
pub(crate) fn square_root(value: i256) -> Option<i256> {
    if value.is_negative() {
        return None;
    }
    // The root of units · one is as many units: below 2^158 for 38 digits.
    let square = value.checked_mul(one(NUMERIC_SCALE))?;
    let mut root = i256::ZERO;
    for bit in (0..80).rev() {
        let tried = root | i256::ONE << bit;
        if tried.wrapping_mul(tried) <= square {
            root = tried;
        }
    }
    // Half a unit more, squared, is the root and a quarter beyond its own square.
    let rest = square.wrapping_sub(root.wrapping_mul(root));
    Some(if rest > root { root.wrapping_add(i256::ONE) } else { root })
}

/// What a power of a number of units is.
pub(crate) enum Power {
    /// So many units.
    Exact(i256),
    /// Beyond all numbers of the type.
    TooLarge,
    /// It takes more than 256 bits to round it.
    Unknown,
}

/// A number of units of NUMERIC, which is not 0, raised to a whole power.
pub(crate) fn power(base: i256, exponent: i64) -> Power {
    let (ten, scale) = (i256::from_i128(10), u64::from(NUMERIC_SCALE));
    let (mut digits, mut behind) = (base, scale);
    while behind > 0 && digits.wrapping_rem(ten) == i256::ZERO {
        digits = digits.wrapping_div(ten);
        behind -= 1;
    }
    let times = exponent.unsigned_abs();
    let raised = u32::try_from(times).ok().and_then(|times| digits.checked_pow(times));
    let shift = behind.checked_mul(times);
    let exact = raised.zip(shift).and_then(|(raised, shift)| {
        let by = |digits: u64| u32::try_from(digits).ok().and_then(power_of_ten);
        match exponent {
            0.. if shift <= scale => raised.checked_mul(by(scale - shift)?),
            0.. => divided(raised, by(shift - scale)?),
            _ => divided(by(shift + scale)?, raised),
        }
    });
    if let Some(units) = exact {
        return Power::Exact(units);
    }
    #[expect(clippy::cast_precision_loss, reason = "the magnitude is far from both bounds, or is not used")]
    let magnitude = exponent as f64 * to_float(base, NUMERIC_SCALE).abs().log10();
    match magnitude {
        30.0.. => Power::TooLarge,
        ..-10.0 => Power::Exact(i256::ZERO),
        _ => Power::Unknown,
    }
}

/// The whole part of a quotient, in units; `None` for a divisor of 0.
pub(crate) fn whole_quotient(a: i256, b: i256, scale: u8) -> Option<i256> {
    a.checked_div(b)?.checked_mul(one(scale))
}

/// How a number is made whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rounding {
    HalfAwayFromZero,
    HalfEven,
    TowardsZero,
    Up,
    Down,
}

/// The number with at most `digits` digits behind the point, or with zeros before it where `digits` is negative.
pub(crate) fn rounded(value: i256, scale: u8, digits: i64, rounding: Rounding) -> Option<i256> {
    let dropped = i64::from(scale).saturating_sub(digits);
    if dropped <= 0 {
        return Some(value);
    }
    // Beyond all digits of any number half of the unit is out of reach.
    let unit = u32::try_from(dropped).ok().and_then(power_of_ten);
    let Some(unit) = unit else {
        let rest = match rounding {
            Rounding::Up => value.is_positive(),
            Rounding::Down => value.is_negative(),
            _ => false,
        };
        return (!rest).then_some(i256::ZERO);
    };
    let (quotient, rest) = div_rem(value, unit)?;
    let toward = if value.is_negative() { i256::MINUS_ONE } else { i256::ONE };
    let half = {
        let rest = rest.wrapping_abs();
        rest.cmp(&unit.wrapping_sub(rest))
    };
    let adjusts = match rounding {
        Rounding::HalfAwayFromZero => half.is_ge(),
        Rounding::HalfEven => half.is_gt() || half.is_eq() && quotient & i256::ONE == i256::ONE,
        Rounding::TowardsZero => false,
        Rounding::Up => rest.is_positive(),
        Rounding::Down => rest.is_negative(),
    };
    let quotient = if adjusts { quotient.wrapping_add(toward) } else { quotient };
    quotient.checked_mul(unit)
}

/// Units of one scale in those of another, rounded where digits are dropped.
pub(crate) fn rescaled(value: i256, from: u8, to: u8) -> Option<i256> {
    if to >= from { value.checked_mul(one(to - from)) } else { divided(value, one(from - to)) }
}

/// A whole number in units.
pub(crate) fn from_int(value: i64, scale: u8) -> i256 {
    // At most 2^63 · 10^38, which is within 190 bits.
    i256::from_i128(value.into()).wrapping_mul(one(scale))
}

/// The number as a whole one; `None` beyond INT64, and without a rounding for a number that is not whole.
pub(crate) fn to_int(value: i256, scale: u8, rounding: Option<Rounding>) -> Option<i64> {
    let whole = match rounding {
        Some(rounding) => rounded(value, scale, 0, rounding)?,
        None => value,
    };
    let (whole, rest) = div_rem(whole, one(scale))?;
    let int = whole.to_i128().and_then(|whole| i64::try_from(whole).ok());
    int.filter(|_| rest == i256::ZERO)
}

/// The nearest number to a float, halfway cases away from zero; `None` for NaN, infinity and numbers beyond 256 bits.
pub(crate) fn from_float(value: f64, scale: u8) -> Option<i256> {
    if !value.is_finite() {
        return None;
    }
    let bits = value.to_bits();
    let biased = u32::try_from(bits >> 52 & 0x7ff).ok()?;
    let fraction = i128::from(bits & ((1 << 52) - 1));
    // A float is mantissa · 2^(exponent - 1075); the numbers nearest to zero lack the leading bit.
    let (mantissa, exponent) = if biased == 0 { (fraction, 1) } else { (fraction | 1 << 52, biased) };
    // At most 53 and 127 bits.
    let units = i256::from_i128(mantissa).wrapping_mul(one(scale));
    let magnitude = if let Some(left) = exponent.checked_sub(1075) {
        if units != i256::ZERO && left >= units.leading_zeros() {
            return None;
        }
        units << u8::try_from(left).ok()?
    } else {
        match u8::try_from(1075 - exponent) {
            Ok(right) => (units >> right).wrapping_add((units >> (right - 1)) & i256::ONE),
            Err(_) => i256::ZERO,
        }
    };
    Some(if value.is_sign_negative() { magnitude.wrapping_neg() } else { magnitude })
}

/// The nearest float.
pub(crate) fn to_float(value: i256, scale: u8) -> f64 {
    // Both are exact in a float, so that dividing rounds once.
    const EXACT: u128 = 1 << 53;
    if scale <= 22
        && let Some(units) = value.to_i128().filter(|units| units.unsigned_abs() <= EXACT)
    {
        #[expect(clippy::cast_precision_loss, reason = "the range is checked")]
        return units as f64 / 10f64.powi(scale.into());
    }
    // Rust reads digits to the nearest float; there is no number so written that it cannot read.
    text(value, scale).parse().unwrap_or(f64::NAN)
}

/// The digits, without zeros at their end.
pub(crate) fn text(value: i256, scale: u8) -> String {
    let digits = digits(value, scale);
    match digits.split_once('.') {
        Some((whole, fraction)) => match fraction.trim_end_matches('0') {
            "" => whole.to_owned(),
            fraction => format!("{whole}.{fraction}"),
        },
        None => digits,
    }
}

/// All digits, with `scale` of them behind the point.
pub(crate) fn digits(value: i256, scale: u8) -> String {
    let digits = value.to_string();
    let (sign, digits) = match digits.strip_prefix('-') {
        Some(digits) => ("-", digits),
        None => ("", digits.as_str()),
    };
    let scale = usize::from(scale);
    let digits = format!("{digits:0>width$}", width = scale + 1);
    let (whole, fraction) = digits.split_at(digits.len() - scale);
    if scale == 0 { format!("{sign}{whole}") } else { format!("{sign}{whole}.{fraction}") }
}

/// What becomes of digits beyond the scale.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Excess {
    /// The number is rounded half away from zero.
    Rounded,
    /// The text is no number of this type.
    Refused,
}

/// The number that a text writes out, with or without an exponent, spaces around allowed; `None` for other texts and
/// for numbers beyond 256 bits.
pub(crate) fn parsed(text: &str, scale: u8, excess: Excess) -> Option<i256> {
    let text = text.trim_matches(|c: char| c.is_ascii_whitespace());
    let (negative, text) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, parsed_exponent(exponent)?),
        None => (text, 0),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = [whole, fraction].concat();
    if digits.is_empty() || !digits.bytes().all(|digit| digit.is_ascii_digit()) {
        return None;
    }
    let significant = digits.trim_start_matches('0');
    if significant.is_empty() {
        return Some(i256::ZERO);
    }
    // How many of the digits stand before the units' point.
    let length = |text: &str| i64::try_from(text.len()).ok();
    let shift = exponent.saturating_add(i64::from(scale)).saturating_sub(length(fraction)?);
    let kept = length(significant)?.saturating_add(shift);
    // No number of 256 bits has more than 77 digits.
    let kept = usize::try_from(kept.clamp(-1, 78) + 1).ok()?.checked_sub(1);
    let (units, dropped) = match kept {
        None => (String::new(), significant),
        Some(kept) if kept <= significant.len() => {
            let (units, dropped) = significant.split_at(kept);
            (units.to_owned(), dropped)
        }
        Some(kept) => (format!("{significant:0<kept$}"), ""),
    };
    if excess == Excess::Refused && dropped.bytes().any(|digit| digit != b'0') {
        return None;
    }
    let rounds_up = kept.is_some() && dropped.as_bytes().first().is_some_and(|digit| *digit >= b'5');
    let sign = if negative { "-" } else { "" };
    let units = if units.is_empty() { i256::ZERO } else { format!("{sign}{units}").parse().ok()? };
    let away = if negative { i256::MINUS_ONE } else { i256::ONE };
    if rounds_up { units.checked_add(away) } else { Some(units) }
}

/// As [`parsed`], for PARSE_NUMERIC: the sign may stand behind the number, blanks may stand around signs, and the whole
/// part may hold commas.
pub(crate) fn parsed_loosely(text: &str, scale: u8) -> Option<i256> {
    let blank = |c: char| c.is_ascii_whitespace();
    let text = text.trim_matches(blank);
    let signs = |c: char| c == '-' || c == '+';
    let (sign, number) = match (text.strip_prefix(signs), text.strip_suffix(signs)) {
        (Some(number), _) => (text.get(..1)?, number),
        (None, Some(number)) => (text.get(number.len()..)?, number),
        (None, None) => ("", text),
    };
    let number = number.trim_matches(blank);
    let end = number.find(['.', 'e', 'E']).unwrap_or(number.len());
    let (whole, rest) = number.split_at(end);
    let digits: String = whole.chars().filter(|c| *c != ',').collect();
    // Commas alone are no number, and a sign was taken off already.
    let is_plain = |text: &str| !text.starts_with(signs) && !text.contains(blank);
    let has_digits = whole.is_empty() || !digits.is_empty();
    (has_digits && is_plain(&digits) && is_plain(rest))
        .then(|| parsed(&format!("{sign}{digits}{rest}"), scale, Excess::Rounded))?
}

/// An exponent with an optional sign; one beyond INT64 is as large as any.
fn parsed_exponent(text: &str) -> Option<i64> {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    if digits.is_empty() || !digits.bytes().all(|digit| digit.is_ascii_digit()) {
        return None;
    }
    let magnitude = digits.parse().unwrap_or(i64::MAX);
    Some(if negative { -magnitude } else { magnitude })
}
