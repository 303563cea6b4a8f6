//! Types that are narrower than the engine's: int, smallint, tinyint, and texts of a length.

use std::borrow::Cow;

use arrow_array::ArrayRef;

use super::{Function, Signature, Type, scalar};
use crate::data::Scalar;
use crate::diag::{Code, Error, Result};
use crate::function::BatchCall;

use Type::{Bool, Float64, Int64, String};

/// An angle of an integer is an integer, without its fraction.
macro_rules! angle {
    ($name:literal, $doc:literal, $turned:expr) => {
        scalar(
            $name,
            $doc,
            &[
                Signature::scalar(&[Int64], Int64, |call| {
                    let values = call.arg(0)?.ints()?;
                    #[expect(
                        clippy::cast_possible_truncation,
                        clippy::cast_precision_loss,
                        reason = "T-SQL computes in floats and cuts the fraction off"
                    )]
                    call.ints(&|row| Ok(Some($turned(values.at(row) as f64) as i64)))
                }),
                Signature::scalar(&[Float64], Float64, |call| {
                    let values = call.arg(0)?.floats()?;
                    call.floats(&|row| Ok(Some($turned(values.at(row)))))
                }),
            ],
        )
    };
}

pub(super) const FUNCTIONS: &[Function] = &[
    scalar(
        "POWER",
        "The first argument to the power of the second, of the type of the first.",
        &[
            Signature::scalar(&[Int64, Float64], Int64, int_power),
            Signature::scalar(&[Float64, Float64], Float64, power),
        ],
    ),
    scalar(
        "SQUARE",
        "The square of a number.",
        &[Signature::scalar(&[Float64], Float64, |call| {
            let values = call.arg(0)?.floats()?;
            call.floats(&|row| Ok(Some(values.at(row) * values.at(row))))
        })],
    ),
    angle!("RADIANS", "The radians of an angle in degrees, of the argument's type.", f64::to_radians),
    angle!("DEGREES", "The degrees of an angle in radians, of the argument's type.", f64::to_degrees),
];

/// A float as text.
pub(crate) static FLOAT_TEXT: Function = scalar(
    "FLOAT_TEXT",
    "A float as CAST writes it.",
    &[Signature::scalar(&[Float64], String, |call| {
        let values = call.arg(0)?.floats()?;
        call.strings(&|row| Ok(Some(Cow::Owned(float_text(values.at(row))))))
    })],
);

/// A text, or another one in the place of blanks alone: the number 0 or the first day of all, which T-SQL reads them as.
pub(crate) static BLANK: Function = scalar(
    "BLANK",
    "A text that is more than blanks, or another one.",
    &[Signature::scalar(&[String, String], String, |call| {
        let (texts, others) = (call.arg(0)?.strings()?, call.arg(1)?.strings()?);
        call.strings(&|row| {
            let (text, other) = (texts.at(row), others.at(row));
            Ok(Some(Cow::Borrowed(match text.trim_matches(' ').parse::<i64>() {
                _ if is_blank(text) => other,
                // A bit is written as a number too.
                Ok(0) if other == "false" => other,
                Ok(_) if other == "false" => "true",
                _ => text,
            })))
        })
    })],
);

/// Whether a text has blanks at most.
pub(crate) fn is_blank(text: &str) -> bool {
    text.bytes().all(|byte| byte == b' ')
}

/// Six digits, without zeros at their end; with an exponent of three where the number is large or small.
fn float_text(value: f64) -> std::string::String {
    const DIGITS: i32 = 6;
    let trimmed = |text: &str| match text.contains('.') {
        true => text.trim_end_matches('0').trim_end_matches('.').to_owned(),
        false => text.to_owned(),
    };
    // Without the sign of a zero.
    let value = value + 0.0;
    let rounded = format!("{value:.5e}");
    let parts =
        rounded.split_once('e').and_then(|(digits, power)| Some((digits, power.parse::<i32>().ok()?)));
    match parts {
        Some((digits, power)) if !(-4..DIGITS).contains(&power) => {
            format!("{}e{}{:03}", trimmed(digits), if power < 0 { '-' } else { '+' }, power.abs())
        }
        Some((_, power)) => {
            let behind = usize::try_from(DIGITS - 1 - power).unwrap_or(0); // the power is below six
            trimmed(&format!("{value:.behind$}"))
        }
        None => value.to_string(),
    }
}

/// Checks that a number is an `int`.
static INT: Function = scalar(
    "INT",
    "An int.",
    &[Signature::scalar(&[Int64], Int64, |call| within(call, "int", i32::MIN.into(), i32::MAX.into()))],
);

/// Checks that a number is a `smallint`.
static SMALLINT: Function = scalar(
    "SMALLINT",
    "A smallint.",
    &[Signature::scalar(&[Int64], Int64, |call| within(call, "smallint", i16::MIN.into(), i16::MAX.into()))],
);

/// Checks that a number is a `tinyint`.
static TINYINT: Function = scalar(
    "TINYINT",
    "A tinyint.",
    &[Signature::scalar(&[Int64], Int64, |call| within(call, "tinyint", 0, 255))],
);

/// A text cut to a length; with TRUE the rest is filled with blanks.
static CUT: Function = scalar(
    "CUT",
    "A text of at most this length.",
    &[Signature::scalar(&[String, Int64, Bool], String, |call| {
        let (texts, lengths, pads) = (call.arg(0)?.strings()?, call.arg(1)?.ints()?, call.arg(2)?.bools()?);
        call.strings(&|row| Ok(Some(cut(texts.at(row), lengths.at(row), pads.at(row)))))
    })],
);

