//! What detectors find, as rows: `ML.NON_MAX_SUPPRESSION` and `ML.BOXES_TO_IMAGE`.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{Float64Type, Int64Type};
use arrow_array::{Array, ArrayRef, Float64Array, Int64Array, StructArray};
use arrow_schema::DataType as Arrow;

use super::options::{self, Known};
use crate::data::{DataType, Scalar, StructField, TensorColumn};
use crate::diag::{Code, Error, Invariant, Result};
use crate::function::array_view::{ArrayView, VectorView};
use crate::function::{Argument, BatchCall};
use crate::image::{BoxFormat, Candidates, Fitted, Found, Kept, suppress, to_picture};

const OVERLAP: Known = ("iou_threshold", DataType::Float64);
const SCORE: Known = ("score_threshold", DataType::Float64);
const MOST: Known = ("max_boxes", DataType::Int64);
const FORMAT: Known = ("box_format", DataType::String);
const ACROSS: Known = ("across_classes", DataType::Bool);
const LAYOUT: Known = ("layout", DataType::String);
const LETTERBOX: Known = ("letterbox", DataType::Bool);
const RELATIVE: Known = ("relative", DataType::Bool);

/// More are no answer that anybody reads, and each is compared with all others of its class.
const MOST_BOXES: i64 = 10_000;

/// The parts of a box that was found.
const CORNERS: [&str; 4] = ["xmin", "ymin", "xmax", "ymax"];

/// A box as a value.
fn found_type() -> DataType {
    let field = |name: &str, data_type| StructField { name: name.into(), data_type };
    let corners = CORNERS.map(|name| field(name, DataType::Float64));
    let fields = [field("class", DataType::Int64), field("score", DataType::Float64)];
    DataType::Struct(fields.into_iter().chain(corners).collect())
}

pub(super) fn kept_boxes(args: &[Argument]) -> Result<DataType> {
    options::check("ML.NON_MAX_SUPPRESSION", args.get(2), &[OVERLAP, SCORE, MOST, FORMAT, ACROSS])?;
    Ok(DataType::array(found_type()))
}

pub(super) fn kept_of_output(args: &[Argument]) -> Result<DataType> {
    options::check("ML.NON_MAX_SUPPRESSION", args.get(2), &[OVERLAP, SCORE, MOST, ACROSS])?;
    Ok(DataType::array(found_type()))
}

pub(super) fn boxes_in_picture(args: &[Argument]) -> Result<DataType> {
    options::check("ML.BOXES_TO_IMAGE", args.get(4), &[LETTERBOX, RELATIVE])?;
    let wanted = DataType::array(found_type());
    match args.first() {
        Some(boxes) if boxes.data_type != wanted => Err(Error::new(
            Code::TypeMismatch,
            format!(
                "expected boxes as ML.NON_MAX_SUPPRESSION gives them, {wanted}, found {}",
                boxes.data_type
            ),
        )),
        _ => Ok(wanted),
    }
}

/// `ML.NON_MAX_SUPPRESSION(boxes, scores [, options])`: a tensor `[n, 4]`, and one `[n, classes]`.
pub(super) fn suppress_boxes(call: &BatchCall<'_>) -> Result<ArrayRef> {
    let (boxes, scores) = (call.arg(0)?, call.arg(1)?);
    let (all_boxes, all_scores) = (TensorColumn::new(boxes.array())?, TensorColumn::new(scores.array())?);
    found_arrays(call, &|row| {
        let (_, values) = all_boxes.get(boxes.index(row)).invariant("boxes that are not NULL")?;
        let (shape, scores) = all_scores.get(scores.index(row)).invariant("scores that are not NULL")?;
        let by_class =
            |box_index: usize, class: usize, classes: usize| value(scores, box_index * classes + class);
        of_boxes(call, row, values, (shape.len() > 1, scores.len()), &by_class)
    })
}

/// The same with one score for each box.
pub(super) fn suppress_scored(call: &BatchCall<'_>) -> Result<ArrayRef> {
    let boxes = call.arg(0)?;
    let (all_boxes, all_scores) = (TensorColumn::new(boxes.array())?, VectorView::new(call.arg(1)?)?);
    found_arrays(call, &|row| {
        let (_, values) = all_boxes.get(boxes.index(row)).invariant("boxes that are not NULL")?;
        let scores = all_scores.get(row)?.invariant("scores that are not NULL")?;
        #[expect(clippy::cast_possible_truncation, reason = "models compute scores in 32-bit floats")]
        let score =
            |index: usize, _: usize, _: usize| scores.get(index).map_or(f32::NAN, |score| *score as f32);
        of_boxes(call, row, values, (false, scores.len()), &score)
    })
}

/// The score of a box for a class, of so many.
type Score<'f> = &'f dyn Fn(usize, usize, usize) -> f32;

