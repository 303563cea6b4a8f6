//! Pictures: `ML.DECODE_IMAGE` and `ML.RESIZE_IMAGE`. Source: BigQuery ML, "Image functions".

use arrow_array::ArrayRef;
use arrow_array::cast::AsArray;

use super::{Call, Function, Signature, Type};
use crate::control::Stage;
use crate::data::{TensorBuilder, TensorColumn};
use crate::diag::{Code, Error, Result};
use crate::image::{self, View};

pub(super) const FUNCTIONS: &[Function] = &[
    Function::new(
        "ML.DECODE_IMAGE",
        "A picture (JPEG, PNG, BMP) as height x width x 3 values in [0, 1].",
        &[Signature::scalar(&[Type::Bytes], Type::Tensor, decode)],
    )
    .stage(Stage::Decode),
    Function::new(
        "ML.RESIZE_IMAGE",
        "A picture in another size: height, then width; TRUE keeps its proportions.",
        &[Signature::scalar(&[Type::Tensor, Type::Int64, Type::Int64, Type::Bool], Type::Tensor, resize)],
    )
    .stage(Stage::Preprocess),
];

/// `ML.DECODE_IMAGE(bytes)`: height × width × 3 values in [0, 1].
fn decode(call: &Call<'_>) -> Result<ArrayRef> {
    let operand = call.arg(0)?;
    let bytes =
        operand.array().as_binary_opt::<i32>().ok_or_else(|| Error::new(Code::Internal, "expected bytes"))?;
    let mut tensors = TensorBuilder::with_capacity(call.rows, 0);
    for row in 0..call.rows {
        if operand.is_null(row) {
            tensors.append_null();
            continue;
        }
        let picture = image::decode(bytes.value(operand.index(row)), &call.env.limits)
            .map_err(|error| error.in_row(row))?;
        tensors.append(&shape(&picture), &picture.data);
    }
    tensors.finish()
}

/// `ML.RESIZE_IMAGE(image, target_height, target_width, preserve_aspect_ratio)`.
fn resize(call: &Call<'_>) -> Result<ArrayRef> {
    let operand = call.arg(0)?;
    let pictures = TensorColumn::new(operand.array())?;
    let (heights, widths, preserve) = (call.arg(1)?.ints()?, call.arg(2)?.ints()?, call.arg(3)?.bools()?);
    let mut tensors = TensorBuilder::with_capacity(call.rows, 0);
    for row in 0..call.rows {
        let target = (pictures.get(operand.index(row)), heights.get(row), widths.get(row), preserve.get(row));
        let (Some((shape_in, data)), Some(height), Some(width), Some(preserve)) = target else {
            tensors.append_null();
            continue;
        };
        let resized = View::new(shape_in, data)
            .and_then(|source| image::resize(source, size(height)?, size(width)?, preserve))
            .map_err(|error| error.in_row(row))?;
        tensors.append(&shape(&resized), &resized.data);
    }
    tensors.finish()
}

fn shape(picture: &image::Image) -> [i64; 3] {
    [picture.height, picture.width, picture.channels].map(|it| i64::try_from(it).unwrap_or(i64::MAX))
}

fn size(value: i64) -> Result<usize> {
    usize::try_from(value)
        .map_err(|_| Error::new(Code::InvalidValue, format!("expected a size of at least 1, found {value}")))
}
