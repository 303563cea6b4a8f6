//! Vectors: distances and norms. Sources: BigQuery ML, "ML.DISTANCE", "ML.LP_NORM"; GoogleSQL, "Mathematical
//! functions".
//!
//! A vector is an array of numbers, or a sparse one: an array of structs of an identifier and a number, in which
//! what is not named is 0.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{Float64Type, Int64Type};
use arrow_array::{Array, ArrayRef, Float64Array, Int64Array, StringArray};

use super::array_view::{ArrayView, VectorView};
use super::{Argument, BatchCall, Body, Function, Signature, Type};
use crate::data::{CastMode, DataType, Operand, TimeZones, cast};
use crate::diag::{Code, Error, Result};

/// The type of dense vectors.
const VECTOR: Type = Type::ArrayOf(&Type::Float64);

pub(super) const FUNCTIONS: &[Function] = &[
    Function::new(
        "ML.DISTANCE",
        "The distance between two vectors: 'EUCLIDEAN' (the default), 'MANHATTAN' or 'COSINE'.",
        &[Signature::infer(
            &[Type::Arbitrary, Type::Arbitrary, Type::String],
            distance_type,
            Body::Scalar(distance),
        )
        .optional(1)],
    ),
    Function::new(
        "EUCLIDEAN_DISTANCE",
        "The Euclidean distance between two vectors.",
        &[Signature::infer(
            &[Type::Arbitrary, Type::Arbitrary],
            distance_type,
            Body::Scalar(|call| distances(call, &|_| Ok(Some(Metric::Euclidean)))),
        )],
    ),
    Function::new(
        "COSINE_DISTANCE",
        "The cosine distance between two vectors: 1 minus the cosine of the angle between them.",
        &[Signature::infer(
            &[Type::Arbitrary, Type::Arbitrary],
            distance_type,
            Body::Scalar(|call| distances(call, &|_| Ok(Some(Metric::Cosine)))),
        )],
    ),
    Function::new(
        "DOT_PRODUCT",
        "The dot product of two vectors.",
        &[Signature::scalar(&[VECTOR, VECTOR], Type::Float64, dot_product)],
    ),
    Function::new(
        "ML.LP_NORM",
        "The p-norm of a vector, where p is 0.0, at least 1.0, or infinity.",
        &[Signature::scalar(&[VECTOR, Type::Float64], Type::Float64, lp_norm)],
    ),
];

/// A way to measure how far apart two vectors are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Metric {
    Euclidean,
    Manhattan,
    Cosine,
    /// The negative dot product: the larger the product, the nearer.
    DotProduct,
}

impl Metric {
    /// The metric that `name` means, case aside.
    pub(crate) fn named(name: &str) -> Option<Self> {
        let known = [
            ("EUCLIDEAN", Self::Euclidean),
            ("MANHATTAN", Self::Manhattan),
            ("COSINE", Self::Cosine),
            ("DOT_PRODUCT", Self::DotProduct),
        ];
        known.into_iter().find(|(metric, _)| metric.eq_ignore_ascii_case(name)).map(|(_, metric)| metric)
    }

    /// The distance of two vectors.
    ///
    /// # Errors
    /// `invalid-value` where their lengths differ, or for the angle at a vector of zeros.
    pub(crate) fn distance(self, a: &[f64], b: &[f64]) -> Result<f64> {
        if a.len() != b.len() {
            return Err(Error::new(
                Code::InvalidValue,
                format!("expected vectors of one length, found {} and {} elements", a.len(), b.len()),
            ));
        }
        let pairs = a.iter().zip(b);
        match self {
            Self::Euclidean => Ok(pairs.map(|(a, b)| (a - b) * (a - b)).sum::<f64>().sqrt()),
            Self::Manhattan => Ok(pairs.map(|(a, b)| (a - b).abs()).sum()),
            Self::DotProduct => Ok(-dot(a, b)),
            Self::Cosine => {
                let (of_a, of_b) = (dot(a, a), dot(b, b));
                if of_a == 0.0 || of_b == 0.0 {
                    return Err(Error::new(Code::InvalidValue, "a vector of zeros has no direction")
                        .hint("leave such rows out with WHERE, or measure the EUCLIDEAN distance"));
                }
                // One root of the product is exact for parallel vectors; two are needed where it overflows.
                let product = of_a * of_b;
                let lengths = if product.is_normal() { product.sqrt() } else { of_a.sqrt() * of_b.sqrt() };
                Ok(1.0 - dot(a, b) / lengths)
            }
        }
    }
}

