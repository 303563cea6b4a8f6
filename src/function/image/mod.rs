//! Pictures: decoding and encoding, resizing, parts, colours, what models find and draw. Source: BigQuery ML, "Image functions"; what is ours says so.

mod boxes;
mod codec;
mod draw;
mod geometry;
mod options;

use arrow_array::ArrayRef;

use super::array_view::VectorView;
use super::{Argument, BatchCall, Body, Function, Kernel, Signature, Type};
use crate::control::Stage;
use crate::data::{CastMode, DataType, TensorBuilder, TensorColumn, TimeZones, cast, integer_pictures};
use crate::diag::{Code, Error, Invariant, Result};
use crate::image::{self, ColorSpace, Image, View};

const FLOATS: Type = Type::ArrayOf(&Type::Float64);

pub(super) const FUNCTIONS: &[Function] = &[
    Function::new(
        "ML.DECODE_IMAGE",
        "Decodes a JPEG, PNG, BMP, WebP or GIF image to height x width x 3 values in [0, 1]. A struct may hold options of \
         ours: apply_orientation BOOL turns it as the camera has noted, background STRING such as '#ffffff' is put behind \
         what is transparent.",
        &[Signature::infer(&[Type::Bytes, Type::Struct], codec::decoded, Body::Scalar(codec::decode)).optional(1)],
    )
    .stage(Stage::Decode),
    Function::new(
        "ML.RESIZE_IMAGE",
        "Resizes an image to a height and a width. TRUE preserves its aspect ratio. An image of integers stays one. A struct \
         may hold an option of ours: antialias BOOL takes every pixel into account, as Pillow does.",
        &[
            geometry_of(
                &[Type::IntegerImage, Type::Int64, Type::Int64, Type::Bool, Type::Struct],
                geometry::resized,
                geometry::resize,
            )
            .optional(1),
            geometry_of(
                &[Type::Tensor, Type::Int64, Type::Int64, Type::Bool, Type::Struct],
                geometry::resized,
                geometry::resize,
            )
            .optional(1),
        ],
    )
    .stage(Stage::Preprocess),
    Function::new(
        "ML.LETTERBOX_IMAGE",
        "Resizes an image so that it fits inside a height and a width, and centres it there on black. A struct may hold \
         background STRING such as '#727272', and antialias BOOL. Ours, not BigQuery's.",
        &[
            geometry_of(
                &[Type::IntegerImage, Type::Int64, Type::Int64, Type::Struct],
                geometry::letterboxed,
                geometry::letterbox,
            )
            .optional(1),
            geometry_of(
                &[Type::Tensor, Type::Int64, Type::Int64, Type::Struct],
                geometry::letterboxed,
                geometry::letterbox,
            )
            .optional(1),
        ],
    )
    .stage(Stage::Preprocess),
    Function::new(
        "ML.CROP_IMAGE",
        "A part of an image: of a height and a width in its middle, or from a row and a column on. Ours, not BigQuery's.",
        &[
            geometry_of(
                &[Type::IntegerImage, Type::Int64, Type::Int64],
                geometry::cropped,
                geometry::crop_centre,
            ),
            geometry_of(&[Type::Tensor, Type::Int64, Type::Int64], geometry::cropped, geometry::crop_centre),
            geometry_of(
                &[Type::IntegerImage, Type::Int64, Type::Int64, Type::Int64, Type::Int64],
                geometry::cropped,
                geometry::crop_area,
            ),
            geometry_of(
                &[Type::Tensor, Type::Int64, Type::Int64, Type::Int64, Type::Int64],
                geometry::cropped,
                geometry::crop_area,
            ),
        ],
    )
    .stage(Stage::Preprocess),
    Function::new(
        "ML.COVER_IMAGE",
        "An image with zeros from a row and a column on, for a height and a width. Ours, not BigQuery's.",
        &[
            geometry_of(
                &[Type::IntegerImage, Type::Int64, Type::Int64, Type::Int64, Type::Int64],
                geometry::cropped,
                geometry::cover,
            ),
            geometry_of(
                &[Type::Tensor, Type::Int64, Type::Int64, Type::Int64, Type::Int64],
                geometry::cropped,
                geometry::cover,
            ),
        ],
    )
    .stage(Stage::Preprocess),
    Function::new(
        "ML.NORMALIZE_IMAGE",
        "Takes a mean from each channel and divides it by a standard deviation. Integers from 0 to 255 are divided by 255 \
         first. Ours, not BigQuery's.",
        &[
            Signature::scalar(&[Type::IntegerImage, FLOATS, FLOATS], Type::Picture, normalize_integers),
            Signature::scalar(&[Type::Tensor, FLOATS, FLOATS], Type::Picture, normalize),
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
    Function::new(
        "ML.ENCODE_IMAGE",
        "An image as the bytes of a file: 'PNG', the default, or 'JPEG', with the option quality INT64 from 1 to 100. Ours, not \
         BigQuery's.",
        &[
            Signature::infer(
                &[Type::IntegerImage, Type::String, Type::Struct],
                draw::encoded,
                Body::Scalar(draw::encode_integers),
            )
            .optional(2),
            Signature::infer(
                &[Type::Tensor, Type::String, Type::Struct],
                draw::encoded,
                Body::Scalar(draw::encode),
            )
            .optional(2),
        ],
    )
    .stage(Stage::Decode),
    Function::new(
        "ML.TENSOR_TO_IMAGE",
        "A tensor [channels, height, width] as an image, or with 'HWC' one that has its channels last. Ours, not BigQuery's.",
        &[Signature::scalar(&[Type::Tensor, Type::String], Type::Picture, draw::tensor_to_image).optional(1)],
    )
    .stage(Stage::Preprocess),
    Function::new(
        "ML.MASK_IMAGE",
        "Each pixel in the color of its class, by scores of classes [classes, height, width], or by classes as INT64. Options: \
         layout 'CHW' or 'HWC', threshold FLOAT64 of a single score, colors ARRAY<STRING>. Ours, not BigQuery's.",
        &[
            Signature::infer(
                &[Type::IntegerImage, Type::Struct],
                draw::masked,
                Body::Scalar(draw::mask_numbers),
            )
            .optional(1),
            Signature::infer(&[Type::Tensor, Type::Struct], draw::masked, Body::Scalar(draw::mask)).optional(1),
        ],
    )
    .stage(Stage::Preprocess),
    Function::new(
        "ML.NON_MAX_SUPPRESSION",
        "The best boxes of a detector, of boxes [n, 4] and scores [n, classes] or [n], or of one tensor with the layout 'yolov5' or \
         'yolov8'. Options: iou_threshold, score_threshold FLOAT64, max_boxes INT64, box_format 'xyxy', 'yxyx', \
         'xywh' or 'cxcywh', across_classes BOOL. Ours, not BigQuery's.",
        &[
            Signature::infer(
                &[Type::Tensor, Type::Tensor, Type::Struct],
                boxes::kept_boxes,
                Body::Scalar(boxes::suppress_boxes),
            )
            .optional(1),
            Signature::infer(
                &[Type::Tensor, FLOATS, Type::Struct],
                boxes::kept_boxes,
                Body::Scalar(boxes::suppress_scored),
            )
            .optional(1),
            Signature::infer(
                &[Type::Tensor, Type::String, Type::Struct],
                boxes::kept_of_output,
                Body::Scalar(boxes::suppress_output),
            )
            .optional(1),
        ],
    ),
    Function::new(
        "ML.BOXES_TO_IMAGE",
        "Boxes of a model's input of a height and a width in the pixels of the image of these dimensions. Options: letterbox \
         BOOL, relative BOOL for boxes in parts of the sides. Ours, not BigQuery's.",
        &[Signature::infer(
            &[Type::Arbitrary, Type::ArrayOf(&Type::Int64), Type::Int64, Type::Int64, Type::Struct],
            boxes::boxes_in_picture,
            Body::Scalar(boxes::boxes_to_image),
        )
        .optional(1)],
    ),
];

/// What computes a call whose first argument is the call that follows in `chain`, where each has its name and the number of its
/// arguments: of the outer ones options would be one more. It takes the other arguments of each, then those of the last. An error
/// of kind `internal` asks for one call after the other.
pub(crate) fn joined(chain: &[(&str, usize)]) -> Option<Kernel> {
    match chain {
        [("ML.RESIZE_IMAGE", 4), ("ML.DECODE_IMAGE", _)] => Some(codec::decode_resized),
        [("ML.NORMALIZE_IMAGE", 3), ("ML.RESIZE_IMAGE", 4), ("ML.DECODE_IMAGE", _)] => {
            Some(codec::decode_normalized)
        }
        _ => None,
    }
}

/// A function that gives an image of the kind that it was given.
const fn geometry_of(
    args: &'static [Type],
    returns: fn(&[Argument]) -> Result<DataType>,
    kernel: fn(&BatchCall<'_>) -> Result<ArrayRef>,
) -> Signature {
    Signature::infer(args, returns, Body::Scalar(kernel))
}

/// `ML.NORMALIZE_IMAGE(image, mean, std)`.
fn normalize(call: &BatchCall<'_>) -> Result<ArrayRef> {
    normalize_pictures(call, call.arg(0)?.array(), &|source, mean, by| image::normalize(source, mean, by))
}

/// The same of integers from 0 to 255.
fn normalize_integers(call: &BatchCall<'_>) -> Result<ArrayRef> {
    normalize_pictures(call, &floats(call)?, &|source, mean, by| {
        image::normalize(image::from_bytes(source)?.view(), mean, by)
    })
}

/// Normalises by means and deviations.
type Normalize<'f> = &'f dyn Fn(View<'_>, &[f64], &[f64]) -> Result<Image>;

fn normalize_pictures(
    call: &BatchCall<'_>,
    pictures: &ArrayRef,
    normalize: Normalize<'_>,
) -> Result<ArrayRef> {
    let (means, deviations) = (VectorView::new(call.arg(1)?)?, VectorView::new(call.arg(2)?)?);
    map_pictures(call, pictures, &|source, row| {
        let (Some(mean), Some(by)) = (means.get(row)?, deviations.get(row)?) else { return Ok(None) };
        normalize(source, mean, by).map(Some)
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
    map_tensors(call, pictures, &|shape, data, row| convert(View::new(shape, data)?, row))
}

/// Makes a picture of shape and values of a tensor, in a row.
type Convert<'f> = &'f dyn Fn(&[i64], &[f32], usize) -> Result<Option<Image>>;

/// A picture of each tensor of the first argument, which are `tensors`; NULL stays NULL.
fn map_tensors(call: &BatchCall<'_>, tensors: &ArrayRef, convert: Convert<'_>) -> Result<ArrayRef> {
    let operand = call.arg(0)?;
    let tensors = TensorColumn::new(tensors)?;
    let mut pictures = TensorBuilder::with_capacity(DataType::Picture, call.rows, 0);
    for row in 0..call.rows {
        let picture = match tensors.get(operand.index(row)) {
            Some((shape, data)) => convert(shape, data, row).map_err(|error| error.in_row(row))?,
            None => None,
        };
        match picture {
            Some(Image { height, width, channels, data }) => {
                pictures.append(&shape([height, width, channels])?, &data);
            }
            None => pictures.append_null(),
        }
    }
    pictures.finish()
}

fn shape([height, width, channels]: [usize; 3]) -> Result<[i64; 3]> {
    let side = |length: usize| i64::try_from(length).ok().invariant("a side of a picture");
    Ok([side(height)?, side(width)?, side(channels)?])
}
