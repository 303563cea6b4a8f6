//! Pictures: decoding, resizing, colour spaces. Source: BigQuery ML, "Image functions".

use std::cell::Cell;

use arrow_array::ArrayRef;

use super::{Argument, BatchCall, Body, Function, Signature, Type};
use crate::control::Stage;
use crate::data::{
    CastMode, DataType, Scalar, TensorBuilder, TensorColumn, TimeZones, cast, integer_pictures, scalar_at,
};
use crate::diag::{Code, Error, Invariant, Result};
use crate::image::{self, ColorSpace, Image, View, Wishes};
use crate::limits::RESIZED_VALUES;

/// The options of ML.DECODE_IMAGE.
const UPRIGHT: &str = "apply_orientation";
const BACKGROUND: &str = "background";

pub(super) const FUNCTIONS: &[Function] = &[
    Function::new(
        "ML.DECODE_IMAGE",
        "Decodes a JPEG, PNG, BMP, WebP or GIF image to height x width x 3 values in [0, 1]. A struct may hold options of \
         ours: apply_orientation BOOL turns it as the camera has noted, background STRING such as '#ffffff' is put behind \
         what is transparent.",
        &[Signature::infer(&[Type::Bytes, Type::Struct], decoded, Body::Scalar(decode)).optional(1)],
    )
    .stage(Stage::Decode),
    Function::new(
        "ML.RESIZE_IMAGE",
        "Resizes an image to a height and a width. TRUE preserves its aspect ratio. An image of integers stays one.",
        &[
            Signature::scalar(
                &[Type::IntegerImage, Type::Int64, Type::Int64, Type::Bool],
                Type::IntegerPicture,
                resize_integers,
            ),
            Signature::scalar(&[Type::Tensor, Type::Int64, Type::Int64, Type::Bool], Type::Picture, resize),
        ],
    )
    .stage(Stage::Preprocess),
    Function::new(
        "ML.CONVERT_COLOR_SPACE",
        "Converts an RGB image to 'HSV', 'GRAYSCALE', 'YIQ' or 'YUV'. Integers from 0 to 255 are divided by 255 first.",
        &[
            Signature::scalar(
                &[Type::IntegerImage, Type::String],
                Type::Picture,
                convert_color_space_of_integers,
            ),
            Signature::scalar(&[Type::Tensor, Type::String], Type::Picture, convert_color_space),
        ],
    )
    .stage(Stage::Preprocess),
    Function::new(
        "ML.CONVERT_IMAGE_TYPE",
        "Converts an image from values in [0, 1] to integers from 0 to 255.",
        &[Signature::scalar(&[Type::Tensor], Type::IntegerPicture, convert_image_type)],
    )
    .stage(Stage::Preprocess),
];

/// The type of a decoded image, once its options are known to be some.
fn decoded(args: &[Argument]) -> Result<DataType> {
    for field in args.get(1).into_iter().flat_map(|options| options.data_type.fields()) {
        let name = &field.name;
        let wanted = if name.eq_ignore_ascii_case(UPRIGHT) {
            DataType::Bool
        } else if name.eq_ignore_ascii_case(BACKGROUND) {
            DataType::String
        } else {
            return Err(Error::new(Code::UnknownOption, format!("ML.DECODE_IMAGE has no option `{name}`"))
                .or_list("the options are", [UPRIGHT, BACKGROUND]));
        };
        if field.data_type != wanted {
            let found = &field.data_type;
            return Err(Error::new(
                Code::InvalidOption,
                format!("expected `{name}` as {wanted}, found {found}"),
            ));
        }
    }
    Ok(DataType::Picture)
}

/// `ML.DECODE_IMAGE(bytes [, options])`: height × width × 3 values in [0, 1].
fn decode(call: &BatchCall<'_>) -> Result<ArrayRef> {
    let operand = call.arg(0)?;
    let bytes = operand.bytes()?;
    let env = call.env;
    let mut tensors = TensorBuilder::with_capacity(DataType::Picture, call.rows, 0);
    for row in 0..call.rows {
        if operand.is_null(row) {
            tensors.append_null();
            continue;
        }
        let picture = wishes(call, row)
            .and_then(|wishes| env.decoder.decode(bytes.at(row), wishes, &env.limits))
            .map_err(|error| error.in_row(row))?;
        if picture.orientation != 1 {
            env.found_turned.set(true);
        }
        tensors.append(&shape([picture.height, picture.width, 3])?, &picture.values);
    }
    tensors.finish()
}

/// What the options of a call say for a row.
fn wishes(call: &BatchCall<'_>, row: usize) -> Result<Wishes> {
    let mut wishes = Wishes::default();
    let (Ok(options), Some(data_type)) = (call.arg(1), call.types.get(1)) else { return Ok(wishes) };
    let Scalar::Struct(fields, values) = scalar_at(options.array(), data_type, options.index(row))? else {
        return Ok(wishes);
    };
    for (field, value) in fields.iter().zip(values) {
        match value {
            Scalar::Bool(upright) => wishes.upright = upright,
            Scalar::String(color) => wishes.background = Some(background(&color)?),
            Scalar::Null => {}
            _ => return Err(Error::internal(format!("`{:?}` is no option of ML.DECODE_IMAGE", field.name))),
        }
    }
    Ok(wishes)
}