/// The dot product of vectors of one length.
fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// The p-norm; of degree 0 the number of elements that are not 0, of infinite degree the largest one.
#[expect(clippy::cast_precision_loss, reason = "a number of elements")]
pub(super) fn norm(vector: &[f64], degree: f64) -> f64 {
    if degree == 0.0 {
        vector.iter().filter(|value| **value != 0.0).count() as f64
    } else if degree.is_infinite() {
        vector.iter().fold(0.0, |most, value| most.max(value.abs()))
    } else if degree == 2.0 {
        dot(vector, vector).sqrt()
    } else {
        vector.iter().map(|value| value.abs().powf(degree)).sum::<f64>().powf(1.0 / degree)
    }
}

/// Checks that there is a norm of this degree.
pub(super) fn check_degree(degree: f64, name: &str) -> Result<()> {
    if degree == 0.0 || degree >= 1.0 {
        return Ok(());
    }
    Err(Error::new(
        Code::InvalidValue,
        format!("expected `{name}` as 0.0, 1.0 or more, or infinity, found {degree}"),
    )
    .hint("write 2.0 for the Euclidean norm, CAST('inf' AS FLOAT64) for the largest element"))
}

fn lp_norm(call: &BatchCall<'_>) -> Result<ArrayRef> {
    let (vectors, degrees) = (VectorView::new(call.arg(0)?)?, call.arg(1)?.floats()?);
    call.floats(&|row| {
        let (Some(vector), Some(degree)) = (vectors.get(row)?, degrees.get(row)) else { return Ok(None) };
        check_degree(degree, "degree")?;
        Ok(Some(norm(vector, degree)))
    })
}

fn dot_product(call: &BatchCall<'_>) -> Result<ArrayRef> {
    let negative = distances(call, &|_| Ok(Some(Metric::DotProduct)))?;
    let negative = negative.as_primitive_opt::<Float64Type>().ok_or_else(layout)?;
    Ok(Arc::new(negative.unary::<_, Float64Type>(|distance| -distance)))
}

/// FLOAT64 of two arrays of numbers, or of two sparse vectors.
fn distance_type(args: &[Argument]) -> Result<DataType> {
    for argument in args.iter().take(2) {
        let fits = match &argument.data_type {
            DataType::Array(element) => match &**element {
                DataType::Struct(fields) => matches!(
                    fields.as_slice(),
                    [id, number]
                        if matches!(id.data_type, DataType::Int64 | DataType::String)
                            && number.data_type.is_numeric()
                ),
                element => element.is_numeric(),
            },
            // A bare NULL.
            _ => argument.literal == Some(crate::data::Scalar::Null),
        };
        if !fits {
            return Err(Error::new(
                Code::TypeMismatch,
                format!("expected a vector, found {}", argument.data_type),
            )
            .hint("write an array of numbers, or of structs of an INT64 or STRING and a number"));
        }
    }
    Ok(DataType::Float64)
}

fn distance(call: &BatchCall<'_>) -> Result<ArrayRef> {
    let names = call.args.get(2).map(Operand::strings).transpose()?;
    distances(call, &|row| {
        let Some(names) = &names else { return Ok(Some(Metric::Euclidean)) };
        // A row with a NULL argument is NULL.
        let Some(name) = names.get(row) else { return Ok(None) };
        match Metric::named(name) {
            None | Some(Metric::DotProduct) => {
                Err(Error::new(Code::InvalidValue, format!("there is no distance '{name}'"))
                    .hint("write 'EUCLIDEAN', 'MANHATTAN' or 'COSINE'"))
            }
            known => Ok(known),
        }
    })
}

/// The distance of the first two arguments by the metric of each row.
fn distances(call: &BatchCall<'_>, metric: &dyn Fn(usize) -> Result<Option<Metric>>) -> Result<ArrayRef> {
    let side = |position: usize| Side::new(call.arg(position)?, call.arg_type(position)?);
    let (left, right) = (side(0)?, side(1)?);
    call.floats(&|row| {
        let (Some(metric), Some(a), Some(b)) = (metric(row)?, left.get(row)?, right.get(row)?) else {
            return Ok(None);
        };
        match (a, b) {
            (Vector::Dense(a), Vector::Dense(b)) => metric.distance(&a, &b).map(Some),
            (Vector::Sparse(a), Vector::Sparse(b)) => {
                let (a, b) = aligned(a, b)?;
                metric.distance(&a, &b).map(Some)
            }
            _ => Err(Error::new(Code::TypeMismatch, "expected two arrays of numbers or two sparse vectors")),
        }
    })
}

