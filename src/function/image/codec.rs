//! Pictures from bytes.

use arrow_array::ArrayRef;
use pictures::Target;

use super::options::{self, BACKGROUND, UPRIGHT};
use super::shape;
use crate::data::{DataType, TensorBuilder};
use crate::diag::{Invariant, Result};
use crate::function::array_view::VectorView;
use crate::function::{Argument, BatchCall};
use crate::image::{self, Wishes};
use crate::limits::RESIZED_VALUES;

/// The type of a decoded image, once its options are known to be some.
pub(super) fn decoded(args: &[Argument]) -> Result<DataType> {
    options::check("ML.DECODE_IMAGE", args.get(1), &[UPRIGHT, BACKGROUND])?;
    Ok(DataType::Picture)
}

/// `ML.DECODE_IMAGE(bytes [, options])`: height × width × 3 values in [0, 1].
pub(super) fn decode(call: &BatchCall<'_>) -> Result<ArrayRef> {
    decode_argument(call, 0, &|_| Ok(None), &|_, _| Ok(()))
}

/// `ML.RESIZE_IMAGE(ML.DECODE_IMAGE(bytes [, options]), height, width, preserve_aspect_ratio)`, whose arguments are height,
/// width, whether the ratio is preserved, and then those of the inner call. No picture is there in floats in its own size.
///
/// # Errors
/// `internal`, before anything is decoded, where the two have to be computed one after the other; else as both.
pub(super) fn decode_resized(call: &BatchCall<'_>) -> Result<ArrayRef> {
    decode_into(call, 0, &|_, _| Ok(()))
}

/// The same inside of `ML.NORMALIZE_IMAGE`, whose means and deviations come first.
///
/// # Errors
/// As of [`decode_resized`].
pub(super) fn decode_normalized(call: &BatchCall<'_>) -> Result<ArrayRef> {
    let (means, deviations) = (VectorView::new(call.arg(0)?)?, VectorView::new(call.arg(1)?)?);
    decode_into(call, 2, &|row, values| {
        let (mean, by) =
            means.get(row)?.zip(deviations.get(row)?).invariant("a picture is normalised by numbers")?;
        image::scale(values, &image::scales(3, mean, by)?);
        Ok(())
    })
}

/// Pictures at the size that three arguments from `position` on say, in front of the bytes; `finish` changes their values.
fn decode_into(call: &BatchCall<'_>, position: usize, finish: Finish<'_>) -> Result<ArrayRef> {
    let [heights, widths] = [call.arg(position)?.ints()?, call.arg(position + 1)?.ints()?];
    let preserve = call.arg(position + 2)?.bools()?;
    let target = |row| {
        let side = |length: Option<i64>| {
            length.and_then(|length| u32::try_from(length).ok()).filter(|length| *length > 0)
        };
        let size = side(heights.get(row)).zip(side(widths.get(row))).zip(preserve.get(row));
        let ((height, width), preserves_aspect_ratio) = size.invariant("a picture is resized to a size")?;
        Ok(Some(Target { height, width, preserves_aspect_ratio }))
    };
    let mut left = RESIZED_VALUES as u64;
    for row in 0..call.rows {
        let values = target(row)?.map(|target| u64::from(target.height).saturating_mul(target.width.into()));
        let values = values.and_then(|pixels| pixels.checked_mul(3));
        let values = values.filter(|values| *values <= call.env.limits.image_values as u64);
        left = values.and_then(|values| left.checked_sub(values)).invariant("resized pictures have room")?;
    }
    decode_argument(call, position + 3, &target, finish)
}

/// Changes the values of the picture in a row.
type Finish<'f> = &'f dyn Fn(usize, &mut [f32]) -> Result<()>;

/// Pictures of the bytes that are argument `position`, behind which options may be, at the size that `target` has for a row.
fn decode_argument(
    call: &BatchCall<'_>,
    position: usize,
    target: &dyn Fn(usize) -> Result<Option<Target>>,
    finish: Finish<'_>,
) -> Result<ArrayRef> {
    let operand = call.arg(position)?;
    let bytes = operand.bytes()?;
    let env = call.env;
    let mut tensors = TensorBuilder::with_capacity(DataType::Picture, call.rows, 0);
    for row in 0..call.rows {
        if operand.is_null(row) {
            tensors.append_null();
            continue;
        }
        let picture = wishes(call, position + 1, row)
            .and_then(|wishes| {
                let wishes = Wishes { target: target(row)?, ..wishes };
                let mut picture = env.decoder.decode(bytes.at(row), wishes, &env.limits)?;
                finish(row, &mut picture.values)?;
                Ok(picture)
            })
            .map_err(|error| error.in_row(row))?;
        if picture.orientation != 1 {
            env.found_turned.set(true);
        }
        tensors.append(&shape([picture.height, picture.width, 3])?, &picture.values);
    }
    tensors.finish()
}

/// What the options of a call, its argument `position`, say for a row.
fn wishes(call: &BatchCall<'_>, position: usize, row: usize) -> Result<Wishes> {
    let upright = options::is_set(call, position, &UPRIGHT, row)?;
    Ok(Wishes { upright, background: options::background(call, position, row)?, target: None })
}
