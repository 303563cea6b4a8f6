//! What models have drawn: tensors and masks as pictures, and pictures as bytes of files.

use std::borrow::Cow;

use arrow_array::ArrayRef;
use pictures::Format;

use super::boxes::named;
use super::options::{self, Known};
use super::{floats, map_tensors};
use crate::data::{DataType, Scalar, TensorColumn};
use crate::diag::{Code, Error, Invariant, Result};
use crate::function::{Argument, BatchCall};
use crate::image::{self, Colors, Image, Order, Planes, View, Written};

const QUALITY: Known = ("quality", DataType::Int64);
const LAYOUT: Known = ("layout", DataType::String);
const THRESHOLD: Known = ("threshold", DataType::Float64);

const FORMATS: [(&str, Format); 3] = [("PNG", Format::Png), ("JPEG", Format::Jpeg), ("JPG", Format::Jpeg)];

fn colors() -> Known {
    ("colors", DataType::array(DataType::String))
}

pub(super) fn encoded(args: &[Argument]) -> Result<DataType> {
    options::check("ML.ENCODE_IMAGE", args.get(2), &[QUALITY])?;
    Ok(DataType::Bytes)
}

pub(super) fn masked(args: &[Argument]) -> Result<DataType> {
    options::check("ML.MASK_IMAGE", args.get(1), &[LAYOUT, THRESHOLD, colors()])?;
    Ok(DataType::Picture)
}

/// `ML.ENCODE_IMAGE(image [, format [, options]])` of values from 0 to 1.
pub(super) fn encode(call: &BatchCall<'_>) -> Result<ArrayRef> {
    encode_images(call, call.arg(0)?.array(), &|source| {
        image::check_units(source)?;
        Ok(image::to_bytes(source))
    })
}

/// The same of integers from 0 to 255.
pub(super) fn encode_integers(call: &BatchCall<'_>) -> Result<ArrayRef> {
    encode_images(call, &floats(call)?, &|source| {
        image::check_bytes(source)?;
        Ok(source.owned())
    })
}

fn encode_images(
    call: &BatchCall<'_>,
    images: &ArrayRef,
    to_bytes: &dyn Fn(View<'_>) -> Result<Image>,
) -> Result<ArrayRef> {
    let (operand, images) = (call.arg(0)?, TensorColumn::new(images)?);
    let formats = call.args.get(1).map(|format| format.strings()).transpose()?;
    call.bytes(&|row| {
        let (shape, data) = images.get(operand.index(row)).invariant("an image that is not NULL")?;
        let format = match formats.as_ref().and_then(|formats| formats.get(row)) {
            Some(name) => named(&("format", DataType::String), &FORMATS, name)?,
            None => Format::Png,
        };
        let quality = match options::value(call, 2, &QUALITY, row)? {
            Some(Scalar::Int64(quality)) => {
                u8::try_from(quality).ok().filter(|quality| (1..=100).contains(quality)).ok_or_else(|| {
                    let message = format!("expected `quality` from 1 to 100, found {quality}");
                    Error::new(Code::InvalidOption, message)
                })?
            }
            _ => 90,
        };
        let bytes = to_bytes(View::new(shape, data)?)?;
        call.env.decoder.encode(bytes.view(), Written { format, quality }).map(|file| Some(Cow::Owned(file)))
    })
}

/// `ML.TENSOR_TO_IMAGE(tensor [, layout])`.
pub(super) fn tensor_to_image(call: &BatchCall<'_>) -> Result<ArrayRef> {
    let layouts = call.args.get(1).map(|layout| layout.strings()).transpose()?;
    map_tensors(call, call.arg(0)?.array(), &|shape, data, row| {
        let order = match layouts.as_ref().and_then(|layouts| layouts.get(row)) {
            Some(name) => named(&LAYOUT, &Order::NAMES, name)?,
            None => Order::First,
        };
        Ok(Some(Planes::new(shape, data, order)?.picture()))
    })
}

/// `ML.MASK_IMAGE(scores [, options])`.
pub(super) fn mask(call: &BatchCall<'_>) -> Result<ArrayRef> {
    map_tensors(call, call.arg(0)?.array(), &|shape, data, row| {
        let threshold = match options::value(call, 1, &THRESHOLD, row)? {
            #[expect(clippy::cast_possible_truncation, reason = "scores are 32-bit floats")]
            Some(Scalar::Float64(threshold)) => threshold as f32,
            _ => 0.5,
        };
        Planes::new(shape, data, order(call, row)?)?.colored(threshold, &chosen(call, row)?).map(Some)
    })
}

/// The same of the numbers of classes.
pub(super) fn mask_numbers(call: &BatchCall<'_>) -> Result<ArrayRef> {
    map_tensors(call, &floats(call)?, &|shape, data, row| {
        Planes::new(shape, data, order(call, row)?)?.numbered(&chosen(call, row)?).map(Some)
    })
}

fn order(call: &BatchCall<'_>, row: usize) -> Result<Order> {
    match options::value(call, 1, &LAYOUT, row)? {
        Some(Scalar::String(name)) => named(&LAYOUT, &Order::NAMES, &name),
        _ => Ok(Order::First),
    }
}

/// The colors of classes that the options name, else those of PASCAL VOC.
fn chosen(call: &BatchCall<'_>, row: usize) -> Result<Colors> {
    let texts = match options::value(call, 1, &colors(), row)? {
        Some(Scalar::Array(_, texts)) => texts,
        Some(_) => {
            return Err(Error::new(Code::InvalidOption, "expected `colors` as a list that is written out"));
        }
        None => return Ok(Colors::voc()),
    };
    let color = |text: &Scalar| match text {
        Scalar::String(text) => options::color(text),
        other => {
            Err(Error::new(Code::InvalidOption, format!("expected a color as '#rrggbb', found {other:?}")))
        }
    };
    texts.iter().map(color).collect::<Result<_>>().map(Colors::new)
}