/// The identifier of an element of a sparse vector.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Id<'a> {
    Number(i64),
    Name(&'a str),
}

enum Vector<'a> {
    Dense(Vec<f64>),
    Sparse(Vec<(Id<'a>, f64)>),
}

/// Two sparse vectors as dense ones over the identifiers of both: what a side does not name is 0.
fn aligned(a: Vec<(Id<'_>, f64)>, b: Vec<(Id<'_>, f64)>) -> Result<(Vec<f64>, Vec<f64>)> {
    let of_side = |side: bool| move |(id, value)| (id, side, value);
    let mut all: Vec<_> = a.into_iter().map(of_side(false)).chain(b.into_iter().map(of_side(true))).collect();
    all.sort_unstable_by_key(|(id, side, _)| (*id, *side));
    let pairs = all.chunk_by(|a, b| a.0 == b.0).map(|elements| match *elements {
        [(_, false, value)] => Ok((value, 0.0)),
        [(_, true, value)] => Ok((0.0, value)),
        [(_, false, of_a), (_, true, of_b)] => Ok((of_a, of_b)),
        [(Id::Number(id), ..), ..] => Err(twice(&id)),
        [(Id::Name(id), ..), ..] => Err(twice(&id)),
        [] => Err(Error::internal("elements with one identifier are at least one")),
    });
    pairs.collect()
}

#[cold]
fn twice(id: &dyn std::fmt::Display) -> Error {
    Error::new(Code::InvalidValue, format!("a sparse vector has two elements `{id}`"))
}

/// One side of a distance.
struct Side<'a> {
    arrays: Option<ArrayView<'a>>,
    ids: Ids<'a>,
    values: Float64Array,
}

enum Ids<'a> {
    /// Of a dense vector: the positions in the array.
    Positions,
    Numbers(&'a Int64Array),
    Names(&'a StringArray),
}

impl<'a> Side<'a> {
    fn new(operand: &'a Operand, data_type: &DataType) -> Result<Self> {
        let DataType::Array(element) = data_type else {
            return Ok(Self { arrays: None, ids: Ids::Positions, values: Float64Array::new_null(0) });
        };
        let arrays = ArrayView::new(operand)?;
        let elements = arrays.values();
        let (ids, values, number) = match &**element {
            DataType::Struct(fields) => {
                let parts = elements.as_struct_opt().ok_or_else(layout)?.columns();
                let (Some(id), Some(value), Some(number)) = (parts.first(), parts.get(1), fields.get(1))
                else {
                    return Err(layout());
                };
                let ids = match id.as_primitive_opt::<Int64Type>() {
                    Some(numbers) => Ids::Numbers(numbers),
                    None => Ids::Names(id.as_string_opt().ok_or_else(layout)?),
                };
                (ids, value, &number.data_type)
            }
            number => (Ids::Positions, elements, number),
        };
        let values = cast(values, number, &DataType::Float64, CastMode::Strict, &TimeZones::default())?;
        let values = values.as_primitive_opt::<Float64Type>().ok_or_else(layout)?.clone();
        Ok(Self { arrays: Some(arrays), ids, values })
    }

    fn get(&self, row: usize) -> Result<Option<Vector<'a>>> {
        // A bare NULL is no array.
        let Some(arrays) = &self.arrays else { return Ok(None) };
        let range = arrays.range(row);
        let null = || Error::new(Code::InvalidValue, "an element of a vector is NULL");
        let value = |element: usize| {
            let value = self.values.is_valid(element).then(|| self.values.value(element));
            value.ok_or_else(null)
        };
        if matches!(self.ids, Ids::Positions) {
            return range.map(value).collect::<Result<_>>().map(|dense| Some(Vector::Dense(dense)));
        }
        let sparse = range.map(|element| {
            let id = match &self.ids {
                Ids::Numbers(ids) if ids.is_valid(element) => Id::Number(ids.value(element)),
                Ids::Names(ids) if ids.is_valid(element) => Id::Name(ids.value(element)),
                Ids::Numbers(_) | Ids::Names(_) | Ids::Positions => return Err(null()),
            };
            Ok((id, value(element)?))
        });
        sparse.collect::<Result<_>>().map(|sparse| Some(Vector::Sparse(sparse)))
    }
}

fn layout() -> Error {
    Error::internal("a vector has the layout of its type")
}
