//! Conversions between the types of elements, as `Cast` of ONNX asks for them (versions 6 to 24).
//!
//! Every pair gives what onnxruntime gives on x86-64, also where the standard leaves the result open:
//!
//! - a float loses its fraction; one that an INT64 or INT32 cannot hold, and NaN, gives the type's smallest value;
//!   narrower and unsigned integers take the low bits of a wider one;
//! - an integer becomes another one by its low bits;
//! - strings become numbers as C reads them, blanks around them and INF and NaN included; for an integer the digits behind a
//!   decimal point are dropped. What is no number as a whole is an error, where onnxruntime takes the digits in front;
//! - numbers become strings with up to eight significant digits.

use std::borrow::Cow;

use anyhow::{Result, bail, ensure, format_err};

use super::{Buffer, Element, ElementType, Tensor};

impl Tensor {
    /// The same with elements of the type `to`.
    ///
    /// # Errors
    /// For texts that are no numbers of that type.
    #[expect(clippy::cast_precision_loss, reason = "integers become the nearest floats")]
    pub(crate) fn cast(&self, to: ElementType) -> Result<Self> {
        if self.element() == to {
            return Ok(self.clone());
        }
        match &self.buffer {
            Buffer::String(texts) => self.strings_to(texts, to),
            Buffer::F32(floats) => {
                let floats: Vec<f64> = floats.iter().copied().map(f64::from).collect();
                self.floats_to(&floats, to)
            }
            Buffer::F64(floats) => self.floats_to(floats, to),
            Buffer::I32(integers) if to == ElementType::F32 => {
                Self::new(self.shape.clone(), predictql_kernels::integers::floats_of_i32(integers))
            }
            Buffer::U64(integers) if to == ElementType::F32 => self.of(integers, |value| *value as f32),
            Buffer::U64(integers) if to == ElementType::F64 => self.of(integers, |value| *value as f64),
            Buffer::U64(integers) if to == ElementType::String => self.of(integers, u64::to_string),
            _ => self.integers_to(&self.integers()?, to),
        }
    }

    /// The elements as those of `T`.
    ///
    /// # Errors
    /// Those of [`Tensor::cast`].
    pub(crate) fn to_vec<T: Element>(&self) -> Result<Vec<T>> {
        let cast = self.cast(T::TYPE)?;
        Ok(cast.elements::<T>()?.to_vec())
    }

    /// Integers and booleans in 64 bits; of unsigned ones beyond them the bits.
    fn integers(&self) -> Result<Cow<'_, [i64]>> {
        fn wide<T: Copy + Into<i64>>(values: &[T]) -> Cow<'static, [i64]> {
            values.iter().map(|value| (*value).into()).collect()
        }
        Ok(match &self.buffer {
            Buffer::Bool(values) => wide(values),
            Buffer::I8(values) => wide(values),
            Buffer::I16(values) => wide(values),
            Buffer::I32(values) => wide(values),
            Buffer::I64(values) => Cow::Borrowed(values),
            Buffer::U8(values) => wide(values),
            Buffer::U16(values) => wide(values),
            Buffer::U32(values) => wide(values),
            Buffer::U64(values) => values.iter().map(|value| value.cast_signed()).collect(),
            Buffer::F32(_) | Buffer::F64(_) | Buffer::String(_) => {
                bail!("expected integers, found {:?}", self.element())
            }
        })
    }

    /// A tensor of the same shape with every one of `values` converted.
    fn of<F, T: Element>(&self, values: &[F], convert: impl Fn(&F) -> T) -> Result<Self> {
        Self::new(self.shape.clone(), values.iter().map(convert).collect())
    }

    fn try_of<F, T: Element>(&self, values: &[F], convert: impl Fn(&F) -> Result<T>) -> Result<Self> {
        Self::new(self.shape.clone(), values.iter().map(convert).collect::<Result<_>>()?)
    }

    #[expect(clippy::cast_possible_truncation, reason = "a float32 is asked for")]
    fn floats_to(&self, values: &[f64], to: ElementType) -> Result<Self> {
        match to {
            ElementType::Bool => self.of(values, |value| *value != 0.0),
            ElementType::I8 => self.of(values, |value| low_byte(to_i32(*value)).cast_signed()),
            ElementType::U8 => self.of(values, |value| low_byte(to_i32(*value))),
            ElementType::I16 => self.of(values, |value| low_half(to_i32(*value)).cast_signed()),
            ElementType::U16 => self.of(values, |value| low_half(to_i32(*value))),
            ElementType::I32 => self.of(values, |value| to_i32(*value)),
            ElementType::U32 => self.of(values, |value| low_word(to_i64(*value))),
            ElementType::I64 => self.of(values, |value| to_i64(*value)),
            ElementType::U64 => self.of(values, |value| to_u64(*value)),
            ElementType::F32 => self.of(values, |value| *value as f32),
            ElementType::F64 => self.of(values, |value| *value),
            ElementType::String => self.of(values, |value| general(*value)),
        }
    }

    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_precision_loss,
        clippy::cast_sign_loss,
        reason = "integers become others by their low bits, and the nearest floats"
    )]
    fn integers_to(&self, values: &[i64], to: ElementType) -> Result<Self> {
        match to {
            ElementType::Bool => self.of(values, |value| *value != 0),
            ElementType::I8 => self.of(values, |value| *value as i8),
            ElementType::U8 => self.of(values, |value| *value as u8),
            ElementType::I16 => self.of(values, |value| *value as i16),
            ElementType::U16 => self.of(values, |value| *value as u16),
            ElementType::I32 => self.of(values, |value| *value as i32),
            ElementType::U32 => self.of(values, |value| *value as u32),
            ElementType::I64 => self.of(values, |value| *value),
            ElementType::U64 => self.of(values, |value| value.cast_unsigned()),
            ElementType::F32 => self.of(values, |value| *value as f32),
            ElementType::F64 => self.of(values, |value| *value as f64),
            ElementType::String => self.of(values, i64::to_string),
        }
    }

    fn strings_to(&self, texts: &[String], to: ElementType) -> Result<Self> {
        let integer = |text: &String| read_integer(text, to);
        match to {
            #[expect(clippy::cast_possible_truncation, reason = "a float32 is asked for")]
            ElementType::F32 => self.try_of(texts, |text| Ok(read_float(text)? as f32)),
            ElementType::F64 => self.try_of(texts, |text| read_float(text)),
            ElementType::Bool => self.try_of(texts, |text| Ok(integer(text)? != 0)),
            ElementType::U64 => self.try_of(texts, |text| Ok(u64::try_from(integer(text)?)?)),
            to => self.try_of(texts, |text| Ok(i64::try_from(integer(text)?)?))?.cast(to),
        }
    }
}

