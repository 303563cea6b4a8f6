//! Functions over tensors: values with their dimensions, in the order of rows. They are PredictQL's own.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::Int64Type;
use arrow_array::{Array, ArrayRef, Int64Array, StructArray, UInt64Array};
use arrow_schema::DataType as Arrow;

use super::array_view::ArrayView;
use super::{Argument, BatchCall, Body, Function, Signature, Type};
use crate::data::{CastMode, DataType, Operand, TimeZones, cast, take};
use crate::diag::{Code, Error, Invariant, Result};

pub(super) const FUNCTIONS: &[Function] = &[
    Function::new(
        "ML.RESHAPE",
        "The values of an array or tensor as a tensor of these dimensions, for inputs of models; one of them may be -1 and \
         follows from the others. PredictQL's own.",
        &[Signature::infer(
            &[Type::Arbitrary, Type::ArrayOf(&Type::Int64)],
            |args| tensor_type(args, 1),
            Body::Scalar(reshape),
        )],
    ),
    Function::new(
        "ML.CONCAT",
        "Two arrays or tensors joined along an axis, from 0, negative ones from the end, by default the first: a tensor. \
         PredictQL's own.",
        &[Signature::infer(
            &[Type::Arbitrary, Type::Arbitrary, Type::Int64],
            |args| tensor_type(args, 2),
            Body::Scalar(concat),
        )
        .optional(1)],
    ),
];

/// The type of a tensor with the values of the first `count` arguments.
fn tensor_type(args: &[Argument], count: usize) -> Result<DataType> {
    let mut found = None;
    for arg in args.iter().take(count) {
        let element = element_of(&arg.data_type).ok_or_else(|| {
            Error::new(Code::TypeMismatch, format!("expected an array or a tensor, found {}", arg.data_type))
                .hint("a tensor is ML.RESHAPE(values, dimensions), or STRUCT([2, 3] AS dimensions, values AS values)")
        })?;
        match &found {
            Some(other) if *other != element => {
                let message = format!("expected tensors of one type, found values of {other} and {element}");
                return Err(Error::new(Code::TypeMismatch, message).hint("CAST one of them"));
            }
            _ => found = Some(element),
        }
    }
    found.map(DataType::tensor_of).invariant("an argument for the tensor")
}

/// What an array or a tensor holds, whatever the parts of the tensor are called.
fn element_of(data_type: &DataType) -> Option<DataType> {
    if let DataType::Array(element) = data_type {
        return Some((**element).clone());
    }
    let fields = data_type.fields();
    let [dimensions, values] = fields.as_slice() else { return None };
    let is_one = |names: [&str; 2]| {
        dimensions.name.eq_ignore_ascii_case(names[0]) && values.name.eq_ignore_ascii_case(names[1])
    };
    let is_tensor = is_one(["dimensions", "values"]) || is_one(["shape", "data"]);
    match &values.data_type {
        DataType::Array(element) if is_tensor && dimensions.data_type == DataType::array(DataType::Int64) => {
            Some((**element).clone())
        }
        _ => None,
    }
}

/// The tensors of an argument; arrays have one dimension.
struct Tensors {
    dimensions: Option<Operand>,
    values: Operand,
}

impl Tensors {
    fn of(call: &BatchCall<'_>, position: usize) -> Result<Self> {
        let (argument, data_type) = (call.arg(position)?, call.arg_type(position)?);
        if matches!(data_type, DataType::Array(_)) {
            return Ok(Self { dimensions: None, values: argument.clone() });
        }
        // Tensors of models and pictures hold 32-bit floats.
        let array = match argument.array().data_type() == &call.returns.storage() {
            true => argument.array().clone(),
            false => {
                cast(argument.array(), data_type, call.returns, CastMode::Strict, &TimeZones::default())?
            }
        };
        let [dimensions, values] = array.as_struct_opt().invariant("a tensor is a struct")?.columns() else {
            return Err(Error::internal("a tensor has two parts"));
        };
        let part = |array: &ArrayRef| argument.with(array.clone());
        Ok(Self { dimensions: Some(part(dimensions)), values: part(values) })
    }

    /// The dimensions of the tensor in `row`, of which there are as many values.
    fn dimensions(&self, row: usize) -> Result<Vec<usize>> {
        let length = ArrayView::new(&self.values)?.range(row).len();
        let Some(dimensions) = &self.dimensions else { return Ok(vec![length]) };
        let dimensions = sizes(&ArrayView::new(dimensions)?, row)?;
        resolved(&dimensions, length).filter(|_| dimensions.iter().all(|size| *size >= 0)).ok_or_else(|| {
            Error::new(
                Code::InvalidValue,
                format!("a tensor of dimensions {dimensions:?} has {length} values"),
            )
        })
    }
}

fn sizes(dimensions: &ArrayView<'_>, row: usize) -> Result<Vec<i64>> {
    let sizes = dimensions.values().as_primitive_opt::<Int64Type>().invariant("dimensions are INT64")?;
    let range = dimensions.range(row);
    if sizes.slice(range.start, range.len()).null_count() > 0 {
        return Err(Error::new(Code::InvalidValue, "a dimension is NULL"));
    }
    Ok(range.map(|index| sizes.value(index)).collect())
}

