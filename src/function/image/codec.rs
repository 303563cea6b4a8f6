//! Pictures from bytes.

use arrow_array::ArrayRef;

use super::options::{self, BACKGROUND, UPRIGHT};
use super::shape;
use crate::data::{DataType, TensorBuilder};
use crate::diag::Result;
use crate::function::{Argument, BatchCall};
use crate::image::Wishes;

/// The type of a decoded image, once its options are known to be some.
pub(super) fn decoded(args: &[Argument]) -> Result<DataType> {
    options::check("ML.DECODE_IMAGE", args.get(1), &[UPRIGHT, BACKGROUND])?;
    Ok(DataType::Picture)
}

/// `ML.DECODE_IMAGE(bytes [, options])`: height × width × 3 values in [0, 1].
pub(super) fn decode(call: &BatchCall<'_>) -> Result<ArrayRef> {
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
    let upright = options::is_set(call, 1, &UPRIGHT, row)?;
    Ok(Wishes { upright, background: options::background(call, 1, row)? })
}
