//! Pictures: decoding, resizing, colour spaces. Source: BigQuery ML, "Image functions".

use arrow_array::ArrayRef;

#[cfg(not(feature = "full"))]
use super::Body;
use super::{BatchCall, Function, Signature, Type};
use crate::control::Stage;
use crate::data::{CastMode, DataType, TensorBuilder, TensorColumn, TimeZones, cast, integer_pictures};
use crate::diag::{Code, Error, Invariant, Result};
use crate::image::{self, ColorSpace, Image, View};

pub(super) const FUNCTIONS: &[Function] = &[
    Function::new(
        "ML.DECODE_IMAGE",
        "Decodes a JPEG, PNG or BMP image to height x width x 3 values in [0, 1].",
        &[DECODE_IMAGE],
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

#[cfg(feature = "full")]
const DECODE_IMAGE: Signature = Signature::scalar(&[Type::Bytes], Type::Picture, decode);

/// Refused when it is bound, so that nothing of the statement has been done that the full engine would do again.
#[cfg(not(feature = "full"))]
const DECODE_IMAGE: Signature = Signature::infer(
    &[Type::Bytes],
    |_| Err(Error::needs_full_engine("the engine for tables does not read pictures")),
    Body::Scalar(|_| Err(Error::internal("a picture is decoded in the engine for tables"))),
);

/// `ML.DECODE_IMAGE(bytes)`: height × width × 3 values in [0, 1].
#[cfg(feature = "full")]
fn decode(call: &BatchCall<'_>) -> Result<ArrayRef> {
    let operand = call.arg(0)?;
    let bytes = operand.bytes()?;
    let mut tensors = TensorBuilder::with_capacity(DataType::Picture, call.rows, 0);
    for row in 0..call.rows {
        if operand.is_null(row) {
            tensors.append_null();
            continue;
        }
        let picture = image::decode(bytes.at(row), &call.env.limits).map_err(|error| error.in_row(row))?;
        tensors.append(&shape(&picture)?, &picture.data);
    }
    tensors.finish()
}

/// `ML.RESIZE_IMAGE(image, target_height, target_width, preserve_aspect_ratio)`.
fn resize(call: &BatchCall<'_>) -> Result<ArrayRef> {
    resize_pictures(call, call.arg(0)?.array(), &image::resize)
}

/// The same of integers, which are rounded half to even.
fn resize_integers(call: &BatchCall<'_>) -> Result<ArrayRef> {
    let resized = resize_pictures(call, &floats(call)?, &|source, height, width, preserve| {
        image::check_bytes(source)?;
        Ok(image::resize(source, height, width, preserve)?.map(f32::round_ties_even))
    })?;
    integer_pictures(&resized)
}

fn resize_pictures(
    call: &BatchCall<'_>,
    pictures: &ArrayRef,
    resize: &dyn Fn(View<'_>, usize, usize, bool) -> Result<Image>,
) -> Result<ArrayRef> {
    let (heights, widths, preserve) = (call.arg(1)?.ints()?, call.arg(2)?.ints()?, call.arg(3)?.bools()?);
    map_pictures(call, pictures, &|source, row| {
        let target = (heights.get(row), widths.get(row), preserve.get(row));
        let (Some(height), Some(width), Some(preserve)) = target else { return Ok(None) };
        resize(source, size(height)?, size(width)?, preserve).map(Some)
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
            Some(picture) => tensors.append(&shape(&picture)?, &picture.data),
            None => tensors.append_null(),
        }
    }
    tensors.finish()
}

fn shape(picture: &Image) -> Result<[i64; 3]> {
    let side = |length: usize| i64::try_from(length).ok().invariant("a side of a picture");
    Ok([side(picture.height)?, side(picture.width)?, side(picture.channels)?])
}

fn size(value: i64) -> Result<usize> {
    usize::try_from(value)
        .map_err(|_| Error::new(Code::InvalidValue, format!("expected a size of at least 1, found {value}")))
}
