//! Options of image functions: the fields of a struct that is their last argument.

use crate::data::{DataType, Scalar, scalar_at};
use crate::diag::{Code, Error, Result};
use crate::function::{Argument, BatchCall};

/// An option: its name and type.
pub(super) type Known = (&'static str, DataType);

pub(super) const UPRIGHT: Known = ("apply_orientation", DataType::Bool);
pub(super) const BACKGROUND: Known = ("background", DataType::String);
pub(super) const ANTIALIAS: Known = ("antialias", DataType::Bool);

/// Whether all fields of the options of `function` are `known`; there may be none.
///
/// # Errors
/// `unknown-option` and `invalid-option`.
pub(super) fn check(function: &str, options: Option<&Argument>, known: &[Known]) -> Result<()> {
    for field in options.into_iter().flat_map(|options| options.data_type.fields()) {
        let name = &field.name;
        let Some((_, wanted)) = known.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)) else {
            return Err(Error::new(Code::UnknownOption, format!("{function} has no option `{name}`"))
                .or_list("the options are", known.iter().map(|(known, _)| *known)));
        };
        // A threshold of 0 or 1 is a number too.
        if field.data_type != *wanted && !(field.data_type == DataType::Int64 && *wanted == DataType::Float64)
        {
            let found = &field.data_type;
            return Err(Error::new(
                Code::InvalidOption,
                format!("expected `{name}` as {wanted}, found {found}"),
            ));
        }
    }
    Ok(())
}

/// The value of an option in a row; `None` where it is not given or NULL. `position` is that of the options.
pub(super) fn value(
    call: &BatchCall<'_>,
    position: usize,
    option: &Known,
    row: usize,
) -> Result<Option<Scalar>> {
    let (Ok(options), Some(data_type)) = (call.arg(position), call.types.get(position)) else {
        return Ok(None);
    };
    let Scalar::Struct(fields, values) = scalar_at(options.array(), data_type, options.index(row))? else {
        return Ok(None);
    };
    let is_wanted = |name: &str| name.eq_ignore_ascii_case(option.0);
    let found = fields.iter().zip(values).find(|(field, _)| is_wanted(&field.name));
    Ok(found.and_then(|(_, value)| match value {
        Scalar::Null => None,
        #[expect(clippy::cast_precision_loss, reason = "a small number in the place of a fraction")]
        Scalar::Int64(whole) if option.1 == DataType::Float64 => Some(Scalar::Float64(whole as f64)),
        value => Some(value),
    }))
}

/// Whether an option of type BOOL is TRUE.
pub(super) fn is_set(call: &BatchCall<'_>, position: usize, option: &Known, row: usize) -> Result<bool> {
    Ok(value(call, position, option, row)? == Some(Scalar::Bool(true)))
}

/// The red, green and blue of the option `background`.
///
/// # Errors
/// `invalid-option` for a text that is not `#rrggbb`.
pub(super) fn background(call: &BatchCall<'_>, position: usize, row: usize) -> Result<Option<[u8; 3]>> {
    let Some(Scalar::String(text)) = value(call, position, &BACKGROUND, row)? else { return Ok(None) };
    color(&text).map(Some)
}

/// # Errors
/// `invalid-option` for a text that is not `#rrggbb`.
pub(super) fn color(text: &str) -> Result<[u8; 3]> {
    let digits = text.strip_prefix('#').filter(|digits| digits.len() == 6 && digits.is_ascii());
    let number = digits.and_then(|digits| u32::from_str_radix(digits, 16).ok()).map(u32::to_be_bytes);
    match number {
        Some([_, red, green, blue]) => Ok([red, green, blue]),
        None => {
            Err(Error::new(Code::InvalidOption, format!("expected a color as '#rrggbb', found '{text}'"))
                .hint("white is '#ffffff', black is '#000000'"))
        }
    }
}
