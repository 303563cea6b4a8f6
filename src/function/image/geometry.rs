//! Sizes of pictures and parts of them. An image of integers stays one; what lies between is rounded half to even.

use std::cell::Cell;

use arrow_array::ArrayRef;

use super::options::{self, ANTIALIAS, BACKGROUND};
use super::{floats, map_pictures};
use crate::data::{DataType, integer_pictures};
use crate::diag::{Code, Error, Result};
use crate::function::{Argument, BatchCall};
use crate::image::{self, Area, Image, Target, View};
use crate::limits::RESIZED_VALUES;

/// The type of a resized image, once its options are known to be some.
pub(super) fn resized(args: &[Argument]) -> Result<DataType> {
    options::check("ML.RESIZE_IMAGE", args.get(4), &[ANTIALIAS])?;
    cropped(args)
}

/// The type of an image with borders, once its options are known to be some.
pub(super) fn letterboxed(args: &[Argument]) -> Result<DataType> {
    options::check("ML.LETTERBOX_IMAGE", args.get(3), &[BACKGROUND, ANTIALIAS])?;
    cropped(args)
}

/// The type of a part of an image.
pub(super) fn cropped(args: &[Argument]) -> Result<DataType> {
    let is_integer = args.first().is_some_and(|image| image.data_type == DataType::integer_image());
    Ok(if is_integer { DataType::IntegerPicture } else { DataType::Picture })
}

/// `ML.RESIZE_IMAGE(image, target_height, target_width, preserve_aspect_ratio [, options])`.
pub(super) fn resize(call: &BatchCall<'_>) -> Result<ArrayRef> {
    let preserve = call.arg(3)?.bools()?;
    change(call, 1, &|source, [height, width], row, most| {
        let Some(preserves_aspect_ratio) = preserve.get(row) else { return Ok(None) };
        let antialias = options::is_set(call, 4, &ANTIALIAS, row)?;
        let target = Target { height, width, preserves_aspect_ratio, antialias };
        image::resize(source, target, most).map(Some)
    })
}

/// `ML.LETTERBOX_IMAGE(image, height, width [, options])`.
pub(super) fn letterbox(call: &BatchCall<'_>) -> Result<ArrayRef> {
    let unit = if *call.returns == DataType::IntegerPicture { 1.0 } else { 255.0 };
    change(call, 1, &|source, [height, width], row, most| {
        image::check_room(height, width, source.channels(), most)?;
        let antialias = options::is_set(call, 3, &ANTIALIAS, row)?;
        let target = Target { height, width, preserves_aspect_ratio: true, antialias };
        let inside = image::resize(source, target, most)?;
        let border = options::background(call, 3, row)?.unwrap_or([0; 3]);
        image::pad(&inside, height, width, border.map(|value| f32::from(value) / unit)).map(Some)
    })
}

/// `ML.CROP_IMAGE(image, height, width)`: the middle.
pub(super) fn crop_centre(call: &BatchCall<'_>) -> Result<ArrayRef> {
    change(call, 1, &|source, [height, width], _, _| {
        image::crop(source, image::centre(source, height, width)).map(Some)
    })
}

/// `ML.CROP_IMAGE(image, top, left, height, width)`.
pub(super) fn crop_area(call: &BatchCall<'_>) -> Result<ArrayRef> {
    in_area(call, image::crop)
}

/// `ML.COVER_IMAGE(image, top, left, height, width)`.
pub(super) fn cover(call: &BatchCall<'_>) -> Result<ArrayRef> {
    in_area(call, image::cover)
}

/// Changes what lies in, or around, the area that the arguments after the image name.
fn in_area(call: &BatchCall<'_>, changed: fn(View<'_>, Area) -> Result<Image>) -> Result<ArrayRef> {
    let (tops, lefts) = (call.arg(1)?.ints()?, call.arg(2)?.ints()?);
    change(call, 3, &|source, [height, width], row, _| {
        let (Some(top), Some(left)) = (tops.get(row), lefts.get(row)) else { return Ok(None) };
        let (top, left) = (whole(top, "a row or a column from 0")?, whole(left, "a row or a column from 0")?);
        changed(source, Area { top, left, height, width }).map(Some)
    })
}

/// What becomes of an image: given a height and a width, its row, and the most values that there is room for.
type Change<'f> = &'f dyn Fn(View<'_>, [usize; 2], usize, usize) -> Result<Option<Image>>;

/// Changes each image of the first argument; its height and width begin at argument `sizes`. All images of a batch
/// together have a limit.
fn change(call: &BatchCall<'_>, sizes: usize, change: Change<'_>) -> Result<ArrayRef> {
    let (heights, widths) = (call.arg(sizes)?.ints()?, call.arg(sizes + 1)?.ints()?);
    let left = Cell::new(RESIZED_VALUES);
    let changed = |source: View<'_>, row: usize| {
        let (Some(height), Some(width)) = (heights.get(row), widths.get(row)) else { return Ok(None) };
        let size = |value| whole(value, "a size of at least 1");
        let changed = change(source, [size(height)?, size(width)?], row, left.get())?;
        let values = changed.as_ref().map_or(0, |image| image.data.len());
        left.set(left.get().saturating_sub(values));
        Ok(changed)
    };
    if *call.returns != DataType::IntegerPicture {
        return map_pictures(call, call.arg(0)?.array(), &changed);
    }
    integer_pictures(&map_pictures(call, &floats(call)?, &|source, row| {
        image::check_bytes(source)?;
        Ok(changed(source, row)?.map(|image| image.map(f32::round_ties_even)))
    })?)
}

fn whole(value: i64, wanted: &str) -> Result<usize> {
    usize::try_from(value)
        .map_err(|_| Error::new(Code::InvalidValue, format!("expected {wanted}, found {value}")))
}