/// A text that has to fit a length, blanks at its end aside.
static FITTING: Function = scalar(
    "FITTING",
    "A text that is not longer than this.",
    &[Signature::scalar(&[String, Int64, Bool], String, |call| {
        let (texts, lengths, pads) = (call.arg(0)?.strings()?, call.arg(1)?.ints()?, call.arg(2)?.bools()?);
        call.strings(&|row| {
            let (text, length) = (texts.at(row), lengths.at(row));
            let cut = cut(text, length, pads.at(row));
            if text.trim_end_matches(' ').len() > cut.len() {
                return Err(Error::new(
                    Code::OutOfRange,
                    format!("String or binary data would be truncated: {text:?} is longer than {length}"),
                )
                .hint("cut it with LEFT, or declare the column longer"));
            }
            Ok(Some(cut))
        })
    })],
);

fn cut(text: &str, length: i64, pad: bool) -> Cow<'_, str> {
    let length = usize::try_from(length).unwrap_or(usize::MAX); // lengths are not negative
    let cut = match text.char_indices().nth(length) {
        Some((end, _)) => text.split_at(end).0,
        None => text,
    };
    let missing = if pad { length.saturating_sub(cut.chars().count()) } else { 0 };
    if missing == 0 { Cow::Borrowed(cut) } else { Cow::Owned(format!("{cut}{}", " ".repeat(missing))) }
}

fn within(call: &BatchCall<'_>, name: &str, least: i64, most: i64) -> Result<ArrayRef> {
    let values = call.arg(0)?.ints()?;
    call.ints(&|row| match values.at(row) {
        value if (least..=most).contains(&value) => Ok(Some(value)),
        value => Err(Error::new(
            Code::OutOfRange,
            format!("Arithmetic overflow error converting expression to data type {name}: {value}"),
        )
        .hint("CAST an operand AS bigint")),
    })
}

fn power(call: &BatchCall<'_>) -> Result<ArrayRef> {
    let (bases, exponents) = (call.arg(0)?.floats()?, call.arg(1)?.floats()?);
    call.floats(&|row| powered(bases.at(row), exponents.at(row)).map(Some))
}

/// The fraction is cut off.
fn int_power(call: &BatchCall<'_>) -> Result<ArrayRef> {
    let (bases, exponents) = (call.arg(0)?.ints()?, call.arg(1)?.floats()?);
    call.ints(&|row| {
        let (base, exponent) = (bases.at(row), exponents.at(row));
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the range is checked")]
        let whole =
            (exponent >= 0.0 && exponent.fract() == 0.0 && exponent < 64.0).then_some(exponent as u32);
        if let Some(value) = whole.and_then(|exponent| base.checked_pow(exponent)) {
            return Ok(Some(value));
        }
        #[expect(clippy::cast_precision_loss, reason = "exact powers are computed above")]
        let value = powered(base as f64, exponent)?.trunc();
        #[expect(clippy::cast_possible_truncation, reason = "the range is checked")]
        match value {
            value if value.abs() < 2f64.powi(63) => Ok(Some(value as i64)),
            _ => Err(no_power(base, exponent)),
        }
    })
}

fn powered(base: f64, exponent: f64) -> Result<f64> {
    let value = base.powf(exponent);
    if value.is_finite() { Ok(value) } else { Err(no_power(base, exponent)) }
}

#[cold]
fn no_power(base: impl std::fmt::Display, exponent: f64) -> Error {
    Error::new(Code::OutOfRange, format!("POWER({base}, {exponent}) is out of range"))
}

/// A type that T-SQL declares and the engine has no narrower counterpart of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Narrow {
    Int,
    SmallInt,
    TinyInt,
    /// Texts of at most `length` characters; with `pad` of exactly as many.
    Text {
        length: i64,
        pad: bool,
    },
}

/// How long a text is whose type has no length: in CAST, and anywhere else.
const CAST_LENGTH: i64 = 30;
const DECLARED_LENGTH: i64 = 1;

impl Narrow {
    /// What the type called `name`, in any case, with these parameters narrows; `None` for other types, and for `max`.
    pub(crate) fn named(name: &str, parameters: Option<&[i64]>, in_cast: bool) -> Option<Self> {
        let name = name.to_ascii_uppercase();
        Some(match name.as_str() {
            "INT" | "INTEGER" => Self::Int,
            "SMALLINT" => Self::SmallInt,
            "TINYINT" => Self::TinyInt,
            "CHAR" | "NCHAR" | "VARCHAR" | "NVARCHAR" => {
                let length = match parameters {
                    None if in_cast => CAST_LENGTH,
                    None => DECLARED_LENGTH,
                    Some([length, ..]) => *length,
                    Some([]) => return None,
                };
                Self::Text { length, pad: matches!(name.as_str(), "CHAR" | "NCHAR") }
            }
            _ => return None,
        })
    }

    /// The function that makes a value one of the type, and its arguments behind the value. Texts are cut if `cut`, and
    /// refused if they are too long otherwise.
    pub(crate) fn function(self, cut: bool) -> (&'static Function, Vec<Scalar>) {
        match self {
            Self::Int => (&INT, Vec::new()),
            Self::SmallInt => (&SMALLINT, Vec::new()),
            Self::TinyInt => (&TINYINT, Vec::new()),
            Self::Text { length, pad } => {
                (if cut { &CUT } else { &FITTING }, vec![Scalar::Int64(length), Scalar::Bool(pad)])
            }
        }
    }

    /// Whether it is one of the integers of at most 32 bits.
    pub(crate) fn is_integer(self) -> bool {
        matches!(self, Self::Int | Self::SmallInt | Self::TinyInt)
    }
}