/// The red, green and blue of `#rrggbb`.
fn background(text: &str) -> Result<[u8; 3]> {
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

/// `ML.RESIZE_IMAGE(image, target_height, target_width, preserve_aspect_ratio)`.
fn resize(call: &BatchCall<'_>) -> Result<ArrayRef> {
    resize_pictures(call, call.arg(0)?.array(), &image::resize)
}

/// The same of integers, which are rounded half to even.
fn resize_integers(call: &BatchCall<'_>) -> Result<ArrayRef> {
    let resized = resize_pictures(call, &floats(call)?, &|source, height, width, preserve, most| {
        image::check_bytes(source)?;
        Ok(image::resize(source, height, width, preserve, most)?.map(f32::round_ties_even))
    })?;
    integer_pictures(&resized)
}

/// Resizes to a height and a width, or inside of them, to at most so many values.
type Resize = dyn Fn(View<'_>, usize, usize, bool, usize) -> Result<Image>;

fn resize_pictures(call: &BatchCall<'_>, pictures: &ArrayRef, resize: &Resize) -> Result<ArrayRef> {
    let (heights, widths, preserve) = (call.arg(1)?.ints()?, call.arg(2)?.ints()?, call.arg(3)?.bools()?);
    let left = Cell::new(RESIZED_VALUES);
    map_pictures(call, pictures, &|source, row| {
        let target = (heights.get(row), widths.get(row), preserve.get(row));
        let (Some(height), Some(width), Some(preserve)) = target else { return Ok(None) };
        let resized = resize(source, size(height)?, size(width)?, preserve, left.get())?;
        left.set(left.get().saturating_sub(resized.data.len()));
        Ok(Some(resized))
    })
}

/// `ML.CONVERT_COLOR_SPACE(image, target_color_space)`.
fn convert_color_space(call: &BatchCall<'_>) -> Result<ArrayRef> {
    convert_pictures(call, call.arg(0)?.array(), &|source, space| image::convert(source, space))
}

/// The same of integers from 0 to 255.
fn convert_color_space_of_integers(call: &BatchCall<'_>) -> Result<ArrayRef> {
    convert_pictures(call, &floats(call)?, &|source, space| {
        let source = image::from_bytes(source)?;
        image::convert(source.view(), space)
    })
}

fn convert_pictures(
    call: &BatchCall<'_>,
    pictures: &ArrayRef,
    convert: &dyn Fn(View<'_>, ColorSpace) -> Result<Image>,
) -> Result<ArrayRef> {
    let names = call.arg(1)?.strings()?;
    map_pictures(call, pictures, &|source, row| {
        let Some(name) = names.get(row) else { return Ok(None) };
        let space = ColorSpace::named(name).ok_or_else(|| {
            Error::new(Code::InvalidValue, format!("there is no colour space '{name}'"))
                .hint("write 'HSV', 'GRAYSCALE', 'YIQ' or 'YUV'")
        })?;
        convert(source, space).map(Some)
    })
}

/// `ML.CONVERT_IMAGE_TYPE(image)`: whole numbers, which models of 8-bit pictures take.
fn convert_image_type(call: &BatchCall<'_>) -> Result<ArrayRef> {
    let pictures = call.arg(0)?.array();
    integer_pictures(&map_pictures(call, pictures, &|source, _| Ok(Some(image::to_bytes(source))))?)
}

/// The integer images of the first argument, with their values as floats.
fn floats(call: &BatchCall<'_>) -> Result<ArrayRef> {
    let array = call.arg(0)?.array();
    cast(array, &DataType::integer_image(), &DataType::Tensor, CastMode::Strict, &TimeZones::default())
}

/// Converts each image of the first argument, which `pictures` holds as tensors; NULL stays NULL.
fn map_pictures(
    call: &BatchCall<'_>,
    pictures: &ArrayRef,
    convert: &dyn Fn(View<'_>, usize) -> Result<Option<Image>>,
) -> Result<ArrayRef> {
    let operand = call.arg(0)?;
    let pictures = TensorColumn::new(pictures)?;
    let mut tensors = TensorBuilder::with_capacity(DataType::Picture, call.rows, 0);
    for row in 0..call.rows {
        let picture = match pictures.get(operand.index(row)) {
            Some((shape, data)) => View::new(shape, data)
                .and_then(|source| convert(source, row))
                .map_err(|error| error.in_row(row))?,
            None => None,
        };
        match picture {
            Some(Image { height, width, channels, data }) => {
                tensors.append(&shape([height, width, channels])?, &data);
            }
            None => tensors.append_null(),
        }
    }
    tensors.finish()
}

fn shape([height, width, channels]: [usize; 3]) -> Result<[i64; 3]> {
    let side = |length: usize| i64::try_from(length).ok().invariant("a side of a picture");
    Ok([side(height)?, side(width)?, side(channels)?])
}

fn size(value: i64) -> Result<usize> {
    usize::try_from(value)
        .map_err(|_| Error::new(Code::InvalidValue, format!("expected a size of at least 1, found {value}")))
}