fn read_float(text: &str) -> Result<f64> {
    let wrong = || format_err!("expected a number, found the text '{text}'");
    let value: f64 = text.trim().parse().map_err(|_| wrong())?;
    // Digits that no float64 holds are an error, unlike the word for infinity.
    let is_word = text.trim().trim_start_matches(['+', '-']).starts_with(['i', 'I']);
    ensure!(value.is_finite() || value.is_nan() || is_word, wrong());
    Ok(value)
}

/// Digits with a sign, and a fraction that is dropped; they fit into 64 bits of the kind that `to` has.
fn read_integer(text: &str, to: ElementType) -> Result<i128> {
    let wrong = || format_err!("expected an integer, found the text '{text}'");
    let trimmed = text.trim();
    let (digits, fraction) = trimmed.split_once('.').unwrap_or((trimmed, ""));
    ensure!(fraction.bytes().all(|digit| digit.is_ascii_digit()), wrong());
    let value: i128 = digits.parse().map_err(|_| wrong())?;
    let largest = if to.is_unsigned() { i128::from(u64::MAX) } else { i128::from(i64::MAX) };
    let smallest = if to.is_unsigned() { 0 } else { i128::from(i64::MIN) };
    ensure!((smallest..=largest).contains(&value), wrong());
    Ok(value)
}

/// As the instruction `cvttsd2si` with 64 bits has it.
#[expect(clippy::cast_possible_truncation, reason = "the range is checked")]
fn to_i64(value: f64) -> i64 {
    const LIMIT: f64 = 9_223_372_036_854_775_808.0;
    if (-LIMIT..LIMIT).contains(&value) { value as i64 } else { i64::MIN }
}

/// As the instruction `cvttsd2si` with 32 bits has it.
#[expect(clippy::cast_possible_truncation, reason = "the range is checked")]
fn to_i32(value: f64) -> i32 {
    if value > -2_147_483_649.0 && value < 2_147_483_648.0 { value as i32 } else { i32::MIN }
}

/// As compilers put it together from signed conversions.
fn to_u64(value: f64) -> u64 {
    const HALF: f64 = 9_223_372_036_854_775_808.0;
    if value >= HALF { to_i64(value - HALF).cast_unsigned() ^ 1 << 63 } else { to_i64(value).cast_unsigned() }
}

fn low_byte(value: i32) -> u8 {
    value.to_le_bytes()[0]
}

fn low_half(value: i32) -> u16 {
    let [first, second, ..] = value.to_le_bytes();
    u16::from_le_bytes([first, second])
}

fn low_word(value: i64) -> u32 {
    let [first, second, third, fourth, ..] = value.to_le_bytes();
    u32::from_le_bytes([first, second, third, fourth])
}