/// `many` says whether there is a score for each class, and how many scores there are.
fn of_boxes(
    call: &BatchCall<'_>,
    row: usize,
    boxes: &[f32],
    (by_class, scores): (bool, usize),
    score: Score<'_>,
) -> Result<Vec<Found>> {
    let (boxes, rest) = boxes.as_chunks::<4>();
    let count = boxes.len();
    let classes = if by_class && count > 0 { scores / count } else { 1 };
    if !rest.is_empty() || count * classes != scores {
        let message = format!(
            "expected scores of each of {count} boxes of four numbers, found {scores} scores and {} numbers",
            count * 4 + rest.len()
        );
        return Err(Error::new(Code::InvalidValue, message).hint(
            "boxes are a tensor [n, 4], scores one of [n, classes] or an array of n; ML.RESHAPE gives values other dimensions",
        ));
    }
    let format = match options::value(call, 2, &FORMAT, row)? {
        Some(Scalar::String(name)) => named(&FORMAT, &BoxFormat::NAMES, &name)?,
        _ => BoxFormat::Xyxy,
    };
    let corners = |index: usize| boxes.get(index).copied().unwrap_or([f32::NAN; 4]);
    let score = |index, class| score(index, class, classes);
    suppress(&Candidates { count, classes, format, corners: &corners, score: &score }, kept(call, row)?)
}

/// Outputs that hold boxes and scores in one tensor.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Layout {
    /// `[n, 5 + classes]`: a box, whether there is anything in it, and what.
    YoloV5,
    /// `[4 + classes, n]`: boxes and scores one below the other.
    YoloV8,
}

const LAYOUTS: [(&str, Layout); 2] = [("yolov5", Layout::YoloV5), ("yolov8", Layout::YoloV8)];

/// `ML.NON_MAX_SUPPRESSION(output, layout [, options])`.
pub(super) fn suppress_output(call: &BatchCall<'_>) -> Result<ArrayRef> {
    let output = call.arg(0)?;
    let (outputs, layouts) = (TensorColumn::new(output.array())?, call.arg(1)?.strings()?);
    found_arrays(call, &|row| {
        let (shape, values) = outputs.get(output.index(row)).invariant("an output that is not NULL")?;
        let name = layouts.at(row);
        let layout = named(&LAYOUT, &LAYOUTS, name)?;
        let (count, classes) = in_one(layout, shape).ok_or_else(|| {
            Error::new(
                Code::InvalidValue,
                format!("a tensor of shape {shape:?} is no output of layout '{name}'"),
            )
            .hint("'yolov5' is [n, 5 + classes], 'yolov8' is [4 + classes, n]")
        })?;
        let at = |index: usize, place: usize| match layout {
            Layout::YoloV5 => value(values, index * (classes + 5) + place),
            Layout::YoloV8 => value(values, place * count + index),
        };
        let corners = |index: usize| [0, 1, 2, 3].map(|place| at(index, place));
        let score = |index: usize, class: usize| match layout {
            Layout::YoloV5 => at(index, 4) * at(index, 5 + class),
            Layout::YoloV8 => at(index, 4 + class),
        };
        let format = BoxFormat::Cxcywh;
        suppress(&Candidates { count, classes, format, corners: &corners, score: &score }, kept(call, row)?)
    })
}

/// How many boxes and classes an output of this shape has; `None` where it has another layout.
fn in_one(layout: Layout, shape: &[i64]) -> Option<(usize, usize)> {
    let sizes: Vec<usize> = shape.iter().map(|size| usize::try_from(*size).ok()).collect::<Option<_>>()?;
    let &[first, second] = sizes.as_slice() else { return None };
    let (count, more, before) = match layout {
        Layout::YoloV5 => (first, second, 5),
        Layout::YoloV8 => (second, first, 4),
    };
    let classes = more.checked_sub(before)?;
    (classes > 0).then_some((count, classes))
}

/// A value whose place follows from sizes that were compared before.
fn value(values: &[f32], place: usize) -> f32 {
    values.get(place).copied().unwrap_or(f32::NAN)
}

/// What the options say of what is kept.
fn kept(call: &BatchCall<'_>, row: usize) -> Result<Kept> {
    let share = |option: &Known, default: f32| match options::value(call, 2, option, row)? {
        #[expect(clippy::cast_possible_truncation, reason = "scores are 32-bit floats")]
        Some(Scalar::Float64(share)) if (0.0..=1.0).contains(&share) => Ok(share as f32),
        Some(Scalar::Float64(share)) => {
            let message = format!("expected `{}` from 0 to 1, found {share}", option.0);
            Err(Error::new(Code::InvalidOption, message))
        }
        _ => Ok(default),
    };
    let most = match options::value(call, 2, &MOST, row)? {
        Some(Scalar::Int64(most)) if (1..=MOST_BOXES).contains(&most) => most,
        Some(Scalar::Int64(most)) => {
            let message = format!("expected `max_boxes` from 1 to {MOST_BOXES}, found {most}");
            return Err(Error::new(Code::InvalidOption, message));
        }
        _ => 100,
    };
    Ok(Kept {
        overlap: share(&OVERLAP, 0.5)?,
        score: share(&SCORE, 0.25)?,
        most: usize::try_from(most).ok().invariant("a number of boxes")?,
        across_classes: options::is_set(call, 2, &ACROSS, row)?,
    })
}