/// Dimensions of so many values; one that is -1 follows. `None` where they do not agree.
fn resolved(dimensions: &[i64], length: usize) -> Option<Vec<usize>> {
    let known = dimensions.iter().filter(|size| **size != -1);
    let known = known.map(|size| usize::try_from(*size).ok()).collect::<Option<Vec<_>>>()?;
    let free = dimensions.len() - known.len();
    let product = known.iter().try_fold(1_usize, |product, size| product.checked_mul(*size))?;
    let rest = match free {
        0 if product == length => 1,
        1 if product > 0 && length.is_multiple_of(product) => length / product,
        _ => return None,
    };
    Some(dimensions.iter().map(|size| usize::try_from(*size).unwrap_or(rest)).collect())
}

fn reshape(call: &BatchCall<'_>) -> Result<ArrayRef> {
    let tensors = Tensors::of(call, 0)?;
    let values = ArrayView::new(&tensors.values)?;
    let wanted = ArrayView::new(call.arg(1)?)?;
    let fitting = |row| {
        let (wanted, length) = (sizes(&wanted, row)?, values.range(row).len());
        resolved(&wanted, length).ok_or_else(|| {
            Error::new(Code::InvalidValue, format!("{length} values do not make a tensor of {wanted:?}"))
                .hint("the product of the dimensions is the number of values; one may be -1")
        })
    };
    tensor(call, &fitting, &[&values], &|row, positions| {
        positions.extend(values.range(row).map(|index| index as u64));
        Ok(())
    })
}

fn concat(call: &BatchCall<'_>) -> Result<ArrayRef> {
    let parts = [Tensors::of(call, 0)?, Tensors::of(call, 1)?];
    let [first, second] = [ArrayView::new(&parts[0].values)?, ArrayView::new(&parts[1].values)?];
    let axes = call.args.get(2).map(Operand::ints).transpose()?;
    let joint = |row| {
        let axis = axes.as_ref().map_or(0, |axes| axes.at(row));
        let [one, other] = [parts[0].dimensions(row)?, parts[1].dimensions(row)?];
        Joint::of(&one, &other, axis).ok_or_else(|| {
            let message =
                format!("tensors of dimensions {one:?} and {other:?} cannot be joined along axis {axis}");
            Error::new(Code::InvalidValue, message).hint("all other dimensions must be the same")
        })
    };
    let offset = first.values().len();
    let joined = |row| joint(row).map(|joint| joint.dimensions);
    tensor(call, &joined, &[&first, &second], &|row, positions| {
        let Joint { blocks, sizes, .. } = joint(row)?;
        let starts = [first.range(row).start, offset + second.range(row).start];
        for block in 0..blocks {
            for (start, size) in starts.into_iter().zip(sizes) {
                let start = start + block * size;
                positions.extend((start..start + size).map(|index| index as u64));
            }
        }
        Ok(())
    })
}

/// How two tensors become one: blocks of the one and the other take turns.
struct Joint {
    dimensions: Vec<usize>,
    blocks: usize,
    /// How many values a block of each has.
    sizes: [usize; 2],
}

impl Joint {
    /// `None` where the tensors differ in more than the length of `axis`.
    fn of(one: &[usize], other: &[usize], axis: i64) -> Option<Self> {
        let rank = i64::try_from(one.len()).ok()?;
        let axis = usize::try_from(if axis < 0 { axis + rank } else { axis }).ok()?;
        let mut dimensions = one.to_vec();
        let length = dimensions.get_mut(axis)?;
        *length = *other.get(axis)?;
        if dimensions != other {
            return None;
        }
        *dimensions.get_mut(axis)? += *one.get(axis)?;
        let size = |shape: &[usize]| Some(shape.get(axis..)?.iter().product::<usize>());
        let blocks = one.get(..axis)?.iter().product();
        Some(Self { dimensions, blocks, sizes: [size(one)?, size(other)?] })
    }
}

/// A column of tensors: `positions` says where the values of a row are among those of all `values`.
fn tensor(
    call: &BatchCall<'_>,
    dimensions: &dyn Fn(usize) -> Result<Vec<usize>>,
    values: &[&ArrayView<'_>],
    positions: &dyn Fn(usize, &mut Vec<u64>) -> Result<()>,
) -> Result<ArrayRef> {
    let shapes = call.arrays(
        &|row, sizes: &mut Vec<i64>| {
            for size in dimensions(row)? {
                sizes.push(i64::try_from(size).ok().invariant("a length fits INT64")?);
            }
            Ok(())
        },
        &|sizes| Ok(Arc::new(Int64Array::from(sizes))),
    )?;
    let elements: Vec<ArrayRef> = values.iter().map(|view| view.values().clone()).collect();
    let all = crate::data::concat(&elements)?;
    let values = call.arrays(positions, &|positions| take(&all, &UInt64Array::from(positions)))?;
    let Arrow::Struct(fields) = call.returns.storage() else {
        return Err(Error::internal("the layout of a tensor is a struct"));
    };
    StructArray::try_new(fields, vec![shapes, values], call.nulls())
        .map(|tensors| Arc::new(tensors) as ArrayRef)
        .map_err(|error| Error::internal("tensors cannot be built").detail(error))
}