/// The number with up to eight significant digits, as C's `%.8g` writes it.
fn general(value: f64) -> String {
    const DIGITS: i32 = 8;
    if value.is_nan() {
        return "NaN".into();
    }
    if value.is_infinite() {
        return if value > 0.0 { "INF" } else { "-INF" }.into();
    }
    let scientific = format!("{value:.7e}");
    let Some((mantissa, exponent)) = scientific.split_once('e') else { return scientific };
    let trimmed = |digits: &str| match digits.contains('.') {
        true => digits.trim_end_matches('0').trim_end_matches('.').to_owned(),
        false => digits.to_owned(),
    };
    match exponent.parse::<i32>() {
        Ok(power) if (-4..DIGITS).contains(&power) => {
            let decimals = usize::try_from(DIGITS - 1 - power).unwrap_or(0);
            trimmed(&format!("{value:.decimals$}"))
        }
        Ok(power) => {
            let sign = if power < 0 { '-' } else { '+' };
            format!("{}e{sign}{:02}", trimmed(mantissa), power.abs())
        }
        Err(_) => scientific,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // Numbers from onnxruntime 1.32.0 on x86-64.
    const FLOATS: [f64; 16] = [
        1.5,
        -1.5,
        128.0,
        200.7,
        -1.0,
        -129.0,
        300.0,
        70000.0,
        2_147_483_648.0,
        -2_147_483_904.0,
        1.7e12,
        9.3e18,
        1.9e19,
        f64::INFINITY,
        f64::NEG_INFINITY,
        f64::NAN,
    ];

    fn cast_floats<T: Element>() -> Vec<T> {
        Tensor::vector(FLOATS.to_vec()).to_vec().unwrap()
    }

    #[test]
    fn floats_become_integers_as_in_onnxruntime() {
        assert_eq!(cast_floats::<i8>(), [1, -1, -128, -56, -1, 127, 44, 112, 0, 0, 0, 0, 0, 0, 0, 0]);
        assert_eq!(cast_floats::<u8>(), [1, 255, 128, 200, 255, 127, 44, 112, 0, 0, 0, 0, 0, 0, 0, 0]);
        assert_eq!(
            cast_floats::<u16>(),
            [1, 65535, 128, 200, 65535, 65407, 300, 4464, 0, 0, 0, 0, 0, 0, 0, 0]
        );
        const I32: i32 = i32::MIN;
        assert_eq!(
            cast_floats::<i32>(),
            [1, -1, 128, 200, -1, -129, 300, 70000, I32, I32, I32, I32, I32, I32, I32, I32]
        );
        // Beyond 32 bits onnxruntime's own answer depends on the place in the tensor.
        assert_eq!(
            cast_floats::<u32>()[..9],
            [1, 4_294_967_295, 128, 200, 4_294_967_295, 4_294_967_167, 300, 70000, 2_147_483_648]
        );
        const I64: i64 = i64::MIN;
        assert_eq!(
            cast_floats::<i64>()[7..],
            [70000, 2_147_483_648, -2_147_483_904, 1_700_000_000_000, I64, I64, I64, I64, I64]
        );
        assert_eq!(
            cast_floats::<u64>()[9..],
            [
                18_446_744_071_562_067_712,
                1_700_000_000_000,
                9_300_000_000_000_000_000,
                0,
                0,
                9_223_372_036_854_775_808,
                9_223_372_036_854_775_808
            ]
        );
    }

    #[test]
    fn numbers_become_strings_with_eight_digits() {
        for (value, text) in [
            (0.1, "0.1"),
            (1.0 / 3.0, "0.33333333"),
            (1e20, "1e+20"),
            (1e-5, "1e-05"),
            (100_000.0, "100000"),
            (123_456_789.0, "1.2345679e+08"),
            (-0.0, "-0"),
            (255.899_993_896_484_38, "255.89999"),
            (f64::NEG_INFINITY, "-INF"),
        ] {
            assert_eq!(general(value), text);
        }
        let counts = Tensor::vector(vec![1_700_000_000_000_i64, -1]);
        assert_eq!(counts.to_vec::<String>().unwrap(), ["1700000000000", "-1"]);
    }

    #[test]
    fn strings_become_numbers_or_are_named() {
        let read = |text: &str| read_integer(text, ElementType::I64).ok();
        assert_eq!(
            [" 42", "-7 ", "3.7", "+5", "-0"].map(read),
            [Some(42), Some(-7), Some(3), Some(5), Some(0)]
        );
        assert_eq!(["", "abc", "1e3", "0x10", "9223372036854775808"].map(read), [None; 5]);
        assert_eq!(read_float("1e3").unwrap(), 1000.0);
        assert_eq!(read_float("-INF").unwrap(), f64::NEG_INFINITY);
        assert!(read_float("nan").unwrap().is_nan());
        assert!(read_float("1.5e400").is_err());
        assert_eq!(read_float("seven").unwrap_err().to_string(), "expected a number, found the text 'seven'");
    }
}