/// What an option's word stands for, case aside.
pub(super) fn named<T: Copy>(option: &Known, words: &[(&'static str, T)], word: &str) -> Result<T> {
    let found = words.iter().find(|(name, _)| name.eq_ignore_ascii_case(word));
    found.map(|(_, meaning)| *meaning).ok_or_else(|| {
        Error::new(Code::InvalidOption, format!("the option `{}` has no value '{word}'", option.0))
            .or_list("the values are", words.iter().map(|(name, _)| *name))
    })
}

/// `ML.BOXES_TO_IMAGE(boxes, dimensions, height, width [, options])`.
pub(super) fn boxes_to_image(call: &BatchCall<'_>) -> Result<ArrayRef> {
    let boxes = ArrayView::new(call.arg(0)?)?;
    let parts = boxes.values().as_struct_opt().invariant("boxes are structs")?;
    let Some((class, [score, corners @ ..])) = parts.columns().split_first() else {
        return Err(Error::internal("a box has six parts"));
    };
    let class = class.as_primitive_opt::<Int64Type>().invariant("a class is INT64")?;
    let floats = |column: &ArrayRef| column.as_primitive_opt::<Float64Type>().cloned().invariant("FLOAT64");
    let (score, corners) = (floats(score)?, corners.iter().map(floats).collect::<Result<Vec<_>>>()?);
    let dimensions = ArrayView::new(call.arg(1)?)?;
    let (heights, widths) = (call.arg(2)?.ints()?, call.arg(3)?.ints()?);
    let found = |row: usize, boxed: &mut Vec<Boxed>| {
        let fitted = Fitted {
            picture: sides(&dimensions, row)?,
            input: [side(heights.at(row))?, side(widths.at(row))?],
            letterbox: options::is_set(call, 4, &LETTERBOX, row)?,
            relative: options::is_set(call, 4, &RELATIVE, row)?,
        };
        for index in boxes.range(row) {
            if parts.is_null(index) {
                return Err(Error::new(Code::InvalidValue, "a box is NULL"));
            }
            let [left, top, right, bottom] = corners.as_slice() else {
                return Err(Error::internal("a box has four corners"));
            };
            let places = [left, top, right, bottom].map(|column| column.value(index));
            boxed.push((class.value(index), score.value(index), to_picture(places, fitted)));
        }
        Ok(())
    };
    call.arrays(&found, &structs)
}

/// Height and width of a picture of these dimensions.
fn sides(dimensions: &ArrayView<'_>, row: usize) -> Result<[usize; 2]> {
    let all = dimensions.values().as_primitive_opt::<Int64Type>().invariant("dimensions are INT64")?;
    let found: Vec<i64> = dimensions.range(row).map(|index| all.value(index)).collect();
    match found.as_slice() {
        &[height, width] | &[height, width, _] => Ok([side(height)?, side(width)?]),
        _ => Err(Error::new(
            Code::InvalidValue,
            format!("expected the dimensions of a picture, [height, width, channels], found {found:?}"),
        )),
    }
}

fn side(value: i64) -> Result<usize> {
    usize::try_from(value).ok().filter(|side| *side > 0).ok_or_else(|| {
        Error::new(Code::InvalidValue, format!("expected a size of at least 1, found {value}"))
    })
}

/// Class, score and corners.
type Boxed = (i64, f64, [f64; 4]);

/// An array of boxes for each row.
fn found_arrays(call: &BatchCall<'_>, found: &dyn Fn(usize) -> Result<Vec<Found>>) -> Result<ArrayRef> {
    let boxed = |row: usize, boxed: &mut Vec<Boxed>| {
        for Found { class, score, corners } in found(row)? {
            let class = i64::try_from(class).ok().invariant("a number of a class")?;
            boxed.push((class, score.into(), corners.map(f64::from)));
        }
        Ok(())
    };
    call.arrays(&boxed, &structs)
}

fn structs(found: Vec<Boxed>) -> Result<ArrayRef> {
    let Arrow::Struct(fields) = found_type().storage() else {
        return Err(Error::internal("the layout of a box is a struct"));
    };
    let corner = |place: fn(&[f64; 4]) -> f64| -> ArrayRef {
        Arc::new(found.iter().map(|(_, _, corners)| place(corners)).collect::<Float64Array>())
    };
    let columns: Vec<ArrayRef> = vec![
        Arc::new(found.iter().map(|(class, ..)| *class).collect::<Int64Array>()),
        Arc::new(found.iter().map(|(_, score, _)| *score).collect::<Float64Array>()),
        corner(|[left, ..]| *left),
        corner(|[_, top, ..]| *top),
        corner(|[_, _, right, _]| *right),
        corner(|[.., bottom]| *bottom),
    ];
    StructArray::try_new(fields, columns, None)
        .map(|array| Arc::new(array) as ArrayRef)
        .map_err(|error| Error::internal("boxes cannot be built").detail(error))
}
